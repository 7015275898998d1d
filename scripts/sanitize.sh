#!/usr/bin/env bash
# Builds with a sanitizer and runs the unit tests under it: scripts/sanitize.sh asan|tsan [options of run_tests.py...]
set -euo pipefail
cd "$(dirname "$0")/.."
kind=$1
shift
case $kind in
  asan)
    sanitizers=address,undefined
    export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:detect_leaks=1:abort_on_error=0
    export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
    export LSAN_OPTIONS=suppressions=$PWD/tests/sanitizers/lsan.supp:print_suppressions=0
    ;;
  tsan)
    sanitizers=thread
    export G_SLICE=always-malloc # GLib hands freed pieces from thread to thread by locks that this sanitizer does not see
    export TSAN_OPTIONS=suppressions=$PWD/tests/sanitizers/tsan.supp:halt_on_error=0:second_deadlock_stack=1:exitcode=66
    ;;
  *)
    echo "usage: scripts/sanitize.sh asan|tsan" >&2
    exit 2
    ;;
esac
# Many more of the same queries find nothing more here.
export ROLLUP_QUERIES=500
# -O1 keeps the stacks readable and the run short; the address layout is fixed because sanitizers of older compilers
# cannot place their shadow memory under wide randomisation.
scripts/build.sh "build-$kind" -Db_sanitize=$sanitizers -Dbuildtype=debug -Doptimization=1 -Db_lundef=false
exec setarch "$(uname -m)" -R python3 scripts/run_tests.py --build "build-$kind" --kinds unit --patience 3 "$@"

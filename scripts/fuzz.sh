#!/usr/bin/env bash
# Runs every libFuzzer target for some seconds: scripts/fuzz.sh SECONDS [--totals FILE]
# Starts from tests/fuzz/corpus/TARGET; what a long run finds new is kept in build-fuzz/corpus. A crash leaves its input
# in build-fuzz/crashes and counts as a failed case.
set -uo pipefail
cd "$(dirname "$0")/.."
seconds=$1
totals=
[ "${2:-}" = --totals ] && totals=$3
CC=clang TARGETS=fuzzers scripts/build.sh build-fuzz -Dfuzzers=true -Db_sanitize=address,undefined -Dbuildtype=debug -Doptimization=1 \
  -Db_lundef=false || exit 1
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export LSAN_OPTIONS=suppressions=$PWD/tests/sanitizers/lsan.supp:print_suppressions=0
mkdir -p build-fuzz/crashes
passed=0 failed=0
for program in build-fuzz/tests/fuzz/fuzz_*; do
  [ -f "$program" ] && [ -x "$program" ] || continue
  name=$(basename "$program")
  mkdir -p "build-fuzz/corpus/$name" "tests/fuzz/corpus/$name"
  log=build-fuzz/$name.log
  if setarch "$(uname -m)" -R "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
    -print_final_stats=1 -artifact_prefix="build-fuzz/crashes/$name-" "build-fuzz/corpus/$name" "tests/fuzz/corpus/$name" \
    >"$log" 2>&1 </dev/null; then
    passed=$((passed + 1))
    printf 'ok   %s: %s inputs tried\n' "$name" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
  else
    failed=$((failed + 1))
    printf 'FAIL %s\n' "$name"
    grep -v '^#[0-9]' "$log" | tail -n 40 | sed 's/^/     /'
  fi
done
[ -z "$totals" ] || echo "$passed $failed 0" >>"$totals"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

#!/usr/bin/env bash
# Everything about the sources that a machine can hold against them: scripts/lint.sh [--quick]
# --quick leaves out the two compilers (the pre-commit hook uses it).
set -euo pipefail
cd "$(dirname "$0")/.."
failed=0

step() { # what, command...
  local what=$1
  shift
  local log
  log=$(mktemp)
  if "$@" >"$log" 2>&1 </dev/null; then
    printf 'ok   lint: %s\n' "$what"
  else
    printf 'FAIL lint: %s\n' "$what"
    sed 's/^/     /' "$log" | tail -n 60
    failed=1
  fi
  rm -f "$log"
}

shell_scripts() { git ls-files -z '*.sh' scripts/pre-commit .ci/run; }
check_shell() {
  local bad=0 file
  while IFS= read -r -d '' file; do
    bash -n "$file" || bad=1
    [ -x "$file" ] || { echo "$file: is not executable" && bad=1; }
  done < <(shell_scripts)
  return $bad
}
check_python() { git ls-files -z '*.py' | xargs -0 -r python3 scripts/check_python.py; }

step 'sources (floors, forbidden calls, leftovers, machine paths, sizes)' python3 scripts/check_sources.py
step 'shell scripts parse and can run' check_shell
step 'Python files parse' check_python
if [ "${1:-}" != --quick ]; then
  step 'gcc, warnings are errors' env CC=gcc scripts/build.sh build-gcc -Dwerror_all=true
  step 'clang, warnings are errors' env CC=clang scripts/build.sh build-clang -Dwerror_all=true -Dfuzzers=true
fi
exit $failed

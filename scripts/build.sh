#!/usr/bin/env bash
# Configures (once) and builds a folder: scripts/build.sh FOLDER [meson options...]. Quiet unless something fails.
# TARGETS in the environment names what to build (everything).
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
shift
# Compiled files are the same wherever the checkout lies: let the compiler cache share them.
export CCACHE_NOHASHDIR=1
if [ ! -f "$build/build.ninja" ]; then
  log=$(mktemp)
  if ! meson setup "$build" "$@" >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    rm -f "$log"
    exit 1
  fi
  rm -f "$log"
fi
# shellcheck disable=SC2086
ninja --quiet -k 0 -C "$build" -j "${JOBS:-$(nproc)}" ${TARGETS:-} </dev/null

#!/usr/bin/env bash
# Holds the server against its own /openapi.json: Schemathesis makes up requests that fit the description and requests
# that do not, and looks whether replies are as described. All routes; coverage of the schemas, then chance and chains.
#
#   scripts/fuzz_api.sh PROGRAM [coverage|chance]     both, unless one is named
#
# Needs `scripts/setup.sh fuzzer`. A finding ends it with status 1 and the request that shows it.
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(realpath "${1:-build/aisle}")
which=${2:-both}
fuzzer=$PWD/.venv-fuzzer/bin/st
[ -x "$fuzzer" ] || { echo "fuzz_api: run scripts/setup.sh fuzzer first" >&2 && exit 2; }

folder=$(mktemp -d)
server=
# shellcheck disable=SC2317
clean_up() {
  [ -z "$server" ] || { kill "$server" && wait "$server" || true; }
  rm -rf "$folder"
}
trap clean_up EXIT
cd "$folder"

{
  echo 'Order No,Order Date,Region,Drink,Quantity,Unit Price'
  for i in $(seq 0 599); do
    regions=(North South East West) drinks=(Tea Coffee Cocoa)
    printf 'B%04d,2023-%02d-%02d,%s,%s,%d,%d.50\n' $((i / 2)) $((1 + i % 12)) $((1 + i % 28)) "${regions[i % 4]}" "${drinks[i % 3]}" \
      $((1 + i % 7)) $((1 + i % 9))
  done
} >bar.csv
"$program" init bar bar.csv >init.log
"$program" serve -w bar --listen 127.0.0.1:0 >serve.log 2>&1 &
server=$!
for _ in $(seq 600); do
  address=$(grep -o 'http://[0-9.:]*' serve.log | head -n 1) && break
  kill -0 "$server" || { cat serve.log && exit 1; }
  sleep 0.1
done

hold() { # phases and their bounds...
  "$fuzzer" run "$address/openapi.json" -H 'Authorization: Bearer T' --no-color "$@"
}
# Covering is deterministic, and on several threads the fuzzer now and then stumbles over caches of its own.
[ "$which" = chance ] || hold --phases coverage --workers 1
[ "$which" = coverage ] || hold --phases fuzzing,stateful -n 20 --workers 4
kill -0 "$server" || { echo 'fuzz_api: the server ended' >&2 && exit 1; }

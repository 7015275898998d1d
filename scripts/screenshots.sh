#!/usr/bin/env bash
# Makes the pictures in docs/images anew, from the page over the demo's data. Needs Chromium (scripts/setup.sh test).
set -euo pipefail
cd "$(dirname "$0")/.."
aisle=${AISLE:-build/aisle}
scratch=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$scratch"
}
trap finish EXIT
gzip -dc tests/data/demo/online_retail.csv.gz >"$scratch/orders.csv"
"$aisle" init "$scratch/shop" "$scratch/orders.csv" >/dev/null
"$aisle" serve -w "$scratch/shop" --listen 127.0.0.1:0 >"$scratch/log" 2>&1 </dev/null &
server=$!
for _ in $(seq 200); do
  url=$(grep -o 'http://127.0.0.1:[0-9]*' "$scratch/log" || true)
  [ -z "$url" ] || break
  sleep 0.1
done
[ -n "$url" ] || { cat "$scratch/log" >&2; exit 1; }
mkdir -p docs/images
node scripts/screenshots.mjs "$url"

#!/usr/bin/env bash
# Aisle in a minute: a workspace from a real retailer's order lines, six questions, and what to try next. Ends by itself.
#   scripts/demo.sh [WORKSPACE]       AISLE names the program (build/aisle)
set -euo pipefail
cd "$(dirname "$0")/.."
aisle=${AISLE:-build/aisle}
workspace=${1:-$(dirname "$aisle")/demo}
data=tests/data/demo/online_retail.csv.gz
failed=0

bold='' plain=''
if [ -t 1 ]; then
  bold=$'\e[1m' plain=$'\e[0m'
fi
heading() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }

ask() { # what it shows, expected exit status, question
  heading "$1"
  printf '$ aisle ask -w %s "%s"\n\n' "$workspace" "$3"
  local status=0
  "$aisle" ask -w "$workspace" "$3" </dev/null || status=$?
  if [ "$status" -ne "$2" ]; then
    printf 'demo: expected exit status %s here, got %s\n' "$2" "$status" >&2
    failed=1
  fi
}

cat <<TEXT
Online Retail: every invoice line of a UK gift shop, December 2010 to December 2011.
(UCI Machine Learning Repository, D. Chen, 2015, CC BY 4.0, doi 10.24432/C5BW33)
TEXT

heading '1. Understand a file nobody described'
printf '$ aisle init %s %s\n\n' "$workspace" "$data"
# Only ever a workspace is removed, and only the demo's own.
if [ -f "$workspace/aisle.yaml" ]; then
  rm -rf "$workspace"
fi
"$aisle" init "$workspace" "$data" </dev/null

ask '2. A look-up' 0 'What was our revenue in November 2011?'
ask '3. A ranking' 0 'Top 5 countries by revenue outside the United Kingdom'
ask '4. A trend' 0 'Monthly revenue in 2011'
ask '5. A comparison' 0 'Compare revenue in Q3 2011 with Q2 2011'
ask '6. Something harder' 0 'For each month of 2011, which country outside the United Kingdom had the highest revenue?'
ask '7. And what it will not guess' 4 'What was our profit margin last month?'

heading 'Try next'
try_next() { # why, command
  printf '  # %s\n  %s\n' "$1" "$2"
}
try_next 'more of the same kind' "$aisle ask -w $workspace \"How many customers ordered more than 10 times?\""
try_next 'which word became what' "$aisle ask -w $workspace --explain \"average order value by country\""
try_next 'the statement behind an answer' "$aisle ask -w $workspace --sql \"share of revenue by country in 2011\""
try_next 'in a browser, on http://127.0.0.1:8080' "$aisle serve -w $workspace"
try_next "what was concluded from the data; edit it, then: $aisle check -w $workspace" "less $workspace/model/aisle.yaml"
try_next 'your own data' "$aisle init shop your-orders.csv"
exit $failed

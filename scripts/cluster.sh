#!/usr/bin/env bash
# Spark and Trino read our tables and we read theirs: scripts/cluster.sh BUILD [options of run_tests.py]. Fetches them once
# (scripts/setup.sh spark, trino). What cannot run here, for want of Java or of the packages, is skipped, and that is said.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
shift

java_home() { # least and greatest version -> a Java of them
  local home version
  for home in "${JAVA_HOME:-}" "$(dirname "$(dirname "$(readlink -f "$(command -v java || true)")")")" /usr/lib/jvm/*; do
    [ -x "$home/bin/java" ] && [ -f "$home/release" ] || continue
    version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$home/release")
    if [ "${version:-0}" -ge "$1" ] && [ "$version" -le "$2" ]; then
      printf '%s' "$home"
      return 0
    fi
  done
}

skip() { # of whom, why
  printf 'test-cluster: the cases with %s are skipped: %s\n' "$1" "$2"
}

AISLE_SPARK_JAVA=$(java_home 17 21) AISLE_TRINO_JAVA=$(java_home 24 99)
if [ -z "$AISLE_SPARK_JAVA" ]; then
  AISLE_SPARK_MISSING='Spark needs Java 17 to 21 (apt-get install openjdk-17-jre-headless)'
else
  scripts/setup.sh spark || true # what is missing is told below
  jars=$(find -L .deps/jars -name '*.jar' 2>/dev/null | sort | xargs -r realpath | paste -sd,)
  if [ -f .deps/spark/.complete ] && [ "$(tr ',' '\n' <<<"$jars" | wc -l)" -ge 3 ]; then
    AISLE_SPARK_JARS=$jars
    PYTHONPATH=$(realpath .deps/spark)/python${PYTHONPATH:+:$PYTHONPATH}
    export AISLE_SPARK_JARS PYTHONPATH SPARK_LOCAL_IP=127.0.0.1
  else
    AISLE_SPARK_MISSING='Spark could not be fetched'
  fi
fi
if [ -z "$AISLE_TRINO_JAVA" ]; then
  AISLE_TRINO_MISSING='Trino needs Java 24 or newer'
else
  scripts/setup.sh trino || true
  if [ -f .deps/trino/.complete ]; then
    AISLE_TRINO=$(realpath .deps/trino)
    export AISLE_TRINO
  else
    AISLE_TRINO_MISSING='Trino could not be fetched'
  fi
fi
[ -z "${AISLE_SPARK_MISSING:-}" ] || skip Spark "$AISLE_SPARK_MISSING"
[ -z "${AISLE_TRINO_MISSING:-}" ] || skip Trino "$AISLE_TRINO_MISSING"
export AISLE_SPARK_JAVA AISLE_TRINO_JAVA AISLE_SPARK_MISSING AISLE_TRINO_MISSING
exec python3 scripts/run_tests.py --build "$build" --kinds cluster "$@"

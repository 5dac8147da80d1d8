#!/bin/sh
# Runs the review desk and the evaluation report in a real browser. Installs what is missing first: Chromium and its driver from
# Debian (as root), and axe-core from npm into target/axe. Further arguments go to `cargo test`.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
cd "$root"

fail() {
    echo "tests/browser/run.sh: $1" >&2
    exit 1
}

missing=
command -v chromium >/dev/null || missing="$missing chromium"
command -v chromedriver >/dev/null || missing="$missing chromium-driver"
command -v npm >/dev/null || missing="$missing npm"
if [ -n "$missing" ]; then
    command -v apt-get >/dev/null || fail "missing:$missing; install them, then run this again"
    [ "$(id -u)" -eq 0 ] || fail "missing:$missing; run this as root, or: sudo apt-get install$missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >/dev/null || fail "apt-get update failed; is the network there?"
    # shellcheck disable=SC2086 # a list of words
    apt-get install -y -qq --no-install-recommends $missing >/dev/null || fail "apt-get could not install:$missing"
fi

target=${CARGO_TARGET_DIR:-target}
axe=$target/axe/node_modules/axe-core/axe.min.js
if [ ! -f "$axe" ]; then
    mkdir -p "$target/axe"
    npm install --prefix "$target/axe" --no-save --no-audit --no-fund --silent axe-core@4 ||
        fail "npm could not fetch axe-core; is the registry reachable?"
    [ -f "$axe" ] || fail "npm fetched axe-core, but $axe is not there"
fi
case $axe in
    /*) ;;
    *) axe=$root/$axe ;;
esac

COUNTERVAIL_AXE=${COUNTERVAIL_AXE:-$axe} exec cargo test --test browser "$@"

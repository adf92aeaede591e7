#!/usr/bin/env bash
# Tests the pages in a real browser.
#
#   tests/e2e/run.sh [STORE]                 every path of the pages, on the store or on one built from the sample
#   tests/e2e/run.sh --at ADDRESS            once through each page of a server that is already running
#   tests/e2e/run.sh --screenshots [STORE]   takes the README's pictures
#
# Runs headless Chromium. Installs what is missing: Chromium, Node and npm with apt, two packages with npm.
# CARTELERA is the program to run; the default is target/release/cartelera, or target/debug/cartelera.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

script=(node --test --test-concurrency=1 "$here/pages.test.mjs" "$here/others.test.mjs")
if [[ ${1:-} == --at ]]; then
  script=(node --test "$here/places.test.mjs")
  export ADDRESS=${2%/}/
elif [[ ${1:-} == --screenshots ]]; then
  script=(node "$here/screenshots.mjs")
  shift
fi

missing=()
command -v "${CHROMIUM:-chromium}" >/dev/null || missing+=(chromium)
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
if ((${#missing[@]})); then apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"; fi
[[ -d $here/node_modules/playwright-core && -d $here/node_modules/axe-core ]] ||
  (cd "$here" && npm ci --ignore-scripts --no-audit --no-fund --silent)
CHROMIUM=$(command -v "${CHROMIUM:-chromium}")

export CHROMIUM
if [[ -n ${ADDRESS:-} ]]; then
  "${script[@]}"
  exit
fi

if [[ -z ${CARTELERA:-} ]]; then
  CARTELERA=$root/target/release/cartelera
  [[ -x $CARTELERA ]] || CARTELERA=$root/target/debug/cartelera
  [[ -x $CARTELERA ]] || { echo "build the program first: cargo build" >&2; exit 1; }
fi
if [[ -n ${1:-} ]]; then
  STORE=$1
else
  STORE=$root/target/e2e/store
  rm -rf "$STORE"
  "$CARTELERA" -q build --titles "$root/data/sample/titles" --ratings "$root/data/sample/ratings" --store "$STORE" --trials 2
fi
export CHROMIUM CARTELERA STORE
"${script[@]}"

#!/usr/bin/env bash
# Tests the pages in a real browser.
#
#   tests/e2e/run.sh [STORE]                 every path of the pages, on the store or on one built from the sample, and
#                                            the pages on ratings from 1 to 10
#   tests/e2e/run.sh --at ADDRESS            once through each page of a server that is already running
#   tests/e2e/run.sh --screenshots [STORE]   takes the README's pictures
#
# Runs headless Chromium. Installs what is missing: Chromium, Node and npm with apt, two packages with npm.
# CARTELERA is the program to run; the default is target/release/cartelera, or target/debug/cartelera.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

script=(node --test --test-concurrency=1 "$here/names.test.mjs" "$here/pages.test.mjs" "$here/others.test.mjs" "$here/scale.test.mjs" "$here/personal.test.mjs")
of_ten=yes
if [[ ${1:-} == --at ]]; then
  script=(node --test "$here/places.test.mjs")
  of_ten=
  export ADDRESS=${2%/}/
elif [[ ${1:-} == --screenshots ]]; then
  script=(node "$here/screenshots.mjs")
  of_ten=
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
if [[ $of_ten ]]; then
  # The sample with its ratings from 0.5 to 5 doubled, which gives whole numbers from 1 to 10.
  STORE_OF_TEN=$root/target/e2e/of-ten
  rm -rf "$STORE_OF_TEN" "$STORE_OF_TEN-ratings"
  mkdir -p "$STORE_OF_TEN-ratings"
  for file in "$root"/data/sample/ratings/*.csv; do
    awk -F, -v OFS=, 'NR > 1 && $2 + 0 > 0 { $2 *= 2 } 1' "$file" >"$STORE_OF_TEN-ratings/${file##*/}"
  done
  "$CARTELERA" -q build --titles "$root/data/sample/titles" --ratings "$STORE_OF_TEN-ratings" --store "$STORE_OF_TEN" \
    --trials 2 --ranking-trials 2 --signal-splits 2
  export STORE_OF_TEN
fi
export CHROMIUM CARTELERA STORE
"${script[@]}"

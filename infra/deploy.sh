#!/usr/bin/env bash
# Builds the functions and deploys the stack; says what it would change, and asks, before it changes anything.
#
#     infra/deploy.sh [NAME=VALUE...]                        # parameters of infra/template.yaml
#     infra/deploy.sh Access=iam AlarmEmail=ops@example.org
#     infra/deploy.sh Architecture=x86_64                    # arm64 where it is not given
#
# A parameter that is not given keeps the value that it has, or its default in a new stack. STACK names another stack than
# `cartelera`. Account and region are those of the AWS variables or profile. Needs Rust, cargo-lambda and sam
# (infra/README.md).
set -euo pipefail
cd "$(dirname "$0")/.."

architecture=arm64
for parameter in "$@"; do
  case $parameter in
    Architecture=arm64 | Architecture=x86_64) architecture=${parameter#*=} ;;
    Architecture=*) echo "there is no $parameter: it is arm64 or x86_64" >&2; exit 2 ;;
    [A-Z]*=*) ;;
    *) echo "$parameter is no parameter; give NAME=VALUE, by the names in infra/template.yaml" >&2; exit 2 ;;
  esac
done
for tool in cargo cargo-lambda sam; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: see infra/README.md" >&2; exit 2; }
done

packages=()
for folder in functions/*/; do packages+=(-p "$(basename "$folder")"); done
# Without --skip-target-check cargo-lambda would change the installed toolchain.
target=(--arm64)
[ "$architecture" = arm64 ] || target=(--x86-64)
cargo lambda build --locked --profile function "${target[@]}" --skip-target-check "${packages[@]}"

sam deploy --template-file infra/template.yaml --config-file "$PWD/infra/samconfig.toml" --stack-name "${STACK:-cartelera}" \
  --parameter-overrides "Architecture=$architecture" "$@"

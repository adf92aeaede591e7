#!/usr/bin/env bash
# Builds the functions and deploys the stack. Shows what would change, and asks, before it changes anything.
#
#     infra/deploy.sh [NAME=VALUE...]                        # parameters of infra/template.yaml
#     infra/deploy.sh Access=iam CallerKey="$(openssl rand -hex 32)" AlarmEmail=ops@example.org
#     infra/deploy.sh Architecture=x86_64                    # the default is arm64
#
# A parameter that is not given keeps its value, or has its default in a new stack. STACK is the name of the
# stack, by default `cartelera`. Account and region are those of the AWS variables or profile. Needs Rust,
# cargo-lambda and sam (see infra/README.md).
set -euo pipefail
cd "$(dirname "$0")/.."

architecture=arm64
for parameter in "$@"; do
  case $parameter in
    Architecture=arm64 | Architecture=x86_64) architecture=${parameter#*=} ;;
    Architecture=*) echo "$parameter is not possible: give Architecture=arm64 or Architecture=x86_64" >&2; exit 2 ;;
    [A-Z]*=*) ;;
    *) echo "$parameter is not a parameter: give NAME=VALUE, with a name from infra/template.yaml" >&2; exit 2 ;;
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

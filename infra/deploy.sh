#!/usr/bin/env bash
# Builds the functions and deploys the stack. Shows what would change, and asks, before it changes anything.
#
#     infra/deploy.sh [NAME=VALUE...]                        # parameters of infra/template.yaml
#     infra/deploy.sh Access=iam AlarmEmail=ops@example.org MonthlyBudgetUsd=50
#     infra/deploy.sh Architecture=x86_64                    # the default is arm64
#
# A parameter that is not given keeps its value, or has its default in a new stack. For a new stack, the script
# generates a CallerKey if Access needs one, and asks for AlarmEmail and MonthlyBudgetUsd on a terminal.
# Without a terminal it does not ask, and says on stderr what is missing. STACK is the name of the stack, by default
# `cartelera`. Account and region are those of the AWS variables or profile. Needs Rust, cargo-lambda, sam and
# the AWS command line (see infra/README.md).
set -euo pipefail
cd "$(dirname "$0")/.."

architecture=arm64
access=public
email=''
budget=''
given=" "
for parameter in "$@"; do
  # sam parses each parameter again: what follows white space, a quote or ParameterKey= could become another
  # parameter. Two single quotes are an empty value.
  if [[ $parameter == *[[:space:]\"\\]* || $parameter == *ParameterKey=* || ( $parameter == *\'* && ${parameter#*=} != "''" ) ]]; then
    printf '%q cannot be passed on to sam: give its value without white space, quotes, backslashes and ParameterKey=\n' "${parameter%%=*}" >&2
    exit 2
  fi
  case $parameter in
    Architecture=arm64 | Architecture=x86_64) architecture=${parameter#*=} ;;
    Architecture=*) echo "$parameter is not possible: give Architecture=arm64 or Architecture=x86_64" >&2; exit 2 ;;
    Access=*) access=${parameter#*=} ;;
    AlarmEmail=*) email=${parameter#*=} ;;
    MonthlyBudgetUsd=*) budget=${parameter#*=} ;;
    [A-Z]*=*) ;;
    *) echo "$parameter is not a parameter: give NAME=VALUE, with a name from infra/template.yaml" >&2; exit 2 ;;
  esac
  given+="${parameter%%=*} "
done
for tool in cargo cargo-lambda sam aws; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: see infra/README.md" >&2; exit 2; }
done

# Returns whether a parameter was given.
has() { [[ $given == *" $1 "* ]]; }

stack=${STACK:-cartelera}
# A stack in review has never been deployed.
if status=$(aws cloudformation describe-stacks --stack-name "$stack" --query 'Stacks[0].StackStatus' --output text 2>&1); then
  [[ $status == REVIEW_IN_PROGRESS ]] && is_new=true || is_new=false
elif [[ $status == *"does not exist"* ]]; then
  is_new=true
else
  echo "$status" >&2
  exit 1
fi

# Asks on the terminal until the answer matches a pattern; the answer may be empty. Puts it into `answer`.
ask() {
  local question=$1 pattern=$2
  while true; do
    read -r -p "$question " answer || answer=
    [[ -z $answer || $answer =~ $pattern ]] && return
    echo "\"$answer\" is not valid." >&2
  done
}

added=()
if $is_new; then
  if [[ $access == iam || $access == jwt ]] && ! has CallerKey; then
    key=$(openssl rand -hex 32)
    added+=("CallerKey=$key")
    echo "CallerKey is not set, so a new one was generated." >&2
  fi
  if [[ -t 0 ]]; then
    if ! has AlarmEmail; then
      ask "Email address for alarms and budget warnings (empty for none):" "^[^@[:space:]\"'\\\\]+@[^@[:space:]\"'\\\\]+\$"
      email=$answer
      [[ -z $email ]] || added+=("AlarmEmail=$email")
    fi
    # A budget warns by email.
    if ! has MonthlyBudgetUsd && [[ -n $email ]]; then
      ask "Budget of the account in US dollars a month, with a warning at 80 percent (empty for none):" '^[0-9]+(\.[0-9]+)?$'
      budget=$answer
      [[ -z $budget ]] || added+=("MonthlyBudgetUsd=$budget")
    fi
  fi
  [[ -n $email ]] || echo "AlarmEmail is not set, so nobody will be notified of alarms." >&2
  [[ -n $budget ]] || echo "MonthlyBudgetUsd is not set, so nobody will be warned about costs." >&2
fi

packages=()
for folder in functions/*/; do packages+=(-p "$(basename "$folder")"); done
# Without --skip-target-check cargo-lambda would change the installed toolchain.
target=(--arm64)
[ "$architecture" = arm64 ] || target=(--x86-64)
cargo lambda build --locked --profile function "${target[@]}" --skip-target-check "${packages[@]}"

sam deploy --template-file infra/template.yaml --config-file "$PWD/infra/samconfig.toml" --stack-name "$stack" \
  --parameter-overrides "Architecture=$architecture" ${added[@]+"${added[@]}"} "$@"

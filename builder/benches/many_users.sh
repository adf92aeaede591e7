#!/usr/bin/env bash
# Ten thousand users and ten million: writes a release of each, and asks the function `recommend` for random users, from a
# folder and from an S3 server. Takes some 6 GB below target/many-users, which it deletes at the end, and some minutes.
# Linux alone: memory is read from /proc.
#
#   builder/benches/many_users.sh [USERS]
set -euo pipefail
cd "$(dirname "$0")/../.."
few=10000
many=${1:-10000000}

cargo build --release -q -p builder --features s3 --example many_users
cargo build --release -q -p store-s3 --example s3_server
bench=target/release/examples/many_users
root=target/many-users
rm -rf "$root"
mkdir -p "$root/buckets/cartelera"
server=
trap '[[ -z $server ]] || kill "$server"; rm -rf "$root"' EXIT

# The folder of a store is a bucket's folder as well, so that nothing is copied.
for users in "$few" "$many"; do
  "$bench" write "$root/buckets/cartelera/$users" "$users"
  # The server names an object by a digest of all its bytes, which it would compute for each read of a part: S3 keeps that
  # with the object, and so does the server for what was sent to it.
  (cd "$root/buckets/cartelera" && find "$users" -type f) | while read -r key; do
    name=.bucket-$(printf cartelera | basenc --base64url -w0 | tr -d =).object-$(printf %s "$key" | basenc --base64url -w0 | tr -d =)
    printf '{"e_tag":"%s"}' "$(printf %s "$key" | md5sum | cut -d' ' -f1)" >"$root/buckets/$name.internal.json"
  done
done

target/release/examples/s3_server "$root/buckets" >"$root/address" &
server=$!
for _ in $(seq 100); do
  [[ -s $root/address ]] && break
  sleep 0.1
done
AWS_ENDPOINT_URL=$(cat "$root/address")
export AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID=key AWS_SECRET_ACCESS_KEY=secret AWS_REGION=us-east-1

# In turn, so that what else runs on the machine meets both alike.
for _ in 1 2; do
  for users in "$few" "$many"; do
    "$bench" ask "$root/buckets/cartelera/$users" "$users"
    "$bench" ask "s3://cartelera/$users" "$users"
  done
  # The same reads for few users, who are otherwise in memory.
  echo "by block:"
  "$bench" ask-by-block "$root/buckets/cartelera/$few" "$few"
  "$bench" ask-by-block "s3://cartelera/$few" "$few"
done

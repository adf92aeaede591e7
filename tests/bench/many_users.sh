#!/usr/bin/env bash
# Compares ten thousand users with ten million: writes a release of each, and asks the function `recommend`
# about random users, from a folder and from an S3 server. Takes a few minutes, and about 6 GB in
# target/many-users, which it deletes at the end. Runs only on Linux: memory is read from /proc.
#
#   tests/bench/many_users.sh [USERS]
set -euo pipefail
cd "$(dirname "$0")/../.."
few=10000
many=${1:-10000000}

cargo build --release -q -p tests --example many_users
cargo build --release -q -p store-s3 --example s3_server
bench=target/release/examples/many_users
root=target/many-users
rm -rf "$root"
mkdir -p "$root/buckets/cartelera"
server=
trap '[[ -z $server ]] || kill "$server"; rm -rf "$root"' EXIT

# The folder of a store is also the folder of a bucket, so that nothing is copied.
for users in "$few" "$many"; do
  "$bench" write "$root/buckets/cartelera/$users" "$users"
  # S3 keeps the digest of an object with it, and so does this server for objects that were sent to it. For any
  # other file it would compute the digest of all bytes at each read of a part.
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

# In turn, so that other work on the machine disturbs both in the same way.
for _ in 1 2; do
  for users in "$few" "$many"; do
    "$bench" ask "$root/buckets/cartelera/$users" "$users"
    "$bench" ask "s3://cartelera/$users" "$users"
  done
  # Few users are otherwise kept in memory: the same reads for them.
  echo "by block:"
  "$bench" ask-by-block "$root/buckets/cartelera/$few" "$few"
  "$bench" ask-by-block "s3://cartelera/$few" "$few"
done

#!/bin/sh
# Measures time and memory of training from the clean table, on 1 to 100 million made-up ratings.
#
#     cargo build --release
#     sh tests/bench/scale.sh DIR [MILLIONS ...]
#
# For each N it makes N million ratings of 50,000 titles by 10,000 N users in DIR, cleans them, and trains: 16, 32
# and 64 factors at 10 million, otherwise 32. The difference between six epochs and one is five epochs without
# reading and preparation. Needs GNU time, and 6 GB of disk for 100 million; removes what it made. FACTORS changes
# the numbers of factors, and CARTELERA the program.
set -eu

dir=$1
shift
[ $# -gt 0 ] || set -- 1 3 10 30 100
program=${CARTELERA:-target/release/cartelera}

for millions in "$@"; do
    work=$dir/scale-$millions
    mkdir -p "$work"
    "$program" -q synth --titles 50000 --users "${millions}0000" --ratings "${millions}000000" --seed 1 --faults 0 \
        --out "$work/raw" >"$work/log"
    /usr/bin/time -f "$millions million, etl: %e s elapsed, %U s user, %S s system, %M kB" \
        "$program" -q etl --titles "$work/raw/titles" --ratings "$work/raw/ratings" --out "$work/clean" >"$work/log"
    rm -r "$work/raw"
    case $millions in
        10) factors=${FACTORS:-16 32 64} ;;
        *) factors=${FACTORS:-32} ;;
    esac
    for n in $factors; do
        for epochs in 1 6; do
            /usr/bin/time -f "$millions million, $n factors, $epochs epochs: %e s elapsed, %U s user, %S s system, %M kB" \
                "$program" -q train --data "$work/clean" --factors "$n" --epochs "$epochs" --out "$work/model"
        done
    done
    rm -r "$work"
done

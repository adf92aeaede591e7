#!/usr/bin/env python3
"""Kills `cartelera build` and `cartelera publish` at random moments, and holds the store to its promise after each.

    cargo build --release --features s3 && cargo build --release -p store-s3 --example s3_server
    python3 tests/kill.py                 # a hundred kills
    python3 tests/kill.py --kills 300 --seed 7

Builds and publishes releases of data/sample, into a folder and into an S3 server on this machine, and sends SIGKILL
after a random part of the time that it takes. A kill that comes after the end does not count. After each, the store
has to serve the release from before or the one that was being written, and every artifact of it has to be whole
(`cartelera verify`). At the end, building and publishing once more have to work, on what the killed ones left.
"""

import argparse
import importlib
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / "target" / "kill"
SAMPLE = ROOT / "data" / "sample"
QUICK = ("--algorithm", "biases", "--trials", "1", "--ranking-trials", "0", "--signal-splits", "0")
# The module's name is a word of the language.
functions = importlib.import_module("lambda")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100, help="how many processes are killed in all")
    parser.add_argument("--seed", type=int, default=1, help="of the moments, as far as the machine repeats itself")
    parser.add_argument("--profile", choices=["release", "debug"], default="release", help="which binaries are run")
    args = parser.parse_args()
    binaries = ROOT / "target" / args.profile
    moments = random.Random(args.seed)

    def cartelera(*words, env):
        return [str(word) for word in (binaries / "cartelera", "-q", *words)], env

    def run(command):
        words, env = command
        done = subprocess.run(words, env=env, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def build(store, seed, env):
        data = ("--titles", SAMPLE / "titles", "--ratings", SAMPLE / "ratings")
        return cartelera("build", *data, *QUICK, "--seed", seed, "--store", store, env=env)

    def current(store, env):
        """The release that is served, after every artifact of it was found whole."""
        run(cartelera("verify", "--store", store, env=env))
        lines = run(cartelera("releases", "--store", store, env=env)).splitlines()
        served = [line.split()[1] for line in lines if line.startswith("* ")]
        if len(served) != 1:
            sys.exit(f"{store} serves {served}:\n" + "\n".join(lines))
        return served[0]

    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    # Releases to publish: each next one differs from the one that is served.
    made = [WORK / "made" / str(seed) for seed in range(2)]
    for seed, store in enumerate(made):
        run(build(store, seed, os.environ))
    names = {current(store, os.environ): store for store in made}

    with functions.s3_server(WORK / "buckets", binaries / "examples" / "s3_server") as aws:
        s3 = os.environ | aws
        folder, bucket = WORK / "store", "s3://cartelera/releases"
        for store, env in ((folder, os.environ), (bucket, s3)):
            run(cartelera("publish", "--from", made[0], "--store", store, env=env))

        def publish_other(store, env):
            served = current(store, env)
            other = next(made for name, made in names.items() if name != served)
            return cartelera("publish", "--from", other, "--store", store, env=env)

        seeds = iter(range(100, 100_000))
        kinds = {
            "build into a folder": (folder, os.environ, lambda: build(folder, next(seeds), os.environ)),
            "publish to a folder": (folder, os.environ, lambda: publish_other(folder, os.environ)),
            "publish to S3": (bucket, s3, lambda: publish_other(bucket, s3)),
        }
        n_each = [args.kills // len(kinds) + (i < args.kills % len(kinds)) for i in range(len(kinds))]
        for (kind, (store, env, command)), n_kills in zip(kinds.items(), n_each, strict=True):
            began = time.monotonic()
            run(command())
            takes = time.monotonic() - began
            n_before, n_after, n_late = 0, 0, 0
            while n_before + n_after < n_kills:
                before = current(store, env)
                words, env = command()
                child = subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                try:
                    child.wait(moments.uniform(0, takes))
                    n_late += 1
                    continue
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()
                if current(store, env) == before:
                    n_before += 1
                else:
                    n_after += 1
            run(command())
            current(store, env)
            print(
                f"{kind}: {n_kills} killed within {takes * 1000:.0f} ms; the release before was served after {n_before},"
                f" the new one after {n_after}, each of them whole; {n_late} ended before they were killed",
                flush=True,
            )


if __name__ == "__main__":
    main()

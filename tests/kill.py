#!/usr/bin/env python3
"""Kills `cartelera build` and `cartelera publish` at random moments, and checks after each kill that the
store serves a whole release.

    python3 tests/kill.py                 # a hundred kills
    python3 tests/kill.py --kills 300 --seed 7

Builds the program, has it build and publish releases of data/sample, into a folder and to an S3 server on
this machine, and sends SIGKILL after a random part of the time that this takes. A kill that comes after the
end does not count. After each one, the store must serve the old release or the one that was being written,
and every artifact of it must be whole (`cartelera verify`). At the end, building and publishing must still
work, on what the killed processes left behind.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import time

from lib import children, workspace

WORK = workspace.TARGET / "kill"
SAMPLE = workspace.SAMPLE
QUICK = ("--algorithm", "biases", "--trials", "1", "--ranking-trials", "0", "--signal-splits", "0")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100, help="how many processes to kill in all")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random moments")
    parser.add_argument(
        "--profile", choices=["release", "debug"], default="release", help="which build of the program to run"
    )
    args = parser.parse_args()
    program, s3_server = workspace.build_cartelera(args.profile), workspace.build_s3_server(args.profile)
    moments = random.Random(args.seed)

    def cartelera(*words, env):
        return [str(word) for word in (program, "-q", *words)], env

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
        """Verifies every artifact of the release that is served, and returns its name."""
        run(cartelera("verify", "--store", store, env=env))
        lines = run(cartelera("releases", "--store", store, env=env)).splitlines()
        served = [line.split()[1] for line in lines if line.startswith("* ")]
        if len(served) != 1:
            sys.exit(f"{store} serves {served}:\n" + "\n".join(lines))
        return served[0]

    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    # Two releases to publish in turn, so that each publication changes something.
    made = [WORK / "made" / str(seed) for seed in range(2)]
    for seed, store in enumerate(made):
        run(build(store, seed, os.environ))
    names = {current(store, os.environ): store for store in made}

    with children.s3_server(s3_server, WORK / "buckets", WORK / "s3.log") as aws:
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
                f"{kind}: {n_kills} killed within {takes * 1000:.0f} ms; {n_before} left the old release, {n_after} the new"
                f" one, every one of them whole; {n_late} ended before they were killed",
                flush=True,
            )


if __name__ == "__main__":
    main()

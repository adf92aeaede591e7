#!/usr/bin/env python3
"""Kills `cartelera build` and `cartelera publish` at random moments, and checks after each kill that the
store serves a whole release.

    python3 tests/kill.py                 # a hundred kills
    python3 tests/kill.py --kills 300 --seed 7

Builds the program. Has it build releases of data/sample into a folder, and publish them to a folder and to
an S3 server on this machine, and sends SIGKILL at a random moment of each run. A run that ends before it is
killed does not count. After each kill, the store must serve the old release or the one that was being
written, and every artifact of that release must be whole (`cartelera verify`). At the end, building and
publishing must still work with what the killed processes left behind.
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

    def state(store, env):
        """Verifies every artifact of the served release. Returns its name, and the names of all releases."""
        run(cartelera("verify", "--store", store, env=env))
        lines = run(cartelera("releases", "--store", store, env=env)).splitlines()
        served = [line.split()[1] for line in lines if line.startswith("* ")]
        if len(served) != 1:
            sys.exit(f"{store} serves {served} instead of one release:\n" + "\n".join(lines))
        return served[0], {line.removeprefix("*").split()[0] for line in lines}

    def current(store, env):
        return state(store, env)[0]

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

        seeds = iter(range(100, 100_000))

        def build_new(store, env):
            """Returns the command, and a check of the name of the release that it writes."""
            _, known = state(store, env)
            return build(store, next(seeds), env), lambda name: name not in known

        def publish_other(store, env):
            """Returns the command, and a check of the name of the release that it writes."""
            served = current(store, env)
            other = next(name for name in names if name != served)
            return cartelera("publish", "--from", names[other], "--store", store, env=env), lambda name: name == other

        kinds = {
            "build into a folder": (folder, os.environ, build_new),
            "publish to a folder": (folder, os.environ, publish_other),
            "publish to S3": (bucket, s3, publish_other),
        }
        n_each = [args.kills // len(kinds) + (i < args.kills % len(kinds)) for i in range(len(kinds))]
        for (kind, (store, env, prepare)), n_kills in zip(kinds.items(), n_each, strict=True):
            command, _ = prepare(store, env)
            began = time.monotonic()
            run(command)
            takes = time.monotonic() - began
            n_before, n_after, n_late = 0, 0, 0
            while n_before + n_after < n_kills:
                before = current(store, env)
                (words, environ), is_new = prepare(store, env)
                child = subprocess.Popen(words, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                try:
                    child.wait(moments.uniform(0, takes))
                    n_late += 1
                    continue
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()
                served = current(store, env)
                if served == before:
                    n_before += 1
                elif is_new(served):
                    n_after += 1
                else:
                    sys.exit(f"{kind}: {store} serves {served}, neither {before} nor the release being written")
            command, is_new = prepare(store, env)
            run(command)
            served = current(store, env)
            if not is_new(served):
                sys.exit(f"{kind}: {store} serves {served} instead of the release written last")
            print(
                f"{kind}: {n_kills} killed within {takes * 1000:.0f} ms; {n_before} left the old release, {n_after} the new"
                f" one, all of them whole; {n_late} ended before they were killed",
                flush=True,
            )


if __name__ == "__main__":
    main()

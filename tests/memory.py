#!/usr/bin/env python3
"""Checks that the memory of functions does not grow: over many requests, each may gain at most a kilobyte a
request.

    python3 tests/memory.py --store STORE                    # a folder with a release
    python3 tests/memory.py --store STORE --only recommend --requests 60000

Builds the functions as they are deployed and an S3 server that has the release, starts each function under a
Lambda runtime API in this process, and asks it about everything that it answers, in turn.
"""

import argparse
import pathlib
import sys

from lib import on_s3, runtime_api, workspace

# Bytes a request; more would end a function before its time. Some hundred are explained: see
# `api::lambda::Heap`.
MOST_GROWTH = 1024


def resident(instance):
    """Returns the resident memory of the process, in bytes."""
    status = pathlib.Path(f"/proc/{instance.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


def growth(name, binary, aws, events, n_requests):
    """Returns the resident bytes after each event was answered twice, and after all requests."""
    instance = runtime_api.Instance(name, binary, on_s3.environment(name, aws))
    try:
        for event in 2 * events:
            on_s3.answer(instance, event)
        before = resident(instance)
        for i in range(n_requests):
            on_s3.answer(instance, events[i % len(events)])
        return before, resident(instance)
    finally:
        instance.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=pathlib.Path, required=True, help="a folder with a release")
    parser.add_argument("--only", help="functions, separated by commas; all of them by default")
    parser.add_argument("--requests", type=int, default=10_000, help="requests to each function")
    args = parser.parse_args()

    binary = workspace.build_functions(list(workspace.deployment()["functions"]), package=True)
    with on_s3.release(args.store, workspace.build_s3_server(), workspace.TARGET / "memory") as aws:
        names, asked = on_s3.learn(binary("titles"), aws)
        failed = []
        for name in args.only.split(",") if args.only else names:
            events = [on_s3.event_of(question) for question in asked if question.function == name]
            if not events:
                sys.exit(f"there is no function {name}: {', '.join(names)}")
            before, after = growth(name, binary(name), aws, events, args.requests)
            # With few requests, memory that a route needs once would look like growth.
            bytes_a_request = (after - before) / max(args.requests, 10_000)
            failed += [name] if bytes_a_request > MOST_GROWTH else []
            workspace.say(
                f"{name}: {before / 2**20:.1f} to {after / 2**20:.1f} MiB, {bytes_a_request:.0f} bytes a request"
                f" over {args.requests} requests for {len(events)} routes"
            )
    if failed:
        sys.exit(f"{', '.join(failed)} grow by more than {MOST_GROWTH} bytes a request")


if __name__ == "__main__":
    main()

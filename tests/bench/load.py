#!/usr/bin/env python3
"""Measures each route of a served release: requests a second and latency, with two connections for each core.

    cargo build --release
    python3 tests/bench/load.py releases/demo                  # two minutes a route
    python3 tests/bench/load.py releases/demo --seconds 10

Runs `cartelera serve` on the store, at a free port, until it is done. Needs wrk (`apt-get install wrk`),
which uses a part of the machine that it measures. Any answer other than 200 ends the program with a failure.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from lib import children, questions, workspace

WORK = workspace.TARGET / "load"


def milliseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[unit]


def load(url, body, seconds, connections):
    """Returns requests a second, p50 and p99 in milliseconds, and the number of requests."""
    command = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--latency"]
    if body is not None:
        script = WORK / "post.lua"
        script.write_text(
            'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
            f"wrk.body = [==[{body.decode()}]==]\n",
            encoding="utf-8",
        )
        command += ["-s", str(script)]
    said = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        sys.exit(f"{url}:\n{said}")
    rate = float(re.search(r"Requests/sec:\s*([\d.]+)", said).group(1))
    at = {share: milliseconds(time) for share, time in re.findall(r"^ +(50|99)%\s+(\S+)$", said, re.M)}
    total = int(re.search(r"(\d+) requests in", said).group(1))
    return rate, at["50"], at["99"], total


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", help="the folder of a release")
    parser.add_argument("--seconds", type=int, default=120, help="time for each route")
    parser.add_argument("--only", help="routes, separated by commas, such as `GET /titles,GET /predict`")
    parser.add_argument("--user", default="1", help="the id of a user who has rated something")
    parser.add_argument("--cartelera", default=workspace.TARGET / "release/cartelera", help="the program that serves")
    args = parser.parse_args()
    connections = 2 * os.cpu_count()
    with children.serving(args.cartelera, args.store, WORK / "serve.log") as child:

        def ask(target):
            with urllib.request.urlopen(child.url + target, timeout=30) as response:
                return json.load(response)

        known = questions.facts(ask, args.user)
        asked = [*questions.of_document(ask("/openapi.json"), known), *questions.of_site()]
        if args.only:
            wanted = args.only.split(",")
            if unknown := set(wanted) - {question.route for question in asked}:
                sys.exit(f"there is no route {', '.join(sorted(unknown))}")
            asked = [question for question in asked if question.route in wanted]
        print("| route | requests/s | p50, ms | p99, ms | requests |\n| --- | ---: | ---: | ---: | ---: |")
        for question in asked:
            rate, p50, p99, total = load(child.url + question.target, question.body, args.seconds, connections)
            print(f"| `{question.route}` | {rate:,.0f} | {p50:.2f} | {p99:.2f} | {total:,} |", flush=True)
        rss = re.search(r"VmHWM:\s*(\d+) kB", pathlib.Path(f"/proc/{child.pid}/status").read_text()).group(1)
        print(f"\nevery answer was 200; {int(rss) / 1024:.0f} MB resident at most")


if __name__ == "__main__":
    main()

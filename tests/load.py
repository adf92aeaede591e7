#!/usr/bin/env python3
"""Asks each route of a served release as fast as two connections a core can, and reports requests a second and latency.

    cargo build --release
    python3 tests/load.py releases/demo                  # two minutes a route
    python3 tests/load.py releases/demo --seconds 10

Starts `cartelera serve` on the store, on a free port, and ends it. Needs wrk (`apt-get install wrk`), which takes a part
of the machine that it measures. Any answer but 200 ends the program with a failure.
"""

import argparse
import importlib
import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / "target" / "load"
# The module's name is a word of the language.
functions = importlib.import_module("lambda")


def ask(url):
    with urllib.request.urlopen(url, timeout=30) as response:
        return json.load(response)


def routes(base, user):
    """One question of each kind, about what the release has: name, path, body."""
    title = ask(f"{base}/titles?q=the&limit=1")["titles"][0]
    title_id, platform, year = title["id"], title["platform"], title["year"]
    rated = [rating["id"] for rating in ask(f"{base}/users/{user}?limit=5")["ratings"]]
    body = json.dumps({"ratings": [{"id": name, "rating": 4.5} for name in rated]})
    quoted = urllib.parse.quote(user)
    yield "GET /get_max_duration", f"/get_max_duration?platform={platform}&year={year}", None
    yield "GET /get_score_count", f"/get_score_count?platform={platform}&scored=3.5&year={year}", None
    yield "GET /get_count_platform", f"/get_count_platform?platform={platform}", None
    yield "GET /get_actor", "/get_actor?platform=netflix&year=2018", None
    yield "GET /recommendations/{user_id}", f"/recommendations/{quoted}?n=10", None
    yield "POST /recommendations", "/recommendations", body
    yield "GET /predict", f"/predict?user_id={quoted}&id={title_id}", None
    yield "GET /similar/{id}", f"/similar/{title_id}?n=10", None
    yield "GET /titles", "/titles?q=the%20lov&limit=10", None
    yield "GET /titles/{id}", f"/titles/{title_id}", None
    yield "GET /users/{id}", f"/users/{quoted}?limit=20", None
    yield "GET /eda", "/eda", None
    yield "GET /eda.html", "/eda.html", None
    yield "GET /model", "/model", None
    yield "GET /health", "/health", None
    yield "GET /openapi.json", "/openapi.json", None
    for path in ("/docs", "/docs/docs.js", "/docs/docs.css"):
        yield f"GET {path}", path, None
    yield "GET /", "/", None


def named_by_the_document(base):
    """The operations of the OpenAPI document, so that none is left out."""
    paths = ask(f"{base}/openapi.json")["paths"]
    return {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}


def milliseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[unit]


def load(url, body, seconds, connections):
    command = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--latency"]
    if body is not None:
        script = WORK / "post.lua"
        script.write_text(
            'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
            f"wrk.body = [==[{body}]==]\n",
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
    parser.add_argument("--seconds", type=int, default=120, help="time a route")
    parser.add_argument("--only", help="names of routes, separated by commas, such as `GET /titles,GET /predict`")
    parser.add_argument("--user", default="1", help="a user who has rated something")
    parser.add_argument("--cartelera", default=ROOT / "target/release/cartelera", help="the program that serves")
    args = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    port = functions.free_port()
    serve = [args.cartelera, "serve", "--store", args.store, "--port", port, "--no-log"]
    connections = 2 * os.cpu_count()
    functions.WORK.mkdir(parents=True, exist_ok=True)
    with functions.process("load", serve) as child:
        base = f"http://127.0.0.1:{port}"
        functions.wait_for(f"{base}/health", child)
        asked = list(routes(base, args.user))
        if left_out := named_by_the_document(base) - {name for name, *_ in asked}:
            sys.exit(f"nothing asks {', '.join(sorted(left_out))}")
        if args.only:
            wanted = args.only.split(",")
            if unknown := set(wanted) - {name for name, *_ in asked}:
                sys.exit(f"there is no route {', '.join(sorted(unknown))}")
            asked = [route for route in asked if route[0] in wanted]
        print("| route | requests/s | p50, ms | p99, ms | requests |\n| --- | ---: | ---: | ---: | ---: |")
        for name, path, body in asked:
            rate, p50, p99, total = load(base + path, body, args.seconds, connections)
            print(f"| `{name}` | {rate:,.0f} | {p50:.2f} | {p99:.2f} | {total:,} |", flush=True)
        rss = re.search(r"VmHWM:\s*(\d+) kB", pathlib.Path(f"/proc/{child.pid}/status").read_text()).group(1)
        print(f"\nno answer but 200; {int(rss) / 1024:.0f} MB resident at most")


if __name__ == "__main__":
    main()

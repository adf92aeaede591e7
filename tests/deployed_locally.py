#!/usr/bin/env python3
"""Runs the functions as they are deployed: publishes a release to a folder and to an S3 server on this
machine, starts every function under `cargo lambda watch`, and asks them what `cartelera serve` is asked.
Every answer must be right and, wherever it comes from, the same bytes. A browser goes once through each page
at each place.

    python3 tests/deployed_locally.py               # debug builds
    python3 tests/deployed_locally.py --package     # what `cargo lambda build --profile function` makes

Uses the data in ../shared/data with the expected answers next to it or, if that folder is missing,
data/sample and the questions that any data can answer. Needs Rust and Python; installs cargo-lambda from PyPI
into .venv, and what `tests/e2e/run.sh` installs.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import urllib.request

import replay_queries
from lib import children, events, pages, runtime_api, workspace
from lib.workspace import ROOT, SAMPLE, SHARED, run, say

WORK = workspace.TARGET / "deployed-locally"
# Seconds that a function may take to end or to take up a release.
PATIENCE = 60
OTHER_RELEASE = ("--algorithm", "biases", "--trials", 1, "--ranking-trials", 0, "--signal-splits", 0)


def variables(function, api, uri=None, extra=()):
    """Returns the environment of a function whose runtime API is at `api`."""
    env = {name: value for name, value in os.environ.items() if name != "ARTIFACT_URI"} | dict(extra)
    env |= runtime_api.variables(function) | {"AWS_LAMBDA_RUNTIME_API": api, "PERSONAL_ROUTES": "open"}
    return env if uri is None else env | {"ARTIFACT_URI": uri}


class Functions:
    """The functions of the route table, built, and the Lambda service of `cargo lambda watch`."""

    def __init__(self, package):
        deployment = workspace.deployment()["functions"]
        self.names = list(deployment)
        self.readers = [name for name, about in deployment.items() if about["kinds"]]
        self.binary = workspace.build_functions(self.names, package)
        self.env = workspace.cargo_lambda()

    @contextlib.contextmanager
    def watched(self, uri, extra=()):
        """`cargo lambda watch` with every function running; yields the port.

        Watch would start functions by `cargo run --bin` among the workspace's default members, which are kept
        free of the AWS SDK. So it runs only the Lambda service, and the functions are started here.
        """
        port = children.free_port()
        command = [workspace.VENV / "bin" / "cargo-lambda", "lambda", "watch", "--only-lambda-apis"]
        with contextlib.ExitStack() as stack:
            command += ["-A", "127.0.0.1", "-P", port]
            watch = stack.enter_context(children.process(command, WORK / "watch.log", self.env))
            children.wait_for_port(port, watch)
            for name in self.names:
                env = variables(name, f"http://127.0.0.1:{port}/.rt/{name}", uri, extra)
                child = stack.enter_context(children.process([self.binary(name)], self.log(name), env))
                children.wait_for(f"http://127.0.0.1:{port}/lambda-url/{name}/", child)
            yield port

    def log(self, name):
        return WORK / f"{name}.log"


class Replays:
    """What each place answered to the same questions, compared with the first place."""

    def __init__(self, expected, with_browser):
        self.expected, self.with_browser = expected, with_browser
        self.targets, self.pages = [], []

    def ask(self, name, base):
        """Asks a place everything."""
        target = replay_queries.run(base, self.expected)
        self.pages.append(pages.files(base))
        target.expect(self.pages[-1] == self.pages[0], "/", "the pages are not those of cartelera serve")
        say(
            f"{name}: {len(target.answers)} questions, {len(self.pages[-1])} files of pages, {len(target.faults)} wrong"
        )
        for fault in target.faults:
            say(f"  {fault}")
        self.targets.append((name, target))

    def browse(self, name, base):
        """Goes once through each page in a browser."""
        if self.with_browser:
            began = time.monotonic()
            run(ROOT / "tests" / "e2e" / "run.sh", "--at", base)
            say(f"{name}: every page works in a browser ({time.monotonic() - began:.0f} s)")

    def n_faults(self):
        """Counts the faults of all places, and the answers that differ from those of the first place."""
        (first, reference), *others = self.targets
        n_differing = 0
        for name, target in others:
            for ours, theirs in zip(reference.answers, target.answers, strict=True):
                if ours != theirs:
                    n_differing += 1
                    say(f"{name} and {first} answer differently:\n  {theirs}\n  {ours}")
        return n_differing + sum(len(target.faults) for _, target in self.targets)


def start_failures(binary, store):
    """Checks that a function without an artifact that it needs does not start, and says why in its log."""
    empty, cut, damaged, gone = (WORK / name for name in ("empty", "cut", "damaged", "gone"))
    empty.mkdir()
    for copy, change in (
        (cut, lambda file: file.write_bytes(file.read_bytes()[:-1])),
        (damaged, lambda file: file.write_bytes(file.read_bytes()[:-1] + bytes([file.read_bytes()[-1] ^ 1]))),
        (gone, pathlib.Path.unlink),
    ):
        shutil.copytree(store, copy)
        (artifact,) = (copy / "artifacts" / "users").iterdir()
        artifact.chmod(0o644)
        change(artifact)
    nobody = f"http://127.0.0.1:{children.free_port()}"
    for uri, reason in (
        (None, "ARTIFACT_URI is not set"),
        ("gs://bucket", "does not name a store"),
        (f"file://{empty}", "no release is published"),
        (f"file://{cut}", "the manifest says"),
        (f"file://{damaged}", "was damaged or changed"),
        (f"file://{gone}", "cannot fetch users"),
    ):
        env = variables("recommend", nobody, uri)
        ended = subprocess.run([binary("recommend")], env=env, capture_output=True, text=True, timeout=PATIENCE)
        log = ended.stdout.strip().splitlines()
        line = json.loads(log[-1]) if log else {}
        message = line.get("fields", {}).get("message", "")
        if ended.returncode == 0 or line.get("level") != "ERROR" or reason not in message:
            sys.exit(f"recommend with {uri} ended with {ended.returncode}, and says {ended.stdout}{ended.stderr}")
        say(f"  does not start: {message}")


def invoke(port, env):
    """Sends one event from a file, by `cargo lambda invoke`."""
    event = events.http("/prod/get_count_platform?platform=netflix", stage="prod")
    file = WORK / "event.json"
    file.write_text(json.dumps(event), encoding="utf-8")
    command = ["cargo", "lambda", "invoke", "get-count-platform", "-A", "127.0.0.1", "-P", str(port)]
    command += ["--data-file", str(file), "--output-format", "json"]
    said = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=PATIENCE, check=True
    ).stdout
    answer = json.loads(said)
    if answer["statusCode"] != 200 or answer["isBase64Encoded"] or json.loads(answer["body"])["platform"] != "netflix":
        sys.exit(f"cargo lambda invoke answers {said}")
    say(f"  cargo lambda invoke: {answer['body']}")


def release_of(port, function):
    """Returns the release that a function serves."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/lambda-url/{function}/health", timeout=30) as response:
        return json.load(response)["release"]


def reloads(port, readers, publish):
    """Checks that running functions switch to a release that is published meanwhile."""
    before = {function: release_of(port, function) for function in readers}
    publish()
    end = time.monotonic() + PATIENCE
    waiting = list(readers)
    while waiting and time.monotonic() < end:
        waiting = [function for function in waiting if release_of(port, function) == before[function]]
    if waiting:
        sys.exit(f"{', '.join(waiting)} still serve {before[waiting[0]]} {PATIENCE} s after another was published")
    say(f"  {len(readers)} functions serve the release that was published while they ran")


def logs(functions):
    """Checks that every function wrote one line for each request, with its metrics and without a user id."""
    n_lines = 0
    for function in functions.names:
        lines = [json.loads(line) for line in functions.log(function).read_text(encoding="utf-8").splitlines()]
        lines = [line for line in lines if line.get("message") == "request"]
        for line in lines:
            named = [metric["Name"] for s in line["_aws"]["CloudWatchMetrics"] for metric in s["Metrics"]]
            missing = [name for name in ["Latency", "ColdStart", *named] if name not in line]
            # An id has digits; what a route has outside of its braces does not.
            fixed = re.sub(r"\{[^}]*\}", "", line["route"])
            if missing or line["Function"] != function or not line["request_id"] or re.search(r"\d", fixed):
                sys.exit(f"{function} logs {line}")
        if [line["ColdStart"] for line in lines] != [1] + [0] * (len(lines) - 1):
            sys.exit(f"{function} does not log one cold start, at the first of {len(lines)} requests")
        n_lines += len(lines)
    say(f"  each of {n_lines} requests has a line")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", action="store_true", help="run what `cargo lambda build --profile function` makes")
    parser.add_argument(
        "--no-browser", action="store_true", help="leave out the browser, which needs Chromium and Node"
    )
    arguments = parser.parse_args()

    cartelera, s3_server = workspace.build_cartelera(), workspace.build_s3_server()
    functions = Functions(arguments.package)
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    data, expected = SAMPLE, None
    if (SHARED / "data").is_dir():
        data = SHARED / "data"
        expected = json.loads((SHARED / "expected" / "queries.json").read_text(encoding="utf-8"))
    else:
        say(f"{SHARED} is not there: the sample is served, and no expected answers are replayed")
    store = WORK / "store"
    run(cartelera, "build", "--titles", data / "titles", "--ratings", data / "ratings", "--trials", 2, "--store", store)

    say("starting without what is needed:")
    start_failures(functions.binary, store)

    replays = Replays(expected, not arguments.no_browser)
    on_s3 = ("--store", "s3://cartelera/releases")
    with children.s3_server(s3_server, WORK / "buckets", WORK / "s3.log") as aws:
        run(cartelera, "publish", "--from", store, *on_s3, env=os.environ | aws)
        with children.serving(cartelera, store, WORK / "serve.log") as child:
            replays.ask("cartelera serve", child.url)
        with children.serving(cartelera, on_s3[1], WORK / "serve-s3.log", os.environ | aws) as child:
            replays.ask("cartelera serve, S3", child.url)
            replays.browse("cartelera serve, S3", child.url)
        with functions.watched(f"file://{store}") as port:
            replays.ask("cargo lambda watch, folder, by route", f"http://127.0.0.1:{port}")
            replays.browse("cargo lambda watch, folder", f"http://127.0.0.1:{port}")
            by_url = f"http://127.0.0.1:{port}/lambda-url/{{function}}"
            replays.ask("cargo lambda watch, folder, by function URL", by_url)
            invoke(port, functions.env)
        with functions.watched("s3://cartelera/releases", (aws | {"ARTIFACT_TTL": "0"}).items()) as port:
            replays.ask("cargo lambda watch, S3, by route", f"http://127.0.0.1:{port}")
            replays.browse("cargo lambda watch, S3", f"http://127.0.0.1:{port}")
            other = ("--titles", SAMPLE / "titles", "--ratings", SAMPLE / "ratings", *OTHER_RELEASE)
            reloads(port, functions.readers, lambda: run(cartelera, "build", *other, *on_s3, env=os.environ | aws))
        logs(functions)

    n_faults = replays.n_faults()
    say("every answer is right, and the same everywhere" if n_faults == 0 else f"{n_faults} faults")
    return 1 if n_faults else 0


if __name__ == "__main__":
    sys.exit(main())

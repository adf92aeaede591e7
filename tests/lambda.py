#!/usr/bin/env python3
"""Runs the functions for real: builds them, publishes a release to a folder and to an S3 server on this machine,
starts them under `cargo lambda watch`, and asks them what `cartelera serve` is asked. All answers have to be right
and, from wherever they come, the same bytes. A browser goes once through each page at each place.

    python3 tests/lambda.py               # debug builds, as `cargo test` leaves them
    python3 tests/lambda.py --package     # what is deployed: `cargo lambda build --profile function`

Uses the data in ../shared/data with the expected answers beside it, or, where that folder is missing, data/sample
and the questions that any data can answer. Needs Rust and Python; installs cargo-lambda from PyPI into .venv, and
what `tests/e2e/run.sh` installs.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import replay_queries

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
WORK = ROOT / "target" / "lambda-check"
VENV = ROOT / ".venv"
CARGO_LAMBDA = "cargo-lambda==1.9.2"
FUNCTIONS = ["get-max-duration", "get-score-count", "get-count-platform", "get-actor", "recommend", "titles", "site"]
PATIENCE = 60


def say(text):
    print(text, flush=True)


def run(*command, env=None):
    """Runs to the end in the root of the workspace; a failure ends the script."""
    say("$ " + " ".join(str(word) for word in command))
    subprocess.run([str(word) for word in command], cwd=ROOT, env=env, check=True)


def cargo_lambda():
    """The environment in which cargo finds cargo-lambda and its linker."""
    if not (VENV / "bin" / "cargo-lambda").exists():
        run(sys.executable, "-m", "venv", VENV)
        run(VENV / "bin" / "pip", "install", "--quiet", CARGO_LAMBDA)
    return os.environ | {"PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def process(name, command, env=None, pipe=False):
    """A process that is ended with the block. What it logs goes to a file, shown where it fails."""
    log = WORK / f"{name}.log"
    with open(log, "w", encoding="utf-8") as file:
        out = subprocess.PIPE if pipe else file
        child = subprocess.Popen([str(word) for word in command], cwd=ROOT, env=env, stdout=out, stderr=file, text=True)
        child.log = log
        try:
            yield child
        finally:
            child.terminate()
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            if child.stdout:
                child.stdout.close()


def wait_until(answers, what, child):
    """Until `answers()` raises no OSError; not for ever, and not for the dead."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if child.poll() is not None:
            sys.exit(f"{child.args[0]} ended with {child.returncode}:\n{child.log.read_text()}")
        try:
            return answers()
        except OSError:
            time.sleep(0.1)
    sys.exit(f"nothing answers at {what} after {PATIENCE} s:\n{child.log.read_text()}")


def wait_for_port(port, child):
    wait_until(lambda: socket.create_connection(("127.0.0.1", port), 2).close(), f"port {port}", child)


def wait_for(url, child):
    """Until something answers there, with whatever status."""

    def answers():
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except urllib.error.HTTPError as error:
            error.close()

    wait_until(answers, url, child)


def function_env(function, api, uri=None, extra=()):
    """What the Lambda service sets for a function, and where its artifacts are."""
    env = {name: value for name, value in os.environ.items() if name != "ARTIFACT_URI"} | dict(extra)
    env |= {
        "AWS_LAMBDA_RUNTIME_API": api,
        "AWS_LAMBDA_FUNCTION_NAME": function,
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
    }
    return env if uri is None else env | {"ARTIFACT_URI": uri}


@contextlib.contextmanager
def watched(binaries, uri, env, extra=()):
    """`cargo lambda watch` with every function at work; gives the port.

    Watch would start functions by `cargo run --bin` in the workspace's default members, which are kept free of the AWS
    SDK; so it is told to run the Lambda service alone, and the functions are started beside it.
    """
    port = free_port()
    command = ["cargo-lambda", "lambda", "watch", "--only-lambda-apis", "-A", "127.0.0.1", "-P", port]
    command[0] = VENV / "bin" / command[0]
    with contextlib.ExitStack() as stack:
        watch = stack.enter_context(process("watch", command, env))
        wait_for_port(port, watch)
        for function in FUNCTIONS:
            api = f"http://127.0.0.1:{port}/.rt/{function}"
            child = stack.enter_context(process(function, [binaries(function)], function_env(function, api, uri, extra)))
            wait_for(f"http://127.0.0.1:{port}/lambda-url/{function}/", child)
        yield port


@contextlib.contextmanager
def s3_server(buckets, program=ROOT / "target/debug/examples/s3_server"):
    """An S3 server whose buckets are folders; gives the variables that point to it."""
    (buckets / "cartelera").mkdir(parents=True)
    WORK.mkdir(parents=True, exist_ok=True)
    with process("s3", [program, buckets], pipe=True) as child:
        yield {
            "AWS_ENDPOINT_URL": child.stdout.readline().strip(),
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
        }


def pages(base):
    """The pages: bytes, type and policy of each file that the first or one of its modules names."""
    base = base.format(function="site").rstrip("/")
    found, waiting = {}, ["/"]
    while waiting:
        path = waiting.pop()
        with urllib.request.urlopen(base + path, timeout=30) as response:
            headers = [response.headers[name] for name in ("content-type", "content-security-policy", "etag")]
            body = response.read()
        if None in headers:
            sys.exit(f"{base + path} has the headers {headers}")
        found[path] = (headers, body)
        named = {"/" + name for name in re.findall(r'"(site/[^"]+)"', body.decode())}
        if path.endswith(".js"):
            named |= {"/site/" + name for name in re.findall(r'"\./([\w.]+\.js)"', body.decode())}
        waiting += sorted(named - found.keys() - set(waiting))
    return found


def browse(name, base):
    """Once through each page in a browser."""
    began = time.monotonic()
    run(ROOT / "tests" / "e2e" / "run.sh", "--at", base)
    say(f"{name}: every page works in a browser ({time.monotonic() - began:.0f} s)")


def start_failures(binaries, store):
    """A function that cannot start ends with a failure and a line of JSON that says why."""
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
    nobody = f"http://127.0.0.1:{free_port()}"
    for uri, reason in (
        (None, "ARTIFACT_URI is not set"),
        ("gs://bucket", "names no store"),
        (f"file://{empty}", "no release is published"),
        (f"file://{cut}", "the manifest says"),
        (f"file://{damaged}", "were refused; caused by: "),
        (f"file://{gone}", "cannot fetch users"),
    ):
        env = function_env("recommend", nobody, uri)
        ended = subprocess.run([binaries("recommend")], env=env, capture_output=True, text=True, timeout=PATIENCE)
        log = ended.stdout.strip().splitlines()
        line = json.loads(log[-1]) if log else {}
        message = line.get("fields", {}).get("message", "")
        if ended.returncode == 0 or line.get("level") != "ERROR" or reason not in message:
            sys.exit(f"recommend with {uri} ended with {ended.returncode}, and says {ended.stdout}{ended.stderr}")
        say(f"  does not start: {message}")


def invoke(port, env):
    """One event from a file, as `cargo lambda invoke` sends it."""
    event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/prod/get_count_platform",
        "rawQueryString": "platform=netflix",
        "headers": {"host": "example.execute-api.eu-west-1.amazonaws.com"},
        "requestContext": {
            "http": {"method": "GET", "path": "/prod/get_count_platform", "protocol": "HTTP/1.1"},
            "stage": "prod",
        },
        "isBase64Encoded": False,
    }
    file = WORK / "event.json"
    file.write_text(json.dumps(event), encoding="utf-8")
    command = ["cargo", "lambda", "invoke", "get-count-platform", "-A", "127.0.0.1", "-P", str(port)]
    command += ["--data-file", str(file), "--output-format", "json"]
    said = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout
    answer = json.loads(said)
    if answer["statusCode"] != 200 or answer["isBase64Encoded"] or json.loads(answer["body"])["platform"] != "netflix":
        sys.exit(f"cargo lambda invoke answers {said}")
    say(f"  cargo lambda invoke: {answer['body']}")


def health(port, function):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/lambda-url/{function}/health", timeout=30) as response:
        return json.load(response)


def reloads(port, publish):
    """Functions that run take up the release that is published meanwhile, each beside its own requests."""
    readers = [function for function in FUNCTIONS if function != "site"]
    before = {function: health(port, function)["release"] for function in readers}
    publish()
    end = time.monotonic() + PATIENCE
    waiting = list(readers)
    while waiting and time.monotonic() < end:
        waiting = [function for function in waiting if health(port, function)["release"] == before[function]]
    if waiting:
        sys.exit(f"{', '.join(waiting)} still serve {before[waiting[0]]} {PATIENCE} s after another was published")
    say(f"  {len(readers)} functions serve the release that was published while they ran")


def logs():
    """Every function wrote a line a request, with its metrics, and nobody's id."""
    n_lines = 0
    for function in FUNCTIONS:
        lines = [json.loads(line) for line in (WORK / f"{function}.log").read_text(encoding="utf-8").splitlines()]
        lines = [line for line in lines if line.get("message") == "request"]
        for line in lines:
            named = [metric["Name"] for s in line["_aws"]["CloudWatchMetrics"] for metric in s["Metrics"]]
            missing = [name for name in ["Latency", "ColdStart", *named] if name not in line]
            fixed = re.sub(r"\{[^}]*\}", "", line["route"]).split("/")
            if missing or line["Function"] != function or not line["request_id"] or any(re.search(r"\d", part) for part in fixed):
                sys.exit(f"{function} logs {line}")
        if [line["ColdStart"] for line in lines] != [1] + [0] * (len(lines) - 1):
            sys.exit(f"{function} does not log one cold start, the first of {len(lines)} requests")
        n_lines += len(lines)
    say(f"  {n_lines} requests have a line each")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", action="store_true", help="run what `cargo lambda build --profile function` makes")
    parser.add_argument("--no-browser", action="store_true", help="leave out the pages, which need Chromium and Node")
    arguments = parser.parse_args()
    package = arguments.package

    env = cargo_lambda()
    packages = [word for function in FUNCTIONS for word in ("-p", function)]
    run("cargo", "build", "--locked", "-p", "builder", "--features", "builder/s3")
    run("cargo", "build", "--locked", "-p", "store-s3", "--example", "s3_server")
    if package:
        run("cargo", "lambda", "build", "--locked", "--profile", "function", *packages, env=env)
    else:
        run("cargo", "build", "--locked", *packages)

    def binaries(function):
        if package:
            return ROOT / "target" / "lambda" / function / "bootstrap"
        return ROOT / "target" / "debug" / function

    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    data, expected = ROOT / "data" / "sample", None
    if (SHARED / "data").is_dir():
        data = SHARED / "data"
        expected = json.loads((SHARED / "expected" / "queries.json").read_text(encoding="utf-8"))
    else:
        say(f"{SHARED} is not there: the sample is served, and no expected answers are replayed")
    cartelera, store = ROOT / "target" / "debug" / "cartelera", WORK / "store"
    given = ("--titles", data / "titles", "--ratings", data / "ratings")
    run(cartelera, "build", *given, "--trials", 2, "--store", store)

    say("starting without what is needed:")
    start_failures(binaries, store)

    targets = []
    shown = []

    def replay(name, base):
        target = replay_queries.run(base, expected)
        shown.append(pages(base))
        target.expect(shown[-1] == shown[0], "/", "the pages are not those of cartelera serve")
        say(f"{name}: {len(target.answers)} questions, {len(shown[-1])} files of pages, {len(target.faults)} wrong")
        for fault in target.faults:
            say(f"  {fault}")
        targets.append((name, target))

    def look(name, base):
        if not arguments.no_browser:
            browse(name, base)

    with s3_server(WORK / "buckets") as aws:
        run(cartelera, "publish", "--from", store, "--store", "s3://cartelera/releases", env=os.environ | aws)
        port = free_port()
        serve = [cartelera, "serve", "--store", store, "--port", port, "--no-log"]
        with process("serve", serve) as child:
            wait_for(f"http://127.0.0.1:{port}/", child)
            replay("cartelera serve", f"http://127.0.0.1:{port}")
        port = free_port()
        serve = [cartelera, "serve", "--store", "s3://cartelera/releases", "--port", port, "--no-log"]
        with process("serve-s3", serve, os.environ | aws) as child:
            wait_for(f"http://127.0.0.1:{port}/", child)
            replay("cartelera serve, S3", f"http://127.0.0.1:{port}")
            look("cartelera serve, S3", f"http://127.0.0.1:{port}")
        with watched(binaries, f"file://{store}", env) as port:
            replay("cargo lambda watch, folder, by route", f"http://127.0.0.1:{port}")
            look("cargo lambda watch, folder", f"http://127.0.0.1:{port}")
            replay("cargo lambda watch, folder, by function URL", f"http://127.0.0.1:{port}/lambda-url/{{function}}")
            invoke(port, env)
        with watched(binaries, "s3://cartelera/releases", env, (aws | {"ARTIFACT_TTL": "0"}).items()) as port:
            replay("cargo lambda watch, S3, by route", f"http://127.0.0.1:{port}")
            look("cargo lambda watch, S3", f"http://127.0.0.1:{port}")
            sample = ROOT / "data" / "sample"
            other = ("--titles", sample / "titles", "--ratings", sample / "ratings", "--algorithm", "biases")
            quick = ("--trials", 1, "--ranking-trials", 0, "--signal-splits", 0)
            to_s3 = ("--store", "s3://cartelera/releases")
            reloads(port, lambda: run(cartelera, "build", *other, *quick, *to_s3, env=os.environ | aws))
        logs()

    first = targets[0][1].answers
    for name, target in targets[1:]:
        for ours, theirs in zip(first, target.answers, strict=True):
            if ours != theirs:
                target.faults.append(f"{name} answers otherwise than {targets[0][0]}:\n  {theirs}\n  {ours}")
                say(target.faults[-1])
    n_wrong = sum(len(target.faults) for _, target in targets)
    say("every answer is right, and the same everywhere" if n_wrong == 0 else f"{n_wrong} faults")
    return 1 if n_wrong else 0


if __name__ == "__main__":
    sys.exit(main())

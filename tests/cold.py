#!/usr/bin/env python3
"""Starts the functions as Lambda would, again and again, and says how long it takes: a runtime API and a relay before an
S3 server, both in this process, watch the binaries as they are deployed.

    python3 tests/infra/check.py --package          # builds the functions as they are deployed, and checks them
    cargo build --profile function -p site --example hello
    cargo build --release -p store-s3 --example s3_server
    python3 tests/cold.py --store STORE             # a folder that `cartelera build --store STORE` made
    python3 tests/cold.py --store STORE --only recommend,hello --runs 50

Columns, medians over the runs but for p50 and p99:

  ready    from exec to the first GET of /invocation/next; the function's registering as an extension is in it
  S3       of that, the time in which a request to the S3 server was under way, as the relay saw it (requests that
           overlap count once); and how many requests there were
  own      ready without S3: what the function itself takes
  CPU      processor time, of all threads, until ready; less than `own` where the machine had other work
  first    from exec to the first answer
  p50, p99 of warm answers: from the event's last byte sent to the answer's last byte received, the runtime's loop and
           this process's own part of it included
  RSS      resident memory after the first answer, and after the warm ones; growth by more than a kilobyte a request ends
           the program with a failure
  size     of the binary

`hello` is a function that does nothing; what it takes is what no function can do without. Endpoints are plain HTTP here,
so no TLS handshake is in the figures; the roots to check one by are parsed all the same.
"""

import argparse
import json
import os
import pathlib
import selectors
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUCKET, PREFIX = "cartelera", "releases"
PATIENCE = 30
# Bytes a request: more would end a function before its time.
MOST_GROWTH = 1024

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:f"
REGISTERED = json.dumps({"functionName": "f", "functionVersion": "$LATEST", "handler": "bootstrap"}).encode()

QUESTIONS = {
    "hello": ["/"],
    "site": ["/"],
    "get-max-duration": ["/get_max_duration?year=2018&platform=netflix", "/get_max_duration?platform=hulu"],
    "get-score-count": ["/get_score_count?platform=netflix&scored=3.5&year=2018"],
    "get-count-platform": ["/get_count_platform?platform=disney"],
    "get-actor": ["/get_actor?platform=amazon&year=2018", "/get_actor?platform=netflix&year=2019"],
    "titles": ["/titles?q=the", "/titles?q=hose", "/titles?limit=10"],
    "recommend": ["/recommendations/1?n=10", "/recommendations/2?n=10&reasons=0", "/recommendations/nobody"],
}


def event(target):
    """What API Gateway sends for a GET."""
    path, _, query = target.partition("?")
    return json.dumps(
        {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": query,
            "headers": {"host": "example.execute-api.eu-west-1.amazonaws.com", "accept": "*/*"},
            "requestContext": {
                "accountId": "123456789012",
                "apiId": "example",
                "domainName": "example.execute-api.eu-west-1.amazonaws.com",
                "http": {
                    "method": "GET",
                    "path": path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": "192.0.2.1",
                    "userAgent": "cold.py",
                },
                "requestId": "id",
                "stage": "$default",
                "time": "01/Jan/2026:00:00:00 +0000",
                "timeEpoch": 1767225600000,
            },
            "isBase64Encoded": False,
        }
    ).encode()


def listener():
    bound = socket.create_server(("127.0.0.1", 0))
    bound.setblocking(False)
    return bound


class Watch:
    """One process at a time: its runtime API, and its way to the S3 server."""

    def __init__(self, s3_port):
        self.selector = selectors.DefaultSelector()
        self.runtime, self.relay, self.s3_port = listener(), listener(), s3_port
        self.selector.register(self.runtime, selectors.EVENT_READ, self.accept_runtime)
        self.selector.register(self.relay, selectors.EVENT_READ, self.accept_relay)
        self.sockets = []

    def port(self, which):
        return which.getsockname()[1]

    def start(self, command, env, events):
        self.close()
        self.events, self.answers = events, []
        self.ready = self.cpu = self.first = self.rss_first = None
        self.sent, self.latencies = None, []
        # Who waits for an event: the runtime, and the function's extension where it registered one.
        self.runtime_waits, self.extension_waits, self.has_extension = None, None, False
        self.under_way, self.spans = {}, []
        self.began = time.perf_counter()
        devnull = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_WRONLY, 0) for fd in (1, 2)]
        self.pid = os.posix_spawn(command, [command], env, file_actions=devnull)
        end = self.began + PATIENCE
        while len(self.latencies) < len(events):
            for key, _ in self.selector.select(0.5):
                key.data(key.fileobj)
            if time.perf_counter() > end:
                self.stop()
                sys.exit(f"{command} answered {len(self.latencies)} of {len(events)} events in {PATIENCE} s")
            if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                sys.exit(f"{command} ended; run it by hand to see why")
        self.rss_warm = self.rss()
        self.stop()

    def stop(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def close(self):
        for opened in self.sockets:
            try:
                self.selector.unregister(opened)
            except KeyError:
                pass
            opened.close()
        self.sockets = []

    def rss(self):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def cpu_time(self):
        tasks = pathlib.Path(f"/proc/{self.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6

    # The runtime API.

    def accept_runtime(self, bound):
        opened, _ = bound.accept()
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sockets.append(opened)
        buffer = bytearray()
        self.selector.register(opened, selectors.EVENT_READ, lambda s: self.read_runtime(s, buffer))

    def read_runtime(self, opened, buffer):
        got = opened.recv(1 << 20)
        if not got:
            self.selector.unregister(opened)
            return
        now = time.perf_counter()
        buffer += got
        while (request := take_request(buffer)) is not None:
            method, path, body = request
            if path.endswith("/invocation/next"):
                if self.ready is None:
                    self.ready, self.cpu = now, self.cpu_time()
                self.runtime_waits = opened
                self.send_event()
            elif path.endswith("/extension/register"):
                self.has_extension = True
                opened.sendall(
                    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
                    b"lambda-extension-identifier: 00000000-0000-0000-0000-000000000001\r\n"
                    b"content-length: %d\r\n\r\n%s" % (len(REGISTERED), REGISTERED)
                )
            elif path.endswith("/extension/event/next"):
                self.extension_waits = opened
                self.send_event()
            elif path.endswith("/response"):
                self.latencies.append(now - self.sent)
                self.answers.append(body)
                if self.first is None:
                    self.first, self.rss_first = now, self.rss()
                opened.sendall(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")
            else:
                self.stop()
                sys.exit(f"{method} {path}: {bytes(body)!r}")

    def send_event(self):
        """The next event, when everybody waits for it, as Lambda does."""
        n = len(self.latencies)
        if n >= len(self.events) or self.runtime_waits is None:
            return
        if self.has_extension:
            if self.extension_waits is None:
                return
            invoke = json.dumps(
                {
                    "eventType": "INVOKE",
                    "deadlineMs": int(time.time() * 1000) + 30000,
                    "requestId": f"00000000-0000-0000-0000-{n:012}",
                    "invokedFunctionArn": ARN,
                    "tracing": {"type": "X-Amzn-Trace-Id", "value": f"Root=1-00000000-{n:024x}"},
                }
            ).encode()
            head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(invoke)}\r\n\r\n"
            self.extension_waits.sendall(head.encode() + invoke)
            self.extension_waits = None
        opened, self.runtime_waits = self.runtime_waits, None
        head = (
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
            f"lambda-runtime-aws-request-id: 00000000-0000-0000-0000-{n:012}\r\n"
            f"lambda-runtime-deadline-ms: {int(time.time() * 1000) + 30000}\r\n"
            f"lambda-runtime-invoked-function-arn: {ARN}\r\n"
            f"lambda-runtime-trace-id: Root=1-00000000-{n:024x}\r\ncontent-length: {len(self.events[n])}\r\n\r\n"
        )
        opened.sendall(head.encode() + self.events[n])
        self.sent = time.perf_counter()

    # The way to the S3 server. A request begins with bytes from the function after an answer, and ends with the last
    # bytes of the next answer.

    def accept_relay(self, bound):
        near, _ = bound.accept()
        far = socket.create_connection(("127.0.0.1", self.s3_port))
        for opened in (near, far):
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sockets += [near, far]
        self.selector.register(near, selectors.EVENT_READ, lambda s: self.pass_on(near, far, near, True))
        self.selector.register(far, selectors.EVENT_READ, lambda s: self.pass_on(far, near, near, False))

    def pass_on(self, from_, to, connection, is_request):
        began = time.perf_counter()
        got = from_.recv(1 << 20)
        if not got:
            self.selector.unregister(from_)
            to.shutdown(socket.SHUT_WR)
            return
        to.sendall(got)
        now = time.perf_counter()
        if is_request:
            if self.under_way.get(connection, "answered") == "answered":
                self.under_way[connection] = "asked"
                self.spans.append([connection, began, now])
        else:
            self.under_way[connection] = "answered"
            next(span for span in reversed(self.spans) if span[0] is connection)[2] = now

    def s3_time(self):
        total, until = 0.0, 0.0
        for _, began, ended in sorted(self.spans, key=lambda span: span[1]):
            total += max(0.0, ended - max(began, until))
            until = max(until, ended)
        return total


def take_request(buffer):
    """The next whole request of a connection, taken out of its buffer; None where it is not whole yet."""
    head_end = buffer.find(b"\r\n\r\n")
    if head_end < 0:
        return None
    lines = bytes(buffer[:head_end]).decode("latin-1").split("\r\n")
    method, path, _ = lines[0].split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    at, body = head_end + 4, bytearray()
    if headers.get("transfer-encoding", "").lower() == "chunked":
        while True:
            line_end = buffer.find(b"\r\n", at)
            if line_end < 0:
                return None
            size = int(bytes(buffer[at:line_end]).split(b";")[0], 16)
            if len(buffer) < line_end + 2 + size + 2:
                return None
            body += buffer[line_end + 2 : line_end + 2 + size]
            at = line_end + 2 + size + 2
            if size == 0:
                break
    else:
        size = int(headers.get("content-length", 0))
        if len(buffer) < at + size:
            return None
        body, at = buffer[at : at + size], at + size
    del buffer[:at]
    return method, path, body


def check(function, answers):
    for answer in answers:
        status = json.loads(answer)["statusCode"]
        if status != 200:
            sys.exit(f"{function} answers with {status}: {bytes(answer[:500])!r}")


def measure(watch, function, binary, runs, n_warm):
    env = {
        "PATH": os.environ["PATH"],
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{watch.port(watch.runtime)}",
        "AWS_LAMBDA_FUNCTION_NAME": function,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_LOG_GROUP_NAME": "group",
        "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{watch.port(watch.relay)}",
        "ARTIFACT_URI": f"s3://{BUCKET}/{PREFIX}",
    }
    questions = [event(target) for target in QUESTIONS[function]]
    rows, warm = [], []
    for run in range(runs):
        n = len(questions) + (n_warm if run == 0 else 0)
        watch.start(str(binary), env, [questions[i % len(questions)] for i in range(n)])
        check(function, watch.answers[: len(questions)])
        if run == 0:
            warm = sorted(watch.latencies[len(questions) :])
            rss_warm = watch.rss_warm
            # Between two requests nothing is kept but what the C library keeps of the environment.
            growth = (rss_warm - watch.rss_first) * 1024 * 1024 / max(n_warm, 10_000)
            if growth > MOST_GROWTH:
                sys.exit(f"{function} grows by {growth:.0f} bytes a request: {watch.rss_first:.1f} to {rss_warm:.1f} MiB")
            continue  # The first start reads the binary from the disk.
        s3 = watch.s3_time()
        ready = watch.ready - watch.began
        rows.append((ready, s3, ready - s3, watch.cpu / 1e3, watch.first - watch.began, watch.rss_first))
    ready, s3, own, cpu, first, rss = (statistics.median(column) for column in zip(*rows))
    p50, p99 = warm[len(warm) // 2], warm[len(warm) * 99 // 100]
    return (
        f"| {function} | {ready * 1e3:.1f} ms | {s3 * 1e3:.1f} ms, {len(watch.spans)} | {own * 1e3:.1f} ms | {cpu * 1e3:.1f} ms "
        f"| {first * 1e3:.1f} ms | {p50 * 1e3:.2f} ms | {p99 * 1e3:.2f} ms | {rss:.1f}, {rss_warm:.1f} MiB "
        f"| {binary.stat().st_size / 1e6:.1f} MB |"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=pathlib.Path, required=True, help="a folder with a release")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "target/lambda", help="where the binaries are")
    server = ROOT / "target/release/examples/s3_server"
    parser.add_argument("--s3-server", type=pathlib.Path, default=server, help="the S3 server")
    parser.add_argument("--only", help="functions, separated by commas")
    parser.add_argument("--runs", type=int, default=30, help="starts a function, after one that does not count")
    parser.add_argument("--warm", type=int, default=3000, help="warm events a function")
    args = parser.parse_args()
    functions = args.only.split(",") if args.only else list(QUESTIONS)

    work = ROOT / "target" / "cold"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(args.store, work / "buckets" / BUCKET / PREFIX)
    server = subprocess.Popen(
        [args.s3_server, work / "buckets"], stdout=subprocess.PIPE, text=True
    )
    try:
        watch = Watch(int(server.stdout.readline().strip().rsplit(":", 1)[1]))
        print("| function | ready | S3, requests | own | CPU | first | p50 | p99 | RSS | size |")
        print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
        for function in functions:
            binary = ROOT / "target/function/examples/hello" if function == "hello" else args.bin / function
            if binary.is_dir():  # As `cargo lambda build` leaves it.
                binary /= "bootstrap"
            print(measure(watch, function, binary, args.runs + 1, args.warm), flush=True)
        watch.close()
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()

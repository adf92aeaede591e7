#!/usr/bin/env python3
"""Measures cold and warm functions: starts each again and again as Lambda would, with a release on an S3
server.

    python3 tests/package.py                         # builds the functions as they are deployed
    cargo build --profile function -p site --example hello
    cargo build --release -p store-s3 --example s3_server
    python3 tests/bench/cold.py --store STORE        # a folder that `cartelera build --store STORE` made
    python3 tests/bench/cold.py --store STORE --only recommend,hello --runs 50

Columns, medians over the runs except for p50 and p99:

  ready    from exec to the first GET of /invocation/next; this includes registering the function's extension
  S3       the part of it in which a request to the S3 server was under way, as a relay in front of it saw
           (requests that overlap count once); and the number of requests
  own      ready without S3: what the function itself takes
  CPU      processor time, of all threads, until ready; less than `own` if the machine had other work
  first    from exec to the first answer
  p50, p99 of warm answers: from the last byte of the event to the last byte of the answer, which includes the
           runtime's loop and the part of this process
  RSS      resident memory after the first answer, and after the warm ones; tests/memory.py limits its growth
  size     of the binary

`hello` is a function that does nothing; what it takes, every function takes. Endpoints are plain HTTP here,
so the figures contain no TLS handshake; the root certificates are parsed all the same.
"""

import argparse
import json
import pathlib
import selectors
import socket
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from lib import events, on_s3, runtime_api, workspace

# What is measured of functions that answer several routes; of any other function, all that it answers.
MEASURED = {
    "hello": ["/"],
    "site": ["/"],
    "titles": ["/titles?q=the", "/titles?q=hose", "/titles?limit=10"],
    "recommend": ["/recommendations/1?n=10", "/recommendations/2?n=10&reasons=0", "/recommendations/nobody"],
}


class Relay:
    """A relay in front of the S3 server that notes when requests are under way. A request begins with the
    first bytes from the function after an answer, and ends with the last bytes of the next answer.
    """

    def __init__(self, selector, s3):
        self.selector, self.s3 = selector, s3
        self.listener = runtime_api.listen(selector, self._connected)
        self.reset()

    def reset(self):
        """Forgets the requests, before another process starts."""
        self.spans, self.is_asked, self.connections = [], {}, []

    def close(self):
        """Closes the connections of a process that has ended."""
        for opened in self.connections:
            runtime_api.close(self.selector, opened)

    def seconds(self):
        """Returns the time in which at least one request was under way."""
        total, until = 0.0, 0.0
        for _, began, ended in sorted(self.spans, key=lambda span: span[1]):
            total += max(0.0, ended - max(began, until))
            until = max(until, ended)
        return total

    def _connected(self, near):
        far = socket.create_connection(self.s3)
        far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connections += [near, far]
        self.selector.register(near, selectors.EVENT_READ, lambda _: self._pass_on(near, far, near))
        self.selector.register(far, selectors.EVENT_READ, lambda _: self._pass_on(far, near, near))

    def _pass_on(self, source, target, connection):
        began = time.perf_counter()
        got = source.recv(1 << 20)
        if not got:
            self.selector.unregister(source)
            target.shutdown(socket.SHUT_WR)
            return
        target.sendall(got)
        now = time.perf_counter()
        if source is not connection:
            self.is_asked[connection] = False
            next(span for span in reversed(self.spans) if span[0] is connection)[2] = now
        elif not self.is_asked.get(connection):
            self.is_asked[connection] = True
            self.spans.append([connection, began, now])


def resident(pid):
    """Returns the resident memory in MiB."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def cpu_seconds(pid):
    """Returns the processor time of all threads."""
    tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


class Run:
    """One start: what was seen until the first answer, and the latencies of all answers."""

    def __init__(self, name, binary, aws, relay, asked):
        relay.reset()
        instance = runtime_api.Instance(name, binary, on_s3.environment(name, aws), selector=relay.selector)
        try:
            instance.wait_ready()
            self.cpu = cpu_seconds(instance.process.pid)
            self.ready = instance.ready_at - instance.started_at
            self.s3, self.n_requests = relay.seconds(), len(relay.spans)
            self.latencies = []
            for event in asked:
                on_s3.answer(instance, event)
                self.latencies.append(instance.answered_at - instance.sent_at)
                if len(self.latencies) == 1:
                    self.first = instance.answered_at - instance.started_at
                    self.resident_first = resident(instance.process.pid)
            self.resident = resident(instance.process.pid)
        except runtime_api.FunctionError as error:
            sys.exit(str(error))
        finally:
            instance.stop()
            relay.close()


def measure(name, binary, aws, relay, targets, n_runs, n_warm):
    """Returns a row of the table."""
    asked = [json.dumps(events.http(target)).encode() for target in targets]
    # The first start reads the binary from the disk, and does not count; it answers the warm requests.
    first = Run(name, binary, aws, relay, asked + [asked[i % len(asked)] for i in range(n_warm)])
    warm = sorted(first.latencies[len(asked) :])
    runs = [Run(name, binary, aws, relay, asked) for _ in range(n_runs)]

    def median(value):
        return statistics.median(map(value, runs))

    return (
        f"| {name} | {1e3 * median(lambda r: r.ready):.1f} ms | {1e3 * median(lambda r: r.s3):.1f} ms, {runs[-1].n_requests} "
        f"| {1e3 * median(lambda r: r.ready - r.s3):.1f} ms | {1e3 * median(lambda r: r.cpu):.1f} ms "
        f"| {1e3 * median(lambda r: r.first):.1f} ms "
        f"| {1e3 * warm[len(warm) // 2]:.2f} ms | {1e3 * warm[len(warm) * 99 // 100]:.2f} ms "
        f"| {median(lambda r: r.resident_first):.1f}, {first.resident:.1f} MiB | {binary.stat().st_size / 1e6:.1f} MB |"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    target = workspace.TARGET
    parser.add_argument("--store", type=pathlib.Path, required=True, help="a folder with a release")
    parser.add_argument("--bin", type=pathlib.Path, default=target / "lambda", help="where the binaries are")
    server = target / "release/examples/s3_server"
    parser.add_argument("--s3-server", type=pathlib.Path, default=server, help="the S3 server")
    parser.add_argument("--only", help="functions, separated by commas")
    parser.add_argument("--runs", type=int, default=30, help="starts of each function, after one that does not count")
    parser.add_argument("--warm", type=int, default=3000, help="warm events for each function")
    args = parser.parse_args()

    def binary(name):
        path = target / "function/examples/hello" if name == "hello" else args.bin / name
        # `cargo lambda build` leaves a folder.
        path = path / "bootstrap" if path.is_dir() else path
        return path if path.is_file() else sys.exit(f"{path} is missing; the first lines of --help say how to build it")

    with on_s3.release(args.store, args.s3_server, target / "cold") as aws:
        names, asked = on_s3.learn(binary("titles"), aws)
        of_document = {name: [q.target for q in asked if q.function == name and q.body is None] for name in names}
        measured = of_document | MEASURED
        host, _, port = aws["AWS_ENDPOINT_URL"].removeprefix("http://").partition(":")
        relay = Relay(selectors.DefaultSelector(), (host, int(port)))
        aws |= {"AWS_ENDPOINT_URL": "http://" + runtime_api.address(relay.listener)}
        print("| function | ready | S3, requests | own | CPU | first | p50 | p99 | RSS | size |")
        print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
        for name in args.only.split(",") if args.only else ["hello", *names]:
            if name not in measured:
                sys.exit(f"there is no function {name}: {', '.join(measured)}")
            print(measure(name, binary(name), aws, relay, measured[name], args.runs, args.warm), flush=True)


if __name__ == "__main__":
    main()

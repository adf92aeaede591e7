"""Programs that run next to a script: started, waited for, and always stopped."""

import contextlib
import pathlib
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

from . import workspace

# Seconds to wait for a program to start or to end.
PATIENCE = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def process(command, log, env=None):
    """Runs a process that ends with the block. Everything it prints goes to the file `log`."""
    log = pathlib.Path(log)
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "w", encoding="utf-8") as file:
        words = [str(word) for word in command]
        child = subprocess.Popen(words, cwd=workspace.ROOT, env=env, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
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


def wait_until(answers, what, child, patience=PATIENCE):
    """Returns what `answers()` returns, once it raises no OSError. Ends the script if the process dies or the
    time is up.
    """
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            return answers()
        except OSError:
            if child.poll() is not None:
                sys.exit(f"{child.args[0]} ended with {child.returncode}:\n{child.log.read_text()}")
            time.sleep(0.05)
    sys.exit(f"{what} is not there after {patience} s:\n{child.log.read_text()}")


def wait_for_port(port, child):
    wait_until(lambda: socket.create_connection(("127.0.0.1", port), 2).close(), f"port {port}", child)


def wait_for(url, child):
    """Waits until something answers there, with any status."""

    def answers():
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except urllib.error.HTTPError as error:
            error.close()

    wait_until(answers, url, child)


def printed(pattern, child, patience=PATIENCE):
    """Returns the first group of a pattern in what the process printed, once it is there."""

    def answers():
        if found := re.search(pattern, child.log.read_text(encoding="utf-8")):
            return found[1]
        raise BlockingIOError

    return wait_until(answers, f"what matches {pattern!r}", child, patience)


@contextlib.contextmanager
def listening(command, log, env=None, patience=PATIENCE):
    """Runs a `cartelera` that serves until the block ends; yields the process, with its address as `url`.

    The program must end cleanly when it is asked to.
    """
    with process(command, log, env) as child:
        child.url = printed(r"listening on (http://\S+)\n", child, patience)
        yield child
        child.terminate()
        status = child.wait(PATIENCE)
        if status != 0:
            sys.exit(f"{child.args[0]} ended with {status}:\n{child.log.read_text()}")


def serving(cartelera, store, log, env=None):
    """Runs `cartelera serve` on a store, at a free port."""
    return listening([cartelera, "serve", "--store", store, "--port", 0, "--no-log"], log, env)


@contextlib.contextmanager
def s3_server(program, buckets, log):
    """Runs an S3 server whose buckets are folders; yields the environment variables that point to it."""
    (buckets / "cartelera").mkdir(parents=True, exist_ok=True)
    with process([program, buckets], log) as child:
        yield {
            "AWS_ENDPOINT_URL": printed(r"(http://\S+)\n", child),
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
        }

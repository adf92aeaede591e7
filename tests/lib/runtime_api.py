"""The Lambda service for one process of a function: the runtime API, and the extensions API for a function
that registers itself as one.

There is no other thread: the one that waits for an answer also serves the connections. So nothing runs
between two requests, and the recorded times are those at which bytes were sent and received.
"""

import contextlib
import json
import os
import re
import selectors
import socket
import subprocess
import time
import uuid

RUNTIME, EXTENSION = "/2018-06-01/runtime", "/2020-01-01/extension"
# How long Lambda lets a function start.
INIT_SECONDS = 10
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:{name}"


class FunctionError(Exception):
    """The function gave no answer."""


def variables(name, memory=512):
    """Returns what Lambda sets for a function, apart from credentials and the address of the runtime API."""
    return {
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory),
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
    }


def listen(selector, connected):
    """Listens on a free port of the loopback address, and calls `connected` with each new connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)

    def accept(_):
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected(connection)

    selector.register(listener, selectors.EVENT_READ, accept)
    return listener


def address(listener):
    return "127.0.0.1:{}".format(listener.getsockname()[1])


def close(selector, opened):
    """Closes a socket, whether it is still watched or not."""
    with contextlib.suppress(KeyError):
        selector.unregister(opened)
    opened.close()


class Instance:
    """One process of a function. It starts at once; `invoke` hands it an event."""

    def __init__(self, name, binary, environment, log=None, selector=None, arn=None):
        """Starts the process. `environment` is all that it gets, apart from the address of this API; `log` is
        a file for its output.
        """
        self.name, self.log, self.arn = name, log, arn or ARN.format(name=name)
        self.selector = selector or selectors.DefaultSelector()
        self.connections = []
        # The connections that wait for an event: the runtime's, and the extension's where the function
        # registered one.
        self.runtime, self.extension, self.has_extension = None, None, False
        self.answer, self.ready_at, self.sent_at, self.answered_at = None, None, None, None
        self.listener = listen(self.selector, self._connected)
        environment = environment | {"AWS_LAMBDA_RUNTIME_API": address(self.listener)}
        with open(log or os.devnull, "ab") as out:
            self.started_at = time.perf_counter()
            # No socket is inherited, and without `close_fds` Python has nothing to do between fork and exec.
            self.process = subprocess.Popen(
                [str(binary)], env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out, close_fds=False
            )

    def wait_ready(self):
        """Waits until the function asks for its first event, at `ready_at`."""
        self._wait(lambda: self.ready_at is not None, INIT_SECONDS, "is not ready")

    def invoke(self, event, seconds=30.0):
        """Returns the bytes of the answer to an event. Sends it once runtime and extension both wait for it,
        as Lambda does.
        """
        self.wait_ready()
        self._wait(self._is_idle, seconds, "does not ask for another event")
        request_id = str(uuid.uuid4())
        self.answer = None
        self._send(request_id, event, seconds)
        self._wait(lambda: self.answer is not None, seconds, "does not answer")
        kind, answered, body = self.answer
        if kind != "response" or answered != request_id:
            raise FunctionError(f"{self.name} answers with an {kind}: {bytes(body[:500])!r}")
        return bytes(body)

    def stop(self):
        """Kills the process, and closes its connections."""
        self.process.kill()
        self.process.wait()
        for opened in (self.listener, *self.connections):
            close(self.selector, opened)

    def _is_idle(self):
        return self.runtime is not None and (self.extension is not None or not self.has_extension)

    def _wait(self, done, seconds, what):
        """Serves connections until `done()`. Fails if the process ends or the time is up."""
        end = time.monotonic() + seconds
        while not done():
            for key, _ in self.selector.select(0.05):
                key.data(key.fileobj)
            if done():
                return
            if self.process.poll() is not None:
                why = f"{self.log} says why" if self.log else "run it by hand to see why"
                raise FunctionError(f"{self.name} ended with {self.process.returncode}; {why}")
            if time.monotonic() > end:
                raise FunctionError(f"{self.name} {what} within {seconds:g} s")

    def _connected(self, connection):
        self.connections.append(connection)
        buffer = bytearray()
        self.selector.register(connection, selectors.EVENT_READ, lambda opened: self._read(opened, buffer))

    def _read(self, connection, buffer):
        try:
            got = connection.recv(1 << 20)
        except ConnectionError:
            got = b""
        now = time.perf_counter()
        if not got:
            self.selector.unregister(connection)
            return
        buffer += got
        while (request := take_request(buffer)) is not None:
            self._handle(connection, *request, now)

    def _handle(self, connection, path, body, now):
        if path == f"{RUNTIME}/invocation/next":
            self.ready_at = self.ready_at or now
            self.runtime = connection
        elif path == f"{EXTENSION}/event/next":
            self.extension = connection
        elif path == f"{EXTENSION}/register":
            self.has_extension = True
            said = {"functionName": self.name, "functionVersion": "$LATEST", "handler": "bootstrap"}
            identifier = "lambda-extension-identifier: 00000000-0000-0000-0000-000000000001"
            respond(connection, "200 OK", json.dumps(said).encode(), identifier)
        elif answered := re.fullmatch(f"{RUNTIME}/invocation/([^/]+)/(response|error)", path):
            self.answered_at = now
            self.answer = (answered[2], answered[1], body)
            respond(connection, "202 Accepted", b'{"status":"OK"}')
        elif path == f"{RUNTIME}/init/error":
            # The process ends next, and its log says why.
            respond(connection, "202 Accepted", b'{"status":"OK"}')
        else:
            respond(connection, "404 Not Found", b"{}")

    def _send(self, request_id, event, seconds):
        deadline_ms = int((time.time() + seconds) * 1000)
        trace = f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]};Parent={uuid.uuid4().hex[:16]};Sampled=1"
        if self.has_extension:
            invoke = {
                "eventType": "INVOKE",
                "deadlineMs": deadline_ms,
                "requestId": request_id,
                "invokedFunctionArn": self.arn,
                "tracing": {"type": "X-Amzn-Trace-Id", "value": trace},
            }
            extension, self.extension = self.extension, None
            respond(extension, "200 OK", json.dumps(invoke).encode())
        runtime, self.runtime = self.runtime, None
        respond(
            runtime,
            "200 OK",
            event,
            f"lambda-runtime-aws-request-id: {request_id}",
            f"lambda-runtime-deadline-ms: {deadline_ms}",
            f"lambda-runtime-invoked-function-arn: {self.arn}",
            f"lambda-runtime-trace-id: {trace}",
        )
        self.sent_at = time.perf_counter()


def respond(connection, status, body, *headers):
    head = [f"HTTP/1.1 {status}", "content-type: application/json", *headers, f"content-length: {len(body)}"]
    connection.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)


def take_request(buffer):
    """Takes the next whole request out of the buffer of a connection, and returns its path and body, or None
    while it is incomplete.
    """
    head_end = buffer.find(b"\r\n\r\n")
    if head_end < 0:
        return None
    lines = bytes(buffer[:head_end]).decode("latin-1").split("\r\n")
    _, path, _ = lines[0].split(" ", 2)
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
    return path, body

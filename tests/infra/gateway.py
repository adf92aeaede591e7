#!/usr/bin/env python3
"""An HTTP API on this machine: its routes, who may call, throttling, CORS and access logs are those of the translated
template, and behind it the functions' own binaries run as Lambda runs them.

    python3 tests/infra/check.py --serve releases/demo            # until it is interrupted

A function is started by the first event for it, with the variables that the template gives it and no others, through
the Lambda runtime API. Between it and the S3 server stands a guard that lets pass what the function's role allows. So a
route, a permission, a variable or an allowance that is wrong in the template is a request that fails.

What AWS has and this has not: signatures are not verified (neither of callers nor of tokens), a function runs one
instance, and connections are not encrypted.
"""

import base64
import collections
import contextlib
import http.client
import http.server
import json
import queue
import re
import subprocess
import sys
import threading
import time
import urllib.parse
import uuid

import stack as stacks

RUNTIME = "/2018-06-01/runtime"
INIT_SECONDS = 10
TEXT = re.compile(r"text/|application/(.*\+)?(json|xml)|application/(javascript|x-www-form-urlencoded)|image/svg\+xml")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are two writes, of which the second would wait for an answer to the first.
    disable_nagle_algorithm = True

    def log_message(self, *_):
        """Nothing: what is worth knowing is kept by who answers."""

    def body(self):
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("content-length", 0)))

    def answer(self, status, headers=(), body=b""):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    # Functions start side by side, and so do their requests.
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """A caller that is gone is none: functions that fail end while they are being answered."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@contextlib.contextmanager
def listening(handle, port=0):
    """A server on the loopback address that calls `handle` with each request; gives its address."""

    def do(request):
        handle(request)

    methods = {f"do_{m}": do for m in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")}
    server = Server(("127.0.0.1", port), type("Handlers", (Handler,), methods))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class Guard:
    """What stands before the S3 server, and lets a function do what its role allows, or a publisher what the policy does."""

    def __init__(self, role, endpoint):
        self.role = role
        self.upstream = urllib.parse.urlsplit(endpoint).netloc
        self.read, self.refused = [], []

    def may(self, action, bucket, key=""):
        return stacks.allows(self.role, action, f"arn:aws:s3:::{bucket}" + (f"/{key}" if key else ""))

    def handle(self, request):
        split = urllib.parse.urlsplit(request.path)
        path = urllib.parse.unquote(split.path).lstrip("/")
        bucket, _, key = path.partition("/")
        # HEAD is allowed by the right to GET, and every part of an upload by the right to PUT.
        actions = {"GET": "s3:GetObject", "HEAD": "s3:GetObject", "DELETE": "s3:DeleteObject"}
        action = actions.get(request.command, "s3:PutObject") if key else "s3:ListBucket"
        if request.command == "DELETE" and "uploadId=" in split.query:
            action = "s3:AbortMultipartUpload"
        body = request.body()
        if not self.may(action, bucket, key):
            self.refused.append(f"{action} {path}")
            return self.deny(request)
        # Headers go on as they came, the host too: they are signed.
        connection = http.client.HTTPConnection(self.upstream, timeout=30)
        connection.putrequest(request.command, request.path, skip_host=True, skip_accept_encoding=True)
        for name, value in request.headers.items():
            connection.putheader(name, value)
        connection.endheaders(body or None)
        response = connection.getresponse()
        found = response.read()
        connection.close()
        if response.status == 404 and not self.may("s3:ListBucket", bucket):
            # Who may not list is not told what is not there.
            return self.deny(request)
        if response.status < 400:
            self.read.append(key)
        kept = [
            (n, v)
            for n, v in response.getheaders()
            if n.lower() not in ("transfer-encoding", "content-length", "connection")
        ]
        return request.answer(response.status, kept, found)

    @staticmethod
    def deny(request):
        text = b"<?xml version='1.0' encoding='UTF-8'?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        request.answer(403, [("content-type", "application/xml")], text)


class FunctionError(Exception):
    """The function gave no answer."""


class Function:
    """A function of the stack: one instance, started by the first event, ended when it fails, as Lambda does."""

    def __init__(self, properties, binary, environment, log):
        self.properties, self.binary, self.environment, self.log = properties, binary, environment, log
        self.name = properties["FunctionName"]
        self.lock = threading.Lock()
        self.instance = None
        self.n_starts = 0

    def invoke(self, event):
        with self.lock:
            if self.instance is None:
                self.n_starts += 1
                self.instance = Instance(self)
            try:
                return self.instance.invoke(event)
            except FunctionError:
                self.stop()
                raise

    def stop(self):
        if self.instance:
            self.instance.stop()
        self.instance = None


class Instance:
    """One process and the runtime API that it speaks to."""

    def __init__(self, function):
        self.function = function
        self.events, self.answers = queue.Queue(), queue.Queue()
        self.waiting = threading.Event()
        self.closing = contextlib.ExitStack()
        address = self.closing.enter_context(listening(self.handle))
        properties = function.properties
        variables = properties.get("Environment", {}).get("Variables", {})
        environment = {
            "AWS_LAMBDA_RUNTIME_API": address,
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(properties["MemorySize"]),
            "AWS_LAMBDA_LOG_GROUP_NAME": properties["LoggingConfig"]["LogGroup"],
            "AWS_LAMBDA_LOG_FORMAT": properties["LoggingConfig"]["LogFormat"].upper(),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_REGION": stacks.REGION,
            "AWS_DEFAULT_REGION": stacks.REGION,
            "_HANDLER": properties["Handler"],
            "LAMBDA_TASK_ROOT": "/var/task",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
        }
        environment |= function.environment | {name: str(value) for name, value in variables.items()}
        log = self.closing.enter_context(open(function.log, "ab"))
        self.process = subprocess.Popen(
            [function.binary], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )

    def handle(self, request):
        path, body = request.path, request.body()
        if path == f"{RUNTIME}/invocation/next":
            self.waiting.set()
            event = self.events.get()
            if event is None:
                request.close_connection = True
                return
            headers = [
                ("content-type", "application/json"),
                ("Lambda-Runtime-Aws-Request-Id", event["id"]),
                ("Lambda-Runtime-Deadline-Ms", str(event["deadline_ms"])),
                ("Lambda-Runtime-Invoked-Function-Arn", event["arn"]),
                ("Lambda-Runtime-Trace-Id", event["trace"]),
            ]
            request.answer(200, headers, event["body"])
            return
        if path == f"{RUNTIME}/init/error":
            self.answers.put(("init", None, body))
        elif match := re.fullmatch(re.escape(RUNTIME) + "/invocation/([^/]+)/(response|error)", path):
            self.answers.put((match[2], match[1], body))
        else:
            request.answer(404, [], b"{}")
            return
        request.answer(202, [("content-type", "application/json")], b'{"status":"OK"}')

    def invoke(self, event):
        """The answer to an event. The first waits for the process to be ready, for as long as Lambda does."""
        properties = self.function.properties
        self.watch(self.waiting.is_set, lambda: self.waiting.wait(0.02), INIT_SECONDS, "is not ready")
        timeout = float(properties["Timeout"])
        request_id = str(uuid.uuid4())
        self.events.put(
            {
                "id": request_id,
                "deadline_ms": int((time.time() + timeout) * 1000),
                "arn": f"arn:aws:lambda:{stacks.REGION}:{stacks.ACCOUNT}:function:{self.function.name}",
                "trace": f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]};Parent={uuid.uuid4().hex[:16]};Sampled=1",
                "body": json.dumps(event).encode(),
            }
        )
        answers = []

        def take():
            with contextlib.suppress(queue.Empty):
                answers.append(self.answers.get(timeout=0.02))

        self.watch(lambda: answers, take, timeout, "does not answer")
        kind, answered, body = answers[0]
        if kind != "response" or answered != request_id:
            raise FunctionError(f"{self.function.name} answers with an {kind}: {body[:500]!r}")
        return json.loads(body)

    def watch(self, done, wait, seconds, what):
        """Waits until it is done, as long as the process lives and the time lasts."""
        end = time.monotonic() + seconds
        while not done():
            wait()
            if not done() and self.process.poll() is not None:
                raise FunctionError(
                    f"{self.function.name} ended with {self.process.returncode}; {self.function.log} says why"
                )
            if not done() and time.monotonic() > end:
                raise FunctionError(f"{self.function.name} {what} within {seconds} s")

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.events.put(None)
        self.closing.close()


class Route:
    """A route of the template, with what stands behind it."""

    def __init__(self, properties, stack):
        self.key = properties["RouteKey"]
        self.method, _, path = self.key.partition(" ")
        self.segments = path.strip("/").split("/") if path.strip("/") else []
        self.authorization = properties.get("AuthorizationType", "NONE")
        authorizers = stack.of("AWS::ApiGatewayV2::Authorizer")
        self.authorizer = authorizers[properties["AuthorizerId"]] if "AuthorizerId" in properties else None
        integrations = stack.of("AWS::ApiGatewayV2::Integration")
        self.integration = integrations[properties["Target"].removeprefix("integrations/")]

    def match(self, method, segments):
        """The path's parameters where it matches, and how well; HTTP APIs prefer whole names, then parameters, then the greedy one."""
        if self.method not in (method, "ANY"):
            return None
        found, rank = {}, []
        for i, segment in enumerate(self.segments):
            if match := re.fullmatch(r"\{(\w+)\+\}", segment):
                if i >= len(segments):
                    return None
                found[match[1]] = "/".join(segments[i:])
                return [*rank, 0], found
            if i >= len(segments):
                return None
            if match := re.fullmatch(r"\{(\w+)\}", segment):
                found[match[1]] = segments[i]
                rank.append(1)
            elif segment == segments[i]:
                rank.append(2)
            else:
                return None
        return (rank, found) if len(segments) == len(self.segments) else None


class Gateway:
    """The HTTP API of a stack, before running functions (by the names that the stack gives them)."""

    def __init__(self, stack, functions):
        self.functions = functions
        self.use(stack)

    def use(self, stack):
        """Takes routes and settings of another stack; the functions go on."""
        self.stack = stack
        (self.api,) = stack.of("AWS::ApiGatewayV2::Api").values()
        (self.stage,) = stack.of("AWS::ApiGatewayV2::Stage").values()
        (self.api_id,) = stack.of("AWS::ApiGatewayV2::Api")
        self.api_id = stack.identity(self.api_id)
        self.routes = [Route(properties, stack) for properties in stack.of("AWS::ApiGatewayV2::Route").values()]
        limits = self.stage["DefaultRouteSettings"]
        self.rate, self.burst = float(limits["ThrottlingRateLimit"]), float(limits["ThrottlingBurstLimit"])
        self.tokens, self.filled = self.burst, time.monotonic()
        self.lock = threading.Lock()
        self.access_log, self.faults, self.asked = [], [], collections.Counter()

    def handle(self, request):
        started = time.monotonic()
        split = urllib.parse.urlsplit(request.path)
        body = request.body()
        context = {
            "requestTimeEpoch": str(int(time.time() * 1000)),
            "requestId": uuid.uuid4().hex[:16],
            "protocol": "HTTP/1.1",
        }
        context |= {name: "-" for name in ("routeKey", "integrationLatency", "integrationStatus", "error.responseType")}
        status, headers, answer = self.answer(request, split, body, context)
        headers += self.cors(request)
        context |= {"status": str(status), "responseLength": str(len(answer))}
        context["responseLatency"] = str(round(1000 * (time.monotonic() - started)))
        self.log(context)
        request.answer(status, headers, answer)

    def answer(self, request, split, body, context):
        if "CorsConfiguration" in self.api and request.command == "OPTIONS":
            return 204, [], b""
        segments = [urllib.parse.unquote(s) for s in split.path.strip("/").split("/")] if split.path.strip("/") else []
        matches = [
            (found[0], route, found[1]) for route in self.routes if (found := route.match(request.command, segments))
        ]
        if not matches:
            return self.own(404, "Not Found", context, "NOT_FOUND")
        _, route, parameters = max(matches, key=lambda match: match[0])
        context["routeKey"] = route.key
        self.asked[route.key] += 1
        if not self.take():
            return self.own(429, "Too Many Requests", context, "THROTTLED")
        refusal, authorizer = authorize(route, request.headers)
        if refusal:
            return self.own(*refusal, context, "ACCESS_DENIED")
        event = self.event(request, split, body, route, parameters, authorizer)
        called = time.monotonic()
        try:
            response = self.function(route).invoke(event)
            context["integrationLatency"] = str(round(1000 * (time.monotonic() - called)))
            context["integrationStatus"] = str(response["statusCode"])
            headers = list(response.get("headers", {}).items())
            headers += [
                (n, v)
                for n, values in response.get("multiValueHeaders", {}).items()
                if n not in response.get("headers", {})
                for v in values
            ]
            headers += [("set-cookie", cookie) for cookie in response.get("cookies", [])]
            headers = [(n, v) for n, v in headers if n.lower() != "content-length"]
            text = response.get("body") or ""
            return (
                response["statusCode"],
                headers,
                base64.b64decode(text) if response.get("isBase64Encoded") else text.encode(),
            )
        except (FunctionError, KeyError, stacks.Refused) as error:
            self.faults.append(f"{route.key}: {error}")
            return self.own(500, "Internal Server Error", context, "INTEGRATION_FAILURE")

    @staticmethod
    def own(status, message, context, kind):
        context["error.responseType"] = kind
        return status, [("content-type", "application/json")], json.dumps({"message": message}).encode()

    def take(self):
        """Whether there is a token for one more request."""
        with self.lock:
            now = time.monotonic()
            self.tokens = min(self.burst, self.tokens + (now - self.filled) * self.rate)
            self.filled = now
            if self.tokens < 1:
                return False
            self.tokens -= 1
            return True

    def function(self, route):
        """The function behind a route, if the gateway may call it."""
        arn = route.integration["IntegrationUri"]
        name = arn.rpartition(":")[2]
        source = f"arn:aws:execute-api:{stacks.REGION}:{stacks.ACCOUNT}:{self.api_id}/{self.stage['StageName']}/{route.key.replace(' ', '', 1)}"
        for permission in self.stack.of("AWS::Lambda::Permission").values():
            whole = re.escape(permission["SourceArn"]).replace(r"\*", ".*")
            if (
                permission["FunctionName"] in (name, arn)
                and permission["Principal"] == "apigateway.amazonaws.com"
                and re.fullmatch(whole, source)
            ):
                return self.functions[name]
        raise stacks.Refused(f"no permission lets the gateway call {name}")

    def event(self, request, split, body, route, parameters, authorizer):
        """The event in payload format 2.0."""
        headers, cookies = {}, []
        for name, value in request.headers.items():
            if name.lower() == "cookie":
                cookies += [cookie.strip() for cookie in value.split(";")]
            else:
                headers[name.lower()] = f"{headers[name.lower()]},{value}" if name.lower() in headers else value
        headers |= {"x-forwarded-for": "203.0.113.7", "x-forwarded-port": "443", "x-forwarded-proto": "https"}
        query = {}
        for name, value in urllib.parse.parse_qsl(split.query, keep_blank_values=True):
            query[name] = f"{query[name]},{value}" if name in query else value
        domain = f"{self.api_id}.execute-api.{stacks.REGION}.amazonaws.com"
        event = {
            "version": route.integration["PayloadFormatVersion"],
            "routeKey": route.key,
            "rawPath": split.path,
            "rawQueryString": split.query,
            "headers": headers,
            "requestContext": {
                "accountId": stacks.ACCOUNT,
                "apiId": self.api_id,
                "domainName": domain,
                "domainPrefix": self.api_id,
                "http": {
                    "method": request.command,
                    "path": split.path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": "203.0.113.7",
                    "userAgent": headers.get("user-agent", ""),
                },
                "requestId": uuid.uuid4().hex[:16],
                "routeKey": route.key,
                "stage": self.stage["StageName"],
                "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime()),
                "timeEpoch": int(time.time() * 1000),
            },
            "isBase64Encoded": False,
        }
        optional = {"cookies": cookies, "queryStringParameters": query, "pathParameters": parameters}
        event |= {name: value for name, value in optional.items() if value}
        if authorizer:
            event["requestContext"]["authorizer"] = authorizer
        if body:
            if TEXT.match(headers.get("content-type", "")):
                event["body"] = body.decode("utf-8", "replace")
            else:
                event["body"], event["isBase64Encoded"] = base64.b64encode(body).decode(), True
        return event

    def cors(self, request):
        rules, origin = self.api.get("CorsConfiguration"), request.headers.get("origin")
        if not rules or not origin or not {origin, "*"} & set(rules["AllowOrigins"]):
            return []
        headers = [("access-control-allow-origin", "*" if "*" in rules["AllowOrigins"] else origin)]
        if request.command == "OPTIONS":
            headers += [
                ("access-control-allow-methods", ",".join(rules["AllowMethods"])),
                ("access-control-allow-headers", ",".join(rules["AllowHeaders"])),
                ("access-control-max-age", str(rules["MaxAge"])),
            ]
        return headers

    def log(self, context):
        """A line of the access log, in the template's format."""
        unknown = set()

        def value(match):
            if match[1] not in context:
                unknown.add(match[1])
            return context.get(match[1], "-")

        line = re.sub(r"\$context\.([A-Za-z.]*[A-Za-z])", value, self.stage["AccessLogSettings"]["Format"])
        try:
            self.access_log.append(json.loads(line))
        except ValueError:
            self.faults.append(f"the access log has a line that is no JSON: {line}")
        if unknown:
            self.faults.append(f"the access log asks for {sorted(unknown)}")


def authorize(route, headers):
    """A refusal or none, and what the event says of the caller."""
    given = headers.get("authorization", "")
    if route.authorization == "NONE":
        return None, None
    if route.authorization == "AWS_IAM":
        key = re.match(r"AWS4-HMAC-SHA256 Credential=(\w+)/\d{8}/[\w-]+/execute-api/aws4_request", given)
        if not key:
            return (403, "Forbidden"), None
        caller = {"accessKey": key[1], "accountId": stacks.ACCOUNT, "callerId": "AIDA", "cognitoIdentity": None, "principalOrgId": "",
                  "userArn": f"arn:aws:iam::{stacks.ACCOUNT}:user/test", "userId": "AIDA"}  # fmt: skip
        return None, {"iam": caller}
    if route.authorization == "JWT":
        rules = route.authorizer["JwtConfiguration"]
        if route.authorizer["IdentitySource"] != ["$request.header.Authorization"]:
            raise stacks.Refused("tokens come in the header Authorization")
        try:
            payload = given.removeprefix("Bearer ").split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            audience = stacks.as_list(claims.get("aud", claims.get("client_id")))
            valid = (
                claims["iss"] == rules["Issuer"]
                and set(audience) & set(rules["Audience"])
                and claims["exp"] > time.time()
            )
        except (IndexError, KeyError, TypeError, ValueError):
            valid = False
        if not valid:
            return (401, "Unauthorized"), None
        return None, {"jwt": {"claims": {name: str(value) for name, value in claims.items()}, "scopes": None}}
    raise stacks.Refused(f"{route.key} has the authorization {route.authorization}")


@contextlib.contextmanager
def running(stack, binary, endpoint, work, port=0):
    """The gateway of a stack and its functions, at work; gives its address, itself, and each function's guard.

    `binary` gives the path of a binary by its name, `endpoint` is the S3 server's; functions write their logs to `work`.
    """
    with contextlib.ExitStack() as closing:
        functions, guards = {}, {}
        roles = {stack.attribute(name, "Arn"): properties for name, properties in stack.of("AWS::IAM::Role").items()}
        for properties in stack.of("AWS::Lambda::Function").values():
            name = stacks.binary_of(properties)
            guard = guards[name] = Guard(roles[properties["Role"]], endpoint)
            # As the Lambda service gives a role's credentials to its function; the endpoint leads to the guard.
            environment = {
                "AWS_ENDPOINT_URL": "http://" + closing.enter_context(listening(guard.handle)),
                "AWS_ACCESS_KEY_ID": "key",
                "AWS_SECRET_ACCESS_KEY": "secret",
            }
            function = Function(properties, binary(name), environment, work / f"{name}.log")
            functions[function.name] = function
            closing.callback(function.stop)
        gateway = Gateway(stack, functions)
        address = closing.enter_context(listening(gateway.handle, port))
        yield f"http://{address}", gateway, guards

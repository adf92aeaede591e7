"""An HTTP API on this machine: its routes, callers, throttling, CORS and access logs are those of the
translated template, and behind it the functions' own binaries run as Lambda runs them.

A function is started by the first event for it, with the variables that the template gives it and no others,
by the Lambda runtime API. Between it and the S3 server is a guard that lets through what the function's role
allows. So a route, a permission, a variable or an allowance that is wrong in the template is a request that
fails.

Unlike on AWS, signatures are not verified (neither of callers nor of tokens), a function has one instance,
and connections are not encrypted.
"""

import base64
import collections
import contextlib
import http.client
import http.server
import json
import re
import sys
import threading
import time
import urllib.parse
import uuid

import stack as stacks
from lib import events, runtime_api


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are two writes, and the second would wait until the first is acknowledged.
    disable_nagle_algorithm = True

    def log_message(self, *_):
        """Logs nothing: the handlers keep what is worth knowing."""

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
        # An answer to HEAD has the length of the body that GET would send.
        if status not in (204, 304) and not any(name.lower() == "content-length" for name, _ in headers):
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    # Functions start at the same time, and so do their requests.
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """Ignores a caller that is gone: a function that fails ends while it is being answered."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@contextlib.contextmanager
def listening(handle, port=0):
    """Serves on the loopback address, and calls `handle` with each request; yields the address."""

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


# The action of a request about a whole bucket or about an object, by its method and by the part of its query
# that says what it is about. "" stands for none of these parts.
BUCKET_ACTIONS = {
    ("GET", ""): "s3:ListBucket",
    ("GET", "list-type"): "s3:ListBucket",
    ("HEAD", ""): "s3:ListBucket",
    ("GET", "uploads"): "s3:ListBucketMultipartUploads",
    ("GET", "versions"): "s3:ListBucketVersions",
    ("GET", "versioning"): "s3:GetBucketVersioning",
    ("PUT", "versioning"): "s3:PutBucketVersioning",
    ("GET", "location"): "s3:GetBucketLocation",
    ("GET", "lifecycle"): "s3:GetLifecycleConfiguration",
    ("PUT", "lifecycle"): "s3:PutLifecycleConfiguration",
    ("GET", "policy"): "s3:GetBucketPolicy",
    ("PUT", "policy"): "s3:PutBucketPolicy",
    ("DELETE", "policy"): "s3:DeleteBucketPolicy",
    ("PUT", ""): "s3:CreateBucket",
    ("DELETE", ""): "s3:DeleteBucket",
}
OBJECT_ACTIONS = {
    ("GET", ""): "s3:GetObject",
    ("HEAD", ""): "s3:GetObject",
    ("GET", "versionId"): "s3:GetObjectVersion",
    ("HEAD", "versionId"): "s3:GetObjectVersion",
    ("GET", "uploadId"): "s3:ListMultipartUploadParts",
    ("GET", "attributes"): "s3:GetObjectAttributes",
    ("GET", "tagging"): "s3:GetObjectTagging",
    ("PUT", "tagging"): "s3:PutObjectTagging",
    ("GET", "acl"): "s3:GetObjectAcl",
    ("PUT", "acl"): "s3:PutObjectAcl",
    # The right to put an object covers every step of an upload in parts, except to abort it.
    ("PUT", ""): "s3:PutObject",
    ("PUT", "uploadId"): "s3:PutObject",
    ("POST", "uploads"): "s3:PutObject",
    ("POST", "uploadId"): "s3:PutObject",
    ("DELETE", "uploadId"): "s3:AbortMultipartUpload",
    ("DELETE", ""): "s3:DeleteObject",
    ("DELETE", "versionId"): "s3:DeleteObjectVersion",
    ("POST", "restore"): "s3:RestoreObject",
}
# Parts of a query that do not change what a request is allowed by.
DETAILS = {
    *("prefix", "delimiter", "max-keys", "start-after", "continuation-token", "encoding-type", "fetch-owner"),
    *("key-marker", "upload-id-marker", "max-uploads", "version-id-marker", "partNumber", "x-id"),
    *("response-content-type", "max-parts", "part-number-marker"),
}


def actions_of(method, target, headers):
    """Returns the S3 actions that a request needs, each with its bucket and key. A request that is not known
    here needs an action that nobody has.
    """
    split = urllib.parse.urlsplit(target)
    bucket, _, key = urllib.parse.unquote(split.path).lstrip("/").partition("/")
    about = urllib.parse.parse_qs(split.query, keep_blank_values=True).keys() - DETAILS
    if not bucket:
        return [("s3:ListAllMyBuckets", "", "")]
    actions = OBJECT_ACTIONS if key else BUCKET_ACTIONS
    what = about.pop() if len(about) == 1 else "" if not about else "several"
    needed = [(actions.get((method, what), f"unknown:{method} {what}"), bucket, key)]
    if source := headers.get("x-amz-copy-source"):
        from_bucket, _, from_key = urllib.parse.unquote(source).lstrip("/").partition("/")
        needed.append(("s3:GetObject", from_bucket, from_key))
    return needed


class Guard:
    """A proxy in front of the S3 server that lets a function or a publisher do what its role allows and the
    bucket's policy does not deny.

    Requests come here without encryption, and stand for requests over TLS 1.3.
    """

    def __init__(self, role, endpoint, principal="", policy=None):
        self.role, self.policy = role, policy or {"Statement": []}
        self.context = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.3", "aws:PrincipalArn": principal}
        self.upstream = urllib.parse.urlsplit(endpoint).netloc
        self.read, self.refused, self.used = [], [], set()

    def may(self, action, bucket, key=""):
        resource = f"arn:aws:s3:::{bucket}" + (f"/{key}" if key else "")
        is_denied = stacks.denies(self.policy, action, resource, self.context)
        return stacks.allows(self.role, action, resource) and not is_denied

    def changed(self, request, answer):
        """Returns what the caller gets instead of the answer of the S3 server."""
        return answer

    def handle(self, request):
        split = urllib.parse.urlsplit(request.path)
        path = urllib.parse.unquote(split.path).lstrip("/")
        bucket, _, key = path.partition("/")
        needed = actions_of(request.command, request.path, request.headers)
        self.used |= {action for action, *_ in needed}
        missing = [action for action, *of in needed if not self.may(action, *of)]
        body = request.body()
        if missing:
            self.refused.append(f"{missing[0]} {path}")
            return self.deny(request)
        # Headers are signed, so they are passed on as they came, the host included.
        connection = http.client.HTTPConnection(self.upstream, timeout=30)
        connection.putrequest(request.command, request.path, skip_host=True, skip_accept_encoding=True)
        for name, value in request.headers.items():
            connection.putheader(name, value)
        connection.endheaders(body or None)
        response = connection.getresponse()
        found = self.changed(request, response.read())
        connection.close()
        if response.status == 404 and not self.may("s3:ListBucket", bucket):
            # S3 answers "denied", not "missing", to a caller who may not list.
            return self.deny(request)
        if response.status < 400:
            self.read.append(key)
        # The answer to HEAD has the length of the object. Without it, an object would look empty.
        own = {"transfer-encoding", "connection"} | ({"content-length"} if request.command != "HEAD" else set())
        kept = [(n, v) for n, v in response.getheaders() if n.lower() not in own]
        return request.answer(response.status, kept, found)

    @staticmethod
    def deny(request):
        text = b"<?xml version='1.0' encoding='UTF-8'?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        request.answer(403, [("content-type", "application/xml")], text)


def bucket_policy(stack):
    """Returns the policy of the stack's bucket."""
    (properties,) = stack.of("AWS::S3::BucketPolicy").values()
    return properties["PolicyDocument"]


class Function:
    """A function of the stack: one instance, started by the first event, and ended when it fails, as on
    Lambda."""

    def __init__(self, properties, binary, environment, log):
        self.properties, self.binary, self.log = properties, binary, log
        self.name = properties["FunctionName"]
        variables = properties.get("Environment", {}).get("Variables", {})
        self.environment = runtime_api.variables(self.name, properties["MemorySize"]) | {
            "AWS_LAMBDA_LOG_GROUP_NAME": properties["LoggingConfig"]["LogGroup"],
            "AWS_LAMBDA_LOG_FORMAT": properties["LoggingConfig"]["LogFormat"].upper(),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_REGION": stacks.REGION,
            "AWS_DEFAULT_REGION": stacks.REGION,
            "_HANDLER": properties["Handler"],
            "LAMBDA_TASK_ROOT": "/var/task",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
        }
        self.environment |= environment | {name: str(value) for name, value in variables.items()}
        self.lock = threading.Lock()
        self.instance = None

    def invoke(self, event):
        """Returns the answer to an event, as JSON."""
        with self.lock:
            if self.instance is None:
                self.instance = runtime_api.Instance(self.name, self.binary, self.environment, self.log)
            try:
                return json.loads(self.instance.invoke(json.dumps(event).encode(), float(self.properties["Timeout"])))
            except runtime_api.FunctionError:
                self.stop()
                raise

    def stop(self):
        if self.instance:
            self.instance.stop()
        self.instance = None


class Route:
    """A route of the template, with its integration and its authorizer."""

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
        """Returns how well the route matches and the path's parameters, or None if it does not match.

        HTTP APIs prefer whole names, then parameters, then the greedy parameter.
        """
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


class Throttle:
    """The bucket of tokens of one route, for all callers."""

    def __init__(self, limits):
        self.rate, self.burst = float(limits["ThrottlingRateLimit"]), float(limits["ThrottlingBurstLimit"])
        self.tokens, self.filled = self.burst, time.monotonic()
        self.lock = threading.Lock()

    def take(self):
        """Takes a token; returns whether there was one."""
        with self.lock:
            now = time.monotonic()
            self.tokens = min(self.burst, self.tokens + (now - self.filled) * self.rate)
            self.filled = now
            if self.tokens < 1:
                return False
            self.tokens -= 1
            return True


class Gateway:
    """The HTTP API of a stack. `functions` are running, by the names that the stack gives them."""

    def __init__(self, stack, functions):
        self.functions = functions
        self.use(stack)

    def use(self, stack):
        """Switches to the routes and settings of another stack, with the same functions."""
        self.stack = stack
        (self.api,) = stack.of("AWS::ApiGatewayV2::Api").values()
        (self.stage,) = stack.of("AWS::ApiGatewayV2::Stage").values()
        (logical,) = stack.of("AWS::ApiGatewayV2::Api")
        self.api_id = stack.identity(logical)
        self.routes = [Route(properties, stack) for properties in stack.of("AWS::ApiGatewayV2::Route").values()]
        unknown = self.stage.get("RouteSettings", {}).keys() - {route.key for route in self.routes}
        if unknown:
            raise stacks.Refused(f"Unable to find Route by key {sorted(unknown)} within the provided RouteSettings")
        self.throttles = {route.key: Throttle(self.limits(route.key)) for route in self.routes}
        self.access_log, self.faults, self.asked = [], [], collections.Counter()

    def limits(self, key):
        """Returns the limits of a route: its own, or the default."""
        return self.stage.get("RouteSettings", {}).get(key) or self.stage["DefaultRouteSettings"]

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
        if not self.throttles[route.key].take():
            return self.own(429, "Too Many Requests", context, "THROTTLED")
        refusal, authorizer = authorize(route, request.headers)
        if refusal:
            return self.own(*refusal, context, "ACCESS_DENIED")
        called = time.monotonic()
        try:
            event = self.event(request, body, route, parameters, authorizer)
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
            if request.command != "HEAD":
                headers = [(n, v) for n, v in headers if n.lower() != "content-length"]
            text = response.get("body") or ""
            return (
                response["statusCode"],
                headers,
                base64.b64decode(text) if response.get("isBase64Encoded") else text.encode(),
            )
        except (runtime_api.FunctionError, KeyError, stacks.Refused) as error:
            self.faults.append(f"{route.key}: {error}")
            return self.own(500, "Internal Server Error", context, "INTEGRATION_FAILURE")

    @staticmethod
    def own(status, message, context, kind):
        context["error.responseType"] = kind
        return status, [("content-type", "application/json")], json.dumps({"message": message}).encode()

    def function(self, route):
        """Returns the function behind a route; refuses if no permission lets the gateway call it."""
        arn = route.integration["IntegrationUri"]
        name = arn.rpartition(":")[2]
        source = f"arn:aws:execute-api:{stacks.REGION}:{stacks.ACCOUNT}:{self.api_id}"
        source += f"/{self.stage['StageName']}/{route.key.replace(' ', '', 1)}"
        for permission in self.stack.of("AWS::Lambda::Permission").values():
            whole = re.escape(permission["SourceArn"]).replace(r"\*", ".*")
            if (
                permission["FunctionName"] in (name, arn)
                and permission["Principal"] == "apigateway.amazonaws.com"
                and re.fullmatch(whole, source)
            ):
                return self.functions[name]
        raise stacks.Refused(f"no permission lets the gateway call {name}")

    def event(self, request, body, route, parameters, authorizer):
        """Returns the event that the function gets, in the payload format that its integration names."""
        if route.integration["PayloadFormatVersion"] != "2.0":
            raise stacks.Refused(
                f"{route.key} has the payload format {route.integration['PayloadFormatVersion']}, not 2.0"
            )
        return events.http(
            request.path,
            request.command,
            request.headers.items(),
            body,
            route=route.key,
            stage=self.stage["StageName"],
            parameters=parameters,
            authorizer=authorizer,
            domain=f"{self.api_id}.execute-api.{stacks.REGION}.amazonaws.com",
            account=stacks.ACCOUNT,
        )

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
        elif "ExposeHeaders" in rules:
            headers.append(("access-control-expose-headers", ",".join(rules["ExposeHeaders"])))
        return headers

    def log(self, context):
        """Writes a line of the access log, in the template's format."""
        unknown = set()

        def value(match):
            if match[1] not in context:
                unknown.add(match[1])
            return context.get(match[1], "-")

        line = re.sub(r"\$context\.([A-Za-z.]*[A-Za-z])", value, self.stage["AccessLogSettings"]["Format"])
        try:
            self.access_log.append(json.loads(line))
        except ValueError:
            self.faults.append(f"the access log has a line that is not JSON: {line}")
        if unknown:
            self.faults.append(f"the access log asks for {sorted(unknown)}")


def authorize(route, headers):
    """Returns a refusal or None, and what the event says about the caller."""
    given = headers.get("authorization", "")
    if route.authorization == "NONE":
        return None, None
    if route.authorization == "AWS_IAM":
        key = re.match(r"AWS4-HMAC-SHA256 Credential=(\w+)/\d{8}/[\w-]+/execute-api/aws4_request", given)
        if not key:
            return (403, "Forbidden"), None
        caller = {
            "accessKey": key[1],
            "accountId": stacks.ACCOUNT,
            "callerId": "AIDA",
            "cognitoIdentity": None,
            "principalOrgId": "",
            "userArn": f"arn:aws:iam::{stacks.ACCOUNT}:user/test",
            "userId": "AIDA",
        }
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
    """Runs the gateway of a stack and its functions; yields its address, itself, and the guard of each
    function.

    `binary` returns the path of a binary by its name, `endpoint` is that of the S3 server; functions log to
    `work`.
    """
    with contextlib.ExitStack() as closing:
        functions, guards = {}, {}
        policy = bucket_policy(stack)
        roles = {stack.attribute(name, "Arn"): properties for name, properties in stack.of("AWS::IAM::Role").items()}
        for properties in stack.of("AWS::Lambda::Function").values():
            name = stacks.binary_of(properties)
            guard = guards[name] = Guard(roles[properties["Role"]], endpoint, properties["Role"], policy)
            # The Lambda service gives a function the credentials of its role; the endpoint leads to the
            # guard.
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

"""Events as an HTTP API of API Gateway sends them to a function, in payload format 2.0."""

import base64
import re
import time
import urllib.parse
import uuid

DOMAIN = "example.execute-api.eu-west-1.amazonaws.com"
# What the gateway hands on as text; everything else goes in base64.
TEXT = re.compile(r"text/|application/(.*\+)?(json|xml)|application/(javascript|x-www-form-urlencoded)|image/svg\+xml")


def http(
    target,
    method="GET",
    headers=(),
    body=b"",
    *,
    route="$default",
    stage="$default",
    parameters=None,
    authorizer=None,
    domain=DOMAIN,
    account="123456789012",
):
    """Returns the event of a request. `target` is path and query, `headers` are pairs, `parameters` those of
    the path.
    """
    path, _, query = target.partition("?")
    given, cookies = {}, []
    for name, value in headers:
        name = name.lower()
        if name == "cookie":
            cookies += [cookie.strip() for cookie in value.split(";")]
        else:
            given[name] = f"{given[name]},{value}" if name in given else value
    given.setdefault("host", domain)
    given |= {"x-forwarded-for": "203.0.113.7", "x-forwarded-port": "443", "x-forwarded-proto": "https"}
    values = {}
    for name, value in urllib.parse.parse_qsl(query, keep_blank_values=True):
        values[name] = f"{values[name]},{value}" if name in values else value
    api = domain.partition(".")[0]
    event = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": query,
        "headers": given,
        "requestContext": {
            "accountId": account,
            "apiId": api,
            "domainName": domain,
            "domainPrefix": api,
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": given.get("user-agent", ""),
            },
            "requestId": uuid.uuid4().hex[:16],
            "routeKey": route,
            "stage": stage,
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime()),
            "timeEpoch": int(time.time() * 1000),
        },
        "isBase64Encoded": False,
    }
    optional = {"cookies": cookies, "queryStringParameters": values, "pathParameters": parameters}
    event |= {name: value for name, value in optional.items() if value}
    if authorizer:
        event["requestContext"]["authorizer"] = authorizer
    if body and TEXT.match(given.get("content-type", "")):
        event["body"] = body.decode("utf-8", "replace")
    elif body:
        event["body"], event["isBase64Encoded"] = base64.b64encode(body).decode(), True
    return event

"""The pages as a server gives them."""

import re
import sys
import urllib.request


def files(base):
    """Returns headers and bytes of each file of the pages by path, starting from `/` and following the names
    in it.
    """
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

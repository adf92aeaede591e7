"""A good request for each route, made from the OpenAPI document and from what the release has. A new route
needs no edit here, unless it requires a parameter that no other route has and whose schema has neither an
example, a default, a list of values nor a minimum."""

import collections
import dataclasses
import json
import urllib.parse

# Parameters that are given although a route can do without, because the amount of work depends on them.
SIZES = {"q": "the lov", "n": 10, "limit": 10}
# The pages, which are in no OpenAPI document.
SITE_FUNCTION, SITE = "site", {"/": "/", "/site/{*path}": "/site/app.js"}


@dataclasses.dataclass(frozen=True)
class Question:
    """One request. `path` is that of the route, `target` is what is asked, and `body` is JSON if the route
    takes a body.
    """

    method: str
    path: str
    target: str
    body: bytes | None = None
    function: str = SITE_FUNCTION

    @property
    def route(self):
        return f"{self.method} {self.path}"


def facts(ask, user="1"):
    """Returns values for parameters, by name; `ask(target)` must return the JSON that the release answers.

    `user` has rated something. Platform and year are the most frequent ones among the hundred most rated
    titles.
    """
    titles = ask("/titles?limit=100")["titles"]
    places = collections.Counter((title["platform"], title["year"]) for title in titles if title["year"])
    ((platform, year), _), *_ = places.most_common(1)
    rated = [rating["id"] for rating in ask(f"/users/{urllib.parse.quote(user)}?limit=5")["ratings"]]
    return {
        "platform": platform,
        "year": year,
        "scored": 3.5,
        "id": titles[0]["id"],
        "user_id": user,
        "ratings": [{"id": title_id, "rating": 4.5} for title_id in rated],
    }


def of_document(document, known):
    """Yields a question for every operation of an OpenAPI document, in order; `known` is what `facts`
    returned.
    """
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield _question(method.upper(), path, operation, known)


def of_site():
    """Returns the questions of the pages."""
    return [Question("GET", path, target) for path, target in SITE.items()]


def _question(method, path, operation, known):
    target, query = path, {}
    for parameter in operation["parameters"]:
        name = parameter["name"]
        if parameter["in"] == "path":
            value = known["user_id"] if path.startswith("/users/") else _value(parameter, known, path)
            target = target.replace(f"{{{name}}}", urllib.parse.quote(str(value)))
        elif parameter["required"] or name in SIZES:
            query[name] = _value(parameter, SIZES | known, path)
    if query:
        target += "?" + urllib.parse.urlencode(query)
    body = None
    if "requestBody" in operation:
        example = operation["requestBody"]["content"]["application/json"]["example"]
        body = json.dumps({name: known.get(name, value) for name, value in example.items()}).encode()
    return Question(method, path, target, body, operation["tags"][0])


def _value(parameter, known, path):
    name, schema = parameter["name"], parameter["schema"]
    if name in known:
        return known[name]
    for value in (parameter.get("example"), schema.get("default"), *schema.get("enum", []), schema.get("minimum")):
        if value is not None:
            return value
    raise ValueError(f"no value is known for the parameter {name!r} of {path}: add one to `facts` in {__file__}")

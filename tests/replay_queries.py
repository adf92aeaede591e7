#!/usr/bin/env python3
"""Asks a running Cartelera every question of a file of expected answers, and some of every other kind.

    python3 tests/replay_queries.py --expected ../shared/expected/queries.json http://127.0.0.1:8000
    python3 tests/replay_queries.py --expected FILE 'http://127.0.0.1:9000/lambda-url/{function}'

{function} is replaced by the name of the function that answers a route, which is looked up in the route
table. Without --expected, only questions that any data can answer are asked. --gateway says that an HTTP API
is in front of the functions, as infra/ deploys it, which answers 404 for a method that a path does not have.
Ends with 1 if an answer is not as expected.
"""

import argparse
import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

from lib import workspace


class Target:
    """Where questions go, what came back, and what was wrong with it."""

    def __init__(self, base, gateway=False):
        self.base = base.rstrip("/")
        self.gateway = gateway
        self.routes = workspace.deployment()["routes"] if "{function}" in base else []
        self.answers = []
        self.faults = []

    def url(self, path):
        """Returns the address of a path, without its query."""
        for route in self.routes:
            if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", route["path"]), path):
                return self.base.format(function=route["function"]) + path
        return self.base + path

    def ask(self, path, params=None, body=None):
        """Returns status and JSON body of an answer. Parameters that are None are left out. A body makes it a
        POST.
        """
        given = {name: value for name, value in (params or {}).items() if value is not None}
        query = "?" + urllib.parse.urlencode(given) if given else ""
        data = None if body is None else json.dumps(body).encode()
        status, kind, text = self.fetch(path, query, data)
        method = "GET" if data is None else "POST " + data.decode()
        self.answers.append(f"{method} {path}{query} {status} {text.decode()}")
        wanted = "application/json" if status < 400 else "application/problem+json"
        self.expect(kind == wanted, path + query, f"content type {kind}, not {wanted}")
        try:
            return status, json.loads(text)
        except ValueError:
            self.expect(False, path + query, f"status {status} with a body that is not JSON: {text[:200]!r}")
            return status, {}

    def no_route(self, path, body):
        """Expects that an HTTP API has no such route, and says so itself."""
        data = None if body is None else json.dumps(body).encode()
        status, _, text = self.fetch(path, "", data)
        self.answers.append(f"{path} {status} {text.decode()}")
        self.expect(status == 404 and json.loads(text) == {"message": "Not Found"}, path, f"{status} {text[:200]!r}")

    def fetch(self, path, query, data):
        """Returns status, content type and bytes of an answer."""
        request = urllib.request.Request(self.url(path) + query, data=data)
        if data is not None:
            request.add_header("content-type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, response.headers["content-type"], response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers["content-type"], error.read()

    def expect(self, holds, asked, fault):
        if not holds:
            self.faults.append(f"{asked}: {fault}")

    def fields(self, path, params, expected):
        """Asks, and compares fields of the answer with those expected, texts without regard to case. The status
        is 200 unless `status` is among them.
        """
        status, answered = self.ask(path, params)
        found, expected = lower(answered), lower(expected)
        wanted = expected.get("status", 200)
        asked = f"{path} {params}"
        self.expect(status == wanted, asked, f"status {status}, not {wanted}: {found}")
        for name, value in expected.items():
            if name == "ties" and "n_tied" in expected:
                # The file lists only the first of many.
                ties = found.get(name, [])
                self.expect(ties[: len(value)] == value, asked, f"ties are {ties!r}, and should begin with {value!r}")
            elif name == "n_tied":
                self.expect(len(found.get("ties", [])) == value, asked, f"{found} does not have {value} ties")
            elif name == "status":
                self.expect(found.get("status") == value, asked, f"the body gives status {found.get('status')}")
            else:
                self.expect(found.get(name) == value, asked, f"{name} is {found.get(name)!r}, not {value!r}")


def lower(value):
    """Returns a JSON value with all texts in lower case. The expected answers have names in lower case, and the
    API shows them as they are spelled.
    """
    if isinstance(value, dict):
        return {name: lower(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [lower(inner) for inner in value]
    return value.lower() if isinstance(value, str) else value


def replay(target, expected):
    """Asks every row of the file of expected answers; returns how many there are."""
    for row in expected["max_duration"]:
        params = {name: row[name] for name in ("year", "platform", "duration_type")}
        if "status" in row:
            wanted = {"status": row["status"]}
        else:
            wanted = {name: row[name] for name in ("duration", "duration_type", "id")} | {"ties": row["ids"]}
        target.fields("/get_max_duration", params, wanted)
    for row in expected["score_count"]:
        params = {name: row[name] for name in ("platform", "scored", "year")}
        target.fields("/get_score_count", params, params | {"count": row["count"]})
    for row in expected["count_platform"]:
        target.fields("/get_count_platform", {"platform": row["platform"]}, row)
    for row in expected["actor"]:
        params = {name: row[name] for name in ("platform", "year")}
        if "status" in row:
            wanted = {"status": row["status"]}
        else:
            wanted = {name: row[name] for name in ("platform", "year", "actor", "count", "ties", "n_tied")}
        target.fields("/get_actor", params, wanted)
    params = {"genre": "comedy", "by": "platform"}
    counts = [{"value": value, "count": n} for value, n in (("amazon", 2099), ("hulu", 667), ("disney", 526), ("netflix", 399))]
    target.fields("/get_count", params, {"by": "platform", "count": 3691, "counts": counts})
    documentaries = target.ask("/get_count", {"canonical_genre": "documentary", "by": "platform"})[1]
    target.expect(
        len(documentaries.get("counts", [])) == 4,
        "/get_count?canonical_genre=documentary",
        f"not on all four platforms: {documentaries}",
    )
    return 2 + sum(len(rows) for rows in expected.values() if isinstance(rows, list))


def recommend(target):
    """Asks the routes whose answers depend on the models: shapes and orders, and whether answers agree."""

    def listed(found, name, n, asked):
        items = found.get(name, [])
        target.expect(len(items) == n, asked, f"{len(items)} items, not {n}")
        target.expect(len({item["id"] for item in items}) == len(items), asked, "an item is listed twice")
        return items

    seen = []
    for n in (1, 5, 100):
        status, found = target.ask("/recommendations/1", {"n": n})
        target.expect(status == 200, "/recommendations/1", f"status {status}: {found}")
        strategy = found.get("strategy")
        target.expect(strategy in ("ranking", "factors", "biases"), "/recommendations/1", f"{strategy}")
        items = listed(found, "recommendations", n, "/recommendations/1")
        scores = [item["score"] for item in items]
        in_order = strategy == "ranking" or scores == sorted(scores, reverse=True)
        target.expect(in_order, "/recommendations/1", "scores are not in order")
        target.expect(items[: len(seen)] == seen, "/recommendations/1", "a longer list begins differently")
        seen = items
    for item in seen[:5]:
        status, found = target.ask("/predict", {"user_id": "1", "id": item["id"]})
        agrees = status == 200 and found.get("score") == item["score"]
        target.expect(agrees, "/predict", f"{found} does not agree with the list's {item}")
        if agrees:
            above = found["score"] >= found["threshold"]
            target.expect(found["recommended"] == above, "/predict", f"{found} contradicts itself")
        status, found = target.ask(f"/similar/{item['id']}", {"n": 3})
        target.expect(status == 200, f"/similar/{item['id']}", f"status {status}: {found}")
        similar = listed(found, "similar", 3, f"/similar/{item['id']}")
        target.expect(item["id"] not in [s["id"] for s in similar], "/similar", "a title is similar to itself")

    status, popular = target.ask("/recommendations/somebody@nowhere", {"n": 5})
    target.expect((status, popular.get("strategy")) == (200, "popular"), "/recommendations", f"{status} {popular}")
    rated = [{"id": item["id"], "rating": 5} for item in listed(popular, "recommendations", 5, "popular")]
    status, found = target.ask("/recommendations", body={"ratings": rated, "n": 7, "kind": "movie"})
    folded = status == 200 and found.get("strategy") in ("ranking_fold_in", "fold_in", "biases")
    target.expect(folded, "POST /recommendations", f"{status} {found}")
    items = listed(found, "recommendations", 7, "POST /recommendations")
    target.expect(all(item["kind"] == "movie" for item in items), "POST /recommendations", "the filter was lost")
    given = {rating["id"] for rating in rated}
    target.expect(not given & {item["id"] for item in items}, "POST /recommendations", "a rated title came back")


def titles(target):
    """Asks for titles by their names, page by page, and for what a user rated."""
    status, found = target.ask("/titles", {"limit": 3})
    target.expect(status == 200 and len(found["titles"]) == 3, "/titles", f"{status} {found}")
    for title in found.get("titles", []):
        status, one = target.ask(f"/titles/{title['id']}")
        target.expect((status, one) == (200, title), "/titles/{id}", f"{status} {one} is not {title}")
        asked = {"q": title["title"].upper(), "limit": 100}
        status, same = target.ask("/titles", asked)
        target.expect(title in same.get("titles", []), "/titles", f"{asked} does not find {title['id']}")
    status, second = target.ask("/titles", {"limit": 3, "cursor": found.get("next_cursor")})
    both = [title["id"] for title in found["titles"] + second.get("titles", [])]
    target.expect(len(set(both)) == 6, "/titles", f"two pages of three titles are {both}")
    status, user = target.ask("/users/1", {"limit": 100})
    ratings = [row["rating"] for row in user.get("ratings", [])]
    target.expect(status == 200 and ratings == sorted(ratings, reverse=True), "/users/1", f"{status} {user}")


def of_release(target):
    """Asks what the release says about its models and its data."""
    status, model = target.ask("/model")
    target.expect(status == 200 and len(model.get("release", "")) == 32, "/model", f"{status} {model}")
    measured = [row["measures"].get("rmse") for row in model.get("measures", [])]
    # A model whose parameters were given has no trials; one of the two has some.
    tried = model.get("rating_trials", []) + model.get("ranking_trials", [])
    target.expect(any(measured) and tried, "/model", "has no measure, or no trial")
    status, found = target.ask("/eda")
    agrees = found.get("overview", {}).get("ratings") == model.get("counts", {}).get("ratings")
    target.expect(
        status == 200 and agrees, "/eda", f"status {status}: {found.get('overview')} is not {model.get('counts')}"
    )


def problems(target):
    """Asks for one of each refusal."""
    for wanted, path, params, body in (
        (400, "/get_count_platform", {}, None),
        (400, "/get_count_platform", {"platform": "nowhere"}, None),
        (400, "/get_actor", {"platform": "netflix", "year": "soon"}, None),
        (400, "/get_score_count", {"platform": "netflix", "scored": 9, "year": 2018}, None),
        (404, "/get_max_duration", {"year": 1800}, None),
        (404, "/similar/zz0", {}, None),
        (404, "/predict", {"user_id": "1", "id": "zz0"}, None),
        (400, "/recommendations/1", {"n": 0}, None),
        (400, "/recommendations", {}, {"ratings": [{"id": "ns1", "rating": 50}]}),
        (405, "/recommendations", {}, None),
        (405, "/get_actor", {}, {}),
        (404, "/titles/zz0", {}, None),
        (404, "/users/somebody@nowhere", {}, None),
        (400, "/titles", {"cursor": "next"}, None),
        (413, "/recommendations", {}, {"ratings": [], "genre": "x" * 70_000}),
    ):
        if wanted == 405 and target.gateway:
            target.no_route(path, body)
            continue
        status, found = target.ask(path, params, body)
        target.expect(status == wanted, f"{path} {params}", f"status {status}, not {wanted}: {found}")
        target.expect(found.get("status") == wanted, f"{path} {params}", f"the body says {found}")


def run(base, expected=None, gateway=False):
    """Asks one target everything; returns it, with answers and faults."""
    target = Target(base, gateway)
    if expected is not None:
        replay(target, expected)
    recommend(target)
    titles(target)
    of_release(target)
    problems(target)
    return target


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "base", metavar="URL", help="where the routes are; {function} is replaced by the name of the function"
    )
    parser.add_argument("--expected", metavar="FILE", help="questions with their right answers, as JSON")
    parser.add_argument("--gateway", action="store_true", help="an HTTP API is in front of the functions")
    arguments = parser.parse_args()
    expected = None
    if arguments.expected:
        with open(arguments.expected, encoding="utf-8") as file:
            expected = json.load(file)
    target = run(arguments.base, expected, arguments.gateway)
    for fault in target.faults:
        print(fault, file=sys.stderr)
    print(f"{arguments.base}: {len(target.answers)} questions, {len(target.faults)} wrong")
    return 1 if target.faults else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Computes what a month costs, for the stack of infra/template.yaml: an ordinary one, and the worst one that the
default throttles allow.

python3 infra/cost.py                     # prints the tables
python3 infra/cost.py --seconds 0.02      # with another time for each request
python3 infra/cost.py --write             # puts the tables into infra/README.md
"""

import argparse
import math
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
README = HERE / "README.md"
TEMPLATE = HERE / "template.yaml"
TABLE = re.compile(r"^\| a month \|.*\n(?:\|.*\n)+", re.MULTILINE)
WORST_TABLE = re.compile(r"^\| route \|.*\n(?:\|.*\n)+", re.MULTILINE)

# List prices of us-east-1 in US dollars, as AWS published them in 2025 and early 2026, and what is free every
# month. Other regions cost up to a quarter more.
HTTP_API = [(300e6, 1.00e-6), (float("inf"), 0.90e-6)]  # requests
METERED_BYTES = 512 * 1024  # an answer counts as one more request for each of these that it begins
LAMBDA_REQUEST, LAMBDA_REQUESTS_FREE = 0.20e-6, 1e6
LAMBDA_GB_SECOND, LAMBDA_GB_SECONDS_FREE = 0.0000133334, 400e3  # arm64
S3_GET, S3_GB_MONTH = 0.40e-6, 0.023
LOGS_GB, LOGS_GB_FREE, LOGS_GB_MONTH = 0.50, 5, 0.03  # below 10 TB a month
TRACE, TRACES_FREE = 5.00e-6, 100e3
TRANSFER_GB = [(100, 0), (10_240, 0.09), (51_200, 0.085), (153_600, 0.07), (float("inf"), 0.05)]
METRIC, METRICS_FREE = 0.30, 10
ALARM_METRIC, ALARM_METRICS_FREE = 0.10, 10
DASHBOARD = 3.00  # three are free if they have at most 50 metrics; this one has more

# Assumptions about requests and data. Half a gigabyte is what `recommend` and `titles` have; the others have
# less. Logs: a line of the access log and the function's line with its metrics.
SECONDS, MEMORY_GB = 0.005, 0.5
BYTES_ANSWERED = 2_000
BYTES_LOGGED = 300 + 1_000
LOGS_COMPRESSED = 0.15
TRACED = 0.05
STORE_GB = 1
SECONDS_A_MONTH = 30 * 86_400
TTL = 60
# Answers of `recommend` are counted by strategy.
STRATEGIES = 7

# The bytes of the largest answer of each route, without compression, which a caller does not have to accept.
# Measured on `cartelera serve` of version 0.1.0 with a release of 22,998 titles, 3,606 users and 156,886 ratings:
# all titles, platforms, years or hundreds of users were tried, with `n` and `limit` 100, `reasons` 10, and a body
# of 1,000 ratings.
LARGEST = {
    "GET /get_max_duration": 160,
    "GET /get_score_count": 57,
    "GET /get_count_platform": 35,
    "GET /get_actor": 2_526,
    "GET /get_count": 4_334,
    "GET /recommendations/{user_id}": 118_975,
    "POST /recommendations": 113_783,
    "GET /predict": 356,
    "GET /similar/{id}": 23_169,
    "GET /titles": 23_646,
    "GET /titles/{id}": 338,
    "GET /users/{id}": 25_660,
    "GET /eda": 139_124,
    "GET /eda.html": 585_075,
    "GET /health": 908,
    "GET /model": 4_934,
    "GET /openapi.json": 53_237,
    "GET /docs": 831,
    "GET /docs/docs.js": 6_423,
    "GET /docs/docs.css": 1_709,
    "GET /": 2_678,
    "GET /site/{proxy+}": 19_743,
}


def counts():
    """Counts the functions that read a release, the metrics that functions write, and those that alarms
    watch.
    """
    template = TEMPLATE.read_text(encoding="utf-8")
    functions = template.count("Type: AWS::Serverless::Function")
    readers = template.count("ARTIFACT_URI: ")
    readers_of_users = template.count("/artifacts/users/*")
    # Three metrics for every function, two more for those that read a release, and two for those that read
    # users.
    written = 3 * functions + 2 * readers + 2 * readers_of_users + STRATEGIES
    # An alarm has a list of metrics, or one metric of its own.
    watched = template.count("MetricStat: ") + len(re.findall(r"^ {6}MetricName: ", template, re.MULTILINE))
    return readers, written, watched


def tiers(amount, prices):
    cost, below = 0.0, 0.0
    for limit, price in prices:
        cost += max(0.0, min(amount, limit) - below) * price
        below = limit
    return cost


def beyond(amount, free, price):
    return max(0.0, amount - free) * price


def throttles():
    """Returns the requests a second that each route accepts by default, by the route's key in API Gateway."""
    template = TEMPLATE.read_text(encoding="utf-8")
    defaults = dict(re.findall(r"^  (\w+):\n    Type: Number\n    Default: (\d+)\n", template, re.MULTILINE))
    own = dict(re.findall(r'^ *"(\S+ \S+)": \{ThrottlingRateLimit: !Ref (\w+),', template, re.MULTILINE))
    keys = re.findall(r'RouteKey: "([^"]+)"', template)
    return {key: int(defaults[own.get(key, "ThrottleRate")]) for key in keys}


def month(requests, seconds, sent=None, metered=None):
    """Returns the lines of the bill: what, how much of it, dollars. `sent` are gigabytes, and `metered` are
    the requests that the gateway counts; by default, answers are short.
    """
    n_readers, metrics, alarm_metrics = counts()
    gb_seconds = requests * seconds * MEMORY_GB
    # While requests keep coming, at least one instance of each function that reads a release stays warm.
    warm = max(float(n_readers), requests * seconds / SECONDS_A_MONTH) if requests else 0.0
    # The pointer is read once each TTL, and all artifacts by instances that live for two hours. Each request
    # reads the block of a user: the most expensive case, in which no block is in memory.
    gets = warm * SECONDS_A_MONTH / TTL + warm * SECONDS_A_MONTH / 7_200 * 5 + requests
    logs = requests * BYTES_LOGGED / 1e9
    # Lambda traces the first request of each second, and a share of the others.
    first = min(requests, SECONDS_A_MONTH)
    traces = first + (requests - first) * TRACED
    sent = requests * BYTES_ANSWERED / 1e9 if sent is None else sent
    metered = requests if metered is None else metered
    return [
        ("HTTP API", f"{metered:,.0f} requests", tiers(metered, HTTP_API)),
        ("Lambda, requests", f"{requests:,.0f}", beyond(requests, LAMBDA_REQUESTS_FREE, LAMBDA_REQUEST)),
        ("Lambda, arm64", f"{gb_seconds:,.0f} GB-s", beyond(gb_seconds, LAMBDA_GB_SECONDS_FREE, LAMBDA_GB_SECOND)),
        ("S3, GETs", f"{gets:,.0f}", gets * S3_GET),
        ("S3, storage", f"{STORE_GB} GB", STORE_GB * S3_GB_MONTH),
        ("Logs, written", f"{logs:,.1f} GB", beyond(logs, LOGS_GB_FREE, LOGS_GB)),
        ("Logs, kept 30 days", f"{logs * LOGS_COMPRESSED:,.1f} GB", logs * LOGS_COMPRESSED * LOGS_GB_MONTH),
        ("Traces", f"{traces:,.0f}", beyond(traces, TRACES_FREE, TRACE)),
        ("Data sent", f"{sent:,.0f} GB", tiers(sent, TRANSFER_GB)),
        ("Own metrics", f"{metrics if requests else 0}", beyond(metrics if requests else 0, METRICS_FREE, METRIC)),
        ("Alarms", f"{alarm_metrics} metrics", beyond(alarm_metrics, ALARM_METRICS_FREE, ALARM_METRIC)),
        ("Dashboard", "1", DASHBOARD),
    ]


def table(seconds=SECONDS):
    """Returns the bills of three months, as a table in Markdown."""
    sizes = (0, 1_000_000, 1_000_000_000)
    bills = [month(requests, seconds) for requests in sizes]
    lines = [
        "| a month | no requests | | 1 million | | 1 billion | |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for rows in zip(*bills, strict=True):
        cells = [cell for _, amount, dollars in rows for cell in (amount, f"${dollars:,.2f}")]
        lines.append(f"| {rows[0][0]} | " + " | ".join(cells) + " |")
    sums = [cell for bill in bills for cell in ("", f"**${sum(dollars for *_, dollars in bill):,.2f}**")]
    lines.append("| **together** | " + " | ".join(sums) + " |")
    return "\n".join(lines) + "\n"


def worst(keys, seconds=SECONDS):
    """Returns requests, gigabytes sent and the bill of a month in which these routes are asked as fast as
    their default throttles allow, always for their largest answer.
    """
    rates = throttles()
    requests = sent = metered = 0
    for key in keys:
        n = rates[key] * SECONDS_A_MONTH
        # An answer to HEAD has no body.
        n_bytes = 0 if key.startswith("HEAD ") else LARGEST[key]
        requests += n
        sent += n * n_bytes / 1e9
        metered += n * max(1, math.ceil(n_bytes / METERED_BYTES))
    return requests, sent, month(requests, seconds, sent, metered)


def dollars(bill, name=None):
    """Returns what one line of a bill costs, or all of it."""
    return sum(amount for of, _, amount in bill if name in (None, of))


def worst_table(seconds=SECONDS):
    """Returns the worst month of each route and of all of them together, as a table in Markdown."""
    rates = throttles()
    lines = [
        "| route | bytes | a second | million requests | GB sent | data | gateway | everything |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]

    def line(name, n_bytes, rate, keys):
        requests, sent, bill = worst(keys, seconds)
        parts = [dollars(bill, "Data sent"), dollars(bill, "HTTP API"), dollars(bill)]
        cells = [name, n_bytes, rate, f"{requests / 1e6:,.0f}", f"{sent:,.0f}", *(f"${of:,.0f}" for of in parts)]
        lines.append("| " + " | ".join(cells) + " |")

    for key in (key for key in rates if not key.startswith("HEAD ")):
        line(f"`{key}`", f"{LARGEST[key]:,}", str(rates[key]), [key])
    heads = [key for key in rates if key.startswith("HEAD ")]
    line(f"`HEAD`, {len(heads)} routes", "0", f"{sum(rates[key] for key in heads):,}", heads)
    line("**all at once**", "", f"{sum(rates.values()):,}", list(rates))
    return "\n".join(lines) + "\n"


def write(seconds=SECONDS):
    """Puts the tables into infra/README.md."""
    text = README.read_text(encoding="utf-8")
    text = WORST_TABLE.sub(lambda _: worst_table(seconds), TABLE.sub(lambda _: table(seconds), text))
    README.write_text(text, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="time that a request is billed")
    parser.add_argument("--write", action="store_true", help="put the tables into infra/README.md")
    args = parser.parse_args()
    if args.write:
        write(args.seconds)
    else:
        print(table(args.seconds), worst_table(args.seconds), sep="\n", end="")


if __name__ == "__main__":
    main()

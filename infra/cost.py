#!/usr/bin/env python3
"""What a month costs, with the arithmetic; infra/README.md holds what this prints.

python3 infra/cost.py [SECONDS_A_REQUEST]
"""

import sys

# List prices of us-east-1 in US dollars, as AWS published them in 2025 and early 2026, and what is free every month.
# Other regions cost up to a quarter more.
HTTP_API = [(300e6, 1.00e-6), (float("inf"), 0.90e-6)]  # requests
LAMBDA_REQUEST, LAMBDA_REQUESTS_FREE = 0.20e-6, 1e6
LAMBDA_GB_SECOND, LAMBDA_GB_SECONDS_FREE = 0.0000133334, 400e3  # arm64
S3_GET, S3_GB_MONTH = 0.40e-6, 0.023
LOGS_GB, LOGS_GB_FREE, LOGS_GB_MONTH = 0.50, 5, 0.03  # below 10 TB a month
TRACE, TRACES_FREE = 5.00e-6, 100e3
TRANSFER_GB, TRANSFER_GB_FREE = 0.09, 100
METRIC, METRICS_FREE = 0.30, 10
ALARM_METRIC, ALARM_METRICS_FREE = 0.10, 10
DASHBOARD = 3.00  # three are free, of those with at most 50 metrics; this one has more

# What is assumed of the requests and of the stack. Half a gigabyte is what `recommend` and `titles` have, the others have
# less. Logs: a line of access log and a function's line with its metrics.
SECONDS, MEMORY_GB = 0.005, 0.5
BYTES_ANSWERED = 2_000
BYTES_LOGGED = 300 + 1_000
LOGS_COMPRESSED = 0.15
TRACED = 0.05
STORE_GB = 1
# In namespace Cartelera: three metrics of every function, two of those that read a release, two of those that read users,
# and the strategies of `recommend`.
METRICS = 3 * 7 + 2 * 6 + 2 * 2 + 7
# The metrics that the template's alarms look at; a test compares.
ALARM_METRICS = 7 + 7 + 2 + 1 + 6 + 6
SECONDS_A_MONTH = 30 * 86_400
TTL = 60


def tiers(amount, prices):
    cost, below = 0.0, 0.0
    for limit, price in prices:
        cost += max(0.0, min(amount, limit) - below) * price
        below = limit
    return cost


def beyond(amount, free, price):
    return max(0.0, amount - free) * price


def month(requests, seconds):
    """Lines of the bill: what, how much of it, dollars."""
    gb_seconds = requests * seconds * MEMORY_GB
    # At least one instance of each function stays warm where requests come all the time.
    warm = max(6.0, requests * seconds / SECONDS_A_MONTH) if requests else 0.0
    # A look at the pointer each TTL, the fetches of instances that live for two hours, and one block a request in which
    # a user's row is looked up: the dearest case, in which nothing is found in memory.
    gets = warm * SECONDS_A_MONTH / TTL + warm * SECONDS_A_MONTH / 7_200 * 5 + requests
    logs = requests * BYTES_LOGGED / 1e9
    # Lambda traces the first request of each second and a share of the others.
    first = min(requests, SECONDS_A_MONTH)
    traces = first + (requests - first) * TRACED
    sent = requests * BYTES_ANSWERED / 1e9
    return [
        ("HTTP API", f"{requests:,.0f} requests", tiers(requests, HTTP_API)),
        ("Lambda, requests", f"{requests:,.0f}", beyond(requests, LAMBDA_REQUESTS_FREE, LAMBDA_REQUEST)),
        ("Lambda, arm64", f"{gb_seconds:,.0f} GB-s", beyond(gb_seconds, LAMBDA_GB_SECONDS_FREE, LAMBDA_GB_SECOND)),
        ("S3, GETs", f"{gets:,.0f}", gets * S3_GET),
        ("S3, storage", f"{STORE_GB} GB", STORE_GB * S3_GB_MONTH),
        ("Logs, written", f"{logs:,.1f} GB", beyond(logs, LOGS_GB_FREE, LOGS_GB)),
        ("Logs, kept 30 days", f"{logs * LOGS_COMPRESSED:,.1f} GB", logs * LOGS_COMPRESSED * LOGS_GB_MONTH),
        ("Traces", f"{traces:,.0f}", beyond(traces, TRACES_FREE, TRACE)),
        ("Data sent", f"{sent:,.0f} GB", beyond(sent, TRANSFER_GB_FREE, TRANSFER_GB)),
        ("Own metrics", f"{METRICS if requests else 0}", beyond(METRICS if requests else 0, METRICS_FREE, METRIC)),
        ("Alarms", f"{ALARM_METRICS} metrics", beyond(ALARM_METRICS, ALARM_METRICS_FREE, ALARM_METRIC)),
        ("Dashboard", "1", DASHBOARD),
    ]


def table(seconds=SECONDS):
    """The bills of three months, as Markdown."""
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
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS))

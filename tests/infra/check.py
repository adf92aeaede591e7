#!/usr/bin/env python3
"""Checks everything about infra/template.yaml, and the example infra/cloudfront.yaml, that can be checked
without an AWS account.

    python3 tests/infra/check.py                        # all of it, with debug builds
    python3 tests/infra/check.py --package              # with what is deployed, built by `cargo lambda build`
    python3 tests/infra/check.py --serve releases/demo  # serves the template's API here, until Ctrl-C

Runs cfn-lint, `sam validate --lint` and checkov. Compares what SAM's translator makes of the template, for
several parameters, with the route table. Creates the stack on a moto server. Runs the functions' binaries
behind a gateway whose routes, roles and variables are the template's, with releases on an S3 server.

Needs Rust, g++ and Python with venv; installs the tools from PyPI into target/infra.
"""

import argparse
import base64
import contextlib
import copy
import dataclasses
import hmac
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent / "infra")]
from lib import children, pages, questions, workspace
from lib.workspace import ROOT, SAMPLE, run, say

WORK = workspace.TARGET / "infra"
TEMPLATE = ROOT / "infra" / "template.yaml"
FRONT = ROOT / "infra" / "cloudfront.yaml"
# checkov pins packages that the others need in other versions, so it has an environment of its own.
VENVS = {
    "sam": ["aws-sam-cli==1.170.0", "aws-sam-translator==1.115.0", "cfn-lint==1.58.0", "moto[server]==5.2.5"],
    "checkov": ["checkov==3.3.30"],
}
ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_EC2_METADATA_DISABLED": "true",
    "SAM_CLI_TELEMETRY": "0",
    "SAM_CLI_CHECK_LATEST_VERSION": "0",
}
QUICK = ("--trials", 1, "--ranking-trials", 2, "--signal-splits", 0, "--factors", 4, "--epochs", 5)


def tools():
    """Makes the environments that are missing or outdated, and restarts the script in the one that has the
    translator.
    """
    for name, packages in VENVS.items():
        folder, mark = WORK / "venv" / name, WORK / "venv" / name / "packages"
        if not mark.exists() or mark.read_text(encoding="utf-8").split() != packages:
            say(f"installing {' '.join(packages)}")
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            subprocess.run([folder / "bin" / "pip", "install", "--quiet", *packages], check=True)
            mark.write_text("\n".join(packages), encoding="utf-8")
    venv = WORK / "venv" / "sam"
    if pathlib.Path(sys.prefix).resolve() != venv.resolve():
        python = str(venv / "bin" / "python")
        os.execve(python, [python, *sys.argv], os.environ | ENVIRONMENT)


def tool(venv, *command):
    """Returns what a tool prints. If the tool fails, shows it and ends the script."""
    command = [str(WORK / "venv" / venv / "bin" / command[0]), *map(str, command[1:])]
    ended = subprocess.run(command, cwd=ROOT, env=os.environ | ENVIRONMENT, capture_output=True, text=True)
    if ended.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {ended.returncode}:\n{ended.stdout}\n{ended.stderr}")
    return ended.stdout


class Checks:
    """How many checks passed, and how many failed."""

    def __init__(self):
        self.n_passed, self.n_failed = 0, 0

    def expect(self, holds, fault):
        if holds:
            self.n_passed += 1
        else:
            self.n_failed += 1
            say(f"  WRONG: {fault}")

    def none(self, faults, what):
        """Expects a list of faults to be empty."""
        self.n_passed += not faults
        self.n_failed += len(faults)
        for fault in faults:
            say(f"  WRONG: {what}: {fault}")


def linted(checks, template, translated):
    """Runs the three tools on the template and on what it becomes, and two of them on the example of
    CloudFront.
    """
    file = WORK / "translated.json"
    file.write_text(json.dumps(translated, indent=1), encoding="utf-8")
    for path in (TEMPLATE, file):
        tool("sam", "cfn-lint", path)
    tool("sam", "cfn-lint", "--regions", "us-east-1", "--", FRONT)
    tool("sam", "sam", "validate", "--lint", "--template", TEMPLATE)
    sources = {TEMPLATE: template, FRONT: stack.load(FRONT)}
    for path, at_least in ((TEMPLATE, 50), (file, 50), (FRONT, 4)):
        # A parameter's default carries the file's path, and checkov takes a path of forty characters for a
        # secret key: a copy under a short name avoids that.
        with tempfile.TemporaryDirectory(prefix="a_b-") as short:
            alike = shutil.copy(path, pathlib.Path(short) / path.name)
            said = tool(
                "checkov",
                "checkov",
                "--skip-download",
                "--soft-fail",
                "--framework",
                "cloudformation",
                "--compact",
                "-o",
                "json",
                "-f",
                alike,
            )
        report = json.loads(said)
        summary = report["summary"]
        checks.expect(summary["parsing_errors"] == 0 and summary["passed"] > at_least, f"checkov: {summary}")
        checks.none(
            [
                f"{found['check_id']} {found['resource']}: {found['check_name']}"
                for found in report["results"]["failed_checks"]
            ],
            f"checkov on {path.name}",
        )
        say(
            f"  checkov on {path.name}: {summary['passed']} passed, {summary['skipped']} excused, {summary['failed']} failed"
        )
        if path in sources:
            used = {(c["resource"].split(".")[1], c["check_id"]) for c in report["results"]["skipped_checks"]}
            for name, resource in sources[path]["Resources"].items():
                for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", []):
                    checks.expect(
                        (name, skip["id"]) in used, f"{name} is excused from {skip['id']}, which does not apply to it"
                    )
                    checks.expect(len(skip["comment"]) > 20, f"{name} is excused from {skip['id']} without a reason")


KEY = "0123456789abcdef0123456789abcdef"

# The example of RFC 8410, section 10.1.
RELEASE_KEY = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"

COMBINATIONS = [
    {},
    {
        "Architecture": "x86_64",
        "CorsOrigins": "https://a.example,https://b.example",
        "LogRetention": 7,
        "ThrottleRate": 5,
        "ThrottleBurst": 9,
        "HeavyThrottleRate": 2,
        "RecommendThrottleRate": 3,
        "BusyPercent": 80,
    },
    {
        "Access": "iam",
        "CallerKey": KEY,
        "AlarmEmail": "a@b.example",
        "MonthlyBudgetUsd": 20,
        "Prefix": "a/b_c",
        "ArtifactTtl": 5,
        "StaleDays": 2,
        "PublisherPrincipals": "arn:aws:iam::123456789012:role/ci,arn:aws:iam::123456789012:user/ana",
        "ReservedConcurrency": 5,
        "DomainName": "films.example.org",
        "DomainCertificate": CERTIFICATE,
    },
    {
        "Access": "jwt",
        "JwtIssuer": "https://issuer.example",
        "JwtAudience": "one,two",
        "CallerKey": KEY,
        "SubjectClaim": "https://films.example/user",
        "CorsOrigins": "*",
        "LatencyMilliseconds": 50,
        "ClientErrorPercent": 10,
        "HourlyGigabytes": 0.5,
        "DomainName": "films.example.org",
        "DomainCertificate": CERTIFICATE,
        "DisableExecuteApiEndpoint": "true",
    },
    {
        "QueryMemory": 128,
        "CatalogMemory": 1769,
        "VersionRetention": 1,
        "AlarmEmail": "a@b.example",
        "PersonalRoutes": "open",
    },
    {"Access": "iam", "CallerKey": KEY, "PersonalRoutes": "off"},
    {"ReleaseKeys": RELEASE_KEY},
    {"ReleaseKeys": f"{RELEASE_KEY},{RELEASE_KEY}"},
]

REFUSED = [
    {"Architecture": "x86-64"},
    {"Access": "everybody"},
    {"Access": "jwt", "CallerKey": KEY},
    {"Access": "jwt", "JwtIssuer": "https://issuer.example", "CallerKey": KEY},
    {"Access": "jwt", "JwtIssuer": "http://issuer.example", "JwtAudience": "one", "CallerKey": KEY},
    {"Access": "jwt", "JwtIssuer": "https://issuer.example", "JwtAudience": "one"},
    {"Access": "iam"},
    {"Access": "iam", "CallerKey": KEY[:31]},
    {"PersonalRoutes": "on"},
    {"PersonalRoutes": "subject"},
    {"Access": "iam", "CallerKey": KEY, "PersonalRoutes": "subject"},
    {"SubjectClaim": ""},
    {"Prefix": ""},
    {"Prefix": "/releases"},
    {"Prefix": "releases/"},
    {"Prefix": "a/../b"},
    {"Prefix": "a b"},
    {"ThrottleRate": 0},
    {"ThrottleBurst": "many"},
    {"LogRetention": 2},
    {"ArtifactTtl": 0},
    {"QueryMemory": 64},
    {"AlarmEmail": "nobody"},
    {"MonthlyBudgetUsd": 20},
    {"MonthlyBudgetUsd": -1, "AlarmEmail": "a@b.example"},
    {"ReleaseKeys": "release.pem"},
    {"ReleaseKeys": f"{RELEASE_KEY} {RELEASE_KEY}"},
    {"PublisherPrincipals": "*"},
    {"PublisherPrincipals": "arn:aws:iam::123456789012:role/ci,*"},
    {"PublisherPrincipals": "arn:aws:iam::*:role/ci"},
    {"PublisherPrincipals": "arn:aws:iam::123456789012:user/*"},
    {"PublisherPrincipals": "123456789012"},
    {"HeavyThrottleRate": 0},
    {"RecommendThrottleRate": 0},
    {"ReservedConcurrency": -1},
    {"ClientErrorPercent": 101},
    {"HourlyGigabytes": 0},
    {"DomainName": "films.example.org"},
    {"DomainCertificate": CERTIFICATE},
    {"DomainName": "https://films.example.org", "DomainCertificate": CERTIFICATE},
    {"DomainName": "films.example.org", "DomainCertificate": "films.pem"},
    {"DisableExecuteApiEndpoint": "true"},
    {"DisableExecuteApiEndpoint": "yes", "DomainName": "films.example.org", "DomainCertificate": CERTIFICATE},
    {"Stage": "prod"},
]


def changed(template, change):
    copied = copy.deepcopy(template)
    change(copied["Resources"])
    return copied


def refused(checks, template, parameters):
    """Expects that a template refuses each of some sets of parameters, with a reason."""
    for given in parameters:
        try:
            stack.Stack(template, **given)
            checks.expect(False, f"{given} is accepted")
        except stack.Refused as error:
            checks.expect(str(error), f"{given} is refused without a reason")


def asserted(checks, template, deployment):
    """Checks what the template becomes, for several parameters, what is refused, and that deliberate faults
    are found.
    """
    text = TEMPLATE.read_text(encoding="utf-8")
    remedy = "`cargo run -p tests --example deployment | python3 infra/generate.py` writes it"
    checks.expect(generate.filled(text, deployment) == text, f"infra/template.yaml is not up to date; {remedy}")
    for given in COMBINATIONS:
        checks.none(expectations.faults(stack.Stack(template, **given), deployment), f"with {given}")
    refused(checks, template, REFUSED)

    watched = sum(len(expectations.metrics_of(a)) for a in stack.Stack(template).of("AWS::CloudWatch::Alarm").values())
    _, _, counted = cost.counts()
    checks.expect(watched == counted, f"the alarms look at {watched} metrics, and infra/cost.py counts {counted}")
    readme = (ROOT / "infra" / "README.md").read_text(encoding="utf-8")
    checks.expect(
        cost.table() in readme and cost.worst_table() in readme,
        "the costs in infra/README.md are not up to date; `python3 infra/cost.py --write` writes them",
    )

    keys = {f"{of['method']} {generate.gateway_path(of['path'])}" for of in deployment["routes"]}
    checks.expect(cost.throttles().keys() == keys, "infra/cost.py does not find the routes in the template")
    sized = {key for key in keys if not key.startswith("HEAD ")}
    checks.expect(cost.LARGEST.keys() == sized, f"infra/cost.py has no size of {sized ^ cost.LARGEST.keys()}")

    def found(change, word):
        try:
            faults = expectations.faults(stack.Stack(changed(template, change)), deployment)
        except (stack.Refused, KeyError, ValueError) as error:
            faults = [repr(error)]
        checks.expect(any(word in fault for fault in faults), f"a fault is not found: no {word!r} in {faults}")

    resources = template["Resources"]
    routes = [name for name, r in resources.items() if r["Type"] == "AWS::ApiGatewayV2::Route"]
    for name in routes:
        key = resources[name]["Properties"]["RouteKey"]
        found(lambda r, name=name: r.pop(name), f"no route {key!r}")
        elsewhere = (
            "RecommendIntegration"
            if "Recommend" not in str(resources[name]["Properties"]["Target"])
            else "SiteIntegration"
        )
        found(lambda r, n=name, e=elsewhere: r[n]["Properties"].update(Target=f"integrations/{e}"), f"{key!r} goes to")
        found(lambda r, n=name: r[n]["Properties"].update(AuthorizationType="AWS_IAM"), "is for AWS_IAM")
    found(lambda r: r["RecommendRole"]["Properties"]["Policies"].pop(), "RecommendRole does not allow s3:GetObject")
    wide = {"Fn::Sub": "${Bucket.Arn}/*"}
    found(
        lambda r: r["GetActorRole"]["Properties"]["Policies"][1]["PolicyDocument"]["Statement"][0]["Resource"].append(
            wide
        ),
        "GetActorRole allows",
    )
    found(lambda r: r["Bucket"].pop("DeletionPolicy"), "is deleted with the stack")
    found(
        lambda r: r["Bucket"]["Properties"]["PublicAccessBlockConfiguration"].update(BlockPublicAcls=False),
        "may become public",
    )
    found(lambda r: r["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"].pop(0), "the bucket's policy denies")
    found(lambda r: r["Stage"]["Properties"].pop("DefaultRouteSettings"), "ThrottlingRateLimit")
    found(lambda r: r["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"].pop(), "the bucket's policy denies")
    found(
        lambda r: r["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"][2]["Action"].pop(0),
        "the bucket's policy denies",
    )
    found(
        lambda r: r["PublisherRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"].pop(1),
        "publishers lack",
    )
    found(
        lambda r: r["PublisherRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0].update(Principal="*"),
        "may be assumed by",
    )
    found(lambda r: r["Stage"]["Properties"]["RouteSettings"].pop("GET /eda"), "limits of their own")
    found(lambda r: r["Stage"]["DependsOn"].remove("RouteGetEda"), "the stage waits for")
    found(lambda r: r["Api"]["Properties"].pop("DisableExecuteApiEndpoint"), "DisableExecuteApiEndpoint")
    found(lambda r: r["RequestsAlarm"]["Properties"]["Metrics"][0].update(Expression="asked"), "RequestsAlarm is about")
    found(lambda r: r.pop("StaleReleaseAlarm"), "the alarms are")
    found(lambda r: r["ErrorsAlarm"]["Properties"]["Metrics"].pop(), "ErrorsAlarm lacks")
    found(lambda r: r["TitlesFunction"]["Properties"].update(Tracing="PassThrough"), "TracingConfig")
    found(lambda r: r.pop("SitePermission"), "who may call site")
    found(lambda r: r["SiteLogs"]["Properties"].pop("RetentionInDays"), "LogRetention")
    say(
        f"  {len(COMBINATIONS)} sets of parameters, {len(REFUSED)} that are refused, {3 * len(routes) + 19} faults that are found"
    )


FRONTED = {
    "OriginName": "origin-4f1c.example.org",
    "DomainName": "films.example.org",
    "Certificate": "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000",
}
FRONT_REFUSED = [
    {},
    FRONTED | {"OriginName": "films.example.org"},
    FRONTED | {"OriginName": "https://films.example.org"},
    FRONTED | {"Certificate": CERTIFICATE},
    FRONTED | {"RequestsPerAddress": 1},
]


def fronted(checks):
    """Checks what the example of CloudFront becomes, what it refuses, and that deliberate faults are found."""
    template = stack.load(FRONT)
    for given in ({}, {"RequestsPerAddress": 500, "PriceClass": "PriceClass_All"}):
        checks.none(expectations.front_faults(stack.Stack(template, **FRONTED, **given)), f"CloudFront with {given}")
    refused(checks, template, FRONT_REFUSED)

    def found(change, word):
        faults = expectations.front_faults(stack.Stack(changed(template, change), **FRONTED))
        checks.expect(any(word in fault for fault in faults), f"a fault is not found: no {word!r} in {faults}")

    def policy(resources):
        return resources["CachePolicy"]["Properties"]["CachePolicyConfig"]

    found(lambda r: policy(r).update(MinTTL=1), "whatever they say")
    found(lambda r: policy(r).update(DefaultTTL=60), "whatever they say")
    of_key = "ParametersInCacheKeyAndForwardedToOrigin"
    found(lambda r: policy(r)[of_key]["HeadersConfig"].update(Headers=["Origin"]), "to one caller")
    found(lambda r: policy(r)[of_key]["QueryStringsConfig"].update(QueryStringBehavior="none"), "taken for the same")
    found(lambda r: r["Firewall"]["Properties"]["Rules"][0].update(Action={"Count": {}}), "asks too much")
    found(lambda r: r["Firewall"]["Properties"]["Rules"].pop(2), "the groups of rules")

    def distribution(resources):
        return resources["Distribution"]["Properties"]["DistributionConfig"]

    found(lambda r: distribution(r).update(IPV6Enabled=True), "addresses of IPv6")
    found(lambda r: distribution(r).pop("IPV6Enabled"), "addresses of IPv6")
    found(lambda r: distribution(r)["DefaultCacheBehavior"].update(Compress=True), "may be compressed")
    found(lambda r: policy(r)[of_key].update(EnableAcceptEncodingGzip=False), "not asked for compressed")


def ask(url, path, method="GET", headers=None, body=None):
    """Returns status, headers and body of an answer."""
    request = urllib.request.Request(url + path, data=body, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def token(**claims):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"Bearer {part({'alg': 'RS256', 'kid': 'k'})}.{part(claims)}.c2ln"


class Probes:
    """One good request for each route, by the key that the route has in API Gateway."""

    def __init__(self, url):
        def ask_json(target):
            return json.loads(ask(url, target)[2])

        known = questions.facts(ask_json)
        asked = [*questions.of_document(ask_json("/openapi.json"), known), *questions.of_site()]
        asked += [dataclasses.replace(q, method="HEAD") for q in asked if q.method == "GET"]
        self.questions = {f"{q.method} {generate.gateway_path(q.path)}": q for q in asked}

    def ask(self, url, key):
        """Returns status and body of the answer."""
        question = self.questions[key]
        headers = {"content-type": "application/json"} if question.body else {}
        status, _, answer = ask(url, question.target, question.method, headers, question.body)
        return status, answer


def driven(checks, template, deployment, binary, cartelera, s3_server, environment, work):
    """Asks the functions behind the template's gateway, starting from an empty bucket."""
    # Enough for the replay, which asks as fast as it can.
    limits = ("ThrottleRate", "ThrottleBurst", "HeavyThrottleRate", "RecommendThrottleRate")
    plenty = {"PersonalRoutes": "open"} | dict.fromkeys(limits, 100000)
    whole = stack.Stack(template, **plenty)
    bucket = whole.outputs["Store"].removeprefix("s3://").partition("/")[0]
    data = ("--titles", SAMPLE / "titles", "--ratings", SAMPLE / "ratings")
    run(cartelera, "-q", "build", *data, *QUICK, "--store", work / "store")
    with contextlib.ExitStack() as closing:
        aws = closing.enter_context(children.s3_server(s3_server, work / "buckets", work / "s3.log"))
        (work / "buckets" / bucket).mkdir()
        endpoint = aws["AWS_ENDPOINT_URL"]
        url, gateway, guards = closing.enter_context(gateways.running(whole, binary, endpoint, work))

        say("an empty bucket, as right after `sam deploy`:")
        checks.expect(ask(url, "/")[0] == 200, "the pages do not answer before there is a release")
        for path in ("/health", "/health", "/get_actor?platform=netflix"):
            status, _, body = ask(url, path)
            checks.expect(
                (status, json.loads(body)) == (500, {"message": "Internal Server Error"}), f"{path}: {status} {body}"
            )
        said = (work / "titles.log").read_text(encoding="utf-8")
        checks.expect(
            "no such object" in said and "ended with 1" in gateway.faults[0],
            f"titles says {said}, and the gateway {gateway.faults}",
        )
        n_refused = len(gateway.faults)

        # publishing.py publishes as a publisher does, with that role and no other.
        run(
            cartelera,
            "-q",
            "publish",
            "--from",
            work / "store",
            "--store",
            whole.outputs["Store"],
            env=environment | aws,
        )
        say("with a release:")
        target = replay_queries.run(url, gateway=True)
        files = pages.files(url)
        checks.none(target.faults, "an answer")
        checks.expect(len(files) > 10, f"the pages have {len(files)} files")
        probes = Probes(url)
        for key in (route.key for route in gateway.routes):
            status, body = probes.ask(url, key)
            checks.expect(status == 200, f"{key}: {status} {body[:200]}")
        wanted = {f"{r['method']} {generate.gateway_path(r['path'])}" for r in deployment["routes"]}
        checks.expect(gateway.asked.keys() == wanted, f"these were not asked: {wanted - gateway.asked.keys()}")
        checks.none(gateway.faults[n_refused:], "the gateway")
        release = os.listdir(work / "store" / "artifacts")
        for name, guard in guards.items():
            checks.none(guard.refused, f"{name} was refused")
            kinds = deployment["functions"][name]["kinds"]
            prefix = whole.parameters["Prefix"]
            read = {key.removeprefix(f"{prefix}/") for key in guard.read}
            kinds_read = {key.split("/")[1] for key in read if key.startswith("artifacts/")}
            checks.expect(
                kinds_read == {kind for kind in kinds if kind in release},
                f"{name} read {sorted(read)}, and may read {kinds}",
            )
            others = {key for key in read if not key.startswith("artifacts/")}
            checks.expect(others <= {"current.json"}, f"{name} read {sorted(others)}")
        for name in deployment["functions"]:
            said = [json.loads(line) for line in (work / f"{name}.log").read_text(encoding="utf-8").splitlines()]
            named = {line["Function"] for line in said if line.get("message") == "request"}
            checks.expect(named == {f"{stack.STACK}-{name}"}, f"the metrics of {name} are those of {named}")
        lines = gateway.access_log
        checks.expect({line["route"] for line in lines} >= wanted, "the access log does not name every route")
        say(
            f"  {len(target.answers)} questions, {len(files)} files of pages, {len(wanted)} routes, {len(lines)} lines of access log"
        )

        details(checks, url)
        heads(checks, url, probes)
        for given in ({"CorsOrigins": "https://a.example"}, {"CorsOrigins": "*"}, {}):
            gateway.use(stack.Stack(template, **plenty, **given))
            cross_origin(checks, url, given.get("CorsOrigins"))
        callers(checks, url, gateway, template, plenty, probes)
        subjects(checks, template, binary, endpoint, work)
        gateway.use(stack.Stack(template, ThrottleRate=1, ThrottleBurst=3))
        statuses = [ask(url, "/health")[0] for _ in range(20)]
        checks.expect(
            statuses[0] == 200 and statuses.count(429) >= 10,
            f"3 at once and 1 a second are allowed, and 20 get {statuses}",
        )

        gateway.use(stack.Stack(template))
        statuses = {path: [ask(url, path, "HEAD")[0] for _ in range(20)] for path in ("/eda", "/health")}
        checks.expect(
            statuses["/eda"][0] == 200 and statuses["/eda"].count(429) >= 10 and set(statuses["/health"]) == {200},
            f"a route with a large answer is limited, and others are not: {statuses}",
        )
        try:
            gateway.use(stack.Stack(changed(template, lambda r: r.pop("RouteGetEda"))))
            checks.expect(False, "a limit of a route that does not exist is accepted")
        except stack.Refused as error:
            checks.expect("GET /eda" in str(error), f"a limit of a route that does not exist: {error}")

        say("routes and permissions that are taken out, one by one:")
        for name, route in whole.of("AWS::ApiGatewayV2::Route").items():
            gateway.use(stack.Stack(without_route(template, name, route["RouteKey"]), **plenty))
            status, body = probes.ask(url, route["RouteKey"])
            checks.expect(status in (400, 404), f"without {name} {route['RouteKey']} is {status} {body[:200]}")
        for name in whole.of("AWS::Lambda::Permission"):
            gateway.use(stack.Stack(changed(template, lambda r, name=name: r.pop(name)), **plenty))
            failing = [key for key in wanted if probes.ask(url, key)[0] == 500]
            checks.expect(failing, f"nothing fails without {name}")

        say("kinds that are taken out of the roles, one by one:")
        for name, about in deployment["functions"].items():
            route = next(r for r in deployment["routes"] if r["function"] == name)
            key = f"{route['method']} {generate.gateway_path(route['path'])}"
            for kind in [*about["kinds"], "current.json"] if about["kinds"] else []:
                narrow = stack.Stack(without(template, name, kind), **plenty)
                with gateways.running(narrow, binary, endpoint, work) as (url, _, guards):
                    status, body = probes.ask(url, key)
                refused = [r for r in guards[name].refused if f"/{kind}" in r]
                # A function does not ask for an artifact that the release does not have.
                wanted = (500, True) if kind in [*release, "current.json"] else (200, False)
                checks.expect(
                    (status, bool(refused)) == wanted,
                    f"{name} without {kind}: {status} {body[:200]}, refused {refused}",
                )


def without_route(template, name, key):
    """Returns the template without a route, and without its limits if it has its own."""

    def change(resources):
        resources.pop(name)
        stage = resources["Stage"]
        if stage["Properties"]["RouteSettings"].pop(key, None):
            stage["DependsOn"].remove(name)

    return changed(template, change)


def without(template, name, kind):
    """Returns the template with a role that does not allow its function to read one kind of artifact."""
    logical = generate.logical(name) + "Role"
    cut = f"/{kind}" if kind == "current.json" else f"/artifacts/{kind}/*"

    def change(resources):
        (statement,) = resources[logical]["Properties"]["Policies"][1]["PolicyDocument"]["Statement"]
        statement["Resource"] = [r for r in statement["Resource"] if not r["Fn::Sub"].endswith(cut)]

    return changed(template, change)


def details(checks, url):
    """Checks what a gateway adds to HTTP or takes away."""
    body = b'{"ratings":[],"n":1}'
    for kind in ("application/json", "application/json; charset=utf-8"):
        status, _, answer = ask(url, "/recommendations", "POST", {"content-type": kind}, body)
        checks.expect(status == 200 and len(json.loads(answer)["recommendations"]) == 1, f"{kind}: {status} {answer}")
    # The gateway sends a body that is not a known kind of text in base64, and the function decodes it.
    plain = ask(url, "/recommendations", "POST", {"content-type": "application/json"}, body[:-1])
    coded = ask(url, "/recommendations", "POST", {"content-type": "application/octet-stream"}, body[:-1])
    checks.expect(plain[0] == coded[0] == 400, f"half a body: {plain[0]} as text, {coded[0]} as bytes {coded[2]}")
    for path in (
        "/titles/%20",
        "/titles/..%2f",
        "/site/..%2fCargo.toml",
        "/site/",
        "/titles?q=%ff",
        "/titles?limit=1&limit=2",
        "/none",
    ):
        status, headers, answer = ask(url, path, headers={"cookie": "a=b; c=d"})
        checks.expect(status in (200, 400, 404) and json.loads(answer), f"{path}: {status} {answer[:200]}")
    etag = ask(url, "/")[1]["etag"]
    checks.expect(
        ask(url, "/", headers={"if-none-match": etag})[0] == 304, "a page is sent again to a browser that has it"
    )
    with contextlib.ExitStack() as closing:
        answers = []
        for _ in range(8):
            thread = threading.Thread(target=lambda: answers.append(ask(url, "/get_count_platform?platform=netflix")))
            thread.start()
            closing.callback(thread.join)
    checks.expect(len(answers) == 8 and len({(a[0], a[2]) for a in answers}) == 1, f"eight at once get {answers}")


def heads(checks, url, probes):
    """Checks that each route answers HEAD as it answers GET: with the same headers, and without the body."""
    for question in probes.questions.values():
        # The answer of /health counts seconds, so its length may change at any time.
        if question.method != "HEAD" or question.path == "/health":
            continue
        (status, headers, body), (found, same, nothing) = (ask(url, question.target, m) for m in ("GET", "HEAD"))
        # What the gateway says of the moment and of the request differs from one to the next.
        own = ("date", "x-amzn-trace-id")
        wanted, given = (
            sorted((n.lower(), v) for n, v in of.items() if n.lower() not in own) for of in (headers, same)
        )
        checks.expect(
            (found, nothing) == (status, b""), f"{question.route}: {found}, {len(nothing)} bytes, GET {status}"
        )
        checks.expect(given == wanted, f"{question.route} has the headers {given}, GET {wanted}")
        checks.expect(
            same["content-length"] == str(len(body)), f"{question.route}: {same['content-length']} of {len(body)}"
        )
    tag = ask(url, "/titles", "HEAD")[1]["etag"]
    found = ask(url, "/titles", "HEAD", {"if-none-match": tag})[0]
    checks.expect(found == 304, f"HEAD of what has not changed is {found}")


def cross_origin(checks, url, origins):
    """Checks the answers to what a browser asks before and when a page of another origin calls."""
    headers = {
        "origin": "https://a.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,if-none-match",
    }
    status, found, _ = ask(url, "/recommendations", "OPTIONS", headers)
    allowed = found.get("access-control-allow-origin")
    wanted = (204, origins) if origins else (404, None)
    checks.expect((status, allowed) == wanted, f"a preflight with CorsOrigins={origins}: {status} {allowed}")
    for name, value in (("methods", "HEAD"), ("methods", "POST"), ("headers", "if-none-match")):
        allowed = found.get(f"access-control-allow-{name}", "").split(",")
        checks.expect(not origins or value in allowed, f"a preflight does not allow {value}: {found}")
    found = ask(url, "/health", headers={"origin": "https://a.example"})[1]
    checks.expect(
        found.get("access-control-allow-origin") == origins, f"an answer with CorsOrigins={origins} has {found}"
    )
    exposed = found.get("access-control-expose-headers")
    checks.expect(exposed == ("etag" if origins else None), f"with CorsOrigins={origins}, a page may read {exposed}")
    if origins != "*":
        found = ask(url, "/health", headers={"origin": "https://b.example"})[1]
        checks.expect("access-control-allow-origin" not in found, "another origin is allowed")


def callers(checks, url, gateway, template, plenty, probes):
    """Checks who may call, with `Access=iam` and `Access=jwt`."""
    keys = [route.key for route in gateway.routes]
    signed = (
        "AWS4-HMAC-SHA256 Credential=AKIA/20260101/eu-west-1/execute-api/aws4_request, SignedHeaders=host, Signature=0"
    )
    issuer, soon = "https://issuer.example", time.time() + 60
    good = token(iss=issuer, aud="one", exp=soon, sub="somebody")
    wrong = [
        None,
        "Bearer x",
        token(iss="https://other.example", aud="one", exp=soon),
        token(iss=issuer, aud="three", exp=soon),
        token(iss=issuer, aud="one", exp=soon - 120),
    ]
    for given, right, refusals, status in (
        ({"Access": "iam", "CallerKey": KEY}, signed, [None, "Bearer x", good], 403),
        (
            {"Access": "jwt", "CallerKey": KEY, "JwtIssuer": issuer, "JwtAudience": "one,two"},
            good,
            [*wrong, signed],
            401,
        ),
    ):
        gateway.use(stack.Stack(template, **plenty, **given))
        for refused in refusals:
            found = ask(url, "/health", headers={"authorization": refused} if refused else {})[0]
            checks.expect(found == status, f"{given}: {refused} gets {found}")
        for key in keys:
            checks.expect(probes.ask(url, key)[0] == status, f"{given}: {key} answers anybody")
        found, _, body = ask(url, "/health", headers={"authorization": right})
        checks.expect(found == 200, f"{given}: {right} gets {found} {body}")


def subjects(checks, template, binary, endpoint, work):
    """Checks that by default nobody asks about a user if anybody may call, and users about themselves if they
    have tokens, whose callers the log names by a hash.
    """
    issuer, soon = "https://issuer.example", time.time() + 600
    jwt = {"Access": "jwt", "CallerKey": KEY, "JwtIssuer": issuer, "JwtAudience": "one", "SubjectClaim": "user"}
    personal = ("/users/1?limit=1", "/recommendations/1?n=1", "/predict?user_id=1&id=ns1")
    for given, name, user, status in (
        ({}, "off", None, 403),
        (jwt, "subject", "1", 200),
        (jwt, "subject", "2", 404),
        (jwt, "subject", None, 403),
    ):
        for log in work.glob("*.log"):
            log.unlink()
        claims = {"iss": issuer, "aud": "one", "exp": soon, "sub": "somebody"} | ({"user": user} if user else {})
        headers = {"authorization": token(**claims)} if given else {}
        with gateways.running(stack.Stack(template, **given), binary, endpoint, work) as (url, _, _):
            found = json.loads(ask(url, "/health", headers=headers)[2])["personal_routes"]
            checks.expect(found == name, f"{given}: personal routes are {found}, not {name}")
            for path in personal:
                found, _, body = ask(url, path, headers=headers)
                checks.expect(found == status, f"{given}: {path} for {user} is {found}, not {status}: {body[:300]}")
        said = (work / "recommend.log").read_text(encoding="utf-8").splitlines()
        lines = [line for line in map(json.loads, said) if line.get("message") == "request"]
        caller = hmac.digest(KEY.encode(), (user or "somebody").encode(), "sha256").hex()[:32] if given else None
        checks.expect(lines and all(line.get("caller") == caller for line in lines), f"the log of {user} names {lines}")


def serve(template, store, binary, cartelera, s3_server, environment, work, port):
    """Serves the API of the template on this machine, with a release from a folder."""
    whole = stack.Stack(template, PersonalRoutes="open")
    bucket = whole.outputs["Store"].removeprefix("s3://").partition("/")[0]
    with children.s3_server(s3_server, work / "buckets", work / "s3.log") as aws:
        (work / "buckets" / bucket).mkdir()
        run(cartelera, "publish", "--from", store, "--store", whole.outputs["Store"], env=environment | aws)
        with gateways.running(whole, binary, aws["AWS_ENDPOINT_URL"], work, port) as (url, gateway, _):
            say(f"listening on {url}")
            with contextlib.suppress(KeyboardInterrupt):
                threading.Event().wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", action="store_true", help="run what `cargo lambda build --profile function` makes")
    parser.add_argument("--serve", metavar="FOLDER", help="serve the release in a folder, and check nothing")
    parser.add_argument("--port", type=int, default=0, help="the port for --serve; a free one by default")
    given = parser.parse_args()

    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    cartelera, s3_server = workspace.build_cartelera(), workspace.build_s3_server()
    deployment = workspace.deployment()
    names = list(deployment["functions"])
    binary = workspace.build_functions(names, given.package)
    work = WORK / ("serve" if given.serve else "run")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    template = stack.load(TEMPLATE)
    if given.serve:
        store = pathlib.Path(given.serve).resolve()
        serve(template, store, binary, cartelera, s3_server, environment, work, given.port)
        return 0

    checks, began = Checks(), time.monotonic()

    def step(what):
        say(f"-- {what} ({time.monotonic() - began:.0f} s)")

    step("tools")
    linted(checks, template, stack.Stack(template).translated)
    step("what the template becomes")
    asserted(checks, template, deployment)
    fronted(checks)
    step("the script that deploys")
    deploying.check(checks, work / "deploying")
    step("what publishers may do, and others may not")
    publishing.check(checks, template, cartelera, s3_server, environment, work / "publishing")
    step("the stack on a moto server")
    sam = WORK / "venv" / "sam" / "bin" / "sam"
    checks.none(
        deployed.create(
            TEMPLATE, sam, names, binary, work / "moto", Architecture="x86_64", LogRetention=7, Prefix="a/b"
        ),
        "the stack",
    )
    step("the functions behind its gateway")
    driven(checks, template, deployment, binary, cartelera, s3_server, environment, work)
    step("done")
    say(f"infra: {checks.n_passed} passed, {checks.n_failed} failed")
    return 1 if checks.n_failed else 0


if __name__ == "__main__":
    tools()
    # These need the packages that `tools` installs.
    import cost
    import deployed
    import deploying
    import expectations
    import gateway as gateways
    import generate
    import publishing
    import replay_queries
    import stack

    sys.exit(main())

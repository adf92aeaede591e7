"""What must be true of the stack that the template becomes, with any parameters. A fault says what is wrong
and, if it is not obvious, what to write."""

import json
import re

import stack as stacks
from generate import gateway_path, limit


def faults(stack, deployment):
    """Returns everything that is wrong with a stack; `deployment` has the functions, their kinds of
    artifacts, and the routes.
    """
    found = []

    def expect(holds, fault):
        if not holds:
            found.append(fault)

    functions = functions_by_binary(stack, deployment, expect)
    api(stack, deployment, expect)
    domain(stack, expect)
    routes(stack, deployment, functions, expect)
    roles(stack, deployment, functions, expect)
    bucket(stack, expect)
    publisher(stack, expect)
    alarms(stack, deployment, functions, expect)
    dashboard(stack, deployment, functions, expect)
    budget(stack, expect)
    return found


def functions_by_binary(stack, deployment, expect):
    """Checks the functions; returns logical name and properties of each, by the name of its binary."""
    found = {}
    for logical, properties in stack.of("AWS::Lambda::Function").items():
        name = stacks.binary_of(properties)
        found[name] = (logical, properties)
        kinds = deployment["functions"].get(name, {}).get("kinds", [])
        expect(
            properties["FunctionName"] == f"{stacks.STACK}-{name}", f"{logical} is named {properties['FunctionName']}"
        )
        for key, value in {
            "Runtime": "provided.al2023",
            "Handler": "bootstrap",
            "Architectures": [stack.parameters["Architecture"]],
            "TracingConfig": {"Mode": "Active"},
            "Timeout": 10,
            "MemorySize": stack.parameters["CatalogMemory" if "titles" in kinds else "QueryMemory"],
            "LoggingConfig": {
                "LogGroup": f"/aws/lambda/{stacks.STACK}-{name}",
                "LogFormat": "JSON",
                "SystemLogLevel": "WARN",
            },
        }.items():
            expect(properties.get(key) == value, f"{logical}: {key} is {properties.get(key)!r}, not {value!r}")
        reserved = properties.get("ReservedConcurrentExecutions")
        wanted = stack.parameters["ReservedConcurrency"]
        expect(
            reserved == (wanted if float(wanted) else None), f"{logical} reserves {reserved} instances, not {wanted}"
        )
        variables = properties.get("Environment", {}).get("Variables", {})
        wanted = release_variables(stack) if kinds else {}
        expect(variables == wanted, f"{logical} has the variables {variables}, not {wanted}")
    expect(
        found.keys() == deployment["functions"].keys(),
        f"the functions are {sorted(found)}, not {sorted(deployment['functions'])}",
    )
    groups = {p["LogGroupName"]: p for p in stack.of("AWS::Logs::LogGroup").values()}
    wanted = {f"/aws/lambda/{stacks.STACK}-{name}" for name in deployment["functions"]} | {
        f"/aws/vendedlogs/apis/{stacks.STACK}"
    }
    expect(groups.keys() == wanted, f"the log groups are {sorted(groups)}, not {sorted(wanted)}")
    for name, group in groups.items():
        days = group.get("RetentionInDays")
        expect(days == stack.parameters["LogRetention"], f"{name} is kept for {days} days, not LogRetention")
    return found


def release_variables(stack):
    """Returns the variables that a function that reads a release has."""
    given = stack.parameters
    by_access = {"public": "off", "iam": "open", "jwt": "subject"}[given["Access"]]
    variables = {
        "ARTIFACT_URI": stack.outputs["Store"],
        "ARTIFACT_TTL": given["ArtifactTtl"],
        "PERSONAL_ROUTES": by_access if given["PersonalRoutes"] == "by-access" else given["PersonalRoutes"],
        "SUBJECT_CLAIM": given["SubjectClaim"],
    }
    optional = {"CALLER_KEY": given["CallerKey"], "RELEASE_KEYS": given["ReleaseKeys"]}
    return variables | {name: value for name, value in optional.items() if value}


def api(stack, deployment, expect):
    """Expects one API with one stage: throttling, access logs, CORS, and who may call."""
    apis, stages = stack.of("AWS::ApiGatewayV2::Api"), stack.of("AWS::ApiGatewayV2::Stage")
    expect(len(apis) == len(stages) == 1, f"there are {len(apis)} APIs and {len(stages)} stages")
    (api_properties,), (stage,) = apis.values(), stages.values()
    expect(api_properties["ProtocolType"] == "HTTP", "the API is not an HTTP API")
    expect(
        stage["StageName"] == "$default" and stage["AutoDeploy"] is True,
        "the stage is not $default, or is not deployed automatically",
    )
    limits = stage.get("DefaultRouteSettings", {})
    for key, parameter in (("ThrottlingRateLimit", "ThrottleRate"), ("ThrottlingBurstLimit", "ThrottleBurst")):
        expect(limits.get(key) == stack.parameters[parameter], f"{key} is {limits.get(key)}, not {parameter}")
    keys = {f"{of['method']} {gateway_path(of['path'])}": limit(of) for of in deployment["routes"]}
    wanted = {key: stack.parameters[by] for key, by in keys.items() if by}
    wanted = {key: {"ThrottlingRateLimit": rate, "ThrottlingBurstLimit": rate} for key, rate in wanted.items()}
    own = stage.get("RouteSettings", {})
    expect(own == wanted, f"routes with limits of their own are {own}, not {wanted}")
    (made,) = (resource for resource in stack.made.values() if resource["Type"] == "AWS::ApiGatewayV2::Stage")
    first = {
        stack.resources[name]["Properties"]["RouteKey"] for name in made.get("DependsOn", []) if name in stack.made
    }
    expect(first == wanted.keys(), f"the stage waits for {sorted(first)}, and limits {sorted(wanted)}")
    logs = stage.get("AccessLogSettings", {})
    group = f"arn:aws:logs:{stacks.REGION}:{stacks.ACCOUNT}:log-group:/aws/vendedlogs/apis/{stacks.STACK}:*"
    expect(logs.get("DestinationArn") == group, f"access logs go to {logs.get('DestinationArn')}")
    line = json.loads(logs.get("Format", "{}"))
    expect(
        {"$context.routeKey", "$context.status", "$context.requestId"} <= set(line.values()),
        f"the access log says {line}",
    )
    personal = ("identity", "sourceIp", "userAgent", "path", "authorizer", "queryString")
    expect(
        not any(word in value for value in line.values() for word in personal),
        f"something personal is in the access log: {line}",
    )
    origins = [origin for origin in stack.parameters["CorsOrigins"] if origin]
    cors = api_properties.get("CorsConfiguration")
    expect((cors or {}).get("AllowOrigins", []) == origins, f"CORS is {cors}, and CorsOrigins {origins}")
    if cors:
        expect("AllowCredentials" not in cors, "pages of other origins may send cookies, and should not")
        expect(
            cors["AllowMethods"] == ["GET", "HEAD", "POST"]
            and {"content-type", "if-none-match"} <= set(cors["AllowHeaders"])
            and cors["ExposeHeaders"] == ["etag"],
            f"CORS allows too little or much: {cors}",
        )
    authorizers = list(stack.of("AWS::ApiGatewayV2::Authorizer").values())
    if stack.parameters["Access"] == "jwt":
        wanted = {"Issuer": stack.parameters["JwtIssuer"], "Audience": stack.parameters["JwtAudience"]}
        expect([a["JwtConfiguration"] for a in authorizers] == [wanted], f"the authorizers are {authorizers}")
    else:
        expect(authorizers == [], f"there are authorizers that nothing uses: {authorizers}")


def domain(stack, expect):
    """Expects a domain name of one's own if one is asked for, and the other address to be off if that is."""
    (properties,) = stack.of("AWS::ApiGatewayV2::Api").values()
    given = stack.parameters
    off = given["DisableExecuteApiEndpoint"] == "true"
    expect(properties["DisableExecuteApiEndpoint"] is off, f"the gateway's own address: {properties}")
    name = given["DomainName"]
    found = list(stack.of("AWS::ApiGatewayV2::DomainName").values())
    certificate = {
        "CertificateArn": given["DomainCertificate"],
        "EndpointType": "REGIONAL",
        "SecurityPolicy": "TLS_1_2",
    }
    wanted = [{"DomainName": name, "DomainNameConfigurations": [certificate]}] if name else []
    expect(found == wanted, f"the domain names are {found}, not {wanted}")
    found = list(stack.of("AWS::ApiGatewayV2::ApiMapping").values())
    wanted = [{"ApiId": f"{stacks.STACK}-api", "DomainName": name, "Stage": "$default"}] if name else []
    expect(found == wanted, f"the mappings of domain names are {found}, not {wanted}")
    url = f"https://{name}" if name else f"https://{stacks.STACK}-api.execute-api.{stacks.REGION}.amazonaws.com"
    expect(stack.outputs["Url"] == url, f"the output Url is {stack.outputs['Url']}, not {url}")
    expect(("DomainTarget" in stack.outputs) == bool(name), f"the outputs are {sorted(stack.outputs)}")


def routes(stack, deployment, functions, expect):
    """Expects every route of the table and no other. Each is for the callers of `Access`, and leads to its
    function, which the gateway may call.
    """
    integrations = stack.of("AWS::ApiGatewayV2::Integration")
    binaries = {stack.attribute(logical, "Arn"): name for name, (logical, _) in functions.items()}
    found = {}
    kind = {"public": "NONE", "iam": "AWS_IAM", "jwt": "JWT"}[stack.parameters["Access"]]
    for logical, route in stack.of("AWS::ApiGatewayV2::Route").items():
        integration = integrations[route["Target"].removeprefix("integrations/")]
        key = route["RouteKey"]
        expect(key not in found, f"{key} is routed twice")
        found[key] = binaries.get(integration["IntegrationUri"])
        expect(
            route.get("AuthorizationType") == kind,
            f"{logical}: {key} is for {route.get('AuthorizationType')}, not {kind}",
        )
        expect(
            ("AuthorizerId" in route) == (kind == "JWT"),
            f"{logical}: {key} has the authorizer {route.get('AuthorizerId')}",
        )
    wanted = {f"{r['method']} {gateway_path(r['path'])}": r["function"] for r in deployment["routes"]}
    for key in sorted(wanted.keys() | found.keys()):
        if key not in found:
            expect(False, f"no route {key!r}, which {wanted[key]} answers: run infra/generate.py")
        elif key not in wanted:
            expect(False, f"the route {key!r} is not in the route table")
        else:
            expect(found[key] == wanted[key], f"{key!r} goes to {found[key]}, but {wanted[key]} answers it")
    for logical, integration in integrations.items():
        shape = (integration["IntegrationType"], integration["PayloadFormatVersion"], integration["TimeoutInMillis"])
        # The gateway waits longer than the function may take, so that a timeout is the function's and is
        # counted there.
        expect(shape == ("AWS_PROXY", "2.0", 12000), f"{logical} is {shape}")
    expect(
        sorted(map(str, binaries)) == sorted(i["IntegrationUri"] for i in integrations.values()),
        "each function has one integration",
    )
    permissions = stack.of("AWS::Lambda::Permission")
    source = f"arn:aws:execute-api:{stacks.REGION}:{stacks.ACCOUNT}:{stacks.STACK}-api/*/*"
    for name, (_, properties) in functions.items():
        own = [p for p in permissions.values() if p["FunctionName"] == properties["FunctionName"]]
        given = [(p["Action"], p["Principal"], p["SourceArn"]) for p in own]
        wanted = [("lambda:InvokeFunction", "apigateway.amazonaws.com", source)]
        expect(given == wanted, f"who may call {name} is {given}, not {wanted}")
    expect(len(permissions) == len(functions), "each function has one permission, and there are no others")


def roles(stack, deployment, functions, expect):
    """Expects one role for each function, which allows exactly what the function needs."""
    found = {n: role for n, role in stack.of("AWS::IAM::Role").items() if n != "PublisherRole"}
    used = {properties["Role"]: name for name, (_, properties) in functions.items()}
    expect(len(used) == len(functions), "each function has a role of its own")
    expect({stack.attribute(logical, "Arn") for logical in found} == used.keys(), "each role is a function's, but one")
    store = f"arn:aws:s3:::{stack.outputs['Store'].removeprefix('s3://')}"
    for logical, role in found.items():
        name = used[stack.attribute(logical, "Arn")]
        expect(not role.keys() & {"ManagedPolicyArns"}, f"{logical} has policies in addition to its own: {role}")
        trust = role["AssumeRolePolicyDocument"]["Statement"]
        only = [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]
        expect(trust == only, f"{logical} may be assumed by {trust}")
        given = set()
        for policy in role["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                expect(
                    statement.keys() == {"Effect", "Action", "Resource"} and statement["Effect"] == "Allow",
                    f"{logical}: {statement}",
                )
                given |= {
                    (a, r) for a in stacks.as_list(statement["Action"]) for r in stacks.as_list(statement["Resource"])
                }
        logs = f"arn:aws:logs:{stacks.REGION}:{stacks.ACCOUNT}:log-group:/aws/lambda/{stacks.STACK}-{name}:*"
        wanted = {("logs:CreateLogStream", logs), ("logs:PutLogEvents", logs)}
        wanted |= {("xray:PutTraceSegments", "*"), ("xray:PutTelemetryRecords", "*")}
        kinds = deployment["functions"].get(name, {}).get("kinds", [])
        wanted |= {("s3:GetObject", f"{store}/artifacts/{kind}/*") for kind in kinds}
        wanted |= {("s3:GetObject", f"{store}/current.json")} if kinds else set()
        for action, resource in sorted(wanted - given):
            expect(False, f"{logical} does not allow {action} on {resource}, and {name} needs it")
        for action, resource in sorted(given - wanted):
            expect(False, f"{logical} allows {action} on {resource}, and {name} does not need it")


def bucket(stack, expect):
    """Expects one bucket: private, versioned, encrypted, used only over TLS, and kept when the stack is
    deleted.
    """
    made = {name: r for name, r in stack.resources.items() if r["Type"] in ("AWS::S3::Bucket", "AWS::S3::BucketPolicy")}
    for name, resource in made.items():
        kept = (resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy"))
        expect(kept == ("Retain", "Retain"), f"{name} is deleted with the stack: {kept}")
    (properties,) = stack.of("AWS::S3::Bucket").values()
    expect(properties["VersioningConfiguration"] == {"Status": "Enabled"}, "the bucket keeps no versions")
    blocks = properties["PublicAccessBlockConfiguration"]
    names = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    expect(blocks == dict.fromkeys(names, True), f"the bucket may become public: {blocks}")
    encryption = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    expect(
        encryption == [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}],
        f"the bucket's encryption is {encryption}",
    )
    owner = properties["OwnershipControls"]["Rules"]
    expect(owner == [{"ObjectOwnership": "BucketOwnerEnforced"}], f"objects belong to {owner}")
    rules = {rule["Id"]: rule for rule in properties["LifecycleConfiguration"]["Rules"]}
    old = rules["old-versions"]
    days = stack.parameters["VersionRetention"]
    expect(
        old["Status"] == "Enabled" and old["NoncurrentVersionExpiration"] == {"NoncurrentDays": days},
        f"old versions: {old}",
    )
    expect(not any("ExpirationInDays" in r or "ExpirationDate" in r for r in rules.values()), "releases expire")
    uploads = rules["uploads-that-were-cut-off"]
    expect(uploads["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}, f"uploads: {uploads}")
    (policy,) = stack.of("AWS::S3::BucketPolicy").values()
    name = stack.identity(next(iter(stack.of("AWS::S3::Bucket"))))
    arns = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
    statements = policy["PolicyDocument"]["Statement"]
    expect(policy["Bucket"] == name, f"the policy is that of {policy['Bucket']}")
    for statement in statements:
        whole = (statement["Effect"], statement["Principal"])
        expect(whole == ("Deny", "*"), f"the bucket's policy says {statement}")
    denied = [(s["Action"], s["Resource"], s["Condition"]) for s in statements]
    publisher = stack.attribute("PublisherRole", "Arn")
    wanted = [
        ("s3:*", arns, {"Bool": {"aws:SecureTransport": "false"}}),
        ("s3:*", arns, {"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
        (WRITING, arns[1], {"ArnNotEquals": {"aws:PrincipalArn": publisher}}),
    ]
    expect(denied == wanted, f"the bucket's policy denies {denied}, not {wanted}")


# What changes or deletes an object. Whoever may change the bucket's policy or lifecycle is not stopped by it.
WRITING = [
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:AbortMultipartUpload",
    "s3:RestoreObject",
    "s3:ReplicateObject",
    "s3:ReplicateDelete",
]


def publisher(stack, expect):
    """Expects one role for publishers, which allows what the commands of `cartelera` need and nothing else,
    and may be assumed by those whom the parameter names.
    """
    role = stack.of("AWS::IAM::Role")["PublisherRole"]
    arn = stack.attribute("PublisherRole", "Arn")
    expect(stack.outputs["PublisherRole"] == arn, f"the output PublisherRole is {stack.outputs['PublisherRole']}")
    expect(not stack.of("AWS::IAM::ManagedPolicy"), "there are policies that could be attached to others")
    expect(not role.keys() & {"ManagedPolicyArns"}, f"publishers have policies in addition to their own: {role}")
    given = [arn for arn in stack.parameters["PublisherPrincipals"] if arn]
    who = given or f"arn:aws:iam::{stacks.ACCOUNT}:root"
    wanted = [{"Effect": "Allow", "Principal": {"AWS": who}, "Action": "sts:AssumeRole"}]
    found = role["AssumeRolePolicyDocument"]["Statement"]
    expect(found == wanted, f"the role of publishers may be assumed by {found}, not {wanted}")
    statements = [s for policy in role["Policies"] for s in policy["PolicyDocument"]["Statement"]]
    found = {(a, r) for s in statements for a in stacks.as_list(s["Action"]) for r in stacks.as_list(s["Resource"])}
    store = stack.outputs["Store"].removeprefix("s3://")
    whole, below = f"arn:aws:s3:::{store.partition('/')[0]}", f"arn:aws:s3:::{store}/*"
    wanted = {("s3:ListBucket", whole), ("s3:ListBucketMultipartUploads", whole)}
    wanted |= {(f"s3:{a}", below) for a in ("GetObject", "PutObject", "DeleteObject", "AbortMultipartUpload")}
    expect(found == wanted, f"publishers lack {sorted(wanted - found)}, and should not have {sorted(found - wanted)}")


def metrics_of(alarm):
    """Returns namespace, name, statistic and dimension of each metric that an alarm watches."""
    if "Metrics" not in alarm:
        alarm = {"Metrics": [{"MetricStat": {"Metric": alarm, "Stat": alarm.get("ExtendedStatistic")}}]}
    found = set()
    for metric in (m["MetricStat"] for m in alarm["Metrics"] if "MetricStat" in m):
        of = metric["Metric"]
        for dimension in of["Dimensions"]:
            found.add((of["Namespace"], of["MetricName"], metric["Stat"], dimension["Name"], dimension["Value"]))
    return found


def alarms(stack, deployment, functions, expect):
    """Expects alarms on errors, throttles, answers of 5xx and 4xx, p99, requests, bytes sent, stale releases
    and failed reloads, all sent to one topic.
    """
    found = stack.of("AWS::CloudWatch::Alarm")
    names = [properties["FunctionName"] for _, properties in functions.values()]
    readers = [
        properties["FunctionName"]
        for name, (_, properties) in functions.items()
        if deployment["functions"].get(name, {}).get("kinds")
    ]
    api_id = f"{stacks.STACK}-api"
    wanted = {
        "ErrorsAlarm": (0, {("AWS/Lambda", "Errors", "Sum", "FunctionName", n) for n in names}),
        "ThrottlesAlarm": (0, {("AWS/Lambda", "Throttles", "Sum", "FunctionName", n) for n in names}),
        "ServerErrorsAlarm": (1, {("AWS/ApiGateway", m, "Sum", "ApiId", api_id) for m in ("5xx", "Count")}),
        "LatencyAlarm": (
            stack.parameters["LatencyMilliseconds"],
            {("AWS/ApiGateway", "Latency", "p99", "ApiId", api_id)},
        ),
        "RequestsAlarm": (stack.parameters["BusyPercent"], {("AWS/ApiGateway", "Count", "Sum", "ApiId", api_id)}),
        "ClientErrorsAlarm": (
            stack.parameters["ClientErrorPercent"],
            {("AWS/ApiGateway", m, "Sum", "ApiId", api_id) for m in ("4xx", "Count")},
        ),
        "BytesSentAlarm": (
            stack.parameters["HourlyGigabytes"],
            {("AWS/ApiGateway", "DataProcessed", "Sum", "ApiId", api_id)},
        ),
        "StaleReleaseAlarm": (
            stack.parameters["StaleDays"],
            {("Cartelera", "ReleaseAge", "Maximum", "Function", n) for n in readers},
        ),
        "ReloadFailuresAlarm": (0, {("Cartelera", "ReloadFailures", "Sum", "Function", n) for n in readers}),
    }
    expect(found.keys() == wanted.keys(), f"the alarms are {sorted(found)}, not {sorted(wanted)}")
    for name in found.keys() & wanted.keys():
        alarm, (threshold, metrics) = found[name], wanted[name]
        given = metrics_of(alarm)
        expect(alarm["Threshold"] == threshold, f"{name} is at {alarm['Threshold']}, not {threshold}")
        expect(
            given == metrics, f"{name} lacks {sorted(metrics - given)}, and should not have {sorted(given - metrics)}"
        )
        is_sent = alarm["AlarmActions"] == alarm["OKActions"] == [stack.outputs["AlarmTopic"]]
        is_quiet = alarm["TreatMissingData"] == "notBreaching"
        expect(is_sent and is_quiet, f"{name} is not sent to the topic, or rings without requests")
        expressions = [m["Id"] for m in alarm.get("Metrics", []) if m.get("ReturnData", True)]
        expect(
            "Metrics" not in alarm or len(expressions) == 1,
            f"{name} has the expressions {expressions}, and must have one",
        )
        expect(alarm.get("AlarmDescription"), f"{name} has no description")
    (share,) = (m["Expression"] for m in found["RequestsAlarm"]["Metrics"] if "Expression" in m)
    expect(share == f"100 * asked / 300 / {stack.parameters['ThrottleRate']}", f"RequestsAlarm is about {share}")
    subscriptions = [(s["Protocol"], s["Endpoint"]) for s in stack.of("AWS::SNS::Subscription").values()]
    mail = stack.parameters["AlarmEmail"]
    expect(subscriptions == ([("email", mail)] if mail else []), f"alarms are sent to {subscriptions}")


def dashboard(stack, deployment, functions, expect):
    """Expects one dashboard, with every metric that the functions write."""
    (properties,) = stack.of("AWS::CloudWatch::Dashboard").values()
    body = json.loads(properties["DashboardBody"])
    places = set()
    for widget in body["widgets"]:
        places.add((widget["x"], widget["y"]))
        expect(
            widget["properties"]["region"] == stacks.REGION and widget["properties"]["metrics"],
            f"a widget shows nothing: {widget}",
        )
    expect(len(places) == len(body["widgets"]), "widgets are on top of each other")
    searches = [
        e["expression"] for w in body["widgets"] for (e, *_) in w["properties"]["metrics"] if isinstance(e, dict)
    ]
    of_users = {name for name in functions if "users" in deployment["functions"].get(name, {}).get("kinds", [])}
    for name, whose in (
        ("Latency", set(functions)),
        ("ColdStart", set(functions)),
        ("ReleaseAge", set(functions)),
        ("ReloadFailures", set(functions)),
        ("BlockCacheHits", of_users),
        ("BlockCacheMisses", of_users),
        ("Answers", {"recommend"}),
    ):
        wanted = {functions[of][1]["FunctionName"] for of in whose}
        # Functions are named because another stack in the region writes to the same namespace.
        shown = [
            set(re.findall(r'"([^"]+)"', search.split(" Function=", 1)[1]))
            for search in searches
            if f'MetricName="{name}"' in search and " Function=" in search
        ]
        expect(shown == [wanted], f"the dashboard shows {name} of {shown}, not of {sorted(wanted)}")
    text = properties["DashboardBody"]
    for _, function in functions.values():
        expect(function["FunctionName"] in text, f"the dashboard does not show {function['FunctionName']}")


def budget(stack, expect):
    """Expects a budget if one is asked for."""
    amount = stack.parameters["MonthlyBudgetUsd"]
    found = [b["Budget"]["BudgetLimit"] for b in stack.of("AWS::Budgets::Budget").values()]
    wanted = [{"Amount": amount, "Unit": "USD"}] if float(amount) else []
    expect(found == wanted, f"the budgets are {found}, not {wanted}")


def front_faults(stack):
    """Returns everything that is wrong with a stack of infra/cloudfront.yaml."""
    found = []

    def expect(holds, fault):
        if not holds:
            found.append(fault)

    given = stack.parameters
    (distribution,) = (d["DistributionConfig"] for d in stack.of("AWS::CloudFront::Distribution").values())
    (firewall,) = stack.of("AWS::WAFv2::WebACL").values()
    expect(distribution["WebACLId"] == stack.attribute("Firewall", "Arn"), "the distribution has no firewall")
    expect(firewall["Scope"] == "CLOUDFRONT", f"the firewall is for {firewall['Scope']}")
    rules = {rule["Name"]: rule for rule in firewall["Rules"]}
    rate = rules["requests-per-address"]
    limit_of = {"AggregateKeyType": "IP", "EvaluationWindowSec": 300, "Limit": given["RequestsPerAddress"]}
    expect(rate["Statement"] == {"RateBasedStatement": limit_of}, f"addresses are limited by {rate['Statement']}")
    expect("Block" in rate["Action"], f"an address that asks too much gets {rate['Action']}")
    # The default is to answer on IPv6 too, where one caller may have any number of addresses.
    expect(distribution.get("IPV6Enabled") is False, "one caller may have many addresses of IPv6")
    groups = {
        rule["Statement"]["ManagedRuleGroupStatement"]["Name"]: rule
        for rule in rules.values()
        if "ManagedRuleGroupStatement" in rule["Statement"]
    }
    wanted = {f"AWSManagedRules{name}" for name in ("CommonRuleSet", "KnownBadInputsRuleSet", "AmazonIpReputationList")}
    expect(groups.keys() == wanted, f"the groups of rules are {sorted(groups)}, not {sorted(wanted)}")
    for name, rule in groups.items():
        expect(rule["OverrideAction"] == {"None": {}}, f"{name} only counts")
    common = groups["AWSManagedRulesCommonRuleSet"]["Statement"]["ManagedRuleGroupStatement"]
    overridden = [of["Name"] for of in common.get("RuleActionOverrides", [])]
    expect(overridden == ["SizeRestrictions_BODY"], f"these common rules only count: {overridden}")

    (origin,) = distribution["Origins"]
    expect(origin["DomainName"] == given["OriginName"], f"the API is at {origin['DomainName']}")
    expect(origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only", "the API may be asked without TLS")
    behavior = distribution["DefaultCacheBehavior"]
    expect(behavior["TargetOriginId"] == origin["Id"], f"requests go to {behavior['TargetOriginId']}")
    expect("CacheBehaviors" not in distribution, "some paths are treated otherwise")
    expect(behavior["ViewerProtocolPolicy"] == "redirect-to-https", "callers may ask without TLS")
    expect({"GET", "HEAD", "OPTIONS", "POST"} <= set(behavior["AllowedMethods"]), f"{behavior['AllowedMethods']}")
    expect(behavior["CachedMethods"] == ["GET", "HEAD"], f"answers to {behavior['CachedMethods']} are kept")
    expect(behavior["Compress"] is False, "answers about a user may be compressed")
    (cache,) = (p["CachePolicyConfig"] for p in stack.of("AWS::CloudFront::CachePolicy").values())
    (name,) = stack.of("AWS::CloudFront::CachePolicy")
    expect(behavior["CachePolicyId"] == stack.identity(name), f"answers are kept by {behavior['CachePolicyId']}")
    # With a minimum above zero, CloudFront would keep answers that say `private` or `no-store`, and with a
    # default above zero those that do not say anything.
    times = (cache["MinTTL"], cache["DefaultTTL"])
    expect(times == (0, 0) and cache["MaxTTL"] > 0, f"answers are kept for {times} seconds, whatever they say")
    key = cache["ParametersInCacheKeyAndForwardedToOrigin"]
    expect(key["EnableAcceptEncodingGzip"] is True, "the API is not asked for compressed answers")
    headers = set(key["HeadersConfig"].get("Headers", []))
    expect({"Authorization", "Origin"} <= headers, f"the answer to one caller may be given to another: {key}")
    expect(key["QueryStringsConfig"] == {"QueryStringBehavior": "all"}, f"queries are taken for the same: {key}")
    (request,) = (p["OriginRequestPolicyConfig"] for p in stack.of("AWS::CloudFront::OriginRequestPolicy").values())
    sent = request["HeadersConfig"].get("Headers", [])
    expect("Host" not in sent and request["HeadersConfig"]["HeaderBehavior"] == "whitelist", f"the API gets {sent}")
    certificate = distribution["ViewerCertificate"]
    expect(certificate["AcmCertificateArn"] == given["Certificate"], f"the certificate is {certificate}")
    expect(certificate["MinimumProtocolVersion"] == "TLSv1.2_2021", f"callers may use {certificate}")
    expect(distribution["Aliases"] == [given["DomainName"]], f"the names are {distribution['Aliases']}")
    (headers,) = stack.of("AWS::CloudFront::ResponseHeadersPolicy").values()
    secured = headers["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]["StrictTransportSecurity"]
    expect(secured["AccessControlMaxAgeSec"] >= 31536000, f"browsers use https for {secured}")
    return found

#!/usr/bin/env python3
"""Writes the parts of infra/template.yaml that follow from the route table: a line for each route, the limits
of routes that have their own, six resources for each function, and the functions that alarms and the
dashboard look at. Then writes the tables of costs, which count them, into infra/README.md.

    cargo run -p tests --example deployment | python3 infra/generate.py

A part begins with a line `# generated: PART` and ends with the line `# end`; the rest of the template is
written by hand.
"""

import json
import pathlib
import re
import sys

import cost

TEMPLATE = pathlib.Path(__file__).resolve().parent / "template.yaml"
PART = re.compile(r"^(?P<indent> *)# generated: (?P<part>.*)\n(?:.*\n)*?(?P=indent)# end\n", re.MULTILINE)

ROUTE = (
    '{name}: {{Type: AWS::ApiGatewayV2::Route, Properties: {{ApiId: !Ref Api, RouteKey: "{method} {path}",'
    ' Target: !Sub "integrations/${{{function}Integration}}",'
    " AuthorizationType: !FindInMap [AuthorizationOf, !Ref Access, Type],"
    " AuthorizerId: !If [HasTokens, !Ref Authorizer, !Ref AWS::NoValue]}}}}"
)
# Routes with a limit of their own, and the parameter that sets it: those whose answers are large, and the one
# that takes the most work.
LIMITED = {
    **dict.fromkeys(
        ("/eda", "/eda.html", "/model", "/openapi.json", "/docs", "/docs/docs.js", "/docs/docs.css"),
        "HeavyThrottleRate",
    ),
    "POST /recommendations": "RecommendThrottleRate",
}
LIMIT = '"{method} {path}": {{ThrottlingRateLimit: !Ref {limit}, ThrottlingBurstLimit: !Ref {limit}}}'
METRIC = (
    "- {{Id: m{number}, ReturnData: false, MetricStat: {{Period: 300, Stat: {statistic}, Metric: {{Namespace: {namespace},"
    " MetricName: {metric}, Dimensions: [{{Name: {dimension}, Value: !Ref {function}Function}}]}}}}}}"
)
FUNCTION = """\
{function}Logs:
  Type: AWS::Logs::LogGroup
  Metadata:
    checkov:
      skip:
        - {{id: CKV_AWS_158, comment: "Encrypted by the service's key. Nothing personal is logged, and a key of one's own costs a dollar a month."}}
  Properties:
    LogGroupName: !Sub /aws/lambda/${{AWS::StackName}}-{name}
    RetentionInDays: !Ref LogRetention
{function}Role:
  Type: AWS::IAM::Role
  Properties:
    AssumeRolePolicyDocument:
      Version: "2012-10-17"
      Statement:
        - {{Effect: Allow, Principal: {{Service: lambda.amazonaws.com}}, Action: sts:AssumeRole}}
    Policies:
      - PolicyName: telemetry
        PolicyDocument:
          Version: "2012-10-17"
          Statement:
            - {{Effect: Allow, Action: [logs:CreateLogStream, logs:PutLogEvents], Resource: !GetAtt {function}Logs.Arn}}
            # Traces have no resource that could be named.
            - {{Effect: Allow, Action: [xray:PutTraceSegments, xray:PutTelemetryRecords], Resource: "*"}}
{artifacts}{function}Function:
  Type: AWS::Serverless::Function
  Metadata:
    checkov:
      skip:
        - {{id: CKV_AWS_116, comment: "Only the gateway calls it, and waits for the answer: there is no event to keep."}}
        - {{id: CKV_AWS_117, comment: "It reads a bucket by its role, and needs nothing in a private network."}}
        - {{id: CKV_AWS_173, comment: "Lambda's own key encrypts them. The one secret among them, if there is one, is the key of the names of callers in logs."}}
  Properties:
    FunctionName: !Sub ${{AWS::StackName}}-{name}
    CodeUri: ../target/lambda/{name}/
    MemorySize: !Ref {memory}
    Role: !GetAtt {function}Role.Arn
    LoggingConfig: {{LogGroup: !Ref {function}Logs}}
    ReservedConcurrentExecutions: !If [HasReserve, !Ref ReservedConcurrency, !Ref AWS::NoValue]
{variables}{function}Integration:
  Type: AWS::ApiGatewayV2::Integration
  Properties:
    ApiId: !Ref Api
    IntegrationType: AWS_PROXY
    IntegrationUri: !GetAtt {function}Function.Arn
    PayloadFormatVersion: "2.0"
    TimeoutInMillis: 12000
{function}Permission:
  Type: AWS::Lambda::Permission
  Properties:
    FunctionName: !Ref {function}Function
    Action: lambda:InvokeFunction
    Principal: apigateway.amazonaws.com
    SourceArn: !Sub arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{Api}}/*/*
"""
# Of functions that read a release.
ARTIFACTS = """\
      - PolicyName: artifacts
        PolicyDocument:
          Version: "2012-10-17"
          Statement:
            - Effect: Allow
              Action: s3:GetObject
              Resource:
                - !Sub ${Bucket.Arn}/${Prefix}/current.json
"""
ARTIFACT = "                - !Sub ${{Bucket.Arn}}/${{Prefix}}/artifacts/{kind}/*\n"
VARIABLES = """\
    Environment:
      Variables:
        ARTIFACT_URI: !Sub s3://${Bucket}/${Prefix}
        ARTIFACT_TTL: !Ref ArtifactTtl
        PERSONAL_ROUTES: !If [FollowsAccess, !FindInMap [PersonalRoutesOf, !Ref Access, Setting], !Ref PersonalRoutes]
        SUBJECT_CLAIM: !Ref SubjectClaim
        CALLER_KEY: !If [HasCallerKey, !Ref CallerKey, !Ref AWS::NoValue]
        RELEASE_KEYS: !If [HasReleaseKeys, !Ref ReleaseKeys, !Ref AWS::NoValue]
"""


def logical(name):
    """Returns the words of a name or path in letters and digits, as the template needs them: `get-actor`
    becomes `GetActor`.
    """
    return "".join(word.capitalize() for word in re.findall(r"[A-Za-z0-9]+", name))


def gateway_path(path):
    """Returns a path of the route table as API Gateway writes it."""
    return path.replace("{*path}", "{proxy+}")


def route_name(of):
    return f"Route{of['method'].capitalize()}{logical(gateway_path(of['path']))}"


def route(of):
    path = gateway_path(of["path"])
    return ROUTE.format(name=route_name(of), method=of["method"], path=path, function=logical(of["function"]))


def limit(of):
    """Returns the parameter that limits a route, or None if it has the limit of most routes."""
    return LIMITED.get(f"{of['method']} {of['path']}") or LIMITED.get(of["path"])


def function(name, kinds):
    artifacts = ARTIFACTS + "".join(ARTIFACT.format(kind=kind) for kind in kinds) if kinds else ""
    # The functions that keep the titles in memory need more of it.
    memory = "CatalogMemory" if "titles" in kinds else "QueryMemory"
    variables = VARIABLES if kinds else ""
    return FUNCTION.format(name=name, function=logical(name), artifacts=artifacts, memory=memory, variables=variables)


def generated(part, deployment):
    """Returns the lines of a part."""
    kinds = {of["function"]: deployment["functions"][of["function"]]["kinds"] for of in deployment["routes"]}
    match part.split():
        case ["routes"]:
            return [route(of) for of in deployment["routes"]]
        case ["limits"]:
            limited = [(of, limit(of)) for of in deployment["routes"] if limit(of)]
            return [LIMIT.format(method=of["method"], path=gateway_path(of["path"]), limit=by) for of, by in limited]
        case ["limited", "routes"]:
            return [f"- {route_name(of)}" for of in deployment["routes"] if limit(of)]
        case ["functions"]:
            return "".join(function(name, of) for name, of in kinds.items()).splitlines()
        case ["names"]:
            return [f"- !Ref {logical(name)}Function" for name in kinds]
        case ["metrics", namespace, metric, statistic, dimension, "of", whose]:
            names = [name for name, of in kinds.items() if of or whose == "all"]
            return [
                METRIC.format(
                    number=number,
                    namespace=namespace,
                    metric=metric,
                    statistic=statistic,
                    dimension=dimension,
                    function=logical(name),
                )
                for number, name in enumerate(names, 1)
            ]
    raise ValueError(f"{TEMPLATE}: there is no part {part!r}")


def filled(template, deployment):
    """Returns the text of the template with its generated parts up to date."""

    def fill(match):
        indent, part = match["indent"], match["part"]
        lines = [f"# generated: {part}", *generated(part, deployment), "# end"]
        return "".join(f"{indent}{line}\n" for line in lines)

    return PART.sub(fill, template)


if __name__ == "__main__":
    old = TEMPLATE.read_text(encoding="utf-8")
    new = filled(old, json.load(sys.stdin))
    TEMPLATE.write_text(new, encoding="utf-8")
    cost.write()
    print(f"{TEMPLATE} is up to date" if new == old else f"{TEMPLATE} is written")

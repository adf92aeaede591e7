"""The stack created on a moto server: what `sam package` uploads goes through SAM's translator to
CloudFormation.

moto's CloudFormation ignores HTTP APIs, alarms and most of a bucket, and says CREATE_COMPLETE all the same.
So bucket, functions, roles and log groups are looked up in their own services; the rest is in
expectations.py.
"""

import json
import logging
import os
import shutil
import subprocess
import sys
import warnings
import zipfile

import boto3
from moto.server import ThreadedMotoServer
from samtranslator.yaml_helper import yaml_parse

import stack as stacks

BUCKET = "code"
# They would log every request, and every resource that moto does not know.
for name in ("werkzeug", "moto"):
    logging.getLogger(name).setLevel(logging.ERROR)
warnings.filterwarnings("ignore", module="moto")


def stage(template, names, binary, work):
    """Puts the template and the folders that it names below `work`, as `cargo lambda build` leaves them."""
    (work / "infra").mkdir(parents=True)
    shutil.copy(template, work / "infra" / "template.yaml")
    for name in names:
        folder = work / "target" / "lambda" / name
        folder.mkdir(parents=True)
        # A debug build is mostly symbols, which nothing here looks at.
        subprocess.run(["strip", "-o", folder / "bootstrap", binary(name)], check=True)
    return work / "infra" / "template.yaml"


def create(template, sam, names, binary, work, **given):
    """Creates the stack of the template; returns what is wrong with it."""
    staged = stage(template, names, binary, work)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        return _create(staged, sam, endpoint, work, given)
    finally:
        server.stop()


def _create(staged, sam, endpoint, work, given):
    def client(service):
        return boto3.client(
            service,
            endpoint_url=endpoint,
            region_name=stacks.REGION,
            aws_access_key_id="key",
            aws_secret_access_key="secret",
        )

    s3, cloudformation = client("s3"), client("cloudformation")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": stacks.REGION})
    packaged = work / "packaged.yaml"
    command = [sam, "package", "--template-file", staged, "--s3-bucket", BUCKET, "--output-template-file", packaged]
    subprocess.run(
        [*map(str, command), "--no-progressbar"],
        check=True,
        env=os.environ | {"AWS_ENDPOINT_URL": endpoint},
        stdout=subprocess.DEVNULL,
        stderr=sys.stderr,
    )
    stack = stacks.Stack(yaml_parse(packaged.read_text(encoding="utf-8")), **given)
    texts = {name: ",".join(v) if isinstance(v, list) else v for name, v in stack.parameters.items()}
    cloudformation.create_stack(
        StackName=stacks.STACK,
        TemplateBody=json.dumps(stack.translated),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in texts.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    found = []

    def expect(holds, fault):
        if not holds:
            found.append(fault)

    (made,) = cloudformation.describe_stacks(StackName=stacks.STACK)["Stacks"]
    expect(made["StackStatus"] == "CREATE_COMPLETE", f"the stack is {made['StackStatus']}")
    resources = cloudformation.describe_stack_resources(StackName=stacks.STACK)["StackResources"]
    # What moto's CloudFormation does not know is listed without some fields, or not at all.
    physical = {
        r["LogicalResourceId"]: r["PhysicalResourceId"]
        for r in resources
        if {"LogicalResourceId", "PhysicalResourceId"} <= r.keys()
    }

    for logical in stack.of("AWS::S3::Bucket"):
        bucket = physical[logical]
        encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        algorithms = [rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] for rule in encryption]
        expect(algorithms == ["AES256"], f"{bucket} is encrypted by {algorithms}")

    roles = {}
    for role in client("iam").list_roles()["Roles"]:
        roles[role["RoleName"]] = role["Arn"]
    for logical, wanted in stack.of("AWS::IAM::Role").items():
        name = physical.get(logical)
        if name not in roles:
            expect(False, f"the role {logical} does not exist")
            continue
        policies = client("iam").list_role_policies(RoleName=name)["PolicyNames"]
        expect(
            sorted(policies) == sorted(p["PolicyName"] for p in wanted["Policies"]),
            f"{logical} has the policies {policies}",
        )

    functions = {f["FunctionName"]: f for f in client("lambda").list_functions()["Functions"]}
    wanted = {p["FunctionName"]: (logical, p) for logical, p in stack.of("AWS::Lambda::Function").items()}
    expect(functions.keys() == wanted.keys(), f"the functions are {sorted(functions)}, not {sorted(wanted)}")
    (bucket,) = (physical[name] for name in stack.of("AWS::S3::Bucket"))
    for name in functions.keys() & wanted.keys():
        function, (logical, properties) = functions[name], wanted[name]
        given = (function["Runtime"], function["Architectures"], str(function["MemorySize"]), function["Role"])
        role = roles.get(physical.get(logical.removesuffix("Function") + "Role"))
        expect(
            given == ("provided.al2023", properties["Architectures"], properties["MemorySize"], role),
            f"{name} is {given}, and its role {role}",
        )
        uri = function.get("Environment", {}).get("Variables", {}).get("ARTIFACT_URI")
        reads = "Environment" in properties
        expect(uri == (f"s3://{bucket}/{stack.parameters['Prefix']}" if reads else None), f"{name} reads from {uri}")
        code = client("lambda").get_function(FunctionName=name)["Code"]["Location"]
        expect(runs(s3, properties["Code"], work), f"{name} has the code {code}, which has no bootstrap that can run")

    groups = {g["logGroupName"]: g.get("retentionInDays") for g in client("logs").describe_log_groups()["logGroups"]}
    for properties in stack.of("AWS::Logs::LogGroup").values():
        name = properties["LogGroupName"]
        expect(
            groups.get(name) == int(stack.parameters["LogRetention"]),
            f"the log group {name} is kept for {groups.get(name)} days",
        )

    cloudformation.delete_stack(StackName=stacks.STACK)
    expect(client("lambda").list_functions()["Functions"] == [], "functions outlive the stack")
    left = [b["Name"] for b in s3.list_buckets()["Buckets"]]
    expect(bucket in left, f"the bucket was deleted with the stack; {left} are left")
    return found


def runs(s3, code, work):
    """Returns whether what was uploaded for a function is a `bootstrap` that may be executed, an ELF file."""
    archive = work / "code.zip"
    s3.download_file(code["S3Bucket"], code["S3Key"], str(archive))
    with zipfile.ZipFile(archive) as files:
        if files.namelist() != ["bootstrap"]:
            return False
        entry = files.getinfo("bootstrap")
        with files.open(entry) as file:
            return entry.external_attr >> 16 & 0o111 == 0o111 and file.read(4) == b"\x7fELF"

"""Runs every command of `cartelera` that uses a store with the role of publishers and the policy of the bucket.

Between the program and the S3 server is a guard, which tells the actions of S3 apart and lets through what the
role allows and the policy does not deny. So an action that the role lacks is a command that fails: this is
tried for each action of the role.
"""

import contextlib
import copy
import os
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request

import boto3
import gateway as gateways
import stack as stacks
from lib import children
from lib.workspace import SAMPLE, run, say

ROLE = "PublisherRole"
# How each action of the role is missed, if the role does not have it.
NEEDED_BY = {
    "s3:ListBucket": ("releases",),
    "s3:GetObject": ("show",),
    "s3:PutObject": ("rollback",),
    "s3:DeleteObject": ("gc", "--keep", "0", "--grace", "1h"),
    "s3:ListBucketMultipartUploads": ("gc", "--keep", "0", "--grace", "1h"),
    "s3:AbortMultipartUpload": ("gc", "--keep", "0", "--grace", "1h"),
}
ADMINISTRATOR = {
    "Policies": [{"PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}}]
}
# The example of RFC 8410, section 10.3: a key that everybody knows.
SIGNING_KEY = """\
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
"""
TWO_DAYS = 2 * 86_400
# What requests need, as the documentation of S3 says.
REQUESTS = [
    ("GET", "/", {}, ["s3:ListAllMyBuckets"]),
    ("GET", "/b?list-type=2&prefix=releases%2F", {}, ["s3:ListBucket"]),
    ("GET", "/b/?uploads&prefix=releases%2F", {}, ["s3:ListBucketMultipartUploads"]),
    ("GET", "/b?versions", {}, ["s3:ListBucketVersions"]),
    ("GET", "/b?versioning", {}, ["s3:GetBucketVersioning"]),
    ("PUT", "/b?policy", {}, ["s3:PutBucketPolicy"]),
    ("GET", "/b/k?x-id=GetObject", {}, ["s3:GetObject"]),
    ("HEAD", "/b/k", {}, ["s3:GetObject"]),
    ("GET", "/b/k?versionId=1", {}, ["s3:GetObjectVersion"]),
    ("PUT", "/b/k?x-id=PutObject", {}, ["s3:PutObject"]),
    ("PUT", "/b/k", {"x-amz-copy-source": "b/a%20b"}, ["s3:PutObject", "s3:GetObject"]),
    ("POST", "/b/k?uploads", {}, ["s3:PutObject"]),
    ("PUT", "/b/k?partNumber=1&uploadId=u", {}, ["s3:PutObject"]),
    ("POST", "/b/k?uploadId=u", {}, ["s3:PutObject"]),
    ("GET", "/b/k?uploadId=u", {}, ["s3:ListMultipartUploadParts"]),
    ("DELETE", "/b/k?uploadId=u", {}, ["s3:AbortMultipartUpload"]),
    ("DELETE", "/b/k?x-id=DeleteObject", {}, ["s3:DeleteObject"]),
    ("DELETE", "/b/k?versionId=1", {}, ["s3:DeleteObjectVersion"]),
    ("PUT", "/b/k?acl", {}, ["s3:PutObjectAcl"]),
    ("PUT", "/b/k?retention", {}, ["unknown:PUT retention"]),
    ("POST", "/b?delete", {}, ["unknown:POST delete"]),
    ("PUT", "/b/k?acl&versionId=1", {}, ["unknown:PUT several"]),
]


class Aging(gateways.Guard):
    """A guard that tells the caller that uploads began two days ago, so that `gc` takes them for abandoned."""

    def changed(self, request, answer):
        then = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() - TWO_DAYS)).encode()
        return re.sub(rb"<Initiated>[^<]*</Initiated>", b"<Initiated>" + then + b"</Initiated>", answer)


class Store:
    """The store of a stack on the S3 server, and the state that it is put back to before each command."""

    def __init__(self, stack, cartelera, aws, environment, work):
        self.address = stack.outputs["Store"]
        self.bucket, _, self.prefix = self.address.removeprefix("s3://").partition("/")
        self.buckets, self.saved = work / "buckets", work / "saved"
        self.cartelera, self.aws, self.environment, self.work = cartelera, aws, environment, work
        (self.buckets / self.bucket).mkdir(parents=True)
        self.client = boto3.client(
            "s3",
            endpoint_url=aws["AWS_ENDPOINT_URL"],
            region_name=aws["AWS_REGION"],
            aws_access_key_id=aws["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=aws["AWS_SECRET_ACCESS_KEY"],
        )

    def save(self):
        """Takes the current state for the one that `restore` puts back."""
        shutil.copytree(self.buckets, self.saved)

    def restore(self):
        """Puts the saved state back, with objects that are two days old and an upload that was cut off."""
        for upload in self.client.list_multipart_uploads(Bucket=self.bucket).get("Uploads", []):
            self.client.abort_multipart_upload(Bucket=self.bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        # The server keeps checksums in files next to the buckets.
        for entry in self.buckets.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        shutil.copytree(self.saved, self.buckets, dirs_exist_ok=True)
        then = time.time() - TWO_DAYS
        for folder, _, files in os.walk(self.buckets):
            for name in files:
                os.utime(os.path.join(folder, name), (then, then))
        self.client.create_multipart_upload(Bucket=self.bucket, Key=f"{self.prefix}/artifacts/titles/cut-off")

    def variables(self, endpoint):
        return self.environment | self.aws | {"AWS_ENDPOINT_URL": endpoint}

    @contextlib.contextmanager
    def guarded(self, role, principal, policy):
        """Yields a guard, and a function that runs a command behind it and returns how it ended."""
        guard = Aging(role, self.aws["AWS_ENDPOINT_URL"], principal, policy)
        with gateways.listening(guard.handle) as address:
            environment = self.variables(f"http://{address}")

            def command(*words):
                words = [str(word) for word in (self.cartelera, "-q", *words, "--store", self.address)]
                return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=300)

            guard.variables = environment
            yield guard, command


def without(template, action):
    """Returns the template with a role of publishers that does not allow an action."""
    copied = copy.deepcopy(template)
    for policy in copied["Resources"][ROLE]["Properties"]["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            statement["Action"] = [a for a in stacks.as_list(statement["Action"]) if a != action]
    return copied


def conditions(checks, policy, principal):
    """Checks the conditions of the bucket's policy, one by one."""
    good = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.2", "aws:PrincipalArn": principal}
    someone = {"aws:PrincipalArn": f"arn:aws:iam::{stacks.ACCOUNT}:user/ana"}
    objects = f"arn:aws:s3:::{stacks.STACK}-bucket/releases/current.json"
    for change, action, wanted in (
        ({}, "s3:GetObject", False),
        ({}, "s3:PutObject", False),
        ({"aws:SecureTransport": "false"}, "s3:GetObject", True),
        ({"s3:TlsVersion": "1.1"}, "s3:GetObject", True),
        (someone, "s3:GetObject", False),
        (someone, "s3:PutObject", True),
        (someone, "s3:DeleteObject", True),
        (someone, "s3:DeleteObjectVersion", True),
        (someone, "s3:AbortMultipartUpload", True),
        # Nobody, and a role of another account that has the same name.
        ({"aws:PrincipalArn": None}, "s3:PutObject", True),
        ({"aws:PrincipalArn": principal.replace(stacks.ACCOUNT, "210987654321")}, "s3:PutObject", True),
    ):
        found = stacks.denies(policy, action, objects, good | change)
        checks.expect(found == wanted, f"the bucket's policy, {action} with {change}: denied {found}")


def check(checks, template, cartelera, s3_server, environment, work):
    """Checks what publishers may do, and that others may not."""
    stack = stacks.Stack(template)
    principal = stack.attribute(ROLE, "Arn")
    role = stack.of("AWS::IAM::Role")[ROLE]
    policy = gateways.bucket_policy(stack)
    for method, target, headers, wanted in REQUESTS:
        found = [action for action, *_ in gateways.actions_of(method, target, headers)]
        checks.expect(found == wanted, f"{method} {target} needs {found}, not {wanted}")
    conditions(checks, policy, principal)
    with children.s3_server(s3_server, work / "buckets", work / "s3.log") as aws:
        store = Store(stack, cartelera, aws, environment, work)
        allowed(checks, store, role, principal, policy)
        missed(checks, store, template, principal, policy)
        others(checks, store, stack, policy)


def allowed(checks, store, role, principal, policy):
    """Runs every command as a publisher, starting from an empty bucket."""
    catalogs = SAMPLE / "titles"
    local, key = store.work / "local", store.work / "key.pem"
    key.write_text(SIGNING_KEY, encoding="utf-8")
    key.chmod(0o600)
    run(store.cartelera, "-q", "build", "--titles", catalogs / "hulu_titles.csv", "--store", local)
    with_users = ("--ratings", SAMPLE / "ratings", "--algorithm", "biases", "--ranking-trials", "0", "--signal-splits", "0")
    commands = (
        ("build", "--titles", catalogs, *with_users),
        ("forget", "--user", "1"),
        ("build", "--titles", catalogs / "disney_plus_titles.csv"),
        ("publish", "--from", local),
        ("publish", "--from", local, "--sign", key),
        ("publish", "--from", local),
        ("releases",),
        ("show",),
        ("verify",),
        # The release before is not signed.
        ("rollback", "--unsigned"),
        ("gc", "--keep", "0", "--grace", "1h", "--dry-run"),
    )
    with store.guarded(role, principal, policy) as (guard, command):

        def works(*words):
            ended = command(*words)
            checks.expect(ended.returncode == 0, f"{words} as a publisher: {ended.stdout}{ended.stderr}")
            return ended.stdout

        for words in commands:
            works(*words)
        checks.expect("s3:DeleteObject" not in guard.used, "a command other than gc deletes something")
        store.save()
        with children.serving(store.cartelera, store.address, store.work / "serve.log", guard.variables) as child:
            with urllib.request.urlopen(child.url + "/health", timeout=30) as answer:
                checks.expect(answer.status == 200, f"serve as a publisher: {answer.status}")
        store.restore()
        said = works("gc", "--keep", "0", "--grace", "1h")
        checks.expect(
            re.search(r"deleted: 2 releases, [1-9]\d* artifacts .* 1 unfinished uploads", said), f"gc: {said}"
        )
        works("verify")
        checks.none(guard.refused, "a publisher was refused")
        checks.expect(guard.used == NEEDED_BY.keys(), f"publishers use {guard.used}, and may {NEEDED_BY.keys()}")
    say(f"  {len(commands) + 3} commands as a publisher")


def missed(checks, store, template, principal, policy):
    """Takes each action out of the role, and expects the command that needs it to fail because of it."""
    for action, words in NEEDED_BY.items():
        store.restore()
        role = stacks.Stack(without(template, action)).of("AWS::IAM::Role")[ROLE]
        with store.guarded(role, principal, policy) as (guard, command):
            ended = command(*words)
        refused = {line.partition(" ")[0] for line in guard.refused}
        checks.expect(
            ended.returncode != 0 and refused == {action},
            f"{words} without {action} ended with {ended.returncode}, refused {refused}: {ended.stderr}",
        )
    # Without the right to list, S3 says "denied" of what is missing, and nothing can be published at first.
    store.restore()
    shutil.rmtree(store.buckets / store.bucket / store.prefix)
    role = stacks.Stack(without(template, "s3:ListBucket")).of("AWS::IAM::Role")[ROLE]
    with store.guarded(role, principal, policy) as (guard, command):
        ended = command("publish", "--from", store.work / "local")
    checks.expect(ended.returncode != 0, f"the first release is published without s3:ListBucket: {ended.stdout}")
    say(f"  {len(NEEDED_BY)} actions taken out of the role, one by one")


def others(checks, store, stack, policy):
    """Expects that an administrator may read, and may not write because of the bucket's policy, and that no
    function may write.
    """
    administrator = f"arn:aws:iam::{stacks.ACCOUNT}:role/administrator"
    open_policy = policy | {"Statement": policy["Statement"][:-1]}
    writing = {
        ("publish", "--from", store.work / "local"): "s3:PutObject",
        ("rollback",): "s3:PutObject",
        ("gc", "--keep", "0", "--grace", "1h"): "s3:DeleteObject",
    }
    with store.guarded(ADMINISTRATOR, administrator, policy) as (guard, command):
        store.restore()
        for words in (("releases",), ("show",), ("verify",)):
            ended = command(*words)
            checks.expect(ended.returncode == 0, f"{words} as an administrator: {ended.stderr}")
        for words, action in writing.items():
            before = len(guard.refused)
            ended = command(*words)
            refused = {line.partition(" ")[0] for line in guard.refused[before:]}
            checks.expect(
                ended.returncode != 0 and refused == {action},
                f"{words} as an administrator ended with {ended.returncode}, refused {refused}: {ended.stderr}",
            )
        whole = f"{guard.variables['AWS_ENDPOINT_URL']}/{store.bucket}/{store.prefix}/current.json"
        for method, query in (("DELETE", ""), ("DELETE", "?versionId=1"), ("DELETE", "?uploadId=1"), ("PUT", "")):
            status = asked(method, whole + query)
            checks.expect(status == 403, f"{method} {query} as an administrator is {status}")
    with store.guarded(ADMINISTRATOR, administrator, open_policy) as (_, command):
        for words in writing:
            store.restore()
            ended = command(*words)
            checks.expect(ended.returncode == 0, f"{words}, if the policy lets everybody write: {ended.stderr}")
    for name, role in stack.of("AWS::IAM::Role").items():
        if name != ROLE:
            with store.guarded(role, stack.attribute(name, "Arn"), policy) as (guard, command):
                ended = command("rollback")
            checks.expect(ended.returncode != 0 and guard.refused, f"rollback by {name} ended with {ended.returncode}")


def asked(method, url):
    """Returns the status of the answer to a request that is not signed, which the guard refuses first."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code

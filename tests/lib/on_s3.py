"""A release on an S3 server, and functions that are started on it as Lambda would start them."""

import contextlib
import json
import os
import shutil
import sys

from . import children, events, questions, runtime_api

BUCKET, PREFIX = "cartelera", "releases"


@contextlib.contextmanager
def release(store, s3_server, work):
    """Copies the release in the folder `store` to an S3 server; yields the variables that point to it."""
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(store, work / "buckets" / BUCKET / PREFIX)
    with children.s3_server(s3_server, work / "buckets", work / "s3.log") as aws:
        yield aws


def environment(name, aws):
    """Returns all variables of a function that reads the release at `aws`."""
    uri = {"PATH": os.environ["PATH"], "ARTIFACT_URI": f"s3://{BUCKET}/{PREFIX}", "PERSONAL_ROUTES": "open"}
    return runtime_api.variables(name) | aws | uri


def answer(instance, event):
    """Returns the answer to an event, as JSON. Ends the script if the function fails or the status is not
    200.
    """
    try:
        said = json.loads(instance.invoke(event))
    except runtime_api.FunctionError as error:
        sys.exit(str(error))
    if said["statusCode"] != 200:
        sys.exit(f"{instance.name} answers with {said['statusCode']}: {str(said)[:500]}")
    return said


def ask(instance, target):
    """Returns the JSON that a function answers to a GET."""
    return json.loads(answer(instance, json.dumps(events.http(target)).encode())["body"])


def learn(titles, aws):
    """Asks `titles`, the binary of that function, and returns the names of all functions and a question for
    every route.
    """
    instance = runtime_api.Instance("titles", titles, environment("titles", aws))
    try:
        document = ask(instance, "/openapi.json")
        known = questions.facts(lambda target: ask(instance, target))
    finally:
        instance.stop()
    names = [tag["name"] for tag in document["tags"]]
    return [*names, questions.SITE_FUNCTION], [*questions.of_document(document, known), *questions.of_site()]


def event_of(question):
    """Returns the event of a question."""
    headers = [("content-type", "application/json")] if question.body else []
    return json.dumps(events.http(question.target, question.method, headers, question.body or b"")).encode()

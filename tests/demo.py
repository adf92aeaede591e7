#!/usr/bin/env python3
"""Runs the README's first command, and asks what it serves: every answer that the README shows, and some
questions of every kind. Leaves the release in target/ci/demo.
"""

import pathlib
import shutil
import sys

from lib import children, workspace

HERE = pathlib.Path(__file__).resolve().parent
# Building the release takes most of it.
PATIENCE = 300


def main():
    workspace.run("cargo", "build", "--locked", "--release")
    work = workspace.TARGET / "ci"
    shutil.rmtree(work / "demo", ignore_errors=True)
    command = [workspace.TARGET / "release" / "cartelera", "demo", "--store", work / "demo", "--port", 0]
    with children.listening(command, work / "demo.log", patience=PATIENCE) as child:
        for script in ("replay_queries.py", "readme.py"):
            workspace.run(sys.executable, HERE / script, child.url)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Builds every function as `infra/deploy.sh` builds it, for the processor of this machine, into
target/lambda."""

from lib import workspace

if __name__ == "__main__":
    workspace.build_functions(list(workspace.deployment()["functions"]), package=True)

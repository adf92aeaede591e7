#!/usr/bin/env python3
"""Checks a release of the real data: both models are trained, the ratings say something about titles, and the
artifacts of `recommend` are small enough for a function.

    python3 tests/real_release.py target/release/cartelera STORE
"""

import json
import subprocess
import sys

from lib import workspace

MOST_BYTES = 9_000_000


def main():
    cartelera, store = sys.argv[1:]
    subprocess.run([cartelera, "verify", "--store", store], check=True)
    said = subprocess.run([cartelera, "show", "--store", store, "--json"], check=True, stdout=subprocess.PIPE).stdout
    manifest = json.loads(said)
    kinds = workspace.deployment()["functions"]["recommend"]["kinds"]
    n_bytes = sum(artifact["bytes"] for artifact in manifest["artifacts"] if artifact["kind"] in kinds)
    faults = [
        fault
        for fault, holds in {
            "there is no ranking model": manifest["ranking"],
            "the ratings say nothing about titles": manifest["signal"]["title_signal"],
            f"the artifacts of recommend have {n_bytes} bytes, and may have {MOST_BYTES}": n_bytes < MOST_BYTES,
        }.items()
        if not holds
    ]
    if faults:
        sys.exit(f"{store}: {'; '.join(faults)}")
    print(f"{n_bytes} bytes of artifacts for recommend")


if __name__ == "__main__":
    main()

"""Checks the answers shown in README.md and docs/api.md: runs each `$ curl …` against a running demo and compares.

    python3 tests/readme.py http://127.0.0.1:8000            # compare
    python3 tests/readme.py http://127.0.0.1:8000 --write    # write today's answers into the documents

Numbers may differ by a hundredth, since matrix products round differently on different processors.
"""

import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).parent.parent
DOCUMENTS = ("README.md", "docs/api.md")
SHOWN = re.compile(r"^\$ (curl .*)\n(\{.*\})$", re.MULTILINE)
COMMAND = re.compile(r"^\$ curl ", re.MULTILINE)
CLOSE = 0.01


def same(shown, now):
    if isinstance(shown, float) or isinstance(now, float):
        return isinstance(shown, (int, float)) and isinstance(now, (int, float)) and abs(shown - now) <= CLOSE
    if isinstance(shown, dict):
        return isinstance(now, dict) and list(shown) == list(now) and all(same(shown[k], now[k]) for k in shown)
    if isinstance(shown, list):
        return isinstance(now, list) and len(shown) == len(now) and all(map(same, shown, now))
    return shown == now


def check(document, url, write):
    """Returns how many answers a document shows, and a text for each that differs; with `write`, updates the document."""
    path = ROOT / document
    text, n, wrong = path.read_text(), 0, []

    def ask(match):
        nonlocal n
        n += 1
        command = match[1].replace("localhost:8000", url.removeprefix("http://"))
        answer = subprocess.run(["bash", "-c", command + " -s"], capture_output=True, text=True, check=True).stdout
        if not same(json.loads(match[2]), json.loads(answer)):
            wrong.append(f"$ {match[1]}\n  {document}  {match[2]}\n  answer  {answer}")
        return f"$ {match[1]}\n{answer}" if write else match[0]

    new = SHOWN.sub(ask, text)
    if n == 0:
        sys.exit(f"{document} shows no answer")
    if n != len(COMMAND.findall(text)):
        sys.exit(f"{document} has a `$ curl` line without a JSON answer below it")
    if write:
        path.write_text(new)
    return n, wrong


def main():
    url, write = sys.argv[1], "--write" in sys.argv[2:]
    n_shown, wrong = 0, []
    for document in DOCUMENTS:
        n, other = check(document, url, write)
        n_shown += n
        wrong += other
    if wrong and not write:
        sys.exit("\n".join(wrong) + "\n\nthe documents show other answers; --write updates them")
    print(f"{n_shown} answers in {' and '.join(DOCUMENTS)}, {len(wrong)} different" + (", written" if write else ""))


main()

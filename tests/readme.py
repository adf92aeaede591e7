"""Holds the README to what it shows: runs each `$ curl …` of it against a running demo and compares the answers.

    python3 tests/readme.py http://127.0.0.1:8000            # compare
    python3 tests/readme.py http://127.0.0.1:8000 --write    # put the answers of today in

Numbers may differ by a hundredth, since matrix products round differently on different processors.
"""

import json
import pathlib
import re
import subprocess
import sys

README = pathlib.Path(__file__).parent.parent / "README.md"
SHOWN = re.compile(r"^\$ (curl .*)\n(\{.*\})$", re.MULTILINE)
CLOSE = 0.01


def same(shown, now):
    if isinstance(shown, float) or isinstance(now, float):
        return isinstance(shown, (int, float)) and isinstance(now, (int, float)) and abs(shown - now) <= CLOSE
    if isinstance(shown, dict):
        return isinstance(now, dict) and list(shown) == list(now) and all(same(shown[k], now[k]) for k in shown)
    if isinstance(shown, list):
        return isinstance(now, list) and len(shown) == len(now) and all(map(same, shown, now))
    return shown == now


def main():
    url, write = sys.argv[1], "--write" in sys.argv[2:]
    text, wrong, n = README.read_text(), [], 0

    def ask(match):
        nonlocal n
        n += 1
        command = match[1].replace("localhost:8000", url.removeprefix("http://"))
        answer = subprocess.run(["bash", "-c", command + " -s"], capture_output=True, text=True, check=True).stdout
        if not same(json.loads(match[2]), json.loads(answer)):
            wrong.append(f"$ {match[1]}\n  README  {match[2]}\n  answers {answer}")
        return f"$ {match[1]}\n{answer}" if write else match[0]

    new = SHOWN.sub(ask, text)
    if n == 0:
        sys.exit("the README shows no answer")
    if write:
        README.write_text(new)
    elif wrong:
        sys.exit("\n".join(wrong) + "\n\nthe README shows other answers; --write puts these in")
    print(f"{n} answers of the README, {len(wrong)} other ones" + (" written" if write else ""))


main()

"""What infra/deploy.sh does: which commands it runs, with which parameters, and what it asks whom.

The script runs with programs in the place of `cargo`, `sam`, `aws` and the others, which write down how they
were called. A terminal is a pseudo-terminal.
"""

import json
import os
import pathlib
import pty
import select
import stat
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "infra" / "deploy.sh"
KEY = "feedfacefeedfacefeedfacefeedfacefeedfacefeedfacefeedfacefeedface"
NEW = "An error occurred (ValidationError) when calling the DescribeStacks operation: Stack with id {} does not exist"
# Each writes a line with its name, its arguments and, if it is sam, what it could read.
PROGRAM = """\
#!{python}
import json, os, pathlib, sys
name = pathlib.Path(sys.argv[0]).name
read = sys.stdin.read() if name == "sam" and not sys.stdin.isatty() else ""
with open({log!r}, "a") as log:
    log.write(json.dumps([name, sys.argv[1:], read]) + "\\n")
if name == "openssl":
    print({key!r})
if name == "aws":
    said = os.environ["SAID"]
    print(said, file=sys.stdout if said.isupper() else sys.stderr)
    sys.exit(0 if said.isupper() else 254)
"""
EMAIL, BUDGET = "Email address", "US dollars a month"
NO_EMAIL, NO_BUDGET = "AlarmEmail is not set", "MonthlyBudgetUsd is not set"


class Ended:
    """How the script ended: its status, what it said, and what it ran."""

    def __init__(self, status, said, log):
        self.status, self.said = status, said
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        self.ran = [json.loads(line) for line in lines]
        self.names = [name for name, *_ in self.ran]

    @property
    def given(self):
        """The parameters that sam was given, in order."""
        (words,) = (words for name, words, _ in self.ran if name == "sam")
        return words[words.index("--parameter-overrides") + 1 :]


def run(work, *parameters, said="CREATE_COMPLETE", answers=None, typed="", variables=None, without=None):
    """Runs the script. With `answers`, pairs of a question and what is typed then, on a terminal; otherwise
    `typed` is its standard input, a pipe.
    """
    programs, log = work / "bin", work / "log"
    log.unlink(missing_ok=True)
    programs.mkdir(parents=True, exist_ok=True)
    for name in ("cargo", "cargo-lambda", "sam", "aws", "openssl"):
        (programs / name).unlink(missing_ok=True)
        if name != without:
            (programs / name).write_text(PROGRAM.format(python=sys.executable, log=str(log), key=KEY), encoding="utf-8")
            (programs / name).chmod(stat.S_IRWXU)
    # Nothing but these and the system's own programs, so that a missing one is missing.
    system = work / "system"
    system.mkdir(exist_ok=True)
    for name in ("bash", "env", "dirname", "basename"):
        if not (system / name).exists():
            (system / name).symlink_to(next(p for p in (f"/usr/bin/{name}", f"/bin/{name}") if os.path.exists(p)))
    environment = {"PATH": f"{programs}:{system}", "SAID": said, "HOME": str(work)} | (variables or {})
    command = [str(SCRIPT), *parameters]
    if answers is None:
        ended = subprocess.run(command, input=typed, env=environment, capture_output=True, text=True, timeout=60)
        return Ended(ended.returncode, ended.stdout + ended.stderr, log)
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as child:
        os.close(theirs)
        screen, end = "", time.monotonic() + 60
        try:
            for question, answer in answers:
                screen = shown(ours, screen, end, until=question)
                os.write(ours, f"{answer}\n".encode())
                screen = screen.rpartition(question)[0] + f"({question})"
            screen = shown(ours, screen, end)
            status = child.wait(60)
        finally:
            child.kill()
            os.close(ours)
    return Ended(status, screen, log)


def shown(terminal, screen, end, until=None):
    """Reads the terminal until a text is shown, or until the script ends; returns all that was shown."""
    while until is None or until not in screen:
        if time.monotonic() > end:
            raise TimeoutError(f"no {until!r} in {screen!r}")
        if not select.select([terminal], [], [], 0.1)[0]:
            continue
        try:
            read = os.read(terminal, 4096)
        except OSError:
            # The script ended, and nobody has the terminal open.
            read = b""
        if not read:
            if until is None:
                break
            raise EOFError(f"no {until!r} in {screen!r}")
        screen += read.decode()
    return screen


def check(checks, work):
    """Checks the script."""
    new = NEW.format("cartelera")

    def expect(holds, what, ended):
        checks.expect(holds, f"deploy.sh, {what}: {ended.status}, ran {ended.ran}, said {ended.said!r}")

    ended = run(work, typed="y\n")
    expect(ended.status == 0 and ended.names == ["aws", "cargo", "sam"], "an existing stack", ended)
    expect(ended.given == ["Architecture=arm64"] and ended.said == "", "an existing stack", ended)
    expect(ended.ran[-1][2] == "y\n", "what is typed goes to sam", ended)
    folders = sorted(folder.name for folder in (ROOT / "functions").iterdir() if folder.is_dir())
    built = ended.ran[1][1]
    expect(sorted(w for w in built[built.index("-p") :] if w != "-p") == folders, "the functions are built", ended)

    ended = run(work, said=new, typed="y\n")
    expect(ended.status == 0 and ended.given == ["Architecture=arm64"], "a new stack, no terminal", ended)
    expect(ended.ran[-1][2] == "y\n", "no terminal: what comes in goes to sam", ended)
    expect(NO_EMAIL in ended.said and NO_BUDGET in ended.said and EMAIL not in ended.said, "no terminal", ended)
    ended = run(work, "AlarmEmail=a@b.example", said=new)
    expect(NO_EMAIL not in ended.said and NO_BUDGET in ended.said, "no budget", ended)
    ended = run(work, "AlarmEmail=a@b.example", "MonthlyBudgetUsd=5", said=new)
    expect(ended.said == "" and "openssl" not in ended.names, "both are given", ended)
    expect(ended.given == ["Architecture=arm64", "AlarmEmail=a@b.example", "MonthlyBudgetUsd=5"], "both", ended)

    for access in ("iam", "jwt"):
        ended = run(work, f"Access={access}", said=new)
        expect(ended.given == ["Architecture=arm64", f"CallerKey={KEY}", f"Access={access}"], "a key", ended)
        expect("CallerKey is not set" in ended.said and KEY not in ended.said, "the key is not shown", ended)
        ended = run(work, f"Access={access}", "CallerKey=mine", said=new)
        expect(f"CallerKey={KEY}" not in ended.given and "openssl" not in ended.names, "a key is given", ended)
        ended = run(work, f"Access={access}")
        expect(ended.given == ["Architecture=arm64", f"Access={access}"], "an existing stack keeps its key", ended)
    ended = run(work, "Access=iam", said="REVIEW_IN_PROGRESS")
    expect(f"CallerKey={KEY}" in ended.given, "a stack in review is new", ended)

    ended = run(work, said=new, answers=[(EMAIL, "nobody"), (EMAIL, "a@b.example"), (BUDGET, "much"), (BUDGET, "20")])
    wanted = ["Architecture=arm64", "AlarmEmail=a@b.example", "MonthlyBudgetUsd=20"]
    expect(ended.status == 0 and ended.given == wanted, "a new stack, on a terminal", ended)
    expect('"nobody" is not valid' in ended.said and '"much" is not valid' in ended.said, "wrong answers", ended)
    expect(NO_EMAIL not in ended.said and NO_BUDGET not in ended.said, "answers", ended)
    ended = run(work, said=new, answers=[(EMAIL, "")])
    expect(ended.given == ["Architecture=arm64"] and BUDGET not in ended.said, "no answer", ended)
    expect(NO_EMAIL in ended.said and NO_BUDGET in ended.said, "no answer", ended)
    ended = run(work, "AlarmEmail=a@b.example", said=new, answers=[(BUDGET, "")])
    expect(ended.given == ["Architecture=arm64", "AlarmEmail=a@b.example"] and NO_BUDGET in ended.said, "one", ended)
    ended = run(work, "AlarmEmail=", said=new, answers=[])
    expect(EMAIL not in ended.said and BUDGET not in ended.said, "an empty address is an answer", ended)
    ended = run(work, "Access=iam", said=new, without="openssl")
    expect(ended.status != 0 and "sam" not in ended.names, "without openssl", ended)
    ended = run(work, answers=[])
    expect(ended.status == 0 and EMAIL not in ended.said, "an existing stack, on a terminal", ended)

    ended = run(work, "Architecture=x86_64", said=NEW.format("other"), variables={"STACK": "other"})
    expect("--x86-64" in ended.ran[1][1] and ended.given[0] == "Architecture=x86_64", "x86_64", ended)
    named = [words[words.index("--stack-name") + 1] for name, words, _ in ended.ran if name in ("aws", "sam")]
    expect(named == ["other", "other"], "STACK", ended)

    ended = run(work, said="Unable to locate credentials. You can configure credentials by running aws login.")
    expect(ended.status == 1 and ended.names == ["aws"] and "credentials" in ended.said, "no credentials", ended)
    for wrong in ("Architecture=mips", "publish", "--help"):
        ended = run(work, wrong)
        expect(ended.status == 2 and not ended.ran and wrong in ended.said, f"with {wrong}", ended)
    # sam would take the last part of each for a parameter, or change the value.
    for value in ("a Access=public", "a\tAccess=public", "a\nb", 'a"b', "a\\", "it's", "'a'"):
        ended = run(work, "Access=iam", f"CallerKey={value}")
        refused = ended.status == 2 and not ended.ran
        expect(refused and "CallerKey" in ended.said and "without white space" in ended.said, repr(value), ended)
    for wrong in ("CorsOrigins=https://a,ParameterKey=Access,ParameterValue=public", "ParameterKey=Access,ParameterValue=iam"):
        ended = run(work, wrong)
        expect(ended.status == 2 and not ended.ran and "ParameterKey=" in ended.said, wrong, ended)
    ended = run(work, "JwtAudience=a,b", "CallerKey=!#$%&()*;<>?[]^`{|}~", "CorsOrigins=''")
    wanted = ["Architecture=arm64", "JwtAudience=a,b", "CallerKey=!#$%&()*;<>?[]^`{|}~", "CorsOrigins=''"]
    expect(ended.status == 0 and ended.given == wanted, "other signs", ended)
    ended = run(work, said=new, answers=[(EMAIL, 'a"b@c.example'), (EMAIL, "")])
    expect(ended.status == 0 and ended.given == ["Architecture=arm64"], "a typed quote", ended)
    for tool in ("cargo", "cargo-lambda", "sam", "aws"):
        ended = run(work, without=tool)
        expect(ended.status == 2 and not ended.ran and f"{tool} is missing" in ended.said, f"without {tool}", ended)

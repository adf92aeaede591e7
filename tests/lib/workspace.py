"""The workspace: where things are, how its parts are built, and what the route table says."""

import json
import os
import pathlib
import platform
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Where builds and everything that scripts make on the way go.
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
SAMPLE = ROOT / "data" / "sample"
# The real data and the expected answers, where there are any.
SHARED = ROOT.parent / "shared"
VENV = ROOT / ".venv"
CARGO_LAMBDA = "cargo-lambda==1.9.2"


def say(text):
    print(text, flush=True)


def run(*command, env=None):
    """Runs a command to its end in the root of the workspace. Ends the script if it fails."""
    words = [str(word) for word in command]
    say("$ " + " ".join(words))
    ended = subprocess.run(words, cwd=ROOT, env=env)
    if ended.returncode != 0:
        sys.exit(f"{words[0]} ended with {ended.returncode}")


def python_tool(name, package):
    """Returns a command that a package from PyPI installs into `.venv`; makes and installs what is
    missing.
    """
    if not (VENV / "bin" / name).exists():
        if not (VENV / "bin" / "pip").exists():
            run(sys.executable, "-m", "venv", VENV)
        run(VENV / "bin" / "pip", "install", "--quiet", package)
    return VENV / "bin" / name


def cargo_lambda():
    """Returns the environment in which cargo finds cargo-lambda and the linker that comes with it."""
    python_tool("cargo-lambda", CARGO_LAMBDA)
    return os.environ | {"PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}"}


def build_cartelera(profile="debug"):
    """Builds the program with stores on S3, as a `debug` or a `release` build; returns its path."""
    run("cargo", "build", "--locked", "--features", "s3", *(["--release"] if profile == "release" else []))
    return TARGET / profile / "cartelera"


def build_s3_server(profile="debug"):
    """Builds the S3 server for tests; returns its path."""
    build_of_workspace("--example", "s3_server", profile=profile)
    return TARGET / profile / "examples" / "s3_server"


def build_of_workspace(*targets, profile="debug"):
    """Builds targets of any member with the features that `cargo test --workspace` compiles dependencies with,
    so that those, the AWS SDK among them, are not compiled once more.
    """
    # Without an example among the targets, the features of what only tests depend on would be left out.
    flags = ["--release"] if profile == "release" else []
    run("cargo", "build", "--locked", "--workspace", "--example", "deployment", *targets, *flags)


def build_functions(names, package=False):
    """Builds functions; returns a function that returns the path of a binary by its name.

    With `package` they are built as `infra/deploy.sh` builds them, for the processor of this machine.
    """
    if package:
        packages = [word for name in names for word in ("-p", name)]
        processor = "--x86-64" if platform.machine() == "x86_64" else "--arm64"
        # Without --skip-target-check cargo-lambda would change the installed toolchain.
        flags = ("--locked", "--profile", "function", processor, "--skip-target-check")
        run("cargo-lambda", "lambda", "build", *flags, *packages, env=cargo_lambda())
    else:
        build_of_workspace(*[word for name in names for word in ("--bin", name)])

    def binary(name):
        path = TARGET / "lambda" / name / "bootstrap" if package else TARGET / "debug" / name
        if not path.is_file():
            sys.exit(f"{path} is missing after the build")
        return path

    return binary


def deployment():
    """Returns the route table: `functions`, each with the kinds of artifacts that it may read, and
    `routes`.
    """
    command = ["cargo", "run", "--quiet", "--locked", "-p", "tests", "--example", "deployment"]
    said = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    return json.loads(said)

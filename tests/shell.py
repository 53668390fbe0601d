"""Commands of pages and of helps, run as a shell runs them."""

import io
import os
import shlex
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from mathrl.cli import main

__all__ = ["shell"]

ROOT = Path(__file__).parents[1]


def shell(command):
    """The exit status of a command, and what it prints on both streams; `mathrl` is the program of this checkout.

    A command of it alone runs in this process, without the second that a fresh interpreter takes to import all.
    """
    name, *arguments = shlex.split(command)
    if name == "mathrl" and not set("|<>;&$`*") & set(command):
        printed = io.StringIO()
        with redirect_stdout(printed), redirect_stderr(printed):
            status = main(arguments)
        return status, printed.getvalue()
    program = f'mathrl() {{ "{sys.executable}" -m mathrl "$@"; }}\n{command}'
    done = subprocess.run(
        ["bash", "-c", program],
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout

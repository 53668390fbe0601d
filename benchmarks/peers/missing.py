"""Say what this machine lacks to build the peers: `python missing.py` ends with status 1 if anything."""

import os
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path


def missing() -> Iterator[str]:
    if sys.version_info < (3, 11):  # noqa: UP036  an older Python may run this file
        yield f"Python 3.11 or newer, this is {sys.version.split()[0]}: make peers PYTHON=python3.11"
    for variable, default in (("CC", "cc"), ("CXX", "c++")):
        compiler = (os.environ.get(variable) or default).split()[0]
        if shutil.which(compiler) is None:
            yield f"the compiler {compiler!r}: install GCC or Clang with C++17 (Debian: g++), or set {variable}"
    headers = Path(sysconfig.get_path("include"))
    if not (headers / "Python.h").exists():
        yield f"Python.h in {headers}: install the headers of this Python (Debian: python3-dev)"


if __name__ == "__main__":
    found = list(missing())
    if found:
        sys.exit("the peers are built from source, and this is missing:\n" + "\n".join(f"- {item}" for item in found))

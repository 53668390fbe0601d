"""The examples of the docs and the printed answers as other machines compute them.

    python tests/elsewhere.py                two machines, on what is quick there: what `make test` runs
    python tests/elsewhere.py --all          every machine, on `PRINTED`: what `make test-elsewhere` runs, minutes
    python tests/elsewhere.py [--all] TEST … the same on tests of your choice, named as pytest names them

Machines round the last digit differently: the C library's exp and log with and without fused multiply-add, NumPy's
and BLAS's kernels by generation of processor, LLVM's code by its features. What a page or a test shows must not depend
on that, nor on the number of threads. This machine can act as an older one; each of `machines()` is a few environment
variables under which pytest runs the tests that compare what is printed. Only kernels that this processor has are
chosen (`np.show_config`), so that nothing meets an instruction that it does not know.

The first machine has one thread and takes the compiled kernels as they are. LLVM's choice of instructions changes no
result: it may not reorder or fuse, and over everything that `python -m benchmarks.digest` computes no bit was
different. All others compile the kernels again, which takes a minute for all of `EXAMPLES`, and keep them in a folder
of their own; in the short form the second one, with two threads, therefore runs the pages of few kernels only.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

ROOT = Path(__file__).parent.parent
TIES = "tests/base/test_ties.py"
COMMANDS = ("tests/mathrl/test_cli.py", "tests/mathrl/test_cli_bound.py")
EXAMPLES = ("tests/test_docstrings.py", TIES, *COMMANDS, "tests/figures/test_hasac.py")
"""The pages, the docstrings, the orders that rounding must not decide, and what the program prints."""

_PAGE = "tests/test_docstrings.py::test_the_examples_of_a_page_come_out_as_printed"
SHORT = (*EXAMPLES, "--deselect", f"{_PAGE}[train-networks]")
"""Of these all but a page that trains networks and prints no digit of what they learn."""

FEW_KERNELS = (TIES, f"{_PAGE}[check-your-critic]", f"{_PAGE}[check-your-policy]")
"""Of these what needs few kernels."""

PRINTED = (*EXAMPLES, "tests/mathrl/test_output.py", "tests/figures")
"""All tests that compare printed text, tables and pictures."""

SIMD = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
"""What this processor has beyond what every build of NumPy for it asks for."""

OLD_LIBRARIES = {
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-FMA,-FMA4,-AVX2,-FMA_Usable,-FMA4_Usable,-AVX2_Usable",
    "NPY_DISABLE_CPU_FEATURES": " ".join(SIMD),
}
"""No fused multiply-add in exp and log; the two names of each feature are those of newer and of older C libraries."""

GENERIC = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": str(ROOT / ".cache-elsewhere")}
"""Kernels compiled for any processor of this kind."""


class Machine(NamedTuple):
    """Another machine: the generation of its BLAS kernels, its number of threads, and what else is set."""

    name: str
    blas: str
    threads: int
    environment: dict[str, str]

    def variables(self) -> dict[str, str]:
        threads = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS")
        counted = dict.fromkeys(threads, str(self.threads))
        return os.environ | counted | {"OPENBLAS_CORETYPE": self.blas} | self.environment


def machines() -> list[Machine]:
    """Machines that this one can act as: of x86 each generation of BLAS kernels that it has the instructions of."""
    x86 = {"Prescott": True, "Nehalem": True, "Sandybridge": "X86_V3" in SIMD, "Haswell": "X86_V3" in SIMD,
           "SkylakeX": "X86_V4" in SIMD}  # fmt: skip
    is_x86 = platform.machine() in ("x86_64", "AMD64")
    cores = [core for core, has in x86.items() if has] if is_x86 else ["ARMV8"]
    return [
        Machine("old libraries", cores[0], 1, OLD_LIBRARIES),
        Machine("old libraries, generic kernels", cores[0], 2, OLD_LIBRARIES | GENERIC),
        *(Machine(f"generic kernels, {core}", core, 1 + k % 2, GENERIC) for k, core in enumerate(cores[1:])),
    ]


PROBE = """
import hashlib, json, math, threadpoolctl, scipy.linalg
digest = hashlib.sha256(" ".join(math.exp(k / 997).hex() for k in range(2000)).encode()).hexdigest()
blas = [library["architecture"] for library in threadpoolctl.threadpool_info() if library["user_api"] == "blas"]
print(json.dumps([digest, blas]))
"""


def probe(environment: dict[str, str]) -> tuple[str, list[str]]:
    """How exp rounds, as a hash, and the generations of the BLAS kernels of NumPy and SciPy."""
    printed = subprocess.run([sys.executable, "-c", PROBE], env=environment, capture_output=True, check=True).stdout
    digest, blas = json.loads(printed)
    return digest, blas


def run(machine: Machine, tests: tuple[str, ...]) -> bool:
    """Whether the tests pass on that machine; says what is different there."""
    (exp, blas), (its_exp, its_blas) = probe(dict(os.environ)), probe(machine.variables())
    rounds = "the same" if exp == its_exp else "another way"
    told = f"BLAS {'/'.join(its_blas)} (here {'/'.join(blas)}), exp rounds {rounds}, threads: {machine.threads}"
    print(f"as another machine: {machine.name}: {told}", flush=True)
    command = [sys.executable, "-m", "pytest", "-q", *tests]
    return subprocess.run(command, cwd=ROOT, env=machine.variables(), check=False).returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description="run the tests of what is printed as other machines would")
    parser.add_argument("--all", action="store_true", help="every machine, and every test of what is printed: minutes")
    parser.add_argument("tests", nargs="*", metavar="TEST", help="other tests, named as pytest names them")
    asked = parser.parse_args()
    usual = [PRINTED] * len(machines()) if asked.all else [SHORT, FEW_KERNELS]
    chosen = [(machine, tuple(asked.tests) or tests) for machine, tests in zip(machines(), usual, strict=False)]
    failed = [machine.name for machine, tests in chosen if not run(machine, tests)]
    for name in failed:
        print(f"what is printed depends on rounding: it differs on the machine with {name}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

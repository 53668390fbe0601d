"""Do the tests notice a wrong formula? Sixty small mistakes, one at a time: python -m benchmarks.mutants --help.

A mutant is the package with one change in one place: an operator flipped, a term dropped, a constant off by one, a
condition turned round. Its name is a hash of its file, its function, the kind of change and what stands there. Of
each part of the package the sample takes those of the smallest names, so that an edit elsewhere leaves it as it is.

Each mutant lies in a copy of the repository and is run against the test files of its part. It is caught when one of
them fails. What survives is printed with its change: either it changes no result (then it belongs into EQUIVALENT,
with the reason), or a test is missing. The tests must pass as they are.
"""

import argparse
import ast
import importlib
import multiprocessing
import os
import resource
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest

from benchmarks.mutations import ROOT, Mutant, of_file

PATIENCE = 120
"""Seconds of CPU after which the tests of a mutant are stopped: a loop that never ends is caught as well."""

PARTS: dict[str, tuple[int, list[str]]] = {
    "mathrl/solvers": (
        21,
        ["tests/mathrl/test_{stem}.py", "tests/mathrl/test_{stem}_*.py", "tests/mathrl/test_bad_input.py"],
    ),
    "mathrl/equilibria/nash": (3, ["tests/mathrl/test_nash_q.py"]),
    "mathrl/operators": (14, ["tests/mathrl/test_{stem}.py", "tests/mathrl/test_{stem}_operators.py"]),
    "mathrl/softmax.py": (3, ["tests/mathrl/test_softmax.py"]),
    "mathrl/kernels": (6, ["tests/mathrl/test_kernels.py"]),
    "mathrl/values/policy_values.py": (3, ["tests/mathrl/test_policy_values.py"]),
    "mathrl/bounds": (10, ["tests/mathrl/test_{stem}.py", "tests/mathrl/test_bounds_{stem}.py"]),
}
"""Where mutants lie: how many of each part, and which tests cover a file of it (`stem` is the file's name)."""

OPERATORS = ["tests/mathrl/test_operators.py"]
ALSO: dict[str, list[str]] = {
    "actor": ["tests/mathrl/test_divergence_operators.py", "tests/mathrl/test_mirror.py", *OPERATORS],
    "bellman": OPERATORS,
    "credit": OPERATORS,
    "drift": ["tests/mathrl/test_mirror.py"],
    "optimality": OPERATORS,
    "response": OPERATORS,
    "checked": ["tests/mathrl/test_bounds_theorems.py", "tests/mathrl/test_bounds_schedule.py"],
    "claims": ["tests/mathrl/test_bounds_assumptions.py", "tests/mathrl/test_bounds_compare.py"],
    "compounding": ["tests/mathrl/test_bounds_theorems.py", "tests/mathrl/test_bounds_rollouts.py"],
    "lemmas": ["tests/mathrl/test_bounds_theorems.py"],
    "process": ["tests/mathrl/test_bounds_returns.py", "tests/mathrl/test_bounds_errors.py"],
    "schemes": ["tests/mathrl/test_bounds_rollouts.py", "tests/mathrl/test_bounds_compare_schemes.py"],
    "policy_values": ["tests/mathrl/test_oracle_targets.py"],
    "opponent": ["tests/mathrl/test_rommeo_q.py"],
    "softmax": ["tests/mathrl/test_opponent_operators.py", "tests/mathrl/test_rommeo_objective.py"],
    "setup": ["tests/mathrl/test_bounds_returns.py", "tests/mathrl/test_bounds_errors.py"],
    "value_bound": ["tests/mathrl/test_bounds_sharper.py"],
    "divergence_limit": ["tests/mathrl/test_divergence_iteration.py"],
    "soft_evaluation": ["tests/mathrl/test_policy_values.py"],
    "qre_branch": ["tests/mathrl/test_dominated.py"],
}
"""Tests of a file besides those that its name says."""

EQUIVALENT: dict[str, str] = {
    "37828da4": "nash_q: a temperature where no entropy counts",
    "79d68366": "rommeo_self_play: the residual of a run whose inner run did not end, which need only be large",
    "207398b0": "optimal: a temperature where no entropy counts",
    "008cc75d": "policy_values: λ = 0 solved for, which gives the same",
    "1b41cb7b": "credit: the last axis of two is axis 1",
    "001e6e4b": "bounds/errors: NumPy takes -2 for -1 in reshape",
}
"""Mutants, by their names in `--list`, that no test can catch, and why."""


def sample() -> list[Mutant]:
    """Of each part as many as it is to have, from its files in turn."""
    chosen: list[Mutant] = []
    for part, (count, _) in PARTS.items():
        path = ROOT / part
        files = sorted(path.glob("*.py")) if path.is_dir() else [path]
        places = [of_file(file) for file in files]
        chosen += _in_turn([mutants for mutants in places if mutants], count)
    return chosen


def _in_turn(files: list[list[Mutant]], count: int) -> list[Mutant]:
    """Of each file in turn a mutant of the kind that is rarest so far, that of the smallest name; one in each line."""
    taken: list[Mutant] = []
    kinds: dict[str, int] = {}
    files = sorted(files, key=lambda mutants: min(mutant.name for mutant in mutants))
    while len(taken) < count and any(files):
        for mutants in files:
            if mutants and len(taken) < count:
                best = min(mutants, key=lambda mutant: (kinds.get(mutant.kind, 0), mutant.name))
                mutants[:] = [mutant for mutant in mutants if mutant.line != best.line]
                kinds[best.kind] = kinds.get(best.kind, 0) + 1
                taken.append(best)
    return taken


def tests_of(mutant: Mutant, tree: Path) -> list[str]:
    """The test files that cover the mutant's file, those of its own name first."""
    relative = mutant.path.relative_to(ROOT).as_posix()
    (patterns,) = [patterns for part, (_, patterns) in PARTS.items() if relative.startswith(part)]
    patterns = [pattern.format(stem=mutant.path.stem) for pattern in patterns]
    patterns += [] if "kernels" in relative else ALSO.get(mutant.path.stem, [])
    found = [str(path.relative_to(tree)) for pattern in patterns for path in sorted(tree.glob(pattern))]
    return list(dict.fromkeys(found))


def compiled_with(module: Path) -> set[Path]:
    """The files whose compiled functions hold those of `module`: what imports it, where it compiles any."""
    imports = {path: _imported(path) for path in _package()}
    if not any("compile" in name for name in imports[module]):
        return set()
    reached, waiting = {module}, [module]
    while waiting:
        name = _name(waiting.pop())
        more = {path for path, names in imports.items() if name in names} - reached
        reached |= more
        waiting += more
    return reached


def _package() -> list[Path]:
    walk = os.walk(ROOT / "mathrl", followlinks=True)
    return [Path(folder, file) for folder, _, files in walk for file in files if file.endswith(".py")]


def _name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _imported(path: Path) -> set[str]:
    """Names of modules that a file imports, and of what it takes from them, which may be modules."""
    found: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def compiled(files: set[Path], tree: Path) -> dict[Path, bytes]:
    """What numba has kept of these files in a copy of the repository."""
    kept = [
        found
        for file in files
        for found in (tree / file.relative_to(ROOT)).parent.glob(f"__pycache__/{file.stem}.*.nb[ic]")
    ]
    return {path: path.read_bytes() for path in kept}


def caught(mutant: Mutant, tree: Path) -> str:
    """By which test, or '' if none fails."""
    target = tree / mutant.path.relative_to(ROOT)
    source, times = target.read_bytes(), target.stat()
    stale = compiled_with(mutant.path)
    before = compiled(stale, tree)
    for path in before:
        path.unlink()
    target.write_bytes(mutant.apply(source))
    try:
        return first_failure(tree, tests_of(mutant, tree))
    finally:
        for path in compiled(stale, tree):
            path.unlink()
        for path, content in before.items():
            path.write_bytes(content)
        target.write_bytes(source)
        os.utime(target, ns=(times.st_atime_ns, times.st_mtime_ns))


def first_failure(tree: Path, tests: list[str]) -> str:
    """The first test that fails, or ''. A fork runs them, which has imported numba and its like already."""
    log = tree / "log"
    process = multiprocessing.get_context("fork").Process(target=_run, args=(tree, tests, log))
    process.start()
    process.join()
    if process.exitcode in (-signal.SIGXCPU, -signal.SIGKILL):
        return "no end"
    output = log.read_text()
    failed = [line.partition(" - ")[0] for line in output.splitlines() if line.startswith(("FAILED", "ERROR"))]
    if bool(failed) != bool(process.exitcode):
        raise RuntimeError(f"the tests could not be run: {output}")
    return failed[0] if failed else ""


def _run(tree: Path, tests: list[str], log: Path) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE + 1))
    os.chdir(tree)
    os.environ["PYTHONPATH"] = str(tree)
    sys.path.insert(0, str(tree))
    with log.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    imported = ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # hypothesis, before the fork
    sys.exit(int(pytest.main(["-x", "-q", "-n", "0", *imported, *tests])))


def copied(tree: Path, tests: Path) -> None:
    """A copy of the repository, with the tests of `tests`, and what numba has compiled: its keys are times of files."""
    for name in ("mathrl", "games", "figures", "neural", "proofs_checks", "benchmarks", "docs"):
        shutil.copytree(ROOT / name, tree / name, symlinks=True)
    for name in ("setup.cfg", "README.md", "pyproject.toml"):
        shutil.copy2(ROOT / name, tree)
    shutil.copytree(tests, tree / "tests")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="print the sample and run nothing")
    parser.add_argument("--only", help="names of mutants, as --list prints them, with commas between")
    parser.add_argument(
        "--tests", type=Path, default=ROOT / "tests", help="another folder of tests, such as that of an older commit"
    )
    given = parser.parse_args()
    wanted = None if given.only is None else given.only.split(",")
    mutants = [m for m in sample() if m.name not in EQUIVALENT and (wanted is None or m.name in wanted)]
    if given.list:
        print(*mutants, sep="\n")
        return 0
    for library in ("hypothesis.extra.numpy", "numba", "scipy.sparse.linalg", "scipy.optimize", "threadpoolctl"):
        importlib.import_module(library)
    survivors = 0
    with tempfile.TemporaryDirectory() as folder:
        copied(Path(folder), given.tests)
        for mutant in mutants:
            by = caught(mutant, Path(folder))
            survivors += not by
            print(f"{'caught  ' if by else 'SURVIVED'} {mutant}  {by}", flush=True)
    print(f"{len(mutants) - survivors} of {len(mutants)} caught")
    return min(survivors, 1)


if __name__ == "__main__":
    sys.exit(main())

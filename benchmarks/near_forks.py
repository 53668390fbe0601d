"""How often the branch is lost near symmetric games, as a table: python -m benchmarks.near_forks --help.

All settings of `SETTINGS` with each noise and rationality, by `benchmarks.wrong_branches` without Gambit. A cell is
a/b/c: games whose answers with the usual step and with a tenth of it both converged and differ; games that did not
converge with the usual step; games that did not with a tenth of it.
"""

import argparse
from itertools import product
from pathlib import Path

from benchmarks.wrong_branches import Task, run

SETTINGS = (
    ("circulant", (3, 3)),
    ("circulant", (5, 5)),
    ("circulant", (3, 3, 3)),
    ("circulant", (2, 2, 2, 2)),
    ("circulant-common", (4, 4)),
    ("circulant-common", (3, 3, 3)),
    ("coordination", (3, 3)),
    ("coordination", (5, 5)),
    ("coordination", (2, 2, 2)),
    ("coordination", (3, 3, 3)),
    ("coordination", (2, 2, 2, 2)),
    ("symmetric", (3, 3)),
    ("symmetric", (2, 2, 2)),
    ("symmetric", (3, 3, 3)),
    ("symmetric", (2, 2, 2, 2)),
    ("symmetric", (2, 2, 2, 2, 2)),
    ("congestion", (3, 3)),
    ("congestion", (3, 3, 3)),
    ("congestion", (2, 2, 2, 2)),
    ("congestion", (2, 2, 2, 2, 2)),
)
NOISES = (0.0, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)


def cell(task: Task, games: int, out: Path | None) -> str:
    chunks = list(run(task, games, 0, out))
    counts = (sum(getattr(c, name) for c in chunks) for name in ("different", "failed", "failed_finely"))
    return "/".join(map(str, counts))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.near_forks", description=__doc__)
    parser.add_argument("--games", type=int, default=5_000)
    parser.add_argument("--rationality", type=float, nargs="+", default=[500.0])
    parser.add_argument("--noise", type=float, nargs="+", default=NOISES)
    parser.add_argument("--only", nargs="+", default=sorted({family for family, _ in SETTINGS}), help="families")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    print("| game | rationality |", " | ".join(f"{noise:g}" for noise in given.noise), "|")
    print("|---|---|" + "---|" * len(given.noise))
    for rationality, (family, size) in product(given.rationality, SETTINGS):
        if family not in given.only:
            continue
        print(f"| {family} {'x'.join(map(str, size))} | {rationality:g} |", end="", flush=True)
        for noise in given.noise:
            task = Task(size, 1.0, rationality, given.seed, family, noise)
            print(f" {cell(task, given.games, given.out)} |", end="", flush=True)
        print(flush=True)


if __name__ == "__main__":
    main()

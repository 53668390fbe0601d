"""Run every benchmark, or those named, and print one table of ratios: python -m benchmarks [NAME ...]."""

import math
import sys
from collections.abc import Iterator

import tabulate

from benchmarks import (
    counterfactual,
    decision_process,
    divergence,
    evaluation,
    first_call,
    game_files,
    joint_control,
    learners,
    matrix_branch,
    mirror,
    monotone,
    nash_q,
    networks,
    oracle,
    start_up,
    stochastic_branch,
)
from benchmarks.timing import Row

MODULES = (
    start_up,
    first_call,
    evaluation,
    decision_process,
    joint_control,
    learners,
    matrix_branch,
    stochastic_branch,
    mirror,
    divergence,
    monotone,
    nash_q,
    oracle,
    networks,
    counterfactual,
    game_files,
)


def met(row: Row) -> str:
    if math.isnan(row.ratio):
        return "-"
    return "yes" if row.ratio <= float(row.target.removeprefix("<= ")) else "NO"


def number(x: float) -> str:
    return f"{x:.1f}" if x >= 1 else f"{x:.2g}"


def collect(names: list[str]) -> Iterator[Row]:
    modules = {module.__name__.split(".")[-1]: module for module in MODULES}
    for name in names or modules:
        if name not in modules:
            sys.exit(f"benchmark {name!r} is unknown, expected one of {', '.join(modules)}")
        print(f"{name.replace('_', ' ')} …", file=sys.stderr, flush=True)
        yield from modules[name].rows()


def main() -> None:
    heads = ("what", "ms", "against", "ms", "ratio", "target", "met", "note")
    table = [
        (
            r.what,
            number(r.ours * 1e3),
            r.yardstick,
            number(r.theirs * 1e3),
            number(r.ratio),
            r.target,
            met(r),
            r.note,
        )
        for r in collect(sys.argv[1:])
    ]
    aligned = ("left", "right", "left", "right", "right", "right", "left", "left")
    print(tabulate.tabulate(table, heads, disable_numparse=True, colalign=aligned))


if __name__ == "__main__":
    main()

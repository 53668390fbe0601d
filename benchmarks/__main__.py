"""Run every benchmark and print one table of ratios."""

import sys
from collections.abc import Iterator

import tabulate

from benchmarks import (
    decision_process,
    divergence,
    evaluation,
    joint_control,
    mirror,
    monotone,
    nash_q,
    oracle,
    start_up,
)
from benchmarks.timing import Row


def met(row: Row) -> str:
    return "yes" if row.ratio <= float(row.target.removeprefix("<= ")) else "NO"


def collect() -> Iterator[Row]:
    for module in (start_up, evaluation, decision_process, joint_control, mirror, divergence, monotone, nash_q, oracle):
        print(f"{module.__name__.split('.')[-1].replace('_', ' ')} …", file=sys.stderr, flush=True)
        yield from module.rows()


def main() -> None:
    heads = ("what", "ms", "against", "ms", "ratio", "target", "met", "note")
    table = [
        (
            r.what,
            f"{r.ours * 1e3:.1f}",
            r.yardstick,
            f"{r.theirs * 1e3:.1f}",
            f"{r.ratio:.2f}",
            r.target,
            met(r),
            r.note,
        )
        for r in collect()
    ]
    aligned = ("left", "right", "left", "right", "right", "right", "left", "left")
    print(tabulate.tabulate(table, heads, disable_numparse=True, colalign=aligned))


if __name__ == "__main__":
    main()

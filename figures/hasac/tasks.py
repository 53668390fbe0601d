"""HASAC, the counts of its text: 35 tasks of six benchmarks, HASAC best in 31 of them."""

from collections.abc import Mapping

from mathrl.base.printed import PaperValue
from mathrl.base.reproduction import Computed, exact
from mathrl.figures.hasac.table_1 import WIN_RATES
from mathrl.figures.hasac.updates_in_turn import RETURNS

__all__ = ["TASKS", "tasks"]

TASKS: Mapping[str, int] = {
    "Bi-DexHands": len(RETURNS),
    "Multi-Agent MuJoCo": 10,
    "StarCraft": len(WIN_RATES),
    "Google Research Football": 2,
    "Multi-Agent Particle": 6,
    "Light Aircraft Game": 1,
}
"""How many tasks a benchmark has: rows of Tables 1, 10, 16 and 20, and captions of Figures 7, 8, 10 and 11."""


def _whole(number: int) -> PaperValue:
    return PaperValue(str(number), exact=True)


@exact(
    "hasac-table-of-tasks",
    caption="the text's 'best performance in 31 out of 35 tasks across all benchmarks', counted",
    paper={
        "all": {"benchmarks": _whole(6), "tasks": _whole(35), "HASAC best": _whole(31)},
        "Bi-DexHands": {"tasks": _whole(9)},
        "Multi-Agent MuJoCo": {"tasks": _whole(10)},
        "StarCraft": {"tasks": _whole(8)},
        "Google Research Football": {"tasks": _whole(2)},
        "Multi-Agent Particle": {"tasks": _whole(6)},
    },
)
def tasks() -> Computed:
    """The tasks that tables and captions name, and in how many HASAC can be best given Table 1."""
    medians = [[median for median, _ in scores] for scores in WIN_RATES.values()]
    not_alone = sum(own <= max(others) for own, *others in medians)
    behind = sum(own < max(others) for own, *others in medians)
    total = sum(TASKS.values())
    values: dict[tuple[str, str], float] = {
        ("all", "benchmarks"): float(len(TASKS)),
        ("all", "tasks"): float(total),
        ("all", "HASAC best"): float(total - not_alone),
        ("all", "HASAC best, ties too"): float(total - behind),
    } | {(name, "tasks"): float(number) for name, number in TASKS.items()}
    return Computed(
        values,
        (
            f"the six benchmarks have {total} tasks. Without the Light Aircraft Game there are {total - 1}; the matrix "
            "game is no benchmark",
            "HASAC best: all tasks but those of Table 1 in which another method's median is as large "
            f"({not_alone} of 8). This takes the text's word that HASAC is best everywhere else: the curves' numbers "
            f"are not printed. 31 of 35 would be {total - 1} − {not_alone}, if the Light Aircraft Game is left out and "
            "the tie on MMM2 is not won",
        ),
    )

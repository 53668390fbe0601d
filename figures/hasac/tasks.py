"""HASAC, the counts of its text: 35 tasks of six benchmarks, HASAC best in 31 of them.

Win rates are printed for StarCraft alone, so that the 31 cannot be counted: there is the most that it can be, and the
least if the text's words on the other benchmarks are taken as they stand.
"""

from collections.abc import Mapping

from mathrl.base.printed import PaperStatement, PaperValue
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

BEST: Mapping[str, int] = {
    "Bi-DexHands": 3,
    "Multi-Agent MuJoCo": 10,
    "Google Research Football": 2,
    "Multi-Agent Particle": 6,
    "Light Aircraft Game": 1,
}
"""In how many tasks of a benchmark the text says that HASAC is best; of StarCraft, Table 1 has the numbers."""

LEFT_OUT = "Light Aircraft Game"
CLAIMED = 31
POSSIBLE = f"HASAC can be best in {CLAIMED}"


def _whole(number: int) -> PaperValue:
    return PaperValue(str(number), exact=True)


@exact(
    "hasac-table-of-tasks",
    caption="the text's 'best performance in 31 out of 35 tasks across all benchmarks', counted",
    paper={
        "all": {"benchmarks": _whole(6), "tasks": _whole(35)},
        "Bi-DexHands": {"tasks": _whole(9)},
        "Multi-Agent MuJoCo": {"tasks": _whole(10)},
        "StarCraft": {"tasks": _whole(8)},
        "Google Research Football": {"tasks": _whole(2)},
        "Multi-Agent Particle": {"tasks": _whole(6)},
        "text": {POSSIBLE: PaperStatement()},
    },
)
def tasks() -> Computed:
    """The tasks that tables and captions name, and in how many of them HASAC can be best."""
    medians = [[median for median, _ in scores] for scores in WIN_RATES.values()]
    alone = sum(own > max(others) for own, *others in medians)
    behind = sum(own < max(others) for own, *others in medians)
    not_alone, total = len(medians) - alone, sum(TASKS.values())
    least, most = alone + sum(BEST.values()), total - not_alone
    smaller, possible = total - TASKS[LEFT_OUT], least <= CLAIMED <= most
    everywhere = least - BEST["Bi-DexHands"] + TASKS["Bi-DexHands"]
    values: dict[tuple[str, str], float] = {
        ("all", "benchmarks"): float(len(TASKS)),
        ("all", "tasks"): float(total),
        ("text", POSSIBLE): float(possible),
        ("all", "HASAC best, at least"): float(least),
        ("all", "HASAC best, at most"): float(most),
        ("all", "HASAC best, at most, ties too"): float(total - behind),
        (f"all but {LEFT_OUT}", "tasks"): float(smaller),
        (f"all but {LEFT_OUT}", "HASAC best, at most"): float(smaller - not_alone),
        ("StarCraft", "HASAC best"): float(alone),
        ("StarCraft", "HASAC best, ties too"): float(len(medians) - behind),
    } | {(name, "tasks"): float(number) for name, number in TASKS.items()}
    values |= {(name, "HASAC best, by the text's words"): float(number) for name, number in BEST.items()}
    return Computed(
        values,
        (
            f"tasks: the six benchmarks have {total}, as tables list and captions count them. Without the {LEFT_OUT} "
            f"there are {smaller}; the matrix game is no benchmark",
            "HASAC best: its number is the largest, and no other method's is as large. The curves' numbers are not "
            f"printed, so nobody can count it from the paper. At most: Table 1 has another method as good or better on "
            f"{not_alone} maps, and in all other tasks HASAC may be best. At least: on these maps as Table 1 has it, "
            "and elsewhere only where the text says that HASAC is best. Of Bi-DexHands it says so of "
            f"{BEST['Bi-DexHands']} tasks, by name",
            f"said: {CLAIMED} "
            + ("lies between the two, and so contradicts nothing that is printed" if possible else "is out of reach")
            + f". Were HASAC best in all {TASKS['Bi-DexHands']} tasks of Bi-DexHands too, it would be {everywhere}. "
            f"Without the {LEFT_OUT}, and with HASAC best in every task outside of StarCraft, it would be best in "
            f"{smaller - not_alone} of {smaller}, where the text has {CLAIMED} of 35; but a footnote in the same "
            "paragraph says that HASAC is best in that game too",
        ),
    )

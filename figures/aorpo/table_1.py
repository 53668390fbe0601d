"""AORPO, Tables 1 and 2: the schedules of the rollout length, read off the printed formula, epoch by epoch."""

from fractions import Fraction
from math import floor

from mathrl.base.printed import PaperValue
from mathrl.base.reproduction import Computed, exact
from mathrl.bounds import SCHEDULES, Schedule

__all__ = ["COMPETITIVE", "COOPERATIVE", "EPOCHS", "in_code", "printed_length", "read_off", "table_1", "table_2"]

EPOCHS = 200
COOPERATIVE = ("cooperative-communication", "cooperative-navigation", "cooperative-scheduling")
COMPETITIVE = ("keep-away", "physical-deception", "predator-prey")

PRINTED = {
    "cooperative-communication": ("1", "10", "15", "100"),
    "cooperative-navigation": ("1", "6", "15", "100"),
    "cooperative-scheduling": ("1", "8", "40", "100"),
    "keep-away": ("1", "10", "30", "120"),
    "physical-deception": ("1", "8", "20", "100"),
    "predator-prey": ("1", "5", "20", "100"),
}
"""Task → x, y, a, b of 'x → y over epochs a → b'."""

HEADS = ("first length", "last length", "begins after epoch", "ends at epoch")


def printed_length(schedule: Schedule, epoch: int) -> Fraction:
    """f(e) = min(max(x + (e − a)/(b − a) (y − x), x), y), the note under Table 1."""
    x, y = schedule.first, schedule.last
    return min(
        max(x + Fraction(epoch - schedule.begin, schedule.end - schedule.begin) * (y - x), Fraction(x)), Fraction(y)
    )


def read_off(schedule: Schedule) -> dict[str, float]:
    """What the formula gives over the 200 epochs: its ends, where it moves, and how many steps a rollout has.

    The last two numbers are the sums over epochs of the length rounded down and to the nearest whole number.
    """
    lengths = [printed_length(schedule, epoch) for epoch in range(EPOCHS + 1)]
    first, last = lengths[0], lengths[-1]
    moved = {
        HEADS[0]: float(first),
        HEADS[1]: float(last),
        HEADS[2]: float(max(e for e, length in enumerate(lengths) if length == first)),
        HEADS[3]: float(min(e for e, length in enumerate(lengths) if length == last)),
    }
    down = sum(floor(length) for length in lengths[:-1])
    nearest = sum(floor(length + Fraction(1, 2)) for length in lengths[:-1])
    return moved | {"steps, rounded down": float(down), "steps, to the nearest": float(nearest)}


def in_code(schedule: Schedule) -> list[int]:
    """The rollout length in each epoch by the authors' code, github.com/apexrl/AORPO, main.py.

    It rounds down, and its x is not the first length but that of the update before. Here an epoch has one update, which
    is the least: with several of them lengths rise sooner.
    """
    lengths, length = [], schedule.first
    for epoch in range(EPOCHS + 1):
        rise = Fraction(epoch - schedule.begin, schedule.end - schedule.begin) * (schedule.last - length)
        length = floor(min(max(length + rise, Fraction(length)), Fraction(schedule.last)))
        lengths.append(length)
    return lengths


def _paper(tasks: tuple[str, ...]) -> dict[str, dict[str, PaperValue]]:
    return {
        task: {head: PaperValue(text, exact=True) for head, text in zip(HEADS, PRINTED[task], strict=True)}
        for task in tasks
    }


def _computed(tasks: tuple[str, ...]) -> Computed:
    values = {(task, head): x for task in tasks for head, x in read_off(SCHEDULES[task]).items()}
    for task in tasks:
        for length in range(2, SCHEDULES[task].last + 1):
            values[task, f"epoch of {length} steps"] = float(
                next(e for e in range(EPOCHS + 1) if SCHEDULES[task].steps(e) >= length)
            )
    return Computed(values, NOTES)


NOTES = (
    "read back: every printed number here is the x, y, a or b of the formula, and ours reads it off the same formula. "
    "These cells cannot disagree but by a slip of our own, and say nothing of the paper",
    "ours: the printed formula at the epochs 0 to 200, of which the first and last lengths and the epochs between "
    "which it moves are read off; 'epoch of n steps' is the first with a rollout of n steps, rounded down. The "
    "other rows of the tables are settings that were chosen",
    "steps: the sum over the 200 epochs of the steps of one rollout. The paper does not say how lengths are "
    "rounded, and the sums differ by what is shown",
)

CODE = (
    "authors' code (github.com/apexrl/AORPO, main.py): it rounds down, and has the length of the update before where "
    "the printed formula has the first length, x. So lengths rise sooner than is printed. Shown is the first epoch "
    "with at least n steps if there is one update an epoch; with more updates it is sooner still. The numbers with "
    "which its train.sh runs it are not those of Table 1 either"
)
"""The note on what the code makes of the schedules."""


@exact(
    "aorpo-table-1",
    caption="cooperative tasks: the schedule of the rollout length over 200 epochs",
    paper=_paper(COOPERATIVE),
)
def table_1() -> Computed:
    """The schedules of the three cooperative tasks, and what the authors' code makes of them."""
    printed, values = _computed(COOPERATIVE), {}
    for task in COOPERATIVE:
        lengths = in_code(SCHEDULES[task])
        for length in range(2, SCHEDULES[task].last + 1):
            first = next(epoch for epoch, found in enumerate(lengths) if found >= length)
            values[task, f"epoch of {length} steps, authors' code"] = float(first)
    return Computed({**printed.values, **values}, (*printed.notes, CODE))


@exact(
    "aorpo-table-2",
    caption="competitive tasks: the schedule of the rollout length over 200 epochs",
    paper=_paper(COMPETITIVE),
)
def table_2() -> Computed:
    """The schedules of the three competitive tasks."""
    return _computed(COMPETITIVE)

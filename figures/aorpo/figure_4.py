"""AORPO, Figure 4: the surfaces of Climb and their equilibria, as far as the text gives them.

Agent 1 picks a and agent 2 picks b, both in [−1, 1]. Of agent 2 the text prints (G.1)

    r_2(1; a, b) = max(−2 (a + ½)² − 2 (b + ½)², −(a − ½)² − (b − ½)²)                                   (1)
    r_2(2; a, b) = max(−(a + ½)² − (b + ½)², −2 (a − ½)² − 2 (b − ½)²).                                  (2)

Of agent 1 it says only which landmark is best: the lower left one in state 1, the upper right one in state 2; and of
the transitions nothing. Two rewards of agent 1 are tried that both fit these words:

    nearness   −(a − m)² − (b − m)², m the place of its landmark                                          (3)
    two peaks  max of (3), and of (3) for the other landmark less ½.                                      (4)

In (3) agent 1's best answer is a = m whatever b is, and agent 2's answer to a = m is b = m: one equilibrium. In (4) the
other landmark is an equilibrium too: who leaves it alone is paid less. If actions do not move the state, equilibria of
both states' games together are those of the stochastic game in which agents look at the state alone.
"""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.base.printed import PaperStatement, PaperValue, Printed
from mathrl.base.reproduction import Computed, exact

__all__ = [
    "GRID",
    "LANDMARK",
    "NEARNESS",
    "TWO_PEAKS",
    "best_answers",
    "changes_at",
    "equilibria",
    "figure_4",
    "second",
]

GRID = np.arange(-100, 101) / 100
LANDMARK = {1: -0.5, 2: 0.5}
"""State → both coordinates of agent 1's landmark."""

Reward = Callable[[int, FloatArray, FloatArray], FloatArray]


def second(state: int, a: FloatArray, b: FloatArray) -> FloatArray:
    """r_2 of (1) and (2)."""
    left, right = -((a + 0.5) ** 2) - (b + 0.5) ** 2, -((a - 0.5) ** 2) - (b - 0.5) ** 2
    return np.maximum(2 * left, right) if state == 1 else np.maximum(left, 2 * right)


def _nearness(state: int, a: FloatArray, b: FloatArray) -> FloatArray:
    return np.asarray(-((a - LANDMARK[state]) ** 2) - (b - LANDMARK[state]) ** 2)  # (3)


def _two_peaks(state: int, a: FloatArray, b: FloatArray) -> FloatArray:
    return np.maximum(_nearness(state, a, b), _nearness(3 - state, a, b) - 0.5)  # (4)


NEARNESS: Reward = _nearness
TWO_PEAKS: Reward = _two_peaks


def best_answers(reward: FloatArray, axis: int) -> npt.NDArray[np.bool_]:
    """Where on a grid of a (rows) and b (columns) the agent that picks along `axis` answers best, up to rounding."""
    return np.asarray(reward >= reward.max(axis=axis, keepdims=True) - 1e-12)


def equilibria(state: int, first: Reward) -> tuple[tuple[float, float], ...]:
    """The pure equilibria (a, b) of one state's game on the grid of hundredths."""
    a, b = np.meshgrid(GRID, GRID, indexing="ij")
    both = best_answers(first(state, a, b), 0) & best_answers(second(state, a, b), 1)
    return tuple((float(GRID[i]), float(GRID[j])) for i, j in np.argwhere(both))


def changes_at(state: int) -> float:
    """The a at which agent 2's best answer leaps from one landmark to the other: √2 (½ + a) = ½ − a in state 1."""
    leap = (1 - np.sqrt(2)) / (2 * (1 + np.sqrt(2)))
    return float(leap if state == 1 else -leap)


def _exactly(number: str) -> PaperValue:
    return PaperValue(number, exact=True)


PAPER: Mapping[str, Mapping[str, Printed]] = {
    f"state {state}": {"equilibria": PaperStatement(), "a": _exactly(a), "b": _exactly(a), "differ": PaperStatement()}
    for state, a in ((1, "-0.5"), (2, "0.5"))
}


@exact("aorpo-figure-4", caption="Climb: equilibria and surfaces, as far as the text gives the rewards", paper=PAPER)
def figure_4() -> Computed:
    """For each state the equilibria with (3), how many there are with (4), and agent 2's reward at both landmarks."""
    values: dict[tuple[str, str], float] = {}
    for state in (1, 2):
        row = f"state {state}"
        found = equilibria(state, NEARNESS)
        values |= {(row, "equilibria"): float(len(found)), (row, "a"): found[0][0], (row, "b"): found[0][1]}
        at = [float(second(state, np.array(x), np.array(x))) + 0.0 for x in (-0.5, 0.5)]
        values[row, "differ"] = float(at[0] != at[1])
        values |= {(row, "r_2, lower left"): at[0], (row, "r_2, upper right"): at[1]}
        values[row, "equilibria, two peaks"] = float(len(equilibria(state, TWO_PEAKS)))
        values[row, "b leaps at a"] = changes_at(state)
    return Computed(values, (*NOTES, *_notes(values)))


def _notes(values: Mapping[tuple[str, str], float]) -> tuple[str, ...]:
    alone, peaks, left, right = (
        " and ".join(f"{values[f'state {state}', head]:g}" for state in (1, 2))
        for head in ("equilibria", "equilibria, two peaks", "r_2, lower left", "r_2, upper right")
    )
    return (
        f"equilibria: 'the only Nash equilibrium' (6.1): with that reward the two states have {alone}. It depends on "
        f"the reward that is not given: with two peaks, the other one lower by 0.5, they have {peaks}",
        "differ: the text says that agent 2 'can get different rewards by moving to both landmarks' (G.1); 1 stands "
        f"for this. By the printed formulas it is paid {left} at the lower left one in the two states, {right} at the "
        "upper right one; how steeply the reward falls around them differs",
    )


NOTES = (
    "not given: agent 1's reward, but for its best landmark, the transitions, and every number of the surfaces that "
    "are drawn; the authors' code (github.com/apexrl/AORPO) has no Climb. Ours takes the negative squared distance to "
    "its landmark (with b) for agent 1's reward. The equilibria are the pure ones on a grid of hundredths",
    "ours: the six cells equilibria, a and b come from this reward, which has its landmark for the best a by its form. "
    "It was taken as it fits the text, so that they cannot disagree; what agent 2 is paid is of printed formulas",
    "with that reward a = -0.5 is agent 1's best answer to every b in state 1, and 0.5 in state 2",
    "what AORPO and MASAC converge to is drawn and not printed, and is not checked here",
)

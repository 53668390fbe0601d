"""DMAC, Theorem 1 (Appendix A.2): the bound ω log|A|/(1 − γ) beside the true distance from the optimum."""

from collections.abc import Mapping

import numpy as np

from mathrl.base.printed import PaperStatement
from mathrl.base.reproduction import Computed, Estimate, exact
from mathrl.figures.dmac.iteration import CLASSES, UPDATES, iterates, optimum, uniform_gap
from mathrl.figures.dmac.measures import TEMPERATURES, game

__all__ = ["appendix_a2", "bound", "share_within", "telling"]

WITHIN = "the limit is within the bound of the optimum"


def bound(temperature: float) -> float:
    """ω log|A|/(1 − γ) of Theorem 1 in the game of Section 5.1."""
    played = game()
    return float(temperature * np.log(played.num_joint_actions) / (1 - played.discount))


def telling(temperature: float) -> bool:
    """Whether the bound says something at this ω: it is less than the distance of uniform play from the optimum.

    The iteration starts at uniform play, and never gets worse in any state; a larger bound cannot fail.
    """
    return bound(temperature) < uniform_gap()


def share_within(gaps: Mapping[float, float]) -> float | None:
    """In what share of the ω at which the bound says something it holds; None where it says something at none.

    `gaps`  ω → the largest distance from the optimum
    """
    left = [gap <= bound(t) for t, gap in gaps.items() if telling(t)]
    return float(np.mean(left)) if left else None


@exact(
    "dmac-appendix-a.2",
    caption="Theorem 1 in the game of Section 5.1: the bound of the limit's distance from the optimum, and the "
    "distance J* − J(π^k) of the policies after k updates",
    paper={"text": {WITHIN: PaperStatement()}},
)
def appendix_a2() -> Computed:
    """Both ways to maximise Eq. 3, over the ω of the text; `largest` is the maximum over states at the last k."""
    best = float(optimum().objective)
    values: dict[tuple[str, str], float | Estimate | None] = {}
    for policy_class, name in CLASSES.items():
        for temperature in TEMPERATURES:
            found = iterates(policy_class, temperature)
            row = f"{name}, ω={temperature:g}"
            values[row, "bound"] = bound(temperature)
            for k in UPDATES:
                values[row, f"distance k={k}"] = best - float(found.objective[k])
            values[row, f"largest distance k={UPDATES[-1]}"] = found.gap
    values["text", WITHIN] = share_within({t: iterates("joint", t).gap for t in TEMPERATURES})
    return Computed(values, _notes())


def _notes() -> tuple[str, ...]:
    last = UPDATES[-1]
    vacuous, left = ([t for t in TEMPERATURES if telling(t) is so] for so in (False, True))
    turns = {t: iterates("product", t).gap for t in TEMPERATURES}
    above = [t for t in TEMPERATURES if turns[t] > bound(t)]
    worst = max(above, key=lambda t: turns[t] / bound(t), default=None)
    notes = [
        "over joint policies the limit is optimal at every ω (mathrl.theorem-divergence-limit), so the true distance "
        "of the limit is 0 and the bound says nothing about it",
        f"text: Theorem 1. Ours is the share of ω = {_listed(left)}, 1 if all, at which the largest distance over "
        f"states after {last} updates, which never grows, is at most the bound: for all agents at once, which the "
        "theorem is about",
        f"the uniform policy is up to {uniform_gap():.1f} from the optimum: at ω = {_listed(vacuous)} the bound is "
        "larger, and holds for every policy that is no worse in any state. These ω decide nothing, and are not counted",
    ]
    if worst is not None:
        notes.append(
            f"for agents that improve in turn the bound does not hold at ω = {_listed(above)}: at ω={worst:g} they end "
            f"{turns[worst]:.1f} from the optimum, {turns[worst] / bound(worst):.0f} times the bound. The theorem is "
            "about maxima of Eq. 3; agents that improve one at a time stop before"
        )
    return tuple(notes)


def _listed(temperatures: list[float]) -> str:
    return ", ".join(f"{t:g}" for t in temperatures) or "none"

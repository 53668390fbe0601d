"""ROMMEO, Figure 1b: P(A,A) of tabular learners on the iterated climbing game, under several readings.

P(A,A) is the probability that both play A, from their policies without exploration. Beside it stands that of the
learners' mean field. The game is that of `rommeo-figure-1a`.
"""

from typing import Any

from mathrl.base.printed import PaperStatement
from mathrl.base.reproduction import Computed, Estimate, reproduction
from mathrl.base.runs import Runs
from mathrl.figures.deciding import share_decided
from mathrl.figures.rommeo.by_run import DIFFERENCES, INTERVALS, mean
from mathrl.figures.rommeo.compared import ahead, less_others, verdict
from mathrl.figures.rommeo.drawn import PROBABILITIES, said
from mathrl.figures.rommeo.gathered import OWN, READ, SEEDS, curves, drawn_too, recorded
from mathrl.figures.rommeo.readings import LEARNERS, READINGS
from mathrl.figures.rommeo.simulated import EPISODES
from mathrl.figures.rommeo.words import number
from mathrl.games import load
from mathrl.learners import mean_field

__all__ = ["AHEAD", "figure_1b"]

AHEAD = "ROMMEO-Q is above all baselines"
"""What the text says."""

ENDS = 100
"""The figure's last episode by its caption."""


@reproduction(
    "rommeo-figure-1b",
    kind="simulated",
    caption="probability that both agents play A on the iterated climbing game, and in the exact mean field",
    paper={"text": {AHEAD: PaperStatement()}},
)
def figure_1b(seed: int, budget: str, runs: Runs) -> Computed:
    """P(A,A) of all learners, under each reading, and of their mean-field dynamics."""
    times = recorded(budget)
    found = curves(seed, SEEDS[budget], times, runs)
    values: dict[tuple[str, str], float | Estimate | None] = {}
    for (reading, learner), result in found.items():
        for k, t in enumerate(times):
            values[f"{reading}: {learner}", f"episode {t}"] = mean(result["aa"][:, k])
    values |= _mean_fields(times)
    notes, decisions = [], []
    for reading in READINGS:
        for t in (ENDS, times[-1]):
            p = {learner: found[reading, learner]["aa"][:, times.index(t)] for learner in LEARNERS}
            less = less_others(p)
            values |= {(f"{reading}: {OWN} less {learner}", f"episode {t}"): gap for learner, gap in less.items()}
            notes.append(f"{reading}, episode {t}: {OWN} {number(p[OWN].mean())}{verdict(less)}")
            if t == ENDS:
                decisions.append(ahead(less))
    values["text", AHEAD] = share_decided(decisions)
    return Computed(
        values,
        (
            INTERVALS,
            DIFFERENCES,
            READ,
            "text: 'ROMMEO-Q actually outperforms all baselines significantly in terms of converging to the global "
            f"optimum' (5.1). Ours is the share of the readings, 1 if all, in which P(A,A) of ROMMEO-Q at episode "
            f"{ENDS} is above that of every baseline. ROMMEO-Q-EMP is an ablation, and no baseline",
            *notes,
            drawn_too("rommeo-figure-1b"),
            "the mean field starts where both agents and all seeds are alike, and stays so: where it ends at one joint "
            "action, runs that differ by what they draw end at several. It shows the drift, not the shares",
            said("P(A,A)", PROBABILITIES),
            "FMQ as drawn may be that of the authors' code, which differs from its definition: there the count of an "
            "action's largest reward goes on when a larger one is met, and the largest reward begins at 0",
        ),
    )


def _mean_fields(times: tuple[int, ...]) -> dict[tuple[str, str], float]:
    game, fields, values = load("climbing"), dict[Any, Any](), {}
    for reading, chosen in READINGS.items():
        for learner in LEARNERS:
            settings = chosen[learner]
            if settings not in fields:
                fields[settings] = mean_field(game, settings, episodes=EPISODES)
            own, other = fields[settings]
            for t in (t for t in times if t <= EPISODES):
                values[f"{reading}: {learner}, mean field", f"episode {t}"] = float(own[t, 0] * other[t, 0])
    return values

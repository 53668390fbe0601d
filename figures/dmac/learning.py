"""The learners of DMAC's Section 5.1 on its stochastic game: COMA, and COMA with DMAC at each ω of the text.

What the paper does not say is ours: the game (see `mathrl games dmac`), tables in place of networks, how long a run is,
and the steps. With RMSprop on networks the paper's steps, 1e-4 and 1e-3, mean nothing for a table; so there are two
steps of the actors, a large one, with which policies settle before all pairs were visited, and a small one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.base.intervals import estimate
from mathrl.base.reproduction import Estimate
from mathrl.base.runs import Runs
from mathrl.figures.dmac.measures import HORIZON, TEMPERATURES, episode_return, game
from mathrl.games import joint_policy
from mathrl.learners import Schedule
from mathrl.learners.coma import Coma, coma
from mathrl.learners.dmac import Dmac, dmac

__all__ = ["CHOSEN", "FIVE", "LEARNERS", "SETTINGS_NOTE", "STEPS", "Curves", "curves", "label", "mean", "said"]

CHOSEN = 0.2
"""The ω with which the paper compares."""

FIVE = 5
"""How many seeds the paper has."""

STEPS: Mapping[str, float] = {"large": 0.1, "small": 0.01}
"""The steps of the actors."""

EXPLORING = Schedule(0.48, rate=0.995, floor=0.02)
"""From 0.5 to 0.02, as published implementations of COMA explore; there it falls in equal steps over 750 episodes."""

LEARNERS: Mapping[str, Coma] = {
    "COMA": Coma(),
    "COMA, exploring": Coma(exploration=EXPLORING),
    "COMA+DMAC, ω=0": Dmac(temperature=0.0),
    **{f"COMA+DMAC, ω={t:g}": Dmac(temperature=t) for t in TEMPERATURES},
}
"""The settings of each learner but for the actors' step. At ω = 0 there is replay, and no divergence."""

EPISODES: Mapping[str, int] = {"fast": 320, "paper": 33_600}
SEEDS: Mapping[str, int] = {"fast": 4, "paper": 20}
SHARES = (0, 1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 320)
"""When policies are looked at: these shares of 320ths of a run."""

SETTINGS_NOTE = (
    "tables, from uniform policies and Q = 0: steps of the critic 0.2, λ = 0.8, targets averaged with 0.01, one episode an "
    "update; DMAC draws it from the last 1,000. The paper gives λ and the averaging; its game, the length of its runs and "
    "its exploration are in neither its text nor its published code (PKU-RL/FOP-DMAC-MACPF), so they are ours"
)


@dataclass(frozen=True)
class Curves:
    """All runs of one learner. `returns` and `cover` are (seeds, times): J_30 of the policies, and what was visited.

    `episodes`  (times,), after how many episodes
    """

    episodes: npt.NDArray[np.int64]
    returns: FloatArray
    cover: FloatArray


def label(temperature: float) -> str:
    """What COMA with DMAC at this ω is called in `LEARNERS`."""
    return f"COMA+DMAC, ω={temperature:g}"


def learned(part: Mapping[str, Any]) -> dict[str, Any]:
    """One run: `learner` and `step` name its settings, `episodes` its length, `game`, `seed` and `run` its draws."""
    played = game(part["game"])
    settings = replace(LEARNERS[part["learner"]], actor_step=part["step"], horizon=HORIZON)
    times = sorted({part["episodes"] * share // SHARES[-1] for share in SHARES})
    given: Any = {"episodes": part["episodes"], "seeds": [part["run"]], "record": times, "seed": part["seed"]}
    found = (
        dmac(played, settings=settings, **given)
        if isinstance(settings, Dmac)
        else coma(played, settings=settings, **given)
    )
    assert found.coverage is not None
    policies = ([own[0, t] for own in found.policy] for t in range(len(times)))
    return {
        "episodes": found.episodes,
        "returns": [episode_return(played, joint_policy(policy)) for policy in policies],
        "cover": found.coverage[0],
    }


def curves(
    seed: int,
    budget: str,
    runs: Runs,
    learners: Sequence[str],
    steps: Sequence[str] = tuple(STEPS),
    *,
    games: bool = False,
) -> dict[tuple[str, str], Curves]:
    """All runs of these learners at these steps, by (step, learner).

    `games`  whether each run has a game of its own, the catalogue's with the number of the run as its seed
    """
    keys = [(step, learner) for step in steps for learner in learners]
    count = SEEDS[budget]
    parts = [
        {
            "learner": learner,
            "step": STEPS[step],
            "episodes": EPISODES[budget],
            "game": 1 + run if games else 0,
            "seed": seed,
            "run": run,
        }
        for step, learner in keys
        for run in range(count)
    ]
    results = runs.map(learned, parts, name="dmac-game")
    found = {}
    for j, key in enumerate(keys):
        own = results[j * count : (j + 1) * count]
        found[key] = Curves(own[0]["episodes"], *(np.stack([r[name] for r in own]) for name in ("returns", "cover")))
    return found


def mean(values: FloatArray) -> Estimate:
    """The mean over seeds with its 95 % bootstrap interval, as the paper shows means with such intervals."""
    return estimate(values, statistic=np.mean)


def said(claim: str, differences: FloatArray) -> str:
    """Whether a claim that differences are positive appears with all seeds, and with the paper's five alone."""
    few = min(FIVE, len(differences))
    number = {5: "five", 20: "twenty"}
    texts = [
        f"with {number.get(n, n)} seeds {_verdict(mean(differences[:n]))}"
        for n in dict.fromkeys((len(differences), few))
    ]
    return f"“{claim}”: {'; '.join(texts)}"


def _verdict(found: Estimate) -> str:
    numbers = f"({found.value:+.3g}, 95 % interval {found.low:+.3g} to {found.high:+.3g})"
    if found.low > 0:
        return f"it appears {numbers}"
    return f"it does not, the opposite does {numbers}" if found.high < 0 else f"it is undecided {numbers}"

"""The learners of DMAC's Section 5.1 on its stochastic game: COMA, and COMA with DMAC at each ω of the text.

What the paper does not say is ours: the game (see `mathrl games dmac`), tables in place of networks, how long a run is,
and the steps. With RMSprop on networks the paper's steps, 1e-4 and 1e-3, mean nothing for a table; so there are two
steps of the actors, a large one, with which policies settle before all pairs were visited, and a small one.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mathrl.figures.dmac.measures import HORIZON, TEMPERATURES, episode_return, game
from mathrl.games import joint_policy
from mathrl.learners import Schedule
from mathrl.learners.coma import Coma, coma
from mathrl.learners.dmac import Dmac, dmac

__all__ = ["EPISODES", "LEARNERS", "STEPS", "label", "learned"]

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

EPISODES: Mapping[str, int] = {"fast": 320, "drawn": 6_400, "paper": 33_600}
"""How many episodes of 30 steps a run has: at full length a million steps, as the paper has in SMAC."""

SHARES = (0, 1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 320)
"""When policies are looked at: these shares of 320ths of a run."""


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
    policies = (tuple(own[0, t] for own in found.policy) for t in range(len(times)))
    return {
        "episodes": found.episodes,
        "returns": [episode_return(played, joint_policy(policy)) for policy in policies],
        "cover": found.coverage[0],
    }

"""HASAC, HAPPO and MAPPO in the matrix game of HASAC's Figure 1, from its start: several runs of each setting.

The paper names neither the temperature of its Figure 3a, nor what an episode is in a game of one state, nor any setting
of the learners in it. `BASE` has what the figures here show; `SWEEP` varies what is left open.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.runs import Runs
from mathrl.figures.hasac.appendix_b import INITIAL_POLICY
from mathrl.games import load
from mathrl.games.given import Booleans
from mathrl.learners import Clipped, Hasac, happo, hasac, mappo
from mathrl.solvers import haspi

__all__ = [
    "BASE",
    "CLIPPED",
    "EPISODES",
    "HASAC",
    "PESSIMIST",
    "SEEDS",
    "SWEEP",
    "Case",
    "ended",
    "exact_end",
    "learn",
    "returns",
    "runs_of",
]

EPISODES = 200
SEEDS = {"fast": 40, "paper": 1000}
AT_ONCE = 50
"""How many seeds make a part."""

LEARNERS: Mapping[str, tuple[Any, Any]] = {
    "HASAC": (hasac, Hasac),
    "HAPPO": (happo, Clipped),
    "MAPPO": (mappo, Clipped),
}

HASAC = Hasac(7.0, plays=10, warmup=20)
"""Ten plays an episode, the first 20 episodes uniform: by then every joint action has been played."""

CLIPPED = Clipped(step=0.1, plays=10)


@dataclass(frozen=True)
class Case:
    """A setting of a learner: what tables call it, the learner's name, and its settings."""

    name: str
    learner: str
    settings: Hasac | Clipped


BASE = (
    *(
        Case(f"HASAC alpha={alpha:g}", "HASAC", replace(HASAC, temperature=alpha))
        for alpha in (1.0, 5.0, 7.0, 10.0, 15.0)
    ),
    Case("HAPPO", "HAPPO", CLIPPED),
    Case("MAPPO", "MAPPO", CLIPPED),
)


def _hasac(alpha: float, plays: int, warmup: int) -> Case:
    settings = replace(HASAC, temperature=alpha, plays=plays, warmup=warmup)
    return Case(f"HASAC alpha={alpha:g}, {_plays(plays)}, warm-up {warmup}", "HASAC", settings)


def _clipped(learner: str, plays: int, step: float, epochs: int, normalise: bool) -> Case:
    settings = replace(CLIPPED, plays=plays, step=step, epochs=epochs, normalise=normalise)
    name = f"{learner} {_plays(plays)}, step {step:g}, epochs {epochs}"
    return Case(name + ", normalised" * normalise, learner, settings)


def _plays(plays: int) -> str:
    return "1 play" if plays == 1 else f"{plays} plays"


TEAMS = ("HAPPO", "MAPPO")

PESSIMIST = Case(
    "HASAC alpha=5, 1 play, warm-up 0, first Q -20",
    "HASAC",
    replace(HASAC, temperature=5.0, plays=1, warmup=0, initial_q=-20.0),
)
"""What has not been played is as bad as the worst payoff, and so nothing invites to try it."""

SWEEP: Mapping[str, tuple[Case, ...]] = {
    "fast": (
        *(_hasac(5.0, plays, warmup) for plays, warmup in product((1, 10), (0, 20))),
        PESSIMIST,
        *(_clipped(learner, plays, 0.1, 5, False) for learner, plays in product(TEAMS, (1, 64))),
    ),
    "paper": (
        *(
            _hasac(alpha, plays, warmup)
            for alpha, plays, warmup in product((1.0, 2.0, 5.0, 7.0, 10.0), (1, 10), (0, 20))
        ),
        PESSIMIST,
        *(
            _clipped(learner, plays, step, epochs, normalise)
            for learner, plays in product(TEAMS, (1, 10, 64))
            for step, epochs in product((0.01, 0.1, 1.0), (1, 5, 15))
            for normalise in ((False, True) if plays > 1 else (False,))  # one play has no deviation
        ),
    ),
}
"""By budget."""


def runs_of(part: Mapping[str, Any]) -> dict[str, FloatArray]:
    """Both agents' policies of some seeds, (seeds, T, 3) each: a part of a simulation."""
    learner, kind = LEARNERS[part["learner"]]
    learned = learner(
        load("hasac"),
        settings=kind(**part["settings"]),
        episodes=EPISODES,
        seeds=range(part["first"], part["last"]),
        seed=part["seed"],
        record=part["record"],
        initial_policy=INITIAL_POLICY,
    )
    return {"first": learned.policy[0][:, :, 0], "second": learned.policy[1][:, :, 0]}


def learn(
    cases: Sequence[Case], runs: Runs, *, seed: int, seeds: int, record: int | Sequence[int], name: str
) -> dict[str, FloatArray]:
    """Case → joint policies (seeds, T, 3, 3) at the episodes that are recorded."""
    bounds = [(first, min(first + AT_ONCE, seeds)) for first in range(0, seeds, AT_ONCE)]
    parts = [
        {
            "learner": case.learner, "settings": asdict(case.settings), "seed": seed, "first": first, "last": last,
            "record": record if isinstance(record, int) else list(record),
        }
        for case in cases
        for first, last in bounds
    ]  # fmt: skip
    results = runs.map(runs_of, parts, name=name)
    joint = {}
    for k, case in enumerate(cases):
        own = results[k * len(bounds) : (k + 1) * len(bounds)]
        one, other = (np.concatenate([result[agent] for result in own]) for agent in ("first", "second"))
        joint[case.name] = one[..., :, None] * other[..., None, :]
    return joint


def returns(joint: FloatArray) -> FloatArray:
    """The expected payoff of joint policies (…, 3, 3)."""
    paid: FloatArray = (joint * load("hasac").rewards[0]).sum(axis=(-2, -1))
    return paid


def ended(joint: FloatArray) -> Booleans:
    """Of joint policies (…, 3, 3), which of (A,A), (B,B), (C,C) is played more than half of the time: (…, 3), true or
    false."""
    most: Booleans = np.diagonal(joint, axis1=-2, axis2=-1) > 0.5
    return most


def exact_end(alpha: float) -> FloatArray:
    """The joint policy that HASPI ends at from the paper's start, (3, 3)."""
    one, other = haspi(load("hasac"), temperature=alpha, initial_policy=INITIAL_POLICY).policy
    return np.outer(one[0], other[0])

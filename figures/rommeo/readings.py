"""What ROMMEO's Figure 1 leaves open, and the readings of it that are computed.

The text gives no step, temperature, initial value, window or exploration of any learner. The authors' code
(github.com/rommeoijcai2019/rommeo, maci/learners/tabular/Q.py) has ROMMEO-Q and FMQ with these: a step of
10000/(10000 + t), FMQ 0.9; initial Q uniform in [0, 1); frequencies over the last 50 episodes; an episode that ends
with the joint action; and for the temperature of ROMMEO-Q the choice of 1/(1 + t/10000) times its first value, of a
constant, or of e^{−0.1 t} times it + 0.1. FMQ has 500 e^{−0.1 t} + 1, and PR2 has 1. Its joint action learner has none,
and is another one (`divided_jal`).
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from mathrl.games import Game
from mathrl.learners import (
    Fmq,
    Jal,
    Learning,
    Pr2Q,
    RommeoQ,
    Schedule,
    WolfPhc,
    fmq,
    jal,
    pr2_q,
    rommeo_q_learning,
    wolf_phc,
)

__all__ = ["LEARNERS", "READINGS", "common", "learn"]

ALMOST_1 = Schedule(1.0, half=10_000.0)
"""The step of the authors' code."""

FAST = math.exp(-0.1)

LEARNERS = ("ROMMEO-Q", "ROMMEO-Q-EMP", "JAL", "WoLF-PHC", "FMQ-c1", "FMQ-c5", "FMQ-c10", "PR2-Q")
"""Those of Section 5.1; the figure shows FMQ with c = 10 alone."""

FUNCTIONS: Mapping[type, Callable[..., Learning]] = {
    RommeoQ: rommeo_q_learning,
    Jal: jal,
    WolfPhc: wolf_phc,
    Fmq: fmq,
    Pr2Q: pr2_q,
}


def annealed(first: float, floor: float = 0.1) -> Schedule:
    """`first` · e^{−0.1 t} + `floor`."""
    return Schedule(first, rate=FAST, floor=floor)


def common(
    *,
    step: float | Schedule,
    temperature: float | Schedule,
    initial_q: tuple[float, float],
    exploration: float = 0.0,
    window: int | None = 50,
) -> Mapping[str, Any]:
    """The settings of all learners, as far as they have them, with the same step, temperature, and so on.

    WoLF-PHC has no temperature; its δ are those of the authors' code, 0.0025 and 0.005, and so is its random policy at
    first.
    """
    shared: dict[str, Any] = {"step": step, "initial_q": initial_q, "exploration": exploration}
    soft = {**shared, "temperature": temperature}
    return {
        "ROMMEO-Q": RommeoQ(**soft, window=window),
        "ROMMEO-Q-EMP": RommeoQ(**soft, window=window, empirical=True),
        "JAL": Jal(**soft),
        "WoLF-PHC": WolfPhc(**shared, random_policy=True),
        **{f"FMQ-c{c}": Fmq(**soft, weight=float(c)) for c in (1, 5, 10)},
        "PR2-Q": Pr2Q(**soft),
    }


_CODE = common(step=ALMOST_1, temperature=Schedule(1.0, half=10_000.0), initial_q=(0.0, 1.0))
_ANNEALED = common(step=ALMOST_1, temperature=annealed(500.0), initial_q=(0.0, 1.0))
_FMQ = {f"FMQ-c{c}": Fmq(weight=float(c), temperature=annealed(500.0, 1.0), initial_q=(0.0, 1.0)) for c in (1, 5, 10)}

READINGS: Mapping[str, Mapping[str, Any]] = {
    "ROMMEO-Q annealed": {
        **_CODE,
        **_FMQ,
        "ROMMEO-Q": _ANNEALED["ROMMEO-Q"],
        "ROMMEO-Q-EMP": _ANNEALED["ROMMEO-Q-EMP"],
    },
    "all annealed": _ANNEALED,
    "none annealed": _CODE,
    "each with its defaults": {
        "ROMMEO-Q": RommeoQ(),
        "ROMMEO-Q-EMP": RommeoQ(empirical=True),
        "JAL": Jal(),
        "WoLF-PHC": WolfPhc(step=Schedule(0.01, half=1e6), win=Schedule(5e-5, half=2e4), lose=Schedule(1e-4, half=2e4)),
        **{f"FMQ-c{c}": Fmq(weight=float(c)) for c in (1, 5, 10)},
        "PR2-Q": Pr2Q(),
    },
}
"""Settings of all learners by reading.

"ROMMEO-Q annealed": as in the authors' code, ROMMEO-Q's and -EMP's temperature 500 e^{−0.1 t} + 0.1, FMQ's beside
"all annealed": the same step, temperature and initial Q for all
"none annealed": the same with the temperature 1/(1 + t/10000), also for FMQ
"each with its defaults": those of `mathrl.learners`, from the learners' own papers where they give any; WoLF-PHC with
rates as slow as its authors take, δ_win = 1/(20000 + t), δ_lose twice that, and a step of 1/(100 + t/10000)
"""


def learn(game: Game, settings: Any, *, episodes: int, seeds: Any, seed: int, record: Any = 1) -> Learning:
    """Let the learner that these settings are of learn."""
    return FUNCTIONS[type(settings)](game, settings=settings, episodes=episodes, seeds=seeds, seed=seed, record=record)

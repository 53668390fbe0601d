"""A million episodes of the iterated climbing game for each tabular learner, against the seconds that a user waits."""

from benchmarks.timing import Row, within
from mathrl.games import load
from mathrl.learners import Fmq, Jal, Pr2Q, RommeoQ, WolfPhc, fmq, jal, pr2_q, rommeo_q_learning, wolf_phc

__all__ = ["rows"]

EPISODES = 1_000_000
LIMIT = 2.0
CASES = {
    "JAL": (jal, Jal()),
    "WoLF-PHC": (wolf_phc, WolfPhc()),
    "FMQ": (fmq, Fmq()),
    "PR2-Q": (pr2_q, Pr2Q()),
    "ROMMEO-Q": (rommeo_q_learning, RommeoQ()),
}


def rows() -> list[Row]:
    game = load("climbing")
    found = []
    for name, (learner, settings) in CASES.items():
        learner(game, settings=settings, episodes=1)
        found.append(
            within(
                f"a million episodes of {name}",
                lambda learner=learner, settings=settings: learner(
                    game, settings=settings, episodes=EPISODES, record=EPISODES
                ),
                LIMIT,
                runs=3,
            )
        )
    return found

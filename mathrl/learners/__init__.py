"""Tabular learners that play a game and learn from what they are paid, compiled, one a file.

`learner(game, *, episodes, seeds, seed, record, …) -> Learning`: several runs of one learner on a game. What follows
are the learner's settings, each by keyword; or all in one object, `settings=RommeoQ(temperature=2.0)`. `Learner` says
what the arguments are.

>>> from mathrl.games import load
>>> learned = rommeo_q_learning(load("climbing"), temperature=2.0, episodes=200, seeds=5)
>>> learned
<Learning: rommeo_q_learning, 5 runs of 200 episodes, 2 agents>
>>> learned.played(0, 0).shape  # P(A,A) in each run, before the first episode and after each
(5, 201)
"""

from mathrl.learners.clipped import Clipped
from mathrl.learners.coma import Coma, coma
from mathrl.learners.dmac import Dmac, dmac
from mathrl.learners.fmq import Fmq, fmq
from mathrl.learners.happo import happo
from mathrl.learners.hasac import Hasac, hasac
from mathrl.learners.jal import Jal, jal
from mathrl.learners.learner import Learner
from mathrl.learners.learning import Learning
from mathrl.learners.mappo import mappo
from mathrl.learners.mean_field import mean_field
from mathrl.learners.pr2_q import Pr2Q, pr2_q
from mathrl.learners.rommeo_q_learning import RommeoQ, rommeo_q_learning
from mathrl.learners.schedule import Schedule
from mathrl.learners.wolf_phc import WolfPhc, wolf_phc

__all__ = [
    "Clipped",
    "Coma",
    "Dmac",
    "Fmq",
    "Hasac",
    "Jal",
    "Learner",
    "Learning",
    "Pr2Q",
    "RommeoQ",
    "Schedule",
    "WolfPhc",
    "coma",
    "dmac",
    "fmq",
    "happo",
    "hasac",
    "jal",
    "mappo",
    "mean_field",
    "pr2_q",
    "rommeo_q_learning",
    "wolf_phc",
]

"""The learners by play step by step in plain arrays, one a file.

They are the definitions that kernels are tested against: `played` draws as kernels do. For a distribution of joint
actions in place of one, `after` is the mean of what follows.
"""

from typing import Any

from mathrl.games import Game
from mathrl.learners.fmq import Fmq
from mathrl.learners.jal import Jal
from mathrl.learners.pieces import payoffs
from mathrl.learners.plain.fmq import PlainFmq
from mathrl.learners.plain.jal import PlainJal
from mathrl.learners.plain.learner import Plain
from mathrl.learners.plain.pr2_q import PlainPr2Q
from mathrl.learners.plain.rommeo_q_learning import PlainRommeoQ
from mathrl.learners.plain.wolf_phc import PlainWolfPhc
from mathrl.learners.pr2_q import Pr2Q
from mathrl.learners.rommeo_q_learning import RommeoQ
from mathrl.learners.wolf_phc import WolfPhc

__all__ = ["Plain", "plain"]

_FORMS: dict[type, type[Plain]] = {
    Fmq: PlainFmq,
    Jal: PlainJal,
    Pr2Q: PlainPr2Q,
    RommeoQ: PlainRommeoQ,
    WolfPhc: PlainWolfPhc,
}


def plain(settings: Any, game: Game) -> Plain:
    """The learner with these settings on a matrix game, in plain arrays.

    Raises `ValueError` where the game is none, and `TypeError` for settings of no learner.
    """
    if type(settings) not in _FORMS:
        raise TypeError(f"settings are of type {type(settings).__name__}, expected those of a learner")
    return _FORMS[type(settings)](settings, payoffs(game))

"""What the kernels of learners by play share: steps of Q towards r + γ v, and Boltzmann distributions.

Q(a)    ← Q(a) + λ_t (r + γ max Q − Q(a))                     of own actions                    (1)
Q(a, b) ← Q(a, b) + λ_t (r + γ v − Q(a, b))                   of joint actions                  (2)
π(a)    ∝ exp(E(a)/T_t),   v = max E                          where E is expected               (3)
"""

from typing import NamedTuple

from mathrl.base.checks import FloatArray
from mathrl.base.compile import inner
from mathrl.learners.pieces import Payoffs, boltzmann, largest
from mathrl.learners.schedule import at

__all__ = ["Common", "learn_joint", "learn_own", "soften"]


class Common(NamedTuple):
    """What all learners by play have, as kernels take it.

    `step`         λ, as `Schedule.numbers`
    `temperature`  T, as `Schedule.numbers`; of learners without one it is not read
    `exploration`  ε, as `Schedule.numbers`
    `discount`     γ
    `v_i`          (n,), v of this episode, where γ > 0
    """

    step: FloatArray
    temperature: FloatArray
    exploration: FloatArray
    discount: float
    v_i: FloatArray


@inner
def learn_own(game: Payoffs, common: Common, t: int, joint: int, q_ia: FloatArray) -> None:
    """(1) for each agent and what it has played."""
    for i in range(len(game.sizes)):
        a, v = game.a_ia[i, joint], 0.0
        if common.discount > 0.0:
            v = common.discount * largest(q_ia[i], game.sizes[i])
        q_ia[i, a] += at(common.step, t) * (game.r_ia[i, joint] + v - q_ia[i, a])


@inner
def learn_joint(game: Payoffs, common: Common, t: int, i: int, joint: int, q_ab: FloatArray) -> None:
    """(2) for agent i and a joint action."""
    a, b = game.a_ia[i, joint], game.b_ia[i, joint]
    q_ab[a, b] += at(common.step, t) * (game.r_ia[i, joint] + common.discount * common.v_i[i] - q_ab[a, b])


@inner
def soften(game: Payoffs, common: Common, t: int, i: int, x_a: FloatArray) -> None:
    """(3) for agent i: E in `x_a` becomes π."""
    common.v_i[i] = largest(x_a, game.sizes[i]) if common.discount > 0.0 else 0.0
    boltzmann(x_a, game.sizes[i], at(common.temperature, t), x_a)

"""COMA: a policy gradient in which each agent is paid for its own action alone.

    A^i(s, a) = Q(s, a) − Σ_b π^i(b|s) Q(s, (a^−i, b))                                              (1)  Eq. 4
    g_i       = E_π[ Σ_t A^i(s_t, a_t) ∇ log π^i(a^i_t|s_t) ]                                       (2)  Eq. 7
    y_t       = r_t + γ ((1 − λ) Q̄(s_{t+1}, a_{t+1}) + λ y_{t+1})                                   (3)  TD(λ)
    π^i(a|s)  = (1 − ε_t) exp(θ^i_sa)/Σ_b exp(θ^i_sb) + ε_t/|A_i|                                    (4)  §4

Foerster, Farquhar, Afouras, Nardelli and Whiteson, Counterfactual multi-agent policy gradients, AAAI 2018; the numbers
on the right are theirs. Here Q is a table of states and joint actions, and θ one of states and own actions; both begin
at 0. All agents act for some episodes with the policies (4). Then Q moves from its entry at each (s_t, a_t) towards y_t
by a step; all θ^i move along the mean of (2) over these episodes, with this new Q and the policies that played; and Q̄
moves towards Q. That is the order of their Algorithm 1.
The original copies Q to Q̄ every 150 updates; a moving average does the same smoothly, and is what DMAC has.

y of the last step holds r + γ Q̄ at the state after it and an action drawn there, as the limit is no part of the
state; it holds r alone in a terminal state, or where `bootstrap` is false, as in much published code.
"""

from dataclasses import dataclass

from mathrl.base.checks import count, fail, flag, positive, proportion, room
from mathrl.games import Game
from mathrl.learners.actor_critic import runs_of
from mathrl.learners.counterfactual import numbers_of
from mathrl.learners.learner import Runs, learner
from mathrl.learners.learning import Learning
from mathrl.learners.schedule import Schedule, scheduled

__all__ = ["Coma", "coma"]


@dataclass(frozen=True)
class Coma:
    """Settings of `coma`.

    `horizon`      after how many steps an episode is cut off, ≥ 1
    `batch`        how many episodes are played with one policy, and learned from at once, ≥ 1
    `actor_step`   how far θ moves along (2), ≥ 0
    `critic_step`  how far Q moves towards (3), in [0, 1]
    `averaging`    how far Q̄ moves towards Q after each update, in (0, 1]
    `trace`        λ of (3), in [0, 1]
    `exploration`  ε_t of (4), in [0, 1), a number or a `Schedule` of the number of episodes
    `bootstrap`    whether (3) goes on after the last step of an episode

    Raises `ValueError` for other numbers.
    """

    horizon: int = 30
    batch: int = 1
    actor_step: float = 0.01
    critic_step: float = 0.2
    averaging: float = 0.01
    trace: float = 0.8
    exploration: "float | Schedule" = 0.0
    bootstrap: bool = True

    def __post_init__(self) -> None:
        room("horizon", count("horizon", self.horizon, 1))
        room("batch", count("batch", self.batch, 1), self.horizon)
        if self.actor_step != 0:
            positive("actor_step", self.actor_step)
        proportion("critic_step", self.critic_step)
        if proportion("averaging", self.averaging) == 0:
            fail("averaging", "is 0", "a number in (0, 1]", "1 makes no difference between Q and its average")
        proportion("trace", self.trace)
        if scheduled("exploration", self.exploration, 1.0).at(0) == 1:
            fail("exploration", "begins at 1", "less than 1", "then nothing is learned about the policy")
        flag("bootstrap", self.bootstrap)


@learner(Coma)
def coma(game: Game, settings: Coma, runs: Runs) -> Learning:
    """Learn by COMA, from uniform policies.

    The arguments are those of `mathrl.learners.Learner`, and the settings those of `Coma`. A game with a
    common payoff in which all actions are available. `rewards` of what it returns are means over steps, and it has
    `coverage`.

    >>> from mathrl.games import load
    >>> found = coma(load("climbing"), horizon=1, episodes=50, seeds=2, record=25)
    >>> found.policy[0].shape, found.coverage.shape
    ((2, 3, 1, 3), (2, 3))
    """
    return runs_of("coma", game, settings, numbers_of(settings), settings.batch, runs)

"""DMAC on COMA: each agent's policy is regularised towards a target policy that follows it, off policy.

    y_t    = r_t + γ ((1 − λ) Q̄(s_{t+1}, a_{t+1}) + λ y_{t+1} − ω log π(a_{t+1}|s_{t+1})/ρ(a_{t+1}|s_{t+1}))    (1)
    A^i    = Q(s, a) − ω log π^i(a^i|s)/ρ^i(a^i|s) − E_{b~π^i}[Q(s, (a^−i, b))] + ω KL(π^i(·|s) ‖ ρ^i(·|s))   (2)
    θ^i    ← θ^i + β E_{s~D, a~π}[A^i ∇ log π^i(a^i|s)]                                                     (3)
    θ̄^i    ← (1 − τ) θ̄^i + τ θ^i,   Q̄ ← (1 − τ) Q̄ + τ Q                                                    (4)

Su and Lu, Divergence-regularized multi-agent actor-critic, ICML 2022: (1) is §4.4 with the TD(λ) of COMA, (2) and (3)
are §4.5, (4) is §4.6 and Algorithm 1. π^i is the soft-max of θ^i, ρ^i that of θ̄^i, π and ρ are their products; Q is a
table of states and joint actions. The rest is as in `mathrl.learners.coma`. At ω = 0 and with `replay=False` this is
COMA, up to the last bit.

D are the last `buffer` episodes. After every episode `batch` of them are drawn, with replacement. (1) takes the
actions that are stored, as λ > 0 needs them; so with replay it is no sample of the target of the current policy, even
at the optimum (dmac.proposition-4 in docs/findings.md). (3) draws actions anew at the stored states. With replay=False
an update takes the newest `batch` episodes, once, with their own actions.
"""

from dataclasses import dataclass

from mathrl.base.checks import count, flag, not_negative, room
from mathrl.games import Game
from mathrl.learners.actor_critic import runs_of
from mathrl.learners.coma import Coma
from mathrl.learners.counterfactual import numbers_of
from mathrl.learners.learner import Runs, learner
from mathrl.learners.learning import Learning

__all__ = ["Dmac", "dmac"]


@dataclass(frozen=True)
class Dmac(Coma):
    """Settings of `dmac`: those of `Coma`, and three more.

    `batch`        how many stored episodes an update takes; without replay, as in `Coma`
    `averaging`    τ of (4), for both
    `temperature`  ω, the weight of the divergence, ≥ 0
    `replay`       whether it learns from stored episodes, after every episode
    `buffer`       how many episodes are stored, ≥ 1

    Raises `ValueError` for other numbers.
    """

    temperature: float = 0.2
    replay: bool = True
    buffer: int = 1_000

    def __post_init__(self) -> None:
        super().__post_init__()
        not_negative("temperature", self.temperature)
        flag("replay", self.replay)
        room("buffer", count("buffer", self.buffer, 1), self.horizon)


@learner(Dmac)
def dmac(game: Game, settings: Dmac, runs: Runs) -> Learning:
    """Learn by COMA with DMAC, from uniform policies.

    The arguments are those of `mathrl.learners.Learner`, and the settings those of `Dmac`. The game
    and what it returns are as in `mathrl.learners.coma`.

    >>> from mathrl.games import load
    >>> found = dmac(load("climbing"), horizon=1, episodes=50, seeds=2, record=25)
    >>> found.policy[0].shape, found.coverage.shape
    ((2, 3, 1, 3), (2, 3))
    """
    numbers = numbers_of(
        settings,
        temperature=float(settings.temperature),
        every=1 if settings.replay else int(settings.batch),
        fresh=bool(settings.replay),
    )
    return runs_of("dmac", game, settings, numbers, settings.buffer if settings.replay else settings.batch, runs)

"""HASAC: soft actor-critic for agents that update in turn, each against the new policies of those before it.

    agents in a random order:   θ^i ← climb E_s[E_{a^i~p}[Q(s, a^i, a^{-i})] + α H(p)]     (hasac Algorithm 2, Eq. 10)

The paper's way for discrete actions is `actions=gumbel`. The default takes the expectation over an agent's own actions
exactly, from the critic's values alone. `gumbel` follows the critic's slopes at one-hot actions, which nothing trains:
it need not end at an equilibrium (`mathrl.neural.gumbel_table` measures it).
"""

from mathrl.base.checks import choice, fail
from mathrl.neural import settings as shared
from mathrl.neural.actors import in_turn
from mathrl.neural.algorithm import Algorithm
from mathrl.neural.environments import Environment
from mathrl.neural.heads import TanhGaussian
from mathrl.neural.loops import OFF_POLICY
from mathrl.neural.objectives import Objective, enumerated, reparametrised, straight_through
from mathrl.neural.summaries import ALGORITHMS as SUMMARIES

__all__ = ["ACTIONS", "HASAC", "Settings", "objective"]

ACTIONS = ("enumerated", "gumbel")
"""How the expectation over an agent's own discrete actions is taken."""


@shared.settings
class Settings(shared.Settings):
    """Those of all off-policy algorithms, and these.

    `actions`     how the expectation over an agent's own discrete actions is taken: exactly (`enumerated`), or from one
                  draw whose gradient is that of a relaxed one (`gumbel`)
    `relaxation`  τ, the temperature of the relaxed draw
    """

    actions: str = "enumerated"
    relaxation: float = 1.0


def objective(environment: Environment, settings: Settings) -> Objective:
    """What an agent climbs, by what its actions are."""
    head, actions = environment.head, choice("actions", settings.actions, ACTIONS)
    if isinstance(head, TanhGaussian):
        if actions == "gumbel":
            fail("environment", "has continuous actions", "discrete ones for actions=gumbel", "they need no relaxation")
        return reparametrised(head)
    return straight_through(head, lambda settings: settings.relaxation) if actions == "gumbel" else enumerated(head)


HASAC = Algorithm("hasac", SUMMARIES["hasac"], Settings, OFF_POLICY, objective, in_turn)
"""HASAC (hasac Algorithm 2)."""

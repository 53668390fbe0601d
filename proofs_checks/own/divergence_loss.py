"""The best constant for what a policy of DMAC's iteration loses in a repeated game."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st
from scipy.special import lambertw

from mathrl.arithmetic import namespace
from mathrl.operators import divergence_improvement
from mathrl.proofs_checks.families import DISCOUNTS, instances, numbers
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.slack import Slack, at_most
from mathrl.proofs_checks.strategies import temperatures


@instances
def losses(draw: st.DrawFn) -> Mapping[str, Any]:
    """How much worse each action is than the best, a discount, a temperature and a number of steps."""
    actions, steps = draw(st.integers(2, 9)), draw(st.integers(1, 4))
    temperature = draw(temperatures(0.1, 10.0))
    drawn = np.abs(draw(numbers((1, actions))))
    hardest = np.full((1, actions), temperature / steps * (1 + _largest(actions)))
    hardest[0, 0] = 0
    worse = draw(st.sampled_from([drawn - drawn.min(), hardest]))
    return {"worse": worse, "discount": draw(DISCOUNTS), "temperature": temperature, "steps": steps}


def _largest(actions: int) -> float:
    """The solution x of x exp(x) = (A − 1)/e."""
    return float(lambertw((actions - 1) / np.e).real)


@claim(
    "mathrl.theorem-divergence-loss",
    at="the constant of dmac Theorem 1 in repeated games",
    verdict="holds",
    on=losses,
    proof="sound",
    argument="mathrl.proofs_checks.own.divergence_loss",
    rests_on=("mathrl.theorem-divergence-iterates",),
    breaks={"share": 0.99},
)
def loss_in_repeated_games(worse: Any, discount: float, temperature: float, steps: int, *, share: float = 1.0) -> Slack:
    """In a repeated game with A joint actions, from a uniform π^0, the policy after k updates of DMAC over joint
    policies loses V* − V^{π^k} ≤ ω W((A − 1)/e)/(k (1 − γ)), where W(x) is the solution w of w exp(w) = x. For every A,
    k, ω and γ there are rewards with which this is an equality.

    Reading: One state; joint policies. For k = 1 it is the best form of the bound of dmac Theorem 1 at the first
    update. W((A − 1)/e) is 0.28 for two actions, where log A is 0.69, and 1.04 for nine, where log A is 2.20; the ratio
    tends to 1 as A grows.

    Finding: In repeated games log A, which dmac Theorem 1 has, can be replaced by W((A − 1)/e), and by nothing smaller.
    For up to 16 joint actions this is less than half of it.

    Proof: π^k ∝ exp(−y) with y(a) = k (V* − Q*)(a)/ω ≥ 0, which is 0 at some a (mathrl.theorem-divergence-iterates, and
    the values of what follows are the same for all actions). The loss in one step is (ω/k) f with
    f = Σ y exp(−y)/Σ exp(−y). As some y grows beyond bounds, f tends to its value without that action, so f has a
    largest value for each number of actions. Where f is largest, its derivative in each y(a) > 0 is 0, so y(a) = 1 + f;
    a y(a) that is 0 beside the first one has the derivative (1 + f)/Σ exp(−y) > 0, so there is none. With
    n = A − 1 such actions f (1 + n exp(−1 − f)) = n (1 + f) exp(−1 − f), so that f exp(f) = n/e. This grows with n.
    Summed over time it is divided by 1 − γ.

    Practice: To lose at most ε in a repeated game takes k = ω W((A − 1)/e)/(ε (1 − γ)) updates, and no fewer in the
    worst game; where the gap is known, mathrl.theorem-divergence-rate is better.
    """
    uniform = namespace(worse).ones_like(worse) / worse.shape[1]
    policy = divergence_improvement(-worse, uniform, temperature=temperature / steps)
    lost = (policy * worse).sum(axis=1) / (1 - discount)
    bound = share * temperature * _largest(worse.shape[1]) / (steps * (1 - discount))
    return at_most(lost, bound)

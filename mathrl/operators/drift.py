"""Mirror learning with entropy: advantages, drifts, how far a policy moved, and the operator that an agent maximises.

j are the agents that have updated, to π̄. hasac names no drift but KL; the squared one and HAPPO's clipped ratio are
instances of its Definition 4. Policies are (…, A); sums run over the last axis.
"""

from collections.abc import Sequence
from typing import Any

from mathrl.arithmetic import alike, namespace, or_zero
from mathrl.operators.bellman import expectation, subset_q
from mathrl.softmax import entropy, kl_divergence

__all__ = [
    "clipped_ratio_drift",
    "expected_parts",
    "kl_drift",
    "largest_ratio",
    "mirror_value",
    "soft_advantage",
    "squared_drift",
]


@alike
def soft_advantage(q: Any, policy: Sequence[Any], agent: int, given: Sequence[int], *, temperature: Any) -> Any:
    """A^i(s, a^j, a^i) = Q^{j,i}(s, a^j, a^i) − Q^j(s, a^j), with Q^j of `subset_q`   (hasac Eq. 11, Definition 6).

    It is the soft advantage of agent i's actions given those of the agents j. Its mean over the agent's policy is not 0
    but −α H(π^i): Definition 6 leaves the agent's own entropy out of the first term and counts it in the second.

    `q`            Q, (S, A_1, …, A_n)
    `policy`       π, one array (S, A_i) per agent
    `agent`        i, the number of the agent
    `given`        j, the numbers of the agents whose actions are given
    `temperature`  α ≥ 0, the weight of the entropy

    Returns an array whose axes are the state, the actions of the agents in `given`, in that order, and agent i's own
    action; −∞ where one of these actions is not available.
    """
    with_agent = subset_q(q, policy, (*given, agent), temperature=temperature)
    without = subset_q(q, policy, tuple(given), temperature=temperature)
    return with_agent - or_zero(without)[..., None]


@alike
def expected_parts(advantage: Any, updated: Sequence[Any]) -> tuple[Any, Any]:
    """E_{a^j~π̄}[A₊] and E_{a^j~π̄}[A₋], A = A₊ − A₋, (S, A_i) each   (hasac Definition 4, D's π̄^{j_1:m}).

    `advantage`  A, (S, A_{j_1}, …, A_{j_m}, A_i), as `soft_advantage` returns it
    `updated`    π̄ of the agents j_1, …, j_m, one array (S, A_j) each

    Returns both expectations, (S, A_i) each, for `clipped_ratio_drift`: both 0 for an action that is not available.
    """
    xp, advantage = namespace(advantage), or_zero(advantage)
    zero = xp.zeros_like(advantage)
    parts = (xp.maximum(part, zero) for part in (advantage, -advantage))
    up, down = (expectation(part, (*updated, None), keep=(len(updated),)) for part in parts)
    return up, down


@alike
def kl_drift(policy: Any, old: Any, *, weight: Any) -> Any:
    """D(p) = weight · KL(p ‖ π_old), and 0 where the weight is 0   (hasac Definition 4; §4.3 names it).

    `policy`  p, (…, A)
    `old`     π_old, (…, A)
    `weight`  a number ≥ 0, or one per row, (…)

    Returns (…): the sum is over the last axis. Its derivative in the weight is KL, also at 0. Where KL is infinite,
    there is none, and a gradient says 0.
    """
    divergence = kl_divergence(policy, old)
    xp = namespace(policy)
    finite = divergence < xp.inf
    weighted = weight * xp.where(finite, divergence, 0.0)  # 0 · ∞ would be nan, in derivatives too
    return xp.where(finite | (weight <= 0), weighted, xp.inf)


@alike
def squared_drift(policy: Any, old: Any, *, weight: Any) -> Any:
    """D(p) = weight/2 · Σ_a (p(a) − π_old(a))²   (an instance of hasac Definition 4).

    `policy`  p, (…, A)
    `old`     π_old, (…, A)
    `weight`  a number ≥ 0, or one per row, (…)

    Returns (…): the sum is over the last axis.
    """
    return weight * namespace(policy).sum((policy - old) ** 2, axis=-1) / 2


@alike
def clipped_ratio_drift(policy: Any, old: Any, up: Any, down: Any, *, clip: Any, weight: Any = 1) -> Any:
    """D(p) = weight · Σ_a [(p − (1+ε) π)₊ E[A₊] + ((1−ε) π − p)₊ E[A₋]], π the old policy   (hasac Definition 4).

    This is HAPPO's clipped ratio, E_{π̄, a^i~π}[((r − clip(r, 1±ε)) A)₊] with r = p/π; where π(a) = 0 its limit p(a)
    E[A₊] is taken.

    `policy`      p, (…, A)
    `old`         π, (…, A)
    `up`, `down`  E[A₊] and E[A₋] of `expected_parts`, (…, A) each
    `clip`        ε, in [0, 1)
    `weight`      a number ≥ 0, or one per row, (…); default 1

    Returns (…): the sum is over the last axis.
    """
    xp = namespace(policy)
    over, under = policy - (1 + clip) * old, (1 - clip) * old - policy
    zero = xp.zeros_like(policy)
    parts = xp.maximum(over, zero) * up + xp.maximum(under, zero) * down
    return weight * xp.sum(parts, axis=-1)


@alike
def largest_ratio(policy: Any, old: Any) -> Any:
    """max_a max(p(a)/π_old(a), π_old(a)/p(a)), with 0/0 = 1: how far p is from the old policy   (hasac Definition 5).

    It is 1 where both are equal, else more. All p at which it is at most some number > 1 form a neighbourhood of
    π_old as Definition 5 asks for one: a set from which an agent may choose its new policy.

    `policy`  p, (…, A)
    `old`     π_old, (…, A)

    Returns (…): the maximum is over the last axis.
    """
    xp = namespace(policy)
    one, both = xp.ones_like(policy), (policy > 0) & (old > 0)
    ratio = xp.where(both, policy, one) / xp.where(both, old, one)
    neither = (policy <= 0) & (old <= 0)
    unlike = xp.where(neither, one, xp.inf)
    return xp.max(xp.where(both, xp.maximum(ratio, 1 / ratio), unlike), axis=-1)


@alike
def mirror_value(
    q: Any,
    policy: Sequence[Any],
    agent: int,
    given: Sequence[int],
    updated: Sequence[Any],
    response: Any,
    drift: Any,
    *,
    temperature: Any,
) -> Any:
    """M(p) = E_{a^j~π̄, a^i~p}[Q^{j,i}(s, a^j, a^i) − α log p(a^i|s)] − D(p)   (hasac Definition 2).

    Agent i maximises this over p. Q^{j,i} is `subset_q` of the old policy π; j are the agents that have updated, to π̄.

    `q`            the soft Q of the old policy, (S, A_1, …, A_n)
    `policy`       π, the old policy, one array (S, A_i) per agent
    `agent`        i, the number of the agent
    `given`        j, the numbers of the agents that have updated
    `updated`      π̄ of the agents in `given`, one array (S, A_j) each
    `response`     p, (S, A_i)
    `drift`        D(p), (S,)
    `temperature`  α ≥ 0, the weight of the entropy

    Returns M(p), (S,).
    """
    both = subset_q(q, policy, (*given, agent), temperature=temperature)
    return expectation(both, (*updated, response)) + temperature * entropy(response) - drift

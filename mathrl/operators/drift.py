"""Mirror learning with entropy: advantages, drifts, how far a policy moved, and the operator that an agent maximises.

j are the agents that have updated, to π̄. hasac names no drift but KL; the squared one and HAPPO's clipped ratio are
instances of its Definition 4. Policies are (…, A); sums run over the last axis.
"""

from collections.abc import Sequence
from typing import Any

from mathrl.arithmetic import namespace
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


def soft_advantage(q: Any, policy: Sequence[Any], agent: int, given: Sequence[int], *, temperature: Any) -> Any:
    """A^i(s, a^j, a^i) = Q^{j,i}(s, a^j, a^i) − Q^j(s, a^j), with Q^j of `subset_q`   (hasac Eq. 11, Definition 6).

    The soft advantage of an agent's actions given those of the agents j in `given`. Its axes are the state, the actions
    of the agents in `given`, in that order, and the agent's own action. Its mean over the agent's policy is not 0 but
    −α H(π^i): Definition 6 leaves the agent's own entropy out of the first term and counts it in the second.

    q is (S, A_1, …, A_n); `policy` has one array (S, A_i) per agent; `agent` is i, and α the temperature.
    """
    with_agent = subset_q(q, policy, (*given, agent), temperature=temperature)
    without = subset_q(q, policy, tuple(given), temperature=temperature)
    return with_agent - without[..., None]


def expected_parts(advantage: Any, updated: Sequence[Any]) -> tuple[Any, Any]:
    """E_{a^j~π̄}[A₊] and E_{a^j~π̄}[A₋], A = A₊ − A₋, (S, A_i) each   (hasac Definition 4, D's π̄^{j_1:m}).

    `advantage` is (S, A_{j_1}, …, A_{j_m}, A_i), and `updated` holds π̄ of j_1, …, j_m.
    """
    xp = namespace(advantage)
    zero = xp.zeros_like(advantage)
    parts = (xp.maximum(part, zero) for part in (advantage, -advantage))
    up, down = (expectation(part, (*updated, None), keep=(len(updated),)) for part in parts)
    return up, down


def kl_drift(policy: Any, old: Any, *, weight: Any) -> Any:
    """D(p) = weight · KL(p ‖ π_old), and 0 where the weight is 0   (hasac Definition 4; §4.3 names it).

    Its derivative in the weight is KL, also at 0; where KL is infinite there is none at 0, and a gradient says 0.

    p, `policy`, and π_old, `old`, are (…, A), with sums over the last axis; the result is (…).
    """
    divergence = kl_divergence(policy, old)
    xp = namespace(policy)
    return weight * xp.where((divergence < xp.inf) | (weight > 0), divergence, 0.0)  # 0 · ∞ would be nan


def squared_drift(policy: Any, old: Any, *, weight: Any) -> Any:
    """D(p) = weight/2 · Σ_a (p(a) − π_old(a))²   (an instance of hasac Definition 4).

    p, `policy`, and π_old, `old`, are (…, A), with sums over the last axis; the result is (…).
    """
    return weight * namespace(policy).sum((policy - old) ** 2, axis=-1) / 2


def clipped_ratio_drift(policy: Any, old: Any, up: Any, down: Any, *, clip: Any, weight: Any = 1) -> Any:
    """D(p) = weight · Σ_a [(p − (1+ε) π)₊ E[A₊] + ((1−ε) π − p)₊ E[A₋]], π the old policy   (hasac Definition 4).

    HAPPO's clipped ratio: E_{π̄, a^i~π}[((r − clip(r, 1±ε)) A)₊] with r = p/π; where π(a) = 0 its limit p(a) E[A₊] is
    taken. ε is `clip`, and `up`, `down` are E[A₊], E[A₋] of `expected_parts`.
    """
    xp = namespace(policy)
    over, under = policy - (1 + clip) * old, (1 - clip) * old - policy
    zero = xp.zeros_like(policy)
    parts = xp.maximum(over, zero) * up + xp.maximum(under, zero) * down
    return weight * xp.sum(parts, axis=-1)


def largest_ratio(policy: Any, old: Any) -> Any:
    """max_a max(p(a)/π_old(a), π_old(a)/p(a)), with 0/0 = 1; its balls are neighbourhoods   (hasac Definition 5).

    p, `policy`, and π_old, `old`, are (…, A), with the maximum over the last axis; the result is (…).
    """
    xp = namespace(policy)
    one, both = xp.ones_like(policy), (policy > 0) & (old > 0)
    ratio = xp.where(both, policy, one) / xp.where(both, old, one)
    neither = (policy <= 0) & (old <= 0)
    unlike = xp.where(neither, one, xp.inf)
    return xp.max(xp.where(both, xp.maximum(ratio, 1 / ratio), unlike), axis=-1)


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
    """M(p) = E_{a^j~π̄, a^i~p}[Q^{j,i}(s, a^j, a^i) − α log p(a^i|s)] − D(p), shape (S,)   (hasac Definition 2).

    The operator that agent i maximises. p is its `response` and D(p) (S,) the `drift` of it; `policy` is the old one,
    whose soft Q is `q`, with Q^{j,i} of `subset_q`; j are the agents `given`, which updated to the policies π̄,
    `updated`.
    """
    both = subset_q(q, policy, (*given, agent), temperature=temperature)
    return expectation(both, (*updated, response)) + temperature * entropy(response) - drift

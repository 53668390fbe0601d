"""Mirror learning with entropy: advantages, drifts, how far a policy moved, and the operator that an agent maximises.

    A^{i}(s, a^j, a^i) = Q^{j,i}(s, a^j, a^i) − Q^j(s, a^j)                                                     (11)
    D_KL(p)   = weight · KL(p ‖ π^i)                                                                            (a)
    D_sq(p)   = weight/2 · Σ_a (p − π^i)²                                                                       (b)
    D_clip(p) = weight · Σ_a [(p − (1+ε) π^i)₊ E_{a^j~π̄}[A₊] + ((1−ε) π^i − p)₊ E_{a^j~π̄}[A₋]]                  (c)
    M(p)      = E_{a^j~π̄, a^i~p}[Q^{j,i}(s, a^j, a^i) − α log p(a^i|s)] − D(p)                                   (2)

(11) is hasac Eq. 11 with Definition 6, (2) hasac Definition 2; j are the agents that have updated, to π̄. The paper
names no drift but KL; (c) is HAPPO's clipped ratio, E_{π̄, a^i~π^i}[((r − clip(r, 1±ε)) A)₊] with r = p/π^i, which is
continued to π^i(a) = 0 by its limit p(a) E[A₊]. Policies are (…, A); sums run over the last axis.
"""

from collections.abc import Sequence
from typing import Any

from mathrl.operators.bellman import expectation, subset_q
from mathrl.softmax import entropy, kl_divergence, total_variation

__all__ = [
    "clipped_ratio_drift",
    "expected_parts",
    "kl_drift",
    "largest_ratio",
    "mirror_value",
    "soft_advantage",
    "squared_drift",
]


def soft_advantage(q: Any, policy: Sequence[Any], agent: int, given: Sequence[int], *, temperature: float) -> Any:
    """The multi-agent soft advantage of an agent's actions given those of `given`   (hasac Eq. 11, Definition 6).

    Axes: the state, the actions of `given` in its order, the agent's. Its mean over the agent's policy is not 0 but
    −α H(π^i), since Definition 6 leaves the agent's own entropy out of the first term and counts it in the second.
    """
    with_agent = subset_q(q, policy, (*given, agent), temperature=temperature)
    without = subset_q(q, policy, tuple(given), temperature=temperature)
    return with_agent - without[..., None]  # (11)


def expected_parts(advantage: Any, updated: Sequence[Any]) -> tuple[Any, Any]:
    """E[A₊] and E[A₋] (S, A_i) over the updated policies of the agents given   (hasac Definition 4, D's π̄^{j_1:m})."""
    xp = advantage.__array_namespace__()
    zero = xp.zeros_like(advantage)
    parts = (xp.where(part > 0, part, zero) for part in (advantage, -advantage))
    up, down = (expectation(part, (*updated, None), keep=(len(updated),)) for part in parts)
    return up, down


def kl_drift(policy: Any, old: Any, *, weight: float) -> Any:
    """weight · KL(p ‖ π_old) of (a)   (hasac Definition 4; §4.3 names it)."""
    divergence = kl_divergence(policy, old)
    return weight * divergence if weight > 0 else 0 * total_variation(policy, old)  # (a), not 0 · ∞


def squared_drift(policy: Any, old: Any, *, weight: float) -> Any:
    """weight/2 · ‖p − π_old‖² of (b)   (an instance of hasac Definition 4)."""
    xp = policy.__array_namespace__()
    return weight / 2 * xp.sum((policy - old) ** 2, axis=-1)  # (b)


def clipped_ratio_drift(policy: Any, old: Any, up: Any, down: Any, *, clip: float, weight: float = 1.0) -> Any:
    """HAPPO's drift (c), with up = E[A₊] and down = E[A₋] of `expected_parts`   (an instance of hasac Definition 4)."""
    xp = policy.__array_namespace__()
    over, under = policy - (1 + clip) * old, (1 - clip) * old - policy
    zero = xp.zeros_like(policy)
    parts = xp.where(over > 0, over, zero) * up + xp.where(under > 0, under, zero) * down
    return weight * xp.sum(parts, axis=-1)  # (c)


def largest_ratio(policy: Any, old: Any) -> Any:
    """max_a max(p/π_old, π_old/p), whose balls are neighbourhoods (hasac Definition 5); 0/0 counts as 1."""
    xp = policy.__array_namespace__()
    one, both = xp.ones_like(policy), (policy > 0) & (old > 0)
    ratio = xp.where(both, policy, one) / xp.where(both, old, one)
    ratio = xp.where(both | ((policy <= 0) & (old <= 0)), xp.where(ratio < 1, 1 / ratio, ratio), xp.inf * one)
    return xp.max(ratio, axis=-1)


def mirror_value(
    q: Any,
    policy: Sequence[Any],
    agent: int,
    given: Sequence[int],
    updated: Sequence[Any],
    response: Any,
    drift: Any,
    *,
    temperature: float,
) -> Any:
    """The operator M(p) (S,) of an agent's `response`, with its drift's values (S,)   (hasac Definition 2).

    `policy` is the old one, whose soft Q is `q`; `given` are the agents that updated, to the policies `updated`.
    """
    both = subset_q(q, policy, (*given, agent), temperature=temperature)
    return expectation(both, (*updated, response)) + temperature * entropy(response) - drift  # (2)

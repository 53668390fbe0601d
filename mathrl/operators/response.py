"""How agents respond to each other's policies at given values: quantal and best responses, and how far off they are.

    Q^i(s, a^i)   = E_{a^{-i}~π^{-i}}[Q(s, a)]                                              (a)
    π̂^i(a^i|s)    = exp(Q^i(s, a^i)/α) / Σ_b exp(Q^i(s, b)/α)                               (3)
    π_new^{i_m}   = the response (3) of i_m to π_new^{i_1:m-1} and π_old^{i_m+1:n}           (8)

(3) is hasac Eq. 3 and (8) hasac Eq. 8, whose KL-minimiser is this response. A policy is a quantal response
equilibrium (QRE) of a game when it equals its own quantal response at its own soft Q. q is (S, A_1, …, A_n), or
(n, S, A_1, …, A_n) where the agents' values differ; each agent then responds to its own.
"""

from collections.abc import Sequence
from typing import Any

from mathrl.operators.bellman import expectation
from mathrl.softmax import boltzmann

__all__ = [
    "best_response",
    "exploitability",
    "marginal_q",
    "quantal_response",
    "quantal_response_residual",
    "sequential_improvement",
]


def marginal_q(q: Any, policy: Sequence[Any], agent: int) -> Any:
    """Q^i(s, a^i) of (a), shape (S, A_i)   (hasac Eq. 3, inside the exponent)."""
    agent_q = q if q.ndim == len(policy) + 1 else q[agent, ...]
    return expectation(agent_q, policy, keep=(agent,))  # (a)


def quantal_response(q: Any, policy: Sequence[Any], agent: int, *, temperature: float) -> Any:
    """The Boltzmann policy of one agent against the others' policies, shape (S, A_i)   (hasac Eq. 3)."""
    return boltzmann(marginal_q(q, policy, agent), temperature)  # (3)


def sequential_improvement(
    q: Any, policy: Sequence[Any], order: Sequence[int], *, temperature: float
) -> tuple[Any, ...]:
    """One heterogeneous-agent soft policy improvement: the agents of `order` respond in turn   (hasac Eq. 8).

    q is held at that of the old policy. The entropies in Eq. 7 do not depend on the updating agent's action, so the
    minimiser of the KL divergence in Eq. 8 is the quantal response to the policies that hold at that moment.
    """
    updated = list(policy)
    for agent in order:
        updated[agent] = quantal_response(q, updated, agent, temperature=temperature)  # (8)
    return tuple(updated)


def quantal_response_residual(q: Any, policy: Sequence[Any], *, temperature: float) -> float:
    """max over agents, states and actions of |π − softmax(Q^π/α)|: zero exactly at a QRE   (hasac Eq. 3)."""
    xp = q.__array_namespace__()
    responses = (quantal_response(q, policy, agent, temperature=temperature) for agent in range(len(policy)))
    return max(float(xp.max(xp.abs(ours - theirs))) for ours, theirs in zip(policy, responses, strict=True))


def best_response(q: Any, policy: Sequence[Any], agent: int) -> Any:
    """The deterministic policy (S, A_i) that maximises Q^i(s, ·)   (the limit α → 0 of Eq. 3); ties: lowest index."""
    own_q = marginal_q(q, policy, agent)
    xp = own_q.__array_namespace__()
    actions = xp.arange(own_q.shape[1])
    return xp.astype(actions[None, :] == xp.argmax(own_q, axis=-1)[:, None], own_q.dtype)


def exploitability(q: Any, policy: Sequence[Any]) -> Any:
    """max_b Q^i(s, b) − E_π[Q^i(s, ·)] ≥ 0, shape (n, S): what agent i gains by deviating once, in state s   (Eq. a).

    In a matrix game it is zero exactly at a Nash equilibrium. In a stochastic one, where a deviation may last, see
    `mathrl.exploitability`.
    """
    xp = q.__array_namespace__()
    own = [marginal_q(q, policy, agent) for agent in range(len(policy))]
    pairs = zip(own, policy, strict=True)
    return xp.stack([xp.max(own_q, axis=-1) - xp.sum(own_q * pi_sa, axis=-1) for own_q, pi_sa in pairs])

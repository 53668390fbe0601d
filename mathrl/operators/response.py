"""How agents respond to each other's policies at given values: quantal and greedy responses, and gains of deviating.

q is (S, A_1, …, A_n), or (n, S, A_1, …, A_n) where the agents' values differ; each agent then responds to its own. A
policy has one array (S, A_i) per agent. A policy is a quantal response equilibrium (QRE) of a game when it equals its
own quantal response at its own soft Q. What lasts longer than one deviation in one state is in
`mathrl.exploitability`.
"""

from collections.abc import Sequence
from typing import Any

from mathrl.arithmetic import alike, namespace, weighted
from mathrl.operators.bellman import expectation
from mathrl.softmax import boltzmann

__all__ = ["deviation_gain", "greedy_response", "marginal_q", "quantal_response", "sequential_improvement"]


@alike
def marginal_q(q: Any, policy: Sequence[Any], agent: int) -> Any:
    """Q^i(s, a^i) = E_{a^{-i}~π^{-i}}[Q(s, a)]   (hasac Eq. 3, inside the exponent).

    `q`       Q, (S, A_1, …, A_n), or (n, S, A_1, …, A_n) where the agents' values differ
    `policy`  π, one array (S, A_i) per agent
    `agent`   i, the number of the agent

    Returns Q^i, (S, A_i).
    """
    agent_q = q if q.ndim == len(policy) + 1 else q[agent, ...]
    return expectation(agent_q, policy, keep=(agent,))


@alike
def quantal_response(q: Any, policy: Sequence[Any], agent: int, *, temperature: Any) -> Any:
    """π̂^i(a^i|s) = exp(Q^i(s, a^i)/α) / Σ_b exp(Q^i(s, b)/α), Q^i = E_{π^{-i}}[Q]   (hasac Eq. 3).

    `q`            Q, (S, A_1, …, A_n), or (n, S, A_1, …, A_n) where the agents' values differ
    `policy`       π, one array (S, A_i) per agent
    `agent`        i, the number of the agent
    `temperature`  α > 0

    Returns π̂^i, (S, A_i).
    """
    return boltzmann(marginal_q(q, policy, agent), temperature)


@alike
def sequential_improvement(q: Any, policy: Sequence[Any], order: Sequence[int], *, temperature: Any) -> tuple[Any, ...]:
    """π_new^{i_m} = softmax(E[Q]/α) against π_new^{i_1:m-1} and π_old^{i_m+1:n}, in the given order   (hasac Eq. 8).

    Q stays that of the old policy. The entropies in Eq. 7 do not depend on the updating agent's action, so the
    minimiser of the KL divergence in Eq. 8 is the quantal response to the policies that hold at that moment.

    `q`            Q, (S, A_1, …, A_n), or (n, S, A_1, …, A_n) where the agents' values differ
    `policy`       π_old, one array (S, A_i) per agent
    `order`        the numbers of the agents, in the order in which they respond; who is left out stays as it is
    `temperature`  α > 0

    Returns π_new, one array (S, A_i) per agent.
    """
    updated = list(policy)
    for agent in order:
        updated[agent] = quantal_response(q, updated, agent, temperature=temperature)
    return tuple(updated)


@alike
def greedy_response(q: Any, policy: Sequence[Any], agent: int) -> Any:
    """π(a|s) = 1[a = argmax_b Q^i(s, b)], Q^i = E_{π^{-i}}[Q]   (the limit α → 0 of hasac Eq. 3).

    Of several maximisers the one of the lowest index is played.

    `q`       Q, (S, A_1, …, A_n), or (n, S, A_1, …, A_n) where the agents' values differ
    `policy`  π, one array (S, A_i) per agent
    `agent`   i, the number of the agent

    Returns π, (S, A_i). Raises `Undecided` for balls that leave open which action is the maximiser.
    """
    own_q = marginal_q(q, policy, agent)
    xp = namespace(own_q)
    played = xp.arange(own_q.shape[1])[None, :] == xp.argmax(own_q, axis=-1)[:, None]
    return xp.where(played, xp.ones_like(own_q), xp.zeros_like(own_q))


@alike
def deviation_gain(q: Any, policy: Sequence[Any]) -> Any:
    """E_{a^i~π^i}[max_b Q^i(s, b) − Q^i(s, a^i)] ≥ 0, Q^i = E_{π^{-i}}[Q]   (hasac Eq. 3 as α → 0).

    This is what agent i gains by deviating once, in state s. In a matrix game it is zero exactly at a Nash equilibrium.

    `q`       Q, (S, A_1, …, A_n), or (n, S, A_1, …, A_n) where the agents' values differ
    `policy`  π, one array (S, A_i) per agent

    Returns (n, S), of floats never a negative one: no term of the sum is negative.
    """
    own = [marginal_q(q, policy, agent) for agent in range(len(policy))]
    xp = namespace(own[0])
    lost = [own_q - xp.max(own_q, axis=-1)[:, None] for own_q in own]
    return xp.stack([-xp.sum(weighted(pi_sa, lost_sa), axis=-1) for pi_sa, lost_sa in zip(policy, lost, strict=True)])

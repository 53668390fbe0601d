"""What a policy of DMAC's iteration over joint policies is: one regularised optimum, at a lower temperature."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from mathrl.arithmetic import namespace
from mathrl.operators import divergence_improvement, divergence_soft_max
from mathrl.proofs_checks.families import instances, numbers, rows, stochastic_games
from mathrl.proofs_checks.joint_control import controlled, joint_q
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.slack import Slack, all_of, equal
from mathrl.proofs_checks.strategies import temperatures
from mathrl.softmax import log_probabilities


@instances
def sequences(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game, a first policy, and tables of state values, one for each update."""
    game = draw(stochastic_games(max_agents=2))
    states, actions = controlled(game).rewards.shape
    return {
        "game": game,
        "joint_first_policy": draw(rows((states, actions))),
        "values": draw(numbers((draw(st.integers(2, 4)), states))),
        "temperature": draw(temperatures(0.3, 10.0)),
    }


@claim(
    "mathrl.theorem-divergence-iterates",
    at="the k-th policy of dmac Eq. 3",
    verdict="holds",
    on=sequences,
    proof="sound",
    argument="mathrl.proofs_checks.own.divergence_iterates",
    breaks={"at_once": "temperature"},
)
def updates_are_one_update(
    game: Any, joint_first_policy: Any, values: Any, temperature: Any, *, at_once: str = "temperature / k"
) -> Slack:
    """k updates of DMAC over joint policies at temperature ω (dmac Eq. 3) are one update at ω/k: π^k is the optimum at
    temperature ω/k with the target π^0, and the value of this optimum is the mean of V*_{π^0}, …, V*_{π^{k−1}}, the
    optimal values at ω of the k updates.

    Reading: Joint policies, functions of the state; π^0 plays every joint action; the optimum of Eq. 3 is meant in
    every state. The check proves more, and needs no optimum: let T_i V = ω log Σ_a π^{i−1} exp((r + γ P V)/ω) be the
    optimality operator of the i-th update, and π^i ∝ π^{i−1} exp((r + γ P V_i)/ω) for any tables V_1, …, V_k. Then the
    mean of T_i V_i is what the operator at ω/k with target π^0 makes of the mean of the V_i, and π^k is its policy.

    Finding: The updates of DMAC over joint policies do not wander: after k of them the team stands where one update
    with the weight ω/k on the divergence would have put it.

    Proof: Write Q_i = r + γ P V_i. By induction π^k exp(Σ_{i ≤ k} T_i V_i/ω) = π^0 exp(Σ_{i ≤ k} Q_i/ω). For k = 0 this
    is empty. For the step, π^k = π^{k−1} exp((Q_k − T_k V_k)/ω), since exp(T_k V_k/ω) is the sum of
    π^{k−1} exp(Q_k/ω). Summed over actions it gives Σ_i T_i V_i = ω log Σ_a π^0 exp(Σ_i Q_i/ω). Let V be the mean of
    the V_i. Then Σ_i Q_i = k (r + γ P V), and divided by k the equation says that the mean of the T_i V_i is
    (ω/k) log Σ_a π^0 exp((r + γ P V)/(ω/k)); and π^k ∝ π^0 exp((r + γ P V)/(ω/k)). Now let V_i = V*_{π^{i−1}}, the only
    fixed point of T_i (dmac Proposition 5 for joint policies). Then V is a fixed point of the operator at ω/k with the
    target π^0, hence its optimal value, and π^k, which is greedy for it, is the optimum.

    Practice: DMAC's outer iteration is an annealing of the temperature as ω/k; one can jump to any of its policies by
    solving a single regularised problem. In particular V* − V^{π^k} ≤ ω log|A|/(k (1 − γ)) from a uniform start.
    """
    xp, alone, policy = namespace(values), controlled(game), joint_first_policy
    found = []
    for v in values:
        q = joint_q(alone, v)
        found.append(divergence_soft_max(q, log_probabilities(policy), temperature=temperature))
        policy = divergence_improvement(q, policy, temperature=temperature)
    cooler = temperature / len(values) if at_once == "temperature / k" else temperature
    q = joint_q(alone, xp.mean(values, axis=0))
    together = divergence_soft_max(q, log_probabilities(joint_first_policy), temperature=cooler)
    policy_at_once = divergence_improvement(q, joint_first_policy, temperature=cooler)
    return all_of(equal(xp.mean(xp.stack(found), axis=0), together), equal(policy, policy_at_once))

"""A bound from exact values of the game instead of errors alone; it is sharper than those that errors give."""

import numpy as np

from mathrl.arithmetic import there
from mathrl.bounds.errors import dynamics_distance
from mathrl.bounds.process import Process, check_process, mean
from mathrl.bounds.setup import Setup, check_setup
from mathrl.games.policies import opponents_policy
from mathrl.operators import expectation
from mathrl.softmax import total_variation
from mathrl.values.policy_values import evaluate_joint

__all__ = ["value_bound"]


def value_bound(setup: Setup, other: Process) -> float:
    """Bound how far the return of `setup.modelled` or `setup.learned` is from the real one, by its exact values.

        |η_i[π^i, π^{-i}] − η_other| ≤ E_{s~ρ}[TV(π^{-i}, π'^{-i}) span_{a^{-i}} E_{a^i}[Q̂(s, a)]]
                                       + γ E_{s,a~ρ}[d(s, a)] span V̂                                             (4)

    `setup`  what is compared
    `other`  `setup.modelled` or `setup.learned`

    Returns the bound. The returns are normalised. ρ is the normalised discounted occupancy of T with π. Q̂ and V̂ are
    the values of `other`, not normalised, and π'^{-i} is what its opponents play. span is max − min, over what is
    available, and d(s, a) = TV(T, T̂). No maximum over states or times enters.

    Proof: η − η̂ = E_ρ[Σ_a (π − π')(a|s) Q̂(s, a) + γ Σ_t (T − T̂)(t|s, a) V̂(t)], by V̂ = r + γ T̂ V̂ summed along T;
    and Σ (p − p') f ≤ TV(p, p') span f.
    """
    check_setup(setup)
    check_process("other", other, setup.real)
    game, real, agent = setup.game, setup.real, setup.agent
    nothing = np.zeros((1, game.num_states))
    values = evaluate_joint(other.game, other.joint, nothing, agent_axis=True, solve=other.discounted)
    row = 0 if game.common_payoff else agent
    q = values.q[row]
    of_others = expectation(q, setup.policy, keep=setup.opponents).reshape(game.num_states, -1)
    policies_s = total_variation(opponents_policy(real.policy)[agent], opponents_policy(other.policy)[agent])
    dynamics_s = real.expected(dynamics_distance(setup))
    span_s = of_others.max(axis=1) - np.where(there(of_others), of_others, np.inf).min(axis=1)
    each_s = policies_s * span_s + game.discount * dynamics_s * np.ptp(values.v_ms[row])
    return (1 - game.discount) * mean(real.visits, each_s)  # (4)

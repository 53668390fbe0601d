"""Exact values of a product policy: V = (I − γ P_π)^{-1} (r_π + entropy), then Q = r + γ P V, by the kernels.

Two passes over the transitions (one for P_π, one for Q) and one linear system per value function.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mathrl import kernels
from mathrl.base.checks import FloatArray
from mathrl.games.model import Game, shown_q
from mathrl.games.policies import Policy, joint_policy
from mathrl.games.profile import Profile
from mathrl.operators import entropy_bonus
from mathrl.values.linear_system import Resolvent, resolvent

__all__ = [
    "Values",
    "against",
    "backup",
    "deterministic_transitions",
    "deterministic_values",
    "evaluate",
    "evaluate_joint",
    "expected_rewards",
    "has_agent_axis",
    "own_q",
    "policy_transitions",
    "quantal_response_residual",
    "sequential_improvement",
    "trace_values",
    "transition_entries",
    "transition_room",
]


@dataclass(frozen=True)
class Values:
    """Exact action values Q and state values V of a policy.

    `game`        the game
    `q_msa`       Q, (m, S, A), joint actions in C order; m = 1 where one function serves all agents, else m = n
    `v_ms`        V, (m, S)
    `agent_axis`  whether `q` and `v` show the axis m: for general-sum games and for `entropy="own"`
    `solve`       the resolvent of P_π, None where the discount is 0
    """

    game: Game
    q_msa: FloatArray
    v_ms: FloatArray
    agent_axis: bool
    solve: Resolvent | None

    @property
    def q(self) -> FloatArray:
        """Q as (S, A_1, …, A_n), or (n, S, A_1, …, A_n) where the agents' values differ; −∞ where not available."""
        q = shown_q(self.game.in_play, self.q_msa.reshape(-1, self.game.num_states, *self.game.num_actions))
        return q if self.agent_axis else q[0]

    @property
    def v(self) -> FloatArray:
        """V as (S,), or (n, S) where the agents' values differ."""
        return self.v_ms if self.agent_axis else self.v_ms[0]

    @property
    def objective(self) -> float | FloatArray:
        """Σ_s start(s) V(s)."""
        totals = np.einsum("ms,s->m", self.v_ms, self.game.start)
        return totals if self.agent_axis else float(totals[0])


def own_q(values: "Values", policy: Policy) -> FloatArray:
    """Return the agents' own Q^i(s, a_i) = E_{π^{-i}}[Q^i(s, ·)] side by side, (S, A_1 + … + A_n)   (hasac Eq. 3)."""
    profile = Profile.of(policy)
    own_sk = np.empty_like(profile.pi_sk)
    kernels.marginal_q(values.q_msa, profile.pi_sk, profile.num_actions, own_sk)
    return own_sk


def quantal_response_residual(values: "Values", policy: Policy, temperature: float) -> float:
    """Return max |π − softmax(E[Q]/α)| over agents, states and actions   (hasac Eq. 3; as in `operators`)."""
    profile = Profile.of(policy)
    return kernels.quantal_response_residual(values.q_msa, profile.pi_sk, profile.num_actions, temperature)


def sequential_improvement(
    values: "Values", policy: Policy, order: npt.NDArray[np.int64], temperature: float
) -> Profile:
    """Return the policy after the agents of `order` have responded in turn, at the same Q   (hasac Eq. 8).

        π_new^i = softmax(E_{π^{-i}}[Q]/α)

    An agent responds to the others' policies as they are at that moment.
    """
    profile = Profile.of(policy)
    updated_sk = np.empty_like(profile.pi_sk)
    kernels.sequential_improvement(values.q_msa, profile.pi_sk, profile.num_actions, order, temperature, updated_sk)
    return Profile.split(updated_sk, values.game.num_actions)


def backup(game: Game, v_ms: FloatArray, out: FloatArray | None = None) -> FloatArray:
    """Return Q = r + γ P V, (m, S, A), for value functions V (m, S)   (hasac Eq. 5); in `out` where that is given."""
    shape = (len(v_ms), game.num_states, game.num_joint_actions)
    q_msa = np.empty(shape) if out is None else out
    q_mx = q_msa.reshape(len(v_ms), -1)
    r_mx = np.broadcast_to(game.rewards_isa.reshape(-1, q_mx.shape[1]), q_mx.shape)
    if game.discount == 0 or not v_ms.any():
        q_mx[:] = r_mx
    elif game.sparse:
        P = game.csr_xt
        kernels.backup_csr(v_ms, r_mx, P.data, P.indices, P.indptr, game.discount, q_mx)
    else:
        kernels.backup(v_ms, r_mx, game.dense_xt, game.discount, q_mx)
    return q_msa


def deterministic_values(game: Game, actions_s: npt.NDArray[np.int64], guess_s: FloatArray) -> FloatArray:
    """Return V (S,) of the policy that plays one joint action in each state; `guess_s` may make it faster to find."""
    rewards = game.rewards_isa[0, np.arange(game.num_states), actions_s]
    if game.discount == 0:
        return np.asarray(rewards)
    return resolvent(deterministic_transitions(game, actions_s), game.discount)(rewards, guess_s)


def deterministic_transitions(game: Game, actions_s: npt.NDArray[np.int64]) -> Any:
    """Return the Markov chain of a joint action for each state, (S, S), dense or CSR as the game's transitions are."""
    rows = np.arange(game.num_states) * game.num_joint_actions + actions_s
    return game.csr_xt[rows] if game.sparse else game.dense_xt[rows]


def policy_transitions(game: Game, w_sa: FloatArray, room: tuple[FloatArray, npt.NDArray[Any]] | None = None) -> Any:
    """Return the Markov chain of joint probabilities π(a|s) (S, A): P_π(t|s) = Σ_a π(a|s) P(t|s, a).

    It is (S, S), dense or CSR as the game's transitions are. A CSR chain keeps its data and indices in `room`, two
    arrays of `transition_entries` each, or in new memory.
    """
    num_states = game.num_states
    if not game.sparse:
        P_st = np.empty((num_states, num_states))
        kernels.policy_transitions(game.dense_xt, w_sa, P_st)
        return P_st
    from scipy.sparse import csr_array

    P = game.csr_xt
    data, indices = transition_room(game, transition_entries(game, w_sa)) if room is None else room
    indptr = np.empty(num_states + 1, P.indptr.dtype)
    used = kernels.policy_transitions_csr(P.data, P.indices, P.indptr, w_sa, data, indices, indptr)
    return csr_array((data[:used], indices[:used], indptr), shape=(num_states, num_states))


def against(game: Game, policy: Policy, agent: int) -> Any:
    """Return what the transitions are for one agent while the others play their policies.

        P̄(t|s, a_i) = E_{a_{-i}~π^{-i}}[P(t|s, a)]

    It is (S·A_i, S), dense or CSR as the game's transitions are.
    """
    others = [np.ones_like(own) if j == agent else own for j, own in enumerate(policy)]
    weights, own_actions = joint_policy(tuple(others)), game.num_actions[agent]
    if not game.sparse:
        P = np.moveaxis(np.asarray(game.transitions), 1 + agent, 1)
        others_last = np.moveaxis(weights, 1 + agent, 1).reshape(game.num_states, own_actions, -1)
        expected = np.einsum("sibt,sib->sit", P.reshape(*others_last.shape, game.num_states), others_last)
        return expected.reshape(-1, game.num_states)
    from scipy.sparse import csr_array

    s, a = np.meshgrid(np.arange(game.num_states), np.arange(game.num_joint_actions), indexing="ij")
    rows = (s * own_actions + np.unravel_index(a, game.num_actions)[agent]).ravel()
    size = (game.num_states * own_actions, rows.size)
    return csr_array((weights.ravel(), (rows, np.arange(rows.size))), shape=size) @ game.csr_xt


def expected_rewards(game: Game, w_sa: FloatArray, bonus_ms: FloatArray) -> FloatArray:
    """Return b(s) = E_w[r(s, ·)] + bonus(s), (m, S), for joint probabilities w (S, A)."""
    return np.asarray(np.einsum("msa,sa->ms", game.rewards_isa, w_sa) + bonus_ms)


def trace_values(
    game: Game, w_sa: FloatArray, v_ms: FloatArray, bonus_ms: FloatArray, trace_decay: float
) -> FloatArray:
    """Return the state values u that make r + γ P u the TD(λ) target of v   (soft-qmix Eq. 7).

        u = (1 − λ) v + λ (b + γ P_w u),   b(s) = E_w[r(s, ·)] + bonus(s)

    All are (m, S); λ is `trace_decay`. λ = 0 gives v itself, λ = 1 the exact values of w.
    """
    decay = trace_decay * game.discount
    if decay == 0:
        return v_ms
    solve = resolvent(policy_transitions(game, w_sa), decay)
    mixed_ms = (1 - trace_decay) * v_ms + trace_decay * expected_rewards(game, w_sa, bonus_ms)
    return np.stack([solve(mixed_s, v_s) for mixed_s, v_s in zip(mixed_ms, v_ms, strict=True)])


def transition_entries(game: Game, w_sa: FloatArray) -> int:
    """Return how many entries the CSR rows with w > 0 have together: enough room for the chain of w."""
    return int(np.diff(game.csr_xt.indptr)[w_sa.ravel() > 0].sum())


def transition_room(game: Game, entries: int) -> tuple[FloatArray, npt.NDArray[Any]]:
    """Return memory for the data and the indices of a CSR chain."""
    return np.empty(entries), np.empty(entries, game.csr_xt.indices.dtype)


def has_agent_axis(game: Game, entropy: str) -> bool:
    """Say whether the agents' values differ, so that Q and V have a leading agent axis."""
    return not game.common_payoff or entropy == "own"


def evaluate(
    game: Game, policy: Policy, *, temperature: float, entropy: str = "team", guess: FloatArray | None = None
) -> Values:
    """Return the exact soft Q and V of a product policy   (hasac Eq. 5, 6).

        V = (I − γ P_π)^{-1} (r_π + bonus),   Q = r + γ P V

    bonus(s) is α Σ_j H(π^j(·|s)) for `entropy="team"`, α H(π^i(·|s)) for "own", 0 for "none". `guess` (m, S) may make
    the linear system faster to solve.
    """
    bonus_ms = np.atleast_2d(entropy_bonus(policy, temperature=temperature, entropy=entropy))
    joint_sa = Profile.of(policy).joint_sa
    return evaluate_joint(game, joint_sa, bonus_ms, agent_axis=has_agent_axis(game, entropy), guess=guess)


def evaluate_joint(
    game: Game,
    w_sa: FloatArray,
    bonus_ms: FloatArray,
    *,
    agent_axis: bool,
    guess: FloatArray | None = None,
    solve: Resolvent | None = None,
) -> Values:
    """Return the exact Q and V of joint probabilities.

        V(s) = E_w[Q(s, ·)] + bonus(s),   Q = r + γ P V

    `w_sa`        w, (S, A)
    `bonus_ms`    bonus, (m, S) or (1, S)
    `agent_axis`  as in `Values`
    `guess`       values to begin with, (m, S)
    `solve`       the resolvent of the chain of w, where it is known
    """
    b_ms = expected_rewards(game, w_sa, bonus_ms)
    if game.discount == 0:
        return Values(game, backup(game, b_ms), b_ms, agent_axis, None)
    if solve is None:
        solve = resolvent(policy_transitions(game, w_sa), game.discount)
    v_ms = np.stack([solve(b, None if guess is None else guess[m]) for m, b in enumerate(b_ms)])
    return Values(game, backup(game, v_ms), v_ms, agent_axis, solve)

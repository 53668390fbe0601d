"""What an agent's conditional policy π(a|s, b) and opponent model ρ(b|s) are worth to it: ROMMEO's objective, exactly.

    Q^{π,ρ}(s, a, b) = r(s, a, b) + γ Σ_t P(t|s, a, b) V^{π,ρ}(t)                                (34)
    V^{π,ρ}(s)       = E_{ρ,π}[Q^{π,ρ}] + α E_{b~ρ}[H(π(·|s, b))] − κ KL(ρ(·|s) ‖ P(·|s))        (36)

and, over T steps without discount, the evidence and its lower bound, by recursion over the steps:

    J(π, ρ)      = Σ_t E[r + α H(π(·|s_t, b_t)) − κ KL(ρ(·|s_t) ‖ P(·|s_t))]                     (7)
    log P(o = 1) = log E_{s_1}[β_1(s_1)],
    β_t(s)       = Σ_{a, b} P(b|s) exp(r(s, a, b)) Σ_{s'} P(s'|s, a, b) β_{t+1}(s')               (26)

The numbers are those of the paper. Where an episode has ended, nothing is added: V = 0 and β = 1. Rows of strategies
and priors in terminal states are ignored, as are those of π given an action of the others that is not available.
"""

from collections.abc import Sequence

import numpy as np

from mathrl.base.array_types import ArrayLike
from mathrl.base.checks import FloatArray, as_floats, count, entry, fail, positive, probabilities, shape
from mathrl.games.availability import first_available, joint_of_others
from mathrl.games.given import Booleans
from mathrl.games.model import Game, check_agent, shown_q
from mathrl.games.naming import agent_label, quoted_action
from mathrl.games.shown import shown_conditional, shown_rows
from mathrl.operators import (
    conditional_policy,
    opponent_model,
    opponent_policy_value,
    opponent_value,
    own_and_others,
)
from mathrl.softmax import entropy, kl_divergence, log_probabilities, log_sum_exp
from mathrl.values.modelled_opponents import agent_game
from mathrl.values.policy_values import backup, evaluate_joint

__all__ = ["as_strategies", "best_evidence_bound", "evidence_bound", "log_evidence", "opponent_policy_q"]


def opponent_policy_q(
    game: Game,
    agent: int,
    *,
    conditional_policy: ArrayLike,
    opponent_model: ArrayLike,
    prior: ArrayLike,
    temperature: float,
    divergence_weight: float = 1.0,
) -> tuple[FloatArray, FloatArray]:
    """Compute the exact values of a conditional policy and an opponent model   (rommeo Eq. 33-36).

        Q^{π,ρ}(s, a, b) = r(s, a, b) + γ Σ_t P(t|s, a, b) V^{π,ρ}(t)
        V^{π,ρ}(s)       = E_{ρ,π}[Q^{π,ρ}] + α E_{b~ρ}[H(π(·|s, b))] − κ KL(ρ(·|s) ‖ P(·|s))

    `game`                the game
    `agent`               the number of the agent whose values they are
    `conditional_policy`  π(a|s, b), (S, A_i, B): own action given the others' joint action b, in C order
    `opponent_model`      ρ(b|s), (S, B): what the agent takes the others to play
    `prior`               P(b|s), (S, B)
    `temperature`         α, > 0
    `divergence_weight`   κ, > 0; 1 in the paper

    Returns Q (S, A_i, B) and V (S,), by one linear system. Raises `ValueError` where a shape is wrong, a row is no
    distribution, or ρ > 0 = P somewhere (the divergence is infinite).
    """
    agent, game = check_agent(game, agent), game.in_play
    own = agent_game(game, agent)
    pi_sab, rho_sb, prior_sb = as_strategies(game, agent, conditional_policy, opponent_model, prior)
    alpha, kappa = positive("temperature", temperature), positive("divergence_weight", divergence_weight)
    bonus_s = _bonus(pi_sab, rho_sb, prior_sb, alpha, kappa)
    joint_sab = rho_sb[:, None, :] * pi_sab
    others = [actions for j, actions in enumerate(game.num_actions) if j != agent]
    joint = np.moveaxis(joint_sab.reshape(*joint_sab.shape[:2], *others), 1, 1 + agent)
    values = evaluate_joint(own, joint.reshape(game.num_states, -1), bonus_s[None], agent_axis=False)
    q_sab = own_and_others(values.q, agent)
    return q_sab if game.ended is None else np.where(game.ended[:, None, None], 0.0, q_sab), values.v


def evidence_bound(
    game: Game,
    agent: int,
    *,
    conditional_policy: ArrayLike | Sequence[ArrayLike],
    opponent_model: ArrayLike | Sequence[ArrayLike],
    prior: ArrayLike,
    horizon: int,
    temperature: float = 1.0,
    divergence_weight: float = 1.0,
) -> float:
    """Compute ROMMEO's objective J, a lower bound of the log-evidence, over a number of steps   (rommeo Eq. 6-7).

        J(π, ρ) = Σ_t E[r + α H(π(·|s_t, b_t)) − κ KL(ρ(·|s_t) ‖ P(·|s_t))]                          (7)

    `game`                the game; its discount plays no part
    `agent`               the number of the agent whose objective it is
    `conditional_policy`  π(a|s, b), (S, A_i, B): own action given the others' joint action b, in C order
    `opponent_model`      ρ(b|s), (S, B): what the agent takes the others to play
    `prior`               P(b|s), (S, B)
    `horizon`             the number of steps T
    `temperature`         α, > 0; default 1, as in Eq. 7 as printed
    `divergence_weight`   κ, > 0; default 1, as in the paper

    π and ρ may also be sequences of T arrays, one per step.

    Returns J. It is at most `log_evidence` at α = κ = 1 (rommeo Eq. 27). Raises `ValueError` where a shape is wrong, a
    row is no distribution, or ρ > 0 = P somewhere.

    >>> from mathrl.games import load
    >>> half = [[0.5, 0.5]]
    >>> strategy = {"conditional_policy": [half * 2], "opponent_model": half, "prior": half}
    >>> round(evidence_bound(load("matching-pennies"), 0, **strategy, horizon=3), 6)     # 3 log 2
    2.079442
    """
    agent, game = check_agent(game, agent), game.in_play
    own, steps = agent_game(game, agent), count("horizon", horizon)
    pis, rhos = _per_step(conditional_policy, steps, 3), _per_step(opponent_model, steps, 2)
    alpha, kappa = positive("temperature", temperature), positive("divergence_weight", divergence_weight)
    v_s = np.zeros(game.num_states)
    for pi, rho in zip(reversed(pis), reversed(rhos), strict=True):
        pi_sab, rho_sb, prior_sb = as_strategies(game, agent, pi, rho, prior)
        q_sab = _undiscounted_q(own, agent, v_s)
        v_s = opponent_policy_value(q_sab, pi_sab, rho_sb, prior_sb, temperature=alpha, divergence_weight=kappa)  # (7)
    return float(np.einsum("s,s", game.start, v_s))


def best_evidence_bound(
    game: Game,
    agent: int,
    *,
    prior: ArrayLike,
    horizon: int,
    temperature: float = 1.0,
    divergence_weight: float = 1.0,
) -> tuple[float, tuple[FloatArray, ...], tuple[FloatArray, ...]]:
    """Find the conditional policies and opponent models that maximise ROMMEO's objective J   (rommeo Eq. 9-11).

        max_{π, ρ} Σ_t E[r + α H(π(·|s_t, b_t)) − κ KL(ρ(·|s_t) ‖ P(·|s_t))]

    `game`               the game; its discount plays no part
    `agent`              the number of the agent whose objective it is
    `prior`              P(b|s), (S, B), of the others' joint actions in C order
    `horizon`            the number of steps T
    `temperature`        α, > 0
    `divergence_weight`  κ, > 0; 1 in the paper

    Returns the maximum, then π (S, A_i, B) and ρ (S, B) of each step, found backwards from the last step. The
    transitions stay those of the game (rommeo Eq. 24), so that the maximum equals `log_evidence` at α = κ = 1 only
    where these are deterministic. Raises `ValueError` where the prior is no distribution.
    """
    agent, game = check_agent(game, agent), game.in_play
    own, steps = agent_game(game, agent), count("horizon", horizon)
    prior_sb = _prior(game, agent, prior)
    alpha, kappa = positive("temperature", temperature), positive("divergence_weight", divergence_weight)
    v_s, pis, rhos = np.zeros(game.num_states), [], []
    for _ in range(steps):
        q_sab = _undiscounted_q(own, agent, v_s)
        pis.append(shown_conditional(game, agent, conditional_policy(q_sab, temperature=alpha)))
        rhos.append(shown_rows(game, opponent_model(q_sab, prior_sb, temperature=alpha, divergence_weight=kappa)))
        v_s = opponent_value(q_sab, prior_sb, temperature=alpha, divergence_weight=kappa)
    return float(np.einsum("s,s", game.start, v_s)), tuple(reversed(pis)), tuple(reversed(rhos))


def log_evidence(game: Game, agent: int, *, prior: ArrayLike, horizon: int) -> float:
    """Compute the log-probability that all steps are optimal, given that the others' steps are   (rommeo Eq. 5, 26).

        log P(o_{1:T} = 1 | o^{-i}_{1:T} = 1) = log E_{s_1}[β_1(s_1)],
        β_t(s) = Σ_{a, b} P(b|s) exp(r(s, a, b)) Σ_{s'} P(s'|s, a, b) β_{t+1}(s'),   β_{T+1} = 1      (26)

    `game`     the game; its discount plays no part
    `agent`    the number of the agent whose rewards count
    `prior`    P(b|s), (S, B), of the others' joint actions in C order
    `horizon`  the number of steps T

    Returns the logarithm, computed in log space. As printed, the agent's own actions have weight 1 in (26), not 1/A_i
    ("∝ 1", Eq. 31), so that the "probability" may be larger than 1. Raises `ValueError` where the prior is no
    distribution.
    """
    agent = check_agent(game, agent)
    own, steps = agent_game(game, agent), count("horizon", horizon)
    log_prior_sb = log_probabilities(_prior(game, agent, prior))
    rewards_sab = own_and_others(own.rewards, agent)
    log_beta_s = np.zeros(game.num_states)
    for _ in range(steps):
        ahead_sab = own_and_others(_log_expected(game, log_beta_s), agent)
        exponents = log_prior_sb[:, None, :] + rewards_sab + ahead_sab
        log_beta_s = log_sum_exp(exponents.reshape(game.num_states, -1))  # (26)
        log_beta_s[game.terminal] = 0.0
    return float(log_sum_exp(log_probabilities(game.start) + log_beta_s))


def _log_expected(game: Game, log_beta_s: FloatArray) -> FloatArray:
    """log Σ_t P(t|s, a) β(t), (S, A_1, …, A_n), each row shifted by its own largest term."""
    from scipy.sparse import csr_array

    P = game.csr_xt if game.sparse else csr_array(game.dense_xt)
    with np.errstate(divide="ignore"):
        terms = np.log(P.data) + log_beta_s[P.indices]
    largest = np.maximum.reduceat(terms, P.indptr[:-1])
    sums = np.add.reduceat(np.exp(terms - np.repeat(largest, np.diff(P.indptr))), P.indptr[:-1])
    return np.asarray(largest + np.log(sums)).reshape(game.num_states, *game.num_actions)


def _backed_up(game: Game, v_s: FloatArray) -> FloatArray:
    """r + γ P V, (S, A_1, …, A_n), for a common payoff."""
    return shown_q(game, backup(game, v_s[None])[0].reshape(game.num_states, *game.num_actions))


def _undiscounted_q(own: Game, agent: int, v_s: FloatArray) -> FloatArray:
    """r + P V, undiscounted, (S, A_i, B)."""
    undiscounted = Game.unchecked(own.rewards, own.transitions, 1.0, own.start, like=own)
    return np.asarray(own_and_others(_backed_up(undiscounted, v_s), agent))


def _bonus(
    pi_sab: FloatArray, rho_sb: FloatArray, prior_sb: FloatArray, temperature: float, divergence_weight: float
) -> FloatArray:
    """α E_ρ[H(π(·|s, b))] − κ KL(ρ ‖ P), (S,)."""
    entropies_sb = entropy(np.moveaxis(pi_sab, 1, 2))
    expected = np.einsum("sb,sb->s", rho_sb, entropies_sb)
    return np.asarray(temperature * expected - divergence_weight * kl_divergence(rho_sb, prior_sb))


def _prior(game: Game, agent: int, prior: ArrayLike) -> FloatArray:
    """Check a prior (S, B)."""
    prior_sb = as_floats("prior", prior)
    shape("prior", prior_sb, (game.num_states, game.num_joint_actions // game.num_actions[agent]))
    return _over_available("prior", prior_sb, _others(game, agent), game.ended)


def _over_available(argument: str, rho_sb: FloatArray, available: Booleans, ended: Booleans | None) -> FloatArray:
    """Check probabilities of the others' joint actions; where an episode has ended, the first has all of it."""
    if ended is not None:
        rho_sb[ended] = np.eye(rho_sb.shape[1])[0]
    probabilities(argument, rho_sb)
    barred = (rho_sb > 0) & ~available
    if barred.any():
        fail(entry(argument, np.argwhere(barred)[0]), "is positive, and not all of it is available", "0", "mask it")
    return rho_sb


def _others(game: Game, agent: int) -> Booleans:
    """Which joint actions of the others are available, (S, B)."""
    return joint_of_others(game.available, agent)


def as_strategies(
    game: Game, agent: int, conditional: ArrayLike, model: ArrayLike, prior: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Check one agent's conditional policy, opponent model and prior, and return them as float64 arrays.

    `game`         the game
    `agent`        the number of the agent
    `conditional`  π(a|s, b), (S, A_i, B): own action given the others' joint action b, in C order
    `model`        ρ(b|s), (S, B): what the agent takes the others to play
    `prior`        P(b|s), (S, B)

    Returns π, ρ and P. Raises `ValueError` where there is no such agent, a shape is wrong, a row is no distribution, or
    ρ > 0 = P somewhere.
    """
    agent = check_agent(game, agent)
    prior_sb = _prior(game, agent, prior)
    rho_sb, pi_sab = as_floats("opponent_model", model), as_floats("conditional_policy", conditional)
    shape("opponent_model", rho_sb, prior_sb.shape)
    _over_available("opponent_model", rho_sb, _others(game, agent), game.ended)
    shape("conditional_policy", pi_sab, (game.num_states, game.num_actions[agent], prior_sb.shape[1]))
    _check_conditional(game, agent, pi_sab)
    if ((rho_sb > 0) & (prior_sb <= 0)).any():
        fail("opponent_model", "plays what the prior never does", "0 there", "the divergence would be infinite")
    return pi_sab, rho_sb, prior_sb


def _check_conditional(game: Game, agent: int, pi_sab: FloatArray) -> None:
    """Check π(a|s, b) over the agent's own actions; rows that are ignored become those of its first available one."""
    own_last = np.moveaxis(pi_sab, 1, 2)
    if game.masks is not None or game.ended is not None:
        ignored = ~_others(game, agent)
        own = game.available[agent].copy()
        if game.ended is not None:
            ignored[game.ended], own[game.ended] = True, True
        own_last[ignored] = np.broadcast_to(first_available(own)[:, None], own_last.shape)[ignored]
        barred = (own_last > 0) & ~own[:, None]
        if barred.any():
            s, b, a = np.argwhere(barred)[0]
            called = f"{quoted_action(game.action_names, agent, int(a))} is not available"
            whose = f"{agent_label(game.agent_names, agent)} in {game.called(int(s))}"
            found = f"is {own_last[s, b, a]:g}, and {called} to {whose}"
            fail(f"conditional_policy[{s}, {a}, {b}]", found, "0", "mask the policy")
    probabilities("conditional_policy", own_last, "normalise it over the agent's own actions")


def _per_step(strategy: ArrayLike | Sequence[ArrayLike], steps: int, dimensions: int) -> list[ArrayLike]:
    """One strategy per step: the same for all, or those that a sequence holds."""
    array = np.asarray(strategy)
    if array.ndim == dimensions:
        return [array] * steps
    if array.ndim != dimensions + 1 or len(array) != steps:
        fail("conditional_policy" if dimensions == 3 else "opponent_model", f"has shape {array.shape}",
             f"{dimensions} axes, or {steps} such arrays, one per step")  # fmt: skip
    return list(array)

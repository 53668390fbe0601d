"""The critic targets that the five papers print, in exact expectation over the next state and its actions.

    hasac      y = r + γ E[min_c Q_c(s', a') − α Σ_i log π^i(a'^i|s')]                        (Algorithm 2)   (1)
    rommeo     y = r^i + γ E[Q(s', a', b') − α log π(a'|s', b') − κ log(ρ(b'|s')/P(b'|s'))]   (Eq. 14-15)     (2)
    dmac       y = r + γ E[Q(s', a') − ω log(π(a'|s')/ρ(a'|s'))]                              (§4.4)          (3)
    soft-qmix  y = Q + Σ_l (γλ)^l E[δ_l]                                                      (Eq. 7, 24)     (4)
    aorpo      y = r^i + γ E[Q(s', a') − α log π^i(a'^i|s')]                                  (Eq. 5)         (5)

In (2) b' ~ ρ(·|s') and a' ~ π(·|s', b'); elsewhere a' ~ π(·|s'). Q is the target network's: an array from the caller,
not the exact one. What a sampled code regresses on has these means; each is a contraction of Q, with modulus γ at most.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mathrl.base.array_types import ArrayLike
from mathrl.base.checks import FloatArray, fail, not_negative
from mathrl.games.model import Game, check_agent, check_game
from mathrl.operators import expectation, opponent_policy_value, own_and_others
from mathrl.oracle.arrays import action_values, distributions, numbers, policy_rows, scalar, several_critics
from mathrl.oracle.counted import counted, shown
from mathrl.oracle.targets import one_step_target, td_lambda_target
from mathrl.softmax import entropy
from mathrl.values.policy_values import backup
from mathrl.values.rommeo_objective import as_strategies
from mathrl.values.target_policy import Regularised, absolutely_continuous, controller, logarithms

__all__ = ["aorpo_target", "dmac_target", "hasac_target", "rommeo_target", "soft_qmix_target"]


def hasac_target(game: Game, *, policy: Any, q: Any, temperature: float) -> FloatArray:
    """Compute the critic target of HASAC in exact expectation   (hasac Algorithm 2).

        y = r + γ E[min_c Q_c(s', a') − α Σ_i log π^i(a'^i|s')]                                   (1)

    `game`         a common-payoff game
    `policy`       π, as in `compare`
    `q`            one critic of the target network, (S, A_1, …, A_n), or a sequence of them, Q_c
    `temperature`  α ≥ 0

    Returns (S, A_1, …, A_n). The minimum over critics is taken for each joint action, before the expectation. Tables 5,
    9, 14, 15, 17 and 18 set an "n step" that appears in no equation; see `n_step_target`. Raises `ValueError` for a
    general-sum game.

    >>> game = Game.stochastic(np.ones((1, 2)), np.ones((1, 2, 1)), discount=0.5)
    >>> twins = np.array([[4.0, 0.0]]), np.array([[0.0, 4.0]])     # each is 2 in the mean, the lesser always 0
    >>> hasac_target(game, policy=[[0.5, 0.5]], q=twins, temperature=0.0).tolist()
    [[1.0, 1.0]]
    """
    _common_payoff(game)
    least = np.min(several_critics(game, q, agent_axis=False), axis=0)
    return one_step_target(game, policy=policy, q=least, temperature=temperature)  # (1)


def rommeo_target(
    game: Game,
    agent: int,
    *,
    q: Any,
    conditional_policy: ArrayLike,
    opponent_model: ArrayLike,
    prior: ArrayLike,
    temperature: float,
    divergence_weight: float = 1.0,
) -> FloatArray:
    """Compute the critic target of ROMMEO for one agent in exact expectation   (rommeo Eq. 14-15, Algorithm 2).

        y = r^i + γ E[Q(s', a', b') − α log π(a'|s', b') − κ log(ρ(b'|s')/P(b'|s'))],                (2)
        b' ~ ρ(·|s'),   a' ~ π(·|s', b')

    `game`                the game
    `agent`               the number of the agent whose critic it is
    `q`                   the target network's Q, (S, A_1, …, A_n)
    `conditional_policy`  π(a|s, b), (S, A_i, B): own action given the others' joint action b, in C order
    `opponent_model`      ρ(b|s), (S, B)
    `prior`               P(b|s), (S, B)
    `temperature`         α ≥ 0
    `divergence_weight`   κ ≥ 0; 1 in the paper

    Returns (S, A_1, …, A_n). For the π and ρ of Eq. 10-11 all samples of (2) in a state are equal, and y is T Q of Eq.
    13. V̄ of Algorithm 1 tends, with many samples, to log Σ_{a,b} P(b|s) exp(Q(s, a, b)): that is Eq. 9 for α = 1 only.
    Raises `ValueError` where ρ plays what P never does.
    """
    own = _of_agent(game, agent)
    pi_sab, rho_sb, prior_sb = as_strategies(
        game,
        agent,
        _distributions(own, "conditional_policy", conditional_policy, (1,)),
        _distributions(own, "opponent_model", opponent_model, (1,)),
        _distributions(own, "prior", prior, (1,)),
    )
    v_s = opponent_policy_value(
        own_and_others(action_values(own, q, agent_axis=False), agent),
        pi_sab,
        rho_sb,
        prior_sb,
        temperature=_weight("temperature", temperature),
        divergence_weight=_weight("divergence_weight", divergence_weight),
    )
    return _backed_up(game, own, v_s)  # (2)


def dmac_target(game: Game, *, policy: Any, target_policy: Any, q: Any, temperature: float) -> FloatArray:
    """Compute the critic target of DMAC in exact expectation   (dmac §4.4, Lemma 1).

        y = r + γ E[Q(s', a') − ω log(π(a'|s')/ρ(a'|s'))],   a' ~ π(·|s')                              (3)

    `game`           a common-payoff game
    `policy`         π, a product policy as in `compare`, or a joint one (S, A_1, …, A_n)
    `target_policy`  ρ, in one of the same forms
    `q`              the target network's Q, (S, A_1, …, A_n)
    `temperature`    ω ≥ 0

    Returns (S, A_1, …, A_n). The paper chooses a' "arbitrarily". That is right where π ∝ ρ exp(Q/ω) of this very Q, as
    Q − ω log(π/ρ) is then the same for all a' (Proposition 4), and wrong otherwise. Raises `ValueError` for a
    general-sum game, and where π plays what ρ never does.
    """
    check_game(game)
    played = counted(game)
    chooser = controller(played, "joint")
    critic_sa = action_values(played, q, agent_axis=False).reshape(game.num_states, -1)
    _, log_pi = logarithms(played, _either(played, "policy", policy), "policy", "joint")
    _, log_rho = logarithms(played, _either(played, "target_policy", target_policy), "target_policy", "joint")
    absolutely_continuous("policy", log_pi, log_rho)
    omega = _weight("temperature", temperature)
    tilted = Regularised(chooser, log_rho, omega).tilted(log_pi)
    return _backed_up(game, played, np.einsum("sa,sa->s", tilted.pi[0], critic_sa) - omega * tilted.divergence_s)  # (3)


def soft_qmix_target(game: Game, *, policy: Any, q: Any, temperature: float, trace_decay: float = 0.4) -> FloatArray:
    """Compute the critic target of Soft-QMIX in exact expectation   (soft-qmix Eq. 7, 13, 24, 27).

        y = Q + Σ_l (γλ)^l E[δ_l]                                                                        (4)

    δ is the error of the one-step target with all agents' entropies.

    `game`         a common-payoff game
    `policy`       π, as in `compare`
    `q`            Q_tot of the target network, (S, A_1, …, A_n)
    `temperature`  α ≥ 0
    `trace_decay`  λ, in [0, 1]; 0.4 in the paper

    Returns (S, A_1, …, A_n). Raises `ValueError` for a general-sum game.
    """
    _common_payoff(game)
    return td_lambda_target(game, policy=policy, q=q, temperature=temperature, trace_decay=trace_decay)  # (4)


def aorpo_target(game: Game, agent: int, *, policy: Any, q: Any, temperature: float) -> FloatArray:
    """Compute the critic target of AORPO for one agent in exact expectation   (aorpo Eq. 5).

        y = r^i + γ E[Q(s', a') − α log π^i(a'^i|s')],   a' ~ π(·|s')                                    (5)

    Only the agent's own entropy counts.

    `game`         the game
    `agent`        the number of the agent whose critic it is
    `policy`       what all agents play next: the opponents' policies, or models of them
    `q`            the target network's Q, (S, A_1, …, A_n)
    `temperature`  α ≥ 0

    Returns (S, A_1, …, A_n). Eq. 5 prints α log π without γ, which is (5) at temperature α/γ. Its fixed point is wrong
    by (1 − γ)/γ times what entropy adds to Q: for a uniform policy by α log A_i, however near 1 γ is. Raises
    `ValueError` where an argument does not fit.
    """
    own = _of_agent(game, agent)
    checked, _ = policy_rows(own, policy)
    bonus_s = _weight("temperature", temperature) * entropy(checked[agent])
    return _backed_up(game, own, expectation(action_values(own, q, agent_axis=False), checked) + bonus_s)  # (5)


def _weight(argument: str, value: Any) -> float:
    """Check a weight ≥ 0, which may be an array without axes."""
    return not_negative(argument, scalar(argument, value))


def _either(game: Game, argument: str, policy: Any) -> Any:
    """A product or a joint policy, its distributions normalised where single precision left them off."""
    if callable(policy):
        return policy_rows(game, policy)[0]
    if isinstance(policy, Sequence):
        return tuple(_distributions(game, f"{argument}[{i}]", rows, (1,)) for i, rows in enumerate(policy))
    return _distributions(game, argument, policy, tuple(range(1, game.num_agents + 1)))


def _distributions(game: Game, argument: str, given: Any, axes: tuple[int, ...]) -> FloatArray:
    """Distributions over `axes` in each state, normalised where single precision left them off; in ended states any."""
    rows = numbers(argument, given)
    if game.ended is not None and len(rows) == game.num_states and rows.ndim > axes[-1]:
        rows[game.ended] = 0.0
        first: Any = (game.ended, *[0] * len(axes))
        rows[first] = 1.0
    return distributions(argument, rows, axes if rows.ndim > axes[-1] else -1)


def _of_agent(game: Game, agent: Any) -> Game:
    """The counted game in which every agent has the rewards of one."""
    i, played = check_agent(game, agent), counted(game)
    return played if played.common_payoff else replace(played, rewards=played.rewards[i], common_payoff=True)


def _backed_up(game: Game, own: Game, v_s: FloatArray) -> FloatArray:
    """r + γ P v of `own`, which is counted and has a common payoff, as that of the game, (S, A_1, …, A_n)."""
    return shown(game, backup(own, v_s[None]).reshape(own.rewards.shape))


def _common_payoff(game: Game) -> None:
    """Require a common-payoff game."""
    check_game(game)
    if not game.common_payoff:
        fail("game", "is general-sum", "a common payoff", "the agents share one critic; n_step_target takes any game")

"""Multi-agent soft Q iteration (MASQL): each agent's soft Q over joint actions, with learned models or without."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mathrl.base.array_types import ArrayLike
from mathrl.base.checks import FloatArray, count, fail, instance, iterated, positive, proportion
from mathrl.equations import MODELLED_SOFT_OPTIMALITY, SOFT_OPTIMALITY
from mathrl.games.model import Game, as_played, check_game
from mathrl.games.policies import Policy, as_opponent_model, marginals
from mathrl.iteration.iterate import Run
from mathrl.softmax import log_probabilities
from mathrl.solution import Solution
from mathrl.solution.answer import solution
from mathrl.values.doubt import Doubt, doubt_of_joint
from mathrl.values.modelled_opponents import Controls, LearnedModel, OpponentSoftMax, agent_game, control_each
from mathrl.values.overflow import in_range
from mathrl.values.policy_values import backup
from mathrl.values.potentials import Shaped, refined
from mathrl.values.softness import SoftMax, Softness

__all__ = ["soft_q_iteration"]


def soft_q_iteration(
    game: Game,
    *,
    temperature: float,
    opponent_model: Sequence[ArrayLike] | None = None,
    models: Sequence[LearnedModel] = (),
    real_share: float = 0.0,
    tol: float = 100.0,
    max_steps: int = 1_000,
) -> Solution:
    """Find each agent's soft-optimal Q over joint actions (multi-agent soft Q iteration, MASQL).

        Q^i_{k+1} = r^i + γ P V^i_k,   V^i_k(s) = α log Σ_a exp(Q^i_k(s, a)/α)                     (aorpo Eq. 7)   (1)
        π^i(a|s)  = exp((Q^i(s, a) − V^i(s))/α)                                                  (aorpo §5.2)      (2)

    a is the joint action. With models φ_k of the opponents, r_k of the rewards and P_k of the transitions,

        Q^i_{k+1} = r^i_k + γ (β P + (1 − β) P_k) V^i_k,
        V^i_k(s)  = α log Σ_b φ^i_k(b|s) Σ_{a_i} exp(Q^i_k(s, a_i, b)/α)                       (aorpo Theorem 6)   (3)

    Both maps are γ-contractions (aorpo Lemmas D.3, D.6). The fixed point is found by Newton's method. The sum over b
    has the weight φ in (3) and the weight 1 in (1). With φ uniform over B joint actions, V of (3) is lower by α log B
    than V of (1), so (3) with perfect models does not tend to (1).

    `game`            any game, with a common payoff or general-sum
    `temperature`     α > 0, the weight of the entropy, in units of the rewards
    `opponent_model`  φ, per agent (S, B_i) over the others' B_i joint actions in C order, rows sum to 1; default: none,
                      which is (1)
    `models`          `mathrl.games.learned_model.LearnedModel`s, each with its game and its φ: from Q = r one sweep of
                      (3) with each but the last, with which the fixed point is found; not together with
                      `opponent_model`
    `real_share`      β in [0, 1], the share of the game's own transitions in (3), default 0
    `tol`             stop at a residual of this many rounding floors eps·‖Q‖∞ (see `mathrl.Solution`); below 8 counts
                      as 8; default 100
    `max_steps`       the most steps of Newton's method for each agent; default 1,000

    Returns `joint_policy`, which is (2), or with a model φ^i(b|s) exp((Q^i − V^i)/α); `policy` holds what each agent
    plays of its own joint policy. q, v, `joint_policy` and the objective have a leading agent axis with general-sum
    rewards or with models. `residual` is γ ‖T V − V‖∞, the largest of all agents, which bounds ‖T Q − Q‖∞, with T the
    map (1) or (3). `history` holds it after each sweep through `models`, then after each step, agent after agent.
    Raises `ValueError` naming the argument, also for models whose games differ in shape or discount.

    >>> from mathrl.games import Game
    >>> solution = soft_q_iteration(Game.matrix(np.array([[2.0, 0.0], [0.0, 1.0]])), temperature=1.0)
    >>> solution.joint_policy.round(3).tolist()
    [[[0.61, 0.083], [0.083, 0.225]]]
    """
    game = as_played(game)
    alpha, share = positive("temperature", temperature), proportion("real_share", real_share)
    learned = list(iterated("models", models, "learned models, in a tuple for example"))
    if learned and opponent_model is not None:
        fail("opponent_model", "is given together with models", "one of the two", "each of the models has its own")
    checked = tuple(_checked(game, t, model, share) for t, model in enumerate(learned))
    sequence: list[tuple[Game, Any]] = [(model.mixed_with(game, share), model.opponent_model) for model in checked]
    if not sequence:
        held = None if opponent_model is None else as_opponent_model(game, opponent_model)
        sequence = [(game, held)]
    for played, _ in sequence:
        in_range(played, alpha)
    shared = all(played.common_payoff and phi is None for played, phi in sequence)
    agents = range(1 if shared else game.num_agents)

    def softness(phi: Policy | None, agent: int) -> Softness:
        if phi is None:
            return SoftMax(alpha)
        return OpponentSoftMax(alpha, alpha, log_probabilities(phi[agent]), game.num_actions, agent)

    def controllers(played: Game, phi: Policy | None) -> tuple[list[Game], list[Softness]]:
        return [agent_game(played, i) for i in agents], [softness(phi, i) for i in agents]

    v_ms = np.zeros((len(agents), game.num_states))
    swept: list[float] = []
    for played, phi in sequence[:-1]:
        pairs = zip(*controllers(played, phi), v_ms, strict=True)
        following = np.stack([_sweep(own, soft, v_s) for own, soft, v_s in pairs])  # (3)
        swept.append(game.discount * float(np.abs(following - v_ms).max()))
        v_ms = following
    tol, max_steps = positive("tol", tol), count("max_steps", max_steps)

    def solve(shaped: Shaped, last: Controls | None, left: int) -> Run[Controls]:
        guess = v_ms if swept and last is None else None
        if guess is not None and shaped.added_ms is not None:
            guess = guess - shaped.added_ms
        controls = control_each(
            *controllers(shaped.game, sequence[-1][1]), agent_axis=not shared, tol=tol, max_steps=left, guess=guess
        )
        return controls.whole

    def doubt(controls: Controls) -> Doubt:
        return doubt_of_joint(controls.games, controls.values, alpha, game.horizon)

    run, added_ms = refined(sequence[-1][0], solve, doubt, max_steps)
    controls = run.last.point
    joint = controls.w_msa.reshape(-1, game.num_states, *game.num_actions)
    return solution(
        tuple(marginals(joint[0 if shared else i])[i] for i in range(game.num_agents)),
        controls.values,
        replace(run, history=np.concatenate([swept, run.history])),
        equation=SOFT_OPTIMALITY if sequence[-1][1] is None else MODELLED_SOFT_OPTIMALITY,
        added_ms=added_ms,
        solver="soft_q_iteration",
        parameters={
            "temperature": temperature,
            "opponent_model": None if learned else sequence[-1][1],
            "models": checked,
            "real_share": real_share,
            "tol": tol,
            "max_steps": max_steps,
        },
        joint_policy=joint[0] if shared else joint,
    )


def _sweep(game: Game, softness: Softness, v_s: FloatArray) -> FloatArray:
    q_sa = backup(game, v_s[None])[0]
    return softness(q_sa, np.empty_like(q_sa))


def _checked(game: Game, sweep: int, model: LearnedModel, real_share: float) -> LearnedModel:
    """The model of sweep `sweep`, whose game is of the shape of `game`, with its opponent models checked."""
    name = f"models[{sweep}]"
    instance(name, model, LearnedModel, "a mathrl.values.LearnedModel")
    check_game(model.game, f"{name}.game")
    for quantity in ("num_states", "num_actions", "discount"):
        theirs, ours = getattr(model.game, quantity), getattr(game, quantity)
        if theirs != ours:
            fail(f"{name}.game", f"has {quantity} {theirs}", f"{ours}, as the game has")
    if real_share != 0 and model.game.sparse != game.sparse:
        fail(f"{name}.game", "stores its transitions in another way", "the game's way", "see to_sparse and to_dense")
    if model.opponent_model is None:
        return model
    return replace(model, opponent_model=as_opponent_model(game, model.opponent_model, f"{name}.opponent_model"))

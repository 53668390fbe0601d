"""Each agent as the controller of all joint actions, by its own rewards: what ROMMEO-Q and soft Q iteration need.

Agent i plans as if it chose the others' actions too, weighted by a prior or a model of them. Its fixed point is
Q^i = r^i + γ P V^i, where V^i is a soft maximum of Q^i. It is found as that of one controller
(`mathrl.values.joint_control`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, prod

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.games.learned_model import LearnedModel
from mathrl.games.model import Game
from mathrl.games.policies import Policy
from mathrl.iteration.iterate import Iterate, Run
from mathrl.iteration.outcome import Status
from mathrl.operators import conditional_policy, opponent_model, own_and_others
from mathrl.softmax import log_probabilities
from mathrl.values.joint_control import Controlled, control
from mathrl.values.overflow import in_range
from mathrl.values.policy_values import Values
from mathrl.values.softness import Softness, TargetSoftMax

__all__ = [
    "Controls",
    "LearnedModel",
    "OpponentSoftMax",
    "Rommeo",
    "agent_game",
    "check_weights",
    "control_each",
]

_EPS = float(np.finfo(np.float64).eps)

_TINY = float(np.finfo(np.float64).tiny)
"""Divides a residual in place of a rounding floor that is 0."""


def agent_game(game: Game, agent: int) -> Game:
    """Return the common-payoff game in which every agent has the rewards of `agent`."""
    if game.common_payoff:
        return game
    return Game.unchecked(game.rewards[agent], game.transitions, game.discount, game.start, like=game)


class OpponentSoftMax:
    """ROMMEO's soft maximum over joint actions   (rommeo Eq. 9).

        V(s) = κ log Σ_b P(b|s) (Σ_a exp(Q(s, a, b)/α))^{α/κ}
             = max_{ρ, π} E_{ρ,π}[Q] + α E_ρ[H(π(·|b))] − κ KL(ρ ‖ P)

    The ρ and π of rommeo Eq. 10 and 11 attain it.

    `temperature`        α
    `divergence_weight`  κ
    `log_prior_sb`       log P(b|s) of the others' joint actions, (S, B) in C order
    `num_actions`        (A_1, …, A_n)
    `agent`              whose own action a is
    """

    def __init__(
        self,
        temperature: float,
        divergence_weight: float,
        log_prior_sb: FloatArray,
        num_actions: Sequence[int],
        agent: int,
    ) -> None:
        self.temperature, self.rounding = min(temperature, divergence_weight), _EPS * temperature
        self._alpha, self._over_models = temperature, TargetSoftMax(divergence_weight, log_prior_sb)
        self._shape = (-1, prod(num_actions[:agent]), num_actions[agent], prod(num_actions[agent + 1 :]))

    def __call__(self, q_sa: FloatArray, out_sa: FloatArray) -> FloatArray:
        """Return V (S,) for Q (S, A), and overwrite `out_sa` by ρ(b|s) π(a|s, b)."""
        q, out = q_sa.reshape(self._shape), out_sa.reshape(self._shape)
        largest = q.max(axis=2, keepdims=True)
        np.subtract(q, largest, out=out)
        with np.errstate(over="ignore"):  # of what is not available
            np.divide(out, self._alpha, out=out)
        np.exp(out, out=out)
        totals = out.sum(axis=2, keepdims=True)
        attained_sb = (largest + self._alpha * np.log(totals)).reshape(len(q), -1)
        rho_sb = np.empty_like(attained_sb)
        v_s = self._over_models(attained_sb, rho_sb)
        np.multiply(out, rho_sb.reshape(totals.shape) / totals, out=out)
        return v_s


@dataclass(frozen=True)
class Controls:
    """The values of m controllers, their joint policies, and how their runs ended together.

    `games`   that of each controller, with its rewards
    `values`  Q and V of all controllers
    `w_msa`   their joint policies w, (m, S, A)
    `run`     its last iterate is that of the controller whose residual is largest, in rounding floors
    """

    games: Sequence[Game]
    values: Values
    w_msa: FloatArray
    run: Run[Controlled]

    @property
    def whole(self) -> "Run[Controls]":
        """The same run as one of all controllers together."""
        last = self.run.last
        point = Iterate(self, last.residual, last.rounding_floor, last.record)
        return Run(point, self.run.status, self.run.history)


def control_each(
    games: Sequence[Game],
    softnesses: Sequence[Softness],
    *,
    agent_axis: bool,
    tol: float,
    max_steps: int,
    guess: FloatArray | None = None,
) -> Controls:
    """Solve for one controller after the other.

    `games`        the games, one per controller, with the same states and actions
    `softnesses`   the soft maximum of each controller
    `agent_axis`   whether the values show an axis for the controllers
    `tol`          as in `control`
    `max_steps`    as in `control`, for each controller
    `guess`        the values to begin with, (m, S); by default 0

    The status is that of the first controller that did not converge. After an interrupt the rest stay at their first
    iterate.
    """
    runs: list[Run[Controlled]] = []
    status = Status.CONVERGED
    for m, (game, softness) in enumerate(zip(games, softnesses, strict=True)):
        steps = 0 if status is Status.INTERRUPTED else max_steps
        run, _ = control(game, softness, tol=tol, max_steps=steps, guess=None if guess is None else guess[m])
        runs.append(run)
        status = run.status if status is Status.CONVERGED else status
    points = [run.last.point for run in runs]
    q_msa = np.stack([point.q_sa for point in points])
    v_ms = np.stack([point.reached_s for point in points])
    worst = max((run.last for run in runs), key=lambda last: last.residual / max(last.rounding_floor, _TINY))
    return Controls(
        games=games,
        values=Values(games[0], q_msa, v_ms, agent_axis, None),
        w_msa=np.stack([point.w_sa for point in points if point.w_sa is not None]),
        run=Run(worst, status, np.concatenate([run.history for run in runs])),
    )


def check_weights(game: Game, temperature: float, divergence_weight: float) -> None:
    """Require that double precision can compute with the rewards and the two weights of ROMMEO."""
    in_range(game, temperature)
    bonus = temperature * sum(map(log, game.num_actions)) * game.horizon
    in_range(game, divergence_weight, np.array(bonus), argument="divergence_weight", nats=0.0, divergence=True)


class Rommeo:
    """All agents' ROMMEO-Q in one game: their fixed points under given priors, and the π and ρ that attain them."""

    def __init__(self, game: Game, temperature: float, divergence_weight: float) -> None:
        self._games = [agent_game(game, i) for i in range(game.num_agents)]
        self._num_actions = game.num_actions
        self._alpha, self._kappa = temperature, divergence_weight

    def solve(self, priors: Policy, *, tol: float, max_steps: int, guess: FloatArray | None = None) -> Controls:
        """Find the fixed point of every agent   (rommeo Eq. 9, 13).

            Q^i = r^i + γ P V^i,   V^i(s) = κ log Σ_b P^i(b|s) (Σ_a exp(Q^i(s, a, b)/α))^{α/κ}

        `priors` holds P^i (S, B_i) per agent; the other arguments are those of `control_each`.
        """
        softnesses = [
            OpponentSoftMax(self._alpha, self._kappa, log_probabilities(prior), self._num_actions, i)
            for i, prior in enumerate(priors)
        ]
        return control_each(self._games, softnesses, agent_axis=True, tol=tol, max_steps=max_steps, guess=guess)

    def strategies(self, controls: Controls, priors: Policy) -> tuple[Policy, Policy]:
        """Return π^i(a|s, b), (S, A_i, B_i), and ρ^i(b|s), (S, B_i), of every agent   (rommeo Eq. 10, 11)."""
        own = [own_and_others(q, i) for i, q in enumerate(controls.values.q)]
        return (
            tuple(conditional_policy(q_sab, temperature=self._alpha) for q_sab in own),
            tuple(
                opponent_model(q_sab, prior, temperature=self._alpha, divergence_weight=self._kappa)
                for q_sab, prior in zip(own, priors, strict=True)
            ),
        )

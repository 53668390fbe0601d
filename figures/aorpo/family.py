"""A family of games whose models have errors of a given size: three agents move a load along a line.

The load stands in one of S cells. In each step every agent pulls it a cell down, leaves it, or pulls it a cell up; the
moves add up, a gust adds −1 or 1 with probability `GUST`, and the ends of the line hold it. Agent j's policy is

    π^j(·|s) = (1 − φ) b_j + φ · (one cell towards the middle),   b_j ~ Dirichlet(2, 2, 2).                (1)

φ, the feedback, says how far the agents lead the load back. Without it what a model does wrong is never mended; with it
an early mistake is forgotten. The models are wrong by exactly what is asked for: that of an opponent has ε_j of its
probability on another action than π^j has, in every state; that of the dynamics has ε_m on a place one cell higher,
wherever a step does not reach an end of the line. Which actions, is drawn with the game. All is computed from the law
of the load's place, step by step; nothing is sampled.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.bounds.schemes import SCHEMES, model_steps, scheme_lengths
from mathrl.games import Game

__all__ = ["AGENTS", "CELLS", "FEEDBACKS", "GUST", "Load", "Rolled", "as_game", "draw_load", "family", "rolled"]

AGENTS, MOVES = 3, np.array([-1, 0, 1])
CELLS = 81
GUST = 0.1
FEEDBACKS = {"errors stay": 0.0, "errors fade": 0.5}
"""The two kinds of games of the family, by what becomes of an early mistake: without feedback, and with it."""


@dataclass(frozen=True, eq=False)
class Load:
    """One game of the family, with the models that agent 0 has.

    `policies`         π^j, (CELLS, 3) for each agent
    `models`           π̂^j of agents 1 and 2
    `opponent_errors`  ε_j of agents 1 and 2
    `dynamics_error`   ε_m
    """

    policies: tuple[FloatArray, ...]
    models: tuple[FloatArray, ...]
    opponent_errors: tuple[float, ...]
    dynamics_error: float

    def chain(self, modelled: Sequence[bool], *, learned: bool = True) -> FloatArray:
        """The transitions of the load's place, where these opponents are played by their models."""
        played = [self.policies[0]]
        played += [self.models[j] if models else self.policies[j + 1] for j, models in enumerate(modelled)]
        return _moved(played, self.dynamics_error if learned else 0.0)


def draw_load(seed: int, feedback: float, opponent_errors: Sequence[float], dynamics_error: float) -> Load:
    """Draw a game; the same seed gives the same policies whatever the errors are."""
    rng = np.random.default_rng(seed)
    back_sa = (-np.sign(np.arange(CELLS) - CELLS // 2)[:, None] == MOVES).astype(float)
    bases = rng.dirichlet(np.full(3, 2.0), size=AGENTS)
    policies = tuple((1 - feedback) * base + feedback * back_sa for base in bases)
    chosen = rng.integers(1, 3, size=AGENTS - 1)
    models = tuple(
        _wrong(own, int(shift), error) for own, shift, error in zip(policies[1:], chosen, opponent_errors, strict=True)
    )
    return Load(policies, models, tuple(opponent_errors), dynamics_error)


def _wrong(own_sa: FloatArray, shift: int, error: float) -> FloatArray:
    """The policy with `error` of the likeliest action's probability, which is 1/3 or more, given to another action."""
    model, states = own_sa.copy(), np.arange(CELLS)
    likeliest = own_sa.argmax(axis=1)
    model[states, likeliest] -= error
    model[states, (likeliest + shift) % 3] += error
    return model


@cache
def family(feedback: float, opponent_errors: tuple[float, ...], dynamics_error: float, games: int) -> tuple[Load, ...]:
    """The games of seeds 0, 1, …"""
    return tuple(draw_load(seed, feedback, opponent_errors, dynamics_error) for seed in range(games))


def _moved(played: Sequence[FloatArray], dynamics_error: float) -> FloatArray:
    """P(t|s) from the agents' moves, (CELLS, CELLS)."""
    reach = len(played) + 2  # the agents' moves, the gust, and the model's extra cell
    law_sm = np.zeros((CELLS, 2 * reach + 1))
    law_sm[:, reach] = 1.0
    for own_sa in played:
        law_sm = np.sum([own_sa[:, [a]] * np.roll(law_sm, move, axis=1) for a, move in enumerate(MOVES)], axis=0)
    gust = GUST / 2
    stay = 1 - GUST - dynamics_error
    law_sm = stay * law_sm + gust * np.roll(law_sm, -1, axis=1) + (gust + dynamics_error) * np.roll(law_sm, 1, axis=1)
    chain = np.zeros((CELLS, CELLS))
    for m in range(2 * reach + 1):
        places = np.clip(np.arange(CELLS) + m - reach, 0, CELLS - 1)
        np.add.at(chain, (np.arange(CELLS), places), law_sm[:, m])
    return chain


@dataclass(frozen=True, eq=False)
class Rolled:
    """Rollouts of one scheme from the middle of the line, for several lengths k.

    `error`           ε_c = 1/k Σ_h E(s_h − ŝ_h)², in cells², of independent real and simulated loads   (aorpo §6.3)
    `bias`            1/k Σ_h (E s_h − E ŝ_h)², the part of it that a perfect model does not have
    `distance`        TV of the laws of s_k and ŝ_k
    `mean_distance`   its mean over h = 1 … k
    `communications`  how many actions are asked of real opponents
    """

    error: FloatArray
    bias: FloatArray
    distance: FloatArray
    mean_distance: FloatArray
    communications: FloatArray


def rolled(load: Load, lengths: Sequence[int], schemes: Sequence[str] = SCHEMES) -> Mapping[str, Rolled]:
    """Roll out the schemes for each k: the laws of both loads are followed exactly."""
    chains = {modelled: load.chain(modelled) for modelled in np.ndindex(2, 2)}
    real = load.chain((False, False), learned=False)
    start = np.zeros(CELLS)
    start[CELLS // 2] = 1.0
    laws = [start]
    for _ in range(max(lengths)):
        laws.append(laws[-1] @ real)
    real_ks = np.stack(laws[1:])
    return {
        scheme: _of_rows([_row(load, scheme, k, chains, start, real_ks[:k]) for k in lengths]) for scheme in schemes
    }


def _row(
    load: Load,
    scheme: str,
    k: int,
    chains: Mapping[tuple[int, ...], FloatArray],
    start: FloatArray,
    real_ks: FloatArray,
) -> tuple[float, ...]:
    """The numbers of `Rolled` for one length."""
    modelled_pj = model_steps(scheme, k, scheme_lengths(scheme, k, load.opponent_errors))
    laws = [start]
    for step in modelled_pj.astype(int).tolist():
        laws.append(laws[-1] @ chains[tuple(step)])
    simulated_ks = np.stack(laws[1:])
    places = np.arange(CELLS) - CELLS // 2
    means, squares = ([law @ places**power for law in (real_ks, simulated_ks)] for power in (1, 2))
    bias = (means[0] - means[1]) ** 2
    error = squares[0] - means[0] ** 2 + squares[1] - means[1] ** 2 + bias
    distances = np.abs(real_ks - simulated_ks).sum(axis=1) / 2
    asked = float((~modelled_pj).sum())
    return float(error.mean()), float(bias.mean()), float(distances[-1]), float(distances.mean()), asked


def _of_rows(rows: Sequence[tuple[float, ...]]) -> Rolled:
    error, bias, distance, mean_distance, communications = np.array(rows).T
    return Rolled(error, bias, distance, mean_distance, communications)


def as_game(load: Load, discount: float) -> tuple[Game, FloatArray]:
    """The game of `mathrl.games`, which starts in the middle, and the learned transitions.

    All agents are paid 1 in the middle, and less by the square of the distance, 0 at the ends.
    """
    real, learned = (_transitions(error) for error in (0.0, load.dynamics_error))
    paid_s = 1 - ((np.arange(CELLS) - CELLS // 2) / (CELLS // 2)) ** 2
    rewards = np.broadcast_to(paid_s[:, None, None, None], (CELLS, 3, 3, 3))
    start = np.zeros(CELLS)
    start[CELLS // 2] = 1.0
    return Game.stochastic(rewards, real, discount, start), learned


def _transitions(dynamics_error: float) -> FloatArray:
    """P(t|s, a), (CELLS, 3, 3, 3, CELLS)."""
    transitions = np.empty((CELLS, 3, 3, 3, CELLS))
    for actions in np.ndindex(3, 3, 3):
        fixed = [np.broadcast_to(np.eye(3)[a], (CELLS, 3)) for a in actions]
        transitions[:, actions[0], actions[1], actions[2]] = _moved(fixed, dynamics_error)
    return transitions

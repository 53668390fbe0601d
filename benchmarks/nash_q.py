"""A sweep of Nash Q: zero-sum stage games against a linear programme each, global optima against the bare pass.

1,000 states, 2 agents, 3 actions each, dense and with 10 successors. The yardsticks are one pass over the transitions,
P @ V for as many value functions as the sweep has, and for zero-sum games `scipy.optimize.linprog` in every state.
"""

import numpy as np
from scipy.optimize import linprog

from benchmarks.timing import Row, compare, seconds
from mathrl.games import Game, random_stochastic
from mathrl.solvers import nash_q
from mathrl.stage.global_optimum import global_optima
from mathrl.values.policy_values import backup

__all__ = ["rows"]

STATES, ACTIONS, DISCOUNT, SWEEPS = 1_000, (3, 3), 0.95, 8


def rows() -> list[Row]:
    return [row for successors in (None, 10) for row in (_zero_sum(successors), _global_optimum(successors))]


def _kind(successors: int | None) -> str:
    return "dense" if successors is None else f"{successors} successors"


def _zero_sum(successors: int | None) -> Row:
    game = random_stochastic(STATES, ACTIONS, discount=DISCOUNT, structure="zero-sum", successors=successors, seed=0)
    v = np.zeros(STATES)

    def programmes() -> None:
        q = game.rewards[0] + DISCOUNT * _pass(game, v)
        for stage in q:
            _linear_programme(stage)

    return compare(
        f"nash_q to rounding, zero-sum, {_kind(successors)}",
        lambda: nash_q(game).require(),
        "one pass + linprog in each state",
        programmes,
        target="<= 1",
        note=f"all {nash_q(game).steps} steps against one sweep",
        pairs=3,
    )


def _global_optimum(successors: int | None) -> Row:
    """Agents agree, so each stage game has a global optimum."""
    common = random_stochastic(STATES, ACTIONS, discount=DISCOUNT, successors=successors, seed=0)
    game = Game.stochastic([common.rewards, 2 * common.rewards], common.transitions, DISCOUNT)
    v = np.ones((STATES, 2))
    _sweeps(game)
    pairs = [
        (seconds(lambda: _sweeps(game)) / SWEEPS, min(seconds(lambda: _pass(game, v)) for _ in range(3)))
        for _ in range(9)
    ]
    ours, theirs = np.median(pairs, axis=0)
    ratio = float(np.median([a / b for a, b in pairs]))
    what = f"one sweep, global optima of 2 agents, {_kind(successors)}"
    return Row(what, float(ours), "one pass for 2 value functions", float(theirs), ratio, "<= 3")


def _sweeps(game: Game) -> None:
    """SWEEPS sweeps by the parts that `nash_q` sweeps with, which itself would take Newton's step."""
    v_ms = np.ones((2, STATES))
    for _ in range(SWEEPS):
        q_msa = backup(game, v_ms)
        v_ms = global_optima(q_msa, np.full_like(q_msa, 1e-15), 64.0).v_ms


def _pass(game: Game, v: np.ndarray) -> np.ndarray:
    P = game.csr_xt if game.sparse else game.dense_xt
    return (P @ v).reshape(STATES, *ACTIONS, *v.shape[1:])


def _linear_programme(payoffs: np.ndarray) -> float:
    """max v subject to Σ_a x_a A_ab ≥ v for all b."""
    rows, columns = payoffs.shape
    solved = linprog(
        np.append(np.zeros(rows), -1),
        A_ub=np.column_stack([-payoffs.T, np.ones(columns)]),
        b_ub=np.zeros(columns),
        A_eq=[np.append(np.ones(rows), 0)],
        b_eq=[1],
        bounds=[(0, None)] * rows + [(None, None)],
        method="highs",
    )
    return float(-solved.fun)

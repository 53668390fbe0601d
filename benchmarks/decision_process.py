"""A one-agent discounted MDP, plain and soft, against quantecon's modified policy iteration.

10,000 states, 25 actions, 10 successors, discount 0.95, rewards uniform on [0, 1] or normal. Both sides stop where
their own bound promises an error of v of at most 1e-8; the error is then measured against values solved to rounding.
"""

import numpy as np
from quantecon.markov import DiscreteDP

from benchmarks.timing import Row, compare
from mathrl.games import Game, random_stochastic
from mathrl.solvers import optimal, qre

__all__ = ["rows"]

STATES, ACTIONS, SUCCESSORS, DISCOUNT = 10_000, 25, 10, 0.95
TEMPERATURE = 0.1
ERROR = 1e-8
EPS = float(np.finfo(np.float64).eps)


def rows() -> list[Row]:
    return [row for local in (False, True) for uniform in (True, False) for row in _rows(local, uniform)]


def _rows(local: bool, uniform: bool) -> list[Row]:
    game = random_stochastic(STATES, (ACTIONS,), discount=DISCOUNT, successors=SUCCESSORS, local=local, seed=0)
    if uniform:
        game = Game.stochastic(np.random.default_rng(0).random((STATES, ACTIONS)), game.csr_xt, DISCOUNT)
    states, actions = np.divmod(np.arange(STATES * ACTIONS), ACTIONS)
    peer = DiscreteDP(game.rewards.ravel(), game.csr_xt, DISCOUNT, states, actions)
    # Our residual is γ‖TV − V‖, which bounds the error of V by itself over 1 − γ; tol counts eps·‖Q‖.
    plain, soft = optimal(game).require(), qre(game, temperature=TEMPERATURE).require()
    plain_tol = (1 - DISCOUNT) * ERROR / (EPS * np.abs(plain.q).max())
    soft_tol = (1 - DISCOUNT) * ERROR / (EPS * np.abs(soft.q).max())
    theirs = _error(game, peer.solve(method="mpi", epsilon=ERROR).v, plain.v)
    ours = _error(game, optimal(game, tol=plain_tol).v, plain.v)
    ours_soft = np.abs(qre(game, temperature=TEMPERATURE, tol=soft_tol).v - soft.v).max()
    kind = f"{'local' if local else 'random'} successors, {'uniform' if uniform else 'normal'} rewards"
    return [
        compare(
            f"optimal, {kind}",
            lambda: optimal(game, tol=plain_tol),
            "quantecon mpi",
            lambda: peer.solve(method="mpi", epsilon=ERROR),
            target="<= 1",
            note=f"error of v {ours:.0e}, quantecon's {theirs:.0e}",
        ),
        compare(
            f"soft (qre, temperature {TEMPERATURE}), {kind}",
            lambda: qre(game, temperature=TEMPERATURE, tol=soft_tol),
            "quantecon mpi, not soft",
            lambda: peer.solve(method="mpi", epsilon=ERROR),
            target="<= 2",
            note=f"error of v {ours_soft:.0e}",
        ),
    ]


def _error(game: Game, v: np.ndarray, exact: np.ndarray) -> float:
    """The error of v; `exact` must satisfy Bellman's equation, written out once more, to a bound far below 1e-8."""
    backed = (game.rewards.ravel() + game.discount * (game.csr_xt @ exact)).reshape(STATES, ACTIONS).max(axis=1)
    assert np.abs(backed - exact).max() / (1 - game.discount) < 1e-11
    return float(np.abs(v - exact).max())

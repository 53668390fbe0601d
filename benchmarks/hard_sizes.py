"""Sizes around every switch of method, by the equation in long doubles: python -m benchmarks.hard_sizes.

Linear systems are factored up to 256 states, traces of matrix games are compiled up to 150 log ratios, value systems
change at 500 states times value functions, and Newton's method at 1,200 unknowns. Per game and solver: by how many
rounding floors of its own the worst state misses V = E_π[r + γ P V] + bonus, or π^i = softmax(E[Q]/α) at a temperature.
A floor is what a double leaves of a value, or of a response.
"""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from mathrl.games import Game, random_matrix, random_stochastic
from mathrl.games.policies import joint_policy
from mathrl.solution import Solution
from mathrl.solvers import nash_q, optimal, qre, qre_branch

_ALLOWED, _TEMPERATURE, _EPS = 100, 1.0, float(np.finfo(np.float64).eps)


def cases() -> Iterator[tuple[str, Game, tuple[Callable[..., Solution], ...]]]:
    for states in (239, 241, 255, 256, 257, 399, 401, 499, 501):
        for successors in (None, 3):
            for discount in (0.9, 1 - 1e-8):
                game = random_stochastic(states, (3, 2), discount=discount, successors=successors, seed=states)
                scale = np.where(np.arange(states) == 3, 1e9, 1.0).reshape(-1, 1, 1)
                wide = Game.stochastic(game.rewards * scale, game.transitions, discount)
                about = f"{states} states, {successors or 'all'} successors, γ {discount!r}"
                yield about, game, (optimal, nash_q, qre)
                yield f"{about}, one of 1e9", wide, (optimal, nash_q)
    for actions in (75, 76, 77):
        yield f"{actions}×{actions} actions", random_matrix((actions, actions), seed=1), (qre, qre_branch)
    for states in (250, 499, 501):
        yield f"{states} states", random_stochastic(states, (2, 2), discount=0.5, seed=1), (qre_branch,)


def missed(game: Game, solution: Solution) -> float:
    """How many floors a solution misses its equations by."""
    exact, P = np.longdouble, game.csr_xt.toarray() if game.sparse else game.dense_xt
    v_s, pi = (
        np.asarray(solution.v, exact).reshape(-1, game.num_states)[0],
        [own.astype(exact) for own in solution.policy],
    )
    r_sa = game.rewards_isa[0].astype(exact)
    q_sa, d_sa = (
        x + game.discount * (P.astype(exact) @ y).reshape(x.shape) for x, y in ((r_sa, v_s), (abs(r_sa), abs(v_s)))
    )
    w = joint_policy(tuple(pi))
    alpha, w_sa = solution.temperature, w.reshape(game.num_states, -1)
    reached_s, floor_s = (w_sa * q_sa).sum(axis=1), _EPS * np.maximum((w_sa * d_sa).sum(axis=1), abs(v_s))
    if not alpha:
        return float((np.maximum(abs(reached_s - v_s), abs(q_sa.max(axis=1) - v_s)) / floor_s).max())
    reached_s += alpha * sum(-(own * np.log(own, where=own > 0, out=np.zeros_like(own))).sum(axis=1) for own in pi)
    worst = float((abs(reached_s - v_s) / floor_s).max())
    for i, own in enumerate(pi):
        others = joint_policy(tuple(np.ones_like(p) if i == j else p for j, p in enumerate(pi)))
        axes = tuple(1 + j for j in range(len(pi)) if j != i)
        own_q, own_d = ((others * x.reshape(w.shape)).sum(axis=axes) for x in (q_sa, d_sa))
        rho = np.exp((own_q - own_q.max(axis=1, keepdims=True)) / alpha)
        rho /= rho.sum(axis=1, keepdims=True)
        moves_s = (rho * (1 - rho) * own_d).sum(axis=1) / alpha
        worst = max(worst, float((abs(rho - own).max(axis=1) / (_EPS * np.maximum(1, moves_s))).max()))
    return worst


def main() -> None:
    wrong = 0
    for about, game, solvers in cases():
        for solver in solvers:
            settings: dict[str, Any] = {} if solver in (optimal, nash_q) else {"temperature": _TEMPERATURE}
            solution = solver(game, tol=8.0, **settings)
            floors = missed(game, solution) if solution.converged else np.nan
            wrong += floors > _ALLOWED
            found = f"{floors:.2g} floors" if solution.converged else f"refused: {solution.status.name}"
            print(f"{solver.__name__:11s} {about}: {found}", flush=True)
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()

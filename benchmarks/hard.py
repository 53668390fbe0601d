"""Does `converged` mean it? Hard games for each solver against 200 digits: python -m benchmarks.hard --help.

Per solver: cases, right, refused (not CONVERGED), wrong (CONVERGED, and further off than 100 rounding floors). Solvers
run with `tol` 8. Floors are those of what the exact answer attains where it goes (`benchmarks.hard_exact`), times
1/(1 − γ) for values. Values and the policy are judged: a policy must earn what it is said to earn.
"""

import argparse
import sys
import warnings
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import mpmath
import numpy as np

from benchmarks.hard_exact import Exact, optimum, own_values, responses, soft_optimum
from benchmarks.hard_games import Hard, hard
from mathrl.games import MaskLikeReward, uniform_policy
from mathrl.games.policies import joint_policy
from mathrl.solution import Solution
from mathrl.solvers import divergence_limit, haspi, mehaml, nash_q, optimal, qre, soft_q_iteration

__all__ = ["SOLVERS", "verdict"]

_ALLOWED = 100
_STEPS = 3_000


def _off(exact: Exact, objective: float, discount: float) -> Any:
    """How many floors an objective is off, in units of 1/(1 − γ)."""
    return (
        abs(mpmath.mpf(objective) - exact.objective) * (1 - mpmath.mpf(discount)) / max(exact.floor, mpmath.mpf(1e-300))
    )


def _deterministic(solver: Callable[..., Solution], case: Hard) -> tuple[Solution, Callable[[], Any]]:
    """An optimal joint policy: its values, and what it earns."""
    solution, game = solver(case.game, tol=8.0, max_steps=_STEPS), case.game

    def off() -> Any:
        exact = optimum(game)
        joint = solution.joint_policy if solution.joint_policy is not None else joint_policy(solution.policy)
        own = own_values(game, np.asarray(joint).reshape(game.num_states, -1))
        return max(
            _off(exact, value, game.discount) for value in (float(np.ravel(solution.objective)[0]), own.objective)
        )

    return solution, off


def _soft(case: Hard) -> tuple[Solution, Callable[[], Any]]:
    solution = soft_q_iteration(case.game, temperature=case.temperature, tol=8.0, max_steps=_STEPS)
    exact = partial(soft_optimum, case.game, case.temperature)
    return solution, lambda: _off(exact(), float(solution.objective), case.game.discount)


def _responding(solver: Callable[..., Solution], case: Hard) -> tuple[Solution, Callable[[], Any]]:
    """A quantal response equilibrium: its residual, and its values."""
    start = uniform_policy(case.game)
    solution = solver(case.game, temperature=case.temperature, initial_policy=start, tol=8.0, max_steps=_STEPS)

    def off() -> Any:
        gap, exact = responses(case.game, solution.policy, case.temperature)
        return max(
            gap * (1 - mpmath.mpf(case.game.discount)), _off(exact, float(solution.objective), case.game.discount)
        )

    return solution, off


SOLVERS: dict[str, Callable[[Hard], tuple[Solution, Callable[[], Any]]]] = {
    "optimal": partial(_deterministic, optimal),
    "nash_q": partial(_deterministic, nash_q),
    "divergence_limit": partial(_deterministic, divergence_limit),
    "soft_q_iteration": _soft,
    "haspi": partial(_responding, haspi),
    "qre": partial(_responding, qre),
    "mehaml": partial(_responding, mehaml),
}


def verdict(name: str, seed: int) -> tuple[str, str]:
    """Judge one solver on one game: right, refused or wrong, and a line about it."""
    case = hard(seed)
    solution, off = SOLVERS[name](case)
    about = f"{name} {seed} {', '.join(case.kinds)} γ {case.game.discount!r} α {case.temperature:.1e}"
    if not solution.converged:
        return "refused", f"{about}: {solution.status.name} after {solution.steps} steps, {solution.residual:.1e}"
    floors = off()
    return "right" if floors <= _ALLOWED else "wrong", f"{about}: off {mpmath.nstr(floors, 3)} floors"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--games", type=int, default=1_000, help="how many games each solver gets (default 1000)")
    parser.add_argument("--first", type=int, default=0, help="the seed of the first (default 0)")
    parser.add_argument("--solver", action="append", choices=SOLVERS, help="only this solver; may be given again")
    parser.add_argument("--refused", action="store_true", help="say which games were refused, too")
    given = parser.parse_args()
    warnings.simplefilter("ignore", MaskLikeReward)
    found = Counter[str]()
    print(f"{'solver':20s} {'cases':>6s} {'right':>6s} {'refused':>8s} {'wrong':>6s}")
    wrong = 0
    for name in given.solver or SOLVERS:
        found.clear()
        for seed in range(given.first, given.first + given.games):
            kind, line = verdict(name, seed)
            found[kind] += 1
            if kind == "wrong" or (kind == "refused" and given.refused):
                print(f"  {kind}: {line}", file=sys.stderr)
        wrong += found["wrong"]
        print(
            f"{name:20s} {found.total():6d} {found['right']:6d} {found['refused']:8d} {found['wrong']:6d}", flush=True
        )
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()

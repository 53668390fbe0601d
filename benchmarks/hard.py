"""Does `converged` mean it? Hard games for each solver against 200 digits: python -m benchmarks.hard --help.

Per solver: cases, right, refused (not CONVERGED), wrong (CONVERGED, and further off than 100 rounding floors, or a
probability off by more than 0.01). Solvers run with `tol` 8. Floors are those of what the exact answer attains where it
goes (`benchmarks.hard_exact`), times 1/(1 − γ) for values. Values and the policy are judged: a policy must earn what it
is said to earn.
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

from benchmarks.hard_exact import Exact, optimum, own_values, plain_soft, responses, rommeo_soft, soft_optimum
from benchmarks.hard_games import Hard, hard
from mathrl.games import Game, MaskLikeReward, opponents_policy, uniform_policy
from mathrl.games.policies import joint_policy
from mathrl.iteration.iterate import LARGEST_RESIDUAL
from mathrl.solution import Solution
from mathrl.solvers import (
    divergence_iteration,
    divergence_limit,
    divergence_policy_iteration,
    haspi,
    mehaml,
    nash_q,
    optimal,
    qre,
    qre_branch,
    rommeo_q,
    rommeo_self_play,
    soft_q_iteration,
    soft_qmix,
)

__all__ = ["SOLVERS", "verdict"]

_ALLOWED = 100
_STEPS = 3_000
_SLOW_STEPS = 300
"""For solvers whose steps are long."""

_EPS = float(np.finfo(np.float64).eps)


def _step(game: Game) -> Any:
    """What one step is of all steps: 1 − γ, or one over the length of play."""
    return 1 - mpmath.mpf(game.discount) if game.ended is None else 1 / mpmath.mpf(game.horizon)


def _off(exact: Exact, objective: float, game: Game) -> Any:
    """How many floors an objective is off, in units of the length of play."""
    return abs(mpmath.mpf(objective) - exact.objective) * _step(game) / max(exact.floor, mpmath.mpf(1e-300))


def _far(w: Any, policy_sa: Any, game: Game) -> Any:
    """Infinitely many floors where a probability is off by more than 0.01, else 0."""
    ended = np.zeros(game.num_states, bool) if game.ended is None else game.ended
    pairs = [(x, p) for s in np.flatnonzero(~ended) for x, p in zip(w[s], policy_sa[s], strict=True)]
    return mpmath.inf if any(abs(x - float(p)) > LARGEST_RESIDUAL for x, p in pairs) else mpmath.mpf(0)


def _soft_off(exact: Exact, solution: Solution, game: Game) -> Any:
    """How many floors the values or the joint policy are off."""
    joint_sa = np.asarray(solution.joint_policy).reshape(game.num_states, -1)
    return max(_off(exact, float(np.ravel(solution.objective)[0]), game), _far(exact.w, joint_sa, game))


def _observed(exact: Exact, game: Game, agent: int) -> list[Any]:
    """What one agent plays of the weights, (S, A_i)."""
    w = [np.array(row, object).reshape(game.num_actions) for row in exact.w]
    return [np.moveaxis(row, agent, 0).reshape(game.num_actions[agent], -1).sum(axis=1) for row in w]


def _deterministic(
    solver: Callable[..., Solution], case: Hard, max_steps: int = _STEPS
) -> tuple[Solution, Callable[[], Any]]:
    """An optimal joint policy: its values, and what it earns."""
    solution, game = solver(case.game, tol=8.0, max_steps=max_steps), case.game

    def off() -> Any:
        exact = optimum(game)
        joint = solution.joint_policy if solution.joint_policy is not None else joint_policy(solution.policy)
        own = own_values(game, np.asarray(joint).reshape(game.num_states, -1))
        return max(_off(exact, value, game) for value in (float(np.ravel(solution.objective)[0]), own.objective))

    return solution, off


def _iterated(case: Hard) -> tuple[Solution, Callable[[], Any]]:
    return _deterministic(partial(divergence_iteration, temperature=case.temperature), case, _SLOW_STEPS)


def _soft(case: Hard) -> tuple[Solution, Callable[[], Any]]:
    solution = soft_q_iteration(case.game, temperature=case.temperature, tol=8.0, max_steps=_STEPS)
    return solution, lambda: _soft_off(soft_optimum(case.game, plain_soft(case.temperature)), solution, case.game)


def _towards(case: Hard) -> tuple[Solution, Callable[[], Any]]:
    """The best joint policy near a target that is far from uniform."""
    shape = (case.game.num_states, *case.game.num_actions)
    target = np.where(np.isfinite(case.game.rewards), 1.0 / (1 + np.arange(np.prod(shape)).reshape(shape) % 5), 0.0)
    target /= target.reshape(len(target), -1).sum(axis=1).reshape(-1, *[1] * case.game.num_agents)
    solution = divergence_policy_iteration(
        case.game, temperature=case.temperature, target_policy=target, tol=8.0, max_steps=_STEPS
    )
    soft = plain_soft(case.temperature, target.reshape(len(target), -1))
    return solution, lambda: _soft_off(soft_optimum(case.game, soft), solution, case.game)


def _rommeo(case: Hard) -> tuple[Solution, Callable[[], Any]]:
    """Every agent's values under a uniform prior."""
    alpha, kappa, game = case.temperature, case.temperature / 2, case.game
    solution = rommeo_q(game, temperature=alpha, divergence_weight=kappa, tol=8.0, max_steps=_STEPS)
    priors = opponents_policy(uniform_policy(game.in_play))

    def off() -> Any:
        worst = mpmath.mpf(0)
        for i, prior_sb in enumerate(priors):
            exact = soft_optimum(game, rommeo_soft(game, i, alpha, kappa, prior_sb))
            worst = max(worst, _off(exact, float(np.ravel(solution.objective)[i]), game))
            worst = max(worst, _far(_observed(exact, game, i), solution.policy[i], game))
        return worst

    return solution, off


def _self_play(case: Hard) -> tuple[Solution, Callable[[], Any]]:
    """A policy that is what it makes of itself as a prior."""
    alpha, kappa, game = case.temperature, case.temperature / 2, case.game
    solution = rommeo_self_play(game, temperature=alpha, divergence_weight=kappa, tol=8.0, max_steps=_SLOW_STEPS)
    ended = np.zeros(game.num_states, bool) if game.ended is None else game.ended
    policy = tuple(np.where(ended[:, None], np.eye(own.shape[1])[0], own) for own in solution.policy)

    def off() -> Any:
        worst = mpmath.mpf(0)
        for i, prior_sb in enumerate(opponents_policy(policy)):
            exact = soft_optimum(game, rommeo_soft(game, i, alpha, kappa, prior_sb))
            floor = mpmath.mpf(_EPS) * max(1, exact.floor / (mpmath.mpf(_EPS) * mpmath.mpf(kappa)))
            for s in np.flatnonzero(~ended):
                seen = _observed(exact, game, i)
                gap = max(abs(x - mpmath.mpf(float(p))) for x, p in zip(seen[s], policy[i][s], strict=True))
                worst = max(worst, gap * _step(game) / floor, _far(seen, policy[i], game))
        return worst

    return solution, off


def _responding(
    solver: Callable[..., Solution], case: Hard, max_steps: int = _STEPS
) -> tuple[Solution, Callable[[], Any]]:
    """A quantal response equilibrium: its residual, and its values."""
    solution = solver(case.game, temperature=case.temperature, tol=8.0, max_steps=max_steps)

    def off() -> Any:
        gap, widest, exact = responses(case.game, solution.policy, case.temperature)
        if widest > LARGEST_RESIDUAL:
            return mpmath.inf
        return max(gap * _step(case.game), _off(exact, float(solution.objective), case.game))

    return solution, off


SOLVERS: dict[str, Callable[[Hard], tuple[Solution, Callable[[], Any]]]] = {
    "optimal": partial(_deterministic, optimal),
    "nash_q": partial(_deterministic, nash_q),
    "divergence_limit": partial(_deterministic, divergence_limit),
    "divergence_iteration": _iterated,
    "divergence_policy_iteration": _towards,
    "soft_q_iteration": _soft,
    "rommeo_q": _rommeo,
    "rommeo_self_play": _self_play,
    "haspi": partial(_responding, haspi),
    "qre": partial(_responding, qre),
    "qre_branch": partial(_responding, qre_branch, max_steps=_SLOW_STEPS),
    "mehaml": partial(_responding, mehaml),
    "soft_qmix": partial(_responding, partial(soft_qmix, mixer="unrestricted")),
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
    print(f"{'solver':27s} {'cases':>6s} {'right':>6s} {'refused':>8s} {'wrong':>6s}")
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
            f"{name:27s} {found.total():6d} {found['right']:6d} {found['refused']:8d} {found['wrong']:6d}", flush=True
        )
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()

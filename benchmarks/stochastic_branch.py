"""`qre_branch` on stochastic games without entropy in the value: against sgamesolver, and against a minute.

General-sum games of discount 0.95 at rationality 5, with dense transitions uniform on the simplex. Payoffs are uniform
in [0, 1], as in sgamesolver's own random games, or normal, where the branch turns back more often. sgamesolver runs on
one thread and times itself; ours keeps BLAS to one.
"""

from dataclasses import replace

import numpy as np

from benchmarks.peers.peer import MISSING, SGameSolver, built
from benchmarks.timing import Row, compare_with_peer, unmeasured, within
from mathrl.games import Game, random_stochastic
from mathrl.solution import Solution
from mathrl.solvers import qre_branch

__all__ = ["rows"]

DISCOUNT, RATIONALITY = 0.95, 5.0
STATES, MANY = 100, 1_000
PATIENCE = 60.0
"""Seconds that a game of many states may take."""


def rows() -> list[Row]:
    peers = _against_sgamesolver()
    for num_actions in ((3, 3), (3, 3, 3)):
        _solve(_uniform(2, num_actions))  # which compiles
    return [
        *peers,
        _whole("uniform payoffs", _uniform(MANY, (3, 3))),
        _whole("normal payoffs", _normal(MANY, (3, 3))),
        _whole("uniform payoffs", _uniform(MANY, (3, 3, 3))),
    ]


def _against_sgamesolver() -> list[Row]:
    target = "<= 0.02"
    if not built():
        return [unmeasured(f"qre_branch, {STATES} states", "sgamesolver", target=target, note=MISSING)]
    games = {"uniform payoffs": _uniform(STATES, (3, 3)), "normal payoffs": _normal(STATES, (3, 3))}
    with SGameSolver() as peer:
        return [
            compare_with_peer(
                _name(kind, game),
                lambda game=game: _solve(game),
                f"sgamesolver {peer.version}",
                lambda game=game: peer.solve(game, RATIONALITY).seconds,
                target=target,
                note=_note(_solve(game)),
                pairs=3,
            )
            for kind, game in games.items()
        ]


def _whole(kind: str, game: Game) -> Row:
    found: list[Solution] = []
    row = within(_name(kind, game), lambda: found.append(_solve(game)), PATIENCE)
    return replace(row, note=_note(found[0]))


def _name(kind: str, game: Game) -> str:
    return f"qre_branch, {game.num_states} states, {'×'.join(map(str, game.num_actions))} actions, {kind}"


def _note(solution: Solution) -> str:
    assert solution.path is not None
    return f"{solution.steps} steps, {len(solution.path.folds)} folds"


def _uniform(num_states: int, num_actions: tuple[int, ...]) -> Game:
    rng = np.random.default_rng(0)
    rewards = [rng.random((num_states, *num_actions)) for _ in num_actions]
    return Game.stochastic(rewards, _normal(num_states, num_actions).transitions, DISCOUNT)


def _normal(num_states: int, num_actions: tuple[int, ...]) -> Game:
    return random_stochastic(num_states, num_actions, discount=DISCOUNT, structure="general-sum", seed=0)


def _solve(game: Game) -> Solution:
    return qre_branch(game, temperature=1 / RATIONALITY, entropy="none").require()

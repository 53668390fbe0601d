"""Write the table of the peers' answers that the tests hold the principal branch to: python -m benchmarks.peers.table.

Each peer is asked twice, with its own parameters and with careful ones; each answer is polished by Newton's method.
What is stored is the careful answer. `moved` is how far Newton's method moved a probability: the peer's own error.
`note` says where the answer to the usual parameters is missing or elsewhere, or why there is no answer: the peer
failed, or left the branch at a bifurcation, which a policy shows that lacks a symmetry of its game.
"""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.peer import CAREFUL, MISSING, ROOT, Answer, Gambit, SGameSolver, built
from benchmarks.peers.polish import NotPolished, polish
from benchmarks.peers.symmetry import asymmetry
from mathrl.games import Game, load, names
from mathrl.games.policies import Policy
from mathrl.games.profile import Profile

TABLE = ROOT / "tests" / "mathrl" / "peer_answers.json"
_SAME = 1e-8
"""How far apart two polished answers may be and still be the same equilibrium."""

ALL = ("general-sum", "zero-sum", "common-payoff")
MANY_AGENTS = ("general-sum", "common-payoff")
MATRIX_FAMILIES: tuple[tuple[tuple[int, ...], tuple[str, ...], float, tuple[int, ...]], ...] = (
    ((4,), ("common-payoff",), 1.0, (0,)),
    ((2, 2), ALL, 1.0, (0, 1)),
    ((2, 5), ALL, 1.0, (0, 1)),
    ((3, 3), ALL, 1.0, (0, 1, 2)),
    ((3, 3), ALL, 10.0, (0, 1, 2)),
    ((20, 20), ALL, 1.0, (0,)),
    ((2, 2, 2), MANY_AGENTS, 1.0, (0, 1, 2)),
    ((3, 2, 4), MANY_AGENTS, 1.0, (0, 1, 2)),
    ((5, 5, 5), MANY_AGENTS, 1.0, (0, 1)),
    ((2, 2, 2, 2), MANY_AGENTS, 1.0, (0, 1, 2)),
)
"""Actions, structures, scale, seeds."""

HARD_MATRIX_FAMILIES: tuple[tuple[tuple[int, ...], tuple[str, ...], float, tuple[int, ...]], ...] = (
    ((3, 2, 4), ("general-sum",), 1.0, (216, 583, 1524, 2262, 7664)),
    ((3, 3), ("general-sum",), 10.0, (1691, 3360, 8444, 13458, 15433)),
    ((3, 3), ("common-payoff",), 10.0, (4844, 11130, 11511)),
    ((5, 5, 5), ("general-sum",), 1.0, (287,)),
    ((2, 2, 2, 2), ("general-sum",), 1.0, (84, 198, 4000, 4382, 11474)),
)
"""A few of 90,000 games, on which steps that are too long pass over a fold: Gambit's own on the first one."""

MATRIX_RATIONALITIES = (0.1, 0.5, 2.0, 10.0)

STOCHASTIC_SHAPES = ((5, (2, 2)), (20, (3, 3)), (20, (3, 3, 3)), (6, (2, 4)), (4, (3, 2, 2)))
"""States and actions."""

DISCOUNTS = (0.5, 0.9, 0.95)
HARD_STOCHASTIC_FAMILIES = (
    (3, (2, 2), (4, 252, 1234, 1461, 2135)),
    (2, (3, 3), (40, 835, 1357)),
    (2, (2, 2, 2), (14, 24)),
)
"""States, actions, seeds of general-sum games of discount 0.9 whose branch turns back before rationality 10, or that
steps which are too long leave.
"""

STOCHASTIC_RATIONALITIES = (1.0, 5.0, 10.0)


@dataclass(frozen=True)
class Row:
    """An answer as it is stored: `game` is what `mathrl.games.load` takes."""

    game: str
    rationality: float
    policy: list[list[list[float]]] | None
    moved: float | None
    note: str


def matrix_games() -> Iterator[str]:
    for name in names():
        game = load(name)
        if (game.num_states, game.discount) == (1, 0) and name != "random-matrix":
            yield name
    yield "pure-coordination(num_agents=3, num_actions=3)"
    for num_actions, structures, scale, seeds in (*MATRIX_FAMILIES, *HARD_MATRIX_FAMILIES):
        for structure, seed in product(structures, seeds):
            yield f"random-matrix(num_actions={num_actions}, structure={structure!r}, seed={seed}, scale={scale})"


def stochastic_games() -> Iterator[str]:
    yield from ("chain", "opt-in", "big-match")
    for seed, ((num_states, num_actions), discount) in enumerate(product(STOCHASTIC_SHAPES, DISCOUNTS)):
        structures = ALL if len(num_actions) == 2 else MANY_AGENTS
        yield (
            f"random-stochastic(num_states={num_states}, num_actions={num_actions}, discount={discount},"
            f" structure={structures[seed % len(structures)]!r}, seed={seed})"
        )
    for num_states, num_actions, seeds in HARD_STOCHASTIC_FAMILIES:
        for seed in seeds:
            yield (
                f"random-stochastic(num_states={num_states}, num_actions={num_actions}, discount=0.9,"
                f" structure='general-sum', seed={seed})"
            )


def rows(
    games: Iterator[str],
    rationalities: tuple[float, ...],
    usual: Callable[[Game, float], Answer],
    careful: Callable[[Game, float], Answer],
) -> Iterator[Row]:
    for name, rationality in product(games, rationalities):
        game = load(name)
        first, second = (_polished(game, rationality, ask(game, rationality)) for ask in (usual, careful))
        yield _row(name, rationality, first, second)


def _polished(game: Game, rationality: float, answer: Answer) -> tuple[Policy | None, float | None, str]:
    if answer.policy is None:
        return None, None, answer.failure
    try:
        policy, moved = polish(game, answer.policy, rationality)
    except (NotPolished, np.linalg.LinAlgError) as error:
        return None, None, f"no equilibrium near its answer: {error}"
    if game.num_states == 1 and (lacking := asymmetry(game, policy)) > _SAME:
        return None, None, f"left the branch at a bifurcation: {lacking:.2g} from the symmetry of the game"
    return policy, moved, ""


def _row(
    name: str,
    rationality: float,
    usual: tuple[Policy | None, float | None, str],
    careful: tuple[Policy | None, float | None, str],
) -> Row:
    policy, moved, note = careful
    if policy is None:
        return Row(name, rationality, None, None, note)
    if usual[0] is None:
        note = f"with its own parameters: {usual[2]}"
    else:
        apart = np.abs(Profile.of(usual[0]).pi_sk - Profile.of(policy).pi_sk).max()
        note = f"with its own parameters: an equilibrium {apart:.2g} away" if apart > _SAME else ""
    return Row(name, rationality, [own.tolist() for own in policy], moved, note)


def gambit() -> dict[str, Any]:
    with Gambit() as peer:
        found = rows(
            matrix_games(),
            MATRIX_RATIONALITIES,
            peer.solve,
            lambda game, rationality: peer.solve(game, rationality, **CAREFUL),
        )
        careful = ", ".join(f"{name}={value}" for name, value in CAREFUL.items())
        return _section(f"pygambit {peer.version}, logit_solve_lambda, {careful}", list(found))


def sgamesolver() -> dict[str, Any]:
    with SGameSolver() as peer:
        found = rows(
            stochastic_games(),
            STOCHASTIC_RATIONALITIES,
            peer.solve,
            lambda game, rationality: peer.solve(game, rationality, robust=True),
        )
        return _section(f"sgamesolver {peer.version}, QRE, robust_parameters", list(found))


def _section(solver: str, found: list[Row]) -> dict[str, Any]:
    date = datetime.now(UTC).date().isoformat()
    return {"solver": solver, "date": date, "written_by": "benchmarks.peers.table", "answers": found}


def write(path: Path, sections: dict[str, dict[str, Any]]) -> None:
    """JSON with one answer a line, so that a change shows as the answers that changed."""
    parts = []
    for name, section in sections.items():
        head = json.dumps({key: value for key, value in section.items() if key != "answers"})[1:-1]
        answers = ",\n".join(json.dumps(asdict(row)) for row in section["answers"])
        parts.append(f'"{name}": {{{head}, "answers": [\n{answers}\n]}}')
    path.write_text("{" + ",\n".join(parts) + "}\n", encoding="utf-8")


if __name__ == "__main__":
    if not built():
        sys.exit(MISSING)
    write(TABLE, {"gambit": gambit(), "sgamesolver": sgamesolver()})

"""How often `mathrl.batch.qre_branch` loses the principal branch: python -m benchmarks.wrong_branches --help.

Random matrix games of a family (`benchmarks.families`) are traced twice, as usual and with a tenth of the step. Where
the two differ or one fails, Gambit is asked, with careful steps, and its answer polished; so it is for a sample of all
games, in case both err.
With `--out FILE` each chunk of games is a line of JSON there, and a run that is broken off goes on where it was.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from itertools import product
from math import ceil
from pathlib import Path

import numpy as np

from benchmarks.families import FAMILIES, payoffs
from benchmarks.peers.peer import CAREFUL, MISSING, Gambit, built
from benchmarks.peers.polish import NotPolished, polish
from mathrl.base.checks import FloatArray
from mathrl.batch import BatchSolution, qre_branch
from mathrl.games import Game
from mathrl.games.profile import Profile

CHUNK = 10_000
_SAME = 1e-7
"""How far apart two answers may be and still be one equilibrium: rounding times conditioning stays far below."""


@dataclass(frozen=True)
class Task:
    """Games of one family with noise, times `scale`."""

    num_actions: tuple[int, ...]
    scale: float
    rationality: float
    seed: int
    family: str = "normal"
    noise: float = 0.0

    def payoffs(self, chunk: int, games: int) -> FloatArray:
        rng = np.random.default_rng((self.seed, chunk))
        return self.scale * payoffs(self.family, self.num_actions, games, self.noise, rng)


@dataclass(frozen=True)
class Chunk:
    """What came of one chunk. `judged` counts Gambit's words on the doubtful games, `sampled` those on the sample."""

    task: Task
    chunk: int
    games: int
    failed: int
    failed_finely: int
    different: int
    judged: dict[str, int]
    sampled: dict[str, int]
    doubtful: list[int]


def judge(task: Task, chunk: int, games: int, sample: int, gambit: Gambit | None) -> Chunk:
    r, temperature = task.payoffs(chunk, games), 1 / task.rationality
    usual = qre_branch(r, temperature=temperature)
    fine = qre_branch(r, temperature=temperature, step_length=0.1, max_steps=100_000)
    both = usual.converged & fine.converged
    different = both & (np.abs(_rows(usual) - _rows(fine)).max(axis=1) > _SAME)
    doubtful = np.flatnonzero(different | ~both)
    drawn = np.random.default_rng((task.seed, chunk, 1)).choice(games, min(sample, games), replace=False)

    def words(chosen: FloatArray) -> dict[str, int]:
        if gambit is None:
            return {}
        answers = {"the usual step": usual, "the fine step": fine}
        return dict(Counter(_word(gambit, task, r, answers, k) for k in chosen))

    return Chunk(
        task=task,
        chunk=chunk,
        games=games,
        failed=int((~usual.converged).sum()),
        failed_finely=int((~fine.converged).sum()),
        different=int(different.sum()),
        judged=words(doubtful),
        sampled=words(drawn),
        doubtful=doubtful.tolist(),
    )


def _word(gambit: Gambit, task: Task, r: FloatArray, answers: dict[str, BatchSolution], k: int) -> str:
    game = Game.matrix(list(r[k]))
    answer = gambit.solve(game, task.rationality, **CAREFUL)
    if answer.policy is None:
        return "Gambit fails"
    try:
        policy, _ = polish(game, answer.policy, task.rationality)
    except (NotPolished, np.linalg.LinAlgError):
        return "Gambit fails"
    pi_k = Profile.of(policy).pi_sk[0]
    near = [
        name for name, found in answers.items() if found.converged[k] and np.abs(_rows(found)[k] - pi_k).max() <= _SAME
    ]
    return f"Gambit agrees with {' and '.join(near) or 'neither'}"


def _rows(found: BatchSolution) -> FloatArray:
    """All probabilities of each game, (B, A_1 + … + A_n)."""
    return np.concatenate([own.reshape(len(own), -1) for own in found.policy], axis=1)


def run(task: Task, games: int, sample: int, out: Path | None) -> Iterator[Chunk]:
    done = {line["chunk"]: line for line in _lines(out) if line["task"] == json.loads(json.dumps(asdict(task)))}
    with Gambit() if built() else nullcontext() as gambit:
        for chunk in range(ceil(games / CHUNK)):
            size = min(CHUNK, games - chunk * CHUNK)
            if chunk in done and done[chunk]["games"] == size:
                yield Chunk(**(done[chunk] | {"task": task}))
                continue
            found = judge(task, chunk, size, sample, gambit)
            if out is not None:
                with out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(found)) + "\n")
            yield found


def _lines(out: Path | None) -> list[dict[str, object]]:
    if out is None or not out.exists():
        return []
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


def summary(task: Task, chunks: list[Chunk]) -> str:
    judged, sampled = Counter[str](), Counter[str]()
    for chunk in chunks:
        judged.update(chunk.judged)
        sampled.update(chunk.sampled)
    total = {name: sum(getattr(c, name) for c in chunks) for name in ("games", "failed", "failed_finely", "different")}
    size = "x".join(map(str, task.num_actions))
    lines = [
        f"{total['games']} {task.family} games {size}, noise {task.noise:g}, scale {task.scale:g}, "
        f"rationality {task.rationality:g}, seed {task.seed}",
        f"  failed {total['failed']}, with a tenth of the step {total['failed_finely']}; differ {total['different']}",
        *(f"  of these: {word}: {count}" for word, count in sorted(judged.items())),
        *(f"  of a sample: {word}: {count}" for word, count in sorted(sampled.items())),
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.wrong_branches", description=__doc__)
    parser.add_argument("--games", type=int, default=100_000)
    parser.add_argument("--actions", type=int, nargs="+", default=[3, 3])
    parser.add_argument("--family", choices=FAMILIES, default="normal")
    parser.add_argument("--noise", type=float, nargs="+", default=[0.0])
    parser.add_argument("--scale", type=float, nargs="+", default=[1.0, 10.0])
    parser.add_argument("--rationality", type=float, nargs="+", default=[0.5])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sample", type=int, default=100, help=f"games of every {CHUNK} that Gambit is asked anyway")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    if not built():
        print(f"{MISSING}; differences are counted and not judged", file=sys.stderr)
    for noise, scale, rationality in product(given.noise, given.scale, given.rationality):
        task = Task(tuple(given.actions), scale, rationality, given.seed, given.family, noise)
        chunks = []
        for chunk in run(task, given.games, given.sample, given.out):
            chunks.append(chunk)
            print(f"{sum(c.games for c in chunks)} of {given.games} …", end="\r", file=sys.stderr, flush=True)
        print(summary(task, chunks), flush=True)


if __name__ == "__main__":
    main()

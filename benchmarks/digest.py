"""One checksum over what mathrl computes, which tells whether a change moved any number: see --help.

Digested are the numbers of `mathrl reproduce`, every solver on every game of the catalogue, batches of the random
matrix games of `wrong_branches`, and branches of random stochastic games. `--save FILE` keeps the numbers. `--against
FILE` compares with such a file and shows, for each part that is not the same bit for bit, the largest difference and
the part's largest number.
"""

import argparse
import hashlib
import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.wrong_branches import Task
from mathrl import Game, batch, load, solvers
from mathrl.games import names, random_stochastic

Numbers = dict[str, npt.NDArray[np.float64]]

TEMPERATURES = (2.0, 0.3)
MAX_STEPS = 60
SLOW = {(name, "dmac") for name in ("soft_qmix", "rommeo_self_play", "mehaml", "nash_q")} | {("soft_qmix", "gambler")}
FIELDS = ("objective", "residual", "steps", "history", "q", "v", "joint_policy", "q_tot", "period")
OF_AGENTS = ("policy", "conditional_policy", "opponent_model", "individual_q")


def reproductions() -> Numbers:
    program = [sys.executable, "-m", "mathrl", "reproduce", "--format", "json"]
    cells = json.loads(subprocess.run(program, check=True, capture_output=True, text=True).stdout)
    return {f"reproduce {c['id']} {c['row']} {c['column']}": np.array(c["computed"], np.float64) for c in cells}


def solved() -> Iterator[tuple[str, npt.NDArray[np.float64]]]:
    for name in solvers.__all__:
        for title in names():
            if (name, title) not in SLOW:
                yield from _solved(name, title)


def _solved(name: str, title: str) -> Iterator[tuple[str, npt.NDArray[np.float64]]]:
    game, solver = load(title), getattr(solvers, name)
    taken = inspect.signature(solver).parameters
    uniform = [np.full((game.num_states, actions), 1 / actions) for actions in game.num_actions]
    given = {name: uniform for name in ("policy", "target_policy") if name in taken}
    given |= {"max_steps": MAX_STEPS} if "max_steps" in taken and name != "qre_branch" else {}
    for run in [{"temperature": t} for t in TEMPERATURES] if "temperature" in taken else [{}]:
        key = " ".join([name, title, *map(str, run.values())])
        try:
            found = solver(game, **given, **run)
        except ValueError:
            yield f"{key} refused", np.zeros(1)
            continue
        yield f"{key} status {found.status.name}", np.zeros(1)
        for field in FIELDS:
            if getattr(found, field) is not None:
                yield f"{key} {field}", np.asarray(getattr(found, field), np.float64)
        for field in OF_AGENTS:
            for agent, own in enumerate(getattr(found, field) or ()):
                yield f"{key} {field} {agent}", own


def batches() -> Numbers:
    numbers: Numbers = {}
    for shape, games in {(3, 3): 2000, (3, 2, 4): 200}.items():
        for scale in (1.0, 10.0):
            payoffs = Task(shape, scale, rationality=1.0, seed=0).payoffs(chunk=0, games=games)
            for solver in ("qre_branch", "qre", "haspi"):
                for rationality in (0.5, 2.0):
                    given = payoffs[:, :1] if solver == "haspi" else payoffs
                    found = getattr(batch, solver)(given, temperature=1 / rationality)
                    key = f"batch {solver} {shape} {scale:g} {rationality:g}"
                    numbers |= {f"{key} policy {i}": own for i, own in enumerate(found.policy)}
                    numbers[f"{key} converged"] = found.converged.astype(np.float64)
                    numbers[f"{key} steps"] = found.steps.astype(np.float64)
    return numbers


def branches() -> Numbers:
    numbers: Numbers = {}
    rng = np.random.default_rng(1)
    traced = {f"matrix {k}": Game.matrix(list(3 * rng.standard_normal((2, 4, 3)))) for k in range(10)}
    traced |= {
        f"stochastic {k}": random_stochastic(5, (2, 3), discount=0.9, structure="general-sum", seed=k) for k in range(5)
    }
    for key, game in traced.items():
        for entropy in ("team", "none"):
            found = solvers.qre_branch(game, temperature=0.2, entropy=entropy)
            assert found.path is not None
            numbers[f"branch {key} {entropy} rationality"] = found.path.rationality
            numbers[f"branch {key} {entropy} folds"] = found.path.folds.astype(np.float64)
            numbers |= {f"branch {key} {entropy} policy {i}": own for i, own in enumerate(found.path.policy)}
    return numbers


def checksum(numbers: Numbers) -> str:
    digest = hashlib.sha256()
    for key in sorted(numbers):
        array = np.ascontiguousarray(numbers[key], np.float64) + 0.0  # −0 and 0 are one number
        digest.update(f"{key} {array.shape}".encode() + array.tobytes())
    return digest.hexdigest()


def differences(numbers: Numbers, others: Numbers) -> Iterator[str]:
    for key in sorted({*numbers, *others}):
        if key not in numbers or key not in others:
            yield f"{key}: only {'here' if key in numbers else 'there'}"
            continue
        here, there = np.asarray(numbers[key]), np.asarray(others[key])
        if here.shape != there.shape:
            yield f"{key}: shape {here.shape} here, {there.shape} there"
        elif not np.array_equal(here, there, equal_nan=True):
            yield f"{key}: by {float(np.nanmax(np.abs(here - there))):.1e} of {float(np.nanmax(np.abs(there))):.1e}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.digest", description=__doc__)
    parser.add_argument("--save", type=Path, metavar="FILE.npz")
    parser.add_argument("--against", type=Path, metavar="FILE.npz")
    given = parser.parse_args()
    numbers = {**reproductions(), **dict(solved()), **batches(), **branches()}
    print(f"{checksum(numbers)}  {len(numbers)} parts")
    if given.save is not None:
        np.savez_compressed(given.save, **numbers)
    if given.against is not None:
        with np.load(given.against) as archive:
            lines = list(differences(numbers, dict(archive)))
        print("\n".join(lines) if lines else "the same, bit for bit")


if __name__ == "__main__":
    main()

"""Ask a peer: a process of the peers' own Python, on one thread, that takes games and gives policies."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from mathrl.games import Game, to_dense
from mathrl.games.policies import Policy

__all__ = ["CAREFUL", "MISSING", "Answer", "Gambit", "SGameSolver", "built"]

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-peers" / "bin" / "python"
CAREFUL = {"first_step": 0.001, "max_accel": 1.02}
"""Parameters of Gambit for steps that are a thirtieth of its own at first, and grow slowly."""

MISSING = "no peers here: make peers first"
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_REACHED = 1e-6
"""How far from the rationality asked for a peer may stop and still have reached it: their own tolerances are 1e-7."""


def built() -> bool:
    """Whether `make peers` has been run to its end."""
    return (ROOT / ".venv-peers" / "installed").exists()


@dataclass(frozen=True)
class Answer:
    """A peer's policy and the seconds of its solver; where it failed, why, and no policy."""

    policy: Policy | None
    seconds: float
    failure: str = ""


class Peer:
    """A peer's process; leaving the context ends it."""

    name = ""

    def __init__(self) -> None:
        if not built():
            raise RuntimeError(MISSING)
        self._process = subprocess.Popen(
            [PYTHON, Path(__file__).with_name("serve.py"), self.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | dict.fromkeys(_THREADS, "1"),
        )
        self.version: str = self._read()["version"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.communicate()

    def ask(self, rationality: float, **question: Any) -> Answer:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"rationality": rationality} | question) + "\n")
        self._process.stdin.flush()
        reply = self._read()
        if "error" in reply:
            return Answer(None, float("nan"), reply["error"])
        if abs(reply["reached"] - rationality) > _REACHED:
            return Answer(None, reply["seconds"], f"stopped at rationality {reply['reached']:.9g}")
        return Answer(tuple(np.array(rows) for rows in reply["policy"]), reply["seconds"])

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended without an answer, with status {self._process.wait()}")
        reply: dict[str, Any] = json.loads(line)
        return reply


class Gambit(Peer):
    """pygambit's `logit_solve_lambda`, for matrix games (Turocy 2005)."""

    name = "gambit"

    def solve(self, game: Game, rationality: float, **options: float) -> Answer:
        """The answer on the principal branch; `options` are `first_step` and `max_accel`, Gambit's own by default."""
        payoffs = game.rewards_isa.reshape(-1, *game.num_actions)
        shape = (game.num_agents, *game.num_actions)
        return self.ask(rationality, payoffs=np.broadcast_to(payoffs, shape).tolist(), **options)


class SGameSolver(Peer):
    """sgamesolver's `QRE`, for stochastic games without entropy in the value (Eibelshäuser and Poensgen 2019)."""

    name = "sgamesolver"

    def solve(self, game: Game, rationality: float, *, robust: bool = False) -> Answer:
        """The answer on its path from the uniform policy; `robust` takes its parameters of that name."""
        payoffs = game.rewards_isa.reshape(-1, game.num_states, *game.num_actions)
        shape = (game.num_agents, game.num_states, *game.num_actions)
        return self.ask(
            rationality,
            payoffs=np.broadcast_to(payoffs, shape).swapaxes(0, 1).tolist(),
            transitions=np.asarray(to_dense(game).transitions).tolist(),
            discount=game.discount,
            robust=robust,
        )

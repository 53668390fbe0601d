"""Run by the peers' own Python: `python serve.py gambit`, questions in and answers out as JSON, a line each.

The first line out is the peer's version. An answer holds the policy, the rationality that the peer reached, and the
seconds of its solver alone: neither its game's construction nor the reading of its answer counts.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np


def gambit() -> tuple[str, Callable[..., dict[str, Any]]]:
    import pygambit

    def answer(payoffs: list[Any], rationality: float, **options: float) -> dict[str, Any]:
        """The logit equilibrium on the principal branch of a matrix game, payoffs n × (A_1, …, A_n)."""
        game = pygambit.Game.from_arrays(*(np.array(own) for own in payoffs))
        start = time.perf_counter()
        path = pygambit.qre.logit_solve_lambda(game, rationality, **options)
        seconds = time.perf_counter() - start
        policy = [[[float(path[-1].profile[action]) for action in player.strategies]] for player in game.players]
        return {"policy": policy, "reached": path[-1].lam, "seconds": seconds}

    return pygambit.__version__, answer


def sgamesolver() -> tuple[str, Callable[..., dict[str, Any]]]:
    from importlib.metadata import version

    np.NaN = np.nan  # noqa: NPY201  it was written for NumPy 1
    from sgamesolver import SGame
    from sgamesolver.homotopy import QRE

    def answer(
        payoffs: list[Any], transitions: list[Any], discount: float, rationality: float, robust: bool = False
    ) -> dict[str, Any]:
        """The agent QRE of a stochastic game, payoffs S × (n, A_1, …, A_n), transitions S × (A_1, …, A_n, S)."""
        game = SGame([np.array(own) for own in payoffs], [np.array(following) for following in transitions], discount)
        start = time.perf_counter()
        homotopy = QRE(game)
        homotopy.solver_setup(rationality)
        homotopy.solver.verbose = 0
        if robust:
            homotopy.solver.set_parameters(homotopy.robust_parameters)
        homotopy.solver.start()
        seconds = time.perf_counter() - start
        pi_sia, _, reached = homotopy.y_to_sigma_V_t(homotopy.solver.y, zeros=True)
        policy = [pi_sia[:, i, :actions].tolist() for i, actions in enumerate(game.nums_actions[0])]
        return {"policy": policy, "reached": float(reached), "seconds": seconds}

    return version("sgamesolver"), answer


def serve(peer: Callable[[], tuple[str, Callable[..., dict[str, Any]]]]) -> None:
    answers, sys.stdout = sys.stdout, sys.stderr  # a peer that prints must not print among the answers
    version, answer = peer()
    print(json.dumps({"version": version}), file=answers, flush=True)
    for line in sys.stdin:
        try:
            reply = answer(**json.loads(line))
        except Exception as error:  # whatever a peer fails with is its answer
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=answers, flush=True)


if __name__ == "__main__":
    serve({"gambit": gambit, "sgamesolver": sgamesolver}[sys.argv[1]])

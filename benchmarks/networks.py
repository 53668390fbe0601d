"""An update of HASAC's networks, own actions enumerated, against the same update in PyTorch on one thread.

Both draw a batch from 10,000 stored steps of 30 states, 3 agents and 5 actions, take one step of both critics, then one
of each agent in a random order, and move the target critics. Ours is what `mathrl train` runs, with 10 updates for each
step of the environment; what is shown is the time of an update. The first rows say how long XLA compiles.
"""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import jax
import jax.numpy as jnp

from benchmarks.timing import Row, compare_with_peer, unmeasured
from mathrl.games import random_stochastic
from mathrl.neural.algorithms import HASAC
from mathrl.neural.loops.off_policy import Run, advanced, begun
from mathrl.neural.study import COMPILER
from mathrl.neural.tabular import tabular

__all__ = ["rows"]

TORCH = Path(__file__).parent.parent / ".venv-torch/bin/python"
PEER = Path(__file__).parent / "peers/torch_hasac.py"
SIZES = {(256, 64): ("<= 0.333", 40), (1000, 256): ("<= 1", 2)}
"""Batch and hidden units: the target, and how many steps of ten updates are timed at once."""

UPDATES, COMPILING = 10, 8.0


def rows() -> list[Row]:
    return [row for size in SIZES for row in _of(*size)]


def _of(batch: int, hidden: int) -> list[Row]:
    target, iterations = SIZES[batch, hidden]
    ours, compiled = _ours(batch, hidden, iterations)
    what = f"HASAC update, batch {batch}, hidden {hidden}, 3 agents"
    first = Row(f"compiling it: batch {batch}, CPU", compiled, "limit", COMPILING, compiled / COMPILING, "<= 1")
    if not TORCH.exists():
        return [first, unmeasured(what, "PyTorch", target=target, note="no .venv-torch: see peers/torch_hasac.py")]
    command = [TORCH, PEER, "--batch", str(batch), "--hidden", str(hidden), "--asked"]
    updates = iterations * UPDATES
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as peer:

        def theirs() -> float:
            assert peer.stdin
            assert peer.stdout
            peer.stdin.write(f"{updates}\n")
            peer.stdin.flush()
            return float(peer.stdout.readline())

        measured = compare_with_peer(what, ours, "PyTorch, one thread", theirs, target=target, each=updates)
        peer.stdin.close()  # type: ignore[union-attr]
    return [first, measured]


def _ours(batch: int, hidden: int, iterations: int) -> tuple[Callable[[], object], float]:
    """Some steps of ten updates each, and how long they took to compile."""
    environment = tabular(random_stochastic(30, (5, 5, 5), discount=0.95, seed=0))
    settings = HASAC.settings(
        updates=UPDATES, batch=batch, hidden=(hidden, hidden), capacity=10_000, copies=1, explore=0, prepare=0
    )
    state = [jax.jit(begun, static_argnums=(0, 1))(HASAC, environment, settings, jax.random.key(0))]

    def advance(run: Run) -> Run:
        return advanced(HASAC, environment, run, iterations, settings, jnp.asarray(0), jnp.asarray(10**6))[0]

    start = time.process_time()
    compiled = jax.jit(advance, donate_argnums=0).lower(state[0]).compile(compiler_options=COMPILER)
    taken = time.process_time() - start

    def run() -> None:
        state[0] = jax.block_until_ready(compiled(state[0]))

    return run, taken

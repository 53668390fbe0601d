"""An update of HASAC's networks, own actions enumerated, against the same update in PyTorch on one thread.

Both draw a batch from 10,000 stored steps of 30 states, 3 agents and 5 actions, take one step of both critics, then one
of each agent in a random order, and move the target critics. Ours is what `mathrl train` runs, with 10 updates for each
step of the environment; what is shown is the time of an update, of one seed and of as many at once as there are
processors, as a study has them. The other rows say how long XLA compiles, one for each algorithm and each way of its
that compiles other code.
"""

import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.timing import Row, compare_with_peer, unmeasured
from mathrl.base.jobs import processors
from mathrl.games import random_stochastic
from mathrl.neural.algorithm import Algorithm
from mathrl.neural.algorithms import DMAC, HASAC, MASAC, MEHAML
from mathrl.neural.environments import Environment
from mathrl.neural.loops.off_policy import Run, advanced, begun
from mathrl.neural.quadratics import Quadratics
from mathrl.neural.study import COMPILER
from mathrl.neural.tabular import tabular

__all__ = ["rows"]

TORCH = Path(__file__).parent.parent / ".venv-torch/bin/python"
PEER = Path(__file__).parent / "peers/torch_hasac.py"
SIZES = {(256, 64): ("<= 0.333", 40), (1000, 256): ("<= 1", 2)}
"""Batch and hidden units: the target, and how many steps of ten updates are timed at once."""

UPDATES, COMPILING = 10, 8.0

GAME = tabular(random_stochastic(30, (5, 5, 5), discount=0.95, seed=0))

VARIANTS: dict[str, tuple[Algorithm, Environment, dict[str, Any]]] = {
    "hasac": (HASAC, GAME, {}),
    "hasac, actions=gumbel": (HASAC, GAME, {"actions": "gumbel"}),
    "hasac, tuned": (HASAC, GAME, {"tuned": True}),
    "hasac, n_step=3": (HASAC, GAME, {"n_step": 3}),
    "hasac, continuous actions": (HASAC, Quadratics(), {}),
    "masac": (MASAC, GAME, {}),
    "mehaml, kl": (MEHAML, GAME, {}),
    "mehaml, clipped, n_step=3": (MEHAML, GAME, {"drift": "clipped", "n_step": 3}),
    "dmac": (DMAC, GAME, {}),
    "dmac, n_step=3": (DMAC, GAME, {"n_step": 3}),
}
"""What is compiled, in `mathrl train`'s words."""


def rows() -> list[Row]:
    compiled = [_compiling(name, *variant) for name, variant in VARIANTS.items()]
    return [*compiled, *(row for size in SIZES for row in _of(*size))]


def _compiling(name: str, algorithm: Algorithm, environment: Environment, changed: dict[str, Any]) -> Row:
    """How long XLA compiles what begins and what advances a run, CPU of all threads."""
    settings = algorithm.settings(**changed)
    own = jax.tree.map(lambda x: jnp.asarray(x, dtype=float), settings)
    key = jax.random.key(0)

    def begin(own: Any, key: jax.Array) -> Run:
        return begun(algorithm, environment, own, key)

    def advance(run: Run, own: Any) -> Run:
        return advanced(algorithm, environment, run, 100, own, jnp.asarray(0), jnp.asarray(1000))[0]

    like = jax.eval_shape(begin, own, key)
    start = time.process_time()
    jax.jit(begin).lower(own, key).compile(compiler_options=COMPILER)
    jax.jit(advance, donate_argnums=0).lower(like, own).compile(compiler_options=COMPILER)
    taken = time.process_time() - start
    return Row(f"compiling {name}: CPU", taken, "limit", COMPILING, taken / COMPILING, "<= 1")


def _of(batch: int, hidden: int) -> list[Row]:
    target, iterations = SIZES[batch, hidden]
    what = f"HASAC update, batch {batch}, hidden {hidden}, 3 agents"
    if not TORCH.exists():
        return [unmeasured(what, "PyTorch", target=target, note="no .venv-torch: see peers/torch_hasac.py")]
    command = [TORCH, PEER, "--batch", str(batch), "--hidden", str(hidden), "--asked"]
    rows = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as peer:

        def theirs(updates: int) -> float:
            assert peer.stdin
            assert peer.stdout
            peer.stdin.write(f"{updates}\n")
            peer.stdin.flush()
            return float(peer.stdout.readline())

        for seeds in sorted({1, processors()}):
            updates = seeds * iterations * UPDATES
            rows.append(
                compare_with_peer(
                    f"{what}, {seeds} {'seeds at once' if seeds > 1 else 'seed'}",
                    _ours(batch, hidden, iterations, seeds),
                    "PyTorch, one thread",
                    partial(theirs, updates),
                    target=target,
                    each=updates,
                )
            )
        peer.stdin.close()  # type: ignore[union-attr]
    return rows


def _ours(batch: int, hidden: int, iterations: int, seeds: int) -> Callable[[], object]:
    """Some steps of ten updates each, of all seeds in a thread each, as `mathrl.neural.study` has it."""
    settings = HASAC.settings(
        updates=UPDATES, batch=batch, hidden=(hidden, hidden), capacity=10_000, copies=1, explore=0, prepare=0
    )
    begin = jax.jit(begun, static_argnums=(0, 1))
    runs = [begin(HASAC, GAME, settings, jax.random.key(seed)) for seed in range(seeds)]

    def advance(run: Run) -> Run:
        return advanced(HASAC, GAME, run, iterations, settings, jnp.asarray(0), jnp.asarray(10**6))[0]

    compiled = jax.jit(advance, donate_argnums=0).lower(runs[0]).compile(compiler_options=COMPILER)
    threads = ThreadPoolExecutor(seeds)

    def run() -> None:
        runs[:] = threads.map(lambda run: jax.block_until_ready(compiled(run)), runs)

    return run

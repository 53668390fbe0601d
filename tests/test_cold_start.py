"""Fresh interpreters: what an import pulls in, and that answers do not depend on the number of threads."""

import os
import subprocess
import sys

import pytest

HEAVY = {"jax", "jaxlib", "matplotlib", "hypothesis", "numba", "scipy", "numpy", "tabulate", "tqdm", "quantecon",
         "gymnasium", "nashpy", "pettingzoo", "pygambit", "pyspiel", "jaxmarl"}  # fmt: skip


def fresh(code, **environment):
    """What `code` prints in an interpreter of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded(statement):
    return set(fresh(f"import sys\n{statement}\nprint(*{{name.partition('.')[0] for name in sys.modules}})").split())


def test_the_package_alone_imports_nothing():
    assert not loaded("import mathrl") & HEAVY
    assert not loaded("import mathrl; mathrl.__version__; dir(mathrl)") & HEAVY


@pytest.mark.parametrize(
    "statement",
    [
        "from mathrl import Game, load; load('hasac')",
        "import mathrl.games; mathrl.games.names()",
        "from mathrl import Solution, Status, NotConverged",
        "import mathrl.operators, mathrl.softmax",
        "import mathrl.interop",
    ],
)
def test_games_and_operators_need_numpy_only(statement):
    modules = loaded(statement)
    assert modules & HEAVY <= {"numpy"}
    assert not modules & {"games", "figures", "neural", "proofs_checks"}  # a second copy of every class


def test_solvers_need_no_upper_floor():
    modules = loaded("import mathrl.solvers, mathrl.exploitability")
    assert not modules & {"jax", "matplotlib", "hypothesis", "tabulate", "quantecon"}
    assert {"numba", "scipy"} <= modules
    assert not modules & {"games", "figures", "neural", "proofs_checks"}


def test_every_advertised_name_can_be_had():
    code = "import mathrl\nfor name in [*mathrl.__all__, *mathrl._MODULES]: print(getattr(mathrl, name).__name__)"
    assert "mathrl.solvers" in fresh(code)
    with pytest.raises(AssertionError, match="has no attribute 'solver'"):
        fresh("import mathrl; mathrl.solver")


SOLVE = """
import hashlib, numpy as np
from mathrl.games import load, random_policy, random_stochastic
from mathrl.solvers import haspi, optimal, qre, qre_branch, soft_evaluation

def show(solution):
    print(solution.solver, solution.status.name, solution.steps)
    for array in (solution.q, solution.v, *solution.policy, solution.history):
        print(hashlib.sha256(array.tobytes()).hexdigest())
"""
RUNS = {
    "dense": """
game = random_stochastic(300, (2, 2), discount=0.95, seed=1)
policy = random_policy(game, np.random.default_rng(1))
show(soft_evaluation(game, policy=policy, temperature=0.5))
show(haspi(game, temperature=2.0, initial_policy=policy))
show(qre(game, temperature=2.0, initial_policy=policy))
show(optimal(game))
""",
    "sparse": """
game = random_stochastic(300, (2, 2), discount=0.95, successors=3, seed=1)
policy = random_policy(game, np.random.default_rng(1))
show(soft_evaluation(game, policy=policy, temperature=0.5))
show(haspi(game, temperature=2.0, initial_policy=policy))
show(qre(game, temperature=2.0, initial_policy=policy))
show(optimal(game))
""",
    # vectors and products so long that BLAS would share them out
    "many sparse states": """
game = random_stochastic(30_000, (2,), discount=0.95, successors=4, seed=1)
show(soft_evaluation(game, policy=random_policy(game, np.random.default_rng(1)), temperature=0.5))
show(optimal(game))
show(qre(game, temperature=0.5))
""",
    "newton and the path": """
game = random_stochastic(40, (3, 3), structure="zero-sum", discount=0.9, seed=1)
show(qre(game, temperature=1.0, max_steps=6))
show(qre(random_stochastic(100, (2, 2), structure="general-sum", discount=0.9, seed=2), temperature=0.5, max_steps=6))
show(qre_branch(game, temperature=0.3, max_steps=4))
show(qre_branch(random_stochastic(300, (2, 2), discount=0.9, successors=3, seed=2), temperature=0.3, max_steps=4))
""",
    # a walk that is slow to mix falls back on a factor
    "a factor": """
from mathrl.games import Game, uniform_policy
P = np.roll(np.eye(700), 1, axis=1)[:, None]
game = Game.stochastic(np.random.default_rng(1).normal(size=(700, 1)), P, 0.9999)
show(soft_evaluation(game, policy=uniform_policy(game), temperature=0.5))
""",
}


def test_results_do_not_depend_on_the_number_of_threads():
    """All runs in one interpreter of one thread, and in one of two: to start it takes longer than to solve."""
    code = SOLVE + "\n".join(f"print({name!r}){run}" for name, run in RUNS.items())

    def threads(number):
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
        return fresh(code, **dict.fromkeys(names, str(number))).splitlines()

    one, two = threads(1), threads(2)
    assert set(RUNS) <= set(one)
    assert len(one) >= 5 * len(RUNS)
    assert one == two

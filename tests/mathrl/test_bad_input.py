"""The table of errors: each row is a bad call, its id is the call, its message names the argument in one line."""

import datetime
import decimal
import inspect
import random
import re

import numpy as np
import pytest
import scipy.sparse

from mathrl import NotConverged, batch, bounds, equilibria, games, oracle, solvers
from mathrl import exploitability as exploitability_module
from mathrl.base.checks import InvalidInput
from mathrl.bounds import Process, Setup
from mathrl.exploitability import best_response, exploitability, opponent_game
from mathrl.games import Game, load, random_stochastic, simulate, uniform_policy
from mathrl.solvers import (
    haspi,
    optimal,
    qre,
    rommeo_q,
    rommeo_self_play,
    soft_evaluation,
    soft_q_iteration,
)
from mathrl.values.modelled_opponents import LearnedModel

COMMON, GENERAL = load("hasac"), load("chicken")
STATES = load("opt-in")
UNIFORM = [[1 / 3] * 3] * 2
NAN, INF = float("nan"), float("inf")


def bad(function, message, *arguments, **named):
    shown = ", ".join([*map(repr, arguments), *(f"{name}={value!r}" for name, value in named.items())])
    return pytest.param(function, arguments, named, message, id=f"{function.__name__}({shown})".replace("\n", ""))


def bad_numbers(function, name, values, *arguments, **named):
    return [bad(function, f"^{name} is ", *arguments, **(named | {name: value})) for value in values]


NOT_POSITIVE = (0, -1, -0.0, NAN, INF, "x", True, None, 1j, [1.0])
NOT_COUNTS = (-1, 1.5, "x", True, None)
POLICIES = {
    "policy": [
        ("has 1 arrays, expected 2", [[1 / 3] * 3]),
        ("has 3 arrays, expected 2", [[1 / 3] * 3] * 3),
        ("has 0 arrays, expected 2", ()),
        ("is of type ndarray, expected a tuple of 2 arrays", np.full((2, 1, 3), 1 / 3)),
        ("is of type dict", {0: [1, 0, 0], 1: [1, 0, 0]}),
        (r"[1] has shape (1, 2), expected (1, 3)", [[1 / 3] * 3, [0.5, 0.5]]),
        (r"[0] has shape (2, 3), expected (1, 3)", [[[1 / 3] * 3] * 2, [1 / 3] * 3]),
        (r"[0][0] sums to 0.75", [[0.25, 0.25, 0.25], [1 / 3] * 3]),
        (r"[1][0] sums to 1.00000001", [[1, 0, 0], [1.00000001, 0, 0]]),  # 1e-8 is more than 1e-9
        (r"[1][0] sums to 1.0001", [[1, 0, 0], [1.0001, 0, 0]]),  # more than single precision leaves
        (r"[1][0, 2] is -0.1", [[1, 0, 0], [0.6, 0.5, -0.1]]),
        (r"[0][1] is nan", [[1, NAN, 0], [1, 0, 0]]),
        (r"[0][0] is inf", [[INF, 0, 0], [1, 0, 0]]),
        (r"[0] has dtype", [["a", "b", "c"], [1, 0, 0]]),
        (r"[1] is ragged or not numeric", [[1, 0, 0], [[1, 0, 0], [1]]]),
    ],
}


def bad_policies(function, name, *arguments, **named):
    return [
        bad(function, f"^{re.escape(name + found if found[0] == '[' else name + ' ' + found)}", *arguments,
            **(named | {name: policy}))
        for found, policy in POLICIES["policy"]
        if name != "initial_policy" or "1.00000001" not in found  # there single precision is taken
    ]  # fmt: skip


ENTROPIES = [("nearest", "tean", "team"), ("nearest", "Own", "own"), ("all", "?", "'team' or 'own' or 'none'")]


def bad_entropies(function, *arguments, **named):
    return [
        bad(function, f"^entropy '{re.escape(wrong)}' is unknown.*{listed}", *arguments, **(named | {"entropy": wrong}))
        for _, wrong, listed in ENTROPIES
    ]


CALLS = [
    *bad_numbers(haspi, "temperature", NOT_POSITIVE, COMMON),
    *bad_numbers(qre, "temperature", NOT_POSITIVE, GENERAL),
    *bad_numbers(soft_evaluation, "temperature", NOT_POSITIVE, COMMON, policy=UNIFORM),
    *bad_numbers(exploitability, "temperature", (-1, NAN, INF, "x", True, None), COMMON, UNIFORM),
    *bad_numbers(best_response, "temperature", (-1, NAN, INF, "x", True, None), COMMON, UNIFORM, 0),
    *bad_numbers(haspi, "tol", NOT_POSITIVE, COMMON, temperature=1.0),
    *bad_numbers(qre, "tol", NOT_POSITIVE, GENERAL, temperature=1.0),
    *bad_numbers(optimal, "tol", NOT_POSITIVE, COMMON),
    *bad_numbers(haspi, "max_steps", NOT_COUNTS, COMMON, temperature=1.0),
    *bad_numbers(qre, "max_steps", NOT_COUNTS, GENERAL, temperature=1.0),
    *bad_numbers(optimal, "max_steps", NOT_COUNTS, COMMON),
    *bad_numbers(haspi, "seed", NOT_COUNTS, COMMON, temperature=1.0),
    *bad_numbers(haspi, "seed", NOT_COUNTS, COMMON, temperature=1.0, order="random"),
    *bad_policies(haspi, "initial_policy", COMMON, temperature=1.0),
    *bad_policies(qre, "initial_policy", COMMON, temperature=1.0),
    *bad_policies(soft_evaluation, "policy", COMMON, temperature=1.0),
    *(bad(exploitability, f"policy.*{re.escape(found)}", COMMON, policy, temperature=1.0)
      for found, policy in POLICIES["policy"]),
    bad(haspi, r"^initial_policy\[0\] has shape \(2,\), expected \(6, 2\)", STATES, temperature=1.0,
        initial_policy=[[0.5, 0.5]] * 2),
    *bad_entropies(qre, GENERAL, temperature=1.0),
    *bad_entropies(soft_evaluation, COMMON, policy=UNIFORM, temperature=1.0),
    *bad_entropies(exploitability, COMMON, UNIFORM, temperature=1.0),
    *bad_entropies(opponent_game, COMMON, UNIFORM, 0, temperature=1.0),
    *(bad(haspi, f"^entropy is '{entropy}'.*can lower the value", COMMON, temperature=1.0, entropy=entropy)
      for entropy in ("own", "none", "tean")),
    bad(qre, "^entropy", GENERAL, temperature=1.0, entropy=None),
    bad(qre, "^entropy", GENERAL, temperature=1.0, entropy=["team"]),
    *(bad(haspi, "^order is .*each number from 0 to 1 once, or 'random'", COMMON, temperature=1.0, order=order)
      for order in ([0], [0, 0], [1, 2], [0, 1, 1], (), [-1, 0], [0.0, 1.0], [False, True], ["0", "1"], [0, None],
                    "01", "rnadom", 5, 1.5, {0: 1}.items(), [[0, 1]])),
    bad(haspi, "^game is general-sum.*solver qre", GENERAL, temperature=1.0),
    bad(optimal, "^game is general-sum", GENERAL),
    *(row for solver in (rommeo_q, rommeo_self_play, soft_q_iteration) for row in (
        *bad_numbers(solver, "temperature", NOT_POSITIVE, GENERAL),
        *bad_numbers(solver, "tol", NOT_POSITIVE, GENERAL, temperature=1.0),
        *bad_numbers(solver, "max_steps", NOT_COUNTS, GENERAL, temperature=1.0))),
    *bad_numbers(rommeo_q, "divergence_weight", NOT_POSITIVE, GENERAL, temperature=1.0),
    *bad_policies(rommeo_q, "prior", COMMON, temperature=1.0),  # two agents: B_i is A_j, equal here
    bad(rommeo_q, r"^prior\[0\] has shape \(2,\), expected \(6, 2\)", STATES, temperature=1.0, prior=[[0.5, 0.5]] * 2),
    *bad_numbers(rommeo_self_play, "divergence_weight", NOT_POSITIVE, GENERAL, temperature=1.0),
    *bad_numbers(rommeo_self_play, "averaging", (*NOT_POSITIVE, 1.5), GENERAL, temperature=1.0),
    *bad_policies(rommeo_self_play, "initial_policy", COMMON, temperature=1.0),
    *bad_policies(soft_q_iteration, "opponent_model", COMMON, temperature=1.0),
    *bad_numbers(soft_q_iteration, "real_share", (-0.1, 1.1, NAN, "x", True, None), GENERAL, temperature=1.0),
    bad(soft_q_iteration, r"^models\[1\] is of type int", COMMON, temperature=1.0, models=[LearnedModel(COMMON), 3]),
    bad(soft_q_iteration, r"^models\[0\]\.game has num_states 6, expected 1", COMMON, temperature=1.0,
        models=[LearnedModel(STATES)]),
    bad(soft_q_iteration, r"^models\[0\]\.opponent_model has 1 arrays", COMMON, temperature=1.0,
        models=[LearnedModel(COMMON, UNIFORM[:1])]),
    bad(soft_q_iteration, "^opponent_model is given together with models", COMMON, temperature=1.0,
        opponent_model=UNIFORM, models=[LearnedModel(COMMON)]),
    *(bad(best_response, "^agent is", COMMON, UNIFORM, agent, temperature=1.0) for agent in (2, -1, 0.5, "0", True)),
]  # fmt: skip


@pytest.mark.parametrize(("function", "arguments", "named", "message"), CALLS)
def test_bad_input_is_refused_by_name(function, arguments, named, message):
    with pytest.raises(InvalidInput, match=message) as caught:
        function(*arguments, **named)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("solver", [getattr(solvers, name) for name in solvers.__all__])
def test_something_else_than_a_game_is_refused(solver):
    values = {"temperature": 1.0, "policy": UNIFORM, "target_policy": UNIFORM}
    named = {name: value for name, value in values.items() if name in inspect.signature(solver).parameters}
    with pytest.raises(InvalidInput, match=r"^game is of type ndarray"):
        solver(np.eye(2), **named)


def test_orders_of_other_whole_number_types_are_taken():
    wanted = haspi(COMMON, temperature=1.0, order=[1, 0]).parameters["order"]
    assert haspi(COMMON, temperature=1.0, order=np.array([1, 0])).parameters["order"] == wanted == [1, 0]
    assert haspi(COMMON, temperature=1.0, order=(1, 0)).parameters["order"] == wanted
    assert haspi(COMMON, temperature=1.0, order=range(2)).parameters["order"] == [0, 1]


class Broken:
    def __array__(self, *arguments, **named):
        raise RuntimeError("no array")

    def __repr__(self):
        raise RuntimeError("no text")


GAME, OTHER = (random_stochastic(num_states, (2, 2), discount=0.5) for num_states in (2, 3))
PLAYED, Q, ROWS = uniform_policy(GAME), np.zeros((2, 2, 2)), np.full((2, 2), 0.5)
SETUP = Setup.of(GAME, policy=PLAYED)
PARTS = {"policy": PLAYED, "target_policy": PLAYED, "opponent_models": [ROWS], "q": Q, "target": Q, "models": [ROWS],
         "prior": ROWS, "opponent_model": ROWS, "conditional_policy": np.full((2, 2, 2), 0.5)}  # fmt: skip
NUMBERS = {"temperature": 1.0, "max_steps": 2, "atol": 100.0, "trace_decay": 0.5, "agent": 0, "discount": 0.5,
           "step": 1, "reward_bound": 1.0, "reward_range": 1.0, "steps": 1, "length": 1, "branch_length": 2,
           "error": 0.2, "epoch": 1, "first": 1, "last": 2, "begin": 0, "end": 3, "x": 0.5, "averaged": False,
           "num_episodes": 1, "num_steps": 1, "seed": 0, "factor": 1.0, "amount": 1.0, "starts": 2,
           "limit": 1}  # fmt: skip
ERRORS = ("state_distance", "dynamics_error", "policy_shift", "policy_distance", "opponents_shift", "opponents_error",
          "opponents_distance", "small_error", "opponent_shifts", "opponent_errors", "opponent_distances")  # fmt: skip
GOOD = PARTS | NUMBERS | {
    **{name + end: [0.1] if name.startswith("opponent_") else 0.1 for name in ERRORS for end in ("", "_pre", "_post")},
    "game": GAME, "setup": SETUP, "process": SETUP.real, "pre": SETUP.real, "post": SETUP.real, "one": SETUP.real,
    "other": SETUP.real, "model": GAME, "policies": [PLAYED], "branch_lengths": [1], "scheme": "simu-to-real",
    "payoffs": np.zeros((1, 2, 2, 2)), "solver": optimal, "games": [load("hasac")], "name": "hasac",
    "name_or_path": "hasac", "path": "game.json", "joint": np.full((2, 2, 2), 0.25), "permutation": [0, 1],
    "order": [0, 1], "rng": np.random.default_rng(0), "temperatures": (0.5, 2.0), "curves": [],
    "episodes": simulate(GAME, PLAYED, num_episodes=1, num_steps=1), "num_actions": (2, 2),
    "rewards": np.zeros((2, 2)), "transitions": np.full((2, 2, 2), 0.5),
}  # fmt: skip
SPECIAL = {"divergence_policy_iteration": {"initial_policy": PLAYED},
           "soft_q_iteration": {"models": (), "opponent_model": None},
           "best_branch_length": {"bound": "printed"}, "compare_returns": {"dynamics_error": "real"},
           "load_setup": {"path": "setup.json"}, "as_opponent_model": {"model": PLAYED}, "Setup.of": {"model": None},
           "one_step_target": {"v": None}, "assert_soft_v": {"v": np.zeros(2)}, "each": {"temperature": 1.0},
           "Game.matrix": {"payoffs": np.eye(2)}, "best_response": {"transitions": None},
           "opponent_game": {"transitions": None}, "divergence_limit": {"initial_policy": PLAYED},
           "assert_qre": {"atol": 1.0},
           "sampled_target": {name: np.zeros((2, 2)) for name in ("following", "terminated", "truncated")}}  # fmt: skip
OF_MATRIX_GAMES = ("equilibria", "lipschitz_constant", "logit_curves")
MODULES = (solvers, batch, games, oracle, bounds, exploitability_module, equilibria)
PUBLIC = [
    *(getattr(module, name) for module in MODULES for name in module.__all__),
    *(Game.matrix, Game.stochastic, Setup.of),
]
FUNCTIONS = [function for function in PUBLIC if inspect.isroutine(function) and inspect.signature(function).parameters]
ITSELF = []
ITSELF.append(ITSELF)
JUNK = [None, "x", b"x", 3, 10**400, -(10**5000), 1j, object(), Broken(), int, Game, np, datetime.datetime(2020, 1, 1),
        {}, [1, 2], [[1, 2], [3]], [None], [10**400], np.array(3), np.array([None, 1]), ITSELF]  # fmt: skip
WRONG = [*JUNK, "", "\0", "\ud800", "x" * 1000, True, 0, -1, 2**64, 0.5, NAN, INF, [], (), set(), iter([1]), range(2),
         [[1, 2], [3, 4]], ["a"], np.array([]), np.array([1.0, 2.0]), np.array([NAN]), np.array(["a"]), np.eye(2),
         np.array(["2020"], dtype="datetime64[D]"), np.float32(0.5), np.bool_(True), np.ma.masked_array([1, 2], [0, 1]),
         decimal.Decimal("NaN"), scipy.sparse.csr_array(np.eye(2)), COMMON, OTHER, SETUP, Setup.of(OTHER,
         policy=uniform_policy(OTHER)), Process(OTHER, uniform_policy(OTHER)), PLAYED, [PLAYED], [GAME], [SETUP],
         LearnedModel(GAME), [LearnedModel(GAME)], [LearnedModel(None)], [LearnedModel(GAME, 3)]]  # fmt: skip
OBJECTS = ("game", "setup", "process", "rng", "models")


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__qualname__)
def test_no_object_makes_another_error_than_bad_input(function, tmp_path, monkeypatch):
    """Every parameter of every public function, with objects of all kinds: a new parameter needs a value in `GOOD`."""
    monkeypatch.chdir(tmp_path)
    bounds.save_setup(SETUP, "setup.json")
    good = GOOD | ({"game": load("chicken")} if function.__name__ in OF_MATRIX_GAMES else {})
    good |= SPECIAL.get(function.__qualname__, {})
    taken = inspect.signature(function).parameters.values()
    parameters = [one for one in taken if one.kind != one.VAR_KEYWORD and one.name not in ("argument", "watch")]
    given = {one.name: good[one.name] for one in parameters if one.name in good or one.default is one.empty}
    rng = random.Random(function.__qualname__)
    for name in (one.name for one in parameters):
        for wrong in (JUNK if name in OBJECTS else []) + rng.sample(WRONG, 8):
            try:
                answer, refused = function(**given | {name: wrong}), None
                if inspect.isgenerator(answer):
                    next(answer, None)
            except (InvalidInput, NotConverged, AssertionError) as error:
                refused = error
            if isinstance(refused, InvalidInput):
                assert "\n" not in str(refused)
                assert len(str(refused)) < 500
            if name in OBJECTS and any(wrong is junk for junk in JUNK):
                assert isinstance(refused, InvalidInput)
                assert name in str(refused)

"""The table of errors: each row is a bad call, its id is the call, its message names the argument in one line."""

import inspect
import re

import numpy as np
import pytest

from mathrl import solvers
from mathrl.base.checks import InvalidInput
from mathrl.exploitability import best_response, exploitability, opponent_game
from mathrl.games import load
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

"""What a solver returns: frozen, and the same when it is read back."""

import copy
import dataclasses
import json
import pickle
import re
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.base.checks import InvalidInput
from mathrl.base.document import plain
from mathrl.equations import QUANTAL_RESPONSE
from mathrl.games import Game, load, uniform_policy
from mathrl.games.availability import joint
from mathrl.games.json_file import to_json
from mathrl.iteration.outcome import Status, rounding_floor
from mathrl.proofs_checks.strategies import TEMPERATURES, episodic, games, masked
from mathrl.solution import NotConverged, Solution
from mathrl.solvers import haspi, optimal, qre, soft_evaluation

HASAC = load("hasac")
THIRDS = [0.25, 0.25, 0.5]
START = [[0.6, 0.2, 0.2]] * 2
ARRAYS = ("q", "v", "history")
SOLUTIONS = {
    "haspi": haspi(HASAC, temperature=10.0),
    "max_steps": haspi(HASAC, temperature=10.0, initial_policy=START, order="random", max_steps=1),
    "optimal": optimal(load("opt-in")),
    "own": qre(load("chicken"), temperature=1.0, entropy="own", initial_policy=[[0.9, 0.1]] * 2),
    "soft_evaluation": soft_evaluation(HASAC, policy=START, temperature=1.0),
}
every_solution = pytest.mark.parametrize("solution", SOLUTIONS.values(), ids=SOLUTIONS)


@every_solution
def test_a_solution_is_shown_in_a_line(solution):
    shown = repr(solution)
    assert "\n" not in shown
    for said in (solution.solver, solution.status.name, f"{solution.steps} steps", f"{solution.residual:.2g}"):
        assert said in shown


def test_a_solution_shows_its_objective_temperature_and_sizes():
    shown = repr(SOLUTIONS["own"])
    assert shown.startswith("<Solution: qre at temperature 1, CONVERGED after ")
    one, other = SOLUTIONS["own"].objective
    assert shown.endswith(f", objective {one:.6g}, {other:.6g}, policy of 1 state and 2×2 actions>")


@every_solution
def test_no_field_can_be_assigned_and_no_array_written_to(solution):
    for item in dataclasses.fields(solution):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(solution, item.name, None)
    with pytest.raises(TypeError, match="item assignment"):
        solution.parameters["temperature"] = 2.0
    arrays = [*solution.policy, *(getattr(solution, name) for name in ARRAYS)]
    arrays += [solution.objective] if isinstance(solution.objective, np.ndarray) else []
    for name in ("initial_policy", "policy"):
        arrays += solution.parameters.get(name, ())
    for array in arrays:
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_arrays_are_copies_of_those_given():
    q = np.zeros((1, 2))
    changed = dataclasses.replace(SOLUTIONS["haspi"], q=q)
    q[:] = 1
    assert not changed.q.any()


def assert_equal(ours, theirs):
    """Bit by bit, but that JSON knows no infinity and no nan; in q, null is −∞."""
    for item in dataclasses.fields(Solution):
        left, right = getattr(ours, item.name), getattr(theirs, item.name)
        if isinstance(left, np.ndarray):
            assert left.shape == right.shape
            lost = -np.inf if item.name == "q" else np.nan
            assert np.where(np.isfinite(left), left, lost).tobytes() == right.tobytes()
        elif item.name == "policy":
            assert [pi.tobytes() for pi in left] == [pi.tobytes() for pi in right]
            assert isinstance(right, tuple)
        elif isinstance(left, Mapping):
            assert plain(left) == plain(right)
            assert {name: type(value) for name, value in left.items()} == {k: type(v) for k, v in right.items()}
        else:
            assert left == right, item.name
            assert type(left) is type(right), item.name


@every_solution
def test_a_saved_solution_is_read_back_bit_by_bit(solution, tmp_path):
    solution.save(tmp_path / "solution.json")
    assert_equal(solution, Solution.load(tmp_path / "solution.json"))


@given(games(structure="common-payoff"), TEMPERATURES)
def test_any_solution_is_read_back_bit_by_bit(tmp_path_factory, game, temperature):
    path = tmp_path_factory.mktemp("solutions") / "solution.json"
    solution = haspi(game, temperature=temperature, max_steps=3)
    solution.save(path)
    assert_equal(solution, Solution.load(path))


def test_numbers_that_are_not_finite_become_none_and_nan(tmp_path):
    odd = dataclasses.replace(
        SOLUTIONS["haspi"],
        history=np.array([np.inf, -np.inf, np.nan]),
        steps=3,
        status=Status.MAX_STEPS,  # where a run converged, its numbers are finite
        residual=float("inf"),
        joint_policy=np.diag([0.5, 0.25, 0.25])[None],
    )
    assert odd.to_dict()["history"] == [None, None, None]
    assert odd.to_dict()["residual"] is None
    odd.save(tmp_path / "odd.json")
    assert json.loads((tmp_path / "odd.json").read_text(), parse_constant=pytest.fail)["residual"] is None
    back = Solution.load(tmp_path / "odd.json")
    assert np.isnan(back.history).all()
    assert np.isnan(back.residual)
    assert back.joint_policy.tolist() == [[[0.5, 0, 0], [0, 0.25, 0], [0, 0, 0.25]]]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"policy": [[[None, None, None]], [[1, 0, 0]]]}, "key 'policy', array 0 holds null, expected probabilities"),
        ({"v": [None]}, "key 'v' holds null beside CONVERGED"),
        ({"objective": None}, "key 'objective' holds null beside CONVERGED"),
        ({"residual": -1}, "key 'residual' is -1, expected a number >= 0"),
        ({"status": "MAX_STEPS"}, "key 'converged' is True beside MAX_STEPS"),
    ],
)
def test_numbers_that_no_solver_writes_are_refused(changed, message, tmp_path):
    (tmp_path / "odd.json").write_text(json.dumps(SOLUTIONS["haspi"].to_dict() | changed))
    with pytest.raises(InvalidInput, match=message):
        Solution.load(tmp_path / "odd.json")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"v": ' + "1" * 6000 + "}"])
def test_json_that_cannot_be_read_is_refused_in_one_line(text, tmp_path):
    (tmp_path / "odd.json").write_text(text)
    with pytest.raises(InvalidInput, match="JSON that is too deep, or numbers that are too long"):
        Solution.load(tmp_path / "odd.json")


@pytest.mark.parametrize("gaps", [[(0, 0, 0)], [(0, 0, 0), (0, 0, 1), (0, 0, 2)], [(0, 1, 2), (0, 2, 2), (0, 0, 2)]])
def test_null_in_q_is_refused_where_no_action_can_be_unavailable(gaps, tmp_path):
    """One joint action alone, a row that is played, a column that is played."""
    q = SOLUTIONS["haspi"].q.copy()
    q[tuple(zip(*gaps, strict=True))] = np.nan
    dataclasses.replace(SOLUTIONS["haspi"], q=q).save(tmp_path / "odd.json")
    with pytest.raises(InvalidInput, match=r"key 'q' holds null, .* policy is 0"):
        Solution.load(tmp_path / "odd.json")


@given(masked(games(structure="common-payoff")) | episodic(masked(games(structure="common-payoff"))), TEMPERATURES)
def test_a_solution_of_a_game_with_unavailable_actions_is_read_back_bit_by_bit(tmp_path_factory, game, temperature):
    path = tmp_path_factory.mktemp("solutions") / "solution.json"
    solution = haspi(game, temperature=temperature, max_steps=3)
    solution.save(path)
    back = Solution.load(path)
    assert_equal(solution, back)
    np.testing.assert_array_equal(np.isneginf(back.q), ~joint(game.available))


@every_solution
def test_json_holds_status_message_and_convergence(solution):
    values = solution.to_dict()
    assert Status[values["status"]] is solution.status
    assert values["message"] == str(solution.status)
    assert values["converged"] is solution.converged
    assert json.loads(json.dumps(values, allow_nan=False)) == values


def written(**changes):
    values = SOLUTIONS["haspi"].to_dict()
    values |= changes
    return json.dumps({key: value for key, value in values.items() if value != "left out"})


NEWER = {"equation", "temperature", "agent_names", "action_names", "state_names"}
"""Keys that files of older versions lack."""

BROKEN = {
    "": "line 1",
    "{": "line 1",
    '{\n"policy": [,]}': "line 2",
    "[]": "list",
    "3": "int",
    "{}": "key",
    **{
        written(**{item.name: "left out"}): item.name for item in dataclasses.fields(Solution) if item.name not in NEWER
    },
    written(status="DONE"): "status",
    written(status=["CONVERGED"]): "status",
    written(policy=3): "policy",
    written(policy=[[["a"]]]): "policy",
    written(policy=None): "policy",
    written(q="x"): "q",
    written(q=[[1.0], [1.0, 2.0]]): "q",
    written(q=None): "q",
    written(v=None): "v",
    written(history={}): "history",
    written(residual="small"): "residual",
    written(objective="much"): "objective",
    written(objective=["much"]): "objective",
    written(rounding_floor=[]): "rounding_floor",
    written(steps=1.5): "steps",
    written(steps="many"): "steps",
    written(solver=7): "solver",
    written(parameters=[]): "parameters",
    written(parameters=None): "parameters",
    written(parameters={"initial_policy": {"array": 3}}): "parameters",
    written(parameters={"initial_policy": [[["a"]]]}): "parameters",
    written(equation="unheard of"): "equation",
    written(equation=["optimality"]): "equation",
    written(temperature="warm"): "temperature",
}
PATH = {"rationality": [0.0, 1.0], "policy": [[[THIRDS]] * 2] * 2, "folds": [], "bifurcations": [1]}
BROKEN |= {
    written(path=PATH | {"folds": [0.5]}): "path",
    written(path=PATH | {"folds": [[0]]}): "path",
    written(path=PATH | {"folds": [2**70]}): "path",
    written(v=[10**400]): "v",
}
WRONG_SHAPES = {
    written(policy=[]): "policy",
    written(policy=[[], []]): "policy",
    written(policy=[[0.5, 0.5], [0.5, 0.5]]): "policy",
    written(policy=[[[0.5, 0.5]], [[0.2, 0.8], [0.5, 0.5]]]): "policy",
    written(q=[[1.0, 2.0, 3.0]]): "q",
    written(q=[[[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]]]): "q",
    written(v=[1.0, 2.0]): "v",
    written(v=[[1.0], [2.0]]): "v",
    written(objective=[1.0, 2.0]): "objective",
    written(objective=[1.0, 2.0, 3.0]): "objective",
    written(history=[1.0] * 1000): "history",
    written(joint_policy=[[[1.0]]]): "joint_policy",
    written(conditional_policy=[[[[1.0]]]] * 2): "conditional_policy",
    written(opponent_model=[[[1.0, 0.0, 0.0]]]): "opponent_model",
    written(opponent_model=[[[1.0, 0.0]]] * 2): "opponent_model",
    written(q_tot=[[1.0]]): "q_tot",
    written(individual_q=[[[1.0, 2.0]]] * 2): "individual_q",
    written(path={"rationality": [0.0, 1.0], "policy": [[[[1.0]]]] * 2, "folds": [], "bifurcations": []}): "path",
}


JOINT = [[[0.5, 0.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 0.0]]]
CONDITIONAL = [[[[0.5] * 3, [0.25] * 3, [0.25] * 3]]] * 2
SMALLER = {"game": to_json(load("chicken")), "opponent_model": None}
ITS_OWN = {"game": to_json(HASAC), "opponent_model": [[THIRDS], [[0.5, 0.25, 0.5]]]}
WRONG_NUMBERS = {
    "key 'policy', array 1, row[0] sums to 0.75, expected 1: normalise the row": {
        "policy": [[THIRDS], [[0.25, 0.25, 0.25]]]
    },
    "key 'policy', array 0, row[0, 1] is -0.5, expected a probability": {"policy": [[[0.75, -0.5, 0.75]], [THIRDS]]},
    "key 'policy', array 0, row[0] sums to 1.00000001, expected 1": {"policy": [[[0.25, 0.25, 0.50000001]], [THIRDS]]},
    "key 'joint_policy', row[0] sums to 0.75, expected 1": {"joint_policy": [[[0.25] * 3, [0.0] * 3, [0.0] * 3]]},
    "key 'joint_policy', row[1, 0] sums to 2.0, expected 1": {
        "joint_policy": [JOINT, [[[2.0, 0, 0], [0] * 3, [0] * 3]]]
    },
    "key 'conditional_policy', array 0, row[0, 2] sums to 1.25": {
        "conditional_policy": [[[[0.5] * 3, [0.25] * 3, [0.25, 0.25, 0.5]]], CONDITIONAL[1]]
    },
    "key 'opponent_model', array 1, row[0] sums to 0.0, expected 1": {"opponent_model": [[THIRDS], [[0.0] * 3]]},
    "key 'path': key 'policy', array 0, row[1, 0] sums to": {
        "path": PATH | {"policy": [[[THIRDS], [[0.5] * 3]], [[THIRDS]] * 2]}
    },
    "key 'path': key 'folds' holds 2, expected indices of 2 points, from 0 to 1": {"path": PATH | {"folds": [0, 2]}},
    "key 'path': key 'bifurcations' holds -1, expected indices": {"path": PATH | {"bifurcations": [-1]}},
    "key 'parameters', initial_policy has 1 arrays, expected 2, one per agent": {
        "parameters": {"initial_policy": [[THIRDS]]}
    },
    "key 'parameters', initial_policy, array 1, has shape (1, 2), expected (1, 3) for (S, A_i)": {
        "parameters": {"initial_policy": [[THIRDS], [[0.5, 0.5]]]}
    },
    "key 'parameters', policy, array 0, row[0] sums to 1.25": {
        "parameters": {"policy": [[[0.5, 0.25, 0.5]], [THIRDS]]}
    },
    "key 'parameters', target_policy has shape (1, 2), expected (1, 3, 3) for (S, A_1, …, A_n)": {
        "parameters": {"target_policy": {"array": [[0.5, 0.5]]}}
    },
    "key 'parameters', initial_policy, row[0] sums to 2": {
        "parameters": {"initial_policy": {"array": [[[0, 1, 0], [1, 0, 0], [0, 0, 0]]]}}
    },
    "key 'parameters', prior, array 0, has shape (1, 2), expected (1, 3) for (S, B_i)": {
        "parameters": {"prior": [[[0.5, 0.5]], [THIRDS]]}
    },
    "key 'parameters', models[1].game has 1 states and 2, 2 actions, expected 1 states and 3, 3 actions": {
        "parameters": {"models": [ITS_OWN | {"opponent_model": None}, SMALLER]}
    },
    "key 'parameters', models[0].opponent_model, array 1, row[0] sums to 1.25": {"parameters": {"models": [ITS_OWN]}},
}


@pytest.mark.parametrize(("message", "changes"), WRONG_NUMBERS.items(), ids=range(len(WRONG_NUMBERS)))
def test_what_is_no_policy_no_index_or_not_of_this_game_is_refused(message, changes, tmp_path):
    path = tmp_path / "numbers.json"
    path.write_text(written(**changes))
    with pytest.raises(InvalidInput, match=re.escape(f"{path}: {message}")) as caught:
        Solution.load(path)
    assert "\n" not in str(caught.value)


def test_what_is_right_is_read(tmp_path):
    parameters = {
        "initial_policy": {"array": JOINT},
        "prior": [[THIRDS]] * 2,
        "models": [ITS_OWN | {"opponent_model": None}],
    }
    right = {"joint_policy": [JOINT, JOINT], "conditional_policy": CONDITIONAL, "opponent_model": [[THIRDS]] * 2}
    (tmp_path / "right.json").write_text(written(path=PATH, parameters=parameters, **right))
    found = Solution.load(tmp_path / "right.json")
    assert found.path.bifurcations.tolist() == [1]
    assert found.joint_policy.tolist() == [JOINT, JOINT]


@pytest.mark.parametrize(
    ("text", "named"), BROKEN.items(), ids=[f"{i}-{name}" for i, name in enumerate(BROKEN.values())]
)
def test_a_broken_file_is_refused_with_the_key_or_line(text, named, tmp_path):
    path = tmp_path / "broken.json"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=rf"broken\.json.*\b{named}") as caught:
        Solution.load(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "named"), WRONG_SHAPES.items(), ids=[f"{i}-{name}" for i, name in enumerate(WRONG_SHAPES.values())]
)
def test_arrays_whose_shapes_disagree_are_refused(text, named, tmp_path):
    path = tmp_path / "shapes.json"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=rf"shapes\.json: keys? .*'{named}'.*, expected ") as caught:
        Solution.load(path)
    assert "\n" not in str(caught.value)


def test_the_error_of_a_wrong_shape_says_what_was_expected(tmp_path):
    path = tmp_path / "shapes.json"
    path.write_text(written(q=[[1.0, 2.0, 3.0]]))
    with pytest.raises(InvalidInput) as caught:
        Solution.load(path)
    assert str(caught.value) == (
        f"{path}: key 'q' has shape (1, 3), expected (1, 3, 3) for (S, A_1, …, A_n) or (2, 1, 3, 3) for "
        "(n, S, A_1, …, A_n): the lengths are those of policy"
    )


def test_the_error_of_a_wrong_history_does_not_point_to_the_policy(tmp_path):
    path = tmp_path / "history.json"
    path.write_text(written(history=[0.5] * 999))
    with pytest.raises(InvalidInput, match=r"key 'history' has shape \(999,\), expected ") as caught:
        Solution.load(path)
    assert "policy" not in str(caught.value)


def test_a_file_of_an_older_version_names_no_equation_and_no_temperature(tmp_path):
    (tmp_path / "old.json").write_text(written(**dict.fromkeys(NEWER, "left out")))
    old = Solution.load(tmp_path / "old.json")
    assert old.equation is None
    assert old.temperature is None
    described = {"models": [{"game": "<Game: …>", "opponent_model": None}]}
    (tmp_path / "old.json").write_text(written(parameters=described))
    assert plain(Solution.load(tmp_path / "old.json").parameters) == described
    assert QUANTAL_RESPONSE.residual(HASAC, old) == QUANTAL_RESPONSE.residual(HASAC, SOLUTIONS["haspi"])


def test_files_that_are_missing_or_no_text_are_refused(tmp_path):
    with pytest.raises(InvalidInput, match="missing"):
        Solution.load(tmp_path / "missing.json")
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidInput, match="bytes"):
        Solution.load(tmp_path / "bytes.json")


def test_require_returns_the_solution_or_raises_with_its_residual():
    done, unfinished = SOLUTIONS["haspi"], SOLUTIONS["max_steps"]
    assert done.require() is done
    with pytest.raises(NotConverged, match=f"haspi.*max_steps.*residual {unfinished.residual:.3g} after 1 steps"):
        unfinished.require()


@pytest.mark.parametrize("status", Status)
def test_only_one_status_counts_as_converged(status):
    solution = dataclasses.replace(SOLUTIONS["haspi"], status=status)
    assert solution.converged is (status is Status.CONVERGED)
    assert len(str(status)) > 20  # a sentence that says what to do, not a word


@given(st.floats(1e-300, 1e300), TEMPERATURES)
def test_the_rounding_floor_scales_with_the_values(size, temperature):
    q, eps = np.array([size, -size / 2]), float(np.finfo(np.float64).eps)
    assert rounding_floor(q) == rounding_floor(-q) == eps * size
    assert rounding_floor(q, temperature) == eps * max(1.0, size / temperature)


def test_a_solution_can_be_pickled_and_copied():
    solution = haspi(load("hasac"), temperature=10.0)
    for other in (pickle.loads(pickle.dumps(solution)), copy.deepcopy(solution)):
        assert other.to_dict() == solution.to_dict()
        assert not other.q.flags.writeable
        assert other.equation is solution.equation


NAMED = Game.stochastic(
    np.arange(8.0).reshape(2, 2, 2),
    np.full((2, 2, 2, 2), 0.5),
    0.5,
    agent_names=("Ann", "Bob"),
    action_names=(("park", "bridge"), None),
    state_names=(("dry", 1), "rain"),
)


@pytest.mark.parametrize("ending", ["json", "npz"])
@pytest.mark.parametrize(
    "solve",
    [
        lambda game: haspi(game, temperature=1.0),
        lambda game: soft_evaluation(game, policy=uniform_policy(game), temperature=1.0),
    ],
)
def test_names_travel_with_a_solution(solve, ending, tmp_path):
    found = solve(NAMED)
    assert found.agent_names == NAMED.agent_names
    assert found.action_names == NAMED.action_names
    assert found.state_names == ("('dry', 1)", "rain")
    found.save(tmp_path / f"s.{ending}")
    again = Solution.load(tmp_path / f"s.{ending}")
    for one in (again, pickle.loads(pickle.dumps(found))):
        assert (one.agent_names, one.action_names) == (found.agent_names, found.action_names)
        assert one.state_names == found.state_names
        assert str(one) == str(found)
    for name in ("Ann", "Bob", "park", "bridge", "rain"):
        assert name in str(found)


def test_names_that_do_not_fit_a_solution_are_refused():
    values = haspi(NAMED, temperature=1.0).to_dict()
    for key, wrong in (("agent_names", ["Ann"]), ("action_names", [["park"], None]), ("state_names", ["dry", "dry"])):
        with pytest.raises(ValueError, match=f"given: key {key}"):
            Solution.from_dict(values | {key: wrong}, "given")
        assert getattr(Solution.from_dict({k: v for k, v in values.items() if k != key}, "given"), key) is None

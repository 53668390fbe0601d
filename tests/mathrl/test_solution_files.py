"""Solutions as text for readers, as NumPy archives, and several in one file."""

import dataclasses
import json
import zipfile

import numpy as np
import pytest
from hypothesis import given

from mathrl.base.checks import InvalidInput
from mathrl.games import Game, load, save
from mathrl.proofs_checks.strategies import TEMPERATURES, episodic, games, masked
from mathrl.solution import Solution, load_solutions, save_solutions
from mathrl.solution.text import SHOWN_ROWS
from mathrl.solvers import haspi, optimal, qre, qre_branch, rommeo_q, soft_evaluation, soft_q_iteration, soft_qmix

HASAC = load("hasac")
SOLUTIONS = {
    "haspi": haspi(HASAC, temperature=10.0, initial_policy=[[0.6, 0.2, 0.2]] * 2, order="random"),
    "own": qre(load("chicken"), temperature=1.0, entropy="own"),
    "path": qre_branch(load("stag-hunt"), temperature=0.2),
    "optimal": optimal(load("opt-in")),
    "models": rommeo_q(load("climbing-rommeo"), temperature=1.0),
    "correlated": soft_q_iteration(HASAC, temperature=5.0),
    "mixed": soft_qmix(load("soft-qmix"), temperature=1.0),
    "soft_evaluation": soft_evaluation(HASAC, policy=[[0.6, 0.2, 0.2]] * 2, temperature=1.0),
}
every_solution = pytest.mark.parametrize("solution", SOLUTIONS.values(), ids=SOLUTIONS)


def assert_identical(ours, theirs):
    """Every number bit by bit, those that are not finite too; texts and numbers of the same types."""
    if dataclasses.is_dataclass(ours) and not isinstance(ours, type) and type(ours) is type(theirs):
        pairs = [(getattr(ours, item.name), getattr(theirs, item.name)) for item in dataclasses.fields(ours)]
        for left, right in [] if ours is theirs else pairs:
            assert_identical(left, right)
    elif isinstance(ours, np.ndarray):
        assert (ours.shape, ours.dtype, ours.tobytes()) == (theirs.shape, theirs.dtype, theirs.tobytes())
        assert not theirs.flags.writeable
    elif isinstance(ours, tuple):
        assert (type(theirs), len(theirs)) == (tuple, len(ours))
        for left, right in zip(ours, theirs, strict=True):
            assert_identical(left, right)
    elif hasattr(ours, "items"):
        assert list(ours) == list(theirs)
        for name in ours:
            assert_identical(ours[name], theirs[name])
    elif isinstance(ours, float) and ours != ours:
        assert theirs != theirs
    else:
        assert (type(ours), ours) == (type(theirs), theirs)


@every_solution
def test_an_archive_holds_the_same_solution(solution, tmp_path):
    solution.save(tmp_path / "solution.npz")
    assert_identical(solution, Solution.load(tmp_path / "solution.npz"))
    assert (tmp_path / "solution.npz").read_bytes()[:2] == b"PK"


@given(masked(games(structure="common-payoff")) | episodic(masked(games(structure="common-payoff"))), TEMPERATURES)
def test_any_solution_is_in_its_archive_bit_by_bit(tmp_path_factory, game, temperature):
    path = tmp_path_factory.mktemp("solutions") / "solution.npz"
    solution = haspi(game, temperature=temperature, max_steps=3)
    solution.save(path)
    assert_identical(solution, Solution.load(path))


def test_what_json_loses_an_archive_keeps(tmp_path):
    odd = dataclasses.replace(
        SOLUTIONS["haspi"],
        history=np.array([np.inf, -np.inf, np.nan, -0.0]),
        steps=4,
        status=SOLUTIONS["haspi"].status.MAX_STEPS,
        residual=float("inf"),
    )
    for name in ("odd.npz", "odd.json"):
        odd.save(tmp_path / name)
    assert_identical(odd, Solution.load(tmp_path / "odd.npz"))
    assert np.isnan(Solution.load(tmp_path / "odd.json").residual)


def arrays_of(solution, tmp_path):
    solution.save(tmp_path / "whole.npz")
    with np.load(tmp_path / "whole.npz") as archive:
        return dict(archive)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"q": None}, "lacks the array 'q'"),
        ({"policy_0": None}, "lacks the array 'policy'|lacks the array 'policy_0'"),
        ({"q": np.zeros((1, 3, 3), np.float32)}, "array 'q' has dtype float32, expected floats of 64 bits"),
        ({"q": np.zeros((1, 2, 2))}, r"key 'q' has shape \(1, 2, 2\)"),
        ({"v": np.array(["much"])}, "array 'v' has dtype <U4"),
        ({"residual": np.zeros(2)}, r"array 'residual' has shape \(2,\), expected one number"),
        ({"residual": np.array(-1.0)}, "key 'residual' is -1"),
        ({"policy_1": np.array([[0.5, 0.5, 0.5]])}, "sums to 1.5"),
        ({"document": None}, "lacks the text 'document'"),
        ({"document": np.array("[1]")}, "holds a list, expected one JSON object"),
        ({"document": np.array("{")}, "is not JSON"),
        ({"document": np.array('{"status": "DONE"}')}, "status"),
    ],
)
def test_a_broken_archive_is_refused_with_the_array(changed, message, tmp_path):
    arrays = arrays_of(SOLUTIONS["haspi"], tmp_path) | changed
    np.savez(tmp_path / "broken.npz", **{name: array for name, array in arrays.items() if array is not None})
    with pytest.raises(InvalidInput, match=rf"broken\.npz.*({message})") as caught:
        Solution.load(tmp_path / "broken.npz")
    assert "\n" not in str(caught.value)


def test_other_archives_are_refused(tmp_path):
    save(HASAC, tmp_path / "game.npz")
    (tmp_path / "text.npz").write_text("no archive")
    for name in ("game.npz", "text.npz", "missing.npz"):
        for read in (Solution.load, load_solutions):
            with pytest.raises(InvalidInput, match=name):
                read(tmp_path / name)


def test_archives_that_cannot_be_unpacked_are_refused(tmp_path):
    """An array that its header says is huge; and one that is said to be encrypted."""
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000000,), }\n"
    with zipfile.ZipFile(tmp_path / "huge.npz", "w") as archive:
        archive.writestr("q.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    SOLUTIONS["own"].save(tmp_path / "locked.npz")
    data = bytearray((tmp_path / "locked.npz").read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    data[6] |= 1
    (tmp_path / "locked.npz").write_bytes(data)
    for name in ("huge.npz", "locked.npz"):
        for read in (Solution.load, load_solutions, load):
            with pytest.raises(InvalidInput, match=rf"{name}.*no \.npz archive of plain arrays \("):
                read(tmp_path / name)


@pytest.mark.parametrize("ending", [".json", ".npz"])
def test_several_solutions_are_read_back(ending, tmp_path):
    """Of different games and solvers, in their order; and of none."""
    for several in (list(SOLUTIONS.values()), []):
        save_solutions(iter(several), tmp_path / f"several{ending}")
        back = load_solutions(tmp_path / f"several{ending}")
        assert [one.to_dict() for one in back] == [one.to_dict() for one in several]
        if ending == ".npz":
            assert_identical(tuple(several), back)
    SOLUTIONS["own"].save(tmp_path / f"one{ending}")
    assert [one.to_dict() for one in load_solutions(tmp_path / f"one{ending}")] == [SOLUTIONS["own"].to_dict()]


@pytest.mark.parametrize("ending", [".json", ".npz"])
def test_one_of_several_is_not_taken_for_all(ending, tmp_path):
    save_solutions([SOLUTIONS["own"]] * 3, tmp_path / f"three{ending}")
    with pytest.raises(InvalidInput, match=r"holds .*3.*load_solutions"):
        Solution.load(tmp_path / f"three{ending}")


def test_the_broken_one_of_several_is_named(tmp_path):
    (tmp_path / "several.json").write_text(json.dumps([SOLUTIONS["own"].to_dict(), {"policy": 3}]))
    with pytest.raises(InvalidInput, match=r"several\.json, solution 1"):
        load_solutions(tmp_path / "several.json")
    with pytest.raises(InvalidInput, match=r"solutions\[0\] is of type int"):
        save_solutions([3], tmp_path / "none.json")


def shown_rows(solution):
    """The rows of the table that `print` shows."""
    lines = str(solution).splitlines()
    rule = next(k for k, line in enumerate(lines) if line.startswith("---"))
    return [line.split() for line in lines[rule + 1 :] if not line.startswith("…")]


@every_solution
def test_print_shows_how_the_run_ended_and_a_row_for_each_state_and_agent(solution):
    shown = str(solution)
    for said in (solution.solver, solution.status.name, f"{solution.residual:.2g}", f"{solution.rounding_floor:.2g}"):
        assert said in shown
    assert (solution.temperature is None) or f"at temperature {solution.temperature:g}" in shown
    rows = shown_rows(solution)
    assert len(rows) == len(solution.policy) * len(solution.policy[0])
    states = len(solution.policy[0]) > 1
    for row in rows:
        state, agent, value, *probabilities = row if states else ["0", *row]
        v = solution.v if solution.v.ndim == 1 else solution.v[int(agent)]
        assert float(value) == pytest.approx(v[int(state)], rel=1e-5)  # six digits are shown
        own = solution.policy[int(agent)][int(state)]
        assert [float(p) for p in probabilities] == pytest.approx(own.tolist(), abs=5.1e-7)  # and six decimals
    assert "…" not in shown


def test_a_large_game_is_shown_in_part_and_says_how_much_more_there_is():
    shown = str(haspi(load("dmac"), temperature=1.0))
    assert len(shown.splitlines()) < SHOWN_ROWS + 10
    assert shown.splitlines()[-1] == "… 24 more states in solution.policy and solution.v"  # 20 rows are 6 states of 3
    many = Game.matrix(np.arange(30.0).reshape(15, 2))
    assert str(haspi(many, temperature=1.0)).splitlines()[-1].startswith("… 7 more actions")


def test_print_has_a_dash_where_an_action_is_not_available():
    game = Game.matrix(np.array([[0.0, 1.0], [2.0, 3.0]]), available=[[1, 1], [1, 0]])
    assert [row[-2:] for row in shown_rows(haspi(game, temperature=1.0))][1] == ["1.000000", "-"]


def test_names_are_shown_as_they_are():
    """Also names that are numbers, of any length, or that begin as those of agents without names do."""
    names = {"agent_names": ("007", "agent smith"), "state_names": ("01", "1" * 5000)}
    game = Game.stochastic(np.arange(8.0).reshape(2, 2, 2), np.full((2, 2, 2, 2), 0.5), 0.5, **names)
    rows = [row[:3] for row in shown_rows(haspi(game, temperature=1.0))]
    assert [row[:2] for row in rows] == [["01", "007"], ["01", "agent"], ["1" * 5000, "007"], ["1" * 5000, "agent"]]
    assert rows[1][2] == rows[3][2] == "smith"


def test_repr_stays_one_line():
    assert all("\n" not in repr(solution) for solution in SOLUTIONS.values())

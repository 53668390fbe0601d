"""A batch as a sequence: its items are solutions, its parts are batches, and batches are joined."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.batch import BatchSolution, each, haspi, qre, qre_branch
from mathrl.games import Game, random_matrix, random_stochastic
from mathrl.games.learned_model import LearnedModel
from mathrl.iteration.outcome import Status
from mathrl.solution import NotConverged, Solution
from mathrl.solvers import mehaml, nash_q, rommeo_q, soft_evaluation, soft_q_iteration
from mathrl.solvers import qre as solve_qre

B = 6
GENERAL = np.random.default_rng(0).standard_normal((B, 2, 2, 3))
COMMON = np.random.default_rng(1).standard_normal((B, 1, 3, 2))
TEMPERATURES = np.geomspace(0.2, 3.0, B)
START = [np.full((B, 2), 0.5), np.tile([0.2, 0.3, 0.5], (B, 1))]
MASKS = [np.array([[True, True], [True, False]] * 3), [True, True, True]]
GAMES = [random_matrix((2, 3), structure="common-payoff", seed=seed) for seed in range(B)]
MODELS = tuple(LearnedModel(game) for game in GAMES[1:3])
BATCHES = {
    "qre": qre(GENERAL, temperature=TEMPERATURES, initial_policy=START),
    "own": qre(COMMON, temperature=0.5, entropy="own"),
    "branch": qre_branch(GENERAL, temperature=TEMPERATURES, entropy="none"),
    "masked": qre(GENERAL, temperature=TEMPERATURES, available=MASKS),
    "haspi": haspi(COMMON, temperature=TEMPERATURES, order="random", max_steps=50),
    "each": each(soft_q_iteration, GAMES, temperature=0.5),
    "models": each(rommeo_q, GAMES, temperature=0.5),
    "untempered": each(nash_q, [random_matrix((2, 2), structure="zero-sum", seed=seed) for seed in range(B)]),
    "states": each(solve_qre, [random_stochastic(3, (2, 2), seed=seed) for seed in range(B)], temperature=0.5),
}
every_batch = pytest.mark.parametrize("batch", BATCHES.values(), ids=BATCHES)


def same(ours, theirs):
    """Whether two solutions are the same, bit by bit."""
    return ours.to_dict() == theirs.to_dict()


@every_batch
def test_an_item_is_the_solution_of_a_game(batch):
    assert len(batch) == len(list(batch)) == B
    for k, item in enumerate(batch):
        assert isinstance(item, Solution)
        assert all(np.array_equal(own, rows[k]) for own, rows in zip(item.policy, batch.policy, strict=True))
        assert np.array_equal(item.objective, batch.objective[k])
        found = (item.residual, item.rounding_floor, item.steps, item.status)
        assert found == (batch.residual[k], batch.rounding_floor[k], batch.steps[k], batch.status[k])
        assert len(item.history) == item.steps
        assert np.isnan(item.history).all()
    assert same(batch[-1], batch[B - 1])
    with pytest.raises(IndexError, match=rf"index is {B}, and the batch has {B} games"):
        batch[B]


def test_an_item_has_the_values_of_its_policy():
    """As exact evaluation finds them, whosever entropy counts, and where actions are not available."""
    for name, payoffs, entropy in (("own", COMMON, "own"), ("branch", GENERAL, "none"), ("masked", GENERAL, "team")):
        for k, item in enumerate(BATCHES[name]):
            there = None if name != "masked" else [MASKS[0][k], MASKS[1]]
            game = Game.matrix(payoffs[k][0] if len(payoffs[k]) == 1 else list(payoffs[k]), available=there)
            exact = soft_evaluation(game, policy=item.policy, temperature=item.temperature, entropy=entropy)
            assert np.array_equal(item.q, exact.q)
            np.testing.assert_allclose(item.v, exact.v, rtol=0, atol=1e-14)  # sums of some ten terms of size 1
            assert item.equation.residual(game, item) == pytest.approx(item.residual, abs=1e-14)


def test_an_item_of_each_is_what_the_solver_gave_but_for_its_history():
    for k, item in enumerate(BATCHES["each"]):
        alone = soft_q_iteration(GAMES[k], temperature=0.5)
        ours, theirs = item.to_dict(), alone.to_dict()
        assert {name for name in ours if ours[name] != theirs[name]} <= {"history"}


def test_the_parameters_of_an_item_are_those_of_its_game():
    item = BATCHES["qre"][2]
    assert item.solver == "batch.qre"
    assert item.temperature == item.parameters["temperature"] == TEMPERATURES[2]
    assert [own.tolist() for own in item.parameters["initial_policy"]] == [[[0.5, 0.5]], [[0.2, 0.3, 0.5]]]
    again = qre(GENERAL[2:3], **item.parameters)
    assert same(again[0], item)


@every_batch
def test_an_item_is_saved_and_read_as_other_solutions_are(batch, tmp_path):
    for ending in (".json", ".npz"):
        batch[1].save(tmp_path / f"item{ending}")
        assert same(Solution.load(tmp_path / f"item{ending}"), batch[1])
    assert str(batch[1]).startswith(batch[1].solver)


@every_batch
def test_a_batch_is_read_back_with_its_items(batch, tmp_path):
    batch.save(tmp_path / "batch.npz")
    back = BatchSolution.load(tmp_path / "batch.npz")
    assert all(same(one, other) for one, other in zip(batch, back, strict=True))
    copied = pickle.loads(pickle.dumps(batch))
    assert all(same(one, other) for one, other in zip(batch, copied, strict=True))


@given(st.sampled_from(sorted(BATCHES)), st.integers(0, B), st.integers(0, B))
def test_parts_and_their_concatenation_hold_the_same_items(name, first, last):
    batch = BATCHES[name]
    parts = [batch[:first], batch[first:last], batch[max(first, last) :]]
    assert [len(part) for part in parts] == [first, max(0, last - first), B - max(first, last)]
    whole = BatchSolution.concatenated(parts)
    assert all(same(one, other) for one, other in zip(whole, batch, strict=True))


@every_batch
def test_a_mask_and_a_list_select_games(batch):
    some = batch.residual <= np.median(batch.residual)
    assert [item.residual for item in batch[some]] == batch.residual[some].tolist()
    assert same(batch[[3, 0]][0], batch[3])
    assert not batch[[3, 0]].policy[0].flags.writeable
    assert (len(batch[[]]), len(batch[np.zeros(B, dtype=bool)])) == (0, 0)
    for no_selection in (True, [[0, 1]], None):
        with pytest.raises(ValueError, match="index is"):
            batch[no_selection]


def test_parameters_that_differ_have_a_row_for_each_game():
    loose, tight = qre(GENERAL, temperature=1.0, tol=1e4), qre(GENERAL, temperature=2.0)
    both = BatchSolution.concatenated([loose, tight])
    assert [item.parameters["tol"] for item in both] == [1e4] * B + [100.0] * B
    assert [item.temperature for item in both] == [1.0] * B + [2.0] * B


@pytest.mark.parametrize(
    "parts",
    [
        [haspi(COMMON, temperature=1.0, order=order) for order in (None, "random", [1, 0])],
        [each(mehaml, GAMES, temperature=temperature) for temperature in (0.0, 1.0)],  # whose equations differ
        [each(soft_q_iteration, GAMES[:1], temperature=1.0, models=models) for models in (MODELS, MODELS[:1])],
    ],
    ids=["orders", "equations", "models"],
)
def test_what_differs_in_kind_is_read_back_too(parts, tmp_path):
    whole = BatchSolution.concatenated(parts)
    assert all(same(one, other) for one, other in zip(whole, [item for part in parts for item in part], strict=True))
    whole.save(tmp_path / "whole.npz")
    back = BatchSolution.load(tmp_path / "whole.npz")
    assert all(same(one, other) for one, other in zip(whole, back, strict=True))
    assert [one.equation for one in back] == [one.equation for one in whole]


def test_batches_of_other_shapes_are_not_joined():
    with pytest.raises(ValueError, match=r"batches\[1\] is of another kind"):
        BatchSolution.concatenated([BATCHES["qre"], BATCHES["haspi"]])
    with pytest.raises(ValueError, match="batches are none"):
        BatchSolution.concatenated([])
    with pytest.raises(ValueError, match=r"batches\[0\] is"):
        BatchSolution.concatenated([3])


def test_a_batch_of_an_older_version_has_arrays_and_no_items(tmp_path):
    BATCHES["qre"].save(tmp_path / "new.npz")
    with np.load(tmp_path / "new.npz") as archive:
        np.savez(tmp_path / "old.npz", **{name: archive[name] for name in archive if not name.startswith("kept")})
    old = BatchSolution.load(tmp_path / "old.npz")
    assert (len(old), old.residual.tolist()) == (B, BATCHES["qre"].residual.tolist())
    assert len(old[:2]) == 2
    with pytest.raises(ValueError, match="older version, which kept no q"):
        old[0]


def test_what_is_kept_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        BATCHES["qre"].kept["q"][0] = 0
    given = np.random.default_rng(2).standard_normal((3, 2, 2, 2))
    found = qre(given, temperature=1.0)
    before = found[0].q.copy()
    given[:] = 0
    assert np.array_equal(found[0].q, before)


def test_an_item_that_did_not_converge_says_so():
    item = haspi(COMMON, temperature=0.01, max_steps=0)[0]
    assert item.status in (Status.MAX_STEPS, Status.CONVERGED)
    assert item.steps == 0


def test_a_batch_is_required_as_a_solution_is():
    batch = BATCHES["qre"]
    assert batch.require() is batch
    payoffs = GENERAL * np.array([0, 0, 1, 0, 1, 0])[:, None, None, None]
    cut = qre(payoffs, temperature=0.2, max_steps=1)
    with pytest.raises(NotConverged, match=r"^2 of 6 games did not converge, the first is game 2: max_steps steps"):
        cut.require()


def test_the_argument_that_was_given_is_named():
    for solve in (qre, qre_branch):
        with pytest.raises(ValueError, match=rf"^rationality has shape \(2,\), expected a number, or \({B},\)"):
            solve(GENERAL, rationality=[1.0, 2.0])
        with pytest.raises(ValueError, match=r"^temperature has shape \(2,\)"):
            solve(GENERAL, temperature=[1.0, 2.0])

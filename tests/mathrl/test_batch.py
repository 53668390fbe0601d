"""Many games, one solution each: the same as one by one, with statuses of their own."""

from dataclasses import replace

import numpy as np
import pytest

from mathrl import solvers
from mathrl.batch import BatchSolution, each, qre_branch
from mathrl.games import load, random_matrix, random_stochastic
from mathrl.iteration.iterate import interruptible, watching
from mathrl.iteration.outcome import Status
from mathrl.solvers import haspi, nash_q, qre, rommeo_q, soft_qmix


def small(structure, count=12):
    return [random_matrix((2, 3), structure=structure, seed=seed) for seed in range(count)]


@pytest.mark.parametrize("solver", [haspi, soft_qmix, rommeo_q])
def test_each_game_is_solved_as_alone(solver):
    games = small("common-payoff")
    found = each(solver, games, temperature=0.1)
    for k, game in enumerate(games):
        alone = solver(game, temperature=0.1)
        assert all(np.array_equal(rows[k], own) for rows, own in zip(found.policy, alone.policy, strict=True))
        assert np.array_equal(found.objective[k], alone.objective)
        assert (found.residual[k], found.rounding_floor[k], found.steps[k], found.status[k], found.period[k]) == (
            alone.residual, alone.rounding_floor, alone.steps, alone.status, alone.period or 0,
        )  # fmt: skip


def test_each_game_has_its_own_status():
    """As a stack these would all be out of class, or all cycle."""
    games = [load("matching-pennies"), load("chicken"), load("stag-hunt"), load("battle-of-the-sexes")]
    found = each(nash_q, games)
    assert [status.name for status in found.status] == ["CONVERGED", "OUT_OF_CLASS", "CONVERGED", "OUT_OF_CLASS"]
    assert found.converged.tolist() == [True, False, True, False]
    mixed = each(soft_qmix, small("common-payoff", 40), temperature=0.05)
    cycled = np.array([status is Status.CYCLED for status in mixed.status])
    assert cycled.any()
    assert mixed.converged.any()
    assert np.array_equal(cycled, mixed.period > 1)


def test_an_interrupt_keeps_what_was_solved_if_that_is_asked_for():
    def games():
        yield from small("common-payoff", 3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        each(haspi, games(), temperature=1.0)
    with interruptible():
        assert len(each(haspi, games(), temperature=1.0).status) == 3
    with interruptible(), pytest.raises(KeyboardInterrupt):
        each(haspi, (1 / 0 if k else (_ for _ in ()).throw(KeyboardInterrupt) for k in range(1)), temperature=1.0)


def test_bad_input():
    with pytest.raises(ValueError, match="games is empty"):
        each(haspi, [], temperature=1.0)
    with pytest.raises(ValueError, match=r"games\[1\] is .*the shape of games\[0\]"):
        each(haspi, [load("hasac"), random_matrix((2, 2), seed=0)], temperature=1.0)
    with pytest.raises(ValueError, match=r"games\[1\] is .*the shape of games\[0\]"):
        each(nash_q, [load("pure-coordination"), load("matching-pennies")])
    with pytest.raises(ValueError, match=r"games\[0\] is of type int"):
        each(haspi, [1, 2], temperature=1.0)
    with pytest.raises(ValueError, match="games is 5, expected games"):
        each(haspi, 5, temperature=1.0)
    with pytest.raises(ValueError, match="temperature"):
        each(haspi, [load("hasac")], temperature=-1.0)
    with pytest.raises(ValueError, match=r"temperature is \[1, 2\], expected one temperature"):
        each(solvers.qre_branch, [load("hasac")], temperature=[1, 2])
    with pytest.raises(ValueError, match=r"\(5, 3, 3\).*\(5, 1, 3, 3\), one for each agent \(5, 2, 3, 3\)"):
        qre_branch(np.zeros((5, 3, 3)), temperature=1.0)


def test_games_of_several_states():
    games = [random_stochastic(4, (2, 2), discount=0.9, seed=seed) for seed in range(3)]
    assert each(haspi, games, temperature=0.5).policy[0].shape == (3, 4, 2)


def test_a_watcher_that_is_there_stays():
    seen = []
    with watching(lambda step, residual: seen.append(step)):
        found = each(haspi, small("common-payoff", 3), temperature=0.5)
    assert len(seen) == found.steps.sum()


def equal(found, other):
    arrays = [getattr(found, name) for name in ("objective", "residual", "rounding_floor", "steps", "period")]
    others = [getattr(other, name) for name in ("objective", "residual", "rounding_floor", "steps", "period")]
    pairs = [*zip(arrays, others, strict=True), *zip(found.policy, other.policy, strict=True)]
    return (
        all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in pairs)
        and found.status.tolist() == other.status.tolist()
        and found.road.tolist() == other.road.tolist()
    )


def test_a_batch_reads_back_as_it_was_saved(tmp_path):
    mixed = each(soft_qmix, small("common-payoff", 40), temperature=0.05)
    general = each(qre, small("general-sum"), temperature=1.0)
    empty = qre_branch(np.empty((0, 2, 2, 3)), temperature=1.0)
    interrupted = replace(
        general, residual=np.full(12, np.nan), status=np.array(12 * [Status.INTERRUPTED], dtype=object)
    )
    for k, found in enumerate((mixed, general, empty, interrupted)):
        found.save(tmp_path / f"{k}.npz")
        back = BatchSolution.load(tmp_path / f"{k}.npz")
        assert equal(found, back)
        assert all(isinstance(status, Status) for status in back.status)
        assert not back.policy[0].flags.writeable
    assert not equal(mixed, replace(mixed, status=np.array(40 * [Status.CONVERGED], dtype=object)))


def test_files_that_are_no_batch_are_refused(tmp_path):
    found = each(haspi, small("common-payoff"), temperature=1.0)
    path = tmp_path / "found.npz"
    found.save(path)
    arrays = dict(np.load(path))
    first, row = arrays["policy_0"], np.arange(12)[:, None, None]

    def refused(message, **changed):
        np.savez(path, **{name: rows for name, rows in (arrays | changed).items() if rows is not None})
        with pytest.raises(ValueError, match=message):
            BatchSolution.load(path)

    refused("found.npz: array 'road' is missing", road=None)
    refused("found.npz: array 'policy_0' is missing", policy_0=None)
    refused(r"array 'residual' has shape \(3,\)", residual=np.zeros(3))
    for name in ("residual", "rounding_floor", "steps", "period", "status", "road"):
        refused(rf"array '{name}' has shape \(12, 1\), expected \(12,\): a batch", **{name: arrays[name][:, None]})
    for wrong in (arrays["objective"][:, None, None], np.zeros((12, 3))):
        refused(r"array 'objective' has shape \(12, .*, expected \(12,\) or \(12, 2\)", objective=wrong)
    for wrong in (first[:, 0], first[..., None], first[:, :, :0]):
        refused(r"array 'policy_0' has shape \(12.*, expected \(12, \d, A_i\)", policy_0=wrong)
    refused(r"array 'policy_1' has shape \(12, 2, 2\), expected \(12, 1, A_i\)", policy_1=np.full((12, 2, 2), 0.5))
    refused(r"array 'policy_0', row\[3, 0\] sums to 2\.0, expected 1: normalise", policy_0=first * (1 + (row == 3)))
    refused(r"array 'policy_0', row\[2, 0, 0\] is -\d.*, expected a probability", policy_0=first * (1 - 2 * (row == 2)))
    refused("array 'steps' has dtype float64, expected integers: a batch", steps=arrays["steps"] * 1.0)
    refused("array 'policy_0' has dtype <U32, expected floats: a batch", policy_0=first.astype(str))
    refused("array 'road' has dtype int64, expected texts: a batch", road=arrays["steps"])
    refused("array 'status' holds 'FINE', expected one of CONVERGED", status=np.full(12, "FINE"))
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ValueError, match=r"found.npz: the file is no .npz archive"):
        BatchSolution.load(path)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match=r"found.npz: the file is no .npz archive of plain arrays, expected a batch"):
        BatchSolution.load(path)
    with pytest.raises(ValueError, match=r"nowhere.npz cannot be read"):
        BatchSolution.load(tmp_path / "nowhere.npz")
    with pytest.raises(ValueError, match=r"ends in '.json', expected .npz"):
        found.save(tmp_path / "found.json")


def test_a_batch_shows_how_many_games_ended_how():
    found = each(nash_q, [load("matching-pennies"), load("chicken"), load("stag-hunt")])
    assert repr(found) == "<BatchSolution: 3 games: 2 CONVERGED, 1 OUT_OF_CLASS>"
    assert set(found.road) == {"nash_q"}
    assert (found.status == Status.OUT_OF_CLASS).tolist() == [False, True, False]

"""Large payoffs that nobody gets change no answer of a batch, and what doubles cannot tell is not converged there."""

import numpy as np
import pytest

from mathrl import batch, solvers
from mathrl.games import Game
from mathrl.iteration.outcome import Status

pytestmark = pytest.mark.filterwarnings("ignore::mathrl.games.MaskLikeReward")

PENALTIES = np.array([1e6, 1e9, 1e12, 1e15, 1e20, 1e30])
TEMPERATURE = 0.5


def forbidden(payoffs, row):
    """The games (m, A, B) with one more row, for each of the penalties."""
    return np.stack([np.insert(payoffs, row, -penalty, axis=1) for penalty in PENALTIES])


@pytest.mark.parametrize("common", [True, False])
@pytest.mark.parametrize(("name", "row"), [("haspi", 0), ("haspi", 2), ("qre", 0), ("qre", 2), ("qre_branch", 2)])
def test_a_forbidden_row_changes_nothing(name, row, common):
    if name == "haspi" and not common:
        pytest.skip("HASPI takes a common payoff")
    payoffs = np.array([[[2.0, 0.0], [0.0, 1.0]]]) if common else np.random.default_rng(0).standard_normal((2, 2, 2))
    right = getattr(batch, name)(payoffs[None], temperature=TEMPERATURE)
    wide = forbidden(payoffs, row)
    found = getattr(batch, name)(wide, temperature=TEMPERATURE)
    assert found.converged.all()
    assert (found.rounding_floor < 1e-14).all()
    first, second = (own[:, 0] for own in found.policy)
    for own, theirs in zip((np.delete(first, row, axis=1), second), right.policy, strict=True):
        # policies end where a residual is 100 floors of 2/0.5, and slow iterations some times as far from their end
        np.testing.assert_allclose(own, np.broadcast_to(theirs[0], own.shape), rtol=0, atol=1e-9)
    assert not first[:, row].any()
    game = wide[2, 0] if common else list(wide[2])
    alone = getattr(solvers, name)(Game.matrix(game), temperature=TEMPERATURE).require()
    for rows, own in zip(found.policy, alone.policy, strict=True):
        np.testing.assert_allclose(rows[2], own, rtol=0, atol=1e-9)  # as above


@pytest.mark.parametrize("name", ["haspi", "qre"])
def test_games_are_judged_one_by_one(name):
    """Beside a game with a forbidden row, and beside one with an offset, an ordinary game stays as it is."""
    payoffs = np.random.default_rng(1).standard_normal((1, 1, 3, 2))
    others = [np.where(np.eye(3)[2][:, None] > 0, -1e12, payoffs), payoffs + 1e12]
    solve = getattr(batch, name)
    alone = [solve(game, temperature=TEMPERATURE) for game in (payoffs, *others)]
    found = solve(np.concatenate([payoffs, *others]), temperature=TEMPERATURE)
    for k, one in enumerate(alone):
        assert np.array_equal(found.policy[0][k], one.policy[0][0])
        assert (found.residual[k], found.rounding_floor[k]) == (one.residual[0], one.rounding_floor[0])
    assert found.rounding_floor[2] == pytest.approx(np.finfo(float).eps * 1e12 / TEMPERATURE)  # of payoffs as given


@pytest.mark.parametrize("name", ["haspi", "qre"])
@pytest.mark.parametrize("temperature", [1e-10, 1e-12, 1e-15, 1e-100])
def test_a_start_near_its_response_is_no_answer(name, temperature):
    """A rounding of 2 is 4 of the lowest temperature but two, but the response is pure."""
    found = getattr(batch, name)(
        np.array([[[[2.0, 0.0], [0.0, 1.0]]]]), temperature=temperature, initial_policy=[[0.998, 0.002]] * 2
    )
    assert found.converged.all()
    assert [own[0, 0].tolist() for own in found.policy] == [[1.0, 0.0]] * 2


@pytest.mark.parametrize("penalty", [1e3, 1e6])
def test_newtons_method_finds_the_last_digits_beside_a_forbidden_first_row(penalty):
    """Of which its log ratios are multiples."""
    payoffs = np.random.default_rng(0).standard_normal((1, 2, 2, 2))
    found = batch.qre_branch(np.insert(payoffs, 0, -penalty, axis=2), temperature=TEMPERATURE)
    right = batch.qre_branch(payoffs, temperature=TEMPERATURE)
    assert found.converged.all()
    assert set(found.road) == {"unique"}
    np.testing.assert_allclose(found.policy[1], right.policy[1], rtol=0, atol=1e-13)  # 100 floors of 2/0.5


def test_what_doubles_cannot_tell_is_not_converged():
    """The second row pays 0 on average, but for a rounding that is more than the first row pays."""
    payoffs = np.array([[20.0, 20.0], [1e17, -1e17]])
    found = batch.qre(np.stack([payoffs, np.zeros((2, 2))])[None], temperature=1.0)
    assert found.status[0] is Status.STALLED
    assert found.residual[0] > 0.5
    for solve in (batch.haspi, batch.qre):
        found = solve(np.array([[[[2e4, 2e4], [1e20, -1e20]]]]), temperature=1.0)
        assert found.status[0] is Status.STALLED
        assert found.steps[0] < 20  # the policies come back at once
        assert found.residual[0] > 0.5

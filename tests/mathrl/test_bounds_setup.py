"""A setup of AORPO's bounds: what is left out is perfect, and bad parts are named."""

import numpy as np
import pytest

from mathrl.bounds import Setup, compare_returns, measure, value_bound
from mathrl.games import Game, random_policy, random_stochastic, to_dense, to_sparse, uniform_policy

GAME = random_stochastic(4, (2, 3, 2), structure="general-sum", discount=0.9, seed=0)
MODEL = random_stochastic(4, (2, 3, 2), structure="general-sum", discount=0.9, seed=1).transitions


def models(seed=0, agent=1):
    whole = random_policy(GAME, np.random.default_rng(seed))
    return (*whole[:agent], *whole[agent + 1 :])


def test_what_is_left_out_is_perfect():
    policy = random_policy(GAME, np.random.default_rng(0))
    setup = Setup.of(GAME, policy=policy, agent=1)
    assert setup.model is GAME
    assert setup.data_policy is setup.policy
    for modelled, own in zip(setup.modelled_policy, policy, strict=True):
        np.testing.assert_array_equal(modelled, own)


@pytest.mark.parametrize("agent", range(3))
def test_opponent_models_stand_for_the_others_in_their_order(agent):
    setup = Setup.of(GAME, policy=uniform_policy(GAME), opponent_models=models(agent=agent), agent=agent)
    assert setup.opponents == tuple(j for j in range(3) if j != agent)
    np.testing.assert_array_equal(setup.modelled_policy[agent], setup.policy[agent])
    for j, model in zip(setup.opponents, setup.opponent_models, strict=True):
        np.testing.assert_array_equal(setup.modelled_policy[j], model)


def test_the_model_ends_where_the_game_does():
    game = random_stochastic(3, (2, 2), discount=0.9, ending=0.2)
    model = random_stochastic(4, (2, 2), seed=1).transitions
    found = Setup.of(game, policy=uniform_policy(game), model=model).model
    assert found.terminal.tolist() == [False, False, False, True]
    np.testing.assert_array_equal(found.transitions[:3], model[:3])
    assert (found.transitions[3, ..., 3] == 1).all()


def test_the_model_has_the_games_rewards_discount_start_and_storage():
    for game in (to_dense(GAME), to_sparse(GAME)):
        setup = Setup.of(game, policy=uniform_policy(game), model=MODEL)
        assert setup.model.sparse == game.sparse
        assert setup.model.discount == game.discount
        np.testing.assert_array_equal(setup.model.rewards, game.rewards)
        np.testing.assert_array_equal(to_dense(setup.model).transitions, MODEL)


def test_the_law_of_the_next_state_is_the_same_dense_and_sparse():
    one, other = (Setup.of(game, policy=uniform_policy(game)).real for game in (to_dense(GAME), to_sparse(GAME)))
    for _, dense, sparse in zip(range(5), one.laws(), other.laws(), strict=False):
        np.testing.assert_allclose(dense, sparse, rtol=1e-14)  # sums of four terms


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("agent", 3, "agent is 3, expected an agent 0 … 2"),
        ("opponent_models", [1], "opponent_models has 1 arrays, expected 2, one per opponent"),
        ("opponent_models", [np.ones((4, 2))] * 2, r"opponent_models\[0\]\[0\] sums to 2.0"),
        ("model", np.ones(3), r"model has shape \(3,\)"),
        ("data_policy", [[1]], "data_policy has 1 arrays"),
    ],
)
def test_a_bad_part_is_named(name, value, message):
    with pytest.raises(ValueError, match=message):
        Setup.of(GAME, **{"policy": uniform_policy(GAME), "agent": 1, name: value})


def test_a_setup_shows_what_it_is_and_not_its_arrays():
    assert repr(Setup.of(GAME, policy=uniform_policy(GAME), agent=1)) == f"<Setup: agent 1 of {GAME!r}>"


def test_rows_of_single_precision_are_told_how_to_be_mended():
    single = [rows.astype(np.float32) for rows in random_policy(GAME, np.random.default_rng(0))]
    with pytest.raises(ValueError, match="single precision are so: convert to float64, then normalise"):
        Setup.of(GAME, policy=single)


def test_rewards_whose_returns_overflow_are_refused():
    game = Game.stochastic(np.array([[1e308, -1e308]]), np.ones((1, 2, 1)), 0.5)
    with pytest.raises(ValueError, match="rewards from -1e\\+308 to 1e\\+308, expected finite returns: scale them"):
        Setup.of(game, policy=[[0.5, 0.5]])


@pytest.mark.parametrize("branch_lengths", [3, [10**7], [-1], [1.5]])
def test_branch_lengths_are_whole_and_can_be_followed(branch_lengths):
    with pytest.raises(ValueError, match="branch_lengths"):
        measure(Setup.of(GAME, policy=uniform_policy(GAME)), branch_lengths)


def test_features_whose_squares_overflow_are_refused():
    with pytest.raises(ValueError, match=r"features are up to 1e\+200, .*: scale them"):
        Setup.of(GAME, policy=uniform_policy(GAME), features=np.full((4, 1), 1e200))


@pytest.mark.parametrize("structure", ["common-payoff", "general-sum"])
@pytest.mark.parametrize("seed", range(3))
def test_bounds_of_a_game_without_some_actions_are_those_of_the_smaller_game(structure, seed):
    whole = random_stochastic(3, (3, 2, 3), structure=structure, discount=0.8, seed=seed)
    learned = random_stochastic(3, (3, 2, 3), discount=0.8, seed=seed + 10).transitions
    kept = [[0, 2], [0, 1], [1]]
    masks = [np.isin(np.arange(size), own) for size, own in zip(whole.num_actions, kept, strict=True)]
    index = np.ix_(*kept)
    rewards = [own[:, *index] for own in np.broadcast_to(whole.rewards, (3, 3, 3, 2, 3))]
    smaller = Game.stochastic(rewards, whole.transitions[:, *index], 0.8)
    given = list(np.broadcast_to(whole.rewards, (3, 3, 3, 2, 3)))
    masked = Game.stochastic(given, whole.transitions, 0.8, available=[np.tile(own, (3, 1)) for own in masks])

    def setup(game, model, spread):
        policies = [random_policy(smaller, np.random.default_rng(seed + k)) for k in range(3)]
        policy, data, others = (tuple(map(spread, range(3), one)) for one in policies)
        return Setup.of(game, policy=policy, data_policy=data, opponent_models=others[1:], model=model)

    def padded(agent, pi):
        row = np.zeros((3, whole.num_actions[agent]))
        row[:, kept[agent]] = pi
        return row

    alone = setup(smaller, learned[:, *index], lambda agent, pi: pi)
    together = setup(masked, learned, padded)
    assert np.ptp(together.paid) == np.ptp(alone.paid)
    for name in ("learned", "modelled"):
        # sums over joint actions, of which some are 0
        ours, theirs = (value_bound(one, getattr(one, name)) for one in (together, alone))
        assert ours == pytest.approx(theirs, rel=1e-12, abs=0)
    for ours, theirs in zip(*(compare_returns(one, branch_lengths=[0, 2]) for one in (together, alone)), strict=True):
        assert (ours.claim, ours.branch_length) == (theirs.claim, theirs.branch_length)
        for quantity in ("discrepancy", "printed", "corrected", "coupling", "value", "trivial", "dynamics_error"):
            found, expected = getattr(ours, quantity), getattr(theirs, quantity)
            assert found == (None if expected is None else pytest.approx(expected, rel=1e-9, abs=1e-12)), quantity


def test_a_terminal_state_is_one_that_absorbs_and_pays_nothing():
    game = random_stochastic(3, (2, 2), discount=0.9, ending=0.2)
    absorbing = Game.stochastic(game.rewards, game.transitions, 0.9, game.start)
    model = random_stochastic(3, (2, 2), discount=0.9, ending=0.3, seed=1).transitions
    setups = (Setup.of(one, policy=uniform_policy(one), model=model) for one in (game, absorbing))
    ours, theirs = map(compare_returns, setups)
    assert [row.discrepancy for row in ours] == [row.discrepancy for row in theirs]


def test_discount_1_is_refused():
    game = random_stochastic(3, (2, 2), discount=1, ending=0.2)
    with pytest.raises(ValueError, match=r"^game has discount 1, expected one below 1"):
        Setup.of(game, policy=uniform_policy(game))

"""OpenSpiel's games against its own payoffs, value iteration and play."""

import numpy as np
import pytest
from scipy.optimize import linprog

from mathrl.exploitability import exploitability
from mathrl.games import uniform_policy
from mathrl.interop import from_openspiel
from mathrl.solvers import nash_q, optimal, soft_evaluation
from tests.interop.packages import package

pyspiel = package("pyspiel")

DESCENDING = "goofspiel(num_cards=4,points_order=descending)"
ZERO_SUM = [DESCENDING, "goofspiel(num_cards=3)", "oshi_zumo(coins=4,min_bid=1)"]


def loaded(name):
    return pyspiel.load_game(name)


@pytest.mark.parametrize("name", ["matrix_pd", "matrix_rps", "matrix_shapleys_game", "matrix_cd"])
def test_matrix_games_entry_by_entry(name):
    theirs = loaded(name)
    game = from_openspiel(theirs)
    rows, columns = (np.array(own) for own in (theirs.row_utilities(), theirs.col_utilities()))
    np.testing.assert_array_equal(np.broadcast_to(game.rewards, (2, 1, *rows.shape))[:, 0], [rows, columns])
    assert game.title == name
    assert game.action_names == (
        tuple(theirs.row_action_name(a) for a in range(theirs.num_rows())),
        tuple(theirs.col_action_name(a) for a in range(theirs.num_cols())),
    )


def test_three_players_in_normal_form():
    payoffs = np.random.default_rng(0).normal(size=(3, 2, 3, 2))
    theirs = pyspiel.create_tensor_game([own.ravel().tolist() for own in payoffs], [2, 3, 2])
    np.testing.assert_array_equal(from_openspiel(theirs).rewards[:, 0], payoffs)


def test_one_shot_games_that_are_no_matrices_are_matrix_games():
    game = from_openspiel(loaded("blotto(coins=4,fields=2)"))
    assert (game.num_states, game.discount) == (1, 0)
    assert game.action_names[0][0] == "[0,4]"


def solved(state, values):
    """The value of a state to player 0, by recursion over OpenSpiel's own states and SciPy's linear programs."""
    if state.is_terminal():
        return state.returns()[0]
    if state.is_chance_node():
        return sum(p * solved(state.child(a), values) for a, p in state.chance_outcomes())
    if str(state) not in values:
        payoffs = []
        for a in state.legal_actions(0):
            payoffs.append([])
            for b in state.legal_actions(1):
                child = state.clone()
                child.apply_actions([a, b])
                payoffs[-1].append(solved(child, values))
        rows, columns = np.shape(payoffs)
        program = linprog(
            [*[0] * rows, -1],
            np.column_stack([-np.array(payoffs).T, np.ones(columns)]),
            np.zeros(columns),
            [[*[1] * rows, 0]],
            [1],
            [*[(0, None)] * rows, (None, None)],
        )
        values[str(state)] = program.x[-1]
    return values[str(state)]


@pytest.mark.parametrize("name", ZERO_SUM)
def test_values_of_simultaneous_games_are_those_of_a_recursion_over_its_states(name):
    theirs, values = loaded(name), {}
    solved(theirs.new_initial_state(), values)
    game = from_openspiel(theirs)
    assert set(game.state_names[:-1]) == set(values)
    for state, value in zip(game.state_names[:-1], nash_q(game).v[0], strict=False):
        # the programs are solved to 1e-7 each, over at most four moves
        assert value == pytest.approx(values[state], abs=1e-6), state


def test_values_of_a_game_of_chance_are_those_of_its_value_iteration():
    value_iteration = package("open_spiel.python.algorithms.value_iteration")
    theirs = loaded("catch(rows=5,columns=4)")
    values = value_iteration.value_iteration(theirs, -1, 1e-12)
    game = from_openspiel(theirs)
    for state, value in zip(game.state_names[:-1], optimal(game).v, strict=False):
        assert value == pytest.approx(values[state], abs=1e-12)


def test_tic_tac_toe_is_a_draw_and_every_position_has_its_value():
    theirs = loaded("tic_tac_toe")
    game = from_openspiel(theirs)
    assert game.num_states == 4520 + 1  # positions in which somebody moves, as is known, and the end
    assert game.action_names[0][:2] == ("x(0,0)", "x(0,1)")
    assert game.action_names[1][-1] == "wait"
    value_iteration = package("open_spiel.python.algorithms.value_iteration")
    values = value_iteration.value_iteration(theirs, -1, 1e-9)
    found = backward(game)
    assert found[0] == 0
    for state, value in zip(game.state_names[:-1], found, strict=False):
        assert value == values[state], state


def backward(game):
    """The values of a deterministic zero-sum game in turns, from its arrays: at each state one player chooses."""
    values, size = np.zeros(game.num_states), game.num_joint_actions
    rewards = game.rewards[0].reshape(-1, size)
    following = game.csr_xt
    following = following.indices[following.indptr[:-1]].reshape(-1, size)
    masks = [own.sum(axis=1) for own in game.available]
    joint = np.isfinite(rewards)
    for _ in range(10):
        q = np.where(joint, rewards + values[following], np.nan)
        waits = game.available[0][:, -1] & ~game.available[1][:, -1]
        values = np.where(game.terminal, 0, np.where(waits, np.nanmin(q, axis=1), np.nanmax(q, axis=1)))
    assert (np.minimum(*masks)[:-1] == 1).all()
    return values


def test_uniform_play_earns_what_its_own_enumeration_says():
    """Expected returns of uniform play over OpenSpiel's whole tree, chance and all."""

    def returns(state):
        if state.is_terminal():
            return np.array(state.returns())
        if state.is_chance_node():
            return sum(p * returns(state.child(a)) for a, p in state.chance_outcomes())
        if state.is_simultaneous_node():
            children = []
            for a in state.legal_actions(0):
                for b in state.legal_actions(1):
                    child = state.clone()
                    child.apply_actions([a, b])
                    children.append(returns(child))
            return np.mean(children, axis=0)
        return np.mean([returns(state.child(a)) for a in state.legal_actions()], axis=0)

    for name in ("goofspiel(num_cards=3)", "goofspiel(num_cards=3,returns_type=total_points)", "catch(rows=4)"):
        theirs = loaded(name)
        game = from_openspiel(theirs)
        ours = soft_evaluation(game, policy=uniform_policy(game), temperature=1.0, entropy="none").objective
        expected = returns(theirs.new_initial_state())
        np.testing.assert_allclose(np.broadcast_to(ours, expected.shape), expected, atol=1e-13)


def test_rewards_on_the_way_add_up_and_the_horizon_counts_where_it_is_asked_for():
    theirs = loaded("cliff_walking(height=3,width=4,horizon=6)")
    game = from_openspiel(theirs, state=lambda state: (str(state), state.move_number()))
    # the way along the cliff takes 5 steps at −1 each, as in OpenSpiel's own tests
    assert optimal(game).objective == -5
    assert game.action_names == (("RIGHT", "UP", "LEFT", "DOWN"),)


def test_a_horizon_that_the_state_does_not_show_is_noticed():
    theirs = loaded("cliff_walking(height=3,width=4,horizon=3)")
    with pytest.raises(ValueError, match=r"is not always the same.*move_number"):
        from_openspiel(theirs, discount=0.9, rehearsals=200)


def test_uniform_play_of_rock_paper_scissors_is_not_exploited():
    game = from_openspiel(loaded("matrix_rps"))
    np.testing.assert_allclose(exploitability(game, uniform_policy(game), temperature=0.0), 0, atol=1e-15)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("kuhn_poker", {}, "kuhn_poker.*, a game of imperfect information, expected one in which all players see"),
        ("leduc_poker", {}, "imperfect information"),
        ("mfg_crowd_modelling", {}, "a mean-field game"),
        ("tic_tac_toe", {"max_states": 100}, "at most 100 states"),
        ("pig(winscore=5)", {}, r"play may go on for ever.*discount below 1.*move_number"),
        ("tic_tac_toe", {"discount": 1.5}, "discount is 1.5"),
        ("tic_tac_toe", {"rehearsals": -1}, "rehearsals is -1"),
    ],
)
def test_what_does_not_fit_is_refused(name, options, message):
    with pytest.raises(ValueError, match=message):
        from_openspiel(loaded(name), **options)


def test_what_is_no_game_is_refused():
    with pytest.raises(ValueError, match=r"game is of type str, expected a pyspiel\.Game"):
        from_openspiel("tic_tac_toe")

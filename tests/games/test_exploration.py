"""Games that are found by taking steps: against the games that the steps are those of, and what is refused."""

import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mathrl.base.checks import InvalidInput
from mathrl.games import Game, as_policy, scale_rewards, to_dense
from mathrl.games.exploration import END
from mathrl.proofs_checks.strategies import episodic, games, masked
from tests.tolerances import EPS


def steps_of(game, split):
    """The step function of a game; each outcome is split in two whose rewards differ by 2, equal on average."""
    dense = to_dense(game)
    rewards = np.broadcast_to(game.rewards, (game.num_agents, game.num_states, *game.num_actions))

    def step(state, joint_action):
        for t, probability in enumerate(dense.transitions[state, *joint_action]):
            paid = rewards[:, state, *joint_action]
            for sign in (1, -1) if split else (0,):
                yield probability / (2 if split else 1), t, paid + sign, bool(game.terminal[t])

    return step


def reached(game, first):
    """The states that play can be in, those in which it has ended left out, by a fixed point."""
    there = np.isfinite(game.rewards.reshape(-1, game.num_states, game.num_joint_actions)[0])
    dense = to_dense(game).transitions.reshape(game.num_states, -1, game.num_states)
    follows = ((dense > 0) & there[..., None]).any(axis=1) & ~game.terminal
    states = np.zeros(game.num_states, dtype=bool)
    states[first] = True
    while (more := states | (follows & states[:, None]).any(axis=0)).sum() > states.sum():
        states = more
    return set(np.flatnonzero(states).tolist())


@given(games() | masked(games()) | episodic(masked(games())), st.booleans())
def test_a_game_is_found_again_from_its_steps(game, split):
    first = np.flatnonzero((game.start > 0) & ~game.terminal).tolist()
    assume(first)
    start = {s: float(game.start[s] / game.start[first].sum()) for s in first}
    masks = [own.tolist() for own in game.available]
    found = Game.from_function(
        start,
        game.num_actions,
        steps_of(game, split),
        discount=game.discount,
        available=lambda state: [own[state] for own in masks],
    )
    *states, last = found.state_names if found.ended is not None else (*found.state_names, None)
    assert last == (None if found.ended is None else END)
    assert set(states) == reached(game, first)
    assert (found.num_actions, found.discount, found.sparse) == (game.num_actions, game.discount, True)
    playing = slice(len(states))
    np.testing.assert_array_equal(found.start[playing], [start.get(s, 0.0) for s in states])
    for theirs, ours in zip(game.available, found.available, strict=True):
        np.testing.assert_array_equal(ours[playing], theirs[states])
    there = np.isfinite(game.rewards)
    axis = -game.num_agents - 1
    expected = np.where(there, game.rewards, -np.inf).take(states, axis=axis)
    rewards = np.broadcast_to(found.rewards, (*game.rewards.shape[:axis], *found.rewards.shape[axis:]))
    # Products with probabilities are rounded, their sums are not; the rows themselves sum to 1 only up to rounding.
    size = np.abs(game.rewards, where=there, out=np.zeros_like(game.rewards)).max() + 1
    np.testing.assert_allclose(rewards.take(range(len(states)), axis=axis), expected, rtol=0, atol=8 * EPS * size)
    ours, theirs = to_dense(found).transitions, to_dense(game).transitions
    rows = there.reshape(-1, *there.shape[axis:])[0][states]
    kept = ours[playing][..., playing][rows]
    np.testing.assert_allclose(kept, theirs[states][..., states][rows], rtol=2 * EPS)
    if found.ended is not None:
        ending = theirs[states][..., game.terminal].sum(axis=-1)[rows]
        np.testing.assert_allclose(ours[playing][..., -1][rows], ending, rtol=4 * EPS)


def corridor(cell, joint_action):
    (way,) = joint_action
    return 1, cell + way, -1.0, cell + way == 3


def test_a_corridor_ends_at_discount_1_and_is_as_long_as_it_is():
    game = Game.from_function(0, [[1]], corridor, discount=1)
    assert game.state_names == (0, 1, 2, END)
    assert game.terminal.tolist() == [False, False, False, True]
    assert game.horizon == 3
    assert game.start.tolist() == [1, 0, 0, 0]
    assert scale_rewards(game, 2).state_names == game.state_names


def test_states_are_numbered_breadth_first_and_actions_can_be_anything():
    tree = {"root": ["left", "right"], "left": ["deep"], "right": [], "deep": []}

    def step(state, joint_action):
        followers = tree[state]
        return [(1 / len(followers), t, 0, False) for t in followers] if followers else (1, None, 1, True)

    game = Game.from_function("root", [["climb"], 2], step, discount=0.5)
    assert game.state_names == ("root", "left", "right", "deep", END)
    assert game.num_actions == (1, 2)
    assert game.common_payoff


def test_rewards_are_averaged_without_rounding_in_their_sum():
    """Summed from the left in doubles, 2⁵³ + 1 + 1 − 2⁵³ would be 0."""
    large = 2.0**55

    def step(state, joint_action):
        return [(0.25, 0, large, False), (0.25, 0, 4, False), (0.25, 0, 4, False), (0.25, 0, -large, False)]

    assert Game.from_function(0, [1], step, discount=0.5).rewards.tolist() == [[2.0]]


def test_a_single_number_is_a_common_payoff_and_a_list_is_one_for_each():
    paid = {0: 1, 1: [1, 2], 2: np.array([3.0, 3.0])}
    games_ = [Game.from_function(0, [1, 1], lambda s, a, k=k: (1, s, paid[k], False), discount=0) for k in paid]
    assert [game.common_payoff for game in games_] == [True, False, True]
    assert games_[1].rewards.ravel().tolist() == [1, 2]


REAL_SCALARS = [np.array(0.5), np.float32(0.5), np.float16(0.5), np.longdouble(0.5), Fraction(1, 2), Decimal("0.5")]


@pytest.mark.parametrize("half", [*REAL_SCALARS, np.array(Fraction(1, 2))], ids=lambda half: type(half).__name__)
def test_numbers_are_taken_in_whatever_they_are_wrapped(half):
    """A step that calculates with numpy returns arrays of no axes, and so do other frameworks."""

    def step(state, joint_action):
        paid = half if joint_action == (0,) else [half]
        return [(half, 0, paid, np.array(False)), (half, 1, paid, np.bool_(True))]

    game = Game.from_function({0: half, 1: half}, [2], step, discount=half)
    assert (game.discount, game.start.tolist()) == (0.5, [0.5, 0.5, 0])
    assert game.rewards.tolist() == [[0.5, 0.5], [0.5, 0.5], [0, 0]]
    assert to_dense(game).transitions[0].tolist() == [[0.5, 0, 0.5], [0.5, 0, 0.5]]


def test_outcomes_of_probability_0_lead_nowhere():
    game = Game.from_function(0, [1], lambda s, a: [(1, s, 0, False), (0, s + 1, 5, False)], discount=0.9)
    assert game.num_states == 1


def test_messages_call_a_state_by_its_name():
    def wait(state, joint_action):
        return 1, ("hall", "door")[joint_action[0]], 0, joint_action[0] == 1

    with pytest.raises(InvalidInput, match="discount is 1, and from state 0, 'hall', play may go on for ever"):
        Game.from_function("hall", [2], wait, discount=1)
    game = Game.from_function("hall", [2], wait, discount=0.9, available=lambda state: [[True, False]])
    with pytest.raises(InvalidInput, match=r"policy\[0\]\[0, 1\] is 0.5, .* in state 0, 'hall'"):
        as_policy(game, [[0.5, 0.5]])


def bad(message, *, start="s", actions=(1,), result=(1, "s", 0, False), **more):
    return pytest.param(start, actions, result, more, message, id=message)


@pytest.mark.parametrize(
    ("start", "actions", "result", "more", "message"),
    [
        bad("step('s', (0,)): the result has probabilities that sum to 0.5, expected 1", result=[(0.5, "s", 0, False)]),
        bad("step('s', (0,)): the probability is 1.5, expected a number in [0, 1]", result=(1.5, "s", 0, False)),
        bad("step('s', ('go',)): the probability is '1'", actions=[["go"]], result=("1", "s", 0, False)),
        bad("step('s', (0,)): the result holds no outcome", result=[]),
        bad("step('s', (0,)): the result is None", result=None),
        bad("step('s', (0,)): an outcome is 1, expected (probability, next", result=[1, "s", 0, False]),
        bad("step('s', (0,)): an outcome is (1, 's', 0), expected (probability, next", result=(1, "s", 0)),
        bad(
            "step('s', (0,)): the next state is ['t'], expected something that can be hashed",
            result=(1, ["t"], 0, False),
        ),
        bad("step('s', (0,)): the reward is nan", result=(1, "s", float("nan"), False)),
        bad("step('s', (0,)): the reward is array(True), exp", result=(1, "s", np.array(True), False)),
        bad("step('s', (0,)): rewards is array(0.+1.j), expected one", result=(1, "s", np.array(1j), False)),
        bad("step('s', (0,)): rewards is array('1', dtype='<U1'), ex", result=(1, "s", np.array("1"), False)),
        bad("step('s', (0,)): rewards is masked, expected one number", result=(1, "s", np.ma.masked, False)),
        bad("step('s', (0,)): the reward is Decimal('sNaN'), expected a", result=(1, "s", Decimal("sNaN"), False)),
        bad("step('s', (0,)): ended is of type int", result=(1, "s", 0, np.array(1))),
        bad("step('s', (0,)): rewards is [1, 2], expected one number, or a list of 1", result=(1, "s", [1, 2], False)),
        bad("step('s', (0, 0)): rewards is [1], expected one number", actions=[1, 1], result=(1, "s", [1], False)),
        bad("step('s', (0, 0)): rewards[1] is 'a'", actions=[1, 1], result=(1, "s", [1, "a"], False)),
        bad("step('s', (0,)): ended is of type int", result=(1, "s", 0, 0)),
        bad(
            "step('s', (0,)): ended is [True, False], expected true or false: an episode ends for all agents: all(…)",
            result=(1, "s", 0, [True, False]),
        ),
        bad("step('s', (0,)): ended is {'a': True}, expected true or false: an ep", result=(1, "s", 0, {"a": True})),
        bad(
            "step('s', (0,)): the result has probabilities that sum to 1.0000009536743164, expected 1: rows of single",
            result=[(0.5, "s", 0, False), (0.5 + 2**-20, "s", 0, False)],
        ),
        bad("start is ['s'], expected something that can be hashed", start=["s"]),
        bad("start has probabilities that sum to 0.5", start={"s": 0.5}),
        bad("start['t'] is 0, expected a number > 0: leave out a state", start={"s": 1.0, "t": 0.0}),
        bad("start has probabilities that sum to 0", start={}),
        bad("actions is 3, expected for each agent the number", actions=3),
        bad("actions is empty, expected for each agent the number", actions=[]),
        bad("actions[0] is 0, expected a whole number, at least 1", actions=[0]),
        bad("actions[1] is empty", actions=[2, []]),
        bad(
            "actions[0] is 'up', expected the number of the agent's actions, or a list of them: "
            "[['up', 'down']] for one agent",
            actions=["up", "down"],
        ),
        bad("actions[0] has 'up' twice, expected each action once", actions=[["up", "down", "up"]]),
        bad("max_states is 0", max_states=0),
        bad("discount is 1.5", discount=1.5),
        bad("available is 3, expected a function", available=3),
        bad("available('s') has 2 arrays, expected 1 array of true", available=lambda s: [[1], [1]]),
        bad(
            "available('s') has 2 arrays, expected 1 array of true and false, (S, A_i), one per agent: "
            "put it in a list: [mask]",
            actions=[2],
            available=lambda s: [True, False],
        ),
        bad("available('s') is None, expected for each agent which", available=lambda s: None),
        bad("available('s')[0][0] has no available action", available=lambda s: [[0]]),
    ],
)
def test_what_is_no_step_is_refused_in_one_line_with_the_state(start, actions, result, more, message):
    with pytest.raises(InvalidInput, match="^" + re.escape(message)) as raised:
        Game.from_function(start, actions, lambda state, joint: result, **({"discount": 0.9} | more))
    assert "\n" not in str(raised.value)


def test_what_grows_without_end_is_refused_with_a_state():
    with pytest.raises(
        InvalidInput,
        match=r"^step\(9, \(0,\)\): the next state is 10, and 10 were found before it, .*10 states \(max_states\)",
    ):
        Game.from_function(0, [1], lambda s, a: (1, s + 1, 0, False), discount=0.9, max_states=10)
    assert (
        Game.from_function(0, [1], lambda s, a: (1, (s + 1) % 10, 0, False), discount=0.9, max_states=10).num_states
        == 10
    )


def test_a_step_that_is_no_function_is_refused():
    with pytest.raises(InvalidInput, match="step is 3, expected a function"):
        Game.from_function(0, [1], 3, discount=0.9)


def test_an_error_of_the_callers_own_functions_is_not_hidden_and_notes_the_call():
    def late(state, joint_action):
        yield 1 / 0, state, 0, False

    for step in (lambda s, a: 1 / 0, late):
        with pytest.raises(ZeroDivisionError) as raised:
            Game.from_function("s", [["go"]], step, discount=0.9)
        assert raised.value.__notes__ == ["mathrl called step('s', ('go',))"]
    with pytest.raises(ZeroDivisionError) as raised:
        Game.from_function("s", [1], late, discount=0.9, available=lambda s: 1 / 0)
    assert raised.value.__notes__ == ["mathrl called available('s')"]


def test_actions_that_cannot_be_hashed_are_taken():
    game = Game.from_function(0, [[[1], [1]]], lambda s, a: (1, s, a[0][0], False), discount=0.5)
    assert game.num_actions == (2,)


def test_names_are_as_many_as_states():
    with pytest.raises(InvalidInput, match="state_names has 2 names, expected 1"):
        Game.stochastic(np.zeros((1, 1)), np.ones((1, 1, 1)), 0.5, state_names=["a", "b"])

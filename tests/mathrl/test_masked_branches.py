"""Branches of games in which actions are missing and episodes end, against smaller games and backward induction."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.base.checks import InvalidInput
from mathrl.equilibria import equilibria, lipschitz_constant, logit_curves
from mathrl.equilibria.stochastic import value_system as linear
from mathrl.equilibria.stochastic.equations import Place, curve_from, entropy_curve, logit_curve
from mathrl.equilibria.stochastic.trace import Follower
from mathrl.games import Game, random_policy, random_stochastic, uniform_policy
from mathrl.operators import ENTROPIES
from mathrl.proofs_checks.strategies import episodic, games, masked, temperatures
from mathrl.solvers import qre, qre_branch
from tests.examples import costly

SEEDS, SMALL = st.integers(0, 2**32 - 1), games(max_states=3)
STATES, ACTIONS = 3, (3, 2, 3)


def drawn_masks(rng, num_states, num_actions):
    """Which actions there are: most of them, and at least one."""
    masks = [rng.random((num_states, actions)) < 0.6 for actions in num_actions]
    for own in masks:
        own[np.arange(num_states), rng.integers(own.shape[1], size=num_states)] = True
    return masks


def masked_game(seed, *, terminal=False, discount=0.8, same=False):
    """Three states, three agents with rewards of their own; masks, the same in all states or not; an end or none."""
    rng = np.random.default_rng(seed)
    game = random_stochastic(STATES, ACTIONS, structure="general-sum", discount=0.5, seed=seed)
    masks = drawn_masks(rng, STATES, ACTIONS)
    if same:
        masks = [np.tile(own[:1], (STATES, 1)) for own in masks]
    rewards, ended = game.rewards.copy(), np.array([False, terminal, False])
    rewards[:, ended] = 0
    return Game.stochastic(list(rewards), game.transitions, discount, available=masks, terminal=ended)


def smaller(game):
    """The game without the actions that are missing in state 0, and so in all."""
    chosen = np.ix_(*(own[0] for own in game.available))
    rewards = [own[(slice(None), *chosen)] for own in game.rewards]
    return Game.stochastic(rewards, game.transitions[(slice(None), *chosen)], game.discount)


def assert_played(game, policy):
    """A policy over what is available, uniform where an episode has ended."""
    for own, mask, uniform in zip(policy, game.available, uniform_policy(game), strict=True):
        assert not own[..., ~mask].any()
        assert (own[..., game.terminal, :] == uniform[game.terminal]).all()


@given(SEEDS, st.sampled_from([(2, 3), (3, 2, 3), (4,)]), st.floats(0.2, 3))
def test_a_matrix_game_is_traced_as_the_smaller_one(seed, num_actions, temperature):
    rng = np.random.default_rng(seed)
    payoffs = [rng.normal(size=num_actions) for _ in num_actions]
    masks = [own[0] for own in drawn_masks(rng, 1, num_actions)]
    game, rest = Game.matrix(payoffs, available=masks), Game.matrix([own[np.ix_(*masks)] for own in payoffs])
    found, less = (qre_branch(one, temperature=temperature) for one in (game, rest))
    assert (found.status, found.steps, found.residual) == (less.status, less.steps, less.residual)
    assert np.array_equal(found.path.rationality, less.path.rationality)
    assert np.array_equal(found.path.folds, less.path.folds)
    for mask, own, other, path, its in zip(
        masks, found.policy, less.policy, found.path.policy, less.path.policy, strict=True
    ):
        assert np.array_equal(own[:, mask], other)
        assert np.array_equal(path[..., mask], its)
        assert not path[..., ~mask].any()
    assert np.array_equal(found.q[(..., *np.ix_(*masks))].reshape(less.q.shape), less.q)
    assert lipschitz_constant(game) == lipschitz_constant(rest)


def test_all_curves_of_a_matrix_game_are_those_of_the_smaller_one():
    rest, masks = np.diag([5.0, 10.0, 20.0]), [np.array([0, 1, 1, 0, 1], bool), np.array([1, 1, 1, 0], bool)]
    payoffs = np.full((5, 4), np.nan)
    payoffs[np.ix_(*masks)] = rest
    game, less = Game.matrix(payoffs, available=masks), Game.matrix(rest)
    drawn = [logit_curves(one, temperatures=(1.0, 20.0), starts=16) for one in (game, less)]
    for ours, theirs in zip(*drawn, strict=True):
        assert np.array_equal(ours.rationality, theirs.rationality)
        for mask, own, other in zip(masks, ours.policy, theirs.policy, strict=True):
            assert np.array_equal(own[..., mask], other)
            assert not own[..., ~mask].any()
    at = [equilibria(one, curves, 2.0) for one, curves in zip((game, less), drawn, strict=True)]
    assert len(at[0]) == len(at[1]) > 1
    for ours, theirs in zip(*at, strict=True):
        assert all(np.array_equal(own[:, mask], it) for mask, own, it in zip(masks, ours, theirs, strict=True))


def test_a_matrix_game_that_is_over_has_no_curves():
    over = Game.stochastic(np.zeros((1, 2)), np.ones((1, 2, 1)), 0.0, terminal=[True])
    with pytest.raises(InvalidInput, match="game has a terminal state only, expected a matrix game"):
        lipschitz_constant(over)
    found = qre_branch(over, temperature=1.0)
    assert found.converged
    assert found.policy[0].tolist() == found.path.policy[0][0].tolist() == [[0.5, 0.5]]


@costly
@given(SEEDS, st.sampled_from(ENTROPIES), st.floats(0.3, 3))
def test_actions_that_no_state_has_are_as_if_they_were_not_there(seed, entropy, temperature):
    game = masked_game(seed, same=True)
    found, less = (qre_branch(one, temperature=temperature, entropy=entropy) for one in (game, smaller(game)))
    assert np.array_equal(found.path.rationality, less.path.rationality)
    for mask, own, other in zip(game.available, found.policy, less.policy, strict=True):
        assert np.array_equal(own[:, mask[0]], other)
        assert not own[:, ~mask[0]].any()


@costly
@given(
    st.one_of(masked(SMALL), episodic(SMALL), episodic(masked(SMALL))),
    temperatures(0.1, 10),
    st.sampled_from(ENTROPIES),
)
def test_branches_end_at_equilibria(game, temperature, entropy):
    found = qre_branch(game, temperature=temperature, entropy=entropy)
    assert found.converged
    # 100 floors, and some roundings of the same sums in another order
    assert found.equation.residual(game, found) <= 200 * found.rounding_floor
    assert_played(game, found.policy)
    assert_played(game, found.path.policy)


@costly
@given(SEEDS, st.booleans(), st.sampled_from(ENTROPIES), st.floats(0.3, 3))
def test_paths_from_a_policy_end_at_equilibria(seed, terminal, entropy, temperature):
    game = masked_game(seed, terminal=terminal)
    first = random_policy(game.in_play, np.random.default_rng(seed))
    curve = Follower(curve_from(game.in_play, first, temperature=temperature, entropy=entropy))
    point = curve.start()
    # zeros are raised to 1e-6, and the rest is normalised
    assert all(np.abs(own - start).max() <= 1e-5 for own, start in zip(point.policy, first, strict=True))
    while point.t < 1:
        point = curve.advance(point, 1.0)
    reached = qre(game, temperature=temperature, entropy=entropy, initial_policy=point.policy)
    assert reached.converged
    assert len(reached.history) <= 3  # it starts there


@given(SEEDS, st.booleans(), st.sampled_from(ENTROPIES))
def test_the_derivative_is_that_of_the_equations(seed, terminal, entropy):
    game, rng = masked_game(seed, terminal=terminal).in_play, np.random.default_rng(seed)
    first = random_policy(game, rng)
    systems = [logit_curve(game, entropy=entropy), curve_from(game, first, temperature=0.7, entropy=entropy)]
    for system in [*systems, *filter(None, [entropy_curve(game, entropy=entropy)])]:
        shapes = system.first_sk.shape, system.values(system.zero).shape
        z, dz = (system.vector(*[rng.normal(size=shape) for shape in shapes], rng.normal()) for _ in range(2))
        h = 1e-5
        difference = (Place(system, z + h * dz).defect() - Place(system, z - h * dz).defect()) / (2 * h)
        # h² times third derivatives, and rounding over h; values are below 20 and directions below 5 or so
        np.testing.assert_allclose(Place(system, z).change(dz), difference, rtol=0, atol=1e-6)


@costly
@given(SEEDS, st.booleans(), st.sampled_from(ENTROPIES))
def test_names_of_actions_in_each_state_change_nothing(seed, terminal, entropy):
    game, rng = masked_game(seed, terminal=terminal), np.random.default_rng(seed)
    orders = [np.array([rng.permutation(actions) for _ in range(STATES)]) for actions in ACTIONS]
    states = np.arange(STATES).reshape(-1, 1, 1, 1)
    a, b, c = orders
    index = states, a[:, :, None, None], b[:, None, :, None], c[:, None, None, :]
    renamed = Game.stochastic(
        [own[index] for own in game.rewards],
        game.transitions[index],
        game.discount,
        available=[np.take_along_axis(own, order, 1) for own, order in zip(game.available, orders, strict=True)],
        terminal=game.terminal,
    )
    found, again = (qre_branch(one, temperature=1.0, entropy=entropy) for one in (game, renamed))
    for own, other, order in zip(found.policy, again.policy, orders, strict=True):
        # both are equilibria to 1e-13, of values that a change of the policy moves by less than a thousand times it
        assert np.abs(np.take_along_axis(own, order, 1) - other).max() <= 1e-9


def forward_game(rng, num_states, num_actions):
    """Each step leads to a later state, and the last one is the end; discount 1."""
    rewards = [rng.normal(size=(num_states, *num_actions)) for _ in num_actions]
    transitions = np.zeros((num_states, *num_actions, num_states))
    for s in range(num_states - 1):
        transitions[s, ..., s + 1 :] = rng.dirichlet(np.ones(num_states - 1 - s), size=num_actions)
    transitions[-1, ..., 0] = 1
    for own in rewards:
        own[-1] = 0
    masks = drawn_masks(rng, num_states, num_actions)
    return Game.stochastic(rewards, transitions, 1.0, available=masks, terminal=np.arange(num_states) == num_states - 1)


@given(SEEDS, st.sampled_from(ENTROPIES), st.floats(0.2, 5))
def test_with_discount_1_a_single_agent_plays_as_backward_induction_says(seed, entropy, temperature):
    rng, num_states = np.random.default_rng(seed), 5
    game = forward_game(rng, num_states, (3,))
    v, policy = np.zeros(num_states), np.full((num_states, 3), 1 / 3)
    for s in reversed(range(num_states - 1)):
        q = np.where(game.available[0][s], game.rewards[s], -np.inf) + game.transitions[s] @ v
        weights = np.exp((q - q.max()) / temperature)
        policy[s] = weights / weights.sum()
        v[s] = q.max() + temperature * np.log(weights.sum())
        if entropy == "none":
            v[s] = (policy[s] * np.where(weights > 0, q, 0)).sum()
    found = qre_branch(game, temperature=temperature, entropy=entropy)
    assert found.converged
    assert np.abs(found.policy[0] - policy).max() <= 1e-12  # 100 floors of values below 20 over the temperature
    assert np.abs(np.ravel(found.v) - v).max() <= 1e-12 * 20


@costly
@given(SEEDS, st.sampled_from(ENTROPIES))
def test_with_discount_1_several_agents_reach_an_equilibrium(seed, entropy):
    game = forward_game(np.random.default_rng(seed), 4, (2, 3))
    found = qre_branch(game, temperature=0.5, entropy=entropy)
    assert found.converged
    assert found.equation.residual(game, found) <= 1e-11  # 100 floors of values below 20 over the temperature
    assert_played(game, found.path.policy)


def test_the_branch_begins_at_the_equilibrium_of_entropy_alone():
    """Whoever has three actions later, and not one, goes there even where nothing is paid: at every temperature."""
    rewards, transitions = np.array([[1.0, 0, 0], [0, 0, 0], [0, 0, 0]]), np.zeros((3, 3, 3))
    transitions[0, 0, 1] = transitions[0, 1, 2] = transitions[0, 2, 0] = transitions[1, :, 1] = transitions[2, :, 2] = 1
    masks = [np.array([[1, 1, 0], [1, 0, 0], [1, 1, 1]])]
    game = Game.stochastic(rewards, transitions, 0.5, available=masks)
    odds = 3 ** (0.5 / (1 - 0.5))  # values in state 2 are log 3 / (1 − γ), in state 1 they are 0
    for entropy, expected in (("team", odds), ("own", odds), ("none", 1.0)):
        found = qre_branch(game, temperature=1e6, entropy=entropy)
        assert np.array_equal(found.path.policy[0][0], uniform_policy(game)[0])
        start = found.path.policy[0][np.flatnonzero(found.path.rationality == 0)[-1], 0]
        assert start[1] / start[0] == pytest.approx(expected, rel=1e-9)
        assert found.policy[0][0, 1] == pytest.approx(start[1], abs=1e-5)
        assert len(found.history) == found.steps == len(found.path.rationality) - 1


def test_a_branch_that_comes_back_to_rationality_0_goes_on_from_another_equilibrium_there():
    """Two agents who see to it that the episode goes on: of entropy alone there are several equilibria."""
    rng = np.random.default_rng(29)
    transitions = rng.dirichlet(np.full(3, 0.1), size=(3, 2, 2))
    masks = []
    for _ in range(2):
        masks.append(rng.random((3, 2)) < 0.7)
        masks[-1][np.arange(3), rng.integers(2, size=3)] = True
    rewards = rng.normal(size=(2, 3, 2, 2))
    rewards[:, 2] = 0
    game = Game.stochastic(list(rewards), transitions, 0.99, available=masks, terminal=[False, False, True])
    found = qre_branch(game, temperature=0.5)
    assert found.converged
    assert found.path.rationality.min() == 0
    at_0 = np.flatnonzero(found.path.rationality == 0)
    [jump] = np.flatnonzero(np.diff(at_0) > 1)  # it was above 0 in between
    starts = [tuple(own[k] for own in found.path.policy) for k in (at_0[jump], at_0[-1])]
    nothing = Game.stochastic(np.zeros((3, 2, 2)), transitions, 0.99, available=masks, terminal=[False, False, True])
    for start in starts:
        again = qre(nothing, temperature=1.0, initial_policy=start)
        assert again.steps <= 3
        assert max(np.abs(own - other).max() for own, other in zip(again.policy, start, strict=True)) <= 1e-9
    assert max(np.abs(own - other).max() for own, other in zip(*starts, strict=True)) > 0.01
    assert found.equation.residual(game, found) <= 1e-11  # 100 floors of values below 100 over the temperature


def test_a_trace_that_ends_before_its_start_says_so():
    game = masked_game(1)
    found = qre_branch(game, temperature=1.0, max_steps=2)
    assert found.status.name == "MAX_STEPS"
    assert found.history.tolist() == [0, 0]
    assert found.path.rationality.tolist() == [0, 0, 0]


@pytest.mark.parametrize("entropy", ENTROPIES)
def test_who_has_one_action_each_plays_it(entropy):
    masks = [np.eye(actions)[[1, 0, 1]] for actions in ACTIONS]
    game = masked_game(0)
    rewards = [np.nan_to_num(own, neginf=0) for own in game.rewards]
    only = Game.stochastic(rewards, game.transitions, 0.8, available=masks)
    found = qre_branch(only, temperature=0.5, entropy=entropy)
    assert found.converged
    assert [own.tolist() for own in found.policy] == [mask.tolist() for mask in masks]


def test_large_systems_are_iterated_with_the_same_result(monkeypatch):
    game = masked_game(5, terminal=True)
    factored = qre_branch(game, temperature=0.5)
    monkeypatch.setattr(linear, "FACTORED", 0)
    iterated = qre_branch(game, temperature=0.5)
    for own, other in zip(factored.policy, iterated.policy, strict=True):
        assert np.abs(own - other).max() <= 1e-12  # both are corrected until rounding


@pytest.mark.parametrize("discount", [0.9, 0.95])
def test_a_gridworld_of_two_agents_that_are_alike_is_traced_through_its_forks(discount):
    """Both walk 2×2 cells to one corner and slip: the trace ended on exact forks, where no short step succeeds."""
    moves = [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)]

    def moved(cell, move):
        return tuple(x + dx if 0 <= x + dx < 2 else x for x, dx in zip(cell, move, strict=True))

    def step(cells, joint_action):
        outcomes = [(1.0, ())]
        for cell, action in zip(cells, joint_action, strict=True):
            ways = ((0.9, moved(cell, moves[action])), (0.1, cell))
            outcomes = [(p * q, (*before, after)) for p, before in outcomes for q, after in ways]
        return [(p, after, -1.0, after == ((1, 1), (1, 1))) for p, after in outcomes]

    game = Game.from_function(((0, 0), (0, 0)), [5, 5], step, discount=discount)
    found = qre_branch(game, temperature=1.0)
    assert found.converged
    fine = qre_branch(game, temperature=1.0, step_length=0.3)
    assert fine.converged
    assert max(np.abs(own - other).max() for own, other in zip(found.policy, fine.policy, strict=True)) <= 1e-10
    for s, cells in enumerate(game.state_names[:-1]):  # agents that are alike play alike
        mirrored = game.state_names.index((cells[1], cells[0]))
        assert np.abs(found.policy[0][s] - found.policy[1][mirrored]).max() <= 1e-10

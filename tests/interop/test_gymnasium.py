"""Tables of gymnasium against plain value iteration on the tables, and its own steps."""

from types import SimpleNamespace

import numpy as np
import pytest

from mathrl.base.checks import InvalidInput
from mathrl.interop import from_gymnasium
from mathrl.solvers import optimal
from tests.interop.packages import package

gymnasium = package("gymnasium")

NAMES = [("FrozenLake-v1", {}), ("FrozenLake-v1", {"is_slippery": False}), ("CliffWalking-v1", {}), ("Taxi-v4", {})]


def made(name, **options):
    try:
        return gymnasium.make(name, **options)
    except gymnasium.error.Error:  # an older package has an older version of it
        stem, version = name.rsplit("-v", 1)
        return gymnasium.make(f"{stem}-v{int(version) - 1}", **options)


def value_iteration(table, discount):
    """Q of the table by its own definition: nothing follows an outcome that ends the episode."""
    v = np.zeros(len(table))
    for _ in range(2000):
        q = np.array(
            [
                [sum(p * (r + discount * (0.0 if ended else v[t])) for p, t, r, ended in table[s][a]) for a in table[s]]
                for s in range(len(table))
            ]
        )
        if np.abs(q.max(axis=1) - v).max() < 1e-13:
            break
        v = q.max(axis=1)
    return q


@pytest.mark.parametrize(("name", "options"), NAMES)
def test_optimal_values_are_those_of_value_iteration_on_the_table(name, options):
    env = made(name, **options)
    game = from_gymnasium(env, discount=0.9)
    table = env.unwrapped.P
    expected = value_iteration(table, 0.9)
    found = optimal(game).q[: len(table)]
    alive = ~game.terminal[: len(table)]
    # value iteration stops within 1e-13 / (1 − γ) of the fixed point, relative to values up to 100 (CliffWalking)
    np.testing.assert_allclose(found[alive], expected[alive], rtol=1e-11, atol=1e-11)
    assert (found[~alive] == 0).all()


@pytest.mark.parametrize(("name", "options"), NAMES)
def test_rewards_and_transitions_entry_by_entry(name, options):
    env = made(name, **options)
    game = from_gymnasium(env, discount=0.5)
    P = game.transitions.toarray().reshape(game.num_states, -1, game.num_states)
    for s, of_state in env.unwrapped.P.items():
        if game.terminal[s]:
            assert all(ended for others in env.unwrapped.P.values() for row in others.values()
                       for p, t, _, ended in row if t == s)  # fmt: skip
            continue
        for a, row in of_state.items():
            assert game.rewards[s, a] == pytest.approx(sum(p * r for p, _, r, _ in row), abs=1e-15)
            for _, t, _, ended in row:
                to = t if not ended or game.terminal[t] else game.num_states - 1
                same = sum(q for q, u, _, over in row if (u if not over or game.terminal[u] else len(P) - 1) == to)
                assert P[s, a, to] == pytest.approx(same, abs=1e-15)
                assert game.terminal[to] == ended


def test_states_keep_their_numbers_and_the_start_is_the_environments():
    env = made("FrozenLake-v1")
    game = from_gymnasium(env, discount=0.9)
    assert game.num_states == 16
    assert game.state_names == tuple(range(16))
    np.testing.assert_array_equal(np.flatnonzero(game.terminal), [5, 7, 11, 12, 15])  # H and G of the 4×4 map
    np.testing.assert_array_equal(game.start, env.unwrapped.initial_state_distrib)
    assert game.title == env.spec.id


def test_an_end_in_a_state_that_goes_on_elsewhere_has_a_state_of_its_own():
    class Env:
        P = {0: {0: [(0.5, 1, 1.0, True), (0.5, 1, 0.0, False)]}, 1: {0: [(1.0, 0, 2.0, False)]}}  # noqa: RUF012

    game = from_gymnasium(Env(), discount=0.5)
    assert game.num_states == 3
    assert game.state_names == (0, 1, "the end")
    np.testing.assert_array_equal(game.terminal, [False, False, True])
    # v0 = 1/2 + 1/2 · 1/2 v1, v1 = 2 + 1/2 v0: v0 = 8/7, v1 = 18/7
    np.testing.assert_allclose(optimal(game).v, [8 / 7, 18 / 7, 0], atol=1e-14)


def test_environments_without_a_table_are_refused():
    with pytest.raises(ValueError, match=r"expected an environment with a table of its outcomes"):
        from_gymnasium(made("CartPole-v1"), discount=0.9)
    with pytest.raises(ValueError, match=r"expected an environment with a table"):
        from_gymnasium(object(), discount=0.9)
    for table in ({0: {}}, {0: {0: []}}):  # no action, no outcome
        with pytest.raises(InvalidInput):
            from_gymnasium(SimpleNamespace(P=table), discount=0.9)
    with pytest.raises(ValueError, match="discount is 1, and from state 0"):
        from_gymnasium(made("FrozenLake-v1"), discount=1)

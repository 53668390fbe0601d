"""Exact returns: against direct summation in 50 digits, simulated rollouts, limits by hand, and symmetries."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf

from mathrl.bounds import (
    Process,
    Setup,
    branched_return,
    branched_returns,
    expected_return,
    returns,
    scheduled_return,
)
from mathrl.games import Game, random_policy, random_stochastic, to_dense, to_sparse
from mathrl.proofs_checks.strategies import policies, setups
from tests.examples import costly
from tests.tolerances import EPS, returns_slack

SHORT = st.sampled_from([0.0, 0.5, 0.9])
NEGLIGIBLE = mpf(10) ** -20
mp.dps = 50


def slow_chain(game, policy):
    """P_π as nested lists of 50 digits."""
    P = np.asarray(to_dense(game).transitions)
    num_states = range(game.num_states)
    return [
        [sum(p * mpf(P[s][a][t]) for a, p in slow_actions(game, policy, s)) for t in num_states] for s in num_states
    ]


def slow_rewards(game, policy, agent):
    r = game.rewards if game.common_payoff else game.rewards[agent]
    return [sum(p * mpf(r[s][a]) for a, p in slow_actions(game, policy, s)) for s in range(game.num_states)]


def slow_actions(game, policy, s):
    for a in product(*map(range, game.num_actions)):
        yield a, mp.fprod(mpf(own[s, action]) for own, action in zip(policy, a, strict=True))


def dot(x, y):
    return sum(p * q for p, q in zip(x, y, strict=True))


def directly(game, agent, before, after):
    """Σ_t γ^t E[r_t]: `before` is run until k = len(after) - 1 steps before t, then `after`, whose last acts at t."""
    columns, k = list(zip(*slow_chain(*before), strict=True)), len(after) - 1
    chains = {id(process): slow_chain(*process) for process in after}
    earned = []  # of a branch from s that ends with the step t of `after`
    for t, process in enumerate(after):
        values = slow_rewards(*process, agent)
        for earlier in reversed(after[:t]):
            values = [dot(row, values) for row in chains[id(earlier)]]
        earned.append(values)
    branch, total, weight = [mpf(p) for p in game.start], mpf(0), mpf(1)
    for t in range(10**6):
        total += weight * dot(branch, earned[min(t, k)])
        weight *= mpf(game.discount)
        if weight * mpf(1 + game.reward_scale) / (1 - mpf(game.discount)) < NEGLIGIBLE:
            return float(total)
        if t >= k:
            branch = [dot(branch, column) for column in columns]
    raise AssertionError("unreachable: the tail never became negligible")


def of(process):
    return process.game, process.policy


@costly
@given(setups(discounts=SHORT))
def test_returns_are_the_sums(setup):
    found, tolerance = returns(setup), returns_slack(setup.game)
    for name in ("real", "data", "learned", "modelled"):
        process = getattr(setup, name)
        slowly = directly(setup.game, setup.agent, of(process), [of(process)])
        assert getattr(found, name) == pytest.approx(slowly, rel=0, abs=tolerance), name
        assert expected_return(process, setup.agent) == getattr(found, name)


@costly
@given(setups(discounts=SHORT), st.integers(0, 4))
def test_branched_returns_are_the_sums(setup, k):
    slowly = directly(setup.game, setup.agent, of(setup.data), [of(setup.modelled)] * (k + 1))
    found = branched_return(setup.data, setup.modelled, k, setup.agent)
    assert found == pytest.approx(slowly, rel=0, abs=returns_slack(setup.game))


@costly
@given(setups(discounts=SHORT), st.data())
def test_scheduled_returns_are_the_sums(setup, data):
    kinds = [setup.policy, setup.modelled_policy, data.draw(policies(setup.game))]
    schedule = data.draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=5))
    slowly = directly(setup.game, setup.agent, of(setup.data), [(setup.model, policy) for policy in schedule])
    found = scheduled_return(setup.data, setup.model, schedule, setup.agent)
    assert found == pytest.approx(slowly, rel=0, abs=returns_slack(setup.game))


def test_a_long_horizon_is_summed_too():
    game = random_stochastic(2, (2, 1, 2, 2), structure="general-sum", discount=0.99, seed=3)
    model = random_stochastic(2, (2, 1, 2, 2), discount=0.99, seed=4).transitions
    rng = np.random.default_rng(0)
    setup = Setup.of(game, policy=random_policy(game, rng), data_policy=random_policy(game, rng), model=model, agent=2)
    for k in (0, 1, 3):
        slowly = directly(game, 2, of(setup.data), [of(setup.modelled)] * (k + 1))
        found = branched_return(setup.data, setup.modelled, k, 2)
        assert found == pytest.approx(slowly, rel=0, abs=returns_slack(game))


def test_simulated_rollouts_have_the_branched_return():
    """A time drawn with P(t) = (1 - γ) γ^t; the real game until k steps before it, then the model."""
    real, model = (random_stochastic(3, (2, 2), discount=0.8, successors=1, seed=seed) for seed in (0, 1))
    rng = np.random.default_rng(0)
    policy, collecting = random_policy(real, rng), random_policy(real, rng)
    setup = Setup.of(real, policy=policy, data_policy=collecting, model=model.transitions)
    k, samples = 3, 160_000
    times = rng.geometric(1 - real.discount, samples) - 1
    states = rng.choice(real.num_states, size=samples, p=real.start)
    for t in range(times.max()):  # the step from s_t to s_{t+1}
        for process, moving in ((setup.data, t < times - k), (setup.modelled, (times - k <= t) & (t < times))):
            states[moving] = drawn(rng, process, states[moving])[1]
    actions = drawn(rng, setup.modelled, states)[0]
    earned = real.rewards_isa[0][states, actions] / (1 - real.discount)
    off = np.abs(branched_returns(setup.data, setup.modelled, range(7), 0) - earned.mean())
    standard_error = earned.std() / np.sqrt(samples)
    assert off[k] < 4 * standard_error  # at a fixed seed
    assert (np.delete(off, k) > 4 * standard_error).all()


def drawn(rng, process, states):
    """Joint actions, and the next states."""
    actions = choices(rng, process.joint[states])
    rows = np.asarray(to_dense(process.game).transitions).reshape(*process.joint.shape, -1)
    return actions, choices(rng, rows[states, actions])


def choices(rng, rows):
    return (rows.cumsum(axis=1) < rng.random(len(rows))[:, None]).sum(axis=1).clip(max=rows.shape[1] - 1)


@costly
@given(setups())
def test_what_is_perfect_changes_nothing(setup):
    perfect = Setup.of(setup.game, policy=setup.policy, agent=setup.agent)
    found = returns(perfect)
    assert found.real == found.data == found.learned == found.modelled == returns(setup).real
    # (2) is (1) when both processes are the same, whatever k is: k more roundings
    branched = branched_returns(perfect.data, perfect.modelled, [0, 1, 7], perfect.agent)
    np.testing.assert_allclose(branched, found.real, rtol=0, atol=returns_slack(setup.game))


@costly
@given(setups(), st.integers(0, 300))
def test_long_rollouts_return_what_the_model_does(setup, k):
    branched = branched_return(setup.data, setup.modelled, k, setup.agent)
    span = float(np.ptp(setup.game.rewards))
    bound = setup.game.discount**k * span / (1 - setup.game.discount)
    assert abs(branched - returns(setup).modelled) <= bound + returns_slack(setup.game)


@costly
@given(setups(), st.lists(st.integers(0, 12), max_size=4))
def test_many_lengths_at_once_are_each_of_them(setup, lengths):
    at_once = branched_returns(setup.data, setup.modelled, lengths, setup.agent)
    each = [branched_return(setup.data, setup.modelled, k, setup.agent) for k in lengths]
    assert at_once.tolist() == each
    constant = [
        scheduled_return(setup.data, setup.model, [setup.modelled_policy] * (k + 1), setup.agent) for k in lengths
    ]
    assert constant == each


@costly
@given(setups(discounts=st.just(0.0)), st.integers(0, 3))
def test_without_a_future_only_the_first_reward_counts(setup, k):
    """Whether the branch is at time 0 or before, the first action is by the policies after the branch."""
    now = sum(p * float(r) for p, r in zip(setup.game.start, setup.modelled.rewards(setup.agent), strict=True))
    tolerance = returns_slack(setup.game)
    assert branched_return(setup.data, setup.modelled, k, setup.agent) == pytest.approx(now, rel=0, abs=tolerance)
    assert returns(setup).modelled == pytest.approx(now, rel=0, abs=tolerance)


@costly
@given(setups(max_states=1), st.integers(0, 5))
def test_with_one_state_every_step_earns_the_same(setup, k):
    earned = float(setup.modelled.rewards(setup.agent)[0]) / (1 - setup.game.discount)
    branched = branched_return(setup.data, setup.modelled, k, setup.agent)
    assert branched == pytest.approx(earned, rel=0, abs=returns_slack(setup.game))


@costly
@given(setups())
def test_a_branch_of_length_zero_acts_where_the_data_are(setup):
    game = setup.game
    P = np.array(slow_chain(game, setup.data_policy), dtype=float)
    visits = np.linalg.solve((np.eye(game.num_states) - game.discount * P).T, game.start)
    found = branched_return(setup.data, setup.modelled, 0, setup.agent)
    assert found == pytest.approx(visits @ setup.modelled.rewards(setup.agent), rel=0, abs=returns_slack(game))


def leaking(p, reward=1.0, discount=0.5):
    """s0 leaves for the absorbing s1, where it pays, with probability p; one agent and one action."""
    rewards, transitions = np.array([[0.0], [reward]]), np.array([[[1 - p, p]], [[0.0, 1.0]]])
    return Game.stochastic(rewards, transitions, discount, [1.0, 0.0])


@pytest.mark.parametrize("reward", [1.0, -3.0])
def test_an_absorbing_state_by_hand(reward):
    """J = Σ γ^t (1 - (1 - p)^t) = 1/(1 - γ) - 1/(1 - γ (1 - p)) with p = γ = 1/2: 2 - 4/3."""
    alone = (np.ones((2, 1)),)
    real, model = Process(leaking(0.5, reward), alone), Process(leaking(0.0, reward), alone)
    assert expected_return(real, 0) == pytest.approx(2 / 3 * reward, rel=4 * EPS)
    assert expected_return(model, 0) == 0
    # the model never leaves: k steps later, what counts is where the real game was, and the first k steps earn nothing
    for k in range(5):
        assert branched_return(real, model, k, 0) == pytest.approx(0.5**k * 2 / 3 * reward, rel=8 * EPS)


@costly
@given(setups(), st.data())
def test_relabelling_agents_and_actions_changes_nothing(setup, data):
    game, agents = setup.game, range(setup.game.num_agents)
    order = data.draw(st.permutations(agents))
    shuffles = [data.draw(st.permutations(range(actions))) for actions in game.num_actions]

    def relabelled(array, first):
        """Axis first + j becomes what axis first + order[j] was, with its actions shuffled."""
        for j, shuffle in enumerate(shuffles):
            array = np.take(array, shuffle, axis=first + j)
        return np.moveaxis(array, [first + j for j in order], [first + j for j in agents])

    def shuffled(policy):
        return [policy[j][:, shuffles[j]] for j in order]

    rewards = relabelled(game.rewards, 1) if game.common_payoff else [relabelled(game.rewards[j], 1) for j in order]
    P, P_model = (relabelled(np.asarray(to_dense(g).transitions), 1) for g in (game, setup.model))
    agent = order.index(setup.agent)
    models = shuffled(setup.modelled_policy)
    other = Setup.of(
        Game.stochastic(rewards, P, game.discount, game.start),
        policy=shuffled(setup.policy),
        model=P_model,
        data_policy=shuffled(setup.data_policy),
        opponent_models=[*models[:agent], *models[agent + 1 :]],
        agent=agent,
    )
    tolerance = returns_slack(game)
    for name, value in vars(returns(setup)).items():
        assert getattr(returns(other), name) == pytest.approx(value, rel=0, abs=tolerance)
    lengths = [0, 1, 5]
    np.testing.assert_allclose(
        branched_returns(other.data, other.modelled, lengths, agent),
        branched_returns(setup.data, setup.modelled, lengths, setup.agent),
        rtol=0,
        atol=tolerance,
    )


@costly
@given(setups(), st.floats(-5, 5, allow_subnormal=False), st.floats(-5, 5, allow_subnormal=False))
def test_returns_are_affine_in_the_rewards(setup, scale, shift):
    def changed(game):
        rewards = scale * game.rewards + shift
        return Game.stochastic(rewards, to_dense(game).transitions, game.discount, game.start)

    game, agent = setup.game, setup.agent
    pre, post = (Process(changed(process.game), process.policy) for process in (setup.data, setup.modelled))
    before = branched_returns(setup.data, setup.modelled, [0, 2], agent)
    expected = scale * before + shift / (1 - game.discount)
    tolerance = (1 + abs(scale) + abs(shift)) * returns_slack(game)
    np.testing.assert_allclose(branched_returns(pre, post, [0, 2], agent), expected, rtol=0, atol=tolerance)


@costly
@given(setups(sparse=False))
def test_sparse_and_dense_agree(setup):
    pre, post = (Process(to_sparse(process.game), process.policy) for process in (setup.data, setup.modelled))
    np.testing.assert_allclose(
        branched_returns(pre, post, [0, 3], setup.agent),
        branched_returns(setup.data, setup.modelled, [0, 3], setup.agent),
        rtol=0,
        atol=returns_slack(setup.game),
    )


@pytest.mark.parametrize("sparse", [False, True])
def test_the_visits_of_a_large_game_solve_their_equation(sparse):
    """w = start + γ w P, here by Krylov steps; its floor is 2 eps (1 + 2 max w), taken at most 32 times."""
    game = random_stochastic(400, (2, 2), successors=3, sparse=sparse, discount=0.99, seed=0)
    process = Process(game, random_policy(game, np.random.default_rng(0)))
    visits = process.visits
    defect = game.start + game.discount * process.after(visits) - visits
    assert np.abs(defect).max() <= 64 * EPS * (1 + 2 * visits.max())
    assert visits.sum() == pytest.approx(1 / (1 - game.discount), rel=1e-11)  # defects of 400 states, over 1 - γ


def test_visits_are_not_negative():
    """Where a state is never reached, the factor's rounding is as often below 0 as above."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        P = rng.dirichlet(np.full(20, 0.3), 20) * (rng.random(20) < 0.5)
        P[:, 0] += 1 - P.sum(axis=1)
        game = Game.stochastic(np.zeros((20, 1)), P[:, None], 0.999, np.eye(20)[0])
        assert (Process(game, (np.ones((20, 1)),)).visits >= 0).all()


GAME = random_stochastic(2, (2, 2), discount=0.5, seed=0)
PROCESS = Process(GAME, random_policy(GAME, np.random.default_rng(0)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: expected_return(PROCESS, 2), "agent is 2, expected an agent 0 … 1"),
        (lambda: expected_return(PROCESS, -1), "agent is -1, expected a whole number, at least 0"),
        (lambda: branched_return(PROCESS, PROCESS, -1, 0), "branch_lengths is -1"),
        (lambda: branched_return(PROCESS, PROCESS, 1.5, 0), "branch_lengths is 1.5"),
        (lambda: scheduled_return(PROCESS, GAME, [], 0), r"policies is empty, expected k \+ 1 policies"),
        (lambda: scheduled_return(PROCESS, GAME, [PROCESS.policy, [[1]]], 0), r"policies\[1\] has 1 arrays"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()

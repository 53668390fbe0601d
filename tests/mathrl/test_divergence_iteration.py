"""DMAC's iteration over targets and its limit: monotone, free of ω, and not quite where the paper puts it."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mathrl.games import (
    Game,
    joint_policy,
    load,
    permute_actions,
    random_matrix,
    random_policy,
    random_stochastic,
    relabel_agents,
    to_dense,
    to_sparse,
    uniform_policy,
)
from mathrl.iteration.iterate import watching
from mathrl.iteration.outcome import Status
from mathrl.operators import deviation_gain, divergence_improvement, divergence_optimality_backup
from mathrl.proofs_checks.strategies import TEMPERATURES, games, policies, simplex_rows, temperatures
from mathrl.softmax import boltzmann, kl_divergence
from mathrl.solvers import divergence_iteration, divergence_limit, divergence_policy_iteration, optimal
from mathrl.values.policy_values import evaluate_joint
from mathrl.values.target_policy import controller
from tests.examples import costly
from tests.tolerances import EPS, divergence_magnitude

GENTLE = {"structure": "common-payoff", "discounts": st.sampled_from([0.0, 0.5, 0.9])}
SMALL = GENTLE | {"max_actions": 3, "max_states": 3}
CLASSES = st.sampled_from(["joint", "product"])
AVERAGING = st.sampled_from([1.0, 0.5, 0.1])


@costly
@given(games(**SMALL), temperatures(0.1, 10), CLASSES, AVERAGING, st.data())
def test_both_returns_rise(game, temperature, policy_class, averaging, data):
    """dmac Proposition 1 and A.10: J_ρ(π) never falls; J(π) neither where the target is the previous policy."""
    first = data.draw(policies(game))
    solution = divergence_iteration(
        game,
        temperature=temperature,
        averaging=averaging,
        policy_class=policy_class,
        initial_policy=first,
        max_steps=10,
    )
    returns, regularised = solution.history.reshape(-1, 2).T
    # Inner solutions are exact to 100 floors of π, and values to 32 floors over 1 − γ.
    slack = 1024 * EPS * divergence_magnitude(game, temperature, *first) / (1 - game.discount)
    start = divergence_iteration(
        game, temperature=temperature, policy_class=policy_class, initial_policy=first, max_steps=0
    )
    assert (np.diff(np.append(start.objective, regularised)) >= -slack).all()
    assert (returns >= regularised - slack).all()  # a divergence is not negative
    if averaging == 1:
        assert (np.diff(np.append(start.objective, returns)) >= -slack).all()
        assert (regularised[1:] >= returns[:-1] - slack).all()
    assert solution.objective == (returns[-1] if solution.steps else start.objective)


def test_with_a_moving_average_the_original_return_can_fall():
    """dmac §4.6 and A.10 keep "monotonic improvements": of J_ρ they do, of J they do not."""
    rewards = np.array([[-2.0, 2.0, -1.0], [-1.0, -2.0, 2.0]])
    game = Game.stochastic(rewards, np.eye(2)[[[0, 1, 0], [0, 0, 1]]], 0.9)
    first = [np.array([[0.998, 0.001, 0.001], [1 / 3, 1 / 3, 1 / 3]])]
    for averaging, falls in ((0.5, True), (1.0, False)):
        solution = divergence_iteration(game, temperature=1.0, averaging=averaging, initial_policy=first, max_steps=3)
        returns, regularised = solution.history.T
        assert (np.diff(regularised) > 0.01).all()
        assert (np.diff(returns)[0] < -0.17) == falls


@costly
@given(games(**SMALL | {"discounts": st.sampled_from([0.0, 0.5])}), temperatures(0.1, 10), AVERAGING, st.data())
def test_steps_against_a_plain_loop(game, temperature, averaging, data):
    """dmac Eq. 3 and A.10, each argmax by value iteration with Eq. 20, in probabilities."""
    dense = to_dense(game)
    first = data.draw(simplex_rows((game.num_states, game.num_joint_actions))).reshape(
        game.num_states, *game.num_actions
    )
    steps, rho, pi = 3, first, first
    for _ in range(steps):
        rho, v = (1 - averaging) * rho + averaging * pi, np.zeros(game.num_states)
        for _ in range(60):  # 0.5**60 is 9e-19
            v = divergence_optimality_backup(
                v, rho, dense.rewards, dense.transitions, discount=game.discount, temperature=temperature
            )
        q = dense.rewards + game.discount * np.einsum("...t,t->...", dense.transitions, v)
        pi = divergence_improvement(q, rho, temperature=temperature)
    solution = divergence_iteration(
        game, temperature=temperature, averaging=averaging, initial_policy=first, max_steps=steps
    )
    assume(solution.steps == steps)
    scale = divergence_magnitude(game, temperature, first)
    # three steps, each with V exact to rounding over 1 − γ, and its error over ω in π
    tolerance = 3 * 256 * EPS * (1 + scale / temperature) / (1 - game.discount)
    np.testing.assert_allclose(solution.joint_policy, pi, rtol=0, atol=tolerance)


@costly
@given(games(**SMALL), temperatures(0.1, 10), CLASSES, st.data())
def test_the_first_step_is_divergence_policy_iteration_from_the_first_policy(game, temperature, policy_class, data):
    first = data.draw(policies(game))
    ours = divergence_iteration(
        game, temperature=temperature, policy_class=policy_class, initial_policy=first, max_steps=1
    )
    theirs = divergence_policy_iteration(
        game, temperature=temperature, policy_class=policy_class, target_policy=first, tol=8
    )
    assume(ours.steps == 1 and theirs.converged)
    scale = divergence_magnitude(game, temperature, *first)
    assert abs(ours.history[0, 1] - theirs.objective) <= 1024 * EPS * scale / (1 - game.discount)


@given(games(**SMALL), temperatures(0.1, 10), CLASSES, AVERAGING, st.data())
def test_the_residual_is_what_a_deviation_gains(game, temperature, policy_class, averaging, data):
    first = data.draw(policies(game, zeros=False))
    solution = divergence_iteration(
        game,
        temperature=temperature,
        averaging=averaging,
        policy_class=policy_class,
        initial_policy=first,
        max_steps=data.draw(st.integers(0, 20)),
    )
    q, policy = solution.q, solution.policy
    if policy_class == "joint":
        q, policy = q.reshape(game.num_states, -1), (solution.joint_policy.reshape(game.num_states, -1),)
    gain = deviation_gain(q, policy).max() / temperature
    # a difference of values, each exact to rounding over 1 − γ
    tolerance = 256 * EPS * (1 + divergence_magnitude(game, 0) / temperature) / (1 - game.discount)
    assert abs(solution.residual - gain) <= tolerance
    values = evaluate_joint(
        game,
        joint_policy(policy).reshape(game.num_states, -1),
        np.zeros((1, game.num_states)),
        agent_axis=False,
    )
    np.testing.assert_allclose(solution.q, values.q, rtol=0, atol=tolerance * temperature)
    np.testing.assert_allclose(solution.v, values.v, rtol=0, atol=tolerance * temperature)
    assert solution.converged == (solution.residual <= min(100 * solution.rounding_floor, 0.01))


@costly
@given(games(**SMALL), temperatures(0.1, 10), st.data())
def test_the_residual_bounds_the_next_move(game, temperature, data):
    first = data.draw(policies(game, zeros=False))
    options = {"temperature": temperature, "initial_policy": first}
    here, after = (divergence_iteration(game, **options, max_steps=k) for k in (2, 3))
    moved = np.abs(after.joint_policy - here.joint_policy).max()
    tolerance = 256 * EPS * (1 + divergence_magnitude(game, temperature, *first) / temperature) / (1 - game.discount)
    assert moved <= here.residual / (1 - game.discount) + tolerance


def test_a_rare_best_action_is_no_reason_to_stop():
    """max |π_1 − π_0| is 4e-17 here, below any rounding floor, while the return is 1 below the optimum."""
    first = [np.array([[1 - 1e-17, 1e-17]])]
    game = Game.matrix(np.array([0.0, 1.0]))
    assert not divergence_iteration(game, temperature=0.6, initial_policy=first, max_steps=1).converged
    solution = divergence_iteration(game, temperature=0.6, initial_policy=first).require()
    assert abs(solution.objective - 1) <= 1e-13  # 100 floors, times ω
    assert np.searchsorted(solution.history[:, 0], 0.5) == 23  # 17 decades of odds at 1/0.6 nats a step: after 24


@given(games(structure="common-payoff", discounts=st.just(0.0), max_states=2), TEMPERATURES, st.data())
def test_without_a_future_it_is_exponentiated_reward(game, temperature, data):
    """dmac A.1: π_t ∝ π_0 exp(t r/ω)."""
    first, steps = data.draw(policies(game)), data.draw(st.integers(1, 9))
    solution = divergence_iteration(game, temperature=temperature, initial_policy=first, max_steps=steps)
    expected = divergence_improvement(game.rewards, joint_policy(first), temperature=temperature / solution.steps) if (
        solution.steps
    ) else joint_policy(first)  # fmt: skip
    tolerance = 64 * EPS * (1 + steps * (game.reward_scale / temperature + 40))  # logs of π_0 as small as 1e-12 · 1/8
    np.testing.assert_allclose(solution.joint_policy, expected, rtol=0, atol=tolerance)


def gap_of(limit):
    """The smallest Q* that an action lacks to the best one, beyond ties."""
    lacking = limit.v.reshape(-1, *[1] * (limit.q.ndim - 1)) - limit.q
    beyond = lacking[limit.joint_policy == 0]
    return float(beyond.min()) if beyond.size else np.inf


@costly
@given(games(**SMALL), st.sampled_from([0.05, 0.3]), st.data())
def test_the_limit_is_reached_whatever_the_temperature(game, temperature, data):
    """Corrected dmac Proposition 2; Proposition 3; Theorem 1 with 0 in the place of its bound."""
    first = data.draw(policies(game, zeros=False))
    limit = divergence_limit(game, initial_policy=first).require()
    best = optimal(game)
    tolerance = 1024 * EPS * divergence_magnitude(game, temperature, *first) / (1 - game.discount)
    np.testing.assert_allclose(limit.v, best.v, rtol=0, atol=tolerance)
    np.testing.assert_allclose(limit.q, best.q, rtol=0, atol=tolerance)
    assume(gap_of(limit) > 1e-3)
    solution = divergence_iteration(game, temperature=temperature, initial_policy=first, max_steps=2000)
    assume(solution.converged)
    np.testing.assert_allclose(solution.v, best.v, rtol=0, atol=tolerance)
    # What is left on other actions, at most the residual over the gap, still moves what ties by that over (1 − γ)²;
    # and each step's logarithms have the error of Q over ω, which adds up.
    left = 100 * solution.rounding_floor * temperature / min(gap_of(limit), 1) / (1 - game.discount) ** 2
    added = 16 * solution.steps * solution.rounding_floor / (1 - game.discount)
    np.testing.assert_allclose(solution.joint_policy, limit.joint_policy, rtol=0, atol=left + added + tolerance)


def less_to_learn():
    """Two actions lead to values of 1/2 both: where there is nothing to choose, or where one action of two is bad."""
    rewards = np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]])
    return Game.stochastic(rewards, np.eye(4)[[[1, 2], [3, 3], [3, 3], [3, 3]]], 0.5)


@pytest.mark.parametrize("temperature", [0.1, 1.0, 3.0])
def test_proposition_2_as_printed_is_false(temperature):
    """Both actions of state 0 are optimal and π_0 is uniform, so Proposition 2 wants (1/2, 1/2).

    Action 1 leads to where V_k = ω log((1 + e^{k/ω})/(1 + e^{(k−1)/ω})), and 1 − V_k sums to ω log 2: the odds tend to
    exp(γ log 2) = √2, whatever ω.
    """
    solution = divergence_iteration(less_to_learn(), temperature=temperature).require()
    one, other = solution.joint_policy[0]
    assert abs(one / other - np.sqrt(2)) <= 1e-12  # 92 steps of rounding at most
    limit = divergence_limit(less_to_learn()).require()
    assert abs(limit.joint_policy[0, 0] - np.sqrt(2) / (1 + np.sqrt(2))) <= 4 * EPS
    assert limit.q[0].tolist() == [0.5, 0.5]


def test_with_a_moving_average_the_limit_depends_on_it_and_on_the_temperature():
    """dmac Eq. 29 says that it is that of Proposition 2, whatever τ. The odds are those of docs/findings.md."""
    found = {(1.0, 1.0): 1.414, (1.0, 0.5): 1.387, (0.1, 0.5): 1.362, (1.0, 0.1): 1.370}
    for (temperature, averaging), odds in found.items():
        solution = divergence_iteration(less_to_learn(), temperature=temperature, averaging=averaging).require()
        assert abs(solution.objective - divergence_limit(less_to_learn()).objective) <= 1e-11
        assert round(float(np.divide(*solution.joint_policy[0])), 3) == odds


@given(games(**SMALL), st.data())
def test_the_limit_is_the_optimal_policy_that_is_nearest_to_the_first(game, data):
    """No other policy on the optimal actions has a smaller discounted divergence from π_0, in any state."""
    first = data.draw(policies(game, zeros=False))
    limit = divergence_limit(game, initial_policy=first).require()
    rho = joint_policy(first).reshape(game.num_states, -1)
    ours = limit.joint_policy.reshape(game.num_states, -1)
    other = np.where(ours > 0, data.draw(simplex_rows(ours.shape, zeros=False)), 0)
    other /= other.sum(axis=1, keepdims=True)
    silent = Game.stochastic(np.zeros((game.num_states, *game.num_actions)), game.transitions, game.discount)
    far, near = (-evaluate_joint(silent, pi, -kl_divergence(pi, rho)[None], agent_axis=False).v for pi in (other, ours))
    assert (near <= far + 1024 * EPS * divergence_magnitude(game, 1, *first) / (1 - game.discount)).all()


@given(games(structure="common-payoff", discounts=st.just(0.0)), st.data())
def test_without_a_future_proposition_2_holds(game, data):
    first = data.draw(policies(game, zeros=False))
    limit = divergence_limit(game, initial_policy=first).require()
    flat = game.rewards.reshape(game.num_states, -1)
    best = flat.max(axis=1, keepdims=True)
    tied = best - flat <= 64 * EPS * np.maximum(np.abs(best), np.abs(flat))  # as the solver's docstring says
    expected = np.where(tied, joint_policy(first).reshape(flat.shape), 0)
    expected /= expected.sum(axis=1, keepdims=True)
    ours = limit.joint_policy.reshape(flat.shape)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=64 * EPS * 40)  # through logarithms down to −28 − 3


@costly
@given(games(**SMALL), st.data())
def test_names_and_storage_do_not_change_the_limit(game, data):
    first = data.draw(policies(game, zeros=False))
    ours = divergence_limit(game, initial_policy=first).require()
    assume(gap_of(ours) > 1e-6)
    labels = data.draw(st.permutations(range(game.num_agents)))
    agent = data.draw(st.integers(0, game.num_agents - 1))
    names = data.draw(st.permutations(range(game.num_actions[agent])))
    renamed = tuple(pi[:, names] if i == agent else pi for i, pi in enumerate(first))
    axes = (0, *(1 + label for label in labels))
    tolerance = 1024 * EPS * divergence_magnitude(game, 1, *first) / (1 - game.discount)
    for theirs, expected in (
        (divergence_limit(to_dense(game) if game.sparse else to_sparse(game), initial_policy=first), ours.joint_policy),
        (
            divergence_limit(permute_actions(game, agent, names), initial_policy=renamed),
            ours.joint_policy.take(names, 1 + agent),
        ),
        (
            divergence_limit(relabel_agents(game, labels), initial_policy=tuple(first[label] for label in labels)),
            ours.joint_policy.transpose(axes),
        ),
    ):
        np.testing.assert_allclose(theirs.joint_policy, expected, rtol=0, atol=tolerance)


def test_theorem_1_is_far_from_tight():
    """dmac Eq. 4: the bound is ω log|A|/(1 − γ), the distance is rounding, for whatever ω."""
    game = random_stochastic(5, (3, 3), discount=0.9, seed=0)
    best = optimal(game)
    for temperature in (0.01, 0.04):
        solution = divergence_iteration(game, temperature=temperature, max_steps=100_000).require()
        bound = temperature * np.log(9) / (1 - 0.9)
        distance = np.abs(solution.v - best.v).max()
        assert distance <= 1e-11 < 1e-10 * bound


def test_products_end_where_no_agent_alone_gains():
    game = load("climbing")
    solution = divergence_iteration(game, temperature=2.0, policy_class="product").require()
    assert solution.joint_policy is None
    assert deviation_gain(solution.q, solution.policy).max() <= 2 * 100 * solution.rounding_floor
    assert solution.objective < optimal(game).objective  # the risky optimum is not found from uniform play


@pytest.mark.parametrize("policy_class", ["joint", "product"])
def test_what_the_first_policy_never_plays_stays_unplayed(policy_class):
    first = (np.array([[0.5, 0.5, 0.0]]), np.array([[0.25, 0.75, 0.0]]))
    solution = divergence_iteration(load("hasac"), temperature=1.0, initial_policy=first, policy_class=policy_class)
    assert solution.converged
    assert all((pi[:, 2] == 0).all() for pi in solution.policy)
    best = load("hasac").rewards[0, :2, :2].max()
    assert abs(solution.objective - best) <= 1e-11 or policy_class == "product"


@pytest.mark.parametrize("temperature", [1e-4, 1e-2, 1.0, 1e2, 1e4])
@pytest.mark.parametrize("averaging", [1.0, 0.3])
def test_from_cold_to_hot(temperature, averaging):
    """Logarithms of π fall below −1e6 at the low end; at the high end 20 steps do little, and no harm."""
    game = random_stochastic(6, (3, 2), discount=0.95, seed=1)
    first = random_policy(game, np.random.default_rng(0))
    solution = divergence_iteration(
        game, temperature=temperature, averaging=averaging, initial_policy=first, max_steps=20
    )
    assert solution.status in (Status.CONVERGED, Status.MAX_STEPS)
    assert np.isfinite(solution.history).all()
    assert (np.diff(solution.history[:, 1]) >= -1e-11).all()
    if temperature < 1e-2 and averaging == 1:
        assert solution.converged
        assert abs(solution.objective - optimal(game).objective) <= 1e-11


def test_steps_and_statuses():
    game, options = load("hasac"), {"temperature": 10.0, "averaging": 0.5}
    full = divergence_iteration(game, **options)
    assert full.converged
    assert full.history.shape == (full.steps, 2)
    none, one = (divergence_iteration(game, **options, max_steps=k) for k in (0, 1))
    assert (none.status, none.steps) == (Status.MAX_STEPS, 0)
    assert one.history.tolist() == full.history[:1].tolist()

    def watcher(step, residual):
        if step == 2:
            raise KeyboardInterrupt

    with watching(watcher):
        stopped = divergence_iteration(game, **options)
    assert (stopped.status, stopped.steps) == (Status.INTERRUPTED, 2)
    assert np.array_equal(stopped.joint_policy, divergence_iteration(game, **options, max_steps=2).joint_policy)
    limit = divergence_limit(load("dmac"), max_steps=0)
    assert limit.status is Status.MAX_STEPS
    limit = divergence_limit(load("dmac"))
    assert limit.converged
    assert len(limit.history) == limit.steps
    assert np.array_equal(limit.parameters["initial_policy"][0], uniform_policy(load("dmac"))[0])


def test_joint_policies_are_taken_as_they_are_given():
    correlated = np.array([[0.5, 0.0, 0.1], [0.0, 0.2, 0.0], [0.1, 0.0, 0.1]])
    none = divergence_iteration(load("hasac"), temperature=1.0, initial_policy=correlated, max_steps=0)
    np.testing.assert_allclose(none.joint_policy[0], correlated, rtol=4 * EPS)  # through its logarithm
    assert np.array_equal(none.parameters["initial_policy"][0], correlated)
    np.testing.assert_allclose(none.policy[0], [[0.6, 0.2, 0.2]], rtol=4 * EPS)
    assert controller(load("hasac"), "joint").num_actions == (9,)


GAME = load("hasac")


@pytest.mark.parametrize(
    ("solver", "game", "options", "message"),
    [
        (divergence_iteration, load("matching-pennies"), {}, "general-sum"),
        (divergence_limit, load("matching-pennies"), {}, "general-sum"),
        (divergence_iteration, GAME, {"averaging": 0.0}, "averaging is 0"),
        (divergence_iteration, GAME, {"averaging": 1.5}, "averaging is 1.5"),
        (divergence_iteration, GAME, {"policy_class": "all"}, "policy_class 'all'"),
        (divergence_iteration, GAME, {"initial_policy": np.full((3, 3), 1 / 9), "policy_class": "product"}, "joint"),
        (divergence_limit, GAME, {"initial_policy": [[0.5, 0.5, 0.0], [1 / 3] * 3]}, "leaves out a joint action"),
        (divergence_limit, GAME, {"initial_policy": np.ones((2, 2)) / 4}, "initial_policy has shape"),
    ],
)
def test_bad_input(solver, game, options, message):
    needed = {} if solver is divergence_limit else {"temperature": 1.0}
    with pytest.raises(ValueError, match=message):
        solver(game, **needed, **options)


@pytest.mark.parametrize("averaging", [1.0, 0.5])
@pytest.mark.parametrize("rare", [1e-8, 1e-14, 1e-20])
def test_a_best_action_as_rare_as_rounding_comes_back_and_rows_sum_to_1(rare, averaging):
    """What a row lacks for a sum of 1 would else grow as fast as that action, and pass for it."""
    game = Game.matrix(np.array([[1.0, 0.0], [0.0, 0.0]]))
    start = [[rare, 1 - rare]] * 2
    solution = divergence_iteration(game, temperature=1.0, averaging=averaging, initial_policy=start).require()
    for rows in solution.policy:
        assert abs(rows.sum() - 1) <= 64 * EPS
        assert rows[0, 0] > 1 - 1e-12  # the residual of 100 floors
    assert solution.objective <= 1 + 64 * EPS


@costly
@given(st.integers(0, 10_000), temperatures(0.5, 20))
def test_from_skewed_starts_no_answer_exceeds_the_best_reward(seed, temperature):
    rng = np.random.default_rng(seed)
    game = random_matrix((2, 2, 2), seed=seed)
    start = [boltzmann(8 * rng.normal(size=(1, 2)), 1.0) for _ in range(3)]
    solution = divergence_iteration(game, temperature=temperature, initial_policy=start, max_steps=300)
    assert abs(solution.joint_policy.sum() - 1) <= 256 * EPS  # 8 probabilities and a few logarithms
    assert solution.objective <= game.rewards.max() + 256 * EPS * game.reward_scale


@pytest.mark.parametrize("gap", [1e-8, 1e-9])
def test_near_discount_1_small_gaps_are_no_ties(gap):
    """V is about 1e4: what a run to 100 floors leaves in Q, over 1 − γ, is 1e-6."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        rewards, following = rng.normal(size=4), rng.dirichlet(np.ones(4), 4)
        game = Game.stochastic(
            np.stack([rewards, rewards - gap], axis=1), np.stack([following, following], axis=1), 0.9999
        )
        assert np.array_equal(divergence_limit(game).policy[0], np.eye(2)[[0] * 4])

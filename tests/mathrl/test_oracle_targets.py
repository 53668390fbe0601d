"""n-step and TD(λ) targets: by all trajectories, by the operator, by their fixed points, limits and invariances."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.games import Game, load, random_policy, random_stochastic, to_dense, to_sparse
from mathrl.games.transform import permute_actions, relabel_agents, scale_rewards, shift_rewards
from mathrl.operators import ENTROPIES, policy_backup, soft_value, trace_target
from mathrl.oracle import n_step_target, one_step_target, td_lambda_target
from mathrl.proofs_checks.strategies import TEMPERATURES, games, policies
from mathrl.values.policy_values import evaluate
from tests.examples import costly
from tests.tolerances import EPS, near, target_slack

EVERY_ENTROPY = st.sampled_from(ENTROPIES)
STEPS = st.integers(1, 6)
TRACES = st.sampled_from([0.0, 0.4, 1.0]) | st.floats(0, 1)
SEEDS = st.integers(0, 2**32)


def critic(game, entropy, seed):
    """Some Q, with an agent axis where the agents' values differ."""
    agents = (game.num_agents,) if entropy == "own" or not game.common_payoff else ()
    return np.random.default_rng(seed).uniform(-10, 10, (*agents, game.num_states, *game.num_actions))


def by_trajectories(game, policy, q, temperature, entropy, steps):
    """The mean over all trajectories of what a sampled n-step target is, with −log π for the entropy."""
    P, actions = to_dense(game).transitions, list(itertools.product(*map(range, game.num_actions)))
    target = np.zeros((game.num_agents, game.num_states, *game.num_actions))
    for agent in range(game.num_agents):
        rewards = game.rewards if game.common_payoff else game.rewards[agent]
        own_q = q[agent] if q.ndim == rewards.ndim + 1 else q
        counted = {"team": range(game.num_agents), "own": [agent], "none": []}[entropy]

        def ahead(state, action, left, rewards=rewards, own_q=own_q, counted=counted):
            """The mean of what follows (state, action) with `left` rewards to come, that of now among them."""
            if left == 0:
                return own_q[state, *action]
            total = rewards[state, *action]
            for following in range(game.num_states):
                for chosen in actions:
                    rows = [pi[following, a] for pi, a in zip(policy, chosen, strict=True)]
                    weight = P[state, *action, following] * np.prod(rows)
                    if weight > 0 and game.discount > 0:
                        bonus = -temperature * sum(np.log(rows[i]) for i in counted)
                        total += weight * game.discount * (bonus + ahead(following, chosen, left - 1))
            return total

        for state, action in itertools.product(range(game.num_states), actions):
            target[agent, state, *action] = ahead(state, action, steps)
    return target if q.ndim == target.ndim else target[0]


@given(
    games(max_agents=2, max_actions=2, max_states=2), TEMPERATURES, EVERY_ENTROPY, st.integers(1, 3), SEEDS, st.data()
)
def test_the_n_step_target_is_the_mean_over_all_trajectories(game, temperature, entropy, steps, seed, data):
    policy, q = data.draw(policies(game)), critic(game, entropy, seed)
    expected = by_trajectories(game, policy, q, temperature, entropy, steps)
    target = n_step_target(game, policy=policy, q=q, temperature=temperature, entropy=entropy, steps=steps)
    near(target, expected, target_slack(game, temperature))


@given(games(), TEMPERATURES, EVERY_ENTROPY, STEPS, SEEDS, st.data())
def test_n_steps_are_n_applications_of_the_soft_bellman_operator(game, temperature, entropy, steps, seed, data):
    """hasac Eq. 5, as a dense array expression."""
    policy, dense = data.draw(policies(game)), to_dense(game)
    q = applied = critic(game, entropy, seed)
    rewards = np.broadcast_to(game.rewards, q.shape)
    for _ in range(steps):
        applied = policy_backup(applied, policy, rewards, dense.transitions, discount=game.discount,
                                temperature=temperature, entropy=entropy)  # fmt: skip
    target = n_step_target(game, policy=policy, q=q, temperature=temperature, entropy=entropy, steps=steps)
    near(target, applied, target_slack(game, temperature))


@given(games(), TEMPERATURES, EVERY_ENTROPY, STEPS, TRACES, st.data())
def test_the_exact_soft_q_is_its_own_target(game, temperature, entropy, steps, trace_decay, data):
    policy = data.draw(policies(game))
    exact = evaluate(game, policy, temperature=temperature, entropy=entropy)
    given_both = {"policy": policy, "temperature": temperature, "entropy": entropy}
    for bootstrap in ({"q": exact.q}, {"v": exact.v}):
        near(n_step_target(game, steps=steps, **bootstrap, **given_both), exact.q, target_slack(game, temperature))
        near(
            td_lambda_target(game, trace_decay=trace_decay, **bootstrap, **given_both),
            exact.q,
            target_slack(game, temperature),
        )


@costly
@given(games(), TEMPERATURES, EVERY_ENTROPY, st.floats(0, 0.8), SEEDS, st.data())
def test_the_td_lambda_target_mixes_those_of_all_steps(game, temperature, entropy, trace_decay, seed, data):
    policy, q = data.draw(policies(game)), critic(game, entropy, seed)
    arguments = {"policy": policy, "temperature": temperature, "entropy": entropy}
    mixed, target = np.zeros_like(q), q
    for n in range(170):  # 0.8^170 < EPS
        target = one_step_target(game, q=target, **arguments)
        mixed += (1 - trace_decay) * trace_decay**n * target
    near(td_lambda_target(game, q=q, trace_decay=trace_decay, **arguments), mixed, target_slack(game, temperature))


@given(games(), TEMPERATURES, EVERY_ENTROPY, TRACES, SEEDS, st.data())
def test_the_mixture_is_its_own_continuation(game, temperature, entropy, trace_decay, seed, data):
    """y_λ = (1 − λ) Γ q + λ Γ y_λ, as Γ is affine; for λ = 1 too."""
    policy, q = data.draw(policies(game)), critic(game, entropy, seed)
    arguments = {"policy": policy, "temperature": temperature, "entropy": entropy}
    target = td_lambda_target(game, q=q, trace_decay=trace_decay, **arguments)
    first, after = one_step_target(game, q=q, **arguments), one_step_target(game, q=target, **arguments)
    near(target, (1 - trace_decay) * first + trace_decay * after, target_slack(game, temperature))
    if trace_decay == 0:
        assert np.array_equal(target, first)
    if trace_decay == 1:
        near(
            target, evaluate(game, policy, temperature=temperature, entropy=entropy).q, target_slack(game, temperature)
        )


@given(games(structure="common-payoff"), TEMPERATURES, TRACES, SEEDS, st.data())
def test_the_papers_trace_target_is_the_same(game, temperature, trace_decay, seed, data):
    """soft-qmix Eq. 7 and 24: temporal differences in place of the mixture."""
    policy, q = data.draw(policies(game)), critic(game, "team", seed)
    traced = trace_target(q, policy, game.rewards, to_dense(game).transitions, discount=game.discount,
                          temperature=temperature, trace_decay=trace_decay)  # fmt: skip
    target = td_lambda_target(game, policy=policy, q=q, temperature=temperature, trace_decay=trace_decay)
    near(target, traced, target_slack(game, temperature))


@given(games(), TEMPERATURES, EVERY_ENTROPY, STEPS, TRACES, SEEDS, st.data())
def test_targets_contract_by_the_weight_of_the_bootstrap(game, temperature, entropy, steps, trace_decay, seed, data):
    """By γ^n, and by γ (1 − λ)/(1 − γλ): no q gives more, and one that is off by a constant just that."""
    policy, q = data.draw(policies(game)), critic(game, entropy, seed)
    arguments, other = (
        {"policy": policy, "temperature": temperature, "entropy": entropy},
        critic(game, entropy, seed + 1),
    )
    gamma, atol = game.discount, target_slack(game, temperature)
    for target, weight in (
        (lambda q: n_step_target(game, q=q, steps=steps, **arguments), gamma**steps),
        (
            lambda q: td_lambda_target(game, q=q, trace_decay=trace_decay, **arguments),
            gamma * (1 - trace_decay) / (1 - gamma * trace_decay),
        ),
    ):
        assert np.abs(target(q) - target(other)).max() <= weight * np.abs(q - other).max() + atol
        near(target(q + 7) - target(q), np.full_like(q, 7 * weight), atol)


@given(games(), TEMPERATURES, EVERY_ENTROPY, STEPS, TRACES, SEEDS, st.data())
def test_q_and_its_soft_value_give_the_same_target(game, temperature, entropy, steps, trace_decay, seed, data):
    policy, q = data.draw(policies(game)), critic(game, entropy, seed)
    arguments = {"policy": policy, "temperature": temperature, "entropy": entropy}
    v = soft_value(q, policy, temperature=temperature, entropy=entropy)
    for sparse_or_dense in (to_sparse(game), to_dense(game)):
        near(
            n_step_target(game, q=q, steps=steps, **arguments),
            n_step_target(sparse_or_dense, v=v, steps=steps, **arguments),
            target_slack(game, temperature),
        )
        near(
            td_lambda_target(game, q=q, trace_decay=trace_decay, **arguments),
            td_lambda_target(sparse_or_dense, v=v, trace_decay=trace_decay, **arguments),
            target_slack(game, temperature),
        )


@given(games(), TEMPERATURES, EVERY_ENTROPY, STEPS, SEEDS, st.data())
def test_targets_are_affine_in_the_temperature_and_plain_at_0(game, temperature, entropy, steps, seed, data):
    policy, q = data.draw(policies(game)), critic(game, entropy, seed)

    def target(alpha):
        return n_step_target(game, policy=policy, q=q, temperature=alpha, entropy=entropy, steps=steps)

    near(
        target(2 * temperature) - target(temperature),
        target(temperature) - target(0),
        target_slack(game, 2 * temperature),
    )
    unregularised = critic(game, "none", seed) if q.shape == critic(game, "none", seed).shape else q[0]
    plain = n_step_target(game, policy=policy, q=unregularised, temperature=9.0, entropy="none", steps=steps)
    near(target(0) if plain.shape == q.shape else target(0)[0], plain, target_slack(game, 0))


@given(games(), TEMPERATURES, EVERY_ENTROPY, STEPS, SEEDS, st.data())
def test_names_and_units_do_not_matter(game, temperature, entropy, steps, seed, data):
    """Agents relabelled, actions permuted, rewards scaled with the temperature, and shifted: Q shifts by c Σ γ^t."""
    policy, q = data.draw(policies(game)), critic(game, entropy, seed)
    agents, atol, gamma = game.num_agents, 8 * target_slack(game, temperature), game.discount
    lead = q.ndim - agents - 1

    def target(game, policy, q, alpha=temperature):
        return n_step_target(game, policy=policy, q=q, temperature=alpha, entropy=entropy, steps=steps)

    ours = target(game, policy, q)
    order = data.draw(st.permutations(range(agents)))
    axes = (*range(lead + 1), *(lead + 1 + i for i in order))
    relabelled, expected = q.transpose(axes), ours.transpose(axes)
    if lead:
        relabelled, expected = relabelled[list(order)], expected[list(order)]
    near(target(relabel_agents(game, order), tuple(policy[i] for i in order), relabelled), expected, atol)
    agent = data.draw(st.integers(0, agents - 1))
    actions = data.draw(st.permutations(range(game.num_actions[agent])))
    permuted = tuple(pi[:, actions] if i == agent else pi for i, pi in enumerate(policy))
    moved = np.take(ours, actions, axis=lead + 1 + agent)
    near(
        target(permute_actions(game, agent, actions), permuted, np.take(q, actions, axis=lead + 1 + agent)), moved, atol
    )
    near(target(scale_rewards(game, 4.0), policy, 4 * q, 4 * temperature), 4 * ours, atol)
    shifted = ours + 3 * sum(gamma**t for t in range(steps))
    near(target(shift_rewards(game, 3.0), policy, q), shifted, atol)


def test_by_hand_in_one_state():
    """Σ_{t<n} γ^t r + Σ_{1≤t≤n} γ^t α log A + γ^n E[q]: without the entropy of now, with that of the last step."""
    game = Game.stochastic(np.array([[[1.0, 3.0]]]), np.ones((1, 1, 2, 1)), 0.5)
    arguments = {"policy": [[[1.0]], [[0.5, 0.5]]], "temperature": 2.0, "q": [[[8.0, 0.0]]]}
    for steps in (1, 2, 3):
        entropies = 2 * np.log(2) * sum(0.5**t for t in range(1, steps + 1))
        later = 2 * sum(0.5**t for t in range(1, steps)) + entropies + 0.5**steps * 4
        target = n_step_target(game, steps=steps, **arguments)
        near(target, np.array([[[1 + later, 3 + later]]]), 8 * EPS * 8)


def test_what_n_step_codes_leave_out():
    """Rewards alone on the way, and a soft value at its end: short of Σ_{1≤t<n} γ^t α log A, for a uniform policy."""
    game = random_stochastic(4, (2, 3), discount=0.9, seed=0)
    policy = tuple(np.full((4, size), 1 / size) for size in game.num_actions)
    v = np.arange(4.0)
    full = n_step_target(game, policy=policy, v=v, temperature=0.5, steps=5)
    short = n_step_target(game, policy=policy, v=v, temperature=0.5, steps=5, entropy="none")
    near(full - short, np.full_like(full, 0.5 * np.log(6) * sum(0.9**t for t in range(1, 5))), 1e3 * EPS)


def test_where_a_critic_ends_that_counts_entropy_only_at_the_bootstrap():
    """At Σ_j γ^{jn} α log A in place of Σ_t γ^t α log A: 0.559 for 19 of them, with γ = 0.95 and n = 20."""
    game = Game.stochastic(np.zeros((1, 2)), np.ones((1, 2, 1)), 0.95)
    policy, short, full = [np.array([[0.5, 0.5]])], np.zeros((1, 2)), np.zeros((1, 2))
    for _ in range(40):  # 0.95^800 < EPS
        v = soft_value(short, policy, temperature=1.0)
        short = n_step_target(game, policy=policy, v=v, temperature=1.0, entropy="none", steps=20)
        full = n_step_target(game, policy=policy, q=full, temperature=1.0, steps=20)
    near(short, np.full((1, 2), 0.95**20 / (1 - 0.95**20) * np.log(2)), 64 * EPS)
    near(full, np.full((1, 2), 19 * np.log(2)), 1e3 * EPS * 20)
    assert (short < 0.03 * full).all()


@pytest.mark.parametrize("successors", [None, 5])
@pytest.mark.parametrize("structure", ["common-payoff", "general-sum"])
def test_more_states_than_a_dense_factor_is_taken_for(successors, structure):
    game = random_stochastic(400, (2, 3), discount=0.95, successors=successors, structure=structure, seed=2)
    policy, q = random_policy(game, np.random.default_rng(3)), critic(game, "own", 4)
    arguments = {"policy": policy, "temperature": 0.7, "entropy": "own"}
    target = td_lambda_target(game, q=q, trace_decay=0.9, **arguments)
    after = one_step_target(game, q=target, **arguments)
    near(target, 0.1 * one_step_target(game, q=q, **arguments) + 0.9 * after, target_slack(game, 0.7))
    stepped = q
    for _ in range(3):
        stepped = one_step_target(game, q=stepped, **arguments)
    near(n_step_target(game, q=q, steps=3, **arguments), stepped, target_slack(game, 0.7))


def test_functions_and_single_precision_are_taken():
    game, policy = random_stochastic(3, (2, 2), discount=0.9, seed=1), [np.full((3, 2), 0.5, np.float32)] * 2
    q = np.arange(12.0).reshape(3, 2, 2)
    expected = one_step_target(game, policy=policy, q=q, temperature=1.0)
    called = one_step_target(game, policy=lambda s: [[0.5, 0.5]] * 2, q=lambda s, a: q[s, *a], temperature=1.0)
    assert np.array_equal(called, expected)


MATCHING = load("matching-pennies")
HALVES = [[0.5, 0.5]] * 2
ZEROS = np.zeros((2, 1, 2, 2))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"q": None}, "q and v are both missing, expected one of them"),
        ({"v": np.zeros((2, 1))}, "q and v are both given, expected one of them"),
        ({"q": np.zeros((1, 2, 2, 2))}, r"q has shape \(1, 2, 2, 2\), expected \(2, 1, 2, 2\)"),
        ({"q": None, "v": np.zeros(3)}, r"v has shape \(3,\), expected \(2, 1\)"),
        ({"q": ZEROS * np.nan}, r"q\[0, 0, 0, 0\] is nan"),
        ({"temperature": -1}, "temperature is -1, expected a number >= 0"),
        ({"entropy": "all"}, "entropy 'all' is unknown"),
        ({"policy": [[0.5, 0.4], [0.5, 0.5]]}, r"policy\[0\]\[0\] sums to 0.9"),
        ({"game": None}, "game is of type NoneType"),
    ],
)
def test_bad_input(changed, message):
    arguments = {"game": MATCHING, "policy": HALVES, "q": ZEROS, "temperature": 1.0, **changed}
    for target, more in (
        (n_step_target, {"steps": 2}),
        (td_lambda_target, {"trace_decay": 0.5}),
        (one_step_target, {}),
    ):
        with pytest.raises(ValueError, match=message):
            target(**arguments, **more)


@pytest.mark.parametrize(
    ("target", "changed", "message"),
    [
        (n_step_target, {"steps": 0}, "steps is 0, expected a whole number, at least 1"),
        (n_step_target, {"steps": 1.5}, "steps is 1.5"),
        (td_lambda_target, {"trace_decay": 1.5}, r"trace_decay is 1.5, expected a number in \[0, 1\]"),
        (td_lambda_target, {"trace_decay": "x"}, "trace_decay is 'x'"),
    ],
)
def test_bad_lengths(target, changed, message):
    with pytest.raises(ValueError, match=message):
        target(MATCHING, policy=HALVES, q=ZEROS, temperature=1.0, **changed)

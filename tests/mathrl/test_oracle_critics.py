"""The papers' critic targets: means of their samples, fixed points of the solvers, and where printed forms end."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.games import Game, joint_policy, load, opponents_policy, random_policy, random_stochastic, to_dense
from mathrl.operators import conditional_policy, divergence_backup, opponent_backup, opponent_model, own_and_others
from mathrl.oracle import (
    aorpo_target,
    dmac_target,
    hasac_target,
    n_step_target,
    one_step_target,
    rommeo_target,
    soft_qmix_target,
    td_lambda_target,
)
from mathrl.proofs_checks.strategies import TEMPERATURES, games, policies, simplex_rows, temperatures
from mathrl.solvers import divergence_policy_iteration, haspi, qre, rommeo_q, soft_qmix
from mathrl.values.policy_values import evaluate
from tests.examples import costly
from tests.tolerances import EPS, near, sample_slack

COMMON = games(structure="common-payoff")
SEEDS = st.integers(0, 2**32)
MILD = temperatures(0.1, 10)


def critic(game, seed):
    return np.random.default_rng(seed).uniform(-10, 10, (game.num_states, *game.num_actions))


def sampled_mean(game, agent, w, sample):
    """r + γ Σ_t P Σ_a' w(a'|t) sample(t, a'), added up term by term, where w (S, A_1, …, A_n) is positive."""
    rewards = game.rewards if game.common_payoff else game.rewards[agent]
    v = [sum(w[t, *a] * sample(t, a) for a in np.ndindex(game.num_actions) if w[t, *a] > 0)
         for t in range(game.num_states)]  # fmt: skip
    return rewards + game.discount * (to_dense(game).transitions * np.array(v)).sum(axis=-1)


@costly
@given(COMMON, TEMPERATURES, st.integers(1, 3), SEEDS, st.data())
def test_hasac_is_the_mean_of_its_samples(game, temperature, critics, seed, data):
    """hasac Algorithm 2, with any number of critics."""
    policy, q = data.draw(policies(game)), [critic(game, seed + k) for k in range(critics)]

    def sample(t, a):
        return min(one[t, *a] for one in q) - temperature * sum(
            np.log(pi[t, own]) for pi, own in zip(policy, a, strict=True)
        )

    target = hasac_target(game, policy=policy, q=q, temperature=temperature)
    near(target, sampled_mean(game, 0, joint_policy(policy), sample), sample_slack(game, temperature))
    alone = [hasac_target(game, policy=policy, q=one, temperature=temperature) for one in q]
    assert (target <= np.min(alone, axis=0) + sample_slack(game, temperature)).all()
    near(hasac_target(game, policy=policy, q=(q[0], q[0] + 1), temperature=temperature), alone[0], 0)


def test_hasac_takes_the_minimum_before_the_expectation():
    game = Game.stochastic(np.zeros((1, 2)), np.ones((1, 2, 1)), discount=0.5)
    twins = np.array([[4.0, 0.0]]), np.array([[0.0, 4.0]])
    target = hasac_target(game, policy=[[0.5, 0.5]], q=twins, temperature=0.0)
    after = [hasac_target(game, policy=[[0.5, 0.5]], q=one, temperature=0.0) for one in twins]
    assert target.tolist() == [[0.0, 0.0]]
    assert np.min(after, axis=0).tolist() == [[1.0, 1.0]]


@given(COMMON, st.integers(1, 3), st.data())
def test_critics_are_told_from_one_by_their_axes(game, critics, data):
    """Arrays or nested lists, one or several, and stacked; with one state also without its axis."""
    policy, q = data.draw(policies(game)), [critic(game, k) for k in range(critics)]

    def target(q):
        return hasac_target(game, policy=policy, q=q, temperature=1.0)

    several, alone = target(q), target([q[0]])
    for given_critics, expected in [
        (np.array(q), several),
        (tuple(one.tolist() for one in q), several),
        ([lambda s, a, one=one: one[s, *a] for one in q], several),
        (q[0], alone),
        (q[0].tolist(), alone),
        (lambda s, a: q[0][s, *a], alone),
    ]:
        np.testing.assert_array_equal(target(given_critics), expected)
    if game.num_states == 1:
        np.testing.assert_array_equal(target([one[0] for one in q]), several)
        np.testing.assert_array_equal(target(q[0][0].tolist()), alone)


def test_a_temperature_may_be_an_array_without_axes():
    game = random_stochastic(3, (2, 2), discount=0.9, seed=7)
    policy, q = random_policy(game, np.random.default_rng(8)), critic(game, 1)
    for target, more in [
        (hasac_target, {"policy": policy}),
        (soft_qmix_target, {"policy": policy}),
        (aorpo_target, {"policy": policy, "agent": 0}),
        (dmac_target, {"policy": policy, "target_policy": policy}),
    ]:
        near(target(game, q=q, temperature=np.array(0.5), **more), target(game, q=q, temperature=0.5, **more), 0)


@given(games(structure="common-payoff", discounts=st.sampled_from([0.0, 0.5, 0.9])), MILD)
def test_the_answers_of_haspi_and_soft_qmix_are_their_own_targets(game, temperature):
    found = haspi(game, temperature=temperature, max_steps=3)
    atol = 100 * sample_slack(game, temperature)  # 1/(1 − γ) is 10, for values and for their solve
    target = hasac_target(game, policy=found.policy, q=[found.q, found.q], temperature=temperature)
    near(target, found.q, atol)
    mixed = soft_qmix(game, temperature=temperature, mixer="unrestricted", max_steps=20)
    target = soft_qmix_target(game, policy=mixed.policy, q=mixed.q, temperature=temperature)
    near(target, mixed.q, atol)
    if mixed.converged:  # the residual counts ‖Q‖
        target = soft_qmix_target(game, policy=mixed.policy, q=mixed.q_tot, temperature=temperature)
        size = max(temperature, np.abs(mixed.q_tot).max())
        assert np.abs(target - mixed.q_tot).max() <= mixed.residual * size + atol


@given(COMMON, TEMPERATURES, st.floats(0, 0.8), SEEDS, st.data())
def test_soft_qmix_sums_temporal_differences(game, temperature, trace_decay, seed, data):
    """soft-qmix Eq. 7: E[δ_{t+l}] = E_P E_π E[δ_{t+l−1}], added up until nothing is left."""
    policy, q = data.draw(policies(game)), critic(game, seed)
    delta = one_step_target(game, policy=policy, q=q, temperature=temperature) - q
    total, ahead = q + delta, delta
    P, w, axes = to_dense(game).transitions, joint_policy(policy), tuple(range(1, game.num_agents + 1))
    for _ in range(170):  # 0.8^170 < EPS
        ahead = game.discount * trace_decay * (P * (w * ahead).sum(axis=axes)).sum(axis=-1)
        total = total + ahead
    target = soft_qmix_target(game, policy=policy, q=q, temperature=temperature, trace_decay=trace_decay)
    near(target, total, 1e3 * sample_slack(game, temperature))  # a solve and a sum with 1/(1 − 0.8)


@given(games(), MILD, MILD, SEEDS, st.data())
def test_rommeo_is_the_mean_of_its_samples(game, temperature, divergence_weight, seed, data):
    """rommeo Eq. 14-15: opponents from the model, whoever they are."""
    agent, q = data.draw(st.integers(0, game.num_agents - 1)), critic(game, seed)
    others = game.num_joint_actions // game.num_actions[agent]
    rho = data.draw(simplex_rows((game.num_states, others)))
    prior = data.draw(simplex_rows((game.num_states, others), zeros=False))
    pi = data.draw(simplex_rows((game.num_states, others, game.num_actions[agent]))).transpose(0, 2, 1)
    flat = np.arange(game.num_joint_actions).reshape(1, *game.num_actions)
    place = {int(joint): (own, other) for (_, own, other), joint in np.ndenumerate(own_and_others(flat, agent))}
    w = np.zeros(q.shape)
    for t, a in itertools.product(range(game.num_states), np.ndindex(game.num_actions)):
        own, other = place[int(flat[0, *a])]
        w[t, *a] = rho[t, other] * pi[t, own, other]

    def sample(t, a):
        own, other = place[int(flat[0, *a])]
        divergence = np.log(rho[t, other]) - np.log(prior[t, other])
        return q[t, *a] - temperature * np.log(pi[t, own, other]) - divergence_weight * divergence

    target = rommeo_target(
        game,
        agent,
        q=q,
        conditional_policy=pi,
        opponent_model=rho,
        prior=prior,
        temperature=temperature,
        divergence_weight=divergence_weight,
    )
    near(target, sampled_mean(game, agent, w, sample), sample_slack(game, temperature + divergence_weight))


@given(games(discounts=st.sampled_from([0.0, 0.5, 0.9])), MILD, MILD, SEEDS)
def test_rommeo_q_is_its_own_target_and_the_tilted_strategies_have_no_variance(game, temperature, kappa, seed):
    weights = {"temperature": temperature, "divergence_weight": kappa}
    priors = opponents_policy(random_policy(game, np.random.default_rng(seed)))
    found = rommeo_q(game, prior=priors, **weights)
    q = critic(game, seed)
    atol = 100 * sample_slack(game, temperature + kappa)  # as above
    for agent in range(game.num_agents):
        target = rommeo_target(game, agent, q=found.q[agent], conditional_policy=found.conditional_policy[agent],
                               opponent_model=found.opponent_model[agent], prior=priors[agent], **weights)  # fmt: skip
        assert np.abs(target - found.q[agent]).max() <= found.residual + atol
        q_sab = own_and_others(q, agent)
        pi, rho = conditional_policy(q_sab, temperature=temperature), opponent_model(q_sab, priors[agent], **weights)
        target = rommeo_target(
            game, agent, q=q, conditional_policy=pi, opponent_model=rho, prior=priors[agent], **weights
        )
        rewards = game.rewards if game.common_payoff else game.rewards[agent]
        backed_up = opponent_backup(q, priors[agent], agent, rewards, to_dense(game).transitions,
                                    discount=game.discount, **weights)  # fmt: skip
        near(target, backed_up, atol)
        likely = (pi > 1e-200) & (rho > 1e-200)[:, None, :]
        with np.errstate(divide="ignore"):
            samples = q_sab - temperature * np.log(pi) - kappa * np.log(rho / priors[agent])[:, None, :]
        for state in range(game.num_states):
            assert np.ptp(samples[state][likely[state]]) <= 1e4 * EPS * (10 + 460 * (temperature + kappa))  # log 1e-200


def test_the_value_that_rommeos_first_algorithm_samples_is_another():
    """log E[(P^{1/α} exp(Q/α))^α / (π ρ)] of Algorithm 1: log 2 for two actions worth 0, where Eq. 9 has α log 2."""
    game = Game.stochastic(np.zeros((1, 2, 1)), np.ones((1, 2, 1, 1)), discount=0.5)
    halves, alone = np.full((1, 2, 1), 0.5), np.ones((1, 1))
    for temperature in (0.5, 1.0, 2.0):
        target = rommeo_target(game, 0, q=np.zeros((1, 2, 1)), conditional_policy=halves, opponent_model=alone,
                               prior=alone, temperature=temperature)  # fmt: skip
        near(target, np.full((1, 2, 1), 0.5 * temperature * np.log(2)), 8 * EPS)
        printed = np.log(np.mean([np.exp(0.0) / 0.5, np.exp(0.0) / 0.5]))
        assert (abs(0.5 * printed - target[0, 0, 0]) <= 8 * EPS) == (temperature == 1.0)


@given(COMMON, TEMPERATURES, SEEDS, st.booleans(), st.data())
def test_dmac_is_the_mean_of_its_samples(game, temperature, seed, joint, data):
    """dmac §4.4, for product and for joint policies."""
    q, target_policy = critic(game, seed), data.draw(policies(game, zeros=False))
    policy = data.draw(policies(game))
    w, rho = joint_policy(policy), joint_policy(target_policy)
    if joint:
        w = data.draw(simplex_rows((game.num_states, game.num_joint_actions))).reshape(q.shape)
        policy = w
    target = dmac_target(game, policy=policy, target_policy=target_policy, q=q, temperature=temperature)

    def sample(t, a):
        return q[t, *a] - temperature * (np.log(w[t, *a]) - np.log(rho[t, *a]))

    near(target, sampled_mean(game, 0, w, sample), sample_slack(game, temperature))
    dense = divergence_backup(q, w, rho, game.rewards, to_dense(game).transitions, discount=game.discount,
                              temperature=temperature)  # fmt: skip
    near(target, dense, sample_slack(game, temperature))


@given(games(structure="common-payoff", discounts=st.sampled_from([0.0, 0.5, 0.9])), MILD, st.booleans(), st.data())
def test_divergence_policy_iteration_ends_at_its_own_target(game, temperature, joint, data):
    rho = data.draw(policies(game))
    found = divergence_policy_iteration(game, temperature=temperature, target_policy=rho,
                                        policy_class="joint" if joint else "product")  # fmt: skip
    policy = found.joint_policy if joint else found.policy
    target = dmac_target(game, policy=policy, target_policy=rho, q=found.q, temperature=temperature)
    near(target, found.q, 100 * sample_slack(game, temperature))  # as above


def test_dmac_loses_no_support_to_underflow():
    """ρ of 1e-400 for a joint action is no 0: KL(π ‖ ρ) is 400 log 10, and finite."""
    rare = [[[1 - 1e-200, 1e-200]]] * 2
    game = Game.stochastic(np.zeros((1, 2, 2)), np.ones((1, 2, 2, 1)), discount=0.5)
    target = dmac_target(game, policy=[[[0.0, 1.0]]] * 2, target_policy=rare, q=np.zeros((1, 2, 2)), temperature=1.0)
    near(target, np.full((1, 2, 2), -0.5 * 400 * np.log(10)), 1e-10)  # 921 times some roundings


def test_dmacs_next_action_is_arbitrary_only_at_the_optimum():
    """dmac Proposition 4 holds for π ∝ ρ exp(Q/ω); for π = ρ uniform and Q = (0, 1) the two actions give 0 and 1."""
    game = load("dmac")
    rho = tuple(np.full((game.num_states, size), 1 / size) for size in game.num_actions)
    found = divergence_policy_iteration(game, temperature=1.0, target_policy=rho)

    def values(policy):
        q = found.q.reshape(game.num_states, -1)
        return q - np.log(policy.reshape(game.num_states, -1) * game.num_joint_actions)

    assert np.ptp(values(found.joint_policy), axis=1).max() <= 1e-9 * np.abs(found.q).max()  # log of the solver's π
    assert np.ptp(values(joint_policy(rho)), axis=1).min() > 0.1


@given(games(), TEMPERATURES, SEEDS, st.data())
def test_aorpo_is_the_mean_of_its_samples(game, temperature, seed, data):
    """aorpo Eq. 5, with the entropy of the agent's own policy under γ."""
    policy, q = data.draw(policies(game)), critic(game, seed)
    agent = data.draw(st.integers(0, game.num_agents - 1))

    def sample(t, a):
        return q[t, *a] - temperature * np.log(policy[agent][t, a[agent]])

    target = aorpo_target(game, agent, policy=policy, q=q, temperature=temperature)
    near(target, sampled_mean(game, agent, joint_policy(policy), sample), sample_slack(game, temperature))
    everybody = np.broadcast_to(q, (game.num_agents, *q.shape))
    own = one_step_target(game, policy=policy, q=everybody, temperature=temperature, entropy="own")
    near(target, own[agent], sample_slack(game, temperature))


@given(games(discounts=st.sampled_from([0.1, 0.5, 0.9, 0.99])), MILD, st.data())
def test_what_aorpo_prints_ends_at_another_temperature(game, temperature, data):
    """Eq. 5 without γ before α log π: off by (1 − γ)/γ times the part of the entropy in Q, so α log A_i if uniform."""
    agent = data.draw(st.integers(0, game.num_agents - 1))
    gamma, policy = game.discount, data.draw(policies(game))

    def exact(policy, alpha):
        return evaluate(game, policy, temperature=alpha, entropy="own").q[agent]

    atol = sample_slack(game, temperature) / (1 - gamma) ** 2 / gamma
    ends = exact(policy, temperature / gamma)
    own = -np.sum(policy[agent] * np.log(np.where(policy[agent] > 0, policy[agent], 1)), axis=1)
    right = aorpo_target(game, agent, policy=policy, q=ends, temperature=temperature)
    missing = (1 - gamma) * temperature * (to_dense(game).transitions @ own)
    near(right + missing, ends, atol)  # the printed target of `ends` is `ends`
    entropies = exact(policy, temperature) - exact(policy, 0.0)
    near(ends - exact(policy, temperature), (1 - gamma) / gamma * entropies, atol)
    uniform = tuple(np.full_like(pi, 1 / pi.shape[1]) for pi in policy)
    off = exact(uniform, temperature / gamma) - exact(uniform, temperature)
    near(off, np.full_like(off, temperature * np.log(game.num_actions[agent])), atol)


def test_a_qre_with_own_entropy_is_aorpos_target():
    game = random_stochastic(4, (2, 3), structure="general-sum", discount=0.9, seed=5)
    found = qre(game, temperature=2.0, entropy="own").require()
    for agent in range(2):
        target = aorpo_target(game, agent, policy=found.policy, q=found.q[agent], temperature=2.0)
        near(target, found.q[agent], 100 * sample_slack(game, 2.0))


TEAM, PENNIES = load("hasac"), load("matching-pennies")
THIRDS, HALVES = [[1 / 3] * 3] * 2, [[0.5, 0.5]] * 2
Q = np.zeros((1, 3, 3))
DMAC = {"policy": THIRDS, "target_policy": THIRDS, "q": Q, "temperature": 1.0}
ROMMEO = {
    "q": np.zeros((1, 2, 2)),
    "conditional_policy": np.full((1, 2, 2), 0.5),
    "opponent_model": [[0.5, 0.5]],
    "prior": [[0.5, 0.5]],
    "temperature": 1.0,
}
ONE_AGENT = {"policy": HALVES, "q": np.zeros((1, 2, 2)), "temperature": 1.0}


@pytest.mark.parametrize(
    ("target", "arguments", "message"),
    [
        (hasac_target, {"game": PENNIES, **ONE_AGENT}, "game is general-sum, expected a common payoff"),
        (hasac_target, {"game": TEAM, "policy": THIRDS, "q": [Q, Q[0, 0]], "temperature": 1.0}, r"q\[1\] has shape"),
        (hasac_target, {"game": TEAM, "policy": THIRDS, "q": [], "temperature": 1.0}, "q is an empty"),
        (soft_qmix_target, {"game": PENNIES, **ONE_AGENT}, "game is general-sum, expected a common payoff"),
        (dmac_target, {"game": PENNIES, **ONE_AGENT, "target_policy": HALVES}, "game is general-sum"),
        (dmac_target, {"game": TEAM, **DMAC, "target_policy": [[1.0, 0, 0]] * 2}, "policy plays an action that target"),
        (dmac_target, {"game": TEAM, **DMAC, "policy": Q}, "policy.* sums to 0.0"),
        (dmac_target, {"game": TEAM, **DMAC, "temperature": -1}, "temperature is -1"),
        (dmac_target, {"game": TEAM, **DMAC, "q": Q[:, 0]}, r"q has shape \(1, 3\), expected \(1, 3, 3\)"),
        (rommeo_target, {"game": PENNIES, "agent": 2, **ROMMEO}, "agent is 2, expected an agent 0 … 1"),
        (rommeo_target, {"game": PENNIES, "agent": 0, **ROMMEO, "prior": [[1.0, 0.0]]}, "opponent_model plays what"),
        (rommeo_target, {"game": PENNIES, "agent": 0, **ROMMEO, "q": np.zeros((2, 1, 2, 2))}, "q has shape"),
        (rommeo_target, {"game": PENNIES, "agent": 0, **ROMMEO, "divergence_weight": -1}, "divergence_weight is -1"),
        (aorpo_target, {"game": PENNIES, "agent": 2, **ONE_AGENT}, "agent is 2, expected an agent 0 … 1"),
        (aorpo_target, {"game": PENNIES, "agent": 0, **ONE_AGENT, "temperature": np.nan}, "temperature is nan"),
    ],
)
def test_bad_input(target, arguments, message):
    with pytest.raises(ValueError, match=message):
        target(**arguments)


def test_the_least_of_critics_also_after_several_steps():
    """What hasac's tables call "n step", of the lesser critic."""
    game = random_stochastic(3, (2, 2), discount=0.9, seed=7)
    policy = random_policy(game, np.random.default_rng(8))
    twins = critic(game, 1), critic(game, 2)
    once = hasac_target(game, policy=policy, q=twins, temperature=0.5)
    arguments = {"policy": policy, "temperature": 0.5}
    near(
        one_step_target(game, q=once, **arguments),
        n_step_target(game, q=np.minimum(*twins), steps=2, **arguments),
        1e-13,
    )
    assert np.array_equal(
        soft_qmix_target(game, q=once, **arguments), td_lambda_target(game, q=once, trace_decay=0.4, **arguments)
    )


def test_single_precision_is_taken_where_double_is():
    """Rows of single precision are off 1 by up to 1e-7, which games and solvers refuse."""
    game = random_stochastic(5, (3, 4), discount=0.9, seed=0)
    q, rng = critic(game, 0), np.random.default_rng(1)
    exact = rommeo_q(game, temperature=1.0)
    strategy = {
        "conditional_policy": exact.conditional_policy[0],
        "opponent_model": exact.opponent_model[0],
        "prior": rng.dirichlet(np.ones(4), size=5),
    }
    one, other = random_policy(game, rng), random_policy(game, rng)

    def targets(convert):
        product, target = tuple(map(convert, one)), tuple(map(convert, other))
        kind = {"q": q, "temperature": 1.0}
        return [
            rommeo_target(game, 0, **{name: convert(values) for name, values in strategy.items()}, **kind),
            dmac_target(game, policy=product, target_policy=target, **kind),
            dmac_target(game, policy=convert(joint_policy(one)), target_policy=convert(joint_policy(other)), **kind),
            dmac_target(game, policy=lambda s: [rows[s] for rows in product], target_policy=target, **kind),
        ]

    for double, single in zip(targets(np.float64), targets(np.float32), strict=True):
        near(double, single, 1e-5)  # 10 · 1e-7 of the weights, and as much of their logarithms

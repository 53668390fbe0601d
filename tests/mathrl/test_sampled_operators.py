"""Targets of sampled next actions: their mean over all samples, counted one by one, is the exact operator."""

from functools import partial

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mathrl import operators
from mathrl.games import joint_policy, random_policy, random_stochastic, to_dense
from mathrl.games.availability import joint
from mathrl.operators import (
    backup,
    divergence_backup,
    divergence_improvement,
    divergence_soft_max,
    opponent_policy_value,
    opponent_value,
    own_and_others,
    policy_backup,
    sampled_divergence_target,
    sampled_opponent_target,
    sampled_soft_target,
    sampled_trace_step,
    trace_target,
)
from mathrl.oracle import sampled_target, td_lambda_target
from mathrl.proofs_checks.strategies import TEMPERATURES, episodic, games, masked, policies
from tests.tolerances import EPS, near

ENTROPIES = st.sampled_from(operators.ENTROPIES)
TRACES = st.sampled_from([0.0, 0.4, 1.0]) | st.floats(0, 1)
SEEDS = st.integers(0, 2**32)
SMALL = games(max_states=3, max_actions=3)
GAMES = SMALL | masked(SMALL) | episodic(SMALL) | episodic(masked(SMALL))


class Samples:
    """Every (s, a, s', a') that can be drawn, once: it knows how often, and how to take entries and means."""

    def __init__(self, game, joint_policy, ahead=None):
        """`ahead` is how often each of an agent's samples is drawn in s', (S, …), in place of a' ~ π."""
        self.game, self.drawn = game, joint_policy if ahead is None else ahead
        self.shape = (game.num_states, *game.num_actions)
        P = to_dense(game).transitions.reshape(game.num_states, -1, game.num_states)
        chances = P[..., None] * self.drawn.reshape(game.num_states, -1)
        ended = np.zeros(game.num_states, dtype=bool) if game.ended is None else game.ended
        self.known = joint(game.available).reshape(game.num_states, -1) & ~ended[:, None]
        self.s, self.a, self.t, self.b = np.nonzero(np.where(self.known[..., None, None], chances, 0) > 0)
        self.chance = chances[self.s, self.a, self.t, self.b]
        self.discount = game.discount * ~ended[self.t]

    def now(self, table):
        """The entries at (s, a) of a table (…, S, A_1, …, A_n)."""
        return self._flat(table)[..., self.s, self.a]

    def then(self, table):
        """The entries at (s', a'), of a table whose last axes are those of what is drawn in s'."""
        return table.reshape(*table.shape[: table.ndim - self.drawn.ndim], len(self.drawn), -1)[..., self.t, self.b]

    def then_of_agents(self, tables):
        """The entries at (s', a'^j) of one table (S, A_j) per agent."""
        chosen = np.unravel_index(self.b, self.shape[1:])
        return tuple(own[self.t, a] for own, a in zip(tables, chosen, strict=True))

    def mean(self, y):
        """The mean of samples (B,) or (n, B) at each (s, a), as a table; what cannot be played, or ended, is 0."""
        place = self.s * self.known.shape[1] + self.a
        rows = [np.bincount(place, self.chance * row, self.known.size) for row in np.atleast_2d(y)]
        return np.stack(rows).reshape(*np.shape(y)[:-1], *self.shape)

    def expected(self, table):
        """An exact table as `mean` would give it."""
        return np.where(self.known, self._flat(table), 0.0).reshape(table.shape)

    def _flat(self, table):
        return table.reshape(*table.shape[: table.ndim - len(self.shape)], *self.known.shape)


def logs(tables):
    with np.errstate(divide="ignore"):
        return tuple(np.log(own) for own in tables)


def critic(game, seed, *, agents=()):
    """Some Q of size 10 at most, −∞ where an action is not available, also of terminal states."""
    q = np.random.default_rng(seed).uniform(-10, 10, (*agents, game.num_states, *game.num_actions))
    return np.where(joint(game.in_play.available), q, -np.inf)


def exact(game):
    """The rewards and transitions of a game in which episodes end, as the exact operators take them."""
    played = to_dense(game).in_play
    return {"rewards": played.rewards, "transitions": played.transitions}


def rounding(game, weight, smallest=1.0):
    """256 roundings of the largest term of a mean of 120 samples at most: r, Q up to 10, and weighted logarithms."""
    return 256 * EPS * (10 + game.reward_scale + weight * (np.log(game.num_joint_actions) + 1 - np.log(smallest)))


@st.composite
def cases(draw, drawn=GAMES):
    game = draw(drawn)
    return game, draw(policies(game.in_play)), draw(TEMPERATURES), draw(SEEDS)


def seeded(num_actions, structure):
    """A case in which nothing is degenerate: some actions are not available, and each step may end the episode."""
    game = random_stochastic(3, num_actions, available=0.7, ending=0.2, structure=structure, discount=0.9, seed=4)
    return game, random_policy(game.in_play, np.random.default_rng(4)), 0.5, 4


TWO, THREE = seeded((2, 3), "general-sum"), seeded((2, 4, 3), "common-payoff")


# The soft Bellman operator


@example(TWO, "own", False)
@example(TWO, "team", True)
@example(THREE, "team", True)
@example(THREE, "own", True)
@given(cases(), ENTROPIES, st.booleans())
def test_the_mean_of_soft_targets_is_the_soft_bellman_operator(case, entropy, shared):
    """hasac Eq. 5 and 6; also where one critic serves agents whose rewards differ, or who count their own entropy."""
    game, policy, temperature, seed = case
    q = critic(game, seed, agents=() if shared else (game.num_agents,))
    samples = Samples(game, joint_policy(policy))
    weights = {"temperature": temperature, "entropy": entropy}
    y = sampled_soft_target(
        samples.now(game.rewards),
        samples.then(q),
        samples.then_of_agents(logs(policy)),
        discount=samples.discount,
        **weights,
    )
    expected = policy_backup(q, policy, **exact(game), discount=game.discount, **weights)
    near(samples.mean(y), samples.expected(expected), rounding(game, temperature))


@pytest.mark.parametrize("num_actions", [(2, 3), (2, 4, 3)])
def test_every_sample_is_counted_and_nothing_that_cannot_be_drawn(num_actions):
    """In a game with actions that are not available, and with ends."""
    game = random_stochastic(3, num_actions, available=0.6, ending=0.2, structure="general-sum", seed=3)
    policy = random_policy(game.in_play, np.random.default_rng(0))
    samples = Samples(game, joint_policy(policy))
    assert set(samples.discount) == {0.0, game.discount}
    assert 0 < samples.known[:3].sum() < samples.known[:3].size
    assert all(np.isfinite(own).all() for own in samples.then_of_agents(logs(policy)))
    ones = np.ones(samples.shape)
    near(samples.mean(samples.now(ones)), samples.expected(ones), 256 * EPS)  # probabilities of 144 samples at most


# The divergence operator


@given(cases(), st.booleans(), st.data())
def test_the_mean_of_divergence_targets_is_the_divergence_operator(case, correlated, data):
    """dmac Lemma 1, of product policies and of joint ones."""
    game, policy, temperature, seed = case
    target = data.draw(policies(game.in_play, zeros=False))
    w, rho = joint_policy(policy), joint_policy(target)
    if correlated:
        w = w * np.random.default_rng(seed).uniform(0.1, 1, w.shape)
        w /= w.sum(axis=tuple(range(1, w.ndim)), keepdims=True)
    rewards = game.rewards if game.common_payoff else game.rewards[0]
    q, samples = critic(game, seed), Samples(game, w)
    drawn = partial(
        sampled_divergence_target,
        samples.now(rewards),
        samples.then(q),
        discount=samples.discount,
        temperature=temperature,
    )
    y = drawn((np.log(samples.then(w)),), (np.log(samples.then(rho)),))
    setting = exact(game) | {"rewards": rewards}
    expected = divergence_backup(q, w, rho, **setting, discount=game.discount, temperature=temperature)
    slack = rounding(game, temperature, smallest=rho[rho > 0].min())
    near(samples.mean(y), samples.expected(expected), slack)
    if not correlated:
        of_agents = drawn(samples.then_of_agents(logs(policy)), samples.then_of_agents(logs(target)))
        near(samples.mean(of_agents), samples.expected(expected), slack)


@given(cases(), st.data())
def test_at_the_improved_policy_the_target_is_the_same_for_every_action(case, data):
    """dmac Proposition 4: any action that has a probability will do."""
    game, _, temperature, seed = case
    q, rho = critic(game, seed), joint_policy(data.draw(policies(game.in_play, zeros=False)))
    w = divergence_improvement(q, rho, temperature=temperature)
    samples = Samples(game, np.where(w > 1e-290, w, 0.0))  # a smaller double has lost digits
    y = sampled_divergence_target(
        np.zeros(len(samples.b)),
        samples.then(q),
        (np.log(samples.then(w)),),
        (np.log(samples.then(rho)),),
        discount=1.0,
        temperature=temperature,
    )
    v = divergence_soft_max(q, logs((rho,))[0], temperature=temperature)
    # exp(−660), the smallest that stays, is exact to 660 roundings, as many as its logarithm: ω times these is in Q
    near(y, v[samples.t], 16 * rounding(game, temperature, smallest=rho[rho > 0].min()))


# ROMMEO's operator


@st.composite
def opponent_cases(draw):
    """A game, an agent, its Q, and a conditional policy, a model and a prior of what is available."""
    game, _, temperature, seed = draw(cases())
    agent, rng = draw(st.integers(0, game.num_agents - 1)), np.random.default_rng(seed)
    masks = game.in_play.available
    own = own_and_others(joint(masks), agent)  # (S, A_i, B)
    others = own.any(axis=1)

    def rows(mask, axis):
        weights = rng.uniform(0.05, 1, mask.shape) * mask
        total = weights.sum(axis=axis, keepdims=True)
        return weights / np.where(total > 0, total, 1)

    played = rng.uniform(size=others.shape) < 0.7
    model = np.where((played & others).any(axis=1, keepdims=True), played & others, others)
    return game, agent, critic(game, seed), (rows(own, 1), rows(model, 1), rows(others, 1)), temperature


@given(opponent_cases(), TEMPERATURES)
def test_the_mean_of_opponent_targets_is_that_of_the_policy_and_the_model(case, kappa):
    """rommeo Eq. 33-36."""
    game, agent, q, strategies, temperature = case
    weights = {"temperature": temperature, "divergence_weight": kappa}
    rewards = game.rewards if game.common_payoff else game.rewards[agent]
    samples, y = opponent_samples(game, agent, q, strategies, rewards, weights)
    v = opponent_policy_value(own_and_others(q, agent), *strategies, **weights)
    expected = backup(v, **exact(game) | {"rewards": rewards}, discount=game.discount)
    near(samples.mean(y), samples.expected(expected), rounding(game, temperature + kappa, smallest=1e-3))


@given(opponent_cases(), TEMPERATURES)
def test_at_the_best_policy_and_model_the_target_is_the_same_for_all_that_is_drawn(case, kappa):
    """rommeo Eq. 15 follows from Eq. 10 and 11."""
    game, agent, q, (_, _, prior), temperature = case
    weights = {"temperature": temperature, "divergence_weight": kappa}
    own = own_and_others(q, agent)
    pi = operators.conditional_policy(own, temperature=temperature)
    rho = operators.opponent_model(own, prior, **weights)
    rare = (pi < 1e-290) | (rho < 1e-290)[:, None]  # such doubles have lost digits
    rewards = np.zeros(q.shape)
    samples, y = opponent_samples(
        game, agent, q, (pi, rho, prior), rewards, weights, ~rare.any(axis=1)[:, None] & ~rare
    )
    v = opponent_value(own, prior, **weights)
    # each logarithm is off by 660 roundings, at most, of which α or κ times 660 is some three times the size of Q
    near(y, samples.discount * v[samples.t], 64 * rounding(game, temperature + kappa, smallest=1e-3))


def opponent_samples(game, agent, q, strategies, rewards, weights, among=True):
    pi, rho, prior = strategies
    samples = Samples(game, None, ahead=np.where(among, pi * rho[:, None], 0.0))
    of_others = [np.broadcast_to(own[:, None], pi.shape) for own in (rho, prior)]
    y = sampled_opponent_target(
        samples.now(rewards),
        samples.then(own_and_others(q, agent)),
        *(np.log(samples.then(table)) for table in (pi, *of_others)),
        discount=samples.discount,
        **weights,
    )
    return samples, y


# The λ-return


def trace_rounding(game, temperature):
    """64 times the rounding of a mean, of values over the longest play, and over it again for the linear solve."""
    return 64 * rounding(game, temperature) * game.horizon**2


@example(TWO, "own", 0.4, True)
@example(TWO, "team", 1.0, False)
@example(THREE, "team", 0.4, False)
@example(THREE, "own", 0.4, True)
@given(cases(), ENTROPIES, TRACES, st.booleans())
def test_the_trace_step_iterated_is_the_trace_target(case, entropy, trace_decay, cuts):
    """soft-qmix Eq. 7, for every entropy; where a time limit cuts the episode the step has no trace."""
    game, policy, temperature, seed = case
    agents = () if game.common_payoff and entropy != "own" else (game.num_agents,)
    q, samples = critic(game, seed, agents=agents), Samples(game, joint_policy(policy))
    share = np.random.default_rng(seed).uniform(size=samples.shape) if cuts else np.zeros(samples.shape)
    kind = {"temperature": temperature, "entropy": entropy}
    limit = td_lambda_target(
        game, policy=policy, q=q, **kind, trace_decay=trace_decay, truncated=share if cuts else None
    )

    def after(following):
        """The mean of one more step, of the steps that go on and of those that are cut."""
        means = [
            samples.mean(
                sampled_trace_step(
                    samples.now(game.rewards),
                    samples.then(q),
                    samples.then_of_agents(logs(policy)),
                    samples.then(following),
                    discount=samples.discount,
                    trace_decay=decay * np.ones(len(samples.b)),
                    **kind,
                )
            )
            for decay in (trace_decay, 0.0)
        ]
        return (1 - share) * means[0] + share * means[1]

    known, slack = samples.expected(limit), trace_rounding(game, temperature)
    near(after(known), known, slack)  # it stays where it is
    G = np.where(np.isfinite(q), -q, 0.0)
    for _ in range(3):  # and everything else comes nearer
        before, G = np.abs(samples.expected(G) - known).max(), after(G)
        assert np.abs(G - known).max() <= game.discount * trace_decay * before + slack
    if entropy == "team" and game.common_payoff and not cuts and game.discount < 1:
        setting = exact(game)
        table = trace_target(
            q, policy, **setting, discount=game.discount, temperature=temperature, trace_decay=trace_decay
        )
        near(known, samples.expected(table), slack)


@given(cases(games(max_states=2, max_actions=2)), ENTROPIES, TRACES)
def test_the_mean_of_returns_of_two_steps_mixes_one_step_and_two(case, entropy, trace_decay):
    """(1 − λ) Γ_π Q + λ Γ_π Γ_π Q, by every rollout (s, a), (s', a'), (s'', a'')."""
    game, policy, temperature, seed = case
    kind = {"temperature": temperature, "entropy": entropy, "discount": game.discount}
    q, samples = critic(game, seed, agents=(game.num_agents,)), Samples(game, joint_policy(policy))
    at, then = samples.s * samples.known.shape[1] + samples.a, samples.t * samples.known.shape[1] + samples.b
    first, second = np.nonzero(then[:, None] == at)  # the second step starts where the first led
    r, following, chosen = samples.now(game.rewards), samples.then(q), samples.then_of_agents(logs(policy))
    G = sampled_trace_step(
        r[..., second],
        following[..., second],
        [own[second] for own in chosen],
        following[..., second],
        trace_decay=trace_decay,
        **kind,
    )
    G = sampled_trace_step(
        r[..., first], following[..., first], [own[first] for own in chosen], G, trace_decay=trace_decay, **kind
    )
    chance = samples.chance[first] * samples.chance[second]
    mean = np.stack([np.bincount(at[first], chance * row, samples.known.size) for row in G]).reshape(q.shape)
    step = partial(policy_backup, policy=policy, **exact(game), **kind)
    expected = (1 - trace_decay) * step(q) + trace_decay * step(step(q))
    near(mean, expected, 4 * rounding(game, temperature))  # 64 rollouts each of twice the terms


@given(SEEDS, st.sampled_from([0.0, 0.4, 1.0]))
def test_along_a_stored_rollout_it_is_the_oracles_target(seed, trace_decay):
    """Backwards through ends and cuts, several rollouts at once."""
    rng = np.random.default_rng(seed)
    T, size, discount, temperature = 6, 5, 0.9, 0.3
    r, following = rng.normal(size=(2, T, size))
    chosen = np.log(rng.uniform(0.1, 1, (3, T, size)))
    terminated, truncated = rng.uniform(size=(2, T, size)) < 0.2
    G, targets = following[-1], []
    for t in reversed(range(T)):
        G = sampled_trace_step(
            r[t],
            following[t],
            chosen[:, t],
            G,
            discount=discount * ~terminated[t],
            temperature=temperature,
            trace_decay=trace_decay * ~truncated[t],
        )
        targets.append(G)
    bonus = -temperature * chosen.sum(axis=0)
    expected = sampled_target(
        r,
        following=following + bonus,
        terminated=terminated,
        truncated=truncated,
        discount=discount,
        bonus=bonus,
        trace_decay=trace_decay,
    )
    near(np.stack(targets[::-1]), expected, 1e3 * EPS)  # sums of 6 steps, of numbers of size 10


# What is wrong is found


GAME = random_stochastic(3, (2, 3), available=0.8, ending=0.2, discount=0.9, seed=2)
POLICY = random_policy(GAME.in_play, np.random.default_rng(2))
SAMPLES = Samples(GAME, joint_policy(POLICY))
Q = critic(GAME, 2)
R, NEXT_Q, NOW = SAMPLES.now(GAME.rewards), SAMPLES.then(Q), SAMPLES.discount
LOGS = SAMPLES.then_of_agents(logs(POLICY))
PRESENT = tuple(
    own[SAMPLES.s, a] for own, a in zip(logs(POLICY), np.unravel_index(SAMPLES.a, GAME.num_actions), strict=True)
)
ALPHA = {"temperature": 0.5}
EXPECTED = SAMPLES.expected(policy_backup(Q, POLICY, **exact(GAME), discount=0.9, **ALPHA))
RIGHT = {"rewards": R, "next_q": NEXT_Q, "next_log_policy": LOGS, "discount": NOW, **ALPHA}
WRONG = {
    "the entropy of one agent": {"entropy": "own"},
    "no entropy": {"entropy": "none"},
    "the entropies' mean": {"temperature": 0.25},
    "the entropy of the present action": {"next_log_policy": PRESENT},
    "no discount": {"discount": 1.0 * (NOW > 0)},
    "an end taken for a step": {"discount": 0.9},
    "a step taken for an end": {"discount": 0.0},
    "entropy of the other sign": {"temperature": -0.5},
    "entropy outside of the discount": {"rewards": R - 0.5 * sum(LOGS), "entropy": "none"},
}


def distance(y):
    """How far the means are from the exact operator."""
    return np.abs(SAMPLES.mean(y) - EXPECTED).max()


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_target_has_another_mean(wrong):
    assert distance(sampled_soft_target(**RIGHT)) < rounding(GAME, 0.5)
    assert distance(sampled_soft_target(**RIGHT | WRONG[wrong])) > 0.05


@pytest.mark.parametrize("share", [0.4, 0.6])
def test_entropy_counts_once_in_the_bootstrap_and_in_the_return(share):
    """Within the one or the other alone it is too little: there is no λ in its weight."""
    traced = {**RIGHT, "next_return": NEXT_Q, "trace_decay": 0.4}
    assert distance(sampled_trace_step(**traced)) < rounding(GAME, 0.5)
    assert distance(sampled_trace_step(**traced | {"temperature": share * 0.5})) > 0.05


def test_wrong_divergences_have_another_mean():
    target = random_policy(GAME.in_play, np.random.default_rng(5))
    w, rho = joint_policy(POLICY), joint_policy(target)
    expected = SAMPLES.expected(divergence_backup(Q, w, rho, **exact(GAME), discount=0.9, **ALPHA))
    log_rho = SAMPLES.then_of_agents(logs(target))

    def off(log_pi, log_rho):
        y = sampled_divergence_target(R, NEXT_Q, log_pi, log_rho, discount=NOW, **ALPHA)
        return np.abs(SAMPLES.mean(y) - expected).max()

    assert off(LOGS, log_rho) < rounding(GAME, 0.5, smallest=rho[rho > 0].min())
    for log_pi, log_target in ((log_rho, LOGS), (LOGS[:1], log_rho[:1]), (LOGS, [0 * LOGS[0]])):
        assert off(log_pi, log_target) > 0.05


@pytest.mark.parametrize(
    "operator", [sampled_soft_target, partial(sampled_trace_step, next_return=NEXT_Q, trace_decay=0.4)]
)
def test_whose_entropy_counts_is_one_of_three(operator):
    assert operator(**RIGHT, entropy="own").shape == (2, *NEXT_Q.shape)
    with pytest.raises(ValueError, match="everyone"):
        operator(**RIGHT, entropy="everyone")

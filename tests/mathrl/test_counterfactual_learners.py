"""COMA and its divergence-regularised form against the same in plain Python, and what their equations promise."""

import math
from dataclasses import replace

import numpy as np
import pytest

from mathrl.base.checks import InvalidInput
from mathrl.games import Game, load, random_matrix, random_stochastic
from mathrl.learners import Schedule
from mathrl.learners.coma import Coma, coma
from mathrl.learners.counterfactual import add_gradient, critic_targets, log_policy_row, numbers_of
from mathrl.learners.dmac import Dmac, dmac
from mathrl.learners.episodes import played

GAME = random_stochastic(3, (2, 3), discount=0.9, seed=1)
ENDING = random_stochastic(3, (2, 3, 2), discount=1.0, ending=0.2, successors=2, seed=2)
"""Sparse, three agents, and a state in which episodes end."""

SETTINGS = {
    "coma": Coma(horizon=4, batch=2, actor_step=0.2, critic_step=0.5, averaging=0.3, trace=0.6),
    "to the limit": Coma(horizon=4, actor_step=0.2, trace=1.0, bootstrap=False),
    "exploring": Coma(horizon=4, actor_step=0.2, exploration=Schedule(0.4, rate=0.9, floor=0.1)),
    "dmac": Dmac(horizon=4, batch=3, actor_step=0.2, averaging=0.3, trace=0.6, temperature=0.5, buffer=5),
    "dmac, exploring": Dmac(horizon=4, actor_step=0.2, averaging=0.3, temperature=0.5, buffer=5, exploration=0.2),
    "dmac, on policy": Dmac(horizon=4, batch=2, actor_step=0.2, averaging=0.3, temperature=0.5, replay=False),
}


def learned(game, settings, **given):
    learner = dmac if isinstance(settings, Dmac) else coma
    return learner(game, settings=settings, **given)


def drawn(rng, p):
    u, total = rng.random(), 0.0
    for k, share in enumerate(p):
        if share > 0:
            total, last = total + share, k
            if u < total:
                break
    return last


def softmax(row):
    e = [math.exp(x - max(row)) for x in row]
    return [x / sum(e) for x in e]


def mixed(row, epsilon):
    return [(1 - epsilon) * p + epsilon / len(row) for p in softmax(row)]


def slow(game, settings, episodes, run):
    """The learner with lists, equation by equation; returns the last policies and the pairs it has visited."""
    rng = np.random.default_rng([0, run])
    omega, fresh = getattr(settings, "temperature", 0.0), getattr(settings, "replay", False)
    rate = settings.exploration if isinstance(settings.exploration, Schedule) else Schedule(settings.exploration)
    n, S, sizes = game.num_agents, game.num_states, game.num_actions
    transitions = np.asarray(game.transitions.todense() if game.sparse else game.transitions).reshape(S, *sizes, S)
    theta = [[[0.0] * k for _ in range(S)] for k in sizes]
    target_theta = [[[0.0] * k for _ in range(S)] for k in sizes]
    q, target_q = np.zeros((S, *sizes)), np.zeros((S, *sizes))
    stored, seen, epsilon = [], set(), rate.at(0)

    def policy(of, s, i):
        return mixed(of[i][s], epsilon)

    def act(s):
        return tuple(drawn(rng, policy(theta, s, i)) for i in range(n))

    def ratio(s, a):
        own = range(n)
        return sum(math.log(policy(theta, s, i)[a[i]] / policy(target_theta, s, i)[a[i]]) for i in own)

    for e in range(episodes):
        s, episode = drawn(rng, game.start), []
        for _ in range(settings.horizon):
            if game.terminal[s]:
                break
            a = act(s)
            episode.append((s, a))
            seen.add((s, a))
            s = drawn(rng, transitions[s][a])
        last = (s, None if game.terminal[s] else act(s))
        stored.append((episode, last))
        if (e + 1) % (1 if fresh else settings.batch):
            continue
        if fresh:
            held = ring(stored, settings.buffer)
            chosen = [held[int(rng.random() * len(held))] for _ in range(min(settings.batch, len(held)))]
        else:
            chosen = stored[: -settings.batch - 1 : -1]
        for episode, last in chosen:
            y, targets = None, []
            for k in range(len(episode) - 1, -1, -1):
                u, b = last if k == len(episode) - 1 else episode[k + 1]
                if b is None or (y is None and not settings.bootstrap):
                    y = 0.0
                else:
                    y = target_q[u][b] if y is None else (1 - settings.trace) * target_q[u][b] + settings.trace * y
                    y -= omega * ratio(u, b)
                y = game.rewards[episode[k][0]][episode[k][1]] + game.discount * y
                targets.append(y)
            for (s, a), y in zip(episode, reversed(targets), strict=True):
                q[s][a] += settings.critic_step / len(chosen) * (y - q[s][a])
        moved = [[[0.0] * k for _ in range(S)] for k in sizes]
        for episode, _ in chosen:
            for s, stored_action in episode:
                a = act(s) if fresh else stored_action
                for i in range(n):
                    pi, rho, soft = policy(theta, s, i), policy(target_theta, s, i), softmax(theta[i][s])
                    paid = [q[s][(*a[:i], b, *a[i + 1 :])] - omega * math.log(pi[b] / rho[b]) for b in range(sizes[i])]
                    advantage = paid[a[i]] - sum(p * x for p, x in zip(pi, paid, strict=True))
                    for b in range(sizes[i]):
                        slope = (1 - epsilon) * soft[a[i]] * ((b == a[i]) - soft[b]) / pi[a[i]]
                        moved[i][s][b] += settings.actor_step / len(chosen) * advantage * slope
        epsilon = rate.at(e + 1)
        target_q += settings.averaging * (q - target_q)
        for i in range(n):
            for s in range(S):
                for b in range(sizes[i]):
                    theta[i][s][b] += moved[i][s][b]
                    target_theta[i][s][b] += settings.averaging * (theta[i][s][b] - target_theta[i][s][b])
    return [np.array([softmax(row) for row in own]) for own in theta], seen


def ring(stored, size):
    """Episodes in their places: the k-th is in place k modulo the size, where a later one takes it over."""
    held = stored[:size]
    for k, episode in enumerate(stored[size:], size):
        held[k % size] = episode
    return held


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("game", [GAME, ENDING], ids=["three states", "with an end"])
def test_the_kernel_does_what_its_equations_say(name, game):
    settings = SETTINGS[name]
    found = learned(game, settings, episodes=60, seeds=[3], record=60)
    policies, seen = slow(game, settings, 60, 3)
    for fast, plain in zip(found.policy, policies, strict=True):
        # Some thousand additions, each rounded in units of 1 and stretched by no more than the steps' sizes.
        assert np.abs(fast[0, -1][: len(plain)] - plain).max() < 1e-10
    states = game.num_states - game.terminal.sum()
    assert found.coverage[0, -1] == pytest.approx(len(seen) / (states * game.num_joint_actions), abs=1e-15)
    assert np.abs(found.policy[0][0, -1] - 0.5).max() > 0.01  # it has learned something


@pytest.mark.parametrize("name", SETTINGS)
def test_policies_stay_distributions_and_begin_uniform(name):
    found = learned(ENDING, SETTINGS[name], episodes=40, seeds=2, record=10)
    for own in found.policy:
        assert (own >= 0).all()
        assert np.abs(own.sum(axis=-1) - 1).max() < 1e-14
        assert np.abs(own[:, 0] - 1 / own.shape[-1]).max() < 1e-15
    assert (np.diff(found.coverage, axis=1) >= 0).all()
    assert (found.coverage[:, 0] == 0).all()
    assert (found.coverage <= 1).all()


@pytest.mark.parametrize("name", SETTINGS)
def test_without_a_step_nothing_is_learned(name):
    found = learned(GAME, replace(SETTINGS[name], actor_step=0.0), episodes=30, seeds=1, record=10)
    assert all((own == own[:, :1]).all() for own in found.policy)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("exploration", [0.0, 0.2])
def test_without_divergence_and_replay_it_is_coma(batch, exploration):
    shared = {"horizon": 4, "batch": batch, "actor_step": 0.3, "averaging": 0.2, "exploration": exploration}
    one = coma(GAME, settings=Coma(**shared), episodes=60, seeds=2, record=20)
    other = dmac(GAME, settings=Dmac(temperature=0.0, replay=False, **shared), episodes=60, seeds=2, record=20)
    assert all(np.array_equal(a, b) for a, b in zip(one.policy, other.policy, strict=True))
    assert np.array_equal(one.coverage, other.coverage)


@pytest.mark.parametrize("temperature", [0.0, 0.7])
@pytest.mark.parametrize("exploration", [0.0, 0.3])
def test_the_mean_step_is_the_exact_gradient(temperature, exploration):
    """Of E_π[Q] − ω KL(π ‖ ρ) in one state, by central differences: their error is of order h², 1e-10 here."""
    rng = np.random.default_rng(0)
    first, stride, sizes = np.array([0, 2, 5]), np.array([3, 1]), (2, 3)
    theta, target, q = rng.normal(size=5), rng.normal(size=5), rng.normal(size=6)

    def logs(x):
        pi, log = np.empty(5), np.empty(5)
        log_policy_row(x, first, exploration, pi, log)
        return pi, log

    rho = logs(target)[1]

    def objective(x):
        pi, log = logs(x)
        return sum(
            pi[a] * pi[2 + b] * (q[3 * a + b] - temperature * (log[a] - rho[a] + log[2 + b] - rho[2 + b]))
            for a, b in np.ndindex(sizes)
        )

    pi, log = logs(theta)
    mean = np.zeros(5)
    for a, b in np.ndindex(sizes):
        joint = 3 * a + b
        add_gradient(pi, log, rho, q, joint, first, stride, temperature, exploration, pi[a] * pi[2 + b], mean)
    h = 1e-5
    exact = [(objective(theta + h * e) - objective(theta - h * e)) / (2 * h) for e in np.eye(5)]
    assert np.abs(mean - exact).max() < 1e-9


def test_relabelled_actions_get_relabelled_gradients():
    rng = np.random.default_rng(1)
    first, stride, order = np.array([0, 3, 6]), np.array([3, 1]), np.array([2, 0, 1])
    theta, rho, q = rng.normal(size=6), rng.normal(size=6), rng.normal(size=(3, 3))
    columns = np.concatenate([order, 3 + order])

    def gradient(theta, rho, q, joint):
        pi, log, out = np.empty(6), np.empty(6), np.zeros(6)
        log_policy_row(theta, first, 0.0, pi, log)
        add_gradient(pi, log, rho, q.ravel(), joint, first, stride, 0.4, 0.0, 1.0, out)
        return out

    plain = gradient(theta, rho, q, 3 * order[1] + order[2])
    relabelled = gradient(theta[columns], rho[columns], np.ascontiguousarray(q[np.ix_(order, order)]), 3 * 1 + 2)
    assert np.abs(plain[columns] - relabelled).max() < 1e-15  # sums of three numbers in another order


@pytest.mark.parametrize("trace", [0.0, 1.0])
def test_targets_of_one_step_and_of_whole_episodes(trace):
    game, rng = played(GAME), np.random.default_rng(0)
    states, actions, q = rng.integers(3, size=6), rng.integers(6, size=6), rng.normal(size=(3, 6))
    found, nothing = np.empty(5), np.zeros((3, 5))
    numbers = numbers_of(Coma(trace=trace))
    critic_targets(states, actions, 5, game, numbers, q, nothing, nothing, found)
    rewards = game.rewards_sa[states[:5], actions[:5]]
    following = q[states[1:], actions[1:]]
    whole = [sum(0.9**j * rewards[t + j] for j in range(5 - t)) + 0.9 ** (5 - t) * following[-1] for t in range(5)]
    assert np.allclose(found, whole if trace else rewards + 0.9 * following, rtol=0, atol=1e-14)


def test_they_learn_a_dominant_joint_action():
    game = Game.matrix(np.array([[0.0, 0.2], [0.2, 1.0]]))
    for settings in (Coma(horizon=1, actor_step=0.3), Dmac(horizon=1, actor_step=0.3)):
        found = learned(game, settings, episodes=2_000, seeds=3, record=2_000)
        assert found.played(1, 1)[:, -1].min() > 0.8


def test_runs_depend_on_their_number_alone():
    several = coma(GAME, episodes=20, seeds=3, record=20)
    alone = coma(GAME, episodes=20, seeds=[2], record=20)
    assert np.array_equal(several.policy[1][2], alone.policy[1][0])
    assert not np.array_equal(several.policy[1][1], alone.policy[1][0])


MASKED = random_stochastic(3, (3, 3), discount=0.9, available=0.5, seed=0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: coma(random_matrix((2, 2), structure="general-sum", seed=0)), "game is general-sum"),
        (lambda: coma(MASKED), "game has actions that are not available"),
        (lambda: coma(GAME, settings=0.1), "settings"),
        (lambda: dmac(GAME, settings=Coma()), "settings"),
        (lambda: Coma(horizon=0), "horizon is 0"),
        (lambda: Coma(actor_step=-1), "actor_step is -1"),
        (lambda: Coma(averaging=0), "averaging is 0"),
        (lambda: Coma(exploration=1.0), "exploration begins at 1"),
        (lambda: Coma(trace=1.5), "trace is 1.5"),
        (lambda: Dmac(temperature=-1), "temperature is -1"),
        (lambda: Dmac(buffer=0), "buffer is 0"),
        (lambda: coma(load("climbing"), episodes=0), "episodes is 0"),
        (lambda: dmac(load("climbing"), seed=-1), "seed is -1"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(InvalidInput, match=message):
        call()

"""HASAC, HAPPO and MAPPO in tables: their distributions, their exact means, and the same in plain Python."""

from itertools import product

import numpy as np
import pytest

from mathrl.base.checks import InvalidInput
from mathrl.games import Game, load
from mathrl.learners.clipped import Clipped
from mathrl.learners.happo import happo
from mathrl.learners.hasac import Hasac, hasac
from mathrl.learners.mappo import mappo
from mathrl.solvers import haspi

SHAPE = (2, 3, 4)
RNG = np.random.default_rng(0)
GAME = Game.matrix(RNG.normal(size=SHAPE), common_payoff=True)
START = [RNG.dirichlet(np.ones(size)) for size in SHAPE]
ROUNDING = 1e-12
"""Of a hundred operations on numbers of size 1."""

LEARNERS = [
    pytest.param(hasac, Hasac(0.5, actor_step=0.3, critic_step=0.5, plays=2, warmup=3), id="hasac"),
    pytest.param(happo, Clipped(step=0.5, entropy=0.1, normalise=True), id="happo"),
    pytest.param(mappo, Clipped(step=0.5, critic_step=0.3, clip=np.inf), id="mappo"),
]
CLIPPED = [pytest.param(happo, True, id="happo"), pytest.param(mappo, False, id="mappo")]


@pytest.mark.parametrize(("learner", "settings"), LEARNERS)
def test_policies_are_distributions_and_begin_where_they_should(learner, settings):
    learned = learner(GAME, settings=settings, episodes=20, seeds=3, initial_policy=START)
    for own, first in zip(learned.policy, START, strict=True):
        assert own.shape == (3, 21, 1, len(first))
        assert (own >= 0).all()
        assert np.abs(own.sum(axis=-1) - 1).max() < ROUNDING
        assert (own[:, 0, 0] == first).all()
        assert (own[:, -1] != own[:, 0]).any()
    assert learned.rewards.shape == (3, 20, 3)


@pytest.mark.parametrize(("learner", "settings"), LEARNERS)
def test_a_run_depends_on_its_number_alone_and_records_change_nothing(learner, settings):
    asked = {"settings": settings, "episodes": 20, "initial_policy": START}
    every = learner(GAME, seeds=4, **asked)
    some = learner(GAME, seeds=[2, 1], record=[7, 13], **asked)
    for all_own, own in zip(every.policy, some.policy, strict=True):
        assert np.array_equal(all_own[[2, 1]][:, [0, 7, 13, 20]], own)
    means = [every.rewards[[2, 1], a:b].mean(axis=1) for a, b in ((0, 7), (7, 13), (13, 20))]
    assert np.allclose(np.stack(means, axis=1), some.rewards, atol=ROUNDING)
    assert not np.array_equal(every.policy[0][0], every.policy[0][1])


def test_hasac_that_knows_q_makes_steps_of_haspi():
    """With every joint action in the buffer and ζ = η = 1, the first step after the warm-up is the first of HASPI."""
    settings = Hasac(0.7, warmup=400, batch=400, shuffle=False)
    learned = hasac(GAME, settings=settings, episodes=403, record=[400, 401, 402, 403], initial_policy=START)
    assert all((own[0, 1, 0] == first).all() for own, first in zip(learned.policy, START, strict=True))
    for steps in (1, 2, 3):
        exact = haspi(GAME, temperature=0.7, initial_policy=START, max_steps=steps).policy
        for own, theirs in zip(learned.policy, exact, strict=True):
            assert np.abs(own[0, 1 + steps] - theirs).max() < ROUNDING


def test_smaller_actor_steps_lead_hasac_to_the_same_equilibrium():
    asked = {"episodes": 700, "record": [700], "initial_policy": [[0.6, 0.2, 0.2]] * 2}
    ends = [
        hasac(load("hasac"), settings=Hasac(10.0, actor_step=eta, warmup=300), **asked).policy[0][0, -1]
        for eta in (1.0, 0.2)
    ]
    assert np.abs(ends[0] - ends[1]).max() < 1e-9  # 0.8 to the power 400 is far less; the rest is rounding


def test_what_hasac_has_not_seen_keeps_the_first_q():
    """One play, and a batch of it: Q differs from its start in one entry, by ζ of the way to the reward."""
    settings = Hasac(1.0, critic_step=0.25, batch=1, initial_q=-3.0, shuffle=False)
    for k in range(20):
        learned = hasac(GAME, settings=settings, episodes=1, seeds=[k], initial_policy=START)
        (joint,) = [a for a in product(*map(range, SHAPE)) if GAME.rewards[0][a] == learned.rewards[0, 0, 0]]
        q = np.full(SHAPE, -3.0)
        q[joint] += 0.25 * (GAME.rewards[0][joint] + 3.0)
        weights = np.exp(np.einsum("abc,b,c->a", q, START[1], START[2]))
        assert np.abs(learned.policy[0][0, 1, 0] - weights / weights.sum()).max() < ROUNDING


def changes(learner, game, start, runs=400, **settings):
    """What the first update adds to each agent's centred logits, by the joint action that was played."""
    learned = learner(
        game, settings=Clipped(plays=1, epochs=1, **settings), episodes=1, seeds=runs, initial_policy=start
    )
    found = {}
    for k in range(runs):
        joint = tuple(int(a) for a in np.argwhere(game.rewards[0] == learned.rewards[k, 0, 0])[0])
        found[joint] = [np.log(own[k, 1, 0]) - np.log(own[k, 0, 0]) for own in learned.policy]
    return {joint: [x - x.mean() for x in steps] for joint, steps in found.items()}


def test_the_mean_first_update_of_mappo_is_the_exact_policy_gradient_whatever_the_value():
    """By enumeration of what can be played. Of one play and one epoch HAPPO's first agent does the same."""
    game = Game.matrix(np.random.default_rng(5).normal(size=(2, 3)), common_payoff=True)
    start = [np.array([0.4, 0.6]), np.array([0.3, 0.3, 0.4])]
    payoffs = game.rewards[0]
    for value in (0.0, 2.0):
        found = changes(mappo, game, start, step=0.1, initial_value=value)
        assert set(found) == set(product(range(2), range(3)))
        joint = {a: start[0][a[0]] * start[1][a[1]] for a in found}
        for i, pi in enumerate(start):
            mean = sum(p * found[a][i] for a, p in joint.items())
            q = payoffs @ start[1] if i == 0 else start[0] @ payoffs
            exact = 0.1 * pi * (q - pi @ q)
            assert np.abs(mean - (exact - exact.mean())).max() < ROUNDING


def test_happos_later_agent_multiplies_the_ratios_of_those_before_it():
    start = [np.array([0.4, 0.6]), np.array([0.3, 0.3, 0.4])]
    game = Game.matrix(np.random.default_rng(5).normal(size=(2, 3)), common_payoff=True)
    in_turn, at_once = (changes(f, game, start, step=0.8, shuffle=False) for f in (happo, mappo))
    for joint in product(range(2), range(3)):
        assert np.allclose(in_turn[joint][0], at_once[joint][0], atol=ROUNDING)
        after = start[0] * np.exp(in_turn[joint][0])
        ratio = (after / after.sum() / start[0])[joint[0]]
        assert np.allclose(in_turn[joint][1], ratio * at_once[joint][1], atol=ROUNDING)
        assert abs(ratio - 1) > 1e-3


@pytest.mark.parametrize(("learner", "sequential"), CLIPPED)
def test_relabelled_actions_and_agents_learn_the_same_from_the_same_plays(learner, sequential):
    game = Game.matrix(np.random.default_rng(6).normal(size=(2, 3)), common_payoff=True)
    start = [np.array([0.4, 0.6]), np.array([0.3, 0.3, 0.4])]
    order = [[1, 0], [2, 0, 1]]
    named = Game.matrix(game.rewards[0][np.ix_(*order)], common_payoff=True)
    swapped = Game.matrix(game.rewards[0].T, common_payoff=True)
    asked = {"step": 0.5, "shuffle": False}
    here = changes(learner, game, start, **asked)
    there = changes(learner, named, [pi[own] for pi, own in zip(start, order, strict=True)], **asked)
    across = changes(learner, swapped, start[::-1], **asked)
    for joint, steps in there.items():
        first = here[order[0][joint[0]], order[1][joint[1]]]
        assert all(np.allclose(s, f[o], atol=ROUNDING) for s, f, o in zip(steps, first, order, strict=True))
    if not sequential:
        for joint, steps in across.items():
            assert all(np.allclose(s, f, atol=ROUNDING) for s, f in zip(steps, here[joint[::-1]][::-1], strict=True))


def test_the_entropy_bonus_alone_leads_to_the_uniform_policy():
    nothing = Game.matrix(np.zeros((2, 3)), common_payoff=True)
    start = [[0.9, 0.1], [0.7, 0.2, 0.1]]
    ends = [
        mappo(nothing, settings=Clipped(step=1.0, entropy=b), episodes=200, initial_policy=start).policy
        for b in (0.0, 1.0)
    ]
    for i, size in enumerate((2, 3)):
        assert np.abs(ends[0][i][0, -1, 0] - start[i]).max() < ROUNDING
        assert np.abs(ends[1][i][0, -1, 0] - 1 / size).max() < 1e-6  # 1,000 steps that shrink the distance


@pytest.mark.parametrize(("learner", "sequential"), CLIPPED)
@pytest.mark.parametrize("more", [{}, {"normalise": True, "entropy": 0.2, "clip": 0.05}, {"critic_step": 0.3}])
def test_the_clipped_learners_are_the_plain_ones(learner, sequential, more):
    settings = Clipped(step=0.7, plays=7, epochs=4, **more)
    learned = learner(GAME, settings=settings, episodes=6, seeds=2, seed=3, initial_policy=START)
    for k in range(2):
        for t, policy in enumerate(plain_clipped(settings, sequential, np.random.default_rng([3, k]), 6)):
            for own, theirs in zip(learned.policy, policy, strict=True):
                assert np.abs(own[k, t, 0] - theirs).max() < 1e-11  # sums in other orders, six times


def test_hasac_is_the_plain_one():
    settings = Hasac(0.5, critic_step=0.6, actor_step=0.4, plays=2, updates=2, batch=3, warmup=2)
    learned = hasac(GAME, settings=settings, episodes=6, seeds=2, seed=3, initial_policy=START)
    for k in range(2):
        for t, policy in enumerate(plain_hasac(settings, np.random.default_rng([3, k]), 6)):
            for own, theirs in zip(learned.policy, policy, strict=True):
                assert np.abs(own[k, t, 0] - theirs).max() < 1e-11  # sums in other orders, six times


def drawn(rng, pi):
    return int(np.searchsorted(np.cumsum(pi), rng.random(), side="right"))


def shuffled(rng):
    order = list(range(3))
    for i in (2, 1):
        j = int(rng.random() * (i + 1))
        order[i], order[j] = order[j], order[i]
    return order


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def plain_hasac(settings, rng, episodes):
    pi, q, buffer = [np.array(p) for p in START], np.full(SHAPE, settings.initial_q), []
    for episode in range(episodes):
        yield [p.copy() for p in pi]
        for _ in range(settings.plays):
            play = [np.full(s, 1 / s) for s in SHAPE] if episode < settings.warmup else pi
            buffer.append(tuple(drawn(rng, p) for p in play))
        for _ in range(settings.updates):
            for _ in range(settings.batch):
                a = buffer[int(rng.random() * len(buffer))]
                q[a] += settings.critic_step * (GAME.rewards[0][a] - q[a])
            if episode >= settings.warmup:
                for i in shuffled(rng):
                    others = [p if j != i else np.ones(SHAPE[i]) for j, p in enumerate(pi)]
                    weighted = q * np.einsum("a,b,c->abc", *others)
                    own = weighted.sum(axis=tuple(j for j in range(3) if j != i))
                    eta = settings.actor_step
                    pi[i] = softmax((1 - eta) * np.log(pi[i]) + eta * own / settings.temperature)
    yield pi


def plain_clipped(settings, sequential, rng, episodes):
    theta, value = [np.log(p) for p in START], settings.initial_value
    for _ in range(episodes):
        old = [softmax(x) for x in theta]
        yield old
        plays = [tuple(drawn(rng, p) for p in old) for _ in range(settings.plays)]
        paid = np.array([GAME.rewards[0][a] for a in plays])
        m = paid - value
        value += settings.critic_step * (paid.mean() - value)
        if settings.normalise:
            m = (m - m.mean()) / (m.std() + 1e-5)
        for i in shuffled(rng):
            own = np.array([a[i] for a in plays])
            for _ in range(settings.epochs):
                pi = softmax(theta[i])
                ratio = pi[own] / old[i][own]
                clipped = np.clip(ratio, 1 - settings.clip, 1 + settings.clip)
                active = ratio * m <= clipped * m
                slope = np.zeros(len(pi))
                for a, r, advantage, counts in zip(own, ratio, m, active, strict=True):
                    slope += counts * r * advantage * (np.eye(len(pi))[a] - pi) / len(plays)
                entropy = -pi @ np.log(pi)
                slope -= settings.entropy * pi * (np.log(pi) + entropy)
                theta[i] = theta[i] + settings.step * slope
            if sequential:
                m = m * softmax(theta[i])[own] / old[i][own]
    yield [softmax(x) for x in theta]


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: Hasac(0.0), "temperature"),
        (lambda: Hasac(1.0, actor_step=0.0), "actor_step"),
        (lambda: Hasac(1.0, critic_step=1.5), "critic_step"),
        (lambda: Hasac(1.0, plays=0), "plays"),
        (lambda: Hasac(1.0, warmup=-1), "warmup"),
        (lambda: Clipped(step=0.0), "step"),
        (lambda: Clipped(clip=-0.1), "clip"),
        (lambda: Clipped(entropy=-1.0), "entropy"),
        (lambda: Clipped(normalise=2), "normalise"),
        (lambda: happo(load("chicken"), settings=Clipped()), "game"),
        (lambda: mappo(GAME, settings=Clipped(), initial_policy=[[1, 0], *START[1:]]), "initial_policy"),
        (lambda: hasac(GAME, settings=Hasac(1.0), seeds=0), "seeds"),
        (lambda: hasac(GAME, settings=Hasac(1.0), episodes=0), "episodes"),
    ],
)
def test_bad_input_is_refused_by_name(make, named):
    with pytest.raises(InvalidInput, match=named):
        make()

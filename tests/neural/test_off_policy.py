"""The loop: which steps are stored, and when what learns."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mathrl.games import random_stochastic
from mathrl.neural.algorithm import Algorithm
from mathrl.neural.loops import OFF_POLICY
from mathrl.neural.loops.off_policy import advanced, begun
from mathrl.neural.objectives import enumerated
from mathrl.neural.settings import Settings
from mathrl.neural.tabular import tabular
from tests.neural.enumeration import compiled

GAME = random_stochastic(4, (2, 3), discount=0.9, ending=0.1, available=0.7, seed=1)

ITERATIONS, COPIES = 40, 4

SETTINGS = Settings(
    hidden=(3,),
    batch=4,
    copies=COPIES,
    capacity=ITERATIONS,
    explore=10,
    prepare=8,
    temperature=1.0,
    updates=2,
    time_limit=5,
    final_rate=0.2,
)

START = np.array([[1 - 2e-9, 1e-9, 1e-9]] * 2)
"""Nearly always the first action, where it is available."""

COUNTING = Algorithm(
    "counting",
    "log α is the number of times that actors learned, and `scale` the step size at the last one",
    Settings,
    OFF_POLICY,
    lambda environment, settings: enumerated(environment.head),
    lambda environment, settings, objective, learner, seen, passed, noise, rate: learner._replace(
        log_temperature=learner.log_temperature + 1, scale=rate
    ),
)


def taken(parts):
    """A run at its beginning, and at its end, to which it is taken in so many parts."""
    environment, iterations = tabular(GAME), ITERATIONS // parts
    begin = run = compiled(lambda key: begun(COUNTING, environment, SETTINGS, key, START))(jax.random.key(2))

    @compiled
    def further(run, first):
        return advanced(COUNTING, environment, run, iterations, SETTINGS, first, jnp.asarray(ITERATIONS))[0]

    for part in range(parts):
        run = further(run, part * iterations)
    return begin, jax.tree.map(np.asarray, run._replace(key=None))


@pytest.fixture(name="run", scope="module")
def _run():
    return taken(1)


def test_parts_make_the_same_run(run):
    """Draws depend on the number of the iteration, and not on where a part begins."""
    for one, other in zip(jax.tree.leaves(taken(2)[1].buffer), jax.tree.leaves(run[1].buffer), strict=True):
        assert np.array_equal(one, other)


def test_actors_learn_after_exploring_and_preparing(run):
    """⌈10/4⌉ = 3 iterations explore; each other has two updates; in the first 8/2 of these critics learn alone."""
    begin, end = run
    assert end.learner.log_temperature == (ITERATIONS - 3 - 4) * 2
    assert end.learner.critic_moments.count == (ITERATIONS - 3) * 2
    for one, other in zip(jax.tree.leaves(begin.learner.actors), jax.tree.leaves(end.learner.actors), strict=True):
        assert np.array_equal(one, other)


def test_step_sizes_fall_along_a_line(run):
    """From 1 in iteration 0 to 0.2 in iteration 40, which would be the next."""
    assert run[1].learner.scale == pytest.approx(0.2 + 0.8 / ITERATIONS, rel=1e-6)  # single precision


def test_all_available_actions_are_explored_and_policies_are_played_afterwards(run):
    rows = run[1].buffer.rows
    for agent in range(2):
        first = GAME.available[agent][rows.seen, 0]
        others = GAME.available[agent][rows.seen, 1:].any(axis=-1)
        played = rows.actions[..., agent]
        assert (played[:3] > 0)[(first & others)[:3]].any()
        assert not played[3:][first[3:]].any()


def test_each_copy_goes_on_where_it_was_until_its_episode_ends(run):
    """What follows a step is what the next one begins with, unless the episode ended, or was cut after 5 steps."""
    rows = run[1].buffer.rows
    over = rows.ended | rows.cut
    assert np.array_equal(rows.seen[1:][~over[:-1]], rows.following[:-1][~over[:-1]])
    assert np.array_equal(rows.ended, GAME.terminal[rows.following])
    assert not GAME.terminal[rows.seen].any()
    for copy in range(COPIES):
        length = 0
        for t in range(ITERATIONS):
            length += 1
            assert rows.cut[t, copy] == (length == 5 and not rows.ended[t, copy])
            length = 0 if over[t, copy] else length
    assert rows.ended.any()
    assert rows.cut.any()


def test_what_is_stored_is_of_the_game(run):
    """Available actions, with their rewards and what may follow them."""
    rows = run[1].buffer.rows
    played = tuple(rows.actions[..., agent] for agent in range(2))
    for agent in range(2):
        assert GAME.available[agent][rows.seen, played[agent]].all()
    assert np.array_equal(rows.reward, GAME.rewards[rows.seen, *played].astype(np.float32))
    assert (GAME.transitions[rows.seen, *played, rows.following] > 0).all()

"""What HASAC's checks are made of: returns over T steps, and one exact round of mirror learning."""

from fractions import Fraction
from itertools import product

import numpy as np
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from mathrl.games import Game
from mathrl.operators import entropy_bonus, kl_drift, mirror_value
from mathrl.proofs_checks.families import policies, rows, stochastic_games
from mathrl.proofs_checks.hasac.iteration import limit, rounds
from mathrl.proofs_checks.hasac.mirror import mirror_round
from mathrl.proofs_checks.hasac.returns import best_over, return_over
from mathrl.proofs_checks.policy_value import soft_q, soft_v
from mathrl.proofs_checks.slack import Unmet

# Sums of some hundred terms of size 10 at most.
ROUNDING = 1e-9


@st.composite
def played(draw, **sizes):
    game = draw(stochastic_games(max_states=2, **sizes))
    return game, draw(policies(game)), draw(st.sampled_from([0.1, 1.0, 5.0]))


@settings(max_examples=25, deadline=None)
@given(played(max_agents=2), st.integers(1, 3))
def test_the_return_is_the_mean_over_all_histories(drawn, horizon):
    game, policy, temperature = drawn
    bonus = entropy_bonus(policy, temperature=temperature)
    joint_actions = list(product(*map(range, game.num_actions)))
    total, histories = 0.0, [(p, (s,)) for s, p in enumerate(game.start)]
    for _ in range(horizon):
        following = []
        for weight, (*_, s) in histories:
            for a in joint_actions:
                chance = weight * np.prod([own[s, x] for own, x in zip(policy, a, strict=True)])
                total += chance * (game.rewards[(s, *a)] + bonus[s])
                following += [(chance * p, (t,)) for t, p in enumerate(game.transitions[(s, *a)]) if p > 0]
        histories = following
    assert abs(total - return_over(game, policy, temperature=temperature, horizon=horizon)) < ROUNDING


@settings(max_examples=25, deadline=None)
@given(played(), st.integers(1, 3), st.data())
def test_nobody_reaches_more_than_the_best(drawn, horizon, data):
    game, policy, temperature = drawn
    other = data.draw(policies(game))
    for agent, own in enumerate(other):
        best = best_over(game, policy, agent, temperature=temperature, horizon=horizon)
        changed = [own if i == agent else held for i, held in enumerate(policy)]
        assert return_over(game, changed, temperature=temperature, horizon=horizon) <= best + ROUNDING


@settings(max_examples=25, deadline=None)
@given(played(max_actions=2), st.sampled_from([0.0, 0.5]), st.sampled_from([0.02, 0.3]), st.data())
def test_a_round_takes_the_best_members_of_the_balls(drawn, weight, radius, data):
    game, policy, temperature = drawn
    order = tuple(data.draw(st.permutations(range(game.num_agents))))
    new, _ = mirror_round(game, policy, order, weight, temperature, radius)
    q = soft_q(game, policy, temperature=temperature)
    for place, agent in enumerate(order):
        step = (2 * data.draw(rows(policy[agent].shape))[:, 0] - 1) * radius
        second = np.clip(policy[agent][:, 1] + step, 0, 1)
        member = np.stack([1 - second, second], axis=-1)
        updated = [new[i] for i in order[:place]]
        taken, compared = (
            mirror_value(
                q, policy, agent, order[:place], updated, p, kl_drift(p, policy[agent], weight=weight),
                temperature=temperature,
            )
            for p in (new[agent], member)
        )  # fmt: skip
        assert (compared <= taken + ROUNDING).all()
        assert (abs(new[agent] - policy[agent]) <= radius + ROUNDING).all()


def test_balls_that_shrink_stop_where_the_closed_form_says():
    game = Game.stochastic(np.array([[0.0, 1.0]]), np.ones((1, 2, 1)), 0.5)
    policy = (np.array([[0.5, 0.5]]),)
    for k in range(1, 20):
        radius = abs(policy[0][0, 1] - 0.6) / 2
        policy = mirror_round(game, policy, (0,), 0.0, 1.0, radius)[0]
        assert abs(policy[0][0, 1] - float(Fraction(3, 5) - Fraction(1, 10) / 2**k)) < ROUNDING


@settings(max_examples=10, deadline=None)
@given(played())
def test_the_iteration_ends_where_nobody_gains(drawn):
    game, policy, _ = drawn
    order, temperature = tuple(range(game.num_agents)), 5.0
    try:
        last = limit(game, policy, order, temperature)
    except Unmet:  # a fork of equilibria, where steps are too slow
        reject()
    v = soft_v(game, last, temperature=temperature)
    for agent, own in enumerate(rounds(game, policy, order, temperature, 1)[-1]):
        changed = [own if i == agent else held for i, held in enumerate(last)]
        assert (soft_v(game, changed, temperature=temperature) <= v + ROUNDING).all()

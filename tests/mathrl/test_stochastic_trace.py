"""Curves of equilibria of stochastic games: where they start, what their points solve, folds, targets, invariances."""

from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.equilibria.stochastic import value_system as linear
from mathrl.equilibria.stochastic.equations import Place, curve_from, logit_curve
from mathrl.equilibria.stochastic.trace import Follower
from mathrl.games import Game, load, random_policy, random_stochastic, uniform_policy
from mathrl.games.profile import Profile
from mathrl.games.transform import permute_actions, relabel_agents, scale_rewards, to_sparse
from mathrl.operators import ENTROPIES
from mathrl.proofs_checks.strategies import games, temperatures
from mathrl.softmax import boltzmann
from mathrl.solvers import qre_branch
from mathrl.values.policy_values import evaluate, own_q
from tests.examples import costly
from tests.tolerances import EPS

FOLDED = random_stochastic(2, (2, 2, 2), structure="general-sum", discount=0.8, scale=3.0, seed=14)
"""Between rationality 0 and 10 its branch turns back once, and forth again (`entropy="none"`)."""


def walk(curve, *targets, at_most=400):
    """All points from the start through the targets, and the points at the targets."""
    points, reached = [curve.start()], []
    for target in targets:
        while points[-1].t < target:
            assert len(points) < at_most
            following = curve.advance(points[-1], target)
            assert following is not None
            points.append(following)
        assert points[-1].t == target
        reached.append(points[-1])
    return points, reached


def branch(game, rationality, *, entropy="none", **how):
    """The policies of the branch at one rationality, side by side."""
    _, [end] = walk(Follower(logit_curve(game, entropy=entropy), **how), rationality)
    return np.concatenate(end.policy, axis=1)


def residual(game, policy, temperature, entropy):
    """max |π − softmax(u/α)| with u evaluated exactly."""
    values = evaluate(game, policy, temperature=temperature, entropy=entropy)
    responses = [boltzmann(u_sa, temperature) for u_sa in Profile.split(own_q(values, policy), game.num_actions)]
    return max(float(np.abs(pi - sigma).max()) for pi, sigma in zip(policy, responses, strict=True))


@costly
@given(games(max_states=3), temperatures(0.1, 10), st.sampled_from(ENTROPIES))
def test_the_branch_ends_at_an_equilibrium(game, temperature, entropy):
    curve = Follower(logit_curve(game, entropy=entropy))
    points, [end] = walk(curve, 1 / temperature)
    assert points[0].t == 0
    for start, uniform in zip(points[0].policy, uniform_policy(game), strict=True):
        np.testing.assert_allclose(start, uniform, rtol=0, atol=EPS)  # exp(0) over a sum
    q = evaluate(game, end.policy, temperature=temperature, entropy=entropy).q
    # some roundings of Q over the temperature, times what the equations magnify them by
    assert residual(game, end.policy, temperature, entropy) <= 1e3 * EPS * (1 + np.abs(q).max() / temperature)


@pytest.mark.parametrize("entropy", ENTROPIES)
@pytest.mark.parametrize("discount", [0.0, 0.8])
def test_every_point_is_an_equilibrium_and_every_tangent_one(entropy, discount):
    game = random_stochastic(3, (2, 3), structure="general-sum", discount=discount, scale=3.0, seed=2)
    points, _ = walk(Follower(logit_curve(game, entropy=entropy)), 3.0)
    assert len(points) > 8
    for point in points:
        # corrections stop at 1e-7 in log ratios, and tangents at 1e-5
        np.testing.assert_allclose(Place(point.system, point.z).defect(), 0, atol=1e-5)
        np.testing.assert_allclose(Place(point.system, point.z).change(point.tangent), 0, atol=1e-4)
        if point.t > 0:
            assert residual(game, point.policy, 1 / point.t, entropy) < 1e-6
    for here, ahead in pairwise(points):
        chord = point.system.measured(ahead.z - here.z)
        assert chord @ here.system.measured(here.tangent) > 0


def test_a_fold_is_where_the_rationality_turns():
    points, _ = walk(Follower(logit_curve(FOLDED, entropy="none")), 10.0)
    folds = [k for k, point in enumerate(points) if point.fold]
    assert len(folds) == 2
    assert {point.orientation for point in points} == {points[0].orientation}
    assert {np.sign(point.tangent[point.lead]) for point in points} == {-1, 1}  # which an orientation must not see
    high, low = (points[k] for k in folds)
    assert abs(high.tangent[-1]) <= 1e-7
    assert abs(low.tangent[-1]) <= 1e-7
    assert [point.rising for point in (points[0], high, low, points[-1])] == [True, False, True, True]
    t = np.array([point.t for point in points])
    rises = np.diff(t) > 0
    assert rises[: folds[0]].all()
    assert not rises[folds[0] : folds[1]].any()
    assert rises[folds[1] :].all()


def test_a_target_is_met_where_the_curve_first_crosses_it():
    """Also just below the fold, where the step that turns has both its ends beneath the target."""
    curve = Follower(logit_curve(FOLDED, entropy="none"))
    points, _ = walk(curve, 10.0)
    high, low = (point for point in points if point.fold)
    assert low.t < high.t
    for distance in (1e-7, 1e-4, 0.1 * (high.t - low.t)):
        before, [end] = walk(Follower(logit_curve(FOLDED, entropy="none")), high.t - distance)
        assert not any(point.fold for point in before)
        assert end.rising
        assert residual(FOLDED, end.policy, 1 / end.t, "none") < 1e-12
        apart = max(np.abs(mine - folded).max() for mine, folded in zip(end.policy, high.policy, strict=True))
        assert apart < 10 * np.sqrt(distance)  # along a parabola
    _, [beyond] = walk(curve, high.t + 1e-4)
    assert max(np.abs(a - b).max() for a, b in zip(beyond.policy, high.policy, strict=True)) > 0.1


def test_targets_in_one_trace_are_those_of_one_trace_each():
    targets = 0.5, 0.5001, 2.0, 4.0, 10.0
    _, reached = walk(Follower(logit_curve(FOLDED, entropy="none")), *targets)
    for target, point in zip(targets, reached, strict=True):
        alone = branch(FOLDED, target)
        np.testing.assert_allclose(np.concatenate(point.policy, axis=1), alone, rtol=0, atol=1e-12)  # both to rounding


@pytest.mark.parametrize("seed", [*range(6), *(pytest.param(k, marks=pytest.mark.long) for k in range(6, 12))])
def test_shorter_steps_lead_to_the_same_end(seed):
    rng = np.random.default_rng(seed)
    actions = [(3, 3), (2, 2, 2), (2, 3, 2)][seed % 3]
    structure = ["general-sum", "common-payoff"][seed % 2]
    game = random_stochastic(
        int(rng.integers(2, 6)), actions, structure=structure, discount=rng.uniform(0.5, 0.95), scale=4.0, seed=rng
    )
    entropy = ENTROPIES[seed % 3]
    ends = [branch(game, 8.0, entropy=entropy, step_length=step_length) for step_length in (1.0, 0.3)]
    np.testing.assert_allclose(*ends, rtol=0, atol=1e-10)  # both to rounding, magnified by the equations


def test_shorter_steps_are_more_steps():
    lengths = [len(walk(Follower(logit_curve(FOLDED, entropy="none"), step_length=h), 3.0, at_most=4000)[0])
               for h in (1.0, 0.1)]  # fmt: skip
    assert lengths[1] > 4 * lengths[0]


@pytest.mark.parametrize("factor", [4.0, 0.3])
@pytest.mark.parametrize("entropy", ENTROPIES)
def test_scaling_payoffs_is_scaling_rationality(factor, entropy):
    game = random_stochastic(3, (2, 3), structure="general-sum", discount=0.9, scale=2.0, seed=5)
    scaled = branch(scale_rewards(game, factor), 2.0 / factor, entropy=entropy)
    np.testing.assert_allclose(scaled, branch(game, 2.0, entropy=entropy), rtol=0, atol=1e-12)  # both to rounding


def test_renaming_agents_and_actions_renames_the_branch():
    agents, order = [2, 0, 1], [1, 0]
    plain = Profile.split(branch(FOLDED, 10.0), FOLDED.num_actions)
    renamed = permute_actions(relabel_agents(FOLDED, agents), 0, order)
    found = Profile.split(branch(renamed, 10.0), renamed.num_actions)
    expected = [plain[agent] for agent in agents]
    expected[0] = expected[0][:, order]
    for mine, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-11)  # both to rounding, in other coordinates


@pytest.mark.parametrize("structure", ["common-payoff", "general-sum"])
def test_sparse_transitions_and_iteration_lead_to_the_same_end(structure, monkeypatch):
    game = random_stochastic(
        8, (2, 3), structure=structure, discount=0.9, successors=4, sparse=False, scale=2.0, seed=1
    )
    plain = branch(game, 3.0, entropy="team")
    np.testing.assert_allclose(branch(to_sparse(game), 3.0, entropy="team"), plain, rtol=0, atol=1e-12)  # to rounding
    monkeypatch.setattr(linear, "FACTORED", 0)
    for iterated in (game, to_sparse(game)):
        np.testing.assert_allclose(branch(iterated, 3.0, entropy="team"), plain, rtol=0, atol=1e-12)


def test_single_precision_factors_lead_to_the_same_end(monkeypatch):
    plain = branch(FOLDED, 10.0)
    monkeypatch.setattr(linear, "_DOUBLE", 0)
    np.testing.assert_allclose(branch(FOLDED, 10.0), plain, rtol=0, atol=1e-12)  # corrected to rounding all the same


def test_the_curve_goes_straight_through_a_symmetric_bifurcation():
    """Two agents paid for agreeing are free to stay uniform; beyond rationality 2 they need not."""
    points, [end] = walk(Follower(logit_curve(Game.matrix(np.eye(2)), entropy="none")), 5.0)
    passed = [k for k, point in enumerate(points) if point.past_bifurcation]
    assert len(passed) == 1
    assert points[passed[0] - 1].t <= 2 <= points[passed[0]].t
    assert points[passed[0]].t - points[passed[0] - 1].t < 1e-5
    for own in end.policy:
        np.testing.assert_allclose(own, 0.5, rtol=0, atol=1e-12)


@given(games(max_agents=1, max_states=3), temperatures(0.1, 10))
def test_one_agent_without_entropy_in_its_values_still_responds(game, temperature):
    """With discount 0 the branch of one agent is the soft-max of its rewards."""
    still = Game.stochastic(game.rewards, game.transitions, 0.0)
    [policy] = walk(Follower(logit_curve(still, entropy="none")), 1 / temperature)[1][0].policy
    np.testing.assert_allclose(policy, boltzmann(still.rewards, temperature), rtol=0, atol=1e-12)  # roundings


@pytest.mark.parametrize("entropy", ENTROPIES)
@pytest.mark.parametrize(
    ("game", "temperature"), [(load("shapley"), 0.1), (load("chicken"), 1.0), (FOLDED, 0.2), (load("climbing"), 0.5)]
)
def test_a_curve_leads_from_a_policy_to_an_equilibrium(game, temperature, entropy):
    first = random_policy(game, np.random.default_rng(1), concentration=5.0)
    points, [end] = walk(Follower(curve_from(game, first, temperature=temperature, entropy=entropy)), 1.0)
    for start, given_policy in zip(points[0].policy, first, strict=True):
        np.testing.assert_allclose(start, given_policy, rtol=0, atol=1e-14)  # a logarithm and back
    assert residual(game, end.policy, temperature, entropy) < 1e-11
    for point in points:
        values = evaluate(game, point.policy, temperature=temperature, entropy=entropy)
        for pi, u_sa, start in zip(
            point.policy, Profile.split(own_q(values, point.policy), game.num_actions), first, strict=True
        ):
            y_sa = point.t * u_sa / temperature + (1 - point.t) * np.log(start)
            np.testing.assert_allclose(pi, boltzmann(y_sa, 1.0), rtol=0, atol=1e-6)  # corrections stop at 1e-7


def test_from_the_uniform_policy_that_curve_is_the_branch():
    game, temperature = load("climbing"), 0.25
    curve = Follower(curve_from(game, uniform_policy(game), temperature=temperature, entropy="none"))
    _, reached = walk(curve, 0.3, 1.0)
    for share, point in zip((0.3, 1.0), reached, strict=True):
        found = np.concatenate(point.policy, axis=1)
        np.testing.assert_allclose(found, branch(game, share / temperature), rtol=0, atol=1e-12)  # both to rounding


def test_high_rationality_is_reached():
    """Near a Nash equilibrium: log ratios in the thousands, and no step too many."""
    game = random_stochastic(3, (2, 2), structure="general-sum", discount=0.9, seed=3)
    points, [end] = walk(Follower(logit_curve(game, entropy="none")), 1e4)
    assert len(points) < 150
    assert residual(game, end.policy, 1e-4, "none") < 1e-8  # roundings of Q over the temperature


def test_a_bifurcation_of_agents_who_leave_each_other_is_passed_too():
    """Both lose 1 where both choose the first action: the symmetric branch is not at rest where it forks."""
    points, [end] = walk(Follower(logit_curve(Game.matrix(np.array([[-1.0, 0.0], [0.0, 0.0]])), entropy="none")), 100.0)
    assert sum(point.past_bifurcation for point in points) == 1
    np.testing.assert_allclose(end.policy[0], end.policy[1], rtol=0, atol=1e-9)  # symmetric, to magnified rounding


@pytest.mark.parametrize("entropy", ENTROPIES)
@pytest.mark.parametrize(("num_states", "discount"), [(600, 0.9), (600, 0.9999), (3, 1 - 1e-10)])
def test_the_first_point_is_exact_where_factors_are_not(num_states, discount, entropy):
    """The uniform policy's values, by the definition; factors have single precision, or lose most of their digits."""
    game = random_stochastic(num_states=num_states, num_actions=(2, 2), discount=discount, seed=1)
    system = logit_curve(game, entropy=entropy)
    point = Follower(system).start()
    bonus = {"team": 2 * np.log(2), "own": np.log(2), "none": 0.0}[entropy]
    rounded = 1e-12 / (1 - discount)  # thousands of roundings, times the condition of I − γ P
    assert np.allclose(system.values(point.z), bonus / (1 - discount), rtol=rounded, atol=0)
    assert (system.ratios(point.z) == 0).all()
    assert Follower(system).advance(point, 1.0) is not None


@pytest.mark.parametrize("entropy", ENTROPIES)
def test_a_first_point_without_a_tangent_leads_nowhere(entropy):
    """At a discount of 1 − 1e-14 the factors say little; whether a tangent is found there, rounding decides."""
    game = random_stochastic(num_states=3, num_actions=(2, 2), discount=1 - 1e-14, seed=1)
    curve = Follower(logit_curve(game, entropy=entropy))
    point = curve.start()
    assert (point.policy[0] == 0.5).all()
    assert curve.advance(replace(point, tangent=np.zeros_like(point.z)), 1.0) is None


NEARLY_SYMMETRIC = product([1e-2, 1e-3], [1, 3], range(2))
IN_EVERY_RUN = {(1e-2, 1, 0), (1e-3, 1, 1), (1e-3, 3, 0)}  # longer steps left the branch of the last two


@pytest.mark.parametrize(
    ("noise", "num_states", "seed"),
    [pytest.param(*one, marks=[] if one in IN_EVERY_RUN else pytest.mark.long) for one in NEARLY_SYMMETRIC],
)
def test_nearly_symmetric_games_keep_to_their_branch(noise, num_states, seed):
    """Coordination, but for noise: just beside the fork the branch turns, where longer steps went straight on."""
    rewards = np.eye(3) + noise * np.random.default_rng(seed).standard_normal((num_states, 3, 3))
    game = Game.stochastic(rewards, np.full((num_states, 3, 3, num_states), 1 / num_states), 0.5)
    usual = qre_branch(game, temperature=0.1, entropy="none").require()
    finer = qre_branch(game, temperature=0.1, entropy="none", step_length=0.5).require()
    for own, theirs in zip(usual.policy, finer.policy, strict=True):
        np.testing.assert_allclose(own, theirs, rtol=0, atol=1e-9)  # both end within rounding floors
    assert min(own.max() for own in usual.policy) > 0.9  # not the uniform policy

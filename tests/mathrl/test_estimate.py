"""The rationality of observed play: against Gambit's estimates, what it was drawn from, and the likelihood itself."""

import json
from dataclasses import fields
from math import inf, log
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import chi2

from mathrl.estimate import Fit, Observations, Outcome, fit, load_observations, profile
from mathrl.estimate.observations import EXAMPLE, schema
from mathrl.estimate.rationality import curve_of, estimated
from mathrl.games import (
    Game,
    load,
    permute_actions,
    random_stochastic,
    relabel_agents,
    scale_rewards,
    shift_rewards,
    simulate,
)
from mathrl.solvers import qre_branch

ANSWERS = json.loads(Path(__file__).with_name("fit_answers.json").read_text(encoding="utf-8"))["answers"]
OCHS = Game.matrix([np.array([[1.1141, 0.0], [0.0, 0.2785]]), np.array([[0.0, 1.1141], [1.1141, 0.0]])])
OCHS_COUNTS = [[128 * 0.527, 128 * (1 - 0.527)], [128 * 0.366, 128 * (1 - 0.366)]]
GENERAL = load("random-matrix(num_actions=(3, 2), structure='general-sum', seed=4)")
GENERAL_COUNTS = [[20, 35, 12], [41, 30]]
FOLDED = load("random-matrix(num_actions=(3, 3), structure='general-sum', seed=18)")


def log_likelihood(game, counts, *rationalities):
    """L at some rationalities, from the definition: counts times the logarithms of what `qre_branch` finds."""
    found = qre_branch(game, temperature=[1 / rationality for rationality in rationalities])
    counts = [np.atleast_2d(own) for own in counts]
    likelihoods = [
        float(sum((n[n > 0] * np.log(pi[n > 0])).sum() for n, pi in zip(counts, each.require().policy, strict=True)))
        for each in found
    ]
    return likelihoods if len(likelihoods) > 1 else likelihoods[0]


@pytest.mark.parametrize("row", ANSWERS, ids=lambda row: row["name"])
def test_estimates_are_gambits(row):
    found = fit(Game.matrix(list(map(np.array, row["payoffs"]))), row["counts"])
    # the maximum is flat, so that Gambit's estimates of λ are good to about 3e-5: with longer steps it finds others
    assert found.log_likelihood == pytest.approx(row["log_likelihood"], rel=1e-8)
    if row["rationality"] > 0:
        at = log_likelihood(Game.matrix(list(map(np.array, row["payoffs"]))), row["counts"], row["rationality"])
        assert at <= found.log_likelihood + 1e-10
    assert found.rationality == pytest.approx(row["rationality"], rel=1e-4, abs=1e-9)
    for ours, theirs in zip(found.policy, row["policy"], strict=True):
        np.testing.assert_allclose(ours[0], theirs, rtol=0, atol=1e-4)


def test_the_estimate_that_gambits_manual_shows():
    """Ochs 1995 as McKelvey and Palfrey 1995 transform it; λ and −174.76 are what pygambit's tutorial computes."""
    found = fit(OCHS, OCHS_COUNTS)
    assert found.rationality == pytest.approx(1.8456097536855864, abs=1e-7)  # pygambit 16.7.0, up to 7e-9
    assert found.log_likelihood == pytest.approx(-174.76453191087444, abs=1e-10)  # the same
    assert found.converged


@pytest.mark.parametrize(("game", "counts"), [(OCHS, OCHS_COUNTS), (GENERAL, GENERAL_COUNTS)])
def test_the_slope_vanishes_at_the_estimate_and_the_interval_ends_where_it_should(game, counts):
    found = fit(game, counts)
    best, h = found.rationality, 1e-4 * found.rationality
    below, at, above = log_likelihood(game, counts, best - h, best, best + h)
    assert at == pytest.approx(found.log_likelihood, abs=1e-10)
    bend = (below - 2 * at + above) / h**2
    assert bend < 0
    # Newton's correction: the difference quotient itself is off by h²L''' / 6
    assert abs((above - below) / (2 * h) / bend) < 1e-6 * best
    ends = [end for end in found.interval if end > 0]
    assert len(ends) > 0
    for end in ends:
        assert 2 * (at - log_likelihood(game, counts, end)) == pytest.approx(chi2.ppf(0.95, 1), abs=1e-8)


def test_an_independent_search_finds_nothing_better():
    found = fit(GENERAL, GENERAL_COUNTS)
    tried = log_likelihood(GENERAL, GENERAL_COUNTS, *np.geomspace(0.01, 100, 60))
    assert max(tried) <= found.log_likelihood + 1e-9
    assert max(tried) > found.log_likelihood - 0.5  # steps are small beside the interval


def test_payoffs_in_another_unit_and_with_an_offset():
    first = fit(GENERAL, GENERAL_COUNTS)
    scaled = fit(scale_rewards(GENERAL, 3.0), GENERAL_COUNTS)
    shifted = fit(shift_rewards(GENERAL, 5.0), GENERAL_COUNTS)
    assert 3 * scaled.rationality == pytest.approx(first.rationality, rel=1e-9)
    np.testing.assert_allclose(3 * np.array(scaled.interval), first.interval, rtol=1e-9)
    assert shifted.rationality == pytest.approx(first.rationality, rel=1e-9)
    for other in (scaled, shifted):
        assert other.log_likelihood == pytest.approx(first.log_likelihood, abs=1e-10)


def test_other_names_of_agents_and_actions_change_nothing():
    first = fit(GENERAL, GENERAL_COUNTS)
    swapped = fit(relabel_agents(GENERAL, [1, 0]), GENERAL_COUNTS[::-1])
    order = [2, 0, 1]
    permuted = fit(permute_actions(GENERAL, 0, order), [np.array(GENERAL_COUNTS[0])[order], GENERAL_COUNTS[1]])
    for other in (swapped, permuted):
        assert other.rationality == pytest.approx(first.rationality, rel=1e-9)
        np.testing.assert_allclose(other.interval, first.interval, rtol=1e-9)


@pytest.mark.parametrize("times", [2, 10, 1e6])
def test_more_of_the_same_data_say_the_same_more_surely(times):
    first = fit(GENERAL, GENERAL_COUNTS)
    more = fit(GENERAL, [times * np.array(own) for own in GENERAL_COUNTS])
    assert more.rationality == pytest.approx(first.rationality, rel=1e-8)
    assert first.interval[0] < more.interval[0] < first.rationality < more.interval[1] < first.interval[1]
    assert more.deviance == pytest.approx(times * first.deviance, rel=1e-6)


def test_the_data_of_an_equilibrium_are_fitted_by_it():
    policy = qre_branch(GENERAL, temperature=0.7).policy
    found = fit(GENERAL, [1000 * own for own in policy])
    assert found.rationality == pytest.approx(1 / 0.7, rel=1e-8)
    assert found.deviance < 1e-9
    assert (found.degrees_of_freedom, found.p_value) == (2, pytest.approx(1.0))
    for ours, exact in zip(found.policy, policy, strict=True):
        np.testing.assert_allclose(ours, exact, rtol=0, atol=1e-9)


def folded_point():
    """A point of a branch between its folds, where λ falls: `qre_branch` never stops there."""
    path = qre_branch(FOLDED, temperature=0.05).path
    first, second = path.folds[:2]
    middle = (first + second) // 2
    assert first < middle < second
    return path.rationality[middle], [own[middle] for own in path.policy]


def test_an_estimate_may_lie_between_folds():
    rationality, policy = folded_point()
    found = fit(FOLDED, [1e4 * own for own in policy])
    # points of a path are as exact as their corrections, whose errors are about 1e-12, and L is flat there
    assert found.rationality == pytest.approx(rationality, rel=1e-5)
    assert found.deviance < 1e-7
    first = qre_branch(FOLDED, temperature=1 / rationality).policy
    assert max(np.abs(own - other).max() for own, other in zip(first, policy, strict=True)) > 0.01


def test_a_second_game_without_folds_does_not_hide_those_of_the_first():
    rationality, policy = folded_point()
    other = qre_branch(GENERAL, temperature=1 / rationality).policy
    found = fit([GENERAL, FOLDED], [[100 * own for own in other], [1e4 * own for own in policy]])
    assert found.rationality == pytest.approx(rationality, rel=1e-5)
    assert found.deviance < 1e-7
    assert found.policies[1][0].shape == (1, 3)
    with pytest.raises(ValueError, match="policies"):
        _ = found.policy


@pytest.mark.parametrize("counts", [[[9, 15, 6], [27, 3, 0]], [[12, 10, 8], [17, 13, 0]], [[1, 0, 29], [18, 9, 3]]])
def test_an_interval_with_gaps_is_the_hull_of_its_pieces(counts):
    found = fit(FOLDED, counts)
    assert len(found.pieces) > 1
    assert len(found.maxima) > 1
    assert found.interval == (found.pieces[0][0], found.pieces[-1][1])
    assert "what lies between them does not fit" in str(found)
    path = qre_branch(FOLDED, temperature=0.02).path
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = [
            np.where(np.array(n) > 0, n * np.log(own[:, 0]), 0.0) for n, own in zip(counts, path.policy, strict=True)
        ]
    drop = 2 * (found.log_likelihood - sum(each.sum(axis=1) for each in terms))
    inside = np.any([(low <= path.rationality) & (path.rationality <= high) for low, high in found.pieces], axis=0)
    fits = drop <= chi2.ppf(0.95, 1)
    assert (drop > -1e-6).all()
    assert inside[fits].all()
    assert not fits[~inside].any()
    assert (~inside).any()
    assert fits.any()


def test_several_data_sets_of_one_rationality():
    once = fit(GENERAL, [2 * np.array(own) for own in GENERAL_COUNTS])
    twice = fit([GENERAL, GENERAL], [GENERAL_COUNTS, GENERAL_COUNTS])
    assert twice.rationality == pytest.approx(once.rationality, rel=1e-9)
    assert twice.interval == pytest.approx(once.interval, rel=1e-9)
    both = fit([OCHS, GENERAL], [OCHS_COUNTS, GENERAL_COUNTS])

    def cost(rationality):
        return -log_likelihood(OCHS, OCHS_COUNTS, rationality) - log_likelihood(GENERAL, GENERAL_COUNTS, rationality)

    best = minimize_scalar(cost, bounds=(0.01, 20), method="bounded", options={"xatol": 1e-9})
    assert both.log_likelihood == pytest.approx(-best.fun, abs=1e-9)
    assert both.rationality == pytest.approx(best.x, rel=1e-5)
    assert both.degrees_of_freedom == 1 + 1 + 2 + 1 - 1


@pytest.mark.parametrize("times", [1000, 1e6])
@pytest.mark.parametrize(
    ("game", "counts"), [(OCHS, OCHS_COUNTS), (GENERAL, GENERAL_COUNTS), (FOLDED, [[30, 5, 9], [2, 30, 8]])]
)
def test_what_is_far_below_is_passed_by_and_changes_nothing(game, counts, times, monkeypatch):
    counts = [times * np.array(own) for own in counts]
    short = fit(game, counts)
    monkeypatch.setattr(profile, "_FAR", inf)
    whole = fit(game, counts)
    assert short.curve.shape[1] < whole.curve.shape[1]  # some was passed by
    assert (short.rationality, short.interval, short.pieces) == (whole.rationality, whole.interval, whole.pieces)
    highest = max(height for _, height in whole.maxima)
    assert short.maxima == tuple(point for point in whole.maxima if point[1] >= highest - 100)
    assert short.curve[:, [0, -1]].tolist() == whole.curve[:, [0, -1]].tolist()


def test_constant_payoffs_say_nothing():
    for game in (Game.matrix(np.ones((2, 3))), load("matching-pennies")):
        found = fit(game, [np.arange(1, size + 1) for size in game.num_actions])
        assert found.outcome is Outcome.FLAT
        assert not found.converged
        assert np.isnan(found.rationality)
        assert found.interval == (0, inf)
        assert "nothing can be said" in str(found)
        with pytest.raises(ValueError, match="nothing can be said"):
            found.require()


def test_one_sided_data_have_an_interval_without_an_upper_end():
    game = load("prisoners-dilemma")
    defects = int(qre_branch(game, temperature=0.1).policy[0][0].argmax())
    counts = np.zeros((2, 2))
    counts[:, defects] = 30
    found = fit(game, list(counts))
    assert (found.outcome, found.rationality, found.temperature) == (Outcome.AT_INFINITY, inf, 0)
    assert found.interval[1] == inf
    assert found.interval[0] > 0
    drop = 2 * (found.log_likelihood - log_likelihood(game, counts, found.interval[0]))
    assert drop == pytest.approx(chi2.ppf(0.95, 1), abs=1e-8)
    assert found.converged
    never = fit(game, list(counts[:, ::-1]))
    assert (never.outcome, never.rationality, never.temperature) == (Outcome.AT_ZERO, 0, inf)
    assert never.interval[0] == 0
    assert never.log_likelihood == pytest.approx(60 * log(0.5))


def test_an_action_that_is_dominated_but_was_seen_bounds_the_rationality():
    payoffs = np.array([[0.0, 0.0], [0.0, 0.0], [1e3, 1e3]])  # the third action is better by 1,000
    found = fit(Game.matrix([payoffs, np.zeros((3, 2))]), [[1, 0, 99], [50, 50]])
    # π = softmax(λ (0, 0, 1000)), and λ solves 2 / (2 + exp(1000 λ)) = 1/100
    assert found.rationality == pytest.approx(log(198) / 1000, rel=1e-9)
    assert found.outcome is Outcome.INSIDE


def test_a_row_of_zeros_counts_for_nothing():
    found = fit(GENERAL, [GENERAL_COUNTS[0], [0, 0]])
    assert found.degrees_of_freedom == 1
    assert {row.agent for row in found.rows} == {0}
    tried = log_likelihood(GENERAL, [GENERAL_COUNTS[0], [0, 0]], *np.geomspace(0.01, 100, 60))
    assert found.log_likelihood >= max(tried) - 1e-9


def test_actions_that_are_not_available_have_no_part_in_it():
    masked = Game.matrix(
        [np.array([[1.1141, 0.0, 7.0], [0.0, 0.2785, 7.0]]), np.array([[0.0, 1.1141, 9.0], [1.1141, 0.0, 9.0]])],
        available=[[True, True], [True, True, False]],
    )
    first, found = fit(OCHS, OCHS_COUNTS), fit(masked, [OCHS_COUNTS[0], [*OCHS_COUNTS[1], 0]])
    assert found.rationality == pytest.approx(first.rationality, rel=1e-12, abs=0)
    assert found.degrees_of_freedom == first.degrees_of_freedom
    assert found.p_value == pytest.approx(first.p_value)
    assert found.policy[1][0, 2] == 0
    with pytest.raises(ValueError, match="not available"):
        fit(masked, [OCHS_COUNTS[0], [*OCHS_COUNTS[1], 1]])


@pytest.mark.parametrize("entropy", ["team", "own", "none"])
def test_the_rationality_of_a_stochastic_game_is_found_again(entropy):
    game = random_stochastic(4, (2, 3), discount=0.8, structure="general-sum", seed=3)
    policy = qre_branch(game, temperature=0.5, entropy=entropy).policy
    found = fit(game, [1000 * own for own in policy], entropy=entropy)
    assert found.rationality == pytest.approx(2.0, rel=1e-7)
    assert found.deviance < 1e-7
    others = {"team": "none", "own": "team", "none": "own"}
    assert fit(game, [1000 * own for own in policy], entropy=others[entropy]).deviance > 1e-3


def test_trajectories_are_counted():
    game = random_stochastic(3, (2, 2), discount=0.7, ending=0.4, seed=1)
    policy = qre_branch(game, temperature=1.0).policy
    episodes = simulate(game, policy, num_episodes=400, num_steps=12, seed=2)
    pairs = list(zip(episodes.states, episodes.actions, strict=True))
    counts = [np.zeros((game.num_states, 2)) for _ in range(2)]
    for states, actions in pairs:
        for state, joint in zip(states[:-1], actions, strict=True):
            for own, action in zip(counts, joint, strict=True):
                own[state, action] += action >= 0
    found = [fit(game, data) for data in (episodes, pairs, counts, Observations.of(game, counts))]
    assert len({each.rationality for each in found}) == 1
    assert found[0].interval[0] < 1.0 < found[0].interval[1]
    assert sum(own.sum() for own in found[0].counts[0]) == 2 * episodes.lengths.sum()


def covered(curve, complete, game, policy, plays, seeds, rationality):
    """In how many of some samples the interval holds the rationality that they are drawn from."""
    held = 0
    for seed in seeds:
        rng = np.random.default_rng(seed)
        counts = [rng.multinomial(plays, own[0] / own[0].sum()) for own in policy]
        data = [Observations.of(game, counts)]
        low, high = estimated(curve, [game], data, entropy="team", level=0.95, complete=complete).interval
        held += low <= rationality <= high
    return held


@pytest.mark.parametrize(
    ("game", "rationality"),
    [(OCHS, 2.0), pytest.param(GENERAL, 1.0, marks=pytest.mark.long), pytest.param(OCHS, 0.5, marks=pytest.mark.long)],
)
@pytest.mark.parametrize("samples", [80, pytest.param(2000, marks=pytest.mark.long)])
def test_intervals_cover_as_often_as_they_say(game, rationality, samples):
    curve, complete = curve_of([game])
    policy = qre_branch(game, temperature=1 / rationality).policy
    held = covered(curve, complete, game, policy, 500, range(samples), rationality)
    # five standard deviations of a binomial share, and one point for samples that are not large
    assert abs(held / samples - 0.95) < 5 * (0.95 * 0.05 / samples) ** 0.5 + 0.01


def test_a_fit_reads_well_and_is_saved(tmp_path):
    found = fit(OCHS, OCHS_COUNTS)
    assert isinstance(found, Fit)
    for part in ("rationality     1.84561", "INSIDE", "p-value", "probability", "deviance"):
        assert part in str(found)
    assert "rationality 1.84561" in repr(found)
    found.save(tmp_path / "fit.json")
    values = json.loads((tmp_path / "fit.json").read_text())
    assert values["rationality"] == found.rationality
    assert values["temperature"] == 1 / found.rationality
    assert (values["converged"], values["outcome"]) == (True, "INSIDE")
    assert values["interval"] == list(found.interval)
    with pytest.raises(ValueError, match="read-only"):
        found.policy[0][0, 0] = 1.0


NAMED = Game.matrix(
    [np.array([[3.0, 0.0], [5.0, 1.0]]), np.array([[3.0, 5.0], [0.0, 1.0]])],
    agent_names=["Ann", "Bob"],
    action_names=[["stay", "go"], None],
)
KINDS = {
    "inside": fit(OCHS, OCHS_COUNTS),
    "no upper end": fit(load("prisoners-dilemma"), [[0, 9], [0, 9]]),
    "all alike": fit(load("matching-pennies"), [[5, 4], [3, 6]]),
    "several, one with names": fit([GENERAL, NAMED], [GENERAL_COUNTS, [[1, 20], [3, 40]]]),
    "cut": fit(load("prisoners-dilemma"), [[3, 5], [3, 6]], max_steps=3),
    "states": fit(random_stochastic(3, (2, 3), discount=0.5, seed=0), [np.ones((3, 2)), np.ones((3, 3))]),
}


@pytest.mark.parametrize("ending", ["json", "npz", "NPZ"])
@pytest.mark.parametrize("found", KINDS.values(), ids=KINDS)
def test_a_fit_reads_back_as_it_was(found, ending, tmp_path):
    path = tmp_path / f"fit.{ending}"
    found.save(path)
    again = Fit.load(path)
    for item in fields(Fit):
        ours, theirs = getattr(found, item.name), getattr(again, item.name)
        assert repr(ours) == repr(theirs), item.name  # nan too; nested arrays below
    for name in ("policies", "counts"):
        for ours, theirs in zip(getattr(found, name), getattr(again, name), strict=True):
            for own, other in zip(ours, theirs, strict=True):
                np.testing.assert_array_equal(own, other)
    np.testing.assert_array_equal(found.curve, again.curve)
    assert (str(again), again.to_dict()) == (str(found), found.to_dict())
    with pytest.raises(ValueError, match="read-only"):
        again.curve[0, 0] = 1.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"level": None}, "key 'level'"),
        ({"level": 95}, "key 'level'"),
        ({"outcome": "FOUND"}, "key 'outcome'"),
        ({"converged": False}, "key 'converged'"),
        ({"rationality": None}, "key 'rationality'"),
        ({"log_likelihood": None}, "key 'log_likelihood'"),
        ({"interval": [1.0, 2.0]}, "hull of the pieces"),
        ({"interval": [1.0]}, "key 'interval'"),
        ({"pieces": []}, "key 'interval'"),
        ({"games": []}, "key 'games'"),
        ({"games": ["a", "b"]}, "key 'policies' has 1 entries"),
        ({"policies": [[[[0.5, 0.6]], [[0.5, 0.5]]]]}, "agent 0, row"),
        ({"policies": [[[[0.5, 0.5]]]]}, "key 'counts'"),
        ({"counts": [[[[-1, 2]], [[3, 4]]]]}, "key 'counts'"),
        ({"curve": [[0.0, 1.0]]}, "key 'curve'"),
        ({"agent_names": [["Ann"]]}, "agent_names"),
    ],
)
def test_a_broken_fit_is_named(change, message, tmp_path):
    (tmp_path / "fit.json").write_text(json.dumps(KINDS["inside"].to_dict() | change))
    with pytest.raises(ValueError, match=message) as caught:
        Fit.load(tmp_path / "fit.json")
    assert "fit.json" in str(caught.value)


@pytest.mark.parametrize(("text", "message"), [("[]", "holds a list"), ("{", "line 1"), ("{}", "lacks the key")])
def test_what_is_no_fit_is_refused(text, message, tmp_path):
    (tmp_path / "fit.json").write_text(text)
    with pytest.raises(ValueError, match=message):
        Fit.load(tmp_path / "fit.json")
    (tmp_path / "fit.npz").write_text(text)
    with pytest.raises(ValueError, match=r"no \.npz archive"):
        Fit.load(tmp_path / "fit.npz")
    with pytest.raises(ValueError, match="cannot be read"):
        Fit.load(tmp_path / "none.json")


def test_tables_say_what_agents_and_actions_are_called():
    found = fit(NAMED, [[1, 20], [3, 40]])
    assert [line.split()[:3] for line in str(found).splitlines()[-4:]] == [
        ["Ann", "0", "stay"],
        ["Ann", "0", "go"],
        ["Bob", "0", "0"],
        ["Bob", "0", "1"],
    ]


def test_counts_may_be_those_of_names(tmp_path):
    (tmp_path / "x.csv").write_text("agent,action,count\nAnn,stay,1\n0, go,20\nBob,0,3\nBob,1,40\n")
    read = load_observations(tmp_path / "x.csv", NAMED)
    assert [own.tolist() for own in read.counts] == [[[1, 20]], [[3, 40]]]
    (tmp_path / "x.csv").write_text("agent,action,count\nAnn,leave,1\n")
    with pytest.raises(ValueError, match=r"line 2 has the action 'leave', expected .* such as 'stay'"):
        load_observations(tmp_path / "x.csv", NAMED)


def test_trajectories_may_be_those_of_names(tmp_path):
    called = {"state_names": ["home", "away"], "action_names": [["in", "out"], None]}
    game = Game.stochastic(np.zeros((2, 2, 3)), np.full((2, 2, 3, 2), 0.5), 0.9, **called)
    numbers, names = ([0, 1, 0], [[0, 2], [1, 0]]), (["home", "away", 0], [["in", 2], ["out", 0]])
    arrays = np.array(names[0][:2]), np.array(names[1], dtype=object)
    counts = Observations.of(game, [numbers]).counts
    for data, times in ([names], 1), ([arrays], 1), ([names, numbers], 2):
        for own, expected in zip(Observations.of(game, data).counts, counts, strict=True):
            assert np.array_equal(own, times * expected)
    trajectory = {"states": names[0], "actions": names[1]}
    document = {"format": "mathrl-observations", "version": 1, "trajectories": [trajectory]}
    (tmp_path / "x.json").write_text(json.dumps(document))
    assert all(map(np.array_equal, load_observations(tmp_path / "x.json", game).counts, counts))


@pytest.mark.parametrize(
    ("states", "actions", "message"),
    [
        ([0, "there"], [["in", 2]], r"^data\[0\] has the state 'there', expected a whole number from 0 to 0"),
        ([0], [["in", "out"]], r"^data\[0\] has the action 'out', expected a whole number from 0 to 1$"),
        ([0], [["on", 1]], r"^data\[0\] has the action 'on', expected .* or a name such as 'in'"),
        ([0, 0], [["in", 1], ["in"]], r"^data\[0\]: actions\[1\] is \['in'\], expected 2 actions, one for each agent"),
        ([0, 0], [["in", 1], 1], r"^data\[0\]: actions\[1\] is 1, expected 2 actions, one for each agent"),
    ],
)
def test_a_name_that_is_none_is_told(states, actions, message):
    game = Game.matrix(np.eye(2), action_names=[["in", "out"], None])
    with pytest.raises(ValueError, match=message):
        Observations.of(game, [(states, actions)])


def test_names_that_are_numbers_are_not_taken_for_positions(tmp_path):
    game = Game.matrix(np.eye(2), action_names=[["1", "2"], ["1", "2"]])
    (tmp_path / "x.csv").write_text("agent,action,count\n0,1,7\n1,0,7\n")
    assert [own.tolist() for own in load_observations(tmp_path / "x.csv", game).counts] == [[[0, 7]], [[7, 0]]]


def test_an_end_that_was_asked_for_is_not_taken_for_infinity(tmp_path):
    game, counts = load("prisoners-dilemma"), [[38, 62], [35, 65]]
    best = fit(game, counts).rationality
    cut = fit(game, counts, largest=best / 2)
    assert (cut.outcome, cut.converged, cut.rationality) == (Outcome.CUT, False, best / 2)
    assert cut.interval[1] == inf  # nothing is known of what lies beyond
    with pytest.raises(ValueError, match="give a larger largest"):
        cut.require()
    cut.save(tmp_path / "fit.json")
    assert Fit.load(tmp_path / "fit.json").outcome is Outcome.CUT
    assert fit(game, counts, largest=2 * best).rationality == pytest.approx(best, rel=1e-9)
    never = [[0, 9], [0, 9]]
    assert fit(game, never, largest=fit(game, never).curve[0, -1]).outcome is Outcome.AT_INFINITY


def test_a_trace_that_is_cut_is_said():
    game = load("prisoners-dilemma")
    defects = int(qre_branch(game, temperature=0.1).policy[0][0].argmax())
    found = fit(game, [[30 * (action == defects) for action in range(2)]] * 2, max_steps=5)
    assert found.outcome is Outcome.LOST
    assert not found.converged
    whole, cut = fit(OCHS, OCHS_COUNTS), fit(OCHS, OCHS_COUNTS, max_steps=14)
    assert whole.rationality < cut.curve[0, -1] < whole.curve[0, -1]  # the likelihood falls where the trace is cut
    assert (cut.rationality, cut.outcome) == (pytest.approx(whole.rationality, rel=1e-9), Outcome.LOST)
    assert fit(OCHS, OCHS_COUNTS, largest=cut.curve[0, -1]).converged


def bad(message, game=GENERAL, data=GENERAL_COUNTS, **options):
    return pytest.param(game, data, options, message, id=message)


@pytest.mark.parametrize(
    ("game", "data", "options", "message"),
    [
        bad("data is", data=[[1, 2, 3]]),
        bad(r"data\[0\] has shape", data=[[1, 2], [3, 4]]),
        bad(r"data\[0\] holds -1", data=[[1, 2, -1], [3, 4]]),
        bad("no observation", data=[[0, 0, 0], [0, 0]]),
        bad(r"data\[1\]\[1\] is nan", data=[[1, 2, 3], [1, np.nan]]),
        bad("level is 1", level=1.0),
        bad("level is 95", level=95),
        bad("entropy", entropy="all"),
        bad("largest is 0", largest=0.0),
        bad("max_steps", max_steps=0),
        bad(r"data\[0\] is", game=[GENERAL, OCHS]),
        bad("data is", game=[GENERAL, OCHS, OCHS]),
        bad("game is empty", game=[], data=[]),
        bad(r"data\[0\]: actions has shape", data=[([0, 0], [[1], [1]])]),
        bad(r"data\[0\]: states has shape", data=[([0, 0, 0, 0], [[1, 1]])]),
        bad("agent 1 holds 2", data=[([0], [[1, 2]])]),
        bad("states holds 3", data=[([3], [[1, 1]])]),
        bad("agent 0 holds 0.5", data=[([0], [[0.5, 1]])]),
    ],
)
def test_bad_input_is_named(game, data, options, message):
    with pytest.raises(ValueError, match=message):
        fit(game, data, **options)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.txt", "", "ends in '.txt'"),
        ("x.json", "[1", "line 1"),
        ("x.json", '{"version": 1, "counts": []}', "key 'format' is missing"),
        ("x.json", '{"format": "mathrl-game", "version": 1}', "'mathrl-observations'"),
        ("x.json", '{"format": "mathrl-observations", "version": 1}', "neither counts nor trajectories"),
        ("x.json", '{"format": "mathrl-observations", "version": 1, "count": []}', "counts"),
        (
            "x.json",
            '{"format": "mathrl-observations", "version": 1, "counts": [], "trajectories": []}',
            "one of the two",
        ),
        ("x.json", '{"format": "mathrl-observations", "version": 1, "counts": [[1, 2]]}', "2 arrays"),
        ("x.json", '{"format": "mathrl-observations", "version": 1, "trajectories": []}', "is empty"),
        ("x.json", '{"format": "mathrl-observations", "version": 1, "trajectories": [{"states": [0]}]}', "'actions'"),
        ("x.csv", "", "column 'agent' is missing"),
        ("x.csv", "agent,action\n0,0\n", "column 'count' is missing"),
        ("x.csv", "agent,action,number\n", "column"),
        ("x.csv", "agent;action;count\n0;0;1\n", "line 1 is one cell, 'agent;action;count', .* save it with commas"),
        ("x.csv", "agent,action,count\n0,0\n", "line 2"),
        ("x.csv", "agent,action,count\n0,0,1,2\n", "line 2"),
        ("x.csv", "agent,action,count\n2,0,1\n", "line 2 has the agent '2'"),
        ("x.csv", "agent,action,count\n0,3,1\n", "from 0 to 2"),
        ("x.csv", "agent,action,count\n0,0,1\n1,0,-1\n", "line 3 has the count -1"),
        ("x.csv", "agent,action,count\n0,0,many\n", "many"),
        ("x.csv", "agent,action,count\n0,0,0\n", "no observation"),
    ],
)
def test_a_broken_file_is_named(name, text, message, tmp_path):
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        load_observations(tmp_path / name, GENERAL)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_in_both_forms_say_the_same(tmp_path):
    values = {"format": "mathrl-observations", "version": 1, "counts": GENERAL_COUNTS}
    (tmp_path / "x.json").write_text(json.dumps(values))
    lines = [f"{i}, {a}, {n}" for i, own in enumerate(GENERAL_COUNTS) for a, n in enumerate(own)]
    (tmp_path / "x.csv").write_text("\n".join(["agent, action, count", *lines, "0, 0, 0"]))
    for name in ("x.json", "x.csv"):
        read = load_observations(tmp_path / name, GENERAL)
        assert [own.tolist() for own in read.counts] == [[own] for own in GENERAL_COUNTS]
    game = random_stochastic(2, (2, 2), discount=0.5, seed=0)
    trajectory = {"states": [0, 1, 1], "actions": [[0, 1], [1, 1]]}
    (tmp_path / "t.json").write_text(
        json.dumps({"format": "mathrl-observations", "version": 1, "trajectories": [trajectory]})
    )
    read = load_observations(tmp_path / "t.json", game)
    assert [own.tolist() for own in read.counts] == [[[1, 0], [0, 1]], [[0, 1], [0, 1]]]
    (tmp_path / "s.csv").write_text("agent,action,count\n0,0,1\n")
    with pytest.raises(ValueError, match="column 'state' is missing"):
        load_observations(tmp_path / "s.csv", game)


def test_the_example_fits_its_schema_and_its_game(tmp_path):
    (tmp_path / "play.json").write_text(EXAMPLE)
    assert set(json.loads(EXAMPLE)) <= set(schema()["properties"])
    assert fit(
        load("prisoners-dilemma"), load_observations(tmp_path / "play.json", load("prisoners-dilemma"))
    ).converged


def test_a_fit_calls_agents_actions_and_states_by_their_names():
    rewards = [np.array([[[6.0, 2.0], [7.0, 0.0]]] * 2), np.array([[[6.0, 7.0], [2.0, 0.0]]] * 2)]
    moves = np.full((2, 2, 2, 2), 0.5)
    names = {"agent_names": ["driver", "walker"], "action_names": [["yield", "dare"], None], "state_names": ["day", 7]}
    counts = [[[30, 10], [25, 5]], [[22, 18], [20, 10]]]
    found = fit(Game.stochastic(rewards, moves, 0.5, **names), counts)
    lines = [line.split()[:3] for line in str(found).splitlines()]
    assert ["driver", "day", "dare"] in lines
    assert ["walker", "7", "1"] in lines
    assert (found.agent_names, found.action_names) == ((("driver", "walker"),), ((("yield", "dare"), None),))
    assert found.state_names == (("day", "7"),)
    table = found.table("", named=False)  # for programs
    assert [column.cell(table.rows[0]) for column in table.columns[:3]] == [0, 0, 0]
    unnamed = fit(Game.stochastic(rewards, moves, 0.5), counts)
    assert unnamed.rationality == found.rationality
    assert ["0", "1", "1"] in [line.split()[:3] for line in str(unnamed).splitlines()]

"""MEHAML: HASPI where nothing holds it, monotone always, and at rest at a QRE only."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mathrl.base.checks import InvalidInput
from mathrl.cli import main
from mathrl.games import (
    Game,
    joint_policy,
    load,
    permute_actions,
    random_policy,
    random_stochastic,
    relabel_agents,
    to_dense,
    to_sparse,
)
from mathrl.iteration.outcome import Status
from mathrl.mirror import (
    ClippedRatioDrift,
    Everywhere,
    KLBall,
    KLDrift,
    MaximumRatio,
    NoDrift,
    SquaredDrift,
    TotalVariationBall,
    respond,
)
from mathrl.operators import (
    clipped_ratio_drift,
    expected_parts,
    kl_drift,
    mirror_value,
    quantal_response_residual,
    soft_advantage,
    squared_drift,
)
from mathrl.proofs_checks.strategies import games, policies, temperatures
from mathrl.softmax import boltzmann, entropy, kl_divergence, total_variation
from mathrl.solution import Solution
from mathrl.solvers import haspi, mehaml, optimal
from mathrl.values.policy_values import evaluate
from tests.examples import costly, diagonal
from tests.tolerances import EPS, magnitude

COMMON = games(structure="common-payoff")
DRIFTS = st.sampled_from(
    [NoDrift(), KLDrift(0.3), KLDrift(10.0), SquaredDrift(2.0), ClippedRatioDrift(0.1), ClippedRatioDrift(0.5, 0.2)]
)
NEIGHBOURHOODS = st.sampled_from(
    [Everywhere(), KLBall(0.02), KLBall(1.0), TotalVariationBall(0.05), MaximumRatio(1.2), MaximumRatio(3.0)]
)
WORDS = "none", "kl:0.5", "squared:0.5", "clipped:0.2"
AROUND = "everywhere", "kl:0.05", "total-variation:0.1", "ratio:1.5"
COMBINATIONS = list(itertools.product(WORDS, AROUND))
WARM = temperatures(0.1, 100)


@costly
@given(COMMON, WARM, st.data())
def test_without_drift_and_neighbourhood_it_is_haspi(game, temperature, data):
    first = data.draw(policies(game))
    order = data.draw(st.just("random") | st.permutations(range(game.num_agents)))
    options = {"temperature": temperature, "initial_policy": first, "order": order, "seed": 3}
    for steps in (1, 2, 3):
        ours, theirs = (solver(game, **options, max_steps=steps) for solver in (mehaml, haspi))
        # one rounding of Q/α per agent, carried on by |Q|/α in every further step
        stiffness = 1 + magnitude(game, temperature) / temperature
        tolerance = 64 * EPS * stiffness**steps / (1 - game.discount)
        for own, other in zip(ours.policy, theirs.policy, strict=True):
            np.testing.assert_allclose(own, other, rtol=0, atol=tolerance)
        assert ours.steps == theirs.steps or min(ours.residual, theirs.residual) < 1e3 * ours.rounding_floor


@costly
@given(COMMON, st.just(0.0) | temperatures(1e-2, 1e2), DRIFTS, NEIGHBOURHOODS, st.data())
def test_the_objective_never_falls(game, temperature, drift, neighbourhood, data):
    """hasac Theorem 3, 1, and Lemma G.1 for every state."""
    first = data.draw(policies(game, zeros=False))
    order = data.draw(st.just("random") | st.permutations(range(game.num_agents)))
    options = {"temperature": temperature, "drift": drift, "neighbourhood": neighbourhood, "order": order}
    solution = mehaml(game, **options, initial_policy=first, max_steps=15)
    before = evaluate(game, first, temperature=temperature)
    # as in the test of HASPI, and 8 floors of Q in each state where ties are shared at temperature 0
    slack = 512 * EPS * magnitude(game, temperature) / (1 - game.discount)
    assert (np.diff(np.append(before.objective, solution.history)) >= -slack).all()
    one = mehaml(game, **options, initial_policy=first, max_steps=1)
    assert (one.v >= before.v - slack).all()


def drift_of(drift, old, new, q, order, m, agent, temperature):
    """By the operators."""
    match drift:
        case KLDrift(weight):
            return kl_drift(new[agent], old[agent], weight=weight)
        case SquaredDrift(weight):
            return squared_drift(new[agent], old[agent], weight=weight)
        case ClippedRatioDrift(clip, weight):
            advantage = soft_advantage(q, old, agent, order[:m], temperature=temperature)
            parts = expected_parts(advantage, [new[j] for j in order[:m]])
            return clipped_ratio_drift(new[agent], old[agent], *parts, clip=clip, weight=weight)
    return np.zeros(len(q))


@given(COMMON, st.just(0.0) | temperatures(1e-2, 1e2), DRIFTS, NEIGHBOURHOODS, st.data())
def test_each_agent_maximises_definition_2(game, temperature, drift, neighbourhood, data):
    """Against drawn policies of the neighbourhood: on the way from the old policy to anything, as far as it goes."""
    first = data.draw(policies(game, zeros=False))
    order = data.draw(st.permutations(range(game.num_agents)))
    options = {"temperature": temperature, "drift": drift, "neighbourhood": neighbourhood, "order": order}
    one = mehaml(game, **options, initial_policy=first, max_steps=1)
    if not one.steps:
        return
    q = evaluate(game, first, temperature=temperature).q
    others = data.draw(policies(game))
    for m, agent in enumerate(order):
        updated = [one.policy[j] for j in order[:m]]

        def value(response, m=m, agent=agent, updated=updated):
            new = list(one.policy)
            new[agent] = response
            price = drift_of(drift, first, new, q, order, m, agent, temperature)
            return mirror_value(q, first, agent, order[:m], updated, response, price, temperature=temperature)

        best = value(one.policy[agent])
        for step in (1.0, 0.3, 0.1, 1e-2, 1e-4):
            for target in (others[agent], one.policy[agent][:, ::-1]):
                tried = first[agent] + step * (target - first[agent])
                inside = {
                    Everywhere: np.full(len(q), True),
                    KLBall: kl_divergence(tried, first[agent]) <= getattr(neighbourhood, "radius", 0),
                    TotalVariationBall: total_variation(tried, first[agent]) <= getattr(neighbourhood, "radius", 0),
                    MaximumRatio: (
                        (tried <= getattr(neighbourhood, "ratio", 0) * first[agent])
                        & (tried * getattr(neighbourhood, "ratio", 0) >= first[agent])
                    ).all(axis=1),
                }[type(neighbourhood)]
                # values of this size, each rounded in sums of 24; a KL ball's price times the rounding of its radius
                slack = 1e-10 * (magnitude(game, temperature) + 10)
                assert (value(tried) <= best + slack)[inside].all()


def test_the_clipped_ratio_weighs_old_advantages_by_new_policies():
    """hasac Definition 4: D given that the agents before updated; A is that of the old policy, by enumeration."""
    game = random_stochastic(2, (2, 3, 2), discount=0.9, seed=2)
    old = random_policy(game, np.random.default_rng(2))
    order, temperature, drift = (2, 0, 1), 0.1, ClippedRatioDrift(0.05)
    new = mehaml(game, temperature=temperature, drift=drift, order=order, initial_policy=old, max_steps=1).policy
    q = evaluate(game, old, temperature=temperature).q
    own, parts = np.zeros((2, 3)), np.zeros((2, 2, 3))
    for s, i, k in np.ndindex(2, 2, 2):  # the last agent of the order, 1, knows the new policies of 0 and 2
        weight = new[0][s, i] * new[2][s, k]
        advantage = q[s, i, :, k] - old[1][s] @ q[s, i, :, k] - temperature * entropy(old[1][s])
        own[s] += weight * q[s, i, :, k]
        parts[:, s] += weight * np.array([np.maximum(advantage, 0), np.maximum(-advantage, 0)])
    expected = respond(own, old[1], temperature=temperature, drift=drift, gains=(parts[0], parts[1]))
    np.testing.assert_allclose(new[1], expected, rtol=0, atol=1e-12)  # |Q|/α of about 100
    late = respond(own, old[1], temperature=temperature, drift=drift, gains=(0.9 * parts[0], 0.9 * parts[1]))
    assert np.abs(late - expected).max() > 1e-3  # the price decides


@pytest.mark.parametrize("seeds", [(0,), pytest.param((1, 2), marks=pytest.mark.long)])
@pytest.mark.parametrize(("drift", "neighbourhood"), COMBINATIONS)
def test_every_combination_rests_at_a_qre(drift, neighbourhood, seeds):
    """hasac Theorem 3, 4, on games of several states and agents."""
    for seed in seeds:
        game = random_stochastic(4, (3, 2, 2), discount=0.9, seed=seed)
        solution = mehaml(game, temperature=0.3, drift=drift, neighbourhood=neighbourhood).require()
        residual = quantal_response_residual(solution.q, solution.policy, temperature=0.3)
        assert residual <= 101 * solution.rounding_floor + 64 * EPS * np.abs(solution.q).max() / 0.3  # other sums
        values = evaluate(game, solution.policy, temperature=0.3)
        np.testing.assert_allclose(values.q, solution.q, rtol=1e-13)
        again = mehaml(game, temperature=0.3, drift=drift, neighbourhood=neighbourhood, initial_policy=solution.policy)
        assert again.steps == 0


@pytest.mark.parametrize(("drift", "neighbourhood"), COMBINATIONS)
def test_from_a_qre_no_step_leads_away(drift, neighbourhood):
    """An update at an equilibrium, to rounding: the converse of Step 3 of the proof of Theorem 3."""
    game = random_stochastic(4, (3, 2, 2), discount=0.9, seed=5)
    equilibrium = haspi(game, temperature=0.3, tol=8).require()
    start = tuple(pi + 1e-9 * (1 / pi.shape[1] - pi) for pi in equilibrium.policy)  # off it, so that a step is taken
    one = mehaml(
        game, temperature=0.3, drift=drift, neighbourhood=neighbourhood, initial_policy=start, max_steps=1, tol=8
    )
    assert one.steps == 1
    for ours, theirs in zip(one.policy, equilibrium.policy, strict=True):
        assert np.abs(ours - theirs).max() < 1e-7  # 1e-9 times |Q|/α of about 40


@pytest.mark.parametrize(("drift", "neighbourhood"), diagonal(WORDS, AROUND))
def test_temperature_zero_ends_where_no_agent_gains(drift, neighbourhood):
    """HAML. The residual is the largest gain of one agent, in any state, by enumeration."""
    game = random_stochastic(3, (3, 2), discount=0.8, seed=1)
    solution = mehaml(game, temperature=0, drift=drift, neighbourhood=neighbourhood).require()
    gains = [0.0]
    for agent in range(2):
        for action in range(game.num_actions[agent]):
            deviated = list(solution.policy)
            deviated[agent] = np.eye(game.num_actions[agent])[np.full(3, action)]
            worth = (solution.q * (joint_policy(tuple(deviated)) - joint_policy(solution.policy))).sum(axis=(1, 2))
            gains += worth.tolist()
    assert abs(max(gains) - solution.residual) <= 16 * solution.rounding_floor
    assert solution.residual <= 100 * solution.rounding_floor
    assert solution.rounding_floor == EPS * max(solution.q.max(), -solution.q.min())


@costly
@given(games(max_agents=1, structure="common-payoff", discounts=st.sampled_from([0.0, 0.5, 0.9])), DRIFTS)
def test_one_agent_at_temperature_zero_reaches_the_optimum(game, drift):
    assume(not isinstance(drift, KLDrift))  # it approaches ties of actions without end
    solution = mehaml(game, temperature=0, drift=drift, max_steps=3000)
    best = optimal(game)
    if solution.converged:
        # a residual of 100 floors, and ties, cost 1/(1 − γ) each
        slack = 512 * EPS * magnitude(game, 0.0) / (1 - game.discount)
        assert (np.abs(solution.v - best.v) <= slack).all()
    else:
        assert isinstance(drift, ClippedRatioDrift | SquaredDrift)


@pytest.mark.parametrize("drift", ["none", "squared:1", "clipped:0.2"])
def test_the_chain_is_solved_at_temperature_zero(drift):
    solution = mehaml(load("chain"), temperature=0, drift=drift).require()
    np.testing.assert_allclose(solution.v, optimal(load("chain")).v, rtol=1e-12)  # 100 floors over 1 − γ


def test_ties_stay_mixed_at_temperature_zero():
    game = Game.matrix(np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0]]))
    solution = mehaml(game, temperature=0, initial_policy=[[0.9, 0.1], [0.2, 0.3, 0.5]]).require()
    assert solution.policy[0].tolist() == [[0.5, 0.5]]
    assert solution.policy[1].tolist() == [[0.5, 0.5, 0.0]]


def test_a_tie_but_for_rounding_is_a_tie():
    """Two actions earn the mean of the same numbers, added in another order; the third earns 0."""
    game = Game.matrix(np.array([[0.1, 0.2, 0.3, 0.7], [0.1, 0.7, 0.3, 0.2], [0.0, 0.0, 0.0, 0.0]]))
    solution = mehaml(game, temperature=0, max_steps=1)
    assert solution.policy[0].tolist() == [[0.5, 0.5, 0.0]]


@pytest.mark.parametrize(("drift", "neighbourhood"), COMBINATIONS)
@pytest.mark.parametrize("temperature", [0.0, 0.3])
def test_names_and_storage_do_not_matter(drift, neighbourhood, temperature):
    game = random_stochastic(3, (3, 2), discount=0.9, seed=4)
    first = random_policy(game, np.random.default_rng(0))
    options = {"temperature": temperature, "drift": drift, "neighbourhood": neighbourhood, "max_steps": 3}
    ours = mehaml(game, **options, initial_policy=first, order=[1, 0])
    names = [2, 0, 1]
    relabelled = mehaml(relabel_agents(game, [1, 0]), **options, initial_policy=first[::-1], order=[0, 1])
    permuted = mehaml(
        permute_actions(game, 0, names), **options, initial_policy=(first[0][:, names], first[1]), order=[1, 0]
    )
    stored = mehaml(to_sparse(game), **options, initial_policy=first, order=[1, 0])
    for theirs in (relabelled.policy[::-1], stored.policy):
        for left, right in zip(ours.policy, theirs, strict=True):
            np.testing.assert_allclose(left, right, rtol=0, atol=1e-11)  # three steps, |Q|/α of about 40 in each
    np.testing.assert_allclose(ours.policy[0][:, names], permuted.policy[0], rtol=0, atol=1e-11)
    np.testing.assert_allclose(ours.policy[1], permuted.policy[1], rtol=0, atol=1e-11)


def test_later_agents_see_what_earlier_ones_chose():
    game, first = load("climbing"), [[0.5, 0.3, 0.2], [0.2, 0.3, 0.5]]
    for drift in ("none", "squared:1"):
        one, other = (
            mehaml(game, temperature=2.0, drift=drift, initial_policy=first, order=order, max_steps=1)
            for order in ([0, 1], [1, 0])
        )
        assert np.abs(one.policy[1] - other.policy[1]).max() > 1e-3


def test_a_heavy_drift_slows_down_and_leads_to_the_same_place():
    game = load("hasac")
    start = [[0.6, 0.2, 0.2]] * 2
    runs = [mehaml(game, temperature=10, initial_policy=start, drift=d).require() for d in ("none", "kl:10", "kl:100")]
    assert runs[0].steps < runs[1].steps < runs[2].steps
    for run in runs[1:]:
        np.testing.assert_allclose(run.policy[0], runs[0].policy[0], rtol=0, atol=1e-10)  # tol 100 floors, stiffness


def test_an_action_that_underflowed_comes_back():
    """Action 0 of the first agent is worth −1000 at first: exp(−1000) is 0. Later it is worth 2000, and is played."""
    payoffs = np.array([[-1e3, 2e3], [0.0, 0.0]])
    game = Game.matrix(payoffs)
    start = [[0.5, 0.5], [1 - 1e-12, 1e-12]]
    options = {"temperature": 0.5, "drift": "kl:0.5", "initial_policy": start}
    assert mehaml(game, **options, max_steps=1).policy[0][0, 0] == 0
    assert mehaml(game, **options).require().policy[0][0, 0] > 0.99


@given(COMMON, DRIFTS, NEIGHBOURHOODS)
def test_the_game_is_left_as_it_was(game, drift, neighbourhood):
    dense = to_dense(game)
    before = dense.rewards.tobytes(), dense.transitions.tobytes(), game.start.tobytes()
    mehaml(dense, temperature=0.5, drift=drift, neighbourhood=neighbourhood, max_steps=2)
    assert (dense.rewards.tobytes(), dense.transitions.tobytes(), dense.start.tobytes()) == before


def test_parameters_are_recorded_and_read_back(tmp_path):
    game = load("hasac")
    solution = mehaml(game, temperature=10, drift="kl:0.5", neighbourhood=MaximumRatio(2.0), max_steps=3, order=(1, 0))
    solution.save(tmp_path / "solution.json")
    recorded = dict(Solution.load(tmp_path / "solution.json").parameters)
    recorded.pop("initial_policy")
    assert recorded == {
        "temperature": 10.0,
        "drift": "KLDrift(weight=0.5)",
        "neighbourhood": "MaximumRatio(ratio=2.0)",
        "order": [1, 0],
        "seed": 0,
        "entropy": "team",
        "tol": 100.0,
        "max_steps": 3,
    }
    again = mehaml(game, initial_policy=solution.policy, **recorded)
    assert again.parameters["drift"] == recorded["drift"]


def test_steps_and_statuses():
    game, options = load("hasac"), {"temperature": 10.0, "initial_policy": [[0.6, 0.2, 0.2]] * 2, "drift": "kl:10"}
    full = mehaml(game, **options).require()
    assert len(full.history) == full.steps > 2
    none, one = mehaml(game, **options, max_steps=0), mehaml(game, **options, max_steps=1)
    assert (none.steps, none.status) == (0, Status.MAX_STEPS)
    assert (one.steps, one.status, one.history[0]) == (1, Status.MAX_STEPS, full.history[0])
    runs = [mehaml(game, **options, order="random", seed=seed, max_steps=3) for seed in (1, 1)]
    assert all(map(np.array_equal, runs[0].policy, runs[1].policy))


GENERAL = load("chicken")
REFUSED = [
    ({"temperature": -1}, "^temperature is -1, expected a number >= 0"),
    ({"temperature": float("inf")}, "^temperature is inf"),
    ({"game": GENERAL}, "^game is general-sum, expected a common payoff: else steps of MEHAML can lower the value"),
    ({"entropy": "own"}, "^entropy is 'own'"),
    ({"drift": "kl:-1"}, "^KLDrift.weight is -1"),
    ({"drift": ClippedRatioDrift(0.1, weight=1e306)}, "^drift has values of up to"),
    ({"drift": total_variation}, "^drift is <function total_variation"),
    ({"neighbourhood": 3}, "^neighbourhood is 3, expected Everywhere or KLBall"),
    ({"drift": KLDrift(1.0), "initial_policy": [[1, 0, 0], [1 / 3] * 3]}, r"^initial_policy\[0\]\[0, 1\] is 0"),
    ({"neighbourhood": "ratio:2", "initial_policy": [[1 / 3] * 3, [1, 0, 0]]}, r"^initial_policy\[1\]\[0, 1\] is 0"),
    ({"order": [0, 0]}, "^order is"),
    ({"tol": 0}, "^tol is 0"),
    ({"max_steps": -1}, "^max_steps is -1"),
    ({"seed": -1}, "^seed is -1"),
]


@pytest.mark.parametrize(("named", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_bad_input_is_refused_with_the_reason(named, message):
    with pytest.raises(InvalidInput, match=message):
        mehaml(**({"game": load("hasac"), "temperature": 1.0} | named))


@pytest.mark.parametrize("temperature", [0.0, 0.5])
def test_zeros_are_left_where_nothing_keeps_them(temperature):
    start = [[1.0, 0.0, 0.0]] * 2
    for drift, neighbourhood in (
        ("squared:1", "everywhere"),
        ("none", "total-variation:0.3"),
        ("clipped:0.2", "everywhere"),
    ):
        solution = mehaml(
            load("climbing"), temperature=temperature, drift=drift, neighbourhood=neighbourhood, initial_policy=start
        )
        assert solution.converged
        if temperature:
            assert (solution.policy[0] > 0).all()


def test_the_command_line_reads_drifts_and_neighbourhoods(capsys):
    options = ["--drift", "kl:0.5", "--neighbourhood", "ratio:2", "--format", "json"]
    assert main(["solve", "hasac", "--solver", "mehaml", "--temperature", "0", *options]) == 0
    recorded = json.loads(capsys.readouterr().out)["parameters"]
    assert (recorded["drift"], recorded["neighbourhood"]) == ("KLDrift(weight=0.5)", "MaximumRatio(ratio=2.0)")
    again = ["--drift", recorded["drift"], "--neighbourhood", recorded["neighbourhood"]]
    assert main(["solve", "hasac", "--solver", "mehaml", "--temperature", "0", *again]) == 0
    for bad in (["--drift", "tv:1"], ["--drift", "kl:-1"], ["--neighbourhood", "ratio:1"], ["--temperature", "-1"]):
        capsys.readouterr()
        assert main(["solve", "hasac", "--solver", "mehaml", "--temperature", "1", *bad]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.count("\n") == 1


# What Theorem 3 needs and Definition 5 does not ask for


def test_balls_that_shrink_end_short_of_the_equilibrium():
    """hasac Theorem 3, 2 to 4: Definition 5 lets the radius depend on the policy, the proof takes U for continuous.

    One agent, one state, rewards (0, 1), temperature 1: the QRE plays action 1 with e/(1 + e) = 0.73. With balls of
    radius |π(1) − 0.6|/2, and 0.1 at 0.6 itself, each step goes half of the way from 0.5 to 0.6.
    """
    q, old = np.array([0.0, 1.0]), np.array([0.5, 0.5])

    def radius(policy):
        return abs(policy[1] - 0.6) / 2 or 0.1

    for step in range(1, 30):
        old = respond(q, old, temperature=1.0, neighbourhood=TotalVariationBall(radius(old)))
        assert abs(old[1] - (0.6 - 0.1 / 2**step)) < 1e-14  # a few roundings
    assert boltzmann(q, 1.0)[1] > 0.73


def test_a_neighbourhood_that_couples_states_lets_the_objective_fall():
    """hasac Lemma G.2 and Theorem 3, 1: its proof swaps π_old in at one state and calls the result a member of U.

    One agent, two states, discount 0, rewards (0, 10) and (0, −1), the game starts in the second; β is uniform. U is a
    ball round π_old, radius 0.01, and one policy more, that plays action 1 with 0.99 in both states.
    """
    game = Game.stochastic(np.array([[0.0, 10.0], [0.0, -1.0]]), np.full((2, 2, 2), 0.5), 0.0, start=np.array([0, 1.0]))
    temperature, old, far = 0.1, np.full((2, 2), 0.5), np.array([[0.01, 0.99]] * 2)

    def value(policy):  # Definition 2 without drift, discount 0
        return (policy * game.rewards).sum(axis=1) + temperature * entropy(policy)

    near = np.stack([respond(row, o, temperature=temperature, neighbourhood=TotalVariationBall(0.01))
                     for row, o in zip(game.rewards, old, strict=True)])  # fmt: skip
    assert value(far).mean() > value(near).mean() + 1  # so far is the argmax of Eq. 28 over U
    before, after = (evaluate(game, (policy,), temperature=temperature).objective for policy in (old, far))
    assert after < before - 0.5

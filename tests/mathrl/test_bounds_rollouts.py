"""Rollout schemes: laws and compounding errors against all trajectories, bounds, and what G.6 says of bounds only."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.bounds import SCHEMES, Process, Setup, branch_law, rollout, rollout_lengths
from mathrl.bounds.compounding import _means_backward, _means_forward
from mathrl.bounds.errors import exact_opponent_errors
from mathrl.games import Game, random_policy, random_stochastic, to_dense, to_sparse
from mathrl.proofs_checks.strategies import setups, simplex_rows
from tests.examples import costly
from tests.tolerances import EPS

SCHEME = st.sampled_from(SCHEMES)
SMALL = setups(max_agents=3, max_actions=2, max_states=3)
ROUNDING = 1e-13
"""Laws are sums of at most S · A products of a handful of probabilities, k times over."""


def drawn_lengths(data, setup, scheme, k):
    if scheme.startswith("all"):
        return None
    return data.draw(st.none() | st.tuples(*[st.integers(0, k)] * len(setup.opponents)))


def is_modelled(setup, scheme, k, lengths, j, p):
    """Whether a model acts for agent j in step p, spelled out."""
    if j == setup.agent:
        return False
    if lengths is None:
        lengths = rollout_lengths(k, exact_opponent_errors(setup))
    n = {"all-model": k, "all-real": 0}.get(scheme, lengths[setup.opponents.index(j)])
    return p > k - n if scheme == "real-to-simu" else p <= n


def trajectories(game, policies, first):
    """All trajectories of len(policies) steps from state `first`, with their probabilities."""
    P = np.asarray(to_dense(game).transitions)
    found = [((first,), 1.0)]
    for policy in policies:
        longer = []
        for states, chance in found:
            for a in product(*map(range, game.num_actions)):
                acted = chance * np.prod([own[states[-1], action] for own, action in zip(policy, a, strict=True)])
                if acted > 0:
                    longer += [((*states, t), acted * p) for t, p in enumerate(P[states[-1]][a]) if p > 0]
        found = longer
    return found


def from_state(game, policies, first):
    """The laws of the state after each step, given the first one."""
    laws = np.zeros((len(policies) + 1, game.num_states))
    for states, chance in trajectories(game, policies, first):
        laws[range(len(states)), states] += chance
    return laws


@given(SMALL, SCHEME, st.integers(1, 2), st.data())
@costly
def test_a_rollout_is_what_all_trajectories_say(setup, scheme, k, data):
    lengths = drawn_lengths(data, setup, scheme, k)
    start = data.draw(st.none() | simplex_rows((setup.game.num_states,)))
    features = data.draw(st.none() | st.just(np.arange(3.0 * setup.game.num_states).reshape(-1, 3) ** 2))
    setup = Setup(**vars_of(setup) | {"features": features})
    start_s = setup.game.start if start is None else start
    agents = range(setup.game.num_agents)
    modelled = [[is_modelled(setup, scheme, k, lengths, j, p) for j in agents] for p in range(1, k + 1)]
    both = list(zip(setup.modelled_policy, setup.policy, strict=True))
    played = [tuple(np.where(model, *own) for model, own in zip(row, both, strict=True)) for row in modelled]
    simulated = np.array([from_state(setup.model, played, s) for s in range(setup.game.num_states)])
    real = np.array([from_state(setup.game, [setup.policy] * k, s) for s in range(setup.game.num_states)])
    points = np.eye(setup.game.num_states) if features is None else features
    squares = ((points[:, None] - points[None]) ** 2).sum(axis=-1)

    def compounded(other):
        """ε_c, by all pairs of a real and a simulated state after each step from the same first state."""
        apart = [
            sum(start_s[s] * real[s, i] @ squares @ other[s, i] for s in range(len(start_s))) for i in range(1, k + 1)
        ]
        return np.cumsum(apart) / np.arange(1, k + 1)

    run = rollout(setup, scheme, k, lengths=lengths, start=start)
    scale = 1 + squares.max()
    laws, real_laws = np.einsum("s,sht->ht", start_s, simulated), np.einsum("s,sht->ht", start_s, real)
    np.testing.assert_allclose(run.laws, laws, rtol=0, atol=ROUNDING)
    np.testing.assert_allclose(run.real_laws, real_laws, rtol=0, atol=ROUNDING)
    np.testing.assert_allclose(run.total_variation, np.abs(laws - real_laws).sum(axis=1) / 2, rtol=0, atol=ROUNDING)
    # rows of probabilities sum to 1 up to rounding only, by which squares are multiplied
    np.testing.assert_allclose(run.compounding.error, compounded(simulated), rtol=0, atol=ROUNDING * scale)
    np.testing.assert_allclose(run.compounding.floor, compounded(real), rtol=0, atol=ROUNDING * scale)
    assert run.communications.tolist() == [len(agents) - 1 - sum(row) for row in modelled]
    np.testing.assert_equal(run.policies, (*played, played[-1]))


def vars_of(setup):
    return {name: getattr(setup, name) for name in setup.__dataclass_fields__}


@costly
@given(setups(), SCHEME, st.integers(1, 12), st.data())
def test_both_bounds_hold_at_each_step_and_coupling_is_the_sharper(setup, scheme, k, data):
    run = rollout(setup, scheme, k, lengths=drawn_lengths(data, setup, scheme, k))
    assert (run.total_variation <= run.coupling + ROUNDING).all()
    assert (run.coupling <= np.minimum(run.printed, 1) + ROUNDING).all()


@given(setups(), st.integers(1, 6))
@costly
def test_models_throughout_are_the_modelled_process_and_none_is_the_learned_one(setup, k):
    for scheme, process in (("all-model", setup.modelled), ("all-real", setup.learned)):
        run = rollout(setup, scheme, k)
        laws = [law for _, law in zip(range(k + 1), process.laws(), strict=False)]
        np.testing.assert_allclose(run.laws, laws, rtol=0, atol=ROUNDING)
        assert run.communications.tolist() == [0 if scheme == "all-model" else len(setup.opponents)] * k


@given(setups(), st.integers(1, 6))
@costly
def test_both_orders_meet_where_lengths_are_all_k_or_all_0(setup, k):
    for n, fixed in ((k, "all-model"), (0, "all-real")):
        end = rollout(setup, fixed, k)
        for scheme in ("simu-to-real", "real-to-simu"):
            run = rollout(setup, scheme, k, lengths=[n] * len(setup.opponents))
            np.testing.assert_array_equal(run.laws, end.laws)
            np.testing.assert_array_equal(run.compounding.error, end.compounding.error)
            np.testing.assert_array_equal(run.communications, end.communications)


@given(setups(), SCHEME, st.integers(1, 6))
@costly
def test_the_error_is_two_variances_and_a_bias(setup, scheme, k):
    """(2) of the compounding error, with the simulation's own floor: that of a setup whose real game is the model."""
    run = rollout(setup, scheme, k)
    assert (run.compounding.bias <= run.compounding.error + ROUNDING).all()
    if scheme == "all-real":
        swapped = rollout(Setup.of(setup.model, policy=setup.policy, agent=setup.agent), scheme, k)
        variances = (run.compounding.floor + swapped.compounding.floor) / 2
        np.testing.assert_allclose(run.compounding.error, variances + run.compounding.bias, rtol=0, atol=ROUNDING)


@given(setups(), SCHEME, st.integers(1, 6))
@costly
def test_what_is_perfect_is_at_the_floor(setup, scheme, k):
    perfect = Setup.of(setup.game, policy=setup.policy, agent=setup.agent)
    run = rollout(perfect, scheme, k)
    np.testing.assert_array_equal(run.compounding.error, run.compounding.floor)
    for nothing in (run.compounding.bias, run.total_variation, run.printed, run.coupling):
        assert not nothing.any()


@given(setups(sparse=False), SCHEME, st.integers(1, 6))
@costly
def test_sparse_is_dense(setup, scheme, k):
    parts = vars_of(setup) | {"game": to_sparse(setup.game), "model": to_sparse(setup.model)}
    dense, sparse = rollout(setup, scheme, k), rollout(Setup(**parts), scheme, k)
    for name in ("laws", "real_laws", "printed", "coupling"):
        np.testing.assert_allclose(getattr(dense, name), getattr(sparse, name), rtol=0, atol=k * ROUNDING)
    for one, other in zip(*(vars(run.compounding).values() for run in (dense, sparse)), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=k * ROUNDING)


@given(setups(min_agents=2, sparse=False), SCHEME, st.integers(1, 6), st.randoms())
@costly
def test_agents_may_be_relabelled(setup, scheme, k, random):
    agents = setup.game.num_agents
    order = random.sample(range(agents), agents)

    def moved(game):
        rewards = game.rewards if game.common_payoff else [game.rewards[i].transpose(axes(game)) for i in order]
        rewards = rewards.transpose(axes(game)) if game.common_payoff else rewards
        P = game.transitions.transpose(*axes(game), agents + 1)
        return Game.stochastic(rewards, P, game.discount, game.start)

    def axes(game):
        return (0, *(1 + i for i in order))

    other = Setup.of(
        moved(setup.game),
        policy=[setup.policy[i] for i in order],
        model=moved(setup.model).transitions,
        opponent_models=[setup.modelled_policy[i] for i in order if i != setup.agent],
        agent=order.index(setup.agent),
    )
    one, two = rollout(setup, scheme, k), rollout(other, scheme, k)
    np.testing.assert_allclose(one.laws, two.laws, rtol=0, atol=ROUNDING)
    np.testing.assert_allclose(one.coupling, two.coupling, rtol=0, atol=k * ROUNDING)
    np.testing.assert_array_equal(one.communications, two.communications)


@given(setups(max_agents=3), SCHEME, st.integers(1, 5))
@costly
def test_the_two_ways_to_the_means_agree(setup, scheme, k):
    processes = [Process(setup.model, policy) for policy in rollout(setup, scheme, k).policies[:-1]]
    from_x = np.flatnonzero(setup.game.start)
    features = np.arange(2.0 * setup.game.num_states).reshape(-1, 2) ** 2
    forward = list(_means_forward(from_x, processes, features))
    backward = list(_means_backward(from_x, processes, features))
    np.testing.assert_allclose(forward, backward, rtol=0, atol=25 * ROUNDING)  # features up to 25


def test_the_cheaper_way_is_taken_and_moves_nothing():
    """40 initial states and 2 features: backward for k = 3, forward for k = 60 (of a game that settles)."""
    game = random_stochastic(40, (2, 2), structure="general-sum", discount=0.9, seed=0)
    other = random_stochastic(40, (2, 2), structure="general-sum", discount=0.9, seed=1)
    rng = np.random.default_rng(0)
    policy, features = random_policy(game, rng), rng.normal(size=(40, 2))
    setup = Setup.of(game, policy=policy, model=other.transitions, features=features)
    far = Setup.of(game, policy=policy, model=other.transitions, features=features + 1e6)
    short, long = (rollout(setup, "all-real", k) for k in (3, 60))
    np.testing.assert_allclose(short.compounding.error, long.compounding.error[:3], rtol=1e-12)  # sums of 40 terms
    # distances do not depend on the origin: what is lost is what 10^6 + x loses of x
    np.testing.assert_allclose(rollout(far, "all-real", 3).compounding.error, short.compounding.error, rtol=1e-8)


@given(setups(discounts=st.sampled_from([0.0, 0.5, 0.9])))
@costly
def test_branches_begin_where_a_discounted_buffer_lies(setup):
    law = branch_law(setup)
    discount, summed = setup.game.discount, np.zeros(setup.game.num_states)
    for t, law_s in zip(range(400), setup.data.laws(), strict=False):
        summed += (1 - discount) * discount**t * law_s
    np.testing.assert_allclose(law, summed, rtol=0, atol=1e-12)  # 0.9^400 is 5e-19, and 400 roundings
    np.testing.assert_allclose(rollout(setup, "all-real", 1, start=law).laws[0], law, rtol=0, atol=0)


def two_states(*, opponent, model):
    """An idle agent, one that does not matter, and an opponent; 0 leads to 1, where the opponent chooses what follows.

    What does not matter is modelled with an error of 1/2.
    """
    transitions = np.zeros((2, 1, 2, 2, 2))
    transitions[0, ..., 1] = 1
    transitions[1, :, :, [0, 1], [0, 1]] = 1
    game = Game.stochastic(np.zeros((2, 1, 2, 2)), transitions, 0.9, [1, 0])
    idle, coin = [[1, 0]] * 2, [[0.5, 0.5]] * 2
    return Setup.of(game, policy=[np.ones((2, 1)), idle, opponent], opponent_models=[coin, model])


@pytest.mark.parametrize(
    ("scheme", "lengths", "steps"),
    [
        ("simu-to-real", [2, 0], ([1, 1, 0, 0], [0, 0, 0, 0])),
        ("real-to-simu", [2, 1], ([0, 1, 1, 1], [0, 0, 1, 1])),
        ("all-model", None, ([1, 1, 1, 1], [1, 1, 1, 1])),
        ("simu-to-real", None, ([1, 1, 1, 1], [1, 0, 0, 0])),
    ],
)
def test_who_acts_after_0_to_3_steps(scheme, lengths, steps):
    """At the state after the last step it is who acted in that step."""
    setup = two_states(opponent=[[1, 0], [1, 0]], model=[[1, 0], [0, 1]])
    policies = rollout(setup, scheme, 3, lengths=lengths).policies
    for j in setup.opponents:
        assert [int(policy[j] is setup.opponent_models[j - 1]) for policy in policies] == steps[j - 1]


def test_real_to_simu_may_compound_more_than_simu_to_real():
    """G.6 has the reverse, of bounds. The model errs in the second state only: used first it does no harm."""
    setup = two_states(opponent=[[1, 0], [1, 0]], model=[[1, 0], [0, 1]])
    first, last = (rollout(setup, scheme, 2) for scheme in ("simu-to-real", "real-to-simu"))
    assert first.lengths == last.lengths == (2, 1)
    assert first.total_variation.tolist() == [0, 0, 0]
    assert last.total_variation.tolist() == [0, 0, 1]
    assert first.compounding.error.tolist() == [0, 0]
    assert last.compounding.error.tolist() == [0, 1]
    assert (first.printed.sum(), last.printed.sum()) == (3.5, 2.5)  # l (k − l) ε_2 = 1 apart, as G.6 has it


def test_simu_to_real_may_compound_more_than_real_to_simu():
    """The other way round: the model errs in the first state, where a wrong step is never made good."""
    transitions = np.zeros((3, 1, 2, 3))
    transitions[0, 0, [0, 1], [1, 2]] = 1
    transitions[1, 0, :, 1] = transitions[2, 0, :, 2] = 1
    game = Game.stochastic(np.zeros((3, 1, 2)), transitions, 0.9, [1, 0, 0])
    wrong = np.array([[0.0, 1], [1, 0], [1, 0]])
    setup = Setup.of(game, policy=[np.ones((3, 1)), np.array([[1.0, 0]] * 3)], opponent_models=[wrong])
    first, last = (rollout(setup, scheme, 2, lengths=[1]) for scheme in ("simu-to-real", "real-to-simu"))
    assert first.total_variation.tolist() == [0, 1, 1]
    assert last.total_variation.tolist() == [0, 0, 0]


def test_real_opponents_may_compound_more_than_their_models():
    """§6.3 says that opponent models cause extra errors. Where T̂ takes one action for the other, so may the model."""
    follow = np.eye(2)[None].repeat(2, axis=0)[:, None]
    game = Game.stochastic(np.zeros((2, 1, 2)), follow, 0.9, [1, 0])
    stay, leave = np.array([[1.0, 0]] * 2), np.array([[0.0, 1]] * 2)
    setup = Setup.of(game, policy=[np.ones((2, 1)), stay], model=follow[..., ::-1], opponent_models=[leave])
    assert rollout(setup, "all-model", 1).total_variation.tolist() == [0, 0]
    assert rollout(setup, "all-real", 1).total_variation.tolist() == [0, 1]


def test_a_wrong_model_may_have_less_compounding_error_than_a_perfect_one():
    """A coin with P(heads) = 3/5: 2 · 2 · 6/25 of two independent throws, 2 · 2/5 of "always heads"."""
    coin, heads = np.array([[[0.6, 0.4]], [[0.6, 0.4]]]), np.array([[[1.0, 0]], [[1, 0]]])
    game = Game.stochastic(np.zeros((2, 1)), coin, 0.9, [1, 0])
    run = rollout(Setup.of(game, policy=[np.ones((2, 1))], model=heads), "all-real", 1)
    assert run.compounding.floor[0] == pytest.approx(24 / 25, abs=4 * EPS)
    assert run.compounding.error[0] == pytest.approx(4 / 5, abs=4 * EPS)
    assert run.compounding.bias[0] == pytest.approx(8 / 25, abs=4 * EPS)  # 2 · (2/5)²


def test_an_opponent_of_two_actions_parts_the_laws_as_its_model_errs():
    """By hand: in state 1 the opponent stays with 3/4, its model with 1/2."""
    setup = two_states(opponent=[[1, 0], [0.25, 0.75]], model=[[1, 0], [0.5, 0.5]])
    run = rollout(setup, "all-model", 2)
    assert run.total_variation.tolist() == [0, 0, 0.25]
    assert run.coupling.tolist() == [0, 1 - 0.375, 1 - 0.375**2]  # 3/8: the third agent and the second act alike
    assert run.printed.tolist() == [0, 0.75, 1.5]
    started = rollout(setup, "all-model", 1, start=[0, 1])
    assert started.total_variation.tolist() == [0, 0.25]


@pytest.mark.parametrize("swapped", [False, True])
def test_real_and_simulated_rollouts_part_no_sooner_than_either_sees_the_model_err(swapped):
    """By hand: one of game and model stays in state 0, the other leaves it with 1/4, and all is wrong where it leads.

    d(0) = 1/4 and d(1) = 1: who stays sees 1/4 in each step, the other 1/4, then 3/4 · 1/4 + 1/4 = 7/16.
    """
    stays, leaves = (np.array([[[1 - p, p, 0]], [[0, 0, 1]], [[0, 0, 1]]]) for p in (0, 0.25))
    stays[1] = [[0, 1, 0]]
    P, model = (leaves, stays) if swapped else (stays, leaves)
    game = Game.stochastic(np.zeros((3, 1)), P, 0.9, [1, 0, 0])
    run = rollout(Setup.of(game, policy=[np.ones((3, 1))], model=model), "all-real", 2)
    assert run.coupling.tolist() == [0, 0.25, 0.5]
    assert run.printed.tolist() == [0, 0.25, 0.5 if swapped else 7 / 8]  # along the rollout, as in Lemma C.2
    assert run.total_variation.tolist() == [0, 0.25, 7 / 16]


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("adaptive", 2), {}, "scheme 'adaptive' is unknown"),
        (("all-real", 0), {}, "branch_length is 0, expected a whole number, at least 1"),
        (("all-real", 2), {"lengths": [1, 1]}, "lengths is given with the scheme 'all-real'"),
        (("simu-to-real", 2), {"lengths": [2, 3]}, r"lengths\[1\] is 3"),
        (("all-real", 2), {"start": [1, 0, 0]}, r"start has shape \(3,\)"),
        (("all-real", 2), {"start": [0.6, 0.6]}, "start sums to 1.2"),
    ],
)
def test_bad_input_is_named(arguments, options, message):
    setup = two_states(opponent=[[1, 0], [1, 0]], model=[[1, 0], [0, 1]])
    with pytest.raises(ValueError, match=message):
        rollout(setup, *arguments, **options)


def test_a_rollout_shows_what_it_is_and_not_its_arrays():
    game = random_stochastic(3, (2, 2), structure="common-payoff", discount=0.9, seed=0)
    policy = random_policy(game, np.random.default_rng(0))
    assert (
        repr(rollout(Setup.of(game, policy=policy), "all-real", 4)) == "<Rollout: all-real, 4 steps, 4 communications>"
    )

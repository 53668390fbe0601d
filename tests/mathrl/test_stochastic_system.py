"""The equations of a curve of equilibria, their derivative, and the bordered systems made of it."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mathrl.equilibria.stochastic import value_system as linear
from mathrl.equilibria.stochastic.bordered import Bordered
from mathrl.equilibria.stochastic.equations import Place, curve_from, logit_curve
from mathrl.games import load, random_policy, random_stochastic, uniform_policy
from mathrl.games.transform import scale_rewards, to_sparse
from mathrl.operators import ENTROPIES
from mathrl.proofs_checks.strategies import games, policies
from mathrl.values.policy_values import evaluate, own_q
from tests.tolerances import EPS

every_entropy = pytest.mark.parametrize("entropy", ENTROPIES)


def curves(game, entropy, rng):
    """Both curves of a game."""
    first = random_policy(game, rng)
    return [logit_curve(game, entropy=entropy), curve_from(game, first, temperature=0.7, entropy=entropy)]


def drawn(system, rng):
    """A vector z, or a direction, at random."""
    shapes = system.first_sk.shape, system.values(system.zero).shape
    return system.vector(*[rng.normal(size=shape) for shape in shapes], rng.normal())


def explicit(place, lead):
    """The bordered matrix by columns: the derivative in each number of x, W and t, above the row of the lead."""
    system = place.system
    columns = []
    for k in range(system.num_equations + 1):
        unit = np.eye(system.num_equations + 1)[k]
        dz = system.vector(system.ratios(unit), system.values(unit), unit[-1])
        columns.append(np.append(place.change(dz), dz[lead]))
    return np.array(columns).T


@given(games(discounts=st.sampled_from([0.0, 0.5, 0.95])), st.sampled_from(ENTROPIES), st.integers(0, 2**32 - 1))
def test_the_derivative_is_that_of_the_equations(game, entropy, seed):
    rng = np.random.default_rng(seed)
    for system in curves(game, entropy, rng):
        z, dz, h = drawn(system, rng), drawn(system, rng), 1e-5
        difference = (Place(system, z + h * dz).defect() - Place(system, z - h * dz).defect()) / (2 * h)
        # h² times third derivatives, and rounding over h; values are below 20 and directions below 5 or so
        np.testing.assert_allclose(Place(system, z).change(dz), difference, rtol=0, atol=1e-6)


@given(games(), st.sampled_from(ENTROPIES), st.data())
def test_at_the_values_of_a_policy_the_defect_is_that_of_its_responses(game, entropy, data):
    """With W = V / temperature (2) holds, and (1) is log ratios less gains of the agents' own Q over temperature."""
    policy = data.draw(policies(game, zeros=False))
    temperature = data.draw(st.sampled_from([0.5, 1.0, 4.0]))
    system = logit_curve(game, entropy=entropy)
    values = evaluate(game, policy, temperature=temperature, entropy=entropy)
    logs = [np.log(own) for own in policy]
    x_sk = np.concatenate([log[:, 1:] - log[:, :1] for log in logs], axis=1)
    w_ms = values.v_ms / temperature if game.discount > 0 else np.empty((system.num_functions, 0))
    place = Place(system, system.vector(x_sk, w_ms, system.unit / temperature))
    f = place.defect()
    # roundings of log ratios, and of values summed over the next states and actions
    tolerance = 256 * EPS * (30 + np.abs(values.q).max() / temperature)
    expected = x_sk - system.gains(own_q(values, policy)) / temperature
    np.testing.assert_allclose(system.ratios(f), expected, rtol=0, atol=tolerance)
    np.testing.assert_allclose(system.values(f), 0, atol=tolerance)


@every_entropy
def test_the_uniform_policy_begins_the_logit_curve(entropy):
    """At rationality 0 it solves (1) and (2) with constant values, whatever the game."""
    game = random_stochastic(4, (2, 3), structure="general-sum", discount=0.9, seed=1)
    system = logit_curve(game, entropy=entropy)
    unpaid = evaluate(scale_rewards(game, 0.0), uniform_policy(game), temperature=1.0, entropy=entropy)
    w_ms = np.broadcast_to(unpaid.v_ms, (system.num_functions, game.num_states)).copy()
    z = system.vector(system.first_sk, w_ms, 0.0)
    np.testing.assert_allclose(Place(system, z).defect(), 0, atol=1e-13)  # some roundings of values up to 20


@given(games(max_states=3, discounts=st.sampled_from([0.0, 0.5, 0.9])), st.sampled_from(ENTROPIES), st.data())
def test_a_bordered_system_is_solved_and_its_orientation_known(game, entropy, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    for system in curves(game, entropy, rng):
        place = Place(system, drawn(system, rng))
        lead = data.draw(st.integers(-1, system.num_ratios - 1))
        matrix = explicit(place, lead)
        b_skk, _ = place.blocks
        worst = max([np.linalg.cond(matrix), *(np.linalg.cond(b) for b in b_skk if b.size)])
        assume(worst < 1e6)
        f, g = rng.normal(size=system.num_equations), rng.normal()
        room = linear.room(system.num_equations - system.num_ratios + 1)
        bordered = Bordered(place, lead, room)
        dz = bordered.solve(f, g)
        # elimination loses the condition of the blocks besides that of the matrix
        np.testing.assert_allclose(place.change(dz), f, rtol=0, atol=1e3 * EPS * worst**2)
        np.testing.assert_allclose(dz[lead], g, rtol=0, atol=1e3 * EPS * worst**2)
        assert bordered.orientation == np.sign(np.linalg.det(matrix))


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("structure", ["common-payoff", "general-sum"])
@pytest.mark.parametrize("lead", [-1, 5])
def test_factors_in_both_precisions_and_iteration_agree(sparse, structure, lead, monkeypatch):
    game = random_stochastic(30, (2, 3), structure=structure, discount=0.9, successors=4, sparse=sparse, seed=1)
    rng = np.random.default_rng(1)
    system = logit_curve(game, entropy="team")
    place, f = Place(system, drawn(system, rng)), rng.normal(size=system.num_equations)
    unknowns = system.num_equations - system.num_ratios + 1
    exact = Bordered(place, lead, linear.room(unknowns))
    iterated = Bordered(place, lead, None)
    assert iterated.solve(f, 0.3)[lead] == 0.3  # however roughly it is solved: a target is met exactly
    monkeypatch.setattr(linear, "_DOUBLE", 10)
    monkeypatch.setattr(linear, "_ACCURACY", 1e-10)
    room = linear.room(unknowns)
    assert room.dtype == np.float32
    single = Bordered(place, lead, room)
    solution = exact.solve(f, 0.3)
    scale = np.abs(solution).max()
    # GMRES stops at 1e-10 of the right-hand side; single precision rounds at 6e-8; conditions are some hundreds
    np.testing.assert_allclose(iterated.solve(f, 0.3), solution, rtol=0, atol=1e-7 * scale)
    np.testing.assert_allclose(single.solve(f, 0.3), solution, rtol=0, atol=1e-3 * scale)
    assert single.orientation == exact.orientation != 0 == iterated.orientation


def test_beyond_a_limit_there_is_no_room_for_a_factor():
    assert linear.room(linear.FACTORED).shape == (linear.FACTORED, linear.FACTORED)
    assert linear.room(linear.FACTORED + 1) is None


def test_dense_and_sparse_transitions_are_the_same_equations():
    game = random_stochastic(5, (2, 3), structure="general-sum", discount=0.9, successors=3, sparse=False, seed=2)
    rng = np.random.default_rng(3)
    dense, sparse = logit_curve(game, entropy="own"), logit_curve(to_sparse(game), entropy="own")
    z = drawn(dense, rng)
    np.testing.assert_allclose(Place(sparse, z).defect(), Place(dense, z).defect(), rtol=0, atol=1e-13)  # roundings
    f = rng.normal(size=dense.num_equations)
    solutions = [Bordered(Place(s, sparse_or_dense), 3, linear.room(s.num_equations - s.num_ratios + 1)).solve(f, 1.0)
                 for s, sparse_or_dense in ((dense, z), (sparse, z))]  # fmt: skip
    np.testing.assert_allclose(*solutions, rtol=0, atol=1e-10 * np.abs(solutions[0]).max())


def test_a_policy_with_zeros_is_moved_inside():
    game = load("stag-hunt")
    system = curve_from(game, (np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])), temperature=1.0, entropy="none")
    z = system.vector(system.first_sk, np.empty((1, 0)), 0.0)
    assert all((own > 0).all() for own in system.policy(z))
    np.testing.assert_allclose(system.policy(z)[0], [[1, 0]], atol=2e-6)  # moved by 1e-6

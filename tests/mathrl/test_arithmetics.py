"""Every operator in every arithmetic, held to each other: doubles, other libraries, JAX, balls, fractions, symbols."""

import inspect
import math
import pickle
import sys
from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from typing import Any

import array_api_strict
import jax
import numpy as np
import pytest
import scipy.sparse
import sympy
from flint import fmpq

from mathrl import operators, softmax
from mathrl.balls import Undecided, balls, contains, midpoints, precision, radii
from tests.examples import diagonal
from tests.operator_calls import (
    CALLS,
    DYNAMICS,
    GAME,
    LOGS,
    NAMES,
    POLICY,
    ROUNDING,
    SHARED,
    SHARED_Q,
    VALUES,
    Q,
    answers,
    compiler_options,
    converted,
    is_numbers,
    weighed,
)
from tests.tolerances import EPS

every_operator = pytest.mark.parametrize("name", NAMES)

WITHIN_OTHERS = {
    *("actor_gradient", "additive_parts", "backup", "divergence_improvement", "divergence_response"),
    *("divergence_soft_max", "divergence_value", "entropy_bonus", "entropy_bonus_of_logs", "expectation"),
    *("greedy_response", "igm_gap", "marginal_q", "opponent_backup", "opponent_value", "own_and_others"),
    *(
        "policy_backup",
        "policy_transitions",
        "quantal_response",
        "quantal_response_residuals",
        "soft_value",
        "subset_q",
    ),
}
"""Operators that others call: JAX compiles them as parts of these, and alone in the long profile only."""


def test_every_operator_is_tried():
    assert sorted(CALLS) == sorted(NAMES)


def test_operators_within_others_are_called_by_those():
    of_code = {inspect.unwrap(getattr(operators, name)).__code__: name for name in NAMES}
    called = set()

    def note(frame, event, _):
        if event == "call" and frame.f_code in of_code:
            called.add(of_code[frame.f_code])

    for name in set(NAMES) - WITHIN_OTHERS:
        sys.setprofile(note)
        try:
            answers(name, CALLS[name])
        finally:
            sys.setprofile(None)
    assert called >= WITHIN_OTHERS


# Other array libraries


@every_operator
def test_an_operator_takes_arrays_of_another_library(name):
    theirs = answers(name, converted(CALLS[name], array_api_strict.asarray))
    for mine, other in zip(answers(name, CALLS[name]), theirs, strict=True):
        assert type(other) is type(array_api_strict.asarray(0.0))
        np.testing.assert_allclose(np.asarray(other), mine, rtol=0, atol=ROUNDING)


@pytest.fixture
def x64():
    """JAX with its 64-bit numbers, which are off by default, for the time of a test."""
    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long) if name in WITHIN_OTHERS else name for name in NAMES]
)
@pytest.mark.usefixtures("x64")
def test_an_operator_is_compiled_mapped_and_derived_by_jax(name):
    """One program: jit of vmap of the gradient, in which all arrays and real numbers are traced."""
    call = CALLS[name]
    numbers = {key: value for key, value in call.items() if is_numbers(value)}
    rest = {key: value for key, value in call.items() if key not in numbers}

    def one(traced):
        results = answers(name, {**rest, **traced})
        return weighed(results), results

    away = jax.tree.map(lambda x: x + 1e-6 * np.sin(1 + np.arange(np.size(x))).reshape(np.shape(x)), numbers)
    both = jax.tree.map(lambda x, y: np.stack([x, y]), numbers, away)
    program = jax.vmap(jax.value_and_grad(one, has_aux=True))
    compiled = jax.jit(program, compiler_options=compiler_options(name))
    (_, results), slopes = jax.tree.map(np.asarray, compiled(both))  # JAX would compile each index below
    for k, leaves in enumerate((numbers, away)):
        for mine, other in zip(answers(name, {**rest, **leaves}), results, strict=True):
            np.testing.assert_allclose(other[k], mine, rtol=0, atol=ROUNDING)
    steps = jax.tree.map(lambda x, y: y - x, numbers, away)
    products = jax.tree.map(lambda slope, step: float(np.sum(slope[0] * step)), slopes, steps)
    change = sum(jax.tree.leaves(products))
    found = weighed(answers(name, {**rest, **away})) - weighed(answers(name, call))
    # the second derivative: up to 1/α² ≈ 11 times values of size 10, at steps of 1e-6
    assert change == pytest.approx(found, rel=1e-3, abs=1e-9)
    for key in [key for key, value in call.items() if isinstance(value, float)]:  # temperature, discount, weights
        alone = weighed(answers(name, {**call, key: away[key]})) - weighed(answers(name, call))
        assert products[key] == pytest.approx(alone, rel=1e-3, abs=1e-9)


@every_operator
def test_every_number_of_an_operator_is_among_what_is_traced(name):
    """Else the test above would take a temperature or discount for a constant."""
    kinds = inspect.signature(getattr(operators, name)).parameters
    numbers = {key for key, parameter in kinds.items() if parameter.annotation in (Any, Sequence[Any])}
    assert numbers == {key for key, value in CALLS[name].items() if is_numbers(value)}


# Balls


def in_balls(call, radius=0):
    return converted(call, lambda x: balls(x, radius), lambda x: balls(x, radius))


@every_operator
def test_on_exact_numbers_a_ball_is_small_and_holds_what_doubles_round(name):
    call = in_balls(CALLS[name])
    coarse = answers(name, call)
    with precision(200):
        fine = answers(name, call)
    for mine, rough, sharp in zip(answers(name, CALLS[name]), coarse, fine, strict=True):
        assert np.shape(rough) == np.shape(mine)
        assert contains(rough, sharp).all()  # the bounds of 53 bits hold what 200 bits find
        assert (radii(rough) < 1e-11).all()
        np.testing.assert_allclose(midpoints(sharp), mine, rtol=0, atol=ROUNDING)


def width(key, x, radius):
    """Radii of all sizes for the numbers of an argument: up to `radius` for values; others keep their signs."""
    size, shape = np.size(x), np.shape(x)
    if key in {"discount", "trace_decay", "transitions"}:
        return np.zeros(shape)
    free = radius * (1 + np.cos(3 * np.arange(size)).reshape(shape)) / 2
    return free if key in {"q", "q_tot", "rewards", "v"} else np.minimum(free, np.abs(x) / 2)


def somewhere(rng, key, radius, x):
    """Each number moved by less than its radius, some of them nearly as far."""
    return x + 0.999 * width(key, x, radius) * rng.choice([-1, 1, rng.uniform(-1, 1)], size=np.shape(x))


DECIDES = {"greedy_policy", "greedy_response", "igm_gap", "igm_set_gap", "monotonicity_gap"}
"""Operators that ask which of two values is larger: they raise where balls leave it open."""


@pytest.mark.parametrize(("name", "radius"), diagonal(NAMES, [1e-6, 0.125, 2.0]))
def test_of_wide_balls_the_answer_holds_every_point_inside(name, radius):
    rng = np.random.default_rng(len(name))
    call, points = {}, [{}, {}, {}]
    for key, value in CALLS[name].items():
        around = partial(lambda key, x: balls(x, width(key, x, radius)), key)
        call |= converted({key: value}, around, around)
        move = partial(somewhere, rng, key, radius)
        for point in points:
            point |= converted({key: value}, move, lambda x, move=move: float(move(x)))
    try:
        wide = answers(name, call)
    except Undecided:
        assert name in DECIDES
        assert radius > 1e-3
        return
    for point in points:
        with precision(100):
            inside = answers(name, in_balls(point))
        for around, value in zip(wide, inside, strict=True):
            assert contains(around, value).all()


def test_what_the_bounds_leave_open_is_enclosed_or_raises():
    q, plays_second = balls([[0, 0.5]], [[1, 0]]), balls([[0, 1]])
    (gain,) = operators.deviation_gain(q, (plays_second,)).ravel()
    assert contains(gain, [0, 0.25, 0.5]).all()
    assert radii(gain) < 0.2501  # the truth is [0, 0.5]
    zero = balls(np.zeros((1, 2, 1)))
    (best,) = operators.optimality_backup(balls([0]), q, zero, discount=balls(0.5))
    assert contains(best, [0.5, 0.75, 1]).all()
    assert radii(best) < 0.2501
    with pytest.raises(Undecided):
        operators.greedy_response(q, (plays_second,), 0)
    residual = operators.quantal_response_residual(q, (plays_second,), temperature=balls(1))
    assert contains(residual, [1 / (1 + math.exp(0.5)), 1 / (1 + math.exp(-0.5))]).all()


def test_a_maximiser_is_found_where_others_are_not_told_apart():
    q = balls([[0, 0, 3]], [[1, 1, 0]])
    assert operators.greedy_policy((q,))[0].tolist() == [[0, 0, 1]]
    assert operators.greedy_policy((balls([[1, 1]]),))[0].tolist() == [[1, 0]]  # a tie: the first


def test_probabilities_of_zero_are_masked_where_they_are_exact():
    policy, log_zero = balls([[0, 0.25, 0.75]]), balls([[-math.inf, 0, 0]])
    assert contains(softmax.entropy(policy), softmax.entropy(midpoints(policy))).all()
    assert radii(softmax.target_soft_max(balls([[99, 1, 2]]), log_zero, balls(0.5)))[0] < 1e-14
    for masked in (softmax.entropy, softmax.log_probabilities):
        with pytest.raises(Undecided):
            masked(balls([[0, 0.25, 0.75]], radius=1e-9))
    assert math.isinf(midpoints(softmax.kl_divergence(balls([[0.5, 0.5]]), balls([[0, 1]])))[0])


def test_bare_flint_numbers_are_refused():
    bare = np.array([[ball.arb for ball in row] for row in balls([[0.5, 0.5]])])
    with pytest.raises(TypeError, match="undecided"):
        softmax.entropy(bare)


# Fractions and symbols


def fractions(x, kind=Fraction):
    return np.frompyfunc(lambda value: kind(Fraction(value).limit_denominator(64)), 1, 1)(x)


def flint_fraction(x):
    return fmpq(*Fraction(x).as_integer_ratio())


every_kind = pytest.mark.parametrize("kind", [Fraction, flint_fraction])


def as_doubles(x):
    return np.asarray(np.frompyfunc(float, 1, 1)(x), dtype=float)


TAKES_LOGARITHMS = {
    *("actor_objective", "actor_signal", "conditional_policy", "counterfactual_signal", "divergence_backup"),
    *("divergence_improvement", "divergence_optimality_backup", "divergence_optimality_residual"),
    *("divergence_response", "divergence_soft_max", "divergence_value", "entropy_bonus_of_logs", "igo_gap", "kl_drift"),
    *("linear_divergence_improvement", "linear_signal", "local_policy", "log_divergence_ratio", "mirror_value"),
    *("opponent_backup", "opponent_model", "opponent_model_improvement", "opponent_policy_value", "opponent_residual"),
    *("opponent_value", "quantal_response", "quantal_response_log_residuals", "quantal_response_residual"),
    *("quantal_response_residuals", "sequential_divergence_improvement", "sequential_improvement", "soft_advantage"),
    *("soft_optimality_backup", "soft_optimality_residual", "soft_value_of_logs", "trace_target"),
}
COUNTS_NOBODY = {"entropy_bonus", "policy_backup", "policy_residual", "soft_value", "subset_q"}
"""Operators that take no logarithm with `entropy="none"`."""
EXACT = sorted(set(NAMES) - TAKES_LOGARITHMS)


def exact_call(name, kind=Fraction):
    call = converted(CALLS[name], partial(fractions, kind=kind), kind)
    return call | ({"entropy": "none"} if name in COUNTS_NOBODY else {})


@pytest.mark.parametrize("name", EXACT)
def test_of_flint_s_fractions_the_answer_is_the_same(name):
    for theirs, ours in zip(
        answers(name, exact_call(name, flint_fraction)), answers(name, exact_call(name)), strict=True
    ):
        assert all(isinstance(value, fmpq) for value in np.ravel(theirs))
        assert np.all(theirs == np.frompyfunc(flint_fraction, 1, 1)(ours))


@pytest.mark.parametrize("name", EXACT)
def test_of_fractions_the_answer_is_exact(name):
    call = exact_call(name)
    doubles = converted(CALLS[name], lambda x: as_doubles(fractions(x))) | {
        key: value for key, value in call.items() if isinstance(value, str)
    }
    for exact, rounded in zip(answers(name, call), answers(name, doubles), strict=True):
        assert all(isinstance(value, Fraction) for value in np.ravel(exact))
        np.testing.assert_allclose(as_doubles(exact), rounded, rtol=0, atol=ROUNDING)


@every_kind
@pytest.mark.parametrize("name", sorted(TAKES_LOGARITHMS | COUNTS_NOBODY))
def test_a_logarithm_of_a_fraction_is_refused(name, kind):
    with pytest.raises(TypeError, match="use an array of balls"):
        answers(name, converted(CALLS[name], partial(fractions, kind=kind), kind))


COMPARES = {"additive_distance", "clipped_ratio_drift", "deviation_gain", "expected_parts", "greedy_policy"}
COMPARES |= {"greedy_response", "igi_gap", "igm_gap", "igm_set_gap", "largest_ratio", "monotonicity_gap"}
COMPARES |= {"optimality_backup", "optimality_residual"}


@pytest.mark.parametrize("name", EXACT)
def test_symbols_give_the_formula_itself(name):
    """With numbers in place of the symbols it is the answer on these; a comparison of symbols raises."""
    call, meant = exact_call(name), {}

    def named(value):
        symbol = sympy.Symbol(f"x{len(meant)}", real=True)
        meant[symbol] = sympy.Rational(value.numerator, value.denominator)
        return symbol

    symbolic = {}
    for key, value in call.items():
        if isinstance(value, Fraction):
            symbolic[key] = named(value)
        elif is_numbers(value):
            array = np.frompyfunc(named, 1, 1)
            symbolic[key] = tuple(map(array, value)) if isinstance(value, tuple) else array(value)
        else:
            symbolic[key] = value
    if name in COMPARES:
        with pytest.raises(TypeError, match="truth value"):
            answers(name, symbolic)
        return
    for formula, exact in zip(answers(name, symbolic), answers(name, call), strict=True):
        entries = zip(np.ravel(formula)[:4], np.ravel(exact)[:4], strict=True)
        assert all(entry.xreplace(meant) == sympy.Rational(value) for entry, value in entries)


# Several kinds of numbers at once


def alone_and_the_rest(call):
    """Each argument that is of numbers, as a set, and all others: no set twice."""
    numbers = {key for key, value in call.items() if is_numbers(value)}
    return {some for key in numbers for some in map(frozenset, ({key}, numbers - {key})) if some}


@every_operator
def test_beside_balls_doubles_are_taken_exactly(name):
    call = CALLS[name]
    with precision(200):
        sharp = answers(name, in_balls(call))
    for some in alone_and_the_rest(call):
        mixed = call | in_balls({key: call[key] for key in some})
        for around, value in zip(answers(name, mixed), sharp, strict=True):
            assert contains(around, value).all()
            assert (radii(around) < 1e-11).all()


@every_kind
@pytest.mark.parametrize("name", EXACT)
def test_beside_fractions_doubles_are_taken_exactly(name, kind):
    doubles = CALLS[name] | ({"entropy": "none"} if name in COUNTS_NOBODY else {})
    call = converted(doubles, np.frompyfunc(kind, 1, 1), kind)
    exact = answers(name, call)
    for some in alone_and_the_rest(doubles):
        mixed = doubles | {key: call[key] for key in some}
        for found, value in zip(answers(name, mixed), exact, strict=True):
            assert np.all(found == value)


@every_kind
def test_integers_stand_beside_fractions(kind):
    q, plays = fractions(SHARED_Q, kind), tuple(np.eye(size, dtype=int)[[0, 0]] for size in SHARED_Q.shape[1:])
    assert (operators.expectation(q, plays) == q[:, 0, 0, 0]).all()
    assert (operators.local_values(np.zeros(q.shape, dtype=int), (fractions(plays[0], kind), *plays[1:]))[1] == 0).all()
    assert (operators.squared_drift(plays[1], fractions(plays[1], kind), weight=3) == 0).all()


@every_operator
def test_an_operator_can_be_sent_to_another_process(name):
    operator = getattr(operators, name)
    assert pickle.loads(pickle.dumps(operator)) is operator


def test_agents_are_no_numbers_to_convert():
    name = "sequential_improvement"
    call = in_balls(CALLS[name])
    for found, same in zip(answers(name, call | {"order": np.array([2, 0, 1])}), answers(name, call), strict=True):
        assert contains(found, same).all()


def test_sparse_transitions_stand_beside_balls():
    sparse = scipy.sparse.csr_array(GAME.transitions.reshape(-1, 2))
    call = in_balls({"v": VALUES, **DYNAMICS})
    for found, same in zip(answers("backup", call | {"transitions": sparse}), answers("backup", call), strict=True):
        assert contains(found, same).all()


# Drifts


@pytest.mark.usefixtures("x64")
def test_the_slope_of_the_kl_drift_in_its_weight_is_the_divergence():
    policy, old = jax.numpy.array([0.25, 0.75, 0.0]), jax.numpy.array([0.5, 0.25, 0.25])

    def drift(policy, old, weight):
        return operators.kl_drift(policy, old, weight=weight)

    divergence, compiled = float(softmax.kl_divergence(np.array(policy), np.array(old))), jax.jit(drift)
    slopes = jax.jit(jax.grad(drift, argnums=(0, 1, 2)))
    for weight in (0.0, 0.3):
        assert float(slopes(policy, old, weight)[2]) == pytest.approx(divergence, rel=8 * EPS)
    assert not np.any(slopes(policy, old, 0.0)[:2])
    elsewhere = jax.numpy.array([0.0, 0.5, 0.5])
    assert compiled(policy, elsewhere, 0.0) == 0
    assert compiled(policy, elsewhere, 0.3) == math.inf


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("weight", [0.3, [2.0, 0.0, 0.0], [0.0, 2.0, 1.0]])
def test_an_infinite_kl_drift_leaves_the_slopes_of_other_rows_alone(weight):
    policy, old = jax.numpy.full((3, 2), 0.5), jax.numpy.array([[1.0, 0.0], [0.25, 0.75], [0.0, 1.0]])
    weights, divergence = np.broadcast_to(weight, 3), float(softmax.kl_divergence(policy[1], old[1]))

    def drift(w):
        return operators.kl_drift(policy, old, weight=w)

    both = jax.jit(lambda w: (drift(w), (jax.jacrev(drift)(w), jax.jacfwd(drift)(w))))
    found, jacobians = both(jax.numpy.asarray(weight))
    expected = [math.inf if weights[0] > 0 else 0.0, weights[1] * divergence, math.inf if weights[2] > 0 else 0.0]
    np.testing.assert_allclose(found, expected, rtol=8 * EPS)
    expected = np.array([0.0, divergence, 0.0])
    for slopes in jacobians:
        np.testing.assert_allclose(slopes, expected if slopes.ndim == 1 else np.diag(expected), rtol=8 * EPS)


# Logarithms of policies


def test_from_logarithms_of_policies_comes_the_same():
    with np.errstate(divide="ignore"):
        policy = np.array([[0.5, 0.25, 0.25, 0.0], [1.0, 0.0, 0.0, 0.0]])
        other = np.array([[0.1, 0.2, 0.3, 0.4], [0.5, 0.5, 0.0, 0.0]])
        logs, log_other = np.log(policy), np.log(other)
    np.testing.assert_allclose(softmax.entropy_of_logs(logs), softmax.entropy(policy), rtol=4 * EPS)
    divergence = softmax.kl_divergence_of_logs(logs, log_other)
    np.testing.assert_allclose(divergence, softmax.kl_divergence(policy, other), rtol=8 * EPS)
    assert softmax.kl_divergence_of_logs(log_other, logs).tolist() == [math.inf, math.inf]
    for entropy in operators.ENTROPIES:
        plain = operators.soft_value(Q, POLICY, temperature=0.3, entropy=entropy)
        ours = operators.soft_value_of_logs(Q, LOGS, temperature=0.3, entropy=entropy)
        np.testing.assert_allclose(ours, plain, rtol=0, atol=ROUNDING)


def test_logarithms_keep_what_probabilities_lose():
    """π(2) = exp(-800) underflows; against ρ with exp(-1600) there it is no longer 0 in the residual either."""
    logs, response = np.array([[0.0, -800.0]]), np.array([[0.0, -1600.0]])
    assert softmax.entropy_of_logs(logs).tolist() == [0.0]
    assert np.isfinite(softmax.kl_divergence_of_logs(logs, response)).all()
    (residual,) = operators.quantal_response_log_residuals(response, (logs,), temperature=1.0)
    assert residual.tolist() == [[0.0, 800.0]]


@pytest.mark.usefixtures("x64")
def test_gradients_are_finite_where_probabilities_are_zero():
    logs, other = np.array([[0.0, -np.inf]]), np.log([[0.5, 0.5]])
    q = np.array([[1.0, 2.0]])

    def value(logs, temperature):
        v = operators.soft_value_of_logs(q, (logs,), temperature=temperature)
        return (v - softmax.kl_divergence_of_logs(logs, other)).sum()

    def all_of_them(logs, temperature, policy, q):
        soft = softmax.target_soft_max(q, logs, temperature).sum()
        return value(logs, temperature) + softmax.entropy(policy).sum() + soft

    slopes = jax.jit(jax.grad(all_of_them, argnums=(0, 1, 2, 3)))(logs, 0.3, np.exp(logs), q)
    assert all(np.isfinite(slope).all() for slope in slopes)


# Residuals


def test_residuals_are_zero_at_what_they_define_and_the_largest_is_one_number():
    residuals = operators.quantal_response_residuals(Q, POLICY, temperature=0.3)
    assert [residual.shape for residual in residuals] == [pi.shape for pi in POLICY]
    largest = operators.quantal_response_residual(Q, POLICY, temperature=0.3)
    assert largest == max(np.abs(residual).max() for residual in residuals)
    alone = operators.local_policy((SHARED_Q.reshape(2, -1),), temperature=0.3)
    (residual,) = operators.quantal_response_residuals(SHARED_Q.reshape(2, -1), alone, temperature=0.3)
    assert not residual.any()
    q = SHARED_Q
    for _ in range(400):
        q = q + operators.soft_optimality_residual(q, **SHARED, temperature=0.3)
    v = softmax.soft_max(q.reshape(2, -1), 0.3)
    np.testing.assert_allclose(operators.soft_optimality_backup(v, **SHARED, temperature=0.3), v, rtol=0, atol=ROUNDING)

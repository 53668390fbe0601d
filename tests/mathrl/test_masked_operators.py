"""Every operator on arrays with actions that are not available: what it gives on the arrays without these actions.

The arguments of `tests.operator_calls` are spread over more actions, of which the others are not available: values are
−∞ there, and policies 0.
"""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mathrl.balls import balls, midpoints
from mathrl.games.availability import joint
from tests.operator_calls import (
    CALLS,
    NAMES,
    ROUNDING,
    answers,
    compiler_options,
    converted,
    is_numbers,
    weighed,
)

JOINT, AGENTS, OWN, OTHERS = "s012", ("s0", "s1", "s2"), "s1", "sb"
"""Axes: s state, n the agents' values, 0 1 2 an agent's actions, b the joint actions of agents 0 and 2, - others."""

VALUES_OF = {
    "q": {3: "s0b", 4: JOINT, 5: "ns012"},
    "rewards": {1: "-", 4: JOINT, 5: "ns012"},
    "advantage": {3: "s21"},
    **{key: {4: JOINT} for key in ["target", "q_tot", "log_target", "signal", "x"]},
    **dict.fromkeys(["log_policy", "individual_q", "local"], AGENTS),
}
"""Arguments that are −∞ at what is not available: their axes, by how many there are, or those of each agent."""

PROBABILITIES_OF = {
    "policy": {2: OWN} | dict(enumerate(AGENTS, start=10)),
    "joint_policy": {4: JOINT},
    "target_policy": {4: JOINT} | dict(enumerate(AGENTS, start=10)),
    "transitions": {5: "s012-"},
    "conditional": {3: "s0b"},
    "updated": ("s2",),
    **{key: {2: OTHERS} for key in ["model", "prior"]},
    **{key: {2: OWN} for key in ["old", "up", "down", "response"]},
}
"""Arguments that are 0 there; those of several agents are numbered from 10."""

GIVES = {
    "actor_gradient": OWN,
    "actor_gradient_variance": "",
    "actor_objective": "",
    "actor_signal": JOINT,
    "additive_distance": "s",
    "additive_mix": JOINT,
    "additive_parts": ("s", *AGENTS),
    "backup": "ns012",
    "clipped_ratio_drift": "s",
    "conditional_policy": "s0b",
    "counterfactual_signal": JOINT,
    "critic_loss": "s",
    "deviation_gain": "ns",
    "divergence_backup": JOINT,
    "divergence_improvement": JOINT,
    "divergence_optimality_backup": "s",
    "divergence_optimality_residual": JOINT,
    "divergence_response": OWN,
    "divergence_soft_max": "s",
    "divergence_value": "s",
    "entropy_bonus": "s",
    "entropy_bonus_of_logs": "ns",
    "expectation": "ns20",
    "expected_parts": (OWN, OWN),
    "greedy_policy": AGENTS,
    "greedy_response": OWN,
    "igi_gap": "s",
    "igm_gap": "s",
    "igm_set_gap": "s",
    "igo_gap": "s",
    "kl_drift": "s",
    "largest_ratio": "s",
    "linear_divergence_improvement": AGENTS,
    "linear_signal": "s-1-",
    "local_policy": AGENTS,
    "local_values": AGENTS,
    "log_divergence_ratio": JOINT,
    "marginal_policy": "s0",
    "marginal_q": OWN,
    "mirror_value": "s",
    "monotonicity_gap": "s",
    "opponent_backup": JOINT,
    "opponent_model": OTHERS,
    "opponent_model_improvement": OTHERS,
    "opponent_policy_value": "s",
    "opponent_residual": JOINT,
    "opponent_value": "s",
    "optimality_backup": "s",
    "optimality_residual": JOINT,
    "own_and_others": "s1b",
    "policy_backup": "ns012",
    "policy_residual": "ns012",
    "policy_transitions": "--",
    "quantal_response": OWN,
    "quantal_response_log_residuals": AGENTS,
    "quantal_response_residual": "",
    "quantal_response_residuals": AGENTS,
    "sampled_divergence_target": "-",
    "sampled_opponent_target": "-",
    "sampled_soft_target": "n-",
    "sampled_trace_step": "-",
    "sequential_divergence_improvement": AGENTS,
    "sequential_improvement": AGENTS,
    "soft_advantage": "s21",
    "soft_optimality_backup": "s",
    "soft_optimality_residual": JOINT,
    "soft_value": "ns",
    "soft_value_of_logs": "ns",
    "squared_drift": "s",
    "subset_q": "s20",
    "trace_target": JOINT,
}
"""The axes of what each operator returns."""

SAYS_NOTHING = {"log_divergence_ratio"}
"""Operators whose entries at what is not available are documented to say nothing."""

every_operator = pytest.mark.parametrize("name", NAMES)


def masks_of(*available):
    """Masks of all actions, by the letters of their axes."""
    return {**dict(zip("012", available, strict=True)), "b": joint((available[0][None], available[2][None])).ravel()}


EXAMPLE = masks_of(*(np.array(mask, dtype=bool) for mask in ([0, 1, 1], [1, 0, 1, 1], [1, 0, 1, 0])))


@st.composite
def some_masks(draw):
    """As many available actions as the arguments have, and up to two others, in any order."""
    rows = ([True] * size + [False] * draw(st.integers(0, 2)) for size in (2, 3, 2))
    return masks_of(*(np.array(draw(st.permutations(row))) for row in rows))


def places(axes, masks, shape):
    """Where the available entries stand among all, for `numpy.ix_`, and the shape of all entries."""
    kept = [masks[axis] if axis in masks else np.ones(size, dtype=bool) for axis, size in zip(axes, shape, strict=True)]
    return np.ix_(*kept), tuple(map(len, kept))


def spread(key, value, masks):
    """An argument with entries for what is not available."""
    axes_of = VALUES_OF.get(key) or PROBABILITIES_OF.get(key)
    if axes_of is None:
        return value
    if isinstance(value, tuple):
        axes = axes_of if isinstance(axes_of, tuple) else [axes_of[10 + agent] for agent in range(len(value))]
        return tuple(wide(key, own, one, masks) for own, one in zip(value, axes, strict=True))
    return wide(key, value, axes_of[value.ndim], masks)


def wide(key, array, axes, masks):
    where, shape = places(axes, masks, array.shape)
    spread_out = np.full(shape, -np.inf if key in VALUES_OF else 0.0)
    spread_out[where] = array
    return spread_out


def masked(name, masks):
    return {key: spread(key, value, masks) for key, value in CALLS[name].items()}


def axes_given(name):
    axes = GIVES[name]
    return axes if isinstance(axes, tuple) else (axes,)


def there(axes, masks, found, expected):
    return found[places(axes, masks, expected.shape)[0]] if axes else found


def test_every_operator_is_tried():
    assert sorted(GIVES) == sorted(NAMES)


@every_operator
@settings(max_examples=settings().max_examples // 8)
@given(some_masks())
def test_actions_that_are_not_available_change_nothing(name, masks):
    for axes, found, expected in zip(
        axes_given(name), answers(name, masked(name, masks)), answers(name, CALLS[name]), strict=True
    ):
        np.testing.assert_allclose(there(axes, masks, found, expected), expected, rtol=0, atol=ROUNDING)
        if name not in SAYS_NOTHING and axes:
            elsewhere = np.array(found)
            elsewhere[places(axes, masks, expected.shape)[0]] = 0.0
            assert np.isin(elsewhere, [0.0, -np.inf]).all()


@every_operator
def test_in_balls_the_answer_is_the_same(name):
    found = answers(name, converted(masked(name, EXAMPLE), balls, balls))
    for axes, wide_answer, expected in zip(axes_given(name), found, answers(name, CALLS[name]), strict=True):
        answer = there(axes, EXAMPLE, wide_answer, expected)
        np.testing.assert_allclose(midpoints(answer), expected, rtol=0, atol=ROUNDING)


IN_EVERY_RUN = {"additive_distance", "linear_signal", "monotonicity_gap", "opponent_value", "policy_residual"}
"""Operators whose derivatives every run tries: each way in which −∞ is kept out of them."""


@pytest.mark.parametrize(
    "name", [name if name in IN_EVERY_RUN else pytest.param(name, marks=pytest.mark.long) for name in NAMES]
)
def test_derivatives_in_jax_are_those_without_the_actions(name):
    with jax.enable_x64(True):
        expected = slopes(name, CALLS[name], None)
        found = slopes(name, masked(name, EXAMPLE), EXAMPLE)
    for key, slope in expected.items():
        ones = spread(key, jax.tree.map(np.ones_like, slope), EXAMPLE)
        for known, mine, other in zip(*map(jax.tree.leaves, (ones, slope, found[key])), strict=True):
            assert np.isfinite(other).all()
            np.testing.assert_allclose(other[known > 0], np.ravel(mine), rtol=1e3 * ROUNDING, atol=1e3 * ROUNDING)


def slopes(name, call, masks):
    """The derivatives of a sum of all available outputs, in all arrays and real numbers."""
    numbers = {key: value for key, value in call.items() if is_numbers(value)}
    rest = {key: value for key, value in call.items() if key not in numbers}
    shapes = [expected.shape for expected in answers(name, CALLS[name])]

    def total(traced):
        results = answers(name, {**rest, **traced})
        if masks is not None:
            results = [
                result[places(axes, masks, shape)[0]] if axes else result
                for axes, result, shape in zip(axes_given(name), results, shapes, strict=True)
            ]
        return weighed(results)

    return jax.tree.map(np.asarray, jax.jit(jax.grad(total), compiler_options=compiler_options(name))(numbers))

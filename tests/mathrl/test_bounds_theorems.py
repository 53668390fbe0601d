"""The printed bounds: against the sums of their proofs, term by term in exact fractions, and against each other."""

import inspect
from fractions import Fraction
from math import fsum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl import bounds
from mathrl.bounds import lemmas, theorems

ERRORS = st.floats(0, 1, allow_subnormal=False)
SEVERAL = st.lists(ERRORS, max_size=3)
DISCOUNTS = st.floats(0, 0.99, allow_subnormal=False)
LENGTHS = st.integers(0, 40)
REWARDS = st.floats(-10, 10, allow_subnormal=False)
TOLERANCE = 1e-12  # some tens of roundings, of terms that are not negative


def close(found, expected):
    return found == pytest.approx(float(expected), rel=TOLERANCE, abs=TOLERANCE)


def to_the_end(discount, last, constant, slope):
    """(1 − γ) Σ_{t>n} γ^t (c + d t), n = `last`, exactly: the mean of c + d t, t geometric on n + 1, n + 2, …"""
    weight, mean = discount ** (last + 1), last + 1 + discount / (1 - discount)
    return weight * (constant + slope * mean)


@given(REWARDS, DISCOUNTS, ERRORS, ERRORS, ERRORS)
def test_lemma_c3_is_the_sum_over_time_of_lemmas_c1_and_c2(r, discount, M, P, others):
    bound = lemmas.lemma_c3(
        reward_bound=r, discount=discount, dynamics_error=M, policy_distance=P, opponents_distance=others
    )
    M, P, others = map(Fraction, (M, P, others))
    assert close(bound, 2 * Fraction(r) * to_the_end(Fraction(discount), -1, P + others, M + P + others))


@given(REWARDS, DISCOUNTS, st.tuples(ERRORS, ERRORS, ERRORS), st.tuples(ERRORS, ERRORS, ERRORS), LENGTHS)
def test_lemma_c4_is_the_sum_over_time_in_its_proof(r, discount, pre, post, k):
    bound = lemmas.lemma_c4(
        reward_bound=r,
        discount=discount,
        dynamics_error_pre=pre[0],
        policy_distance_pre=pre[1],
        opponents_distance_pre=pre[2],
        dynamics_error_post=post[0],
        policy_distance_post=post[1],
        opponents_distance_post=post[2],
        branch_length=k,
    )
    discount, before, after = Fraction(discount), [*map(Fraction, pre)], [*map(Fraction, post)]
    late = k * sum(after) + after[1] + after[2]
    until_k = (1 - discount) * sum((discount**t * late for t in range(k + 1)), start=Fraction(0))
    beyond = to_the_end(discount, k, late + before[1] + before[2] - k * sum(before), sum(before))
    assert close(bound, 2 * Fraction(r) * (until_k + beyond))


@given(REWARDS, DISCOUNTS, ERRORS, ERRORS, ERRORS, ERRORS, LENGTHS)
def test_theorems_are_the_lemmas_that_their_proofs_add_up(r, discount, M, P, others, E, k):
    common = {"reward_bound": r, "discount": discount}

    def c3(dynamics_error, policy_distance, opponents_distance):
        return lemmas.lemma_c3(
            **common,
            dynamics_error=dynamics_error,
            policy_distance=policy_distance,
            opponents_distance=opponents_distance,
        )

    def c4(pre, post):
        names = ("dynamics_error", "policy_distance", "opponents_distance")
        numbers = {f"{name}_pre": x for name, x in zip(names, pre, strict=True)}
        numbers |= {f"{name}_post": x for name, x in zip(names, post, strict=True)}
        return lemmas.lemma_c4(**common, **numbers, branch_length=k)

    theorem_3 = theorems.theorem_3(**common, dynamics_error=M, policy_shift=P, opponents_shift=others)
    assert close(theorem_3, c3(0, P, others) + c3(M, P, others))
    errors = {**common, "dynamics_error": M, "policy_shift": P, "opponents_shift": others, "opponents_error": E}
    assert close(theorems.theorem_4(**errors), theorem_3 + c3(0, 0, E))
    assert close(
        theorems.theorem_5(**errors, branch_length=k), c4((0, P, others), (M, 0, 0)) + c4((0, 0, 0), (0, 0, E))
    )


@given(REWARDS, DISCOUNTS, ERRORS, ERRORS, SEVERAL, st.data())
def test_extended_claims_add_the_opponents_errors_up(r, discount, M, P, shifts, data):
    few = st.lists(ERRORS, min_size=len(shifts), max_size=len(shifts))
    scale = max(1.0, fsum(shifts))
    shifts, errors = [each / scale for each in shifts], data.draw(few)
    errors = [each / max(1.0, fsum(errors)) for each in errors]
    joint_shift, joint_error = min(1.0, fsum(shifts)), min(1.0, fsum(errors))
    common = {"reward_bound": r, "discount": discount, "dynamics_error": M, "policy_shift": P}
    each, joint = {"opponent_shifts": shifts}, {"opponents_shift": joint_shift}
    assert close(theorems.extended_theorem_a1(**common, **each), theorems.theorem_3(**common, **joint))
    each["opponent_errors"], joint["opponents_error"] = errors, joint_error
    assert close(theorems.theorem_1(**common, **each), theorems.theorem_4(**common, **joint))
    assert close(
        theorems.theorem_2(**common, **each, branch_length=3), theorems.theorem_5(**common, **joint, branch_length=3)
    )
    assert close(
        lemmas.extended_lemma_c1(state_distance=M, policy_distance=P, opponent_distances=errors),
        lemmas.lemma_c1(state_distance=M, policy_distance=P, opponents_distance=joint_error),
    )
    lemma = {"dynamics_error": M, "policy_distance": P}
    assert close(
        lemmas.extended_lemma_c2(step=7, **lemma, opponent_distances=errors),
        lemmas.lemma_c2(step=7, **lemma, opponents_distance=joint_error),
    )
    lemma |= {"reward_bound": r, "discount": discount}
    assert close(
        lemmas.extended_lemma_c3(**lemma, opponent_distances=errors),
        lemmas.lemma_c3(**lemma, opponents_distance=joint_error),
    )
    apart = {"dynamics_error_pre": M, "policy_distance_pre": P, "dynamics_error_post": P, "policy_distance_post": M}
    apart |= {"reward_bound": r, "discount": discount, "branch_length": 2}
    assert close(
        lemmas.extended_lemma_c4(**apart, opponent_distances_pre=shifts, opponent_distances_post=errors),
        lemmas.lemma_c4(**apart, opponents_distance_pre=joint_shift, opponents_distance_post=joint_error),
    )


@pytest.mark.parametrize(
    ("name", "numbers", "expected"),
    [
        # 2 · 3 (½ (0.1 + x) / ½ + x), x = 0.2 + 0.6 + 0.4
        ("theorem_1", {"opponent_shifts": [0.1, 0.2], "opponent_errors": [0.4, 0.0]}, 2 * 3 * (1.3 + 1.2)),
        # 2 · 3 (2 · 0.1 + 3 · 0.4 + 0.4 / 8 + 2 · 0.4 / 8)
        (
            "theorem_2",
            {"opponent_shifts": [0.1, 0.2], "opponent_errors": [0.4, 0.0], "branch_length": 2},
            2 * 3 * (1.4 + 0.15),
        ),
        # 2 · 3 (½ (0.1 + 0.8) / ½ + 0.8)
        ("theorem_3", {"opponents_shift": 0.3}, 2 * 3 * 1.7),
        ("extended_theorem_a1", {"opponent_shifts": [0.3]}, 2 * 3 * 1.7),
    ],
)
def test_printed_numbers_by_hand(name, numbers, expected):
    errors = {"reward_bound": 3, "discount": 0.5, "dynamics_error": 0.1, "policy_shift": 0.1}
    assert close(getattr(theorems, name)(**errors, **numbers), expected)


def test_lemmas_c1_and_c2_by_hand():
    """Each number is a power of 2 of its own: the sum tells which were added."""
    assert lemmas.lemma_c1(state_distance=1 / 2, policy_distance=1 / 4, opponents_distance=1 / 8) == 7 / 8
    extended = lemmas.extended_lemma_c1(state_distance=1 / 2, policy_distance=1 / 4, opponent_distances=[1 / 8, 1 / 16])
    assert extended == 15 / 16
    numbers = {"step": 3, "dynamics_error": 1 / 2, "policy_distance": 1 / 4}
    assert lemmas.lemma_c2(**numbers, opponents_distance=1 / 8) == 3 * 7 / 8
    assert lemmas.extended_lemma_c2(**numbers, opponent_distances=[1 / 8, 1 / 16]) == 3 * 15 / 16


def test_b1_and_b2_restate_theorems_1_and_2():
    assert bounds.extended_theorem_b1 is bounds.theorem_1
    assert bounds.extended_theorem_b2 is bounds.theorem_2


PRINTED = [name for module in (theorems, lemmas) for name in module.__all__ if "theorem" in name or "lemma" in name]
GOOD = {
    name: {"branch_length": 3, "step": 3, "discount": 0.5, "opponent": [0.1]}.get(
        "opponent" if name.startswith("opponent_") else name, 0.1
    )
    for function in PRINTED
    for name in inspect.signature(getattr(bounds, function)).parameters
}
BAD = {
    "reward_bound": float("inf"),
    "discount": 1.0,
    "branch_length": 1.5,
    "step": -1,
    "opponent_": [0.1, -0.1],
}


@pytest.mark.parametrize(
    ("function", "name"),
    [(function, name) for function in PRINTED for name in inspect.signature(getattr(bounds, function)).parameters],
)
def test_every_number_of_every_claim_is_checked(function, name):
    wanted = inspect.signature(getattr(bounds, function)).parameters
    numbers = {argument: GOOD[argument] for argument in wanted}
    assert getattr(bounds, function)(**numbers) >= 0
    bad = BAD.get("opponent_" if name.startswith("opponent_") else name, 1.5)
    with pytest.raises(ValueError, match=name):
        getattr(bounds, function)(**{**numbers, name: bad})


def test_errors_of_opponents_are_a_sequence():
    with pytest.raises(ValueError, match=r"opponent_shifts is 0.1, expected one .* per opponent: give \(0.1,\)"):
        theorems.extended_theorem_a1(reward_bound=1, discount=0, dynamics_error=0, policy_shift=0, opponent_shifts=0.1)

"""All bounds on random games: above the exact discrepancy wherever they are proved, and in the order they should be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.bounds import (
    CLAIMS,
    DISTANCE_CLAIMS,
    DYNAMICS_ERRORS,
    Setup,
    branched_return,
    compare_distances,
    compare_returns,
    coupling_lemma_c2,
    coupling_lemma_c3,
    expected_return,
    joint_distances,
    load_setup,
    measure,
    save_setup,
    state_distances,
    theorem_2,
)
from mathrl.games import Game, random_policy, random_stochastic, to_sparse
from mathrl.proofs_checks.strategies import setups
from tests.examples import costly
from tests.tolerances import row_slack

LENGTHS = (0, 1, 3, 12)


@costly
@given(setups(), st.sampled_from(DYNAMICS_ERRORS))
def test_every_bound_is_above_the_exact_discrepancy(setup, reading):
    for row in compare_returns(setup, branch_lengths=LENGTHS, dynamics_error=reading):
        assert row.discrepancy <= row.trivial + row_slack(row)
        assert row.coupling <= min(row.corrected, row.trivial) + row_slack(row)
        assert row.value is None or row.discrepancy <= row.value + row_slack(row)
        if row.proved:
            assert row.discrepancy <= row.coupling + row_slack(row)


def lowered(setup, rewards):
    """The setup with other rewards."""
    game = Game.stochastic(rewards, setup.game.transitions, setup.game.discount, setup.game.start)
    parts = {name: getattr(setup, name) for name in ("policy", "data_policy", "opponent_models", "agent")}
    return Setup.of(game, model=setup.model.transitions, **parts)


@costly
@given(setups(structure="common-payoff"), st.sampled_from([0.0, 1.0, 0.9]))
def test_a_claim_holds_where_its_printed_bound_is_not_exceeded_and_only_there(setup, share):
    """With rewards lowered until the largest is 0, or nearly, many printed bounds are exceeded."""
    setup = lowered(setup, setup.game.rewards - share * setup.game.rewards.max())
    discount, agent = setup.game.discount, setup.agent
    real = expected_return(setup.real, agent)
    rounding = 1e-13 * setup.game.reward_scale / (1 - discount)
    for row in compare_returns(setup, branch_lengths=(0, 2)):
        if row.branch_length is not None:
            other = branched_return(setup.data, setup.modelled, row.branch_length, agent)
        else:
            shifted = "theorem-3", "extended-theorem-a.1"
            other = expected_return(setup.learned if row.claim in shifted else setup.modelled, agent)
        from_1 = discount * abs(real - other)  # Σ_{t≥1} γ^t r_t, with s_1 drawn from the start
        for found, apart, scale in (
            (row.holds, (1 - discount) * abs(real - other), 1),
            (row.holds_as_defined, from_1, discount / (1 - discount)),
        ):
            if apart <= row.printed:
                assert found
            if apart > row.printed + scale * rounding:
                assert not found


@pytest.mark.parametrize(
    ("discount", "lowest", "highest", "holds", "as_defined"),
    [
        (0.5, -1, 1, True, True),  # γ/(1 − γ) = 1, and 1/(1 − γ) = 2 would not do
        (0.6, -1, 1, True, False),
        (0.3, -1, 0.6, False, True),  # 3/7 of 1.6 is below 1.2
        (0.3, -1, 0, False, False),
    ],
)
def test_a_claim_that_is_attained_holds_or_not_by_hand(discount, lowest, highest, holds, as_defined):
    """One state: the reward is the opponent's action, its model is wrong, and every return is constant in time."""
    rewards = np.array([[[lowest, highest]]], dtype=float)
    game = Game.stochastic(rewards, np.ones((1, 1, 2, 1)), discount)
    setup = Setup.of(game, policy=[[1.0], [1.0, 0.0]], opponent_models=[[0.0, 1.0]])
    rows = {row.claim: row for row in compare_returns(setup, branch_lengths=[0])}
    for claim in ("theorem-2", "theorem-5", "extended-theorem-b.2", "lemma-c.4", "extended-lemma-c.4"):
        row = rows[claim]
        assert (row.discrepancy, row.printed) == pytest.approx((highest - lowest, 2 * highest))
        assert (row.holds, row.holds_as_defined) == (holds, as_defined)


@given(setups(), st.integers(0, 8))
@costly
def test_every_bound_is_above_the_exact_distance(setup, steps):
    for row in compare_distances(setup, steps):
        assert row.distance <= row.coupling + 1e-12  # laws of a few steps
        assert row.coupling <= min(1, row.printed) + 1e-12


@given(setups())
@costly
def test_lemmas_c2_and_c3_hold_with_the_error_along_either_process(setup):
    errors, agent, discount = measure(setup), setup.agent, setup.game.discount
    exact = (1 - discount) * abs(expected_return(setup.real, agent) - expected_return(setup.modelled, agent))
    distances = state_distances(setup.real, setup.modelled, 6)
    rewards = setup.game.rewards_isa[0 if setup.game.common_payoff else agent]
    for law in (errors.modelled_dynamics, errors.current_dynamics["real"]):
        numbers = {"dynamics_error": law, "policy_distance": 0, "opponent_distances": errors.opponent_errors}
        of_states = [coupling_lemma_c2(step=t, **numbers) for t in range(7)]
        assert (distances <= np.array(of_states) + 1e-12).all()
        known = {"reward_range": float(np.ptp(rewards)), "discount": discount}
        rounding = 1e-12 * (1 + setup.game.reward_scale) / (1 - discount)
        assert exact <= coupling_lemma_c3(**known, **numbers) + rounding


def example(agent=1):
    game = random_stochastic(4, (2, 3, 2), structure="general-sum", discount=0.9, seed=0)
    model = random_stochastic(4, (2, 3, 2), discount=0.9, seed=1)
    one, other, third = (random_policy(game, np.random.default_rng(seed)) for seed in range(3))
    opponents = (*third[:agent], *third[agent + 1 :])
    return Setup.of(
        game, policy=one, data_policy=other, opponent_models=opponents, model=model.transitions, agent=agent
    )


def test_rows_are_the_claims_in_order_each_with_its_branch_lengths():
    rows = compare_returns(example(), branch_lengths=[2, 5])
    expected = [(claim.name, k) for claim in CLAIMS for k in ([2, 5] if claim.branched else [None])]
    assert [(row.claim, row.branch_length) for row in rows] == expected
    assert {row.claim for row in rows} == {
        *(f"theorem-{n}" for n in range(1, 6)),
        *(f"extended-theorem-{n}" for n in ("a.1", "b.1", "b.2")),
        *(f"{extended}lemma-c.{n}" for extended in ("", "extended-") for n in (3, 4)),
    }


def test_each_row_compares_what_its_claim_speaks_of():
    setup = example()
    real = expected_return(setup.real, 1)
    others = {
        **dict.fromkeys(("theorem-3", "extended-theorem-a.1"), expected_return(setup.learned, 1)),
        **dict.fromkeys(
            ("theorem-1", "theorem-4", "extended-theorem-b.1", "lemma-c.3", "extended-lemma-c.3"),
            expected_return(setup.modelled, 1),
        ),
    }
    branched = branched_return(setup.data, setup.modelled, 2, 1)
    for row in compare_returns(setup, branch_lengths=[2]):
        exact = 0.1 * abs(real - others.get(row.claim, branched))
        assert row.discrepancy == pytest.approx(exact, rel=1e-12, abs=0)
        assert (row.value is None) == (row.branch_length is not None)
        rewards = setup.game.rewards[1]
        assert row.trivial == np.ptp(rewards)
        assert row.corrected * rewards.max() == pytest.approx(row.printed * np.abs(rewards).max())


def test_distances_are_of_states_or_of_states_and_actions():
    setup = example()
    states, joints = (distances(setup.real, setup.modelled, 3) for distances in (state_distances, joint_distances))
    rows = compare_distances(setup, 3)
    assert [(row.claim, row.step) for row in rows] == [(claim.name, t) for claim in DISTANCE_CLAIMS for t in range(4)]
    np.testing.assert_array_equal([row.distance for row in rows], [*joints, *states, *joints, *states])


def test_distances_have_the_error_of_the_dynamics_of_the_steps_before():
    """0 leads to 1, and 1 to 2, but in the model to 3: the second step alone is wrong."""
    P, model = (np.eye(4)[[1, last, 2, 3]].reshape(4, 1, 1, 4) for last in (2, 3))
    game = Game.stochastic(np.zeros((4, 1, 1)), P, 0.5, [1, 0, 0, 0])
    setup = Setup.of(game, policy=[np.ones((4, 1))] * 2, model=model)
    rows = {(row.claim, row.step): row for row in compare_distances(setup, 4)}
    for claim in ("lemma-c.2", "extended-lemma-c.2"):
        assert [rows[claim, t].distance for t in range(5)] == [0, 0, 1, 1, 1]
        assert [rows[claim, t].printed for t in range(5)] == [0, 0, 2, 3, 4]
        assert [rows[claim, t].coupling for t in range(5)] == [0, 0, 1, 1, 1]


def test_each_row_has_the_error_that_was_asked_for():
    setup, lengths = example(), [1, 4]
    errors = measure(setup, lengths)
    for reading in DYNAMICS_ERRORS:
        for row in compare_returns(setup, branch_lengths=lengths, dynamics_error=reading):
            if row.claim.endswith("lemma-c.3"):
                expected = "modelled", errors.modelled_dynamics
            elif row.claim.endswith("lemma-c.4"):
                expected = "branched", errors.branched_dynamics[row.branch_length]
            elif row.branch_length is None:
                read = "real" if reading == "branched" else reading
                expected = read, errors.data_dynamics[read]
            elif reading == "branched":
                expected = "branched", errors.branched_dynamics[row.branch_length]
            else:
                expected = reading, errors.current_dynamics[reading]
            assert (row.reading, row.dynamics_error) == expected
            assert row.proved == (row.branch_length is None or row.reading != "model")
    (row,) = (row for row in compare_returns(setup, branch_lengths=[4]) if row.claim == "theorem-2")
    assert row.printed == theorem_2(
        reward_bound=float(setup.game.rewards[1].max()),
        discount=0.9,
        dynamics_error=errors.current_dynamics["real"],
        policy_shift=errors.policy_shift,
        opponent_shifts=errors.opponent_shifts,
        opponent_errors=errors.opponent_errors,
        branch_length=4,
    )


@costly
@given(setups())
def test_where_all_is_perfect_all_but_the_trivial_bound_is_0(setup):
    perfect = Setup.of(setup.game, policy=setup.policy, agent=setup.agent)
    for row in compare_returns(perfect, branch_lengths=LENGTHS):
        assert row.discrepancy <= row_slack(row)
        assert row.printed == row.corrected == row.coupling == 0
        assert row.value in (0, None)
        assert row.holds
        assert row.holds_as_defined


def test_a_sole_agent_has_no_opponents_to_err_on():
    game = random_stochastic(3, (2,), discount=0.5, seed=0)
    policies = [random_policy(game, np.random.default_rng(seed)) for seed in range(2)]
    setup = Setup.of(game, policy=policies[0], data_policy=policies[1])
    rows = {row.claim: row for row in compare_returns(setup)}
    assert rows["theorem-1"].printed == rows["theorem-3"].printed == rows["extended-theorem-a.1"].printed


def test_unnormalised_rows_are_divided_by_1_minus_discount():
    for row in compare_returns(example()):
        whole = row.unnormalised()
        for name in ("discrepancy", "printed", "corrected", "coupling", "trivial"):
            assert getattr(whole, name) == pytest.approx(10 * getattr(row, name))
        assert (whole.value is None) == (row.value is None)
        kept = (
            "claim",
            "branch_length",
            "dynamics_error",
            "reading",
            "proved",
            "holds",
            "holds_as_defined",
            "discount",
        )
        assert all(getattr(whole, name) == getattr(row, name) for name in kept)


def test_sparse_and_reread_setups_give_the_same(tmp_path):
    setup = example()
    save_setup(setup, tmp_path / "setup.json")
    assert compare_returns(load_setup(tmp_path / "setup.json")) == compare_returns(setup)
    parts = {"policy": setup.policy, "data_policy": setup.data_policy, "opponent_models": setup.opponent_models}
    sparse = Setup.of(to_sparse(setup.game), model=to_sparse(setup.model).transitions, agent=1, **parts)
    for one, other in zip(compare_returns(setup), compare_returns(sparse), strict=True):
        assert one.discrepancy == pytest.approx(other.discrepancy, rel=1e-9)
        assert one.coupling == pytest.approx(other.coupling, rel=1e-12, abs=0)
        assert (one.value is None and other.value is None) or one.value == pytest.approx(other.value, rel=1e-9)


def test_bad_questions_are_refused():
    with pytest.raises(ValueError, match=r"dynamics_error 'reel' is unknown, .* did you mean real"):
        compare_returns(example(), dynamics_error="reel")
    with pytest.raises(ValueError, match=r"branch_lengths is 0.5"):
        compare_returns(example(), branch_lengths=[0.5])
    with pytest.raises(ValueError, match="steps is -1"):
        compare_distances(example(), -1)

"""Games with unavailable actions and ends: what counts nowhere is ignored, right critics pass, faults are named.

What is right and what each fault makes of it is computed here by loops over raw arrays, in which V = 0 at an end is set
by hand and unavailable actions are left out; nothing of `Game` but its constructor is used for that.
"""

import dataclasses

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

from mathrl import Game
from mathrl.games import random_policy, with_time_limit
from mathrl.operators import ENTROPIES
from mathrl.oracle import (
    aorpo_target,
    assert_qre,
    assert_soft_q,
    assert_soft_v,
    assert_td_target,
    compare,
    dmac_target,
    hasac_target,
    n_step_target,
    one_step_target,
    rommeo_target,
    soft_qmix_target,
    td_lambda_target,
    time_limit_shares,
)
from mathrl.solvers import haspi
from tests.critics import said
from tests.examples import costly
from tests.tolerances import EPS, near

STATES, ACTIONS, ENDED = 6, (3, 2), np.array([False, True, False, False, False, True])
TEMPERATURE, TRACE_DECAY = 0.3, 0.7
LENGTHS = ({"steps": 1}, {"steps": 3}, {"trace_decay": TRACE_DECAY})
SETTINGS = [("common-payoff", "team"), ("common-payoff", "own"), ("common-payoff", "none"), ("general-sum", "team")]
ANYTHING = (np.nan, -np.inf, np.inf, -1e9, 0.0)


class Episodes:
    """A random game that ends, by its arrays, with a policy in it."""

    def __init__(self, structure="common-payoff", entropy="team", *, discount=0.8, seed=0, sparse=False):
        rng = np.random.default_rng(seed)
        self.discount, self.entropy = discount, entropy
        self.P = rng.dirichlet(np.ones(STATES), size=(STATES, 6))
        self.r = rng.normal(size=(1 if structure == "common-payoff" else 2, STATES, 6))
        self.r[:, ENDED] = 0
        self.start = rng.dirichlet(np.ones(STATES))
        self.available = [rng.random((STATES, actions)) < 0.6 for actions in ACTIONS]
        for own in self.available:
            own[np.arange(STATES), rng.integers(own.shape[1], size=STATES)] = True
            own[ENDED] = True
        self.available[0][0], self.available[1][0] = [True, False, True], True
        self.open = (self.available[0][:, :, None] & self.available[1][:, None, :]).reshape(STATES, 6)
        self.open[ENDED] = False
        rewards = self.shaped(self.r if structure == "general-sum" else self.r[0])
        self.game = Game.stochastic(
            list(rewards) if structure == "general-sum" else rewards,
            scipy.sparse.csr_array(self.P.reshape(-1, STATES)) if sparse else self.P.reshape(STATES, *ACTIONS, STATES),
            discount,
            self.start,
            available=self.available,
            terminal=ENDED,
        )
        self.agent_axis = structure == "general-sum" or entropy == "own"
        if self.agent_axis and structure == "common-payoff":
            self.r = np.repeat(self.r, 2, axis=0)
        self.policy = [own.copy() for own in random_policy(self.game, rng)]
        for own, available in zip(self.policy, self.available, strict=True):
            own[0] = available[0] / available[0].sum()  # where a policy is uniform over what is available
        self.at_ends = [rng.dirichlet(np.ones(actions), size=STATES) for actions in ACTIONS]
        self.kind = {"policy": self.policy, "temperature": TEMPERATURE, "entropy": entropy}
        self.q = rng.normal(size=(len(self.r), STATES, 6))  # somebody's, with entries that do not count

    def shaped(self, q):
        return q.reshape(*q.shape[:-1], *ACTIONS)

    def given(self, q, nowhere=None):
        """Q (m, S, A) as it is handed over, with anything where nothing counts, or with what is there."""
        if nowhere is not None:
            q = np.where(self.open, q, nowhere)
        return self.shaped(q if self.agent_axis else q[0])

    def given_v(self, v, nowhere=np.nan):
        v = np.where(ENDED, nowhere, v)
        return v if self.agent_axis else v[0]

    def entropies(self, policy):
        """What entropy adds, (m, S), also at ends."""
        with np.errstate(divide="ignore", invalid="ignore"):
            own = TEMPERATURE * np.array([-np.nansum(rows * np.log(rows), axis=1) for rows in policy])
        return {"team": own.sum(axis=0, keepdims=True), "own": own, "none": 0 * own[:1]}[self.entropy]

    def joint(self, policy):
        return np.einsum("sa,sb->sab", *policy).reshape(STATES, 6)

    def soft(self, q):
        """E_π[Q] + bonus; 0 at an end."""
        counted = np.where(self.open, q, 0.0)
        v = np.einsum("sa,msa->ms", self.joint(self.policy), counted) + self.entropies(self.policy)
        return np.where(ENDED, 0.0, v)

    def backup(self, v):
        return np.where(self.open, self.r + self.discount * np.einsum("sat,mt->msa", self.P, v), 0.0)

    def fixed_point(self, backup):
        """Where Q ← backup(Q) ends."""
        q, last = np.zeros_like(self.q), np.inf
        while np.abs(q - last).max() > 1e-15:
            q, last = backup(q), q
        return q

    def exact(self):
        return self.fixed_point(lambda q: self.backup(self.soft(q)))


@st.composite
def episodes(draw):
    structure, entropy = draw(st.sampled_from(SETTINGS))
    discount, sparse = draw(st.sampled_from([0.0, 0.8, 1.0])), draw(st.booleans())
    return Episodes(structure, entropy, discount=discount, seed=draw(st.integers(0, 99)), sparse=sparse)


@costly
@given(episodes(), st.sampled_from(ANYTHING), st.sampled_from(ANYTHING))
def test_a_right_critic_of_a_code_that_masks_passes_whatever_it_has_where_nothing_counts(made, nowhere, at_ends):
    """Its V is 0 at the end, without entropy; a policy's rows there may be no distributions."""
    q = made.exact()
    v = made.soft(q)
    policy = [own.copy() for own in made.policy]
    policy[0][ENDED] = at_ends
    kind = made.kind | {"policy": policy}
    assert_soft_q(made.game, made.given(q, nowhere), **kind)
    assert_soft_v(made.game, made.given_v(v, nowhere), **kind)
    handed_over = made.given(made.q, nowhere)
    for length in LENGTHS:
        backed_up = [made.backup(made.soft(made.q))]
        for _ in range(length.get("steps", 300) - 1):
            backed_up.append(made.backup(made.soft(backed_up[-1])))
        weights = TRACE_DECAY ** np.arange(len(backed_up)) * (1 - TRACE_DECAY)
        y = backed_up[-1] if "steps" in length else sum(w * each for w, each in zip(weights, backed_up, strict=True))
        assert_td_target(made.game, made.given(y, nowhere), q=handed_over, rtol=1e-9, **length, **kind)
        target = n_step_target if "steps" in length else td_lambda_target
        public = target(made.game, q=handed_over, **length, **kind)
        assert (public == -np.inf)[..., ~ENDED, :, :].any()
        assert not public[..., ENDED, :, :].any()
        near(where_it_counts(public), made.given(y), 1e3 * EPS)


@pytest.mark.parametrize(("structure", "entropy"), SETTINGS)
@pytest.mark.parametrize("discount", [0.0, 0.8, 1.0])
def test_compare_leaves_out_what_counts_nowhere(structure, entropy, discount):
    made = Episodes(structure, entropy, discount=discount)
    exact = made.exact()
    q, v = made.given(made.q, np.nan), made.given_v(made.soft(exact), np.inf)
    report = compare(made.game, q=q, v=v, **made.kind)
    distance = np.where(made.open, np.abs(made.q - exact), 0.0).max(axis=(1, 2))
    residual = np.where(made.open, np.abs(made.backup(made.soft(made.q)) - made.q), 0.0).max(axis=(1, 2))
    np.testing.assert_allclose(report.q_distance, distance if made.agent_axis else distance[0], rtol=1e-9)
    np.testing.assert_allclose(report.soft_bellman_residual, residual if made.agent_axis else residual[0], rtol=1e-9)
    lasts = made.game.horizon if discount == 1 else 1 / (1 - discount)
    np.testing.assert_allclose(report.q_distance_bound, np.array(report.soft_bellman_residual) * lasts)
    assert np.all(report.q_distance <= np.array(report.q_distance_bound) * (1 + 1e-9))
    assert np.max(report.v_distance) <= 1e2 * EPS
    assert all(np.isfinite(measure.value).all() for measure in report.measures)
    for entry in report.worst:
        assert not ENDED[entry.state]
        if entry.array == "q":
            assert made.open[entry.state, np.ravel_multi_index(entry.action, ACTIONS)]
        if entry.array == "policy":
            assert made.available[entry.agent][entry.state, entry.action[0]]
    assert "1 of" not in said(assert_soft_q, made.game, q, **made.kind).splitlines()[0]
    assert f"of {made.open.sum() * len(exact)} entries" in said(assert_soft_q, made.game, q, **made.kind)


@given(st.integers(0, 99), st.sampled_from(ENTROPIES), st.sampled_from(["common-payoff", "general-sum"]))
def test_a_masked_matrix_game_is_the_smaller_game(seed, entropy, structure):
    rng = np.random.default_rng(seed)
    payoffs = rng.normal(size=(2, 3, 4))
    masks = np.array([1, 0, 1], dtype=bool), np.array([0, 1, 1, 1], dtype=bool)
    kept, common = np.ix_(*masks), structure == "common-payoff"
    masked = Game.matrix(payoffs[0] if common else list(payoffs), available=masks)
    small = Game.matrix(payoffs[0][kept] if common else [each[kept] for each in payoffs])
    policy = [rng.dirichlet(np.ones(mask.sum())) for mask in masks]
    lead = () if common and entropy != "own" else (2,)
    q, v = rng.normal(size=(*lead, 2, 3)), rng.normal(size=(*lead, 1))
    wide_q = np.full((*lead, 3, 4), np.nan)
    wide_q[(..., *kept)] = q
    wide = [np.zeros(3), np.zeros(4)]
    for own, mask, rows in zip(wide, masks, policy, strict=True):
        own[mask] = rows
    kind = {"temperature": 0.5, "entropy": entropy}
    ours = compare(masked, policy=wide, q=wide_q, v=v, **kind)
    expected = compare(small, policy=policy, q=q, v=v, **kind)
    for one, other in zip(ours.measures, expected.measures, strict=True):
        np.testing.assert_allclose(one.value, other.value, rtol=1e-12, atol=1e-13)
    assert len(ours.worst) == len(expected.worst)


def test_a_policy_that_plays_an_unavailable_action_is_refused_by_name():
    made = Episodes()
    policy = [own.copy() for own in made.policy]
    policy[0][0] = [0.5, 0.1, 0.4]
    kind = made.kind | {"policy": policy}
    for call in (
        lambda: compare(made.game, **kind),
        lambda: one_step_target(made.game, q=made.given(made.q), **kind),
        lambda: assert_soft_q(made.game, made.given(made.q), **kind),
    ):
        with pytest.raises(
            ValueError, match=r"policy\[0\]\[0, 1\] is 0.1, and action 1 is not available to agent 0 in"
        ):
            call()


def test_what_is_not_finite_where_it_counts_is_named():
    made = Episodes()
    q = made.given(made.q).copy()
    q[0, 0, 1] = np.nan
    with pytest.raises(ValueError, match=r"q\[0, 0, 1\] is nan"):
        compare(made.game, q=q, **made.kind)


def test_functions_are_not_called_for_what_counts_nowhere():
    made = Episodes()
    q = made.exact()

    def critic(state, joint_action):
        index = np.ravel_multi_index(joint_action, ACTIONS)
        assert made.open[state, index]
        return q[0, state, index]

    def value(state):
        assert not ENDED[state]
        return made.soft(q)[0, state]

    def actor(state):
        assert not ENDED[state]
        return [own[state] for own in made.policy]

    each = [lambda state, i=i: actor(state)[i] for i in range(2)]
    for policy in (actor, each):
        kind = made.kind | {"policy": policy}
        assert_soft_q(made.game, critic, **kind)
        assert_soft_v(made.game, value, **kind)
        compare(made.game, q=critic, v=value, **kind)


# Faults. Each is what a step makes of Q; a critic is where its repetition ends.

DONE = "as where `done` is ignored"
ONCE = "with the entropy of terminal states, in which nothing is played"
FOR_EVER = f"with entropy for ever after an end, α Σ H/(1 − γ), {DONE}"
OWN = f"with the bootstrap past an end, from their own values of terminal states, {DONE}"
RESET = "with the bootstrap past an end, from the state in which the next episode starts"
SOME = "with 0.7 as the value of terminal states, in place of 0"
LIMIT = "with a time limit taken for an end: without the bootstrap where `truncated` says that it cuts"
ALL_ENTROPY = "with the entropy of unavailable actions too"
ALL_MEAN = "with the mean over unavailable actions too, and their entropy"
ALL_LARGEST = "with the maximum over unavailable actions too in place of the mean"
ALL_SOFT = "with the soft maximum over unavailable actions too in place of the soft value"
AT_ENDS = (ONCE, FOR_EVER, OWN, RESET, SOME)
OVER_ALL = (ALL_MEAN, ALL_LARGEST, ALL_SOFT)
FAULTS = (*AT_ENDS, LIMIT, ALL_ENTROPY, *OVER_ALL)


class Faulty:
    """Somebody's code that makes one fault, with the q that it has where nothing counts."""

    def __init__(self, made, fault):
        self.made, self.fault = made, fault
        self.nowhere = made.q
        self.uniform = [np.full_like(own, 1 / own.shape[1]) for own in made.policy]
        self.cut = np.random.default_rng(1).random((STATES, 6))
        self.all = [own.copy() for own in made.policy]
        for own, available in zip(self.all, made.available, strict=True):
            for state in np.flatnonzero(~ENDED):
                if len({*own[state, available[state]]}) == 1:  # uniform over what is available, or only one action is
                    own[state] = 1 / own.shape[1]
        self.kind = dict(made.kind)
        if fault == OWN:
            self.kind["policy"] = [
                np.where(ENDED[:, None], e, o) for e, o in zip(made.at_ends, made.policy, strict=True)
            ]
        if fault == LIMIT:
            self.kind["truncated"] = made.shaped(self.cut)

    def worth(self, q):
        """V of ends, (m, S)."""
        made = self.made
        if self.fault == OWN:
            at_ends = made.entropies(made.at_ends)
            return np.einsum("sa,msa->ms", made.joint(made.at_ends), self.nowhere) + at_ends
        if self.fault == RESET:
            return np.repeat(made.soft(q) @ made.start, STATES).reshape(len(q), STATES)
        uniform = made.entropies(self.uniform)
        if self.fault == FOR_EVER:
            return uniform / (1 - made.discount)
        return uniform if self.fault == ONCE else np.full((1, STATES), 0.7)

    def value(self, q):
        """V of Q."""
        made = self.made
        v = made.soft(q)
        if self.fault in AT_ENDS:
            return np.where(ENDED, self.worth(q), v)
        if self.fault == ALL_ENTROPY:
            return np.where(ENDED, 0.0, v - made.entropies(made.policy) + made.entropies(self.all))
        q = np.where(made.open, q, self.nowhere)
        wrong = {
            ALL_MEAN: lambda: np.einsum("sa,msa->ms", made.joint(self.all), q) + made.entropies(self.all),
            ALL_LARGEST: lambda: q.max(axis=-1),
            ALL_SOFT: lambda: TEMPERATURE * np.logaddexp.reduce(q / TEMPERATURE, axis=-1),
        }
        return np.where(ENDED, 0.0, wrong[self.fault]()) if self.fault in wrong else v

    def backup(self, q):
        made = self.made
        if self.fault == LIMIT:
            return made.r * made.open + (1 - self.cut) * (made.backup(made.soft(q)) - made.r * made.open)
        return made.backup(self.value(q))

    def target(self, steps=None, trace_decay=None):
        made, found = self.made, [self.backup(self.made.q)]
        right = self.fault in OVER_ALL  # on the way to the bootstrap
        for _ in range((steps or 110) - 1):
            found.append(made.backup(made.soft(found[-1])) if right else self.backup(found[-1]))
        if trace_decay is None:
            return found[-1]
        weights = trace_decay ** np.arange(110) * (1 - trace_decay)  # 0.56^110 is rounding
        return sum(w * y for w, y in zip(weights, found, strict=True))


def named(message):
    return message.partition("theirs are the exact ones ")[2]


CASES = [
    pytest.param(*setting, fault, id=" ".join((*setting, fault)))
    for setting in SETTINGS
    for fault in FAULTS
    if setting[1] != "none" or fault not in (ONCE, FOR_EVER, ALL_ENTROPY)
]


def faulty(structure, entropy, fault):
    return Faulty(Episodes(structure, entropy, seed=3, sparse=len(fault) % 2 == 0), fault)


@pytest.mark.parametrize(
    ("structure", "entropy", "fault", "length"),
    [
        pytest.param(*case.values, length, id=f"{case.id} {length}")
        for case in CASES
        for length in (LENGTHS if case.values[1] == "team" else LENGTHS[1:2])
        if case.values[0] == "common-payoff" or length is LENGTHS[1]
    ],
)
def test_the_fault_in_a_target_is_named_and_no_other(structure, entropy, fault, length):
    code = faulty(structure, entropy, fault)
    made, wrong = code.made, code.made.given(code.target(**length), np.nan)
    arguments = {"q": made.given(made.q), **length, **code.kind}
    assert named(said(assert_td_target, made.game, wrong, **arguments)) == fault
    noise = 1e-4 * np.random.default_rng(2).normal(size=wrong.shape)
    assert fault.split("0.7")[-1] in named(said(assert_td_target, made.game, wrong + noise, atol=5e-4, **arguments))


@pytest.mark.parametrize(("structure", "entropy", "fault"), CASES)
def test_what_the_fault_makes_of_a_critic_is_named_and_no_other(structure, entropy, fault):
    code = faulty(structure, entropy, fault)
    made, q = code.made, code.made.fixed_point(code.backup)
    handed_over = made.given(q, code.nowhere)
    assert named(said(assert_soft_q, made.game, handed_over, **code.kind)) == fault
    assert compare(made.game, q=handed_over, **code.kind).diagnosis == (f"q: theirs are the exact ones {fault}",)
    if fault not in OVER_ALL:
        v = made.given_v(code.value(q), made.entropies(made.at_ends))
        if fault == OWN:
            v = made.given_v(code.value(q), code.worth(q))
        assert named(said(assert_soft_v, made.game, v, **code.kind)) == fault


@pytest.mark.parametrize(("structure", "entropy"), SETTINGS)
def test_stored_trajectories_that_run_into_an_absorbing_end_are_named(structure, entropy):
    """Three steps in which the end is a state like others: it pays 0, and its policy has entropy."""
    made = Episodes(structure, entropy, seed=3)
    joint, bonus = made.joint(made.at_ends), made.entropies(made.at_ends)
    q, stays = made.q, np.where(ENDED[:, None, None], np.eye(STATES)[:, None], made.P)

    def value(q):
        v_ends = np.einsum("sa,msa->ms", joint, q) + bonus
        return np.where(ENDED, v_ends, made.soft(q))

    for _ in range(3):
        q = np.where(made.open | ENDED[:, None], made.r + 0.8 * np.einsum("sat,mt->msa", stays, value(q)), 0.0)
    policy = [np.where(ENDED[:, None], e, own) for e, own in zip(made.at_ends, made.policy, strict=True)]
    arguments = {"q": made.given(made.q), "steps": 3, **made.kind, "policy": policy}
    assert named(said(assert_td_target, made.game, made.given(q), **arguments)) == OWN


def test_entropy_at_an_end_is_named_without_a_discount_too():
    made = Episodes(discount=1.0, seed=3)
    code = Faulty(made, ONCE)
    wrong = made.given(code.target(steps=3))
    assert named(said(assert_td_target, made.game, wrong, q=made.given(made.q), steps=3, **made.kind)) == ONCE
    q = made.fixed_point(code.backup)
    assert named(said(assert_soft_q, made.game, made.given(q), **made.kind)) == ONCE


@pytest.mark.parametrize("penalty", [-1.0, -1e9])
def test_a_mask_that_is_a_finite_penalty_is_named(penalty):
    """The mean over all actions takes it in, the soft maximum leaves it out where it is large enough."""
    made = Episodes(seed=3)
    code = Faulty(made, ALL_MEAN)
    code.nowhere = np.where(made.open | ENDED[:, None], made.q, penalty)
    q, handed_over = code.target(steps=1), made.given(code.nowhere)
    assert named(said(assert_td_target, made.game, made.given(q), q=handed_over, **made.kind)) == ALL_MEAN
    code.fault = ALL_SOFT
    q = made.fixed_point(code.backup)
    found = named(said(assert_soft_q, made.game, made.given(q, penalty), **made.kind))
    right = "with the soft maximum over joint actions in place of the soft value"
    assert found == (f"{right}, or {ALL_SOFT}" if penalty == -1e9 else ALL_SOFT)


@costly
@given(episodes(), st.sampled_from(LENGTHS), st.integers(0, 99))
def test_a_random_error_has_no_name(made, length, seed):
    rng, kind = np.random.default_rng(seed), made.kind | {"truncated": 0.3}
    q = made.exact()
    target = n_step_target if "steps" in length else td_lambda_target
    y = target(made.game, q=made.given(made.q), **length, **kind)
    for assertion, numbers, more in (
        (assert_soft_q, made.given(q, -np.inf), kind),
        (assert_soft_v, made.given_v(made.soft(q), 0.0), kind),
        (assert_td_target, y, {"q": made.given(made.q), **length, **kind}),
    ):
        assertion(made.game, numbers, **more)
        error = rng.uniform(0.5, 1, numbers.shape) * rng.choice([-1, 1], numbers.shape)
        assert not named(said(assertion, made.game, numbers + error * (1 + np.abs(q).max()), **more))


def where_it_counts(y):
    return np.where(np.isfinite(y), y, 0.0)


def by_trajectories(made, policy, v, truncated, steps):
    """The mean over all trajectories of a sampled n-step return that ends at an end, and bootstraps at a cut."""
    bonus = made.entropies(policy)

    def ahead(state, action, left):
        total = made.r[0, state, action]
        for following in range(STATES):
            if ENDED[following]:
                continue
            on = 0.0
            if left > 1 and truncated[state, action] < 1:
                later = (w * ahead(following, a, left - 1) for a, w in enumerate(made.joint(policy)[following]) if w)
                on = sum(later) + bonus[0, following]
            cut = 1.0 if left == 1 else truncated[state, action]
            total += made.discount * made.P[state, action, following] * (cut * v[following] + (1 - cut) * on)
        return total

    found = [[ahead(s, a, steps) if made.open[s, a] else 0.0 for a in range(6)] for s in range(STATES)]
    return np.array(found)


@pytest.mark.parametrize("discount", [0.8, 1.0])
def test_the_target_with_cuts_is_the_mean_over_all_trajectories(discount):
    made = Episodes(discount=discount, seed=1)
    truncated = np.random.default_rng(2).random((STATES, 6)) * (np.arange(STATES) != 2)[:, None]
    truncated[3] = 1.0
    v = np.where(ENDED, np.nan, np.random.default_rng(3).normal(size=STATES))
    shares = np.where(made.open, truncated, np.nan)
    for steps in (1, 2, 3):
        y = n_step_target(made.game, v=v, steps=steps, truncated=made.shaped(shares), **made.kind)
        expected = by_trajectories(made, made.policy, v, truncated, steps)
        near(where_it_counts(y), made.shaped(expected), 1e2 * EPS)


@costly
@given(episodes(), st.floats(0, 0.8), st.integers(0, 9))
def test_td_lambda_with_cuts_mixes_the_targets_of_all_steps(made, trace_decay, seed):
    truncated = np.random.default_rng(seed).random((STATES, 6))
    at_cuts, u, mixed = made.backup(made.soft(made.q)), made.soft(made.q), 0.0
    for n in range(170):  # 0.8^170 is rounding
        y = truncated * at_cuts + (1 - truncated) * made.backup(u)
        u, mixed = made.soft(y), mixed + (1 - trace_decay) * trace_decay**n * y
    kind = {"truncated": made.shaped(truncated), "q": made.given(made.q), **made.kind}
    traced = td_lambda_target(made.game, trace_decay=trace_decay, **kind)
    near(where_it_counts(traced), made.given(mixed), 1e3 * EPS)


def test_cuts_that_are_all_or_nothing():
    made = Episodes(seed=1)
    kind = {"q": made.given(made.q), **made.kind}
    one = one_step_target(made.game, **kind)
    for length, target in ((LENGTHS[1], n_step_target), (LENGTHS[2], td_lambda_target)):
        always = target(made.game, truncated=1.0, **length, **kind)
        near(where_it_counts(always), where_it_counts(one), 16 * EPS)
        whole = target(made.game, **length, **kind)
        for nothing in (0, np.zeros(STATES), lambda state, joint_action: False):
            uncut = target(made.game, truncated=nothing, **length, **kind)
            near(where_it_counts(uncut), where_it_counts(whole), 16 * EPS)
    shares = np.arange(STATES) / STATES
    spread = n_step_target(made.game, truncated=np.repeat(shares, 6).reshape(STATES, *ACTIONS), steps=3, **kind)
    assert np.array_equal(n_step_target(made.game, truncated=shares, steps=3, **kind), spread)


def test_a_return_that_runs_on_over_a_cut_is_named():
    made = Episodes(seed=3)
    truncated = made.shaped(np.random.default_rng(1).random((STATES, 6)))
    kind = {"q": made.given(made.q), "steps": 3, **made.kind}
    message = said(assert_td_target, made.game, n_step_target(made.game, **kind), truncated=truncated, **kind)
    assert "with returns that run on where `truncated` says that a time limit cuts them" in named(message)


@pytest.mark.parametrize(
    ("truncated", "message"),
    [
        (1.5, r"truncated\[0, 0, 0\] is 1.5, expected a probability"),
        (-np.ones(STATES), r"truncated\[0, 0, 0\] is -1"),
        (np.zeros((2, 2)), r"truncated has shape \(2, 2\)"),
        ("limit", "truncated has dtype"),
        (lambda state, joint_action: np.nan, r"truncated\(0, \(0, 0\)\) is nan"),
    ],
)
def test_shares_that_are_none_are_refused(truncated, message):
    made = Episodes()
    for call in (n_step_target, compare, lambda game, **more: assert_soft_q(game, more.pop("q"), **more)):
        with pytest.raises(ValueError, match=message):
            call(made.game, q=made.given(made.q), truncated=truncated, **made.kind)


def test_episodes_that_end_change_the_optimum():
    """cases/public.py, P4: two agents, (0, 0) pays 0.2 and goes on, all else ends, where V = 0."""
    discount, reward = 0.95, 0.2
    rewards, transitions = np.zeros((2, 2, 2)), np.zeros((2, 2, 2, 2))
    rewards[0, 0, 0], transitions[0, :, :, 1], transitions[0, 0, 0], transitions[1, :, :, 1] = reward, 1, [1, 0], 1

    def entropy(rows):
        return -(rows * np.log(rows)).sum()

    p = q = np.array([0.9, 0.1])
    for _ in range(5000):
        for own, other in ((0, 1), (1, 0)):
            pair = [p, q]
            v = (p[0] * q[0] * reward + entropy(p) + entropy(q)) / (1 - discount * p[0] * q[0])
            response = np.exp([pair[other][0] * (reward + discount * v), 0])
            pair[own] = response / response.sum()
            p, q = pair
    start = [np.array([[0.9, 0.1], [0.5, 0.5]])] * 2
    ending = Game.stochastic(rewards, transitions, discount, start=[1, 0], terminal=[False, True])
    solution = haspi(ending, temperature=1.0, initial_policy=start)
    assert solution.policy[0][0, 0] == pytest.approx(p[0], abs=1e-9)
    assert p[0] == pytest.approx(0.988, abs=5e-4)
    going_on = haspi(
        Game.stochastic(rewards, transitions, discount, start=[1, 0]), temperature=1.0, initial_policy=start
    )
    assert going_on.policy[0][0, 0] == pytest.approx(0.536, abs=5e-4)

    assert_qre(ending, solution.policy, temperature=1.0)
    v = (p[0] * q[0] * reward + entropy(p) + entropy(q)) / (1 - discount * p[0] * q[0])
    right = np.array([[[reward + discount * v, 0], [0, 0]], np.full((2, 2), np.nan)])
    assert_soft_q(ending, right, policy=[np.array([p, [7, 7]]), np.array([q, [np.nan, 0]])], temperature=1.0)
    wrong = "an end is a state like others, with entropy for ever"
    assert wrong in said(assert_qre, ending, going_on.policy, temperature=1.0)
    assert named(said(assert_soft_q, ending, going_on.q, policy=going_on.policy, temperature=1.0)) == FOR_EVER


def test_the_papers_targets_know_ends_and_unavailable_actions():
    made = Episodes()
    kind = {"policy": made.policy, "temperature": TEMPERATURE, "q": made.given(made.q, np.nan)}
    right = made.given(made.backup(made.soft(made.q)), -np.inf)
    right[ENDED] = 0.0
    near(hasac_target(made.game, **kind), right, 16 * EPS)
    near(hasac_target(made.game, **(kind | {"q": [kind["q"]] * 2})), right, 16 * EPS)
    near(soft_qmix_target(made.game, **kind, trace_decay=0.0), right, 16 * EPS)
    made = Episodes("general-sum", "own")
    q = made.given(made.q, np.nan)
    right = made.given(made.backup(made.soft(made.q)), -np.inf)
    right[:, ENDED] = 0.0
    for agent in range(2):
        y = aorpo_target(made.game, agent, policy=made.policy, temperature=TEMPERATURE, q=q[agent])
        near(y, right[agent], 16 * EPS)


def in_time(policy, limit):
    """A policy as one of the game whose state holds the time."""
    return [np.concatenate([*[own] * limit, own[:1]]) for own in policy]


@costly
@given(episodes(), st.integers(1, 4))
def test_a_limit_that_is_part_of_the_state_is_an_end(made, limit):
    """Backward induction from V = 0 at the last step."""
    timed, v, found = with_time_limit(made.game, limit), np.zeros((len(made.q), STATES)), []
    for _ in range(limit):
        q = made.backup(v)
        v = made.soft(q)
        found.insert(0, np.where(made.open, q, np.nan))
    whole = made.given(np.concatenate([*found, np.full((len(made.q), 1, 6), np.inf)], axis=1))
    kind = made.kind | {"policy": in_time(made.policy, limit)}
    assert_soft_q(timed, whole, **kind)


@costly
@given(episodes(), st.integers(1, 6))
def test_the_shares_of_a_limit_are_those_of_the_visits_in_the_game_that_tells_the_time(made, limit):
    timed = with_time_limit(made.game, limit)
    chain = timed.csr_xt.toarray().reshape(limit * STATES + 1, 6, -1)[:-1]
    joint = np.tile(made.joint(made.policy), (limit, 1))
    visits = np.append(np.where(ENDED, 0, made.start), np.zeros((limit - 1) * STATES))
    for _ in range(limit):  # d = start + d P, of a chain that moves on in time
        reached = np.einsum("s,sa,sat->t", visits, joint, chain)[:-1] * np.tile(~ENDED, limit)
        visits = np.append(np.where(ENDED, 0, made.start), np.zeros((limit - 1) * STATES)) + reached
    visits = visits.reshape(limit, STATES)
    shares = time_limit_shares(made.game, policy=made.policy, limit=limit)
    near(shares, np.where(ENDED, 0.0, visits[-1] / np.where(ENDED, 1, visits.sum(axis=0))), 64 * EPS)


def test_a_critic_of_short_episodes_whose_limit_was_taken_for_an_end_is_named():
    made = Episodes(seed=3)
    code = Faulty(made, LIMIT)
    shares = time_limit_shares(made.game, policy=made.policy, limit=5)
    code.cut = np.repeat(shares, 6).reshape(STATES, 6)
    q = made.given(made.fixed_point(code.backup))
    assert named(said(assert_soft_q, made.game, q, truncated=shares, **made.kind)) == LIMIT


@pytest.mark.parametrize("limit", [0, 1.5, 2**62])
def test_limits_that_are_none_are_refused(limit):
    made = Episodes()
    with pytest.raises(ValueError, match="steps "):
        with_time_limit(made.game, limit)
    if limit != 2**62:
        with pytest.raises(ValueError, match="limit is"):
            time_limit_shares(made.game, policy=made.policy, limit=limit)


def test_the_targets_of_joint_policies_know_ends_and_unavailable_actions():
    """DMAC's with a correlated policy, ROMMEO's with a conditional one; rows of ends may be anything."""
    made, rng = Episodes(seed=3), np.random.default_rng(0)
    joint, target = (rng.dirichlet(np.ones(6), size=STATES) * made.open for _ in range(2))
    joint[~ENDED], target[~ENDED] = (each[~ENDED] / each[~ENDED].sum(axis=1, keepdims=True) for each in (joint, target))
    with np.errstate(divide="ignore", invalid="ignore"):
        divergence = np.nansum(joint * np.log(joint / target), axis=1)
    v = np.where(ENDED, 0.0, (joint * np.where(made.open, made.q[0], 0)).sum(axis=1) - TEMPERATURE * divergence)
    right = made.backup(v[None])
    joint[ENDED] = np.nan
    q = made.given(made.q, -np.inf)
    kind = {"target_policy": made.shaped(target), "q": q, "temperature": TEMPERATURE}
    near(where_it_counts(dmac_target(made.game, policy=made.shaped(joint), **kind)), made.given(right), 16 * EPS)
    pi, rho = made.policy
    conditional = np.repeat(pi[:, :, None], 2, axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = -np.nansum(pi * np.log(pi), axis=1)
        prior = np.full((STATES, 2), 0.5)
        divergence = np.nansum(rho * np.log(rho / prior), axis=1)
    expected = np.einsum("sa,sa->s", made.joint(made.policy), np.where(made.open, made.q[0], 0.0))
    right = made.backup(np.where(ENDED, 0.0, expected + TEMPERATURE * entropy - divergence)[None])
    kind = {"q": q, "prior": prior, "temperature": TEMPERATURE}
    conditional[ENDED], prior[ENDED] = -3.0, np.nan
    y = rommeo_target(made.game, 0, conditional_policy=conditional, opponent_model=rho, **kind)
    near(where_it_counts(y), made.given(right), 16 * EPS)
    with pytest.raises(ValueError, match=r"conditional_policy.* action 1 is not available to agent 0 in state 0"):
        rommeo_target(made.game, 0, conditional_policy=np.full((STATES, 3, 2), 1 / 3), opponent_model=rho, **kind)


@pytest.mark.parametrize(("structure", "entropy"), SETTINGS)
def test_an_unknown_share_that_a_limit_cuts_is_found_beside_ends(structure, entropy):
    made = Episodes(structure, entropy, seed=3)
    short = dataclasses.replace(made.game, discount=0.72)
    share = "with discount 0.72, as where 10 % of the steps, such as those at a time limit, are taken for an end"
    kind = {"q": made.given(made.q), **made.kind}
    for length in LENGTHS:
        target = (n_step_target if "steps" in length else td_lambda_target)(short, **length, **kind)
        assert named(said(assert_td_target, made.game, target, **length, **kind)) == share
    made.discount = 0.72
    q = made.exact()
    assert named(said(assert_soft_q, made.game, made.given(q), **made.kind)) == share
    assert named(said(assert_soft_v, made.game, made.given_v(made.soft(q)), **made.kind)) == share


@pytest.mark.parametrize("temperature", [1e-6, 1e-3])
def test_low_temperatures_do_no_harm(temperature):
    made = Episodes()
    kind = made.kind | {"temperature": temperature}
    report = compare(made.game, q=made.given(made.q, -np.inf), **kind)
    other = compare(made.game, q=made.given(made.q, 0.0), **kind)
    assert report.q_distance == other.q_distance
    assert (report.exploitability >= 0).all()


@pytest.mark.parametrize("discount", [0.8, 1.0])
@pytest.mark.parametrize("entropy", ["team", "none"])
def test_without_a_policy_the_optimum_leaves_out_what_counts_nowhere(entropy, discount):
    made, v, last = Episodes(entropy=entropy, discount=discount), np.zeros((1, STATES)), np.inf
    q = made.q
    while np.abs(v - last).max() > 1e-15:
        q = np.where(made.open, made.backup(v), -np.inf)
        with np.errstate(divide="ignore"):
            soft = TEMPERATURE * np.log(np.exp(q / TEMPERATURE).sum(axis=-1))
        v, last = np.where(ENDED, 0.0, q.max(axis=-1) if entropy == "none" else soft), v
    exact = {"q": made.given(q, np.nan), "v": made.given_v(v)}
    report = compare(made.game, temperature=TEMPERATURE, entropy=entropy, **exact)
    assert max(report.optimality_residual, report.optimal_q_distance, report.optimal_v_distance) <= 1e3 * EPS
    off = made.given(np.where(made.open, q + 0.5, q), -1e9)
    report = compare(made.game, temperature=TEMPERATURE, entropy=entropy, q=off)
    assert report.optimal_q_distance == pytest.approx(0.5, rel=1e-9)

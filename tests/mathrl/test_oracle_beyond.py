"""Games with unavailable actions and ends: what counts nowhere is ignored, right critics pass, faults are named.

What is right and what each fault makes of it is computed here by loops over raw arrays, in which V = 0 at an end is set
by hand and unavailable actions are left out; nothing of `Game` but its constructor is used for that.
"""

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

from mathrl import Game
from mathrl.games import random_policy
from mathrl.operators import ENTROPIES
from mathrl.oracle import (
    assert_soft_q,
    assert_soft_v,
    assert_td_target,
    compare,
    n_step_target,
    one_step_target,
    td_lambda_target,
)
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
        near(np.where(np.isfinite(public), public, 0.0), made.given(y), 1e3 * EPS)


@pytest.mark.parametrize(("structure", "entropy"), SETTINGS)
@pytest.mark.parametrize("discount", [0.0, 0.8])
def test_compare_leaves_out_what_counts_nowhere(structure, entropy, discount):
    made = Episodes(structure, entropy, discount=discount)
    exact = made.exact()
    q, v = made.given(made.q, np.nan), made.given_v(made.soft(exact), np.inf)
    report = compare(made.game, q=q, v=v, **made.kind)
    distance = np.where(made.open, np.abs(made.q - exact), 0.0).max(axis=(1, 2))
    residual = np.where(made.open, np.abs(made.backup(made.soft(made.q)) - made.q), 0.0).max(axis=(1, 2))
    np.testing.assert_allclose(report.q_distance, distance if made.agent_axis else distance[0], rtol=1e-9)
    np.testing.assert_allclose(report.soft_bellman_residual, residual if made.agent_axis else residual[0], rtol=1e-9)
    np.testing.assert_allclose(report.q_distance_bound, np.array(report.soft_bellman_residual) / (1 - discount))
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
        return {ONCE: uniform, FOR_EVER: uniform / (1 - made.discount), SOME: np.full((1, STATES), 0.7)}[self.fault]

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
            ALL_SOFT: lambda: TEMPERATURE * np.log(np.exp(q / TEMPERATURE).sum(axis=-1)),
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

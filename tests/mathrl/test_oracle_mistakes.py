"""Faults that people report of their critics, each named where it is made: in targets, in a critic, in its values.

Every fault is a backup in loops over dense arrays. A critic is what its repetition ends at; n steps and TD(λ) are made
of one wrong backup at the end, or of wrong ones only where the fault is made at every step.
"""

import dataclasses
import functools
import re
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl import Game
from mathrl.games import random_policy, random_stochastic, to_sparse
from mathrl.operators import ENTROPIES
from mathrl.oracle import (
    aorpo_target,
    assert_soft_q,
    assert_soft_v,
    assert_td_target,
    hasac_target,
    n_step_target,
    soft_qmix_target,
    td_lambda_target,
)
from mathrl.proofs_checks.strategies import games, policies, temperatures
from mathrl.solvers import soft_evaluation
from tests.critics import Critic, said
from tests.examples import costly
from tests.faults import FAULTS, LAST, PLACE, Faulty, faults

TRACE_DECAY = 0.7
LENGTHS = ({"steps": 1}, {"steps": 2}, {"steps": 3}, {"trace_decay": TRACE_DECAY})
LOST = "% of the steps, such as those at a time limit, are taken for an end"
TIGHT = {"rtol": 1e-9, "atol": 1e-9}


def named(message):
    return message.partition("theirs are the exact ones ")[2]


def says(sentence, fault, phrase):
    """Whether a sentence ends with a phrase; what has moved may be followed by more that has."""
    return phrase in sentence if fault.made == PLACE else sentence.endswith(phrase)


SETTINGS = (("common-payoff", "team"), ("common-payoff", "none"), ("general-sum", "own"), ("general-sum", "team"))
CASES = [
    pytest.param(structure, entropy, fault, id=f"{structure} {entropy} {fault.name}")
    for structure, entropy in SETTINGS
    for fault in faults(entropy, structure)
]
TARGETS = [  # one step, and in turn another length
    pytest.param(*case.values, length, id=f"{case.id} {length}")
    for k, case in enumerate(CASES)
    for length in (LENGTHS[0], LENGTHS[1 + k % 3])
]
THE = {fault.name: fault for fault in FAULTS}
LATE, PRESENT = THE["a state too late"], THE["Q of the present state at the actions of the next"]
TWO_NAMES = FAULTS[0]
"""A bootstrap that counts 1/A times may also be lost in as many samples."""


@functools.cache
def faulty(structure, entropy, fault, seed=5, discount=0.8, **kind):
    """A critic in a random game of 3 agents in which no two faults give the same numbers, and some Q."""
    game = random_stochastic(4, (2, 3, 2), structure=structure, discount=discount, seed=seed, **kind)
    policy = random_policy(game, np.random.default_rng(seed))
    earlier = random_policy(game, np.random.default_rng(seed + 1))
    place = len(fault.name) % 2
    critic = Faulty(fault, to_sparse(game) if place else game, policy, 0.3, entropy, earlier)
    return critic, np.random.default_rng(1).normal(size=critic.shape)


@pytest.mark.parametrize(("structure", "entropy", "fault", "length"), TARGETS)
def test_the_fault_in_a_target_is_named_and_no_other(structure, entropy, fault, length):
    critic, q = faulty(structure, entropy, fault)
    game, phrase, wrong = critic.right.game, critic.phrase(steps=length.get("steps", 1)), critic.target(q, **length)
    more = {"q": critic.right.shaped(q), **length, **critic.kind}
    first, *others = named(said(assert_td_target, game, wrong, **more)).split(", or ")
    assert says(first, fault, phrase)
    assert len(others) == (fault == TWO_NAMES)
    if length != LENGTHS[0]:
        return
    if fault in (LATE, TWO_NAMES) or fault.made != LAST:
        without_q = {"v": critic.right.soft(q), **critic.kind}
        assert phrase in named(said(assert_td_target, game, wrong, **without_q))
    right = critic.right.shaped(critic.right_backup(q))
    noise = 1e-3 * np.abs(wrong - right).max()
    noisy = wrong + noise * np.random.default_rng(2).normal(size=wrong.shape)
    assert phrase.split(" % ")[-1] in named(said(assert_td_target, game, noisy, atol=5 * noise, **more))


@pytest.mark.parametrize(("structure", "entropy", "fault"), CASES)
def test_what_the_fault_makes_of_a_critic_is_named_and_no_other(structure, entropy, fault):
    critic, _ = faulty(structure, entropy, fault)
    game = critic.right.game
    for name, assertion, array in (
        ("q", assert_soft_q, critic.right.shaped(critic.q())),
        ("v", assert_soft_v, critic.v()),
    ):
        phrase = critic.phrase(name)
        if phrase == "right":
            assertion(game, array, **critic.kind)
            continue
        first, *others = named(said(assertion, game, array, **critic.kind)).split(", or ")
        assert says(first, fault, phrase)
        assert len(others) == (fault == TWO_NAMES and name == "q")
        if name == "v":
            continue
        noisy = array + 1e-4 * np.random.default_rng(2).normal(size=array.shape)
        assert phrase.split(" % ")[-1] in named(said(assertion, game, noisy, atol=5e-4, **critic.kind))


EPISODES = ({"ending": 0.15}, {"available": 0.7}, {"ending": 0.15, "available": 0.7})
IN_A_GAME_WITHOUT_MASKS = ("two agents' actions exchanged in Q", "joint actions in another order")
"""Faults that take values of actions that may not be available, which nobody knows."""


def where_play_goes_on(fault):
    """The fault, but for an order of states that leaves the end, which is the last one, as it is."""
    moved = [1, 2, 3, 0, 4]
    return dataclasses.replace(fault, place=lambda c, x: x[..., moved[: x.shape[-2]], :])


@pytest.mark.parametrize("kind", EPISODES, ids=str)
@pytest.mark.parametrize(("structure", "entropy"), [SETTINGS[0], SETTINGS[2]])
def test_every_fault_is_named_where_episodes_end_or_actions_are_not_available(structure, entropy, kind):
    """The maximum may be that over unavailable actions, too, where it is the same; then both are named."""
    for k, fault in enumerate(faults(entropy, structure)):
        if "available" in kind and fault.name in IN_A_GAME_WITHOUT_MASKS:
            continue
        made = where_play_goes_on(fault) if fault.name == "states in another order" else fault
        critic, q = faulty(structure, entropy, made, **kind)
        game, length = critic.right.game, LENGTHS[k % 4]
        shaped = critic.right.shaped
        target = said(assert_td_target, game, critic.target(q, **length), q=shaped(q), **length, **critic.kind)
        messages = {critic.phrase(steps=length.get("steps", 1)): target}
        for array, assertion, values in (("q", assert_soft_q, shaped(critic.q())), ("v", assert_soft_v, critic.v())):
            if critic.phrase(array) == "right":
                assertion(game, values, **critic.kind)
            else:
                messages[critic.phrase(array)] = said(assertion, game, values, **critic.kind)
        for phrase, message in messages.items():
            first, *others = named(message).split(", or ")
            assert says(first, made, phrase)
            assert len(others) <= (fault == TWO_NAMES or "maximum" in phrase)


UNDISCOUNTED = ", and without the discount"


@pytest.mark.parametrize(("structure", "entropy"), [SETTINGS[1], SETTINGS[2]])
def test_every_fault_is_named_in_episodes_without_a_discount(structure, entropy):
    """Where γ is 1, a fault with the discount and the one without it are one."""
    for k, fault in enumerate(faults(entropy, structure)):
        made = where_play_goes_on(fault) if fault.name == "states in another order" else fault
        critic, q = faulty(structure, entropy, made, discount=1.0, ending=0.15)
        game, length, shaped = critic.right.game, LENGTHS[k % 4], critic.right.shaped
        phrase = critic.phrase(steps=length.get("steps", 1)).removesuffix(UNDISCOUNTED)
        message = said(assert_td_target, game, critic.target(q, **length), q=shaped(q), **length, **critic.kind)
        assert phrase in named(message)
        assert UNDISCOUNTED not in message
        message = said(assert_soft_q, game, shaped(critic.q()), **critic.kind)
        assert critic.phrase("q").removesuffix(UNDISCOUNTED) in named(message)
        assert UNDISCOUNTED not in message
        if "early" not in critic.phrase("v") and critic.phrase("v") != "right":
            assert critic.phrase("v") in named(said(assert_soft_v, game, critic.v(), **critic.kind))


def test_a_critic_that_never_ends_without_a_discount_explains_nothing():
    """Q of the present state, at its own only action, would pay for ever."""
    moves = np.zeros((3, 2, 3))
    moves[:, 0, 1], moves[:, 1, 2] = 1, 1
    moves[1, 0] = [0, 0, 1]
    rewards = np.array([[1.0, 2.0], [3.0, 0.5], [0.0, 0.0]])
    game = Game.stochastic(rewards, moves, 1.0, terminal=[False, False, True])
    kind = {"policy": [np.array([[0.3, 0.7], [1.0, 0.0], [0.5, 0.5]])], "temperature": 0.5}
    q = np.add(rewards, [[0.3, 0.1], [-0.4, 0.2], [0, 0]])
    assert not named(said(assert_soft_q, game, q, **kind))


@pytest.mark.parametrize(("structure", "entropy"), SETTINGS)
def test_a_wrong_soft_value_of_the_right_q_is_named(structure, entropy):
    for fault in faults(entropy):
        if fault.value is None or fault.backup is not None:
            continue
        critic, _ = faulty(structure, entropy, fault)
        v = critic.value(Critic(critic.right.game, critic.policy, 0.3, entropy).q().reshape(critic.shape))
        assert named(said(assert_soft_v, critic.right.game, v, **critic.kind)) == critic.phrase()


def test_a_replay_buffer_of_n_steps_has_another_present_state():
    """Q(s_0, a_n): its actions are those of the state after n steps."""
    for (structure, entropy), steps in product(SETTINGS, (2, 4)):
        critic, q = faulty(structure, entropy, PRESENT)
        c, discount = critic.right, critic.right.game.discount
        played = c.w_sa
        for _ in range(steps - 1):
            played = np.einsum("sa,sat->st", c.w_sa, c.P) @ played
        wrong = c.target(c.shaped(0 * q), steps) + discount**steps * c.shaped(
            np.stack([q[..., s, :] @ (c.P[s] @ played).T for s in range(4)], axis=-2)
        )
        message = said(assert_td_target, c.game, wrong, q=c.shaped(q), steps=steps, **critic.kind)
        assert named(message) == "with Q of the present state, at the actions of the one they bootstrap from"


@pytest.mark.parametrize(("structure", "entropy"), SETTINGS)
@pytest.mark.parametrize("trace_decay", [0.0, 0.2, 0.8, 1.0])
def test_a_trace_of_1_minus_lambda_is_named(structure, entropy, trace_decay):
    critic, q = faulty(structure, entropy, LATE)
    kind = {"q": critic.right.shaped(q), **critic.kind}
    wrong = td_lambda_target(critic.right.game, trace_decay=1 - trace_decay, **kind)
    found = named(said(assert_td_target, critic.right.game, wrong, trace_decay=trace_decay, **kind)).split(", or ")
    assert f"with 1 − λ = {1 - trace_decay:g} in place of λ" in found
    assert found[1:] == ["of 1 step"] * (trace_decay == 1)
    half = {**kind, "trace_decay": 0.5}
    assert_td_target(critic.right.game, td_lambda_target(critic.right.game, **half), **half)


@pytest.mark.parametrize("share", [0.003, 0.0321, 0.25, 0.5, 0.97])
@pytest.mark.parametrize("length", [*LENGTHS, {"steps": 20}], ids=str)
def test_a_bootstrap_that_some_samples_lose_is_named_with_their_share(share, length):
    """At the end of n steps alone; where an end is seen in any step, it is another discount."""
    critic, q = faulty("general-sum", "own", LATE)
    game, kind = critic.right.game, {**length, **critic.kind}
    v = critic.right.soft(q)
    target = td_lambda_target if "trace_decay" in length else n_step_target
    wrong = target(game, v=(1 - share) * v, **kind)
    found = named(said(assert_td_target, game, wrong, v=v, **kind))
    if length == {"steps": 1}:
        assert found == f"with discount {0.8 * (1 - share):g}, as where {100 * share:.3g} {LOST}"
    else:
        lost = f"with the bootstrap lost in {100 * share:.3g} % of the samples"
        assert found == f"{lost}, such as those at a time limit"
    ended = target(dataclasses.replace(game, discount=0.8 * (1 - share)), v=v, **kind)
    found = named(said(assert_td_target, game, ended, v=v, **kind))
    assert found == f"with discount {0.8 * (1 - share):g}, as where {100 * share:.3g} {LOST}"
    q = Critic(dataclasses.replace(game, discount=0.8 * (1 - share)), critic.policy, 0.3, "own").q()
    assert named(said(assert_soft_q, game, q, **critic.kind)).endswith(f", as where {100 * share:.3g} {LOST}")


def can_be_made(fault, game, policy):
    """Whether a fault is another than nothing, and the numbers in its name are these."""
    if fault.made == PLACE or fault.agents or "exchanged" in fault.name or "a share of the steps" in fault.name:
        return False  # their names hold agents and numbers of the other tests
    if "joint actions in place of its sum" in fault.phrase and game.num_joint_actions == 1:
        return False
    if "log π of the present" in fault.name and not all((rows > 0).all() for rows in policy):
        return False
    return fault.name != "standardised rewards" or game.rewards.std() > 1e-3


@costly
@given(
    games(min_agents=1, discounts=st.sampled_from([0.5, 0.8])),
    temperatures(0.1, 10),
    st.sampled_from(ENTROPIES),
    st.sampled_from(LENGTHS),
    st.data(),
)
def test_every_fault_with_these_numbers_is_named_in_any_game(game, temperature, entropy, length, data):
    """Whichever of the faults is made, it is named, and so is each other one that gives the same numbers."""
    policy, before = data.draw(policies(game)), data.draw(policies(game))
    candidates = [
        Faulty(fault, game, policy, temperature, entropy, before)
        for fault in faults(entropy)
        if can_be_made(fault, game, policy)
    ]
    if not candidates[0].right.bonus.any():  # of pure policies: no entropy is kept
        candidates = [each for each in candidates if not each.fault.entropy]
    made = data.draw(st.sampled_from(candidates))
    seed = data.draw(st.integers(0, 9))
    q = np.random.default_rng(seed).normal(size=made.shape)
    kind = {"policy": policy, "temperature": temperature, "entropy": entropy}
    held = {"q": made.right.shaped(q), **length, **kind}
    right = (td_lambda_target if "trace_decay" in length else n_step_target)(game, **held)
    for name, assertion, exact, theirs, more in (
        ("target", assert_td_target, right, lambda c: c.target(q, **length), held),
        ("q", assert_soft_q, made.right.q(), lambda c: c.right.shaped(c.q()), kind),
        ("v", assert_soft_v, made.right.v(), lambda c: c.v(), kind),
    ):
        wrong = theirs(made)
        scale = 1 + np.abs(exact).max() + np.abs(wrong).max()
        if np.abs(wrong - exact).max() <= 1e-4 * scale:
            continue  # it passes, or almost
        found = named(said(assertion, game, wrong, **more, **TIGHT, earlier_policy=before))
        for other in candidates:
            numbers = theirs(other)
            phrase = other.phrase(name, length.get("steps", 1))
            if phrase == "right":
                continue
            if np.abs(numbers - wrong).max() <= 1e-12 * scale:
                assert phrase in found
            elif np.abs(numbers - wrong).max() > 4e-9 * scale:
                once = assertion is assert_soft_v and other.fault.value is not None
                sooner = other.fault is PRESENT and assertion is assert_td_target
                assert once or sooner or phrase not in re.split(r", or (?=with|of|without|times|plus)", found)


@given(
    games(), temperatures(0.1, 10), st.sampled_from(ENTROPIES), st.sampled_from(LENGTHS), st.integers(0, 99), st.data()
)
def test_a_random_error_has_no_name(game, temperature, entropy, length, seed, data):
    kind = {"policy": data.draw(policies(game)), "temperature": temperature, "entropy": entropy}
    rng = np.random.default_rng(seed)
    exact = soft_evaluation(game, **kind)
    held = {"q": exact.q + rng.normal(size=exact.q.shape), **length, **kind}
    target = (td_lambda_target if "trace_decay" in length else n_step_target)(game, **held)
    for assertion, numbers, more in (
        (assert_td_target, target, held),
        (assert_soft_q, exact.q, kind),
        (assert_soft_v, exact.v, kind),
    ):
        if numbers.size < 4:
            continue  # what is fitted to three entries explains nothing
        error = rng.uniform(0.5, 1, numbers.shape) * rng.choice([-1, 1], numbers.shape)
        assert not named(said(assertion, game, numbers + error * (1 + np.abs(numbers).max()), **more))


def test_faults_are_named_in_the_targets_of_the_papers_critics():
    for structure, entropy in (("common-payoff", "team"), ("general-sum", "own")):
        critic, q = faulty(structure, entropy, LATE)
        game, kind = critic.right.game, {"policy": critic.policy, "temperature": 0.3, "q": critic.right.shaped(q)}
        ended = dataclasses.replace(game, discount=0.72)
        if entropy == "team":
            wrong = hasac_target(ended, **kind)
            traced = soft_qmix_target(game, **kind, trace_decay=0.6)
            message = said(assert_td_target, game, traced, trace_decay=0.4, **kind)
            assert named(message) == "with 1 − λ = 0.6 in place of λ"
        else:
            own = [aorpo_target(ended, i, **(kind | {"q": kind["q"][i]})) for i in range(game.num_agents)]
            wrong = np.stack(own)
        message = said(assert_td_target, game, wrong, entropy=entropy, **kind)
        assert named(message) == f"with discount 0.72, as where 10 {LOST}"


def test_an_end_that_has_changed_places_with_a_state_is_seen():
    """What stands at the end is somebody's own, and so is what they have where the end belongs."""
    critic, _ = faulty("common-payoff", "team", LATE, ending=0.15)
    game, kind = critic.right.game, critic.kind
    q = np.roll(Critic(game, critic.policy, 0.3, "team").q(), -1, axis=0)
    q[3] = 7.0
    order = "1 where 0 belongs, 2 where 1 belongs, 3 where 2 belongs, 4 where 3 belongs"
    assert named(said(assert_soft_q, game, q, **kind)) == f"with the states in another order: {order}"
    q[:2] = np.random.default_rng(0).normal(size=q[:2].shape)
    assert not named(said(assert_soft_q, game, q, **kind))


def test_agents_who_have_the_same_actions_available_are_exchanged():
    """Of the actions that only one of them has, nobody knows what they are worth; the others tell."""
    rng = np.random.default_rng(0)
    rewards, moves = rng.normal(size=(4, 3, 3)), rng.dirichlet(np.ones(4), size=(4, 3, 3))
    same, other = rng.random((4, 3)) < 0.7, np.ones((4, 3), dtype=bool)
    same[:, 1] = True
    other[2, 0] = False
    for available, alike in (([same, same], True), ([other, np.ones((4, 3))], False)):
        game = Game.stochastic(rewards, moves, 0.8, available=available)
        kind = {"policy": random_policy(game, rng), "temperature": 0.3}
        critic = Critic(game, kind["policy"], 0.3, "team")
        q = np.swapaxes(critic.q(), 1, 2)
        assert named(said(assert_soft_q, game, q, **kind)) == "with the actions of agents 0 and 1 exchanged"
        given = np.where(critic.shaped(critic.counts), rng.normal(size=q.shape), np.nan)
        value = np.einsum("sa,sb,sba->s", *kind["policy"], np.nan_to_num(given)) + critic.bonus
        message = named(said(assert_td_target, game, critic.shaped(critic.backup(value)), q=given, **kind))
        assert message == "with Q at the actions of agents 0 and 1 exchanged" * alike


@pytest.mark.parametrize("noise", [0.0, 1e-9, 1e-7])  # the last is what single precision leaves
@pytest.mark.parametrize("seed", range(4))
def test_rounding_does_not_decide_which_of_those_that_are_alike_has_moved(noise, seed):
    rng = np.random.default_rng(seed)
    rewards, moves = rng.normal(size=(5, 2, 3)), rng.dirichlet(np.ones(5), size=(5, 2, 3))
    for array in (rewards, moves):
        array[1] = array[0]  # two states, and two joint actions in every state
        array[:, 1, 2] = array[:, 0, 0]
    game = Game.stochastic(rewards, moves, 0.9)
    policy = [np.repeat(rng.dirichlet(np.ones(actions), size=1), 5, axis=0) for actions in game.num_actions]
    kind = {"policy": policy, "temperature": 0.5}
    q = soft_evaluation(game, **kind).q
    blurred = 1 + noise * rng.normal(size=q.shape)
    message = said(assert_soft_q, game, q[[0, 1, 3, 2, 4]] * blurred, **kind)
    assert named(message) == "with the states in another order: 3 where 2 belongs, 2 where 3 belongs"
    message = said(assert_soft_q, game, q.reshape(5, 6)[:, [0, 4, 2, 3, 1, 5]].reshape(q.shape) * blurred, **kind)
    phrase = "with the joint actions in another order: (1, 1) where (0, 1) belongs, (0, 1) where (1, 1) belongs"
    assert phrase in named(message)
    assert "(0, 0)" not in named(message)

"""Lemmas C.1-C.4, extended or not, printed and sharper, of any two processes: each has its own dynamics and policies.

The error of the dynamics in a step is the smaller of its expectations along p_1 and p_2 at that step: each step of the
proofs may take either, so that the bounds hold with M along p_2, as printed, and with M along p_1. Games are those of
the strategies, with absorbing states, nearly deterministic policies, and rewards of either sign.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.bounds import Process, lemmas, sharper
from mathrl.games import Game
from mathrl.proofs_checks.strategies import _near, games, policies
from tests.examples import costly

STEPS = 512
DISCOUNTS = st.sampled_from([0.0, 0.5, 0.9])  # 0.9^512 < 1e-23
ROUNDING = 1e-12
"""Of laws of up to 512 steps, by squaring: rows of powers of P sum to 1 within 512 · 4 roundings."""


@st.composite
def processes(draw, number):
    """An agent, and processes of one game: dynamics and policies are those of the first, near them, or unrelated."""
    game = draw(games(max_agents=4, max_actions=3, max_states=3, sparse=False, discounts=DISCOUNTS))
    found = [Process(game, draw(policies(game)))]
    for _ in range(number - 1):
        dynamics = learned(game, draw(_near(np.asarray(game.transitions))))
        found.append(Process(dynamics, tuple(draw(_near(own)) for own in found[0].policy)))
    return draw(st.integers(0, game.num_agents - 1)), *found


def learned(game, transitions):
    """The game in other dynamics."""
    return Game.stochastic(game.rewards, transitions, game.discount, game.start)


def tv(one, other):
    return np.abs(one - other).sum(axis=-1) / 2


def laws(process):
    """The laws of s_0 … s_{STEPS−1}, (STEPS, S)."""
    P, law_ts = process.chain, process.game.start[None]
    while len(law_ts) < STEPS:
        law_ts, P = np.concatenate([law_ts, law_ts @ P]), P @ P
    return law_ts


def wrong(one, other):
    """TV(T_1(·|s, a), T_2(·|s, a)), (S, A)."""
    return tv(*(np.asarray(process.game.transitions).reshape(*process.joint.shape, -1) for process in (one, other)))


def of_policies(agent, one, other):
    """P, the O_j, and O of the opponents' joint policy."""
    opponents = [j for j in range(len(one.policy)) if j != agent]
    joints = [np.ones((one.game.num_states, 1))] * 2
    for j in opponents:
        pairs = zip(joints, (one.policy[j], other.policy[j]), strict=True)
        joints = [(joint[:, :, None] * own[:, None]).reshape(len(joint), -1) for joint, own in pairs]
    P, *O_j = (min(1.0, tv(one.policy[j], other.policy[j]).max()) for j in (agent, *opponents))
    return P, O_j, min(1.0, tv(*joints).max())


def assert_bounds(lemma, exact, numbers, distances, *, ours=(), theirs=(), largest=1.0, slack=ROUNDING, **kind):
    """The exact number is at most the sharper bound, and that the printed one: of each opponent, and of all as one.

    `distances` has those of `of_policies` by what their names end in.
    """
    coupling = getattr(sharper, f"coupling_{lemma}")
    each, all_as_one, joint = dict(numbers), dict(numbers), dict(numbers)
    for when, (P, O_j, O) in distances.items():  # noqa: E741, the paper's
        each |= {f"policy_distance{when}": P, f"opponent_distances{when}": O_j}
        all_as_one |= {f"policy_distance{when}": P, f"opponent_distances{when}": [O]}
        joint |= {f"policy_distance{when}": P, f"opponents_distance{when}": O}
    for name, known, printed_from in ((f"extended_{lemma}", each, each), (lemma, all_as_one, joint)):
        sharp = coupling(**dict(ours), **known, **kind)
        assert exact <= sharp + slack
        assert sharp <= min(largest, getattr(lemmas, name)(**dict(theirs), **printed_from)) + slack


def lemmas_c1_and_c2(agent, one, other):
    """TV of the laws of s_t, and of those of (s_t, a_t), for some t."""
    law_ts, other_ts, wrong_sa, distances = laws(one), laws(other), wrong(one, other), of_policies(agent, one, other)
    M_t = np.minimum(law_ts @ one.expected(wrong_sa), other_ts @ other.expected(wrong_sa))
    found = {}
    for t in (0, 1, 2, 3, 10, 100):
        states = tv(law_ts[t], other_ts[t])
        joints = tv(*((law[:, None] * p.joint).ravel() for law, p in ((law_ts[t], one), (other_ts[t], other))))
        assert_bounds("lemma_c1", joints, {"state_distance": min(1.0, states)}, {"": distances})
        M = min(1.0, M_t[:t].max(initial=0))  # the steps that led to s_t
        assert_bounds("lemma_c2", states, {"step": t, "dynamics_error": M}, {"": distances})
        found[t] = states, joints
    return found


def known_of(agent, game):
    """What enters the bounds on returns; the weights (1 − γ) γ^t of the steps, and the rewards (S, A)."""
    r_sa = game.rewards_isa[0 if game.common_payoff else agent]
    size, spread = np.abs(r_sa).max(), np.ptp(r_sa)
    known = {"ours": {"reward_range": spread, "discount": game.discount}, "largest": spread}
    known |= {"theirs": {"reward_bound": size, "discount": game.discount}, "slack": ROUNDING * (1 + size)}
    return known, (1 - game.discount) * game.discount ** np.arange(STEPS), r_sa


def lemma_c3(agent, one, other):
    """|η_1 − η_2|, normalised."""
    known, weights, r_sa = known_of(agent, one.game)
    law_ts, other_ts, wrong_sa, distances = laws(one), laws(other), wrong(one, other), of_policies(agent, one, other)
    M_t = np.minimum(law_ts @ one.expected(wrong_sa), other_ts @ other.expected(wrong_sa))
    exact = abs(weights @ (law_ts @ one.expected(r_sa) - other_ts @ other.expected(r_sa)))
    assert_bounds("lemma_c3", exact, {"dynamics_error": min(1.0, M_t.max())}, {"": distances}, **known)
    averaged = {"dynamics_error": min(1.0, weights @ M_t)}
    assert_bounds("lemma_c3", exact, averaged, {"": distances}, **known, averaged=True)
    return exact


def lemma_c4(agent, one, pre, post, k):
    """|η_1 − η^branch|, normalised: at time t the state is `pre`'s of time max(t − k, 0), min(t, k) steps of `post` on.

    M^post is over h < k steps after a branch at any time τ: along p_2 it is of `post` from that branch, along p_1 of
    time τ + h. For a discounted average it is along p_1, whose steps are counted by time.
    """
    known, weights, r_sa = known_of(agent, one.game)
    law_ts, rollout_ts = laws(one), laws(pre)
    of_pre, of_post = wrong(one, pre), wrong(one, post)
    M_pre_t = np.minimum(law_ts @ one.expected(of_pre), rollout_ts @ pre.expected(of_pre))
    M_post_t, M_post, until_k = law_ts @ one.expected(of_post), 0.0, []
    for h in range(k):
        along_rollout = rollout_ts @ post.expected(of_post)
        M_post = max(M_post, np.minimum(along_rollout[: STEPS - h], M_post_t[h:]).max())
        until_k.append(rollout_ts[0])
        rollout_ts = rollout_ts @ post.chain
    branched_ts = np.concatenate([*(law_s[None] for law_s in until_k), rollout_ts])[:STEPS]
    exact = abs(weights @ (law_ts @ one.expected(r_sa) - branched_ts @ post.expected(r_sa)))
    distances = {"_pre": of_policies(agent, one, pre), "_post": of_policies(agent, one, post)}
    numbers = {"dynamics_error_pre": min(1.0, M_pre_t.max()), "dynamics_error_post": min(1.0, M_post)}
    assert_bounds("lemma_c4", exact, numbers | {"branch_length": k}, distances, **known)
    numbers = {"dynamics_error_pre": min(1.0, weights @ M_pre_t), "dynamics_error_post": min(1.0, weights @ M_post_t)}
    assert_bounds("lemma_c4", exact, numbers | {"branch_length": k}, distances, **known, averaged=True)
    return exact


@costly
@given(processes(2))
def test_no_laws_are_farther_apart_than_lemmas_c1_and_c2_say(drawn):
    lemmas_c1_and_c2(*drawn)


@costly
@given(processes(2))
def test_no_returns_are_farther_apart_than_lemma_c3_says(drawn):
    lemma_c3(*drawn)


@costly
@given(processes(3), st.integers(0, 6))
def test_no_branched_returns_are_farther_apart_than_lemma_c4_says(drawn, k):
    lemma_c4(*drawn, k)


def fork(good, own=0, opponent=0):
    """From state 0 action 0 of both leads to state 1, which pays 1, if `good`; all else to 2, which pays −1."""
    transitions = np.zeros((3, 2, 2, 3))
    transitions[0, ..., 2], transitions[1, ..., 1], transitions[2, ..., 2] = 1.0, 1.0, 1.0
    transitions[0, 0, 0] = np.eye(3)[1 if good else 2]
    rewards = np.broadcast_to(np.array([0.0, 1.0, -1.0]).reshape(3, 1, 1), (3, 2, 2))
    game = Game.stochastic(rewards, transitions, 0.9, [1.0, 0.0, 0.0])
    return Process(game, tuple(np.eye(2)[[action] * 3] for action in (own, opponent)))


@pytest.mark.parametrize(
    ("other", "acts"),
    [(fork(good=False), False), (fork(good=True, own=1), True), (fork(good=True, opponent=1), True)],
    ids=["dynamics", "agent", "opponent"],
)
def test_each_error_alone_is_enough_to_part_two_processes(other, acts):
    """All other errors are 0: a bound that forgets this one is 0. Before the branch, and after it, as well."""
    one = fork(good=True)
    parted = lemmas_c1_and_c2(0, one, other)
    assert parted[0] == (0, float(acts))
    assert parted[1] == (1, 1)
    assert lemma_c3(0, one, other) == pytest.approx(2 * 0.9)
    assert lemma_c4(0, one, other, one, 1) == pytest.approx(2 * 0.9**2)  # from time 2 on, as the branch is late
    assert lemma_c4(0, one, one, other, 1) == pytest.approx(2 * 0.9 * 0.1)  # at time 1, where the branch is early
    assert lemma_c4(0, one, other, other, 1) == pytest.approx(2 * 0.9)

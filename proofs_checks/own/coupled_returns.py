"""Two processes as coupled as they can be: a bound on their laws and returns that is attained (for aorpo Lemma C.3)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from mathrl.bounds import coupling_lemma_c2, coupling_lemma_c3
from mathrl.bounds.closed_sums import any_of, lost
from mathrl.bounds.lemmas import bound_c3
from mathrl.games import Game
from mathrl.proofs_checks.aorpo import cases, chains
from mathrl.proofs_checks.families import instances
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.policy_value import rewards_of
from mathrl.proofs_checks.slack import Slack, all_of, at_most, equal
from mathrl.softmax import total_variation

LAST = 5

ROUNDING = 1e-10
"""What two linear systems and the closed forms of the sums over time leave, in units of the rewards."""


@claim(
    "mathrl.theorem-coupled-returns",
    at="for aorpo Lemmas C.2, C.3 and their extensions",
    verdict="holds",
    on=cases.processes,
    proof="sound",
    breaks={"acting": "alike"},
    argument="mathrl.proofs_checks.own.coupled_returns.coupled_returns",
)
def coupled_returns(
    game: Any,
    other_transitions: Any,
    policy: Sequence[Any],
    other_policy: Sequence[Any],
    agent: int,
    *,
    acting: str = "with their policies",
) -> Slack:
    """Two processes begin alike; agents act independently given the state, with policies that are at most ε_i apart in
    every state. Let y = 1 − Π_i (1 − ε_i), and let M be the largest expectation over time of the distance of their
    dynamics, along one of the two. Put 1 − c_t = min(1, (y + M) Σ_{s<t} (1 − y)^s). Then D_TV of the laws of the state
    at time t is at most 1 − c_t, and normalised returns differ by at most (max r − min r) (1 − γ) Σ_t γ^t
    (1 − (1 − y) c_t).

    Reading: Finite games; product policies of the state; all t, of which the laws of t = 1 … 5 are compared here.

    Finding: Both bounds are attained for all ε_i and M with M ≤ 1 − y, which is the variant. They are never above those
    of Lemmas C.2 and C.3 with max |r|, as (y + M) Σ_{s<t} (1 − y)^s ≤ t (M + Σ_i ε_i), and max r − min r ≤ 2 max |r|;
    so they prove these.

    Proof: Run both in one probability space. They begin in the same state. As long as all states and actions so far
    were the same, each agent draws its two actions in the common state by a maximal coupling, independently of the
    others: all agents' actions agree with probability 1 − y or more. Where they agree, the two next states are drawn by
    a maximal coupling of T(·|s, a) and T̂(·|s, a), and differ with probability d(s, a). Once something differs both go
    on by themselves; each has its own law all the time. Let A_t be the event that states up to s_t and actions before
    time t agree, and a_t its probability. Then P(A_t, actions at t agree) ≥ (1 − y) a_t, and P(A_t, actions at t agree,
    next states differ) = E[1(A_t, agree) d(s_t, a_t)] ≤ E[d(s_t, a_t)] ≤ M, where the expectation may be taken along
    either process, since they agree on the event. So a_{t+1} ≥ (1 − y) a_t − M, that is 1 − a_{t+1} ≤ y + M +
    (1 − y) (1 − a_t); by induction a_t ≥ c_t. The laws of s_t differ by at most P(not A_t), those of (s_t, a_t) by at
    most 1 − (1 − y) a_t. Finally Σ (p − p') r ≤ D_TV(p, p') (max r − min r), as Σ (p − p') = 0; the sum over t with
    weights (1 − γ) γ^t is the bound.

    Practice: To compare a bound with others, take this one: from the same errors none is lower.
    """
    one = chains.chain(game.start, game.transitions, chains.joint(policy))
    other = chains.chain(game.start, other_transitions, chains.joint(other_policy))
    own, *others = (min(1.0, chains.largest_distance(*pair)) for pair in zip(policy, other_policy, strict=True))
    known: dict[str, Any] = {
        "dynamics_error": min(1.0, chains.dynamics_error(game.transitions, other_transitions, other)),
        "policy_distance": own,
        "opponent_distances": others,
    }
    rewards = rewards_of(game, agent)
    spread, size = float(np.ptp(rewards)), 1 + float(np.abs(rewards).max())
    apart = chains.apart(game, chains.total(game, agent, one), chains.total(game, agent, other), "normalised")
    bound = coupling_lemma_c3(reward_range=spread, discount=game.discount, **known)
    if acting == "alike":
        bound = spread * lost(game.discount, (any_of((own, *others)), known["dynamics_error"]))
    found = total_variation(chains.laws(one, LAST + 1), chains.laws(other, LAST + 1))
    limits = np.array([coupling_lemma_c2(step=t, **known) for t in range(LAST + 1)])
    return all_of(at_most(found, limits, rounding=ROUNDING), at_most(apart, bound, rounding=ROUNDING * size))


@instances
def errors(draw: st.DrawFn) -> Mapping[str, Any]:
    """Distances of two agents' policies, the error of the dynamics as a part of what is left, rewards, a discount."""
    share = st.integers(0, 18).map(lambda twentieths: twentieths / 20)
    return {
        "distances": np.array([draw(share), draw(share)]),
        "part": draw(st.integers(0, 10)) / 10,
        "rewards": np.array([draw(st.sampled_from([0.0, -2.0])), draw(st.sampled_from([1.0, 3.0]))]),
        "discount": draw(st.sampled_from([0.5, 0.9])),
    }


@claim(
    "mathrl.theorem-coupled-returns",
    variant="attained",
    at="for aorpo Lemmas C.2, C.3 and their extensions",
    verdict="holds",
    on=errors,
    proof="sound",
    breaks={"bound": "printed"},
    argument="mathrl.proofs_checks.own.coupled_returns.attained",
)
def attained(distances: Any, part: Any, rewards: Any, discount: Any, *, bound: str = "coupling") -> Slack:
    """For all distances ε_i below 1 and every M from 0 to 1 − y there are two processes that differ by the bound.

    Reading: Two agents, rewards from `rewards[0]` to `rewards[1]`; M is taken along the second process, and is `part`
    times 1 − y.

    Finding: No bound from these numbers alone can be lower, as long as M ≤ 1 − y.

    Proof: If M > 0 let N be the first t with c_t = 0, else N = 0. The states are a track 0, …, N and a ditch, which is
    never left. From t on the track action 0 of both agents leads to min(t + 1, N), all else to the ditch. On the track
    action 0 of both pays max r; all else pays min r. In the first process both always play 0: it stays on the track and
    is paid max r. In the second agent i plays 1 with probability ε_i in each state, and its dynamics lead from t, where
    both play 0, to the ditch with probability d_t = min(1, M/((1 − y) c_t)), 0 at N if M > 0. By induction it is on the
    track at time t with probability c_t: (1 − y) c_t (1 − d_t) = max(0, (1 − y) c_t − M) = c_{t+1}. Its expectation
    E[d(s_t, a_t)] = (1 − y) c_t d_t is M at t = 0 and never more. It is paid max r with probability (1 − y) c_t. So the
    returns differ by (max r − min r) (1 − γ) Σ_t γ^t (1 − (1 − y) c_t), and the laws of s_t by 1 − c_t.
    """
    stay = float(np.prod(1 - distances))
    error, low, high = float(part) * stay, float(rewards[0]), float(rewards[1])
    track = [1.0]
    while error > 0 and track[-1] > 0:
        track.append(max(0.0, stay * track[-1] - error))
        track[-1] = 0.0 if track[-1] < 1e-12 else track[-1]
    last, states = len(track) - 1, len(track) + 1
    transitions = np.zeros((states, 2, 2, states))
    transitions[:, :, :, -1] = 1
    for t in range(last + 1):
        transitions[t, 0, 0] = np.eye(states)[min(t + 1, last)]
    other = transitions.copy()
    for t, together in enumerate(track):
        left = min(1.0, error / (stay * together)) if together > 0 else 0.0
        other[t, 0, 0] = (1 - left) * other[t, 0, 0] + left * np.eye(states)[-1]
    paid = np.full((states, 2, 2), low)
    paid[:-1, 0, 0] = high
    game = Game.stochastic(paid, transitions, discount, np.eye(states)[0])
    sure = [np.tile([1.0, 0.0], (states, 1))] * 2
    mixed = [np.tile([1 - each, each], (states, 1)) for each in distances]
    one, two = (
        chains.total(game, 0, chains.chain(game.start, dynamics, chains.joint(chosen)))
        for dynamics, chosen in ((transitions, sure), (other, mixed))
    )
    known: dict[str, Any] = {
        "dynamics_error": error,
        "policy_distance": float(distances[0]),
        "opponent_distances": (float(distances[1]),),
    }
    found = chains.apart(game, one, two, "normalised")
    if bound == "printed":
        limit = bound_c3(max(abs(low), abs(high)), discount, error, float(distances.sum()))
    else:
        limit = coupling_lemma_c3(reward_range=high - low, discount=discount, **known)
    return equal(found, limit, rounding=ROUNDING * (1 + abs(limit)))

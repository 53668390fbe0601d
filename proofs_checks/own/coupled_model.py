"""Returns in a learned model, where each shift of a policy counts once and only in the state (for aorpo Theorem 1)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from mathrl.bounds import coupling_theorem_1, linear_theorem_1
from mathrl.bounds.closed_sums import any_of, lost
from mathrl.bounds.lemmas import bound_c3
from mathrl.games import Game
from mathrl.proofs_checks.aorpo import cases, chains
from mathrl.proofs_checks.families import instances
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.own.coupled_returns import ROUNDING
from mathrl.proofs_checks.policy_value import rewards_of
from mathrl.proofs_checks.slack import Slack, all_of, at_most, equal


@claim(
    "mathrl.theorem-coupled-model",
    at="for aorpo Theorems 1, 3, 4 and Extended Theorem A.1",
    verdict="holds",
    on=cases.modelled(),
    proof="sound",
    breaks={"acting": "alike"},
    argument="mathrl.proofs_checks.own.coupled_model.coupled_model",
)
def coupled_model(
    game: Any,
    learned_transitions: Any,
    policy: Sequence[Any],
    data_policy: Sequence[Any],
    opponent_policies: Sequence[Any],
    agent: int,
    *,
    acting: str = "with its policies",
) -> Slack:
    """With the errors of Theorem 1, ε_m along the real or along the learned dynamics with π_D, the normalised returns
    η_i[π^i, π^{-i}] and η̂_i[π^i, π̂^{-i}] differ by at most (max r − min r) (1 − γ) Σ_t γ^t (1 − f c_t), where
    f = Π_j (1 − ε_π̂^j), y = 1 − (1 − ε_π^i) Π_j (1 − ε_π^j − ε_π̂^j)^+ and 1 − c_t = min(1, (y + ε_m) Σ_{s<t}
    (1 − y)^s). This is at most (max r − min r) [γ (ε_m + ε_π^i + Σ_j ε_π^j + Σ_j ε_π̂^j)/(1 − γ) + Σ_j ε_π̂^j].

    Reading: Finite games, product policies of the state.

    Finding: Each shift counts once and not twice, and not at all after the fraction, since both returns are of the same
    policies. It is attained where π leaves a fork with probability ε_π^i at each step, for a state that pays max r in
    the game and min r in the model, and π_D never does: the returns differ by (max r − min r) γ y/(1 − γ (1 − y)).

    Proof: Run three processes in one probability space: the real one, T with π; the model, T̂ with (π^i, π̂^{-i}); and
    the one along which ε_m is taken, T or T̂ with π_D. As long as all three are together, in a state s, agent i draws
    one action for the first two, which have the same policy, and by a maximal coupling the third one's, so that all are
    equal with probability 1 − ε_π^i or more. Opponent j draws from π^j, and given that, by maximal couplings, from π̂^j
    and from π_D^j: all three are equal with probability (1 − ε_π^j − ε_π̂^j)^+ or more, the first two with 1 − ε_π̂^j
    or more. Agents draw independently. Where all actions agree, the two processes that have the same dynamics draw one
    next state, and the other one by a maximal coupling, so that it differs with probability d(s, a). Once anything
    differs, they go on by themselves. Let a_t be the probability that all are together up to s_t. The probability that
    they are, act alike, and then part is at most E[d(s_t, a_t)] along the third process, hence at most ε_m; so a_{t+1}
    ≥ (1 − y) a_t − ε_m and a_t ≥ c_t. The first two processes have the same state and action at time t with probability
    f a_t or more. So the laws of (s_t, a_t) differ by at most 1 − f c_t, and the sum of (1 − γ) γ^t Σ (p − p') r is at
    most the bound. For the second one 1 − f c_t ≤ Σ_j ε_π̂^j + t (ε_m + y), y ≤ ε_π^i + Σ_j (ε_π^j + ε_π̂^j), and (1 −
    γ) Σ_t γ^t t = γ/(1 − γ).

    Practice: Theorem 1's bound is more than twice this one where models are good and policies move.
    """
    others = [j for j in range(len(policy)) if j != agent]
    executed = [*opponent_policies[:agent], policy[agent], *opponent_policies[agent:]]
    real = chains.chain(game.start, game.transitions, chains.joint(policy))
    model = chains.chain(game.start, learned_transitions, chains.joint(executed))
    data = chains.chain(game.start, game.transitions, chains.joint(data_policy))
    known: dict[str, Any] = {
        "dynamics_error": min(1.0, chains.dynamics_error(game.transitions, learned_transitions, data)),
        "policy_shift": _apart(policy[agent], data_policy[agent]),
        "opponent_shifts": [_apart(policy[j], data_policy[j]) for j in others],
        "opponent_errors": [_apart(policy[j], guess) for j, guess in zip(others, opponent_policies, strict=True)],
    }
    rewards = rewards_of(game, agent)
    spread, size = float(np.ptp(rewards)), 1 + float(np.abs(rewards).max())
    found = chains.apart(game, chains.total(game, agent, real), chains.total(game, agent, model), "normalised")
    sharp, linear = (
        bound(reward_range=spread, discount=game.discount, **known) for bound in (coupling_theorem_1, linear_theorem_1)
    )
    if acting == "alike":
        parting = any_of(map(sum, zip(known["opponent_shifts"], known["opponent_errors"], strict=True)))
        parting = min(1.0, any_of((parting, known["policy_shift"])))
        sharp = spread * lost(game.discount, (parting, known["dynamics_error"]))
    return all_of(at_most(found, sharp, rounding=ROUNDING * size), at_most(sharp, linear, rounding=ROUNDING * size))


def _apart(policy: Any, other: Any) -> float:
    """max_s D_TV, at most 1."""
    return min(1.0, float(chains.largest_distance(policy, other)))


@instances
def forks(draw: st.DrawFn) -> Mapping[str, Any]:
    """Shifts of two agents, the least and the largest reward, and a discount."""
    share = st.integers(0, 20).map(lambda twentieths: twentieths / 20)
    return {
        "shifts": np.array([draw(share), draw(share)]),
        "rewards": np.array([draw(st.sampled_from([0.0, -2.0])), draw(st.sampled_from([1.0, 3.0]))]),
        "discount": draw(st.sampled_from([0.5, 0.9])),
    }


@claim(
    "mathrl.theorem-coupled-model",
    variant="attained",
    at="for aorpo Theorems 1, 3, 4 and Extended Theorem A.1",
    verdict="holds",
    on=forks,
    proof="sound",
    breaks={"bound": "printed"},
    argument="mathrl.proofs_checks.own.coupled_model.attained",
)
def attained(shifts: Any, rewards: Any, discount: Any, *, bound: str = "coupling") -> Slack:
    """For all shifts ε_π of the policies there is a game and a model of it whose returns differ by the bound, with no
    other error.

    Reading: Two agents, rewards from `rewards[0]` to `rewards[1]`.

    Finding: So each shift must count once. The printed bound of Theorem 3 is at least twice as large.

    Proof: At a fork action 0 of both agents stays, all else leads to a state that is never left and pays max r in the
    game, and to one that pays min r in the model. The fork pays min r, too. π_D plays 0, so that ε_m = 0; agent i plays
    1 with probability ε_π^i, so that with y = 1 − Π_i (1 − ε_π^i) the fork is left by time t with probability
    1 − (1 − y)^t, in both. The returns differ by (max r − min r) (1 − γ) Σ_t γ^t (1 − (1 − y)^t).
    """
    low, high = float(rewards[0]), float(rewards[1])
    transitions, learned = np.zeros((3, 2, 2, 3)), np.zeros((3, 2, 2, 3))
    for dynamics, leads in ((transitions, 1), (learned, 2)):
        dynamics[0, :, :, leads] = 1
        dynamics[0, 0, 0] = [1, 0, 0]
        dynamics[1, :, :, 1] = dynamics[2, :, :, 2] = 1
    paid = np.full((3, 2, 2), low)
    paid[1] = high
    game = Game.stochastic(paid, transitions, discount, [1.0, 0.0, 0.0])
    played = chains.joint([np.tile([1 - each, each], (3, 1)) for each in shifts])
    real, model = (chains.total(game, 0, chains.chain(game.start, each, played)) for each in (transitions, learned))
    known: dict[str, Any] = {
        "dynamics_error": 0.0,
        "policy_shift": float(shifts[0]),
        "opponent_shifts": (float(shifts[1]),),
    }
    if bound == "printed":
        size, x = max(abs(low), abs(high)), 2 * float(shifts.sum())
        limit = bound_c3(size, discount, 0.0, x)
    else:
        limit = coupling_theorem_1(reward_range=high - low, discount=discount, **known, opponent_errors=(0.0,))
    return equal(chains.apart(game, real, model, "normalised"), limit, rounding=ROUNDING * (1 + abs(limit)))

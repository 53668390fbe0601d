"""Returns of branched rollouts: a bound that is sharper than the printed ones (for aorpo Lemma C.4 and Theorem 2)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from mathrl.bounds import coupling_lemma_c4, coupling_theorem_2, linear_theorem_2
from mathrl.games import Game
from mathrl.proofs_checks.aorpo import cases, chains
from mathrl.proofs_checks.families import instances
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.own.coupled_returns import ROUNDING
from mathrl.proofs_checks.policy_value import rewards_of
from mathrl.proofs_checks.slack import Slack, at_most, equal


@claim(
    "mathrl.theorem-coupled-rollouts",
    at="for aorpo Lemma C.4, Theorems 2, 5 and their extensions",
    verdict="holds",
    on=cases.branches,
    proof="sound",
    breaks={"before": "left out"},
    argument="mathrl.proofs_checks.own.coupled_rollouts.coupled_rollouts",
)
def coupled_rollouts(
    game: Any,
    pre_transitions: Any,
    post_transitions: Any,
    policy: Sequence[Any],
    pre_policy: Sequence[Any],
    post_policy: Sequence[Any],
    agent: int,
    branch_length: int,
    *,
    before: str = "counted",
) -> Slack:
    """A process is compared with rollouts that branch from a second process and go on for k steps of a third. Let y be
    1 − Π_i (1 − ε_i) of the policies' largest distances before the branch, or after it, and M the largest expected
    distance of the dynamics in these steps. Normalised returns differ by at most (max r − min r) (1 − γ) Σ_t γ^t
    (1 − (1 − y^post) c_t), where c_t comes from 1 by max(t − k, 0) times c ↦ (1 − y^pre) c − M^pre and then min(t, k)
    times c ↦ (1 − y^post) c − M^post, and is 0 where that is negative.

    Reading: Finite games, product policies of the state. M^post is an expectation along the rollouts at each of their
    steps, which is what is searched, or along the first process, as the proof shows. For all k ≥ 0.

    Finding: It is never above the printed bound with max |r|, and proves Lemma C.4 so corrected. With T for the
    dynamics before the branch, π_D^i for the policies there, and π^i after it, it proves Theorems 2 and 5 for
    normalised returns, max |r| and ε'_m along the real dynamics with π, as M^post may be taken along the first process.

    Proof: Fix t and let m = max(t − k, 0). The branched return counts at time t the state and action of a process that
    makes m steps of the second kind and then t − m of the third, and acts as the third. Couple this process with the
    first one as in `mathrl.theorem-coupled-returns`: in each step, while both are together, agents' actions agree with
    probability 1 − y of that step or more, and the probability that they agree and the next states differ is at most
    the expectation of d(s, a) in that step, along either process, hence at most M of that step. So the probability of
    being together falls by no more than c ↦ (1 − y) c − M in each step, and in the end state and action are alike with
    probability (1 − y^post) c_t or more. The sum over t is as there. It is below the printed bound: 1 − c_t ≤
    m (M^pre + y^pre) + min(t, k) (M^post + y^post), where min(t, k) ≤ k and (1 − γ) Σ_{t>k} γ^t (t − k) =
    γ^{k+1}/(1 − γ).
    """
    real = chains.chain(game.start, game.transitions, chains.joint(policy))
    pre = chains.chain(game.start, pre_transitions, chains.joint(pre_policy))
    post = chains.chain(game.start, post_transitions, chains.joint(post_policy))
    pre_ts = chains.laws(pre)
    wrong_s, of_s = (
        chains.expected(run, chains.dynamics_distance(game.transitions, dynamics))
        for run, dynamics in ((pre, pre_transitions), (post, post_transitions))
    )
    after = [0.0]
    for _ in range(branch_length):
        after.append(chains.over_time(pre_ts, of_s))
        of_s = post.step @ of_s
    earlier, later = (
        [min(1.0, float(chains.largest_distance(*pair))) for pair in zip(policy, other, strict=True)]
        for other in (pre_policy, post_policy)
    )
    kept = 1.0 if before == "counted" else 0.0
    rewards = rewards_of(game, agent)
    bound = coupling_lemma_c4(
        reward_range=float(np.ptp(rewards)),
        discount=game.discount,
        dynamics_error_pre=kept * min(1.0, chains.over_time(pre_ts, wrong_s)),
        policy_distance_pre=kept * earlier[0],
        opponent_distances_pre=[kept * each for each in earlier[1:]],
        dynamics_error_post=min(1.0, max(after)),
        policy_distance_post=later[0],
        opponent_distances_post=later[1:],
        branch_length=branch_length,
    )
    branched = chains.branched_total(game, agent, pre, post, branch_length)
    found = chains.apart(game, chains.total(game, agent, real), branched, "normalised")
    return at_most(found, bound, rounding=ROUNDING * (1 + float(np.abs(rewards).max())))


@instances
def tracks(draw: st.DrawFn) -> Mapping[str, Any]:
    """Shifts of two agents, the error of the second one's model, a length, rewards, and a discount."""
    share = st.sampled_from([0.25, 0.0, 0.5, 1.0, 0.1])
    return {
        "shifts": np.array([draw(share), draw(share)]),
        "model_error": draw(share),
        "branch_length": draw(cases.LENGTHS),
        "rewards": np.array([draw(st.sampled_from([0.0, -2.0])), draw(st.sampled_from([1.0, 3.0]))]),
        "discount": draw(st.sampled_from([0.5, 0.9])),
    }


@claim(
    "mathrl.theorem-coupled-rollouts",
    variant="attained",
    at="for aorpo Theorem 2",
    verdict="holds",
    on=tracks,
    proof="sound",
    breaks={"bound": "linear"},
    argument="mathrl.proofs_checks.own.coupled_rollouts.attained",
)
def attained(
    shifts: Any, model_error: Any, branch_length: int, rewards: Any, discount: Any, *, bound: str = "coupling"
) -> Slack:
    """For all shifts of the policies, all errors of opponents' models and every k there is a game with perfect dynamics
    in which the returns that Theorem 2 compares differ by the bound.

    Reading: Two agents, of which agent 0 is the one that learns; ε'_m = 0; rewards from `rewards[0]` to `rewards[1]`.

    Finding: Also the sharper bound that is linear in the errors is larger, by terms of second order.

    Proof: On a track of one state action 0 of both agents stays and pays max r; all else leads to a ditch that is never
    left, and pays min r, as the ditch does. π plays 0, π_D^i plays 1 with probability ε_π^i, the opponent's model with
    probability ε_π̂. The real return is max r. At time t rollouts are on the track with probability
    Π_i (1 − ε_π^i)^{max(t − k, 0)} (1 − ε_π̂)^{min(t, k)}, which is c_t, and are paid max r with 1 − ε_π̂ times that.
    """
    low, high = float(rewards[0]), float(rewards[1])
    transitions, paid = np.zeros((2, 2, 2, 2)), np.full((2, 2, 2), low)
    transitions[..., 1] = 1
    transitions[0, 0, 0], paid[0, 0, 0] = [1, 0], high
    game = Game.stochastic(paid, transitions, discount, [1.0, 0.0])

    def run(*leaving: float) -> chains.Chain:
        played = chains.joint([np.tile([1 - each, each], (2, 1)) for each in leaving])
        return chains.chain(game.start, transitions, played)

    found = chains.apart(
        game,
        chains.total(game, 0, run(0.0, 0.0)),
        chains.branched_total(game, 0, run(*shifts), run(0.0, model_error), branch_length),
        "normalised",
    )
    formula = coupling_theorem_2 if bound == "coupling" else linear_theorem_2
    limit = formula(
        reward_range=high - low,
        discount=discount,
        dynamics_error=0.0,
        policy_shift=float(shifts[0]),
        opponent_shifts=(float(shifts[1]),),
        opponent_errors=(model_error,),
        branch_length=branch_length,
    )
    return equal(found, limit, rounding=ROUNDING * (1 + abs(limit)))

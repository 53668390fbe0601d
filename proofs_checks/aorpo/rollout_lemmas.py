"""How far the returns of branched rollouts are from another return: Lemma C.4 and its extension."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mathrl.bounds.lemmas import bound_c4
from mathrl.proofs_checks.aorpo import cases, chains
from mathrl.proofs_checks.aorpo.return_bounds import NORMALISED
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.slack import Slack, at_most


@claim(
    "aorpo.lemma-c.4",
    at="Appendix C, l. 1901-2083",
    verdict="corrected",
    severity="slip",
    on=cases.branches,
    proof="false step at l. 2073",
    survives={"reward": "size"},
    rests_on=("aorpo.lemma-c.1", "aorpo.lemma-c.2"),
    argument="mathrl.proofs_checks.own.coupled_rollouts.coupled_rollouts",
)
def branched_returns_apart(*, reward: str = "largest", **instance: Any) -> Slack:
    """The return of a process differs from that of rollouts which branch from another process and go on for k steps in
    a third by at most 2 r_max [γ^{k+1} (M^pre + x)/(1 − γ) + γ^{k+1} x + k (M^post + y) + y], x = P^pre + O^pre,
    y = P^post + O^post.

    Reading: The return is normalised, as the proof of Lemma C.3 before it has it; r_max = max r. The state at time t is
    the one min(t, k) steps of the third process after what the second reached at max(t − k, 0), as in the proof; its
    "several steps" name no number. M^pre and M^post are the largest expectations along the rollouts before and after
    their branch. For all k ≥ 0.

    Finding: The proof is right up to its last step, where r_max must bound |r|.

    Correction: Max |r| for r_max. Sharper: `mathrl.theorem-coupled-rollouts`.

    Practice: Whoever computes it must measure M^post at all steps of a rollout; the variant shows what else happens.
    """
    return _branched_returns_apart(**instance, each=False, reward=reward)


@claim(
    "aorpo.lemma-c.4",
    variant="max |r|, model error under the law of each time",
    at="Appendix C, l. 1901-2083",
    verdict="corrected",
    severity="gap",
    on=cases.branches,
    proof="false step at l. 1995",
    survives={"along": "rollouts"},
    rests_on=("aorpo.lemma-c.1", "aorpo.lemma-c.2"),
    argument="mathrl.proofs_checks.own.coupled_rollouts.coupled_rollouts",
)
def branched_returns_apart_by_time(*, along: str = "times", **instance: Any) -> Slack:
    """Lemma C.4 with max |r|, where M^post is an expectation under p_2(s_t, a_t) as the proof writes it: the law of
    what the branched return counts at time t, which for t > k is that at the end of a rollout.

    Reading: The process p_2 is named in the lemma and not defined; the proof uses it for these laws.

    Finding: The steps of a rollout are made from the states before its end. A model may be wrong in all states that
    rollouts begin in, and right in those that they end in. So the estimate for t > k fails (l. 1995).

    Correction: The expectation is along the rollouts, at each of their k steps.

    Practice: The error of a model is to be measured where rollouts use it, at every step, not where they end.
    """
    return _branched_returns_apart(**instance, each=False, reward="size", along=along)


@claim(
    "aorpo.lemma-c.4",
    variant="max |r|, rollouts that end",
    at="Appendix C, l. 1901-2083, especially l. 1962-1974",
    verdict="refuted",
    severity="gap",
    on=cases.endings,
    proof="gap",
    survives={"rollouts": "at each time"},
    rests_on=("aorpo.lemma-c.1", "aorpo.lemma-c.2"),
    argument="mathrl.proofs_checks.own.coupled_rollouts.coupled_rollouts",
)
def branched_return_that_ends(*, steps_before: int, rollouts: str = "end", **instance: Any) -> Slack:
    """Lemma C.4 with max |r|, where the branched return is that of one trajectory: some steps before the branch, k
    steps after it, and nothing then.

    Reading: That is how the lemma describes η^branch; "several steps" is for all numbers of them.

    Finding: What a real trajectory earns after the last step is missing, so that even without any error the returns
    differ. The proof compares at each time t the laws of the real state and of one that was reached by a rollout.

    Correction: The branched return counts at each time t the state min(t, k) steps after a branch at max(t − k, 0).

    Practice: Rollouts of k steps must end in a value, as those of the algorithm do in the Q function.
    """
    if rollouts == "at each time":
        return _branched_returns_apart(**instance, each=False, reward="size")
    game, agent = instance["game"], instance["agent"]
    pre, post = (
        chains.chain(game.start, instance[f"{when}_transitions"], chains.joint(instance[f"{when}_policy"]))
        for when in ("pre", "post")
    )
    law, found = game.start, 0
    for t in range(steps_before + instance["branch_length"]):
        now = pre if t < steps_before else post
        found = found + game.discount**t * (law @ chains.paid(game, agent, now))
        law = law @ now.step
    return _branched_returns_apart(**instance, each=False, reward="size", ending=found)


@claim(
    "aorpo.extended-lemma-c.4",
    at="Appendix C, l. 2216-2300",
    verdict="corrected",
    severity="slip",
    on=cases.branches,
    proof="false step at l. 2073",
    survives={"reward": "size"},
    rests_on=("aorpo.extended-lemma-c.1", "aorpo.extended-lemma-c.2", "aorpo.lemma-c.4"),
    argument="mathrl.proofs_checks.own.coupled_rollouts.coupled_rollouts",
)
def branched_returns_apart_of_many(*, reward: str = "largest", **instance: Any) -> Slack:
    """Lemma C.4 with the sums over the other agents for O^pre and O^post.

    Reading: As Lemma C.4; the O^pre and O^post under the sums are those of agent j, whose index is not printed there.

    Finding: As Lemma C.4.

    Correction: Max |r| for r_max.

    Practice: As for Lemma C.4.
    """
    return _branched_returns_apart(**instance, each=True, reward=reward)


def _branched_returns_apart(
    game: Any,
    pre_transitions: Any,
    post_transitions: Any,
    policy: Sequence[Any],
    pre_policy: Sequence[Any],
    post_policy: Sequence[Any],
    agent: int,
    branch_length: int,
    *,
    each: bool,
    reward: str,
    along: str = "rollouts",
    ending: Any = None,
) -> Slack:
    real = chains.chain(game.start, game.transitions, chains.joint(policy))
    pre = chains.chain(game.start, pre_transitions, chains.joint(pre_policy))
    post = chains.chain(game.start, post_transitions, chains.joint(post_policy))
    pre_ts = chains.laws(pre)
    error_s = chains.expected(pre, chains.dynamics_distance(game.transitions, pre_transitions))
    before = chains.over_time(pre_ts, error_s), chains.policies_apart(policy, pre_policy, agent, each=each)
    post_s = chains.expected(post, chains.dynamics_distance(game.transitions, post_transitions))
    errors = [pre_ts[:1] @ (0 * post_s)]
    of_s = post_s
    for _ in range(branch_length):
        errors.append((pre_ts if along == "rollouts" else pre_ts[:1]) @ of_s)
        of_s = post.step @ of_s
    if along == "times":
        errors.append(pre_ts @ of_s)
    after = chains.largest(np.concatenate(errors)), chains.policies_apart(policy, post_policy, agent, each=each)
    found = chains.branched_total(game, agent, pre, post, branch_length) if ending is None else ending
    limit = bound_c4(chains.reward_bound(game, agent, reward), game.discount, branch_length, before, after)
    return at_most(chains.apart(game, chains.total(game, agent, real), found, NORMALISED), limit)

"""Two processes: how far apart their laws and their returns are. Lemmas C.1 to C.3 and their extensions."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mathrl.bounds.lemmas import bound_c3
from mathrl.proofs_checks.aorpo import cases, chains
from mathrl.proofs_checks.aorpo.return_bounds import NORMALISED, SAVED, SUMS
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.slack import Slack, all_of, at_most
from mathrl.softmax import total_variation

LAST = 5
"""The last time at which laws are compared."""

PAIRS = cases.distributions.filter(lambda found: len(found["policies"]) == 2)


@claim(
    "aorpo.lemma-c.1",
    at="Appendix C, l. 1472-1534",
    verdict="holds",
    on=PAIRS,
    proof="sound",
    breaks={"distances": "the largest"},
    argument="mathrl.proofs_checks.aorpo.lemmas.joint_laws",
)
def joint_laws(
    distribution: Any,
    other_distribution: Any,
    policies: Sequence[Any],
    other_policies: Sequence[Any],
    *,
    distances: str = "their sum",
) -> Slack:
    """Let y and z be independent given x under two laws. The total variation of the laws of (x, y, z) exceeds that of
    the laws of x by at most max_x D_TV of y given x plus max_x D_TV of z given x.

    Reading: Finite sets; conditional laws are given for every x, also one of probability 0.

    Finding: It holds. A product of what coincides is sharper: 1 − (1 − D_x)(1 − D_y)(1 − D_z).

    Proof: Replace one factor after the other: p_1(x) p_1(y|x) p_1(z|x) − p_2(x) p_2(y|x) p_2(z|x) is the sum of (p_1(x)
    − p_2(x)) p_1(y|x) p_1(z|x), p_2(x) (p_1(y|x) − p_2(y|x)) p_1(z|x) and p_2(x) p_2(y|x) (p_1(z|x) − p_2(z|x)). Half
    the sums of the absolute values are D_TV of the laws of x, a mean over x of D_TV of y given x, and one of D_TV of z
    given x. With more variables there are more such terms.
    """
    of_x = total_variation(distribution, other_distribution)
    together = total_variation(_law(distribution, policies), _law(other_distribution, other_policies))
    each = [chains.largest_distance(*pair) for pair in zip(policies, other_policies, strict=True)]
    return at_most(together, of_x + (sum(each) if distances == "their sum" else chains.largest(np.stack(each))))


def _law(distribution: Any, policies: Sequence[Any]) -> Any:
    return (distribution[:, None] * chains.joint(policies)).reshape(-1)


@claim(
    "aorpo.extended-lemma-c.1",
    at="Appendix C, l. 2087-2151",
    verdict="holds",
    on=cases.distributions,
    proof="false step at l. 2110",
    breaks={"distances": "the largest"},
    rests_on=("aorpo.lemma-c.1",),
    argument="mathrl.proofs_checks.aorpo.lemmas.joint_laws",
)
def joint_laws_of_many(*, distances: str = "their sum", **instance: Any) -> Slack:
    """Lemma C.1 for n − 1 variables y_j and z that are independent given x: the sum is over all of them.

    Reading: As Lemma C.1. That z is independent of the others too is in the printed products.

    Finding: It holds. The proof says that the total variation of all y_j equals the sum of theirs; it is at most the
    sum, which is what is needed. For example, let two variables be certain under one law, and uniform on two values
    each under the other: the total variation of both together is 3/4, the sum is 1.
    """
    return joint_laws(**instance, distances=distances)


@claim(
    "aorpo.lemma-c.2",
    at="Appendix C, l. 1536-1757",
    verdict="holds",
    on=cases.processes,
    proof="sound",
    breaks={"steps": "t - 1"},
    rests_on=("aorpo.lemma-c.1",),
    argument="mathrl.proofs_checks.own.coupled_returns.coupled_returns",
)
def state_laws(*, steps: str = "t", **instance: Any) -> Slack:
    """Two processes begin alike. At time t the laws of their states have a total variation of at most t (M + P + O):
    the largest expected distance of their dynamics along the second process, the largest distances over states of the
    policies of agent i, and of all others'.

    Reading: Product policies of the state; t = 0 … 5; the maximum in M is over the times before t, which is less than
    that over all times.

    Finding: It holds, by one step after the other. 1 − (1 − P)(1 − O) for P + O is sharper, and so are powers of what
    is left for the factor t: `mathrl.theorem-coupled-returns`.
    """
    return _state_laws(**instance, each=False, steps=steps)


@claim(
    "aorpo.extended-lemma-c.2",
    at="Appendix C, l. 2160-2185",
    verdict="holds",
    on=cases.processes,
    proof="sound",
    breaks={"steps": "t - 1"},
    rests_on=("aorpo.extended-lemma-c.1", "aorpo.lemma-c.2"),
    argument="mathrl.proofs_checks.own.coupled_returns.coupled_returns",
)
def state_laws_of_many(*, steps: str = "t", **instance: Any) -> Slack:
    """Lemma C.2 with Σ_j O_j of each other agent for O.

    Reading: As Lemma C.2. The paper gives no proof but that Extended Lemma C.1 takes the place of Lemma C.1.

    Finding: It holds.
    """
    return _state_laws(**instance, each=True, steps=steps)


def _state_laws(
    game: Any,
    other_transitions: Any,
    policy: Sequence[Any],
    other_policy: Sequence[Any],
    agent: int,
    *,
    each: bool,
    steps: str,
) -> Slack:
    one = chains.chain(game.start, game.transitions, chains.joint(policy))
    other = chains.chain(game.start, other_transitions, chains.joint(other_policy))
    one_ts, other_ts = chains.laws(one, LAST + 1), chains.laws(other, LAST + 1)
    error_t = other_ts @ chains.expected(other, chains.dynamics_distance(game.transitions, other_transitions))
    distance = chains.policies_apart(policy, other_policy, agent, each=each)
    found = total_variation(one_ts, other_ts)
    return all_of(
        *(
            at_most(found[t], (t if steps == "t" else t - 1) * (chains.largest(error_t[:t]) + distance))
            for t in range(1, LAST + 1)
        )
    )


@claim(
    "aorpo.lemma-c.3",
    at="Appendix C, l. 1764-1897",
    verdict="corrected",
    severity="gap",
    on=cases.processes,
    proof="false step at l. 1804",
    survives=SAVED,
    rests_on=("aorpo.lemma-c.1", "aorpo.lemma-c.2"),
    argument="mathrl.proofs_checks.own.coupled_returns.coupled_returns",
)
def returns_apart(*, returns: str = SUMS, reward: str = "largest", **instance: Any) -> Slack:
    """The returns of two processes differ by at most 2 r_max [γ (M + P + O)/(1 − γ) + P + O], with the distances of
    Lemma C.2 and r_max = max r.

    Reading: The return is the sum of γ^t r_t from t = 1 of Section 3.1, which alone is defined before; for all games,
    dynamics and product policies of the state that begin alike, which the lemma does not say and its proof needs.

    Finding: The proof replaces the sum by 1 − γ times the sum from t = 0 (l. 1804), and r_max by max |r| (l. 1835).

    Correction: Returns (1 − γ) Σ_{t≥0} γ^t r_t and max |r|. Sharper, and attained: `mathrl.theorem-coupled-returns`.

    Practice: Divide by 1 − γ for sums of rewards, and take the size of the rewards or their range.
    """
    return _returns_apart(**instance, each=False, returns=returns, reward=reward)


@claim(
    "aorpo.lemma-c.3",
    variant="normalised",
    at="Appendix C, l. 1764-1897",
    verdict="corrected",
    severity="slip",
    on=cases.processes,
    proof="false step at l. 1835",
    survives={"reward": "size"},
    rests_on=("aorpo.lemma-c.1", "aorpo.lemma-c.2"),
    argument="mathrl.proofs_checks.own.coupled_returns.coupled_returns",
)
def normalised_returns_apart(*, reward: str = "largest", **instance: Any) -> Slack:
    """Lemma C.3 for returns as its proof has them, (1 − γ) Σ_{t≥0} γ^t r_t.

    Finding: Max r is no bound of |r| where some reward is below −max r.

    Correction: Max |r| for r_max; or max r − min r for 2 r_max, as Σ (p − p') r ≤ D_TV(p, p') (max r − min r).
    """
    return _returns_apart(**instance, each=False, returns=NORMALISED, reward=reward)


@claim(
    "aorpo.lemma-c.3",
    variant="normalised, max |r|, any first states",
    at="Appendix C, l. 1764-1897",
    verdict="corrected",
    severity="gap",
    on=cases.elsewhere,
    proof="gap",
    survives={"first_states": "the same"},
    rests_on=("aorpo.lemma-c.1", "aorpo.lemma-c.2"),
    argument="mathrl.proofs_checks.own.coupled_returns.coupled_returns",
)
def returns_apart_from_anywhere(*, other_start: Any, first_states: str = "any", **instance: Any) -> Slack:
    """Lemma C.3, normalised and with max |r|, for processes that may begin with different laws of the state.

    Reading: Lemma C.2 assumes that both begin alike; Lemma C.3 does not, and says of the two returns only which
    policies and dynamics they are of.

    Finding: The proof uses Lemma C.2. Two processes that differ in their first states alone have a bound of 0.

    Correction: Both begin alike, as where one game has two models.
    """
    start = other_start if first_states == "any" else None
    return _returns_apart(**instance, each=False, returns=NORMALISED, reward="size", other_start=start)


@claim(
    "aorpo.extended-lemma-c.3",
    at="Appendix C, l. 2187-2214",
    verdict="corrected",
    severity="slip",
    on=cases.processes,
    proof="false step at l. 1835",
    survives={"reward": "size"},
    rests_on=("aorpo.extended-lemma-c.1", "aorpo.extended-lemma-c.2", "aorpo.lemma-c.3"),
    argument="mathrl.proofs_checks.own.coupled_returns.coupled_returns",
)
def returns_apart_of_many(*, reward: str = "largest", **instance: Any) -> Slack:
    """Lemma C.3 with Σ_j O_j for O.

    Reading: The return is normalised, as the proof of Lemma C.3 before it has it; r_max = max r, which it calls the
    scale of the rewards.

    Finding: As the normalised Lemma C.3.

    Correction: Max |r| for r_max.

    Practice: As for Lemma C.3; rewards that are all negative have a bound of their size, not of their maximum.
    """
    return _returns_apart(**instance, each=True, returns=NORMALISED, reward=reward)


def _returns_apart(
    game: Any,
    other_transitions: Any,
    policy: Sequence[Any],
    other_policy: Sequence[Any],
    agent: int,
    *,
    each: bool,
    returns: str,
    reward: str,
    other_start: Any = None,
) -> Slack:
    begun = game.start if other_start is None else other_start
    one = chains.chain(game.start, game.transitions, chains.joint(policy))
    other = chains.chain(begun, other_transitions, chains.joint(other_policy))
    dynamics = chains.dynamics_error(game.transitions, other_transitions, other)
    distance = chains.policies_apart(policy, other_policy, agent, each=each)
    first, second = (chains.total(game, agent, of) for of in (one, other))
    limit = bound_c3(chains.reward_bound(game, agent, reward), game.discount, dynamics, distance)
    return at_most(chains.apart(game, first, second, returns), limit)

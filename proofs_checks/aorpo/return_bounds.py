"""Returns in learned dynamics and with opponent models: Theorems 1 to 5, A.1, B.1 and B.2 as one function over a table.

All bounds are those of Lemmas C.3 and C.4 for the processes that a theorem compares. Each theorem has two rows: with
returns as Section 3.1 defines them, which is literal, and with those of Appendix C, 1 − γ times that from t = 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mathrl.bounds.lemmas import bound_c3, bound_c4
from mathrl.proofs_checks.aorpo import cases, chains
from mathrl.proofs_checks.aorpo.chains import Chain
from mathrl.proofs_checks.ledger import claim, restates
from mathrl.proofs_checks.slack import Slack, at_most

SUMS = "sums"
NORMALISED = "normalised"
SAVED = {"returns": NORMALISED, "reward": "size"}
"""The form of the bounds that holds: normalised returns, and max |r| for r_max."""


@dataclass(frozen=True)
class Bound:
    """What a theorem compares with the real return, and how it counts opponents.

    `compared`  "learned": the policies in the learned dynamics; "modelled": with opponent models too; "branched"
    `each`      whether the errors are those of each opponent, or else of their joint policy
    """

    compared: str
    each: bool


THEOREM_1 = Bound("modelled", each=True)
THEOREM_2 = Bound("branched", each=True)
THEOREM_3 = Bound("learned", each=False)
THEOREM_4 = Bound("modelled", each=False)
THEOREM_5 = Bound("branched", each=False)
THEOREM_A1 = Bound("learned", each=True)


def bounded(
    bound: Bound,
    game: Any,
    learned_transitions: Any,
    policy: Sequence[Any],
    data_policy: Sequence[Any],
    opponent_policies: Sequence[Any] | None,
    agent: int,
    branch_length: int = 0,
    *,
    returns: str,
    reward: str,
    expected: str = "real",
) -> Slack:
    """The bound of one theorem on one instance.

    `returns`   "sums", as printed in Section 3.1, or "normalised"
    `reward`    r_max: "largest", max r as printed, or "size", max |r|
    `expected`  along which dynamics ε'_m of rollouts is an expectation: "real" or "learned"
    """
    opponents = [j for j in range(len(policy)) if j != agent]
    others, data = ([chosen[j] for j in opponents] for chosen in (policy, data_policy))
    guessed = others if opponent_policies is None else list(opponent_policies)
    executed = [*guessed[:agent], policy[agent], *guessed[agent:]]
    distances = _distances if bound.each else _joint_distance
    shift = chains.largest_distance(policy[agent], data_policy[agent]) + distances(others, data)
    error = distances(others, guessed) if bound.compared != "learned" else 0 * shift

    def run(transitions: Any, chosen: Sequence[Any]) -> Chain:
        return chains.chain(game.start, transitions, chains.joint(chosen))

    real, collecting = run(game.transitions, policy), run(game.transitions, data_policy)
    other = run(learned_transitions, executed)
    if bound.compared == "branched":
        along = real if expected == "real" else run(learned_transitions, policy)
        found = chains.branched_total(game, agent, collecting, other, branch_length)
    else:
        along, found = collecting, chains.total(game, agent, other)
    distance_sa = chains.dynamics_distance(game.transitions, learned_transitions)
    dynamics = chains.over_time(chains.laws(along), (along.played * distance_sa).sum(axis=1))
    size = chains.reward_bound(game, agent, reward)
    if bound.compared == "branched":
        limit = bound_c4(size, game.discount, branch_length, pre=(0, shift), post=(dynamics, error))
    else:
        limit = bound_c3(size, game.discount, dynamics, 2 * shift + error)
    return at_most(chains.apart(game, chains.total(game, agent, real), found, returns), limit)


def _distances(policies: Sequence[Any], others: Sequence[Any]) -> Any:
    """Σ_j max_s D_TV(π^j, π'^j)."""
    return sum(chains.largest_distance(*pair) for pair in zip(policies, others, strict=True))


def _joint_distance(policies: Sequence[Any], others: Sequence[Any]) -> Any:
    """max_s D_TV(π^{-i}, π'^{-i}) of the joint policies."""
    return chains.largest_distance(chains.joint(policies), chains.joint(others))


MODELLED = cases.modelled()
BRANCHED = cases.modelled(branched=True)
LEMMAS = ("aorpo.lemma-c.3",)
EXTENDED = ("aorpo.extended-lemma-c.1", "aorpo.extended-lemma-c.3")
BRANCH_LEMMAS = ("aorpo.lemma-c.4",)


@claim(
    "aorpo.theorem-1",
    at="Section 4, l. 323-361; B.2, l. 1361-1403",
    verdict="corrected",
    severity="slip",
    on=MODELLED,
    proof="false step at Lemma C.3",
    survives=SAVED,
    rests_on=("aorpo.extended-theorem-a.1", *EXTENDED),
)
def theorem_1(*, returns: str = SUMS, reward: str = "largest", **instance: Any) -> Slack:
    """The agent's return in the learned dynamics against models of its opponents differs from the real return by at
    most 2 r_max [γ (ε_m + x)/(1 − γ) + x], where x = 2 ε_π^i + 2 Σ_j ε_π^j + Σ_j ε_π̂^j.

    Reading: product policies of the state; the return is the sum of γ^t r_t from t = 1 of Section 3.1, the first step
    being t = 1; r_max = max r, as Lemma C.3 has it; ε_m is the largest expectation over time along the real dynamics
    with π_D. The statement is for every game, every model of it and all policies.

    Finding: the bound is one on 1 − γ times the return. The sums differ by up to γ/(1 − γ) times as much as it allows.
    The appendix says that the objective is equivalently an expectation under the normalised occupancy (l. 1804), which
    it is but for the factor 1 − γ that the bound lacks.

    Correction: returns are (1 − γ) Σ_{t≥0} γ^t r_t, and r_max is max |r|. Then it holds under either reading of ε_m,
    along the real dynamics or along the learned ones, and more is true: `mathrl.theorem-coupled-returns`.

    Practice: a bound of this form on a sum of rewards must be multiplied by 1/(1 − γ), which is 20 at the paper's 0.95.
    """
    return bounded(THEOREM_1, **instance, returns=returns, reward=reward)


@claim(
    "aorpo.theorem-1",
    variant="normalised",
    at="Section 4, l. 323-361; B.2, l. 1361-1403",
    verdict="corrected",
    severity="slip",
    on=MODELLED,
    proof="false step at l. 1835",
    survives={"reward": "size"},
    rests_on=("aorpo.extended-theorem-a.1", *EXTENDED),
    argument="mathrl.bounds.sharper",
)
def theorem_1_normalised(*, reward: str = "largest", **instance: Any) -> Slack:
    """Theorem 1 for returns as the proof of Lemma C.3 has them, (1 − γ) Σ_{t≥0} γ^t r_t.

    Reading: as the null row, but for the return.

    Finding: r_max = max r is no bound of |r| where some reward is below −max r; with rewards 0 and less the printed
    bound is 0 or negative.

    Correction: r_max = max |r|; or replace 2 r_max by max r − min r.

    Practice: tasks whose rewards are costs, as the distances in all particle tasks of the paper, need max |r|.
    """
    return bounded(THEOREM_1, **instance, returns=NORMALISED, reward=reward)


@claim(
    "aorpo.theorem-2",
    at="Section 4, l. 385-464; B.2, l. 1405-1466",
    verdict="corrected",
    severity="slip",
    on=BRANCHED,
    proof="gap",
    survives=SAVED,
    rests_on=("aorpo.extended-lemma-c.1", "aorpo.extended-lemma-c.4"),
)
def theorem_2(*, returns: str = SUMS, reward: str = "largest", **instance: Any) -> Slack:
    """The agent's return in rollouts that branch from states of the data-collecting policies and go on for k steps in
    the learned dynamics against opponent models differs from the real return by at most 2 r_max [k ε'_m +
    (k + 1) Σ_j ε_π̂^j + γ^{k+1} c + γ^{k+1} c/(1 − γ)], where c = ε_π^i + Σ_j ε_π^j.

    Reading: product policies of the state; returns as in Section 3.1; r_max = max r; ε'_m is the largest expectation
    over time along the real dynamics with π. As in the proof of Lemma C.4, the state at time t is the one that is
    reached min(t, k) model steps after what π_D reached at max(t − k, 0). For all k ≥ 0.

    Finding: a sum of rewards may differ γ/(1 − γ) times as much. The proof takes Lemma C.4, whose M^post is an
    expectation along the rollouts, for ε'_m, which is one along the real dynamics with π; of these either may be 0 and
    the other 1. It also uses that lemma, which compares a real return with a branched one, for two branched returns.

    Correction: normalised returns and max |r|. By a coupling of the real process with the rollouts it then holds with
    the expectation along the real dynamics with π, or along the rollouts, but not along the learned dynamics with π,
    which is the variant.

    Practice: the number k enters the bound only since the proof estimates min(t, k) by k: see
    `mathrl.theorem-no-length-inside`.
    """
    return bounded(THEOREM_2, **instance, returns=returns, reward=reward)


@claim(
    "aorpo.theorem-2",
    variant="normalised",
    at="Section 4, l. 385-464; B.2, l. 1405-1466",
    verdict="corrected",
    severity="slip",
    on=BRANCHED,
    proof="gap",
    survives={"reward": "size"},
    rests_on=("aorpo.extended-lemma-c.1", "aorpo.extended-lemma-c.4"),
    argument="mathrl.bounds.sharper",
)
def theorem_2_normalised(*, reward: str = "largest", **instance: Any) -> Slack:
    """Theorem 2 for returns as the proof of Lemma C.3 has them, (1 − γ) Σ_{t≥0} γ^t r_t.

    Reading: as the null row, but for the return.

    Finding: max r is no bound of |r| where some reward is below −max r.

    Correction: r_max = max |r|; or replace 2 r_max by max r − min r.
    """
    return bounded(THEOREM_2, **instance, returns=NORMALISED, reward=reward)


@claim(
    "aorpo.theorem-2",
    variant="normalised, model error along the learned dynamics",
    at="Section 4, l. 377-384 and 385-464",
    verdict="corrected",
    severity="gap",
    on=BRANCHED,
    proof="gap",
    survives={"expected": "real"},
    rests_on=("aorpo.extended-lemma-c.1", "aorpo.extended-lemma-c.4"),
)
def theorem_2_along_the_model(*, expected: str = "learned", **instance: Any) -> Slack:
    """Theorem 2, normalised and with max |r|, where ε'_m is an expectation along the learned dynamics with π.

    Reading: the paper says under which policies (s_t, a_t) is drawn, and not in which dynamics.

    Finding: the learned dynamics may never visit the states in which they are wrong, while rollouts begin there.

    Correction: the expectation is along the real dynamics.

    Practice: a model's error that is measured on the model's own states says nothing about branched rollouts.
    """
    return bounded(THEOREM_2, **instance, returns=NORMALISED, reward="size", expected=expected)


@claim(
    "aorpo.theorem-3",
    at="Appendix A, l. 1057-1124",
    verdict="corrected",
    severity="slip",
    on=cases.learned,
    proof="false step at Lemma C.3",
    survives=SAVED,
    rests_on=LEMMAS,
)
def theorem_3(*, returns: str = SUMS, reward: str = "largest", **instance: Any) -> Slack:
    """The agent's return in the learned dynamics against its real opponents differs from the real return by at most
    2 r_max [γ (ε_m + x)/(1 − γ) + x], where x = 2 ε_π^i + 2 ε_π^{-i}.

    Reading: as Theorem 1; ε_π^{-i} is a distance of the opponents' joint policies.

    Finding: as Theorem 1, the sums differ by more. Besides, both returns are of the same policies, so that the last x
    in the bracket is not needed, and each shift need count once only.

    Correction: normalised returns and max |r|.
    """
    return bounded(THEOREM_3, **instance, opponent_policies=None, returns=returns, reward=reward)


@claim(
    "aorpo.theorem-3",
    variant="normalised",
    at="Appendix A, l. 1057-1124",
    verdict="corrected",
    severity="slip",
    on=cases.learned,
    proof="false step at l. 1835",
    survives={"reward": "size"},
    rests_on=LEMMAS,
    argument="mathrl.bounds.sharper",
)
def theorem_3_normalised(*, reward: str = "largest", **instance: Any) -> Slack:
    """Theorem 3 for returns as the proof of Lemma C.3 has them, (1 − γ) Σ_{t≥0} γ^t r_t.

    Finding: max r is no bound of |r| where some reward is below −max r.

    Correction: r_max = max |r|.
    """
    return bounded(THEOREM_3, **instance, opponent_policies=None, returns=NORMALISED, reward=reward)


@claim(
    "aorpo.extended-theorem-a.1",
    at="Appendix A, l. 1126-1171",
    verdict="corrected",
    severity="slip",
    on=cases.learned,
    proof="false step at Lemma C.3",
    survives=SAVED,
    rests_on=EXTENDED,
)
def theorem_a1(*, returns: str = SUMS, reward: str = "largest", **instance: Any) -> Slack:
    """Theorem 3 with the shifts of independent opponents: x = 2 ε_π^i + 2 Σ_j ε_π^j.

    Reading: as Theorem 3, with product policies of the opponents.

    Finding: as Theorem 3.

    Correction: normalised returns and max |r|.
    """
    return bounded(THEOREM_A1, **instance, opponent_policies=None, returns=returns, reward=reward)


@claim(
    "aorpo.extended-theorem-a.1",
    variant="normalised",
    at="Appendix A, l. 1126-1171",
    verdict="corrected",
    severity="slip",
    on=cases.learned,
    proof="false step at l. 1835",
    survives={"reward": "size"},
    rests_on=EXTENDED,
    argument="mathrl.bounds.sharper",
)
def theorem_a1_normalised(*, reward: str = "largest", **instance: Any) -> Slack:
    """Extended Theorem A.1 for returns as the proof of Lemma C.3 has them, (1 − γ) Σ_{t≥0} γ^t r_t.

    Finding: max r is no bound of |r| where some reward is below −max r.

    Correction: r_max = max |r|.
    """
    return bounded(THEOREM_A1, **instance, opponent_policies=None, returns=NORMALISED, reward=reward)


ONE_OPPONENT = cases.modelled(max_agents=2)
ONE_OPPONENT_BRANCHED = cases.modelled(branched=True, max_agents=2)


@claim(
    "aorpo.theorem-4",
    at="B.1, l. 1200-1259",
    verdict="corrected",
    severity="slip",
    on=ONE_OPPONENT,
    proof="false step at Lemma C.3",
    survives=SAVED,
    rests_on=("aorpo.theorem-3", *LEMMAS),
)
def theorem_4(*, returns: str = SUMS, reward: str = "largest", **instance: Any) -> Slack:
    """Theorem 1 for one opponent: x = 2 ε_π^i + 2 ε_π^{-i} + ε_π̂^{-i}.

    Reading: two agents, as the section's title says; else as Theorem 1. ε_π̂ and ε_π̂^{-i} are the same number.

    Finding: as Theorem 1.

    Correction: normalised returns and max |r|. It then holds for any number of opponents, also correlated ones, with
    distances of their joint policies.
    """
    return bounded(THEOREM_4, **instance, returns=returns, reward=reward)


@claim(
    "aorpo.theorem-4",
    variant="normalised",
    at="B.1, l. 1200-1259",
    verdict="corrected",
    severity="slip",
    on=MODELLED,
    proof="false step at l. 1835",
    survives={"reward": "size"},
    rests_on=("aorpo.theorem-3", *LEMMAS),
    argument="mathrl.bounds.sharper",
)
def theorem_4_normalised(*, reward: str = "largest", **instance: Any) -> Slack:
    """Theorem 4 for returns as the proof of Lemma C.3 has them, (1 − γ) Σ_{t≥0} γ^t r_t, and any number of opponents.

    Finding: max r is no bound of |r| where some reward is below −max r.

    Correction: r_max = max |r|.
    """
    return bounded(THEOREM_4, **instance, returns=NORMALISED, reward=reward)


@claim(
    "aorpo.theorem-5",
    at="B.1, l. 1261-1347",
    verdict="corrected",
    severity="slip",
    on=ONE_OPPONENT_BRANCHED,
    proof="gap",
    survives=SAVED,
    rests_on=BRANCH_LEMMAS,
)
def theorem_5(*, returns: str = SUMS, reward: str = "largest", **instance: Any) -> Slack:
    """Theorem 2 for one opponent, with ε_π^{-i} and ε_π̂^{-i} for the sums over opponents.

    Reading: two agents, as the section's title says; else as Theorem 2. π_φ^{-i} is the opponent's model π̂^{-i}.

    Finding: as Theorem 2. The step that fails is the first use of Lemma C.4 (l. 1324-1328), with M^post = ε'_m.

    Correction: normalised returns and max |r|.
    """
    return bounded(THEOREM_5, **instance, returns=returns, reward=reward)


@claim(
    "aorpo.theorem-5",
    variant="normalised",
    at="B.1, l. 1261-1347",
    verdict="corrected",
    severity="slip",
    on=BRANCHED,
    proof="gap",
    survives={"reward": "size"},
    rests_on=BRANCH_LEMMAS,
    argument="mathrl.bounds.sharper",
)
def theorem_5_normalised(*, reward: str = "largest", **instance: Any) -> Slack:
    """Theorem 5 for returns as the proof of Lemma C.3 has them, (1 − γ) Σ_{t≥0} γ^t r_t, and any number of opponents.

    Finding: max r is no bound of |r| where some reward is below −max r.

    Correction: r_max = max |r|.
    """
    return bounded(THEOREM_5, **instance, returns=NORMALISED, reward=reward)


@claim(
    "aorpo.theorem-5",
    variant="normalised, model error along the learned dynamics",
    at="B.1, l. 1261-1347",
    verdict="corrected",
    severity="gap",
    on=BRANCHED,
    proof="gap",
    survives={"expected": "real"},
    rests_on=BRANCH_LEMMAS,
)
def theorem_5_along_the_model(*, expected: str = "learned", **instance: Any) -> Slack:
    """Theorem 5, normalised and with max |r|, where ε'_m is an expectation along the learned dynamics with π.

    Reading: the paper says under which policies (s_t, a_t) is drawn, and not in which dynamics.

    Finding: as the variant of Theorem 2.

    Correction: the expectation is along the real dynamics.
    """
    return bounded(THEOREM_5, **instance, returns=NORMALISED, reward="size", expected=expected)


restates("aorpo.extended-theorem-b.1", of="aorpo.theorem-1", at="B.2, l. 1361-1403")
restates("aorpo.extended-theorem-b.2", of="aorpo.theorem-2", at="B.2, l. 1405-1466")

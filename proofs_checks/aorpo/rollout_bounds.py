"""Returns of rollouts that branch from states of other policies: Theorems 2, 5 and B.2."""

from typing import Any

from mathrl.proofs_checks.aorpo import cases
from mathrl.proofs_checks.aorpo.return_bounds import NORMALISED, SAVED, SUMS, Bound, bounded
from mathrl.proofs_checks.ledger import claim, restates
from mathrl.proofs_checks.slack import Slack

THEOREM_2 = Bound("branched", each=True)
THEOREM_5 = Bound("branched", each=False)
BRANCHED = cases.modelled(branched=True)
ONE_OPPONENT_BRANCHED = cases.modelled(branched=True, max_agents=2)
BRANCH_LEMMAS = ("aorpo.lemma-c.4",)


@claim(
    "aorpo.theorem-2",
    at="Section 4, l. 385-464; B.2, l. 1405-1466",
    verdict="corrected",
    severity="gap",
    on=BRANCHED,
    proof="false step at Lemma C.4",
    survives=SAVED,
    rests_on=("aorpo.extended-lemma-c.1", "aorpo.extended-lemma-c.4"),
    argument="mathrl.proofs_checks.own.coupled_rollouts.coupled_rollouts",
)
def theorem_2(*, returns: str = SUMS, reward: str = "largest", **instance: Any) -> Slack:
    """The agent's return in rollouts that branch from states of the data-collecting policies and go on for k steps in
    the learned dynamics against opponent models differs from the real return by at most 2 r_max [k ε'_m +
    (k + 1) Σ_j ε_π̂^j + γ^{k+1} c + γ^{k+1} c/(1 − γ)], where c = ε_π^i + Σ_j ε_π^j.

    Reading: Product policies of the state; returns as in Section 3.1; r_max = max r; ε'_m is the largest expectation
    over time along the real dynamics with π. As in the proof of Lemma C.4, the state at time t is the one that is
    reached min(t, k) model steps after what π_D reached at max(t − k, 0). For all k ≥ 0.

    Finding: A sum of rewards may differ γ/(1 − γ) times as much. The proof takes Lemma C.4, whose M^post is an
    expectation along the rollouts, for ε'_m, which is one along the real dynamics with π; of these either may be 0 and
    the other 1. It also uses that lemma, which compares a real return with a branched one, for two branched returns.

    Correction: Normalised returns and max |r|. By a coupling of the real process with the rollouts it then holds with
    the expectation along the real dynamics with π, or along the rollouts, but not along the learned dynamics with π,
    which is the variant.

    Practice: The number k enters the bound only since the proof estimates min(t, k) by k: see
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
    proof="false step at l. 2073",
    survives={"reward": "size"},
    rests_on=("aorpo.extended-lemma-c.1", "aorpo.extended-lemma-c.4"),
    argument="mathrl.proofs_checks.own.coupled_rollouts.coupled_rollouts",
)
def theorem_2_normalised(*, reward: str = "largest", **instance: Any) -> Slack:
    """Theorem 2 for returns as the proof of Lemma C.3 has them, (1 − γ) Σ_{t≥0} γ^t r_t.

    Reading: As the null row, but for the return.

    Finding: Max r is no bound of |r| where some reward is below −max r.

    Correction: Max |r| for r_max; or replace 2 r_max by max r − min r.
    """
    return bounded(THEOREM_2, **instance, returns=NORMALISED, reward=reward)


@claim(
    "aorpo.theorem-2",
    variant="normalised, model error along the learned dynamics",
    at="Section 4, l. 377-384 and 385-464",
    verdict="corrected",
    severity="gap",
    on=BRANCHED,
    proof="false step at l. 1328",
    survives={"expected": "real"},
    rests_on=("aorpo.extended-lemma-c.1", "aorpo.extended-lemma-c.4"),
    argument="mathrl.proofs_checks.own.coupled_rollouts.coupled_rollouts",
)
def theorem_2_along_the_model(*, expected: str = "learned", **instance: Any) -> Slack:
    """Theorem 2, normalised and with max |r|, where ε'_m is an expectation along the learned dynamics with π.

    Reading: The paper says under which policies (s_t, a_t) is drawn, and not in which dynamics.

    Finding: The learned dynamics may never visit the states in which they are wrong, while rollouts begin there.

    Correction: The expectation is along the real dynamics.

    Practice: A model's error that is measured on the model's own states says nothing about branched rollouts.
    """
    return bounded(THEOREM_2, **instance, returns=NORMALISED, reward="size", expected=expected)


@claim(
    "aorpo.theorem-5",
    at="B.1, l. 1261-1347",
    verdict="corrected",
    severity="gap",
    on=ONE_OPPONENT_BRANCHED,
    proof="false step at l. 1328",
    survives=SAVED,
    rests_on=BRANCH_LEMMAS,
    argument="mathrl.proofs_checks.own.coupled_rollouts.coupled_rollouts",
)
def theorem_5(*, returns: str = SUMS, reward: str = "largest", **instance: Any) -> Slack:
    """Theorem 2 for one opponent, with ε_π^{-i} and ε_π̂^{-i} for the sums over opponents.

    Reading: Two agents, as the section's title says; else as Theorem 2. π_φ^{-i} is the opponent's model π̂^{-i}.

    Finding: As Theorem 2. The step that fails is the first use of Lemma C.4 (l. 1324-1328), with M^post = ε'_m.

    Correction: Normalised returns and max |r|.

    Practice: An error that is measured in the real game under π bounds rollouts; one along the model does not.
    """
    return bounded(THEOREM_5, **instance, returns=returns, reward=reward)


@claim(
    "aorpo.theorem-5",
    variant="normalised",
    at="B.1, l. 1261-1347",
    verdict="corrected",
    severity="slip",
    on=BRANCHED,
    proof="false step at l. 2073",
    survives={"reward": "size"},
    rests_on=BRANCH_LEMMAS,
    argument="mathrl.proofs_checks.own.coupled_rollouts.coupled_rollouts",
)
def theorem_5_normalised(*, reward: str = "largest", **instance: Any) -> Slack:
    """Theorem 5 for returns as the proof of Lemma C.3 has them, (1 − γ) Σ_{t≥0} γ^t r_t, and any number of opponents.

    Finding: Max r is no bound of |r| where some reward is below −max r.

    Correction: Max |r| for r_max.
    """
    return bounded(THEOREM_5, **instance, returns=NORMALISED, reward=reward)


@claim(
    "aorpo.theorem-5",
    variant="normalised, model error along the learned dynamics",
    at="B.1, l. 1261-1347",
    verdict="corrected",
    severity="gap",
    on=BRANCHED,
    proof="false step at l. 1328",
    survives={"expected": "real"},
    rests_on=BRANCH_LEMMAS,
    argument="mathrl.proofs_checks.own.coupled_rollouts.coupled_rollouts",
)
def theorem_5_along_the_model(*, expected: str = "learned", **instance: Any) -> Slack:
    """Theorem 5, normalised and with max |r|, where ε'_m is an expectation along the learned dynamics with π.

    Reading: The paper says under which policies (s_t, a_t) is drawn, and not in which dynamics.

    Finding: As the variant of Theorem 2.

    Correction: The expectation is along the real dynamics.
    """
    return bounded(THEOREM_5, **instance, returns=NORMALISED, reward="size", expected=expected)


restates("aorpo.extended-theorem-b.2", of="aorpo.theorem-2", at="B.2, l. 1405-1466")

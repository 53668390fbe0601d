"""Returns in learned dynamics and with opponent models: Theorems 1, 3, 4 and A.1, by one function for all bounds.

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
THEOREM_3 = Bound("learned", each=False)
THEOREM_4 = Bound("modelled", each=False)
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
    others = [*policy[:agent], *policy[agent + 1 :]]
    guessed = others if opponent_policies is None else list(opponent_policies)
    executed = [*guessed[:agent], policy[agent], *guessed[agent:]]
    shift = chains.policies_apart(policy, data_policy, agent, each=bound.each)
    error = chains.distances(others, guessed, each=bound.each) if bound.compared != "learned" else 0 * shift

    def run(transitions: Any, chosen: Sequence[Any]) -> Chain:
        return chains.chain(game.start, transitions, chains.joint(chosen))

    return returns_within(
        game,
        learned_transitions,
        agent,
        run(game.transitions, policy),
        run(game.transitions, data_policy),
        run(learned_transitions, executed),
        shift,
        error,
        branch_length if bound.compared == "branched" else None,
        returns=returns,
        reward=reward,
        model_along=None if expected == "real" else run(learned_transitions, policy),
    )


def returns_within(
    game: Any,
    learned_transitions: Any,
    agent: int,
    real: Chain,
    collecting: Chain,
    simulated: Chain,
    shift: Any,
    error: Any,
    branch_length: int | None,
    *,
    returns: str,
    reward: str,
    model_along: Chain | None = None,
) -> Slack:
    """The bound of Theorem 1, or with a branch length that of Theorem 2, from the chains that it compares.

    `real`         T with π
    `collecting`   T with π_D
    `simulated`    the learned dynamics with what is executed in them
    `shift`        ε_π^i and the opponents' shifts together
    `error`        the errors of the opponents' models together
    `model_along`  along what ε'_m of rollouts is an expectation; default: `real`
    """
    size = chains.reward_bound(game, agent, reward)
    if branch_length is None:
        dynamics = chains.dynamics_error(game.transitions, learned_transitions, collecting)
        found, limit = chains.total(game, agent, simulated), bound_c3(size, game.discount, dynamics, 2 * shift + error)
    else:
        dynamics = chains.dynamics_error(game.transitions, learned_transitions, model_along or real)
        found = chains.branched_total(game, agent, collecting, simulated, branch_length)
        limit = bound_c4(size, game.discount, branch_length, pre=(0, shift), post=(dynamics, error))
    return at_most(chains.apart(game, chains.total(game, agent, real), found, returns), limit)


MODELLED = cases.modelled()
ONE_OPPONENT = cases.modelled(max_agents=2)
LEMMAS = ("aorpo.lemma-c.3",)
EXTENDED = ("aorpo.extended-lemma-c.1", "aorpo.extended-lemma-c.3")


@claim(
    "aorpo.theorem-1",
    at="Section 4, l. 323-361; B.2, l. 1361-1403",
    verdict="corrected",
    severity="gap",
    on=MODELLED,
    proof="false step at Lemma C.3",
    survives=SAVED,
    rests_on=("aorpo.extended-theorem-a.1", *EXTENDED),
    argument="mathrl.proofs_checks.own.coupled_model.coupled_model",
)
def theorem_1(*, returns: str = SUMS, reward: str = "largest", **instance: Any) -> Slack:
    """The agent's return in the learned dynamics against models of its opponents differs from the real return by at
    most 2 r_max [γ (ε_m + x)/(1 − γ) + x], where x = 2 ε_π^i + 2 Σ_j ε_π^j + Σ_j ε_π̂^j.

    Reading: Product policies of the state; the return is the sum of γ^t r_t from t = 1 of Section 3.1, the first step
    being t = 1 (if it is t = 0, the same example decides); r_max = max r, as Lemma C.3 has it; ε_m is the largest
    expectation over time along the real dynamics with π_D. The statement is for every game, every model of it and all
    policies.

    Finding: The bound is one on 1 − γ times the return. The sums differ by up to γ/(1 − γ) times as much as it allows.
    The appendix says that the objective is equivalently an expectation under the normalised occupancy (l. 1804), which
    it is but for the factor 1 − γ that the bound lacks.

    Correction: Returns are (1 − γ) Σ_{t≥0} γ^t r_t, and r_max is max |r|. Then it holds under either reading of ε_m,
    along the real dynamics or along the learned ones, and more is true: `mathrl.theorem-coupled-model`.

    Practice: A bound of this form on a sum of rewards must be multiplied by 1/(1 − γ), which is 20 at the paper's 0.95.
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
    argument="mathrl.proofs_checks.own.coupled_model.coupled_model",
)
def theorem_1_normalised(*, reward: str = "largest", **instance: Any) -> Slack:
    """Theorem 1 for returns as the proof of Lemma C.3 has them, (1 − γ) Σ_{t≥0} γ^t r_t.

    Reading: As the null row, but for the return.

    Finding: The printed r_max = max r is no bound of |r| where some reward is below −max r; with rewards 0 and less the
    printed bound is 0 or negative.

    Correction: Max |r| for r_max; or replace 2 r_max by max r − min r.

    Practice: Tasks whose rewards are costs, as the distances in all particle tasks of the paper, need max |r|.
    """
    return bounded(THEOREM_1, **instance, returns=NORMALISED, reward=reward)


@claim(
    "aorpo.theorem-3",
    at="Appendix A, l. 1057-1124",
    verdict="corrected",
    severity="gap",
    on=cases.learned,
    proof="false step at Lemma C.3",
    survives=SAVED,
    rests_on=LEMMAS,
    argument="mathrl.proofs_checks.own.coupled_model.coupled_model",
)
def theorem_3(*, returns: str = SUMS, reward: str = "largest", **instance: Any) -> Slack:
    """The agent's return in the learned dynamics against its real opponents differs from the real return by at most
    2 r_max [γ (ε_m + x)/(1 − γ) + x], where x = 2 ε_π^i + 2 ε_π^{-i}.

    Reading: As Theorem 1; ε_π^{-i} is a distance of the opponents' joint policies.

    Finding: As Theorem 1, the sums differ by more. Besides, both returns are of the same policies, so that the last x
    in the bracket is not needed, and each shift need count once only.

    Correction: Normalised returns and max |r|.

    Practice: With real opponents the bound may be halved, and more: `mathrl.theorem-coupled-model`.
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
    argument="mathrl.proofs_checks.own.coupled_model.coupled_model",
)
def theorem_3_normalised(*, reward: str = "largest", **instance: Any) -> Slack:
    """Theorem 3 for returns as the proof of Lemma C.3 has them, (1 − γ) Σ_{t≥0} γ^t r_t.

    Finding: Max r is no bound of |r| where some reward is below −max r.

    Correction: Max |r| for r_max.
    """
    return bounded(THEOREM_3, **instance, opponent_policies=None, returns=NORMALISED, reward=reward)


@claim(
    "aorpo.extended-theorem-a.1",
    at="Appendix A, l. 1126-1171",
    verdict="corrected",
    severity="gap",
    on=cases.learned,
    proof="false step at Lemma C.3",
    survives=SAVED,
    rests_on=EXTENDED,
    argument="mathrl.proofs_checks.own.coupled_model.coupled_model",
)
def theorem_a1(*, returns: str = SUMS, reward: str = "largest", **instance: Any) -> Slack:
    """Theorem 3 with the shifts of independent opponents: x = 2 ε_π^i + 2 Σ_j ε_π^j.

    Reading: As Theorem 3, with product policies of the opponents.

    Finding: As Theorem 3.

    Correction: Normalised returns and max |r|.

    Practice: The distance of the joint policies is never above the sum, so that Theorem 3 is the sharper of the two.
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
    argument="mathrl.proofs_checks.own.coupled_model.coupled_model",
)
def theorem_a1_normalised(*, reward: str = "largest", **instance: Any) -> Slack:
    """Extended Theorem A.1 for returns as the proof of Lemma C.3 has them, (1 − γ) Σ_{t≥0} γ^t r_t.

    Finding: Max r is no bound of |r| where some reward is below −max r.

    Correction: Max |r| for r_max.
    """
    return bounded(THEOREM_A1, **instance, opponent_policies=None, returns=NORMALISED, reward=reward)


@claim(
    "aorpo.theorem-4",
    at="B.1, l. 1200-1259",
    verdict="corrected",
    severity="gap",
    on=ONE_OPPONENT,
    proof="false step at Lemma C.3",
    survives=SAVED,
    rests_on=("aorpo.theorem-3", *LEMMAS),
    argument="mathrl.proofs_checks.own.coupled_model.coupled_model",
)
def theorem_4(*, returns: str = SUMS, reward: str = "largest", **instance: Any) -> Slack:
    """Theorem 1 for one opponent: x = 2 ε_π^i + 2 ε_π^{-i} + ε_π̂^{-i}.

    Reading: Two agents, as the section's title says; else as Theorem 1. ε_π̂ and ε_π̂^{-i} are the same number.

    Finding: As Theorem 1.

    Correction: Normalised returns and max |r|. It then holds for any number of opponents, also correlated ones, with
    distances of their joint policies.

    Practice: With one opponent, or one model of all of them, errors of the joint policy will do.
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
    argument="mathrl.proofs_checks.own.coupled_model.coupled_model",
)
def theorem_4_normalised(*, reward: str = "largest", **instance: Any) -> Slack:
    """Theorem 4 for returns as the proof of Lemma C.3 has them, (1 − γ) Σ_{t≥0} γ^t r_t, and any number of opponents.

    Finding: Max r is no bound of |r| where some reward is below −max r.

    Correction: Max |r| for r_max.
    """
    return bounded(THEOREM_4, **instance, returns=NORMALISED, reward=reward)


restates("aorpo.extended-theorem-b.1", of="aorpo.theorem-1", at="B.2, l. 1361-1403")

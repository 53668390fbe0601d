"""How far a setup's returns and laws really are apart, beside all of aorpo's bounds, claim by claim."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Self

import numpy as np

from mathrl.base.checks import choice, instance
from mathrl.bounds.checked import whole_lengths
from mathrl.bounds.claims import CLAIMS, DISTANCE_CLAIMS, Claim
from mathrl.bounds.errors import (
    READINGS,
    Errors,
    dynamics_distance,
    joint_distances,
    measure,
    policy_distances,
    state_distances,
)
from mathrl.bounds.process import mean
from mathrl.bounds.returns import branched_returns, returns
from mathrl.bounds.setup import Setup, check_setup
from mathrl.bounds.sharper import trivial_bound
from mathrl.bounds.value_bound import value_bound

__all__ = ["DYNAMICS_ERRORS", "Comparison", "DistanceComparison", "compare_distances", "compare_returns"]

DYNAMICS_ERRORS = (*READINGS, "branched")
"""How the dynamics' error of the theorems may be read; "branched" is "real" for those without a branch."""

_OF_ONE = {
    "opponents_shift": "opponent_shifts",
    "opponents_error": "opponent_errors",
    "opponents_distance": "opponent_distances",
    "opponents_distance_pre": "opponent_distances_pre",
    "opponents_distance_post": "opponent_distances_post",
}
"""The arguments that take the errors of each opponent, for those of the joint policy as of one opponent."""


@dataclass(frozen=True)
class Comparison:
    """A claim's bounds beside what they bound, for normalised returns (1 − γ) Σ_{t≥0} γ^t r_t.

    `claim`             as "theorem-1", "extended-theorem-a.1", "lemma-c.3"
    `branch_length`     k, None for claims without a branch
    `discrepancy`       what the claim bounds, exactly
    `printed`           the claim's bound as printed, with r_max = max r: not a bound where rewards are negative
    `corrected`         the same with max |r|
    `coupling`          a sharper one from the same errors (`mathrl.bounds.sharper`)
    `value`             a sharper one from exact values, None for branched returns
    `trivial`           max r − min r
    `dynamics_error`    the dynamics' error that entered, and …
    `reading`           … how its expectation was read; lemmas say so themselves ("modelled", "branched"; see `Errors`)
    `proved`            whether `corrected` and `coupling` are bounds under this reading, in every game
    `holds`             whether `printed` is at least `discrepancy`, up to rounding
    `holds_as_defined`  the same for returns as aorpo §3.1 defines them: not normalised, from t = 1
    `discount`          γ
    """

    claim: str
    branch_length: int | None
    discrepancy: float
    printed: float
    corrected: float
    coupling: float
    value: float | None
    trivial: float
    dynamics_error: float
    reading: str
    proved: bool
    holds: bool
    holds_as_defined: bool
    discount: float

    def unnormalised(self) -> Self:
        """Return the same for Σ_{t≥0} γ^t r_t: discrepancy and bounds are divided by 1 − γ."""
        numbers = ("discrepancy", "printed", "corrected", "coupling", "value", "trivial")
        given = ((name, getattr(self, name)) for name in numbers)
        scaled: dict[str, Any] = {name: x if x is None else x / (1 - self.discount) for name, x in given}
        return replace(self, **scaled)


@dataclass(frozen=True)
class DistanceComparison:
    """A claim's bounds on the total variation of two laws at time t; no bound above 1 says anything.

    `claim`     "lemma-c.1" (of the state-action laws), "lemma-c.2" (of the state laws), or an extended one
    `step`      t
    `distance`  what the claim bounds, exactly
    `printed`   the claim's bound; Lemma C.1's is from the exact distance of the state laws, Lemma C.2's from the
                largest error of the dynamics before t
    `coupling`  a sharper one from the same numbers
    """

    claim: str
    step: int
    distance: float
    printed: float
    coupling: float


def compare_returns(
    setup: Setup,
    *,
    branch_lengths: Iterable[int] = (1,),
    dynamics_error: str = "real",
    errors: Errors | None = None,
) -> tuple[Comparison, ...]:
    """Compute all of aorpo's claims on the returns of a setup: the real difference beside its bounds.

        (1 − γ) |η_i[π] − η_i'| ≤ the bound of the claim,   η_i' = η̂_i[π^i, π^{-i}], η̂_i[π^i, π̂^{-i}] or η_i^branch

    `setup`           what is compared
    `branch_lengths`  the k for which claims about branched rollouts are computed, by default 1 alone
    `dynamics_error`  how the theorems' ε_m and ε'_m are read, one of `DYNAMICS_ERRORS`; by default "real"
    `errors`          what `measure` finds for these branch lengths, if it is known already

    Returns one `Comparison` for each of `CLAIMS`, and for each branch length of those with a branch (aorpo Theorems 1-5
    and those of the appendix). Raises `ValueError` where the reading is unknown, or a branch length is no whole number.

    >>> from mathrl.games import load, uniform_policy
    >>> game = load("climbing")
    >>> setup = Setup.of(game, policy=uniform_policy(game), opponent_models=[[0.5, 0.3, 0.2]])
    >>> row = compare_returns(setup)[0]
    >>> row.claim, round(row.discrepancy, 3), round(row.printed, 3), round(row.coupling, 3), row.trivial
    ('theorem-1', 1.289, 3.667, 6.833, 41.0)
    """
    check_setup(setup)
    if errors is not None:
        instance("errors", errors, Errors, "mathrl.bounds.Errors", "measure finds them")
    reading, game = choice("dynamics_error", dynamics_error, DYNAMICS_ERRORS), setup.game
    lengths = whole_lengths(branch_lengths)
    errors, exact = measure(setup, lengths) if errors is None else errors, returns(setup)
    others: dict[tuple[str, int | None], float] = {("learned", None): exact.learned, ("modelled", None): exact.modelled}
    branched = branched_returns(setup.data, setup.modelled, lengths, setup.agent).tolist()
    others.update({("branched", k): found for k, found in zip(lengths, branched, strict=True)})
    values = {name: value_bound(setup, getattr(setup, name)) for name in ("learned", "modelled")}
    rewards = setup.paid
    largest, size, spread = float(rewards.max()), float(np.abs(rewards).max()), float(np.ptp(rewards))
    rounding, as_defined = _ROUNDING * size / (1 - game.discount), game.discount / (1 - game.discount)
    rows = []
    for claim in CLAIMS:
        for k in lengths if claim.branched else [None]:
            read, error = _dynamics_error(claim, errors, reading, k)
            known = {"discount": game.discount} | ({} if k is None else {"branch_length": k})
            numbers = _arguments(claim.arguments, {**vars(errors), "dynamics_error": error})
            discrepancy = (1 - game.discount) * abs(exact.real - others[claim.compared, k])
            printed = claim.printed(reward_bound=largest, **known, **numbers)
            averaged = read == "occupancy"
            rows.append(
                Comparison(
                    claim=claim.name,
                    branch_length=k,
                    discrepancy=discrepancy,
                    printed=printed,
                    corrected=claim.printed(reward_bound=size, **known, **numbers),
                    coupling=claim.coupling(reward_range=spread, averaged=averaged, **known, **_of_each(numbers)),
                    value=values.get(claim.compared),
                    trivial=trivial_bound(reward_range=spread),
                    dynamics_error=error,
                    reading=read,
                    proved=not (claim.branched and read == "model"),
                    holds=discrepancy <= printed + rounding,
                    holds_as_defined=as_defined * discrepancy <= printed + as_defined * rounding,
                    discount=game.discount,
                )
            )
    return tuple(rows)


def compare_distances(setup: Setup, steps: int) -> tuple[DistanceComparison, ...]:
    """Compute all of aorpo's claims on laws at each time: the real distance beside its bounds   (aorpo Lemmas C.1-2).

        TV(p_1(s_t), p_2(s_t)) and TV(p_1(s_t, a_t), p_2(s_t, a_t)) ≤ the bound of the claim

    p_1 is the law along T with π, p_2 that along T̂ with (π^i, π̂^{-i}).

    `setup`  what is compared
    `steps`  the last time; t = 0 … `steps`

    Returns one `DistanceComparison` for each of `DISTANCE_CLAIMS` and each t. Raises `ValueError` where `steps` is no
    whole number.
    """
    check_setup(setup)
    errors = policy_distances(setup)
    of_states = state_distances(setup.real, setup.modelled, steps)
    of_actions = joint_distances(setup.real, setup.modelled, steps)
    of_s = setup.modelled.expected(dynamics_distance(setup))
    expected = [mean(law_s, of_s) for law_s in islice(setup.modelled.laws(), steps)]
    # The maximum over all t may lie after step t, or be known only as far as it counts in a discounted return.
    before = np.maximum.accumulate([0.0, *expected])
    rows = []
    for claim in DISTANCE_CLAIMS:
        for t, (state, joint) in enumerate(zip(of_states.tolist(), of_actions.tolist(), strict=True)):
            found = {
                **errors,
                "dynamics_error": min(float(before[t]), 1.0),
                "state_distance": min(state, 1.0),
                "step": t,
            }
            numbers = _arguments(claim.arguments, found)
            printed, coupling = claim.printed(**numbers), claim.coupling(**_of_each(numbers))
            rows.append(DistanceComparison(claim.name, t, joint if claim.actions else state, printed, coupling))
    return tuple(rows)


_ROUNDING = 256 * float(np.finfo(np.float64).eps)
"""The rounding error of two returns, in units of max |r| / (1 − γ): linear systems are solved to some dozens of
rounding floors.
"""


def _dynamics_error(claim: Claim, errors: Errors, reading: str, k: int | None) -> tuple[str, float]:
    """How the dynamics' error of a claim is read, and its value."""
    if claim.expected == "modelled":
        return "modelled", errors.modelled_dynamics
    if k is not None and "branched" in (claim.expected, reading):
        return "branched", errors.branched_dynamics[k]
    readings = errors.data_dynamics if claim.expected == "data" else errors.current_dynamics
    read = "real" if reading == "branched" else reading
    return read, readings[read]


def _arguments(wanted: Mapping[str, str], found: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a formula, from the numbers that were found."""
    return {argument: 0.0 if name == "none" else found[name] for argument, name in wanted.items()}


def _of_each(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """The same numbers, with the opponents' joint policy as one opponent."""
    return {_OF_ONE.get(name, name): (x,) if name in _OF_ONE else x for name, x in numbers.items()}

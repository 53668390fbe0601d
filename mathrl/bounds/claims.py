"""AORPO's bounds as a table: what each claim compares, its printed formula, our sharper one, and what enters them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mathrl.bounds import lemmas, sharper, theorems

__all__ = ["CLAIMS", "DISTANCE_CLAIMS", "Claim", "DistanceClaim"]

_JOINT_SHIFT = {
    "dynamics_error": "dynamics_error",
    "policy_shift": "policy_shift",
    "opponents_shift": "opponents_shift",
}
_EACH_SHIFT = {
    "dynamics_error": "dynamics_error",
    "policy_shift": "policy_shift",
    "opponent_shifts": "opponent_shifts",
}
_JOINT = {**_JOINT_SHIFT, "opponents_error": "opponents_error"}
_EACH = {**_EACH_SHIFT, "opponent_errors": "opponent_errors"}
_DISTANCE = {"dynamics_error": "dynamics_error", "policy_distance": "none"}
_BRANCHED_DISTANCE = {
    "dynamics_error_pre": "none",
    "policy_distance_pre": "policy_shift",
    "dynamics_error_post": "dynamics_error",
    "policy_distance_post": "none",
}


@dataclass(frozen=True)
class Claim:
    """A bound of aorpo on |η_i[π^i, π^{-i}] − another return|, as a row of a table.

    `name`       as in "theorem-1": aorpo Theorem 1
    `compared`   the other return: "learned" or "modelled", as in `Returns`, or "branched"
    `expected`   under which law the dynamics' error is an expectation: "data" or "current" (to be read as one of
                 `READINGS`), "modelled" or "branched"; see `Errors`
    `printed`    the printed formula, as a function of keywords
    `coupling`   the sharper formula, which takes the errors of each opponent, or those of their joint policy as of one
    `arguments`  argument of `printed` → field of `Errors`, or "dynamics_error", or "none" for what is 0 here
    """

    name: str
    compared: str
    expected: str
    printed: Callable[..., float]
    coupling: Callable[..., float]
    arguments: Mapping[str, str]

    @property
    def branched(self) -> bool:
        """True where the claim is about rollouts of k steps."""
        return self.compared == "branched"


@dataclass(frozen=True)
class DistanceClaim:
    """A bound of aorpo on the total variation of two laws at time t, as a row of a table.

    `name`       as in "lemma-c.1": aorpo Lemma C.1
    `actions`    true for the laws of (s_t, a_t), false for those of s_t
    `printed`    the printed formula, as a function of keywords
    `coupling`   the sharper formula
    `arguments`  as in `Claim`
    """

    name: str
    actions: bool
    printed: Callable[..., float]
    coupling: Callable[..., float]
    arguments: Mapping[str, str]


CLAIMS = (
    Claim("theorem-1", "modelled", "data", theorems.theorem_1, sharper.coupling_theorem_1, _EACH),
    Claim("theorem-2", "branched", "current", theorems.theorem_2, sharper.coupling_theorem_2, _EACH),
    Claim("theorem-3", "learned", "data", theorems.theorem_3, sharper.coupling_theorem_3, _JOINT_SHIFT),
    Claim("theorem-4", "modelled", "data", theorems.theorem_4, sharper.coupling_theorem_1, _JOINT),
    Claim("theorem-5", "branched", "current", theorems.theorem_5, sharper.coupling_theorem_2, _JOINT),
    Claim(
        "extended-theorem-a.1", "learned", "data", theorems.extended_theorem_a1, sharper.coupling_theorem_3, _EACH_SHIFT
    ),
    Claim("extended-theorem-b.1", "modelled", "data", theorems.extended_theorem_b1, sharper.coupling_theorem_1, _EACH),
    Claim(
        "extended-theorem-b.2", "branched", "current", theorems.extended_theorem_b2, sharper.coupling_theorem_2, _EACH
    ),
    Claim(
        "lemma-c.3",
        "modelled",
        "modelled",
        lemmas.lemma_c3,
        sharper.coupling_lemma_c3,
        {**_DISTANCE, "opponents_distance": "opponents_error"},
    ),
    Claim(
        "lemma-c.4",
        "branched",
        "branched",
        lemmas.lemma_c4,
        sharper.coupling_lemma_c4,
        {
            **_BRANCHED_DISTANCE,
            "opponents_distance_pre": "opponents_shift",
            "opponents_distance_post": "opponents_error",
        },
    ),
    Claim(
        "extended-lemma-c.3",
        "modelled",
        "modelled",
        lemmas.extended_lemma_c3,
        sharper.coupling_lemma_c3,
        {**_DISTANCE, "opponent_distances": "opponent_errors"},
    ),
    Claim(
        "extended-lemma-c.4",
        "branched",
        "branched",
        lemmas.extended_lemma_c4,
        sharper.coupling_lemma_c4,
        {
            **_BRANCHED_DISTANCE,
            "opponent_distances_pre": "opponent_shifts",
            "opponent_distances_post": "opponent_errors",
        },
    ),
)
"""The claims on returns, in the paper's order."""

DISTANCE_CLAIMS = (
    DistanceClaim(
        "lemma-c.1",
        True,
        lemmas.lemma_c1,
        sharper.coupling_lemma_c1,
        {"state_distance": "state_distance", "policy_distance": "none", "opponents_distance": "opponents_error"},
    ),
    DistanceClaim(
        "lemma-c.2",
        False,
        lemmas.lemma_c2,
        sharper.coupling_lemma_c2,
        {**_DISTANCE, "step": "step", "opponents_distance": "opponents_error"},
    ),
    DistanceClaim(
        "extended-lemma-c.1",
        True,
        lemmas.extended_lemma_c1,
        sharper.coupling_lemma_c1,
        {"state_distance": "state_distance", "policy_distance": "none", "opponent_distances": "opponent_errors"},
    ),
    DistanceClaim(
        "extended-lemma-c.2",
        False,
        lemmas.extended_lemma_c2,
        sharper.coupling_lemma_c2,
        {**_DISTANCE, "step": "step", "opponent_distances": "opponent_errors"},
    ),
)
"""The claims on the laws of s_t and (s_t, a_t) along T with π and T̂ with (π^i, π̂^{-i})."""

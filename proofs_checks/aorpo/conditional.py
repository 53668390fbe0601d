"""Agents that choose given the others' actions (Appendix B.2): what a distance of such policies must be."""

from collections.abc import Sequence
from typing import Any

from mathrl.arithmetic import namespace
from mathrl.proofs_checks.aorpo import cases, chains
from mathrl.proofs_checks.aorpo.chains import Chain
from mathrl.proofs_checks.aorpo.return_bounds import NORMALISED, returns_within
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.slack import Slack

VARIANT = "normalised, max |r|, own actions given the others'"


@claim(
    "aorpo.extended-theorem-b.1",
    variant=VARIANT,
    at="B.2, l. 1350-1403",
    verdict="corrected",
    severity="gap",
    on=cases.conditionals,
    proof="gap",
    survives={"distance": "over the others' actions"},
    rests_on=("aorpo.extended-lemma-c.1", "aorpo.extended-theorem-a.1"),
    argument="mathrl.proofs_checks.aorpo.conditional.theorem_b1",
)
def theorem_b1(*, distance: str = "of what is played", **instance: Any) -> Slack:
    """Theorem 1 for an agent whose policy π^i(a^i|s, a^{-i}) answers the others' actions, as B.2 writes it.

    Reading: Two agents, of which agent 0 sees the other's action; in the learned dynamics it sees the action of the
    other's model. ε_π^i is the printed max_s D_TV(π^i(·|s), π_D^i(·|s)) of what the agent plays in a state, whatever
    the other does. Returns are normalised and r_max is max |r|.

    Finding: An agent that copies its opponent and one that throws a coin play the same in each state, and lead to
    different states. Extended Lemma C.1 has variables that are independent given the state, which these are not.

    Correction: The shift ε_π^i is the largest distance over states and the others' actions.

    Proof: With the largest distance over states and the others' actions, couple the processes as in
    `mathrl.theorem-coupled-model` and `mathrl.theorem-coupled-rollouts`, but let the others draw their actions first.
    Where these agree in all processes, agent i draws its actions given the common actions of the others by maximal
    couplings, which agree with probability 1 − ε_π^i or more. So all agree with the same probability as there; the rest
    of those proofs does not use how the joint action was drawn.

    Practice: Where policies are conditioned on predicted actions, their change is to be measured given these.
    """
    return _bounded(**{**instance, "branch_length": None}, distance=distance)


@claim(
    "aorpo.extended-theorem-b.2",
    variant=VARIANT,
    at="B.2, l. 1350-1360 and 1405-1466",
    verdict="corrected",
    severity="gap",
    on=cases.conditionals,
    proof="gap",
    survives={"distance": "over the others' actions"},
    rests_on=("aorpo.extended-lemma-c.1", "aorpo.extended-lemma-c.4"),
    argument="mathrl.proofs_checks.aorpo.conditional.theorem_b1",
)
def theorem_b2(*, distance: str = "of what is played", **instance: Any) -> Slack:
    """Theorem 2 for an agent whose policy π^i(a^i|s, a^{-i}) answers the others' actions, as B.2 writes it.

    Reading: As the variant of Extended Theorem B.1; ε'_m is an expectation along the real dynamics with π.

    Finding: As there. With a perfect model and a perfect opponent model the printed bound may be 0 and the returns
    differ.

    Correction: The shift ε_π^i is the largest distance over states and the others' actions.
    """
    return _bounded(**instance, distance=distance)


def _bounded(
    game: Any,
    learned_transitions: Any,
    conditional_distribution: Any,
    data_conditional_distribution: Any,
    opponent_policy: Sequence[Any],
    data_opponent_policy: Sequence[Any],
    modelled_opponent_policy: Sequence[Any],
    branch_length: int | None,
    *,
    distance: str,
) -> Slack:
    own, data_own = conditional_distribution, data_conditional_distribution
    (other,), (data_other,), (guess,) = opponent_policy, data_opponent_policy, modelled_opponent_policy

    def run(transitions: Any, conditional: Any, opponent: Any) -> Chain:
        return chains.chain(game.start, transitions, _played(conditional, opponent))

    real, collecting = run(game.transitions, own, other), run(game.transitions, data_own, data_other)
    simulated = run(learned_transitions, own, guess)
    if distance == "of what is played":
        shift = chains.largest_distance(_marginal(own, other), _marginal(data_own, data_other))
    else:
        shift = chains.largest_distance(own, data_own)
    shift = shift + chains.largest_distance(other, data_other)
    error = chains.largest_distance(other, guess)
    return returns_within(
        game,
        learned_transitions,
        0,
        real,
        collecting,
        simulated,
        shift,
        error,
        branch_length,
        returns=NORMALISED,
        reward="size",
    )


def _played(conditional: Any, opponent: Any) -> Any:
    """π^0(a|s, b) π^1(b|s) of joint actions (a, b) in C order, from π^0 (S, B, A) and π^1 (S, B)."""
    joint = namespace(conditional).permute_dims(conditional * opponent[:, :, None], (0, 2, 1))
    return joint.reshape(len(opponent), -1)


def _marginal(conditional: Any, opponent: Any) -> Any:
    """What agent 0 plays in a state, (S, A)."""
    return (conditional * opponent[:, :, None]).sum(axis=1)

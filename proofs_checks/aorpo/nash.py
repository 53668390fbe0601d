"""Nash Q-learning's operator (Lemma D.2) where equilibria are global optima or saddle points."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st

from mathrl.proofs_checks.aorpo import chains
from mathrl.proofs_checks.families import generators, instances, numbers
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.slack import Slack, at_most, premise


@instances
def pairs(draw: st.DrawFn) -> Mapping[str, Any]:
    """Two stage games of two agents, each with a global optimum or with payoffs that sum to 0, and a discount."""
    first = draw(_payoffs())
    near = draw(st.booleans())
    other = first + draw(generators()).normal(size=(2, 2, 2)) / 10 if near else draw(_payoffs())
    return {"q": first, "other_q": other, "discount": draw(st.sampled_from([0.5, 0.9]))}


@st.composite
def _payoffs(draw: st.DrawFn) -> Any:
    one, other = draw(numbers((2, 2))), draw(numbers((2, 2)))
    if draw(st.booleans()):
        return np.stack([one, -one])
    best = np.unravel_index(one.argmax(), one.shape)
    other[best] = other.max()
    return np.stack([one, other])


CONDITIONS = "conditions of Theorem 7"


@claim(
    "aorpo.lemma-d.2",
    at="Appendix D, l. 2896-2906",
    verdict="open",
    on=pairs,
    proof="cited",
    survives={"kinds": "the same"},
)
def nash_operator_contracts(q: Any, other_q: Any, discount: Any, *, kinds: str = "any") -> Slack:
    """Under the conditions of "Proposition C.1" the operator of Nash Q-learning is a contraction, whose fixed point is
    the Nash Q-value of the game.

    Reading: The paper has no Proposition C.1. Its conditions may be those of Theorem 7, or those of the source, Hu and
    Wellman's Theorem 17.

    Finding: With the former it fails, with the latter it holds: see the two variants. Which is meant is not said, so
    that the row as such is open.
    """
    return _contracts(q, other_q, discount, kinds=kinds)


@claim(
    "aorpo.lemma-d.2",
    variant=CONDITIONS,
    at="Appendix D, l. 2753-2756 and 2896-2906",
    verdict="corrected",
    severity="gap",
    on=pairs,
    proof="cited",
    survives={"kinds": "the same"},
    argument="mathrl.proofs_checks.aorpo.nash.nash_operator_contracts_for_one_kind",
    examples=300,
)
def nash_operator_contracts_for_both(q: Any, other_q: Any, discount: Any, *, kinds: str = "any") -> Slack:
    """Where each stage game has a global optimum or a saddle point, and all of a stage game have one value, the
    operator of Nash Q-learning is a contraction with factor γ in the maximum norm.

    Reading: Two agents with two actions, one state, no rewards: the operator is γ times the Nash value of the stage
    game. A global optimum gives each agent its largest payoff; at a saddle point an agent does not gain by deviating,
    and does not lose if others do. Optima and saddle points in pure actions are looked for.

    Finding: One stage game may have an optimum and another, as near as you like, a saddle point, with other values.
    The operator then is not even continuous.

    Correction: All stage games have a global optimum, or all have a saddle point, as in Hu and Wellman's assumption.

    Practice: That every stage game met in learning has a good equilibrium does not make Nash Q-learning converge.
    """
    return _contracts(q, other_q, discount, kinds=kinds)


@claim(
    "aorpo.lemma-d.2",
    variant="conditions of the source",
    at="Appendix D, l. 2896-2906",
    verdict="holds",
    on=pairs,
    proof="cited",
    breaks={"power": 2},
    cited="Hu and Wellman (2003), Nash Q-learning for general-sum stochastic games, JMLR 4, Theorem 17",
    argument="mathrl.proofs_checks.aorpo.nash.nash_operator_contracts_for_one_kind",
    examples=300,
)
def nash_operator_contracts_for_one_kind(q: Any, other_q: Any, discount: Any, *, power: int = 1) -> Slack:
    """Where all stage games have a global optimum, or all have a saddle point, and these are used, the operator of Nash
    Q-learning is a contraction with factor γ in the maximum norm.

    Reading: As the variant with the conditions of Theorem 7, for two stage games of one kind.

    Finding: It holds. That the fixed point is the table of an equilibrium of the whole game is in the source, too: in
    each state its values are those of an equilibrium of the stage game that it makes.

    Proof: Let two tables differ by at most d. If both stage games have a global optimum, agent i's values are their
    largest entries, which differ by at most d. If both have a saddle point σ, then Q^i(σ^i, a^{-i}) ≥ Q^i(σ) ≥
    Q^i(a^i, σ^{-i}) for all actions, so that Q^i(σ) is the value of the zero-sum game of agent i against all others
    together; that value is max over mixed actions of a minimum of entries' means, which moves by at most d. The
    operator multiplies by γ and takes a mean over next states.
    """
    return _contracts(q, other_q, discount, kinds="the same", power=power)


def _contracts(q: Any, other_q: Any, discount: Any, *, kinds: str, power: int = 1) -> Slack:
    kept = [_values(table) for table in (q, other_q)]
    shared = [kind for kind in kept[0] if kind in kept[1]]
    if kinds == "the same":
        premise(shared)
        one, other = (found[shared[0]] for found in kept)
    else:
        for found in kept:
            premise(found and all(_equal(value, next(iter(found.values()))) for value in found.values()))
        one, other = (next(iter(found.values())) for found in kept)
    apart = discount * abs(np.array(one) - np.array(other))
    return at_most(apart, discount**power * chains.largest(abs(q - other_q)))


def _equal(one: Any, other: Any) -> bool:
    return all(x == y for x, y in zip(one, other, strict=True))


def _values(table: Any) -> Mapping[str, Any]:
    """The values of the stage game (2, A, B) at its global optima and at its saddle points, by kind."""
    first, second = table
    found: dict[str, Any] = {}
    for a, b in np.ndindex(first.shape):
        value = first[a, b], second[a, b]
        if (first <= value[0]).all() and (second <= value[1]).all():
            found["optimum"] = value
        equilibrium = (first[:, b] <= value[0]).all() and (second[a, :] <= value[1]).all()
        if equilibrium and (first[a, :] >= value[0]).all() and (second[:, b] >= value[1]).all():
            found["saddle point"] = value
    return found

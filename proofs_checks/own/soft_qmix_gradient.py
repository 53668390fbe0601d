"""The exact form of Soft-QMIX's gradient identity, with and without a reference policy."""

from typing import Any

from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.slack import Slack, all_of
from mathrl.proofs_checks.soft_qmix.gradient import Parts, critics, parts_of, sides
from mathrl.proofs_checks.symbols import expands_to_zero, symbols


def _for_two_states_of_four() -> str:
    """Two states with four joint actions, all of π, log(π/π̄), V, y and α free."""
    pi, ratio, y = (symbols(name, (2, 4)) for name in ("p", "l", "y"))
    v, alpha = symbols("v", (2,)), symbols("α", (1,))[0]
    proved = expands_to_zero(sides(Parts(pi, ratio, v, v[:, None] + alpha * ratio, y), alpha, "right"))
    return f"{proved} identities expand to 0: two states with four joint actions, given the three gradients"


@claim(
    "mathrl.theorem-soft-qmix-gradient",
    at="of soft-qmix Theorems 4.2 and E.1, l. 161-176 and 475-551",
    verdict="holds",
    on=critics,
    proof="sound",
    breaks={"constants": "printed"},
    argument="mathrl.proofs_checks.own.soft_qmix_gradient.gradient_splits",
    symbolic=_for_two_states_of_four,
)
def gradient_splits(
    game: Any, q: Any, reference_distribution: Any, temperature: Any, *, constants: str = "right"
) -> Slack:
    """Let π̄ > 0 be fixed weights of the joint actions, V = α log Σ_u π̄(u) exp(Q_θ(u)/α) and
    π_θ = π̄ exp((Q_θ − V)/α). With y, and with the weights w = π_θ of the means at this θ, held fixed,
    ∇ E_w[(Q_θ − y)²] = 2α² ∇ KL(π_θ‖π̄ exp(y/α)/Z) + ∇(V_θ − V̂)², where V̂ = E_w[y] − α E_w[log(π_θ/π̄)] is held fixed
    too. For π̄ = 1 this V̂ is E_w[y] + α H(w).

    Reading: In each state; means over states with fixed weights follow. y need not have to do with Q.

    Finding: Eq. 12 and 29 have α in place of 2α², and leave the entropy out of V̂; for π̄ = 1 no table with more than
    one joint action satisfies them.

    Proof: Let l = log(π_θ/π̄), so that Q = V + α l. Then ½ ∇ E_w[(Q − y)²] = E_w[(∇V + α ∇l) (V + α l − y)]. As
    Σ π_θ = 1, E_w[∇l] = Σ ∇π_θ = 0. Therefore the terms of ∇V are ∇V (V + α E_w[l] − E_w[y]) = ∇V (V − V̂), which is
    ½ ∇(V − V̂)², and those of ∇l are α E_w[∇l (α l − y)], as V does not depend on u. On the other side
    KL(π_θ‖π̄ exp(y/α)/Z) = E_{π_θ}[l − y/α] + log Z, whose gradient is E_w[∇l (l − y/α)] + E_w[∇l], the last term 0. So
    α² times it is what was found.

    Proof: Of the printed right side, with α for 2α² and E_w[y] for V̂, the left side is short by (α − 2α²) ∇KL − 2α
    E_w[l] ∇V. For the table as parameter Σ_u ∂KL/∂Q(u) = 0, as a constant added to Q leaves π, and Σ_u ∂V/∂Q(u) = 1.
    For π̄ = 1, where −E_w[l] = H(w), the two sides summed over u therefore differ by 2α H(w), which is positive
    unless there is one joint action.

    Practice: An update by the squared error of Q is one of the divergence with weight 2α² and one of the soft value's
    own squared error, whose target includes the entropy. A loss of two parts with free weights is another algorithm.
    """
    return all_of(
        *(
            sides(parts_of(game, q, temperature, reference), temperature, constants)
            for reference in (None, reference_distribution)
        )
    )

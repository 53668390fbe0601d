"""The gradient of the squared error of Q, taken apart into those of a divergence and of V   (soft-qmix Eq. 12, 29).

The table itself is the parameter. Other parametrisations add the same Jacobian to all terms, so that an identity of the
table's gradients holds for all of them.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from hypothesis import strategies as st

from mathrl.arithmetic import namespace
from mathrl.operators import backup, soft_value
from mathrl.operators.axes import flat
from mathrl.proofs_checks.families import instances, numbers, rows, stochastic_games
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.slack import Slack, equal
from mathrl.proofs_checks.strategies import temperatures
from mathrl.softmax import log_boltzmann, log_probabilities, soft_max, target_log_ratio, target_soft_max

__all__ = ["Parts", "critics", "parts_of", "sides"]


class Parts(NamedTuple):
    """What the two sides are made of, in each state (S,) or (S, U) over joint actions.

    `pi`         π, the policy that Q defines
    `log_ratio`  log(π/π̄), with the number 1 in place of π̄ where there is no reference policy
    `v`          V, so that Q = V + α log(π/π̄)
    `q`          Q
    `y`          the target
    """

    pi: Any
    log_ratio: Any
    v: Any
    q: Any
    y: Any


def parts_of(game: Any, q: Any, temperature: Any, reference: Any = None) -> Parts:
    """π ∝ π̄ exp(Q/α), V = α log Σ π̄ exp(Q/α), and y = T^π Q of Eq. 5.

    `game`         a game with a common payoff
    `q`            Q, (S, A_1, …, A_n)
    `temperature`  α > 0
    `reference`    π̄ > 0, (S, U); None: 1 for each joint action
    """
    table = flat(q)
    xp = namespace(table)
    if reference is None:
        logs = log_boltzmann(table, temperature)
        ratio, v = logs, soft_max(table, temperature)
    else:
        ratio = target_log_ratio(table, log_probabilities(reference), temperature)
        logs = log_probabilities(reference) + ratio
        v = target_soft_max(table, log_probabilities(reference), temperature)
    pi = xp.exp(logs)
    ahead = soft_value(table, (pi,), temperature=temperature)
    return Parts(pi, ratio, v, table, flat(backup(ahead, game.rewards, game.transitions, discount=game.discount)))


def sides(parts: Parts, temperature: Any, constants: str = "printed") -> Slack:
    """2 π (Q − y) on the left; on the right the gradient of the divergence times a constant, and 2 π (V − target).

    With π as weights that are held fixed: ∇ E_π[(Q − y)²] = 2 π (Q − y); ∇ KL(π‖π̄ exp(y/α)/Z) = π/α (log(π/π̄) − y/α,
    less its mean over π); and ∇V = π.

    `parts`        from `parts_of`, or symbols
    `temperature`  α
    `constants`    "printed": α times the divergence, and E_π[y] as target of V; "right": 2α², and the target
                   E_π[y] − α E_π[log(π/π̄)]
    """
    pi, ratio, v, q, y = parts
    xp = namespace(pi)

    def mean(x: Any) -> Any:
        return xp.sum(pi * x, axis=-1)[:, None]

    pulled = ratio - y / temperature
    slope = pi / temperature * (pulled - mean(pulled))
    if constants == "printed":
        weight, target = temperature, mean(y)
    else:
        weight, target = 2 * temperature**2, mean(y) - temperature * mean(ratio)
    right = weight * slope + 2 * pi * (v[:, None] - target)
    hidden = 0.0 if q.dtype.hasobject else 1e-11 * (1 + float(abs(q).max()) + float(abs(y).max()))
    return equal(2 * pi * (q - y), right, rounding=hidden)


@instances
def critics(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game, a table q, and a reference policy."""
    game = draw(stochastic_games(max_states=2))
    return {
        "game": game,
        "q": draw(numbers((game.num_states, *game.num_actions))),
        "reference_distribution": draw(rows((game.num_states, game.num_joint_actions))),
        "temperature": draw(temperatures(0.1, 10.0)),
    }


@claim(
    "soft-qmix.theorem-4.2",
    at="Section 4.2, l. 161-176; proof E, l. 492-551",
    verdict="corrected",
    severity="gap",
    on=critics,
    proof="false step at l. 522",
    survives={"constants": "right"},
    argument="mathrl.proofs_checks.own.soft_qmix_gradient.gradient_splits",
)
def gradient_splits(
    game: Any, q: Any, reference_distribution: Any, temperature: Any, *, constants: str = "printed"
) -> Slack:
    """The gradient of E_π[(Q_θ − y)²] is α times that of KL(π_θ‖exp(y/α)/Z), and that of E_π[(V_θ − y)²], where V_θ and
    π_θ are what Q_θ defines (Eq. 11) and y estimates T^π Q_θ.

    Reading: π_θ is a policy, so that it sums to 1, and Eq. 30 has Q = V + α log π; so V = α log Σ exp(Q/α), the
    sum in place of the printed mean, and the bracket of Eq. 11 is ((Q − V)/α). y, its Z and the distribution from which
    joint actions are drawn are held fixed, as the proof has it. The table is the parameter.

    Finding: Both constants are wrong. The last line of the proof itself gives 2α² for the divergence, twice what stands
    there for the halved square. And it takes −(∇V) Δ for ½ ∇(V − y)², although by Eq. 31 V + Δ is E[y] + α H(π) and not
    E[y]. Summed over all joint actions, the two sides differ by 2α H(π) in each state; so where there is a choice the
    printed identity holds for no table at all. The first step that fails is the third equality at l. 522: it puts V +
    α E[log π] + Δ for y at each joint action, and Eq. 31 says so of the mean only. With y − V − α E[log π] for Δ the
    proof is right up to its last line.

    Correction: ∇ E_π[(Q − y)²] = 2α² ∇ KL(π_θ‖exp(y/α)/Z) + ∇(V_θ − E_π[y] − α H(π))², with π in the last bracket
    held fixed as well (mathrl.theorem-soft-qmix-gradient).

    Practice: At small α the squared loss moves the policy far less than the printed α suggests: the ratio of the two
    parts is 2α² to 1. The gradients agree at one table; the minimisers of the two losses over a class need not.
    """
    return sides(parts_of(game, q, temperature), temperature, constants)


@claim(
    "soft-qmix.theorem-4.2",
    variant="V a mean under a reference policy",
    at="Section 4.2, l. 161-176",
    verdict="corrected",
    severity="gap",
    on=critics,
    proof="false step at l. 522",
    survives={"constants": "right"},
    argument="mathrl.proofs_checks.own.soft_qmix_gradient.gradient_splits",
)
def gradient_splits_with_a_reference(
    game: Any, q: Any, reference_distribution: Any, temperature: Any, *, constants: str = "printed"
) -> Slack:
    """The gradient of E_π[(Q_θ − y)²] is α times that of KL(π_θ‖π̄ exp(y/α)/Z), and that of E_π[(V_θ − y)²], where
    V = α log E_π̄[exp(Q/α)] and π_θ = π̄ exp((Q − V)/α) with a reference policy π̄.

    Reading: V as the mean that Eq. 11 prints, which is the form of the source that Appendix E follows; π̄ is any
    positive policy that does not depend on θ, and the divergence has it in its target too.

    Finding: The same two constants are wrong, with −KL(π‖π̄) in place of H(π).

    Correction: ∇ E_π[(Q − y)²] = 2α² ∇ KL(π_θ‖π̄ exp(y/α)/Z) + ∇(V_θ − E_π[y] + α KL(π‖π̄))², π held fixed in the last
    bracket. Only where Q is constant, so that π = π̄, is E_π[y] the right target of V.
    """
    return sides(parts_of(game, q, temperature, reference_distribution), temperature, constants)


@claim(
    "soft-qmix.theorem-e.1",
    at="Appendix E, l. 475-551",
    verdict="corrected",
    severity="gap",
    on=critics,
    proof="false step at l. 522",
    survives={"constants": "right"},
    argument="mathrl.proofs_checks.own.soft_qmix_gradient.gradient_splits",
)
def gradient_splits_in_the_appendix(
    game: Any, q: Any, reference_distribution: Any, temperature: Any, *, constants: str = "printed"
) -> Slack:
    """The gradient of E_π[(Q_θ − y)²] is α times that of KL(π_θ‖exp(y/α)/Z), and that of E_π[(V_θ − y)²], where V_θ and
    π_θ are what Q_θ defines (Eq. 28) and y estimates T^π Q_θ.

    Reading: As for Theorem 4.2. Eq. 28 takes the mean in V over joint actions alone, and has its bracket at another
    place, (exp(Q − V))/α; where π_θ sums to 1 and Eq. 30 holds the two theorems agree.

    Finding: As for Theorem 4.2.

    Correction: ∇ E_π[(Q − y)²] = 2α² ∇ KL(π_θ‖exp(y/α)/Z) + ∇(V_θ − E_π[y] − α H(π))², with π in the last bracket
    held fixed.

    Practice: Who builds a loss of both parts takes 2α² for the weight of the divergence, and adds the entropy to the
    target of V.
    """
    return sides(parts_of(game, q, temperature), temperature, constants)

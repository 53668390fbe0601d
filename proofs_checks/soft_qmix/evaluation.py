"""Evaluation of a joint policy, with and without traces   (soft-qmix Section 4.2, Appendices C and D)."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from mathrl.arithmetic import namespace
from mathrl.operators import trace_target
from mathrl.operators.axes import flat
from mathrl.proofs_checks.families import instances, numbers, rows, stochastic_games
from mathrl.proofs_checks.joint_control import controlled
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.policy_value import soft_q
from mathrl.proofs_checks.slack import Slack, at_most
from mathrl.proofs_checks.strategies import temperatures


@instances
def evaluations(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game, a joint policy of it, a first table q, and a λ."""
    game = draw(stochastic_games(max_states=2))
    joint = draw(rows((game.num_states, game.num_joint_actions), zeros=True))
    shape = (game.num_states, *game.num_actions)
    return {
        "game": game,
        "joint_policy": joint.reshape(shape),
        "q": draw(numbers(shape)),
        "temperature": draw(temperatures(0.1, 10.0)),
        "trace_decay": draw(st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0])),
    }


@claim(
    "soft-qmix.lemma-4.1",
    at="Section 4.2, l. 126; proof C, l. 396-405",
    verdict="holds",
    on=evaluations,
    proof="false step at Eq. 18",
    breaks={"rate": 2},
    argument="mathrl.proofs_checks.soft_qmix.evaluation.evaluation_with_traces_converges",
)
def evaluation_converges(
    game: Any, joint_policy: Any, q: Any, temperature: Any, trace_decay: Any, *, rate: int = 1
) -> Slack:
    """From any bounded table, the tables Q_{k+1} = T^π Q_k of Eq. 5 tend to the soft Q of the joint policy π.

    Reading: Any joint policy of the state, zeros allowed; the return of Eq. 3, whose first step has no entropy.
    Convergence is shown with its rate, γ^k times the first error, here for k = 3.

    Finding: It holds for any α ≥ 0. The proof takes r + E[H] for the reward with entropy, where r + γ α E[H] is meant;
    with this it is the standard one.
    """
    return _converges(game, joint_policy, q, temperature, 0 * trace_decay, rate)


@claim(
    "soft-qmix.lemma-c.1",
    at="Appendix C, l. 394-405; Eq. 7, l. 116-119",
    verdict="holds",
    on=evaluations,
    proof="false step at Eq. 18",
    breaks={"rate": 2},
    argument="mathrl.proofs_checks.soft_qmix.evaluation.evaluation_with_traces_converges",
)
def evaluation_with_traces_converges(
    game: Any, joint_policy: Any, q: Any, temperature: Any, trace_decay: Any, *, rate: int = 1
) -> Slack:
    """From any bounded table, the tables Q_{k+1} = T_λ^π Q_k of Eq. 7 tend to the soft Q of the joint policy π.

    Reading: As in Lemma 4.1, with T_λ in place of T: the expectation of Eq. 7 over paths on which π draws all actions
    after the first, for any λ from 0 to 1.

    Finding: It holds, and faster than with λ = 0: by Eq. 27 T_λ is the mean of T, T², … with weights (1 − λ) λ^l, so
    that errors shrink by γ (1 − λ)/(1 − γ λ). The proof replaces T_λ by T on the assumption that they agree on average,
    which they do not where Q is not yet the soft Q; it is not needed.

    Proof: Let (P_π x)(s, a) be the mean of x at the next state and the action that π draws there. T Q = c + γ P_π Q
    with a table c that does not depend on Q, so that ‖T Q − T Q'‖ ≤ γ ‖Q − Q'‖ in the maximum norm; its one fixed
    point is the soft Q of π, which satisfies Eq. 4 and 5. In Eq. 7 the mean of δ_{t+l} is P_π^l (T Q − Q), and γ^l
    P_π^l (T Q − Q) = T^{l+1} Q − T^l Q; so T_λ Q = Q + Σ_l λ^l (T^{l+1} Q − T^l Q), which is (1 − λ) Σ_l λ^l T^{l+1}
    Q for λ < 1. Hence T_λ has the same fixed point, and ‖T_λ Q − T_λ Q'‖ ≤ (1 − λ) Σ_l λ^l γ^{l+1} ‖Q − Q'‖ = γ (1 −
    λ)/(1 − γ λ) ‖Q − Q'‖, where the factor is at most γ. For λ = 1 the sum telescopes to lim T^l Q, which is the soft
    Q at once.

    Practice: This is for paths of the policy itself. The paper's replay buffer holds paths of older policies, of which
    the lemma says nothing.
    """
    return _converges(game, joint_policy, q, temperature, trace_decay, rate)


def _converges(game: Any, joint_policy: Any, q: Any, temperature: Any, trace_decay: Any, rate: int) -> Slack:
    """Three sweeps leave at most the rate's third power of the error."""
    together, pi, iterate = controlled(game), (flat(joint_policy),), flat(q)
    xp, exact = namespace(iterate), soft_q(together, pi, temperature=temperature)
    discount = game.discount
    first = xp.max(xp.abs(iterate - exact))
    for _ in range(3):
        iterate = trace_target(
            iterate,
            pi,
            together.rewards,
            together.transitions,
            discount=discount,
            temperature=temperature,
            trace_decay=trace_decay,
        )
    shrunk = discount * (1 - trace_decay) / (1 - discount * trace_decay)
    rounding = 0.0 if iterate.dtype.hasobject else 1e-12 * (1 + float(abs(exact).max()) + float(abs(q).max()))
    return at_most(xp.max(xp.abs(iterate - exact)), shrunk ** (3 * rate) * first, rounding=rounding)

"""Up to which rationality a matrix game has one quantal response equilibrium, and that no larger constant will do."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mathrl.arithmetic import namespace
from mathrl.games import Game
from mathrl.operators import marginal_q
from mathrl.proofs_checks.double_differences import double_difference
from mathrl.proofs_checks.families import instances, numbers
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.slack import Slack, all_of, at_most
from mathrl.softmax import boltzmann


@instances
def pairs_of_logits(draw: st.DrawFn) -> Mapping[str, Any]:
    """A matrix game with payoffs of each agent's own, and two tables of log ratios, often near one another and 0."""
    num_actions = [draw(st.integers(2, 3)) for _ in range(draw(st.integers(2, 3)))]
    payoffs = [draw(numbers((1, *num_actions))) for _ in num_actions]
    size = draw(st.sampled_from([1.0, 1e-2]))
    logits = tuple(size * draw(numbers((1, actions))) for actions in num_actions)
    return {
        "game": Game.stochastic(payoffs, payoffs[0][..., None] * 0 + 1, 0.0),
        "logits": logits,
        "other_logits": tuple(own + size * draw(numbers(own.shape)) for own in logits),
        "weights": tuple(float(draw(st.integers(1, 3))) for _ in num_actions),
    }


@claim(
    "mathrl.theorem-qre-unique",
    at="used for hasac, Table 3 and Theorem 2",
    verdict="holds",
    on=pairs_of_logits,
    proof="sound",
    breaks={"constant": 5},
    argument="mathrl.proofs_checks.own.qre_unique.responses_contract",
)
def responses_contract(
    game: Any, logits: Sequence[Any], other_logits: Sequence[Any], weights: Sequence[Any], *, constant: int = 4
) -> Slack:
    """A matrix game has exactly one logit equilibrium of rationality λ while λ ρ(D) < 4.

    Reading: Any number of agents, with payoffs of their own. D_ij is the largest double difference
    |r^i(a, b, c) − r^i(a', b, c) − r^i(a, b', c) + r^i(a', b', c)| of agent i's payoffs in the actions a, a' of i and
    b, b' of j; D_ii = 0; ρ is the spectral radius, for two agents √(D_12 D_21). The search is for the contraction in
    the proof: |u^i(x) − u^i(y)| ≤ Σ_j D_ij |x^j − y^j|/4, and with weights w, max_i |u^i(x) − u^i(y)|/w_i ≤
    max_i (D w)_i/(4 w_i) · max_j |x^j − y^j|/w_j, where u^i are the payoffs of i's actions.

    Finding: It depends on the payoffs alone and is computed at once (`mathrl.equilibria.matrix.uniqueness`). The
    constant 4 is sharp (variant "sharp"): two agents paid 1 for agreeing, else 0, have D_12 = D_21 = 2; at λ = 2, where
    λ ρ = 4, two further equilibria leave the uniform one.

    Proof: An equilibrium is a fixed point of F^i(x) = λ u^i(softmax(x)), x^i the log ratios of agent i. Measure x^i by
    its spread |x^i| = max x^i − min x^i, a norm on vectors modulo constants. (a) Along a change dx^j the policy changes
    by dπ^j(a) = π^j(a) (dx^j_a − E_π[dx^j]), so that ‖dπ^j‖₁ is the mean deviation of a variable of range |dx^j|. For
    a mean m between 0 and 1, and values in [0, 1], the mean deviation is at most 2 m (1 − m) ≤ 1/2; hence
    ‖dπ^j‖₁ ≤ |dx^j|/2. (b) dπ^j sums to 0 and so moves mass ‖dπ^j‖₁/2 from some actions to others; u^i(a) − u^i(a')
    changes by at most this mass times a mean of double differences, thus |du^i| ≤ Σ_j D_ij ‖dπ^j‖₁/2 ≤ Σ_j D_ij
    |dx^j|/4. Integrated along the segment from y to x this is the first inequality above. (c) For w > 0 with D w ≤ r w
    it makes F a contraction by λ r/4 in the norm max_i |x^i|/w_i; for every r > ρ(D) there is such a w: (D + ε 1 1ᵀ)
    has a positive eigenvector, and its eigenvalue tends to ρ(D) as ε → 0. If λ ρ(D) < 4, take r with λ r < 4; Banach's
    theorem gives one fixed point, on all of space. ∎

    Practice: Above this temperature, α > ρ(D)/4, starts and orders do not matter (hasac Theorem 2, "from any start").
    """
    xp = namespace(logits[0])
    payoffs = list(game.rewards) if not game.common_payoff else [game.rewards] * len(logits)
    one, other = (tuple(boltzmann(x, 1) for x in each) for each in (logits, other_logits))
    moved = [_spread(x - y) for x, y in zip(logits, other_logits, strict=True)]
    parts, rates, norms = [], [], []
    for agent in range(len(logits)):
        changed = _spread(marginal_q(payoffs[agent], one, agent) - marginal_q(payoffs[agent], other, agent))
        shares = [
            double_difference(payoffs[agent], agent, j)[0] if j != agent else 0 * changed for j in range(len(logits))
        ]
        bound = sum((d * x for d, x in zip(shares, moved, strict=True)), 0 * changed) / constant
        rates.append(sum((d * w for d, w in zip(shares, weights, strict=True)), 0 * changed) / weights[agent])
        norms.append(changed / weights[agent])
        parts.append(at_most(changed, bound))
    size = xp.max(xp.stack([x / w for x, w in zip(moved, weights, strict=True)]))
    return all_of(*parts, at_most(xp.max(xp.stack(norms)), xp.max(xp.stack(rates)) * size / constant))


def _spread(x: Any) -> Any:
    xp = namespace(x)
    return xp.max(x) - xp.min(x)


@instances
def excesses(draw: st.DrawFn) -> Mapping[str, Any]:
    """By what factor the rationality exceeds the bound: 1 to 2."""
    return {"excess": draw(arrays(np.float64, 1, elements=st.floats(1e-3, 1.0)))}


@claim(
    "mathrl.theorem-qre-unique",
    variant="sharp",
    at="used for hasac, Table 3 and Theorem 2",
    verdict="holds",
    on=excesses,
    proof="sound",
    breaks={"constant": 2},
    argument="mathrl.proofs_checks.own.qre_unique.agreement_has_others",
)
def agreement_has_others(excess: Any, *, constant: int = 4) -> Slack:
    """Of two agents paid 1 for agreeing and 0 else there are other equilibria as soon as λ ρ(D) > 4.

    Reading: D_12 = D_21 = 2, so ρ = 2. λ = (1 + e) 4/ρ with 0 < e ≤ 1.

    Finding: The bound of `mathrl.theorem-qre-unique` cannot be larger for all games, and for this one is not.

    Proof: (p, 1 − p) for both is an equilibrium where p = softmax(λ p, λ (1 − p)), that is x = tanh(c x) with
    x = 2 p − 1 and c = λ/2 = 1 + e. At x = 1 the right side is smaller. At x with x² = 3 (c − 1)/(2 c³) it is larger,
    since tanh(y) ≥ y − y³/3 and c³x³/3 = (c − 1) x/2 is less than (c − 1) x. So they meet between, at some x > 0. ∎
    """
    c = constant * (1 + excess) / 4
    x = (3 * excess / (2 * (1 + excess) ** 3)) ** 0.5
    return all_of(at_most(x, _tanh(c * x)), at_most(_tanh(c), 1))


def _tanh(y: Any) -> Any:
    return 2 / (1 + namespace(y).exp(-2 * y)) - 1

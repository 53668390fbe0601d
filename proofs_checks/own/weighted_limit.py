"""Where soft Q-learning with models of the opponents ends (for aorpo Theorem 6)."""

from collections.abc import Mapping, Sequence
from functools import partial
from math import log
from typing import Any

import numpy as np
from hypothesis import strategies as st

from mathrl.proofs_checks.aorpo import chains
from mathrl.proofs_checks.aorpo.soft_q import SOLVED, fixed_point, learning, modelled_update
from mathrl.proofs_checks.families import generators, instances
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.slack import Slack, all_of, at_most

STEPS = 8


@instances
def visits(draw: st.DrawFn) -> Mapping[str, Any]:
    """What Theorem 6 is searched on, and which pairs are visited in each step."""
    found = draw(learning)
    visited = draw(generators()).random((STEPS, *found["q"].shape)) < 0.6
    return {**found, "visited": visited.astype(float)}


@claim(
    "mathrl.theorem-weighted-limit",
    at="for aorpo Theorem 6",
    verdict="holds",
    on=visits,
    proof="sound",
    breaks={"most": "least"},
    argument="mathrl.proofs_checks.own.weighted_limit.weighted_limit",
)
def weighted_limit(
    game: Any,
    agent: int,
    opponent_policies: Sequence[Any],
    first_transitions: Any,
    first_rewards: Any,
    first_policies: Sequence[Any],
    q: Any,
    share: Any,
    temperature: Any,
    visited: Any,
    *,
    most: str = "most",
) -> Slack:
    """Let learned rewards, dynamics and models of the others' joint policy tend to the real ones, each state and joint
    action be updated infinitely often, γ < 1 and α > 0. Then the tables of Theorem 6 tend to the fixed point Q^φ of r +
    γ E[α log Σ_b φ(b) Σ_a exp(Q/α)], for whatever shares of real dynamics. Let p and p' be the largest and the least
    probability φ(b|s). Then γ α log(1/p)/(1 − γ) ≤ Q^soft − Q^φ ≤ γ α log(1/p')/(1 − γ), both equations where φ is
    uniform. The limit is below Q^soft everywhere where γ > 0 and the others have more than one joint action.

    Reading: Finite sets. The update at time t is that of Theorem 6 with the models of that time, at the pairs that are
    visited; the slack compares each step, and both tables.

    Finding: The limit is below Q^soft also where φ is certain, so that p = 1 and the lower bound is 0.

    Proof: Let V_φ(f) = α log Σ_b φ(b) Σ_a exp(f(a, b)/α). It grows with f, and V_φ(f + c) = V_φ(f) + c, so that |V_φ(f)
    − V_φ(g)| ≤ ‖f − g‖ for any φ. Hence each update P_t, and P with the real models, is a γ-contraction in the maximum
    norm; P has one fixed point Q^φ. Let δ_t = ‖P_t Q^φ − Q^φ‖. Since W(b) = Σ_a exp(Q^φ/α) is positive on a finite set,
    Σ φ_t W → Σ φ W > 0 and the logarithm is continuous there; rewards and dynamics converge too; so δ_t → 0. With e_t =
    |Q_t − Q^φ|, e_{t+1}(x) ≤ γ ‖e_t‖ + δ_t at the pairs that are updated, and e_{t+1}(x) = e_t(x) at others. So ‖e_t‖ ≤
    max(‖e_0‖, sup δ/(1 − γ)) for all t, and L = limsup ‖e_t‖ is finite. For ε > 0 let ‖e_t‖ ≤ L + ε and δ_t ≤ ε from s
    on. Once each pair was updated after s, e_t(x) ≤ γ (L + ε) + ε for all x, and stays so. Hence L ≤ γ L + 2 ε for all
    ε, and L = 0. For the bounds, p' Σ_b W ≤ Σ_b φ W ≤ p Σ_b W, so that V_φ lies between V^soft − α log(1/p') and V^soft
    − α log(1/p); the operators are monotone, and a constant that is added to V in each step adds γ/(1 − γ) times itself
    to the fixed point. Where B > 1, Σ_b φ W < Σ_b W in every state, as W > 0 and some φ(b) < 1. So V_φ is below V^soft
    at the table Q^soft by at least some m > 0, that is, P Q^soft ≤ Q^soft − γ m; as P keeps inequalities and
    P (Q − c) = P Q − γ c, its fixed point is Q^φ ≤ Q^soft − γ m/(1 − γ).

    Practice: With a uniform opponent the learned values are the soft ones less a constant, and the policy is the same;
    with other opponents the policy may differ too.
    """
    real, gamma = chains.joint(opponent_policies), game.discount
    update = partial(
        modelled_update,
        game=game,
        agent=agent,
        opponent_policies=opponent_policies,
        first_transitions=first_transitions,
        first_rewards=first_rewards,
        first_policies=first_policies,
        share=share,
        temperature=temperature,
    )
    limit, soft = fixed_point(game, agent, temperature, real), fixed_point(game, agent, temperature)
    rounding = SOLVED * (1 + np.abs(q).max() + np.abs(limit).max() + np.abs(soft).max())
    steps, table = [], q
    for t, seen in enumerate(visited):
        error = np.abs(update(limit, 0.5**t) - limit).max()
        norm, table = np.abs(table - limit).max(), np.where(seen > 0, update(table, 0.5**t), table)
        steps.append(at_most(np.abs(table - limit)[seen > 0], gamma * norm + error, rounding=rounding))
    far = gamma / (1 - gamma) * temperature
    low = far * log(1 / (real.max() if most == "most" else max(real.min(), 1e-9)))
    high = far * log(1 / real.min()) if real.min() > 0 else np.inf
    gap = soft - limit
    return all_of(*steps, at_most(low, gap, rounding=rounding), at_most(gap, high, rounding=rounding))

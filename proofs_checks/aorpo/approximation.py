"""Processes that approximate a fixed point: Lemmas D.1 and D.5, on which the convergence of Q-learning rests."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st

from mathrl.proofs_checks.aorpo import chains
from mathrl.proofs_checks.families import generators, instances
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.slack import Slack, at_most, equal, premise

STEPS = 8


@instances
def relaxations(draw: st.DrawFn) -> Mapping[str, Any]:
    """First differences, weights of the norm, step sizes, where the noise points, its size c_t, and γ."""
    size, rng = draw(st.integers(1, 3)), draw(generators())
    return {
        "differences": rng.normal(size=size),
        "weights": rng.choice([0.5, 1.0, 2.0], size),
        "step_sizes": rng.choice([0.0, 0.25, 0.5, 1.0], (STEPS, size)),
        "directions": rng.choice([-1.0, 1.0, 0.5, 1.0], (STEPS, size)),
        "offset": draw(st.sampled_from([0.0, 0.1, 1.0])),
        "discount": draw(st.sampled_from([0.5, 0.9, 0.0])),
    }


@claim(
    "aorpo.lemma-d.1",
    at="Appendix D, l. 2870-2894",
    verdict="holds",
    on=relaxations,
    proof="cited",
    breaks={"left": "squared"},
    argument="mathrl.proofs_checks.aorpo.approximation.relaxation_converges",
)
def relaxation_converges(
    differences: Any,
    weights: Any,
    step_sizes: Any,
    directions: Any,
    offset: Any,
    discount: Any,
    *,
    left: str = "whole",
) -> Slack:
    """Let Δ_{t+1} = (1 − α_t) Δ_t + α_t F_t on a finite set, with 0 ≤ α_t ≤ 1, Σ α_t = ∞, Σ α_t² < ∞ at each point, the
    conditional expectation of F_t at most γ ‖Δ_t‖ + c_t in a weighted maximum norm, γ < 1, c_t → 0, and its conditional
    variance at most K (1 + ‖Δ_t‖²). Then Δ_t → 0 with probability 1.

    Reading: As printed, α_t, Δ_t and F_t are known at time t, so that F_t is its own conditional expectation. The rest
    is a statement on each path. What is checked is the inequality of the proof on a window of steps.

    Finding: It holds, and neither Σ α_t² < ∞ nor the condition on the variance, which is 0, is needed for it. In the
    sources F_t is known only at time t + 1; that is the variant.

    Proof: Take a path on which all conditions hold, and write norms for weighted ones. Let ‖Δ_s‖ ≤ D and c_t ≤ c for
    t ≥ s, D' = max(D, c/(1 − γ)) and b = γ D' + c, so that b ≤ D'. If ‖Δ_t‖ ≤ D', then |Δ_{t+1}(x)|/W(x) ≤
    (1 − α_t) |Δ_t(x)|/W(x) + α_t b ≤ D'. So ‖Δ_t‖ ≤ D' for all t ≥ s, and |Δ_n(x)|/W(x) ≤ b + (D − b)^+ Π_{s≤t<n}
    (1 − α_t(x)). The product tends to 0 as Σ α_t(x) = ∞, uniformly as the set is finite. Hence limsup ‖Δ_n‖ ≤ b. So
    L = limsup ‖Δ_t‖ is finite; start at s so late that D ≤ L + ε and c ≤ (1 − γ) ε: D' ≤ L + ε, and L ≤ γ (L + ε) + ε
    for every ε > 0. Thus L = 0.
    """
    start = chains.largest(abs(differences) / weights)
    bound = max(start, offset / (1 - discount))
    towards, now = discount * bound + offset, differences
    for step, direction in zip(step_sizes, directions, strict=True):
        norm = chains.largest(abs(now) / weights)
        now = (1 - step) * now + step * direction * weights * (discount * norm + offset)
    kept = np.prod(1 - step_sizes, axis=0)
    kept = kept**2 if left == "squared" else kept
    return at_most(abs(now) / weights, towards + kept * max(start - towards, 0 * start))


@instances
def noisy_relaxations(draw: st.DrawFn) -> Mapping[str, Any]:
    """The first difference at one point, step sizes, γ, and the size of a noise of either sign."""
    return {
        "difference": draw(st.sampled_from([1.0, -2.0, 0.0])),
        "step_sizes": draw(generators()).choice([0.0, 0.25, 0.5, 1.0], STEPS),
        "discount": draw(st.sampled_from([0.5, 0.9, 0.0])),
        "noise": draw(st.sampled_from([1.0, 0.5, 2.0])),
    }


@claim(
    "aorpo.lemma-d.1",
    variant="noise known only afterwards",
    at="Appendix D, l. 2870-2894",
    verdict="holds",
    on=noisy_relaxations,
    proof="cited",
    breaks={"left": "squared"},
    cited="Singh, Jaakkola, Littman and Szepesvári (2000), Convergence results for single-step on-policy "
    "reinforcement-learning algorithms, Machine Learning 38, Lemma 1",
)
def noisy_relaxation_converges(
    difference: Any, step_sizes: Any, discount: Any, noise: Any, *, left: str = "whole"
) -> Slack:
    """Lemma D.1 where F_t is known only at time t + 1, as in stochastic approximation.

    Reading: α_t and Δ_t are known at time t, and F_t at t + 1. What is searched is one point, F_t = γ Δ_t + noise of
    either sign with probability 1/2, all paths of eight steps: E[Δ_n²] ≤ Π (1 − (1 − γ) α_t)² Δ_0² + σ² Σ α_t².

    Finding: These are the conditions of the lemma that is cited, one by one: the set is finite; the step sizes; the
    conditional mean up to c_t; the conditional variance up to K (1 + ‖Δ_t‖)², which is at most 2 K (1 + ‖Δ_t‖²) and at
    least K (1 + ‖Δ_t‖²). Here Σ α_t² < ∞ is needed. Theorem 7's proof has F_t known at time t.
    """
    paths = np.array([difference])
    for step in step_sizes:
        paths = np.concatenate([(1 - step) * paths + step * (discount * paths + sign * noise) for sign in (1, -1)])
    kept = np.prod((1 - (1 - discount) * step_sizes) ** 2)
    limit = (kept**2 if left == "squared" else kept) * difference**2 + noise**2 * (step_sizes**2).sum()
    return at_most(np.array([(paths**2).mean()]), limit)


@instances
def approximations(draw: st.DrawFn) -> Mapping[str, Any]:
    """A first table, the functions G_t, what part of what F_t allows is used and whither, λ, and γ."""
    size, rng = draw(st.integers(1, 3)), draw(generators())
    return {
        "q": rng.normal(size=size),
        "kept": rng.choice([0.0, 0.5, 0.75, 1.0], (STEPS, size)),
        "directions": rng.choice([-1.0, 1.0, 0.5, 1.0], (STEPS, size)),
        "offset": draw(st.sampled_from([0.0, 0.1])),
        "factor": draw(st.sampled_from([0.5, 0.9, 1.0])),
    }


@claim(
    "aorpo.lemma-d.5",
    at="Appendix D, l. 3017-3040",
    verdict="corrected",
    severity="slip",
    on=approximations,
    proof="cited",
    survives={"factors": "below 1"},
    argument="mathrl.proofs_checks.aorpo.approximation.approximation_converges",
    examples=200,
)
def approximation_converges(
    q: Any, kept: Any, directions: Any, offset: Any, factor: Any, *, factors: str = "at most 1"
) -> Slack:
    """Let operators P_t approximate P at its fixed point Q*, let Q_{t+1} = P_t(Q_t, Q_t), and let 0 ≤ F_t, G_t ≤ 1 with
    |P_t(Q_1, Q*) − P_t(Q_2, Q*)| ≤ G_t |Q_1 − Q_2| and |P_t(Q_1, Q*) − P_t(Q_1, Q_2)| ≤ F_t (‖Q* − Q_2‖ + λ_t) at each
    point, λ_t → 0, Π_{k≤t≤n} G_t → 0 uniformly for each k, and F_t ≤ γ (1 − G_t) for some γ in [0, 1] and large t. Then
    Q_t → Q*.

    Reading: P of two arguments in the recursion is P_t, and T_t in the conditions is P_t too. As Q* may be subtracted,
    Q* = 0. The operators are P_t(Q_1, Q_2)(x) = G_t(x) Q_1(x) + u_t(x) γ (1 − G_t(x)) (‖Q_2‖ + λ), |u_t| ≤ 1. What is
    checked is the inequality of the proof on a window of steps; and where a sequence with λ = 0 comes back to where it
    began, that it was at Q*, since it then does so for ever with the same operators over and over.

    Finding: The case γ = 1 is printed, and with it the sequence need not move: P_t(Q_1, Q_2) = Q_2 has G_t = 0 and
    F_t = 1.

    Correction: Only γ < 1, as in the source, and as the discount is where the paper applies it.

    Practice: Nothing changes for discounts below 1; undiscounted problems need another argument.

    Proof: Let γ < 1, take a path, and let U_{t+1} = P_t(U_t, Q*) from U_0 = Q_0; that P_t approximates P at Q* means
    U_t → Q*. Let Δ_t = |Q_t − U_t| and μ_t = λ_t + ‖U_t − Q*‖ → 0. Then
    Δ_{t+1} ≤ |P_t(Q_t, Q_t) − P_t(Q_t, Q*)| + |P_t(Q_t, Q*) − P_t(U_t, Q*)| ≤ γ (1 − G_t)(‖Δ_t‖ + μ_t) + G_t Δ_t.
    Let ‖Δ_s‖ ≤ D, μ_t ≤ μ for t ≥ s, D' = max(D, γ μ/(1 − γ)) and b = γ (D' + μ) ≤ D'. By induction ‖Δ_t‖ ≤ D', and
    Δ_n(x) ≤ b + (D − b)^+ Π_{s≤t<n} G_t(x). So limsup ‖Δ_n‖ ≤ b. Let L = limsup ‖Δ_t‖; with s so large that D ≤ L + ε
    and μ ≤ ε this is L ≤ γ (max(L + ε, γ ε/(1 − γ)) + ε) for every ε > 0, so that L = 0.
    """
    if factors == "below 1":
        premise(factor < 1)
    start, now = chains.largest(abs(q)), q
    for g, direction in zip(kept, directions, strict=True):
        now = g * now + direction * factor * (1 - g) * (chains.largest(abs(now)) + offset)
    if factor == 1:
        premise(bool((now == q).all()) and offset == 0)
        return equal(q, 0 * q)
    bound = max(start, factor * offset / (1 - factor))
    towards = factor * (bound + offset)
    return at_most(abs(now), towards + np.prod(kept, axis=0) * max(start - towards, 0 * start))

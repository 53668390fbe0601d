"""Mirror learning with entropy ends at equilibria: under which conditions, and how fast."""

from collections.abc import Sequence
from typing import Any

from mathrl.proofs_checks.hasac.mirror_limit import gains, mirror_runs
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.slack import Slack


@claim(
    "mathrl.theorem-mirror-learning",
    at="after hasac, Theorem 3",
    verdict="holds",
    on=mirror_runs,
    proof="sound",
    breaks={"share": 2.0},
    argument="mathrl.proofs_checks.own.mirror_learning.rounds_gain",
)
def rounds_gain(
    game: Any,
    policy: Sequence[Any],
    order: Sequence[int],
    weight: Any,
    temperature: Any,
    radius: Any,
    centre: Any,
    horizon: int,
    *,
    share: float = 1.0,
) -> Slack:
    """In Algorithm 1 of hasac let (a) each neighbourhood U^i contain, with a policy, also those that agree with the
    old one in some states and with it in the others; (b) all U^i contain every policy that differs from the old one by
    at most δ in each probability, one δ > 0 for all; (c) β_π(s) ≥ b > 0 for all s and π; (d) all drifts be at most c
    max_a |p(a) − π(a)|²; (e) given the past, each agent come first in a round with probability at least ε > 0. Then V
    never falls in any state, V and J = E_{s~d}[V] converge to those of a QRE, and with probability 1 all limit points
    of the policies are QREs.

    Reading: Common payoff, finitely many states and actions, α > 0; a QRE satisfies Eq. 3 in every state; maximisers
    are assumed to exist, as in the paper. The search is for inequality (3) of the proof, summed over three rounds:
    balls in each state, two actions, KL drifts, whose bound is c = weight · χ² there.

    Finding: It replaces hasac Theorem 3 (2)-(4). No continuity of U or of the drifts, no convexity and no uniqueness of
    maximisers is needed; the ball of (b) is what Definition 5 lacks. HASAC itself is the case of all policies and no
    drift. A KL drift meets (d) while all actions have probabilities of at least some floor, as they have under a KL
    drift alone: log ratios then stay below the larger of their first size and spread(Q)/α. The expected number of
    rounds in which a policy is further than x from equilibrium, in max_{i,s} α KL(π^i‖σ^i), is at most
    |S| (max V − min V_0)/(ε b G(x)).

    Proof: (1) Let p be agent i's maximiser, and s a state. The policy that is old in s and p elsewhere is in U by (a),
    and were M(p)(s) < M(old)(s), its mean over β would be larger by (c). So M(p) ≥ M(old) everywhere, and by the proof
    of hasac Lemma G.1, V_{k+1} − V_k ≥ Σ_m (M_m(new) − M_m(old)) ≥ M(new) − M(old) of the first agent, ≥ 0.

    Proof: (2) Let i be first, so that all others hold π, and f_s(p) = E_p[Q^i] + α H(p); σ = softmax(Q^i/α), and
    l_i(s) = f_s(σ) − f_s(π^i) = α KL(π^i‖σ). For h ≤ min(δ, 1) the policy that is π^i + h (σ − π^i) in s and π^i
    elsewhere is in U by (b). As f_s is concave it gains at least h l_i(s), less a drift of at most c h².

    Proof: (3) With h = min(δ, 1, l/(2 c)) the gain is at least h l/2 =: G(l), which is positive and grows with l > 0.
    The mean over β of M(new) − M(old) is at least b G(l_i(s)), for every s; so Σ_t (V_{k+1} − V_k)(t) ≥ b G(max_s
    l_i(s)). (Where U is a product over states each state gains G(l_i(s)) by itself.)

    Proof: (4) Let x_k = max_{i,s} l_i(s) of π_k. By (e), E[Σ_t (V_{k+1} − V_k)(t) | past] ≥ ε b G(x_k). V is bounded,
    so that E Σ_k G(x_k) is at most |S| (max V − min V_0)/(ε b): with probability 1 the G(x_k) have a finite sum, and
    x_k → 0. The l_i are continuous in π, also where π is 0 (σ is positive and continuous, Q by hasac Lemma A.2); so x
    = 0 at every limit point, which is Eq. 3.

    Proof: (5) V_k rises and is bounded, and so converges. By Bolzano and Weierstrass there is a limit point, with
    probability 1 a QRE; V is continuous, so that lim V_k is its value, and lim J_k its J. ∎

    Practice: Keep a least radius, and shuffle the agents; then stop when α KL(π^i‖σ^i)/(1 − γ) is small enough.
    """
    return gains(game, policy, order, weight, temperature, radius, steps=3, share=share)

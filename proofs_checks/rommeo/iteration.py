"""ROMMEO-Q: the fixed-point iteration of the soft Bellman equation   (rommeo Theorem 3, Appendix C.3)."""

from typing import Any

from mathrl.arithmetic import namespace
from mathrl.operators import opponent_backup, opponent_value, own_and_others
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.policy_value import rewards_of
from mathrl.proofs_checks.rommeo.pairs import best_pair, seen_by, tables
from mathrl.proofs_checks.slack import Slack, all_of, at_most


@claim(
    "rommeo.theorem-3",
    at="Section 3.1, l. 548-617; C.3, l. 2127-2290",
    verdict="holds",
    on=tables,
    proof="false step at Eq. 61",
    breaks={"modulus": "αγ"},
    rests_on=("rommeo.theorem-1", "rommeo.theorem-2"),
    argument="mathrl.proofs_checks.own.rommeo_contraction.backups_contract",
)
def iteration_converges(
    game: Any,
    agent: int,
    prior: Any,
    q: Any,
    other_q: Any,
    temperature: Any,
    *,
    steps: int = 3,
    modulus: str = "γ",
) -> Slack:
    """From any bounded table the iteration of Eq. 13 tends to Q*, and V_soft of the tables to V*.

    Reading: Q* and V* are the values of the optimal pair (Theorem 1). Convergence is shown with its rate, γ^k times the
    first error after k steps, here for k = 3 and two tables to begin with.

    Finding: More is true than is stated. Neither symmetry nor a single optimum is needed, nor equal rewards: the
    operator is a γ-contraction for any rewards, priors, α and number of agents (mathrl.theorem-rommeo-contraction). In
    Eq. 61 ε is not divided by α, so that the first step fails for α < 1 and the constant αγ is false there; the last
    line restricts the proof to α = 1.

    Practice: The number of sweeps depends on γ alone. As the paper says in Section 6, the limit is optimal for the
    agent's own objective, in which its model plays the opponents; it need not be an optimum of the game.
    """
    xp, seen = namespace(q), seen_by(game, agent)
    rewards = rewards_of(game, agent)
    _, _, best_q, best_v = best_pair(seen, prior, temperature=temperature)
    rate = game.discount if modulus == "γ" else game.discount * temperature
    parts = []
    for first in (q, other_q):
        iterate = first
        for _ in range(steps):
            iterate = opponent_backup(
                iterate, prior, agent, rewards, game.transitions, discount=game.discount, temperature=temperature
            )
        start, end = (xp.max(xp.abs(own_and_others(table, agent) - best_q)) for table in (first, iterate))
        v = opponent_value(own_and_others(iterate, agent), prior, temperature=temperature)
        rounding = 0.0 if q.dtype.hasobject else 1e-10 * (1 + float(abs(best_q).max()))
        for error in (end, xp.max(xp.abs(v - best_v))):
            parts.append(at_most(error, rate**steps * start, rounding=rounding))
    return all_of(*parts)

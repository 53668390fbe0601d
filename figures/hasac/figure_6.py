"""HASAC, Figure 6: the advantages at the initial joint policy, alone; Appendix B has them among its steps."""

from itertools import product

from mathrl.base.reproduction import Computed, exact
from mathrl.figures.hasac.appendix_b import ACTIONS, INITIAL_POLICY, PAPER
from mathrl.figures.hasac.trust_region import advantages
from mathrl.games import as_policy, load

__all__ = ["figure_6"]


@exact(
    "hasac-figure-6",
    caption="advantage of each joint action at the initial joint policy",
    paper={f"agent 2 {own}": PAPER[f"Figure 6: agent 2 {own}"] for own in ACTIONS},
)
def figure_6() -> Computed:
    """Rows are agent 2's actions, columns agent 1's, as printed."""
    game = load("hasac")
    advantage = advantages(game, as_policy(game, INITIAL_POLICY))
    pairs = product(range(3), repeat=2)
    return Computed({(f"agent 2 {ACTIONS[b]}", ACTIONS[a]): float(advantage[a, b]) for a, b in pairs})

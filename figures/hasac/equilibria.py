"""All logit equilibria found of the matrix game of Figure 1, and where HASPI ends among them: a picture of Table 3."""

from typing import TYPE_CHECKING

from mathrl.base.drawing import drawing
from mathrl.figures.hasac.appendix_b import INITIAL_POLICY
from mathrl.figures.hasac.table_3 import TEMPERATURES
from mathrl.figures.portrait import portrait
from mathrl.games import load
from mathrl.games.policies import Policy
from mathrl.solvers import haspi

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw", "ends"]

RANGE = (0.8, 32.0)
PAYOFFS = (5, 10, 20)


@drawing(
    "hasac-table-3",
    caption="the logit equilibria found of Table 3's game against temperature, and where HASPI ends among them",
)
def draw() -> "Figure":
    """The probabilities of agent 1's actions. On each curve that is found, those of agent 2 are the same."""
    from mathrl.figures.qre import draw as draw_portrait

    return draw_portrait(
        portrait(load("hasac"), RANGE),
        agents=(0,),
        ends=ends(),
        ends_label="where HASPI ends, from (0.6, 0.2, 0.2)",
        name=lambda agent, action: f"action {'ABC'[action]}: ({'ABC'[action]},{'ABC'[action]}) pays {PAYOFFS[action]}",
    )


def ends() -> list[tuple[float, Policy]]:
    """HASPI's end from the paper's start, at each temperature of Table 3."""
    game = load("hasac")
    return [
        (float(alpha), haspi(game, temperature=alpha, initial_policy=INITIAL_POLICY).policy) for alpha in TEMPERATURES
    ]

"""AORPO, Figure 9: the scores of Tables 3 and 4, scaled to [0, 1].

The figure's bars are [0, 1] normalized agent scores (G.3), by the protocol of Lowe et al., 2017, in which scores are
scaled within a set of policies that compete. So of the four scores x of a table and a scenario

    (x − min x) / (max x − min x)                                                                        (1)
"""

from collections.abc import Mapping
from itertools import product
from typing import TYPE_CHECKING

from mathrl.base.drawing import drawing
from mathrl.base.reproduction import Computed, exact
from mathrl.figures.aorpo.table_3 import SCENARIOS, SCORES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["TABLES", "draw", "figure_9", "scaled"]

TABLES = {"Table 3": "MASAC and AORPO", "Table 4": "MADDPG and AORDPG"}
"""The tables with the scores before scaling, and their algorithms, the one without a model first."""


def scaled(algorithms: str) -> Mapping[tuple[str, str, str], float]:
    """(1) by scenario, algorithm of the agents, and algorithm of the adversaries."""
    names, found = algorithms.split(" and "), dict[tuple[str, str, str], float]()
    for scenario, texts in zip(SCENARIOS, SCORES[algorithms], strict=True):
        scores = {
            (agents, rival): float(texts[j][i]) for (i, agents), (j, rival) in product(enumerate(names), repeat=2)
        }
        low, high = min(scores.values()), max(scores.values())
        found |= {(scenario, *pair): (x - low) / (high - low) for pair, x in scores.items()}  # (1)
    return found


@exact(
    "aorpo-figure-9",
    caption="agents' scores against each other in three scenarios, scaled to [0, 1]: the printed scores of Tables 3 "
    "and 4",
    paper={},
)
def figure_9() -> Computed:
    """Each bar: the agents' algorithm against that of the adversaries."""
    values: dict[tuple[str, str], float] = {}
    for table, algorithms in TABLES.items():
        for (scenario, agents, rival), x in scaled(algorithms).items():
            values[f"{table}, {scenario}", f"{agents} against {rival}"] = x
    return Computed(
        values,
        (
            "scaled: the text says that scores are scaled to [0, 1], by the protocol of Lowe et al., 2017 (G.3), and "
            "not how. Here the least of the four scores of a table and a scenario is 0, and the largest 1",
            "the numbers of the bars are not printed, but for the scores before scaling: what the text says of them is "
            "compared in aorpo-table-3 and aorpo-table-4. The scores themselves come from networks, and are inputs",
        ),
    )


@drawing("aorpo-figure-9", caption="the scores of AORPO's Tables 3 and 4 in three scenarios, scaled to [0, 1]")
def draw() -> "Figure":
    """A panel for each table: for each scenario a bar for each pair of algorithms, those with one rival together."""
    from mathrl.figures.plot import COLOURS, mosaic, style

    with style():
        figure, axes = mosaic([list(TABLES)], height=3.4, widths=[1] * len(TABLES))
        for panel, (table, algorithms) in zip(axes.values(), TABLES.items(), strict=True):
            bars, names, ticks, at = scaled(algorithms), algorithms.split(" and "), {}, 0.0
            for scenario in SCENARIOS:
                panel.text(
                    -0.02, at, scenario, transform=panel.get_yaxis_transform(), ha="right", va="center", weight="bold"
                )
                for rival, agents in product(names, repeat=2):
                    at -= 1
                    ticks[at], x = f"{agents} against {rival}", bars[scenario, agents, rival]
                    panel.barh(at, x, height=0.8, color=COLOURS[names.index(agents)], alpha=0.85)
                    panel.text(x + 0.02, at, f"{x:.2f}", va="center", fontsize=7)
                at -= 1.4
            panel.set_yticks(list(ticks), list(ticks.values()), fontsize=7)
            panel.tick_params(axis="y", length=0)
            panel.set(xlim=(0, 1.12), xticks=(0, 0.5, 1), ylim=(at + 0.6, 0.6), xlabel="scaled score of the agents")
            panel.set_title(f"{table}: {names[1]} and {names[0]}")
    return figure

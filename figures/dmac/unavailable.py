"""Figures of DMAC that are not computed here, with what they would take."""

from mathrl.base.reproduction import unavailable

__all__ = ["FIGURES"]

_SMAC = "networks in SMAC, which runs StarCraft II"

_FOUR = (
    f"{_SMAC}: COMA, MAAC, QMIX and DOP, each with and without DMAC, 5 seeds, a million steps a run (the text excepts "
    "2c_vs_64zg and MMM2 and gives no number for them), 20 episodes of evaluation every 10,000 steps"
)

_FOP = (
    f"{_SMAC}: FOP with and without DMAC, 5 seeds, two million steps a run, "
    "20 episodes of evaluation every 20,000 steps"
)

FIGURES = {
    "figure-3": ("win rates or episode rewards of COMA, MAAC, QMIX and DOP in five SMAC maps", f"{_FOUR}; five maps"),
    "figure-4": ("win rates of FOP in five SMAC maps", f"{_FOP}; five maps"),
    "figure-7": (
        "episode rewards of COMA, MAAC, QMIX and DOP in seven SMAC maps",
        f"{_FOUR}; seven maps",
    ),
    "figure-8": (
        "win rates of COMA, MAAC, QMIX and DOP in seven SMAC maps",
        f"{_FOUR}; seven maps, and DAPO in one of them",
    ),
    "figure-9": ("episode rewards of FOP in five SMAC maps", f"{_FOP}; five maps"),
    "figure-10": (
        "episode rewards of COMA and DOP in CDM",
        "networks in CDM, an environment of the DOP paper: COMA and DOP, each with and without DMAC, 5 seeds; neither "
        "the environment nor the number of steps is described in the text",
    ),
}
"""What stands after "dmac-" in the id → caption and needs."""

for _name, (_caption, _needs) in FIGURES.items():
    unavailable(f"dmac-{_name}", caption=_caption, needs=_needs)

"""What networks learn of the papers' tables and figures, and what training codes compute. Ids are of their own.

Declaring needs no JAX: it is imported when an entry is computed. A study keeps itself in a folder beside the parts of
other entries, and goes on from there (docs/decisions/022).
"""

from collections.abc import Mapping

from mathrl.base.extras import need
from mathrl.base.printed import PaperStatement
from mathrl.base.reproduction import REPRODUCTIONS, Computed, Reproduction, exact, is_of_networks, reproduction
from mathrl.base.runs import Runs

__all__ = ["figure_3a", "gumbel", "n_step", "of_networks", "table_3"]

TABLE_3 = {
    1: ("1.0000", "0.0000", "0.0000"),
    2: ("1.0000", "0.0000", "0.0000"),
    5: ("0.9849", "0.0075", "0.0076"),
    10: ("0.0221", "0.0224", "0.9555"),
    15: ("0.1278", "0.1354", "0.7368"),
    20: ("0.2514", "0.2790", "0.4697"),
}
"""The right half of the table."""

FINAL = ("final p1", "final p2", "final p3")


@reproduction(
    "hasac-networks-table-3",
    kind="neural",
    caption="Table 3 as networks learn it: HASAC from (0.6, 0.2, 0.2), agent 1's policy at the end",
    paper={f"alpha={alpha}": dict(zip(FINAL, row, strict=True)) for alpha, row in TABLE_3.items()},
)
def table_3(seed: int, budget: str, runs: Runs) -> Computed:
    """The interquartile mean over seeds of what HASAC's networks end with, at each temperature."""
    need("hasac-networks-table-3", "neural")
    from mathrl.neural.matrix_game import learned_table_3

    return learned_table_3(TABLE_3, FINAL, seed, budget, runs)


ESCAPES_AT = 7.0
ESCAPES = f"HASAC ends at (C,C), at alpha = {ESCAPES_AT:g}"
"""What the text says of Figure 3a, in the words and at the temperature of `hasac-figure-3a`."""


@reproduction(
    "hasac-networks-figure-3a",
    kind="neural",
    caption="Figure 3a as networks learn it: HASAC's return in the matrix game over 200 episodes, by temperature",
    paper={"text": {ESCAPES: PaperStatement()}},
)
def figure_3a(seed: int, budget: str, runs: Runs) -> Computed:
    """The interquartile mean over seeds of the return during learning, and how many seeds end at (C, C)."""
    need("hasac-networks-figure-3a", "neural")
    from mathrl.neural.matrix_game import learned_figure_3a

    return learned_figure_3a(("text", ESCAPES), ESCAPES_AT, seed, budget, runs)


@reproduction(
    "hasac-networks-gumbel",
    kind="neural",
    caption="where HASAC with straight-through Gumbel-softmax ends, with an exact critic and with a learned one",
    paper={},
)
def gumbel(seed: int, budget: str, runs: Runs) -> Computed:
    """Shares of seeds, with the agent's own actions enumerated and drawn."""
    need("hasac-networks-gumbel", "neural")
    from mathrl.neural.gumbel_table import gumbel_table

    return gumbel_table(seed, budget, runs)


@exact(
    "hasac-networks-n-step",
    caption="n-step targets that leave out the entropies in between: where policy iteration ends, γ = 0.99",
    paper={},
)
def n_step() -> Computed:
    """Four games, in which it matters in four ways."""
    from mathrl.neural.n_step_table import n_step_table

    return n_step_table()


def of_networks() -> Mapping[str, Reproduction]:
    """Return the reproductions above by id."""
    return {id: entry for id, entry in REPRODUCTIONS.items() if is_of_networks(id)}

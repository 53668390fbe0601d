"""HASAC, Figure 1: the payoffs, the initial joint policy, and where MAPPO and HAPPO end."""

from itertools import product

from mathrl.base.printed import PaperValue, Printed
from mathrl.base.reproduction import Computed, exact
from mathrl.figures.hasac.appendix_b import INITIAL_POLICY
from mathrl.figures.hasac.trust_region import end, happo, mappo
from mathrl.games import as_policy, joint_policy, load

__all__ = ["figure_1"]

ACTIONS = "ABC"


def _panel(name: str, rows: list[str], exact: bool) -> dict[str, dict[str, Printed]]:
    """Rows are agent 2's actions, columns agent 1's, as printed."""
    return {
        f"{name} agent 2 {own}": {a: PaperValue(text, exact) for a, text in zip(ACTIONS, row.split(), strict=True)}
        for own, row in zip(ACTIONS, rows, strict=True)
    }


PAPER = (
    _panel("(a)", ["5 -20 -20", "-20 10 -20", "-20 -20 20"], exact=True)
    | _panel("(b)", ["0.36 0.12 0.12", "0.12 0.04 0.04", "0.12 0.04 0.04"], exact=False)
    | _panel("(c) MAPPO", ["1 0 0", "0 0 0", "0 0 0"], exact=True)
    | _panel("(c) HAPPO", ["1 0 0", "0 0 0", "0 0 0"], exact=True)
)


@exact(
    "hasac-figure-1",
    caption="(a) payoffs, (b) initial joint policy, (c) final joint policy of MAPPO and HAPPO",
    paper=PAPER,
)
def figure_1() -> Computed:
    """The three panels; (c) by repeating the exact update of Eq. 13 until it returns its own policy."""
    game = load("hasac")
    start = as_policy(game, INITIAL_POLICY)
    ends = {"MAPPO": end(game, mappo, start), "HAPPO": end(game, happo, start)}
    panels = {"(a)": game.rewards[0], "(b)": joint_policy(start)[0]}
    panels |= {f"(c) {name}": joint_policy(reached.policy)[0] for name, reached in ends.items()}
    values = {
        (f"{name} agent 2 {ACTIONS[b]}", ACTIONS[a]): float(panel[a, b])
        for name, panel in panels.items()
        for a, b in product(range(3), repeat=2)
    }
    return Computed(
        values, ("(c): where several policies maximise Eq. 13, one is chosen as the notes of hasac-appendix-b say",)
    )

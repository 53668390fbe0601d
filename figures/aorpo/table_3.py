"""AORPO, Tables 3 to 5: what the scores say of the text, and whether the numbers that two tables share agree.

The scores are inputs here: they come from the Multi-Agent Particle Environment. Rows are the adversaries' algorithm,
columns that of the agents; a score is that of the agents.
"""

from collections.abc import Mapping

from mathrl.base.printed import PaperStatement, Printed
from mathrl.base.reproduction import Computed, exact

__all__ = ["SCENARIOS", "SCORES", "against_agents", "for_agents", "table_3", "table_4", "table_5"]

SCENARIOS = ("Keep-away", "Physical deception", "Predator prey")

Texts = tuple[tuple[str, str], tuple[str, str]]

SCORES: Mapping[str, tuple[Texts, ...]] = {
    "MASAC and AORPO": (
        (("-6.68", "-6.28"), ("-8.31", "-7.65")),
        (("19.64", "32.49"), ("16.36", "20.89")),
        (("-74.93", "-25.69"), ("-47.79", "-45.70")),
    ),
    "MADDPG and AORDPG": (
        (("40.60", "47.72"), ("10.93", "13.12")),
        (("-8.75", "-5.91"), ("-10.75", "-7.73")),
        (("-26.53", "-19.83"), ("-52.89", "-25.04")),
    ),
    "MAMSGM and AORPO": (
        (("-61.31", "44.1"), ("-107.9", "-7.65")),
        (("134.3", "221.44"), ("2.65", "20.89")),
        (("-69.03", "-3.26"), ("-357.9", "-45.69")),
    ),
}
"""Algorithms → scenario → adversary (the first algorithm, the second) → agents (the first, the second), as printed."""


def for_agents(texts: Texts) -> int:
    """Against how many of the two adversaries the agents score more with the second algorithm."""
    return sum(float(second) > float(first) for first, second in texts)


def against_agents(texts: Texts) -> int:
    """How many of the two agents score less against adversaries of the second algorithm."""
    return sum(float(second) < float(first) for first, second in zip(*texts, strict=True))


def _statement() -> dict[str, dict[str, str | Printed]]:
    return {"agents: the second scores more": {scenario: PaperStatement(2) for scenario in SCENARIOS}}


def _computed(algorithms: str) -> dict[tuple[str, str], float]:
    values: dict[tuple[str, str], float] = {}
    for scenario, texts in zip(SCENARIOS, SCORES[algorithms], strict=True):
        values["agents: the second scores more", scenario] = float(for_agents(texts))
        values["adversaries: the second leaves less", scenario] = float(against_agents(texts))
    return values


SAID = (
    "agents: 'gets higher agent scores when competing with the same rivals' (G.3), AORPO than MASAC and AORDPG than "
    "MADDPG; 2 stands for both rivals. Ours counts the rivals, adversaries of either algorithm, against which it is so"
)
NO_TEST = (
    "no deviations are printed with these scores, which are means of 30 evaluations (G.3), so that there is no test. "
    "The settings speak of 10 seeds (F)"
)


@exact(
    "aorpo-table-3", caption="AORPO and MASAC against each other: what the scores say of the text", paper=_statement()
)
def table_3() -> Computed:
    """Who scores more against whom."""
    return Computed(
        _computed("MASAC and AORPO"),
        (
            SAID,
            "adversaries: the text claims nothing of them. In Predator prey adversaries of AORPO leave MASAC's "
            "agents more (-47.79) than MASAC's own adversaries do (-74.93); in the other five cases they leave less",
            NO_TEST,
        ),
    )


@exact(
    "aorpo-table-4", caption="AORDPG and MADDPG against each other: what the scores say of the text", paper=_statement()
)
def table_4() -> Computed:
    """Who scores more against whom."""
    return Computed(
        _computed("MADDPG and AORDPG"),
        (
            SAID,
            "scores of one scenario in Tables 3 and 4 are far apart: in Keep-away every score with MASAC and AORPO "
            "is below 0 and every one with MADDPG and AORDPG above 10, in Physical deception the other way round. "
            "So the tables can be read only each for itself, as rivals differ",
            NO_TEST,
        ),
    )


@exact(
    "aorpo-table-5",
    caption="AORPO and MAMSGM against each other, and the scores that this table shares with Table 3",
    paper=_statement()
    | {
        "AORPO against AORPO, as in Table 3": {
            scenario: texts[1][1] for scenario, texts in zip(SCENARIOS, SCORES["MAMSGM and AORPO"], strict=True)
        }
    },
)
def table_5() -> Computed:
    """Who scores more against whom. AORPO against itself is in Table 3 too; ours is the number that stands there."""
    values = _computed("MAMSGM and AORPO")
    for scenario, texts in zip(SCENARIOS, SCORES["MASAC and AORPO"], strict=True):
        values["AORPO against AORPO, as in Table 3", scenario] = float(texts[1][1])
    return Computed(
        values,
        (
            "shared: AORPO against AORPO is one experiment in both tables. Two numbers are equal; in Predator prey "
            "Table 3 has -45.70 and Table 5 -45.69, which is a slip of rounding or of copying, in one of them",
            "agents: G.4 leaves it to the table who is better; AORPO scores more in all six cases. 2 stands for "
            "both rivals",
            "the text has the experiments of this table 'conducted in the Predator prey scenario' (G.4), and the "
            "table has all three scenarios. Some scores have one digit less than all others, 44.1, -107.9, 134.3 "
            "and -357.9",
            NO_TEST,
        ),
    )

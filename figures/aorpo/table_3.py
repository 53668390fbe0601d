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


def _leaves_more(algorithms: str) -> str:
    """Where adversaries of the second algorithm leave agents more than those of the first do."""
    one, other = names = algorithms.split(" and ")
    found = [
        f"{scenario}, where those of {names[column]} score {second} against {other} and {first} against {one}"
        for scenario, texts in zip(SCENARIOS, SCORES[algorithms], strict=True)
        for column, (first, second) in enumerate(zip(*texts, strict=True))
        if float(second) >= float(first)
    ]
    return "; ".join(found) or "no case"


def _range(algorithms: str, number: int) -> str:
    """The least and the largest score of a scenario."""
    scores = [text for row in SCORES[algorithms][number] for text in row]
    return f"{min(scores, key=float)} to {max(scores, key=float)}"


def _unlike() -> str:
    """Which scores of AORPO against AORPO differ between Tables 3 and 5."""
    tables = zip(SCENARIOS, SCORES["MASAC and AORPO"], SCORES["MAMSGM and AORPO"], strict=True)
    pairs = ((scenario, third[1][1], fifth[1][1]) for scenario, third, fifth in tables)
    found = [f"{name}, {one} in Table 3 and {other} in Table 5" for name, one, other in pairs if one != other]
    return "; ".join(found) or "none"


def _short(algorithms: str) -> str:
    """The scores that are printed with fewer decimals than most."""
    scores = [text for texts in SCORES[algorithms] for row in texts for text in row]
    most = max(len(text.partition(".")[2]) for text in scores)
    return ", ".join(text for text in scores if len(text.partition(".")[2]) < most) or "none"


SAID = (
    "agents: 'gets higher agent scores ... when competing with the same rivals' (G.3), AORPO than MASAC and AORDPG "
    "than MADDPG; 2 stands for both rivals. Ours counts the rivals, adversaries of either algorithm, against which it "
    "is so"
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
            "adversaries: the text claims nothing of them. Adversaries of AORPO leave agents less than those of MASAC "
            "do, but for: " + _leaves_more("MASAC and AORPO"),
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
            "scores of one scenario in Tables 3 and 4 lie "
            + "; ".join(
                f"in {scenario} from {_range('MASAC and AORPO', number)} and from {_range('MADDPG and AORDPG', number)}"
                for number, scenario in enumerate(SCENARIOS)
            )
            + ". The tables can be read only each for itself, as rivals differ",
            NO_TEST,
        ),
    )


@exact(
    "aorpo-table-5",
    caption="AORPO and MAMSGM against each other, and the scores that this table shares with Table 3",
    paper={
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
    more = sum(for_agents(texts) for texts in SCORES["MAMSGM and AORPO"])
    return Computed(
        values,
        (
            f"shared: AORPO against AORPO is one experiment in both tables. Numbers that differ: {_unlike()}",
            f"agents: the text does not say who is better (G.4), so there is no statement to compare; in {more} of "
            f"{2 * len(SCENARIOS)} cases AORPO scores more than MAMSGM against the same rival",
            "the text has the experiments of this table 'conducted in the Predator prey scenario' (G.4), and the "
            f"table has all three scenarios. Scores with fewer digits than the others: {_short('MAMSGM and AORPO')}",
            NO_TEST,
        ),
    )

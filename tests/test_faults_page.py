"""docs/faults.md lists the faults that tests/faults.py declares, with their public reports."""

import re
from pathlib import Path

from tests.faults import FAULTS, OTHERS, Listed

PAGE = Path(__file__).parents[1] / "docs" / "faults.md"

HEAD = """# Faults of critics that are named

Faults that `mathrl.oracle` names: what a critic that has one computes, what is said of it, and where people have
reported it. Formulas are those of one-step targets; V(s') is E_π[Q(s', b) − α log π(b)], E is over the next state s',
and H is an entropy. Each is named in targets of one step, of n steps and of TD(λ), and, where it is no matter of
lengths, also in the Q and V that a critic ends at; so they are where episodes end and where actions are unavailable.
Nobody knows what an unavailable action is worth, so joint actions in another order are named only where the same ones
are available in all states, what else stands in a wrong place only where more than half of the numbers come from
available actions, and Q at the actions of two agents exchanged only where each of them may do what the other does. A
name is said only where it explains the numbers. Faults that give the same numbers in a game are named beside each
other: another game tells them apart. "None known" says that no public report was found, not that there is none. What to
give is said in [check your critic](how-to/check-your-critic.md) and [check a plain
critic](how-to/check-a-plain-critic.md).

| fault | one-step target | the sentence speaks of | look for | reports |
|---|---|---|---|---|
"""


def link(report: str) -> str:
    """A link to an issue or a pull request; GitHub leads from the former to the latter."""
    repository, number = report.split("#")
    return f"[{repository.split('/')[1]}#{number}](https://github.com/{repository}/issues/{number})"


def words(phrase: str) -> str:
    """A phrase with letters where numbers are put."""
    letters = {"mean": "π (Q − α log π)", "actions": "A", "mean_reward": "mean", "other": "λ′", "which": "critic 0"}
    for name, letter in letters.items():
        phrase = re.sub(r"\{" + name + r"(:[^}]*)?\}", letter, phrase)
    return re.sub(r"\{(\w+)(:[^}]*)?\}", r"\1", phrase)


def row(fault: Listed) -> str:
    formula = fault.formula.replace("|", r"\|")
    reports = ", ".join(map(link, fault.reports)) or "none known"
    return f"| {fault.name} | {formula} | {words(fault.phrase)} | {fault.look_for} | {reports} |"


def whole() -> str:
    return HEAD + "\n".join(map(row, (*FAULTS, *OTHERS))) + "\n"


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == whole(), "make reference writes it anew"


def test_each_fault_is_listed_once():
    names = [fault.name for fault in (*FAULTS, *OTHERS)]
    phrases = [fault.phrase for fault in (*FAULTS, *OTHERS)]
    assert len(set(names)) == len(names)
    assert len(set(phrases)) == len(phrases)


if __name__ == "__main__":
    PAGE.write_text(whole(), encoding="utf-8")

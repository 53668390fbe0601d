"""Each part of docs/how-to/bring-your-game.md runs, where the packages that it imports are installed."""

import doctest
import os
import re
from pathlib import Path

import pytest

from tests.interop.packages import APART, package

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "bring-your-game.md"
PARTS = [part for part in re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE) if ">>> " in part]


def heading(part):
    return part.partition("\n")[0]


def test_the_page_has_a_part_for_each_package():
    text = " ".join(map(heading, PARTS))
    for name in ("OpenSpiel", "PettingZoo", "gymnasium", "QuantEcon", "Gambit", "nashpy", "JaxMARL"):
        assert name in text


@pytest.mark.parametrize("part", PARTS, ids=heading)
def test_a_part_comes_out_as_printed(part):
    names = re.findall(r"^>>> (?:import|from) ([\w.]+)", part, re.MULTILINE)
    alone = os.environ.get("MATHRL_INTEROP")
    if alone in APART and alone not in names:
        pytest.skip(f"tried without {alone}, in the process of the other tests")
    for name in names:
        if not name.startswith(("mathrl", "numpy")):
            package(name)
    test = doctest.DocTestParser().get_doctest(part, {}, heading(part), str(PAGE), 0)
    assert len(test.examples) > 2
    said = []
    assert doctest.DocTestRunner(verbose=False).run(test, out=said.append).failed == 0, "".join(said)

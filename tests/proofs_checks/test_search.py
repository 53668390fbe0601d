"""Searches depend on the seed and the number of instances alone, count what they met, and find small violations."""

import os
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import strategies as st

from mathrl.balls import Undecided
from mathrl.proofs_checks import at_most, premise
from mathrl.proofs_checks.claims import claims
from mathrl.proofs_checks.families import instances, numbers
from mathrl.proofs_checks.instances import read
from mathrl.proofs_checks.search import search
from mathrl.proofs_checks.smallest import smallest

CLAIM = claims()["hasac.lemma-4.1"]


@instances
def pairs(draw):
    return {"x": draw(numbers((2,)))}


def sum_is_small(x, *, bound=2):
    return at_most(x.sum(), bound * x.max() * x.max())


LOOSE = replace(CLAIM, check=sum_is_small, on=pairs, survives={}, breaks={})


def test_the_same_seed_gives_the_same_search():
    first, second = (search(CLAIM, {}, examples=40, seed=3) for _ in range(2))
    assert first == second
    other = search(CLAIM, {}, examples=40, seed=4)
    assert other.tightest != first.tightest


PROGRAM = """
from mathrl.proofs_checks.claims import claims
from mathrl.proofs_checks.search import search
{imports}
found = search(claims()["hasac.lemma-4.1"], {{}}, examples=30, seed=0)
print(found.examples, found.nontrivial, found.unmet, round(found.tightest, 3))
"""


def test_what_else_is_loaded_does_not_matter():
    """Hypothesis reads constants in the source of loaded modules, unless it is kept from it."""
    said = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM.format(imports=imports)],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for imports, seed in (("", "1"), ("import mathrl.oracle, mathrl.batch, mathrl.figures.reproductions", "2"))
    }
    assert len(said) == 1


def test_a_violation_ends_the_search_and_is_made_small():
    found = search(LOOSE, {"bound": 1}, examples=200, seed=0)
    assert found.violating is not None
    assert found.examples < 200
    small = smallest(LOOSE, {"bound": 1}, examples=200, seed=0)
    assert small is not None
    assert small.slack < 0
    x = read(small.data["instance"])["x"]
    assert sum(x) > max(x) ** 2
    assert all(entry.denominator <= 10 for entry in x)


def test_a_violation_is_written_in_short_fractions_also_where_the_check_takes_doubles_alone():
    def as_a_solver_does(x, *, bound=2):
        return sum_is_small(np.asarray(x, dtype=float), bound=bound)  # TypeError for balls

    small = smallest(replace(LOOSE, check=as_a_solver_does), {"bound": 1}, examples=200, seed=0)
    assert small is not None
    assert not small.decided
    x = read(small.data["instance"])["x"]
    assert sum(x) > max(x) ** 2
    assert all(entry.denominator <= 10 for entry in x)


def test_premises_that_nobody_meets_are_counted():
    def never(x):
        premise(False)
        return at_most(0, 1)

    found = search(replace(LOOSE, check=never), {}, examples=50, seed=0)
    assert found.examples == 0
    assert found.unmet == 50


def doubtful(exact_slack):
    """A check whose slack is 50 roundings below 0 in doubles, and `exact_slack` on balls."""

    def check(x):
        return at_most(x[0], x[0] + exact_slack) if x.dtype.hasobject else at_most(0.5, 0.0, rounding=0.01)

    return replace(LOOSE, check=check, on=st.just({"x": np.array([1.0])}))


def test_what_rounding_may_explain_is_decided_in_balls():
    assert search(doubtful(1), {}, examples=1, seed=0).violating is None
    assert search(doubtful(-1), {}, examples=1, seed=0).violating is not None


def test_undecided_balls_are_no_violation():
    def unknown(x):
        if x.dtype.hasobject:
            raise Undecided("overlap")
        return at_most(1e-17, 0.0, rounding=1e-18)

    found = search(replace(LOOSE, check=unknown, on=st.just({"x": np.array([1.0])})), {}, examples=1, seed=0)
    assert found.violating is None
    assert found.doubtful == 1


def test_fractions_go_through_a_check():
    assert sum_is_small(np.array([Fraction(1, 2), Fraction(1, 3)]), bound=1).violated


def test_an_error_of_a_check_is_not_hidden():
    def broken(x):
        raise ZeroDivisionError("a fault of the check")

    with pytest.raises(ZeroDivisionError):
        search(replace(LOOSE, check=broken), {}, examples=10, seed=0)

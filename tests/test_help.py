"""What `help` shows of a solver stands alone: every argument, its equation with the source, no number unexplained."""

import importlib
import inspect
import re

import pytest

SOLVING = ("mathrl.solvers", "mathrl.batch")
FURTHER = ("mathrl.exploitability", "mathrl.equilibria", "mathrl.equations", "mathrl.solution")


def functions(*modules):
    for module in modules:
        imported = importlib.import_module(module)
        for name in imported.__all__:
            if inspect.isfunction(getattr(imported, name)):
                yield pytest.param(getattr(imported, name), id=f"{module}.{name}")


def unexplained(said):
    """The numbers (n) that a docstring refers to without an indented line of its own that ends in that number."""
    prose = re.sub(r"(?m)^>>>.*\n(?:(?!>>>|$).*\n?)*", "", said)  # without the examples
    numbered = re.findall(r"(?m)^ {4}.*\S\s+\((\d{1,2})\)$", prose)
    return set(re.findall(r"\((\d{1,2})\)", prose)) - set(numbered)


def test_every_solver_is_looked_at():
    assert len(list(functions(*SOLVING))) == 14 + 4


@pytest.mark.parametrize("function", list(functions(*SOLVING)))
def test_a_solver_explains_every_argument(function):
    said = inspect.getdoc(function)
    explained = re.findall(r"(?m)^(`\w+`(?:, `\w+`)*)  +\S", said)
    assert set(re.findall(r"\w+", " ".join(explained))) == set(inspect.signature(function).parameters)


@pytest.mark.parametrize("function", list(functions(*SOLVING)))
def test_a_solver_says_what_it_does_solves_and_returns(function):
    said = inspect.getdoc(function)
    assert re.match(r"[A-Z][a-z]+ [^\n]*\.\n\n {4}\S.*[=←∝]", said)  # a sentence in words, then an equation
    assert re.search(r"Eq\.|Theorem|§|Bellman's|solver\(", said)
    assert re.search(r"^Returns ", said, re.MULTILINE)
    assert "Raises `ValueError`" in said.replace("\n", " ")


@pytest.mark.parametrize("function", list(functions(*SOLVING, *FURTHER)))
def test_no_number_stands_for_an_equation_that_help_does_not_show(function):
    assert unexplained(inspect.getdoc(function)) == set()


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        ("Alternate (1) and (2).\n\n    x = 1       (hasac Eq. 8)   (1)\n", {"2"}),
        ("Alternate (1).\n\n    x = 1                          (1)\n\nBy (1).", set()),
        ("The form (S, A_i).\n\n>>> f(2)\n(1)\n", set()),
    ],
)
def test_a_missing_equation_is_found(said, missing):
    assert unexplained(said) == missing

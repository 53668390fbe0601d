"""What `help` shows of a public function stands alone: arguments, equation, source, result, errors, no riddle.

Its signature can be read.
"""

import importlib
import inspect
import re

import numpy as np
import numpy.typing as npt
import pytest

from mathrl.base import array_types, checks
from mathrl.bounds import checked

SOLVING = ("mathrl.solvers", "mathrl.batch")
COMPUTING = ("mathrl.softmax", "mathrl.operators", "mathrl.bounds", "mathrl.oracle", "mathrl.values", "mathrl.estimate")
HOLDING = ("mathrl.games", "mathrl.balls")
FURTHER = ("mathrl.exploitability", "mathrl.equilibria", "mathrl.equations", "mathrl.solution")

NO_EQUATION = {  # they read, write, check, store, name or convert
    *("own_and_others", "load_observations", "load_setup", "save_setup", "simplest_fraction", "as_strategies"),
    *("as_policy", "as_opponent_model", "as_opponent_models", "entry", "load", "names", "save", "stack"),
    *("to_dense", "to_sparse", "balls", "contains", "midpoints", "radii", "precision"),
}
NO_SOURCE = {  # no paper prints them
    *("log_sum_exp", "log_probabilities", "entropy", "entropy_of_logs", "kl_divergence", "kl_divergence_of_logs"),
    *("branch_law", "trivial_bound", "value_bound", "time_limit_shares"),
}
PLACE = r"(Eq\.|Theorem|Lemma|Definition|Extended|Algorithm|note|G\.|§)"
SOURCE = rf"(hasac|rommeo|dmac|aorpo|soft-qmix),? {PLACE}|Bellman's"
"""A paper, and the number that its equation has there."""


def functions(*modules):
    for module in modules:
        imported = importlib.import_module(module)
        for name in imported.__all__:
            if inspect.isfunction(getattr(imported, name)):
                yield pytest.param(getattr(imported, name), id=f"{module}.{name}")


def prose(said):
    """A docstring without its examples."""
    return re.sub(r"(?m)^>>>.*\n(?:(?!>>>|$).*\n?)*", "", said)


def unexplained(said):
    """The numbers (n) that a docstring refers to without an indented line of its own that ends in that number."""
    numbered = re.findall(r"(?m)^ {4}.*\S\s+\((\d{1,2})\)$", prose(said))
    return set(re.findall(r"\((\d{1,2})\)", prose(said))) - set(numbered)


def explained(said):
    """The arguments that have a line: those in backticks at its beginning, two spaces, and then what they mean."""
    lines = re.findall(r"(?m)^(`\w+`(?:, `\w+`)*)  +\S", said)
    return re.findall(r"\w+", " ".join(lines))


def has_equation(said):
    """Whether the first line is a formula, or an indented one follows."""
    return bool(re.search(r"\A[^\n]*[=←∝≤~Σ−½]|\n\n {4}(?! ).*[=←∝≤~Σ−½]", prose(said)))


def checks_arguments(function):
    """Whether a function itself refuses arguments, by the vocabulary of `mathrl.base.checks` or `checked`."""
    inner = inspect.unwrap(function)
    called = (name for name in inner.__code__.co_names if name in checks.__all__)
    by_its_decorator = function.__code__.co_filename == checked.__file__
    return by_its_decorator or any(inner.__globals__.get(name) is getattr(checks, name) for name in called)


def test_every_public_function_is_looked_at():
    assert len(list(functions(*SOLVING))) == 14 + 4
    assert len(list(functions("mathrl.softmax"))) == 12
    assert len(list(functions(*COMPUTING, *HOLDING))) > 170


@pytest.mark.parametrize("function", list(functions(*SOLVING, *COMPUTING, *HOLDING)))
def test_a_function_explains_every_argument(function):
    assert sorted(explained(inspect.getdoc(function))) == sorted(inspect.signature(function).parameters)


@pytest.mark.parametrize("function", list(functions(*SOLVING)))
def test_a_solver_says_what_it_does_solves_and_returns(function):
    said = inspect.getdoc(function)
    assert re.match(r"[A-Z][a-z]+ [^\n]*\.\n\n {4}\S.*[=←∝]", said)  # a sentence in words, then an equation
    assert re.search(r"Eq\.|Theorem|§|Bellman's|solver\(", said)
    assert re.search(r"^Returns ", said, re.MULTILINE)
    assert "Raises `ValueError`" in said.replace("\n", " ")


@pytest.mark.parametrize("function", list(functions(*COMPUTING, *HOLDING)))
def test_a_function_shows_its_equation(function):
    assert has_equation(inspect.getdoc(function)) == (function.__name__ not in NO_EQUATION)


@pytest.mark.parametrize("function", list(functions(*COMPUTING)))
def test_a_function_names_where_its_equation_is_printed(function):
    printed = function.__name__ not in NO_EQUATION | NO_SOURCE
    assert bool(re.search(SOURCE, inspect.getdoc(function))) >= printed


def test_the_functions_without_equation_or_source_are_public_ones():
    names = {param.values[0].__name__ for param in functions(*COMPUTING, *HOLDING)}
    assert names >= NO_EQUATION | NO_SOURCE


@pytest.mark.parametrize("function", list(functions(*COMPUTING, *HOLDING)))
def test_a_function_says_what_it_returns_and_raises(function):
    said = inspect.getdoc(function)
    returns_something = inspect.signature(function).return_annotation not in (None, "None")
    assert bool(re.search(r"^Returns ", said, re.MULTILINE)) == returns_something
    if checks_arguments(function):
        assert re.search(r"Raises `(ValueError|InvalidInput)`", said.replace("\n", " "))


@pytest.mark.parametrize("function", list(functions(*SOLVING, *COMPUTING, *HOLDING)))
def test_no_function_leaves_arguments_to_the_help_of_another(function):
    said = " ".join(prose(inspect.getdoc(function)).split())
    assert not re.search(r"[Tt]he (other )?arguments[^.]* (are|is) (those|the same|as)|[Rr]aises `\w+` as `", said)


@pytest.mark.parametrize("function", list(functions(*SOLVING, *COMPUTING, *HOLDING, *FURTHER)))
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


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Say what it is.\n\n    x = 1\n", True),
        ("x = 1   (hasac Eq. 8).", True),
        ("Read a file.\n\n`path`  where it is; None = here\n\n>>> x = 1\n", False),
    ],
)
def test_an_equation_is_a_first_or_an_indented_line(said, shown):
    assert has_equation(said) == shown


def test_an_argument_without_a_line_of_its_own_is_not_explained():
    assert explained("`q`, `v`  values\n`policy`  π\n\nThe `temperature` is α.") == ["q", "v", "policy"]


EVERYWHERE = (*SOLVING, *COMPUTING, *HOLDING, *FURTHER, "mathrl.learners", "mathrl.mirror", "mathrl.stage")

WIDEST = 100
"""The most characters of one parameter and its type in a signature: they stand in a line of a terminal."""


def types_of(function):
    """Each parameter of a signature as `help` prints it, without its default, and what the function returns."""
    signature = inspect.signature(function)
    parameters = [str(each.replace(default=each.empty)) for each in signature.parameters.values()]
    return [*parameters, inspect.formatannotation(signature.return_annotation)]


@pytest.mark.parametrize("function", list(functions(*EVERYWHERE)))
def test_a_signature_can_be_read(function):
    assert {part for part in types_of(function) if len(part) > WIDEST} == set()


def test_a_type_is_printed_by_its_name():
    printed = str(inspect.signature(importlib.import_module("mathrl.batch").qre))
    assert "temperature: ArrayLike | None = None" in printed
    assert "initial_policy: collections.abc.Sequence[ArrayLike] | None = None" in printed

    def unnamed(values: npt.ArrayLike) -> None: ...

    assert len(types_of(unnamed)[0]) > WIDEST  # a line or two, and the test above would see it


def test_a_name_stands_for_its_type():
    assert array_types.ArrayLike.stands_for == npt.ArrayLike
    assert array_types.FloatArray.stands_for == npt.NDArray[np.float64]

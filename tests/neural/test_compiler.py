"""Options of XLA: all that the pinned version is given it knows, and one that it does not know is left out."""

from mathrl.neural.compiler import known
from mathrl.neural.study import COMPILER


def test_the_options_of_studies_are_known():
    assert known(COMPILER) == COMPILER


def test_an_option_that_the_installed_version_does_not_know_is_left_out():
    assert known({"xla_of_another_version": 1} | COMPILER) == COMPILER

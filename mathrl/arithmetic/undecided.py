"""The error that is raised where numbers are not known well enough, in place of a guess."""

from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["Undecided", "every", "first_yes"]


class Undecided(ArithmeticError):
    """The numbers are not known well enough to answer; more precision, or narrower input, may decide."""


def every(questions: Iterable[Callable[[], Any]]) -> bool:
    """Say whether all answers are yes. One no decides it; else `Undecided` is raised if any question is undecided."""
    open_question = None
    for question in questions:
        try:
            if not question():
                return False
        except Undecided as undecided:
            open_question = undecided
    if open_question is not None:
        raise open_question
    return True


def first_yes(questions: Iterable[Callable[[], Any]]) -> int:
    """Give the index of the one question that is answered yes; if none is, raise `Undecided`."""
    for index, question in enumerate(questions):
        try:
            if question():
                return index
        except Undecided:
            pass
    raise Undecided("none of the numbers is known to be the first largest one: use more precision, or narrower balls")

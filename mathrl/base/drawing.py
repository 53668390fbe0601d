"""What a figure is: its id, what it shows, and the function that draws it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from mathrl.base.registry import Registry

__all__ = ["DRAWINGS", "Drawing", "drawing"]

Draw = TypeVar("Draw", bound=Callable[[], Any])


@dataclass(frozen=True)
class Drawing:
    """A figure of this library: what it shows, and the function that draws it.

    `id`       its name
    `caption`  what it shows
    `draw`     a function without arguments that returns a matplotlib figure
    """

    id: str
    caption: str
    draw: Callable[[], Any]


DRAWINGS = Registry[Drawing]("id", "figure")
"""All figures of the modules that were imported so far; `mathrl.figures.reproductions` imports all modules."""


def drawing(id: str, *, caption: str) -> Callable[[Draw], Draw]:
    """Make a decorator that registers a function as the figure `id`; it returns the function unchanged.

    `id`       the name of the figure
    `caption`  what it shows

    The function takes no arguments and returns a matplotlib figure. Raises `ValueError` where the name is taken.
    """
    return DRAWINGS.declare(id, lambda draw: Drawing(id, caption, draw))

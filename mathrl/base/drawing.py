"""What a figure is: its id, what it shows, and the function that draws it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from mathrl.base.registry import Registry

__all__ = ["DRAWINGS", "Drawing", "drawing"]

Draw = TypeVar("Draw", bound=Callable[[], Any])


@dataclass(frozen=True)
class Drawing:
    """A figure of ours: its id, what it shows, and the function that draws it, as a matplotlib figure."""

    id: str
    caption: str
    draw: Callable[[], Any]


DRAWINGS = Registry[Drawing]("id", "figure")
"""All figures that the modules imported so far declare; `mathrl.figures.reproductions` imports all modules."""


def drawing(id: str, *, caption: str) -> Callable[[Draw], Draw]:
    """Enter a function that draws a figure, and return it unchanged."""
    return DRAWINGS.declare(id, lambda draw: Drawing(id, caption, draw))

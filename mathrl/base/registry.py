"""Entries that a decorator declares beside the function that each describes: games, reproductions, figures, claims."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from mathrl.base.checks import fail

__all__ = ["Registry"]

Item = TypeVar("Item")
Function = TypeVar("Function", bound=Callable[..., Any])


class Registry(Mapping[str, Item], Generic[Item]):
    """The entries of one kind by name, in the order in which they were declared.

    `label`  what a name is called in messages, "name" or "id"
    `kind`   what an entry is called in messages, as in "game"
    """

    def __init__(self, label: str, kind: str) -> None:
        self._label, self._kind = label, kind
        self._items: dict[str, Item] = {}
        self._functions: dict[str, Callable[..., Any]] = {}

    def declare(self, name: str, describe: Callable[[Function], Item]) -> Callable[[Function], Function]:
        """Make a decorator that enters `describe(function)` under `name`; it returns the function unchanged.

        It raises `ValueError`, naming both functions, where the name is taken.
        """

        def enter(function: Function) -> Function:
            if name in self._items:
                both = f"{_qualified(self._functions[name])} and {_qualified(function)}"
                fail(
                    f"{self._label} {name!r}", f"is used by {both}", f"a different {self._label} for each {self._kind}"
                )
            self._items[name] = describe(function)
            self._functions[name] = function
            return function

        return enter

    def forget(self, name: str) -> None:
        """Take an entry out again, as where the file that declared it is read anew."""
        del self._items[name], self._functions[name]

    def __getitem__(self, name: str) -> Item:
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)


def _qualified(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{function.__qualname__}"

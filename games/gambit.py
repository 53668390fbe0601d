"""Gambit's strategic-form files (.nfg): a reader of both forms, a writer of the payoff form.

    NFG 1 R "title" { "player 1" … } { A_1 … A_n } "comment"  numbers         payoff form
    NFG 1 R "title" { "player 1" … } { { "a" "b" } … } { { "name" numbers } … } numbers of outcomes

The payoff form gives n payoffs for each joint action, the outcome form one outcome, 0 where all payoffs are 0. The
first player's strategy varies fastest. Commas are optional; a number is an integer, a decimal or a rational (1/3). In
a text, a quote behind a backslash does not end it; there is no other escape.

The title, the players and their strategies are the names of the game, the agents and their actions. What has no name of
its own in the file has none in the game: an empty title, and players or strategies of one player that are called
"1", "2" …, or two of them alike. Where some of them have a name, one that is empty is called by its number.
Source: Gambit's documentation, "Game representation formats".
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import isnan, prod
from typing import NoReturn, TypeVar

import numpy as np

from mathrl.base.checks import FloatArray, fail
from mathrl.base.text import shown
from mathrl.games.matrix_form import MOST_PLAYERS, check_matrix
from mathrl.games.model import Game
from mathrl.games.number_text import as_number, plain_numbers, written_number

__all__ = ["parse", "render"]

T = TypeVar("T")

TOKEN = re.compile(r'\s+|,|(?P<token>"(?:[^"\\]|\\"?)*+"|[{}]|[^\s,{}"]+)|(?P<open>")')
END = "the end of the file"


def parse(text: str) -> Game:
    """Read a game with its names; a comment is checked for form and dropped. Every error names its line."""
    tokens = _Tokens(text)
    tokens.expect("NFG")
    tokens.expect("1")
    if tokens.next not in ("R", "D"):
        tokens.wrong("R or D, the kind of numbers")
    tokens.take()
    title = tokens.string("the title in quotes")
    players = tokens.braced(lambda: tokens.string("a player's name in quotes"))
    strategies = tokens.braced(lambda: _strategies(tokens))
    if not players or len(strategies) != len(players):
        tokens.wrong(f"the strategies of {max(len(players), 1)} players, not of {len(strategies)}")
    if len(players) > MOST_PLAYERS:
        tokens.wrong(f"this after the strategies of at most {MOST_PLAYERS} players, not of {len(players)}")
    num_actions = [own if isinstance(own, int) else len(own) for own in strategies]
    if tokens.next.startswith('"'):
        tokens.take()
    size = prod(num_actions)
    if tokens.next == "{":
        outcomes = [[0.0] * len(players), *tokens.braced(lambda: _outcome(tokens, len(players)))]
        payoffs = np.array([outcomes[tokens.index(len(outcomes))] for _ in tokens.up_to(size, "outcomes")])
        tokens.end(size)
    else:
        numbers = tokens.plain_rest()
        if numbers is None or len(numbers) != size * len(players):
            numbers = np.array([tokens.number() for _ in tokens.up_to(size * len(players), "payoffs")])
            tokens.end(size)
        payoffs = numbers.reshape(size, len(players))
    return Game.matrix(
        [column.reshape(num_actions, order="F") for column in payoffs.T],
        agent_names=_names(players),
        action_names=[None if isinstance(own, int) else _names(own) for own in strategies],
        title=title or None,
    )


def render(game: Game) -> str:
    """The payoff form of a matrix game, in numbers that read back exactly; players without names are numbered."""
    check_matrix(game, ".nfg")
    flat = [payoffs.reshape(game.num_actions).ravel(order="F") for payoffs in game.rewards_isa]
    columns = flat * game.num_agents if game.common_payoff else flat
    title = _quoted("title", game.title or "")
    players = _quoted_names("agent_names", game.agent_names, game.num_agents)
    strategies = " ".join(map(str, game.num_actions))
    if game.action_names is not None:  # Gambit reads the strategies of all players by their names, or of none
        named = enumerate(zip(game.action_names, game.num_actions, strict=True))
        strategies = " ".join(f"{{ {_quoted_names(f'action_names[{i}]', own, size)} }}" for i, (own, size) in named)
    rows = (" ".join(map(written_number, row)) for row in zip(*columns, strict=True))
    return f"NFG 1 R {title} {{ {players} }} {{ {strategies} }}\n\n" + "\n".join(rows) + "\n"


def _names(found: Sequence[str]) -> list[str] | None:
    """The names of the players or of one player's strategies; None where they have none of their own."""
    names = [name or str(k) for k, name in enumerate(found)]
    none = not any(found) or list(found) == [str(k + 1) for k in range(len(found))] or len(set(names)) < len(names)
    return None if none else names


def _quoted_names(argument: str, names: Sequence[str] | None, size: int) -> str:
    """Names in quotes, or numbers from 1 where there are none."""
    if names is None:
        return " ".join(f'"{k + 1}"' for k in range(size))
    return " ".join(_quoted(f"{argument}[{k}]", name) for k, name in enumerate(names))


def _quoted(argument: str, name: str) -> str:
    """A text in quotes, from which it reads back."""
    if name.endswith("\\") or any("\ud800" <= character <= "\udfff" for character in name):
        expected = "a text in Unicode without a backslash at its end"
        fail(argument, f"is {shown(name)}", expected, "an .nfg file cannot hold it, save the game as .json or .npz")
    return '"' + name.replace('"', '\\"') + '"'


@dataclass
class _Tokens:
    """The tokens of a text, one ahead: `next` is the one to come, `line` its line."""

    text: str
    position: int = 0
    line: int = 1
    next: str = ""

    def __post_init__(self) -> None:
        self.take()

    def take(self) -> str:
        taken, self.next = self.next, END
        self.line += taken.count("\n")
        while match := TOKEN.match(self.text, self.position):
            self.position = match.end()
            if match["open"]:
                fail(f"line {self.line}", 'opens a " that is never closed', 'a closing "')
            if match["token"]:
                self.next = match["token"]
                break
            self.line += match[0].count("\n")
        return taken

    def wrong(self, expected: str) -> NoReturn:
        shown = self.next if len(self.next) <= 40 else self.next[:40] + "…"
        fail(f"line {self.line}", f"has {shown}", expected)

    def expect(self, token: str) -> None:
        if self.next != token:
            self.wrong(f"{token!r}")
        self.take()

    def string(self, expected: str) -> str:
        if not self.next.startswith('"'):
            self.wrong(expected)
        return self.take()[1:-1].replace('\\"', '"')

    def end(self, size: int) -> None:
        if self.next != END:
            self.wrong(f"{END}: there are {size} joint actions")

    def plain_rest(self) -> FloatArray | None:
        """All numbers that are left, read at once; None where anything else is left, or a rational."""
        return None if self.next == END else plain_numbers(self.text[self.position - len(self.next) :])

    def number(self) -> float:
        value = as_number(self.next)
        if value is None or isnan(value):
            self.wrong("a number" if value is None else "a finite number")
        self.take()
        return value

    def index(self, stop: int) -> int:
        if not re.fullmatch("[0-9]{1,18}", self.next) or int(self.next) >= stop:
            self.wrong(f"an outcome from 0 to {stop - 1}")
        return int(self.take())

    def braced(self, item: Callable[[], T]) -> list[T]:
        self.expect("{")
        return self.rest_of_braced(item)

    def rest_of_braced(self, item: Callable[[], T]) -> list[T]:
        items = []
        while self.next != "}":
            items.append(item())
        self.take()
        return items

    def up_to(self, total: int, what: str) -> Iterator[int]:
        for k in range(total):
            if self.next == END:
                self.wrong(f"{total} {what}, found {k}")
            yield k


def _strategies(tokens: _Tokens) -> int | list[str]:
    """The names of a player's strategies, or their number."""
    if tokens.next == "{":
        names = tokens.braced(lambda: tokens.string("a strategy's name in quotes"))
        return names or tokens.wrong("a strategy before this, each player needs one")
    if not re.fullmatch("[0-9]{1,18}", tokens.next) or int(tokens.next) == 0:
        tokens.wrong("a number of strategies, at least 1")
    return int(tokens.take())


def _outcome(tokens: _Tokens, num_players: int) -> list[float]:
    """The payoffs of one outcome, behind its name."""
    line = tokens.line
    tokens.expect("{")
    if tokens.next.startswith('"'):
        tokens.take()
    payoffs = tokens.rest_of_braced(tokens.number)
    if len(payoffs) != num_players:
        fail(f"line {line}", f"has an outcome with {len(payoffs)} payoffs", f"{num_players}, one per player")
    return payoffs

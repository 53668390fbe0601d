"""Gambit's strategic-form files (.nfg): a reader of both forms, a writer of the payoff form.

    NFG 1 R "title" { "player 1" … } { A_1 … A_n } "comment"  numbers         payoff form
    NFG 1 R "title" { "player 1" … } { { "a" "b" } … } { { "name" numbers } … } numbers of outcomes

The payoff form gives n payoffs for each joint action, the outcome form one outcome, 0 where all payoffs are 0. The
first player's strategy varies fastest. Commas are optional; a number is an integer, a decimal or a rational (1/3). In
a text, a quote behind a backslash does not end it; there is no other escape.
Source: Gambit's documentation, "Game representation formats".
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite, prod
from typing import NoReturn, TypeVar

import numpy as np

from mathrl.base.checks import fail
from mathrl.games.model import Game

__all__ = ["is_matrix", "parse", "render"]

T = TypeVar("T")

TOKEN = re.compile(r'\s+|,|(?P<token>"(?:[^"\\]|\\"?)*+"|[{}]|[^\s,{}"]+)|(?P<open>")')
NUMBER = re.compile(r"[+-]?(\d+/\d+|(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)", re.ASCII)
END = "the end of the file"


def parse(text: str) -> Game:
    """Read a game; titles, names and comments are checked for form and dropped. Every error names its line."""
    tokens = _Tokens(text)
    tokens.expect("NFG")
    tokens.expect("1")
    if tokens.next not in ("R", "D"):
        tokens.wrong("R or D, the kind of numbers")
    tokens.take()
    tokens.string("the title in quotes")
    players = tokens.braced(lambda: tokens.string("a player's name in quotes"))
    num_actions = tokens.braced(lambda: _strategies(tokens))
    if not players or len(num_actions) != len(players):
        tokens.wrong(f"the strategies of {max(len(players), 1)} players, not of {len(num_actions)}")
    if tokens.next.startswith('"'):
        tokens.take()
    size = prod(num_actions)
    if tokens.next == "{":
        outcomes = [[0.0] * len(players), *tokens.braced(lambda: _outcome(tokens, len(players)))]
        profiles = [outcomes[tokens.index(len(outcomes))] for _ in tokens.up_to(size, "outcomes")]
    else:
        numbers = [tokens.number() for _ in tokens.up_to(size * len(players), "payoffs")]
        profiles = [numbers[k : k + len(players)] for k in range(0, len(numbers), len(players))]
    if tokens.next != END:
        tokens.wrong(f"{END}: there are {size} joint actions")
    payoffs = np.array(profiles, dtype=np.float64)
    return Game.matrix([column.reshape(num_actions, order="F") for column in payoffs.T])


def is_matrix(game: Game) -> bool:
    """True where `Game.matrix` of the payoffs gives the same game, transitions and all."""
    if not isinstance(game.transitions, np.ndarray) or game.num_states > 1 or game.ended is not None:
        return False
    return bool(game.discount == 0 and game.start[0] == 1 and (game.transitions == 1).all())


def render(game: Game) -> str:
    """The payoff form of a matrix game, in numbers that read back exactly; players and strategies are numbered."""
    if not is_matrix(game):
        fail("game", f"is {game!r}", "a matrix game", "an .nfg file has no states, save it as .json or .npz")
    if game.masks is not None:
        mend = "an .nfg file has all actions, leave these out of the payoffs, or save the game as .json or .npz"
        fail("game", f"is {game!r}", "a game in which all actions are available", mend)
    flat = [payoffs.reshape(game.num_actions).ravel(order="F") for payoffs in game.rewards_isa]
    columns = flat * game.num_agents if game.common_payoff else flat
    players = " ".join(f'"{i + 1}"' for i in range(game.num_agents))
    counts = " ".join(map(str, game.num_actions))
    rows = (" ".join(repr(float(payoff)).removesuffix(".0") for payoff in row) for row in zip(*columns, strict=True))
    return f'NFG 1 R "mathrl" {{ {players} }} {{ {counts} }}\n\n' + "\n".join(rows) + "\n"


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

    def string(self, expected: str) -> None:
        if not self.next.startswith('"'):
            self.wrong(expected)
        self.take()

    def number(self) -> float:
        if not NUMBER.fullmatch(self.next):
            self.wrong("a number")
        try:
            value = float(Fraction(self.next)) if "/" in self.next else float(self.next)
        except (ZeroDivisionError, OverflowError, ValueError):
            value = float("nan")
        if not isfinite(value):
            self.wrong("a finite number")
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


def _strategies(tokens: _Tokens) -> int:
    """How many strategies a player has, from their number or their names."""
    if tokens.next == "{":
        names = tokens.braced(lambda: tokens.string("a strategy's name in quotes"))
        return len(names) or tokens.wrong("a strategy before this, each player needs one")
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

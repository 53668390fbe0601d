"""GameTracer's files of matrix games (.gam): numbers and nothing else.

    n   A_1 … A_n   payoffs of agent 1   …   payoffs of agent n

Spaces or line breaks stand between them. Each agent has one payoff for each joint action, of which the first agent's
action changes fastest. Numbers are integers, decimals or rationals (1/3).
Source: Blum, Shelton and Koller, GameTracer 0.2; QuantEcon's `from_gam` and `to_gam` read and write the same.
"""

import re
from itertools import islice
from math import isnan, prod
from typing import NoReturn

import numpy as np

from mathrl.base.checks import FloatArray, fail
from mathrl.games.matrix_form import MOST_PLAYERS, check_matrix
from mathrl.games.model import Game
from mathrl.games.number_text import as_number, plain_numbers, written_number

__all__ = ["parse", "render"]

WORD = re.compile(r"[^\s,]+")


def parse(text: str) -> Game:
    """Read a game. Every error names its line."""
    words = [match[0] for match in islice(WORD.finditer(text), MOST_PLAYERS + 1)]
    num_players = _count(text, words, 0, "the number of players", MOST_PLAYERS)
    num_actions = tuple(_count(text, words, k, "a number of actions") for k in range(1, num_players + 1))
    first, size = num_players + 1, prod(num_actions)
    numbers = plain_numbers(text)
    if numbers is None or len(numbers) != first + num_players * size:
        payoffs = _one_by_one(text, first, num_players, size)
    else:
        payoffs = numbers[first:]
    return Game.matrix([own.reshape(num_actions, order="F") for own in payoffs.reshape(num_players, size)])


def _one_by_one(text: str, first: int, num_players: int, size: int) -> FloatArray:
    """The payoffs of a text in which some numbers are rationals, or something is wrong."""
    words = WORD.findall(text)
    stop, each = first + num_players * size, f"{num_players} players have {size} each"
    if len(words) < stop:
        _wrong(text, words, len(words), f"{stop - first} payoffs, found {len(words) - first}: {each}")
    if len(words) > stop:
        _wrong(text, words, stop, f"the end of the file: {each}")
    return np.array([_number(text, words, k) for k in range(first, stop)])


def render(game: Game) -> str:
    """The text of a matrix game, in numbers that read back exactly; there is no place for names in it."""
    check_matrix(game, ".gam")
    columns = [payoffs.reshape(game.num_actions).ravel(order="F") for payoffs in game.rewards_isa]
    columns = columns * game.num_agents if game.common_payoff else columns
    rows = (" ".join(map(written_number, column)) for column in columns)
    return f"{game.num_agents}\n{' '.join(map(str, game.num_actions))}\n\n" + "\n".join(rows) + "\n"


def _count(text: str, words: list[str], k: int, what: str, most: int = 10**18) -> int:
    """The whole number that word k is, at least 1."""
    if k >= len(words) or not re.fullmatch("[0-9]{1,18}", words[k]) or not 1 <= int(words[k]) <= most:
        _wrong(text, words, k, f"{what}, at least 1" + (f" and at most {most}" if most < 10**18 else ""))
    return int(words[k])


def _number(text: str, words: list[str], k: int) -> float:
    value = as_number(words[k])
    if value is None or isnan(value):
        _wrong(text, words, k, "a number" if value is None else "a finite number")
    return value


def _wrong(text: str, words: list[str], k: int, expected: str) -> NoReturn:
    """Refuse word k, or the end of the file where there are fewer, by its line."""
    places = [match.start() for match in WORD.finditer(text)]
    line = 1 + text.count("\n", 0, places[k] if k < len(places) else len(text))
    found = words[k] if k < len(words) else "the end of the file"
    fail(f"line {line}", f"has {found if len(found) <= 40 else found[:40] + '…'}", expected)

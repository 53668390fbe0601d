"""Matrix games as tables (.csv): one row for each joint action, in any order.

    driver,walker,payoff driver,payoff walker          a column for each agent, then the agents' payoffs
    yield,yield,6,6
    yield,dare,2,7

The first line names the columns. `payoff` is the common payoff; `payoff NAME`, or `payoff 0`, `payoff 1` …, is that of
the agent of this name or number. Every other column holds the actions of an agent, whose name is that of the column;
agents without names have the columns `action 0`, `action 1` …

In a column in which the actions are the numbers 0 … A_i − 1 they are these numbers. In any other they are names, and
are numbered as they come. A payoff is an integer, a decimal or a rational (1/3). Spaces around a cell do not count.
"""

import csv
import io
from collections.abc import Sequence
from itertools import product
from math import isnan, prod

import numpy as np

from mathrl.base.checks import fail
from mathrl.base.text import shown
from mathrl.games.matrix_form import MOST_PLAYERS, check_matrix
from mathrl.games.model import Game
from mathrl.games.number_text import as_number, written_number

__all__ = ["parse", "render"]

PAYOFF = "payoff"
FORM = "a column for each agent's actions, and `payoff`, or `payoff NAME` for each agent"


def parse(text: str) -> Game:
    """Read a game. Every error names its line."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows, lines = [], []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append([cell.strip() for cell in row])
                lines.append(reader.line_num)
    except csv.Error as error:
        fail(f"line {reader.line_num}", f"is no CSV ({error})", "cells with commas between them")
    if not rows:
        fail("line 1", "has the end of the file", f"the names of the columns: {FORM}")
    heads, where = rows.pop(0), f"line {lines.pop(0)}"
    if not rows:
        fail(where, "is the last line", "one more for each joint action")
    agents = [k for k, head in enumerate(heads) if not _is_payoff(head)]
    if not 1 <= len(agents) <= MOST_PLAYERS or len(agents) == len(heads):
        if len(heads) == 1 and any(mark in heads[0] for mark in ";\t"):
            fail(where, f"is one cell, {shown(heads[0])}", "cells with commas between them", "save it with commas")
        found = (
            f"has {len(agents)} column{'s' * (len(agents) != 1)} of actions and {len(heads) - len(agents)} of payoffs"
        )
        fail(where, found, FORM + f", for at most {MOST_PLAYERS} agents")
    called = [heads[k] for k in agents]
    for name in called:
        if not name or called.count(name) > 1:
            fail(where, f"names a column {name!r}" + " twice" * bool(name), "a name of its own for each column")
    payoffs = _payoff_columns(heads, called, where)
    for row, line in zip(rows, lines, strict=True):
        if len(row) != len(heads):
            fail(f"line {line}", f"has {len(row)} cells", f"{len(heads)}, one for each column")
    action_names, places = zip(*(_actions([row[k] for row in rows]) for k in agents), strict=True)
    num_actions = [len(names) for names in action_names]
    numbers = np.full((len(payoffs), *num_actions), np.nan) if prod(num_actions) <= len(rows) else None
    seen: dict[tuple[int, ...], int] = {}
    for line, row, joint in zip(lines, rows, zip(*places, strict=True), strict=True):
        if joint in seen:
            said = ", ".join(row[k] for k in agents)
            fail(f"line {line}", f"has {said} again, as line {seen[joint]}", "each joint action once")
        seen[joint] = line
        for k, column in enumerate(payoffs):
            value = as_number(row[column])
            if value is None or isnan(value):
                fail(f"line {line}", f"has {shown(row[column])}", f"a finite number, the {heads[column]}")
            if numbers is not None:
                numbers[(k, *joint)] = value
    if numbers is None or len(seen) < prod(num_actions):
        lacking = next(joint for joint in product(*map(range, num_actions)) if joint not in seen)
        said = ", ".join(names[action] for names, action in zip(action_names, lacking, strict=True))
        fail(f"line {lines[-1]}", f"is the last, and there is no row of {said}", "one row for each joint action")
    named = [f"action {k}" for k in range(len(agents))] != called
    return Game.matrix(
        numbers[0] if len(payoffs) == 1 else list(numbers),
        common_payoff=len(payoffs) == 1,
        agent_names=called if named else None,
        action_names=[None if _numbered(names) else names for names in action_names],
    )


def render(game: Game) -> str:
    """The table of a matrix game, joint actions in C order, in numbers that read back exactly."""
    check_matrix(game, ".csv")
    agents = game.agent_names or [f"action {k}" for k in range(game.num_agents)]
    numbered = [[str(action) for action in range(size)] for size in game.num_actions]
    names = [own or numbers for own, numbers in zip(game.action_names or [None] * len(agents), numbered, strict=True)]
    _check_names("agent_names", agents, heads=True)
    for k, (own, numbers) in enumerate(zip(names, numbered, strict=True)):
        _check_names(f"action_names[{k}]", own)
        if list(own) != numbers and _numbered(own):
            fail(f"action_names[{k}]", f"is {shown(own)}", "names that are not the numbers of other actions in .csv")
    whose = game.agent_names or range(game.num_agents)
    heads = [PAYOFF] if game.common_payoff else [f"{PAYOFF} {name}" for name in whose]
    rewards = game.rewards.reshape(len(heads), -1).T.tolist()
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow([*agents, *heads])
    for joint, paid in zip(np.ndindex(*game.num_actions), rewards, strict=True):
        actions = [own[action] for own, action in zip(names, joint, strict=True)]
        writer.writerow([*actions, *map(written_number, paid)])
    return written.getvalue()


def _is_payoff(head: str) -> bool:
    return head.partition(" ")[0] == PAYOFF


def _payoff_columns(heads: Sequence[str], agents: Sequence[str], where: str) -> list[int]:
    """The columns of the payoffs, in the order of the agents; one, of a common payoff."""
    columns = [k for k, head in enumerate(heads) if _is_payoff(head)]
    if len(columns) == 1 and heads[columns[0]] == PAYOFF:
        return columns
    found: dict[int, int] = {}
    numbers = [str(k) for k in range(len(agents))]
    for column in columns:
        name = heads[column].partition(" ")[2].strip()
        known = agents if name in agents else numbers
        if name not in known or known.index(name) in found:
            wanted = f"{PAYOFF} and the name or number of an agent, each once"
            fail(where, f"has the column {shown(heads[column])}", wanted, f"the agents are {', '.join(agents)}")
        found[known.index(name)] = column
    if len(found) < len(agents):
        fail(where, f"has {len(found)} columns of payoffs", f"{len(agents)}, one for each agent, or {PAYOFF} alone")
    return [found[k] for k in range(len(agents))]


def _actions(cells: Sequence[str]) -> tuple[list[str], list[int]]:
    """The actions that a column names, and the number of the action in each of its rows."""
    names = list(dict.fromkeys(cells))
    if _numbered(names):
        names.sort(key=int)
    number = {name: k for k, name in enumerate(names)}
    return names, [number[cell] for cell in cells]


def _numbered(names: Sequence[str]) -> bool:
    """Whether names are the numbers 0 … A − 1, in any order."""
    return set(names) == {str(k) for k in range(len(names))}


def _check_names(argument: str, names: Sequence[str], heads: bool = False) -> None:
    """Require names that read back from a cell; as the heads of columns they must not be those of payoffs."""
    for k, name in enumerate(names):
        if name != name.strip() or not name.isprintable() or (heads and _is_payoff(name)):
            expected = "a text without spaces around it or line breaks" + ", that is no name of payoffs" * heads
            fail(f"{argument}[{k}]", f"is {shown(name)}", expected, "save the game as .json or .npz")

"""Games of Gambit's Python package: strategic forms, with the labels of players and strategies."""

from typing import Any

import numpy as np

from mathrl.base.checks import fail
from mathrl.base.text import shown
from mathrl.games.model import Game
from mathrl.interop.arrays import to_arrays
from mathrl.interop.names import different

__all__ = ["from_pygambit", "to_pygambit"]

UNTITLED = "Untitled strategic game"
"""How Gambit calls a game that has no title."""

UNTITLED_TREE = "Untitled extensive game"
"""The same of a tree."""


def from_pygambit(game: Any) -> Game:
    """Make a matrix game of a `pygambit.Game`.

    `game`  a `pygambit.Game`. Of one in extensive form (`is_tree`) it is the reduced strategic form: its Nash
            equilibria are those of the tree, but its quantal response equilibria are not the agent form's

    Payoffs are rationals in Gambit; each becomes the nearest float. Labels of players and strategies and the title go
    along, where they are not empty, differ from each other, and are not the numbers that Gambit gives by itself. Raises
    `ValueError` for anything else.
    """
    if not all(hasattr(game, part) for part in ("players", "to_arrays", "is_tree")):
        fail("game", f"is of type {type(game).__name__}", "a pygambit.Game")
    players = list(game.players)
    strategies = [_labels(player.strategies) for player in players]
    return Game.matrix(
        [np.array(payoffs, dtype=np.float64) for payoffs in game.to_arrays(dtype=float)],
        common_payoff=False,
        agent_names=_labels(players),
        action_names=strategies,
        title=None if game.title in ("", UNTITLED, UNTITLED_TREE) else str(game.title),
    )


def _labels(labelled: Any) -> list[str] | None:
    """The labels of players or strategies; None where they are "1", "2", …, which Gambit gives to what has no names."""
    labels = [one.label for one in labelled]
    return None if labels == [str(k + 1) for k in range(len(labels))] else different(labels)


def to_pygambit(game: Game, pygambit: Any) -> Any:
    """Make a `pygambit.Game` of a matrix game.

    `game`      a matrix game in which all actions are available
    `pygambit`  the module: `to_pygambit(game, pygambit)` after `import pygambit`; mathrl does not import it

    Returns a `pygambit.Game` in strategic form, with the names of agents and actions as labels, and the title. Payoffs
    are the shortest decimals that read back as the same floats. Raises `ValueError` for other games, for a module that
    has no `Game.from_arrays`, and for a name that this version of Gambit does not take.
    """
    if not callable(getattr(getattr(pygambit, "Game", None), "from_arrays", None)):
        fail("pygambit", f"is {shown(pygambit)}", "the module pygambit", "import pygambit, and hand it over")
    made = pygambit.Game.from_arrays(*to_arrays(game))
    _call(made, "title", "title", game.title or UNTITLED)
    actions = game.action_names or [None] * game.num_agents
    for i, (player, own) in enumerate(zip(made.players, actions, strict=True)):
        if game.agent_names is not None:
            _call(player, "label", f"agent_names[{i}]", game.agent_names[i])
        for k, (strategy, label) in enumerate(zip(player.strategies, own or (), strict=False)):
            _call(strategy, "label", f"action_names[{i}][{k}]", label)
    return made


def _call(named: Any, attribute: str, argument: str, name: str) -> None:
    """Give a name to a game, a player or a strategy; some versions of Gambit take ASCII alone."""
    try:
        setattr(named, attribute, name)
    except ValueError as error:
        mend = "dataclasses.replace gives a game other names; an .nfg file holds this one"
        fail(argument, f"is {shown(name)}, and pygambit says: {error}", "a text that pygambit takes", mend)

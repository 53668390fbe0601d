"""Games as numpy archives (.npz): one array per field, three for sparse transitions, nothing pickled.

Version 2 also has `available_0` … for each agent, `terminal`, and `state_names`, the text of a JSON list. Version 3
also has `agent_names`, `action_names` and `title`, texts in JSON. A game is written in the first version that has all
that it needs, for older programs.
"""

from typing import Any

from mathrl.base.archived import arrays_in, to_bytes
from mathrl.base.checks import choice, fail
from mathrl.games.csr import PARTS, from_arrays, to_arrays
from mathrl.games.model import Game
from mathrl.games.name_file import names_from_text, names_to_text, version_of

__all__ = ["parse", "render"]

NAMES = ("agent_names", "action_names", "title")
SINGLE = ("version", "common_payoff", "discount")


def parse(data: bytes) -> Game:
    """Read a game from the bytes of an archive. Raises `InvalidInput` naming the array that is broken."""
    arrays = arrays_in(data, "one that save wrote")
    sparse = "transitions_data" in arrays
    expected = [
        *SINGLE,
        "rewards",
        "start",
        *([f"transitions_{part}" for part in PARTS] if sparse else ["transitions"]),
    ]
    for name in expected:
        if name not in arrays:
            fail(f"array {name!r}", "is missing", f"the arrays {', '.join(expected)}")
    for name in SINGLE:
        if arrays[name].shape != ():
            fail(f"array {name!r}", f"has shape {arrays[name].shape}", "a single value")
    if arrays["version"] not in (1, 2, 3):
        fail("array 'version'", f"is {arrays['version']}", "1 or 2 or 3")
    masks = [f"available_{i}" for i in range(sum(name.startswith("available_") for name in arrays))]
    later = [*masks, "terminal", "state_names"] if arrays["version"] > 1 else []
    later += NAMES if arrays["version"] > 2 else []
    for name in arrays:
        choice("array", name, [*expected, *later])
    rewards = arrays["rewards"]
    if not arrays["common_payoff"] and rewards.ndim:
        rewards = list(rewards)
    transitions = from_arrays(arrays, "transitions_", rewards) if sparse else arrays["transitions"]
    kept: Any = {"available": [arrays[name] for name in masks] or None, "terminal": arrays.get("terminal")}
    kept |= {kind: names_from_text(str(arrays[kind])) for kind in ("state_names", *NAMES) if kind in arrays}
    return Game.stochastic(rewards, transitions, arrays["discount"].item(), arrays["start"], **kept)


def render(game: Game) -> bytes:
    """Write a game as the bytes of an archive: the same bytes for the same game, each time."""
    transitions = to_arrays(game, "transitions_") if game.sparse else {"transitions": game.transitions}
    fields = {name: getattr(game, name) for name in ("common_payoff", "rewards", "discount", "start")}
    fields |= {f"available_{i}": own for i, own in enumerate(game.masks or ())}
    fields |= {} if game.ended is None else {"terminal": game.ended}
    names = {kind: getattr(game, kind) for kind in ("state_names", *NAMES)}
    fields |= {kind: names_to_text(called) for kind, called in names.items() if called is not None}
    version = version_of(game) if game.title is None else 3
    return to_bytes({"version": version, **fields, **transitions})

"""Games of OpenSpiel: matrix games, and games of perfect information that are small enough to explore.

Where players move in turn, a position is a state in which the others have one action, which waits. A step then leads
from the choice of one player to the next one, through all of chance between them, whose outcomes OpenSpiel lists. This
is the same game: the others' only action neither chooses nor has entropy.
"""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np

from mathrl.base.checks import InvalidInput, fail
from mathrl.games.given import Booleans
from mathrl.games.model import Game
from mathrl.interop.exploring import REHEARSALS, Environment, Outcome, Step, explore, frozen
from mathrl.interop.names import different

__all__ = ["from_openspiel"]

WAIT = "wait"
"""The action of a player who has no choice: of all his actions the last."""


def from_openspiel(
    game: Any,
    *,
    discount: float = 1.0,
    max_states: int = 100_000,
    state: Callable[[Any], Any] = str,
    rehearsals: int = REHEARSALS,
) -> Game:
    """Make a game of an OpenSpiel game of perfect information, or of a matrix game.

        r^i(s, a) = Σ p r^i,   P(t | s, a) = Σ p   over all that chance may do before the next choice of a player

    `game`        a `pyspiel.Game`: of one or more players, who move at the same time or in turn
    `discount`    γ in [0, 1] for each choice of a player; 1, the default, asks that every play ends. A one-shot game
                  becomes a matrix game, whatever it is
    `max_states`  refuse a game in which more states can be reached
    `state`       a function of a `pyspiel.State` that returns what tells states apart; by default `str`, as in
                  OpenSpiel's own value iteration. `lambda state: (str(state), state.move_number())` also counts moves,
                  for games with a horizon; `lambda state: state.history_str()` is always right, and makes a state of
                  each history
    `rehearsals`  how many random plays compare OpenSpiel with the game step by step at the end

    Action a of the game is action a of OpenSpiel. Where players move in turn, one more action, the last, waits; it is
    the only one of those whose turn it is not. States are called as `state` says, actions as OpenSpiel says where that
    is the same everywhere, and the game is called by its string.

    A horizon that the string of a state does not show is no part of the game; a play that meets it is an error.
    Raises `ValueError` for games of imperfect information, mean-field games, and games whose chance is not listed.
    """
    kind = _kind(game)
    root = game.new_initial_state()
    if kind.information.name == "ONE_SHOT" and root.is_simultaneous_node():
        return _matrix(game, root)
    turns = game.num_players() > 1 and kind.dynamics.name == "SEQUENTIAL"
    try:
        return _explored(game, root, turns, discount, max_states, state, rehearsals)
    except _TurnsFoundError:
        return _explored(game, root, True, discount, max_states, state, rehearsals)


def _kind(game: Any) -> Any:
    """The type of a game that can be explored."""
    if not all(hasattr(game, part) for part in ("get_type", "new_initial_state", "num_players")):
        fail("game", f"is of type {type(game).__name__}", "a pyspiel.Game", "pyspiel.load_game makes one of a name")
    kind = game.get_type()
    if kind.information.name == "IMPERFECT_INFORMATION":
        found = f"is {game}, a game of imperfect information"
        fail("game", found, "one in which all players see the state", "mathrl's games are played with full sight")
    if kind.dynamics.name == "MEAN_FIELD":
        fail("game", f"is {game}, a mean-field game", "a game of finitely many players")
    if kind.chance_mode.name == "SAMPLED_STOCHASTIC":
        fail("game", f"is {game}, whose chance can only be sampled", "a game that lists the outcomes of chance")
    return kind


class _TurnsFoundError(Exception):
    """A player waits, in a game that said that all move at the same time."""


def _matrix(game: Any, root: Any) -> Game:
    """A game of one simultaneous move."""
    players = range(game.num_players())
    legal = [root.legal_actions(player) for player in players]
    payoffs = np.zeros((len(players), *map(len, legal)))
    for index, joint in zip(np.ndindex(*payoffs.shape[1:]), product(*legal), strict=True):
        after = root.clone()
        after.apply_actions(list(joint))
        outcomes = _until_choice(after, np.zeros(len(players)), True)
        if not all(outcome.ended for outcome in outcomes):
            fail("game", f"is {game}, and goes on after one move", "a one-shot game that ends")
        payoffs[(slice(None), *index)] = sum(outcome.probability * np.array(outcome.rewards) for outcome in outcomes)
    names = [different(root.action_to_string(player, a) for a in legal[player]) for player in players]
    return Game.matrix(list(payoffs), action_names=names, title=_title(game))


def _explored(game: Any, root: Any, turns: bool, discount: float, max_states: int, state: Any, rehearsals: int) -> Game:
    """A game of several states; `turns`: each player has one more action, which waits."""
    players, actions = range(game.num_players()), int(game.num_distinct_actions())
    at_end = game.get_type().reward_model.name == "TERMINAL"
    labels: list[list[set[str]]] = [[set() for _ in range(actions)] for _ in players]

    def available(node: Any) -> list[Booleans]:
        masks = [np.zeros(actions + turns, dtype=bool) for _ in players]
        for player, own in zip(players, masks, strict=True):
            legal = node.legal_actions(player) if _moves(node, player) else []
            own[legal] = True
            for action in legal:
                labels[player][action].add(node.action_to_string(player, action))
            if not legal:
                if not turns:
                    raise _TurnsFoundError
                own[-1] = True
        return masks

    def step(node: Any, joint: tuple[int, ...], _: bool) -> Step:
        after = node.clone()
        if node.is_simultaneous_node():
            after.apply_actions([0 if action == actions else action for action in joint])
        else:
            after.apply_action(joint[node.current_player()])
        return Step(_until_choice(after, np.array(node.returns()), at_end))

    def names() -> dict[str, Any]:
        whole = [_labels(own, turns) for own in labels]
        return {"action_names": whole, "title": _title(game)}

    start = [(outcome.probability, outcome.snapshot) for outcome in _until_choice(root, np.zeros(len(players)), at_end)]
    advice = "give state, such as lambda state: (str(state), state.move_number()) where a horizon counts"
    sizes = (actions + turns,) * len(players)
    environment = Environment(start, sizes, lambda node: frozen(state(node)), available, step, advice)
    try:
        made = explore(environment, discount=discount, max_states=max_states, rehearsals=rehearsals, names=names)
    except InvalidInput as error:
        if discount == 1 and "go on for ever" in str(error):
            counted = "state=lambda state: (str(state), state.move_number())"
            raise InvalidInput(f"{error}. Give a discount below 1, or count a horizon: {counted}") from error
        raise
    return made.game


def _moves(node: Any, player: int) -> bool:
    """Whether it is a player's turn."""
    return bool(node.is_simultaneous_node() or node.current_player() == player)


def _until_choice(node: Any, before: Any, at_end: bool) -> list[Outcome]:
    """All that chance may do until a player chooses, or the game ends, with what is paid since `before` (returns)."""
    found, to_do = [], [(1.0, node)]
    while to_do:
        probability, here = to_do.pop()
        if here.is_chance_node() and not here.is_terminal():
            to_do += [(probability * p, here.child(action)) for action, p in here.chance_outcomes()]
            continue
        ended = bool(here.is_terminal())
        paid = np.zeros(len(before)) if at_end and not ended else np.array(here.returns())
        paid = paid if at_end else paid - before
        found.append(Outcome(probability, here, tuple(map(float, paid + 0.0)), ended))
    return found


def _labels(own: list[set[str]], turns: bool) -> list[str] | None:
    """One player's actions as OpenSpiel calls them, where it calls each the same everywhere."""
    if any(len(said) > 1 for said in own) or not any(own):
        return None
    said = [next(iter(one)) if one else str(action) for action, one in enumerate(own)]
    return different([*said, *[WAIT] * turns])


def _title(game: Any) -> str:
    """The string by which OpenSpiel loads the game."""
    return str(game).removesuffix("()")

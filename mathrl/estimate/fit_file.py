"""How the fields of a fit are kept in a file, and what is asked of a fit that is read from one."""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mathrl.base.checks import InvalidInput, fail, probabilities
from mathrl.base.stored import NUMBER, TEXT, Form, array, of_type
from mathrl.estimate.outcome import Outcome
from mathrl.games.naming import checked_action_names, checked_agent_names, checked_state_texts

if TYPE_CHECKING:
    from mathrl.estimate.fit import Fit

__all__ = ["ARRAYS", "CURVE", "EXPECTED", "NAMES", "OUTCOME", "RANGE", "RANGES", "TEXTS", "check"]

EXPECTED = "a fit written by save"
"""What a file of a fit was to hold."""

Reader = Callable[[Any], Any]


def _each(read: Reader) -> Reader:
    """A reader of lists whose entries are read by `read`."""
    return lambda values: tuple(map(read, of_type(list)(values)))


def _range(values: Any) -> tuple[float, float]:
    """Two numbers, of which null for the second one stands for inf."""
    low, high = of_type(list)(values)
    return NUMBER.read(low), math.inf if high is None else NUMBER.read(high)


def _names(value: Any) -> Any:
    """Names in lists in lists."""
    return tuple(map(_names, value)) if isinstance(value, list) else value


RANGE, RANGES = Form(_range), Form(_each(_range))
OUTCOME = Form(read=lambda name: Outcome[name], write=lambda outcome: outcome.name)
CURVE = array("2 J")
ARRAYS = Form(_each(_each(CURVE.read)))
"""For each game an array per agent."""

TEXTS = Form(_each(TEXT.read))
NAMES = Form(_each(_names))
"""For each game its names, or None."""


def check(fit: "Fit", said: Mapping[str, Any], source: str) -> None:
    """Require of a fit that was read what is true of every fit; `said` is what the file says beside its fields."""
    games = len(fit.games)
    if not games:
        fail(f"{source}: key 'games'", "is empty", "at least one game")
    for name in ("policies", "counts", "agent_names", "action_names", "state_names"):
        held = getattr(fit, name)
        if len(held) != games:
            fail(f"{source}: key {name!r}", f"has {len(held)} entries", f"{games}, one for each game")
    for game in range(games):
        _check_game(fit, game, source)
    if fit.curve.ndim != 2 or len(fit.curve) != 2 or not fit.curve.size or not np.isfinite(fit.curve).all():
        fail(f"{source}: key 'curve'", f"has shape {fit.curve.shape}", "(2, J), rationalities and log-likelihoods")
    _check_numbers(fit, said, source)


def _check_game(fit: "Fit", game: int, source: str) -> None:
    policies, counts = fit.policies[game], fit.counts[game]
    shapes = [own.shape for own in policies]
    where = f"{source}: key 'policies'"
    if not shapes or any(len(shape) != 2 or 0 in shape or shape[0] != shapes[0][0] for shape in shapes):
        fail(where, f"has arrays of shapes {shapes} for game {game}", "an array (S, A_i) for each agent")
    if [own.shape for own in counts] != shapes:
        fail(f"{source}: key 'counts'", f"has other shapes than key 'policies' for game {game}", "the same")
    for i, (pi_sa, n_sa) in enumerate(zip(policies, counts, strict=True)):
        probabilities(f"{where}, game {game}, agent {i}, row", pi_sa)
        if not (np.isfinite(n_sa).all() and (n_sa >= 0).all()):
            fail(f"{source}: key 'counts'", f"holds other than counts for agent {i} of game {game}", "numbers >= 0")
    try:
        checked_agent_names(fit.agent_names[game], len(shapes))
        checked_action_names(fit.action_names[game], [size for _, size in shapes])
        checked_state_texts(fit.state_names[game], shapes[0][0])
    except InvalidInput as error:
        raise InvalidInput(f"{source}: key {error}") from error


def _check_numbers(fit: "Fit", said: Mapping[str, Any], source: str) -> None:
    for name in ("log_likelihood", "saturated_log_likelihood", "deviance"):
        if not math.isfinite(getattr(fit, name)):
            fail(f"{source}: key {name!r}", "holds null", "a number")
    if not 0 < fit.level < 1:
        fail(f"{source}: key 'level'", f"is {fit.level:g}", "a number between 0 and 1")
    if said.get("converged", fit.converged) != fit.converged:
        fail(f"{source}: key 'converged'", f"is {said['converged']} beside {fit.outcome.name}", "the same answer")
    if not fit.pieces or fit.interval != (fit.pieces[0][0], fit.pieces[-1][1]):
        fail(f"{source}: key 'interval'", f"is {fit.interval}", "the hull of the pieces")
    inside = fit.outcome in (Outcome.INSIDE, Outcome.AT_ZERO, Outcome.CUT, Outcome.LOST)
    if inside and not fit.rationality >= 0:
        fail(f"{source}: key 'rationality'", f"is {fit.rationality:g} beside {fit.outcome.name}", "a number >= 0")

"""What the assertions of `mathrl.oracle` share: their checks, and the message of a failure."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray, choice, not_negative
from mathrl.games.model import Game, check_game
from mathrl.games.policies import Policy
from mathrl.operators import ENTROPIES
from mathrl.oracle.arrays import policy_rows, scalar
from mathrl.oracle.counted import counted, counts
from mathrl.oracle.diagnose import Mistake, diagnose
from mathrl.oracle.entries import Entry, entry_table, worst_entries
from mathrl.values.overflow import in_range
from mathrl.values.policy_values import has_agent_axis

__all__ = ["checked", "message", "require"]

__tracebackhide__ = True  # pytest shows the caller's line, not these frames


def checked(
    game: Game, policy: Any, temperature: Any, entropy: str, rtol: float, atol: float
) -> tuple[Game, Policy, bool, dict[str, Any]]:
    """The counted game, its policy as arrays, whether values have an agent axis, temperature and entropy by name."""
    check_game(game)
    alpha = not_negative("temperature", scalar("temperature", temperature))
    choice("entropy", entropy, ENTROPIES)
    not_negative("rtol", rtol)
    not_negative("atol", atol)
    in_range(game, alpha)
    entropy = entropy if alpha > 0 else "none"
    played, kind = counted(game), {"temperature": alpha, "entropy": entropy}
    return played, policy_rows(played, policy)[0], has_agent_axis(game, entropy), kind


def require(
    game: Game,
    array: str,
    what: str,
    theirs: FloatArray,
    exact: FloatArray,
    mistakes: Iterable[Mistake],
    agent_axis: bool,
    rtol: float,
    atol: float,
) -> None:
    """Raise `AssertionError` with a diagnosis where an entry is off."""
    with np.errstate(over="ignore"):  # what is off by more than the largest number is off
        off = ~(np.abs(theirs - exact) <= atol + rtol * np.abs(exact))
        if off.any():
            entries = worst_entries(array, theirs, exact, agent_axis=agent_axis)
            said = diagnose(theirs, exact, mistakes, rtol=rtol, atol=atol)
            size = int(counts(game, agent_axis, "v" if array == "v" else "q").sum())
            raise AssertionError(message(game, array, what, (int(off.sum()), size), entries, said))


def message(game: Game, array: str, what: str, numbers: tuple[int, int], entries: Sequence[Entry], said: str) -> str:
    """How many entries are off and by how much, the worst of them, and what explains them."""
    largest = abs(entries[0].difference)
    head = f"{array} differs from {what} in {numbers[0]} of {numbers[1]} entries, by at most {largest:.6g}:"
    names = {kind: getattr(game, kind) for kind in ("agent_names", "action_names", "state_names")}
    table = entry_table(entries, **names)
    return "\n".join(filter(None, [head, table, said]))

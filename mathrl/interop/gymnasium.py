"""Tables of gymnasium's toy texts (FrozenLake, CliffWalking, Taxi, …) as games of one agent."""

from typing import Any

import numpy as np

from mathrl.base.checks import fail
from mathrl.base.text import shown
from mathrl.games.exploration import END
from mathrl.games.model import Game

__all__ = ["from_gymnasium"]


def from_gymnasium(env: Any, *, discount: float) -> Game:
    """Make a game of one agent of an environment that has a table of its outcomes, `env.unwrapped.P`.

        r(s, a) = Σ p r,   P(t | s, a) = Σ p   over the outcomes (p, t, r, terminated) of P[s][a]

    `env`       an environment of gymnasium with states and actions 0, 1, …; wrappers are taken off, and with them a
                time limit: it cuts training, and ends no episode
    `discount`  γ, in [0, 1); 1 is allowed where every episode ends, whatever is played

    State s of the game is state s of the environment. A state in which every outcome that leads there ends the episode,
    and in which none starts, is terminal. Where that does not hold of all ends, there is one more state, the last,
    which is terminal, and outcomes that end an episode elsewhere lead there. It starts as `initial_state_distrib` says,
    or uniformly where the environment has none. Raises `ValueError` for an environment without such a table.
    """
    inner = getattr(env, "unwrapped", env)
    table = getattr(inner, "P", None)
    if not isinstance(table, dict) or not table or not all(isinstance(own, dict) and own for own in table.values()):
        expected = "an environment with a table of its outcomes, env.unwrapped.P"
        mend = "FrozenLake, CliffWalking and Taxi have one; Game.from_function takes the step of any other"
        fail("env", f"is {shown(env)}", expected, mend)
    num_states = len(table)
    actions = sorted({int(a) for of_state in table.values() for a in of_state})
    outcomes = [
        (int(s), int(a), float(p), int(t), float(r), bool(ended))
        for s, of_state in table.items()
        for a, results in of_state.items()
        for p, t, r, ended in results
        if p > 0
    ]
    found = {s for s, *_ in outcomes} | {t for *_, t, _, _ in outcomes}
    if sorted(table) != list(range(num_states)) or not found <= set(range(num_states)):
        fail("env.unwrapped.P", f"has states {shown(sorted(found))}", f"the numbers 0 … {num_states - 1}")
    start = getattr(inner, "initial_state_distrib", None)
    first = np.full(num_states, 1 / num_states) if start is None else np.asarray(start, dtype=np.float64)
    reached = {over: {t for *_, t, _, ended in outcomes if ended == over} for over in (True, False)}
    ends = reached[True] - reached[False] - set(np.flatnonzero(first).tolist())
    elsewhere = not reached[True] <= ends  # some end has no terminal state of its own
    ends |= {num_states} if elsewhere else set()
    size = num_states + elsewhere
    rewards, transitions = np.zeros((size, len(actions))), dict[tuple[int, int], float]()
    available = np.zeros((size, len(actions)), dtype=bool)
    available[num_states:] = True
    for s, action, p, t, r, ended in outcomes:
        a = actions.index(action)
        available[s, a] = True
        rewards[s, a] += 0.0 if s in ends else p * r
        pair = (s * len(actions) + a, num_states if ended and t not in ends else t)
        transitions[pair] = transitions.get(pair, 0.0) + p
    return Game.stochastic(
        rewards,
        _sparse(transitions, size * len(actions), size),
        discount,
        np.pad(first, (0, size - num_states)),
        available=None if available.all() else [available],
        terminal=np.isin(np.arange(size), list(ends)) if ends else None,
        state_names=[*range(num_states), *[END] * (size - num_states)],
        title=_title(env),
    )


def _sparse(entries: dict[tuple[int, int], float], rows: int, columns: int) -> Any:
    from scipy.sparse import coo_array

    at, to = np.array(list(entries), dtype=np.int64).reshape(-1, 2).T
    return coo_array((np.array(list(entries.values())), (at, to)), shape=(rows, columns))


def _title(env: Any) -> str | None:
    """The name under which the environment was made."""
    name = getattr(getattr(env, "spec", None), "id", None)
    return str(name) if name else None

"""The order in which agents update, one after the other, and the games in which this never lowers the objective."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import count, fail, permutation_of
from mathrl.base.text import shown
from mathrl.games.model import Game, check_game

__all__ = ["check_monotone", "check_team", "sequences"]

Agents = npt.NDArray[np.int64]


def check_monotone(game: Game, entropy: str, name: str) -> None:
    """Require a common payoff and team entropy: only then sequential responses are monotone (hasac Lemma 4.2)."""
    check_game(game)
    if not game.common_payoff:
        fail(
            "game",
            "is general-sum",
            "a common payoff",
            f"else steps of {name} can lower the value; solver qre takes any game",
        )
    check_team("entropy", entropy, name)


def check_team(argument: str, entropy: str, name: str) -> None:
    """Require the entropy of the team, as `check_monotone` does."""
    if not (isinstance(entropy, str) and entropy == "team"):
        mend = f"else steps of {name} can lower the value; solver qre takes any entropy"
        fail(argument, f"is {shown(entropy)}", "'team'", mend)


def sequences(
    order: Sequence[int] | str | None, seed: int, num_agents: int
) -> tuple[Callable[[], Agents], list[int] | str]:
    """A function that returns the agents of each step in turn, and `order` as it is recorded: a list, or `"random"`.

    `order` is a permutation, None for 0, 1, …, n−1, or `"random"` for a new one each time, from `default_rng(seed)`.
    """
    rng = np.random.default_rng(count("seed", seed, maximum=None))
    if isinstance(order, str) and order == "random":
        return lambda: rng.permutation(num_agents), order
    fixed = permutation_of("order", range(num_agents) if order is None else order, num_agents, ", or 'random'")
    agents = np.array(fixed, dtype=np.int64)
    return lambda: agents, fixed

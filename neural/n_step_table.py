"""What becomes of equilibria when n-step targets leave out the entropies inside the n steps, in four games."""

from collections.abc import Mapping, Sequence

import numpy as np

from mathrl.base.checks import count
from mathrl.base.reproduction import Computed
from mathrl.games import Game, load, random_stochastic
from mathrl.games.policies import Policy
from mathrl.iteration.outcome import Status
from mathrl.neural.n_step import entropy_factor
from mathrl.neural.n_step_haspi import n_step_haspi
from mathrl.solvers import haspi

__all__ = ["CASES", "DISCOUNT", "commitment", "n_step_table"]

DISCOUNT = 0.99
SURE = 8
"""Digits after the point in differences: what is less is the rounding of this or that machine."""

CASES = {"random": 0.5, "chain": 2.0, "opt-in": 2.0, "commitment": 1.0}
"""The games and the temperature of each."""


def commitment(discount: float = DISCOUNT, wage: float = 0.5) -> Game:
    """Make a game for two agents in which the first chooses once for ever between freedom and a wage.

    State 0: agent 0's action 0 leads to state 1, action 1 to state 2. Both are kept for ever. State 1 pays nothing and
    leaves each agent two actions; state 2 pays `wage` and leaves it one. The entropies of a trajectory are therefore
    the same from the first step on.
    """
    rewards, transitions = np.zeros((3, 2, 2)), np.zeros((3, 2, 2, 3))
    rewards[2] = wage
    transitions[0, 0, :, 1] = transitions[0, 1, :, 2] = transitions[1, :, :, 1] = transitions[2, :, :, 2] = 1
    masks = [np.array([[True, True], [True, True], [True, False]])] * 2
    rewards[2, 1, :] = rewards[2, :, 1] = -np.inf
    return Game.stochastic(rewards, transitions, discount, start=np.eye(3)[0], available=masks)


def n_step_table(steps: Sequence[int] = (5, 20)) -> Computed:
    """Compare policy iteration with n-step critics without the entropies inside, at α, with what might equal it.

    `steps`  the n, each ≥ 1

    Returns, for each game of `CASES` and each n:
    `factor`          f = `entropy_factor(γ, n)`
    `objective`       the true soft objective where the iteration ends
    `loss`            how much less that is than at the end of HASPI, which is n = 1
    `to QRE`          the largest difference of a probability from there
    `to critic f α`   from where the iteration ends whose critic counts all entropies, but at the temperature f α
    `to critic 0`     from where it ends whose critic counts none
    `to QRE at f α`   from the end of HASPI at the temperature f α
    All start from uniform policies.
    """
    values: dict[tuple[str, str], float] = {}
    unfinished = []
    for name, alpha in CASES.items():
        game = _game(name)
        true = haspi(game, temperature=alpha)
        bare = n_step_haspi(game, temperature=alpha, steps=1, critic_temperature=0.0)
        for n in [count("steps", n, 1) for n in steps]:
            factor = entropy_factor(game.discount, n)
            end = n_step_haspi(game, temperature=alpha, steps=n)
            cooler = n_step_haspi(game, temperature=alpha, steps=1, critic_temperature=factor * alpha)
            cold = haspi(game, temperature=factor * alpha)
            row = f"{name} n={n}"
            values |= {
                (row, "factor"): factor,
                (row, "objective"): end.objective,
                (row, "loss"): round(float(true.objective) - end.objective, SURE),
                (row, "to QRE"): _apart(end.policy, true.policy),
                (row, "to critic f α"): _apart(end.policy, cooler.policy),
                (row, "to critic 0"): _apart(end.policy, bare.policy),
                (row, "to QRE at f α"): _apart(end.policy, cold.policy),
            }
            statuses = (true.status, bare.status, end.status, cooler.status, cold.status)
            if any(status is not Status.CONVERGED for status in statuses):
                unfinished.append(row)
    ended = f"NOT all iterations converged: {', '.join(unfinished)}" if unfinished else "all iterations converged"
    games = ", ".join(f"{name} at α = {alpha:g}" for name, alpha in CASES.items())
    return Computed(values, (ended, f"γ = {DISCOUNT}; {games}", *COLUMNS, *_told(values)))


COLUMNS = (
    "n: policy iteration with the paper's improvement, and a critic whose n-step targets count entropies only where "
    "they bootstrap",
    "factor: f, by which such a critic's entropy is too small where entropies do not change; objective: the true soft "
    "objective at its end; loss: how much less that is than with all entropies",
    "to …: the largest difference of a probability from where iteration ends with all entropies (QRE), with a critic "
    "at the temperature f α, with a critic without entropy (0), and with all of it at f α (QRE at f α)",
    "commitment: a game of our own, in which one choice, made once, is between freedom and a wage",
)


def _told(values: Mapping[tuple[str, str], float]) -> tuple[str, ...]:
    """What the numbers of the table say."""
    rows = list(dict.fromkeys(row for row, _ in values))
    kept = ", ".join(row for row in rows if values[row, "to QRE"] == 0) or "none"
    largest = max(values[row, "loss"] for row in rows)
    most = " and ".join(row for row in rows if values[row, "loss"] > largest - 1e-6)
    nearest = {row: min(values[row, column] for column in BESIDE) for row in rows if values[row, "to QRE"] > 0}
    groups = {column: [row for row in nearest if values[row, column] == nearest[row]] for column in BESIDE}
    return (
        f"policies that it does not move, to all digits shown: {kept}; most is lost by {most}",
        "nearest to its end, of the others: "
        + "; ".join(f"{column.removeprefix('to ')} for {', '.join(of)}" for column, of in groups.items() if of),
        "where the entropies of a trajectory are the same from the first step on, as in commitment, the critic's "
        "temperature is f α exactly; the policy improvement keeps α. Where they are the same for all actions, no "
        "policy moves. In a chain that forgets its state, differences of entropy fade within n steps",
    )


BESIDE = ("to critic f α", "to critic 0", "to QRE at f α")
"""Columns of distances from what the end might equal."""


def _game(name: str) -> Game:
    """A game of `CASES`, with the discount of the table."""
    match name:
        case "random":
            return random_stochastic(6, (3, 3), discount=DISCOUNT, seed=0)
        case "commitment":
            return commitment()
    game = load(name)
    return Game.stochastic(game.rewards, game.transitions, DISCOUNT, start=game.start)


def _apart(one: Policy, other: Policy) -> float:
    return round(max(float(np.abs(a - b).max()) for a, b in zip(one, other, strict=True)), SURE)

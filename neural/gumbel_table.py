"""Straight-through Gumbel-softmax in the matrix game of hasac's Table 3: how many seeds end where, by what critic."""

import numpy as np

from mathrl.base.checks import FloatArray, choice
from mathrl.base.intervals import share
from mathrl.base.reproduction import BUDGETS, Computed, Estimate
from mathrl.base.runs import ALONE, Runs
from mathrl.games import load
from mathrl.games.model import Game
from mathrl.neural.gumbel_ends import ACTIONS, exact_ends, learned_ends
from mathrl.neural.runs import drawn_seeds
from mathrl.operators import quantal_response

__all__ = ["gumbel_table"]

EXACT, LEARNED = (10.0, 7.0, 5.0), (10.0, 5.0)
"""The temperatures of the rows."""

SEEDS = {"fast": (100, 20), "paper": (1000, 100)}
"""How many seeds each budget takes, with the exact critic and with learned ones."""

NEAR = 0.01
"""The residual below which a run counts as near a QRE."""


def gumbel_table(seed: int, budget: str, runs: Runs = ALONE) -> Computed:
    """Compare `actions=gumbel` with `actions=enumerated` at some temperatures, with an exact critic and learned ones.

    `seed`    a whole number, from which all is drawn
    `budget`  "fast": 100 seeds with the exact critic and 20 with learned ones; "paper": 1000 and 100
    `runs`    how many processors are used, and where the study of learned critics is kept

    Returns, in each row for both ways:
    `(C,C) …`        the part of the seeds at whose end (C, C) is the most probable joint action; Wilson's 95 % interval
    `(A,A) …`        the same of (A, A)
    `p(C) …`         the mean probability of C over seeds and agents, at the end; a normal 95 % interval over seeds
    `residual …`     the mean of max |π − softmax(E[r]/α)|, which is 0 at a QRE; a normal 95 % interval over seeds
    `slopes …`, `slope error …`  with learned critics, the means of the two numbers of `slope_fit`; the same intervals
    """
    game, (many, few) = load("hasac"), SEEDS[choice("budget", budget, BUDGETS)]
    seeds = drawn_seeds(seed, few)
    values: dict[tuple[str, str], float | Estimate] = {}
    near: dict[str, list[str]] = {}
    for actions in ACTIONS:
        exact = exact_ends(game, actions, temperatures=EXACT, runs=many, seed=seeds[0])
        for alpha, policy in zip(EXACT, exact, strict=True):
            row = f"exact critic, alpha={alpha:g}"
            values |= _cells(game, row, actions, alpha, policy)
            near.setdefault(row, []).append(_near(game, actions, alpha, policy))
    for actions in ACTIONS:
        all_ends = learned_ends(game, actions, temperatures=LEARNED, seeds=seeds, runs=runs)
        for alpha, ends in zip(LEARNED, all_ends, strict=True):
            row = f"learned critic, alpha={alpha:g}"
            values |= _cells(game, row, actions, alpha, ends.policy)
            near.setdefault(row, []).append(_near(game, actions, alpha, ends.policy))
            values[row, f"slopes {actions}"] = _mean(ends.fit[:, 0])
            values[row, f"slope error {actions}"] = _mean(ends.fit[:, 1])
    rows = list(near)
    counts = "; ".join(f"{row}: {', '.join(parts)}" for row, parts in near.items())
    return Computed(
        {key: values[key] for key in sorted(values, key=lambda key: rows.index(key[0]))},
        (*NOTES, f"seeds whose residual is below {NEAR:g}, that is, near a QRE: {counts}"),
    )


NOTES = (
    "intervals are of 95 %: Wilson's of shares, normal ones of means over seeds",
    "with the exact critic the mean gradient of `gumbel` is 0 at the QREs alone, as that of `enumerated`; metric and "
    "noise differ. With a learned critic it takes the slopes of the network at one-hot actions, which learns only its "
    "values there. `enumerated` takes only values",
)


def _cells(
    game: Game, row: str, actions: str, alpha: float, policy: FloatArray
) -> dict[tuple[str, str], float | Estimate]:
    """The cells of a row that are of one way."""
    most = policy.argmax(axis=-1)
    return {
        (row, f"(C,C) {actions}"): share(int((most == 2).all(axis=1).sum()), len(most)),
        (row, f"(A,A) {actions}"): share(int((most == 0).all(axis=1).sum()), len(most)),
        (row, f"p(C) {actions}"): _mean(policy[..., 2].mean(axis=1)),
        (row, f"residual {actions}"): _mean(_residuals(game, alpha, policy)),
    }


def _residuals(game: Game, alpha: float, policy: FloatArray) -> FloatArray:
    """max |π − softmax(E[r]/α)| of each run, (runs,)."""
    policies = tuple(np.moveaxis(policy, 1, 0))
    q = np.broadcast_to(game.rewards, (len(policy), *game.num_actions))
    off = [np.abs(own - quantal_response(q, policies, i, temperature=alpha)) for i, own in enumerate(policies)]
    return np.asarray(np.stack(off, axis=1).max(axis=(1, 2)))


def _near(game: Game, actions: str, alpha: float, policy: FloatArray) -> str:
    """How many runs of one way ended near a QRE."""
    residuals = _residuals(game, alpha, policy)
    return f"{actions} {int((residuals < NEAR).sum())} of {len(residuals)}"


def _mean(numbers: FloatArray) -> Estimate:
    """The mean over runs, with a normal 95 % interval."""
    mean = float(numbers.mean())
    half = 1.96 * float(numbers.std(ddof=1)) / len(numbers) ** 0.5 if len(numbers) > 1 else 0.0
    return Estimate(mean, mean - half, mean + half, len(numbers))

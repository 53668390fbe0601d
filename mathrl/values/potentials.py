"""Potentials: the same game in numbers of the size of advantages, where one rounding of Q is many temperatures.

For any potential Φ^i(s), 0 where an episode has ended, the rewards

    r'(s, a) = r(s, a) + γ Σ_t P(t|s, a) Φ(t) − Φ(s)                                              (1)

have the values Q' = Q − Φ(s) and V' = V − Φ, whatever is played and whatever rows of P sum to: with V = V' + Φ in
Q = r + γ P V, (1) is what is left (Ng, Harada and Russell 1999). A response to Q(s, ·), its entropy and its divergence
do not see Φ(s). So policies, equilibria and gains stay what they are.

Let Φ be the V of a first answer. Then Q' are advantages, and what rounding leaves of a response is eps |Q'|/α in place
of eps |Q|/α, if (1) is computed exactly and rounded once (`mathrl.values.exact_sums`). What the first answer lacks is
V' of the second. Where that is large itself, as at discounts near 1, the next potential is the sum of both, kept as two
doubles; and so on. This is iterative refinement (Wilkinson 1963) of a policy and its values at once.

A common offset of all rewards (`mathrl.values.offsets`) is worth a potential that is constant. It is taken off first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Protocol, TypeVar

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.games.model import Game
from mathrl.iteration.iterate import LARGEST_RESIDUAL, Run
from mathrl.iteration.outcome import Status
from mathrl.iteration.patience import Patience
from mathrl.values.doubt import SMALL, Doubt
from mathrl.values.exact_sums import as_csr, shaped_rewards
from mathrl.values.offsets import without_offsets
from mathrl.values.policy_values import Values

__all__ = ["Shaped", "lost", "refined", "shaped"]


_MOST = 40
"""How many potentials are added at most."""

_PATIENCE = 2
"""A doubt that so many potentials have not halved stays."""


@dataclass(frozen=True)
class Shaped:
    """A game with potentials.

    `game`     the game with the rewards (1)
    `added_ms` what its values lack, the sum of all potentials and what the offsets are worth, (m, S); None for nothing
    """

    game: Game
    added_ms: FloatArray | None


class Valued(Protocol):
    """A point of a run, which has the values of its policy."""

    @property
    def values(self) -> Values:
        """In the shaped game."""
        ...


Point = TypeVar("Point", bound=Valued)


def refined(
    game: Game,
    solve: Callable[[Shaped, Point | None, int], Run[Point]],
    doubt: Callable[[Point], Doubt],
    max_steps: int,
) -> tuple[Run[Point], FloatArray | None]:
    """Solve a game, and again with the values found as a potential, as long as that lessens the doubt.

    `game`       the game in play
    `solve`      a function of a shaped game, the last point of the run before, None at first, and how many steps are
                 left; it returns its run
    `doubt`      a function of a run's last point (`mathrl.values.doubt`)
    `max_steps`  how many steps all runs may take together

    Returns the run of least doubt, with the history of all, and what its values lack (`Shaped.added_ms`). Games in
    which rounding moves no probability by more than 2⁻²⁰ are solved once. An answer of which it may move one by more
    than 0.01 to the end counts as `STALLED`, and this is its residual.
    """
    plain, offsets_ms = without_offsets(game)
    run = solve(Shaped(plain, offsets_ms), None, max_steps)
    best, added_ms, least = run, offsets_ms, doubt(run.last.point)
    if least.moves <= SMALL:
        return run, added_ms
    phi_kms = [] if offsets_ms is None else [np.broadcast_to(offsets_ms, run.last.point.values.v_ms.shape)]
    history, patience, left = [run.history], Patience(_PATIENCE), max_steps - len(run.history)
    while least.moves > SMALL and left > 0 and len(phi_kms) < _MOST and run.status is not Status.INTERRUPTED:
        v_ms = run.last.point.values.v_ms
        phi_kms.append(v_ms if game.ended is None else np.where(game.ended, 0.0, v_ms))
        here = Shaped(shaped(game, np.array(phi_kms)), _total(phi_kms))
        run = solve(here, run.last.point, left)
        history.append(run.history)
        left -= len(run.history)
        found = doubt(run.last.point)
        if found.size < least.size and (run.status is Status.CONVERGED or best.status is not Status.CONVERGED):
            best, added_ms, least = run, here.added_ms, found
        if patience.ends(found.size):
            break
    best = replace(best, history=np.concatenate(history))
    if run.status is Status.INTERRUPTED:
        return replace(best, status=run.status), added_ms
    if best.status is Status.CONVERGED and least.moves > LARGEST_RESIDUAL:
        best = replace(best, status=Status.STALLED, last=replace(best.last, residual=least.moves))
    return best, added_ms


def lost(doubt: Callable[[Point], Doubt]) -> Callable[[Point], bool]:
    """Return what says of a point that rounding decides what is next (`mathrl.iteration.iterate.iterate`).

    It may then move a probability by more than 0.01.
    """
    return lambda point: doubt(point).moves > LARGEST_RESIDUAL


def _total(phi_kms: Sequence[FloatArray]) -> FloatArray:
    """The sum of all potentials, beginning with the last, which is the smallest."""
    return reduce(np.add, reversed(phi_kms))


def shaped(game: Game, phi_kms: FloatArray) -> Game:
    """Return the game with the rewards (1), for Φ = Σ_k Φ_k, (K, m, S); m = 1 where one serves all agents."""
    m, (_, *shape) = phi_kms.shape[1], game.rewards_isa.shape
    r_mx = np.ascontiguousarray(np.broadcast_to(game.rewards_isa, (m, *shape))).reshape(m, -1)
    out_mx = np.empty_like(r_mx)
    shaped_rewards(r_mx, phi_kms, *as_csr(game), game.discount, game.num_joint_actions, out_mx)
    if game.barred_sa is not None:
        out_mx[:, game.barred_sa.ravel()] = -np.inf
    rewards = out_mx.reshape(m, game.num_states, *game.num_actions)
    if m == 1 and game.common_payoff:
        rewards = rewards[0]
    rewards.flags.writeable = False
    return replace(game, rewards=rewards, common_payoff=m == 1 and game.common_payoff)

"""Mistakes in the length of targets, and in what the last value of n steps counts."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.games.model import Game
from mathrl.games.policies import Policy
from mathrl.games.profile import Profile
from mathrl.operators import entropy_bonus, expectation
from mathrl.oracle.diagnose import Mistake, least_squares
from mathrl.oracle.expected import expected_target
from mathrl.oracle.rewards import without_rewards
from mathrl.oracle.wrong_values import mean_for_sum
from mathrl.values.linear_system import one_thread, sweep
from mathrl.values.policy_values import backup, expected_rewards, policy_transitions

__all__ = ["of_other_lengths", "of_the_bootstrap", "of_training", "wrongly_discounted"]

LONGEST = 20
"""How many steps the longest recognised targets have; longer ones are reported as "more than" so many."""

_SWEEPS = 5_000
"""How many steps ahead entropies are followed at most; where they have not settled by then, nothing is said."""

_MOST_STATES = 512
"""Up to so many states, critics with a wrong weight of the bootstrap are computed, by dense factors."""

_LEAST_WEIGHT = 0.01
"""Critics whose bootstrap counts less than this are hardly told from each other."""

_SAME_WEIGHT = 1e-4
"""A weight that suits theirs is one that has a name where it differs by less than this, relatively."""


def of_training(game: Game, policy: Policy, plain: FloatArray, bonus: FloatArray, *, array: str) -> Iterator[Mistake]:
    """Yield that a critic was trained on n-step targets without the entropy of the steps in between, for every n.

    Its Q counts the entropy of every n-th state alone: Q = plain + γ P Σ_{m≥1} (γ P_π)^{nm−1} bonus, and its V that of
    the present state, too. All n are summed in one pass over time. It follows `ahead` = (γ P_π)^t bonus until that is
    the same in all states; the rest is a geometric series. `plain` is Q or V without entropy, as `array` says.
    """
    ahead = bonus
    if game.discount == 0 or not ahead.any():
        return
    w_sa, nothing = Profile.of(policy).joint_sa, np.zeros(game.num_states)
    P_st = policy_transitions(game, w_sa)
    steps = np.arange(2, LONGEST + 2)
    sums = np.zeros((len(steps), *ahead.shape))
    rounding, passed = np.finfo(np.float64).eps * ahead.max(), 0
    while np.ptp(ahead, axis=-1).max() > rounding:
        if passed == _SWEEPS:
            return
        passed += 1
        sums[passed % steps == 0] += ahead
        rows = [sweep(P_st, game.discount, nothing, row) for row in np.atleast_2d(ahead)]
        ahead = np.reshape(rows, ahead.shape)
    unrewarded = without_rewards(game)
    for n, total in zip(steps.tolist(), sums, strict=True):
        # where episodes end, all that is ahead has become 0
        rest = game.discount ** (-(passed + 1) % n) / (1 - game.discount**n) if game.ended is None else 0.0
        later = backup(unrewarded, np.atleast_2d(total + rest * ahead)).reshape(*bonus.shape, -1)
        trained = f"{n}-step targets" if n <= LONGEST else f"targets of more than {LONGEST} steps"
        phrase = f"of a critic trained on {trained} without the entropy of the steps in between"
        if array == "q":
            part = later.reshape(*bonus.shape, *game.num_actions)
        else:
            part = bonus + np.einsum("...sa,sa->...s", later, w_sa)
        yield Mistake(plain, part, ((1.0, phrase),))


def wrongly_discounted(
    game: Game, policy: Policy, theirs: FloatArray, exact: FloatArray, *, array: str, most_left: float, **kind: Any
) -> Iterator[Mistake]:
    """Yield Q or V of critics trained on n-step targets whose bootstrap counts c ≠ γ^n times.

        V = Σ_{t<n} (γ P_π)^t b + c P_π^n V,   b = E_π[r] + bonus                                             (1)

    Only of those that may be within `most_left` of theirs: one step of (1), a contraction, may move these by twice as
    much. c is γ (γ for γ^n), γ^m with a larger m (of targets that an end or a cut has made shorter), γ^n/A (a mean over
    A joint actions for the sum), or what suits theirs (a bootstrap that is lost in a share of the samples). The second
    are many, and so count as fitted, as the last does. After one step the last two are another discount.
    """
    if game.discount == 0 or game.num_states > _MOST_STATES:
        return
    shape = exact.shape if array == "v" else exact.shape[: -game.num_agents]
    w_sa = Profile.of(policy).joint_sa
    bonus_ms = np.atleast_2d(np.zeros(shape) + entropy_bonus(policy, **kind))
    given = np.einsum("...sa,sa->...s", theirs.reshape(*shape, -1), w_sa) if array == "q" else theirs
    v_ms = given.reshape(bonus_ms.shape) + (bonus_ms if array == "q" else 0.0)
    P_st = policy_transitions(game, w_sa)
    dense = P_st if isinstance(P_st, np.ndarray) else P_st.toarray()
    b_ms, step = expected_rewards(game, w_sa, bonus_ms), dense.T
    before_ms, rewarded_ms, at_ends_ms, ahead = np.zeros_like(b_ms), b_ms, v_ms @ step, step  # P_π^n, transposed
    for n in range(1, LONGEST + 1):
        for weight, how, fitted in _wrong_weights(game, n, v_ms - rewarded_ms, at_ends_ms, kind["entropy"]):
            if np.abs(rewarded_ms + weight * at_ends_ms - v_ms).max() > 2 * most_left:
                continue
            with one_thread():
                v = np.linalg.solve(np.eye(len(ahead)) - weight * ahead.T, rewarded_ms.T).T  # (1)
                # the last of the n steps is that of the backup
                earlier = v @ np.linalg.matrix_power(step, n - 1)
            q = backup(game, before_ms + weight / game.discount * earlier)
            phrase = f"of a critic trained on {n}-step targets {how}"
            values = np.asarray(q if array == "q" else v, dtype=np.float64)
            yield Mistake.instead(values.reshape(exact.shape), phrase, fitted=fitted)
        before_ms = rewarded_ms
        rewarded_ms = b_ms + game.discount * (rewarded_ms @ step)
        at_ends_ms, ahead = at_ends_ms @ step, ahead @ step


def _wrong_weights(
    game: Game, n: int, bootstrapped: FloatArray, at_ends: FloatArray, entropy: str
) -> Iterator[tuple[float, str, bool]]:
    """Yield wrong weights c of (1), what to say of each, and whether it is fitted: to `bootstrapped` = c `at_ends`."""
    right, known = "γ" if n == 1 else f"γ^{n}", game.discount**n
    others = () if game.discount == 1 else (*((1,) if n > 1 else ()), *range(n + 1, LONGEST + 1))
    powers = {m: game.discount**m for m in others}
    for m, weight in powers.items():
        if weight < _LEAST_WEIGHT:
            break
        power = "γ" if m == 1 else f"γ^{m}"
        yield weight, f"with the bootstrap discounted by {power}, not by {right}", m > 1
    if n == 1:
        return
    if game.num_joint_actions > 1:
        yield known / game.num_joint_actions, mean_for_sum(game, entropy), False
    weight = least_squares(bootstrapped, at_ends)
    named = (known, *powers.values(), known / game.num_joint_actions)
    if _LEAST_WEIGHT * known < weight < known and not np.isclose(weight, named, rtol=_SAME_WEIGHT, atol=0).any():
        yield weight, _lost(weight / known), True


def _lost(weight: float) -> str:
    """What to say of a bootstrap that counts less than it should."""
    share = 100 * (1 - weight)
    return f"with the bootstrap lost in {share:.3g} % of the samples, such as those at a time limit"


def of_the_bootstrap(
    game: Game, theirs: FloatArray, exact: FloatArray, bootstrap: FloatArray, entropy: str, steps: int | None
) -> Iterator[Mistake]:
    """Yield mistakes in how often the last value counts, γ^n v(s_n) of n steps."""
    actions = game.num_joint_actions
    known = [(0.0, "without the bootstrap")]
    if actions > 1:
        known += [(1 / actions, mean_for_sum(game, entropy)), *[(1 / actions, _lost(1 / actions))] * (steps != 1)]
    if steps is not None and steps > 1:
        weight = float(np.power(game.discount, 1.0 - steps))  # inf where γ is 0 or tiny: it explains nothing
        known.append((weight, f"with the bootstrap discounted by γ in place of γ^{steps}"))
    yield Mistake(exact - bootstrap, bootstrap, known)
    weight = least_squares(theirs - (exact - bootstrap), bootstrap)
    if steps != 1 and 0 < weight < 1:  # after one step it is another discount
        yield Mistake(exact - bootstrap, bootstrap, ((weight, _lost(weight)),), fitted=True)


def of_other_lengths(
    game: Game, policy: Policy, v: FloatArray, steps: int | None, kind: dict[str, Any]
) -> Iterator[Mistake]:
    """Yield targets of another number of steps; `kind` is the temperature and whose entropy counts.

    Of fewer steps also those whose bootstrap is discounted as after all: r_0 + … + γ^{k−1} r_{k−1} + γ^n v(s_k).
    """
    bonus = entropy_bonus(policy, **kind)
    y, unended = (expected_target(game, policy=policy, v=last, **kind) for last in (v, np.zeros_like(v)))
    for n in range(1, LONGEST + 1):
        if n != steps:
            yield Mistake.instead(y, f"of {n} step{'s' * (n > 1)}")
        if steps is not None and n < steps and game.discount < 1:
            phrase = f"of {n} step{'s' * (n > 1)}, but with the bootstrap discounted by γ^{steps}"
            yield Mistake(unended, y - unended, ((game.discount ** (steps - n), phrase),))
        following = (np.asarray(expectation(q, policy) + bonus) for q in (y, unended))
        y, unended = (expected_target(game, policy=policy, v=last, **kind) for last in following)

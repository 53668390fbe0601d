"""The rationality that makes observed play most likely, along the principal branch of quantal response equilibria."""

from collections.abc import Sequence
from math import inf, nan
from typing import Any

import numpy as np
from scipy.stats import chi2

from mathrl.base.checks import choice, count, fail, instance, positive, proportion
from mathrl.base.text import shown
from mathrl.equilibria.arc import Arc
from mathrl.equilibria.principal_branch import Branch, branch
from mathrl.equilibria.step_rules import attempts
from mathrl.estimate.fit import Fit
from mathrl.estimate.observations import Observations
from mathrl.estimate.outcome import Outcome
from mathrl.estimate.profile import Curve, Peak, Profile
from mathrl.games.model import BARRED, Game, as_played
from mathrl.iteration.iterate import report
from mathrl.operators import ENTROPIES
from mathrl.solution.answer import names
from mathrl.values.linear_system import one_thread
from mathrl.values.offsets import without_offsets
from mathrl.values.overflow import in_range

__all__ = ["curve_of", "estimated", "fit"]

_FARTHEST = 1e4
"""How far a branch is followed by default: values then differ by up to so many temperatures, and policies are nearly
those of the limit.
"""

_FEWEST = 5.0
_LEAST = 1.0
_MOST_FEW = 0.2
"""A deviance has its p-value where no expected count is below 1, and at most a fifth of them below 5 (Cochran 1954)."""


def fit(
    game: Game | Sequence[Game],
    data: Any,
    *,
    entropy: str = "team",
    level: float = 0.95,
    largest: float | None = None,
    max_steps: int = 10_000,
) -> Fit:
    """Find the rationality λ = 1/temperature that makes observed play most likely, with its profile interval.

        L(λ) = Σ_i Σ_s Σ_a n^i(s, a) log π^i(a|s; λ)   along the principal branch of (hasac Eq. 3)          (1)
        interval = {λ : 2 (max L − L(λ)) ≤ χ²_{1, level}}                                                   (2)

    π(λ) is the quantal response equilibrium on the branch that `mathrl.solvers.qre_branch` follows (McKelvey and
    Palfrey 1995). n counts how often agent i took action a in state s: given the states only the choices are modelled,
    not how often states are reached. Where the branch folds in λ, all of its points count, and L is a function of the
    point. Local maxima between the points of the trace are found and refined, and the best one is taken.

    `game`       the game that was played; or several that were played with the same rationality, a sequence
    `data`       what was observed, as `Observations.of` takes it: per agent (S, A_i) counts, or (A_i,) in a game of one
                 state; or what `simulate` returns; or episodes (states, joint actions). For several games a sequence of
                 these, one for each game; list a game twice for two sets of data
    `entropy`    whose entropy enters an agent's value: `"team"` (default: all agents'), `"own"` or `"none"`, which is
                 the agent QRE of the literature; in matrix games all three are the same
    `level`      of the interval (2), in (0, 1); default 0.95
    `largest`    the largest rationality that is looked at, in units of 1/rewards; default: 1e4 over the largest
                 difference of two rewards, times 1 − γ where γ < 1, else over the longest expected play
    `max_steps`  the most steps of the trace; default 10,000

    Returns a `Fit`; `print` shows it. `rationality` is 0 or infinite where L is highest at an end of the branch, and
    nan where all λ fit alike, which is no fit: `converged` is then False, as it is where the branch could not be
    followed to `largest`, and where L still rises at a `largest` that is smaller than the default. `pieces` are the
    ranges of λ of which the interval is the hull. The deviance compares L with that of the observed frequencies. Its
    p-value is left out where expected counts are so small that χ² is not near its distribution. Raises `ValueError`
    naming the argument.

    A λ multiplies rewards, so payoffs c times as large have a λ of 1/c. The interval is that of large samples; with few
    observations, or near λ = 0, it may cover the truth more or less often than `level`.

    >>> from mathrl.games import load
    >>> found = fit(load("prisoners-dilemma"), [[38, 62], [35, 65]])
    >>> found.outcome.name
    'INSIDE'
    """
    several = not isinstance(game, Game)
    games = [as_played(each) for each in (instance("game", game, Sequence, "a Game or several") if several else [game])]
    if not games:
        fail("game", "is empty", "one game or several")
    if several and (not isinstance(data, Sequence) or len(data) != len(games)):
        fail("data", f"is {shown(data)}", f"a sequence of {len(games)}, one for each game")
    choice("entropy", entropy, ENTROPIES)
    if not 0 < proportion("level", level) < 1:
        fail("level", f"is {level:g}", "a number between 0 and 1")
    observed = [
        Observations.of(each, own, f"data[{k}]" if several else "data")
        for k, (each, own) in enumerate(zip(games, data if several else [data], strict=True))
    ]
    curve, complete = curve_of(games, entropy=entropy, largest=largest, max_steps=max_steps)
    return estimated(curve, games, observed, entropy=entropy, level=level, complete=complete)


@one_thread()
def curve_of(
    games: Sequence[Game], *, entropy: str = "team", largest: float | None = None, max_steps: int = 10_000
) -> tuple[Curve, bool]:
    """The branches of some games, at one rationality; and whether all were followed as far as was asked for."""
    max_steps = count("max_steps", max_steps, 1)
    if largest is None:
        largest = _farthest(games)
    largest = positive("largest", largest)
    for game in games:
        in_range(game, 1 / largest, argument="1/largest")
    kept: dict[int, tuple[Arc, bool]] = {}
    for game in games:
        if id(game) not in kept:
            kept[id(game)] = _followed(game, entropy, largest, max_steps)
    arcs = [kept[id(game)] for game in games]
    curve = Curve([arc for arc, _ in arcs])
    if not curve.spans:
        fail("game", "has a branch that cannot be followed at all", "rewards that rounding does not hide")
    return curve, all(complete for _, complete in arcs)


@one_thread()
def estimated(
    curve: Curve, games: Sequence[Game], observed: Sequence[Observations], *, entropy: str, level: float, complete: bool
) -> Fit:
    """The fit of observations along branches that were followed; see `fit`."""
    counts = [arc.side_by_side(data.counts) for arc, data in zip(curve.arcs, observed, strict=True)]
    profile = Profile(curve, counts)
    saturated = sum(data.saturated() for data in observed)
    end = float(len(curve.spans))
    best = profile.best
    whole = curve.spans[-1].last >= _farthest(games)
    outcome = _outcome(profile, best, end, complete, whole)
    allowed = float(chi2.ppf(level, 1)) / 2
    pieces = profile.within(best.log_likelihood - allowed)
    if profile.values[-1] >= best.log_likelihood - allowed:  # nothing is known of larger ones
        pieces = (*pieces[:-1], (pieces[-1][0], inf))
    flat = outcome is Outcome.FLAT
    rationality = {Outcome.FLAT: nan, Outcome.AT_INFINITY: inf}.get(outcome, best.rationality)
    spots = curve.at(best.tau)[1]
    policies = tuple(arc.policy(spot) for arc, spot in zip(curve.arcs, spots, strict=True))
    deviance = 2 * (saturated - best.log_likelihood)
    deviance = 0.0 if deviance <= profile.rounding.min() else deviance  # nothing but rounding
    freedom = _degrees_of_freedom(games, observed) - (0 if flat else 1)
    called = [names(game) for game in games]
    allows = freedom > 0 and _enough(games, observed, policies)
    return Fit(
        rationality=rationality,
        interval=(pieces[0][0], pieces[-1][1]),
        pieces=pieces,
        level=level,
        outcome=outcome,
        log_likelihood=best.log_likelihood,
        saturated_log_likelihood=saturated,
        deviance=deviance,
        degrees_of_freedom=freedom,
        p_value=float(chi2.sf(deviance, freedom)) if allows else None,
        policies=policies,
        counts=tuple(data.counts for data in observed),
        maxima=tuple((peak.rationality, peak.log_likelihood) for peak in profile.peaks),
        curve=np.stack(profile.points[1:]),
        entropy=entropy,
        games=tuple(map(repr, games)),
        **{name: tuple(own[name] for own in called) for name in called[0]},
    )


def _outcome(profile: Profile, best: Peak, end: float, complete: bool, whole: bool) -> Outcome:
    """How it came out; `whole` where the branch was followed so far that policies are nearly those of the limit."""
    if not complete:  # nothing is known of what lies beyond, nor is it confirmed that these points lie on the branch
        return Outcome.LOST
    if profile.flat:
        return Outcome.FLAT
    if best.tau >= end:
        return Outcome.AT_INFINITY if whole else Outcome.CUT
    return Outcome.AT_ZERO if best.tau == 0 else Outcome.INSIDE


def _followed(game: Game, entropy: str, largest: float, max_steps: int) -> tuple[Arc, bool]:
    """The branch to this rationality, or the longest part of it that could be followed; and whether it is whole.

    As in `qre_branch`, a trace that is lost begins again with shorter steps.
    """
    game, _ = without_offsets(game)
    longest: Branch | None = None
    reached, taken, left = -inf, 0, max_steps
    for step_length in attempts(1.0):
        followed, points = branch(game, entropy=entropy, step_length=step_length), [0.0]
        while points and points[-1] != largest:
            points = followed.extend(largest, left)
            taken, left = taken + len(points), left - len(points)
            report(taken, max([reached, *points]))  # a branch has no residual, but a place where it is
            if points and points[-1] > reached:
                longest, reached = followed, points[-1]
        if points:
            return followed.arc(), True
        if followed.hidden or left <= 0:
            break
    return (longest or followed).arc(), False


def _farthest(games: Sequence[Game]) -> float:
    """How far the branches of these games are followed by default."""
    return float(_FARTHEST / max(_spread(game) * game.horizon for game in games))


def _spread(game: Game) -> float:
    """The largest difference of two rewards of an agent, 1 where there is none."""
    isa = game.rewards_isa
    there = isa > BARRED
    spread = float(
        (isa.max(axis=(1, 2), where=there, initial=-inf) - isa.min(axis=(1, 2), where=there, initial=inf)).max()
    )
    return spread if spread > 0 else 1.0


def _degrees_of_freedom(games: Sequence[Game], observed: Sequence[Observations]) -> int:
    """How many numbers the frequencies have: one less than there are actions, wherever an agent was observed."""
    rows = (
        (game.available[i].sum(axis=1) - 1)[own.any(axis=1)]
        for game, data in zip(games, observed, strict=True)
        for i, own in enumerate(data.counts)
    )
    return int(sum(row.sum() for row in rows))


def _enough(games: Sequence[Game], observed: Sequence[Observations], policies: Sequence[Any]) -> bool:
    expected = np.concatenate(
        [
            (own.sum(axis=1, keepdims=True) * pi)[own.any(axis=1)][game.available[i][own.any(axis=1)]]
            for game, data, policy in zip(games, observed, policies, strict=True)
            for i, (own, pi) in enumerate(zip(data.counts, policy, strict=True))
        ]
    )
    return bool(expected.min() >= _LEAST and np.mean(expected < _FEWEST) <= _MOST_FEW)

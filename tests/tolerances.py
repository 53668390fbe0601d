"""How far two numbers may be apart in a test, and why: units of rounding, and bounds of what is rounded.

Two computations of one number agree to some roundings of the largest number that they add up, times what a linear
solve or a fixed point makes of them. Each function says which number that is, and where its factor comes from.
Tolerances of one test alone stand beside that test.
"""

import math

import numpy as np

__all__ = [
    "EPS",
    "bracket_floor",
    "divergence_drift",
    "divergence_magnitude",
    "divergence_slack",
    "drift",
    "fixed_point_slack",
    "magnitude",
    "near",
    "operator_slack",
    "opponent_slack",
    "optimum_slack",
    "pooled_slack",
    "prior_slack",
    "returns_slack",
    "row_slack",
    "sample_slack",
    "scheme_slack",
    "softmax_slack",
    "target_slack",
    "trace_slack",
    "zero_sum_slack",
]

EPS = float(np.finfo(np.float64).eps)
"""The distance from 1 to the next double: one rounding is at most half of it, in units of the number rounded."""


def near(one, other, atol):
    """Demand equal shapes, and entries that differ by `atol` at most."""
    assert one.shape == other.shape
    np.testing.assert_allclose(one, other, rtol=0, atol=atol)


def magnitude(game, temperature=0.0):
    """An upper bound of |Q| and of |V|: rewards and the entropies of all agents in every step."""
    return (1 + game.reward_scale + temperature * np.log(game.num_joint_actions)) * game.horizon


def divergence_magnitude(game, temperature, *targets):
    """An upper bound of |Q| and of ω |log ρ|, which is what sums round. `targets` are the arrays that ρ consists of."""
    smallest = min((rho[rho > 0].min() for rho in targets), default=1.0)
    return (1 + game.reward_scale + temperature * (1 - np.log(smallest))) / (1 - game.discount)


# One application of a formula.


def softmax_slack(q, temperature):
    """Eight roundings of the largest number in sight: q itself, or temperature times log A."""
    return 8 * EPS * (np.abs(q).max() + temperature * (1 + math.log(q.shape[-1])))


def operator_slack(game, temperature, policy=()):
    """64 roundings of the largest value: sums over at most 24 joint actions and 4 states."""
    bonus = temperature * sum(np.log(pi.shape[1]) for pi in policy)
    return 64 * EPS * (1 + game.reward_scale + bonus) / (1 - game.discount)


def divergence_slack(game, temperature, *targets):
    """64 roundings of the largest value: sums over at most 24 joint actions and 4 states, of Q and of ω log(π/ρ)."""
    smallest = min((rho[rho > 0].min() for rho in targets), default=1.0)
    return 64 * EPS * (1 + game.reward_scale + 3 * temperature * (1 - np.log(smallest))) / (1 - game.discount)


def prior_slack(q, temperature, weight):
    """Roundings of a value against a model: 64 for sums of up to 20 terms and their logarithms, which reach 60."""
    return 64 * EPS * (1 + np.abs(q).max() + temperature * np.log(4) + weight * 60)


def sample_slack(game, temperature):
    """1,000 roundings of the largest term: log π goes down to −28 where π is 1e-12."""
    return 1e3 * EPS * (10 + game.reward_scale + 28 * game.num_agents * (1 + temperature))


def pooled_slack(q, w):
    """Rounding of a sum of squares: at most 27 terms, each of a value pooled from as many."""
    return 1e3 * EPS * float((w * q**2).sum())


def bracket_floor(payoffs):
    """One rounding of the largest payoff: the unit in which a bracket of a zero-sum game's value is certified."""
    return EPS * np.abs(payoffs).max()


# Linear solves: what is rounded grows by 1 / (1 − γ), the condition of I − γ P.


def target_slack(game, temperature):
    """1,000 roundings of the largest value, over 1 − γ for the condition of a linear solve."""
    size = 10 + game.reward_scale + temperature * np.log(game.num_joint_actions)
    return 1e3 * EPS * size / (1 - game.discount) ** 2


def trace_slack(game, temperature):
    """Rounding of the linear solve: 1e4 roundings of the largest value, over 1 − γ for its condition."""
    return 1e4 * EPS * (10 + magnitude(game, temperature)) / (1 - game.discount)


def returns_slack(game):
    """Visits are exact to S floors 2 eps (1 + 2 / (1 - γ)) over 1 - γ, times rewards up to their scale; so are sums."""
    return 16 * EPS * game.num_states * (1 + game.reward_scale) / (1 - game.discount) ** 2


def scheme_slack(setup):
    """Returns are exact to S floors 2 eps (1 + 2 / (1 - γ)) over 1 - γ, times the rewards' scale; so are bounds."""
    return 64 * EPS * setup.game.num_states * (1 + setup.game.reward_scale) / (1 - setup.game.discount) ** 2


def row_slack(row):
    """Of two returns that were solved for, in units of the rewards' scale, in a row of a comparison of bounds."""
    return 1e-13 * (1 + abs(row.corrected) + row.trivial) / (1 - row.discount)


# Fixed points: solvers stop at 100 floors, and a contraction by γ makes 1 / (1 − γ) of what is left.


def optimum_slack(game, temperature):
    """An optimum is exact to 100 floors of Q over 1 - discount, a policy's value to 32 floors 6 eps |V|."""
    return 512 * EPS * magnitude(game, temperature) / (1 - game.discount)


def zero_sum_slack(game):
    """How far V may be off: 100 floors over 1 − γ, and as much again for what it is compared with."""
    return 256 * EPS * magnitude(game) / (1 - game.discount)


def fixed_point_slack(game, temperature):
    """100 rounding floors of Q and what a discount of 0.9 makes of them, a few times over."""
    return 4000 * EPS * (1 + game.reward_scale + temperature * np.log(24)) / (1 - game.discount)


def opponent_slack(game, *weights):
    """As `fixed_point_slack`, of a Q that holds logarithms of probabilities, down to −60, times temperature or κ."""
    return 4000 * EPS * (1 + game.reward_scale + sum(weights) * 60) / (1 - game.discount)


# Runs of three steps: each step makes |Q| / α of the rounding before it.


def drift(game, temperature):
    """How far rounding may drive two runs of three steps apart in π: a floor, times |Q|/α per agent and step."""
    return _amplified(magnitude(game, temperature), game, temperature)


def divergence_drift(game, temperature, target=()):
    """How far rounding may drive two runs of three steps apart in π: a floor, times |Q|/ω per step."""
    return _amplified(divergence_magnitude(game, temperature, *target), game, temperature)


def _amplified(size, game, temperature):
    stiffness = 1 + size / temperature
    return 64 * EPS * stiffness / (1 - game.discount) * (1 + stiffness) ** 2

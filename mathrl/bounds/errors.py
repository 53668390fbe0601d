"""How far a setup's model is from its game, and its policies from each other: the ε of aorpo's bounds.

All are total variations, between 0 and 1. With d(s, a) = TV(T(·|s, a), T̂(·|s, a)), aorpo's error of the dynamics

    ε = max_t E_{(s_t, a_t)}[d(s_t, a_t)]                                                        (1)

leaves open which process draws (s_t, a_t). The readings (`READINGS`):

| reading | expectation |
|---|---|
| `"real"` | under the law of s_t along the real dynamics T |
| `"model"` | under the law of s_t along the learned dynamics T̂ |
| `"uniform"` | none: the maximum over all s and a |
| `"occupancy"` | (1 − γ) Σ_t γ^t in place of max_t, along T: what a replay buffer gives; never above `"real"` |
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray, count
from mathrl.bounds.checked import MOST_STEPS, whole_lengths
from mathrl.bounds.exact import simplest_fraction
from mathrl.bounds.over_time import OverTime, largest_over_time
from mathrl.bounds.process import Process, check_process, mean
from mathrl.bounds.setup import Setup, check_setup
from mathrl.games.policies import Policy
from mathrl.games.profile import Profile
from mathrl.softmax import total_variation

__all__ = [
    "READINGS",
    "Errors",
    "dynamics_distance",
    "exact_opponent_errors",
    "joint_distances",
    "measure",
    "policy_distances",
    "state_distances",
]

READINGS = ("real", "model", "uniform", "occupancy")
"""The laws under which the expectation in the dynamics' error may be taken; see `Errors`."""


_EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Errors:
    """The errors of a setup: the ε of aorpo's bounds   (aorpo Theorems 1-5, A.1, B.1, B.2, Lemmas C.3, C.4).

    All are total variations, in [0, 1]. The dynamics' errors are ε = max_t E[TV(T(·|s_t, a_t), T̂(·|s_t, a_t))]. aorpo
    leaves open which process draws (s_t, a_t). The readings are "real" (along T), "model" (along T̂), "uniform" (the
    maximum over s and a instead) and "occupancy" (along T, the mean (1 − γ) Σ_t γ^t E[…] instead of the maximum over
    t).

    `data_dynamics`      ε_m of each reading: (s_t, a_t) drawn with the data-collecting policies π_D
    `current_dynamics`   ε'_m of each reading: with the policies π
    `modelled_dynamics`  the error along T̂ with (π^i, π̂^{-i}): Lemma C.3's M, its p_2 being this process
    `branched_dynamics`  k → the error over the steps after the branch of rollouts of length k, along T̂ with (π^i,
                         π̂^{-i}) from what π_D reached in T: Lemma C.4's M^post
    `policy_shift`       ε_π^i  = max_s TV(π^i, π_D^i)
    `opponent_shifts`    ε_π^j  = max_s TV(π^j, π_D^j) of each opponent
    `opponents_shift`    ε_π^{-i}: the same of the opponents' joint policies; never above the sum
    `opponent_errors`    ε_π̂^j = max_s TV(π^j, π̂^j) of each opponent
    `opponents_error`    ε_π̂^{-i}: the same of the opponents' joint policies
    `settled`            whether each max_t is over all t: `largest_over_time` says what it is otherwise
    """

    data_dynamics: Mapping[str, float]
    current_dynamics: Mapping[str, float]
    modelled_dynamics: float
    branched_dynamics: Mapping[int, float]
    policy_shift: float
    opponent_shifts: tuple[float, ...]
    opponents_shift: float
    opponent_errors: tuple[float, ...]
    opponents_error: float
    settled: bool


def measure(setup: Setup, branch_lengths: Iterable[int] = ()) -> Errors:
    """Compute all errors of a setup: how far its model is from the game, and its policies from each other   (aorpo §C).

        ε = max_t E_{(s_t, a_t)}[TV(T(·|s_t, a_t), T̂(·|s_t, a_t))]   and   max_s TV of two policies

    `setup`           what is measured
    `branch_lengths`  the k for which `branched_dynamics` is computed; default: none

    Returns `Errors`. Raises `ValueError` where a branch length is no whole number.

    Where the game leaves state 0 at once for 1, and the model never does, only state 0 is wrong:

    >>> from mathrl.games import Game
    >>> leave, stay = np.eye(2)[[1, 1], None], np.eye(2)[:, None]
    >>> game = Game.stochastic(np.zeros((2, 1)), leave, discount=0.5, start=[1.0, 0.0])
    >>> measure(Setup.of(game, policy=[np.ones((2, 1))], model=stay)).current_dynamics
    {'real': 1.0, 'model': 1.0, 'uniform': 1.0, 'occupancy': 0.5}
    """
    distance_sa = dynamics_distance(setup)
    lengths = whole_lengths(branch_lengths)
    processes = (setup.data, Process(setup.model, setup.data_policy), setup.real, setup.learned, setup.modelled)
    seen = [largest_over_time(process, process.expected(distance_sa)[None]) for process in processes]  # (1)
    data, data_in_model, current, current_in_model, modelled = (_probability(over.largest[0]) for over in seen)
    after_branch, branched = _branched(setup, distance_sa, lengths)
    return Errors(
        data_dynamics=_readings(setup.data, distance_sa, data, data_in_model),
        current_dynamics=_readings(setup.real, distance_sa, current, current_in_model),
        modelled_dynamics=modelled,
        branched_dynamics=branched,
        settled=all(over.settled for over in (*seen, after_branch)),
        **policy_distances(setup),
    )


def policy_distances(setup: Setup) -> dict[str, Any]:
    """The fields of `Errors` that are about policies alone, the shifts and the errors of the opponents' models."""
    own, others = setup.agent, setup.opponents
    collecting = tuple(setup.data_policy[j] for j in others)
    playing = tuple(setup.policy[j] for j in others)
    return {
        "policy_shift": _largest_distance(setup.policy[own], setup.data_policy[own]),
        "opponent_shifts": tuple(map(_largest_distance, playing, collecting)),
        "opponents_shift": _largest_distance(_joint(setup, playing), _joint(setup, collecting)),
        "opponent_errors": tuple(map(_largest_distance, playing, setup.opponent_models)),
        "opponents_error": _largest_distance(_joint(setup, playing), _joint(setup, setup.opponent_models)),
    }


def dynamics_distance(setup: Setup) -> FloatArray:
    """Compute the total variation of the real and the learned dynamics, at each state and joint action   (aorpo §C).

        d(s, a) = TV(T(·|s, a), T̂(·|s, a)) = ½ Σ_t |T(t|s, a) − T̂(t|s, a)|

    `setup`  the game and the learned model of it

    Returns (S, A), joint actions in C order.
    """
    check_setup(setup)
    game, model = setup.game, setup.model
    shape = (game.num_states, game.num_joint_actions)
    if game.sparse:
        return np.asarray(abs(game.csr_xt - model.csr_xt).sum(axis=1) / 2).reshape(shape)
    real_sat, learned_sat = game.dense_xt.reshape(*shape, -1), model.dense_xt.reshape(*shape, -1)
    # State by state: the difference of all rows would take as much memory as the model.
    return np.stack([total_variation(*pair) for pair in zip(real_sat, learned_sat, strict=True)])


def exact_opponent_errors(setup: Setup) -> tuple[Fraction, ...]:
    """Compute the errors of the opponents' models as exact fractions   (aorpo Theorem 1).

        ε_π̂^j = max_s TV(π^j, π̂^j)   of each opponent j

    `setup`  the policies and the models of the opponents

    Returns one fraction per opponent. Each probability is read as the simplest fraction near it (`simplest_fraction`).

    >>> from mathrl.games import load, uniform_policy
    >>> game = load("climbing")
    >>> exact_opponent_errors(Setup.of(game, policy=uniform_policy(game), opponent_models=[[0.7, 0.2, 0.1]]))
    (Fraction(11, 30),)
    """
    check_setup(setup)
    models = zip(setup.opponents, setup.opponent_models, strict=True)
    return tuple(_largest_exact_distance(setup.policy[j], model) for j, model in models)


def state_distances(one: Process, other: Process, steps: int) -> FloatArray:
    """Compute the total variation of the laws of the state under two processes   (aorpo Lemma C.2).

        TV(p_1(s_t), p_2(s_t))   for t = 0 … `steps`

    `one`, `other`  two processes on the same states
    `steps`         the last time, ≥ 0

    Returns (steps + 1,). Raises `ValueError` where `steps` is no whole number.
    """
    check_process("one", one)
    check_process("other", other, one)
    pairs = islice(zip(one.laws(), other.laws(), strict=True), count("steps", steps, maximum=MOST_STEPS) + 1)
    return np.array([total_variation(law_s, other_s) for law_s, other_s in pairs])


def joint_distances(one: Process, other: Process, steps: int) -> FloatArray:
    """Compute the total variation of the laws of state and joint action under two processes   (aorpo Lemma C.1).

        TV(p_1(s_t, a_t), p_2(s_t, a_t))   for t = 0 … `steps`

    `one`, `other`  two processes on the same states, with the same actions
    `steps`         the last time, ≥ 0

    Returns (steps + 1,). Raises `ValueError` where `steps` is no whole number.
    """
    check_process("one", one)
    check_process("other", other, one)
    pairs = islice(zip(one.laws(), other.laws(), strict=True), count("steps", steps, maximum=MOST_STEPS) + 1)
    return np.array([
        total_variation((law_s[:, None] * one.joint).ravel(), (other_s[:, None] * other.joint).ravel())
        for law_s, other_s in pairs
    ])  # fmt: skip


def _readings(real: Process, distance_sa: FloatArray, along_real: float, along_model: float) -> dict[str, float]:
    """(1) of each reading, from the maxima over time along T (`real`) and along T̂."""
    occupancy = (1 - real.game.discount) * mean(real.visits, real.expected(distance_sa))
    found = (along_real, along_model, _probability(distance_sa.max()), _probability(occupancy))
    return dict(zip(READINGS, found, strict=True))


def _branched(setup: Setup, distance_sa: FloatArray, lengths: list[int]) -> tuple[OverTime, dict[int, float]]:
    """k → the largest E[d] h < k steps after a branch at any time; without a step there is no error."""
    post, longest = setup.modelled, max(lengths, default=0)
    expected_hs = np.empty((longest, setup.game.num_states))
    of_s = post.expected(distance_sa)
    for h in range(longest):
        expected_hs[h] = of_s
        of_s = post.expected_next(of_s)
    after = largest_over_time(setup.data, expected_hs)
    largest_k = np.maximum.accumulate(np.concatenate([np.zeros(1), after.largest]))
    return after, {k: _probability(largest_k[k]) for k in lengths}


def _largest_distance(policy_sa: FloatArray, other_sa: FloatArray) -> float:
    """The largest total variation of two policies over states."""
    return _probability(total_variation(policy_sa, other_sa).max())


def _joint(setup: Setup, opponents: Policy) -> FloatArray:
    """The joint policy (S, B) of the opponents, of whom there may be none."""
    nobody = np.ones((setup.game.num_states, 1))
    return Profile.of((nobody, *opponents)).joint_sa


def _probability(x: float) -> float:
    """A total variation that rounding may have pushed above 1."""
    return min(float(x), 1.0)


def _largest_exact_distance(policy_sa: FloatArray, other_sa: FloatArray) -> Fraction:
    """The same as an exact fraction."""
    distance_s = total_variation(policy_sa, other_sa)
    rounding = (16 + 4 * policy_sa.shape[1]) * _EPS  # of what the doubles stand for, and of sums
    candidates = distance_s >= distance_s.max() - rounding
    rows = zip(map(tuple, policy_sa[candidates].tolist()), map(tuple, other_sa[candidates].tolist()), strict=True)
    return max(
        _exact_distance(row, other) for row, other in set(rows)
    )  # deterministic policies have few different ones


def _exact_distance(row: tuple[float, ...], other: tuple[float, ...]) -> Fraction:
    """The total variation of two rows, each probability read as its simplest fraction."""
    differing = (pair for pair in zip(row, other, strict=True) if pair[0] != pair[1])
    distance = sum((abs(simplest_fraction(p) - simplest_fraction(q)) for p, q in differing), start=Fraction(0)) / 2
    return min(distance, Fraction(1))  # the fractions of a row need not sum to 1

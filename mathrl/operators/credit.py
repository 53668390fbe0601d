"""The individual-global conditions: how far a joint value or policy is from being decided by the agents one by one.

Each gap is a number ≥ 0 per state, shape (S,), that is zero exactly where the condition holds for the given pair. Where
maximisers are not unique, IGM has two readings: each combination of individual maximisers maximises Q_tot (`igm_gap`),
or both sides are the same set (`igm_set_gap`). Monotone mixing implies the first reading but not the second: with one
agent, Q_1 = (0, 1) and Mixer = 0, all actions maximise Q_tot, but only one maximises Q_1. Axes: q_tot is
(S, A_1, …, A_n), Q_i (S, A_i).
"""

from collections.abc import Callable, Sequence
from functools import partial, reduce
from typing import Any

from mathrl.arithmetic import alike, maximisers, namespace
from mathrl.operators.axes import along, flat
from mathrl.operators.response import greedy_response
from mathrl.softmax import boltzmann

__all__ = ["greedy_policy", "igi_gap", "igm_gap", "igm_set_gap", "igo_gap"]


@alike
def igm_gap(q_tot: Any, individual_q: Sequence[Any]) -> Any:
    """max_a Q_tot(s, a) − min {Q_tot(s, a) : a_i ∈ argmax Q_i(s, ·) for all i}   (soft-qmix Definition 3.1, Eq. 1).

    It is zero exactly where every combination of individual maximisers maximises Q_tot, however ties are broken.

    `q_tot`         Q_tot, (S, A_1, …, A_n)
    `individual_q`  Q_i, one array (S, A_i) per agent

    Returns (S,). Raises `Undecided` for balls that leave open which actions are maximisers.
    """
    xp, q_sa = namespace(q_tot), flat(q_tot)
    chosen = xp.where(_joint([maximisers(own) for own in individual_q], _both), q_sa, xp.inf)
    return xp.max(q_sa, axis=-1) - xp.min(chosen, axis=-1)


@alike
def igm_set_gap(q_tot: Any, individual_q: Sequence[Any]) -> Any:
    """max of `igm_gap` and max {max Q_i(s, ·) − Q_i(s, a_i) : i, a ∈ argmax Q_tot(s, ·)}   (soft-qmix Eq. 1).

    It is, in each state, the larger of two numbers:

        max_a Q_tot(s, a) − min {Q_tot(s, a) : a_i ∈ argmax Q_i(s, ·) for all i},   which is `igm_gap`
        max {max Q_i(s, ·) − Q_i(s, a_i) : all i, all a ∈ argmax Q_tot(s, ·)}

    It is zero exactly where argmax_a Q_tot(s, a) and argmax Q_1(s, ·) × … × argmax Q_n(s, ·) are equal sets.

    `q_tot`         Q_tot, (S, A_1, …, A_n)
    `individual_q`  Q_i, one array (S, A_i) per agent

    Returns (S,). Raises `Undecided` for balls that leave open which actions are maximisers.
    """
    xp = namespace(q_tot)
    missed = _joint([xp.max(own, axis=-1, keepdims=True) - own for own in individual_q], xp.maximum)
    at_maximisers = xp.max(xp.where(maximisers(flat(q_tot)), missed, 0.0), axis=-1)
    return xp.maximum(igm_gap(q_tot, individual_q), at_maximisers)


@alike
def igi_gap(joint_policy: Any, policy: Sequence[Any]) -> Any:
    """max_a |π(a|s) − Π_i π_i(a_i|s)| of a joint and individual policies   (soft-qmix Definition 3.2, Eq. 2).

    If some individual policies make it zero, the marginals of π do: try these to see whether there are any.

    `joint_policy`  π, (S, A_1, …, A_n)
    `policy`        π_i, one array (S, A_i) per agent

    Returns (S,).
    """
    xp = namespace(joint_policy)
    product = xp.ones_like(joint_policy)
    for agent, pi_sa in enumerate(policy):
        product = product * along(pi_sa, agent, len(policy))
    return xp.max(flat(xp.abs(joint_policy - product)), axis=-1)


@alike
def igo_gap(q: Any, policy: Sequence[Any], *, temperature: Any) -> Any:
    """max_a |softmax(Q*(s, ·)/α)(a) − Π_i π_i(a_i|s)|   (soft-qmix Definition B.2, Eq. 17; FOP's condition).

    There are policies that make it zero exactly where Q* is a sum of functions of one agent's action each.

    `q`            Q*, the soft optimal Q of one controller of all agents, (S, A_1, …, A_n)
    `policy`       π_i, one array (S, A_i) per agent
    `temperature`  α > 0

    Returns (S,).
    """
    joint = boltzmann(flat(q), temperature)
    return igi_gap(namespace(joint).reshape(joint, q.shape), policy)


@alike
def greedy_policy(individual_q: Sequence[Any]) -> tuple[Any, ...]:
    """π_i(a|s) = 1[a = argmax_b Q_i(s, b)], ties to the lowest index: greedy execution   (soft-qmix §4.1, §4.3).

    `individual_q`  Q_i, one array (S, A_i) per agent

    Returns one array (S, A_i) per agent. Raises `Undecided` for balls that leave open which action is the maximiser.
    """
    return tuple(greedy_response(own, (own,), 0) for own in individual_q)


def _both(x: Any, y: Any) -> Any:
    return x & y


def _joint(parts: Sequence[Any], combine: Callable[[Any, Any], Any]) -> Any:
    """Parts (S, A_i) combined over the agents for each joint action, (S, A) in C order."""
    return reduce(partial(_pairs, combine), parts)


def _pairs(combine: Callable[[Any, Any], Any], x: Any, y: Any) -> Any:
    return flat(combine(x[:, :, None], y[:, None, :]))

"""The individual-global conditions: how far a joint value or policy is from being decided by the agents one by one.

    argmax_a Q_tot(s, a) = argmax Q_1(s, ·) × … × argmax Q_n(s, ·)                                          (1)
    π(a|s)   = Π_i π_i(a_i|s)                                                                                (2)
    π*(a|s)  = Π_i π_i*(a_i|s),  π* = softmax(Q*/α) over joint actions                                       (17)

(1) is IGM, (2) IGI (soft-qmix Definitions 3.1 and 3.2), (17) IGO (soft-qmix Definition B.2; FOP's condition). Where
maximisers are not unique, (1) has two readings: each combination of individual maximisers maximises Q_tot
(`igm_gap`), or both sides are the same set (`igm_set_gap`). Each gap is a number ≥ 0 per state, shape (S,), that is
zero exactly where the condition holds for the given pair. Monotone mixing implies the first reading; the second it
does not: with one agent, Q_1 = (0, 1) and Mixer = 0 all actions maximise Q_tot.
"""

from collections.abc import Sequence
from typing import Any

from mathrl.operators.divergence import along
from mathrl.operators.response import best_response
from mathrl.softmax import boltzmann

__all__ = ["greedy_policy", "igi_gap", "igm_gap", "igm_set_gap", "igo_gap"]


def igm_gap(q_tot: Any, individual_q: Sequence[Any]) -> Any:
    """max Q_tot − the least Q_tot that agents reach who each maximise their Q_i   (soft-qmix Definition 3.1, Eq. 1).

    Zero exactly where every combination of individual maximisers maximises Q_tot, however they break their ties.
    """
    xp = q_tot.__array_namespace__()
    q_sa = xp.reshape(q_tot, (q_tot.shape[0], -1))
    chosen = xp.where(_shortfall(individual_q) == 0, q_sa, xp.inf)
    return xp.max(q_sa, axis=-1) - xp.min(chosen, axis=-1)  # (1)


def igm_set_gap(q_tot: Any, individual_q: Sequence[Any]) -> Any:
    """`igm_gap`, or how far a maximiser of Q_tot is from all Q_i being maximal, the larger   (soft-qmix Eq. 1).

    The latter is the largest max Q_i − Q_i(a_i) over agents and maximisers a of Q_tot. Zero exactly where the two
    sets of (1) are equal.
    """
    xp = q_tot.__array_namespace__()
    q_sa = xp.reshape(q_tot, (q_tot.shape[0], -1))
    maximal = q_sa == xp.max(q_sa, axis=-1, keepdims=True)
    missed = xp.max(xp.where(maximal, _shortfall(individual_q), 0.0), axis=-1)
    return xp.maximum(igm_gap(q_tot, individual_q), missed)  # (1)


def igi_gap(joint_policy: Any, policy: Sequence[Any]) -> Any:
    """max_a |π(a|s) − Π_i π_i(a_i|s)| of a joint and individual policies   (soft-qmix Definition 3.2, Eq. 2).

    If any individual policies satisfy (2), the marginals of π do, so that these tell whether there are some.
    """
    xp = joint_policy.__array_namespace__()
    product = xp.ones_like(joint_policy)
    for agent, pi_sa in enumerate(policy):
        product = product * along(pi_sa, agent, len(policy))
    off = xp.reshape(xp.abs(joint_policy - product), (joint_policy.shape[0], -1))
    return xp.max(off, axis=-1)  # (2)


def igo_gap(q: Any, policy: Sequence[Any], *, temperature: float) -> Any:
    """`igi_gap` of the optimal joint policy softmax(Q*/α) and individual ones   (soft-qmix Definition B.2, Eq. 17).

    q is the soft optimal Q* of a controller of all agents. Some policies satisfy (17) exactly where Q* is a sum of
    functions of one action.
    """
    xp = q.__array_namespace__()
    joint = boltzmann(xp.reshape(q, (q.shape[0], -1)), temperature)
    return igi_gap(xp.reshape(joint, q.shape), policy)  # (17)


def greedy_policy(individual_q: Sequence[Any]) -> tuple[Any, ...]:
    """Each agent plays the first maximiser of its own Q_i, (S, A_i) each: greedy execution   (soft-qmix §4.1, §4.3)."""
    return tuple(best_response(own, (own,), 0) for own in individual_q)


def _shortfall(individual_q: Sequence[Any]) -> Any:
    """max_i (max Q_i − Q_i(a_i)) of each joint action, shape (S, A)."""
    xp = individual_q[0].__array_namespace__()
    worst = None
    for own in individual_q:
        missed = xp.max(own, axis=-1, keepdims=True) - own
        pairs = missed[:, None, :] if worst is None else xp.maximum(worst[:, :, None], missed[:, None, :])
        worst = xp.reshape(pairs, (own.shape[0], -1))
    return worst

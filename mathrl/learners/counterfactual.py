"""The steps of COMA and of its divergence-regularised form: policies, the targets of the critic, and gradients.

The columns of arrays `…_sa` and the numbers of joint actions are those of `mathrl.learners.episodes`, the equations
those of `mathrl.learners.coma` and `mathrl.learners.dmac`.
"""

import math
from typing import Any, NamedTuple

from mathrl.base.checks import FloatArray
from mathrl.base.compile import inner
from mathrl.learners.episodes import Played
from mathrl.learners.pieces import IntArray
from mathrl.learners.schedule import scheduled

__all__ = ["Numbers", "add_gradient", "critic_targets", "log_policy_row", "numbers_of"]


class Numbers(NamedTuple):
    """The settings of a run as its kernel takes them; modules coma and dmac explain them."""

    temperature: float
    averaging: float
    actor_step: float
    critic_step: float
    trace: float
    bootstrap: bool
    exploration: FloatArray
    every: int
    batch: int
    fresh: bool


def numbers_of(settings: Any, **further: Any) -> Numbers:
    """The numbers of a `Coma`; `further` are those that DMAC has besides, without which it is COMA."""
    batch = int(settings.batch)
    own = {"temperature": 0.0, "every": batch, "fresh": False} | further
    return Numbers(
        averaging=float(settings.averaging),
        actor_step=float(settings.actor_step),
        critic_step=float(settings.critic_step),
        trace=float(settings.trace),
        bootstrap=bool(settings.bootstrap),
        exploration=scheduled("exploration", settings.exploration).numbers,
        batch=batch,
        **own,
    )


@inner
def log_policy_row(
    theta_a: FloatArray, first_a: IntArray, exploration: float, out_pi: FloatArray, out_log: FloatArray
) -> None:
    """π^i(a) = (1 − ε) exp(θ_a)/Σ_b exp(θ_b) + ε/|A_i| and log π^i(a) of all agents in one state."""
    for i in range(len(first_a) - 1):
        begin, end = first_a[i], first_a[i + 1]
        largest = theta_a[begin]
        for a in range(begin + 1, end):
            largest = max(largest, theta_a[a])
        total = 0.0
        for a in range(begin, end):
            out_pi[a] = math.exp(theta_a[a] - largest)
            total += out_pi[a]
        shift = largest + math.log(total)
        for a in range(begin, end):
            if exploration > 0.0:
                out_pi[a] = (1.0 - exploration) * out_pi[a] / total + exploration / (end - begin)
                out_log[a] = math.log(out_pi[a])
            else:
                out_pi[a] /= total
                out_log[a] = theta_a[a] - shift


@inner
def log_ratio(log_pi_a: FloatArray, log_rho_a: FloatArray, joint: int, first_a: IntArray, stride_i: IntArray) -> float:
    """log π(a|s) − log ρ(a|s) of a joint action, summed over the agents."""
    total = 0.0
    for i in range(len(first_a) - 1):
        a = first_a[i] + joint // stride_i[i] % (first_a[i + 1] - first_a[i])
        total += log_pi_a[a] - log_rho_a[a]
    return total


@inner
def critic_targets(
    states: IntArray,
    actions: IntArray,
    length: int,
    game: Played,
    numbers: Numbers,
    target_q_sa: FloatArray,
    log_pi_sa: FloatArray,
    log_rho_sa: FloatArray,
    out_t: FloatArray,
) -> None:
    """The targets y_t of the critic, for t = length − 1 … 0."""
    following = 0.0
    for t in range(length - 1, -1, -1):
        s, a, u, b = states[t], actions[t], states[t + 1], actions[t + 1]
        last = t == length - 1
        if game.terminal[u] or (last and not numbers.bootstrap):
            following = 0.0
        else:
            q = target_q_sa[u, b]
            following = q if last else (1.0 - numbers.trace) * q + numbers.trace * following
            if numbers.temperature > 0.0:
                ratio = log_ratio(log_pi_sa[u], log_rho_sa[u], b, game.first_a, game.stride_i)
                following -= numbers.temperature * ratio
        following = game.rewards_sa[s, a] + game.discount * following
        out_t[t] = following


@inner
def add_gradient(
    pi_a: FloatArray,
    log_pi_a: FloatArray,
    log_rho_a: FloatArray,
    q_a: FloatArray,
    joint: int,
    first_a: IntArray,
    stride_i: IntArray,
    temperature: float,
    exploration: float,
    weight: float,
    out_gradient: FloatArray,
) -> None:
    """Add weight · A^i(s, a) ∇ log π^i(a_i|s) of all agents, the advantage's, to the gradient of one state."""
    for i in range(len(first_a) - 1):
        begin, end = first_a[i], first_a[i + 1]
        own = joint // stride_i[i] % (end - begin)
        others = joint - own * stride_i[i]
        baseline = 0.0
        for a in range(begin, end):
            value = q_a[others + (a - begin) * stride_i[i]]
            if temperature > 0.0:
                value -= temperature * (log_pi_a[a] - log_rho_a[a])
            baseline += pi_a[a] * value
        advantage = q_a[joint] - baseline
        if temperature > 0.0:
            advantage -= temperature * (log_pi_a[begin + own] - log_rho_a[begin + own])
        advantage *= weight
        if exploration > 0.0:  # ∂ log π(a)/∂θ_b = σ_a (1[a = b] − σ_b) (1 − ε)/π(a), with σ the soft-max
            chosen = (pi_a[begin + own] - exploration / (end - begin)) / pi_a[begin + own]
            for a in range(begin, end):
                soft = (pi_a[a] - exploration / (end - begin)) / (1.0 - exploration)
                out_gradient[a] -= advantage * chosen * soft
            out_gradient[begin + own] += advantage * chosen
        else:
            for a in range(begin, end):
                out_gradient[a] -= advantage * pi_a[a]
            out_gradient[begin + own] += advantage

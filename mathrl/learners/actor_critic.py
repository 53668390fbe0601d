"""COMA and its divergence-regularised form, compiled: the steps that both take, and the kernel of one run.

Agent i's parameters in state s are columns first_a[i] … first_a[i + 1] − 1 of row s of an array `…_sa`; a joint action
is one number, in C order, and `stride_i[i]` is what agent i's action counts for in it. An episode holds the states
s_0 … s_L and the joint actions a_0 … a_L, the last of which is drawn and not played; L is less than its most where
s_L is terminal. The numbers of equations are those of `mathrl.learners.coma` and `mathrl.learners.dmac`.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from mathrl.base.checks import FloatArray, fail, room
from mathrl.base.compile import inner, kernel, part
from mathrl.games.given import Booleans
from mathrl.games.model import Game, check_game
from mathrl.games.simulation import transition_rows
from mathrl.learners.learner import Runs
from mathrl.learners.learning import Learning
from mathrl.learners.pieces import IntArray, draw
from mathrl.learners.schedule import at, scheduled

__all__ = ["Numbers", "Played", "learn", "played", "runs_of", "settings_of"]


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


class Played(NamedTuple):
    """A game as the kernel takes it."""

    start: FloatArray
    terminal: Booleans
    data: FloatArray
    indices: IntArray
    indptr: IntArray
    rewards_sa: FloatArray
    first_a: IntArray
    stride_i: IntArray
    discount: float


def played(game: Game) -> Played:
    """A game with a common payoff in which all actions are available, as `Played`; `ValueError` for others."""
    check_game(game)
    if not game.common_payoff:
        fail("game", "is general-sum", "a common payoff", "one critic serves all agents")
    if game.masks is not None:
        fail("game", "has actions that are not available", "a game in which all are", "these learners know no masks")
    sizes = np.array(game.num_actions)
    rewards: Any = game.rewards
    return Played(
        np.ascontiguousarray(game.start),
        np.ascontiguousarray(game.terminal),
        *transition_rows(game),
        np.ascontiguousarray(rewards.reshape(game.num_states, -1)),
        np.concatenate([[0], np.cumsum(sizes)]),
        np.array([sizes[i + 1 :].prod() for i in range(len(sizes))], dtype=np.int64),
        game.discount,
    )


def settings_of(settings: Any, **further: Any) -> Numbers:
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


def runs_of(learner: str, game: Game, settings: Any, numbers: Numbers, capacity: int, runs: Runs) -> Learning:
    """A run of `learn` for each seed, from uniform policies, with `capacity` stored episodes."""
    table, which, recorded = played(game), runs.numbers, runs.times
    shape = (len(which), len(recorded), game.num_states, sum(game.num_actions))
    room("record", *shape)
    policies, coverage = np.empty(shape), np.empty(shape[:2])
    rewards = np.empty((shape[0], shape[1] - 1))
    for j, k in enumerate(which):
        stored = np.zeros((capacity, settings.horizon + 1), dtype=np.int64)
        learn(
            runs.generator(k), table, numbers, recorded, np.zeros(shape[2:]), stored,
            np.zeros_like(stored), policies[j], rewards[j], coverage[j],
        )  # fmt: skip
    of_agents = tuple(np.ascontiguousarray(own) for own in np.split(policies, table.first_a[1:-1], axis=-1))
    each = np.repeat(rewards[..., None], game.num_agents, axis=-1)
    return Learning(learner, settings, which, recorded, of_agents, each, coverage=coverage)


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


@part
def draw_joint(rng: np.random.Generator, pi_a: FloatArray, first_a: IntArray) -> int:
    """Draw a joint action, each agent's own from its policy."""
    joint = 0
    for i in range(len(first_a) - 1):
        size = first_a[i + 1] - first_a[i]
        joint = joint * size + draw(rng, pi_a[first_a[i] : first_a[i + 1]], size)
    return joint


@inner
def log_ratio(log_pi_a: FloatArray, log_rho_a: FloatArray, joint: int, first_a: IntArray, stride_i: IntArray) -> float:
    """log π(a|s) − log ρ(a|s) of a joint action, summed over the agents."""
    total = 0.0
    for i in range(len(first_a) - 1):
        a = first_a[i] + joint // stride_i[i] % (first_a[i + 1] - first_a[i])
        total += log_pi_a[a] - log_rho_a[a]
    return total


@part
def episode(
    rng: np.random.Generator,
    game: Played,
    pi_sa: FloatArray,
    out_states: IntArray,
    out_actions: IntArray,
    seen_sa: Booleans,
) -> tuple[int, float]:
    """Play one episode; mark the pairs that it visits; return its length and its sum of rewards."""
    num_joint = game.rewards_sa.shape[1]
    s = draw(rng, game.start, len(game.start))
    total = 0.0
    length = len(out_actions) - 1
    for t in range(len(out_actions) - 1):
        out_states[t] = s
        if game.terminal[s]:
            length = t
            break
        a = draw_joint(rng, pi_sa[s], game.first_a)
        out_actions[t] = a
        total += game.rewards_sa[s, a]
        seen_sa[s, a] = True
        begin, end = game.indptr[s * num_joint + a], game.indptr[s * num_joint + a + 1]
        entry = draw(rng, game.data[begin:end], end - begin)
        s = game.indices[begin + entry] if len(game.indices) > 0 else entry
    out_states[length] = s
    if not game.terminal[s]:
        out_actions[length] = draw_joint(rng, pi_sa[s], game.first_a)
    return length, total


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


@kernel
def learn(
    rng: np.random.Generator,
    game: Played,
    numbers: Numbers,
    recorded: IntArray,
    theta_sa: FloatArray,
    stored_states: IntArray,
    stored_actions: IntArray,
    out_policies: FloatArray,
    out_rewards: FloatArray,
    out_coverage: FloatArray,
) -> None:
    """Learn from `theta_sa` until episode `recorded[-1]`, and write down what there is at each of `recorded`.

    `stored_states` and `stored_actions` are a ring that keeps the last episodes; what they hold is written over.
    """
    first_a, stride_i, temperature = game.first_a, game.stride_i, numbers.temperature
    num_states, num_joint = game.rewards_sa.shape
    num_columns = theta_sa.shape[1]
    capacity, width = stored_actions.shape
    lengths, y_t = np.zeros(capacity, dtype=np.int64), np.empty(width)
    q_sa, target_q_sa = np.zeros((num_states, num_joint)), np.zeros((num_states, num_joint))
    seen_sa = np.zeros((num_states, num_joint), dtype=np.bool_)
    pi_sa, log_pi_sa = np.empty_like(theta_sa), np.empty_like(theta_sa)
    target_theta_sa, log_rho_sa = theta_sa.copy(), np.empty_like(theta_sa)
    chosen = np.empty(numbers.batch, dtype=np.int64)
    gradient_sa, ignored_a = np.zeros_like(theta_sa), np.empty(num_columns)
    exploration = at(numbers.exploration, 0.0)
    playable = num_joint * (num_states - game.terminal.sum())
    m, total, steps = 0, 0.0, 0
    for s in range(num_states):
        log_policy_row(theta_sa[s], first_a, exploration, pi_sa[s], log_pi_sa[s])
        log_policy_row(target_theta_sa[s], first_a, exploration, ignored_a, log_rho_sa[s])
    for e in range(recorded[-1] + 1):
        if e == recorded[m]:
            for s in range(num_states):
                log_policy_row(theta_sa[s], first_a, 0.0, out_policies[m, s], ignored_a)
            out_coverage[m] = seen_sa.sum() / playable
            if m > 0:
                out_rewards[m - 1] = total / max(steps, 1)
            m, total, steps = m + 1, 0.0, 0
            if e == recorded[-1]:
                break
        k = e % capacity
        lengths[k], sum_of_rewards = episode(rng, game, pi_sa, stored_states[k], stored_actions[k], seen_sa)
        total, steps = total + sum_of_rewards, steps + lengths[k]
        if (e + 1) % numbers.every > 0:
            continue
        held = min(e + 1, capacity)
        used = min(numbers.batch, held)
        for j in range(used):
            chosen[j] = min(int(rng.random() * held), held - 1) if numbers.fresh else (e - j) % capacity
        for k in chosen[:used]:
            critic_targets(
                stored_states[k], stored_actions[k], lengths[k], game, numbers, target_q_sa, log_pi_sa, log_rho_sa, y_t
            )
            for t in range(lengths[k]):
                s, a = stored_states[k, t], stored_actions[k, t]
                q_sa[s, a] += numbers.critic_step / used * (y_t[t] - q_sa[s, a])
        for k in chosen[:used]:
            for t in range(lengths[k]):
                s = stored_states[k, t]
                a = draw_joint(rng, pi_sa[s], first_a) if numbers.fresh else stored_actions[k, t]
                add_gradient(
                    pi_sa[s], log_pi_sa[s], log_rho_sa[s], q_sa[s], a, first_a, stride_i, temperature,
                    exploration, numbers.actor_step / used, gradient_sa[s],
                )  # fmt: skip
        exploration = at(numbers.exploration, e + 1.0)
        for s in range(num_states):
            for a in range(num_columns):
                theta_sa[s, a] += gradient_sa[s, a]
                gradient_sa[s, a] = 0.0
                target_theta_sa[s, a] += numbers.averaging * (theta_sa[s, a] - target_theta_sa[s, a])
            log_policy_row(theta_sa[s], first_a, exploration, pi_sa[s], log_pi_sa[s])
            if temperature > 0.0:
                log_policy_row(target_theta_sa[s], first_a, exploration, ignored_a, log_rho_sa[s])
            for a in range(num_joint):
                target_q_sa[s, a] += numbers.averaging * (q_sa[s, a] - target_q_sa[s, a])

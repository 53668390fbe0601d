"""COMA and its divergence-regularised form, compiled: the kernel of one run, and the runs of several seeds."""

from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray, room
from mathrl.base.compile import kernel
from mathrl.games import Game
from mathrl.learners.counterfactual import Numbers, add_gradient, critic_targets, log_policy_row
from mathrl.learners.episodes import Played, draw_joint, episode, played
from mathrl.learners.learner import Runs
from mathrl.learners.learning import Learning
from mathrl.learners.pieces import IntArray
from mathrl.learners.schedule import at

__all__ = ["learn", "runs_of"]


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

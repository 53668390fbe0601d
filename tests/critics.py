"""Critics whose backups may be wrong, in loops that know nothing of how `mathrl.oracle` explains them."""

import copy
import dataclasses

import numpy as np
import pytest

from mathrl.games import joint_policy, to_dense, uniform_policy

__all__ = ["Critic", "said"]


class Critic:
    """A critic whose backups may be wrong, in loops over dense arrays.

    Where nothing counts, at unavailable actions and in terminal states, its Q is 0, and so are rewards, transitions,
    probabilities and entropies; `counts` (S, A) says where something does.
    """

    def __init__(self, game, policy, temperature, entropy):
        game = to_dense(game)
        self.game, self.temperature, self.entropy = game, temperature, entropy
        there = joint_policy(uniform_policy(game)) > 0
        self.counts = there.reshape(game.num_states, -1) & ~game.terminal[:, None]
        self.w_sa = np.where(self.counts, joint_policy(policy).reshape(game.num_states, -1), 0.0)
        P = game.dense_xt.reshape(game.num_states, -1, game.num_states)
        self.P = np.where(self.counts[..., None], P, 0.0)
        self.r = game.rewards_isa if not game.common_payoff or entropy == "own" else game.rewards_isa[0]
        self.r = np.where(self.counts, self.r, 0.0)
        if game.common_payoff and entropy == "own":
            self.r = np.repeat(self.r, game.num_agents, axis=0)
        self.own, self.bonus = self.entropies(policy), self.bonus_of(policy)

    def entropies(self, policy):
        """α H(π^i), (n, S)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            own = [-np.nansum(rows * np.log(rows), axis=1) for rows in policy]
        return self.temperature * np.where(self.game.terminal, 0.0, np.array(own))

    def bonus_of(self, policy):
        """What the entropy of a policy adds to V, (S,) or (n, S)."""
        own = self.entropies(policy)
        return {"team": own.sum(axis=0), "own": own, "none": 0 * own[0]}[self.entropy]

    def expected(self, q):
        return np.einsum("...sa,sa->...s", q, self.w_sa)

    def soft(self, q):
        """E_π[Q] + bonus, (…, S)."""
        return self.expected(q) + self.bonus

    def ahead(self, v):
        return np.einsum("sat,...t->...sa", self.P, v)

    def shaped(self, q):
        return q.reshape(*q.shape[:-1], *self.game.num_actions)

    def q(self, bonus=None, rewards=1.0, entropy_discount=None):
        """The fixed point of Q = rewards · r + P (γ E_π Q + entropy_discount · bonus)."""
        γ, bonus = self.game.discount, self.bonus if bonus is None else bonus
        discounted = self.ahead((γ if entropy_discount is None else entropy_discount) * bonus)
        q = np.zeros(np.broadcast_shapes(self.r.shape, discounted.shape))
        for _ in range(1 if γ == 0 else int(np.ceil(np.log(1e-14) / np.log(γ)))):
            q = rewards * self.r + γ * self.ahead(self.expected(q)) + discounted
        return self.shaped(q)

    def v(self, bonus=None, **more):
        """E_π Q + bonus."""
        q = self.q(bonus, **more)
        return self.expected(q.reshape(*q.shape[: -len(self.game.num_actions)], -1)) + (
            self.bonus if bonus is None else bonus
        )

    def target(self, q, steps, weight=lambda t: 1.0, rewards=1.0, end=None, bonus=None):
        """E[Σ_{t<n} γ^t (r_t + weight(t) bonus_t) + end · (q + weight(n) bonus_n)]; the bonus of step 0 is no part."""
        γ, bonus = self.game.discount, self.bonus if bonus is None else bonus
        q = q.reshape(*q.shape[: q.ndim - self.game.num_agents], -1)
        v = (γ if end is None else end / γ ** (steps - 1)) * (self.expected(q) + weight(steps) * bonus)
        for t in range(steps - 1, 0, -1):
            v = γ * (self.expected(rewards * self.r + self.ahead(v)) + weight(t) * bonus)
        return self.shaped(rewards * self.r + self.ahead(v))

    def target_at(self, discount, q):
        """The 3-step target with another discount."""
        other = copy.copy(self)
        other.game = dataclasses.replace(self.game, discount=discount)
        return other.target(q, 3)

    def backup(self, v):
        """R + γ P v, (…, S, A)."""
        return self.r + self.game.discount * self.ahead(v)

    def plus_present(self, q):
        return q + self.bonus.reshape(*self.bonus.shape, *[1] * self.game.num_agents)


def said(assertion, *arguments, **named):
    """The message of the assertion."""
    with pytest.raises(AssertionError) as caught:
        assertion(*arguments, **named)
    return str(caught.value)

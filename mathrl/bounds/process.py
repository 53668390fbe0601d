"""Dynamics and the policies that are executed in them: the Markov chain that AORPO compares with another one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray, fail, instance
from mathrl.games.model import Game, check_agent, check_game
from mathrl.games.policies import Policy
from mathrl.games.profile import Profile
from mathrl.values.linear_system import Resolvent, resolvent
from mathrl.values.policy_values import policy_transitions

__all__ = ["Process", "check_alike", "check_discount", "check_process", "mean"]


@dataclass(frozen=True, eq=False)
class Process:
    """A game's dynamics and the product policy that is played in them: a Markov chain on the states.

    `game`    whose transitions, discount and start are taken
    `policy`  π, (S, A_i) per agent
    """

    game: Game
    policy: Policy

    def __post_init__(self) -> None:
        check_game(self.game)
        check_discount(self.game)
        instance("policy", self.policy, Sequence, "a tuple of arrays (S, A_i), one per agent")

    @cached_property
    def joint(self) -> FloatArray:
        """The probabilities π(a|s) of joint actions in C order, (S, A)."""
        return Profile.of(self.policy).joint_sa

    @cached_property
    def chain(self) -> Any:
        """The Markov chain P_π(t|s), (S, S): dense, or CSR as the game's transitions are."""
        return policy_transitions(self.game, self.joint)

    @cached_property
    def _backwards(self) -> Any:
        """The transpose of a sparse chain, which scipy would make anew for each law."""
        return self.chain.T

    @cached_property
    def visits(self) -> FloatArray:
        """The discounted visits of each state, Σ_t γ^t p_t = start (I − γ P_π)^{-1}, (S,), where p_t is the law of s_t.

        1 − γ times this is the occupancy.
        """
        P_ts = self.chain.T.tocsr() if self.game.sparse else np.ascontiguousarray(self.chain.T)
        visits = resolvent(P_ts, self.game.discount)(self.game.start)
        return np.maximum(visits, 0)  # rounding may leave states that are never reached just below 0

    @cached_property
    def discounted(self) -> Resolvent:
        """The function b ↦ Σ_t γ^t P_π^t b = (I − γ P_π)^{-1} b, for b (S,)."""
        return resolvent(self.chain, self.game.discount)

    def rewards(self, agent: int) -> FloatArray:
        """Return the expected reward E_{a~π}[r^i(s, a)] of agent i = `agent`, (S,)."""
        agent = check_agent(self.game, agent)
        return self.expected(self.game.rewards_isa[0 if self.game.common_payoff else agent])

    def expected(self, of_sa: FloatArray) -> FloatArray:
        """Return E_{a~π}[f(s, a)], (S,), where f is `of_sa`, (S, A) with joint actions in C order."""
        return np.asarray(np.einsum("sa,sa->s", self.joint, of_sa))

    def after(self, law_s: FloatArray) -> FloatArray:
        """Return the law of the next state, where that of the state is `law_s`: (S,), or several, (…, S)."""
        if self.game.sparse:
            return np.asarray(self._backwards @ law_s if law_s.ndim == 1 else law_s @ self.chain)
        return np.asarray(np.einsum("...s,st->...t", law_s, self.chain))  # not BLAS, whose sums depend on the threads

    def expected_next(self, of_t: FloatArray) -> FloatArray:
        """Return E[f(s_{t+1}) | s_t = s], (S, …), where f is `of_t`, (S, …)."""
        if self.game.sparse:
            return np.asarray(self.chain @ of_t)
        return np.asarray(np.einsum("st,t...->s...", self.chain, of_t))

    def laws(self) -> Iterator[FloatArray]:
        """Yield the laws of s_0, s_1, …, each (S,), from the game's start on, without end."""
        law_s = self.game.start
        while True:
            yield law_s
            law_s = self.after(law_s)


def check_discount(game: Game) -> None:
    """Raise `ValueError` unless the discount is below 1. An ended state then is one that absorbs and pays 0."""
    if game.discount == 1:
        fail("game", "has discount 1", "one below 1", "aorpo's bounds are of sums that 1 − γ normalises")


def check_process(argument: str, process: Any, like: Process | None = None) -> None:
    """Raise `ValueError` unless `process` is a `Process`, with as many states and actions as `like`."""
    found = instance(argument, process, Process, "a mathrl.bounds.Process").game
    if like is not None:
        check_alike(argument, found, like.game)


def check_alike(argument: str, game: Game, like: Game) -> None:
    """Raise `ValueError` unless both games have as many states and actions."""
    if (game.num_states, game.num_actions) != (like.num_states, like.num_actions):
        fail(argument, f"has the states and actions of {game!r}", f"those of {like!r}")


def mean(law_s: FloatArray, of_s: FloatArray) -> float:
    """Σ_s p(s) f(s): the expectation of f (S,), where `law_s` sums to 1."""
    return float(np.einsum("s,s->", law_s, of_s))

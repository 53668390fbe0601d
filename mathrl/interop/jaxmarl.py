"""Environments of JaxMARL: explored by their pure `step_env`, exactly where it draws nothing from its key."""

import itertools
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NoReturn, overload

import numpy as np

from mathrl.base.checks import count, fail, flag, unwrapped
from mathrl.base.extras import need
from mathrl.base.text import shown
from mathrl.games.given import Booleans
from mathrl.games.model import Game
from mathrl.interop.exploring import REHEARSALS, Environment, Outcome, Step, counted, explore, frozen
from mathrl.interop.names import different
from mathrl.interop.sampled import SampledGame, sampled

__all__ = ["from_jaxmarl"]

LEAST_RESETS = 100
"""A start is estimated from this many keys, or more."""


@overload
def from_jaxmarl(
    env: Any,
    *,
    discount: float,
    start: Any = None,
    state: Callable[[Any], Any] | None = None,
    full_view: bool = False,
    samples: None = None,
    seed: int = 0,
    max_states: int = 100_000,
    rehearsals: int = REHEARSALS,
) -> Game: ...


@overload
def from_jaxmarl(
    env: Any,
    *,
    discount: float,
    start: Any = None,
    state: Callable[[Any], Any] | None = None,
    full_view: bool = False,
    samples: int,
    seed: int = 0,
    max_states: int = 100_000,
    rehearsals: int = REHEARSALS,
) -> SampledGame: ...


def from_jaxmarl(
    env: Any,
    *,
    discount: float,
    start: Any = None,
    state: Callable[[Any], Any] | None = None,
    full_view: bool = False,
    samples: int | None = None,
    seed: int = 0,
    max_states: int = 100_000,
    rehearsals: int = REHEARSALS,
) -> Game | SampledGame:
    """Make a game of an environment of JaxMARL, by trying every joint action in each state.

    `env`         a `MultiAgentEnv` whose actions are discrete; only `reset`, `step_env`, `get_obs` and
                  `get_avail_actions` are called
    `discount`    γ, in [0, 1); 1 is allowed where every episode ends, whatever is played
    `start`       the state in which play starts; by default that of `reset`
    `state`       a function of a state of the environment that returns what tells states apart: numbers, arrays, or
                  tuples, lists and dicts of these. By default it is all that the state holds, its clock too
    `full_view`   true: the game is that in which each agent sees the state. Without it an environment is refused in
                  which an agent observes the same in two states
    `samples`     None: all must be exact. A number ≥ 2: where `step_env` or `reset` draw from their keys, each is tried
                  with that many keys, `reset` with at least 100
    `seed`        of the keys
    `max_states`, `rehearsals`
                  refuse a game in which more states can be reached; how many random episodes compare the environment
                  with the game step by step at the end

    Whether a key is drawn from is decided on the program that JAX makes of the function: where no state, reward or end
    depends on the key, all is exact. An episode ends where `dones["__all__"]` is true, also where only the clock says
    so. Rewards are of single precision, unless JAX was told otherwise. Agents are called as in the environment.

    Returns a `Game`; with `samples` a `SampledGame`, which has intervals, and a warning `SampledNumbers` where anything
    was estimated. Raises `ValueError` where keys are drawn from and `samples` is None, where two steps from what the
    game takes as one state differ, and where jax is not installed.
    """
    need("from_jaxmarl", "jaxmarl")
    adapter = _Adapter(*_checked(env), state, samples, count("seed", seed))
    if samples is not None:
        count("samples", samples, 2)
    first, starts = adapter.start(start)
    environment = Environment(
        first,
        tuple(adapter.sizes),
        adapter.name,
        adapter.available,
        adapter.step,
        views=None if flag("full_view", full_view) else adapter.views,
        advice="leave out state, or give one that returns all that matters",
    )
    found = explore(
        environment,
        discount=discount,
        max_states=max_states,
        rehearsals=rehearsals,
        names=lambda: {"agent_names": different(adapter.agents), "title": _title(env)},
    )
    return found.game if samples is None else sampled(found, samples, starts)


def _checked(env: Any) -> tuple[Any, list[Any], list[int]]:
    """The environment, its agents, and the number of each one's actions."""
    if not all(hasattr(env, part) for part in ("agents", "step_env", "reset", "action_space")):
        fail("env", f"is of type {type(env).__name__}", "a jaxmarl MultiAgentEnv")
    sizes = []
    for agent in env.agents:
        space = env.action_space(agent)
        size = unwrapped(getattr(space, "n", None))
        if not isinstance(size, (int, np.integer)):
            fail(f"the actions of {shown(agent)}", f"are {shown(space)}", "a Discrete space")
        sizes.append(int(size))
    return env, list(env.agents), sizes


@dataclass
class _Adapter:
    """An environment as `explore` takes it; a snapshot is a state of JaxMARL."""

    env: Any
    agents: list[Any]
    sizes: list[int]
    state: Callable[[Any], Any] | None
    samples: int | None
    seed: int
    calls: Iterator[int] = field(default_factory=itertools.count)
    masked: bool = True
    drawing: bool | None = None
    """Whether a step draws from its key; None before the first one."""

    def name(self, snapshot: Any) -> Hashable:
        import jax

        return frozen(jax.tree.leaves(snapshot) if self.state is None else self.state(snapshot))

    def views(self, snapshot: Any) -> list[Hashable]:
        import jax

        observations = self.env.get_obs(snapshot)
        return [frozen(jax.tree.leaves(observations[agent])) for agent in self.agents]

    def available(self, snapshot: Any) -> list[Booleans]:
        masks = [np.ones(size, dtype=bool) for size in self.sizes]
        if self.masked and hasattr(self.env, "get_avail_actions"):
            try:
                given = self.env.get_avail_actions(snapshot)
                masks = [np.asarray(given[agent]).astype(bool).ravel() for agent in self.agents]
            except NotImplementedError:
                self.masked = False
        return masks

    def _actions(self, joint: tuple[int, ...]) -> dict[Any, Any]:
        import jax.numpy as jnp

        return {agent: jnp.asarray(action, dtype=jnp.int32) for agent, action in zip(self.agents, joint, strict=True)}

    def _advance(self, key: Any, snapshot: Any, actions: Any) -> tuple[Any, Any, Any]:
        """The next state, the rewards, and whether the episode has ended."""
        _, following, rewards, dones, _ = self.env.step_env(key, snapshot, actions)
        return following, [rewards[agent] for agent in self.agents], dones["__all__"]

    @cached_property
    def _one(self) -> Any:
        import jax

        return jax.jit(self._advance)

    @cached_property
    def _many(self) -> Any:
        import jax

        return jax.jit(jax.vmap(self._advance, in_axes=(0, None, None)))

    def _keys(self, number: int) -> Any:
        import jax

        return jax.random.split(jax.random.fold_in(jax.random.PRNGKey(self.seed), next(self.calls)), number)

    def step(self, snapshot: Any, joint: tuple[int, ...], once: bool) -> Step:
        import jax

        actions = self._actions(joint)
        if self.drawing is None:
            self.drawing = _depends_on_key(self._advance, snapshot, actions)
            if self.drawing and self.samples is None:
                _refuse_chance("step_env")
        if not self.drawing or once:
            following, rewards, ended = self._one(self._keys(1)[0], snapshot, actions)
            return Step([_outcome(1.0, following, rewards, ended)], int(self.drawing))
        draws = self.samples or 1
        following, rewards, ended = jax.device_get(self._many(self._keys(draws), snapshot, actions))
        leaves, form = jax.tree.flatten(following)
        outcomes = []
        for k in range(draws):
            own = jax.tree.unflatten(form, [leaf[k] for leaf in leaves])
            outcomes.append(_outcome(1 / draws, own, [paid[k] for paid in rewards], ended[k]))
        return Step(outcomes, draws)

    def start(self, given: Any) -> tuple[list[tuple[float, Any]], dict[Hashable, int] | None]:
        """The states in which play starts; where they are estimated, how often in each."""
        if given is not None:
            return [(1.0, given)], None
        drawing = _depends_on_key(lambda key: self.env.reset(key)[1])
        if drawing and self.samples is None:
            _refuse_chance("reset", ", or start, a state to start in")
        keys = self._keys(max(LEAST_RESETS, self.samples or 0) if drawing else 1)
        first, hits = counted((self.env.reset(key)[1] for key in keys), self.name)
        return first, hits if drawing else None


def _title(env: Any) -> str:
    """What the environment is called."""
    return str(getattr(env, "name", type(env).__name__))


def _outcome(probability: float, following: Any, rewards: Any, ended: Any) -> Outcome:
    return Outcome(probability, following, tuple(float(np.asarray(paid).item()) for paid in rewards), bool(ended))


def _refuse_chance(call: str, more: str = "") -> NoReturn:
    mend = f"give samples, the number of keys of which probabilities are estimated{more}"
    fail(f"env.{call}", "draws from its key", "an environment that is the same with each key", mend)


def _depends_on_key(function: Any, *arguments: Any) -> bool:
    """Whether anything that a function returns may depend on its first argument, a key."""
    import jax

    program = jax.make_jaxpr(function)(jax.random.PRNGKey(0), *arguments).jaxpr
    touched = [k == 0 for k in range(len(program.invars))]
    return any(_touched(program, touched))


def _touched(program: Any, touched: list[bool]) -> list[bool]:
    """Which outputs of a program depend on inputs that are marked, as far as its steps tell."""
    marked = {id(variable) for variable, own in zip(program.invars, touched, strict=True) if own}
    for step in program.eqns:
        into = [id(variable) in marked for variable in step.invars]
        if not any(into):
            continue
        inner = step.params.get("jaxpr") if step.primitive.name in ("pjit", "jit", "closed_call") else None
        inner = getattr(inner, "jaxpr", inner)
        fits = inner is not None and len(inner.invars) == len(into)
        out = _touched(inner, into) if fits else [True] * len(step.outvars)
        marked |= {id(variable) for variable, own in zip(step.outvars, out, strict=True) if own}
    return [id(variable) in marked for variable in program.outvars]

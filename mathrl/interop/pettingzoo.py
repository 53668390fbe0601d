"""Parallel environments of PettingZoo: explored from copies, exactly where they draw no random numbers."""

import itertools
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn, overload

import numpy as np

from mathrl.base.checks import count, fail, flag
from mathrl.base.text import shown
from mathrl.games.given import Booleans
from mathrl.games.model import Game
from mathrl.interop.chance import generators, kept_global, reseed, states
from mathrl.interop.copies import copied
from mathrl.interop.exploring import REHEARSALS, Environment, Outcome, Step, counted, explore, frozen
from mathrl.interop.names import different
from mathrl.interop.sampled import SampledGame, sampled

__all__ = ["from_pettingzoo"]

RESETS = 100
"""An environment is reset with this many seeds, or more, to see whether it always starts alike."""


@overload
def from_pettingzoo(
    env: Any,
    *,
    discount: float,
    state: Callable[[Any], Any] | None = None,
    save: Callable[[Any], Any] | None = None,
    restore: Callable[[Any, Any], Any] | None = None,
    reset: bool = True,
    full_view: bool = False,
    limit_ends: bool = False,
    samples: None = None,
    seed: int = 0,
    max_states: int = 100_000,
    rehearsals: int = REHEARSALS,
) -> Game: ...


@overload
def from_pettingzoo(
    env: Any,
    *,
    discount: float,
    state: Callable[[Any], Any] | None = None,
    save: Callable[[Any], Any] | None = None,
    restore: Callable[[Any, Any], Any] | None = None,
    reset: bool = True,
    full_view: bool = False,
    limit_ends: bool = False,
    samples: int,
    seed: int = 0,
    max_states: int = 100_000,
    rehearsals: int = REHEARSALS,
) -> SampledGame: ...


def from_pettingzoo(
    env: Any,
    *,
    discount: float,
    state: Callable[[Any], Any] | None = None,
    save: Callable[[Any], Any] | None = None,
    restore: Callable[[Any, Any], Any] | None = None,
    reset: bool = True,
    full_view: bool = False,
    limit_ends: bool = False,
    samples: int | None = None,
    seed: int = 0,
    max_states: int = 100_000,
    rehearsals: int = REHEARSALS,
) -> Game | SampledGame:
    """Make a game of a parallel environment, by trying every joint action on a copy of it in each state.

    `env`         a `pettingzoo.ParallelEnv` whose actions are `Discrete`
    `discount`    γ, in [0, 1); 1 is allowed where every episode ends, whatever is played
    `state`       a function of the environment (without wrappers) that returns what tells states apart: numbers, texts,
                  arrays, or tuples, lists and dicts of these. By default it is what all agents observe together
    `save`, `restore`
                  for an environment that cannot be copied, but whose state can be set: `save(env)` returns its state,
                  a value that no later step changes, and `restore(env, value)` sets it; both take the environment
                  without wrappers, and hold all that matters: who is left, too. `env` itself is then played, and is
                  left anywhere. By default copies are played, and `env` is left as it is
    `reset`       false: play starts where the environment stands; else where `reset` leaves it
    `full_view`   true: the game is that in which each agent sees the state. Without it an environment is refused in
                  which an agent observes the same in two states
    `limit_ends`  true: a time limit (`truncated`) ends an episode of the game; then the state should hold the time.
                  By default it only cuts play, and the game goes on
    `samples`     None: all must be exact. A number ≥ 2: where the environment draws random numbers, every joint action
                  is tried that many times; so is `reset`, but at least 100 times
    `seed`        of what is drawn
    `max_states`, `rehearsals`
                  refuse a game in which more states can be reached; how many random episodes compare the environment
                  with the game step by step at the end

    An agent that is gone has one action, 0, and earns 0. Masks are taken from `action_mask` in an agent's observation
    or info. Agents are called as in the environment; states are called as `state` says.

    Returns a `Game`; with `samples` a `SampledGame`, which has intervals, and a warning `SampledNumbers` where anything
    was estimated. Raises `ValueError` where random numbers are drawn and `samples` is None, where the environment
    cannot be copied, and where two steps from what the game takes as one state differ. Random numbers are noticed where
    NumPy's and Python's generators draw them, of the environment or global; others only where two tries differ.
    """
    if (save is None) != (restore is None):
        missing = "restore" if restore is None else "save"
        fail(missing, "is None", "a function, as save and restore belong together")
    setting = None if save is None or restore is None else (save, restore)
    adapter = _Adapter(*_checked(env), state, setting, flag("limit_ends", limit_ends), samples, count("seed", seed))
    if samples is not None:
        count("samples", samples, 2)
    start, starts = adapter.start(flag("reset", reset))
    environment = Environment(
        start,
        tuple(adapter.sizes),
        adapter.name,
        adapter.available,
        adapter.step,
        cut=lambda snapshot: bool(snapshot.cut),
        views=None if flag("full_view", full_view) else adapter.views,
        advice="give state, a function of the environment that returns all that matters",
    )
    found = explore(
        environment,
        discount=discount,
        max_states=max_states,
        rehearsals=rehearsals,
        names=lambda: {"agent_names": different(adapter.agents), "title": _title(env)},
    )
    return found.game if samples is None else sampled(found, samples, starts)


@dataclass(frozen=True)
class _Snapshot:
    """A copy of an environment, or its saved state; what its agents observe, who is left, and whether a limit cut."""

    stands: Any
    observations: dict[Any, Any]
    infos: dict[Any, Any]
    alive: tuple[Any, ...]
    cut: bool = False


@dataclass
class _Adapter:
    """An environment as `explore` takes it."""

    env: Any
    agents: list[Any]
    sizes: list[int]
    first: list[int]
    state: Callable[[Any], Any] | None
    setting: tuple[Callable[[Any], Any], Callable[[Any, Any], Any]] | None
    limit_ends: bool
    samples: int | None
    seed: int
    calls: Iterator[int] = field(default_factory=itertools.count)

    def standing(self, snapshot: _Snapshot) -> Any:
        """The environment as a snapshot has it, to look at."""
        if self.setting is None:
            return snapshot.stands
        self.setting[1](self.env.unwrapped, snapshot.stands)
        return self.env

    def played(self, stands: Any) -> Any:
        """An environment to play on from there, or from where it stands itself if that is `self.env`."""
        if self.setting is None:
            return copied(stands)
        if stands is not self.env:
            self.setting[1](self.env.unwrapped, stands)
        return self.env

    def kept(self, env: Any) -> Any:
        """What a snapshot keeps of an environment that has been played."""
        return env if self.setting is None else self.setting[0](env.unwrapped)

    def name(self, snapshot: _Snapshot) -> Hashable:
        if self.state is not None:
            own = frozen(self.state(self.standing(snapshot).unwrapped))
        else:
            own = tuple(frozen(_seen(snapshot.observations.get(agent))) for agent in self.agents)
        return own if len(snapshot.alive) == len(self.agents) else (own, tuple(map(str, snapshot.alive)))

    def views(self, snapshot: _Snapshot) -> list[Hashable]:
        """What each agent observes; one that is gone chooses nothing, and so may be told all."""
        return [
            frozen(_seen(snapshot.observations.get(agent)))
            if agent in snapshot.alive
            else ("gone", self.name(snapshot))
            for agent in self.agents
        ]

    def available(self, snapshot: _Snapshot) -> list[Booleans]:
        masks = []
        for agent, size in zip(self.agents, self.sizes, strict=True):
            own = np.ones(size, dtype=bool)
            if agent not in snapshot.alive:
                own[1:] = False
            else:
                for given in (snapshot.observations.get(agent), snapshot.infos.get(agent)):
                    if isinstance(given, dict) and given.get("action_mask") is not None:
                        own = np.asarray(given["action_mask"]).astype(bool)
            masks.append(own)
        return masks

    def step(self, snapshot: _Snapshot, joint: tuple[int, ...], once: bool) -> Step:
        with kept_global():
            outcome, drawn = self._try(snapshot, joint, None)
            if not drawn:
                return Step([outcome])
            if self.samples is None:
                _refuse_chance(f"step({shown(self._played(snapshot, joint))})")
            draws = 1 if once else self.samples
            seeds = np.random.SeedSequence([self.seed, next(self.calls)]).spawn(draws)
            tries = [self._try(snapshot, joint, own)[0] for own in seeds]
        return Step([one._replace(probability=1 / draws) for one in tries], draws)

    def _played(self, snapshot: _Snapshot, joint: tuple[int, ...]) -> dict[Any, int]:
        moves = zip(self.agents, joint, self.first, strict=True)
        return {agent: first + action for agent, action, first in moves if agent in snapshot.alive}

    def _try(self, snapshot: _Snapshot, joint: tuple[int, ...], seed: Any) -> tuple[Outcome, bool]:
        """One step of a copy, and whether it drew random numbers."""
        env = self.played(snapshot.stands)
        within = generators(env)
        if seed is not None:
            reseed(within, seed)
        before = states(within) if seed is None else None
        observations, rewards, terminated, truncated, infos = env.step(self._played(snapshot, joint))
        drawn = before is None or states(within) != before
        gone = {agent for agent in snapshot.alive if terminated.get(agent, False)}
        late = {agent for agent in snapshot.alive if truncated.get(agent, False)} - gone
        alive = tuple(agent for agent in snapshot.alive if agent not in gone)
        cut = bool(late) and not self.limit_ends
        if self.limit_ends:
            alive = tuple(agent for agent in alive if agent not in late)
        paid = tuple(float(rewards.get(agent, 0.0)) for agent in self.agents)
        left = _Snapshot(self.kept(env), dict(observations), dict(infos), alive, cut)
        return Outcome(1.0, left, paid, not alive), drawn

    def start(self, reset: bool) -> tuple[list[tuple[float, _Snapshot]], dict[Hashable, int] | None]:
        """The states in which play starts; where they are estimated, how often in each."""
        if not reset:
            return [(1.0, self._standing())], None
        resets = max(RESETS, self.samples or 0)
        with kept_global():
            first, hits = counted((self._reset(self.seed + k) for k in range(resets)), self.name)
        if len(first) == 1:
            return first, None
        if self.samples is None:
            _refuse_chance("reset()", ", or reset=False, to start where the environment stands")
        return first, hits

    def _reset(self, seed: int) -> _Snapshot:
        """The environment, reset."""
        env = self.played(self.env)
        given = env.reset(seed=seed)
        observations, infos = given if isinstance(given, tuple) else (given, {})
        return _Snapshot(self.kept(env), dict(observations), dict(infos), tuple(env.agents))

    def _standing(self) -> _Snapshot:
        """The environment where it stands, which does not say what its agents observe."""
        if not getattr(self.env, "agents", None):
            fail("env", "has no agents", "an episode that goes on, as reset is False", "call env.reset()")
        if self.state is None:
            fail("state", "is None", "a function of the environment, as reset is False")
        return _Snapshot(self.kept(self.played(self.env)), {}, {}, tuple(self.env.agents))


def _refuse_chance(call: str, more: str = "") -> NoReturn:
    mend = f"give samples, the number of tries of which probabilities are estimated{more}"
    fail(f"env.{call}", "draws random numbers", "an environment that is the same in each try", mend)


def _checked(env: Any) -> tuple[Any, list[Any], list[int], list[int]]:
    """The environment, its agents, and the number and the first of each one's actions."""
    if not all(hasattr(env, part) for part in ("possible_agents", "step", "reset", "action_space")):
        fail("env", f"is of type {type(env).__name__}", "a pettingzoo.ParallelEnv")
    if hasattr(env, "agent_iter"):
        mend = "pettingzoo.utils.aec_to_parallel makes one where agents act at the same time"
        fail("env", "is an AECEnv, whose agents act in turn", "a pettingzoo.ParallelEnv", mend)
    agents = list(env.possible_agents)
    sizes, first = [], []
    for agent in agents:
        space = env.action_space(agent)
        if not isinstance(getattr(space, "n", None), (int, np.integer)):
            fail(f"the actions of {shown(agent)}", f"are {shown(space)}", "a Discrete space")
        sizes.append(int(space.n))
        first.append(int(getattr(space, "start", 0)))
    return env, agents, sizes, first


def _seen(observation: Any) -> Any:
    """An observation without its action mask."""
    if isinstance(observation, dict) and set(observation) == {"observation", "action_mask"}:
        return observation["observation"]
    return observation


def _title(env: Any) -> str | None:
    """What the environment is called."""
    metadata = getattr(env, "metadata", None)
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return str(name) if name else type(getattr(env, "unwrapped", env)).__name__

"""The game model: one immutable type for matrix and stochastic games with n agents.

A stochastic game has states s ∈ {0 … S−1}; agent i chooses a_i ∈ {0 … A_i−1}; the joint action a = (a_1 … a_n)
pays agent i the reward r^i(s, a) and leads to state t with probability P(t | s, a). A matrix game is the case of
one state and discount 0.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
import numpy.typing as npt

from mathrl.base.array_types import ArrayLike
from mathrl.base.checks import FloatArray, as_numbers, count, entry, fail, flag, instance
from mathrl.base.text import shown
from mathrl.games.availability import as_available, as_terminal, first_available, joint
from mathrl.games.digest import digest, same_names
from mathrl.games.ending import endless_state, goes_on, longest_play
from mathrl.games.exploration import explored
from mathrl.games.given import (
    Booleans,
    checked_discount,
    checked_names,
    checked_rewards,
    checked_start,
    dense_transitions,
    finite_rewards,
    parsed_rewards,
    refuse_stacked,
    sparse_transitions,
    stacked,
)
from mathrl.games.naming import ActionNames, checked_action_names, checked_agent_names, checked_title

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["BARRED", "Game", "as_played", "check_agent", "check_game", "names_of", "shown_q"]

BARRED = -1e307
"""What kernels have in place of the reward −∞ of a joint action that is not available: below all values there are, and
unlike −∞ it may be multiplied by a probability of 0.
"""


@dataclass(frozen=True, eq=False, repr=False)
class Game:
    """A finite game with perfect observation of the state. `matrix`, `stochastic` and `from_function` build one.

    In state s the agents choose the joint action a = (a_1, …, a_n). Agent i is paid r^i(s, a), and the next state is t
    with probability P(t | s, a). A matrix game is the case of one state and discount 0.

    `rewards`        r: (S, A_1, …, A_n) for a common payoff, else (n, S, A_1, …, A_n); −∞ where a joint action is not
                     available
    `transitions`    P: dense (S, A_1, …, A_n, S), or a scipy CSR array (S·A, S) whose row is
                     `ravel_multi_index((s, a_1, …, a_n), (S, A_1, …, A_n))` in C order; the rows of joint actions that
                     are not available, and those of terminal states, lead to the state itself
    `discount`       γ, in [0, 1); 1 only where every episode ends, whatever is played
    `start`          (S,), the distribution of the initial state
    `num_agents`     n
    `num_states`     S
    `num_actions`    (A_1, …, A_n)
    `common_payoff`  true where all agents have the same rewards
    `available`      per agent (S, A_i): true for the actions that there are. The others are never played, and count
                     nowhere: in no entropy, soft-max, response, deviation, norm or tolerance. Their q is −∞
    `terminal`       (S,): true for the states in which an episode has ended. From there on nothing is played, paid or
                     counted: q and v are 0, and rows of policies are uniform and ignored
    `state_names`    a tuple of what the states are called, or None
    `agent_names`    a tuple of n texts, what the agents are called, or None
    `action_names`   per agent a tuple of A_i texts, what its actions are called, or None where they have no names; None
                     where no agent's actions have names
    `title`          a text, what the game is called, or None

    Names are for people: they change nothing that is computed. An agent and an action are their numbers everywhere.

    Two games are equal (`==`), and have the same hash, where all of this is equal, names too; 0 and −0 are equal. How
    transitions are stored counts: a sparse game equals no dense one, as its answers may differ by rounding. Compare
    `to_dense` of both where that is not to count.

    All arrays are read-only copies of what was given. (The arrays inside a CSR array can still be replaced, as scipy
    allows it: do not do that.)
    """

    rewards: FloatArray
    transitions: "FloatArray | csr_array[np.float64, tuple[int, int]]"
    discount: float
    start: FloatArray
    num_agents: int
    num_states: int
    num_actions: tuple[int, ...]
    common_payoff: bool
    masks: tuple[Booleans, ...] | None = None
    """`available`, or None where all actions are."""
    ended: Booleans | None = None
    """`terminal`, or None where no state is."""
    state_names: tuple[Any, ...] | None = None
    played: bool = False
    """Whether this is the `in_play` of another game."""
    agent_names: tuple[str, ...] | None = None
    action_names: ActionNames | None = None
    title: str | None = None

    def __post_init__(self) -> None:
        """Refuse rewards that do not fit the masks, as `dataclasses.replace` leaves them where it changes only one.

        Names are checked here too, however they came.
        """
        object.__setattr__(self, "agent_names", checked_agent_names(self.agent_names, self.num_agents))
        object.__setattr__(self, "action_names", checked_action_names(self.action_names, self.num_actions))
        object.__setattr__(self, "title", checked_title(self.title))
        finite = np.isfinite(self.rewards)
        there = np.True_ if self.masks is None else joint(self.masks)
        wrong = there & ~finite if self.played else there != finite
        if wrong.any():
            index = tuple(np.argwhere(wrong)[0])
            found = f"is {self.rewards[index]:g}, and masks {'bar' if finite[index] else 'do not bar'} this action"
            mend = "make the game anew, by Game.stochastic or Game.matrix, which take available"
            fail(entry("rewards", index), found, "−∞" if finite[index] else "a finite number", mend)

    @classmethod
    def matrix(
        cls,
        payoffs: ArrayLike | Sequence[ArrayLike],
        *,
        common_payoff: bool | None = None,
        available: Sequence[ArrayLike] | None = None,
        agent_names: Sequence[str] | None = None,
        action_names: Sequence[Sequence[str] | None] | None = None,
        title: str | None = None,
    ) -> Self:
        """Make a one-shot game from its payoffs.

        `payoffs`        one array (A_1, …, A_n) is a common payoff; a list or tuple holds one such array per agent
        `common_payoff`  true: `payoffs` is a common payoff, also in a list; false: one array per agent, also in one
                         array; None (the default): as is said above
        `available`      per agent (A_i,), true for the actions that there are; by default all are. Payoffs of others
                         are ignored
        `agent_names`    what the agents are called, n different texts; by default nothing
        `action_names`   per agent what its actions are called, A_i different texts, or None; by default nothing
        `title`          what the game is called, a text; by default nothing

        An array that holds n arrays with n axes each may be meant as n payoffs of n agents, as in other libraries, or
        as the common payoff of n + 1 agents. It is refused, unless `common_payoff` says which.

        Returns a game of one state and discount 0. Raises `ValueError` where a payoff is not finite or shapes differ,
        or names are too few, too many, no texts, or twice the same.

        >>> Game.matrix(np.eye(2)).num_actions
        (2, 2)
        >>> Game.matrix([np.eye(2), -np.eye(2)]).common_payoff
        False
        >>> Game.matrix(np.zeros((2, 2, 2)), common_payoff=True).num_agents
        3
        >>> Game.matrix(np.eye(2), action_names=[["stay", "go"]] * 2).action_names
        (('stay', 'go'), ('stay', 'go'))
        """
        if common_payoff is not None:
            flag("common_payoff", common_payoff)
        elif not isinstance(payoffs, (list, tuple)):
            payoffs = as_numbers("payoffs", payoffs)
            if available is None:
                finite_rewards("payoffs", payoffs)
            refuse_stacked(payoffs)
        arrays, names = parsed_rewards("payoffs", payoffs, state_axes=0, common_payoff=common_payoff)
        num_actions = tuple(arrays[0].shape)
        masks = as_available("available", available, 1, num_actions, None)
        rewards, common_payoff = checked_rewards(arrays, names, None if masks is None else ~joint(masks)[0], None)
        return cls._build(
            rewards=rewards,
            transitions=np.ones((1, *num_actions, 1)),
            discount=0.0,
            start=np.ones(1),
            num_actions=num_actions,
            common_payoff=common_payoff,
            masks=masks,
            agent_names=agent_names,
            action_names=action_names,
            title=title,
        )

    @classmethod
    def stochastic(
        cls,
        rewards: ArrayLike | Sequence[ArrayLike],
        transitions: Any,
        discount: float,
        start: ArrayLike | None = None,
        *,
        available: Sequence[ArrayLike] | None = None,
        terminal: ArrayLike | None = None,
        state_names: Sequence[Any] | None = None,
        agent_names: Sequence[str] | None = None,
        action_names: Sequence[Sequence[str] | None] | None = None,
        title: str | None = None,
    ) -> Self:
        """Make a discounted stochastic game from its rewards and transitions.

        `rewards`      one array (S, A_1, …, A_n) is a common payoff; a list or tuple holds one such array per agent;
                       so does an array (n, S, A_1, …, A_n), which the shape of the transitions tells from the first
        `transitions`  P(t | s, a): dense (S, A_1, …, A_n, S), or a scipy sparse array (S·A, S), rows (s, a) in C order
        `discount`     γ, in [0, 1); 1 is allowed where every deterministic joint policy ends from every state
        `start`        the distribution of the initial state, (S,); by default uniform
        `available`    per agent (S, A_i), true for the actions that there are in a state, at least one; by default all.
                       Rewards and transitions of the others are ignored
        `terminal`     (S,), true for the states in which an episode has ended; by default none. Rewards there must be
                       0, and transitions there are ignored. An episode ends with some probability where that is the
                       probability of a terminal next state
        `state_names`  what messages call the states beside their numbers, S objects; by default nothing
        `agent_names`  what the agents are called, n different texts; by default nothing
        `action_names` per agent what its actions are called, A_i different texts, or None; by default nothing
        `title`        what the game is called, a text; by default nothing

        Raises `ValueError` naming the argument, what was expected and what was found: rewards that are not finite,
        rows of transitions that do not sum to 1 up to 1e-9, negative or duplicate entries, a discount outside [0, 1),
        or a discount of 1 with a state from which play may go on for ever.

        >>> step = Game.stochastic(np.array([[1.0], [0.0]]), [[[0, 1]], [[0, 1]]], 1.0, terminal=[False, True])
        >>> step.horizon
        1.0
        """
        if not isinstance(rewards, (list, tuple)):
            rewards = as_numbers("rewards", rewards)
            rewards = list(rewards) if stacked(rewards.shape, transitions) else rewards
        arrays, names = parsed_rewards("rewards", rewards, state_axes=1)
        num_states, *actions = arrays[0].shape
        ended = as_terminal("terminal", terminal, num_states)
        mend = "where nobody can act, the episode has ended: say terminal, or give the agent an action that waits"
        masks = as_available("available", available, num_states, actions, ended, mend)
        forbidden = None if masks is None else ~joint(masks)
        called = checked_names(state_names, num_states)
        array, common_payoff = checked_rewards(arrays, names, forbidden, ended, called)
        dense_shape = (num_states, *actions, num_states)
        ignored = forbidden
        if ended is not None:
            ignored = np.zeros(dense_shape[:-1], dtype=bool) if forbidden is None else forbidden.copy()
            ignored[ended] = True
        of_kind = sparse_transitions if hasattr(transitions, "tocoo") else dense_transitions
        checked: Any = of_kind(transitions, dense_shape, ignored)
        distribution = checked_start(start, num_states)
        factor = checked_discount(discount, checked, may_be_1=ended is not None)
        said: Any = {"state_names": called, "agent_names": agent_names, "action_names": action_names, "title": title}
        made = cls._build(array, checked, factor, distribution, tuple(actions), common_payoff, masks, ended, **said)
        if factor == 1:
            made._require_ends()
        return made

    @classmethod
    def from_function(
        cls,
        start: Any,
        actions: Sequence[int | Sequence[Any]],
        step: Callable[[Any, tuple[Any, ...]], Any],
        *,
        discount: float,
        max_states: int = 100_000,
        available: Callable[[Any], Any] | None = None,
        agent_names: Sequence[str] | None = None,
        action_names: Sequence[Sequence[str] | None] | None = None,
        title: str | None = None,
    ) -> Self:
        """Make a game from a function that takes one step, by trying all that can be reached.

            r^i(s, a) = Σ p r^i,   P(t | s, a) = Σ p   over the outcomes (p, t, r, ended) of step(s, a)

        States are whatever can be hashed: numbers, texts, tuples. They are numbered as they are found, breadth first
        from the start.

        `start`       the first state, or a dict with the probability of each first state
        `actions`     per agent the number of its actions, or a list of them in the form in which `step` is to get them
        `step`        a function of a state and a joint action, a tuple with one action of each agent. It returns a list
                      of outcomes, or a single one: each a tuple (probability, next state, rewards, ended). Rewards are
                      one number, which all agents are paid, or a list with one for each. Where `ended` is true the
                      episode ends, whatever the next state is
        `discount`    γ, in [0, 1); 1 is allowed where every deterministic joint policy ends from every state
        `max_states`  refuse a game in which more states can be reached
        `available`   a function of a state that returns per agent (A_i,), true for the actions that there are; by
                      default all are. `step` is only called with these
        `agent_names`, `action_names`, `title`
                      what the agents, per agent its actions, and the game are called. By default actions that are
                      listed in `actions` as texts, each once, are called so

        Returns a game with sparse transitions, `state_names` and, where an episode can end, one more state, the last,
        which is terminal. Raises `ValueError` naming the state and the action: probabilities that do not sum to 1 up to
        1e-9, no outcome at all, another number of rewards than of agents, a state that cannot be hashed.

        >>> moves = {"east": (1, 0), "west": (-1, 0), "north": (0, 1), "south": (0, -1)}
        >>> def step(cell, joint_action):
        ...     x, y = np.add(cell, moves[joint_action[0]]).tolist()
        ...     inside = 0 <= x < 5 and 0 <= y < 4
        ...     return 1, (x, y) if inside else cell, -1, (x, y) == (4, 3)
        >>> grid = Game.from_function((0, 0), [list(moves)], step, discount=0.9)
        >>> grid
        <Game: 20 states (1 terminal), 1 agent, 4 actions, common payoff, discount 0.9, sparse>
        >>> grid.state_names[1], grid.state_names[-1]
        ((1, 0), 'the end')
        >>> grid.action_names
        (('east', 'west', 'north', 'south'),)
        """
        found = explored(start, actions, step, max_states, available)
        found |= {} if action_names is None else {"action_names": action_names}
        return cls.stochastic(discount=discount, agent_names=agent_names, title=title, **found)

    @classmethod
    def unchecked(
        cls,
        rewards: FloatArray,
        transitions: Any,
        discount: float,
        start: FloatArray,
        like: "Game | None" = None,
    ) -> Self:
        """Make a common-payoff game from arrays that are known to be right.

        It keeps these very arrays, and makes them read-only. The arguments are those of `Game.stochastic`, of which
        `rewards` must be one array (S, A_1, …, A_n). Where it is made of another game of the same states, that game is
        `like`: its terminal states are taken over, and its masks, or for one agent those that rewards of −∞ tell; names
        of agents and actions where these are the same.
        """
        num_actions = tuple(rewards.shape[1:])
        if like is None:
            return cls._build(rewards, transitions, discount, start, num_actions, common_payoff=True)
        masks, names = like.masks, names_of(like)
        if num_actions != like.num_actions:
            names = {}
            masks = None if masks is None else (rewards > -np.inf,)
        made = cls._build(rewards, transitions, discount, start, num_actions, True, masks, like.ended, **names)
        return replace(made, played=like.played) if like.played else made

    @classmethod
    def _build(
        cls,
        rewards: FloatArray,
        transitions: Any,
        discount: float,
        start: FloatArray,
        num_actions: tuple[int, ...],
        common_payoff: bool,
        masks: tuple[Booleans, ...] | None = None,
        ended: Booleans | None = None,
        **names: Any,
    ) -> Self:
        rewards = rewards.reshape((len(start), *num_actions) if common_payoff else (-1, len(start), *num_actions))
        for array in (rewards, start, *_arrays(transitions)):
            array.flags.writeable = False
        sizes = len(num_actions), len(start), num_actions
        return cls(rewards, transitions, discount, start, *sizes, common_payoff, masks, ended, **names)

    def called(self, state: int) -> str:
        """What a message calls a state: its number, and its name, if it has one."""
        return f"state {state}" if self.state_names is None else f"state {state}, {shown(self.state_names[state])}"

    def _require_ends(self) -> None:
        """Refuse a discount of 1 where some joint policy never ends from some state."""
        state = endless_state(self.transitions, self.terminal, joint(self.available))
        if state is not None:
            comma = "," * (self.state_names is not None)
            found = f"is 1, and from {self.called(state)}{comma} play may go on for ever"
            fail("discount", found, "a number in [0, 1)", "with 1 every episode must end, whatever is played")

    @cached_property
    def available(self) -> tuple[Booleans, ...]:
        """Per agent (S, A_i): which actions there are."""
        if self.masks is not None:
            return self.masks
        return tuple(np.ones((self.num_states, actions), dtype=bool) for actions in self.num_actions)

    @cached_property
    def terminal(self) -> Booleans:
        """(S,): in which states an episode has ended."""
        return np.zeros(self.num_states, dtype=bool) if self.ended is None else self.ended

    @cached_property
    def horizon(self) -> float:
        """The largest expected number of steps, discounted, that play can last: 1/(1 − γ), or where γ is 1 the longest
        play, at least 1.

        No value is larger than this times the largest reward and entropy of one step.
        """
        if self.discount < 1:
            return 1 / (1 - self.discount)
        return max(1.0, float(longest_play(self.transitions, self.terminal, joint(self.available)).max()))

    @cached_property
    def in_play(self) -> "Game":
        """The game as solvers see it: where an episode has ended there is one action, which pays 0 and leads nowhere.

        Rows and columns of terminal states are 0 in its transitions, so that rows need not sum to 1. A soft value is
        then 0 there by its own equation, and needs no exception: one action has no entropy. Without terminal states it
        is the game itself.
        """
        if self.ended is None or self.played:
            return self
        ended, masks = self.ended, tuple(own.copy() for own in self.available)
        for own in masks:
            own[ended] = first_available(np.ones_like(own[ended]))
            own.flags.writeable = False
        rewards = self.rewards.copy()
        rewards[np.broadcast_to(~joint(masks), rewards.shape)] = -np.inf
        transitions = goes_on(self.transitions, ended)
        for array in (rewards, *_arrays(transitions)):
            array.flags.writeable = False
        return replace(self, rewards=rewards, transitions=transitions, masks=masks, played=True)

    @cached_property
    def _digest(self) -> bytes:
        """What tells games apart, but for the names of their states, which need not have a hash."""
        fields = self.rewards, *_arrays(self.transitions), float(self.discount) + 0.0, self.start
        shapes = bool(self.common_payoff), self.sparse, self.masks is None, self.ended is None, self.played
        masks = *(self.masks or ()), *(() if self.ended is None else (self.ended,))
        return digest((*shapes, *fields, *masks, self.agent_names, self.action_names, self.title))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Game):
            return NotImplemented
        if self is other:
            return True
        if (self.num_states, self.num_actions) != (other.num_states, other.num_actions):
            return False
        return self._digest == other._digest and same_names(self.state_names, other.state_names)

    def __hash__(self) -> int:
        return int.from_bytes(self._digest[:8], "big", signed=True)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a copy or a pickled game; its arrays are read-only again."""
        vars(self).update(state)
        for array in (self.rewards, self.start, *_arrays(self.transitions), *(self.masks or ())):
            array.flags.writeable = False
        if self.ended is not None:
            self.ended.flags.writeable = False

    @property
    def num_joint_actions(self) -> int:
        """The number of joint actions, A = A_1 · … · A_n."""
        return prod(self.num_actions)

    @property
    def sparse(self) -> bool:
        """True where the transitions are stored as a scipy CSR array."""
        return not isinstance(self.transitions, np.ndarray)

    @cached_property
    def rewards_isa(self) -> FloatArray:
        """The rewards as (m, S, A), joint actions in C order; m is 1 for a common payoff, else n.

        Where a joint action is not available they are `BARRED`.
        """
        rewards = self.rewards if self.masks is None else np.maximum(self.rewards, BARRED)
        return rewards.reshape(-1, self.num_states, self.num_joint_actions)

    @cached_property
    def barred_sa(self) -> Booleans | None:
        """Which joint actions there are not, (S, A); None where all are available."""
        return None if self.masks is None else ~joint(self.masks).reshape(self.num_states, -1)

    @property
    def dense_xt(self) -> FloatArray:
        """Dense transitions as (S·A, S), rows (s, a) in C order."""
        dense = cast(FloatArray, self.transitions)
        return dense.reshape(self.num_states * self.num_joint_actions, self.num_states)

    @property
    def csr_xt(self) -> "csr_array[np.float64, tuple[int, int]]":
        """Sparse transitions as (S·A, S), rows (s, a) in C order."""
        return cast("csr_array[np.float64, tuple[int, int]]", self.transitions)

    @cached_property
    def reward_scale(self) -> float:
        """max |r| over available actions, the scale against which temperatures and rounding are measured."""
        size = np.abs(self.rewards)
        return float(size.max() if self.masks is None else size.max(where=np.isfinite(size), initial=0.0))

    def __repr__(self) -> str:
        payoff = "common payoff" if self.common_payoff else "general-sum"
        actions = "×".join(map(str, self.num_actions))
        size = f"{self.num_agents} agent{'s' * (self.num_agents > 1)}, {actions} actions, {payoff}"
        size += ", some unavailable" * (self.masks is not None)
        if self.num_states == 1 and self.discount == 0:
            return f"<Game: matrix, {size}>"
        states = f"{self.num_states} states" + (f" ({self.terminal.sum()} terminal)" if self.ended is not None else "")
        return f"<Game: {states}, {size}, discount {self.discount!r}{', sparse' * self.sparse}>"


def check_game(game: Any, argument: str = "game") -> None:
    """Raise `ValueError` unless `game` is a `Game`; `argument` is the name that the message gives it."""
    instance(argument, game, Game, "a mathrl.Game", "mathrl.load makes one of a name or a file")


def names_of(game: Game) -> dict[str, Any]:
    """Return what the game, its agents and its actions are called, as the arguments by which a game is given names."""
    return {"agent_names": game.agent_names, "action_names": game.action_names, "title": game.title}


def as_played(game: Any) -> Game:
    """Return the game as solvers see it, `in_play`. Raise `ValueError` unless `game` is a `Game`."""
    check_game(game)
    return cast(Game, game).in_play


def shown_q(game: Game, q: FloatArray) -> FloatArray:
    """Return q, whose last axes are (S, A_1, …, A_n), with −∞ where joint actions are barred, as operators take it."""
    return q if game.masks is None else np.where(q <= BARRED / 2, -np.inf, q)


def check_agent(game: Any, agent: Any) -> int:
    """Return `agent` as an int. Raise `ValueError` unless `game` is a `Game` and has an agent of that number."""
    check_game(game)
    if count("agent", agent) >= game.num_agents:
        fail("agent", f"is {agent}", f"an agent 0 … {game.num_agents - 1}")
    return int(agent)


def _arrays(transitions: Any) -> tuple[npt.NDArray[Any], ...]:
    """Dense transitions, or the three arrays of a CSR array."""
    if isinstance(transitions, np.ndarray):
        return (transitions,)
    return transitions.data, transitions.indices, transitions.indptr

"""The game model: one immutable type for matrix and stochastic games with n agents.

A stochastic game has states s ∈ {0 … S−1}; agent i chooses a_i ∈ {0 … A_i−1}; the joint action a = (a_1 … a_n)
pays agent i the reward r^i(s, a) and leads to state t with probability P(t | s, a). A matrix game is the case of
one state and discount 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import (
    FloatArray,
    as_floats,
    count,
    discount_factor,
    entry,
    fail,
    flag,
    instance,
    probabilities,
    row_sums,
    shape,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["Game", "check_agent", "check_game"]


@dataclass(frozen=True, eq=False, repr=False)
class Game:
    """A finite game with perfect observation of the state. Build one with `Game.matrix` or `Game.stochastic`.

    In state s the agents choose the joint action a = (a_1, …, a_n). Agent i is paid r^i(s, a), and the next state is t
    with probability P(t | s, a). A matrix game is the case of one state and discount 0.

    `rewards`        r: (S, A_1, …, A_n) for a common payoff, else (n, S, A_1, …, A_n)
    `transitions`    P: dense (S, A_1, …, A_n, S), or a scipy CSR array (S·A, S) whose row is
                     `ravel_multi_index((s, a_1, …, a_n), (S, A_1, …, A_n))` in C order
    `discount`       γ, in [0, 1)
    `start`          (S,), the distribution of the initial state
    `num_agents`     n
    `num_states`     S
    `num_actions`    (A_1, …, A_n)
    `common_payoff`  true where all agents have the same rewards

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

    @classmethod
    def matrix(cls, payoffs: npt.ArrayLike | Sequence[npt.ArrayLike], *, common_payoff: bool | None = None) -> Self:
        """Make a one-shot game from its payoffs.

        `payoffs`        one array (A_1, …, A_n) is a common payoff; a list or tuple holds one such array per agent
        `common_payoff`  true: `payoffs` is a common payoff, also in a list; false: one array per agent, also in one
                         array; None (the default): as is said above

        An array that holds n arrays with n axes each may be meant as n payoffs of n agents, as in other libraries, or
        as the common payoff of n + 1 agents. It is refused, unless `common_payoff` says which.

        Returns a game of one state and discount 0. Raises `ValueError` where a payoff is not finite or shapes differ.

        >>> Game.matrix(np.eye(2)).num_actions
        (2, 2)
        >>> Game.matrix([np.eye(2), -np.eye(2)]).common_payoff
        False
        >>> Game.matrix(np.zeros((2, 2, 2)), common_payoff=True).num_agents
        3
        """
        if common_payoff is not None:
            flag("common_payoff", common_payoff)
        elif not isinstance(payoffs, (list, tuple)):
            payoffs = as_floats("payoffs", payoffs)
            _refuse_stacked(payoffs)
        rewards, common_payoff, num_actions = _rewards("payoffs", payoffs, state_axes=0, common_payoff=common_payoff)
        return cls._build(
            rewards=rewards if common_payoff else rewards.reshape(len(num_actions), 1, *num_actions),
            transitions=np.ones((1, *num_actions, 1)),
            discount=0.0,
            start=np.ones(1),
            num_actions=num_actions,
            common_payoff=common_payoff,
        )

    @classmethod
    def stochastic(
        cls,
        rewards: npt.ArrayLike | Sequence[npt.ArrayLike],
        transitions: Any,
        discount: float,
        start: npt.ArrayLike | None = None,
    ) -> Self:
        """Make a discounted stochastic game from its rewards and transitions.

        `rewards`      one array (S, A_1, …, A_n) is a common payoff; a list or tuple holds one such array per agent;
                       so does an array (n, S, A_1, …, A_n), which the shape of the transitions tells from the first
        `transitions`  P(t | s, a): dense (S, A_1, …, A_n, S), or a scipy sparse array (S·A, S), rows (s, a) in C order
        `discount`     γ, in [0, 1)
        `start`        the distribution of the initial state, (S,); by default uniform

        Raises `ValueError` naming the argument, what was expected and what was found: rewards that are not finite,
        rows of transitions that do not sum to 1 up to 1e-9, negative or duplicate entries, a discount outside [0, 1).
        """
        if not isinstance(rewards, (list, tuple)):
            rewards = as_floats("rewards", rewards)
            rewards = list(rewards) if _stacked(rewards.shape, transitions) else rewards
        array, common_payoff, num_actions = _rewards("rewards", rewards, state_axes=1)
        num_states = array.shape[-len(num_actions) - 1]
        dense_shape = (num_states, *num_actions, num_states)
        if hasattr(transitions, "tocoo"):
            checked: Any = _sparse_transitions(transitions, dense_shape)
        else:
            checked = as_floats("transitions", transitions)
            shape("transitions", checked, dense_shape)
            probabilities("transitions", checked)
        distribution = np.full(num_states, 1 / num_states) if start is None else as_floats("start", start)
        shape("start", distribution, (num_states,))
        probabilities("start", distribution)
        factor = discount_factor("discount", discount)
        largest = float(checked.sum(axis=-1 if isinstance(checked, np.ndarray) else 1).max())
        if factor * largest >= 1:
            fail("discount", f"is {factor!r} and a row of transitions sums to {largest!r}", "a product below 1")
        return cls._build(
            rewards=array,
            transitions=checked,
            discount=factor,
            start=distribution,
            num_actions=num_actions,
            common_payoff=common_payoff,
        )

    @classmethod
    def unchecked(cls, rewards: FloatArray, transitions: Any, discount: float, start: FloatArray) -> Self:
        """Make a common-payoff game from arrays that are known to be right.

        It keeps these very arrays, and makes them read-only. The arguments are those of `Game.stochastic`, of which
        `rewards` must be one array (S, A_1, …, A_n).
        """
        return cls._build(rewards, transitions, discount, start, tuple(rewards.shape[1:]), common_payoff=True)

    @classmethod
    def _build(
        cls,
        rewards: FloatArray,
        transitions: Any,
        discount: float,
        start: FloatArray,
        num_actions: tuple[int, ...],
        common_payoff: bool,
    ) -> Self:
        rewards = rewards.reshape((len(start), *num_actions) if common_payoff else (-1, len(start), *num_actions))
        stored = [transitions] if isinstance(transitions, np.ndarray) else _arrays(transitions)
        for array in (rewards, start, *stored):
            array.flags.writeable = False
        return cls(rewards, transitions, discount, start, len(num_actions), len(start), num_actions, common_payoff)

    @property
    def num_joint_actions(self) -> int:
        """The number of joint actions, A = A_1 · … · A_n."""
        return prod(self.num_actions)

    @property
    def sparse(self) -> bool:
        """True where the transitions are stored as a scipy CSR array."""
        return not isinstance(self.transitions, np.ndarray)

    @property
    def rewards_isa(self) -> FloatArray:
        """The rewards as (m, S, A), joint actions in C order; m is 1 for a common payoff, else n."""
        return self.rewards.reshape(-1, self.num_states, self.num_joint_actions)

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
        """max |r|, the scale against which temperatures and rounding are measured."""
        return float(np.abs(self.rewards).max())

    def __repr__(self) -> str:
        payoff = "common payoff" if self.common_payoff else "general-sum"
        actions = "×".join(map(str, self.num_actions))
        size = f"{self.num_agents} agent{'s' * (self.num_agents > 1)}, {actions} actions, {payoff}"
        if self.num_states == 1 and self.discount == 0:
            return f"<Game: matrix, {size}>"
        return f"<Game: {self.num_states} states, {size}, discount {self.discount!r}{', sparse' * self.sparse}>"


def check_game(game: Any, argument: str = "game") -> None:
    """Raise `ValueError` unless `game` is a `Game`; `argument` is the name that the message gives it."""
    instance(argument, game, Game, "a mathrl.Game", "mathrl.load makes one of a name or a file")


def check_agent(game: Any, agent: Any) -> int:
    """Return `agent` as an int. Raise `ValueError` unless `game` is a `Game` and has an agent of that number."""
    check_game(game)
    if count("agent", agent) >= game.num_agents:
        fail("agent", f"is {agent}", f"an agent 0 … {game.num_agents - 1}")
    return int(agent)


def _refuse_stacked(payoffs: FloatArray) -> None:
    """Refuse an array of n arrays with n axes each, which may be n payoffs or one common payoff of n + 1 agents."""
    n = payoffs.ndim - 1
    if n > 0 and len(payoffs) == n:
        per_agent = f"{n} payoff{'s' * (n > 1)} of {n} agent{'s' * (n > 1)}, or the common payoff of {n + 1}"
        mend = "give list(payoffs) for one payoff per agent, common_payoff=True for a common one"
        fail("payoffs", f"has shape {payoffs.shape}, {per_agent}", "to be told which", mend)


def _stacked(rewards: tuple[int, ...], transitions: Any) -> bool:
    """Whether rewards of this shape are one array per agent: with that the transitions fit, and with nothing else."""
    if len(rewards) < 3 or rewards[0] != len(rewards) - 2:
        return False
    found = transitions.shape if hasattr(transitions, "tocoo") else as_floats("transitions", transitions).shape

    def fits(cells: tuple[int, ...]) -> bool:
        return found in ((*cells, cells[0]), (prod(cells), cells[0]))

    return fits(rewards[1:]) and not fits(rewards)


def _rewards(
    argument: str, given: Any, state_axes: int, common_payoff: bool | None = None
) -> tuple[FloatArray, bool, tuple[int, ...]]:
    """The rewards as one array, whether they are a common payoff, and the numbers of actions."""
    if common_payoff is None:
        common_payoff = not isinstance(given, (list, tuple))
    if common_payoff:
        array = as_floats(argument, given)
        if array.ndim <= state_axes or array.size == 0:
            fail(argument, f"has shape {array.shape}", "at least one agent, one state and one action")
        return array, True, tuple(array.shape[state_axes:])
    if not isinstance(given, (list, tuple)):
        given = list(np.atleast_1d(as_floats(argument, given)))
    arrays = [as_floats(f"{argument}[{i}]", agent_rewards) for i, agent_rewards in enumerate(given)]
    if not arrays:
        fail(argument, "is an empty list", "one array per agent")
    for i, array in enumerate(arrays):
        if array.ndim != len(arrays) + state_axes or array.size == 0:
            axes = "(S, A_1, …, A_n)" if state_axes else "(A_1, …, A_n)"
            mend = f"a list holds one array {axes} per agent; give a common payoff as one numpy array"
            fail(
                f"{argument}[{i}]",
                f"has shape {array.shape}",
                f"{len(arrays) + state_axes} axes that are not empty",
                mend,
            )
        shape(f"{argument}[{i}]", array, arrays[0].shape)
    common_payoff = all(np.array_equal(array, arrays[0]) for array in arrays[1:])
    return arrays[0] if common_payoff else np.stack(arrays), common_payoff, tuple(arrays[0].shape[state_axes:])


def _sparse_transitions(given: Any, dense_shape: tuple[int, ...]) -> Any:
    """A CSR copy of `given` with sorted indices, checked."""
    from scipy.sparse import csr_array

    *row_shape, num_states = dense_shape
    shape("transitions", given, (prod(row_shape), num_states))
    coordinates = given.tocoo()
    rows, columns = coordinates.coords if hasattr(coordinates, "coords") else (coordinates.row, coordinates.col)
    data = as_floats("transitions.data", coordinates.data)
    if not _ordered(rows, columns):
        order = np.lexsort((columns, rows))
        rows, columns, data = rows[order], columns[order], data[order]
    repeated = (rows[1:] == rows[:-1]) & (columns[1:] == columns[:-1])
    if repeated.any():
        k = int(np.argmax(repeated))
        name = entry("transitions", np.unravel_index(rows[k], row_shape))
        fail(name, f"names next state {int(columns[k])} twice", "each next state once", "add the probabilities up")
    if (data < 0).any():
        k = int(np.argmax(data < 0))
        name = entry("transitions", (*np.unravel_index(rows[k], row_shape), columns[k]))
        fail(name, f"is {data[k]:g}", "a probability", "probabilities are not negative")
    sums = np.bincount(rows, weights=data, minlength=prod(row_shape)).astype(np.float64)
    row_sums("transitions", sums.reshape(row_shape))
    indptr = np.searchsorted(rows, np.arange(prod(row_shape) + 1))
    index_type = np.int32 if len(data) < np.iinfo(np.int32).max else np.int64
    # Built from its three arrays: from coordinates, scipy would add duplicates up before anyone could see them.
    return csr_array((data, columns.astype(index_type), indptr.astype(index_type)), shape=given.shape)


def _ordered(rows: npt.NDArray[Any], columns: npt.NDArray[Any]) -> bool:
    """Whether the entries of a sparse array are sorted by row, and within a row by column."""
    return bool(((rows[1:] > rows[:-1]) | ((rows[1:] == rows[:-1]) & (columns[1:] >= columns[:-1]))).all())


def _arrays(transitions: Any) -> tuple[npt.NDArray[Any], ...]:
    """The three arrays of a CSR array."""
    return transitions.data, transitions.indices, transitions.indptr

"""Product and joint policies: checks, marginals, and the ones that iterations start from."""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np

from mathrl.base.array_types import Policy
from mathrl.base.checks import (
    FloatArray,
    as_floats,
    as_numbers,
    fail,
    instance,
    normalised,
    positive,
    probabilities,
    shape,
)
from mathrl.base.tensors import first_entry
from mathrl.base.text import shown
from mathrl.games.availability import joint_of_others
from mathrl.games.given import Booleans
from mathrl.games.model import Game, check_agent, check_game
from mathrl.games.naming import agent_label, quoted_action

__all__ = [
    "Policy",
    "as_initial_policy",
    "as_opponent_model",
    "as_opponent_models",
    "as_policy",
    "as_single_policy",
    "joint_policy",
    "marginals",
    "opponents_policy",
    "random_policy",
    "uniform_policy",
]

Said = Callable[[int], str]
"""What a message says of an action, by its number."""


def as_policy(game: Game, policy: Sequence[Any], argument: str = "policy") -> Policy:
    """Check a product policy, and return it as a tuple of read-only float64 arrays.

    `game`      the game that it is for
    `policy`    one array π^i(a_i | s) per agent, (S, A_i); in a game with one state (A_i,) is enough
    `argument`  what error messages call it; default "policy"

    Returns one array (S, A_i) per agent. Rows of terminal states are ignored, and uniform in what is returned. Raises
    `ValueError` where the number of agents or a shape is wrong, or a row is not a probability distribution: its entries
    must be ≥ 0 and sum to 1 up to 1e-9, and be 0 where the action is not available.
    """
    check_game(game)
    available = [(_barred(game, i), own) for i, own in enumerate(game.masks or ())]
    return _checked(game, policy, argument, game.num_actions, available)


def as_single_policy(game: Game, policy: Any, argument: str = "policy") -> Policy:
    """Check a product policy whose arrays may be of single precision.

    `game`      the game that it is for
    `policy`    one array (S, A_i) per agent, as in `as_policy`; rows of type float32 are normalised where their sums
                are within 1e-5 of 1
    `argument`  what error messages call it; default "policy"

    Returns one array (S, A_i) per agent. Raises `ValueError` as `as_policy` does.
    """
    check_game(game)
    if not isinstance(policy, Sequence):
        return as_policy(game, policy, argument)
    read = [(as_numbers(f"{argument}[{i}]", own), _is_single(own)) for i, own in enumerate(policy)]
    return as_policy(game, [normalised(own)[0] if single else own for own, single in read], argument)


def _is_single(given: Any) -> bool:
    """Whether an array of any framework, or the first one in a list, is of type float32."""
    name = str(getattr(first_entry(given)[0], "dtype", ""))
    return name.rpartition(".")[2] == "float32"  # PyTorch says torch.float32


def as_initial_policy(game: Game, policy: Any) -> Policy:
    """Return where an iteration starts: the uniform policy where none is given, else the given one, checked.

    `game`    the game that it is for
    `policy`  one array (S, A_i) per agent, as in `as_policy`, or None; rows of single precision, whose sums are within
              1e-5 of 1, are normalised

    Returns one array (S, A_i) per agent. Raises `ValueError` naming `initial_policy`.
    """
    if policy is None:
        return uniform_policy(game)
    if not isinstance(policy, Sequence):
        return as_policy(game, policy, "initial_policy")
    arrays = [as_numbers(f"initial_policy[{i}]", own) for i, own in enumerate(policy)]
    return as_policy(game, [normalised(own)[0] for own in arrays], "initial_policy")


def as_opponent_model(game: Game, model: Sequence[Any], argument: str = "opponent_model") -> Policy:
    """Check each agent's model of its opponents' joint actions, and return it as a tuple of read-only float64 arrays.

    `game`      the game that it is for
    `model`     per agent i an array (S, B_i): row s holds the probability of each joint action of all agents but i, in
                C order; B_i is the number of these joint actions. `opponents_policy` makes it from a product policy
    `argument`  what error messages call it; default "opponent_model"

    Returns one array (S, B_i) per agent. Raises `ValueError` where the number of arrays or a shape is wrong, or a row
    is not a probability distribution: its entries must be ≥ 0 and sum to 1 up to 1e-9.
    """
    check_game(game)
    sizes = [game.num_joint_actions // actions for actions in game.num_actions]
    return _checked(game, model, argument, sizes, _others_available(game))


def as_opponent_models(game: Game, models: Sequence[Any], agent: int, argument: str = "opponent_models") -> Policy:
    """Check one agent's models of its opponents, one for each opponent alone; return them as read-only float64 arrays.

    `game`      the game that they are for
    `models`    n − 1 arrays (S, A_j), those of the agents j ≠ `agent` in their order
    `agent`     the number of the agent whose models they are
    `argument`  what error messages call them; default "opponent_models"

    Returns one array (S, A_j) per opponent. `as_opponent_model` is about joint actions instead. Raises `ValueError`
    where the number of arrays or a shape is wrong, or a row is not a probability distribution: its entries must be ≥ 0
    and sum to 1 up to 1e-9.
    """
    agent = check_agent(game, agent)
    others = [j for j in range(game.num_agents) if j != agent]
    available = [] if game.masks is None else [(_barred(game, j), game.masks[j]) for j in others]
    return _checked(game, models, argument, [game.num_actions[j] for j in others], available, "one per opponent")


def _barred(game: Game, agent: int) -> Said:
    """What a message says of an action that an agent does not have."""

    def said(action: int) -> str:
        called = quoted_action(game.action_names, agent, action)
        return f"{called} is not available to {agent_label(game.agent_names, agent)}"

    return said


def _others_available(game: Game) -> Sequence[tuple[Said, Booleans]]:
    """Per agent the mask (S, B_i) of the others' joint actions, with what a message says of one that there is not."""
    if game.masks is None:
        return ()
    masks = (joint_of_others(game.masks, agent) for agent in range(game.num_agents))
    return [("joint action {} of the others is not available".format, mask) for mask in masks]


def _checked(
    game: Game,
    policy: Sequence[Any],
    argument: str,
    num_actions: Sequence[int],
    available: Sequence[tuple[Said, Booleans]],
    each: str = "one per agent",
) -> Policy:
    """The arrays (S, k) of a policy or model, checked, for k in `num_actions`; `each` says whose they are.

    `available` holds for each a mask (S, k), if there are any, and what a message says of an action it does not let
    pass.
    """
    instance(argument, policy, Sequence, f"a tuple of {len(num_actions)} arrays, {each}")
    if len(policy) != len(num_actions):
        fail(argument, f"has {len(policy)} arrays", f"{len(num_actions)}, {each}")
    checked = []
    for i, (agent_policy, actions) in enumerate(zip(policy, num_actions, strict=True)):
        array = as_floats(f"{argument}[{i}]", agent_policy)
        if game.num_states == 1 and array.ndim == 1:
            array = array[None]
        shape(f"{argument}[{i}]", array, (game.num_states, actions))
        single = isinstance(agent_policy, np.ndarray) and agent_policy.dtype.itemsize < array.dtype.itemsize
        mend = "convert it to float64 first, then normalise the row" if single else "normalise the row"
        if game.ended is not None:
            array[game.ended] = _in_ended(game, actions)
        probabilities(f"{argument}[{i}]", array, mend)
        if available:
            _refuse_barred(game, f"{argument}[{i}]", array, *available[i])
        array.flags.writeable = False
        checked.append(array)
    return tuple(checked)


def _in_ended(game: Game, actions: int) -> FloatArray:
    """The row of a policy where an episode has ended: uniform, or in play its one action."""
    return np.eye(actions)[0] if game.played else np.full(actions, 1 / actions)


def _refuse_barred(game: Game, name: str, array: FloatArray, barred: Said, available: Booleans) -> None:
    """Refuse a policy that plays what is not available."""
    played = (array > 0) & ~available
    if played.any():
        s, a = np.argwhere(played)[0]
        fail(
            f"{name}[{s}, {a}]",
            f"is {array[s, a]:g}, and {barred(int(a))} in {game.called(int(s))}",
            "0",
            "mask the policy",
        )


def _check_arrays(policy: Any) -> None:
    """Require at least one array (S, A_i), all of as many states."""
    expected, mend = "a tuple of arrays (S, A_i), one per agent", "as_policy makes it of lists"
    given: Sequence[Any] = instance("policy", policy, Sequence, expected, mend)
    shapes: list[tuple[int, ...]] = [getattr(own, "shape", ()) for own in given]
    if not shapes or any(len(own) != 2 or own[0] != shapes[0][0] for own in shapes):
        fail("policy", f"is {shown(policy)}", expected, mend)


def uniform_policy(game: Game) -> Policy:
    """Return the policy in which each agent plays all of its available actions with the same probability.

        π^i(a_i | s) = 1/A_i(s), with A_i(s) the number of available actions

    `game`  the game that it is for

    Returns one array (S, A_i) per agent.
    """
    check_game(game)
    if game.masks is None:
        return tuple(np.full((game.num_states, actions), 1 / actions) for actions in game.num_actions)
    return tuple(own / own.sum(axis=1, keepdims=True) for own in game.masks)


def random_policy(game: Game, rng: np.random.Generator, concentration: float = 1.0) -> Policy:
    """Draw a policy whose rows are independent and come from a symmetric Dirichlet distribution.

        π^i(· | s) ~ Dirichlet(c, …, c) over the available actions, uniform in terminal states

    `game`           the game that it is for
    `rng`            the random generator that is drawn from
    `concentration`  c > 0; 1 (the default) is uniform on the simplex, and rows come nearer to deterministic ones as it
                     falls

    Returns one array (S, A_i) per agent. Raises `ValueError` naming the argument.
    """
    check_game(game)
    instance("rng", rng, np.random.Generator, "a numpy.random.Generator", "numpy.random.default_rng(0) makes one")
    concentration = positive("concentration", concentration)
    rows = (rng.dirichlet(np.full(actions, concentration), size=game.num_states) for actions in game.num_actions)
    drawn = tuple(rows)
    if game.masks is not None:
        drawn = tuple(
            _drawn_available(own, mask, rng, concentration) for own, mask in zip(drawn, game.masks, strict=True)
        )
    if game.ended is not None:
        for own in drawn:
            own[game.ended] = _in_ended(game, own.shape[1])
    return drawn


def _drawn_available(
    own: FloatArray, available: Booleans, rng: np.random.Generator, concentration: float
) -> FloatArray:
    """The rows drawn, those with unavailable actions drawn again over what is available."""
    for s in np.flatnonzero(~available.all(axis=1)):
        own[s] = 0.0
        own[s, available[s]] = rng.dirichlet(np.full(available[s].sum(), concentration))
    return own


def joint_policy(policy: Policy) -> FloatArray:
    """Return the probabilities of joint actions under a product policy.

        π(a | s) = Π_i π^i(a_i | s)

    `policy`  π^i, one array (S, A_i) per agent

    Returns (S, A_1, …, A_n).
    """
    _check_arrays(policy)
    return reduce(
        lambda joint, agent: joint[..., None] * agent.reshape(len(agent), *[1] * (joint.ndim - 1), -1), policy
    )


def opponents_policy(policy: Policy) -> Policy:
    """Return, for each agent i, the probabilities of the joint actions of all other agents.

        π^{-i}(b | s) = Π_{j≠i} π^j(b_j | s)

    `policy`  π^j, one array (S, A_j) per agent

    Returns one array (S, B_i) per agent, with the others' joint actions b in C order.
    """
    _check_arrays(policy)
    num_states = len(policy[0])
    nobody = np.ones((num_states, 1))
    others = [joint_policy((nobody, *policy[:i], *policy[i + 1 :])) for i in range(len(policy))]
    return tuple(joint.reshape(num_states, -1) for joint in others)


def marginals(joint: FloatArray) -> Policy:
    """Return each agent's own policy within a joint policy.

        π^i(a_i | s) = Σ_{a_{-i}} π(a | s)

    `joint`  π, (S, A_1, …, A_n)

    Returns one array (S, A_i) per agent. Raises `ValueError` where `joint` is no such array.
    """
    if instance("joint", joint, np.ndarray, "an array (S, A_1, …, A_n)").ndim < 2:
        fail("joint", f"has shape {joint.shape}", "(S, A_1, …, A_n)")
    axes = range(1, joint.ndim)
    return tuple(joint.sum(axis=tuple(axis for axis in axes if axis != agent)) for agent in axes)

"""Perceptrons as plain arrays: a network is a tuple of layers, and several of one shape are one with a leading axis.

    x_0 = input,   x_{k+1} = max(W_k x_k + b_k, 0),   output = W_K x_K + b_K

Weights start as He et al. (2015) say, normal with variance 2 / inputs, and biases at 0. (Orthogonal starting weights,
which other codes use, need a factorisation: several of these in one compiled function can hang on two cores.)
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

__all__ = [
    "Critic",
    "Layer",
    "Pass",
    "Perceptron",
    "backward",
    "critic",
    "forward",
    "of_state",
    "output",
    "own_values",
    "perceptron",
    "values",
    "weights_of",
]


class Layer(NamedTuple):
    """One layer: `weights` (inputs, outputs) and `bias` (outputs,), perhaps with leading axes of several networks."""

    weights: Array
    bias: Array


Perceptron = tuple[Layer, ...]


def weights_of(sizes: Sequence[int]) -> int:
    """How many weights a network of these numbers of inputs, hidden units … and outputs has."""
    return sum(inputs * outputs for inputs, outputs in pairwise(sizes))


def perceptron(normal: Array, sizes: Sequence[int], *, final: float = 1.0) -> Perceptron:
    """A network whose weights are these normal numbers, scaled; those of the last layer are also multiplied by `final`.

    `normal`  as many numbers as `weights_of` says
    `sizes`   the numbers of inputs, hidden units … and outputs
    """
    layers, begin = [], 0
    for inputs, outputs in pairwise(sizes):
        end = begin + inputs * outputs
        weights = jnp.sqrt(2 / inputs).astype(normal.dtype) * normal[begin:end].reshape(inputs, outputs)
        layers.append(Layer(weights, jnp.zeros(outputs, normal.dtype)))
        begin = end
    return (*layers[:-1], Layer(final * layers[-1].weights, layers[-1].bias))


class Pass(NamedTuple):
    """An input on its way through a network: `inputs` x_k of each layer, (…, inputs), and `output`, (…, outputs)."""

    inputs: tuple[Array, ...]
    output: Array


def forward(network: Perceptron, x: Array) -> Pass:
    """The input x (…, inputs) on its way through the network."""
    inputs = [x]
    for weights, bias in network[:-1]:
        inputs.append(jax.nn.relu(inputs[-1] @ weights + bias))
    return Pass(tuple(inputs), inputs[-1] @ network[-1].weights + network[-1].bias)


def backward(network: Perceptron, passed: Pass, slope: Array) -> Perceptron:
    """The gradient in the network's arrays of a function whose gradient in the output (B, outputs) is `slope`.

    It is what `jax.grad` gives. A pass that was made for another reason need not be made again for the gradient.
    """
    layers = list(network)
    for k in reversed(range(len(network))):
        x, weights = passed.inputs[k], network[k].weights
        layers[k] = Layer(x.T @ slope, slope.sum(axis=0))
        if k > 0:
            slope = jnp.where(x > 0, slope @ weights.T, 0.0)
    return tuple(layers)


def output(network: Perceptron, x: Array) -> Array:
    """The network's output (…, outputs) for the input x (…, inputs)."""
    return forward(network, x).output


class Critic(NamedTuple):
    """Q(s, a) of a state's features and all agents' actions, the first layer cut by what its inputs are.

    `state`    (features, hidden): the first layer's weights for the state
    `actions`  (n, A, hidden): those for each agent's action, a one-hot row or a vector
    `bias`     (hidden,)
    `rest`     the other layers, with one output

    So the values of all actions of one agent share what the state and the other agents add to the first layer.
    """

    state: Array
    actions: Array
    bias: Array
    rest: Perceptron


def critic(normal: Array, sizes: Sequence[int], num_agents: int, num_actions: int) -> Critic:
    """A critic whose weights are these normal numbers, scaled.

    `normal`  as many numbers as `weights_of` says
    `sizes`   the numbers of inputs, features and n · A, of hidden units …, and of outputs, 1
    """
    first, *rest = perceptron(normal, sizes)
    num_features = sizes[0] - num_agents * num_actions
    state, actions = first.weights[:num_features], first.weights[num_features:]
    return Critic(state, actions.reshape(num_agents, num_actions, -1), first.bias, tuple(rest))


def of_state(network: Critic, features: Array) -> Array:
    """What a state adds to the first layer, (B, hidden), of features (B, features)."""
    return features @ network.state + network.bias


def values(network: Critic, features: Array, actions: Array) -> Array:
    """Q(s, a), (B,), of features (B, features) and actions (B, n, A)."""
    flat = actions.reshape(*actions.shape[:-2], -1)
    first = of_state(network, features) + flat @ network.actions.reshape(flat.shape[-1], -1)
    return output(network.rest, jax.nn.relu(first))[..., 0]


def own_values(network: Critic, state: Array, actions: Array, agent: Array | int) -> Array:
    """Q(s, (b, a^{-i})) for every action b of agent i, (B, A), of actions (B, n, A).

    `state`  what the state adds to the first layer, (B, hidden), as `of_state` has it
    """
    others = jnp.where((jnp.arange(actions.shape[1]) == agent)[:, None], 0.0, actions)
    flat = others.reshape(len(others), -1)
    shared = state + flat @ network.actions.reshape(flat.shape[-1], -1)
    first = shared[:, None] + network.actions[agent]
    return output(network.rest, jax.nn.relu(first))[..., 0]

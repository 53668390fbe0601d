"""HASAC's update in PyTorch, as a peer for speed: `python torch_hasac.py --batch 1000 --hidden 256`, an answer in JSON.

One update, for n agents with A actions each and a state that all of them see, is that of HASAC (Liu et al. 2024) with
the expectation over an agent's own action taken exactly:

    y    = r + γ (min_k Q_k'(s', a') − α Σ_i log π^i(a'^i|s')),  a' ~ π                            (1)
    loss = Σ_k mean (Q_k(s, a) − y)²                                                               (2)
    loss = mean Σ_a π^i(a|s) (α log π^i(a|s) − min_k Q_k(s, a, a^-i)),  a^-i ~ π^-i                (3)

in a batch drawn from a replay buffer: a step of Adam on (2), one on (3) for each agent in a random order, in which the
actions a^j of agents that have been updated are drawn anew, and Q' ← Q' + 0.005 (Q − Q').

What is spared costs no accuracy: in a critic's first layer only the row of the own action differs between the A own
actions, and since nobody else's step changes π^i, the pass that draws a^i before the first step is the one that (3) is
differentiated through.

It needs nothing but PyTorch, in an environment of its own, and mathrl neither imports nor tests it:

    python3 -m venv .venv-torch
    .venv-torch/bin/pip install torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu
    .venv-torch/bin/python benchmarks/peers/torch_hasac.py
"""

import argparse
import ctypes
import json
import math
import statistics
import sys
import time
from collections.abc import Callable
from itertools import chain

import torch
from torch import Tensor, relu_
from torch.nn.functional import mse_loss, one_hot

STATES, ACTIONS, STORED = 30, 5, 10_000
DISCOUNT, TEMPERATURE, POLYAK, LEARNING_RATE = 0.95, 0.2, 0.005, 5e-4


Network = list[Tensor]
"""A weight (in, out) and a bias (out,) for each of three layers."""


def network(inputs: int, hidden: int, outputs: int) -> Network:
    layers = []
    for rows, columns in ((inputs, hidden), (hidden, hidden), (hidden, outputs)):
        bound = 1 / math.sqrt(rows)
        layers += [torch.empty(rows, columns).uniform_(-bound, bound), torch.empty(columns).uniform_(-bound, bound)]
    return [layer.requires_grad_() for layer in layers]


def forward(layers: Network, x: Tensor) -> Tensor:
    """The outputs (B, out) of inputs (B, in)."""
    return above(layers, torch.addmm(layers[1], x, layers[0]))


def above(layers: Network, sums: Tensor) -> Tensor:
    """What follows from the first layer's sums (B, hidden), which are overwritten."""
    _, _, w_2, b_2, w_3, b_3 = layers
    return torch.addmm(b_3, relu_(torch.addmm(b_2, relu_(sums), w_2)), w_3)


def own_values(critics: list[Network], x: Tensor, start: int) -> Tensor:
    """The least Q at each own action, (B, A); `x` is zero in the A columns of that action, which begin at `start`."""
    values = []
    for critic in critics:
        sums = torch.addmm(critic[1], x, critic[0])[:, None] + critic[0][start : start + ACTIONS]
        values.append(above(critic, sums.flatten(0, 1)).view(-1, ACTIONS))
    return torch.minimum(*values)


def drawn(log_pi: Tensor) -> Tensor:
    """One action a row, by the least of exponential times."""
    return (torch.empty_like(log_pi).exponential_().log_() - log_pi).argmin(dim=-1)


class Learner:
    """The networks, their optimisers, and a replay buffer of random transitions."""

    def __init__(self, agents: int, batch: int, hidden: int, adam: dict[str, bool], compiled: bool) -> None:
        self.batch = batch
        self.observations, self.next_observations = (
            one_hot(torch.randint(STATES, (STORED,)), STATES).float() for _ in range(2)
        )
        self.actions = torch.randint(ACTIONS, (STORED, agents))
        self.rewards = torch.randn(STORED)
        self.actors = [network(STATES, hidden, ACTIONS) for _ in range(agents)]
        self.critics = [network(STATES + agents * ACTIONS, hidden, 1) for _ in range(2)]
        self.targets = [[layer.detach().clone() for layer in critic] for critic in self.critics]
        self.critic_step = torch.optim.Adam([*chain(*self.critics)], lr=LEARNING_RATE, **adam)
        self.actor_steps = [torch.optim.Adam(actor, lr=LEARNING_RATE, **adam) for actor in self.actors]
        wrap: Callable = torch.compile if compiled else (lambda function: function)
        self.log_policy, self.critic_loss, self.own_values = wrap(log_policy), wrap(critic_loss), wrap(own_values)
        self.actor_loss = wrap(actor_loss)

    def update(self) -> Tensor:
        rows = torch.randint(STORED, (self.batch,))
        observations, next_observations = self.observations[rows], self.next_observations[rows]
        with torch.no_grad():
            y = self.rewards[rows] + DISCOUNT * self.next_values(next_observations)  # (1)
        inputs = torch.cat([observations, one_hot(self.actions[rows], ACTIONS).flatten(1)], dim=1)
        loss = self.critic_loss(self.critics, inputs, y)
        descend(self.critic_step, loss)

        log_pi = [self.log_policy(actor, observations) for actor in self.actors]
        with torch.no_grad():
            joint = [one_hot(drawn(own), ACTIONS).float() for own in log_pi]
        for i in torch.randperm(len(self.actors)).tolist():
            with torch.no_grad():
                others = [torch.zeros_like(own) if j == i else own for j, own in enumerate(joint)]
                values = self.own_values(self.critics, torch.cat([observations, *others], dim=1), STATES + i * ACTIONS)
            descend(self.actor_steps[i], self.actor_loss(log_pi[i], values))
            with torch.no_grad():
                joint[i] = one_hot(drawn(self.log_policy(self.actors[i], observations)), ACTIONS).float()
        with torch.no_grad():
            torch._foreach_lerp_([*chain(*self.targets)], [*chain(*self.critics)], POLYAK)
        return loss

    def next_values(self, observations: Tensor) -> Tensor:
        """The bracket of (1), (B,)."""
        log_pi = torch.stack([self.log_policy(actor, observations) for actor in self.actors], dim=1)
        actions = drawn(log_pi)
        inputs = torch.cat([observations, one_hot(actions, ACTIONS).flatten(1)], dim=1)
        log_pi_of_actions = log_pi.gather(2, actions[..., None]).sum(dim=(1, 2))
        values = torch.minimum(*(forward(target, inputs) for target in self.targets))
        return values[:, 0] - TEMPERATURE * log_pi_of_actions


def log_policy(actor: Network, observations: Tensor) -> Tensor:
    return forward(actor, observations).log_softmax(dim=-1)


def critic_loss(critics: list[Network], inputs: Tensor, y: Tensor) -> Tensor:
    return mse_loss(forward(critics[0], inputs)[:, 0], y) + mse_loss(forward(critics[1], inputs)[:, 0], y)  # (2)


def actor_loss(log_pi: Tensor, values: Tensor) -> Tensor:
    return (log_pi.exp() * (TEMPERATURE * log_pi - values)).sum(dim=1).mean()  # (3)


def descend(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def keep_memory() -> None:
    """Have glibc keep what it frees: otherwise page faults take a quarter of the time of a large batch."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", lambda option, value: None)
    mallopt(-1, 2**30)  # M_TRIM_THRESHOLD
    mallopt(-3, 2**25)  # M_MMAP_THRESHOLD, at its limit


def main() -> None:
    parser = argparse.ArgumentParser(description="Updates of HASAC a second, in PyTorch on one thread.")
    parser.add_argument("--agents", type=int, default=3)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--adam", choices=("fused", "foreach", "plain"), default="fused")
    parser.add_argument("--compile", action="store_true", help="torch.compile the networks and losses")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=1.0, help="about how long a repeat takes")
    parser.add_argument("--asked", action="store_true", help="read numbers of updates, and answer how long each took")
    given = parser.parse_args()
    keep_memory()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    adam = {"fused": {"fused": True}, "foreach": {"foreach": True}, "plain": {"foreach": False}}[given.adam]
    learner = Learner(given.agents, given.batch, given.hidden, adam, given.compile)

    def seconds(updates: int) -> tuple[float, float]:
        """Of the clock, and of the processor: where others use it too, the latter says more."""
        clock, processor = time.perf_counter(), time.process_time()
        for _ in range(updates):
            learner.update()
        return time.perf_counter() - clock, time.process_time() - processor

    seconds(10)
    if given.asked:
        for line in sys.stdin:
            print(seconds(int(line))[0], flush=True)
        return
    updates = max(1, round(given.seconds * 10 / seconds(10)[0]))
    clock, processor = zip(*(seconds(updates) for _ in range(given.repeats)), strict=True)
    rates = {
        "updates_per_second": updates / statistics.median(clock),
        "updates_per_processor_second": updates / statistics.median(processor),
    }
    print(json.dumps(vars(given) | {"torch": torch.__version__, "updates": updates} | rates))


if __name__ == "__main__":
    main()

"""Stochastic games of the five papers and of the literature. The number of a state or an action is its index."""

import numpy as np

from mathrl.base.checks import count, fail, proportion, real
from mathrl.games.model import Game
from mathrl.games.random import random_stochastic
from mathrl.games.registry import game

__all__ = ["big_match", "chain", "dmac", "gambler", "opt_in"]

DEARDEN = "Dearden, Friedman and Russell, Bayesian Q-learning, AAAI 1998; slip 0.2, discount 0.99"
SUTTON = "Sutton and Barto, Reinforcement Learning: An Introduction, example 4.3; without the stake 0, which only waits"
BOUTILIER = "Boutilier, Sequential optimality and coordination in multiagent systems, IJCAI 1999; discount ours"
GILLETTE = (
    "Gillette, Stochastic games with zero stop probabilities (1957), as in Blackwell and Ferguson (1968); discount ours"
)


@game("dmac", source="DMAC, section 5.1 (30 states, 3 agents, 5 actions) and appendix C (discount); the rest ours")
def dmac(seed: int = 0) -> Game:
    """DMAC's didactic example: a common payoff and transitions drawn at random.

    The paper gives neither the distributions nor the seed. Ours: rewards standard normal, transitions uniform on the
    simplex (Dirichlet with parameters 1), uniform start, seed 0. The discount, 0.99, is the one it trains with.
    """
    return random_stochastic(30, (5, 5, 5), discount=0.99, seed=seed)


@game("chain", source=DEARDEN)
def chain(num_states: int = 5, slip: float = 0.2, discount: float = 0.99) -> Game:
    """Chain, one agent: advance for 10 at the far end, or return for 2 at once; each slips into the other.

    Action 0 leads from state s to s + 1 for nothing, and stays at the last state for 10. Action 1 leads to state 0
    for 2. With probability `slip` the other action happens. An episode starts in state 0.
    """
    num_states, slip = count("num_states", num_states, 1), real("slip", slip)
    if not 0 <= slip <= 1:
        fail("slip", f"is {slip:g}", "a probability")
    states = np.arange(num_states)
    rewards, transitions = np.zeros((num_states, 2)), np.zeros((num_states, 2, num_states))
    rewards[-1, 0], rewards[:, 1] = 10, 2
    transitions[states, 0, np.minimum(states + 1, num_states - 1)] = 1
    transitions[:, 1, 0] = 1
    return Game.stochastic(
        (1 - slip) * rewards + slip * rewards[:, ::-1],
        (1 - slip) * transitions + slip * transitions[:, ::-1],
        discount,
        start=np.eye(num_states)[0],
        action_names=[("a", "b")],
    )


@game("opt-in", source=BOUTILIER)
def opt_in(discount: float = 0.9) -> Game:
    """Opt in or out, two agents: the first may lead both to a coordination game, worth 10 or -10, or to a sure 5.

    State 0: agent 0 opts in (action 0, to state 1) or out (action 1, to state 2). State 1: equal actions lead to
    state 3, others to state 4. State 2 leads to state 5. States 3, 4, 5 pay 10, -10, 5 and lead to state 0.
    """
    rewards, transitions = np.zeros((6, 2, 2)), np.zeros((6, 2, 2, 6))
    rewards[3:] = np.array([10, -10, 5])[:, None, None]
    transitions[0, 0, :, 1] = transitions[0, 1, :, 2] = 1
    transitions[1, :, :, 3], transitions[1, :, :, 4] = np.eye(2), 1 - np.eye(2)
    transitions[2, :, :, 5] = transitions[3:, :, :, 0] = 1
    return Game.stochastic(rewards, transitions, discount, start=np.eye(6)[0], action_names=[("a", "b")] * 2)


@game("big-match", source=GILLETTE)
def big_match(discount: float = 0.9) -> Game:
    """Big match, zero-sum: agent 0 earns 1 for each right guess, until it guesses 1: then that day is repeated forever.

    State 0 is the guess, states 1 and 2 repeat a right and a wrong one. The value is 1 / (2 (1 - discount)).
    """
    rewards, transitions = np.zeros((3, 2, 2)), np.zeros((3, 2, 2, 3))
    rewards[0], rewards[1] = np.eye(2), 1
    transitions[0, 0, :, 0] = transitions[0, 1, 1, 1] = transitions[0, 1, 0, 2] = 1
    transitions[1, :, :, 1] = transitions[2, :, :, 2] = 1
    return Game.stochastic([rewards, -rewards], transitions, discount, start=np.eye(3)[0])


@game("gambler", source=SUTTON)
def gambler(goal: int = 100, heads: float = 0.4) -> Game:
    """Gambler, one agent: it stakes some of its capital on heads again and again, until it has the goal or nothing.

    State s is the capital; 0 and `goal` are terminal. Action k stakes k + 1, at most min(s, goal - s); heads, of
    probability `heads`, wins the stake. To reach the goal pays 1 and the discount is 1, so a value without entropy is
    the probability of reaching it. The start is uniform over the states in which play goes on.
    """
    from scipy.sparse import coo_array

    goal, heads = count("goal", goal, 2), proportion("heads", heads)
    capital, stake = np.arange(goal + 1)[:, None], np.arange(1, goal // 2 + 1)
    available = stake <= np.minimum(capital, goal - capital)
    available[[0, -1]] = True
    row = (capital * len(stake) + stake - 1)[available]
    won, lost = (np.clip(capital + change, 0, goal)[available] for change in (stake, -stake))
    chances = np.repeat([heads, 1 - heads], len(row))
    transitions = coo_array((chances, (np.tile(row, 2), np.concatenate([won, lost]))), shape=(available.size, goal + 1))
    rewards = np.where(available & (capital + stake == goal), heads, 0.0)
    rewards[[0, -1]] = 0.0
    ended = np.isin(capital[:, 0], [0, goal])
    start = np.where(ended, 0.0, 1 / (goal - 1))
    return Game.stochastic(rewards, transitions, 1.0, start, available=[available], terminal=ended)

"""Matrix games of the five papers and of the literature."""

import numpy as np

from mathrl.base.checks import count, fail, real
from mathrl.games.model import Game
from mathrl.games.registry import game

CLAUS_BOUTILIER = (
    "Claus and Boutilier, The dynamics of reinforcement learning in cooperative multiagent systems, AAAI 1998"
)
AUMANN = "Aumann, Subjectivity and correlation in randomized strategies, J. Math. Econ. 1 (1974)"
SHAPLEY = "Shapley, Some topics in two-person games, Advances in Game Theory (1964)"


LETTERS = (("A", "B", "C"),) * 2
"""What the papers call the three actions of both agents."""


@game("climbing", source=CLAUS_BOUTILIER)
def climbing() -> Game:
    """Climbing game: the best joint action (A,A) is guarded by penalties, the safe one (C,C) pays 5."""
    return Game.matrix(np.array([[11, -30, 0], [-30, 7, 6], [0, 0, 5]]), action_names=LETTERS)


@game("climbing-rommeo", source="ROMMEO, section 5.1")
def climbing_rommeo() -> Game:
    """Climbing game as ROMMEO prints it: (C,C) pays (5, 3), so the payoff is not common."""
    row = np.array([[11, -30, 0], [-30, 7, 6], [0, 0, 5]])
    column = np.array([[11, -30, 0], [-30, 7, 6], [0, 0, 3]])
    return Game.matrix([row, column], action_names=LETTERS)


@game("hasac", source="HASAC, Figure 1a")
def hasac() -> Game:
    """Three pure equilibria that pay 5, 10 and 20, with -20 wherever the agents disagree."""
    return Game.matrix(np.array([[5, -20, -20], [-20, 10, -20], [-20, -20, 20]]), action_names=LETTERS)


@game("soft-qmix", source="Soft-QMIX, Table 1")
def soft_qmix() -> Game:
    """A common payoff that is not monotone: 8 at (A,A), -12 where one agent alone plays A."""
    return Game.matrix(np.array([[8, -12, -12], [-12, 0, 0], [-12, 0, 0]]), action_names=LETTERS)


@game("penalty", source=CLAUS_BOUTILIER)
def penalty(k: float = -100) -> Game:
    """Penalty game: two optimal joint actions, and `k` for confusing them."""
    k = real("k", k)
    return Game.matrix(np.array([[10, 0, k], [0, 2, 0], [k, 0, 10]]))


@game("pure-coordination", source="Lewis, Convention (1969)")
def pure_coordination(num_agents: int = 2, num_actions: int = 2) -> Game:
    """Pure coordination: 1 where all agents play the same action, 0 elsewhere."""
    num_agents, num_actions = count("num_agents", num_agents, 1), count("num_actions", num_actions, 1)
    if num_agents > 32 or num_actions**num_agents > 10**8:
        fail("num_actions", f"is {num_actions} for {num_agents} agents", "at most 1e8 joint actions")
    payoffs = np.zeros((num_actions,) * num_agents)
    payoffs[(np.arange(num_actions),) * num_agents] = 1
    return Game.matrix(payoffs, common_payoff=True)


@game("stag-hunt", source="Rousseau, Discourse on inequality (1755), with payoffs often used for it")
def stag_hunt() -> Game:
    """Stag hunt: (stag, stag) pays most, hare is safe."""
    return _symmetric([[4, 1], [3, 2]], "stag", "hare")


@game("prisoners-dilemma", source="Axelrod, The evolution of cooperation (1984)")
def prisoners_dilemma() -> Game:
    """Prisoner's dilemma, actions (cooperate, defect): T = 5, R = 3, P = 1, S = 0."""
    return _symmetric([[3, 0], [5, 1]], "cooperate", "defect")


@game("chicken", source=AUMANN)
def chicken() -> Game:
    """Chicken, actions (yield, dare): Aumann's example of a correlated equilibrium."""
    return _symmetric([[6, 2], [7, 0]], "yield", "dare")


@game("battle-of-the-sexes", source="Luce and Raiffa, Games and decisions (1957), section 5.3, with 0 off the diagonal")
def battle_of_the_sexes() -> Game:
    """Battle of the sexes: both prefer to meet, each at the place of his own."""
    return Game.matrix([np.diag([2, 1]), np.diag([1, 2])], action_names=[("prize fight", "ballet")] * 2)


@game("matching-pennies", source="von Neumann, Zur Theorie der Gesellschaftsspiele, Math. Ann. 100 (1928)")
def matching_pennies() -> Game:
    """Matching pennies: zero-sum, the first agent wants to agree."""
    return _zero_sum([[1, -1], [-1, 1]], "heads", "tails")


@game("rock-paper-scissors", source="von Neumann and Morgenstern, Theory of games and economic behavior (1944)")
def rock_paper_scissors() -> Game:
    """Rock, paper, scissors: zero-sum, each action beats the one before it."""
    return _zero_sum([[0, -1, 1], [1, 0, -1], [-1, 1, 0]], "rock", "paper", "scissors")


@game("shapley", source=SHAPLEY)
def shapley() -> Game:
    """Shapley's game: a unique equilibrium, uniform, around which fictitious play cycles."""
    return Game.matrix([np.eye(3), np.roll(np.eye(3), 1, axis=1)])


def _symmetric(row_payoffs: list[list[float]], *actions: str) -> Game:
    """Both agents have the same payoffs as functions of (own action, other's action), and the same actions."""
    payoffs = np.array(row_payoffs)
    return Game.matrix([payoffs, payoffs.T], action_names=[actions] * 2)


def _zero_sum(row_payoffs: list[list[float]], *actions: str) -> Game:
    payoffs = np.array(row_payoffs)
    return Game.matrix([payoffs, -payoffs], action_names=[actions] * 2)

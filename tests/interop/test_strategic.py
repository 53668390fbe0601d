"""Gambit and nashpy: objects that are handed over, and modules that mathrl never imports."""

import subprocess
import sys
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from mathrl.exploitability import exploitability
from mathrl.games import Game, load, random_matrix
from mathrl.interop import from_nashpy, from_pygambit, to_arrays, to_nashpy, to_pygambit
from tests.interop.packages import package


def test_arrays_make_the_same_game():
    for game in (load("climbing"), random_matrix((2, 3, 2), structure="general-sum", seed=1)):
        back = Game.matrix(to_arrays(game))
        np.testing.assert_array_equal(back.rewards, game.rewards)
        assert back.common_payoff == game.common_payoff


def test_arrays_are_copies():
    game = load("climbing")
    to_arrays(game)[0][:] = 0
    assert game.rewards.any()


@pytest.mark.parametrize(
    ("game", "message"),
    [
        (load("opt-in"), "expected a matrix game"),
        (Game.matrix(np.eye(2), available=[[True, False], [True, True]]), "all actions are available"),
        ("climbing", r"expected a mathrl\.Game"),
    ],
)
def test_arrays_hold_no_other_game(game, message):
    with pytest.raises(ValueError, match=message):
        to_arrays(game)


def test_nashpy_both_ways():
    nashpy = package("nashpy")
    game = random_matrix((3, 2), structure="general-sum", seed=5)
    theirs = to_nashpy(game, nashpy)
    np.testing.assert_array_equal(from_nashpy(theirs).rewards, game.rewards)
    equilibria = list(theirs.support_enumeration())
    assert equilibria
    for profile in equilibria:
        np.testing.assert_allclose(exploitability(game, list(profile), temperature=0.0), 0, atol=1e-12)


def test_nashpys_zero_sum_form():
    nashpy = package("nashpy")
    game = from_nashpy(nashpy.Game([[1, -1], [-1, 1]]))
    np.testing.assert_array_equal(game.rewards[0], -game.rewards[1])


def test_pygambit_both_ways_with_labels():
    pygambit = package("pygambit")
    game = Game.matrix(
        [np.array([[0.1, -1 / 3], [2.0, 1e-7]]), np.ones((2, 2))],
        agent_names=["row", "column"],
        action_names=[["up", "down"], ["left", "right"]],
        title="A game",
    )
    theirs = to_pygambit(game, pygambit)
    assert [player.label for player in theirs.players] == ["row", "column"]
    assert [[s.label for s in player.strategies] for player in theirs.players] == [["up", "down"], ["left", "right"]]
    assert theirs.title == "A game"
    back = from_pygambit(theirs)
    np.testing.assert_array_equal(back.rewards, game.rewards)
    assert (back.agent_names, back.action_names, back.title) == (game.agent_names, game.action_names, game.title)


def test_names_that_gambit_gives_by_itself_are_none():
    pygambit = package("pygambit")
    game = from_pygambit(pygambit.Game.from_arrays(np.eye(2), np.eye(2)))
    assert (game.agent_names, game.action_names, game.title) == (None, None, None)


class AsciiAlone:
    """What pygambit 16.7 does with a label."""

    def __setattr__(self, name, value):
        value.encode("ascii")


def test_a_name_that_gambit_does_not_take_is_named():
    named, player = AsciiAlone(), SimpleNamespace(strategies=[AsciiAlone(), AsciiAlone()])
    made = SimpleNamespace(players=[player, SimpleNamespace(strategies=[])])
    module = SimpleNamespace(Game=SimpleNamespace(from_arrays=lambda *_: made))
    game = Game.matrix(np.eye(2), action_names=[["hoch", "über"], None])
    with pytest.raises(ValueError, match=r"^action_names\[0\]\[1\] is 'über', and pygambit says: 'ascii' codec"):
        to_pygambit(game, module)
    made.players[0] = named
    with pytest.raises(ValueError, match=r"^agent_names\[0\] is 'é', and"):
        to_pygambit(Game.matrix(np.eye(2), agent_names=["é", "f"]), module)


def test_a_gambit_tree_is_taken_in_strategic_form():
    pygambit = package("pygambit")
    tree = pygambit.Game.new_tree(players=["leader", "follower"])
    tree.append_move(tree.root, "leader", ["in", "out"])
    entered, out = tree.root.children
    tree.append_move(entered, "follower", ["fight", "share"])
    fought, shared = entered.children
    for label, node, payoffs in (("x", fought, [-1, -1]), ("y", shared, [1, 1]), ("z", out, [0, 2])):
        tree.set_outcome(node, tree.add_outcome(label, payoffs))
    game = from_pygambit(tree)
    np.testing.assert_array_equal(game.rewards[:, 0], [[[-1, 1], [0, 0]], [[-1, 1], [2, 2]]])
    assert game.title is None


def test_gambits_logit_equilibrium_is_ours():
    pygambit = package("pygambit")
    from mathrl.solvers import qre_branch

    game = random_matrix((2, 3), structure="general-sum", seed=4)
    theirs = pygambit.qre.logit_solve_branch(to_pygambit(game, pygambit), maxregret=0.05)
    point = theirs[-1]
    policy = [np.array([float(point.profile[s]) for s in player.strategies]) for player in point.profile.game.players]
    ours = qre_branch(game, temperature=1 / point.lam, entropy="none").require()
    for own, other in zip(ours.policy, policy, strict=True):
        np.testing.assert_allclose(own[0], other, atol=1e-6)  # Gambit's steps are corrected to about 1e-8


def test_payoffs_become_the_nearest_floats():
    pygambit = package("pygambit")
    theirs = pygambit.Game.from_arrays([[Fraction(1, 3), 0]], [[0, 0]])
    assert from_pygambit(theirs).rewards[0, 0, 0, 0] == 1 / 3


def test_modules_are_handed_over_and_never_imported():
    code = "import sys, mathrl.interop; print(sorted({'pygambit', 'nashpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
    with pytest.raises(ValueError, match="pygambit is None, expected the module pygambit"):
        to_pygambit(load("climbing"), None)
    with pytest.raises(ValueError, match="nashpy is None, expected the module nashpy"):
        to_nashpy(load("climbing"), None)


def test_what_is_no_game_is_refused():
    with pytest.raises(ValueError, match=r"expected a pygambit\.Game"):
        from_pygambit(np.eye(2))
    with pytest.raises(ValueError, match=r"expected a nashpy\.Game"):
        from_nashpy(np.eye(2))


def test_nashpy_takes_two_agents():
    nashpy = package("nashpy")
    with pytest.raises(ValueError, match="has 3 agents, expected 2"):
        to_nashpy(random_matrix((2, 2, 2), seed=1), nashpy)

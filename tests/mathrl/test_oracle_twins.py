"""Several critics in `assert_td_target`: how they are joined, and what is said where they are joined otherwise."""

from itertools import permutations

import numpy as np
import pytest

from mathrl import Game
from mathrl.games import random_policy, random_stochastic
from mathrl.oracle import assert_td_target, hasac_target, one_step_target
from tests.critics import said

JOINS = {"minimum": np.minimum, "mean": lambda a, b: (a + b) / 2, "maximum": np.maximum}


def twins(structure):
    game = random_stochastic(3, (2, 3), structure=structure, discount=0.8, seed=0)
    rng = np.random.default_rng(0)
    return game, rng.normal(size=(2, *game.rewards.shape)), {"policy": random_policy(game, rng), "temperature": 0.3}


@pytest.mark.parametrize("structure", ["common-payoff", "general-sum"])
@pytest.mark.parametrize(("meant", "made"), [*permutations(JOINS, 2)])
def test_another_join_is_named_and_the_right_one_accepted(structure, meant, made):
    game, critics, kind = twins(structure)
    held = {"q": list(critics), "critics": meant, **kind}
    assert_td_target(game, one_step_target(game, q=JOINS[meant](*critics), **kind), **held)
    wrong = one_step_target(game, q=JOINS[made](*critics), **kind)
    message = said(assert_td_target, game, wrong, **held)
    assert message.endswith(f"theirs are the exact ones with the {made} of the critics, not their {meant}")


@pytest.mark.parametrize("structure", ["common-payoff", "general-sum"])
def test_one_critic_alone_and_a_minimum_of_means_are_named(structure):
    game, critics, kind = twins(structure)
    for c in (0, 1):
        message = said(assert_td_target, game, one_step_target(game, q=critics[c], **kind), q=critics, **kind)
        assert message.endswith(f"with critic {c} alone, not the minimum of the critics")
    values = np.stack([np.einsum("sa,sb,...sab->...s", *kind["policy"], q) for q in critics])
    bonus = 0.3 * sum(-(rows * np.log(rows)).sum(axis=1) for rows in kind["policy"])
    wrong = one_step_target(game, v=values.min(axis=0) + bonus, **kind)
    message = said(assert_td_target, game, wrong, q=critics, **kind)
    assert "with the minimum over critics of their mean values, not the mean of their minimum" in message


def test_hasac_takes_the_minimum():
    game, critics, kind = twins("common-payoff")
    assert_td_target(game, hasac_target(game, q=critics, **kind), q=critics, **kind)


def test_critics_of_one_state_are_told_from_agents():
    """Two arrays may be two critics of a common payoff; of a general-sum game they are one critic of two agents."""
    payoffs = np.random.default_rng(0).normal(size=(2, 3, 3))
    held = {"policy": [[0.2, 0.3, 0.5]] * 2, "temperature": 1.0}
    together, apart = Game.matrix(payoffs[0]), Game.matrix(list(payoffs))
    for q in (payoffs[0], payoffs, list(payoffs), payoffs[:, None]):
        assert_td_target(together, payoffs[0], q=q, **held)  # the discount is 0
    for q in (payoffs, payoffs[:, None], [payoffs, payoffs], [payoffs[:, None]] * 3):
        assert_td_target(apart, payoffs, q=q, **held)
    with pytest.raises(ValueError, match=r"^q has shape \(4, 3\)"):
        assert_td_target(together, payoffs[0], q=np.zeros((4, 3)), **held)


def test_a_critic_that_is_a_function_is_called_once_for_each_pair():
    game, critics, kind = twins("common-payoff")
    for many in (1, 2):
        calls = []
        functions = [lambda s, a, c=c, calls=calls: calls.append((c, s, a)) or critics[c][s, *a] for c in range(many)]
        held = {"q": functions if many > 1 else functions[0], **kind}
        assert_td_target(game, one_step_target(game, q=critics[:many].min(axis=0), **kind), **held)
        assert calls == [(c, s, (a, b)) for c in range(many) for s in range(3) for a in range(2) for b in range(3)]


def test_the_critic_that_is_wrong_is_named():
    game, critics, kind = twins("common-payoff")
    critics[1, 2, 1, 0] = np.nan
    for q in (critics, [lambda s, a, q=q: q[s, *a] for q in critics]):
        with pytest.raises(ValueError, match=r"^q\[1\](\[2, 1, 0\]|\(2, \(1, 0\)\)) is nan"):
            assert_td_target(game, game.rewards, q=q, **kind)


def test_an_unknown_join_and_no_critic_are_refused():
    game, critics, kind = twins("common-payoff")
    for q in (critics, critics[0]):
        with pytest.raises(ValueError, match=r"^critics 'least' is unknown"):
            assert_td_target(game, game.rewards, q=q, critics="least", **kind)
    with pytest.raises(ValueError, match=r"^q is an empty sequence"):
        assert_td_target(game, game.rewards, q=[], **kind)

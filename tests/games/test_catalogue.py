import dataclasses
import json
import re

import numpy as np
import pytest

from mathrl.base.checks import InvalidInput
from mathrl.base.registry import Registry
from mathrl.games import Game, catalogue, entry, load, names, save, uniform_policy
from mathrl.games.registry import REGISTRY, game
from mathrl.solvers import haspi, soft_evaluation

NEEDED = {
    "climbing",
    "climbing-rommeo",
    "hasac",
    "soft-qmix",
    "dmac",
    "penalty",
    "stag-hunt",
    "matching-pennies",
    "prisoners-dilemma",
    "battle-of-the-sexes",
    "pure-coordination",
    "shapley",
    "rock-paper-scissors",
    "chicken",
    "random-matrix",
    "random-stochastic",
}


@pytest.mark.parametrize("name", names())
def test_every_entry_loads_says_what_it_is_and_is_the_same_each_time(name):
    one, other, what = load(name), load(entry(name).call), entry(name)
    np.testing.assert_array_equal(one.rewards, other.rewards)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
    assert what.name == name
    assert what.source
    assert what.summary.endswith(".")
    with pytest.raises(dataclasses.FrozenInstanceError):
        what.source = ""


def test_the_names_that_the_design_promises_are_there():
    assert set(names()) >= NEEDED


@pytest.mark.parametrize(
    ("name", "cell", "payoffs"),
    [  # provenance: the printed tables in rommeo 5.1, hasac Figure 1a, soft-qmix Table 1
        ("climbing", (0, 0), 11),
        ("climbing", (2, 2), 5),
        ("climbing", (1, 2), 6),
        ("climbing", (2, 1), 0),
        ("climbing-rommeo", (2, 2), (5, 3)),
        ("climbing-rommeo", (1, 2), (6, 6)),
        ("climbing-rommeo", (2, 1), (0, 0)),
        ("hasac", (2, 2), 20),
        ("hasac", (0, 1), -20),
        ("soft-qmix", (0, 0), 8),
        ("soft-qmix", (0, 2), -12),
        ("soft-qmix", (1, 2), 0),
        ("penalty", (0, 2), -100),
        ("penalty(k=-3)", (2, 0), -3),
        ("penalty", (2, 2), 10),
        ("prisoners-dilemma", (1, 0), (5, 0)),
        ("pure-coordination(num_agents=3, num_actions=4)", (3, 3, 3), 1),
        ("pure-coordination(num_agents=3, num_actions=4)", (3, 3, 2), 0),
        ("rock-paper-scissors", (1, 0), (1, -1)),
    ],
)
def test_cells_are_as_printed(name, cell, payoffs):
    loaded = load(name)
    assert loaded.common_payoff == np.isscalar(payoffs)
    rewards = loaded.rewards[0] if loaded.common_payoff else np.moveaxis(loaded.rewards[:, 0], 0, -1)
    np.testing.assert_array_equal(rewards[cell], payoffs)


def test_hasac_policy_value_as_printed():
    joint = np.multiply.outer([0.6, 0.2, 0.2], [0.6, 0.2, 0.2])
    assert (joint * load("hasac").rewards[0]).sum() == pytest.approx(-8.2)  # hasac.txt, appendix B


def test_dmac_has_the_printed_size():
    dmac = load("dmac")
    assert (dmac.num_states, dmac.num_actions, dmac.discount, dmac.common_payoff) == (30, (5, 5, 5), 0.99, True)


def test_shapley_has_the_uniform_equilibrium():
    np.testing.assert_allclose(load("shapley").rewards.sum(axis=-1), 1)
    np.testing.assert_allclose(load("shapley").rewards.sum(axis=-2), 1)


@pytest.mark.parametrize("discount", [0.5, 0.9, 0.99])
def test_big_match_has_its_known_value(discount):
    big = load(f"big-match(discount={discount})")
    value = 0.5 / (1 - discount)
    values = np.array([value, 1 / (1 - discount), 0])
    (a, b), (c, d) = big.rewards[0, 0] + discount * big.transitions[0] @ values
    assert (a * d - b * c) / (a + d - b - c) == pytest.approx(value)  # of a 2×2 zero-sum game without saddle point


def test_chain_slips():
    chain = load("chain(slip=0.25)")
    np.testing.assert_allclose(chain.transitions[1, 0], [0.25, 0, 0.75, 0, 0])
    np.testing.assert_allclose(chain.transitions[4, 1], [0.75, 0, 0, 0, 0.25])
    np.testing.assert_allclose(chain.rewards[[0, 4]], [[0.5, 1.5], [8, 4]])


def test_the_gambler_has_its_known_values():
    """At 0.4 it is best to stake all that is needed: two wins from 25, one from 50, the first or the second from 75."""
    gambler = load("gambler")
    assert [own.sum() for own in gambler.available[0][[1, 30, 50, 99]]] == [1, 30, 50, 1]
    assert gambler.terminal.nonzero()[0].tolist() == [0, 100]
    assert gambler.discount == 1
    values = np.zeros(101)
    stakes = [np.arange(1, min(s, 100 - s) + 1) for s in range(101)]
    for _ in range(200):
        won = np.append(values[:-1], 1.0)
        values[1:-1] = [(0.4 * won[s + k] + 0.6 * values[s - k]).max() for s, k in enumerate(stakes[1:-1], start=1)]
    np.testing.assert_allclose(values[[25, 50, 75]], [0.16, 0.4, 0.64], rtol=1e-12)
    temperature = 1e-9
    found = haspi(gambler, temperature=temperature).require().v
    entropy = temperature * np.log(50) * gambler.horizon  # of the longest play, uniform all the time
    assert (found >= values - 1e-12).all()
    assert (found <= values + entropy + 1e-12).all()


@pytest.mark.parametrize(("heads", "reached"), [(0.5, np.arange(8) / 8), (1.0, np.arange(8) > 0), (0.0, np.zeros(8))])
def test_a_fair_gambler_reaches_the_goal_by_its_share_whatever_it_stakes(heads, reached):
    game = load(f"gambler(goal=8, heads={heads})")
    uniform = soft_evaluation(game, policy=uniform_policy(game), temperature=1.0, entropy="none").v
    np.testing.assert_allclose(uniform, [*reached, 0.0], rtol=1e-12)


def test_opt_in_pays_ten_for_coordination():
    opt_in = load("opt-in")
    for actions, outcome in (((0, 0), 10), ((1, 1), 10), ((0, 1), -10)):
        after = np.argmax(opt_in.transitions[1][actions])
        assert opt_in.rewards[after, 0, 0] == outcome
    assert opt_in.transitions.max(axis=-1).min() == 1


def test_parameters_are_literals():
    loaded = load("random-stochastic(num_states=5, num_actions=(2, 3), seed=1, successors=2)")
    assert (loaded.num_states, loaded.num_actions, loaded.sparse) == (5, (2, 3), True)
    assert load(" climbing ").num_actions == (3, 3)


@pytest.mark.parametrize("suffix", [".json", ".npz", ".nfg", ".JSON"])
@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_load_takes_paths(tmp_path, suffix, kind):
    save(load("shapley"), tmp_path / f"game{suffix}")
    np.testing.assert_array_equal(load(kind(tmp_path / f"game{suffix}")).rewards, load("shapley").rewards)


def test_a_schema_is_shipped():
    schema = catalogue.Path(catalogue.__file__).with_name("game.schema.json")
    assert json.loads(schema.read_text(encoding="utf-8"))["$schema"].endswith("2020-12/schema")


def test_the_decorator_returns_the_function_and_refuses_a_second_one(monkeypatch):
    monkeypatch.setattr("mathrl.games.registry.REGISTRY", registry := Registry("name", "game"))

    def factory(k: int = 1) -> Game:
        """One line.

        More.
        """
        return Game.matrix(np.full((2, 2), k))

    def second() -> Game:
        return factory()

    assert game("mine", source="here")(factory) is factory
    assert registry["mine"].summary == "One line."
    assert registry["mine"].call == "mine(k=1)"
    with pytest.raises(InvalidInput, match=r"'mine'.*factory.*second"):
        game("mine", source="here")(second)
    assert registry["mine"].factory is factory
    assert "mine" not in REGISTRY

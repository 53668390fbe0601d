"""HASAC's numbers: cells of the contract, and the updates behind them."""

import numpy as np
import pytest

from mathrl.base.checks import InvalidInput
from mathrl.equilibria.matrix.curves import equilibria as at
from mathrl.equilibria.matrix.curves import logit_curves
from mathrl.figures.hasac import equilibria
from mathrl.figures.hasac.trust_region import advantages, coefficients, end, happo, mappo, maximisers
from mathrl.figures.plot import save
from mathrl.games import Game, as_policy, load, random_matrix
from tests.reproduced import cells

TEMPERATURES = (1, 2, 5, 10, 15, 20)


def test_table_3_has_the_cells_of_the_contract():
    columns = [f"{when} p{j}" for when in ("first", "final") for j in (1, 2, 3)]
    assert list(cells("hasac-table-3")) == [(f"alpha={alpha}", column) for alpha in TEMPERATURES for column in columns]


@pytest.mark.parametrize("id", ["hasac-table-3", "hasac-appendix-b", "hasac-figure-1"])
def test_every_printed_number_comes_out(id):
    assert [key for key, cell in cells(id).items() if cell.agrees is False] == []


def test_table_3_ends_at_equilibria():
    payoffs = load("hasac").rewards[0]
    final = cells("hasac-table-3")
    for alpha in TEMPERATURES:
        p = np.array([final[f"alpha={alpha}", f"final p{j}"].computed for j in (1, 2, 3)])
        weights = np.exp((payoffs @ p - (payoffs @ p).max()) / alpha)
        assert np.abs(weights / weights.sum() - p).max() < 1e-13


def test_coefficients_are_the_expectation_of_equation_13():
    rng = np.random.default_rng(1)
    game = Game.matrix(rng.normal(size=(2, 3, 4)), common_payoff=True)
    old = as_policy(game, [rng.dirichlet(np.ones(actions)) for actions in game.num_actions])
    new = [rng.dirichlet(np.ones(2))[None], None, rng.dirichlet(np.ones(4))[None]]
    advantage = advantages(game, old)
    expected = np.zeros(3)
    for a, b, c in np.ndindex(2, 3, 4):
        probability = old[0][0, a] * old[1][0, b] * old[2][0, c]
        ratios = new[0][0, a] / old[0][0, a] * new[2][0, c] / old[2][0, c] / old[1][0, b]
        expected[b] += probability * ratios * advantage[a, b, c]
    assert np.allclose(coefficients(game, old, new, 1), expected, atol=1e-14)


def test_at_a_deterministic_policy_equation_13_is_a_tie_that_is_kept():
    game = load("hasac")
    for action in range(3):
        policy = as_policy(game, [np.eye(3)[action]] * 2)
        assert maximisers(coefficients(game, policy, [None, None], 0)) == (0, 1, 2)
        assert end(game, mappo, policy).updates == end(game, happo, policy).updates == 0


def test_happo_lets_agents_answer_each_other_and_mappo_does_not():
    game = Game.matrix(np.array([[0.0, 1.0], [1.0, 0.0]]))
    uneven = [[0.6, 0.4]] * 2
    assert [pi.argmax() for pi in mappo(game, as_policy(game, uneven))] == [1, 1]
    assert [pi.argmax() for pi in happo(game, as_policy(game, uneven))] == [1, 0]


def test_an_update_ends_at_a_policy_that_it_returns():
    for seed in range(10):
        game = random_matrix((3, 4), seed=seed)
        uniform = [np.full(3, 1 / 3), np.full(4, 1 / 4)]
        reached = end(game, happo, uniform)
        assert all(np.array_equal(a, b) for a, b in zip(happo(game, reached.policy), reached.policy, strict=True))


@pytest.fixture(scope="module")
def picture():
    return equilibria.draw()


@pytest.fixture(scope="module")
def again():
    return equilibria.draw()


def test_the_picture_of_table_3_says_what_it_shows(picture):
    """Found, not all; a legend for each kind of mark; one panel for each action, and one for the objective."""
    texts = [text.get_text() for legend in picture.legends for text in legend.get_texts()]
    assert "All equilibria that a search from many starting points found" in picture.get_supxlabel()
    assert texts == [
        "principal branch",
        "other curves found (one mark each)",
        "dashed: not a strict local maximum",
        "fold",
        "where HASPI ends, from (0.6, 0.2, 0.2)",
        "largest objective found",
        "proved to be unique",
    ]
    assert [axes.get_title(loc="left")[:13] for axes in picture.axes] == [
        "(a) action A:",
        "(b) action B:",
        "(c) action C:",
        "(d) objective",
    ]


def test_haspis_ends_in_the_picture_are_the_tables(picture):
    final = cells("hasac-table-3")
    for p, axes in enumerate(picture.axes[:3], 1):
        dots = [line.get_xydata()[0] for line in axes.get_lines() if line.get_marker() == "o"]
        assert {float(x): y for x, y in dots} == {a: final[f"alpha={a}", f"final p{p}"].computed for a in TEMPERATURES}


def test_haspi_ends_on_a_curve_of_the_picture():
    """Up to temperature 5 on another one than the principal branch, from 10 on on that."""
    game = load("hasac")
    curves = logit_curves(game, temperatures=equilibria.RANGE)
    for alpha, (reached, _) in equilibria.ends():
        of = [
            c
            for c, curve in enumerate(curves)
            for pi, _ in at(game, [curve], alpha)
            if np.abs(pi - reached).max() < 1e-10
        ]
        assert len(of) == 1  # both are solved to rounding
        assert (of == [0]) == (alpha > 5)


def test_the_agents_are_alike_on_every_curve_so_that_one_stands_for_both():
    for curve in logit_curves(load("hasac"), temperatures=equilibria.RANGE):
        assert np.abs(curve.policy[0] - curve.policy[1]).max() < 1e-8  # the last correction of a point


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_the_figure_is_the_same_on_every_run(tmp_path, suffix, picture, again):
    files = [tmp_path / f"{name}{suffix}" for name in "ab"]
    for figure, file in zip((picture, again), files, strict=True):
        save(figure, file)
    assert files[0].read_bytes() == files[1].read_bytes()
    assert sorted(tmp_path.iterdir()) == files


def test_a_figure_of_another_ending_is_refused(tmp_path, picture):
    with pytest.raises(InvalidInput, match=r"\.png or \.svg or \.pdf"):
        save(picture, tmp_path / "figure.jpeg")

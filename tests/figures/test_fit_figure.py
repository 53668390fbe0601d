"""The picture of a fit: its interval, its curve, and a bar for each action that could be observed."""

import numpy as np
import pytest

from mathrl.estimate import fit
from mathrl.figures.fit import draw
from mathrl.figures.plot import save
from mathrl.games import Game, load, random_stochastic


def test_the_curve_is_least_at_the_estimate_and_bars_are_frequencies():
    found = fit(load("prisoners-dilemma"), [[38, 62], [35, 65]])
    profile, data = draw(found).axes
    (curve, _, point) = (profile.lines[1], profile.lines[0], profile.lines[2])
    rationality, depth = curve.get_data()
    assert point.get_xdata()[0] == found.rationality
    assert depth.min() >= -1e-9
    assert abs(depth.min()) < 1e-9  # it runs through the point of the estimate
    assert abs(rationality[depth.argmin()] - found.rationality) < 1e-9
    known, computed = found.curve
    drawn = np.interp(known, rationality, depth)
    np.testing.assert_allclose(drawn, 2 * (found.log_likelihood - computed), rtol=1e-9, atol=1e-9)
    assert [bar.get_height() for bar in data.patches] == [0.38, 0.62, 0.35, 0.65]
    np.testing.assert_allclose(data.lines[0].get_ydata(), [row.probability for row in found.rows], rtol=0, atol=0)


def test_an_interval_without_an_upper_end_is_shaded_to_the_edge():
    for found in (
        fit(load("prisoners-dilemma"), [[0, 9], [0, 9]]),
        fit(load("prisoners-dilemma"), [[38, 62], [35, 65]], largest=0.2),
    ):
        profile, _ = draw(found).axes
        (shade,) = profile.patches
        assert (shade.get_x(), shade.get_x() + shade.get_width()) == (found.interval[0], profile.get_xlim()[1])


def test_bars_have_the_names_of_agents_and_actions():
    game = Game.matrix(np.eye(2), agent_names=["Ann", "$B$"], action_names=[["stay", "go"], None])
    _, data = draw(fit(game, [[4, 6], [5, 5]])).axes
    assert [label.get_text() for label in data.get_xticklabels()] == ["Ann:stay", "Ann:go", "$B$:0", "$B$:1"]


@pytest.mark.parametrize(
    ("games", "data"),
    [
        (Game.matrix(np.ones((2, 2))), [[1, 2], [2, 1]]),  # flat
        (load("prisoners-dilemma"), [[0, 9], [0, 9]]),  # an end of the branch
        (load("prisoners-dilemma"), [[9, 0], [9, 0]]),
        (random_stochastic(12, (2, 2), discount=0.5, seed=0), [np.ones((12, 2))] * 2),  # points instead of bars
        ([load("prisoners-dilemma")] * 2, [[[1, 2], [3, 4]]] * 2),
    ],
)
def test_every_kind_of_fit_can_be_drawn(games, data, tmp_path):
    save(draw(fit(games, data)), tmp_path / "fit.png")
    assert (tmp_path / "fit.png").stat().st_size > 1000

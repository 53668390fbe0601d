"""Learning curves: what is drawn is the interquartile mean and its interval, and it is the same on every run."""

import numpy as np
import pytest

from mathrl.base.intervals import bootstrap_interval, interquartile_mean
from mathrl.figures.curves import draw
from mathrl.figures.plot import COLOURS, save

STEPS = (50, 100, 150, 200)
RETURNS = np.random.default_rng(0).normal(size=(5, 4)).cumsum(axis=1)
ERRORS = np.exp(np.random.default_rng(1).normal(size=(5, 4)) - np.arange(0, 8, 2))


def drawn(figure):
    return {line.get_label(): line for axes in figure.get_axes() for line in axes.get_lines()}


def labels(axes):
    return {text.get_text(): text for text in axes.texts}


def test_lines_are_interquartile_means_and_bands_their_intervals():
    figure = draw(STEPS, {"return": RETURNS}, {"residual": ERRORS})
    for axes, numbers in zip(figure.get_axes(), (RETURNS, ERRORS), strict=True):
        (line,), (band,) = axes.get_lines(), axes.collections
        np.testing.assert_array_equal(line.get_xdata(), STEPS)
        np.testing.assert_array_equal(line.get_ydata(), interquartile_mean(numbers, axis=0))
        low, high = bootstrap_interval(numbers)
        corners = {tuple(corner) for corner in band.get_paths()[0].vertices}
        assert {*zip(STEPS, low, strict=True), *zip(STEPS, high, strict=True)} <= corners


def test_each_curve_has_a_colour_of_its_own_and_its_name_in_it_at_its_end():
    figure = draw(STEPS, {"return": RETURNS, "objective": RETURNS}, {"residual": ERRORS, "critic_error": ERRORS})
    lines, names = drawn(figure), {}
    for axes in figure.get_axes():
        names |= labels(axes)
    assert [line.get_color() for line in lines.values()] == list(COLOURS[:4])
    assert [text.get_color() for text in names.values()] == list(COLOURS[:4])
    assert list(names) == ["return", "objective", "residual", "critic's error"]
    figure.draw_without_rendering()
    for first, second in (("return", "objective"), ("residual", "critic's error")):  # equal curves, apart all the same
        boxes = [names[name].get_window_extent() for name in (first, second)]
        assert not boxes[0].overlaps(boxes[1])


def test_what_is_not_finite_is_left_out():
    lost = RETURNS.copy()
    lost[3, 2:] = np.nan
    line = drawn(draw(STEPS, {"return": lost, "objective": np.full((5, 4), np.inf)}, {}))
    assert list(line) == ["return"]
    np.testing.assert_array_equal(line["return"].get_xdata(), STEPS[:2])


@pytest.mark.parametrize(("errors", "scale"), [(ERRORS, "log"), (np.ones((5, 4)), "linear"), (0 * ERRORS, "linear")])
def test_errors_of_several_sizes_have_a_logarithmic_axis(errors, scale):
    assert draw(STEPS, {"return": RETURNS}, {"residual": errors}).get_axes()[1].get_yscale() == scale


def test_a_line_shows_where_policies_begin_to_learn():
    last = STEPS[-1]
    for begin, lines in ((None, []), (last, []), (last / 2, [last / 2] * 2)):
        figure = draw(STEPS, {"return": RETURNS}, {"residual": ERRORS}, begin=begin)
        found = [
            line.get_xdata()[0] for panel in figure.get_axes() for line in panel.lines if line.get_linestyle() == ":"
        ]
        assert found == lines
        assert ("begin to learn" in figure._suptitle.get_text()) == bool(lines)


def test_the_title_is_whole_and_no_formula():
    figure = draw(STEPS, {"return": RETURNS}, {}, title="a game of $5$ " + 20 * "and words ")
    figure.draw_without_rendering()
    assert figure._suptitle.get_window_extent().x1 <= figure.bbox.x1
    assert "$5$" in figure._suptitle.get_text()


@pytest.mark.parametrize("runs", [1, 5])
def test_the_same_numbers_give_the_same_bytes(runs, tmp_path):
    for name in ("first.png", "second.png"):
        save(draw(STEPS[:1], {"return": RETURNS[:runs, :1]}, {"residual": ERRORS[:runs, :1]}), tmp_path / name)
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()

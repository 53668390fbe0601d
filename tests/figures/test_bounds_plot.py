"""The plot of AORPO's bounds over the branch length: what is drawn, and that it is the same on every run."""

import numpy as np
import pytest

from mathrl.bounds import SCHEMES, Setup, compare_returns, compare_schemes, load_setup
from mathrl.bounds.setup_file import example
from mathrl.figures.bounds import curves, draw
from mathrl.figures.plot import save
from mathrl.games import shift_rewards

LENGTHS = range(1, 13)


@pytest.fixture(scope="module")
def setup(tmp_path_factory):
    file = tmp_path_factory.mktemp("setup") / "setup.json"
    file.write_text(example(), encoding="utf-8")
    return load_setup(file)


@pytest.fixture(scope="module")
def figure(setup):
    return draw(setup, branch_lengths=LENGTHS)


def labelled(axes):
    return {line.get_label(): line for line in axes.get_lines() if not line.get_label().startswith("_")}


def panels(figure):
    return {axes.get_title(loc="left")[:3]: axes for axes in figure.get_axes()}


def test_bounds_are_drawn_over_the_branch_length(setup):
    drawn = labelled(panels(draw(setup, branch_lengths=LENGTHS, dynamics_error="branched"))["(a)"])
    compared = compare_returns(setup, branch_lengths=LENGTHS, dynamics_error="branched")
    for claim, name in (("theorem-2", "Theorem 2, B.2, ext. C.4"), ("theorem-5", "Theorem 5, C.4")):
        of_claim = [row for row in compared if row.claim == claim]
        for kind in ("printed", "coupling"):
            line = drawn[f"{kind}: {name}"]
            np.testing.assert_array_equal(line.get_xdata(), LENGTHS)
            np.testing.assert_array_equal(line.get_ydata(), [getattr(row, kind) for row in of_claim])
    np.testing.assert_array_equal(drawn["true discrepancy"].get_ydata(), [row.discrepancy for row in of_claim])


def test_a_ring_is_where_a_curve_is_least(figure):
    axes = panels(figure)["(a)"]
    rings = {(line.get_xdata()[0], line.get_ydata()[0]) for line in axes.get_lines() if len(line.get_xdata()) == 1}
    least = set()
    for line in labelled(axes).values():
        if len(line.get_xdata()) > 1:
            at = int(np.argmin(line.get_ydata()))
            least.add((line.get_xdata()[at], line.get_ydata()[at]))
    assert rings == least
    assert len(least) == 5


@pytest.mark.parametrize(("shift", "weight"), [(0.0, 1e-6), (100.0, 1.0)])
def test_the_level_above_which_a_bound_says_nothing_is_in_sight(setup, shift, weight):
    """Be all bounds far below the range of the rewards, or far above: a shift of the rewards leaves it as it is."""
    data = [own + weight * (off - own) for own, off in zip(setup.policy, setup.data_policy, strict=True)]
    shifted = Setup.of(shift_rewards(setup.game, shift), policy=setup.policy, data_policy=data)
    axes = panels(draw(shifted, branch_lengths=LENGTHS))["(a)"]
    (span,) = axes.patches
    assert span.get_y() == pytest.approx(1.2, abs=1e-13)  # 1 − (−0.2), and what a shift by 100 rounds
    assert axes.get_ylim()[0] < 1.2 < axes.get_ylim()[1]


def test_equal_curves_are_drawn_once(setup):
    """Here max r is max |r|; with costs it is not, and what is printed is negative."""
    found = curves(compare_returns(setup, branch_lengths=LENGTHS))
    names = ["Theorem 2, B.2, ext. C.4", "Theorem 5, C.4"]
    assert {kind: [name for name, _ in drawn] for kind, drawn in found.items()} == {
        "printed": names,
        "corrected": [],
        "coupling": names,
    }
    costs = Setup.of(shift_rewards(setup.game, -2.0), policy=setup.policy, data_policy=setup.data_policy, agent=1)
    found = curves(compare_returns(costs, branch_lengths=LENGTHS))
    assert found["corrected"][0][0].startswith("Theorem 2")
    assert "printed: Theorem 2, B.2, ext. C.4, not above 0" in labelled(
        panels(draw(costs, branch_lengths=LENGTHS))["(a)"]
    )


def test_schemes_are_drawn_from_the_first_step_on(setup):
    axes = panels(draw(setup, branch_lengths=range(13)))
    expected = compare_schemes(setup, LENGTHS)
    for panel, quantity in (("(b)", "total_variation"), ("(c)", "communications")):
        drawn = labelled(axes[panel])
        assert list(drawn) == list(SCHEMES)
        for scheme, line in drawn.items():
            of_scheme = [row for row in expected if row.scheme == scheme]
            np.testing.assert_array_equal(line.get_xdata(), LENGTHS)
            np.testing.assert_array_equal(line.get_ydata(), [getattr(row, quantity) for row in of_scheme])


def test_axes_are_logarithmic_where_numbers_differ_much_and_not_for_rounding(setup, figure):
    assert panels(figure)["(a)"].get_yscale() == "log"
    perfect = Setup.of(setup.game, policy=setup.policy)
    assert panels(draw(perfect, branch_lengths=LENGTHS))["(a)"].get_yscale() == "linear"


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_the_plot_is_the_same_on_every_run(setup, tmp_path, suffix):
    files = [tmp_path / f"{name}{suffix}" for name in "ab"]
    for file in files:
        save(draw(setup, branch_lengths=[0, 3, 9]), file)
    assert files[0].read_bytes() == files[1].read_bytes()

"""The plot of AORPO's bounds over the branch length: what is drawn, and that it is the same on every run."""

import numpy as np
import pytest

from mathrl.bounds import SCHEMES, Setup, branch_law, compare_returns, compare_schemes, load_setup
from mathrl.bounds.setup_file import example
from mathrl.figures.bounds import curves, draw
from mathrl.figures.plot import save
from mathrl.games import Game, shift_rewards

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


def test_unnormalised_returns_and_their_bounds_are_drawn(setup):
    drawn = [
        labelled(panels(draw(setup, branch_lengths=LENGTHS, normalised=normalised))["(a)"])
        for normalised in (True, False)
    ]
    for name in ("true discrepancy", "printed: Theorem 5, C.4"):
        normalised, unnormalised = (lines[name].get_ydata() for lines in drawn)
        np.testing.assert_allclose(unnormalised, 10 * np.array(normalised), rtol=1e-14)  # one rounded division


def test_a_ring_is_at_the_best_length_and_never_where_drawing_stops(setup):
    """The printed bounds are least at 6, coupling at 65 and 73; of the discrepancy only a dip is known, at 1."""
    assert rings(setup, range(1, 13)) == {("printed", 6)}
    assert rings(setup, range(7, 13)) == set()
    assert rings(setup, (1, 5, 20)) == set()  # 5 is the least of these three, and 6 of all
    assert rings(setup, (1, 20, 65, 73, 90)) == {("coupling", 65), ("coupling", 73)}
    assert rings(setup, range(13), dynamics_error="branched") == {("printed", 6), ("discrepancy", 1)}


def test_no_model_at_all_may_be_best(setup):
    """Without a policy shift each step of a model costs; what `best_branch_length` knows begins at k = 1."""
    wrong = Setup.of(
        setup.game, policy=setup.policy, model=setup.model.transitions, opponent_models=setup.opponent_models
    )
    assert rings(wrong, range(5)) == {("printed", 0), ("coupling", 0)}
    assert rings(wrong, range(1, 5)) == {("printed", 1), ("coupling", 1)}


def test_a_flat_curve_has_no_ring(setup):
    perfect = Setup.of(setup.game, policy=setup.policy)
    drawn = panels(draw(perfect, branch_lengths=LENGTHS))["(a)"]
    assert not [line for line in drawn.get_lines() if len(line.get_xdata()) == 1]
    assert "where it is smallest" not in labelled(drawn)


def rings(setup, lengths, **options):
    axes = panels(draw(setup, branch_lengths=lengths, **options))["(a)"]
    kinds = {line.get_color(): name.partition(":")[0].removeprefix("true ") for name, line in labelled(axes).items()}
    found = [line for line in axes.get_lines() if len(line.get_xdata()) == 1]
    return {(kinds[line.get_color()], int(line.get_xdata()[0])) for line in found}


@pytest.mark.parametrize("reward", [0.0, 1.0])
def test_where_all_returns_are_equal_nothing_is_grey(setup, reward):
    game = setup.game
    same = Game.stochastic(np.full(game.rewards.shape[1:], reward), game.transitions, game.discount, game.start)
    wrong = Setup.of(same, policy=setup.policy, data_policy=setup.data_policy, model=setup.model.transitions)
    axes = panels(draw(wrong, branch_lengths=LENGTHS))["(a)"]
    assert not axes.patches
    assert [text.get_text() for text in axes.texts] == ["all returns are equal"]


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
    names = [["theorem-2", "extended-theorem-b.2", "extended-lemma-c.4"], ["theorem-5", "lemma-c.4"]]
    assert {kind: [claims for claims, _ in drawn] for kind, drawn in found.items()} == {
        "printed": names,
        "corrected": [],
        "coupling": names,
    }
    costs = Setup.of(shift_rewards(setup.game, -2.0), policy=setup.policy, data_policy=setup.data_policy, agent=1)
    found = curves(compare_returns(costs, branch_lengths=LENGTHS))
    assert found["corrected"][0][0][0] == "theorem-2"
    assert "printed: Theorem 2, B.2, ext. C.4 (below 0)" in labelled(panels(draw(costs, branch_lengths=LENGTHS))["(a)"])


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


def test_schemes_that_coincide_are_one_line(setup):
    """With perfect models none is off; only what is all real asks for all actions."""
    axes = panels(draw(Setup.of(setup.game, policy=setup.policy), branch_lengths=LENGTHS))
    for panel in ("(b)", "(c)"):
        assert list(labelled(axes[panel])) == ["simu-to-real = real-to-simu = all-model", "all-real"]
    assert not np.any([line.get_ydata() for line in labelled(axes["(b)"]).values()])
    one_step = panels(draw(setup, branch_lengths=[1]))
    assert list(labelled(one_step["(b)"])) == ["simu-to-real = real-to-simu", "all-model", "all-real"]


def test_rounding_is_drawn_as_nothing(setup):
    nearly = [setup.policy[j] + [1e-14, -1e-14] for j in setup.opponents]
    drawn = labelled(
        panels(draw(Setup.of(setup.game, policy=setup.policy, opponent_models=nearly), branch_lengths=[3]))["(b)"]
    )
    assert not np.any([line.get_ydata() for line in drawn.values()])


def test_rollouts_may_start_where_a_replay_buffer_does(setup):
    axes = panels(draw(setup, branch_lengths=LENGTHS, start="data"))["(b)"]
    assert axes.get_title(loc="left").endswith("(start: data)")
    expected = compare_schemes(setup, LENGTHS, start=branch_law(setup))
    for scheme, line in labelled(axes).items():
        np.testing.assert_array_equal(line.get_ydata(), [e.total_variation for e in expected if e.scheme == scheme])


@pytest.mark.parametrize("lengths", [[0], pytest.param([5], marks=pytest.mark.long), [1, 2, 3], LENGTHS])
def test_few_lengths_are_marked_and_ticks_are_whole(setup, lengths):
    figure = draw(setup, branch_lengths=lengths)
    figure.draw_without_rendering()
    axes = panels(figure)
    shown = [tick for panel in ("(a)", "(c)") for tick in axes[panel].get_xticks()] + [*axes["(c)"].get_yticks()]
    assert all(tick == int(tick) for tick in shown)
    markers = {line.get_marker() for line in labelled(axes["(a)"]).values() if len(line.get_xdata()) == len(lengths)}
    assert (markers == {"None"}) == (len(lengths) > 10)


def test_each_length_is_announced(setup):
    seen = []
    draw(setup, branch_lengths=[0, 2, 5], advance=seen.append)
    assert seen == [2, 5]


def test_axes_are_logarithmic_where_numbers_differ_much_and_not_for_rounding(setup, figure):
    assert panels(figure)["(a)"].get_yscale() == "log"
    perfect = Setup.of(setup.game, policy=setup.policy)
    assert panels(draw(perfect, branch_lengths=LENGTHS))["(a)"].get_yscale() == "linear"


@pytest.mark.parametrize("suffix", [".svg", pytest.param(".png", marks=pytest.mark.long)])
def test_the_plot_is_the_same_on_every_run(setup, tmp_path, suffix):
    files = [tmp_path / f"{name}{suffix}" for name in "ab"]
    for file in files:
        save(draw(setup, branch_lengths=[0, 3, 9]), file)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_the_figure_names_its_setup(setup):
    said = draw(setup, branch_lengths=[1, 2], dynamics_error="branched", title="setup.json").get_suptitle()
    game = setup.game
    for part in ("setup.json", f"{game.num_agents} agents", f"discount {game.discount:g}", "branched"):
        assert part in " ".join(said.split())
    assert draw(setup, branch_lengths=[1]).get_suptitle().startswith(f"{game.num_agents} agents")


def test_every_panel_of_the_bounds_is_labelled(figure):
    assert len(figure.axes) == 3
    for axes in figure.axes:
        assert axes.get_xlabel() == "branch length k"
        assert axes.get_ylabel()
        assert axes.get_title(loc="left")


def test_the_plot_has_the_size_that_is_asked_for(setup):
    assert draw(setup, branch_lengths=[1, 2], size=(5.0, 4.0)).get_size_inches().tolist() == [5.0, 4.0]
    with pytest.raises(ValueError, match=r"size\[0\] is 0"):
        draw(setup, branch_lengths=[1], size=(0.0, 2.0))


def test_in_a_column_the_panels_stand_below_each_other(setup):
    wide, narrow = (draw(setup, branch_lengths=[1, 2, 3], size=size) for size in ((7.0, 4.6), (3.5, 6.5)))
    assert [axes.get_subplotspec().colspan.start for axes in narrow.axes] == [0, 0, 0]
    said = [sorted(text.get_text() for one in figure.legends for text in one.get_texts()) for figure in (wide, narrow)]
    assert said[0] == said[1]
    narrow.draw_without_rendering()
    for axes in narrow.axes:
        assert axes.get_window_extent().width > 0.6 * narrow.bbox.width

"""The figure of all logit equilibria found of a matrix game: what it compares, marks and writes."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from mathrl.equilibria.matrix.curves import equilibria
from mathrl.figures.log_ticks import log_ticks
from mathrl.figures.plot import mosaic, save, style
from mathrl.figures.portrait import default_temperatures, ends_of_haspi, portrait, table
from mathrl.figures.qre import LETTERS, draw, layout
from mathrl.games import Game, load, random_matrix, scale_rewards
from mathrl.solvers import soft_evaluation


@pytest.fixture(scope="module")
def climbing():
    return portrait(load("climbing"), (1.0, 30.0))


@pytest.fixture(scope="module")
def chicken():
    return portrait(load("chicken"), (0.1, 1.5))


def titles(figure):
    """The titles of the panels without their letters."""
    return [axes.get_title(loc="left").partition(") ")[2] for axes in figure.axes]


def test_panels_have_the_names_of_agents_and_actions(chicken):
    assert titles(draw(chicken)) == ["agent 0, yield", "agent 1, yield"]
    bare = replace(chicken.game, action_names=None)
    assert titles(draw(replace(chicken, game=bare))) == ["agent 0, action 0", "agent 1, action 0"]
    named = replace(chicken.game, agent_names=["$x$", "y"], action_names=[["a", "b"], None])
    assert titles(draw(replace(chicken, game=named))) == [r"\$x\$, a", "y, action 0"]


@pytest.mark.parametrize("size", [(7.0, 5.8), (5.0, 5.0), (3.5, 5.0), (3.3, 5.0), (2.8, 6.0)])
def test_legend_and_title_stand_within_the_width(climbing, size):
    ends = [(5.0, (np.array([[0.6, 0.2, 0.2]]),) * 2)]
    figure = draw(climbing, ends=ends, ends_label="where HASPI ends, from uniform", size=size)
    figure.draw_without_rendering()
    width = figure.bbox.width
    (legend,) = figure.legends
    for drawn in (legend.get_window_extent(), figure.axes[-1]._left_title.get_window_extent()):
        assert 0 <= drawn.x0 < drawn.x1 <= width
    if size[0] == 3.5:
        assert len({round(text.get_window_extent().x0) for text in legend.get_texts()}) == 2  # columns


def test_the_title_of_a_game_stands_above_its_picture(chicken):
    titled = replace(chicken, game=replace(chicken.game, title="Where to meet"))
    assert [legend.get_title().get_text() for legend in draw(titled).legends] == ["Where to meet"]
    assert [legend.get_title().get_text() for legend in draw(titled, title="other").legends] == ["other"]


@pytest.mark.parametrize(
    "names", [[f"action {a}" for a in range(5)], ["a name that is much too long for its panel", *"bcde"]]
)
def test_titles_do_not_run_into_each_other(names):
    game = Game.matrix(np.random.default_rng(0).normal(size=(5, 2)), action_names=[names, None])
    figure = draw(game, temperatures=(1.0, 2.0), agents=[0])
    figure.draw_without_rendering()
    boxes = [axes._left_title.get_window_extent() for axes in figure.axes[:5]]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    assert boxes[-1].x1 <= figure.bbox.x1
    assert figure.axes[-1]._left_title.get_window_extent().x1 <= figure.bbox.x1


def entries(figure):
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def test_objectives_are_those_of_exact_evaluation(climbing):
    for curve, objective in zip(climbing.curves, climbing.objective, strict=True):
        for k in range(0, len(objective), 9):
            policy, temperature = [own[k] for own in curve.policy], float(curve.temperature[k])
            exact = soft_evaluation(climbing.game, policy=policy, temperature=temperature).objective
            assert objective[k] == pytest.approx(exact, rel=1e-13, abs=0)  # a sum of ten terms


def test_the_best_is_the_one_with_the_largest_objective_of_all_found(climbing):
    """The shortfall is read off a cubic: off by the fourth power of the spacing, 0.04."""
    for curve, objective, short in zip(climbing.curves, climbing.objective, climbing.shortfall, strict=True):
        for k in range(0, len(short), 7):
            t = float(curve.temperature[k])
            all_found = equilibria(climbing.game, climbing.curves, t)
            largest = max(
                soft_evaluation(climbing.game, policy=policy, temperature=t).objective for policy in all_found
            )
            assert short[k] == pytest.approx(max(largest - objective[k], 0), abs=1e-4)


def test_the_best_equilibrium_changes_from_one_curve_to_another(climbing):
    """As it must: cold, (A,A) pays most; hot, only the principal branch is left."""
    principal, other = climbing.shortfall
    assert principal[0] == 0 < principal[-1]
    assert min(other[0], other[-1]) == 0
    assert max(other[0], other[-1]) > 0


def test_equilibria_that_symmetry_relates_are_best_together():
    shown = portrait(load("pure-coordination"), (0.05, 1.0))
    arms = shown.shortfall[1]
    assert not arms.any()


@pytest.mark.parametrize("scale", [1e-8, 1.0, pytest.param(1e8, marks=pytest.mark.long)])
def test_over_sixteen_decades_the_best_is_the_best(scale):
    """At the highest temperature objectives are 1e8 times the payoffs; at the lowest these decide all the same."""
    game = scale_rewards(load("hasac"), scale)
    shown = portrait(game, (scale * 1e-8, scale * 1e8))
    principal, *others = shown.shortfall
    assert not principal.any()
    assert all(short.all() for short in others)
    assert [len(curve.folds) for curve in shown.curves] == [0, 1, 1, 1]
    assert {short.max() > 5 * scale for short in others} == {True}  # 20 is 10 more than the next equilibrium


def test_a_common_offset_decides_nothing():
    game = load("soft-qmix")
    ours, theirs = (portrait(shifted) for shifted in (game, Game.matrix(game.rewards[0] + 2.0**30, common_payoff=True)))
    for one, other in zip(ours.shortfall, theirs.shortfall, strict=True):
        assert np.array_equal(one == 0, other == 0)


def test_where_rounding_hides_curves_the_picture_says_so(climbing):
    game = load("climbing")
    hidden = portrait(game, (1e-9, 30.0))
    assert hidden.followed == pytest.approx((1e-7 * np.ptp(game.rewards), 30.0), rel=1e-15, abs=0)
    assert "rounding hides them" in " ".join(draw(hidden).get_supxlabel().split())
    assert "rounding" not in draw(climbing).get_supxlabel()
    assert min(_temperatures(table(hidden))) == hidden.followed[0]


@pytest.mark.parametrize("scale", [1e-290, pytest.param(1e-3, marks=pytest.mark.long), 1e6])
def test_scaling_payoffs_is_scaling_temperatures(scale):
    game = load("soft-qmix")
    ours, theirs = portrait(game), portrait(scale_rewards(game, scale))
    assert np.array(theirs.temperatures) == pytest.approx(scale * np.array(ours.temperatures), rel=1e-12, abs=0)
    for one, other in zip(ours.curves, theirs.curves, strict=True):
        assert scale * one.temperature[one.folds] == pytest.approx(other.temperature[other.folds], rel=1e-9)
    best = [[short == 0 for short in shown.shortfall] for shown in (ours, theirs)]
    assert [both.mean() for both in best[0]] == pytest.approx([both.mean() for both in best[1]], abs=0.02)


def test_the_range_by_default_covers_the_last_fold():
    for name in ("hasac", "penalty", "chicken", "climbing"):
        low, high = default_temperatures(load(name))
        shown = portrait(load(name))
        assert shown.temperatures == (low, high)
        assert low < max(curve.temperature[curve.folds].max() for curve in shown.curves if len(curve.folds)) < high
    assert default_temperatures(load("chicken")) == (0.01875, 1.5)
    assert default_temperatures(Game.matrix(np.zeros((2, 2)))) == (1 / 40, 2.0)
    assert default_temperatures(Game.matrix(np.array([1.0, 5.0]))) == (0.1, 8.0)


@pytest.mark.parametrize(
    ("num_actions", "agents", "rows"),
    [
        ((3, 3), (0, 1), [["0 0", "0 1", "0 2"], ["1 0", "1 1", "1 2"]]),
        ((3, 3), (1,), [["1 0", "1 1", "1 2"]]),
        ((2, 2, 2), (0, 1, 2), [["0 0", "1 0", "2 0"]]),
        ((2, 4, 1), (0, 1, 2), [["0 0", ".", ".", "."], ["1 0", "1 1", "1 2", "1 3"], ["2 0", ".", ".", "."]]),
        ((7,), (0,), [["0 0", "0 1", "0 2", "0 3", "0 4"], ["0 5", "0 6", ".", ".", "."]]),
    ],
)
def test_each_agent_has_its_rows_of_panels(num_actions, agents, rows):
    assert layout([range(actions) for actions in num_actions], agents) == rows


def test_actions_that_are_not_available_have_no_panel_and_change_no_curve():
    payoffs, masks = np.full((4, 3), -np.inf), [[True, False, True, True], [True, False, True]]
    payoffs[np.ix_(*masks)] = rest = np.array([[5.0, 0.0], [0.0, 10.0], [2.0, 3.0]])
    game = Game.matrix(payoffs, available=masks)
    assert layout([[0, 2, 3], [0, 2]], range(2)) == [["0 0", "0 2", "0 3"], ["1 0", ".", "."]]
    ours, theirs = (portrait(one, (0.5, 4.0)) for one in (game, Game.matrix(rest)))
    assert default_temperatures(game) == default_temperatures(Game.matrix(rest))
    for own, other in zip(ours.objective, theirs.objective, strict=True):
        np.testing.assert_allclose(own, other, rtol=0, atol=1e-13)  # sums of 12 terms and of 6, below 13
    assert len(draw(ours).axes) == 5  # three actions and one of two, and the objective


def test_curves_folds_and_ends_are_drawn(climbing):
    ends = ends_of_haspi(climbing.game, climbing.temperatures, 5)
    figure = draw(climbing, ends=ends)
    for panel in range(6):
        agent, action = divmod(panel, 3)
        lines = figure.axes[panel].get_lines()
        dots = np.array([line.get_xydata()[0] for line in lines if line.get_marker() == "o"])
        assert np.array_equal(dots, [(t, policy[agent][0, action]) for t, policy in ends])
        (folds,) = (line.get_xydata() for line in lines if line.get_marker() == "D" and len(line.get_xdata()))
        (at,) = climbing.curves[1].folds
        assert np.array_equal(
            folds, [(climbing.curves[1].temperature[at], climbing.curves[1].policy[agent][at, 0, action])]
        )
    assert titles(figure)[2:4] == ["agent 0, C", "agent 1, A"]
    assert titles(figure)[-1].startswith("objective")


def test_lines_are_dashed_just_where_the_curve_is_not_stable(climbing):
    axes = draw(climbing).axes[0]
    for curve in climbing.curves:
        probability = curve.policy[0][:, 0, 0]
        for line in axes.get_lines():
            x, y = line.get_data()
            on = [
                k
                for k in range(1, len(probability) - 1)
                if (curve.temperature[k], probability[k]) in zip(x, y, strict=True)
            ]
            inner = [k for k in on if k not in curve.folds and len(x) > 1 and line.get_linewidth() < 2]
            assert all(curve.stable[k] == (line.get_linestyle() == "-") for k in inner)


def test_a_curve_of_one_point_is_a_dot(climbing):
    """Where payoffs are as steep as in penalty(k=-1e7), rounding ends curves where they were found."""
    first, other = climbing.curves
    middle = len(other.stable) // 2
    lone = replace(
        other,
        rationality=other.rationality[[middle]],
        policy=tuple(own[[middle]] for own in other.policy),
        folds=np.array([], np.int64),
        stable=other.stable[[middle]],
    )
    parts = {
        name: (getattr(climbing, name)[0], getattr(climbing, name)[1][[middle]]) for name in ("objective", "shortfall")
    }
    figure = draw(replace(climbing, curves=(first, lone), **parts))
    dots = [line for line in figure.axes[0].get_lines() if line.get_marker() == "."]
    assert [line.get_xydata().tolist() for line in dots] == [[[lone.temperature[0], lone.policy[0][0, 0, 0]]]]


def test_a_general_sum_game_has_no_objective(chicken):
    figure = draw(chicken)
    assert titles(figure) == ["agent 0, yield", "agent 1, yield"]
    assert entries(figure) == [
        "principal branch",
        "another curve found",
        "dashed: unstable in logit dynamics",
        "fork: curves meet",
        "proved to be unique",
    ]


def test_nothing_is_in_the_legend_that_is_not_drawn():
    shown = portrait(load("matching-pennies"), (0.1, 1.0))
    assert entries(draw(shown)) == ["principal branch"]


def test_the_grey_area_begins_where_uniqueness_is_proved(chicken):
    for axes in draw(chicken).axes:
        (span,) = axes.patches
        assert span.get_x() == pytest.approx(0.75, rel=1e-9)  # both agents' double differences are 3: ρ/4
        assert span.get_x() + span.get_width() == pytest.approx(1.5)


def test_one_agent_may_be_drawn_alone():
    shown = portrait(random_matrix((2, 3, 2), structure="general-sum", seed=1), (0.3, 3.0))
    assert titles(draw(shown, agents=[1])) == [f"agent 1, action {a}" for a in range(3)]


@pytest.mark.parametrize("range_", [(0.8, 32.0), (0.15, 8.0), (0.05, 80.0), (3.1, 3.2), (1.0, 1.0001)])
@pytest.mark.parametrize(
    "name", ["chicken", pytest.param("pure-coordination(num_actions=4)", marks=pytest.mark.long)]
)  # of two panels in a row, and of four
def test_there_are_a_few_ticks_in_every_range(name, range_):
    (axes, *_) = draw(portrait(load(name), range_)).axes
    ticks = axes.get_xticks()
    assert 2 <= len(ticks) <= 7
    assert all(range_[0] <= tick <= range_[1] for tick in ticks)


def test_the_table_has_a_row_per_point(climbing):
    shown = table(climbing)
    assert [column.head for column in shown.columns[:8]] == [
        "curve",
        "principal",
        "temperature",
        "fold",
        "fork",
        "stable",
        "objective",
        "best",
    ]
    assert len(shown.rows) == sum(len(curve.stable) for curve in climbing.curves)
    row = {column.head: column.cell(shown.rows[-1]) for column in shown.columns}
    last = climbing.curves[-1]
    assert row["curve"] == len(climbing.curves) - 1
    assert row["temperature"] == pytest.approx(last.temperature[-1], rel=1e-9)  # the ends are those asked for
    assert [row[f"agent 1 action {a}"] for a in range(3)] == last.policy[1][-1, 0].tolist()


def test_the_table_ends_where_it_was_asked_to():
    asked = 0.3, 49.0  # whose inverse has another inverse
    shown = portrait(load("chicken"), asked)
    temperatures = _temperatures(table(shown))
    assert (min(temperatures), max(temperatures)) == asked


def _temperatures(shown):
    (column,) = (column for column in shown.columns if column.head == "temperature")
    return [column.cell(row) for row in shown.rows]


@pytest.mark.parametrize("range_", [(1e-9, 1e9), (1e-300, 1e300), (1.0, 1.0001), (0.8, 32.0), (3.0, 7.0)])
@pytest.mark.parametrize("columns", [1, pytest.param(2, marks=pytest.mark.long), 3, 5])
def test_no_tick_label_touches_another(range_, columns):
    """As drawn, by the boxes around their letters; one tick alone is left only where two would touch."""
    ticks, labels = log_ticks(*range_, LETTERS // columns)
    with style():
        figure, axes = mosaic([[str(c) for c in range(columns)]], height=2, widths=[1] * columns)
        for drawn in axes.values():
            drawn.set(xscale="log", xlim=range_)
            drawn.xaxis.set_major_locator(FixedLocator(ticks))
            drawn.xaxis.set_minor_locator(NullLocator())
            drawn.xaxis.set_major_formatter(FixedFormatter(labels))
        figure.draw_without_rendering()
        boxes = [label.get_window_extent() for drawn in axes.values() for label in drawn.get_xticklabels()]
    assert len(boxes) == columns * len(labels)
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    assert len(labels) >= 2 or columns == 5
    assert [float(label) for label in labels] == pytest.approx(ticks, rel=1e-5 * np.log(range_[1] / range_[0]))


def test_the_legend_owns_up_to_colours_and_marks_that_repeat(climbing):
    for others, text in (
        (1, "another curve found"),
        (4, "other curves found (one mark each)"),
        (5, "other curves found (marks repeat)"),
    ):
        curves = (climbing.curves[0], *[climbing.curves[1]] * others)
        short = (climbing.shortfall[0], *[climbing.shortfall[1]] * others)
        figure = draw(replace(climbing, curves=curves, shortfall=short), title="$climbing")
        assert entries(figure)[1] == text
        lines = figure.axes[0].get_lines()
        colours = {line.get_color() for line in lines if line.get_marker() == "D"}
        assert (len(colours) == len(curves)) == (others < 5)
        assert figure.legends[0].get_title().get_text() == "$climbing"


@pytest.fixture(scope="module")
def drawn_twice():
    return [draw(portrait(load("chicken"), (0.2, 1.5))) for _ in range(2)]


@pytest.mark.parametrize("suffix", [".png", ".svg", pytest.param(".pdf", marks=pytest.mark.long)])
def test_the_figure_is_the_same_on_every_run(tmp_path, suffix, drawn_twice):
    """The picture of HASAC's Table 3 is one of these, and is written as a .pdf in every run of the tests."""
    files = [tmp_path / f"{name}{suffix}" for name in "ab"]
    for figure, file in zip(drawn_twice, files, strict=True):
        save(figure, file)
    assert files[0].read_bytes() == files[1].read_bytes()


def marks(axes, marker):
    """Where the marks of a kind stand in a panel."""
    return [point for line in axes.get_lines() if line.get_marker() == marker for point in line.get_xydata().tolist()]


def test_a_fork_is_marked_otherwise_than_a_fold(climbing):
    """Of the stag hunt it is known where curves meet: at temperature 1/2, at the uniform policy."""
    shown = portrait(load("stag-hunt"), (0.1, 1.0))
    assert [len(forks) for forks in shown.forks] == [0, 1]
    figure = draw(shown)
    for axes in figure.axes:
        ((temperature, probability),) = marks(axes, "*")
        assert (temperature, probability) == pytest.approx((0.5, 0.5), abs=1e-3)  # where three lie within a line
        assert marks(axes, "D") == []
    assert "fork: curves meet" in entries(figure)
    assert "fold" not in entries(figure)
    assert [len(forks) for forks in climbing.forks] == [0, 0]
    assert ("fold" in entries(draw(climbing)), "fork: curves meet" in entries(draw(climbing))) == (True, False)
    rows = table(shown).rows
    fork, fold = (next(c for c in table(shown).columns if c.head == head) for head in ("fork", "fold"))
    assert [sum(column.cell(row) for row in rows) for column in (fork, fold)] == [1, 1]


def test_a_game_that_is_not_quite_symmetric_has_a_fold_and_no_fork():
    payoffs = load("stag-hunt").rewards[:, 0].copy()
    payoffs[0, 0, 0] += 0.2
    shown = portrait(Game.matrix(list(payoffs)), (0.1, 1.0))
    assert [len(forks) for forks in shown.forks] == [0] * len(shown.curves)
    assert sum(len(curve.folds) for curve in shown.curves) == 1


def test_the_axis_may_be_the_rationality(climbing):
    ours, theirs = draw(climbing, axis="rationality"), draw(climbing)
    for one, other in zip(ours.axes, theirs.axes, strict=True):
        assert one.get_xlim() == pytest.approx(tuple(1 / x for x in reversed(other.get_xlim())), rel=1e-12, abs=0)
        assert one.get_xlabel() in ("", "rationality λ = 1/α")
        for line, before in zip(one.get_lines(), other.get_lines(), strict=True):
            points, expected = line.get_xydata(), before.get_xydata()
            if len(expected) and np.ptp(expected[:, 1]) == 0:  # from the left to the right end, whichever axis it is
                points, expected = points[np.argsort(points[:, 0])], expected[np.argsort(-expected[:, 0])]
            np.testing.assert_allclose(points[:, 0], 1 / expected[:, 0], rtol=1e-12)
            assert np.array_equal(points[:, 1], expected[:, 1], equal_nan=True)
        spans = [(axes.patches[0].get_x(), axes.patches[0].get_width()) for axes in (one, other)]
        assert spans[0][0] == pytest.approx(1 / sum(spans[1]))
        assert sum(spans[0]) == pytest.approx(1 / spans[1][0])


@pytest.mark.parametrize("name", ["climbing", "chicken", "pure-coordination(num_agents=3)"])
def test_every_panel_has_a_letter_and_every_row_and_column_its_label(name):
    figure = draw(load(name), agents=None)
    shown = [axes.get_title(loc="left") for axes in figure.axes]
    assert [title[:3] for title in shown] == [f"({letter})" for letter in "abcdefghijklmnop"[: len(shown)]]
    columns, rows = ({} for _ in range(2))
    for axes in figure.axes:
        span = axes.get_subplotspec()
        columns.setdefault(span.colspan.start, []).append((span.rowspan.start, axes.get_xlabel()))
        rows.setdefault(span.rowspan.start, []).append((span.colspan.start, axes.get_ylabel()))
    assert {max(labels)[1] for labels in columns.values()} <= {"temperature α", ""}
    assert {min(labels)[1] for labels in rows.values()} <= {"probability", "difference"}
    assert figure.axes[-1].get_xlabel() == "temperature α"


def test_a_game_is_drawn_as_its_portrait_is(chicken):
    ours, theirs = draw(load("chicken"), temperatures=(0.1, 1.5)), draw(chicken)
    for one, other in zip(ours.axes, theirs.axes, strict=True):
        for line, before in zip(one.get_lines(), other.get_lines(), strict=True):
            assert np.array_equal(line.get_xydata(), before.get_xydata(), equal_nan=True)
    by_rationality = draw(load("chicken"), rationalities=(1 / 1.5, 10.0), size=(3.5, 2.0))
    assert by_rationality.axes[0].get_xlim() == pytest.approx((0.1, 1.5))
    assert by_rationality.get_size_inches().tolist() == [3.5, 2.0]


def test_the_ends_of_haspi_are_drawn_of_a_game_with_a_common_payoff():
    assert "where HASPI ends, from uniform" in entries(draw(load("soft-qmix"), temperatures=(1.0, 30.0)))
    assert "where HASPI ends, from uniform" not in entries(draw(load("soft-qmix"), temperatures=(1.0, 30.0), ends=()))


@pytest.mark.parametrize("actions", [(1, 1), (1,)])
def test_a_game_without_a_choice_says_so_and_has_no_grey_field(actions):
    figure = draw(Game.matrix(np.ones(actions), common_payoff=True), title="mine.json")
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == [
        "Every agent has one action only: there is nothing to choose, at any temperature."
    ]
    assert not axes.patches
    assert figure.legends[0].get_title().get_text() == "mine.json"
    masked = Game.matrix(np.ones((2, 2)), available=[[1, 0], [0, 1]])
    assert len(draw(masked).axes) == 1
    assert "nothing to choose" not in str([text.get_text() for text in draw(load("chicken")).axes[0].texts])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"axis": "heat"}, "axis 'heat' is unknown"),
        ({"size": (1, 2, 3)}, "size is 3 numbers"),
        ({"size": (0.1, 2)}, r"size\[0\] is 0.1 inches, expected from 1 to 100"),
        ({"size": 3}, "size is 3"),
        ({"temperatures": (1, 2), "rationalities": (1, 2)}, "temperatures are given beside rationalities"),
        ({"temperatures": (2, 1)}, "temperatures are"),
    ],
)
def test_what_cannot_be_drawn_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        draw(load("chicken"), **wrong)
    with pytest.raises(ValueError, match="a game or its portrait"):
        draw("chicken")

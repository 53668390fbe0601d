"""AORPO's figures and tables: the family has the errors that it says, and its laws are those of the calculators."""

import re
from dataclasses import replace
from fractions import Fraction
from math import ceil

import numpy as np
import pytest

from mathrl.base.printed import PaperStatement
from mathrl.base.reproduction import reproduce
from mathrl.bounds import SCHEDULES, SCHEMES, Setup, compare_returns, dynamics_distance, measure, rollout
from mathrl.figures.aorpo import appendix_b, figure_4, figure_8, figure_9
from mathrl.figures.aorpo.family import CELLS, FEEDBACKS, as_game, draw_load, rolled
from mathrl.figures.aorpo.table_1 import EPOCHS, in_code, printed_length
from mathrl.figures.aorpo.table_3 import SCORES, against_agents, for_agents
from mathrl.figures.plot import save
from mathrl.figures.reproductions import figures, reproductions
from mathrl.games import shift_rewards
from tests.reproduced import reproduced

PLACES = np.arange(CELLS)[:, None] - CELLS // 2.0
IDS = [id for id in reproductions() if id.startswith("aorpo-") and reproductions()[id].paper]


def setup_of(load, discount=0.9):
    game, learned = as_game(load, discount)
    return Setup.of(game, policy=load.policies, model=learned, opponent_models=load.models, features=PLACES)


def test_what_does_not_come_out_is_what_the_notes_say():
    found = {id: reproduced(id).cells for id in IDS}
    assert {(id, cell.row, cell.column) for id, cells in found.items() for cell in cells if cell.agrees is False} == {
        ("aorpo-figure-4", "state 1", "differ"),
        ("aorpo-figure-4", "state 2", "differ"),
        ("aorpo-figure-11", "real-to-simu has less error, k > 15", "errors fade"),
        ("aorpo-figure-11", "simu-to-real has the smaller ratio, k = 10", "errors stay"),
        ("aorpo-table-5", "AORPO against AORPO, as in Table 3", "Predator prey"),
    }
    assert len(found) == 10


@pytest.mark.parametrize("feedback", FEEDBACKS.values())
@pytest.mark.parametrize("errors", [(0.05, 0.2), (0.3, 0.02)])
def test_the_models_are_wrong_by_what_was_asked_for(feedback, errors):
    setup = setup_of(draw_load(3, feedback, errors, 0.07))
    assert measure(setup).opponent_errors == pytest.approx(errors, abs=1e-14)
    distances = dynamics_distance(setup)
    assert distances[4:-4] == pytest.approx(0.07, abs=1e-14)  # three agents and a gust move it four cells at most
    assert distances.max() == pytest.approx(0.07, abs=1e-14)


@pytest.mark.parametrize("kind", FEEDBACKS)
def test_laws_and_errors_are_those_of_the_calculators(kind):
    """Two programs: the chain of the load's place, and the game with all joint actions."""
    load, k = draw_load(5, FEEDBACKS[kind], (0.1, 0.25), 0.03), 7
    ours, setup = rolled(load, (k,)), setup_of(load)
    for scheme in SCHEMES:
        theirs, own = rollout(setup, scheme, k), ours[scheme]
        assert own.communications[0] == theirs.communications.sum()
        assert own.distance[0] == pytest.approx(theirs.total_variation[k], abs=1e-13)
        assert own.mean_distance[0] == pytest.approx(theirs.total_variation[1:].mean(), abs=1e-13)
        assert own.error[0] == pytest.approx(theirs.compounding.error[k - 1], rel=1e-12, abs=0)
        assert own.bias[0] == pytest.approx(theirs.compounding.bias[k - 1], abs=1e-11)


def test_perfect_models_have_no_distance_and_schemes_without_use_are_one():
    perfect = rolled(draw_load(0, 0.5, (0.0, 0.0), 0.0), (1, 6))
    assert all(np.abs(own.distance).max() < 1e-14 and np.abs(own.bias).max() < 1e-12 for own in perfect.values())
    equal = rolled(draw_load(0, 0.5, (0.2, 0.2), 0.05), (6,))
    assert equal["simu-to-real"].error == equal["all-model"].error == equal["real-to-simu"].error


def test_where_errors_stay_the_order_does_not_matter_at_the_end():
    """Without feedback moves do not depend on the place, and their sum does not depend on their order."""
    found = rolled(draw_load(2, 0.0, (0.05, 0.2), 0.02), (8, 16))
    assert np.allclose(found["simu-to-real"].distance, found["real-to-simu"].distance, atol=1e-10)  # but for the walls
    fading = rolled(draw_load(2, 0.5, (0.05, 0.2), 0.02), (8, 16))
    assert not np.allclose(fading["simu-to-real"].distance, fading["real-to-simu"].distance, atol=1e-3)


def test_the_same_seed_has_the_same_policies_whatever_the_errors():
    one, other = draw_load(4, 0.5, (0.1, 0.2), 0.0), draw_load(4, 0.5, (0.3, 0.0), 0.1)
    assert all(np.array_equal(a, b) for a, b in zip(one.policies, other.policies, strict=True))
    assert np.array_equal(other.policies[2], other.models[1])


@pytest.mark.parametrize("state", [1, 2])
def test_nobody_gains_alone_at_the_equilibrium_of_climb_and_elsewhere_somebody_does(state):
    a, b = np.meshgrid(figure_4.GRID, figure_4.GRID, indexing="ij")
    first, second = figure_4.NEARNESS(state, a, b), figure_4.second(state, a, b)
    gains = np.maximum(first.max(axis=0, keepdims=True) - first, second.max(axis=1, keepdims=True) - second)
    ((i, j),) = np.argwhere(gains <= 1e-12)
    assert (figure_4.GRID[i], figure_4.GRID[j]) == (figure_4.LANDMARK[state],) * 2
    assert len(figure_4.equilibria(state, figure_4.TWO_PEAKS)) == 2


@pytest.mark.parametrize("state", [1, 2])
def test_agent_2s_best_answer_leaps_where_it_is_said_to(state):
    leap, b = figure_4.changes_at(state), np.linspace(-1, 1, 401)
    for a, best in ((leap - 0.01, -0.5), (leap + 0.01, 0.5)):
        assert b[figure_4.second(state, np.full_like(b, a), b).argmax()] == pytest.approx(best)


def test_the_states_of_climb_are_mirror_images():
    a, b = np.random.default_rng(0).uniform(-1, 1, (2, 50))
    assert np.allclose(figure_4.second(1, a, b), figure_4.second(2, -a, -b), atol=1e-15)


@pytest.mark.parametrize("task", SCHEDULES)
def test_the_printed_formula_is_the_schedules(task):
    schedule = SCHEDULES[task]
    assert [printed_length(schedule, e) for e in range(EPOCHS)] == [schedule.at(e) for e in range(EPOCHS)]
    falling = replace(schedule, first=schedule.last, last=schedule.first)
    assert {printed_length(falling, e) for e in range(EPOCHS)} == {Fraction(schedule.first)}  # as it is printed


@pytest.mark.parametrize("algorithms", SCORES)
def test_scores_are_counted_both_ways(algorithms):
    """With the algorithms exchanged, and no ties, the second is better exactly where the first was not."""
    for texts in SCORES[algorithms]:
        exchanged = tuple(row[::-1] for row in texts[::-1])
        assert for_agents(exchanged) == 2 - for_agents(texts)
        assert against_agents(exchanged) == 2 - against_agents(texts)


def test_a_bound_that_says_nothing_decides_nothing():
    """With the errors of the other figures all bounds are above 1, the most that a discrepancy can be."""
    rows = [row for rows in appendix_b.compared("errors stay", 0.95).values() for row in rows]
    assert all(row.trivial == 1 <= row.printed for row in rows)
    assert appendix_b.telling(rows) == ()
    assert appendix_b.share_that_holds(rows) is None
    small = [row for rows in appendix_b.compared("errors stay", 0.95, 0.01).values() for row in rows]
    assert appendix_b.telling([*rows, *small]) == tuple(small)
    assert appendix_b.share_that_holds([*rows, *small]) == 1


def test_a_statement_on_bounds_can_fail():
    """With rewards shifted below 0 the printed r_max = max r is negative, and the theorems are false."""
    load = draw_load(0, 0.0, (5e-4, 2e-3), 2e-4)
    game, learned = as_game(load, 0.5)
    given = {"policy": load.policies, "model": learned, "opponent_models": load.models}
    claims = {"theorem-1", "theorem-2"}
    shares = [
        appendix_b.share_that_holds([row for row in compare_returns(setup) if row.claim in claims])
        for setup in (Setup.of(game, **given), Setup.of(shift_rewards(game, -2.0), **given))
    ]
    assert shares == [1, 0]


def test_bounds_are_in_proportion_to_the_errors_and_say_something_where_these_are_small():
    for claim in appendix_b.CLAIMS:
        of = [appendix_b.compared("errors fade", 0.9, scale)[claim] for scale in (1.0, 0.01)]
        assert np.allclose([row.printed for row in of[0]], [100 * row.printed for row in of[1]], rtol=1e-6)
        assert len(appendix_b.telling(of[1])) == len(of[1])


def test_what_the_notes_call_the_most_and_the_least_is_so():
    """They have few digits, rounded to the side on which the sentence is true, but for errors of 1e-14 or so."""
    said = " ".join(reproduced("aorpo-appendix-b").notes)
    most, least = map(
        float, re.search(r"is at most (\S+) here, where Theorem 2's is at least ([0-9.]+);", said).groups()
    )
    rows = [row for kind in FEEDBACKS for row in appendix_b._rows(kind, "theorem-2", appendix_b.DISCOUNTS, (1.0,))]
    assert most - 0.01 < max(row.coupling for row in rows) <= most + 1e-9
    assert least - 1e-9 <= min(row.printed for row in rows) < least + 0.01


def test_bounds_and_truth_grow_with_the_discount():
    for kind in FEEDBACKS:
        rows = [appendix_b.compared(kind, discount)["theorem-2"][9] for discount in appendix_b.DISCOUNTS]
        for name in ("printed", "coupling", "discrepancy"):
            numbers = [getattr(row, name) for row in rows]
            assert numbers == sorted(numbers)
        assert all(row.discrepancy <= row.coupling <= 1 < row.printed for row in rows)


def test_lengths_in_the_code_rise_from_the_last_and_not_from_the_first():
    """From 1 to 10 between epochs 15 and 100: by (e - 15)/85 of what is left, so 2 at 15 + 85/9, 3 at 15 + 85/8, ..."""
    lengths = in_code(SCHEDULES["cooperative-communication"])
    first = [next(e for e, found in enumerate(lengths) if found >= n) for n in range(2, 11)]
    assert first == [ceil(15 + Fraction(85, 11 - n)) for n in range(2, 11)]
    assert all(
        found >= printed_length(SCHEDULES[task], e) - 1
        for task in SCHEDULES
        for e, found in enumerate(in_code(SCHEDULES[task]))
    )


@pytest.mark.parametrize("table", figure_9.TABLES)
def test_scaled_scores_are_the_tables_up_to_their_place_and_unit(table):
    algorithms = figure_9.TABLES[table]
    bars = np.array(list(figure_9.scaled(algorithms).values())).reshape(3, 2, 2)  # scenario, agents, rival
    for found, texts in zip(bars, SCORES[algorithms], strict=True):
        scores = np.array(texts, dtype=float).T
        assert (found.min(), found.max()) == (0, 1)
        unit = np.ptp(scores)
        assert found * unit + scores.min() == pytest.approx(scores, abs=1e-12)


def test_the_picture_of_scores_names_each_bar():
    panels = figures()["aorpo-figure-9"].draw().axes
    assert [len(panel.patches) for panel in panels] == [12, 12]
    ticks = [label.get_text() for label in panels[0].get_yticklabels()]
    assert ticks[:2] == ["MASAC against MASAC", "AORPO against MASAC"]
    assert [bar.get_width() for bar in panels[0].patches[:2]] == pytest.approx(
        [1.63 / 2.03, 1]
    )  # of -8.31 to -6.28, -6.68


@pytest.mark.parametrize(("table", "statements"), [(3, 3), (4, 3), (5, 0)])
def test_of_table_5_the_text_states_nothing(table, statements):
    """G.3 says who scores more in Tables 3 and 4; G.4 says of Table 5 what it shows, and not how it turns out."""
    found = [cell.printed for cell in reproduced(f"aorpo-table-{table}").cells]
    assert sum(isinstance(printed, PaperStatement) for printed in found) == statements


def test_notes_on_scores_follow_them(monkeypatch):
    notes = " ".join(reproduce(reproductions()["aorpo-table-3"]).notes)
    assert "Predator prey, where those of MASAC score -47.79 against AORPO and -74.93 against MASAC" in notes
    table = "MASAC and AORPO"
    others = (*SCORES[table][:2], (("-74.93", "-25.69"), ("-80.00", "-45.70")))
    monkeypatch.setitem(SCORES, table, others)
    assert "but for: no case" in " ".join(reproduce(reproductions()["aorpo-table-3"]).notes)


@pytest.mark.parametrize("kind", FEEDBACKS)
@pytest.mark.parametrize("discount", appendix_b.DISCOUNTS)
@pytest.mark.parametrize("game", range(appendix_b.GAMES))
def test_the_best_length_does_not_depend_on_the_last_digits(kind, discount, game):
    """A hundred times the rounding of returns, either way; without rounding it is the first that is nearly least."""
    found = np.array([row.discrepancy for row in appendix_b.compared(kind, discount, seed=game)["theorem-2"]])
    best = appendix_b.shortest_best(found.tolist())
    rng = np.random.default_rng(0)
    for _ in range(20):
        assert appendix_b.shortest_best((found + rng.uniform(-1e-12, 1e-12, found.shape)).tolist()) == best
    assert found[best - 1] - found.min() < 1e-10
    assert (found[: best - 1] > found[best - 1]).all()


def test_adaptive_rollouts_save_nothing_between_equal_errors():
    adaptive, modelled = figure_8.errors_of("errors fade")
    diagonal = np.eye(len(figure_8.ERRORS), dtype=bool)
    assert np.array_equal(adaptive[diagonal], modelled[diagonal])
    assert not np.array_equal(adaptive[~diagonal], modelled[~diagonal])


@pytest.mark.parametrize("id", [id for id in figures() if id.startswith("aorpo-")])
def test_figures_are_drawn_and_name_their_axes(id, tmp_path):
    figure = figures()[id].draw()
    assert all(axes.get_title(loc="left") for axes in figure.axes if len(figure.axes) > 1)
    save(figure, tmp_path / "figure.png")

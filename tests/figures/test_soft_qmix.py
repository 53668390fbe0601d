"""Soft-QMIX's tables: the fits are best, the fixed points are the solver's, and the tests are those of textbooks."""

from fractions import Fraction
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.balls import Ball, precision
from mathrl.base.checks import InvalidInput
from mathrl.base.reproduction import reproduce
from mathrl.figures.plot import save
from mathrl.figures.reproductions import figures, reproductions
from mathrl.figures.soft_qmix import pictures, table_2a, table_3, table_4
from mathrl.figures.soft_qmix.fits import exploring, fit, pooled_value, rate_of
from mathrl.figures.soft_qmix.table_1 import weightings
from mathrl.figures.soft_qmix.table_2 import (
    QMIX,
    SOFT_QMIX,
    UNRESTRICTED,
    double_difference,
    equilibrium_temperature,
    falls_in_a,
    printed_fop_temperatures,
)
from mathrl.figures.welch import Summary, holm, welch
from mathrl.games import load
from mathrl.solvers import qre, soft_qmix
from mathrl.stage import isotonic_fit
from tests.reproduced import cells as cells_of
from tests.reproduced import reproduced

PAYOFFS = load("soft-qmix").rewards[0]
ROUNDING = 1e-9  # of sums of nine terms of at most 30² each: 1e-12, with room for projections


@pytest.fixture(scope="module")
def cells():
    ids = [id for id in reproductions() if id.startswith("soft-qmix-table-") and id[-1] in "1234a"]
    found = {id: cells_of(id) for id in ids}
    assert len(found) == 5
    return found


def differing(of):
    return {key for key, cell in of.items() if cell.agrees is False}


def test_what_does_not_come_out_is_what_the_notes_say(cells):
    rows = [f"(a) Soft-QMIX: Q_tot, row {own}" for own in "ABC"]
    unexplained = {(row, column) for row, column in product(rows, "ABC")} - {(rows[0], "A"), (rows[0], "B")}
    levels = {(f"(c) QMIX: Q_tot, row {a}", b) for a, b in product("BC", repeat=2)}
    assert differing(cells["soft-qmix-table-1"]) == set()
    assert differing(cells["soft-qmix-table-2"]) == unexplained | levels
    assert differing(cells["soft-qmix-table-2a"]) == {("from all starts", "share that ends at (A,A)")}
    assert differing(cells["soft-qmix-table-3"]) == {
        ("Spread(Hard)", "gain, %"),
        ("text", "maps where alpha 1.0 less QMIX is significant"),
    }
    assert differing(cells["soft-qmix-table-4"]) == {("caption", "scenarios where every part raises the rate")}


def test_the_note_on_monotone_fits_names_each_kind_of_weights_once():
    (said,) = (note for note in reproduced("soft-qmix-table-1").notes if note.startswith("monotone:"))
    right, lowest = said.split("A is the lowest action")
    for name, policies in weightings().items():
        at_a = fit("monotone", policies)[0][0, 0] == pytest.approx(8, abs=ROUNDING)
        assert (name in right, name in lowest) == (at_a, not at_a)


def test_what_is_said_of_the_cycle_and_of_the_diagonal_is_so():
    assert (table_2a.paid(1, 1), table_2a.paid(1, 0), table_2a.paid(0, 0)) == (8, -12, 0)
    x, y = table_2a.cycle(1.0)
    again = table_2a.step(1.0, np.array([x]), np.array([y]))
    assert np.abs(np.array(again).ravel() - [y, x]).max() < ROUNDING
    least = float(table_2a._diagonal().split()[6])
    near = least + np.array([-2e-4, 1e-4])  # it is given to four digits
    assert table_2a.ends(1.0, near, near).end.tolist() == [1, 0]


def test_notes_on_printed_numbers_follow_them(monkeypatch):
    notes = " ".join(reproduce(reproductions()["soft-qmix-table-4"]).notes)
    assert "is so on protoss 5vs5; entropy lowers the rate on terran 5vs5, zerg 5vs5" in notes
    rising = (Summary(0.4, 0.05), Summary(0.5, 0.05), Summary(0.6, 0.05), Summary(0.7, 0.05))
    monkeypatch.setattr(table_4, "WIN_RATES", {**table_4.WIN_RATES, "zerg 5vs5": rising})
    notes = " ".join(reproduce(reproductions()["soft-qmix-table-4"]).notes)
    assert "is so on protoss 5vs5, zerg 5vs5; entropy lowers the rate on terran 5vs5" in notes


def test_that_f_counts_most_is_decided_by_what_it_adds(monkeypatch):
    key = ("caption", "in the mean f raises it most")
    assert table_4.table_4().values[key] == 1
    falling = (Summary(0.1, 0.05), Summary(0.7, 0.05), Summary(0.4, 0.05), Summary(0.9, 0.05))
    monkeypatch.setattr(table_4, "WIN_RATES", {**table_4.WIN_RATES, "zerg 5vs5": falling})
    assert table_4.table_4().values[key] == 0


def test_the_note_on_a_gain_says_whether_rounding_explains_it(monkeypatch):
    said = " ".join(reproduce(reproductions()["soft-qmix-table-3"]).notes)
    assert "so that the printed gain may be that of means before they were rounded" in said
    monkeypatch.setitem(table_3.GAINS, "Spread(Hard)", "+2.1")
    assert "so that the printed gain is NOT that of means before they were rounded" in " ".join(table_3.table_3().notes)


def test_what_is_said_of_the_schedule_of_table_8_is_of_the_steps_of_table_2():
    (note,) = (note for note in reproduced("soft-qmix-table-2").notes if "Table 8" in note)
    rate = 1 - 0.95 * 10_000 / 100_000
    assert f"{(32 * rate / 3 - 24) / (2 - rate / 3):.3f} at step 10,000" in note


@pytest.mark.parametrize("name", list(weightings()))
def test_monotone_fits_meet_the_conditions_of_their_optimum(name):
    """With g = w (r − F): ⟨g, F⟩ = 0, and ⟨g, 1_U⟩ ≤ 0 for every upper set U of the product order; then F is best."""
    policies = weightings()[name]
    w_ab, (table, error) = np.outer(*policies), fit("monotone", policies)
    orders = list(permutations(range(3)))
    errors = {pair: isotonic_fit(PAYOFFS, pair, w_ab)[1] for pair in product(orders, repeat=2)}
    assert error <= min(errors.values()) + ROUNDING
    row, column = next(pair for pair in errors if monotone(table, pair))
    g, F = (x[np.ix_(row, column)] for x in (w_ab * (PAYOFFS - table), table))
    assert abs((g * F).sum()) < ROUNDING
    for cuts in product(range(4), repeat=3):  # an upper set has in each row the columns from its cut on
        if list(cuts) == sorted(cuts, reverse=True):
            upper = np.arange(3) >= np.array(cuts)[:, None]
            assert (g * upper).sum() < ROUNDING


def monotone(table, orders):
    ordered = table[np.ix_(*orders)]
    return (np.diff(ordered, axis=0) >= 0).all() and (np.diff(ordered, axis=1) >= 0).all()


@pytest.mark.parametrize("name", list(weightings()))
def test_additive_fits_leave_residuals_whose_weighted_means_vanish(name):
    policies = weightings()[name]
    w_ab, (table, _) = np.outer(*policies), fit("additive", policies)
    for axis in (0, 1):
        assert np.abs((w_ab * (PAYOFFS - table)).sum(axis=axis)).max() < ROUNDING
    assert np.abs(table - table[:, :1] - table[:1] + table[0, 0]).max() < ROUNDING


@pytest.mark.parametrize("name", list(weightings()))
def test_a_larger_class_has_no_larger_error(name):
    errors = [fit(kind, weightings()[name])[1] for kind in ("unrestricted", "monotone", "additive")]
    assert errors == sorted(errors)


@given(st.integers(1, 33))
def test_the_pooled_value_is_that_of_the_best_fit(percent):
    epsilon = percent / 100
    table, _ = fit("monotone", exploring(epsilon))
    lowest = epsilon < falls_in_a()
    assert (abs(table[0, 0] - pooled_value(epsilon)) < ROUNDING) == lowest
    assert (table[0, 0] == 8) != lowest
    assert rate_of(Fraction(pooled_value(epsilon)).limit_denominator(10**9)) == pytest.approx(epsilon, abs=1e-8)


def test_the_printed_table_of_soft_qmix_is_a_sum_and_the_others_are_not():
    assert double_difference(SOFT_QMIX) == 0
    assert double_difference(QMIX) == pytest.approx(8.7)
    assert double_difference(UNRESTRICTED) == 32


def test_fops_printed_policy_is_an_equilibrium_at_the_temperature_found():
    _, middle, _ = printed_fop_temperatures()
    temperature = float(middle.arb.mid())
    policy = [[0.21, 0.395, 0.395]] * 2
    found = qre(load("soft-qmix"), temperature=temperature, initial_policy=policy)
    assert found.converged
    assert np.abs(found.policy[0][0] - policy[0]).max() < 1e-9  # a few roundings of x, divided by 1 minus the slope


def test_temperatures_of_fops_policy_are_enclosed_and_in_order():
    low, middle, high = printed_fop_temperatures()
    assert low < middle
    assert middle < high
    with precision(100):
        assert equilibrium_temperature(Ball(Fraction(21, 100))).contains(middle.arb.mid())


@pytest.mark.parametrize("temperature", [0.3, 1.0, 8.357])
@pytest.mark.parametrize("start", [(0.9, 0.8), (0.2, 0.1), (0.9, 0.1), (1 / 3, 1 / 3)])
def test_starts_end_where_the_solver_ends(temperature, start):
    """The reduced update is that of the solver, for starts that do not treat B and C alike too."""
    policy = [[x, 0.7 * (1 - x), 0.3 * (1 - x)] for x in start]
    found = soft_qmix(load("soft-qmix"), temperature=temperature, initial_policy=policy)
    ours = table_2a.ends(temperature, *(np.array([x]) for x in start))
    assert (ours.end[0] == 2) == (found.status.name == "CYCLED")
    if found.converged:
        assert ours.x[0] == pytest.approx(found.policy[0][0, 0], abs=1e-9)


@pytest.mark.parametrize("kind", [table_2a.HIGHEST, table_2a.LOWEST])
@pytest.mark.parametrize("temperature", [0.5, 3.0, 20.0])
def test_proved_fixed_points_come_back_after_a_step(kind, temperature):
    x = np.array([table_2a.certified(kind, temperature)])
    assert np.abs(table_2a.step(temperature, x, x)[0] - x).max() < 1e-11


def test_a_point_whose_fit_has_other_orders_is_not_certified(monkeypatch):
    monkeypatch.setattr(table_2a, "LOWEST", table_2a.HIGHEST)
    with pytest.raises(ArithmeticError):
        table_2a.certified(table_2a.HIGHEST, 1.0)


def test_small_steps_end_at_fixed_points_of_whole_steps_and_never_in_a_cycle():
    x, y = table_2a.starts()
    small = table_2a.ends(1.0, x[::7], y[::7], size=0.2)
    assert set(small.end) == {0, 1}
    points = [table_2a.certified(kind, 1.0) for kind in (table_2a.HIGHEST, table_2a.LOWEST)]
    assert np.abs(small.x - np.array(points)[small.end]).max() < 1e-9  # the last step, a fifth of what is left


def test_ends_do_not_depend_on_which_player_is_which():
    x, y = table_2a.starts()
    one, other = table_2a.ends(1.0, x, y), table_2a.ends(1.0, y, x)
    assert np.array_equal(one.end, other.end)


@given(st.floats(0.1, 5), st.floats(0.1, 5), st.floats(-3, 3), st.integers(2, 30))
def test_welch_is_antisymmetric_and_its_interval_holds_0_where_p_is_above_a_twentieth(s, t, m, n):
    test, back = (welch(*pair, n) for pair in ((Summary(m, s), Summary(0, t)), (Summary(0, t), Summary(m, s))))
    assert (back.difference, back.low, back.p) == (-test.difference, pytest.approx(-test.high), pytest.approx(test.p))
    if abs(test.p - 0.05) > 1e-9:
        assert (test.low <= 0 <= test.high) == (test.p > 0.05)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_lies_between_the_p_values_and_bonferronis(p):
    adjusted = holm(p)
    assert (adjusted >= p).all()
    assert (adjusted <= np.minimum(1, len(p) * np.array(p)) + 1e-15).all()
    assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= 0).all()


def test_welch_refuses_two_deviations_of_0():
    with pytest.raises(InvalidInput, match="deviation"):
        welch(Summary(1, 0), Summary(0, 0), 3)


@pytest.mark.parametrize("module", [table_3, table_4])
def test_rounding_in_favour_of_a_difference_has_the_smaller_p(module):
    for rows in (table_3.REWARDS, table_4.WIN_RATES)[module is table_4].values():
        plain = welch(rows[-1], rows[0], module.SEEDS)
        assert table_3.best_case(rows[-1], rows[0], module.SEEDS, module.HALF).p < plain.p


@pytest.mark.parametrize("id", ["soft-qmix-table-2a", "soft-qmix-table-3"])
def test_figures_are_the_same_on_every_run(id, tmp_path):
    files = [tmp_path / f"{n}.svg" for n in range(2)]
    for file in files:
        save(figures()[id].draw(), file)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_the_picture_keeps_the_sign_of_what_is_paid(monkeypatch):
    for paid, text in ((-3.6, "paid -4"), (-0.2, "paid 0"), (7.6, "paid 8")):
        monkeypatch.setattr(pictures, "paid", lambda x, y, paid=paid: paid)
        assert pictures._words(1, narrow=False).endswith(text)

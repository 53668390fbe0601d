"""What follows from HASAC's printed tables: Welch's test, the caption's rule of bold type, and the counts."""

import numpy as np
import pytest
from scipy.stats import ttest_ind_from_stats

from mathrl.figures.hasac.table_1 import CLAIMED, HARD, METHODS, WIN_RATES, marked
from mathrl.figures.hasac.tasks import TASKS
from mathrl.figures.hasac.updates_in_turn import RETURNS, SEEDS
from tests.reproduced import cells


def test_welch_is_scipys():
    x, s, y, u = np.array(list(RETURNS.values())).T
    found = cells("hasac-table-20")
    gap, p = (np.array([found[task, head].found for task in RETURNS]) for head in ("gap", f"p with {SEEDS} seeds"))
    expected = ttest_ind_from_stats(x, s, SEEDS, y, u, SEEDS, equal_var=False)
    assert np.allclose(gap * np.sqrt(SEEDS), expected.statistic, rtol=1e-13)  # rounding of a dozen operations
    assert np.allclose(p, expected.pvalue, rtol=1e-10)  # the tail of t in SciPy's two ways


def test_the_maximum_is_bold_under_either_reading_and_a_wider_deviation_marks_more():
    for scores in WIN_RATES.values():
        best = max(range(len(scores)), key=lambda m: scores[m][0])
        wider = tuple((median, deviation + 1) for median, deviation in scores)
        for own in (False, True):
            assert best in marked(scores, own=own)
            assert set(marked(scores, own=own)) <= set(marked(wider, own=own))


@pytest.mark.parametrize(
    ("scores", "of_maximum", "of_its_own"),
    [
        (((90.0, 5.0), (85.0, 1.0), (84.9, 5.0)), (0, 1), (0,)),
        (((90.0, 1.0), (85.0, 5.0), (88.9, 0.0)), (0,), (0, 1)),
        (((90.0, 1.0), (90.0, 5.0), (86.0, 0.0)), (0, 1, 2), (0, 1)),
    ],
)
def test_the_rule_of_bold_type_by_hand(scores, of_maximum, of_its_own):
    assert (marked(scores), marked(scores, own=True)) == (of_maximum, of_its_own)


def test_what_of_the_text_of_table_1_does_not_come_out():
    found = cells("hasac-table-1")
    assert [key for key, cell in found.items() if cell.agrees is False] == [
        ("maps", "HASAC over 90 %"),
        ("text", "HASAC's median alone is the largest on most maps"),
        ("text", "HASAC's deviation alone is the smallest on most maps"),
        ("text", "HASAC is best on the 3 named maps"),
        ("text", "FOP wins nothing on the super-hard maps"),
    ]
    over = found["maps", "HASAC over 90 %"].computed
    exactly = sum(scores[0][0] == 90 for scores in WIN_RATES.values())
    assert found["maps", "HASAC at least 90 %"].computed == over + exactly == 7
    assert set(HARD) < set(WIN_RATES)
    assert set(CLAIMED) < set(WIN_RATES)
    assert all(len(scores) == len(METHODS) for scores in WIN_RATES.values())


def test_hasac_is_above_all_on_no_more_maps_than_above_each():
    found = cells("hasac-table-1")
    for alone, beside in (
        ("HASAC's median alone is the largest", "HASAC's median is larger"),
        ("HASAC's deviation alone is the smallest", "HASAC's deviation is smaller"),
    ):
        each = [cell.computed for (_, column), cell in found.items() if column == beside]
        assert len(each) == len(METHODS) - 1
        # Those on which it is not above one of them are at most as many as these together.
        assert 8 - sum(8 - number for number in each) <= found["maps", alone].computed <= min(each)


def test_the_counted_tasks_are_one_more_than_printed_and_31_can_be():
    found = cells("hasac-table-of-tasks")
    assert [(key, cell.difference) for key, cell in found.items() if cell.agrees is False] == [(("all", "tasks"), 1)]
    parts = {row: cell.computed for (row, column), cell in found.items() if column == "tasks" and row in TASKS}
    assert sum(parts.values()) == found["all", "tasks"].computed
    least, most = (found["all", f"HASAC best, at {bound}"].computed for bound in ("least", "most"))
    assert least <= 31 <= most < found["all", "tasks"].computed
    best = {row: c.computed for (row, column), c in found.items() if column.startswith("HASAC best, by the text")}
    assert all(number <= parts[row] for row, number in best.items())
    assert least == sum(best.values()) + found["StarCraft", "HASAC best"].computed
    missing = sum(parts[row] - number for row, number in best.items())
    assert most - least == missing  # they differ by the tasks of which the text says nothing


def test_table_20s_gains_are_all_positive_and_four_of_them_are_wide():
    found = cells("hasac-table-20")
    assert all(cell.agrees is not False for cell in found.values())
    gaps = {row: cell.computed for (row, column), cell in found.items() if column == "gap"}
    assert set(gaps) == set(RETURNS)
    assert min(gaps.values()) > 0
    assert sum(gap > 1 for gap in gaps.values()) == found["tasks", "gap above 1"].computed == 4

"""HASAC's Figures 3a, 4b, 4c and 5 in tables: exact ends beside learned ones, and what the pictures show."""

import numpy as np
import pytest

from mathrl.base.printed import PaperStatement
from mathrl.base.runs import ALONE, Runs
from mathrl.figures.hasac import figure_3a, figure_4, figure_5
from mathrl.figures.hasac.figure_4 import jump, whole
from mathrl.figures.hasac.learned import BASE, CLIPPED, SEEDS, SWEEP, Case, ended, exact_end, learn, returns
from mathrl.figures.hasac.statements import (
    ENDS,
    MOST_SEEDS,
    at_qre,
    different_equilibria,
    end_at,
    most,
    near_uniform,
    of_picture,
)
from tests.reproduced import cells as cells_of
from tests.reproduced import reproduced

IDS = [f"hasac-figure-{part}" for part in ("3a", "4b", "4c", "5")]


@pytest.fixture(scope="module")
def cells():
    return {id: cells_of(id) for id in IDS}


def test_returns_and_ends_by_hand():
    joint = np.array([[[0.6, 0, 0], [0, 0.1, 0], [0, 0, 0.3]], [[0, 0.5, 0], [0, 0.5, 0], [0, 0, 0]]])
    assert np.allclose(returns(joint), [3 + 1 + 6, -10 + 5], atol=1e-12)
    assert ended(joint).tolist() == [[True, False, False], [False, False, False]]  # exactly a half is not more


def test_exact_ends_are_those_of_table_3():
    final = cells_of("hasac-table-3")
    for alpha in (1, 5, 10, 20):
        p = np.array([final[f"alpha={alpha}", f"final p{k}"].computed for k in (1, 2, 3)])
        assert np.abs(exact_end(float(alpha)) - np.outer(p, p)).max() < 1e-9  # where HASPI stops, twice


@pytest.mark.parametrize("id", ["hasac-table-3", "hasac-figure-5"])
def test_appendix_b_compares_the_exact_table_3_with_figure_5(id):
    (note,) = (note for note in reproduced(id).notes if "'Table 5'" in note)
    assert "compares Table 3" in note
    assert "means Figure 5" in note


def test_the_jump_separates_the_two_ends():
    at = jump()
    assert exact_end(at * (1 - 1e-6)).argmax() == 0
    assert exact_end(at * (1 + 1e-6)).argmax() == 8
    assert jump(6.0, 7.0) == pytest.approx(at, rel=1e-8)  # twice the width at which bisection stops


def test_the_end_before_the_jump_is_an_equilibrium_after_it_too(cells):
    """So that nothing but HASPI's path changes there: it goes only at the second fold."""
    found = cells["hasac-figure-4c"]
    at = found["HASPI goes over to (C,C)", "alpha"].computed
    folds = [found[f"fold {k}, where 2 equilibria vanish", "alpha"].computed for k in (1, 2, 3)]
    assert folds[0] < at < folds[1] < folds[2]
    numbers = {alpha: found[f"alpha={alpha:g}", "equilibria found"].computed for alpha in figure_4.TEMPERATURES}
    assert all(number == 1 + 2 * sum(fold > alpha for fold in folds) for alpha, number in numbers.items())


def test_where_q_is_known_learning_ends_where_haspi_does(cells):
    found = cells["hasac-figure-5"]
    exact = {row: c.computed for (row, column), c in found.items() if column == "exact"}
    assert len(exact) == 54
    for row, value in exact.items():
        assert found[row, "learned, Q known"].computed == pytest.approx(value, abs=1e-9)
        assert found[row, "learned, Q known"].low == pytest.approx(value, abs=1e-9)
    unlike = [row for row, value in exact.items() if abs(found[row, "learned, Q unknown"].computed - value) > 0.1]
    assert "alpha=5, (C,C)" in unlike


def test_columns_of_joint_policies_sum_to_one(cells):
    found = cells["hasac-figure-5"]
    for column in ("exact", "learned, Q known", "learned, Q unknown"):
        for alpha in (1, 2, 5, 10, 15, 20):
            rows = [f"alpha={alpha}, ({a},{b})" for a in "ABC" for b in "ABC"]
            assert sum(found[row, column].computed for row in rows) == pytest.approx(1, abs=1e-12)


def test_shares_and_claims_of_figure_3a(cells):
    """At α = 5 with known Q nobody leaves (A,A); at 7 and 10 all are at (C,C); many plays keep MAPPO at (A,A)."""
    found = cells["hasac-figure-3a"]
    names = [case.name for case in (*BASE, *SWEEP["fast"])]
    assert len(set(names)) == len(names)
    for name in names:
        assert sum(found[name, f"seeds at {end}"].computed for end in ENDS) <= 1 + 1e-12
    assert found["HASAC alpha=5", "seeds at (A,A)"].computed == 1
    assert all(found[f"HASAC alpha={alpha}", "seeds at (C,C)"].computed == 1 for alpha in (7, 10))
    assert all(
        found[f"{name} 64 plays, step 0.1, epochs 5", "seeds at (A,A)"].computed == 1 for name in ("HAPPO", "MAPPO")
    )
    assert 0 < found["HASAC alpha=5, 1 play, warm-up 0", "seeds at (C,C)"].computed < 1


def test_what_is_said_in_words_comes_out_but_for_alpha_5(cells):
    said = {
        (id, *key): cell
        for id, found in cells.items()
        for key, cell in found.items()
        if isinstance(cell.printed, PaperStatement)
    }
    assert len(said) == 16
    off = [key for key, cell in said.items() if not cell.agrees]
    assert off == [("hasac-figure-5", "Appendix B", "learning ends at (C,C) at alpha = 5")]


def test_no_statement_hangs_on_a_seed(cells):
    """The intervals of the shares of seeds do not reach the bound, on either side."""
    found = cells["hasac-figure-3a"]
    for name in ("HAPPO", "MAPPO"):
        assert found[name, "seeds at (A,A)"].low > MOST_SEEDS
    assert found["HASAC alpha=7", "seeds at (C,C)"].computed == 1
    assert found["HASAC alpha=5, 1 play, warm-up 0", "seeds at (C,C)"].high < MOST_SEEDS
    assert found["share of all 10 settings", "HASAC ends at (C,C)"].computed == 0.3  # of these, at 7, 10 and 15


def test_statements_by_hand():
    a, c, uniform = np.zeros((3, 3)), np.zeros((3, 3)), np.full((3, 3), 1 / 9)
    a[0, 0] = c[2, 2] = 1
    joint = np.array([a, a, a, c])
    assert end_at(joint, "(A,A)").tolist() == [True, True, True, False]
    assert end_at(joint, "(A,A)", "(C,C)").all()
    assert not end_at(uniform, *ENDS)
    assert most(end_at(joint, "(A,A)"))  # exactly three quarters are enough
    assert not most(end_at(joint[1:], "(A,A)"))
    assert near_uniform(np.array([uniform, a])).tolist() == [True, False]


def test_ends_are_different_equilibria_only_if_they_are_equilibria_and_differ():
    one, other = ({alpha: np.broadcast_to(exact_end(alpha), (4, 3, 3))} for alpha in (5.0, 10.0))
    assert at_qre(one[5.0], 5.0).all()
    assert not at_qre(one[5.0], 10.0).any()
    assert different_equilibria(one | other) == 1
    assert different_equilibria(one | {10.0: one[5.0]}) == 0
    assert different_equilibria(one | {5.0 * (1 + 1e-15): one[5.0]}) == 0  # the same end twice
    assert different_equilibria(one | other | {15.0: one[5.0]}) == pytest.approx(1 / 3)


def test_parts_that_are_kept_change_nothing(tmp_path):
    cases = [Case("MAPPO", "MAPPO", CLIPPED), whole(5.0, False)]
    asked = {"seed": 4, "seeds": 60, "record": [100], "name": "part"}
    alone = learn(cases, ALONE, **asked)
    kept = learn(cases, Runs(folder=tmp_path), **asked)
    assert len(list(tmp_path.iterdir())) == 4
    kept = learn(cases, Runs(folder=tmp_path), **asked)
    for case in cases:
        assert alone[case.name].shape == (60, 3, 3, 3)
        assert np.array_equal(alone[case.name], kept[case.name])
        assert np.abs(alone[case.name].sum(axis=(-2, -1)) - 1).max() < 1e-12


def test_names_of_the_paper_sweep_are_of_their_own_and_none_has_an_update_that_is_always_0():
    names = [case.name for case in (*BASE, *SWEEP["paper"])]
    assert len(set(names)) == len(names)
    assert not any(case.settings.plays == 1 and getattr(case.settings, "normalise", False) for case in SWEEP["paper"])


def test_pictures_have_the_seeds_of_the_tables_and_notes_say_so():
    assert {module.DRAWN_SEEDS for module in (figure_3a, figure_4, figure_5)} == {SEEDS["fast"]}
    for id in IDS:
        (said,) = (note for note in reproduced(id).notes if note.startswith("seeds: "))
        assert said == f"seeds: {SEEDS['fast']} here; {of_picture(SEEDS['fast'])}"


def test_what_notes_say_of_ends_follows_the_runs():
    """Other joint policies than were learned give other sentences."""
    a, c = np.zeros((2, 40, 3, 3))
    a[:, 0, 0] = c[:, 2, 2] = 1
    said = [figure_5._at_5({(5.0, True): ends}, True) for ends in (a, c)]
    assert said[0].startswith("100% of the seeds end at (A,A), 0%")
    assert said[1].endswith("100% of the seeds end at (C,C)")
    assert "at every temperature" in figure_4._unended({1.0: 0.05})
    assert figure_4._unended({1.0: 0.05, 5.0: -0.25}).endswith("at alpha = 5 (-0.25)")


def test_pictures_name_axes_and_curves(monkeypatch):
    for module in (figure_3a, figure_4, figure_5):
        monkeypatch.setattr(module, "DRAWN_SEEDS", 4)
    curves, shares = figure_3a.draw().axes
    assert (curves.get_xlabel(), curves.get_ylabel()) == ("episodes of 10 plays", "expected return")
    named = ", ".join(text.get_text() for text in curves.texts)
    assert all(f", {name}" in named for name in ("HASAC α = 7", "HAPPO", "MAPPO"))
    assert [label.get_text() for label in shares.get_yticklabels()] == list(figure_3a.DRAWN.values())
    (panel,) = figure_4.draw_4b().axes
    named = ["1/α = 1", *(f"1/α = 1/{alpha:g}" for alpha in figure_4.DRAWN[1:])]
    assert [text.get_text() for text in panel.texts] == named
    first, second = figure_4.draw_4c().axes
    assert [axes.get_ylabel() for axes in (first, second)] == ["probability of (A,A)", "probability of (C,C)"]
    assert len(figure_5.draw().axes) == 12

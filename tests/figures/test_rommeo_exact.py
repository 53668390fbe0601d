"""ROMMEO's Section 5, the exact part: all equilibria of the climbing game, and the surface of Section 5.2."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from mathrl.base.reproduction import reproduce
from mathrl.equilibria.nash.vertices import all_equilibria
from mathrl.figures.plot import save
from mathrl.figures.reproductions import figures, reproductions
from mathrl.figures.rommeo import figure_2, section_5_1
from mathrl.figures.rommeo.picture_surface import _ends_at_best
from mathrl.figures.rommeo.section_5_1 import GAMES, equilibria, payoffs
from mathrl.figures.rommeo.surface import BOX, CODE, PRINTED
from tests.reproduced import cells

SURFACES = [pytest.param(PRINTED, id="printed"), pytest.param(CODE, id="code")]


def gains(first, second, x, y):
    """What each agent gains by its best deviation, in fractions."""
    u = [sum(r * p for r, p in zip(row, y, strict=True)) for row in first]
    v = [sum(second[a][b] * x[a] for a in range(len(x))) for b in range(len(y))]
    return max(u) - sum(p * w for p, w in zip(x, u, strict=True)), max(v) - sum(
        p * w for p, w in zip(y, v, strict=True)
    )


@pytest.mark.parametrize("name", GAMES)
def test_the_equilibria_are_equilibria_exactly(name):
    found = equilibria(name)
    assert found.nondegenerate
    for e in found.equilibria:
        assert [sum(strategy) for strategy in e.strategies] == [1, 1]
        assert gains(*payoffs(name), *e.strategies) == (0, 0)


def by_supports(first, second):
    """All equilibria of a nondegenerate game by a second method: a linear system for each pair of supports."""
    m, n = len(first), len(first[0])
    found = set()
    for own, other in product(range(1, 2**m), range(1, 2**n)):
        rows, columns = ([k for k in range(size) if mask >> k & 1] for mask, size in ((own, m), (other, n)))
        if len(rows) != len(columns):
            continue
        y = indifferent([[first[a][b] for b in columns] for a in rows])
        x = indifferent([[second[a][b] for a in rows] for b in columns])
        if x is None or y is None or min(x) <= 0 or min(y) <= 0:
            continue
        full = tuple(x[rows.index(a)] if a in rows else Fraction(0) for a in range(m))
        theirs = tuple(y[columns.index(b)] if b in columns else Fraction(0) for b in range(n))
        if gains(first, second, full, theirs) == (0, 0):
            found.add((full, theirs))
    return found


def indifferent(table):
    """The mixture of columns at which all rows pay the same, by Cramer's rule; None where there is not just one."""
    size = len(table)
    system = [[*row, Fraction(-1)] for row in table] + [[*([Fraction(1)] * size), Fraction(0)]]
    whole = determinant(system)
    if whole == 0:
        return None
    right = [Fraction(0)] * size + [Fraction(1)]
    return [determinant([[*row[:k], r, *row[k + 1 :]] for row, r in zip(system, right, strict=True)]) / whole
            for k in range(size)]  # fmt: skip


def determinant(rows):
    if len(rows) == 1:
        return rows[0][0]
    return sum(
        (-1) ** k * rows[0][k] * determinant([row[:k] + row[k + 1 :] for row in rows[1:]]) for k in range(len(rows))
    )


@pytest.mark.parametrize("shape", [(2, 2), (2, 3), (3, 3)])
def test_vertices_and_supports_give_the_same_equilibria(shape):
    rng = np.random.default_rng(sum(shape))
    for _ in range(12):
        first, second = ([[Fraction(int(r)) for r in row] for row in rng.integers(-50, 50, shape)] for _ in range(2))
        found = all_equilibria(first, second)
        if found.nondegenerate:
            assert {e.strategies for e in found.equilibria} == by_supports(first, second)
            assert len(found.equilibria) % 2 == 1  # of a nondegenerate game


def test_a_degenerate_game_is_called_so():
    assert not all_equilibria([[1, 1], [0, 0]], [[1, 1], [0, 0]]).nondegenerate
    assert not all_equilibria([[0, 0], [0, 0]], [[1, 0], [0, 1]]).nondegenerate


def test_tables_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match="second"):
        all_equilibria([[1, 2]], [[1], [2]])


def test_relabelling_actions_relabels_equilibria():
    first, second = payoffs("as printed")
    turned = all_equilibria([row[::-1] for row in first], [row[::-1] for row in second])
    assert {(e.strategies[0], e.strategies[1][::-1]) for e in turned.equilibria} == {
        e.strategies for e in equilibria("as printed").equilibria
    }


def test_the_text_misses_the_mixed_equilibrium_and_its_game_is_not_fully_cooperative():
    found = cells("rommeo-section-5-1")
    differing = [key for key, cell in found.items() if cell.agrees is False]
    assert differing == [("as printed", "equilibria"), ("text", "both are paid the same")]
    assert found["text", "both are paid the same"].computed == 8 / 9
    assert found["as printed", "equilibria"].computed == 3


@pytest.mark.parametrize("surface", SURFACES)
def test_the_gradient_is_that_of_the_value(surface):
    x = np.random.default_rng(0).uniform(-BOX, BOX, (50, 2))
    for k, step in enumerate(1e-6 * np.eye(2)):
        slope = (surface.value(x + step) - surface.value(x - step)) / 2e-6
        assert np.allclose(slope, surface.gradient(x)[:, k], atol=1e-6)  # central differences of quadratics, rounding


@pytest.mark.parametrize("surface", SURFACES)
def test_the_pieces_meet_on_the_circle_and_nowhere_else(surface):
    angles = np.linspace(0, 2 * np.pi, 60)
    for scale, sign in ((1, 0), (0.999, 1), (1.001, -1)):
        x = 5 * float(surface.m) + scale * surface.radius * np.stack([np.cos(angles), np.sin(angles)], -1)
        first, second = surface.pieces(x)
        assert np.all(np.sign(np.round(second - first, 9)) == sign)


def test_the_numbers_of_the_printed_surface_are_the_fractions_of_the_notes():
    assert (5 * PRINTED.m, PRINTED.radius_squared) == (Fraction(245, 41), Fraction(54450, 1681))
    assert PRINTED.radius_squared / 50 == Fraction(33, 41) ** 2
    assert PRINTED.sine_squared == Fraction(11, 30) ** 2
    assert 10 - 50 * (1 - (PRINTED.m - Fraction(33, 41))) ** 2 == Fraction(-14440, 1681)


@pytest.mark.parametrize("surface", SURFACES)
def test_at_the_maxima_the_gradient_is_0_and_all_around_is_lower(surface):
    rng = np.random.default_rng(2)
    for action, reward in surface.maxima():
        x = np.full(2, float(action))
        assert np.abs(surface.gradient(x)).max() == 0
        assert surface.value(x) == reward
        assert np.all(surface.value(x + rng.uniform(-1, 1, (100, 2))) < reward)
    assert len(surface.maxima()) == 2


def test_a_piece_that_is_below_the_other_at_its_top_gives_no_maximum(monkeypatch):
    monkeypatch.setattr(type(PRINTED), "diagonal", lambda self, x: (-((x + 5) ** 2) - 200, 10 - 2 * (x - 5) ** 2))
    assert PRINTED.maxima() == ((5, 10),)


def test_the_root_of_the_valley_is_a_fraction_as_printed_and_in_the_code_it_is_none():
    assert 5 * PRINTED.exact_saddle == Fraction(80, 41)
    assert float(PRINTED.exact_saddle) == pytest.approx(PRINTED.saddle, abs=1e-15)
    assert CODE.exact_saddle is None


def test_the_notes_on_the_surface_follow_what_is_computed(monkeypatch):
    """Of a wider circle they say that it is the printed one."""
    said = figure_2.figure_2a().notes
    assert any("Figure 2a is drawn as in the authors' code" in note for note in said)
    assert any("(80/41, 80/41) with reward −14440/1681 (−8.590), less than the −40/9" in note for note in said)
    monkeypatch.setattr(figure_2, "DRAWN_RADIUS", 4.7)
    assert any("Figure 2a is drawn as printed" in note for note in figure_2.figure_2a().notes)


def test_the_notes_on_the_game_follow_its_payoffs(monkeypatch):
    said = reproduce(reproductions()["rommeo-section-5-1"]).notes
    assert any("(C,C) pays (5,3) as printed and (5,5)" in note and "agent 1 gains 1 by B" in note for note in said)
    monkeypatch.setattr(section_5_1, "GAMES", {"as printed": "climbing", "classic": "climbing"})
    other = section_5_1._notes({name: equilibria("classic") for name in ("as printed", "classic")})
    assert not any("(5,3)" in note for note in other)


@pytest.mark.parametrize("surface", SURFACES)
def test_at_the_top_of_the_valley_the_gradients_balance(surface):
    x = np.full(2, 5 * surface.saddle)
    first, second = surface.pieces(x)
    assert first == pytest.approx(second, abs=1e-12)
    one, other = -2 * float(surface.c) * (x + 5), -2 * (x - 5)
    assert one[0] < 0 < other[0]  # both along the diagonal


@pytest.mark.parametrize("surface", SURFACES)
def test_paths_of_ascent_end_where_the_basins_say(surface):
    """Against SciPy's integration of the gradient, from points that are not just beside a border."""
    rng = np.random.default_rng(1)
    starts = rng.uniform(-BOX, BOX, (16, 2))
    for x in starts:
        if any(
            _ends_at_best(surface, x + d) != _ends_at_best(surface, x)
            for d in 0.05 * np.array([[1, 1], [-1, 1], [1, -1], [-1, -1]])
        ):
            continue
        end = solve_ivp(lambda t, p: surface.gradient(p), (0, 60), x, max_step=0.5).y[:, -1]
        assert np.abs(end - surface.path(x)[-1]).max() < 0.02
        assert (end[0] > 0) == _ends_at_best(surface, x)


@pytest.mark.parametrize("surface", SURFACES)
def test_the_share_of_the_basin_is_that_of_a_grid(surface):
    ticks = (np.arange(1000) + 0.5) / 50 - BOX
    ends = _ends_at_best(surface, np.stack(np.meshgrid(ticks, ticks), -1))
    assert surface.basin_share()[0] == pytest.approx(ends.mean(), abs=2e-4)  # the cells on the border


def test_what_the_text_says_of_the_surface_holds():
    assert [key for key, cell in cells("rommeo-figure-2a").items() if cell.agrees is False] == []


def test_the_figure_is_the_same_on_every_run(tmp_path):
    for name in ("a.svg", "b.svg"):
        save(figures()["rommeo-figure-2a"].draw(), tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_a_game_of_one_action_each_has_one_equilibrium():
    assert len(all_equilibria([[3]], [[4]]).equilibria) == 1

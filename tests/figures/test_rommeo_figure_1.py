"""ROMMEO's Figure 1: readings, parts, what the notes are made of, and what came out."""

import numpy as np
import pytest

from mathrl.base.reproduction import Estimate
from mathrl.base.runs import Runs
from mathrl.figures.plot import save
from mathrl.figures.reproductions import figures
from mathrl.figures.rommeo import figure_1, figure_1_drawings, readings, simulated
from mathrl.figures.rommeo.figure_1 import _key, verdict
from mathrl.figures.rommeo.readings import LEARNERS, READINGS, common, learn
from mathrl.games import load
from mathrl.learners import Schedule
from tests.reproduced import cells, reproduced

IDS = ["rommeo-figure-1", "rommeo-figure-1a", "rommeo-figure-1b", "rommeo-figure-1c"]


@pytest.fixture(scope="module")
def convergence():
    return cells("rommeo-figure-1b"), reproduced("rommeo-figure-1b").notes


def test_every_reading_has_settings_for_every_learner():
    for chosen in READINGS.values():
        assert tuple(chosen) == LEARNERS or set(chosen) == set(LEARNERS)
        assert {type(settings) for settings in chosen.values()} == set(readings.FUNCTIONS)
        assert chosen["ROMMEO-Q-EMP"].empirical
        assert not chosen["ROMMEO-Q"].empirical
        assert [chosen[f"FMQ-c{c}"].weight for c in (1, 5, 10)] == [1, 5, 10]


def test_in_one_reading_all_but_wolf_have_the_same_step_and_temperature():
    chosen = READINGS["all annealed"]
    assert len({settings.step for settings in chosen.values()}) == 1
    assert len({chosen[name].temperature for name in LEARNERS if name != "WoLF-PHC"}) == 1


def test_a_part_has_the_runs_of_its_seeds():
    part = {"reading": "none annealed", "learner": "JAL", "seed": 3, "first": 2, "runs": 2, "record": [5, 40]}
    found = simulated.simulated(part)
    run = learn(load("climbing"), READINGS["none annealed"]["JAL"], episodes=40, seeds=[2, 3], seed=3)
    assert np.array_equal(found["aa"], run.played(0, 0)[:, [5, 40]])
    assert np.allclose(found["reward"], np.stack([run.rewards[:, :5, 0].mean(1), run.rewards[:, 30:, 0].mean(1)], 1))


def test_curves_do_not_depend_on_how_they_are_run(tmp_path, monkeypatch):
    monkeypatch.setattr(figure_1, "PART", 3)
    one = figure_1.curves(0, 7, [20], Runs(), ["none annealed"])
    other = figure_1.curves(0, 7, [20], Runs(folder=tmp_path), ["none annealed"])
    assert len(list(tmp_path.iterdir())) == 3 * len(LEARNERS)
    again = figure_1.curves(0, 7, [20], Runs(folder=tmp_path), ["none annealed"])
    monkeypatch.setattr(figure_1, "PART", 7)
    whole = figure_1.curves(0, 7, [20], Runs(), ["none annealed"])
    for key, result in one.items():
        assert result["aa"].shape == (7, 1)
        for same in (other, again, whole):
            assert np.array_equal(same[key]["aa"], result["aa"])
            assert np.array_equal(same[key]["reward"], result["reward"])


def estimates(**values):
    return {name: Estimate(x, x - 0.05, x + 0.05, 100) for name, x in values.items()}


@pytest.mark.parametrize(
    ("own", "best", "said"),
    [(0.9, 0.5, "as the text says"), (0.5, 0.55, "NOT significantly"), (0.3, 0.9, "does NOT outperform")],
)
def test_the_verdict_follows_from_the_intervals(own, best, said):
    at = estimates(JAL=best) | {"ROMMEO-Q": estimates(x=own)["x"], "ROMMEO-Q-EMP": estimates(x=0.99)["x"]}
    assert said in verdict(at)


def test_when_a_probability_settles():
    p = np.array([[0.1, 0.6, 0.4, 0.7, 0.9], [0.9, 0.9, 0.9, 0.9, 0.9], [0.9, 0.9, 0.9, 0.9, 0.2]])
    assert simulated._settled(p).tolist() == [3, 0, -1]


def test_what_a_learner_does_not_depend_on_is_computed_once():
    row = ("0.5", "1", "12", "0.1", "all")
    other = ("0.5", "20 e^-t/10 + 0.1", "12", "0.1", "50")
    assert _key(row, "WoLF-PHC") == _key(other, "WoLF-PHC")
    assert _key(row, "PR2-Q") != _key(other, "PR2-Q")
    assert _key(row, "PR2-Q") == _key((*row[:-1], "50"), "PR2-Q")
    assert _key(row, "ROMMEO-Q") != _key((*row[:-1], "50"), "ROMMEO-Q")
    chosen = common(step=0.5, temperature=1.0, initial_q=(12.0, 12.0), exploration=0.1, window=None)
    assert chosen["ROMMEO-Q"].window is None


def test_annealed_rommeo_converges_and_so_does_pr2_with_the_same_annealing(convergence):
    cells, _ = convergence

    def at(reading, learner):
        return cells[f"{reading}: {learner}", "episode 100"]

    for reading in ("ROMMEO-Q annealed", "all annealed"):
        assert at(reading, "ROMMEO-Q").low > 0.9
        assert at(reading, "ROMMEO-Q-EMP").high < 0.3
    assert at("ROMMEO-Q annealed", "ROMMEO-Q").low > at("ROMMEO-Q annealed", "PR2-Q").high
    assert at("all annealed", "PR2-Q").low > 0.9
    assert at("none annealed", "ROMMEO-Q").high < 0.5


def test_the_statement_is_the_share_of_the_readings_in_which_it_is_so(convergence):
    cells, _ = convergence
    assert cells["text", figure_1.AHEAD].computed == 1 / 4
    assert cells["text", figure_1.AHEAD].verdict == "DOES NOT COME OUT"


def test_the_notes_say_so(convergence):
    _, notes = convergence
    said = {reading: [n for n in notes if n.startswith(f"{reading}, episode 100")] for reading in READINGS}
    assert ["as the text says" in note for (note,) in said.values()] == [True, False, False, False]


def test_the_mean_field_of_rommeo_tends_to_the_optimum_and_that_of_frequencies_does_not(convergence):
    cells, _ = convergence
    for reading in READINGS:
        assert cells[f"{reading}: ROMMEO-Q, mean field", "episode 300"].computed > 0.99
        assert cells[f"{reading}: ROMMEO-Q-EMP, mean field", "episode 300"].computed < 0.2


def test_the_other_entries_have_estimates_and_notes():
    for id in ("rommeo-figure-1", "rommeo-figure-1c"):
        result = reproduced(id)
        assert all(cell.low <= cell.computed <= cell.high for cell in result.cells if cell.row != "text")
        assert {cell.printed is not None for cell in result.cells if cell.row == "text"} == {True}
        assert len(result.notes) > 2
    shares = {(cell.row, cell.column): cell.computed for cell in result.cells}
    for reading in ("ROMMEO-Q annealed", "none annealed"):
        both = shares[reading, "model before policy"] + shares[reading, "policy before model"]
        assert both <= 1
    readings = [row for row, column in shares if column == "model before policy"]
    first = [shares[row, "model before policy"] > shares[row, "policy before model"] for row in readings]
    assert shares["text", figure_1.FIRST] == np.mean(first)


@pytest.mark.parametrize("id", IDS)
def test_a_figure_is_the_same_on_every_run(id, tmp_path, monkeypatch):
    monkeypatch.setattr(figure_1_drawings, "SEEDS", 4)
    monkeypatch.setattr(figure_1_drawings, "TICKS", (0, 10, 300))
    for name in "ab":
        save(figures()[id].draw(), tmp_path / f"{name}.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_labels_keep_apart_and_inside():
    """Eight lines that end at one place: their names stay in order, and within the panel."""
    from mathrl.figures.plot import mosaic, style

    with style():
        _, axes = mosaic([["one"]], height=2.0, widths=[1])
        figure_1_drawings._labels(axes["one"], [(name, 0.02) for name in LEARNERS], 0.0, 1.0)
    heights = sorted(text.xyann[1] for text in axes["one"].texts)
    assert np.diff(heights).min() > 1 / 12 - 1e-9
    assert heights[0] >= 0
    assert heights[-1] <= 1


def test_the_temperatures_of_the_authors_code():
    chosen = READINGS["ROMMEO-Q annealed"]
    assert chosen["ROMMEO-Q"].temperature.at(0) == pytest.approx(500.1)
    assert chosen["FMQ-c10"].temperature.at(0) == pytest.approx(501)
    assert Schedule(1.0, half=10_000.0).at(10_000) == 0.5

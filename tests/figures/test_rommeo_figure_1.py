"""ROMMEO's Figure 1: readings, parts, what the notes are made of, and what came out."""

import numpy as np
import pytest

from mathrl.base.runs import Runs
from mathrl.figures.plot import save
from mathrl.figures.reproductions import figures
from mathrl.figures.rommeo import (
    compared,
    divided_jal,
    drawn,
    figure_1_sweep,
    figure_1a,
    figure_1b,
    figure_1c,
    gathered,
    picture_curves,
    picture_models,
    picture_open,
    readings,
    simulated,
)
from mathrl.figures.rommeo.by_run import difference, share
from mathrl.figures.rommeo.readings import LEARNERS, READINGS, common, learn
from mathrl.figures.rommeo.words import number, told
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
    monkeypatch.setattr(gathered, "PART", 3)
    one = gathered.curves(0, 7, [20], Runs(), ["none annealed"])
    other = gathered.curves(0, 7, [20], Runs(folder=tmp_path), ["none annealed"])
    assert len(list(tmp_path.iterdir())) == 3 * len(LEARNERS)
    again = gathered.curves(0, 7, [20], Runs(folder=tmp_path), ["none annealed"])
    monkeypatch.setattr(gathered, "PART", 7)
    whole = gathered.curves(0, 7, [20], Runs(), ["none annealed"])
    for key, result in one.items():
        assert result["aa"].shape == (7, 1)
        for same in (other, again, whole):
            assert np.array_equal(same[key]["aa"], result["aa"])
            assert np.array_equal(same[key]["reward"], result["reward"])


def reached(hits, runs=200):
    """P(A,A) of runs of which so many end at (A,A), the first."""
    return (np.arange(runs) < hits).astype(float)


@pytest.mark.parametrize(
    ("own", "best", "decision", "said"),
    [
        (180, 100, True, "as the text says"),
        (100, 102, None, "is undecided"),
        (102, 100, None, "is undecided"),
        (60, 180, False, "does NOT outperform"),
    ],
)
def test_the_verdict_follows_from_the_interval_of_the_difference(own, best, decision, said):
    p = {"ROMMEO-Q": reached(own), "ROMMEO-Q-EMP": reached(200), "JAL": reached(best), "PR2-Q": reached(0)}
    less = compared.less_others(p)
    assert compared.ahead(less) is decision
    assert said in compared.verdict(less)
    assert f"JAL {told(less['JAL'])}" in compared.verdict(less)


def test_runs_of_the_same_seed_decide_what_their_intervals_alone_do_not():
    """Two learners whose shares differ little, always for the same one: both intervals overlap."""
    own, other = reached(120), reached(100)
    assert share(own).low < share(other).high
    assert compared.above(difference(own, other)) is True
    assert compared.above(difference(own, other[::-1])) is None  # the same shares, of runs that do not belong together


def test_two_learners_change_the_sign_of_their_difference():
    rng = np.random.default_rng(0)
    one, other = rng.random((2, 50))
    found, turned = difference(one, other), difference(other, one)
    assert (found.value, found.low, found.high) == pytest.approx((-turned.value, -turned.high, -turned.low))


def test_rounding_errors_decide_nothing():
    """Both end at (A,A) in all runs, one of them by 1e-15 farther from it in each."""
    assert compared.above(difference(np.ones(1000), np.ones(1000) - 1e-15)) is None
    assert number(0.1 + 0.2 - 0.3) == "0.000"


@pytest.mark.parametrize("runs", [20, 100, 200])
@pytest.mark.parametrize(("ahead", "behind"), [(0.0, 0.0), (0.02, 0.0), (0.05, 0.01), (0.3, 0.1), (0.5, 0.5)])
def test_the_interval_holds_the_difference_as_often_as_it_says(runs, ahead, behind):
    """The least coverage is 0.87, where 0.02 of 100 runs differ (2000 samples: ± 0.015); that of Student has 0.33
    where 0.02 of 20 do, as most samples then have no run that differs.
    """
    rng = np.random.default_rng(1)
    samples = rng.choice([1.0, -1.0, 0.0], size=(2000, runs), p=[ahead, behind, 1 - ahead - behind])
    found = [difference(d, np.zeros(runs)) for d in samples]
    assert np.mean([one.low <= ahead - behind <= one.high for one in found]) > 0.85


def test_when_a_probability_settles():
    p = np.array([[0.1, 0.6, 0.4, 0.7, 0.9], [0.9, 0.9, 0.9, 0.9, 0.9], [0.9, 0.9, 0.9, 0.9, 0.2]])
    assert simulated._settled(p).tolist() == [3, 0, -1]


def test_what_a_learner_does_not_depend_on_is_computed_once():
    row = ("0.5", "1", "12", "0.1", "all")
    other = ("0.5", "20 e^-t/10 + 0.1", "12", "0.1", "50")
    assert figure_1_sweep.key_of(row, "WoLF-PHC") == figure_1_sweep.key_of(other, "WoLF-PHC")
    assert figure_1_sweep.key_of(row, "PR2-Q") != figure_1_sweep.key_of(other, "PR2-Q")
    assert figure_1_sweep.key_of(row, "PR2-Q") == figure_1_sweep.key_of((*row[:-1], "50"), "PR2-Q")
    assert figure_1_sweep.key_of(row, "ROMMEO-Q") != figure_1_sweep.key_of((*row[:-1], "50"), "ROMMEO-Q")
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
    decisions = []
    for reading in READINGS:
        less = {name: cells[f"{reading}: ROMMEO-Q less {name}", "episode 100"] for name in gathered.BASELINES}
        low, high = (np.array([getattr(cell, end) for cell in less.values()]) for end in ("low", "high"))
        decisions.append("above" if (low > 0).all() else "below" if (high < 0).any() else "undecided")
    assert decisions == ["above", "undecided", "below", "below"]
    assert cells["text", figure_1b.AHEAD].computed == 1 / 4
    assert cells["text", figure_1b.AHEAD].verdict == "DOES NOT COME OUT"


def test_the_differences_are_those_of_the_means(convergence):
    cells, _ = convergence
    for reading in READINGS:
        own = cells[f"{reading}: ROMMEO-Q", "episode 300"].computed
        for name in LEARNERS[1:]:
            less = cells[f"{reading}: ROMMEO-Q less {name}", "episode 300"].computed
            assert less == pytest.approx(own - cells[f"{reading}: {name}", "episode 300"].computed, abs=1e-12)  # sums


def test_the_notes_say_so(convergence):
    _, notes = convergence
    said = {reading: [n for n in notes if n.startswith(f"{reading}, episode 100")] for reading in READINGS}
    assert ["as the text says" in note for (note,) in said.values()] == [True, False, False, False]
    assert ["is undecided" in note for (note,) in said.values()] == [False, True, False, False]


def test_rewards_within_a_margin():
    far, near = figure_1a.within, difference(np.full(200, 2.0), np.zeros(200), figure_1a.SPAN)
    assert [far(near, margin) for margin in (4.0, 1.0, near.high)] == [True, False, True]
    assert far(near, near.value) is None


def test_the_largest_reward_and_those_like_it():
    rng = np.random.default_rng(0)
    first = rng.normal(8, 1, 200)
    rewards = {"ROMMEO-Q": first, "FMQ-c10": first - 5, "PR2-Q": first + rng.normal(0.1, 1, 200)}
    said = figure_1a.leaders(rewards)
    assert said.startswith("the largest mean reward is PR2-Q's")
    assert "Not told apart from the largest: ROMMEO-Q −" in said
    assert "FMQ-c10 −" not in said


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


def test_thinking_ahead_is_decided_by_the_difference_of_the_shares():
    """Of 10 runs that end at (A,A) one has both models ahead, and nine one ahead and one behind."""
    policy = np.full((11, 2), 40.0)
    model = policy + np.array([-3, 3])
    model[0] = 30
    least = np.where(np.arange(22).reshape(11, 2) < 11, 0.2, 0.8)
    ends = np.ones((11, 2))
    ends[10] = 0
    runs = {"ends": ends, "model": model, "policy": policy, "observed": policy + 9, "least": least}
    runs["modelled"] = 1 - least
    found = figure_1c.thought(runs)
    assert (found.before.value, found.after.value, found.lead.value) == pytest.approx((0.55, 0.45, 0.1))
    assert found.lead.low < 0 < found.lead.high
    assert (found.ends.seeds, found.before.seeds, found.ahead.value) == (11, 10, 1)
    assert (found.drops.value, found.falls.value) == pytest.approx((0.55, 0.45))
    assert figure_1c.thought({**runs, "ends": np.zeros((11, 2))}) is None


@pytest.mark.parametrize("id", IDS)
def test_a_figure_is_the_same_on_every_run(id, tmp_path, monkeypatch):
    for module in (picture_curves, picture_models, picture_open):
        monkeypatch.setattr(module, "SEEDS", {"fast": 4})
    monkeypatch.setattr(picture_curves, "TICKS", (0, 10, 300))
    for name in "ab":
        save(figures()[id].draw(), tmp_path / f"{name}.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_pictures_and_tables_have_the_same_runs(convergence, monkeypatch):
    cells, notes = convergence
    monkeypatch.setattr(picture_curves, "TICKS", (0, 100, 300))
    figure = figures()["rommeo-figure-1b"].draw()
    runs = gathered.SEEDS["fast"]
    assert f"Means of {runs} runs" in figure.get_supxlabel()
    assert any(f"draws the {runs} runs" in note for note in notes)
    for reading, axes in zip(READINGS, figure.axes, strict=True):
        for learner, line in zip(LEARNERS, axes.get_lines(), strict=True):
            cell = cells[f"{reading}: {learner}", "episode 300"]
            assert cell.seeds == runs
            assert line.get_ydata()[-1] == pytest.approx(cell.computed, abs=1e-12)  # one mean, summed in two ways


def test_labels_keep_apart_and_inside():
    """Eight lines that end at one place: their names stay in order, and within the panel."""
    from mathrl.figures.plot import mosaic, style

    with style():
        _, axes = mosaic([["one"]], height=2.0, widths=[1])
        picture_curves._labels(axes["one"], [(name, 0.02) for name in LEARNERS], 0.0, 1.0)
    heights = sorted(text.xyann[1] for text in axes["one"].texts)
    assert np.diff(heights).min() > 1 / 12 - 1e-9
    assert heights[0] >= 0
    assert heights[-1] <= 1


def test_the_temperatures_of_the_authors_code():
    chosen = READINGS["ROMMEO-Q annealed"]
    assert chosen["ROMMEO-Q"].temperature.at(0) == pytest.approx(500.1)
    assert chosen["FMQ-c10"].temperature.at(0) == pytest.approx(501)
    assert Schedule(1.0, half=10_000.0).at(10_000) == 0.5


@pytest.mark.parametrize("divided", [True, False])
def test_the_authors_joint_action_learner_is_what_its_equations_say(divided):
    """One run in plain loops, from the same draws."""
    rng, pays = np.random.default_rng(3), np.array([[11, -30, 0], [-30, 7, 6], [0, 0, 5]])
    values, beliefs = rng.random((1, 2, 3, 3))[0], rng.dirichlet(np.ones(3), (1, 2))[0]
    history, paid = [], []
    for t in range(120):
        step, actions = 10_000 / (10_000 + t), []
        explores, random = rng.random((1, 2))[0] < 0.1 * step, rng.integers(3, size=(1, 2))[0]
        for i in range(2):
            worth = [sum(values[i, a, b] * beliefs[i, b] for b in range(3)) for a in range(3)]
            worth = [w / sum(worth) for w in worth] if divided else worth
            actions.append(int(random[i]) if explores[i] else worth.index(max(worth)))
        history.append(actions)
        paid.append(pays[tuple(actions)])
        for i, own in enumerate(actions):
            other = actions[1 - i]
            values[i, own, other] += step * (paid[-1] - values[i, own, other])
            recent = [past[1 - i] for past in history[-50:]]
            beliefs[i] = [recent.count(b) for b in range(3)]  # the frequencies, but for their scale
    assert divided_jal.rewards(3, 1, divided=divided)[0, :120].tolist() == paid


def test_the_authors_joint_action_learner_earns_what_is_drawn():
    """-24.9 is drawn at the end, of runs whose number is not known; without the division it earns about 5."""
    at_the_end = [divided_jal.rewards(0, 400, divided=divided)[:, 290:].mean() for divided in (True, False)]
    assert at_the_end == pytest.approx([drawn.REWARDS["JAL"][-1], 5], abs=1)

"""DMAC's numbers: what they measure, the exact iteration, and what is said of claims."""

import numpy as np
import pytest

from mathrl.base.reproduction import reproduce
from mathrl.base.runs import Runs
from mathrl.figures.dmac import comparison, drawings, learning
from mathrl.figures.dmac import figures as dmac_figures
from mathrl.figures.dmac.appendix_a2 import bound, share_within, telling
from mathrl.figures.dmac.comparison import decided, said
from mathrl.figures.dmac.iteration import _shape, iterates, optimum
from mathrl.figures.dmac.measures import HORIZON, TEMPERATURES, best_return, cover_rate, episode_return, game
from mathrl.figures.plot import save
from mathrl.figures.reproductions import figures, reproductions
from mathrl.games import joint_policy, random_policy, random_stochastic, simulate

SMALL = random_stochastic(4, (2, 3), discount=0.9, seed=5)


@pytest.fixture(scope="module")
def played():
    policy = random_policy(SMALL, np.random.default_rng(1))
    return policy, simulate(SMALL, policy, num_episodes=4_000, num_steps=HORIZON, seed=2)


def test_the_return_of_an_episode_is_its_mean_in_simulation(played):
    policy, episodes = played
    sums = episodes.rewards.sum(axis=1)
    error = sums.std() / np.sqrt(len(sums))
    assert abs(episode_return(SMALL, joint_policy(policy)) - sums.mean()) < 4 * error


def test_the_cover_rate_is_its_mean_in_simulation(played):
    policy, episodes = played
    joint = episodes.actions @ np.array([3, 1])
    pairs = 6 * episodes.states[:, :-1] + joint
    for together in (1, 2):
        shares = np.array([len(np.unique(own)) / 24 for own in pairs.reshape(-1, together * HORIZON)])
        error = shares.std() / np.sqrt(len(shares))
        assert abs(cover_rate(SMALL, joint_policy(policy), together) - shares.mean()) < 4 * error


def test_no_policy_earns_more_than_the_most():
    for seed in range(5):
        assert episode_return(SMALL, joint_policy(random_policy(SMALL, np.random.default_rng(seed)))) < best_return(
            SMALL
        )
    assert episode_return(game(), joint_policy(optimum().policy)) == pytest.approx(best_return(game()), rel=1e-3)


def test_k_updates_at_a_temperature_are_one_at_its_kth_part():
    one, other = iterates("joint", 1.0), iterates("joint", 10.0)
    # Returns of up to 250, solved to some roundings of them.
    assert np.abs(other.objective[10:31:10] - one.objective[1:4]).max() < 1e-9


def test_returns_of_both_iterations_never_fall():
    for policy_class in ("joint", "product"):
        assert np.diff(iterates(policy_class, 1.0).objective).min() > -1e-9
    assert iterates("joint", 1.0).gap <= bound(1.0)


def test_a_bound_that_holds_for_uniform_play_decides_nothing():
    assert telling(0.2)
    assert not telling(1.0)  # 483 where uniform play is at most some 250 from the optimum
    assert share_within({0.1: bound(0.1), 0.2: 1.01 * bound(0.2), 1.0: 1e9, 100.0: 0.0}) == 1 / 2
    assert share_within({1.0: 0.0, 10.0: 0.0}) is None


def test_what_is_said_of_a_claim_follows_the_interval():
    noise = np.random.default_rng(0).normal(size=20)
    assert said("c", 9 + noise).count("it appears") == 2
    assert "the opposite does" in said("c", noise - 9)
    assert "with twenty seeds it is undecided" in said("c", np.tile([1.0, -1.0], 10))
    assert said("c", np.r_[np.ones(5) + noise[:5] / 9, -9 + noise[:15]]).count("with five seeds it appears") == 1
    assert "five" not in said("c", noise[:4])


def test_short_runs_are_not_said_to_decide_a_claim():
    noise = np.random.default_rng(0).normal(size=4)
    for differences, sign in ((9 + noise, "above 0"), (noise - 9, "below 0"), (np.r_[noise, -noise], "not apart")):
        text = said("c", differences, "fast")
        assert f"so far is {sign}" in text
        assert "does not decide it" in text
        assert "appears" not in text
        assert "opposite" not in text


def test_a_statement_is_decided_by_the_share_of_intervals_and_not_by_short_runs():
    noise = np.random.default_rng(0).normal(size=20)
    cases = [9 + noise, 9 - noise, noise - 9, np.tile([1.0, -1.0], 10)]
    assert decided("paper", cases) == 1 / 2
    assert decided("paper", cases[:2]) == 1
    assert decided("paper", [cases[0], cases[3]]) is None  # nothing refutes it
    assert decided("paper", [cases[3], cases[2]]) == 0
    assert decided("fast", cases) is None


def test_what_is_said_of_an_inverted_u_follows_the_tops():
    assert "an inverted U without any sampling. As k grows its top never moves to the left" in _shape([0.1, 0.2, 0.2])
    assert "moves to the left too" in _shape([1.0, 0.2])
    assert _shape([0.001, 1.0, 100.0]).endswith("at 1 of 3 of these k")


@pytest.fixture
def short(monkeypatch):
    """Runs of a few episodes."""
    for budget in ("fast", "drawn"):
        monkeypatch.setitem(learning.EPISODES, budget, 40)
        monkeypatch.setitem(comparison.SEEDS, budget, 2)
    drawings._learned.cache_clear()
    yield
    drawings._learned.cache_clear()


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Where these tests keep runs, many of which are parts of several figures."""
    return Runs(folder=tmp_path_factory.mktemp("runs"))


@pytest.mark.parametrize("number", [1, 2, 5, 6])
def test_simulated_figures_have_their_cells(short, number, runs):
    result = reproduce(reproductions()[f"dmac-figure-{number}"], runs=runs)
    said = [cell for cell in result.cells if cell.row == "text"]
    assert {cell.verdict for cell in said} == (set() if number == 6 else {"not decided"})
    assert {cell.seeds for cell in result.cells if cell not in said} == {2}
    rates = [cell.computed for cell in result.cells if cell not in said and ("cover" in cell.column or number == 5)]
    assert all(-1 <= rate <= 1 for rate in rates)
    rows = {cell.row for cell in result.cells}
    assert {"large steps, COMA", "small steps, COMA+DMAC, ω=0.2"} <= rows
    assert ("large steps, difference" in rows) == (number in (1, 5))
    (told,) = (note for note in result.notes if note.startswith("runs: "))
    assert "2 seeds of 40 episodes here; the picture (mathrl figure) has runs of its own, 2 seeds of 40" in told
    again = reproduce(reproductions()[f"dmac-figure-{number}"])
    assert again.cells == result.cells


def test_the_difference_is_that_of_the_two_rows(short, runs):
    result = reproduce(reproductions()["dmac-figure-1"], runs=runs)
    cells = {(cell.row, cell.column): cell.computed for cell in result.cells}
    for (row, column), value in cells.items():
        if row == "large steps, difference":
            one, other = cells["large steps, COMA", column], cells["large steps, COMA+DMAC, ω=0.2", column]
            assert value == pytest.approx(other - one, abs=1e-12)


@pytest.mark.parametrize("number", [1, 2, 5])
def test_the_intervals_of_long_runs_decide_statements(short, number, runs, monkeypatch):
    monkeypatch.setitem(learning.EPISODES, "paper", 40)
    monkeypatch.setitem(comparison.SEEDS, "paper", 2)
    monkeypatch.setattr("mathrl.figures.dmac.figures._elsewhere", lambda *_: ())  # notes, which take longest
    result = reproduce(reproductions()[f"dmac-figure-{number}"], budget="paper", runs=runs)
    said = [cell for cell in result.cells if cell.row == "text"]
    assert said
    for cell in said:
        cases = 4 if "10 and 100" in cell.column else 2
        assert cell.agrees in ((None,) if cell.computed is None else (cell.computed == 1,))
        assert cell.computed is None or float(cases * cell.computed).is_integer()
    assert number != 1 or any(cell.agrees is not None for cell in said)


@pytest.mark.parametrize("number", [1, 2, 5, 6])
def test_simulated_figures_can_be_drawn(short, number, tmp_path):
    path = tmp_path / "figure.svg"
    save(figures()[f"dmac-figure-{number}"].draw(), path)
    drawn = path.read_text(encoding="utf-8")
    assert "2 seeds of 40 episodes (the tables have 2 of 40)" in drawn
    assert "COMA" in drawn


def test_no_mark_of_figure_2_hides_another(short):
    for panel in figures()["dmac-figure-2"].draw().axes:
        marks = [bars.lines[0].get_xdata()[0] for bars in panel.containers]
        assert marks == list(range(8))  # COMA, and seven ω


def test_what_is_said_of_the_order_of_cover_rates_is_what_their_intervals_decide():
    rates = dict.fromkeys(TEMPERATURES, 0.5) | {0.01: 0.6, 0.1: 0.4}
    seeds = np.zeros(4), np.array([-0.3, 0.3, -0.2, 0.2])  # without and with a difference between runs
    found = {
        ("large", learning.label(t)): comparison.Curves(np.arange(1), rate, (rate + seeds[t == 10])[:, None])
        for t, rate in rates.items()
    }
    assert dmac_figures._order(found, "large") == (
        "it rises at ω = 0.01, 0.2; it falls at ω = 0.1; it is not told apart at ω = 1, 10, 100"
    )


def test_the_picture_of_theorem_1_draws_the_distances_and_raises_none():
    """Below the panel a line goes on unseen: where it is, its name says by an arrow."""
    panel = drawings.appendix_a2().axes[0]
    distance = float(optimum().objective) - iterates("joint", 0.001).objective[1:]
    assert distance[-1] < panel.get_ylim()[0]
    assert any(np.array_equal(line.get_ydata(), distance) for line in panel.get_lines())
    assert "ω=0.001 ↓" in [text.get_text() for text in panel.texts]

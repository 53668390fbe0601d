"""Learners by play: against plain arrays step by step, their mean against enumeration, and their limits."""

import dataclasses
import inspect

import numpy as np
import pytest

from mathrl.games import Game, load, random_matrix, random_stochastic
from mathrl.learners import (
    Clipped,
    Coma,
    Dmac,
    Fmq,
    Hasac,
    Jal,
    Learning,
    Pr2Q,
    RommeoQ,
    Schedule,
    WolfPhc,
    coma,
    dmac,
    fmq,
    happo,
    hasac,
    jal,
    mappo,
    mean_field,
    pr2_q,
    rommeo_q_learning,
    wolf_phc,
)
from mathrl.learners.plain import plain
from tests.examples import LONG

ANNEALED = Schedule(20.0, rate=0.9, floor=0.2)
FALLING = Schedule(0.7, half=40.0)

CASES = [
    (jal, Jal(step=FALLING, temperature=ANNEALED, initial_q=(-1, 2), prior_count=0.5)),
    (jal, Jal(prior_count=0.0, exploration=0.2, discount=0.6)),
    (wolf_phc, WolfPhc(step=FALLING, win=0.05, lose=0.2, initial_q=(0, 1), random_policy=True)),
    (wolf_phc, WolfPhc(win=Schedule(0.1, half=10), lose=0.4, exploration=0.1, discount=0.5)),
    (fmq, Fmq(weight=3.0, temperature=ANNEALED, initial_q=(0, 1))),
    (fmq, Fmq(weight=-1.0, step=FALLING, exploration=0.1, discount=0.5)),
    (pr2_q, Pr2Q(step=FALLING, temperature=ANNEALED, initial_q=(0, 1))),
    (pr2_q, Pr2Q(frequency=True, prior_count=0.3, model_temperature=2.0, exploration=0.1, discount=0.5)),
    (rommeo_q_learning, RommeoQ(step=FALLING, temperature=ANNEALED, initial_q=(0, 1), window=7)),
    (rommeo_q_learning, RommeoQ(samples=3, prior_count=0.2, exploration=0.1, discount=0.5)),
    (rommeo_q_learning, RommeoQ(samples=2, window=5, empirical=True)),
]
every_case = pytest.mark.parametrize(
    ("learner", "settings"),
    [pytest.param(*case, id=f"{case[0].__name__}{k}") for k, case in enumerate(CASES)],
)
GAMES = {
    "climbing": load("climbing"),
    "unequal": random_matrix((2, 4), seed=1, structure="general-sum"),
    "three": random_matrix((2, 3, 2), seed=2, structure="general-sum"),
}


@every_case
@pytest.mark.parametrize("name", GAMES)
def test_a_kernel_is_the_plain_learner_step_by_step(learner, settings, name):
    """Both draw from the same generator; they differ by the rounding of sums in another order."""
    game, episodes = GAMES[name], 40
    found = learner(game, settings=settings, episodes=episodes, seeds=[3], seed=5)
    slow, rng = plain(settings, game), np.random.default_rng([5, 3])
    x = slow.initial(rng, episodes)
    for t in range(episodes):
        for own, pi in zip(found.policy, slow.policies(x, t), strict=True):
            assert np.abs(own[0, t, 0] - pi).max() < 1e-9
        joint = slow.played(x, t, rng)
        assert np.allclose(found.rewards[0, t], slow.given.r_ia[:, joint], atol=1e-12)
        x = slow.after(x, t, np.eye(slow.given.r_ia.shape[1])[joint], rng)


@every_case
def test_policies_stay_distributions(learner, settings):
    found = learner(GAMES["three"], settings=settings, episodes=300, seeds=4)
    for group in (found.policy, found.models or (), found.observed or ()):
        for own in group:
            assert own.min() >= 0
            assert np.abs(own.sum(axis=-1) - 1).max() < 1e-12


@every_case
def test_the_mean_step_is_the_enumerated_one(learner, settings):
    """The state after two episodes, over many runs, against (1) of the first and the enumeration of the second."""
    if settings.initial_q != (0.0, 0.0) or getattr(settings, "samples", 0):
        settings = dataclasses.replace(settings, initial_q=(0.0, 0.0))
    settings = dataclasses.replace(settings, **({"random_policy": False} if learner is wolf_phc else {}))
    game = GAMES["unequal"]
    slow, runs = plain(settings, game), 4000 if LONG else 1000
    found = learner(game, settings=settings, episodes=1, seeds=runs)
    x = slow.initial(None, 1)
    share = slow.joint(x, 0)
    exact = [0.0] * 2
    spread = [0.0] * 2
    for p, unit in zip(share, np.eye(len(share)), strict=True):
        after = slow.policies(slow.after(x, 0, unit), 1)
        exact = [e + p * pi for e, pi in zip(exact, after, strict=True)]
        spread = [s + p * pi**2 for s, pi in zip(spread, after, strict=True)]
    for own, e, s in zip(found.policy, exact, spread, strict=True):
        error = np.sqrt(np.maximum(s - e**2, 0) / runs)
        assert (np.abs(own[:, 1, 0].mean(axis=0) - e) <= 5 * error + 1e-12).all()  # 5 standard errors: 1 in 10⁶


@every_case
def test_the_mean_field_is_the_enumeration_of_a_step(learner, settings):
    """(1) for each learner from a state that play has reached, also where `mean` uses that F is linear."""
    slow, rng = plain(settings, GAMES["three"]), np.random.default_rng(0)
    x = slow.initial(rng, 9)
    for t in range(6):
        x = slow.after(x, t, np.eye(12)[slow.played(x, t, rng)], rng)
    p, mean = slow.joint(x, 6), slow.mean(x, 6)
    for name, value in mean.items():
        listed = sum(share * slow.after(x, 6, unit)[name] for share, unit in zip(p, np.eye(12), strict=True))
        if not (getattr(settings, "samples", 0) > 1 and name == "q"):  # two samples of one episode are not independent
            assert np.abs(value - listed).max() < 1e-12


@pytest.mark.parametrize("settings", [settings for _, settings in CASES if not isinstance(settings, WolfPhc)])
def test_relabelling_actions_relabels_the_mean_field(settings):
    """Of all but WoLF-PHC: of several largest Q, as at first, the first counts there, which no game says."""
    game = GAMES["unequal"]
    turned = Game.matrix([own[0][:, ::-1] for own in game.rewards])
    one, other = mean_field(game, settings, episodes=30), mean_field(turned, settings, episodes=30)
    assert np.abs(one[0] - other[0]).max() < 1e-9
    assert np.abs(one[1] - other[1][:, ::-1]).max() < 1e-9


@every_case
def test_a_step_of_0_changes_no_values(learner, settings):
    still = {"step": 0.0, "temperature": 1.0, "win": 0.0, "lose": 0.0, "weight": 0.0, "frequency": False}
    named = {key: value for key, value in still.items() if hasattr(settings, key)}
    found = learner(GAMES["three"], settings=dataclasses.replace(settings, **named), episodes=50, seeds=2)
    if learner in (jal, rommeo_q_learning):  # their policies follow what is observed
        settings = dataclasses.replace(settings, **named, initial_q=(1.0, 1.0))
        found = learner(GAMES["three"], settings=settings, episodes=50, seeds=2)
    for own in found.policy:
        assert np.abs(own - own[:, :1]).max() < 1e-12


@pytest.mark.parametrize("learner", [jal, pr2_q, rommeo_q_learning, fmq])
def test_one_agent_alone_learns_by_q_learning(learner):
    """One state: Q(a) ← Q(a) + λ (r − Q(a)), π ∝ exp(Q/T). FMQ does at c = 0."""
    payoffs, settings = np.array([1.0, -2.0, 0.5]), {jal: Jal, pr2_q: Pr2Q, rommeo_q_learning: RommeoQ, fmq: Fmq}
    chosen = settings[learner](step=0.3, temperature=2.0, **({"weight": 0.0} if learner is fmq else {}))
    found = learner(Game.matrix([payoffs]), settings=chosen, episodes=200, seeds=2)
    q = np.zeros((2, 3))
    for t in range(200):
        pi = np.exp(q / 2)
        assert np.allclose(found.policy[0][:, t, 0], pi / pi.sum(axis=1, keepdims=True), atol=1e-12)
        played = np.abs(found.rewards[:, t] - payoffs).argmin(axis=1)
        q[[0, 1], played] += 0.3 * (payoffs[played] - q[[0, 1], played])


def test_without_a_difference_of_steps_wolf_is_policy_hill_climbing():
    """π moves by δ towards the largest Q in every episode, whether it wins or not."""
    found = wolf_phc(load("climbing"), settings=WolfPhc(win=0.01, lose=0.01), episodes=30, seeds=3)
    up = np.diff(found.policy[0][:, :, 0], axis=1).max(axis=2)
    assert np.allclose(up, 0.01, atol=1e-12)


def test_wolf_is_slower_where_it_wins():
    """With δ_win = 0 only losers move; with both equal to δ_lose none moves less."""
    lazy = wolf_phc(load("climbing"), settings=WolfPhc(win=0.0, lose=0.05), episodes=60, seeds=20)
    moves = np.abs(np.diff(lazy.policy[0][:, :, 0], axis=1)).max(axis=2)
    assert (moves == 0).any()
    assert moves.max() <= 0.05 + 1e-12


def test_frequencies_are_those_of_what_was_played():
    game = load("climbing")
    found = rommeo_q_learning(game, settings=RommeoQ(window=5), episodes=30, seeds=3)
    counted = jal(game, settings=Jal(prior_count=0.0, temperature=1e9), episodes=30, seeds=3)
    assert np.allclose(found.observed[0][:, 6:] * 5 % 1 % 1, 0, atol=1e-9) or np.allclose(
        np.round(found.observed[0][:, 6:] * 5), found.observed[0][:, 6:] * 5, atol=1e-9
    )
    times = np.arange(1, 31)[:, None, None]
    assert np.allclose(np.round(counted.observed[0][:, 1:] * times), counted.observed[0][:, 1:] * times, atol=1e-9)


def test_the_opponent_model_is_the_operators():
    """ρ and π of a record are those of `mathrl.operators` at the Q that the plain learner has."""
    from mathrl.operators import conditional_policy, marginal_policy, opponent_model

    settings = RommeoQ(temperature=1.7, initial_q=(0, 3), prior_count=0.3)
    slow = plain(settings, load("climbing-rommeo"))
    x = slow.initial(np.random.default_rng(0), 5)
    for i in range(2):
        pi, rho, p, _ = slow.strategies(x, 0, i)
        model = opponent_model(x["q"][i][None], p[None], temperature=1.7)
        assert np.allclose(rho, model[0], atol=1e-12)
        own = marginal_policy(conditional_policy(x["q"][i][None], temperature=1.7), model)
        assert np.allclose(pi, own[0], atol=1e-12)


@every_case
def test_runs_depend_on_their_numbers_alone(learner, settings):
    game = load("climbing")
    all_of_them = learner(game, settings=settings, episodes=20, seeds=5, seed=2)
    two = learner(game, settings=settings, episodes=20, seeds=[4, 1], seed=2, record=7)
    assert two.episodes.tolist() == [0, 7, 14, 20]
    for one, other in zip(all_of_them.policy, two.policy, strict=True):
        assert np.array_equal(one[[4, 1]][:, [0, 7, 14, 20]], other)
    assert np.allclose(all_of_them.rewards[4, :7].mean(axis=0), two.rewards[0, 0], atol=1e-12)
    assert isinstance(two, Learning)
    assert "2 runs of 20 episodes" in repr(two)
    assert np.allclose(two.played(1, 2), two.policy[0][..., 0, 1] * two.policy[1][..., 0, 2])


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        (lambda: Jal(step=1.5), "step"),
        (lambda: Jal(temperature=0.0), "temperature"),
        (lambda: Fmq(temperature=Schedule(1.0, rate=0.5)), "temperature"),
        (lambda: Pr2Q(model_temperature=0), "model_temperature"),
        (lambda: RommeoQ(window=0), "window"),
        (lambda: RommeoQ(samples=-1), "samples"),
        (lambda: WolfPhc(win=2.0), "win"),
        (lambda: WolfPhc(discount=1.0), "discount"),
        (lambda: Jal(initial_q=(1.0, 0.0)), "initial_q"),
        (lambda: Schedule(-1.0), "scale"),
        (lambda: Schedule(1.0, half=0.0), "half"),
        (lambda: jal(load("climbing"), episodes=0), "episodes"),
        (lambda: jal(load("climbing"), episodes=5, seeds=[]), "seeds"),
        (lambda: jal(load("climbing"), episodes=5, seed=-1), "seed is -1"),
        (lambda: jal(load("climbing"), episodes=5, record=[9]), "record"),
        (lambda: jal(random_stochastic(2, (2, 2), discount=0.5, seed=0), episodes=5), "game"),
        (lambda: jal(load("climbing"), settings=Fmq(), episodes=5), "settings"),
        (lambda: jal(load("climbing"), episodes=5).played(0), "actions"),
        (lambda: jal("climbing", episodes=5), "game"),
        (lambda: jal(load("climbing"), episodes=5, seed="a"), "seed"),
        (lambda: jal(load("climbing"), episodes=10**15), "episodes"),
        (lambda: jal(load("climbing"), episodes=5, seeds=10**15), "seeds"),
        (lambda: rommeo_q_learning(load("climbing"), episodes=10**15, record=10**15), "episodes"),
        (lambda: Coma(horizon=10**15), "horizon"),
        (lambda: Coma(batch=10**15), "batch"),
        (lambda: Dmac(buffer=10**15), "buffer"),
        (lambda: Jal(initial_q=1.0), "initial_q"),
        (lambda: hasac(load("hasac"), settings=Jal()), "settings"),
        (lambda: happo(load("hasac"), settings=Jal()), "settings"),
    ],
)
def test_bad_arguments_are_named(wrong, name):
    with pytest.raises(ValueError, match=name):
        wrong()


ALL = {
    coma: Coma, dmac: Dmac, fmq: Fmq, happo: Clipped, hasac: Hasac, jal: Jal, mappo: Clipped, pr2_q: Pr2Q,
    rommeo_q_learning: RommeoQ, wolf_phc: WolfPhc,
}  # fmt: skip
every_learner = pytest.mark.parametrize(("learner", "kind"), ALL.items(), ids=[one.__name__ for one in ALL])


@every_learner
def test_learners_are_called_alike(learner, kind):
    """A game, and then by keyword, all with defaults: the runs, each setting, and what a team begins with."""
    game, *others = inspect.signature(learner).parameters.values()
    assert (game.name, game.kind) == ("game", game.POSITIONAL_OR_KEYWORD)
    assert {item.kind for item in others} == {inspect.Parameter.KEYWORD_ONLY}
    shared = {"settings": None, "episodes": 1_000, "seeds": 1, "seed": 0, "record": 1}
    of_kind = {field.name: field.default for field in dataclasses.fields(kind)}
    besides = {"initial_policy": None} if learner in (happo, hasac, mappo) else {}
    assert {item.name: item.default for item in others} == shared | of_kind | besides
    assert [item.name for item in others][:5] == list(shared)
    assert {name: learner.__kwdefaults__[name] for name in shared} == shared  # what is shown is what it does


@every_learner
def test_settings_are_given_by_name_or_as_one_object(learner, kind):
    step = {Coma: "actor_step", Dmac: "actor_step", Hasac: "actor_step", WolfPhc: "lose"}.get(kind, "step")
    game, runs = load("climbing"), {"episodes": 6, "seeds": 2}
    named = learner(game, **{step: 0.3}, **runs)
    whole = learner(game, settings=kind(**{step: 0.3}), **runs)
    other = learner(game, settings=kind(**{step: 0.7}), **runs)
    both = learner(game, settings=kind(**{step: 0.7}), **{step: 0.3}, **runs)
    assert named.settings == whole.settings == both.settings == kind(**{step: 0.3}) != other.settings
    for a, b, c in zip(named.policy, whole.policy, both.policy, strict=True):
        assert np.array_equal(a, b)
        assert np.array_equal(a, c)
    assert any((a != b).any() for a, b in zip(named.policy, other.policy, strict=True))
    with pytest.raises(ValueError, match=step):
        learner(game, **{step: -1.0}, **runs)
    with pytest.raises(TypeError, match=rf"{learner.__name__}\(\) has no argument 'stp'.*{step}"):
        learner(game, stp=0.3, **{f"other_{k}": k for k in range(9)}, **runs)  # the first one is named


def test_settings_of_no_learner_are_refused():
    with pytest.raises(TypeError, match="int"):
        mean_field(load("climbing"), 3, episodes=1)

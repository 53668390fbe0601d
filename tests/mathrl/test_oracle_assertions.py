"""The assertions: they pass exact numbers, show the worst entries of others, and name the mistake that was made.

The mistaken critics are computed here by iterating their wrong backups, which knows nothing of the parts from which
`mathrl.oracle.diagnose` composes them.
"""

import dataclasses
import re
from functools import cache

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mathrl.games import (
    Game,
    load,
    random_policy,
    random_stochastic,
    scale_rewards,
    to_sparse,
    uniform_policy,
)
from mathrl.operators import ENTROPIES
from mathrl.oracle import (
    assert_qre,
    assert_soft_q,
    assert_soft_v,
    assert_td_target,
    compare,
    n_step_target,
    td_lambda_target,
)
from mathrl.proofs_checks.strategies import games, policies, temperatures
from mathrl.solvers import optimal, qre, soft_evaluation, soft_q_iteration
from tests.critics import Critic, said
from tests.examples import costly
from tests.tolerances import EPS

TIGHT = {"rtol": 1e-9, "atol": 1e-9}
EVERY_ENTROPY = st.sampled_from(ENTROPIES)


VALUE_MISTAKES = {
    "without any entropy": lambda c, of: of(0 * c.bonus),
    "with the entropy subtracted": lambda c, of: of(-c.bonus),
    "with the entropy in bits, by logarithms to base 2": lambda c, of: of(c.bonus / np.log(2)),
    "with temperature 1": lambda c, of: of(c.bonus / 0.3),
    "with 1/temperature in place of the temperature": lambda c, of: of(c.bonus / 0.3**2),
    "with the mean of the agents' entropies in place of their sum": lambda c, of: of(c.bonus / c.game.num_agents),
    "with the entropy of agent 1 alone": lambda c, of: of(c.own[1]),
    "with each agent's own entropy alone": lambda c, of: of(c.own),
    "with the entropy of all agents": lambda c, of: of(c.own.sum(axis=0)),
    "times 1 − γ, as for a normalised return": lambda c, of: (1 - c.game.discount) * of(),
    "with rewards 10 times the game's": lambda c, of: of(rewards=10.0),
    "without the rewards": lambda c, of: of(rewards=0.0),
    "with the entropy weighed 0.7 times": lambda c, of: of(0.7 * c.bonus),
    "with the entropy discounted one step too little, as aorpo Eq. 5 prints it": lambda c, of: of(entropy_discount=1),
    "plus 0.25": lambda c, of: of() + 0.25,
    "times 3": lambda c, of: 3 * of(),
}
Q_MISTAKES = VALUE_MISTAKES | {
    "with the entropy of the present state": lambda c, of: c.plus_present(of()),
}
V_MISTAKES = VALUE_MISTAKES | {"without the entropy of the present state": lambda c, of: of() - c.bonus}
ONLY_FOR = {  # where these are mistakes; the others are wherever entropy counts
    "with the mean of the agents' entropies in place of their sum": {"team", "general-sum team"},
    "with the entropy of agent 1 alone": {"all"},
    "with each agent's own entropy alone": {"general-sum team", "general-sum none"},
    "with the entropy of all agents": {"own", "none", "general-sum own", "general-sum none"},
    "times 1 − γ, as for a normalised return": {"all"},
    "plus 0.25": {"all"},
}
SETTINGS = {
    f"{structure}{entropy}": (structure, entropy) for structure in ("", "general-sum ") for entropy in ENTROPIES
}


def fits(phrase, setting):
    where = ONLY_FOR.get(phrase)
    return setting in where or "all" in where if where else "none" not in setting


def critic_of(setting, sparse=False):
    """A random game of 3 agents in which no two mistakes give the same numbers, with its critic."""
    structure, entropy = SETTINGS[setting]
    game = random_stochastic(4, (2, 3, 2), structure=structure.strip() or "common-payoff", discount=0.8, seed=5)
    policy = random_policy(game, np.random.default_rng(5))
    game = to_sparse(game) if sparse else game
    return Critic(game, policy, 0.3, entropy), {"policy": policy, "temperature": 0.3, "entropy": entropy}


def rows(mistakes):
    return [
        pytest.param(setting, phrase, id=f"{setting}-{phrase}")
        for setting in SETTINGS
        for phrase in mistakes
        if fits(phrase, setting)
    ]


@pytest.mark.parametrize(("setting", "phrase"), rows(Q_MISTAKES))
def test_the_mistake_in_q_is_named_and_no_other(setting, phrase):
    critic, kind = critic_of(setting, sparse=len(phrase) % 2 == 0)
    wrong = Q_MISTAKES[phrase](critic, critic.q)
    assert said(assert_soft_q, critic.game, wrong, **kind).endswith(f"\ntheirs are the exact ones {phrase}")
    single = said(assert_soft_q, critic.game, wrong.astype(np.float32), **kind)
    assert single.endswith(f"\ntheirs are the exact ones {phrase}")


@pytest.mark.parametrize(("setting", "phrase"), rows(V_MISTAKES))
def test_the_mistake_in_v_is_named_and_no_other(setting, phrase):
    critic, kind = critic_of(setting)
    wrong = V_MISTAKES[phrase](critic, critic.v)
    assert said(assert_soft_v, critic.game, wrong, **kind).endswith(f"\ntheirs are the exact ones {phrase}")


@pytest.mark.parametrize("setting", [setting for setting in SETTINGS if "none" not in setting])
@pytest.mark.parametrize("steps", [2, 3, 20])
def test_what_wrong_targets_make_of_a_critic_is_named(setting, steps):
    critic, kind = critic_of(setting)
    q = critic.q()
    for _ in range(200):  # 0.8^400 is rounding
        q = critic.target(q, steps, lambda t: float(t == steps))
    phrase = f"of a critic trained on {steps}-step targets without the entropy of the steps in between"
    assert said(assert_soft_q, critic.game, q, **kind).endswith(f"\ntheirs are the exact ones {phrase}")


@costly  # its critics are iterated
@given(games(discounts=st.sampled_from([0.5, 0.8])), temperatures(0.1, 10), EVERY_ENTROPY, st.data())
def test_what_is_said_of_q_is_true_in_any_game(game, temperature, entropy, data):
    """Whatever is claimed, the critic that makes this very mistake has the same numbers."""
    policy = data.draw(policies(game))
    critic = Critic(game, policy, temperature, entropy)
    mistakes = dict(Q_MISTAKES)
    for phrase, weight in [("with temperature 1", 1), ("with 1/temperature in place of the temperature", 2)]:
        mistakes[phrase] = lambda c, of, weight=weight: of(c.bonus / temperature**weight)
    del mistakes["with the entropy of agent 1 alone"]
    mistakes |= {
        f"with the entropy of agent {i} alone": lambda c, of, i=i: of(c.own[i]) for i in range(game.num_agents)
    }
    setting = f"{'' if game.common_payoff else 'general-sum '}{entropy}"
    fixed = [phrase for phrase in mistakes if not re.search(r"\d times|plus|times \d", phrase) or "1 − γ" in phrase]
    phrase = data.draw(
        st.sampled_from([phrase for phrase in fixed if fits(phrase, setting) or re.search(r"agent \d", phrase)])
    )
    wrong, right = mistakes[phrase](critic, critic.q), critic.q()
    kind = {"policy": policy, "temperature": temperature, "entropy": entropy}
    scale = np.abs(right).max() + np.abs(wrong).max()
    if wrong.shape != right.shape or np.abs(wrong - right).max() <= 1e-6 * (1 + scale):
        return  # it passes, or almost
    message = said(assert_soft_q, game, wrong, **kind, **TIGHT)
    if not wrong.any():
        assert message.endswith("theirs are all 0")
        return
    claimed = message.partition("theirs are the exact ones ")[2].split(", or ")
    assert phrase in claimed
    for other in claimed:
        if other in mistakes:
            # each is explained to 1e-9 of the largest number
            np.testing.assert_allclose(mistakes[other](critic, critic.q), wrong, rtol=0, atol=4e-9 * scale + 4e-9)


@given(games(), temperatures(0.1, 10), EVERY_ENTROPY, st.data())
def test_exact_values_pass_and_one_spoilt_entry_is_shown_first(game, temperature, entropy, data):
    kind = {"policy": data.draw(policies(game)), "temperature": temperature, "entropy": entropy}
    exact = soft_evaluation(game, **kind)
    assert_soft_q(game, exact.q, rtol=0, atol=0, **kind)
    assert_soft_v(game, exact.v, rtol=0, atol=0, **kind)
    spoilt = exact.q.copy()
    place = tuple(data.draw(st.integers(0, size - 1)) for size in spoilt.shape)
    spoilt[place] += 1 + abs(spoilt[place])
    message = said(assert_soft_q, game, spoilt, **kind)
    assert message.startswith(
        f"q differs from the exact soft Q of the policy in 1 of {spoilt.size} entries, by at most "
    )
    index = place if exact.v.ndim == 1 else place[1:]
    first = message.splitlines()[3].split()
    assert first[:-3][-len(index) :] == [str(index[0]), *(f"{a}," for a in index[1:-1]), str(index[-1])]
    assert float(first[-2]) == pytest.approx(exact.q[place], rel=1e-8, abs=0)
    assert float(first[-3]) == pytest.approx(spoilt[place], rel=1e-8, abs=0)


@cache
def trained(setting="team", steps=3):
    """A critic of targets without the entropy on the way."""
    critic, kind = critic_of(setting)
    q = critic.q()
    for _ in range(200):
        q = critic.target(q, steps, lambda t: float(t == steps))
    return critic, q, kind


@pytest.mark.parametrize(("discount", "named"), [(0.99, True), (0.9999, False)])
def test_entropies_that_never_mix_are_followed_for_a_while(discount, named):
    """Two states that are never left: their entropies come back every n steps, and Q = r/(1 − γ) + b γⁿ/(1 − γⁿ)."""
    game = Game.stochastic(np.ones((2, 2)), np.eye(2)[:, None, :].repeat(2, axis=1), discount)
    policy = np.array([[0.5, 0.5], [0.1, 0.9]])
    bonus = -(policy * np.log(policy)).sum(axis=1)
    q = 1 / (1 - discount) + np.repeat(bonus * discount**3 / (1 - discount**3), 2).reshape(2, 2)
    message = said(assert_soft_q, game, q, policy=[policy], temperature=1.0)
    assert ("of a critic trained on 3-step targets" in message) == named


QUALITY = re.compile(r" \(to within (\S+); explains (\S+) %\)$")


@pytest.mark.parametrize("setting", [setting for setting in SETTINGS if "none" not in setting])
@pytest.mark.parametrize(
    ("noise", "atol"), [(0.0, 1e-8), (1e-7, 1e-8), (1e-5, 1e-8), (1e-3, 1e-8), (1e-2, 0.05), (1e-3, 0.05)]
)
def test_what_noise_leaves_is_named_with_how_well_it_is_explained(setting, noise, atol):
    critic, q, kind = trained(setting)
    noisy = q + noise * np.random.default_rng(0).normal(size=q.shape)
    message = said(assert_soft_q, critic.game, noisy, atol=atol, **kind)
    mistake = (
        "theirs are the exact ones of a critic trained on 3-step targets without the entropy of the steps in between"
    )
    last = message.splitlines()[-1]
    first = last.split(", or ")[0]
    assert first.startswith(mistake)
    assert "weighed" not in last
    if noise > 1e-4:  # below it is rounding of single precision
        within, explained = map(float, QUALITY.search(first).groups())
        left, difference = np.abs(noisy - q).max(), np.abs(noisy - critic.q()).max()
        assert within == pytest.approx(left, rel=0.5)  # one digit
        assert 0 <= 100 * (1 - left / difference) - explained <= 0.1
    elif noise == 0:
        assert last == mistake


def test_what_half_precision_leaves_is_named():
    critic, q, kind = trained()
    assert "trained on 3-step targets" in said(assert_soft_q, critic.game, q.astype(np.float16), **kind)
    without = critic.q(0 * critic.bonus).astype(np.float16)
    assert "ones without any entropy (to within 0.00" in said(assert_soft_q, critic.game, without, **kind)


def test_a_fitted_weight_explains_every_entry_or_is_not_stated():
    critic, kind = critic_of("team")
    noisy = 3 * critic.q() + 1e-3 * np.random.default_rng(0).normal(size=critic.q().shape)
    assert "theirs are" not in said(assert_soft_q, critic.game, noisy, **kind)
    message = said(assert_soft_q, critic.game, noisy, atol=0.01, **kind)
    assert re.search(
        r"theirs are the exact ones times (3|2\.999\d*|3\.000\d*) \(to within 0\.00\d; explains 99\.9 %\)$", message
    )
    game, uniform = Game.matrix([np.array([1e6, 1.0, 2.0, 3.0])]), {"policy": [[0.25] * 4], "temperature": 1.0}
    # three entries are right: "times 2" is not true of them, however small they are
    assert "theirs are" not in said(assert_soft_q, game, [[2e6, 1.0, 2.0, 3.0]], **uniform)
    assert "times 2" in said(assert_soft_q, game, [[2e6, 2.0, 4.0, 6.0]], **uniform)
    # and one number fits two entries by chance
    assert "theirs are" not in said(
        assert_soft_q, Game.matrix(np.eye(2)[0]), [[2.0, 0.0]], **uniform | {"policy": [[0.5] * 2]}
    )


def test_a_mistake_that_is_right_where_they_are_wrong_is_not_named():
    """Of a large difference a hundredth may be left, but not where their numbers are exact."""
    game = Game.stochastic(np.array([[1e6, 1e6, 1e6, 0.0]]), np.ones((1, 4, 1)), 0.5)
    kind = {"policy": [[1, 0, 0, 0]], "temperature": 1.0}
    q = soft_evaluation(game, **kind).q
    wrong = q / 2  # 1 − γ
    assert "times 1 − γ" in said(assert_soft_q, game, wrong, **kind)
    game = Game.stochastic(np.array([[1e6, 1e6, 1e6, 1e3 - 1e6]]), np.ones((1, 4, 1)), 0.5)
    q = soft_evaluation(game, **kind).q
    wrong = np.where(q > 1e4, q / 2, q)
    assert "theirs are" not in said(assert_soft_q, game, wrong, **kind)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_rewards_of_any_size_are_explained(scale):
    """Without warnings, which are errors here."""
    critic, kind = critic_of("team")
    game = scale_rewards(critic.game, scale)
    scaled = kind | {"temperature": 0.3 * scale, "atol": 0.0}
    exact = scale * critic.q()
    assert said(assert_soft_q, game, 3 * exact, **scaled).endswith("ones times 3")
    assert (
        said(assert_soft_q, game, scale * critic.q(0 * critic.bonus), **scaled)
        .partition("ones ")[2]
        .startswith("without any")
    )
    assert said(assert_soft_q, game, exact + scale, **scaled).endswith(f"plus {scale:g}")
    assert "theirs are" not in said(assert_soft_q, game, 0 * exact + np.arange(12).reshape(2, 3, 2) * 1e307, **scaled)


def test_what_could_overflow_is_refused():
    """|q − inf| > … and |q − nan| > … are false: they would pass."""
    game = Game.stochastic(np.array([[1e308, 1e308]]), np.ones((1, 2, 1)), 0.9)
    kind = {"policy": [[0.5, 0.5]], "temperature": 1.0}
    for refused in (
        lambda: assert_soft_q(game, [[0, 0]], **kind),
        lambda: assert_soft_v(game, [0], **kind),
        lambda: assert_td_target(game, [[0, 0]], v=[0], **kind),
        lambda: assert_td_target(Game.matrix(np.ones(2)), [[0, 0]], v=[1e308], **kind),
        lambda: compare(Game.matrix(np.ones(2)), v=[1e308], **kind),
        lambda: assert_qre(game, **kind),
        lambda: compare(game, **kind),
        lambda: compare(game, q=[[0, 0]], temperature=1.0),
        lambda: compare(game, q=[[0, 0]], temperature=1.0, entropy="none"),
    ):
        with pytest.raises(
            ValueError, match=r"^game has values of up to [^\n]*, expected at most 1e\+300: scale rewards"
        ):
            refused()
    with pytest.raises(ValueError, match=r"^temperature is 1e\+307, expected at most 1.4e\+300: values with so much"):
        assert_soft_q(Game.matrix(np.ones(2)), [[0, 0]], **kind | {"temperature": 1e307})
    with pytest.raises(ValueError, match=r"^temperature is 1e-310, expected at least 1e-300"):
        compare(Game.matrix(np.ones(2)), policy=[[0.5, 0.5]], temperature=1e-310)


@pytest.mark.parametrize(
    "discount", [0.9, 0.99, 0.5, *[pytest.param(other, marks=pytest.mark.long) for other in (0.95, 0.995)]]
)
@pytest.mark.parametrize("setting", SETTINGS)
def test_another_discount_is_named(setting, discount):
    critic, kind = critic_of(setting)
    wrong = Critic(dataclasses.replace(critic.game, discount=discount), kind["policy"], 0.3, kind["entropy"])
    phrase = f"\ntheirs are the exact ones with discount {discount:g}"
    if discount < 0.8:
        phrase += ", as where 37.5 % of the steps, such as those at a time limit, are taken for an end"
    assert said(assert_soft_q, critic.game, wrong.q(), rtol=1e-9, **kind).endswith(phrase)
    assert said(assert_soft_v, critic.game, wrong.v(), rtol=1e-9, **kind).endswith(phrase)
    noise = 3e-4 * np.abs(wrong.q()).max()
    noisy = wrong.q() + noise * np.random.default_rng(0).normal(size=wrong.q().shape)
    assert phrase not in said(assert_soft_q, critic.game, noisy, **kind)  # it is fitted: noise must be covered
    if abs(discount - 0.8) > 0.1:  # else a hundredth of the difference is less than the noise
        assert f"{phrase} (to within 0.0" in said(assert_soft_q, critic.game, noisy, **kind, atol=5 * noise)


@pytest.mark.parametrize("spoilt", ["temperature", "shift", "policy"])
def test_a_fitted_discount_is_not_taken_for_what_it_is_not(spoilt):
    """In each of these a discount fits better than 1 %."""
    game = random_stochastic(5, (2, 2), discount=0.99, seed=4) if spoilt == "policy" else load("random-stochastic")
    policy, temperature = uniform_policy(game), 0.6 if spoilt == "temperature" else 0.5
    played = random_policy(game, np.random.default_rng(4)) if spoilt == "policy" else policy
    q = soft_evaluation(game, policy=played, temperature=temperature).q + (spoilt == "shift")
    noise = 0.0 if spoilt == "policy" else np.random.default_rng(0).normal(scale=0.01, size=q.shape)
    assert "discount" not in said(assert_soft_q, game, q + noise, policy=policy, temperature=0.5)


@pytest.mark.parametrize("steps", [20, 21, 30])
def test_targets_of_more_steps_than_are_recognised_are_told_as_such(steps):
    """Of a state that pays nothing: only the entropy of every n-th state counts."""
    game = Game.stochastic(np.zeros((1, 3)), np.ones((1, 3, 1)), 0.95)
    q = np.full((1, 3), 0.95**steps / (1 - 0.95**steps) * np.log(3))
    message = said(assert_soft_q, game, q, policy=[[1 / 3] * 3], temperature=1.0)
    assert "of a critic trained on 20-step targets" in message if steps == 20 else "20-step" not in message


@pytest.mark.parametrize("entropy", ["team", "none"])
def test_the_optimum_for_the_policy_is_named(entropy):
    critic, kind = critic_of(entropy)
    best, soft = optimal(critic.game), soft_q_iteration(critic.game, temperature=0.3)
    for assertion, array in ((assert_soft_q, "q"), (assert_soft_v, "v")):
        message = said(assertion, critic.game, getattr(best, array), **kind)
        assert message.endswith("\ntheirs are the exact ones with the maximum over joint actions in place of the mean")
        message = said(assertion, critic.game, getattr(soft, array), **kind)
        assert message.endswith("with the soft maximum over joint actions in place of the soft value")


def test_compare_names_what_the_assertions_name():
    critic, kind = critic_of("general-sum own")
    q, v = critic.q(0 * critic.bonus), critic.v() - critic.bonus
    report = compare(critic.game, q=q, v=v, **kind)
    expected = ("without any entropy", "without the entropy of the present state")
    assert report.diagnosis == tuple(
        f"{x}: theirs are the exact ones {said}" for x, said in zip("qv", expected, strict=True)
    )
    assert all(line in str(report).splitlines() for line in report.diagnosis)
    assert report.to_dict()["diagnosis"] == list(report.diagnosis)
    assert compare(critic.game, q=critic.q().astype(np.float32), v=critic.v() + np.arange(4), **kind).diagnosis == ()


def test_temperatures_may_be_arrays_without_axes():
    critic, kind = critic_of("team")
    exact, q = soft_evaluation(critic.game, **kind), np.zeros(critic.q().shape)
    for temperature in (np.array(0.3), jnp.float32(0.3)):
        warm = kind | {"temperature": temperature}
        assert_soft_q(critic.game, exact.q, **warm)
        assert_soft_v(critic.game, exact.v, **warm)
        assert_td_target(critic.game, n_step_target(critic.game, q=q, **kind), q=q, **warm)
        near = n_step_target(critic.game, q=q, **warm)
        np.testing.assert_allclose(near, n_step_target(critic.game, q=q, **kind), atol=1e-6)
        assert compare(critic.game, q=exact.q, **warm).temperature == pytest.approx(0.3, rel=1e-7)
        assert "its own quantal response" in said(assert_qre, critic.game, kind["policy"], temperature=temperature)


def test_errors_end_at_the_line_that_called():
    game = Game.matrix(np.eye(2)[0])
    for call in (
        lambda: assert_soft_q(game, [[0, 0]], policy=[[0.5, 0.5]], temperature=1.0),
        lambda: assert_soft_q(game, [[0, 0, 0]], policy=[[0.5, 0.5]], temperature=1.0),
        lambda: assert_soft_q(game, lambda state: 0, policy=[[0.5, 0.5]], temperature=1.0),
    ):
        with pytest.raises((AssertionError, ValueError)) as caught:
            call()
        assert caught.value.__context__ is None  # no other error is shown before it
        ours = [entry for entry in caught.traceback if entry.path.parent.name == "oracle"]
        assert ours
        assert all(entry.ishidden(caught) for entry in ours)


def test_noise_has_no_name():
    for setting in SETTINGS:
        critic, kind = critic_of(setting)
        exact = soft_evaluation(critic.game, **kind)
        noise = np.random.default_rng(0)
        assert "theirs are" not in said(assert_soft_q, critic.game, exact.q + noise.normal(size=exact.q.shape), **kind)
        assert "theirs are" not in said(assert_soft_v, critic.game, exact.v + noise.normal(size=exact.v.shape), **kind)


def test_what_is_small_beside_the_largest_entry_is_not_explained_away():
    """Rounding is that of the largest entry, 10 here: what explains nothing of an error of 0.001 is no diagnosis."""
    game = Game.matrix([np.array([1e6, 1.0, 2.0, 3.0])])
    kind = {"policy": [[0.4, 0.3, 0.2, 0.1]], "temperature": 1.0}
    message = said(assert_soft_q, game, [[1e6, 1.001, 2.0, 3.0]], **kind)
    assert "theirs are" not in message


def test_tolerances_are_per_entry():
    kind = {"policy": [[0.5, 0.5]], "temperature": 1.0}
    game = Game.matrix([np.array([100.0, 0.0])])
    assert_soft_q(game, [[100.0009, 0.0]], **kind)
    assert_soft_q(game, [[100.0, 9e-9]], **kind)
    said(assert_soft_q, game, [[100.0011, 0.0]], **kind)
    said(assert_soft_q, game, [[100.0, 2e-8]], **kind)
    assert_soft_q(game, [[101.0, 1.0]], atol=1, rtol=0, **kind)
    said(assert_soft_q, game, [[101.0, 1.0]], atol=0.99, rtol=0, **kind)


TARGET_MISTAKES = {
    "without any entropy": lambda c, q: c.target(q, 3, lambda t: 0),
    "with the entropy subtracted": lambda c, q: c.target(q, 3, lambda t: -1),
    "with temperature 1": lambda c, q: c.target(q, 3, lambda t: 1 / 0.3),
    "with the entropy in bits, by logarithms to base 2": lambda c, q: c.target(q, 3, lambda t: 1 / np.log(2)),
    "with the mean of the agents' entropies in place of their sum": lambda c, q: c.target(q, 3, lambda t: 1 / 3),
    "with the entropy of agent 1 alone": lambda c, q: c.target(q, 3, bonus=c.own[1]),
    "with each agent's own entropy alone": lambda c, q: c.target(q, 3, bonus=c.own),
    "with the entropy of all agents": lambda c, q: c.target(q, 3, bonus=c.own.sum(axis=0)),
    "without the entropy of steps 1 … 2": lambda c, q: c.target(q, 3, lambda t: float(t == 3)),
    "without the entropy of the state they bootstrap from": lambda c, q: c.target(q, 3, lambda t: float(t < 3)),
    "with the entropy discounted one step too little, as aorpo Eq. 5 prints it": lambda c, q: c.target(
        q, 3, lambda t: 1 / 0.8
    ),
    "with the entropy of the present state": lambda c, q: c.plus_present(c.target(q, 3)),
    "with the bootstrap discounted by γ in place of γ^3": lambda c, q: c.target(q, 3, end=0.8),
    "without the bootstrap": lambda c, q: c.target(q, 3, end=0.0),
    "of 2 steps": lambda c, q: c.target(q, 2),
    "of 4 steps": lambda c, q: c.target(q, 4),
    "with rewards 10 times the game's": lambda c, q: c.target(q, 3, rewards=10.0),
    "without the rewards": lambda c, q: c.target(q, 3, rewards=0.0),
    "times 3": lambda c, q: 3 * c.target(q, 3),
    "plus 0.25": lambda c, q: c.target(q, 3) + 0.25,
    "with the entropy weighed 0.7 times": lambda c, q: c.target(q, 3, lambda t: 0.7),
}
TARGET_MISTAKES |= {
    "of 1 step": lambda c, q: c.target(q, 1),
    "of 20 steps": lambda c, q: c.target(q, 20),
    "with discount 0.95": lambda c, q: c.target_at(0.95, q),
    "with discount 1": lambda c, q: c.target_at(1.0, q),
    "with the entropy of the state they bootstrap from twice: a given v has it already": lambda c, q: c.target(
        q, 3, lambda t: 1 + float(t == 3)
    ),
}
WHATEVER_ENTROPY = {
    *("of 1 step", "of 2 steps", "of 4 steps", "of 20 steps", "with discount 0.95", "with discount 1"),
    *(
        "without the bootstrap",
        "with the bootstrap discounted by γ in place of γ^3",
        "with rewards 10 times the game's",
        "without the rewards",
    ),
}


@pytest.mark.parametrize(("setting", "phrase"), rows(TARGET_MISTAKES))
@pytest.mark.parametrize("bootstrap", ["q", "v"])
def test_the_mistake_in_a_target_is_named_and_no_other(setting, phrase, bootstrap):
    critic, kind = critic_of(setting, sparse=bootstrap == "v")
    q = np.random.default_rng(1).normal(size=critic.q().shape)
    flat = q.reshape(*q.shape[: -critic.game.num_agents], -1)
    held = {"q": q} if bootstrap == "q" else {"v": critic.expected(flat) + critic.bonus}
    assert_td_target(critic.game, critic.target(q, 3), steps=3, **held, **kind)
    wrong = TARGET_MISTAKES[phrase](critic, q)
    message = said(assert_td_target, critic.game, wrong, steps=3, **held, **kind)
    assert message.startswith("target differs from the exact 3-step target in ")
    assert message.endswith(f"\ntheirs are the exact ones {phrase}")


@pytest.mark.parametrize("setting", ["none", "general-sum none"])
@pytest.mark.parametrize("phrase", sorted(WHATEVER_ENTROPY))
def test_mistakes_that_are_no_matter_of_entropy_are_named_without_it(setting, phrase):
    critic, kind = critic_of(setting)
    q = np.random.default_rng(1).normal(size=critic.q().shape)
    message = said(assert_td_target, critic.game, TARGET_MISTAKES[phrase](critic, q), q=q, steps=3, **kind)
    assert message.endswith(f"\ntheirs are the exact ones {phrase}")


def test_a_v_without_its_own_entropy_is_told_from_a_weight():
    """After one step the entropy of the bootstrap is all that there is: twice it is twice all of it."""
    critic, kind = critic_of("team")
    q = np.random.default_rng(1).normal(size=critic.q().shape)
    bare = critic.expected(q.reshape(4, -1))
    message = said(assert_td_target, critic.game, critic.target(q, 1), v=bare, **kind)
    assert message.endswith("with the entropy of the state they bootstrap from twice: a given v has it already")


@pytest.mark.parametrize("steps", [1, 3])
def test_a_maximum_for_the_mean_is_named(steps):
    critic, kind = critic_of("team")
    q = np.random.default_rng(1).normal(size=critic.q().shape)
    q_sa = q.reshape(4, -1)
    for v, phrase in (
        (q_sa.max(axis=1), "with the maximum over joint actions in place of the mean"),
        (
            0.3 * np.log(np.exp(q_sa / 0.3).sum(axis=1)),
            "with the soft maximum over joint actions in place of the soft value",
        ),
    ):
        wrong = critic.target((v - critic.bonus)[:, None] + 0 * q_sa, steps)
        assert said(assert_td_target, critic.game, wrong, q=q, steps=steps, **kind).endswith(f"ones {phrase}")


@pytest.mark.parametrize("setting", [setting for setting in SETTINGS if "none" not in setting])
@pytest.mark.parametrize(
    ("phrase", "weight"),
    [
        ("without any entropy", lambda t, n: 0.0),
        ("without the entropy of all steps before the bootstrap", lambda t, n: float(t == n)),
        ("without the entropy of the state they bootstrap from", lambda t, n: float(t < n)),
    ],
)
def test_the_mistake_in_a_trace_is_named(setting, phrase, weight):
    """TD(λ) as the weighted sum of 110 n-step targets: λ^110 is rounding for λ = 0.7."""
    critic, kind = critic_of(setting)
    q = np.random.default_rng(1).normal(size=critic.q().shape)

    def mixed(weight):
        return sum(0.3 * 0.7 ** (n - 1) * critic.target(q, n, lambda t, n=n: weight(t, n)) for n in range(1, 111))

    assert_td_target(critic.game, mixed(lambda t, n: 1.0), q=q, trace_decay=0.7, **kind)
    message = said(assert_td_target, critic.game, mixed(weight), q=q, trace_decay=0.7, **kind)
    assert message.startswith("target differs from the exact TD(λ) target of λ = 0.7 in ")
    assert message.endswith(f"\ntheirs are the exact ones {phrase}")


@given(games(), temperatures(0.1, 10), EVERY_ENTROPY, st.integers(1, 4), st.sampled_from([0.0, 0.5, 1.0]), st.data())
def test_exact_targets_pass_from_arrays_and_functions(game, temperature, entropy, steps, trace_decay, data):
    kind = {"policy": data.draw(policies(game)), "temperature": temperature, "entropy": entropy}
    q = np.random.default_rng(0).normal(size=soft_evaluation(game, **kind).q.shape)
    target = n_step_target(game, q=q, steps=steps, **kind)
    mixed = td_lambda_target(game, q=q, trace_decay=trace_decay, **kind)
    called = {"q": lambda s, a: q[..., s, *a], "policy": lambda s: [rows[s] for rows in kind["policy"]]}
    scale = 1 + np.abs(target).max() + np.abs(mixed).max()
    for more in ({"q": q}, called):
        # q and the soft value made of it here are summed in another order
        assert_td_target(game, target, steps=steps, rtol=0, atol=64 * EPS * scale, **(kind | more))
        assert_td_target(game, mixed, trace_decay=trace_decay, rtol=0, atol=1e3 * EPS * scale, **(kind | more))


@costly  # an equilibrium each
@given(games(discounts=st.sampled_from([0.0, 0.5])), temperatures(0.3, 3), EVERY_ENTROPY, st.data())
def test_equilibria_pass_and_others_are_shown(game, temperature, entropy, data):
    solution = qre(game, temperature=temperature, entropy=entropy, max_steps=200)
    assume(solution.converged)
    assert_qre(game, solution.policy, temperature=temperature, entropy=entropy)
    agent = data.draw(st.integers(0, game.num_agents - 1))
    assume(game.num_actions[agent] > 1)
    state = data.draw(st.integers(0, game.num_states - 1))
    policy = [rows.copy() for rows in solution.policy]
    policy[agent][state] = np.eye(game.num_actions[agent])[0]
    assume(solution.policy[agent][state, 0] < 0.99)
    message = said(assert_qre, game, policy, temperature=temperature, entropy=entropy)
    assert message.startswith("policy differs from its own quantal response in ")
    first = message.splitlines()[3].split()
    assert float(first[-1]) == pytest.approx(float(first[-3]) - float(first[-2]), rel=0.01, abs=1e-6)


@pytest.mark.parametrize(
    ("played", "phrase"),
    [
        ({"temperature": 0.5, "entropy": "own"}, 'with entropy="own"'),
        ({"temperature": 0.5, "entropy": "none"}, 'with entropy="none"'),
        ({"temperature": 1.0, "entropy": "team"}, "at temperature 1"),
        ({"temperature": 2.0, "entropy": "team"}, "at temperature 2: rationality is 1/temperature"),
    ],
)
def test_an_equilibrium_of_another_kind_is_recognised(played, phrase):
    game = random_stochastic(4, (2, 3), structure="general-sum", discount=0.8, seed=2)
    policy = qre(game, **played).require().policy
    assert_qre(game, policy, **played)
    message = said(assert_qre, game, policy, temperature=0.5)
    assert message.endswith(f"\nthe policy is a quantal response equilibrium {phrase}")
    assert "equilibrium" not in said(assert_qre, game, random_policy(game, np.random.default_rng(0)), temperature=0.5)


def test_the_message_is_a_table_with_agents_where_values_differ():
    game = load("chicken")
    message = said(assert_soft_v, game, [[0.0], [1.0]], policy=[[0.5, 0.5]] * 2, temperature=1.0)
    head, columns = message.splitlines()[:2]
    assert head.startswith("v differs from the exact soft V of the policy in 2 of 2 entries, by at most ")
    assert columns.split() == ["agent", "state", "theirs", "exact", "difference"]
    with pytest.raises(AssertionError, match=r"agent +state +action +theirs +exact +difference"):
        assert_qre(game, [[0.9, 0.1], [0.5, 0.5]], temperature=1.0)


@pytest.mark.parametrize(
    ("message", "assertion", "arguments"),
    [
        ("q and v are both missing", assert_td_target, {"target": [[0, 0]]}),
        ("q and v are both given", assert_td_target, {"target": [[0, 0]], "q": [[0, 0]], "v": [0]}),
        ("trace_decay is given together with steps", assert_td_target, {"target": [[0, 0]], "v": [0], "steps": 2, "trace_decay": 0.5}),  # noqa: E501
        ("trace_decay is 2, ", assert_td_target, {"target": [[0, 0]], "v": [0], "trace_decay": 2}),
        ("steps is 0, ", assert_td_target, {"target": [[0, 0]], "v": [0], "steps": 0}),
        (r"target has shape \(1, 3\), ", assert_td_target, {"target": [[0, 0, 0]], "v": [0]}),
        ("rtol is -1, ", assert_soft_q, {"q": [[0, 0]], "rtol": -1}),
        ("atol is inf, ", assert_soft_v, {"v": [0], "atol": np.inf}),
        ("rtol is inf, ", assert_td_target, {"target": [[0, 0]], "v": [0], "rtol": np.inf}),
        ("entropy 'mine' is unknown, expected 'team' or 'own' or 'none'", assert_qre, {"entropy": "mine"}),
        ("atol is nan, ", assert_soft_v, {"v": [0], "atol": np.nan}),
        ("temperature is 0, ", assert_qre, {"temperature": 0}),
        ("entropy 'x' is unknown", assert_soft_v, {"v": [0], "entropy": "x"}),
        ("game is of type int", assert_soft_v, {"v": [0], "game": 3}),
    ],
)  # fmt: skip
def test_bad_input_is_no_failed_assertion(message, assertion, arguments):
    held = {"game": Game.matrix(np.eye(2)[0]), "policy": [[0.5, 0.5]], "temperature": 1.0}
    with pytest.raises(ValueError, match=f"^{message}"):
        assertion(**(held | arguments))

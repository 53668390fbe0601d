"""n-step soft Q: the soft Q itself with all entropies, the series of every n-th one without, and its equilibria."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.games import Game, joint_policy, load, random_policy, random_stochastic, to_dense, uniform_policy
from mathrl.neural.n_step import entropy_factor, n_step_soft_q
from mathrl.neural.n_step_haspi import n_step_haspi
from mathrl.neural.n_step_table import CASES, commitment, n_step_table
from mathrl.operators import ENTROPIES, entropy_bonus
from mathrl.proofs_checks.strategies import TEMPERATURES, episodic, games, masked, policies
from mathrl.solvers import haspi, soft_evaluation
from tests.tolerances import EPS, magnitude, near

STEPS = st.integers(1, 12)
DISCOUNTS = st.sampled_from([0.0, 0.1, 0.5, 0.9, 0.99, 1.0])


def slack(game, temperature):
    """Two linear solves: 1e3 roundings of the largest value, over 1 − γ (or one over a play's length) for each."""
    return 1e3 * EPS * magnitude(game, temperature) * game.horizon


@st.composite
def cases(draw, **sizes):
    drawn = games(**sizes)
    game = draw(drawn | masked(drawn) | episodic(masked(drawn)))
    return game, draw(policies(game)), draw(TEMPERATURES), draw(st.sampled_from(ENTROPIES))


@given(cases(), STEPS)
def test_with_all_entropies_any_number_of_steps_has_the_soft_q(case, steps):
    game, policy, temperature, entropy = case
    q = soft_evaluation(game, policy=policy, temperature=temperature, entropy=entropy).q
    found = n_step_soft_q(game, policy, temperature=temperature, steps=steps, entropy=entropy)
    assert np.array_equal(np.isfinite(found), np.isfinite(q))
    there = np.isfinite(q)
    near(found[there], q[there], slack(game, temperature))


@given(cases(sparse=False, discounts=st.sampled_from([0.0, 0.3, 0.5])).filter(lambda case: case[0].discount < 1), STEPS)
def test_without_them_every_nth_entropy_counts(case, steps):
    """Equation (4), term by term, beside the soft Q without any entropy."""
    game, policy, temperature, entropy = case
    bonus = np.atleast_2d(entropy_bonus(policy, temperature=temperature, entropy=entropy))
    bonus = np.where(game.terminal, 0.0, bonus)
    w = joint_policy(policy).reshape(game.num_states, -1)
    going_on = np.where(game.terminal[:, None, None], 0.0, to_dense(game).dense_xt.reshape(*w.shape, -1))
    P = np.einsum("sa,sat->st", w, going_on)
    added, reached = 0.0, np.eye(game.num_states)
    for t in range(1, 60):  # 0.5^60 is below a rounding
        if t % steps == 0:
            added = added + game.discount**t * np.einsum("sat,tu,mu->msa", going_on, reached, bonus)
        reached = reached @ P
    plain = soft_evaluation(game, policy=policy, temperature=temperature, entropy="none").q
    found = n_step_soft_q(game, policy, temperature=temperature, steps=steps, entropies=False, entropy=entropy)
    added = np.reshape(added, (-1, *game.rewards.shape[-1 - game.num_agents :])) if steps < 60 else 0.0
    expected = plain + (added if found.ndim > game.num_agents + 1 else added[0])
    there = np.isfinite(found)
    near(found[there], np.broadcast_to(expected, found.shape)[there], slack(game, temperature))


@given(DISCOUNTS, STEPS)
def test_the_factor_has_its_limits_and_falls(discount, steps):
    factor = entropy_factor(discount, steps)
    assert entropy_factor(discount, 1) == 1
    assert entropy_factor(1.0, steps) == pytest.approx(1 / steps, rel=1e-15, abs=0)
    assert entropy_factor(0.0, steps) == (steps == 1)
    if discount < 1:
        quotient = discount ** (steps - 1) * (1 - discount) / (1 - discount**steps)
        assert factor == pytest.approx(quotient, rel=1e-12, abs=0)  # 1 − γ loses two digits at 0.99
    assert entropy_factor(discount, steps + 1) <= factor
    assert 0 <= factor <= 1 / steps + EPS or steps == 1


@given(STEPS, st.integers(0, 100))
def test_equal_entropies_are_multiplied_by_the_factor(steps, seed):
    game = random_stochastic(3, (2, 3), discount=0.9, seed=seed)
    policy = uniform_policy(game)
    plain = n_step_soft_q(game, policy, temperature=0.0, steps=1)
    whole = n_step_soft_q(game, policy, temperature=1.5, steps=1) - plain
    found = n_step_soft_q(game, policy, temperature=1.5, steps=steps, entropies=False) - plain
    near(found, entropy_factor(0.9, steps) * whole, slack(game, 1.5))


@given(STEPS, st.floats(0.05, 0.95), st.floats(0.05, 0.95))
def test_differences_that_fade_have_the_factor_of_their_own_rate(steps, leave, back):
    """Equation (5) in a chain of two states: entropies differ by an eigenvector, of eigenvalue 1 − leave − back."""
    rows = np.array([[1 - leave, leave], [back, 1 - back]])
    game = Game.stochastic(np.zeros((2, 2)), np.repeat(rows[:, None], 2, axis=1), 0.9)
    policy = (np.array([[0.5, 0.5], [0.1, 0.9]]),)
    entropies, rate = entropy_bonus(policy, temperature=1.0), 1 - leave - back
    mean = np.array([back, leave]) @ entropies / (leave + back)
    x, y = 0.9, 0.9 * rate
    kept = x**steps / (1 - x**steps) * mean + y**steps / (1 - y**steps) * (entropies - mean)
    found = n_step_soft_q(game, policy, temperature=1.0, steps=steps, entropies=False)
    near(found, np.repeat(kept[:, None], 2, axis=1), slack(game, 1.0))
    if y > 0:
        assert entropy_factor(y, steps) * y / (1 - y) == pytest.approx(y**steps / (1 - y**steps), rel=1e-12, abs=0)
        assert entropy_factor(y, steps) <= entropy_factor(x, steps)


@pytest.mark.parametrize("more", [{"steps": 1}, {"steps": 7, "entropies": True}])
def test_with_all_entropies_the_iteration_is_haspi(more):
    game = random_stochastic(4, (2, 3), discount=0.9, available=0.7, ending=0.1, seed=3)
    end, true = n_step_haspi(game, temperature=0.5, **more), haspi(game, temperature=0.5)
    assert end.status == true.status
    assert end.steps == true.steps
    for own, expected in zip(end.policy, true.policy, strict=True):
        near(own, expected, 1e-11)  # both stop at residuals of 1e-13, and steps contract
    assert end.objective == pytest.approx(true.objective, abs=slack(game, 0.5))


@pytest.mark.parametrize("steps", [2, 3, 10])
def test_entropies_equal_from_the_first_step_on_change_the_temperature_of_the_critic(steps):
    game = commitment(discount=0.5)  # at 0.5 no probability is near 0
    end = n_step_haspi(game, temperature=1.0, steps=steps)
    cooler = n_step_haspi(game, temperature=1.0, steps=1, critic_temperature=entropy_factor(0.5, steps))
    true = haspi(game, temperature=1.0)
    for own, expected in zip(end.policy, cooler.policy, strict=True):
        near(own, expected, 1e-13)  # values of order 1, solved to rounding
    assert true.policy[0][0, 0] - end.policy[0][0, 0] > 0.1
    assert end.objective < true.objective


def test_entropies_equal_for_all_actions_move_no_policy():
    game = random_stochastic(3, (2, 2), discount=0.9, seed=1)
    policy = uniform_policy(game)
    one, other = (n_step_soft_q(game, policy, temperature=2.0, steps=4, entropies=e) for e in (True, False))
    difference = (one - other).reshape(-1)
    near(difference, np.full_like(difference, difference[0]), slack(game, 2.0))
    assert difference[0] > 1


def test_the_table_compares_every_game_at_every_number_of_steps():
    computed = n_step_table((1, 5))
    assert {row for row, _ in computed.values} == {f"{name} n={n}" for name in CASES for n in (1, 5)}
    value = computed.values
    assert computed.notes[0] == "all iterations converged"
    told = "; ".join(computed.notes[-3:])
    assert "opt-in n=1, opt-in n=5" in told.replace("chain n=1, ", "").replace("random n=1, ", "")
    assert "most is lost by commitment n=5" in told
    assert "critic f α for commitment n=5" in told
    assert "critic 0 for random n=5, chain n=5, commitment n=5" in told
    for name in CASES:
        assert value[f"{name} n=1", "to QRE"] < 1e-10  # two runs to residuals of 1e-12
        assert value[f"{name} n=5", "loss"] > -1e-9  # no policy here is better than the equilibrium from uniform
    assert value["commitment n=5", "to critic f α"] < 1e-12
    assert value["commitment n=5", "loss"] > 80
    assert value["opt-in n=5", "to QRE"] < 1e-10
    for name in ("random", "chain"):
        assert (
            value[f"{name} n=5", "to critic 0"] < value[f"{name} n=5", "to critic f α"] < value[f"{name} n=5", "to QRE"]
        )
        assert value[f"{name} n=5", "to QRE at f α"] > value[f"{name} n=5", "to QRE"]


@pytest.mark.parametrize(
    ("argument", "call"),
    [
        ("steps", lambda game, policy: n_step_soft_q(game, policy, temperature=1.0, steps=0)),
        ("temperature", lambda game, policy: n_step_soft_q(game, policy, temperature=-1.0, steps=1)),
        ("entropy", lambda game, policy: n_step_soft_q(game, policy, temperature=1.0, steps=1, entropy="all")),
        ("policy", lambda game, policy: n_step_soft_q(game, policy[:1], temperature=1.0, steps=1)),
        ("discount", lambda game, policy: entropy_factor(1.5, 2)),
        ("temperature", lambda game, policy: n_step_haspi(game, temperature=0.0, steps=2)),
        ("game", lambda game, policy: n_step_haspi(load("chicken"), temperature=1.0, steps=2)),
    ],
)
def test_bad_arguments_are_named(argument, call):
    game = load("opt-in")
    with pytest.raises(ValueError, match=argument):
        call(game, random_policy(game, np.random.default_rng(0)))

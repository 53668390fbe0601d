"""The principal branch of many games at once: the same as one by one, and what relabelling and scaling leave."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl import kernels, solvers
from mathrl.batch import BatchSolution, qre_branch
from mathrl.batch import chunks as chunks_module
from mathrl.batch.answers import Answers, _fail, _Judged
from mathrl.equilibria.matrix.uniqueness import lipschitz_constant
from mathrl.games import Game, load
from mathrl.iteration.iterate import interruptible, watching
from mathrl.iteration.outcome import CONVERGED, MAX_STEPS, STALLED, Status, statuses
from mathrl.operators import ENTROPIES
from mathrl.proofs_checks.strategies import temperatures
from mathrl.softmax import boltzmann
from tests.examples import costly

SIZES = st.sampled_from([(3,), (1, 2), (2, 2), (3, 3), (2, 4), (2, 1, 3), (3, 2, 2), (2, 2, 2, 2)])
SEEDS = st.integers(0, 2**32 - 1)
SAME = 1e-8  # rounding, times the conditioning of games with normal payoffs at these temperatures


def normal(num_actions, seed, *, games=5, common=False):
    shape = (games, 1 if common else len(num_actions), *num_actions)
    return np.random.default_rng(seed).standard_normal(shape)


def one(payoffs):
    """The game of payoffs (m, A_1, …, A_n)."""
    common_payoff = len(payoffs) < payoffs.ndim - 1
    return Game.matrix(payoffs[0] if common_payoff else payoffs, common_payoff=common_payoff)


def apart(found, other):
    return max(np.abs(a - b).max(initial=0.0) for a, b in zip(found, other, strict=True))


@costly
@given(SIZES, SEEDS, temperatures(0.1, 10), st.booleans())
def test_a_batch_is_solved_as_its_games_are_alone(num_actions, seed, temperature, common):
    payoffs = normal(num_actions, seed, common=common)
    found = qre_branch(payoffs, temperature=temperature)
    assert found.converged.all()
    for k, game in enumerate(payoffs):
        alone = solvers.qre_branch(one(game), temperature=temperature)
        assert apart([rows[k] for rows in found.policy], alone.policy) <= SAME
        assert np.allclose(found.objective[k], alone.objective, rtol=0, atol=1e-7)  # payoffs here are below 10
        assert found.rounding_floor[k] == pytest.approx(alone.rounding_floor, rel=1e-12, abs=0)


@costly
@given(SIZES, SEEDS, temperatures(0.1, 10), st.data())
def test_relabelling_agents_and_permuting_actions_commute_with_it(num_actions, seed, temperature, data):
    payoffs = normal(num_actions, seed)
    n = len(num_actions)
    agents = data.draw(st.permutations(range(n)))
    actions = [data.draw(st.permutations(range(size))) for size in num_actions]
    permuted = payoffs
    for i, order in enumerate(actions):
        permuted = np.take(permuted, order, axis=2 + i)
    permuted = permuted[:, agents].transpose(0, 1, *(2 + i for i in agents))
    found = qre_branch(payoffs, temperature=temperature)
    changed = qre_branch(permuted, temperature=temperature)
    assert apart([found.policy[i][:, :, actions[i]] for i in agents], changed.policy) <= SAME
    assert np.allclose(found.objective.reshape(5, n)[:, agents], changed.objective.reshape(5, n), rtol=0, atol=1e-7)


@costly
@given(SIZES, SEEDS, temperatures(0.1, 10), temperatures(1e-3, 1e3))
def test_scaling_payoffs_is_scaling_the_temperature(num_actions, seed, temperature, factor):
    payoffs = normal(num_actions, seed)
    found = qre_branch(payoffs, temperature=temperature)
    assert apart(found.policy, qre_branch(factor * payoffs, temperature=factor * temperature).policy) <= SAME
    doubled = qre_branch(2 * payoffs, temperature=2 * temperature)  # which rounds nothing
    assert apart(found.policy, doubled.policy) == 0
    assert np.array_equal(doubled.objective, 2 * found.objective)


@costly
@given(SEEDS, temperatures(0.1, 10))
def test_what_others_decide_alone_does_not_matter(seed, temperature):
    payoffs = normal((3, 3), seed)
    shifted = payoffs.copy()
    shifted[:, 0] += normal((3,), seed)[:, :1]  # by the second agent's action
    assert (
        apart(qre_branch(payoffs, temperature=temperature).policy, qre_branch(shifted, temperature=temperature).policy)
        <= SAME
    )


@given(SEEDS, temperatures(1e-3, 1e3))
def test_one_agent_plays_the_soft_max(seed, temperature):
    payoffs = normal((4,), seed)
    found = qre_branch(payoffs, temperature=temperature)
    weights = np.exp((payoffs[:, 0] - payoffs[:, 0].max(axis=1, keepdims=True)) / temperature)
    assert np.abs(found.policy[0][:, 0] - weights / weights.sum(axis=1, keepdims=True)).max() <= 1e-12  # Q/α ≤ 5e3
    assert set(found.road) == {"unique"}


@costly
@given(SIZES, SEEDS, temperatures(100, 1e6))
def test_at_high_temperatures_it_is_near_uniform(num_actions, seed, temperature):
    payoffs = normal(num_actions, seed)
    found = qre_branch(payoffs, temperature=temperature)
    for rows, size in zip(found.policy, num_actions, strict=True):
        assert np.abs(rows - 1 / size).max() <= 2 * np.abs(payoffs).max() / temperature


@costly
@given(SIZES, SEEDS, st.sampled_from([1.0, 0.1, 0.02]))
def test_what_an_agent_can_gain_is_bounded_by_its_entropy(num_actions, seed, temperature):
    """max u − E u ≤ α log A at a soft-max: exploitability tends to 0 with the temperature."""
    payoffs = normal(num_actions, seed)
    found = qre_branch(payoffs, temperature=temperature)
    plain = qre_branch(payoffs, temperature=temperature, entropy="none").objective.reshape(len(payoffs), -1)
    assert found.converged.all()
    for k in range(len(payoffs)):
        for i, size in enumerate(num_actions):
            u = payoffs[k, i]
            for j in reversed(range(len(num_actions))):
                if j != i:
                    u = np.tensordot(u, found.policy[j][k, 0], (j, 0))
            assert -1e-12 <= u.max() - plain[k, i] <= temperature * np.log(size) + 1e-12


@costly
@given(SIZES, SEEDS, temperatures(0.1, 10), st.sampled_from(ENTROPIES), st.booleans())
def test_numbers_are_those_of_the_definitions(num_actions, seed, temperature, entropy, common):
    payoffs = normal(num_actions, seed, common=common)
    found = qre_branch(payoffs, temperature=temperature, entropy=entropy)
    n = len(num_actions)
    for k, game in enumerate(payoffs):
        policy = [rows[k] for rows in found.policy]
        pi_sk = np.concatenate(policy, axis=1)
        q_msa = game.reshape(len(game), 1, -1)
        residual = kernels.quantal_response_residual(q_msa, pi_sk, np.array(num_actions), temperature)
        assert found.residual[k] == residual
        evaluated = solvers.soft_evaluation(one(game), temperature=temperature, entropy=entropy, policy=policy)
        assert np.allclose(found.objective[k], evaluated.objective, rtol=1e-12, atol=1e-12)
    assert found.objective.shape == ((5,) if (common or n == 1) and entropy != "own" else (5, n))
    assert all(rows.shape == (5, 1, size) for rows, size in zip(found.policy, num_actions, strict=True))


def test_the_fast_road_is_for_games_with_one_equilibrium():
    payoffs = normal((3, 3), 0, games=400)
    found = qre_branch(payoffs, temperature=1.0)
    unique = np.array([lipschitz_constant(one(game)) < 1 for game in payoffs])
    assert 50 < unique.sum() < 350
    assert np.array_equal(found.road == "unique", unique)
    assert np.array_equal(found.steps == 0, unique)
    assert found.converged.all()


@pytest.mark.parametrize("name", ["stag-hunt", "matching-pennies", "climbing", "hasac", "shapley", "chicken"])
def test_games_of_the_literature(name):
    game = load(name)
    payoffs = game.rewards[:, 0] if not game.common_payoff else game.rewards
    for temperature in (5.0, 1.0, 0.3):
        found = qre_branch(payoffs[None], temperature=temperature)
        alone = solvers.qre_branch(game, temperature=temperature)
        assert found.converged.all() == alone.converged
        if alone.converged:
            assert apart([rows[0] for rows in found.policy], alone.policy) <= 1e-7  # symmetric games fork


def test_a_tenth_of_the_step_finds_the_same():
    payoffs = 10 * normal((3, 3), 1, games=300)
    usual, fine = qre_branch(payoffs, temperature=2.0), qre_branch(payoffs, temperature=2.0, step_length=0.1)
    assert apart(usual.policy, fine.policy) <= SAME
    assert (fine.steps > usual.steps).mean() > 0.9


def test_each_game_may_have_its_own_temperature():
    payoffs, temperature = normal((2, 3), 2, games=6), np.array([0.2, 0.5, 1.0, 2.0, 5.0, 1e3])
    found = qre_branch(payoffs, temperature=temperature)
    for k in range(6):
        alone = qre_branch(payoffs[k : k + 1], temperature=float(temperature[k]))
        assert all(np.array_equal(a[k], b[0]) for a, b in zip(found.policy, alone.policy, strict=True))
        assert np.array_equal(found.objective[k], alone.objective[0])


def equal(found, other):
    arrays = ("objective", "residual", "rounding_floor", "steps", "period", "status", "road")
    same = all(np.array_equal(getattr(found, name), getattr(other, name), equal_nan=False) for name in arrays[:5])
    same &= all(np.array_equal(getattr(found, name), getattr(other, name)) for name in arrays[5:])
    return same and all(np.array_equal(a, b) for a, b in zip(found.policy, other.policy, strict=True))


def test_threads_chunks_and_neighbours_change_nothing(monkeypatch):
    payoffs = 4 * normal((3, 3), 3, games=1500)
    found = qre_branch(payoffs, temperature=1.0, workers=1)
    assert equal(found, qre_branch(payoffs, temperature=1.0))
    assert equal(found, qre_branch(payoffs, temperature=1.0, workers=3))
    monkeypatch.setattr(chunks_module, "_SMALLEST", 1)
    assert equal(found, qre_branch(payoffs, temperature=1.0, workers=3))
    order = np.random.default_rng(0).permutation(1500)
    shuffled = qre_branch(payoffs[order], temperature=1.0)
    assert apart([rows[order] for rows in found.policy], shuffled.policy) == 0
    assert np.array_equal(found.steps[order], shuffled.steps)


def test_chunks_cover_all_games_once():
    for num_games in (0, 1, 7, 1000, 10_001):
        for payoffs_each in (1, 18, 10**6):
            for threads in (1, 2, 5):
                found = chunks_module._chunks(num_games, payoffs_each, threads)
                assert [k for chunk in found for k in range(chunk.start, chunk.stop)] == list(range(num_games))
                assert all(chunk.stop > chunk.start for chunk in found)


def test_a_game_that_is_not_solved_says_so():
    payoffs = 10 * normal((3, 3), 4, games=50)
    found = qre_branch(payoffs, temperature=0.5, max_steps=2)
    cut = found.status == Status.MAX_STEPS
    assert cut.mean() > 0.9
    assert (found.steps[cut] == 2).all()
    assert (found.residual[cut] > 1e-3).any()
    assert set(found.road[cut]) == {"traced"}
    # Mixed, and so far below the rounding of its payoffs that no double is an equilibrium.
    pennies = np.array([[[[3.0, -1.0], [-1.0, 1.0]], [[-1.0, 1.0], [1.0, -2.0]]]])
    lost = qre_branch(pennies, temperature=1e-19)
    assert lost.residual[0] > 0.01
    assert lost.status[0] in (Status.STALLED, Status.MAX_STEPS)
    assert not lost.converged.any()


def test_what_counts_as_converged():
    """At most so many rounding floors, never above 0.01, no number, or without an end that was found."""
    zero = np.zeros(6, np.int64)
    ending = np.array([CONVERGED, CONVERGED, CONVERGED, CONVERGED, STALLED, MAX_STEPS])
    judged = _Judged(
        residual_b=np.array([1e-14, 1e-12, 0.02, np.nan, 0.0, 0.0]),
        floor_b=np.array([1e-15, 1e-15, 1.0, 1.0, 1.0, 1.0]),
        objective_bm=np.zeros((6, 1)),
    )
    answers = Answers(np.zeros((6, 2)), zero, zero, ending)
    _fail(answers, judged, 100.0)
    stalled = Status.STALLED
    assert statuses(answers.status_b).tolist() == [
        Status.CONVERGED,
        stalled,
        stalled,
        stalled,
        stalled,
        Status.MAX_STEPS,
    ]


@pytest.mark.parametrize("scale", [1e-300, 1e-20, 1.0, 1e20, 1e299])
def test_any_scale_of_payoffs(scale):
    payoffs = normal((2, 3), 5, games=20)
    found = qre_branch(scale * payoffs, temperature=scale)
    assert apart(found.policy, qre_branch(payoffs, temperature=1.0).policy) <= SAME
    assert found.converged.all()


@pytest.mark.parametrize("size", [1e-320, 1e-100, 1e6, 1e100, 2e299])
def test_payoffs_of_any_size_have_numbers_and_an_honest_status(size):
    """Log ratios beyond 1e12 or so cannot be traced: their rounding is a large number."""
    payoffs = normal((2, 2), 6, games=20)
    found = qre_branch(size * payoffs / np.abs(payoffs).max(), temperature=1.0)
    assert all(np.isfinite(rows).all() for rows in found.policy)
    solved = np.flatnonzero(found.converged)
    for k in solved:
        u = size * payoffs[k] / np.abs(payoffs).max()
        own = [u[0] @ found.policy[1][k, 0], found.policy[0][k, 0] @ u[1]]
        for rows, values in zip(found.policy, own, strict=True):
            # 100 floors eps |u| are allowed; sums in another order, and their differences in the exponent
            assert np.abs(rows[k, 0] - boltzmann(values, 1.0)).max() <= 200 * np.finfo(float).eps * max(
                1.0, np.abs(u).max()
            )
    assert found.converged.all() == (size <= 1e6)
    assert set(found.status) <= {Status.CONVERGED, Status.MAX_STEPS, Status.STALLED}


def test_equal_payoffs_leave_everybody_uniform():
    for payoffs in (np.zeros((3, 2, 2, 3)), np.full((3, 1, 2, 3), -7.5)):
        found = qre_branch(payoffs, temperature=0.1)
        assert all(np.abs(rows - 1 / rows.shape[-1]).max() <= 1e-15 for rows in found.policy)
        assert found.converged.all()


def test_payoffs_may_be_of_any_type_and_stay_as_they_are():
    whole = np.random.default_rng(0).integers(-3, 4, (4, 2, 3, 2))
    found = qre_branch(whole, temperature=1.0)
    for same in (whole.astype(np.float32), whole.astype(float), np.asfortranarray(whole, dtype=float), whole.tolist()):
        assert equal(found, qre_branch(same, temperature=1.0))
    payoffs = whole.astype(float)
    payoffs.flags.writeable = False
    assert equal(found, qre_branch(payoffs, temperature=1.0))
    with pytest.raises(ValueError, match="read-only"):
        found.policy[0][0] = 0.0


def test_no_games_have_no_answers():
    found = qre_branch(np.empty((0, 2, 2, 3)), temperature=1.0)
    assert [rows.shape for rows in found.policy] == [(0, 1, 2), (0, 1, 3)]
    assert found.objective.shape == (0, 2)
    assert repr(found) == "<BatchSolution: 0 games>"


def test_who_watches_hears_of_all_games(monkeypatch):
    monkeypatch.setattr(chunks_module, "_SMALLEST", 1)
    seen = []
    with watching(lambda step, residual: seen.append((step, residual))):
        found = qre_branch(normal((2, 2), 7, games=100), temperature=1.0, workers=2)
    assert len(seen) > 5
    assert [step for step, _ in seen] == sorted({step for step, _ in seen})
    assert seen[-1][0] == 100
    assert max(residual for _, residual in seen) == found.residual.max()


def test_an_interrupt_keeps_what_is_done(monkeypatch):
    monkeypatch.setattr(chunks_module, "_SMALLEST", 1)
    monkeypatch.setattr(chunks_module, "_LARGEST", 10 * 18)
    payoffs = normal((3, 3), 8, games=4000)

    def stop(step, residual):
        if step >= 50:
            raise KeyboardInterrupt

    with watching(stop):
        found = qre_branch(payoffs, temperature=1.0, workers=2)
    left = found.status == Status.INTERRUPTED
    assert 0 < left.sum() <= 3950
    assert np.isnan(found.policy[0][left]).all()
    assert np.isnan(found.objective[left]).all()
    assert (found.road[left] == "").all()
    assert not found.steps[left].any()
    whole = qre_branch(payoffs, temperature=1.0)
    assert np.array_equal(found.policy[0][~left], whole.policy[0][~left])
    assert (found.road[~left] != "").all()
    assert found.converged[~left].all()


def test_an_interrupt_is_raised_unless_what_is_done_is_asked_for(monkeypatch):
    """So it also ends a loop of batches."""
    monkeypatch.setattr(chunks_module, "_SMALLEST", 1)
    payoffs = normal((2, 2), 7, games=4000)

    def interrupted(step, residual):
        raise KeyboardInterrupt

    monkeypatch.setattr(chunks_module, "report", interrupted)
    with pytest.raises(KeyboardInterrupt):
        qre_branch(payoffs, temperature=1.0, workers=2)
    with interruptible():
        found = qre_branch(payoffs, temperature=1.0, workers=2)
    assert found.converged.any()


def test_a_second_interrupt_is_raised(monkeypatch):
    class Impatient(chunks_module.ThreadPoolExecutor):
        def shutdown(self, *arguments, **named):
            super().shutdown(*arguments, **named)
            if named.get("cancel_futures"):
                raise KeyboardInterrupt

    def interrupted(step, residual):
        raise KeyboardInterrupt

    monkeypatch.setattr(chunks_module, "ThreadPoolExecutor", Impatient)
    with watching(interrupted), pytest.raises(KeyboardInterrupt):
        qre_branch(normal((2, 2), 9), temperature=1.0)


def test_an_interrupt_before_the_first_game_is_raised(monkeypatch):
    def at_once(pending):
        raise KeyboardInterrupt

    class Nobody(chunks_module.ThreadPoolExecutor):
        def submit(self, work, *given):
            def never(chunk):
                raise KeyboardInterrupt

            return super().submit(never, *given)

    monkeypatch.setattr(chunks_module, "ThreadPoolExecutor", Nobody)
    monkeypatch.setattr(chunks_module, "as_completed", at_once)
    with interruptible(), pytest.raises(KeyboardInterrupt):
        qre_branch(normal((2, 2), 9), temperature=1.0)


def test_an_error_of_who_watches_is_raised(monkeypatch):
    def broken(step, residual):
        raise RuntimeError("watcher")

    with watching(broken), pytest.raises(RuntimeError, match="watcher"):
        qre_branch(normal((2, 2), 9), temperature=1.0)


GOOD = np.zeros((4, 2, 3, 2))


def bad(payoffs=GOOD, **parameters):
    return payoffs, {"temperature": 1.0} | parameters


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (bad(np.zeros((4, 2))), r"payoffs has shape \(4, 2\), expected \(B, n, A_1"),
        (
            bad(np.zeros((4, 3, 3, 2))),
            r"payoffs has shape \(4, 3, 3, 2\), expected \(B, n, A_1, …, A_n\)",
        ),
        (bad(np.zeros((4, 0, 3, 2))), "payoffs has shape"),
        (bad(np.zeros((4, 2, 3, 0))), "at least one action"),
        (bad(np.full((4, 2, 3, 2), np.nan)), r"payoffs\[0, 0, 0, 0\] is nan"),
        (bad(np.where(np.arange(2) > 0, -np.inf, GOOD)), r"payoffs\[0, 0, 0, 1\] is -inf, .*unavailable action"),
        (bad(np.zeros((4, 2, 3, 2), dtype=complex)), "payoffs has dtype complex"),
        (bad("many"), "payoffs"),
        (
            bad(1e200 + GOOD, temperature=1e-101),
            r"temperature is 1e-101, expected at least 1e-100: values of up to 1e\+200 divided by it overflow",
        ),
        (bad(1e200 + GOOD, temperature=[1.0, 1e-101, 1.0, 1.0]), r"temperature\[1\] is 1e-101, expected at least"),
        (bad(1.1e300 + GOOD), r"payoffs\[0\] has values of up to 1.1e\+300 here, expected at most 1e\+300: scale"),
        (bad(GOOD, temperature=1e-301), "temperature is 1e-301, expected at least 1e-300: its inverse overflows"),
        (bad(temperature=0.0), "temperature is 0, expected a number > 0"),
        (bad(temperature=float("inf")), "temperature is inf"),
        (bad(temperature=[1.0, 2.0]), r"temperature has shape \(2,\), expected a number, or \(4,\)"),
        (bad(temperature=[1.0, 2.0, -1.0, 1.0]), r"temperature\[2\] is -1, expected a number > 0"),
        (bad(temperature="hot"), "temperature is 'hot'"),
        (bad(entropy="all"), "entropy 'all' is unknown"),
        (bad(step_length=0.0), "step_length is 0"),
        (bad(tol=-1.0), "tol is -1"),
        (bad(max_steps=1.5), "max_steps is 1.5"),
        (bad(workers=0), "workers is 0"),
    ],
)
def test_bad_input_is_named(call, message):
    payoffs, parameters = call
    with pytest.raises(ValueError, match=message):
        qre_branch(payoffs, **parameters)


def test_the_answer_is_a_batch_solution():
    found = qre_branch(GOOD, temperature=1.0)
    assert isinstance(found, BatchSolution)
    assert repr(found) == "<BatchSolution: 4 games: 4 CONVERGED>"


def near_coordination(agents, actions, noise, rng):
    """Each is paid 1 where all agree, and a little noise."""
    r = noise * rng.standard_normal((20, agents, *(actions,) * agents))
    for a in range(actions):
        r[(slice(None), slice(None), *(a,) * agents)] += 1
    return r


def near_circulant(actions, noise, rng):
    """Payoffs depend on the difference of two actions, but for noise."""
    difference = (np.arange(actions)[:, None] - np.arange(actions)) % actions
    return rng.standard_normal((20, 2, actions))[..., difference] + noise * rng.standard_normal(
        (20, 2, actions, actions)
    )


@pytest.mark.parametrize(
    ("games", "share"),
    [
        (near_coordination(3, 3, 1e-4, np.random.default_rng(0)), 0.0033),
        (near_coordination(3, 3, 1e-6, np.random.default_rng(1)), 0.0033),
        (near_coordination(4, 2, 1e-6, np.random.default_rng(2)), 0.0033),
        (near_circulant(5, 1e-3, np.random.default_rng(3)), 0.01),
    ],
    ids=["noise 1e-4", "noise 1e-6", "four agents", "circulant"],
)
def test_nearly_symmetric_games_keep_to_their_branch(games, share):
    """With a long first step all twenty stayed on the uniform curve; batch, single call and fine steps agree."""
    fine = qre_branch(games, temperature=share, step_length=0.1, max_steps=100_000)
    usual = qre_branch(games, temperature=share)
    assert (usual.converged & fine.converged).all()
    for own, theirs in zip(usual.policy, fine.policy, strict=True):
        np.testing.assert_allclose(own, theirs, rtol=0, atol=1e-9)
    for k in range(3):
        single = solvers.qre_branch(Game.matrix(list(games[k])), temperature=share).require()
        for own, theirs in zip(single.policy, usual.policy, strict=True):
            np.testing.assert_allclose(own, theirs[k], rtol=0, atol=1e-9)


def near_symmetric(agents, noise, rng, games):
    """Payoffs depend on the own action and on how many others play each, but for noise."""
    played = np.indices((2,) * agents)
    drawn = rng.standard_normal((games, 2, agents + 1))[..., played.sum(axis=0)]
    r = np.stack([np.where(own == 0, drawn[:, 0], drawn[:, 1]) for own in played], axis=1)
    return r + noise * rng.standard_normal(r.shape)


@pytest.mark.parametrize(("seed", "game"), [(0, 138), (1, 193), (5, 188)])
def test_where_curves_pass_narrowly_a_second_trace_decides(seed, game):
    """These were wrong, and CONVERGED: where the symmetry breaks, several curves pass one another within 1e-3."""
    r = near_symmetric(4, 1e-6, np.random.default_rng(seed), 400)[game]
    fine = qre_branch(r[None], temperature=0.02, step_length=0.03, max_steps=100_000)
    for found in (qre_branch(r[None], temperature=0.02), solvers.qre_branch(Game.matrix(list(r)), temperature=0.02)):
        assert np.all(found.converged)
        for own, theirs in zip(found.policy, fine.policy, strict=True):
            np.testing.assert_allclose(own, theirs.reshape(own.shape), rtol=0, atol=1e-9)

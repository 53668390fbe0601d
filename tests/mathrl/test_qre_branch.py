"""The principal branch: the definition along its path, folds and forks, first crossings, invariances, limits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from mathrl import batch
from mathrl.equilibria import principal_branch as follow
from mathrl.exploitability import exploitability
from mathrl.games import (
    Game,
    load,
    permute_actions,
    random_matrix,
    random_stochastic,
    relabel_agents,
    scale_rewards,
    shift_rewards,
    to_sparse,
    uniform_policy,
)
from mathrl.iteration.iterate import watching
from mathrl.iteration.outcome import Status
from mathrl.operators import ENTROPIES, quantal_response_residual
from mathrl.proofs_checks.strategies import games, matrix_games, temperatures
from mathrl.softmax import boltzmann
from mathrl.solution import Solution
from mathrl.solvers import qre, qre_branch
from mathrl.values.policy_values import evaluate
from tests.examples import costly, diagonal
from tests.tolerances import EPS

FOLDED = {  # shape and seed of random general-sum games whose branch turns back
    (2, 2): 22,
    (2, 3): 129,
    (3, 3): 18,
    (2, 2, 2): 33,
}
folded = pytest.mark.parametrize(
    "game", [random_matrix(shape, structure="general-sum", seed=seed) for shape, seed in FOLDED.items()], ids=str
)


def rows(path, k):
    """The policy at point k of a path."""
    return tuple(pi[k] for pi in path.policy)


def residual(game, policy, rationality, entropy="team"):
    q = evaluate(game, policy, temperature=1 / rationality, entropy=entropy).q
    return quantal_response_residual(q, policy, temperature=1 / rationality)


def assert_same_policy(ours, theirs, atol):
    for left, right in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(left, right, rtol=0, atol=atol)


@costly
@given(games(discounts=st.sampled_from([0.0, 0.5, 0.9])), temperatures(0.05, 100), st.sampled_from(ENTROPIES))
def test_the_answer_and_every_point_of_the_path_are_equilibria(game, temperature, entropy):
    solution = qre_branch(game, temperature=temperature, entropy=entropy).require()
    path = solution.path
    assert path.rationality[0] == 0
    assert path.rationality[-1] == 1 / temperature
    assert_same_policy(rows(path, 0), uniform_policy(game), atol=1e-15)  # softmax(0)
    assert_same_policy(rows(path, -1), solution.policy, atol=0)
    # the answer: 100 floors are allowed, of each of which the resolvent may take 1/(1 - discount)
    own = quantal_response_residual(solution.q, solution.policy, temperature=temperature)
    assert own <= 101 * solution.rounding_floor
    matrix = game.num_states == 1 and game.discount == 0
    for k in range(1, len(path.rationality)):
        # a compiled point's last correction is below 1e-6, which leaves its square times the curvature, of order 1;
        # of the others 1e-7 is left; rounding in Q over the temperature
        slack = 256 * EPS * (1 + path.rationality[k] * np.abs(solution.q).max() / (1 - game.discount))
        assert residual(game, rows(path, k), path.rationality[k], entropy) < (1e-10 if matrix else 2e-7) + slack


@costly
@given(matrix_games(), temperatures(0.02, 100))
def test_the_compiled_and_the_general_trace_agree(game, temperature):
    """Two implementations: kernels on one game's arrays, and the elimination state by state."""
    compiled = qre_branch(game, temperature=temperature).require()
    general = follow._General(game, "team", 1.0)
    while general._points[-1].t != 1 / temperature:
        assert general.extend(1 / temperature, 1)
    # both are exact to their rounding floors; |dπ| is that times the condition of the equilibrium
    assert_same_policy(compiled.policy, general.policy, atol=1e-8)
    path = general.path(general.policy)
    np.testing.assert_allclose(path.rationality[path.folds], compiled.path.rationality[compiled.path.folds], rtol=1e-6)


@folded
def test_folds_are_where_the_branch_turns(game):
    solution = qre_branch(game, temperature=0.03).require()
    path = solution.path
    turns = np.diff(path.rationality) > 0
    assert np.array_equal(np.flatnonzero(turns[1:] != turns[:-1]) + 1, path.folds)
    assert len(path.folds) % 2 == 0  # it came from below and ends going up
    assert len(path.folds) > 0
    finer = qre_branch(game, temperature=0.03, step_length=0.1).require().path
    # rationality is flat at a fold: an error of 1e-6 in the tangent moves it by the square of that
    np.testing.assert_allclose(finer.rationality[finer.folds], path.rationality[path.folds], rtol=1e-9)
    for k in path.folds:
        around = path.rationality[k - 1 : k + 2] - path.rationality[k]
        assert around[0] * around[2] > 0


@folded
def test_the_answer_is_the_first_crossing(game):
    path = qre_branch(game, temperature=0.03).require().path
    high, low = path.rationality[path.folds[:2]]
    for share in (1e-6, 0.5, 1 - 1e-6):
        rationality = low + share * (high - low)  # crossed three times
        solution = qre_branch(game, temperature=1 / rationality).require()
        assert len(solution.path.folds) == 0
        assert (np.diff(solution.path.rationality) > 0).all()
        crossings = np.diff(np.sign(path.rationality - rationality))
        assert np.count_nonzero(crossings) == 3
    beyond = qre_branch(game, temperature=1 / (high * (1 + 1e-9))).require()
    assert len(beyond.path.folds) == 2
    before = qre_branch(game, temperature=1 / (high * (1 - 1e-9))).require()
    jump = max(np.abs(a - b).max() for a, b in zip(beyond.policy, before.policy, strict=True))
    assert jump > 1e-3  # the policy at a given rationality is not continuous there; along the path it is


@folded
def test_the_path_is_continuous(game):
    """Along the arc, policies move by no more than a bound that shrinks with the step."""
    paths = [qre_branch(game, temperature=0.05, step_length=length).path for length in (1.0, 0.3, 0.1)]
    jumps = [max(np.abs(np.diff(pi[:, 0], axis=0)).max() for pi in path.policy) for path in paths]
    assert jumps[0] < 0.5
    assert jumps[2] < 0.5 * jumps[0]


@pytest.mark.parametrize("actions", [2, 3, 4, 5])
def test_agreement_games_fork_where_they_should(actions):
    """Paid 1 for agreeing, else 0: dπ = (λ/m) du on sums of 0, so other curves cross the uniform one at λ = m."""
    solution = qre_branch(Game.matrix(np.eye(actions)), temperature=1 / (2 * actions)).require()
    assert_same_policy(solution.policy, [np.full((1, actions), 1 / actions)] * 2, atol=1e-15)
    crossings = solution.path.rationality[solution.path.bifurcations]
    # one that changes the determinant's sign is closed in on to 1e-7, another to the square root of what is left of it
    np.testing.assert_allclose(crossings, [actions], rtol=1e-4)


def test_a_path_without_forks_says_so():
    for seed in range(20):
        path = qre_branch(random_matrix((3, 3), structure="general-sum", seed=seed), temperature=0.05).path
        assert len(path.bifurcations) == 0


@costly
@given(matrix_games(), temperatures(0.05, 10), st.data())
def test_labels_do_not_matter(game, temperature, data):
    ours = qre_branch(game, temperature=temperature).require()
    order = data.draw(st.permutations(range(game.num_agents)))
    theirs = qre_branch(relabel_agents(game, order), temperature=temperature).require()
    # rounding differs, and is multiplied by the condition of the equilibrium
    assert_same_policy(theirs.policy, [ours.policy[i] for i in order], atol=1e-8)
    agent = data.draw(st.integers(0, game.num_agents - 1))
    actions = data.draw(st.permutations(range(game.num_actions[agent])))
    theirs = qre_branch(permute_actions(game, agent, actions), temperature=temperature).require()
    permuted = [pi[:, actions] if i == agent else pi for i, pi in enumerate(ours.policy)]
    assert_same_policy(theirs.policy, permuted, atol=1e-8)


@costly
@given(
    games(max_states=3, max_actions=3, discounts=st.sampled_from([0.0, 0.8])),
    temperatures(0.2, 10),
    st.sampled_from([1e-3, 0.3, 7.0, 1e4]),
)
def test_scaling_rewards_is_scaling_rationality(game, temperature, factor):
    ours = qre_branch(game, temperature=temperature).require()
    theirs = qre_branch(scale_rewards(game, factor), temperature=factor * temperature).require()
    assert_same_policy(theirs.policy, ours.policy, atol=1e-8)  # as above
    assert_same_policy(qre_branch(shift_rewards(game, 3.0), temperature=temperature).policy, ours.policy, atol=1e-8)


def test_several_temperatures_are_crossed_in_one_trace():
    game = random_matrix((3, 3), structure="general-sum", seed=18)
    asked = [1.0, 0.05, 0.1, 1.0, 20.0]
    together = qre_branch(game, temperature=asked)
    assert isinstance(together, tuple)
    for temperature, solution in zip(asked, together, strict=True):
        alone = qre_branch(game, temperature=temperature)
        assert isinstance(alone, Solution)
        assert_same_policy(solution.policy, alone.policy, atol=1e-10)
        assert len(solution.path.folds) == len(alone.path.folds)
        assert solution.parameters["temperature"] == asked
    steps = [solution.steps for solution in together]
    assert steps[4] <= steps[0] == steps[3] < steps[2] < steps[1]


@given(games(discounts=st.sampled_from([0.0, 0.9])))
def test_at_high_temperatures_it_is_uniform(game):
    temperature = 1e9 * (1 + game.reward_scale)
    solution = qre_branch(game, temperature=temperature, entropy="none").require()
    assert_same_policy(solution.policy, uniform_policy(game), atol=1e-7)  # the spread of Q / temperature, 10 steps deep


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (2, 2, 2)])
def test_at_low_temperatures_it_is_a_nash_equilibrium(seed, shape):
    game = random_matrix(shape, structure="general-sum", seed=seed)
    gains = []
    for solution in qre_branch(game, temperature=[1e-1, 1e-2, 1e-3]):
        policy = solution.require().policy
        gains.append(float(np.max(exploitability(game, policy, temperature=0, entropy="none"))))
    # α log π(a)/π(b) = u(a) − u(b): what is played with probability p loses at most α log(1/p), α log A in all
    assert gains[2] <= 1e-3 * np.log(max(shape)) + 1e-12
    assert gains[1] <= 1e-2 * np.log(max(shape)) + 1e-12


@pytest.mark.parametrize("entropy", ["team", "own"])
def test_one_agent_plays_the_soft_optimal_policy(entropy):
    bandit = Game.matrix(np.array([0.3, 1.0, -2.0]))
    solution = qre_branch(bandit, temperature=0.7, entropy=entropy).require()
    np.testing.assert_allclose(solution.policy[0], boltzmann(bandit.rewards, 0.7), rtol=0, atol=1e-15)
    game = random_stochastic(6, (3,), discount=0.9, seed=1)
    ours, theirs = (solve(game, temperature=0.5, entropy=entropy).require() for solve in (qre_branch, qre))
    assert_same_policy(ours.policy, theirs.policy, atol=1e-11)  # unique, and well conditioned


@pytest.mark.parametrize(
    ("entropy", "seed"),
    diagonal(ENTROPIES, range(3))
    + [pytest.param(entropy, seed, marks=pytest.mark.long) for entropy in ENTROPIES for seed in range(3, 12)],
)
def test_shorter_steps_find_the_same_answer_in_stochastic_games(entropy, seed):
    """What no residual can show: that it is the same branch."""
    game = random_stochastic(4, (2, 3), structure="general-sum", discount=0.7, seed=seed)
    ours = qre_branch(game, temperature=0.1, entropy=entropy).require()
    theirs = qre_branch(game, temperature=0.1, entropy=entropy, step_length=0.1).require()
    assert theirs.steps > 2 * ours.steps
    assert_same_policy(ours.policy, theirs.policy, atol=1e-9)
    sparse = qre_branch(to_sparse(game), temperature=0.1, entropy=entropy).require()
    assert_same_policy(ours.policy, sparse.policy, atol=1e-9)


def test_states_without_a_future_are_games_of_their_own():
    stage = [random_matrix((2, 3), structure="general-sum", seed=seed) for seed in (129, 3)]
    rewards = [np.stack([game.rewards[i, 0] for game in stage]) for i in range(2)]
    together = Game.stochastic(rewards, np.full((2, 2, 3, 2), 0.5), 0.0)
    solution = qre_branch(together, temperature=0.3).require()
    for s, game in enumerate(stage):
        assert_same_policy([pi[[s]] for pi in solution.policy], qre_branch(game, temperature=0.3).policy, atol=1e-9)


def test_large_matrix_games_take_the_general_road():
    game = random_matrix((90, 80), structure="general-sum", seed=1)
    assert isinstance(follow._followed(game, "team", 1.0), follow._General)
    solution = qre_branch(game, temperature=0.5).require()
    assert residual(game, solution.policy, 2.0) < 1e-13  # the floor is a few roundings of probabilities


def test_statuses_and_history():
    game = random_matrix((3, 3), structure="general-sum", seed=18)
    full = qre_branch(game, temperature=0.05).require()
    assert len(full.history) == full.steps
    reached = np.delete(full.path.rationality, full.path.bifurcations)
    assert np.array_equal(full.history, reached[1:])
    for solve_at_most in (0, 3):
        short = qre_branch(game, temperature=0.05, max_steps=solve_at_most)
        assert (short.status, short.steps) == (Status.MAX_STEPS, solve_at_most)
        assert len(short.path.rationality) == solve_at_most + 1
        assert short.residual > 1e-3
        assert_same_policy(rows(short.path, -1), short.policy, atol=0)
    several = qre_branch(game, temperature=[1.0, 0.05], max_steps=full.steps // 2)
    assert [solution.status for solution in several] == [Status.CONVERGED, Status.MAX_STEPS]
    assert several[1].steps == full.steps // 2  # those to the first temperature count


def test_an_interrupt_keeps_the_path():
    def interrupt(step, residual):
        if step == 3:
            raise KeyboardInterrupt

    game = random_stochastic(4, (2, 3), structure="general-sum", discount=0.7, seed=1)
    with watching(interrupt):
        solution = qre_branch(game, temperature=0.1)
    assert solution.status is Status.INTERRUPTED
    assert len(solution.path.rationality) == 4


def test_a_branch_that_is_lost_is_traced_again_and_then_said_to_be_lost(monkeypatch):
    lengths = []
    original = follow.branch

    class Lost:
        hidden = False

        def __init__(self, game):
            self.branch = original(game, entropy="none", step_length=1.0)

        def extend(self, rationality, at_most):
            return []

        def path(self, last):
            return self.branch.path(last)

        @property
        def policy(self):
            return self.branch.policy

    def lost(game, *, entropy, step_length):
        lengths.append(step_length)
        return Lost(game)

    monkeypatch.setitem(qre_branch.__globals__, "branch", lost)
    solution = qre_branch(load("chicken"), temperature=0.1, step_length=2.0)
    assert solution.status is Status.STALLED
    np.testing.assert_allclose(lengths, [2.0, 0.6, 0.18, 0.054])


@pytest.mark.parametrize("name", ["chain", "random-stochastic(num_states=5, structure='general-sum', seed=4)"])
def test_a_trace_that_rounding_ends_says_so_soon(name):
    """Log ratios of 1e14 have roundings of 0.01, which no shorter step corrects away; those of 1e12 do no harm."""
    game = load(name)
    spread = float(np.ptp(game.rewards_isa))
    assert qre_branch(game, temperature=1e-12 * spread, max_steps=100).converged
    for temperature in (1e-15 * spread, 1e-30, 1e-200):
        solution = qre_branch(game, temperature=temperature)
        assert solution.status is Status.STALLED
        assert solution.steps < 150


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"temperature": 0.0}, "temperature"),
        ({"temperature": [1.0, -1.0]}, r"temperature\[1\]"),
        ({"temperature": []}, "temperature is empty"),
        ({"temperature": "cold"}, "temperature"),
        ({"temperature": 1.0, "step_length": 0.0}, "step_length"),
        ({"temperature": 1.0, "entropy": "mine"}, "entropy"),
        ({"temperature": 1.0, "tol": -1.0}, "tol"),
    ],
)
def test_bad_input(options, named):
    with pytest.raises(ValueError, match=named):
        qre_branch(load("hasac"), **options)


NEARLY = [10.0**-k for k in (2, 3, 4, 5, 7, 9)]


@pytest.mark.parametrize("epsilon", NEARLY)
@pytest.mark.parametrize("actions", [2, 3, 4])
@pytest.mark.parametrize("step_length", [1.0, 0.1])
def test_nearly_symmetric_games_follow_the_curve_that_turns(epsilon, actions, step_length):
    """Agreement pays, the first action a little more: the branch of the identity forks at λ = m, this one turns there.

    For 3 and more actions curves cross in pairs and more, so that the determinant's sign says nothing.
    """
    game = Game.matrix(np.eye(actions) + epsilon * np.outer(np.arange(actions) == 0, np.arange(actions) == 0))
    solution = qre_branch(game, temperature=1 / (4 * actions), step_length=step_length).require()
    assert all(pi[0, 0] > 0.9 for pi in solution.policy)


def test_perturbed_symmetric_games_do_not_depend_on_the_step():
    rng = np.random.default_rng(1)
    for epsilon in (0.0, 1e-3, 1e-6):
        for _ in range(25):
            payoffs = rng.integers(-3, 4, size=(3, 3)).astype(float)
            both = [payoffs + epsilon * rng.normal(size=(3, 3)), payoffs.T + epsilon * rng.normal(size=(3, 3))]
            ours, finer = (
                qre_branch(Game.matrix(both), temperature=0.31, step_length=length).require() for length in (1.0, 0.1)
            )
            assert_same_policy(ours.policy, finer.policy, atol=1e-6)  # rounding, times how near the next curve is


@pytest.mark.parametrize(
    ("first", "second", "rationality"),
    [
        ([[-1.305198, -1.107714], [-1.118231, -0.540567]], [[1.2517, -1.463448], [0.835683, 1.160011]], 5.595308),
        ([[-1.304448, -1.106933], [-1.116737, -0.5399]], [[1.250112, -1.462329], [0.834804, 1.159179]], 5.578742),
    ],
)
def test_two_folds_near_a_cusp_are_not_jumped_over(first, second, rationality):
    """Both lie within 1e-3 of this rationality, which the branch crosses three times."""
    game = Game.matrix([np.array(first), np.array(second)])
    ours = qre_branch(game, temperature=1 / rationality).require()
    finer = qre_branch(game, temperature=1 / rationality, step_length=0.03).require()
    assert_same_policy(ours.policy, finer.policy, atol=1e-7)  # close to a fold: rounding over the root of the distance
    assert len(qre_branch(game, temperature=0.9 / rationality).path.folds) == 2


@pytest.mark.parametrize("temperature", [1e-4, 1e-6])
def test_mixed_equilibria_at_very_low_temperatures(temperature):
    """Log ratios carry λ roundings, which λ u would multiply once more: the last steps are in the probabilities."""
    for payoffs in np.random.default_rng(3).standard_normal((60, 2, 3, 3)):
        solution = qre_branch(Game.matrix(list(payoffs)), temperature=temperature).require()
        assert solution.residual < 1e-9 * (1e-4 / temperature)


def test_at_a_fork_itself():
    """det = 0 there, so that Newton's method only halves the error."""
    game = Game.matrix(np.eye(3))
    solution = qre_branch(game, temperature=1 / 3).require()
    assert_same_policy(solution.policy, uniform_policy(game), atol=1e-12)


def alike(tables):
    """A game whose agents are alike: what one is paid depends on its action and on how many play action 1."""
    n = tables.shape[1]
    played = np.indices((2,) * n)
    return np.array([tables[played[i], played.sum(axis=0) - played[i]] for i in range(n)])


@pytest.mark.parametrize(("agents", "seed"), [(3, 0), (4, 84), (4, 146), (5, 109), (5, 160), (5, 410), (5, 713)])
def test_agents_that_are_alike_play_alike(agents, seed):
    """Beside forks at which other curves leave the symmetry; the answer solves one equation in one unknown too."""
    tables = np.random.default_rng(seed).integers(0, 4, (2, agents)).astype(float)
    payoffs = alike(tables)
    single = qre_branch(Game.matrix(list(payoffs)), temperature=0.05).require()
    batched = batch.qre_branch(payoffs[None], temperature=0.05)
    for policies in (single.policy, [rows[0] for rows in batched.policy]):
        for own in policies:
            np.testing.assert_allclose(own, policies[0], rtol=0, atol=1e-12)  # rounding beside the last Newton step

    def gap(p):
        """By how much π(1) = p misses its response: binomial expectations."""
        others = binom.pmf(np.arange(agents), agents - 1, p)
        return p - 1 / (1 + np.exp((tables[0] - tables[1]) @ others / 0.05))

    assert abs(gap(single.policy[0][0, 1])) < 1e-10  # thousands of rounding floors

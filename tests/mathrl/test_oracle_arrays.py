"""Policies and values from others' arrays and functions: the same numbers, and errors that name the state."""

import re

import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.base.checks import choice
from mathrl.exploitability import exploitability
from mathrl.games import Game, load, random_policy, random_stochastic, uniform_policy
from mathrl.operators import ENTROPIES
from mathrl.oracle import assert_soft_q
from mathrl.oracle.arrays import action_values, policy_rows, scalar, several_critics, state_values
from mathrl.proofs_checks.strategies import games, policies
from mathrl.solvers import haspi, soft_evaluation

GAME = random_stochastic(4, (2, 3), discount=0.9, seed=0)
ALONE = random_stochastic(4, (3,), discount=0.9, seed=0)
POLICY = random_policy(GAME, np.random.default_rng(0))
SINGLE = float(np.finfo(np.float32).eps)


def rows_of(policy):
    return lambda state: [rows[state] for rows in policy]


@given(games(), st.data())
def test_functions_give_what_arrays_give(game, data):
    policy = data.draw(policies(game))
    cells = (game.num_states, *game.num_actions)
    for agents in ((), (game.num_agents,)):
        q, v = np.random.default_rng(0).normal(size=(*agents, *cells)), np.arange(np.prod((*agents, cells[0])))
        v = v.reshape(*agents, -1)
        read = action_values(game, lambda s, a, q=q: q[..., s, *a], agent_axis=bool(agents))
        np.testing.assert_array_equal(read, action_values(game, q, agent_axis=bool(agents)))
        np.testing.assert_array_equal(read, q)
        np.testing.assert_array_equal(state_values(game, lambda s, v=v: v[..., s], agent_axis=bool(agents)), v)
    called, off = policy_rows(game, rows_of(policy))
    given_rows, off_too = policy_rows(game, policy)
    assert off == off_too <= 1e-9  # rows of doubles: taken as they are
    for ours, theirs, rows in zip(called, given_rows, policy, strict=True):
        np.testing.assert_array_equal(ours, rows)
        np.testing.assert_array_equal(theirs, rows)


def test_a_function_is_called_once_per_state_and_joint_action():
    calls = []
    action_values(GAME, lambda state, action: calls.append((state, action)) or 0.0, agent_axis=False)
    assert calls == [(s, (a, b)) for s in range(4) for a in range(2) for b in range(3)]
    assert all(type(number) is int for state, action in calls for number in (state, *action))
    states = []
    policy_rows(GAME, lambda state: states.append(state) or [[0.5, 0.5], [1, 0, 0]])
    assert states == [0, 1, 2, 3]


@given(games(), st.data())
def test_rows_of_single_precision_are_normalised_and_the_report_knows(game, data):
    policy = data.draw(policies(game))
    single = [rows.astype(np.float32) for rows in policy]
    read, off = policy_rows(game, single)
    expected = max(np.abs(rows.astype(np.float64).sum(axis=1) - 1).max() for rows in single)
    assert off == expected <= 4 * SINGLE  # at most 4 probabilities, each rounded
    for ours, rows in zip(read, policy, strict=True):
        # the rounding of a probability, and at most as much again from the sum
        np.testing.assert_allclose(ours, rows, rtol=0, atol=5 * SINGLE)
        # rows that are off by up to 1e-9 are taken as they are
        assert (np.abs(ours.sum(axis=1) - 1) <= 1e-9).all()


def test_only_rounding_is_normalised():
    off = np.array([[0.5 + 9e-6, 0.5]] * 4)
    assert policy_rows(GAME, [off, POLICY[1]])[0][0].sum(axis=1) == pytest.approx(np.ones(4), abs=1e-15)
    with pytest.raises(ValueError, match=re.escape("policy[0][0] sums to 1.000011")):
        policy_rows(GAME, [off + np.array([2e-6, 0]), POLICY[1]])
    slightly = np.array([[0.5 + 9e-10, 0.5]] * 4)
    assert np.array_equal(policy_rows(GAME, [slightly, POLICY[1]])[0][0], slightly)


def test_one_state_needs_no_axis_and_one_agent_no_list():
    game = load("hasac")
    assert action_values(game, np.eye(3), agent_axis=False).shape == (1, 3, 3)
    assert action_values(game, np.zeros((2, 3, 3)), agent_axis=True).shape == (2, 1, 3, 3)
    assert state_values(game, 3.0, agent_axis=False).tolist() == [3.0]
    assert policy_rows(game, [[1, 0, 0]] * 2)[0][1].tolist() == [[1, 0, 0]]
    row = [0.2, 0.3, 0.5]
    for policy in (lambda s: row, lambda s: [row], lambda s: np.array(row), lambda s: np.array([row])):
        np.testing.assert_array_equal(policy_rows(ALONE, policy)[0][0], [row] * 4)


@pytest.mark.parametrize("number", [lambda x: x, lambda x: [x], lambda x: np.array([[x]]), np.float32])
def test_networks_may_return_a_number_in_brackets(number):
    assert (action_values(GAME, lambda s, a: number(2.0), agent_axis=False) == 2).all()
    assert (state_values(GAME, lambda s: number(2.0), agent_axis=False) == 2).all()


def test_arrays_of_jax_are_taken_in_both_precisions():
    uniform = [jnp.full((4, actions), 1 / actions) for actions in GAME.num_actions]
    read, off = policy_rows(GAME, uniform)
    assert off < 4 * SINGLE
    for ours, rows in zip(read, uniform_policy(GAME), strict=True):
        np.testing.assert_allclose(ours, rows, rtol=0, atol=4 * SINGLE)
    assert (action_values(GAME, lambda s, a: jnp.float32(s), agent_axis=False)[2] == 2).all()
    assert (action_values(GAME, jnp.ones((4, 2, 3)), agent_axis=False) == 1).all()


def test_bfloat16_is_taken_from_arrays_and_functions():
    """A type that numpy itself does not know: of kind V, like records."""
    half = ml_dtypes.bfloat16
    halves = np.full((2, 4, 2), 0.5, half)
    even = random_stochastic(4, (2, 2), discount=0.9, seed=0)
    assert policy_rows(even, halves)[0][1].tolist() == [[0.5, 0.5]] * 4
    assert policy_rows(even, lambda state: halves[:, state])[0][1].tolist() == [[0.5, 0.5]] * 4
    assert (action_values(GAME, np.full((4, 2, 3), 2.5, half), agent_axis=False) == 2.5).all()
    assert (action_values(GAME, lambda s, a: half(2.5), agent_axis=False) == 2.5).all()
    assert (state_values(GAME, lambda s: np.array([2.5], half), agent_axis=False) == 2.5).all()
    assert scalar("temperature", half(0.5)) == 0.5
    with pytest.raises(ValueError, match=r"^q has dtype \[\('a', '<f8'\)\], expected a rectangular"):
        action_values(GAME, np.zeros((4, 2, 3), [("a", float)]), agent_axis=False)


def test_a_policy_may_be_one_array():
    even = random_stochastic(4, (3, 3), discount=0.9, seed=0)
    policy = random_policy(even, np.random.default_rng(0))
    one_state = load("hasac")
    rows = np.array([[0.2, 0.3, 0.5], [1, 0, 0]])
    for convert in (np.array, jnp.array):
        read, _ = policy_rows(even, convert(policy))
        np.testing.assert_allclose(read, policy, rtol=0, atol=4 * SINGLE)
        np.testing.assert_allclose(policy_rows(one_state, convert(rows))[0][0], rows[:1], rtol=0, atol=4 * SINGLE)
    single, off = policy_rows(even, np.array(policy, dtype=np.float32))
    assert 0 < off < 4 * SINGLE
    assert np.abs(np.sum(single, axis=-1) - 1).max() <= 4e-16  # normalised as a list of arrays is


def test_each_agent_may_have_its_own_function():
    functions = [lambda state, rows=rows: rows[state] for rows in POLICY]
    brackets = [lambda state, rows=rows: rows[state][None] for rows in POLICY]  # a batch of one
    for given_policy in (functions, tuple(functions), brackets, [functions[0], POLICY[1]]):
        for ours, rows in zip(policy_rows(GAME, given_policy)[0], POLICY, strict=True):
            np.testing.assert_array_equal(ours, rows)


def test_a_number_may_be_an_array_without_axes():
    for given_number in (0.5, np.float32(0.5), np.array(0.5), jnp.float32(0.5)):
        assert scalar("temperature", given_number) == 0.5
    assert type(scalar("temperature", jnp.float32(0.5))) is float
    assert scalar("temperature", "warm") == "warm"  # left to who checks it
    assert scalar("temperature", [0.5]) == [0.5]
    with pytest.raises(ValueError, match=r"^temperature is nan, expected a finite number$"):
        scalar("temperature", np.array(np.nan))


def test_a_mask_that_hides_nothing_is_no_hindrance():
    rows = [np.ma.masked_array(own) for own in POLICY]
    np.testing.assert_array_equal(policy_rows(GAME, rows)[0][1], POLICY[1])
    rows[0] = np.ma.masked_array(POLICY[0], mask=POLICY[0] < POLICY[0].max())
    with pytest.raises(ValueError, match=re.escape("policy[0] is a masked array")):
        policy_rows(GAME, rows)


@pytest.mark.parametrize("wrong", [[POLICY[0]], [2 * POLICY[0], POLICY[1]], lambda state: [[1, 0]], lambda: 0])
def test_an_earlier_policy_is_named_as_such(wrong):
    with pytest.raises(ValueError, match=r"^earlier_policy"):
        assert_soft_q(GAME, np.ones((4, 2, 3)), policy=POLICY, temperature=0.5, earlier_policy=wrong)


class Tensor:
    """What torch's tensors do to numpy while they need a gradient, or are on a GPU."""

    def __init__(self, error):
        self.error = error

    def __array__(self, dtype=None, copy=None):
        raise self.error


@pytest.mark.parametrize(
    "error", [RuntimeError("Can't call numpy() on Tensor\nmore"), TypeError("can't convert cuda:0 device")]
)
def test_a_tensor_that_numpy_cannot_read_is_told_how(error):
    with pytest.raises(ValueError, match=r"^q cannot be made an array \([Cc]an't [^\n]*as float32$"):
        action_values(GAME, Tensor(error), agent_axis=False)
    with pytest.raises(ValueError, match=r"^policy\(0\)\[0\] cannot be made an array"):
        policy_rows(GAME, lambda state: [Tensor(error), [1, 0, 0]])


class OfTorch:
    """What tensors of PyTorch do: NumPy reads them detached, on the CPU, and in no bfloat16."""

    def __init__(self, array, dtype, ready=False):
        self.array, self.dtype, self.ready = np.asarray(array), f"torch.{dtype}", ready

    def detach(self):
        return OfTorch(self.array, self.dtype.partition(".")[2], True)

    def cpu(self):
        return self

    def float(self):
        return OfTorch(self.array.astype(np.float32), "float32", self.ready)

    def __array__(self, dtype=None, copy=None):
        if not self.ready:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        if self.dtype == "torch.bfloat16":
            raise TypeError("Got unsupported ScalarType BFloat16")
        return self.array.astype(self.dtype.partition(".")[2])


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "float64"])
def test_tensors_are_taken_with_gradients_and_in_any_precision(dtype):
    stored = np.dtype(ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype)
    rows = [own.astype(stored) for own in POLICY]
    tensors = [OfTorch(own, dtype) for own in rows]
    q = OfTorch(np.arange(24.0).reshape(4, 2, 3).astype(stored), dtype)
    for policy in (tensors, lambda s: [OfTorch(own[s], dtype) for own in rows]):
        read, off = policy_rows(GAME, policy)
        assert off == max(np.abs(own.astype(np.float64).sum(axis=1) - 1).max() for own in rows)
        for ours, own in zip(read, rows, strict=True):
            np.testing.assert_allclose(ours, own.astype(np.float64), rtol=1.01 * off, atol=0)
    single = policy_rows(GAME, [lambda s, own=own: OfTorch(own[s], dtype) for own in rows])[0]
    assert all(np.array_equal(ours, own) for ours, own in zip(single, read, strict=True))
    assert (action_values(GAME, q, agent_axis=False) == np.arange(24).reshape(4, 2, 3)).all()
    nested = [[[OfTorch(6 * s + 3 * a + b, dtype) for b in range(3)] for a in range(2)] for s in range(4)]
    assert (action_values(GAME, nested, agent_axis=False) == np.arange(24).reshape(4, 2, 3)).all()


def test_the_one_agent_of_a_function_may_have_a_tensor_in_brackets():
    row = [0.25, 0.25, 0.5]
    for returned in ([OfTorch(row, "bfloat16")], [OfTorch(x, "float32") for x in row], OfTorch(row, "float32")):
        np.testing.assert_array_equal(policy_rows(ALONE, lambda state, rows=returned: rows)[0][0], [row] * 4)
    with pytest.raises(ValueError, match=r"^policy\(0\) has 2 rows, expected 1"):
        policy_rows(ALONE, lambda state: [[0.5], [0.25, 0.25]])


def nested(entry, depth):
    for _ in range(depth):
        entry = [entry]
    return entry


def without_end(*entries):
    """A list that ends with itself, twice."""
    found = list(entries)
    found += [found, found]
    return found


@pytest.mark.parametrize(
    "endless",
    [
        without_end(),
        without_end(0.5),
        without_end(OfTorch([0.5, 0.5], "float32")),
        without_end(nested(OfTorch(0.5, "float32"), 50)),
        without_end(nested(OfTorch(0.5, "float32"), 10_000)),
        nested(0.5, 10_000),
        nested(OfTorch(0.5, "float32"), 10_000),
    ],
    ids=["empty", "number", "tensor", "deep tensor", "tensor too deep", "deep", "deep end"],
)
def test_lists_without_end_are_refused(endless):
    refused = "(is ragged or not numeric|has [0-9]+ (rows|arrays))"
    for given_policy in (endless, [endless] * 2, lambda state: endless, [lambda state: endless] * 2):
        with pytest.raises(ValueError, match=rf"^policy(\[\d\])?(\(0\))?(\[\d\])? {refused}"):
            policy_rows(GAME, given_policy)
    with pytest.raises(ValueError, match=r"^policy\(0\) has \d rows"):
        policy_rows(ALONE, lambda state: without_end(endless))
    for critic in (endless, lambda state, joint_action: endless):
        with pytest.raises(ValueError, match=r"^q(\[0\])?(\(0, \(0, 0\)\))? is ragged or not numeric"):
            several_critics(GAME, critic, agent_axis=False)


def test_half_precision_is_normalised_as_far_as_it_rounds_and_no_further():
    for dtype, slack in ((np.float16, 2.0**-8), (ml_dtypes.bfloat16, 2.0**-5)):
        for off, fits in ((slack, True), (2 * slack, False)):
            rows = [np.array([[0.5 + off, 0.5]] * 4, dtype), np.array([[1, 0, 0]] * 4, dtype)]
            if fits:
                assert policy_rows(GAME, rows)[1] == off
                assert policy_rows(GAME, rows)[0][0].sum(axis=1) == pytest.approx(np.ones(4), abs=1e-15)
            else:
                with pytest.raises(ValueError, match=r"^policy\[0\]\[0\] sums to 1\."):
                    policy_rows(GAME, rows)


def at_state_2(bad, good):
    return lambda state, *_: bad if state == 2 else good


ROWS = [[0.5, 0.5], [1, 0, 0]]


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda: policy_rows(GAME, at_state_2([[0.5, 0.5]], ROWS)), "policy(2) has 1 rows, expected 2, one per agent"),
        (lambda: policy_rows(GAME, at_state_2(3, ROWS)), "policy(2) is of type int, expected 2 rows, one per agent"),
        (lambda: policy_rows(GAME, at_state_2([[1, 0], [1, 0]], ROWS)), "policy(2)[1] has shape (2,), expected (3,)"),
        (lambda: policy_rows(GAME, at_state_2([[1, np.nan], ROWS[1]], ROWS)), "policy(2)[0][1] is nan"),
        (lambda: policy_rows(GAME, at_state_2([[1, 0.5], ROWS[1]], ROWS)), "policy[0][2] sums to 1.5, expected 1"),
        (lambda: policy_rows(GAME, at_state_2([[1.5, -0.5], ROWS[1]], ROWS)), "policy[0][2, 1] is -0.5"),
        (lambda: policy_rows(GAME, lambda: ROWS), "policy takes (), expected a function that is called policy(state)"),
        (lambda: policy_rows(GAME, [lambda s, a: s] * 2), "policy[0] takes (s, a), expected a function that is called"),
        (lambda: policy_rows(GAME, [at_state_2([1], [0.5, 0.5])] * 2), "policy[0](2) has shape (1,), expected (2,)"),
        (lambda: action_values(GAME, lambda state: 0, agent_axis=False), "q takes (state), expected a function that is called q(state, joint_action)"),  # noqa: E501
        (lambda: state_values(GAME, lambda s, a: 0, agent_axis=False), "v takes (s, a), expected a function that is called v(state)"),  # noqa: E501
        (lambda: choice("entropy", "mine", ENTROPIES), "entropy 'mine' is unknown, expected 'team' or 'own' or 'none'"),
        (lambda: choice("entropy", None, ENTROPIES), "entropy None is unknown"),
        (lambda: policy_rows(GAME, np.full((4, 2), 0.5)), "policy has 4 arrays, expected 2, one per agent"),
        (lambda: policy_rows(GAME, 3), "policy is of type int, expected a tuple of 2 arrays"),
        (lambda: policy_rows(GAME, POLICY[:1]), "policy has 1 arrays, expected 2"),
        (lambda: policy_rows(GAME, [0.5, 0.5]), "policy[0] has shape (), expected (4, 2)"),
        (lambda: policy_rows(GAME, [POLICY[1], POLICY[0]]), "policy[0] has shape (4, 3), expected (4, 2)"),
        (lambda: action_values(GAME, at_state_2(np.nan, 0), agent_axis=False), "q(2, (0, 0)) is nan"),
        (lambda: action_values(GAME, at_state_2([1, 2], 0), agent_axis=False), "q(2, (0, 0)) has shape (2,)"),
        (lambda: action_values(GAME, at_state_2(1, [1, 2]), agent_axis=True), "has shape (), expected (2,)"),
        (lambda: action_values(GAME, np.full((4, 2, 3), -np.inf), agent_axis=False), "q[0, 0, 0] is -inf, expected a finite number"),  # noqa: E501
        (lambda: action_values(GAME, at_state_2(None, 0), agent_axis=False), "q(2, (0, 0)) has dtype object"),
        (lambda: state_values(GAME, at_state_2(np.inf, 0), agent_axis=False), "v(2) is inf"),
        (lambda: action_values(GAME, np.zeros((4, 3, 2)), agent_axis=False), "has shape (4, 3, 2), expected (4, 2, 3)"),
        (lambda: action_values(GAME, np.zeros((4, 2, 3)), agent_axis=True), "one array per agent"),
        (lambda: action_values(GAME, [[1], [1, 2]], agent_axis=False), "q is ragged or not numeric"),
        (lambda: state_values(GAME, np.zeros(3), agent_axis=False), "v has shape (3,), expected (4,)"),
    ],
)  # fmt: skip
def test_bad_input_is_named_in_one_line(read, message):
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        read()
    assert "\n" not in str(caught.value)
    assert "reward" not in str(caught.value)


def test_solvers_take_policies_in_single_precision_and_tensors_as_the_oracle_does():
    single = [own.astype(np.float32) for own in POLICY]
    held = [own.astype(np.float64) / own.astype(np.float64).sum(axis=1, keepdims=True) for own in single]
    tensors = [OfTorch(own, "float32") for own in single]
    kind = {"temperature": 0.5}
    right = soft_evaluation(GAME, policy=held, **kind)
    gains = exploitability(GAME, held, **kind)
    first = haspi(GAME, initial_policy=held, **kind)
    for rows in (single, tensors):
        np.testing.assert_allclose(soft_evaluation(GAME, policy=rows, **kind).q, right.q, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(exploitability(GAME, rows, **kind), gains, rtol=1e-9, atol=1e-9)
        found = haspi(GAME, initial_policy=rows, **kind)
        np.testing.assert_allclose(found.q, first.q, rtol=1e-12, atol=1e-12)
    with pytest.raises(ValueError, match=r"^policy\[0\]\[0\] sums to 1.0*2"):
        soft_evaluation(GAME, policy=[own * np.float32(1.00002) for own in single], **kind)
    with pytest.raises(ValueError, match=r"^policy\[0\]\[0\] sums to 1.0000001"):  # in double precision it is a mistake
        soft_evaluation(GAME, policy=[own * (1 + 1e-7) for own in held], **kind)
    rewards = OfTorch(np.eye(2), "float32")
    assert Game.matrix([rewards, rewards]) == Game.matrix([np.eye(2), np.eye(2)])

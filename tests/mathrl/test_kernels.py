"""Each kernel against the operator whose name it has; a kernel without an adapter here fails."""

import ast
import os
import subprocess
import sys
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mathrl
from mathrl import kernels, operators
from mathrl.games import Game, joint_policy, to_dense
from mathrl.games.model import BARRED
from mathrl.kernels.conditional import pair_q
from mathrl.proofs_checks.strategies import TEMPERATURES, games, masked, policies
from tests.tolerances import EPS

PACKAGE = Path(mathrl.__file__).parent
WITHOUT_JIT = "NUMBA_DISABLE_JIT"

some = settings(max_examples=settings().max_examples // (5 if WITHOUT_JIT in os.environ else 1))
"""Without compilation a fifth of the examples: whether the same source runs, of which each example shows as much."""


class Case:
    """A game, a policy and values of size up to 10, in the forms that kernels and operators take."""

    def __init__(self, game, policy, temperature, seed):
        rng = np.random.default_rng(seed)
        self.game, self.policy, self.temperature = game, policy, temperature
        self.dense = to_dense(game)
        self.m = 1 if game.common_payoff else game.num_agents
        self.v_ms = rng.uniform(-10, 10, (self.m, game.num_states))
        self.r_mx = np.ascontiguousarray(game.rewards_isa.reshape(self.m, -1))
        self.r_sa = np.ascontiguousarray(game.rewards_isa[0])
        self.P_xt = self.dense.dense_xt
        self.w_sa = joint_policy(policy).reshape(game.num_states, -1)
        self.pi_sk = np.concatenate(policy, axis=1)
        self.num_actions = np.array(game.num_actions)
        self.order = rng.permutation(game.num_agents)
        # 128 roundings of the largest value: at most 24 joint actions and 4 states are summed, in another order
        self.tolerance = 128 * EPS * (1 + game.reward_scale + 10 + temperature * np.log(24))

    @property
    def csr(self):
        return self.game.transitions.data, self.game.transitions.indices, self.game.transitions.indptr

    @property
    def v(self):
        return self.v_ms[0] if self.game.common_payoff else self.v_ms

    @property
    def one(self):
        """The first agent's game, as the optimality operators want it."""
        rewards = self.game.rewards if self.game.common_payoff else self.game.rewards[0]
        return {"v": self.v_ms[0], "rewards": rewards, "transitions": self.dense.transitions}


def backup(case, sparse):
    out = np.full_like(case.r_mx, np.nan)
    if sparse:
        kernels.backup_csr(case.v_ms, case.r_mx, *case.csr, case.game.discount, out)
    else:
        kernels.backup(case.v_ms, case.r_mx, case.P_xt, case.game.discount, out)
    expected = operators.backup(case.v, case.game.rewards, case.dense.transitions, discount=case.game.discount)
    yield out.reshape(expected.shape), expected, case.tolerance


def optimality_backup(case, sparse):
    out_s, out_sa = np.full(case.game.num_states, np.nan), np.full_like(case.r_sa, np.nan)
    actions = np.full(case.game.num_states, -1)
    if sparse:
        kernels.optimality_backup_csr(case.v_ms[0], case.r_sa, *case.csr, case.game.discount, out_s, out_sa, actions)
    else:
        kernels.optimality_backup(case.v_ms[0], case.r_sa, case.P_xt, case.game.discount, out_s, out_sa, actions)
    yield out_s, operators.optimality_backup(**case.one, discount=case.game.discount), case.tolerance
    q = operators.backup(**case.one, discount=case.game.discount).reshape(out_sa.shape)
    yield out_sa, q, case.tolerance
    yield actions, out_sa.argmax(axis=1), 0


def policy_transitions(case, sparse):
    num_states = case.game.num_states
    out = np.full((num_states, num_states), np.nan)
    if sparse:
        P = case.game.transitions
        room = int(np.diff(P.indptr)[case.w_sa.ravel() > 0].sum())  # what the docstring asks for, no more
        data, indices = np.full(room, np.nan), np.full(room, -1, P.indices.dtype)
        indptr = np.full(num_states + 1, -1, P.indptr.dtype)
        used = kernels.policy_transitions_csr(*case.csr, case.w_sa, data, indices, indptr)
        assert indptr[-1] == used
        out[:] = 0
        for s in range(num_states):
            columns = indices[indptr[s] : indptr[s + 1]]
            assert len(set(columns.tolist())) == len(columns)
            out[s, columns] = data[indptr[s] : indptr[s + 1]]
    else:
        kernels.policy_transitions(case.P_xt, case.w_sa, out)
    yield out, operators.policy_transitions(case.dense.transitions, case.policy), 128 * EPS  # probabilities


def marginal_q(case, sparse):
    out = np.full_like(case.pi_sk, np.nan)
    kernels.marginal_q(case.game.rewards_isa, case.pi_sk, case.num_actions, out)
    own = [operators.marginal_q(case.game.rewards, case.policy, i) for i in range(case.game.num_agents)]
    yield out, np.concatenate(own, axis=1), case.tolerance


def quantal_response_residual(case, sparse):
    residual = kernels.quantal_response_residual(case.game.rewards_isa, case.pi_sk, case.num_actions, case.temperature)
    expected = operators.quantal_response_residual(case.game.rewards, case.policy, temperature=case.temperature)
    yield residual, expected, case.tolerance / min(case.temperature, 1)  # |dπ| ≤ |dQ| / α


def sequential_improvement(case, sparse):
    out = np.full_like(case.pi_sk, np.nan)
    kernels.sequential_improvement(
        case.game.rewards_isa, case.pi_sk, case.num_actions, case.order, case.temperature, out
    )
    expected = operators.sequential_improvement(
        case.game.rewards, case.policy, case.order.tolist(), temperature=case.temperature
    )
    # |dπ| ≤ |dQ| / α, and a change of one agent's policy changes the next one's Q by up to A · |Q| · |dπ|
    amplified = case.tolerance / min(case.temperature, 1)
    for _ in range(case.game.num_agents - 1):
        amplified *= 1 + 8 * (1 + case.game.reward_scale) / case.temperature
    yield out, np.concatenate(expected, axis=1), amplified


ADAPTERS = {function.__name__: function for function in (
    backup, marginal_q, optimality_backup, policy_transitions, quantal_response_residual, sequential_improvement,
)}  # fmt: skip
SIZES = {"max_states": 2, "max_actions": 2} if WITHOUT_JIT in os.environ else {}


@pytest.mark.parametrize("name", kernels.__all__)
@some
@given(data=st.data())
def test_a_kernel_equals_its_operator(name, data):
    """In place of −∞, for what is not available, kernels have `BARRED`."""
    sparse = name.endswith("_csr")
    drawn = games(sparse=sparse, **SIZES)
    game = data.draw(drawn | masked(drawn))
    policy, temperature = data.draw(policies(game)), data.draw(TEMPERATURES)
    case = Case(game, policy, temperature, data.draw(st.integers(0, 2**32)))
    for ours, expected, tolerance in ADAPTERS[name.removesuffix("_csr")](case, sparse):
        shown = np.where(np.asarray(ours) <= BARRED / 2, -np.inf, ours)
        np.testing.assert_allclose(shown, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("size", [1, 7, 8, 9, 16, 31])
def test_backup_at_the_edges_of_its_blocks_of_eight(size):
    rng = np.random.default_rng(size)
    P = rng.dirichlet(np.ones(size), size=size)
    v, r = rng.normal(size=(1, size)), rng.normal(size=(1, size))
    out = np.full_like(r, np.nan)
    kernels.backup(v, r, P, 0.9, out)
    np.testing.assert_allclose(out[0], r[0] + 0.9 * P @ v[0], rtol=0, atol=8 * EPS)  # numbers of size 1, one order each


@given(data=st.data())
def test_q_given_two_actions_is_the_expectation_with_two_agents_kept(data):
    game = data.draw(games(**SIZES))
    case = Case(game, data.draw(policies(game)), 1.0, 0)
    ends = np.cumsum([0, *game.num_actions])
    found_kk, place = np.full((ends[-1], ends[-1]), np.nan), np.empty(game.num_agents, np.int64)
    q = np.broadcast_to(game.rewards, (game.num_agents, game.num_states, *game.num_actions))
    for s in range(game.num_states):
        pair_q(np.ascontiguousarray(game.rewards_isa[:, s]), case.pi_sk[s], ends, place, found_kk)
        for i, j in permutations(range(game.num_agents), 2):
            expected = operators.expectation(q[i], case.policy, keep=(i, j))[s]
            block = found_kk[ends[i] : ends[i + 1], ends[j] : ends[j + 1]]
            np.testing.assert_allclose(block, expected, rtol=0, atol=case.tolerance)


def test_kernels_are_named_after_operators():
    assert {name.removesuffix("_csr") for name in kernels.__all__} <= set(operators.__all__)


@pytest.mark.skipif(WITHOUT_JIT in os.environ, reason="this is that run")
def test_kernels_are_plain_python_too():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", __file__],
        env=os.environ | {WITHOUT_JIT: "1"},
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:]


def compiled_functions():
    for path in sorted((PACKAGE / "kernels").glob("*.py")) + sorted((PACKAGE / "games").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and any(
                isinstance(decorator, ast.Name) and decorator.id == "kernel" for decorator in node.decorator_list
            ):
                yield pytest.param(node, id=f"{path.stem}.{node.name}")


@pytest.mark.parametrize("function", list(compiled_functions()))
def test_a_kernel_has_no_defaults_and_handles_no_errors(function):
    assert not function.args.defaults
    assert not function.args.kw_defaults
    assert function.args.vararg is function.args.kwarg is None
    assert not [node for node in ast.walk(function) if isinstance(node, ast.Raise | ast.Try | ast.Assert)]


def test_all_public_kernels_are_compiled_functions():
    assert set(kernels.__all__) <= {parameter.id.partition(".")[2] for parameter in compiled_functions()}


def test_kernels_leave_their_inputs_as_they_were():
    game = Game.stochastic([np.eye(2)[:, None, :], np.ones((2, 1, 2))], np.full((2, 1, 2, 2), 0.5), 0.9)
    pi_sk = np.array([[1.0, 0.25, 0.75], [1.0, 0.5, 0.5]])
    before = pi_sk.tobytes(), game.rewards.tobytes()
    out = np.empty_like(pi_sk)
    kernels.sequential_improvement(game.rewards_isa, pi_sk, np.array([1, 2]), np.array([1, 0]), 0.5, out)
    kernels.quantal_response_residual(game.rewards_isa, pi_sk, np.array([1, 2]), 0.5)
    assert (pi_sk.tobytes(), game.rewards.tobytes()) == before

"""Every solution solves the equation that it names; what was saved can be solved again."""

import copy
import dataclasses
import inspect
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl import equations, solvers
from mathrl.equations import EQUATIONS, named
from mathrl.equations.equation import declared
from mathrl.games import Game, load, random_matrix, random_policy, random_stochastic
from mathrl.proofs_checks.strategies import TEMPERATURES, games
from mathrl.solution import Solution
from mathrl.solvers import haspi, qre, qre_branch, rommeo_q, soft_evaluation, soft_q_iteration
from mathrl.values.modelled_opponents import LearnedModel
from tests.examples import costly
from tests.tolerances import EPS

SMALL = random_stochastic(3, (2, 3), discount=0.8, seed=1)
SPARSE = random_stochastic(4, (2, 2), discount=0.8, successors=2, seed=2)
GENERAL = random_stochastic(3, (2, 3), structure="general-sum", discount=0.8, seed=3)
SPARSE_GENERAL = random_stochastic(4, (2, 2, 2), structure="general-sum", discount=0.8, successors=2, seed=4)
ZERO_SUM = random_stochastic(3, (2, 3), structure="zero-sum", discount=0.8, seed=5)
JOINT = np.full((3, 2, 3), 1 / 6)

SLACK = 64
"""Rounding floors: what evaluating a policy, and computing the residual in another order, leave between the two."""

SELF_PLAY = 300
"""Here the solver's residual is that of the policy that the returned one is the answer to: both are within `tol`, 100
floors, but for what one more answer changes.
"""

BOUNDS = {"nash_q", "optimal", "rommeo_q", "soft_evaluation", "soft_q_iteration"}
"""Solvers whose residual bounds that of the equation: γ ‖T V − V‖∞ ≥ ‖T Q − Q‖∞ (see their docstrings)."""


def models(game, seed=0):
    """For each agent probabilities of the others' joint actions."""
    rng = np.random.default_rng(seed)
    return [rng.dirichlet(np.ones(game.num_joint_actions // a), game.num_states) for a in game.num_actions]


def start(game, seed=0):
    return random_policy(game, np.random.default_rng(seed))


LEARNED = [
    LearnedModel(random_stochastic(3, (2, 3), structure="general-sum", discount=0.8, seed=seed), models(GENERAL, seed))
    for seed in (6, 7)
]
RUNS = [
    ("divergence_iteration", SMALL, {"temperature": 0.5, "max_steps": 60}),
    ("divergence_iteration", SMALL, {"temperature": 0.5, "initial_policy": JOINT, "averaging": 0.5, "max_steps": 20}),
    ("divergence_iteration", SPARSE, {"temperature": 0.5, "policy_class": "product", "max_steps": 20}),
    ("divergence_limit", SMALL, {}),
    ("divergence_limit", SPARSE, {"initial_policy": start(SPARSE)}),
    ("divergence_limit", load("hasac"), {}),
    ("divergence_policy_iteration", SMALL, {"temperature": 0.5, "target_policy": start(SMALL)}),
    ("divergence_policy_iteration", SMALL, {"temperature": 0.5, "target_policy": JOINT, "max_steps": 1}),
    ("divergence_policy_iteration", SPARSE, {"temperature": 50.0, "target_policy": start(SPARSE)}),
    (
        "divergence_policy_iteration",
        SPARSE,
        {"temperature": 0.5, "target_policy": start(SPARSE), "policy_class": "product"},
    ),
    ("haspi", SMALL, {"temperature": 0.5}),
    ("haspi", SPARSE, {"temperature": 0.5, "order": "random", "seed": 3, "max_steps": 2}),
    ("haspi", load("hasac"), {"temperature": 10.0, "order": [1, 0], "initial_policy": [[0.6, 0.2, 0.2]] * 2}),
    ("mehaml", SMALL, {"temperature": 0.5, "drift": "kl:1", "neighbourhood": "ratio:2"}),
    ("mehaml", SPARSE, {"temperature": 0.5, "drift": "squared:0.3", "max_steps": 3}),
    ("mehaml", SMALL, {"temperature": 0.0, "drift": "kl:0.1", "max_steps": 40}),
    ("nash_q", SMALL, {}),
    ("nash_q", ZERO_SUM, {}),
    ("nash_q", load("big-match"), {}),
    ("optimal", SMALL, {}),
    ("optimal", SPARSE, {}),
    ("qre", GENERAL, {"temperature": 0.5, "entropy": "own"}),
    ("qre", SPARSE_GENERAL, {"temperature": 0.5, "entropy": "none", "initial_policy": start(SPARSE_GENERAL)}),
    ("qre", ZERO_SUM, {"temperature": 0.1, "max_steps": 2}),
    ("qre", random_stochastic(5, (3,), discount=0.9, seed=1), {"temperature": 0.5}),
    ("qre_branch", GENERAL, {"temperature": 0.5, "entropy": "own"}),
    ("qre_branch", load("stag-hunt"), {"temperature": 0.2, "step_length": 0.5}),
    ("rommeo_q", GENERAL, {"temperature": 0.5, "divergence_weight": 0.7, "prior": models(GENERAL)}),
    ("rommeo_q", SPARSE, {"temperature": 0.5}),
    ("rommeo_self_play", GENERAL, {"temperature": 2.0, "averaging": 0.5}),
    ("rommeo_self_play", SPARSE_GENERAL, {"temperature": 2.0}),
    ("soft_evaluation", GENERAL, {"temperature": 0.5, "policy": start(GENERAL), "entropy": "own"}),
    ("soft_evaluation", SPARSE, {"temperature": 0.5, "policy": start(SPARSE)}),
    ("soft_q_iteration", SMALL, {"temperature": 0.5}),
    ("soft_q_iteration", GENERAL, {"temperature": 0.5}),
    ("soft_q_iteration", SPARSE_GENERAL, {"temperature": 0.5, "opponent_model": models(SPARSE_GENERAL)}),
    ("soft_q_iteration", GENERAL, {"temperature": 0.5, "models": LEARNED}),
    ("soft_q_iteration", GENERAL, {"temperature": 0.5, "models": LEARNED, "real_share": 0.3}),
    ("soft_q_iteration", GENERAL, {"temperature": 0.5, "models": [LearnedModel(LEARNED[0].game)]}),
    ("soft_qmix", load("soft-qmix"), {"temperature": 1.0}),
    ("soft_qmix", SMALL, {"temperature": 2.0, "max_steps": 100}),
    ("soft_qmix", SPARSE, {"temperature": 2.0, "mixer": "additive", "weights": "uniform", "max_steps": 100}),
    ("soft_qmix", SMALL, {"temperature": 2.0, "mixer": "unrestricted", "max_steps": 3}),
]
every_run = pytest.mark.parametrize(
    ("solver", "game", "given"), RUNS, ids=[f"{k}-{run[0]}" for k, run in enumerate(RUNS)]
)
SOLVED = {}


def solved(solver, game, given):
    """The solution of a run, computed once."""
    key = next(k for k, run in enumerate(RUNS) if run[1] is game and run[2] is given and run[0] == solver)
    if key not in SOLVED:
        SOLVED[key] = getattr(solvers, solver)(game, **given)
    return SOLVED[key]


def test_the_runs_are_of_all_solvers_and_the_equations_of_all_kinds():
    assert {solver for solver, _, _ in RUNS} == set(solvers.__all__)
    assert {solved(*run).equation for run in RUNS} == set(EQUATIONS.values())


@every_run
def test_the_residual_is_that_of_the_equation(solver, game, given):
    solution = solved(solver, game, given)
    floors = SELF_PLAY if solver == "rommeo_self_play" else SLACK
    again, slack = solution.equation.residual(game, solution), floors * solution.rounding_floor
    assert again <= solution.residual + slack
    if solver not in BOUNDS:
        assert again >= solution.residual - slack


@every_run
def test_a_saved_solution_can_be_solved_again_bit_by_bit(solver, game, given, tmp_path):
    solution = solved(solver, game, given)
    solution.save(tmp_path / "solution.json")
    back = Solution.load(tmp_path / "solution.json")
    assert back.equation is solution.equation
    assert back.equation.residual(game, back) == solution.equation.residual(game, solution)
    again = getattr(solvers, solver)(game, **back.parameters)
    assert [own.tobytes() for own in again.policy] == [own.tobytes() for own in solution.policy]
    assert again.to_dict() == solution.to_dict() == back.to_dict()
    for name, value in solution.parameters.items():
        assert isinstance(back.parameters[name], np.ndarray) == isinstance(value, np.ndarray)


def test_several_temperatures_can_be_solved_again(tmp_path):
    game = random_matrix((3, 3), structure="general-sum", seed=18)
    for asked in ([1.0, 0.2], (1.0, 0.2), np.array([1.0, 0.2])):
        for place, solution in enumerate(qre_branch(game, temperature=asked)):
            assert solution.temperature == asked[place]
            solution.save(tmp_path / "solution.json")
            back = Solution.load(tmp_path / "solution.json")
            again = qre_branch(game, **back.parameters)[place]
            assert [own.tobytes() for own in again.policy] == [own.tobytes() for own in solution.policy]
            assert abs(back.equation.residual(game, back) - back.residual) <= SLACK * back.rounding_floor


@costly
@given(games(), TEMPERATURES, st.sampled_from(["team", "own", "none"]))
def test_of_any_game_the_equation_holds_where_the_solver_says_so(game, temperature, entropy):
    start = random_policy(game, np.random.default_rng(0))
    solutions = [qre(game, temperature=temperature, entropy=entropy, max_steps=20)]
    solutions += [soft_evaluation(game, policy=start, temperature=temperature, entropy=entropy)]
    solutions += [soft_q_iteration(game, temperature=temperature), rommeo_q(game, temperature=temperature)]
    for solution in solutions:
        if solution.converged or solution.solver == "soft_evaluation":
            left = solution.equation.residual(game, solution)
            # Of solvers that solve for each agent apart, residual and floor are those of the agent whose residual is
            # largest in floors of its own; the residual of another agent may be larger by as much as its Q is.
            floors = solution.residual / solution.rounding_floor if solution.rounding_floor else 0.0
            larger = EPS * np.abs(solution.q).max() if solution.solver in BOUNDS else 0.0
            assert left <= (floors + SLACK) * max(solution.rounding_floor, larger)


@pytest.mark.parametrize("place", [0, 1])
def test_a_residual_passes_nan_on(place):
    arrays = [np.array([0.1]), np.array([0.2])]
    arrays[place] = np.array([np.nan])
    equation = dataclasses.replace(named("optimality"), residuals=lambda game, solution: tuple(arrays))
    assert np.isnan(equation.residual(load("hasac"), None))


def test_a_wrong_answer_leaves_a_residual():
    """In each of the arrays: the policy's own, and that of q."""
    solution = haspi(SMALL, temperature=0.5)
    wrong = dataclasses.replace(solution, q=solution.q + 0.1)
    assert solution.equation.residual(SMALL, wrong) > 0.01
    wrong = dataclasses.replace(solution, policy=start(SMALL))
    assert solution.equation.residual(SMALL, wrong) > 0.01


@pytest.mark.parametrize("name", EQUATIONS)
def test_an_equation_is_one_object_with_a_name_a_statement_and_a_source(name):
    equation = EQUATIONS[name]
    assert named(name) is equation
    assert equation.name == name
    assert getattr(equations, name.replace("-", "_").upper()) is equation
    assert str(equation) == equation.statement
    assert name in repr(equation)
    assert equation.source
    assert pickle.loads(pickle.dumps(equation)) is copy.deepcopy(equation) is copy.copy(equation) is equation


def test_no_two_equations_have_one_name():
    with pytest.raises(ValueError, match=r"optimality.*is used by.*expected a different name"):
        declared("optimality", "", "", lambda game, solution: ())
    with pytest.raises(KeyError):
        named("unheard of")


def test_a_game_with_one_agent_and_one_action_leaves_nothing():
    game = Game.stochastic(np.ones((2, 1)), np.full((2, 1, 2), 0.5), 0.5)
    for name in ("haspi", "qre", "qre_branch", "optimal", "nash_q", "soft_q_iteration", "rommeo_q"):
        solver = getattr(solvers, name)
        taken = {"temperature": 1.0} if "temperature" in inspect.signature(solver).parameters else {}
        solution = solver(game, **taken)
        assert solution.equation.residual(game, solution) <= SLACK * solution.rounding_floor

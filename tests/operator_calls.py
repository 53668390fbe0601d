"""Arguments for every operator, with agents of 2, 3 and 2 actions in two states, and how to convert them."""

import numpy as np

from mathrl import operators
from mathrl.games import joint_policy, random_policy, random_stochastic, to_dense
from tests.tolerances import EPS

__all__ = [
    "CALLS",
    "DYNAMICS",
    "GAME",
    "LOGS",
    "NAMES",
    "POLICY",
    "ROUNDING",
    "SHARED",
    "SHARED_Q",
    "VALUES",
    "Q",
    "answers",
    "compiler_options",
    "converted",
    "is_numbers",
    "weighed",
]

ROUNDING = 1e4 * EPS  # sums in another order: 8 joint actions of size up to 10 / (1 - 0.9)

GAME = to_dense(random_stochastic(2, (2, 3, 2), structure="general-sum", discount=0.9, seed=1))
POLICY = random_policy(GAME, np.random.default_rng(1))
LOGS = tuple(np.log(pi) for pi in POLICY)
TARGET = random_policy(GAME, np.random.default_rng(2))
RNG = np.random.default_rng(3)
VALUES = RNG.normal(size=(3, 2))
Q, SHARED_Q = GAME.rewards, GAME.rewards[0]
WARM = {"temperature": 0.3}
DYNAMICS = {"rewards": Q, "transitions": GAME.transitions, "discount": 0.9}
SHARED = {**DYNAMICS, "rewards": SHARED_Q}
JOINT = {"q": SHARED_Q, "joint_policy": joint_policy(POLICY), "target_policy": joint_policy(TARGET), **WARM}
TARGETED = {"q": SHARED_Q, "policy": POLICY, "target_policy": TARGET, **WARM}
LINEAR = {"individual_q": LOGS, "weights": VALUES, "target_policy": TARGET, **WARM}
LOG_TARGET = {"q": SHARED_Q, "log_target": np.log(joint_policy(TARGET)), **WARM}
STATES = np.array([0.625, 0.375])
OWN = {"q": RNG.normal(size=(2, 2, 4)), **WARM}
PRIOR = {"prior": RNG.dirichlet(np.ones(4), 2), "divergence_weight": 0.7}
PRIOR_OF_AGENT = {"prior": RNG.dirichlet(np.ones(4), 2), "agent": 1, "divergence_weight": 0.7}
CONDITIONAL = np.moveaxis(RNG.dirichlet(np.ones(2), (2, 4)), 2, 1)
MODEL = RNG.dirichlet(np.ones(4), 2)
MOVE = {"policy": TARGET[1], "old": POLICY[1]}
GIVEN = {"q": SHARED_Q, "policy": POLICY, "agent": 1, "given": (2,), **WARM}
DRAWN_RNG = np.random.default_rng(4)
DRAWN = {
    "rewards": DRAWN_RNG.normal(size=4),
    "next_q": DRAWN_RNG.normal(size=4),
    "discount": np.array([0.9, 0.9, 0.0, 0.9]),  # the third step ended its episode
    **WARM,
}
DRAWN_Q = DRAWN_RNG.normal(size=(3, 4))
DRAWN_LOGS, DRAWN_TARGET = (tuple(np.log(DRAWN_RNG.uniform(0.1, 1, (3, 4)))) for _ in range(2))
DRAWN_OF_OTHERS = dict(zip(("next_log_conditional", "next_log_model", "next_log_prior"), DRAWN_LOGS, strict=True))
CREDIT = {"q_tot": SHARED_Q, "individual_q": LOGS}
CALLS = {
    "actor_gradient": {"signal": SHARED_Q, "policy": POLICY, "states": STATES, "agent": 1},
    "actor_gradient_variance": {"signal": SHARED_Q, "policy": POLICY, "states": STATES, "agent": 1},
    "actor_objective": {**TARGETED, "states": STATES},
    "actor_signal": TARGETED,
    "additive_distance": {"q": SHARED_Q},
    "additive_mix": {"local": LOGS},
    "additive_parts": {"q": SHARED_Q},
    "backup": {"v": VALUES, **DYNAMICS},
    "clipped_ratio_drift": {**MOVE, "up": TARGET[1], "down": POLICY[1], "clip": 0.1, "weight": 0.7},
    "conditional_policy": OWN,
    "counterfactual_signal": {**TARGETED, "agent": 1},
    "critic_loss": {"q_tot": SHARED_Q, "target": Q[1], "policy": POLICY},
    "deviation_gain": {"q": Q, "policy": POLICY},
    "divergence_backup": {**JOINT, **SHARED},
    "divergence_improvement": {"q": SHARED_Q, "target_policy": joint_policy(TARGET), **WARM},
    "divergence_optimality_backup": {"v": VALUES[0], "target_policy": joint_policy(TARGET), **SHARED, **WARM},
    "divergence_optimality_residual": {**LOG_TARGET, **SHARED},
    "divergence_response": {**TARGETED, "agent": 1},
    "divergence_soft_max": LOG_TARGET,
    "divergence_value": JOINT,
    "entropy_bonus": {"policy": POLICY, **WARM},
    "entropy_bonus_of_logs": {"log_policy": LOGS, **WARM, "entropy": "own"},
    "expectation": {"q": Q, "policy": POLICY, "keep": (2, 0)},
    "expected_parts": {"advantage": RNG.normal(size=(2, 2, 3)), "updated": TARGET[2:]},
    "greedy_policy": {"individual_q": LOGS},
    "greedy_response": {"q": Q, "policy": POLICY, "agent": 1},
    "igi_gap": {"joint_policy": np.sqrt(joint_policy(POLICY)), "policy": POLICY},
    "igm_gap": CREDIT,
    "igm_set_gap": CREDIT,
    "igo_gap": {"q": SHARED_Q, "policy": POLICY, **WARM},
    "kl_drift": {**MOVE, "weight": 0.3},
    "largest_ratio": MOVE,
    "linear_divergence_improvement": LINEAR,
    "linear_signal": {**LINEAR, "policy": POLICY, "agent": 1},
    "local_policy": {"local": LOGS, **WARM},
    "local_values": {"q_tot": SHARED_Q, "policy": POLICY},
    "log_divergence_ratio": LOG_TARGET,
    "marginal_policy": {"conditional": CONDITIONAL, "model": MODEL},
    "marginal_q": {"q": Q, "policy": POLICY, "agent": 1},
    "mirror_value": {**GIVEN, "updated": TARGET[2:], "response": TARGET[1], "drift": STATES},
    "monotonicity_gap": CREDIT,
    "opponent_backup": {"q": Q[1], **PRIOR_OF_AGENT, **SHARED, **WARM},
    "opponent_model": {**OWN, **PRIOR},
    "opponent_model_improvement": {**OWN, **PRIOR, "conditional": CONDITIONAL},
    "opponent_policy_value": {**OWN, **PRIOR, "conditional": CONDITIONAL, "model": MODEL},
    "opponent_residual": {"q": Q[1], **PRIOR_OF_AGENT, **SHARED, **WARM},
    "opponent_value": {**OWN, **PRIOR},
    "optimality_backup": {"v": VALUES[0], **SHARED},
    "optimality_residual": {"q": Q[1], **SHARED},
    "own_and_others": {"x": SHARED_Q, "agent": 1},
    "policy_backup": {"q": Q, "policy": POLICY, **DYNAMICS, **WARM, "entropy": "own"},
    "policy_residual": {"q": Q[1], "policy": POLICY, **DYNAMICS, **WARM, "entropy": "team"},
    "policy_transitions": {"transitions": GAME.transitions, "policy": POLICY},
    "quantal_response": {"q": Q, "policy": POLICY, "agent": 1, **WARM},
    "quantal_response_log_residuals": {"q": Q, "log_policy": LOGS, **WARM},
    "quantal_response_residual": {"q": Q, "policy": POLICY, **WARM},
    "quantal_response_residuals": {"q": Q, "policy": POLICY, **WARM},
    "sampled_divergence_target": {**DRAWN, "next_log_policy": DRAWN_LOGS, "next_log_target": DRAWN_TARGET},
    "sampled_opponent_target": {**DRAWN, **DRAWN_OF_OTHERS, "discount": 0.9, "divergence_weight": 0.7},
    "sampled_soft_target": {**DRAWN, "next_q": DRAWN_Q, "next_log_policy": DRAWN_LOGS, "entropy": "own"},
    "sampled_trace_step": {**DRAWN, "next_log_policy": DRAWN_LOGS, "next_return": DRAWN_Q[0], "trace_decay": 0.4},
    "sequential_divergence_improvement": {**TARGETED, "order": (2, 0, 1)},
    "sequential_improvement": {"q": Q, "policy": POLICY, "order": (2, 0, 1), **WARM},
    "soft_advantage": GIVEN,
    "soft_optimality_backup": {"v": VALUES[0], **SHARED, **WARM},
    "soft_optimality_residual": {"q": Q[1], **SHARED, **WARM},
    "soft_value": {"q": Q, "policy": POLICY, **WARM, "entropy": "own"},
    "soft_value_of_logs": {"q": Q, "log_policy": LOGS, **WARM},
    "squared_drift": {**MOVE, "weight": 0.3},
    "subset_q": {"q": SHARED_Q, "policy": POLICY, "subset": (2, 0), **WARM},
    "trace_target": {**SHARED, "q": Q[1], "policy": POLICY, **WARM, "trace_decay": 0.4},
}
NAMES = [name for name in operators.__all__ if callable(getattr(operators, name))]


FAST_TO_COMPILE = {  # a third of the time that XLA takes otherwise
    "xla_backend_optimization_level": 0,
    "xla_cpu_parallel_codegen_split_count": 1,
    "xla_cpu_use_fusion_emitters": False,
}


AS_USUAL = {"xla_backend_optimization_level": 3, "xla_cpu_use_fusion_emitters": True}  # whatever XLA_FLAGS says


TO_OPTIMISE = {
    "igi_gap"
}  # without, XLA rounds the products in a maximum in two ways, and finds none of them the largest


def compiler_options(name):
    """How XLA is to compile an operator."""
    return AS_USUAL if name in TO_OPTIMISE else FAST_TO_COMPILE


def is_numbers(value):
    """Whether an argument is an array, several, or a real number; the rest are indices and words."""
    return isinstance(value, float | np.ndarray) or (isinstance(value, tuple) and isinstance(value[0], np.ndarray))


def converted(call, array, number=float):
    """The arguments with `array` done to every array and `number` to every real number."""
    done = {}
    for key, value in call.items():
        if isinstance(value, float):
            done[key] = number(value)
        elif is_numbers(value):
            done[key] = tuple(map(array, value)) if isinstance(value, tuple) else array(value)
        else:
            done[key] = value
    return done


def outputs(result):
    return result if isinstance(result, tuple) else (result,)


def answers(name, call):
    return outputs(getattr(operators, name)(**call))


def weighed(results):
    """One number of all outputs: their sum with weights of no pattern."""
    return sum((result * np.cos(1 + np.arange(result.size)).reshape(result.shape)).sum() for result in results)

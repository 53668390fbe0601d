"""The oracle and aorpo's errors and branched returns, each against one `soft_evaluation` of the same game.

Targets and `compare` are those of a critic and a policy that are not exact, on a sparse game of 10,000 states and 125
joint actions; the bounds' numbers are for k = 1 … 100 in a game of 1,000 states and its model, with 10 successors each.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.timing import Row, compare
from mathrl import oracle
from mathrl.bounds import Setup, branched_returns, measure
from mathrl.games import random_policy, random_stochastic
from mathrl.solvers import soft_evaluation

__all__ = ["rows"]

STATES, ACTIONS, SUCCESSORS, DISCOUNT, TEMPERATURE = 10_000, (5, 5, 5), 10, 0.95, 0.5
STEPS, TRACE_DECAY = 10, 0.9
BOUND_STATES, BOUND_ACTIONS, LENGTHS = 1_000, (5, 5), range(1, 101)


def rows() -> list[Row]:
    return [*_oracle(), *_bounds()]


def _oracle() -> list[Row]:
    rng = np.random.default_rng(0)
    game = random_stochastic(STATES, ACTIONS, discount=DISCOUNT, successors=SUCCESSORS, seed=0)
    policy, q = random_policy(game, rng), rng.normal(size=game.rewards.shape)
    arguments: dict[str, Any] = {"policy": policy, "q": q, "temperature": TEMPERATURE}

    def against_evaluation(what: str, ours: Callable[[], object], target: str, pairs: int = 9) -> Row:
        def theirs() -> object:
            return soft_evaluation(game, policy=policy, temperature=TEMPERATURE)

        return compare(what, ours, "soft_evaluation", theirs, target=target, pairs=pairs)

    return [
        against_evaluation(
            f"{STEPS}-step target", lambda: oracle.n_step_target(game, **arguments, steps=STEPS), "<= 1.5"
        ),
        against_evaluation(
            f"TD({TRACE_DECAY}) target",
            lambda: oracle.td_lambda_target(game, **arguments, trace_decay=TRACE_DECAY),
            "<= 1.5",
        ),
        against_evaluation("oracle.compare, 3 agents", lambda: oracle.compare(game, **arguments), "<= 20", pairs=3),
    ]


def _bounds() -> list[Row]:
    rng = np.random.default_rng(1)
    game, model = (
        random_stochastic(BOUND_STATES, BOUND_ACTIONS, discount=DISCOUNT, successors=SUCCESSORS, seed=seed)
        for seed in (0, 1)
    )
    policy, data_policy, modelled = (random_policy(game, rng) for _ in range(3))

    def errors_and_returns() -> object:
        setup = Setup.of(
            game,
            policy=policy,
            model=model.transitions,
            data_policy=data_policy,
            opponent_models=modelled[1:],
        )
        return measure(setup, LENGTHS), branched_returns(setup.data, setup.modelled, LENGTHS, agent=0)

    return [
        compare(
            f"errors and branched returns, k to {LENGTHS[-1]}",
            errors_and_returns,
            "soft_evaluation",
            lambda: soft_evaluation(game, policy=policy, temperature=TEMPERATURE),
            target="<= 30",
            pairs=5,
        )
    ]

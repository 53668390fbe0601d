"""From the end of an iteration to the `Solution` that a solver returns."""

from collections.abc import Mapping
from typing import Any

from mathrl.equations import Equation
from mathrl.games.policies import Policy
from mathrl.iteration.iterate import Run
from mathrl.solution import Solution
from mathrl.values.policy_values import Values

__all__ = ["solution"]


def solution(
    policy: Policy,
    values: Values,
    run: Run[Any],
    *,
    equation: Equation,
    solver: str,
    parameters: Mapping[str, Any],
    **more: Any,
) -> Solution:
    """The `Solution` of a run that ended at `policy`, with its `values`; `more` are optional fields.

    The temperature is that of `parameters`, if there is one, unless `more` holds another.
    """
    return Solution(
        policy=policy,
        q=values.q,
        v=values.v,
        objective=values.objective,
        residual=run.last.residual,
        rounding_floor=run.last.rounding_floor,
        status=run.status,
        steps=len(run.history),
        history=run.history,
        period=run.period,
        detail="" if run.period is None else f"period {run.period}",
        equation=equation,
        solver=solver,
        parameters=parameters,
        **{"temperature": parameters.get("temperature"), **more},
    )

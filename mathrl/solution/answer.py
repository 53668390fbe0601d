"""From the end of an iteration to the `Solution` that a solver returns."""

from collections.abc import Mapping
from typing import Any

from mathrl.base.checks import FloatArray
from mathrl.equations import Equation
from mathrl.games.policies import Policy
from mathrl.iteration.iterate import Run
from mathrl.iteration.outcome import rounding_floor
from mathrl.solution import Solution
from mathrl.values.offsets import with_offsets
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
    offsets: FloatArray | None = None,
    **more: Any,
) -> Solution:
    """The `Solution` of a run that ended at `policy`, with its `values`; `more` are optional fields.

    The temperature is that of `parameters`, if there is one, unless `more` holds another. Where `offsets` were taken
    off the rewards (`mathrl.values.offsets`), they are added to the values, and the rounding floor is that of these.
    """
    more = {"temperature": parameters.get("temperature"), **more}
    floor = run.last.rounding_floor
    if offsets is not None:
        values = with_offsets(values, offsets)
        floor = rounding_floor(values.q, more["temperature"] or None)
    return Solution(
        policy=policy,
        q=values.q,
        v=values.v,
        objective=values.objective,
        residual=run.last.residual,
        rounding_floor=floor,
        status=run.status,
        steps=len(run.history),
        history=run.history,
        period=run.period,
        detail="" if run.period is None else f"period {run.period}",
        equation=equation,
        solver=solver,
        parameters=parameters,
        **more,
    )

"""From the end of an iteration to the `Solution` that a solver returns."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.equations import Equation
from mathrl.games.model import Game
from mathrl.games.policies import Policy
from mathrl.games.shown import shown_conditional, shown_rows
from mathrl.iteration.iterate import Run
from mathrl.iteration.outcome import rounding_floor
from mathrl.solution import Solution
from mathrl.values.attained import DIFFERENT
from mathrl.values.offsets import with_offsets
from mathrl.values.policy_values import Values

__all__ = ["ended_q", "names", "shown_policy", "solution"]


def shown_policy(game: Game, policy: Policy) -> Policy:
    """Return a policy of a game in play, or several (…, S, A_i), as of the game itself: uniform at an end."""
    if game.ended is None:
        return policy
    return tuple(np.where(game.ended[:, None], 1 / own.shape[-1], own) for own in policy)


def ended_q(game: Game, q: FloatArray) -> FloatArray:
    """Return q, whose last axes are (S, A_1, …, A_n), of a game in play as that of the game itself: 0 at an end."""
    if game.ended is None:
        return q
    return np.where(game.ended.reshape(-1, *[1] * game.num_agents), 0.0, q)


def _shown(game: Game, name: str, value: Any) -> Any:
    """Return an optional field of a game in play as that of the game itself."""
    if value is None or game.masks is None:
        return value
    match name:
        case "q_tot":
            return ended_q(game, value)
        case "individual_q":
            return value if game.ended is None else tuple(np.where(game.ended[:, None], 0.0, own) for own in value)
        case "joint_policy":
            if game.ended is None:
                return value
            return np.where(game.ended.reshape(-1, *[1] * game.num_agents), 1 / game.num_joint_actions, value)
        case "opponent_model":
            return tuple(shown_rows(game, own) for own in value)
        case "conditional_policy":
            return tuple(shown_conditional(game, agent, own) for agent, own in enumerate(value))
    return value


def solution(
    policy: Policy,
    values: Values,
    run: Run[Any],
    *,
    equation: Equation,
    solver: str,
    parameters: Mapping[str, Any],
    added_ms: FloatArray | None = None,
    scale: float | None = None,
    **more: Any,
) -> Solution:
    """The `Solution` of a run that ended at `policy`, with its `values`; `more` are optional fields.

    Both are those of the game in play; the solution holds what they are in the game itself.

    The temperature is that of `parameters`, if there is one, unless `more` holds another. `added_ms` is what the values
    lack where the game was solved without offsets or with potentials (`mathrl.values.potentials`). It is added to them,
    and the rounding floor is that of the sums: for residuals that are values over a `scale`, as `rounding_floor` takes
    a temperature, or None: values themselves. Large q that are not attained do not count in it.
    """
    game = values.game
    more = {"temperature": parameters.get("temperature"), **{name: _shown(game, name, more[name]) for name in more}}
    floor = run.last.rounding_floor
    if added_ms is not None:
        values = with_offsets(values, added_ms)
        floor, attained = rounding_floor(values.q, scale), rounding_floor(values.v, scale)
        floor = attained if floor > DIFFERENT * attained else floor
    return Solution(
        policy=shown_policy(game, policy),
        q=ended_q(game, values.q),
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
        **names(game),
    )


def names(game: Game) -> dict[str, Any]:
    """What a game calls its agents, actions and states, as fields of a solution.

    A game may call its states by any objects; here they are texts, and None where two of these would be alike.
    """
    texts = () if game.state_names is None else tuple(map(str, game.state_names))
    states = texts if texts and all(texts) and len(set(texts)) == len(texts) else None
    return {"agent_names": game.agent_names, "action_names": game.action_names, "state_names": states}

"""How solutions are shown: a summary for readers, and a table with one row per agent, state and action."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from mathrl.base.render import render
from mathrl.base.table import Column, Table
from mathrl.games.naming import action_label, agent_label, state_label

if TYPE_CHECKING:
    from mathrl.games import Game
    from mathrl.solution import Solution

__all__ = ["policy_table", "summary", "title"]

SHOWN_ROWS = 40
SHOWN_ACTIONS = 10
"""What of a policy the summary shows."""

LONGEST_HEAD = 24
"""The most letters that names of actions may have at the head of a column."""


class Row(NamedTuple):
    """One probability of a policy."""

    solution: "Solution"
    agent: int
    state: int
    action: int
    probability: float
    game: "Game | None" = None
    name: str = ""


def policy_table(
    solutions: "Sequence[Solution]",
    spec: str,
    games: "Sequence[Game] | None" = None,
    names: Sequence[str] | None = None,
) -> Table:
    """One row per solution, agent, state and action; floats in format `spec` (empty: all digits).

    Agents, states and actions are numbers, or where games are given what the game of each solution calls them. `names`
    are those of the solutions' games, for a first column; None: there is no such column.
    """
    first = () if names is None else (Column("game", lambda row: row.name),)
    columns = (
        *first,
        Column("solver", lambda row: row.solution.solver),
        Column("temperature", lambda row: row.solution.temperature, spec),
        Column("agent", lambda row: row.agent if row.game is None else _agent(row.game, row.agent)),
        Column("state", lambda row: row.state if row.game is None else _state(row.game, row.state)),
        Column("action", lambda row: row.action if row.game is None else _own_action(row.game, row.agent, row.action)),
        Column("probability", lambda row: row.probability, spec),
        Column("objective", lambda row: _objective(row.solution, row.agent), spec),
        Column("residual", lambda row: row.solution.residual, spec),
        Column("status", lambda row: row.solution.status.name),
    )
    own: Sequence[Game | None] = games or [None] * len(solutions)
    each = zip(solutions, own, names or [""] * len(solutions), strict=True)
    return Table(columns, [row for solution, game, name in each for row in _rows(solution, game, name)])


def title(solution: "Solution") -> str:
    """The solver and its temperature."""
    temperature = solution.temperature
    return solution.solver if temperature is None else f"{solution.solver} at temperature {temperature:g}"


def summary(name: str, game: "Game", solution: "Solution") -> str:
    """How a run ended, the objective, and the policy, cut off after 40 rows."""
    objective: Any = solution.objective
    values = ", ".join(f"{value:.10g}" for value in (objective if hasattr(objective, "__len__") else [objective]))
    lines = [
        f"{title(solution)}: {name}, {game!r}",
        f"  status     {solution.status.name} ({solution.message})",
        f"  objective  {values}",
        f"  residual   {solution.residual:.2g} (rounding alone leaves {solution.rounding_floor:.2g})",
        f"  steps      {solution.steps}",
        *_path_lines(solution),
        *_unshown(solution),
        "",
        *_policy_lines(game, solution),
    ]
    return "\n".join(lines) + "\n"


def _path_lines(solution: "Solution") -> list[str]:
    """How long the path is, and at which temperatures it folds or forks."""
    path = solution.path
    if path is None:
        return []
    lines = [f"  path       {len(path.rationality)} points from the uniform policy; --format json prints them"]
    kinds = (
        ("folds", path.folds, "the temperature turns back there"),
        ("forks", path.bifurcations, "other curves cross the path there"),
    )
    for name, points, meaning in kinds:
        if len(points):
            where = ", ".join(f"{t:.6g}" for t in path.temperature[points])
            lines.append(f"  {name:<9}  at temperature {where}: {meaning}")
    return lines


def _unshown(solution: "Solution") -> list[str]:
    """Which other parts of the answer there are, and what policy and objective are where they are no plain ones."""
    names = ("joint_policy", "conditional_policy", "opponent_model", "q_tot", "individual_q")
    held = [name for name in names if getattr(solution, name) is not None]
    own = solution.joint_policy is not None and solution.joint_policy.ndim > len(solution.policy) + 1
    lines = [f"  also       {', '.join(held)}; --format json prints them"] if held else []
    if solution.joint_policy is not None:
        whose = "each agent's own " if own else ""
        lines.append(f"  policy     shown are the marginals of {whose}joint_policy")
    if solution.opponent_model is not None or own:
        lines.append(
            "  objective  what each agent expects under its own model of the others, not what this policy earns"
        )
    return lines


def _policy_lines(game: "Game", solution: "Solution") -> list[str]:
    """The first rows of the policy; a dash stands where nothing can be played."""
    playable = [own & ~game.terminal[:, None] for own in game.available]
    rows = [
        (agent, state, [probability if there else "-" for probability, there in zip(*row, strict=True)])
        for agent, arrays in enumerate(zip(solution.policy, playable, strict=True))
        for state, row in enumerate(zip(*(array.tolist() for array in arrays), strict=True))
    ]
    widest = max(len(row) for _, _, row in rows)
    columns = [Column("agent", lambda row: _agent(game, row[0])), Column("state", lambda row: _state(game, row[1]))]
    heads = [_head(game, a) for a in range(min(widest, SHOWN_ACTIONS))]
    columns += [Column(head, _action(a), spec=".6f", number=True) for a, head in enumerate(heads)]
    lines = render(Table(columns, rows[:SHOWN_ROWS])).splitlines()
    cut = len(rows) > SHOWN_ROWS or widest > SHOWN_ACTIONS
    return (
        [*lines, f"… {len(rows)} rows of {widest} actions in all; --format csv or json prints them"] if cut else lines
    )


def _agent(game: "Game", agent: int) -> int | str:
    """The name of an agent, or its number."""
    return agent if game.agent_names is None else agent_label(game.agent_names, agent)


def _state(game: "Game", state: int) -> int | str:
    """The name of a state, or its number."""
    return state if game.state_names is None else state_label(game.state_names, state)


def _own_action(game: "Game", agent: int, action: int) -> int | str:
    """The name of an agent's action, or its number."""
    named = game.action_names is not None and game.action_names[agent] is not None
    return action_label(game.action_names, agent, action) if named else action


def _head(game: "Game", action: int) -> str:
    """What the agents that have this action call it, `up/left`; `action 0` where that is too long or not all names."""
    agents = [agent for agent, size in enumerate(game.num_actions) if action < size]
    called = dict.fromkeys(action_label(game.action_names, agent, action) for agent in agents)
    head = "/".join(called)
    return f"action {action}" if f"action {action}" in called or len(head) > LONGEST_HEAD else head


def _action(action: int) -> Callable[[Any], float | str | None]:
    """That entry of a row, None for an agent with fewer actions."""
    return lambda row: row[2][action] if action < len(row[2]) else None


def _rows(solution: "Solution", game: "Game | None", name: str) -> list[Row]:
    return [
        Row(solution, agent, state, action, probability, game, name)
        for agent, pi_sa in enumerate(solution.policy)
        for state, row in enumerate(pi_sa.tolist())
        for action, probability in enumerate(row)
    ]


def _objective(solution: "Solution", agent: int) -> float:
    objective: Any = solution.objective
    return float(objective[agent]) if hasattr(objective, "__len__") else float(objective)

"""`mathrl games`: the catalogue, and one game shown, converted or saved."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mathrl.base.text import printable, shown
from mathrl.cli import output
from mathrl.cli.arguments import Parser, add_output, game_file

if TYPE_CHECKING:
    from mathrl.base.table import Table
    from mathrl.games import Game

__all__ = ["run"]

DESCRIPTION = """\
Without a name, list the games that come with mathrl. With a name or a file, show this game: its size, where it comes
from, and its rewards; - stands for the rewards of actions that are not available. --format json prints a game in the
form of a game file, which mathrl can read again; csv, markdown and latex print one row for each joint action; in csv
rewards of actions that are not available are empty cells."""

EXAMPLES = """\
examples:
  mathrl games
  mathrl games climbing
  mathrl games 'penalty(k=-50)' --format json
  mathrl games dmac --save dmac.npz
  mathrl games chicken --save mine.nfg
  mathrl games mine.nfg --save mine.json

Agents, states and actions are numbered from 0, as in Python."""

LARGEST_MATRIX = 20
"""Up to this many actions of each agent payoffs are shown as matrices."""

SHOWN_STATES, SHOWN_ACTIONS = 8, 4
"""How many states, or actions of agents in states, a line names."""


def run(argv: Sequence[str]) -> int:
    """Run the command with these arguments and return its exit status."""
    parser = Parser("games", DESCRIPTION, EXAMPLES)
    parser.add_argument(
        "game",
        nargs="?",
        metavar="GAME",
        help="a name from the list, a name with parameters, or a .json, .npz, .nfg, .gam or .csv file",
    )
    parser.add_argument(
        "--save", metavar="FILE", help="also write the game to this .json, .npz, .nfg, .gam or .csv file"
    )
    add_output(parser)
    arguments = parser.parse(argv)
    arguments.format = output.format_of(arguments.format, arguments.out, "use --save to write a game file")
    output.check_out({"--save": arguments.save, "--out": arguments.out})
    output.check_out({"--out": arguments.out}, read={"GAME": game_file(arguments.game)})
    if arguments.game is None:
        if arguments.save is not None:
            parser.error("--save needs a game: give its name or file first")
        output.deliver(output.render([_catalogue()], arguments.format), arguments.out)
        return 0
    from mathrl.games import load, save
    from mathrl.games.files import check_ending

    if arguments.save is not None:
        check_ending(f"--save {arguments.save}", Path(arguments.save))
    game = load(arguments.game)
    text = _shown(arguments.game, game, arguments.format)
    if arguments.save is not None:
        save(game, arguments.save)
    output.deliver(text, arguments.out)
    return 0


def _catalogue() -> "Table":
    from mathrl.base.table import Column, Table
    from mathrl.games import entry, load, names

    columns = (
        Column("name", lambda row: row[0]),
        Column("agents", lambda row: row[1].num_agents),
        Column("states", lambda row: row[1].num_states),
        Column("actions", lambda row: "×".join(map(str, row[1].num_actions))),
        Column("payoff", lambda row: "common" if row[1].common_payoff else "general-sum"),
        Column("summary", lambda row: entry(row[0]).summary),
    )
    return Table(columns, [(name, load(name)) for name in names()])


def _shown(name: str, game: "Game", format: str) -> str:
    if format == "json":
        from mathrl.games.json_file import render

        return render(game)
    if format != "table":
        return output.render([_joint_actions(game, format)], format)
    matrices = "".join(f"\n{text}" for text in _matrices(game))
    return "\n".join([*_facts(name, game), ""]) + (matrices or "  --format csv or --format json prints all rewards\n")


def _facts(name: str, game: "Game") -> list[str]:
    """What the catalogue says, sizes, and the ranges of rewards and transitions."""
    import numpy as np

    from mathrl.games import entry, names

    catalogued = entry(name.partition("(")[0].strip()) if name.partition("(")[0].strip() in names() else None
    paid = game.rewards[np.isfinite(game.rewards)]
    rewards = f"from {paid.min() + 0.0:g} to {paid.max() + 0.0:g}"  # −0 is shown as 0
    facts = [name, f"  {game!r}"]
    facts += [] if game.title is None else [f"  title: {printable(game.title)}"]
    if catalogued is not None:
        facts += [f"  {catalogued.summary}", f"  source: {catalogued.source}"]
        facts += [f"  by default: {catalogued.call}"] if catalogued.parameters else []
    facts += [f"  rewards {rewards}" + (", the same for all agents" if game.common_payoff else "")]
    facts += _named(game)
    facts += [] if game.masks is None else [f"  not available: {_lacking(game)}"]
    if game.num_states > 1 or game.discount > 0:
        transitions: Any = game.transitions
        stored = transitions.nnz if game.sparse else int(np.count_nonzero(transitions))
        facts += [f"  transitions: {stored} of {game.num_states**2 * game.num_joint_actions} are not zero"]
        starts = np.flatnonzero(game.start)
        spread = ", uniform" if np.ptp(game.start[starts]) == 0 else ", not uniform"
        facts += [f"  start: {_states(game, starts.tolist())}{spread * (len(starts) > 1)}"]
    if game.ended is not None:
        facts += [f"  terminal: {_states(game, np.flatnonzero(game.ended).tolist())}"]
    if game.discount == 1:
        facts += [f"  longest play: at most {game.horizon:.10g} steps on average, whatever is played"]
    return facts


def _states(game: "Game", states: list[int]) -> str:
    """States by their names, or by their numbers."""
    if len(states) == 1:
        return game.called(states[0])
    return f"states {_first([_state(game, state) for state in states], SHOWN_STATES)}"


def _state(game: "Game", state: int) -> str:
    """The name of a state as messages quote it, or its number."""
    return str(state) if game.state_names is None else shown(game.state_names[state])


def _lacking(game: "Game") -> str:
    """The actions that are not available, by agent and state."""
    import numpy as np

    from mathrl.games.naming import agent_label, quoted_action

    in_state = "" if game.num_states == 1 else " in state {}"
    lacking = [(agent, *entry) for agent, own in enumerate(game.available) for entry in np.argwhere(~own).tolist()]
    return _first(
        [
            f"{quoted_action(game.action_names, agent, action)} of {agent_label(game.agent_names, agent)}"
            f"{in_state.format(_state(game, state))}"
            for agent, state, action in lacking
        ],
        SHOWN_ACTIONS,
    )


def _named(game: "Game") -> list[str]:
    """What the states, the agents and their actions are called, in lines."""
    from mathrl.games.naming import agent_label, state_label

    facts = []
    if game.state_names is not None:
        states = [state_label(game.state_names, s) for s in range(game.num_states)]
        facts += [f"  states: {_first(states, SHOWN_STATES)}"]
    if game.agent_names is not None:
        facts += [f"  agents: {_first(list(map(printable, game.agent_names)), SHOWN_STATES)}"]
    names = dict.fromkeys(game.action_names or ())
    if len(names) == 1 and None not in names:
        return [*facts, *(f"  actions: {_first(list(map(printable, own or ())), SHOWN_STATES)}" for own in names)]
    for agent, own in enumerate(game.action_names or ()):
        if own is not None and agent < SHOWN_STATES:
            called = _first(list(map(printable, own)), SHOWN_STATES)
            facts += [f"  actions of {agent_label(game.agent_names, agent)}: {called}"]
    return facts


def _first(names: list[str], most: int) -> str:
    """The first names, with commas between them, and how many there are where that is not all."""
    cut = f", … ({len(names)} in all)" if len(names) > most else ""
    return ", ".join(names[:most]) + cut


def _matrices(game: "Game") -> list[str]:
    """The payoffs of a two-agent matrix game: rows are agent 0's actions, columns agent 1's."""
    from mathrl.base.render import render
    from mathrl.base.table import Column, Table
    from mathrl.games.naming import agent_label

    if game.num_agents != 2 or game.num_states != 1 or max(game.num_actions) > LARGEST_MATRIX:
        return []
    named = [None, None] if game.action_names is None else game.action_names
    numbers = [list(map(str, range(actions))) for actions in game.num_actions]
    rows, heads = (ns if own is None else list(map(printable, own)) for own, ns in zip(named, numbers, strict=True))
    texts = []
    for agent, payoffs in enumerate(game.rewards.reshape(-1, *game.num_actions).tolist()):
        columns = [Column(" \\ ".join(agent_label(game.agent_names, i) for i in (0, 1)), lambda row: rows[row[0]])]
        columns += [Column(heads[b], _reward(1, b), spec="g", number=True) for b in range(game.num_actions[1])]
        caption = "payoff" if game.common_payoff else f"payoff of {agent_label(game.agent_names, agent)}"
        texts.append(render(Table(columns, list(enumerate(payoffs)), caption)))
    return texts


def _item(part: int, index: int) -> Callable[[Any], Any]:
    return lambda row: row[part][index]


def _name(names: Sequence[str], agent: int) -> Callable[[Any], Any]:
    """The name of what stands at this place of a joint action."""
    return lambda row: printable(names[row[0][agent]])


def _reward(part: int, index: int, lacking: str | None = "-") -> Callable[[Any], Any]:
    """That reward, or `lacking` where the joint action is not available; −0 is shown as 0."""
    return lambda row: lacking if row[part][index] == -math.inf else row[part][index] + 0.0


def _joint_actions(game: "Game", format: str) -> "Table":
    """One row per state and joint action: the rewards, and a dash or in csv nothing in place of those that are not.

    In csv states and actions are numbers, for programs; elsewhere they are called by their names, if they have some.
    """
    import numpy as np

    from mathrl.base.table import Column, Table

    lacking = None if format == "csv" else "-"
    rewards = game.rewards.reshape(len(game.rewards_isa), -1).T.tolist()
    indices = np.stack(np.unravel_index(range(len(rewards)), (game.num_states, *game.num_actions)), axis=1).tolist()
    heads = ["state", *(f"action {agent}" for agent in range(game.num_agents))]
    names = ["reward"] if game.common_payoff else [f"reward {agent}" for agent in range(game.num_agents)]
    called: list[Any] = [None] * (game.num_agents + 1)
    if format != "csv":
        called[1:] = game.action_names or called[1:]
        called[0] = None if game.state_names is None else [str(name) for name in game.state_names]
    pairs = enumerate(zip(heads, called, strict=True))
    columns = [Column(head, _item(0, k) if own is None else _name(own, k)) for k, (head, own) in pairs]
    columns += [Column(name, _reward(1, k, lacking), number=True) for k, name in enumerate(names)]
    if game.ended is not None:
        ended = game.ended.tolist()
        columns.insert(1, Column("terminal", lambda row: ended[row[0][0]]))
    return Table(columns, list(zip(indices, rewards, strict=True)))

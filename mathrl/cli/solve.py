"""`mathrl solve`: a game, a solver, one temperature or several."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mathrl.cli import options, output
from mathrl.cli.arguments import Parser, add_output, game_file

if TYPE_CHECKING:
    from mathrl.games import Game
    from mathrl.solution import Solution

__all__ = ["run"]

DESCRIPTION = """\
Solve a game, and print the policy, its exact value, and two numbers that say how exact it is. The residual is how far
the policy is from solving the solver's equation. The rounding floor is the residual that rounding alone leaves.
In the policy, - stands where an action is not available, or the episode has ended.
If a solver does not converge, the policy that it reached is printed all the same, and the exit status is 1."""

EXAMPLES = """\
examples:
  mathrl solve hasac --solver haspi --temperature 10
  mathrl solve hasac --solver haspi --temperature 1,5,10 --initial-policy start.json --order 1,0
  mathrl solve climbing --solver qre --temperature 0.5 --entropy none --format csv
  mathrl solve climbing --solver qre-branch --temperature 10,1,0.1
  mathrl solve chain --solver optimal
  mathrl solve hasac --solver soft-evaluation --temperature 1 --policy start.json --format json
  mathrl solve hasac --solver mehaml --temperature 5 --drift kl:2 --neighbourhood total-variation:0.1
  mathrl solve climbing-rommeo --solver rommeo-q --temperature 1 --prior models.json
  mathrl solve dmac --solver divergence-policy-iteration --temperature 0.1 --target-policy solution.json

Agents, states and actions are numbered from 0, as in Python. Where a game has names for its agents or actions, tables
for readers show these; csv and json have the numbers.
A policy FILE is JSON. It holds a list with one item per agent; each item has one row of probabilities per state. For
two agents with three actions in a game of one state: [[[0.6, 0.2, 0.2]], [[0.6, 0.2, 0.2]]]. A file that solve --format
json wrote will do as well.
A FILE for a prior or an opponent model holds, for each agent, the probabilities of the other agents' joint actions, in
the order in which the last agent's action changes fastest. With two agents [[[0.5, 0.5]], [[0.2, 0.8]]] holds first
agent 0's model of agent 1, then agent 1's model of agent 0."""

REPORT_EVERY = 0.1
"""Seconds between two updates of the progress bar."""


def run(argv: Sequence[str]) -> int:
    """Run the command with these arguments and return its exit status."""
    parser = Parser("solve", DESCRIPTION, EXAMPLES, more_help=options.summary)
    parser.add_argument(
        "game", metavar="GAME", help="a name that mathrl games lists, or a .json, .npz, .nfg, .gam or .csv file"
    )
    parser.add_argument(
        "--solver",
        required=True,
        metavar="NAME",
        help="the solver, see the list below (- and _ mean the same in a name)",
    )
    options.add(parser)
    add_output(parser)
    arguments = parser.parse(argv)
    arguments.format = output.format_of(arguments.format, arguments.out)
    read = {"GAME": game_file(arguments.game), **options.files(arguments)}
    output.check_out({"--out": arguments.out}, read=read)
    solver = options.solver(arguments.solver)
    fitted, temperatures = options.parameters(solver, arguments), options.temperatures(solver, arguments)
    from mathrl.games import load

    game = load(arguments.game)
    options.check_temperatures(game, temperatures)
    parameters = fitted(game)
    runs = [{"temperature": t, **parameters} for t in temperatures] or [parameters]
    solutions = _solve(options.function(solver), game, runs)
    output.deliver(_rendered(arguments.game, game, solutions, arguments.format, several=len(runs) > 1), arguments.out)
    return _report(solutions, planned=len(runs))


def _solve(solver: Any, game: "Game", runs: Sequence[Mapping[str, Any]]) -> "list[Solution]":
    """One solution per run; after an interrupt those that there are, the last as far as it came."""
    from mathrl.iteration.iterate import watching
    from mathrl.iteration.outcome import Status

    solutions: list[Solution] = []
    shown = 0.0
    with output.progress(len(runs), "run") as advance:

        def watch(step: int, residual: float) -> None:
            nonlocal shown
            now = time.monotonic()
            if now - shown > REPORT_EVERY:
                shown = now
                advance(f"step {step}, residual {residual:.1e}", False)

        try:
            for parameters in runs:
                with watching(watch):
                    solutions.append(solver(game, **parameters))
                advance("", True)
                if solutions[-1].status is Status.INTERRUPTED:
                    break
        except KeyboardInterrupt:
            if not solutions:
                raise
    return solutions


def _rendered(name: str, game: "Game", solutions: "Sequence[Solution]", format: str, several: bool) -> str:
    from mathrl.cli.policies import policy_table, summary

    if format == "json":
        values = [solution.to_dict() for solution in solutions]
        return json.dumps(values if several else values[0]) + "\n"
    if format == "table":
        return "\n".join(summary(name, game, solution) for solution in solutions)
    table = policy_table(solutions, spec="") if format == "csv" else policy_table(solutions, ".6g", game)
    return output.render([table], format)


def _report(solutions: "Sequence[Solution]", planned: int) -> int:
    """Say on standard error what is missing or did not converge; the exit status."""
    from mathrl.cli.policies import title

    for solution in solutions:
        if not solution.converged:
            reached = f"residual {solution.residual:.3g} after {solution.steps} steps"
            output.say(f"{title(solution)} did not converge: {solution.message}; {reached}")
    if len(solutions) < planned:
        output.say(f"interrupted: {len(solutions)} of {planned} temperatures were solved")
    return int(len(solutions) < planned or not all(solution.converged for solution in solutions))

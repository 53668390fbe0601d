"""`mathrl solve`: a game or several, a solver, one temperature or several."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

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
  mathrl solve climbing --solver qre --temperature 0.5 --entropy none --format csv
  mathrl solve climbing --solver qre-branch --rationality 0.1:10:20 --out branch.csv
  mathrl solve chain --solver optimal
  mathrl solve hasac --solver mehaml --temperature 5 --drift kl:2 --neighbourhood total-variation:0.1

  mathrl games chicken --save a.nfg                       two files, which are solved at 50 temperatures each
  mathrl games stag-hunt --save b.nfg
  mathrl solve a.nfg b.nfg --solver qre --temperature 0.1:10:50 --format csv

  echo '[[[0.6, 0.2, 0.2]], [[0.6, 0.2, 0.2]]]' > start.json       a policy to start from, or to evaluate
  mathrl solve hasac --solver haspi --temperature 1,5,10 --initial-policy start.json --order 1,0
  mathrl solve hasac --solver soft-evaluation --temperature 1 --policy start.json --format json

  echo '[[[0.2, 0.3, 0.5]], [[0.5, 0.3, 0.2]]]' > models.json      what each agent expects of the other
  mathrl solve climbing-rommeo --solver rommeo-q --temperature 1 --prior models.json

  mathrl solve dmac --solver soft-q-iteration --temperature 1 --out target.json
  mathrl solve dmac --solver divergence-policy-iteration --temperature 0.1 --target-policy target.json

Agents, states and actions are numbered from 0, as in Python. Where a game has names for them, tables for readers show
these; csv and json have the numbers.
A policy FILE is JSON. It holds a list with one item per agent; each item has one row of probabilities per state. For
two agents with three actions in a game of one state: [[[0.6, 0.2, 0.2]], [[0.6, 0.2, 0.2]]]. A file that solve --format
json wrote will do as well.
A FILE for a prior or an opponent model holds, for each agent, the probabilities of the other agents' joint actions, in
the order in which the last agent's action changes fastest. With two agents [[[0.5, 0.5]], [[0.2, 0.8]]] holds first
agent 0's model of agent 1, then agent 1's model of agent 0."""


def run(argv: Sequence[str]) -> int:
    """Run the command with these arguments and return its exit status."""
    parser = Parser("solve", DESCRIPTION, EXAMPLES, more_help=options.summary)
    parser.add_argument(
        "games",
        nargs="+",
        metavar="GAME",
        help="a name that mathrl games lists, or a .json, .npz, .nfg, .gam or .csv file; several are solved one after "
        "the other",
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
    several = len(arguments.games) > 1
    named = {f"GAME {name}" if several else "GAME": game_file(name) for name in arguments.games}
    output.check_out({"--out": arguments.out}, read={**named, **options.files(arguments)})
    solver = options.solver(arguments.solver)
    fitted, temperatures = options.parameters(solver, arguments), options.temperatures(solver, arguments)
    runs = [run for name in arguments.games for run in _runs(name, fitted, temperatures)]
    solutions = _solve(options.function(solver), runs)
    output.deliver(_rendered(runs, solutions, arguments.format, several), arguments.out)
    return _report(runs, solutions, several)


class Run(NamedTuple):
    """A game, and the parameters with which it is to be solved."""

    name: str
    game: "Game"
    parameters: Mapping[str, Any]


def _runs(name: str, fitted: "Callable[[Game], Mapping[str, Any]]", temperatures: "Sequence[float]") -> "Sequence[Run]":
    """One run for each temperature, or one where there are none; what does not fit the game is refused."""
    from mathrl.games import load

    game = load(name)
    options.check_temperatures(game, temperatures)
    parameters = fitted(game)
    return [Run(name, game, {"temperature": t, **parameters}) for t in temperatures] or [Run(name, game, parameters)]


def _solve(solver: Any, runs: "Sequence[Run]") -> "list[Solution]":
    """One solution per run; after an interrupt those that there are, the last as far as it came."""
    from mathrl.iteration.iterate import watching
    from mathrl.iteration.outcome import Status

    solutions: list[Solution] = []
    with output.progress(len(runs), "run") as advance:
        watch = output.watcher(advance, lambda step, residual: f"step {step}, residual {residual:.1e}")
        try:
            for run in runs:
                with watching(watch):
                    solutions.append(solver(run.game, **run.parameters))
                advance("", True)
                if solutions[-1].status is Status.INTERRUPTED:
                    break
        except KeyboardInterrupt:
            if not solutions:
                raise
    return solutions


def _rendered(runs: "Sequence[Run]", solutions: "Sequence[Solution]", format: str, several: bool) -> str:
    """What was found; with several games, each row or object says of which."""
    from mathrl.cli.policies import policy_table, summary

    done = runs[: len(solutions)]
    if format == "json":
        objects = [
            ({"game": run.name} if several else {}) | solution.to_dict()
            for run, solution in zip(done, solutions, strict=True)
        ]
        return json.dumps(objects if len(runs) > 1 else objects[0]) + "\n"
    if format == "table":
        return "\n".join(summary(run.name, run.game, one) for run, one in zip(done, solutions, strict=True))
    spec, games = ("", None) if format == "csv" else (".6g", [run.game for run in done])
    table = policy_table(solutions, spec, games, [run.name for run in done] if several else None)
    return output.render([table], format)


def _report(runs: "Sequence[Run]", solutions: "Sequence[Solution]", several: bool) -> int:
    """Say on standard error what is missing or did not converge; the exit status."""
    from mathrl.cli.policies import title

    for run, solution in zip(runs, solutions, strict=False):
        if not solution.converged:
            reached = f"residual {solution.residual:.3g} after {solution.steps} steps"
            whose = f"{run.name}, " if several else ""
            output.say(f"{whose}{title(solution)} did not converge: {solution.message}; {reached}")
    if len(solutions) < len(runs):
        what = "runs" if several else "temperatures"
        output.say(f"interrupted: {len(solutions)} of {len(runs)} {what} were solved")
    return int(len(solutions) < len(runs) or not all(solution.converged for solution in solutions))

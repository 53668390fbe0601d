"""The options of `mathrl solve` that are parameters of solvers: read, checked, and refused where a solver has none."""

import argparse
import inspect
import json
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from mathrl.games import Game

__all__ = ["add", "function", "parameters", "solver", "summary", "temperatures"]


class Option(NamedTuple):
    """An option, and how its text becomes the parameter of the same name."""

    metavar: str
    help: str
    read: "Callable[[str, str, Game], Any]"


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of all solvers."""
    parser.add_argument(
        "--temperature", metavar="T[,T…]", help="the weight of the entropy, > 0; several are run in turn"
    )
    for name, option in OPTIONS.items():
        parser.add_argument(_flag(name), metavar=option.metavar, help=option.help)


def solver(name: str) -> str:
    """The name of a solver as in Python."""
    from mathrl import solvers
    from mathrl.games.validate import choice

    return choice("--solver", name.replace("-", "_"), solvers.__all__)


def function(solver: str) -> Callable[..., Any]:
    """The solver of this name."""
    from mathrl import solvers

    found: Callable[..., Any] = getattr(solvers, solver)
    return found


def parameters(solver: str, arguments: argparse.Namespace, game: "Game") -> dict[str, Any]:
    """The parameters that were given, but for the temperature. Refuses one that the solver does not take."""
    from mathrl.games.validate import fail

    taken = _taken(solver)
    given = {name: getattr(arguments, name) for name in ("temperature", *OPTIONS)}
    for name, text in given.items():
        if text is not None and name not in taken:
            options = ", ".join(map(_flag, taken))
            fail(_flag(name), f"is no option of {solver.replace('_', '-')}", f"its options ({options})")
        if text is None and name in taken and taken[name].default is inspect.Parameter.empty:
            fail(_flag(name), "is missing", f"a value, as {solver.replace('_', '-')} needs one")
    return {
        name: option.read(_flag(name), given[name], game) for name, option in OPTIONS.items() if given[name] is not None
    }


def temperatures(solver: str, arguments: argparse.Namespace) -> list[float]:
    """The temperatures that were asked for; none where the solver takes none."""
    from mathrl.games.validate import positive

    if arguments.temperature is None:
        return []
    values = [_number("--temperature", text) for text in arguments.temperature.split(",")]
    return [positive("--temperature", value) for value in values]


def summary() -> str:
    """For the help: each solver, what it does, the options that it takes with their defaults."""
    from mathrl import solvers

    lines = ["solvers:"]
    for name in solvers.__all__:
        lines += [f"  {name.replace('_', '-'):18}{_first_sentence(function(name))}"]
        options = [_with_default(parameter) for parameter in _taken(name).values()]
        lines += [f"  {'':18}{'  '.join(options)}"]
    return "\n".join(lines)


def _first_sentence(function: Callable[..., Any]) -> str:
    module = inspect.getmodule(function)
    line = (inspect.getdoc(module) or "").partition("\n")[0] if module else ""
    return line.rstrip(".")


def _taken(solver: str) -> Mapping[str, inspect.Parameter]:
    known = {"temperature", *OPTIONS}
    return {
        name: parameter for name, parameter in inspect.signature(function(solver)).parameters.items() if name in known
    }


def _with_default(parameter: inspect.Parameter) -> str:
    default = parameter.default
    if default is inspect.Parameter.empty:
        return f"{_flag(parameter.name)} (required)"
    return _flag(parameter.name) if default is None else f"{_flag(parameter.name)} {default}"


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _number(flag: str, text: str, game: "Game | None" = None) -> float:
    from mathrl.games.validate import fail

    try:
        value = float(text)
    except ValueError:
        fail(flag, f"is {text!r}", "a number")
    if not math.isfinite(value):
        fail(flag, f"is {text!r}", "a finite number")
    return value


def _positive(flag: str, text: str, game: "Game") -> float:
    from mathrl.games.validate import positive

    return positive(flag, _number(flag, text))


def _count(flag: str, text: str, game: "Game") -> int:
    from mathrl.games.validate import count

    number = _number(flag, text)
    return count(flag, int(number) if number == int(number) else number)


def _order(flag: str, text: str, game: "Game") -> list[int] | str:
    from mathrl.games.validate import permutation_of

    if text == "random":
        return text
    agents = [int(part) if part.strip().isdecimal() else part for part in text.split(",")]
    return permutation_of(flag, agents, game.num_agents, ", as in 1,0, or random")


def _entropy(flag: str, text: str, game: "Game") -> str:
    from mathrl.games.validate import choice
    from mathrl.operators import ENTROPIES

    return choice(flag, text, ENTROPIES)


def _policy(flag: str, text: str, game: "Game") -> Any:
    """The policy in a file: n nested lists, or a solution."""
    from mathrl.games import as_policy
    from mathrl.games.validate import fail

    try:
        with open(text, encoding="utf-8-sig") as file:
            values = json.load(file)
    except OSError as error:
        fail(f"{flag} {text}", f"cannot be read ({error.strerror})", "a file that holds a policy")
    except UnicodeDecodeError:
        fail(f"{flag} {text}", "is not UTF-8", "text in UTF-8")
    except json.JSONDecodeError as error:
        fail(f"{flag} {text}", f"is not JSON (line {error.lineno}: {error.msg})", "a JSON list of one list per agent")
    except (RecursionError, ValueError) as error:
        fail(f"{flag} {text}", f"cannot be read ({error})", "a JSON list of one list per agent")
    solutions = values if isinstance(values, list) and all(isinstance(value, dict) for value in values) else [values]
    if len(solutions) != 1:
        fail(f"{flag} {text}", f"holds {len(solutions)} solutions", "one solution or policy")
    found = solutions[0].get("policy") if isinstance(solutions[0], dict) else solutions[0]
    if not isinstance(found, list):
        fail(f"{flag} {text}", "holds no policy", "a list of one list per agent, or a solution with the key 'policy'")
    return as_policy(game, found, f"{flag} {text}: policy")


OPTIONS: Mapping[str, Option] = {
    "initial_policy": Option("FILE", "where the iteration starts (default: uniform)", _policy),
    "policy": Option("FILE", "the policy to evaluate", _policy),
    "entropy": Option("WHOSE", "team|own|none: whose entropy enters the value (default: team)", _entropy),
    "order": Option("ORDER", "in which agents update, from 0, as in 1,0; or random (default: 0,1,…)", _order),
    "seed": Option("N", "of what is random (default: 0)", _count),
    "tol": Option("X", "stop at a residual of X rounding floors; below 8 counts as 8", _positive),
    "max_steps": Option("N", "stop after N steps", _count),
}
"""By parameter. The temperature, which may be several, has its own."""

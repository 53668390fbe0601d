"""The options of `mathrl solve` that are parameters of solvers: read, checked, and refused where a solver has none.

All that the options alone decide is checked before a game is built, which may take long; only whether they fit the game
is checked after.
"""

import argparse
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from mathrl.cli.arguments import number, whole_number

if TYPE_CHECKING:
    from mathrl.games import Game

__all__ = [
    "add",
    "check_temperatures",
    "files",
    "function",
    "numbers",
    "parameters",
    "solver",
    "summary",
    "temperatures",
]


ALSO_ZERO = frozenset({"mehaml"})
"""Solvers that also take temperature 0."""


MOST_NUMBERS = 10_000
"""How many numbers a range may have."""

Reader = Callable[[str, str], "Callable[[Game], Any]"]
"""What becomes of an option and its text: a function that gives the parameter for a game."""


class Option(NamedTuple):
    """An option, and how its text becomes the parameter of the same name."""

    metavar: str
    help: str
    read: Reader


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of all solvers."""
    parser.add_argument(
        "--temperature",
        metavar="T[,T…]",
        help="the weight of the entropy, > 0 (for mehaml also 0); several are solved one after the other; 0.1:10:50 is "
        "50 of them from 0.1 to 10, each the same multiple of the one before",
    )
    parser.add_argument(
        "--rationality", metavar="L[,L…]", help="1/temperature, > 0, in place of the temperature; ranges likewise"
    )
    for name, option in OPTIONS.items():
        parser.add_argument(_flag(name), metavar=option.metavar, help=option.help)


def solver(name: str) -> str:
    """The name of a solver as in Python."""
    from mathrl import solvers
    from mathrl.base.checks import choice

    return choice("--solver", name.replace("-", "_"), solvers.__all__)


def function(solver: str) -> Callable[..., Any]:
    """The solver of this name."""
    from mathrl import solvers

    found: Callable[..., Any] = getattr(solvers, solver)
    return found


def parameters(solver: str, arguments: argparse.Namespace) -> "Callable[[Game], dict[str, Any]]":
    """The parameters that were given, but for the temperature, as a function of the game.

    Refuses one that the solver does not take, and what no game allows.
    """
    from mathrl.base.checks import fail

    taken = _taken(solver)
    given = {name: getattr(arguments, name) for name in ("temperature", *OPTIONS)}
    for name, text in {**given, "rationality": arguments.rationality}.items():
        if text is not None and ("temperature" if name == "rationality" else name) not in taken:
            options = ", ".join(map(_flag, taken))
            fail(_flag(name), f"is not an option of {solver.replace('_', '-')}", f"one of its options ({options})")
        replaced = name == "temperature" and arguments.rationality is not None
        if text is not None and replaced:
            fail("--rationality", "is given beside --temperature", "one of both", "the rationality is 1/temperature")
        if text is None and name in taken and not replaced and _required(taken[name]):
            fail(_flag(name), "is missing", f"a value, as {solver.replace('_', '-')} needs one")
    readers = {name: option.read for name, option in OPTIONS.items()} | dict(OF_SOLVERS.get(solver, {}))
    held = {name: read(_flag(name), given[name]) for name, read in readers.items() if given[name] is not None}
    return lambda game: {name: fitted(game) for name, fitted in held.items()}


def files(arguments: argparse.Namespace) -> dict[str, str | None]:
    """The files that the options read, by their flags; None where none was given."""
    return {_flag(name): getattr(arguments, name) for name, option in OPTIONS.items() if option.metavar == "FILE"}


def temperatures(solver: str, arguments: argparse.Namespace) -> list[float]:
    """The temperatures that were asked for, some perhaps by their rationalities; none where the solver takes none."""
    from mathrl.base.checks import positive
    from mathrl.base.rationality import one_temperature
    from mathrl.values.overflow import check_range

    if arguments.rationality is not None:
        flag, names = "--rationality", ("--temperature", "--rationality")
        values = [one_temperature(None, value, names) for value in numbers(flag, arguments.rationality)]
    elif arguments.temperature is not None:
        flag, values = "--temperature", numbers("--temperature", arguments.temperature)
    else:
        return []
    for value in values:
        if value != 0 or solver not in ALSO_ZERO:
            check_range("game", 0.0, positive(flag, value), flag)
    return values


def numbers(flag: str, text: str) -> list[float]:
    """The numbers that a text lists, as in 1,2 or 0.1:10:50."""
    return [value for part in text.split(",") for value in _range(flag, part)]


def _range(flag: str, text: str) -> list[float]:
    """One number, or those of FROM:TO:COUNT, each the same multiple of the one before; both ends are among them."""
    from mathrl.base.checks import fail, positive
    from mathrl.base.text import shown

    parts = text.split(":")
    if len(parts) == 1:
        return [number(flag, text)]
    if len(parts) != 3:
        fail(flag, f"holds {shown(text)}", "FROM:TO:COUNT for a range, as in 0.1:10:50", "50 numbers from 0.1 to 10")
    first, last = (positive(flag, number(flag, part)) for part in parts[:2])
    count = whole_number(f"COUNT of {flag} {shown(text)}", parts[2], 2)
    if count > MOST_NUMBERS:
        fail(flag, f"holds {shown(text)}", f"at most {MOST_NUMBERS:,} numbers")
    import numpy as np

    return [first, *np.geomspace(first, last, count)[1:-1].tolist(), last]


def check_temperatures(game: "Game", temperatures: "Sequence[float]") -> None:
    """Refuse those by which values of the game cannot be divided, before any of them is solved."""
    from mathrl.values.overflow import check_range, largest_value

    for value in temperatures:
        check_range("game", largest_value(game, 0.0), value, "--temperature")


def summary() -> str:
    """For the help: each solver, what it does, the options that it takes with their defaults."""
    from mathrl import solvers

    lines = ["solvers, each with its options and their defaults:"]
    for name in solvers.__all__:
        lines += [f"  {name.replace('_', '-')}", f"    {_first_sentence(function(name))}"]
        options = [_with_default(parameter) for parameter in _taken(name).values()]
        lines += [f"    {'  '.join(options)}"]
    return "\n".join(lines)


def _first_sentence(function: Callable[..., Any]) -> str:
    module = inspect.getmodule(function)
    line = (inspect.getdoc(module) or "").partition("\n")[0] if module else ""
    return line.rstrip(".")


def _required(parameter: inspect.Parameter) -> bool:
    """Whether a parameter must be given. The temperature must, though some solvers take a rationality in its place."""
    return parameter.default is inspect.Parameter.empty or parameter.name == "temperature"


def _taken(solver: str) -> Mapping[str, inspect.Parameter]:
    known = {"temperature", *OPTIONS}
    return {
        name: parameter for name, parameter in inspect.signature(function(solver)).parameters.items() if name in known
    }


def _with_default(parameter: inspect.Parameter) -> str:
    default = parameter.default
    if _required(parameter):
        return f"{_flag(parameter.name)} (required)"
    return _flag(parameter.name) if default is None else f"{_flag(parameter.name)} {default}"


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _plain(read: Callable[[str, str], Any]) -> Reader:
    """An option that means the same for all games."""

    def reader(flag: str, text: str) -> "Callable[[Game], Any]":
        value = read(flag, text)
        return lambda game: value

    return reader


def _positive(flag: str, text: str) -> float:
    from mathrl.base.checks import positive

    return positive(flag, number(flag, text))


def _share(flag: str, text: str) -> float:
    """A number in (0, 1]."""
    from mathrl.base.checks import proportion

    return proportion(flag, _positive(flag, text))


def _proportion(flag: str, text: str) -> float:
    from mathrl.base.checks import proportion

    return proportion(flag, number(flag, text))


def _order(flag: str, text: str) -> "Callable[[Game], list[int] | str]":
    from mathrl.base.checks import permutation_of

    if text == "random":
        return lambda game: text
    form = ", as in 1,0, or random"
    parts = [int(part) if part.strip().isdecimal() else part for part in text.split(",")]
    agents = permutation_of(flag, parts, len(parts), form)
    return lambda game: permutation_of(flag, agents, game.num_agents, form)


def _entropy(flag: str, text: str) -> str:
    from mathrl.base.checks import choice
    from mathrl.operators import ENTROPIES

    return choice(flag, text, ENTROPIES)


def _team(flag: str, text: str, name: str) -> str:
    """The only entropy with which the solver of this name is monotone."""
    from mathrl.iteration.order import check_team

    check_team(flag, _entropy(flag, text), name)
    return text


def _mixer(flag: str, text: str) -> str:
    from mathrl.base.checks import choice
    from mathrl.solvers.soft_qmix import MIXERS

    return choice(flag, text, MIXERS)


def _weights(flag: str, text: str) -> str:
    from mathrl.base.checks import choice
    from mathrl.solvers.soft_qmix import WEIGHTS

    return choice(flag, text, WEIGHTS)


def _policy_class(flag: str, text: str) -> str:
    from mathrl.base.checks import choice
    from mathrl.values.target_policy import POLICY_CLASSES

    return choice(flag, text, POLICY_CLASSES)


def _drift(flag: str, text: str) -> Any:
    from mathrl.mirror import as_drift

    return as_drift(text, flag)


def _neighbourhood(flag: str, text: str) -> Any:
    from mathrl.mirror import as_neighbourhood

    return as_neighbourhood(text, flag)


def _policy(flag: str, text: str) -> "Callable[[Game], Any]":
    """The product policy in a file: n nested lists, or a solution that is not correlated."""
    return _product(_one(flag, text, "policy"), f"{flag} {text}")


def _joint_or_product(flag: str, text: str) -> "Callable[[Game], Any]":
    """The joint policy of a solution that has one, else the policy in a file."""
    from mathrl.values.target_policy import as_joint

    held, source = _one(flag, text, "policy"), f"{flag} {text}"
    joint = held.get("joint_policy") if isinstance(held, dict) else None
    if joint is not None:
        return lambda game: as_joint(game, joint, f"{source}: joint_policy")
    return _product(held, source)


def _opponent_model(flag: str, text: str) -> "Callable[[Game], Any]":
    """The others' joint actions in a file: n nested lists, or those of a solution, else what its policies play."""
    from mathrl.games import as_opponent_model, opponents_policy

    held, source = _one(flag, text, "opponent_model"), f"{flag} {text}"
    if isinstance(held, dict) and held.get("opponent_model") is None and isinstance(held.get("policy"), list):
        played = _product(held, source)
        return lambda game: opponents_policy(played(game))
    model = _nested(held, source, "opponent_model")
    return lambda game: as_opponent_model(game, model, f"{source}: opponent_model")


def _product(held: Any, source: str) -> "Callable[[Game], Any]":
    from mathrl.base.checks import fail
    from mathrl.games import as_policy

    if isinstance(held, dict) and held.get("joint_policy") is not None:
        mend = "its 'policy' holds the marginals: save that list alone if they are meant"
        fail(source, "holds a correlated policy, joint_policy", "a product policy", mend)
    policy = _nested(held, source, "policy")
    return lambda game: as_policy(game, policy, f"{source}: policy")


def _nested(held: Any, source: str, key: str) -> list[Any]:
    """Nested lists: all that a file held, or `key` of the solution that it held."""
    from mathrl.base.checks import fail

    found = held.get(key) if isinstance(held, dict) else held
    if not isinstance(found, list):
        fail(source, f"holds no {key}", f"a list of one list per agent, or a solution with the key {key!r}")
    return found


def _one(flag: str, text: str, key: str) -> Any:
    """What a JSON file holds; of a list of solutions the only one."""
    from mathrl.base.checks import fail

    try:
        with open(text, encoding="utf-8-sig") as file:
            values = json.load(file)
    except OSError as error:
        fail(f"{flag} {text}", f"cannot be read ({error.strerror})", f"a file that holds the {key}")
    except UnicodeDecodeError:
        fail(f"{flag} {text}", "is not UTF-8", "text in UTF-8")
    except json.JSONDecodeError as error:
        fail(f"{flag} {text}", f"is not JSON (line {error.lineno}: {error.msg})", "a JSON list of one list per agent")
    except (RecursionError, ValueError) as error:
        fail(f"{flag} {text}", f"cannot be read ({error})", "a JSON list of one list per agent")
    solutions = values if isinstance(values, list) and all(isinstance(value, dict) for value in values) else [values]
    if len(solutions) != 1:
        fail(f"{flag} {text}", f"holds {len(solutions)} solutions", f"one solution or {key}")
    return solutions[0]


OPTIONS: Mapping[str, Option] = {
    "initial_policy": Option("FILE", "where the iteration starts (default: uniform)", _policy),
    "target_policy": Option("FILE", "the target policy ρ: a divergence from it is subtracted", _joint_or_product),
    "policy_class": Option(
        "CLASS", "joint|product: the policies to choose from (default: joint)", _plain(_policy_class)
    ),
    "policy": Option("FILE", "the policy to evaluate", _policy),
    "entropy": Option("WHOSE", "team|own|none: whose entropy is part of the value (default: team)", _plain(_entropy)),
    "prior": Option("FILE", "each agent's prior over the others' joint actions (default: uniform)", _opponent_model),
    "opponent_model": Option("FILE", "each agent's model of the others' joint actions", _opponent_model),
    "divergence_weight": Option(
        "W",
        "> 0: the weight of the divergence of an opponent model from its prior; not scaled by temperature",
        _plain(_positive),
    ),
    "averaging": Option(
        "TAU", "in (0, 1]: how far the averaged policy moves to the new policy in a step", _plain(_share)
    ),
    "mixer": Option(
        "FORM", "monotone|additive|unrestricted: the form of the mixed Q (default: monotone)", _plain(_mixer)
    ),
    "trace_decay": Option("LAMBDA", "in [0, 1]: the λ of TD(λ) targets", _plain(_proportion)),
    "weights": Option("WHOSE", "policy|uniform: how the fit weighs joint actions (default: policy)", _plain(_weights)),
    "node_limit": Option("N", "how many partial orders of actions each projection tries at most", _plain(whole_number)),
    "drift": Option(
        "D", "none|kl:W|squared:W|clipped:EPS[:W]: the cost of a step away from the old policy", _plain(_drift)
    ),
    "neighbourhood": Option(
        "U", "everywhere|kl:R|total-variation:R|ratio:R: how far a step may go", _plain(_neighbourhood)
    ),
    "order": Option("ORDER", "the order in which agents update, as in 1,0; or random (default: 0,1,…)", _order),
    "seed": Option("N", "the seed of random orders (default: 0)", _plain(whole_number)),
    "step_length": Option("X", "scales the steps along the branch; run with 0.1 to check an answer", _plain(_positive)),
    "tol": Option("X", "stop when the residual is at most X rounding floors; below 8 counts as 8", _plain(_positive)),
    "max_steps": Option("N", "stop after N steps at the latest", _plain(whole_number)),
}
"""By parameter. The temperature, which may be several, has its own."""

OF_SOLVERS: Mapping[str, Mapping[str, Reader]] = {
    "haspi": {"entropy": _plain(partial(_team, name="HASPI"))},
    "mehaml": {"entropy": _plain(partial(_team, name="MEHAML"))},
    "divergence_iteration": {"initial_policy": _joint_or_product},
    "divergence_limit": {"initial_policy": _joint_or_product},
    "divergence_policy_iteration": {"initial_policy": _joint_or_product},
}
"""Readers of options that mean something else for these solvers."""

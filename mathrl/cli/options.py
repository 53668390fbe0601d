"""The options of `mathrl solve` that are parameters of solvers: read, checked, and refused where a solver has none."""

import argparse
import inspect
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from mathrl.cli.arguments import number, whole_number

if TYPE_CHECKING:
    from mathrl.games import Game

__all__ = ["add", "function", "parameters", "solver", "summary", "temperatures"]


ALSO_ZERO = frozenset({"mehaml"})
"""Solvers that also take temperature 0."""


class Option(NamedTuple):
    """An option, and how its text becomes the parameter of the same name."""

    metavar: str
    help: str
    read: "Callable[[str, str, Game], Any]"


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of all solvers."""
    parser.add_argument(
        "--temperature",
        metavar="T[,T…]",
        help="the weight of the entropy, > 0 (for mehaml also 0); several are solved one after the other",
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


def parameters(solver: str, arguments: argparse.Namespace, game: "Game") -> dict[str, Any]:
    """The parameters that were given, but for the temperature. Refuses one that the solver does not take."""
    from mathrl.base.checks import fail

    taken = _taken(solver)
    given = {name: getattr(arguments, name) for name in ("temperature", *OPTIONS)}
    for name, text in given.items():
        if text is not None and name not in taken:
            options = ", ".join(map(_flag, taken))
            fail(_flag(name), f"is not an option of {solver.replace('_', '-')}", f"one of its options ({options})")
        if text is None and name in taken and taken[name].default is inspect.Parameter.empty:
            fail(_flag(name), "is missing", f"a value, as {solver.replace('_', '-')} needs one")
    joint = {"initial_policy": _joint_or_product} if solver in TAKES_JOINT_POLICIES else {}
    return {
        name: joint.get(name, option.read)(_flag(name), given[name], game)
        for name, option in OPTIONS.items()
        if given[name] is not None
    }


def temperatures(solver: str, arguments: argparse.Namespace) -> list[float]:
    """The temperatures that were asked for; none where the solver takes none."""
    from mathrl.base.checks import positive

    if arguments.temperature is None:
        return []
    values = [_number("--temperature", text) for text in arguments.temperature.split(",")]
    return [value if value == 0 and solver in ALSO_ZERO else positive("--temperature", value) for value in values]


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
    return number(flag, text)


def _positive(flag: str, text: str, game: "Game") -> float:
    from mathrl.base.checks import positive

    return positive(flag, _number(flag, text))


def _count(flag: str, text: str, game: "Game") -> int:
    return whole_number(flag, text)


def _order(flag: str, text: str, game: "Game") -> list[int] | str:
    from mathrl.base.checks import permutation_of

    if text == "random":
        return text
    agents = [int(part) if part.strip().isdecimal() else part for part in text.split(",")]
    return permutation_of(flag, agents, game.num_agents, ", as in 1,0, or random")


def _entropy(flag: str, text: str, game: "Game") -> str:
    from mathrl.base.checks import choice
    from mathrl.operators import ENTROPIES

    return choice(flag, text, ENTROPIES)


def _mixer(flag: str, text: str, game: "Game") -> str:
    from mathrl.base.checks import choice
    from mathrl.solvers.soft_qmix import MIXERS

    return choice(flag, text, MIXERS)


def _weights(flag: str, text: str, game: "Game") -> str:
    from mathrl.base.checks import choice
    from mathrl.solvers.soft_qmix import WEIGHTS

    return choice(flag, text, WEIGHTS)


def _policy_class(flag: str, text: str, game: "Game") -> str:
    from mathrl.base.checks import choice
    from mathrl.values.target_policy import POLICY_CLASSES

    return choice(flag, text, POLICY_CLASSES)


def _drift(flag: str, text: str, game: "Game") -> Any:
    from mathrl.mirror import as_drift

    return as_drift(text, flag)


def _neighbourhood(flag: str, text: str, game: "Game") -> Any:
    from mathrl.mirror import as_neighbourhood

    return as_neighbourhood(text, flag)


def _policy(flag: str, text: str, game: "Game") -> Any:
    """The product policy in a file: n nested lists, or a solution that is not correlated."""
    return _product(_one(flag, text, "policy"), f"{flag} {text}", game)


def _joint_or_product(flag: str, text: str, game: "Game") -> Any:
    """The joint policy of a solution that has one, else the policy in a file."""
    from mathrl.values.target_policy import as_joint

    held = _one(flag, text, "policy")
    if isinstance(held, dict) and held.get("joint_policy") is not None:
        return as_joint(game, held["joint_policy"], f"{flag} {text}: joint_policy")
    return _product(held, f"{flag} {text}", game)


def _opponent_model(flag: str, text: str, game: "Game") -> Any:
    """The others' joint actions in a file: n nested lists, or those of a solution, else what its policies play."""
    from mathrl.games import as_opponent_model, opponents_policy

    held, source = _one(flag, text, "opponent_model"), f"{flag} {text}"
    if isinstance(held, dict) and held.get("opponent_model") is None and isinstance(held.get("policy"), list):
        return opponents_policy(_product(held, source, game))
    return as_opponent_model(game, _nested(held, source, "opponent_model"), f"{source}: opponent_model")


def _product(held: Any, source: str, game: "Game") -> Any:
    from mathrl.base.checks import fail
    from mathrl.games import as_policy

    if isinstance(held, dict) and held.get("joint_policy") is not None:
        mend = "its 'policy' holds the marginals: save that list alone if they are meant"
        fail(source, "holds a correlated policy, joint_policy", "a product policy", mend)
    return as_policy(game, _nested(held, source, "policy"), f"{source}: policy")


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
    "policy_class": Option("CLASS", "joint|product: the policies to choose from (default: joint)", _policy_class),
    "policy": Option("FILE", "the policy to evaluate", _policy),
    "entropy": Option("WHOSE", "team|own|none: whose entropy is part of the value (default: team)", _entropy),
    "prior": Option("FILE", "each agent's prior over the others' joint actions (default: uniform)", _opponent_model),
    "opponent_model": Option("FILE", "each agent's model of the others' joint actions", _opponent_model),
    "divergence_weight": Option(
        "W",
        "> 0: the weight of the divergence of an opponent model from its prior; not scaled by temperature",
        _positive,
    ),
    "averaging": Option("TAU", "in (0, 1]: how far the averaged policy moves to the new policy in a step", _positive),
    "mixer": Option("FORM", "monotone|additive|unrestricted: the form of the mixed Q (default: monotone)", _mixer),
    "trace_decay": Option("LAMBDA", "in [0, 1]: the λ of TD(λ) targets", _number),
    "weights": Option("WHOSE", "policy|uniform: how the fit weighs joint actions (default: policy)", _weights),
    "node_limit": Option("N", "how many partial orders of actions each projection tries at most", _count),
    "drift": Option("D", "none|kl:W|squared:W|clipped:EPS[:W]: the cost of a step away from the old policy", _drift),
    "neighbourhood": Option("U", "everywhere|kl:R|total-variation:R|ratio:R: how far a step may go", _neighbourhood),
    "order": Option("ORDER", "the order in which agents update, as in 1,0; or random (default: 0,1,…)", _order),
    "seed": Option("N", "the seed of random orders (default: 0)", _count),
    "step_length": Option("X", "scales the steps along the branch; run with 0.1 to check an answer", _positive),
    "tol": Option("X", "stop when the residual is at most X rounding floors; below 8 counts as 8", _positive),
    "max_steps": Option("N", "stop after N steps at the latest", _count),
}
"""By parameter. The temperature, which may be several, has its own."""

TAKES_JOINT_POLICIES = ("divergence_iteration", "divergence_limit", "divergence_policy_iteration")
"""Solvers that may start from a correlated policy."""

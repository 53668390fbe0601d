"""The numbers that aorpo's bounds are functions of: one check for each name, the same in all formulas."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, ParamSpec

from mathrl.base.checks import count, discount_factor, fail, flag, iterated, not_negative, real
from mathrl.base.text import shown

__all__ = ["checked", "whole_lengths"]

P = ParamSpec("P")


def checked(formula: Callable[P, float]) -> Callable[P, float]:
    """Make a formula check its arguments, all of which are given by keyword, before it computes."""

    @wraps(formula)
    def call(*args: P.args, **numbers: P.kwargs) -> float:
        for name, value in numbers.items():
            if name in _CHECKS:
                numbers[name] = _CHECKS[name](name, value)
        return formula(*args, **numbers)

    return call


def whole_lengths(branch_lengths: Iterable[int], minimum: int = 0) -> list[int]:
    """Check branch lengths whose steps are to be followed one by one."""
    mend = f"give [{shown(branch_lengths)}] for one length"
    given = iterated("branch_lengths", branch_lengths, "whole numbers", mend)
    lengths = [count("branch_lengths", k, minimum) for k in given]
    for k in lengths:
        if k > MOST_STEPS:
            fail("branch_lengths", f"holds {k}", f"at most {MOST_STEPS}", "each of its steps is followed")
    return lengths


MOST_STEPS = 10**6


def _distance(argument: str, value: Any) -> float:
    """Check a total variation, in [0, 1]."""
    if not 0 <= real(argument, value) <= 1:
        fail(argument, f"is {value:g}", "a total variation, in [0, 1]")
    return float(value)


def _distances(argument: str, values: Any) -> tuple[float, ...]:
    """Check one total variation per opponent."""
    mend = f"give ({shown(values)},) for one opponent"
    given = iterated(argument, values, "one total variation per opponent", mend)
    return tuple(_distance(f"{argument}[{j}]", value) for j, value in enumerate(given))


def _steps(argument: str, value: Any) -> int:
    """Check a number of steps; it must be exact as a double."""
    if count(argument, value) > 2**53:
        fail(argument, f"is {shown(value)}", "a whole number, at most 2**53")
    return int(value)


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "averaged": flag,
    "reward_bound": real,
    "reward_range": not_negative,
    "discount": discount_factor,
    "branch_length": _steps,
    "step": _steps,
    "state_distance": _distance,
    "dynamics_error": _distance,
    "dynamics_error_pre": _distance,
    "dynamics_error_post": _distance,
    "policy_shift": _distance,
    "policy_distance": _distance,
    "policy_distance_pre": _distance,
    "policy_distance_post": _distance,
    "opponents_shift": _distance,
    "opponents_error": _distance,
    "opponents_distance": _distance,
    "opponents_distance_pre": _distance,
    "opponents_distance_post": _distance,
    "opponent_shifts": _distances,
    "opponent_errors": _distances,
    "opponent_distances": _distances,
    "opponent_distances_pre": _distances,
    "opponent_distances_post": _distances,
}

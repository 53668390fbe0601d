"""What a solver returns: the answer, how good it is, and how it was obtained."""

import json
import math
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray, InvalidInput, fail
from mathrl.base.files import write_text
from mathrl.games.policies import Policy

__all__ = ["BranchPath", "NotConverged", "Solution", "Status", "rounding_floor"]


class Status(StrEnum):
    """How a run ended, as a sentence that says what to do."""

    CONVERGED = "the residual is within the rounding floors that are allowed"
    MAX_STEPS = "max_steps was not enough: raise it or tol, or go on from this policy where there is an initial_policy"
    STALLED = "no step lowers the residual any more: another start, where there is one, or temperature may do"
    CYCLED = "the iteration returned to an earlier iterate: this cycle is where it ends from this start"
    OUT_OF_CLASS = "a stage game left the class that the solver is for: solver qre takes any game"
    INTERRUPTED = "stopped on request: go on from this policy where there is an initial_policy"


class NotConverged(RuntimeError):
    """A solution was required to have converged and had not."""


def rounding_floor(q: FloatArray, temperature: float | None = None) -> float:
    """The residual that rounding alone leaves: eps · max(1, ‖Q‖∞ / temperature), or eps · ‖Q‖∞ without a temperature.

    The first is the error in a probability softmax(Q / temperature) when Q carries a relative error of eps; above
    temperature ‖Q‖∞ it is the rounding of the probability itself.
    """
    eps, scale = float(np.finfo(np.float64).eps), float(max(q.max(), -q.min()))
    return eps * scale if temperature is None else eps * max(1.0, scale / temperature)


@dataclass(frozen=True, eq=False, kw_only=True)
class BranchPath:
    """Points of a curve of logit equilibria, in order, from (rationality 0, uniform) to an answer; arrays read-only.

    `rationality`   (K,), 1/temperature of each point
    `policy`        per agent (K, S, A_i)
    `folds`         (F,), which points are turning points of the rationality
    `bifurcations`  (B,), which points are where another curve crosses: at the point, or before the next one
    """

    rationality: FloatArray
    policy: Policy
    folds: npt.NDArray[np.int64]
    bifurcations: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            object.__setattr__(self, name, _frozen(value))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by fields, so that the arrays are read-only again."""
        return _branch_path, ({item.name: getattr(self, item.name) for item in fields(self)},)

    @property
    def temperature(self) -> FloatArray:
        """(K,), 1/rationality; infinite at rationality 0."""
        with np.errstate(divide="ignore"):
            return np.asarray(1 / self.rationality)


@dataclass(frozen=True, eq=False, kw_only=True)
class Solution:
    """The frozen answer of a solver; its arrays are read-only.

    `policy`          tuple of (S, A_i); the marginals where `joint_policy` is set
    `q`, `v`          exact values of that policy, (S, A_1, …, A_n) and (S,), a leading agent axis where agents differ;
                      with an opponent model or a joint policy, of these: what each agent expects, not what play earns
    `objective`       Σ_s start(s) V(s): a float, or (n,) with an agent axis
    `residual`        of the solver's defining equation (see its docstring)
    `rounding_floor`  the residual that rounding alone leaves; `tol` counts these
    `status`          a sentence; `converged` follows from it
    `history`         one entry per step (see the solver's docstring), or one row; empty for direct solves
    `detail`          what the status says of this run, where that needs saying: which state and step, which period

    The rest is None but for the solvers that have it:

    `joint_policy`        (S, A_1, …, A_n), a correlated answer, with a leading agent axis where the agents' differ
    `conditional_policy`  per agent (S, A_i, B_i), π(a_i | s, a_{-i}), the others' joint actions in C order
    `opponent_model`      per agent (S, B_i), ρ(a_{-i} | s)
    `q_tot`               (S, A_1, …, A_n), a mixed Q that is not the policy's own
    `individual_q`        per agent (S, A_i), local values that the agents maximise in greedy execution
    `period`              the number of steps in which a cycle returns
    `path`                the points of the branch that led here
    """

    policy: Policy
    q: FloatArray
    v: FloatArray
    objective: float | FloatArray
    residual: float
    rounding_floor: float
    status: Status
    steps: int
    history: FloatArray
    solver: str
    parameters: Mapping[str, Any]
    detail: str = ""
    joint_policy: FloatArray | None = None
    conditional_policy: Policy | None = None
    opponent_model: Policy | None = None
    q_tot: FloatArray | None = None
    individual_q: Policy | None = None
    period: int | None = None
    path: BranchPath | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, (np.ndarray, tuple)):
                object.__setattr__(self, name, _frozen(value))
        parameters = {name: _frozen(value) for name, value in self.parameters.items()}
        object.__setattr__(self, "parameters", MappingProxyType(parameters))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by fields: the read-only view of `parameters` cannot be pickled itself."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return _solution, (values | {"parameters": dict(self.parameters)},)

    @property
    def converged(self) -> bool:
        """True where `status` is `CONVERGED`."""
        return self.status is Status.CONVERGED

    @property
    def message(self) -> str:
        """The sentence of the status, with the detail."""
        return f"{self.status} ({self.detail})" if self.detail else str(self.status)

    def require(self) -> Self:
        """Return this solution if it converged, else raise `NotConverged` with the residual it reached."""
        if not self.converged:
            raise NotConverged(f"{self.solver}: {self.message} (residual {self.residual:.3g} after {self.steps} steps)")
        return self

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON values, floats that read back exactly; adds `message` and `converged`."""
        values = {item.name: plain(getattr(self, item.name)) for item in fields(self)}
        return values | {"status": self.status.name, "message": self.message, "converged": self.converged}

    def save(self, path: str | PathLike[str]) -> None:
        """Write this solution as JSON, the form that `mathrl solve --format json` prints."""
        write_text(Path(path), json.dumps(self.to_dict()) + "\n")

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read a solution that `save` wrote. Raises `ValueError` naming the file and the key or line that is broken."""
        path = Path(path)
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except json.JSONDecodeError as error:
            fail(str(path), f"line {error.lineno}: {error.msg}", "JSON")
        except (OSError, UnicodeDecodeError) as error:
            fail(str(path), f"cannot be read ({error})", "a solution written by save")
        if not isinstance(values, dict):
            fail(str(path), f"holds a {type(values).__name__}", "one JSON object")
        read: dict[str, Any] = {}
        for item in fields(cls):
            if item.name not in values:
                fail(str(path), f"lacks the key {item.name!r}", "a solution written by save")
            try:
                read[item.name] = _READERS[item.name](values[item.name])
            except (KeyError, TypeError, ValueError) as error:
                found = f"has the key {item.name!r} with value {reprlib.repr(values[item.name])}"
                raise InvalidInput(f"{path} {found}, expected a solution written by save") from error
        return cls(**read)


def plain(value: Any) -> Any:
    """`value` as JSON data: arrays become lists, numbers that are not finite become None."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, BranchPath):
        return {item.name: plain(getattr(value, item.name)) for item in fields(value)}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


def _of(kind: type) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError
        return value

    return check


def _array(value: Any) -> FloatArray:
    return np.array(_of(list)(value), dtype=np.float64)


def _number(value: Any) -> float:
    return math.nan if value is None else value if type(value) is int else _of(float)(value)


def _policy(value: Any) -> Policy:
    return tuple(_array(agent) for agent in _of(list)(value))


def _optional(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else read(value)


def _read_path(values: Any) -> BranchPath:
    return BranchPath(
        rationality=_array(values["rationality"]),
        policy=_policy(values["policy"]),
        folds=np.array(values["folds"], np.int64),
        bifurcations=np.array(values["bifurcations"], np.int64),
    )


_READERS: dict[str, Callable[[Any], Any]] = {
    "policy": _policy,
    "q": _array,
    "v": _array,
    "objective": lambda value: _array(value) if isinstance(value, list) else _number(value),
    "residual": _number,
    "rounding_floor": _number,
    "status": lambda value: Status[value],
    "steps": _of(int),
    "history": _array,
    "solver": _of(str),
    "parameters": _of(dict),
    "detail": _of(str),
    "joint_policy": _optional(_array),
    "conditional_policy": _optional(_policy),
    "opponent_model": _optional(_policy),
    "q_tot": _optional(_array),
    "individual_q": _optional(_policy),
    "period": _optional(_of(int)),
    "path": _optional(_read_path),
}


def _frozen(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_frozen(item) for item in value)
    return _read_only(value) if isinstance(value, np.ndarray) else value


def _read_only(array: FloatArray) -> FloatArray:
    if array.flags.writeable or array.base is not None:
        array = array.copy()
        array.flags.writeable = False
    return array


def _branch_path(values: dict[str, Any]) -> BranchPath:
    return BranchPath(**values)


def _solution(values: dict[str, Any]) -> Solution:
    return Solution(**values)

"""What a solver returns: the answer, how good it is, and how it was obtained."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import numpy as np

from mathrl.games.files import write_text
from mathrl.games.policies import Policy
from mathrl.games.validate import FloatArray, InvalidInput, fail

__all__ = ["NotConverged", "Solution", "Status", "rounding_floor"]


class Status(StrEnum):
    """How a run ended, as a sentence that says what to do."""

    CONVERGED = "the residual is within tol rounding floors"
    MAX_STEPS = "max_steps was not enough: raise it, raise tol, or go on from this policy as initial_policy"
    STALLED = "no step lowers the residual any more: try another initial_policy or a higher temperature"
    CYCLED = "the iteration returned to an earlier iterate: try another initial_policy or order"
    INTERRUPTED = "interrupted: go on from this policy as initial_policy"


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
class Solution:
    """The frozen answer of a solver; its arrays are read-only.

    `policy`          tuple of (S, A_i); the marginals where `joint_policy` is set
    `q`, `v`          exact values of that policy, (S, A_1, …, A_n) and (S,), a leading agent axis where agents differ
    `objective`       Σ_s start(s) V(s): a float, or (n,) with an agent axis
    `residual`        of the solver's defining equation (see its docstring)
    `rounding_floor`  the residual that rounding alone leaves; `tol` counts these
    `status`          a sentence; `converged` follows from it
    `history`         one entry per step (see the solver's docstring); empty for direct solves
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
    joint_policy: FloatArray | None = field(default=None)

    def __post_init__(self) -> None:
        object.__setattr__(self, "policy", tuple(_read_only(agent_policy) for agent_policy in self.policy))
        for name in ("q", "v", "history", "joint_policy"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else _read_only(value))
        if isinstance(self.objective, np.ndarray):
            object.__setattr__(self, "objective", _read_only(self.objective))
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))

    @property
    def converged(self) -> bool:
        """True where `status` is `CONVERGED`."""
        return self.status is Status.CONVERGED

    def require(self) -> Self:
        """Return this solution if it converged, else raise `NotConverged` with the residual it reached."""
        if not self.converged:
            raise NotConverged(f"{self.solver}: {self.status} (residual {self.residual:.3g} after {self.steps} steps)")
        return self

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON values, floats that read back exactly; adds `message` and `converged`."""
        values = {item.name: plain(getattr(self, item.name)) for item in fields(self)}
        return values | {"status": self.status.name, "message": str(self.status), "converged": self.converged}

    def save(self, path: str | PathLike[str]) -> None:
        """Write this solution as JSON, the form that `mathrl solve --format json` prints."""
        write_text(Path(path), json.dumps(self.to_dict()) + "\n")

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read a solution that `save` wrote. Raises `ValueError` naming the key or line that is broken."""
        try:
            values = json.loads(Path(path).read_text(encoding="utf-8"))
        except json.JSONDecodeError as error:
            fail(str(path), f"line {error.lineno}: {error.msg}", "JSON")
        if not isinstance(values, dict):
            fail(str(path), f"holds a {type(values).__name__}", "one JSON object")
        known = {item.name for item in fields(cls)}
        missing = sorted(known - values.keys())
        if missing:
            fail(str(path), f"lacks the key {missing[0]!r}", "a solution written by save")
        try:
            values["status"] = Status[values["status"]]
            values["policy"] = tuple(_array(agent_policy) for agent_policy in values["policy"])
            for name in ("q", "v", "history", "joint_policy"):
                values[name] = None if values[name] is None else _array(values[name])
            if isinstance(values["objective"], list):
                values["objective"] = _array(values["objective"])
            values["residual"] = math.nan if values["residual"] is None else values["residual"]
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput(f"{path} is no solution written by save: {error}") from error
        return cls(**{name: values[name] for name in known})


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
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


def _array(value: Any) -> FloatArray:
    return np.array(value, dtype=np.float64)


def _read_only(array: FloatArray) -> FloatArray:
    if array.flags.writeable or array.base is not None:
        array = array.copy()
        array.flags.writeable = False
    return array

"""The solutions of many games of one shape, as arrays; in files too."""

import io
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from os import PathLike
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray, fail, probabilities
from mathrl.base.files import as_path, read, write_bytes
from mathrl.iteration.outcome import Status

__all__ = ["BatchSolution"]

_SAVED = "a batch written by save"
_KINDS, _CALLED = (
    {"steps": "i", "period": "i", "status": "U", "road": "U"},
    {"f": "floats", "i": "integers", "U": "texts"},
)


@dataclass(frozen=True, eq=False, repr=False)
class BatchSolution:
    """The solutions of B games of one shape, game by game; its arrays are read-only.

    `policy`          per agent (B, S, A_i)
    `objective`       (B,), or (B, n) where the agents' objectives differ
    `residual`        (B,), as in the function's docstring
    `rounding_floor`  (B,), the residual that rounding alone leaves (see `mathrl.Solution`)
    `steps`           (B,), how many steps were taken
    `period`          (B,), the number of steps of a cycle, 0 where there is none
    `status`          (B,) of `mathrl.Status`; `converged` follows from it
    `road`            (B,) of strings: how each answer was found, as in the function's docstring

    Large common offsets of payoffs are treated as `mathrl.Solution` says: `residual` is that of the payoffs without
    them, `rounding_floor` that of the payoffs as given.
    """

    policy: tuple[FloatArray, ...]
    objective: FloatArray
    residual: FloatArray
    rounding_floor: FloatArray
    steps: npt.NDArray[np.int64]
    period: npt.NDArray[np.int64]
    status: npt.NDArray[np.object_]
    road: npt.NDArray[np.str_]

    def __post_init__(self) -> None:
        for array in (*self.policy, *(getattr(self, item.name) for item in fields(self)[1:])):
            array.flags.writeable = False

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {name}" for name, count in Counter(_names(self.status)).most_common())
        return f"<BatchSolution: {len(self.status)} games{': ' if counts else ''}{counts}>"

    @property
    def converged(self) -> npt.NDArray[np.bool_]:
        """True where the status is `CONVERGED`."""
        return np.asarray(self.status == Status.CONVERGED, dtype=bool)

    def save(self, path: str | PathLike[str]) -> None:
        """Write all arrays to a `.npz` archive that reads back exactly, whole or not at all."""
        path = as_path("path", path)
        if path.suffix.lower() != ".npz":
            fail(f"path {str(path)!r}", f"ends in {path.suffix!r}", ".npz")
        arrays = {item.name: getattr(self, item.name) for item in fields(self) if item.name not in ("policy", "status")}
        arrays["status"] = np.array(_names(self.status), dtype=np.str_)
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays, **{f"policy_{i}": own for i, own in enumerate(self.policy)})
        write_bytes(path, buffer.getvalue())

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read a batch that `save` wrote. Raises `ValueError` naming the file and the array that is broken."""
        return read(as_path("path", path), cls._of, _SAVED)

    @classmethod
    def _of(cls, data: bytes) -> Self:
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as archive:
                arrays: dict[str, npt.NDArray[Any]] = dict(archive)
        except (ValueError, TypeError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
            why = f" ({error})" if zipfile.is_zipfile(io.BytesIO(data)) else ""
            fail("the file", f"is no .npz archive of plain arrays{why}", _SAVED)
        names = [item.name for item in fields(cls)[1:]]
        policies = [f"policy_{i}" for i in range(max(1, sum(name.startswith("policy_") for name in arrays)))]
        for name in (*names, *policies):
            if name not in arrays:
                fail(f"array {name!r}", "is missing", _SAVED)
            if arrays[name].shape[:1] != arrays["steps"].shape[:1]:
                fail(f"array {name!r}", f"has shape {arrays[name].shape}", f"a row for each game: {_SAVED}")
        _check({name: arrays[name] for name in (*policies, *names)}, len(policies))
        unknown = sorted(set(arrays["status"].tolist()) - set(Status.__members__))
        if unknown:
            fail("array 'status'", f"holds {unknown[0]!r}", f"one of {', '.join(Status.__members__)}")
        rows = {name: arrays[name] for name in names if name != "status"}
        status = np.array([Status[name] for name in arrays["status"].tolist()], dtype=object)
        return cls(policy=tuple(arrays[name] for name in policies), status=status, **rows)


def _check(arrays: Mapping[str, npt.NDArray[Any]], num_agents: int) -> None:
    """Require the types and shapes of a batch, and policies whose rows sum to 1 up to 1e-9.

    The policies of games that were interrupted hold nan, which is let pass.
    """
    games = arrays["steps"].shape[:1]
    states = arrays["policy_0"].shape[1:2]
    for name, array in arrays.items():
        where, kind = f"array {name!r}", _KINDS.get(name, "f")
        if array.dtype.kind != kind:
            fail(where, f"has dtype {array.dtype}", f"{_CALLED[kind]}: {_SAVED}")
        if name.startswith("policy_"):
            if array.ndim != 3 or array.shape[1:2] != states or 0 in array.shape[1:]:
                fail(where, f"has shape {array.shape}", f"({', '.join(map(str, games + states))}, A_i): {_SAVED}")
            probabilities(f"{where}, row", array)
        else:
            allowed = [games, (*games, num_agents)] if name == "objective" else [games]
            if array.shape not in allowed:
                fail(where, f"has shape {array.shape}", f"{' or '.join(map(str, allowed))}: {_SAVED}")


def _names(status: npt.NDArray[np.object_]) -> list[str]:
    return [one.name for one in status]

"""The solutions of many games of one shape, as arrays; in files too."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from os import PathLike
from types import MappingProxyType
from typing import Any, Self, overload

import numpy as np
import numpy.typing as npt

from mathrl.base.archived import arrays_in, to_bytes
from mathrl.base.array_types import ArrayLike
from mathrl.base.checks import FloatArray, fail, instance, iterated, probabilities
from mathrl.base.document import parse
from mathrl.base.files import as_path, read, write_bytes
from mathrl.base.text import shown
from mathrl.batch import rows
from mathrl.equations import named as named_equation
from mathrl.iteration.outcome import Status
from mathrl.solution import NotConverged, Solution
from mathrl.solution import parameters as solver_parameters

__all__ = ["BatchSolution"]

_ROWS = ("objective", "residual", "rounding_floor", "steps", "period", "status", "road")
"""The fields that are one array with a row for each game."""

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

    `kept`            what else of each game's `Solution` there is, by field: arrays, or tuples of one per agent, with a
                      row for each game; `parameters`, of the same kind; and values that are the same for all games

    `len(batch)` is B. `batch[k]` is the `Solution` of game k; of its fields history is NaN, as a batch keeps none, and
    those that the batch lacks are None. A slice, a mask (B,) or a list of numbers gives the batch of these games, and
    `BatchSolution.concatenated` joins batches.

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
    kept: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for array in (*self.policy, *(getattr(self, name) for name in _ROWS)):
            array.flags.writeable = False
        object.__setattr__(self, "kept", MappingProxyType(dict(rows.frozen(self.kept))))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by fields: the read-only view of `kept` cannot be pickled itself."""
        return _batch, ({item.name: getattr(self, item.name) for item in fields(self)} | {"kept": dict(self.kept)},)

    def __len__(self) -> int:
        """B, the number of games."""
        return len(self.steps)

    def __iter__(self) -> Iterator[Solution]:
        """The solution of each game in turn."""
        return (self[k] for k in range(len(self)))

    @overload
    def __getitem__(self, index: int) -> Solution: ...

    @overload
    def __getitem__(self, index: slice | ArrayLike) -> Self: ...

    def __getitem__(self, index: Any) -> Solution | Self:
        """The solution of one game, or the batch of several.

        Raises `IndexError` where there is no such game, and `ValueError` where one solution is asked for of a batch
        that an older version wrote, which kept no q.
        """
        if isinstance(index, (int, np.integer)) and not isinstance(index, bool):
            if not -len(self) <= index < len(self):
                raise IndexError(f"index is {index}, and the batch has {len(self)} games")
            return self._solution(range(len(self))[index])
        some = index if isinstance(index, slice) else _selection(index)
        return type(self)(
            policy=tuple(own[some].copy() for own in self.policy),
            **{name: getattr(self, name)[some].copy() for name in _ROWS},
            kept=rows.some(self.kept, some),
        )

    def _solution(self, k: int) -> Solution:
        if "q" not in self.kept:
            fail(
                "batch", "was written by an older version, which kept no q", "one that keeps q", "solve the games anew"
            )
        own = rows.one(self.kept, k)
        steps, period = int(self.steps[k]), int(self.period[k])
        objective = self.objective[k]
        return Solution(
            policy=tuple(policy[k] for policy in self.policy),
            objective=objective if np.ndim(objective) else float(objective),
            residual=float(self.residual[k]),
            rounding_floor=float(self.rounding_floor[k]),
            status=self.status[k],
            steps=steps,
            history=np.full(steps, np.nan),
            period=period or None,
            detail=f"period {period}" if period else "",
            **own,
        )

    @classmethod
    def concatenated(cls, batches: Iterable["BatchSolution"]) -> Self:
        """Join batches of games of one shape, in their order, as `numpy.concatenate` joins arrays.

        `batches`  at least one; what they keep beside policies and residuals must be the same fields

        Parameters that differ have a row for each game in the result. Raises `ValueError` naming the batch that has
        another shape.
        """
        several = [
            instance(f"batches[{b}]", one, BatchSolution, "a BatchSolution")
            for b, one in enumerate(iterated("batches", batches, "batches, in a list for example"))
        ]
        if not several:
            fail("batches", "are none", "at least one")
        for b, one in enumerate(several):
            if one._shape() != several[0]._shape():
                mend = "agents, states, actions, whose objectives there are, and what is kept"
                fail(f"batches[{b}]", "is of another kind", "the kind of batches[0]", mend)
        return cls(
            policy=tuple(np.concatenate(own) for own in zip(*(one.policy for one in several), strict=True)),
            **{name: np.concatenate([getattr(one, name) for one in several]) for name in _ROWS},
            kept=rows.joined([one.kept for one in several], [len(one) for one in several]),
        )

    def _shape(self) -> tuple[Any, ...]:
        """What batches that are joined have in common."""
        return tuple(own.shape[1:] for own in self.policy), self.objective.shape[1:], rows.kinds(self.kept)

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {name}" for name, count in Counter(_names(self.status)).most_common())
        return f"<BatchSolution: {len(self.status)} games{': ' if counts else ''}{counts}>"

    @property
    def converged(self) -> npt.NDArray[np.bool_]:
        """True where the status is `CONVERGED`."""
        return np.asarray(self.status == Status.CONVERGED, dtype=bool)

    def require(self) -> Self:
        """Return this batch if all games converged, else raise `NotConverged` with how many did not, and the first."""
        failed = np.flatnonzero(~self.converged)
        if failed.size:
            k = failed[0]
            first = f"game {k}: {self.status[k]} (residual {self.residual[k]:.3g} after {self.steps[k]} steps)"
            raise NotConverged(f"{failed.size} of {len(self)} games did not converge, the first is {first}")
        return self

    def save(self, path: str | PathLike[str]) -> None:
        """Write all arrays to a `.npz` archive that reads back exactly, whole or not at all."""
        path = as_path("path", path)
        if path.suffix.lower() != ".npz":
            fail(f"path {str(path)!r}", f"ends in {path.suffix!r}", ".npz")
        arrays = {name: getattr(self, name) for name in _ROWS if name != "status"}
        arrays["status"] = np.array(_names(self.status), dtype=np.str_)
        arrays |= {f"policy_{i}": own for i, own in enumerate(self.policy)}
        kept, document = rows.apart(self.kept)
        named = _each(document.pop("equation", None), lambda equation: equation.name)
        document["parameters"] = solver_parameters.written(document.get("parameters", {}))
        document |= solver_parameters.written({"equation": named})
        arrays |= {f"kept.{name}": own for name, own in kept.items()}
        write_bytes(path, to_bytes(arrays | ({"kept": np.array(json.dumps(document))} if self.kept else {})))

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read a batch that `save` wrote. Raises `ValueError` naming the file and the array that is broken."""
        return read(as_path("path", path), cls._of, _SAVED)

    @classmethod
    def _of(cls, data: bytes) -> Self:
        arrays = arrays_in(data, _SAVED)
        policies = [f"policy_{i}" for i in range(max(1, sum(name.startswith("policy_") for name in arrays)))]
        for name in (*_ROWS, *policies):
            if name not in arrays:
                fail(f"array {name!r}", "is missing", _SAVED)
            if arrays[name].shape[:1] != arrays["steps"].shape[:1]:
                fail(f"array {name!r}", f"has shape {arrays[name].shape}", f"a row for each game: {_SAVED}")
        _check({name: arrays[name] for name in (*policies, *_ROWS)}, len(policies))
        unknown = sorted(set(arrays["status"].tolist()) - set(Status.__members__))
        if unknown:
            fail("array 'status'", f"holds {unknown[0]!r}", f"one of {', '.join(Status.__members__)}")
        found = {name: arrays[name] for name in _ROWS if name != "status"}
        found["status"] = np.array([Status[name] for name in arrays["status"].tolist()], dtype=object)
        return cls(policy=tuple(arrays[name] for name in policies), **found, kept=_kept(arrays, len(arrays["steps"])))


def _kept(arrays: Mapping[str, Any], games: int) -> dict[str, Any]:
    """What else is kept in an archive; files of older versions have nothing of it."""
    if "kept" not in arrays:
        return {}
    named = {name.removeprefix("kept."): own for name, own in arrays.items() if name.startswith("kept.")}
    for name, own in named.items():
        if own.shape[:1] != (games,):
            fail(f"array 'kept.{name}'", f"has shape {own.shape}", f"a row for each game: {_SAVED}")
    document = parse(str(arrays["kept"]), _SAVED)
    try:
        document["parameters"] = solver_parameters.read(document["parameters"])
        equation = solver_parameters.read({"equation": document["equation"]})["equation"]
        kept = rows.together(named, document | {"equation": _each(equation, named_equation)})
    except (KeyError, TypeError, ValueError, AttributeError):
        fail("array 'kept'", f"holds {shown(document)}", _SAVED)
    for name, own in {**kept["parameters"], "equation": kept["equation"]}.items():
        if isinstance(own, np.ndarray) and len(own) != games:
            fail(f"array 'kept': key {name!r}", f"has {len(own)} entries", f"one for each game: {_SAVED}")
    return kept


def _each(value: Any, convert: Callable[[Any], Any]) -> Any:
    """What is not None converted, each for itself in an array."""
    if isinstance(value, np.ndarray):
        return solver_parameters.objects([_each(one, convert) for one in value])
    return None if value is None else convert(value)


def _selection(index: Any) -> npt.NDArray[Any]:
    """A mask or numbers of games, a list perhaps of none."""
    some = np.asarray(index)
    if some.ndim != 1:
        fail("index", f"is {shown(index)}", "a number, a slice, a mask (B,) or a list of numbers")
    return some if some.size else some.astype(np.int64)


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


def _batch(values: dict[str, Any]) -> BatchSolution:
    return BatchSolution(**values)

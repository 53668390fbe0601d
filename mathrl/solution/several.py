"""Several solutions in one file: a JSON array, or a NumPy archive."""

import json
import re
from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Any

import numpy as np

from mathrl.base.archived import DOCUMENT, arrays_in, to_arrays, to_bytes
from mathrl.base.checks import fail, instance, iterated
from mathrl.base.files import as_path, read, write_bytes, write_text
from mathrl.solution.solution import Solution, json_in

__all__ = ["load_solutions", "save_solutions"]

_EXPECTED = "solutions written by save_solutions"
_COUNT = "count"


def save_solutions(solutions: Iterable[Solution], path: str | PathLike[str]) -> None:
    """Write several solutions into one file, whole or not at all, from which `load_solutions` reads them.

    `solutions`  any number of them, of whatever games and solvers
    `path`       where to write them: a NumPy archive, with all arrays as they are, where it ends in .npz; else JSON, an
                 array of what `Solution.save` writes of each, as `mathrl solve --format json` prints several

    Raises `ValueError` naming the argument, or the file where it cannot be written.
    """
    several = [
        instance(f"solutions[{k}]", one, Solution, "a solution")
        for k, one in enumerate(iterated("solutions", solutions, "solutions, in a list for example"))
    ]
    path = as_path("path", path)
    if path.suffix.lower() != ".npz":
        write_text(path, json.dumps([one.to_dict() for one in several]) + "\n")
        return
    arrays: dict[str, Any] = {_COUNT: np.array(len(several))}
    for k, one in enumerate(several):
        arrays |= {f"{k}.{name}": array for name, array in to_arrays(one).items()}
    write_bytes(path, to_bytes(arrays))


def load_solutions(path: str | PathLike[str]) -> tuple[Solution, ...]:
    """Read all solutions of a file that `save_solutions`, `Solution.save` or `mathrl solve --format json` wrote.

    `path`  the file, a NumPy archive where its name ends in .npz, else JSON

    Returns them in their order; of a file of one solution a tuple of one. Raises `ValueError` naming the file, the
    number of the solution and the key or array that is broken.
    """
    path = as_path("path", path)
    if path.suffix.lower() == ".npz":
        return read(path, lambda data: _in_archive(arrays_in(data, _EXPECTED)), _EXPECTED)
    values = json_in(path)
    if not isinstance(values, list):
        return (Solution.from_dict(values, str(path)),)
    return tuple(Solution.from_dict(value, f"{path}, solution {k}") for k, value in enumerate(values))


def _in_archive(arrays: Mapping[str, Any]) -> tuple[Solution, ...]:
    if DOCUMENT in arrays:
        return (Solution.from_arrays(arrays, "the archive"),)
    if _COUNT not in arrays or arrays[_COUNT].dtype.kind != "i" or arrays[_COUNT].ndim:
        fail("the archive", f"lacks the number {_COUNT!r}", _EXPECTED)
    if not 0 <= arrays[_COUNT] < len(arrays):
        fail("the archive", f"counts {arrays[_COUNT]} solutions in {len(arrays)} arrays", _EXPECTED)
    parts: list[dict[str, Any]] = [{} for _ in range(int(arrays[_COUNT]))]
    for name, array in arrays.items():
        numbered = re.fullmatch(r"(\d+)\.(.+)", name)
        if numbered and int(numbered[1]) < len(parts):
            parts[int(numbered[1])][numbered[2]] = array
    return tuple(Solution.from_arrays(part, f"solution {k}") for k, part in enumerate(parts))

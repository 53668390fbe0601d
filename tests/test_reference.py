"""docs/reference.md lists every public name, with the first line of its docstring, and nothing else."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

REFERENCE = Path(__file__).parents[1] / "docs" / "reference.md"
MODULES = (
    "mathrl",
    "mathrl.games",
    "mathrl.softmax",
    "mathrl.operators",
    "mathrl.kernels",
    "mathrl.solvers",
    "mathrl.mirror",
    "mathrl.programs",
    "mathrl.opponent",
    "mathrl.evidence",
    "mathrl.bounds",
    "mathrl.batch",
    "mathrl.exploitability",
    "mathrl.oracle",
    "mathrl.proofs_checks.strategies",
)


def section(module: str) -> str:
    """What the reference has to say of a module."""
    imported = importlib.import_module(module)
    assert imported.__doc__ is not None
    lines = [f"## {module}", "", imported.__doc__.partition("\n\n")[0].replace("\n", " "), ""]
    for name in sorted(imported.__all__, key=str.lower):
        value = getattr(imported, name)
        said = inspect.getdoc(value) if callable(value) or inspect.isclass(value) else None
        first = (said or "").partition("\n\n")[0].replace("\n", " ")
        lines.append(f"- `{name}`" + (f": {first}" if first else ""))
    return "\n".join(lines)


def whole() -> str:
    head = "# Reference\n\nEvery public name. `help(name)` in Python shows the equations, shapes and errors.\n\n"
    return head + "\n\n".join(section(module) for module in MODULES) + "\n"


@pytest.mark.parametrize("module", MODULES)
def test_the_reference_has_every_public_name(module):
    assert section(module) in REFERENCE.read_text(encoding="utf-8"), "make reference writes it anew"


def test_the_reference_has_nothing_else():
    assert re.findall(r"^## (.*)$", REFERENCE.read_text(encoding="utf-8"), re.MULTILINE) == list(MODULES)


if __name__ == "__main__":
    REFERENCE.write_text(whole(), encoding="utf-8")

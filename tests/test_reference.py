"""docs/reference.md lists every public name, with the first line of its docstring, and nothing else."""

import ast
import importlib
import inspect
import re
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest

REFERENCE = Path(__file__).parents[1] / "docs" / "reference.md"
MODULES = (
    "mathrl",
    "mathrl.base.table",
    "mathrl.base.printed",
    "mathrl.base.render",
    "mathrl.base.reproduction",
    "mathrl.base.intervals",
    "mathrl.base.runs",
    "mathrl.base.jobs",
    "mathrl.base.drawing",
    "mathrl.games",
    "mathrl.softmax",
    "mathrl.balls",
    "mathrl.operators",
    "mathrl.kernels",
    "mathrl.learners",
    "mathrl.solvers",
    "mathrl.solution",
    "mathrl.equations",
    "mathrl.mirror",
    "mathrl.stage",
    "mathrl.values",
    "mathrl.bounds",
    "mathrl.batch",
    "mathrl.equilibria",
    "mathrl.exploitability",
    "mathrl.oracle",
    "mathrl.figures.qre",
    "mathrl.figures.bounds",
    "mathrl.figures.fit",
    "mathrl.estimate",
    "mathrl.interop",
    "mathrl.figures.reproductions",
    "mathrl.neural.study",
    "mathrl.neural.algorithms",
    "mathrl.neural.algorithm",
    "mathrl.neural.loops",
    "mathrl.neural.settings",
    "mathrl.neural.environments",
    "mathrl.neural.named",
    "mathrl.neural.tabular",
    "mathrl.neural.measures",
    "mathrl.neural.objectives",
    "mathrl.neural.actors",
    "mathrl.neural.critics",
    "mathrl.neural.heads",
    "mathrl.neural.n_step",
    "mathrl.neural.n_step_haspi",
    "mathrl.neural.gumbel_jacobian",
    "mathrl.neural.gumbel_estimates",
    "mathrl.neural.gumbel_flow",
    "mathrl.proofs_checks",
    "mathrl.proofs_checks.families",
    "mathrl.proofs_checks.policy_value",
    "mathrl.proofs_checks.strategies",
)


def section(module: str) -> str:
    """What the reference has to say of a module."""
    imported = importlib.import_module(module)
    assert imported.__doc__ is not None
    lines = [f"## {module}", "", imported.__doc__.partition("\n\n")[0].replace("\n", " "), ""]
    for name in sorted(imported.__all__, key=str.lower):
        value = getattr(imported, name)
        said = inspect.getdoc(value) if callable(value) or inspect.isclass(value) else constants(imported).get(name)
        first = (said or "").partition("\n\n")[0].replace("\n", " ")
        lines.append(f"- `{name}`" + (f": {first}" if first else ""))
    return "\n".join(lines)


def constants(module: ModuleType) -> dict[str, str]:
    """What is said below the constants of a module or, of a package, of the modules in it."""
    assert module.__file__ is not None
    file = Path(module.__file__)
    said = {}
    for source in sorted(file.parent.glob("*.py")) if file.stem == "__init__" else [file]:
        for assigned, below in pairwise(ast.parse(source.read_text(encoding="utf-8")).body):
            if isinstance(assigned, ast.Assign | ast.AnnAssign) and isinstance(below, ast.Expr):
                target = assigned.target if isinstance(assigned, ast.AnnAssign) else assigned.targets[0]
                if isinstance(target, ast.Name) and isinstance(below.value, ast.Constant):
                    said[target.id] = str(below.value.value)
    return said


def whole() -> str:
    head = (
        "# Reference\n\n"
        "Every public name. `help(name)` in Python shows equations, arguments, shapes, errors and sources.\n\n"
    )
    return head + "\n\n".join(section(module) for module in MODULES) + "\n"


@pytest.mark.parametrize("module", MODULES)
def test_the_reference_has_every_public_name(module):
    assert section(module) in REFERENCE.read_text(encoding="utf-8"), "make reference writes it anew"


def test_the_reference_has_nothing_else():
    assert re.findall(r"^## (.*)$", REFERENCE.read_text(encoding="utf-8"), re.MULTILINE) == list(MODULES)


if __name__ == "__main__":
    REFERENCE.write_text(whole(), encoding="utf-8")

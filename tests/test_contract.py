"""What all solvers and packages have in common, and that the import contract can break."""

import ast
import dataclasses
import importlib
import inspect
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mathrl
from mathrl import solvers
from mathrl.games import load
from mathrl.solution import Solution

PACKAGE = Path(mathrl.__file__).parent
ROOT = PACKAGE.parent
PACKAGES = [
    "mathrl",
    "mathrl.balls",
    "mathrl.base.drawing",
    "mathrl.base.printed",
    "mathrl.base.render",
    "mathrl.base.reproduction",
    "mathrl.base.table",
    "mathrl.batch",
    "mathrl.bounds",
    "mathrl.equilibria",
    "mathrl.equations",
    "mathrl.estimate",
    "mathrl.exploitability",
    "mathrl.figures.reproductions",
    "mathrl.games",
    "mathrl.interop",
    "mathrl.kernels",
    "mathrl.learners",
    "mathrl.mirror",
    "mathrl.operators",
    "mathrl.oracle",
    "mathrl.stage",
    "mathrl.softmax",
    "mathrl.solvers",
    "mathrl.values",
]
SOURCES = sorted(  # `rglob` does not follow the links to games, figures, …
    Path(folder) / file
    for folder, _, files in os.walk(PACKAGE, followlinks=True)
    for file in files
    if file.endswith(".py")
)
SOLVER_FILES = sorted(path for path in (PACKAGE / "solvers").glob("*.py") if path.stem != "__init__")
every_solver = pytest.mark.parametrize("name", solvers.__all__)


def parameters(name):
    return inspect.signature(getattr(solvers, name)).parameters


@pytest.mark.parametrize("path", SOLVER_FILES, ids=lambda path: path.stem)
def test_a_solver_file_has_one_public_function_of_its_name(path):
    functions = {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}
    assert {name for name in functions if not name.startswith("_")} == {path.stem}
    assert importlib.import_module(f"mathrl.solvers.{path.stem}").__all__ == [path.stem]


def test_all_solvers_are_exported():
    assert sorted(solvers.__all__) == [path.stem for path in SOLVER_FILES]


OF_SEVERAL = {"qre_branch"}  # of several temperatures at once a tuple


@every_solver
def test_a_solver_takes_a_game_and_everything_else_by_keyword(name):
    game, *others = parameters(name).values()
    assert (game.name, game.kind) == ("game", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    assert others
    assert {parameter.kind for parameter in others} == {inspect.Parameter.KEYWORD_ONLY}
    found = inspect.signature(getattr(solvers, name)).return_annotation
    assert found == (Solution | tuple[Solution, ...] if name in OF_SEVERAL else Solution)


WITHOUT_TEMPERATURE = {"divergence_limit", "optimal", "nash_q"}  # DESIGN section 4
DIRECT = {"soft_evaluation"}
TRACED = {"qre", "qre_branch"}  # they take a rationality in place of the temperature


@every_solver
def test_a_solver_has_the_parameters_of_the_contract(name):
    given = parameters(name)
    assert ("temperature" in given) == (name not in WITHOUT_TEMPERATURE)
    if name not in WITHOUT_TEMPERATURE:
        one_of_both = given["rationality"].default is None if name in TRACED else "rationality" not in given
        assert one_of_both
        assert given["temperature"].default is (None if name in TRACED else inspect.Parameter.empty)
    for parameter in ("tol", "max_steps"):
        assert (parameter in given) == (name not in DIRECT)
        if name not in DIRECT:
            assert given[parameter].default > 0
    if "entropy" in given:
        assert given["entropy"].default == "team"
    assert "method" not in given


@every_solver
def test_a_solution_records_its_solver_and_every_parameter(name):
    game = load("hasac")
    required = {"temperature": 10.0, "policy": [[1 / 3] * 3] * 2, "target_policy": [[1 / 3] * 3] * 2}
    named = {key: value for key, value in required.items() if key in parameters(name)}
    solution = getattr(solvers, name)(game, **named)
    assert solution.solver == name
    assert set(solution.parameters) == set(parameters(name)) - {"game", "rationality"}  # which is recorded as 1/α
    assert len(solution.history) == solution.steps


@every_solver
def test_a_solution_reads_back_as_it_was_saved(name, tmp_path):
    required = {"temperature": 10.0, "policy": [[1 / 3] * 3] * 2, "target_policy": [[1 / 3] * 3] * 2}
    named = {key: value for key, value in required.items() if key in parameters(name)}
    solution = getattr(solvers, name)(load("climbing"), **named)
    solution.save(tmp_path / "solution.json")
    back = Solution.load(tmp_path / "solution.json")
    assert back.to_dict() == solution.to_dict()
    for field in dataclasses.fields(Solution):
        assert type(getattr(back, field.name)) is type(getattr(solution, field.name)), field.name


def mentions_max_steps(node):
    return any(isinstance(part, ast.Name) and part.id == "max_steps" for part in ast.walk(node))


DRIVERS = {
    "iteration/iterate.py",
    "equilibria/matrix/principal.py",  # compiled code cannot call the driver
}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_driver_counts_steps(path):
    """STYLE rule 5: no loop over `max_steps`, and no comparison with it, outside `iterate`."""
    loops = [node.iter if isinstance(node, ast.For) else node for node in ast.walk(ast.parse(path.read_text()))
             if isinstance(node, ast.For | ast.While | ast.Compare)]  # fmt: skip
    counted = [node.lineno for node in loops if mentions_max_steps(node)]
    assert bool(counted) == (path.relative_to(PACKAGE).as_posix() in DRIVERS)


def public_names():
    for package in PACKAGES:
        module = importlib.import_module(package)
        for name in module.__all__:
            if callable(getattr(module, name)):
                yield pytest.param(getattr(module, name), id=f"{package}.{name}")


@pytest.mark.parametrize("item", list(public_names()))
def test_every_public_name_says_what_it_is(item):
    assert len(inspect.getdoc(item) or "") > 12  # "All figures by id." is one
    if inspect.isclass(item):
        members = [value for name, value in vars(item).items() if not name.startswith("_") and callable(value)]
        assert all(inspect.getdoc(member) for member in members)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_module_says_what_it_holds_and_exports_what_exists(path):
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree)
    name = ".".join(["mathrl", *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__")
    if path.stem == "__main__":
        return
    module = importlib.import_module(name)
    exported = getattr(module, "__all__", [])
    assert [item for item in exported if not hasattr(module, item)] == []
    assert list(exported) == sorted(set(exported), key=_ruff_order)


def _ruff_order(name):
    """Constants, then classes, then the rest, numbers by size: the order that ruff keeps `__all__` in."""
    parts = tuple(part.rjust(9, "0") if part.isdigit() else part for part in re.split(r"(\d+)", name))
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, parts)


@pytest.fixture(scope="module")
def copied_tree(tmp_path_factory):
    """The package as an installed one would be: links followed, with the configuration beside it."""
    tree = tmp_path_factory.mktemp("tree")
    shutil.copytree(PACKAGE, tree / "mathrl", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "setup.cfg", tree)
    return tree


def lint_imports(tree):
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", code, "--no-cache"], cwd=tree, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_import_contract_is_kept(copied_tree):
    done = lint_imports(copied_tree)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("path", "line", "broken"),
    [
        ("games/model.py", "from mathrl.softmax import entropy", "mathrl.games.model -> mathrl.softmax"),
        (
            "operators/bellman.py",
            "import mathrl.values.policy_values",
            "mathrl.operators.bellman -> mathrl.values.policy_values",
        ),
        ("solvers/haspi.py", "from mathrl import exploitability", "mathrl.solvers.haspi -> mathrl.exploitability"),
        ("figures/plot.py", "import mathrl.proofs_checks", "mathrl.figures.plot -> mathrl.proofs_checks"),
        ("base/table.py", "import mathrl.games", "mathrl.base.table -> mathrl.games"),
        ("operators/bellman.py", "import jax", "mathrl.operators.bellman -> jax"),
        ("games/random.py", "import hypothesis", "mathrl.games.random -> hypothesis"),
        ("equilibria/stochastic/trace.py", "import matplotlib", "mathrl.equilibria.stochastic.trace -> matplotlib"),
        ("equilibria/derivative.py", "import tabulate", "mathrl.equilibria.derivative -> tabulate"),
        ("stray.py", "import math", "stray"),
    ],
)
def test_the_import_contract_breaks_where_it_should(copied_tree, path, line, broken):
    file = copied_tree / "mathrl" / path
    before = file.read_text() if file.exists() else None
    file.write_text((before or "") + "\n" + line + "\n")
    try:
        done = lint_imports(copied_tree)
    finally:
        if before is None:
            file.unlink()
        else:
            file.write_text(before)
    assert done.returncode != 0
    assert broken in done.stdout + done.stderr

"""The notebooks in docs/notebooks show what their code prints: `python -P tests/test_notebooks.py` writes it anew."""

import ast
import io
import json
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def executed(notebook):
    """The notebook with what its cells print and end with, as Jupyter shows it; all share one namespace."""
    names = {"__name__": "__main__"}
    cells, number = [], 0
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            number += 1
            outputs = _outputs("".join(cell["source"]), names, number)
            cell = cell | {"execution_count": number, "outputs": outputs}
        cells.append(cell)
    return notebook | {"cells": cells}


def _outputs(source, names, number):
    body = ast.parse(source)
    last = ast.Expression(body.body.pop().value) if isinstance(body.body[-1], ast.Expr) else None
    printed, value = io.StringIO(), None
    with redirect_stdout(printed):
        exec(compile(body, "<cell>", "exec"), names)
        if last is not None:
            value = eval(compile(last, "<cell>", "eval"), names)
    found = []
    if printed.getvalue():
        found.append({"name": "stdout", "output_type": "stream", "text": printed.getvalue().splitlines(keepends=True)})
    if value is not None:
        shown = {"text/plain": repr(value).splitlines(keepends=True)}
        found.append({"data": shown, "execution_count": number, "metadata": {}, "output_type": "execute_result"})
    return found


def written(notebook):
    """As Jupyter writes it."""
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def test_there_is_a_notebook_for_each_kind_of_user():
    stems = ["check-a-critic", "fit-observed-play", "read-a-paper", "search-many-games"]
    assert [path.stem for path in NOTEBOOKS] == stems


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_shows_what_its_code_prints(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = path.read_text(encoding="utf-8")
    again = executed(json.loads(text))
    assert again == json.loads(text)
    assert written(again) == text


if __name__ == "__main__":
    for each in NOTEBOOKS if len(sys.argv) == 1 else map(Path, sys.argv[1:]):
        each.write_text(written(executed(json.loads(each.read_text(encoding="utf-8")))), encoding="utf-8")

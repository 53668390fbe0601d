"""The renderings of a table parse back to the same cells."""

import csv
import io
import json
import math
import re
from dataclasses import replace

import pytest

from mathrl.base.checks import InvalidInput
from mathrl.base.render import WIDTH, render
from mathrl.base.reproduction import comparison, data
from mathrl.base.table import FORMATS, Column, Table
from tests.reproduced import entries, reproduced

AWKWARD = Table(
    columns=(
        Column("name", lambda row: row[0]),
        Column("a_b & c", lambda row: row[1], spec=".3g"),
        Column("exact", lambda row: row[2]),
        Column("flag", lambda row: row[3]),
    ),
    rows=[
        ("a|b", 1 / 3, 0.1 + 0.2, True),
        ('quote " and, comma', -1.25e-7, -0.0, False),
        ("100 % $x_1$ #{\\}", 1e22, 5e-324, None),
        ("α=1 <π>", None, 1.7976931348623157e308, True),
    ],
    caption="awkward | cells",
    notes=("a note",),
)


@pytest.fixture(params=["awkward", *entries("exact")])
def tables(request):
    """The awkward table, or those for readers and for programs of what an entry computes."""
    if request.param == "awkward":
        return [AWKWARD]
    result = reproduced(request.param.id)
    return [comparison(result), data(result.cells)]


def formatted(table):
    def cell(value, spec):
        return "" if value is None else str(value) if isinstance(value, (str, bool)) else format(value, spec)

    rows = [[cell(column.cell(row), column.spec) for column in table.columns] for row in table.rows]
    return [[column.head for column in table.columns], *rows]


def from_csv(text):
    return list(csv.reader(io.StringIO(text)))


def from_markdown(text):
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [[re.sub(r"\\(.)", r"\1", cell) for cell in row] for k, row in enumerate(cells) if k != 1]


LATEX = {
    r"\textbackslash{}": "\\",
    r"\textasciitilde{}": "~",
    r"\textasciicircum{}": "^",
    r"\dots{}": "…",
    "$<$": "<",
    "$>$": ">",
    r"$\alpha$": "α",
    r"$\pi$": "π",
    r"$\times$": "×",
    "$-$": "−",
    **{f"\\{character}": character for character in "&%$#_{}"},
}


def from_latex(text):
    body = re.search(r"\\toprule\n(.*)\\bottomrule", text, re.DOTALL)[1].replace("\\midrule\n", "")
    rows = [re.split(r" *(?<!\\)& *", line.removesuffix("\\\\").strip(" ")) for line in body.splitlines()]
    return [[from_latex_cell(cell.strip()) for cell in row] for row in rows]


def from_latex_cell(cell):
    number = re.fullmatch(r"\$([+-]?\d+\.?\d*)(?: \\times 10\^\{(-?\d+)\})?\$", cell)
    if number:
        return number[1] if number[2] is None else f"{number[1]}e{int(number[2]):+03d}"
    pattern = "|".join(re.escape(key) for key in sorted(LATEX, key=len, reverse=True))
    return re.sub(pattern, lambda match: LATEX[match[0]], cell)


@pytest.mark.parametrize(("format", "parse"), [("csv", from_csv), ("markdown", from_markdown), ("latex", from_latex)])
def test_parsing_gives_the_cells_back(tables, format, parse):
    for table in tables:
        assert parse(render(table, format)) == formatted(table)


def test_json_holds_the_raw_values_bit_for_bit(tables):
    for table in tables:
        rows = json.loads(render(table, "json"))
        assert [list(row) for row in rows] == [[column.head for column in table.columns]] * len(table.rows)
        for parsed, row in zip(rows, table.rows, strict=True):
            for column in table.columns:
                value = column.cell(row)
                assert repr(parsed[column.head]) == repr(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_json_has_null_for_what_is_not_finite(value):
    table = Table([Column("x", lambda row: row)], [value])
    assert json.loads(render(table, "json")) == [{"x": None}]


@pytest.mark.parametrize("format", FORMATS)
def test_an_empty_table_renders(format):
    assert render(Table([Column("x", lambda row: row)], []), format).endswith("\n")


def test_the_terminal_shows_caption_notes_and_every_cell():
    text = render(AWKWARD, "table")
    assert text.startswith("awkward | cells\n")
    assert "note: a note" in text
    assert all(cell in text for row in formatted(AWKWARD) for cell in row)


def test_the_terminal_breaks_notes_and_captions_between_words_and_nothing_else():
    long = "a note of many words, " * 12 + "with-hyphens-and-a-path/" * 6 + " at the end"
    table = replace(AWKWARD, caption=f"{long}\nsecond line", notes=(long, "short"))
    lines = render(table, "table").splitlines()
    rows = render(replace(table, caption="", notes=()), "table").splitlines()
    first = lines.index("  note: short")
    above, below = lines[: lines.index(rows[0])], lines[lines.index(rows[-1]) + 1 : first]
    assert all(len(line) <= WIDTH or " " not in line.strip() for line in above + below)
    assert above[-1] == "second line"
    assert " ".join(line.removeprefix("  ") for line in above[:-1]) == long
    assert below[0].startswith("  note: ")
    assert all(line.startswith(" " * 8) for line in below[1:])
    assert " ".join(line[8:] for line in below) == long
    assert all(row in lines for row in rows)
    assert long in render(table, "markdown")  # where a line break is the reader's program's


def test_an_unknown_format_names_the_nearest():
    with pytest.raises(InvalidInput, match="markdown"):
        render(AWKWARD, "markdwn")

"""`mathrl check`: pages, tables, JSON, exit statuses, campaigns, and claims of a user's file."""

import json

import pytest

from mathrl.cli import main
from mathrl.proofs_checks.claims import claims
from mathrl.proofs_checks.evidence import decide
from mathrl.proofs_checks.recorded import recorded
from mathrl.proofs_checks.run import check, needed

NAMES = ["hasac.lemma-a.1", "hasac.proposition-1"]

FEW = ["--examples", "30"]
"""A quarter of what is usual: what decides these claims is recorded, or stored."""

FIELDS = [
    "id", "variant", "paper", "location", "role", "statement", "reading", "verdict", "severity", "degenerate", "proof",
    "supported", "evidence", "correction", "counterexample", "rests_on", "practice",
]  # fmt: skip

FILE = """
from mathrl.proofs_checks import at_most, claim
from mathrl.proofs_checks.families import instances, numbers

@instances
def pairs(draw):
    return {"x": draw(numbers((2,)))}

@claim("mine.lemma-1", at="Section 1", verdict="holds", on=pairs, breaks={"times": 0.5})
def mean_is_at_most_the_largest(x, *, times=1):
    '''The mean of two numbers is at most the larger one.'''
    return at_most(x.sum() / 2, times * x.max())
"""


@pytest.fixture
def my_file(tmp_path):
    """A user's file; in one process other files may have had the same ids before."""
    path = tmp_path / "mine.py"
    path.write_text(FILE, encoding="utf-8")
    return path


def test_another_file_may_use_the_same_ids_later_but_not_beside(capsys, my_file, tmp_path):
    other = tmp_path / "other.py"
    other.write_text(FILE, encoding="utf-8")
    assert run(capsys, str(my_file), "--jobs", "1")[0] == 0
    assert run(capsys, str(other), "--jobs", "1")[0] == 0
    status, _, err = run(capsys, str(my_file), str(other), "--jobs", "1")
    assert status == 2
    assert "is used by" in err


def run(capsys, *arguments):
    status = main(["check", *arguments])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_the_page_of_a_claim(capsys):
    status, page, _ = run(capsys, "hasac.proposition-1", *FEW, "--jobs", "1")
    assert status == 0
    assert page.startswith("hasac.proposition-1   REFUTED (false)   Section 4.2.1")
    for title in ("Statement", "Reading", "Finding", "Counterexample", "In practice", "Evidence"):
        assert f"\n{title}\n" in page
    assert "actions (1, 1) pay 2" in page
    assert "certified" in page


def test_json_has_the_fields_of_the_contract_and_they_do_not_depend_on_the_jobs(capsys):
    one, two = (run(capsys, *NAMES, *FEW, "--format", "json", "--jobs", jobs) for jobs in ("1", "2"))
    assert one == two
    rows = json.loads(one[1])
    whole = [row for row in rows if row["variant"] is None]
    assert [row["id"] for row in whole] == NAMES
    assert {row["id"] for row in rows} == set(NAMES)
    assert all(list(row) == FIELDS for row in rows)
    refuted = whole[1]
    assert refuted["supported"] is True
    assert refuted["counterexample"]["instance"]["temperature"] == "1/10"
    assert {tuple(each) for each in refuted["evidence"]} == {
        ("kind", "summary", "examples", "seed", "source", "certified")
    }


def test_another_seed_is_another_search_and_the_same_one_the_same():
    entries = {name: claims()[name] for name in ("hasac.lemma-4.1",)}
    first, again, other = (check(entries, examples=30, seed=seed)[0][0] for seed in (1, 1, 2))
    assert first == again
    assert first.evidence != other.evidence


def test_too_few_instances_are_no_failure(capsys):
    """What a recorded run decides stays decided: this claim's is left out."""
    entry = claims()["hasac.lemma-4.1"]
    (row,), _ = check({entry.key: entry}, examples=3)
    assert row.supported or row.undecided
    assert not row.failed


def test_a_table_of_a_paper_and_of_all(capsys):
    status, table, _ = run(capsys, "hasac", "--examples", "3", "--jobs", "1")
    assert status == 0
    assert "hasac.lemma-4.1" in table


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["hasac.proposition-11"], "hasac.proposition-1"),
        (["nobody"], "CLAIM"),
        (["missing.py"], "there is no file"),
        (["hasac", "--examples", "0"], "--examples"),
        (["hasac", "--seed", "-1"], "--seed"),
        (["hasac", "--jobs", "0"], "--jobs"),
    ],
)
def test_wrong_input_is_one_line(capsys, arguments, said):
    status, out, err = run(capsys, *arguments)
    assert status == 2
    assert out == ""
    assert err.count("\n") == 1
    assert said in err


def test_a_file_of_claims(capsys, my_file):
    status, page, err = run(capsys, str(my_file), "--jobs", "1")
    assert status == 0, err
    assert "mine.lemma-1   HOLDS" in page
    my_file.write_text(FILE.replace("sum() / 2", "sum()"), encoding="utf-8")
    status, page, err = run(capsys, str(my_file), "--jobs", "1")
    assert status == 1
    assert "an instance violates the form that must hold" in err
    assert "Counterexample\n    x = " in page


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("x = 1", "declares no claim"),
        (FILE.replace("mine.lemma-1", "No Id"), "an id such as"),
        (FILE.replace('verdict="holds"', 'verdict="true"'), "verdict"),
        (FILE.replace('verdict="holds"', 'verdict="refuted"'), "severity"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line(capsys, tmp_path, text, said):
    path = tmp_path / "wrong.py"
    path.write_text(text, encoding="utf-8")
    status, _, err = run(capsys, str(path))
    assert status == 2
    assert said in err
    assert err.count("\n") == 1


def test_an_error_of_a_check_is_a_reason(capsys, my_file):
    my_file.write_text(FILE.replace("x.sum() / 2", "x.sum() / nothing"), encoding="utf-8")
    status, _, err = run(capsys, str(my_file), "--jobs", "1")
    assert status == 1
    assert "NameError" in err
    assert "mine.py, line" in err


def test_a_violation_that_only_doubles_can_show_is_shown(capsys, my_file):
    """A check that calls a solver, or a library, takes no balls: a ball is no float."""
    my_file.write_text(FILE.replace("x.sum() / 2", "float(x.sum())"), encoding="utf-8")
    status, page, _ = run(capsys, str(my_file), "--jobs", "1")
    assert status == 1
    assert "HOLDS, NOT SUPPORTED" in page
    assert "Counterexample\n    x = " in page


def test_what_a_check_returns_is_looked_at(capsys, my_file):
    my_file.write_text(FILE.replace("at_most(x.sum() / 2, times * x.max())", "True"), encoding="utf-8")
    status, _, err = run(capsys, str(my_file), "--jobs", "1")
    assert status == 1
    assert "expected what at_most, equal or all_of return" in err


@pytest.mark.parametrize("option", ["--campaign", "--counterexamples"])
def test_a_folder_that_cannot_be_made_is_one_line(capsys, my_file, tmp_path, option):
    (tmp_path / "file").write_text("")
    status, out, err = run(capsys, str(my_file), option, str(tmp_path / "file" / "folder"))
    assert status == 2
    assert out == ""
    assert err.count("\n") == 1


def test_an_interrupt_keeps_what_was_decided(capsys, monkeypatch):
    """Of a whole with parts nothing is said unless all its parts are decided."""
    decided, taken = decide, []

    def interrupted(claim, **more):
        if len(taken) == 2:
            raise KeyboardInterrupt
        taken.append(claim.key)
        return decided(claim, **more)

    monkeypatch.setattr("mathrl.proofs_checks.run.decide", interrupted)
    status, table, err = run(capsys, "hasac", "--examples", "2", "--jobs", "1")
    assert status == 1
    assert all(f"{key} " in table for key in taken)
    assert "hasac.theorem-3 " not in table
    assert "interrupted: 2 of " in err


def test_a_campaign_shows_nothing(capsys, tmp_path):
    status, _, err = run(capsys, "hasac", "--campaign", str(tmp_path), "--out", str(tmp_path / "x.json"))
    assert status == 2
    assert "--campaign shows no claims" in err


def test_a_campaign_is_kept_and_goes_on(capsys, my_file, tmp_path):
    folder = tmp_path / "recorded"
    status, _, err = run(capsys, str(my_file), "--campaign", str(folder), "--jobs", "1")
    assert status == 0
    assert "1 claims were searched" in err
    entry = json.loads((folder / "mine.json").read_text(encoding="utf-8"))["mine.lemma-1"]
    assert entry["examples"] >= 1000
    assert entry["violated"] == 0
    assert entry["broken"] is True
    _, _, err = run(capsys, str(my_file), "--campaign", str(folder), "--jobs", "1")
    assert "0 claims were searched" in err
    my_file.write_text(FILE.replace("times * x.max()", "x.max() * times"), encoding="utf-8")
    _, _, err = run(capsys, str(my_file), "--campaign", str(folder), "--jobs", "1")
    assert "1 claims were searched" in err


def test_a_record_is_stale_where_the_check_has_changed(capsys, my_file, tmp_path):
    run(capsys, str(my_file), "--campaign", str(tmp_path), "--jobs", "1")
    assert recorded(claims()["mine.lemma-1"], tmp_path).current
    my_file.write_text(FILE.replace("The mean of two", "A mean of two"), encoding="utf-8")
    run(capsys, str(my_file), "--examples", "5", "--jobs", "1")
    assert recorded(claims()["mine.lemma-1"], tmp_path).current  # words do not count
    my_file.write_text(FILE.replace("x.max()", "abs(x).max()"), encoding="utf-8")
    run(capsys, str(my_file), "--examples", "5", "--jobs", "1")
    assert not recorded(claims()["mine.lemma-1"], tmp_path).current


def test_parts_are_decided_where_the_whole_is_asked_for():
    entries = {key: entry for key, entry in claims().items() if entry.variant is None}
    assert set(needed(entries)) <= set(claims())

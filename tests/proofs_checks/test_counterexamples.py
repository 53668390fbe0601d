"""Stored counterexamples are small, belong to claims, and are decided again without NumPy and mathrl."""

import json
import subprocess
import sys
from fractions import Fraction

import pytest

from mathrl.proofs_checks.certificates import certificate
from mathrl.proofs_checks.claims import claims
from mathrl.proofs_checks.counterexamples.decide import FOLDER, decide, stored
from mathrl.proofs_checks.ledger import Claim

KEYS = list(stored())

every_file = pytest.mark.parametrize("key", KEYS)

MOST_STATES, MOST_AGENTS, MOST_ACTIONS, LARGEST_DENOMINATOR = 4, 3, 3, 100


@every_file
def test_it_belongs_to_a_claim_that_it_violates(key):
    claim = claims()[key]
    assert isinstance(claim, Claim)
    found = certificate(claim)
    assert found is not None
    assert found.decided, found.reason
    assert found.certified


@every_file
def test_it_is_small_and_can_be_read(key):
    data = json.loads((FOLDER / f"{key}.json").read_text(encoding="utf-8"))
    assert data["claim"] == key
    assert len(data["reads"]) > 40
    game = data["instance"].get("game")
    if game is not None:
        states, *actions = _shape(game["transitions"])[:-1]
        assert states <= MOST_STATES
        assert len(actions) <= MOST_AGENTS
        assert max(actions) <= MOST_ACTIONS
    assert all(Fraction(number).denominator <= LARGEST_DENOMINATOR for number in _numbers(data["instance"]))


@every_file
def test_a_changed_file_is_no_counterexample(key, tmp_path, monkeypatch):
    """With all numbers of the instance 0, nothing is violated or no premise is met, and no function says otherwise."""
    data = json.loads((FOLDER / f"{key}.json").read_text(encoding="utf-8"))
    (tmp_path / f"{key}.json").write_text(json.dumps(data | {"instance": _zeros(data["instance"])}), encoding="utf-8")
    monkeypatch.setattr("mathrl.proofs_checks.counterexamples.decide.FOLDER", tmp_path)
    try:
        found = decide(key)
    except (ArithmeticError, ValueError):
        return
    assert not found.violated


@every_file
def test_no_law_no_counterexample(key, tmp_path, monkeypatch):
    """A row of transitions, or of a policy, that does not sum to 1 is no premise of anything."""
    data = json.loads((FOLDER / f"{key}.json").read_text(encoding="utf-8"))
    broken = {name: _doubled(name, value) for name, value in data["instance"].items()}
    if broken == data["instance"]:
        pytest.skip("it has no game and no policy")
    (tmp_path / f"{key}.json").write_text(json.dumps(data | {"instance": broken}), encoding="utf-8")
    monkeypatch.setattr("mathrl.proofs_checks.counterexamples.decide.FOLDER", tmp_path)
    try:
        found = decide(key)
    except (ArithmeticError, ValueError):
        return
    assert not found.violated


ALONE = """
import sys
for name in ("numpy", "scipy", "numba", "mathrl", "sympy", "hypothesis"):
    sys.modules[name] = None
import runpy
sys.argv = [{folder!r}]
runpy.run_path({folder!r}, run_name="__main__")
"""


def test_they_are_decided_without_mathrl_and_numpy():
    done = subprocess.run(
        [sys.executable, "-c", ALONE.format(folder=str(FOLDER))], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert f"{len(KEYS)} of {len(KEYS)} are violated" in done.stdout


def test_the_module_does_the_same():
    done = subprocess.run(
        [sys.executable, "-m", "mathrl.proofs_checks.redecide", "hasac.proposition-1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stdout.startswith("hasac.proposition-1 ")


def _shape(nested):
    return (len(nested), *_shape(nested[0])) if isinstance(nested, list) else ()


def _numbers(value):
    if isinstance(value, dict):
        for each in value.values():
            yield from _numbers(each)
    elif isinstance(value, list):
        for each in value:
            yield from _numbers(each)
    elif isinstance(value, str):
        yield value


def _zeros(value):
    if isinstance(value, dict):
        return {name: _zeros(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_zeros(each) for each in value]
    return "0" if isinstance(value, str) else value


def _doubled(name, value):
    """The rows of probabilities of a game or a policy, each twice as large."""
    if isinstance(value, dict) and "transitions" in value:
        return value | {"transitions": _twice(value["transitions"])}
    return _twice(value) if name.endswith(("policy", "policies")) else value


def _twice(value):
    return [_twice(each) for each in value] if isinstance(value, list) else str(2 * Fraction(value))

"""Each claim of the ledger is supported, and would not be if its check, verdict or counterexample were sabotaged."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mathrl.proofs_checks import at_most, evidence, premise
from mathrl.proofs_checks.certificates import certificate
from mathrl.proofs_checks.claims import claims
from mathrl.proofs_checks.evidence import ENOUGH, decide
from mathrl.proofs_checks.instances import in_doubles, read
from mathrl.proofs_checks.ledger import Claim, Compound, Restatement
from mathrl.proofs_checks.recorded import LEAST, recorded
from mathrl.proofs_checks.search import search
from tests.examples import FRESH

LEDGER = claims()
CLAIMS = [entry for entry in LEDGER.values() if isinstance(entry, Claim)]
DECIDED = [claim for claim in CLAIMS if claim.verdict in ("holds", "corrected", "refuted")]

every_claim = pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.key)
every_decided_claim = pytest.mark.parametrize("claim", DECIDED, ids=lambda claim: claim.key)


@every_claim
def test_the_evidence_supports_the_verdict(claim):
    """With few fresh instances in the fast profile: the recorded run has 1,000 of the same check."""
    row = decide(claim, examples=FRESH)
    assert row.supported, row.reason


def always(slack):
    """A check that says the same of every instance, with two sides that are not trivial."""

    def check(**instance_and_form):
        return at_most(1.0, 1.0 + slack)

    return check


@cache
def some(key):
    """One instance of a claim, so that sabotage does not pay for drawing."""
    drawn = []

    @settings(max_examples=1, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck))
    @given(LEDGER[key].on)
    def draw(instance):
        drawn.append(instance)

    draw()
    return st.integers(0, 2**20).map(lambda _: drawn[0])


def vacuous(**instance_and_form):
    premise(False)


def trivial(**instance_and_form):
    return at_most(np.zeros(3), np.zeros(3))


BLIND = {"always passes": always(1.0), "never applies": vacuous, "is of nothing": trivial}
"""Checks that look at no instance and find no violation, so that a search with one is the same for all claims."""


@cache
def blind(check, examples):
    """What a search with one of `BLIND` finds, whatever the claim."""
    return search(replace(CLAIMS[0], check=check, on=st.integers(0, 2**20).map(lambda _: {})), {}, examples=examples,
                  seed=0)  # fmt: skip


def sabotaged(claim, check, examples=ENOUGH, **changed):
    """The evidence on a claim whose check is another one, without recorded runs and symbols."""
    bare = replace(claim, check=check, symbolic=None, on=some(claim.key), examples=examples, **changed)
    return decide(bare)


@every_decided_claim
@pytest.mark.parametrize("name", BLIND)
def test_a_check_that_cannot_fail_is_found_out(claim, name, monkeypatch):
    def found(claim, form, *, examples, seed):
        return blind(claim.check, examples)

    monkeypatch.setattr(evidence, "search", found)
    assert not decide(replace(claim, check=BLIND[name], symbolic=None, examples=ENOUGH)).supported


def test_what_a_blind_check_finds_does_not_depend_on_the_claim():
    for check in BLIND.values():
        for claim in DECIDED[::40]:
            bare = replace(claim, check=check, on=some(claim.key))
            assert search(bare, claim.survives, examples=ENOUGH, seed=0) == blind(check, ENOUGH)


@every_decided_claim
def test_a_check_that_always_fails_is_found_out(claim):
    row = sabotaged(claim, always(-0.5))
    assert not row.supported
    assert "must hold" in row.reason


@every_decided_claim
def test_a_flipped_verdict_is_found_out(claim):
    """A claim that holds has no violation to show; one that is refuted does not survive as printed."""
    other = {"survives": claim.breaks, "breaks": claim.survives}
    if claim.verdict == "holds":
        row = sabotaged(claim, claim.check, examples=5, verdict="refuted", severity="false", **other)
        assert "no counterexample" in row.reason or "must hold" in row.reason
    else:
        stored = in_doubles(read(certificate(claim).data["instance"]))
        flipped = replace(claim, verdict="holds", severity=None, symbolic=None, **other)
        row = decide(replace(flipped, on=st.integers(0, 2**20).map(lambda _: stored)))
    assert not row.supported


def test_each_part_and_restatement_has_its_row():
    for entry in LEDGER.values():
        named = entry.parts if isinstance(entry, Compound) else [entry.of] if isinstance(entry, Restatement) else []
        assert set(named) <= set(LEDGER), entry.key
        if isinstance(entry, Claim) and entry.variant is not None:
            assert entry.id in LEDGER, f"{entry.key} is a part or reading of a row that is missing"


@every_claim
def test_the_text_says_what_a_reader_needs(claim):
    assert claim.texts.get("Statement"), "a statement in our words"
    if claim.verdict is None:
        return
    assert claim.texts.get("Finding"), "what was found"
    if claim.verdict in ("corrected", "refuted") and claim.variant is None:
        assert claim.texts.get("Practice"), "what it means for who uses the method"
    if claim.verdict == "corrected":
        assert claim.texts.get("Correction"), "the corrected form"


@every_decided_claim
def test_a_recorded_run_is_kept(claim):
    record = recorded(claim)
    assert record is not None, "python -m mathrl check --campaign proofs_checks/campaigns/recorded"
    assert record.current, "the check has changed since the run was recorded"
    assert record.violated == 0
    assert record.examples + record.unmet >= LEAST

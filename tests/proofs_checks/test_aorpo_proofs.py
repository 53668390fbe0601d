"""Written proofs that claims of AORPO rest on stand where the claims say."""

from pydoc import locate

import pytest

from mathrl.proofs_checks.claims import claims
from mathrl.proofs_checks.ledger import Claim, texts

ARGUED = [
    entry for entry in claims().values() if isinstance(entry, Claim) and entry.paper == "aorpo" and entry.argument
]


@pytest.mark.parametrize("claim", ARGUED, ids=lambda claim: claim.key)
def test_the_proof_is_there(claim):
    assert texts(locate(claim.argument).__doc__).get("Proof")

"""The ledger of the papers' claims, and what a claim of your own is declared with.

    from mathrl.proofs_checks import at_most, claim, premise
    from mathrl.proofs_checks.strategies import games, temperatures

    @claim("mine.lemma-1", at="Section 2", verdict="holds", on=…, breaks={…})
    def values_are_near(game, temperature) -> Slack: …

`mathrl check my_claims.py` then searches for a violation, makes it small, and says whether the evidence supports the
verdict.
"""

from mathrl.proofs_checks.ledger import claim, compound, restates
from mathrl.proofs_checks.slack import Slack, all_of, at_most, equal, premise

__all__ = ["Slack", "all_of", "at_most", "claim", "compound", "equal", "premise", "restates"]

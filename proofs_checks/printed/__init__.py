"""What the papers print: ids and lines of every numbered statement, equation, algorithm, table and figure.

The lists are files beside this one, drawn from the papers' texts by pattern; the texts themselves are not kept here.
`python -m mathrl.proofs_checks.printed FOLDER` draws ids and lines anew from a folder of texts, and keeps what else the
lists say. Lines are counted from 1.
"""

from mathrl.proofs_checks.printed.lists import Entry, extract, listed, text_hash

__all__ = ["Entry", "extract", "listed", "text_hash"]

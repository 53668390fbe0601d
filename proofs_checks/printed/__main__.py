"""Draw the lists anew from a folder with the papers' texts: python -m mathrl.proofs_checks.printed FOLDER."""

import sys
from pathlib import Path

from mathrl.proofs_checks.printed.lists import PAPERS, write

if len(sys.argv) != 2:
    sys.exit(__doc__)
for paper, name in PAPERS.items():
    write(paper, (Path(sys.argv[1]) / name).read_text(encoding="utf-8"))

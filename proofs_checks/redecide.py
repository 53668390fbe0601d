"""Decide all counterexamples again, without mathrl and NumPy: python -m mathrl.proofs_checks.redecide [CLAIM …].

It starts Python anew on the folder `counterexamples`, which imports the standard library and python-flint alone; so
does `python proofs_checks/counterexamples`. Papers may be named in place of claims.
"""

import subprocess
import sys

from mathrl.proofs_checks.counterexamples.decide import FOLDER

if __name__ == "__main__":
    sys.exit(subprocess.run([sys.executable, str(FOLDER), *sys.argv[1:]], check=False).returncode)

"""Decide all counterexamples again, without mathrl: python proofs_checks/counterexamples [CLAIM or PAPER …]."""

import importlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.exit(importlib.import_module("counterexamples.decide").main(sys.argv[1:]))

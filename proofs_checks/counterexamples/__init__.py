"""Counterexamples as files of fractions, and what decides them again: `python proofs_checks/counterexamples`.

What stands here imports the standard library and python-flint, and nothing else: whoever doubts a verdict has some ten
lines to read for it. Modules name one another relatively, as the folder runs with and without mathrl around it.
"""

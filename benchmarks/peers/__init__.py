"""Solvers that others have written, each in a process of its own with an environment of its own: `make peers`."""

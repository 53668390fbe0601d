"""Iteration: the one loop that all iterative solvers share, the order in which agents update, the answer at the end."""

"""Iteration: the one loop of all iterative solvers, the order in which agents update, how a run can end."""

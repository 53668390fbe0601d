"""Curves of quantal response equilibria of stochastic games, point by point.

`equations` has the equations in log ratios and values, `blocks`, `value_system` and `bordered` their derivative, from
which the policies are eliminated state by state, `cubic` the prediction and `trace` the steps along a curve.
"""

"""Curves of quantal response equilibria, followed by pseudo-arclength continuation.

Matrix games, compiled: `matrix` (the equations), `predict`, `dense`, `branch` (one step), `principal` (one rationality
of many games), `walk` (points of a curve), `uniqueness` (where no tracing is needed). Stochastic games: `system` (the
equations), `blocks`, `linear`, `bordered` (their derivative, eliminated state by state), `trace` (point by point).
Both: `control` (which steps are accepted), `follow` (the principal branch of either).
"""

"""Curves of quantal response equilibria of matrix games, in compiled code.

`equations` has the equations in log ratios, `uniqueness` where no tracing is needed, `predict` and `branch` one step
along a curve, `principal` the answers at one rationality of many games, `tracer` the points of one curve, `refine` the
last digits; `search`, `through` and `curves` find all curves of one game that many starts lead to.
"""

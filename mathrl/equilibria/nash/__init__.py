"""Nash Q-values: Newton's method over stage games that have one Nash value each.

`stages` says what a kind of stage games offers. `global_optima` and `saddle_points` are the two kinds, and `steps`
the iteration, which serves both.
"""

"""Hypothesis profiles: `fast` by default and the same on every run, `long` with MATHRL_PROFILE=long."""

import os

from hypothesis import HealthCheck, settings

# Kernels compile during the first example, and CI machines are slow: time says nothing about a test.
untimed = settings(deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fast", untimed, max_examples=100, derandomize=True)
settings.register_profile("long", untimed, max_examples=1000)
settings.load_profile(os.environ.get("MATHRL_PROFILE", "fast"))

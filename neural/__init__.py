"""The operators on networks, for deep benchmarks (JAX, an optional extra), and what training code does exactly."""

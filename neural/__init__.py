"""The operators on networks, for deep benchmarks (JAX, an optional extra). Nothing is here yet."""

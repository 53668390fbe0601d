"""The tests, and what they share: `examples` and `tolerances`."""

"""Speed as ratios, each against a peer or a limit timed in the same run: `python -m benchmarks`, or `make bench`."""

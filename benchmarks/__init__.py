"""Speed against the best peers: every case is compared first and timed afterwards. ``python -m benchmarks``."""

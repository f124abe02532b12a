"""Boxes that tests of boxes share."""

from __future__ import annotations

import numpy as np


def from_middles(middles, sizes, dtype=np.float32):
    return np.concatenate([middles - sizes / 2, middles + sizes / 2], axis=1).astype(dtype)


def clustered(rng, n, objects, dtype=np.float32):
    """Several boxes around each object, as detectors give them."""
    which = rng.integers(0, objects, n)
    sizes = np.exp(rng.normal(3.5, 0.5, (objects, 2)))[which]
    middles = (rng.random((objects, 2)) * 20 * objects**0.5)[which]
    return from_middles(
        middles + rng.normal(0, 0.1, (n, 2)) * sizes, sizes * np.exp(rng.normal(0, 0.1, (n, 2))), dtype
    )


def scenes(rng, n, dtype=np.float32):
    """By name: boxes that a search by size and place may get wrong."""
    some = rng.random((n, 2))
    corner, sides = rng.integers(0, 12, (n, 2)), rng.integers(0, 6, (n, 2))
    wide = np.stack([np.full(n, 1000.0), np.exp(rng.normal(0, 1, n))], 1)
    giants = np.where(rng.random((n, 1)) < 0.1, 4000.0, 3.0)
    return {
        "clustered": clustered(rng, n, max(n // 8, 1), dtype),
        "scattered": from_middles(some * 20 * n**0.5, np.exp(rng.normal(3, 1, (n, 2))), dtype),
        "one place, all sizes": from_middles(some * 0, np.exp(rng.normal(0, 4, (n, 2))), dtype),
        "one place, one size": from_middles(some * 0.2, 1 + some * 0.1, dtype),
        "lattice": np.concatenate([corner, corner + sides], 1).astype(dtype),
        "lines": from_middles(some * 1000, wide, dtype),
        "crossing lines": from_middles(
            some * 100, np.where(rng.random((n, 1)) < 0.5, wide, wide[:, ::-1]), dtype
        ),
        "giants among dwarfs": from_middles(some * 4000, giants * (0.5 + rng.random((n, 2))), dtype),
        "huge": from_middles((some - 0.5) * 1e30, rng.random((n, 2)) * 1e30, dtype),
        "largest areas": from_middles((some - 0.5) * 1e19, 1e19 + rng.random((n, 2)) * 1e19, dtype),
        "tiny": from_middles((some - 0.5) * 1e-22, rng.random((n, 2)) * 1e-22, dtype),
        "far out": from_middles(
            1e6 + rng.integers(0, 9, (n, 2)) * 0.5, rng.integers(1, 8, (n, 2)) * 1.0, dtype
        ),
        "normalised": from_middles(some, 0.3 * rng.random((n, 2)), dtype),
        "negative": from_middles(some * 300 - 900, np.exp(rng.normal(4, 0.3, (n, 2))), dtype),
    }


def tied_scores(rng, n, dtype=np.float32):
    """One of a few values each, both zeros among them."""
    return rng.choice(np.array([-0.0, 0.0, 0.25, 0.5, 0.75, 1.0], dtype), n)

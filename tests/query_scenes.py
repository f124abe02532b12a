"""Outputs of networks with mask queries, as tests of their decoders need them."""

from __future__ import annotations

from typing import Any

import numpy as np


def scene(
    rng: np.random.Generator, queries: int, classes: int, shape: tuple[int, int], spread: float = 2.0
) -> dict[str, Any]:
    """Masks about middles of their own, some queries of no class."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    middles, sizes = rng.uniform(0, shape, (queries, 2)), rng.uniform(0.1, 0.5, (queries, 2)) * shape
    far = [
        ((y - c[0]) / (s[0] + 0.5)) ** 2 + ((x - c[1]) / (s[1] + 0.5)) ** 2
        for c, s in zip(middles, sizes, strict=True)
    ]
    masks = 5 * (1 - np.sqrt(np.reshape(far, (queries, *shape)))) + rng.normal(0, spread, (queries, *shape))
    logits = rng.normal(0, 1, (queries, classes + 1))
    logits[np.arange(queries), rng.integers(0, classes + 1, queries)] += 6
    return {
        "class_queries_logits": logits.astype(np.float32)[None],
        "masks_queries_logits": masks.astype(np.float32)[None],
    }

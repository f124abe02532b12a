"""One meaning of ``seed`` everywhere."""

from __future__ import annotations

import numpy as np

from .errors import wrong_type, wrong_value


def generator(function: str, seed: object) -> np.random.Generator:
    """The generator for ``seed``: a non-negative integer (same seed, same result) or a Generator to draw from."""
    must = "an integer >= 0 or a numpy.random.Generator"
    if isinstance(seed, np.random.Generator):
        return seed
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool):
        raise wrong_type(function, "seed", must, seed)
    if seed < 0:
        raise wrong_value(function, "seed", must, seed)
    return np.random.default_rng(int(seed))

"""One meaning of ``seed`` everywhere."""

from __future__ import annotations

import numpy as np

from .errors import wrong_type, wrong_value


def generator(function: str, seed: object) -> np.random.Generator:
    """The generator for ``seed``: a non-negative integer (same seed, same result) or a Generator to draw from."""
    check_seed(function, seed)
    return seed if isinstance(seed, np.random.Generator) else np.random.default_rng(int(seed))  # type: ignore[call-overload]


def check_seed(function: str, seed: object) -> None:
    """Refuse what is no seed; a generator is more work than a small image."""
    must = "an integer >= 0 or a numpy.random.Generator"
    if isinstance(seed, np.random.Generator):
        return
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool):
        raise wrong_type(function, "seed", must, seed)
    if seed < 0:
        raise wrong_value(function, "seed", must, seed)

"""The parameters of forests, what decides how their trees become, and how far the training has come."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._core.errors import wrong_type
from .._core.parameters import Range
from .growing import Growth

RANGES = {
    "n_trees": Range(low=1, high=1000, integer=True),
    "max_depth": Range(low=0, high=40, integer=True),
    "n_features": Range(low=1, high=1_000_000, integer=True),
    "n_thresholds": Range(low=1, high=250, integer=True),
    "pixels_per_image": Range(low=1, high=10_000_000, integer=True),
    "min_samples_leaf": Range(low=1, high=1_000_000, integer=True),
    "max_offset": Range(above=0.0, high=1e4),
    "seed": Range(low=0, high=2**32 - 1, integer=True),
}


@dataclass(frozen=True)
class Progress:
    """How far the training of a forest has come.

    Attributes
    ----------
    stage : {"reading", "growing"}
        Reading images, or growing trees.
    done, total : int
        Images, or levels of trees.
    tree, level, nodes : int
        The tree and level just grown, and the nodes of the level below.
    pixels : int
        Of the tree that are still open.
    elapsed : float
        Seconds of this call.
    """

    stage: str
    done: int
    total: int
    tree: int
    level: int
    nodes: int
    pixels: int
    elapsed: float


def growth_of(params: Mapping[str, Any]) -> tuple[Growth, int]:
    """How trees grow, and how many, once the parameters are known to be within their ranges."""
    checked = {name: limits.check("DepthForest", name, params[name]) for name, limits in RANGES.items()}
    for name in ("bootstrap", "even_parts"):
        if not isinstance(params[name], bool | np.bool_):
            raise wrong_type("DepthForest", name, "True or False", params[name])
    growth = Growth(
        checked["max_depth"],
        checked["n_features"],
        checked["n_thresholds"],
        checked["min_samples_leaf"],
        float(checked["max_offset"]),
        0,
        checked["seed"],
    )
    return growth, checked["n_trees"]


def fingerprint(params: Mapping[str, Any], store: Any, parts: int) -> str:
    """Of all that decides what the trees become."""
    own = {name: value for name, value in params.items() if name not in ("checkpoint", "n_trees")}
    digest = hashlib.sha256(json.dumps([own, parts], default=int, sort_keys=True).encode())
    for array in (store.shapes, store.depths, store.labels):
        digest.update(np.ascontiguousarray(array).view(np.uint8).data)
    return digest.hexdigest()

"""Histograms as SVG paths."""

from __future__ import annotations

import numpy as np

from ..._core.images import Array

WIDTH, HEIGHT = 256, 64


def histogram_paths(*histograms: Array) -> list[list[tuple[str, str]]]:
    """For each ``(C, bins)`` histogram the (class, path) of its channels, all drawn to one scale.

    Heights are square roots of the shares: next to a peak, thin tails would be invisible otherwise.
    """
    top = max(float(np.sqrt(histogram).max()) for histogram in histograms)
    return [_paths(np.sqrt(histogram) / top) for histogram in histograms]


def _paths(heights: Array) -> list[tuple[str, str]]:
    names = ["gray"] if len(heights) == 1 else ["red", "green", "blue"]
    step = WIDTH // heights.shape[1]
    paths = []
    for name, row in zip(names, heights, strict=True):
        tops = HEIGHT - np.rint(row * (HEIGHT - 2) * 10) / 10
        paths.append((name, f"M0 {HEIGHT}" + "".join(f"V{y:g}h{step}" for y in tops) + f"V{HEIGHT}Z"))
    return paths

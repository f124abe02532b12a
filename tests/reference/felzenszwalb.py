"""Felzenszwalb's segmentation edge by edge (Efficient graph-based image segmentation, IJCV 59 (2), 2004)."""

from __future__ import annotations

import numpy as np

UNITS = {"uint8": 1.0, "uint16": 257.0, "float32": 1 / 255}


def edges_of(image: np.ndarray) -> list[tuple[float, int, int]]:
    """Squared distances in float32 of all pairs of neighbours, and the pixels: right, down, and the two diagonals."""
    height, width = image.shape[:2]
    planes = image.reshape(height, width, -1)[..., :3].astype(np.float32)
    found = []
    for (y0, x0), (y1, x1) in (((0, 0), (0, 1)), ((0, 0), (1, 0)), ((0, 0), (1, 1)), ((0, 1), (1, 0))):
        for y in range(height - max(y0, y1)):
            for x in range(width - max(x0, x1)):
                difference = planes[y + y0, x + x0] - planes[y + y1, x + x1]
                squared = difference[0] * difference[0]
                for value in difference[1:]:
                    squared = squared + value * value
                found.append((squared, (y + y0) * width + x + x0, (y + y1) * width + x + x1))
    return found


def felzenszwalb(image: np.ndarray, scale: float, min_size: int) -> np.ndarray:
    """Labels of an image that is blurred already; ties in the order of `edges_of`, NaN last."""
    scale *= UNITS[image.dtype.name]
    with np.errstate(all="ignore"):
        edges = edges_of(image)
    # Stable, and NaN in one class behind infinity.
    order = np.argsort(np.array([edge[0] for edge in edges], np.float32), kind="stable")
    height, width = image.shape[:2]
    region = list(range(height * width))
    members = {pixel: [pixel] for pixel in region}
    inner = {pixel: np.float32(0) for pixel in region}

    def join(a: int, b: int) -> None:
        for pixel in members[b]:
            region[pixel] = a
        members[a] += members.pop(b)

    for number in order:
        squared, p, q = edges[number]
        a, b, weight = region[p], region[q], np.sqrt(squared)
        if a != b and weight < min(float(inner[k]) + scale / len(members[k]) for k in (a, b)):
            join(a, b)
            inner[a] = weight
    for number in order:
        _, p, q = edges[number]
        a, b = region[p], region[q]
        if a != b and min(len(members[a]), len(members[b])) < min_size:
            join(a, b)
    numbers: dict[int, int] = {}
    labels = [numbers.setdefault(a, len(numbers)) for a in region]
    return np.array(labels, np.int32).reshape(height, width)

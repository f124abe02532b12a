"""The slow twin of label maps: the logits of all classes at one pixel after the other.

torch.nn.functional.interpolate, mode="bilinear", in float32, and the first largest class: J. Long, E. Shelhamer,
T. Darrell, CVPR 2015, section 3.3.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

f = np.float32


def tap(place: Any, samples: int) -> tuple[int, int, np.float32]:
    """The two samples beside a place, held at the ends, and what the second counts."""
    low = min(max(math.floor(place), 0), samples - 1)
    return low, min(low + 1, samples - 1), f(min(max(place - low, 0), 1))


def resized(at: int, samples: int, length: int, align_corners: bool) -> np.float32:
    """Where pixel ``at`` of ``length`` lies among the samples."""
    if align_corners:
        return f(samples - 1) / f(length - 1) * f(at) if length > 1 else f(0)
    return f(samples) / f(length) * (f(at) + f(0.5)) - f(0.5)


def placed(at: int, samples: int, geometry: Any, axis: int) -> float:
    """Where pixel ``at`` of the image lies among samples of the whole input."""
    place = (at + 0.5) * geometry.scale[axis] + geometry.offset[axis]
    if axis == 1 and geometry.flip:
        place = geometry.input_shape[1] - place
    return place * (samples / geometry.input_shape[axis]) - 0.5


def values(logits: Any, down: Any, across: Any) -> list[np.float32]:
    """Of each class at one pixel."""
    (y0, y1, v), (x0, x1, u) = down, across
    one = f(1)
    return [
        (plane[y0, x0] * (one - u) + plane[y0, x1] * u) * (one - v)
        + (plane[y1, x0] * (one - u) + plane[y1, x1] * u) * v
        for plane in logits
    ]


def label_map(logits: Any, downs: list[Any], acrosses: list[Any]) -> tuple[Any, Any]:
    """Labels, and the values of all classes, for the taps of rows and of columns."""
    labels = np.zeros((len(downs), len(acrosses)), np.int32)
    maps = np.zeros((len(logits), *labels.shape), np.float32)
    for y, down in enumerate(downs):
        for x, across in enumerate(acrosses):
            maps[:, y, x] = values(logits, down, across)
            labels[y, x] = int(np.argmax(maps[:, y, x]))
    return labels, maps


def resized_taps(samples: int, length: int, align_corners: bool) -> list[Any]:
    return [tap(resized(at, samples, length, align_corners), samples) for at in range(length)]


def placed_taps(samples: int, geometry: Any, axis: int) -> list[Any]:
    return [tap(placed(at, samples, geometry, axis), samples) for at in range(geometry.image_shape[axis])]

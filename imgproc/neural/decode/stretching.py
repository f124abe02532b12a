"""Maps of numbers that a network gives for its input, at the pixels of the image."""

from __future__ import annotations

import numpy as np

from ..._core.images import FLOAT32, Array
from ..._core.threads import run_bands
from ..._ext import stretch as kernels
from ..geometry import Geometry
from .label_axes import INT32, placed_places, resized_places

# Nanoseconds for a pixel: only an estimate for the choice of threads.
_COST = 3.0


def over_image(values: Array, geometry: Geometry, resample: str, *, stretched: bool) -> Array:
    """Numbers of the input at the pixels of the image; NaN where it was cropped away."""
    shape = geometry.image_shape
    if stretched:
        places = [resized_places(values.shape[axis], shape[axis], False) for axis in (0, 1)]
        inside = [slice(0, length) for length in shape]
    else:
        both = [placed_places(geometry, values.shape[axis], axis, False) for axis in (0, 1)]
        places, inside = [along for along, _ in both], [part for _, part in both]
    down, across = (
        _taps(along, samples, resample) for along, samples in zip(places, values.shape, strict=True)
    )
    out = np.empty(shape, FLOAT32)
    values = np.ascontiguousarray(values)

    def band(y0: int, y1: int) -> None:
        kernels.stretch(values, *down, *across, out, y0, y1)

    run_bands(band, shape[0], out.size * _COST)
    rows, columns = inside
    out[: rows.start], out[rows.stop :] = np.nan, np.nan
    out[:, : columns.start], out[:, columns.stop :] = np.nan, np.nan
    return out


def _taps(places: Array, samples: int, resample: str) -> tuple[Array, Array]:
    """Samples beside each place and their weights, (2 or 4, length); samples beyond the ends are those at the ends."""
    if resample == "bilinear":
        places = np.clip(places, 0, samples - 1)
    low = np.floor(places)
    t = (places - low).astype(FLOAT32)
    if resample == "bilinear":
        steps: tuple[int, ...] = (0, 1)
        weights = np.stack([1 - t, t])
    else:
        a = np.float32(-0.75)

        def near(x: Array) -> Array:
            return np.asarray(((a + 2) * x - (a + 3)) * x * x + 1)

        def far(x: Array) -> Array:
            return np.asarray(((a * x - 5 * a) * x + 8 * a) * x - 4 * a)

        steps = (-1, 0, 1, 2)
        weights = np.stack([far(t + 1), near(t), near(1 - t), far(2 - t)])
    indices = np.stack([np.clip(low + step, 0, samples - 1) for step in steps])
    return indices.astype(INT32), np.ascontiguousarray(weights, FLOAT32)

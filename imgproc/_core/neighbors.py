"""Operations on neighbourhoods: what lies around the image, and the pass that runs a kernel over bands of rows.

Kernels never see a padded image. They read the row that stands for each row of the padded image from
``Surroundings.rows`` and extend the few rows that they hold by ``Surroundings.columns``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from .._ext import neighbors as kernels
from .borders import border_indices, outside_indices
from .errors import wrong_value
from .images import RGBA, UINT8, Array, channel_count, rows
from .parameters import Range
from .threads import run_bands

FILL = Range()

Kernel = Callable[[Array, Array, int, "Surroundings", int, int], None]


def check_fill(function: str, fill: Any, dtype: np.dtype[Any]) -> float:
    """A number that the image's dtype holds exactly, or that rounds to a finite float32."""
    if type(fill) is float and fill == 0:
        return fill
    value: float = FILL.check(function, "fill", fill)
    if dtype.kind == "u":
        top = 255 if dtype == UINT8 else 65535
        if not (value.is_integer() and 0 <= value <= top):
            raise wrong_value(function, "fill", f"an integer from 0 to {top} for {dtype} images", fill)
    elif abs(value) >= 2.0**128 - 2.0**103:  # half a unit above the largest float32
        raise wrong_value(function, "fill", "a number that float32 holds", fill)
    return value


@dataclass(frozen=True)
class Surroundings:
    """The pixels around an image, as far as a neighbourhood of ``(2 ry + 1, 2 rx + 1)`` pixels reaches."""

    reach: tuple[int, int]
    """``(ry, rx)``."""
    rows: Array
    """int64 (H + 2 ry,): the image row that stands at each row of the padded image; -1 is a row of ``fill``."""
    columns: Array
    """int64 (2 rx,): the image columns left of the image, then those right of it; -1 is ``fill``."""
    fill: float


def surroundings(image: Array, reach: tuple[int, int], border: str, fill: float) -> Surroundings:
    """What ``border`` puts around ``image``. Cost and memory O(H + ry + rx)."""
    (height, width), (ry, rx) = image.shape[:2], reach
    short = height + 2 * (ry + rx) <= _SHORT
    indices = (_kept_indices if short else _indices)(height, width, ry, rx, border)
    return Surroundings(reach, *indices, fill)


def _indices(height: int, width: int, ry: int, rx: int, border: str) -> tuple[Array, Array]:
    indices = border_indices(height, ry, ry, border), outside_indices(width, rx, rx, border)
    for shared in indices:
        shared.flags.writeable = False
    return indices


# A small image is filtered in less time than its indices take. Those of long images are not kept: they are large.
_SHORT = 1 << 14
_kept_indices = lru_cache(maxsize=8)(_indices)


def run_kernel(
    image: Array, out: Array, around: Surroundings, kernel: Kernel, nanoseconds: float, *, sure: bool = False
) -> Array:
    """Run ``kernel(src, dst, channels, around, y0, y1)`` over bands of rows; alpha is copied afterwards.

    ``nanoseconds`` is the estimated time for one sample on one thread; ``sure`` is that of `run_bands`.
    """
    src, dst, channels = rows(image), rows(out), channel_count(image)

    def band(y0: int, y1: int) -> None:
        kernel(src, dst, channels, around, y0, y1)
        if channels == RGBA:
            kernels.copy_alpha(src, dst, y0, y1)

    run_bands(band, len(dst), nanoseconds * dst.size, sure=sure)
    return out

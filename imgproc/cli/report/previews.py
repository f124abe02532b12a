"""What the report keeps of an image: a small picture and its histogram."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import cv2
import numpy as np

from ..._core.histograms import level_counts
from ..._core.images import FLOAT32, GRAY, RGBA, Array, channel_count
from ..drawing import eight_bits

BINS = 128


@dataclass(frozen=True)
class Preview:
    """A picture of bounded size as a data: URI, and (C, BINS) counts as shares."""

    uri: str
    width: int
    height: int
    histogram: Array


def take_preview(image: Array, side: int) -> Preview:
    """Of any image of the library, at most ``side`` pixels a side.

    Values beyond [0, 1] of a float image are clipped in the picture.
    """
    height, width = image.shape[:2]
    scale = min(1.0, side / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = image if scale == 1.0 else cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    uri = _data_uri(eight_bits(small))
    return Preview(uri, *size, _histogram(image))


def _data_uri(image: Array) -> str:
    """JPEG, or WebP where there is alpha: its encoder takes ten times as long."""
    if channel_count(image) == RGBA:
        kind, options = "webp", [cv2.IMWRITE_WEBP_QUALITY, 82]
        image = cv2.cvtColor(image, cv2.COLOR_RGBA2BGRA)
    else:
        kind, options = "jpeg", [cv2.IMWRITE_JPEG_QUALITY, 85]
        image = image if channel_count(image) == GRAY else cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    content = cv2.imencode(f".{kind}", image, options)[1]
    return f"data:image/{kind};base64," + base64.b64encode(content.tobytes()).decode("ascii")


def _histogram(image: Array) -> Array:
    counts = level_counts(eight_bits(image) if image.dtype == FLOAT32 else image, None)
    bins = counts.reshape(len(counts), BINS, -1).sum(axis=2, dtype=np.float64)
    shares: Array = bins / bins.sum(axis=1, keepdims=True)
    return shares

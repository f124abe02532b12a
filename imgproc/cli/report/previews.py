"""What the report keeps of an image: a small picture and its histogram."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import cv2
import numpy as np

from ..._core.histograms import level_counts
from ..._core.images import FLOAT32, RGBA, UINT16, Array, channel_count

BINS = 64


@dataclass(frozen=True)
class Preview:
    """A picture of bounded size as a data: URI, and (C, BINS) counts as shares."""

    uri: str
    width: int
    height: int
    histogram: Array


def take_preview(image: Array, side: int) -> Preview:
    """Of any image of the library, at most ``side`` pixels a side; values beyond [0, 1] of a float image are clipped in the picture."""
    height, width = image.shape[:2]
    scale = min(1.0, side / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = image if scale == 1.0 else cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    uri = "data:image/webp;base64," + base64.b64encode(_encode(_eight_bits(small))).decode("ascii")
    return Preview(uri, *size, _histogram(image))


def _eight_bits(image: Array) -> Array:
    if image.dtype == UINT16:
        return (image // 257).astype(np.uint8)
    if image.dtype == FLOAT32:
        return (np.nan_to_num(image).clip(0, 1) * 255 + 0.5).astype(np.uint8)
    return image


def _encode(image: Array) -> bytes:
    if image.ndim == 3 and image.shape[2] > 1:
        image = cv2.cvtColor(
            image, cv2.COLOR_RGBA2BGRA if channel_count(image) == RGBA else cv2.COLOR_RGB2BGR
        )
    return cv2.imencode(".webp", image, [cv2.IMWRITE_WEBP_QUALITY, 82])[1].tobytes()


def _histogram(image: Array) -> Array:
    counts = level_counts(_eight_bits(image) if image.dtype == FLOAT32 else image)
    bins = counts.reshape(len(counts), BINS, -1).sum(axis=2, dtype=np.float64)
    shares: Array = bins / bins.sum(axis=1, keepdims=True)
    return shares

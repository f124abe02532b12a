"""Median."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

import imgproc

from .harness import SIZES, Array, Case, case, equal, photograph
from .rivals import PIL, SCIPY, cv2

# OpenCV's median takes other dtypes than uint8 up to this radius.
_WIDE_RADIUS = 2


def cases(size: str) -> Iterator[Case]:
    yield from _opencv(size)
    yield from _scipy()


def _opencv(size: str) -> Iterator[Case]:
    noise = np.random.default_rng(0).integers(0, 256, SIZES[size], np.uint8)
    jobs: list[tuple[str, Array, tuple[int, ...]]] = [
        ("uint8 gray", photograph(size, channels=1), (1, 2, 3, 4, 5, 7, 20, 60, 120)),
        ("uint8 gray noise", noise, (1, 2, 3, 5, 7, 20)),
        ("uint8 RGB", photograph(size), (1, 2, 3, 7, 20)),
    ]
    for dtype in (np.uint16, np.float32):
        jobs += [
            (
                f"{np.dtype(dtype)} {label}",
                photograph(size, channels=channels, dtype=dtype),
                (1, _WIDE_RADIUS),
            )
            for label, channels in (("gray", 1), ("RGB", 3))
        ]
    for label, image, radii in jobs:
        out = np.empty_like(image)
        for radius in radii:
            yield case(
                f"median {label}, radius {radius}",
                size,
                image,
                out,
                lambda image=image, radius=radius, out=out: imgproc.median_filter(
                    image, radius, border="edge", out=out
                ),
                equal,
                opencv=lambda image=image, radius=radius, out=out: cv2.medianBlur(
                    image, 2 * radius + 1, dst=out
                ),
                pillow=_pillow(image, radius) if label == "uint8 gray" and radius in (1, 3) else None,
            )


def _pillow(image: Array, radius: int) -> Callable[[], Array] | None:
    if PIL is None or len(image) > SIZES["512"][0]:  # it needs seconds for larger ones
        return None
    from PIL import Image, ImageFilter

    return lambda: np.asarray(Image.fromarray(image).filter(ImageFilter.MedianFilter(2 * radius + 1)))


def _scipy() -> Iterator[Case]:
    """Large windows of the dtypes that OpenCV does not take, on the small image: SciPy needs seconds for it."""
    if not SCIPY:
        return
    from scipy import ndimage

    def peer(image: Array, radius: int, out: Array) -> Callable[[], Array]:
        def run() -> Array:
            ndimage.median_filter(image, size=2 * radius + 1, mode="nearest", output=out)
            return out

        return run

    for dtype in (np.uint16, np.float32):
        image = photograph("512", channels=1, dtype=dtype)
        out = np.empty_like(image)
        for radius in (3, 5, 10):
            yield case(
                f"median {np.dtype(dtype)} gray, radius {radius}",
                "512",
                image,
                out,
                lambda image=image, radius=radius, out=out: imgproc.median_filter(
                    image, radius, border="edge", out=out
                ),
                equal,
                scipy=peer(image, radius, out),
            )

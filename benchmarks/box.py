"""Box filter."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import imgproc

from .harness import Array, Case, case, equal, photograph, within
from .rivals import PIL, SCIPY, cv2

RADII = {np.uint8: (1, 3, 7, 50), np.uint16: (7,), np.float32: (1, 7, 50)}
CURVE = (1, 2, 3, 5, 7, 10, 20, 50, 100, 200)


def cases(size: str) -> Iterator[Case]:
    for dtype, radii in RADII.items():
        for radius in radii:
            yield _case(size, photograph(size, channels=1, dtype=dtype), radius)
    for radius in RADII[np.uint8]:
        yield _case(size, photograph(size), radius)
    yield _edges(size, photograph(size, channels=1), 7)
    # The rest of the curve that shows a cost independent of the radius.
    for dtype, radii in RADII.items():
        image = photograph(size, channels=1, dtype=dtype)
        for radius in CURVE:
            if radius not in radii:
                yield _case(size, image, radius, "curve ")


def _edges(size: str, image: Array, radius: int) -> Case:
    """With the border that every peer has; SciPy cuts off the fractions of both passes."""
    out, side = np.empty_like(image), 2 * radius + 1

    def pillow() -> Array:
        from PIL import Image, ImageFilter

        return np.asarray(Image.fromarray(image).filter(ImageFilter.BoxBlur(radius)))

    def scipy() -> Array:
        from scipy import ndimage

        ndimage.uniform_filter(image, side, output=out, mode="nearest")
        return out

    return case(
        f"box uint8 gray r={radius}, edges repeated",
        size,
        image,
        out,
        lambda: imgproc.box_filter(image, radius, border="edge", out=out),
        within(2),
        opencv=cv2 and (lambda: cv2.blur(image, (side, side), dst=out, borderType=cv2.BORDER_REPLICATE)),
        pillow=pillow if PIL else None,
        scipy=scipy if SCIPY else None,
    )


def _case(size: str, image: Array, radius: int, prefix: str = "") -> Case:
    out, side = np.empty_like(image), (2 * radius + 1,) * 2
    # OpenCV's reciprocal is off by a level in a few pixels of uint16 and of uint8 windows beyond 100; its running
    # float64 sums of float32 by a unit in the last place.
    rule = (
        within(2e-7)
        if image.dtype == np.float32
        else within(1)
        if image.dtype == np.uint16 or radius > 50
        else equal
    )
    name = f"{prefix}box {image.dtype} {'RGB' if image.ndim == 3 else 'gray'} r={radius}"
    return case(
        name,
        size,
        image,
        out,
        lambda: imgproc.box_filter(image, radius, out=out),
        rule,
        opencv=lambda: cv2.blur(image, side, dst=out),
    )

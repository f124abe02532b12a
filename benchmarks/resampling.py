"""Resampling."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import imgproc

from .harness import SIZES, Array, Case, another_rule, case, equal, photograph, within
from .rivals import PIL, SCIPY, cv2

# From a size of image to new ones.
TARGETS = {
    "512": ((224, 224), (256, 256), (1024, 1024)),
    "1080p": ((224, 224), (640, 640), (720, 1280), (2160, 3840)),
    "4K": ((720, 1280), (1080, 1920)),
}
KINDS = (
    (np.uint8, 1, "gray"),
    (np.uint8, 3, "RGB"),
    (np.uint16, 1, "gray"),
    (np.float32, 1, "gray"),
    (np.float32, 3, "RGB"),
)


def cases(size: str) -> Iterator[Case]:
    for dtype, channels, label in KINDS:
        image = photograph(size, channels=channels, dtype=dtype)
        for shape in TARGETS[size]:
            yield from _resize(size, image, shape, f"{np.dtype(dtype)} {label}")
        yield from _warp(size, image, f"{np.dtype(dtype)} {label}")


def _resize(size: str, image: Array, shape: tuple[int, int], label: str) -> Iterator[Case]:
    out = np.empty((*shape, *image.shape[2:]), image.dtype)
    # OpenCV's positions are float32, and its box weights too: 2**-12 of the range at thousands of pixels.
    scale = 1 if image.dtype == np.float32 else float(np.iinfo(image.dtype).max)
    near = within(2 * 2.0**-12 * scale + (0 if image.dtype == np.float32 else 1))
    rules: dict[str, Any] = {
        "linear": equal if image.dtype == np.uint8 else near,
        # Its steps of 16 binary digits drift by a pixel along thousands.
        "nearest": another_rule,
        "area": near,
    }
    for method, name in (("linear", "LINEAR"), ("nearest", "NEAREST_EXACT"), ("area", "AREA")):
        flag = getattr(cv2, "INTER_" + name) if cv2 else None
        yield case(
            f"resize {method} to {shape[0]}x{shape[1]} {label}",
            size,
            image,
            out,
            lambda method=method: imgproc.resize(image, shape, method=method, out=out),
            rules[method],
            opencv=lambda flag=flag: cv2.resize(image, shape[::-1], dst=out, interpolation=flag),
            pillow=_pillow(image, shape) if method == "area" else None,
        )


def _pillow(image: Array, shape: tuple[int, int]) -> Callable[[], Array] | None:
    """Where a pixel is a mean of whole pixels: its box takes or leaves others whole."""
    factor = image.shape[0] // shape[0]
    if PIL is None or image.dtype != np.uint8 or image.shape[:2] != (factor * shape[0], factor * shape[1]):
        return None
    from PIL import Image

    return lambda: np.asarray(Image.fromarray(image).reduce(factor))


def _scipy(image: Array, places: Array, out: Array) -> Callable[[], Array]:
    from scipy import ndimage

    positions = np.ascontiguousarray(np.moveaxis(places, -1, 0))
    return lambda: ndimage.map_coordinates(image, positions, out, order=1, mode="mirror")


def _warp(size: str, image: Array, label: str) -> Iterator[Case]:
    height, width = SIZES[size]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    y, x = y - height / 2, x - width / 2
    cos, sin = 0.9 * np.cos(0.2), 0.9 * np.sin(0.2)
    rng = np.random.default_rng(0)
    fields = {
        "rotation and zoom": (cos * y + sin * x, cos * x - sin * y),
        "random shifts": (y + rng.normal(0, 2, y.shape), x + rng.normal(0, 2, y.shape)),
    }
    out = np.empty_like(image)
    for name, (rows, columns) in fields.items():
        places = np.stack([rows + height / 2, columns + width / 2], axis=-1).astype(np.float32)
        swapped = np.ascontiguousarray(places[..., ::-1])
        yield case(
            f"warp {name} {label}",
            size,
            image,
            out,
            lambda places=places: imgproc.warp_backward(image, places, out=out),
            # OpenCV 4 cuts fractions to 1/32 of a pixel.
            another_rule,
            opencv=lambda swapped=swapped: cv2.remap(
                image, swapped, None, cv2.INTER_LINEAR, dst=out, borderMode=cv2.BORDER_REFLECT_101
            ),
            scipy=_scipy(image, places, out) if SCIPY and size == "512" and label == "uint8 gray" else None,
        )

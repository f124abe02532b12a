"""Morphology: rectangles over sizes, footprints, and the operations made of two steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import imgproc

from .harness import Array, Case, case, equal, photograph
from .rivals import PIL, SCIPY, cv2


def cases(size: str) -> Iterator[Case]:
    for length in (1, 3, 5, 7, 9, 15, 31, 51, 101, 201):
        yield _case(size, "erode", np.uint8, 1, length)
    for length in (3, 15, 51):
        yield _case(size, "dilate", np.uint8, 1, length)
        for dtype, channels in ((np.uint16, 1), (np.float32, 1), (np.uint8, 3)):
            yield _case(size, "erode", dtype, channels, length)
    for length in (7, 15, 31):
        yield _case(size, "erode", np.uint8, 1, length, ellipse=True)
    for dtype in (np.uint16, np.float32):
        yield _case(size, "erode", dtype, 1, 15, ellipse=True)
    for name in ("opening", "closing", "morphological_gradient"):
        for length in (3, 15, 51):
            yield _case(size, name, np.uint8, 1, length)
        yield _case(size, name, np.uint8, 3, 3)
        yield _case(size, name, np.float32, 1, 3)
        yield _case(size, name, np.uint8, 1, 15, ellipse=True)


def _case(size: str, name: str, dtype: Any, channels: int, length: int, *, ellipse: bool = False) -> Case:
    image = photograph(size, channels=channels, dtype=dtype)
    out = np.empty_like(image)
    shape = _ellipse(length) if ellipse else np.ones((length, length), np.uint8)
    function = getattr(imgproc, name)
    # OpenCV leaves out what lies outside; for a footprint that is another result than a reflected image.
    arguments: dict[str, Any] = {"footprint": shape} if ellipse else {"size": length}

    def scipy() -> Array:
        from scipy import ndimage

        ndimage.grey_erosion(image, size=(length, length), mode="mirror", output=out)
        return out

    def pillow() -> Array:
        from PIL import Image, ImageFilter

        return np.asarray(Image.fromarray(image).filter(ImageFilter.MinFilter(length)))

    peers: dict[str, Callable[[], Array] | None] = {
        "opencv": cv2 and _opencv(name, image, shape, out, reflect=ellipse)
    }
    if name == "erode" and channels == 1 and not ellipse and length in (3, 15) and SCIPY:
        peers["scipy"] = scipy
    if name == "erode" and channels == 1 and not ellipse and dtype == np.uint8 and length in (3, 15) and PIL:
        peers["pillow"] = pillow
    return case(
        f"{name} {np.dtype(dtype)} {'gray' if channels == 1 else 'RGB'} {'ellipse ' if ellipse else ''}{length}",
        size,
        image,
        out,
        lambda: function(image, **arguments, out=out),
        equal,
        **peers,
    )


def _ellipse(length: int) -> Array:
    """OpenCV's."""
    reach = length // 2
    offset = np.arange(-reach, reach + 1)
    half = np.rint(reach * np.sqrt(1 - (offset / reach) ** 2))
    return (np.abs(offset) <= half[:, None]).astype(np.uint8)


def _opencv(name: str, image: Array, shape: Array, out: Array, *, reflect: bool) -> Callable[[], Array]:
    border = {"borderType": cv2.BORDER_REFLECT_101} if reflect else {}
    operation = {
        "erode": cv2.MORPH_ERODE,
        "dilate": cv2.MORPH_DILATE,
        "opening": cv2.MORPH_OPEN,
        "closing": cv2.MORPH_CLOSE,
        "morphological_gradient": cv2.MORPH_GRADIENT,
    }[name]
    if name == "erode":
        return lambda: cv2.erode(image, shape, dst=out, **border)
    if name == "dilate":
        return lambda: cv2.dilate(image, shape, dst=out, **border)
    return lambda: cv2.morphologyEx(image, operation, shape, dst=out, **border)

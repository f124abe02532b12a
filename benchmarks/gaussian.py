"""Gaussian blur and unsharp mask, with the same kernel for every peer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import imgproc

from .harness import Array, Case, another_rule, case, photograph, within
from .rivals import PIL, cv2, scipy


def _opencv(image: Array, sigma: float, out: Array) -> Callable[[], Any] | None:
    if cv2 is None:
        return None
    size = 2 * math.ceil(4 * sigma) + 1
    return lambda: cv2.GaussianBlur(image, (size, size), sigma, dst=out, borderType=cv2.BORDER_REFLECT_101)


def _scipy(image: Array, sigma: float, out: Array) -> Callable[[], Any] | None:
    if scipy is None:
        return None
    from scipy.ndimage import gaussian_filter

    radius = math.ceil(4 * sigma)
    axes = (0, 1)
    return lambda: gaussian_filter(image, sigma, mode="mirror", radius=radius, axes=axes, output=out)


def _unsharp(image: Array, amount: float, sigma: float, out: Array) -> Callable[[], Any] | None:
    blurred = np.empty_like(image)
    blur = _opencv(image, sigma, blurred)
    if cv2 is None or blur is None:
        return None

    def run() -> Any:
        blur()
        return cv2.addWeighted(image, 1 + amount, blurred, -amount, 0, dst=out)

    return run


def _pillow(image: Array, amount: float, sigma: float) -> Callable[[], Any] | None:
    if PIL is None:
        return None
    from PIL import Image, ImageFilter

    mask = ImageFilter.UnsharpMask(sigma, round(100 * amount), 0)
    return lambda: np.asarray(Image.fromarray(image).filter(mask))


def _rule(dtype: Any) -> Any:
    """OpenCV rounds the weights of integer images, SciPy truncates the result."""
    return {np.uint8: within(2), np.uint16: within(8), np.float32: within(1e-5)}[dtype]


def _blur(size: str, dtype: Any, sigma: float, channels: int = 1) -> Case:
    image = photograph(size, channels=channels, dtype=dtype)
    out = np.empty_like(image)
    kind = "gray" if channels == 1 else "RGB"
    return case(
        f"gaussian {kind} {np.dtype(dtype)} σ={sigma:g}",
        size,
        image,
        out,
        lambda: imgproc.gaussian_blur(image, sigma, out=out),
        _rule(dtype),
        opencv=_opencv(image, sigma, out),
        scipy=_scipy(image, sigma, out) if sigma == 5 and channels == 1 else None,
    )


def _sharpen(size: str, sigma: float) -> Case:
    image = photograph(size)
    out = np.empty_like(image)
    return case(
        f"sharpen RGB uint8 σ={sigma:g}",
        size,
        image,
        out,
        lambda: imgproc.sharpen(image, 1.0, sigma=sigma, out=out),
        another_rule,
        opencv=_unsharp(image, 1.0, sigma, out),
        pillow=_pillow(image, 1.0, sigma),
    )


def cases(size: str) -> Iterator[Case]:
    for dtype in (np.uint8, np.float32, np.uint16):
        for sigma in (1, 5, 20):
            yield _blur(size, dtype, sigma)
    for sigma in (1, 5):
        yield _blur(size, np.uint8, sigma, channels=3)
    for sigma in (2, 5):
        yield _sharpen(size, sigma)

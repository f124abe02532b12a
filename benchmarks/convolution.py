"""Convolution: kernels of full rank, kernels of rank 1, and separable ones, against filter2D and sepFilter2D."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

import imgproc

from .harness import Array, Case, Rule, case, photograph, within
from .rivals import SCIPY, cv2

# uint8: OpenCV and we round sums within 2**-12 of a half otherwise. float32: some eps of sums of at most 1.
_RULES: dict[str, Rule] = {"uint8": within(1, 0.01), "float32": within(4e-6)}
_SIZES = (3, 5, 7, 15, 31)


def cases(size: str) -> Iterator[Case]:
    rng = np.random.default_rng(0)
    for dtype in (np.uint8, np.float32):
        image = photograph(size, channels=1, dtype=dtype)
        out = np.empty_like(image)
        for length in _SIZES:
            kernel = rng.random((length, length)).astype(np.float32)
            yield _filter(f"correlate {length}×{length}", size, image, out, kernel / kernel.sum())
        column, row = rng.random((2, 31)).astype(np.float32)
        column, row = column / column.sum(), row / row.sum()
        yield _filter("correlate 31×31 of rank 1", size, image, out, np.outer(column, row))
        for length in _SIZES:
            column, row = rng.random((2, length)).astype(np.float32)
            yield _separable(size, image, out, column / column.sum(), row / row.sum())
    image = photograph(size)
    kernel = rng.random((5, 5)).astype(np.float32)
    yield _filter("correlate RGB 5×5", size, image, np.empty_like(image), kernel / kernel.sum())


def _filter(name: str, size: str, image: Array, out: Array, kernel: Array) -> Case:
    return case(
        f"{name} {image.dtype}",
        size,
        image,
        out,
        lambda: imgproc.correlate(image, kernel, out=out),
        _RULES[str(image.dtype)],
        opencv=lambda: cv2.filter2D(image, -1, kernel, dst=out),
        scipy=_scipy(size, image, out, kernel),
    )


def _scipy(size: str, image: Array, out: Array, kernel: Array) -> Callable[[], Array] | None:
    """By transforms where the kernel is large; for floats, as it cuts off the fractions of integers."""
    if not SCIPY or image.dtype != np.float32 or (len(kernel) < 15 and size != "512"):
        return None
    from scipy import ndimage, signal

    if len(kernel) < 15:
        return lambda: ndimage.correlate(image, kernel, out, "mirror")
    reach, turned = len(kernel) // 2, kernel[::-1, ::-1].copy()
    return lambda: signal.oaconvolve(np.pad(image, reach, "reflect"), turned, "valid")


def _separable(size: str, image: Array, out: Array, column: Array, row: Array) -> Case:
    # OpenCV correlates.
    turned_column, turned_row = column[::-1].copy(), row[::-1].copy()
    return case(
        f"convolve_separable {len(column)} {image.dtype}",
        size,
        image,
        out,
        lambda: imgproc.convolve_separable(image, column, row, out=out),
        _RULES[str(image.dtype)],
        opencv=lambda: cv2.sepFilter2D(image, -1, turned_row, turned_column, dst=out),
    )

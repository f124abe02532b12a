"""Gradients: derivatives, magnitude and direction, Canny's edges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import imgproc

from .harness import Array, Case, case, equal, photograph, within
from .rivals import SCIPY, cv2

Pair = tuple[Array, Array]


def cases(size: str) -> Iterator[Case]:
    yield from _derivatives(size)
    yield from _polar(size)
    yield from _canny(size)


def _both(rule: Any) -> Any:
    """A rule on each of two arrays."""

    def both(ours: Pair, rival: Pair) -> None:
        for one, other in zip(ours, rival, strict=True):
            rule(one, other)

    return both


def _pair(image: Array, dtype: Any) -> tuple[Pair, Array]:
    """Two arrays to write, and both as one for what a case counts as moved."""
    store = np.empty((2, *image.shape), dtype)
    return (store[0], store[1]), store


def _derivatives(size: str) -> Iterator[Case]:
    for operator, name in (("sobel", "Sobel"), ("scharr", "Scharr")):
        for dtype, channels in ((np.uint8, 1), (np.uint8, 3), (np.uint16, 1), (np.float32, 1)):
            if operator == "scharr" and (dtype != np.uint8 or channels != 1):
                continue
            image = photograph(size, channels=channels, dtype=dtype)
            out, store = _pair(image, np.int16 if dtype == np.uint8 else np.float32)

            def ours(image: Array = image, operator: str = operator, out: Pair = out) -> Pair:
                return imgproc.gradient(image, operator, out=out)

            def opencv(image: Array = image, name: str = name, out: Pair = out) -> Pair:
                depth = cv2.CV_16S if image.dtype == np.uint8 else cv2.CV_32F
                function = getattr(cv2, name)
                return function(image, depth, 1, 0, dst=out[0]), function(image, depth, 0, 1, dst=out[1])

            # float32: one rounding more or less on sums up to 4.
            rule = _both(within(4e-6) if dtype == np.float32 else equal)

            def scipy(image: Array = image, out: Pair = out) -> Pair:
                from scipy import ndimage

                for axis, array in ((1, out[0]), (0, out[1])):
                    ndimage.sobel(image, axis, array, "mirror")
                return out

            plain = operator == "sobel" and dtype == np.uint8 and channels == 1
            label = f"{operator} pair {np.dtype(dtype)} {'gray' if channels == 1 else 'RGB'}"
            rivals = {"opencv": opencv, "scipy": scipy if SCIPY and plain and size == "512" else None}
            yield case(label, size, image, store, ours, rule, **rivals)
            if plain:

                def spatial(image: Array = image, out: Pair = out) -> Pair:
                    return cv2.spatialGradient(image, out[0], out[1])

                yield case(f"{label}, spatialGradient", size, image, store, ours, rule, opencv=spatial)


def _polar(size: str) -> Iterator[Case]:
    for dtype in (np.uint8, np.uint16, np.float32):
        image = photograph(size, channels=1, dtype=dtype)
        out, store = _pair(image, np.float32)
        (gx, gy), _ = _pair(image, np.float32)

        def ours(image: Array = image, out: Pair = out) -> Pair:
            return imgproc.gradient_polar(image, out=out)

        def opencv(image: Array = image, out: Pair = out, gx: Array = gx, gy: Array = gy) -> Pair:
            cv2.Sobel(image, cv2.CV_32F, 1, 0, dst=gx)
            cv2.Sobel(image, cv2.CV_32F, 0, 1, dst=gy)
            magnitude, direction = cv2.cartToPolar(gx, gy, out[0], out[1])
            return magnitude, direction

        def scipy(image: Array = image) -> Pair:
            from scipy import ndimage

            x, y = (ndimage.sobel(image, axis, np.float32, "mirror") for axis in (1, 0))
            return np.hypot(x, y), np.arctan2(y, x)

        def rule(ours: Pair, rival: Pair) -> None:
            np.testing.assert_allclose(ours[0], rival[0], rtol=2e-6, atol=4e-6)
            strong = ours[0] > ours[0].max() / 1000  # the direction of next to nothing is rounding
            turn = np.abs(ours[1] - rival[1])[strong] % (2 * np.pi)
            # OpenCV's arctangent is a hundredth of a degree off, and runs from 0 to 2 pi.
            assert np.degrees(np.minimum(turn, 2 * np.pi - turn)).max() < 0.05

        rivals = {"opencv": opencv, "scipy": scipy if SCIPY and size == "512" else None}
        yield case(f"magnitude, direction {np.dtype(dtype)} gray", size, image, store, ours, rule, **rivals)


def _canny(size: str) -> Iterator[Case]:
    for channels, thresholds, l2 in (
        (1, (50, 150), False),
        (1, (100, 200), False),
        (3, (50, 150), False),
        (1, (50, 150), True),
    ):
        image = photograph(size, channels=channels)
        out = np.empty(image.shape[:2], np.uint8)
        low, high = thresholds

        def ours(
            image: Array = image, low: int = low, high: int = high, l2: bool = l2, out: Array = out
        ) -> Array:
            return imgproc.canny(image, low, high, l2=l2, out=out)

        def opencv(
            image: Array = image, low: int = low, high: int = high, l2: bool = l2, out: Array = out
        ) -> Array:
            return cv2.Canny(image, low, high, edges=out, L2gradient=l2)

        label = f"canny {low}, {high} uint8 {'gray' if channels == 1 else 'RGB'}{', L2' if l2 else ''}"
        yield case(label, size, image, out, ours, equal, opencv=opencv)

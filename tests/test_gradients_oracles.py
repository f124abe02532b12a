"""Derivatives against OpenCV and scikit-image."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import imgproc

cv2 = pytest.importorskip("cv2")

BORDERS = {
    "reflect": cv2.BORDER_REFLECT_101,
    "symmetric": cv2.BORDER_REFLECT,
    "edge": cv2.BORDER_REPLICATE,
    "constant": cv2.BORDER_CONSTANT,
}
SHAPES = ((1, 1), (1, 9), (9, 1), (2, 2), (37, 131), (20, 33, 3), (9, 70, 4))
OPERATORS = {"sobel": "Sobel", "scharr": "Scharr"}


def by_opencv(image: np.ndarray, operator: str, border: int, depth: int) -> tuple[np.ndarray, np.ndarray]:
    function = getattr(cv2, OPERATORS[operator])
    return (
        function(image, depth, 1, 0, borderType=border).reshape(image.shape),
        function(image, depth, 0, 1, borderType=border).reshape(image.shape),
    )


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("operator", OPERATORS)
def test_uint8_is_equal_to_opencv(operator: str, border: str, level: str, rng: np.random.Generator) -> None:
    for shape in SHAPES:
        image = rng.integers(0, 256, shape, np.uint8)
        result = imgproc.gradient(image, operator, border=border)
        for ours, theirs in zip(result, by_opencv(image, operator, BORDERS[border], cv2.CV_16S), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_spatial_gradient_of_opencv(level: str, rng: np.random.Generator) -> None:
    image = rng.integers(0, 256, (45, 99), np.uint8)
    for border in ("reflect", "edge"):
        theirs = cv2.spatialGradient(image, borderType=BORDERS[border])
        for ours, part in zip(imgproc.gradient(image, border=border), theirs, strict=True):
            np.testing.assert_array_equal(ours, part)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
@pytest.mark.parametrize("operator", OPERATORS)
def test_deep_images_against_opencv(operator: str, dtype: Any, level: str, rng: np.random.Generator) -> None:
    for shape in SHAPES:
        image = rng.integers(0, 65536, shape).astype(dtype)
        scale = 1.0 if dtype == np.uint16 else 65535.0
        image = image if dtype == np.uint16 else image / np.float32(scale)
        for border, code in BORDERS.items():
            result = imgproc.gradient(image, operator, border=border)
            for ours, theirs in zip(result, by_opencv(image, operator, code, cv2.CV_32F), strict=True):
                if dtype == np.uint16:
                    np.testing.assert_array_equal(ours, theirs)
                else:
                    # Both are within 4 · 2**-23 · Σ |w · image| of the exact sums; weights add up to 32 at most.
                    assert np.abs(ours - theirs).max() <= 2 * 4 * 2.0**-23 * 32


def test_polar_against_opencv(level: str, rng: np.random.Generator) -> None:
    image = rng.integers(0, 256, (45, 99), np.uint8)
    gx, gy = (cv2.Sobel(image, cv2.CV_32F, *order) for order in ((1, 0), (0, 1)))
    magnitude, direction = cv2.cartToPolar(gx, gy)
    ours = imgproc.gradient_polar(image)
    np.testing.assert_allclose(ours[0], magnitude, rtol=2.0**-22)
    # OpenCV's arctangent is a hundredth of a degree off, and runs from 0 to 2 pi.
    apart = np.degrees(np.abs(ours[1] % (2 * np.pi) - direction))
    assert np.minimum(apart, 360 - apart).max() < 0.02


@pytest.mark.parametrize("operator", ["sobel", "scharr", "prewitt"])
def test_scikit_image(operator: str, level: str, rng: np.random.Generator) -> None:
    filters = pytest.importorskip("skimage.filters")
    image = rng.random((33, 47), np.float32)
    factor = {"sobel": 4, "scharr": 16, "prewitt": 3}[
        operator
    ]  # its weights add up to 1, its difference to 2
    gx, gy = imgproc.gradient(image, operator, border="symmetric")
    for ours, axis in ((gx, 1), (gy, 0)):
        theirs = getattr(filters, operator)(image.astype(np.float64), axis=axis)
        np.testing.assert_allclose(ours / factor, theirs, atol=1e-6)

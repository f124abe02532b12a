"""Median against OpenCV, SciPy and scikit-image."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import imgproc

SCIPY_MODES = {
    "reflect": "mirror",
    "symmetric": "reflect",
    "edge": "nearest",
    "wrap": "grid-wrap",
    "constant": "constant",
}


def make(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Any:
    if dtype == "f4":
        return rng.random(shape, np.float32)
    return rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("radius", [1, 2, 3, 4, 5, 7, 20, 60, 126])
def test_opencv(channels: int, radius: int, level: str, rng: np.random.Generator) -> None:
    """OpenCV takes other dtypes up to radius 2 and replicates the edges."""
    cv2 = pytest.importorskip("cv2")
    shape = (81, 131, 3)[: 2 if channels == 1 else 3]
    for dtype in ("u1", "u2", "f4")[: 3 if radius <= 2 else 1]:
        image = make(rng, shape, dtype)
        result = imgproc.median_filter(image, radius, border="edge")
        np.testing.assert_array_equal(result, cv2.medianBlur(image, 2 * radius + 1))


def test_opencv_on_a_photograph(data: Any, level: str) -> None:
    cv2 = pytest.importorskip("cv2")
    photo = cv2.imread(str(sorted((data / "photos_kodak").rglob("*.png"))[0]))
    for radius in (1, 3, 7, 30):
        result = imgproc.median_filter(photo, radius, border="edge")
        np.testing.assert_array_equal(result, cv2.medianBlur(photo, 2 * radius + 1))


@pytest.mark.parametrize("border", SCIPY_MODES)
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_scipy(border: str, dtype: str, level: str, rng: np.random.Generator) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    image = make(rng, (26, 37), dtype)
    for radius in (1, 2, 3, 4, 5, 12, (0, 3), (9, 2)):
        ry, rx = radius if isinstance(radius, tuple) else (radius, radius)
        expected = ndimage.median_filter(
            image, size=(2 * ry + 1, 2 * rx + 1), mode=SCIPY_MODES[border], cval=1
        )
        result = imgproc.median_filter(image, radius, border=border, fill=1)
        np.testing.assert_array_equal(result, expected)


def test_skimage(rng: np.random.Generator) -> None:
    filters = pytest.importorskip("skimage.filters")
    image = make(rng, (40, 50), "u2")
    expected = filters.median(image, np.ones((7, 7)), mode="nearest")
    np.testing.assert_array_equal(imgproc.median_filter(image, 3, border="edge"), expected)

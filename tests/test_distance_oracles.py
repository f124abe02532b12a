"""Distances against SciPy and OpenCV."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import imgproc


def photograph(data: Path) -> np.ndarray:
    cv2 = pytest.importorskip("cv2")
    file = min((data / "photos_kodak").rglob("*.png"))
    return cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)


def test_scipy_equal(level: str, rng: np.random.Generator) -> None:
    """Its float64, rounded to float32: the same bits, in images and in volumes."""
    ndimage = pytest.importorskip("scipy.ndimage")
    for shape in ((60, 130), (300, 400), (9, 40, 70)):
        for share in (0.3, 0.95, 0.9995):
            mask = rng.random(shape) < share
            mask.flat[0] = False  # without any zero SciPy measures to a pixel that is not there
            expected = ndimage.distance_transform_edt(mask).astype(np.float32)
            np.testing.assert_array_equal(imgproc.distance_transform(mask), expected)


def test_scipy_equal_on_a_photograph(data: Path, level: str) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    for threshold in (60, 110, 200):
        mask = photograph(data) > threshold
        expected = ndimage.distance_transform_edt(mask).astype(np.float32)
        np.testing.assert_array_equal(imgproc.distance_transform(mask), expected)


def test_opencv_is_near(data: Path) -> None:
    """OpenCV adds up in float32, which costs it some units in the last place."""
    cv2 = pytest.importorskip("cv2")
    mask = np.uint8(photograph(data) > 110)
    theirs = cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    np.testing.assert_allclose(imgproc.distance_transform(mask), theirs, rtol=1e-6)

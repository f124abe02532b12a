"""Histograms against NumPy, OpenCV and Pillow on photographs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import imgproc

cv2 = pytest.importorskip("cv2")


@pytest.fixture(scope="module", params=["kodim01.png", "kodim15.png", "kodim23.png"])
def photo(request: pytest.FixtureRequest, data: Path) -> Any:
    image = cv2.imread(str(data / "photos_kodak" / request.param))
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def test_opencv_counts_alike(photo: Any, level: str) -> None:
    mask = cv2.circle(np.zeros(photo.shape[:2], np.uint8), (300, 200), 180, 255, -1)
    for selected in (None, mask):
        ours = imgproc.histogram(photo, mask=selected)
        for channel in range(3):
            theirs = cv2.calcHist([photo], [channel], selected, [256], [0, 256])
            np.testing.assert_array_equal(ours[channel], theirs.ravel())


def test_opencv_counts_uint16_alike(photo: Any, level: str) -> None:
    gray = cv2.GaussianBlur(photo[..., 1].astype(np.uint16) * 257, (0, 0), 1.5)
    theirs = cv2.calcHist([gray], [0], None, [65536], [0, 65536])
    np.testing.assert_array_equal(imgproc.histogram(gray, bins=None), theirs.ravel())


def test_pillow_counts_alike(photo: Any) -> None:
    pillow = pytest.importorskip("PIL.Image")
    np.testing.assert_array_equal(imgproc.histogram(photo).ravel(), pillow.fromarray(photo).histogram())


@pytest.mark.parametrize("bins", [1, 5, 64, 100, 256])
@pytest.mark.parametrize("limits", [None, (20, 200), (0.0, 255.0), (-10, 300)])
def test_numpy_counts_alike(photo: Any, bins: int, limits: Any) -> None:
    ours = imgproc.histogram(photo[..., 0], bins=bins, range=limits)
    np.testing.assert_array_equal(ours, np.histogram(photo[..., 0], bins, limits or (0, 255))[0])


@pytest.mark.parametrize(
    ("bins", "limits"), [(256, None), (64, (0.25, 0.75)), (100, (-0.5, 1.5)), (7, (0.1, 0.9))]
)
def test_numpy_counts_floats_alike(photo: Any, rng: Any, level: str, bins: int, limits: Any) -> None:
    gray = (photo[..., 0] + rng.random(photo.shape[:2])).astype(np.float32) / 256
    ours = imgproc.histogram(gray, bins=bins, range=limits)
    # In float64: NumPy rounds the edges to the dtype of the samples.
    np.testing.assert_array_equal(ours, np.histogram(gray.astype(np.float64), bins, limits or (0, 1))[0])

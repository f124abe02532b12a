"""Integral images and means of frames against OpenCV, scikit-image and NumPy, on photographs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import imgproc

cv2 = pytest.importorskip("cv2")


@pytest.fixture(scope="module", params=["kodim01.png", "kodim23.png"])
def photo(request: pytest.FixtureRequest, data: Path) -> Any:
    image = cv2.imread(str(data / "photos_kodak" / request.param))
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def test_opencv_sums_alike(photo: Any, level: str) -> None:
    for image in (photo, photo[..., 1].copy(), photo[:301, :203, 0].copy()):
        sums, squares, tilted = cv2.integral3(image, sdepth=cv2.CV_32S, sqdepth=cv2.CV_64F)
        np.testing.assert_array_equal(imgproc.integral_image(image), sums)
        np.testing.assert_array_equal(imgproc.integral_image(image, squared=True), squares)
        np.testing.assert_array_equal(imgproc.integral_image(image, tilted=True), tilted)


def test_opencv_sums_uint16_alike(photo: Any, level: str) -> None:
    image = photo.astype(np.uint16) * 257
    sums, squares, tilted = cv2.integral3(image, sdepth=cv2.CV_64F, sqdepth=cv2.CV_64F)
    for squared, tilt, theirs in ((False, False, sums), (False, True, tilted), (True, False, squares)):
        ours = imgproc.integral_image(image, squared=squared, tilted=tilt)
        assert ours.dtype == np.uint64
        assert ours.max() < 2**53  # so that theirs are exact too
        np.testing.assert_array_equal(ours, theirs.astype(np.uint64))


def test_opencv_sums_floats_alike(photo: Any, level: str) -> None:
    image = photo.astype(np.float32) / 255
    sums, squares, tilted = cv2.integral3(image, sdepth=cv2.CV_64F, sqdepth=cv2.CV_64F)
    # Sums up to 1.2e5 of half a million values: float64 rounding, in another order.
    np.testing.assert_allclose(imgproc.integral_image(image), sums, rtol=1e-12)
    np.testing.assert_allclose(imgproc.integral_image(image, squared=True), squares, rtol=1e-12)
    # OpenCV's recurrence subtracts, so its errors do not shrink with the sums.
    np.testing.assert_allclose(imgproc.integral_image(image, tilted=True), tilted, rtol=1e-12, atol=1e-7)


def test_skimage_sums_alike(photo: Any) -> None:
    transform = pytest.importorskip("skimage.transform")
    gray = photo[..., 1]
    ours = imgproc.integral_image(gray)
    np.testing.assert_array_equal(ours[1:, 1:], transform.integral_image(gray))
    # Theirs are inclusive corners, row first.
    corners = np.array([[3, 5, 100, 90], [0, 0, gray.shape[1], gray.shape[0]], [17, 40, 18, 41]])
    x0, y0, x1, y1 = corners.T
    theirs = transform.integrate(
        transform.integral_image(gray), np.stack([y0, x0], 1), np.stack([y1 - 1, x1 - 1], 1)
    )
    np.testing.assert_array_equal(imgproc.box_sum(ours, corners), theirs)


def test_opencv_accumulates_alike(photo: Any, rng: Any, level: str) -> None:
    noise = rng.integers(-20, 21, (16, *photo.shape))
    frames = np.clip(photo + noise, 0, 255).astype(np.uint8)
    sums = np.zeros(photo.shape, np.float32)
    for frame in frames:
        cv2.accumulate(frame, sums)
    # Sums and sixteenths are exact in float32, and both round half to even.
    np.testing.assert_array_equal(imgproc.average_frames(frames), cv2.convertScaleAbs(sums, alpha=1 / 16))


@pytest.mark.parametrize("count", [2, 3, 7, 10, 16])
def test_numpy_means_alike(photo: Any, rng: Any, level: str, count: int) -> None:
    frames = [
        np.clip(photo + rng.integers(-20, 21, photo.shape), 0, 255).astype(np.uint8) for _ in range(count)
    ]
    np.testing.assert_array_equal(imgproc.average_frames(frames), np.rint(np.mean(frames, axis=0)))
    wide = [frame.astype(np.uint16) * 257 + 3 for frame in frames]
    np.testing.assert_array_equal(imgproc.average_frames(wide), np.rint(np.mean(wide, axis=0)))
    floats = [frame.astype(np.float32) / 255 for frame in frames]
    # NumPy's sums in float64 are rounded to float32 as ours.
    expected = np.mean(floats, axis=0, dtype=np.float64).astype(np.float32)
    np.testing.assert_array_equal(imgproc.average_frames(floats), expected)

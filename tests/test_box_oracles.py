"""Box filter against OpenCV and SciPy; every difference is explained."""

from __future__ import annotations

import numpy as np
import pytest

import imgproc

CV2_BORDERS = {"reflect": "BORDER_REFLECT_101", "symmetric": "BORDER_REFLECT", "edge": "BORDER_REPLICATE"}
SCIPY_BORDERS = {
    "reflect": "mirror",
    "symmetric": "reflect",
    "edge": "nearest",
    "wrap": "grid-wrap",
    "constant": "constant",
}


@pytest.mark.parametrize("border", CV2_BORDERS)
def test_uint8_equals_opencv(border, level, rng):
    cv2 = pytest.importorskip("cv2")
    for shape in ((31, 47), (120, 97, 3)):
        image = rng.integers(0, 256, shape, np.uint8)
        for radius in ((1, 1), (2, 3), (7, 7), (8, 8), (15, 4), (20, 20)):
            rival = cv2.blur(
                image, (2 * radius[1] + 1, 2 * radius[0] + 1), borderType=getattr(cv2, CV2_BORDERS[border])
            )
            np.testing.assert_array_equal(imgproc.box_filter(image, radius, border=border), rival)


def test_large_uint8_windows_are_where_opencv_rounds_wrongly(level, rng):
    """OpenCV multiplies by a float32 reciprocal, which at this area does not separate the sums next to a half:
    both neighbours of an exact tie of the integers would be right to 8 bits, ours is the nearer one."""
    cv2 = pytest.importorskip("cv2")
    image = rng.integers(0, 256, (300, 400), np.uint8)
    area, ours = 257 * 257, imgproc.box_filter(image, 128)
    rival = cv2.blur(image, (257, 257))
    total = imgproc.box_filter(image, 128, normalize=False).astype(np.int64)
    np.testing.assert_array_equal(ours, (total + area // 2) // area)
    wrong = ours != rival
    # A float32 reciprocal and product err by 2^-15 at most, so only such sums can go either way.
    assert (np.abs(total[wrong] / area % 1 - 0.5) < 2**-15).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_sums_equal_opencv(dtype, level, rng):
    cv2 = pytest.importorskip("cv2")
    image = rng.integers(0, 256, (40, 53)).astype(dtype)
    ours = imgproc.box_filter(image, 5, normalize=False)
    np.testing.assert_array_equal(ours, cv2.boxFilter(image, cv2.CV_64F, (11, 11), normalize=False))


@pytest.mark.parametrize("border", SCIPY_BORDERS)
def test_floats_equal_scipy(border, level, rng):
    ndimage = pytest.importorskip("scipy.ndimage")
    image = rng.random((37, 45), np.float32)
    for radius in ((1, 1), (3, 2), (9, 12)):
        size = (2 * radius[0] + 1, 2 * radius[1] + 1)
        rival = ndimage.uniform_filter(image.astype(np.float64), size, mode=SCIPY_BORDERS[border], cval=0.25)
        ours = imgproc.box_filter(image, radius, border=border, fill=0.25)
        # Half a unit from our one rounding; SciPy divides twice in float64.
        assert (np.abs(ours - rival) <= 0.50001 * np.spacing(rival.astype(np.float32))).all()

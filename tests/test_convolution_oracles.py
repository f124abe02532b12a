"""Convolution against OpenCV's filter2D and sepFilter2D, and scipy.ndimage in float64.

filter2D correlates, so it is `correlate` that it is compared with. Where results differ, and why:

uint8    OpenCV rounds weights to float32 and sums in float32, we sum some kernels with 16-bit weights: sums next to
         a half round otherwise, by one level. sepFilter2D rounds smoothing kernels that are symmetric to 8 bits;
         those are left out here.
uint16   float32 sums of 65535 are off by some hundredths of a level; ours are float64.
float32  OpenCV may sum in another order, and by a discrete Fourier transform for kernels beyond 11 × 11: some eps.
NaN      That transform spreads it over the image; ours stays in the support.
borders  OpenCV has no wrap for filter2D.
"""

from __future__ import annotations

import numpy as np
import pytest

import imgproc

DTYPES = (np.uint8, np.uint16, np.float32)
SCIPY_MODES = {
    "reflect": "mirror",
    "symmetric": "reflect",
    "edge": "nearest",
    "wrap": "grid-wrap",
    "constant": "constant",
}


def make(rng, shape, dtype):
    if dtype == np.float32:
        return rng.random(shape, np.float32)
    return rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def assert_near(ours, theirs, share):
    if ours.dtype == np.float32:
        # Both are some eps from the exact sums of at most 1.
        np.testing.assert_allclose(ours, theirs, atol=16 * 2.0**-23, rtol=0)
        return
    difference = np.abs(ours.astype(int) - theirs)
    assert difference.max() <= 1
    assert (difference > 0).mean() <= share


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("border", ["reflect", "symmetric", "edge", "constant"])
def test_filter2d(rng, level, dtype, border):
    cv2 = pytest.importorskip("cv2")
    borders = {
        "reflect": cv2.BORDER_REFLECT_101,
        "symmetric": cv2.BORDER_REFLECT,
        "edge": cv2.BORDER_REPLICATE,
        "constant": cv2.BORDER_CONSTANT,
    }
    for shape in ((3, 3), (5, 5), (7, 7), (3, 9), (15, 15), (31, 31)):
        kernel = rng.standard_normal(shape).astype(np.float32)
        kernel /= np.abs(kernel).sum()
        for size in ((61, 97), (40, 53, 3), (1080 // 4, 1920 // 4)):
            image = make(rng, size, dtype)
            theirs = cv2.filter2D(image, -1, kernel, borderType=borders[border])
            # OpenCV's float32 sums of uint16 are off by up to some hundredths of a level.
            assert_near(
                imgproc.correlate(image, kernel, border=border), theirs, 0.05 if dtype == np.uint16 else 0.003
            )


@pytest.mark.parametrize("dtype", DTYPES)
def test_sep_filter2d(rng, level, dtype):
    cv2 = pytest.importorskip("cv2")
    for length in (3, 5, 15, 31):
        ky, kx = rng.random((2, length)).astype(np.float32)
        ky, kx = ky / ky.sum(), kx / kx.sum()
        image = make(rng, (200, 301), dtype)
        theirs = cv2.sepFilter2D(image, -1, kx[::-1].copy(), ky[::-1].copy())
        assert_near(imgproc.convolve_separable(image, ky, kx), theirs, 0.05 if dtype == np.uint16 else 0.003)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("border", list(SCIPY_MODES))
def test_scipy(rng, level, dtype, border):
    ndimage = pytest.importorskip("scipy.ndimage")
    for shape in ((3, 3), (5, 9), (21, 21), (35, 35)):
        kernel = rng.standard_normal(shape)
        kernel /= np.abs(kernel).sum()
        for size in ((5, 7), (61, 97)):
            image = make(rng, size, dtype)
            for ours, theirs in (
                (imgproc.correlate, ndimage.correlate),
                (imgproc.convolve, ndimage.convolve),
            ):
                sums = theirs(image.astype(np.float64), kernel, mode=SCIPY_MODES[border], cval=1.0)
                if dtype != np.float32:
                    sums = np.clip(np.rint(sums), 0, np.iinfo(dtype).max)
                # SciPy's float64 sums are the reference: 0.2 % of small images is less than a sample.
                assert_near(ours(image, kernel, border=border, fill=1), sums, 0.002 + 2 / image.size)

"""Morphology against OpenCV, SciPy and scikit-image: equal, where they mean the same.

OpenCV's default border leaves out what lies outside the image. A rectangle with "reflect" sees there only samples that
it sees inside as well, so both agree; other footprints agree with OpenCV under a border that both name.

OpenCV's and scikit-image's dilations do not reflect the footprint; SciPy's does, as here.
"""

from __future__ import annotations

import numpy as np
import pytest

from imgproc import closing, dilate, erode, morphological_gradient, opening

dtypes = pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32], ids=lambda dtype: dtype.__name__)


def make(rng, shape, dtype):
    if dtype == np.float32:
        return rng.random(shape, np.float32)
    return rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


@dtypes
@pytest.mark.parametrize("extent", [(64, 97), (7, 5), (1, 40), (61, 33, 3)], ids=str)
def test_opencv_rectangles(dtype, extent, rng, level):
    cv2 = pytest.importorskip("cv2")
    image = make(rng, extent, dtype)
    for size in ((1, 1), (3, 3), (5, 9), (15, 15), (51, 51), (1, 7), (33, 1)):
        whole = np.ones(size, np.uint8)
        np.testing.assert_array_equal(erode(image, size), cv2.erode(image, whole))
        np.testing.assert_array_equal(dilate(image, size), cv2.dilate(image, whole))
        for ours, operation in (
            (opening, cv2.MORPH_OPEN),
            (closing, cv2.MORPH_CLOSE),
            (morphological_gradient, cv2.MORPH_GRADIENT),
        ):
            np.testing.assert_array_equal(ours(image, size), cv2.morphologyEx(image, operation, whole))


@dtypes
@pytest.mark.parametrize("border", ["reflect", "symmetric", "edge", "constant"])
def test_opencv_footprints(dtype, border, rng, level):
    cv2 = pytest.importorskip("cv2")
    image = make(rng, (50, 83), dtype)
    words = {
        "reflect": cv2.BORDER_REFLECT_101,
        "symmetric": cv2.BORDER_REFLECT,
        "edge": cv2.BORDER_REPLICATE,
        "constant": cv2.BORDER_CONSTANT,
    }
    for shape in (
        cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (15, 15)),
        cv2.getStructuringElement(cv2.MORPH_CROSS, (5, 9)),
        (rng.random((7, 9)) < 0.4).astype(np.uint8),
    ):
        how = {"borderType": words[border], "borderValue": 1}
        fill = {"fill": 1} if border == "constant" else {}
        np.testing.assert_array_equal(
            erode(image, footprint=shape, border=border, **fill), cv2.erode(image, shape, **how)
        )
        mirrored = np.ascontiguousarray(shape[::-1, ::-1])
        np.testing.assert_array_equal(
            dilate(image, footprint=shape, border=border, **fill), cv2.dilate(image, mirrored, **how)
        )


MODES = {
    "reflect": "mirror",
    "symmetric": "reflect",
    "edge": "nearest",
    "wrap": "grid-wrap",
    "constant": "constant",
}


@dtypes
@pytest.mark.parametrize("border", MODES)
def test_scipy(dtype, border, rng, level):
    ndimage = pytest.importorskip("scipy.ndimage")
    image = make(rng, (43, 60), dtype)
    for shape in (np.ones((5, 3), bool), rng.random((5, 7)) < 0.5, np.eye(9, dtype=bool)):
        ours, theirs = {"footprint": shape, "border": border}, {"footprint": shape, "mode": MODES[border]}
        least, most = ndimage.grey_erosion(image, **theirs), ndimage.grey_dilation(image, **theirs)
        np.testing.assert_array_equal(erode(image, **ours), least)
        np.testing.assert_array_equal(dilate(image, **ours), most)
        # SciPy's own opening is these two steps.
        np.testing.assert_array_equal(opening(image, **ours), ndimage.grey_dilation(least, **theirs))
        np.testing.assert_array_equal(closing(image, **ours), ndimage.grey_erosion(most, **theirs))


def test_scikit_image(rng, level):
    morphology = pytest.importorskip("skimage.morphology")
    image = make(rng, (43, 60), np.uint8)
    for shape in (morphology.disk(4), morphology.diamond(3)):
        # Its default border is SciPy's "reflect".
        ours = {"footprint": shape, "border": "symmetric"}
        np.testing.assert_array_equal(erode(image, **ours), morphology.erosion(image, shape))
        np.testing.assert_array_equal(dilate(image, **ours), morphology.dilation(image, shape))


def test_photographs(data, level):
    cv2 = pytest.importorskip("cv2")
    file = sorted((data / "photos_kodak").glob("*.png"))[0]
    image = cv2.imread(str(file), cv2.IMREAD_COLOR)
    for size in (3, 15, 51):
        whole = np.ones((size, size), np.uint8)
        np.testing.assert_array_equal(erode(image, size), cv2.erode(image, whole))
        np.testing.assert_array_equal(opening(image, size), cv2.morphologyEx(image, cv2.MORPH_OPEN, whole))

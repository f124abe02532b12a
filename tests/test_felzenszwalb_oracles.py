"""Felzenszwalb's segmentation against scikit-image; every difference is explained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import imgproc


@pytest.fixture
def theirs():
    return pytest.importorskip("skimage.segmentation").felzenszwalb


def test_labels_are_those_of_scikit_image_where_no_weights_tie(theirs, level, rng):
    """Real numbers: float64 and float32 order their differences alike but for a few in a million."""
    for shape in ((40, 60), (50, 41), (33, 70, 3)):
        image = rng.random(shape, np.float32)
        for scale, sigma, min_size in ((30, 0.0, 0), (200, 0.8, 20), (50, 2.0, 5), (0, 0.5, 30)):
            channel_axis = -1 if image.ndim == 3 else None
            rival = theirs(image.astype(float), scale, sigma, min_size, channel_axis=channel_axis)
            np.testing.assert_array_equal(imgproc.felzenszwalb(image, scale, sigma, min_size), rival)


def test_photographs_have_the_labels_of_scikit_image(theirs, data: Path):
    cv2 = pytest.importorskip("cv2")
    for file in sorted((data / "segmentation_bsds500" / "images").iterdir())[:3]:
        image = cv2.imread(str(file))[..., ::-1]
        for scale, sigma, min_size in ((100, 0.8, 20),):
            rival = theirs(image, scale, sigma, min_size)
            np.testing.assert_array_equal(imgproc.felzenszwalb(image, scale, sigma, min_size), rival)
        wide = image[..., 1].astype(np.uint16) * 257
        rival = theirs(wide, 150, 1.0, 30, channel_axis=None)
        np.testing.assert_array_equal(imgproc.felzenszwalb(wide, 150, 1.0, 30), rival)


def test_ties_are_in_the_order_in_which_scikit_image_lists_edges(theirs, monkeypatch, rng):
    """It sorts them by numpy.argsort, whose default leaves ties in an order of its own; with a stable one its labels
    are ours, bit for bit, on images in which nearly all weights tie."""
    image = rng.integers(0, 8, (60, 90, 3)) / 8  # exact in float64, unlike levels of uint8 over 255
    ours = imgproc.felzenszwalb(image.astype(np.float32), 100, 0, 4)
    differs = (theirs(image, 100, 0, 4) != ours).any()
    argsort = np.argsort
    monkeypatch.setattr(np, "argsort", lambda values: argsort(values, kind="stable"))
    np.testing.assert_array_equal(theirs(image, 100, 0, 4), ours)
    assert differs, "without a rule for ties labels are others"

"""Anchors against torchvision (goldens made by goldens/torchvision_anchors.py) and scikit-learn's k-means."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import reference.anchors as slow

import imgproc

GOLDENS = Path(__file__).parent / "goldens" / "torchvision_anchors.npz"
WEIGHTS = (10.0, 10.0, 5.0, 5.0)


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDENS) as file:
        return dict(file)


def test_grids_are_bit_for_bit_those_of_anchor_generator(golden):
    """Its strides are whole quotients of the image's and the feature map's sizes: 384 // 24, 512 // 9."""
    levels = [
        imgproc.generate_anchors((24, 32), 16, (32, 50), (0.5, 1.0, 2.0), rounded=True),
        imgproc.generate_anchors((6, 9), (384 // 6, 512 // 9), (128, 181, 256), (0.3, 1.7), rounded=True),
    ]
    np.testing.assert_array_equal(np.concatenate(levels), golden["anchors"])


def test_deltas_equal_those_of_box_coder(golden):
    """torch's own float32 logarithm and exponential differ from the C library's by a unit in the last place."""
    deltas = imgproc.encode_boxes(golden["boxes"], golden["some"], weights=WEIGHTS)
    np.testing.assert_allclose(deltas, golden["deltas"], rtol=4e-7, atol=1e-6)
    np.testing.assert_array_equal(deltas[:, :2], golden["deltas"][:, :2])
    boxes = imgproc.decode_boxes(golden["drawn"], golden["some"], weights=WEIGHTS)
    assert (golden["drawn"][:, 2:] / 5 > np.log(1000 / 16)).any()
    np.testing.assert_allclose(boxes, golden["decoded"], rtol=1e-6, atol=1e-3)


def test_assignment_equals_matcher(golden, level):
    """The matcher says -1 for negative and -2 for neither."""
    labels, matches = imgproc.assign_anchors(golden["anchors"], golden["truth"])
    expected = golden["matches"]
    assert (labels == 1).sum() >= len(golden["truth"])
    np.testing.assert_array_equal(labels, np.where(expected >= 0, 1, np.where(expected == -1, 0, -1)))
    np.testing.assert_array_equal(matches, np.maximum(expected, -1))


def test_anchors_fit_better_than_euclidean_clusters(rng):
    """scikit-learn minimises squared distances of sizes, in which large boxes outweigh small ones."""
    cluster = pytest.importorskip("sklearn.cluster")
    sizes = rng.gamma(1.2, 40, (1500, 2)) + 2
    euclidean = cluster.KMeans(9, n_init=3, random_state=0).fit(sizes).cluster_centers_
    ours = imgproc.kmeans_anchors(sizes, 9)
    assert slow.mean_overlap(sizes, ours) > slow.mean_overlap(sizes, euclidean) + 0.01

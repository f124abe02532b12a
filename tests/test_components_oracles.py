"""Components against OpenCV, SciPy and scikit-image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import imgproc

CASES = (((60, 131), 0.5), ((200, 300), 0.6), ((333, 65), 0.41))


def test_skimage_and_scipy_equal(rng: np.random.Generator) -> None:
    """scikit-image numbers by first pixels as well; SciPy's 4-connected labels do, and counts and boxes everywhere."""
    measure, ndimage = pytest.importorskip("skimage.measure"), pytest.importorskip("scipy.ndimage")
    masks = [rng.random(shape) < share for shape, share in CASES]
    masks += [rng.random((9, 20, 70)) < share for share in (0.1, 0.3)]
    for mask in masks:
        for steps in range(1, mask.ndim + 1):
            found = imgproc.connected_components(mask, steps, statistics=True)
            theirs, count = measure.label(mask, return_num=True, connectivity=steps)
            assert found.count == count
            np.testing.assert_array_equal(found.labels, theirs)
            structure = ndimage.generate_binary_structure(mask.ndim, steps)
            assert ndimage.label(mask, structure)[1] == count
            assert found.statistics is not None
            regions = measure.regionprops(theirs)
            assert found.statistics.areas[1:].tolist() == [region.num_pixels for region in regions]
            np.testing.assert_allclose(
                found.statistics.centroids[1:, ::-1], [region.centroid for region in regions], rtol=1e-12
            )
            low, high = np.split(found.statistics.boxes[1:], 2, axis=1)
            theirs_boxes = np.array([region.bbox for region in regions])
            np.testing.assert_array_equal(np.hstack([low[:, ::-1], high[:, ::-1]]), theirs_boxes)


def test_opencv_has_the_same_parts(data: Path, level: str, rng: np.random.Generator) -> None:
    """OpenCV's numbers are in another order; parts, areas, boxes and centroids are the same."""
    cv2 = pytest.importorskip("cv2")
    file = min((data / "photos_kodak").rglob("*.png"))
    photograph = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
    for mask in (photograph > 110, rng.random((240, 321)) < 0.5):
        for connectivity in (4, 8):
            found = imgproc.connected_components(mask, connectivity, statistics=True)
            assert found.statistics is not None
            count, theirs, table, centroids = cv2.connectedComponentsWithStats(
                mask.view(np.uint8), connectivity=connectivity
            )
            assert found.count == count - 1
            pairs = np.unique(found.labels.ravel().astype(np.int64) * count + theirs.ravel())
            ours, other = pairs // count, pairs % count
            assert len(pairs) == count and len(set(other.tolist())) == count
            x, y, width, height, areas = table[other].T
            np.testing.assert_array_equal(found.statistics.areas[ours], areas)
            boxes = np.stack([x, y, x + width, y + height], axis=1)
            np.testing.assert_array_equal(found.statistics.boxes[ours], boxes)
            np.testing.assert_allclose(found.statistics.centroids[ours], centroids[other], rtol=1e-12)

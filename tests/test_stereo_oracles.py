"""Stereo matching beside OpenCV's: its speckle filter exactly, its disparities where both are sure, and its quality."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stereo_pairs import pair

import imgproc
from imgproc._ext import stereo as kernels
from imgproc.io import read_image
from imgproc.stereo import disparity_scores

cv2 = pytest.importorskip("cv2")


def in_pixels(sixteenths: np.ndarray) -> np.ndarray:
    return np.where(sixteenths < 0, np.nan, sixteenths / np.float32(16)).astype(np.float32)


@pytest.mark.parametrize("area", [2, 5, 40])
def test_speckles_are_those_of_opencv(area: int, rng: np.random.Generator) -> None:
    """OpenCV's largest region to leave out has ``maxSpeckleSize`` pixels, ours one less than ``speckle``."""
    ours = rng.integers(0, 7, (60, 90)).astype(np.float32)
    theirs = (ours * 16).astype(np.int16)
    cv2.filterSpeckles(theirs, -16, area - 1, 16)
    kernels.remove_speckles(ours, area, 1.0)
    np.testing.assert_array_equal(ours, in_pixels(theirs))
    assert 0 < np.isnan(ours).mean() < 1


def test_both_find_the_same_where_both_find_something() -> None:
    """Costs differ (OpenCV adds Birchfield and Tomasi's interpolation), so that edges may."""
    left, right = pair(np.random.default_rng(4), (120, 200))
    block = cv2.StereoBM.create(16, 9)
    semi = cv2.StereoSGBM.create(0, 16, 3, 72, 288, 1, 63, 10, 100, 32, cv2.STEREO_SGBM_MODE_SGBM_3WAY)
    for matcher, way in ((block, {"method": "block", "cost": "sad"}), (semi, {})):
        theirs = in_pixels(matcher.compute(left, right))
        ours = imgproc.disparity(left, right, 15, **way)
        both = np.isfinite(ours) & np.isfinite(theirs)
        assert both.mean() > 0.6
        assert (np.abs(ours - theirs)[both] < 1).mean() > 0.98


@pytest.fixture(scope="module")
def scenes(data: Path) -> list[tuple[Any, ...]]:
    folder = data / "stereo_middlebury"
    if not (folder / "index.csv").exists():
        pytest.skip("the pairs of Middlebury are not on this machine")
    found = []
    with open(folder / "index.csv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            left, right, values = (
                read_image(folder / row["name"] / row[side]).pixels
                for side in ("left", "right", "disparity_left")
            )
            values = values if values.ndim == 2 else values[..., 0]
            truth = np.where(values == int(row["unknown_value"]), np.nan, values / float(row["scale"]))
            found.append((left, right, truth.astype(np.float32), 16 * (int(np.nanmax(truth)) // 16 + 1)))
    return found


@pytest.mark.heavy
@pytest.mark.parametrize("way", ["block census", "block sad", "sgm census", "sgm sad"])
def test_quality_is_not_below_opencv(way: str, scenes: list[tuple[Any, ...]]) -> None:
    """With the settings of OpenCV's documentation and sample, means over the pairs: bad-2.0 of all known pixels with
    what was left out counted as bad, bad-2.0 of those found, their mean error, and how many are found."""
    method, cost = way.split()
    ours, theirs = [], []
    for left, right, truth, count in scenes:
        grays = [imgproc.rgb_to_gray(image) for image in (left, right)]
        if method == "block":
            matcher = cv2.StereoBM.create(count, 9)
            matcher.setSpeckleWindowSize(100)
            matcher.setSpeckleRange(32)
            matcher.setDisp12MaxDiff(1)
        else:
            mode = cv2.STEREO_SGBM_MODE_SGBM_3WAY
            matcher = cv2.StereoSGBM.create(0, count, 3, 8 * 9, 32 * 9, 1, 63, 10, 100, 32, mode)
        radius = 1 if way == "sgm sad" else None
        found = imgproc.disparity(left, right, count - 1, method=method, cost=cost, radius=radius)
        ours.append(disparity_scores(found, truth))
        theirs.append(disparity_scores(in_pixels(matcher.compute(*grays)), truth))
    means = {
        name: [float(np.mean([getattr(one, name) for one in scores])) for scores in (ours, theirs)]
        for name in ("bad2", "bad2_found", "mean", "found")
    }
    assert means["found"][0] >= means["found"][1], means
    for name in ("bad2", "bad2_found", "mean"):
        assert means[name][0] <= means[name][1], means

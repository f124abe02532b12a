"""Quality of stereo matching on pairs of Middlebury, beside OpenCV's. ``python -m benchmarks.middlebury [FOLDER]``.

The folder holds an ``index.csv`` with the columns name, left, right, disparity_left, scale and unknown_value.
"""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import imgproc
from imgproc.io import read_image
from imgproc.stereo import DisparityScores, disparity_scores

from .harness import Array
from .rivals import OPENCV, cv2
from .stereo import disparities, semi_global

Matcher = Callable[[Array, Array, int], Array]


def pairs(folder: Path) -> Iterator[tuple[str, Array, Array, Array, int]]:
    """Name, left, right, truth, and how many disparities to try: a multiple of 16, as OpenCV wants it."""
    with open(folder / "index.csv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            images = [read_image(folder / row["name"] / row[side]).pixels for side in ("left", "right")]
            values = read_image(folder / row["name"] / row["disparity_left"]).pixels
            values = values if values.ndim == 2 else values[..., 0]
            truth = values.astype(np.float32) / np.float32(row["scale"])
            truth[values == int(row["unknown_value"])] = np.nan
            count = 16 * (int(np.nanmax(truth)) // 16 + 1)
            yield row["name"], images[0], images[1], truth, count


def matchers() -> dict[str, Matcher]:
    """Ours and OpenCV's, by name."""

    def ours(**way: Any) -> Matcher:
        return lambda left, right, count: imgproc.disparity(left, right, count - 1, **way)

    found: dict[str, Matcher] = {
        "ours block census": ours(method="block"),
        "ours block sad 9x9": ours(method="block", cost="sad"),
        "ours block sad 15x15": ours(method="block", cost="sad", radius=7),
        "ours sgm census": ours(),
        "ours sgm sad 3x3": ours(cost="sad", radius=1),
        "ours sgm census, 8 paths": ours(paths=8),
    }
    if cv2 is None:
        return found

    def block(side: int, sample: bool) -> Matcher:
        def match(left: Array, right: Array, count: int) -> Array:
            matcher = cv2.StereoBM.create(count, side)
            if sample:
                matcher.setSpeckleWindowSize(100)
                matcher.setSpeckleRange(32)
                matcher.setDisp12MaxDiff(1)
            grays = (imgproc.rgb_to_gray(image) for image in (left, right))
            return _pixels(disparities(matcher, *grays))

        return match

    def semi(channels: int, mode: int) -> Matcher:
        def match(left: Array, right: Array, count: int) -> Array:
            images = (
                np.ascontiguousarray(image[..., ::-1]) if channels == 3 else imgproc.rgb_to_gray(image)
                for image in (left, right)
            )
            return _pixels(disparities(semi_global(count, channels=channels, mode=mode), *images))

        return match

    three, five = cv2.STEREO_SGBM_MODE_SGBM_3WAY, cv2.STEREO_SGBM_MODE_SGBM
    return found | {
        "StereoBM, sample's 9x9": block(9, True),
        "StereoBM, sample's 15x15": block(15, True),
        "StereoBM, default 21x21": block(21, False),
        "StereoSGBM 3-way, gray": semi(1, three),
        "StereoSGBM 3-way, colour": semi(3, three),
        "StereoSGBM 5-way, colour": semi(3, five),
    }


def _pixels(sixteenths: Array) -> Array:
    return np.where(sixteenths < 0, np.float32(np.nan), sixteenths.astype(np.float32) / 16)


def judge(folder: Path) -> dict[str, dict[str, DisparityScores]]:
    """Scores by matcher and pair."""
    scenes = list(pairs(folder))
    return {
        matcher: {
            name: disparity_scores(match(left, right, count), truth)
            for name, left, right, truth, count in scenes
        }
        for matcher, match in matchers().items()
    }


def main() -> None:
    default = Path(os.environ.get("IMGPROC_DATA", Path(__file__).parents[2] / "shared" / "data"))
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else default / "stereo_middlebury"
    table = judge(folder)
    names = list(next(iter(table.values())))
    print(f"imgproc {imgproc.__version__}, {OPENCV or 'no opencv'}; means over {', '.join(names)}")
    print(
        "All: pixels whose disparity is known, one that was left out counted as bad. Found: those that have one."
    )
    print()
    print("| matcher | bad-2.0 of all % | bad-2.0 of found % | mean error of found | found % |")
    print("|---|---|---|---|---|")
    for matcher, scores in table.items():
        means = [
            np.mean([getattr(score, field) for score in scores.values()])
            for field in ("bad2", "bad2_found", "mean", "found")
        ]
        print(f"| {matcher} | {means[0]:.2f} | {means[1]:.2f} | {means[2]:.3f} | {means[3]:.1f} |")


if __name__ == "__main__":
    main()

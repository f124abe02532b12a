"""The cascade that ships with the package."""

from __future__ import annotations

import csv
import re
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import imgproc
from imgproc.cascade import Cascade
from imgproc.io import read_image

FOLDER = resources.files("imgproc.cascade").joinpath("data")


def test_it_is_the_file_of_the_package() -> None:
    cascade = Cascade.default("frontalface")
    from_file = Cascade.load(FOLDER.joinpath("frontalface.xml").read_bytes())
    for name in ("boxes", "weights", "node_feature", "node_thresholds", "leaves", "first_tree", "thresholds"):
        np.testing.assert_array_equal(getattr(cascade, name), getattr(from_file, name))


@pytest.mark.parametrize("name", ["", "face", "FrontalFace", "../x", None, 3])
def test_other_names_are_refused_and_the_right_ones_listed(name: Any) -> None:
    with pytest.raises(
        (TypeError, ValueError), match=r'^Cascade.default: name must be one of "frontalface", got'
    ):
        Cascade.default(name)


def test_its_card_says_what_a_user_must_know() -> None:
    card = FOLDER.joinpath("MODEL_CARD.md").read_text("utf-8")
    for part in ("face_crops_24", "negatives_caltech101", "licence", "Limits", "seed", "OpenCV"):
        assert part in card
    cascade = Cascade.default("frontalface")
    assert re.search(rf"\b{cascade.stages} stages\b", card)
    assert f"{cascade.window[0]} × {cascade.window[1]}" in card


def test_faces_of_a_group_are_found_and_landscapes_are_empty(data: Path) -> None:
    """Four photographs of groups, and the first of the images without faces."""
    cascade = Cascade.default("frontalface")
    found = total = 0
    with open(data / "faces_dlib" / "faces.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    for name in sorted({row["file"] for row in rows}):
        boxes = np.array([[float(r[k]) for k in "xywh"] for r in rows if r["file"] == name], np.float32)
        boxes[:, 2:] += boxes[:, :2]
        answer = cascade.detect(read_image(data / "faces_dlib" / "images" / name).pixels)
        matched = imgproc.match_detections(answer.boxes, answer.scores, boxes, iou_threshold=0.4)
        found += int((matched.detection_of_truth >= 0).sum())
        total += len(boxes)
    assert found / total > 0.8
    empty = sorted((data / "negatives_caltech101" / "images").iterdir())[::40]
    false = sum(len(cascade.detect(read_image(path).pixels)) for path in empty)
    assert false / len(empty) < 0.7

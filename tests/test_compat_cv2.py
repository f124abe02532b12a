"""What `imgproc.compat.cv2` refuses, in sentences that name OpenCV's arguments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cascades import image, random_cascade

from imgproc.compat.cv2 import CascadeClassifier, groupRectangles


@pytest.mark.parametrize(
    "rectangles",
    [
        None,
        "a",
        5,
        [(1, 2, 3)],
        [(1, 2, 3, 4), (1, 2)],
        [(1.5, 2.0, 3.0, 4.0)],
        [(True, True, True, True)],
        [(1, 2, 3, -4)],
        [(2**31 - 1, 0, 5, 5)],
        [(-(2**31) - 1, 0, 5, 5)],
        np.zeros((2, 3, 4), int),
    ],
)
def test_rectangles(rectangles: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"^groupRectangles: rectList must be .*, got "):
        groupRectangles(rectangles, 0)


def test_group_threshold() -> None:
    for value in (1.5, "1", None, 2**31):
        with pytest.raises(
            (TypeError, ValueError), match=r"^groupRectangles: groupThreshold must be .*, got "
        ):
            groupRectangles([(1, 2, 3, 4)], value)  # type: ignore[arg-type]
    assert groupRectangles([(1, 2, 3, 4)], -1)[1].tolist() == [1]
    assert groupRectangles(np.array([[2**31 - 6, 0, 5, 5]] * 2), 1)[0].tolist() == [[2**31 - 6, 0, 5, 5]]


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("minNeighbors", 1.5),
        ("minNeighbors", "a"),
        ("minSize", None),
        ("minSize", (30,)),
        ("minSize", (30.5, 30)),
        ("maxSize", "30"),
        ("maxSize", (1, 2, 3)),
    ],
)
def test_options(argument: str, value: Any, tmp_path: Any) -> None:
    random_cascade(1).save(tmp_path / "cascade.xml")
    classifier = CascadeClassifier(tmp_path / "cascade.xml")
    with pytest.raises((TypeError, ValueError), match=rf"^detectMultiScale: {argument}\S* must be .*, got "):
        classifier.detectMultiScale(image(1, 24, 31), **{argument: value})

"""The set of many images, and how detections are brought into the images and labels of a truth."""

from __future__ import annotations

import pickle
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from detection_records import BOXES, SCORES, detections, three
from hypothesis import given, settings
from hypothesis import strategies as st

from imgproc import Detections, DetectionSet
from imgproc.detections import align_detections
from imgproc.detections.decimals import sides


def test_a_set_sorts_by_image_and_keeps_the_order_within() -> None:
    every = DetectionSet(
        ["a", "b", "c"],
        np.array([2, 0, 2]),
        BOXES,
        scores=SCORES,
        labels=np.array([7, 8, 9]),
        crowd=np.array([True, False, False]),
        image_sizes=np.array([[3, 4], [0, 0], [5, 6]]),
        class_names={7: "cat"},
        params={"a": 1},
    )
    assert every.images.tolist() == [0, 2, 2]
    assert every.scores is not None
    assert every.scores.tolist() == [0.75, 0.5, 0.25]
    assert every.labels.tolist() == [8, 7, 9]
    assert every.crowd.tolist() == [False, True, False]
    assert every.image_ids.tolist() == [1, 2, 3]
    assert [len(every.detections(name)) for name in every.image_names] == [1, 0, 2]
    assert every.detections(2) == every.detections("c")
    assert every.detections("c").labels.tolist() == [7, 9]
    assert (every.class_name(7), every.class_name(8)) == ("cat", "8")
    np.testing.assert_array_equal(every.areas, [*every.detections("a").areas.tolist(), 72, 0])
    assert len(every) == 3
    assert repr(every) == "<DetectionSet: 3 detections in 3 images, 1 class>"
    assert every != DetectionSet(["a", "b", "c"], np.array([2, 0, 2]), BOXES, scores=SCORES)
    assert pickle.loads(pickle.dumps(every)) == every
    with pytest.raises(KeyError, match="there is no image 'd' among 3"):
        every.detections("d")
    with pytest.raises(ValueError, match="read-only"):
        every.boxes[0] = 0


@settings(max_examples=50, deadline=None)
@given(st.lists(detections(), max_size=4))
def test_a_set_gives_back_the_detections_of_each_image(parts: list[Detections]) -> None:
    names = {f"{position}.jpg": part for position, part in enumerate(parts)}
    every = DetectionSet.of(names)
    for name, part in names.items():
        back = every.detections(name)
        if len(part) == 0:
            assert len(back) == 0
        else:
            assert back == part


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"image_names": ["a", "a"]}, "image_names must be all different, got 'a' twice"),
        ({"image_names": ["a", ""]}, "image_names must be a sequence of names"),
        ({"boxes": np.array([[0, 0, 1e200, 1e200]] * 3)}, "areas must be finite and >= 0, got inf in row 0"),
        ({"boxes": np.array([[-1e308, 0, 1e308, 1]] * 3)}, "areas must be finite and >= 0, got inf in row 0"),
        ({"masks": 5}, "masks must be None or a sequence of 3 Runs"),
        (
            {"masks": [None, None, 5]},
            "masks must be None or a sequence of 3 Runs",
        ),
        ({"params": 3}, "params must be None or a mapping, got 3"),
        ({"class_names": []}, "class_names must be a mapping from integers to names"),
        ({"image_names": "ab"}, "image_names must be a sequence of names"),
        ({"image_names": ["a", 3]}, "image_names must be a sequence of names"),
        ({"images": np.array([0, 1, 2])}, "images must be positions in image_names, 0 to 1, got 0 to 2"),
        ({"images": np.array([0, 1, -1])}, "images must be positions in image_names, 0 to 1, got -1 to 1"),
        ({"images": np.zeros(2, int)}, "images must be an integer array of shape (3,)"),
        ({"boxes": BOXES[:, ::-1]}, "boxes must be x1, y1, x2, y2"),
        ({"scores": np.full(3, np.inf)}, "scores must be finite, got inf in row 0"),
        ({"areas": np.full(3, -1.0)}, "areas must be finite and >= 0, got -1.0 in row 0"),
        ({"labels": np.full(3, 2**40)}, "labels must be integers from"),
        ({"crowd": np.zeros(3, int)}, "crowd must be None or a bool array of shape (3,)"),
        ({"crowd": np.zeros(2, bool)}, "crowd must be None or a bool array of shape (3,)"),
        ({"masks": [None]}, "masks must be None or a sequence of 3 Runs"),
        (
            {"keypoints": np.zeros((3, 2, 3))},
            "keypoints must be None or a sequence of 3 arrays of shape (K, 3) or None",
        ),
        ({"keypoints": [None]}, "keypoints must be None or a sequence of 3 arrays of shape (K, 3) or None"),
        (
            {"keypoints": [None, None, np.zeros((2, 2))]},
            "keypoints[2] must be finite, of shape (K, 3), got shape (2",
        ),
        (
            {"keypoints": [None, None, np.full((2, 3), np.nan)]},
            "keypoints[2] must be finite, of shape (K, 3), got NaN",
        ),
        ({"keypoints": [None, None, 3]}, "keypoints[2] must be a float32 or float64 array of shape (K, 3)"),
        ({"image_sizes": np.array([[1, 0], [1, 1]])}, "image_sizes must be from 1 to 2147483647 each"),
        (
            {"image_sizes": np.ones((1, 2), int)},
            "image_sizes must be None or an integer array of shape (2, 2)",
        ),
        ({"image_sizes": [[1, 1], [1, 1]]}, "image_sizes must be None or an integer array of shape (2, 2)"),
        ({"image_ids": np.array([1, 1])}, "image_ids must be all different, got 1 twice"),
        ({"class_names": {1: "a", 2: "a"}}, "class_names must be a mapping from integers to names, all diff"),
        ({"class_names": {"1": "a"}}, "class_names must be a mapping from integers to names, all different"),
        ({"class_names": ["a"]}, "class_names must be a mapping from integers to names, all different"),
    ],
)
def test_what_a_set_refuses(changes: dict[str, Any], sentence: str) -> None:
    values = {"image_names": ["a", "b"], "images": np.array([0, 1, 1]), "boxes": BOXES} | changes
    with pytest.raises((TypeError, ValueError)) as caught:
        DetectionSet(**values)  # type: ignore[arg-type]
    assert str(caught.value).startswith(f"DetectionSet: {sentence}")


def test_of_refuses_other_things_than_detections() -> None:
    with pytest.raises(TypeError, match=r"^DetectionSet\.of: detections must be a mapping"):
        DetectionSet.of([three()])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^DetectionSet\.of: detections\['a'\] must be Detections"):
        DetectionSet.of({"a": BOXES})  # type: ignore[dict-item]


def one(names: dict[str, int], classes: dict[int, str] | None = None, *, truth: bool = False) -> DetectionSet:
    found = {name: Detections(BOXES[:1], labels=np.array([label])) for name, label in names.items()}
    return DetectionSet.of(found, class_names=classes, truth=truth)


@pytest.mark.parametrize(
    "sizes", [5, {"a": 5}, {"a": (1,)}, {"a": (1.5, 2)}, {"a": (0, 2)}, {"a": (2, True)}, {3: (1, 2)}]
)
def test_of_refuses_sizes_that_are_none(sizes: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"^DetectionSet.of: image_sizes\S* must be .*, got "):
        DetectionSet.of({"a": Detections.empty()}, image_sizes=sizes)
    usual = DetectionSet.of({"a": Detections.empty()}, image_sizes={"a": (np.int64(3), 4)})  # type: ignore[dict-item]
    assert usual.image_sizes.tolist() == [[3, 4]]


def test_alignment_of_images_and_labels() -> None:
    truth = one({"x/a.jpg": 3, "x/b.jpg": 5, "y/b.jpg": 3}, {3: "cat", 5: "dog"}, truth=True)
    found = align_detections(
        one({"y/b.jpg": 0, "a.png": 1, "x/b.jpg": 2}, {0: "dog", 1: "cow", 2: "cat"}), truth
    )
    assert found.image_names == truth.image_names
    assert found.image_ids.tolist() == truth.image_ids.tolist()
    assert found.labels.tolist() == [6, 3, 5]
    assert found.class_names == {3: "cat", 5: "dog", 6: "cow"}
    assert found.scores is not None
    assert align_detections(one({"x/a.jpg": 9}), truth).labels.tolist() == [9]
    assert len(align_detections(one({}), truth)) == 3


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ({"c.jpg": 0}, "of images that the truth has, got 1 unknown: 'c.jpg'"),
        ({"b.jpg": 0}, "of images that the truth has, got 1 unknown: 'b.jpg'"),  # in two folders
        ({f"{n}.gif": 0 for n in range(9)}, "'3.gif', '4.gif' and 4 more"),
        (
            {"a.jpg": 0, "a.png": 0},
            "of different images of the truth, got 'a.jpg' and 'a.png', which are bo",
        ),
    ],
)
def test_alignment_says_which_images_are_unknown(names: dict[str, int], sentence: str) -> None:
    truth = one({"x/a.jpg": 3, "x/b.jpg": 5, "y/b.jpg": 3}, truth=True)
    with pytest.raises(ValueError, match=r"^align_detections: detections must be ") as caught:
        align_detections(one(names), truth)
    assert sentence in str(caught.value)


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from([1, 10, 100, 1000, 10**6, 3, 7]),
    st.lists(st.tuples(*[st.integers(-(10**9), 10**9)] * 4), max_size=5),
)
def test_sides_are_differences_of_decimals(scale: int, corners: list[tuple[int, ...]]) -> None:
    boxes = np.array(corners, float).reshape(-1, 4) / scale
    expected = [
        [x1, y1, float(Decimal(repr(x2)) - Decimal(repr(x1))), float(Decimal(repr(y2)) - Decimal(repr(y1)))]
        for x1, y1, x2, y2 in boxes.tolist()
    ]
    np.testing.assert_array_equal(sides(boxes), np.array(expected).reshape(-1, 4))


def test_sides_are_those_of_the_file() -> None:
    assert sides(np.array([[0.1, 41.29, 0.3, 285.07]])).tolist() == [[0.1, 41.29, 0.2, 243.78]]
    assert 0.3 - 0.1 != 0.2


def test_keypoints_go_with_their_boxes(rng: np.random.Generator) -> None:
    """Of images in another order, of some boxes alone, and of other numbers in each image."""
    points = [rng.random((n, 3)).astype(np.float32) for n in (5, 5, 2)]
    first = Detections(BOXES[:2], keypoints=np.stack(points[:2]))
    second = Detections(BOXES[2:], keypoints=points[2][None])
    every = DetectionSet.of({"a": first, "b": Detections(BOXES), "c": second})
    assert every.keypoints is not None and [one and len(one) for one in every.keypoints] == [
        5,
        5,
        None,
        None,
        None,
        2,
    ]
    assert every.detections("a") == first and every.detections("c") == second
    assert every.detections("b").keypoints is None
    assert every != DetectionSet.of({"a": first, "b": Detections(BOXES), "c": Detections(BOXES[2:])})
    turned = DetectionSet(["x", "y"], np.array([1, 0, 1]), BOXES, keypoints=[points[0], None, points[2]])
    assert turned.keypoints[0] is None and len(turned.keypoints[1]) == 5
    assert turned.detections("y").keypoints is None  # two numbers of them

"""The record of detections and the set of many images: what they hold, refuse and give."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import numpy as np
import pytest
from detection_records import BOXES, SCORES, detections, three
from hypothesis import given, settings
from hypothesis import strategies as st

from imgproc import Detections, encode_rle, pack_masks
from imgproc._core.runs import Runs, box_of_runs, check_runs, decode_runs, encode_runs


def test_what_it_holds() -> None:
    found = three()
    assert len(found) == 3
    for array, dtype in (
        (found.boxes, np.float32),
        (found.scores, np.float32),
        (found.labels, np.int32),
        (found.counts, np.int32),
        (found.masks, np.bool_),
    ):
        assert array is not None
        assert array.dtype == dtype
        assert array.flags.c_contiguous
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    np.testing.assert_array_equal(found.boxes, BOXES)
    np.testing.assert_allclose(found.areas, [72, 12.4, 0], rtol=1e-7)
    with pytest.raises(AttributeError):
        found.boxes = BOXES  # type: ignore[misc]


def test_defaults() -> None:
    found = Detections(BOXES)
    np.testing.assert_array_equal(found.scores, np.ones(3, np.float32))
    np.testing.assert_array_equal(found.labels, np.zeros(3, np.int32))
    np.testing.assert_array_equal(found.counts, np.ones(3, np.int32))
    assert found.masks is None
    assert found == Detections(BOXES, np.ones(3))
    assert len(Detections.empty()) == 0
    assert Detections.empty().boxes.shape == (0, 4)


def test_what_is_handed_in_is_not_shared_unless_nobody_can_change_it() -> None:
    boxes, scores = BOXES.copy(), SCORES.copy()
    labels, counts = np.array([1, 2, 3], np.int32), np.array([1, 2, 3], np.int32)
    masks = np.zeros((3, 4, 5), bool)
    found = Detections(boxes, scores, labels, counts, masks)
    for array in (boxes, scores, labels, counts, masks):
        assert array.flags.writeable
        array[:] = 1
    assert found == Detections(
        BOXES, SCORES, np.array([1, 2, 3]), np.array([1, 2, 3]), np.zeros((3, 4, 5), bool)
    )
    window = masks[:]
    window.setflags(write=False)
    assert not np.shares_memory(Detections(BOXES, masks=window).masks, masks)
    masks.setflags(write=False)
    assert Detections(BOXES, masks=masks).masks is masks


def test_strides_and_float64() -> None:
    wide = np.zeros((3, 8))
    wide[:, ::2] = BOXES
    wide.setflags(write=False)
    assert Detections(wide[:, ::2], SCORES.astype(np.float64)[::-1][::-1]) == Detections(BOXES, SCORES)


@pytest.mark.parametrize(
    ("changes", "error", "sentence"),
    [
        ({"boxes": [[0, 0, 1, 1]]}, TypeError, "boxes must be a float32 or float64 array of shape (N, 4)"),
        (
            {"boxes": BOXES.astype(int)},
            TypeError,
            "boxes must be of dtype float32 or float64, got dtype int64",
        ),
        ({"boxes": BOXES[0]}, ValueError, "boxes must be of shape (N, 4), got shape (4,)"),
        ({"boxes": BOXES[:, ::-1]}, ValueError, "boxes must be x1, y1, x2, y2 with x1 <= x2 and y1 <= y2"),
        (
            {"boxes": np.full((1, 4), np.nan)},
            ValueError,
            "boxes must be finite, got [nan, nan, nan, nan] in row 0",
        ),
        ({"boxes": np.full((1, 4), 1e300)}, ValueError, "boxes must be finite in float32, got [1e+300"),
        ({"scores": SCORES[:2]}, ValueError, "scores must be of shape (3,), one for each of the boxes"),
        ({"scores": SCORES * np.nan}, ValueError, "scores must be free of NaN, got NaN in row 0"),
        (
            {"scores": np.full(3, np.inf)},
            ValueError,
            "scores must be finite in float32",
        ),
        ({"scores": [0.5] * 3}, TypeError, "scores must be a float32 or float64 array"),
        ({"labels": np.ones(3)}, TypeError, "labels must be an integer array of shape (3,)"),
        ({"labels": np.full(3, 2**31)}, ValueError, "labels must be integers from -2147483648 to 2147483647"),
        (
            {"counts": np.array([1, 0, 1])},
            ValueError,
            "counts must be integers from 1 to 2147483647, got 0 in row 1",
        ),
        ({"counts": np.ones(4, int)}, ValueError, "counts must be an integer array of shape (3,)"),
        ({"masks": np.zeros((3, 4, 5))}, TypeError, "masks must be None or a bool array of shape (3, H, W)"),
        (
            {"masks": np.zeros((2, 4, 5), bool)},
            ValueError,
            "masks must be None or a bool array of shape (3, H, W)",
        ),
        ({"masks": "mask"}, TypeError, "masks must be None or a bool array of shape (3, H, W)"),
        (
            {"masks": pack_masks(np.zeros((2, 4, 5), bool))},
            ValueError,
            "masks must be None or a bool array of shape (3, H, W), one for each of the boxes, or what pack_masks "
            "gives, got PackedMasks of shape (2, 4, 5)",
        ),
        ({"keypoints": np.zeros((3, 7, 3), int)}, TypeError, "keypoints must be of dtype float32 or float64"),
        (
            {"keypoints": "points"},
            TypeError,
            "keypoints must be a float32 or float64 array of shape (3, K, 3)",
        ),
        (
            {"keypoints": np.zeros((3, 7, 2))},
            ValueError,
            "keypoints must be of shape (3, K, 3), x, y and score of K points for each of the boxes, got shape",
        ),
        ({"keypoints": np.zeros((2, 7, 3))}, ValueError, "keypoints must be of shape (3, K, 3)"),
        ({"keypoints": np.full((3, 1, 3), np.inf)}, ValueError, "keypoints must be finite in float32"),
    ],
)
def test_what_it_refuses(changes: dict[str, Any], error: type[Exception], sentence: str) -> None:
    with pytest.raises(error) as caught:
        three(**({"scores": None, "labels": None, "counts": None, "masks": None} | changes))
    assert str(caught.value).startswith(f"Detections: {sentence}")


def test_indexing() -> None:
    found = three()
    for index, rows in (
        (0, [0]),
        (-1, [2]),
        (np.int64(1), [1]),
        (slice(None, None, -1), [2, 1, 0]),
        (slice(1, 1), []),
        ([2, 0, 0], [2, 0, 0]),
        ([], []),
        (range(1, 3), [1, 2]),
        (np.array([-1, 1], np.int8), [2, 1]),
        (found.scores > 0.3, [0, 1]),
        ([False, True, False], [1]),
    ):
        part = found[index]
        assert isinstance(part, Detections)
        np.testing.assert_array_equal(part.boxes, BOXES[rows].reshape(-1, 4))
        np.testing.assert_array_equal(part.scores, SCORES[rows])
        assert part.masks is not None
        assert part.masks.shape == (len(rows), 4, 5)
        assert not part.boxes.flags.writeable
    assert [len(single) for single in found] == [1, 1, 1]
    assert Detections.concat(list(found)) == found


@pytest.mark.parametrize("index", ["a", 1.0, None, np.zeros((1, 1), int), np.zeros(3), (0, 1), True])
def test_indices_of_other_kinds_are_type_errors(index: object) -> None:
    with pytest.raises(TypeError, match=r"^Detections: index must be an integer, a slice, or a bool or int"):
        three()[index]


@pytest.mark.parametrize("index", [3, -4, [3], [-4, 0], [True], np.zeros(4, bool)])
def test_indices_out_of_range_are_index_errors(index: object) -> None:
    with pytest.raises(IndexError, match=r"^Detections: "):
        three()[index]


def test_filter() -> None:
    found = three()
    assert found.filter() == found
    assert found.filter(min_score=0.5) == found[:2]
    assert found.filter(labels=2) == found[[0, 2]]
    assert (
        found.filter(labels=[0, 7])
        == found[1]
        == found.filter(labels={0})
        == found.filter(labels=frozenset({0}))
    )
    assert found.filter(labels=[]) == found[:0]
    assert found.filter(min_area=12.3) == found[:2]
    assert found.filter(min_area=0) == found
    assert found.filter(min_count=4, min_score=0.3) == found[0]
    at = Detections(np.zeros((1, 4)), np.array([0.7], np.float32))  # below the float64 of these digits
    assert (
        len(at.filter(min_score=0.7)),
        len(at.filter(min_score=0.7 + 1e-7)),
        len(at.filter(min_score=1e300)),
    ) == (1, 0, 0)
    for wrong in (
        {"min_score": "1"},
        {"min_area": -1},
        {"min_count": 0},
        {"min_count": 1.5},
        {"labels": "a"},
        {"labels": 0.5},
        {"labels": [[1], [1, 2]]},
    ):
        with pytest.raises(
            (TypeError, ValueError), match=rf"^Detections\.filter: {next(iter(wrong))} must be"
        ):
            found.filter(**wrong)


def test_concat() -> None:
    found = three()
    plain = three(masks=None)
    assert Detections.concat([]) == Detections.empty()
    assert Detections.concat([found]) == found
    assert Detections.concat([Detections.empty(), found[:1], found[1:]]) == found
    assert len(Detections.concat((plain, plain))) == 6
    for wrong, error in (
        ([found, plain], ValueError),
        ([found, three(masks=np.zeros((3, 5, 5), bool))], ValueError),
        ([found, three(keypoints=np.zeros((3, 5, 3)))], ValueError),
        ([three(keypoints=np.zeros((3, 4, 3))), three(keypoints=np.zeros((3, 5, 3)))], ValueError),
        (found, TypeError),
        ([found, None], TypeError),
        ("ab", TypeError),
    ):
        with pytest.raises(error, match=r"^Detections\.concat: parts"):
            Detections.concat(wrong)  # type: ignore[arg-type]


@settings(max_examples=50, deadline=None)
@given(detections(keypoints=True))
def test_every_way_through_text_and_bytes_gives_an_equal_record(found: Detections) -> None:
    if len(found) or found.masks is None:  # no list can tell the size of no mask
        assert Detections.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    assert pickle.loads(pickle.dumps(found)) == found
    assert copy.deepcopy(found) == found
    assert not pickle.loads(pickle.dumps(found)).boxes.flags.writeable
    assert Detections.concat(list(found)) == found if len(found) else True


def test_numbers_in_dicts_are_short() -> None:
    data = three().to_dict()
    assert data["boxes"][1] == [2.0, 3.0, 6.0, 6.1]
    assert set(data) == {"boxes", "scores", "labels", "counts", "masks"}
    assert Detections.from_dict({"boxes": [[0, 0, 1, 1]]}) == Detections(np.array([[0.0, 0, 1, 1]]))
    assert Detections.from_dict({"boxes": []}) == Detections.empty()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ([], "data must be a dict as to_dict gives it"),
        ({"scores": []}, "data must be a dict of boxes, scores, labels, counts, masks"),
        ({"boxes": [], "score": []}, "data must be a dict of boxes, scores, labels, counts, masks"),
        ({"boxes": 3}, "boxes must be a list of rows of 4 numbers, got 3"),
        ({"boxes": [[1, 2, 3]]}, "boxes must be of shape (N, 4), got shape (1, 3)"),
        ({"boxes": [[1, 2, 3, 4], [1]]}, "boxes must be a list of rows of 4 numbers"),
        ({"boxes": [["a", 2, 3, 4]]}, "boxes must be a list of rows of 4 numbers"),
        ({"boxes": [[3, 2, 1, 4]]}, "boxes must be x1, y1, x2, y2 with x1 <= x2 and y1 <= y2"),
        ({"boxes": [[1, 2, 3, 4]], "labels": [0.5]}, "labels must be a list of integers"),
        ({"boxes": [[1, 2, 3, 4]], "labels": [10**30]}, "labels must be a list of integers"),
        ({"boxes": [[1, 2, 3, 4]], "labels": [True]}, "labels must be a list of integers"),
        ({"boxes": [[1, 2, 3, 4]], "labels": [2**64 - 1]}, "labels must be an integer array"),
        ({"boxes": [[1, 2, 3, 4]], "counts": [2**63]}, "counts must be an integer array"),
        ({"boxes": [[1, 2, 3, 4]], "masks": {}}, "masks must be a list of run lengths"),
        (
            {"boxes": [[1, 2, 3, 4]], "masks": [{"size": [2, 2], "counts": [3]}]},
            "masks[0].counts must be run",
        ),
        (
            {
                "boxes": [[1, 2, 3, 4]] * 2,
                "masks": [{"size": [1, side], "counts": [side]} for side in (1, 2)],
            },
            "masks must be of one size, got [(1, 1), (1, 2)]",
        ),
        (
            {"boxes": [[1, 2, 3, 4]], "keypoints": [[1, 2], [3]]},
            "keypoints must be a list of lists of rows of 3",
        ),
        ({"boxes": [[1, 2, 3, 4]], "keypoints": [[1, 2, 3]]}, "keypoints must be of shape (1, K, 3)"),
        ({"boxes": [[1, 2, 3, 4]], "masks": []}, "masks must be None or a bool array of shape (1, H, W)"),
    ],
)
def test_wrong_dicts_are_named(data: Any, sentence: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        Detections.from_dict(data)
    assert str(caught.value).startswith(f"Detections.from_dict: {sentence}")


def test_equality_and_printing() -> None:
    found = three()
    assert found == three()
    assert found != three(scores=SCORES[::-1])
    assert found != three(masks=None)
    assert (found == 3) is False
    with pytest.raises(TypeError, match="unhashable"):
        hash(found)
    assert repr(found) == "<Detections: 3 boxes, scores 0.25 to 0.75, labels 0 2, masks 4 × 5>"
    assert repr(found[0]) == "<Detections: 1 box, score 0.5, label 2, masks 4 × 5>"
    assert repr(three(keypoints=np.zeros((3, 17, 3)))).endswith("masks 4 × 5, 17 keypoints each>")
    assert found != three(keypoints=np.zeros((3, 17, 3)))
    assert repr(Detections.empty()) == str(Detections.empty()) == "<Detections: 0 boxes>"
    assert str(found[:1]).splitlines()[1:] == [
        " x1   y1   x2   y2  score  label  count",
        "0.0  0.0  8.0  9.0    0.5      2      4",
    ]
    many = Detections(np.zeros((40, 4)), labels=np.arange(40))
    assert repr(many).endswith("labels 0 1 2 3 4 5 6 7 and 32 more>")
    assert str(many).splitlines()[-1] == "… 32 more"


def test_runs_of_masks() -> None:
    mask = np.array([[0, 1, 1], [1, 1, 0]], bool)
    assert encode_runs(mask) == Runs((2, 3), (1, 4, 1))
    assert encode_runs(~mask) == Runs((2, 3), (0, 1, 4, 1))
    for size in ((0, 0), (0, 3), (1, 1), (5, 4)):
        for value in (False, True):
            whole = np.full(size, value)
            np.testing.assert_array_equal(decode_runs(encode_runs(whole)), whole)
    assert check_runs("f", "m", {"size": [2, 3], "counts": [1, 4, 1]}) == encode_runs(mask)


@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 2**25 - 1))
def test_runs_of_coco_text(height: int, width: int, bits: int) -> None:
    mask = np.array([bits >> pixel & 1 for pixel in range(height * width)], bool).reshape(height, width)
    text = encode_rle(mask[None])[0]["counts"]
    assert check_runs("f", "m", {"size": [height, width], "counts": text}) == encode_runs(mask)


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 2**25 - 1))
def test_boxes_of_runs(height: int, width: int, bits: int) -> None:
    mask = np.array([bits >> pixel & 1 for pixel in range(height * width)], bool).reshape(height, width)
    rows, columns = np.nonzero(mask)
    x, y, w, h = box_of_runs(encode_runs(mask))
    if not len(rows):
        assert (x, y, w, h) == (0, 0, 0, 0)
    else:
        assert (x, y, x + w, y + h) == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (3, "m must be a mask"),
        ({"size": [2, 3]}, "m must be a mask"),
        ({"size": [2], "counts": []}, "m.size must be two integers >= 0"),
        ({"size": [2, -1], "counts": []}, "m.size must be two integers >= 0"),
        ({"size": [2, True], "counts": []}, "m.size must be two integers >= 0"),
        ({"size": [2**20, 2**20], "counts": [2**40]}, "m.size must be of at most 2,147,483,648 pixels"),
        ({"size": [2, 3], "counts": [1, 4]}, "m.counts must be run lengths of 6 pixels in all, got 5"),
        ({"size": [2, 3], "counts": [-1, 7]}, "m.counts must be a list of integers >= 0"),
        ({"size": [2, 3], "counts": [1.5]}, "m.counts must be a list of integers >= 0"),
        (
            {"size": [2, 3], "counts": "P"},
            "m.counts must be run lengths compressed as COCO does it, got a text that ends within a count",
        ),
        ({"size": [2, 3], "counts": "é"}, "m.counts must be run lengths compressed as COCO does it"),
        ({"size": [2, 3], "counts": "o" * 40}, "m.counts must be run lengths compressed as COCO does it"),
        (
            {"size": [2, 3], "counts": "N8"},
            "m.counts must be run lengths compressed as COCO does it, got a count that is negative",
        ),
        (
            {"size": [2, 3], "counts": "14"},
            "m.counts must be run lengths compressed as COCO does it, got counts that do not sum to 6",
        ),
    ],
)
def test_wrong_runs_are_named(value: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=r"^f: m") as caught:
        check_runs("f", "m", value)
    assert str(caught.value).startswith(f"f: {sentence}")

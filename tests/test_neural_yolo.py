"""The YOLO decoders: against their slow twins, and what they make of odd and bad tensors."""

from __future__ import annotations

import numpy as np
import pytest
import reference.neural_dense as slow

from imgproc import Detections
from imgproc.neural import (
    YOLOV3_ANCHORS,
    Geometry,
    OutputMismatch,
    decode_yolo,
    decode_yolo_extras,
    decode_yolov1,
    decode_yolov3,
)

INPUT = (64, 96)
IMAGES = [
    Geometry(INPUT, INPUT),
    Geometry((100, 240), INPUT, scale=(0.4, 0.4), offset=(12.0, 0.0)),
    Geometry((30, 40), INPUT, scale=(2.5, 2.0), offset=(-6.0, 10.0), flip=True),
]
BATCH = len(IMAGES)
CLASSES = 5


def check(found, expected):
    """In order, boxes within what float32 loses."""
    assert len(found) == len(expected)
    np.testing.assert_allclose(found.scores, expected[:, 4], rtol=3e-7)
    np.testing.assert_array_equal(found.labels, expected[:, 5])
    np.testing.assert_allclose(found.boxes, expected[:, :4], rtol=1e-5, atol=5e-4)


def predictions(rng, count=80, classes=CLASSES):
    """Boxes x, y, w, h of the input, objectness, and probabilities of classes: a row for each box."""
    centres, sizes = rng.uniform(0, (96, 64), (BATCH, count, 2)), rng.uniform(5, 40, (BATCH, count, 2))
    chances = rng.random((BATCH, count, 1 + classes)) ** 2
    return np.concatenate([centres, sizes, chances], axis=2).astype(np.float32)


def by_columns(rows):
    return np.delete(rows, 4, axis=2).transpose(0, 2, 1).copy()


@pytest.mark.parametrize("several", [False, True])
def test_rows_and_columns_equal_the_twin(several, level, rng):
    rows = predictions(rng)
    limits = {"score_threshold": 0.3, "max_output": 30, "multi_label": several}
    found = decode_yolo({"output0": rows}, IMAGES, layout="objectness", **limits)
    columns = decode_yolo({"output0": by_columns(rows)}, IMAGES, **limits)
    for image, own in enumerate(rows):
        scores = own[:, 4:5] * own[:, 5:]
        check(found[image], slow.yolo(own[:, :4], scores, IMAGES[image], 0.3, 0.45, 30, several))
        check(columns[image], slow.yolo(own[:, :4], own[:, 5:], IMAGES[image], 0.3, 0.45, 30, several))
        assert len(columns[image]) >= len(found[image]) > 5


def test_end_to_end_needs_no_suppression(rng):
    rows = np.zeros((BATCH, 20, 6), np.float32)
    corners = np.sort(rng.uniform(2, 60, (BATCH, 20, 2, 2)), axis=2)
    rows[..., :4] = corners.reshape(BATCH, 20, 4)
    rows[..., 4], rows[..., 5] = rng.permutation(60).reshape(BATCH, 20) / 60, rng.integers(0, 9, (BATCH, 20))
    rows[0, 3, :4] = rows[0, 2, :4]  # the same place twice
    found = decode_yolo({"output0": rows}, IMAGES, layout="end-to-end", classes=9, max_output=12)
    for image, one in enumerate(found):
        own = rows[image]
        order = np.argsort(-own[:, 4])
        expected = [
            (*slow.to_image(slow.clip(own[i, :4], IMAGES[image]), IMAGES[image]), *own[i, 4:])
            for i in order
            if own[i, 4] > 0.25
        ]
        expected = np.array([row for row in expected if row[2] > row[0] and row[3] > row[1]])[:12]
        check(one, expected)
    rows[0, 0, 4:] = 0.9, 2.5
    with pytest.raises(
        OutputMismatch, match=r"output0|predictions must be of whole classes from 0 to 8, got 2.5"
    ):
        decode_yolo({"output0": rows}, IMAGES, layout="end-to-end", classes=9)
    rows[0, 0, 4:] = 0.9, -1
    with pytest.raises(OutputMismatch, match="of whole classes >= 0, got -1"):
        decode_yolo({"output0": rows}, IMAGES, layout="end-to-end")
    rows[0, 0, 4] = 0.1  # filling, as such exports have it
    assert len(decode_yolo({"output0": rows}, IMAGES, layout="end-to-end")) == BATCH


@pytest.mark.parametrize("layout", ["classes", "objectness", "end-to-end"])
def test_extras_stay_with_their_boxes(layout, rng):
    rows = predictions(rng)
    if layout == "end-to-end":
        rows = np.concatenate([rows[..., :2], rows[..., :2] + 9, rows[..., 5:6], rows[..., 5:6] * 0], axis=2)
    marks = np.arange(BATCH * 80, dtype=np.float32).reshape(BATCH, 80, 1)
    more = np.concatenate([rows, marks, -marks], axis=2)
    plain, tensor = (by_columns(rows), by_columns(more)) if layout == "classes" else (rows, more)
    found = decode_yolo_extras({"output": tensor}, IMAGES, 2, layout=layout)
    assert [one for one, _ in found] == decode_yolo({"output": plain}, IMAGES, layout=layout)
    for image, (one, numbers) in enumerate(found):
        assert numbers.shape == (len(one), 2) and len(one) > 5
        for score, (mark, negative) in zip(one.scores, numbers, strict=True):
            own = rows[image, int(mark) - 80 * image]
            best = {"classes": own[5:].max(), "objectness": own[4] * own[5:].max(), "end-to-end": own[4]}
            assert score == best[layout] and negative == -mark


def test_the_best_candidates_go_on(rng):
    rows = predictions(rng)
    few = decode_yolo({"output0": rows}, IMAGES, layout="objectness", candidates=3, iou_threshold=1.0)
    for one, own in zip(few, rows, strict=True):
        products = np.sort((own[:, 4:5] * own[:, 5:]).max(axis=1))[::-1]
        assert set(one.scores) <= set(products[:3])


def test_no_layout_is_guessed(rng):
    """(N, 6) is one class with objectness as well as a finished detection."""
    rows = predictions(rng, classes=1)
    assert rows.shape[2] == 6
    found = decode_yolo({"output0": rows}, IMAGES, layout="objectness", classes=1)
    assert all(set(one.labels) == {0} for one in found)
    columns = by_columns(rows)
    assert [len(one) > 0 for one in decode_yolo({"output0": columns}, IMAGES)] == [True] * BATCH


def test_logits_and_other_layouts_are_refused_not_decoded(rng):
    rows = predictions(rng)
    tensors = {
        "columns taken for rows": ({"output0": by_columns(rows)}, {"layout": "objectness"}),
        "rows taken for columns": ({"output0": rows}, {}),
        "logits": ({"output0": by_columns(rows) * np.float32(4)}, {}),
        "rows taken for finished": ({"output0": rows[..., :6] * np.float32(3)}, {"layout": "end-to-end"}),
        "more classes than boxes": ({"output0": by_columns(rows)[..., :3]}, {}),
        "other classes": ({"output0": by_columns(rows)}, {"classes": 80}),
        "no class": ({"output0": rows[..., :5]}, {"layout": "objectness"}),
        "no batch": ({"output0": rows[0]}, {}),
        "another name": ({"boxes": rows}, {}),
        "huge": ({"output0": by_columns(rows) * np.float32(3e36)}, {}),
    }
    for what, (outputs, arguments) in tensors.items():
        with pytest.raises(OutputMismatch, match=r"^decode_yolo: (predictions|output0|boxes).* must be "):
            decode_yolo(outputs, IMAGES, **arguments)
            pytest.fail(what)
    assert len(decode_yolo({"output0": by_columns(rows)[..., :3]}, IMAGES, classes=CLASSES)) == BATCH


@pytest.mark.parametrize("layout", ["classes", "objectness", "end-to-end"])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_named(layout, wrong, rng):
    rows = predictions(rng)[..., :6] if layout == "end-to-end" else predictions(rng)
    for place in (0, 4, 5):
        bad = rows.copy()
        bad[1, 7, place] = wrong
        bad[1, 7, 6:] = 1  # a candidate
        if layout != "end-to-end":
            bad[1, 7, 4] = wrong if place == 4 else 1
        bad = by_columns(bad) if layout == "classes" else bad
        if layout == "classes" and place == 4:
            continue
        with pytest.raises(OutputMismatch, match=f"must be finite, got {wrong} at"):
            decode_yolo({"output0": bad}, IMAGES, layout=layout)


def test_nothing_and_odd_boxes(rng):
    for layout, shape in (("classes", (2, 9, 0)), ("objectness", (2, 0, 9)), ("end-to-end", (2, 0, 6))):
        empty = {"output0": np.zeros(shape, np.float32)}
        assert decode_yolo(empty, IMAGES[0], layout=layout) == [Detections.empty()] * 2
        assert decode_yolo(empty, IMAGES[0], layout=layout, multi_label=True) == [Detections.empty()] * 2
    assert decode_yolo({"output0": np.zeros((0, 9, 21), np.float32)}, []) == []
    rows = predictions(rng)[:1]
    rows[0, :, 4:] = 0
    rows[0, :5, 4:6] = 1
    # Negative sides, none, far outside, and beyond float32.
    rows[0, :5, :4] = [
        [9, 9, -4, 4],
        [9, 9, 0, 4],
        [900, 9, 4, 4],
        [3e38, 3e38, 3e38, 3e38],
        [40, 30, 3e38, 3e38],
    ]
    found = decode_yolo({"output0": rows}, IMAGES[0], layout="objectness")[0]
    assert found.boxes.tolist() == [[0, 0, 96, 64]]


def test_the_first_yolo_equals_the_twin(rng):
    grid = rng.random((BATCH, 4, 6, 2 * 5 + 3)).astype(np.float32)
    found = decode_yolov1({"predictions": grid}, IMAGES, classes=3, score_threshold=0.4, max_output=25)
    for image, one in enumerate(found):
        check(one, slow.yolov1(grid[image], 2, IMAGES[image], 0.4, 0.5, 25))
        assert len(one) > 5
    assert decode_yolov1({"predictions": grid[:0]}, [], classes=3) == []
    with pytest.raises(OutputMismatch, match=r"of shape \(B, S, S, 30\), got shape"):
        decode_yolov1({"predictions": grid}, IMAGES)
    grid[0, 1, 2, 3] = np.nan
    with pytest.raises(OutputMismatch, match=r"finite, got nan at \(0, 1, 2, 3\)"):
        decode_yolov1({"predictions": grid}, IMAGES, classes=3)


def heads_of(rng, anchors, classes=3):
    return {
        f"scale{i}": rng.normal(-1, 1.5, (BATCH, len(own) * (5 + classes), 8 // 2**i, 12 // 2**i)).astype(
            np.float32
        )
        for i, own in enumerate(anchors)
    }


def test_three_scales_equal_the_twin(rng):
    heads = heads_of(rng, YOLOV3_ANCHORS)
    found = decode_yolov3(heads, IMAGES, score_threshold=0.4, max_output=40)
    for image, one in enumerate(found):
        own = [head[image] for head in heads.values()]
        check(one, slow.yolov3(own, YOLOV3_ANCHORS, IMAGES[image], 0.4, 0.45, 40))
        assert len(one) > 3
    # The largest map is the finest scale, whatever the order.
    names = ["scale2", "scale0", "scale1"]
    more = {**heads, "features": np.zeros(3, np.float32)}
    assert decode_yolov3(more, IMAGES, heads=names, score_threshold=0.4, max_output=40) == found
    two = {name: heads[name] for name in names[:2]}
    tiny = decode_yolov3(two, IMAGES, anchors=[YOLOV3_ANCHORS[0], YOLOV3_ANCHORS[2]])
    assert len(tiny) == BATCH


def test_bad_scales_are_named(rng):
    heads = heads_of(rng, YOLOV3_ANCHORS)
    for outputs, arguments, match in (
        ({**heads, "scale1": heads["scale1"][:, 1:]}, {}, r"of 3 · \(5 \+ 3\) channels"),
        (heads, {"classes": 80}, r"of 3 · \(5 \+ 80\) channels"),
        ({name: head[:, :15] for name, head in heads.items()}, {}, r"of 3 · \(5 \+ C\) channels"),
        ({**heads, "scale1": heads["scale1"][:2]}, {}, "of the batch of the others, 3"),
        ({**heads, "scale1": heads["scale1"][0]}, {}, r"of shape \(B, A · \(5 \+ C\), H, W\)"),
        ({"scale0": heads["scale0"]}, {}, "outputs must be 3 names"),
        (heads, {"heads": ["scale0", "scale1", "x"]}, "x must be among the outputs"),
    ):
        with pytest.raises(OutputMismatch, match=match):
            decode_yolov3(outputs, IMAGES, **arguments)
    heads["scale2"][0, 4, 1, 1] = np.inf
    with pytest.raises(OutputMismatch, match=r"scale2 must be finite, got inf at \(0, 4, 1, 1\)"):
        decode_yolov3(heads, IMAGES)
    for arguments in ({"heads": "scale0"}, {"anchors": 5}, {"anchors": [5]}, {"anchors": [[5]]}):
        with pytest.raises(TypeError, match=r"^decode_yolov3: "):
            decode_yolov3(heads, IMAGES, **arguments)
    for arguments in ({"heads": ["scale0"]}, {"anchors": [[(1, 0)]]}, {"score_threshold": 2}):
        with pytest.raises(ValueError, match=r"^decode_yolov3: "):
            decode_yolov3(heads, IMAGES, **arguments)


def test_bad_arguments_are_named(rng):
    outputs = {"output0": by_columns(predictions(rng))}
    for arguments, error in (
        ({"layout": "v8"}, ValueError),
        ({"classes": -1}, ValueError),
        ({"multi_label": 1}, TypeError),
        ({"score_threshold": np.nan}, ValueError),
        ({"iou_threshold": 2}, ValueError),
        ({"candidates": 0}, ValueError),
        ({"max_output": 0}, ValueError),
    ):
        with pytest.raises(error, match=f"^decode_yolo: {next(iter(arguments))} must be "):
            decode_yolo(outputs, IMAGES, **arguments)
    with pytest.raises(ValueError, match="extras must be"):
        decode_yolo_extras(outputs, IMAGES, -1)
    with pytest.raises(TypeError, match="geometries must be"):
        decode_yolo(outputs, [INPUT] * BATCH)

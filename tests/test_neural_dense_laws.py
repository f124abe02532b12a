"""Laws of the dense decoders: whatever finite numbers a network gives, boxes lie in the image and scores fall."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgproc.neural import (
    Geometry,
    OutputMismatch,
    decode_efficientdet,
    decode_fcos,
    decode_retinanet,
    decode_roi_heads,
    decode_rpn,
    decode_ssd,
    decode_yolo,
    decode_yolov1,
    decode_yolov3,
    pyramid_anchors,
)

INPUT = (32, 48)
IMAGE = Geometry((50, 40), INPUT, scale=(0.6, 1.1), offset=(1.5, -2.0), flip=True)
ANCHORS = pyramid_anchors(INPUT, strides=(16,), sizes=[(9,)], ratios=(1,))
COUNT = len(ANCHORS[0])
PROPOSALS = [np.tile(np.array([[3, 4, 30, 20]], np.float32), (COUNT, 1))]


def rpn(logits, deltas):
    found = decode_rpn({"objectness": logits[..., :1], "bbox_regression": deltas}, IMAGE, anchors=ANCHORS)[0]
    x1, y1, x2, y2 = IMAGE.boxes_to_input(np.array([[0.0, 0, 40, 50]]))[0].astype(np.float32)
    assert (found.boxes >= (x1, y1, x1, y1)).all() and (found.boxes <= (x2, y2, x2, y2)).all()
    return []


def fcos(logits, deltas):
    heads = {"cls_logits": logits, "bbox_regression": deltas, "bbox_ctrness": logits[..., :1].copy()}
    return decode_fcos(heads, IMAGE, strides=(16,))


def yolo(layout):
    def decode(logits, deltas):
        with np.errstate(over="ignore"):
            chances = 1 / (1 + np.exp(-logits.astype(np.float64)))
        rows = np.concatenate([deltas, chances], axis=2).astype(np.float32)
        tensor = rows.transpose(0, 2, 1).copy() if layout == "classes" else rows
        if layout == "end-to-end":
            tensor = np.concatenate([deltas, rows[..., 4:5], rows[..., 5:6].round()], axis=2)
        return decode_yolo({"output0": tensor}, IMAGE, layout=layout)

    return decode


DECODERS = {
    "retinanet": lambda a, b: decode_retinanet(
        {"cls_logits": a, "bbox_regression": b}, IMAGE, anchors=ANCHORS, semantics="torchvision"
    ),
    "fcos": fcos,
    "ssd": lambda a, b: decode_ssd({"cls_logits": a, "bbox_regression": b}, IMAGE, anchors=ANCHORS[0]),
    "efficientdet": lambda a, b: decode_efficientdet(
        {"cls_logits": a, "bbox_regression": b}, IMAGE, anchors=ANCHORS[0]
    ),
    "rpn": rpn,
    "second stage": lambda a, b: decode_roi_heads(
        {"class_logits": a[0], "box_regression": b[0]}, PROPOSALS, IMAGE
    ),
    "yolo, columns": yolo("classes"),
    "yolo, rows": yolo("objectness"),
    "yolo, finished": yolo("end-to-end"),
    "yolov1": lambda a, b: decode_yolov1(
        {"predictions": np.concatenate([b, a], axis=2).reshape(1, 1, COUNT, 7)}, IMAGE, boxes=1, classes=2
    ),
    "yolov3": lambda a, b: decode_yolov3(
        {"head": np.concatenate([b, a], axis=2).transpose(0, 2, 1).reshape(1, 7, 2, 3).copy()},
        IMAGE,
        anchors=[[(9, 9)]],
    ),
}


@pytest.mark.parametrize("name", DECODERS)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), reach=st.sampled_from([0.0, 1.0, 40.0, 1e4, 3.4e38]))
def test_boxes_lie_in_the_image(name, seed, reach):
    rng = np.random.default_rng(seed)
    logits, deltas = (
        (rng.uniform(-1, 1, (1, COUNT, columns)) * reach).astype(np.float32) for columns in (3, 4)
    )
    deltas[rng.random(deltas.shape) < 0.5] *= np.float32(1e-3)
    try:
        found = DECODERS[name](logits, deltas)
    except OutputMismatch:
        assert name.startswith("yolo")  # scores above 1
        return
    for one in found:
        assert (one.boxes >= 0).all() and (one.boxes <= (40, 50, 40, 50)).all()
        assert (np.diff(one.scores) <= 0).all()

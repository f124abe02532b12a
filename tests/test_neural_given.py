"""Decoders of what networks give ready: boxes, classes, and what YOLO gives beside boxes."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import imgproc
from imgproc.boxes.masks import PackedMasks
from imgproc.neural import (
    Geometry,
    OutputMismatch,
    decode_classes,
    decode_given_boxes,
    decode_yolo,
    decode_yolo_masks,
    decode_yolo_points,
)

LETTERBOX = Geometry((100, 200), (64, 64), (0.32, 0.32), (16.0, 0.0))


# Boxes.


def given_outputs(rng: np.random.Generator, batch: int = 2, count: int = 9) -> dict[str, np.ndarray]:
    boxes = rng.uniform(-10, 80, (batch, count, 4)).astype(np.float32)
    scores = (rng.integers(0, 9, (batch, count)) / 8).astype(np.float32)
    return {"boxes": boxes, "scores": scores, "labels": rng.integers(0, 5, (batch, count))}


@pytest.mark.parametrize("format", ["xyxy", "xywh", "cxcywh"])
@pytest.mark.parametrize("unit", ["input", "input_share", "image", "image_share"])
def test_boxes_are_what_they_are_in_loops(format: str, unit: str, rng: np.random.Generator) -> None:
    outputs = given_outputs(rng)
    if unit.endswith("share"):
        outputs["boxes"] /= 64
    found = decode_given_boxes(outputs, LETTERBOX, score_threshold=0.375, format=format, unit=unit)
    for one, boxes, scores, labels in zip(found, *outputs.values(), strict=True):
        rows = []
        for row in sorted(range(len(scores)), key=lambda row: (-scores[row], row)):
            if scores[row] < 0.375:
                continue
            a, b, c, d = boxes[row].astype(float)
            if format == "xyxy":
                x1, x2, y1, y2 = min(a, c), max(a, c), min(b, d), max(b, d)
            else:
                c, d = max(c, 0), max(d, 0)
                x1, y1 = (a, b) if format == "xywh" else (a - c / 2, b - d / 2)
                x2, y2 = x1 + c, y1 + d
            if unit == "input_share":
                x1, y1, x2, y2 = (64 * value for value in (x1, y1, x2, y2))
            if unit == "image_share":
                x1, x2, y1, y2 = 200 * x1, 200 * x2, 100 * y1, 100 * y2
            if unit.startswith("input"):
                x1, x2, y1, y2 = x1 / 0.32, x2 / 0.32, (y1 - 16) / 0.32, (y2 - 16) / 0.32
            x1, x2 = min(max(x1, 0), 200), min(max(x2, 0), 200)
            y1, y2 = min(max(y1, 0), 100), min(max(y2, 0), 100)
            if x1 < x2 and y1 < y2:
                rows.append(([x1, y1, x2, y2], scores[row], labels[row]))
        np.testing.assert_allclose(one.boxes, np.reshape([row[0] for row in rows], (-1, 4)), atol=2e-4)
        assert one.scores.tolist() == [row[1] for row in rows]
        assert one.labels.tolist() == [row[2] for row in rows]


def test_outputs_of_other_names_and_kinds(rng: np.random.Generator) -> None:
    outputs = given_outputs(rng, batch=1)
    wanted = decode_given_boxes(outputs, LETTERBOX)[0]
    detection = {
        "detection_boxes": outputs["boxes"].astype(np.float64),
        "detection_scores": outputs["scores"].astype(np.float16),
        "detection_classes": outputs["labels"].astype(np.float32),
    }
    assert decode_given_boxes(detection, LETTERBOX)[0] == wanted
    without_batch = {name: array[0] for name, array in outputs.items()}
    assert decode_given_boxes(without_batch, LETTERBOX)[0] == wanted
    keys = {"boxes": "a", "scores": "b", "labels": "c"}
    renamed = dict(zip("abc", outputs.values(), strict=True))
    assert decode_given_boxes(renamed, LETTERBOX, keys=keys)[0] == wanted
    unlabelled = decode_given_boxes({name: outputs[name] for name in ("boxes", "scores")}, LETTERBOX)[0]
    assert not unlabelled.labels.any() and np.array_equal(unlabelled.boxes, wanted.boxes)


def test_no_boxes() -> None:
    outputs = {"boxes": np.zeros((0, 4), np.float32), "scores": np.zeros(0, np.float32)}
    assert len(decode_given_boxes(outputs, LETTERBOX)[0]) == 0
    outputs = {"boxes": np.zeros((3, 0, 4), np.float32), "scores": np.zeros((3, 0), np.float32)}
    assert [len(one) for one in decode_given_boxes(outputs, LETTERBOX)] == [0, 0, 0]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"boxes": np.zeros((2, 9, 5), np.float32)}, "boxes must be of shape (B, K, 4)"),
        ({"boxes": np.zeros((2, 9, 4), int)}, "boxes must be a float array"),
        ({"boxes": np.full((2, 9, 4), np.nan, np.float32)}, "boxes must be finite"),
        ({"scores": np.zeros((2, 8), np.float32)}, "scores must be of shape (2, 9)"),
        ({"labels": np.zeros((2, 8), int)}, "labels must be of shape (2, 9)"),
        ({"labels": np.full((2, 9), 0.5, np.float32)}, "labels must be whole numbers"),
        ({"labels": np.full((2, 9), 1e12, np.float32)}, "labels must be whole numbers"),
    ],
)
def test_wrong_boxes(change: dict[str, Any], sentence: str, rng: np.random.Generator) -> None:
    with pytest.raises(OutputMismatch, match=re.escape(f"decode_given_boxes: {sentence}")):
        decode_given_boxes(given_outputs(rng) | change, LETTERBOX)
    with pytest.raises(OutputMismatch, match="boxes must be among the outputs"):
        decode_given_boxes({"scores": np.zeros((1, 2), np.float32)}, LETTERBOX)
    for name, value in (("format", "yxyx"), ("unit", "metres"), ("score_threshold", math.nan)):
        with pytest.raises(ValueError, match=f"decode_given_boxes: {name} must be"):
            decode_given_boxes(given_outputs(rng), LETTERBOX, **{name: value})


# Classes.


@given(st.integers(0, 4), st.integers(1, 12), st.integers(1, 15), st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_classes_are_what_they_are_in_loops(batch: int, count: int, top: int, seed: int) -> None:
    logits = np.random.default_rng(seed).integers(-9, 9, (batch, count)).astype(np.float32) / 2
    for activation in ("softmax", "sigmoid", "none"):
        found = decode_classes(
            {"logits": logits}, LETTERBOX, top_k=top, activation=activation, score_threshold=0.05
        )
        assert len(found) == batch
        for one, row in zip(found, logits.tolist(), strict=True):
            if activation == "softmax":
                exponents = [math.exp(value - max(row)) for value in row]
                scores = [value / sum(exponents) for value in exponents]
            else:
                scores = [1 / (1 + math.exp(-value)) if activation == "sigmoid" else value for value in row]
            order = sorted(range(count), key=lambda label: (-np.float32(scores[label]), label))[:top]
            order = [label for label in order if np.float32(scores[label]) >= np.float32(0.05)]
            assert one.labels.tolist() == order and len(one) == len(order)
            np.testing.assert_allclose(one.scores, [scores[label] for label in order], rtol=1e-6)


def test_logits_beyond_the_exponential() -> None:
    logits = np.array([[1e30, -1e30, 0], [-3e38, -3e38, -3e38]], np.float32)
    first, second = decode_classes({"output": logits}, LETTERBOX)
    assert first.labels[0] == 0 and first.scores.tolist() == [1, 0, 0]
    np.testing.assert_allclose(second.scores, 1 / 3, rtol=1e-6)
    (sure, _) = decode_classes({"output": logits}, LETTERBOX, activation="sigmoid")
    assert sure.scores.tolist() == [1, 0.5, 0]


def test_wrong_classes() -> None:
    with pytest.raises(OutputMismatch, match=r"logits must be of shape \(N, C\)"):
        decode_classes({"logits": np.zeros((1, 2, 3), np.float32)}, LETTERBOX)
    with pytest.raises(OutputMismatch, match="logits must be finite"):
        decode_classes({"logits": np.array([[0, np.nan]], np.float32)}, LETTERBOX)
    for name, value in (("top_k", 0), ("activation", "argmax"), ("score_threshold", math.inf)):
        with pytest.raises(ValueError, match=f"decode_classes: {name} must be"):
            decode_classes({"logits": np.zeros((1, 2), np.float32)}, LETTERBOX, **{name: value})
    with pytest.raises(ValueError, match="geometries must be"):
        decode_classes({"logits": np.zeros((1, 2), np.float32)}, [LETTERBOX] * 2)


# What YOLO gives beside boxes.


def yolo(rng: np.random.Generator, extras: int, classes: int = 3) -> np.ndarray:
    """A tensor of two images with a few sure boxes."""
    tensor = np.zeros((2, 4 + classes + extras, 60), np.float32)
    tensor[:, :2] = rng.uniform(8, 56, (2, 2, 60))
    tensor[:, 2:4] = rng.uniform(8, 30, (2, 2, 60))
    tensor[:, 4 : 4 + classes] = rng.uniform(0, 0.24, (2, classes, 60))
    tensor[:, 4, ::10] = rng.uniform(0.3, 0.9, (2, 6))
    tensor[:, 4 + classes :] = rng.normal(0, 2, (2, extras, 60))
    return tensor


def test_masks_of_yolo(rng: np.random.Generator) -> None:
    outputs = {"output0": yolo(rng, 4), "output1": rng.normal(0, 1, (2, 4, 16, 16)).astype(np.float32)}
    geometry = Geometry.stretched((64, 64), (64, 64))
    found = decode_yolo_masks(outputs, geometry)
    wanted = decode_yolo({"output0": np.ascontiguousarray(outputs["output0"][:, :7])}, geometry)
    for number, (one, boxes) in enumerate(zip(found, wanted, strict=True)):
        assert np.array_equal(one.boxes, boxes.boxes) and np.array_equal(one.scores, boxes.scores)
        assert isinstance(one.masks, PackedMasks) and len(one) > 2
        tensor = outputs["output0"][number]
        for row, mask in enumerate(imgproc.unpack_masks(one.masks)):
            column = int(np.flatnonzero(tensor[4] == one.scores[row])[0])
            logits = np.tensordot(tensor[7:, column], outputs["output1"][number], 1)
            x1, y1, x2, y2 = one.boxes[row]
            y, x = np.mgrid[:64, :64] + 0.5
            inside = (x >= x1) & (x < x2) & (y >= y1) & (y < y2)
            assert not mask[~inside].any()
            # Where all four neighbours agree, so does what lies between them.
            clear = np.pad(logits > 0, 1, mode="edge")
            four = sum(clear[i : i + 17, j : j + 17].astype(int) for i in (0, 1) for j in (0, 1))
            cells = four[np.ix_((y[:, 0] / 4 + 0.5).astype(int), (x[0] / 4 + 0.5).astype(int))]
            assert mask[inside & (cells == 4)].all() and not mask[inside & (cells == 0)].any()


def test_points_of_yolo(rng: np.random.Generator) -> None:
    tensor = yolo(rng, 6)
    found = decode_yolo_points({"predictions": tensor}, LETTERBOX, points=2)
    for one, numbers in zip(found, tensor, strict=True):
        assert one.keypoints is not None and one.keypoints.shape == (len(one), 2, 3) and len(one) > 2
        for row in range(len(one)):
            column = int(np.flatnonzero(numbers[4] == one.scores[row])[0])
            x, y, sure = numbers[7:, column].astype(float).reshape(2, 3).T
            np.testing.assert_allclose(one.keypoints[row, :, 0], x / 0.32, rtol=1e-6)
            np.testing.assert_allclose(one.keypoints[row, :, 1], (y - 16) / 0.32, rtol=1e-6)
            np.testing.assert_array_equal(one.keypoints[row, :, 2], sure)


def test_wrong_tensors_of_yolo(rng: np.random.Generator) -> None:
    outputs = {"output0": yolo(rng, 4), "output1": np.zeros((2, 4, 16, 16), np.float32)}
    with pytest.raises(OutputMismatch, match="prototypes must be among the outputs"):
        decode_yolo_masks({"output0": outputs["output0"]}, LETTERBOX)
    with pytest.raises(OutputMismatch, match="output1 must be of shape"):
        decode_yolo_masks(outputs | {"output1": np.zeros((2, 16, 16), np.float32)}, LETTERBOX)
    with pytest.raises((OutputMismatch, ValueError)):
        decode_yolo_masks(outputs | {"output1": np.zeros((3, 4, 16, 16), np.float32)}, LETTERBOX)
    with pytest.raises(ValueError, match="mask_threshold must be"):
        decode_yolo_masks(outputs, LETTERBOX, mask_threshold=1.5)
    with pytest.raises(ValueError, match="points must be"):
        decode_yolo_points(outputs, LETTERBOX, points=0)
    with pytest.raises(OutputMismatch):
        decode_yolo_points(outputs, LETTERBOX, points=17)

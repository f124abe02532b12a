"""Raw heads whose sides are distributions: against the slow twin and what an exported model would give."""

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import reference.neural_dense as slow
from documentation import check_documentation

from imgproc.neural import Detector, Geometry, OutputMismatch, decode_dfl, decode_yolo

INPUT = (64, 96)
IMAGES = [
    Geometry(INPUT, INPUT),
    Geometry((100, 240), INPUT, scale=(0.4, 0.4), offset=(12.0, 0.0)),
    Geometry((30, 40), INPUT, scale=(2.5, 2.0), offset=(-6.0, 10.0), flip=True),
]


def heads_of(rng: np.random.Generator, bins: int = 16, classes: int = 3) -> dict[str, Any]:
    return {
        f"scale{i}": rng.normal(-1, 2, (3, 4 * bins + classes, 8 // 2**i, 12 // 2**i)).astype(np.float32)
        for i in range(3)
    }


@pytest.mark.parametrize("bins", [2, 16, 17])
def test_three_scales_equal_the_twin(bins: int, rng: np.random.Generator) -> None:
    heads = heads_of(rng, bins)
    found = decode_dfl(heads, IMAGES, bins=bins, score_threshold=0.4, max_output=40)
    for image, one in enumerate(found):
        expected = slow.dfl([head[image] for head in heads.values()], bins, IMAGES[image], 0.4, 0.45, 40)
        assert len(one) == len(expected) > 3
        np.testing.assert_allclose(one.scores, expected[:, 4], rtol=3e-7)
        np.testing.assert_array_equal(one.labels, expected[:, 5])
        np.testing.assert_allclose(one.boxes, expected[:, :4], rtol=1e-5, atol=5e-4)
    # In any order, among others, and as float64.
    more = {"features": np.zeros(3), **{name: head.astype(float) for name, head in heads.items()}}
    names = ["scale2", "scale0", "scale1"]
    assert decode_dfl(more, IMAGES, heads=names, bins=bins, score_threshold=0.4, max_output=40) == found


@pytest.mark.parametrize("classes", [3, 64])
def test_sides_and_classes_in_tensors_of_their_own(classes: int, rng: np.random.Generator) -> None:
    heads = heads_of(rng, 16, classes)
    apart = {f"sides {name}": head[:, :64] for name, head in heads.items()}
    apart |= {f"classes {name}": head[:, 64:] for name, head in heads.items()}
    assert decode_dfl(apart, IMAGES) == decode_dfl(heads, IMAGES)
    if classes != 64:  # else the order alone tells them apart
        assert decode_dfl(dict(reversed(apart.items())), IMAGES) == decode_dfl(heads, IMAGES)


def test_what_an_export_with_decoded_boxes_gives(rng: np.random.Generator) -> None:
    """The mean of each distribution, centres and sizes in float64, and sigmoids, as one tensor."""
    heads, columns = heads_of(rng), []
    for head in heads.values():
        batch, _, rows, across = head.shape
        shares = np.exp(head[:, :64].astype(float).reshape(batch, 4, 16, -1))
        left, top, right, bottom = np.moveaxis(
            (shares * np.arange(16)[:, None]).sum(axis=2) / shares.sum(axis=2), 1, 0
        )
        y, x = (place.ravel() + 0.5 for place in np.indices((rows, across)))
        numbers = [x + (right - left) / 2, y + (bottom - top) / 2, left + right, top + bottom]
        chances = 1 / (1 + np.exp(-head[:, 64:].astype(float).reshape(batch, 3, -1)))
        columns.append(np.concatenate([INPUT[0] / rows * np.stack(numbers, axis=1), chances], axis=1))
    exported = decode_yolo({"output0": np.concatenate(columns, axis=2)}, IMAGES)
    for one, other in zip(decode_dfl(heads, IMAGES), exported, strict=True):
        assert len(one) == len(other) > 3 and one.labels.tolist() == other.labels.tolist()
        np.testing.assert_allclose(one.boxes, other.boxes, rtol=1e-5, atol=5e-4)
        np.testing.assert_allclose(one.scores, other.scores, rtol=3e-7)


def test_limits(rng: np.random.Generator) -> None:
    heads, whole = heads_of(rng), decode_dfl(heads_of(rng), IMAGES, iou_threshold=1.0)
    assert decode_dfl({name: head[:0] for name, head in heads.items()}, []) == []
    assert all(not len(one) for one in decode_dfl(heads, IMAGES, score_threshold=1.0))
    few = decode_dfl(heads, IMAGES, candidates=5, iou_threshold=1.0)
    many = decode_dfl(heads, IMAGES, max_output=5, iou_threshold=1.0)
    assert len(whole[0]) > 5 and len(few[0]) <= 5
    assert few[0].scores.tolist() == many[0].scores.tolist()[: len(few[0])]
    sure = {"a": np.full((1, 4 * 16 + 1, 2, 3), 3e38, np.float32)}
    (found,) = decode_dfl(sure, Geometry(INPUT, INPUT))
    assert found.scores.tolist() == [1.0] * len(found) and len(found)


def test_a_preset(rng: np.random.Generator) -> None:
    raw = {name: head[:1] for name, head in heads_of(rng).items()}
    detector = Detector.from_preset(lambda feeds: raw, "yolo-raw", size=INPUT, classes=3)
    image = np.zeros((*INPUT, 3), np.uint8)
    assert detector(image) == decode_dfl(raw, Geometry(INPUT, INPUT))[0]


def test_bad_scales_are_named(rng: np.random.Generator) -> None:
    heads = heads_of(rng)
    other = {**heads, "scale1": heads["scale1"][:, 1:]}
    for outputs, arguments, match in (
        (other, {}, r"scale1 must be of 4 · 16 channels and 3 classes, got shape \(3, 66"),
        (heads, {"classes": 80}, r"scale0 must be of 4 · 16 channels and 80 classes"),
        ({name: head[:, :64] for name, head in heads.items()}, {}, "of 4 · 16 channels and C classes"),
        ({name: head[:, :63] for name, head in heads.items()}, {}, "of 4 · 16 channels and those of classes"),
        ({**heads, "more": heads["scale0"]}, {}, "of 4 · 16 channels, got"),
        (
            {**heads, "more": heads["scale0"], "most": heads["scale0"]},
            {},
            "at most two of its height and width",
        ),
        ({**heads, "scale1": heads["scale1"][:2]}, {}, "scale1 must be of the batch of the others, 3"),
        ({**heads, "scale1": heads["scale1"][0]}, {}, r"of shape \(B, 4 · bins \+ C, H, W\)"),
        ({**heads, "scale1": heads["scale1"][..., :0]}, {}, "of at least one cell"),
        ({}, {}, "outputs must be at least one tensor"),
        (heads, {"heads": ["scale0", "x"]}, "x must be among the outputs, got scale0, "),
    ):
        with pytest.raises(OutputMismatch, match=match):
            decode_dfl(outputs, IMAGES, **arguments)
    for arguments in ({"heads": []}, {"heads": ["scale0"] * 2}, {"bins": 1}, {"candidates": 0}):
        with pytest.raises(ValueError, match=r"^decode_dfl: .* must be "):
            decode_dfl(heads, IMAGES, **arguments)
    heads["scale2"][0, 4, 1, 1] = np.inf
    with pytest.raises(OutputMismatch, match=r"scale2 must be finite, got inf at \(0, 4, 1, 1\)"):
        decode_dfl(heads, IMAGES)


def test_documentation() -> None:
    names = tuple(inspect.signature(decode_dfl).parameters)
    operation: Any = SimpleNamespace(function=decode_dfl, name="decode_dfl", arguments=names)
    check_documentation(operation)

"""Merging things and stuff: against its slow twin, its laws, and what it refuses."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from documentation import check_documentation
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import panoptic_merge as reference

import imgproc

DTYPES = (np.uint8, np.uint16, np.int32, np.uint32, np.int64)


def scene(rng: np.random.Generator, count: int, height: int, width: int, dtype: Any = np.uint8) -> Any:
    """Rectangles with holes, scores with ties, and a map of stripes and noise."""
    masks = np.zeros((count, height, width), bool)
    for mask in masks[1:]:
        y, x = np.sort(rng.integers(0, height + 1, 2)), np.sort(rng.integers(0, width + 1, 2))
        mask[y[0] : y[1], x[0] : x[1]] = rng.random((y[1] - y[0], x[1] - x[0])) < 0.9
    scores, labels = rng.integers(0, 8, count) / 8, rng.integers(1, 4, count)
    stuff = np.sort(rng.integers(0, 6, (height, width)), axis=1).astype(dtype)
    return masks, scores.astype(np.float32), labels, stuff


def check(
    masks: Any,
    scores: Any,
    labels: Any,
    stuff: Any,
    score_threshold: float | None = 0.5,
    overlap_threshold: float = 0.5,
    min_stuff_area: int = 1,
    stuff_labels: Any = None,
    void: int = 0,
) -> Any:
    options: Any = {
        "score_threshold": score_threshold,
        "overlap_threshold": overlap_threshold,
        "min_stuff_area": min_stuff_area,
        "stuff_labels": stuff_labels,
        "void": void,
    }
    found = imgproc.merge_panoptic(masks, stuff, scores=scores, labels=labels, **options)
    ids, segments = reference.merge_panoptic(masks, scores, labels, stuff, **options)
    np.testing.assert_array_equal(found.ids, ids)
    assert found.ids.dtype == np.int32
    assert [dataclasses.astuple(segment) for segment in found.segments] == segments
    packed = imgproc.merge_panoptic(imgproc.pack_masks(masks), stuff, scores=scores, labels=labels, **options)
    np.testing.assert_array_equal(packed.ids, ids)
    assert packed.segments == found.segments
    return found


def test_twin(level: str, rng: np.random.Generator) -> None:
    for number, width in enumerate((1, 9, 31, 63, 64, 65, 97, 130)):
        given = scene(rng, 12, 9, width, DTYPES[number % 5])
        check(*given)
        check(*given, score_threshold=None, overlap_threshold=0.2, min_stuff_area=9)
        check(*given, score_threshold=0.25, overlap_threshold=1.0, stuff_labels=[1, 4], void=2)
        check(*given, overlap_threshold=0.0, stuff_labels=(), void=-1)


def test_things_get_ids_of_their_own_after_stuff_of_the_same_class() -> None:
    """Where transformers resets its count after fused stuff, two things end with one id; here none is shared."""
    masks = np.zeros((4, 8, 40), bool)
    for number, mask in enumerate(masks):
        mask[:, 10 * number : 10 * number + 8] = True
    stuff = np.full((8, 40), 9, np.int32)
    scores, labels = np.array([0.9, 0.8, 0.7, 0.6]), np.array([9, 1, 9, 1])
    found = check(masks, scores, labels, stuff)
    assert [segment.id for segment in found.segments] == [1, 2, 3, 4, 5]
    assert len(np.unique(found.ids)) == 5
    assert found.classes == {1: 9, 2: 1, 3: 9, 4: 1, 5: 9}


def test_equal_scores_go_by_index_and_shares_on_the_threshold_stay() -> None:
    masks = np.zeros((3, 2, 70), bool)
    masks[0, :, :8] = masks[1, :, 4:12] = masks[2, :, 63:] = True
    found = check(masks, np.ones(3), np.ones(3, int), np.zeros((2, 70), np.uint8))
    assert [segment.index for segment in found.segments] == [0, 1, 2]
    assert [segment.area for segment in found.segments] == [16, 8, 14]
    masks[1, 0, 12] = masks[0, 0, 8] = True  # 9 of 17 taken
    found = check(masks, np.ones(3), np.ones(3, int), np.zeros((2, 70), np.uint8))
    assert [segment.index for segment in found.segments] == [0, 2]


def test_detections_and_panoptic_quality_fit(rng: np.random.Generator) -> None:
    masks, scores, labels, stuff = scene(rng, 9, 20, 70)
    boxes = np.tile(np.array([[0, 0, 1, 1]], np.float32), (9, 1))
    detections = imgproc.Detections(boxes, scores, labels, masks=masks)
    found = imgproc.merge_panoptic(detections, stuff, min_stuff_area=1)
    expected = imgproc.merge_panoptic(masks, stuff, scores=scores, labels=labels, min_stuff_area=1)
    np.testing.assert_array_equal(found.ids, expected.ids)
    assert found.segments == expected.segments and found.segments
    quality = imgproc.panoptic_quality(found.ids, found.ids, found.classes, found.classes)
    assert quality.pq == 1


def test_nothing_found_and_strides(rng: np.random.Generator) -> None:
    none = np.zeros((0, 4, 5), bool)
    stuff = np.full((4, 5), 3, np.uint16)
    found = check(none, np.zeros(0), np.zeros(0, int), stuff)
    assert found.classes == {1: 3}
    found = check(none, np.zeros(0), np.zeros(0, int), stuff, min_stuff_area=21)
    assert found.segments == () and found.ids.dtype == np.int32 and not found.ids.any()
    given = scene(rng, 5, 8, 70)
    turned = np.asfortranarray(given[3])
    turned.flags.writeable = False
    np.testing.assert_array_equal(check(*given[:3], turned).ids, check(*given).ids)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 9), st.sampled_from([0.0, 0.3, 0.5, 1.0]))
def test_laws(seed: int, count: int, overlap: float) -> None:
    masks, scores, labels, stuff = scene(np.random.default_rng(seed), count, 7, 66)
    found = imgproc.merge_panoptic(
        masks, stuff, scores=scores, labels=labels, overlap_threshold=overlap, min_stuff_area=3
    )
    assert [segment.id for segment in found.segments] == list(range(1, len(found.segments) + 1))
    areas = np.bincount(found.ids.ravel(), minlength=len(found.segments) + 1)[1:]
    assert areas.tolist() == [segment.area for segment in found.segments] and (areas > 0).all()
    for segment in found.segments:
        inside = masks[segment.index] if segment.is_thing else stuff == segment.label
        assert inside[found.ids == segment.id].all()
        if segment.is_thing:
            assert segment.label == labels[segment.index] and segment.score == scores[segment.index] >= 0.5
            assert segment.area >= (1 - overlap) * inside.sum() - 1e-9


def test_refusals(rng: np.random.Generator) -> None:
    masks, scores, labels, stuff = scene(rng, 4, 6, 9)
    good: dict[str, Any] = {"things": masks, "stuff": stuff, "scores": scores, "labels": labels}
    boxes = np.zeros((4, 4), np.float32)
    bare = imgproc.Detections(boxes, scores, labels)
    whole = imgproc.Detections(boxes, scores, labels, masks=masks)
    wrong: dict[str, list[Any]] = {
        "things": [None, masks.tolist(), masks.astype(np.uint8), masks[0], np.ma.array(masks)],
        "stuff": [
            None,
            stuff.tolist(),
            stuff.astype(float),
            stuff[:-1],
            stuff.T,
            stuff[None],
            np.ma.array(stuff),
        ],
        "scores": [None, scores[:-1], scores.tolist(), scores * np.nan, scores.astype(int)],
        "labels": [None, labels[:-1], labels.tolist(), labels.astype(float)],
        "stuff_labels": [3, "12", [1.5], [True], ["a"]],
    }
    op = imgproc.operations("masks")["merge_panoptic"]
    check_documentation(op)
    for name, parameter in op.parameters.items():
        wrong[name] = parameter.constraint.wrong_values()
    for name, values in wrong.items():
        for value in values:
            with pytest.raises((TypeError, ValueError), match=rf"^merge_panoptic: {name} must be .*, got "):
                imgproc.merge_panoptic(**(good | {name: value}))
    with pytest.raises(ValueError, match=r"^merge_panoptic: things must be Detections with masks, got some"):
        imgproc.merge_panoptic(bare, stuff)
    for name in ("scores", "labels"):
        with pytest.raises(TypeError, match=rf"^merge_panoptic: {name} must be left out beside Detections"):
            imgproc.merge_panoptic(whole, stuff, **{name: good[name]})
    for label in (-1, 65536, 2**40):
        odd = stuff.astype(np.int64)
        odd[5, 8] = label
        place = r"\(5, 8\)"
        with pytest.raises(
            ValueError, match=rf"^merge_panoptic: stuff must be of labels .*, got {label} at {place}$"
        ):
            imgproc.merge_panoptic(masks * False, odd, scores=scores, labels=labels)
        if label == -1:
            assert imgproc.merge_panoptic(**(good | {"stuff": odd}), void=-1).ids.shape == odd.shape

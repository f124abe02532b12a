"""Panoptic FPN's decoder: against its slow twins, and what it refuses."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from reference import neural_queries, panoptic_merge

import imgproc
from imgproc import Detections
from imgproc.neural import Geometry, OutputMismatch, decode_panoptic_fpn

GEOMETRIES = (
    Geometry.stretched((19, 33), (32, 32)),
    Geometry((20, 40), (32, 32), (0.8, 0.8), (8.0, 0.0)),
    Geometry((24, 24), (16, 16), (1.0, 1.0), (-4.0, -4.0)),
)


def found_things(rng: np.random.Generator, count: int, shape: tuple[int, int]) -> Detections:
    masks = np.zeros((count, *shape), bool)
    for mask in masks:
        y, x = np.sort(rng.integers(0, shape[0] + 1, 2)), np.sort(rng.integers(0, shape[1] + 1, 2))
        mask[y[0] : y[1], x[0] : x[1]] = True
    scores, labels = rng.random(count).astype(np.float32), rng.integers(0, 5, count)
    return Detections(np.zeros((count, 4)), scores, labels, masks=imgproc.pack_masks(masks))


def test_twin(rng: np.random.Generator) -> None:
    channels = (None, 11, 12, 13)
    logits = rng.normal(0, 1, (3, 4, 8, 8)).astype(np.float32)
    things = [found_things(rng, 4, geometry.image_shape) for geometry in GEOMETRIES]
    found = decode_panoptic_fpn(
        {"sem_seg": logits}, GEOMETRIES, things, stuff_labels=channels, score_threshold=0.3, min_stuff_area=9
    )
    for one, of_image, geometry, maps in zip(found, things, GEOMETRIES, logits, strict=True):
        large = neural_queries.stretched(maps, geometry)
        stuff = np.array([-1, 11, 12, 13])[np.nan_to_num(large, nan=0).argmax(axis=0)]
        stuff[np.isnan(large[0])] = -1
        ids, segments = panoptic_merge.merge_panoptic(
            imgproc.unpack_masks(of_image.masks),
            of_image.scores,
            of_image.labels,
            stuff,
            0.3,
            0.5,
            9,
            None,
            -1,
        )
        np.testing.assert_array_equal(one.ids, ids)
        assert [dataclasses.astuple(segment) for segment in one.segments] == segments


def test_without_things_or_channels() -> None:
    logits = np.zeros((1, 2, 4, 4), np.float32)
    logits[0, 1, :, 2:] = 1
    found = decode_panoptic_fpn(
        {"semantic_logits": logits},
        Geometry.stretched((4, 4), (4, 4)),
        [Detections.empty()],
        min_stuff_area=1,
    )[0]
    assert found.ids[0].tolist() == [1, 1, 2, 2] and found.classes == {1: 0, 2: 1}
    assert decode_panoptic_fpn({"semantic_logits": logits[:0]}, [], []) == []


def test_refusals(rng: np.random.Generator) -> None:
    geometry, good = Geometry.stretched((9, 9), (8, 8)), {"logits": np.zeros((1, 3, 4, 4), np.float32)}
    things = [found_things(rng, 2, (9, 9))]
    nan = np.full((1, 3, 4, 4), np.nan, np.float32)
    for bad in ({}, {"logits": good["logits"][0]}, {"logits": nan}, {"logits": good["logits"][:, :0]}):
        with pytest.raises(OutputMismatch, match=r"^decode_panoptic_fpn: \w+ must be .*, got "):
            decode_panoptic_fpn(bad, geometry, things)
    bare = Detections(np.zeros((1, 4)))
    options: Any
    for arguments, options in (
        ((things[0],), {}),
        ((things * 2,), {}),
        (([None],), {}),
        ((things,), {"stuff_labels": "abc"}),
        ((things,), {"stuff_labels": [1, 2]}),
        ((things,), {"stuff_labels": [1, 2, True]}),
        ((things,), {"stuff_labels": [1, 2, -3]}),
        ((things,), {"score_threshold": 2}),
        ((things,), {"overlap_threshold": -1}),
        ((things,), {"min_stuff_area": 0}),
    ):
        with pytest.raises((TypeError, ValueError), match=r"^decode_panoptic_fpn: \w+ must be .*, got "):
            decode_panoptic_fpn(good, geometry, *arguments, **options)
    with pytest.raises(ValueError, match="Detections with masks"):
        decode_panoptic_fpn(good, geometry, [bare])

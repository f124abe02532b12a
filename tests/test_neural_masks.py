"""Masks of mask heads and of prototypes: against goldens of torchvision and a slow twin, laws, bad input."""

from __future__ import annotations

import inspect
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from documentation import check_documentation
from reference import neural_masks as reference

import imgproc
from imgproc import Detections, PackedMasks, pack_masks, unpack_masks
from imgproc.neural import (
    Geometry,
    OutputMismatch,
    decode_mask_head,
    decode_prototype_masks,
    decode_query_instances,
    decode_query_panoptic,
)

GOLDENS = Path(__file__).parent / "goldens" / "torchvision_paste.npz"
GEOMETRIES = (
    Geometry.stretched((23, 70), (32, 32)),
    Geometry((23, 70), (32, 96), (1.25, 1.25), (1.5, 4.0)),  # letterbox
    Geometry((23, 70), (40, 40), (0.9, 0.5), (-3.0, 2.0), flip=True),
)


def boxes(rng: np.random.Generator, count: int) -> Any:
    corner, side = rng.uniform((-9, -9), (70, 23), (count, 2)), np.exp(rng.uniform(-1, 4, (count, 2)))
    return np.concatenate([corner, corner + side], axis=1).astype(np.float32)


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=["stretched", "letterbox", "flipped"])
@pytest.mark.parametrize("interpolate", ["probabilities", "logits"])
def test_prototypes_equal_twin(
    geometry: Geometry, interpolate: str, level: str, threads: int, rng: np.random.Generator
) -> None:
    for count, shape in ((1, (8, 8)), (7, (9, 5)), (4, (1, 1))):
        weights, maps = (
            rng.standard_normal((4, count), np.float32),
            rng.standard_normal((count, *shape), np.float32),
        )
        found = Detections(boxes(rng, 4), labels=np.arange(4))
        made = decode_prototype_masks(weights, maps, found, geometry, threshold=0.6, interpolate=interpolate)
        assert isinstance(made.masks, PackedMasks) and made.masks.shape == (4, 23, 70)
        assert Detections(made.boxes, made.scores, made.labels, made.counts) == found
        assert made.masks == pack_masks(unpack_masks(made.masks))
        probabilities = interpolate == "probabilities"
        bound = 0.6 if probabilities else np.log(0.6 / 0.4)
        for own, weight, box in zip(unpack_masks(made.masks), weights, found.boxes, strict=True):
            values = reference.prototype_values(weight, maps, box, geometry, probabilities)
            close = np.abs(values - bound) < 1e-5
            np.testing.assert_array_equal(own | close, (values >= bound) | close)


def test_whole_boxes_and_thresholds(level: str, rng: np.random.Generator) -> None:
    maps, weights = rng.standard_normal((3, 6, 7), np.float32), rng.standard_normal((2, 3), np.float32)
    found = Detections(np.array([[-5.0, -5, 99, 99], [3.5, 2.5, 10.5, 4.51]]))
    geometry = Geometry.stretched((23, 70), (24, 28))
    for word in ("probabilities", "logits"):
        every = decode_prototype_masks(weights, maps, found, geometry, threshold=0, interpolate=word).masks
        assert every.areas.tolist() == [
            23 * 70,
            7 * 3,
        ]  # pixels whose centres lie in the box; its end is outside
        none = decode_prototype_masks(weights, maps, found, geometry, threshold=1, interpolate=word).masks
        assert none.areas.tolist() == [0, 0]
    flat = decode_prototype_masks(weights * 0, maps, found, geometry).masks  # 0.5 is at least 0.5
    assert flat.areas.tolist() == every.areas.tolist()


def test_a_probability_at_the_threshold_is_in_every_mask(level: str) -> None:
    """One rule for all that give masks, but for instances of transformers, which has its own."""
    geometry, around = Geometry.stretched((20, 70), (16, 16)), np.array([[0.0, 0, 70, 20]])
    found, flat = Detections(around, labels=np.array([0])), np.zeros((1, 1, 8, 8), np.float32)
    queries = {"class_queries_logits": np.array([[[30.0, -30]]]), "masks_queries_logits": flat.copy()}
    for nudge, expected in ((0, 1400), (-1e-6, 0)):
        flat[:] = queries["masks_queries_logits"][:] = nudge
        one = flat[0], found, geometry
        areas = [
            decode_prototype_masks(np.ones((1, 1), np.float32), *one).masks.areas[0],
            decode_prototype_masks(np.ones((1, 1), np.float32), *one, interpolate="logits").masks.areas[0],
            sum(of.masks.areas.sum() for of in decode_query_instances(queries, geometry)),
            np.count_nonzero(decode_query_panoptic(queries, geometry)[0].ids),
        ]
        assert areas == [expected] * 4
        # At the border of the box a mask head fades out, and shares of interpolation may round below a half.
        head = decode_mask_head({"masks": flat}, [found], geometry)[0].masks.areas[0]
        assert (head > 1000) if expected else not head
        assert not len(decode_query_instances(queries, geometry, semantics="transformers")[0])


def test_large_sums_do_not_overflow(level: str) -> None:
    maps = np.array([[[1e30, -1e30]]], np.float32)
    found = Detections(np.array([[0.0, 0, 70, 23]]))
    made = decode_prototype_masks(np.ones((1, 1), np.float32), maps, found, GEOMETRIES[0]).masks
    assert made.areas[0] == 23 * 35


def test_what_else_detections_have_is_kept(rng: np.random.Generator) -> None:
    found = Detections(
        boxes(rng, 2), rng.random(2), np.array([0, 1]), np.array([3, 4]), keypoints=rng.random((2, 5, 3))
    )
    made = decode_prototype_masks(np.ones((2, 1)), np.ones((1, 3, 3)), found, GEOMETRIES[0])
    (headed,) = decode_mask_head({"masks": np.ones((2, 2, 3, 3))}, [made], GEOMETRIES[0])
    for one in (made, headed):
        assert Detections(one.boxes, one.scores, one.labels, one.counts, keypoints=one.keypoints) == found


def test_mask_head_equals_torchvision(level: str) -> None:
    """Its goldens of pasting, as the second of three masks of a head."""
    with np.load(GOLDENS) as golden:
        shape = tuple(golden["shape"].tolist())
        for number in range(4):
            own = golden[f"masks_{number}"].astype(np.float32) / np.float32(255)
            masks = np.stack([1 - own, own, own * 0], axis=1)
            found = Detections(golden[f"boxes_{number}"], labels=np.ones(len(own), int))
            outputs, geometry = {"masks": masks}, Geometry.stretched(shape, (9, 9))
            (made,) = decode_mask_head(outputs, [found], geometry, sigmoid=False)
            expected = np.unpackbits(golden[f"pasted_{number}"], axis=2, count=shape[1]).astype(bool)
            np.testing.assert_array_equal(unpack_masks(made.masks), expected)


def test_mask_head_picks_labels_and_images(rng: np.random.Generator) -> None:
    logits = rng.normal(0, 3, (5, 4, 7, 7)).astype(np.float32)
    parts = [Detections(boxes(rng, n), labels=rng.integers(0, 4, n)) for n in (2, 0, 3)]
    shapes = [Geometry.stretched(shape, (32, 32)) for shape in ((23, 70), (10, 10), (40, 60))]
    made = decode_mask_head({"mask_logits": logits}, parts, shapes, threshold=0.3)
    start = 0
    for part, own, geometry in zip(parts, made, shapes, strict=True):
        picked = logits[np.arange(start, start + len(part)), part.labels].astype(np.float64)
        start += len(part)
        probabilities = (1 / (1 + np.exp(-picked))).astype(np.float32)
        pasted = imgproc.paste_mask(
            probabilities, part.boxes, geometry.image_shape, threshold=0.3, packed=True
        )
        assert own.masks == pasted and own.masks.shape[1:] == geometry.image_shape
    one = decode_mask_head({"masks": logits[:, :1]}, parts, shapes)
    again = decode_mask_head({"masks": np.repeat(logits[:, :1], 4, axis=1)}, parts, shapes)
    assert [a.masks for a in one] == [a.masks for a in again]


def test_nothing() -> None:
    none, geometry = Detections.empty(), GEOMETRIES[0]
    assert decode_mask_head({"masks": np.zeros((0, 3, 28, 28))}, [], []) == []
    (made,) = decode_mask_head({"masks": np.zeros((0, 3, 28, 28))}, [none], geometry)
    assert made.masks.shape == (0, 23, 70)
    made = decode_prototype_masks(np.zeros((0, 32)), np.zeros((32, 5, 5)), none, geometry)
    assert made.masks.shape == (0, 23, 70)


FOUND = Detections(np.array([[0.0, 0, 9, 9]]), labels=np.array([2]))
MASKS, WEIGHTS, MAPS, AT = np.zeros((1, 3, 4, 4)), np.zeros((1, 2)), np.zeros((2, 4, 4)), GEOMETRIES[0]


@pytest.mark.parametrize(
    ("function", "args", "options", "error", "sentence"),
    [
        (decode_mask_head, ({}, [FOUND], AT), {}, OutputMismatch, "masks must be among the outputs"),
        (
            decode_mask_head,
            ({"masks": MASKS}, FOUND, AT),
            {},
            TypeError,
            "detections must be a sequence of Detections",
        ),
        (decode_mask_head, ({"masks": MASKS}, [1], AT), {}, TypeError, "detections[0] must be Detections"),
        (
            decode_mask_head,
            ({"masks": MASKS}, [FOUND] * 2, AT),
            {},
            OutputMismatch,
            "masks must be of shape (2, C, h",
        ),
        (
            decode_mask_head,
            ({"masks": MASKS[:, :2]}, [FOUND], AT),
            {},
            OutputMismatch,
            "masks must be of shape (K, C,",
        ),
        (
            decode_mask_head,
            ({"masks": MASKS[:, :, :0]}, [FOUND], AT),
            {},
            OutputMismatch,
            "masks must be at least one",
        ),
        (
            decode_mask_head,
            ({"masks": MASKS * np.nan}, [FOUND], AT),
            {},
            OutputMismatch,
            "masks must be finite",
        ),
        (
            decode_mask_head,
            ({"masks": MASKS}, [FOUND], [AT] * 2),
            {},
            ValueError,
            "geometries must be a Geometry, or",
        ),
        (
            decode_mask_head,
            ({"masks": MASKS}, [FOUND], AT),
            {"threshold": 2},
            ValueError,
            "threshold must be a number",
        ),
        (
            decode_mask_head,
            ({"masks": MASKS}, [FOUND], AT),
            {"sigmoid": 0},
            TypeError,
            "sigmoid must be True or False",
        ),
        (decode_prototype_masks, (WEIGHTS, MAPS, [FOUND], AT), {}, TypeError, "found must be Detections"),
        (decode_prototype_masks, (WEIGHTS, MAPS, FOUND, [AT]), {}, TypeError, "geometry must be a Geometry"),
        (
            decode_prototype_masks,
            (WEIGHTS[0], MAPS, FOUND, AT),
            {},
            OutputMismatch,
            "coefficients must be of shape (1,",
        ),
        (
            decode_prototype_masks,
            (WEIGHTS, MAPS[:1], FOUND, AT),
            {},
            OutputMismatch,
            "prototypes must be of shape (2,",
        ),
        (
            decode_prototype_masks,
            (WEIGHTS, MAPS[..., :0], FOUND, AT),
            {},
            OutputMismatch,
            "prototypes must be of shape",
        ),
        (
            decode_prototype_masks,
            (WEIGHTS, MAPS + np.inf, FOUND, AT),
            {},
            OutputMismatch,
            "prototypes must be finite",
        ),
        (
            decode_prototype_masks,
            ([[0]], MAPS, FOUND, AT),
            {},
            OutputMismatch,
            "coefficients must be a float array",
        ),
        (
            decode_prototype_masks,
            (WEIGHTS, MAPS, FOUND, AT),
            {"interpolate": "x"},
            ValueError,
            "interpolate must be one",
        ),
    ],
)
def test_what_is_refused(
    function: Any, args: Any, options: Any, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error) as caught:
        function(*args, **options)
    assert str(caught.value).startswith(f"{function.__name__}: {sentence}")


@pytest.mark.parametrize("function", [decode_mask_head, decode_prototype_masks])
def test_documentation(function: Any) -> None:
    names = tuple(inspect.signature(function).parameters)
    check_documentation(SimpleNamespace(function=function, name=function.__name__, arguments=names))  # type: ignore[arg-type]

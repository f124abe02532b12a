"""Semantic decoding: pixels looked up through the geometry, heads of one class and of several, refusals."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from documentation import check_documentation
from reference import neural_label_map as reference

from imgproc.neural import Geometry, OutputMismatch, decode_semantic, label_map
from imgproc.neural.decode.semantic import FLAG, HEAD, OUTSIDE, SCORE, SEMANTICS, THRESHOLD

GEOMETRIES = {
    "stretch": Geometry.stretched((30, 50), (64, 64)),
    "letterbox": Geometry((30, 50), (64, 64), (1.28, 1.28), (12.8, 0.0)),
    "pad right and below": Geometry((30, 50), (64, 64), (1.28, 1.28)),
    "middle crop": Geometry((30, 50), (24, 24), (0.96, 0.96), (-2.4, -12.0)),
    "mirrored": Geometry((30, 50), (64, 64), (1.28, 1.28), (12.8, 0.0), flip=True),
    "mirrored crop": Geometry((30, 50), (24, 24), (0.96, 0.96), (-2.4, -12.0), flip=True),
    "shrunk": Geometry((60, 90), (16, 16), (16 / 90, 16 / 90), (2.0, 0.0)),
    "elsewhere": Geometry((30, 50), (24, 24), (1.0, 1.0), (100.0, 0.0)),
}


def expected_labels(logits: Any, geometry: Geometry, outside: int) -> Any:
    taps = [reference.placed_taps(logits.shape[1 + axis], geometry, axis) for axis in (0, 1)]
    labels, maps = reference.label_map(logits, *taps)
    for y, x in np.ndindex(labels.shape):
        place = geometry.points_to_input(np.array([x + 0.5, y + 0.5]))
        if not all(0 <= at <= length for at, length in zip(place, geometry.input_shape[::-1], strict=True)):
            labels[y, x] = outside
            maps[:, y, x] = 0
    return labels, maps


@pytest.mark.parametrize("name", GEOMETRIES)
@pytest.mark.parametrize("samples", [(16, 16), (24, 24), (3, 5)])
def test_twin(name: str, samples: tuple[int, int], level: str, rng: np.random.Generator) -> None:
    geometry = GEOMETRIES[name]
    logits = rng.normal(size=(1, 4, *samples)).astype(np.float32)
    expected, maps = expected_labels(logits[0], geometry, -1)
    labels = decode_semantic({"logits": logits}, geometry)[0]
    assert labels.dtype == np.int32
    np.testing.assert_array_equal(labels, expected)
    ((labels, scores),) = decode_semantic({"out": logits}, [geometry], score="margin", outside=255)
    np.testing.assert_array_equal(labels, np.where(expected < 0, 255, expected))
    ranked = np.sort(maps, axis=0)
    np.testing.assert_array_equal(scores, ranked[-1] - ranked[-2])


def test_padding_is_taken_away_before_anything_is_stretched() -> None:
    """transformers stretches padding and all; its mode does so here, for parity."""
    logits = np.zeros((1, 3, 4, 4), np.float32)
    logits[0, 2, 0] = logits[0, 2, 3] = 9  # what the network says of the padding
    logits[0, 1, 1:3] = 5
    letterbox = Geometry((20, 40), (40, 40), offset=(10.0, 0.0))
    assert (decode_semantic({"logits": logits}, letterbox)[0][4:16] == 1).all()
    stretched = decode_semantic({"logits": logits}, letterbox, semantics="transformers")[0]
    assert (stretched[0] == 2).all() and (stretched[-1] == 2).all()


def test_transformers_stretches(level: str, rng: np.random.Generator) -> None:
    logits = rng.normal(size=(2, 5, 9, 8)).astype(np.float32)
    shapes = [(33, 65), (7, 90)]
    geometries = [Geometry.stretched(shape, (36, 32)) for shape in shapes]
    for align_corners in (False, True):
        found = decode_semantic(
            {"logits": logits}, geometries, semantics="transformers", align_corners=align_corners
        )
        for labels, one, shape in zip(found, logits, shapes, strict=True):
            np.testing.assert_array_equal(labels, label_map(one, shape, align_corners=align_corners))
    # A plain stretch is one to "paper" too, but where the two largest are as good as equal.
    found = decode_semantic({"logits": logits}, geometries, score="margin")
    for (labels, margins), one, shape in zip(found, logits, shapes, strict=True):
        assert (margins[labels != label_map(one, shape)] < 1e-5).all()


def test_align_corners_puts_logits_on_the_outermost_pixels_of_the_input() -> None:
    logits = np.array([[[[0.0, 0, 0]], [[-1, 1, -1]]]], np.float32)
    whole = Geometry.stretched((1, 9), (1, 9))
    aligned = decode_semantic({"logits": logits}, whole, align_corners=True)[0]
    assert aligned[0].tolist() == [0, 0, 0, 1, 1, 1, 0, 0, 0]


@pytest.mark.parametrize("threshold", [0.5, 0.3, 0.9])
def test_binary(threshold: float, level: str, rng: np.random.Generator) -> None:
    logits = (3 * rng.normal(size=(1, 1, 12, 12))).astype(np.float32)
    geometry = GEOMETRIES["letterbox"]
    _, maps = expected_labels(logits[0], geometry, -1)
    chances = 1 / (1 + np.exp(-maps[0].astype(np.float64)))
    options: dict[str, Any] = {"head": "binary", "threshold": threshold}
    labels = decode_semantic({"masks": logits}, geometry, **options)[0]
    sure = np.abs(chances - threshold) > 1e-6
    np.testing.assert_array_equal(labels[sure], (chances > threshold)[sure])
    scores = {
        score: decode_semantic({"masks": logits}, geometry, **options, score=score)[0][1]
        for score in ("logit", "margin", "probability")
    }
    signs = np.where(labels == 1, 1, -1)
    np.testing.assert_allclose(scores["logit"], signs * maps[0], atol=2e-6)
    np.testing.assert_allclose(scores["probability"], np.where(labels == 1, chances, 1 - chances), rtol=1e-5)
    level_logit = np.log(threshold / (1 - threshold))
    np.testing.assert_allclose(scores["margin"], np.abs(maps[0] - level_logit), atol=2e-6)


def test_a_probability_at_the_threshold_is_not_above_it() -> None:
    logits = np.zeros((1, 1, 3, 3), np.float32)
    geometry = Geometry.stretched((6, 6), (6, 6))
    assert not decode_semantic({"logits": logits}, geometry, head="binary")[0].any()
    assert decode_semantic({"logits": logits + 1e-6}, geometry, head="binary")[0].all()


def test_several(level: str, rng: np.random.Generator) -> None:
    logits = rng.normal(size=(2, 3, 6, 6)).astype(np.float32)
    geometries = [GEOMETRIES["letterbox"], GEOMETRIES["middle crop"]]
    found = decode_semantic({"logits": logits}, geometries, head="several", threshold=0.4)
    for masks, planes, geometry in zip(found, logits, geometries, strict=True):
        assert masks.shape == (3, *geometry.image_shape) and masks.dtype == bool
        for mask, plane in zip(masks, planes, strict=True):
            one = decode_semantic(
                {"logits": plane[None, None]}, geometry, head="binary", threshold=0.4, outside=0
            )
            np.testing.assert_array_equal(mask, one[0] == 1)


def test_batches_keys_and_other_floats(rng: np.random.Generator) -> None:
    logits = rng.integers(-9, 9, (2, 4, 5, 6)).astype(np.float16)
    geometry = GEOMETRIES["stretch"]
    expected = decode_semantic({"logits": logits.astype(np.float32)}, geometry)
    for dtype in (np.float16, np.float64, ">f4"):
        found = decode_semantic({"seg": logits.astype(dtype)}, [geometry] * 2, keys={"logits": "seg"})
        np.testing.assert_array_equal(found, expected)
    assert decode_semantic({"logits": logits[:0]}, geometry) == []


def test_documentation() -> None:
    names = tuple(decode_semantic.__annotations__)[:-1]
    assert "align_corners" in names
    operation = SimpleNamespace(function=decode_semantic, name="decode_semantic", arguments=names)
    check_documentation(operation)  # type: ignore[arg-type]


def test_refusals() -> None:
    logits, geometry = np.zeros((1, 2, 4, 4), np.float32), GEOMETRIES["stretch"]
    for bad in ({}, {"scores": logits}):
        with pytest.raises(OutputMismatch, match=r"^decode_semantic: logits must be among the outputs"):
            decode_semantic(bad, geometry)
    for wrong in (
        logits[0],
        logits.astype(int),
        logits.tolist(),
        logits[:, :0],
        logits[:, :, :0],
        np.full_like(logits, np.nan),
        np.full_like(logits, np.inf),
    ):
        with pytest.raises(OutputMismatch, match=r"^decode_semantic: logits must be .*, got "):
            decode_semantic({"logits": wrong}, geometry)
    for head in ("binary", "several"):
        with pytest.raises(OutputMismatch, match=r"^decode_semantic: logits must be .*, got "):
            decode_semantic({"logits": np.full((1, 1, 2, 2), np.nan)}, geometry, head=head)
    with pytest.raises(OutputMismatch, match=r"^decode_semantic: logits must be of one class"):
        decode_semantic({"logits": logits}, geometry, head="binary")
    with pytest.raises(ValueError, match=r"^decode_semantic: score must be None for head several, got "):
        decode_semantic({"logits": logits}, geometry, head="several", score="logit")
    with pytest.raises(TypeError, match=r"^decode_semantic: outputs must be "):
        decode_semantic([logits], geometry)  # type: ignore[arg-type]
    for bad_geometries in (None, [geometry] * 2, [None], (4, 4)):
        with pytest.raises((TypeError, ValueError), match=r"^decode_semantic: geometries must be "):
            decode_semantic({"logits": logits}, bad_geometries)  # type: ignore[arg-type]
    for name, constraint in {
        "head": HEAD,
        "threshold": THRESHOLD,
        "score": SCORE,
        "align_corners": FLAG,
        "outside": OUTSIDE,
        "semantics": SEMANTICS,
    }.items():
        for value in constraint.wrong_values():
            with pytest.raises((TypeError, ValueError), match=rf"^decode_semantic: {name} must be .*, got "):
                decode_semantic({"logits": logits}, geometry, **{name: value})

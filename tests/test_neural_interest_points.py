"""SuperPoint's interest points and their descriptors: against a slow twin, laws, bad input."""

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from documentation import check_documentation
from reference import neural_heatmaps as reference

from imgproc.neural import Geometry, OutputMismatch, decode_superpoint, decode_superpoint_descriptors


@pytest.mark.parametrize(("radius", "border"), [(0, 0), (1, 3), (4, 4), (50, 0)])
def test_points_equal_twin(radius: int, border: int, rng: np.random.Generator) -> None:
    """On an input that shows the image at twice its size; the second image has many equal scores."""
    logits = rng.normal(0, 2, (2, 65, 3, 4)).astype(np.float32)
    logits[1] = rng.integers(0, 3, logits[1].shape)
    geometry = Geometry((12, 16), (24, 32), (2.0, 2.0))
    options = {"radius": radius, "border": border, "score_threshold": 0.012}
    for cells, own in zip(logits, decode_superpoint({"logits": logits}, geometry, **options), strict=True):
        twin, scores = reference.superpoint(cells, 0.012, radius, border)
        assert len(own) == len(twin) > 0
        np.testing.assert_allclose(own[:, 2], [scores[place] for place in twin], rtol=1e-6)
        np.testing.assert_allclose(own[:, 1::-1], (np.array(twin) + 0.5) / 2)


def test_points_keep_apart_and_top_k_is_a_prefix(rng: np.random.Generator) -> None:
    logits = rng.normal(0, 2, (1, 65, 8, 9)).astype(np.float32)
    geometry = Geometry.stretched((64, 72), (64, 72))
    (found,) = decode_superpoint({"logits": logits}, geometry, radius=3)
    apart = np.abs(found[:, None, :2] - found[None, :, :2]).max(axis=2) + 99 * np.eye(len(found))
    assert apart.min() > 3 and (np.diff(found[:, 2]) <= 0).all()
    (some,) = decode_superpoint({"logits": logits}, geometry, radius=3, top_k=5)
    np.testing.assert_array_equal(some, found[:5])


def test_nothing() -> None:
    geometry = Geometry.stretched((16, 16), (16, 16))
    assert decode_superpoint({"logits": np.zeros((0, 65, 2, 2))}, geometry) == []
    for shape in ((1, 65, 0, 2), (1, 65, 1, 1)):  # no pixel, and none within the border
        assert decode_superpoint({"logits": np.zeros(shape)}, geometry)[0].shape == (0, 3)
    assert decode_superpoint({"logits": np.zeros((1, 65, 2, 2))}, geometry, score_threshold=1)[0].shape == (
        0,
        3,
    )


LOGITS, WHOLE = np.zeros((1, 65, 2, 2)), Geometry.stretched((16, 16), (16, 16))


@pytest.mark.parametrize(
    ("args", "options", "error", "sentence"),
    [
        (({}, WHOLE), {}, OutputMismatch, "logits must be among the outputs"),
        (({"logits": LOGITS[:, :64]}, WHOLE), {}, OutputMismatch, "logits must be of shape (N, 65, h, w)"),
        (({"logits": LOGITS * np.nan}, WHOLE), {}, OutputMismatch, "logits must be finite"),
        (
            ({"logits": LOGITS}, [WHOLE] * 2),
            {},
            ValueError,
            "geometries must be a Geometry, or a sequence of 1",
        ),
        (({"logits": LOGITS}, WHOLE), {"radius": -1}, ValueError, "radius must be an integer >= 0"),
        (({"logits": LOGITS}, WHOLE), {"border": 0.5}, TypeError, "border must be an integer >= 0"),
        (({"logits": LOGITS}, WHOLE), {"top_k": 0}, ValueError, "top_k must be"),
        (
            ({"logits": LOGITS}, WHOLE),
            {"score_threshold": 1.5},
            ValueError,
            "score_threshold must be a number",
        ),
    ],
)
def test_what_is_refused(args: Any, options: Any, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error) as caught:
        decode_superpoint(*args, **options)
    assert str(caught.value).startswith(f"decode_superpoint: {sentence}")


def test_descriptors_equal_twin(rng: np.random.Generator) -> None:
    """Of points in and about the image, in an input that shows it smaller; one cell has no direction."""
    maps = rng.normal(0, 2, (3, 16, 3, 4)).astype(np.float32)
    maps[0, :, 1, 1], maps[1] = 0, maps[1] * 1e30
    geometries = [
        Geometry((48, 64), (24, 32), (0.5, 0.5)),
        Geometry((20, 30), (24, 32), (0.9, 0.8), (1.0, 3.0), flip=True),
        Geometry.stretched((24, 32), (24, 32)),
    ]
    points = [rng.uniform(-9, 60, (count, 3)).astype(np.float32) for count in (20, 7, 0)]
    found = decode_superpoint_descriptors({"descriptors": maps}, points, geometries)
    for cells, own, geometry, vectors in zip(maps, points, geometries, found, strict=True):
        places = geometry.points_to_input(own[:, :2].astype(float)) / 8 - 0.5
        assert vectors.dtype == np.float32 and vectors.shape == (len(own), 16)
        np.testing.assert_allclose(vectors, reference.superpoint_descriptors(cells, places), atol=2e-6)


def test_descriptors_of_points_that_were_found(rng: np.random.Generator) -> None:
    outputs = {
        "semi": rng.normal(0, 2, (2, 65, 4, 5)).astype(np.float32),
        "desc": rng.normal(0, 2, (2, 256, 4, 5)).astype(np.float32),
    }
    geometry = Geometry((64, 80), (32, 40), (0.5, 0.5))
    points = decode_superpoint(outputs, geometry)
    vectors = decode_superpoint_descriptors(outputs, points, geometry)
    assert [len(one) for one in vectors] == [len(one) for one in points] and len(points[0])
    np.testing.assert_allclose(np.linalg.norm(vectors[0], axis=1), 1, rtol=1e-6)
    # In the middle of a cell, which is 16 pixels of the image wide, its own vector, and nowhere another's.
    middle = [np.array([[24.0, 40.0]])] * 2
    for own, cells in zip(
        decode_superpoint_descriptors(outputs, middle, geometry), outputs["desc"], strict=True
    ):
        np.testing.assert_allclose(own[0], cells[:, 2, 1] / np.linalg.norm(cells[:, 2, 1]), rtol=1e-5)
    flat = {"desc": np.zeros((2, 4, 1, 1), np.float32)}
    assert not decode_superpoint_descriptors(flat, middle, geometry, semantics="transformers")[0].any()


@pytest.mark.parametrize(
    ("points", "options", "error", "sentence"),
    [
        (np.zeros((1, 3, 2)), {}, TypeError, "points must be a sequence of arrays, one for each image"),
        ([], {}, ValueError, "points must be a sequence of 1 arrays, one for each image, got 0 of them"),
        ([[[1.0, 2.0]]], {}, TypeError, "points[0] must be a float32 or float64 array of shape (K, 2)"),
        ([np.zeros((3, 4))], {}, ValueError, "points[0] must be of shape (K, 2) or (K, 3), got shape (3, 4)"),
        ([np.array([[0, 0], [np.nan, 1]])], {}, ValueError, "points[0] must be of finite x and y"),
        ([np.zeros((3, 2))], {"semantics": "torch"}, ValueError, "semantics must be one of"),
        (
            [np.zeros((3, 2))],
            {"keys": {"desc": "x"}},
            ValueError,
            "keys must be a mapping from 'descriptors'",
        ),
    ],
)
def test_what_descriptors_refuse(points: Any, options: Any, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error) as caught:
        decode_superpoint_descriptors({"desc": np.ones((1, 2, 2, 2), np.float32)}, points, WHOLE, **options)
    assert str(caught.value).startswith(f"decode_superpoint_descriptors: {sentence}")


@pytest.mark.parametrize("function", [decode_superpoint, decode_superpoint_descriptors])
def test_documentation(function: Any) -> None:
    names = tuple(inspect.signature(function).parameters)
    operation: Any = SimpleNamespace(function=function, name=function.__name__, arguments=names)
    check_documentation(operation)

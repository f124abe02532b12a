"""SuperPoint's interest points: against a slow twin, laws, bad input."""

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from documentation import check_documentation
from reference import neural_heatmaps as reference

from imgproc.neural import Geometry, OutputMismatch, decode_superpoint


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


def test_documentation() -> None:
    names = tuple(inspect.signature(decode_superpoint).parameters)
    operation: Any = SimpleNamespace(function=decode_superpoint, name="decode_superpoint", arguments=names)
    check_documentation(operation)

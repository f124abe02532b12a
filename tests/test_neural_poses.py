"""Poses: crops, refinement below a pixel, and the way back to the image; against formulas, laws, bad input."""

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from documentation import check_documentation
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import neural_heatmaps as reference

from imgproc import Detections
from imgproc.neural import OutputMismatch, decode_pose, pose_crops, refined_peaks


def blobs(rng: np.random.Generator, count: int, points: int, height: int = 20, width: int = 16) -> Any:
    """Gaussians, some of whose tops lie at the borders, and where those tops are."""
    y, x = np.mgrid[:height, :width]
    tops = rng.uniform(0, (width - 1, height - 1), (count, points, 2))
    distance = (x - tops[..., 0, None, None]) ** 2 + (y - tops[..., 1, None, None]) ** 2
    return np.exp(-distance / 8).astype(np.float32), tops


@pytest.mark.parametrize("kernel_size", [1, 3, 11, 45])
@pytest.mark.parametrize("shape", [(20, 16), (3, 9), (1, 5), (1, 1)])
def test_refinement_equals_twin(kernel_size: int, shape: tuple[int, int], rng: np.random.Generator) -> None:
    """Also of kernels larger than the map, at borders, of noise, and of maps without anything above 0."""
    maps = blobs(rng, 3, 2, *shape)[0]
    maps[1] = rng.standard_normal(maps[1].shape)
    maps[2, 0] *= -1
    found = refined_peaks(maps, kernel_size=kernel_size)
    for plane, own in zip(maps.reshape(-1, *shape), found.reshape(-1, 3), strict=True):
        np.testing.assert_allclose(own, reference.refined_peak(plane, kernel_size), rtol=2e-6, atol=2e-5)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_top_of_a_gaussian_is_found(seed: int) -> None:
    """The logarithm of a Gaussian is a parabola, whose top one step of Newton's method reaches."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:24, :24]
    top, (a, b), c = rng.uniform(9, 14, 2), rng.uniform(0.1, 0.25, 2), rng.uniform(-0.05, 0.05)
    u, v = x - top[0], y - top[1]
    heat = (0.9 * np.exp(-a * u * u - b * v * v - 2 * c * u * v)).astype(np.float32)
    found = refined_peaks(heat[None, None], kernel_size=1)[0, 0]
    np.testing.assert_allclose(found[:2], top, atol=2e-4)


def test_many_people_are_refined_as_each_alone(rng: np.random.Generator) -> None:
    """transformers indexes all maps of a batch in float32, which has no odd numbers beyond 2**24."""
    maps, _ = blobs(rng, 200, 11)  # more keypoints than are worked on at a time
    whole = refined_peaks(maps)
    for person in (0, 93, 199):
        np.testing.assert_array_equal(refined_peaks(maps[[person]])[0], whole[person])


def test_where_there_is_no_top_nothing_moves() -> None:
    """transformers adds a small number to a singular matrix and throws the point away."""
    flat = np.full((1, 1, 9, 9), 0.5, np.float32)
    ridge = np.tile(np.exp(-((np.arange(9) - 4.0) ** 2)), (9, 1)).astype(np.float32)[None, None]
    saddle = np.full((1, 1, 9, 9), 0.2, np.float32)
    saddle[0, 0, 4, 4], saddle[0, 0, 3, 3], saddle[0, 0, 5, 5] = 0.5, 0.499, 0.499
    assert refined_peaks(flat).tolist() == [[[0, 0, 0.5]]]
    assert refined_peaks(ridge)[0, 0, :2].tolist() == [4, 0]
    assert refined_peaks(saddle, kernel_size=1)[0, 0, :2].tolist() == [4, 4]
    assert refined_peaks(-flat).tolist() == [[[0, 0, -0.5]]]


@pytest.mark.parametrize("padding", [1.0, 1.25])
def test_keypoints_come_back_to_where_they_are_in_the_image(padding: float, rng: np.random.Generator) -> None:
    """Bright spots of an image, cut out by crops as large as the heat maps, are the heat maps themselves."""
    spots = rng.uniform((30, 20), (110, 70), (5, 2))
    y, x = np.mgrid[:90, :140]
    image = sum(np.exp(-((x - a) ** 2 + (y - b) ** 2) / 18) for a, b in spots).astype(np.float32)
    corners = np.concatenate([spots - rng.uniform(5, 9, (5, 2)), spots + rng.uniform(5, 9, (5, 2))], axis=1)
    people = Detections(corners, rng.random(5), np.arange(5))
    crops = pose_crops(image, people.boxes, (64, 48), padding=padding)
    found = decode_pose({"heatmaps": crops[:, None]}, people, padding=padding, kernel_size=1)
    alone = np.hypot(*(spots[:, None] - spots[None]).T).T + 99 * np.eye(5) > 25
    for own, spot, apart in zip(found.keypoints[:, 0], spots, alone.all(axis=1), strict=True):
        if apart:
            np.testing.assert_allclose(own[:2], spot, atol=0.1)
    assert Detections(found.boxes, found.scores, found.labels, found.counts) == people


def test_crops_have_the_shape_of_the_network(rng: np.random.Generator) -> None:
    """A ramp tells where its samples come from: from the box's middle outwards, outer pixel to outer pixel."""
    y, x = np.mgrid[:100, :120].astype(np.float32)
    box = np.array([[40.0, 30, 60, 70]])  # grows to 30 wide, and both by 1.25
    across, down = pose_crops(x, box, (5, 4), padding=1.25)[0], pose_crops(y, box, (5, 4), padding=1.25)[0]
    np.testing.assert_allclose(across, np.tile(np.linspace(50 - 20, 50 + 20, 4), (5, 1)), atol=1e-4)
    np.testing.assert_allclose(down, np.tile(np.linspace(50 - 25, 50 + 25, 5), (4, 1)).T, atol=1e-4)
    assert pose_crops(x, np.array([[500.0, 0, 600, 9]]))[0].max() == 0
    assert pose_crops(np.zeros((9, 9, 3), np.uint8), np.zeros((0, 4))).shape == (0, 256, 192, 3)


def test_nothing() -> None:
    assert refined_peaks(np.zeros((0, 17, 64, 48), np.float32)).shape == (0, 17, 3)
    assert refined_peaks(np.zeros((2, 0, 64, 48), np.float32)).shape == (2, 0, 3)
    found = decode_pose({"heatmaps": np.zeros((0, 17, 64, 48))}, Detections.empty())
    assert found.keypoints.shape == (0, 17, 3)


MAPS, ONE, IMAGE = (
    np.zeros((1, 2, 4, 4), np.float32),
    Detections(np.array([[0.0, 0, 9, 9]])),
    np.zeros((9, 9), np.uint8),
)


@pytest.mark.parametrize(
    ("function", "args", "options", "error", "sentence"),
    [
        (refined_peaks, (MAPS[0],), {}, ValueError, "heatmaps must be of shape (N, K, h, w)"),
        (
            refined_peaks,
            (MAPS[..., :0],),
            {},
            ValueError,
            "heatmaps must be of shape (N, K, h, w), at least one pixel",
        ),
        (refined_peaks, (MAPS.astype(int),), {}, TypeError, "heatmaps must be of dtype float32"),
        (refined_peaks, (MAPS + np.nan,), {}, ValueError, "heatmaps must be finite"),
        (refined_peaks, (MAPS,), {"kernel_size": 2}, ValueError, "kernel_size must be an odd integer"),
        (decode_pose, (MAPS, ONE), {}, TypeError, "outputs must be a mapping"),
        (decode_pose, ({"heatmaps": MAPS}, [ONE]), {}, TypeError, "found must be Detections"),
        (decode_pose, ({"heat": MAPS}, ONE), {}, OutputMismatch, "heatmaps must be among the outputs"),
        (
            decode_pose,
            ({"heatmaps": MAPS[:0]}, ONE),
            {},
            OutputMismatch,
            "heatmaps must be of shape (1, K, h, w)",
        ),
        (
            decode_pose,
            ({"heatmaps": MAPS[..., :1]}, ONE),
            {},
            OutputMismatch,
            "heatmaps must be at least two pixels",
        ),
        (
            decode_pose,
            ({"heatmaps": MAPS}, ONE),
            {"padding": 0.5},
            ValueError,
            "padding must be a number >= 1",
        ),
        (pose_crops, (IMAGE, ONE), {}, TypeError, "boxes must be a float32 or float64 array"),
        (pose_crops, (MAPS, ONE.boxes), {}, ValueError, "image must be"),
        (
            pose_crops,
            (IMAGE, ONE.boxes, (1, 9)),
            {},
            ValueError,
            "size must be a pair (height, width) of integers >= 2",
        ),
        (pose_crops, (IMAGE, ONE.boxes), {"padding": "1"}, TypeError, "padding must be a number >= 1"),
    ],
)
def test_what_is_refused(
    function: Any, args: Any, options: Any, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error) as caught:
        function(*args, **options)
    assert str(caught.value).startswith(f"{function.__name__}: {sentence}")


@pytest.mark.parametrize("function", [pose_crops, refined_peaks, decode_pose])
def test_documentation(function: Any) -> None:
    names = tuple(inspect.signature(function).parameters)
    check_documentation(SimpleNamespace(function=function, name=function.__name__, arguments=names))  # type: ignore[arg-type]

"""Where an image lies in the input of a model, there and back."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import imgproc
from imgproc.neural import Geometry, Preprocess

LENGTHS = st.integers(1, 60)
SHAPES = st.tuples(LENGTHS, LENGTHS)
COORDINATES = st.floats(-1e4, 1e4)


@st.composite
def geometries(draw: st.DrawFn) -> Geometry:
    """What any policy makes of any image, mirrored or not."""
    policy = draw(st.sampled_from(["stretch", "letterbox", "fit", "shortest_edge", "crop", "pad_multiple"]))
    size: int | tuple[int, int] | None = draw(LENGTHS if policy == "shortest_edge" else SHAPES)
    size = None if policy == "pad_multiple" else size
    multiple = draw(st.integers(1, 9)) if policy in ("fit", "shortest_edge", "pad_multiple") else 1
    (geometry,) = Preprocess(size, policy=policy, multiple=multiple).geometries([draw(SHAPES)])
    return dataclasses.replace(geometry, flip=draw(st.booleans()))


@settings(deadline=None)
@given(geometries(), st.lists(st.tuples(COORDINATES, COORDINATES), max_size=5))
def test_points_come_back(geometry: Geometry, points: list[tuple[float, float]]) -> None:
    array = np.array(points, np.float64).reshape(-1, 2)
    # Float64 all the way: what is lost are the last digits of the larger of place and offset.
    tolerance = 1e-11 * max(1, *(1 / scale for scale in geometry.scale))
    np.testing.assert_allclose(
        geometry.points_to_image(geometry.points_to_input(array)), array, atol=tolerance
    )
    np.testing.assert_allclose(geometry.points_to_input(geometry.points_to_image(array)), array, atol=1e-9)


@settings(deadline=None)
@given(geometries(), st.lists(st.tuples(COORDINATES, COORDINATES, COORDINATES, COORDINATES), max_size=5))
def test_boxes_come_back(geometry: Geometry, boxes: list[tuple[float, ...]]) -> None:
    array = np.array(boxes, np.float64).reshape(-1, 2, 2)
    array = np.concatenate([array.min(axis=1), array.max(axis=1)], axis=1)
    mapped = geometry.boxes_to_input(array)
    assert (mapped[:, 0] <= mapped[:, 2]).all() and (mapped[:, 1] <= mapped[:, 3]).all()
    tolerance = 1e-11 * max(1, *(1 / scale for scale in geometry.scale))
    np.testing.assert_allclose(geometry.boxes_to_image(mapped, clip=False), array, atol=tolerance)
    height, width = geometry.image_shape
    clipped = geometry.boxes_to_image(mapped)
    assert (clipped >= 0).all() and (clipped <= [width, height, width, height]).all()


@settings(deadline=None)
@given(geometries(), st.integers(0, 3))
def test_masks_come_back_where_the_input_is_finer(geometry: Geometry, seed: int) -> None:
    labels = np.random.default_rng(seed).integers(1, 200, geometry.image_shape, np.uint8)
    there = geometry.masks_to_input(labels)
    assert there.shape == geometry.input_shape
    back = geometry.masks_to_image(there)
    if min(geometry.scale) > 1 or geometry.scale == (1.0, 1.0):
        # The pixel of the input over an image pixel's centre has its own centre in that pixel. What was cropped is 0.
        np.testing.assert_array_equal(back[back > 0], labels[back > 0])
        x1, y1, x2, y2 = geometry.content()
        whole = (y2 - y1, x2 - x1) == tuple(
            scale * own for scale, own in zip(geometry.scale, geometry.image_shape, strict=True)
        )
        assert not whole or back.all()
    assert set(np.unique(back)) <= {0, *np.unique(labels).tolist()}


@settings(deadline=None)
@given(geometries(), SHAPES)
def test_maps_have_their_values_where_they_lie(geometry: Geometry, map_shape: tuple[int, int]) -> None:
    """The reference: one pixel after the other, by `points_to_input`."""
    height, width = map_shape
    codes = np.arange(1, height * width + 1).reshape(map_shape)
    found = geometry.masks_to_image(codes)
    assert found.shape == geometry.image_shape
    y, x = np.mgrid[: geometry.image_shape[0], : geometry.image_shape[1]] + 0.5
    places = geometry.points_to_input(np.stack([x, y], axis=-1))
    places *= [width / geometry.input_shape[1], height / geometry.input_shape[0]]
    column, row = np.floor(places + 2.0**-30).astype(int).transpose(2, 0, 1)
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    expected = np.where(inside, codes[row.clip(0, height - 1), column.clip(0, width - 1)], 0)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("shape", [(1, 1), (5, 7), (24, 31), (100, 3)])
def test_maps_of_stretched_images_are_resized(shape: tuple[int, int], rng: np.random.Generator) -> None:
    geometry = Geometry.stretched((24, 31), (64, 80))
    codes = rng.integers(0, 65536, shape, np.uint16)
    np.testing.assert_array_equal(
        geometry.masks_to_image(codes), imgproc.resize(codes, (24, 31), method="nearest")
    )
    numbers = rng.random(shape, np.float32)
    expected = imgproc.resize(numbers, (24, 31))
    np.testing.assert_allclose(geometry.logits_to_image(numbers), expected, atol=1e-6)
    mirrored = dataclasses.replace(geometry, flip=True)
    np.testing.assert_array_equal(mirrored.masks_to_image(codes[:, ::-1]), geometry.masks_to_image(codes))
    np.testing.assert_allclose(
        mirrored.logits_to_image(numbers[:, ::-1]), geometry.logits_to_image(numbers), atol=1e-6
    )


def test_a_ramp_of_the_input_is_one_of_the_image() -> None:
    (geometry,) = Preprocess((40, 64), policy="letterbox").geometries([(30, 20)])
    x, y = np.meshgrid(np.arange(0.5, 64), np.arange(0.5, 40))
    ramps = np.stack([x, y])[None]
    found = geometry.logits_to_image(ramps)
    assert found.shape == (1, 2, 30, 20)
    x, y = np.meshgrid(np.arange(0.5, 20), np.arange(0.5, 30))
    expected = geometry.points_to_input(np.stack([x, y], axis=-1)).transpose(2, 0, 1)
    np.testing.assert_allclose(found[0, 0], expected[0], atol=1e-12)
    inner = (expected[1] >= 0.5) & (expected[1] <= 39.5)  # beyond, the outermost pixels go on
    np.testing.assert_allclose(found[0, 1][inner], expected[1][inner], atol=1e-12)


def test_what_was_cropped_is_filled() -> None:
    (geometry,) = Preprocess(8, policy="crop").geometries([(8, 16)])
    assert geometry.content() == (0, 0, 8, 8) and geometry.content((2, 4)) == (0, 0, 4, 2)
    found = geometry.masks_to_image(np.ones((3, 2, 2), np.int32), fill=-1)
    np.testing.assert_array_equal(found[0, 0], [-1] * 4 + [1] * 8 + [-1] * 4)
    found = geometry.logits_to_image(np.ones((2, 2), np.float32), fill=np.nan)
    np.testing.assert_array_equal(np.isnan(found[0]), [True] * 4 + [False] * 8 + [True] * 4)
    assert geometry.masks_to_image(np.ones((8, 8), bool)).dtype == bool
    assert geometry.masks_to_input(np.ones((0, 8, 16), bool)).shape == (0, 8, 8)


def test_wrong_maps() -> None:
    geometry = Geometry((8, 8), (16, 16))
    with pytest.raises(TypeError, match=r"^Geometry.masks_to_image: masks must be a bool or integer array"):
        geometry.masks_to_image(np.zeros((8, 8), np.float32))
    with pytest.raises(
        TypeError, match=r"^Geometry.logits_to_image: logits must be a float32 or float64 array"
    ):
        geometry.logits_to_image(np.zeros((8, 8), np.float16))
    with pytest.raises(ValueError, match=r"^Geometry.logits_to_image: logits must be .*, got shape \(8,\)"):
        geometry.logits_to_image(np.zeros(8))
    with pytest.raises(ValueError, match=r"^Geometry.masks_to_image: masks must be .*, got shape \(0, 8\)"):
        geometry.masks_to_image(np.zeros((0, 8), bool))
    with pytest.raises(ValueError, match=r"^Geometry.masks_to_input: masks must be of shape \(..., 8, 8\)"):
        geometry.masks_to_input(np.zeros((8, 9), bool))

"""Selective search: colour spaces and grouping against their definitions, the order of boxes, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from reference import selective_search as reference

import imgproc
from imgproc._ext import selective_search as kernels
from imgproc.segmentation.felzenszwalb import segment_planes
from imgproc.segmentation.selective_search import convert_planes, rank


def propose(planes: np.ndarray, labels: np.ndarray, *measures: int) -> np.ndarray:
    boxes = np.full((len(measures), 2 * int(labels.max()) + 1, 4), -1, np.int32)
    kernels.propose(planes, labels, np.array(measures, np.int32), boxes)
    return boxes


def patches(
    rng: np.random.Generator, channels: int, height: int, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Planes with texture, and regions of them."""
    planes = rng.integers(0, 256, (channels, height, width)).astype(np.float32)
    smooth = planes.copy()
    for axis in (1, 2):
        smooth = (smooth + np.roll(smooth, 1, axis) + np.roll(smooth, 2, axis)) / np.float32(3)
    labels, _ = segment_planes(smooth, 60.0, 4)
    return smooth + np.float32(0.1) * planes, labels


@pytest.mark.parametrize("channels", [1, 3])
def test_grouping(channels: int, level: str, rng: np.random.Generator) -> None:
    for height, width in ((1, 1), (1, 40), (30, 1), (12, 17), (19, 33)):
        planes, labels = patches(rng, channels, height, width)
        ways = (15, 14, 8, 4, 1, 2)
        for way, boxes in zip(ways, propose(planes, labels, *ways), strict=True):
            np.testing.assert_array_equal(boxes, reference.group(planes, labels, way))


def test_grouping_where_all_are_alike(level: str) -> None:
    """Only the rule for ties decides: a constant image in tiles, of one pixel each and larger."""
    planes = np.full((1, 12, 15), 80, np.float32)
    tiles = np.arange(4 * 5, dtype=np.int32).reshape(4, 5).repeat(3, 0).repeat(3, 1)
    pixels = np.arange(180, dtype=np.int32).reshape(12, 15)
    for labels in (tiles, pixels[:5, :6] - pixels[:5, :1] + np.arange(0, 30, 6, dtype=np.int32)[:, None]):
        labels = np.ascontiguousarray(labels)
        part = np.ascontiguousarray(planes[:, : labels.shape[0], : labels.shape[1]])
        for way, boxes in zip((15, 8), propose(part, labels, 15, 8), strict=True):
            np.testing.assert_array_equal(boxes, reference.group(part, labels, way))


def test_many_neighbors(level: str, rng: np.random.Generator) -> None:
    """A region around hundreds of others: lists of neighbours that grow and are cleaned. The result is one region."""
    labels = np.zeros((41, 41), np.int32)
    labels[1::2, 1::2] = 1 + np.arange(400).reshape(20, 20)
    planes = rng.random((3, 41, 41), np.float32) * 255
    for boxes in propose(planes, labels, 15, 4):
        assert boxes[-1].tolist() == [0, 0, 41, 41]
        assert (boxes[:, :2] < boxes[:, 2:]).all()


def test_color_spaces(level: str, threads: int, rng: np.random.Generator) -> None:
    rgb = rng.random((3, 9, 37), np.float32) * 255
    rgb[:, 0, :8] = np.indices((2, 2, 2)).reshape(3, 8) * 255  # the corners of the cube
    rgb[:, 1] = rgb[0, 1]
    np.testing.assert_allclose(convert_planes(rgb, kernels.HSV), reference.hsv(rgb), atol=1e-4, rtol=1e-5)
    np.testing.assert_allclose(convert_planes(rgb, kernels.LAB), reference.lab(rgb), atol=0.02)
    luma = np.tensordot([0.299, 0.587, 0.114], rgb.astype(np.float64), 1)
    np.testing.assert_allclose(convert_planes(rgb, kernels.GRAY)[0], luma, atol=1e-4)
    shares = convert_planes(rgb, kernels.RGI)
    np.testing.assert_allclose(shares[:2], 255 * rgb[:2] / np.maximum(rgb.sum(0), 1e-9), atol=1e-3)
    np.testing.assert_allclose(shares[2], luma, atol=1e-4)
    beyond = np.array([-5, 300, np.nan, np.inf, -np.inf], np.float32).repeat(3).reshape(5, 1, 3).T.copy()
    inside = np.array([0, 255, 0, 255, 0], np.float32).repeat(3).reshape(5, 1, 3).T.copy()
    for space in (kernels.HSV, kernels.LAB, kernels.RGI, kernels.GRAY):
        np.testing.assert_array_equal(convert_planes(beyond, space), convert_planes(inside, space))


def test_lab_is_that_of_scikit_image(rng: np.random.Generator) -> None:
    color = pytest.importorskip("skimage.color")
    rgb = rng.random((3, 20, 30), np.float32)
    theirs = np.moveaxis(color.rgb2lab(np.moveaxis(rgb, 0, -1)), -1, 0)
    ours = convert_planes(rgb * 255, kernels.LAB)
    np.testing.assert_allclose((ours[0] / 2.55, ours[1] - 128, ours[2] - 128), theirs, atol=0.05)


def scene(rng: np.random.Generator, dtype: Any = np.uint8) -> np.ndarray:
    """Three objects on a ground, with noise."""
    image = np.full((90, 130, 3), (60, 90, 70))
    image[20:60, 15:50] = 190, 60, 40
    image[30:45, 25:40] = 230, 200, 60
    image[50:85, 70:120] = 40, 60, 160
    image = image + rng.integers(-6, 7, image.shape)
    if np.dtype(dtype) == np.float32:
        return (image / 255).astype(np.float32)
    return (image * (np.iinfo(dtype).max // 255)).astype(dtype)


@pytest.mark.parametrize("mode", ["fast", "quality"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_objects_are_found(dtype: Any, mode: str, threads: int, rng: np.random.Generator) -> None:
    image = scene(rng, dtype)
    boxes = imgproc.selective_search(image, mode)
    assert boxes.dtype == np.float32 and boxes.flags.c_contiguous
    truth = np.array([[15, 20, 50, 60], [25, 30, 40, 45], [70, 50, 120, 85], [0, 0, 130, 90]], np.float32)
    assert (imgproc.iou_matrix(truth, boxes).max(1) > 0.9).all()
    assert len(np.unique(boxes, axis=0)) == len(boxes)
    assert (
        (boxes[:, :2] >= 0).all()
        and (boxes[:, :2] < boxes[:, 2:]).all()
        and (boxes[:, 2:] <= (130, 90)).all()
    )


def test_order(rng: np.random.Generator) -> None:
    image = scene(rng)
    boxes = imgproc.selective_search(image, sigma=0.5, min_size=5)
    assert len(boxes) > 20
    np.testing.assert_array_equal(
        imgproc.selective_search(image, sigma=0.5, min_size=5, max_boxes=7), boxes[:7]
    )
    np.testing.assert_array_equal(
        imgproc.selective_search(image, sigma=0.5, min_size=5, seed=np.random.default_rng(0)), boxes
    )
    other = imgproc.selective_search(image, sigma=0.5, min_size=5, seed=1)
    assert (other != boxes).any()
    np.testing.assert_array_equal(np.unique(other, axis=0), np.unique(boxes, axis=0))


def test_rank_is_that_of_the_paper(rng: np.random.Generator) -> None:
    """The last of a hierarchy has position 1, and the first of equal boxes stays."""
    hierarchies = [rng.integers((0, 0, 3, 3), (3, 3, 6, 6), (n, 4), np.int32) for n in (1, 9, 30)]
    draws = np.random.default_rng(5).random(40)
    entries, place = [], 0
    for boxes in hierarchies:
        for number, box in enumerate(boxes):
            entries.append((draws[place] * (len(boxes) - number), tuple(box)))
            place += 1
    expected = list(dict.fromkeys(box for _, box in sorted(entries)))
    assert [tuple(box) for box in rank(hierarchies, 6, np.random.default_rng(5))] == expected


def test_channels_and_extremes(level: str, rng: np.random.Generator) -> None:
    image = scene(rng)
    rgba = np.dstack([image, rng.integers(0, 256, image.shape[:2], np.uint8)])
    np.testing.assert_array_equal(imgproc.selective_search(rgba), imgproc.selective_search(image))
    gray = image[..., 0]
    for mode in ("fast", "quality"):
        boxes = imgproc.selective_search(gray, mode, scales=[100])
        np.testing.assert_array_equal(imgproc.selective_search(gray[..., None], mode, scales=[100]), boxes)
    assert imgproc.selective_search(np.zeros((1, 1), np.uint8)).tolist() == [[0, 0, 1, 1]]
    assert imgproc.selective_search(np.full((1, 70, 3), 9, np.uint16)).tolist() == [[0, 0, 70, 1]]
    assert imgproc.selective_search(np.full((40, 30, 4), np.nan, np.float32)).tolist() == [[0, 0, 30, 40]]
    # Every pixel a region.
    assert len(imgproc.selective_search(gray[:12, :15], scales=[1e-9], sigma=0, min_size=0)) > 180


def test_refusals() -> None:
    image = np.zeros((4, 5), np.uint8)
    for arguments in (
        {"mode": "slow"},
        {"scales": []},
        {"scales": [100, -1]},
        {"sigma": float("nan")},
        {"min_size": -1},
        {"max_boxes": 0},
        {"seed": -1},
    ):
        (name,) = arguments
        with pytest.raises(ValueError, match=rf"^selective_search: {name} must be .*, got "):
            imgproc.selective_search(image, **arguments)
    for arguments in ({"mode": 1}, {"scales": 100}, {"min_size": 1.5}, {"max_boxes": "9"}, {"seed": None}):
        (name,) = arguments
        with pytest.raises(TypeError, match=rf"^selective_search: {name} must be .*, got "):
            imgproc.selective_search(image, **arguments)

"""Augmentations against their slow twins: pixels, boxes, masks and keypoints move together, and seeds decide."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import neural_augment as reference

import imgproc
from imgproc.neural import augment

DTYPES = (np.uint8, np.uint16, np.float32)
SHAPES = ((9, 12), (9, 12, 1), (9, 12, 3), (9, 12, 4))


def picture(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any = np.uint8) -> np.ndarray:
    top = 1 if dtype is np.float32 else np.iinfo(dtype).max
    return (rng.random(shape) * top).astype(dtype)


def example(
    rng: np.random.Generator, shape: tuple[int, ...] = (9, 12, 3), dtype: Any = np.uint8
) -> augment.Sample:
    height, width = shape[:2]
    starts = rng.uniform(-2, (width - 3, height - 3), (5, 2))
    boxes = np.hstack([starts, starts + rng.uniform(1, 6, (5, 2))])
    keypoints = np.concatenate(
        [rng.uniform(0, (width, height), (5, 4, 2)), rng.integers(0, 3, (5, 4, 1))], axis=2
    )
    return augment.Sample(
        picture(rng, shape, dtype),
        boxes,
        np.arange(5) * 10,
        rng.random((5, height, width)) > 0.5,
        keypoints,
    )


def assert_same(a: augment.Sample, b: augment.Sample) -> None:
    for field in ("image", "boxes", "labels", "masks", "keypoints"):
        np.testing.assert_array_equal(getattr(a, field), getattr(b, field))


EVERY: dict[str, Any] = {
    "flip": partial(augment.flip, pairs=[(0, 1), (3, 2)]),
    "flip vertically": partial(augment.flip, axis="vertical"),
    "rotate": augment.rotate,
    "crop": partial(augment.crop, shape=(5, 7)),
    "resize": partial(augment.resize, shape=(5, 20)),
    "coarse_dropout": augment.coarse_dropout,
    "channel_dropout": augment.channel_dropout,
    "add_noise": augment.add_noise,
    "brightness": augment.brightness,
    "gamma": augment.gamma,
    "sometimes": augment.sometimes(partial(augment.rotate, degrees=(-90, 90)), 0.7),
    "compose": augment.Compose([augment.flip, augment.rotate, augment.gamma]),
}


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_seeds_decide_and_nothing_handed_in_changes(
    name: str, dtype: Any, shape: tuple[int, ...], rng: np.random.Generator
) -> None:
    step = EVERY[name]
    sample = example(rng, shape, dtype)
    if name == "channel_dropout" and shape[2:] in ((), (1,)):
        with pytest.raises(ValueError, match=r"^channel_dropout: sample must be of an RGB or RGBA image"):
            step(sample, 0)
        return
    before = augment.Sample(**{k: v.copy() for k, v in vars(sample).items()})
    for array in vars(sample).values():
        array.flags.writeable = False
    first, again = step(sample, 7), step(sample, np.random.default_rng(7))
    assert_same(sample, before)
    assert_same(first, again)
    assert (
        first.image.dtype == dtype and first.image.shape[2:] == shape[2:] and first.image.flags.c_contiguous
    )
    assert first.boxes is not None and first.boxes.dtype == np.float64
    # Strides make no difference.
    strided = augment.Sample(
        np.asfortranarray(sample.image), sample.boxes, sample.labels, sample.masks, sample.keypoints
    )
    assert_same(step(strided, 7), first)
    # A sample may know nothing but its image.
    np.testing.assert_array_equal(step(augment.Sample(sample.image), 7).image, first.image)


@pytest.mark.parametrize("axis", ["horizontal", "vertical"])
def test_flip(axis: str, rng: np.random.Generator) -> None:
    sample = example(rng)
    pairs = [(0, 1), (3, 2)]
    found = augment.flip(sample, axis=axis, pairs=pairs)
    across = axis == "horizontal"
    length = 12 if across else 9
    np.testing.assert_array_equal(found.image, sample.image[:, ::-1] if across else sample.image[::-1])
    np.testing.assert_array_equal(found.masks, np.flip(sample.masks, 2 if across else 1))
    column = 0 if across else 1
    np.testing.assert_array_equal(found.boxes[:, column], length - sample.boxes[:, column + 2])
    np.testing.assert_array_equal(found.boxes[:, 1 - column], sample.boxes[:, 1 - column])
    for new, old in enumerate((1, 0, 3, 2)):
        points, came = found.keypoints[:, new], sample.keypoints[:, old]
        np.testing.assert_array_equal(points[:, 2], came[:, 2])
        known = came[:, 2] > 0
        np.testing.assert_array_equal(points[known, column], length - came[known, column])
        np.testing.assert_array_equal(points[~known], came[~known])
    back = augment.flip(found, axis=axis, pairs=pairs)
    np.testing.assert_array_equal(back.image, sample.image)
    np.testing.assert_allclose(back.boxes, sample.boxes, rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(back.keypoints, sample.keypoints, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("degrees", [-300.0, -90.0, -33.0, 0.0, 15.0, 45.0, 90.0, 180.0, 359.0])
@pytest.mark.parametrize("shape", [(9, 12), (8, 8), (1, 7)])
def test_rotate_equals_its_twin(degrees: float, shape: tuple[int, int], rng: np.random.Generator) -> None:
    height, width = shape
    image = picture(rng, shape, np.float32)
    starts = rng.uniform(-1, (width, height), (8, 2))
    boxes = np.hstack([starts, starts + rng.uniform(0.5, 5, (8, 2))])
    points = np.concatenate([rng.uniform(0, (width, height), (8, 3, 2)), np.full((8, 3, 1), 2.0)], axis=2)
    found = augment.rotate(
        augment.Sample(image, boxes, np.arange(8), keypoints=points),
        degrees=degrees,
        fill=0.25,
        min_visible=0.3,
    )
    np.testing.assert_allclose(found.image, reference.rotate(image, degrees, 0.25), atol=2e-5)
    twins = [reference.around(box, degrees, width, height) for box in boxes.tolist()]
    kept = [number for number, (_, share) in enumerate(twins) if share > 0 and share >= 0.3]
    np.testing.assert_array_equal(found.labels, kept)
    np.testing.assert_allclose(found.boxes, np.reshape([twins[n][0] for n in kept], (-1, 4)), atol=1e-12)
    assert found.keypoints is not None
    for row, number in enumerate(kept):
        for place, (x, y, _) in zip(found.keypoints[row], points[number], strict=True):
            tx, ty = reference.turned(x, y, degrees, width, height)
            np.testing.assert_allclose(place[:2], (tx, ty), atol=1e-12)
            assert (place[2] == 2) == (0 <= tx <= width and 0 <= ty <= height)


def test_quarter_turns_move_pixels_bit_for_bit(rng: np.random.Generator) -> None:
    image, masks = picture(rng, (8, 8, 3)), rng.random((2, 8, 8)) > 0.5
    for turns in range(-4, 5):
        found = augment.rotate(augment.Sample(image, masks=masks), degrees=90 * turns)
        np.testing.assert_array_equal(found.image, np.rot90(image, turns))
        np.testing.assert_array_equal(found.masks, np.rot90(masks, turns, (1, 2)))


@pytest.mark.parametrize("degrees", [-70.0, 11.0, 133.0])
def test_masks_are_sampled_like_images(degrees: float, rng: np.random.Generator) -> None:
    """Also small ones, at the edges and empty, which are looked for in a window alone."""
    masks = np.zeros((6, 17, 23), bool)
    masks[0] = rng.random((17, 23)) > 0.5
    masks[1, 5:9, 8:15] = rng.random((4, 7)) > 0.3
    masks[2, 0, 0] = masks[3, 16, 22] = masks[4, :, 11] = True
    sample = augment.Sample(np.zeros((17, 23), np.uint8), np.tile([5.0, 5, 18, 12], (6, 1)), masks=masks)
    found = augment.rotate(sample, degrees=degrees).masks
    for mask, turned in zip(masks, found, strict=True):
        shares = reference.rotate(mask.astype(float), degrees)
        np.testing.assert_array_equal(
            turned[abs(shares - 0.5) > 0.003], (shares >= 0.5)[abs(shares - 0.5) > 0.003]
        )


def test_masks_turn_with_their_boxes() -> None:
    """A rectangle's mask stays within its turned box, and fills as much of the image as before."""
    mask = np.zeros((1, 60, 80), bool)
    mask[0, 20:40, 30:60] = True
    sample = augment.Sample(mask[0].astype(np.uint8) * 200, np.array([[30.0, 20, 60, 40]]), masks=mask)
    for degrees in (-20, 7, 33):
        found = augment.rotate(sample, degrees=degrees)
        rows, columns = np.nonzero(found.masks[0])
        (x1, y1, x2, y2) = found.boxes[0]
        assert x1 - 1 <= columns.min() and columns.max() + 1 <= x2 + 1
        assert y1 - 1 <= rows.min() and rows.max() + 1 <= y2 + 1
        assert abs(int(found.masks.sum()) - 600) < 30
        assert ((found.image >= 100) == found.masks[0]).all()


@given(st.integers(0, 10**6), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_crop_equals_its_twin(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    sample = example(rng)
    height, width = int(rng.integers(1, 10)), int(rng.integers(1, 13))
    top, left = int(rng.integers(0, 10 - height)), int(rng.integers(0, 13 - width))
    found = augment.crop(sample, shape=(height, width), place=(top, left), min_visible=share)
    part, kept = reference.crop(sample.image, sample.boxes.tolist(), top, left, height, width, share)
    np.testing.assert_array_equal(found.image, part)
    rows = [number for number, _ in kept]
    np.testing.assert_array_equal(found.labels, sample.labels[rows])
    np.testing.assert_allclose(found.boxes, np.reshape([box for _, box in kept], (-1, 4)), atol=1e-12)
    np.testing.assert_array_equal(found.masks, sample.masks[rows, top : top + height, left : left + width])
    for points, came in zip(found.keypoints, sample.keypoints[rows], strict=True):
        for (x, y, seen), (old_x, old_y, old) in zip(points, came, strict=True):
            inside = 0 <= old_x - left <= width and 0 <= old_y - top <= height
            assert seen == (old if inside else 0)
            moved = (old_x - left, old_y - top) if old else (old_x, old_y)
            np.testing.assert_allclose((x, y), moved, atol=1e-12)


def test_random_crops_reach_every_place() -> None:
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    corners = {int(augment.crop(augment.Sample(image), seed, shape=(2, 3)).image[0, 0]) for seed in range(60)}
    assert corners == {0, 1, 4, 5}


def test_objects_without_boxes_go_by_their_masks() -> None:
    masks = np.zeros((2, 4, 4), bool)
    masks[0, :2, :2], masks[1, 3:, 3:] = True, True
    sample = augment.Sample(np.zeros((4, 4), np.uint8), labels=np.array([5, 6]), masks=masks)
    np.testing.assert_array_equal(augment.crop(sample, shape=(2, 2), place=(0, 0)).labels, [5])
    np.testing.assert_array_equal(
        augment.crop(sample, shape=(1, 1), place=(0, 0), min_visible=0.3).labels, []
    )
    points = augment.Sample(np.zeros((4, 4), np.uint8), keypoints=np.array([[[3.5, 3.5, 2.0]]]))
    assert augment.crop(points, shape=(2, 2), place=(0, 0)).keypoints.tolist() == [[[3.5, 3.5, 0]]]


def test_resize_scales_everything(rng: np.random.Generator) -> None:
    sample = example(rng)
    found = augment.resize(sample, shape=(18, 6))
    np.testing.assert_array_equal(found.image, imgproc.resize(sample.image, (18, 6)))
    np.testing.assert_allclose(found.boxes, sample.boxes * [0.5, 2, 0.5, 2])
    known = sample.keypoints[..., 2] > 0
    np.testing.assert_allclose(found.keypoints[known], sample.keypoints[known] * [0.5, 2, 1])
    np.testing.assert_array_equal(found.keypoints[~known], sample.keypoints[~known])
    nearest = [imgproc.resize(mask.astype(np.uint8), (18, 6), method="nearest") for mask in sample.masks]
    np.testing.assert_array_equal(found.masks, np.array(nearest, bool))
    assert_same(augment.resize(sample, shape=(9, 12)), sample)


def test_coarse_dropout_blanks_rectangles(rng: np.random.Generator) -> None:
    image = np.full((40, 50, 4), 9, np.uint8)
    points = np.array([[[x + 0.5, y + 0.5, 2.0] for y in range(40) for x in range(50)]])
    sample = augment.Sample(image, keypoints=points)
    for seed in range(10):
        found = augment.coarse_dropout(sample, seed, holes=1, size=(0.1, 0.5), fill=3)
        blank = (found.image[..., :3] == 3).all(axis=2)
        rows, columns = np.nonzero(blank)
        height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
        assert blank.sum() == height * width and 4 <= height <= 20 and 5 <= width <= 25
        assert (found.image[..., 3] == 9).all()
        np.testing.assert_array_equal(found.keypoints[0, :, 2] == 1, blank.ravel())
    assert (augment.coarse_dropout(sample, holes=1, size=1.0).image[..., :3] == 0).all()
    assert_same(augment.coarse_dropout(sample, holes=0), sample)
    counts = {
        int((augment.coarse_dropout(sample, s, holes=(0, 2), size=0.02).image[..., 0] == 0).sum())
        for s in range(30)
    }
    assert counts >= {0, 1, 2}


def test_channel_dropout_keeps_alpha_and_one_channel() -> None:
    sample = augment.Sample(np.full((2, 2, 4), 9, np.uint8))
    seen = set()
    for seed in range(40):
        for count in (1, 2):
            channels = augment.channel_dropout(sample, seed, count=count, fill=1).image[0, 0]
            assert (channels[:3] == 1).sum() == count and channels[3] == 9
            seen.add(tuple(channels.tolist()))
    assert len(seen) == 6


@pytest.mark.parametrize("dtype", DTYPES)
def test_noise_has_its_strength(dtype: Any) -> None:
    top = 1 if dtype is np.float32 else np.iinfo(dtype).max
    image = np.full((100, 100, 4), top // 2 if top > 1 else 0.5, dtype)
    noisy = augment.add_noise(augment.Sample(image), 3, sigma=0.1).image.astype(float)
    difference = (noisy - image)[..., :3] / top
    assert abs(difference.mean()) < 0.003 and abs(difference.std() - 0.1) < 0.002
    assert (noisy[..., 3] == image[..., 3]).all()
    assert_same(augment.add_noise(augment.Sample(image), sigma=0), augment.Sample(image))
    white = augment.add_noise(augment.Sample(np.full((50, 50), top, dtype)), 3, sigma=0.5).image
    if top > 1:
        assert white.max() == top and 0.4 < (white == top).mean() < 0.6  # clipped, not wrapped


def test_tone_is_that_of_the_library(rng: np.random.Generator) -> None:
    image = picture(rng, (9, 12, 4))
    np.testing.assert_array_equal(
        augment.gamma(augment.Sample(image), gamma=0.7).image, imgproc.gamma_correct(image, 0.7)
    )
    np.testing.assert_array_equal(
        augment.brightness(augment.Sample(image), gain=1.25).image,
        imgproc.gamma_correct(image, 1.0, gain=1.25),
    )


def test_sometimes_and_compose_draw_one_after_the_other() -> None:
    sample = augment.Sample(np.array([[1, 2]], np.uint8))
    assert augment.sometimes(augment.flip, 0)(sample) is sample
    assert augment.sometimes(augment.flip, 1)(sample) is not sample
    share = sum(augment.sometimes(augment.flip, 0.25)(sample, s) is not sample for s in range(2000)) / 2000
    assert abs(share - 0.25) < 0.04
    rng = np.random.default_rng(5)
    by_hand = augment.add_noise(augment.add_noise(sample, rng), rng)
    assert_same(augment.Compose([augment.add_noise, augment.add_noise])(sample, 5), by_hand)
    nested = augment.Compose([augment.Compose([augment.add_noise]), augment.add_noise])
    assert_same(nested(sample, 5), by_hand)
    assert augment.Compose([])(sample) is sample
    assert "flip" in repr(augment.Compose([augment.flip]))

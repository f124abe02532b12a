"""Windows and objects of cascades: the slow twin, laws, and bad input."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from cascades import KINDS, image, random_cascade
from reference import cascade as reference

import imgproc
from imgproc.cascade import Cascade
from imgproc.cascade.detection import find_windows, scales

kinds = pytest.mark.parametrize("kind", KINDS)


def windows(c: Cascade, picture: np.ndarray, factor: float = 1.3, **options: Any) -> list[tuple[Any, ...]]:
    return find_windows(c, picture, scales(c.window, picture.shape, factor, None, None), **options).tolist()


@kinds
@pytest.mark.parametrize("step", [None, 1, 3])
def test_windows_are_those_of_the_twin(kind: str, step: int | None, level: str, threads: int) -> None:
    c, picture = random_cascade(2, **KINDS[kind]), image(1, 24, 31)
    chosen = scales(c.window, picture.shape, 1.4, None, None)
    expected = reference.windows(c, picture, chosen, step)
    found = windows(c, picture, 1.4, step=step)
    assert [w[:3] for w in found] == [w[:3] for w in expected]
    assert expected or step == 3, "a test without windows that pass"
    np.testing.assert_array_equal([w[3] for w in found], np.float32([w[3] for w in expected]))


@kinds
def test_same_bits_at_every_level_and_thread_count(kind: str, level: str, threads: int) -> None:
    picture = image(3, 131, 157)
    for seed in range(3):
        c = random_cascade(seed, **KINDS[kind])
        found = windows(c, picture, 1.1)
        before = imgproc.get_cpu_level(), imgproc.get_num_threads()
        imgproc.set_cpu_level("baseline")
        imgproc.set_num_threads(1)
        plain = windows(c, picture, 1.1)
        imgproc.set_cpu_level(before[0])
        imgproc.set_num_threads(before[1])
        assert found == plain


def test_float_sums_near_a_threshold_are_decided_exactly(level: str) -> None:
    """Thresholds that lie exactly on sums which float32 would round away."""
    c = random_cascade(7)
    picture = image(1, 24, 31)
    chosen = scales(c.window, picture.shape, 1.4, None, None)
    small = reference.scaled(picture, *(round(float(np.float32(s) / chosen[0])) for s in picture.shape))
    height, width = c.window
    sums = {
        reference.leaf_sum(c, 2, w, norm)
        for y in range(0, 12, 2)
        for w in [small[y : y + height, 4 : 4 + width]]
        for norm in [
            np.float32(
                1
                / np.sqrt(
                    w[1:-1, 1:-1].size * (w[1:-1, 1:-1].astype(float) ** 2).sum()
                    - w[1:-1, 1:-1].astype(float).sum() ** 2
                )
            )
        ]
    }
    for total in sums:
        for nudge in (-1, 0, 1):
            limits = c.thresholds.copy()
            limits[2] = np.float32(total) + np.float32(1e-5) + nudge * np.float32(1e-7)
            sharp = replace(c, thresholds=limits)
            expected = reference.windows(sharp, picture, chosen[:1])
            assert [w[:3] for w in find_windows(sharp, picture, chosen[:1]).tolist()] == [
                w[:3] for w in expected
            ]


def test_one_object_serves_many_threads() -> None:
    c, pictures = random_cascade(2, tilted=True), [image(seed, 90, 120) for seed in range(8)]
    plain = [c.detect(picture) for picture in pictures]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            assert list(pool.map(c.detect, pictures)) == plain


def test_image_no_larger_than_the_window() -> None:
    c = random_cascade(0)
    height, width = c.window
    assert len(c.detect(image(0, height - 1, 40))) == 0
    assert len(c.detect(image(0, 40, width - 1))) == 0
    easy = replace(c, thresholds=np.full(3, -1e6))
    exact = easy.detect(image(0, height, width), min_neighbors=0)
    np.testing.assert_array_equal(exact.boxes, [[0, 0, width, height]])


def test_flat_images_have_no_objects(level: str) -> None:
    easy = replace(random_cascade(0), thresholds=np.full(3, -1e6))
    for value in (0, 7, 255):
        assert len(easy.detect(np.full((40, 50), value, np.uint8), min_neighbors=0)) == 0


def test_objects_are_scored_clipped_and_sorted() -> None:
    c, picture = random_cascade(7), image(1, 60, 71)
    found = c.detect(picture, min_neighbors=1)
    assert len(found) > 1
    assert (np.diff(found.scores) <= 0).all()
    assert (found.counts > 1).all()
    assert (found.boxes >= 0).all() and (found.boxes <= [71, 60, 71, 60]).all()
    windows_alone = c.detect(picture, min_neighbors=0)
    assert (windows_alone.counts == 1).all() and (windows_alone.scores >= 0).all()
    # A score is the greatest margin of a window plus the logarithm of their number.
    greatest = windows_alone.scores.max()
    assert np.isclose(found.scores - np.log(found.counts), greatest, atol=1e-6).any()


def test_sizes() -> None:
    c, picture = random_cascade(7), image(1, 80, 90)
    everything = c.detect(picture, min_neighbors=0)
    height = everything.boxes[:, 3] - everything.boxes[:, 1]
    some = c.detect(picture, min_neighbors=0, min_size=15, max_size=(40, 90))
    tall, wide = (some.boxes[:, 3] - some.boxes[:, 1]), (some.boxes[:, 2] - some.boxes[:, 0])
    assert len(some) and (tall >= 15).all() and (tall <= 40).all() and (wide >= 15).all()
    assert height.min() < 15
    # Between two sizes of window: the nearest to the smallest that was asked for.
    assert scales((10, 10), (100, 100), 2.0, (22, 22), (25, 25)) == [np.float32(2)]
    assert scales((10, 10), (9, 100), 2.0, None, None) == []


def test_mask_is_of_the_middles() -> None:
    easy = replace(random_cascade(0), thresholds=np.full(3, -1e6))
    picture = image(5, 64, 64)
    mask = np.zeros((64, 64), bool)
    mask[20:30, 35:60] = True
    found = easy.detect(picture, min_neighbors=0, mask=mask)
    middles = (found.boxes[:, :2] + found.boxes[:, 2:]) / 2
    assert len(found)
    # A pixel of rounding, of the box and of its middle.
    assert (middles >= [34, 19]).all() and (middles <= [61, 31]).all()
    assert len(easy.detect(picture, min_neighbors=0, mask=np.ones((64, 64), bool))) == len(
        easy.detect(picture, min_neighbors=0)
    )


def test_other_images_are_their_eight_bit_luma() -> None:
    c, picture = random_cascade(7), image(1, 60, 71)
    plain = c.detect(picture)
    assert len(plain)
    assert c.detect(picture.astype(np.uint16) * 257) == plain
    assert c.detect((picture / np.float32(255)).astype(np.float32)) == plain
    assert c.detect(np.repeat(picture[..., None], 3, axis=2)) == plain
    assert c.detect(np.asfortranarray(picture)) == plain
    holes = (picture / np.float32(255)).astype(np.float32)
    holes[:5] = np.nan
    black = picture.copy()
    black[:5] = 0
    assert c.detect(holes) == c.detect(black)


def test_windows_that_enter_each_stage_are_counted(level: str, threads: int) -> None:
    c, picture = random_cascade(7), image(1, 60, 71)
    seen = np.zeros(3, np.int64)
    found = windows(c, picture, 1.2, seen=seen)
    assert seen[0] > seen[1] > seen[2] >= len(found) > 0
    counts = np.zeros(4, np.int64)
    c.detect(picture, scale_factor=1.2, stage_counts=counts)
    assert counts.tolist() == [*seen.tolist(), len(found)]
    c.detect(picture[::2, ::2], scale_factor=1.2, stage_counts=counts)
    assert (counts > [*seen, len(found) - 1]).all()
    before = counts.copy()
    c.detect(picture[:5, :5], stage_counts=counts)  # smaller than the window: nothing to count
    assert (counts == before).all()


@pytest.mark.parametrize(
    ("options", "argument"),
    [
        ({"scale_factor": 1.0}, "scale_factor"),
        ({"scale_factor": float("nan")}, "scale_factor"),
        ({"scale_factor": "2"}, "scale_factor"),
        ({"min_neighbors": -1}, "min_neighbors"),
        ({"min_neighbors": 1.5}, "min_neighbors"),
        ({"min_size": 0}, "min_size"),
        ({"max_size": (3, -1)}, "max_size"),
        ({"step": 0}, "step"),
        ({"mask": np.ones((3, 3), bool)}, "mask"),
        ({"stage_counts": [0, 0, 0, 0]}, "stage_counts"),
        ({"stage_counts": np.zeros(4, np.int32)}, "stage_counts"),
        ({"stage_counts": np.zeros(3, np.int64)}, "stage_counts"),
        ({"stage_counts": np.broadcast_to(np.zeros(1, np.int64), 4)}, "stage_counts"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], argument: str) -> None:
    with pytest.raises((TypeError, ValueError), match=rf"^Cascade.detect: {argument}\S* must be .*, got "):
        random_cascade(0).detect(image(0, 30, 30), **options)


@pytest.mark.parametrize(
    "bad", [None, [[1, 2]], np.zeros((4, 5)), np.zeros((4, 5, 2), np.uint8), np.zeros((0, 5), np.uint8)]
)
def test_bad_images_are_named(bad: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"^Cascade.detect: image must be .*, got "):
        random_cascade(0).detect(bad)


def test_large_steps_on_small_images() -> None:
    """A tile has no more rows than the image, however few windows stand in one."""
    c, picture = random_cascade(2), image(1, 140, 31)
    chosen = scales(c.window, picture.shape, 1.1, None, None)
    for step in (33, 64):
        expected = [w[:3] for w in reference.windows(c, picture, chosen, step)]
        assert [w[:3] for w in windows(c, picture, 1.1, step=step)] == expected
    wide = c.detect(image(1, 480, 640), step=64, min_neighbors=0)
    assert len(wide)


def test_images_too_wide_for_offsets_are_refused() -> None:
    tall = random_cascade(0, window=(4000, 5))
    wide = np.broadcast_to(np.zeros((1, 1), np.uint8), (4000, 300_000))
    with pytest.raises(
        ValueError,
        match=r"^Cascade.detect: image must be less wide for a window 4000 pixels high, got 300000",
    ):
        tall.detect(wide, max_size=(4000, 5))

"""Tiles of large images: they cover them exactly, and what they find is merged as the slow twin merges it."""

from __future__ import annotations

import re
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import neural_tiling as reference

import imgproc
from imgproc import Detections
from imgproc.boxes.masks import PackedMasks
from imgproc.neural import (
    OutputMismatch,
    Preprocess,
    Segmenter,
    decode_query_semantic,
    detect_tiles,
    label_map,
    merge_tiles,
    plan_tiles,
    segment_tiles,
)
from imgproc.neural.tile_merge import METHOD

SHAPE = (90, 130)


def components(images: list[np.ndarray]) -> list[Detections]:
    """A perfect detector: boxes and masks of what is bright and hangs together; its gray level is the label."""
    found = []
    for image in images:
        regions = imgproc.connected_components(image > 0, 8)
        count = int(regions.labels.max())
        masks = regions.labels == np.arange(1, count + 1)[:, None, None]
        boxes = np.empty((count, 4), np.float32)
        for row, mask in enumerate(masks):
            y, x = np.nonzero(mask)
            boxes[row] = x.min(), y.min(), x.max() + 1, y.max() + 1
        labels = np.array([int(image[mask].max()) for mask in masks], np.int64)
        found.append(Detections(boxes, np.full(count, 0.5), labels, masks=masks))
    return found


def by_box(found: Detections) -> list[Any]:
    masks = found.masks if isinstance(found.masks, np.ndarray) else imgproc.unpack_masks(found.masks)
    rows = zip(found.boxes.tolist(), found.labels.tolist(), masks, strict=True)
    return sorted(((box, label, mask) for box, label, mask in rows), key=lambda row: row[:2])


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 90), st.integers(1, 90), st.floats(0, 0.99))
@settings(max_examples=60, deadline=None)
def test_tiles_cover_every_image_exactly(
    height: int, width: int, down: int, across: int, overlap: float
) -> None:
    tiles = plan_tiles((height, width), (down, across), overlap=overlap)
    assert tiles.dtype == np.int64
    for axis, length, tile in ((0, width, across), (1, height, down)):
        begins = np.unique(tiles[:, axis])
        side = min(length, tile)
        np.testing.assert_array_equal(tiles[:, axis + 2] - tiles[:, axis], side)
        assert begins.tolist() == reference.starts(length, tile, overlap)
        assert begins[0] == 0 and begins[-1] + side == length
        shared = min(int(np.ceil(overlap * tile)), tile - 1)
        steps = np.diff(begins)
        assert (steps >= 1).all() and (side - steps >= shared).all()
        # One tile less would not do.
        assert len(begins) == 1 or (len(begins) - 1) * (tile - shared) + shared < length
    assert len(np.unique(tiles, axis=0)) == len(tiles)
    assert tiles.tolist() == sorted(tiles.tolist(), key=lambda tile: (tile[1], tile[0]))


def sample(rng: np.random.Generator, masks: bool) -> tuple[list[Detections], np.ndarray]:
    """Objects of all sizes as tiles see them: cut, shaken, and some not at all."""
    tiles = plan_tiles(
        SHAPE, (int(rng.integers(30, 60)), int(rng.integers(30, 60))), overlap=rng.uniform(0, 0.6)
    )
    if rng.integers(2):
        tiles = np.concatenate([tiles, [[0, 0, SHAPE[1], SHAPE[0]]]])
    centers, sizes = rng.uniform(0, 90, (14, 2)), rng.uniform(4, 60, (14, 2))
    objects = np.concatenate([centers - sizes / 2, centers + sizes / 2], axis=1)
    parts = []
    for x1, y1, x2, y2 in tiles.tolist():
        seen = objects + rng.integers(-2, 3, objects.shape)
        seen[:, 0::2] = seen[:, 0::2].clip(x1, x2) - x1
        seen[:, 1::2] = seen[:, 1::2].clip(y1, y2) - y1
        rows = np.flatnonzero((seen[:, 2] > seen[:, 0]) & (seen[:, 3] > seen[:, 1]) & (rng.random(14) > 0.2))
        boxes = seen[rows].astype(np.float32)
        pixels = None
        if masks:
            pixels = np.zeros((len(rows), y2 - y1, x2 - x1), bool)
            for mask, (left, top, right, bottom) in zip(pixels, np.rint(boxes).astype(int), strict=True):
                mask[top:bottom, left:right] = rng.random((bottom - top, right - left)) > 0.3
        parts.append(Detections(boxes, rng.integers(0, 9, len(rows)) / 8, rows % 3, masks=pixels))
    return parts, tiles


@pytest.mark.parametrize("method", METHOD.words)
@pytest.mark.parametrize("masks", [False, True])
def test_equals_twin(
    method: str, masks: bool, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imgproc.neural.tile_merge._ROWS", 3)
    for _ in range(12):
        parts, tiles = sample(rng, masks)
        options = {"any_label": bool(rng.integers(2)), "margin": float(rng.integers(0, 6))}
        threshold = float(rng.choice([0, 0.3, 0.5, 0.9]))
        found = merge_tiles(parts, tiles, SHAPE, method=method, iou_threshold=threshold, **options)
        records = [
            {
                "boxes": p.boxes.astype(float).tolist(),
                "scores": p.scores.tolist(),
                "labels": p.labels.tolist(),
            }
            | ({} if p.masks is None else {"masks": p.masks})
            for p in parts
        ]
        wanted = reference.merge(records, tiles.tolist(), SHAPE, method, threshold, **options)
        np.testing.assert_allclose(
            found.boxes, np.reshape([one["box"] for one in wanted], (-1, 4)), rtol=1e-6, atol=1e-5
        )
        assert found.scores.tolist() == [np.float32(one["score"]) for one in wanted]
        assert found.labels.tolist() == [one["label"] for one in wanted]
        assert found.counts.tolist() == [one["count"] for one in wanted]
        assert found.counts.sum() == sum(map(len, parts))
        if masks:
            assert isinstance(found.masks, PackedMasks)
            np.testing.assert_array_equal(imgproc.unpack_masks(found.masks), [one["mask"] for one in wanted])
            assert found.masks == imgproc.pack_masks(imgproc.unpack_masks(found.masks))  # areas, and tight


@given(st.integers(0, 2**32), st.integers(24, 70), st.floats(0.2, 0.6), st.booleans())
@settings(max_examples=20, deadline=None)
def test_objects_are_what_they_are_without_tiles(seed: int, tile: int, overlap: float, whole: bool) -> None:
    """Bars apart from each other, many longer than a tile: found once, with the box and mask they have."""
    rng = np.random.default_rng(seed)
    image = np.zeros((60, 300), np.uint8)
    for y in range(2, 50, 12):
        x = int(rng.integers(0, 10))
        while x < 290:
            length = int(rng.integers(3, 160))
            image[y : y + int(rng.integers(8, 10)), x : x + length] = rng.integers(1, 255)
            x += length + int(rng.integers(8, 30))
    found = detect_tiles(components, image, tile, overlap=overlap, whole=whole, batch=3)
    for mine, (box, label, mask) in zip(by_box(found), by_box(components([image])[0]), strict=True):
        assert mine[:2] == (box, label)
        np.testing.assert_array_equal(mine[2], mask)


def test_no_doubles_on_seams() -> None:
    """Plain suppression leaves a piece beside its whole (IoU 0.2) and two pieces of one object (IoU 0)."""
    image = np.zeros((100, 190), np.uint8)
    image[10:20, 70:98] = 7  # whole in the first tile, and a piece of it in the second
    image[40:50, 30:180] = 9  # in no tile as a whole
    tiles = plan_tiles(image.shape, 100, overlap=0.1)
    assert tiles[:, 0].tolist() == [0, 90]
    parts = components([image[y1:y2, x1:x2] for x1, y1, x2, y2 in tiles.tolist()])
    moved = np.concatenate(
        [part.boxes + tile[[0, 1, 0, 1]] for part, tile in zip(parts, tiles, strict=True)]
    ).astype(np.float32)
    assert len(imgproc.nms(moved, np.ones(4, np.float32), 0.5)) == 4
    found = merge_tiles(parts, tiles, image.shape)
    assert sorted(found.boxes.tolist()) == [[30, 40, 180, 50], [70, 10, 98, 20]]
    assert found.counts.tolist() == [2, 2]


def test_whole_boxes_go_before_cut_ones_of_higher_score() -> None:
    tiles = np.array([[0, 0, 60, 50], [40, 0, 100, 50]])
    piece = Detections(np.array([[46, 10, 60, 20]], np.float32), np.array([0.9]))
    whole = Detections(np.array([[6, 10, 30, 20]], np.float32), np.array([0.6]))
    for method, score in (("nms", 0.6), ("nmm", 0.9), ("wbf", 0.9)):
        found = merge_tiles([piece, whole], tiles, (50, 100), method=method)
        assert found.boxes.tolist() == [[46, 10, 70, 20]]
        assert found.scores == np.float32(score)


def test_tiles_are_handed_over_in_batches() -> None:
    """Other slicers run a network on one tile at a time."""
    image = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)
    calls: list[list[np.ndarray]] = []

    def detect(images: list[np.ndarray]) -> list[Detections]:
        calls.append(images)
        return [Detections.empty()] * len(images)

    assert len(detect_tiles(detect, image, 20, overlap=0, batch=6, whole=True)) == 0
    assert [len(call) for call in calls] == [6, 6, 4, 1]
    assert all(np.shares_memory(one, image) for call in calls for one in call)
    tiles = plan_tiles(image.shape, 20, overlap=0).tolist()
    for one, (x1, y1, x2, y2) in zip([one for call in calls[:3] for one in call], tiles, strict=True):
        np.testing.assert_array_equal(one, image[y1:y2, x1:x2])
    assert calls[3][0] is image
    calls.clear()
    detect_tiles(detect, image, 64, whole=True)
    assert [len(call) for call in calls] == [1]


def test_masks_of_many_tiles_fit_in_memory() -> None:
    """As bools of the whole image these masks would take 2.4 GB; supervision's slicer has them all at once."""
    shape = (4096, 4096)
    tiles = plan_tiles(shape, 512, overlap=0.2)
    small = np.zeros((2, 512, 512), bool)
    small[0, 200:240, 100:160] = small[1, 20:500, 30:60] = True
    part = Detections(np.array([[100, 200, 160, 240], [30, 20, 60, 500]], np.float32), masks=small)

    def detect(images: list[np.ndarray]) -> list[Detections]:
        return [part for _ in images]

    image = np.zeros(shape, np.uint8)
    tracemalloc.start()
    found = detect_tiles(detect, image, 512, overlap=0.2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(tiles) == 100 and 140 < len(found) <= 200
    assert isinstance(found.masks, PackedMasks)
    assert found.masks.areas.sum() >= 140 * 40 * 60
    assert peak < 16e6


def test_keypoints_move_with_their_tile() -> None:
    tiles = np.array([[0, 0, 60, 50], [40, 0, 100, 50]])
    points = np.array([[[10, 5, 0.5], [20, 30, 0.25]]], np.float32)
    right = Detections(np.array([[9, 4, 30, 40]], np.float32), keypoints=points)
    found = merge_tiles([Detections.empty(), right], tiles, (50, 100))
    assert found.keypoints is not None
    assert found.keypoints.tolist() == [[[50, 5, 0.5], [60, 30, 0.25]]]
    assert found.masks is None


def test_nothing_found_and_nothing_to_look_at() -> None:
    tiles = plan_tiles((40, 40), 30)
    assert len(merge_tiles([Detections.empty()] * 4, tiles, (40, 40))) == 0
    assert len(merge_tiles([], np.empty((0, 4), int), (40, 40))) == 0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"shape": (0, 4)}, "plan_tiles: shape[0] must be an integer >= 1"),
        ({"tile": 0}, "plan_tiles: tile must be an integer >= 1"),
        ({"tile": (4, 2.5)}, "plan_tiles: tile[1] must be an integer >= 1"),
        ({"overlap": 1}, "plan_tiles: overlap must be a number >= 0 and < 1, got 1"),
        ({"overlap": float("nan")}, "plan_tiles: overlap must be"),
    ],
)
def test_wrong_plans(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises((TypeError, ValueError), match=re.escape(sentence)):
        plan_tiles(**({"shape": (40, 40), "tile": 10} | change))


def test_wrong_merges() -> None:
    tiles = plan_tiles((40, 40), (40, 30))
    part = Detections(np.array([[0, 0, 4, 4]], np.float32))
    masked = Detections(part.boxes, masks=np.ones((1, 40, 30), bool))
    wrong: list[tuple[Any, Any, dict[str, Any], str]] = [
        (part, tiles, {}, "parts must be a sequence of 2 Detections"),
        ([part], tiles, {}, "parts must be a sequence of 2 Detections, one for each tile, got 1"),
        ([part, masked], tiles, {}, "parts must be all with masks, or all without, got some with masks"),
        (
            [masked, Detections(part.boxes, masks=np.ones((1, 40, 29), bool))],
            tiles,
            {},
            "parts[1] must be with masks",
        ),
        ([part, part], tiles.astype(float), {}, "tiles must be an integer array of shape (T, 4)"),
        ([part, part], tiles[:, :3], {}, "tiles must be an integer array of shape (T, 4)"),
        ([part, part], tiles + 1, {}, "got [1, 1, 31, 41] in row 0"),
        ([part, part], tiles, {"method": "best"}, 'method must be one of "nms", "nmm", "wbf"'),
        ([part, part], tiles, {"iou_threshold": 1.5}, "iou_threshold must be a number >= 0 and <= 1"),
        ([part, part], tiles, {"margin": -1}, "margin must be a number >= 0"),
    ]
    for parts, where, options, sentence in wrong:
        with pytest.raises((TypeError, ValueError), match=re.escape(sentence)):
            merge_tiles(parts, where, (40, 40), **options)


def test_a_detector_that_gives_something_else() -> None:
    image = np.zeros((40, 40), np.uint8)
    for give in (lambda images: None, lambda images: [], lambda images: [1 for _ in images]):
        with pytest.raises(TypeError, match="detect must be a function that gives a list of 8 Detections"):
            detect_tiles(give, image, 10)
    with pytest.raises(TypeError, match="detect must be a function of a list of images, got 3"):
        detect_tiles(3, image, 10)
    calls: list[Any] = []
    with pytest.raises(ValueError, match="iou_threshold"):
        detect_tiles(calls.append, image, 10, iou_threshold=2)
    assert not calls  # options are checked before the work, not after it


def means(images: list[np.ndarray], step: int = 4) -> list[np.ndarray]:
    """Logits of three classes, one for so many pixels a side: means of the colours. What is seen is local."""
    shapes = [(len(image) // step, step, image.shape[1] // step, step, 3) for image in images]
    cells = [
        image.reshape(shape).mean((1, 3), np.float32) for image, shape in zip(images, shapes, strict=True)
    ]
    return [np.ascontiguousarray(cell.transpose(2, 0, 1)) for cell in cells]


@pytest.mark.parametrize("window", ["flat", "hann", "gaussian"])
@pytest.mark.parametrize("size", [(64, 96), (61, 90), (16, 16), (5, 7), (3, 200)])
def test_labels_are_what_they_are_without_tiles(
    window: str, size: tuple[int, int], rng: np.random.Generator
) -> None:
    image = rng.random((*size, 3)).astype(np.float32)
    calls = []

    def logits(images: list[np.ndarray]) -> list[np.ndarray]:
        calls.append(len(images))
        assert all(one.shape == (16, 24, 3) for one in images)
        return means(images)

    found = segment_tiles(logits, image, (16, 24), overlap=0.3, batch=3, window=window)
    assert found.shape == size and found.dtype == np.int32
    assert calls[0] == 1 and max(calls) <= 3
    padded = np.pad(image, ((0, -size[0] % 4), (0, -size[1] % 4), (0, 0)), mode="edge")
    wanted = label_map(means([padded])[0], padded.shape[:2])[: size[0], : size[1]]
    # Equal numbers are averaged, in float32: only where two classes all but tie may another win.
    assert np.mean(found != wanted) < 1e-3


def test_a_segmenter_over_tiles(rng: np.random.Generator) -> None:
    image = rng.integers(0, 255, (70, 100, 3), np.uint8)

    def network(feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {"out": feeds["images"][:, :, 1::2, 1::2]}

    segmenter = Segmenter.from_preset(network, "segformer", size=32, keys={"logits": "out"})
    found = segmenter.tiles(image, 32, batch=4)
    whole = Segmenter.from_preset(network, "segformer", size=(70, 100))(image)
    assert found.shape == image.shape[:2] and np.mean(found == whole) > 0.98
    with pytest.raises(ValueError, match="preprocess must be one whose images fill the input"):
        Segmenter(network, Preprocess(64, policy="letterbox"), segmenter.decode.func).tiles(image, (32, 64))
    for decode, options in ((decode_query_semantic, {}), (segmenter.decode.func, {"head": "binary"})):
        with pytest.raises(ValueError, match="decode must be decode_semantic, one class for each pixel"):
            Segmenter(network, Preprocess(32), decode, **options).tiles(image, 32)


def test_wrong_logits_of_tiles() -> None:
    image = np.zeros((40, 40, 3), np.float32)
    for give, sentence in (
        (lambda images: [np.zeros((2, 7, 8), np.float32)], "of sides that divide those of the tile, 16 × 16"),
        (lambda images: [np.zeros((8, 8), np.float32)], r"float32 of shape \(C, h, w\)"),
        (lambda images: [np.zeros((2, 8, 8))], r"float32 of shape \(C, h, w\)"),
        (lambda images: [], "a function that gives a list of logits for each of 1 images"),
    ):
        with pytest.raises((OutputMismatch, TypeError), match=sentence):
            segment_tiles(give, image, 16)
    with pytest.raises(ValueError, match="window must be one of"):
        segment_tiles(means, image, 16, window="square")

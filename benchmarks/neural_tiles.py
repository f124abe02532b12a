"""Large images in tiles: what a slicer does around the network, whose answers are ready; and images streamed.

Objects stand apart and are smaller than what tiles share, so that each is whole in one tile at least and slicers that
compare boxes as they are find it once too. Where objects are larger they leave doubles, which no rule here would pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import imgproc
from imgproc import Detections
from imgproc.io import Picture, write_image
from imgproc.neural import Detector, detect_tiles, plan_tiles

from .harness import SIZES, Array, Case
from .rivals import load, version_of

TILE, SHARED, STEP = 640, 128, 90
FILES = 12

supervision = load("supervision")


def cases(size: str) -> Iterator[Case]:
    if size == "512":
        yield _streamed(size)
        return
    yield _sliced(size, objects(size), masks=False)
    if size == "1080p":  # the other slicer holds masks of the whole image, all at once
        yield _sliced(size, objects(size)[::8], masks=True)


def objects(size: str) -> Array:
    """(N, 4) boxes of whole pixels, one in each cell of a grid, 20 to 60 pixels a side."""
    height, width = SIZES[size]
    rng = np.random.default_rng(3)
    y, x = np.mgrid[0 : height - STEP : STEP, 0 : width - STEP : STEP].reshape(2, -1)
    sides = rng.integers(20, 61, (2, len(x)))
    left, top = x + rng.integers(0, 25, len(x)), y + rng.integers(0, 25, len(y))
    return np.stack([left, top, left + sides[0], top + sides[1]], axis=1)


def _seen(boxes: Array, tile: Array, masks: bool) -> tuple[Array, Array, Array | None]:
    """Boxes, scores and masks as a tile shows them; scores fall the less is seen."""
    x1, y1, x2, y2 = tile.tolist()
    inside = np.concatenate([np.maximum(boxes[:, :2], [x1, y1]), np.minimum(boxes[:, 2:], [x2, y2])], axis=1)
    sides = inside[:, 2:] - inside[:, :2]
    rows = np.flatnonzero((sides >= 3).all(axis=1))
    share = sides[rows].prod(axis=1) / (boxes[rows, 2:] - boxes[rows, :2]).prod(axis=1)
    local = inside[rows] - [x1, y1, x1, y1]
    pixels = None
    if masks:
        pixels = np.zeros((len(rows), y2 - y1, x2 - x1), bool)
        for mask, (left, top, right, bottom) in zip(pixels, local.tolist(), strict=True):
            mask[top:bottom, left:right] = True
    return local.astype(np.float32), 0.5 + 0.4 * share, pixels


def _sliced(size: str, boxes: Array, *, masks: bool) -> Case:
    height, width = SIZES[size]
    image = np.zeros((height, width, 3), np.uint8)
    tiles = plan_tiles((height, width), TILE, overlap=SHARED / TILE)
    ready = [_seen(boxes, tile, masks) for tile in tiles]
    ours = [Detections(b, s, masks=None if m is None else imgproc.pack_masks(m)) for b, s, m in ready]

    def network() -> Callable[[list[Array]], list[Detections]]:
        answers = iter(ours)
        return lambda images: [next(answers) for _ in images]

    rivals = {}
    if supervision is not None:
        slices = _slices(size)
        theirs = [
            supervision.Detections(
                xyxy=b, confidence=s, class_id=np.zeros(len(b), int), mask=None if m is None else m.copy()
            )
            for b, s, m in (_seen(boxes, tile, masks) for tile in slices)
        ]

        def sliced() -> Any:
            answers = iter(theirs)
            slicer = supervision.InferenceSlicer(
                lambda images: [next(answers) for _ in images],
                slice_wh=TILE,
                overlap_wh=SHARED,
                overlap_filter="non_max_merge",
                overlap_metric="ios",
                batch_size=8,
            )
            return slicer(image).xyxy

        rivals[version_of("supervision")] = sliced
    kind = "masks" if masks else "boxes"
    return Case(
        f"slicer, {len(boxes)} objects with {kind}",
        size,
        height * width,
        lambda: detect_tiles(network(), image, TILE, overlap=SHARED / TILE).boxes,
        rivals,
        lambda mine, other: _each_once(boxes, mine, other),
    )


def _slices(size: str) -> Array:
    """Where the other slicer has its tiles."""
    height, width = SIZES[size]
    found: list[Array] = []

    def note(image: Array) -> Any:
        found.append(image)
        return supervision.Detections.empty()

    image = np.arange(height * width, dtype=np.int64).reshape(height, width)
    supervision.InferenceSlicer(note, slice_wh=TILE, overlap_wh=SHARED)(image)
    corners = [divmod(int(part[0, 0]), width) for part in found]
    shapes = [part.shape for part in found]
    places = zip(corners, shapes, strict=True)
    return np.array([[x, y, min(x + w, width), min(y + h, height)] for (y, x), (h, w) in places])


def _each_once(boxes: Array, mine: Any, other: Any) -> None:
    wanted = sorted(boxes.tolist())
    assert sorted(np.rint(mine).tolist()) == wanted
    assert sorted(np.rint(other).tolist()) == wanted


def _streamed(size: str) -> Case:
    """Photographs of 1080p, and a network that takes about as long as reading one does, with the lock let go.

    It wants the cores that reading wants: where two threads share the units of one core there is little to gain.
    """
    folder = TemporaryDirectory()
    y, x = np.mgrid[:1080, :1920]
    files = []
    for number in range(FILES):
        pixels = 127 + 80 * np.sin(x / 60 + number) + 40 * np.cos(y / (30 + number))
        files.append(Path(folder.name) / f"{number:02}.jpg")
        write_image(files[-1], Picture(np.repeat(pixels.astype(np.uint8)[..., None], 3, axis=2)))
    weights = np.ones((700, 700), np.float32)

    def network(feeds: dict[str, Array]) -> dict[str, Array]:
        count = len(feeds["images"])
        for _ in range(count):
            weights @ weights
        score = feeds["images"].mean(axis=(1, 2, 3))[:, None]
        return {"boxes": np.full((count, 1, 4), (0, 0, 64, 64), np.float32), "scores": score}

    detector = Detector.from_preset(network, "boxes", score_threshold=0.0)

    def streamed() -> list[float]:
        assert folder  # the files are there as long as this is
        return [float(one.get().scores[0]) for one in detector.stream(files, batch=2)]

    def in_turn() -> list[float]:
        return [float(detector(imgproc.io.read_image(path).pixels).scores[0]) for path in files]

    def same(mine: list[float], other: list[float]) -> None:
        np.testing.assert_allclose(mine, other, rtol=1e-5)

    name = f"stream of {FILES} files, network on the processor"
    return Case(name, size, FILES * 1080 * 1920, streamed, {"in turn": in_turn}, same)

"""Large images in overlapping tiles: where the tiles lie, and a detector over them in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any

import numpy as np

from .._core.array_parameters import Shape
from .._core.box_arrays import INT64
from .._core.errors import wrong_type
from .._core.images import Array, check_image
from .._core.packed_masks import as_packed
from .._core.parameters import Flag, Pair, Range
from ..detections import Detections
from .tile_merge import FLAG, IOU, MARGIN, METHOD, merge_tiles

SHAPE = Shape()
TILE = Pair(Range(low=1, high=2**40, integer=True), ("height", "width"))
OVERLAP = Range(low=0, below=1)
BATCH = Range(low=1, integer=True)
WHOLE = Flag()

Detect = Callable[[list[Array]], Sequence[Detections]]


def plan_tiles(
    shape: Annotated[tuple[int, int], SHAPE],
    tile: Annotated[int | tuple[int, int], TILE],
    *,
    overlap: Annotated[float, OVERLAP] = 0.2,
) -> Array:
    """Cover an image with overlapping tiles of one size.

    Parameters
    ----------
    shape : (int, int)
        Height and width of the image.
    tile : int or (int, int)
        Height and width of the tiles in pixels, at least 1. Where the image is smaller, tiles are as small.
    overlap : float, default 0.2
        Share of its sides that a tile has in common with its neighbours at least; 0 to below 1.

    Returns
    -------
    (T, 4) array of int64
        Rows ``x1, y1, x2, y2``, half-open, from left to right and from top to bottom.

    Raises
    ------
    TypeError, ValueError
        A size or number is of the wrong kind or out of range.

    Notes
    -----
    Along a side of L pixels, tiles of t pixels that share at least ``o = min(ceil(overlap t), t - 1)`` need
    ``n = ceil((L - o) / (t - o))`` of them, and the k-th begins at ``floor(k (L - t) / (n - 1))``: all tiles lie within
    the image and are of one size, the first and the last touch its sides, and what is shared is spread evenly over all
    seams. No pixel is left out, and none is filled in.

    References
    ----------
    F. C. Akyon, S. O. Altinuc, A. Temizel, Slicing aided hyper inference and fine-tuning for small object detection,
    ICIP 2022.

    Examples
    --------
    >>> from imgproc.neural import plan_tiles
    >>> plan_tiles((50, 100), (50, 40), overlap=0.25)
    array([[  0,   0,  40,  50],
           [ 30,   0,  70,  50],
           [ 60,   0, 100,  50]])
    """
    return planned("plan_tiles", shape, tile, overlap)


def planned(name: str, shape: Any, tile: Any, overlap: Any) -> Array:
    """`plan_tiles` for a caller of its own name."""
    shape = SHAPE.check(name, "shape", shape)
    tile = TILE.check(name, "tile", tile)
    overlap = OVERLAP.check(name, "overlap", overlap)
    rows, columns = (_starts(length, side, overlap) for length, side in zip(shape, tile, strict=True))
    height, width = (min(length, side) for length, side in zip(shape, tile, strict=True))
    y, x = (axis.ravel() for axis in np.meshgrid(rows, columns, indexing="ij"))
    return np.stack([x, y, x + width, y + height], axis=1)


def _starts(length: int, tile: int, overlap: float) -> Array:
    if tile >= length:
        return np.zeros(1, INT64)
    shared = min(int(np.ceil(overlap * tile)), tile - 1)
    count = -(-(length - shared) // (tile - shared))
    return np.arange(count, dtype=INT64) * (length - tile) // (count - 1)


def tile_batches(image: Array, tiles: Array, batch: int) -> Iterator[list[Array]]:
    """The tiles of an image, so many at a time, as views of it."""
    for start in range(0, len(tiles), batch):
        yield [image[y1:y2, x1:x2] for x1, y1, x2, y2 in tiles[start : start + batch].tolist()]


def detect_tiles(
    detect: Detect,
    image: Array,
    tile: Annotated[int | tuple[int, int], TILE],
    *,
    overlap: Annotated[float, OVERLAP] = 0.2,
    batch: Annotated[int, BATCH] = 8,
    whole: Annotated[bool, WHOLE] = False,
    method: Annotated[str, METHOD] = "nmm",
    iou_threshold: Annotated[float, IOU] = 0.5,
    any_label: Annotated[bool, FLAG] = False,
    margin: Annotated[float, MARGIN] = 4.0,
) -> Detections:
    """Look through a large image tile by tile, several at a time, and merge what is found across the seams.

    Parameters
    ----------
    detect : callable
        Takes a list of images, as many as ``batch`` at most, and gives `Detections` for each: a `Detector`, or any
        function. What it finds is in pixels of the image that it was given.
    image : (H, W), (H, W, 3) or (H, W, 4) array of uint8, uint16 or float32
        The image. Tiles are views of it.
    tile, overlap
        As `plan_tiles` takes them. Tiles of the size of the network's input are not resized.
    batch : int, default 8
        Tiles that are handed over at a time.
    whole : bool, default False
        Whether the whole image is looked at too, in a call of its own, so that objects larger than a tile are seen.
    method, iou_threshold, any_label, margin
        As `merge_tiles` takes them.

    Returns
    -------
    Detections
        As `merge_tiles` gives them.

    Raises
    ------
    TypeError
        Wrong kind of image, number or word, or ``detect`` gave something else than Detections for each image.
    ValueError
        Wrong shape, or a number out of range. What ``detect`` raises goes through.

    Notes
    -----
    Memory beside the image is what one batch needs and what was found: masks are packed as soon as their batch is
    done.

    References
    ----------
    F. C. Akyon, S. O. Altinuc, A. Temizel, Slicing aided hyper inference and fine-tuning for small object detection,
    ICIP 2022.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc import Detections
    >>> from imgproc.neural import detect_tiles
    >>> def bright(images):
    ...     boxes = []
    ...     for image in images:
    ...         y, x = np.nonzero(image)
    ...         ends = [[x.min(), y.min(), x.max() + 1, y.max() + 1]] if len(x) else np.empty((0, 4))
    ...         boxes.append(Detections(np.array(ends, np.float32)))
    ...     return boxes
    >>> image = np.zeros((40, 400), np.uint8)
    >>> image[10:20, 30:310] = 255
    >>> detect_tiles(bright, image, 100).boxes
    array([[ 30.,  10., 310.,  20.]], dtype=float32)
    """
    name = "detect_tiles"
    if not callable(detect):
        raise wrong_type(name, "detect", "a function of a list of images", detect)
    image = check_image(name, image)
    batch = BATCH.check(name, "batch", batch)
    # What `merge_tiles` takes is checked before hours of work, not after.
    options: dict[str, Any] = {
        "method": METHOD.check(name, "method", method),
        "iou_threshold": IOU.check(name, "iou_threshold", iou_threshold),
        "any_label": FLAG.check(name, "any_label", any_label),
        "margin": MARGIN.check(name, "margin", margin),
    }
    height, width = image.shape[:2]
    tiles = planned(name, (height, width), tile, overlap)
    whole = WHOLE.check(name, "whole", whole) and len(tiles) > 1
    found: list[Detections] = []
    for images in tile_batches(image, tiles, batch):
        found += _found(detect, images)
    if whole:
        found += _found(detect, [image])
        tiles = np.concatenate([tiles, [[0, 0, width, height]]])
    return merge_tiles(found, tiles, (height, width), **options)


def _found(detect: Detect, images: list[Array]) -> Sequence[Detections]:
    found: Any = detect(images)
    right = isinstance(found, Sequence) and len(found) == len(images)
    if not right or not all(isinstance(one, Detections) for one in found):
        must = f"a function that gives a list of {len(images)} Detections for as many images"
        raise wrong_type("detect_tiles", "detect", must, found)
    return [_packed(one) for one in found]


def _packed(found: Detections) -> Detections:
    """With masks of a bit to a pixel: they wait for those of all other tiles."""
    if not isinstance(found.masks, np.ndarray):
        return found
    masks = as_packed("detect_tiles", "masks", found.masks)
    return Detections(found.boxes, found.scores, found.labels, found.counts, masks, found.keypoints)

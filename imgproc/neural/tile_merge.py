"""What several tiles have found of one image, as if the image had been looked at in one piece."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from .._core.array_parameters import Shape
from .._core.box_arrays import INT64
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import FLOAT32, Array
from .._core.packed_masks import as_packed
from .._core.parameters import Choice, Flag, Range
from ..boxes.geometry import iou_matrix
from ..detections import Detections
from .tile_masks import blocks_at, masks_of, union

METHOD = Choice(("nms", "nmm", "wbf"))
IOU = Range(low=0, high=1)
MARGIN = Range(low=0)
FLAG = Flag()
SHAPE = Shape()

_ROWS = 1024
"""Boxes of a tile that are compared with those of another at a time, so that memory is not a square of their number."""


def merge_tiles(
    parts: Sequence[Detections],
    tiles: Array,
    shape: Annotated[tuple[int, int], SHAPE],
    *,
    method: Annotated[str, METHOD] = "nmm",
    iou_threshold: Annotated[float, IOU] = 0.5,
    any_label: Annotated[bool, FLAG] = False,
    margin: Annotated[float, MARGIN] = 4.0,
) -> Detections:
    """Merge what was found in overlapping tiles of an image: one box for each object, whole where a tile saw it whole.

    Parameters
    ----------
    parts : sequence of Detections
        What was found in each tile, in pixels of the tile. Those with boxes all have masks, of the size of their tile,
        or none has; likewise keypoints.
    tiles : (T, 4) integer array
        Rows ``x1, y1, x2, y2``: where each tile lies in the image, as `plan_tiles` gives them. The whole image may be
        one of them.
    shape : (int, int)
        Height and width of the image.
    method : {"nmm", "nms", "wbf"}, default "nmm"
        What stands for an object that several tiles found: the parts joined ("nmm", non-maximum merging), the best of
        the boxes alone ("nms"), or their mean weighted by score ("wbf").
    iou_threshold : float, default 0.5
        Boxes of two tiles are of one object where their IoU within what both tiles see is above this; 0 to 1.
    any_label : bool, default False
        Whether boxes of different labels may be of one object.
    margin : float, default 4
        A box that comes so near to a side of its tile, in pixels, is taken for cut by it; at least 0.

    Returns
    -------
    Detections
        In pixels of the image, highest score first, ties by tile and place; ``counts`` add up those of the boxes
        merged. Masks are packed.

    Raises
    ------
    TypeError
        Wrong kind of sequence, array, number or word.
    ValueError
        Numbers of parts and tiles that differ, tiles outside the image or without pixels, masks of another size than
        the tile, or numbers out of range.

    Notes
    -----
    A box is *cut* where it comes within ``margin`` of a side of its tile that is no side of the image, else whole. What
    two tiles found is compared where both can see it: both boxes are clipped to what the tiles share, and matched
    where the IoU of what is left is above the threshold. So a piece matches the whole object, and two pieces of a
    long object match each other, however little of it each tile holds; plain IoU misses both, and leaves doubles on
    seams. Boxes of one tile are never matched: there the detector's own suppression has spoken.

    Whole boxes go first, then cut ones, each by falling score. A whole box takes all matches that are left, and stands
    for them. A cut box, of an object that no tile saw whole, takes its matches, theirs and so on.

    ========  ===============================================  ======================================
    method    of a whole object                                of one that no tile saw whole
    ========  ===============================================  ======================================
    ``nmm``   its best box                                     union of the pieces
    ``nms``   its best box                                     its best piece
    ``wbf``   each side: mean over the boxes not cut there,    likewise; the outermost where all are
              weighted by score                                cut
    ========  ===============================================  ======================================

    Scores: the greatest of the boxes merged; of ``nms`` that of the box kept. Masks: of a whole object its own, else
    the union of the pieces (``nms``: of the piece). Labels and keypoints: those of the box that goes first. Means are
    float64.

    Time is O(T²) steps of a nanosecond, plus for each two tiles that overlap the boxes in what they share, all with
    all. Masks are moved and joined 64 pixels at a time; none is unpacked.

    References
    ----------
    F. C. Akyon, S. O. Altinuc, A. Temizel, Slicing aided hyper inference and fine-tuning for small object detection,
    ICIP 2022: inference in slices, whose merging compares boxes as they are.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc import Detections
    >>> from imgproc.neural import merge_tiles
    >>> tiles = np.array([[0, 0, 60, 50], [40, 0, 100, 50]])
    >>> left = Detections(np.array([[30, 10, 60, 20]], np.float32), np.array([0.75]))
    >>> right = Detections(np.array([[0, 10, 40, 20]], np.float32), np.array([0.5]))
    >>> merge_tiles([left, right], tiles, (50, 100)).boxes
    array([[30., 10., 80., 20.]], dtype=float32)
    """
    function = "merge_tiles"
    shape = SHAPE.check(function, "shape", shape)
    tiles = _check_tiles(function, tiles, shape)
    parts = _check_parts(function, parts, tiles)
    method = METHOD.check(function, "method", method)
    iou_threshold = IOU.check(function, "iou_threshold", iou_threshold)
    any_label = FLAG.check(function, "any_label", any_label)
    margin = MARGIN.check(function, "margin", margin)

    filled = [(part, tile) for part, tile in zip(parts, tiles, strict=True) if len(part)]
    if not filled:
        return Detections.empty()
    tile_of = np.repeat(np.arange(len(tiles)), [len(part) for part in parts])
    where = tiles[tile_of]
    boxes = np.concatenate([part.boxes for part, _ in filled]).astype(np.float64) + where[:, [0, 1, 0, 1]]
    scores, labels, merged_from = (
        np.concatenate([getattr(part, name) for part, _ in filled]) for name in ("scores", "labels", "counts")
    )
    cut = _cut_sides(boxes, where, shape, margin)
    pieces = np.any(cut, axis=1)
    classes = np.zeros_like(labels) if any_label else labels
    groups = _groups(scores, pieces, _matches(boxes, classes, tile_of, tiles, iou_threshold))
    # What the box, the score and the mask of each are made from.
    joined = [group if method != "nms" and pieces[group[0]] else group[:1] for group in groups]
    boxed = groups if method == "wbf" else joined
    best = np.array([scores[group[:1] if method == "nms" else group].max() for group in groups])
    lead = np.array([group[0] for group in groups])
    ranking = np.lexsort((lead, -best)).tolist()
    merge = _mean if method == "wbf" else _hull
    masks = None
    if filled[0][0].masks is not None:
        blocks = [
            block
            for part, (x1, y1, _, _) in filled
            for block in blocks_at(as_packed(function, "masks", part.masks), int(y1), int(x1))
        ]
        masks = masks_of([union([blocks[row] for row in joined[rank]]) for rank in ranking], shape)
    return Detections(
        np.stack([merge(boxes[boxed[rank]], scores[boxed[rank]], cut[boxed[rank]]) for rank in ranking]),
        best[ranking],
        labels[lead[ranking]],
        np.array([merged_from[groups[rank]].sum() for rank in ranking]),
        masks,
        _points(filled, where)[lead[ranking]] if filled[0][0].keypoints is not None else None,
    )


def _points(filled: Sequence[tuple[Detections, Array]], where: Array) -> Array:
    """Keypoints of all boxes in the image."""
    points = np.concatenate([part.keypoints for part, _ in filled if part.keypoints is not None])
    points = points.astype(np.float64)
    points[..., :2] += where[:, None, :2]
    return points


def _check_tiles(function: str, tiles: object, shape: tuple[int, int]) -> Array:
    must = f"an integer array of shape (T, 4), rows x1, y1, x2, y2 within {shape[1]} × {shape[0]} pixels"
    if (
        not isinstance(tiles, np.ndarray)
        or isinstance(tiles, np.ma.MaskedArray)
        or tiles.dtype.kind not in "iu"
    ):
        raise wrong_type(function, "tiles", must, tiles)
    if tiles.ndim != 2 or tiles.shape[1] != 4:
        raise wrong_value(function, "tiles", must, Got(f"shape {tiles.shape}"))
    x1, y1, x2, y2 = tiles.T
    wrong = (x1 < 0) | (y1 < 0) | (x1 >= x2) | (y1 >= y2) | (x2 > shape[1]) | (y2 > shape[0])
    if wrong.any():
        row = int(np.argmax(wrong))
        raise wrong_value(function, "tiles", must, Got(f"{tiles[row].tolist()} in row {row}"))
    return tiles.astype(INT64)


def _check_parts(function: str, parts: object, tiles: Array) -> Sequence[Detections]:
    must = f"a sequence of {len(tiles)} Detections, one for each tile"
    if not isinstance(parts, Sequence) or not all(isinstance(part, Detections) for part in parts):
        raise wrong_type(function, "parts", must, parts)
    if len(parts) != len(tiles):
        raise wrong_value(function, "parts", must, Got(f"{len(parts)}"))
    for what in ("masks", "keypoints"):
        if len({getattr(part, what) is None for part in parts if len(part)}) > 1:
            raise wrong_value(function, "parts", f"all with {what}, or all without", Got(f"some with {what}"))
    for row, (part, (x1, y1, x2, y2)) in enumerate(zip(parts, tiles.tolist(), strict=True)):
        if len(part) and part.masks is not None and part.masks.shape[1:] != (y2 - y1, x2 - x1):
            must = f"with masks of {y2 - y1} × {x2 - x1} pixels, as its tile"
            raise wrong_value(function, f"parts[{row}]", must, Got(f"masks of shape {part.masks.shape}"))
    return parts


def _cut_sides(boxes: Array, tiles: Array, shape: tuple[int, int], margin: float) -> Array:
    """(N, 4) flags: the sides of each box at which its tile ends and the image goes on."""
    height, width = shape
    inner = tiles != [0, 0, width, height]
    inside = (boxes - tiles) * [1, 1, -1, -1]
    cut: Array = inner & (inside <= margin)
    return cut


def _matches(boxes: Array, labels: Array, tile_of: Array, tiles: Array, threshold: float) -> list[list[int]]:
    """For each box those of other tiles that are of the same object."""
    matches: list[list[int]] = [[] for _ in range(len(boxes))]
    starts = np.searchsorted(tile_of, np.arange(len(tiles) + 1))
    used = np.flatnonzero(np.diff(starts))
    low, high = tiles[used, :2], tiles[used, 2:]
    for place, one in enumerate(used):
        near = (low[place + 1 :] < high[place]).all(axis=1) & (high[place + 1 :] > low[place]).all(axis=1)
        for other in used[place + 1 :][near]:
            shared = np.concatenate(
                [np.maximum(tiles[one, :2], tiles[other, :2]), np.minimum(tiles[one, 2:], tiles[other, 2:])]
            )
            a, seen_a = _within(boxes, starts[one], starts[one + 1], shared)
            b, seen_b = _within(boxes, starts[other], starts[other + 1], shared)
            for start in range(0, len(a), _ROWS):
                rows = a[start : start + _ROWS]
                alike = iou_matrix(seen_a[start : start + _ROWS], seen_b) > threshold
                alike &= labels[rows][:, None] == labels[b]
                for i, j in np.argwhere(alike).tolist():
                    matches[rows[i]].append(int(b[j]))
                    matches[b[j]].append(int(rows[i]))
    return matches


def _within(boxes: Array, start: int, stop: int, area: Array) -> tuple[Array, Array]:
    """Rows from ``start`` to ``stop`` of the boxes that reach into an area, and what of them lies in it."""
    clipped = boxes[start:stop].copy()
    clipped[:, 0::2] = clipped[:, 0::2].clip(area[0], area[2])
    clipped[:, 1::2] = clipped[:, 1::2].clip(area[1], area[3])
    rows = np.flatnonzero((clipped[:, 0] < clipped[:, 2]) & (clipped[:, 1] < clipped[:, 3]))
    return rows + start, clipped[rows]


def _groups(scores: Array, pieces: Array, matches: list[list[int]]) -> list[list[int]]:
    """Boxes of each object, the one that stands for it first."""
    free = np.ones(len(scores), bool)
    groups = []
    for leader in np.lexsort((-scores, pieces)).tolist():
        if not free[leader]:
            continue
        free[leader] = False
        group = [leader]
        # Grows while it is walked through: pieces go on to their own matches, whole objects end there.
        for member in group if pieces[leader] else [leader]:
            for other in matches[member]:
                if free[other]:
                    free[other] = False
                    group.append(other)
        groups.append(group)
    return groups


def _hull(boxes: Array, scores: Array, cut: Array) -> Array:
    """The least box around all."""
    return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])


def _mean(boxes: Array, scores: Array, cut: Array) -> Array:
    """Each side from the boxes that show it: weighted by score, or plainly where those are not all above 0."""
    weights = scores.astype(np.float64) if (scores > 0).all() else np.ones(len(scores))
    shown = np.where(cut, 0, weights[:, None])
    total = shown.sum(axis=0)
    mean = (boxes * shown).sum(axis=0) / np.where(total > 0, total, 1)
    return np.where(total > 0, mean, _hull(boxes, scores, cut)).astype(FLOAT32)

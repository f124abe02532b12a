"""Masks, a bit to a pixel: how much they overlap, and which to keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from .._core.box_arrays import INT64, check_flags, check_labels, check_scores
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import Array
from .._core.operations import operation
from .._core.parameters import Choice
from .._core.threads import run_bands
from .._ext import masks as kernels
from .ranking import COUNT, IOU, SCORE, by_score

KIND = Choice(("iou", "ioa"))

# Nanoseconds for a pixel of a bool mask, and for a word that two packed masks may share.
_PACK_COST = 0.1
_WORD_COST = 0.6


@dataclass(frozen=True, eq=False)
class PackedMasks:
    """Masks of one size as bits, each within the rows and words that its pixels need; made by `pack_masks`.

    Attributes
    ----------
    shape : (int, int, int)
        Count, height and width: the shape of the bool array.
    words : (total,) array of uint64
        Pixels by rows, 64 to a word, the first in the lowest bit. Word w of a row begins at column 64 w.
    offsets : (N + 1,) array of int64
        Where the words of each mask begin.
    boxes : (N, 4) array of int64
        Rows ``y0, y1`` and words ``w0, w1`` of each mask, half-open; 0 for one without pixels.
    areas : (N,) array of int64
        The pixels of each mask.
    """

    shape: tuple[int, int, int]
    words: Array
    offsets: Array
    boxes: Array
    areas: Array

    def __post_init__(self) -> None:
        # The kernels read words by these numbers unchecked.
        if not self._is_consistent():
            raise wrong_value("PackedMasks", "fields", "those that pack_masks makes", Got("others"))

    def _is_consistent(self) -> bool:
        count, height, width = self.shape
        arrays = (self.words, self.offsets, self.boxes, self.areas)
        shapes = ((self.words.size,), (count + 1,), (count, 4), (count,))
        if any(array.shape != shape for array, shape in zip(arrays, shapes, strict=True)):
            return False
        if [array.dtype for array in arrays] != [np.uint64, INT64, INT64, INT64]:
            return False
        y0, y1, w0, w1 = self.boxes.T
        words = -(-width // 64)
        inside = (y0 >= 0) & (y0 <= y1) & (y1 <= height) & (w0 >= 0) & (w0 <= w1) & (w1 <= words)
        # More rows and words than that cannot be in memory, and their product would wrap.
        return (
            bool(inside.all())
            and height * words < 2**60
            and int(self.offsets[0]) == 0
            and int(self.offsets[-1]) == self.words.size
            and np.array_equal(np.diff(self.offsets), (y1 - y0) * (w1 - w0))
        )

    def __len__(self) -> int:
        return self.shape[0]


Masks = Array | PackedMasks


@operation("boxes", takes="masks")
def pack_masks(masks: Array) -> PackedMasks:
    """Pack masks, a bit to a pixel, each cropped to where it has pixels.

    Parameters
    ----------
    masks : (N, H, W) array of bool
        One mask for each object; N may be 0.

    Returns
    -------
    PackedMasks
        What `mask_iou_matrix` and `mask_nms` take in place of the array: an eighth of its size, or less, and packed
        once for many calls.

    Raises
    ------
    TypeError
        Not an array, or not of bool.
    ValueError
        Not three axes.

    Notes
    -----
    Word ``w`` of row ``y`` holds ``sum(2**k masks[i, y, 64 w + k] for k < 64)``, for the rows and words between the
    first and the last pixel of the mask. Time is that of reading the masks once, and their cropped part once more.

    References
    ----------
    W. Mula, N. Kurz, D. Lemire, Faster population counts using AVX2 instructions, The Computer Journal 61 (2018)
    111-120: what the packed masks are made for.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> masks = np.zeros((1, 4, 100), bool)
    >>> masks[0, 1:3, 64:67] = True
    >>> packed = imgproc.pack_masks(masks)
    >>> packed.words, packed.areas
    (array([7, 7], dtype=uint64), array([6]))
    """
    return as_packed("pack_masks", "masks", masks)


def as_packed(function: str, argument: str, masks: object) -> PackedMasks:
    """Packed masks as they are, and a bool array packed."""
    if isinstance(masks, PackedMasks):
        return masks
    if not isinstance(masks, np.ndarray) or isinstance(masks, np.ma.MaskedArray):
        raise wrong_type(
            function, argument, "a bool array of shape (N, H, W) or what pack_masks gives", masks
        )
    if masks.dtype != np.bool_:
        raise wrong_type(
            function, argument, "of dtype bool; masks != 0 makes it", Got(f"dtype {masks.dtype}")
        )
    if masks.ndim != 3:
        raise wrong_value(function, argument, "of shape (N, H, W)", Got(f"shape {masks.shape}"))
    count, height, width = masks.shape
    source = masks if masks.strides[2] == 1 else np.ascontiguousarray(masks)
    pixels = source.view(np.uint8)
    boxes = np.empty((count, 4), INT64)
    run_bands(lambda n0, n1: kernels.extents(pixels, boxes, n0, n1), count, _PACK_COST * masks.size)
    boxes[:, 2] >>= 6
    boxes[:, 3] = (boxes[:, 3] + 63) >> 6
    offsets = word_offsets(boxes)
    words, areas = np.empty(offsets[-1], np.uint64), np.empty(count, INT64)
    run_bands(
        lambda n0, n1: kernels.pack(pixels, boxes, offsets, words, areas, n0, n1),
        count,
        _PACK_COST * 64 * words.size,
    )
    return frozen_masks((count, height, width), words, offsets, boxes, areas)


def frozen_masks(
    shape: tuple[int, int, int], words: Array, offsets: Array, boxes: Array, areas: Array
) -> PackedMasks:
    """Of arrays that nobody else holds."""
    for array in (words, offsets, boxes, areas):
        array.flags.writeable = False
    return PackedMasks(shape, words, offsets, boxes, areas)


def word_offsets(boxes: Array) -> Array:
    """Where the words of each mask begin, and where all end."""
    offsets = np.zeros(len(boxes) + 1, INT64)
    np.cumsum((boxes[:, 1] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 2]), out=offsets[1:])
    return offsets


@operation("boxes", takes="masks")
def unpack_masks(masks: PackedMasks) -> Array:
    """Unpack masks to an array of bool.

    Parameters
    ----------
    masks : PackedMasks
        What `pack_masks`, `paste_masks` or `decode_rle` gives.

    Returns
    -------
    (N, H, W) array of bool
        One mask for each object.

    Raises
    ------
    TypeError
        Not `PackedMasks`.

    Notes
    -----
    ``out[i, y, x]`` is bit ``x % 64`` of word ``x // 64`` of row ``y``, and False outside of the rows and words of mask
    ``i``. Only these are written; the rest is memory that the system hands out as zeros.

    References
    ----------
    What is undone: `pack_masks`.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> masks = np.eye(3, dtype=bool)[None]
    >>> np.array_equal(imgproc.unpack_masks(imgproc.pack_masks(masks)), masks)
    True
    """
    if not isinstance(masks, PackedMasks):
        raise wrong_type("unpack_masks", "masks", "what pack_masks gives", masks)
    out = np.zeros(masks.shape, np.bool_)
    run_bands(
        lambda n0, n1: kernels.unpack(masks.words, masks.offsets, masks.boxes, out.view(np.uint8), n0, n1),
        len(masks),
        _PACK_COST * 64 * masks.words.size,
    )
    return out


def _fields(masks: PackedMasks) -> tuple[Array, Array, Array, Array]:
    return masks.words, masks.offsets, masks.boxes, masks.areas


@operation("boxes", takes="masks")
def mask_iou_matrix(
    a: Masks, b: Masks, *, kind: Annotated[str, KIND] = "iou", crowd: Array | None = None
) -> Array:
    """Intersection over union of every mask of one set with every one of another.

    Parameters
    ----------
    a : (N, H, W) array of bool, or PackedMasks
        Masks such as detections; N may be 0.
    b : (M, H, W) array of bool, or PackedMasks
        Masks of the same height and width, such as the ground truth.
    kind : {"iou", "ioa"}, default "iou"
        Intersection over union, or over the area of the mask of ``a``.
    crowd : (M,) array of bool, optional
        Masks of ``b`` that stand for a crowd: for them it is the intersection over the area of the mask of ``a``, as in
        the evaluation of COCO.

    Returns
    -------
    (N, M) array of float64
        0 to 1; 0 where the denominator is 0.

    Raises
    ------
    TypeError
        Not bool arrays, or a word of the wrong kind.
    ValueError
        Not three axes, other heights or widths, a ``crowd`` of another length, or an unknown word.

    Notes
    -----
    Pixels are counted exactly, and the quotient is rounded once. Only the rows and words where both masks may have
    pixels are looked at, 64 pixels at a time, so that masks far apart cost nothing. Memory beside the result is a bit
    for each pixel within the boxes of the masks.

    Equal to pycocotools' ``mask.iou`` in every bit.

    References
    ----------
    T.-Y. Lin et al., Microsoft COCO: Common objects in context, European Conference on Computer Vision 2014.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> masks = np.zeros((2, 4, 6), bool)
    >>> masks[0, :, :4] = masks[1, :, 2:] = True
    >>> imgproc.mask_iou_matrix(masks[:1], masks).round(3)
    array([[1.   , 0.333]])
    """
    first, second = as_packed("mask_iou_matrix", "a", a), as_packed("mask_iou_matrix", "b", b)
    kind = KIND.check("mask_iou_matrix", "kind", kind)
    if first.shape[1:] != second.shape[1:]:
        must = f"masks of {first.shape[1]} × {first.shape[2]} pixels, as a"
        raise wrong_value("mask_iou_matrix", "b", must, Got(f"{second.shape[1]} × {second.shape[2]}"))
    over_own = np.full(len(second), kind == "ioa")
    over_own |= check_flags("mask_iou_matrix", crowd, len(second), argument="crowd", beside="masks of b")
    out = np.empty((len(first), len(second)))
    run_bands(
        lambda n0, n1: kernels.shared(*_fields(first), *_fields(second), out, n0, n1),
        len(first),
        _WORD_COST * min(first.words.size * len(second), second.words.size * len(first)),
    )
    own = first.areas.astype(np.float64)
    for row, area in zip(out, own, strict=True):
        union = np.where(over_own, area, area + second.areas - row)
        np.divide(row, union, out=row, where=union > 0)
    return out


@operation("boxes", takes="masks")
def mask_nms(
    masks: Masks,
    scores: Array,
    iou_threshold: Annotated[float, IOU] = 0.5,
    *,
    labels: Array | None = None,
    score_threshold: Annotated[float | None, SCORE] = None,
    max_output: Annotated[int | None, COUNT] = None,
) -> Array:
    """Keep the masks that no kept mask of a higher score overlaps too much.

    Parameters
    ----------
    masks : (N, H, W) array of bool, or PackedMasks
        One mask for each object; N may be 0.
    scores : (N,) array of float32 or float64
        One for each mask; infinite ones are allowed, NaN is not.
    iou_threshold : float, default 0.5
        A mask goes where its IoU with a kept one is above this, 0 to 1.
    labels : (N,) array of integers, optional
        Masks of different labels do not suppress each other.
    score_threshold : float, optional
        Masks with a lower score are left out; rounded to the dtype of ``scores``.
    max_output : int, optional
        How many masks are kept at most, over all labels; at least 0. All by default.

    Returns
    -------
    (K,) array of int64
        Indices of the kept masks, highest score first, ties by lower index.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        Wrong shape, a NaN score, or a number out of range.

    Notes
    -----
    Greedy: by falling score, a mask is kept unless ``iou(mask, kept) > iou_threshold`` for a mask kept before it, with
    the IoU of `mask_iou_matrix`. A mask without pixels overlaps nothing and is kept.

    Pairs whose areas or boxes rule out the threshold are not counted, and counting stops as soon as it is decided.
    Memory is a bit for each pixel within the boxes of the masks; no matrix is made.

    References
    ----------
    A. Neubeck, L. Van Gool, Efficient non-maximum suppression, International Conference on Pattern Recognition 2006.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> masks = np.zeros((3, 4, 6), bool)
    >>> masks[0, :, :4] = masks[1, :, 1:5] = masks[2, :, 4:] = True
    >>> imgproc.mask_nms(masks, np.array([0.5, 0.9, 0.7], np.float32))
    array([1, 2])
    """
    packed = as_packed("mask_nms", "masks", masks)
    scores = check_scores("mask_nms", scores, len(packed), beside="masks")
    iou_threshold = IOU.check("mask_nms", "iou_threshold", iou_threshold)
    if labels is not None:
        labels = check_labels("mask_nms", labels, len(packed), beside="masks")
    score_threshold = SCORE.check("mask_nms", "score_threshold", score_threshold)
    max_output = COUNT.check("mask_nms", "max_output", max_output)
    order = by_score(scores, score_threshold)
    ordered_labels = np.zeros(len(order), INT64) if labels is None else labels[order]
    kept = np.empty(len(order), np.intp)
    limit = len(order) if max_output is None else min(max_output, len(order))
    count = kernels.suppress(*_fields(packed), order, ordered_labels, iou_threshold, limit, kept)
    return order[kept[:count]]

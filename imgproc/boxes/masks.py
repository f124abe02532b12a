"""Masks, a bit to a pixel: how much they overlap, and which to keep."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from .._core.box_arrays import INT64, check_flags, check_labels, check_scores
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import Array
from .._core.operations import operation
from .._core.packed_masks import Masks, as_bools, as_packed
from .._core.packed_masks import PackedMasks as PackedMasks
from .._core.parameters import Choice
from .._core.threads import run_bands
from .._ext import masks as kernels
from .ranking import COUNT, IOU, SCORE, by_score

KIND = Choice(("iou", "ioa"))

# Nanoseconds for a word that two packed masks may share.
_WORD_COST = 0.6


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
    return as_bools(masks)


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

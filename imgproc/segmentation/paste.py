"""Masks as detectors give them, small and of probabilities, in their places in the image."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from .._core.array_parameters import Shape
from .._core.box_arrays import INT64, check_boxes, check_floats
from .._core.box_arrays import packed as c_contiguous
from .._core.errors import Got, wrong_value
from .._core.images import FLOAT32, Array
from .._core.operations import operation
from .._core.packed_masks import Masks, PackedMasks, as_bools, frozen_masks, word_offsets
from .._core.parameters import Flag, Range
from .._core.threads import run_bands
from .._ext import paste as kernels

FLAG = Flag()
SHAPE = Shape()
THRESHOLD = Range()
PADDING = Range(low=0, high=1024, integer=True)

_FARTHEST = 2.0**31

# Nanoseconds for a word of 64 pixels, to write it and to look at it again.
_WORD_COST = 15.0
_SCAN_COST = 1.0


@operation("segmentation", takes="masks")
def paste_mask(
    masks: Array,
    boxes: Array,
    shape: Annotated[Any, SHAPE],
    *,
    threshold: Annotated[float, THRESHOLD] = 0.5,
    padding: Annotated[int, PADDING] = 1,
    packed: Annotated[bool, FLAG] = False,
) -> Masks:
    """Stretch small masks of probabilities over their boxes, and tell the pixels that reach a threshold.

    Parameters
    ----------
    masks : (N, h, w) or (h, w) array of float32
        What a mask head gives for each box, or for one.
    boxes : (N, 4) or (4,) array of float32 or float64
        ``x1, y1, x2, y2`` in pixels of the image; one for each mask. They may reach beyond the image.
    shape : (int, int)
        Height and width of the image.
    threshold : float, default 0.5
        Pixels with at least that probability are in the mask.
    padding : int, default 1
        Zeros around each mask before it is stretched, so that it fades out at its border; 0 to 1024.
    packed : bool, default False
        Whether to give `PackedMasks` in place of an array, an eighth of its size or less.

    Returns
    -------
    (N, H, W) or (H, W) array of bool, or PackedMasks
        The masks in the image.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        Wrong shape, another number of boxes, a box that is not finite, out of order or beyond 2**31, or a number out
        of range.

    Notes
    -----
    The rule of torchvision's ``paste_masks_in_image``, which is that of Mask R-CNN's first code: boxes grow from their
    middle by ``(w + 2 padding) / w``, corners are cut to integers towards 0, and the mask with its padding is resized
    to ``x2 - x1 + 1`` by ``y2 - y1 + 1`` pixels, linearly between centres, which stay at the edges. The arithmetic is
    that of float32 in its order, products not fused with sums; a value within some 1e-7 of the threshold may fall on
    its other side there. NaN reaches no threshold.

    No image of floats is made: rows of the mask are stretched once, and pairs of them mixed and compared 64 pixels
    at a time. Time is that of the boxes' pixels within the image.

    References
    ----------
    K. He, G. Gkioxari, P. Dollár, R. Girshick, Mask R-CNN, ICCV 2017, section 3.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> masks = np.ones((1, 2, 2), np.float32)
    >>> imgproc.paste_mask(masks, np.array([[1.0, 1, 4, 3]]), (5, 6))[0].astype(int)
    array([[0, 0, 0, 0, 0, 0],
           [0, 0, 1, 1, 0, 0],
           [0, 1, 1, 1, 1, 0],
           [0, 0, 1, 1, 0, 0],
           [0, 0, 0, 0, 0, 0]])
    """
    masks = check_floats("paste_mask", "masks", masks, "(N, h, w)", (FLOAT32,))
    single = masks.ndim == 2
    if masks.ndim not in (2, 3) or 0 in masks.shape[-2:]:
        must = "of shape (N, h, w) or (h, w), at least one pixel large"
        raise wrong_value("paste_mask", "masks", must, Got(f"shape {masks.shape}"))
    if single:
        masks = masks[None]
        boxes = boxes[None] if isinstance(boxes, np.ndarray) and boxes.ndim == 1 else boxes
    boxes = check_boxes("paste_mask", boxes)
    if len(boxes) != len(masks):
        must = f"of shape ({len(masks)}, 4), one for each of the masks"
        raise wrong_value("paste_mask", "boxes", must, Got(f"shape {boxes.shape}"))
    height, width = SHAPE.check("paste_mask", "shape", shape)
    threshold = THRESHOLD.check("paste_mask", "threshold", threshold)
    padding = PADDING.check("paste_mask", "padding", padding)
    packed = FLAG.check("paste_mask", "packed", packed)
    pasted = _paste(
        c_contiguous(masks), _grown(boxes, masks.shape[2], padding), (height, width), threshold, padding
    )
    if packed:
        return pasted
    unpacked = as_bools(pasted)
    return unpacked[0] if single else unpacked


def _grown(boxes: Array, side: int, padding: int) -> Array:
    """Left, top, wide and tall of each box, of whole pixels, padding and all."""
    scale = boxes.dtype.type((side + 2 * padding) / side)
    half = boxes.dtype.type(0.5)
    with np.errstate(over="ignore", invalid="ignore"):
        sides, middle = (boxes[:, 2:] - boxes[:, :2]) * half * scale, (boxes[:, 2:] + boxes[:, :2]) * half
        corners = np.concatenate([middle - sides, middle + sides], axis=1)
        wrong = ~(np.abs(corners) < _FARTHEST).all(axis=1)
    if wrong.any():
        row = int(np.argmax(wrong))
        must = "of corners within 2**31, padding and all"
        raise wrong_value("paste_mask", "boxes", must, Got(f"{boxes[row].tolist()} in row {row}"))
    whole = corners.astype(INT64)
    whole[:, 2:] += 1 - whole[:, :2]
    return whole


def _paste(masks: Array, boxes: Array, shape: tuple[int, int], threshold: float, padding: int) -> PackedMasks:
    height, width = shape
    left, top, wide, tall = boxes.T
    parts = np.stack(
        [
            np.clip(top, 0, height),
            np.clip(top + tall, 0, height),
            np.clip(left, 0, width),
            np.clip(left + wide, 0, width),
        ],
        axis=1,
    )
    parts[(parts[:, 0] >= parts[:, 1]) | (parts[:, 2] >= parts[:, 3])] = 0
    around = parts.copy()
    around[:, 2] >>= 6
    around[:, 3] = (around[:, 3] + 63) >> 6
    offsets = word_offsets(around)
    words = np.empty(offsets[-1], np.uint64)
    run_bands(
        lambda n0, n1: kernels.paste(masks, boxes, parts, offsets, words, padding, threshold, n0, n1),
        len(masks),
        _WORD_COST * words.size,
    )
    return frozen_masks((len(masks), height, width), *cropped_masks(words, offsets, around))


def cropped_masks(words: Array, offsets: Array, around: Array) -> tuple[Array, Array, Array, Array]:
    """Words of masks within boxes ``around``, cut to the rows and words with pixels: the fields of `PackedMasks`."""
    needed, areas = np.empty_like(around), np.empty(len(around), INT64)
    run_bands(
        lambda n0, n1: kernels.extents(words, offsets, around, needed, areas, n0, n1),
        len(around),
        _SCAN_COST * words.size,
    )
    if not np.array_equal(needed, around):
        kept_offsets = word_offsets(needed)
        kept = np.empty(kept_offsets[-1], np.uint64)
        kernels.crop(words, offsets, around, kept, kept_offsets, needed)
        words, offsets = kept, kept_offsets
    return words, offsets, needed, areas

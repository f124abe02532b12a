"""Label maps: logits stretched over an image, and the largest one at each pixel, without an array of all of them."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from ..._core.array_parameters import Shape
from ..._core.box_arrays import check_floats, packed
from ..._core.errors import Got, wrong_value
from ..._core.images import FLOAT32, Array, check_out
from ..._core.parameters import Choice, Flag, OrNone
from ..._core.threads import run_bands
from ..._ext import label_map as kernels
from ..errors import OutputMismatch
from .label_axes import INT32, Columns, Rows, columns_at, resized_places, rows_at

SHAPE = Shape()
FLAG = Flag()
SCORES = ("logit", "margin", "probability")
SCORE = OrNone(Choice(SCORES))

_LABELS = {np.dtype(np.uint8): 2**8, np.dtype(np.uint16): 2**16, INT32: 2**31}
_NO_SCORES = np.empty((1, 1), FLOAT32)

# Nanoseconds for a pixel, and for a pixel and class: only an estimate for the choice of threads.
_PIXEL_COST = 1.5
_CLASS_COST = 0.01


def label_map(
    logits: Array,
    shape: Annotated[tuple[int, int], SHAPE],
    *,
    align_corners: Annotated[bool, FLAG] = False,
    score: Annotated[str | None, SCORE] = None,
    out: Array | None = None,
) -> Any:
    """Stretch the logits of all classes over an image, linearly, and tell the class of the largest at each pixel.

    Parameters
    ----------
    logits : (C, h, w) or (B, C, h, w) array of float32
        What a network says for each class, finite; of one image or of several.
    shape : (int, int)
        Height and width of the result.
    align_corners : bool, default False
        Whether the middles of the outermost logits lie on the middles of the outermost pixels, or the edges of the
        outermost ones on each other.
    score : {"logit", "margin", "probability"}, optional
        What to tell of each pixel's class beside: its logit; how far this is above the second largest, infinite where
        there is one class only; or its softmax over all classes.
    out : (H, W) or (B, H, W) array of uint8, uint16 or int32, optional
        Where to write the labels, of a dtype that holds them; free of overlap with the logits.

    Returns
    -------
    labels : (H, W) or (B, H, W) array of int32, or ``out``
        Classes 0 to C - 1.
    scores : array of float32
        As large; only where a ``score`` is asked for.

    Raises
    ------
    TypeError
        Wrong kind of array or argument.
    ValueError
        Wrong shape, an unknown word, or an ``out`` that does not fit.
    OutputMismatch
        A logit beside one of the pixels is NaN or infinite.

    Notes
    -----
    ``argmax(interpolate(logits, shape, mode="bilinear"))`` of torch, in its float32 arithmetic:
    ``v0 (u0 a + u1 b) + v1 (u0 c + u1 d)`` of the four logits around a pixel, products and sums rounded one by one. It
    differs where torch fuses some of them and the two largest lie within a few units in the last place. Of equal ones
    the first class counts. Shrinking does not smooth before, as in torch.

    Pixels between the same four logits share what can be known of them: a class lies between the smallest and the
    largest of its four everywhere, so one whose largest is below another's smallest is looked at no more. That costs
    O(C h w); what remains is O(H W) for maps as networks give them, and at worst O(C H W). "margin" leaves out classes
    that are below two others, "probability" those 20 below the largest, each less than 2e-9 of the sum, which is one of
    float32: within ``3e-7 + 1e-7 C`` of the exact softmax of these values, relatively.

    Memory beside the result: two rows of logits for each thread. Each result is the same bits on all instruction sets
    and for any number of threads.

    References
    ----------
    J. Long, E. Shelhamer, T. Darrell, Fully convolutional networks for semantic segmentation, CVPR 2015, section 3.3.
    E. Xie et al., SegFormer: simple and efficient design for semantic segmentation with transformers, NeurIPS 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import label_map
    >>> logits = np.zeros((2, 1, 2), np.float32)
    >>> logits[1, 0] = -1, 3
    >>> label_map(logits, (2, 8))
    array([[0, 0, 0, 1, 1, 1, 1, 1],
           [0, 0, 0, 1, 1, 1, 1, 1]], dtype=int32)
    >>> label_map(logits, (1, 4), score="margin")[1]
    array([[1., 0., 2., 3.]], dtype=float32)
    """
    name = "label_map"
    logits = check_floats(name, "logits", logits, "(C, h, w) or (B, C, h, w)", (FLOAT32,))
    if logits.ndim not in (3, 4) or 0 in logits.shape[-3:]:
        must = "of shape (C, h, w) or (B, C, h, w), with at least one class and logit"
        raise wrong_value(name, "logits", must, Got(f"shape {logits.shape}"))
    height, width = SHAPE.check(name, "shape", shape)
    align_corners = FLAG.check(name, "align_corners", align_corners)
    score = SCORE.check(name, "score", score)
    labels = check_labels_out(name, out, (*logits.shape[:-3], height, width), logits)
    scores = None if score is None else np.empty(labels.shape, FLOAT32)
    rows = rows_at(resized_places(logits.shape[-2], height, align_corners), logits.shape[-2])
    columns = columns_at(resized_places(logits.shape[-1], width, align_corners), logits.shape[-1])
    for index in np.ndindex(logits.shape[:-3]):
        map_labels(
            name,
            packed(logits[index]),
            rows,
            columns,
            labels[index],
            score,
            None if scores is None else scores[index],
            first=index,
        )
    return labels if scores is None else (labels, scores)


def check_labels_out(function: str, out: object, shape: tuple[int, ...], logits: Array) -> Array:
    """``out`` itself, or a new array of int32."""
    dtype = out.dtype if isinstance(out, np.ndarray) and out.dtype in _LABELS else INT32
    classes = logits.shape[-3]
    if classes > _LABELS[dtype]:
        raise wrong_value(function, "out", f"of a dtype that holds {classes} classes", Got(f"dtype {dtype}"))
    return check_out(function, out, shape, dtype, logits)


def map_labels(
    function: str,
    logits: Array,
    rows: Rows,
    columns: Columns,
    labels: Array,
    score: str | None = None,
    scores: Array | None = None,
    *,
    argument: str = "logits",
    first: tuple[int, ...] = (),
) -> None:
    """Labels, and scores where one is named, of packed (C, h, w) logits at these rows and columns.

    ``argument`` and ``first`` say in an error which tensor these are of, and which part of it.
    """
    number = 0 if score is None else 1 + SCORES.index(score)
    written = _NO_SCORES if scores is None else scores

    def band(y0: int, y1: int) -> bool:
        finite: bool = kernels.label_map(
            logits,
            columns.slots,
            columns.first,
            columns.last,
            columns.together,
            columns.groups,
            columns.phases,
            columns.weights,
            columns.place,
            rows.beside,
            rows.weights,
            labels,
            written,
            number,
            y0,
            y1,
        )
        return finite

    cost = _PIXEL_COST + _CLASS_COST * len(logits) * (4 if score else 1)
    if not all(run_bands(band, len(labels), labels.size * cost)):
        place = np.unravel_index(int(np.argmin(np.isfinite(logits))), logits.shape)
        where = (*first, *map(int, place))
        raise OutputMismatch(function, argument, "finite", Got(f"{logits[place]} at {where}"))

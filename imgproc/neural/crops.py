"""Parts of an image as a batch of one size, for networks that classify what a box holds."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from .._core.array_parameters import Shape
from .._core.box_arrays import INT64, check_boxes
from .._core.errors import Got, wrong_value
from .._core.images import Array, check_image
from .._core.neighbors import FILL, check_fill
from .._core.parameters import Range
from ..filters.resize import METHOD, resize

SHAPE = Shape()
CONTEXT = Range(low=0, high=1024, integer=True)

_FARTHEST = 2.0**31


def crop_and_resize(
    image: Array,
    boxes: Array,
    size: Annotated[Any, SHAPE],
    *,
    context: Annotated[int, CONTEXT] = 0,
    fill: Annotated[float, FILL] = 0.0,
    method: Annotated[str, METHOD] = "linear",
) -> Array:
    """Cut boxes out of an image and stretch each to one size.

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA.
    boxes : (N, 4) array of float32 or float64
        ``x1, y1, x2, y2`` in pixels: proposals, or windows. They may reach beyond the image.
    size : (int, int)
        Height and width of each crop.
    context : int, default 0
        Pixels of the crop, at each of its sides, that show what lies around the box; 16 of 227 in R-CNN.
    fill : float, default 0.0
        Value of what lies outside of the image; within the range of an integer image.
    method : {"linear", "nearest", "area"}, default "linear"
        As for `imgproc.resize`; ``"area"`` shrinks large boxes without aliasing.

    Returns
    -------
    (N, height, width[, C]) array
        Of the image's dtype, in the order of the boxes.

    Raises
    ------
    TypeError
        Wrong kind of array or argument.
    ValueError
        Wrong shape, a box that is not finite, out of order or beyond 2**31, a context that leaves no room for the box,
        or a number out of range.

    Notes
    -----
    R-CNN's warp: a box grows about its middle by ``size / (size − 2 context)``, its corners move out to whole pixels,
    at least one, and the part within the image is resized to the pixels of the crop that it covers, rounded. Height
    and width are stretched each for itself. Time is that of `imgproc.resize` for each box; nothing larger than a crop
    is kept beside the result.

    References
    ----------
    R. Girshick, J. Donahue, T. Darrell, J. Malik, Rich feature hierarchies for accurate object detection and semantic
    segmentation, CVPR 2014, appendix A.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import crop_and_resize
    >>> image = np.arange(30, dtype=np.uint8).reshape(5, 6)
    >>> crop_and_resize(image, np.array([[1.0, 1, 3, 3], [-2, 0, 2, 2]]), (2, 2), fill=99)
    array([[[ 7,  8],
            [13, 14]],
    <BLANKLINE>
           [[99,  1],
            [99,  7]]], dtype=uint8)
    """
    name = "crop_and_resize"
    image = check_image(name, image)
    boxes = check_boxes(name, boxes)
    height, width = SHAPE.check(name, "size", size)
    context = CONTEXT.check(name, "context", context)
    if 2 * context >= min(height, width):
        must = f"an integer < {min(height, width) / 2:g}, half a side of the crop"
        raise wrong_value(name, "context", must, context)
    blank = check_fill(name, fill, image.dtype)
    METHOD.check(name, "method", method)
    out = np.empty((len(boxes), height, width, *image.shape[2:]), image.dtype)
    for crop, corners in zip(out, _whole(name, boxes, (height, width), context).tolist(), strict=True):
        _crop(image, corners, blank, method, crop)
    return out


def _whole(name: str, boxes: Array, size: tuple[int, int], context: int) -> Array:
    """Boxes with their context, out to whole pixels."""
    growth = [side / (side - 2 * context) for side in size[::-1]]
    corners = boxes.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        middle, half = (corners[:, 2:] + corners[:, :2]) / 2, (corners[:, 2:] - corners[:, :2]) / 2
        if context:
            corners = np.concatenate([middle - half * growth, middle + half * growth], axis=1)
    wrong = ~(np.abs(corners) < _FARTHEST).all(axis=1)
    if wrong.any():
        row = int(np.argmax(wrong))
        must = "of corners within 2**31, context and all"
        raise wrong_value(name, "boxes", must, Got(f"{boxes[row].tolist()} in row {row}"))
    low = np.floor(corners[:, :2]).astype(INT64)
    high = np.maximum(np.ceil(corners[:, 2:]).astype(INT64), low + 1)
    return np.concatenate([low, high], axis=1)


def _crop(image: Array, corners: list[int], blank: float, method: str, out: Array) -> None:
    x1, y1, x2, y2 = corners
    height, width = image.shape[:2]
    top, bottom, left, right = max(y1, 0), min(y2, height), max(x1, 0), min(x2, width)
    # The pixels of the crop that show the image.
    y_from, y_to = (round((y - y1) * out.shape[0] / (y2 - y1)) for y in (top, bottom))
    x_from, x_to = (round((x - x1) * out.shape[1] / (x2 - x1)) for x in (left, right))
    inside = top < bottom and left < right and y_from < y_to and x_from < x_to
    if inside and (y_to - y_from, x_to - x_from) == out.shape[:2]:
        resize(image[top:bottom, left:right], out.shape[:2], method=method, out=out)
        return
    out[...] = blank
    if inside:
        part = out[y_from:y_to, x_from:x_to]
        part[...] = resize(image[top:bottom, left:right], part.shape[:2], method=method)

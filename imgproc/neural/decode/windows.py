"""The oldest way from a classifier to a detector: look at many windows of the image, each by itself."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from ..._core.array_parameters import Shape
from ..._core.box_arrays import check_boxes
from ..._core.images import FLOAT32, Array
from ..._core.parameters import OrNone, Pair, Range
from ...boxes import nms
from ...detections import Detections
from ..outputs import Keys, Outputs, reads
from .dense import LOGITS
from .heads import CLASS, CLASSES, COUNT, SHARE, Head, with_area
from .ssd import above_softmax

SHAPE = Shape()
SIZE = Pair(Range(low=1, high=2**40, integer=True), ("down", "across"))
STEP = OrNone(SIZE)


def window_grid(
    image_shape: Annotated[tuple[int, int], SHAPE],
    size: Annotated[Any, SIZE],
    step: Annotated[Any, STEP] = None,
) -> Array:
    """Lay windows of one size over an image, as a sliding window meets them.

    Parameters
    ----------
    image_shape : (int, int)
        Height and width of the image.
    size : int or (int, int)
        Height and width of a window, in pixels.
    step : int or (int, int), optional
        Pixels from one window to the next, down and across; half a window by default.

    Returns
    -------
    (N, 4) array of float32
        x1, y1, x2, y2 within the image, row after row; none where the image is smaller than a window.

    Raises
    ------
    TypeError, ValueError
        A number of the wrong kind or out of range.

    Notes
    -----
    Where the last step would reach beyond the image, one more window lies at its edge, so that all of it is seen.
    `crop_and_resize` cuts the windows out for a classifier, and `decode_windows` reads what that says.

    Examples
    --------
    >>> from imgproc.neural import window_grid
    >>> window_grid((8, 11), 8, 4)
    array([[ 0.,  0.,  8.,  8.],
           [ 3.,  0., 11.,  8.]], dtype=float32)
    """
    name = "window_grid"
    shape = SHAPE.check(name, "image_shape", image_shape)
    sides = SIZE.check(name, "size", size)
    steps = STEP.check(name, "step", step) or tuple(max(side // 2, 1) for side in sides)
    starts = []
    for whole, side, stride in zip(shape, sides, steps, strict=True):
        places = np.arange(0, whole - side + 1, stride)
        if len(places) and places[-1] < whole - side:
            places = np.append(places, whole - side)
        starts.append(places)
    windows = np.empty((len(starts[0]), len(starts[1]), 4), FLOAT32)
    windows[..., 0], windows[..., 1] = starts[1], starts[0][:, None]
    windows[..., 2], windows[..., 3] = starts[1] + sides[1], starts[0][:, None] + sides[0]
    return windows.reshape(-1, 4)


@reads(LOGITS[0])
def decode_windows(
    outputs: Outputs,
    windows: Array,
    *,
    classes: Annotated[int | None, CLASSES] = None,
    background: Annotated[int, CLASS] = 0,
    score_threshold: Annotated[float, SHARE] = 0.5,
    iou_threshold: Annotated[float, SHARE] = 0.3,
    max_output: Annotated[int, COUNT] = 100,
    keys: Keys = None,
) -> Detections:
    """Turn what a classifier says of each window into detections.

    Parameters
    ----------
    outputs : mapping
        ``cls_logits``, (N, C) before the softmax, with a column for the background: a row for each window.
    windows : (N, 4) array of float32 or float64
        x1, y1, x2, y2 in pixels of the image.
    classes : int, optional
        How many C must be, background included; any number by default.
    background : int, default 0
        The column that stands for no object; one of the C.
    score_threshold : float, default 0.5
        A probability must be above it: 0 to 1.
    iou_threshold : float, default 0.3
        For the suppression within each class, 0 to 1.
    max_output : int, default 100
        Detections at most.
    keys : mapping, optional
        ``{"cls_logits": …}`` where the tensor has another name.

    Returns
    -------
    Detections
        Best first: windows as boxes, columns of ``cls_logits`` as labels, of which ``background`` is none.

    Raises
    ------
    TypeError, ValueError
        An argument of the wrong kind or out of range.
    OutputMismatch
        The tensor is missing, of another rank or size, or not finite: the name and the place are told.

    References
    ----------
    H. A. Rowley, S. Baluja, T. Kanade, Neural network-based face detection, PAMI 1998.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import decode_windows, window_grid
    >>> windows = window_grid((8, 16), 8, 4)
    >>> decode_windows({"cls_logits": np.array([[3, 0], [0, 2], [0, 4]], np.float32)}, windows).boxes
    array([[ 8.,  0., 16.,  8.]], dtype=float32)
    """
    name = "decode_windows"
    logits = Head(name, outputs, LOGITS[0], ("N", "C"), LOGITS[1], keys)
    logits.check_classes(CLASSES.check(name, "classes", classes))
    windows = check_boxes(name, windows, argument="windows").astype(FLOAT32, copy=False)
    nothing = logits.check_background(background)
    threshold = SHARE.check(name, "score_threshold", score_threshold)
    overlap = SHARE.check(name, "iou_threshold", iou_threshold)
    most = COUNT.check(name, "max_output", max_output)
    if len(windows) != len(logits.array):
        logits.refuse(f"of {len(windows)} rows, one for each window", f"shape {logits.array.shape}")
    rows, labels, scores = above_softmax(logits, logits.array, nothing, threshold)
    kept = with_area(windows[rows])
    rows, labels, scores = rows[kept], labels[kept], scores[kept]
    best = nms(windows[rows], scores, overlap, labels=labels, max_output=most)
    return Detections(windows[rows[best]], scores[best], labels[best])

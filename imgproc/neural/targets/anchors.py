"""What detectors with anchors are trained towards."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import numpy as np

from ..._core.array_parameters import Positives
from ..._core.box_arrays import INT64, check_labels
from ..._core.errors import Got, wrong_value
from ..._core.images import Array
from ..._core.parameters import Range
from ..._core.seeds import generator
from ...boxes.anchors import encode_boxes
from ...boxes.assignment import NEGATIVE, POSITIVE, assign_anchors
from .checks import BACKGROUND, NEITHER, check_object_classes, check_sized

COUNT = Range(low=1, high=2**31 - 1, integer=True)
SHARE = Range(above=0, high=1)
WEIGHTS = Positives(4)


class AnchorTargets(NamedTuple):
    """Of `anchor_targets`: a class and four deltas for each anchor."""

    labels: Array
    deltas: Array


def anchor_targets(
    anchors: Array,
    boxes: Array,
    labels: Array,
    *,
    positive: Annotated[float, POSITIVE] = 0.5,
    negative: Annotated[float, NEGATIVE] = 0.4,
    weights: Annotated[Any, WEIGHTS] = (1.0, 1.0, 1.0, 1.0),
) -> AnchorTargets:
    """Say what each anchor is to answer: a class, background or nothing, and the way to its box.

    Parameters
    ----------
    anchors : (N, 4) array of float32 or float64
        x1, y1, x2, y2 in pixels, of positive width and height.
    boxes : (M, 4) array of float32 or float64
        True boxes of the image, of positive width and height.
    labels : (M,) integer array
        Their classes, at least 0.
    positive, negative : float, default 0.5 and 0.4
        IoU from which on an anchor is positive, and below which it is background, as in RetinaNet; the region
        proposals of Faster R-CNN take 0.7 and 0.3.
    weights : four numbers > 0, default (1, 1, 1, 1)
        Factors of the deltas.

    Returns
    -------
    AnchorTargets
        ``labels``, (N,) int64: the class of the box that a positive anchor stands for, -1 for background, -2 for
        neither, which is left out of the loss. ``deltas``, (N, 4) of the anchors' kind: as `encode_boxes` gives them
        for positive anchors, 0 elsewhere.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        Wrong shapes, boxes that are not finite, inverted or without area, negative labels, thresholds out of range.

    Notes
    -----
    `assign_anchors` says which anchors are positive: also the best one of each box.

    References
    ----------
    S. Ren, K. He, R. Girshick, J. Sun, Faster R-CNN, NIPS 2015, section 3.1.2.
    T.-Y. Lin, P. Goyal, R. Girshick, K. He, P. Dollár, Focal loss for dense object detection, ICCV 2017, section 4.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import targets
    >>> anchors = np.array([[0, 0, 10, 10], [20, 0, 30, 10]], np.float32)
    >>> found = targets.anchor_targets(anchors, np.array([[1, 0, 11, 10]], np.float32), np.array([7]))
    >>> found.labels, found.deltas[0].tolist()
    (array([ 7, -1]), [0.10000000149011612, 0.0, 0.0, 0.0])
    """
    name = "anchor_targets"
    anchors = check_sized(name, "anchors", anchors)
    boxes = check_sized(name, "boxes", boxes)
    labels = check_object_classes(name, labels, len(boxes))
    factors = WEIGHTS.check(name, "weights", weights)
    kinds, matches = _assigned(name, anchors, boxes, positive, negative)
    out = np.select([kinds == 1, kinds == 0], [0, BACKGROUND], NEITHER).astype(INT64)
    chosen = np.flatnonzero(kinds == 1)
    deltas = np.zeros(anchors.shape, np.result_type(anchors, boxes))
    if chosen.size:
        out[chosen] = labels[matches[chosen]]
        deltas[chosen] = encode_boxes(boxes[matches[chosen]], anchors[chosen], weights=factors)
    return AnchorTargets(out, deltas)


def _assigned(
    function: str, anchors: Array, boxes: Array, positive: float, negative: float
) -> tuple[Array, Array]:
    try:
        kinds, matches = assign_anchors(anchors, boxes, positive=positive, negative=negative)
    except (TypeError, ValueError) as error:
        raise type(error)(
            str(error).replace("assign_anchors", function).replace(": truth ", ": boxes ")
        ) from None
    return kinds, matches


def sample_anchors(
    labels: Array,
    seed: Any = 0,
    *,
    count: Annotated[int, COUNT] = 256,
    positive_share: Annotated[float, SHARE] = 0.5,
) -> Array:
    """Choose the anchors of one image that take part in the loss: some positive ones, filled up with background.

    Parameters
    ----------
    labels : (N,) integer array
        What `anchor_targets` gives: -1 for background, at least 0 for positive ones, others left out.
    seed : int or numpy.random.Generator, default 0
        The same seed chooses the same.
    count : int, default 256
        How many at most, at least 1.
    positive_share : float, default 0.5
        Share of them that may be positive, above 0 and up to 1.

    Returns
    -------
    (K,) array of int64
        Chosen rows, growing.

    Raises
    ------
    TypeError
        Wrong kind of array, seed or number.
    ValueError
        Wrong shape, or a number out of range.

    Notes
    -----
    ``min(positives, floor(count · positive_share))`` positive ones, each set equally likely, and background up to
    ``count``: torchvision's ``BalancedPositiveNegativeSampler``.

    References
    ----------
    S. Ren, K. He, R. Girshick, J. Sun, Faster R-CNN, NIPS 2015, section 3.1.3.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import targets
    >>> targets.sample_anchors(np.array([3, -1, -2, -1, 5]), count=4)
    array([0, 1, 3, 4])
    """
    name = "sample_anchors"
    if isinstance(labels, np.ndarray) and labels.ndim != 1:
        raise wrong_value(name, "labels", "of shape (N,)", Got(f"shape {labels.shape}"))
    labels = check_labels(name, labels, len(labels) if isinstance(labels, np.ndarray) else 0)
    rng = generator(name, seed)
    count = COUNT.check(name, "count", count)
    share = SHARE.check(name, "positive_share", positive_share)
    positive, background = np.flatnonzero(labels >= 0), np.flatnonzero(labels == BACKGROUND)
    first = rng.permutation(positive)[: int(count * share)]
    second = rng.permutation(background)[: count - len(first)]
    return np.sort(np.concatenate([first, second])).astype(INT64, copy=False)

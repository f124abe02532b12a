"""Which anchors stand for which true boxes, and which anchors suit a collection of boxes."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from .._core.box_arrays import INT64, check_boxes, check_floats
from .._core.errors import Got, wrong_value
from .._core.images import Array
from .._core.operations import operation
from .._core.parameters import Choice, Range
from .._core.seeds import generator
from .._core.threads import run_bands
from .._ext import anchors as kernels
from .anchors import together

POSITIVE = Range(above=0, high=1)
NEGATIVE = Range(low=0, high=1)
COUNT = Range(low=1, high=2**31 - 1, integer=True)
UPDATE = Choice(("mean", "median"))

# Nanoseconds to compare an anchor with a box that its block meets, measured.
_PAIR_COST = 0.3


def _check_areas(function: str, argument: str, boxes: Array) -> None:
    """Boxes whose areas can be added up in their dtype."""
    with np.errstate(over="ignore", invalid="ignore"):
        areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    most = float(np.finfo(boxes.dtype).max) / 4
    wrong = ~(areas <= most)
    if wrong.any():
        row = int(np.argmax(wrong))
        must = f"of areas up to {most:.3g} (a quarter of the largest {boxes.dtype})"
        raise wrong_value(function, argument, must, Got(f"{boxes[row].tolist()} in row {row}"))


def _blocks(anchors: Array) -> int:
    size: int = kernels.BLOCK
    return -(-len(anchors) // size)


def _nearest(anchors: Array, boxes: Array) -> tuple[Array, Array, Array, Array]:
    """The best IoU of each anchor and which box has it, -1 for none; the best of each box and its span of blocks."""
    best = np.empty(len(anchors), anchors.dtype)
    index = np.empty(len(anchors), INT64)

    def band(b0: int, b1: int) -> tuple[Array, Array]:
        top = np.empty(len(boxes), boxes.dtype)
        spans = np.zeros((len(boxes), 2), INT64)
        kernels.nearest(anchors, boxes, best, index, top, spans, b0, b1)
        return top, spans

    bands = run_bands(band, _blocks(anchors), len(anchors) * len(boxes) * _PAIR_COST)
    goals, spans = bands[0]
    for top, later in bands[1:]:
        spans[:, 0] = np.where(top > goals, later[:, 0], spans[:, 0])
        spans[:, 1] = np.where(top >= goals, later[:, 1], spans[:, 1])
        np.maximum(goals, top, out=goals)
    return best, index, goals, spans


@operation("boxes", takes="boxes")
def assign_anchors(
    anchors: Array,
    truth: Array,
    *,
    positive: Annotated[float, POSITIVE] = 0.7,
    negative: Annotated[float, NEGATIVE] = 0.3,
) -> tuple[Array, Array]:
    """Say which anchors are positive, negative or neither, and which true box each positive one stands for.

    Parameters
    ----------
    anchors : (N, 4) array of float32 or float64
        x1, y1, x2, y2 in pixels; N may be 0.
    truth : (M, 4) array of float32 or float64
        The true boxes of the same image; M may be 0, up to 2**31 - 1.
    positive : float, default 0.7
        Smallest IoU, above 0 and up to 1, with which an anchor is positive.
    negative : float, default 0.3
        IoU below which an anchor is negative, from 0 to 1 and at most ``positive``.

    Returns
    -------
    labels : (N,) array of int8
        1 positive, 0 negative, -1 neither: to be left out of the loss.
    matches : (N,) array of int64
        Row in ``truth`` of the box that overlaps a positive anchor most, the first among equals; -1 for all others.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        Wrong shape, NaN, infinity or inverted boxes, or boxes so large that their areas cannot be added up in their
        dtype, named by their row; thresholds out of range or order.

    Notes
    -----
    An anchor is positive where its best IoU is at least ``positive``, and also where no other anchor overlaps some
    true box more: ties of that kind make all of them positive. It keeps the match with the box that it overlaps most
    itself, which need not be the one that made it positive. A true box that meets no anchor makes none positive
    (torchvision's ``Matcher`` with low-quality matches then makes positive all that do not meet it). All others are
    negative below ``negative``, and neither between the two. Without true boxes every anchor is negative, unless
    ``negative`` is 0.

    ``IoU = |A∩B| / (|A| + |B| − |A∩B|)``, 0 where a box has no area, in float32 where both arrays are, else in
    float64; the thresholds are rounded to that dtype, so that an IoU of exactly 7/10 meets 0.7.

    Cost: O(N M) in vectors of 256 anchors, each skipped by the boxes that its bounds do not meet: anchors in the order
    of ``generate_anchors`` meet few. A second pass over some of them finds the ties. Memory: 9 bytes and one float for
    each anchor, and for each thread some 20 bytes for each box; never N × M.

    References
    ----------
    S. Ren, K. He, R. Girshick, J. Sun, Faster R-CNN: towards real-time object detection with region proposal networks,
    NIPS 2015, section 3.1.2.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> anchors = np.array([[0, 0, 10, 10], [0, 0, 10, 6], [4, 0, 14, 10], [40, 0, 50, 10]], np.float32)
    >>> labels, matches = imgproc.assign_anchors(anchors, np.array([[0, 0, 10, 9]], np.float32))
    >>> labels, matches
    (array([ 1, -1, -1,  0], dtype=int8), array([ 0, -1, -1, -1]))
    """
    anchors = check_boxes("assign_anchors", anchors, argument="anchors")
    truth = check_boxes("assign_anchors", truth, argument="truth", shape="(M, 4)")
    _check_areas("assign_anchors", "anchors", anchors)
    _check_areas("assign_anchors", "truth", truth)
    COUNT.check("assign_anchors", "the number of true boxes", max(len(truth), 1))
    high = POSITIVE.check("assign_anchors", "positive", positive)
    low = NEGATIVE.check("assign_anchors", "negative", negative)
    if low > high:
        raise wrong_value("assign_anchors", "negative", f"at most positive, {high}", negative)
    anchors, truth = together(anchors, truth)
    labels = np.full(len(anchors), -1, np.int8)
    if not anchors.size or not truth.size:
        labels[:] = 0 if low > 0 else -1
        return labels, np.full(len(anchors), -1, INT64)
    best, index, goals, spans = _nearest(anchors, truth)
    labels[best < anchors.dtype.type(low)] = 0
    labels[best >= anchors.dtype.type(high)] = 1
    run_bands(
        lambda b0, b1: kernels.mark_best(anchors, truth, goals, spans, labels, b0, b1),
        _blocks(anchors),
        len(anchors) * len(truth) * _PAIR_COST,
    )
    index[labels != 1] = -1
    return labels, index


def _boxes_at_origin(sizes: Array) -> Array:
    boxes = np.zeros((len(sizes), 4))
    boxes[:, 2:] = sizes
    return boxes


def _spread(sizes: Array, boxes: Array, k: int, rng: np.random.Generator) -> Array:
    """k-means++: each next anchor is drawn with a chance in proportion to the square of its distance."""
    chosen = [int(rng.integers(len(sizes)))]
    distance = np.ones(len(sizes))
    while len(chosen) < k:
        overlap, *_ = _nearest(boxes, boxes[chosen[-1:]])
        np.minimum(distance, 1 - overlap, out=distance)
        chances = np.cumsum(distance * distance)
        if chances[-1] == 0:
            must = f"at most the number of different sizes, {len(chosen)}"
            raise wrong_value("kmeans_anchors", "k", must, k)
        # Below the last sum, also where the product is rounded up to it.
        drawn = np.searchsorted(chances, rng.random() * chances[-1], side="right")
        chosen.append(int(min(drawn, np.searchsorted(chances, chances[-1], side="left"))))
    return sizes[chosen]


def _centres(sizes: Array, overlap: Array, nearest: Array, k: int, update: str) -> Array:
    """The mean or median of the sizes of each cluster; an empty one takes the size that suits its anchor least."""
    counts = np.bincount(nearest, minlength=k)
    if update == "mean":
        totals = np.stack([np.bincount(nearest, sizes[:, axis], k) for axis in range(2)], axis=1)
        centres = totals / np.maximum(counts, 1)[:, None]
    else:
        order = np.argsort(nearest, kind="stable")
        parts = np.split(sizes[order], np.cumsum(counts)[:-1])
        centres = np.array([np.median(part, axis=0) if len(part) else (0, 0) for part in parts])
    empty = np.flatnonzero(counts == 0)
    if len(empty):
        centres[empty] = sizes[np.argsort(overlap, kind="stable")[: len(empty)]]
    return centres


@operation("boxes", takes="boxes")
def kmeans_anchors(
    sizes: Array, k: Annotated[int, COUNT], *, seed: Any = 0, update: Annotated[str, UPDATE] = "mean"
) -> Array:
    """Find the k anchor sizes that suit a collection of boxes, by k-means with the distance 1 − IoU.

    Parameters
    ----------
    sizes : (N, 2) array of float32 or float64
        Heights and widths of boxes in pixels, above 1e-75 and below 1e75. Widths and heights do as well: the result
        keeps the order.
    k : int
        How many anchors, from 1 to the number of different sizes.
    seed : int or numpy.random.Generator, default 0
        Of the first choice; the same seed gives the same anchors, whatever the number of threads.
    update : {"mean", "median"}
        What becomes of the sizes of a cluster. The median is moved less by a few odd boxes.

    Returns
    -------
    (k, 2) array
        Sizes in the unit, order of columns and dtype of ``sizes``, smallest area first.

    Raises
    ------
    TypeError
        Wrong kind of array, number or word.
    ValueError
        Wrong shape, a size out of range, named by its row, or k beyond the number of different
        sizes.

    Notes
    -----
    The distance of two sizes is 1 − IoU of their boxes with a common corner:
    ``IoU = min(h, ha) min(w, wa) / (h w + ha wa − min(h, ha) min(w, wa))``.

    The first anchors are drawn by k-means++: one size at random, each other with a chance in proportion to the square
    of its distance from those before. Then every size joins its nearest anchor, the first among equals, and anchors
    move to the mean or median of what joined them. An anchor that nothing joined moves to the size farthest from its
    own anchor (the lowest row among equals, the next farthest for the next empty anchor). Neither mean nor median
    minimises this distance, so rounds could go in circles: they end when the mean IoU of the sizes with their anchors
    no longer grows, and the best anchors met are the result. As the mean IoU is at most 1 and grows by at least one
    unit in its last place, they end.

    All is computed in float64. Cost: O(N k) for each of some tens of rounds; memory: some 70 bytes for each size.

    References
    ----------
    J. Redmon, A. Farhadi, YOLO9000: better, faster, stronger, CVPR 2017, section 2.
    D. Arthur, S. Vassilvitskii, k-means++: the advantages of careful seeding, SODA 2007.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> sizes = np.array([[10, 10], [12, 10], [50, 90], [54, 90], [11, 10], [52, 90]], np.float64)
    >>> imgproc.kmeans_anchors(sizes, 2)
    array([[11., 10.],
           [52., 90.]])
    """
    given = check_floats("kmeans_anchors", "sizes", sizes, "(N, 2)")
    if given.ndim != 2 or given.shape[1] != 2 or not len(given):
        must = "of shape (N, 2) with N >= 1"
        raise wrong_value("kmeans_anchors", "sizes", must, Got(f"shape {given.shape}"))
    k = COUNT.check("kmeans_anchors", "k", k)
    update = UPDATE.check("kmeans_anchors", "update", update)
    rng = generator("kmeans_anchors", seed)
    points = np.ascontiguousarray(given, np.float64)
    # Then no area or IoU leaves the range of float64.
    wrong = ~((points > 1e-75) & (points < 1e75)).all(axis=1)
    if wrong.any():
        row = int(np.argmax(wrong))
        must = "above 1e-75 and below 1e75"
        raise wrong_value("kmeans_anchors", "sizes", must, Got(f"{given[row].tolist()} in row {row}"))
    boxes = _boxes_at_origin(points)
    anchors = best = _spread(points, boxes, k, rng)
    reached = -1.0
    while True:
        overlap, nearest, *_ = _nearest(boxes, _boxes_at_origin(anchors))
        mean = float(overlap.mean())
        if mean <= reached:
            break
        best, reached = anchors, mean
        anchors = _centres(points, overlap, nearest, k, update)
    order = np.lexsort((best[:, 0], best[:, 0] * best[:, 1]))
    return best[order].astype(given.dtype)

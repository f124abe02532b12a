"""Objects and keypoints from heat maps: CenterNet, and the keypoint head of Mask R-CNN."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ..._core.box_arrays import FLOAT64, INT64, check_boxes, check_floats, packed
from ..._core.errors import Got, wrong_value
from ..._core.images import FLOAT32, Array
from ..._core.parameters import Flag, Range
from ..._core.threads import run_bands
from ..._ext import heatmaps as kernels
from ...detections import Detections
from .. import stable
from ..geometry import Geometries, Geometry, geometry_of_each
from ..outputs import Keys, Outputs, tensor

COUNT = Range(low=1, high=2**20, integer=True)
PROBABILITY = Range(low=0, high=1)
FLAG = Flag()

_WIDEST = 2**15

# Nanoseconds for a value of a map of peaks, and for one of a keypoint's.
_PEAK_COST = 0.2
_CUBIC_COST = 8.0


@dataclass(frozen=True)
class Peaks:
    """Local maxima of the heat maps of one image, the highest first; made by `heatmap_peaks`.

    Attributes
    ----------
    scores : (K,) array of float32
    labels, rows, columns : (K,) array of int64
        The map that each is in, and where.
    """

    scores: Array
    labels: Array
    rows: Array
    columns: Array

    def __len__(self) -> int:
        return len(self.scores)


def heatmap_peaks(
    heatmaps: Array,
    *,
    top_k: Annotated[int, COUNT] = 100,
    score_threshold: Annotated[float, PROBABILITY] = 0.0,
    sigmoid: Annotated[bool, FLAG] = True,
) -> list[Peaks]:
    """Find the highest local maxima of heat maps.

    Parameters
    ----------
    heatmaps : (N, C, H, W) array of float32
        A map for each class, of N images; finite.
    top_k : int, default 100
        How many peaks of an image to give at most, all classes together.
    score_threshold : float, default 0.0
        Peaks are kept where their score is above this, 0 to 1.
    sigmoid : bool, default True
        Whether the maps hold logits, whose sigmoid is the score. False where they hold scores.

    Returns
    -------
    list of Peaks
        For each image, the highest first; equal ones in the order of class, row, column.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        Wrong shape, a value that is not finite, or a number out of range.

    Notes
    -----
    A pixel is a peak where none of its eight neighbours is greater, CenterNet's test by 3 × 3 max pooling: all pixels
    of a plateau are. Logits are compared as they are, because the sigmoid keeps their order; it is computed for the
    peaks that are given, in float64, rounded once. Libraries that take the sigmoid first see plateaus where it
    saturates in float32, for logits above some 16.

    One pass over the maps: a heap holds the best so far, and only pixels above the least of them are tested.

    References
    ----------
    X. Zhou, D. Wang, P. Krähenbühl, Objects as points, arXiv:1904.07850, 2019, section 4.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import heatmap_peaks
    >>> maps = np.zeros((1, 2, 5, 5), np.float32)
    >>> maps[0, 1, 2, 3], maps[0, 1, 2, 4] = 0.9, 0.5
    >>> found, = heatmap_peaks(maps, top_k=1, sigmoid=False)
    >>> found.labels, found.rows, found.columns
    (array([1]), array([2]), array([3]))
    """
    name = "heatmap_peaks"
    maps = check_floats(name, "heatmaps", heatmaps, "(N, C, H, W)", (FLOAT32,))
    if maps.ndim != 4:
        raise wrong_value(name, "heatmaps", "of shape (N, C, H, W)", Got(f"shape {maps.shape}"))
    if not np.isfinite(maps).all():
        raise wrong_value(name, "heatmaps", "finite", Got("NaN or infinity in it"))
    top_k = COUNT.check(name, "top_k", top_k)
    score_threshold = PROBABILITY.check(name, "score_threshold", score_threshold)
    sigmoid = FLAG.check(name, "sigmoid", sigmoid)
    return _peaks(packed(maps), top_k, score_threshold, sigmoid)


def _peaks(maps: Array, top_k: int, threshold: float, sigmoid: bool) -> list[Peaks]:
    count, classes, height, width = maps.shape
    top_k = min(top_k, classes * height * width)
    values, places = np.empty((count, top_k), FLOAT32), np.empty((count, top_k), INT64)
    counts = np.zeros(count, INT64)
    # Somewhat low, as the scores decide.
    least = stable.logit(threshold) if sigmoid else threshold
    least -= 1e-6 * abs(least) + 1e-30 if math.isfinite(least) else 0
    if maps.size:
        run_bands(
            lambda n0, n1: kernels.peaks(maps, least, values, places, counts, n0, n1),
            count,
            _PEAK_COST * maps.size,
        )
    found = []
    for row, some in enumerate(counts.tolist()):
        scores = (
            stable.sigmoid(values[row, :some].astype(FLOAT64)).astype(FLOAT32)
            if sigmoid
            else values[row, :some]
        )
        kept = scores > FLOAT32.type(threshold)
        at = places[row, :some][kept]
        labels, pixel = np.divmod(at, height * width)
        found.append(Peaks(scores[kept], labels, *np.divmod(pixel, width)))
    return found


def decode_centernet(
    outputs: Outputs,
    geometries: Geometries,
    *,
    top_k: Annotated[int, COUNT] = 100,
    score_threshold: Annotated[float, PROBABILITY] = 0.0,
    sigmoid: Annotated[bool, FLAG] = True,
    keys: Keys = None,
) -> list[Detections]:
    """Decode CenterNet's heads: centres at the peaks of a heat map, with an offset and a size at each pixel.

    Parameters
    ----------
    outputs : mapping from str to array
        ``heatmap`` (or ``hm``), (N, C, H, W): logits of a centre at each pixel; ``offset`` (or ``reg``), (N, 2, H, W):
        what is to be added to x and y of the centre, in pixels of the map; ``size`` (or ``wh``), (N, 2, H, W): width
        and height of the box, in pixels of the map. Floats, finite.
    geometries : Geometry, or sequence of N Geometry
        Where each image lies in the model's input.
    top_k : int, default 100
        Boxes of an image at most.
    score_threshold : float, default 0.0
        Boxes are kept where their score is above this, 0 to 1.
    sigmoid : bool, default True
        Whether the heat map holds logits. False where the network gives scores.
    keys : mapping from str to str, optional
        Names of the outputs where they are others.

    Returns
    -------
    list of Detections
        For each image, by falling score; boxes in the image, clipped to it; labels are the heat maps' numbers.

    Raises
    ------
    TypeError
        Wrong kind of argument.
    OutputMismatch
        A tensor that is missing, of another shape, or not finite.
    ValueError
        A number out of range, or another number of geometries.

    Notes
    -----
    With the stride R = input / map, along each axis for itself, a peak at (x, y) with offset O and size S is the box of
    centre ``R (x + Ox, y + Oy)`` and sides ``R S``; sides below 0 count as 0. The peaks are those of `heatmap_peaks`:
    no suppression of boxes is needed. (Lecture notes that leave out R at the centre have a misprint.)

    References
    ----------
    X. Zhou, D. Wang, P. Krähenbühl, Objects as points, arXiv:1904.07850, 2019, section 4.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import Geometry, decode_centernet
    >>> heat, offset, size = np.full((1, 3, 8, 8), -9.0), np.zeros((1, 2, 8, 8)), np.zeros((1, 2, 8, 8))
    >>> heat[0, 2, 5, 4], offset[0, :, 5, 4], size[0, :, 5, 4] = 2.0, 0.5, (4, 2)
    >>> geometry = Geometry.stretched((64, 64), (32, 32))
    >>> decode_centernet({"heatmap": heat, "offset": offset, "size": size}, geometry, top_k=1)[0].boxes
    array([[20., 36., 52., 52.]], dtype=float32)
    """
    name = "decode_centernet"
    heat = tensor(name, outputs, "heatmap", ("N", "C", "H", "W"), aliases=("hm",), keys=keys)
    count, _, height, width = heat.shape
    shape = (count, 2, height, width)
    offset = tensor(name, outputs, "offset", shape, aliases=("reg",), keys=keys)
    size = tensor(name, outputs, "size", shape, aliases=("wh",), keys=keys)
    places = geometry_of_each(name, geometries, count)
    top_k = COUNT.check(name, "top_k", top_k)
    score_threshold = PROBABILITY.check(name, "score_threshold", score_threshold)
    sigmoid = FLAG.check(name, "sigmoid", sigmoid)
    return [
        _centernet_boxes(found, offset[image], size[image], places[image])
        for image, found in enumerate(_peaks(heat, top_k, score_threshold, sigmoid))
    ]


def _centernet_boxes(found: Peaks, offset: Array, size: Array, geometry: Geometry) -> Detections:
    height, width = offset.shape[1:]
    stride = np.array([geometry.input_shape[1] / width, geometry.input_shape[0] / height])
    places = np.column_stack([found.columns, found.rows]).astype(FLOAT64)
    centres = (places + offset[:, found.rows, found.columns].T) * stride
    half = np.maximum(size[:, found.rows, found.columns].T.astype(FLOAT64), 0) * stride / 2
    boxes = geometry.boxes_to_image(np.concatenate([centres - half, centres + half], axis=1))
    return Detections(boxes, found.scores, found.labels)


def heatmaps_to_keypoints(heatmaps: Array, boxes: Array) -> Array:
    """Find the keypoints of each box: where its heat maps, enlarged to the box by cubic convolution, are greatest.

    Parameters
    ----------
    heatmaps : (N, K, h, w) array of float32
        What the keypoint head of Mask R-CNN gives: logits of K keypoints for each box; finite.
    boxes : (N, 4) array of float32 or float64
        ``x1, y1, x2, y2`` in pixels of the image; less than 2**15 wide and high.

    Returns
    -------
    (N, K, 3) array of float32
        ``x, y, score``: the place in the image, and the greatest value, a logit. What `Detections` takes as
        ``keypoints``.

    Raises
    ------
    TypeError
        Wrong kind of array.
    ValueError
        Wrong shape, another number of boxes, a box that is not finite, out of order or too large, or a value that is
        not finite.

    Notes
    -----
    With W the width of a box, at least 1, and W' the next integer, the map is enlarged to W' pixels by the cubic kernel
    with a = −3/4, and pixel x of it, the first by rows with the greatest value, lies at ``x1 + (x + 1/2) W / W'``: the
    rule of Mask R-CNN's first code and of torchvision's ``heatmaps_to_keypoints``, whose float32 arithmetic this
    repeats; where two pixels are equal within its rounding, the other may be found.

    Nothing is enlarged: the sixteen pixels around an output pixel bound its value, and only where the bound reaches
    what was found are values computed. Of a map with one peak those are few: the time is about that of a pass over the
    map.

    References
    ----------
    K. He, G. Gkioxari, P. Dollár, R. Girshick, Mask R-CNN, ICCV 2017, section 5.
    R. Keys, Cubic convolution interpolation for digital image processing, IEEE Transactions on Acoustics, Speech, and
    Signal Processing 29 (1981) 1153-1160.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import heatmaps_to_keypoints
    >>> maps = np.zeros((1, 1, 8, 8), np.float32)
    >>> maps[0, 0, 2, 5] = 4
    >>> heatmaps_to_keypoints(maps, np.array([[10.0, 20.0, 26.0, 36.0]])).round(2)
    array([[[20.5 , 24.5 ,  3.09]]], dtype=float32)
    """
    name = "heatmaps_to_keypoints"
    maps = check_floats(name, "heatmaps", heatmaps, "(N, K, h, w)", (FLOAT32,))
    if maps.ndim != 4 or 0 in maps.shape[2:]:
        must = "of shape (N, K, h, w), at least one pixel large"
        raise wrong_value(name, "heatmaps", must, Got(f"shape {maps.shape}"))
    if not np.isfinite(maps).all():
        raise wrong_value(name, "heatmaps", "finite", Got("NaN or infinity in it"))
    corners = check_boxes(name, boxes)
    if len(corners) != len(maps):
        must = f"of shape ({len(maps)}, 4), one for each row of heatmaps"
        raise wrong_value(name, "boxes", must, Got(f"shape {corners.shape}"))
    with np.errstate(over="ignore", invalid="ignore"):
        corners = corners.astype(FLOAT32)
        sides = np.maximum(corners[:, 2:] - corners[:, :2], FLOAT32.type(1))
    wrong = ~(sides < _WIDEST).all(axis=1)
    if wrong.any():
        row = int(np.argmax(wrong))
        must = f"less than {_WIDEST} pixels wide and high"
        raise wrong_value(name, "boxes", must, Got(f"{boxes[row].tolist()} in row {row}"))
    whole = np.ceil(sides)
    sizes = np.ascontiguousarray(whole[:, ::-1]).astype(INT64)
    maps = packed(maps)
    values, places = np.empty(maps.shape[:2], FLOAT32), np.empty(maps.shape[:2], INT64)
    if maps.size:
        run_bands(
            lambda n0, n1: kernels.cubic_peaks(maps, sizes, values, places, n0, n1),
            len(maps),
            _CUBIC_COST * maps.size,
        )
    rows, columns = np.divmod(places, sizes[:, 1:])
    at = np.stack([columns, rows], axis=2).astype(FLOAT32) + FLOAT32.type(0.5)
    found = at * (sides / whole)[:, None] + corners[:, None, :2]
    return np.concatenate([found, values[:, :, None]], axis=2)

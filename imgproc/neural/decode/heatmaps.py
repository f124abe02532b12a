"""Objects from heat maps: their highest local maxima, and the boxes that CenterNet reads there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ..._core.box_arrays import FLOAT64, INT64, check_floats, packed
from ..._core.errors import Got, wrong_value
from ..._core.images import FLOAT32, Array
from ..._core.parameters import Flag, Range
from ..._core.threads import run_bands
from ..._ext import heatmaps as kernels
from ...detections import Detections
from ..geometry import Geometries, Geometry, geometry_of_each
from ..outputs import Keys, Outputs, reads, tensor
from .heads import least_logit
from .heads import sigmoid as sigmoid_of

COUNT = Range(low=1, high=2**20, integer=True)
PROBABILITY = Range(low=0, high=1)
FLAG = Flag()

# Nanoseconds for a value.
_PEAK_COST = 0.2


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
    bound = FLOAT32.type(threshold)
    # What is above the float below it is at least the least logit.
    least = np.nextafter(FLOAT32.type(least_logit(threshold)), FLOAT32.type(-np.inf)) if sigmoid else bound
    if maps.size:
        run_bands(
            lambda n0, n1: kernels.peaks(maps, least, values, places, counts, n0, n1),
            count,
            _PEAK_COST * maps.size,
        )
    found = []
    for row, some in enumerate(counts.tolist()):
        scores = sigmoid_of(values[row, :some]) if sigmoid else values[row, :some]
        labels, pixel = np.divmod(places[row, :some], height * width)
        found.append(Peaks(scores, labels, *np.divmod(pixel, width)))
    return found


@reads("heatmap", "offset", "size")
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

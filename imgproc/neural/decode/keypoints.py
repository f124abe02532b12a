"""Keypoints from the heat maps of Mask R-CNN's keypoint head."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..._core.box_arrays import FLOAT64, INT64, check_boxes, check_floats, packed
from ..._core.errors import Got, wrong_value
from ..._core.images import FLOAT32, Array
from ..._core.threads import run_bands
from ..._ext import heatmaps as kernels
from ...detections import Detections
from ..errors import OutputMismatch
from ..geometry import Geometries, geometry_of_each
from ..outputs import Keys, Outputs, reads, tensor
from .records import check_detections

_WIDEST = 2**15

# Nanoseconds for a value of a map.
_CUBIC_COST = 8.0


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
    return _points(name, maps, corners)


def _points(name: str, maps: Array, boxes: Array) -> Array:
    with np.errstate(over="ignore", invalid="ignore"):
        corners = boxes.astype(FLOAT32)
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
    largest = np.finfo(FLOAT32).max
    values = values.clip(-largest, largest)  # cubic interpolation overshoots
    return np.concatenate([found, values[:, :, None]], axis=2)


@reads("keypoints")
def decode_keypoint_head(
    outputs: Outputs, detections: Sequence[Detections], geometries: Geometries, *, keys: Keys = None
) -> list[Detections]:
    """Give detections the keypoints that Mask R-CNN's keypoint head predicts for them.

    Parameters
    ----------
    outputs : mapping from str to array
        ``keypoints`` (or ``keypoint_logits``), (M, K, h, w): heat maps of K keypoints for each of all detections, image
        after image. Floats, finite.
    detections : sequence of N Detections
        What was found in each image: boxes in the image.
    geometries : Geometry, or sequence of N Geometry
        Where each image lies in the model's input.
    keys : mapping from str to str, optional
        Name of the output where it is another.

    Returns
    -------
    list of Detections
        The same with ``keypoints`` in the image, in place of any that they had; their scores are logits.

    Raises
    ------
    TypeError
        Wrong kind of argument.
    OutputMismatch
        A tensor that is missing, not finite, or of another number of detections.
    ValueError
        Another number of geometries, or a box that is 2**15 pixels of the input wide or high.

    Notes
    -----
    `heatmaps_to_keypoints` of the boxes in the input, whose pixels decide where a keypoint can lie, taken to the image:
    torchvision's order.

    References
    ----------
    K. He, G. Gkioxari, P. Dollár, R. Girshick, Mask R-CNN, ICCV 2017, section 5.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc import Detections
    >>> from imgproc.neural import Geometry, decode_keypoint_head
    >>> maps = np.zeros((1, 1, 8, 8), np.float32)
    >>> maps[0, 0, 2, 5] = 4
    >>> found = Detections(np.array([[5.0, 10, 13, 18]]))
    >>> geometry = Geometry.stretched((32, 32), (64, 64))
    >>> decode_keypoint_head({"keypoints": maps}, [found], geometry)[0].keypoints.round(2)
    array([[[10.25, 12.25,  3.09]]], dtype=float32)
    """
    name = "decode_keypoint_head"
    found = check_detections(name, detections)
    total = sum(map(len, found))
    maps = tensor(name, outputs, "keypoints", (total, "K", "h", "w"), aliases=("keypoint_logits",), keys=keys)
    if 0 in maps.shape[2:]:
        raise OutputMismatch(name, "keypoints", "at least one pixel large", Got(f"shape {maps.shape}"))
    places = geometry_of_each(name, geometries, len(found))
    ends = np.cumsum([0, *map(len, found)])
    made = []
    for one, geometry, start, end in zip(found, places, ends, ends[1:], strict=False):
        points = _points(name, maps[start:end], geometry.boxes_to_input(one.boxes)).astype(FLOAT64)
        points[..., :2] = geometry.points_to_image(points[..., :2])
        made.append(Detections(one.boxes, one.scores, one.labels, one.counts, one.masks, points))
    return made

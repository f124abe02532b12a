"""Poses of people from the heat maps of top-down networks: crops for them, and keypoints refined below a pixel."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from ..._core.array_parameters import Shape
from ..._core.box_arrays import FLOAT64, check_boxes, check_floats
from ..._core.errors import Got, wrong_type, wrong_value
from ..._core.images import FLOAT32, Array, check_image
from ..._core.parameters import Range
from ...detections import Detections
from ...filters.warp import warp_backward
from ..errors import OutputMismatch
from ..outputs import Keys, Outputs, reads, tensor

SHAPE = Shape()
KERNEL = Range(low=1, high=99, integer=True, odd=True)
PADDING = Range(low=1)

_SIGMA = 0.8
_LEAST, _MOST = 0.001, 50.0

# Keypoints whose surroundings are held at a time.
_CHUNK = 1024


def pose_crops(
    image: Array,
    boxes: Array,
    size: Annotated[Any, SHAPE] = (256, 192),
    *,
    padding: Annotated[float, PADDING] = 1.25,
) -> Array:
    """Cut people out of an image, as VitPose and other top-down networks of poses see them.

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA.
    boxes : (N, 4) array of float32 or float64
        ``x1, y1, x2, y2`` in pixels: one for each person.
    size : (int, int), default (256, 192)
        Height and width of each crop, at least 2.
    padding : float, default 1.25
        How much larger than the box the crop is, at least 1.

    Returns
    -------
    (N, height, width[, C]) array
        Of the image's dtype.

    Raises
    ------
    TypeError
        Wrong kind of array or argument.
    ValueError
        Wrong shape, a box that is not finite or out of order, or a number out of range.

    Notes
    -----
    The shorter side of the box grows, about its middle, until its shape is that of the crop, then both by the padding.
    With w the width that results and W the crop's, pixel i is sampled at ``x = cx − w / 2 + i w / (W − 1)``: outer
    pixel to outer pixel, the unbiased form of Huang et al. Samples are bilinear, 0 beyond the image. `decode_pose` with
    the same padding goes back.

    References
    ----------
    J. Huang, Z. Zhu, F. Guo, G. Huang, The devil is in the details: Delving into unbiased data processing for human
    pose estimation, CVPR 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import pose_crops
    >>> pose_crops(np.zeros((480, 640, 3), np.uint8), np.array([[100.0, 50, 200, 400]])).shape
    (1, 256, 192, 3)
    """
    name = "pose_crops"
    image = check_image(name, image)
    boxes = check_boxes(name, boxes)
    height, width = SHAPE.check(name, "size", size)
    if min(height, width) < 2:
        raise wrong_value(name, "size", "a pair (height, width) of integers >= 2", (height, width))
    corner, sides = _regions(boxes, width / height, PADDING.check(name, "padding", padding))
    out = np.empty((len(boxes), height, width, *image.shape[2:]), image.dtype)
    for crop, (left, top), (wide, tall) in zip(out, corner, sides, strict=True):
        coordinates = np.empty((height, width, 2))
        coordinates[..., 0] = (top + np.arange(height) * tall / (height - 1))[:, None]
        coordinates[..., 1] = left + np.arange(width) * wide / (width - 1)
        warp_backward(image, coordinates, border="constant", out=crop)
    return out


def _regions(boxes: Array, aspect: float, padding: float) -> tuple[Array, Array]:
    """Top left corners and sides of what the crops show."""
    corners = boxes.astype(FLOAT64)
    wide, tall = (corners[:, 2:] - corners[:, :2]).T
    sides = np.column_stack([np.maximum(wide, tall * aspect), np.maximum(tall, wide / aspect)]) * padding
    return (corners[:, 2:] + corners[:, :2]) / 2 - sides / 2, sides


def refined_peaks(heatmaps: Array, *, kernel_size: Annotated[int, KERNEL] = 11) -> Array:
    """Find the greatest value of each heat map, and refine its place below a pixel by the shape around it.

    Parameters
    ----------
    heatmaps : (N, K, h, w) array of float32
        Of K keypoints of N people; about Gaussian around a keypoint, with a height of up to 1; finite.
    kernel_size : int, default 11
        Pixels of the Gaussian, of sigma 0.8, by which the maps are smoothed before: odd, at most 99. 1 for none.

    Returns
    -------
    (N, K, 3) array of float32
        ``x, y`` in pixels of the map, whose first pixel has its centre at 0, and the greatest value, unsmoothed.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        Wrong shape, a value that is not finite, or a number out of range.

    Notes
    -----
    DARK: the logarithm L of a Gaussian is a parabola, whose top lies a step of Newton's method away:
    ``place − H⁻¹ g``, with the gradient g and the second derivatives H of L by differences of neighbours, in float64. L
    is taken of the smoothed map held to 0.001 … 50; beyond its border it is held, too. Where the maximum is not above
    0, or H not negative definite, there is no top near, and the place stays that of the pixel.

    Only what a keypoint needs of a map is smoothed. Equal to what VitPose's processor in transformers computes where it
    computes a top: it refines elsewhere as well, which throws points far away, and its float32 indices go wrong from
    some 300 people on.

    References
    ----------
    F. Zhang, X. Zhu, H. Dai, M. Ye, C. Zhu, Distribution-aware coordinate representation for human pose estimation,
    CVPR 2020, section 3.2.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import refined_peaks
    >>> y, x = np.mgrid[:20, :16]
    >>> heat = np.exp(-((x - 7.3) ** 2 + (y - 11.8) ** 2) / 8).astype(np.float32)
    >>> refined_peaks(heat[None, None])[0, 0, :2].round(2)
    array([ 7.3, 11.8], dtype=float32)
    """
    name = "refined_peaks"
    maps = check_floats(name, "heatmaps", heatmaps, "(N, K, h, w)", (FLOAT32,))
    if maps.ndim != 4 or 0 in maps.shape[2:]:
        must = "of shape (N, K, h, w), at least one pixel large"
        raise wrong_value(name, "heatmaps", must, Got(f"shape {maps.shape}"))
    if not np.isfinite(maps).all():
        raise wrong_value(name, "heatmaps", "finite", Got("NaN or infinity in it"))
    return _refined(maps, KERNEL.check(name, "kernel_size", kernel_size))


def _refined(maps: Array, kernel_size: int) -> Array:
    count, points, height, width = maps.shape
    flat = maps.reshape(count * points, height, width)
    at = flat.reshape(len(flat), height * width).argmax(axis=1)
    rows, columns = np.divmod(at, width)
    scores = flat[np.arange(len(flat)), rows, columns]
    places = np.column_stack([columns, rows]).astype(FLOAT64)
    for start in range(0, len(flat), _CHUNK):
        some = slice(start, start + _CHUNK)
        places[some] += np.where(
            scores[some, None] > 0, _steps(_around(flat[some], rows[some], columns[some], kernel_size)), 0
        )
    return np.column_stack([places, scores]).astype(FLOAT32).reshape(count, points, 3)


def _around(maps: Array, rows: Array, columns: Array, kernel_size: int) -> Array:
    """(K, 3, 3): logarithms of each smoothed map around one pixel."""
    radius = kernel_size // 2
    reach = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 * (reach / _SIGMA) ** 2)
    weights /= weights.sum()
    near = []
    for at, extent in ((rows, maps.shape[1]), (columns, maps.shape[2])):
        held = np.clip(at[:, None] + np.arange(-1, 2), 0, extent - 1)
        # Mirrored at the edges of the outer pixels, as often as the kernel is larger than the map.
        turned = (held[:, :, None] + reach) % (2 * extent)
        near.append(np.minimum(turned, 2 * extent - 1 - turned))
    number = np.arange(len(maps))[:, None, None, None]
    smoothed = np.zeros((len(maps), 3, 3))
    for i in range(3):
        across = maps[number, near[0][:, i, :, None, None], near[1][:, None]] @ weights
        smoothed[:, i] = np.einsum("kij,i->kj", across, weights)
    found: Array = np.log(np.clip(smoothed, _LEAST, _MOST))
    return found


def _steps(logs: Array) -> Array:
    """(K, 2) steps x, y to the tops of parabolas; 0 where there is none."""
    dx, dy = (logs[:, 1, 2] - logs[:, 1, 0]) / 2, (logs[:, 2, 1] - logs[:, 0, 1]) / 2
    middle = logs[:, 1, 1]
    dxx = logs[:, 1, 2] - 2 * middle + logs[:, 1, 0]
    dyy = logs[:, 2, 1] - 2 * middle + logs[:, 0, 1]
    dxy = (
        logs[:, 2, 2]
        - logs[:, 1, 2]
        - logs[:, 2, 1]
        + 2 * middle
        - logs[:, 1, 0]
        - logs[:, 0, 1]
        + logs[:, 0, 0]
    ) / 2
    determinant = dxx * dyy - dxy**2
    top = (dxx < 0) & (determinant > 1e-12)
    determinant = np.where(top, determinant, 1)
    steps = np.column_stack([dxy * dy - dyy * dx, dxy * dx - dxx * dy]) / determinant[:, None]
    return np.where(top[:, None], steps, 0)


@reads("heatmaps")
def decode_pose(
    outputs: Outputs,
    found: Detections,
    *,
    padding: Annotated[float, PADDING] = 1.25,
    kernel_size: Annotated[int, KERNEL] = 11,
    keys: Keys = None,
) -> Detections:
    """Give people their keypoints, from the heat maps of VitPose and other top-down networks.

    Parameters
    ----------
    outputs : mapping from str to array
        ``heatmaps``, (N, K, h, w): of K keypoints of each person, in the crops of `pose_crops`. Floats, finite.
    found : Detections
        The N people of one image that the crops were made of.
    padding : float, default 1.25
        That of `pose_crops`.
    kernel_size : int, default 11
        As for `refined_peaks`.
    keys : mapping from str to str, optional
        Name of the output where it is another.

    Returns
    -------
    Detections
        The same with ``keypoints``: ``x, y`` in the image, not clipped to it, and the greatest value of the heat map.

    Raises
    ------
    TypeError
        Wrong kind of argument.
    OutputMismatch
        A tensor that is missing, not finite, or of another number of people.
    ValueError
        A number out of range.

    Notes
    -----
    `refined_peaks`, of which x goes to ``cx − w / 2 + x w / (W − 1)``, with w the width of what the crop shows and W
    that of the heat map. Equal to ``VitPoseImageProcessor.post_process_pose_estimation`` of transformers, up to what
    `refined_peaks` says.

    References
    ----------
    Y. Xu, J. Zhang, Q. Zhang, D. Tao, ViTPose: Simple vision transformer baselines for human pose estimation, NeurIPS
    2022; and those of `pose_crops` and `refined_peaks`.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc import Detections
    >>> from imgproc.neural import decode_pose
    >>> heat = np.zeros((1, 1, 64, 48), np.float32)
    >>> heat[0, 0, 31:33, 23:25] = 1
    >>> person = Detections(np.array([[100.0, 50, 200, 400]]))
    >>> decode_pose({"heatmaps": heat}, person).keypoints.round(1)
    array([[[150., 225.,   1.]]], dtype=float32)
    """
    name = "decode_pose"
    if not isinstance(found, Detections):
        raise wrong_type(name, "found", "Detections", found)
    maps = tensor(name, outputs, "heatmaps", (len(found), "K", "h", "w"), keys=keys)
    padding = PADDING.check(name, "padding", padding)
    kernel_size = KERNEL.check(name, "kernel_size", kernel_size)
    height, width = maps.shape[2:]
    if min(height, width) < 2:
        raise OutputMismatch(
            name, "heatmaps", "at least two pixels wide and high", Got(f"shape {maps.shape}")
        )
    points = _refined(maps, kernel_size).astype(FLOAT64)
    corner, sides = _regions(found.boxes, width / height, padding)
    points[..., :2] *= (sides / (width - 1, height - 1))[:, None]
    points[..., :2] += corner[:, None]
    return Detections(found.boxes, found.scores, found.labels, found.counts, found.masks, points)

"""Depth images as the kernels take them, and the features that the forest is made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import FLOAT32, UINT16, Array
from .._ext import forest as kernels
from .render import BACKGROUND

MAX_SIDE = 32767
"""Pixels: rows and columns of samples are 16-bit."""

NEAREST = 0.05
"""Metres: what is nearer counts as no reading, so that offsets divided by depth stay bounded."""


def prepare_depth(
    function: str, depth: object, argument: str = "depth", body: Array | None = None
) -> tuple[Array, Array]:
    """Depth in metres with `BACKGROUND` wherever there is no body, as (1 + H W) float32, and where there is one.

    The first element is the constant that stands for all that lies outside the image.
    """
    if not isinstance(depth, np.ndarray) or depth.dtype not in (UINT16, FLOAT32):
        raise wrong_type(function, argument, "an (H, W) array of float32 metres or uint16 millimetres", depth)
    if depth.ndim != 2 or 0 in depth.shape or max(depth.shape) > MAX_SIDE:
        must = f"of shape (H, W), each 1 to {MAX_SIDE}"
        raise wrong_value(function, argument, must, Got(f"shape {depth.shape}"))
    metres = depth.astype(np.float32)
    if depth.dtype == UINT16:
        metres /= np.float32(1000)
    with np.errstate(invalid="ignore"):
        seen = (metres >= np.float32(NEAREST)) & (metres < np.float32(BACKGROUND))
    if body is not None:
        seen &= body
    prepared = np.full(1 + metres.size, BACKGROUND, np.float32)
    np.copyto(prepared[1:].reshape(metres.shape), metres, where=seen)
    return prepared, seen


def check_body(function: str, mask: Any, shape: tuple[int, ...]) -> Array | None:
    """A mask of body pixels, or None."""
    if mask is None:
        return None
    if not isinstance(mask, np.ndarray) or mask.dtype not in (np.bool_, np.uint8):
        raise wrong_type(function, "mask", "an array of bool or uint8, or None", mask)
    if mask.shape != shape:
        raise wrong_value(function, "mask", f"of shape {shape} as depth", Got(f"shape {mask.shape}"))
    return np.asarray(mask != 0)


def depth_features(depth: Array, pixels: Array, offsets: Array, *, mask: Array | None = None) -> Array:
    """Differences of depth between two probes, whose places shift with the depth of the pixel itself.

    Parameters
    ----------
    depth : (H, W) array of float32 or uint16
        Metres, or millimetres. 0, NaN, what is nearer than 5 cm and what lies at or beyond 10 m count as off the body.
    pixels : (N, 2) array of integers
        Row and column of the pixels, on the body.
    offsets : (F, 2, 2) array
        For each feature the offsets of both probes, each (rows, columns) in pixels times metres, within ±1e5.
    mask : (H, W) array of bool or uint8, optional
        Where the body is; all that is elsewhere counts as off it.

    Returns
    -------
    (N, F) array of float32
        ``D[x + u / D[x]] - D[x + v / D[x]]`` in metres, places rounded to whole pixels, half to even; D is 10 m off the
        body and outside the image.

    Raises
    ------
    TypeError, ValueError
        Wrong kinds or shapes, pixels outside the image or off the body, offsets that are not finite.

    Notes
    -----
    Some 2 ns for each value. The values do not change where the body moves along the optical axis, but for rounding.

    References
    ----------
    J. Shotton et al., Real-time human pose recognition in parts from single depth images, CVPR 2011, equation 1.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> depth = np.full((3, 3), 2.0, np.float32)
    >>> imgproc.bodyparts.depth_features(depth, np.array([[1, 1]]), np.array([[[0, 2.0], [0, 4.0]]]))
    array([[-8.]], dtype=float32)
    """
    name = "depth_features"
    prepared, seen = prepare_depth(
        name, depth, body=check_body(name, mask, depth.shape if isinstance(depth, np.ndarray) else ())
    )
    pixels, offsets = np.asarray(pixels), np.asarray(offsets, np.float32)
    if pixels.ndim != 2 or pixels.shape[1] != 2 or pixels.dtype.kind not in "iu":
        raise wrong_value(name, "pixels", "an (N, 2) array of integers", pixels)
    if offsets.ndim != 3 or offsets.shape[1:] != (2, 2) or not (np.abs(offsets) <= 1e5).all():
        raise wrong_value(name, "offsets", "an (F, 2, 2) array of numbers within ±1e5", offsets)
    height, width = depth.shape
    inside: Array = np.array(((pixels >= 0) & (pixels < [height, width])).all(axis=1))
    inside[inside] = seen[tuple(pixels[inside].T)]
    if not inside.all():
        wrong = pixels[~inside][0].tolist()
        raise wrong_value(name, "pixels", "inside the image and on the body", Got(str(wrong)))
    values = np.empty((len(pixels), len(offsets)), np.float32)
    rows, columns = np.ascontiguousarray(pixels.T, np.int32)
    kernels.features(
        prepared, height, width, rows, columns, np.ascontiguousarray(offsets.reshape(-1, 4).T), values
    )
    return values

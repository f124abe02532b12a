"""Masks as polygons."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from .._core.box_arrays import INT64
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import UINT8, Array
from .._core.operations import operation
from .._ext import outlines as kernels
from .components import connected_components


@operation("segmentation", takes="masks")
def mask_to_polygons(mask: Array) -> list[Array]:
    """Outline a mask by polygons along the edges of its pixels.

    Parameters
    ----------
    mask : (H, W) array of bool
        What to outline.

    Returns
    -------
    list of (K, 2) array of int64
        ``x, y`` of the corners of each part, clockwise as seen, by rows of first pixels; empty for an empty mask. Holes
        belong to the polygon of their part, which reaches them over a line that it goes both ways.

    Raises
    ------
    TypeError
        Not an array, or not of bool.
    ValueError
        Not two axes, or no pixels.

    Notes
    -----
    Exact: `polygons_to_mask` with the mask's shape gives the mask again, holes and all, and so does pycocotools. Pixels
    that touch at a corner alone are parts of their own. Corners stand only where an outline turns. Memory beside
    the result: labels of the parts, and a byte for a pixel.

    References
    ----------
    A. Rosenfeld, A. C. Kak, Digital Picture Processing, 2nd ed., 1982, volume 2, section 11.1: crack following.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> mask = np.zeros((4, 5), bool)
    >>> mask[1:3, 1:4] = True
    >>> imgproc.mask_to_polygons(mask)[0].tolist()
    [[1, 1], [4, 1], [4, 3], [1, 3]]
    """
    must = "a bool array of shape (H, W)"
    if not isinstance(mask, np.ndarray) or isinstance(mask, np.ma.MaskedArray):
        raise wrong_type("mask_to_polygons", "mask", must, mask)
    if mask.dtype != np.bool_:
        raise wrong_type("mask_to_polygons", "mask", must, Got(f"dtype {mask.dtype}"))
    if mask.ndim != 2 or mask.size == 0:
        must = "of shape (H, W), at least one pixel large"
        raise wrong_value("mask_to_polygons", "mask", must, Got(f"shape {mask.shape}"))
    labels = connected_components(mask, 4).labels
    traced, starts = kernels.trace(np.ascontiguousarray(mask).view(UINT8))
    corners, begin = np.frombuffer(traced, INT64).reshape(-1, 2), np.frombuffer(starts, INT64)
    # Its first edge is the upper one of a pixel; a part's own outline is met before those of its holes.
    x, y = corners[begin].T
    return _joined(corners, begin, labels[y, x]) if len(begin) else []


def _joined(corners: Array, begin: Array, labels: Array) -> list[Array]:
    """The polygon of each label: its first outline and, of each other one, the first corner of that, itself, and its
    own first corner again. The last line back to the beginning closes the polygon by itself."""
    order = np.argsort(labels, kind="stable")
    labels, counts, begin = labels[order], np.diff(begin, append=len(corners))[order], begin[order]
    own = np.diff(labels, prepend=-1) != 0
    hole = ~own
    sizes = counts + 2 * hole
    ends = np.cumsum(sizes)
    places = ends - sizes
    source = np.arange(ends[-1]) + np.repeat(begin - places - hole, sizes)
    source[places[hole]] = begin[own][np.cumsum(own)[hole] - 1]
    source[ends[hole] - 1] = begin[hole]
    polygons = corners.take(source, axis=0)
    bounds = [*places[own].tolist(), len(polygons)]
    return [polygons[i:j].copy() for i, j in pairwise(bounds)]

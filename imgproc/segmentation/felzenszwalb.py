"""Felzenszwalb's and Huttenlocher's graph-based segmentation."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from .._core.errors import Got, wrong_value
from .._core.images import FLOAT32, UINT8, Array, check_image, color_count
from .._core.operations import operation
from .._core.parameters import Range
from .._ext import felzenszwalb as kernels
from ..filters.convolution import convolve_separable

SCALE = Range(low=0)
SIGMA = Range(low=0, high=1000)
MIN_SIZE = Range(low=0, integer=True)

# Edges, for each pixel, that are gathered and sorted at a time. Of smaller groups more is left out, for more passes
# over the image; the time is flat around this.
_GROUP = 0.5


def blur_plane(plane: Array, sigma: float, out: Array) -> None:
    """A float32 plane blurred as SciPy and scikit-image do, into ``out``."""
    radius = int(4 * sigma + 0.5)
    if radius == 0:
        np.copyto(out, plane)
        return
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    weights /= weights.sum()
    convolve_separable(plane, weights, weights, border="symmetric", out=out)


def check_pixels(function: str, image: Array) -> None:
    height, width = image.shape[:2]
    if height * width > kernels.PIXELS:
        must = f"at most {kernels.PIXELS:,} pixels large"
        raise wrong_value(function, "image", must, Got(f"shape {image.shape}"))


def segment_planes(planes: Array, scale: float, min_size: int) -> tuple[Array, int]:
    """Regions of a float32 ``(1 or 3, H, W)`` array, and how many; ``scale`` is in the units of the samples."""
    _, height, width = planes.shape
    pixels = height * width
    nodes, bins = np.empty(pixels, np.int64), np.empty(kernels.BINS, np.uint32)
    most = kernels.count_edges(planes, scale, nodes, bins)
    edges = np.empty((2, kernels.edges_room(max(most, int(_GROUP * pixels)), width)), np.int64)
    labels = np.empty((height, width), np.int32)
    count = kernels.grow(planes, scale, min(min_size, pixels), nodes, bins, edges, labels)
    return labels, count


@operation("segmentation", result="values", halo=None)
def felzenszwalb(
    image: Array,
    scale: Annotated[float, SCALE] = 1.0,
    sigma: Annotated[float, SIGMA] = 0.8,
    min_size: Annotated[int, MIN_SIZE] = 20,
) -> Array:
    """Segment an image into regions that differ more from each other than within, by Felzenszwalb's graph method.

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA of at most 2**30 - 1 pixels; alpha is ignored.
    scale : float, default 1
        How much regions may differ within, >= 0: larger values give larger regions. In levels of uint8, whatever the
        dtype; 50 to 500 suit photographs.
    sigma : float, default 0.8
        Standard deviation in pixels, 0 to 1000, of the Gaussian that the image is blurred with before; 0 for none.
    min_size : int, default 20
        Regions of fewer pixels are joined to the neighbour that differs least, >= 0.

    Returns
    -------
    (H, W) array of int32
        Labels 0, 1, 2, ... in the order of the regions' first pixels, row by row.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        A number out of range, wrong shape, or an image that is too large.

    Notes
    -----
    The pixels and their eight neighbours are a graph; an edge weighs ``w = |p - q|``, the distance of its colours.
    Each pixel begins as a region. Edges are looked at from the lightest to the heaviest, and the two regions at the
    ends of one become one if::

        w < min(Int(A) + scale / |A|, Int(B) + scale / |B|)

    with ``|A|`` the pixels of A and ``Int(A)`` the heaviest edge that A grew over, 0 at first. Afterwards, in the same
    order, regions are joined where one has fewer than ``min_size`` pixels.

    Ties: squares of weights are float32, and among edges with equal ones first come those between a pixel and the one
    to its right, then those below, below to the right, and below to the left, each in the order of rows. That is the
    order in which `skimage.segmentation.felzenszwalb` lists them, which then sorts them without a rule for ties; where
    no weights tie, nor are closer than float32 tells, the labels are those of scikit-image. ``cv2.ximgproc`` looks at
    four neighbours only. Differences below 1e-19 count as 0 and above 1e19 as infinite; infinite and NaN weights only
    ever join regions that are too small.

    Most edges never need their place in the order. They are computed, not stored, in a few groups of rising weights;
    those within a region, and those of a region that has refused an edge, which therefore never grows again, are left
    out in one pass over the image, and the others are sorted by radix. Time is proportional to the pixels, but for the
    depth of the trees they are kept in. Memory beside the result: 32 bytes for each pixel of an RGB image and 24 of a
    gray one, 80 at most where most edges weigh the same, and not 0. Only the blur runs on several threads.

    References
    ----------
    P. F. Felzenszwalb, D. P. Huttenlocher, Efficient graph-based image segmentation, International Journal of Computer
    Vision 59 (2), 2004.
    V. Osipov, P. Sanders, J. Singler, The filter-Kruskal minimum spanning tree algorithm, ALENEX 2009: why most edges
    need no sorting.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> image = np.zeros((4, 6), np.uint8)
    >>> image[1:3, 2:4] = 200
    >>> imgproc.felzenszwalb(image, 10, 0, 1)
    array([[0, 0, 0, 0, 0, 0],
           [0, 0, 1, 1, 0, 0],
           [0, 0, 1, 1, 0, 0],
           [0, 0, 0, 0, 0, 0]], dtype=int32)
    """
    function = "felzenszwalb"
    image = check_image(function, image)
    check_pixels(function, image)
    scale = SCALE.check(function, "scale", scale)
    sigma = SIGMA.check(function, "sigma", sigma)
    min_size = MIN_SIZE.check(function, "min_size", min_size)
    unit = 1.0 if image.dtype == UINT8 else 1 / 255 if image.dtype == FLOAT32 else 257.0
    channels = image.reshape(*image.shape[:2], -1)
    planes = np.empty((color_count(image), *image.shape[:2]), np.float32)
    for number, plane in enumerate(planes):
        blur_plane(channels[..., number].astype(np.float32), sigma, plane)
    return segment_planes(planes, scale * unit, min_size)[0]

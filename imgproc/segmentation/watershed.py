"""Watershed: a relief is flooded from markers, and each pixel belongs to the marker whose flood reaches it first."""

from __future__ import annotations

import numbers
from typing import Annotated

import numpy as np

from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import FLOAT32, UINT8, UINT16, Array
from .._core.operations import operation
from .._core.parameters import Flag, Range
from .._ext import watershed as kernels
from .neighbors import both_ways, check_connectivity, framed_size
from .seeds import grid_markers
from .volumes import check_volume

INT32 = np.dtype(np.int32)
DTYPES = (UINT8, UINT16, INT32, FLOAT32, np.dtype(np.float64))
COMPACTNESS = Range(low=0)
LINES = Flag()

_COUNT = Range(low=1, integer=True)
_LARGEST = np.iinfo(np.int32).max
FRAMED = 2**32 - 1
"""Kernels that queue or sort pixels number them, those of the frame included, with 32 bits below this."""


@operation("segmentation", takes="relief")
def watershed(
    image: Array,
    markers: Array | int | None = None,
    *,
    mask: Array | None = None,
    connectivity: int | Array = 1,
    compactness: Annotated[float, COMPACTNESS] = 0.0,
    lines: Annotated[bool, LINES] = False,
) -> Array:
    """Divide a relief into basins by flooding it from markers.

    Parameters
    ----------
    image : (H, W) or (D, H, W) array of uint8, uint16, int32, float32 or float64
        The relief, low where floods begin: a gradient, or a distance with its sign changed. Three axes are a volume,
        so that an RGB image has to become gray before.
    markers : array of integers, int or None, default None
        Where floods begin: labels 1 to 2**31 - 1 in an array of the image's shape, 0 elsewhere, 0 where the mask is
        false; one label may mark any pixels. A number stands for about so many single pixels on a regular grid.
        None stands for the regional minima, numbered in the order of memory.
    mask : array of bool or uint8, optional
        Of the image's shape: only pixels where it is true, or not 0, are flooded.
    connectivity : int or array, default 1
        Along how many axes at a time a neighbour may differ, or how many neighbours that gives: in an image 1 or 4, 2
        or 8; in a volume 1 or 6, 2 or 18, 3 or 26. Or a footprint, as many axes of odd length, true at the neighbours
        of the pixel in its middle.
    compactness : float, default 0
        At least 0. Levels that a pixel of distance from the marker costs; large values give basins of even size and
        shape.
    lines : bool, default False
        Whether basins are divided by lines of label 0.

    Returns
    -------
    array of int32
        Of the image's shape: the label of the flood that reached the pixel, 0 where none did.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        Wrong or different shapes, NaN in the relief, an empty mask, labels below 0 or above 2**31 - 1, a marker where
        the mask is false, or a footprint without neighbours.

    Notes
    -----
    Pixels wait for the flood in one queue. The next is the one of the lowest level, of those the one that has waited
    longest. Markers wait from the beginning, in the order of memory; each neighbour of a pixel that is flooded and has
    no label yet gets its label and starts to wait, at its own level or at the level of the flood where that is higher
    (a basin that floods run over into is divided half way between them). Neighbours come nearest first, then in the
    order of memory. So levels, ages and places decide in this order, and the result is the same on every machine.

    These are the labels of ``skimage.segmentation.watershed``, with one difference: scikit-image takes markers of one
    level in whatever order its heap holds them, which hangs on everything else that waits. That shows where floods
    from two markers of the same level reach a pixel with equal right. Markers where the mask is false are an error
    here and left out there; a relief of one height has no minima here and there.

    Integers wait in one queue for each level, pieces of a single array; floats, and integers of a wide range, are
    sorted first, so that what has the same value has the same level. Levels are compared in the image's own dtype, +0
    and -0 are equal, and infinity is a level. Time is proportional to the number of pixels. Memory beside the result:
    4 to 8 bytes for a pixel, and 32 for sorted ones.

    With ``compactness``, levels are those of float64 plus ``compactness`` times the Euclidean distance, in pixels, from
    the pixel of the marker that the flood came from. A binary heap orders them, in time that grows with the logarithm
    of the number of pixels and in up to 32 bytes for each pair of neighbours, and here markers of one level are taken
    as scikit-image's takes them, so that the labels are the same throughout.

    ``lines`` changes no label but those that it sets to 0. Of each two neighbours with different labels one becomes a
    line pixel, a marker only beside another marker, else the higher, else the later in memory; line pixels that divide
    nothing are given back. So no two labels are neighbours, even of markers that touch. scikit-image leaves line pixels
    out of the flood, which changes the labels behind them, and draws none between markers that touch.

    References
    ----------
    F. Meyer, Color image segmentation, International Conference on Image Processing and its Applications, 1992,
    pp. 303-306. P. Soille, M. Ansoult, Automated basin delineation from digital elevation models using mathematical
    morphology, Signal Processing 20, 1990, pp. 171-182. P. Neubert, P. Protzel, Compact watershed and preemptive
    SLIC, International Conference on Pattern Recognition, 2014, pp. 996-1001.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> relief = np.array([[2, 1, 3, 9, 4, 0, 4]], np.uint8)
    >>> imgproc.watershed(relief)
    array([[1, 1, 1, 1, 2, 2, 2]], dtype=int32)
    >>> imgproc.watershed(relief, lines=True)
    array([[1, 1, 1, 0, 2, 2, 2]], dtype=int32)
    """
    image = check_volume("watershed", "image", image, DTYPES)
    pixels = _check_mask(mask, image.shape)
    steps = check_connectivity("watershed", connectivity, image.ndim)
    compactness = COMPACTNESS.check("watershed", "compactness", compactness)
    lines = LINES.check("watershed", "lines", lines)
    relief = _whole(_without_nan(image, pixels))
    inside = None if pixels is None else _whole(pixels)
    marks = _whole(_check_markers(markers, relief, inside, both_ways(steps), image.shape))
    labels = np.empty(relief.shape, np.int32)
    if compactness > 0 or framed_size(relief.shape, steps) >= FRAMED:
        kernels.compact(relief, marks, inside, steps, compactness, labels)
    else:
        levels, starts = _levels(relief, int(marks.max()))
        kernels.flood(levels, starts, marks, inside, steps, labels)
    if lines:
        around = both_ways(steps)
        kernels.lines(relief, marks, around, len(around) // 2, labels)
    return labels.reshape(image.shape)


def _whole(array: Array) -> Array:
    """(D, H, W), C-contiguous and aligned, as kernels read it."""
    array = np.require(array, requirements=["C", "A"])
    return array if array.ndim == 3 else array[None]


def _check_mask(mask: object, shape: tuple[int, ...]) -> Array | None:
    if mask is None:
        return None
    array = check_volume("watershed", "mask", mask)
    if array.shape != shape:
        raise wrong_value("watershed", "mask", f"of the image's shape {shape}", Got(f"shape {array.shape}"))
    if not array.any():
        raise wrong_value("watershed", "mask", "true for at least one pixel", Got("a mask without any"))
    return np.ascontiguousarray(array).view(UINT8)


def _without_nan(image: Array, mask: Array | None) -> Array:
    """The relief; NaN that the mask leaves out stands as a wall of infinite height."""
    if image.dtype.kind != "f" or not np.isnan(image.min()):
        return image
    missing = np.isnan(image)
    wrong = missing if mask is None else missing & (mask != 0)
    if wrong.any():
        at = tuple(map(int, np.argwhere(wrong)[0]))
        must = "free of NaN" if mask is None else "free of NaN where the mask is true"
        raise wrong_value("watershed", "image", must, Got(f"NaN at {at}"))
    return np.where(missing, image.dtype.type(np.inf), image)


def _check_markers(
    markers: object, relief: Array, mask: Array | None, around: Array, shape: tuple[int, ...]
) -> Array:
    if markers is None:
        found = np.empty(relief.shape, np.int32)
        if kernels.minima(relief, mask, around, found) > _LARGEST:
            raise wrong_value(
                "watershed", "markers", "given for a relief of more than 2**31 - 1 minima", None
            )
        return found
    if isinstance(markers, np.ndarray) and not isinstance(markers, np.ma.MaskedArray):
        return _check_marks(markers, mask, shape)
    if not isinstance(markers, numbers.Integral) or isinstance(markers, bool):
        must = "None, a number of markers or an integer array of the image's shape"
        raise wrong_type("watershed", "markers", must, markers)
    count = _COUNT.check("watershed", "markers", markers)
    share = 1.0 if mask is None else np.count_nonzero(mask) / mask.size
    grid = grid_markers(shape, int(count / share))
    if mask is not None:
        grid[mask.reshape(shape) == 0] = 0
    return grid


def _check_marks(markers: Array, mask: Array | None, shape: tuple[int, ...]) -> Array:
    if markers.dtype.kind not in "iu" or not markers.dtype.isnative:
        raise wrong_type("watershed", "markers", "an array of integers", Got(f"dtype {markers.dtype}"))
    if markers.shape != shape:
        must = f"of the image's shape {shape}"
        raise wrong_value("watershed", "markers", must, Got(f"shape {markers.shape}"))
    for wrong in (int(markers.min()), int(markers.max())):
        if not 0 <= wrong <= _LARGEST:
            raise wrong_value("watershed", "markers", "labels of 0 to 2**31 - 1", Got(f"the label {wrong}"))
    if mask is not None:
        outside = markers.astype(bool) & (mask.reshape(shape) == 0)
        if outside.any():
            at = tuple(map(int, np.argwhere(outside)[0]))
            must = "0 where the mask is false (markers * mask is)"
            raise wrong_value("watershed", "markers", must, Got(f"the label {markers[at]} at {at}"))
    return markers.astype(np.int32, copy=False)


def _levels(relief: Array, largest: int) -> tuple[Array, Array]:
    """Levels as the kernel takes them, few as they are, else ranks; and room for how many pixels lie below each."""
    narrow = largest < 2**16 - 1
    if relief.dtype == UINT8 and largest < 2**24 - 1:
        return relief, np.empty(2**8, np.uint32)
    if relief.dtype == UINT16 and narrow:
        return relief, np.empty(2**16, np.uint32)
    values: Array = relief if relief.dtype.kind == "f" else relief.astype(np.int32, copy=False)
    if values.dtype == INT32 and narrow:
        low = int(values.min())
        if int(values.max()) - low < 2**16:
            return np.subtract(values, low, dtype=np.int32).astype(np.uint16), np.empty(2**16, np.uint32)
    ranks, starts = np.empty(relief.shape, np.uint32), np.empty(relief.size + 1, np.uint32)
    count = kernels.ranks(values.reshape(-1), ranks.reshape(-1), starts)
    if narrow and count <= 2**16:
        return ranks.astype(np.uint16), np.empty(2**16, np.uint32)
    return ranks, starts[:count]


__all__ = ["watershed"]

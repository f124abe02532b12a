"""Objects that touch: one label for each, from the shape of their mask alone."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from .._core.errors import Got, wrong_value
from .._core.images import Array
from .._core.operations import operation
from .._core.parameters import Range
from .._ext import watershed as kernels
from .distance import distance_transform
from .neighbors import check_connectivity, framed_size
from .volumes import check_volume
from .watershed import FRAMED, watershed

DEPTH = Range(above=0)


@operation("segmentation", takes="masks")
def split_touching_objects(mask: Array, *, depth: Annotated[float, DEPTH] = 0.75) -> Array:
    """Label the objects of a mask, and divide those that touch where they are narrow.

    Parameters
    ----------
    mask : (H, W) or (D, H, W) array of bool or uint8
        Objects are where it is true or not 0: nuclei, grains, coins, after a threshold.
    depth : float, default 0.75
        Pixels above 0 by which a neck must be narrower, in half its width, than the smaller of the two parts that it
        joins, for the object to be divided there. Outlines that are rough by less than that divide nothing.

    Returns
    -------
    array of int32
        Of the mask's shape: labels from 1 on, 0 where the mask is false.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        Not two or three axes, no pixels or too many, or a depth that is not above 0.

    Notes
    -----
    Three steps: the distance from each pixel to the nearest one outside (`distance_transform`); its peaks, one for each
    part, of which those count from which one has to go down by at least ``depth`` to reach a higher one; and the
    `watershed` of the distance with its sign changed from these peaks, within the mask. Peaks of this kind are the
    h-maxima of morphology. Unlike the greatest of a window, of which the size is to be known, they do not break long
    objects into pieces.

    Pixels that touch at a corner belong together. Labels are in the order of their peaks in memory; every component of
    the mask has one at least. Time is about that of a `watershed` of floats; memory beside the result 26 bytes for a
    pixel.

    References
    ----------
    S. Beucher, C. Lantuéjoul, Use of watersheds in contour detection, International Workshop on Image Processing,
    1979. P. Soille, Morphological Image Analysis, 2nd edition, 2003, sections 6.3.4 and 9.2.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> y, x = np.mgrid[:21, :36]
    >>> discs = ((y - 10) ** 2 + (x - 10) ** 2 < 90) | ((y - 10) ** 2 + (x - 25) ** 2 < 90)
    >>> labels = imgproc.split_touching_objects(discs)
    >>> labels.max(), labels[10, 16:20]
    (np.int32(2), array([1, 1, 2, 2], dtype=int32))
    """
    mask = check_volume("split_touching_objects", "mask", mask)
    depth = DEPTH.check("split_touching_objects", "depth", depth)
    steps = check_connectivity("split_touching_objects", mask.ndim, mask.ndim)
    if framed_size(mask.shape if mask.ndim == 3 else (1, *mask.shape), steps) >= FRAMED:
        must = "of below 2**32 - 1 pixels with those around it"
        raise wrong_value("split_touching_objects", "mask", must, Got(f"shape {mask.shape}"))
    distance = distance_transform(mask)
    volume = distance if mask.ndim == 3 else distance[None]
    peaks = np.empty(volume.shape, np.int32)
    if not kernels.peaks(volume, steps, depth, peaks):
        return peaks.reshape(mask.shape)
    np.negative(distance, out=distance)
    return watershed(distance, peaks.reshape(mask.shape), mask=mask, connectivity=mask.ndim)

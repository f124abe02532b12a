"""Histograms for people: counts in bins of equal width."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np

from .._core.errors import wrong_value
from .._core.histograms import level_counts, sum_bands
from .._core.images import FLOAT32, GRAY, Array, channel_count, check_image, check_mask
from .._core.operations import operation
from .._core.parameters import Interval, OrNone, Range
from .._core.tables import levels
from .._ext import histogram as _histogram

BINS = OrNone(Range(low=1, high=65536, integer=True))
RANGE = OrNone(Interval())


def _bin_integers(counts: Array, bins: int, low: float, high: float) -> Array:
    """Counts of levels gathered into bins; exact, since every product is an integer below 2^53."""
    values = np.arange(counts.shape[1], dtype=np.float64)
    values = values[(values >= low) & (values <= high)]
    binned = np.zeros((len(counts), bins), np.uint64)
    if len(values):
        bin_of = np.minimum((values - low) * bins / (high - low), bins - 1).astype(np.intp)
        first = int(values[0])
        for channel, row in zip(binned, counts, strict=True):
            # The sums are float64 and exact: no image has 2^53 samples.
            channel[:] = np.bincount(bin_of, row[first : first + len(values)], bins)
    return binned


@operation("tone", result="values", halo=None)
def histogram(
    image: Array,
    *,
    bins: Annotated[int | None, BINS] = 256,
    range: Annotated[tuple[float, float] | None, RANGE] = None,
    mask: Array | None = None,
) -> Array:
    """Count the samples of each channel in bins of equal width.

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA; alpha is counted as well.
    bins : int or None, default 256
        Number of bins, 1 to 65536. None: one bin per value of an integer dtype, 256 or 65536.
    range : (low, high), optional
        Numbers in units of the samples, ``low < high``, that the bins divide. By default ``(0, 255)`` for
        uint8, ``(0, 65535)`` for uint16, ``(0, 1)`` for float32.
    mask : (H, W) array of bool or uint8, optional
        Pixels to count, where not 0.

    Returns
    -------
    array of uint64
        ``(bins,)`` for gray, ``(C, bins)`` for RGB and RGBA.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        Wrong shape, empty mask, ``bins`` or ``range`` out of bounds, ``bins=None`` for float32 or together
        with ``range``.

    Notes
    -----
    The rule of `numpy.histogram`: bin k holds the samples with ``k = ⌊(v − low) · bins / (high − low)⌋``; a
    sample equal to ``high`` falls into the last bin, one outside [low, high] into none, nor does NaN. The
    formula is evaluated in float64, which is exact for integer samples and integer ranges; elsewhere a value
    within float64 rounding of an edge may fall on either side of it.

    With the default range 256 bins hold one uint8 value each, or 256 consecutive uint16 values; 65536 bins
    hold one uint16 value each, as ``bins=None`` does.

    One pass over the image whatever the number of bins. Counters cannot overflow.

    References
    ----------
    R. C. Gonzalez, R. E. Woods, Digital Image Processing, 4th ed., section 3.3: histogram processing.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> imgproc.histogram(np.array([[0, 1, 64, 255]], np.uint8), bins=4)
    array([2, 1, 0, 1], dtype=uint64)
    """
    image = check_image("histogram", image)
    bins = BINS.check("histogram", "bins", bins)
    limits = RANGE.check("histogram", "range", range)
    mask = check_mask("histogram", mask, image)
    channels = channel_count(image)
    if image.dtype == FLOAT32:
        if bins is None:
            raise wrong_value("histogram", "bins", "an integer for float32 images", bins)
        low, high = limits or (0.0, 1.0)
        width = high - low
        # The reciprocal of a power of two is exact, so that multiplying is dividing.
        inverse = 1 / width if math.frexp(width)[0] == 0.5 and 2**-64 < width < 2**64 else 0.0
        counts = sum_bands(
            _histogram.count_bins, image, mask, False, (channels, 65536), bins, low, high, inverse
        )[:, :bins]
        counts = np.ascontiguousarray(counts)
    else:
        if bins is None and limits is not None:
            raise wrong_value("histogram", "range", "None where bins is None", range)
        counts = level_counts(image, mask, channels=channels)
        top = levels(image.dtype) - 1
        low, high = limits or (0.0, float(top))
        if bins is not None and (bins, low, high) != (top + 1, 0, top):
            counts = _bin_integers(counts, bins, low, high)
    return counts[0] if channels == GRAY else counts

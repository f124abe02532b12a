"""Pointwise tone maps: statistics, then a table, then one pass that applies it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import numpy as np

from .._core.float_maps import power
from .._core.images import FLOAT32, Array, check_image, check_out
from .._core.operations import operation
from .._core.parameters import Range
from .._core.tables import apply_tables, levels, quantize

GAMMA = Range(above=0)
GAIN = Range(low=0)

Histograms = Callable[[], Array]


def _gamma_tables(histograms: Histograms, dtype: np.dtype[Any], *, gamma: float, gain: float = 1.0) -> Array:
    top = levels(dtype) - 1
    return quantize(top * gain * (np.arange(top + 1) / top) ** gamma, dtype)[None]


@operation("tone", command="gamma", in_place=True, tables=_gamma_tables)
def gamma_correct(
    image: Array,
    gamma: Annotated[float, GAMMA],
    *,
    gain: Annotated[float, GAIN] = 1.0,
    out: Array | None = None,
) -> Array:
    """Raise an image to a power: ``out = gain · image ** gamma`` on the normalised range.

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA; alpha is copied.
    gamma : float
        Exponent, > 0. Below 1 brightens, above 1 darkens.
    gain : float, default 1
        Factor, >= 0, applied after the power.
    out : array, optional
        Where to write; may be ``image``.

    Returns
    -------
    array
        Same shape and dtype. Integers are scaled to [0, 1] by their largest value, mapped, scaled back,
        rounded half to even and clipped. float32 is not clipped: values above 1 follow the power law.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        ``gamma <= 0``, NaN or infinite, ``gain < 0``, wrong shape, or an ``out`` that does not fit.

    Notes
    -----
    Integers go through a table of all their values, computed in float64: exact. float32 is within
    2 + gamma / 8 units in the last place (2.5 + gamma / 8 with a gain), subnormal numbers included, and exact
    before its one rounding where ``gamma`` is 1. There samples below 0 give 0, NaN stays NaN, infinity stays
    infinity, and ``gain`` 0 gives 0 for all but NaN.

    References
    ----------
    R. C. Gonzalez, R. E. Woods, Digital Image Processing, 4th ed., section 3.2: power-law transformations.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> imgproc.gamma_correct(np.array([[0, 64, 255]], np.uint8), 0.5)
    array([[  0, 128, 255]], dtype=uint8)
    """
    image = check_image("gamma_correct", image)
    gamma = GAMMA.check("gamma_correct", "gamma", gamma)
    gain = GAIN.check("gamma_correct", "gain", gain)
    out = check_out("gamma_correct", out, image.shape, image.dtype, image, in_place=True)
    if image.dtype == FLOAT32:
        return power(image, gamma, gain, out)
    return apply_tables(image, _gamma_tables(lambda: image, image.dtype, gamma=gamma, gain=gain), out)

"""Colour constancy: the light's colour from image statistics, and the gains that take it out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import numpy as np

from .._core.float_maps import affine
from .._core.images import FLOAT32, RGB, RGBA, Array, check_image, check_mask, check_out
from .._core.operations import operation
from .._core.parameters import Choice, Range
from .._core.tables import apply_tables, levels, quantize
from .means import colour_norms, colour_percentiles, colour_sums, level_norms, level_percentiles, level_sums

SATURATION = Range(low=0, high=1)
POWER = Range(low=1)
PERCENTILE = Range(above=0, high=100)
METHOD = Choice(("gray_world", "shades_of_gray", "white_patch"))

CHANNELS = (RGB, RGBA)

Histograms = Callable[[], Array]


def _equalizing_gains(means: Sequence[float]) -> list[float]:
    """Gains that bring means, or equal multiples of them, to their common mean; 1 where there is none."""
    common = sum(means)
    return [common / (3 * mean) if mean > 0 and common > 0 else 1.0 for mean in means]


def _whitening_gains(percentiles: Sequence[float], white: float) -> list[float]:
    return [white / value if value > 0 else 1.0 for value in percentiles]


def _gain_tables(gains: Sequence[float], dtype: np.dtype[Any]) -> Array:
    return quantize(np.asarray(gains)[:, None] * np.arange(levels(dtype)), dtype)


def _apply_gains(image: Array, gains: Sequence[float], out: Array) -> Array:
    if image.dtype != FLOAT32:
        return apply_tables(image, _gain_tables(gains, image.dtype), out)
    return affine(image, np.zeros(1), np.asarray(gains), out, clip=False)


def _gray_world_tables(
    histograms: Histograms, dtype: np.dtype[Any], *, saturation: float = 1.0
) -> Array | None:
    if saturation < 1:
        return None  # saturation is a property of pixels, which histograms of channels do not hold
    return _gain_tables(_equalizing_gains(level_sums(histograms())), dtype)


def _shades_of_gray_tables(histograms: Histograms, dtype: np.dtype[Any], *, p: float = 6.0) -> Array:
    return _gain_tables(_equalizing_gains(level_norms(histograms(), p)), dtype)


def _white_patch_tables(histograms: Histograms, dtype: np.dtype[Any], *, percentile: float = 99.0) -> Array:
    return _gain_tables(
        _whitening_gains(level_percentiles(histograms(), percentile), levels(dtype) - 1), dtype
    )


@operation("color", channels=CHANNELS, halo=None, in_place=True, tables=_gray_world_tables)
def gray_world(
    image: Array,
    *,
    saturation: Annotated[float, SATURATION] = 1.0,
    mask: Array | None = None,
    out: Array | None = None,
) -> Array:
    """Remove a colour cast by making the means of red, green and blue equal.

    Each channel is multiplied by ``(R̄ + Ḡ + B̄) / 3`` over its own mean, so the mean brightness stays.

    Parameters
    ----------
    image : (H, W, 3) or (H, W, 4) array of uint8, uint16 or float32
        RGB or RGBA; alpha is copied and plays no part in the means.
    saturation : float, default 1
        Pixels of higher saturation ``(max − min) / max`` are left out of the means, in [0, 1]: large areas of
        one strong colour then do not pass for a cast. 1 keeps all pixels; black ones have saturation 0.
    mask : (H, W) array of bool or uint8, optional
        Pixels that count for the means, where not 0. The gains are applied to the whole image.
    out : array, optional
        Where to write; may be ``image``.

    Returns
    -------
    array
        Same shape and dtype. Integers are rounded half to even and clipped; floats are not clipped.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        A gray image, ``saturation`` outside [0, 1], a mask without any pixel, wrong shape, or an ``out`` that
        does not fit.

    Notes
    -----
    ``out_c = image_c · (R̄ + Ḡ + B̄) / (3 · mean_c)``. A channel whose mean is not positive keeps its values,
    so an image that is black, constantly gray, or of no pixel that counts comes back unchanged.

    Integers: sums are exact, the gain is their quotient rounded to float64, and so is its product with a
    sample before it is rounded to an integer. Floats: sums are taken in float64 with a relative error below
    1e-12 (of the sum of magnitudes), the gain is rounded to float32, at most its largest number, and so is
    the product. Pixels with a NaN or an infinite colour do not count; those samples stay NaN or infinite.
    With ``saturation < 1`` floats without a positive colour do not count either.

    The model is linear: on gamma-coded images it works, but an estimate of light belongs to linear data.
    OpenCV's ``xphoto.GrayworldWB`` has the same ratios between its gains, but scales to the darkest channel:
    it never clips, and darkens white.

    One pass over the image for the sums, one for the gains.

    References
    ----------
    G. Buchsbaum, A spatial processor model for object colour perception, Journal of the Franklin Institute
    310, 1980.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> imgproc.gray_world(np.array([[[40, 80, 120], [60, 120, 180]]], np.uint8))
    array([[[ 80,  80,  80],
            [120, 120, 120]]], dtype=uint8)
    """
    name = "gray_world"
    image = check_image(name, image, channels=CHANNELS)
    saturation = SATURATION.check(name, "saturation", saturation)
    counted = check_mask(name, mask, image)
    out = check_out(name, out, image.shape, image.dtype, image, counted, in_place=True)
    return _apply_gains(image, _equalizing_gains(colour_sums(image, counted, saturation)), out)


@operation("color", channels=CHANNELS, halo=None, in_place=True, tables=_shades_of_gray_tables)
def shades_of_gray(
    image: Array,
    p: Annotated[float, POWER] = 6.0,
    *,
    mask: Array | None = None,
    out: Array | None = None,
) -> Array:
    """Remove a colour cast by making the Minkowski means of red, green and blue equal.

    Gray world with ``(Σ v**p / N) ** (1/p)`` in place of the mean, which gives bright pixels more weight.

    Parameters
    ----------
    image : (H, W, 3) or (H, W, 4) array of uint8, uint16 or float32
        RGB or RGBA; alpha is copied and plays no part in the means.
    p : float, default 6
        Order of the mean, >= 1. 1 is gray world; the larger, the closer to the brightest sample of each
        channel (max-RGB).
    mask : (H, W) array of bool or uint8, optional
        Pixels that count for the means, where not 0. The gains are applied to the whole image.
    out : array, optional
        Where to write; may be ``image``.

    Returns
    -------
    array
        Same shape and dtype. Integers are rounded half to even and clipped; floats are not clipped.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        A gray image, ``p`` below 1, NaN or infinite, a mask without any pixel, wrong shape, or an ``out``
        that does not fit.

    Notes
    -----
    ``out_c = image_c · (M_R + M_G + M_B) / (3 · M_c)`` with the means M. A channel that is black keeps its
    values.

    Each channel is divided by its largest sample before powers are taken, in float64, so no ``p`` overflows;
    means have a relative error below 1e-12. Of floats the magnitudes count; pixels with a NaN or an infinite
    colour do not count, and those samples stay NaN or infinite.

    Integers: one pass for histograms and one for tables. Floats: two passes for the means and one for the
    gains; powers are products for integer ``p`` up to 1024, and much slower for other ones.

    References
    ----------
    G. D. Finlayson, E. Trezzi, Shades of gray and colour constancy, Color Imaging Conference, 2004 (p = 6).

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> imgproc.shades_of_gray(np.array([[[40, 80, 120], [60, 120, 180]]], np.uint8))
    array([[[ 80,  80,  80],
            [120, 120, 120]]], dtype=uint8)
    """
    name = "shades_of_gray"
    image = check_image(name, image, channels=CHANNELS)
    p = POWER.check(name, "p", p)
    counted = check_mask(name, mask, image)
    out = check_out(name, out, image.shape, image.dtype, image, counted, in_place=True)
    return _apply_gains(image, _equalizing_gains(colour_norms(image, counted, p)), out)


@operation("color", channels=CHANNELS, halo=None, in_place=True, tables=_white_patch_tables)
def white_patch(
    image: Array,
    percentile: Annotated[float, PERCENTILE] = 99.0,
    *,
    mask: Array | None = None,
    out: Array | None = None,
) -> Array:
    """Remove a colour cast by making the brightest part of the image white.

    Each channel is scaled so that its percentile becomes the largest value of the dtype, 1.0 for floats. This
    also brightens images that do not reach it.

    Parameters
    ----------
    image : (H, W, 3) or (H, W, 4) array of uint8, uint16 or float32
        RGB or RGBA; alpha is copied and plays no part in the percentiles.
    percentile : float, default 99
        Percent of the samples of a channel that are not brighter than its white, in (0, 100]. 100 is the
        largest sample (max-RGB), which one defective pixel can spoil.
    mask : (H, W) array of bool or uint8, optional
        Pixels that count for the percentiles, where not 0. The gains are applied to the whole image.
    out : array, optional
        Where to write; may be ``image``.

    Returns
    -------
    array
        Same shape and dtype. Integers are rounded half to even and clipped; floats are not clipped, and
        samples above the percentile end above 1.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        A gray image, ``percentile`` outside (0, 100], a mask without any pixel, wrong shape, or an ``out``
        that does not fit.

    Notes
    -----
    ``out_c = image_c · white / percentile_c``. A channel whose percentile is not positive keeps its values.
    The percentile is that of ``numpy.percentile``: linear between two samples.

    Floats that are NaN or infinite do not count and stay NaN or infinite.

    Integers: one pass for histograms and one for tables. Floats: two
    passes for the percentiles and one for the gains.

    References
    ----------
    E. H. Land, J. J. McCann, Lightness and retinex theory, Journal of the Optical Society of America 61,
    1971.
    M. Ebner, Color Constancy, Wiley 2007, section 6.1: white patch, with a percentile against outliers.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> imgproc.white_patch(np.array([[[40, 80, 100], [60, 120, 150]]], np.uint8), 100)
    array([[[170, 170, 170],
            [255, 255, 255]]], dtype=uint8)
    """
    name = "white_patch"
    image = check_image(name, image, channels=CHANNELS)
    percentile = PERCENTILE.check(name, "percentile", percentile)
    counted = check_mask(name, mask, image)
    out = check_out(name, out, image.shape, image.dtype, image, counted, in_place=True)
    white = 1.0 if image.dtype == FLOAT32 else levels(image.dtype) - 1
    return _apply_gains(image, _whitening_gains(colour_percentiles(image, counted, percentile), white), out)


@operation("color", result="values", channels=CHANNELS, halo=None)
def estimate_illuminant(
    image: Array,
    method: Annotated[str, METHOD] = "gray_world",
    *,
    saturation: Annotated[float, SATURATION] = 1.0,
    p: Annotated[float, POWER] = 6.0,
    percentile: Annotated[float, PERCENTILE] = 99.0,
    mask: Array | None = None,
) -> Array:
    """Estimate the colour of the light from an image.

    Parameters
    ----------
    image : (H, W, 3) or (H, W, 4) array of uint8, uint16 or float32
        RGB or RGBA with samples proportional to light (linear, no gamma); alpha plays no part.
    method : {"gray_world", "shades_of_gray", "white_patch"}
        Whether means, Minkowski means or percentiles of the channels are taken for the light.
    saturation : float, default 1
        For ``"gray_world"``: pixels of higher saturation are left out, in [0, 1].
    p : float, default 6
        For ``"shades_of_gray"``: order of the mean, >= 1.
    percentile : float, default 99
        For ``"white_patch"``: percentile of the samples, in (0, 100].
    mask : (H, W) array of bool or uint8, optional
        Pixels that count, where not 0.

    Returns
    -------
    (3,) array of float64
        Direction of the light in RGB, of length 1 and without negative component; neutral ``(1, 1, 1) / √3``
        for an image without light.

    Raises
    ------
    TypeError
        Wrong kind of array, number or word.
    ValueError
        A gray image, an unknown method, a parameter out of its range, a mask without any pixel, or wrong
        shape.

    Notes
    -----
    Estimates are compared by the angle between two lights: ``degrees(arccos(estimate · truth))``. See the
    functions named as the methods for formulas, error bounds, and what NaN and infinities do.

    References
    ----------
    A. Gijsenij, T. Gevers, J. van de Weijer, Computational color constancy: survey and experiments, IEEE
    Transactions on Image Processing 20, 2011.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> imgproc.estimate_illuminant(np.full((2, 2, 3), (20, 20, 10), np.uint8)).round(3)
    array([0.667, 0.667, 0.333])
    """
    name = "estimate_illuminant"
    image = check_image(name, image, channels=CHANNELS)
    method = METHOD.check(name, "method", method)
    saturation = SATURATION.check(name, "saturation", saturation)
    p = POWER.check(name, "p", p)
    percentile = PERCENTILE.check(name, "percentile", percentile)
    counted = check_mask(name, mask, image)
    statistics: Sequence[float]
    if method == "gray_world":
        statistics = colour_sums(image, counted, saturation)
    elif method == "shades_of_gray":
        statistics = colour_norms(image, counted, p)
    else:
        statistics = colour_percentiles(image, counted, percentile)
    light = np.maximum(np.asarray(statistics, np.float64), 0)
    largest = light.max()
    if largest == 0:
        return np.full(RGB, 3**-0.5)
    light /= largest
    unit: Array = light / np.sqrt(light @ light)
    return unit

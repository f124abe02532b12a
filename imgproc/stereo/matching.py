"""Disparities of rectified pairs: block matching and semi-global matching."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import FLOAT32, GRAY, RGB, UINT8, Array, channel_count, check_image, rows
from .._core.operations import operation
from .._core.parameters import Choice, Flag, OrNone, Range
from .._core.threads import run_bands
from .._ext import color as _color
from .._ext import stereo as kernels
from .paths import PATHS, semi_global

DISPARITIES = Range(low=1, high=16383, integer=True)
METHOD = Choice(("sgm", "block"))
COST = Choice(("census", "sad"))
# Sums of (2 * 14 + 1)**2 costs of at most 62 fit 16 bits.
RADIUS = OrNone(Range(low=0, high=14, integer=True))
# A byte holds what the two paths along a row pay together.
PENALTY = OrNone(Range(low=0, high=127, integer=True))
PER_CENT = Range(low=0, high=99, integer=True)
AREA = Range(low=0, high=2**31 - 1, integer=True)
FLAG = Flag()

_RADII = {"block": 4, "sgm": 0}
_PENALTIES = {"census": (5, 30), "sad": (10, 60)}

# Nanoseconds per pixel for features, per pixel and disparity for matching: only an estimate for the choice of threads.
_FEATURE_COST = 3.0
_BLOCK_COST = 0.3


@operation("stereo", takes="stereo", channels=(GRAY, RGB))
def disparity(
    left: Array,
    right: Array,
    max_disparity: Annotated[int, DISPARITIES],
    *,
    method: Annotated[str, METHOD] = "sgm",
    radius: Annotated[int | None, RADIUS] = None,
    cost: Annotated[str, COST] = "census",
    paths: Annotated[int, PATHS] = 3,
    p1: Annotated[int | None, PENALTY] = None,
    p2: Annotated[int | None, PENALTY] = None,
    uniqueness: Annotated[int, PER_CENT] = 10,
    check: Annotated[bool, FLAG] = True,
    speckle: Annotated[int, AREA] = 100,
) -> Array:
    """Find how far each pixel of the left image of a rectified pair has moved in the right one.

    Parameters
    ----------
    left, right : (H, W[, 3]) array of uint8, uint16 or float32
        Gray or RGB, of one shape and dtype, rectified: what is at ``left[y, x]`` is seen at ``right[y, x - d]`` with
        ``d >= 0``. RGB is matched by its luma (`rgb_to_gray`). Floats must be finite.
    max_disparity : int
        Largest disparity that is tried, in pixels: 1 to 16383 and below W. Disparities 0 to ``max_disparity`` are.
    method : {"sgm", "block"}, default "sgm"
        Semi-global matching, or the best window of its own for each pixel.
    radius : int, optional
        Costs are summed, or for "sgm" averaged, over windows of ``2 radius + 1`` pixels squared: 0 to 14; by default
        4 for "block" and 0, the pixel alone, for "sgm".
    cost : {"census", "sad"}, default "census"
        What makes two pixels differ: the bits of their census codes, or the absolute difference of their horizontal
        derivatives.
    paths : {3, 4, 8}, default 3
        Directions that "sgm" gathers costs from: left, right and above; below too; the diagonals too.
    p1 : int, optional
        What "sgm" pays where the disparity changes by one from a pixel to the next: 0 to 127, at most ``p2``; by
        default 5 for "census" and 10 for "sad", whose costs of a pixel are at most 31 and 62.
    p2 : int, optional
        What "sgm" pays where the disparity changes by more: 0 to 127; by default 30 for "census" and 60 for "sad".
    uniqueness : int, default 10
        Per cent, 0 to 99, that the sums of all other disparities but the two neighbours must be above the smallest;
        else the pixel is left out.
    check : bool, default True
        Whether the right image must agree: the pixel that a disparity leads to has, within one pixel of it, none that
        fits better.
    speckle : int, default 100
        Regions of fewer pixels are left out, 0: none. A region goes on where a neighbour above, below, left or right
        differs by at most one pixel of disparity.

    Returns
    -------
    (H, W) array of float32
        Disparity in pixels with its fraction, NaN where left out.

    Raises
    ------
    TypeError
        Wrong kind of array, number or word.
    ValueError
        Images of different shapes, not finite, or not wider than ``max_disparity``; a number out of range, an unknown
        word, or ``p1`` above ``p2``.

    Notes
    -----
    Census: the code of a pixel has a bit for each of the 31 pairs of pixels opposite each other in the 9 × 7 window
    around it, set where the first in reading order is above the second; the cost is the number of bits that differ. It
    depends on order alone, so gain, offset and dtype do not matter. SAD: the cost is ``|s(left) - s(right)|`` of the
    horizontal Sobel derivatives clipped to ±31, as of StereoBM; of uint16 and float32 they are taken after both
    images' range, smallest to largest luma, is mapped to 0 ... 255. Beyond its border an image goes on as its outermost
    pixels, and a window takes its outermost columns and rows again.

    Semi-global: ``L_r(p, d) = C(p, d) + min(L_r(q, d), L_r(q, d - 1) + p1, L_r(q, d + 1) + p1, m + p2) - m`` with q the
    pixel before p in direction r and ``m = min L_r(q, .)``; the sum over all directions decides. Block: the sum over
    the window does. The smallest sum wins, of equals the smallest disparity; pixels ``x < d`` have no partner at d. A
    parabola through the sums at d - 1, d, d + 1 gives the fraction, where all three exist. ``check`` keeps d where the
    smallest of ``S(x - 1, d - 1), S(x, d), S(x + 1, d + 1)`` is the smallest of all sums whose partner is ``x - d``.

    All sums are exact integers; results do not depend on threads or instruction set. Time grows with H W max_disparity,
    and for "sgm" with ``radius`` too. With D = ``max_disparity + 1`` rounded up to a multiple of 64, a thread holds
    ``(2 radius + 3) W D`` bytes for "block" and ``16 W D`` for "sgm" with three paths, never H W D. With four or eight
    paths it is ``128 W D``, and ``H W D / 32`` or ``3 H W D / 32`` for all threads together: the paths from below are
    kept every 32 rows, and followed twice.

    References
    ----------
    H. Hirschmüller, Stereo processing by semiglobal matching and mutual information, IEEE Transactions on Pattern
    Analysis and Machine Intelligence 30 (2008) 328-341.
    R. Spangenberg, T. Langner, R. Rojas, Weighted semi-global matching and center-symmetric census transform for robust
    driver assistance, CAIP 2013: the census.
    R. Zabih, J. Woodfill, Non-parametric local transforms for computing visual correspondence, ECCV 1994.
    K. Konolige, Small vision systems: hardware and implementation, Robotics Research 1998: block matching.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> right = np.random.default_rng(0).integers(0, 256, (40, 80), np.uint8)
    >>> left = np.roll(right, 5, axis=1)
    >>> found = imgproc.disparity(left, right, 16)
    >>> int((np.abs(found[20] - 5) < 0.5).sum()), int(np.isnan(found[20]).sum())
    (74, 6)
    """
    left = check_image("disparity", left, argument="left", channels=(GRAY, RGB))
    right = check_image("disparity", right, argument="right", channels=(GRAY, RGB))
    check_pair("disparity", left, right)
    count = DISPARITIES.check("disparity", "max_disparity", max_disparity) + 1
    height, width = left.shape[:2]
    if count > width:
        raise wrong_value("disparity", "max_disparity", f"below {width}, the images' width", max_disparity)
    method = METHOD.check("disparity", "method", method)
    cost = COST.check("disparity", "cost", cost)
    radius = RADIUS.check("disparity", "radius", radius)
    paths = PATHS.check("disparity", "paths", paths)
    low, high = _penalties(p1, p2, cost)
    uniqueness = PER_CENT.check("disparity", "uniqueness", uniqueness)
    check = FLAG.check("disparity", "check", check)
    speckle = AREA.check("disparity", "speckle", speckle)
    grays = [_luma(left), _luma(right)]
    if left.dtype == FLOAT32:
        for name, gray in zip(("left", "right"), grays, strict=True):
            if not np.isfinite(gray).all():
                raise wrong_value("disparity", name, "finite everywhere", Got("NaN or infinity in it"))

    padded = -(-count // kernels.ALIGN) * kernels.ALIGN
    out = np.empty((height, width), np.float32)
    matching = kernels.Matching(
        *_features(grays, padded, cost),
        count,
        _RADII[method] if radius is None else radius,
        uniqueness,
        check,
        out,
        low,
        high,
        paths,
    )
    if method == "block":
        run_bands(matching.block, height, out.size * padded * _BLOCK_COST)
    else:
        semi_global(matching, height, width, paths)
    if speckle > 1:
        kernels.remove_speckles(out, speckle, 1.0)
    return out


def check_pair(function: str, left: Array, right: Array) -> None:
    """Images of one shape and dtype."""
    if right.dtype != left.dtype:
        raise wrong_type(function, "right", f"of dtype {left.dtype}, as left is", Got(f"dtype {right.dtype}"))
    if right.shape != left.shape:
        raise wrong_value(
            function, "right", f"of shape {left.shape}, as left is", Got(f"shape {right.shape}")
        )


def _penalties(p1: int | None, p2: int | None, cost: str) -> tuple[int, int]:
    defaults = _PENALTIES[cost]
    p1, p2 = PENALTY.check("disparity", "p1", p1), PENALTY.check("disparity", "p2", p2)
    low = defaults[0] if p1 is None else p1
    high = max(defaults[1], low) if p2 is None else p2
    if p1 is None:
        low = min(low, high)
    if low > high:
        raise wrong_value("disparity", "p1", f"at most p2 = {high}", low)
    return low, high


def _luma(image: Array) -> Array:
    """(H, W), with packed rows."""
    if channel_count(image) == GRAY:
        return rows(image)
    out = np.empty(image.shape[:2], image.dtype)
    src = rows(image)
    run_bands(
        lambda y0, y1: _color.convert(src, out, RGB, _color.RGB_TO_GRAY, y0, y1), len(src), out.size * 1.5
    )
    return out


def _features(grays: list[Array], padded: int, cost: str) -> tuple[Array, Array]:
    """Features of both images, the second's rows reversed and gone on with for ``padded`` more pixels."""
    height, width = grays[0].shape
    census = cost == "census"
    planes = kernels.PLANES if census else 1
    if not census and grays[0].dtype != UINT8:
        grays = _stretched(grays)
    made = []
    for gray, beyond in zip(grays, (0, padded), strict=True):
        features = np.empty((height, planes, width + beyond), np.uint8)

        def band(
            y0: int, y1: int, src: Array = gray, dst: Array = features, backwards: bool = beyond > 0
        ) -> None:
            (kernels.census if census else kernels.slopes)(src, dst, backwards, y0, y1)

        run_bands(band, height, gray.size * _FEATURE_COST)
        made.append(features)
    return made[0], made[1]


def _stretched(grays: list[Array]) -> list[Array]:
    """The range of both mapped to 0 ... 255, in float32."""
    low = min(float(gray.min()) for gray in grays)
    span = max(float(gray.max()) for gray in grays) - low
    scale = np.float32(min(255 / span, 3e38)) if span > 0 else np.float32(0)
    with np.errstate(all="ignore"):  # differences beyond float32 become infinite, and count as the steepest
        return [(gray.astype(np.float32) - np.float32(low)) * scale for gray in grays]

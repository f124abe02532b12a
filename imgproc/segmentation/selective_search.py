"""Selective search: boxes that may hold objects, from regions that are grouped by how alike they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Annotated

import numpy as np

from .._core.array_parameters import Positives
from .._core.images import FLOAT32, GRAY, UINT8, Array, check_image, color_count
from .._core.operations import operation
from .._core.parameters import Choice, OrNone, Range
from .._core.seeds import generator
from .._core.threads import run_bands
from .._ext import selective_search as kernels
from .felzenszwalb import MIN_SIZE, SIGMA, blur_plane, check_pixels, segment_planes

MODE = Choice(("fast", "quality"))
SCALES = OrNone(Positives())
COUNT = OrNone(Range(low=1, integer=True))

_SCALES = {"fast": (100.0, 400.0), "quality": (50.0, 100.0, 150.0, 300.0)}

_BUT_COLOR = kernels.TEXTURE | kernels.SIZE | kernels.FILL
_MEASURES = (_BUT_COLOR | kernels.COLOR, _BUT_COLOR, kernels.FILL, kernels.SIZE)

# Of each colour space all planes, or the one that is named.
_FAST = ((kernels.HSV, None), (kernels.LAB, None))
_SPACES = {"fast": _FAST, "quality": (*_FAST, (kernels.RGI, None), (kernels.HSV, 0), (kernels.GRAY, None))}

# Nanoseconds for one sample: only an estimate for the choice of threads.
_CONVERSION, _SEGMENTATION = 7.0, 50.0


def scales_of(mode: str, scales: Array | None) -> list[float]:
    """What is given, or the scales of the mode."""
    return list(_SCALES[mode]) if scales is None else [float(scale) for scale in scales]


@lru_cache(maxsize=1)
def lab_tables() -> tuple[Array, Array]:
    """sRGB to linear light, and the function of CIE Lab that is a cube root but near 0; both over [0, 1]."""
    steps = np.linspace(0, 1, kernels.STEPS + 1)
    linear = np.where(steps <= 0.04045, steps / 12.92, ((steps + 0.055) / 1.055) ** 2.4)
    root = np.where(steps > 216 / 24389, np.cbrt(steps), (24389 / 27 * steps + 16) / 116)
    return linear.astype(np.float32), root.astype(np.float32)


def _blurred_planes(image: Array, sigma: float) -> Array:
    """``(1 or 3, H, W)`` float32 in levels of uint8."""
    unit = 1.0 if image.dtype == UINT8 else 255.0 if image.dtype == FLOAT32 else 1 / 257
    channels = image.reshape(*image.shape[:2], -1)
    planes = np.empty((color_count(image), *image.shape[:2]), np.float32)
    for number, plane in enumerate(planes):
        blur_plane(channels[..., number].astype(np.float32) * np.float32(unit), sigma, plane)
    return planes


def convert_planes(planes: Array, space: int) -> Array:
    """Planes of red, green and blue in another colour space, in about [0, 255]."""
    _, height, width = planes.shape
    out = np.empty((1 if space == kernels.GRAY else 3, height, width), np.float32)
    run_bands(
        lambda y0, y1: kernels.convert(space, planes, out, *lab_tables(), y0, y1),
        height,
        _CONVERSION * planes.size,
    )
    return out


def _spaces(planes: Array, mode: str) -> Iterator[Array]:
    """The planes to segment, one colour space after the other."""
    if len(planes) == GRAY:
        yield planes
        return
    for space, only in _SPACES[mode]:
        converted = convert_planes(planes, space)
        yield converted if only is None else converted[only : only + 1]


def _group(planes: Array, scales: Sequence[float], min_size: int) -> list[Array]:
    """``(ways, 2 R - 1, 4)`` boxes for each scale: of the R regions at first, last of the whole image."""
    measures = np.array(_MEASURES, np.int32)

    def some(first: int, end: int) -> list[Array]:
        found = []
        for scale in scales[first:end]:
            labels, count = segment_planes(planes, scale, min_size)
            boxes = np.empty((len(measures), 2 * count - 1, 4), np.int32)
            kernels.propose(planes, labels, measures, boxes)
            found.append(boxes)
        return found

    bands = run_bands(some, len(scales), _SEGMENTATION * planes.size * len(scales))
    return [boxes for band in bands for boxes in band]


def rank(hierarchies: Sequence[Array], width: int, rng: np.random.Generator) -> Array:
    """Boxes of all hierarchies, each once: those that arose late rather first, by chance."""
    positions = [np.arange(len(boxes), 0, -1) for boxes in hierarchies]
    values = rng.random(sum(map(len, positions))) * np.concatenate(positions)
    boxes: Array = np.concatenate(hierarchies)[np.argsort(values, kind="stable")]
    corners = boxes.astype(np.int64)
    keys = (corners[:, 1] * (width + 1) + corners[:, 0]) << 32 | (corners[:, 3] * (width + 1) + corners[:, 2])
    _, first = np.unique(keys, return_index=True)
    ranked: Array = boxes[np.sort(first)]
    return ranked


@operation("segmentation", result="values", halo=None)
def selective_search(
    image: Array,
    mode: Annotated[str, MODE] = "fast",
    *,
    scales: Annotated[Sequence[float] | None, SCALES] = None,
    sigma: Annotated[float, SIGMA] = 0.8,
    min_size: Annotated[int, MIN_SIZE] = 50,
    max_boxes: Annotated[int | None, COUNT] = None,
    seed: int | np.random.Generator = 0,
) -> Array:
    """Propose boxes that may hold objects of any kind, by selective search.

    Parameters
    ----------
    image : (H, W[, C]) array of uint8, uint16 or float32
        Gray, RGB or RGBA of at most 2**30 - 1 pixels; alpha is ignored, float samples are clipped to [0, 1].
    mode : {"fast", "quality"}
        How many segmentations are grouped: "fast" those of two colour spaces at two scales, "quality" of five
        spaces at four, for more boxes and a better one among them.
    scales : sequence of float, optional
        Scales of `felzenszwalb`, > 0. By default 100 and 400, or 50, 100, 150 and 300 for "quality".
    sigma : float, default 0.8
        Standard deviation in pixels, 0 to 1000, of the Gaussian that the image is blurred with before; 0 for none.
    min_size : int, default 50
        Pixels of the smallest regions, >= 0.
    max_boxes : int, optional
        Give the first so many boxes, >= 1; all by default.
    seed : int or numpy.random.Generator, default 0
        Of the order of the boxes. The same integer gives the same order.

    Returns
    -------
    (N, 4) array of float32
        ``x1, y1, x2, y2`` in pixels, half-open, no two the same: the most promising first.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        A number out of range, an unknown mode, wrong shape, or an image that is too large.

    Notes
    -----
    The image is blurred and segmented by `felzenszwalb` in HSV and CIE Lab; for "quality" also by the shares of red and
    green with the luma, the hue alone, and the luma alone. Gray images have one space. In each segmentation, the two
    touching regions that are most alike become one, until there is one; the box of every region on the way is a
    proposal. That is done in four ways, regions being alike in

    - colour: the common part of their histograms of 25 bins a channel;
    - texture: that of histograms of 10 bins for each of 8 directions of the derivative in each channel;
    - size: ``1 - (|A| + |B|) / |image|``, so that small ones go first;
    - fill: ``1 - (|box of both| - |A| - |B|) / |image|``, so that what lies within another joins it

    added up with equal weights: all of them, all but colour, fill alone, and size alone. Among equally alike pairs
    the one whose regions came first goes first. Histograms are counts, so that a joint region is described exactly.

    Boxes are in the order of ``i · u``: in each of the hierarchies the whole image has i = 1 and what arose
    before it 2, 3, ..., and u is drawn from [0, 1); of the same box the first stays. The set of boxes does not depend
    on the seed. Results are the same bits at every CPU level and for any number of threads; the scales of a colour
    space are worked on at a time.

    Time is that of the segmentations, as many as spaces times scales, and as much again for histograms and grouping,
    whose steps grow with R times the neighbours of a region. Memory beside the result is 48 bytes for each pixel of an
    RGB image, 20 more for each further thread, and 4 kB for each of R regions.

    References
    ----------
    J. R. R. Uijlings, K. E. A. van de Sande, T. Gevers, A. W. M. Smeulders, Selective search for object recognition,
    International Journal of Computer Vision 104 (2), 2013.

    Examples
    --------
    >>> import imgproc, numpy as np
    >>> image = np.full((40, 60, 3), 30, np.uint8)
    >>> image[10:30, 20:45] = 200, 60, 20
    >>> imgproc.selective_search(image, sigma=0)
    array([[ 0.,  0., 60., 40.],
           [20., 10., 45., 30.]], dtype=float32)
    """
    function = "selective_search"
    image = check_image(function, image)
    check_pixels(function, image)
    mode = MODE.check(function, "mode", mode)
    chosen = scales_of(mode, SCALES.check(function, "scales", scales))
    sigma = SIGMA.check(function, "sigma", sigma)
    min_size = MIN_SIZE.check(function, "min_size", min_size)
    most = COUNT.check(function, "max_boxes", max_boxes)
    rng = generator(function, seed)
    found: list[Array] = []
    for planes in _spaces(_blurred_planes(image, sigma), mode):
        found += (boxes for ways in _group(planes, chosen, min_size) for boxes in ways)
    return rank(found, image.shape[1], rng)[:most].astype(np.float32)

"""What ``imgproc segment`` can do: each method a function from an image to labels, declared as operations are.

A method is one entry in METHODS: a function of an image and annotated parameters, whose docstring is its help.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from .._core.histograms import level_counts
from .._core.images import CHANNELS, DTYPES, GRAY, UINT16, Array, channel_count
from .._core.operations import Operation
from .._core.parameters import Choice, Flag, OrNone, Range
from ..color.convert import rgb_to_gray
from ..filters.gaussian import gaussian_blur
from ..gradients.derivatives import gradient_polar
from ..segmentation.components import connected_components
from ..segmentation.felzenszwalb import MIN_SIZE, SCALE, SIGMA
from ..segmentation.felzenszwalb import felzenszwalb as by_graph
from ..segmentation.objects import DEPTH, split_touching_objects
from ..segmentation.watershed import COMPACTNESS, LINES
from ..segmentation.watershed import watershed as flood
from .drawing import eight_bits

MARKERS = OrNone(Range(low=1, integer=True))
CONNECTIVITY = Choice(("4", "8"))
THRESHOLD = OrNone(Range(low=0, high=255))
DARK = Flag()


def watershed(
    image: Array,
    markers: Annotated[int | None, MARKERS] = 400,
    sigma: Annotated[float, SIGMA] = 2.0,
    compactness: Annotated[float, COMPACTNESS] = 0.0,
    lines: Annotated[bool, LINES] = False,
) -> Array:
    """Basins of the gradient, between edges.

    Parameters
    ----------
    image : array
        A photograph.
    markers : int or None, default 400
        About how many regions, from a regular grid; none for one from each of the gradient's minima.
    sigma : float, default 2
        Pixels of the blur before.
    compactness : float, default 0
        What a pixel of distance costs, in levels of 256; larger gives rounder regions.
    lines : bool, default False
        Whether lines of label 0 divide the regions.

    Returns
    -------
    array of int32
        Labels from 1 on, 0 for none.
    """
    gray = eight_bits(_gray(image)).astype(np.float32)
    slope = gradient_polar(gaussian_blur(gray, sigma) if sigma else gray)[0]
    return flood(slope, markers, compactness=compactness, lines=lines)


def felzenszwalb(
    image: Array,
    scale: Annotated[float, SCALE] = 200.0,
    sigma: Annotated[float, SIGMA] = 0.8,
    min_size: Annotated[int, MIN_SIZE] = 50,
) -> Array:
    """Regions that differ more from each other than within, by Felzenszwalb's graph method.

    Parameters
    ----------
    image : array
        A photograph.
    scale : float, default 200
        How much regions may differ within; larger gives fewer regions.
    sigma : float, default 0.8
        Pixels of the blur before.
    min_size : int, default 50
        Smaller regions join a neighbour.

    Returns
    -------
    array of int32
        Labels from 1 on, 0 for none.
    """
    labels = by_graph(image, scale, sigma, min_size)
    labels += 1
    return labels


def components(
    image: Array,
    threshold: Annotated[float | None, THRESHOLD] = None,
    dark: Annotated[bool, DARK] = False,
    connectivity: Annotated[str, CONNECTIVITY] = "8",
) -> Array:
    """What hangs together above a threshold.

    Parameters
    ----------
    image : array
        A photograph of bright objects on dark ground.
    threshold : float, optional
        Level from 0 to 255 that objects are above, in any depth; by default Otsu's, which divides the histogram best.
    dark : bool, default False
        Whether objects are dark, at the threshold or below.
    connectivity : {"4", "8"}, default "8"
        How many neighbours a pixel has.

    Returns
    -------
    array of int32
        Labels from 1 on, 0 for none.
    """
    return connected_components(foreground(image, threshold, dark), int(connectivity)).labels


def objects(
    image: Array,
    threshold: Annotated[float | None, THRESHOLD] = None,
    dark: Annotated[bool, DARK] = False,
    depth: Annotated[float, DEPTH] = 0.75,
) -> Array:
    """Objects above a threshold, divided at their necks where they touch.

    Parameters
    ----------
    image : array
        A photograph of bright objects on dark ground.
    threshold : float, optional
        Level from 0 to 255 that objects are above, in any depth; by default Otsu's, which divides the histogram best.
    dark : bool, default False
        Whether objects are dark, at the threshold or below.
    depth : float, default 0.75
        Pixels by which a neck is narrower than what it joins; larger divides less.

    Returns
    -------
    array of int32
        Labels from 1 on, 0 for none.
    """
    return split_touching_objects(foreground(image, threshold, dark), depth=depth)


METHODS = {
    function.__name__: Operation(
        function=function,
        kind="segmentation",
        command=function.__name__,
        takes="image",
        result="values",
        channels=CHANNELS,
        dtypes=DTYPES,
        halo=None,
        in_place=False,
        tables=None,
    )
    for function in (watershed, felzenszwalb, components, objects)
}


def foreground(image: Array, threshold: float | None, dark: bool) -> Array:
    """True where objects are."""
    gray = _gray(image)
    if threshold is None:
        levels = eight_bits(gray) if gray.dtype.kind == "f" else gray
        level: float = otsu(level_counts(levels, None)[0])
    else:
        levels = gray.astype(np.float32) * np.float32(255) if gray.dtype.kind == "f" else gray
        level = threshold * 257 if gray.dtype == UINT16 else threshold
    above: Array = levels > level
    return ~above if dark else above


def otsu(counts: Array) -> int:
    """The level above which what remains of a histogram differs most, as a whole, from what lies up to it.

    N. Otsu, A threshold selection method from gray-level histograms, 1979: the greatest variance between the two. Of
    a single level nothing remains.
    """
    share = counts / counts.sum()
    below = np.cumsum(share)[:-1]
    sums = np.cumsum(share * np.arange(len(share)))
    difference = sums[-1] * below - sums[:-1]
    both = below * (1 - below)
    between = np.divide(difference**2, both, out=np.zeros(len(both)), where=both > 1e-12)
    return int(np.argmax(between)) if between.any() else len(counts) - 1


def _gray(image: Array) -> Array:
    gray = image if channel_count(image) == GRAY else rgb_to_gray(image)
    return gray.reshape(image.shape[:2])

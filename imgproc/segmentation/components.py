"""Connected components: which pixels of a mask hang together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from .._core.box_arrays import INT64
from .._core.errors import Got, wrong_value
from .._core.images import UINT8, Array, check_out, rows
from .._core.operations import operation
from .._core.parameters import Flag, OrNone
from .._core.threads import run_bands
from .._ext import components as kernels
from .connectivity import CONNECTIVITY, connectivity_steps
from .volumes import check_volume

FLAG = Flag()
INT32 = np.dtype(np.int32)

# Labels and runs are 30-bit numbers.
_MOST_RUNS = 2**30

# Nanoseconds for a pixel.
_SCAN_COST = 0.1
_LINK_COST = 0.5
_PAINT_COST = 0.4


@dataclass(frozen=True, eq=False)
class RegionStatistics:
    """What is known of each region of a label map; row 0 is the background, row k the region labelled k.

    Attributes
    ----------
    areas : (N + 1,) array of int64
        Pixels.
    boxes : (N + 1, 4) or (N + 1, 6) array of int64
        The least box around them, ``x1, y1, x2, y2`` or ``x1, y1, z1, x2, y2, z2``: pixel edges, half-open, so that
        ``labels[y1:y2, x1:x2]`` holds the region; zeros where the background has no pixel.
    centroids : (N + 1, 2) or (N + 1, 3) array of float64
        Mean of the pixels' indices, ``x, y`` or ``x, y, z``; NaN where the background has no pixel.
    """

    areas: Array
    boxes: Array
    centroids: Array


@dataclass(frozen=True, eq=False)
class Components:
    """Connected components; made by `connected_components`.

    Attributes
    ----------
    labels : array of int32
        Number of the component of each pixel, 1 to ``count``, and 0 for the background.
    count : int
        How many components there are.
    statistics : RegionStatistics or None
        Areas, boxes and centroids, where they were asked for.
    """

    labels: Array
    count: int
    statistics: RegionStatistics | None = None


@operation("segmentation", takes="masks")
def connected_components(
    image: Array,
    connectivity: Annotated[int | None, OrNone(CONNECTIVITY)] = None,
    *,
    statistics: Annotated[bool, FLAG] = False,
    out: Array | None = None,
) -> Components:
    """Label the connected components of a mask, and measure them if asked to.

    Parameters
    ----------
    image : (H, W) or (D, H, W) array of bool or uint8
        Pixels are foreground where it is true or not 0, whatever else their value.
    connectivity : int, optional
        Which neighbours hang together, by their number or by the axes along which they may differ at a time: in an
        image 4 or 1, 8 or 2; in a volume 6 or 1, 18 or 2, 26 or 3. All of them by default, 8 or 26.
    statistics : bool, default False
        Whether to give areas, boxes and centroids as well.
    out : array of int32, optional
        Where to write the labels, of the shape of the image.

    Returns
    -------
    Components
        ``labels``, ``count``, and ``statistics`` or None. Components are numbered from 1 in the order of their first
        pixels by rows, the background is 0.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        Not two or three axes, no pixels, a connectivity that such an image does not have, or an ``out`` that does
        not fit.

    Notes
    -----
    Two passes over bits, 64 pixels to a word: runs of pixels are found and those of neighbouring rows united in a
    union-find forest, then labels are painted. Where diagonals connect, two rows are joined by or first, because a run
    of the joined bits is connected whichever row its pixels lie in; that leaves half the rows and, in noise, a third
    of the runs. Time grows with the pixels and with the runs, not with the number of components. Memory beside the
    labels: a quarter of a byte for a pixel, 4 bytes for a run.

    Areas, boxes and sums of indices are counted exactly, from the bits; a centroid is one division.

    Equal values of a label image are not told apart: it is a mask to this function.

    References
    ----------
    L. He, Y. Chao, K. Suzuki, A run-based two-scan labeling algorithm, IEEE Transactions on Image Processing 17
    (2008) 749-756.
    W. Lee, S. Allegretti, F. Bolelli, C. Grana, Fast run-based connected components labeling for bitonal images,
    ICIEV/icIVPR 2021: joined rows.
    M. M. A. Patwary, J. Blair, F. Manne, Experiments on union-find algorithms for the disjoint-set data structure,
    SEA 2010.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> mask = np.array([[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 0, 1]], bool)
    >>> imgproc.connected_components(mask).labels
    array([[1, 0, 0, 2],
           [0, 1, 0, 2],
           [0, 0, 0, 2]], dtype=int32)
    >>> found = imgproc.connected_components(mask, 4, statistics=True)
    >>> found.count, found.statistics.areas, found.statistics.boxes[2]
    (3, array([7, 1, 3, 1]), array([3, 0, 4, 3]))
    """
    image = check_volume("connected_components", "image", image)
    number = OrNone(CONNECTIVITY).check("connected_components", "connectivity", connectivity)
    steps = connectivity_steps("connected_components", number, image.ndim)
    statistics = FLAG.check("connected_components", "statistics", statistics)
    out = check_out("connected_components", out, image.shape, INT32, image)
    flat = rows(image.reshape(-1, image.shape[-1])).view(UINT8)
    runs = _linked(flat, image.shape, steps)
    count = runs.number()
    painted = out.reshape(flat.shape)
    run_bands(lambda l0, l1: runs.paint(painted, l0, l1), runs.all_lines, _PAINT_COST * image.size)
    return Components(out, count, _statistics(runs, count, image.shape) if statistics else None)


def _linked(flat: Array, shape: tuple[int, ...], steps: int) -> Any:
    """The runs of all rows, united where they touch."""
    height, width = shape[-2:]
    depth, words = len(flat) // height, -(-width // 64)
    # In a volume rows are joined only where all 26 neighbours count.
    paired = steps == len(shape)
    lines = (height + 1) // 2 if paired else height
    joined = np.empty(depth * lines * words, np.uint64)
    bits = np.empty(2 * joined.size, np.uint64) if paired else joined
    ranks = np.empty(joined.size, np.uint32)
    runs = kernels.Components(depth, height, width, paired, steps > 1, steps - 1, bits, joined, ranks)
    first = np.zeros(depth * lines + 1, INT64)
    run_bands(lambda l0, l1: runs.scan(flat, first[1:], l0, l1), depth * lines, _SCAN_COST * flat.size)
    np.cumsum(first, out=first)
    if first[-1] >= _MOST_RUNS:
        must = f"of less than {_MOST_RUNS:,} runs of pixels"
        raise wrong_value("connected_components", "image", must, Got(f"{first[-1]:,}"))
    runs.start(first, np.empty(first[-1], np.uint32))
    # Bands are whole slices, or lines of the only one.
    unit, units = (1, lines) if depth == 1 else (lines, depth)

    def link(u0: int, u1: int) -> int:
        runs.link(u0 * unit, u1 * unit)
        return u0 * unit

    for line in run_bands(link, units, _LINK_COST * flat.size)[1:]:
        runs.join(line)
    return runs


def _statistics(runs: Any, count: int, shape: tuple[int, ...]) -> RegionStatistics:
    sides = np.array(shape[::-1] if len(shape) == 3 else (*shape[::-1], 1), INT64)
    regions = np.zeros((count + 1, 10), INT64)
    regions[:, 4:7] = sides
    runs.count(regions)
    # The background is what is left.
    total = int(sides.prod())
    regions[0, 0] = total - regions[1:, 0].sum()
    regions[0, 1:4] = total // sides * (sides * (sides - 1) // 2) - regions[1:, 1:4].sum(axis=0)
    if not regions[0, 0]:
        regions[0] = 0
    used = len(shape)
    areas = regions[:, 0].copy()
    with np.errstate(invalid="ignore"):
        centroids = regions[:, 1 : 1 + used] / areas[:, None]
    boxes = np.concatenate([regions[:, 4 : 4 + used], regions[:, 7 : 7 + used]], axis=1)
    return RegionStatistics(areas, boxes, centroids)

"""Interest points of SuperPoint: a score for each pixel, thinned out to the strongest of their neighbourhoods."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from ..._core.box_arrays import FLOAT64
from ..._core.images import FLOAT32, Array
from ..._core.parameters import OrNone, Range
from ...morphology.flat import dilate
from .. import stable
from ..geometry import Geometries, geometry_of_each
from ..outputs import Keys, Outputs, reads, tensor

SHARE = Range(low=0, high=1)
PIXELS = Range(low=0, high=2**15, integer=True)
COUNT = OrNone(Range(low=1, integer=True))

_CELL = 8
_ROUNDS = 2


@reads("logits")
def decode_superpoint(
    outputs: Outputs,
    geometries: Geometries,
    *,
    score_threshold: Annotated[float, SHARE] = 0.005,
    radius: Annotated[int, PIXELS] = 4,
    border: Annotated[int, PIXELS] = 4,
    top_k: Annotated[int | None, COUNT] = None,
    keys: Keys = None,
) -> list[Array]:
    """Find the interest points that SuperPoint's detector sees.

    Parameters
    ----------
    outputs : mapping from str to array
        ``logits`` (or ``semi``), (N, 65, h, w): for each cell of 8 by 8 pixels its pixels by rows, and last that there
        is no point. Floats, finite.
    geometries : Geometry, or sequence of N Geometry
        Where each image lies in the model's input, of 8 h by 8 w pixels.
    score_threshold : float, default 0.005
        Points are kept where their probability is above this, 0 to 1.
    radius : int, default 4
        Pixels of the input, along each axis, in which there is no second point; 0 keeps all.
    border : int, default 4
        Pixels of the input at its border without points.
    top_k : int, optional
        How many points of an image to give at most. All by default.
    keys : mapping from str to str, optional
        Name of the output where it is another.

    Returns
    -------
    list of (K, 3) arrays of float32
        For each image ``x, y, score``, best first, equal ones by rows: points in the image, a pixel's at its centre.

    Raises
    ------
    TypeError
        Wrong kind of argument.
    OutputMismatch
        A tensor that is missing, of another shape, or not finite.
    ValueError
        A number out of range, or another number of geometries.

    Notes
    -----
    Softmax of the 65, the last one dropped. A pixel is a point where it is the greatest within the radius; then, twice,
    what lies within the radius of a point is taken away, and the greatest of what is left become points as well: the
    suppression of transformers' SuperPoint and of the code it follows. transformers gives the corners of pixels, half a
    pixel less along each axis. The maxima are dilations, whose time does not depend on the radius.

    References
    ----------
    D. DeTone, T. Malisiewicz, A. Rabinovich, SuperPoint: Self-supervised interest point detection and description, CVPR
    Workshops 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import Geometry, decode_superpoint
    >>> logits = np.zeros((1, 65, 3, 4), np.float32)
    >>> logits[0, 64] = 9
    >>> logits[0, 8 * 2 + 5, 1, 1] = 12  # row 2, column 5 of the cell
    >>> decode_superpoint({"logits": logits}, Geometry.stretched((24, 32), (24, 32)))[0].round(2)
    array([[13.5 , 10.5 ,  0.95]], dtype=float32)
    """
    name = "decode_superpoint"
    logits = tensor(name, outputs, "logits", ("N", _CELL * _CELL + 1, "h", "w"), aliases=("semi",), keys=keys)
    places = geometry_of_each(name, geometries, len(logits))
    score_threshold = SHARE.check(name, "score_threshold", score_threshold)
    radius = PIXELS.check(name, "radius", radius)
    border = PIXELS.check(name, "border", border)
    top_k = COUNT.check(name, "top_k", top_k)
    found = []
    for cells, geometry in zip(logits, places, strict=True):
        scores = _pixels(cells)
        inside = np.zeros(scores.shape, np.bool_)
        if 2 * border < min(scores.shape):
            inside[border : len(scores) - border, border : scores.shape[1] - border] = True
        kept = inside & _strongest(scores, radius) & (scores > FLOAT32.type(score_threshold))
        at = np.flatnonzero(kept)
        at = at[np.argsort(-scores.ravel()[at], kind="stable")][:top_k]
        rows, columns = np.divmod(at, kept.shape[1] or 1)
        centres = np.column_stack([columns, rows]) + 0.5
        points = geometry.points_to_image(centres)
        found.append(np.column_stack([points, scores.ravel()[at]]).astype(FLOAT32))
    return found


def _pixels(cells: Array) -> Array:
    """Probabilities of the pixels of one image, of the cells' logits."""
    _, height, width = cells.shape
    shares = stable.softmax(cells.astype(FLOAT64), 0)[:-1].astype(FLOAT32)
    blocks = shares.reshape(_CELL, _CELL, height, width).transpose(2, 0, 3, 1)
    return np.ascontiguousarray(blocks).reshape(height * _CELL, width * _CELL)


def _strongest(scores: Array, radius: int) -> Array:
    if radius == 0 or scores.size == 0:
        return np.ones(scores.shape, np.bool_)
    side = 2 * radius + 1
    points: Array = scores == dilate(scores, side, border="edge")
    for _ in range(_ROUNDS):
        near = dilate(points.view(np.uint8), side, border="edge") != 0
        left = np.where(near, FLOAT32.type(0), scores)
        points = points | ((left == dilate(left, side, border="edge")) & ~near)
    return points

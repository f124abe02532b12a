"""Interest points of SuperPoint: a score for each pixel, thinned out to the strongest of their neighbourhoods, and the
vectors that describe them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from ..._core.box_arrays import FLOAT64, check_floats, packed
from ..._core.errors import Got, wrong_type, wrong_value
from ..._core.images import FLOAT32, Array
from ..._core.parameters import Choice, OrNone, Range
from ...morphology.flat import dilate
from .. import stable
from ..errors import OutputMismatch
from ..geometry import Geometries, geometry_of_each
from ..outputs import Keys, Outputs, reads, tensor

SHARE = Range(low=0, high=1)
PIXELS = Range(low=0, high=2**15, integer=True)
COUNT = OrNone(Range(low=1, integer=True))

SEMANTICS = Choice(("paper", "transformers"))

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


@reads("descriptors")
def decode_superpoint_descriptors(
    outputs: Outputs,
    points: Sequence[Array],
    geometries: Geometries,
    *,
    semantics: Annotated[str, SEMANTICS] = "paper",
    keys: Keys = None,
) -> list[Array]:
    """Look up what SuperPoint's descriptor head says at points of the images.

    Parameters
    ----------
    outputs : mapping from str to array
        ``descriptors`` (or ``desc``), (N, D, h, w): a vector for each cell of 8 by 8 pixels, of any length. Floats,
        finite.
    points : sequence of N (K, 2) or (K, 3) arrays of float32 or float64
        For each image points ``x, y`` in pixels of the image, as `decode_superpoint` gives them; further columns are
        not looked at.
    geometries : Geometry, or sequence of N Geometry
        Where each image lies in the model's input, of 8 h by 8 w pixels.
    semantics : {"paper", "transformers"}, default "paper"
        Whether the vector of a cell stands at its middle, or as transformers and the code it follows have it: the
        middles of the first cell and of the last pixel mapped to the middles of the first and last vector.
    keys : mapping from str to str, optional
        Name of the output where it is another.

    Returns
    -------
    list of (K, D) arrays of float32
        For each image the vectors of its points, of length 1; zeros where the network gave no direction.

    Raises
    ------
    TypeError
        Wrong kind of argument.
    OutputMismatch
        A tensor that is missing, of another shape, or not finite.
    ValueError
        An unknown word, points that are not finite, or another number of geometries or arrays of points.

    Notes
    -----
    The vectors of the cells are brought to length 1, interpolated linearly along both axes, held beyond the outermost
    middles, and brought to length 1 again. The paper interpolates by cubics; its authors' code, on which everything
    else is built, does as is done here. O(D (h w + K)), one copy of the map.

    References
    ----------
    D. DeTone, T. Malisiewicz, A. Rabinovich, SuperPoint: Self-supervised interest point detection and description, CVPR
    Workshops 2018, section 3.3.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import Geometry, decode_superpoint_descriptors
    >>> descriptors = np.zeros((1, 2, 1, 2), np.float32)
    >>> descriptors[0, 0, 0, 0] = descriptors[0, 1, 0, 1] = 5
    >>> points = np.array([[2.0, 4], [8, 4]])
    >>> decode_superpoint_descriptors({"desc": descriptors}, [points], Geometry.stretched((8, 16), (8, 16)))[0].round(4)
    array([[1.    , 0.    ],
           [0.7071, 0.7071]], dtype=float32)
    """
    name = "decode_superpoint_descriptors"
    maps = tensor(name, outputs, "descriptors", ("N", "D", "h", "w"), aliases=("desc",), keys=keys)
    if 0 in maps.shape[1:]:
        must = "of shape (N, D, h, w), at least one number large"
        raise OutputMismatch(name, "descriptors", must, Got(f"shape {maps.shape}"))
    places = geometry_of_each(name, geometries, len(maps))
    theirs = SEMANTICS.check(name, "semantics", semantics) == "transformers"
    if isinstance(points, np.ndarray) or not isinstance(points, Sequence):
        raise wrong_type(name, "points", "a sequence of arrays, one for each image", points)
    if len(points) != len(maps):
        must = f"a sequence of {len(maps)} arrays, one for each image"
        raise wrong_value(name, "points", must, Got(f"{len(points)} of them"))
    given = [_check_points(name, f"points[{at}]", one) for at, one in enumerate(points)]
    sides = np.array(maps.shape[:1:-1], FLOAT64)
    found = []
    for cells, own, geometry in zip(maps, given, places, strict=True):
        within = geometry.points_to_input(own)
        at = within / _CELL - 0.5
        if theirs:
            at *= _CELL * (sides - 1) / (_CELL * sides - (_CELL + 1) / 2)
        found.append(_vectors(cells, at).astype(FLOAT32))
    return found


def _check_points(function: str, argument: str, points: object) -> Array:
    must = "(K, 2) or (K, 3)"
    array = check_floats(function, argument, points, must)
    if array.ndim != 2 or array.shape[1] not in (2, 3):
        raise wrong_value(function, argument, f"of shape {must}", Got(f"shape {array.shape}"))
    places: Array = array[:, :2].astype(FLOAT64)
    if not np.isfinite(places).all():
        row = int(np.argmin(np.isfinite(places).all(axis=1)))
        raise wrong_value(function, argument, "of finite x and y", Got(f"{array[row].tolist()} in row {row}"))
    return places


def _vectors(cells: Array, at: Array) -> Array:
    """The directions at places x, y among the middles of the cells."""
    size, height, width = cells.shape
    rows = _directions(packed(cells.reshape(size, -1).T))
    (x0, x1, right), (y0, y1, down) = (_beside(at[:, axis], side) for axis, side in ((0, width), (1, height)))
    upper = rows[y0 * width + x0] * (1 - right) + rows[y0 * width + x1] * right
    lower = rows[y1 * width + x0] * (1 - right) + rows[y1 * width + x1] * right
    return _directions(upper * (1 - down) + lower * down)


def _beside(at: Array, size: int) -> tuple[Array, Array, Array]:
    """The two neighbours of places, held at the ends, and what the second counts, as a column."""
    held = at.clip(0, size - 1)
    low = held.astype(np.intp)
    return low, np.minimum(low + 1, size - 1), (held - low).astype(FLOAT32)[:, None]


def _directions(rows: Array) -> Array:
    """Rows of length 1; by their largest numbers first, whose squares would not fit."""
    scaled = rows / np.maximum(np.abs(rows).max(axis=1, keepdims=True), np.finfo(FLOAT32).tiny)
    lengths = np.sqrt(np.einsum("kd,kd->k", scaled, scaled))[:, None]
    return np.asarray(scaled / np.where(lengths > 0, lengths, 1))


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

"""Logits of overlapping tiles, blended into one map, a few rows at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from .._core.array_parameters import Shape
from .._core.box_arrays import INT64, check_floats
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import FLOAT32, Array
from .._core.parameters import Flag
from .decode.label_axes import Rows, columns_at, resized_places, rows_at
from .decode.label_map import check_labels_out, map_labels

SHAPE = Shape()
FLAG = Flag()

_NO_MORE = object()
_WINDOWS = ("flat", "hann", "gaussian")


@dataclass(frozen=True)
class Window:
    """What the numbers of a tile count, by their place in it."""

    def __str__(self) -> str:
        return 'one of "flat", "hann", "gaussian", or a float32 array of shape (h, w), above 0 everywhere'

    def check(self, function: str, argument: str, value: Any) -> Any:
        if isinstance(value, str) and value in _WINDOWS:
            return value
        if not isinstance(value, np.ndarray) or value.dtype != FLOAT32:
            raise (wrong_value if isinstance(value, str) else wrong_type)(
                function, argument, str(self), value
            )
        if value.ndim != 2 or not value.size or not (np.isfinite(value) & (value > 0)).all():
            raise wrong_value(function, argument, str(self), value)
        return value

    def parse(self, text: str) -> Any:
        return text

    def wrong_values(self) -> list[Any]:
        flat = np.ones((2, 2), FLOAT32)
        return ["", "FLAT", None, 1, flat.astype(np.float64), flat[0], flat - 1, flat * np.float32(np.nan)]


WINDOW = Window()


def blend_logits(
    tiles: Iterable[Array],
    places: Array,
    shape: Annotated[tuple[int, int], SHAPE],
    *,
    window: Annotated[str | Array, WINDOW] = "flat",
) -> Iterator[tuple[int, Array]]:
    """Blend the logits of overlapping tiles into one map, and give its rows as soon as no tile will change them.

    Parameters
    ----------
    tiles : iterable of (C, h, w) array of float32
        Logits, or other numbers, of one tile after the other; taken as they are needed.
    places : (T, 4) array of integers
        ``x1, y1, x2, y2`` of each tile in the map, half-open, as `plan_tiles` gives them for a map of this shape: of
        the tiles' sizes, none above the one before, and together everywhere. A network that gives a logit for s × s
        pixels takes the pixels ``s places``.
    shape : (int, int)
        Height and width of the map.
    window : {"flat", "hann", "gaussian"} or (h, w) array of float32, default "flat"
        What numbers count by their place in the tile: all alike, as FCN and DeepLab are evaluated; less towards the
        sides, by ``sin**2`` along both axes; by a Gaussian of an eighth of the sides, as nnU-Net has it; or as given,
        above 0, for tiles of that size.

    Yields
    ------
    int, (C, n, W) array of float32
        The first of n finished rows, and these, from top to bottom; an array is the caller's to keep.

    Raises
    ------
    TypeError
        Wrong kind of argument, or a tile that is not a float32 array.
    ValueError
        Places outside of the map, out of order or not everywhere; or tiles of another size or number of classes, too
        few or too many of them.

    Notes
    -----
    ``sum(window tile) / sum(window)`` over the tiles at a place, in float32 and the order of the tiles. Memory: as
    many rows of the map as a tile has, and a tile; never the map.

    References
    ----------
    P. Sermanet et al., OverFeat: integrated recognition, localization and detection using convolutional networks,
    ICLR 2014: dense evaluation.
    F. Isensee et al., nnU-Net: a self-configuring method for deep learning-based biomedical image segmentation, Nature
    Methods 18 (2021) 203-211.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import blend_logits
    >>> places = np.array([[0, 0, 3, 1], [1, 0, 4, 1]])
    >>> tiles = [np.zeros((1, 1, 3), np.float32), np.ones((1, 1, 3), np.float32)]
    >>> list(blend_logits(tiles, places, (1, 4)))
    [(0, array([[[0. , 0.5, 0.5, 1. ]]], dtype=float32))]
    """
    name = "blend_logits"
    shape = SHAPE.check(name, "shape", shape)
    window = WINDOW.check(name, "window", window)
    return _blended(name, tiles, _check_places(name, places, shape), shape, window)


def label_tiles(
    tiles: Iterable[Array],
    places: Array,
    grid: Annotated[tuple[int, int], SHAPE],
    shape: Annotated[tuple[int, int], SHAPE],
    *,
    window: Annotated[str | Array, WINDOW] = "flat",
    align_corners: Annotated[bool, FLAG] = False,
    out: Array | None = None,
) -> Array:
    """Label the pixels of a large image by the logits of overlapping tiles.

    Parameters
    ----------
    tiles, places, window
        As `blend_logits` takes them.
    grid : (int, int)
        Height and width of the map of logits that the tiles make up.
    shape : (int, int)
        Height and width of the image over which that map is stretched.
    align_corners, out
        As `label_map` takes them.

    Returns
    -------
    (H, W) array of int32, or ``out``
        `label_map` of the blended logits.

    Raises
    ------
    TypeError, ValueError
        As `blend_logits` and `label_map`.
    OutputMismatch
        Blended logits that are not finite.

    Notes
    -----
    Rows of labels are made as rows of logits are finished: the map of logits is never whole. Memory beside the result:
    twice as many rows of logits as a tile has.

    References
    ----------
    L.-C. Chen et al., DeepLab: semantic image segmentation with deep convolutional nets, atrous convolution, and fully
    connected CRFs, PAMI 40 (2018) 834-848.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import label_tiles
    >>> tile = np.full((2, 2, 2), 0.5, np.float32)
    >>> tile[1] = 0, 1
    >>> label_tiles([tile, tile], np.array([[0, 0, 2, 2], [2, 0, 4, 2]]), (2, 4), (2, 8))
    array([[0, 0, 1, 1, 0, 0, 1, 1],
           [0, 0, 1, 1, 0, 0, 1, 1]], dtype=int32)
    """
    name = "label_tiles"
    grid = SHAPE.check(name, "grid", grid)
    height, width = SHAPE.check(name, "shape", shape)
    window = WINDOW.check(name, "window", window)
    align_corners = FLAG.check(name, "align_corners", align_corners)
    places = _check_places(name, places, grid)
    rows = rows_at(resized_places(grid[0], height, align_corners), grid[0])
    columns = columns_at(resized_places(grid[1], width, align_corners), grid[1])
    labels: Array | None = None
    done, first = 0, 0
    for start, blended in _blended(name, tiles, places, grid, window):
        if labels is None:
            labels = check_labels_out(name, out, (height, width), blended)
            kept = blended[:, :0]
        held = np.concatenate([kept, blended], axis=1)
        end = start + blended.shape[1]
        # Rows of labels whose lower neighbour is there.
        stop = int(np.searchsorted(rows.beside[1], end)) if end < grid[0] else height
        if stop > done:
            part = Rows(
                np.ascontiguousarray(rows.beside[:, done:stop] - np.int32(first)), rows.weights[done:stop]
            )
            map_labels(name, held, part, columns, labels[done:stop], argument="tiles")
            done = stop
        kept, first = held[:, -1:], end - 1
    assert labels is not None
    return labels


def _check_places(function: str, places: object, shape: tuple[int, int]) -> Array:
    must = "an integer array of shape (T, 4), T at least 1"
    if (
        not isinstance(places, np.ndarray)
        or isinstance(places, np.ma.MaskedArray)
        or places.dtype.kind not in "iu"
    ):
        raise wrong_type(function, "places", must, places)
    if places.ndim != 2 or places.shape[1] != 4 or not len(places):
        raise wrong_value(function, "places", must, Got(f"shape {places.shape}"))
    places = places.astype(INT64)
    x1, y1, x2, y2 = places.T
    height, width = shape
    wrong = (x1 < 0) | (y1 < 0) | (x2 <= x1) | (y2 <= y1) | (x2 > width) | (y2 > height)
    wrong[1:] |= y1[1:] < y1[:-1]
    if wrong.any():
        row = int(np.argmax(wrong))
        must = f"x1 < x2 and y1 < y2 within {height} rows and {width} columns, none above the one before"
        raise wrong_value(function, "places", must, Got(f"{places[row].tolist()} in row {row}"))
    covered = np.zeros(shape, np.bool_)
    for left, top, right, bottom in places.tolist():
        covered[top:bottom, left:right] = True
    if not covered.all():
        gap = tuple(map(int, np.unravel_index(int(np.argmin(covered)), shape)))
        raise wrong_value(function, "places", "everywhere in the map", Got(f"no tile at row, column {gap}"))
    return places


def _blended(
    function: str, tiles: Iterable[Array], places: Array, shape: tuple[int, int], window: str | Array
) -> Iterator[tuple[int, Array]]:
    height, width = shape
    tall = int((places[:, 3] - places[:, 1]).max())
    sums: Array | None = None
    weights = np.zeros((tall, width), FLOAT32)
    start = 0  # the row of the map that is the first of the sums
    try:
        given: Iterator[Any] = iter(tiles)
    except TypeError:
        raise wrong_type(function, "tiles", "an iterable of arrays", tiles) from None
    for number, (x1, y1, x2, y2) in enumerate(places.tolist()):
        tile = next(given, _NO_MORE)
        if tile is _NO_MORE:
            raise wrong_value(function, "tiles", f"{len(places)}, one for each place", Got(f"{number}"))
        size = (y2 - y1, x2 - x1)
        tile = _check_tile(function, tile, number, size, sums)
        if sums is None:
            sums = np.zeros((len(tile), tall, width), FLOAT32)
        if y1 > start:
            yield start, _finished(sums, weights, y1 - start)
            start = y1
        counts = _weights(function, window, size)
        sums[:, : size[0], x1:x2] += tile * counts
        weights[: size[0], x1:x2] += counts
    if next(given, _NO_MORE) is not _NO_MORE:
        raise wrong_value(function, "tiles", f"{len(places)}, one for each place", Got("more"))
    assert sums is not None
    yield start, _finished(sums, weights, height - start)


def _check_tile(function: str, tile: object, number: int, size: tuple[int, int], sums: Array | None) -> Array:
    classes = "C" if sums is None else str(len(sums))
    wanted = f"({classes}, {size[0]}, {size[1]})"
    array = check_floats(function, f"tiles[{number}]", tile, wanted, (FLOAT32,))
    wrong = array.ndim != 3 or not len(array) or array.shape[1:] != size
    if wrong or (sums is not None and len(array) != len(sums)):
        raise wrong_value(function, f"tiles[{number}]", f"of shape {wanted}", Got(f"shape {array.shape}"))
    return array


def _finished(sums: Array, weights: Array, count: int) -> Array:
    """The first rows, divided; those below move up."""
    rest = weights.shape[0] - count
    done = sums[:, :count] / weights[:count]
    for array in (sums, weights):
        array[..., :rest, :] = array[..., count:, :].copy()
        array[..., rest:, :] = 0
    return np.asarray(done)


def _weights(function: str, window: str | Array, size: tuple[int, int]) -> Array:
    if not isinstance(window, str):
        if window.shape != size:
            raise wrong_value(
                function, "window", f"of shape {size}, as the tiles are", Got(f"shape {window.shape}")
            )
        return window
    down, across = (_along(window, length) for length in size)
    return np.outer(down, across).astype(FLOAT32)


def _along(window: str, length: int) -> Array:
    """Above 0 also where two factors meet in a corner."""
    middles = np.arange(length) + 0.5
    if window == "hann":
        return np.asarray(np.sin(np.pi * middles / length) ** 2)
    if window == "gaussian":
        return np.asarray(np.exp(-0.5 * ((middles - length / 2) / (length / 8)) ** 2))
    return np.ones(length)

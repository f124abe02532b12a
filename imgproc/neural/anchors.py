"""The boxes and points that dense heads are laid over, as the papers and the libraries lay them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any

import numpy as np

from .._core.array_parameters import Positives, Shape
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import FLOAT32, Array
from .._core.parameters import Choice, Flag, Range
from ..boxes import generate_anchors

SHAPE = Shape()
STRIDES = Positives()
POSITIVES = Positives()
FLAG = Flag()
ABOVE = Range(above=0)
OFFSET = Range()
SEMANTICS = Choice(("paper", "torchvision"))

PYRAMID = (8, 16, 32, 64, 128)
"""Strides of the levels P3 to P7."""

_OCTAVES = tuple(2 ** (third / 3) for third in range(3))
_ASPECTS = ((1.0, 1.0), (1.4, 0.7), (0.7, 1.4))


def grids_of(shape: tuple[int, int], strides: Sequence[float]) -> list[tuple[int, int]]:
    """Rows and columns of the feature maps of an input: each a side over the stride, rounded up."""
    return [(math.ceil(shape[0] / stride), math.ceil(shape[1] / stride)) for stride in strides]


def frozen(array: Array) -> Array:
    array.setflags(write=False)
    return array


def _rows(function: str, argument: str, value: Any, check: Any) -> tuple[tuple[float, ...], ...]:
    """A sequence of sequences of numbers, one for each level."""
    must = "a sequence with a sequence of finite numbers > 0 for each level"
    if not isinstance(value, list | tuple) or not value:
        raise wrong_type(function, argument, must, value)
    return tuple(
        tuple(check.check(function, f"{argument}[{i}]", row).tolist()) for i, row in enumerate(value)
    )


def pyramid_anchors(
    input_shape: Annotated[tuple[int, int], SHAPE],
    *,
    strides: Annotated[Any, STRIDES] = PYRAMID,
    sizes: Sequence[Sequence[float]] | None = None,
    ratios: Annotated[Any, POSITIVES] = (0.5, 1.0, 2.0),
    offset: Annotated[float, OFFSET] = 0.0,
    semantics: Annotated[str, SEMANTICS] = "paper",
) -> tuple[Array, ...]:
    """Lay the anchors of RetinaNet or of a region proposal network over every level of a feature pyramid.

    Parameters
    ----------
    input_shape : (int, int)
        Height and width of the model's input, in pixels.
    strides : sequence of numbers > 0, default (8, 16, 32, 64, 128)
        Pixels of the input for a cell of each level.
    sizes : sequence of sequences of numbers > 0, optional
        Square roots of the anchors' areas, in pixels, for each level. By default RetinaNet's: four strides, times 1,
        2^(1/3) and 2^(2/3). A region proposal network on a pyramid has ``[(32,), (64,), …]``.
    ratios : sequence of numbers > 0, default (0.5, 1, 2)
        Height over width.
    offset : float, default 0
        Where in its cell an anchor's centre lies, in strides.
    semantics : {"paper", "torchvision"}, default "paper"
        ``"torchvision"`` lays them bit for bit as ``AnchorGenerator`` does: corners rounded to whole pixels, and the
        input's side over the map's side, rounded down, for the stride; the default sizes are whole numbers.

    Returns
    -------
    tuple of (N, 4) arrays of float32
        One for each level, x1, y1, x2, y2 in pixels of the input, read-only. The size runs fastest, then the ratio, the
        column and the row.

    Raises
    ------
    TypeError, ValueError
        A number of the wrong kind or out of range, or not one row of sizes for each stride.

    Notes
    -----
    A map has as many rows as the height over the stride, rounded up: so do stacked convolutions of stride 2 with
    padding. Neither paper says where in a cell the centre lies; Detectron2 and torchvision lay it at the corner.
    Results of the last few arguments are remembered.

    References
    ----------
    T.-Y. Lin, P. Goyal, R. Girshick, K. He, P. Dollár, Focal loss for dense object detection, ICCV 2017, section 4.
    T.-Y. Lin et al., Feature pyramid networks for object detection, CVPR 2017, section 4.1.

    Examples
    --------
    >>> from imgproc.neural import pyramid_anchors
    >>> [len(level) for level in pyramid_anchors((64, 96))]
    [864, 216, 54, 18, 9]
    """
    name = "pyramid_anchors"
    shape = SHAPE.check(name, "input_shape", input_shape)
    steps = tuple(STRIDES.check(name, "strides", strides).tolist())
    shapes = tuple(POSITIVES.check(name, "ratios", ratios).tolist())
    place = OFFSET.check(name, "offset", offset)
    rounded = SEMANTICS.check(name, "semantics", semantics) == "torchvision"
    if sizes is None:
        sides = tuple(tuple(4 * step * octave for octave in _OCTAVES) for step in steps)
        sides = tuple(tuple(float(int(side)) for side in row) for row in sides) if rounded else sides
    else:
        sides = _rows(name, "sizes", sizes, POSITIVES)
        if len(sides) != len(steps):
            raise wrong_value(
                name, "sizes", f"of {len(steps)} rows, one for each stride", Got(f"{len(sides)}")
            )
    return _pyramid(shape, steps, sides, shapes, place, rounded)


@lru_cache(maxsize=8)
def _pyramid(
    shape: tuple[int, int],
    strides: tuple[float, ...],
    sizes: tuple[tuple[float, ...], ...],
    ratios: tuple[float, ...],
    offset: float,
    rounded: bool,
) -> tuple[Array, ...]:
    levels = []
    for grid, stride, sides in zip(grids_of(shape, strides), strides, sizes, strict=True):
        steps = _whole_strides(shape, grid) if rounded else (stride, stride)
        levels.append(frozen(generate_anchors(grid, steps, sides, ratios, offset=offset, rounded=rounded)))
    return tuple(levels)


def _whole_strides(shape: tuple[int, int], grid: tuple[int, int]) -> tuple[int, int]:
    """As torchvision has them."""
    return max(shape[0] // grid[0], 1), max(shape[1] // grid[1], 1)


def anchor_points(
    input_shape: Annotated[tuple[int, int], SHAPE],
    *,
    strides: Annotated[Any, STRIDES] = PYRAMID,
    offset: Annotated[float, OFFSET] = 0.5,
    semantics: Annotated[str, SEMANTICS] = "paper",
) -> tuple[Array, Array]:
    """Lay the points of an anchor-free head: one for each cell of each level.

    Parameters
    ----------
    input_shape : (int, int)
        Height and width of the model's input, in pixels.
    strides : sequence of numbers > 0, default (8, 16, 32, 64, 128)
        Pixels of the input for a cell of each level; the YOLO family from version 8 on has (8, 16, 32).
    offset : float, default 0.5
        Where in its cell a point lies, in strides.
    semantics : {"paper", "torchvision"}, default "paper"
        ``"torchvision"`` lays FCOS's at the corners of the cells, whatever ``offset`` says, with the quotient of
        `pyramid_anchors` for the stride.

    Returns
    -------
    points : (N, 2) array of float32
        x, y in pixels of the input; the column runs fastest, then the row and the level.
    scales : (N,) array of float32
        The stride of each point's level.

    Raises
    ------
    TypeError, ValueError
        A number of the wrong kind or out of range.

    References
    ----------
    Z. Tian, C. Shen, H. Chen, T. He, FCOS: fully convolutional one-stage object detection, ICCV 2019, section 3.1.

    Examples
    --------
    >>> from imgproc.neural import anchor_points
    >>> points, scales = anchor_points((16, 16), strides=(8, 16))
    >>> points.tolist(), scales.tolist()
    ([[4.0, 4.0], [12.0, 4.0], [4.0, 12.0], [12.0, 12.0], [8.0, 8.0]], [8.0, 8.0, 8.0, 8.0, 16.0])
    """
    name = "anchor_points"
    shape = SHAPE.check(name, "input_shape", input_shape)
    steps = tuple(STRIDES.check(name, "strides", strides).tolist())
    place = OFFSET.check(name, "offset", offset)
    corner = SEMANTICS.check(name, "semantics", semantics) == "torchvision"
    return _points(shape, steps, 0.0 if corner else place, corner)


@lru_cache(maxsize=8)
def _points(
    shape: tuple[int, int], strides: tuple[float, ...], offset: float, whole: bool
) -> tuple[Array, Array]:
    points, scales = [], []
    for grid, stride in zip(grids_of(shape, strides), strides, strict=True):
        down, across = _whole_strides(shape, grid) if whole else (stride, stride)
        level = np.empty((*grid, 2), FLOAT32)
        level[..., 0] = (np.arange(grid[1]) + offset) * across
        level[..., 1] = ((np.arange(grid[0]) + offset) * down)[:, None]
        points.append(level.reshape(-1, 2))
        scales.append(np.full(grid[0] * grid[1], stride, FLOAT32))
    return frozen(np.concatenate(points)), frozen(np.concatenate(scales))


def efficientdet_anchors(
    input_shape: Annotated[tuple[int, int], SHAPE],
    *,
    strides: Annotated[Any, STRIDES] = PYRAMID,
    anchor_scale: Annotated[float, ABOVE] = 4.0,
    aspects: Sequence[tuple[float, float]] = _ASPECTS,
) -> Array:
    """Lay the nine anchors of EfficientDet over every cell of every level.

    Parameters
    ----------
    input_shape : (int, int)
        Height and width of the model's input, in pixels.
    strides : sequence of numbers > 0, default (8, 16, 32, 64, 128)
        Pixels of the input for a cell of each level.
    anchor_scale : float, default 4
        Side of the smallest square anchor, in strides.
    aspects : sequence of (float, float), default ((1, 1), (1.4, 0.7), (0.7, 1.4))
        Factors of width and height.

    Returns
    -------
    (N, 4) array of float32
        x1, y1, x2, y2 in pixels of the input, read-only. The aspect runs fastest, then the octave (1, 2^(1/3),
        2^(2/3)), the column, the row and the level.

    Raises
    ------
    TypeError, ValueError
        A number of the wrong kind or out of range.

    Notes
    -----
    Centres lie in the middle of their cells. The stride of a map is the input's side over the map's, which is
    ``strides`` where that divides the input's sides, as it does in the paper's networks.

    References
    ----------
    M. Tan, R. Pang, Q. V. Le, EfficientDet: scalable and efficient object detection, CVPR 2020, section 5.

    Examples
    --------
    >>> from imgproc.neural import efficientdet_anchors
    >>> efficientdet_anchors((512, 512)).shape
    (49104, 4)
    """
    name = "efficientdet_anchors"
    shape = SHAPE.check(name, "input_shape", input_shape)
    steps = tuple(STRIDES.check(name, "strides", strides).tolist())
    scale = ABOVE.check(name, "anchor_scale", anchor_scale)
    factors = _rows(name, "aspects", aspects, Positives(2))
    return _octaves(shape, steps, scale, factors)


@lru_cache(maxsize=8)
def _octaves(
    shape: tuple[int, int], strides: tuple[float, ...], scale: float, aspects: tuple[tuple[float, ...], ...]
) -> Array:
    levels = []
    for (rows, columns), _ in zip(grids_of(shape, strides), strides, strict=True):
        down, across = shape[0] / rows, shape[1] / columns
        halves = [
            (scale * across * octave * wide / 2, scale * down * octave * high / 2)
            for octave in _OCTAVES
            for wide, high in aspects
        ]
        centres = np.empty((rows, columns, 1, 2))
        centres[..., 0] = ((np.arange(columns) + 0.5) * across)[:, None]
        centres[..., 1] = ((np.arange(rows) + 0.5) * down)[:, None, None]
        levels.append(np.concatenate([centres - halves, centres + halves], axis=-1).reshape(-1, 4))
    return frozen(np.concatenate(levels).astype(FLOAT32))

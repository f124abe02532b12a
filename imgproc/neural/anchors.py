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
_SSD_GRIDS = ((38, 38), (19, 19), (10, 10), (5, 5), (3, 3), (1, 1))
_SSD_SCALES = (0.07, 0.15, 0.33, 0.51, 0.69, 0.87, 1.05)
_SSD_RATIOS = ((2.0,), (2.0, 3.0), (2.0, 3.0), (2.0, 3.0), (2.0,), (2.0,))
_SSD_STEPS = (8.0, 16.0, 32.0, 64.0, 100.0, 300.0)
_SSD_USUAL: dict[tuple[int, int], dict[str, Any]] = {
    (300, 300): {},
    (512, 512): {
        "grids": tuple((2**power, 2**power) for power in range(6, -1, -1)),
        "scales": (0.04, 0.1, 0.26, 0.42, 0.58, 0.74, 0.9, 1.06),
        "ratios": ((2.0,), *((2.0, 3.0),) * 4, (2.0,), (2.0,)),
        "steps": tuple(float(2**power) for power in range(3, 10)),
    },
    (320, 320): {
        "grids": ((20, 20), (10, 10), (5, 5), (3, 3), (2, 2), (1, 1)),
        "scales": (*(0.2 + 0.75 * level / 5 for level in range(6)), 1.0),
        "ratios": ((2.0, 3.0),) * 6,
        "steps": None,
    },
}
"""Of SSD300 and SSD512 on COCO, and of torchvision's SSDlite."""
_ASPECTS = ((1.0, 1.0), (1.4, 0.7), (0.7, 1.4))


def grids_of(shape: tuple[int, int], strides: Sequence[float]) -> list[tuple[int, int]]:
    """Rows and columns of the feature maps of an input: each a side over the stride, rounded up."""
    return [(math.ceil(shape[0] / stride), math.ceil(shape[1] / stride)) for stride in strides]


def _frozen(array: Array) -> Array:
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
        levels.append(_frozen(generate_anchors(grid, steps, sides, ratios, offset=offset, rounded=rounded)))
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
    return _frozen(np.concatenate(points)), _frozen(np.concatenate(scales))


def default_boxes(
    input_shape: Annotated[tuple[int, int], SHAPE] = (300, 300),
    *,
    grids: Sequence[tuple[int, int]] = _SSD_GRIDS,
    scales: Annotated[Any, POSITIVES] = _SSD_SCALES,
    ratios: Sequence[Sequence[float]] = _SSD_RATIOS,
    steps: Sequence[float] | None = _SSD_STEPS,
    clip: Annotated[bool, FLAG] = True,
) -> Array:
    """Lay the default boxes of SSD over its feature maps.

    Parameters
    ----------
    input_shape : (int, int), default (300, 300)
        Height and width of the model's input, in pixels.
    grids : sequence of (int, int)
        Rows and columns of each feature map; by default those of SSD300.
    scales : sequence of numbers > 0
        Side of the square box of each map, and one more, in shares of the input; by default SSD300's on COCO.
    ratios : sequence of sequences of numbers > 0
        For each map the widths over heights beside 1; each also stands for its inverse.
    steps : sequence of numbers > 0, optional
        Pixels of the input for a cell of each map; None for the input's sides over the map's sides.
    clip : bool, default True
        Cut widths and heights to the input's; centres are never beyond it.

    Returns
    -------
    (N, 4) array of float32
        x1, y1, x2, y2 in pixels of the input, read-only. For each cell: the square of ``scale``, that of
        ``√(scale · next scale)``, and for each ratio the wide box and the high one. The column runs next, then the row
        and the map.

    Raises
    ------
    TypeError, ValueError
        A number of the wrong kind or out of range, or lengths that do not fit each other.

    Notes
    -----
    Bit for bit those of torchvision's ``DefaultBoxGenerator``.

    References
    ----------
    W. Liu et al., SSD: single shot multibox detector, ECCV 2016, section 2.2.

    Examples
    --------
    >>> from imgproc.neural import default_boxes
    >>> len(default_boxes())
    8732
    """
    name = "default_boxes"
    shape = SHAPE.check(name, "input_shape", input_shape)
    if not isinstance(grids, list | tuple) or not grids:
        raise wrong_type(name, "grids", "a sequence with a pair (rows, columns) for each map", grids)
    maps = tuple(SHAPE.check(name, f"grids[{i}]", grid) for i, grid in enumerate(grids))
    sides = tuple(POSITIVES.check(name, "scales", scales).tolist())
    shapes = tuple(
        tuple(Positives().check(name, f"ratios[{i}]", row).tolist()) if len(row) else ()
        for i, row in enumerate(_listed(name, ratios))
    )
    cells = None if steps is None else tuple(POSITIVES.check(name, "steps", steps).tolist())
    for argument, got, want in (
        ("scales", len(sides), len(maps) + 1),
        ("ratios", len(shapes), len(maps)),
        ("steps", len(maps) if cells is None else len(cells), len(maps)),
    ):
        if got != want:
            raise wrong_value(name, argument, f"{want}, for {len(maps)} maps", Got(f"{got}"))
    return _defaults(shape, maps, sides, shapes, cells, FLAG.check(name, "clip", clip))


def usual_boxes(function: str, shape: tuple[int, int]) -> Array:
    """The default boxes of the published network that has this input."""
    if shape not in _SSD_USUAL:
        known = ", ".join(f"{rows} × {columns}" for rows, columns in sorted(_SSD_USUAL))
        must = f"given, made by default_boxes, where the input is none of {known}"
        raise wrong_value(function, "anchors", must, Got(f"none for an input of {shape[0]} × {shape[1]}"))
    return default_boxes(shape, **_SSD_USUAL[shape])


def _listed(function: str, ratios: Any) -> Sequence[Any]:
    if not isinstance(ratios, list | tuple) or not all(isinstance(row, list | tuple) for row in ratios):
        raise wrong_type(function, "ratios", "a sequence with a sequence of numbers > 0 for each map", ratios)
    return ratios


@lru_cache(maxsize=8)
def _defaults(
    shape: tuple[int, int],
    grids: tuple[tuple[int, int], ...],
    scales: tuple[float, ...],
    ratios: tuple[tuple[float, ...], ...],
    steps: tuple[float, ...] | None,
    clip: bool,
) -> Array:
    sides = np.array([shape[1], shape[0]], FLOAT32)
    levels = []
    for level, (rows, columns) in enumerate(grids):
        scale = scales[level]
        pairs = [(scale, scale), (math.sqrt(scale * scales[level + 1]),) * 2]
        for ratio in ratios[level]:
            wide, high = scale * math.sqrt(ratio), scale / math.sqrt(ratio)
            pairs += [(wide, high), (high, wide)]
        sizes = np.array(pairs, FLOAT32)
        sizes = sizes.clip(0, 1) if clip else sizes
        down, across = (rows, columns) if steps is None else (side / steps[level] for side in shape)
        centres = np.empty((rows, columns, 1, 2), FLOAT32)
        centres[..., 0] = ((np.arange(columns, dtype=FLOAT32) + FLOAT32.type(0.5)) / FLOAT32.type(across))[
            :, None
        ]
        centres[..., 1] = ((np.arange(rows, dtype=FLOAT32) + FLOAT32.type(0.5)) / FLOAT32.type(down))[
            :, None, None
        ]
        halves = FLOAT32.type(0.5) * sizes
        levels.append(
            np.concatenate([(centres - halves) * sides, (centres + halves) * sides], axis=-1).reshape(-1, 4)
        )
    return _frozen(np.concatenate(levels))


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
    return _frozen(np.concatenate(levels).astype(FLOAT32))

"""The default boxes of SSD, as its authors and torchvision lay them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any

import numpy as np

from .._core.array_parameters import Positives
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import FLOAT32, Array
from .anchors import FLAG, POSITIVES, SHAPE, frozen

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
    return frozen(np.concatenate(levels))

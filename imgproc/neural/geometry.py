"""How the pixels of an image and those of a model's input lie on each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._core.array_parameters import Shape
from .._core.box_arrays import FLOAT64
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import FLOAT32, Array
from .._core.parameters import Flag, Range

_SHAPE = Shape()
_FLAG = Flag()
# Wide enough for every image, and what float64 multiplies without leaving it.
_SCALE = Range(low=1e-9, high=1e9)
_OFFSET = Range(low=-1e15, high=1e15)


@dataclass(frozen=True)
class Geometry:
    """Where an image lies in the input of a model; `Preprocess` makes it.

    A point at x of the image, in pixels from the left edge, lies at ``x · scale + offset`` of the input, or at the
    input's width less that where ``flip``; rows alike, without flip. A map of another height and width than the input,
    such as logits, is one of the whole input, its pixels larger or smaller.

    Attributes
    ----------
    image_shape : (int, int)
        Height and width of the image.
    input_shape : (int, int)
        Height and width of the model's input.
    scale : (float, float)
        Pixels of the input for one of the image, down and across; 1e-9 to 1e9.
    offset : (float, float)
        Where the image's top left corner lies in the input, down and across; negative where it is cropped.
    flip : bool
        Whether the input shows the image mirrored left to right.

    Raises
    ------
    TypeError, ValueError
        What is no pair, or a number out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import Geometry
    >>> letterbox = Geometry((90, 160), (64, 64), scale=(0.4, 0.4), offset=(14, 0))
    >>> letterbox.boxes_to_image(np.array([[0.0, 14, 32, 50]]))
    array([[ 0.,  0., 80., 90.]])
    >>> labels = np.zeros((16, 16), np.uint8)
    >>> labels[:8] = 1
    >>> letterbox.masks_to_image(labels)[:, 0].sum()
    np.uint64(45)
    """

    image_shape: tuple[int, int]
    input_shape: tuple[int, int]
    scale: tuple[float, float] = (1.0, 1.0)
    offset: tuple[float, float] = (0.0, 0.0)
    flip: bool = False

    def __post_init__(self) -> None:
        name = type(self).__name__
        for argument, value in (
            ("image_shape", _SHAPE.check(name, "image_shape", self.image_shape)),
            ("input_shape", _SHAPE.check(name, "input_shape", self.input_shape)),
            ("scale", _both(name, "scale", self.scale, _SCALE)),
            ("offset", _both(name, "offset", self.offset, _OFFSET)),
            ("flip", _FLAG.check(name, "flip", self.flip)),
        ):
            object.__setattr__(self, argument, value)

    @classmethod
    def stretched(cls, image_shape: tuple[int, int], input_shape: tuple[int, int]) -> Geometry:
        """The whole image over the whole input."""
        image_shape = _SHAPE.check("Geometry.stretched", "image_shape", image_shape)
        input_shape = _SHAPE.check("Geometry.stretched", "input_shape", input_shape)
        scale = (input_shape[0] / image_shape[0], input_shape[1] / image_shape[1])
        return cls(image_shape, input_shape, scale)

    def points_to_image(self, points: Array) -> Array:
        """``(..., 2)`` points x, y of the input, in pixels, as points of the image."""
        points = _floats("Geometry.points_to_image", "points", points, 2)
        out = points.astype(FLOAT64)
        if self.flip:
            out[..., 0] = self.input_shape[1] - out[..., 0]
        out -= self.offset[::-1]
        with np.errstate(over="ignore"):  # of what only the clip of boxes brings back
            out /= self.scale[::-1]
            return out.astype(points.dtype)

    def points_to_input(self, points: Array) -> Array:
        """``(..., 2)`` points x, y of the image, in pixels, as points of the input."""
        points = _floats("Geometry.points_to_input", "points", points, 2)
        out = points.astype(FLOAT64)
        with np.errstate(over="ignore"):
            out *= self.scale[::-1]
            out += self.offset[::-1]
            if self.flip:
                out[..., 0] = self.input_shape[1] - out[..., 0]
            return out.astype(points.dtype)

    def boxes_to_image(self, boxes: Array, *, clip: bool = True) -> Array:
        """``(..., 4)`` boxes ``x1, y1, x2, y2`` of the input as boxes of the image, cut to it where ``clip``."""
        boxes = _floats("Geometry.boxes_to_image", "boxes", boxes, 4)
        out = self._ordered(self.points_to_image(_corners(boxes)), boxes.shape)
        if clip:
            out[..., 0::2] = out[..., 0::2].clip(0, self.image_shape[1])
            out[..., 1::2] = out[..., 1::2].clip(0, self.image_shape[0])
        return out

    def boxes_to_input(self, boxes: Array) -> Array:
        """``(..., 4)`` boxes ``x1, y1, x2, y2`` of the image as boxes of the input."""
        boxes = _floats("Geometry.boxes_to_input", "boxes", boxes, 4)
        return self._ordered(self.points_to_input(_corners(boxes)), boxes.shape)

    def content(self, map_shape: tuple[int, int] | None = None) -> tuple[float, float, float, float]:
        """What of the input, or of a map of it, shows the image: ``x1, y1, x2, y2`` in its pixels, cut to it."""
        height, width = (
            self.input_shape
            if map_shape is None
            else _SHAPE.check("Geometry.content", "map_shape", map_shape)
        )
        box = np.array([0.0, 0.0, self.image_shape[1], self.image_shape[0]])
        box = self.boxes_to_input(box).clip(0, [*self.input_shape[::-1], *self.input_shape[::-1]])
        down, across = height / self.input_shape[0], width / self.input_shape[1]
        x1, y1, x2, y2 = (box * [across, down, across, down]).tolist()
        return x1, y1, x2, y2

    def masks_to_image(self, masks: Array, *, fill: int = 0) -> Array:
        """Masks or label maps of the input as such of the image, padding cut away.

        Parameters
        ----------
        masks : (..., h, w) array of bool or integers
            Of the whole input, h and w being any.
        fill : int, default 0
            What pixels become that the input does not show.

        Returns
        -------
        array
            ``(..., H, W)`` of the image, of the same dtype: the value of the map's pixel in which the centre of each
            pixel lies, on an edge between two that to the right or below.
        """
        masks = _maps("Geometry.masks_to_image", "masks", masks, "biu")
        _check_fill("Geometry.masks_to_image", fill, masks.dtype)
        return _nearest(masks, self._places(masks.shape[-2:]), fill)

    def masks_to_input(self, masks: Array, *, fill: int = 0) -> Array:
        """``(..., H, W)`` masks or label maps of the image as such of the input; ``fill`` for padding."""
        masks = _maps("Geometry.masks_to_input", "masks", masks, "biu")
        _check_fill("Geometry.masks_to_input", fill, masks.dtype)
        if masks.shape[-2:] != self.image_shape:
            must = f"of shape (..., {self.image_shape[0]}, {self.image_shape[1]}), the image's"
            raise wrong_value("Geometry.masks_to_input", "masks", must, Got(f"shape {masks.shape}"))
        height, width = (np.arange(length) + 0.5 for length in self.input_shape)
        if self.flip:
            width = self.input_shape[1] - width
        down, across = (height - self.offset[0]) / self.scale[0], (width - self.offset[1]) / self.scale[1]
        return _nearest(masks, (down, across), fill)

    def logits_to_image(self, logits: Array, *, fill: float = 0.0) -> Array:
        """Maps of numbers of the input as such of the image, padding cut away.

        Parameters
        ----------
        logits : (..., h, w) array of float32 or float64
            Of the whole input, h and w being any: logits, probabilities, depths.
        fill : float, default 0
            What pixels become that the input does not show.

        Returns
        -------
        array
            ``(..., H, W)`` of the image, of the same dtype: linear between the centres of the map's pixels, the
            outermost of which go on to its edge. That is torch's ``interpolate(..., align_corners=False)`` where the
            image fills the input. To reach label maps of many classes, argmax while interpolating takes less memory.
        """
        logits = _maps("Geometry.logits_to_image", "logits", logits, "f")
        down, across = self._places(logits.shape[-2:])
        height, width = logits.shape[-2:]
        top, bottom, share_y = _between(down, height, logits.dtype)
        left, right, share_x = _between(across, width, logits.dtype)
        out = np.empty((*logits.shape[:-2], *self.image_shape), logits.dtype)
        for one, result in zip(
            logits.reshape(-1, height, width), out.reshape(-1, *self.image_shape), strict=True
        ):
            with np.errstate(over="ignore", invalid="ignore"):  # infinities become NaN between them
                lines = one[top] + share_y[:, None] * (one[bottom] - one[top])
                result[...] = lines[:, left] + share_x * (lines[:, right] - lines[:, left])
        _outside(out, down, across, (height, width), fill)
        return out

    def _places(self, map_shape: tuple[int, ...]) -> tuple[Array, Array]:
        """Where the centres of the image's rows and columns lie in a map of the input."""
        down, across = ((np.arange(length) + 0.5) for length in self.image_shape)
        down, across = down * self.scale[0] + self.offset[0], across * self.scale[1] + self.offset[1]
        if self.flip:
            across = self.input_shape[1] - across
        return down * (map_shape[-2] / self.input_shape[0]), across * (map_shape[-1] / self.input_shape[1])

    def _ordered(self, corners: Array, shape: tuple[int, ...]) -> Array:
        if self.flip:
            corners[..., 0] = corners[..., ::-1, 0].copy()
        return corners.reshape(shape)


def _both(function: str, argument: str, value: Any, member: Range) -> tuple[float, float]:
    if not isinstance(value, tuple | list):
        raise wrong_type(function, argument, "a pair (down, across) of numbers", value)
    if len(value) != 2:
        raise wrong_value(function, argument, "a pair (down, across) of numbers", value)
    down, across = value
    return (
        member.check(function, f"{argument}[0]", down),
        member.check(function, f"{argument}[1]", across),
    )


def _corners(boxes: Array) -> Array:
    return boxes.reshape(*boxes.shape[:-1], 2, 2)


def _maps(function: str, argument: str, array: Array, kinds: str) -> Array:
    must = "a bool or integer" if kinds == "biu" else "a float32 or float64"
    if (
        not isinstance(array, np.ndarray)
        or isinstance(array, np.ma.MaskedArray)
        or array.dtype.kind not in kinds
        or array.dtype.itemsize < (kinds == "f") * 4
    ):
        raise wrong_type(function, argument, f"{must} array of shape (..., h, w)", array)
    if array.ndim < 2 or 0 in array.shape[-2:]:
        raise wrong_value(
            function, argument, f"{must} array of shape (..., h, w)", Got(f"shape {array.shape}")
        )
    return array


def _check_fill(function: str, fill: int, dtype: np.dtype[Any]) -> None:
    if dtype.kind == "b":
        Range(low=0, high=1, integer=True).check(
            function, "fill", int(fill) if isinstance(fill, bool) else fill
        )
        return
    limits = np.iinfo(dtype)
    Range(low=int(limits.min), high=int(limits.max), integer=True).check(function, "fill", fill)


# Positions are rounded in their last digits; a place so close below an edge lies on it.
_EDGE = 2.0**-30


def _nearest(maps: Array, places: tuple[Array, Array], fill: float) -> Array:
    (height, width), (down, across) = maps.shape[-2:], places
    y, x = (np.floor(place + _EDGE).astype(np.intp) for place in places)
    out: Array = maps[..., y.clip(0, height - 1), :][..., x.clip(0, width - 1)]
    _outside(out, down, across, (height, width), fill)
    return out


def _outside(out: Array, down: Array, across: Array, shape: tuple[int, ...], fill: float) -> None:
    out[..., (down < -_EDGE) | (down + _EDGE >= shape[0]), :] = fill
    out[..., (across < -_EDGE) | (across + _EDGE >= shape[1])] = fill


def _between(places: Array, n: int, dtype: np.dtype[Any]) -> tuple[Array, Array, Array]:
    """Which two pixels a place lies between, and the share of the second."""
    places = (places - 0.5).clip(0, n - 1)
    first = np.floor(places).astype(np.intp)
    return first, np.minimum(first + 1, n - 1), (places - first).astype(dtype)


def _floats(function: str, argument: str, array: Array, columns: int) -> Array:
    must = f"a float32 or float64 array of shape (..., {columns})"
    masked = isinstance(array, np.ma.MaskedArray)
    if not isinstance(array, np.ndarray) or masked or array.dtype not in (FLOAT32, FLOAT64):
        raise wrong_type(function, argument, must, array)
    if not array.ndim or array.shape[-1] != columns:
        raise wrong_value(function, argument, must, Got(f"shape {array.shape}"))
    return array


Geometries = Geometry | Sequence[Geometry]


def geometry_of_each(function: str, geometries: Geometries, count: int) -> list[Geometry]:
    """One for each image of a batch; a single one stands for all."""
    if isinstance(geometries, Geometry):
        return [geometries] * count
    must = f"a Geometry, or a sequence of {count}, one for each image"
    if not isinstance(geometries, Sequence) or not all(isinstance(one, Geometry) for one in geometries):
        raise wrong_type(function, "geometries", must, geometries)
    if len(geometries) != count:
        raise wrong_value(function, "geometries", must, Got(f"{len(geometries)}"))
    return list(geometries)

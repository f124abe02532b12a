"""How the pixels of an image and those of a model's input lie on each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .._core.box_arrays import FLOAT64
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import FLOAT32, Array


@dataclass(frozen=True)
class Geometry:
    """Where an image lies in the input of a model; `Preprocess` makes it.

    A point at x of the image, in pixels from the left edge, lies at ``x · scale + offset`` of the input, or at the
    input's width less that where ``flip``; rows alike, without flip.

    Attributes
    ----------
    image_shape : (int, int)
        Height and width of the image.
    input_shape : (int, int)
        Height and width of the model's input.
    scale : (float, float)
        Pixels of the input for one of the image, down and across.
    offset : (float, float)
        Where the image's top left corner lies in the input, down and across; negative where it is cropped.
    flip : bool
        Whether the input shows the image mirrored left to right.
    """

    image_shape: tuple[int, int]
    input_shape: tuple[int, int]
    scale: tuple[float, float] = (1.0, 1.0)
    offset: tuple[float, float] = (0.0, 0.0)
    flip: bool = False

    @classmethod
    def stretched(cls, image_shape: tuple[int, int], input_shape: tuple[int, int]) -> Geometry:
        """The whole image over the whole input."""
        scale = (input_shape[0] / image_shape[0], input_shape[1] / image_shape[1])
        return cls(image_shape, input_shape, scale)

    def points_to_image(self, points: Array) -> Array:
        """``(..., 2)`` points x, y of the input, in pixels, as points of the image."""
        points = _floats("Geometry.points_to_image", "points", points, 2)
        out = points.astype(FLOAT64)
        if self.flip:
            out[..., 0] = self.input_shape[1] - out[..., 0]
        out -= self.offset[::-1]
        out /= self.scale[::-1]
        return out.astype(points.dtype)

    def points_to_input(self, points: Array) -> Array:
        """``(..., 2)`` points x, y of the image, in pixels, as points of the input."""
        points = _floats("Geometry.points_to_input", "points", points, 2)
        out = points.astype(FLOAT64)
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

    def _ordered(self, corners: Array, shape: tuple[int, ...]) -> Array:
        if self.flip:
            corners[..., 0] = corners[..., ::-1, 0].copy()
        return corners.reshape(shape)


def _corners(boxes: Array) -> Array:
    return boxes.reshape(*boxes.shape[:-1], 2, 2)


def _floats(function: str, argument: str, array: Array, columns: int) -> Array:
    must = f"a float32 or float64 array of shape (..., {columns})"
    if not isinstance(array, np.ndarray) or array.dtype not in (FLOAT32, FLOAT64):
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

"""What a pipeline is fed from: images, files of them, and further inputs that exported networks have."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._core.images import Array
from .errors import NeuralError
from .geometry import Geometry


def load_image(source: Any) -> Array:
    """The pixels of a file, upright; an array is an image already."""
    if isinstance(source, np.ndarray):
        return source
    from ..io import read_image

    return read_image(source).pixels


def folder_images(function: str, folder: str | os.PathLike[str]) -> list[Any]:
    """The images of a folder, by name."""
    from ..io.folders import PlanError, find_images

    try:
        return [source.path for source in find_images([os.fspath(folder)]).sources]
    except PlanError as error:
        raise NeuralError(f"{function}: {error}") from None


def _pixel_mask(geometries: Sequence[Geometry]) -> Array:
    height, width = geometries[0].input_shape
    mask = np.zeros((len(geometries), height, width), np.int64)
    for one, geometry in zip(mask, geometries, strict=True):
        y, x = (
            slice(max(0, round(offset)), max(0, round(offset + scale * length)))
            for offset, scale, length in zip(
                geometry.offset, geometry.scale, geometry.image_shape, strict=True
            )
        )
        one[y, x] = 1
    return mask


FURTHER_INPUTS: dict[str, Callable[[Sequence[Geometry]], Array]] = {
    "pixel_mask": _pixel_mask,
    "orig_target_sizes": lambda geometries: np.array([one.image_shape[::-1] for one in geometries], np.int64),
    "target_sizes": lambda geometries: np.array([one.image_shape for one in geometries], np.int64),
}
"""By name, what they mean."""

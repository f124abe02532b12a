"""A depth camera: how its pixels map to rays."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .._core.errors import wrong_value
from .._core.images import Array


@dataclass(frozen=True)
class Camera:
    """A pinhole camera; x to the right, y down, z ahead, in metres.

    Attributes
    ----------
    shape : (int, int), default (240, 320)
        Height and width of its images in pixels, 1 to 8192.
    focal : float, default 285.63
        Focal length in pixels: by default the first Kinect's at 320 x 240 (571.26 at 640 x 480).
    center : (float, float), optional
        Row and column of the optical axis, in pixels with (0, 0) the middle of the first; by default the middle of
        the image.
    """

    shape: tuple[int, int] = (240, 320)
    focal: float = 285.63
    center: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        sides = self.shape
        if not (
            isinstance(sides, tuple)
            and len(sides) == 2
            and all(isinstance(s, int) and 1 <= s <= 8192 for s in sides)
        ):
            raise wrong_value("Camera", "shape", "(height, width), each 1 to 8192", sides)
        if not (isinstance(self.focal, int | float) and 0 < self.focal < math.inf):
            raise wrong_value("Camera", "focal", "a finite number of pixels above 0", self.focal)
        if self.center is None:
            object.__setattr__(self, "center", ((sides[0] - 1) / 2, (sides[1] - 1) / 2))
        elif not (len(self.center) == 2 and all(map(math.isfinite, self.center))):
            raise wrong_value("Camera", "center", "(row, column), finite", self.center)

    @property
    def axis(self) -> tuple[float, float]:
        """Row and column of the optical axis."""
        assert self.center is not None
        return self.center

    def project(self, points: Array) -> Array:
        """Pixels (..., 2) as (row, column) of points (..., 3) in metres; NaN where z <= 0."""
        points = np.asarray(points, np.float64)
        z = np.where(points[..., 2] > 0, points[..., 2], np.nan)
        row, column = self.axis
        return np.stack(
            [row + self.focal * points[..., 1] / z, column + self.focal * points[..., 0] / z], axis=-1
        )

    def points(self, depth: Array) -> Array:
        """Points (H, W, 3) in metres seen at depths (H, W)."""
        height, width = depth.shape
        row, column = self.axis
        y = (np.arange(height) - row)[:, None] / self.focal
        x = (np.arange(width) - column) / self.focal
        return np.stack([x * depth, y * depth, depth], axis=-1)

"""Canny's detector on an image that it blurs first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import imgproc


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_blur_of_sigma_comes_first(dtype: Any, rng: np.random.Generator) -> None:
    for shape in ((40, 70), (30, 50, 3), (20, 66, 4)):
        image = (rng.random(shape) * (1 if dtype == np.float32 else np.iinfo(dtype).max)).astype(dtype)
        blurred = imgproc.gaussian_blur(image, 1.5)
        top = float(image.max())
        for l2 in (False, True):
            np.testing.assert_array_equal(
                imgproc.canny(image, 0.2 * top, 0.5 * top, sigma=1.5, l2=l2),
                imgproc.canny(blurred, 0.2 * top, 0.5 * top, l2=l2),
            )

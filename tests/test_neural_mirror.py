"""The mirror kernel against NumPy's reversed view: all pixel sizes, widths around its vectors, strides and threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from imgproc.neural.mirror import mirrored

WIDTHS = (*range(1, 20), 31, 32, 33, 63, 64, 65, 97)


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [(), (1,), (3,), (4,)])
def test_equals_the_reversed_view(
    dtype: Any, channels: tuple[int, ...], level: str, rng: np.random.Generator
) -> None:
    for width in WIDTHS:
        image = (rng.random((3, width, *channels)) * 250).astype(dtype)
        image.flags.writeable = False
        found = mirrored(image)
        assert found.flags.c_contiguous and found.dtype == dtype
        np.testing.assert_array_equal(found, image[:, ::-1])


def test_strides_and_threads(threads: int, rng: np.random.Generator) -> None:
    whole = rng.integers(0, 256, (12, 40, 3), np.uint8)
    for image in (
        whole[::2, 5:30],
        whole[:, ::2],
        whole[::-1, ::-1],
        whole[..., :1],
        whole.transpose(1, 0, 2),
        whole[..., 0],
    ):
        np.testing.assert_array_equal(mirrored(image), image[:, ::-1])
    assert mirrored(np.zeros((0, 5), bool)).shape == (0, 5)

"""CLAHE against OpenCV's createCLAHE.

Differences are explained by arithmetic: OpenCV scales its tables and places pixels between tiles in float32,
while here tables are exact and uint8 is blended in 15-bit fixed point. Each moves a value that lies next to a
half by one level.
"""

from __future__ import annotations

import numpy as np
import pytest

from imgproc import clahe

cv2 = pytest.importorskip("cv2")


def opencv(image, clip_limit, tiles):
    return cv2.createCLAHE(clip_limit, (tiles[1], tiles[0])).apply(image)


def assert_within_one_level(image, clip_limit=2.0, tiles=(8, 8)):
    """Returns the share of pixels that differ."""
    difference = np.abs(
        clahe(image, clip_limit=clip_limit, tiles=tiles) - opencv(image, clip_limit, tiles).astype(int)
    )
    assert difference.max() <= 1
    return (difference > 0).mean()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("clip_limit", [0, 0.5, 2, 40])
def test_any_size_and_tiles(rng, level, dtype, clip_limit):
    for _ in range(12):
        height, width = rng.integers(1, 80, 2)
        tiles = tuple(int(n) for n in rng.integers(1, 10, 2))
        top = np.iinfo(dtype).max
        noise = (rng.random((height, width)) ** 2 * top).astype(dtype)
        smooth = np.clip(cv2.GaussianBlur(noise.astype(np.float32), (0, 0), 2), 0, top).astype(dtype)
        for image in (noise, smooth):
            assert_within_one_level(image, clip_limit, tiles)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 2), (2, 1), (1, 40), (40, 1), (3, 3), (8, 9), (9, 8), (7, 7), (16, 8)]
)
def test_tiny_images(rng, dtype, shape):
    image = rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)
    assert_within_one_level(image)
    assert_within_one_level(image, tiles=(3, 5))


def test_photographs(data):
    files = sorted((data / "photos_kodak").glob("*.png"))[:4]
    for file in files:
        gray = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
        # Values next to a half, as above: 0.6 % measured.
        assert assert_within_one_level(gray) < 0.02
        assert assert_within_one_level(gray[:509, :701]) < 0.02
        wide = cv2.GaussianBlur(gray.astype(np.uint16) * 257, (0, 0), 1.0)
        assert assert_within_one_level(wide) < 0.02

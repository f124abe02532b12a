"""Canny's detector against OpenCV, bit for bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import imgproc

cv2 = pytest.importorskip("cv2")

THRESHOLDS = ((0, 0), (50, 150), (100, 200), (10.5, 300.7), (300, 300), (600, 900))


def check(image: np.ndarray) -> None:
    for low, high in THRESHOLDS:
        for l2 in (False, True):
            np.testing.assert_array_equal(
                imgproc.canny(image, low, high, l2=l2), cv2.Canny(image, low, high, L2gradient=l2)
            )


@pytest.mark.parametrize(
    "shape",
    [
        (1, 1),
        (2, 2),
        (3, 3),
        (1, 9),
        (9, 1),
        (37, 131),
        (9, 1023),
        (9, 1025),
        (9, 1026),
        (5, 2049),
        (9, 1030, 3),
    ],
)
def test_noise(shape: tuple[int, ...], level: str, threads: int, rng: np.random.Generator) -> None:
    image = rng.integers(0, 256, shape, np.uint8)
    check(image)
    check(image // 64 * 64)  # many ties
    check(cv2.GaussianBlur(image, (0, 0), 2).reshape(shape))


def test_photographs(data: Path, level: str, threads: int) -> None:
    for path in sorted((data / "photos_kodak").rglob("*.png"))[:3]:
        image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)[:301, :517]
        check(np.ascontiguousarray(image))
        check(np.ascontiguousarray(image[..., 1]))
        with_alpha = np.dstack([image, image[..., 0] ^ 255])
        np.testing.assert_array_equal(imgproc.canny(with_alpha, 50, 150), cv2.Canny(image, 50, 150))


def test_a_weak_spiral_with_a_strong_start(level: str, threads: int) -> None:
    """The edges of the whole spiral hang on its first turn."""
    size = 400
    y, x = np.indices((size, size)) - size / 2
    turns = (np.hypot(x, y) + 12 * np.arctan2(y, x) / (2 * np.pi)) % 12
    image = np.where(turns < 6, 60, 20).astype(np.uint8)
    weak = imgproc.canny(image, 60, 400)
    assert not weak.any()
    image[:, : size // 16][image[:, : size // 16] == 60] = 250
    edges = imgproc.canny(image, 60, 400)
    np.testing.assert_array_equal(edges, cv2.Canny(image, 60, 400))
    assert np.count_nonzero(edges[size // 3 : -size // 3, size // 3 : -size // 3]) > 1000

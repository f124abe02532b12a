"""Run lengths and polygons against pycocotools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import imgproc

tools = pytest.importorskip("pycocotools.mask")

# It asks NumPy for copies in a way that NumPy is giving up.
pytestmark = pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")


def compare(masks: Any) -> None:
    """The same text, byte for byte, and the same masks from either's codes."""
    theirs = tools.encode(np.asfortranarray(masks.transpose(1, 2, 0).view(np.uint8)))
    ours = imgproc.encode_rle(masks)
    assert [code["counts"].encode() for code in ours] == [code["counts"] for code in theirs]
    assert [code["size"] for code in ours] == [list(code["size"]) for code in theirs]
    np.testing.assert_array_equal(imgproc.decode_rle(theirs), masks)
    np.testing.assert_array_equal(tools.decode(ours).transpose(2, 0, 1), masks)
    plain = imgproc.encode_rle(masks, compressed=False)
    again = tools.frPyObjects(plain, *masks.shape[1:])
    assert [code["counts"] for code in again] == [code["counts"] for code in theirs]


def test_noise(level: str, rng: np.random.Generator) -> None:
    for height, width, share in ((65, 130, 0.5), (300, 70, 0.02), (128, 64, 0.97), (1, 400, 0.5)):
        compare(rng.random((3, height, width)) < share)


def test_a_photograph(data: Path, level: str) -> None:
    cv2 = pytest.importorskip("cv2")
    file = min((data / "photos_kodak").rglob("*.png"))
    photograph = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
    compare(np.stack([photograph > threshold for threshold in (20, 110, 240)]))


def test_polygons_are_filled_alike() -> None:
    rng = np.random.default_rng(3)
    for _ in range(150):
        height, width = (int(side) for side in rng.integers(1, 70, 2))
        polygons = [
            (rng.uniform(-0.3, 1.3, (rng.integers(3, 9), 2)) * (width, height)).ravel().tolist()
            for _ in range(rng.integers(1, 4))
        ]
        expected = tools.decode(tools.merge(tools.frPyObjects(polygons, height, width)))
        np.testing.assert_array_equal(
            imgproc.polygons_to_mask(polygons, (height, width)), expected.astype(bool)
        )

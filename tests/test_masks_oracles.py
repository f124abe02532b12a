"""Masks against pycocotools and supervision, in goldens made by tests/goldens/pycocotools_masks.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import imgproc

GOLDENS = Path(__file__).parent / "goldens" / "pycocotools_masks.npz"


@pytest.fixture(scope="module")
def golden() -> Iterator[dict[str, Any]]:
    with np.load(GOLDENS) as found:
        arrays = {name: found[name] for name in found.files}
    width = int(arrays["size"][1])
    for name in ("a", "b", "many"):
        arrays[name] = np.unpackbits(arrays[name], axis=2, count=width).astype(bool)
    yield arrays


def test_pycocotools_equal(golden: dict[str, Any], level: str) -> None:
    """To the last bit, the areas of crowds included."""
    a, b = golden["a"], golden["b"]
    np.testing.assert_array_equal(imgproc.mask_iou_matrix(a, b), golden["iou"])
    np.testing.assert_array_equal(imgproc.mask_iou_matrix(a, b, crowd=golden["crowd"]), golden["mixed"])
    np.testing.assert_array_equal(imgproc.mask_iou_matrix(a, b, kind="ioa"), golden["ioa"])


def test_supervision_keeps_the_same(golden: dict[str, Any], level: str) -> None:
    scores, labels = golden["scores"], golden["labels"]
    for percent in (20, 50, 80):
        kept = imgproc.mask_nms(golden["many"], scores, percent / 100, labels=labels)
        np.testing.assert_array_equal(np.sort(kept), np.flatnonzero(golden[f"kept_{percent}"]))

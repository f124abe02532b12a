"""Panoptic quality against panopticapi (goldens made by goldens/panopticapi_quality.py)."""

from __future__ import annotations

from functools import reduce
from operator import add
from pathlib import Path

import numpy as np

import imgproc

GOLDENS = Path(__file__).parent / "goldens" / "panopticapi_quality.npz"


def test_counts_and_qualities_equal_panopticapi():
    found = []
    with np.load(GOLDENS) as file:
        for k in range(10):
            own, real = (dict(file[f"{name}{k}"].tolist()) for name in ("own", "real"))
            crowd = file[f"crowd{k}"].tolist()
            quality = imgproc.panoptic_quality(file[f"pred{k}"], file[f"truth{k}"], own, real, crowd=crowd)
            counts = (
                quality.true_positives,
                quality.false_positives,
                quality.false_negatives,
                quality.iou_sums,
            )
            expected = file[f"counts{k}"]
            np.testing.assert_allclose(np.stack(counts, axis=1), expected[quality.classes], rtol=1e-12)
            found.append(quality)
        whole = reduce(add, found)
        np.testing.assert_allclose([whole.pq, whole.sq, whole.rq], file["overall"], rtol=1e-12)
    assert whole.false_positives.sum() > 5 and whole.true_positives.sum() > 50

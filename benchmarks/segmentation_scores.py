"""Segmentation scores and panoptic quality."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import imgproc

from .harness import SIZES, Array, Case, photograph
from .rivals import SKLEARN, sklearn


def cases(size: str) -> Iterator[Case]:
    for classes in (2, 21, 150):
        for dtype in (np.uint8, np.int32, np.int64):
            yield _confusion(
                f"{classes} classes, {np.dtype(dtype)}", size, *_maps(size, classes, dtype), classes
            )
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 21, (2, *SIZES[size]), np.uint8)
    yield _confusion("21 classes, uint8 noise", size, *noise, 21)
    yield _panoptic(size)


def _maps(size: str, classes: int, dtype: Any, radii: tuple[int, int] = (12, 16)) -> tuple[Array, Array]:
    """Levels of a smoothed photograph as truth, of it smoothed a little less as prediction: segments of all sizes."""
    image = photograph(size, channels=1)
    return tuple(
        (imgproc.box_filter(image, radius).astype(np.uint16) * classes // 256).astype(dtype)
        for radius in radii
    )  # type: ignore[return-value]


def _case(name: str, size: str, moved: int, ours: Any, rule: Any, rivals: dict[str, Any]) -> Case:
    height, width = SIZES[size]
    return Case(name, size, height * width, ours, {k: v for k, v in rivals.items() if k}, rule, moved)


def _confusion(name: str, size: str, pred: Array, truth: Array, classes: int) -> Case:
    def by_bincount() -> Array:
        cells = truth.ravel().astype(np.int64) * classes + pred.ravel()
        return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)

    rivals: dict[str, Any] = {"numpy": by_bincount}
    if sklearn is not None:
        from sklearn.metrics import confusion_matrix

        labels = np.arange(classes)
        rivals[SKLEARN] = lambda: confusion_matrix(truth.ravel(), pred.ravel(), labels=labels)

    def same(ours: Any, rival: Array) -> None:
        np.testing.assert_array_equal(ours.confusion, rival)

    return _case(
        f"confusion, {name}",
        size,
        pred.nbytes + truth.nbytes,
        lambda: imgproc.segmentation_scores(pred, truth, classes),
        same,
        rivals,
    )


def _panoptic(size: str) -> Case:
    """Ids as COCO's PNG files have them, and the counting of panopticapi: unique values of joined ids."""
    pred, truth = (1 + 71_003 * labels.astype(np.int32) for labels in _maps(size, 60, np.int32, (40, 44)))
    tables = [{int(i): int(i) % 20 for i in np.unique(labels)} for labels in (pred, truth)]

    def by_unique() -> int:
        areas = np.unique(pred, return_counts=True)
        joined = truth.astype(np.uint64) * 256**3 + pred.astype(np.uint64)
        keys, shared = np.unique(joined, return_counts=True)
        own = dict(zip(*(part.tolist() for part in areas), strict=True))
        other = dict(zip(*(part.tolist() for part in np.unique(truth, return_counts=True)), strict=True))
        matched = 0
        for key, both in zip(keys.tolist(), shared.tolist(), strict=True):
            t, p = divmod(key, 256**3)
            if tables[0][p] == tables[1][t]:
                matched += both / (own[p] + other[t] - both) > 0.5
        return matched

    def same(ours: Any, rival: int) -> None:
        assert int(ours.true_positives.sum()) == rival

    return _case(
        "panoptic quality",
        size,
        pred.nbytes + truth.nbytes,
        lambda: imgproc.panoptic_quality(pred, truth, *tables),
        same,
        {"numpy": by_unique},
    )

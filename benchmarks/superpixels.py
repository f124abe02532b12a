"""Felzenszwalb's segmentation and selective search: scikit-image, and the OpenCV that has ximgproc."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import imgproc

from .harness import Array, Case, case, equal, photograph
from .rivals import cv2, skimage

SETTINGS = ((100, 0.8, 20), (300, 0.5, 100))
"""Scale, sigma, smallest region."""


def cases(size: str) -> Iterator[Case]:
    if size == "4K":
        return
    image = photograph(size)
    contrib = getattr(getattr(cv2, "ximgproc", None), "segmentation", None)
    for scale, sigma, least in SETTINGS:
        yield _case(size, image, contrib, (scale, sigma, least))
    yield _case(size, np.ascontiguousarray(image[..., 1]), contrib, SETTINGS[0])
    # Its grouping is quadratic in the regions: minutes for an image of 1080p.
    if contrib and size == "512":
        yield case(
            "selective_search fast",
            size,
            image,
            None,
            lambda: imgproc.selective_search(image),
            _same_objects,
            opencv=lambda: _their_boxes(contrib, image),
        )


def _case(size: str, image: Array, contrib: Any, settings: tuple[float, float, int]) -> Case:
    scale, sigma, least = settings

    def ours() -> Array:
        return imgproc.felzenszwalb(image, scale, sigma, least)

    def theirs() -> Array:
        from skimage.segmentation import felzenszwalb

        return felzenszwalb(image, scale, sigma, least, channel_axis=None if image.ndim == 2 else -1)

    rivals: dict[str, Callable[[], Array] | None] = {}
    rule: Any = equal
    if contrib:
        graph = contrib.createGraphSegmentation(sigma, scale, least)
        rivals["opencv"] = lambda: graph.processImage(image)
        rule = _about_as_many
    elif skimage and size == "512":
        rivals["skimage"] = theirs
    channels = "gray" if image.ndim == 2 else "RGB"
    return case(
        f"felzenszwalb {channels}, scale {scale}, sigma {sigma}", size, image, None, ours, rule, **rivals
    )


def _about_as_many(ours: Array, rival: Array) -> None:
    """OpenCV's regions grow over four neighbours, ours over eight as the paper has it: fewer and larger ones."""
    assert ours.shape == rival.shape and ours.dtype == rival.dtype
    assert 0.4 * rival.max() < ours.max() < 1.6 * rival.max(), f"{ours.max()} regions against {rival.max()}"


def _their_boxes(contrib: Any, image: Array) -> Array:
    search = contrib.createSelectiveSearchSegmentation()
    search.setBaseImage(image)
    search.switchToSelectiveSearchFast()
    found = search.process()
    return np.concatenate([found[:, :2], found[:, :2] + found[:, 2:]], axis=1).astype(np.float32)


def _same_objects(ours: Array, rival: Array) -> None:
    """Other segmentations and another order: most of what is large is proposed by both."""
    large = rival[np.prod(rival[:, 2:] - rival[:, :2], axis=1) > 5000]
    best = imgproc.iou_matrix(np.ascontiguousarray(large), ours).max(axis=1)
    assert best.mean() > 0.7, f"boxes of OpenCV overlap by {best.mean():.2f} with ours"

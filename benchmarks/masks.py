"""Masks: suppression and IoU of 100 in images of each size, from bool arrays; and the outlines of one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import imgproc

from .harness import SIZES, Array, Case, equal
from .rivals import OPENCV, cv2, load, version_of

MASKS = 100

pycocotools = load("pycocotools.mask")
supervision = load("supervision.detection.utils.iou_and_nms")


def cases(size: str) -> Iterator[Case]:
    for name, largest in (("small", 16), ("large", 3)):
        masks = ellipses(size, largest)
        yield _suppression(size, name, masks)
        yield _overlap(size, name, masks)
    yield _outlines(size)


def _outlines(size: str) -> Case:
    """OpenCV's go through the middles of pixels and join parts that touch at a corner: both fill the mask again."""
    image = box_filtered(size)
    mask = image > np.median(image)

    def same_mask(ours: Any, rival: Any) -> None:
        np.testing.assert_array_equal(imgproc.polygons_to_mask(ours, mask.shape), mask)
        drawn = np.zeros(mask.shape, np.uint8)
        cv2.drawContours(drawn, rival[0], -1, 1, cv2.FILLED, hierarchy=rival[1])
        np.testing.assert_array_equal(drawn, mask)

    return Case(
        "outlines of a mask of blobs",
        size,
        mask.size,
        lambda: imgproc.mask_to_polygons(mask),
        {OPENCV: lambda: cv2.findContours(mask.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)}
        if OPENCV
        else {},
        same_mask,
        mask.nbytes,
    )


def box_filtered(size: str) -> Array:
    """Noise made soft: blobs of some 30 pixels."""
    height, width = SIZES[size]
    return imgproc.box_filter(np.random.default_rng(5).random((height, width), np.float32), 9)


def ellipses(size: str, largest: int) -> Array:
    """Up to a share of the image large, around a fifth as many places."""
    rng = np.random.default_rng(8)
    height, width = SIZES[size]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    places = rng.uniform(0, (height, width), (MASKS // 5, 2))[rng.integers(0, MASKS // 5, MASKS)]
    masks = np.zeros((MASKS, height, width), bool)
    for mask, (cy, cx) in zip(masks, places + rng.normal(0, 5, places.shape), strict=True):
        ry, rx = rng.uniform(height / largest / 4, height / largest, 2)
        mask[...] = ((y - np.float32(cy)) / ry) ** 2 + ((x - np.float32(cx)) / rx) ** 2 < 1
    return masks


def _suppression(size: str, name: str, masks: Array) -> Case:
    scores = np.random.default_rng(9).permutation(np.linspace(0.05, 0.95, MASKS))
    rows = np.column_stack([np.zeros((MASKS, 4)), scores])
    rivals = {}
    if supervision is not None:
        rivals[version_of("supervision")] = lambda: np.flatnonzero(
            supervision.mask_non_max_suppression(rows, masks, 0.5)
        )
    return Case(
        f"mask NMS, {MASKS} {name} masks",
        size,
        masks.size,
        lambda: np.sort(imgproc.mask_nms(masks, scores)),
        rivals,
        equal,
        masks.nbytes,
    )


def _overlap(size: str, name: str, masks: Array) -> Case:
    """pycocotools from its own codes, we from our packed masks, both made before."""
    packed, rivals = imgproc.pack_masks(masks), {}
    if pycocotools is not None:
        codes = pycocotools.encode(np.asfortranarray(masks.transpose(1, 2, 0).view(np.uint8)))
        rivals[version_of("pycocotools")] = lambda: pycocotools.iou(codes, codes, [0] * MASKS)

    def ours() -> Any:
        return imgproc.mask_iou_matrix(packed, packed)

    return Case(
        f"mask IoU, {MASKS} {name} packed masks",
        size,
        masks.size,
        ours,
        rivals,
        equal,
        packed.words.nbytes,
    )

"""Masks on their way in and out: run lengths, polygons, masks of heads pasted, and things merged with stuff."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import imgproc

from .harness import SIZES, Array, Case, equal, photograph
from .masks import MASKS, ellipses
from .rivals import TORCHVISION, load, torchvision, version_of

pycocotools = load("pycocotools.mask")


def cases(size: str) -> Iterator[Case]:
    rng = np.random.default_rng(12)
    if size != "4K":  # where the peers would take several GB
        yield from _runs(f"{MASKS} small masks", size, ellipses(size, 16))
        yield from _runs(f"{MASKS} large masks", size, ellipses(size, 3))
        for name, largest in (("small", 18), ("large", 4)):
            yield _pasting(name, size, largest)
        yield _merging(size)
    yield from _runs("4 photographs", size, np.repeat(photograph(size, channels=1)[None] > 110, 4, axis=0))
    yield from _runs("4 masks of noise", size, rng.random((4, *SIZES[size])) < 0.5)
    yield _polygons(size)


def _runs(name: str, size: str, masks: Array) -> Iterator[Case]:
    """Each from the layout that it takes: ours by rows, theirs by columns."""
    columns = np.asfortranarray(masks.transpose(1, 2, 0).view(np.uint8))
    codes = imgproc.encode_rle(masks)
    rivals: dict[str, Any] = {}
    back: dict[str, Any] = {}
    if pycocotools is not None:
        own = pycocotools.encode(columns)
        rivals[version_of("pycocotools")] = lambda: pycocotools.encode(columns)
        back[version_of("pycocotools")] = lambda: pycocotools.decode(own)

    def same_codes(ours: Any, theirs: Any) -> None:
        assert [code["counts"].encode() for code in ours] == [code["counts"] for code in theirs]

    def same_masks(ours: Array, theirs: Array) -> None:
        np.testing.assert_array_equal(ours, theirs.transpose(2, 0, 1))

    yield Case(
        f"encode RLE, {name}",
        size,
        masks.size,
        lambda: imgproc.encode_rle(masks),
        rivals,
        same_codes,
        masks.nbytes,
    )
    yield Case(
        f"decode RLE, {name}",
        size,
        masks.size,
        lambda: imgproc.decode_rle(codes),
        back,
        same_masks,
        masks.nbytes,
    )


def _polygons(size: str) -> Case:
    height, width = SIZES[size]
    turns = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    star = (0.3 + 0.15 * np.cos(7 * turns))[:, None] * np.column_stack([np.cos(turns), np.sin(turns)]) + 0.5
    polygon = (star * (width, height)).ravel().tolist()
    rivals: dict[str, Any] = {}
    if pycocotools is not None:
        rivals[version_of("pycocotools")] = lambda: pycocotools.decode(
            pycocotools.merge(pycocotools.frPyObjects([polygon], height, width))
        )
    return Case(
        "polygon to mask, 60 corners",
        size,
        height * width,
        lambda: imgproc.polygons_to_mask([polygon], (height, width)),
        rivals,
        equal,
        height * width,
    )


def _pasting(name: str, size: str, largest: int) -> Case:
    rng, (height, width) = np.random.default_rng(13), SIZES[size]
    middle, side = rng.uniform((0, 0), (width, height), (MASKS, 2)), height / largest
    half = rng.uniform(side / 4, side, (MASKS, 2))
    boxes = np.concatenate([middle - half, middle + half], axis=1).astype(np.float32)
    masks = rng.random((MASKS, 28, 28), np.float32)
    rivals: dict[str, Any] = {}
    if torchvision is not None:
        import torch
        from torchvision.models.detection.roi_heads import paste_masks_in_image

        given, places = torch.tensor(masks)[:, None], torch.tensor(boxes)
        rivals[TORCHVISION] = lambda: paste_masks_in_image(given, places, (height, width)) >= 0.5

    def same(ours: Array, theirs: Any) -> None:
        """Where the value is nearest to the threshold, float32 may fall on either side."""
        different = np.count_nonzero(ours != theirs[:, 0].numpy())
        assert different <= 1e-6 * ours.size, f"{different} pixels differ"

    return Case(
        f"paste {MASKS} masks 28², {name}",
        size,
        height * width,
        lambda: imgproc.paste_mask(masks, boxes, (height, width)),
        rivals,
        same,
        MASKS * height * width,
    )


def _merging(size: str) -> Case:
    """With NumPy, as the code of Panoptic FPN does it."""
    masks = ellipses(size, 6)
    rng = np.random.default_rng(14)
    scores, labels = rng.random(MASKS).astype(np.float32), rng.integers(1, 80, MASKS)
    stuff = imgproc.box_filter(photograph(size, channels=1), 12) // 16 + np.uint8(100)

    def by_numpy() -> Array:
        ids, found = np.zeros(stuff.shape, np.int32), 0
        for i in np.argsort(-scores, kind="stable"):
            if scores[i] < 0.5:
                continue
            area, free = masks[i].sum(), masks[i] & (ids == 0)
            left = free.sum()
            if left and (area - left) / area <= 0.5:
                found += 1
                ids[free] = found
        things = ids > 0
        for label in np.unique(stuff):
            free = (stuff == label) & ~things
            if free.sum() >= 4096:
                found += 1
                ids[free] = found
        return ids

    return Case(
        f"merge {MASKS} things and stuff",
        size,
        stuff.size,
        lambda: imgproc.merge_panoptic(masks, stuff, scores=scores, labels=labels).ids,
        {"numpy": by_numpy},
        equal,
        masks.nbytes + stuff.nbytes,
    )

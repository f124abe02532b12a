"""Regions, heat maps and masks of detectors: what stands between a network's maps and objects in the image.

torch and torchvision are the rivals; they may live in another environment than the other peers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import imgproc
from imgproc import Detections
from imgproc.neural import (
    Geometry,
    decode_prototype_masks,
    heatmap_peaks,
    heatmaps_to_keypoints,
    multiscale_roi_align,
    roi_align,
    roi_pool,
)

from .harness import SIZES, Array, Case, Rule, equal, within
from .rivals import TORCHVISION, load, torchvision, version_of

torch = load("torch")

BINS = 7
STRIDE = 8
CHUNK = 10
"""Masks that torch enlarges at a time: none faster of 1, 10 and all, and all need a gigabyte."""


def cases(size: str) -> Iterator[Case]:
    yield from _regions(size)
    yield _pyramid(size)
    yield _peaks(size)
    yield _keypoints(size)
    yield _paste(size, packed=True)
    yield _paste(size, packed=False)
    yield _prototypes(size)


def _boxes(rng: Any, count: int, size: str, low: float, high: float) -> Array:
    """Of all sizes between, in pixels of the image, within it."""
    height, width = SIZES[size]
    middle = rng.uniform(0, (width, height), (count, 2))
    half = np.exp(rng.uniform(np.log(low), np.log(high), (count, 2))) / 2
    corners = np.concatenate([middle - half, middle + half], axis=1).clip(0, [width, height] * 2)
    return corners.astype(np.float32)


def _case(name: str, size: str, values: int, ours: Any, rival: Any, rule: Any, module: Any = None) -> Case:
    module = torchvision if module is None else module
    named = TORCHVISION if module is torchvision else version_of("torch")
    return Case(name, size, values, ours, {named: rival} if module is not None else {}, rule)


def _regions(size: str) -> Iterator[Case]:
    rng = np.random.default_rng(31)
    shape = tuple(side // STRIDE for side in SIZES[size])
    features = rng.standard_normal((1, 256, *shape), np.float32)
    for count in (1000, 10):
        boxes = _boxes(rng, count, size, 32, 400)
        rows = np.concatenate([np.zeros((count, 1), np.float32), boxes], axis=1)
        for ratio in (2, 0) if count == 1000 else (2,):

            def align(boxes: Array = boxes, ratio: int = ratio) -> Array:
                return roi_align(features, [boxes], BINS, spatial_scale=1 / STRIDE, sampling_ratio=ratio)

            def theirs(rows: Array = rows, ratio: int = ratio) -> Any:
                given = torch.from_numpy(features), torch.from_numpy(rows)
                return torchvision.ops.roi_align(*given, BINS, 1 / STRIDE, ratio, True).numpy()

            name = f"RoIAlign, {count} boxes, 256 channels, {f'{ratio}²' if ratio else 'all'} samples"
            yield _case(name, size, count * 256 * BINS**2, align, theirs, within(1e-5))
        for argmax in (False, True):

            def pool(boxes: Array = boxes, argmax: bool = argmax) -> Any:
                return roi_pool(features, [boxes], BINS, spatial_scale=1 / STRIDE, return_argmax=argmax)

            def theirs_pooled(rows: Array = rows, argmax: bool = argmax) -> Any:
                given = torch.from_numpy(features), torch.from_numpy(rows)
                found = torch.ops.torchvision.roi_pool(*given, 1 / STRIDE, BINS, BINS)
                return found if argmax else found[0].numpy()

            name = f"RoIPool, {count} boxes, 256 channels{', and where' if argmax else ''}"
            yield _case(
                name, size, count * 256 * BINS**2, pool, theirs_pooled, _both_equal if argmax else equal
            )


def _both_equal(ours: Any, rival: Any) -> None:
    """Values, and places where they are asked for."""
    equal(np.stack(ours), np.stack([array.numpy() for array in rival]))


def _same_pixels(share: float) -> Rule:
    """Of packed masks and an array, but for a share of the pixels, where float32 in another order decides."""

    def rule(ours: Any, rival: Any) -> None:
        within(1, share)(imgproc.unpack_masks(ours), rival)

    return rule


def _pyramid(size: str) -> Case:
    rng = np.random.default_rng(32)
    levels = [
        rng.standard_normal((1, 256, *(-(-side // stride) for side in SIZES[size])), np.float32)
        for stride in (4, 8, 16, 32)
    ]
    boxes = _boxes(rng, 1000, size, 16, 800)

    def theirs() -> Any:
        pooler = torchvision.ops.MultiScaleRoIAlign(list("0123"), BINS, 2)
        maps = {str(k): torch.from_numpy(level) for k, level in enumerate(levels)}
        return pooler(maps, [torch.from_numpy(boxes)], [SIZES[size]]).numpy()

    def ours() -> Array:
        return multiscale_roi_align(levels, [boxes], BINS, strides=(4, 8, 16, 32), aligned=False)

    return _case("RoIAlign of a pyramid, 1000 boxes", size, 1000 * 256 * BINS**2, ours, theirs, within(1e-5))


def _peaks(size: str) -> Case:
    """80 classes at a quarter of the image's size; 100 peaks."""
    maps = np.random.default_rng(33).normal(-4, 1.5, (1, 80, *(side // 4 for side in SIZES[size])))
    maps = maps.astype(np.float32)

    def theirs() -> Any:
        heat = torch.sigmoid(torch.from_numpy(maps))
        heat = heat * (torch.nn.functional.max_pool2d(heat, 3, 1, 1) == heat)
        return torch.topk(heat.flatten(), 100)[0].numpy()

    return _case(
        "CenterNet's peaks, 80 classes",
        size,
        maps.size,
        lambda: heatmap_peaks(maps)[0].scores,
        theirs,
        within(1e-6),
        torch,
    )


def _keypoints(size: str) -> Case:
    rng = np.random.default_rng(34)
    boxes = _boxes(rng, 20, size, 80, 400)
    y, x = np.mgrid[:56, :56]
    tops = rng.uniform(4, 52, (20, 17, 2, 1, 1))
    maps = 8 * np.exp(-((x - tops[:, :, 0]) ** 2 + (y - tops[:, :, 1]) ** 2) / 18) - 3
    maps = (maps + rng.normal(0, 0.3, maps.shape)).astype(np.float32)

    def theirs() -> Any:
        from torchvision.models.detection.roi_heads import heatmaps_to_keypoints as find

        places, scores = find(torch.from_numpy(maps), torch.from_numpy(boxes))
        return np.concatenate([places.numpy()[:, :, :2], scores.numpy()[:, :, None]], axis=2)

    return _case(
        "keypoints of 20 people",
        size,
        maps.size,
        lambda: heatmaps_to_keypoints(maps, boxes),
        theirs,
        within(1e-4),
    )


def _paste(size: str, *, packed: bool) -> Case:
    rng = np.random.default_rng(35)
    masks = _blobs(rng, 100, 28)
    boxes = _boxes(rng, 100, size, 40, 500)

    def theirs() -> Any:
        from torchvision.models.detection.roi_heads import paste_masks_in_image

        pasted = paste_masks_in_image(torch.from_numpy(masks)[:, None], torch.from_numpy(boxes), SIZES[size])
        return (pasted >= 0.5)[:, 0].numpy()

    def ours() -> Any:
        return imgproc.paste_mask(masks, boxes, SIZES[size], packed=packed)

    height, width = SIZES[size]
    name = f"paste of 100 masks{', packed' if packed else ''}"
    rule = _same_pixels(1e-6) if packed else within(1, 1e-6)
    return _case(name, size, 100 * height * width, ours, theirs, rule)


def _blobs(rng: Any, count: int, side: int) -> Array:
    y, x = np.mgrid[:side, :side]
    place, spread = (
        rng.uniform(side / 4, side * 3 / 4, (count, 2, 1, 1)),
        rng.uniform(side / 8, side / 3, (count, 1, 1)),
    )
    distance = np.hypot(y - place[:, 0], x - place[:, 1]) / spread
    return (1 / (1 + np.exp(6 * distance - 5))).astype(np.float32)


def _prototypes(size: str) -> Case:
    """32 prototypes of 160² over the image, 100 objects."""
    rng = np.random.default_rng(36)
    maps = rng.standard_normal((32, 20, 20), np.float32).repeat(8, 1).repeat(8, 2)
    weights = rng.standard_normal((100, 32), np.float32)
    found = Detections(_boxes(rng, 100, size, 40, 500))
    geometry = Geometry.stretched(SIZES[size], (640, 640))

    def ours() -> Any:
        return decode_prototype_masks(weights, maps, found, geometry).masks

    def theirs() -> Any:
        given, boxes = torch.from_numpy(weights), torch.from_numpy(np.array(found.boxes))
        small = torch.sigmoid(given @ torch.from_numpy(maps.reshape(32, -1))).reshape(100, *maps.shape[1:])
        height, width = SIZES[size]
        y, x = torch.arange(height)[:, None] + 0.5, torch.arange(width) + 0.5
        out = torch.empty((100, height, width), dtype=torch.bool)
        for start in range(0, 100, CHUNK):
            some = slice(start, start + CHUNK)
            large = torch.nn.functional.interpolate(small[None, some], size=(height, width), mode="bilinear")[
                0
            ]
            x1, y1, x2, y2 = (side[:, None, None] for side in boxes[some].T)
            out[some] = (large > 0.5) & (x >= x1) & (x < x2) & (y >= y1) & (y < y2)
        return out.numpy()

    height, width = SIZES[size]
    return _case(
        "100 masks of 32 prototypes, packed",
        size,
        100 * height * width,
        ours,
        theirs,
        _same_pixels(1e-5),
        torch,
    )

"""Augmentation of an image with 50 boxes or 8 masks: by albumentations, and by hand in OpenCV."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from imgproc.neural import augment

from .harness import SIZES, Case, photograph
from .rivals import OPENCV, cv2, load, version_of

albumentations = load("albumentations")
_BOXES, _MASKS = 50, 8


def samples(size: str) -> tuple[augment.Sample, augment.Sample]:
    """Boxes all over the image, and round masks."""
    height, width = SIZES[size]
    rng = np.random.default_rng(3)
    starts = rng.uniform(0, (0.8 * width, 0.8 * height), (_BOXES, 2))
    boxes = np.hstack([starts, starts + rng.uniform(0.05, 0.2, (_BOXES, 2)) * (width, height)])
    down, across = np.ogrid[:height, :width]
    centres = rng.uniform(0.2, 0.8, (_MASKS, 2)) * (height, width)
    masks = np.stack([(down - y) ** 2 + (across - x) ** 2 < (height / 8) ** 2 for y, x in centres])
    return augment.Sample(photograph(size), boxes.astype(np.float32)), augment.Sample(
        photograph(size), masks=masks
    )


def cases(size: str) -> Iterator[Case]:
    boxed, masked = samples(size)
    height, width = SIZES[size]
    part = (height * 3 // 4, width * 3 // 4)
    corner = (height // 8, width // 8)
    matrix = None if cv2 is None else cv2.getRotationMatrix2D((width / 2 - 0.5, height / 2 - 0.5), 12, 1)
    window = np.s_[corner[0] : corner[0] + part[0], corner[1] : corner[1] + part[1]]
    steps: dict[str, tuple[Any, Any, Any, int]] = {
        "flip": (
            augment.flip,
            lambda a: a.HorizontalFlip(p=1),
            lambda image: cv2.flip(image, 1),
            0,
        ),
        "rotate": (
            lambda s: augment.rotate(s, degrees=12),
            lambda a: a.Rotate(limit=(12, 12), border_mode=0, p=1),
            lambda image: cv2.warpAffine(image, matrix, (width, height)),
            8,
        ),
        "crop": (
            lambda s: augment.crop(s, shape=part, place=corner),
            lambda a: a.Crop(corner[1], corner[0], corner[1] + part[1], corner[0] + part[0], p=1),
            lambda image: image[window].copy(),
            0,
        ),
    }
    for name, (ours, make, by_hand, apart) in steps.items():
        for what, given in (("50 boxes", boxed), ("8 masks", masked)):
            rivals: dict[str, Any] = {}
            if albumentations is not None:
                rivals[version_of("albumentations")] = _albumentations(make(albumentations), given)
            if cv2 is not None and given is masked:
                rivals[OPENCV] = _by_hand(by_hand, given)
            yield Case(
                f"{name}, {what}",
                size,
                height * width,
                lambda ours=ours, given=given: ours(given),
                rivals,
                _same(apart, name == "rotate"),
            )


def _albumentations(step: Any, given: augment.Sample) -> Any:
    bounded = albumentations.BboxParams(format="pascal_voc", label_fields=[], filter_invalid_bboxes=False)
    if given.boxes is not None:
        pipeline = albumentations.Compose([step], bbox_params=bounded)
        return lambda: pipeline(image=given.image, bboxes=given.boxes)
    pipeline = albumentations.Compose([step])
    masks = given.masks.view(np.uint8) if given.masks is not None else None
    return lambda: pipeline(image=given.image, masks=masks)


def _by_hand(step: Any, given: augment.Sample) -> Any:
    def run() -> dict[str, Any]:
        masks = [] if given.masks is None else [step(mask.view(np.uint8)) for mask in given.masks]
        return {"image": step(given.image), "masks": masks}

    return run


def _same(apart: int, turned: bool) -> Any:
    """Flips and crops to the bit. Turned, OpenCV has places of 1/32 pixel; albumentations' masks take the nearest."""

    def rule(ours: augment.Sample, rival: dict[str, Any]) -> None:
        difference = np.abs(ours.image.astype(np.int16) - rival["image"])
        assert np.quantile(difference, 0.999) <= 3 * apart, f"{difference.max()} apart"
        if ours.masks is not None:
            differ = np.mean(ours.masks != np.asarray(rival["masks"], bool))
            assert differ <= (0.01 if apart else 0), f"{differ:.2%} of the mask pixels differ"
        elif not turned:
            np.testing.assert_allclose(ours.boxes, np.asarray(rival["bboxes"])[:, :4], atol=1e-2)
        else:
            assert abs(len(ours.boxes) - len(rival["bboxes"])) <= 2

    return rule

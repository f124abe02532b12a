"""Stereo matching, against OpenCV's StereoBM and StereoSGBM in three paths; depth, and the error of a disparity."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

import imgproc

from .harness import Array, Case, case, equal, photograph
from .rivals import cv2

COUNTS = (64, 128)
SIDES = (9, 15, 21)


def cases(size: str) -> Iterator[Case]:
    if size != "1080p":
        return
    left, right = _pair(size)
    yield from _depth(size)
    for count in COUNTS:
        for side in SIDES:
            for cost in ("sad", "census"):
                # StereoBM as it is made: neither asks the right image, both want 15 per cent.
                ours = {
                    "method": "block",
                    "cost": cost,
                    "radius": side // 2,
                    "check": False,
                    "uniqueness": 15,
                }
                yield _case(
                    f"block {cost} {side}x{side} {count} disparities",
                    size,
                    left,
                    right,
                    count,
                    ours | {"speckle": 0},
                    cv2 and cv2.StereoBM.create(count, side),
                )
        for name, ours in (
            ("sgm census", {"cost": "census"}),
            ("sgm sad 3x3", {"cost": "sad", "radius": 1}),
        ):
            yield _case(
                f"{name} {count} disparities",
                size,
                left,
                right,
                count,
                ours,
                cv2 and semi_global(count, channels=1),
            )
    for paths in (4, 8):
        yield _case(
            f"sgm census {paths} paths 64 disparities",
            size,
            left,
            right,
            64,
            {"paths": paths},
            cv2 and semi_global(64, channels=1, mode=cv2.STEREO_SGBM_MODE_HH if paths == 8 else None),
        )


def semi_global(count: int, *, channels: int, side: int = 3, mode: int | None = None) -> Any:
    """StereoSGBM with the penalties of its documentation, and the rest as OpenCV's sample stereo_match sets it."""
    area = channels * side * side
    return cv2.StereoSGBM.create(
        minDisparity=0,
        numDisparities=count,
        blockSize=side,
        P1=8 * area,
        P2=32 * area,
        disp12MaxDiff=1,
        preFilterCap=63,
        uniquenessRatio=10,
        speckleWindowSize=100,
        speckleRange=32,
        mode=cv2.STEREO_SGBM_MODE_SGBM_3WAY if mode is None else mode,
    )


def _depth(size: str) -> Iterator[Case]:
    """NumPy divides alone; OpenCV samples the right image alone, without the similarity of the two."""
    image = photograph(size)
    height, width = image.shape[:2]
    found = np.random.default_rng(0).uniform(1, 60, (height, width)).astype(np.float32)
    out = np.empty_like(found)
    yield case(
        "depth from disparity",
        size,
        found,
        out,
        lambda: imgproc.depth_from_disparity(found, 0.5, 640, out=out),
        equal,
        numpy=lambda: np.divide(np.float32(320), found, out=out),
    )
    y, x = np.mgrid[:height, :width].astype(np.float32)
    x -= found
    parts = image / np.float32(255)

    def size_alone(ours: Array, rival: Array) -> None:
        assert ours.shape == rival.shape[:2]

    yield case(
        "photometric error RGB, against sampling alone",
        size,
        image,
        found,
        lambda: imgproc.photometric_error(image, image, found),
        size_alone,
        opencv=lambda: cv2.remap(parts, x, y, cv2.INTER_LINEAR),
    )


def _case(
    name: str, size: str, left: Array, right: Array, count: int, ours: dict[str, Any], matcher: Any
) -> Case:
    return case(
        name,
        size,
        left,
        None,
        partial(imgproc.disparity, left, right, count - 1, **ours),
        alike,
        opencv=None if matcher is None else lambda: disparities(matcher, left, right),
    )


def disparities(matcher: Any, left: Array, right: Array) -> Array:
    """In sixteenths of a pixel, negative where left out: as OpenCV gives them."""
    result: Array = matcher.compute(left, right)
    return result


def alike(ours: Array, rival: Array) -> None:
    """Other costs and other ways to leave out; where both find something it is nearly always the same."""
    theirs = np.where(rival < 0, np.nan, rival / 16)
    both = np.isfinite(ours) & np.isfinite(theirs)
    assert both.mean() > 0.3, f"both find only {both.mean():.0%} of the pixels"
    apart = (np.abs(ours - theirs)[both] > 2).mean()
    assert apart < 0.1, f"{apart:.1%} of what both find are more than 2 pixels apart"


def _pair(size: str) -> tuple[Array, Array]:
    """A photograph seen from two places: its rows slide by 8 to 56 pixels, in steps across the picture."""
    right = photograph(size, channels=1)
    left = right.copy()
    height, width = right.shape
    for top in range(0, height, 90):
        for edge in range(0, width, 240):
            shift = 8 + (top // 90 * 7 + edge // 240 * 13) % 49
            block = slice(top, top + 90)
            left[block, edge : edge + 240] = np.roll(right[block], shift, axis=1)[:, edge : edge + 240]
    noise = np.random.default_rng(0).integers(-3, 4, left.shape)
    return np.clip(left + noise, 0, 255).astype(np.uint8), right

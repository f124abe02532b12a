"""Integral images, and means of frames."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import imgproc

from .harness import Array, Case, case, equal, photograph
from .rivals import cv2, skimage

_FRAMES = 16


def cases(size: str) -> Iterator[Case]:
    yield from _sums(size)
    yield _boxes(size)
    yield from _frames(size)


def _alike(ours: Array, rival: Array) -> None:
    """Sums of integers equal, of floats to float64 rounding; signed and float64 sums hold the same numbers."""
    if ours.dtype.kind == "u":
        np.testing.assert_array_equal(ours, rival.astype(ours.dtype))
    else:
        np.testing.assert_allclose(ours, rival, rtol=1e-12, atol=1e-6)


def _all_alike(ours: list[Array], rivals: list[Array]) -> None:
    for pair in zip(ours, rivals, strict=True):
        _alike(*pair)


def _boxes(size: str) -> Case:
    """NumPy does not look whether boxes lie inside."""
    table = imgproc.integral_image(photograph(size, channels=1))
    rng = np.random.default_rng(0)
    ends = rng.integers(0, [table.shape[1], table.shape[0]], (100_000, 2, 2))
    boxes = np.sort(ends, axis=1).reshape(-1, 4)

    def plain() -> Array:
        x0, y0, x1, y1 = boxes.T
        sums: Array = table[y1, x1] - table[y0, x1] - table[y1, x0] + table[y0, x0]
        return sums

    return case(
        "sums of 100,000 boxes", size, boxes, None, lambda: imgproc.box_sum(table, boxes), equal, numpy=plain
    )


def _sums(size: str) -> Iterator[Case]:
    for name, channels, dtype, kind in (
        ("gray uint8", 1, np.uint8, np.uint32),
        ("RGB uint8", 3, np.uint8, np.uint32),
        ("gray uint8, 64 bits", 1, np.uint8, np.uint64),
        ("RGB uint8, 64 bits", 3, np.uint8, np.uint64),
        ("gray uint16", 1, np.uint16, np.uint64),
        ("RGB uint16", 3, np.uint16, np.uint64),
        ("gray float32", 1, np.float32, np.float64),
        ("RGB float32", 3, np.float32, np.float64),
    ):
        image = photograph(size, channels=channels, dtype=dtype)
        shape = (image.shape[0] + 1, image.shape[1] + 1, *image.shape[2:])
        out = np.empty(shape, kind)
        signed = out.view(np.int32 if kind == np.uint32 else np.float64)
        depth = cv2 and (cv2.CV_32S if kind == np.uint32 else cv2.CV_64F)

        def by_skimage(image: Array = image) -> Any:
            sums = skimage.transform.integral_image(image) if skimage else None
            return np.pad(sums, ((1, 0), (1, 0)))

        yield case(
            f"integral {name}",
            size,
            image,
            out,
            lambda image=image, kind=kind, out=out: imgproc.integral_image(image, dtype=kind, out=out),
            _alike,
            opencv=cv2 and (lambda image=image, out=signed, depth=depth: cv2.integral(image, out, depth)),
            skimage=by_skimage if channels == 1 and kind == np.uint64 and skimage else None,
        )
        if channels == 1:
            outs = [np.empty(shape, kind), np.empty(shape, imgproc.integral_image(image, squared=True).dtype)]
            outs.append(np.empty(shape, kind))

            def all_three(image: Array = image, outs: list[Array] = outs, kind: Any = kind) -> list[Array]:
                return [
                    imgproc.integral_image(image, dtype=kind, out=outs[0]),
                    imgproc.integral_image(image, squared=True, out=outs[1]),
                    imgproc.integral_image(image, dtype=kind, tilted=True, out=outs[2]),
                ]

            theirs = [np.empty(shape, np.int32 if kind == np.uint32 else np.float64) for _ in range(3)]
            theirs[1] = np.empty(shape, np.float64)

            def three_by_opencv(image: Array = image, outs: list[Array] = theirs, depth: Any = depth) -> Any:
                return cv2.integral3(image, *outs, depth, cv2.CV_64F)

            yield case(
                f"integral {name}, with squares and tilted",
                size,
                image,
                out,
                all_three,
                _all_alike,
                opencv=cv2 and three_by_opencv,
            )


def _frames(size: str) -> Iterator[Case]:
    for dtype in (np.uint8, np.uint16, np.float32):
        image = photograph(size, channels=1, dtype=dtype)
        shifted = [np.roll(image, shift) for shift in range(_FRAMES)]
        out = np.empty_like(image)

        sums = np.zeros(out.shape, np.float32 if dtype == np.uint8 else np.float64)

        def by_opencv(frames: list[Array] = shifted, out: Array = out, sums: Array = sums) -> Any:
            sums.fill(0)
            for frame in frames:
                cv2.accumulate(frame, sums)
            if out.dtype == np.uint8:
                return cv2.convertScaleAbs(sums, dst=out, alpha=1 / _FRAMES)
            if out.dtype == np.float32:
                return cv2.multiply(sums, 1 / _FRAMES, dst=out, dtype=cv2.CV_32F)
            return np.rint(sums / _FRAMES).astype(out.dtype)

        def by_numpy(frames: list[Array] = shifted, out: Array = out) -> Any:
            mean = np.mean(frames, axis=0, dtype=np.float64)
            return (np.rint(mean) if out.dtype != np.float32 else mean).astype(out.dtype)

        for way, frames in (
            ("frames", lambda frames=shifted: frames),
            ("streamed frames", lambda f=shifted: iter(f)),
        ):
            timed = case(
                f"mean of {_FRAMES} {way} gray {np.dtype(dtype)}",
                size,
                image,
                out,
                lambda frames=frames, out=out: imgproc.average_frames(frames(), out=out),
                equal,
                opencv=cv2 and by_opencv,
                numpy=by_numpy if way == "frames" else None,
            )
            timed.moved = (_FRAMES + 1) * image.nbytes
            yield timed

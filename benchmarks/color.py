"""Colour: conversions and gray world."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import imgproc

from .harness import Array, Case, another_rule, case, equal, photograph, within
from .rivals import cv2, skimage


def cases(size: str) -> Iterator[Case]:
    yield from _conversions(size)
    yield from _yiq(size)
    yield from _gray_world(size)


def _conversions(size: str) -> Iterator[Case]:
    for dtype in (np.uint8, np.uint16, np.float32):
        name = np.dtype(dtype)
        image = photograph(size, dtype=dtype)
        out = np.empty_like(image)
        gray = np.empty_like(image[..., 0])
        # cv2 works with 15-bit weights on uint16, and in another order on float32.
        near = equal if dtype == np.uint8 else within(2 if dtype == np.uint16 else 2e-6)
        yield case(
            f"RGB to gray {name}",
            size,
            image,
            gray,
            lambda image=image, gray=gray: imgproc.rgb_to_gray(image, out=gray),
            near,
            opencv=lambda image=image, gray=gray: cv2.cvtColor(image, cv2.COLOR_RGB2GRAY, dst=gray),
        )
        yield case(
            f"RGB to YUV {name}",
            size,
            image,
            out,
            lambda image=image, out=out: imgproc.rgb_to_yuv(image, out=out),
            near,
            opencv=lambda image=image, out=out: cv2.cvtColor(image, cv2.COLOR_RGB2YUV, dst=out),
        )
        yuv = imgproc.rgb_to_yuv(image)
        # Its inverse weights have three decimals, ours are those that undo ours: 3e-4 of a colour difference.
        back = equal if dtype == np.uint8 else within(20 if dtype == np.uint16 else 3e-4)
        yield case(
            f"YUV to RGB {name}",
            size,
            yuv,
            out,
            lambda image=yuv, out=out: imgproc.yuv_to_rgb(image, out=out),
            back,
            opencv=lambda image=yuv, out=out: cv2.cvtColor(image, cv2.COLOR_YUV2RGB, dst=out),
        )


def _yiq(size: str) -> Iterator[Case]:
    """OpenCV has no YIQ: its product with any matrix and an offset."""
    yield from _yiq_of_integers(size)
    image = photograph(size, dtype=np.float32)
    out = np.empty_like(image)
    units = np.eye(3, dtype=np.float32)[None]
    offset = np.float32([[0], [0.5], [0.5]])
    matrix = np.hstack([imgproc.rgb_to_yiq(units)[0].T - offset, offset])
    yield case(
        "RGB to YIQ float32",
        size,
        image,
        out,
        lambda: imgproc.rgb_to_yiq(image, out=out),
        within(2e-6),
        opencv=lambda: cv2.transform(image, matrix, dst=out),
        skimage=(lambda: skimage.color.rgb2yiq(image) + np.float32([0, 0.5, 0.5])) if skimage else None,
    )


def _yiq_of_integers(size: str) -> Iterator[Case]:
    """Its product of float32 weights, where ours are those of float64, exactly."""
    forward = np.array([[0.299, 0.587, 0.114], [0.59590059, -0.27455667, -0.32134392]])
    forward = np.vstack([forward, [0.21153661, -0.52273617, 0.31119955]])
    for dtype in (np.uint8, np.uint16):
        rgb = photograph(size, dtype=dtype)
        half = np.array([[0], [(np.iinfo(dtype).max + 1) / 2], [(np.iinfo(dtype).max + 1) / 2]])
        back = np.linalg.inv(forward)
        ways = [
            ("RGB to YIQ", imgproc.rgb_to_yiq, rgb, np.hstack([forward, half])),
            ("YIQ to RGB", imgproc.yiq_to_rgb, imgproc.rgb_to_yiq(rgb), np.hstack([back, -back @ half])),
        ]
        for name, ours, image, matrix in ways:
            out = np.empty_like(image)
            weights = matrix.astype(np.float32)
            yield case(
                f"{name} {np.dtype(dtype)}",
                size,
                image,
                out,
                lambda ours=ours, image=image, out=out: ours(image, out=out),
                within(1),
                opencv=lambda image=image, weights=weights, out=out: cv2.transform(image, weights, dst=out),
            )


def _gray_world(size: str) -> Iterator[Case]:
    image = photograph(size)
    out = np.empty_like(image)

    def by_lut() -> Array:
        means = np.array(cv2.mean(image)[:3])
        gains = means.mean() / means
        table = np.clip(np.rint(np.arange(256)[:, None] * gains), 0, 255).astype(np.uint8)[None]
        return cv2.LUT(image, table, dst=out)

    yield case(
        "gray world uint8 RGB",
        size,
        image,
        out,
        lambda: imgproc.gray_world(image, out=out),
        equal,
        opencv=by_lut,
    )
    if cv2 and hasattr(cv2, "xphoto"):
        balance = cv2.xphoto.createGrayworldWB()
        balance.setSaturationThreshold(0.9)

        def scaled(ours: Array, rival: Array) -> None:
            # xphoto darkens to the weakest channel, we keep the common mean: equal up to one factor.
            factor = ours.mean() / rival.mean()
            another_rule(ours, np.clip(rival * factor, 0, 255).astype(np.uint8))

        yield case(
            "gray world uint8 RGB, saturation 0.9",
            size,
            image,
            out,
            lambda: imgproc.gray_world(image, saturation=0.9, out=out),
            scaled,
            opencv=lambda: balance.balanceWhite(image, out),
        )

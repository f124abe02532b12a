"""Slow twins of the colour conversions and luma maps: one pixel at a time, from the formulas of ITU-R BT.601.

Integers other than uint8 gray and YUV are exact rationals, rounded half to even by `round`; uint8 gray and YUV are OpenCV's
fixed point (modules/imgproc/src/color_yuv.simd.hpp, color_rgb.simd.hpp). float32 rounds after each operation.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

Image = np.ndarray[Any, np.dtype[Any]]
Pixel = tuple[Any, Any, Any]

HALF = {"uint8": 128, "uint16": 32768, "float32": np.float32(0.5)}
TOP = {"uint8": 255, "uint16": 65535}
f32 = np.float32

# NTSC: the matrix of skimage.color.yiq_from_rgb and, to 16 digits, its inverse.
YIQ_FROM_RGB = (
    (0.299, 0.587, 0.114),
    (0.59590059, -0.27455667, -0.32134392),
    (0.21153661, -0.52273617, 0.31119955),
)
RGB_FROM_YIQ = (
    (1.0000000062082481, 0.9559863415731352, 0.6208247979787566),
    (0.9999999935279575, -0.27201283148102584, -0.6472042418461063),
    (1.000000017042305, -1.1067402109737305, 1.7042304856843515),
)


def _clip(value: int, top: int) -> int:
    return min(max(value, 0), top)


def _map(image: Image, pixel: Callable[..., Pixel]) -> Image:
    out = image.copy()
    kind = image.dtype.name
    number = (lambda v: v) if kind == "float32" else int
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            out[y, x, :3] = pixel(*(number(v) for v in image[y, x, :3]), kind)
    return out


def luma(r: Any, g: Any, b: Any, kind: str) -> Any:
    if kind == "uint8":
        return (9798 * r + 19235 * g + 3735 * b + 16384) >> 15
    if kind == "uint16":
        return round(Fraction(299 * r + 587 * g + 114 * b, 1000))
    return f32(f32(f32(0.299) * r + f32(0.587) * g) + f32(0.114) * b)


def rgb_to_gray(image: Image) -> Image:
    out = np.empty(image.shape[:2], image.dtype)
    kind = image.dtype.name
    number = (lambda v: v) if kind == "float32" else int
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            out[y, x] = luma(*(number(v) for v in image[y, x, :3]), kind)
    return out


def _to_yuv(r: Any, g: Any, b: Any, kind: str) -> Pixel:
    if kind == "uint8":
        y = (4899 * r + 9617 * g + 1868 * b + 8192) >> 14
        u = ((b - y) * 8061 + (128 << 14) + 8192) >> 14
        v = ((r - y) * 14369 + (128 << 14) + 8192) >> 14
        return y, _clip(u, 255), _clip(v, 255)
    y = luma(r, g, b, kind)
    if kind == "uint16":
        u, v = Fraction(492, 1000) * (b - y) + 32768, Fraction(877, 1000) * (r - y) + 32768
        return y, _clip(round(u), 65535), _clip(round(v), 65535)
    return y, (b - y) * f32(0.492) + f32(0.5), (r - y) * f32(0.877) + f32(0.5)


def rgb_to_yuv(image: Image) -> Image:
    return _map(image, _to_yuv)


def _from_yuv(y: Any, u: Any, v: Any, kind: str) -> Pixel:
    u, v = u - HALF[kind], v - HALF[kind]
    if kind == "uint8":
        r = y + ((v * 18678 + 8192) >> 14)
        g = y + ((u * -6472 + v * -9519 + 8192) >> 14)
        b = y + ((u * 33292 + 8192) >> 14)
        return _clip(r, 255), _clip(g, 255), _clip(b, 255)
    if kind == "uint16":
        from_v, from_u = Fraction(1000, 877) * v, Fraction(1000, 492) * u
        rgb = (y + from_v, y - Fraction(299, 587) * from_v - Fraction(114, 587) * from_u, y + from_u)
        return tuple(_clip(round(value), 65535) for value in rgb)  # type: ignore[return-value]
    g_of_u, g_of_v = f32(0.114 / (0.587 * 0.492)), f32(0.299 / (0.587 * 0.877))
    return y + v * f32(1 / 0.877), y - u * g_of_u - v * g_of_v, y + u * f32(1 / 0.492)


def yuv_to_rgb(image: Image) -> Image:
    return _map(image, _from_yuv)


def _yiq(image: Image, matrix: tuple[tuple[float, ...], ...], *, forward: bool) -> Image:
    def pixel(a: Any, b: Any, c: Any, kind: str) -> Pixel:
        real = f32 if kind == "float32" else np.float64
        before, after = (0, HALF[kind]) if forward else (HALF[kind], 0)
        a, b, c = real(a), real(b) - real(before), real(c) - real(before)
        values = [real(row[0]) * a + real(row[1]) * b + real(row[2]) * c for row in matrix]
        values = [values[0], values[1] + real(after), values[2] + real(after)]
        if kind == "float32":
            return tuple(values)  # type: ignore[return-value]
        return tuple(_clip(round(float(value)), TOP[kind]) for value in values)  # type: ignore[return-value]

    return _map(image, pixel)


def rgb_to_yiq(image: Image) -> Image:
    return _yiq(image, YIQ_FROM_RGB, forward=True)


def yiq_to_rgb(image: Image) -> Image:
    return _yiq(image, RGB_FROM_YIQ, forward=False)


def shift_luma(image: Image, after: Image) -> Image:
    """Colours plus ``after`` less luma, clipped; float32: to [0, 1], where NaN stays."""
    before = rgb_to_gray(image)
    out = image.copy()
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            for c in range(3):
                if image.dtype == np.float32:
                    out[y, x, c] = np.clip(image[y, x, c] + (after[y, x] - before[y, x]), f32(0), f32(1))
                else:
                    value = int(image[y, x, c]) + int(after[y, x]) - int(before[y, x])
                    out[y, x, c] = _clip(value, TOP[image.dtype.name])
    return out

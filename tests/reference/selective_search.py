"""Selective search step by step (J. R. R. Uijlings et al., Selective search for object recognition, IJCV 104, 2013).

Similarities are computed in float32 in the order of operations that the kernel has, because ties decide.
"""

from __future__ import annotations

import numpy as np

F = np.float32
COLORS, TEXTURES, STEP = 25, 10, 4
COLOR, TEXTURE, SIZE, FILL = 1, 2, 4, 8


def hsv(rgb: np.ndarray) -> np.ndarray:
    """Hue, saturation and value of (3, H, W) in [0, 255], each in [0, 255]."""
    out = np.zeros_like(rgb)
    for at in np.ndindex(rgb.shape[1:]):
        r, g, b = (float(v) for v in rgb[(slice(None), *at)])
        high, low = max(r, g, b), min(r, g, b)
        delta = high - low
        hue = 0.0
        if delta > 0:
            if high == r:
                hue = (g - b) / delta % 6
            elif high == g:
                hue = 2 + (b - r) / delta
            else:
                hue = 4 + (r - g) / delta
        out[(slice(None), *at)] = hue * 255 / 6, 255 * delta / high if high > 0 else 0, high
    return out


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE Lab of sRGB under D65; L times 2.55, a and b plus 128."""
    values = rgb.astype(np.float64) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    matrix = np.array(
        [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
    )
    x, y, z = np.tensordot(matrix / matrix.sum(1, keepdims=True), linear, 1)
    x, y, z = (np.where(v > 216 / 24389, np.cbrt(v), (24389 / 27 * v + 16) / 116) for v in (x, y, z))
    return np.stack([(116 * y - 16) * 2.55, 500 * (x - y) + 128, 200 * (y - z) + 128])


def texture_bin(derivative: np.float32) -> int:
    """From -9 to 9, towards 0."""
    return int(max(-9.5, min(9.5, float(F(derivative) / F(STEP)))))


def describe(planes: np.ndarray, labels: np.ndarray, region: int) -> tuple[np.ndarray, np.ndarray]:
    """Counts of colours ``(channels, 25)`` and of derivatives ``(channels, 4 axes, 2 directions, 10)``."""
    channels, height, width = planes.shape
    colors = np.zeros((channels, COLORS), np.int64)
    textures = np.zeros((channels, 4, 2, TEXTURES), np.int64)
    for y, x in np.argwhere(labels == region):
        for channel, plane in enumerate(planes):
            colors[channel, int(max(0, min(255, float(plane[y, x]))) * COLORS / 256)] += 1
            gx = (plane[y, min(x + 1, width - 1)] - plane[y, max(x - 1, 0)]) * F(0.5)
            gy = (plane[min(y + 1, height - 1), x] - plane[max(y - 1, 0), x]) * F(0.5)
            diagonal = F(0.70710678)
            for axis, derivative in enumerate((gx, (gx + gy) * diagonal, gy, (gy - gx) * diagonal)):
                code = texture_bin(derivative)
                textures[channel, axis, 0, max(code, 0)] += 1
                textures[channel, axis, 1, max(-code, 0)] += 1
    return colors, textures


def common(a: np.ndarray, b: np.ndarray, weight_a: np.float32, weight_b: np.float32) -> np.float32:
    """The common part of two histograms, in 16 partial sums."""
    padded = [np.pad(v.ravel(), (0, -v.size % 16)).astype(F) * w for v, w in ((a, weight_a), (b, weight_b))]
    sums = np.zeros(16, F)
    for part in np.minimum(*padded).reshape(-1, 16):
        sums += part
    while len(sums) > 1:
        half = len(sums) // 2
        sums = sums[:half] + sums[half:]
    return sums[0]


class Region:
    def __init__(self, pixels: int, box: tuple[int, int, int, int], bins: tuple[np.ndarray, np.ndarray]):
        self.pixels, self.box, self.bins = pixels, box, bins

    def __or__(self, other: Region) -> Region:
        a, b = self.box, other.box
        box = (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))
        bins = (self.bins[0] + other.bins[0], self.bins[1] + other.bins[1])
        return Region(self.pixels + other.pixels, box, bins)


def likeness(a: Region, b: Region, area: int, measures: int) -> np.float32:
    whole, channels = F(1) / F(area), F(len(a.bins[0]))
    weights = [F(1) / (F(region.pixels) * channels) for region in (a, b)]
    both, total = a | b, F(0)
    if measures & COLOR:
        total += common(a.bins[0], b.bins[0], *weights)
    if measures & TEXTURE:
        total += common(a.bins[1], b.bins[1], *(weight * F(0.125) for weight in weights))
    if measures & SIZE:
        total += F(1) - F(both.pixels) * whole
    if measures & FILL:
        box = (both.box[2] - both.box[0]) * (both.box[3] - both.box[1])
        total += F(1) - F(box - both.pixels) * whole
    return total


def group(planes: np.ndarray, labels: np.ndarray, measures: int) -> np.ndarray:
    """Boxes of the regions, and of those that arise where the most alike of all neighbours are merged at each step."""
    height, width = labels.shape
    regions, alive, touching = [], {}, set()
    for label in range(labels.max() + 1):
        ys, xs = np.nonzero(labels == label)
        box = (int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1)
        regions.append(Region(len(ys), box, describe(planes, labels, label)))
        alive[label] = regions[-1]
    for y, x in np.ndindex(height, width):
        for down, right in ((0, 1), (1, -1), (1, 0), (1, 1)):
            if y + down < height and 0 <= x + right < width:
                a, b = int(labels[y, x]), int(labels[y + down, x + right])
                if a != b:
                    touching.add((min(a, b), max(a, b)))
    while touching:
        a, b = min(
            touching,
            key=lambda pair: (-likeness(alive[pair[0]], alive[pair[1]], labels.size, measures), pair),
        )
        made = len(regions)
        regions.append(alive.pop(a) | alive.pop(b))
        alive[made] = regions[-1]
        named = ({made if k in (a, b) else k for k in pair} for pair in touching)
        touching = {(min(pair), max(pair)) for pair in named if len(pair) == 2}
    return np.array([region.box for region in regions], np.int32)

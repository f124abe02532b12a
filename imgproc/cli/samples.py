"""Sample pictures that are drawn, not shipped: each has the fault that one operation cures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from .._core.images import Array

WIDTH, HEIGHT = 1200, 800

_Y, _X = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
_ASPECT = np.float32(WIDTH / HEIGHT)


@dataclass(frozen=True)
class Sample:
    """A picture, the name of its file and the chain that suits it."""

    name: str
    chain: tuple[str, ...]
    draw: Callable[[np.random.Generator], Array]


def _noise(rng: np.random.Generator, cells: int, octaves: int = 5) -> Array:
    """Smooth noise in about [-1, 1]: grids of random values, each twice as fine and half as strong."""
    total = np.zeros((HEIGHT, WIDTH), np.float32)
    for octave in range(octaves):
        rows = cells << octave
        grid = rng.uniform(-1, 1, (rows, rows * WIDTH // HEIGHT + 1)).astype(np.float32)
        total += cv2.resize(grid, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC) / 2**octave
    return total / 1.5


def _mix(below: Array, above: Array | tuple[float, ...], share: Array) -> Array:
    cover = np.clip(share, 0, 1)[..., None]
    mixed: Array = below + (np.asarray(above, np.float32) - below) * cover
    return mixed


def _stretch(top: tuple[float, ...], bottom: tuple[float, ...], power: float = 1.0) -> Array:
    """A vertical gradient."""
    share = ((_Y / HEIGHT) ** power)[..., None]
    rows: Array = np.asarray(top, np.float32) * (1 - share) + np.asarray(bottom, np.float32) * share
    return rows


def _eight_bits(image: Array, rng: np.random.Generator, grain: float) -> Array:
    grained = image + rng.normal(0, grain, image.shape).astype(np.float32)
    return (grained.clip(0, 1) * 255 + 0.5).astype(np.uint8)


def _ball(
    image: Array, x: float, y: float, radius: float, color: tuple[float, ...], gloss: float = 0.5
) -> Array:
    """A lit ball with its shadow on the table."""
    shadow = ((_X - x - 0.55 * radius) / (1.35 * radius)) ** 2 + (
        (_Y - y - 0.88 * radius) / (0.32 * radius)
    ) ** 2
    image = image * (1 - 0.62 * np.exp(-1.6 * shadow))[..., None]
    u, v = (_X - x) / radius, (_Y - y) / radius
    inside = u * u + v * v
    depth = np.sqrt(np.clip(1 - inside, 0, 1))
    light = np.clip(-0.55 * u - 0.6 * v + 0.58 * depth, 0, 1)
    shade = (0.16 + 0.84 * light + 0.10 * np.clip(v, 0, 1) * (1 - depth))[..., None]
    lit = np.asarray(color, np.float32) * shade + (gloss * light**28)[..., None]
    return _mix(image, lit, (1 - np.sqrt(inside)) * radius)


def _hazy_mountains(rng: np.random.Generator) -> Array:
    sky = _stretch((0.45, 0.60, 0.80), (0.98, 0.86, 0.70), 1.2)
    sun = np.hypot(_X - 860, _Y - 250)
    image = sky + (0.5 * np.exp(-((sun / 170) ** 2)))[..., None] * np.array([1.0, 0.85, 0.6], np.float32)
    image = _mix(image, (1.0, 0.97, 0.88), 52 - sun)
    for layer in range(6):
        near = layer / 5
        ridge = _noise(np.random.default_rng(rng.integers(1 << 30)), 3, 8)[400]
        line = 330 + 75 * layer + (120 - 10 * layer) * ridge
        tone = np.array([0.55, 0.63, 0.72]) * (1 - near) + np.array([0.07, 0.17, 0.13]) * near
        shade = 1 + 0.10 * _noise(np.random.default_rng(layer), 14, 5)
        image = _mix(image, tone.astype(np.float32) * shade[..., None], _Y - line)
    veiled = 0.36 + 0.30 * image.clip(0, 1.1)
    return _eight_bits(veiled, rng, 0.004)


def _still_life(rng: np.random.Generator) -> Array:
    wall = _stretch((0.62, 0.60, 0.58), (0.80, 0.79, 0.77)) * (1 + 0.03 * _noise(rng, 4, 6))[..., None]
    grain = 0.10 * _noise(rng, 2, 3) + 0.05 * np.sin(_Y / 5 + 9 * _noise(rng, 2, 2))
    table = np.array([0.60, 0.47, 0.36], np.float32) * (1 + grain)[..., None]
    image = _mix(wall, table, (_Y - 500) / 2)
    for x, y, radius, color, gloss in (
        (330, 430, 165, (0.78, 0.20, 0.16), 0.5),
        (610, 490, 125, (0.93, 0.56, 0.14), 0.25),
        (850, 455, 150, (0.36, 0.58, 0.24), 0.4),
        (480, 610, 92, (0.42, 0.22, 0.46), 0.6),
        (735, 640, 84, (0.92, 0.84, 0.40), 0.3),
        (1010, 610, 78, (0.86, 0.86, 0.88), 0.7),
    ):
        image = _ball(image, x, y, radius, color, gloss)
    lamp = np.array([1.0, 0.74, 0.42], np.float32)
    return _eight_bits(0.95 * image * lamp, rng, 0.006)


def _night_town(rng: np.random.Generator) -> Array:
    image = _stretch((0.006, 0.010, 0.030), (0.06, 0.05, 0.07))
    stars = rng.uniform(0, 1, (HEIGHT, WIDTH)) > 0.9994
    image = (
        image
        + (cv2.GaussianBlur(stars.astype(np.float32), (0, 0), 0.8) * (1 - _Y / 520).clip(0, 1))[..., None]
    )
    moon = np.hypot(_X - 250, _Y - 170)
    image = image + (0.05 * np.exp(-((moon / 150) ** 2)))[..., None]
    image = _mix(image, (0.42, 0.41, 0.36), (46 - moon) * (1 + 0.2 * _noise(rng, 12, 4)))
    for row, (base, tone) in enumerate(((600, 0.030), (680, 0.018), (800, 0.009))):
        left = -20
        while left < WIDTH:
            width, height = int(rng.integers(60, 150)), int(rng.integers(110, 330))
            top = base - height
            image[max(0, top) :, max(0, left) : max(0, left + width)] = np.array(
                [tone, tone, 1.3 * tone], np.float32
            )
            for y in range(top + 14, base + 180, 24):
                for x in range(left + 10, left + width - 14, 20):
                    if rng.uniform() < 0.16 + 0.08 * row and 0 <= x < WIDTH and y < HEIGHT - 14:
                        warm = np.array([1.0, 0.78, 0.42], np.float32) * rng.uniform(0.10, 0.32)
                        image[y : y + 12, x : x + 9] = warm
            left += width + int(rng.integers(0, 26))
    glow = cv2.GaussianBlur(image, (0, 0), 14)
    return _eight_bits(image + 0.5 * glow, rng, 0.003)


def _moon_surface(rng: np.random.Generator) -> Array:
    """16-bit gray: fine relief under light that falls off, most of it in a small part of the range."""
    relief = 5 * _noise(rng, 3, 8)
    for _ in range(240):
        radius = float(6 + 90 * rng.uniform() ** 4)
        x, y = rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT)
        y0, y1, x0, x1 = (
            int(max(0, y - 2 * radius)),
            int(min(HEIGHT, y + 2 * radius)),
            int(max(0, x - 2 * radius)),
            int(min(WIDTH, x + 2 * radius)),
        )
        distance = np.hypot(_X[y0:y1, x0:x1] - x, _Y[y0:y1, x0:x1] - y) / radius
        bowl = np.where(distance < 1, 1.25 * distance**2 - 1, 0.25 * np.exp(-((distance - 1) * 4)))
        relief[y0:y1, x0:x1] += 0.34 * radius * bowl * (distance < 2)
    slope = cv2.Sobel(relief, cv2.CV_32F, 1, 0) + 0.5 * cv2.Sobel(relief, cv2.CV_32F, 0, 1)
    light = np.clip(0.42 - 0.05 * slope, 0.02, 1.2) * (0.06 + 0.94 * (1 - _X / WIDTH) ** 2.2)
    grained = 0.02 + 0.55 * light + rng.normal(0, 0.0012, light.shape)
    samples: Array = (grained.clip(0, 1) * 65535).astype(np.uint16)
    return samples


def _glass_petals(rng: np.random.Generator) -> Array:
    """RGBA: pale petals on nothing."""
    color = np.ones((HEIGHT, WIDTH, 3), np.float32)
    alpha = np.zeros((HEIGHT, WIDTH), np.float32)
    for petal in range(14):
        angle = 2 * np.pi * petal / 14 + rng.uniform(-0.06, 0.06)
        u = (_X - WIDTH / 2) * np.cos(angle) + (_Y - HEIGHT / 2) * np.sin(angle)
        v = -(_X - WIDTH / 2) * np.sin(angle) + (_Y - HEIGHT / 2) * np.cos(angle)
        shape = 1 - ((u - 190) / 175) ** 2 - (v / (62 + 0.10 * u)) ** 2
        vein = 0.05 * np.cos(v / 4.5)
        hue = np.array([0.80, 0.52 + 0.014 * petal, 0.70 - 0.012 * petal], np.float32)
        shade = (0.72 + 0.26 * (u / 370) + vein)[..., None] * hue
        cover = np.clip(shape * 30, 0, 1) * (0.45 + 0.35 * np.clip(1 - shape, 0, 1))
        color = _mix(color, shade, cover / np.maximum(cover + alpha * (1 - cover), 1e-6))
        alpha = cover + alpha * (1 - cover)
    heart = np.hypot(_X - WIDTH / 2, _Y - HEIGHT / 2)
    seeds = 0.8 + 0.2 * np.cos(heart / 4) * np.cos(np.arctan2(_Y - HEIGHT / 2, _X - WIDTH / 2) * 21)
    center = np.array([0.86, 0.70, 0.36], np.float32) * seeds[..., None]
    color = _mix(color, center, (64 - heart) / 2)
    alpha = np.maximum(alpha, np.clip((64 - heart) / 2, 0, 1))
    return _eight_bits(np.dstack([0.38 + 0.42 * color, alpha]), rng, 0.0)


def _evening_lake(rng: np.random.Generator) -> Array:
    """Under-exposed in the foreground, with detail in the shadows."""
    horizon = 420
    sky = _stretch((0.10, 0.16, 0.34), (1.05, 0.52, 0.28), 1.5)
    cloud = np.clip(_noise(rng, 3, 7) + 0.15, 0, 1) * np.clip(1 - _Y / horizon, 0, 1)
    sky = _mix(sky, (0.95, 0.60, 0.52), 0.8 * cloud)
    ridge = _noise(rng, 5, 8)[300]
    land = _mix(sky, (0.035, 0.040, 0.055), _Y - (horizon - 46 - 70 * ridge))
    mirrored = land[np.clip(2 * horizon - np.arange(HEIGHT), 0, HEIGHT - 1)]
    depth = np.clip((_Y - horizon) / (HEIGHT - horizon), 0, 1)
    ripple = 8 * depth * np.sin(_Y / (1.5 + 9 * depth) + 3 * _noise(rng, 6, 4))
    water = cv2.remap(mirrored, _X, _Y + ripple, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    image = _mix(land, 0.5 * water + np.array([0.0, 0.008, 0.02], np.float32), _Y - horizon)
    edge = 1 + 0.10 * _noise(rng, 8, 5)
    texture = 1 + 0.35 * _noise(rng, 30, 4)
    for x, y, radius in (
        (130, 770, 150),
        (330, 800, 95),
        (470, 745, 46),
        (1090, 790, 190),
        (880, 808, 90),
        (770, 735, 34),
    ):
        u, v = (_X - x) / radius, (_Y - y) / (0.55 * radius)
        inside = (u * u + v * v) * edge
        light = 0.020 + 0.050 * np.clip(-0.3 * u - 0.8 * v, 0, 1) ** 1.5
        image = _mix(
            image, (light * texture)[..., None] * np.array([1.0, 0.86, 0.80], np.float32), (1 - inside) * 12
        )
    return _eight_bits(0.9 * image, rng, 0.002)


def _by_day(rng: np.random.Generator) -> Array:
    """The still life without the cast of its lamp."""
    image = _still_life(rng) * np.array([1.0, 1.15, 1.6], np.float32)
    return image.clip(0, 255).astype(np.uint8)


def _dusty_slide(rng: np.random.Generator) -> Array:
    """An old slide: dust and holes over the picture."""
    speck = rng.random((HEIGHT, WIDTH, 1))
    return np.where(speck < 0.02, 8, np.where(speck > 0.98, 250, _by_day(rng))).astype(np.uint8)


SAMPLES = (
    Sample("hazy-mountains.jpg", ("autocontrast:cutoff=0.5,channel=each",), _hazy_mountains),
    Sample("lamp-still-life.png", ("gray-world", "autocontrast:cutoff=0.2"), _still_life),
    Sample("night-town.jpg", ("gamma:0.45",), _night_town),
    Sample("evening-lake.webp", ("clahe:clip_limit=3", "gamma:0.8"), _evening_lake),
    Sample("moon-16-bit.png", ("equalize-histogram",), _moon_surface),
    Sample("petals-with-alpha.png", ("autocontrast",), _glass_petals),
    Sample("dusty-slide.jpg", ("median-filter:radius=1", "sharpen:amount=0.8,sigma=1"), _dusty_slide),
    Sample("still-life-edges.png", ("canny:low=60,high=160",), _by_day),
)

"""Watershed of gradients of photographs and of a volume."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import imgproc

from .harness import SIZES, Array, Case, photograph
from .rivals import OPENCV, SKIMAGE, cv2, skimage

STEP = 26
"""Pixels between markers: some 3,000 of them at 1080p."""

SIDE = {"512": 128, "1080p": 256, "4K": 256}
"""Of the volume."""


def cases(size: str) -> Iterator[Case]:
    gradients = _gradients(size)
    markers = _grid(SIZES[size])
    for name, relief in gradients.items():
        yield _case(f"watershed {name}", size, relief, markers)
    byte = gradients["uint8"]
    yield _case("watershed uint8, 8 neighbours", size, byte, markers, connectivity=2)
    yield _case("watershed uint8, lines", size, byte, markers, lines=True)
    yield _case("watershed uint8, from its minima", size, byte, None)
    yield _case("watershed uint8, compactness 10", size, byte, markers, compactness=10.0)
    yield _lines(size, byte, markers)
    if cv2 is not None:
        yield _against_opencv(size, byte, markers)
    volume = _volume(SIDE[size])
    for dtype in (np.uint8, np.float32):
        name = f"watershed {np.dtype(dtype)} volume of {SIDE[size]}³"
        yield _case(name, size, volume.astype(dtype), _grid(volume.shape))


def _gradients(size: str) -> dict[str, Array]:
    magnitude = imgproc.gradient_polar(photograph(size, channels=1).astype(np.float32))[0]
    return {
        "uint8": np.minimum(magnitude / 4, 255).astype(np.uint8),
        "uint16": np.minimum(magnitude * 40, 65535).astype(np.uint16),
        "int32": (magnitude * 1e4).astype(np.int32),
        "float32": magnitude,
        "float64": magnitude.astype(np.float64),
    }


def _grid(shape: tuple[int, ...]) -> Array:
    markers = np.zeros(shape, np.int32)
    points = markers[tuple(slice(STEP // 2, None, STEP) for _ in shape)]
    points[...] = np.arange(1, points.size + 1).reshape(points.shape)
    return markers


def _volume(side: int) -> Array:
    """Levels of smooth noise, 0 to 255."""
    noise = np.random.default_rng(0).random((side,) * 3, np.float32)
    for axis in range(3):
        planes = np.moveaxis(noise, axis, 0)
        flat = np.ascontiguousarray(planes.reshape(side, -1).T)
        noise = np.moveaxis(imgproc.gaussian_blur(flat, (0.0, 3.0)).T.reshape(planes.shape), 0, axis)
    noise -= noise.min()
    return np.ascontiguousarray(noise * (255 / noise.max()))


def alike(share: float) -> Callable[[Any, Any], None]:
    """Equal but for pixels that markers of one level have an equal right to, which its heap gives to either."""

    def rule(ours: Array, rival: Array) -> None:
        differ = float((ours != rival).mean())
        assert differ <= share, f"{differ:.3%} of the labels differ, at most {share:.3%} expected"

    return rule


def _case(name: str, size: str, relief: Array, markers: Array | None, **arguments: Any) -> Case:
    lines = arguments.get("lines", False)
    theirs = {"watershed_line" if key == "lines" else key: value for key, value in arguments.items()}
    rivals: dict[str, Callable[[], Any]] = {}
    if skimage is not None:
        from skimage.segmentation import watershed

        rivals[SKIMAGE] = lambda: watershed(relief, markers, **theirs)
    # Lines are drawn by another rule.
    share = 0.2 if lines else 0.05 if markers is None else 0.005
    return Case(
        name,
        size,
        relief.size,
        lambda: imgproc.watershed(relief, markers, **arguments),
        rivals,
        alike(0.0 if "compactness" in arguments else share),
        relief.nbytes + 4 * relief.size,
    )


def _lines(size: str, relief: Array, markers: Array) -> Case:
    """What lines cost: ours with them against ours without."""

    def same(ours: Array, plain: Array) -> None:
        np.testing.assert_array_equal(ours[ours > 0], plain[ours > 0])

    return Case(
        "watershed uint8, lines against none",
        size,
        relief.size,
        lambda: imgproc.watershed(relief, markers, lines=True),
        {"imgproc without lines": lambda: imgproc.watershed(relief, markers)},
        same,
        5 * relief.size,
    )


def _against_opencv(size: str, relief: Array, markers: Array) -> Case:
    """It floods by differences of colour between neighbours and always draws lines: another result for the same use."""
    colour = np.repeat(relief[..., None], 3, axis=2)

    def akin(ours: Array, rival: Array) -> None:
        inside = (ours > 0) & (rival > 0)
        same = float((ours == rival)[inside].mean())
        assert inside.mean() > 0.7 and same > 0.45, f"{same:.0%} of the labels are the same"

    return Case(
        "watershed uint8, lines, as gray of 3 channels",
        size,
        relief.size,
        lambda: imgproc.watershed(relief, markers, lines=True),
        {OPENCV: lambda: cv2.watershed(colour, markers.copy())},
        akin,
        5 * relief.size,
    )

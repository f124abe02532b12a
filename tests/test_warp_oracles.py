"""Sampling at positions against SciPy and OpenCV."""

from __future__ import annotations

import numpy as np
import pytest

import imgproc

SCIPY_MODES = {
    "reflect": "mirror",
    "symmetric": "reflect",
    "edge": "nearest",
    "wrap": "grid-wrap",
    "constant": "grid-constant",
}


@pytest.mark.parametrize("border", SCIPY_MODES)
def test_map_coordinates(level: str, border: str, rng: np.random.Generator) -> None:
    """SciPy in float64: the stated bounds."""
    ndimage = pytest.importorskip("scipy.ndimage")
    places = rng.uniform(-30, 60, (40, 61, 2)).astype(np.float32)
    for dtype, scale, bound in ((np.uint8, 255, 0.5001), (np.uint16, 65535, 0.52), (np.float32, 1, 2**-22)):
        image = (rng.random((23, 31)) * scale).astype(dtype)
        expected = ndimage.map_coordinates(
            image.astype(np.float64),
            np.moveaxis(places.astype(np.float64), -1, 0),
            order=1,
            mode=SCIPY_MODES[border],
            cval=1,
        )
        result = imgproc.warp_backward(image, places, border=border, fill=1)
        assert np.abs(result - expected).max() <= bound


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_remap(level: str, dtype: type, rng: np.random.Generator) -> None:
    """OpenCV 4 cuts fractions to 1/32 of a pixel: exact where coordinates are multiples of that, but for halves, which
    its 15-bit products round up. Elsewhere its error is up to 1/64 pixel along either axis, 1/32 of the range."""
    cv2 = pytest.importorskip("cv2")
    words = {
        "reflect": cv2.BORDER_REFLECT_101,
        "symmetric": cv2.BORDER_REFLECT,
        "edge": cv2.BORDER_REPLICATE,
        "wrap": cv2.BORDER_WRAP,
        "constant": cv2.BORDER_CONSTANT,
    }
    scale = 1.0 if dtype == np.float32 else float(np.iinfo(dtype).max)
    rounding = 2**-20 if dtype == np.float32 else 1
    for channels in ((), (3,), (4,)):
        image = (rng.random((33, 47, *channels)) * scale).astype(dtype)
        free = rng.uniform(-20, 60, (50, 71, 2)).astype(np.float32)
        for places, bound in ((np.rint(free * 32) / 32, rounding), (free, scale / 32 + rounding)):
            places = places.astype(np.float32)
            for border, word in words.items():
                expected = cv2.remap(
                    image,
                    np.ascontiguousarray(places[..., 1]),
                    np.ascontiguousarray(places[..., 0]),
                    cv2.INTER_LINEAR,
                    borderMode=word,
                )
                result = imgproc.warp_backward(image, places, border=border)
                assert np.abs(result.astype(np.float64) - expected).max() <= bound, border

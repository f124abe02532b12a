"""Inputs of models against OpenCV's blobs and Pillow's images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imgproc.neural import Preprocess, preset

CODES = {"pillow_lanczos": 1, "pillow": 2, "pillow_bicubic": 3, "pillow_box": 4, "pillow_hamming": 5}
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def pairs(
    rng: np.random.Generator, count: int, longest: int
) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    lengths = rng.integers(1, longest, (count, 4)).tolist()
    return [((a, b), (c, d)) for a, b, c, d in lengths]


@pytest.mark.parametrize("resample", list(CODES))
def test_filters_are_pillows(level: str, resample: str, rng: np.random.Generator) -> None:
    """Bit for bit. Before 13 Pillow always went along x first, which is another rule where we go along y first."""
    pillow = pytest.importorskip("PIL.Image")
    import PIL

    older = int(PIL.__version__.split(".")[0]) < 13
    for (height, width), after in [*pairs(rng, 60, 150), *pairs(rng, 3, 900), ((480, 640), (224, 299))]:
        if older and height - after[0] > 2 * max(width - after[1], 0):
            continue
        for channels in ((), (3,)):
            image = rng.integers(0, 256, (height, width, *channels), np.uint8)
            expected = np.asarray(pillow.fromarray(image).resize(after[::-1], CODES[resample]))
            batch, _ = Preprocess(after, resample=resample, scale=1, dtype="uint8", layout="nhwc")(image)
            found = batch[0] if channels else batch[0, ..., 0]
            np.testing.assert_array_equal(found, expected, err_msg=f"{height}x{width} to {after}")


@pytest.mark.parametrize("dtype", [np.float32, np.uint16])
def test_filters_of_wider_samples_are_pillows(level: str, dtype: Any, rng: np.random.Generator) -> None:
    """Pillow's modes F and I;16, gray alone."""
    pillow = pytest.importorskip("PIL.Image")
    for before, after in [((40, 50), (31, 20)), ((9, 8), (20, 33)), ((60, 61), (30, 61))]:
        image = (
            rng.random(before, np.float32)
            if dtype == np.float32
            else rng.integers(0, 65536, before, np.uint16)
        )
        for name in ("pillow", "pillow_bicubic"):
            expected = np.asarray(pillow.fromarray(image).resize(after[::-1], CODES[name])).astype(np.float64)
            batch, _ = Preprocess(after, resample=name, scale=1, input_order="gray")(image)
            found = batch[0, 0] * np.float64(257 if dtype == np.uint16 else 1 / 255)
            # Pillow's 16 bits cut each byte on its own where a sum goes beyond them, so that 65540 becomes 65284.
            inside = (expected > 500) & (expected < 65000) if dtype == np.uint16 else np.ones(after, bool)
            tolerance = 0.01 if dtype == np.uint16 else 2e-7
            np.testing.assert_allclose(found[inside], expected[inside], atol=tolerance, rtol=0)


def blob(cv2: Any, image: np.ndarray, size: tuple[int, int] | None = None, **parameters: Any) -> np.ndarray:
    found = cv2.dnn.Image2BlobParams()
    found.swapRB, found.ddepth, found.datalayout = True, cv2.CV_32F, getattr(cv2.dnn, "DNN_LAYOUT_NCHW", 2)
    if hasattr(cv2, "DATA_LAYOUT_NCHW"):  # OpenCV 5
        found.datalayout = cv2.DATA_LAYOUT_NCHW
    if size is not None:
        found.size = size[::-1]
    for name, value in parameters.items():
        setattr(found, name, value)
    return cv2.dnn.blobFromImageWithParams(image, found)


def test_normalised_is_opencvs_blob(level: str, rng: np.random.Generator) -> None:
    """OpenCV's constants are float64 on the way, so that the last digit may be another."""
    cv2 = pytest.importorskip("cv2")
    image = rng.integers(0, 256, (37, 53, 3), np.uint8)
    factor, mean = tuple(1 / 255 / std for std in STD), tuple(255 * mean for mean in MEAN)
    expected = blob(cv2, image, scalefactor=(*factor, 1.0), mean=(*mean, 0.0))
    batch, _ = Preprocess(policy="pad_multiple", mean=MEAN, std=STD, image_order="bgr")(image)
    np.testing.assert_allclose(batch, expected, atol=5e-7)


def test_letterboxed_is_opencvs_blob(level: str, rng: np.random.Generator) -> None:
    """Bit for bit, padding included, where OpenCV's float32 product has the same whole part as ours in float64."""
    cv2 = pytest.importorskip("cv2")
    compared = 0
    for before, after in [*pairs(rng, 60, 120), ((108, 192), (64, 64)), ((64, 48), (64, 64))]:
        factor = min(
            np.float32(after[1]) / np.float32(before[1]), np.float32(after[0]) / np.float32(before[0])
        )
        size = [int(np.float32(length) * factor) for length in before]
        made = Preprocess(after, policy="letterbox", rounding="down", scale=1, pad=114, image_order="bgr")
        (geometry,) = made.geometries([before])
        if min(size) < 1 or any(
            round(s * n) != m for s, n, m in zip(geometry.scale, before, size, strict=True)
        ):
            continue
        image = rng.integers(0, 256, (*before, 3), np.uint8)
        parameters = {"paddingmode": cv2.dnn.DNN_PMODE_LETTERBOX, "borderValue": (114, 114, 114, 0)}
        np.testing.assert_array_equal(
            made(image)[0], blob(cv2, image, after, **parameters), err_msg=f"{before} {after}"
        )
        compared += 1
    assert compared > 40


def test_stretched_is_opencvs_resize(level: str, rng: np.random.Generator) -> None:
    cv2 = pytest.importorskip("cv2")
    for before, after in [*pairs(rng, 60, 120), ((64, 96), (32, 48))]:
        image = rng.integers(0, 256, (*before, 3), np.uint8)
        expected = cv2.resize(image, after[::-1], interpolation=cv2.INTER_LINEAR)
        batch, _ = Preprocess(after, scale=1)(image)
        np.testing.assert_array_equal(batch[0].transpose(1, 2, 0), expected)


def test_photographs(data: Any) -> None:
    """A whole photograph, as a detector and as a classifier take it."""
    pillow = pytest.importorskip("PIL.Image")
    cv2 = pytest.importorskip("cv2")
    file = sorted((data / "photos_kodak").rglob("*.png"))[0]
    opened = pillow.open(file).convert("RGB")
    image = np.asarray(opened)
    made = Preprocess(640, policy="letterbox", rounding="down", pad=114, image_order="bgr")
    parameters = {
        "paddingmode": cv2.dnn.DNN_PMODE_LETTERBOX,
        "borderValue": (114,) * 3,
        "scalefactor": (1 / 255,) * 4,
    }
    expected = blob(cv2, cv2.imread(str(file)), (640, 640), **parameters)
    np.testing.assert_allclose(made(image[..., ::-1])[0], expected, atol=1e-7)
    short = min(opened.size)
    size = [256 if length == short else int(256 * length / short) for length in opened.size]
    left, top = (round((length - 224) / 2) for length in size)
    cut = np.asarray(opened.resize(size, 2).crop((left, top, left + 224, top + 224)))
    expected = (cut / 255 - MEAN) / STD
    made = Preprocess(224, policy="crop", resize=256, resample="pillow", mean=MEAN, std=STD, layout="nhwc")
    np.testing.assert_allclose(made(image)[0][0], expected, atol=2e-6)


def test_inputs_are_torchvisions(level: str) -> None:
    """What `goldens/torchvision_inputs.py` kept; its resampling weights are float32 from the start."""
    with np.load(Path(__file__).parent / "goldens" / "torchvision_inputs.npz") as kept:
        images = [kept["image0"], kept["image1"]]
        batch, geometries = preset("torchvision_detection", size=30, longest=48)(images)
        np.testing.assert_allclose(batch, kept["rcnn"], atol=2e-5)
        assert [geometry.content() for geometry in geometries] == [(0, 0, 40, 30), (0, 0, 25, 48)]
        # Its fixed size is (width, height).
        np.testing.assert_allclose(preset("ssd300", size=(24, 40))(images)[0], kept["ssd"], atol=2e-5 * 255)
        batch, _ = preset("imagenet", size=21, resize=28)(images)
        np.testing.assert_allclose(batch, kept["classifier"], atol=1e-6)

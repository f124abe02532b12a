"""RoIAlign, RoIPool, the levels of pyramids and crops: against slow twins, goldens of torchvision, laws."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from array_layouts import unaligned
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import neural_roi as reference

import imgproc
from imgproc.neural import crop_and_resize, multiscale_roi_align, roi_align, roi_levels, roi_pool

GOLDENS = Path(__file__).parent / "goldens" / "torchvision_roi.npz"
CASES = (
    (7, 1.0, 2, True),
    (7, 0.5, 0, True),
    ((3, 5), 0.25, 0, False),
    (2, 1.3, 3, False),
    ((1, 4), 1.0, 1, True),
)

# Sums of products in another order, in float32: some units in the last place of the largest value, here 127.
CLOSE = {"rtol": 0, "atol": 127 * 2e-6}


def regions(rng: np.random.Generator, count: int, height: int, width: int) -> Any:
    middle = rng.uniform((-3, -3), (width + 3, height + 3), (count, 2))
    half = np.exp(rng.normal(1, 0.8, (count, 2))) * (rng.random((count, 1)) < 0.9)
    return np.concatenate([middle - half, middle + half], 1).astype(np.float32)


@pytest.fixture(scope="module")
def golden() -> Any:
    with np.load(GOLDENS) as file:
        return dict(file)


@pytest.mark.parametrize("channels", [1, 3, 15, 16, 17, 33])
@pytest.mark.parametrize("aligned", [True, False])
def test_align_equals_twin(
    channels: int, aligned: bool, level: str, threads: int, rng: np.random.Generator
) -> None:
    """Few boxes, that are read from the planes, and many, for which the map is turned to blocks."""
    features = rng.standard_normal((2, channels, 6, 9), np.float32)
    for count, ratio, size in ((2, 2, (2, 3)), (9, 0, (3, 1)), (1, 0, (1, 1))):
        boxes = [regions(rng, count, 6, 9), regions(rng, count - 1, 6, 9)]
        found = roi_align(features, boxes, size, spatial_scale=0.75, sampling_ratio=ratio, aligned=aligned)
        assert found.shape == (2 * count - 1, channels, *size) and found.dtype == np.float32
        where = [(image, box) for image, part in enumerate(boxes) for box in part]
        for row, (image, box) in enumerate(where):
            for channel in {0, channels - 1}:
                twin = reference.roi_align(features[image, channel], box, size, 0.75, ratio, aligned)
                np.testing.assert_allclose(found[row, channel], twin, rtol=0, atol=4e-6)


@pytest.mark.parametrize("channels", [1, 3, 15, 16, 17, 33])
def test_pool_equals_twin(channels: int, level: str, threads: int, rng: np.random.Generator) -> None:
    """Small integers, so that many pixels of a bin are the greatest, and some NaN."""
    features = rng.integers(-3, 4, (2, channels, 6, 9)).astype(np.float32)
    features[rng.random(features.shape) < 0.05] = np.nan
    features[1, :, :4] = np.where(rng.random((4, 9)) < 0.5, -np.inf, np.nan)
    for count, size in ((2, (2, 3)), (9, (3, 1))):
        boxes = [regions(rng, count, 6, 9), regions(rng, count - 1, 6, 9)]
        found, places = roi_pool(features, boxes, size, spatial_scale=0.75, return_argmax=True)
        assert places.dtype == np.int32
        np.testing.assert_array_equal(roi_pool(features, boxes, size, spatial_scale=0.75), found)
        where = [(image, box) for image, part in enumerate(boxes) for box in part]
        for row, (image, box) in enumerate(where):
            for channel in {0, channels // 2, channels - 1}:
                twin, at = reference.roi_pool(features[image, channel], box, size, 0.75)
                np.testing.assert_array_equal(found[row, channel], twin)
                np.testing.assert_array_equal(places[row, channel], at)


@pytest.mark.parametrize("number", range(len(CASES)))
def test_torchvision(number: int, golden: Any, level: str) -> None:
    size, scale, ratio, aligned = CASES[number]
    features, rows = golden["features"].astype(np.float32), golden["rows"]
    found = roi_align(features, rows, size, spatial_scale=scale, sampling_ratio=ratio, aligned=aligned)
    np.testing.assert_allclose(found, golden[f"aligned_{number}"], **CLOSE)
    values, places = roi_pool(features, rows, size, spatial_scale=scale, return_argmax=True)
    np.testing.assert_array_equal(values, golden[f"pooled_{number}"])
    np.testing.assert_array_equal(places, golden[f"places_{number}"])


def test_torchvision_pyramid(golden: Any, level: str) -> None:
    """Squares on the borders between levels among them."""
    levels = [golden[f"level_{k}"].astype(np.float32) for k in range(4)]
    boxes = golden["corners"]
    np.testing.assert_array_equal(roi_levels(boxes, lowest=2, highest=5), golden["levels"])
    assert set(golden["levels"]) == {2, 3, 4, 5}
    found = multiscale_roi_align(levels, [boxes], 7, strides=(4, 8, 16, 32), aligned=False)
    np.testing.assert_allclose(found, golden["pyramid"], **CLOSE)


@pytest.mark.parametrize("form", ["aligned", "legacy"])
def test_onnxruntime(form: str, data: Path) -> None:
    file = data / "metrics_nms_roialign" / "roialign_onnxruntime.npz"
    if not file.is_file():
        pytest.skip("this data set is not on this machine")
    with np.load(file) as case:
        rows = np.concatenate([case["batch"][:, None].astype(np.float32), case["rois"]], 1)
        for ratio in range(4):
            found = roi_align(
                case["x"], rows, (5, 7), spatial_scale=0.75, sampling_ratio=ratio, aligned=form == "aligned"
            )
            np.testing.assert_allclose(found, case[f"out_{form}_sr{ratio}"], rtol=0, atol=5e-6)


def test_onnx_conformance(data: Path) -> None:
    file = data / "metrics_nms_roialign" / "onnx" / "test_roialign_aligned_false.json"
    if not file.is_file():
        pytest.skip("this data set is not on this machine")
    case = json.loads(file.read_text())
    features = np.array(case["inputs"]["X"], np.float32)
    rows = np.column_stack([case["inputs"]["batch_indices"], case["inputs"]["rois"]]).astype(np.float32)
    found = roi_align(features, rows, 5, sampling_ratio=2, aligned=False)
    np.testing.assert_allclose(found, np.array(next(iter(case["outputs"].values()))), rtol=0, atol=1e-4)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 3), st.booleans())
def test_a_ramp_gives_the_middles_of_bins(seed: int, ratio: int, aligned: bool) -> None:
    """Bilinear samples of a linear map are exact, and their mean is the value in the middle of the bin."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:20, :30].astype(np.float32)
    corners = np.sort(rng.uniform((2, 2), (28, 18), (2, 2)), axis=0).reshape(1, 4)
    corners[:, 2:] = np.maximum(corners[:, 2:], corners[:, :2] + 1)
    found = roi_align(
        np.stack([x, y])[None], [np.minimum(corners, 18)], 3, sampling_ratio=ratio, aligned=aligned
    )
    x1, y1, x2, y2 = np.minimum(corners, 18)[0].astype(np.float32) - np.float32(0.5 * aligned)
    wide, tall = max(x2 - x1, 1 - aligned), max(y2 - y1, 1 - aligned)
    middles = (np.arange(3) + 0.5) / 3
    if min(wide, tall) > 0:
        np.testing.assert_allclose(found[0, 0], np.tile(x1 + wide * middles, (3, 1)), atol=2e-4)
        np.testing.assert_allclose(found[0, 1], np.tile(y1 + tall * middles, (3, 1)).T, atol=2e-4)


def test_order_layout_and_levels_do_not_matter(rng: np.random.Generator) -> None:
    """A box gives the same bits alone and among others, on each instruction set, from any layout of memory."""
    features = rng.standard_normal((3, 20, 8, 12), np.float32)
    rows = np.concatenate([rng.integers(0, 3, (30, 1)), regions(rng, 30, 8, 12)], 1)
    before = imgproc.get_cpu_level()
    whole, pooled = roi_align(features, rows, 3), roi_pool(features, rows, 3)
    try:
        for one in imgproc.cpu_levels():
            imgproc.set_cpu_level(one)
            np.testing.assert_array_equal(roi_align(features, rows, 3), whole)
            np.testing.assert_array_equal(roi_pool(features, rows, 3), pooled)
    finally:
        imgproc.set_cpu_level(before)
    for row in (0, 7):
        np.testing.assert_array_equal(roi_align(features, rows[[row]], 3)[0], whole[row])
        np.testing.assert_array_equal(roi_pool(features, rows[[row]], 3)[0], pooled[row])
    strided = np.zeros((3, 8, 12, 20), np.float32).transpose(0, 3, 1, 2)
    strided[...] = features
    frozen = unaligned(features)
    frozen.flags.writeable = False
    for other in (strided, features[:, :, ::-1][:, :, ::-1], frozen):
        np.testing.assert_array_equal(roi_align(other, rows[::-1][::-1], 3), whole)
    parts = [rows[rows[:, 0] == image, 1:] for image in range(3)]
    order = np.argsort(rows[:, 0], kind="stable")
    np.testing.assert_array_equal(roi_align(features, parts, 3), whole[order])


def test_what_is_not_finite_stays_where_it_counts(level: str) -> None:
    features = np.ones((1, 16, 6, 6), np.float32)
    features[0, :, 2, 2] = np.nan
    features[0, 5] = np.inf
    found = roi_align(features, [np.array([[0.0, 0, 6, 6]])], 3, sampling_ratio=2)[0]
    assert np.isnan(found[0]).sum() == 1 and np.isnan(found[0, 1, 1])
    assert np.isinf(found[5]).all()
    outside = roi_align(features, [np.array([[90.0, 90, 96, 96]])], 3)
    assert (outside == 0).all()


def test_nothing_and_extremes(level: str, rng: np.random.Generator) -> None:
    features = rng.standard_normal((2, 5, 4, 4), np.float32)
    none = np.zeros((0, 4), np.float32)
    assert roi_align(features, [none, none], 7).shape == (0, 5, 7, 7)
    assert roi_pool(features, [none, none], (2, 3)).shape == (0, 5, 2, 3)
    assert roi_align(features, np.zeros((0, 5)), 1).shape == (0, 5, 1, 1)
    assert roi_align(features[:0], [], 1).shape == (0, 5, 1, 1)
    assert multiscale_roi_align([features], [none, none], 7, strides=[8]).shape == (0, 5, 7, 7)
    values, places = roi_pool(features, [none, none], 2, return_argmax=True)
    assert values.shape == places.shape == (0, 5, 2, 2)
    huge = np.array([[-(2.0**23), -(2.0**23), 2.0**23, 2.0**23]])
    for ratio in (0, 1, 256):  # at once, whatever the number of samples
        assert np.isfinite(roi_align(features, [huge, none], 2, sampling_ratio=ratio)).all()
    np.testing.assert_array_equal(
        roi_pool(features, [huge, none], 1)[0, :, 0, 0], features[0].max(axis=(1, 2))
    )
    flat = np.array([[1.5, 1.5, 1.5, 1.5]])
    assert (roi_align(features, [flat, none], 2) == 0).all()  # no samples, as torchvision has it
    np.testing.assert_allclose(
        roi_align(features, [flat, none], 2, sampling_ratio=1)[0, :, 0, 0], features[0, :, 1, 1]
    )


def test_levels_equal_twin(rng: np.random.Generator) -> None:
    boxes = np.concatenate([np.zeros((200, 2)), np.exp(rng.uniform(0, 8, (200, 2)))], 1).astype(np.float32)
    boxes[0] = 0
    found = roi_levels(boxes, lowest=3, highest=6, canonical_size=100, canonical_level=5)
    assert found.tolist() == [reference.level(box, 3, 6, 100, 5) for box in boxes.astype(float).tolist()]


def test_crops(rng: np.random.Generator) -> None:
    image = rng.integers(0, 256, (40, 50, 3), np.uint8)
    boxes = np.array([[3.0, 4, 23, 34], [2.2, 3.9, 9.5, 7], [10, 10, 10, 10]])
    found = crop_and_resize(image, boxes, (12, 10))
    assert found.shape == (3, 12, 10, 3)
    np.testing.assert_array_equal(found[0], imgproc.resize(image[4:34, 3:23], (12, 10)))
    np.testing.assert_array_equal(found[1], imgproc.resize(image[3:7, 2:10], (12, 10)))
    np.testing.assert_array_equal(found[2], np.broadcast_to(image[10, 10], (12, 10, 3)))
    area = crop_and_resize(image, boxes[:1], (6, 5), method="area")[0]
    np.testing.assert_array_equal(area, imgproc.resize(image[4:34, 3:23], (6, 5), method="area"))
    # Half of the box is outside, and so is half of the crop; the context shows what lies around.
    beyond = crop_and_resize(image, np.array([[-10.0, 0, 10, 20]]), (8, 8), fill=7)[0]
    assert (beyond[:, :4] == 7).all()
    np.testing.assert_array_equal(beyond[:, 4:], imgproc.resize(image[:20, :10], (8, 4)))
    around = crop_and_resize(image, np.array([[10.0, 10, 16, 16]]), (10, 10), context=2)[0]
    np.testing.assert_array_equal(around, imgproc.resize(image[8:18, 8:18], (10, 10)))
    assert crop_and_resize(image[..., 0], np.zeros((0, 4)), (5, 6)).shape == (0, 5, 6)
    outside = crop_and_resize(image.astype(np.float32), np.array([[90.0, 0, 99, 9]]), (2, 2), fill=0.5)
    assert (outside == 0.5).all()

"""Dense and two-stage decoders against torchvision and effdet (goldens made by goldens/torchvision_heads.py and
goldens/effdet_heads.py)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from imgproc.neural import (
    Geometry,
    anchor_points,
    decode_efficientdet,
    decode_fcos,
    decode_retinanet,
    decode_roi_heads,
    decode_rpn,
    decode_ssd,
    default_boxes,
    efficientdet_anchors,
    join_levels,
    pyramid_anchors,
)
from imgproc.neural.ssd_boxes import usual_boxes

INPUT = (72, 100)
IMAGES = [Geometry((72, 100), INPUT), Geometry((51, 83), INPUT)]


@pytest.fixture(scope="module")
def golden():
    with np.load(Path(__file__).parent / "goldens" / "torchvision_heads.npz") as file:
        return dict(file)


def logits(order, low=-6, high=3):
    """Evenly spread and shuffled, as the script made them."""
    return (low + (high - low) * order.astype(np.int64) / order.size).astype(np.float32)


def check(golden, name, found, labels=True):
    """torch's float32 exponential and sigmoid are a unit or two in the last place off, and boxes are sums of such."""
    for image, one in enumerate(found):
        assert len(one) == len(golden[f"{name}_scores_{image}"])
        np.testing.assert_allclose(one.scores, golden[f"{name}_scores_{image}"], rtol=5e-7)
        np.testing.assert_allclose(one.boxes, golden[f"{name}_boxes_{image}"], rtol=1e-6, atol=5e-5)
        if labels:
            np.testing.assert_array_equal(one.labels, golden[f"{name}_labels_{image}"])


def test_retinanet(golden, level):
    heads = {
        "cls_logits": logits(golden["retinanet_logits"]),
        "bbox_regression": golden["retinanet_deltas"].astype(np.float32),
    }
    limits = {"candidates": 200, "max_output": 150}
    found = decode_retinanet(heads, IMAGES, semantics="torchvision", **limits)
    check(golden, "retinanet", found)
    half = {**heads, "bbox_regression": golden["retinanet_deltas"]}
    assert decode_retinanet(half, IMAGES, semantics="torchvision", **limits) == found
    # The paper's own anchors are of other sizes and at other places.
    assert decode_retinanet(heads, IMAGES, **limits) != found


def test_anchors_of_retinanet_are_bit_for_bit_those_of_torchvision(golden):
    anchors = np.concatenate(pyramid_anchors(INPUT, semantics="torchvision"))
    np.testing.assert_array_equal(anchors, golden["retinanet_anchors"])
    exact = np.concatenate(pyramid_anchors(INPUT))
    # 72 / 128 is one row of stride 128 there, and of 72 in torchvision; corners are whole there.
    assert exact.shape == anchors.shape and np.abs(exact - anchors).max() > 1
    rpn = pyramid_anchors(INPUT, strides=(8, 16, 32), sizes=[(16,), (32,), (64,)], semantics="torchvision")
    np.testing.assert_array_equal(np.concatenate(rpn), golden["rpn_anchors"])


def test_fcos(golden, level):
    heads = {
        "cls_logits": logits(golden["fcos_logits"], high=4),
        "bbox_ctrness": logits(golden["fcos_ctrness"]),
        "bbox_regression": golden["fcos_sides"].astype(np.float32),
    }
    limits = {"candidates": 50, "max_output": 60}
    check(golden, "fcos", decode_fcos(heads, IMAGES, semantics="torchvision", **limits))
    points, scales = anchor_points(INPUT, semantics="torchvision")
    assert points[:2].tolist() == [[0, 0], [7, 0]] and scales[0] == 8  # 100 // 13 for 8
    assert anchor_points(INPUT)[0][:2].tolist() == [[4, 4], [12, 4]]


def test_default_boxes_are_bit_for_bit_those_of_torchvision(golden):
    np.testing.assert_array_equal(default_boxes()[::17], golden["ssd300_boxes"])
    np.testing.assert_array_equal(usual_boxes("", (300, 300))[::17], golden["ssd300_boxes"])
    np.testing.assert_array_equal(usual_boxes("", (320, 320))[::17], golden["ssdlite_boxes"])
    assert len(usual_boxes("", (512, 512))) == 24564
    own = default_boxes(
        INPUT, grids=[(5, 7), (3, 4)], scales=(0.2, 0.45, 0.9), ratios=[(2,), (2, 3)], steps=None
    )
    np.testing.assert_array_equal(own, golden["ssd_anchors"])


def test_ssd(golden, level):
    heads = {
        "cls_logits": logits(golden["ssd_logits"], low=-3),
        "bbox_regression": golden["ssd_deltas"].astype(np.float32),
    }
    limits = {"candidates": 40, "max_output": 50, "anchors": golden["ssd_anchors"]}
    check(golden, "ssd", decode_ssd(heads, IMAGES, semantics="torchvision", **limits))


def test_two_stages(golden, level):
    heads = {
        "objectness": logits(golden["rpn_logits"]),
        "bbox_regression": golden["rpn_deltas"].astype(np.float32),
    }
    anchors = pyramid_anchors(
        INPUT, strides=(8, 16, 32), sizes=[(16,), (32,), (64,)], semantics="torchvision"
    )
    found = decode_rpn(heads, IMAGES, anchors=anchors, candidates=100, max_output=60)
    check(golden, "rpn", found, labels=False)
    heads = {
        "class_logits": logits(golden["roi_logits"], low=-2),
        "box_regression": golden["roi_deltas"].astype(np.float32),
    }
    some = [golden["rpn_boxes_0"][:30], golden["rpn_boxes_1"][:20]]
    check(golden, "roi", decode_roi_heads(heads, some, IMAGES, max_output=40))


@pytest.mark.parametrize("word", ["hard", "soft"])
def test_efficientdet(word, level):
    """effdet counts classes from 1. Its soft suppression moves classes apart by an offset, which costs digits."""
    with np.load(Path(__file__).parent / "goldens" / "effdet_heads.npz") as file:
        theirs = dict(file)
    np.testing.assert_allclose(
        efficientdet_anchors((128, 128))[::7, [1, 0, 3, 2]], theirs["anchors"], atol=1e-4
    )
    numbers, moves = logits(theirs["order"]), theirs["deltas"].astype(np.float32)
    maps = {3: [], 4: []}
    for columns, flat in ((3, numbers), (4, moves)):
        start = 0
        for side in (16, 8, 4, 2, 1):
            count = 9 * columns * side * side
            maps[columns].append(flat[start : start + count].reshape(1, 9 * columns, side, side))
            start += count
    heads = {"cls_logits": join_levels(maps[3], 3), "bbox_regression": join_levels(maps[4], 4)}
    method = "hard" if word == "hard" else "gaussian"
    found = decode_efficientdet(
        heads, Geometry((128, 128), (128, 128)), candidates=400, method=method, max_output=60
    )[0]
    rows = theirs[word]
    assert len(found) == len(rows) == 60
    np.testing.assert_allclose(found.scores, rows[:, 4], rtol=1e-4)
    np.testing.assert_allclose(found.boxes, rows[:, :4], rtol=1e-5, atol=1e-3)
    np.testing.assert_array_equal(found.labels, rows[:, 5] - 1)

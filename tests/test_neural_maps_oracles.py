"""Label maps, depth and unpooling against torch, and small SegNet, DeconvNet and Monodepth from image to map."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest

from imgproc import depth_from_disparity, warp_backward
from imgproc.neural import (
    Geometry,
    decode_depth,
    decode_monodepth,
    decode_semantic,
    label_map,
    left_right_difference,
    max_pool_indices,
    max_unpool,
)

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch is not installed")
functional = torch.nn.functional
torch.set_num_threads(1)

SIZES = [
    (1, (3, 4), (9, 9)),
    (2, (8, 8), (64, 97)),
    (19, (16, 16), (135, 240)),
    (21, (33, 33), (65, 31)),
    (60, (32, 32), (200, 300)),
    (5, (7, 1), (3, 1)),
    (3, (1, 1), (40, 100)),
    (19, (40, 64), (20, 32)),
    (7, (5, 200), (11, 400)),
]


@pytest.mark.parametrize("count, samples, shape", SIZES)
@pytest.mark.parametrize("align_corners", [False, True])
def test_label_maps_are_those_of_torch_but_for_ties(
    count: int, samples: tuple[int, int], shape: tuple[int, int], align_corners: bool, level: str
) -> None:
    """torch fuses products and sums: where the two largest lie within 1e-5 of each other, either may be larger."""
    rng = np.random.default_rng(count)
    # Steps of 2**-6 make many exact ties, which the first class wins in both.
    for logits in (rng.normal(size=(count, *samples)), rng.integers(-64, 64, (count, *samples)) / 64):
        logits = logits.astype(np.float32)
        maps = functional.interpolate(
            torch.from_numpy(logits)[None], size=shape, mode="bilinear", align_corners=align_corners
        )[0]
        two = maps.topk(min(2, count), dim=0).values.numpy()
        labels, margins = label_map(logits, shape, align_corners=align_corners, score="margin")
        differ = labels != maps.argmax(0).numpy()
        assert differ.mean() < 1e-2
        assert (two[0] - two[-1])[differ].max(initial=0) < 1e-5
        if count > 1:
            np.testing.assert_allclose(margins, two[0] - two[-1], atol=2e-5)
        shares = label_map(logits, shape, align_corners=align_corners, score="probability")[1]
        np.testing.assert_allclose(shares, maps.softmax(0).max(0).values.numpy(), rtol=2e-5)


@pytest.mark.parametrize("shape", [(64, 97), (5, 7), (12, 12)])
def test_depth_is_that_of_torch(shape: tuple[int, int]) -> None:
    predicted = np.random.default_rng(1).normal(size=(1, 12, 12)).astype(np.float32)
    geometry = Geometry.stretched(shape, (24, 24))
    for resample in ("bicubic", "bilinear"):
        expected = functional.interpolate(
            torch.from_numpy(predicted)[None], size=shape, mode=resample, align_corners=False
        )[0, 0]
        for semantics in ("paper", "transformers"):
            found = decode_depth(
                {"depth": predicted}, geometry, unit="relative", resample=resample, semantics=semantics
            )
            np.testing.assert_allclose(found[0].depth, expected.numpy(), atol=1e-5)


def test_zoedepth_padding_is_undone() -> None:
    """What its post-processing does with ``source_sizes``: resize to the padded image, cut the padding off, average."""
    shape = (50, 80)
    pad = [int(np.sqrt(side / 2) * 3) for side in shape]
    own, mirrored = np.random.default_rng(2).uniform(1, 5, (2, 1, 24, 32)).astype(np.float32)
    mean = torch.from_numpy((own + mirrored[..., ::-1]) / 2)[None]
    padded = [side + 2 * more for side, more in zip(shape, pad, strict=True)]
    large = functional.interpolate(mean, size=padded, mode="bicubic", align_corners=False)[0, 0]
    expected = large[pad[0] : -pad[0], pad[1] : -pad[1]].numpy()
    scale = (24 / padded[0], 32 / padded[1])
    geometry = Geometry(shape, (24, 32), scale, (scale[0] * pad[0], scale[1] * pad[1]))
    found = decode_depth({"depth": own}, geometry, flipped={"depth": mirrored})[0]
    np.testing.assert_allclose(found.depth, expected, atol=2e-5)


@pytest.mark.parametrize("size", [2, 3])
def test_pooling_is_that_of_torch(size: int) -> None:
    maps = np.random.default_rng(3).integers(0, 5, (2, 3, 11, 13)).astype(np.float32)  # with ties
    maxima, places = max_pool_indices(maps, size)
    theirs, where = functional.max_pool2d(torch.from_numpy(maps), size, return_indices=True)
    np.testing.assert_array_equal(maxima, theirs.numpy())
    np.testing.assert_array_equal(places, where.numpy())
    back = functional.max_unpool2d(theirs, where, size, output_size=(11, 13))
    np.testing.assert_array_equal(max_unpool(maxima, places, (11, 13)), back.numpy())


def run(net: Any, *images: Any) -> dict[str, Any]:
    with torch.no_grad():
        return {name: array.numpy() for name, array in net.eval()(*images).items()}


@pytest.mark.parametrize("family, name", [("segnet", "SegNet"), ("deconvnet", "DeconvNet")])
def test_from_image_to_labels(family: str, name: str) -> None:
    torch.manual_seed(4)
    net = getattr(import_module(f"reference_nets.{family}"), name)()
    images = torch.rand(2, 3, 32, 32)
    outputs = run(net, images)
    # Random weights prefer one class everywhere.
    logits = outputs["logits"]
    outputs["logits"] = (logits - logits.mean((2, 3), keepdims=True)) / logits.std((2, 3), keepdims=True)
    geometry = Geometry((20, 40), (32, 32), (0.8, 0.8), (8.0, 0.0))
    for labels, logits in zip(decode_semantic(outputs, geometry), outputs["logits"], strict=True):
        # The letterbox is cut out and stretched by torch: an even scale, and rows that lie on the input's.
        cut = torch.from_numpy(logits)[None, :, 8:24]
        theirs = functional.interpolate(cut, size=(20, 40), mode="bilinear", align_corners=False)[0].argmax(0)
        # At the cut, rows of the padding have a part in ours.
        assert (labels[1:-1] == theirs.numpy()[1:-1]).mean() > 0.999
        assert len(np.unique(labels)) > 1
    if family == "segnet":
        maxima, places = max_pool_indices(outputs["features"])
        np.testing.assert_array_equal(maxima, outputs["maxima"])
        np.testing.assert_array_equal(places, outputs["places"])


def test_from_image_to_depth() -> None:
    from reference_nets.monodepth import LIMIT, Monodepth, rebuilt

    torch.manual_seed(5)
    net, image = Monodepth(), torch.rand(1, 3, 32, 64)
    outputs, mirrored = run(net, image), run(net, image.flip(-1))
    shape = (48, 100)
    (found,) = decode_monodepth(outputs, Geometry.stretched(shape, (32, 64)), limit=LIMIT)
    parts = LIMIT * torch.from_numpy(outputs["disparities"]).sigmoid()
    whole = functional.interpolate(parts, size=shape, mode="bilinear", align_corners=False)
    np.testing.assert_allclose(found.depth, 100 * whole[0, 0].numpy(), rtol=1e-5)
    (both,) = decode_monodepth(
        outputs, Geometry.stretched(shape, (32, 64)), flipped=mirrored, baseline=0.54, focal=700
    )
    assert both.unit == "metric" and both.valid is not None and both.valid.all()
    np.testing.assert_allclose(
        np.median(both.depth), np.median(depth_from_disparity(found.depth, 0.54, 700)), rtol=0.2
    )
    # The sampler that it is trained with, and the check of both disparities.
    disparity = 64 * parts[:, :1]
    theirs = rebuilt(image, disparity)[0].permute(1, 2, 0).numpy()
    columns = np.arange(64, dtype=np.float32) - disparity[0, 0].numpy()
    rows = np.broadcast_to(np.arange(32, dtype=np.float32)[:, None], columns.shape)
    ours = warp_backward(
        np.ascontiguousarray(image[0].permute(1, 2, 0).numpy()), np.stack([rows, columns], -1), border="edge"
    )
    inside = columns >= 0
    np.testing.assert_allclose(ours[inside], theirs[inside], atol=2e-5)
    other = 64 * parts[:, 1:]
    met = (disparity - rebuilt(other, disparity)).abs()[0, 0].numpy()
    difference = left_right_difference(disparity[0, 0].numpy(), other[0, 0].numpy())
    np.testing.assert_allclose(difference[inside], met[inside], atol=1e-4)
    assert np.isnan(difference[~inside]).all()

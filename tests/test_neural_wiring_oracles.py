"""Whole detectors from pictures to results, beside what their papers say, written out in torch, box by box.

The networks are tiny and their weights random. What they are fed is compared with torch's own resizing; the same input
then goes through the network once more, in torch, and its heads through a second decoding.
"""

from __future__ import annotations

import numpy as np
import pytest

from imgproc import selective_search, unpack_masks
from imgproc.neural import (
    Detector,
    Geometry,
    Preprocess,
    crop_and_resize,
    decode_keypoint_head,
    decode_mask_head,
    decode_roi_heads,
    decode_rpn,
    decode_windows,
    default_boxes,
    join_levels,
    load,
    multiscale_roi_align,
    preset,
    pyramid_anchors,
    roi_pool,
    window_grid,
)

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="the extra neural-test is not installed")
torch.set_num_threads(1)

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SIDES = (60, 90)
FACTOR = 1.6  # of the shortest edge, 60, to 96
RCNN = {"size": 96, "longest": 160}
LEVEL = 1 / 255


def picture(height: int = SIDES[0], width: int = SIDES[1], seed: int = 8) -> np.ndarray:
    """Blocks of colour on a ramp."""
    rng = np.random.default_rng(seed)
    image = np.linspace(20, 200, width)[None, :, None] + np.zeros((height, width, 3))
    for _ in range(7):
        y, x = rng.integers(0, height - 12), rng.integers(0, width - 12)
        image[y : y + rng.integers(8, 30), x : x + rng.integers(8, 40)] = rng.integers(0, 255, 3)
    return (image + rng.normal(0, 3, image.shape)).clip(0, 255).astype(np.uint8)


def resized(image, size):
    """Levels from 0 to 1, (3, H, W)."""
    levels = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
    return torch.nn.functional.interpolate(levels, size=size, mode="bilinear")[0]


def normed(levels, mean=MEAN, std=STD):
    return (levels - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None]


def padded(levels, shape):
    """Zeros below and to the right."""
    below, right = shape[0] - levels.shape[1], shape[1] - levels.shape[2]
    return torch.nn.functional.pad(levels, (0, right, 0, below))


def run(net, batch):
    """The network once more, in torch alone."""
    with torch.no_grad():
        return net(torch.as_tensor(batch))


def fed(net, detector, image, expected, atol=1e-5):
    """The shape and the heads of what the detector feeds, which is as it should be."""
    batch, _ = detector.preprocess([image])
    np.testing.assert_allclose(batch[0], expected, rtol=1e-4, atol=atol)
    return batch.shape[2:], {name: head[0] for name, head in run(net, batch).items()}


def returned(rows, shape, scale, offset=(0.0, 0.0)):
    """Rows x1, y1, x2, y2, … of the input as such of the image; scale and offset are x, y."""
    boxes = (rows[:, :4] - torch.tensor(offset * 2)) / torch.tensor(scale * 2)
    limit = torch.tensor([shape[1], shape[0]] * 2)
    return torch.cat([torch.minimum(boxes.clamp(min=0), limit), rows[:, 4:]], 1)


def check(found, rows, atol=2e-3):
    """The same rows, as sets; which of the expected each of ours is."""
    ours, theirs = np.column_stack([found.boxes, found.scores, found.labels]), np.asarray(rows)[:, :6]
    assert ours.shape == theirs.shape
    assert len(ours) >= 5
    assert len(set(found.labels.tolist())) > 1
    np.testing.assert_allclose(ours[:, 4], theirs[:, 4], rtol=1e-4)
    apart = np.abs(ours[:, None] - theirs[None]) / ([atol] * 4 + [1e-4, 0.5])
    near = apart.max(axis=2).argmin(axis=1)
    assert sorted(near.tolist()) == list(range(len(ours)))
    assert apart[np.arange(len(ours)), near].max() <= 1
    return near


# ---- one stage


def test_fcos_from_a_picture() -> None:
    from reference_nets.dense_heads import TinyFcos

    torch.manual_seed(1)
    net = TinyFcos().eval()
    made = Detector.from_preset(net, "fcos", size=96, strides=net.strides, max_output=1000)
    shape, heads = fed(net, made, picture(), padded(normed(resized(picture(), (96, 144))), (96, 160)))
    rows = net.detect(heads, shape, (0, 0, 144, 96))
    check(made(picture()), returned(rows, SIDES, (FACTOR, FACTOR)))


def test_ssd_from_a_picture() -> None:
    from reference_nets.dense_heads import TinySsd

    torch.manual_seed(2)
    net, size = TinySsd().eval(), (64, 112)
    boxes = default_boxes(size, grids=[(8, 14), (4, 7)], scales=net.scales, ratios=net.ratios, steps=None)
    np.testing.assert_allclose(boxes, net.boxes(size), rtol=1e-5, atol=1e-4)
    made = Detector.from_preset(net, "ssd", size=size, anchors=boxes, max_output=2000)
    expected = normed(resized(picture(), size), (0.48235, 0.45882, 0.40784), (1 / 255,) * 3)
    shape, heads = fed(net, made, picture(), expected, atol=1e-3)
    check(made(picture()), returned(net.detect(heads, shape), SIDES, (112 / 90, 64 / 60)))


@pytest.mark.parametrize("method", ["gaussian", "hard"])
def test_efficientdet_from_a_picture(method: str) -> None:
    from reference_nets.dense_heads import TinyEfficientDet

    torch.manual_seed(3)
    net = TinyEfficientDet().eval()
    made = Detector.from_preset(net, "efficientdet", size=128, method=method)
    expected = padded(normed(resized(picture(), (85, 128))), (128, 128))
    shape, heads = fed(net, made, picture(), expected, atol=1.01 * LEVEL / min(STD))  # levels are whole there
    rows = net.detect(heads, shape, (0, 0, 128, 85), method == "gaussian")
    check(made(picture()), returned(rows, SIDES, (128 / 90, 85 / 60)))


def test_yolo_with_masks_from_a_picture() -> None:
    from reference_nets.dense_heads import TinyYoloMasks, mixed

    torch.manual_seed(4)
    net = TinyYoloMasks().eval()
    made = Detector.from_preset(net, "yolo-masks", size=(96, 96))
    grey = torch.full((3, 96, 96), 114 / 255)
    grey[:, 16:80] = resized(picture(), (64, 96))
    shape, heads = fed(net, made, picture(), grey, atol=1.01 * LEVEL)
    scale = (96 / 90, 64 / 60)
    rows = returned(net.detect(heads["output0"], (0, 16, 96, 80)), SIDES, scale, (0.0, 16.0))
    found = made(picture())
    rows = rows[check(found, rows)]
    places = [
        ((torch.arange(side) + 0.5) * factor + offset) / whole
        for side, factor, offset, whole in zip(SIDES, scale[::-1], (16, 0), shape, strict=True)
    ]
    sums, within = mixed(rows[:, 6:], heads["output1"], rows[:, :4], SIDES, places)
    expected, ours = ((sums > 0) & within).numpy(), unpack_masks(found.masks)
    assert 0 < expected.sum() < within.sum()
    assert not ((ours != expected) & (sums.abs() > 1e-3).numpy()).any()


# ---- two stages


def mapped(boxes, factor):
    """Boxes of the image in the input."""
    return torch.tensor(boxes) * torch.tensor([factor[0], factor[1]] * 2)


def test_mask_rcnn_from_pictures() -> None:
    """Faster R-CNN, and the heads for masks and keypoints; two pictures of different size in one batch."""
    from reference_nets.two_stage import BoxHead, FirstStage, MapHead, from_pyramid, pasted, peaks, refine

    torch.manual_seed(5)
    first, second = FirstStage().eval(), BoxHead(8 * 25).eval()
    masks, points = MapHead(4, "masks").eval(), MapHead(3, "keypoints").eval()
    images = [picture(), picture(50, 60, seed=9)]
    shape, insides = (96, 160), [(96, 144), (96, 115)]
    factors = [(144 / 90, 96 / 60), (115 / 60, 96 / 50)]

    batch, geometries = preset("torchvision_detection", **RCNN)(images)
    for own, image, inside in zip(batch, images, insides, strict=True):
        np.testing.assert_allclose(own, padded(normed(resized(image, inside)), shape), rtol=1e-4, atol=1e-5)

    with load(first) as model:
        outputs = model.run({"images": batch})
    anchors = pyramid_anchors(shape, strides=first.strides, sizes=[(size,) for size in first.sizes])
    heads = {
        "objectness": join_levels([outputs["objectness.p2"], outputs["objectness.p3"]], 1),
        "bbox_regression": join_levels([outputs["deltas.p2"], outputs["deltas.p3"]], 4),
    }
    proposals = decode_rpn(heads, geometries, anchors=anchors, candidates=120, max_output=90)
    theirs = run(first, batch)
    ordered = []
    for i, (one, (height, width)) in enumerate(zip(proposals, insides, strict=True)):
        rows = first.propose(theirs, i, shape, (0, 0, width, height), 120, 90)
        ordered.append(rows[check(one, rows), :4])

    levels = [outputs["p2"], outputs["p3"]]
    rule = {"strides": first.strides, "aligned": False, "canonical_size": 32, "canonical_level": 3}
    regions = multiscale_roi_align(levels, [one.boxes for one in proposals], 5, **rule)
    expected = torch.cat(
        [from_pyramid([theirs["p2"][i], theirs["p3"][i]], boxes, 5) for i, boxes in enumerate(ordered)]
    )
    np.testing.assert_allclose(regions, expected, rtol=1e-3, atol=2e-4)

    with load(second) as model:
        judged = model.run({"regions": regions})
    found = decode_roi_heads(judged, proposals, geometries, score_threshold=0.3)
    again, start = run(second, regions), 0
    for one, boxes, image, factor, (height, width) in zip(
        found, ordered, images, factors, insides, strict=True
    ):
        own = slice(start, start := start + len(boxes))
        rows = refine(
            again["class_logits"][own],
            again["box_regression"][own],
            boxes,
            (0, 0, width, height),
            threshold=0.3,
        )
        check(one, returned(rows, image.shape, factor))

    places = [geometry.boxes_to_input(one.boxes) for one, geometry in zip(found, geometries, strict=True)]
    regions = multiscale_roi_align(levels, places, 7, **rule)
    with load(masks) as model:
        masked = decode_mask_head(model.run({"regions": regions}), found, geometries)
    with load(points) as model:
        pointed = decode_keypoint_head(model.run({"regions": regions}), found, geometries)
    inputs = [mapped(one.boxes, factor) for one, factor in zip(found, factors, strict=True)]
    expected = torch.cat(
        [from_pyramid([theirs["p2"][i], theirs["p3"][i]], boxes, 7) for i, boxes in enumerate(inputs)]
    )
    np.testing.assert_allclose(regions, expected, rtol=1e-3, atol=2e-4)
    logits, heats = run(masks, regions)["masks"], run(points, regions)["keypoints"]
    start = 0
    for i, (image, factor) in enumerate(zip(images, factors, strict=True)):
        drawn = unpack_masks(masked[i].masks)
        for row, (box, label) in enumerate(zip(found[i].boxes, found[i].labels, strict=True)):
            shares = pasted(torch.sigmoid(logits[start, label]), torch.tensor(box), image.shape[:2])
            apart = drawn[row] != (shares >= 0.5).numpy()
            assert not (apart & ((shares - 0.5).abs() > 1e-4).numpy()).any()
            at, ahead = peaks(heats[start], inputs[i][row])
            at[:, :2] /= torch.tensor(factor)
            ours = torch.tensor(pointed[i].keypoints[row])
            clear = ahead > 1e-4  # else rounding decides where
            assert torch.allclose(ours[clear], at[clear], rtol=1e-4, atol=2e-3)
            assert torch.allclose(ours[:, 2], at[:, 2], rtol=1e-4, atol=1e-4)
            start += 1
        assert drawn.any(axis=(1, 2)).sum() >= 5


def test_fast_rcnn_from_a_picture() -> None:
    """Proposals of selective search, pooled from one map."""
    from reference_nets.dense_heads import Trunk
    from reference_nets.two_stage import BoxHead, pooled, refine

    torch.manual_seed(6)
    trunk, second = Trunk(2).eval(), BoxHead(8 * 9).eval()
    image = picture()
    batch, (geometry,) = preset("torchvision_detection", **RCNN)(image)
    proposals = selective_search(image, min_size=20, max_boxes=90)
    boxes = mapped(proposals, (FACTOR, FACTOR))
    # Of boxes that are pooled from the same pixels, and so judged alike, one.
    _, first = np.unique(torch.round(boxes / 8).numpy(), axis=0, return_index=True)
    proposals, boxes = geometry.boxes_to_input(proposals[first]), boxes[first]
    assert len(boxes) > 20
    with load(trunk, outputs=["fine", "coarse"]) as model:
        features = model.run({"x": batch})["coarse"]
    level = run(trunk, batch)[1][0]
    regions = roi_pool(features, [proposals], 3, spatial_scale=1 / 8)
    np.testing.assert_allclose(regions, torch.stack([pooled(level, box, 8, 3) for box in boxes]), rtol=1e-5)
    with load(second) as model:
        heads = model.run({"regions": regions})
    (found,) = decode_roi_heads(heads, [proposals], geometry, score_threshold=0.2)
    again = run(second, regions)
    rows = refine(again["class_logits"], again["box_regression"], boxes, (0, 0, 144, 96), threshold=0.2)
    check(found, returned(rows, SIDES, (FACTOR, FACTOR)))


def crops_of(image, boxes, side):
    """Boxes out to whole pixels, each stretched by itself, as levels from 0 to 255."""
    made = []
    for x1, y1, x2, y2 in boxes.tolist():
        part = image[int(y1) : int(np.ceil(y2)), int(x1) : int(np.ceil(x2))]
        made.append(resized(np.ascontiguousarray(part), (side, side)) * 255)
    return torch.stack(made)


CROPS = Preprocess(32, mean=MEAN, std=STD)


def classified(image, boxes):
    """What the classifier says of each crop, through a loaded model; compared with torch on the way."""
    from reference_nets.two_stage import Windows

    net = Windows().eval()
    crops = crop_and_resize(image, boxes, (32, 32))
    levels = crops_of(image, boxes, 32)
    np.testing.assert_allclose(crops.transpose(0, 3, 1, 2), levels, atol=1.01)  # whole levels here
    batch, _ = CROPS(list(crops))
    whole = torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 255
    np.testing.assert_allclose(batch, torch.stack([normed(one) for one in whole]), rtol=1e-4, atol=1e-5)
    with load(net) as model:
        return model.run({"images": batch}), run(net, batch)


def test_rcnn_from_a_picture() -> None:
    """Crops of selective search's proposals; margins in place of probabilities, one regression for all classes."""
    from reference_nets.two_stage import refine

    torch.manual_seed(7)
    image = picture()
    proposals = selective_search(image, min_size=20, max_boxes=60)
    heads, again = classified(image, proposals)
    (found,) = decode_roi_heads(
        heads,
        [proposals],
        Geometry(SIDES, SIDES),
        activation="none",
        weights=(1, 1, 1, 1),
        score_threshold=-0.5,
        iou_threshold=0.3,
    )
    rows = refine(
        again["class_logits"],
        again["box_regression"],
        torch.tensor(proposals),
        (0, 0, SIDES[1], SIDES[0]),
        soft=False,
        weights=(1.0,) * 4,
        threshold=-0.5,
        overlap=0.3,
    )
    check(found, rows)


def test_a_sliding_window_over_a_picture() -> None:
    from reference_nets.two_stage import refine

    torch.manual_seed(7)
    image = picture()
    windows = window_grid(SIDES, (24, 30), 9)
    heads, again = classified(image, windows)
    found = decode_windows({"cls_logits": heads["class_logits"]}, windows, score_threshold=0.3)
    still = torch.zeros(len(windows), 4)
    boxes = torch.tensor(windows)
    rows = refine(again["class_logits"], still, boxes, (0, 0, SIDES[1], SIDES[0]), threshold=0.3, overlap=0.3)
    check(found, rows)

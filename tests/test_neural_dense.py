"""Dense and two-stage decoders: against their slow twins, and what they make of odd and bad heads."""

from __future__ import annotations

import numpy as np
import pytest
import reference.neural_dense as slow

from imgproc import Detections
from imgproc.neural import (
    Geometry,
    OutputMismatch,
    anchor_points,
    crop_and_resize,
    decode_efficientdet,
    decode_fcos,
    decode_retinanet,
    decode_roi_heads,
    decode_rpn,
    decode_ssd,
    decode_windows,
    default_boxes,
    efficientdet_anchors,
    pyramid_anchors,
    window_grid,
)

INPUT = (64, 96)
STRIDES = (16, 32)
IMAGES = [
    Geometry(INPUT, INPUT),
    Geometry((100, 240), INPUT, scale=(0.4, 0.4), offset=(12.0, 0.0)),
    Geometry((30, 40), INPUT, scale=(2.5, 2.0), offset=(-6.0, 10.0), flip=True),
]
BATCH = len(IMAGES)


def draw(rng, *shape, scale=1.0, shift=0.0):
    return rng.normal(shift, scale, shape).astype(np.float32)


def check(found, expected):
    """In order, boxes within what float32 loses."""
    assert isinstance(found, Detections)
    assert len(found) == len(expected)
    np.testing.assert_allclose(found.scores, expected[:, 4], rtol=3e-7)
    np.testing.assert_array_equal(found.labels, expected[:, 5])
    np.testing.assert_allclose(found.boxes, expected[:, :4], rtol=1e-5, atol=5e-4)


@pytest.fixture
def retina(rng):
    anchors = pyramid_anchors(INPUT, strides=STRIDES)
    count = sum(map(len, anchors))
    return anchors, {
        "cls_logits": draw(rng, BATCH, count, 3, scale=2, shift=-2.5),
        "bbox_regression": draw(rng, BATCH, count, 4, scale=0.4),
    }


def test_retinanet_equals_the_twin(retina):
    anchors, heads = retina
    limits = {"score_threshold": 0.1, "candidates": 40, "iou_threshold": 0.4, "max_output": 30}
    found = decode_retinanet(heads, IMAGES, anchors=anchors, **limits)
    for image, one in enumerate(found):
        own = heads["cls_logits"][image], heads["bbox_regression"][image], anchors, IMAGES[image]
        check(one, slow.retinanet(*own, 0.1, 40, 0.4, 30))
        assert len(one) > 10
    kept = decode_retinanet(heads, IMAGES, anchors=anchors, **limits, semantics="torchvision")
    check(
        kept[2],
        slow.retinanet(
            heads["cls_logits"][2],
            heads["bbox_regression"][2],
            anchors,
            IMAGES[2],
            0.1,
            40,
            0.4,
            30,
            empty=True,
        ),
    )


def test_images_of_a_batch_do_not_touch_each_other(retina):
    anchors, heads = retina
    found = decode_retinanet(heads, IMAGES, anchors=anchors)
    for image, one in enumerate(found):
        alone = {name: head[image : image + 1] for name, head in heads.items()}
        assert decode_retinanet(alone, IMAGES[image], anchors=anchors) == [one]
    wide = {name: head.astype(np.float64) for name, head in heads.items()}
    turned = {name: head[:, ::-1].copy()[:, ::-1] for name, head in heads.items()}
    turned["bbox_regression"].setflags(write=False)
    for other in (wide, turned):
        assert decode_retinanet(other, IMAGES, anchors=anchors) == found


def test_fcos_equals_the_twin(rng):
    grids = [(4, 6), (2, 3)]
    heads = {
        "cls_logits": draw(rng, BATCH, 30, 4, scale=2, shift=-1),
        "bbox_ctrness": draw(rng, BATCH, 30, 1),
        "bbox_regression": draw(rng, BATCH, 30, 4, shift=0.5),
    }
    limits = {"score_threshold": 0.15, "candidates": 25, "max_output": 40}
    found = decode_fcos(heads, IMAGES, strides=STRIDES, **limits)
    for image, one in enumerate(found):
        logits, centred, sides = (head[image] for head in heads.values())
        check(one, slow.fcos(logits, centred[:, 0], sides, grids, STRIDES, IMAGES[image], 0.15, 25, 0.6, 40))
        assert len(one)


def test_ssd_equals_the_twin(rng):
    anchors = default_boxes(
        INPUT, grids=[(4, 6), (2, 3)], scales=(0.3, 0.5, 0.9), ratios=[(2,), ()], steps=None
    )
    assert len(anchors) == 24 * 4 + 6 * 2
    heads = {
        "cls_logits": draw(rng, BATCH, len(anchors), 3, scale=2),
        "bbox_regression": draw(rng, BATCH, len(anchors), 4, scale=2),
    }
    for background in (0, 2):
        limits = {"score_threshold": 0.2, "candidates": 15, "max_output": 20, "background": background}
        found = decode_ssd(heads, IMAGES, anchors=anchors, **limits)
        for image, one in enumerate(found):
            own = heads["cls_logits"][image], heads["bbox_regression"][image], anchors, IMAGES[image]
            check(one, slow.ssd(*own, 0.2, 15, 0.45, 20, background))
            assert len(one) and background not in one.labels


def test_efficientdet_equals_the_twin(rng):
    anchors = efficientdet_anchors(INPUT, strides=STRIDES)
    heads = {
        "cls_logits": draw(rng, BATCH, len(anchors), 3),
        "bbox_regression": draw(rng, BATCH, len(anchors), 4, scale=0.3),
    }
    found = decode_efficientdet(heads, IMAGES, anchors=anchors, candidates=60, method="hard", max_output=20)
    for image, one in enumerate(found):
        own = heads["cls_logits"][image], heads["bbox_regression"][image], anchors, IMAGES[image]
        check(one, slow.efficientdet(*own, 60, 0.5, 20))
    soft = decode_efficientdet(heads, IMAGES, anchors=anchors, candidates=60, max_output=20)
    assert [len(one) for one in soft] == [20] * BATCH
    assert all(
        a.scores[0] == b.scores[0] and (np.diff(a.scores) <= 0).all()
        for a, b in zip(soft, found, strict=True)
    )


def test_nine_anchors_of_efficientdet_by_hand():
    anchors = efficientdet_anchors((128, 256))
    first = anchors[:9]
    np.testing.assert_allclose(first[:, :2] + first[:, 2:], 8, atol=1e-5)  # centres at 4, 4
    side = 32 * 2 ** (np.arange(3) / 3)
    expected = np.outer(side, [1, 1.4, 0.7]), np.outer(side, [1, 0.7, 1.4])
    np.testing.assert_allclose(first[:, 2:] - first[:, :2], np.stack(expected, -1).reshape(9, 2), rtol=1e-6)
    assert len(anchors) == 9 * (16 * 32 + 8 * 16 + 4 * 8 + 2 * 4 + 2)


def test_proposals_equal_the_twin(rng):
    anchors = pyramid_anchors(INPUT, strides=STRIDES, sizes=[(20,), (50,)])
    count = sum(map(len, anchors))
    heads = {
        "objectness": draw(rng, BATCH, count, 1),
        "bbox_regression": draw(rng, BATCH, count, 4, scale=0.5),
    }
    found = decode_rpn(heads, IMAGES, anchors=anchors, candidates=40, max_output=30, min_size=4)
    for image, one in enumerate(found):
        own = heads["objectness"][image, :, 0], heads["bbox_regression"][image], anchors, IMAGES[image]
        check(one, slow.rpn(*own, 40, 0.7, 30, 4))
        assert len(one) > 10 and set(one.labels) == {0, 1}


@pytest.mark.parametrize("shared", [False, True])
def test_second_stage_equals_the_twin(shared, rng):
    proposals = [
        np.add(np.sort(rng.uniform(0, 64, (n, 2, 2)), axis=1), [[0], [4]]).reshape(n, 4).astype(np.float32)
        for n in (12, 0, 9)
    ]
    heads = {
        "class_logits": draw(rng, 21, 4, scale=2),
        "box_regression": draw(rng, 21, 4 if shared else 16, scale=2),
    }
    found = decode_roi_heads(heads, proposals, IMAGES, max_output=15)
    start = 0
    for image, boxes in enumerate(proposals):
        own = slice(start, start + len(boxes))
        expected = slow.roi_heads(
            heads["class_logits"][own], heads["box_regression"][own], boxes, IMAGES[image], 0.05, 0.5, 15
        )
        check(found[image], expected)
        start += len(boxes)
    assert [len(one) > 0 for one in found] == [True, False, True]


def test_margins_are_scores_without_a_softmax():
    """R-CNN: a support vector machine for each class, deltas without weights."""
    heads = {
        "class_logits": np.array([[0, 1.5, -1], [9, -0.5, 0.25]], np.float32),
        "box_regression": np.full((2, 12), 0.5, np.float32),
    }
    boxes = [np.array([[0, 0, 10, 10], [20, 20, 40, 40]], np.float32)]
    found = decode_roi_heads(
        heads, boxes, Geometry(INPUT, INPUT), activation="none", score_threshold=0, weights=(1, 1, 1, 1)
    )[0]
    assert found.scores.tolist() == [1.5, 0.25] and found.labels.tolist() == [1, 2]
    reach = 5 * np.exp(0.5)
    np.testing.assert_allclose(found.boxes[0], [10 - reach, 10 - reach, 10 + reach, 10 + reach], rtol=1e-6)
    heads["class_logits"][1, 1] = np.nan
    with pytest.raises(OutputMismatch, match=r"class_logits must be finite, got nan at \(1, 1\)"):
        decode_roi_heads(heads, boxes, Geometry(INPUT, INPUT), activation="none")


def test_windows_cover_the_image_and_find_the_square(rng):
    image = np.zeros((60, 90, 3), np.uint8)
    image[20:36, 50:66] = 255
    windows = window_grid(image.shape[:2], 16, 4)
    seen = np.zeros(image.shape[:2], bool)
    for x1, y1, x2, y2 in windows.astype(int):
        seen[y1:y2, x1:x2] = True
    assert seen.all() and (windows[:, 2:] <= (90, 60)).all()

    def classify(crops):
        """Any callable: here a classifier that knows bright from dark."""
        light = crops.mean(axis=(1, 2, 3), dtype=np.float32) / 255
        return {"cls_logits": np.stack([np.zeros_like(light), 20 * light - 15], axis=1)}

    logits = [
        classify(crop_and_resize(image, windows[start : start + 50], (8, 8)))["cls_logits"]
        for start in range(0, len(windows), 50)
    ]
    found = decode_windows({"cls_logits": np.concatenate(logits)}, windows)
    assert len(found) == 1 and found.labels.tolist() == [1]
    assert np.abs(found.boxes[0] - [50, 20, 66, 36]).max() <= 2
    assert window_grid((8, 8), 9).shape == (0, 4)
    assert (
        decode_windows({"cls_logits": np.empty((0, 2), np.float32)}, np.empty((0, 4))) == Detections.empty()
    )


def test_nothing_found_no_boxes_no_images(retina, rng):
    anchors, heads = retina
    dark = {**heads, "cls_logits": np.full_like(heads["cls_logits"], -50)}
    assert decode_retinanet(dark, IMAGES, anchors=anchors) == [Detections.empty()] * BATCH
    none = {name: head[:0] for name, head in heads.items()}
    assert decode_retinanet(none, [], anchors=anchors) == []
    rows = {name: head[:, :0] for name, head in heads.items()}
    bare = np.empty((0, 4), np.float32)
    assert decode_retinanet(rows, IMAGES, anchors=bare) == [Detections.empty()] * BATCH
    assert decode_ssd(rows, IMAGES, anchors=bare) == [Detections.empty()] * BATCH
    assert decode_efficientdet(rows, IMAGES, anchors=bare) == [Detections.empty()] * BATCH
    nothing = {"objectness": rows["cls_logits"][..., :1], "bbox_regression": rows["bbox_regression"]}
    assert decode_rpn(nothing, IMAGES, anchors=bare) == [Detections.empty()] * BATCH
    heads = {"class_logits": draw(rng, 0, 3), "box_regression": draw(rng, 0, 12)}
    assert decode_roi_heads(heads, [bare] * BATCH, IMAGES) == [Detections.empty()] * BATCH
    assert decode_roi_heads(heads, [], []) == []


def test_one_class(rng):
    anchors = pyramid_anchors(INPUT, strides=STRIDES)
    count = sum(map(len, anchors))
    logits = np.full((1, count, 1), -9, np.float32)
    logits[0, 70] = 3
    heads = {"cls_logits": logits, "bbox_regression": np.zeros((1, count, 4), np.float32)}
    image = Geometry(INPUT, INPUT)
    assert decode_retinanet(heads, image, anchors=anchors)[0].labels.tolist() == [0]
    # A softmax over the background alone leaves nothing.
    assert len(decode_ssd(heads, image, anchors=np.concatenate(anchors))[0]) == 0
    with pytest.raises(
        ValueError, match="background must be an integer from 0 to 0, the columns of cls_logits, got 1"
    ):
        decode_ssd(heads, image, anchors=np.concatenate(anchors), background=1)


def test_extreme_deltas_end_at_the_edges(retina):
    anchors, heads = retina
    heads["cls_logits"][:] = -9
    heads["cls_logits"][:, 40:44, 0] = 5, 4, 3, 2
    heads["bbox_regression"][:, 40:44] = [
        [[0, 0, 3e38, 3e38]],
        [[3e38, 0, 0, 0]],
        [[-3e38, 0, -3e38, 0]],
        [[0, 0, 0, 0]],
    ][0]
    heads["bbox_regression"][:, 41] = 3e38, 0, 0, 0
    found = decode_retinanet(heads, IMAGES[0], anchors=anchors)[0]
    assert found.boxes[0].tolist() == [0, 0, 96, 64]
    assert np.isfinite(found.boxes).all() and (found.boxes >= 0).all()


def test_bad_heads_are_named(retina, rng):
    anchors, heads = retina
    count = sum(map(len, anchors))

    def refused(match, outputs, **arguments):
        with pytest.raises(OutputMismatch, match=match):
            decode_retinanet(outputs, IMAGES, anchors=anchors, **arguments)

    logits = heads["cls_logits"]
    refused("cls_logits must be among the outputs", {"bbox_regression": heads["bbox_regression"]})
    refused("bbox_regression must be among", {"cls_logits": logits})
    refused(r"cls_logits must be of shape \(B, N, C\)", {**heads, "cls_logits": logits[0]})
    refused("cls_logits must be of 91 classes", heads, classes=91)
    refused("cls_logits must be of at least 1 classes", {**heads, "cls_logits": logits[..., :0]})
    refused(f"bbox_regression must be of shape .3, {count}, 4", {**heads, "bbox_regression": logits})
    refused("bbox_regression must be a float array", {**heads, "bbox_regression": logits.astype(int)})
    short = {name: head[:, 1:] for name, head in heads.items()}
    refused(f"cls_logits must be of shape .B, {count}, ….* one row for each anchor", short)
    for name in heads:
        for wrong in (np.nan, np.inf, -np.inf):
            bad = {**heads, name: heads[name].copy()}
            bad[name][1, 77, 2] = wrong
            refused(rf"{name} must be finite, got {wrong} at \(1, 77, 2\)", bad)
    with pytest.raises(TypeError, match="outputs must be a mapping"):
        decode_retinanet([logits], IMAGES, anchors=anchors)
    named = {"a": logits, "b": heads["bbox_regression"]}
    keys = {"cls_logits": "a", "bbox_regression": "b"}
    assert decode_retinanet(named, IMAGES, anchors=anchors, keys=keys) == decode_retinanet(
        heads, IMAGES, anchors=anchors
    )


def test_bad_arguments_are_named(retina):
    anchors, heads = retina
    for arguments, error in (
        ({"score_threshold": 1.5}, ValueError),
        ({"score_threshold": "0.5"}, TypeError),
        ({"candidates": 0}, ValueError),
        ({"iou_threshold": -0.1}, ValueError),
        ({"max_output": 1.5}, TypeError),
        ({"weights": (1, 1, 1)}, ValueError),
        ({"semantics": "detectron"}, ValueError),
        ({"classes": 0}, ValueError),
        ({"anchors": "all"}, TypeError),
        ({"anchors": []}, TypeError),
        ({"anchors": [anchors[0][:, :3]]}, ValueError),
    ):
        name = next(iter(arguments))
        with pytest.raises(error, match=f"^decode_retinanet: {name}.* must be "):
            decode_retinanet(heads, IMAGES, **{"anchors": anchors, **arguments})
    with pytest.raises(ValueError, match="geometries must be"):
        decode_retinanet(heads, IMAGES[:2], anchors=anchors)
    mixed = [*IMAGES[:2], Geometry((9, 9), (32, 32))]
    with pytest.raises(ValueError, match=r"anchors must be given.* none for an input of 64 × 96"):
        decode_ssd(heads, IMAGES)
    with pytest.raises(ValueError, match="geometries must be of one input shape"):
        decode_retinanet(heads, mixed)
    with pytest.raises(TypeError, match="proposals must be"):
        decode_roi_heads(
            {"class_logits": heads["cls_logits"][0], "box_regression": heads["bbox_regression"][0]},
            anchors[0],
            IMAGES,
        )
    with pytest.raises(OutputMismatch, match="of 2 rows, one for each window"):
        decode_windows({"cls_logits": np.zeros((3, 2), np.float32)}, np.zeros((2, 4)))


def test_bad_second_stages_are_named():
    boxes = [np.array([[0, 0, 8, 8]], np.float32)]
    image = Geometry(INPUT, INPUT)
    heads = {"class_logits": np.zeros((1, 3), np.float32), "box_regression": np.zeros((1, 12), np.float32)}
    for outputs, match in (
        ({**heads, "box_regression": np.zeros((1, 8), np.float32)}, "of 12 columns, or 4"),
        ({name: np.repeat(head, 2, 0) for name, head in heads.items()}, "of 1 rows, one for each proposal"),
        ({**heads, "class_logits": np.zeros(3, np.float32)}, r"of shape \(R, C\)"),
        ({**heads, "class_logits": np.full((1, 3), np.nan, np.float32)}, "class_logits must be finite"),
    ):
        with pytest.raises(OutputMismatch, match=match):
            decode_roi_heads(outputs, boxes, image)


def test_bad_anchors_are_named():
    for call, match in (
        (lambda: pyramid_anchors((0, 5)), r"input_shape.* must be"),
        (lambda: pyramid_anchors((64, 64), strides=(8, 0)), "strides must be"),
        (lambda: pyramid_anchors((64, 64), sizes=[(32,)]), "sizes must be of 5 rows"),
        (lambda: pyramid_anchors((64, 64), semantics="x"), "semantics must be"),
        (lambda: anchor_points((64, 64), strides=()), "strides must be"),
        (lambda: default_boxes(scales=(0.1, 0.2)), "scales must be 7"),
        (lambda: default_boxes(ratios=[(2,)]), "ratios must be 6"),
        (lambda: default_boxes(steps=(8,)), "steps must be 6"),
        (lambda: efficientdet_anchors((64, 64), aspects=[(1, 1, 1)]), r"aspects\[0\] must be"),
    ):
        with pytest.raises(ValueError, match=match):
            call()
    for call in (
        lambda: pyramid_anchors((64, 64), sizes=32),
        lambda: default_boxes(grids=5),
        lambda: default_boxes(ratios=(2, 3)),
    ):
        with pytest.raises(TypeError):
            call()
    assert not pyramid_anchors((64, 64))[0].flags.writeable  # they are remembered

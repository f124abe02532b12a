"""Raw heads of detectors to boxes, against torch and torchvision, at the sizes of the published networks.

The heads are drawn: most places hold background at the networks' usual odds, some hold objects. Whole decoders are
compared as sets of boxes, and selections as sets of places. The sizes of the inputs are the networks', not the
table's.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from imgproc._ext import dense_heads as kernels
from imgproc.neural import (
    Geometry,
    decode_fcos,
    decode_retinanet,
    decode_roi_heads,
    decode_rpn,
    decode_ssd,
    decode_yolo,
    default_boxes,
    pyramid_anchors,
)
from imgproc.neural.decode.heads import least_logit

from .harness import Array, Case, Rule
from .rivals import TORCHVISION, load, torchvision, version_of

torch = load("torch")

INPUT = (800, 1088)
CLASSES = 91


def cases(size: str) -> Iterator[Case]:
    if size != "1080p" or torch is None:
        return
    rng = np.random.default_rng(8)
    yield from _selections(size, rng)
    if torchvision is None:
        return
    yield _retinanet(size, rng)
    yield _fcos(size, rng)
    yield _ssd(size, rng)
    yield from _two_stages(size, rng)
    yield _yolo(size, rng)


def _logits(rng: np.random.Generator, rows: int, columns: int, middle: float = -5.5) -> Array:
    """Background around the usual odds of 1 to 250, and a few objects."""
    logits = rng.standard_normal((rows, columns), np.float32) * np.float32(1.5) + np.float32(middle)
    places = rng.integers(0, rows, 300)
    logits[places, rng.integers(0, columns, 300)] = rng.normal(1, 1.5, 300)
    return logits


def _case(name: str, size: str, logits: Array, ours: Any, rule: Rule, rivals: dict[str, Any]) -> Case:
    return Case(name, size, logits.shape[0], ours, rivals, rule, logits.nbytes)


def _same_places(ours: Array, rival: Any) -> None:
    assert set(ours.tolist()) == set(np.asarray(rival).tolist())


def _same_boxes(ours: Any, rival: Any) -> None:
    """torch's exponential is a unit off here and there; equal scores may stand in any order."""
    boxes, scores = (np.asarray(rival[key]) for key in ("boxes", "scores"))
    assert len(ours) == len(scores), f"{len(ours)} boxes, theirs {len(scores)}"
    np.testing.assert_allclose(ours.scores, scores, rtol=1e-5)
    for own, theirs in zip(np.sort(ours.boxes, axis=0).T, np.sort(boxes, axis=0).T, strict=True):
        np.testing.assert_allclose(own, theirs, rtol=1e-4, atol=0.02)


def _selections(size: str, rng: np.random.Generator) -> Iterator[Case]:
    logits = _logits(rng, 163206, CLASSES)
    flat = torch.from_numpy(logits.ravel())
    indices, values = np.empty(1000, np.int64), np.empty(1000, np.float32)

    def ours() -> Array:
        kernels.top(logits.reshape(-1), least_logit(0.05), indices, values)
        return indices

    def by_torch() -> Any:
        scores = torch.sigmoid(flat)
        kept = scores > 0.05
        _, order = scores[kept].topk(1000)
        return torch.where(kept)[0][order].numpy()

    name = "select 1000 of 163206 × 91 logits"
    yield _case(name, size, logits, ours, _same_places, {version_of("torch"): by_torch})
    # A threshold that nothing passes, and one that all do.
    for word, threshold in (("none", 0.9999), ("half", 0.004)):
        limit = least_logit(threshold)

        def other(limit: float = limit) -> Array:
            found = kernels.top(logits.reshape(-1), limit, indices, values)
            return indices[:found].copy()

        def theirs(threshold: float = threshold) -> Any:
            scores = torch.sigmoid(flat)
            kept = scores > threshold
            few = scores[kept]
            _, order = few.topk(min(1000, len(few)))
            return torch.where(kept)[0][order].numpy()

        yield _case(f"{name}, {word} above", size, logits, other, _same_places, {version_of("torch"): theirs})


def _deltas(rng: np.random.Generator, rows: int, scale: float = 0.1) -> Array:
    return rng.standard_normal((rows, 4), np.float32) * np.float32(scale)


def _split(array: Array, levels: Any) -> list[Any]:
    return list(torch.from_numpy(array)[None].split([len(level) for level in levels], 1))


def _retinanet(size: str, rng: np.random.Generator) -> Case:
    from torchvision.models.detection._utils import BoxCoder
    from torchvision.models.detection.retinanet import RetinaNet

    levels = pyramid_anchors(INPUT, semantics="torchvision")
    count = sum(map(len, levels))
    logits, deltas = _logits(rng, count, CLASSES), _deltas(rng, count)
    own = SimpleNamespace(
        score_thresh=0.05,
        topk_candidates=1000,
        nms_thresh=0.5,
        detections_per_img=300,
        box_coder=BoxCoder((1.0,) * 4),
    )
    heads = {"cls_logits": _split(logits, levels), "bbox_regression": _split(deltas, levels)}
    anchors = [[torch.from_numpy(level.copy()) for level in levels]]
    outputs = {"cls_logits": logits[None], "bbox_regression": deltas[None]}
    return _case(
        f"RetinaNet, {count} anchors",
        size,
        logits,
        lambda: decode_retinanet(outputs, Geometry(INPUT, INPUT), semantics="torchvision")[0],
        _same_boxes,
        {TORCHVISION: lambda: RetinaNet.postprocess_detections(own, heads, anchors, [INPUT])[0]},
    )


def _fcos(size: str, rng: np.random.Generator) -> Case:
    from torchvision.models.detection._utils import BoxLinearCoder
    from torchvision.models.detection.fcos import FCOS

    strides = (8, 16, 32, 64, 128)
    levels = pyramid_anchors(INPUT, sizes=[(side,) for side in strides], ratios=(1,), semantics="torchvision")
    count = sum(map(len, levels))
    logits, centred = _logits(rng, count, CLASSES, -4), _logits(rng, count, 1, 0)
    sides = np.abs(_deltas(rng, count, 3))
    own = SimpleNamespace(
        score_thresh=0.2,
        topk_candidates=1000,
        nms_thresh=0.6,
        detections_per_img=100,
        box_coder=BoxLinearCoder(normalize_by_size=True),
    )
    outputs = {"cls_logits": logits[None], "bbox_ctrness": centred[None], "bbox_regression": sides[None]}
    heads = {name: _split(head[0], levels) for name, head in outputs.items()}
    anchors = [[torch.from_numpy(level.copy()) for level in levels]]
    return _case(
        f"FCOS, {count} points",
        size,
        logits,
        lambda: decode_fcos(outputs, Geometry(INPUT, INPUT), semantics="torchvision")[0],
        _same_boxes,
        {TORCHVISION: lambda: FCOS.postprocess_detections(own, heads, anchors, [INPUT])[0]},
    )


def _ssd(size: str, rng: np.random.Generator) -> Case:
    from torchvision.models.detection._utils import BoxCoder
    from torchvision.models.detection.ssd import SSD

    shape, anchors = (300, 300), default_boxes()
    logits, deltas = _logits(rng, len(anchors), CLASSES, 0), _deltas(rng, len(anchors), 1)
    logits[:, 0] += 9
    own = SimpleNamespace(
        score_thresh=0.01,
        topk_candidates=400,
        nms_thresh=0.45,
        detections_per_img=200,
        box_coder=BoxCoder((10.0, 10.0, 5.0, 5.0)),
    )
    outputs = {"cls_logits": logits[None], "bbox_regression": deltas[None]}
    heads = {name: torch.from_numpy(head) for name, head in outputs.items()}
    boxes = [torch.from_numpy(anchors.copy())]
    return _case(
        f"SSD, {len(anchors)} default boxes",
        size,
        logits,
        lambda: decode_ssd(outputs, Geometry(shape, shape), semantics="torchvision")[0],
        _same_boxes,
        {TORCHVISION: lambda: SSD.postprocess_detections(own, heads, boxes, [shape])[0]},
    )


def _two_stages(size: str, rng: np.random.Generator) -> Iterator[Case]:
    from torchvision.models.detection._utils import BoxCoder
    from torchvision.models.detection.roi_heads import RoIHeads
    from torchvision.models.detection.rpn import RegionProposalNetwork

    strides = (4, 8, 16, 32, 64)
    levels = pyramid_anchors(
        INPUT, strides=strides, sizes=[(8 * stride,) for stride in strides], semantics="torchvision"
    )
    count = sum(map(len, levels))
    logits, deltas = _logits(rng, count, 1), _deltas(rng, count)
    own = SimpleNamespace(
        nms_thresh=0.7,
        score_thresh=0.0,
        min_size=1e-3,
        pre_nms_top_n=lambda: 1000,
        post_nms_top_n=lambda: 1000,
    )
    own._get_top_n_idx = lambda *arguments: RegionProposalNetwork._get_top_n_idx(own, *arguments)
    coder = BoxCoder((1.0,) * 4)
    boxes, moves, objectness = (torch.from_numpy(array) for array in (np.concatenate(levels), deltas, logits))
    sizes = [len(level) for level in levels]

    def by_torchvision() -> Any:
        proposals = coder.decode(moves, [boxes]).view(1, -1, 4)
        found, scores = RegionProposalNetwork.filter_proposals(own, proposals, objectness, [INPUT], sizes)
        return {"boxes": found[0], "scores": scores[0]}

    outputs = {"objectness": logits[None], "bbox_regression": deltas[None]}
    image = Geometry(INPUT, INPUT)
    yield _case(
        f"proposals of {count} anchors",
        size,
        logits,
        lambda: decode_rpn(outputs, image, semantics="torchvision")[0],
        _same_boxes,
        {TORCHVISION: by_torchvision},
    )
    proposals = decode_rpn(outputs, image, semantics="torchvision")[0]
    scores, moves2 = (
        _logits(rng, len(proposals), CLASSES, 0),
        rng.standard_normal((len(proposals), 4 * CLASSES)),
    )
    scores[:, 0] += 6
    second = {"class_logits": scores, "box_regression": moves2.astype(np.float32)}
    heads = {name: torch.from_numpy(head) for name, head in second.items()}
    mine = SimpleNamespace(
        box_coder=BoxCoder((10.0, 10.0, 5.0, 5.0)), score_thresh=0.05, nms_thresh=0.5, detections_per_img=100
    )
    rows = [torch.from_numpy(proposals.boxes.copy())]

    def by_heads() -> Any:
        found = RoIHeads.postprocess_detections(
            mine, heads["class_logits"], heads["box_regression"], rows, [INPUT]
        )
        return {"boxes": found[0][0], "scores": found[1][0]}

    yield _case(
        f"second stage, {len(proposals)} proposals",
        size,
        scores,
        lambda: decode_roi_heads(second, [proposals], image)[0],
        _same_boxes,
        {TORCHVISION: by_heads},
    )


def _yolo(size: str, rng: np.random.Generator) -> Case:
    """One tensor (84, 8400) to boxes, as scripts around exported files do it in torch."""
    shape = (640, 640)
    tensor = np.zeros((1, 84, 8400), np.float32)
    tensor[0, :2], tensor[0, 2:4] = rng.uniform(0, 640, (2, 8400)), rng.uniform(8, 200, (2, 8400))
    tensor[0, 4:] = 1 / (1 + np.exp(-_logits(rng, 8400, 80).T))
    theirs = torch.from_numpy(tensor)

    def by_torch() -> Any:
        rows = theirs[0][:, theirs[0, 4:].amax(0) > 0.25].T
        scores, labels = rows[:, 4:].max(1)
        halves = rows[:, 2:4] / 2
        boxes = torch.cat([rows[:, :2] - halves, rows[:, :2] + halves], 1).clamp(0, 640)
        kept = torchvision.ops.batched_nms(boxes, scores, labels, 0.45)[:300]
        return {"boxes": boxes[kept], "scores": scores[kept]}

    image = Geometry(shape, shape)
    return _case(
        "YOLO, (84, 8400)",
        size,
        tensor[0].T,
        lambda: decode_yolo({"output0": tensor}, image)[0],
        _same_boxes,
        {TORCHVISION: by_torch},
    )

"""Anchors: deltas, grids, assignment and k-means."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import imgproc

from .harness import SIZES, Array, Case
from .rivals import TORCHVISION, torchvision

_STRIDES = (4, 8, 16, 32, 64)
_RATIOS = (0.5, 1.0, 2.0)
_WEIGHTS = (10.0, 10.0, 5.0, 5.0)


def cases(size: str) -> Iterator[Case]:
    height, width = SIZES[size]
    grids = [(-(-height // stride), -(-width // stride)) for stride in _STRIDES]
    anchors = _pyramid(grids)
    rng = np.random.default_rng(0)
    yield _case("anchors of five levels", size, lambda: _pyramid(grids), _equal, _their_pyramid(grids))
    for order, some in (("", anchors), (", any order", rng.permutation(anchors))):
        for count in (20, 100):
            yield _assignment(f"assign {count} boxes{order}", size, some, _truth(rng, size, count))
    yield from _deltas(size, anchors, rng)
    yield _clusters(size, rng)


def _case(name: str, size: str, ours: Any, rule: Any, rivals: dict[str, Any]) -> Case:
    height, width = SIZES[size]
    return Case(name, size, height * width, ours, {k: v for k, v in rivals.items() if k and v}, rule)


def _equal(ours: Array, rival: Any) -> None:
    np.testing.assert_array_equal(ours, np.asarray(rival))


def _pyramid(grids: list[tuple[int, int]]) -> Array:
    return np.concatenate(
        [
            imgproc.generate_anchors(grid, stride, [8 * stride], _RATIOS, rounded=True)
            for grid, stride in zip(grids, _STRIDES, strict=True)
        ]
    )


def _their_pyramid(grids: list[tuple[int, int]]) -> dict[str, Any]:
    if torchvision is None:
        return {}
    import torch
    from torchvision.models.detection.anchor_utils import AnchorGenerator

    generator = AnchorGenerator(tuple((8.0 * s,) for s in _STRIDES), (_RATIOS,) * len(_STRIDES))
    steps = [[torch.tensor(stride), torch.tensor(stride)] for stride in _STRIDES]

    def call() -> Any:
        generator.set_cell_anchors(torch.float32, torch.device("cpu"))
        return torch.cat(generator.grid_anchors([list(grid) for grid in grids], steps)).numpy()

    return {TORCHVISION: call}


def _truth(rng: np.random.Generator, size: str, count: int) -> Array:
    """Objects in groups, as in photographs of streets and crowds."""
    height, width = SIZES[size]
    groups = rng.uniform(0, (width, height), (count // 5, 2)).repeat(5, 0)
    centres = groups + rng.normal(0, height / 12, (count, 2))
    halves = np.exp(rng.uniform(np.log(8), np.log(height / 4), (count, 1))) * rng.uniform(
        0.6, 1.6, (count, 2)
    )
    return np.concatenate([centres - halves, centres + halves], axis=1).astype(np.float32)


def _assignment(name: str, size: str, anchors: Array, truth: Array) -> Case:
    def by_numpy() -> tuple[Array, Array]:
        corners = (
            np.maximum(anchors[:, None, :2], truth[:, :2]),
            np.minimum(anchors[:, None, 2:], truth[:, 2:]),
        )
        sides = np.maximum(corners[1] - corners[0], 0)
        inter = sides[..., 0] * sides[..., 1]
        area, other = (np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (anchors, truth))
        iou = inter / (area[:, None] + other - inter)
        best, matches = iou.max(axis=1), iou.argmax(axis=1)
        labels = np.where(best >= np.float32(0.7), 1, np.where(best < np.float32(0.3), 0, -1)).astype(np.int8)
        labels[((iou == iou.max(axis=0)) & (iou > 0)).any(axis=1)] = 1
        return labels, np.where(labels == 1, matches, -1)

    # The matrices of NumPy take seconds, and gigabytes, where the problem is large.
    rivals: dict[str, Any] = {"numpy": by_numpy} if len(anchors) * len(truth) < 2e7 else {}
    if torchvision is not None:
        import torch
        from torchvision.models.detection._utils import Matcher

        matcher = Matcher(0.7, 0.3, allow_low_quality_matches=True)
        tensors = torch.from_numpy(truth), torch.from_numpy(anchors)
        rivals[TORCHVISION] = lambda: _from_matcher(matcher(torchvision.ops.box_iou(*tensors)).numpy())

    def same(ours: tuple[Array, Array], rival: tuple[Array, Array]) -> None:
        for own, other in zip(ours, rival, strict=True):
            np.testing.assert_array_equal(own, other)

    return _case(
        f"{name}, {len(anchors)} anchors", size, lambda: imgproc.assign_anchors(anchors, truth), same, rivals
    )


def _from_matcher(matches: Array) -> tuple[Array, Array]:
    labels = np.where(matches >= 0, 1, np.where(matches == -1, 0, -1)).astype(np.int8)
    return labels, np.maximum(matches, -1)


def _deltas(size: str, anchors: Array, rng: np.random.Generator) -> Iterator[Case]:
    boxes = rng.permutation(anchors)
    deltas = imgproc.encode_boxes(boxes, anchors, weights=_WEIGHTS)
    encode: dict[str, Any] = {"numpy": lambda: _encode(boxes, anchors)}
    decode: dict[str, Any] = {"numpy": lambda: _decode(deltas, anchors)}
    if torchvision is not None:
        import torch
        from torchvision.models.detection._utils import BoxCoder

        coder = BoxCoder(_WEIGHTS)
        own, around, steps = (torch.from_numpy(array) for array in (boxes, anchors, deltas))
        encode[TORCHVISION] = lambda: coder.encode_single(own, around).numpy()
        decode[TORCHVISION] = lambda: coder.decode_single(steps, around).numpy()

    def near(ours: Array, rival: Array) -> None:
        # Each library has its own logarithm and exponential; centres far from 0 lose digits.
        np.testing.assert_allclose(ours, rival, rtol=1e-5, atol=2e-3)

    yield _case(
        f"encode {len(anchors)} boxes",
        size,
        lambda: imgproc.encode_boxes(boxes, anchors, weights=_WEIGHTS),
        near,
        encode,
    )
    yield _case(
        f"decode {len(anchors)} boxes",
        size,
        lambda: imgproc.decode_boxes(deltas, anchors, weights=_WEIGHTS),
        near,
        decode,
    )


def _encode(boxes: Array, anchors: Array) -> Array:
    sides, own = boxes[:, 2:] - boxes[:, :2], anchors[:, 2:] - anchors[:, :2]
    moved = (boxes[:, :2] + sides / 2 - anchors[:, :2] - own / 2) / own
    return np.concatenate([moved, np.log(sides / own)], axis=1) * np.array(_WEIGHTS, boxes.dtype)


def _decode(deltas: Array, anchors: Array) -> Array:
    steps, own = deltas / np.array(_WEIGHTS, deltas.dtype), anchors[:, 2:] - anchors[:, :2]
    centres = steps[:, :2] * own + anchors[:, :2] + own / 2
    halves = np.exp(np.minimum(steps[:, 2:], np.float32(np.log(1000 / 16)))) * own / 2
    return np.concatenate([centres - halves, centres + halves], axis=1)


def _overlaps(sizes: Array, anchors: Array) -> Array:
    inter = np.minimum(sizes[:, None], anchors).prod(axis=2)
    return inter / (sizes.prod(axis=1)[:, None] + anchors.prod(axis=1) - inter)


def _clusters(size: str, rng: np.random.Generator) -> Case:
    sizes = rng.gamma(1.5, SIZES[size][0] / 20, (100_000, 2)) + 2

    def by_numpy() -> Array:
        """The loop that YOLO projects use, until no size changes its anchor."""
        anchors = sizes[np.random.default_rng(0).choice(len(sizes), 9, replace=False)]
        before = np.full(len(sizes), -1)
        for _ in range(60):
            nearest = _overlaps(sizes, anchors).argmax(axis=1)
            if (nearest == before).all():
                break
            anchors = np.array([sizes[nearest == k].mean(axis=0) for k in range(9)])
            before = nearest
        return anchors

    def as_good(ours: Array, rival: Array) -> None:
        fits = [float(_overlaps(sizes, anchors).max(axis=1).mean()) for anchors in (ours, rival)]
        assert fits[0] > fits[1] - 0.005, f"mean IoU {fits[0]:.4f}, theirs {fits[1]:.4f}"

    return _case(
        "k-means, 9 of 100000 sizes",
        size,
        lambda: imgproc.kmeans_anchors(sizes, 9),
        as_good,
        {"numpy": by_numpy},
    )

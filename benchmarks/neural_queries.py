"""Decoders of queries: 100 queries of 150 classes and 384 × 384 samples, 83 of them sure, to an image of each size.

Regions cover the image, as those of networks do. transformers has rules of its own, which ours reproduce for
comparison; the rules of the papers are written down in torch as their authors did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import numpy as np

from imgproc.neural import (
    Geometry,
    decode_detr,
    decode_query_instances,
    decode_query_panoptic,
    decode_query_semantic,
)

from .harness import SIZES, Array, Case, Rule
from .rivals import load, version_of

QUERIES, SURE, CLASSES, SAMPLES, TOP = 100, 83, 150, 384, 100
STUFF = set(range(0, CLASSES, 3))

torch = load("torch")
transformers = load("transformers")


def cases(size: str) -> Iterator[Case]:
    if size == "4K":
        return
    outputs, geometry = regions(), Geometry.stretched(SIZES[size], (4 * SAMPLES, 4 * SAMPLES))
    yield _panoptic(size, outputs, geometry)
    yield _panoptic_of_transformers(size, outputs, geometry)
    yield _semantic(size, outputs, geometry)
    yield _semantic_of_transformers(size, outputs, geometry)
    yield _instances(size, outputs, geometry)
    if size == "512":
        yield _boxes(size)


def regions() -> dict[str, Array]:
    """Each query nearest to a middle of its own, with noise; the unsure ones have no mask."""
    rng = np.random.default_rng(12)
    y, x = np.mgrid[:SAMPLES, :SAMPLES].astype(np.float32)
    middles, shapes = rng.uniform(0, SAMPLES, (SURE, 2)), rng.uniform(0.5, 1.5, (SURE, 2))
    far = [np.hypot((y - cy) * sy, (x - cx) * sx) for (cy, cx), (sy, sx) in zip(middles, shapes, strict=True)]
    far = np.stack(far).astype(np.float32)
    near = np.partition(far, 1, axis=0)[:2]
    masks = np.full((QUERIES, SAMPLES, SAMPLES), -8, np.float32)
    masks[:SURE] = 0.7 * np.clip(np.where(far == near[0], near[1], near[0]) - far, -10, 10)
    masks += rng.normal(0, 0.3, masks.shape).astype(np.float32)
    classes = rng.normal(0, 1, (QUERIES, CLASSES + 1)).astype(np.float32)
    classes[np.arange(QUERIES), rng.integers(0, CLASSES, QUERIES)] += 10 + 3 * rng.random(QUERIES)
    classes[SURE:, CLASSES] += 16
    return {"class_queries_logits": classes[None], "masks_queries_logits": masks[None]}


def _few_differ(ours: Any, rival: Any) -> None:
    """Where two scores tie, roundings decide."""
    assert ours.shape == rival.shape
    share = np.count_nonzero(ours != rival) / ours.size
    assert share < 1e-4, f"{share:.4%} of the pixels differ"


def _case(
    name: str,
    size: str,
    outputs: dict[str, Array],
    ours: Callable[[], Any],
    rule: Rule,
    **rivals: Callable[[], Any],
) -> Case:
    height, width = SIZES[size]
    moved = outputs["masks_queries_logits"].nbytes + 4 * height * width
    named = {version_of(key): rival for key, rival in rivals.items() if load(key) is not None}
    return Case(f"{name}, {QUERIES} queries", size, height * width, ours, named, rule, moved)


def _tensors(outputs: dict[str, Array]) -> Any:
    return SimpleNamespace(**{name: torch.from_numpy(array) for name, array in outputs.items()})


def _processor(model: str, name: str) -> Any:
    kind = getattr(import_module(f"transformers.models.{model}.image_processing_pil_{model}"), name)
    return kind.__new__(kind)


def _large(outputs: dict[str, Array], shape: tuple[int, int]) -> Any:
    masks = torch.from_numpy(outputs["masks_queries_logits"])
    return torch.nn.functional.interpolate(masks, size=shape, mode="bilinear", align_corners=False)[0]


def _panoptic(size: str, outputs: dict[str, Array], geometry: Geometry) -> Case:
    def rival() -> Array:
        """The code of Mask2Former."""
        scores, labels = torch.from_numpy(outputs["class_queries_logits"])[0].softmax(-1).max(-1)
        kept = labels.ne(CLASSES) & (scores > 0.8)
        scores, labels = scores[kept], labels[kept]
        masks = _large(
            {"masks_queries_logits": outputs["masks_queries_logits"][:, kept.numpy()]}, SIZES[size]
        )
        masks = masks.sigmoid()
        winners = (scores.view(-1, 1, 1) * masks).argmax(0)
        ids, number, fused = torch.zeros(SIZES[size], dtype=torch.int32), 0, {}
        for at, label in enumerate(labels.tolist()):
            won, whole = winners == at, masks[at] >= 0.5
            held = won & whole
            if not held.sum().item() or won.sum().item() / whole.sum().item() < 0.8:
                continue
            if label in fused:
                ids[held] = fused[label]
                continue
            number += 1
            ids[held] = number
            if label in STUFF:
                fused[label] = number
        return ids.numpy()

    def ours() -> Array:
        return decode_query_panoptic(outputs, geometry, stuff_labels=STUFF)[0].ids

    return _case("panoptic map", size, outputs, ours, _few_differ, torch=rival)


def _panoptic_of_transformers(size: str, outputs: dict[str, Array], geometry: Geometry) -> Case:
    def rival() -> Array:
        found = _processor("maskformer", "MaskFormerImageProcessorPil").post_process_panoptic_segmentation(
            _tensors(outputs), threshold=0.8, label_ids_to_fuse=STUFF, target_sizes=[SIZES[size]]
        )
        return found[0]["segmentation"].numpy()

    def ours() -> Array:
        return decode_query_panoptic(outputs, geometry, stuff_labels=STUFF, semantics="transformers")[0].ids

    return _case("panoptic map, rule of transformers", size, outputs, ours, _few_differ, transformers=rival)


def _semantic(size: str, outputs: dict[str, Array], geometry: Geometry) -> Case:
    def rival() -> Array:
        """The code of MaskFormer."""
        chances = torch.from_numpy(outputs["class_queries_logits"])[0].softmax(-1)[:, :-1]
        return torch.einsum("qc,qhw->chw", chances, _large(outputs, SIZES[size]).sigmoid()).argmax(0).numpy()

    def ours() -> Array:
        return decode_query_semantic(outputs, geometry)[0]

    return _case("label map", size, outputs, ours, _few_differ, torch=rival)


def _semantic_of_transformers(size: str, outputs: dict[str, Array], geometry: Geometry) -> Case:
    def rival() -> Array:
        found = _processor("maskformer", "MaskFormerImageProcessorPil").post_process_semantic_segmentation(
            _tensors(outputs), target_sizes=[SIZES[size]]
        )
        return found[0].numpy()

    def ours() -> Array:
        return decode_query_semantic(outputs, geometry, semantics="transformers")[0]

    return _case("label map, rule of transformers", size, outputs, ours, _few_differ, transformers=rival)


def _instances(size: str, outputs: dict[str, Array], geometry: Geometry) -> Case:
    def rival() -> tuple[Array, Array]:
        """The code of Mask2Former."""
        chances = torch.from_numpy(outputs["class_queries_logits"])[0].softmax(-1)[:, :-1]
        scores, pairs = chances.flatten().topk(TOP)
        logits = _large(outputs, SIZES[size])[pairs // CLASSES]
        masks = (logits > 0).float()
        means = (logits.sigmoid().flatten(1) * masks.flatten(1)).sum(1) / (masks.flatten(1).sum(1) + 1e-6)
        return (scores * means).numpy(), masks.flatten(1).sum(1).numpy()

    def rule(ours: Any, rival: Any) -> None:
        scores, areas = rival
        order = np.argsort(-scores, kind="stable")[: len(ours)]
        np.testing.assert_allclose(ours.scores, scores[order], rtol=1e-4)
        np.testing.assert_allclose(np.sort(ours.masks.areas), np.sort(areas[order]), atol=3)

    def ours() -> Any:
        return decode_query_instances(outputs, geometry, max_output=TOP)[0]

    return _case("instances", size, outputs, ours, rule, torch=rival)


def _boxes(size: str) -> Case:
    """RT-DETR's head: 300 queries of 80 classes."""
    rng = np.random.default_rng(13)
    logits = rng.normal(-5, 2, (1, 300, 80)).astype(np.float32)
    boxes = rng.uniform(0, 1, (1, 300, 4)).astype(np.float32)
    outputs, geometry = {"logits": logits, "pred_boxes": boxes}, Geometry.stretched(SIZES[size], (640, 640))
    rivals: dict[str, Callable[[], Any]] = {}
    if transformers is not None:

        def rival() -> Array:
            found = _processor("rt_detr", "RTDetrImageProcessorPil").post_process_object_detection(
                _tensors(outputs), threshold=0.5, target_sizes=[SIZES[size]]
            )
            return found[0]["scores"].numpy()

        rivals[version_of("transformers")] = rival

    def ours() -> Array:
        return decode_detr(outputs, geometry, scores="sigmoid")[0].scores

    def rule(ours: Any, rival: Any) -> None:
        np.testing.assert_allclose(ours, rival, rtol=2e-6)

    return Case("RT-DETR boxes, 300 queries", size, logits.size, ours, rivals, rule, logits.nbytes)

"""Semantic maps and depth against the post-processing of transformers, and its networks from image to map."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from imgproc.neural import Geometry, decode_depth, decode_semantic

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")
torch.set_num_threads(1)

SHAPES = [(40, 61), (9, 8), (17, 100)]

SEMANTIC = [
    ("segformer", "SegformerImageProcessorPil"),  # UPerNet uses it too
    ("dpt", "DPTImageProcessorPil"),
    ("mobilevit", "MobileViTImageProcessorPil"),
    ("mobilenet_v2", "MobileNetV2ImageProcessorPil"),
    ("beit", "BeitImageProcessorPil"),
]
DEPTH = [
    ("dpt", "DPTImageProcessorPil"),
    ("glpn", "GLPNImageProcessorPil"),
    ("prompt_depth_anything", "PromptDepthAnythingImageProcessorPil"),
]


def processor(model: str, name: str) -> Any:
    """Without its settings, which post-processing does not read."""
    kind = getattr(import_module(f"transformers.models.{model}.image_processing_pil_{model}"), name)
    return kind.__new__(kind)


@pytest.mark.parametrize("model, name", SEMANTIC)
def test_semantic_maps(model: str, name: str) -> None:
    logits = np.random.default_rng(6).normal(size=(3, 7, 9, 8)).astype(np.float32)
    given = SimpleNamespace(logits=torch.from_numpy(logits))
    theirs = processor(model, name).post_process_semantic_segmentation(given, target_sizes=SHAPES)
    geometries = [Geometry.stretched(shape, (36, 32)) for shape in SHAPES]
    for semantics in ("transformers", "paper"):
        found = decode_semantic({"logits": logits}, geometries, semantics=semantics, score="margin")
        for (labels, margins), expected in zip(found, theirs, strict=True):
            # Rounding decides where the two largest are within 1e-5.
            assert margins[labels != expected.numpy()].max(initial=0) < 1e-5


@pytest.mark.parametrize("model, name", DEPTH)
def test_depth_maps(model: str, name: str) -> None:
    depth = np.random.default_rng(7).uniform(5, 9, (3, 9, 8)).astype(np.float32)
    given = SimpleNamespace(predicted_depth=torch.from_numpy(depth))
    theirs = processor(model, name).post_process_depth_estimation(given, target_sizes=SHAPES)
    geometries = [Geometry.stretched(shape, (36, 32)) for shape in SHAPES]
    for semantics in ("transformers", "paper"):
        found = decode_depth({"predicted_depth": depth}, geometries, semantics=semantics)
        for one, expected in zip(found, theirs, strict=True):
            np.testing.assert_allclose(one.depth, expected["predicted_depth"].numpy(), atol=3e-5)


def make(kind: str) -> Any:
    torch.manual_seed(8)
    if kind == "segformer":
        from transformers import SegformerConfig, SegformerForSemanticSegmentation

        config = SegformerConfig(
            depths=[1, 1, 1, 1], hidden_sizes=[8, 8, 16, 16], num_attention_heads=[1, 1, 2, 2],
            decoder_hidden_size=16, num_labels=6,
        )  # fmt: skip
        return SegformerForSemanticSegmentation(config)
    from transformers import GLPNConfig, GLPNForDepthEstimation

    config = GLPNConfig(
        depths=[1, 1, 1, 1],
        hidden_sizes=[8, 8, 16, 16],
        num_attention_heads=[1, 1, 2, 2],
        decoder_hidden_size=8,
    )
    return GLPNForDepthEstimation(config)


def run(net: Any, images: Any) -> dict[str, Any]:
    with torch.no_grad():
        given = net.eval()(images)
    return {name: array.numpy() for name, array in given.items() if isinstance(array, torch.Tensor)}


def test_segformer_from_image_to_labels() -> None:
    outputs = run(make("segformer"), torch.rand(1, 3, 64, 96))
    labels, margins = decode_semantic(outputs, Geometry.stretched((50, 70), (64, 96)), score="margin")[0]
    given = SimpleNamespace(logits=torch.from_numpy(outputs["logits"]))
    theirs = processor(*SEMANTIC[0]).post_process_semantic_segmentation(given, target_sizes=[(50, 70)])[0]
    assert margins[labels != theirs.numpy()].max(initial=0) < 1e-5


def test_glpn_from_image_to_depth() -> None:
    outputs = run(make("glpn"), torch.rand(1, 3, 64, 96))
    found = decode_depth(outputs, Geometry.stretched((50, 70), (64, 96)))[0]
    given = SimpleNamespace(predicted_depth=torch.from_numpy(outputs["predicted_depth"]))
    theirs = processor(*DEPTH[1]).post_process_depth_estimation(given, target_sizes=[(50, 70)])[0]
    assert found.valid is not None and found.valid.all()
    np.testing.assert_allclose(found.depth, theirs["predicted_depth"].numpy(), atol=1e-4)

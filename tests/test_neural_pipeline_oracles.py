"""Pipelines beside transformers from the picture to the result: small networks with random weights."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from imgproc.neural import Classifier, DepthEstimator, Detector, Segmenter

pytestmark = pytest.mark.torch

torch = pytest.importorskip("torch", reason="torch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")

SIZE = (70, 110)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """One thread, the same weights each time, and none of transformers' warnings, which are not ours to mend."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    torch.set_num_threads(threads)


@pytest.fixture
def image(rng: np.random.Generator) -> np.ndarray:
    """A smooth picture: what resizing does to it differs least between two that do it well."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    waves = [np.sin(x / 9 + k) * np.cos(y / (7 + k)) for k in range(3)]
    return (127 + 100 * np.stack(waves, axis=-1)).astype(np.uint8)


def processor(model: str, name: str, **settings: Any) -> Any:
    try:
        module = import_module(f"transformers.models.{model}.image_processing_pil_{model}")
    except ImportError as error:
        pytest.skip(f"transformers lacks {name}: {error}")
    return getattr(module, name)(**settings)


def run(model: Any, process: Any, image: np.ndarray) -> Any:
    with torch.no_grad():
        return model.eval()(**process(images=[image], return_tensors="pt"))


def small_resnet() -> Any:
    return transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic", out_features=["stage2"]
    )


@pytest.mark.parametrize("kind", ["detr", "conditional_detr"])
def test_boxes(kind: str, image: np.ndarray) -> None:
    name = "Detr" if kind == "detr" else "ConditionalDetr"
    config = getattr(transformers, f"{name}Config")(
        use_timm_backbone=False,
        use_pretrained_backbone=False,
        backbone=None,
        backbone_config=small_resnet(),
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        num_queries=12,
        num_labels=5,
    )
    model = getattr(transformers, f"{name}ForObjectDetection")(config)
    process = processor(kind, f"{name}ImageProcessorPil", size={"shortest_edge": 96, "longest_edge": 160})
    theirs = process.post_process_object_detection(
        run(model, process, image), threshold=0.0, target_sizes=[SIZE]
    )[0]
    sigmoid = kind != "detr"
    with Detector.from_preset(
        model,
        "deformable-detr" if sigmoid else "detr",
        size=96,
        input_name="pixel_values",
        score_threshold=0.0,
        max_output=100 if sigmoid else None,
    ) as detector:
        ours = detector(image)
    order = np.argsort(-theirs["scores"].numpy(), kind="stable")
    assert len(ours) == len(order) > 0
    np.testing.assert_allclose(ours.scores, theirs["scores"].numpy()[order], atol=2e-4)
    boxes = theirs["boxes"].numpy()[order].clip(0, [*SIZE[::-1], *SIZE[::-1]])
    np.testing.assert_allclose(ours.boxes, boxes, atol=0.1)
    assert (
        np.mean(ours.labels == theirs["labels"].numpy()[order]) > 0.9
    )  # of two scores alike either may come first


def test_labels(image: np.ndarray) -> None:
    config = transformers.SegformerConfig(
        depths=[1, 1, 1, 1],
        hidden_sizes=[8, 8, 16, 16],
        num_attention_heads=[1, 1, 2, 2],
        decoder_hidden_size=16,
        num_labels=6,
    )
    model = transformers.SegformerForSemanticSegmentation(config)
    with torch.no_grad():
        model.decode_head.classifier.weight.mul_(50)  # random weights leave all classes alike
    process = processor("segformer", "SegformerImageProcessorPil", size={"height": 64, "width": 96})
    theirs = process.post_process_semantic_segmentation(run(model, process, image), target_sizes=[SIZE])[0]
    ours = Segmenter.from_preset(model, "segformer", size=(64, 96), input_name="pixel_values")(image)
    assert ours.shape == SIZE
    assert np.mean(ours == theirs.numpy()) > 0.995


def test_depth(image: np.ndarray) -> None:
    config = transformers.GLPNConfig(
        depths=[1, 1, 1, 1],
        hidden_sizes=[8, 8, 16, 16],
        num_attention_heads=[1, 1, 2, 2],
        decoder_hidden_size=8,
        head_in_index=-1,
    )
    model = transformers.GLPNForDepthEstimation(config)
    process = processor("glpn", "GLPNImageProcessorPil")
    outputs = run(model, process, image)
    theirs = process.post_process_depth_estimation(outputs, target_sizes=[SIZE])[0]["predicted_depth"].numpy()
    ours = DepthEstimator.from_preset(model, "glpn", input_name="pixel_values")(image)
    assert ours.unit == "metric" and ours.shape == SIZE
    np.testing.assert_allclose(ours.depth, theirs.reshape(SIZE), atol=0.02)


def test_classes(image: np.ndarray) -> None:
    config = transformers.ViTConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        num_labels=7,
        image_size=32,
    )
    config.patch_size = 8
    model = transformers.ViTForImageClassification(config)
    process = processor("vit", "ViTImageProcessorPil", size={"height": 32, "width": 32})
    theirs = run(model, process, image).logits.softmax(-1)[0].numpy()
    ours = Classifier.from_preset(model, "vit", size=32, input_name="pixel_values", top_k=7)(image)
    np.testing.assert_allclose(ours.scores, np.sort(theirs)[::-1], atol=2e-4)
    assert ours.labels[0] == theirs.argmax()

"""Configurations of transformers: what their own processors of the Pillow backend make of images."""

from __future__ import annotations

import importlib
import json
from typing import Any

import numpy as np
import pytest

from imgproc.neural import Preprocess, from_processor_config
from imgproc.neural.processor_kinds import KINDS

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

EDGES = {"size": {"shortest_edge": 60, "longest_edge": 90}}
SQUARE = {"size": {"height": 40, "width": 56}}
CROP = {"size": {"shortest_edge": 40}, "crop_size": {"height": 32, "width": 36}}
# Small sizes for all, and other rules of a kind where it has several.
CASES: list[tuple[str, str, dict[str, Any]]] = [
    *(
        (module, "", EDGES)
        for module in ("detr", "conditional_detr", "deformable_detr", "grounding_dino", "yolos")
    ),
    *((module, "", EDGES) for module in ("maskformer", "mask2former", "oneformer", "eomt")),
    *(
        (module, "", SQUARE)
        for module in ("rt_detr", "vit", "beit", "segformer", "blip", "pvt", "siglip", "dpt")
    ),
    *((module, "", SQUARE) for module in ("owlvit", "efficientnet")),
    *((module, "", CROP) for module in ("clip", "bit", "mobilevit", "mobilenet_v1", "mobilenet_v2", "levit")),
    ("deit", "", {"size": {"height": 40, "width": 56}, "crop_size": {"height": 32, "width": 60}}),
    ("glpn", "", {}),
    ("sam", "", {"size": {"longest_edge": 72}, "pad_size": {"height": 72, "width": 72}}),
    ("convnext", "crop", {"size": {"shortest_edge": 40}}),
    ("convnext", "stretch", {"size": {"shortest_edge": 384}}),
    ("dpt", "multiples", {**SQUARE, "keep_aspect_ratio": True, "ensure_multiple_of": 14}),
    ("efficientnet", "shifted", {**SQUARE, "rescale_offset": True, "include_top": False}),
    ("eomt", "padded", {"size": {"shortest_edge": 60, "longest_edge": 60}, "do_pad": True}),
    ("mobilevit", "published", {"size": {"shortest_edge": 288}, "resample": 2}),
    ("detr", "fit", {"size": {"max_height": 50, "max_width": 70}}),
    ("detr", "unpadded", {**EDGES, "do_normalize": False, "rescale_factor": 1 / 127.5}),
    ("mask2former", "undivided", {**EDGES, "size_divisor": 0}),
    ("vit", "lanczos", {**SQUARE, "resample": 1}),
    ("vit", "unscaled", {**SQUARE, "do_rescale": False}),
    ("vit", "box", {**SQUARE, "resample": 4, "do_normalize": False}),
    ("clip", "uncropped", {"size": {"shortest_edge": 33}, "do_center_crop": False}),
]


def processor(module: str, changes: dict[str, Any]) -> Any:
    pytest.importorskip("transformers", reason="transformers is not installed: the extra neural-test has it")
    found = importlib.import_module(f"transformers.models.{module}.image_processing_pil_{module}")
    (kind,) = (
        kind
        for name, kind in vars(found).items()
        if name.endswith("ImageProcessorPil") and kind.__module__ == found.__name__
    )
    return kind(**changes)


def photograph(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Large shapes and fine grain."""
    coarse = rng.integers(0, 200, (-(-height // 16), -(-width // 16), 3)).repeat(16, 0).repeat(16, 1)
    return np.uint8(coarse[:height, :width] + rng.integers(0, 56, (height, width, 3)))


@pytest.mark.parametrize(
    ("module", "name", "changes"), CASES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_processors(module: str, name: str, changes: dict[str, Any], rng: np.random.Generator) -> None:
    """To the last digits: transformers scales in float64, and takes away and divides in float32, we in one step."""
    theirs = processor(module, changes)
    made = from_processor_config(json.loads(theirs.to_json_string()))
    for shape in ((70, 97), (150, 61), (64, 64), (40, 200)):
        image = photograph(rng, *shape)
        expected = np.asarray(theirs(images=[image], return_tensors="np")["pixel_values"])
        batch, _ = made(image)
        assert batch.shape == expected.shape
        np.testing.assert_allclose(batch, expected, atol=3e-7 * np.abs(expected).max() + 5e-7, rtol=0)


def test_defaults_are_theirs() -> None:
    """Of each kind that is read, with nothing said but the kind."""
    modules = {module for module, _, _ in CASES}
    seen = set()
    for module in modules:
        config = json.loads(processor(module, {}).to_json_string())
        kind = config["image_processor_type"]
        seen.add(kind)
        assert from_processor_config({"image_processor_type": kind}) == from_processor_config(config), kind
    assert seen == set(KINDS)


@pytest.mark.parametrize("module", ["detr", "yolos", "mask2former"])
def test_batches_are_padded_as_theirs(module: str, rng: np.random.Generator) -> None:
    theirs = processor(module, EDGES)
    images = [photograph(rng, 70, 97), photograph(rng, 150, 61)]
    found = theirs(images=images, return_tensors="np")
    batch, geometries = from_processor_config(json.loads(theirs.to_json_string()))(images)
    np.testing.assert_allclose(batch, found["pixel_values"], atol=1e-6)
    if module == "detr":
        for geometry, mask in zip(geometries, found["pixel_mask"], strict=True):
            x1, y1, x2, y2 = geometry.content()
            np.testing.assert_array_equal(np.argwhere(mask).max(axis=0) + 1, [round(y2), round(x2)])
            assert x1 == y1 == 0


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_exact_is_torchs(level: str, dtype: Any, rng: np.random.Generator) -> None:
    """``interpolate(mode="bilinear", antialias=False)``, whose shares of pixels are float32 from the start."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    for before, after in (((37, 53), (20, 64)), ((120, 97), (31, 40)), ((5, 4), (33, 65))):
        image = rng.integers(0, 256, (*before, 3), np.uint8)
        image = image if dtype == np.uint8 else image / np.float32(255)
        scale = 1 if dtype == np.uint8 else 1 / 255
        tensor = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))[None]).float()
        expected = torch.nn.functional.interpolate(
            tensor, after, mode="bilinear", align_corners=False
        ).numpy()
        batch, _ = Preprocess(after, resample="exact", scale=scale)(image)
        np.testing.assert_allclose(batch, expected, atol=expected.max() * 2e-5)

"""Configurations of checkpoints: what is read, and that nothing is left unread."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from imgproc.neural import (
    ModelFormatError,
    Preprocess,
    from_processor_config,
    from_timm_config,
    preset,
)
from imgproc.neural.processor_kinds import KINDS

USUAL: dict[str, Any] = {
    "do_normalize": True,
    "do_rescale": True,
    "do_resize": True,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
    "resample": 2,
    "rescale_factor": 1 / 255,
    "size": {"height": 64, "width": 48},
}
TIMM: dict[str, Any] = {"input_size": [3, 224, 224], "mean": [0.5, 0.4, 0.3], "std": [0.1, 0.2, 0.3]}
HALF = {"mean": 0.5, "std": 0.5}


@pytest.mark.parametrize("kind", list(KINDS))
def test_each_kind_has_its_defaults(kind: str) -> None:
    made = from_processor_config({"image_processor_type": kind})
    assert made.resample in ("pillow", "pillow_bicubic") and made.scale == 1 / 255
    for other in (f"{kind}Fast", kind.replace("ImageProcessor", "FeatureExtractor")):
        assert from_processor_config({"image_processor_type": other}) == made
    assert from_processor_config({"feature_extractor_type": kind, "processor_class": "Any"}) == made


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, Preprocess((64, 48), resample="pillow", **HALF)),
        ({"size": 32}, Preprocess(32, resample="pillow", **HALF)),
        ({"size": [32, 16], "resample": 3}, Preprocess((32, 16), resample="pillow_bicubic", **HALF)),
        ({"resample": 0}, Preprocess((64, 48), resample="nearest", **HALF)),
        (
            {"size": {"shortest_edge": 20}},
            Preprocess(20, policy="shortest_edge", rounding="torchvision", resample="pillow", **HALF),
        ),
        (
            {"size": {"shortest_edge": 20, "longest_edge": 30}, "do_pad": True},
            Preprocess(20, policy="shortest_edge", longest=30, resample="pillow", **HALF),
        ),
        (
            {"size": {"max_height": 20, "max_width": 30}},
            Preprocess((20, 30), policy="fit", resample="pillow", **HALF),
        ),
        (
            {"size": {"shortest_edge": 20}, "do_center_crop": True, "crop_size": 16},
            Preprocess(
                16, policy="crop", resize=20, rounding="transformers", pad=0, resample="pillow", **HALF
            ),
        ),
        (
            {"do_center_crop": True, "crop_size": {"height": 16, "width": 17}},
            Preprocess(
                (16, 17),
                policy="crop",
                resize=(64, 48),
                rounding="transformers",
                pad=0,
                resample="pillow",
                **HALF,
            ),
        ),
        ({"do_center_crop": False, "crop_size": 16}, Preprocess((64, 48), resample="pillow", **HALF)),
        ({"do_resize": False}, Preprocess(policy="pad_multiple", **HALF)),
        ({"do_normalize": False}, Preprocess((64, 48), resample="pillow")),
        ({"do_rescale": False, "do_normalize": None}, Preprocess((64, 48), resample="pillow", scale=1)),
        (
            {"do_flip_channel_order": True, "do_normalize": False},
            Preprocess((64, 48), resample="pillow", input_order="bgr"),
        ),
        (
            {"do_convert_rgb": True, "data_format": "channels_first", "max_size": None},
            Preprocess((64, 48), resample="pillow", **HALF),
        ),
    ],
)
def test_what_keys_mean(changes: dict[str, Any], expected: Preprocess) -> None:
    assert from_processor_config({**USUAL, **changes}) == expected


@pytest.mark.parametrize(
    ("kind", "changes", "expected"),
    [
        ("Detr", {"size": 400, "max_size": 600}, {"size": (400, 400), "longest": 600, "rounding": None}),
        (
            "Detr",
            {"size": {"shortest_edge": 400}, "max_size": 600},
            {"longest": None, "rounding": "torchvision"},
        ),
        ("MaskFormer", {"size_divisor": 16}, {"rounding": "mask2former", "multiple": 16}),
        ("Mask2Former", {"size_divisor": 0}, {"rounding": None, "multiple": 1}),
        ("Yolos", {}, {"rounding": "yolos", "multiple": 16}),
        ("ConvNext", {"size": {"shortest_edge": 224}}, {"policy": "crop", "resize": 256}),
        ("ConvNext", {"size": {"shortest_edge": 384}}, {"policy": "stretch", "size": (384, 384)}),
        ("Levit", {}, {"policy": "crop", "resize": 256}),
        (
            "DPT",
            {"keep_aspect_ratio": True, "ensure_multiple_of": 14},
            {"policy": "near_multiple", "multiple": 14},
        ),
        ("DPT", {"ensure_multiple_of": 100}, {"policy": "stretch", "size": (400, 400)}),
        ("GLPN", {"size": {"height": 1, "width": 1}}, {"policy": "floor_multiple", "multiple": 32}),
        ("EfficientNet", {"rescale_offset": True}, {"mean": (1.5,) * 3, "std": (0.25,) * 3}),
        ("EfficientNet", {"include_top": False}, {"mean": (0.5,) * 3, "std": (0.5,) * 3}),
    ],
)
def test_rules_of_kinds(kind: str, changes: dict[str, Any], expected: dict[str, Any]) -> None:
    made = from_processor_config({"image_processor_type": f"{kind}ImageProcessor", **changes})
    assert {name: getattr(made, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"image_processor_type": "ZoeDepthImageProcessor"},
            r"config\['image_processor_type'\] must be one of .*'ZoeDepth",
        ),
        ({"zoom": 2, "blur": 1}, "config must be one of known keys alone, got blur, zoom"),
        ({"size_divisor": 32}, r"config\['size_divisor'\] must be off, for this kind"),
        ({"pad_size": {"height": 9, "width": 9}}, r"config\['pad_size'\] must be off"),
        ({"do_split_image": True}, r"config\['do_split_image'\] must be off"),
        ({"rescale_offset": True}, "config must be one of known keys alone, got rescale_offset"),
        ({"resample": 6}, r"config\['resample'\] must be a number from 0 to 5, got 6"),
        ({"resample": None}, "config must be one with the key 'resample', got none"),
        ({"size": None}, "config must be one with the key 'size', got none"),
        ({"size": {"height": 9}}, r"config\['size'\] must be of height and width, .*, got height"),
        ({"size": {"height": 9, "width": 0}}, r"config\['size'\] must be of integers from 1"),
        ({"size": {"height": 9, "width": 9, "depth": 9}}, r"config\['size'\] must be of height and width"),
        ({"size": "large"}, r"config\['size'\] must be a length, a pair, or an object"),
        ({"do_center_crop": True}, "config must be one with the key 'crop_size'"),
        ({"do_center_crop": True, "do_resize": False}, r"config\['do_center_crop'\] must be off"),
        (
            {"do_center_crop": True, "crop_size": 8, "size": {"shortest_edge": 9, "longest_edge": 12}},
            r"config\['size'\] must be of height and width or of shortest_edge, before a crop",
        ),
        (
            {"do_flip_channel_order": True},
            r"config\['do_flip_channel_order'\] must be off where do_normalize",
        ),
        ({"do_normalize": "yes"}, r"config\['do_normalize'\] must be true or false"),
        ({"image_mean": None}, "config must be one with the key 'image_mean'"),
        ({"rescale_factor": "1/255"}, r"config\['rescale_factor'\] must be a finite number"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^from_processor_config: {sentence}"):
        from_processor_config({**USUAL, **changes})


def test_eomt_pads_to_a_square() -> None:
    config = {"image_processor_type": "EomtImageProcessor", "do_pad": True}
    made = from_processor_config(config)
    assert [one.input_shape for one in made.geometries([(480, 640), (700, 300)])] == [(640, 640)] * 2
    sizes = {"shortest_edge": 40, "longest_edge": 60}
    with pytest.raises(
        ValueError, match=r"config\['size'\] must be of a shortest_edge and longest_edge that are eq"
    ):
        from_processor_config({**config, "size": sizes})


def test_files(tmp_path: Path) -> None:
    file = tmp_path / "preprocessor_config.json"
    file.write_text(json.dumps(USUAL))
    expected = Preprocess((64, 48), resample="pillow", image_order="bgr", **HALF)
    for place in (file, tmp_path, str(file)):
        assert from_processor_config(place, image_order="bgr") == expected
    for content, got in (
        (b"[1]", "got list"),
        (b"{", "got Expecting"),
        (b"\xff{}", "got 'utf-8' codec"),
        (b"[" * 100_000, "got maximum recursion|got Recursion|got .*"),
        (b" " * (1 << 21), "got a larger file"),
    ):
        file.write_bytes(content)
        with pytest.raises(
            ModelFormatError, match=f"^from_processor_config: config must be a JSON object .*{got}"
        ):
            from_processor_config(tmp_path)
    with pytest.raises(FileNotFoundError):
        from_processor_config(tmp_path / "absent.json")
    with pytest.raises(TypeError, match=r"^from_processor_config: config must be a mapping or a path, got 5"):
        from_processor_config(5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "kind", "more"),
    [
        ("beit", "Beit", {}),
        ("detr", "Detr", {}),
        ("eomt", "Eomt", {"do_pad": True}),
        (
            "mobilevit",
            "MobileViT",
            {"size": {"shortest_edge": 288}, "crop_size": {"height": 256, "width": 256}, "resample": 2},
        ),
        ("vit", "ViT", {}),
        ("yolos", "Yolos", {}),
    ],
)
def test_presets_are_what_checkpoints_come_with(name: str, kind: str, more: dict[str, Any]) -> None:
    assert preset(name) == from_processor_config({"image_processor_type": f"{kind}ImageProcessor", **more})


def test_timm() -> None:
    normal = {"mean": (0.5, 0.4, 0.3), "std": (0.1, 0.2, 0.3), "pad": 0}
    expected = Preprocess(224, policy="crop", resize=256, resample="pillow_bicubic", **normal)
    assert from_timm_config(TIMM) == expected
    assert (
        from_timm_config({**TIMM, "architecture": "resnet50", "num_classes": 10, "crop_mode": None})
        == expected
    )
    squashed = from_timm_config({**TIMM, "input_size": (3, 200, 100), "crop_mode": "squash", "crop_pct": 0.9})
    assert squashed.resize == (222, 111) and squashed.size == (200, 100)
    assert from_timm_config({**TIMM, "interpolation": "bilinear"}).resample == "pillow"
    gray = from_timm_config({"input_size": (1, 28, 28), "mean": (0.1,), "std": (0.3,)}, layout="nhwc")
    assert gray.channels == 1 and gray.layout == "nhwc"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"input_size": None}, "config must be one with the key 'input_size'"),
        ({"input_size": (224, 224)}, r"config\['input_size'\] must be of three lengths"),
        ({"input_size": (3, 224, 200)}, r"config\['crop_mode'\] must be \"center\", for square inputs"),
        ({"crop_mode": "border"}, r"config\['crop_mode'\] must be"),
        ({"interpolation": "random"}, r"config\['interpolation'\] must be one of nearest, bilinear, bicubic"),
        ({"crop_pct": 1.2}, r"config\['crop_pct'\] must be a number > 0 and <= 1"),
        ({"std": None}, "config must be one with the key 'std'"),
        ({"flip": True}, "config must be one of known keys alone, got flip"),
    ],
)
def test_what_timm_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^from_timm_config: {sentence}"):
        from_timm_config({**TIMM, **changes})
    with pytest.raises(TypeError, match=r"^from_timm_config: config must be a mapping"):
        from_timm_config("resnet50")  # type: ignore[arg-type]

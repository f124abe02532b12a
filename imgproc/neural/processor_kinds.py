"""transformers' image processors: what they take where a configuration is silent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ALL = {"do_resize": True, "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True}
_IMAGENET = {"image_mean": (0.485, 0.456, 0.406), "image_std": (0.229, 0.224, 0.225)}
_HALF = {"image_mean": (0.5, 0.5, 0.5), "image_std": (0.5, 0.5, 0.5)}
_CLIP = {
    "image_mean": (0.48145466, 0.4578275, 0.40821073),
    "image_std": (0.26862954, 0.26130258, 0.27577711),
}
_BILINEAR, _BICUBIC = {"resample": 2}, {"resample": 3}
_EDGES = {"size": {"shortest_edge": 800, "longest_edge": 1333}}


def _square(length: int) -> dict[str, Any]:
    return {"size": {"height": length, "width": length}}


def _crop(edge: int, length: int) -> dict[str, Any]:
    return {"size": {"shortest_edge": edge}, "do_center_crop": True, "crop_size": _square(length)["size"]}


_DETR = {**_ALL, **_IMAGENET, **_BILINEAR, **_EDGES}

KINDS: Mapping[str, tuple[Mapping[str, Any], bool]] = {
    "BeitImageProcessor": ({**_ALL, **_HALF, **_BICUBIC, **_square(224), "crop_size": 224}, True),
    "BitImageProcessor": ({**_ALL, **_CLIP, **_BICUBIC, **_crop(224, 224)}, False),
    "BlipImageProcessor": ({**_ALL, **_CLIP, **_BICUBIC, **_square(384)}, True),
    "CLIPImageProcessor": ({**_ALL, **_CLIP, **_BICUBIC, **_crop(224, 224)}, False),
    "ConditionalDetrImageProcessor": (_DETR, False),
    "ConvNextImageProcessor": (
        {**_ALL, **_HALF, **_BICUBIC, "size": {"shortest_edge": 384}, "crop_pct": 224 / 256},
        False,
    ),
    "DPTImageProcessor": ({**_ALL, **_HALF, **_BICUBIC, **_square(384)}, True),
    "DeformableDetrImageProcessor": (_DETR, False),
    "DeiTImageProcessor": (
        {**_ALL, **_HALF, **_BICUBIC, **_square(256), "do_center_crop": True, "crop_size": 224},
        True,
    ),
    "DetrImageProcessor": (_DETR, False),
    "EfficientNetImageProcessor": (
        {**_ALL, **_HALF, **_BICUBIC, **_square(346), "crop_size": 289, "include_top": True},
        True,
    ),
    "EomtImageProcessor": ({**_DETR, "size": {"shortest_edge": 640, "longest_edge": 640}}, False),
    "GLPNImageProcessor": ({**_ALL, **_BILINEAR, "do_normalize": False, "size_divisor": 32}, True),
    "GroundingDinoImageProcessor": (_DETR, False),
    "LevitImageProcessor": ({**_ALL, **_IMAGENET, **_BICUBIC, **_crop(224, 224)}, False),
    "Mask2FormerImageProcessor": ({**_DETR, "size_divisor": 32}, False),
    "MaskFormerImageProcessor": ({**_DETR, "size_divisor": 32}, False),
    "MobileNetV1ImageProcessor": ({**_ALL, **_HALF, **_BILINEAR, **_crop(256, 224)}, False),
    "MobileNetV2ImageProcessor": ({**_ALL, **_HALF, **_BILINEAR, **_crop(256, 224)}, False),
    "MobileViTImageProcessor": (
        {
            **_ALL,
            **_HALF,
            **_BICUBIC,
            **_crop(224, 256),
            "do_normalize": False,
            "do_flip_channel_order": True,
        },
        False,
    ),
    "OneFormerImageProcessor": (_DETR, False),
    "OwlViTImageProcessor": ({**_ALL, **_CLIP, **_BICUBIC, **_square(768), "crop_size": 768}, True),
    "PvtImageProcessor": ({**_ALL, **_IMAGENET, **_BICUBIC, **_square(224)}, True),
    "RTDetrImageProcessor": (
        {**_ALL, **_IMAGENET, **_BILINEAR, **_square(640), "do_normalize": False},
        False,
    ),
    "SamImageProcessor": (
        {
            **_ALL,
            **_IMAGENET,
            **_BILINEAR,
            "size": {"longest_edge": 1024},
            "do_pad": True,
            "pad_size": {"height": 1024, "width": 1024},
        },
        True,
    ),
    "SegformerImageProcessor": ({**_ALL, **_IMAGENET, **_BILINEAR, **_square(512)}, True),
    "SiglipImageProcessor": ({**_ALL, **_HALF, **_BICUBIC, **_square(224)}, False),
    "ViTImageProcessor": ({**_ALL, **_HALF, **_BILINEAR, **_square(224)}, True),
    "YolosImageProcessor": (_DETR, False),
}
"""By kind: the defaults of transformers 5, and whether one length as ``size`` is both sides or the shorter one."""

WITHOUT_EFFECT = frozenset(
    (
        *(
            "_processor_class",
            "_valid_processor_keys",
            "auto_map",
            "class_info_file",
            "data_format",
            "device",
        ),
        *("disable_grouping", "do_convert_annotations", "do_convert_rgb", "do_reduce_labels", "format"),
        *("feature_extractor_type", "ignore_index", "image_processor_type", "input_data_format", "metadata"),
        *("model_input_names", "num_labels", "num_text", "processor_class", "reduce_labels", "repo_path"),
        "return_tensors",
    )
)
"""Keys that do not bear on the pixels of a model's input."""

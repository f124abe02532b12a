"""What well-known models are fed, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from .._core.parameters import Choice
from .preprocess import Preprocess

_IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
_HALF = {"mean": 0.5, "std": 0.5}
_CLIP = {"mean": (0.48145466, 0.4578275, 0.40821073), "std": (0.26862954, 0.26130258, 0.27577711)}
_DETR = {"size": 800, "policy": "shortest_edge", "longest": 1333, "resample": "pillow", **_IMAGENET}

PRESETS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        # Classifiers: torchvision's, and those of transformers.
        "imagenet": {
            "size": 224,
            "policy": "crop",
            "resize": 256,
            "resample": "pillow",
            "pad": 0,
            **_IMAGENET,
        },
        "clip": {
            "size": 224,
            "policy": "crop",
            "resample": "pillow_bicubic",
            "rounding": "transformers",
            "pad": 0,
            **_CLIP,
        },
        "vit": {"size": 224, "resample": "pillow", **_HALF},
        "beit": {"size": 224, "resample": "pillow_bicubic", **_HALF},
        "mobilevit": {
            "size": 256,
            "policy": "crop",
            "resize": 288,
            "resample": "pillow",
            "rounding": "transformers",
            "pad": 0,
            "input_order": "bgr",
        },
        # Boxes from queries (transformers).
        "detr": _DETR,
        "yolos": {**_DETR, "rounding": "yolos", "multiple": 16},
        "rt_detr": {"size": 640, "resample": "pillow"},
        # Boxes from grids: the ultralytics family, YOLOX, YOLOv3 of its paper.
        "yolo": {"size": 640, "policy": "letterbox", "pad": 114},
        "yolox": {
            "size": 640,
            "policy": "letterbox",
            "align": "top_left",
            "rounding": "down",
            "pad": 114,
            "scale": 1,
            "input_order": "bgr",
        },
        "yolov3": {"size": 416, "policy": "letterbox", "rounding": "down", "pad": 127.5},
        # torchvision's GeneralizedRCNNTransform: R-CNN, RetinaNet and FCOS, SSD, SSDlite.
        "torchvision_detection": {
            "size": 800,
            "policy": "shortest_edge",
            "longest": 1333,
            "multiple": 32,
            "rounding": "rcnn",
            "resample": "exact",
            **_IMAGENET,
        },
        "ssd300": {"size": 300, "resample": "exact", "mean": (0.48235, 0.45882, 0.40784), "std": 1 / 255},
        "ssdlite": {"size": 320, "resample": "exact", **_HALF},
        # effdet's, D0; the padding has the mean colour.
        "efficientdet": {
            "size": 512,
            "policy": "letterbox",
            "align": "top_left",
            "rounding": "down",
            "resample": "pillow",
            **_IMAGENET,
        },
        # Regions (torchvision's reference transforms; transformers).
        "torchvision_segmentation": {
            "size": 520,
            "policy": "shortest_edge",
            "rounding": "torchvision",
            "resample": "pillow",
            **_IMAGENET,
        },
        "segformer": {"size": 512, "resample": "pillow", **_IMAGENET},
        "maskformer": {**_DETR, "rounding": "mask2former", "multiple": 32},
        "mask2former": {**_DETR, "rounding": "mask2former", "multiple": 32},
        "oneformer": _DETR,
        # A square, whose side is all three numbers.
        "eomt": {**_DETR, "size": 640, "longest": 640, "multiple": 640, "pad": 0},
        "sam": {
            "size": 1024,
            "policy": "letterbox",
            "align": "top_left",
            "rounding": "half_up",
            "resample": "pillow",
            **_IMAGENET,
        },
        # Depth (transformers).
        "dpt": {"size": 384, "resample": "pillow_bicubic", **_HALF},
        "depth_anything": {
            "size": 518,
            "policy": "near_multiple",
            "multiple": 14,
            "resample": "pillow_bicubic",
            **_IMAGENET,
        },
        "glpn": {"policy": "floor_multiple", "multiple": 32, "resample": "pillow"},
    }
)
"""By name, the parameters of `Preprocess`."""


def preset(name: str, **changes: Any) -> Preprocess:
    """The `Preprocess` of a well-known model.

    Parameters
    ----------
    name : str
        A key of ``PRESETS``.
    **changes
        Parameters of `Preprocess` that take the place of the preset's, such as ``size=1280`` or ``image_order="bgr"``.

    Returns
    -------
    Preprocess
        Made of the entry in the table, which is plain data to read and copy.

    Raises
    ------
    TypeError, ValueError
        An unknown name, or parameters that `Preprocess` refuses.

    Notes
    -----
    A checkpoint may have been trained otherwise than the family's usual way; its own configuration, where it has one,
    goes before a preset: `from_processor_config`, `from_timm_config`.

    Examples
    --------
    >>> from imgproc.neural import preset
    >>> preset("detr").geometries([(480, 640)])[0].input_shape
    (800, 1066)
    >>> preset("yolo", size=320).size
    (320, 320)
    """
    name = Choice(tuple(PRESETS)).check("preset", "name", name)
    return Preprocess(**{**PRESETS[name], **changes})

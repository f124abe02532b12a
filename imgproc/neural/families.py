"""Families of networks: what goes before and after each, by a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from .._core.errors import wrong_value
from .._core.parameters import Choice
from .preprocess import Preprocess
from .presets import preset

if TYPE_CHECKING:
    from .model import Model
    from .pipeline import Pipeline

Kind = TypeVar("Kind", bound="Pipeline[Any]")

Size = int | tuple[int, int]


@dataclass(frozen=True)
class Family:
    """Networks that are fed and read alike.

    Attributes
    ----------
    name, task : str
        What it is called, and what it does.
    summary : str
        Which networks these are.
    fed : str
        The preset of `Preprocess`.
    decoder : str
        The function of `imgproc.neural` that reads their outputs.
    parameters : dict
        Of the decoder, where they are not its defaults.
    changes : dict
        Of the preset.
    """

    name: str
    task: str
    summary: str
    fed: str
    decoder: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    changes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def decode(self) -> Callable[..., Any]:
        """The decoder."""
        function: Callable[..., Any] = getattr(import_module(__package__ or ""), self.decoder)
        return function

    @property
    def preprocess(self) -> Preprocess:
        """What their images go through, at the size they are known for."""
        return preset(self.fed, **self.changes)

    def sized(self, model: Model, size: Size | None) -> Preprocess:
        """Its preprocessing at a size; by default at the one that the model's input has, where that is fixed."""
        before = self.preprocess
        if size is None:
            shape = model.inputs[0].shape if model.inputs else None
            if shape is None or len(shape) != 4:
                return before
            height, width = shape[2:] if before.layout == "nchw" else shape[1:3]
            if not isinstance(height, int) or not isinstance(width, int):
                return before
            size = (height, width)
            if before.policy not in ("stretch", "letterbox", "crop"):
                # The shape of the image is kept, as these do, but in an input that does not follow it.
                return replace(
                    before,
                    policy="letterbox",
                    size=size,
                    align="top_left",
                    longest=None,
                    multiple=1,
                    rounding=None,
                )
        if before.size is None:
            raise wrong_value(self.name, "size", "left out: images keep theirs", size)
        if before.policy == "crop" and isinstance(before.resize, int) and isinstance(before.size, tuple):
            # The share that is cropped stays.
            least = min(size) if isinstance(size, tuple) else size
            return replace(before, size=size, resize=round(before.resize * least / min(before.size)))
        if before.policy == "shortest_edge" and before.longest is not None and isinstance(size, int):
            assert isinstance(before.size, tuple)
            edge = min(before.size)
            multiple = size if before.multiple == edge else before.multiple  # a square stays one
            longest = round(before.longest * size / edge)
            return replace(before, size=size, longest=longest, multiple=multiple)
        return replace(before, size=size)

    def pipeline(self, kind: type[Kind], model: Model, *, size: Size | None = None, **options: Any) -> Kind:
        """A model with what goes before and after it; ``options`` of the pipeline and of the decoder."""
        return kind(model, self.sized(model, size), self.decode, **{**self.parameters, **options})


def families(task: str) -> list[Family]:
    """All that there are for a task."""
    return [family for family in FAMILIES if family.task == task]


def same_name(name: str) -> str:
    """A name as it is compared: rt-detr, rt_detr and RTDETR are one."""
    return name.lower().replace("-", "").replace("_", "")


def family_of(function: str, task: str, name: object) -> Family:
    """The one of a name."""
    known = {same_name(family.name): family for family in families(task)}
    if isinstance(name, str) and same_name(name) in known:
        return known[same_name(name)]
    Choice(tuple(family.name for family in known.values())).check(function, "preset", name)
    raise AssertionError  # a known name is found above


_SIGMOID = {"scores": "sigmoid"}
_TORCHVISION = {"semantics": "torchvision"}
_RELATIVE = {"unit": "relative"}
_AS_IT_IS = {"policy": "pad_multiple", "size": None, "multiple": 1}

FAMILIES = (
    Family(
        "boxes",
        "detect",
        "networks that give boxes, scores and labels themselves",
        "rt_detr",
        "decode_given_boxes",
    ),
    Family(
        "fasterrcnn",
        "detect",
        "Faster R-CNN, RetinaNet, FCOS and SSD of torchvision, exported whole",
        "rt_detr",
        "decode_given_boxes",
        {"score_threshold": 0.05},
        _AS_IT_IS,
    ),
    Family("yolo", "detect", "YOLOv8, 9, 11 and 12", "yolo", "decode_yolo"),
    Family("yolo-raw", "detect", "YOLOv8, 9, 11 and 12's raw heads", "yolo", "decode_dfl"),
    Family("yolo-masks", "detect", "YOLO for segmentation, with masks", "yolo", "decode_yolo_masks"),
    Family("yolo-points", "detect", "YOLO for poses, with keypoints", "yolo", "decode_yolo_points"),
    Family("yolov5", "detect", "YOLOv5 and 7", "yolo", "decode_yolo", {"layout": "objectness"}),
    Family(
        "yolov10",
        "detect",
        "YOLOv10 and exports with suppression",
        "yolo",
        "decode_yolo",
        {"layout": "end-to-end"},
    ),
    Family("yolox", "detect", "YOLOX with decoded boxes", "yolox", "decode_yolo", {"layout": "objectness"}),
    Family("yolov3", "detect", "YOLOv3's raw heads", "yolov3", "decode_yolov3"),
    Family("yolov1", "detect", "the first YOLO's grid", "rt_detr", "decode_yolov1", {}, {"size": 448}),
    Family(
        "retinanet",
        "detect",
        "RetinaNet's raw heads",
        "torchvision_detection",
        "decode_retinanet",
        _TORCHVISION,
    ),
    Family("fcos", "detect", "FCOS' raw heads", "torchvision_detection", "decode_fcos", _TORCHVISION),
    Family("ssd", "detect", "SSD300's raw heads", "ssd300", "decode_ssd"),
    Family("ssdlite", "detect", "SSDlite's raw heads", "ssdlite", "decode_ssd"),
    Family("efficientdet", "detect", "EfficientDet's raw heads", "efficientdet", "decode_efficientdet"),
    Family(
        "centernet",
        "detect",
        "CenterNet's heads",
        "yolo",
        "decode_centernet",
        {"score_threshold": 0.3},
        # Colours and their spread as its authors have them, in the order of OpenCV.
        {
            "size": 512,
            "pad": None,
            "input_order": "bgr",
            "mean": (0.408, 0.447, 0.470),
            "std": (0.289, 0.274, 0.278),
        },
    ),
    Family("detr", "detect", "DETR", "detr", "decode_detr"),
    Family("yolos", "detect", "YOLOS", "yolos", "decode_detr"),
    Family(
        "deformable-detr", "detect", "Deformable, Conditional and DAB-DETR", "detr", "decode_detr", _SIGMOID
    ),
    Family("rt-detr", "detect", "RT-DETR and D-FINE", "rt_detr", "decode_detr", _SIGMOID),
    Family(
        "mask2former-instances",
        "detect",
        "Mask2Former and MaskFormer, with masks",
        "mask2former",
        "decode_query_instances",
        {"score_threshold": 0.5},
    ),
    Family(
        "eomt-instances",
        "detect",
        "EoMT, with masks",
        "eomt",
        "decode_query_instances",
        {"score_threshold": 0.5},
    ),
    Family("segformer", "segment", "SegFormer, UPerNet, images stretched", "segformer", "decode_semantic"),
    Family("deeplab", "segment", "DeepLab, FCN, LRASPP", "torchvision_segmentation", "decode_semantic"),
    Family(
        "unet",
        "segment",
        "U-Net and others that take images of any size",
        "segformer",
        "decode_semantic",
        {},
        {"policy": "pad_multiple", "size": None, "multiple": 32},
    ),
    Family("maskformer", "segment", "MaskFormer, semantic", "maskformer", "decode_query_semantic"),
    Family("mask2former", "segment", "Mask2Former, semantic", "mask2former", "decode_query_semantic"),
    Family("oneformer", "segment", "OneFormer, semantic", "oneformer", "decode_query_semantic"),
    Family("maskformer-panoptic", "segment", "MaskFormer, panoptic", "maskformer", "decode_query_panoptic"),
    Family(
        "mask2former-panoptic", "segment", "Mask2Former, panoptic", "mask2former", "decode_query_panoptic"
    ),
    Family("oneformer-panoptic", "segment", "OneFormer, panoptic", "oneformer", "decode_query_panoptic"),
    Family("eomt-panoptic", "segment", "EoMT, panoptic", "eomt", "decode_query_panoptic"),
    Family(
        "dpt", "depth", "DPT, MiDaS: inverse, of unknown scale and shift", "dpt", "decode_depth", _RELATIVE
    ),
    Family(
        "depth-anything", "depth", "Depth Anything, likewise", "depth_anything", "decode_depth", _RELATIVE
    ),
    Family("glpn", "depth", "GLPN: metres", "glpn", "decode_depth"),
    Family(
        "imagenet",
        "classify",
        "ResNet, ConvNeXt and others of torchvision and timm",
        "imagenet",
        "decode_classes",
    ),
    Family("vit", "classify", "ViT, DeiT: images stretched, levels from -1 to 1", "vit", "decode_classes"),
    Family("beit", "classify", "BEiT: likewise, by cubics", "beit", "decode_classes"),
    Family(
        "mobilevit", "classify", "MobileViT: blue first, levels from 0 to 1", "mobilevit", "decode_classes"
    ),
)

"""transformers' image processors: their rules of sizes and levels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._core.errors import Got
from .config_reader import ConfigReader

# By Pillow's numbers.
_RESAMPLE = ("nearest", "pillow_lanczos", "pillow", "pillow_bicubic", "pillow_box", "pillow_hamming")


def levels(reader: ConfigReader) -> dict[str, Any]:
    """Of resampling, scale and normalisation."""
    parameters: dict[str, Any] = {"scale": 1.0}
    if reader.get("do_resize", True):
        code = reader.need("resample")
        if isinstance(code, bool) or not isinstance(code, int) or not 0 <= code < len(_RESAMPLE):
            raise reader.wrong("resample", "a number from 0 to 5", code)
        parameters["resample"] = _RESAMPLE[code]
    rescale, factor = reader.flag("do_rescale"), reader.number("rescale_factor", 1 / 255)
    if rescale:
        parameters["scale"] = factor
    normalize = reader.flag("do_normalize")
    if normalize:
        parameters["mean"], parameters["std"] = reader.triple("image_mean"), reader.triple("image_std")
    for key in ("image_mean", "image_std", "resample"):  # not needed where that is off
        reader.get(key)
    if reader.flag("do_flip_channel_order"):
        if normalize:
            raise reader.wrong("do_flip_channel_order", "off where do_normalize is on", True)
        parameters["input_order"] = "bgr"
    return parameters


def levels_twice(reader: ConfigReader, parameters: dict[str, Any]) -> dict[str, Any]:
    """EfficientNet, which may take 1 away after scaling, and divide by the deviation once more."""
    mean, std = parameters.get("mean", (0.0,) * 3), parameters.get("std", (1.0,) * 3)
    if reader.flag("rescale_offset"):
        mean = tuple(number + 1 for number in mean)
    if reader.flag("include_top"):
        std = tuple(a * b for a, b in zip(std, reader.triple("image_std"), strict=True))
    return {"mean": mean, "std": std}


def sizes(reader: ConfigReader, name: str, square: bool) -> dict[str, Any]:
    """Of policy and size."""
    rule = _RULES.get(name, _usual)
    if not reader.get("do_resize", True):
        for key in (
            "size",
            "max_size",
            "crop_pct",
            "crop_size",
            "keep_aspect_ratio",
            "ensure_multiple_of",
            "size_divisor",
        ):
            reader.get(key)
        reader.get("do_pad")
        reader.off("do_center_crop", "images are not cropped without having been resized")
        reader.off("pad_size", "inputs are as large as the largest image of a batch")
        return {"policy": "pad_multiple"}
    return rule(reader, square)


def _usual(reader: ConfigReader, square: bool) -> dict[str, Any]:
    sides = reader.sides("size", square)
    longest = reader.get("max_size")
    if longest is not None and set(sides) == {"shortest_edge"} and isinstance(reader.values["size"], int):
        sides["longest_edge"] = reader.length("max_size", longest)
    crop = reader.flag("do_center_crop")
    target = reader.sides("crop_size", True) if crop else {}
    reader.get("crop_size")
    reader.get("do_pad")
    reader.off("pad_size", "inputs are as large as the largest image of a batch")
    reader.off("size_divisor", "this kind of processor does not read it")
    names = set(sides)
    if crop:
        if set(target) != {"height", "width"}:
            raise reader.wrong("crop_size", "of height and width", target)
        resize: Any = (
            (sides["height"], sides["width"]) if names == {"height", "width"} else sides.get("shortest_edge")
        )
        if resize is None or names not in ({"height", "width"}, {"shortest_edge"}):
            raise reader.wrong("size", "of height and width or of shortest_edge, before a crop", sides)
        return _cropped((target["height"], target["width"]), resize)
    if names == {"height", "width"}:
        return {"size": (sides["height"], sides["width"])}
    if names == {"shortest_edge", "longest_edge"}:
        return {"policy": "shortest_edge", "size": sides["shortest_edge"], "longest": sides["longest_edge"]}
    if names == {"shortest_edge"}:
        return {"policy": "shortest_edge", "size": sides["shortest_edge"], "rounding": "torchvision"}
    if names == {"max_height", "max_width"}:
        return {"policy": "fit", "size": (sides["max_height"], sides["max_width"])}
    must = "of height and width, shortest_edge (and longest_edge), or max_height and max_width"
    raise reader.wrong("size", must, Got(", ".join(sorted(names)) or "nothing"))


def _cropped(size: tuple[int, int], resize: int | tuple[int, int]) -> dict[str, Any]:
    return {"policy": "crop", "size": size, "resize": resize, "rounding": "transformers", "pad": 0}


def _divided(reader: ConfigReader, square: bool) -> dict[str, Any]:
    """MaskFormer and Mask2Former: both sides made up to multiples by stretching."""
    divisor = reader.get("size_divisibility", reader.get("size_divisor", 0))
    reader.values.pop("size_divisor", None)
    reader.unread.discard("size_divisor")
    parameters = _usual(reader, square)
    if not divisor:
        return parameters
    if parameters.get("policy") != "shortest_edge" or "longest" not in parameters:
        raise reader.wrong(
            "size", "of shortest_edge and longest_edge beside size_divisor", reader.values["size"]
        )
    return {**parameters, "rounding": "mask2former", "multiple": reader.length("size_divisor", divisor)}


def _yolos(reader: ConfigReader, square: bool) -> dict[str, Any]:
    parameters = _usual(reader, square)
    if "longest" in parameters:
        return {**parameters, "rounding": "yolos", "multiple": 16}
    return parameters


def _depth(reader: ConfigReader, square: bool) -> dict[str, Any]:
    """DPT and Depth Anything."""
    multiple = reader.length("ensure_multiple_of", reader.get("ensure_multiple_of", 1))
    keep = reader.flag("keep_aspect_ratio")
    if reader.get("size_divisor") is not None:
        reader.off("do_pad", "padding around the image to multiples is not supported")
        reader.values.pop("size_divisor")
    parameters = _usual(reader, square)
    if set(parameters) != {"size"}:
        raise reader.wrong("size", "of height and width", reader.values["size"])
    height, width = parameters["size"]
    if keep:
        return {"policy": "near_multiple", "size": (height, width), "multiple": multiple}
    near = [round(length / multiple) * multiple for length in (height, width)]
    return {"size": tuple(near)}


def _floored(reader: ConfigReader, square: bool) -> dict[str, Any]:
    """GLPN, which reads no size."""
    reader.get("size")
    return {
        "policy": "floor_multiple",
        "multiple": reader.length("size_divisor", reader.need("size_divisor")),
    }


def _edge(reader: ConfigReader, square: bool) -> int:
    sides = reader.sides("size", square)
    if set(sides) != {"shortest_edge"}:
        raise reader.wrong("size", "of shortest_edge alone for this kind of processor", sides)
    reader.off("pad_size", "inputs are as large as the largest image of a batch")
    reader.get("do_pad")
    return sides["shortest_edge"]


def _convnext(reader: ConfigReader, square: bool) -> dict[str, Any]:
    edge, share = _edge(reader, square), reader.number("crop_pct")
    reader.off("do_center_crop", "this kind of processor crops by crop_pct")
    reader.get("crop_size")
    if edge >= 384:
        return {"size": edge}
    if not 0 < share <= 1:
        raise reader.wrong("crop_pct", "a number > 0 and <= 1", share)
    return _cropped((edge, edge), int(edge / share))


def _levit(reader: ConfigReader, square: bool) -> dict[str, Any]:
    edge = _edge(reader, square)
    target = reader.sides("crop_size", True)
    if not reader.flag("do_center_crop") or set(target) != {"height", "width"}:
        raise reader.wrong("crop_size", "of height and width, and do_center_crop on", target)
    return _cropped((target["height"], target["width"]), int(256 / 224 * edge))


def _sam(reader: ConfigReader, square: bool) -> dict[str, Any]:
    sides, padded = reader.sides("size", square), reader.sides("pad_size", True)
    longest = sides.get("longest_edge")
    if set(sides) != {"longest_edge"}:
        raise reader.wrong("size", "of longest_edge alone for this kind of processor", sides)
    if padded != {"height": longest, "width": longest} or not reader.flag("do_pad"):
        raise reader.wrong("pad_size", f"{longest} by {longest}, the longest edge, and do_pad on", padded)
    for key in ("mask_size", "mask_pad_size"):
        reader.get(key)
    return {"policy": "letterbox", "align": "top_left", "rounding": "half_up", "size": longest}


def _eomt(reader: ConfigReader, square: bool) -> dict[str, Any]:
    padded = reader.flag("do_pad")
    parameters = _usual(reader, square)
    if not padded:
        return parameters
    edge = parameters["size"]
    if parameters.get("longest") != edge:
        must = "of a shortest_edge and longest_edge that are equal, where do_pad is on"
        raise reader.wrong("size", must, reader.values["size"])
    # No side is longer than the square's, so that the one multiple is the square; its levels are 0 before normalising.
    return {**parameters, "multiple": edge, "pad": 0}


_RULES: dict[str, Callable[[ConfigReader, bool], dict[str, Any]]] = {
    "ConvNextImageProcessor": _convnext,
    "DPTImageProcessor": _depth,
    "EomtImageProcessor": _eomt,
    "GLPNImageProcessor": _floored,
    "LevitImageProcessor": _levit,
    "Mask2FormerImageProcessor": _divided,
    "MaskFormerImageProcessor": _divided,
    "SamImageProcessor": _sam,
    "YolosImageProcessor": _yolos,
}
"""Kinds of processors whose sizes follow a rule of their own."""

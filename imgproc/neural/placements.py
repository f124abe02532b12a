"""Policies: to which size an image is brought for a model, and where it lies in the model's input."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from .._core.errors import wrong_value

Size = tuple[int, int]


class Placement(NamedTuple):
    """An image of ``resized`` height and width begins at ``offset`` of an input of ``shape``; cropped below 0."""

    resized: Size
    shape: Size
    offset: Size


class Rule(NamedTuple):
    """What the policies read of their parameters; see `Preprocess`."""

    size: Size | None
    resize: int | Size | None
    longest: int | None
    multiple: int
    rounding: str
    align: str


def stretch(image: Size, rule: Rule) -> Placement:
    size = _size(rule)
    return Placement(size, size, (0, 0))


def letterbox(image: Size, rule: Rule) -> Placement:
    size = _size(rule)
    resized = _inside(image, size, rule.rounding)
    spare = size[0] - resized[0], size[1] - resized[1]
    # Of an odd number of pixels the larger half goes below and to the right.
    offset = (spare[0] // 2, spare[1] // 2) if rule.align == "center" else (0, 0)
    return Placement(resized, size, offset)


def fit(image: Size, rule: Rule) -> Placement:
    resized = _inside(image, _size(rule), rule.rounding)
    return Placement(resized, _up(resized, rule.multiple), (0, 0))


def shortest_edge(image: Size, rule: Rule) -> Placement:
    resized = _EDGES[rule.rounding](image, _size(rule)[0], rule.longest)
    if rule.rounding == "mask2former":
        resized = _up(resized, rule.multiple)
    elif rule.rounding == "yolos":
        height, width = (max(length // rule.multiple, 1) * rule.multiple for length in resized)
        resized = height, width
    return Placement(resized, _up(resized, rule.multiple), (0, 0))


def pad_multiple(image: Size, rule: Rule) -> Placement:
    return Placement(image, _up(image, rule.multiple), (0, 0))


def floor_multiple(image: Size, rule: Rule) -> Placement:
    height, width = (length // rule.multiple * rule.multiple for length in image)
    if not (height and width):
        must = (
            f"at least {rule.multiple} pixels high and wide for a policy that rounds down to such multiples"
        )
        raise wrong_value("Preprocess", "image", must, image)
    return Placement((height, width), (height, width), (0, 0))


def near_multiple(image: Size, rule: Rule) -> Placement:
    down, across = (length / own for length, own in zip(_size(rule), image, strict=True))
    # As little as possible: the side whose scale is nearer to 1 decides.
    scale = across if abs(1 - across) < abs(1 - down) else down
    height, width = (max(round(scale * own / rule.multiple), 1) * rule.multiple for own in image)
    return Placement((height, width), (height, width), (0, 0))


def crop(image: Size, rule: Rule) -> Placement:
    size = _size(rule)
    wanted = min(size) if rule.resize is None else rule.resize
    resized = _torchvision(image, wanted, None) if isinstance(wanted, int) else wanted
    tops = [_crop_start(own, length, rule.rounding) for own, length in zip(resized, size, strict=True)]
    return Placement(resized, size, (-tops[0], -tops[1]))


def _crop_start(length: int, wanted: int, rounding: str) -> int:
    """Where the middle part begins; below 0 where it is longer than all."""
    if rounding == "transformers":
        return (length - wanted) // 2
    return round((length - wanted) / 2) if length >= wanted else -((wanted - length) // 2)


POLICIES: dict[str, Callable[[Size, Rule], Placement]] = {
    "stretch": stretch,
    "letterbox": letterbox,
    "fit": fit,
    "shortest_edge": shortest_edge,
    "pad_multiple": pad_multiple,
    "floor_multiple": floor_multiple,
    "near_multiple": near_multiple,
    "crop": crop,
}
ROUNDINGS: dict[str, tuple[str, ...]] = {
    "letterbox": ("nearest", "half_up", "down"),
    "fit": ("down", "half_up", "nearest"),
    "shortest_edge": ("detr", "torchvision", "rcnn", "mask2former", "yolos"),
    "crop": ("torchvision", "transformers"),
}
"""By policy, the first the default; a policy that is missing rounds in one way."""
SIZELESS = ("pad_multiple", "floor_multiple")


def together(placements: list[Placement], multiple: int) -> list[Placement]:
    """The same input for all of a batch: the largest height and width, what is added below and to the right."""
    shapes = {placement.shape for placement in placements}
    if len(shapes) == 1:
        return placements
    shape = _up((max(height for height, _ in shapes), max(width for _, width in shapes)), multiple)
    return [placement._replace(shape=shape) for placement in placements]


def _size(rule: Rule) -> Size:
    assert rule.size is not None  # Preprocess asks for it
    return rule.size


def _up(size: Size, multiple: int) -> Size:
    return -(-size[0] // multiple) * multiple, -(-size[1] // multiple) * multiple


def _inside(image: Size, size: Size, rounding: str) -> Size:
    """The largest of the image's shape that fits; at least one pixel where rounding would leave none."""
    scale = min(size[0] / image[0], size[1] / image[1])
    convert: dict[str, Callable[[float], int]] = {
        "nearest": round,
        "half_up": lambda length: math.floor(length + 0.5),
        "down": int,
    }
    height, width = (
        min(max(convert[rounding](own * scale), 1), most) for own, most in zip(image, size, strict=True)
    )
    return height, width


def _detr(image: Size, shortest: int, longest: int | None) -> Size:
    """DETR's ``get_size_with_aspect_ratio``, as transformers has it: the limit's scale is kept unrounded for the long
    side."""
    low, high = float(min(image)), float(max(image))
    exact: float = shortest
    if longest is not None and high / low * shortest > longest:
        exact = longest * low / high
        shortest = round(exact)
    height, width = image
    if min(image) == shortest:
        return image
    if width < height:
        return max(int(exact * height / width), 1), max(shortest, 1)
    return max(shortest, 1), max(int(exact * width / height), 1)


def _torchvision(image: Size, shortest: int, longest: int | None) -> Size:
    """``torchvision.transforms.Resize(shortest, max_size=longest)``, which transformers uses where no limit is set."""
    low, high = min(image), max(image)
    short, long = shortest, int(shortest * high / low)
    if longest is not None and long > longest:
        short, long = max(int(longest * short / long), 1), longest
    return (long, short) if image[1] <= image[0] else (short, long)


def _rcnn(image: Size, shortest: int, longest: int | None) -> Size:
    """torchvision's ``GeneralizedRCNNTransform``: both sides of the scaled image rounded down."""
    scale = shortest / min(image)
    if longest is not None:
        scale = min(scale, longest / max(image))
    return max(math.floor(image[0] * scale), 1), max(math.floor(image[1] * scale), 1)


_EDGES: dict[str, Callable[[Size, int, int | None], Size]] = {
    "detr": _detr,
    "torchvision": _torchvision,
    "rcnn": _rcnn,
    "mask2former": _detr,
    "yolos": _detr,
}

"""Families of networks: what goes before and after each, by a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from .._core.errors import wrong_value
from .._core.parameters import Choice
from .preprocess import Preprocess

if TYPE_CHECKING:
    from .model import Model
    from .pipeline import Pipeline

Kind = TypeVar("Kind", bound="Pipeline[Any]")

TASKS = ("detect", "segment", "depth", "classify")
Size = int | tuple[int, int]

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's photographs."""


@dataclass(frozen=True)
class Family:
    """Networks that are fed and read alike.

    Attributes
    ----------
    name, task : str
        What it is called, and what it does.
    summary : str
        Which networks these are.
    preprocess : Preprocess
        What their images go through, at the size they are known for.
    decoder : str
        The function of `imgproc.neural` that reads their outputs.
    parameters : dict
        Of the decoder, where they are not its defaults.
    """

    name: str
    task: str
    summary: str
    preprocess: Preprocess
    decoder: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def decode(self) -> Callable[..., Any]:
        """The decoder."""
        function: Callable[..., Any] = getattr(import_module(__package__ or ""), self.decoder)
        return function

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
            return replace(before, size=size, longest=round(before.longest * size / min(before.size)))
        return replace(before, size=size)

    def pipeline(self, kind: type[Kind], model: Model, *, size: Size | None = None, **options: Any) -> Kind:
        """A model with what goes before and after it; ``options`` of the pipeline and of the decoder."""
        return kind(model, self.sized(model, size), self.decode, **{**self.parameters, **options})


def families(task: str) -> list[Family]:
    """All that there are for a task."""
    return [family for family in FAMILIES if family.task == task]


def family_of(function: str, task: str, name: object) -> Family:
    """The one of a name."""
    known = {family.name: family for family in families(task)}
    return known[Choice(tuple(known)).check(function, "preset", name)]


FAMILIES = (
    Family(
        "boxes",
        "detect",
        "networks that give boxes, scores and labels themselves, with images stretched",
        Preprocess(640),
        "decode_given_boxes",
    ),
    Family(
        "imagenet",
        "classify",
        "ResNet, EfficientNet, ConvNeXt and others of torchvision and timm",
        Preprocess(224, policy="crop", resize=256, resample="pillow", mean=_MEAN, std=_STD),
        "decode_classes",
    ),
    Family(
        "vit",
        "classify",
        "ViT, DeiT and others whose images are stretched to levels from -1 to 1",
        Preprocess(224, resample="pillow", mean=0.5, std=0.5),
        "decode_classes",
    ),
)

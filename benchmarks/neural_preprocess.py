"""Images as the input of a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from imgproc.neural import Preprocess

from .harness import SIZES, Array, Case, photograph, within
from .rivals import OPENCV, PIL, PILLOW, TORCHVISION, cv2, torchvision

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
LONGEST = 1 << 15


def cases(size: str) -> Iterator[Case]:
    image = photograph(size)
    bgr = np.ascontiguousarray(image[..., ::-1])
    normal = {"mean": MEAN, "std": STD}
    # torchvision's weights of uint8 have 16 bits: Pillow's result is ours but for the last digits of floats.
    one_level = within(1.01 / 255 / min(STD))
    made = Preprocess(policy="pad_multiple", image_order="bgr", **normal)
    yield from _case("normalise BGR to planes", size, bgr, made, within(1e-5), _normalised(bgr))
    made = Preprocess(640, policy="letterbox", rounding="down", pad=114, image_order="bgr")
    yield from _case("letterbox BGR to 640", size, bgr, made, within(1e-6), _letterboxed(bgr))
    made = Preprocess(800, policy="shortest_edge", longest=LONGEST, resample="pillow", **normal)
    yield from _case(
        "shortest edge 800, antialiased", size, image, made, one_level, _filtered(image, made, 2)
    )
    made = Preprocess(800, policy="shortest_edge", longest=LONGEST, resample="pillow_bicubic", **normal)
    yield from _case("shortest edge 800, bicubic", size, image, made, one_level, _filtered(image, made, 3))
    made = Preprocess(224, policy="crop", resize=256, resample="pillow", **normal)
    yield from _case("classifier's 224 of 256", size, image, made, one_level, _cropped(image))
    made = Preprocess(
        800, policy="shortest_edge", longest=LONGEST, resample="exact", rounding="rcnn", **normal
    )
    yield from _case("shortest edge 800, exact", size, image, made, within(1e-3), _exact(image, made))


def _case(
    name: str, size: str, image: Array, made: Preprocess, rule: Any, rivals: dict[str, Callable[[], Array]]
) -> Iterator[Case]:
    """Into memory that is used again, as a loop over frames does it, and into new memory, as its peers do."""
    height, width = SIZES[size]
    out, _ = made(image)
    for label, ours in (("", lambda: made(image, out=out)[0]), (", new memory", lambda: made(image)[0])):
        yield Case(name + label, size, height * width, ours, rivals, rule, image.nbytes + out.nbytes)


def _parameters(**values: Any) -> Any:
    parameters = cv2.dnn.Image2BlobParams()
    layout = cv2.DATA_LAYOUT_NCHW if hasattr(cv2, "DATA_LAYOUT_NCHW") else cv2.dnn.DNN_LAYOUT_NCHW
    for name, value in {"swapRB": True, "ddepth": cv2.CV_32F, "datalayout": layout, **values}.items():
        setattr(parameters, name, value)
    return parameters


def _normalised(bgr: Array) -> dict[str, Callable[[], Array]]:
    mean, std = np.float32(MEAN), np.float32(STD)

    def by_numpy() -> Array:
        planes = (bgr[..., ::-1].astype(np.float32) * np.float32(1 / 255) - mean) / std
        return np.ascontiguousarray(planes.transpose(2, 0, 1))[None]

    rivals: dict[str, Callable[[], Array]] = {"numpy": by_numpy}
    if cv2:
        factors, means = (
            (*(1 / 255 / number for number in STD), 1.0),
            (*(255 * number for number in MEAN), 0.0),
        )
        parameters = _parameters(scalefactor=factors, mean=means)
        rivals[OPENCV] = lambda: cv2.dnn.blobFromImageWithParams(bgr, parameters)
    if torchvision is not None:
        rgb = np.ascontiguousarray(bgr[..., ::-1])
        rivals[TORCHVISION] = lambda: _finished(_planes(rgb))
    return rivals


def _letterboxed(bgr: Array) -> dict[str, Callable[[], Array]]:
    if not cv2:
        return {}
    parameters = _parameters(
        size=(640, 640),
        scalefactor=(1 / 255,) * 4,
        paddingmode=cv2.dnn.DNN_PMODE_LETTERBOX,
        borderValue=(114, 114, 114, 0),
    )
    return {OPENCV: lambda: cv2.dnn.blobFromImageWithParams(bgr, parameters)}


def _by_pillow(
    image: Array, shape: tuple[int, int], code: int, cut: tuple[slice, slice]
) -> Callable[[], Array]:
    from PIL import Image

    opened = Image.fromarray(image)
    mean, std = np.float32(MEAN), np.float32(STD)

    def call() -> Array:
        resized = np.asarray(opened.resize(shape[::-1], code))[cut]
        planes = (resized.astype(np.float32) * np.float32(1 / 255) - mean) / std
        return np.ascontiguousarray(planes.transpose(2, 0, 1))[None]

    return call


def _planes(image: Array) -> Any:
    import torch

    return torch.from_numpy(image).permute(2, 0, 1)[None]


def _finished(planes: Any) -> Array:
    from torchvision.transforms.v2 import functional

    scaled = planes.float().div_(255)
    return np.asarray(functional.normalize(scaled, MEAN, STD, inplace=True).contiguous())


def _filtered(image: Array, made: Preprocess, code: int) -> dict[str, Callable[[], Array]]:
    shape = made.geometries([image.shape[:2]])[0].input_shape
    rivals: dict[str, Callable[[], Array]] = {}
    if PIL:
        rivals[PILLOW] = _by_pillow(image, shape, code, (slice(None), slice(None)))
    if torchvision is not None:
        from torchvision.transforms.v2 import InterpolationMode, functional

        mode = InterpolationMode.BILINEAR if code == 2 else InterpolationMode.BICUBIC
        rivals[TORCHVISION] = lambda: _finished(
            functional.resize(_planes(image), list(shape), mode, antialias=True)
        )
    return rivals


def _cropped(image: Array) -> dict[str, Callable[[], Array]]:
    if not PIL:
        return {}
    height, width = image.shape[:2]
    short = min(height, width)
    shape = int(256 * height / short), int(256 * width / short)
    top, left = (round((length - 224) / 2) for length in shape)
    return {PILLOW: _by_pillow(image, shape, 2, (slice(top, top + 224), slice(left, left + 224)))}


def _exact(image: Array, made: Preprocess) -> dict[str, Callable[[], Array]]:
    if torchvision is None:
        return {}
    from torch.nn.functional import interpolate

    shape = made.geometries([image.shape[:2]])[0].input_shape
    return {TORCHVISION: lambda: _finished(interpolate(_planes(image).float(), shape, mode="bilinear"))}

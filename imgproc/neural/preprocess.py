"""Images as the input of a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._core.array_parameters import Shape
from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import FLOAT32, UINT8, UINT16, Array, channel_count, check_image, check_out, rows
from .._core.parameters import Choice, OrNone, Range
from .._core.threads import run_bands
from .._ext import preprocess as kernels
from .geometry import Geometry
from .placements import POLICIES, ROUNDINGS, SIZELESS, Placement, Rule, together
from .taps import FILTERS, Tables, filter_tables

_LENGTH = Range(low=1, high=2**20, integer=True)
_SHAPE = Shape()
_POLICY = Choice(tuple(POLICIES))
_RESAMPLE = Choice(("cv2", "exact", "nearest", *FILTERS))
_ALIGN = Choice(("center", "top_left"))
_IMAGE_ORDER = Choice(("rgb", "bgr"))
_INPUT_ORDER = Choice(("rgb", "bgr", "gray"))
_LAYOUT = Choice(("nchw", "nhwc"))
_DTYPE = Choice(("float32", "float16", "uint8"))
_NUMBER, _POSITIVE = Range(), Range(above=0)

# Of the kernel.
_AS_THEY_ARE, _HALVED, _NEAREST, _LINEAR, _EXACT, _FILTERED, _FILTERED_DOWN = range(7)

_LEVEL = {UINT8: 1.0, UINT16: 257.0, FLOAT32: 1 / 255}
"""One level of uint8 in the samples of an image."""

# Nanoseconds per sample of the input, and of the image; only an estimate for the choice of threads.
_INPUT_COST = 0.3
_IMAGE_COST = 0.2

Images = Array | Sequence[Array]
Numbers = float | Sequence[float]


@dataclass(frozen=True)
class Preprocess:
    """Images to the input of a model: resized, placed, normalised and laid out in one pass.

    Parameters
    ----------
    size : int, (int, int) or None
        Height and width of the model's input, an integer for both; for ``"shortest_edge"`` the shorter one. None for
        the two policies that ask for none.
    policy : str, default "stretch"
        How an image becomes an input of that size:

        - ``"stretch"``: to exactly ``size``, whatever its shape.
        - ``"letterbox"``: as large as fits into ``size`` with its shape kept, padding around it.
        - ``"fit"``: the same without the padding.
        - ``"shortest_edge"``: the shorter side to ``size``, but the longer one to at most ``longest``.
        - ``"crop"``: to ``resize``, then ``size`` from its middle.
        - ``"pad_multiple"``: as it is, padded to multiples of ``multiple``.
        - ``"floor_multiple"``: both sides stretched down to multiples of ``multiple`` (GLPN).
        - ``"near_multiple"``: scaled so that the side that changes less has the length ``size`` gives it, both sides to
          the nearest multiples (DPT, Depth Anything).
    resample : str, default "cv2"
        - ``"cv2"``: OpenCV's ``INTER_LINEAR``, for uint8 bit for bit: `imgproc.resize`.
        - ``"pillow"``, ``"pillow_bicubic"``, ``"pillow_lanczos"``, ``"pillow_hamming"``, ``"pillow_box"``: Pillow's
          filters, which average where images shrink, for uint8 bit for bit.
        - ``"exact"``: linear without rounding in between, torch's ``interpolate(mode="bilinear", antialias=False)``.
        - ``"nearest"``: the pixel in which a new centre lies.
    resize : int or (int, int), optional
        For ``"crop"``: the length of the shorter side, or height and width, before cropping; ``size`` by default.
    longest : int, optional
        For ``"shortest_edge"``: the most that the longer side may have.
    multiple : int, default 1
        Input sides are made up to multiples by padding below and to the right; see the policies.
    rounding : str, optional
        How lengths become integers. ``"letterbox"``: ``"nearest"`` (default; half to even, as YOLO's tools do),
        ``"half_up"`` (SAM), ``"down"`` (OpenCV's letterbox, EfficientDet, YOLOX); ``"fit"``: ``"down"`` (default;
        transformers) or those. ``"shortest_edge"``: ``"detr"`` (default; DETR and transformers), ``"torchvision"`` (its
        Resize), ``"rcnn"`` (its GeneralizedRCNNTransform), ``"mask2former"`` (as DETR, then both sides stretched up to
        multiples), ``"yolos"`` (as DETR, then both down to multiples). ``"crop"``: where an odd number of pixels is
        cut, ``"torchvision"`` (default; also timm) rounds half to even, ``"transformers"`` down.
    align : {"center", "top_left"}, default "center"
        For ``"letterbox"``: where the image lies; of an odd number of rows or columns one more is below or right of it.
    scale, mean, std : float or one for each channel of the input, default 1/255, 0, 1
        The input is ``(level * scale - mean) / std`` where levels are 0 to 255: uint16 samples divided by 257, float32
        samples times 255. ``scale`` is one number; it and ``std`` are > 0.
    pad : float or one for each channel, optional
        The level of padding, normalised as the image is; None pads with zeros of the input itself.
    image_order : {"rgb", "bgr"}, default "rgb"
        The order of the channels of the images.
    input_order : {"rgb", "bgr", "gray"}, default "rgb"
        That of the model; one channel for ``"gray"``, which takes gray images alone.
    layout : {"nchw", "nhwc"}, default "nchw"
        ``(N, C, H, W)`` or ``(N, H, W, C)``.
    dtype : {"float32", "float16", "uint8"}, default "float32"
        Of the input. ``"uint8"`` takes uint8 images, and scale 1, mean 0, std 1.

    Raises
    ------
    TypeError, ValueError
        A parameter of the wrong kind or value, or one that the policy does not read.

    Notes
    -----
    Images are gray, RGB or RGBA. Gray ones are repeated for three channels. Alpha is dropped and colours are taken as
    they are (straight alpha), as Pillow's ``convert("RGB")`` does: what is behind transparent pixels shows.

    Normalisation is ``(sample - mean') * factor'`` in float32, both constants rounded once: within 3 units in the last
    place of the larger of ``|sample| factor'`` and ``|mean'| factor'``. float16 is that, rounded half to even.

    Lengths are products in float64, rounded as others round theirs: ``"down"`` may take the last pixel of a side that
    would fit exactly, and ``"detr"`` may leave an image longer than ``longest`` whose shorter side has its length
    already. Of lengths that would be rounded to 0, 1 is made. Batches get one input shape, the largest height and width
    among them, by padding below and to the right.

    ``"pillow..."`` is what Pillow 13 gives: where the height shrinks by more than twice as many pixels as the width,
    it goes along y first, else along x; Pillow before 13 always goes along x first, which then gives other levels here
    and there. uint16 and float32 are summed in float64, each axis rounded to the samples of the image. NaN and infinity
    come out of every pixel that they have a weight in.

    O(pixels of the image and of the input). Memory beside the input: a few rows, as many as the filter has taps along
    y. An image whose pixels are not packed within rows is copied first; ``image[..., ::-1]`` of RGB is not.

    References
    ----------
    N. Carion, F. Massa, G. Synnaeve, N. Usunier, A. Kirillov, S. Zagoruyko, End-to-End Object Detection with
    Transformers, ECCV 2020 (the shortest edge and its limit).

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import Preprocess
    >>> image = np.full((90, 160, 3), 255, np.uint8)
    >>> batch, (geometry,) = Preprocess(64, policy="letterbox", pad=114)(image)
    >>> batch.shape, geometry.scale, geometry.offset
    ((1, 3, 64, 64), (0.4, 0.4), (14.0, 0.0))
    >>> float(batch[0, 0, 32, 0]), round(255 * float(batch[0, 0, 0, 0]))
    (1.0, 114)
    """

    size: int | tuple[int, int] | None = None
    policy: str = "stretch"
    resample: str = "cv2"
    resize: int | tuple[int, int] | None = None
    longest: int | None = None
    multiple: int = 1
    rounding: str | None = None
    align: str = "center"
    scale: float = 1 / 255
    mean: Numbers = 0.0
    std: Numbers = 1.0
    pad: Numbers | None = None
    image_order: str = "rgb"
    input_order: str = "rgb"
    layout: str = "nchw"
    dtype: str = "float32"

    def __post_init__(self) -> None:
        for name, constraint in (
            ("policy", _POLICY),
            ("resample", _RESAMPLE),
            ("longest", OrNone(_LENGTH)),
            ("multiple", _LENGTH),
            ("align", _ALIGN),
            ("scale", _POSITIVE),
            ("image_order", _IMAGE_ORDER),
            ("input_order", _INPUT_ORDER),
            ("layout", _LAYOUT),
            ("dtype", _DTYPE),
        ):
            self._set(name, constraint.check("Preprocess", name, getattr(self, name)))
        self._set("resize", None if self.resize is None else _lengths("resize", self.resize))
        self._set("mean", self._by_channel("mean", self.mean, _NUMBER))
        self._set("std", self._by_channel("std", self.std, _POSITIVE))
        self._set("pad", None if self.pad is None else self._by_channel("pad", self.pad, _NUMBER))
        self._check_policy()
        if self.dtype == "uint8":
            self._check_unscaled()

    def _check_unscaled(self) -> None:
        for name, want in (("scale", 1.0), ("mean", 0.0), ("std", 1.0)):
            value = getattr(self, name)
            if value not in (want, (want,) * self.channels):
                must = f"{want:g} for uint8 input, which is not normalised"
                raise wrong_value("Preprocess", name, must, value)
        pad: Any = self.pad
        if pad is not None and not all(level.is_integer() and 0 <= level <= 255 for level in pad):
            raise wrong_value("Preprocess", "pad", "integers from 0 to 255 for uint8 input", pad)

    def _check_policy(self) -> None:
        sizeless = self.policy in SIZELESS
        if sizeless != (self.size is None):
            must = (
                f"None for the policy {self.policy!r}" if sizeless else "an integer or a pair (height, width)"
            )
            raise wrong_value("Preprocess", "size", must, self.size)
        size = None if self.size is None else _lengths("size", self.size)
        self._set("size", (size, size) if isinstance(size, int) else size)
        if self.policy == "shortest_edge" and isinstance(size, tuple) and size[0] != size[1]:
            raise wrong_value("Preprocess", "size", "one length for the policy 'shortest_edge'", size)
        readers = {
            "resize": ("crop",),
            "longest": ("shortest_edge",),
            "multiple": ("shortest_edge", "fit", "near_multiple", *SIZELESS),
            "align": ("letterbox",),
        }
        defaults = {"resize": None, "longest": None, "multiple": 1, "align": "center"}
        for name, policies in readers.items():
            value = getattr(self, name)
            if value != defaults[name] and self.policy not in policies:
                words = " or ".join(map(repr, policies))
                raise wrong_value("Preprocess", name, f"left at its default unless policy is {words}", value)
        roundings = ROUNDINGS.get(self.policy, ())
        if self.rounding is not None and roundings:
            Choice(roundings).check("Preprocess", "rounding", self.rounding)
        elif self.rounding is not None:
            raise wrong_value("Preprocess", "rounding", f"None for the policy {self.policy!r}", self.rounding)

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _by_channel(self, name: str, value: Any, number: Range) -> tuple[float, ...]:
        if not isinstance(value, Sequence | np.ndarray) or isinstance(value, str):
            return (number.check("Preprocess", name, value),) * self.channels
        if len(value) != self.channels:
            must = f"a number or a sequence of {self.channels}, one for each channel of the input"
            raise wrong_value("Preprocess", name, must, Got(f"{len(value)}"))
        return tuple(number.check("Preprocess", f"{name}[{i}]", member) for i, member in enumerate(value))

    @property
    def channels(self) -> int:
        """Of the input: 1 or 3."""
        return 1 if self.input_order == "gray" else 3

    def geometries(self, shapes: Sequence[tuple[int, int]]) -> list[Geometry]:
        """Where images of such heights and widths lie in the input of a batch."""
        return [
            _geometry(shape, placement)
            for shape, placement in zip(shapes, self._placements(shapes), strict=True)
        ]

    def _placements(self, shapes: Sequence[tuple[int, int]]) -> list[Placement]:
        shapes = [
            _SHAPE.check("Preprocess.geometries", f"shapes[{i}]", shape) for i, shape in enumerate(shapes)
        ]
        size: Any = self.size
        rounding = self.rounding or ROUNDINGS.get(self.policy, ("",))[0]
        rule = Rule(size, self.resize, self.longest, self.multiple, rounding, self.align)
        return together([POLICIES[self.policy](shape, rule) for shape in shapes], self.multiple)

    def __call__(self, images: Images, *, out: Array | None = None) -> tuple[Array, list[Geometry]]:
        """The input of a model for one image or several.

        Parameters
        ----------
        images : (H, W[, C]) array of uint8, uint16 or float32, or a sequence of such
            Gray, RGB or RGBA, each of any size; any strides, read-only allowed.
        out : array, optional
            Where to write, of the input's shape and dtype, C-contiguous, free of overlap with the images.

        Returns
        -------
        batch : array
            ``(N, C, H, W)`` or ``(N, H, W, C)``.
        geometries : list of Geometry
            Where each image lies in it.

        Raises
        ------
        TypeError, ValueError
            An image of the wrong kind or shape, none at all, or an ``out`` that does not fit.
        """
        list_ = [images] if isinstance(images, np.ndarray) else images
        if not isinstance(list_, Sequence) or isinstance(list_, str):
            raise wrong_type("Preprocess", "images", "an image or a sequence of images", images)
        if not list_:
            raise wrong_value("Preprocess", "images", "at least one", Got("none"))
        single = list_ is not images
        arrays = [self._check(image, "image" if single else f"images[{i}]") for i, image in enumerate(list_)]
        shapes = [array.shape[:2] for array in arrays]
        placements = self._placements(shapes)
        height, width = placements[0].shape
        planes = self.channels
        shape = (planes, height, width) if self.layout == "nchw" else (height, width, planes)
        batch = check_out("Preprocess", out, (len(arrays), *shape), np.dtype(self.dtype), *arrays)
        self._fill(arrays, placements, batch, out is None)
        return batch, [_geometry(own, placement) for own, placement in zip(shapes, placements, strict=True)]

    def _check(self, image: object, argument: str) -> Array:
        channels = (1,) if self.input_order == "gray" else (1, 3, 4)
        dtypes = (UINT8,) if self.dtype == "uint8" else (UINT8, UINT16, FLOAT32)
        return check_image("Preprocess", image, argument=argument, channels=channels, dtypes=dtypes)

    def _fill(self, arrays: list[Array], placements: list[Placement], batch: Array, fresh: bool) -> None:
        jobs = [
            self._job(array, placement, inputs, fresh)
            for array, placement, inputs in zip(arrays, placements, batch, strict=True)
        ]
        height = placements[0].shape[0]

        def band(y0: int, y1: int) -> None:
            for number in range(y0 // height, -(-y1 // height)):
                base = number * height
                kernels.band(*jobs[number], max(y0 - base, 0), min(y1 - base, height))

        cost = batch.size * _INPUT_COST + sum(array.size for array in arrays) * _IMAGE_COST
        run_bands(band, height * len(arrays), cost)

    def _job(self, array: Array, placement: Placement, inputs: Array, fresh: bool) -> tuple[Any, ...]:
        """What the kernel takes before a band of rows."""
        # The order of the channels turned round is a view that needs no copy.
        turned = array.ndim == 3 and array.shape[2] == 3 and array.strides[2] == -array.itemsize
        source = rows(array[..., ::-1] if turned else array)
        reverse = (self.image_order != self.input_order) != turned and self.channels == 3
        (height, width), (top, left) = placement.resized, placement.offset
        method, down, across = self._method(array.shape[:2], placement)
        if across is not None:  # columns that are cropped are not made at all
            start = max(-left, 0)
            width = max(min(width, placement.shape[1] - left) - start, 0)
            across = (
                across[0][start : start + width],
                across[1][start : start + width],
                across[2][start : start + width],
            )
            left = max(left, 0)
        return (
            source.view(np.uint8),
            channel_count(array),
            array.itemsize,
            method,
            down,
            across,
            inputs.reshape(-1).view(np.uint8),
            (self.channels, *placement.shape),
            (height, width, top, left),
            self.layout == "nchw",
            inputs.itemsize,
            reverse,
            fresh,
            self._numbers(array.dtype),
        )

    def _method(
        self, shape: tuple[int, ...], placement: Placement
    ) -> tuple[int, Tables | None, Tables | None]:
        (height, width), (new_height, new_width) = shape, placement.resized
        if shape == placement.resized:
            return _AS_THEY_ARE, None, None
        if self.resample in FILTERS:
            down = None if height == new_height else filter_tables(self.resample, height, new_height)
            across = None if width == new_width else filter_tables(self.resample, width, new_width)
            # The order of Pillow since 13: along y first where that takes away many more pixels.
            first = (
                down is not None
                and across is not None
                and height - new_height > 2 * max(width - new_width, 0)
            )
            return _FILTERED_DOWN if first else _FILTERED, down, across
        if self.resample == "nearest":
            return _NEAREST, None, None
        if self.resample == "exact":
            return _EXACT, None, None
        return _HALVED if shape == (2 * new_height, 2 * new_width) else _LINEAR, None, None

    def _numbers(self, dtype: np.dtype[Any]) -> Array:
        """``(3, C)``: means and factors of samples, and what padding is, by channel of the input."""
        mean, std = np.array(self.mean), np.array(self.std)
        level = _LEVEL[dtype]
        samples = np.array([mean / self.scale * level, self.scale / (std * level)]).astype(np.float32)
        if self.pad is None:
            padding = np.zeros(self.channels, np.float32)
        elif self.dtype == "uint8":
            padding = np.array(self.pad, np.float32)
        else:  # as an image of that level comes out
            padding = (np.array(self.pad) * level).astype(np.float32)
            padding = (padding - samples[0]) * samples[1]
        return np.concatenate([samples, padding[None]])


def _lengths(name: str, value: Any) -> int | tuple[int, int]:
    if isinstance(value, tuple | list):
        return _SHAPE.check("Preprocess", name, value)
    return int(_LENGTH.check("Preprocess", name, value))


def _geometry(shape: tuple[int, ...], placement: Placement) -> Geometry:
    height, width = int(shape[0]), int(shape[1])
    (new_height, new_width), (top, left) = placement.resized, placement.offset
    scale = new_height / height, new_width / width
    return Geometry((height, width), placement.shape, scale, (top, left))

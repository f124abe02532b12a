"""Depth from one image: what DPT, GLPN, Depth Anything, ZoeDepth and Monodepth give, in the image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ..._core.box_arrays import check_floats
from ..._core.errors import Got, wrong_type, wrong_value
from ..._core.images import FLOAT32, Array
from ..._core.parameters import Choice, Flag, OrNone, Range
from ...stereo import depth_from_disparity
from ..errors import OutputMismatch
from ..geometry import Geometries, geometry_of_each
from ..outputs import Keys, Outputs, name_among, reads, tensor
from .stretching import over_image

UNITS = ("metric", "relative", "disparity")
UNIT = Choice(UNITS)
RESAMPLE = Choice(("bicubic", "bilinear"))
SEMANTICS = Choice(("paper", "transformers"))
FLAG = Flag()
RAMP = Range(low=0, below=0.5)
LIMIT = Range(above=0, high=1)
LENGTH = OrNone(Range(above=0, high=1e9))


@dataclass(frozen=True, eq=False)
class DepthMap:
    """How far away what each pixel shows is, or how its disparity says so.

    Attributes
    ----------
    depth : (H, W) array of float32
        NaN where it is not known.
    unit : {"metric", "relative", "disparity"}
        Along the optical axis in the unit that the network was trained in, metres by custom; inverse depth but for an
        unknown scale and shift (`align_scale_shift` finds them), larger is nearer; or disparity in pixels of the image.
    valid : (H, W) array of bool, optional
        Where it is known: by default where ``depth`` is finite.
    """

    depth: Array
    unit: str = "metric"
    valid: Array | None = None

    def __post_init__(self) -> None:
        depth = check_floats("DepthMap", "depth", self.depth, "(H, W)", (FLOAT32,))
        if depth.ndim != 2 or 0 in depth.shape:
            must = "of shape (H, W), at least one pixel large"
            raise wrong_value("DepthMap", "depth", must, Got(f"shape {depth.shape}"))
        UNIT.check("DepthMap", "unit", self.unit)
        valid = np.isfinite(depth) if self.valid is None else self.valid
        must = f"None or a bool array of shape {depth.shape}"
        if not isinstance(valid, np.ndarray) or valid.dtype != np.bool_:
            raise wrong_type("DepthMap", "valid", must, valid)
        if valid.shape != depth.shape:
            raise wrong_value("DepthMap", "valid", must, Got(f"shape {valid.shape}"))
        object.__setattr__(self, "valid", valid)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the image."""
        height, width = self.depth.shape
        return height, width


@reads("predicted_depth")
def decode_depth(
    outputs: Outputs,
    geometries: Geometries,
    *,
    unit: Annotated[str, UNIT] = "metric",
    flipped: Outputs | None = None,
    resample: Annotated[str, RESAMPLE] = "bicubic",
    semantics: Annotated[str, SEMANTICS] = "paper",
    keys: Keys = None,
) -> list[DepthMap]:
    """Stretch the depths that DPT, GLPN, Depth Anything or ZoeDepth predict over the images.

    Parameters
    ----------
    outputs : mapping of str to array
        ``predicted_depth`` ``(B, h, w)`` or ``(B, 1, h, w)``, also found as ``depth``: over the whole input of the
        network, at any resolution. Floats, finite.
    geometries : Geometry or sequence of Geometry
        Where each image lies in the input.
    unit : {"metric", "relative", "disparity"}, default "metric"
        What the network predicts: metric depth as GLPN, ZoeDepth and the metric models of Depth Anything do, inverse
        depth but for scale and shift as DPT (MiDaS) and Depth Anything do, or disparity in pixels of its input.
    flipped : mapping of str to array, optional
        What the network gives for the mirrored input; both are averaged before they are stretched.
    resample : {"bicubic", "bilinear"}, default "bicubic"
        How to interpolate between predictions.
    semantics : {"paper", "transformers"}, default "paper"
        Whether pixels are looked up where they lie in the input, or predictions are stretched over the image whatever
        the geometry, as ``post_process_depth_estimation`` of all but ZoeDepth does.
    keys : mapping of str to str, optional
        Names of the outputs, where they are others.

    Returns
    -------
    list of DepthMap
        NaN and not valid where the image was cropped away, and where "metric" depth or disparity is not above 0.

    Raises
    ------
    TypeError
        Wrong kind of argument.
    ValueError
        An unknown word, or another number of geometries.
    OutputMismatch
        Depths that are not there, not of this shape or not finite, or of another shape in ``flipped``.

    Notes
    -----
    Bicubic interpolation is that of torch, ``mode="bicubic"``: four predictions along each axis, weights by Keys'
    kernel with a = -0.75, the outermost predictions held. It overshoots at steps. In float32, rows before columns:
    within some 4 units in the last place of the largest prediction of what torch gives.

    ZoeDepth's image is padded by reflection before it is resized. A `Geometry` that says so gives what its
    post-processing gives, which undoes the padding: ``scale = input / (image + 2 pad)`` and ``offset = scale pad``.

    O(H W), no memory beside the result but a row.

    References
    ----------
    R. Ranftl, A. Bochkovskiy, V. Koltun, Vision transformers for dense prediction, ICCV 2021.
    S. F. Bhat et al., ZoeDepth: zero-shot transfer by combining relative and metric depth, 2023.
    R. G. Keys, Cubic convolution interpolation for digital image processing, IEEE Transactions on Acoustics, Speech,
    and Signal Processing 29 (1981) 1153-1160.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import Geometry, decode_depth
    >>> predicted = np.array([[[1, 2], [3, 4]]], np.float32)
    >>> found = decode_depth({"predicted_depth": predicted}, Geometry.stretched((2, 4), (2, 2)), resample="bilinear")
    >>> found[0].depth
    array([[1.  , 1.25, 1.75, 2.  ],
           [3.  , 3.25, 3.75, 4.  ]], dtype=float32)
    """
    name = "decode_depth"
    predicted = _predicted(name, outputs, "predicted_depth", ("depth",), keys)[:, 0]
    each = geometry_of_each(name, geometries, len(predicted))
    unit = UNIT.check(name, "unit", unit)
    resample = RESAMPLE.check(name, "resample", resample)
    semantics = SEMANTICS.check(name, "semantics", semantics)
    if flipped is not None:
        mirrored = _predicted(name, flipped, "predicted_depth", ("depth",), keys)[:, 0]
        _check_alike(name, "predicted_depth", mirrored, predicted)
        predicted = predicted * FLOAT32.type(0.5) + mirrored[..., ::-1] * FLOAT32.type(0.5)
    found = []
    for one, geometry in zip(predicted, each, strict=True):
        depth = over_image(one, geometry, resample, stretched=semantics == "transformers")
        if unit == "disparity":
            with np.errstate(over="ignore"):
                depth /= np.float32(geometry.scale[1])
        if unit != "relative":
            depth[~((depth > 0) & (depth < np.inf))] = np.nan
        found.append(DepthMap(depth, unit))
    return found


@reads("disparities")
def decode_monodepth(
    outputs: Outputs,
    geometries: Geometries,
    *,
    flipped: Outputs | None = None,
    ramp: Annotated[float, RAMP] = 0.05,
    activated: Annotated[bool, FLAG] = False,
    limit: Annotated[float, LIMIT] = 0.3,
    baseline: Annotated[float | None, LENGTH] = None,
    focal: Annotated[float | None, LENGTH] = None,
    keys: Keys = None,
) -> list[DepthMap]:
    """Turn the disparities that Monodepth predicts for the left image into pixels, or into depths.

    Parameters
    ----------
    outputs : mapping of str to array
        ``disparities`` ``(B, 1 or 2, h, w)``, also found as ``disp``: the left image's first. Floats, finite.
    geometries : Geometry or sequence of Geometry
        Where each image lies in the input.
    flipped : mapping of str to array, optional
        What the network gives for the mirrored input: blended with the other as `merge_flipped` does, with ``ramp``.
    ramp : float, default 0.05
        Part of the width from either side where one of the two counts alone; 0 to below 0.5. 0: the mean everywhere.
    activated : bool, default False
        Whether the network has applied the sigmoid and ``limit`` itself.
    limit : float, default 0.3
        Largest disparity, as a part of the input's width: above 0, at most 1.
    baseline : float, optional
        Distance between the cameras, in the unit that depths shall have; with ``focal`` only.
    focal : float, optional
        Focal length in pixels of the image; with ``baseline`` only.
    keys : mapping of str to str, optional
        Names of the outputs, where they are others.

    Returns
    -------
    list of DepthMap
        Of unit "disparity", in pixels of the image; where ``baseline`` and ``focal`` are given "metric".

    Raises
    ------
    TypeError
        Wrong kind of argument.
    ValueError
        A number out of range, one of ``baseline`` and ``focal`` alone, or another number of geometries.
    OutputMismatch
        Disparities that are not there, not of this shape or not finite, or of another shape in ``flipped``.

    Notes
    -----
    ``d = limit sigmoid(x)`` of the input's width, stretched over the image linearly; a pixel's disparity is d times the
    input's width over its scale, and its depth ``z = baseline focal / disparity``.

    References
    ----------
    C. Godard, O. Mac Aodha, G. J. Brostow, Unsupervised monocular depth estimation with left-right consistency,
    CVPR 2017, sections 3.1 and 4.1.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import Geometry, decode_monodepth
    >>> outputs = {"disparities": np.zeros((1, 2, 4, 8), np.float32)}
    >>> whole = Geometry.stretched((8, 20), (4, 8))
    >>> float(decode_monodepth(outputs, whole)[0].depth[0, 0])
    3.0
    >>> float(decode_monodepth(outputs, whole, baseline=0.5, focal=12)[0].depth[0, 0])
    2.0
    """
    name = "decode_monodepth"
    ramp = RAMP.check(name, "ramp", ramp)
    activated = FLAG.check(name, "activated", activated)
    limit = LIMIT.check(name, "limit", limit)
    baseline, focal = LENGTH.check(name, "baseline", baseline), LENGTH.check(name, "focal", focal)
    if (baseline is None) != (focal is None):
        raise wrong_value(name, "baseline", "given with focal, or neither of them", baseline)

    def parts(given: Outputs) -> Array:
        raw = _predicted(name, given, "disparities", ("disp",), keys, most=2)[:, 0]
        if activated:
            return raw
        with np.errstate(over="ignore"):
            return np.asarray(np.float32(limit) / (1 + np.exp(-raw)))

    found = parts(outputs)
    each = geometry_of_each(name, geometries, len(found))
    if flipped is not None:
        mirrored = parts(flipped)
        _check_alike(name, "disparities", mirrored, found)
        found = _merged(found, mirrored[..., ::-1], ramp)
    maps = []
    for one, geometry in zip(found, each, strict=True):
        pixels = over_image(one, geometry, "bilinear", stretched=False)
        with np.errstate(over="ignore"):
            pixels *= np.float32(geometry.input_shape[1] / geometry.scale[1])
        pixels[~((pixels > 0) & (pixels < np.inf))] = np.nan
        if baseline is None or focal is None:
            maps.append(DepthMap(pixels, "disparity"))
        else:
            maps.append(DepthMap(depth_from_disparity(pixels, baseline, focal), "metric"))
    return maps


def merge_flipped(own: Array, mirrored: Array, *, ramp: Annotated[float, RAMP] = 0.05) -> Array:
    """Blend the maps predicted for an image and for its mirror image: the mean, and at either side one of them alone.

    Parameters
    ----------
    own : (..., h, w) array of float32
        What was predicted for the image: disparities or depths.
    mirrored : (..., h, w) array of float32
        What was predicted for the image mirrored left to right, as it came.
    ramp : float, default 0.05
        Part of the width from either side where one counts alone, and over which it then becomes the mean; 0 to
        below 0.5. 0: the mean everywhere.

    Returns
    -------
    (..., h, w) array of float32
        The blend, as the image lies.

    Raises
    ------
    TypeError
        Wrong kind of array or number.
    ValueError
        Maps of different shapes, or a number out of range.

    Notes
    -----
    At a part u of the width from the left, the first pixel 0 and the last 1, ``l = 1 - clip((u - ramp) / ramp, 0, 1)``
    and r its mirror image; ``r own + l back + (1 - l - r) (own + back) / 2`` with ``back`` the mirrored map mirrored
    back. A left image's disparities are not seen at its left side, where what they lead to lies outside of the right
    image; there the mirrored map counts.

    References
    ----------
    C. Godard, O. Mac Aodha, G. J. Brostow, Unsupervised monocular depth estimation with left-right consistency,
    CVPR 2017, section 4.1: 0.05.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import merge_flipped
    >>> own, mirrored = np.zeros((1, 5), np.float32), np.ones((1, 5), np.float32)
    >>> merge_flipped(own, mirrored)
    array([[1. , 0.5, 0.5, 0.5, 0. ]], dtype=float32)
    """
    name = "merge_flipped"
    own = check_floats(name, "own", own, "(..., h, w)", (FLOAT32,))
    mirrored = check_floats(name, "mirrored", mirrored, "(..., h, w)", (FLOAT32,))
    ramp = RAMP.check(name, "ramp", ramp)
    if own.ndim < 2:
        raise wrong_value(name, "own", "of shape (..., h, w)", Got(f"shape {own.shape}"))
    if mirrored.shape != own.shape:
        raise wrong_value(
            name, "mirrored", f"of shape {own.shape}, as own is", Got(f"shape {mirrored.shape}")
        )
    return _merged(own, mirrored[..., ::-1], ramp)


def _merged(own: Array, back: Array, ramp: float) -> Array:
    with np.errstate(invalid="ignore"):
        mean = own * FLOAT32.type(0.5) + back * FLOAT32.type(0.5)
    if ramp == 0:
        return np.asarray(mean)
    u = np.linspace(0, 1, own.shape[-1])
    left = (1 - np.clip((u - ramp) / ramp, 0, 1)).astype(FLOAT32)
    right = left[::-1]
    with np.errstate(invalid="ignore"):  # of infinities, which become NaN
        return np.asarray(right * own + left * back + (1 - left - right) * mean)


def _predicted(
    function: str, outputs: Outputs, name: str, aliases: tuple[str, ...], keys: Keys, *, most: int = 1
) -> Array:
    """(B, C, h, w) with 1 ... ``most`` channels; an axis of one may be left out."""
    array = outputs[name_among(function, outputs, name, aliases, keys)]
    axes: tuple[int | str, ...] = ("B", "C", "h", "w")
    if most == 1:
        axes = ("B", "h", "w") if getattr(array, "ndim", 3) == 3 else ("B", 1, "h", "w")
    found = tensor(function, outputs, name, axes, aliases=aliases, keys=keys)
    found = found if found.ndim == 4 else found[:, None]
    if 0 in found.shape[1:] or found.shape[1] > most:
        wanted = f"of shape (B, {'1' if most == 1 else '1 or 2'}, h, w), at least one number large"
        raise OutputMismatch(function, name, wanted, Got(f"shape {found.shape}"))
    return found


def _check_alike(function: str, name: str, mirrored: Array, own: Array) -> None:
    if mirrored.shape != own.shape:
        wanted = f"of one shape for the input and its mirror image, here {own.shape}"
        raise OutputMismatch(function, name, wanted, Got(f"shape {mirrored.shape}"))

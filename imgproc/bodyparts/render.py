"""Depth images of bodies, with the part that each pixel shows."""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import numpy as np

from .._core.errors import wrong_type, wrong_value
from .._core.images import Array
from .._core.parameters import Range
from .._core.threads import run_bands
from .._ext import render as kernels
from .body import Body, Primitives
from .camera import Camera

BACKGROUND = 10.0
"""Metres: the depth where there is no body."""

TURN = Range(low=-360000.0, high=360000.0)

_CONE = np.dtype(
    [
        ("rays", np.float32, (3, 3)),
        ("start", np.float32, 3),
        *((name, np.float32) for name in ("near", "length", "first", "last", "slope", "share")),
        ("planes", np.float32, (2, 4)),
        ("labels", np.int32, 4),
        *((name, np.int32) for name in ("x0", "x1", "y0", "y1")),
    ]
)
_NS_PER_PIXEL = 1.5
"""Of a primitive's rectangle; only an estimate for the choice of threads."""


class Rendering(NamedTuple):
    """What a depth camera would see of a body.

    Attributes
    ----------
    depth : (H, W) array of float32
        Metres along the optical axis; `BACKGROUND` where there is no body.
    labels : (H, W) array of int32
        The part of `PARTS` that a pixel shows, -1 where none.
    joints : (20, 3) array of float64
        Where the joints of `JOINTS` are, in camera coordinates: metres, x right, y down, z ahead.
    """

    depth: Array
    labels: Array
    joints: Array


def render_body(
    pose: Array,
    camera: Camera | None = None,
    *,
    body: Body | None = None,
    position: tuple[float, float, float] = (0.0, 0.0, 2.5),
    turn: Annotated[float, TURN] = 0.0,
    pitch: Annotated[float, TURN] = 0.0,
) -> Rendering:
    """Render the depth image and the part labels of a body in a pose.

    Parameters
    ----------
    pose : (20, 3) array
        Joints as in `JOINTS`, y up, in any unit: the directions of its bones are taken, their lengths are the body's.
    camera : Camera, optional
        By default the first Kinect at 320 x 240.
    body : Body, optional
        By default an average adult of 1.75 m.
    position : (float, float, float), default (0, 0, 2.5)
        Where the pelvis is: metres to the right, down and ahead of the camera.
    turn : float, default 0
        Degrees about the vertical. At 0 the body's front, its z, faces the camera.
    pitch : float, default 0
        Degrees by which the camera looks down from the horizontal.

    Returns
    -------
    Rendering
        ``depth``, ``labels`` and ``joints``.

    Raises
    ------
    TypeError, ValueError
        A pose of another shape or that is not finite, no Camera or Body, or a number out of range.

    Notes
    -----
    The body is some 25 flattened, tapered capsules; each pixel's ray is cut with each exactly (no meshes), so depths
    are those of the surfaces to about a micrometre. Parts end at planes across or along the capsules. No noise: see
    `sensor_noise`. Time is about that of 60,000 cuts of a ray with a capsule; the same bits on any number of threads
    and instruction set.

    References
    ----------
    J. Shotton et al., Real-time human pose recognition in parts from single depth images, CVPR 2011, section 2.

    Examples
    --------
    >>> import imgproc
    >>> pose = imgproc.bodyparts.sample_poses(1, seed=0)[0]
    >>> seen = imgproc.bodyparts.render_body(pose, position=(0, 0, 3))
    >>> seen.depth.shape, bool((seen.labels >= 0).any())
    ((240, 320), True)
    """
    name = "render_body"
    camera = Camera() if camera is None else camera
    body = Body() if body is None else body
    if not isinstance(camera, Camera):
        raise wrong_type(name, "camera", "a Camera", camera)
    if not isinstance(body, Body):
        raise wrong_type(name, "body", "a Body", body)
    turn, pitch = float(TURN.check(name, "turn", turn)), float(TURN.check(name, "pitch", pitch))
    where = np.asarray(position, np.float64)
    if where.shape != (3,) or not np.isfinite(where).all():
        raise wrong_value(name, "position", "(x, y, z) of finite metres", position)
    joints = body.joints(pose)
    rotation = _about("x", -pitch) @ np.diag([1.0, -1.0, -1.0]) @ _about("y", turn)
    return Rendering(
        *render_primitives(body.primitives(joints), camera, rotation, where), joints @ rotation.T + where
    )


def _about(axis: str, degrees: float) -> Array:
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    if axis == "x":
        return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def render_primitives(
    primitives: Primitives, camera: Camera, rotation: Array, position: Array
) -> tuple[Array, Array]:
    """Depth and labels of primitives that ``rotation @ point + position`` takes into the camera's coordinates."""
    cones = _cones(primitives, camera, rotation, position)
    depth = np.full(camera.shape, BACKGROUND, np.float32)
    labels = np.full(camera.shape, -1, np.int32)
    row, column = camera.axis
    area = ((cones["x1"] - cones["x0"]) * (cones["y1"] - cones["y0"])).sum()
    rows = cones.view(np.uint8).reshape(len(cones), _CONE.itemsize)

    def kernel(y0: int, y1: int) -> None:
        kernels.render(rows, camera.focal, camera.focal, column, row, depth, labels, y0, y1)

    run_bands(kernel, camera.shape[0], float(area) * _NS_PER_PIXEL)
    return depth, labels


def _cones(primitives: Primitives, camera: Camera, rotation: Array, position: Array) -> Array:
    """Primitives as the kernel takes them, without those outside the image."""
    turn = primitives.frames[:, :, :3] @ rotation.T  # from camera directions into the frames
    start = primitives.frames[:, :, 3] - turn @ position
    cones = np.zeros(len(turn), _CONE)
    cones["rays"] = np.swapaxes(turn, 1, 2)
    cones["start"] = start
    back = np.linalg.inv(turn)
    ends = np.zeros((len(turn), 2, 3))
    ends[:, 1, 2] = primitives.lengths
    centers = np.einsum("pij,pej->pei", back, ends - start[:, None])
    cones["near"] = centers[:, :, 2].mean(axis=1)
    cones["length"] = primitives.lengths
    cones["first"], cones["last"] = primitives.radii.T
    slope = np.divide(
        primitives.radii[:, 0] - primitives.radii[:, 1],
        primitives.lengths,
        out=np.zeros(len(turn)),
        where=primitives.lengths > 0,
    )
    cones["slope"], cones["share"] = slope, 1.0 - slope**2
    cones["planes"], cones["labels"] = primitives.planes, primitives.labels
    _bounds(cones, back, centers, primitives.radii, camera)
    return np.ascontiguousarray(cones[(cones["x1"] > cones["x0"]) & (cones["y1"] > cones["y0"])])


def _bounds(cones: Array, back: Array, centers: Array, radii: Array, camera: Camera) -> None:
    """The pixels that each primitive may cover.

    A ball of its frame is an ellipsoid ``center + r back u`` of the camera's space, and the plane x = s z touches it
    where ``(cx - s cz)^2 = r^2 |(1, 0, -s) back|^2``. One that reaches the camera's plane may cover any pixel.
    """
    spread = np.einsum("pij,pkj->pik", back, back)[:, None] * (radii**2)[:, :, None, None]
    z = centers[..., 2]
    ahead = z**2 - spread[..., 2, 2]
    for axis, side, low, high in ((0, 1, "x0", "x1"), (1, 0, "y0", "y1")):
        size, middle = camera.shape[side], camera.axis[side]
        half = centers[..., axis] * z - spread[..., axis, 2]
        rest = centers[..., axis] ** 2 - spread[..., axis, axis]
        with np.errstate(invalid="ignore", divide="ignore"):
            root = np.sqrt(np.maximum(half**2 - ahead * rest, 0.0))
            first = np.floor(middle + camera.focal * (half - root) / ahead).min(axis=1)
            last = np.ceil(middle + camera.focal * (half + root) / ahead).max(axis=1) + 1
        whole = ((ahead <= 0) | (z <= 0)).any(axis=1)
        behind = (z + np.sqrt(spread[..., 2, 2]) <= 0).all(axis=1)
        first, last = np.where(whole, 0, first), np.where(whole, np.where(behind, 0, size), last)
        cones[low], cones[high] = np.clip(first, 0, size), np.clip(last, 0, size)

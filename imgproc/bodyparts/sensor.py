"""What a structured-light sensor makes of a depth image: noise, steps and missing pixels."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from .._core.errors import wrong_type, wrong_value
from .._core.images import Array
from .._core.parameters import Range
from .camera import Camera
from .render import BACKGROUND, Rendering

STRENGTH = Range(low=0.0, high=10.0)

_BASELINE = 0.075
"""Metres between the first Kinect's projector and camera."""

_STEP = 1.0 / 8.0
"""Of a pixel of disparity at 640 columns: the sensor gives no finer depths."""

_JITTER = 0.5
"""Standard deviation of the disparity, in steps."""


def sensor_noise(
    seen: Rendering,
    camera: Camera | None = None,
    *,
    strength: Annotated[float, STRENGTH] = 1.0,
    seed: int | np.random.Generator = 0,
) -> Rendering:
    """Add to a rendered body what the first Kinect adds: jitter, depth in steps, ragged edges and holes.

    Parameters
    ----------
    seen : Rendering
        From `render_body`.
    camera : Camera, optional
        The one that it was rendered with; by default the first Kinect at 320 x 240.
    strength : float, default 1
        0 gives the steps alone; 2 doubles the jitter and the share of missing pixels.
    seed : int or numpy.random.Generator, default 0
        The same seed gives the same noise.

    Returns
    -------
    Rendering
        ``depth`` with 0 where the sensor sees nothing; ``labels`` of the surface that each pixel now shows, -1 where it
        shows none; the same ``joints``.

    Raises
    ------
    TypeError, ValueError
        No Rendering or Camera, shapes that differ, or a strength out of range.

    Notes
    -----
    Edges: each pixel takes the depth and label of one up to two pixels away, alike among neighbours. Jitter and steps:
    the disparity ``b f / z`` gets Gaussian noise of half a step and is rounded to eighths of a pixel (at 640 columns),
    so that errors grow with the square of depth: 6 mm at 2 m, 25 mm at 4 m. Missing: where depth jumps by more than
    5 cm every second pixel, some of the surfaces seen at a grazing angle, and specks.

    References
    ----------
    K. Khoshelham, S. O. Elberink, Accuracy and resolution of Kinect depth data for indoor mapping applications, Sensors
    12, 2012. A. Handa, T. Whelan, J. McDonald, A. Davison, A benchmark for RGB-D visual odometry, 3D reconstruction and
    SLAM, ICRA 2014, section III.

    Examples
    --------
    >>> import imgproc
    >>> pose = imgproc.bodyparts.sample_poses(1)[0]
    >>> noisy = imgproc.bodyparts.sensor_noise(imgproc.bodyparts.render_body(pose), seed=1)
    >>> bool((noisy.depth == 0).any())
    True
    """
    name = "sensor_noise"
    camera = Camera() if camera is None else camera
    if not isinstance(seen, Rendering):
        raise wrong_type(name, "seen", "a Rendering", seen)
    if not isinstance(camera, Camera):
        raise wrong_type(name, "camera", "a Camera", camera)
    if seen.depth.shape != camera.shape or seen.labels.shape != camera.shape:
        raise wrong_value(name, "seen", f"of the camera's shape {camera.shape}", seen.depth)
    strength = float(STRENGTH.check(name, "strength", strength))
    random = np.random.default_rng(seed)
    height, width = camera.shape
    depth, labels = seen.depth, seen.labels
    if strength > 0:
        rows, columns = (
            np.clip(np.arange(n).reshape(shape) + _wander(random, camera.shape, strength), 0, n - 1)
            for n, shape in ((height, (-1, 1)), (width, (1, -1)))
        )
        depth, labels = depth[rows, columns], labels[rows, columns]
    body = depth < BACKGROUND
    constant = np.float32(_BASELINE * camera.focal * 640.0 / width / _STEP)
    steps = constant / depth
    if strength > 0:
        steps = steps + random.standard_normal(camera.shape, np.float32) * np.float32(_JITTER * strength)
    measured = np.where(body, constant / np.maximum(np.rint(steps), np.float32(1)), np.float32(BACKGROUND))
    missing = _missing(depth, random, strength) if strength > 0 else np.zeros(camera.shape, bool)
    missing &= body
    measured[missing] = 0.0
    return Rendering(np.asarray(measured, np.float32), np.where(missing, np.int32(-1), labels), seen.joints)


def _wander(random: np.random.Generator, shape: tuple[int, int], strength: float) -> Array:
    """Whole pixels by which each pixel looks aside: mostly 0, alike among neighbours."""
    coarse = random.standard_normal((shape[0] // 2 + 2, shape[1] // 2 + 2), np.float32)
    aside = np.repeat(np.repeat(coarse, 2, axis=0), 2, axis=1)[: shape[0], : shape[1]]
    aside = aside + random.standard_normal(shape, np.float32) * np.float32(0.5)
    whole = np.rint(aside * np.float32(0.45 * min(strength, 2.0)))
    return np.asarray(np.clip(whole, -2, 2), np.intp)


def _missing(depth: Array, random: np.random.Generator, strength: float) -> Array:
    chance = random.random(depth.shape, np.float32)
    jump = np.zeros(depth.shape, np.float32)
    for axis in (0, 1):
        step = np.abs(np.diff(depth, axis=axis))
        ahead, back = [slice(None)] * 2, [slice(None)] * 2
        ahead[axis], back[axis] = slice(1, None), slice(None, -1)
        for part in (tuple(ahead), tuple(back)):
            jump[part] = np.maximum(jump[part], step)
    # A surface that recedes by its distance between two pixels some 3.5 mm apart is seen at less than 10 degrees.
    at_edge = (jump > 0.05) & (chance < 0.5 * strength)
    grazing = (jump > 0.02) & (jump <= 0.05) & (chance < 0.2 * strength)
    specks = chance > 1.0 - 0.002 * strength
    return np.asarray(at_edge | grazing | specks)

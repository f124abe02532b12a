"""Any number of labelled depth images of bodies, made when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import numpy as np

from .._core.errors import wrong_type, wrong_value
from .._core.images import Array
from .._core.parameters import Pair, Range
from .body import Body
from .camera import Camera
from .render import Rendering, render_body
from .sensor import sensor_noise
from .skeleton import JOINT, JOINTS

COUNT = Range(low=0, high=2**31 - 1, integer=True)
SEED = Range(low=0, high=2**32 - 1, integer=True)
TURN = Range(low=0.0, high=180.0)
STRENGTH = Range(low=0.0, high=10.0)


class Scenes(Sequence[Rendering]):
    """A sequence of rendered bodies: `scenes[i]` is made from the seed and i alone, each time it is asked for.

    Parameters
    ----------
    poses : (K, 20, 3) array
        Scene i shows pose ``i % K``: joints as in `JOINTS`, y up, in any unit.
    count : int, optional
        How many scenes; by default as many as poses.
    camera : Camera, optional
        By default the first Kinect at 320 x 240.
    seed : int, default 0
        Of shapes, views and noise.
    turn : float, default 120
        Bodies are turned up to this many degrees to either side; 0 faces the camera.
    distance : (float, float), default (1.6, 3.8)
        Metres from the camera to the pelvis, nearest and farthest.
    noise : float, default 1
        Strength of `sensor_noise`; 0 for clean depth.
    mirror : bool, default True
        Whether every second scene, at random, shows the mirrored pose.

    Notes
    -----
    ``scenes.depths`` and ``scenes.labels`` are the same as two sequences, for `DepthForest.fit`; asking both for the
    same scene renders it once. Some 5 ms each.

    Examples
    --------
    >>> import imgproc
    >>> scenes = imgproc.bodyparts.Scenes(imgproc.bodyparts.sample_poses(10), seed=1)
    >>> len(scenes), scenes[3].depth.dtype
    (10, dtype('float32'))
    """

    def __init__(
        self,
        poses: Array,
        count: int | None = None,
        *,
        camera: Camera | None = None,
        seed: int = 0,
        turn: float = 120.0,
        distance: tuple[float, float] = (1.6, 3.8),
        noise: float = 1.0,
        mirror: bool = True,
    ) -> None:
        poses = np.asarray(poses, np.float64)
        if (
            poses.ndim != 3
            or poses.shape[1:] != (len(JOINTS), 3)
            or not len(poses)
            or not np.isfinite(poses).all()
        ):
            must = f"a (K, {len(JOINTS)}, 3) array of finite numbers, K >= 1"
            raise wrong_value("Scenes", "poses", must, poses)
        if camera is not None and not isinstance(camera, Camera):
            raise wrong_type("Scenes", "camera", "a Camera", camera)
        self.poses = poses
        self.camera = camera or Camera()
        self._count = len(poses) if count is None else int(COUNT.check("Scenes", "count", count))
        self._seed = int(SEED.check("Scenes", "seed", seed))
        self._turn = float(TURN.check("Scenes", "turn", turn))
        near, far = Pair(Range(low=0.3, high=9.0), ("near", "far")).check("Scenes", "distance", distance)
        if far < near:
            raise wrong_value("Scenes", "distance", "(nearest, farthest), rising", distance)
        self._distance = near, far
        self._noise = float(STRENGTH.check("Scenes", "noise", noise))
        self._mirror = bool(mirror)
        self._last: tuple[int, Rendering] | None = None

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Rendering: ...
    @overload
    def __getitem__(self, index: slice) -> list[Rendering]: ...
    def __getitem__(self, index: int | slice) -> Rendering | list[Rendering]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self._count))]
        number = range(self._count)[index]
        last = self._last
        if last is None or last[0] != number:
            last = self._last = number, self._render(number)
        return last[1]

    def _render(self, number: int) -> Rendering:
        random = np.random.default_rng([self._seed, number])
        pose = self.poses[number % len(self.poses)]
        if self._mirror and random.random() < 0.5:
            pose = mirrored_pose(pose)
        distance = random.uniform(*self._distance)
        pitch = random.uniform(-5.0, 20.0)
        aside, down = random.uniform(-0.15, 0.15, 2) * distance
        seen = render_body(
            pose,
            self.camera,
            body=Body.random(random),
            position=(aside, down, distance),
            turn=random.uniform(-self._turn, self._turn),
            pitch=pitch,
        )
        return sensor_noise(seen, self.camera, strength=self._noise, seed=random) if self._noise > 0 else seen

    @property
    def depths(self) -> Sequence[Array]:
        """The depth images alone."""
        return _Column(self, 0)

    @property
    def labels(self) -> Sequence[Array]:
        """The part labels alone."""
        return _Column(self, 1)


class _Column(Sequence[Array]):
    def __init__(self, scenes: Scenes, field: int) -> None:
        self.scenes, self.field = scenes, field

    def __len__(self) -> int:
        return len(self.scenes)

    @overload
    def __getitem__(self, index: int) -> Array: ...
    @overload
    def __getitem__(self, index: slice) -> list[Array]: ...
    def __getitem__(self, index: int | slice) -> Array | list[Array]:
        if isinstance(index, slice):
            return [scene[self.field] for scene in self.scenes[index]]
        image: Array = self.scenes[index][self.field]
        return image


def mirrored_pose(pose: Array) -> Array:
    """The pose in a mirror: left and right change places."""
    swap = {"left": "right", "right": "left"}
    rows = [
        JOINT[f"{name.partition('_')[0]}_{swap[name.partition('_')[2]]}"] if "_" in name else JOINT[name]
        for name in JOINTS
    ]
    return np.asarray(pose[rows] * [-1.0, 1.0, 1.0])

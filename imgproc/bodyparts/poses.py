"""Poses: where 20 joints are, from motion capture or from angles within the limits of joints."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .._core.errors import Got, wrong_type, wrong_value
from .._core.images import Array
from .._core.parameters import Range
from .motion import Motion, turned
from .skeleton import JOINT, JOINTS, PARENTS, SIDES

COUNT = Range(low=0, high=10_000_000, integer=True)
DISTANCE = Range(low=0.0, high=10.0)

_TRUNK = ("pelvis", "chest", "neck", "head")
_LIMBS = ("shoulder", "elbow", "wrist", "hand", "hip", "knee", "ankle", "foot")


def _convention(trunk: str, limbs: str) -> dict[str, str]:
    """Names of the joints: those of the trunk, and those of the limbs with {0} for Left, {1} for L, {2} for l."""
    names = dict(zip(_TRUNK, trunk.split(), strict=True))
    for side in SIDES:
        text = limbs.format(side.capitalize(), side[0].upper(), side[0])
        names |= {f"{joint}_{side}": name for joint, name in zip(_LIMBS, text.split(), strict=True)}
    return names


CONVENTIONS = {
    # CMU's ASF files: bones by their ends.
    "asf": _convention(
        "root upperback thorax head",
        "{2}clavicle {2}humerus {2}wrist {2}fingers {2}hipjoint {2}femur {2}tibia {2}toes",
    ),
    # CMU's motions as BVH for 3ds Max.
    "max": _convention(
        "Hips Chest lowerneck Head",
        "{0}Shoulder {0}Elbow {0}Wrist {1}Fingers {0}Hip {0}Knee {0}Ankle {0}Toe",
    ),
    # MotionBuilder, Mixamo and most others.
    "biped": _convention(
        "Hips Spine Neck Head",
        "{0}Arm {0}ForeArm {0}Hand {0}HandIndex1 {0}UpLeg {0}Leg {0}Foot {0}ToeBase",
    ),
    # Reallusion's Character Creator.
    "character_creator": _convention(
        "CC_Base_Hip CC_Base_Spine02 CC_Base_NeckTwist01 CC_Base_Head",
        " ".join(
            "CC_Base_{1}_" + bone
            for bone in ("Upperarm", "Forearm", "Hand", "Mid1", "Thigh", "Calf", "Foot", "ToeBase")
        ),
    ),
}
"""What the 20 joints are called in the skeletons that are around."""


def motion_poses(motion: Motion, names: Mapping[str, str] | None = None) -> Array:
    """The poses of a motion: its 20 joints of `JOINTS`, the pelvis at the origin.

    Parameters
    ----------
    motion : Motion
        From `read_motion`.
    names : mapping of str to str, optional
        What each joint of `JOINTS` is called in the motion; by default the names of CMU's, MotionBuilder's, Mixamo's
        and Character Creator's skeletons are tried.

    Returns
    -------
    (F, 20, 3) array of float64
        Metres, y up.

    Raises
    ------
    ValueError
        The motion has none of the known sets of names, or lacks a name that was given.

    Examples
    --------
    >>> import imgproc
    >>> poses = imgproc.bodyparts.motion_poses(imgproc.bodyparts.read_motion("walk.bvh"))  # doctest: +SKIP
    """
    if not isinstance(motion, Motion):
        raise wrong_type("motion_poses", "motion", "a Motion", motion)
    place = {name: number for number, name in enumerate(motion.names)}
    known = CONVENTIONS.values() if names is None else [dict(names)]
    for convention in known:
        if set(convention) >= set(JOINTS) and set(convention.values()) <= set(place):
            rows = [place[convention[joint]] for joint in JOINTS]
            poses = motion.positions[:, rows]
            return np.asarray(poses - poses[:, :1])
    if names is None:
        must = f"with joints named as in one of {', '.join(CONVENTIONS)}; else pass names="
        raise wrong_value("motion_poses", "motion", must, Got(", ".join(motion.names)[:80]))
    lacking = [joint for joint in JOINTS if names.get(joint) not in place]
    raise wrong_value(
        "motion_poses", "names", "a joint of the motion for each of JOINTS", Got(f"none for {lacking[0]}")
    )


# Limits of joints in degrees about x (pointing left), y (up), z (forward) of the bone's parent, after a person standing
# with hanging arms: positive x bends forward. From the ranges of motion of healthy adults (Boone and Azen 1979;
# NASA-STD-3000), narrowed where both ends are rare.
_LIMITS: dict[str, tuple[tuple[float, float], tuple[float, float], tuple[float, float]]] = {
    "chest": ((-10, 40), (-30, 30), (-15, 15)),
    "neck": ((-5, 20), (-10, 10), (-10, 10)),
    "head": ((-25, 35), (-60, 60), (-20, 20)),
    "elbow": ((-150, 50), (-60, 90), (0, 160)),
    "wrist": ((-145, 0), (-40, 40), (0, 0)),
    "hand": ((-50, 50), (0, 0), (-20, 20)),
    "knee": ((-110, 25), (-20, 30), (-10, 50)),
    "ankle": ((0, 130), (0, 0), (0, 0)),
    "foot": ((-20, 40), (-15, 15), (-10, 10)),
}


def _rest() -> Array:
    """A person of unit height who stands upright with hanging arms, after Drillis and Contini's proportions."""
    place = {
        "pelvis": (0, 0, 0),
        "chest": (0, 0.17, 0),
        "neck": (0, 0.30, 0),
        "head": (0, 0.40, 0),
        "shoulder": (0.115, 0.285, 0),
        "elbow": (0.12, 0.10, 0),
        "wrist": (0.12, -0.045, 0),
        "hand": (0.12, -0.10, 0),
        "hip": (0.055, -0.01, 0),
        "knee": (0.055, -0.245, 0),
        "ankle": (0.055, -0.485, 0),
        "foot": (0.06, -0.515, 0.105),
    }
    sign = {"left": 1.0, "right": -1.0}
    rest = [np.array(place[n.split("_")[0]]) * [sign.get(n.partition("_")[2], 1.0), 1, 1] for n in JOINTS]
    return np.array(rest, np.float64)


REST = _rest()
"""(20, 3): heights in units of the body's, the pelvis at the origin, x to the body's left, y up, z to its front."""


def sample_poses(count: int, *, seed: int = 0) -> Array:
    """Poses of angles drawn evenly within the limits of joints.

    Parameters
    ----------
    count : int
        How many, >= 0.
    seed : int, default 0
        The same seed gives the same poses.

    Returns
    -------
    (count, 20, 3) array of float64
        Joints as in `JOINTS`, metres for a body 1.75 m tall, y up, the pelvis at the origin, facing z.

    Notes
    -----
    Each bone turns against its parent by angles between the limits of healthy joints; how far a pose goes from
    standing at ease is itself drawn, so that calm poses are as frequent as extreme ones. Bodies may pass through
    themselves, and no pose is balanced: for what people really do, take `motion_poses`.

    Examples
    --------
    >>> import imgproc
    >>> imgproc.bodyparts.sample_poses(4, seed=1).shape
    (4, 20, 3)
    """
    count = int(COUNT.check("sample_poses", "count", count))
    random = np.random.default_rng(seed)
    extent = random.uniform(0.15, 1.0, (count, 1, 1))
    angles = np.zeros((count, len(JOINTS), 3))
    for number, name in enumerate(JOINTS):
        joint, _, side = name.partition("_")
        if joint in _LIMITS:
            low, high = np.array(_LIMITS[joint], np.float64).T
            if side == "right":  # a mirror turns the angles about y and z round
                low, high = low * [1, 0, 0] - high * [0, 1, 1], high * [1, 0, 0] - low * [0, 1, 1]
            angles[:, number] = random.uniform(low, high, (count, 3))
    # About the bone's parent: x first, then z, then y.
    turns = turned((angles * extent)[..., [1, 2, 0]], "YZX")
    facing = np.empty((count, len(JOINTS), 3, 3))
    poses = np.zeros((count, len(JOINTS), 3))
    facing[:, 0] = np.eye(3)
    for number in range(1, len(JOINTS)):
        parent = PARENTS[number]
        facing[:, number] = facing[:, parent] @ turns[:, number]
        bone = REST[number] - REST[parent]
        poses[:, number] = poses[:, parent] + facing[:, number] @ bone
    return poses * 1.75


def distinct_poses(poses: Array, distance: float = 0.05) -> Array:
    """Choose poses that differ: each has a joint farther than a distance from that of every one chosen before.

    Parameters
    ----------
    poses : (F, 20, 3) array
        Metres.
    distance : float, default 0.05
        Metres; two poses are alike where no joint is farther than this from its like.

    Returns
    -------
    (K,) array of int64
        Rows of the poses that are kept, rising; the first pose is.

    Notes
    -----
    Greedy, in order, as in section 2.1 of Shotton et al.; time grows with F times K.

    Examples
    --------
    >>> import numpy as np, imgproc
    >>> still = np.zeros((3, 20, 3)); still[2, 5] = 0.1
    >>> imgproc.bodyparts.distinct_poses(still)
    array([0, 2])
    """
    poses = np.asarray(poses, np.float64)
    if poses.ndim != 3 or poses.shape[2] != 3 or not np.isfinite(poses).all():
        raise wrong_value("distinct_poses", "poses", "an (F, J, 3) array of finite numbers", poses)
    limit = float(DISTANCE.check("distinct_poses", "distance", distance)) ** 2
    kept = np.empty_like(poses)
    rows: list[int] = []
    for row, pose in enumerate(poses):
        apart = ((kept[: len(rows)] - pose) ** 2).sum(axis=2).max(axis=1)
        if not (apart <= limit).any():
            kept[len(rows)] = pose
            rows.append(row)
    return np.array(rows, np.int64)


def facing(pose: Array) -> Array:
    """(3, 3): columns are a body's left, up and front in the world."""
    up = pose[JOINT["neck"]] - pose[JOINT["pelvis"]]
    left = pose[JOINT["hip_left"]] - pose[JOINT["hip_right"]]
    up /= max(float(np.linalg.norm(up)), 1e-9)
    left -= up * (left @ up)
    left /= max(float(np.linalg.norm(left)), 1e-9)
    return np.stack([left, up, np.cross(left, up)], axis=1)

"""Bodies: shapes of people as flattened, tapered capsules around the bones of a pose, with their 31 parts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .._core.errors import wrong_value
from .._core.images import Array
from .poses import REST
from .skeleton import JOINT, JOINTS, PARENTS, PART, SIDES


@dataclass(frozen=True)
class Body:
    """The shape of a person: how tall, how stout, how proportioned, how dressed.

    Attributes
    ----------
    height : float, default 1.75
        Metres, 0.5 to 2.5.
    girth, trunk, limbs, head : float, default 1
        Thickness of everything, of the trunk, and of the limbs, and the size of the head, against an average body.
    legs, arms, shoulders, hips : float, default 1
        Lengths of the limbs and widths of the trunk, likewise.
    belly, sleeves, trousers, hair : float, default 0
        Metres of cloth, fat or hair beyond the body: 0 to 0.3.
    skirt : float, default 0
        How far a coat or skirt reaches down the thighs, 0 to 1 of them.
    """

    height: float = 1.75
    girth: float = 1.0
    trunk: float = 1.0
    limbs: float = 1.0
    head: float = 1.0
    legs: float = 1.0
    arms: float = 1.0
    shoulders: float = 1.0
    hips: float = 1.0
    belly: float = 0.0
    sleeves: float = 0.0
    trousers: float = 0.0
    hair: float = 0.0
    skirt: float = 0.0

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not (isinstance(value, int | float) and low <= value <= high):
                raise wrong_value("Body", name, f"a number from {low} to {high}", value)

    @staticmethod
    def random(random: np.random.Generator) -> Body:
        """A body drawn from children of 1.2 m to tall adults, thin to stout, in tight to loose clothes."""
        normal = random.normal
        stout = float(np.clip(normal(0.0, 0.12), -0.25, 0.4))

        def around(spread: float) -> float:
            return float(np.clip(1.0 + normal(0.0, spread), 0.75, 1.35))

        return Body(
            height=float(np.clip(normal(1.70, 0.14), 1.2, 2.05)),
            girth=1.0 + stout,
            trunk=around(0.06),
            limbs=around(0.06),
            head=around(0.05),
            legs=around(0.04),
            arms=around(0.04),
            shoulders=around(0.07),
            hips=around(0.08),
            belly=float(max(0.0, normal(0.0, 0.03) + max(stout, 0.0) * 0.2)),
            sleeves=float(random.choice([0.0, random.uniform(0.0, 0.03)])),
            trousers=float(random.choice([0.0, random.uniform(0.0, 0.04)])),
            hair=float(random.choice([0.0, random.uniform(0.0, 0.05)])),
            skirt=float(random.choice([0.0, 0.0, 0.0, 0.0, random.uniform(0.2, 0.8)])),
        )

    def joints(self, pose: Array) -> Array:
        """Put this body into a pose: its own bones, turned as the pose's are.

        Parameters
        ----------
        pose : (20, 3) array
            Joints as in `JOINTS`, in any unit, y up.

        Returns
        -------
        (20, 3) array of float64
            Metres, y up, the pelvis at the origin. A bone without length in the pose points as its parent does.
        """
        pose = np.asarray(pose, np.float64)
        if pose.shape != (len(JOINTS), 3) or not np.isfinite(pose).all():
            raise wrong_value("Body.joints", "pose", f"a ({len(JOINTS)}, 3) array of finite numbers", pose)
        lengths = self._bones()
        placed = np.zeros_like(pose)
        directions = np.zeros_like(pose)
        for joint in range(1, len(JOINTS)):
            parent = PARENTS[joint]
            bone = pose[joint] - pose[parent]
            length = _norm(bone)
            directions[joint] = bone / length if length > 1e-6 else directions[parent]
            placed[joint] = placed[parent] + directions[joint] * lengths[joint]
        return placed

    def _bones(self) -> Array:
        """Length of the bone to each joint."""
        rest = REST * self.height
        lengths: Array = np.linalg.norm(rest - rest[np.maximum(PARENTS, 0)], axis=1)
        for side in SIDES:
            for joint, factor in (
                ("shoulder", self.shoulders),
                ("hip", self.hips),
                ("elbow", self.arms),
                ("wrist", self.arms),
                ("hand", self.arms),
                ("knee", self.legs),
                ("ankle", self.legs),
                ("foot", 0.5 + 0.5 * self.legs),
            ):
                lengths[JOINT[f"{joint}_{side}"]] *= factor
        lengths[JOINT["head"]] *= 0.5 + 0.5 * self.head
        return lengths

    def primitives(self, joints: Array) -> Primitives:
        """The surfaces of the body whose joints are given, in the same coordinates."""
        return _Builder(self, joints).primitives()


_RANGES = {
    "height": (0.5, 2.5),
    **dict.fromkeys(("girth", "trunk", "limbs", "head", "legs", "arms", "shoulders", "hips"), (0.5, 2.0)),
    **dict.fromkeys(("belly", "sleeves", "trousers", "hair"), (0.0, 0.3)),
    "skirt": (0.0, 1.0),
}


@dataclass(frozen=True, eq=False)
class Primitives:
    """Surfaces that a ray can hit: round cones, each in a frame of its own in which it may be flattened.

    In its frame, a primitive is the hull of a ball of radius ``radii[0]`` at the origin and one of radius ``radii[1]``
    at ``(0, 0, length)``.

    Attributes
    ----------
    frames : (P, 3, 4) array of float64
        From the world into each primitive's frame: ``frame[:, :3] @ point + frame[:, 3]``.
    lengths : (P,) array of float64
        Of the axes, >= 0.
    radii : (P, 2) array of float64
        Of both balls, > 0.
    planes : (P, 2, 4) array of float64
        Two planes that cut the surface into parts: a point of the frame is beyond a plane where
        ``plane[:3] @ point > plane[3]``.
    labels : (P, 4) array of int32
        Part before both planes, beyond the first, beyond the second, beyond both.
    """

    frames: Array
    lengths: Array
    radii: Array
    planes: Array
    labels: Array


def _cross(a: Array, b: Array) -> Array:
    # np.cross takes ten times as long for one pair.
    (ax, ay, az), (bx, by, bz) = a.tolist(), b.tolist()
    return np.array([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx])


def _norm(a: Array) -> float:
    return math.sqrt(float(a @ a))


class _Builder:
    def __init__(self, body: Body, joints: Array) -> None:
        self.body, self.at = body, {name: joints[number] for name, number in JOINT.items()}
        self.unit = body.height / 1.75
        self.rows: list[tuple[Array, float, tuple[float, float], Array, tuple[int, ...]]] = []
        hips = self.at["hip_left"] - self.at["hip_right"]
        shoulders = self.at["shoulder_left"] - self.at["shoulder_right"]
        self.hips, self.shoulders = (v / max(_norm(v), 1e-9) for v in (hips, shoulders))

    def add(
        self,
        start: Array,
        end: Array,
        radii: tuple[float, float],
        labels: tuple[str, ...],
        *,
        wide: Array | None = None,
        flat: float = 1.0,
        cuts: tuple[tuple[str, float], ...] = (),
    ) -> None:
        """A capsule from start to end; ``wide`` is the direction across, ``flat`` its thickness against its width.

        ``cuts`` are ("along", part of the axis) or ("across", metres); ``labels`` are for before the first cut, beyond
        it, beyond the second, beyond both.
        """
        axis = end - start
        length = _norm(axis)
        axis = axis / length if length > 1e-6 else np.array([0.0, 1.0, 0.0])
        across = np.array([1.0, 0.0, 0.0]) if wide is None else wide
        across = across - axis * (across @ axis)
        if _norm(across) < 1e-3:
            across = _cross(axis, np.eye(3)[int(np.argmin(np.abs(axis)))])
        across = across / _norm(across)
        thin = _cross(axis, across)
        turn = np.stack([across, thin / flat, axis])
        # Balls of which one holds the other have no cone between them: the lesser one is made to show.
        low, high = radii
        low, high = max(low, high - 0.999 * length), max(high, low - 0.999 * length)
        planes = np.zeros((2, 4))
        planes[:, 3] = 1.0
        for number, (kind, place) in enumerate(cuts):
            planes[number, 2 if kind == "along" else 0] = 1.0
            planes[number, 3] = place * length if kind == "along" else place
        parts = [PART[name] for name in labels]
        parts += parts[-1:] * (4 - len(parts))
        frame = np.concatenate([turn, -(turn @ start)[:, None]], axis=1)
        self.rows.append((frame, length, (low, high), planes, tuple(parts)))

    def primitives(self) -> Primitives:
        self._head()
        self._trunk()
        for side in SIDES:
            self._arm(side)
            self._leg(side)
        frames, lengths, radii, planes, labels = zip(*self.rows, strict=True)
        return Primitives(
            np.array(frames), np.array(lengths), np.array(radii), np.array(planes), np.array(labels, np.int32)
        )

    def _head(self) -> None:
        body, unit = self.body, self.unit
        neck, head = self.at["neck"], self.at["head"]
        up = head - neck
        up = up / max(_norm(up), 1e-9)
        front = _cross(self.shoulders, up)
        front = front / max(_norm(front), 1e-9)
        size = unit * body.head
        middle = head + front * 0.02 * size
        quarters = ("head_lower_right", "head_upper_right", "head_lower_left", "head_upper_left")
        self.add(neck - up * 0.03 * unit, head, (0.058 * unit * body.girth, 0.05 * size), ("neck",))
        for back, radius, wide in ((0.0, 0.094, 0.82), (body.hair, 0.097 + body.hair * 0.6, 0.9)):
            if back == 0.0 and radius != 0.094:
                continue
            # Across is the narrow way of a skull: the frame's thin axis is front to back, so flat is above 1.
            start = middle - up * 0.04 * size - front * back * 0.5
            self.add(
                start,
                start + up * (0.075 + back * 0.5) * size,
                (radius * size * wide * 0.92, radius * size * wide),
                quarters,
                wide=self.shoulders,
                flat=1.0 / wide,
                cuts=(("along", 0.45), ("across", 0.0)),
            )

    def _trunk(self) -> None:
        body, unit = self.body, self.unit
        pelvis, chest, neck = self.at["pelvis"], self.at["chest"], self.at["neck"]
        stout = unit * body.girth * body.trunk
        quarters = ("torso_lower_right", "torso_upper_right", "torso_lower_left", "torso_upper_left")
        upper, lower = quarters[1::2], quarters[::2]
        middle = (("across", 0.0),)
        broad = 0.5 + 0.5 * body.shoulders
        self.add(
            pelvis,
            chest,
            (0.150 * stout * body.hips, 0.150 * stout * broad),
            quarters,
            wide=self.hips,
            flat=0.68,
            cuts=(("along", 0.6), ("across", 0.0)),
        )
        self.add(chest, neck - (neck - chest) * 0.25, (0.158 * stout * broad, 0.12 * stout * broad), upper,
                 wide=self.shoulders, flat=0.66, cuts=middle)  # fmt: skip
        left, right = self.at["shoulder_left"], self.at["shoulder_right"]
        self.add(right + (left - right) * 0.06, left + (right - left) * 0.06, (0.056 * stout, 0.056 * stout),
                 upper, cuts=(("along", 0.5),))  # fmt: skip
        hips = (self.at["hip_right"], self.at["hip_left"])
        self.add(*hips, (0.105 * stout, 0.105 * stout), lower, cuts=(("along", 0.5),))
        if body.belly > 0:
            front = _cross(self.hips, chest - pelvis)
            front = front / max(_norm(front), 1e-9)
            centre = pelvis + (chest - pelvis) * 0.35 + front * (0.04 * stout + body.belly)
            self.add(centre, centre + (chest - pelvis) * 0.3, (0.10 * stout, 0.09 * stout), lower,
                     wide=self.hips, cuts=middle)  # fmt: skip
        if body.skirt > 0:
            knees = (self.at["knee_left"] + self.at["knee_right"]) / 2
            end = pelvis + (knees - pelvis) * body.skirt
            wide = _norm(self.at["knee_left"] - self.at["knee_right"]) * 0.5 * body.skirt
            self.add(pelvis, end, (0.155 * stout, min(0.17 * stout + wide * 0.5, 0.3 * unit)), lower,
                     wide=self.hips, flat=0.75, cuts=middle)  # fmt: skip

    def _arm(self, side: str) -> None:
        body, unit = self.body, self.unit
        thick, cloth = unit * body.girth * body.limbs, body.sleeves
        shoulder, elbow, wrist, hand = (
            self.at[f"{n}_{side}"] for n in ("shoulder", "elbow", "wrist", "hand")
        )
        self.add(shoulder, shoulder, (0.058 * thick + cloth, 0.058 * thick + cloth), (f"shoulder_{side}",))
        self._limb(
            shoulder,
            elbow,
            (0.050 * thick + cloth, 0.040 * thick + cloth),
            (f"shoulder_{side}", f"arm_upper_{side}", f"elbow_{side}"),
            (0.22, 0.80),
        )
        self._limb(
            elbow,
            wrist,
            (0.042 * thick + cloth, 0.029 * thick + cloth * 0.6),
            (f"elbow_{side}", f"arm_lower_{side}", f"wrist_{side}"),
            (0.22, 0.82),
        )
        palm = _cross(hand - wrist, elbow - shoulder)
        self.add(wrist, wrist + (hand - wrist) * 1.25, (0.030 * unit, 0.040 * unit),
                 (f"wrist_{side}", f"hand_{side}"), wide=palm, flat=0.55, cuts=(("along", 0.15),))  # fmt: skip

    def _leg(self, side: str) -> None:
        body, unit = self.body, self.unit
        thick, cloth = unit * body.girth * body.limbs, body.trousers
        hip, knee, ankle, toe = (self.at[f"{n}_{side}"] for n in ("hip", "knee", "ankle", "foot"))
        self._limb(
            hip,
            knee,
            (0.092 * thick + cloth * 0.5, 0.058 * thick + cloth),
            (f"leg_upper_{side}", f"leg_upper_{side}", f"knee_{side}"),
            (0.5, 0.84),
        )
        self._limb(
            knee,
            ankle,
            (0.058 * thick + cloth, 0.040 * thick + cloth),
            (f"knee_{side}", f"leg_lower_{side}", f"ankle_{side}"),
            (0.16, 0.86),
        )
        heel = ankle - (toe - ankle) * 0.2
        self.add(heel, toe, (0.042 * unit, 0.036 * unit), (f"ankle_{side}", f"foot_{side}"),
                 wide=self.hips, flat=0.85, cuts=(("along", 0.22),))  # fmt: skip

    def _limb(
        self,
        start: Array,
        end: Array,
        radii: tuple[float, float],
        labels: tuple[str, str, str],
        cuts: tuple[float, float],
    ) -> None:
        first, second, third = labels
        self.add(
            start, end, radii, (first, second, third, third), cuts=(("along", cuts[0]), ("along", cuts[1]))
        )

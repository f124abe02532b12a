"""The names that everything about bodies shares: 20 joints, the bones between them, 31 parts."""

from __future__ import annotations

import numpy as np

SIDES = ("left", "right")
"""The body's own, not the picture's."""

JOINTS = (
    "pelvis",
    "chest",
    "neck",
    "head",
    *(f"{joint}_{side}" for side in SIDES for joint in ("shoulder", "elbow", "wrist", "hand")),
    *(f"{joint}_{side}" for side in SIDES for joint in ("hip", "knee", "ankle", "foot")),
)
"""Parents before children."""

_PARENT_NAMES = {
    "pelvis": None,
    "chest": "pelvis",
    "neck": "chest",
    "head": "neck",
    **{
        f"{joint}_{side}": parent if parent in ("neck", "pelvis") else f"{parent}_{side}"
        for side in SIDES
        for joint, parent in (
            ("shoulder", "neck"),
            ("elbow", "shoulder"),
            ("wrist", "elbow"),
            ("hand", "wrist"),
            ("hip", "pelvis"),
            ("knee", "hip"),
            ("ankle", "knee"),
            ("foot", "ankle"),
        )
    },
}

JOINT = {name: number for number, name in enumerate(JOINTS)}
"""A joint's row by its name."""

PARENTS = np.array([-1 if (p := _PARENT_NAMES[name]) is None else JOINT[p] for name in JOINTS], np.int32)
"""The joint each hangs on; -1 for the pelvis."""

PARTS = (
    *(f"{part}_{side}" for part in ("head_upper", "head_lower") for side in SIDES),
    "neck",
    *(
        f"{part}_{side}"
        for part in (
            "shoulder",
            "arm_upper",
            "elbow",
            "arm_lower",
            "wrist",
            "hand",
            "torso_upper",
            "torso_lower",
        )
        for side in SIDES
    ),
    *(f"{part}_{side}" for part in ("leg_upper", "knee", "leg_lower", "ankle", "foot") for side in SIDES),
)
"""The 31 parts of Shotton et al.; a label is a place in this tuple."""

PART = {name: number for number, name in enumerate(PARTS)}
"""A part's label by its name."""


def mirrored_parts() -> tuple[int, ...]:
    """For each part the one that it becomes in a mirror."""
    swap = {"left": "right", "right": "left"}
    return tuple(
        PART[f"{name.rpartition('_')[0]}_{swap[name.rpartition('_')[2]]}"]
        if name.rpartition("_")[2] in swap
        else PART[name]
        for name in PARTS
    )

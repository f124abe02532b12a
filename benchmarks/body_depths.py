"""``python -m benchmarks.body_depths``: how far joints lie behind the surface that a camera sees, along the ray.

The table that `estimate_joints` pushes modes back by: true parts give the modes, true joints the distances.
"""

from __future__ import annotations

import numpy as np

from imgproc.bodyparts import FOUND_JOINTS, JOINTS, PARTS, estimate_joints, sample_poses
from imgproc.bodyparts.joints import _DEPTHS

from .body_scenes import split, test_scenes

SCENES = 300


def main() -> None:
    train, _ = split()
    behind: dict[str, list[float]] = {name: [] for name in _DEPTHS}
    for poses in (train, sample_poses(SCENES)):
        for scene in test_scenes(poses, SCENES, turn=120.0):
            sure = (scene.labels[..., None] == np.arange(len(PARTS))).astype(np.float32)
            for name, found in zip(FOUND_JOINTS, estimate_joints(scene.depth, sure).positions, strict=True):
                kind = name.partition("_")[0]
                if np.isfinite(found).all():
                    truth = scene.joints[JOINTS.index(name)]
                    behind[kind].append(
                        truth @ found / np.linalg.norm(found) - np.linalg.norm(found) + _DEPTHS[kind]
                    )
    for kind, distances in behind.items():
        print(f"{kind:10} {np.median(distances):.3f} m behind the mode, {_DEPTHS[kind]:.3f} in the table")


if __name__ == "__main__":
    main()

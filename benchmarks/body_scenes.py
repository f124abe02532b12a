"""Scenes of bodies to train and to judge forests with: whole motions are held out, and all shapes differ."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from imgproc.bodyparts import Body, Scenes, distinct_poses, motion_poses, read_motion
from imgproc.bodyparts.poses import facing

from .harness import DATA, Array

HELD_OUT = ("02_02", "02_08", "005_04", "005_08", "131_02", "neutral_16", "sexy_01_001")
"""Motions of the test, by a part of their names; those of CMU subject 2 are in both sets of files."""

DANCE = "cmu_005"
"""Of the subject whose motions are like no other's."""

TURN = 60.0
"""Degrees: bodies face the camera, as in front of a screen."""


def _upright(poses: Array) -> Array:
    """Turned to face z, with the proportions of one body: only the angles are a pose."""
    body, found = Body(), []
    for pose in poses:
        front = facing(pose.copy())[:, 2] * [1, 0, 1]
        front /= max(float(np.linalg.norm(front)), 1e-9)
        turn = np.array([[front[2], 0, -front[0]], [0, 1, 0], [front[0], 0, front[2]]])
        found.append(body.joints(pose) @ turn.T)
    return np.array(found)


@cache
def poses() -> dict[str, Array]:
    """Poses 5 cm apart by the name of their motion, at 15 to 20 a second."""
    files = sorted((DATA / "mocap_cmu" / "original").glob("*.amc.gz"))
    files += sorted((DATA / "mocap_bvh").glob("*.bvh"))
    found = {}
    for file in files:
        every = motion_poses(read_motion(file))
        every = every[::6] if file.suffix == ".gz" else every
        # These begin with a pose that is not the actor's.
        every = every[1:] if file.name.startswith("cmu_00") else every
        upright = _upright(every)
        found[file.name.partition(".")[0]] = upright[distinct_poses(upright)]
    if not found:
        raise SystemExit(f"no motions in {Path(DATA).name}: set IMGPROC_DATA to the folder of the data sets")
    return found


def held_out(name: str, parts: tuple[str, ...] = HELD_OUT) -> bool:
    return any(part in name for part in parts)


def split(parts: tuple[str, ...] = HELD_OUT) -> tuple[Array, Array]:
    """Poses to train with, and those of the motions held out that are 5 cm from any of them."""
    train = np.concatenate([some for name, some in poses().items() if not held_out(name, parts)])
    train = train[distinct_poses(train)]
    test = np.concatenate([some for name, some in poses().items() if held_out(name, parts)])
    both = distinct_poses(np.concatenate([train, test]))
    return train, test[both[both >= len(train)] - len(train)]


def training_scenes(train: Array, count: int, turn: float = TURN) -> Scenes:
    order = np.random.default_rng(0).permutation(len(train))
    return Scenes(train[order], count, seed=1, turn=turn)


def test_scenes(test: Array, count: int = 200, turn: float = TURN) -> Scenes:
    order = np.random.default_rng(1).permutation(len(test))
    return Scenes(test[order][:count], count, seed=99, turn=turn)

"""Motion capture and poses: files against joints computed elsewhere, refusals, laws of poses."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

import imgproc
from imgproc.bodyparts import JOINTS, PARENTS, distinct_poses, motion_poses, read_motion, sample_poses

RIGID = ("elbow", "wrist", "knee", "ankle")
"""Joints that one bone joins to their parents in every skeleton."""

BVH = """HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Leg
  {
    OFFSET 0 -10 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    End Site
    {
      OFFSET 0 -20 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.04
1 2 3 0 0 0 0 0 0
0 0 0 90 0 0 0 90 0
"""

ASF = """:version 1.10
:units
  length 2.0
  angle deg
:root
  order TX TY TZ RX RY RZ
  axis XYZ
  position 0 0 0
  orientation 0 0 0
:bonedata
  begin
    id 1
    name leg
    direction 0 -1 0
    length 4
    axis 0 0 90 XYZ
    dof rx
  end
:hierarchy
  begin
    root leg
  end
"""


def test_bvh_by_hand(tmp_path: Path) -> None:
    (tmp_path / "a.bvh").write_text(BVH)
    motion = read_motion(tmp_path / "a.bvh")
    assert motion.names == ("Hips", "Leg", "Leg_end")
    assert motion.parents.tolist() == [-1, 0, 1]
    assert motion.frame_time == 0.04
    assert_allclose(
        motion.positions[0], [[0.01, 0.02, 0.03], [0.01, -0.08, 0.03], [0.01, -0.28, 0.03]], atol=1e-12
    )
    # A quarter turn about z takes down to the right; about the turned x, right stays and the leg's end goes along -z.
    assert_allclose(motion.positions[1], [[0, 0, 0], [0.1, 0, 0], [0.1, 0, -0.2]], atol=1e-12)
    assert_allclose(read_motion(tmp_path / "a.bvh", metres_per_unit=1).positions, motion.positions * 100)


def test_amc_by_hand(tmp_path: Path) -> None:
    (tmp_path / "a.asf").write_text(ASF)
    (tmp_path / "a_1.amc").write_text(":DEGREES\n1\nroot 2 0 0 0 0 0\nleg 0\n2\nroot 0 0 0 0 0 0\nleg 90\n")
    motion = read_motion(tmp_path / "a_1.amc")
    inch = 0.0254 / 2
    # The bone's own x axis, turned by its axes, is the world's y: a turn about it leaves a bone along y alone.
    ends = [[[2 * inch, 0, 0], [2 * inch, -4 * inch, 0]], [[0, 0, 0], [0, -4 * inch, 0]]]
    assert_allclose(motion.positions, ends, atol=1e-12)
    (tmp_path / "a_1.amc.gz").write_bytes(gzip.compress((tmp_path / "a_1.amc").read_bytes()))
    assert_allclose(read_motion(tmp_path / "a_1.amc.gz").positions, motion.positions)


def test_cmu_equals_joints_computed_elsewhere(data: Path) -> None:
    folder = data / "mocap_cmu"
    motion = read_motion(folder / "original" / "02_01.amc.gz")
    with np.load(folder / "joints" / "02_01.npz", allow_pickle=False) as file:
        names, joints = file["names"].tolist(), file["joints"]
    rows = [motion.names.index(name) for name in names]
    # Every fourth frame of 120 a second, stored as float32.
    assert_allclose(motion.positions[::4][:, rows], joints, atol=1e-6)


def test_every_clip_has_poses(data: Path) -> None:
    for path in sorted((data / "mocap_bvh").glob("*_0*.bvh")):
        poses = motion_poses(read_motion(path))
        bones = np.linalg.norm(poses - poses[:, np.maximum(PARENTS, 0)], axis=2)
        bones = bones[:, [number for number, name in enumerate(JOINTS) if name.startswith(RIGID)]]
        # Bones keep their lengths, but for the rounding of the files.
        assert_allclose(bones, np.broadcast_to(bones[:1], bones.shape), atol=2e-3)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("MOTION", "NOTION", "part of a BVH hierarchy"),
        ("OFFSET 0 -10 0", "OFFSET 0 nan 0", "3 finite numbers"),
        ("CHANNELS 3", "CHANNELS 4", "CHANNELS"),
        ("Frames: 2", "Frames: 3", "3 frames as it says, got 2"),
        ("0 0 0 90 0 0 0 90 0", "0 0 0 90 0 0 0 90", "9 finite numbers"),
        ("Frame Time: 0.04", "Frame Time: 0", "time above 0"),
        ("ROOT Hips", "JOINT Hips", "one ROOT"),
        ("    End Site\n    {", "    End Site\n", "a brace after a joint|inside a joint|one ROOT|OFFSET"),
        ("}\nMOTION", "}\n}\nMOTION", "inside a joint"),
        ("}\nMOTION", "MOTION", "after all joints are closed"),
    ],
)
def test_bad_bvh(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in BVH
    (tmp_path / "a.bvh").write_text(BVH.replace(old, new, 1))
    with pytest.raises(ValueError, match=says):
        read_motion(tmp_path / "a.bvh")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("root leg", "leg leg", "must hang on the root|each below one parent"),
        ("root leg", "root arm", "each below one parent"),
        ("dof rx", "dof rx rx", "each at most once"),
        ("axis 0 0 90 XYZ", "axis 0 0 90 XXZ", "order of X, Y and Z"),
        ("length 2.0", "length 0", "length above 0"),
        ("length 4", "length x", "1 finite numbers"),
    ],
)
def test_bad_asf(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in ASF
    (tmp_path / "a.asf").write_text(ASF.replace(old, new, 1))
    (tmp_path / "a_1.amc").write_text("1\nroot 0 0 0 0 0 0\n")
    with pytest.raises(ValueError, match=says):
        read_motion(tmp_path / "a_1.amc")


def test_refusals(tmp_path: Path) -> None:
    (tmp_path / "a.asf").write_text(ASF)
    wrong = {
        "leg 1\n": "a frame's number",
        "1\narm 1\n": "bone of the skeleton",
        "1\nleg 1 2\n": "angles of leg",
    }
    for text, says in wrong.items():
        (tmp_path / "a_1.amc").write_text(text)
        with pytest.raises(ValueError, match=says):
            read_motion(tmp_path / "a_1.amc")
    (tmp_path / "b_1.amc").write_text("1\n")
    with pytest.raises(ValueError, match="skeleton"):
        read_motion(tmp_path / "b_1.amc")
    with pytest.raises(ValueError, match=r"\.bvh or \.amc"):
        read_motion(tmp_path / "a.txt")
    with pytest.raises(ValueError, match="metres_per_unit"):
        read_motion(tmp_path / "a.bvh", metres_per_unit=0)
    (tmp_path / "a.bvh.gz").write_bytes(gzip.compress(BVH.encode())[:-9])
    with pytest.raises(ValueError, match="gzip"):
        read_motion(tmp_path / "a.bvh.gz")
    (tmp_path / "a.bvh").write_text(BVH)
    with pytest.raises(ValueError, match="motion_poses: motion"):
        motion_poses(read_motion(tmp_path / "a.bvh"))
    with pytest.raises(ValueError, match="motion_poses: names"):
        motion_poses(read_motion(tmp_path / "a.bvh"), dict.fromkeys(JOINTS, "Arm"))


def test_sampled_poses_keep_bones_and_seeds() -> None:
    poses = sample_poses(20, seed=3)
    assert np.array_equal(poses, sample_poses(20, seed=3))
    assert not np.array_equal(poses, sample_poses(20, seed=4))
    bones = np.linalg.norm(poses - poses[:, np.maximum(PARENTS, 0)], axis=2)
    assert_allclose(bones, np.broadcast_to(bones[0], bones.shape), atol=1e-12)
    assert sample_poses(0).shape == (0, 20, 3)


def test_distinct_poses() -> None:
    poses = sample_poses(60, seed=1)
    for distance in (0.2, 0.5):
        kept = distinct_poses(poses, distance)
        apart = np.linalg.norm(poses[:, None] - poses[kept], axis=3).max(axis=2)
        assert (apart.min(axis=1) <= distance).all()  # every pose is like one that was kept
        among = apart[kept] + np.eye(len(kept)) * 9
        assert (among.min(axis=1) > distance).all()  # and no two of these are alike
    assert len(distinct_poses(poses, 0.0)) == 60
    with pytest.raises(ValueError, match="distinct_poses: poses"):
        distinct_poses(poses * np.nan)
    assert imgproc.bodyparts.distinct_poses(poses[:0]).tolist() == []

"""Joints from part probabilities, and their scores."""

from __future__ import annotations

import numpy as np
import pytest

from imgproc.bodyparts import (
    FOUND_JOINTS,
    JOINT_PARTS,
    JOINTS,
    PARTS,
    Camera,
    Joints,
    Rendering,
    Scenes,
    estimate_joints,
    render_body,
    sample_poses,
    score_joints,
)
from imgproc.bodyparts.poses import REST

CAMERA = Camera((120, 160), 142.8)


def sure(labels: np.ndarray) -> np.ndarray:
    return (labels[..., None] == np.arange(len(PARTS))).astype(np.float32)


def test_perfect_parts_give_joints_within_a_hand() -> None:
    scenes = Scenes(sample_poses(12, seed=4), seed=2, camera=CAMERA, turn=60)
    found = [estimate_joints(scene.depth, sure(scene.labels), CAMERA) for scene in scenes]
    scores = score_joints(found, scenes)
    assert scores.mean_average_precision > 0.9
    assert np.nanmax(scores.distance) < 0.1
    assert (scores.recall > 0.7).all()


def test_one_patch_is_one_mode() -> None:
    depth = np.full(CAMERA.shape, 10.0, np.float32)
    depth[50:61, 70:81] = 2.0
    proba = np.zeros((*CAMERA.shape, len(PARTS)), np.float32)
    left = FOUND_JOINTS.index("hand_left")
    proba[50:61, 70:81, JOINT_PARTS[left][0]] = 0.8
    found = estimate_joints(depth, proba, CAMERA)
    center = CAMERA.points(depth)[55, 75]
    pushed = center * (1 + 0.022 / np.linalg.norm(center))
    # Mean shift ends where a step is below a millimetre.
    assert np.allclose(found.positions[left], pushed, atol=1e-3)
    # Pixels are 2 m / 142.8 wide; within a bandwidth of 0.065 m of the middle lie those up to 4.6 pixels off.
    inside = sum(y * y + x * x <= (0.065 * 142.8 / 2) ** 2 for y in range(-5, 6) for x in range(-5, 6))
    assert found.confidences[left] == pytest.approx(inside * 0.8 * (2 / 142.8) ** 2, rel=1e-5)
    assert found.proposal_joints.tolist() == [left]
    others = np.arange(len(FOUND_JOINTS)) != left
    assert np.isnan(found.positions[others]).all() and (found.confidences[others] == 0).all()


def test_two_patches_are_two_proposals_the_heavier_first() -> None:
    depth = np.full(CAMERA.shape, 3.0, np.float32)
    proba = np.zeros((*CAMERA.shape, len(PARTS)), np.float32)
    knee = FOUND_JOINTS.index("knee_right")
    proba[20:24, 20:24, JOINT_PARTS[knee][0]] = 0.9
    proba[90:96, 100:106, JOINT_PARTS[knee][0]] = 0.9
    found = estimate_joints(depth, proba, CAMERA)
    assert found.proposal_joints.tolist() == [knee, knee]
    assert found.proposal_confidences[0] > found.proposal_confidences[1]
    places = CAMERA.project(found.proposals)
    assert np.abs(places - [[92.5, 102.5], [21.5, 21.5]]).max() < 0.5


def test_nothing_in_view() -> None:
    empty = np.zeros(CAMERA.shape, np.float32)
    found = estimate_joints(empty, np.zeros((*CAMERA.shape, 31), np.float32), CAMERA)
    assert np.isnan(found.positions).all() and found.proposals.shape == (0, 3)


def test_scores_by_hand() -> None:
    head = FOUND_JOINTS.index("head")
    seen = render_body(REST, CAMERA)
    truth = [
        Rendering(seen.depth, np.where(np.isin(seen.labels, JOINT_PARTS[head]), seen.labels, -1), seen.joints)
    ] * 2
    place = seen.joints[JOINTS.index("head")]

    def guess(*offsets: float) -> Joints:
        proposals = place + np.array(offsets)[:, None] * [1.0, 0.0, 0.0]
        positions = np.full((16, 3), np.nan)
        positions[head] = proposals[0]
        weights = np.linspace(1.0, 0.5, len(offsets))
        return Joints(positions, np.zeros(16), proposals, np.full(len(offsets), head), weights)

    # First image: right, then a double that counts as wrong; second: wrong, then right at lower confidence.
    scores = score_joints([guess(0.01, 0.02), guess(0.5, 0.0)], truth)
    # Ranked (1, right), (1, wrong), (0.5, wrong), (0.5, right): precision 1 up to recall 1/2, 2/4 up to 1.
    assert scores.average_precision[head] == pytest.approx(0.5 * 1 + 0.5 * 0.5)
    assert scores.recall[head] == 0.5 and scores.distance[head] == pytest.approx(0.255)
    hidden = FOUND_JOINTS.index("knee_left")
    assert np.isnan(scores.average_precision[hidden]) and np.isnan(scores.recall[hidden])
    assert scores.mean_average_precision == pytest.approx(0.75)
    assert score_joints([guess(0.01)] * 2, truth, reach=0.005).mean_average_precision == 0


def test_refusals() -> None:
    depth = np.ones(CAMERA.shape, np.float32)
    proba = np.zeros((*CAMERA.shape, 31), np.float32)
    with pytest.raises(ValueError, match="estimate_joints: depth"):
        estimate_joints(depth[1:], proba, CAMERA)
    with pytest.raises(ValueError, match="estimate_joints: proba"):
        estimate_joints(depth, proba[..., :30], CAMERA)
    with pytest.raises(TypeError, match="estimate_joints: proba"):
        estimate_joints(depth, proba.astype(np.float64), CAMERA)
    with pytest.raises(ValueError, match="bandwidth"):
        estimate_joints(depth, proba, CAMERA, bandwidth=0)
    with pytest.raises(ValueError, match="threshold"):
        estimate_joints(depth, proba, CAMERA, threshold=1)
    with pytest.raises(TypeError, match="camera"):
        estimate_joints(depth, proba, "kinect")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="score_joints: found"):
        score_joints([], [render_body(REST)])

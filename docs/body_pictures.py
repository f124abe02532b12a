"""Draws ``bodies.jpg``: ``python docs/body_pictures.py MODEL``, a forest of ``benchmarks.train_bodyparts``.

Above, a rendered test scene: its depth, its true parts, the parts and joints found. Below, what the same forest finds
in frames of a first Kinect (of the data folder); no picture of the set itself is drawn.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

sys.path.append(str(Path(__file__).parents[1]))

from benchmarks.body_scenes import split, test_scenes
from benchmarks.bodyparts_outside import REAL
from imgproc.bodyparts import Camera, DepthForest, estimate_joints
from imgproc.cli.bodyparts_pictures import draw_depth, draw_joints, draw_parts
from imgproc.io import read_image

SIDE, CAMERA = 300, Camera()
FRAMES = ("0000.png", "0021.png", "0057.png")


def tile(picture: np.ndarray, body: np.ndarray) -> np.ndarray:
    """The square around the body, at one size."""
    zoom = picture.shape[0] / body.shape[0]
    rows, columns = (np.flatnonzero(body.any(axis=axis)) for axis in (1, 0))
    side = 1.06 * zoom * max(np.ptp(rows), np.ptp(columns))
    middle = zoom * np.array([columns[0] + columns[-1], rows[0] + rows[-1]]) / 2
    scale = SIDE / side
    move = np.array([[scale, 0, SIDE / 2 - scale * middle[0]], [0, scale, SIDE / 2 - scale * middle[1]]])
    ground = tuple(map(int, draw_parts(np.full((1, 1), -1))[0, 0]))
    return cv2.warpAffine(picture, move, (SIDE, SIDE), flags=cv2.INTER_AREA, borderValue=ground)


def found(forest: DepthForest, depth: np.ndarray, body: np.ndarray) -> np.ndarray:
    chances = forest.predict_proba(depth, mask=body)
    parts = np.where(chances.any(axis=2), chances.argmax(axis=2), -1)
    joints = estimate_joints(np.where(body, depth, 0), chances, CAMERA)
    return tile(draw_joints(draw_parts(parts), joints, CAMERA), body)


if __name__ == "__main__":
    forest = DepthForest.load(sys.argv[1])
    scene = test_scenes(split()[1])[3]
    body = scene.labels >= 0
    above = [tile(draw_depth(scene.depth, body), body), tile(draw_parts(scene.labels), body)]
    above.append(found(forest, scene.depth, body))
    below = []
    for name in FRAMES:
        depth, mask = (read_image(REAL / kind / name).pixels[::2, ::2].copy() for kind in ("depth", "mask"))
        below.append(found(forest, depth, (mask > 0) & (depth > 0)))
    sheet = np.concatenate([np.concatenate(row, axis=1) for row in (above, below)])
    cv2.imwrite(str(Path(__file__).parent / "bodies.jpg"), sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])

"""``python -m benchmarks.bodyparts_outside MODEL``: a forest of our own bodies on pictures that others made.

Synthetic people of another renderer (``depth_people_synthetic``, 16 coarser parts), by the forest given and by one that
was trained on half of their motions; and a man before a Kinect (``depth_people_real``), whose head is known.
The person is cut out by the masks of the sets: forests know bodies alone.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from imgproc.bodyparts import FOUND_JOINTS, PARTS, Camera, DepthForest, estimate_joints
from imgproc.bodyparts.skeleton import SIDES
from imgproc.io import read_image

from .harness import DATA, Array

SYNTHETIC, REAL = DATA / "depth_people_synthetic", DATA / "depth_people_real" / "uva"

THEIRS = {"head": (1, 1), "neck": (2, 2), "torso_upper": (3, 3), "torso_lower": (4, 4)} | {
    name: (5 + 2 * at, 6 + 2 * at) for at, name in enumerate(("arm_upper", "arm_lower", "hand"))
}
THEIRS |= {name: (11 + 2 * at, 12 + 2 * at) for at, name in enumerate(("leg_upper", "leg_lower", "foot"))}
"""Their label of a part, left and right; told from the joints they lie at, for the set does not name them."""

BORDERS = {
    "shoulder": ("torso_upper", "arm_upper"),
    "elbow": ("arm_upper", "arm_lower"),
    "wrist": ("arm_lower", "hand"),
    "knee": ("leg_upper", "leg_lower"),
    "ankle": ("leg_lower", "foot"),
    "neck": ("neck", "head", "torso_upper"),
}
"""Parts of ours that lie across a border of theirs: either side of it counts as right."""


def accepted() -> Array:
    """(31, 17) bool: which of their labels a part of ours stands for."""
    table = np.zeros((len(PARTS), 17), bool)
    for number, part in enumerate(PARTS):
        name, _, side = part.rpartition("_") if part.endswith(SIDES) else (part, "", SIDES[0])
        name = "head" if name.startswith("head") else name
        for other in BORDERS.get(name, (name,)):
            table[number, THEIRS[other][SIDES.index(side)]] = True
    return table


def people(motions: range) -> Iterator[tuple[Array, Array]]:
    """Depth in millimetres and labels, 0 off the body, of the pictures of some motions."""
    with (SYNTHETIC / "joints.csv").open() as file:
        names = {row["file"] for row in csv.DictReader(file) if int(row["motion"][-2:]) in motions}
    for name in sorted(names):
        yield read_image(SYNTHETIC / "depth" / name).pixels, read_image(SYNTHETIC / "label" / name).pixels


def score(hits: list[tuple[Array, Array]]) -> dict[str, float]:
    """Accuracy over pixels and mean over their labels, of truth and whether it was met."""
    truth, right = (np.concatenate(column) for column in zip(*hits, strict=True))
    of_labels = np.bincount(truth, right, 17)[1:] / np.maximum(np.bincount(truth, minlength=17)[1:], 1)
    common = np.bincount(truth, minlength=17)[1:] >= 100
    return {"mean_per_class": float(of_labels[common].mean()), "per_pixel": float(right.mean())}


def synthetic(forest: DepthForest) -> dict[str, Any]:
    table, ours, theirs, half = accepted(), [], [], list(people(range(1, 6)))
    learnt = DepthForest(3, 20, 200).fit(
        [np.where(labels > 0, depth, 0) for depth, labels in half],
        [labels.astype(np.int32) - 1 for _, labels in half],
        n_parts=16,
    )
    for depth, labels in people(range(6, 11)):
        body = (labels > 0) & (depth > 0)
        # A camera of half the resolution sees with half the focal length.
        twice = np.kron(np.where(body, depth, 0), np.ones((2, 2), depth.dtype))
        chances = forest.predict_proba(twice)[::2, ::2][body]
        truth = labels[body].astype(np.int64)
        ours.append((truth, (table[chances.argmax(axis=1), truth])))
        theirs.append((truth, learnt.predict(depth, mask=body)[body] + 1 == truth))
    return {"own bodies": score(ours), "half of the set": score(theirs), "pictures": len(ours)}


def real(forest: DepthForest) -> dict[str, Any]:
    """Share of the frames in which the place of the head lies in the box around it."""
    with (REAL / "parts.csv").open() as file:
        boxes = {row["file"]: tuple(int(row[key]) for key in "xywh") for row in csv.DictReader(file)}
    camera, inside, far = Camera(), 0, []
    for name, (x, y, w, h) in boxes.items():
        depth, mask = (read_image(REAL / kind / name).pixels[::2, ::2] for kind in ("depth", "mask"))
        found = estimate_joints(
            np.where(mask > 0, depth, 0), forest.predict_proba(depth, mask=mask > 0), camera
        ).positions[FOUND_JOINTS.index("head")]
        row, column = camera.axis
        at = 2 * np.array(
            [found[0] / found[2] * camera.focal + column, found[1] / found[2] * camera.focal + row]
        )
        inside += bool(x <= at[0] < x + w and y <= at[1] < y + h)
        far.append(float(np.hypot(*((at - [x + w / 2, y + h / 2]) / [w, h]))))
    return {
        "frames": len(boxes),
        "head in its box": inside,
        "median distance in boxes": float(np.median(far)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model")
    forest = DepthForest.load(parser.parse_args().model)
    print(json.dumps({"synthetic": synthetic(forest), "real": real(forest)}, indent=1))


if __name__ == "__main__":
    main()

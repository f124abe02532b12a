"""IoU of rotated boxes by shapely 2.2.0 (GEOS, float64), for tests/test_rotated_oracles.py.

pip install shapely && python tests/goldens/shapely_rotated.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from shapely.affinity import rotate
from shapely.geometry import box


def polygon(row: np.ndarray) -> object:
    cx, cy, w, h, angle = map(float, row)
    # Its y axis points up, so that what it calls counter-clockwise is clockwise in an image.
    return rotate(box(cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2), -angle, origin=(cx, cy))


def main() -> None:
    rng = np.random.default_rng(4)
    sets = []
    for count in (40, 50):
        boxes = np.column_stack(
            [rng.uniform(0, 60, (count, 2)), rng.uniform(0.01, 40, (count, 2)), rng.uniform(-200, 400, count)]
        )
        boxes[::4, 4] = rng.choice([0, 90, 180, -90, 45, 30], len(boxes[::4]))
        boxes[::6, :2] = 30
        sets.append(boxes)
    polygons = [[polygon(row) for row in boxes] for boxes in sets]
    iou = [[p.intersection(q).area / p.union(q).area for q in polygons[1]] for p in polygons[0]]
    np.savez_compressed(Path(__file__).with_suffix(".npz"), a=sets[0], b=sets[1], iou=np.array(iou))


if __name__ == "__main__":
    main()

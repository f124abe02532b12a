"""IoU of rotated boxes by torchvision 0.29.1, for tests/test_rotated_oracles.py.

pip install torchvision && python tests/goldens/torchvision_rotated.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torchvision.ops import box_iou


def main() -> None:
    rng = np.random.default_rng(3)
    sets = []
    for count in (30, 40):
        boxes = np.column_stack(
            [rng.uniform(0, 60, (count, 2)), rng.uniform(2, 40, (count, 2)), rng.uniform(-200, 400, count)]
        )
        boxes[::5, 4] = rng.choice([0, 90, 180, -90, 45], len(boxes[::5]))
        sets.append(boxes.astype(np.float32))
    iou = box_iou(*map(torch.from_numpy, sets), fmt="cxcywhr").numpy()
    np.savez_compressed(Path(__file__).with_suffix(".npz"), a=sets[0], b=sets[1], iou=iou)


if __name__ == "__main__":
    main()

"""Makes torchvision_anchors.npz: `python tests/goldens/torchvision_anchors.py` where torchvision is installed.

Anchors of a pyramid by AnchorGenerator, deltas and boxes by BoxCoder, labels by Matcher with low-quality matches.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torchvision
from torchvision.models.detection._utils import BoxCoder, Matcher
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import box_iou

WEIGHTS = (10.0, 10.0, 5.0, 5.0)
GRIDS = ((24, 32), (6, 9))
IMAGE = (384, 512)
SIZES = ((32.0, 50.0), (128.0, 181.0, 256.0))
RATIOS = ((0.5, 1.0, 2.0), (0.3, 1.7))


def main() -> None:
    rng = np.random.default_rng(7)
    features = [torch.zeros(1, 1, *grid) for grid in GRIDS]
    images = ImageList(torch.zeros(1, 3, *IMAGE), [IMAGE])
    anchors = AnchorGenerator(SIZES, RATIOS)(images, features)[0]
    centres, halves = rng.uniform(0, (512, 384), (12, 2)), rng.uniform(8, 120, (12, 2))
    truth = torch.tensor(np.concatenate([centres - halves, centres + halves], axis=1), dtype=torch.float32)
    some = anchors[torch.tensor(rng.choice(len(anchors), 64, replace=False))]
    coder = BoxCoder(WEIGHTS)
    boxes = truth[torch.tensor(rng.integers(0, 12, 64))]
    deltas = coder.encode_single(boxes, some)
    drawn = torch.tensor(rng.normal(0, 12, (64, 4)), dtype=torch.float32)
    matches = Matcher(0.7, 0.3, allow_low_quality_matches=True)(box_iou(truth, anchors))
    np.savez_compressed(
        Path(__file__).with_suffix(".npz"),
        versions=np.array([torch.__version__, torchvision.__version__]),
        anchors=anchors.numpy(),
        truth=truth.numpy(),
        some=some.numpy(),
        boxes=boxes.numpy(),
        deltas=deltas.numpy(),
        drawn=drawn.numpy(),
        decoded=coder.decode_single(drawn, some).numpy(),
        matches=matches.numpy().astype(np.int16),
    )


if __name__ == "__main__":
    main()

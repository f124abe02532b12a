"""Makes torchvision_boxes.npz: what torchvision says about boxes. Needs torch and torchvision, which no test does.

``python tests/goldens/make_torchvision.py``; the file holds the inputs as well, and under ``versions`` who said it.
"""

from pathlib import Path

import numpy as np
import torch
import torchvision
from torchvision import ops

THRESHOLDS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)


def scenes(rng):
    """Boxes as detectors give them, on a lattice where many overlaps are equal to a threshold, far out, and huge."""
    middle = rng.random((12, 2))[rng.integers(0, 12, 160)] * 300 + rng.normal(0, 6, (160, 2))
    size = np.exp(rng.normal(3.5, 0.3, (160, 2)))
    clustered = np.concatenate([middle - size / 2, middle + size / 2], 1)
    corner, sides = rng.integers(-6, 6, (160, 2)), rng.integers(0, 7, (160, 2))
    lattice = np.concatenate([corner, corner + sides], 1)
    yield "clustered", clustered, rng.random(160)
    yield "lattice", lattice, rng.integers(0, 12, 160) / 8
    yield "far", lattice + 1e6, rng.random(160)
    yield "huge", lattice * 7e18, rng.random(160)


def main():
    rng, arrays = np.random.default_rng(7), {}
    for name, boxes, scores in scenes(rng):
        boxes, scores = torch.tensor(boxes, dtype=torch.float32), torch.tensor(scores, dtype=torch.float32)
        labels = torch.tensor(rng.integers(0, 5, len(boxes)))
        arrays |= {f"{name}_boxes": boxes, f"{name}_scores": scores, f"{name}_labels": labels}
        for threshold in THRESHOLDS:
            arrays[f"{name}_nms_{threshold}"] = ops.nms(boxes, scores, threshold)
        keep = torch.zeros(len(boxes), dtype=torch.bool)
        for label in labels.unique():  # as batched_nms does for many boxes, where it has no offsets
            members = torch.where(labels == label)[0]
            keep[members[ops.nms(boxes[members], scores[members], 0.5)]] = True
        arrays[f"{name}_kept_by_label"] = torch.where(keep)[0]
        for kind, function in (
            ("iou", ops.box_iou),
            ("giou", ops.generalized_box_iou),
            ("diou", ops.distance_box_iou),
            ("ciou", ops.complete_box_iou),
        ):
            for dtype in (torch.float32, torch.float64):
                a = boxes.to(dtype)
                arrays[f"{name}_{kind}_{str(dtype)[6:]}"] = function(a[:24], a[24:44])
    # The fault of offsets: boxes of two labels, equal and left of zero, meet once the second is moved by max + 1.
    apart = torch.tensor([[-10.0, -10.0, 0.0, 0.0], [-10.0, -10.0, 0.0, 0.0]])
    arrays["offset_boxes"] = apart
    arrays["offset_kept"] = ops.batched_nms(apart, torch.tensor([0.9, 0.8]), torch.tensor([0, 1]), 0.5)
    for source, target in (("xyxy", "xywh"), ("xyxy", "cxcywh"), ("xywh", "xyxy"), ("cxcywh", "xyxy")):
        given = arrays["clustered_boxes"]
        given = given if source == "xyxy" else ops.box_convert(given, "xyxy", source)
        arrays[f"convert_{source}_{target}_in"] = given
        arrays[f"convert_{source}_{target}_out"] = ops.box_convert(given, source, target)
    arrays["clip"] = ops.clip_boxes_to_image(arrays["clustered_boxes"], (200, 150))
    plain = {key: value.numpy() for key, value in arrays.items()}
    plain["versions"] = np.array(f"torchvision {torchvision.__version__}, torch {torch.__version__}")
    np.savez_compressed(Path(__file__).with_name("torchvision_boxes.npz"), **plain)


if __name__ == "__main__":
    main()

"""Makes torchvision_keypoints.npz: keypoints of heat maps by torchvision's heatmaps_to_keypoints.

``python tests/goldens/torchvision_keypoints.py`` needs torch and torchvision, which no test does; the file holds the
inputs as well, and under ``versions`` who said it.
"""

from pathlib import Path

import numpy as np
import torch
import torchvision
from torchvision.models.detection.roi_heads import heatmaps_to_keypoints


def main():
    rng, arrays = np.random.default_rng(5), {}
    for number, (height, width, count) in enumerate(((28, 28, 9), (7, 11, 9), (2, 3, 4))):
        y, x = np.mgrid[:height, :width]
        middle = rng.uniform(-1, (height, width), (count, 5, 2))[..., None, None]
        blobs = 90 * np.exp(-((y - middle[:, :, 0]) ** 2 + (x - middle[:, :, 1]) ** 2) / 6)
        maps = np.int8(np.clip(blobs + rng.normal(0, 9, blobs.shape), -127, 127))
        maps[:, 4] = rng.integers(-127, 128, (count, height, width))  # noise alone
        corner, side = rng.uniform(-9, 90, (count, 2)), np.exp(rng.uniform(-1, 5.3, (count, 2)))
        boxes = np.concatenate([corner, corner + side], 1).astype(np.float32)
        boxes[0, 2:] = boxes[0, :2]
        boxes[1, 2:] = boxes[1, :2] + (3 * width, 2 * height)
        places, scores = heatmaps_to_keypoints(torch.tensor(maps, dtype=torch.float32), torch.tensor(boxes))
        found = np.concatenate([places.numpy()[:, :, :2], scores.numpy()[:, :, None]], 2)
        arrays |= {f"maps_{number}": maps, f"boxes_{number}": boxes, f"found_{number}": found}
    arrays["versions"] = np.array(f"torchvision {torchvision.__version__}, torch {torch.__version__}")
    np.savez_compressed(Path(__file__).with_name("torchvision_keypoints.npz"), **arrays)


if __name__ == "__main__":
    main()

"""Makes torchvision_paste.npz: masks pasted by torchvision. Needs torch and torchvision, which no test does.

``python tests/goldens/torchvision_paste.py``; the file holds the inputs as well, and under ``versions`` who said it.
"""

from pathlib import Path

import numpy as np
import torch
import torchvision
from torchvision.models.detection.roi_heads import paste_masks_in_image

SHAPE = (150, 203)
SIZES = ((28, 28, 40), (14, 14, 12), (5, 9, 12), (1, 1, 6))


def boxes(rng, count):
    """Of all sizes, many beyond the image, some without extent; torchvision fails on those wholly outside."""
    middle = rng.uniform((1, 1), (SHAPE[1] - 1, SHAPE[0] - 1), (count, 2))
    half = np.exp(rng.normal(3, 1, (count, 2)))
    half[: count // 6] = 0
    half[-1] = 400
    return np.concatenate([middle - half, middle + half], 1).astype(np.float32)


def probabilities(rng, height, width, count):
    """Blobs and noise in 255 steps, and masks of 0 and 1 alone."""
    y, x = np.mgrid[:height, :width]
    places = rng.uniform(0, (height, width), (count, 2))[:, :, None, None]
    distance = np.hypot(y - places[:, 0], x - places[:, 1]) / rng.uniform(2, max(height, 3), (count, 1, 1))
    blobs = 1 / (1 + np.exp(6 * distance - 5)) + rng.normal(0, 0.03, (count, height, width))
    blobs[::4] = rng.random((len(blobs[::4]), height, width))
    blobs[1::4] = blobs[1::4] > 0.5
    return np.uint8(255 * np.clip(blobs, 0, 1))


def main():
    rng, arrays = np.random.default_rng(9), {"shape": np.array(SHAPE)}
    for number, (height, width, count) in enumerate(SIZES):
        masks, places = probabilities(rng, height, width, count), boxes(rng, count)
        given = torch.tensor(masks.astype(np.float32) / np.float32(255))[:, None]
        pasted = paste_masks_in_image(given, torch.tensor(places), SHAPE)[:, 0].numpy()
        arrays |= {f"masks_{number}": masks, f"boxes_{number}": places}
        arrays[f"pasted_{number}"] = np.packbits(pasted >= 0.5, axis=2)
        # Where float32 in another order may fall on the other side.
        arrays[f"close_{number}"] = np.packbits(np.abs(pasted - 0.5) < 1e-6, axis=2)
    arrays["versions"] = np.array(f"torchvision {torchvision.__version__}, torch {torch.__version__}")
    np.savez_compressed(Path(__file__).with_name("torchvision_paste.npz"), **arrays)


if __name__ == "__main__":
    main()

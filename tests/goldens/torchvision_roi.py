"""Makes torchvision_roi.npz: what torchvision's roi_align, roi_pool and MultiScaleRoIAlign give.

``python tests/goldens/torchvision_roi.py`` needs torch and torchvision, which no test does; the file holds the inputs
as well, and under ``versions`` who said it.
"""

from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
import torchvision
from torchvision.ops import MultiScaleRoIAlign, roi_align
from torchvision.ops.poolers import LevelMapper

CASES = (
    (7, 1.0, 2, True),
    (7, 0.5, 0, True),
    ((3, 5), 0.25, 0, False),
    (2, 1.3, 3, False),
    ((1, 4), 1.0, 1, True),
)


def boxes(rng, count, height, width):
    """Of all sizes, some beyond the map or wholly outside, some without extent, some on whole pixels and halves."""
    middle = rng.uniform((-4, -4), (width + 4, height + 4), (count, 2))
    half = np.exp(rng.normal(1.2, 1, (count, 2)))
    half[: count // 8] = 0
    corners = np.concatenate([middle - half, middle + half], 1).astype(np.float32)
    corners[count // 2 :] = np.round(corners[count // 2 :] * 2) / 2
    return corners


def main():
    rng, arrays = np.random.default_rng(3), {}
    features = rng.integers(-127, 128, (2, 3, 14, 19)).astype(np.int8)
    rows = np.concatenate([rng.integers(0, 2, (24, 1)), boxes(rng, 24, 14, 19)], 1).astype(np.float32)
    arrays |= {"features": features, "rows": rows}
    maps, regions = torch.tensor(features, dtype=torch.float32), torch.tensor(rows)
    for number, (size, scale, ratio, aligned) in enumerate(CASES):
        arrays[f"aligned_{number}"] = roi_align(maps, regions, size, scale, ratio, aligned).numpy()
        height, width = (size, size) if isinstance(size, int) else size
        values, places = torch.ops.torchvision.roi_pool(maps, regions, scale, height, width)
        arrays |= {f"pooled_{number}": values.numpy(), f"places_{number}": places.numpy()}
    levels = [rng.integers(-127, 128, (1, 2, 64 >> k, 96 >> k)).astype(np.int8) for k in range(4)]
    corners = boxes(rng, 40, 256, 384)
    corners[:20] = np.concatenate(
        [corners[:20, :2], corners[:20, :2] + np.float32(rng.uniform(5, 500, (20, 1)))], 1
    )
    side = 224 * 2.0 ** np.arange(-3, 3)[:, None]
    corners[:6] = np.concatenate([np.zeros((6, 2)), side, side], 1)  # where the level changes
    pooler = MultiScaleRoIAlign(list("abcd"), 7, 2)
    named = OrderedDict(
        zip("abcd", (torch.tensor(level, dtype=torch.float32) for level in levels), strict=True)
    )
    given = [torch.tensor(corners)]
    arrays |= {f"level_{k}": level for k, level in enumerate(levels)}
    arrays |= {"corners": corners, "pyramid": pooler(named, given, [(256, 384)]).numpy()}
    arrays["levels"] = LevelMapper(2, 5)(given).numpy() + 2
    arrays["versions"] = np.array(f"torchvision {torchvision.__version__}, torch {torch.__version__}")
    np.savez_compressed(Path(__file__).with_name("torchvision_roi.npz"), **arrays)


if __name__ == "__main__":
    main()

"""A small Monodepth with random weights: C. Godard, O. Mac Aodha, G. J. Brostow, CVPR 2017.

An encoder, a decoder with skips, and at two scales the disparities of both images as parts of the width; and its loss,
with the sampler of the paper.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn.functional import elu, grid_sample, interpolate

LIMIT = 0.3


class Monodepth(nn.Module):
    """Left images to raw ``disparities``, left first, and ``coarse`` ones of half the size: no sigmoid, no limit."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList(nn.Conv2d(a, b, 3, 2, 1) for a, b in ((3, 8), (8, 12), (12, 16)))
        self.up = nn.ModuleList(nn.Conv2d(a, b, 3, 1, 1) for a, b in ((16, 12), (24, 8), (18, 8)))
        self.coarse, self.fine = nn.Conv2d(8, 2, 3, 1, 1), nn.Conv2d(8, 2, 3, 1, 1)

    def forward(self, x: Any) -> dict[str, Any]:
        skips = []
        for down in self.down:
            x = elu(down(x))
            skips.append(x)

        def twice(y: Any) -> Any:
            return interpolate(y, scale_factor=2, mode="nearest")

        x = torch.cat([elu(self.up[0](twice(skips[2]))), skips[1]], 1)
        x = elu(self.up[1](twice(x)))
        coarse = self.coarse(x)
        x = elu(self.up[2](twice(torch.cat([x, skips[0], coarse], 1))))
        return {"disparities": self.fine(x), "coarse": coarse}


def rebuilt(other: Any, disparity: Any) -> Any:
    """The left image (N, C, H, W) from the right one, by a disparity (N, 1, H, W) in pixels: 0 from outside."""
    height, width = other.shape[2:]
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    x = columns - disparity[:, 0]
    y = rows.expand_as(x)
    grid = torch.stack([2 * x / (width - 1) - 1, 2 * y / (height - 1) - 1], -1)
    return grid_sample(other, grid, mode="bilinear", padding_mode="zeros", align_corners=True)

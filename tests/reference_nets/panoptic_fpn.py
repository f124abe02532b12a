"""A small Panoptic FPN with random weights: A. Kirillov, R. Girshick, K. He, P. Dollár, CVPR 2019.

The backbone is four strided convolutions; the pyramid, the semantic branch and the heads for regions are those of the
paper, a few channels wide. Regions are given from outside, as by a region proposal network.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torch.nn.functional import grid_sample, interpolate, relu

CHANNELS = 16


class Pyramid(nn.Module):
    """Four levels of stride 4 to 32, made top down."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 8, 16, 24, 32)
        self.stem = nn.Conv2d(3, 3, 3, stride=2, padding=1)
        pairs = pairwise(widths)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairs)
        self.lateral = nn.ModuleList(nn.Conv2d(width, CHANNELS, 1) for width in widths[1:])
        self.smooth = nn.ModuleList(nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1) for _ in widths[1:])

    def forward(self, images: Any) -> list[Any]:
        x, levels = relu(self.stem(images)), []
        for down in self.down:
            x = relu(down(x))
            levels.append(x)
        merged = [lateral(level) for lateral, level in zip(self.lateral, levels, strict=True)]
        for at in (2, 1, 0):
            merged[at] = merged[at] + interpolate(merged[at + 1], size=merged[at].shape[2:], mode="nearest")
        return [smooth(level) for smooth, level in zip(self.smooth, merged, strict=True)]


class SemanticBranch(nn.Module):
    """Each level brought to stride 4 by stages of 3×3, group norm, relu and doubling; their sum to the classes."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.stages = nn.ModuleList(
            nn.ModuleList(nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1) for _ in range(max(level, 1)))
            for level in range(4)
        )
        self.norm = nn.GroupNorm(4, CHANNELS)
        self.classes = nn.Conv2d(CHANNELS, classes, 1)

    def forward(self, levels: list[Any]) -> Any:
        total = 0
        for level, (stages, x) in enumerate(zip(self.stages, levels, strict=True)):
            for stage in stages:
                x = relu(self.norm(stage(x)))
                if level:
                    x = interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            total = total + interpolate(x, size=levels[0].shape[2:], mode="bilinear", align_corners=False)
        return self.classes(total)


class RegionHeads(nn.Module):
    """Class, box and mask of regions cut from the finest level, 7×7 and 14×14 samples."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.score = nn.Linear(CHANNELS * 49, classes + 1)
        self.mask = nn.Sequential(
            nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(CHANNELS, CHANNELS, 2, stride=2),
            nn.ReLU(),
            nn.Conv2d(CHANNELS, classes, 1),
        )

    def forward(self, level: Any, boxes: Any) -> tuple[Any, Any]:
        small, large = (self.cut(level, boxes, size) for size in (7, 14))
        return self.score(small.flatten(1)), self.mask(large)

    @staticmethod
    def cut(level: Any, boxes: Any, size: int) -> Any:
        """Samples at the middles of a grid over each box, given as shares of the input."""
        at = (torch.arange(size) + 0.5) / size
        x = boxes[:, 0, None] + at * (boxes[:, 2] - boxes[:, 0])[:, None]
        y = boxes[:, 1, None] + at * (boxes[:, 3] - boxes[:, 1])[:, None]
        grid = torch.stack([x[:, None, :].expand(-1, size, -1), y[:, :, None].expand(-1, -1, size)], dim=-1)
        return grid_sample(level.expand(len(boxes), -1, -1, -1), 2 * grid - 1, align_corners=False)


class PanopticFPN(nn.Module):
    """Of one image: scores and masks of regions, and the semantic logits at a quarter of the input."""

    def __init__(self, things: int, stuff: int) -> None:
        super().__init__()
        self.pyramid, self.semantic, self.regions = Pyramid(), SemanticBranch(stuff + 1), RegionHeads(things)

    def forward(self, images: Any, boxes: Any) -> dict[str, Any]:
        levels = self.pyramid(images)
        scores, masks = self.regions(levels[0], boxes)
        return {"region_logits": scores, "region_masks": masks, "semantic_logits": self.semantic(levels)}

"""A small CenterNet with random weights: X. Zhou, D. Wang, P. Krähenbühl, Objects as points, 2019.

An hourglass with a head for the centres of each class, one for their offsets and one for the sizes of the boxes; the
paper's way from these to boxes; and its loss of the centres.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn
from torch.nn.functional import max_pool2d

from .hourglass import StackedHourglass


class CenterNet(nn.Module):
    """Images to ``hm``, ``reg`` and ``wh`` of a quarter of the size."""

    def __init__(self, classes: int = 4, width: int = 12) -> None:
        super().__init__()
        self.backbone = StackedHourglass(1, width, stacks=1)

        def head(channels: int) -> Any:
            return nn.Sequential(
                nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, channels, 1)
            )

        self.hm, self.reg, self.wh = head(classes), head(2), head(2)
        # The paper's prior: a tenth of the pixels are centres.
        nn.init.constant_(self.hm[2].bias, -math.log(9))

    def forward(self, x: Any) -> dict[str, Any]:
        found, _ = self.backbone.features(x)
        return {name: getattr(self, name)(found) for name in ("hm", "reg", "wh")}


def decode(outputs: dict[str, Any], count: int, stride: int) -> tuple[Any, Any, Any]:
    """Boxes, scores and classes of one image: sigmoid, maxima of 3 x 3, the best, offset and size."""
    heat = torch.sigmoid(outputs["hm"])
    heat = heat * (max_pool2d(heat, 3, 1, 1) == heat)
    scores, at = heat.flatten().topk(count)
    classes, pixel = at // heat[0].numel(), at % heat[0].numel()
    y, x = pixel // heat.shape[2], pixel % heat.shape[2]
    centre = torch.stack([x, y]) + outputs["reg"][:, y, x]
    half = outputs["wh"][:, y, x].clamp(min=0) / 2
    return stride * torch.cat([centre - half, centre + half]).T, scores, classes

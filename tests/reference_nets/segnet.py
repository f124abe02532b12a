"""A small SegNet with random weights: V. Badrinarayanan, A. Kendall, R. Cipolla, PAMI 39 (2017).

Three stages of convolution and pooling, whose places the decoder puts its maps back to; as many logits as pixels.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from torch import nn
from torch.nn.functional import max_pool2d, max_unpool2d

WIDTHS = (3, 8, 12, 16)


def stage(inputs: int, outputs: int) -> Any:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU())


class SegNet(nn.Module):
    """Images to ``logits`` and, of the first stage, the maxima and where they were."""

    def __init__(self, classes: int = 5) -> None:
        super().__init__()
        self.down = nn.ModuleList(stage(a, b) for a, b in pairwise(WIDTHS))
        ups = [*reversed(WIDTHS[1:])]
        self.up = nn.ModuleList(stage(a, b) for a, b in zip(ups, [*ups[1:], ups[-1]], strict=True))
        self.classes = nn.Conv2d(WIDTHS[1], classes, 1)

    def forward(self, x: Any) -> dict[str, Any]:
        kept = []
        for down in self.down:
            features = down(x)
            x, places = max_pool2d(features, 2, return_indices=True)
            kept.append((features, x, places))
        for up, (features, _, places) in zip(self.up, reversed(kept), strict=True):
            x = up(max_unpool2d(x, places, 2, output_size=features.shape[2:]))
        features, maxima, places = kept[0]
        return {"logits": self.classes(x), "features": features, "maxima": maxima, "places": places}

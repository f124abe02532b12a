"""A small DeconvNet with random weights: H. Noh, S. Hong, B. Han, ICCV 2015.

Convolution and pooling down to a single vector, and the mirror image of it: unpooling and transposed convolution.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from torch import nn
from torch.nn.functional import max_pool2d, max_unpool2d, relu

WIDTHS = (3, 8, 12, 16)
SIDE = 32
"""Of its input: the vector sees all of it."""


class DeconvNet(nn.Module):
    """Images of ``SIDE`` pixels to ``logits`` of as many."""

    def __init__(self, classes: int = 5) -> None:
        super().__init__()
        pairs = list(pairwise(WIDTHS))
        self.down = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in pairs)
        left = SIDE >> len(pairs)
        self.whole = nn.Conv2d(WIDTHS[-1], 32, left)
        self.back = nn.ConvTranspose2d(32, WIDTHS[-1], left)
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(b, max(a, WIDTHS[1]), 3, padding=1) for a, b in reversed(pairs)
        )
        self.classes = nn.Conv2d(WIDTHS[1], classes, 1)

    def forward(self, x: Any) -> dict[str, Any]:
        kept = []
        for down in self.down:
            x, places = max_pool2d(relu(down(x)), 2, return_indices=True)
            kept.append(places)
        x = relu(self.back(relu(self.whole(x))))
        for up, places in zip(self.up, reversed(kept), strict=True):
            x = relu(up(max_unpool2d(x, places, 2)))
        return {"logits": self.classes(x)}

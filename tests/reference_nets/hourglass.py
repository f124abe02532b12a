"""A small stacked hourglass with random weights: A. Newell, K. Yang, J. Deng, ECCV 2016.

Down and up again with a skip at each size, twice, the second time from the features and the first heat maps.
"""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.nn.functional import interpolate, max_pool2d, relu


class Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            nn.Conv2d(width, width // 2, 1), nn.ReLU(), nn.Conv2d(width // 2, width, 3, padding=1)
        )

    def forward(self, x: Any) -> Any:
        return relu(x + self.inner(x))


class Hourglass(nn.Module):
    """Features to features of the same size."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.skip, self.down, self.up = Residual(width), Residual(width), Residual(width)
        self.inner = Hourglass(width, depth - 1) if depth > 1 else Residual(width)

    def forward(self, x: Any) -> Any:
        low = self.up(self.inner(self.down(max_pool2d(x, 2))))
        return self.skip(x) + interpolate(low, scale_factor=2, mode="nearest")


class StackedHourglass(nn.Module):
    """Images to ``heatmaps`` of a quarter of the size, one for each keypoint."""

    def __init__(self, keypoints: int = 6, width: int = 12, depth: int = 2, stacks: int = 2) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, width, 7, 2, 3), nn.ReLU(), nn.MaxPool2d(2), Residual(width))
        self.glasses = nn.ModuleList(Hourglass(width, depth) for _ in range(stacks))
        self.heads = nn.ModuleList(nn.Conv2d(width, keypoints, 1) for _ in range(stacks))
        self.back = nn.ModuleList(nn.Conv2d(keypoints, width, 1) for _ in range(stacks - 1))

    def features(self, x: Any) -> tuple[Any, Any]:
        """The last features and heat maps."""
        x = self.stem(x)
        for number, (glass, head) in enumerate(zip(self.glasses, self.heads, strict=True)):
            found = glass(x)
            heat = head(found)
            if number < len(self.back):
                x = x + found + self.back[number](heat)
        return found, heat

    def forward(self, x: Any) -> dict[str, Any]:
        return {"heatmaps": self.features(x)[1]}

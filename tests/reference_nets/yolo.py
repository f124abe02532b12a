"""The first YOLO and YOLOv3 on a few blocks with random weights, each with its decoding in torch beside it."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn


def block(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution, batch normalisation, leaky ReLU: DarkNet's unit."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(0.1),
    )


class Residual(nn.Module):
    """1 × 1, 3 × 3, and the sum with what came in. Source: YOLOv3, table 1."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(block(channels, channels // 2, 1), block(channels // 2, channels))

    def forward(self, x):
        return x + self.inner(x)


class FirstYolo(nn.Module):
    """Convolutions down to the grid, and one layer that sees all of it. Source: YOLO, section 2.1."""

    def __init__(self, side: int = 7, boxes: int = 2, classes: int = 20) -> None:
        super().__init__()
        self.side, self.boxes, self.classes = side, boxes, classes
        widths = (3, 4, 8, 8)
        self.features = nn.Sequential(
            *(block(a, b, stride=2) for a, b in pairwise(widths)),
            nn.AdaptiveAvgPool2d(side),
        )
        self.last = nn.Linear(8 * side * side, side * side * (5 * boxes + classes))

    def forward(self, x):
        numbers = self.last(self.features(x).flatten(1))
        return torch.sigmoid(4 * numbers).reshape(-1, self.side, self.side, 5 * self.boxes + self.classes)

    def candidates(self, grid, shape):
        """Boxes (B, S, S, boxes, 4) in pixels and scores (B, S, S, boxes, classes)."""
        own = grid[..., : 5 * self.boxes].unflatten(-1, (self.boxes, 5))
        places = torch.arange(self.side, dtype=grid.dtype)
        x = (own[..., 0] + places[None, :, None]) / self.side * shape[1]
        y = (own[..., 1] + places[:, None, None]) / self.side * shape[0]
        halves = own[..., 2:4] ** 2 * torch.tensor([shape[1], shape[0]]) / 2
        centres = torch.stack([x, y], -1)
        scores = own[..., 4:5] * grid[..., None, 5 * self.boxes :]
        return torch.cat([centres - halves, centres + halves], -1), scores


class ThirdYolo(nn.Module):
    """Three scales, each with what the coarser one saw, upsampled. Source: YOLOv3, section 2.3."""

    def __init__(self, anchors, classes: int = 3) -> None:
        super().__init__()
        self.anchors, self.classes = anchors, classes
        widths = (4, 8, 12, 16, 20)
        self.stem = block(3, widths[0])
        self.stages = nn.ModuleList(
            nn.Sequential(block(a, b, stride=2), Residual(b)) for a, b in pairwise(widths)
        )
        self.stages.append(nn.Sequential(block(20, 20, stride=2), Residual(20)))
        outputs = [len(own) * (5 + classes) for own in anchors]
        self.heads = nn.ModuleList(
            nn.Conv2d(a, b, 1) for a, b in zip((16 + 20 + 20, 20 + 20, 20), outputs, strict=True)
        )

    def forward(self, x):
        x, maps = self.stem(x), []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        fine, middle, coarse = (maps[i] for i in (2, 3, 4))
        middle = torch.cat([middle, nn.functional.interpolate(coarse, scale_factor=2)], 1)
        fine = torch.cat([fine, nn.functional.interpolate(middle, scale_factor=2)], 1)
        return tuple(6 * head(own) for head, own in zip(self.heads, (fine, middle, coarse), strict=True))

    def candidates(self, heads, shape):
        """Boxes (B, N, 4) in pixels and scores (B, N, classes)."""
        boxes, scores = [], []
        for head, sizes in zip(heads, self.anchors, strict=True):
            rows, columns = head.shape[2:]
            t = head.unflatten(1, (len(sizes), 5 + self.classes)).movedim(2, -1)
            steps = torch.tensor([shape[1] / columns, shape[0] / rows])
            y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
            centres = (torch.sigmoid(t[..., :2]) + torch.stack([x, y], -1)) * steps
            halves = torch.exp(t[..., 2:4]) * torch.tensor(sizes)[:, None, None] / 2
            boxes.append(torch.cat([centres - halves, centres + halves], -1).flatten(1, 3))
            scores.append((torch.sigmoid(t[..., 4:5]) * torch.sigmoid(t[..., 5:])).flatten(1, 3))
        return torch.cat(boxes, 1), torch.cat(scores, 1)

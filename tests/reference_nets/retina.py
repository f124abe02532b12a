"""A tiny network, with random weights, with RetinaNet's heads on three levels, and with raw or joined outputs."""

from __future__ import annotations

import torch
from torch import nn


class TinyRetina(nn.Module):
    """Strides 8, 16 and 32, shared heads, the prior of the paper's section 4.1 as bias."""

    def __init__(self, classes: int = 3, anchors: int = 9, joined: bool = True) -> None:
        super().__init__()
        self.classes, self.joined = classes, joined
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 7, 4, 3), nn.ReLU(), nn.Conv2d(8, 12, 3, 2, 1))
        self.down = nn.ModuleList(nn.Conv2d(12, 12, 3, 2, 1) for _ in range(2))
        self.logits = nn.Conv2d(12, anchors * classes, 3, padding=1)
        self.deltas = nn.Conv2d(12, anchors * 4, 3, padding=1)
        nn.init.normal_(self.logits.weight, std=0.4)
        nn.init.constant_(self.logits.bias, -4.59512)  # ln((1 - 0.01) / 0.01), negative

    def forward(self, x):
        levels = [self.stem(x)]
        for layer in self.down:
            levels.append(layer(torch.relu(levels[-1])))
        heads = [(self.logits(own), self.deltas(own)) for own in levels]
        if not self.joined:
            return tuple(tensor for pair in heads for tensor in pair)
        return tuple(
            torch.cat([self.rows(pair[i], columns) for pair in heads], 1)
            for i, columns in enumerate((self.classes, 4))
        )

    @staticmethod
    def rows(head, columns: int):
        """(B, A K, H, W) as (B, H W A, K)."""
        batch, _, height, width = head.shape
        return head.view(batch, -1, columns, height, width).permute(0, 3, 4, 1, 2).reshape(batch, -1, columns)


def detect(logits, deltas, levels, shape, threshold: float, most: int, overlap: float):
    """What the paper does, one image, in torch: rows x1, y1, x2, y2, score, label, best first."""
    found, start, classes = [], 0, logits.shape[1]
    for level in levels:
        end = start + len(level)
        scores, order = torch.sigmoid(logits[start:end]).flatten().topk(min(most, len(level) * classes))
        scores, order = scores[scores > threshold], order[scores > threshold]
        own, delta = level[order // classes], deltas[start:end][order // classes]
        sides = own[:, 2:] - own[:, :2]
        centres = own[:, :2] + sides / 2 + delta[:, :2] * sides
        halves = sides * torch.exp(delta[:, 2:]) / 2
        boxes = torch.cat([centres - halves, centres + halves], 1)
        boxes = torch.minimum(boxes.clamp(min=0), torch.tensor([shape[1], shape[0]] * 2))
        found.append(torch.cat([boxes, scores[:, None], (order % classes)[:, None]], 1))
        start = end
    rows = torch.cat(found)
    return suppress(rows[rows[:, 4].argsort(descending=True)], overlap)


def suppress(rows, overlap: float):
    """Greedy, within each label."""
    kept = []
    while len(rows):
        best, rows = rows[0], rows[1:]
        kept.append(best)
        sides = torch.minimum(best[2:4], rows[:, 2:4]) - torch.maximum(best[:2], rows[:, :2])
        inter = sides.clamp(min=0).prod(1)
        areas = (best[2:4] - best[:2]).prod() + (rows[:, 2:4] - rows[:, :2]).prod(1)
        rows = rows[(inter / (areas - inter).clamp(min=1e-9) <= overlap) | (rows[:, 5] != best[5])]
    return torch.stack(kept)

"""Tiny networks of two stages, R-CNN to Mask R-CNN, and what their papers make of the heads, box by box in torch."""

from __future__ import annotations

import math

import torch
from reference_nets.dense_heads import Trunk, best, chained, cut, head, moved, ranked, solid
from reference_nets.retina import suppress
from torch import nn


class FirstStage(nn.Module):
    """A feature pyramid of strides 4 and 8 with the heads of a region proposal network on both."""

    strides = (4, 8)
    sizes = (16.0, 40.0)
    ratios = (0.5, 1.0, 2.0)

    def __init__(self) -> None:
        super().__init__()
        self.trunk = Trunk(2)
        self.objectness, self.deltas = head(8, 3, 2), head(8, 12, 0.5)

    def forward(self, images):
        fine, coarse = self.trunk(images)
        fine = nn.functional.group_norm(fine + nn.functional.interpolate(coarse, scale_factor=2), 1)
        named = {"p2": fine, "p3": coarse}
        for name, one in list(named.items()):
            named[f"objectness.{name}"], named[f"deltas.{name}"] = self.objectness(one), self.deltas(one)
        return named

    def anchors(self, level: int, shape):
        """One by one: √area = size, height over width = ratio, centres at the corners of cells."""
        made, stride, size = [], self.strides[level], self.sizes[level]
        for row in range(shape[0] // stride):
            for column in range(shape[1] // stride):
                for ratio in self.ratios:
                    wide, high = size / math.sqrt(ratio) / 2, size * math.sqrt(ratio) / 2
                    x, y = column * stride, row * stride
                    made.append([x - wide, y - high, x + wide, y + high])
        return torch.tensor(made)

    def propose(self, outputs, image: int, shape, edges, most: int, count: int):
        """The best of each level, NMS at 0.7 within it, the best of all; rows with the level as label."""
        found = []
        for level, name in enumerate(("p2", "p3")):
            logits = outputs[f"objectness.{name}"][image].permute(1, 2, 0).flatten()
            deltas = outputs[f"deltas.{name}"][image].unflatten(0, (3, 4)).permute(2, 3, 0, 1).reshape(-1, 4)
            values, order = best(logits, most)
            boxes = cut(moved(self.anchors(level, shape)[order], deltas[order]), edges)
            kept = solid(boxes, 1e-3)
            found.append(
                ranked(boxes[kept], torch.sigmoid(values[kept]), torch.full((int(kept.sum()),), level))
            )
        rows = torch.cat(found)
        return suppress(rows[rows[:, 4].argsort(descending=True, stable=True)], 0.7)[:count]


class BoxHead(nn.Module):
    """Classes, with the background as class 0, and deltas of each class."""

    def __init__(self, inputs: int, classes: int = 4, shared: bool = False) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), chained([inputs, 24]), nn.LayerNorm(24))
        self.logits, self.deltas = nn.Linear(24, classes), nn.Linear(24, 4 if shared else 4 * classes)
        nn.init.normal_(self.logits.weight, std=0.4)
        nn.init.normal_(self.deltas.weight, std=0.3)

    def forward(self, regions):
        x = self.layers(regions)
        return {"class_logits": self.logits(x), "box_regression": self.deltas(x)}


class MapHead(nn.Module):
    """Maps of twice the side of the regions: masks of each class, or keypoints. Source: Mask R-CNN, figure 4."""

    def __init__(self, maps: int, name: str, channels: int = 8) -> None:
        super().__init__()
        self.name = name
        self.up = nn.ConvTranspose2d(channels, channels, 2, 2)
        self.last = head(channels, maps, 4)

    def forward(self, regions):
        x = nn.functional.group_norm(torch.relu(self.up(regions)), 1)
        return {self.name: self.last(x)}


class Windows(nn.Module):
    """A classifier of crops, with the outputs of R-CNN: a margin for each class, one regression for all."""

    def __init__(self, classes: int = 4) -> None:
        super().__init__()
        self.trunk, self.head = Trunk(2), BoxHead(8 * 16, classes, shared=True)

    def forward(self, images):
        return self.head(nn.functional.adaptive_avg_pool2d(self.trunk(images)[-1], 4))


def refine(
    logits, deltas, boxes, edges, *, soft=True, weights=(10.0, 10.0, 5.0, 5.0), threshold=0.05, overlap=0.5
):
    """One image, class by class; rows before the way back."""
    scores, found = torch.softmax(logits, 1) if soft else logits, []
    for label in range(1, logits.shape[1]):
        own = deltas if deltas.shape[1] == 4 else deltas[:, 4 * label : 4 * label + 4]
        corners = cut(moved(boxes, own, weights), edges)
        kept = (scores[:, label] > threshold) & solid(corners, 0.01)
        rows = ranked(corners[kept], scores[kept, label], torch.full((int(kept.sum()),), label))
        found += [suppress(rows, overlap)] if len(rows) else []
    rows = torch.cat(found)
    return rows[rows[:, 4].argsort(descending=True, stable=True)][:100]


def sampled(level, box, stride: int, bins: int, samples: int = 2):
    """RoIAlign of one box as torchvision's networks have it: no half pixel, sides of at least one pixel."""
    x1, y1, x2, y2 = (box / stride).tolist()
    steps = (torch.arange(bins * samples) + 0.5) / (bins * samples)
    x, y = x1 + steps * max(x2 - x1, 1.0), y1 + steps * max(y2 - y1, 1.0)
    height, width = level.shape[1:]
    down, across = torch.meshgrid(y / (height - 1) * 2 - 1, x / (width - 1) * 2 - 1, indexing="ij")
    grid = torch.stack([across, down], -1)[None]
    values = nn.functional.grid_sample(level[None], grid, padding_mode="border", align_corners=True)[0]
    values = values * ((x > -1) & (x <= width)) * ((y > -1) & (y <= height))[:, None]
    return nn.functional.avg_pool2d(values, samples)


def from_pyramid(levels, boxes, bins: int, strides=(4, 8), side: float = 32.0):
    """Each box from the level of its size: a square of ``side`` from the second. Source: FPN, equation 1."""
    made = []
    for box in boxes:
        root = math.sqrt(float((box[2] - box[0]) * (box[3] - box[1])))
        level = min(max(math.floor(1 + math.log2(root / side) + 1e-6), 0), 1)
        made.append(sampled(levels[level], box, strides[level], bins))
    return torch.stack(made)


def pooled(level, box, stride: int, bins: int):
    """Fast R-CNN's pooling of one box: whole pixels, both ends included, bins that share pixels."""
    x1, y1, x2, y2 = (math.floor(side / stride + 0.5) for side in box.tolist())
    around = nn.functional.pad(level, (0, 8, 0, 8), value=-math.inf)
    part = nn.functional.adaptive_max_pool2d(around[:, y1 : y2 + 1, x1 : x2 + 1], bins)
    return torch.where(part.isinf(), 0.0, part)


def pasted(mask, box, shape):
    """The probabilities of one mask over the image. Source: Mask R-CNN's first code."""
    side = mask.shape[-1]
    mask = nn.functional.pad(mask, (1, 1, 1, 1))
    middle, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2 * ((side + 2) / side)
    x1, y1, x2, y2 = (int(edge) for edge in torch.cat([middle - half, middle + half]).tolist())
    wide, high = max(x2 - x1 + 1, 1), max(y2 - y1 + 1, 1)
    large = nn.functional.interpolate(mask[None, None], size=(high, wide), mode="bilinear")[0, 0]
    out = torch.zeros(shape)
    left, top, right, low = max(x1, 0), max(y1, 0), min(x1 + wide, shape[1]), min(y1 + high, shape[0])
    out[top:low, left:right] = large[top - y1 : low - y1, left - x1 : right - x1]
    return out


def peaks(maps, box):
    """Keypoints x, y, logit of one box: the greatest value after a cubic enlargement to its whole pixels.

    Also, by how much the next value is below it.
    """
    sides = (box[2:] - box[:2]).clamp(min=1)
    wide, high = (math.ceil(side) for side in sides.tolist())
    large = nn.functional.interpolate(maps[None], size=(high, wide), mode="bicubic")[0].flatten(1)
    (values, second), (places, _) = (both.T for both in large.topk(2))
    x = (places % wide + 0.5) * float(sides[0]) / wide + float(box[0])
    y = (places // wide + 0.5) * float(sides[1]) / high + float(box[1])
    return torch.stack([x, y, values], 1), values - second

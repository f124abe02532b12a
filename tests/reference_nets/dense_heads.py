"""Tiny networks with the heads of FCOS, SSD, EfficientDet and a YOLO with masks, and what their papers make of them."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from reference_nets.retina import TinyRetina, suppress
from torch import nn

LARGEST = math.log(1000 / 16)


def unit(inputs: int, outputs: int, size: int = 3, stride: int = 2) -> nn.Sequential:
    """Convolution, ReLU, and a norm, so that random weights give features that differ."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2), nn.ReLU(), nn.GroupNorm(1, outputs)
    )


def head(inputs: int, outputs: int, spread: float, middle: float = 0.0, size: int = 3) -> nn.Conv2d:
    """Numbers around ``middle`` of normed features."""
    layer = nn.Conv2d(inputs, outputs, size, padding=size // 2)
    nn.init.normal_(layer.weight, std=spread / math.sqrt(size * size * inputs))
    nn.init.constant_(layer.bias, middle)
    return layer


class Trunk(nn.Module):
    """Maps of strides 4, 8, 16, …"""

    def __init__(self, levels: int, channels: int = 8) -> None:
        super().__init__()
        first = nn.Sequential(unit(3, 6), unit(6, channels))
        self.stages = nn.ModuleList([first, *(unit(channels, channels) for _ in range(levels - 1))])

    def forward(self, x):
        maps = [self.stages[0](x)]
        for stage in self.stages[1:]:
            maps.append(stage(maps[-1]))
        return maps


def joined(maps, columns: int):
    return torch.cat([TinyRetina.rows(one, columns) for one in maps], 1)


def moved(anchors, deltas, weights=(1.0, 1.0, 1.0, 1.0)):
    """Anchors after Δx, Δy, Δw, Δh. Source: R-CNN, appendix C; Δw and Δh cut at ln(1000 / 16)."""
    deltas = deltas / torch.tensor(weights)
    sides = anchors[:, 2:] - anchors[:, :2]
    centres = (anchors[:, 2:] + anchors[:, :2]) / 2 + deltas[:, :2] * sides
    halves = sides * deltas[:, 2:].clamp(max=LARGEST).exp() / 2
    return torch.cat([centres - halves, centres + halves], 1)


def cut(boxes, edges):
    """Boxes within x1, y1, x2, y2."""
    low, high = torch.tensor(edges[:2] * 2).float(), torch.tensor(edges[2:] * 2).float()
    return torch.minimum(torch.maximum(boxes, low), high)


def solid(boxes, least: float = 0.0):
    """Which have an area."""
    sides = boxes[:, 2:4] - boxes[:, :2]
    return ((sides > 0) & (sides >= least)).all(1)


def best(scores, most: int):
    """As topk, of equal ones the first."""
    values, order = scores.sort(descending=True, stable=True)
    return values[:most], order[:most]


def ranked(boxes, scores, labels):
    """Rows x1, y1, x2, y2, score, label, best first."""
    rows = torch.cat([boxes, scores[:, None], labels[:, None].float()], 1)
    return rows[rows[:, 4].argsort(descending=True, stable=True)]


class TinyFcos(nn.Module):
    """Shared heads for classes, sides and centredness on strides 8 and 16."""

    strides = (8, 16)

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.classes, self.trunk = classes, Trunk(3)
        self.heads = nn.ModuleList([head(8, classes, 3), head(8, 4, 1, 2), head(8, 1, 2, 1)])

    def forward(self, images):
        maps = self.trunk(images)[1:]
        names = ("cls_logits", "bbox_regression", "bbox_ctrness")
        columns = (self.classes, 4, 1)
        return {
            name: joined([layer(one) for one in maps], count)
            for name, layer, count in zip(names, self.heads, columns, strict=True)
        }

    def detect(self, heads, shape, edges):
        """As torchvision: points at the corners of cells, √(class · centredness) above 0.2; before the way back."""
        found, start = [], 0
        for stride in self.strides:
            rows, columns = (side // stride for side in shape)
            part = {name: one[start : start + rows * columns] for name, one in heads.items()}
            start += rows * columns
            y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
            points = torch.stack([x, y], -1).reshape(-1, 2) * stride
            scores = (torch.sigmoid(part["cls_logits"]) * torch.sigmoid(part["bbox_ctrness"])).sqrt()
            place, label = (scores > 0.2).nonzero(as_tuple=True)
            sides = part["bbox_regression"][place].clamp(min=0) * stride
            boxes = torch.cat([points[place] - sides[:, :2], points[place] + sides[:, 2:]], 1)
            found.append(ranked(cut(boxes, edges), scores[place, label], label)[:1000])
        rows = torch.cat(found)
        return suppress(rows[rows[:, 4].argsort(descending=True, stable=True)], 0.6)


class TinySsd(nn.Module):
    """Own heads on each of two maps, with the background as class 0."""

    scales = (0.2, 0.5, 0.8)
    ratios = ((2.0,), (2.0, 3.0))

    def __init__(self, classes: int = 4) -> None:
        super().__init__()
        self.classes, self.trunk = classes, Trunk(3)
        counts = [2 + 2 * len(own) for own in self.ratios]
        self.logits = nn.ModuleList(head(8, count * classes, 2) for count in counts)
        self.deltas = nn.ModuleList(head(8, count * 4, 2) for count in counts)

    def forward(self, images):
        maps = self.trunk(images)[1:]
        return {
            "cls_logits": joined(
                [layer(one) for layer, one in zip(self.logits, maps, strict=True)], self.classes
            ),
            "bbox_regression": joined([layer(one) for layer, one in zip(self.deltas, maps, strict=True)], 4),
        }

    def boxes(self, shape):
        """Default boxes one by one. Source: SSD, section 2.2."""
        made = []
        for level, ratios in enumerate(self.ratios):
            rows, columns = (side // (8 << level) for side in shape)
            scale = self.scales[level]
            sizes = [(scale, scale), (math.sqrt(scale * self.scales[level + 1]),) * 2]
            for ratio in ratios:
                root = math.sqrt(ratio)
                sizes += [(scale * root, scale / root), (scale / root, scale * root)]
            for row in range(rows):
                for column in range(columns):
                    x, y = (column + 0.5) / columns, (row + 0.5) / rows
                    for wide, high in ((min(w, 1.0), min(h, 1.0)) for w, h in sizes):
                        made.append([x - wide / 2, y - high / 2, x + wide / 2, y + high / 2])
        return torch.tensor(made) * torch.tensor([shape[1], shape[0]] * 2)

    def detect(self, heads, shape):
        """Softmax above 0.01, 400 of each class, IoU 0.45; before the way back."""
        scores, around, found = torch.softmax(heads["cls_logits"], 1), self.boxes(shape), []
        for label in range(1, self.classes):
            values, place = best(scores[:, label], 400)
            place = place[values > 0.01]
            boxes = moved(around[place], heads["bbox_regression"][place], (10.0, 10.0, 5.0, 5.0))
            boxes = cut(boxes, (0, 0, shape[1], shape[0]))
            rows = ranked(boxes, scores[place, label], torch.full((len(place),), label))
            found.append(suppress(rows[solid(rows)], 0.45))
        rows = torch.cat(found)
        return rows[rows[:, 4].argsort(descending=True, stable=True)]


class Fusion(nn.Module):
    """A weighted sum with weights that are not negative, and a separable convolution. Source: section 3.3."""

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.rand(inputs) + 0.2)
        self.layers = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, groups=channels),
            nn.Conv2d(channels, channels, 1),
            nn.GroupNorm(1, channels),
        )

    def forward(self, *maps):
        weights = torch.relu(self.weights)
        total = sum(weight * one for weight, one in zip(weights, maps, strict=True))
        return self.layers(nn.functional.silu(total / (weights.sum() + 1e-4)))


class TinyEfficientDet(nn.Module):
    """One BiFPN over strides 8 to 128, shared heads; boxes as Δy, Δx, Δh, Δw. Source: EfficientDet, section 4."""

    strides = (8, 16, 32, 64, 128)

    def __init__(self, classes: int = 3, channels: int = 8) -> None:
        super().__init__()
        self.classes, self.trunk = classes, Trunk(6, channels)
        self.down = nn.ModuleList(Fusion(2, channels) for _ in range(4))
        self.up = nn.ModuleList(Fusion(3 if level < 3 else 2, channels) for level in range(4))
        self.logits, self.deltas = head(channels, 9 * classes, 2, -1), head(channels, 36, 0.4)

    def forward(self, images):
        maps = self.trunk(images)[1:]
        inner = [maps[-1]]
        for fuse, one in zip(self.down, maps[-2::-1], strict=True):
            inner.insert(0, fuse(one, nn.functional.interpolate(inner[0], size=one.shape[2:])))
        made = inner[:1]
        for level, fuse in enumerate(self.up, 1):
            smaller = nn.functional.max_pool2d(made[-1], 2)
            beside = (maps[level], inner[level]) if level < 4 else (maps[level],)
            made.append(fuse(*beside, smaller))
        return {
            "cls_logits": joined([self.logits(one) for one in made], self.classes),
            "bbox_regression": joined([self.deltas(one) for one in made], 4),
        }

    def anchors(self, shape):
        """One by one: y1, x1, y2, x2, as the authors have them."""
        made = []
        for stride in self.strides:
            for row in range(shape[0] // stride):
                for column in range(shape[1] // stride):
                    y, x = (row + 0.5) * stride, (column + 0.5) * stride
                    for octave in range(3):
                        for wide, high in ((1.0, 1.0), (1.4, 0.7), (0.7, 1.4)):
                            side = 4 * stride * 2 ** (octave / 3) / 2
                            made.append([y - side * high, x - side * wide, y + side * high, x + side * wide])
        return torch.tensor(made)

    def detect(self, heads, shape, edges, softly: bool):
        """The best 5000, Soft-NMS with e^(-IoU² / 0.5) or NMS at 0.5, 100 of all; before the way back."""
        scores, order = best(torch.sigmoid(heads["cls_logits"]).flatten(), 5000)
        place, label = order // self.classes, order % self.classes
        turned = moved(self.anchors(shape)[place], heads["bbox_regression"][place])
        boxes = cut(turned[:, [1, 0, 3, 2]], edges)
        rows = ranked(boxes, scores, label)
        rows = rows[solid(rows)]
        return decayed(rows, 100) if softly else suppress(rows, 0.5)[:100]


def decayed(rows, most: int):
    """Soft-NMS with a Gaussian within each label. Source: Bodla et al. 2017, figure 2."""
    kept = []
    while len(rows) and len(kept) < most:
        first = rows[rows[:, 4].argmax()]
        kept.append(first)
        rows = rows[torch.arange(len(rows)) != rows[:, 4].argmax()]
        sides = torch.minimum(first[2:4], rows[:, 2:4]) - torch.maximum(first[:2], rows[:, :2])
        inter = sides.clamp(min=0).prod(1)
        iou = inter / ((first[2:4] - first[:2]).prod() + (rows[:, 2:4] - rows[:, :2]).prod(1) - inter)
        factors = torch.where(rows[:, 5] == first[5], torch.exp(-(iou**2) / 0.5), 1.0)
        rows = torch.cat([rows[:, :4], (rows[:, 4] * factors)[:, None], rows[:, 5:]], 1)
        rows = rows[rows[:, 4] >= 0.001]
    return torch.stack(kept)


class TinyYoloMasks(nn.Module):
    """What the eighth YOLO for segmentation exports: sides as means of distributions, prototypes of stride 4."""

    strides = (8, 16)

    def __init__(self, classes: int = 3, prototypes: int = 4, bins: int = 8) -> None:
        super().__init__()
        self.classes, self.bins, self.trunk = classes, bins, Trunk(3)
        self.heads = nn.ModuleList([head(8, 4 * bins, 2), head(8, classes, 2, -1), head(8, prototypes, 1)])
        self.prototypes = head(8, prototypes, 1)

    def forward(self, images):
        fine, *maps = self.trunk(images)
        levels = []
        for stride, one in zip(self.strides, maps, strict=True):
            sides, classes, numbers = (layer(one).flatten(2) for layer in self.heads)
            shares = torch.softmax(sides.unflatten(1, (4, self.bins)), 2)
            sides = (shares * torch.arange(self.bins)[:, None]).sum(2)
            y, x = torch.meshgrid(*(torch.arange(n) + 0.5 for n in one.shape[2:]), indexing="ij")
            points = torch.stack([x.flatten(), y.flatten()])
            first, last = points - sides[:, :2], points + sides[:, 2:]
            boxes = torch.cat([(first + last) / 2, last - first], 1) * stride
            levels.append(torch.cat([boxes, torch.sigmoid(classes), numbers], 1))
        return {"output0": torch.cat(levels, 2), "output1": self.prototypes(fine)}

    def detect(self, predictions, edges):
        """Rows with the coefficients at their end; before the way back."""
        boxes, classes, numbers = predictions.T.split(
            [4, self.classes, predictions.shape[0] - 4 - self.classes], 1
        )
        scores, labels = classes.max(1)
        corners = cut(torch.cat([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2], 1), edges)
        rows = torch.cat([corners, scores[:, None], labels[:, None].float(), numbers], 1)
        rows = rows[(scores > 0.25) & solid(corners)]
        return suppress(rows[rows[:, 4].argsort(descending=True, stable=True)], 0.45)


def mixed(numbers, prototypes, boxes, shape, places):
    """Sums of prototypes (N, H, W) at the centres of the image's pixels, and whether these lie in each box.

    ``places`` are those centres' rows and columns in the input, as shares of it.
    """
    sums = torch.einsum("np,phw->nhw", numbers, prototypes)[None]
    y, x = torch.meshgrid(*places, indexing="ij")
    grid = torch.stack([x, y], -1)[None].float() * 2 - 1
    sums = nn.functional.grid_sample(sums, grid, padding_mode="border", align_corners=False)[0]
    y, x = (torch.arange(n) + 0.5 for n in shape)
    x1, y1, x2, y2 = (side[:, None, None] for side in boxes.T)
    return sums, (x >= x1) & (x < x2) & (y[:, None] >= y1) & (y[:, None] < y2)


def chained(sizes):
    """Fully connected layers with ReLU between."""
    layers = [layer for a, b in pairwise(sizes) for layer in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(*layers[:-1])

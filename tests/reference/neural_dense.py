"""Slow twins of the dense decoders: one candidate at a time, in float64, from the papers' formulas.

Each gives rows (x1, y1, x2, y2, score, label) in the image, best first.
"""

from __future__ import annotations

import math

import numpy as np

from . import anchors as anchor_twins
from . import boxes as box_twins

LARGEST = math.log(1000 / 16)


def sigmoid(x):
    """1 / (1 + e^-x), rounded to float32 once."""
    return np.float32(1 / (1 + math.exp(-float(x)))) if x > -700 else np.float32(0)


def softmax(row):
    """e^(x - largest) over their sum, rounded to float32 once."""
    largest = float(max(row))
    powers = [math.exp(max(float(x) - largest, -700)) for x in row]
    total = sum(powers)
    return [np.float32(power / total) for power in powers]


def above(flat, threshold, most):
    """Indices of numbers whose sigmoid is above a threshold: the `most` largest, of equal ones the first."""
    found = [i for i, x in enumerate(flat) if sigmoid(x) > np.float32(threshold)]
    return sorted(found, key=lambda i: (-flat[i], i))[:most]


def root(logit, beside):
    """√(σ(class) σ(centredness)) in float32. Source: FCOS, PAMI 2022."""
    return np.sqrt(np.float32(sigmoid(logit) * sigmoid(beside)))


def clip(box, geometry):
    """Cut to where the image lies in the input."""
    height, width = geometry.image_shape
    (y, x), (down, across) = geometry.offset, geometry.scale
    low, high = (x, y), (x + across * width, y + down * height)
    if geometry.flip:
        whole = geometry.input_shape[1]
        low, high = (whole - high[0], low[1]), (whole - low[0], high[1])
    return [min(max(value, low[i % 2]), high[i % 2]) for i, value in enumerate(box)]


def to_image(box, geometry):
    """The inverse of x · scale + offset, mirrored before where the input is."""
    x1, y1, x2, y2 = box
    if geometry.flip:
        x1, x2 = geometry.input_shape[1] - x2, geometry.input_shape[1] - x1
    (y, x), (down, across) = geometry.offset, geometry.scale
    return [(x1 - x) / across, (y1 - y) / down, (x2 - x) / across, (y2 - y) / down]


def finish(candidates, geometry, iou_threshold, most, empty=False, least=0.0):
    """Clip, drop what has no area, suppress within each label, map to the image."""
    cut = [(*clip(row[:4], geometry), row[4], row[5]) for row in candidates]
    if not empty:
        cut = [r for r in cut if r[2] > r[0] and r[3] > r[1] and min(r[2] - r[0], r[3] - r[1]) >= least]
    if not cut:
        return np.empty((0, 6))
    rows = np.array(cut, np.float64)
    kept = box_twins.nms(rows[:, :4], rows[:, 4], iou_threshold, labels=rows[:, 5], most=most)
    return np.array([[*to_image(rows[i, :4], geometry), *rows[i, 4:]] for i in kept]).reshape(-1, 6)


def moved(deltas, anchor, weights=(1, 1, 1, 1)):
    return anchor_twins.decode_boxes(
        np.asarray(deltas, float)[None], np.asarray(anchor, float)[None], weights, LARGEST
    )[0]


def retinanet(logits, deltas, levels, geometry, threshold, candidates, iou_threshold, most, empty=False):
    """Per level: σ > threshold, the best; decode, clip, suppress. Source: Focal loss, section 4.1."""
    found, start = [], 0
    classes = logits.shape[1]
    for level in levels:
        own = logits[start : start + len(level)].ravel()
        for i in above(own, threshold, candidates):
            row = i // classes
            found.append((*moved(deltas[start + row], level[row]), sigmoid(own[i]), i % classes))
        start += len(level)
    return finish(found, geometry, iou_threshold, most, empty)


def fcos(logits, centred, sides, grids, strides, geometry, threshold, candidates, iou_threshold, most):
    """l, t, r, b in strides from the middle of each cell; p(class) > threshold. Source: FCOS, section 3."""
    found, start = [], 0
    for (rows, columns), stride in zip(grids, strides, strict=True):
        own = []
        for cell in range(rows * columns):
            x, y = (cell % columns + 0.5) * stride, (cell // columns + 0.5) * stride
            for label, logit in enumerate(logits[start + cell]):
                if sigmoid(logit) > np.float32(threshold):
                    left, top, right, bottom = np.maximum(sides[start + cell].astype(float), 0) * stride
                    box = (x - left, y - top, x + right, y + bottom)
                    own.append((*box, root(logit, centred[start + cell]), label))
        found += sorted(own, key=lambda row: -row[4])[:candidates]
        start += rows * columns
    return finish(found, geometry, iou_threshold, most)


def ssd(logits, deltas, anchors, geometry, threshold, candidates, iou_threshold, most, background=0):
    """Softmax, then the best of each class. Source: SSD, section 3."""
    rows = [softmax(row) for row in logits]
    found = []
    for label in range(logits.shape[1]):
        own = [
            (*moved(deltas[i], anchors[i], (10, 10, 5, 5)), row[label], label)
            for i, row in enumerate(rows)
            if label != background and row[label] > np.float32(threshold)
        ]
        found += sorted(own, key=lambda row: -row[4])[:candidates]
    return finish(found, geometry, iou_threshold, most)


def rpn(logits, deltas, levels, geometry, candidates, iou_threshold, most, least):
    """Proposals in the input. Source: Faster R-CNN, section 3.3, with the levels of FPN, section 4.1."""
    found, start = [], 0
    for number, level in enumerate(levels):
        order = sorted(range(len(level)), key=lambda i: (-logits[start + i], i))[:candidates]
        for i in order:
            box = clip(moved(deltas[start + i], level[i]), geometry)
            if min(box[2] - box[0], box[3] - box[1]) >= least:
                found.append((*box, sigmoid(logits[start + i]), number))
        start += len(level)
    rows = np.array(found, float).reshape(-1, 6)
    return rows[box_twins.nms(rows[:, :4], rows[:, 4], iou_threshold, labels=rows[:, 5], most=most)]


def roi_heads(logits, deltas, boxes, geometry, threshold, iou_threshold, most, background=0):
    """Softmax, a box for each class. Source: Fast R-CNN, section 2."""
    found = []
    for row, own, box in zip(logits, deltas, boxes, strict=True):
        shared = len(own) == 4
        for label, score in enumerate(softmax(row)):
            if label != background and score > np.float32(threshold):
                delta = own if shared else own[4 * label : 4 * label + 4]
                found.append((*moved(delta, box, (10, 10, 5, 5)), score, label))
    return finish(found, geometry, iou_threshold, most, least=0.01)


def efficientdet(logits, deltas, anchors, geometry, candidates, iou_threshold, most):
    """The best of all levels, Δy, Δx, Δh, Δw, hard suppression. Source: EfficientDet, section 5."""
    flat, classes = logits.ravel(), logits.shape[1]
    found = []
    for i in above(flat, 0, candidates):
        dy, dx, dh, dw = deltas[i // classes]
        found.append((*moved((dx, dy, dw, dh), anchors[i // classes]), sigmoid(flat[i]), i % classes))
    return finish(found, geometry, iou_threshold, most)


def around(x, y, width, height):
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def yolov1(grid, boxes, geometry, threshold, iou_threshold, most):
    """confidence · p(class); x, y in the cell, √w, √h of the input. Source: YOLO, section 2."""
    rows, columns, _ = grid.shape
    down, across = geometry.input_shape
    found = []
    for row in range(rows):
        for column in range(columns):
            cell = grid[row, column].astype(float)
            for box in range(boxes):
                x, y, width, height, confidence = cell[5 * box : 5 * box + 5]
                place = around(
                    (column + x) / columns * across,
                    (row + y) / rows * down,
                    width**2 * across,
                    height**2 * down,
                )
                for label, chance in enumerate(cell[5 * boxes :]):
                    if confidence * chance > threshold:
                        found.append((*place, confidence * chance, label))
    return finish(found, geometry, iou_threshold, most)


def yolov3(heads, anchors, geometry, threshold, iou_threshold, most):
    """bx = σ(tx) + cx, bw = pw e^tw; σ(objectness) σ(class). Source: YOLOv3, section 2."""
    found = []
    for head, sizes in zip(heads, anchors, strict=True):
        channels, rows, columns = head.shape
        each = channels // len(sizes)
        for a, (width, height) in enumerate(sizes):
            for row in range(rows):
                for column in range(columns):
                    t = head[a * each : (a + 1) * each, row, column].astype(float)
                    place = around(
                        (float(sigmoid(t[0])) + column) * geometry.input_shape[1] / columns,
                        (float(sigmoid(t[1])) + row) * geometry.input_shape[0] / rows,
                        width * math.exp(t[2]),
                        height * math.exp(t[3]),
                    )
                    for label, logit in enumerate(t[5:]):
                        score = sigmoid(t[4]) * sigmoid(logit)
                        if score > np.float32(threshold):
                            found.append((*place, score, label))
    return finish(found, geometry, iou_threshold, most)


def dfl(heads, bins, geometry, threshold, iou_threshold, most):
    """Sides at the means of distributions, in strides from the middle of each cell; the best class of each cell.

    Source: Generalized focal loss, equation 5: y = Σ P(y_i) y_i, here y_i = i.
    """
    found = []
    for head in heads:
        _, rows, columns = head.shape
        down, across = geometry.input_shape[0] / rows, geometry.input_shape[1] / columns
        for row in range(rows):
            for column in range(columns):
                numbers = head[:, row, column].astype(float)
                label = int(np.argmax(numbers[4 * bins :]))
                score = sigmoid(numbers[4 * bins + label])
                if not score > np.float32(threshold):
                    continue
                distances = []
                for side in range(4):
                    weights = [math.exp(x) for x in numbers[side * bins : (side + 1) * bins]]
                    distances.append(sum(i * weight for i, weight in enumerate(weights)) / sum(weights))
                x, y = column + 0.5, row + 0.5
                box = (
                    (x - distances[0]) * across,
                    (y - distances[1]) * down,
                    (x + distances[2]) * across,
                    (y + distances[3]) * down,
                )
                found.append((*box, score, label))
    return finish(found, geometry, iou_threshold, most)


def yolo(boxes, scores, geometry, threshold, iou_threshold, most, several=False):
    """Rows x, y, w, h beside the scores of the classes; the best class of each box, or all."""
    found = []
    for box, row in zip(boxes.astype(float), scores, strict=True):
        best = int(np.argmax(row))
        for label, score in enumerate(row):
            if score > np.float32(threshold) and (several or label == best):
                found.append((*around(*box), score, label))
    return finish(found, geometry, iou_threshold, most)

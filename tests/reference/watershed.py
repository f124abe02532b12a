"""Slow twins of `imgproc.watershed`: one queue, ordered by level, age and place.

F. Meyer, Color image segmentation, 1992; P. Neubert, P. Protzel, Compact watershed and preemptive SLIC, 2014: the next
pixel is the lowest, of those the one that has waited longest; its neighbours without a label get its label, and wait at
their own level or at the level of the flood. With compactness a level is the pixel's plus compactness times its
distance from the marker's pixel; a pixel may wait once for each neighbour, and gets the label of the first to leave.
"""

from __future__ import annotations

import itertools
import math

import numpy as np


def neighbours(connectivity, ndim):
    """Steps, the nearest first, then in the order of memory."""
    if isinstance(connectivity, int):
        steps = [
            step
            for step in itertools.product((-1, 0, 1), repeat=ndim)
            if 0 < sum(abs(part) for part in step) <= connectivity
        ]
    else:
        middle = [length // 2 for length in np.shape(connectivity)]
        steps = [
            tuple(int(i) - m for i, m in zip(index, middle, strict=True))
            for index in np.argwhere(connectivity)
        ]
        steps = [step for step in steps if any(step)]
    return sorted(steps, key=lambda step: sum(part * part for part in step))


def around(pixel, steps, shape):
    for step in steps:
        there = tuple(i + d for i, d in zip(pixel, step, strict=True))
        if all(0 <= i < n for i, n in zip(there, shape, strict=True)):
            yield there


class Heap(list):
    """The textbook's: new items rise from the end, the last sinks from the top, and equal ones do not change places."""

    def push(self, item):
        self.append(item)
        at = len(self) - 1
        while at and self[at][:2] < self[(at - 1) // 2][:2]:
            above = (at - 1) // 2
            self[at], self[above] = self[above], self[at]
            at = above

    def take(self):
        self[0], self[-1] = self[-1], self[0]
        first, at = self.pop(), 0
        while 2 * at + 1 < len(self):
            least = min(range(2 * at + 1, min(2 * at + 3, len(self))), key=lambda child: self[child][:2])
            if not self[least][:2] < self[at][:2]:
                break
            self[at], self[least] = self[least], self[at]
            at = least
        return first


def watershed(image, markers, mask=None, connectivity=1, compactness=0.0):
    """Markers have waited for longest, in the order of memory; with a cost they are equals in a heap."""
    steps = neighbours(connectivity, image.ndim)
    inside = np.ones(image.shape, bool) if mask is None else mask != 0
    labels = np.where(inside, markers, 0).astype(np.int32)
    ages = itertools.count(1)
    queue = Heap()
    for pixel in np.argwhere(labels):
        pixel = tuple(pixel.tolist())
        queue.push((image[pixel].item(), 0 if compactness > 0 else next(ages), pixel, pixel))
    while queue:
        level, _, pixel, source = queue.take()
        if compactness > 0 and labels[pixel] and pixel != source:
            continue
        labels[pixel] = labels[source]
        for there in around(pixel, steps, image.shape):
            if not inside[there] or labels[there]:
                continue
            cost = image[there].item()
            if compactness > 0:
                squares = sum((i - j) ** 2 for i, j in zip(there, source, strict=True))
                cost += compactness * math.sqrt(squares)
            else:
                labels[there] = labels[source]
            queue.push((max(cost, level), next(ages), there, source))
    return labels


def minima(image, mask=None, connectivity=1):
    """Plateaus without a lower neighbour, what the mask leaves of them, numbered in the order of memory."""
    steps = neighbours(connectivity, image.ndim)
    steps += [tuple(-part for part in step) for step in steps]
    lowest = np.zeros(image.shape, bool)
    seen = np.zeros(image.shape, bool)
    for start in np.ndindex(image.shape):
        if not seen[start]:
            plateau = component(start, lambda p, start=start: image[p] == image[start], steps, image.shape)
            border = {n for p in plateau for n in around(p, steps, image.shape)}
            for pixel in plateau:
                seen[pixel] = True
                lowest[pixel] = all(image[n] >= image[start] for n in border)
    if (image == image.flat[0]).all():
        lowest[...] = False
    if mask is not None:
        lowest &= mask != 0
    labels = np.zeros(image.shape, np.int32)
    for start in np.ndindex(image.shape):
        if lowest[start] and not labels[start]:
            for pixel in component(start, lambda p: lowest[p], steps, image.shape):
                labels[pixel] = labels.max() + 1 if pixel == start else labels[start]
    return labels


def component(start, belongs, steps, shape):
    """Pixels that are reached from the first, which stands first."""
    found, waiting = {start: None}, [start]
    while waiting:
        for there in around(waiting.pop(), steps, shape):
            if there not in found and belongs(there):
                found[there] = None
                waiting.append(there)
    return list(found)


def lines(image, markers, labels, connectivity=1):
    """Of two neighbours with different labels one becomes 0; then what no other label touches gets its label back."""
    steps = neighbours(connectivity, image.ndim)
    steps = list(dict.fromkeys(steps + [tuple(-part for part in step) for step in steps]))
    zero = (0,) * image.ndim
    line = np.zeros(image.shape, bool)
    rows = itertools.product(*map(range, image.shape[:-1]))
    for row in rows:
        for step in (step for step in steps if step > zero):
            for x in range(image.shape[-1]):
                pixel = (*row, x)
                for there in around(pixel, [step], image.shape):
                    a, b = labels[pixel], labels[there]
                    if a and b and a != b and not line[pixel] and not line[there]:
                        first, second = bool(markers[pixel]), bool(markers[there])
                        higher = second if first != second else image[pixel] > image[there]
                        line[pixel if higher else there] = True
    out = labels.copy()
    for pixel in np.argwhere(line):
        pixel = tuple(pixel.tolist())
        beside = [n for n in around(pixel, steps, image.shape) if labels[n] and not line[n]]
        if any(labels[n] != labels[pixel] for n in beside):
            out[pixel] = 0
        else:
            line[pixel] = False
    return out


def grid(shape, count):
    """About `count` points: the same share of the volume for each, a share as long as wide where the axes allow it."""
    order = np.argsort(shape, kind="stable")
    lengths = np.array(shape, float)[order]
    if lengths.prod() <= count:
        return np.arange(1, lengths.prod() + 1, dtype=np.int32).reshape(shape)
    steps = np.full(len(shape), (lengths.prod() / count) ** (1 / len(shape)))
    for i in range(len(shape)):
        if (lengths >= steps).all():
            break
        steps[i] = lengths[i]
        rest = lengths[i + 1 :]
        steps[i + 1 :] = (rest.prod() / count) ** (1 / len(rest))
    markers = np.zeros(shape, np.int32)
    at = [None] * len(shape)
    for axis, step in zip(order, steps, strict=True):
        at[axis] = range(int(step // 2), shape[axis], int(np.round(step)))
    for label, pixel in enumerate(itertools.product(*at), 1):
        markers[pixel] = label
    return markers

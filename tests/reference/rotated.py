"""Slow twins of `imgproc.rotated_iou_matrix` and `imgproc.rotated_nms`: polygons clipped in rational numbers.

A rotated box is the polygon of its four corners, c ± w/2 (cos, -sin) ± h/2 (sin, cos), with y down and the angle
counter-clockwise as seen. Cosine and sine are rounded to float64 (exact for multiples of 90 degrees), then all is
exact: the first polygon is cut by the lines through the second's sides, and areas are half the sums of cross products.
"""

from __future__ import annotations

import math
from fractions import Fraction


def corners(box):
    cx, cy, w, h, angle = (Fraction(float(value)) for value in box)
    quarter, rest = divmod(angle, 90)
    c, s = Fraction(math.cos(math.radians(rest))), Fraction(math.sin(math.radians(rest)))
    for _ in range(int(quarter % 4)):
        c, s = -s, c
    return [
        (cx + i * w / 2 * c + j * h / 2 * s, cy - i * w / 2 * s + j * h / 2 * c)
        for i, j in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]


def area(polygon):
    pairs = zip(polygon, polygon[1:] + polygon[:1], strict=True)
    return abs(sum(p[0] * q[1] - q[0] * p[1] for p, q in pairs)) / 2


def intersection(first, second):
    """`first` within `second`; corners of both in the order of `corners`, which has the inside on one side."""
    for (ax, ay), (bx, by) in zip(second, second[1:] + second[:1], strict=True):

        def side(p, ax=ax, ay=ay, bx=bx, by=by):
            return (bx - ax) * (p[1] - ay) - (by - ay) * (p[0] - ax)

        cut = []
        for p, q in zip(first, first[1:] + first[:1], strict=True):
            dp, dq = side(p), side(q)
            if dp >= 0:
                cut.append(p)
            if dp * dq < 0:
                t = dp / (dp - dq)
                cut.append((p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])))
        first = cut
    return first


def rotated_iou(a, b):
    p, q = corners(a), corners(b)
    if not area(p) or not area(q):  # all is on the inner side of a point
        return 0.0
    shared = intersection(p, q)
    common = area(shared) if shared else Fraction(0)
    union = area(p) + area(q) - common
    return float(common / union) if common else 0.0


def greedy(overlap, scores, labels, threshold, score_threshold=None, max_output=None):
    """Indices kept by falling score, ties by index; overlap(i, j) is the IoU of two."""
    order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))
    kept = []
    for i in order:
        if score_threshold is not None and scores[i] < score_threshold:
            continue
        if max_output is not None and len(kept) == max_output:
            break
        if not any(labels[i] == labels[k] and overlap(i, k) > threshold for k in kept):
            kept.append(i)
    return kept

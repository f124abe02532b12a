"""Slow twins of `imgproc.pack_masks` and `imgproc.mask_iou_matrix`: pixels counted one by one.

IoU = |A and B| / |A or B|; for a crowd, and as "ioa", |A and B| / |A| (T.-Y. Lin et al., Microsoft COCO, 2014).
Suppression is `reference.rotated.greedy` with this overlap.
"""

from __future__ import annotations


def words(mask):
    """Of the rows and the columns, in steps of 64, between the first and the last pixel; and that box."""
    pixels = [(y, x) for y, row in enumerate(mask) for x, value in enumerate(row) if value]
    if not pixels:
        return [], (0, 0, 0, 0)
    y0, y1 = min(y for y, _ in pixels), max(y for y, _ in pixels) + 1
    w0, w1 = min(x for _, x in pixels) // 64, max(x for _, x in pixels) // 64 + 1
    found = [0] * ((y1 - y0) * (w1 - w0))
    for y, x in pixels:
        found[(y - y0) * (w1 - w0) + x // 64 - w0] |= 1 << x % 64
    return found, (y0, y1, w0, w1)


def mask_iou(a, b, over_own=False):
    common = own = either = 0
    for row, other in zip(a.tolist(), b.tolist(), strict=True):
        for p, q in zip(row, other, strict=True):
            common += p and q
            own += p
            either += p or q
    whole = own if over_own else either
    return common / whole if whole else 0.0

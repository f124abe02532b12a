"""Anchors: box regression deltas, and the best of a few boxes for each of many anchors."""

from libc.math cimport exp, expf, log, logf
from libc.stdint cimport int8_t, int64_t

include "level.pxi"

ctypedef fused real_t:
    float
    double

cdef extern from "simd/anchors.h" nogil:
    enum:
        ANCHOR_BLOCK
    void nearest_f32(
        const float *, Py_ssize_t, Py_ssize_t, const float *, Py_ssize_t, float *, int64_t *, float *, int64_t *
    )
    void nearest_f64(
        const double *, Py_ssize_t, Py_ssize_t, const double *, Py_ssize_t, double *, int64_t *, double *, int64_t *
    )
    void mark_best_f32(
        const float *, Py_ssize_t, Py_ssize_t, const float *, Py_ssize_t, const float *, const int64_t *, int8_t *
    )
    void mark_best_f64(
        const double *, Py_ssize_t, Py_ssize_t, const double *, Py_ssize_t, const double *, const int64_t *, int8_t *
    )

BLOCK = ANCHOR_BLOCK


def nearest(
    const real_t[:, ::1] anchors, const real_t[:, ::1] boxes, real_t[::1] best, int64_t[::1] index, real_t[::1] top,
    int64_t[:, ::1] spans, Py_ssize_t b0, Py_ssize_t b1,
):
    """Blocks [b0, b1) of BLOCK anchors: the IoU with the best box, 0 and -1 where none is met, the first among equals.

    `top` becomes the largest IoU of each box with these anchors; `spans` the first and the last block that has it, as
    the number of its first anchor, and is not written where `top` is 0. There is at least one anchor and one box.
    """
    cdef Py_ssize_t a0 = b0 * ANCHOR_BLOCK, a1 = min(b1 * ANCHOR_BLOCK, anchors.shape[0])
    with nogil:
        if real_t is float:
            nearest_f32(&anchors[0, 0], a0, a1, &boxes[0, 0], boxes.shape[0], &best[0], &index[0], &top[0], &spans[0, 0])
        else:
            nearest_f64(&anchors[0, 0], a0, a1, &boxes[0, 0], boxes.shape[0], &best[0], &index[0], &top[0], &spans[0, 0])


def mark_best(
    const real_t[:, ::1] anchors, const real_t[:, ::1] boxes, const real_t[::1] goals, const int64_t[:, ::1] spans,
    int8_t[::1] marks, Py_ssize_t b0, Py_ssize_t b1,
):
    """Set `marks` to 1 for anchors of blocks [b0, b1) whose IoU with a box is its goal, in the blocks of its span.

    A box whose goal is 0 is passed over, and its span not read.
    """
    cdef Py_ssize_t a0 = b0 * ANCHOR_BLOCK, a1 = min(b1 * ANCHOR_BLOCK, anchors.shape[0]), count = boxes.shape[0]
    with nogil:
        if real_t is float:
            mark_best_f32(&anchors[0, 0], a0, a1, &boxes[0, 0], count, &goals[0], &spans[0, 0], &marks[0])
        else:
            mark_best_f64(&anchors[0, 0], a0, a1, &boxes[0, 0], count, &goals[0], &spans[0, 0], &marks[0])


cdef inline real_t _exp(real_t x) noexcept nogil:
    if real_t is float:
        return expf(x)
    else:
        return exp(x)


cdef inline real_t _log(real_t x) noexcept nogil:
    if real_t is float:
        return logf(x)
    else:
        return log(x)


def encode(
    const real_t[:, ::1] boxes, const real_t[:, ::1] anchors, const real_t[::1] weights, real_t[:, ::1] deltas,
    Py_ssize_t y0, Py_ssize_t y1,
):
    """Rows [y0, y1) of the deltas that lead from anchors to boxes."""
    cdef Py_ssize_t i
    cdef real_t half = 0.5, width, height, own_width, own_height
    with nogil:
        for i in range(y0, y1):
            own_width = anchors[i, 2] - anchors[i, 0]
            own_height = anchors[i, 3] - anchors[i, 1]
            width = boxes[i, 2] - boxes[i, 0]
            height = boxes[i, 3] - boxes[i, 1]
            deltas[i, 0] = weights[0] * (
                (boxes[i, 0] + half * width) - (anchors[i, 0] + half * own_width)) / own_width
            deltas[i, 1] = weights[1] * (
                (boxes[i, 1] + half * height) - (anchors[i, 1] + half * own_height)) / own_height
            deltas[i, 2] = weights[2] * _log[real_t](width / own_width)
            deltas[i, 3] = weights[3] * _log[real_t](height / own_height)


def decode(
    const real_t[:, :, ::1] deltas, const real_t[:, ::1] anchors, const real_t[::1] weights, real_t max_log_ratio,
    real_t[:, :, ::1] boxes, Py_ssize_t y0, Py_ssize_t y1,
):
    """Rows [y0, y1) of the boxes that deltas, (N, K, 4), make of anchors, (N, 4)."""
    cdef Py_ssize_t i, k
    cdef real_t half = 0.5, own_width, own_height, own_x, own_y, x, y, dw, dh, reach
    with nogil:
        for i in range(y0, y1):
            own_width = anchors[i, 2] - anchors[i, 0]
            own_height = anchors[i, 3] - anchors[i, 1]
            own_x = anchors[i, 0] + half * own_width
            own_y = anchors[i, 1] + half * own_height
            for k in range(deltas.shape[1]):
                x = deltas[i, k, 0] / weights[0] * own_width + own_x
                y = deltas[i, k, 1] / weights[1] * own_height + own_y
                dw = deltas[i, k, 2] / weights[2]
                dh = deltas[i, k, 3] / weights[3]
                reach = half * (_exp[real_t](dw if dw < max_log_ratio else max_log_ratio) * own_width)
                boxes[i, k, 0] = x - reach
                boxes[i, k, 2] = x + reach
                reach = half * (_exp[real_t](dh if dh < max_log_ratio else max_log_ratio) * own_height)
                boxes[i, k, 1] = y - reach
                boxes[i, k, 3] = y + reach

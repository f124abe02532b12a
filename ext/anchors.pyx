"""Anchors: box regression deltas, and the best of a few boxes for each of many anchors."""

from libc.math cimport exp, log
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

cdef extern from "simd/anchor_deltas.h" nogil:
    void encode_f32(const float *, const float *, const float *, float *, Py_ssize_t)
    void decode_f32(
        const float *, const float *, Py_ssize_t, const float *, float, float *, Py_ssize_t
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


cdef void _encode(const double *box, const double *own, const double *weights, double *delta) noexcept nogil:
    cdef double side, own_side
    cdef int axis
    for axis in range(2):
        side = box[axis + 2] - box[axis]
        own_side = own[axis + 2] - own[axis]
        delta[axis] = weights[axis] * ((box[axis] + 0.5 * side) - (own[axis] + 0.5 * own_side)) / own_side
        delta[axis + 2] = weights[axis + 2] * log(side / own_side)


cdef void _decode(
    const double *delta, const double *own, const double *weights, double most, double *box
) noexcept nogil:
    cdef double own_side, centre, ratio, reach
    cdef int axis
    for axis in range(2):
        own_side = own[axis + 2] - own[axis]
        centre = delta[axis] / weights[axis] * own_side + (own[axis] + 0.5 * own_side)
        ratio = delta[axis + 2] / weights[axis + 2]
        reach = 0.5 * (exp(ratio if ratio < most else most) * own_side)
        box[axis] = centre - reach
        box[axis + 2] = centre + reach


def encode(
    const real_t[:, ::1] boxes, const real_t[:, ::1] anchors, const real_t[::1] weights, real_t[:, ::1] deltas,
    Py_ssize_t y0, Py_ssize_t y1,
):
    """Rows [y0, y1), at least one, of the deltas that lead from anchors to boxes."""
    cdef Py_ssize_t i
    with nogil:
        if real_t is float:
            encode_f32(&boxes[y0, 0], &anchors[y0, 0], &weights[0], &deltas[y0, 0], y1 - y0)
        else:
            for i in range(y0, y1):
                _encode(&boxes[i, 0], &anchors[i, 0], &weights[0], &deltas[i, 0])


def decode(
    const real_t[:, :, ::1] deltas, const real_t[:, ::1] anchors, const real_t[::1] weights, real_t most,
    real_t[:, :, ::1] boxes, Py_ssize_t y0, Py_ssize_t y1,
):
    """Rows [y0, y1), at least one, of the boxes that deltas, (N, K, 4) with K >= 1, make of anchors, (N, 4)."""
    cdef Py_ssize_t i, k, each = deltas.shape[1]
    with nogil:
        if real_t is float:
            decode_f32(
                &deltas[y0, 0, 0], &anchors[y0, 0], each, &weights[0], most, &boxes[y0, 0, 0], (y1 - y0) * each
            )
        else:
            for i in range(y0, y1):
                for k in range(each):
                    _decode(&deltas[i, k, 0], &anchors[i, 0], &weights[0], most, &boxes[i, k, 0])

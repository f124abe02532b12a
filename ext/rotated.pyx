"""Rotated boxes: intersection over union, and greedy suppression."""

from libc.stdint cimport int64_t

ctypedef fused real_t:
    float
    double

cdef extern from "simd/rotated.h" nogil:
    int rotated_matrix(const double *, Py_ssize_t, const double *, Py_ssize_t, double *, float *)
    Py_ssize_t suppress_rotated(
        const double *, const int64_t *, Py_ssize_t, double, Py_ssize_t, Py_ssize_t *
    )


def matrix(const double[:, ::1] a, const double[:, ::1] b, real_t[:, ::1] out, Py_ssize_t y0, Py_ssize_t y1):
    """Rows [y0, y1) of the IoU of every box of a with every box of b."""
    cdef int done
    if y1 <= y0 or b.shape[0] == 0:
        return
    with nogil:
        if real_t is double:
            done = rotated_matrix(&a[y0, 0], y1 - y0, &b[0, 0], b.shape[0], &out[y0, 0], NULL)
        else:
            done = rotated_matrix(&a[y0, 0], y1 - y0, &b[0, 0], b.shape[0], NULL, &out[y0, 0])
    if not done:
        raise MemoryError


def suppress(
    const double[:, ::1] boxes, const int64_t[::1] labels, double iou_threshold, Py_ssize_t limit,
    Py_ssize_t[::1] kept,
):
    """The number of boxes that overlap no kept one before them by more than the threshold; kept: which."""
    cdef Py_ssize_t count
    if boxes.shape[0] == 0:
        return 0
    with nogil:
        count = suppress_rotated(&boxes[0, 0], &labels[0], boxes.shape[0], iou_threshold, limit, &kept[0])
    if count < 0:
        raise MemoryError
    return count

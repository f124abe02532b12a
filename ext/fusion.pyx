"""Boxes joined: clusters of weighted boxes fusion, and groups of boxes that look alike."""

from libc.stdint cimport int64_t, uint8_t

cdef extern from "simd/fusion.h" nogil:
    ctypedef struct Corners:
        pass
    Py_ssize_t fuse_boxes(
        const Corners *, const double *, const int64_t *, Py_ssize_t, double, int64_t *, Corners *
    )

cdef extern from "simd/grouping.h" nogil:
    Py_ssize_t group_windows(const double *, Py_ssize_t, double, int64_t *)
    int drop_inner(const double *, const double *, const int64_t *, Py_ssize_t, uint8_t *)


def fuse(
    const double[:, ::1] boxes, const double[::1] weights, const int64_t[::1] labels, double iou_threshold,
    int64_t[::1] members, double[:, ::1] fused,
):
    """The number of clusters of boxes in falling order of weight; see fuse_boxes."""
    cdef Py_ssize_t count
    if boxes.shape[0] == 0:
        return 0
    with nogil:
        count = fuse_boxes(
            <const Corners *>&boxes[0, 0], &weights[0], &labels[0], boxes.shape[0], iou_threshold, &members[0],
            <Corners *>&fused[0, 0],
        )
    if count < 0:
        raise MemoryError
    return count


def group(const double[:, ::1] boxes, double eps, int64_t[::1] groups):
    """The number of groups of boxes; groups: that of each box, numbered by first members."""
    cdef Py_ssize_t count
    if boxes.shape[0] == 0:
        return 0
    with nogil:
        count = group_windows(&boxes[0, 0], boxes.shape[0], eps, &groups[0])
    if count < 0:
        raise MemoryError
    return count


def outermost(
    const double[:, ::1] boxes, const double[:, ::1] margins, const int64_t[::1] counts, uint8_t[::1] keep
):
    """keep[i] = 0 where box i (x, y, w, h) lies inside another that counts more; counts are descending."""
    cdef int done
    if boxes.shape[0] == 0:
        return
    with nogil:
        done = drop_inner(&boxes[0, 0], &margins[0, 0], &counts[0], boxes.shape[0], &keep[0])
    if not done:
        raise MemoryError

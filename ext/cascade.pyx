"""Boosted cascades: the windows of an image that pass every stage."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t
from libc.stdlib cimport free

include "level.pxi"

cdef extern from "simd/cascade_tiles.h" nogil:
    ctypedef struct CascadeParts:
        const int32_t *boxes
        const int32_t *first_node
        const int32_t *first_tree
        const int32_t *node_feature
        const int32_t *node_left
        const int32_t *node_right
        const float *weights
        const float *node_thresholds
        const float *leaves
        const float *thresholds
        const float *slack
        const uint8_t *tilted
        const uint32_t *subsets
        Py_ssize_t nodes
        int stages
        int lbp
        int stumps
        int has_tilted
        int window_height
        int window_width
    ctypedef struct CascadeTask:
        pass
    ctypedef struct CascadeWindow:
        pass
    ctypedef struct CascadeWindows:
        CascadeWindow *items
        Py_ssize_t count
        Py_ssize_t room
    int cascade_detect(
        const CascadeParts *, const uint8_t *, Py_ssize_t, Py_ssize_t, Py_ssize_t, const uint8_t *, Py_ssize_t,
        const CascadeTask *, Py_ssize_t, int64_t *, CascadeWindows *
    )


def detect(
    const uint8_t[:, :] image, const uint8_t[:, :] mask, const int64_t[:, ::1] tasks, int height, int width, bint lbp,
    const int32_t[:, ::1] boxes, const float[:, ::1] weights, const uint8_t[::1] tilted, const int32_t[::1] node_feature,
    const float[::1] node_thresholds, const uint32_t[:, ::1] subsets, const int32_t[::1] node_left,
    const int32_t[::1] node_right, const float[::1] leaves, const int32_t[::1] first_node, const int32_t[::1] first_tree,
    const float[::1] thresholds, const float[::1] slack, int64_t[::1] seen,
):
    """The windows that pass, as bytes of (scale, x, y: int32, margin: float32), x and y in pixels of the scaled image.

    ``tasks`` are rows (out_height, out_width, step, y0, rows, scale) of one step; ``mask`` and ``seen`` may be None.
    The cascade is that of ``Cascade``, checked there: every index stays within its array and every box in the window.
    """
    cdef CascadeParts parts
    cdef CascadeWindows found
    cdef int enough
    cdef Py_ssize_t tree
    parts.boxes, parts.first_node, parts.first_tree = &boxes[0, 0], &first_node[0], &first_tree[0]
    parts.node_feature, parts.node_left, parts.node_right = &node_feature[0], &node_left[0], &node_right[0]
    parts.leaves, parts.thresholds, parts.slack = &leaves[0], &thresholds[0], &slack[0]
    parts.weights = parts.node_thresholds = NULL
    parts.tilted = NULL
    parts.subsets = NULL
    if lbp:
        parts.subsets = &subsets[0, 0]
    else:
        parts.weights, parts.tilted, parts.node_thresholds = &weights[0, 0], &tilted[0], &node_thresholds[0]
    parts.nodes, parts.stages, parts.lbp = node_feature.shape[0], <int>thresholds.shape[0], lbp
    parts.window_height, parts.window_width = height, width
    parts.stumps = first_node.shape[0] - 1 == parts.nodes
    parts.has_tilted = 0
    if not lbp:
        for tree in range(tilted.shape[0]):
            parts.has_tilted |= tilted[tree]
    found.items, found.count, found.room = NULL, 0, 0
    cdef const uint8_t *mask_start = NULL
    cdef Py_ssize_t mask_stride = 0
    if mask is not None:
        mask_start, mask_stride = &mask[0, 0], mask.strides[0]
    cdef int64_t *counts = &seen[0] if seen is not None else NULL
    with nogil:
        enough = cascade_detect(
            &parts, &image[0, 0], image.strides[0], image.shape[0], image.shape[1], mask_start, mask_stride,
            <const CascadeTask *>&tasks[0, 0], tasks.shape[0], counts, &found
        )
    if not enough:
        free(found.items)
        raise MemoryError
    answer = (<const char *>found.items)[:found.count * <Py_ssize_t>sizeof(CascadeWindow)] if found.count else b""
    free(found.items)
    return answer

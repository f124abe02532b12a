"""Non-maximum suppression: which boxes stay, and with which scores."""

from libc.stdint cimport int64_t, uint8_t
from libc.stdlib cimport calloc, free, malloc

include "level.pxi"

ctypedef fused real_t:
    float
    double

ctypedef fused score_t:
    float
    double

cdef extern from "simd/ranking.h" nogil:
    Py_ssize_t rank_f32(const float *, Py_ssize_t, double, int64_t *)
    Py_ssize_t rank_f64(const double *, Py_ssize_t, double, int64_t *)

cdef extern from "simd/groups.h" nogil:
    Py_ssize_t group_by_label(const int64_t *, const int64_t *, Py_ssize_t, int64_t *, int64_t *)

cdef extern from "simd/suppression.h" nogil:
    ctypedef struct Search_f32:
        pass
    ctypedef struct Search_f64:
        pass
    int open_search_f32(Search_f32 *, int64_t, double, int)
    int open_search_f64(Search_f64 *, int64_t, double, int)
    void close_search_f32(Search_f32 *)
    void close_search_f64(Search_f64 *)
    int suppress_f32(Search_f32 *, const float *, const int64_t *, int64_t, int64_t, uint8_t *)
    int suppress_f64(Search_f64 *, const double *, const int64_t *, int64_t, int64_t, uint8_t *)

cdef extern from "simd/soft.h" nogil:
    ctypedef struct Decay:
        int gaussian
        double threshold
        double scale
        double least
    int soften_f32(const float *, const double *, const int64_t *, int64_t, Decay, int64_t, double *)
    int soften_f64(const double *, const double *, const int64_t *, int64_t, Decay, int64_t, double *)


cdef int suppress_groups(
    const real_t *boxes, const int64_t *grouped, const int64_t *starts, Py_ssize_t groups, int64_t most,
    double threshold, int distance, uint8_t *keep,
) noexcept nogil:
    """Each group by itself; 0 without memory."""
    cdef Search_f32 single
    cdef Search_f64 wide
    cdef int64_t largest = 0
    cdef Py_ssize_t g
    cdef int done = 1
    for g in range(groups):
        largest = max(largest, starts[g + 1] - starts[g])
    if real_t is float:
        if not open_search_f32(&single, largest, threshold, distance):
            return 0
    else:
        if not open_search_f64(&wide, largest, threshold, distance):
            return 0
    for g in range(groups):
        if real_t is float:
            done &= suppress_f32(&single, boxes, grouped + starts[g], starts[g + 1] - starts[g], most, keep)
        else:
            done &= suppress_f64(&wide, boxes, grouped + starts[g], starts[g + 1] - starts[g], most, keep)
    if real_t is float:
        close_search_f32(&single)
    else:
        close_search_f64(&wide)
    return done


cdef Py_ssize_t greedy(
    const real_t *boxes, const score_t *scores, const int64_t *labels, Py_ssize_t n, double threshold, int distance,
    double least, int64_t most, int64_t *kept,
) noexcept nogil:
    """How many are kept, or -1 without memory."""
    cdef int64_t *order = kept  # what is kept is never further in front than what it is read from
    cdef int64_t *grouped = NULL
    cdef int64_t *starts = NULL
    cdef int64_t whole[2]
    cdef uint8_t *keep = <uint8_t *>calloc(n, 1)
    cdef Py_ssize_t m, groups = 1, i, found = -1
    if score_t is float:
        m = rank_f32(scores, n, least, order)
    else:
        m = rank_f64(scores, n, least, order)
    if keep and m >= 0:
        whole[0] = 0
        whole[1] = m
        if labels:
            grouped = <int64_t *>malloc(sizeof(int64_t) * (2 * m + 2))
            if grouped:
                starts = grouped + m
                groups = group_by_label(labels, order, m, grouped, starts)
            else:
                groups = -1
        if groups >= 0 and suppress_groups(
            boxes, grouped if labels else order, starts if labels else whole, groups, most, threshold, distance, keep
        ):
            found = 0
            for i in range(m):
                if found == most:
                    break
                if keep[order[i]]:
                    kept[found] = order[i]
                    found += 1
    free(keep)
    free(grouped)
    return found


def nms(
    const real_t[:, ::1] boxes, const score_t[::1] scores, const int64_t[::1] labels, double threshold, bint distance,
    double least, int64_t most, int64_t[::1] kept,
):
    """Indices of the boxes that stay, best first, into kept; gives their number. Labels may be None."""
    cdef Py_ssize_t n = boxes.shape[0], found
    cdef const int64_t *groups = NULL
    if n == 0:
        return 0
    if labels is not None:
        groups = &labels[0]
    with nogil:
        found = greedy(&boxes[0, 0], &scores[0], groups, n, threshold, distance, least, most, &kept[0])
    if found < 0:
        raise MemoryError
    return found


cdef Py_ssize_t soften(
    const real_t *boxes, const double *scores, const int64_t *labels, Py_ssize_t n, Decay rule, int64_t most,
    int64_t *order, double *result,
) noexcept nogil:
    """How many are chosen, or -1 without memory."""
    cdef int64_t *grouped = NULL
    cdef int64_t *starts = NULL
    cdef int64_t whole[2]
    cdef const int64_t *members
    cdef const int64_t *edges
    cdef Py_ssize_t i, g, m = 0, groups = 1
    cdef int done = 1
    for i in range(n):
        result[i] = -1  # gone
        if scores[i] >= rule.least:
            order[m] = i
            m += 1
    whole[0] = 0
    whole[1] = m
    if labels:
        grouped = <int64_t *>malloc(sizeof(int64_t) * (2 * m + 2))
        if not grouped:
            return -1
        starts = grouped + m
        groups = group_by_label(labels, order, m, grouped, starts)
        done = groups >= 0
    members = grouped if labels else order
    edges = starts if labels else whole
    for g in range(groups):
        if real_t is float:
            done &= soften_f32(boxes, scores, members + edges[g], edges[g + 1] - edges[g], rule, most, result)
        else:
            done &= soften_f64(boxes, scores, members + edges[g], edges[g + 1] - edges[g], rule, most, result)
    free(grouped)
    # Within a group each was chosen with a score not above the one before it, so that this is the order of choosing.
    m = rank_f64(result, n, 0, order) if done else -1
    return min(m, most)


def soft_nms(
    const real_t[:, ::1] boxes, const double[::1] scores, const int64_t[::1] labels, bint gaussian, double threshold,
    double sigma, double least, int64_t most, int64_t[::1] order, double[::1] result,
):
    """Indices in the order of choosing into order, the score of each box into result; gives how many are chosen."""
    cdef Py_ssize_t n = boxes.shape[0], found
    cdef const int64_t *groups = NULL
    cdef Decay rule
    if n == 0:
        return 0
    if labels is not None:
        groups = &labels[0]
    rule.gaussian = gaussian
    rule.threshold = threshold
    rule.scale = -1 / sigma
    rule.least = least
    with nogil:
        found = soften(&boxes[0, 0], &scores[0], groups, n, rule, most, &order[0], &result[0])
    if found < 0:
        raise MemoryError
    return found

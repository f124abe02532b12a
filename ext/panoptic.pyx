"""Segments that claim the pixels of an image one after the other, and labels that get what is left."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

include "level.pxi"

ctypedef fused label_t:
    uint8_t
    uint16_t
    int32_t
    uint32_t
    int64_t

cdef extern from "simd/mask_common.h" nogil:
    int64_t common_pixels(const uint64_t *, Py_ssize_t, const uint64_t *, Py_ssize_t, Py_ssize_t, Py_ssize_t)

cdef extern from "simd/claims.h" nogil:
    void claim_pixels(
        const uint64_t *, Py_ssize_t, Py_ssize_t, uint64_t *, Py_ssize_t, int32_t *, Py_ssize_t, Py_ssize_t, int32_t
    )


def claim(
    const uint64_t[::1] words, const int64_t[::1] offsets, const int64_t[:, ::1] boxes, const int64_t[::1] areas,
    const int64_t[::1] order, double overlap, uint64_t[:, ::1] taken, int32_t[:, ::1] ids, int64_t[::1] claimed,
):
    """Masks in this order get the ids from 1 on, those of which at most `overlap` is taken; how many did.

    claimed[i]: the pixels that mask i got, 0 for one left out; taken: the bits of all.
    """
    cdef Py_ssize_t k, i, tall, wide
    cdef int64_t common
    cdef int32_t found = 0
    cdef const uint64_t *mask
    cdef uint64_t *beside
    with nogil:
        for k in range(order.shape[0]):
            i = order[k]
            claimed[i] = 0
            if areas[i] == 0:
                continue
            mask, beside = &words[offsets[i]], &taken[boxes[i, 0], boxes[i, 2]]
            tall, wide = boxes[i, 1] - boxes[i, 0], boxes[i, 3] - boxes[i, 2]
            common = common_pixels(mask, wide, beside, taken.shape[1], tall, wide)
            if <double>common / <double>areas[i] > overlap or common == areas[i]:
                continue
            found += 1
            claimed[i] = areas[i] - common
            claim_pixels(
                mask, tall, wide, beside, taken.shape[1], &ids[boxes[i, 0], 64 * boxes[i, 2]], ids.shape[1],
                ids.shape[1] - 64 * boxes[i, 2], found,
            )
    return found


def count_free(const label_t[:, :] labels, const int32_t[:, ::1] ids, int64_t void, int64_t[::1] counts):
    """Adds the pixels with id 0 of each label but void to counts; -1, or the place of a label beyond counts."""
    cdef Py_ssize_t y, x
    cdef int64_t label = 0, run = 0, last = void, most = counts.shape[0]
    with nogil:
        for y in range(labels.shape[0]):
            for x in range(labels.shape[1]):
                if ids[y, x]:
                    continue
                label = <int64_t>labels[y, x]
                if label != last:
                    if last != void:
                        counts[last] += run
                    if label != void and (label < 0 or label >= most):
                        with gil:
                            return y * labels.shape[1] + x
                    last, run = label, 0
                run += 1
        if last != void:
            counts[last] += run
    return -1


def paint_free(const label_t[:, :] labels, int32_t[:, ::1] ids, int64_t void, const int32_t[::1] table):
    """Pixels with id 0 and a label that is not void get that of the table."""
    cdef Py_ssize_t y, x
    cdef int64_t label
    with nogil:
        for y in range(labels.shape[0]):
            for x in range(labels.shape[1]):
                label = <int64_t>labels[y, x]
                if ids[y, x] == 0 and label != void:
                    ids[y, x] = table[label]

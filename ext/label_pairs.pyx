"""Pairs of labels that two maps have at the same pixel: as a confusion matrix, and as a list of those that occur."""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t

include "level.pxi"

cdef extern from "simd/label_blocks.h" nogil:
    int LABEL_U8, LABEL_U16, LABEL_I32, LABEL_U32, LABEL_I64
    ctypedef struct LabelMaps:
        const char *first
        const char *second
        Py_ssize_t first_step
        Py_ssize_t second_step
        int first_kind
        int second_kind
        Py_ssize_t width
    Py_ssize_t label_size(int)

cdef extern from "simd/confusion.h" nogil:
    ctypedef struct Confusion:
        LabelMaps maps
        int32_t classes
        int ignoring
        int32_t ignored
        int64_t *counts
    Py_ssize_t confusion_rows(const Confusion *, Py_ssize_t, Py_ssize_t)

cdef extern from "simd/label_pairs.h" nogil:
    uint64_t PAIR_NONE
    ctypedef struct LabelPairs:
        uint64_t *keys
        int64_t *counts
        size_t capacity
        size_t used
    int pairs_start(LabelPairs *, size_t)
    void pairs_free(LabelPairs *)
    Py_ssize_t pairs_rows(const LabelMaps *, LabelPairs *, Py_ssize_t, Py_ssize_t)

KINDS = {"uint8": LABEL_U8, "uint16": LABEL_U16, "int32": LABEL_I32, "uint32": LABEL_U32, "int64": LABEL_I64}


cdef LabelMaps _maps(const uint8_t[:, :] first, int first_kind, const uint8_t[:, :] second, int second_kind) noexcept:
    cdef LabelMaps maps
    maps.first = <const char *>&first[0, 0]
    maps.second = <const char *>&second[0, 0]
    maps.first_step = first.strides[0]
    maps.second_step = second.strides[0]
    maps.first_kind = first_kind
    maps.second_kind = second_kind
    maps.width = first.shape[1] // label_size(first_kind)
    return maps


def confusion(
    const uint8_t[:, :] truth, int truth_kind, const uint8_t[:, :] pred, int pred_kind, int32_t classes, bint ignoring,
    int32_t ignored, int64_t[::1] counts, Py_ssize_t y0, Py_ssize_t y1,
):
    """Add rows [y0, y1) of two maps, as the bytes of their rows, to counts: (classes * classes + 1,).

    Cell t * classes + p is of true class t and predicted class p, the last one of pixels whose true label is ignored.
    Gives y1, or the row that holds a label out of range where it stopped.
    """
    cdef Confusion job
    cdef Py_ssize_t row
    job.maps = _maps(truth, truth_kind, pred, pred_kind)
    job.classes = classes
    job.ignoring = ignoring
    job.ignored = ignored
    job.counts = &counts[0]
    with nogil:
        row = confusion_rows(&job, y0, y1)
    if row < 0:
        raise MemoryError
    return row


def pairs(
    const uint8_t[:, :] first, int first_kind, const uint8_t[:, :] second, int second_kind, Py_ssize_t y0, Py_ssize_t y1,
):
    """The pairs of labels in rows [y0, y1) of two maps, as the bytes of their rows, in no order.

    Gives y1 and the bytes of uint64 keys, first << 32 | second, and of int64 numbers of pixels; or the row that holds
    a label below 0 or from 2**31 where it stopped, and what it had by then.
    """
    cdef LabelMaps maps = _maps(first, first_kind, second, second_kind)
    cdef LabelPairs found
    cdef Py_ssize_t row
    cdef size_t i, used = 0
    if not pairs_start(&found, 256):
        raise MemoryError
    try:
        with nogil:
            row = pairs_rows(&maps, &found, y0, y1)
            for i in range(found.capacity):
                if found.keys[i] != PAIR_NONE:
                    found.keys[used] = found.keys[i]
                    found.counts[used] = found.counts[i]
                    used += 1
        if row < 0:
            raise MemoryError
        return (
            row,
            PyBytes_FromStringAndSize(<const char *>found.keys, <Py_ssize_t>(used * sizeof(uint64_t))),
            PyBytes_FromStringAndSize(<const char *>found.counts, <Py_ssize_t>(used * sizeof(int64_t))),
        )
    finally:
        pairs_free(&found)

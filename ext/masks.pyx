"""Bit-packed masks: packing, shared pixels, and greedy suppression."""

from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.stdlib cimport free, malloc

include "level.pxi"

cdef extern from "simd/bit_blocks.h" nogil:
    void unpack_mask(
        const uint64_t *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, uint8_t *
    )

cdef extern from "simd/mask_pack.h" nogil:
    void mask_extent(const uint8_t *, Py_ssize_t, Py_ssize_t, Py_ssize_t, uint8_t *, int64_t *)
    int64_t mask_words(
        const uint8_t *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, uint64_t *
    )

cdef extern from "simd/mask_suppress.h" nogil:
    ctypedef struct Masks:
        const uint64_t *words
        const int64_t *offsets
        const int64_t *boxes
        const int64_t *areas
    int64_t shared_pixels(const Masks *, Py_ssize_t, const Masks *, Py_ssize_t)
    Py_ssize_t suppress_masks(
        const Masks *, const int64_t *, const int64_t *, Py_ssize_t, double, Py_ssize_t, Py_ssize_t *
    )


cdef Masks record(
    const uint64_t[::1] words, const int64_t[::1] offsets, const int64_t[:, ::1] boxes, const int64_t[::1] areas
) noexcept:
    cdef Masks masks
    masks.words = &words[0] if words.shape[0] else NULL
    masks.offsets = &offsets[0]
    masks.boxes = &boxes[0, 0] if boxes.shape[0] else NULL
    masks.areas = &areas[0] if areas.shape[0] else NULL
    return masks


def extents(const uint8_t[:, :, :] masks, int64_t[:, ::1] boxes, Py_ssize_t n0, Py_ssize_t n1):
    """boxes[i] = y0, y1, x0, x1 of the pixels of mask i in [n0, n1); pixels of a row lie side by side."""
    cdef Py_ssize_t i, height = masks.shape[1], width = masks.shape[2]
    cdef uint8_t *columns
    if n1 <= n0:
        return
    if height == 0 or width == 0:
        boxes[n0:n1] = 0
        return
    columns = <uint8_t *>malloc(width)
    if columns == NULL:
        raise MemoryError
    with nogil:
        for i in range(n0, n1):
            mask_extent(&masks[i, 0, 0], masks.strides[1], height, width, columns, &boxes[i, 0])
    free(columns)


def pack(
    const uint8_t[:, :, :] masks, const int64_t[:, ::1] boxes, const int64_t[::1] offsets, uint64_t[::1] words,
    int64_t[::1] areas, Py_ssize_t n0, Py_ssize_t n1,
):
    """The words of masks [n0, n1) within boxes (y0, y1, first word, last word), and how many pixels are set."""
    cdef Py_ssize_t i
    with nogil:
        for i in range(n0, n1):
            if offsets[i + 1] == offsets[i]:
                areas[i] = 0
                continue
            areas[i] = mask_words(
                &masks[i, 0, 0], masks.strides[1], masks.shape[2], boxes[i, 0], boxes[i, 1], 64 * boxes[i, 2],
                boxes[i, 3] - boxes[i, 2], &words[offsets[i]],
            )


def unpack(
    const uint64_t[::1] words, const int64_t[::1] offsets, const int64_t[:, ::1] boxes, uint8_t[:, :, ::1] out,
    Py_ssize_t n0, Py_ssize_t n1,
):
    """Pixels of masks [n0, n1) within their boxes."""
    cdef Py_ssize_t i
    with nogil:
        for i in range(n0, n1):
            if offsets[i + 1] > offsets[i]:
                unpack_mask(
                    &words[offsets[i]], boxes[i, 0], boxes[i, 1], boxes[i, 2], boxes[i, 3], out.shape[2],
                    &out[i, 0, 0],
                )


def shared(
    const uint64_t[::1] a_words, const int64_t[::1] a_offsets, const int64_t[:, ::1] a_boxes,
    const int64_t[::1] a_areas, const uint64_t[::1] b_words, const int64_t[::1] b_offsets,
    const int64_t[:, ::1] b_boxes, const int64_t[::1] b_areas, double[:, ::1] out, Py_ssize_t n0, Py_ssize_t n1,
):
    """Rows [n0, n1) of the number of pixels that every mask of a shares with every mask of b."""
    cdef Py_ssize_t i, j
    cdef Masks a = record(a_words, a_offsets, a_boxes, a_areas), b = record(b_words, b_offsets, b_boxes, b_areas)
    with nogil:
        for i in range(n0, n1):
            for j in range(b_areas.shape[0]):
                out[i, j] = <double>shared_pixels(&a, i, &b, j)


def suppress(
    const uint64_t[::1] words, const int64_t[::1] offsets, const int64_t[:, ::1] boxes, const int64_t[::1] areas,
    const int64_t[::1] order, const int64_t[::1] labels, double iou_threshold, Py_ssize_t limit,
    Py_ssize_t[::1] kept,
):
    """The number of masks, in this order, that overlap no kept one by more than the threshold; kept: which."""
    cdef Masks masks = record(words, offsets, boxes, areas)
    cdef Py_ssize_t count
    if order.shape[0] == 0:
        return 0
    with nogil:
        count = suppress_masks(&masks, &order[0], &labels[0], order.shape[0], iou_threshold, limit, &kept[0])
    return count

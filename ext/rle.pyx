"""Masks as runs: intervals [first, end) of set pixels, counted down the columns."""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy

include "level.pxi"

cdef extern from "simd/rle.h" nogil:
    ctypedef struct Interval:
        uint32_t first
        uint32_t end
    Py_ssize_t rle_decode_text "decode_text"(const uint8_t *, Py_ssize_t, uint64_t, Interval *)
    Py_ssize_t rle_decode_counts "decode_counts"(const int64_t *, Py_ssize_t, uint64_t, Interval *)
    enum:
        RLE_CHARACTER
        RLE_TRUNCATED
        RLE_COUNT

cdef extern from "simd/rle_polygon.h" nogil:
    Py_ssize_t fill_polygons(const double *, const int64_t *, Py_ssize_t, int64_t, int64_t, Interval **)

cdef extern from "simd/rle_bits.h" nogil:
    ctypedef struct Changes:
        uint32_t *at
        size_t n
        size_t room
    ctypedef struct Packed:
        const uint64_t *words
        Py_ssize_t y0
        Py_ssize_t y1
        Py_ssize_t w0
        Py_ssize_t w1
        Py_ssize_t height
        Py_ssize_t width
    int64_t runs_extent(const Interval *, Py_ssize_t, uint32_t, int64_t *)
    int find_changes(const Packed *, Changes *)
    int pack_intervals(const Interval *, Py_ssize_t, const Packed *, uint64_t *)

cdef extern from "simd/rle_text.h" nogil:
    size_t count_number(const uint32_t *, size_t, uint64_t)
    void counts_of(const uint32_t *, size_t, uint64_t, int64_t *)
    size_t encode_text(const uint32_t *, size_t, uint64_t, uint8_t *)


cdef Py_ssize_t checked(Py_ssize_t n, uint64_t pixels) except -1:
    if n >= 0:
        return n
    if n == RLE_CHARACTER:
        raise ValueError("a character that stands for no bits")
    if n == RLE_TRUNCATED:
        raise ValueError("a text that ends within a count")
    if n == RLE_COUNT:
        raise ValueError("a count that is negative or too large")
    raise ValueError(f"counts that do not sum to {pixels}")


def decode_text(const uint8_t[::1] text, uint64_t pixels, uint32_t[:, ::1] out):
    """Intervals of COCO's compressed text; `out` has len(text) // 2 + 1 rows. ValueError says what is wrong."""
    cdef const uint8_t *start = &text[0] if text.shape[0] else NULL
    return checked(rle_decode_text(start, text.shape[0], pixels, <Interval *>&out[0, 0]), pixels)


def decode_counts(const int64_t[::1] counts, uint64_t pixels, uint32_t[:, ::1] out):
    """Intervals of lengths of background and foreground in turn; `out` has len(counts) // 2 + 1 rows."""
    cdef const int64_t *start = &counts[0] if counts.shape[0] else NULL
    return checked(rle_decode_counts(start, counts.shape[0], pixels, <Interval *>&out[0, 0]), pixels)


def polygons(const double[:, ::1] xy, const int64_t[::1] starts, int64_t height, int64_t width, uint32_t[:, ::1] out):
    """How many intervals the union of polygons has; written where `out` has as many rows."""
    cdef Interval *intervals = NULL
    cdef Py_ssize_t n
    with nogil:
        n = fill_polygons(&xy[0, 0], &starts[0], starts.shape[0] - 1, height, width, &intervals)
    if n < 0:
        raise MemoryError
    if 0 < n <= out.shape[0]:
        memcpy(&out[0, 0], intervals, n * sizeof(Interval))
    free(intervals)
    return n


cdef Packed packed(
    const uint64_t[::1] words, const int64_t[::1] offsets, const int64_t[:, ::1] boxes, Py_ssize_t i,
    Py_ssize_t height, Py_ssize_t width,
) noexcept nogil:
    cdef Packed mask
    mask.words = &words[offsets[i]] if offsets[i] < words.shape[0] else NULL
    mask.y0, mask.y1, mask.w0, mask.w1 = boxes[i, 0], boxes[i, 1], boxes[i, 2], boxes[i, 3]
    mask.height, mask.width = height, width
    return mask


def encode(
    const uint64_t[::1] words, const int64_t[::1] offsets, const int64_t[:, ::1] boxes, Py_ssize_t height,
    Py_ssize_t width, bint compressed, Py_ssize_t n0, Py_ssize_t n1,
):
    """The runs of packed masks [n0, n1): COCO's text of each, or its counts as the bytes of int64."""
    cdef Py_ssize_t i
    cdef Packed mask
    cdef Changes changes
    cdef uint64_t pixels = <uint64_t>height * <uint64_t>width
    cdef size_t length
    cdef char *out = NULL
    cdef char *more
    cdef bint done
    changes.at, changes.n, changes.room = NULL, 0, 0
    found = []
    try:
        for i in range(n0, n1):
            with nogil:
                mask = packed(words, offsets, boxes, i, height, width)
                changes.n = 0
                done = find_changes(&mask, &changes)
                if done:
                    length = 8 * (changes.n + 1)
                    more = <char *>realloc(out, length)
                    done = more != NULL
                if done:
                    out = more
                    if compressed:
                        length = encode_text(changes.at, changes.n, pixels, <uint8_t *>out)
                    else:
                        length = 8 * count_number(changes.at, changes.n, pixels)
                        counts_of(changes.at, changes.n, pixels, <int64_t *>out)
            if not done:
                raise MemoryError
            found.append(PyBytes_FromStringAndSize(out, <Py_ssize_t>length))
    finally:
        free(changes.at)
        free(out)
    return found


def extents(
    const uint32_t[:, ::1] runs, const int64_t[::1] first, int64_t[:, ::1] boxes, int64_t[::1] areas,
    Py_ssize_t height,
):
    """boxes[i] = y0, y1, x0, x1 of the intervals of mask i, half-open and 0 where there are none; areas: their pixels."""
    cdef Py_ssize_t i
    cdef const Interval *start = <const Interval *>&runs[0, 0] if runs.shape[0] else NULL
    if start == NULL:
        boxes[:] = 0
        areas[:] = 0
        return
    with nogil:
        for i in range(first.shape[0] - 1):
            areas[i] = runs_extent(start + first[i], first[i + 1] - first[i], <uint32_t>height, &boxes[i, 0])


def pack(
    const uint32_t[:, ::1] runs, const int64_t[::1] first, uint64_t[::1] words, const int64_t[::1] offsets,
    const int64_t[:, ::1] boxes, Py_ssize_t height, Py_ssize_t width, Py_ssize_t n0, Py_ssize_t n1,
):
    """The words of masks [n0, n1) within boxes of rows and words, from the intervals of each."""
    cdef Py_ssize_t i
    cdef Packed mask
    cdef bint done = True
    with nogil:
        for i in range(n0, n1):
            if first[i] == first[i + 1]:
                continue
            mask = packed(words, offsets, boxes, i, height, width)
            done = done and pack_intervals(
                <const Interval *>&runs[first[i], 0], first[i + 1] - first[i], &mask, &words[offsets[i]]
            )
    if not done:
        raise MemoryError

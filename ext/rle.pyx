"""Masks as runs: intervals [first, end) of set pixels, counted down the columns."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memcpy

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

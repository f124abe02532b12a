"""Integral images: sums over rectangles from the corner, and over cones."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

include "level.pxi"

ctypedef fused sample_t:
    uint8_t
    uint16_t
    float

ctypedef fused sum_t:
    uint32_t
    uint64_t
    double

cdef extern from "simd/integral.h" nogil:
    void integral_u8_u32(const uint8_t *, Py_ssize_t, uint32_t *, Py_ssize_t, Py_ssize_t, int, int)
    void integral_u8_u64(const uint8_t *, Py_ssize_t, uint64_t *, Py_ssize_t, Py_ssize_t, int, int)
    void integral_u16_u32(const uint16_t *, Py_ssize_t, uint32_t *, Py_ssize_t, Py_ssize_t, int, int)
    void integral_u16_u64(const uint16_t *, Py_ssize_t, uint64_t *, Py_ssize_t, Py_ssize_t, int, int)
    void integral_f32_f64(const float *, Py_ssize_t, double *, Py_ssize_t, Py_ssize_t, int, int)

cdef extern from "simd/integral_tilted.h" nogil:
    void tilted_u8_u32(const uint8_t *, Py_ssize_t, uint32_t *, Py_ssize_t, Py_ssize_t, int, int, uint32_t *)
    void tilted_u8_u64(const uint8_t *, Py_ssize_t, uint64_t *, Py_ssize_t, Py_ssize_t, int, int, uint64_t *)
    void tilted_u16_u32(const uint16_t *, Py_ssize_t, uint32_t *, Py_ssize_t, Py_ssize_t, int, int, uint32_t *)
    void tilted_u16_u64(const uint16_t *, Py_ssize_t, uint64_t *, Py_ssize_t, Py_ssize_t, int, int, uint64_t *)
    void tilted_f32_f64(const float *, Py_ssize_t, double *, Py_ssize_t, Py_ssize_t, int, int, double *)


def upright(const sample_t[:, :] src, sum_t[:, ::1] dst, int channels, bint squared):
    """dst, (rows + 1, samples of a row + channels), from rows of packed samples."""
    cdef Py_ssize_t width = src.shape[1] // channels, i
    with nogil:
        for i in range(dst.shape[1]):
            dst[0, i] = 0
        if sample_t is uint8_t and sum_t is uint32_t:
            integral_u8_u32(&src[0, 0], src.strides[0], &dst[1, 0], src.shape[0], width, channels, squared)
        elif sample_t is uint8_t and sum_t is uint64_t:
            integral_u8_u64(&src[0, 0], src.strides[0], &dst[1, 0], src.shape[0], width, channels, squared)
        elif sample_t is uint16_t and sum_t is uint32_t:
            integral_u16_u32(&src[0, 0], src.strides[0], &dst[1, 0], src.shape[0], width, channels, squared)
        elif sample_t is uint16_t and sum_t is uint64_t:
            integral_u16_u64(&src[0, 0], src.strides[0], &dst[1, 0], src.shape[0], width, channels, squared)
        elif sample_t is float and sum_t is double:
            integral_f32_f64(&src[0, 0], src.strides[0], &dst[1, 0], src.shape[0], width, channels, squared)


def tilted(const sample_t[:, :] src, sum_t[:, ::1] dst, int channels, bint squared, sum_t[::1] diagonals):
    """The same over cones; diagonals: samples of a row + 2 · channels zeros."""
    cdef Py_ssize_t n = src.shape[1], i
    with nogil:
        for i in range(dst.shape[1]):
            dst[0, i] = 0
        if sample_t is uint8_t and sum_t is uint32_t:
            tilted_u8_u32(&src[0, 0], src.strides[0], &dst[1, 0], src.shape[0], n, channels, squared, &diagonals[0])
        elif sample_t is uint8_t and sum_t is uint64_t:
            tilted_u8_u64(&src[0, 0], src.strides[0], &dst[1, 0], src.shape[0], n, channels, squared, &diagonals[0])
        elif sample_t is uint16_t and sum_t is uint32_t:
            tilted_u16_u32(&src[0, 0], src.strides[0], &dst[1, 0], src.shape[0], n, channels, squared, &diagonals[0])
        elif sample_t is uint16_t and sum_t is uint64_t:
            tilted_u16_u64(&src[0, 0], src.strides[0], &dst[1, 0], src.shape[0], n, channels, squared, &diagonals[0])
        elif sample_t is float and sum_t is double:
            tilted_f32_f64(&src[0, 0], src.strides[0], &dst[1, 0], src.shape[0], n, channels, squared, &diagonals[0])


def box_sums(const sum_t[:, :, :] table, const int64_t[:, :] boxes, sum_t[:, ::1] out):
    """out, (boxes, channels), the sums within boxes x0, y0, x1, y1; the first box that is inverted or reaches outside, -1
    without one. Unsigned differences wrap and come back."""
    cdef Py_ssize_t i, c, width = table.shape[1] - 1, height = table.shape[0] - 1, found = -1
    cdef int64_t x0, y0, x1, y1
    with nogil:
        for i in range(boxes.shape[0]):
            x0, y0, x1, y1 = boxes[i, 0], boxes[i, 1], boxes[i, 2], boxes[i, 3]
            if not (0 <= x0 <= x1 <= width and 0 <= y0 <= y1 <= height):
                found = i
                break
            for c in range(table.shape[2]):
                out[i, c] = (table[y1, x1, c] - table[y0, x1, c]) - (table[y1, x0, c] - table[y0, x0, c])
    return found

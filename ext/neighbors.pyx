"""What every operation on neighbourhoods needs beside its own kernel."""

from libc.stdint cimport uint8_t, uint16_t

include "level.pxi"

ctypedef fused sample_t:
    uint8_t
    uint16_t
    float

cdef extern from "simd/alpha.h" nogil:
    void copy_alpha_u8(const uint8_t *, uint8_t *, Py_ssize_t)
    void copy_alpha_u16(const uint16_t *, uint16_t *, Py_ssize_t)
    void copy_alpha_f32(const float *, float *, Py_ssize_t)


def copy_alpha(const sample_t[:, :] src, sample_t[:, :] dst, Py_ssize_t y0, Py_ssize_t y1):
    """dst[y, 4 x + 3] = src[y, 4 x + 3] for rows [y0, y1) of packed RGBA samples."""
    cdef Py_ssize_t y, n = src.shape[1] // 4
    with nogil:
        for y in range(y0, y1):
            if sample_t is uint8_t:
                copy_alpha_u8(&src[y, 0], &dst[y, 0], n)
            elif sample_t is uint16_t:
                copy_alpha_u16(&src[y, 0], &dst[y, 0], n)
            else:
                copy_alpha_f32(&src[y, 0], &dst[y, 0], n)

"""Pointwise maps of float32 samples: powers, straight lines and reciprocals."""

from libc.stdint cimport int32_t, uint16_t

include "level.pxi"

cdef extern from "simd/float_maps.h" nogil:
    const int PATTERN
    void power_f32(const float *, float *, Py_ssize_t, int, double, double)
    Py_ssize_t power_levels(uint16_t *, int32_t *, int32_t, double, double, double)
    void affine_f32(const float *, float *, Py_ssize_t, const float *, const float *, const float *, const float *)
    void reciprocal_f32(const float *, float *, Py_ssize_t, float)

AFFINE_PATTERN = PATTERN


def power(
    const float[:, :] src, float[:, :] dst, int channels, double gamma, double gain, Py_ssize_t y0, Py_ssize_t y1,
):
    """Rows [y0, y1) of dst = gain * src ** gamma; rows are packed samples ``channels`` deep, a fourth is copied."""
    cdef Py_ssize_t y, n = src.shape[1], rows = y1 - y0
    with nogil:
        if src.strides[0] == n * <Py_ssize_t>sizeof(float) == dst.strides[0]:
            n *= rows
            rows = 1
        for y in range(y0, y0 + rows):
            power_f32(&src[y, 0], &dst[y, 0], n, channels, gamma, gain)


def levels(uint16_t[::1] table, int32_t[::1] near, double gamma, double gain, double margin):
    """table[v] = gain * v ** gamma with v and result in steps of 1 / (its length - 1), rounded and limited; ``near``, as
    long, gets the v that lie within a share ``margin`` of a half between two steps, and the call gives their number."""
    cdef Py_ssize_t found
    with nogil:
        found = power_levels(&table[0], &near[0], <int32_t>table.shape[0], gamma, gain, margin)
    return found


def affine(const float[:, :] src, float[:, :] dst, const float[:, ::1] pattern, Py_ssize_t y0, Py_ssize_t y1):
    """Rows [y0, y1) of dst = clip((src - low) * scale, least, most); ``pattern`` is these four, (4, AFFINE_PATTERN)."""
    cdef Py_ssize_t y, n = src.shape[1], rows = y1 - y0
    with nogil:
        if src.strides[0] == n * <Py_ssize_t>sizeof(float) == dst.strides[0]:
            n *= rows
            rows = 1
        for y in range(y0, y0 + rows):
            affine_f32(&src[y, 0], &dst[y, 0], n, &pattern[0, 0], &pattern[1, 0], &pattern[2, 0], &pattern[3, 0])


def reciprocal(const float[:, ::1] src, float[:, ::1] dst, float product, Py_ssize_t y0, Py_ssize_t y1):
    """Rows [y0, y1) of dst = product / src, infinite where src is 0 or below."""
    if y0 < y1:
        with nogil:
            reciprocal_f32(&src[y0, 0], &dst[y0, 0], (y1 - y0) * src.shape[1], product)

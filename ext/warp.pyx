"""Bilinear samples at given positions."""

from libc.stdint cimport uint8_t, uint16_t

include "level.pxi"

ctypedef fused sample_t:
    uint8_t
    uint16_t
    float

ctypedef fused position_t:
    float
    double

cdef extern from "simd/warp.h" nogil:
    ctypedef struct Picture:
        const void *pixels
        Py_ssize_t stride, height, width
        int channels, border
        const void *fill
    void warp_u8(const Picture *, const void *, Py_ssize_t, int, uint8_t *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t)
    void warp_u16(const Picture *, const void *, Py_ssize_t, int, uint16_t *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t)
    void warp_f32(const Picture *, const void *, Py_ssize_t, int, float *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t)


def warp(
    const sample_t[:, :] src, const position_t[:, :] positions, sample_t[:, :] dst, int channels, int border,
    const sample_t[::1] fill, Py_ssize_t y0, Py_ssize_t y1,
):
    """Rows [y0, y1) of dst from pairs (row, column) of ``positions``; ``border`` numbers the words, ``fill`` is a pixel."""
    cdef Picture picture
    cdef Py_ssize_t pitch = positions.strides[0], stride = dst.strides[0]
    cdef Py_ssize_t n = dst.shape[1] // channels
    picture.pixels, picture.stride = &src[0, 0], src.strides[0]
    picture.height, picture.width = src.shape[0], src.shape[1] // channels
    picture.channels, picture.border, picture.fill = channels, border, &fill[0]
    with nogil:
        if sample_t is uint8_t:
            warp_u8(&picture, &positions[0, 0], pitch, position_t is double, &dst[0, 0], stride, y0, y1, n)
        elif sample_t is uint16_t:
            warp_u16(&picture, &positions[0, 0], pitch, position_t is double, &dst[0, 0], stride, y0, y1, n)
        else:
            warp_f32(&picture, &positions[0, 0], pitch, position_t is double, &dst[0, 0], stride, y0, y1, n)

"""Colour conversion of packed RGB and RGBA rows."""

from libc.stdint cimport uint8_t, uint16_t

include "level.pxi"

ctypedef fused sample_t:
    uint8_t
    uint16_t
    float

cdef extern from "simd/gray.h" nogil:
    void gray_u8(const uint8_t *, uint8_t *, Py_ssize_t, int)
    void gray_u16(const uint16_t *, uint16_t *, Py_ssize_t, int)
    void gray_f32(const float *, float *, Py_ssize_t, int)

cdef extern from "simd/yuv_u8.h" nogil:
    void rgb_to_yuv_u8(const uint8_t *, uint8_t *, Py_ssize_t, int)
    void yuv_to_rgb_u8(const uint8_t *, uint8_t *, Py_ssize_t, int)

cdef extern from "simd/yuv_u16.h" nogil:
    void rgb_to_yuv_u16(const uint16_t *, uint16_t *, Py_ssize_t, int)
    void yuv_to_rgb_u16(const uint16_t *, uint16_t *, Py_ssize_t, int)

cdef extern from "simd/yuv.h" nogil:
    void rgb_to_yuv_f32(const float *, float *, Py_ssize_t, int)
    void yuv_to_rgb_f32(const float *, float *, Py_ssize_t, int)

cdef extern from "simd/yiq.h" nogil:
    void rgb_to_yiq_f32(const float *, float *, Py_ssize_t, int)
    void yiq_to_rgb_f32(const float *, float *, Py_ssize_t, int)

cdef extern from "simd/yiq_u8.h" nogil:
    void rgb_to_yiq_u8(const uint8_t *, uint8_t *, Py_ssize_t, int)
    void yiq_to_rgb_u8(const uint8_t *, uint8_t *, Py_ssize_t, int)

cdef extern from "simd/yiq_u16.h" nogil:
    void rgb_to_yiq_u16(const uint16_t *, uint16_t *, Py_ssize_t, int)
    void yiq_to_rgb_u16(const uint16_t *, uint16_t *, Py_ssize_t, int)

cdef enum:
    _GRAY
    _TO_YUV
    _FROM_YUV
    _TO_YIQ
    _FROM_YIQ

RGB_TO_GRAY = _GRAY
RGB_TO_YUV = _TO_YUV
YUV_TO_RGB = _FROM_YUV
RGB_TO_YIQ = _TO_YIQ
YIQ_TO_RGB = _FROM_YIQ


cdef void convert_run(const sample_t *src, sample_t *dst, Py_ssize_t n, int channels, int conversion) noexcept nogil:
    if conversion == _GRAY:
        if sample_t is uint8_t:
            gray_u8(src, dst, n, channels)
        elif sample_t is uint16_t:
            gray_u16(src, dst, n, channels)
        else:
            gray_f32(src, dst, n, channels)
    elif conversion == _TO_YUV:
        if sample_t is uint8_t:
            rgb_to_yuv_u8(src, dst, n, channels)
        elif sample_t is uint16_t:
            rgb_to_yuv_u16(src, dst, n, channels)
        else:
            rgb_to_yuv_f32(src, dst, n, channels)
    elif conversion == _FROM_YUV:
        if sample_t is uint8_t:
            yuv_to_rgb_u8(src, dst, n, channels)
        elif sample_t is uint16_t:
            yuv_to_rgb_u16(src, dst, n, channels)
        else:
            yuv_to_rgb_f32(src, dst, n, channels)
    elif conversion == _TO_YIQ:
        if sample_t is uint8_t:
            rgb_to_yiq_u8(src, dst, n, channels)
        elif sample_t is uint16_t:
            rgb_to_yiq_u16(src, dst, n, channels)
        else:
            rgb_to_yiq_f32(src, dst, n, channels)
    else:
        if sample_t is uint8_t:
            yiq_to_rgb_u8(src, dst, n, channels)
        elif sample_t is uint16_t:
            yiq_to_rgb_u16(src, dst, n, channels)
        else:
            yiq_to_rgb_f32(src, dst, n, channels)


def convert(const sample_t[:, :] src, sample_t[:, :] dst, int channels, int conversion, Py_ssize_t y0, Py_ssize_t y1):
    """Rows [y0, y1) of dst = conversion of src: W * channels packed samples to as many, or to W for RGB_TO_GRAY."""
    cdef Py_ssize_t y, n = src.shape[1] // channels, rows = y1 - y0
    cdef Py_ssize_t size = sizeof(sample_t)
    with nogil:
        if src.strides[0] == src.shape[1] * size and dst.strides[0] == dst.shape[1] * size:
            n *= rows
            rows = 1
        for y in range(y0, y0 + rows):
            convert_run(&src[y, 0], &dst[y, 0], n, channels, conversion)

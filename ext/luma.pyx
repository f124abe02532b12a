"""Maps of luma, with chroma kept, on packed RGB and RGBA rows."""

from libc.stdint cimport uint8_t, uint16_t

include "level.pxi"

ctypedef fused level_t:
    uint8_t
    uint16_t

cdef extern from "simd/luma.h" nogil:
    void luma_table_u8(const uint8_t *, uint8_t *, Py_ssize_t, int, const uint8_t *)
    void luma_table_u16(const uint16_t *, uint16_t *, Py_ssize_t, int, const uint16_t *)
    void luma_affine_f32(const float *, float *, Py_ssize_t, int, float, float)
    void luma_codes_f32(const float *, float *, Py_ssize_t, int, const float *)


def table(const level_t[:, :] src, level_t[:, :] dst, int channels, const level_t[::1] map, Py_ssize_t y0, Py_ssize_t y1):
    """Rows [y0, y1) of dst: src with luma Y moved to map[Y]; `map` has an entry for each level."""
    cdef Py_ssize_t y, n = src.shape[1] // channels, rows = y1 - y0
    with nogil:
        if src.strides[0] == src.shape[1] * <Py_ssize_t>sizeof(level_t) == dst.strides[0]:
            n *= rows
            rows = 1
        for y in range(y0, y0 + rows):
            if level_t is uint8_t:
                luma_table_u8(&src[y, 0], &dst[y, 0], n, channels, &map[0])
            else:
                luma_table_u16(&src[y, 0], &dst[y, 0], n, channels, &map[0])


def affine(
    const float[:, :] src, float[:, :] dst, int channels, float low, float scale, Py_ssize_t y0, Py_ssize_t y1
):
    """Rows [y0, y1) of dst: src with luma Y moved to (Y - low) * scale clipped to [0, 1]."""
    cdef Py_ssize_t y, n = src.shape[1] // channels, rows = y1 - y0
    with nogil:
        if src.strides[0] == src.shape[1] * <Py_ssize_t>sizeof(float) == dst.strides[0]:
            n *= rows
            rows = 1
        for y in range(y0, y0 + rows):
            luma_affine_f32(&src[y, 0], &dst[y, 0], n, channels, low, scale)


def codes(const float[:, :] src, float[:, :] dst, int channels, const float[::1] map, Py_ssize_t y0, Py_ssize_t y1):
    """Rows [y0, y1) of dst: src with luma Y moved to map[Y clipped to [0, 1], in 65535 steps]; 65536 entries."""
    cdef Py_ssize_t y, n = src.shape[1] // channels, rows = y1 - y0
    with nogil:
        if src.strides[0] == src.shape[1] * <Py_ssize_t>sizeof(float) == dst.strides[0]:
            n *= rows
            rows = 1
        for y in range(y0, y0 + rows):
            luma_codes_f32(&src[y, 0], &dst[y, 0], n, channels, &map[0])

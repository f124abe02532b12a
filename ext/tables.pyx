"""Table application: uint8 and uint16 samples through one table, or one per channel."""

from libc.stdint cimport uint8_t, uint16_t

include "level.pxi"

ctypedef fused level_t:
    uint8_t
    uint16_t

cdef extern from "simd/tables.h" nogil:
    void table_u8(const uint8_t *, uint8_t *, Py_ssize_t, const uint8_t *, int)
    void table_u16(const uint16_t *, uint16_t *, Py_ssize_t, const uint16_t *, int)


def apply(const level_t[:, :] src, level_t[:, :] dst, const level_t[:, ::1] table, Py_ssize_t y0, Py_ssize_t y1):
    """Rows [y0, y1) of dst = table[c, src]; rows are packed samples, table is (1 or channels, levels)."""
    cdef Py_ssize_t y, n = src.shape[1], rows = y1 - y0
    cdef int channels = <int>table.shape[0]
    with nogil:
        if src.strides[0] == n * <Py_ssize_t>sizeof(level_t) == dst.strides[0]:
            n *= rows
            rows = 1
        for y in range(y0, y0 + rows):
            if level_t is uint8_t:
                table_u8(&src[y, 0], &dst[y, 0], n, &table[0, 0], channels)
            else:
                table_u16(&src[y, 0], &dst[y, 0], n, &table[0, 0], channels)

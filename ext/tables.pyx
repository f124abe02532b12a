"""Table application: uint8 and uint16 samples through one table, or one per colour channel."""

from libc.stdint cimport uint8_t, uint16_t

include "level.pxi"

ctypedef fused level_t:
    uint8_t
    uint16_t

cdef extern from "simd/lines.h" nogil:
    ctypedef struct Line:
        double low
        double scale

cdef extern from "simd/tables_u8.h" nogil:
    void table_u8(const uint8_t *, Py_ssize_t, uint8_t *, Py_ssize_t, Py_ssize_t, Py_ssize_t, const uint8_t *, int, const Line *, int)
    int fit_u8(const uint8_t *, Line *)

cdef extern from "simd/tables_u16.h" nogil:
    void table_u16(const uint16_t *, Py_ssize_t, uint16_t *, Py_ssize_t, Py_ssize_t, Py_ssize_t, const uint16_t *, int, const Line *, int)
    int fit_u16(const uint16_t *, Line *)


def fit(const level_t[:, ::1] table, double[:, ::1] lines):
    """Whether every row of the table is a straight line that is faster computed than looked up at the level in use.

    Fills ``lines``, (rows, 2), with lowest level and slope. ``apply`` may run at another level: those that compute
    lines of a dtype do so by the same arithmetic, and the others look up.
    """
    cdef Py_ssize_t row
    for row in range(table.shape[0]):
        if level_t is uint8_t:
            if not fit_u8(&table[row, 0], <Line *>&lines[row, 0]):
                return False
        else:
            if not fit_u16(&table[row, 0], <Line *>&lines[row, 0]):
                return False
    return True


def apply(
    const level_t[:, :] src, level_t[:, :] dst, const level_t[:, ::1] table, const double[:, ::1] lines, int channels,
    Py_ssize_t y0, Py_ssize_t y1,
):
    """Rows [y0, y1) of dst = table[c, src]; rows are packed samples, interleaved ``channels`` deep, a fourth is copied.

    ``table`` is (1 or 3, levels); ``lines`` is None or what ``fit`` found for it.
    """
    cdef Py_ssize_t n = src.shape[1], rows = y1 - y0
    cdef int tables = <int>table.shape[0]
    cdef const Line *known = NULL
    if rows <= 0:
        return
    if lines is not None:
        known = <const Line *>&lines[0, 0]
    with nogil:
        if src.strides[0] == n * <Py_ssize_t>sizeof(level_t) == dst.strides[0]:
            n *= rows
            rows = 1
        if level_t is uint8_t:
            table_u8(&src[y0, 0], src.strides[0], &dst[y0, 0], dst.strides[0], rows, n, &table[0, 0], tables, known, channels)
        else:
            table_u16(&src[y0, 0], src.strides[0], &dst[y0, 0], dst.strides[0], rows, n, &table[0, 0], tables, known, channels)

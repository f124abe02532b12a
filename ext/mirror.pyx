"""Images mirrored left to right."""

from libc.stdint cimport uint8_t

include "level.pxi"

cdef extern from "simd/mirror.h" nogil:
    void mirror_row "mirror"(const uint8_t *, uint8_t *, Py_ssize_t, int)


def mirror(const uint8_t[:, :] src, uint8_t[:, ::1] dst, int pixel, Py_ssize_t y0, Py_ssize_t y1):
    """Rows [y0, y1) of whole pixels of ``pixel`` bytes; rows are bytes."""
    cdef Py_ssize_t n = dst.shape[1] // pixel, y
    with nogil:
        for y in range(y0, y1):
            mirror_row(&src[y, 0], &dst[y, 0], n, pixel)

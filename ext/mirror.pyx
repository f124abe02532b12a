"""Images mirrored left to right."""

from libc.stdint cimport uint8_t

include "level.pxi"

cdef extern from "simd/mirror.h" nogil:
    void mirror_rows "mirror"(const uint8_t *, Py_ssize_t, uint8_t *, Py_ssize_t, Py_ssize_t, int)


def mirror(const uint8_t[:, :] src, uint8_t[:, ::1] dst, int pixel, Py_ssize_t y0, Py_ssize_t y1):
    """Rows [y0, y1) of whole pixels of ``pixel`` bytes; rows are bytes."""
    if y0 >= y1 or dst.shape[1] == 0:
        return
    with nogil:
        mirror_rows(&src[y0, 0], src.strides[0], &dst[y0, 0], y1 - y0, dst.shape[1] // pixel, pixel)

"""Exact Euclidean distances to the nearest zero of a mask."""

from libc.stdint cimport uint8_t, uint16_t, uint32_t
from libc.stdlib cimport free, malloc

include "level.pxi"

cdef extern from "simd/distance.h" nogil:
    void distance_columns(
        const uint8_t *, Py_ssize_t, Py_ssize_t, uint16_t *, Py_ssize_t, Py_ssize_t, Py_ssize_t
    )
    int distance_plane(const uint16_t *, Py_ssize_t, Py_ssize_t, bint, uint32_t *, float *)

cdef extern from "simd/distance_wide.h" nogil:
    int distance_wide(const uint8_t *, const Py_ssize_t *, float *)


def columns(const uint8_t[:, :] mask, uint16_t[:, ::1] out, Py_ssize_t x0, Py_ssize_t x1):
    """Distances down columns [x0, x1) to the nearest zero, 65535 without one; pixels of a row lie side by side."""
    with nogil:
        distance_columns(
            &mask[0, 0], mask.strides[0], mask.shape[0], &out[0, 0], out.shape[1], x0, x1
        )


def planes(const uint16_t[:, :, ::1] across, float[:, :, ::1] out, Py_ssize_t z0, Py_ssize_t z1):
    """Planes [z0, z1) of distances from those across them."""
    cdef Py_ssize_t z, height = across.shape[1], width = across.shape[2]
    cdef uint32_t *plane
    cdef bint done = True
    if z1 <= z0:
        return
    plane = <uint32_t *>malloc(height * width * sizeof(uint32_t))
    if plane == NULL:
        raise MemoryError
    with nogil:
        for z in range(z0, z1):
            done = done and distance_plane(&across[z, 0, 0], height, width, True, plane, &out[z, 0, 0])
    free(plane)
    if not done:
        raise MemoryError


def rows(const uint16_t[:, ::1] down, float[:, ::1] out, Py_ssize_t y0, Py_ssize_t y1):
    """Rows [y0, y1) of distances from those down the columns."""
    cdef int done
    if y1 <= y0:
        return
    with nogil:
        done = distance_plane(&down[y0, 0], y1 - y0, down.shape[1], False, NULL, &out[y0, 0])
    if not done:
        raise MemoryError


def wide(const uint8_t[:, :, ::1] mask, float[:, :, ::1] out):
    """Distances where the sum of the squared sides exceeds 32 bits; each side is at most 2**20."""
    cdef Py_ssize_t[3] shape
    cdef int done
    shape[0], shape[1], shape[2] = mask.shape[0], mask.shape[1], mask.shape[2]
    with nogil:
        done = distance_wide(&mask[0, 0, 0], shape, &out[0, 0, 0])
    if not done:
        raise MemoryError

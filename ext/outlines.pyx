"""Outlines of masks along the edges of their pixels."""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport int64_t, uint8_t
from libc.stdlib cimport calloc, free, realloc


cdef inline bint inside(const uint8_t[:, ::1] mask, Py_ssize_t y, Py_ssize_t x) noexcept nogil:
    return 0 <= y < mask.shape[0] and 0 <= x < mask.shape[1] and mask[y, x] != 0


cdef struct Outlines:
    int64_t *corners  # x, y
    int64_t *starts
    Py_ssize_t n
    Py_ssize_t loops
    Py_ssize_t corners_room
    Py_ssize_t starts_room


cdef bint make_room(int64_t **array, Py_ssize_t *room, Py_ssize_t wanted) noexcept nogil:
    cdef int64_t *more
    cdef Py_ssize_t larger
    if wanted <= room[0]:
        return True
    larger = 2 * wanted + 64
    more = <int64_t *>realloc(array[0], larger * sizeof(int64_t))
    if more == NULL:
        return False
    array[0] = more
    room[0] = larger
    return True


cdef bint follow(const uint8_t[:, ::1] mask, uint8_t *seen, Py_ssize_t y, Py_ssize_t x, Outlines *out) noexcept nogil:
    """The outline that goes east from a corner, until it is back; False without memory."""
    # Of a step east, south, west, north from a corner: the pixel ahead to the left, and ahead to the right.
    cdef int[4] dy = [0, 1, 0, -1], dx = [1, 0, -1, 0]
    cdef int[4] left_y = [-1, 0, 0, -1], left_x = [0, 0, -1, -1], right_y = [0, 0, -1, -1], right_x = [0, -1, -1, 0]
    cdef int way = 0, before = 3
    while True:
        if way == 0:
            if seen[y * mask.shape[1] + x]:
                return True
            seen[y * mask.shape[1] + x] = 1
        if way != before:
            if not make_room(&out.corners, &out.corners_room, 2 * out.n + 2):
                return False
            out.corners[2 * out.n], out.corners[2 * out.n + 1] = x, y
            out.n += 1
        y += dy[way]
        x += dx[way]
        before = way
        # To the right where nothing of the mask lies there, to the left where it lies on both sides.
        if not inside(mask, y + right_y[way], x + right_x[way]):
            way = (way + 1) % 4
        elif inside(mask, y + left_y[way], x + left_x[way]):
            way = (way + 3) % 4


cdef bint follow_all(const uint8_t[:, ::1] mask, uint8_t *seen, Outlines *out) noexcept nogil:
    cdef Py_ssize_t y, x
    for y in range(mask.shape[0]):
        for x in range(mask.shape[1]):
            if mask[y, x] == 0 or seen[y * mask.shape[1] + x] or inside(mask, y - 1, x):
                continue
            if not make_room(&out.starts, &out.starts_room, out.loops + 1):
                return False
            out.starts[out.loops] = out.n
            out.loops += 1
            if not follow(mask, seen, y, x, out):
                return False
    return True


def trace(const uint8_t[:, ::1] mask):
    """All outlines of a mask, in the order of their first upper edges: x, y of the corners, and how many lie before those
    of each outline, as the bytes of int64.

    The mask lies to the right of an outline, so that it goes clockwise around a part and the other way round a hole;
    pixels that touch at a corner alone are apart.
    """
    cdef Outlines out
    cdef bint done
    cdef uint8_t *seen = <uint8_t *>calloc(mask.shape[0] * mask.shape[1], 1)
    if seen == NULL:
        raise MemoryError
    out.corners, out.starts, out.n, out.loops, out.corners_room, out.starts_room = NULL, NULL, 0, 0, 0, 0
    try:
        with nogil:
            done = follow_all(mask, seen, &out)
        if not done:
            raise MemoryError
        return (
            PyBytes_FromStringAndSize(<const char *>out.corners, 2 * out.n * <Py_ssize_t>sizeof(int64_t)),
            PyBytes_FromStringAndSize(<const char *>out.starts, out.loops * <Py_ssize_t>sizeof(int64_t)),
        )
    finally:
        free(out.corners)
        free(out.starts)
        free(seen)

"""Outlines of masks along the edges of their pixels."""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc

from libc.string cimport memcpy

# What a corner keeps in a byte: whether the pixels to its upper left, upper right, lower left and lower right belong to the
# mask, and whether an outline left it to the east.
cdef enum:
    UPPER_LEFT = 1
    UPPER_RIGHT = 2
    LOWER_LEFT = 4
    LOWER_RIGHT = 8
    SEEN = 16


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


cdef struct Ways:
    # East, south, west, north. By 16 times the way that led to a corner plus the pixels around it: the way on, and how far
    # the next corner then is in memory. One load gives the next place, so that nothing waits for a guess at a turn.
    uint8_t[64] on
    int64_t[64] step


cdef void make_ways(Ways *ways, Py_ssize_t pitch) noexcept nogil:
    cdef int[4] left = [UPPER_RIGHT, LOWER_RIGHT, LOWER_LEFT, UPPER_LEFT]
    cdef int[4] right = [LOWER_RIGHT, LOWER_LEFT, UPPER_LEFT, UPPER_RIGHT]
    cdef int64_t[4] steps = [1, pitch, -1, -pitch]
    cdef int way, pixels, on
    for way in range(4):
        for pixels in range(16):
            # To the right where nothing of the mask lies there, to the left where it lies on both sides.
            on = way
            if not pixels & right[way]:
                on = (way + 1) % 4
            elif pixels & left[way]:
                on = (way + 3) % 4
            ways.on[16 * way + pixels] = on
            ways.step[16 * way + pixels] = steps[on]


cdef void look_around(const uint8_t *upper, const uint8_t *lower, Py_ssize_t width, uint8_t *corners) noexcept nogil:
    """The pixels around the width + 1 corners between two rows."""
    cdef Py_ssize_t x
    corners[0] = UPPER_RIGHT * (upper[0] != 0) | LOWER_RIGHT * (lower[0] != 0)
    for x in range(1, width):
        corners[x] = (
            (upper[x - 1] != 0) | (upper[x] != 0) << 1 | (lower[x - 1] != 0) << 2 | (lower[x] != 0) << 3
        )
    corners[width] = UPPER_LEFT * (upper[width - 1] != 0) | LOWER_LEFT * (lower[width - 1] != 0)


cdef bint follow(uint8_t *at, const Ways *ways, Py_ssize_t y, Py_ssize_t x, Outlines *out) noexcept nogil:
    """The outline that goes east from a corner, until it is back; False without memory."""
    cdef int[4] dy = [0, 1, 0, -1], dx = [1, 0, -1, 0]
    cdef int way = 0, on, around, key
    cdef int64_t step = 1
    if not make_room(&out.corners, &out.corners_room, 2 * out.n + 4):
        return False
    out.corners[2 * out.n], out.corners[2 * out.n + 1] = x, y
    out.n += 1
    at[0] |= SEEN
    while True:
        y += dy[way]
        x += dx[way]
        at += step
        around = at[0]
        key = 16 * way + (around & 15)
        on, step = ways.on[key], ways.step[key]
        if (on == 0) & (around >= SEEN):
            return True
        at[0] = around | (on == 0) * SEEN
        # Written at every corner, and kept at turns.
        out.corners[2 * out.n], out.corners[2 * out.n + 1] = x, y
        if 2 * out.n + 4 > out.corners_room and not make_room(&out.corners, &out.corners_room, 2 * out.n + 4):
            return False
        out.n += on != way
        way = on


cdef bint follow_all(uint8_t *corners, Py_ssize_t height, Py_ssize_t width, Outlines *out) noexcept nogil:
    cdef Ways ways
    cdef Py_ssize_t y, x, pitch = width + 1
    cdef uint8_t *row
    cdef uint64_t eight, ones = 0x0101010101010101
    make_ways(&ways, pitch)
    for y in range(height):
        row = corners + y * pitch
        x = 0
        while x < width:
            if x + 8 <= width:
                # A lower right pixel, no upper right one, not seen: none of these bits in a byte.
                memcpy(&eight, row + x, 8)
                eight = (eight ^ LOWER_RIGHT * ones) & (LOWER_RIGHT | UPPER_RIGHT | SEEN) * ones
                if not (eight - ones) & ~eight & 0x80 * ones:
                    x += 8
                    continue
            for x in range(x, min(x + 8, width)):
                if row[x] & (LOWER_RIGHT | UPPER_RIGHT | SEEN) == LOWER_RIGHT:
                    if not make_room(&out.starts, &out.starts_room, out.loops + 1):
                        return False
                    out.starts[out.loops] = out.n
                    out.loops += 1
                    if not follow(row + x, &ways, y, x, out):
                        return False
            x += 1
    return True


def trace(const uint8_t[:, ::1] mask):
    """All outlines of a mask, in the order of their first upper edges: x, y of the corners, and how many lie before those
    of each outline, as the bytes of int64.

    The mask lies to the right of an outline, so that it goes clockwise around a part and the other way round a hole;
    pixels that touch at a corner alone are apart.
    """
    cdef Outlines out
    cdef bint done = False
    cdef Py_ssize_t height = mask.shape[0], width = mask.shape[1], y
    cdef uint8_t *corners = <uint8_t *>malloc((height + 1) * (width + 1))
    cdef uint8_t *outside = <uint8_t *>calloc(width, 1)
    out.corners, out.starts, out.n, out.loops, out.corners_room, out.starts_room = NULL, NULL, 0, 0, 0, 0
    try:
        with nogil:
            if corners != NULL and outside != NULL:
                for y in range(height + 1):
                    look_around(
                        &mask[y - 1, 0] if y > 0 else outside,
                        &mask[y, 0] if y < height else outside,
                        width,
                        corners + y * (width + 1),
                    )
                done = follow_all(corners, height, width, &out)
        if not done:
            raise MemoryError
        return (
            PyBytes_FromStringAndSize(<const char *>out.corners, 2 * out.n * <Py_ssize_t>sizeof(int64_t)),
            PyBytes_FromStringAndSize(<const char *>out.starts, out.loops * <Py_ssize_t>sizeof(int64_t)),
        )
    finally:
        free(out.corners)
        free(out.starts)
        free(corners)
        free(outside)

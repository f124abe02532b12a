"""What is wrong with boxes, found in the pass that clips them or writes them in another format, or in one of its own."""

include "level.pxi"

ctypedef fused real_t:
    float
    double

cdef extern from "simd/box_rows.h" nogil:
    const int BOX_FINITE, BOX_ORDERED, BOX_SIZED, BOX_CHECK, BOX_CLIP, BOX_REWRITE
    Py_ssize_t box_rows_f32(const float *, float *, Py_ssize_t, const float *, int, int)
    Py_ssize_t box_rows_f64(const double *, double *, Py_ssize_t, const double *, int, int)


cdef Py_ssize_t box_rows(
    const real_t *src, real_t *dst, Py_ssize_t n, const real_t *factors, int rule, int job
) noexcept nogil:
    """The first wrong row, or -1."""
    cdef Py_ssize_t right
    if real_t is float:
        right = box_rows_f32(src, dst, n, factors, rule, job)
    else:
        right = box_rows_f64(src, dst, n, factors, rule, job)
    return right if right < n else -1


def clip(const real_t[:, ::1] boxes, real_t[:, ::1] out, const real_t[::1] limits):
    """out = boxes clipped to [0, limits]; the first row that is not finite or has x1 > x2 or y1 > y2, -1 without one."""
    cdef Py_ssize_t found = -1
    if boxes.shape[0] > 0:
        with nogil:
            found = box_rows(&boxes[0, 0], &out[0, 0], boxes.shape[0], &limits[0], BOX_ORDERED, BOX_CLIP)
    return found


def rewrite(const real_t[:, ::1] boxes, real_t[:, ::1] out, const real_t[::1] factors, bint ordered):
    """out = each number by factors[:4] plus the one two places from it by factors[4:], or itself where that is by 0; the
    first row that is not finite or has x1 > x2 or y1 > y2 or, unless ordered, a side below 0; -1 without one."""
    cdef Py_ssize_t found = -1
    cdef int rule = BOX_ORDERED if ordered else BOX_SIZED
    if boxes.shape[0] > 0:
        with nogil:
            found = box_rows(&boxes[0, 0], &out[0, 0], boxes.shape[0], &factors[0], rule, BOX_REWRITE)
    return found


cdef Py_ssize_t first_infinite(const real_t[:, ::1] boxes) noexcept nogil:
    cdef Py_ssize_t i, j
    cdef real_t zero
    for i in range(boxes.shape[0]):
        zero = 0
        for j in range(boxes.shape[1]):
            zero += boxes[i, j] * 0  # NaN where the number is not finite
        if zero != 0:
            return i
    return -1


def first_wrong(const real_t[:, ::1] boxes, bint ordered):
    """The first row that is not finite or, where ordered, has x1 > x2 or y1 > y2; -1 where there is none. Only rows of four
    are ordered."""
    cdef Py_ssize_t found = -1
    cdef int rule = BOX_ORDERED if ordered else BOX_FINITE
    if boxes.shape[0] > 0 and boxes.shape[1] > 0:
        with nogil:
            if boxes.shape[1] == 4:
                found = box_rows(&boxes[0, 0], <real_t *>NULL, boxes.shape[0], <const real_t *>NULL, rule, BOX_CHECK)
            else:
                found = first_infinite(boxes)
    return found


def first_nan(const real_t[::1] numbers):
    """The first place that holds NaN; -1 where there is none."""
    cdef Py_ssize_t i, found = -1
    with nogil:
        for i in range(numbers.shape[0]):
            if numbers[i] != numbers[i]:
                found = i
                break
    return found

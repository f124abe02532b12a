"""Means and sums over rectangles around every pixel, at a cost per pixel that does not depend on their size."""

from libc.stdint cimport int64_t, uint8_t, uint16_t

include "level.pxi"

ctypedef fused sample_t:
    uint8_t
    uint16_t
    float

cdef extern from "simd/box.h" nogil:
    ctypedef struct Box:
        const void *src
        Py_ssize_t src_step
        void *dst
        Py_ssize_t dst_step
        Py_ssize_t width
        int channels
        Py_ssize_t ry
        Py_ssize_t rx
        const int64_t *rows
        const int64_t *columns
        double fill
        int normalize
    ctypedef struct Division:
        pass
    unsigned long long box_area(const Box *)
    int plan_division(unsigned long long, unsigned long long, int, Division *)

cdef extern from "simd/box_small.h" nogil:
    int box_small(const Box *, const Division *, Py_ssize_t, Py_ssize_t)

cdef extern from "simd/box_running.h" nogil:
    int box_running(const Box *, const Division *, int, Py_ssize_t, Py_ssize_t)

cdef extern from "simd/box_wide.h" nogil:
    enum:
        WIDE_F32
        WIDE_U8
        WIDE_U16
        WIDE_U64
    ctypedef struct Finish:
        int output
        double offset
        double scale
    int box_wide(const Box *, const Finish *, int, Py_ssize_t, Py_ssize_t)


cdef int run_integer(const Box *box, int size, Py_ssize_t y0, Py_ssize_t y1) noexcept nogil:
    cdef unsigned long long area = box_area(box), top = 255 if size == 1 else 65535
    cdef Division division
    cdef Finish finish
    if size == 1 and box.normalize and box.rx <= 7 and plan_division(area, top, 16, &division):
        return box_small(box, &division, y0, y1)
    # Sums of 32 bits are what the caller expects wherever they cannot overflow.
    if area * top >> 32 == 0 and (plan_division(area, top, 32, &division) or not box.normalize):
        return box_running(box, &division, size, y0, y1)
    finish.output = WIDE_U64 if not box.normalize else WIDE_U8 if size == 1 else WIDE_U16
    # Rounds down (sum + half) / area; the other half keeps it off whole numbers by more than float64 errs.
    finish.offset = <double>(area // 2) + 0.5
    finish.scale = 1.0 / <double>area
    return box_wide(box, &finish, size, y0, y1)


cdef int run_float(const Box *box, Py_ssize_t y0, Py_ssize_t y1) noexcept nogil:
    cdef Finish finish
    finish.output = WIDE_F32
    finish.offset = 0
    finish.scale = 1.0 / <double>box_area(box) if box.normalize else 1.0
    return box_wide(box, &finish, 4, y0, y1)


def box_rows(
    const sample_t[:, :] src, uint8_t[:, :] dst, int channels, const int64_t[::1] rows, const int64_t[::1] columns,
    Py_ssize_t ry, Py_ssize_t rx, bint normalize, double fill, Py_ssize_t y0, Py_ssize_t y1,
):
    """Rows [y0, y1) of the box filter of packed samples; rows of dst are the bytes of the results.

    Means have the dtype of src; sums of integers are uint32 where (2 ry + 1) (2 rx + 1) times the largest value is
    below 2**32, else uint64. Beyond 32 bits the area must not exceed 2**34.
    """
    cdef Box box
    cdef int done
    if y1 <= y0:
        return
    box.src = &src[0, 0]
    box.src_step = src.strides[0]
    box.dst = &dst[0, 0]
    box.dst_step = dst.strides[0]
    box.width = src.shape[1] // channels
    box.channels = channels
    box.ry, box.rx = ry, rx
    box.rows = &rows[0]
    box.columns = &columns[0] if columns.shape[0] else NULL
    box.fill = <float>fill if sample_t is float else fill
    box.normalize = normalize
    with nogil:
        if sample_t is float:
            done = run_float(&box, y0, y1)
        else:
            done = run_integer(&box, sizeof(sample_t), y0, y1)
    if not done:
        raise MemoryError

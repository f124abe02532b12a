"""Selective search: colour spaces in planes of float32, and boxes of the hierarchies of a segmentation."""

from libc.stdint cimport int32_t

include "level.pxi"

cdef extern from "simd/color_spaces.h" nogil:
    ctypedef struct LabTables:
        const float *linear
        const float *root
    enum:
        TABLE_STEPS
    void hsv_planes(const float **, float **, Py_ssize_t)
    void lab_planes(const float **, float **, Py_ssize_t, const LabTables *)
    void rgi_planes(const float **, float **, Py_ssize_t, int)

cdef extern from "simd/proposals.h" nogil:
    enum:
        BY_COLOR
        BY_TEXTURE
        BY_SIZE
        BY_FILL
    int propose_boxes(
        const float *, int, Py_ssize_t, Py_ssize_t, const int32_t *, Py_ssize_t, const int32_t *, Py_ssize_t, int32_t *
    )

STEPS = TABLE_STEPS
COLOR, TEXTURE, SIZE, FILL = BY_COLOR, BY_TEXTURE, BY_SIZE, BY_FILL
HSV, LAB, RGI, GRAY = range(4)


def convert(
    int space, const float[:, :, ::1] rgb, float[:, :, ::1] out, const float[::1] linear, const float[::1] root,
    Py_ssize_t y0, Py_ssize_t y1,
):
    """Rows [y0, y1) of planes of red, green and blue in [0, 255] to those of a colour space, GRAY to one plane.

    linear and root have STEPS + 1 entries over [0, 1].
    """
    cdef const float *src[3]
    cdef float *dst[3]
    cdef LabTables tables
    cdef Py_ssize_t n = (y1 - y0) * rgb.shape[2]
    if y1 <= y0:
        return
    tables.linear, tables.root = &linear[0], &root[0]
    for c in range(3):
        src[c] = &rgb[c, y0, 0]
        dst[c] = &out[c if out.shape[0] == 3 else 0, y0, 0]
    with nogil:
        if space == 0:
            hsv_planes(src, dst, n)
        elif space == 1:
            lab_planes(src, dst, n, &tables)
        else:
            rgi_planes(src, dst, n, space == 2)


def propose(
    const float[:, :, ::1] planes, const int32_t[:, ::1] labels, const int32_t[::1] measures, int32_t[:, :, ::1] boxes,
):
    """Boxes of all regions that arise where neighbours are grouped by each of `measures`, sums of COLOR, TEXTURE, SIZE, FILL.

    boxes is (len(measures), 2 count - 1, 4) for regions labelled 0 to count - 1: those come first, the whole image last.
    """
    cdef int done
    with nogil:
        done = propose_boxes(
            &planes[0, 0, 0], <int>planes.shape[0], planes.shape[1], planes.shape[2], &labels[0, 0],
            (boxes.shape[1] + 1) // 2, &measures[0], measures.shape[0], &boxes[0, 0, 0],
        )
    if not done:
        raise MemoryError

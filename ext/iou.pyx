"""Overlap of every box with every other."""

include "level.pxi"

ctypedef fused real_t:
    float
    double

cdef extern from "simd/iou.h" nogil:
    enum:
        CIOU
    ctypedef struct Side_f32:
        pass
    ctypedef struct Side_f64:
        pass
    void iou_side_f32(const float *, Py_ssize_t, float *, Side_f32 *)
    void iou_side_f64(const double *, Py_ssize_t, double *, Side_f64 *)
    void iou_angles_f32(Side_f32 *)
    void iou_angles_f64(Side_f64 *)
    void iou_rows_f32(const Side_f32 *, const Side_f32 *, float *, int, Py_ssize_t, Py_ssize_t)
    void iou_rows_f64(const Side_f64 *, const Side_f64 *, double *, int, Py_ssize_t, Py_ssize_t)


def matrix_rows(
    const real_t[:, ::1] a, const real_t[:, ::1] b, real_t[:, ::1] planes, real_t[:, ::1] out, int kind,
    Py_ssize_t i0, Py_ssize_t i1,
):
    """Rows [i0, i1) of the matrix; planes is (8, rows + len(b)) numbers of scratch. kind: iou, giou, diou, ciou."""
    cdef Side_f32 a32, b32
    cdef Side_f64 a64, b64
    cdef Py_ssize_t columns = b.shape[0], rows = i1 - i0
    if rows <= 0 or columns == 0:
        return
    with nogil:
        if real_t is float:
            iou_side_f32(&a[i0, 0], rows, &planes[0, 0], &a32)
            iou_side_f32(&b[0, 0], columns, &planes[0, 0] + 8 * rows, &b32)
            if kind == CIOU:
                iou_angles_f32(&a32)
                iou_angles_f32(&b32)
            iou_rows_f32(&a32, &b32, &out[i0, 0], kind, 0, rows)
        else:
            iou_side_f64(&a[i0, 0], rows, &planes[0, 0], &a64)
            iou_side_f64(&b[0, 0], columns, &planes[0, 0] + 8 * rows, &b64)
            if kind == CIOU:
                iou_angles_f64(&a64)
                iou_angles_f64(&b64)
            iou_rows_f64(&a64, &b64, &out[i0, 0], kind, 0, rows)

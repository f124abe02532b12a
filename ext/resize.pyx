"""Resampling to another shape: linear, nearest, area."""

from libc.stdint cimport int64_t, uint8_t, uint16_t
from libc.stdlib cimport free

include "level.pxi"

ctypedef fused sample_t:
    uint8_t
    uint16_t
    float

ctypedef fused deep_t:
    uint16_t
    float

cdef extern from "simd/resize_linear.h" nogil:
    ctypedef struct Linear:
        Py_ssize_t height, width, target_height, target_width
        int channels
    int linear_u16(const uint16_t *, Py_ssize_t, uint16_t *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Linear *)
    int linear_f32(const float *, Py_ssize_t, float *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Linear *)

cdef extern from "simd/resize_linear_fixed.h" nogil:
    int linear_u8(const uint8_t *, Py_ssize_t, uint8_t *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Linear *)

cdef extern from "simd/resize_halve.h" nogil:
    void halve_u8(const uint8_t *, const uint8_t *, uint8_t *, Py_ssize_t, int, int)
    void halve_u16(const uint16_t *, const uint16_t *, uint16_t *, Py_ssize_t, int, int)
    void halve_f32(const float *, const float *, float *, Py_ssize_t, int, int)

cdef extern from "simd/resize_double.h" nogil:
    void double_u16(const uint16_t *, Py_ssize_t, uint16_t *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, int)
    void double_f32(const float *, Py_ssize_t, float *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, int)

cdef extern from "simd/resize_area.h" nogil:
    ctypedef struct Cover:
        const int64_t *first
        const int64_t *last
        const double *head
        const double *tail
        double full
        Py_ssize_t target
    void area_u8(const uint8_t *, Py_ssize_t, uint8_t *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, int, const Cover *, const Cover *, double, double *, double *)
    void area_u16(const uint16_t *, Py_ssize_t, uint16_t *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, int, const Cover *, const Cover *, double, double *, double *)
    void area_f32(const float *, Py_ssize_t, float *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, int, const Cover *, const Cover *, double, double *, double *)

cdef extern from "simd/resize_nearest.h" nogil:
    ctypedef struct Nearest:
        Py_ssize_t source, target
        int bytes
    void *nearest_plan(Nearest *, int64_t)
    void nearest_band "nearest"(const uint8_t *, Py_ssize_t, uint8_t *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, const Nearest *)


def linear(const sample_t[:, :] src, sample_t[:, :] dst, int channels, Py_ssize_t y0, Py_ssize_t y1):
    """Rows [y0, y1), uint8 by OpenCV's rule."""
    cdef Linear plan
    cdef int status
    if y1 <= y0:
        return
    plan.height, plan.width, plan.channels = src.shape[0], src.shape[1] // channels, channels
    plan.target_height, plan.target_width = dst.shape[0], dst.shape[1] // channels
    with nogil:
        if sample_t is uint8_t:
            status = linear_u8(&src[0, 0], src.strides[0], &dst[0, 0], dst.strides[0], y0, y1, &plan)
        elif sample_t is uint16_t:
            status = linear_u16(&src[0, 0], src.strides[0], &dst[0, 0], dst.strides[0], y0, y1, &plan)
        else:
            status = linear_f32(&src[0, 0], src.strides[0], &dst[0, 0], dst.strides[0], y0, y1, &plan)
    if status < 0:
        raise MemoryError("resize: no memory for tables of one row")


def halve(const sample_t[:, :] src, sample_t[:, :] dst, int channels, bint even, Py_ssize_t y0, Py_ssize_t y1):
    """Rows [y0, y1) of the means of 2 x 2 pixels; ``even`` rounds halves to even, else up (uint8 alone)."""
    cdef Py_ssize_t y, n = dst.shape[1] // channels
    with nogil:
        for y in range(y0, y1):
            if sample_t is uint8_t:
                halve_u8(&src[2 * y, 0], &src[2 * y + 1, 0], &dst[y, 0], n, channels, even)
            elif sample_t is uint16_t:
                halve_u16(&src[2 * y, 0], &src[2 * y + 1, 0], &dst[y, 0], n, channels, even)
            else:
                halve_f32(&src[2 * y, 0], &src[2 * y + 1, 0], &dst[y, 0], n, channels, even)


def doubled(const deep_t[:, :] src, deep_t[:, :] dst, int channels, Py_ssize_t y0, Py_ssize_t y1):
    """Twice the height and width: parts [y0, y1) of height + 1, of which part y is rows 2 y - 1 and 2 y."""
    with nogil:
        if deep_t is uint16_t:
            double_u16(&src[0, 0], src.strides[0], &dst[0, 0], dst.strides[0], y0, y1, src.shape[0], src.shape[1] // channels, channels)
        else:
            double_f32(&src[0, 0], src.strides[0], &dst[0, 0], dst.strides[0], y0, y1, src.shape[0], src.shape[1] // channels, channels)


def area(
    const sample_t[:, :] src, sample_t[:, :] dst, int channels, const int64_t[:, ::1] down,
    const double[:, ::1] down_ends, double down_full, const int64_t[:, ::1] across, const double[:, ::1] across_ends,
    double across_full, double total, double[::1] columns, double[::1] sums,
    Py_ssize_t y0, Py_ssize_t y1,
):
    """Rows [y0, y1) of box averages.

    ``down`` (2, rows of dst) and ``across`` (2, columns of dst): first and last source pixel under a target pixel;
    ``down_ends`` and ``across_ends``, of the same shapes: their weights; ``..._full``: that of a pixel between;
    ``total``: the sum of all weights of a target pixel. ``columns`` and ``sums`` hold a row and four more.
    """
    cdef Cover vertical, horizontal
    if y1 <= y0:
        return
    vertical.first, vertical.last, vertical.head, vertical.tail = &down[0, 0], &down[1, 0], &down_ends[0, 0], &down_ends[1, 0]
    vertical.full, vertical.target = down_full, down.shape[1]
    horizontal.first, horizontal.last = &across[0, 0], &across[1, 0]
    horizontal.head, horizontal.tail = &across_ends[0, 0], &across_ends[1, 0]
    horizontal.full, horizontal.target = across_full, across.shape[1]
    with nogil:
        if sample_t is uint8_t:
            area_u8(&src[0, 0], src.strides[0], &dst[0, 0], dst.strides[0], y0, y1, src.shape[1], channels, &vertical, &horizontal, total, &columns[0], &sums[0])
        elif sample_t is uint16_t:
            area_u16(&src[0, 0], src.strides[0], &dst[0, 0], dst.strides[0], y0, y1, src.shape[1], channels, &vertical, &horizontal, total, &columns[0], &sums[0])
        else:
            area_f32(&src[0, 0], src.strides[0], &dst[0, 0], dst.strides[0], y0, y1, src.shape[1], channels, &vertical, &horizontal, total, &columns[0], &sums[0])


def nearest(const sample_t[:, :] src, sample_t[:, :] dst, int channels, Py_ssize_t y0, Py_ssize_t y1):
    """Rows [y0, y1) of whole pixels, moved as bytes."""
    cdef Nearest plan
    cdef void *memory
    if y1 <= y0:
        return
    plan.source, plan.target, plan.bytes = src.shape[1] * sizeof(sample_t), dst.shape[1] // channels, channels * <int>sizeof(sample_t)
    with nogil:
        memory = nearest_plan(&plan, src.shape[1] // channels)
        if memory != NULL:
            nearest_band(<const uint8_t *>&src[0, 0], src.strides[0], <uint8_t *>&dst[0, 0], dst.strides[0], y0, y1, src.shape[0], dst.shape[0], &plan)
    if memory == NULL:
        raise MemoryError("resize: no memory for tables of one row")
    free(memory)

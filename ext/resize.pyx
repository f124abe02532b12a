"""Resampling to another shape: linear, nearest, area."""

from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint16_t
from libc.string cimport memcpy

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
        Py_ssize_t source, target, channels
        const int64_t *left
        const int64_t *right
        const int64_t *top
        const int64_t *bottom
        const int16_t *weights
        const int16_t *row_weights
        const float *fraction
        const float *row_fraction
        const int64_t *window
        const uint8_t *shuffle
        const int32_t *places
        Py_ssize_t groups
        int wide
    void linear_u8(const uint8_t *, Py_ssize_t, uint8_t *, Py_ssize_t, Py_ssize_t, Py_ssize_t, const Linear *, int16_t *)
    void linear_u16(const uint16_t *, Py_ssize_t, uint16_t *, Py_ssize_t, Py_ssize_t, Py_ssize_t, const Linear *, float *)
    void linear_f32(const float *, Py_ssize_t, float *, Py_ssize_t, Py_ssize_t, Py_ssize_t, const Linear *, float *)

cdef extern from "simd/resize_halve.h" nogil:
    void halve_u8(const uint8_t *, const uint8_t *, uint8_t *, Py_ssize_t, int, int)
    void halve_u16(const uint16_t *, const uint16_t *, uint16_t *, Py_ssize_t, int, int)
    void halve_f32(const float *, const float *, float *, Py_ssize_t, int, int)

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
    void nearest_row "nearest"(const uint8_t *, Py_ssize_t, uint8_t *, Py_ssize_t, int, const int64_t *, const int64_t *, const uint8_t *, Py_ssize_t, int)


def linear_fixed(
    const uint8_t[:, :] src, uint8_t[:, :] dst, int channels, const int64_t[:, ::1] columns, const int64_t[:, ::1] lines,
    const int16_t[:, ::1] weights, const int16_t[:, ::1] row_weights, const int64_t[::1] window,
    const uint8_t[:, ::1] shuffle, int16_t[::1] scratch, Py_ssize_t y0, Py_ssize_t y1,
):
    """Rows [y0, y1) of uint8 by OpenCV's rule.

    ``columns`` (2, samples of a row of dst) and ``lines`` (2, rows of dst) are the source indices around each, ``weights``
    and ``row_weights`` (as many, 2) their weights of 2048; ``scratch`` holds two rows of dst and 16 more.
    ``window`` and ``shuffle`` are for groups of four samples, or empty.
    """
    cdef Linear plan
    if y1 <= y0:
        return
    plan.source, plan.target, plan.channels = src.shape[1], dst.shape[1], channels
    plan.left, plan.right, plan.top, plan.bottom = &columns[0, 0], &columns[1, 0], &lines[0, 0], &lines[1, 0]
    plan.weights, plan.row_weights = &weights[0, 0], &row_weights[0, 0]
    plan.fraction = plan.row_fraction = NULL
    plan.groups, plan.wide, plan.places = window.shape[0], 0, NULL
    plan.window = &window[0] if plan.groups else NULL
    plan.shuffle = &shuffle[0, 0] if plan.groups else NULL
    with nogil:
        linear_u8(&src[0, 0], src.strides[0], &dst[0, 0], dst.strides[0], y0, y1, &plan, &scratch[0])


def linear(
    const deep_t[:, :] src, deep_t[:, :] dst, int channels, const int64_t[:, ::1] columns, const int64_t[:, ::1] lines,
    const float[::1] fraction, const float[::1] row_fraction, const int64_t[::1] window, const int32_t[:, ::1] places,
    bint wide, float[::1] scratch, Py_ssize_t y0, Py_ssize_t y1,
):
    """Rows [y0, y1) of uint16 or float32; ``fraction`` and ``row_fraction`` are the weights of ``columns[1]`` and ``lines[1]``.

    ``window`` and ``places`` are for groups of eight samples of one channel, or empty.
    """
    cdef Linear plan
    if y1 <= y0:
        return
    plan.source, plan.target, plan.channels = src.shape[1], dst.shape[1], channels
    plan.left, plan.right, plan.top, plan.bottom = &columns[0, 0], &columns[1, 0], &lines[0, 0], &lines[1, 0]
    plan.fraction, plan.row_fraction = &fraction[0], &row_fraction[0]
    plan.weights = plan.row_weights = NULL
    plan.shuffle, plan.groups, plan.wide = NULL, window.shape[0], wide
    plan.window = &window[0] if plan.groups else NULL
    plan.places = &places[0, 0] if plan.groups else NULL
    with nogil:
        if deep_t is uint16_t:
            linear_u16(&src[0, 0], src.strides[0], &dst[0, 0], dst.strides[0], y0, y1, &plan, &scratch[0])
        else:
            linear_f32(&src[0, 0], src.strides[0], &dst[0, 0], dst.strides[0], y0, y1, &plan, &scratch[0])


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


def nearest(
    const uint8_t[:, :] src, uint8_t[:, :] dst, int pixel, const int64_t[::1] offsets, const int64_t[::1] lines,
    const int64_t[::1] window, const uint8_t[:, ::1] places, int windows, Py_ssize_t y0, Py_ssize_t y1,
):
    """Rows [y0, y1) of whole pixels of ``pixel`` bytes; rows are bytes.

    ``offsets`` (columns of dst) are bytes in a source row, ``lines`` (rows of dst) source rows. ``window`` and ``places``,
    maybe empty, tell for groups of 16 bytes where their windows begin and where in them each byte is.
    """
    cdef Py_ssize_t y, groups = window.shape[0]
    cdef const int64_t *first = &window[0] if groups else NULL
    cdef const uint8_t *place = &places[0, 0] if groups else NULL
    with nogil:
        for y in range(y0, y1):
            if y > y0 and lines[y] == lines[y - 1]:
                memcpy(&dst[y, 0], &dst[y - 1, 0], dst.shape[1])
            else:
                nearest_row(&src[lines[y], 0], src.shape[1], &dst[y, 0], offsets.shape[0], pixel, &offsets[0], first, place, groups, windows)

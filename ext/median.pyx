"""Median of rectangular windows of packed rows; `rows` and `columns` are those of `Surroundings`."""

from libc.stdint cimport int64_t, uint8_t, uint16_t

include "level.pxi"

ctypedef fused sample_t:
    uint8_t
    uint16_t
    float

cdef extern from "simd/median_windows.h" nogil:
    enum: MEDIAN_WINDOW_RADIUS
    int median_windows_u8(
        const uint8_t *, Py_ssize_t, uint8_t *, Py_ssize_t, Py_ssize_t, int, int, const int64_t *, const int64_t *,
        uint8_t, Py_ssize_t, Py_ssize_t
    )
    int median_windows_u16(
        const uint16_t *, Py_ssize_t, uint16_t *, Py_ssize_t, Py_ssize_t, int, int, const int64_t *, const int64_t *,
        uint16_t, Py_ssize_t, Py_ssize_t
    )
    int median_windows_f32(
        const float *, Py_ssize_t, float *, Py_ssize_t, Py_ssize_t, int, int, const int64_t *, const int64_t *,
        float, Py_ssize_t, Py_ssize_t
    )

cdef extern from "simd/median_histogram.h" nogil:
    int median_histogram(
        const uint8_t *, Py_ssize_t, uint8_t *, Py_ssize_t, Py_ssize_t, int, Py_ssize_t, Py_ssize_t, const int64_t *,
        const int64_t *, uint8_t, Py_ssize_t, Py_ssize_t
    )

cdef extern from "simd/median_ranks.h" nogil:
    int median_ranks_u16(
        const uint16_t *, Py_ssize_t, uint16_t *, Py_ssize_t, Py_ssize_t, int, Py_ssize_t, Py_ssize_t, const int64_t *,
        const int64_t *, uint16_t, Py_ssize_t, Py_ssize_t
    )
    int median_ranks_f32(
        const float *, Py_ssize_t, float *, Py_ssize_t, Py_ssize_t, int, Py_ssize_t, Py_ssize_t, const int64_t *,
        const int64_t *, float, Py_ssize_t, Py_ssize_t
    )

WINDOW_RADIUS = MEDIAN_WINDOW_RADIUS


def median(
    const sample_t[:, :] src, sample_t[:, :] dst, int channels, Py_ssize_t ry, Py_ssize_t rx, const int64_t[::1] rows,
    const int64_t[::1] columns, sample_t fill, Py_ssize_t y0, Py_ssize_t y1,
):
    """Rows [y0, y1) of dst; a window reaches ry rows and rx columns. The fourth of four channels may not be written."""
    cdef Py_ssize_t n = src.shape[1], source = src.strides[0], target = dst.strides[0]
    cdef const int64_t *outside = NULL
    cdef int status
    if y1 <= y0:
        return
    if rx > 0:
        outside = &columns[0]
    with nogil:
        if ry == rx and 0 < rx <= MEDIAN_WINDOW_RADIUS:
            if sample_t is uint8_t:
                status = median_windows_u8(
                    &src[0, 0], source, &dst[0, 0], target, n, channels, <int>rx, &rows[0], outside, fill, y0, y1
                )
            elif sample_t is uint16_t:
                status = median_windows_u16(
                    &src[0, 0], source, &dst[0, 0], target, n, channels, <int>rx, &rows[0], outside, fill, y0, y1
                )
            else:
                status = median_windows_f32(
                    &src[0, 0], source, &dst[0, 0], target, n, channels, <int>rx, &rows[0], outside, fill, y0, y1
                )
        elif sample_t is uint8_t:
            status = median_histogram(
                &src[0, 0], source, &dst[0, 0], target, n, channels, ry, rx, &rows[0], outside, fill, y0, y1
            )
        elif sample_t is uint16_t:
            status = median_ranks_u16(
                &src[0, 0], source, &dst[0, 0], target, n // channels, channels, ry, rx, &rows[0], outside, fill, y0, y1
            )
        else:
            status = median_ranks_f32(
                &src[0, 0], source, &dst[0, 0], target, n // channels, channels, ry, rx, &rows[0], outside, fill, y0, y1
            )
    if status < 0:
        raise MemoryError

"""First derivatives of packed rows, and their magnitude and direction."""

from libc.stdint cimport int16_t, int64_t, uint8_t, uint16_t

include "level.pxi"

ctypedef fused sample_t:
    uint8_t
    uint16_t
    float

ctypedef fused derivative_t:
    int16_t
    float

cdef extern from "simd/gradients.h" nogil:
    ctypedef enum GradientOperator:
        SOBEL, SCHARR, PREWITT, CENTRAL
    ctypedef struct Around:
        const int64_t *rows
        const int64_t *columns
        const void *fill
        Py_ssize_t width
        int channels
    void gradient_band_u8(const uint8_t *, Py_ssize_t, const Around *, GradientOperator, int16_t *, int16_t *, Py_ssize_t, Py_ssize_t)
    void gradient_band_u16(const uint16_t *, Py_ssize_t, const Around *, GradientOperator, float *, float *, Py_ssize_t, Py_ssize_t)
    void gradient_band_f32(const float *, Py_ssize_t, const Around *, GradientOperator, float *, float *, Py_ssize_t, Py_ssize_t)
    void polar_band_u8(const uint8_t *, Py_ssize_t, const Around *, GradientOperator, float *, float *, Py_ssize_t, Py_ssize_t)
    void polar_band_u16(const uint16_t *, Py_ssize_t, const Around *, GradientOperator, float *, float *, Py_ssize_t, Py_ssize_t)
    void polar_band_f32(const float *, Py_ssize_t, const Around *, GradientOperator, float *, float *, Py_ssize_t, Py_ssize_t)


cdef Around surroundings(const int64_t[::1] rows, const int64_t[::1] columns, const void *fill, Py_ssize_t samples, int channels):
    cdef Around around
    around.rows = &rows[0]
    around.columns = &columns[0]
    around.fill = fill
    around.width = samples // channels
    around.channels = channels
    return around


def gradient(
    const sample_t[:, :] src, derivative_t[:, ::1] gx, derivative_t[:, ::1] gy, int channels, int operator,
    const int64_t[::1] rows, const int64_t[::1] columns, const sample_t[::1] fill, Py_ssize_t y0, Py_ssize_t y1,
):
    """Rows [y0, y1) of both derivatives; int16 for uint8, else float32.

    ``operator`` is 0 Sobel, 1 Scharr, 2 Prewitt, 3 central difference. ``rows`` (H + 2,) and ``columns`` (2,) are
    the borders' indices; ``fill`` is a row of W * C samples, read where they are -1.
    """
    cdef Around around = surroundings(rows, columns, &fill[0], src.shape[1], channels)
    with nogil:
        if sample_t is uint8_t and derivative_t is int16_t:
            gradient_band_u8(&src[0, 0], src.strides[0], &around, <GradientOperator>operator, &gx[0, 0], &gy[0, 0], y0, y1)
        elif sample_t is uint16_t and derivative_t is float:
            gradient_band_u16(&src[0, 0], src.strides[0], &around, <GradientOperator>operator, &gx[0, 0], &gy[0, 0], y0, y1)
        elif sample_t is float and derivative_t is float:
            gradient_band_f32(&src[0, 0], src.strides[0], &around, <GradientOperator>operator, &gx[0, 0], &gy[0, 0], y0, y1)


def polar(
    const sample_t[:, :] src, float[:, ::1] magnitude, float[:, ::1] direction, int channels, int operator,
    const int64_t[::1] rows, const int64_t[::1] columns, const sample_t[::1] fill, Py_ssize_t y0, Py_ssize_t y1,
):
    """Rows [y0, y1) of magnitude and direction in radians; the other arguments are those of ``gradient``."""
    cdef Around around = surroundings(rows, columns, &fill[0], src.shape[1], channels)
    with nogil:
        if sample_t is uint8_t:
            polar_band_u8(&src[0, 0], src.strides[0], &around, <GradientOperator>operator, &magnitude[0, 0], &direction[0, 0], y0, y1)
        elif sample_t is uint16_t:
            polar_band_u16(&src[0, 0], src.strides[0], &around, <GradientOperator>operator, &magnitude[0, 0], &direction[0, 0], y0, y1)
        else:
            polar_band_f32(&src[0, 0], src.strides[0], &around, <GradientOperator>operator, &magnitude[0, 0], &direction[0, 0], y0, y1)

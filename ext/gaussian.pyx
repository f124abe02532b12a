"""Gaussian blur and unsharp mask."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t

include "level.pxi"

ctypedef fused wide_t:
    uint16_t
    float

cdef extern from "simd/gaussian_u8.h" nogil:
    ctypedef struct GaussianJob:
        const void *src
        void *dst
        Py_ssize_t src_stride, dst_stride
        Py_ssize_t width, channels
        Py_ssize_t y0, y1
        const int64_t *rows
        const int64_t *columns
        Py_ssize_t ry, rx
        float fill, amount
        bint sharpen
    ctypedef struct GaussianPairs:
        const uint32_t *vertical
        const uint32_t *horizontal
        uint32_t vertical_extra, horizontal_extra
        int vertical_bits, horizontal_bits, fraction
        const uint32_t *vertical_rest
    const int GAUSSIAN_MARGIN
    int gaussian_u8(const GaussianJob *, const GaussianPairs *, const float *)

cdef extern from "simd/gaussian_f32.h" nogil:
    const int GAUSSIAN_FEW
    int gaussian_f32(const GaussianJob *, const float *, const float *)
    int gaussian_u16(const GaussianJob *, const float *, const float *)

cdef extern from "simd/gaussian_f64.h" nogil:
    int sharpen_u16(const GaussianJob *, const double *, const double *)

MARGIN = GAUSSIAN_MARGIN
FEW = GAUSSIAN_FEW


cdef GaussianJob job_of(
    Py_ssize_t width, int channels, const int64_t[::1] rows, const int64_t[::1] columns, Py_ssize_t ry, Py_ssize_t rx,
    float fill, amount, Py_ssize_t y0, Py_ssize_t y1,
):
    cdef GaussianJob job
    job.width = width
    job.channels = channels
    job.rows = &rows[0]
    job.columns = NULL
    if rx:
        job.columns = &columns[0]
    job.ry = ry
    job.rx = rx
    job.fill = fill
    job.sharpen = amount is not None
    job.amount = amount if amount is not None else 0.0
    job.y0 = y0
    job.y1 = y1
    return job


def blur_u8(
    const uint8_t[:, :] src, uint8_t[:, :] dst, int channels, const int64_t[::1] rows, const int64_t[::1] columns,
    float fill, const uint32_t[::1] vertical, const uint32_t[::1] horizontal, uint32_t vertical_extra,
    uint32_t horizontal_extra, int vertical_bits, int horizontal_bits, int fraction, amount, Py_ssize_t y0, Py_ssize_t y1,
):
    """Rows [y0, y1) of the blurred image, or of image + amount (image - blurred) where ``amount`` is not None.

    ``vertical`` and ``horizontal`` are pairs of integer weights with a margin, see gaussian_u8.h.
    """
    cdef Py_ssize_t ry = (rows.shape[0] - src.shape[0]) // 2, rx = columns.shape[0] // 2
    cdef GaussianPairs pairs
    cdef int failed
    if y1 <= y0:
        return
    assert vertical.shape[0] == 2 * (ry + GAUSSIAN_MARGIN) + 1 and horizontal.shape[0] == 2 * (rx + GAUSSIAN_MARGIN) + 1
    cdef GaussianJob job = job_of(src.shape[1] // channels, channels, rows, columns, ry, rx, fill, amount, y0, y1)
    job.src = &src[0, 0]
    job.dst = &dst[0, 0]
    job.src_stride = src.strides[0]
    job.dst_stride = dst.strides[0]
    pairs.vertical = &vertical[GAUSSIAN_MARGIN]
    pairs.horizontal = &horizontal[GAUSSIAN_MARGIN]
    pairs.vertical_extra = vertical_extra
    pairs.horizontal_extra = horizontal_extra
    pairs.vertical_bits = vertical_bits
    pairs.horizontal_bits = horizontal_bits
    pairs.fraction = fraction
    pairs.vertical_rest = NULL
    with nogil:
        failed = gaussian_u8(&job, &pairs, NULL)
    if failed:
        raise MemoryError


def blur_u8_fine(
    const uint8_t[:, :] src, uint8_t[:, :] dst, int channels, const int64_t[::1] rows, const int64_t[::1] columns,
    float fill, const uint32_t[::1] vertical, uint32_t vertical_extra, const uint32_t[::1] vertical_rest,
    const float[::1] horizontal, amount, Py_ssize_t y0, Py_ssize_t y1,
):
    """As ``blur_u8``, with vertical weights of 24 bits in two steps and float32 ones from the centre outwards."""
    cdef Py_ssize_t ry = (rows.shape[0] - src.shape[0]) // 2, rx = columns.shape[0] // 2
    cdef GaussianPairs pairs
    cdef int failed
    if y1 <= y0:
        return
    assert vertical.shape[0] == vertical_rest.shape[0] == 2 * (ry + GAUSSIAN_MARGIN) + 1 and horizontal.shape[0] == rx + 1
    cdef GaussianJob job = job_of(src.shape[1] // channels, channels, rows, columns, ry, rx, fill, amount, y0, y1)
    job.src = &src[0, 0]
    job.dst = &dst[0, 0]
    job.src_stride = src.strides[0]
    job.dst_stride = dst.strides[0]
    pairs.vertical = &vertical[GAUSSIAN_MARGIN]
    pairs.horizontal = NULL
    pairs.vertical_extra = vertical_extra
    pairs.horizontal_extra = 0
    pairs.vertical_bits = 24
    pairs.horizontal_bits = 0
    pairs.fraction = 0
    pairs.vertical_rest = &vertical_rest[GAUSSIAN_MARGIN]
    with nogil:
        failed = gaussian_u8(&job, &pairs, &horizontal[0])
    if failed:
        raise MemoryError


def blur_floats(
    const wide_t[:, :] src, wide_t[:, :] dst, int channels, const int64_t[::1] rows, const int64_t[::1] columns,
    float fill, const float[::1] vertical, const float[::1] horizontal, amount, Py_ssize_t y0, Py_ssize_t y1,
):
    """As ``blur_u8``, with the weights from the centre outwards."""
    cdef Py_ssize_t ry = (rows.shape[0] - src.shape[0]) // 2, rx = columns.shape[0] // 2
    cdef int failed
    if y1 <= y0:
        return
    assert vertical.shape[0] == ry + 1 and horizontal.shape[0] == rx + 1
    cdef GaussianJob job = job_of(src.shape[1] // channels, channels, rows, columns, ry, rx, fill, amount, y0, y1)
    job.src = &src[0, 0]
    job.dst = &dst[0, 0]
    job.src_stride = src.strides[0]
    job.dst_stride = dst.strides[0]
    with nogil:
        if wide_t is uint16_t:
            failed = gaussian_u16(&job, &vertical[0], &horizontal[0])
        else:
            failed = gaussian_f32(&job, &vertical[0], &horizontal[0])
    if failed:
        raise MemoryError


def sharpen_u16_fine(
    const uint16_t[:, :] src, uint16_t[:, :] dst, int channels, const int64_t[::1] rows, const int64_t[::1] columns,
    float fill, const double[::1] vertical, const double[::1] horizontal, float amount, Py_ssize_t y0, Py_ssize_t y1,
):
    """As ``blur_floats`` of 16 bits with an amount, in float64."""
    cdef Py_ssize_t ry = (rows.shape[0] - src.shape[0]) // 2, rx = columns.shape[0] // 2
    cdef int failed
    if y1 <= y0:
        return
    assert vertical.shape[0] == ry + 1 and horizontal.shape[0] == rx + 1
    cdef GaussianJob job = job_of(src.shape[1] // channels, channels, rows, columns, ry, rx, fill, amount, y0, y1)
    job.src = &src[0, 0]
    job.dst = &dst[0, 0]
    job.src_stride = src.strides[0]
    job.dst_stride = dst.strides[0]
    with nogil:
        failed = sharpen_u16(&job, &vertical[0], &horizontal[0])
    if failed:
        raise MemoryError

"""Means of frames, and the sums of a stream of frames."""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc

include "level.pxi"

ctypedef fused sample_t:
    uint8_t
    uint16_t
    float

cdef extern from "simd/frames.h" nogil:
    void mean_u8(const uint8_t *const *, Py_ssize_t, uint8_t *, Py_ssize_t)
    void mean_u16(const uint16_t *const *, Py_ssize_t, uint16_t *, Py_ssize_t)
    void mean_f32(const float *const *, Py_ssize_t, float *, Py_ssize_t)
    void add_u8(const uint8_t *, uint16_t *, Py_ssize_t)
    void add_u16(const uint16_t *, uint32_t *, Py_ssize_t)
    void add_f32(const float *, double *, Py_ssize_t)
    void divide_u8(const uint16_t *, uint8_t *, Py_ssize_t, Py_ssize_t)
    void divide_u16(const uint32_t *, uint16_t *, Py_ssize_t, Py_ssize_t)
    void divide_f32(const double *, float *, Py_ssize_t, Py_ssize_t)
    void divide_many_u8(const uint32_t *, uint8_t *, Py_ssize_t, Py_ssize_t)
    void divide_many_u16(const uint64_t *, uint16_t *, Py_ssize_t, Py_ssize_t)


def mean(list frames, sample_t[:, ::1] dst, Py_ssize_t y0, Py_ssize_t y1):
    """Rows [y0, y1) of the mean of frames, each an array of packed rows of dst's shape."""
    cdef const sample_t[:, :] frame
    cdef Py_ssize_t count = len(frames), rows = y1 - y0, n = dst.shape[1], k, y
    cdef bint packed = True
    cdef const sample_t **pointers = <const sample_t **>malloc(<size_t>count * sizeof(void *))
    cdef Py_ssize_t *strides = <Py_ssize_t *>malloc(<size_t>count * sizeof(Py_ssize_t))
    cdef sample_t *means = &dst[y0, 0]
    try:
        if pointers == NULL or strides == NULL:
            raise MemoryError
        for k in range(count):
            frame = frames[k]
            pointers[k] = &frame[y0, 0]
            strides[k] = frame.strides[0]
            packed = packed and strides[k] == n * <Py_ssize_t>sizeof(sample_t)
        with nogil:
            if packed:
                n *= rows
                rows = 1
            for y in range(rows):
                if sample_t is uint8_t:
                    mean_u8(pointers, count, means, n)
                elif sample_t is uint16_t:
                    mean_u16(pointers, count, means, n)
                else:
                    mean_f32(pointers, count, means, n)
                means += n
                for k in range(count):
                    pointers[k] = <const sample_t *>(<const char *>pointers[k] + strides[k])
    finally:
        free(pointers)
        free(strides)


def add(const sample_t[:, :] frame, sums, Py_ssize_t y0, Py_ssize_t y1):
    """Add rows [y0, y1) of a frame of packed rows to C-contiguous sums of uint16, uint32 or float64."""
    cdef uint16_t[:, ::1] sums_u8
    cdef uint32_t[:, ::1] sums_u16
    cdef double[:, ::1] sums_f32
    cdef Py_ssize_t n = frame.shape[1], rows = y1 - y0, stride = frame.strides[0], y
    cdef const char *samples = <const char *>&frame[y0, 0]
    if stride == n * <Py_ssize_t>sizeof(sample_t):
        n *= rows
        rows = 1
    if sample_t is uint8_t:
        sums_u8 = sums
    elif sample_t is uint16_t:
        sums_u16 = sums
    else:
        sums_f32 = sums
    with nogil:
        for y in range(y0, y0 + rows):
            if sample_t is uint8_t:
                add_u8(<const sample_t *>samples, &sums_u8[y, 0], n)
            elif sample_t is uint16_t:
                add_u16(<const sample_t *>samples, &sums_u16[y, 0], n)
            else:
                add_f32(<const sample_t *>samples, &sums_f32[y, 0], n)
            samples += stride


def divide(sums, sample_t[:, ::1] dst, Py_ssize_t total, bint many, Py_ssize_t y0, Py_ssize_t y1):
    """Rows [y0, y1) of the mean of `total` frames, from C-contiguous sums, which have twice the bits of those of `add`
    where `many`."""
    cdef uint16_t[:, ::1] sums_u16
    cdef uint32_t[:, ::1] sums_u32
    cdef uint64_t[:, ::1] sums_u64
    cdef double[:, ::1] sums_f64
    cdef Py_ssize_t n = dst.shape[1] * (y1 - y0)
    if sample_t is uint8_t and not many:
        sums_u16 = sums
        with nogil:
            divide_u8(&sums_u16[y0, 0], &dst[y0, 0], n, total)
    elif sample_t is uint8_t:
        sums_u32 = sums
        with nogil:
            divide_many_u8(&sums_u32[y0, 0], &dst[y0, 0], n, total)
    elif sample_t is uint16_t and not many:
        sums_u32 = sums
        with nogil:
            divide_u16(&sums_u32[y0, 0], &dst[y0, 0], n, total)
    elif sample_t is uint16_t:
        sums_u64 = sums
        with nogil:
            divide_many_u16(&sums_u64[y0, 0], &dst[y0, 0], n, total)
    else:
        sums_f64 = sums
        with nogil:
            divide_f32(&sums_f64[y0, 0], &dst[y0, 0], n, total)

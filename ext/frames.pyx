"""Means of frames."""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc

include "level.pxi"

ctypedef fused sample_t:
    uint8_t
    uint16_t
    float

cdef extern from "simd/frames.h" nogil:
    void frames_u8(const uint8_t *const *, Py_ssize_t, uint32_t *, uint8_t *, Py_ssize_t, Py_ssize_t)
    void frames_u16(const uint16_t *const *, Py_ssize_t, uint64_t *, uint16_t *, Py_ssize_t, Py_ssize_t)
    void frames_f32(const float *const *, Py_ssize_t, double *, float *, Py_ssize_t, Py_ssize_t)


def add(list frames, const sample_t[:, :] first, sums, sample_t[:, ::1] dst, Py_ssize_t total, Py_ssize_t y0, Py_ssize_t y1):
    """Add rows [y0, y1) of the frames to sums, or write the means of `total` frames to dst.

    frames: arrays of packed rows, all shaped as `first`, which only names the dtype; sums: C-contiguous, or None for
    zeros, (rows, samples) of uint32, uint64 or float64; dst: None while more frames follow.
    """
    cdef const sample_t[:, :] frame
    cdef uint32_t[:, ::1] sums_u32
    cdef uint64_t[:, ::1] sums_u64
    cdef double[:, ::1] sums_f64
    cdef Py_ssize_t count = len(frames), rows = y1 - y0, n = first.shape[1], k, y
    cdef bint packed = True
    cdef char *sum_row = NULL
    cdef sample_t *dst_row = NULL
    cdef Py_ssize_t sum_size = 4 if sample_t is uint8_t else 8
    if rows <= 0:
        return
    cdef const sample_t **pointers = <const sample_t **>malloc(<size_t>(count + 1) * sizeof(void *))
    cdef Py_ssize_t *strides = <Py_ssize_t *>malloc(<size_t>(count + 1) * sizeof(Py_ssize_t))
    if pointers == NULL or strides == NULL:
        free(pointers)
        free(strides)
        raise MemoryError
    try:
        for k in range(count):
            frame = frames[k]
            pointers[k] = &frame[y0, 0]
            strides[k] = frame.strides[0]
            packed = packed and strides[k] == n * <Py_ssize_t>sizeof(sample_t)
        if sums is not None:
            if sample_t is uint8_t:
                sums_u32 = sums
                sum_row = <char *>&sums_u32[y0, 0]
            elif sample_t is uint16_t:
                sums_u64 = sums
                sum_row = <char *>&sums_u64[y0, 0]
            else:
                sums_f64 = sums
                sum_row = <char *>&sums_f64[y0, 0]
        if dst is not None:
            dst_row = &dst[y0, 0]
        with nogil:
            if packed:
                n *= rows
                rows = 1
            for y in range(rows):
                if sample_t is uint8_t:
                    frames_u8(pointers, count, <uint32_t *>sum_row, dst_row, n, total)
                elif sample_t is uint16_t:
                    frames_u16(pointers, count, <uint64_t *>sum_row, dst_row, n, total)
                else:
                    frames_f32(pointers, count, <double *>sum_row, dst_row, n, total)
                if sum_row != NULL:
                    sum_row += n * sum_size
                if dst_row != NULL:
                    dst_row += n
                for k in range(count):
                    pointers[k] = <const sample_t *>(<const char *>pointers[k] + strides[k])
    finally:
        free(pointers)
        free(strides)

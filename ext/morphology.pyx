"""Flat morphology over rectangles and footprints, and what is made of two such steps."""

from libc.stdint cimport int64_t, uint8_t, uint16_t

include "level.pxi"

ctypedef fused sample_t:
    uint8_t
    uint16_t
    float

cdef extern from "simd/morphology_steps.h" nogil:
    ctypedef struct Flat:
        const void *src
        Py_ssize_t stride
        Py_ssize_t width
        int channels
        int most
        Py_ssize_t ry
        Py_ssize_t rx
        const int64_t *rows
        const int64_t *columns
        const void *fill_row
        const int64_t *runs
        Py_ssize_t run_count
    ctypedef void (*FlatFunction)(const Flat *, Py_ssize_t, Py_ssize_t, void *, Py_ssize_t, Py_ssize_t, void *) noexcept nogil
    ctypedef void (*SubtractFunction)(void *, const void *, Py_ssize_t) noexcept nogil
    void flat_u8(const Flat *, Py_ssize_t, Py_ssize_t, void *, Py_ssize_t, Py_ssize_t, void *) noexcept
    void flat_u16(const Flat *, Py_ssize_t, Py_ssize_t, void *, Py_ssize_t, Py_ssize_t, void *) noexcept
    void flat_f32(const Flat *, Py_ssize_t, Py_ssize_t, void *, Py_ssize_t, Py_ssize_t, void *) noexcept
    void subtract_u8(void *, const void *, Py_ssize_t) noexcept
    void subtract_u16(void *, const void *, Py_ssize_t) noexcept
    void subtract_f32(void *, const void *, Py_ssize_t) noexcept
    int one_step(const Flat *, size_t, FlatFunction, Py_ssize_t, Py_ssize_t, void *, Py_ssize_t)
    int two_steps(
        const Flat *, const Flat *, size_t, FlatFunction, int, Py_ssize_t, Py_ssize_t, Py_ssize_t, void *, Py_ssize_t
    )
    int difference(
        const Flat *, const Flat *, size_t, FlatFunction, SubtractFunction, Py_ssize_t, Py_ssize_t, void *, Py_ssize_t
    )


cdef FlatFunction _flat(const sample_t *src) noexcept nogil:
    if sample_t is uint8_t:
        return flat_u8
    elif sample_t is uint16_t:
        return flat_u16
    else:
        return flat_f32


cdef SubtractFunction _subtract(const sample_t *src) noexcept nogil:
    if sample_t is uint8_t:
        return subtract_u8
    elif sample_t is uint16_t:
        return subtract_u16
    else:
        return subtract_f32


cdef Flat _step(
    const sample_t[:, :] src, const sample_t[::1] fill_row, int channels, Py_ssize_t ry, Py_ssize_t rx,
    const int64_t[::1] rows, const int64_t[::1] columns, const int64_t[:, ::1] runs, bint most,
):
    cdef Flat step
    step.src = &src[0, 0]
    step.stride = src.strides[0]
    step.width = src.shape[1] // channels
    step.channels = channels
    step.most = most
    step.ry = ry
    step.rx = rx
    step.rows = &rows[0]
    step.columns = &columns[0] if columns.shape[0] else NULL
    step.fill_row = &fill_row[0]
    step.runs = NULL
    step.run_count = 0
    if runs is not None:
        step.runs = &runs[0, 0]
        step.run_count = runs.shape[0]
    return step


def flat(
    const sample_t[:, :] src, sample_t[:, :] dst, const sample_t[::1] fill_row, int channels, Py_ssize_t ry, Py_ssize_t rx,
    const int64_t[::1] rows, const int64_t[::1] columns, const int64_t[:, ::1] runs, bint most, Py_ssize_t y0,
    Py_ssize_t y1,
):
    """Rows [y0, y1) of the least, or the greatest where ``most``, of the samples around each.

    ``rows`` and ``columns`` are those of the surroundings of reach (ry, rx), and ``fill_row`` a row of fill. The
    neighbourhood is that whole rectangle where ``runs`` is None, else the runs (row, first column, length) of it, which
    are sorted by length.
    """
    cdef Flat step = _step(src, fill_row, channels, ry, rx, rows, columns, runs, most)
    cdef int enough
    with nogil:
        enough = one_step(&step, sizeof(sample_t), _flat(&src[0, 0]), y0, y1, &dst[0, 0], dst.strides[0])
    if not enough:
        raise MemoryError


def opened(
    const sample_t[:, :] src, sample_t[:, :] dst, const sample_t[::1] fill_row, int channels, Py_ssize_t ry, Py_ssize_t rx,
    const int64_t[::1] first_rows, const int64_t[::1] rows, const int64_t[::1] columns,
    const int64_t[:, ::1] first_runs, const int64_t[:, ::1] runs, bint first_most, bint wraps, Py_ssize_t y0,
    Py_ssize_t y1,
):
    """Rows [y0, y1) of the greatest of the least, or where ``first_most`` of the least of the greatest.

    As ``flat``; ``first_runs`` are those of the first step. ``first_rows`` reaches ry rows further at both ends where the
    border ``wraps``, and is ``rows`` elsewhere.
    """
    cdef Flat first = _step(src, fill_row, channels, ry, rx, first_rows, columns, first_runs, first_most)
    cdef Flat second = _step(src, fill_row, channels, ry, rx, rows, columns, runs, not first_most)
    cdef int enough
    with nogil:
        enough = two_steps(
            &first, &second, sizeof(sample_t), _flat(&src[0, 0]), wraps, src.shape[0], y0, y1, &dst[0, 0], dst.strides[0]
        )
    if not enough:
        raise MemoryError


def gradient(
    const sample_t[:, :] src, sample_t[:, :] dst, const sample_t[::1] fill_row, int channels, Py_ssize_t ry, Py_ssize_t rx,
    const int64_t[::1] rows, const int64_t[::1] columns, const int64_t[:, ::1] least_runs,
    const int64_t[:, ::1] most_runs, Py_ssize_t y0, Py_ssize_t y1,
):
    """Rows [y0, y1) of the greatest minus the least; as ``flat``."""
    cdef Flat least = _step(src, fill_row, channels, ry, rx, rows, columns, least_runs, False)
    cdef Flat most = _step(src, fill_row, channels, ry, rx, rows, columns, most_runs, True)
    cdef int enough
    with nogil:
        enough = difference(
            &most, &least, sizeof(sample_t), _flat(&src[0, 0]), _subtract(&src[0, 0]), y0, y1, &dst[0, 0], dst.strides[0]
        )
    if not enough:
        raise MemoryError

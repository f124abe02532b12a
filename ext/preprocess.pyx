"""An image as a model's input: resampled, normalised and laid out in one pass."""

from libc.stdint cimport int32_t, int64_t, uint8_t

include "level.pxi"

cdef extern from "simd/preprocess.h" nogil:
    ctypedef struct Taps:
        Py_ssize_t count, taps
        const int64_t *first
        const int32_t *weights
        const double *shares
    ctypedef struct Source:
        const char *data
        Py_ssize_t stride, height, width
        int channels, bytes, method
        Taps down, across
    ctypedef struct Target:
        char *data
        Py_ssize_t height, width, rows, columns, top, left
        int planes, apart, bytes, reversed, fresh
        float *mean
        float *factor
        float *pad
    int preprocess(const Source *, Target *, Py_ssize_t, Py_ssize_t)


cdef int _taps(Taps *taps, tuple tables) except -1:
    cdef const int64_t[::1] first
    cdef const int32_t[:, ::1] weights
    cdef const double[:, ::1] shares
    taps.count = 0
    if tables is None:
        return 0
    first, weights, shares = tables
    taps.count, taps.taps = first.shape[0], weights.shape[1]
    taps.first, taps.weights, taps.shares = &first[0], &weights[0, 0], &shares[0, 0]
    return 0


def band(
    const uint8_t[:, :] src, int channels, int size, int method, tuple down, tuple across,
    uint8_t[::1] dst, tuple shape, tuple content, bint apart, int target, bint reverse, bint fresh,
    const float[:, ::1] numbers,
    Py_ssize_t y0, Py_ssize_t y1,
):
    """Rows [y0, y1) of the input of one image.

    ``src``: its rows as bytes, samples of ``size`` bytes; ``method``: how rows are made, by number; ``down`` and
    ``across``: tables of a filter, (first, weights, shares), which the caller keeps alive. ``dst``: the input as bytes, of
    ``shape`` (channels, height, width) and samples of ``target`` bytes; ``content``: (rows, columns, top, left) of the resized
    image in it; ``fresh``: that ``dst`` was never written; ``numbers``: means, factors and padding by channel.
    """
    cdef Source source
    cdef Target to
    cdef Py_ssize_t c
    cdef int status
    if y1 <= y0:
        return
    source.data, source.stride = <const char *>&src[0, 0], src.strides[0]
    source.channels, source.bytes, source.method = channels, size, method
    source.height, source.width = src.shape[0], src.shape[1] // (channels * size)
    _taps(&source.down, down)
    _taps(&source.across, across)
    to.data = <char *>&dst[0]
    to.planes, to.height, to.width = shape
    to.rows, to.columns, to.top, to.left = content
    to.apart, to.bytes, to.reversed, to.fresh = apart, target, reverse, fresh
    for c in range(to.planes):
        to.mean[c], to.factor[c], to.pad[c] = numbers[0, c], numbers[1, c], numbers[2, c]
    with nogil:
        status = preprocess(&source, &to, y0, y1)
    if status < 0:
        raise MemoryError("Preprocess: no memory for tables of one row")

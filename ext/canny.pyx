"""Canny's edge detector: maxima of the gradient as bits, and the hysteresis that joins them."""

from libc.stdint cimport int16_t, uint8_t, uint16_t, uint64_t

include "level.pxi"

ctypedef fused sample_t:
    uint8_t
    uint16_t
    float

cdef extern from "simd/canny.h" nogil:
    ctypedef struct EdgeWord:
        pass
    ctypedef struct CannyImage:
        Py_ssize_t height
        Py_ssize_t width
        int channels
        int square
    void canny_band_u8_i16(const uint8_t *, Py_ssize_t, const CannyImage *, int16_t, int16_t, EdgeWord *, Py_ssize_t, Py_ssize_t, Py_ssize_t)
    void canny_band_u8_f32(const uint8_t *, Py_ssize_t, const CannyImage *, float, float, EdgeWord *, Py_ssize_t, Py_ssize_t, Py_ssize_t)
    void canny_band_u16_f32(const uint16_t *, Py_ssize_t, const CannyImage *, float, float, EdgeWord *, Py_ssize_t, Py_ssize_t, Py_ssize_t)
    void canny_band_f32_f32(const float *, Py_ssize_t, const CannyImage *, float, float, EdgeWord *, Py_ssize_t, Py_ssize_t, Py_ssize_t)
    int connect_edges(EdgeWord *, Py_ssize_t, Py_ssize_t)
    void draw_edges(const EdgeWord *, uint8_t *, Py_ssize_t)


def maxima(
    const sample_t[:, :] src, uint64_t[:, :, ::1] words, int channels, float low, float high, bint square,
    Py_ssize_t y0, Py_ssize_t y1,
):
    """Words of rows [y0, y1): candidates, whose magnitude is a maximum and above `low`, and those above `high`.

    ``words`` is (H + 2, ceil(W / 64) + 2, 2); only the words of these rows are written, the border never.
    uint8 with sums of absolute values is computed in int16, where both thresholds must fit.
    """
    cdef CannyImage image
    cdef EdgeWord *target = <EdgeWord *>&words[0, 0, 0]
    cdef Py_ssize_t pitch = words.shape[1]
    image.height, image.width = src.shape[0], src.shape[1] // channels
    image.channels, image.square = channels, square
    with nogil:
        if sample_t is uint8_t:
            if square:
                canny_band_u8_f32(&src[0, 0], src.strides[0], &image, low, high, target, pitch, y0, y1)
            else:
                canny_band_u8_i16(&src[0, 0], src.strides[0], &image, <int16_t>low, <int16_t>high, target, pitch, y0, y1)
        elif sample_t is uint16_t:
            canny_band_u16_f32(&src[0, 0], src.strides[0], &image, low, high, target, pitch, y0, y1)
        else:
            canny_band_f32_f32(&src[0, 0], src.strides[0], &image, low, high, target, pitch, y0, y1)


def connect(uint64_t[:, :, ::1] words):
    """Makes edges of all candidates that a chain of candidates connects with an edge."""
    cdef int status
    with nogil:
        status = connect_edges(<EdgeWord *>&words[0, 0, 0], words.shape[0] - 2, words.shape[1])
    if status:
        raise MemoryError


def draw(const uint64_t[:, :, ::1] words, uint8_t[:, :] out, Py_ssize_t y0, Py_ssize_t y1):
    """Rows [y0, y1) of out: 255 at edges, 0 elsewhere."""
    cdef Py_ssize_t y
    with nogil:
        for y in range(y0, y1):
            draw_edges(<const EdgeWord *>&words[y + 1, 1, 0], &out[y, 0], out.shape[1])

"""Histograms: how often each value, level, bin or half of a key occurs.

With ``luma`` the samples of RGB(A) are replaced by one, their luma.
"""

from libc.stdint cimport int32_t, uint8_t, uint16_t, uint32_t, uint64_t

include "level.pxi"

ctypedef fused level_t:
    uint8_t
    uint16_t

cdef extern from "simd/histogram_rows.h" nogil:
    int FLOAT_LEVELS, FLOAT_BINS, FLOAT_HIGH, FLOAT_LOW
    ctypedef struct histogram_image:
        const char *src
        const char *mask
        Py_ssize_t stride
        Py_ssize_t mask_stride
        Py_ssize_t rows
        Py_ssize_t width
        int channels
        int wanted
        int luma
    ctypedef struct float_rule:
        int kind
        int32_t bins
        double low, high, width, inverse
        uint32_t high_half
    int histogram_rows_u8(histogram_image, uint64_t *)
    int histogram_rows_u16(histogram_image, uint64_t *)
    int histogram_rows_f32(histogram_image, const float_rule *, int, uint64_t *)
    void extremes_rows_f32(histogram_image, uint32_t *, uint32_t *)


cdef histogram_image _image(const char *src, Py_ssize_t stride, Py_ssize_t samples, const uint8_t[:, :] mask,
                            int channels, int wanted, bint luma, Py_ssize_t y0, Py_ssize_t y1):
    cdef histogram_image image
    image.src = src + y0 * stride
    image.stride = stride
    image.mask = NULL
    image.mask_stride = 0
    if mask is not None:
        image.mask = <const char *>&mask[y0, 0]
        image.mask_stride = mask.strides[0]
    image.rows = y1 - y0
    image.width = samples // channels
    image.channels = channels
    image.wanted = wanted
    image.luma = luma
    return image


cdef _count_floats(const float[:, :] src, const uint8_t[:, :] mask, int channels, bint luma, uint64_t[:, ::1] counts,
                   Py_ssize_t y0, Py_ssize_t y1, const float_rule *rules, int per):
    cdef histogram_image image = _image(<const char *>&src[0, 0], src.strides[0], src.shape[1], mask, channels,
                                        <int>counts.shape[0] // per, luma, y0, y1)
    cdef int done
    with nogil:
        done = histogram_rows_f32(image, rules, per, &counts[0, 0])
    if not done:
        raise MemoryError


def count(const level_t[:, :] src, const uint8_t[:, :] mask, int channels, bint luma, uint64_t[:, ::1] counts,
          Py_ssize_t y0, Py_ssize_t y1):
    """Add the samples of rows [y0, y1) to counts, (channels counted, levels); rows are packed samples.

    mask is None or (rows, pixels), non-zero where a pixel counts.
    """
    cdef histogram_image image = _image(<const char *>&src[0, 0], src.strides[0], src.shape[1], mask, channels,
                                        <int>counts.shape[0], luma, y0, y1)
    cdef int done
    with nogil:
        if level_t is uint8_t:
            done = histogram_rows_u8(image, &counts[0, 0])
        else:
            done = histogram_rows_u16(image, &counts[0, 0])
    if not done:
        raise MemoryError


def count_levels(const float[:, :] src, const uint8_t[:, :] mask, int channels, bint luma, uint64_t[:, ::1] counts,
                 Py_ssize_t y0, Py_ssize_t y1):
    """Add rint(clip(sample, 0, 1) * 65535) to counts, (channels counted, 65536); NaN is left out."""
    cdef float_rule[4] rules
    for c in range(4):
        rules[c].kind = FLOAT_LEVELS
    _count_floats(src, mask, channels, luma, counts, y0, y1, rules, 1)


def count_bins(const float[:, :] src, const uint8_t[:, :] mask, int channels, bint luma, uint64_t[:, ::1] counts,
               Py_ssize_t y0, Py_ssize_t y1, int bins, double low, double high, double inverse):
    """Add the bin of each sample in [low, high] to counts, (channels counted, 65536).

    inverse is 1 / (high - low) where that is exact, else 0.
    """
    cdef float_rule[4] rules
    for c in range(4):
        rules[c].kind = FLOAT_BINS
        rules[c].bins = bins
        rules[c].low = low
        rules[c].high = high
        rules[c].width = high - low
        rules[c].inverse = inverse
    _count_floats(src, mask, channels, luma, counts, y0, y1, rules, 1)


def count_high(const float[:, :] src, const uint8_t[:, :] mask, int channels, bint luma, uint64_t[:, ::1] counts,
               Py_ssize_t y0, Py_ssize_t y1):
    """Add the high half of each finite sample's key to counts, (channels counted, 65536)."""
    cdef float_rule[4] rules
    for c in range(4):
        rules[c].kind = FLOAT_HIGH
    _count_floats(src, mask, channels, luma, counts, y0, y1, rules, 1)


def count_low(const float[:, :] src, const uint8_t[:, :] mask, int channels, bint luma, uint64_t[:, ::1] counts,
              Py_ssize_t y0, Py_ssize_t y1, const uint32_t[:, ::1] high_halves):
    """Add the low half of the finite samples' keys to counts, (channels counted · 2, 65536).

    Only samples whose key has one of the two high halves in that channel's row of high_halves.
    """
    cdef float_rule[8] rules
    cdef Py_ssize_t c, k
    for c in range(high_halves.shape[0]):
        for k in range(2):
            rules[2 * c + k].kind = FLOAT_LOW
            rules[2 * c + k].high_half = high_halves[c, k]
    _count_floats(src, mask, channels, luma, counts, y0, y1, rules, 2)


def extremes(const float[:, :] src, const uint8_t[:, :] mask, int channels, bint luma, uint32_t[::1] low, uint32_t[::1] high,
             Py_ssize_t y0, Py_ssize_t y1):
    """Widen low and high, (channels counted,), by the keys of the finite samples."""
    cdef histogram_image image = _image(<const char *>&src[0, 0], src.strides[0], src.shape[1], mask, channels,
                                        <int>low.shape[0], luma, y0, y1)
    with nogil:
        extremes_rows_f32(image, &low[0], &high[0])

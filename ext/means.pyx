"""Channel statistics of RGB and RGBA images."""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

include "level.pxi"

ctypedef fused level_t:
    uint8_t
    uint16_t

cdef extern from "simd/means.h" nogil:
    void sums_u8(const uint8_t *, Py_ssize_t, int, uint64_t *)
    void sums_u16(const uint16_t *, Py_ssize_t, int, uint64_t *)
    void chosen_sums_u8(const uint8_t *, Py_ssize_t, int, const uint8_t *, uint32_t, uint64_t *)
    void chosen_sums_u16(const uint16_t *, Py_ssize_t, int, const uint8_t *, uint64_t, uint64_t *)

cdef extern from "simd/float_means.h" nogil:
    ctypedef struct float_block:
        const float *src
        const uint8_t *mask
        Py_ssize_t rows, n, stride, mask_stride
        int channels
        double saturation
    void sums_f32(const float_block *, double *)
    void peaks_f32(const float_block *, double *)
    void powers_f32(const float_block *, const double *, double, double *)


def level_sums(const level_t[:, :] src, int channels, const uint8_t[:, :] mask, uint64_t factor, Py_ssize_t y0, Py_ssize_t y1):
    """Sums of red, green and blue over rows [y0, y1) of packed samples.

    A pixel counts where mask (or None) is not 0 and max - min <= max * factor >> 16, for uint16 >> 32.
    """
    cdef Py_ssize_t y, n = src.shape[1] // channels, rows = y1 - y0
    cdef uint64_t[3] sums = [0, 0, 0]
    cdef uint64_t all_pixels = <uint64_t>1 << 16 * sizeof(level_t)
    cdef bint masked = mask is not None
    cdef const uint8_t *chosen = NULL
    with nogil:
        if src.strides[0] == src.shape[1] * <Py_ssize_t>sizeof(level_t) and (not masked or mask.strides[0] == n):
            n *= rows
            rows = 1
        for y in range(y0, y0 + rows):
            if masked:
                chosen = &mask[y, 0]
            if not masked and factor == all_pixels:
                if level_t is uint8_t:
                    sums_u8(&src[y, 0], n, channels, sums)
                else:
                    sums_u16(&src[y, 0], n, channels, sums)
            elif level_t is uint8_t:
                chosen_sums_u8(&src[y, 0], n, channels, chosen, <uint32_t>factor, sums)
            else:
                chosen_sums_u16(&src[y, 0], n, channels, chosen, factor, sums)
    return sums[0], sums[1], sums[2]


cdef float_block whole(const float[:, :] src, int channels, const uint8_t[:, :] mask, double saturation):
    cdef float_block image
    image.src = &src[0, 0]
    image.mask = NULL
    image.mask_stride = 0
    if mask is not None:
        image.mask = &mask[0, 0]
        image.mask_stride = mask.strides[0]
    image.rows = src.shape[0]
    image.n = src.shape[1] // channels
    image.stride = src.strides[0]
    image.channels = channels
    image.saturation = saturation
    return image


cdef float_block band(const float_block *image, Py_ssize_t y0, Py_ssize_t y1) noexcept nogil:
    """Rows [y0, y1)."""
    cdef float_block block = image[0]
    block.src = <const float *>(<const char *>image.src + y0 * image.stride)
    if image.mask != NULL:
        block.mask = image.mask + y0 * image.mask_stride
    block.rows = min(y1, image.rows) - y0
    return block


def float_sums(const float[:, :] src, int channels, const uint8_t[:, :] mask, double saturation, Py_ssize_t height, double[:, ::1] sums, Py_ssize_t b0, Py_ssize_t b1):
    """Sums of the colours over blocks [b0, b1) of `height` rows; a pixel counts where mask (or None) is not 0 and
    (max - min) / max <= saturation (any with saturation 1)."""
    cdef Py_ssize_t b
    cdef float_block block, image = whole(src, channels, mask, saturation)
    with nogil:
        for b in range(b0, b1):
            block = band(&image, b * height, (b + 1) * height)
            sums_f32(&block, &sums[b, 0])


def float_peaks(const float[:, :] src, int channels, const uint8_t[:, :] mask, Py_ssize_t height, double[:, ::1] peaks, Py_ssize_t b0, Py_ssize_t b1):
    """Largest absolute values of the colours over blocks [b0, b1) of `height` rows."""
    cdef Py_ssize_t b
    cdef float_block block, image = whole(src, channels, mask, 1)
    with nogil:
        for b in range(b0, b1):
            block = band(&image, b * height, (b + 1) * height)
            peaks_f32(&block, &peaks[b, 0])


def float_powers(const float[:, :] src, int channels, const uint8_t[:, :] mask, const double[::1] scale, double power, Py_ssize_t height, double[:, ::1] sums, Py_ssize_t b0, Py_ssize_t b1):
    """Sums of (|sample| * scale[c]) ** power of the colours over blocks [b0, b1) of `height` rows."""
    cdef Py_ssize_t b
    cdef float_block block, image = whole(src, channels, mask, 1)
    with nogil:
        for b in range(b0, b1):
            block = band(&image, b * height, (b + 1) * height)
            powers_f32(&block, &scale[0], power, &sums[b, 0])

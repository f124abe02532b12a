"""Contrast-limited adaptive histogram equalisation: the tables of the tiles, then the blend between them.

Both stages read an image of packed rows through one view of it: `channels` samples per pixel, of which `channel` is
meant, or the luma of all where it is LUMA. Only strips of it are ever held.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t
from libc.string cimport memset

include "level.pxi"

ctypedef fused sample_t:
    uint8_t
    uint16_t
    float

ctypedef fused wide_t:
    uint16_t
    float

ctypedef fused weight_t:
    uint32_t
    float

cdef extern from "simd/clahe.h" nogil:
    enum: CLAHE_COPIES
    enum: CLAHE_STRIP
    uint32_t clahe_pair(double)
    Py_ssize_t clahe_segment(Py_ssize_t, Py_ssize_t)
    double clahe_fraction(Py_ssize_t, Py_ssize_t)
    Py_ssize_t clahe_stop(Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t)
    int clahe_copies(Py_ssize_t)
    void clahe_fetch(const void *, Py_ssize_t)
    void clahe_count_u8(const uint8_t *, Py_ssize_t, uint32_t *, int)
    void clahe_count_u16(const uint16_t *, Py_ssize_t, uint32_t *)
    Py_ssize_t clahe_numbers(const float *, uint16_t *, Py_ssize_t)
    void clahe_table_u8(uint32_t *, int, uint32_t, double, uint8_t *)
    void clahe_table_u16(const uint32_t *, uint32_t, double, uint32_t, uint32_t, uint16_t *)
    void clahe_extremes(const uint16_t *, Py_ssize_t, uint16_t *, uint16_t *)
    ctypedef struct clahe_blend_u8:
        void (*prepare)(const uint8_t *, const uint8_t *, Py_ssize_t, uint32_t, int, uint32_t *) noexcept nogil
        void (*row)(
            const uint8_t *, uint8_t *, Py_ssize_t, Py_ssize_t, const uint32_t *, Py_ssize_t, Py_ssize_t, uint32_t,
            const uint32_t *
        ) noexcept nogil
    clahe_blend_u8 clahe_blending_u8(Py_ssize_t)
    void clahe_prepare_u16(
        const uint16_t *, const uint16_t *, const uint16_t *, const uint16_t *, Py_ssize_t, Py_ssize_t, uint32_t *
    )
    void clahe_row_u16(const uint16_t *, uint16_t *, Py_ssize_t, const uint32_t *, const float *, float)
    void clahe_row_f32(const float *, float *, Py_ssize_t, const uint32_t *, const float *, float)
    void pick_u8(const uint8_t *, uint8_t *, Py_ssize_t, int)
    void pick_u16(const uint16_t *, uint16_t *, Py_ssize_t, int)
    void pick_f32(const float *, float *, Py_ssize_t, int)
    void put_u8(const uint8_t *, uint8_t *, Py_ssize_t, int)
    void put_u16(const uint16_t *, uint16_t *, Py_ssize_t, int)
    void put_f32(const float *, float *, Py_ssize_t, int)
    void gray_u8(const uint8_t *, uint8_t *, Py_ssize_t, int)
    void gray_u16(const uint16_t *, uint16_t *, Py_ssize_t, int)
    void gray_f32(const float *, float *, Py_ssize_t, int)
    void luma_shift_u8(const uint8_t *, const uint8_t *, const uint8_t *, uint8_t *, Py_ssize_t, int)
    void luma_shift_u16(const uint16_t *, const uint16_t *, const uint16_t *, uint16_t *, Py_ssize_t, int)
    void luma_shift_f32(const float *, const float *, const float *, float *, Py_ssize_t, int)

LUMA = -1

cdef const sample_t *_samples(const sample_t *pixels, Py_ssize_t n, int channels, int channel, sample_t *strip) noexcept nogil:
    """The meant samples of n pixels, in the strip unless they are packed already."""
    if channels == 1:
        return pixels
    if sample_t is uint8_t:
        if channel < 0:
            gray_u8(pixels, strip, n, channels)
        else:
            pick_u8(pixels + channel, strip, n, channels)
    elif sample_t is uint16_t:
        if channel < 0:
            gray_u16(pixels, strip, n, channels)
        else:
            pick_u16(pixels + channel, strip, n, channels)
    else:
        if channel < 0:
            gray_f32(pixels, strip, n, channels)
        else:
            pick_f32(pixels + channel, strip, n, channels)
    return strip


cdef void _store(
    const sample_t *pixels, const sample_t *before, const sample_t *after, sample_t *out, Py_ssize_t n, int channels,
    int channel,
) noexcept nogil:
    """Put n new samples into their pixels."""
    if sample_t is uint8_t:
        if channel < 0:
            luma_shift_u8(pixels, before, after, out, n, channels)
        else:
            put_u8(after, out + channel, n, channels)
    elif sample_t is uint16_t:
        if channel < 0:
            luma_shift_u16(pixels, before, after, out, n, channels)
        else:
            put_u16(after, out + channel, n, channels)
    else:
        if channel < 0:
            luma_shift_f32(pixels, before, after, out, n, channels)
        else:
            put_f32(after, out + channel, n, channels)


cdef Py_ssize_t _count(const sample_t *samples, Py_ssize_t n, uint32_t *counts, int copies) noexcept nogil:
    """Count samples, in so many tables of bytes; how many there were but NaN."""
    cdef uint16_t codes[CLAHE_STRIP]
    if sample_t is uint8_t:
        clahe_count_u8(samples, n, counts, copies)
    elif sample_t is uint16_t:
        clahe_count_u16(samples, n, counts)
    else:
        n = clahe_numbers(samples, codes, n)
        clahe_count_u16(codes, n, counts)
    return n


cdef Py_ssize_t _reflect(Py_ssize_t i, Py_ssize_t n) noexcept nogil:
    """The index within 0..n-1 behind i >= 0, mirrored at the outer pixels without repeating them."""
    if n == 1:
        return 0
    i %= 2 * n - 2
    return i if i < n else 2 * n - 2 - i


def counts_size(const sample_t[:, :] src):
    """Counts that `tables` needs to work."""
    return 256 * CLAHE_COPIES if sample_t is uint8_t else 65536


def extremes(const uint16_t[:, :] src, int channels, Py_ssize_t y0, Py_ssize_t y1):
    """Least and largest colour sample of rows [y0, y1)."""
    cdef uint16_t low = 65535, high = 0
    cdef uint16_t strip[CLAHE_STRIP]
    cdef Py_ssize_t y, x, n, width = src.shape[1] // channels
    cdef int channel
    with nogil:
        for y in range(y0, y1):
            if channels != 4:
                clahe_extremes(&src[y, 0], src.shape[1], &low, &high)
                continue
            x = 0
            while x < width:
                n = min(width - x, <Py_ssize_t>CLAHE_STRIP)
                for channel in range(3):
                    pick_u16(&src[y, 4 * x + channel], strip, n, 4)
                    clahe_extremes(strip, n, &low, &high)
                x += n
    return low, high


def tables(
    const sample_t[:, :] src,
    int channels,
    int channel,
    Py_ssize_t tile_height,
    Py_ssize_t tile_width,
    double clip,
    uint32_t first,
    uint32_t last,
    uint32_t[::1] counts,
    tables,
    Py_ssize_t columns,
    Py_ssize_t t0,
    Py_ssize_t t1,
):
    """Tables t0..t1-1 of the tiles, `columns` to a row; entries first..last, which hold all samples, are written.

    Tiles may reach beyond the image, which is mirrored there.
    """
    cdef Py_ssize_t t, y, x, n, row, start, stop, edge, pixels, height = src.shape[0], width = src.shape[1] // channels
    cdef int copies = clahe_copies(tile_height * tile_width)
    cdef sample_t strip[CLAHE_STRIP]
    cdef const sample_t *line
    cdef uint8_t[:, ::1] bytes_out = None
    cdef uint16_t[:, ::1] words_out = None
    if sample_t is uint8_t:
        bytes_out = tables
    else:
        words_out = tables
    with nogil:
        for t in range(t0, t1):
            if sample_t is uint8_t:
                memset(&counts[0], 0, 256 * copies * sizeof(uint32_t))
            else:
                memset(&counts[first], 0, (last - first + 1) * sizeof(uint32_t))
            pixels = 0
            start = t % columns * tile_width
            stop = start + tile_width
            edge = min(stop, width)
            for row in range(t // columns * tile_height, (t // columns + 1) * tile_height):
                y = row if row < height else _reflect(row, height)
                line = &src[y, 0]
                if y + 1 < height and start < edge:
                    clahe_fetch(&src[y + 1, start * channels], (edge - start) * channels * <Py_ssize_t>sizeof(sample_t))
                x = start
                while x < edge:
                    n = min(edge - x, <Py_ssize_t>CLAHE_STRIP)
                    pixels += _count(_samples(line + x * channels, n, channels, channel, strip), n, &counts[0], copies)
                    x += n
                while x < stop:
                    pixels += _count(
                        _samples(line + _reflect(x, width) * channels, 1, channels, channel, strip), 1, &counts[0], copies
                    )
                    x += 1
            if sample_t is uint8_t:
                clahe_table_u8(&counts[0], copies, <uint32_t>pixels, clip, &bytes_out[t, 0])
            else:
                clahe_table_u16(&counts[0], <uint32_t>pixels, clip, first, last, &words_out[t, 0])


def weights(Py_ssize_t tile, weight_t[::1] out):
    """The column weights: fractions, or pairs for the 8-bit blend."""
    cdef Py_ssize_t i
    for i in range(out.shape[0]):
        if weight_t is uint32_t:
            out[i] = clahe_pair(clahe_fraction(i, tile))
        else:
            out[i] = <float>clahe_fraction(i, tile)


def blend_u8(
    const uint8_t[:, :] src,
    uint8_t[:, :] dst,
    int channels,
    int channel,
    Py_ssize_t tile_height,
    Py_ssize_t tile_width,
    const uint8_t[:, ::1] tables,
    Py_ssize_t columns,
    const uint32_t[::1] pairs,
    uint32_t[::1] work,
    Py_ssize_t y0,
    Py_ssize_t y1,
):
    """Rows [y0, y1) of dst; work takes 256 * (columns + 1) entries. dst may be src."""
    cdef Py_ssize_t y, x, n, segment, last = -1, width = src.shape[1] // channels
    cdef Py_ssize_t bottom = tables.shape[0] // columns - 1
    cdef uint8_t strip[CLAHE_STRIP]
    cdef uint8_t fresh[CLAHE_STRIP]
    cdef const uint8_t *samples
    cdef uint32_t pair
    cdef clahe_blend_u8 blending = clahe_blending_u8(tile_width)
    with nogil:
        for y in range(y0, y1):
            segment = clahe_segment(y, tile_height)
            pair = clahe_pair(clahe_fraction(y, tile_height))
            blending.prepare(
                &tables[max(segment - 1, 0) * columns, 0], &tables[min(segment, bottom) * columns, 0], columns, pair,
                segment != last, &work[0],
            )
            last = segment
            x = 0
            while x < width:
                n = min(width - x, <Py_ssize_t>CLAHE_STRIP)
                samples = _samples[uint8_t](&src[y, x * channels], n, channels, channel, strip)
                if channels == 1:
                    blending.row(samples, &dst[y, x], x, n, &work[0], columns, tile_width, pair, &pairs[0])
                else:
                    blending.row(samples, fresh, x, n, &work[0], columns, tile_width, pair, &pairs[0])
                    _store[uint8_t](&src[y, x * channels], samples, fresh, &dst[y, x * channels], n, channels, channel)
                x += n


def blend(
    const wide_t[:, :] src,
    wide_t[:, :] dst,
    int channels,
    int channel,
    Py_ssize_t tile_height,
    Py_ssize_t tile_width,
    const uint16_t[:, ::1] tables,
    Py_ssize_t columns,
    const float[::1] fractions,
    Py_ssize_t first,
    Py_ssize_t last,
    uint32_t[::1] work,
    Py_ssize_t y0,
    Py_ssize_t y1,
):
    """Rows [y0, y1) of dst, whose samples lie in first..last; work takes 2 * 65536 entries. dst may be src."""
    cdef Py_ssize_t y, x, n, k, segment, left, right, start, stop, end
    cdef Py_ssize_t height = src.shape[0], width = src.shape[1] // channels, bottom = tables.shape[0] // columns - 1
    cdef wide_t strip[CLAHE_STRIP]
    cdef wide_t fresh[CLAHE_STRIP]
    cdef const wide_t *samples
    cdef const uint16_t *above
    cdef const uint16_t *below
    cdef wide_t *out
    cdef float fraction
    with nogil:
        while y0 < y1:
            segment = clahe_segment(y0, tile_height)
            end = min(y1, clahe_stop(segment, 0, height, bottom + 1, tile_height))
            above = &tables[max(segment - 1, 0) * columns, 0]
            below = &tables[min(segment, bottom) * columns, 0]
            start = 0
            for k in range(columns + 1):
                stop = clahe_stop(k, 0, width, columns, tile_width)
                if stop <= start:
                    continue
                left = 65536 * max(k - 1, 0)
                right = 65536 * min(k, columns - 1)
                clahe_prepare_u16(above + left, above + right, below + left, below + right, first, last, &work[0])
                for y in range(y0, end):
                    fraction = <float>clahe_fraction(y, tile_height)
                    x = start
                    while x < stop:
                        n = min(stop - x, <Py_ssize_t>CLAHE_STRIP)
                        samples = _samples[wide_t](&src[y, x * channels], n, channels, channel, strip)
                        out = &dst[y, x * channels]
                        if channels > 1:
                            out = fresh
                        if wide_t is uint16_t:
                            clahe_row_u16(samples, out, n, &work[0], &fractions[x], fraction)
                        else:
                            clahe_row_f32(samples, out, n, &work[0], &fractions[x], fraction)
                        if channels > 1:
                            _store[wide_t](
                                &src[y, x * channels], samples, fresh, &dst[y, x * channels], n, channels, channel
                            )
                        x += n
                start = stop
            y0 = end

/* Median of uint8 windows of any size, in a time that does not depend on it.

   Two levels of cumulative histograms: sixteen steps of sixteen values, and in each step sixteen values. Every column of the
   window's height has both; a sample enters or leaves by adding or taking away a vector that is 1 from its bin on. The
   coarse histogram of the window follows it column by column, and how many of its counts are not above half of the samples
   tells the step that holds the median. Fine histograms of the window are kept where the median was last: the one that is
   asked for catches up by the columns that it has missed, or is summed anew where that is shorter.

   S. Perreault, P. Hebert, Median filtering in constant time, IEEE Transactions on Image Processing 16 (2007) 2389-2394. */
#ifndef LEVEL
#ifndef IMGPROC_MEDIAN_HISTOGRAM_H
#define IMGPROC_MEDIAN_HISTOGRAM_H
#include "simd/borders.h"
#include "simd/lanes.h"

/* Columns of a strip; their histograms stay in the second level of cache. Where the radius is large, strips are wider. */
enum { MEDIAN_COLUMNS = 1024, MEDIAN_BINS = 16 };

/* Columns whose places in the fine histograms are found together. */
enum { MEDIAN_PART = 64 };

/* One channel of the `n` pixels from `from` on, those outside the image from where the border puts them; `row` is at the
   channel of its first pixel, or NULL for a row of fill. */
static UNUSED void median_fetch(const u8 *row, ptrdiff_t pixels, int channels, const i64 *columns, ptrdiff_t rx, u8 fill,
                                ptrdiff_t from, ptrdiff_t n, u8 *line) {
    ptrdiff_t i = 0;
    if (!row) {
        memset(line, fill, (size_t)n);
        return;
    }
    for (; i < n && from + i < 0; i++) {
        const i64 column = columns[from + i + rx];
        line[i] = column < 0 ? fill : row[column * channels];
    }
    const ptrdiff_t inside = from + n < pixels ? n : pixels - from;
    if (channels == 1 && inside > i) {
        memcpy(line + i, row + from + i, (size_t)(inside - i));
        i = inside;
    }
    for (; i < inside; i++) line[i] = row[(from + i) * channels];
    for (; i < n; i++) {
        const i64 column = columns[rx + from + i - pixels];
        line[i] = column < 0 ? fill : row[column * channels];
    }
}

#define SIMD_SOURCE "simd/median_histogram.h"
#include "simd/levels.h"

/* Rows [y0, y1) of dst, whose window reaches ry rows and rx columns, see borders.h. The fourth of four channels is not
   written. 0, or -1 without memory. */
DISPATCH(int, median_histogram,
         (const u8 *src, ptrdiff_t src_stride, u8 *dst, ptrdiff_t dst_stride, ptrdiff_t width, int channels, ptrdiff_t ry,
          ptrdiff_t rx, const i64 *rows, const i64 *columns, u8 fill, ptrdiff_t y0, ptrdiff_t y1),
         (src, src_stride, dst, dst_stride, width, channels, ry, rx, rows, columns, fill, y0, y1))
#endif

#else

#if LEVEL > LEVEL_BASELINE
/* The shuffle that fills the first lane with byte `first` of every lane, the second with the next and so on. */
INLINE VECTOR FN(median_lanes)(int first) {
#if LEVEL == LEVEL_AVX512
    const i32 each = 0x01010101;
    const __m512i lanes = _mm512_setr_epi32(0, 0, 0, 0, each, each, each, each, 2 * each, 2 * each, 2 * each, 2 * each, 3 * each,
                                            3 * each, 3 * each, 3 * each);
#else
    const __m256i lanes = _mm256_setr_m128i(_mm_setzero_si128(), _mm_set1_epi8(1));
#endif
    return OP(add_epi8)(lanes, OP(set1_epi8)((char)first));
}
#endif

/* Windows of up to 255 rows and 65535 samples: columns count in bytes and windows in words. */
#define NARROW 1
#include "simd/median_sweep.h"
#undef NARROW
#define NARROW 0
#include "simd/median_sweep.h"
#undef NARROW

static int FN(median_histogram)(const u8 *src, ptrdiff_t src_stride, u8 *dst, ptrdiff_t dst_stride, ptrdiff_t width, int channels,
                                ptrdiff_t ry, ptrdiff_t rx, const i64 *rows, const i64 *columns, u8 fill, ptrdiff_t y0,
                                ptrdiff_t y1) {
    const int narrow = 2 * ry + 1 <= 255 && (2 * ry + 1) * (2 * rx + 1) <= 65535;
    int status = 0;
    for (int c = 0; c < (channels == 4 ? 3 : channels) && !status; c++)
        status = (narrow ? FN(median_sweep_narrow) : FN(median_sweep_wide))(src + c, src_stride, dst + c, dst_stride, width / channels,
                                                                            channels, ry, rx, rows, columns, fill, y0, y1);
    return status;
}

#endif

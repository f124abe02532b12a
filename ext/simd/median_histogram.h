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

/* Columns of a strip; their histograms stay in the second level of cache. */
enum { MEDIAN_COLUMNS = 1024, MEDIAN_BINS = 16 };

/* The `n` samples from `from` on of the row at a position, those outside the image from where the border puts them. */
static UNUSED void median_fetch(const u8 *row, ptrdiff_t width, int channels, const i64 *columns, ptrdiff_t halo, u8 fill,
                                ptrdiff_t from, ptrdiff_t n, u8 *line) {
    ptrdiff_t i = 0;
    if (!row) {
        memset(line, fill, (size_t)n);
        return;
    }
    for (; i < n && from + i < 0; i++) {
        const i64 column = columns[(from + i + halo) / channels];
        line[i] = column < 0 ? fill : row[column * channels + (from + i + halo) % channels];
    }
    const ptrdiff_t inside = from + n < width ? n : width - from;
    if (inside > i) {
        memcpy(line + i, row + from + i, (size_t)(inside - i));
        i = inside;
    }
    for (; i < n; i++) {
        const i64 column = columns[(from + i + halo - width) / channels];
        line[i] = column < 0 ? fill : row[column * channels + (from + i - width) % channels];
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
    if (2 * ry + 1 <= 255 && (2 * ry + 1) * (2 * rx + 1) <= 65535)
        return FN(median_sweep_narrow)(src, src_stride, dst, dst_stride, width, channels, ry, rx, rows, columns, fill, y0, y1);
    return FN(median_sweep_wide)(src, src_stride, dst, dst_stride, width, channels, ry, rx, rows, columns, fill, y0, y1);
}

#endif

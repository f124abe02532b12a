/* Median of square windows of radius 1 to 4, by sorting networks.

   Radius 1 has ways of its own, see median_three.h. Otherwise two rows are made at a time. Their windows share 2r rows: the
   columns of these are sorted once, sorted neighbours are merged once and read again at shifted places, and at last each of
   the two rows adds the one row that it has alone.
   Per sample that is 77, 188 and 283 minima and maxima for r = 2 to 4. */
#ifndef LEVEL
#ifndef IMGPROC_MEDIAN_WINDOWS_H
#define IMGPROC_MEDIAN_WINDOWS_H
#include "simd/borders.h"
#include "simd/median_keys.h"
#include "simd/median_networks.h"

enum { MEDIAN_WINDOW_RADIUS = 4 };

/* Bytes of keys in a row of a strip: those of radius 2 stay in the first cache. */
enum { MEDIAN_STRIP = 1024 };
enum { MEDIAN_MOST_HALO = 4 * MEDIAN_WINDOW_RADIUS, MEDIAN_BLOCK = 64 };

#define MEDIAN_S(type, i, j)                                \
    do {                                                    \
        const WIRE(type) low = FN(smaller_##type)(v[i], v[j]); \
        v[j] = FN(larger_##type)(v[i], v[j]);               \
        v[i] = low;                                         \
    } while (0);
#define MEDIAN_L(type, i, j) v[i] = FN(smaller_##type)(v[i], v[j]);
#define MEDIAN_H(type, i, j) v[j] = FN(larger_##type)(v[i], v[j]);

#define SIMD_SOURCE "simd/median_windows.h"
#include "simd/levels.h"

#define MEDIAN_WINDOWS_PARAMETERS(type)                                                                             \
    (const type *src, ptrdiff_t src_stride, type *dst, ptrdiff_t dst_stride, ptrdiff_t width, int channels, int radius, \
     const i64 *rows, const i64 *columns, type fill, ptrdiff_t y0, ptrdiff_t y1)
#define MEDIAN_WINDOWS_ARGUMENTS \
    (src, src_stride, dst, dst_stride, width, channels, radius, rows, columns, fill, y0, y1)
/* Rows [y0, y1) of dst, whose window reaches `radius` rows and columns, see borders.h; 0, or -1 without memory. */
DISPATCH(int, median_windows_u8, MEDIAN_WINDOWS_PARAMETERS(u8), MEDIAN_WINDOWS_ARGUMENTS)
DISPATCH(int, median_windows_u16, MEDIAN_WINDOWS_PARAMETERS(u16), MEDIAN_WINDOWS_ARGUMENTS)
DISPATCH(int, median_windows_f32, MEDIAN_WINDOWS_PARAMETERS(f32), MEDIAN_WINDOWS_ARGUMENTS)
#endif

#else

#define SAMPLE u8
#include "simd/median_strips.h"
#undef SAMPLE
#define SAMPLE u16
#include "simd/median_strips.h"
#undef SAMPLE
#define SAMPLE f32
#include "simd/median_strips.h"
#undef SAMPLE

#endif

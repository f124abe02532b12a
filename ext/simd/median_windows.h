/* Median of square windows of radius 1 to 4, by sorting networks: see median_rows.h for radius 1 and 2, and median_strips.h
   for 3 and 4. */
#ifndef LEVEL
#ifndef IMGPROC_MEDIAN_WINDOWS_H
#define IMGPROC_MEDIAN_WINDOWS_H
#include "simd/borders.h"
#include "simd/median_keys.h"
#include "simd/median_networks.h"

enum { MEDIAN_WINDOW_RADIUS = 4 };

/* Most samples between a pixel and the edge of its window, and in a vector. */
enum { MEDIAN_MOST_HALO = 4 * MEDIAN_WINDOW_RADIUS, MEDIAN_BLOCK = 64 };

/* Rows of a block of radius 1 and 2: the more, the less is sorted twice, and the more places are read and written at once. */
enum { MEDIAN_TALL_THREE = 8, MEDIAN_TALL_FIVE = 16 };

/* An image of as many bytes leaves the caches: where its results go is then asked for ahead as well. */
enum { MEDIAN_FAR = 8 << 20 };

/* Each of a block's rows is a stream, of one vector in a step: too many for the processor to follow by itself. */
INLINE void median_ahead(const void *p, int write) {
    enum { AHEAD = 512 };
#if defined(__GNUC__)
    if (write) __builtin_prefetch((const void *)((uintptr_t)p + AHEAD), 1);
    else __builtin_prefetch((const void *)((uintptr_t)p + AHEAD));
#else
    (void)p, (void)write;
#endif
}

/* Bytes of keys in a row of a strip of radius 3 and 4. */
enum { MEDIAN_STRIP = 1024 };

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
#include "simd/median_typed.h"
#undef SAMPLE
#define SAMPLE u16
#include "simd/median_typed.h"
#undef SAMPLE
#define SAMPLE f32
#include "simd/median_typed.h"
#undef SAMPLE

#endif

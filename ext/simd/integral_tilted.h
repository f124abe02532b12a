/* Integral images of squares that stand on a corner (R. Lienhart, J. Maydt, 2002), as OpenCV's `tilted`.

   Result (Y, X) is the sum over the cone of pixels (y, x) with |x - X + 1| < Y - y. It is the cone of (Y - 1, X - 1) and
   the two diagonals that go up and right from pixels (Y - 1, X - 1) and (Y - 2, X - 1). With additions only, values that
   are not finite stay within their cones, and no chain runs along a row. */
#ifndef LEVEL
#define SIMD_SOURCE "simd/integral_tilted.h"
#include "simd/levels.h"

/* `rows` rows of n samples, `step` bytes apart, n a multiple of `channels`. dst: the first result row, of n + channels
   values without gaps; the row before it in memory is the row above. `diagonals` has n + 2 * channels values, zeros
   before the first row, and keeps the sums along the diagonals from one call to the next. Sums of squares where
   `squared`. Unsigned results wrap. */
#define DISPATCH_TILTED(source, sum)                                                                               \
    DISPATCH(void, tilted_##source##_##sum,                                                                        \
             (const source *src, ptrdiff_t step, sum *dst, ptrdiff_t rows, ptrdiff_t n, int channels, int squared, \
              sum *diagonals),                                                                                     \
             (src, step, dst, rows, n, channels, squared, diagonals))
DISPATCH_TILTED(u8, u32)
DISPATCH_TILTED(u8, u64)
DISPATCH_TILTED(u16, u32)
DISPATCH_TILTED(u16, u64)
DISPATCH_TILTED(f32, f64)
#undef DISPATCH_TILTED

#else

/* diagonals[i] is the sum along the diagonal from the pixel left of result i; those from column -1 and W are no pixel's. */
#define TILTED(source, sum)                                                                                       \
    INLINE void FN(tilted_row_##source##_##sum)(const source *restrict src, const sum *restrict above,             \
                                                sum *restrict dst, ptrdiff_t n, int channels, int squared,        \
                                                sum *restrict diagonals) {                                        \
        const sum *next = diagonals + channels;                                                                   \
        for (int c = 0; c < channels; c++) dst[c] = above[channels + c];                                          \
        dst += channels;                                                                                          \
        for (ptrdiff_t i = 0; i < n; i++) {                                                                       \
            const sum value = src[i], before = next[i];                                                           \
            const sum along = next[i + channels] + (squared ? value * value : value);                             \
            dst[i] = above[i] + (along + before);                                                                 \
            diagonals[channels + i] = along;                                                                      \
        }                                                                                                         \
    }                                                                                                             \
    static void FN(tilted_##source##_##sum)(const source *src, ptrdiff_t step, sum *dst, ptrdiff_t rows, ptrdiff_t n, \
                                            int channels, int squared, sum *diagonals) {                          \
        for (; rows > 0; rows--, src = (const source *)((const char *)src + step), dst += n + channels) {         \
            const sum *above = dst - n - channels;                                                                \
            if (channels == 1 && !squared) FN(tilted_row_##source##_##sum)(src, above, dst, n, 1, 0, diagonals);  \
            else if (channels == 3 && !squared) FN(tilted_row_##source##_##sum)(src, above, dst, n, 3, 0, diagonals); \
            else if (channels == 4 && !squared) FN(tilted_row_##source##_##sum)(src, above, dst, n, 4, 0, diagonals); \
            else FN(tilted_row_##source##_##sum)(src, above, dst, n, channels, squared, diagonals);               \
        }                                                                                                         \
    }
TILTED(u8, u32)
TILTED(u8, u64)
TILTED(u16, u32)
TILTED(u16, u64)
TILTED(f32, f64)
#undef TILTED

#endif

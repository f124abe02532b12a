/* Integral images, upright: each result is the one above plus the running sum of its row.

   Running sums are chains, of integers or of floats in the order of the samples; so that they need not wait for each
   other, rows are summed four at a time, which also reads the row above only once for four:
   - RGB and RGBA: a vector holds one pixel; for RGB its fourth element belongs to the next pixel, which overwrites it;
   - gray in 64 bits: a vector holds one column of the four rows, transposed on the way in and out;
   - gray uint8, whose results only the stores limit: sums within eight or sixteen pixels are products with triangles
     of ones. */
#ifndef LEVEL
#include "simd/integral_bytes.h"
#include "simd/integral_vectors.h"
#define SIMD_SOURCE "simd/integral.h"
#include "simd/levels.h"

/* `rows` rows of `width` pixels of 1, 3 or 4 interleaved samples, `step` bytes apart. dst: the first result row, of
   (width + 1) * channels values without gaps; the row before it in memory is the row above. Sums of squares where
   `squared`. Unsigned results wrap. */
#define DISPATCH_INTEGRAL(source, sum)                                                                               \
    DISPATCH(void, integral_##source##_##sum,                                                                        \
             (const source *src, ptrdiff_t step, sum *dst, ptrdiff_t rows, ptrdiff_t width, int channels, int squared), \
             (src, step, dst, rows, width, channels, squared))
DISPATCH_INTEGRAL(u8, u32)
DISPATCH_INTEGRAL(u8, u64)
DISPATCH_INTEGRAL(u16, u32)
DISPATCH_INTEGRAL(u16, u64)
DISPATCH_INTEGRAL(f32, f64)
#undef DISPATCH_INTEGRAL

#else

/* Pixels [x, width) of `count` rows (at most 4), whose sums left of x are in `sums`. */
#define SCALAR(source, sum)                                                                                        \
    INLINE void FN(scalar_##source##_##sum)(const source *src, ptrdiff_t step, sum *dst, ptrdiff_t x,              \
                                            ptrdiff_t width, int channels, int squared, int count, sum (*sums)[4]) { \
        const ptrdiff_t pitch = (width + 1) * channels;                                                            \
        for (; x < width; x++)                                                                                     \
            for (int c = 0; c < channels; c++) {                                                                   \
                const ptrdiff_t i = x * channels + c;                                                              \
                sum *result = dst + channels + i, total = *(result - pitch);                                       \
                for (int k = 0; k < count; k++, result += pitch) {                                                 \
                    const sum value = ((const source *)((const char *)src + k * step))[i];                         \
                    sums[k][c] += squared ? value * value : value;                                                 \
                    *result = total += sums[k][c];                                                                 \
                }                                                                                                  \
            }                                                                                                      \
    }
SCALAR(u8, u32)
SCALAR(u8, u64)
SCALAR(u16, u32)
SCALAR(u16, u64)
SCALAR(f32, f64)
#undef SCALAR

/* The vector form of each pair of types for gray rows, where one pays: 32 bits hold other sums of small images only. */
#define GRAY_u8_u32(count) \
    if (!squared) x = FN(gray_u8_u32)(src, step, dst, width, count, sums)
#define GRAY_u16_u32(count) (void)0
#define GRAY_64(source, sum, count) \
    if (count == 4) x = FN(gray_##source##_##sum)(src, step, dst, width, squared, sums)
#define GRAY_u8_u64(count)                                                    \
    if (!squared) x = FN(upright_u8_u64)(src, step, dst, width, count, sums); \
    else GRAY_64(u8, u64, count)
#define GRAY_u16_u64(count) GRAY_64(u16, u64, count)
#define GRAY_f32_f64(count) GRAY_64(f32, f64, count)

#if LEVEL == LEVEL_BASELINE
#define VECTORS(source, sum, count) (void)0
#else
#define VECTORS(source, sum, count)                                                                          \
    if (channels == 1) {                                                                                     \
        GRAY_##source##_##sum(count);                                                                        \
    } else                                                                                                   \
        x = FN(pixels_##source##_##sum)(src, step, dst, width, channels, squared, count, sums)
#endif

#define INTEGRAL(source, sum)                                                                                         \
    INLINE void FN(rows_##source##_##sum)(const source *src, ptrdiff_t step, sum *dst, ptrdiff_t width, int channels, \
                                          int squared, int count) {                                                   \
        sum sums[4][4] = {{0}};                                                                                       \
        ptrdiff_t x = 0;                                                                                              \
        for (int k = 0; k < count; k++)                                                                               \
            for (int c = 0; c < channels; c++) dst[k * (width + 1) * channels + c] = 0;                               \
        VECTORS(source, sum, count);                                                                                  \
        FN(scalar_##source##_##sum)(src, step, dst, x, width, channels, squared, count, sums);                        \
    }                                                                                                                 \
    INLINE void FN(image_##source##_##sum)(const source *src, ptrdiff_t step, sum *dst, ptrdiff_t rows,               \
                                           ptrdiff_t width, int channels, int squared) {                              \
        const ptrdiff_t pitch = (width + 1) * channels;                                                               \
        ptrdiff_t y = 0;                                                                                              \
        for (; y + 4 <= rows; y += 4)                                                                                 \
            FN(rows_##source##_##sum)((const source *)((const char *)src + y * step), step, dst + y * pitch, width,    \
                                      channels, squared, 4);                                                          \
        for (; y < rows; y++)                                                                                         \
            FN(rows_##source##_##sum)((const source *)((const char *)src + y * step), step, dst + y * pitch, width,    \
                                      channels, squared, 1);                                                          \
    }                                                                                                                 \
    static void FN(integral_##source##_##sum)(const source *src, ptrdiff_t step, sum *dst, ptrdiff_t rows,            \
                                              ptrdiff_t width, int channels, int squared) {                           \
        if (channels == 1 && !squared) FN(image_##source##_##sum)(src, step, dst, rows, width, 1, 0);                 \
        else if (channels == 1) FN(image_##source##_##sum)(src, step, dst, rows, width, 1, 1);                        \
        else if (channels == 3 && !squared) FN(image_##source##_##sum)(src, step, dst, rows, width, 3, 0);            \
        else if (channels == 3) FN(image_##source##_##sum)(src, step, dst, rows, width, 3, 1);                        \
        else if (!squared) FN(image_##source##_##sum)(src, step, dst, rows, width, 4, 0);                             \
        else FN(image_##source##_##sum)(src, step, dst, rows, width, 4, 1);                                           \
    }
INTEGRAL(u8, u32)
INTEGRAL(u8, u64)
INTEGRAL(u16, u32)
INTEGRAL(u16, u64)
INTEGRAL(f32, f64)
#undef INTEGRAL
#undef VECTORS

#endif

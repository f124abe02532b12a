/* Vector forms of the integral images: interleaved pixels, and four gray rows at a time. */
#ifndef LEVEL
#ifndef IMGPROC_INTEGRAL_VECTORS_H
#define IMGPROC_INTEGRAL_VECTORS_H
#define SIMD_SOURCE "simd/integral_vectors.h"
#include "simd/levels.h"
#endif

#elif LEVEL > LEVEL_BASELINE

INLINE __m128i FN(four_u8)(const u8 *src) {
    i32 word;
    memcpy(&word, src, 4);
    return _mm_cvtsi32_si128(word);
}
INLINE __m128i FN(four_u16)(const u16 *src) { return _mm_loadl_epi64((const __m128i *)src); }
INLINE __m128 FN(four_f32)(const f32 *src) { return _mm_loadu_ps(src); }

#define WIDEN_u8_u32(v) _mm_cvtepu8_epi32(v)
#define WIDEN_u8_u64(v) _mm256_cvtepu8_epi64(v)
#define WIDEN_u16_u32(v) _mm_cvtepu16_epi32(v)
#define WIDEN_u16_u64(v) _mm256_cvtepu16_epi64(v)
#define WIDEN_f32_f64(v) _mm256_cvtps_pd(v)

#define VECTOR_u32 __m128i
#define ZERO_u32() _mm_setzero_si128()
#define ADD_u32(a, b) _mm_add_epi32(a, b)
#define SQUARE_u32(v) _mm_mullo_epi32(v, v)
#define LOAD_u32(p) _mm_loadu_si128((const __m128i *)(p))
#define STORE_u32(p, v) _mm_storeu_si128((__m128i *)(p), v)

#define VECTOR_u64 __m256i
#define ZERO_u64() _mm256_setzero_si256()
#define ADD_u64(a, b) _mm256_add_epi64(a, b)
#define SQUARE_u64(v) _mm256_mul_epu32(v, v)
#define LOAD_u64(p) _mm256_loadu_si256((const __m256i *)(p))
#define STORE_u64(p, v) _mm256_storeu_si256((__m256i *)(p), v)

#define VECTOR_f64 __m256d
#define ZERO_f64() _mm256_setzero_pd()
#define ADD_f64(a, b) _mm256_add_pd(a, b)
#define SQUARE_f64(v) _mm256_mul_pd(v, v)
#define LOAD_f64(p) _mm256_loadu_pd(p)
#define STORE_f64(p, v) _mm256_storeu_pd(p, v)

/* RGB and RGBA: gives the first pixel that is left, the last of RGB: a vector would reach beyond its row. */
#define PIXELS(source, sum)                                                                                         \
    INLINE ptrdiff_t FN(pixels_##source##_##sum)(const source *src, ptrdiff_t step, sum *dst, ptrdiff_t width,       \
                                                 int channels, int squared, int count, sum (*sums)[4]) {            \
        const ptrdiff_t pitch = (width + 1) * channels, end = width - (channels == 3);                              \
        VECTOR_##sum running[4];                                                                                    \
        for (int k = 0; k < count; k++) running[k] = ZERO_##sum();                                                  \
        for (ptrdiff_t x = 0; x < end; x++) {                                                                       \
            sum *result = dst + (x + 1) * channels;                                                                 \
            if (x % 16 == 0 && sizeof(sum) == 4)                                                                    \
                for (int k = 0; k < count; k++)                                                                     \
                    prefetch_write(result + k * pitch, 16 * channels * (ptrdiff_t)sizeof(sum));                     \
            VECTOR_##sum total = LOAD_##sum(result - pitch);                                                        \
            for (int k = 0; k < count; k++, result += pitch) {                                                      \
                const source *pixel = (const source *)((const char *)src + k * step) + x * channels;                \
                const VECTOR_##sum value = WIDEN_##source##_##sum(FN(four_##source)(pixel));                        \
                running[k] = ADD_##sum(running[k], squared ? SQUARE_##sum(value) : value);                          \
                total = ADD_##sum(total, running[k]);                                                               \
                STORE_##sum(result, total);                                                                         \
            }                                                                                                       \
        }                                                                                                           \
        for (int k = 0; k < count; k++) STORE_##sum(sums[k], running[k]);                                           \
        return end;                                                                                                 \
    }
PIXELS(u8, u32)
PIXELS(u8, u64)
PIXELS(u16, u32)
PIXELS(u16, u64)
PIXELS(f32, f64)
#undef PIXELS

/* Four samples of each of four rows, as four columns. */
INLINE void FN(columns_u8)(const u8 *src, ptrdiff_t step, __m128i *column) {
    __m128i v = FN(four_u8)(src);
    i32 next[3];
    for (int k = 0; k < 3; k++) memcpy(&next[k], src + (k + 1) * step, 4);
    v = _mm_insert_epi32(_mm_insert_epi32(_mm_insert_epi32(v, next[0], 1), next[1], 2), next[2], 3);
    v = _mm_shuffle_epi8(v, _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    column[0] = v;
    column[1] = _mm_srli_si128(v, 4);
    column[2] = _mm_srli_si128(v, 8);
    column[3] = _mm_srli_si128(v, 12);
}

INLINE void FN(columns_u16)(const u16 *src, ptrdiff_t step, __m128i *column) {
    __m128i v[4];
    for (int k = 0; k < 4; k++) v[k] = FN(four_u16)((const u16 *)((const char *)src + k * step));
    const __m128i upper = _mm_unpacklo_epi16(v[0], v[1]), lower = _mm_unpacklo_epi16(v[2], v[3]);
    column[0] = _mm_unpacklo_epi32(upper, lower);
    column[1] = _mm_srli_si128(column[0], 8);
    column[2] = _mm_unpackhi_epi32(upper, lower);
    column[3] = _mm_srli_si128(column[2], 8);
}

INLINE void FN(columns_f32)(const f32 *src, ptrdiff_t step, __m128 *column) {
    for (int k = 0; k < 4; k++) column[k] = FN(four_f32)((const f32 *)((const char *)src + k * step));
    _MM_TRANSPOSE4_PS(column[0], column[1], column[2], column[3]);
}

INLINE void FN(transpose_f64)(__m256d *v) {
    const __m256d a = _mm256_unpacklo_pd(v[0], v[1]), b = _mm256_unpackhi_pd(v[0], v[1]);
    const __m256d c = _mm256_unpacklo_pd(v[2], v[3]), d = _mm256_unpackhi_pd(v[2], v[3]);
    v[0] = _mm256_permute2f128_pd(a, c, 0x20);
    v[1] = _mm256_permute2f128_pd(b, d, 0x20);
    v[2] = _mm256_permute2f128_pd(a, c, 0x31);
    v[3] = _mm256_permute2f128_pd(b, d, 0x31);
}

INLINE void FN(transpose_u64)(__m256i *v) {
    const __m256i a = _mm256_unpacklo_epi64(v[0], v[1]), b = _mm256_unpackhi_epi64(v[0], v[1]);
    const __m256i c = _mm256_unpacklo_epi64(v[2], v[3]), d = _mm256_unpackhi_epi64(v[2], v[3]);
    v[0] = _mm256_permute2x128_si256(a, c, 0x20);
    v[1] = _mm256_permute2x128_si256(b, d, 0x20);
    v[2] = _mm256_permute2x128_si256(a, c, 0x31);
    v[3] = _mm256_permute2x128_si256(b, d, 0x31);
}

/* Gray, four rows: gives the first pixel that is left, of at most three. */
#define GRAY(source, sum, narrow)                                                                                 \
    INLINE ptrdiff_t FN(gray_##source##_##sum)(const source *src, ptrdiff_t step, sum *dst, ptrdiff_t width,       \
                                               int squared, sum (*sums)[4]) {                                     \
        const ptrdiff_t pitch = width + 1;                                                                        \
        VECTOR_##sum running = ZERO_##sum();                                                                      \
        sum last[4];                                                                                              \
        ptrdiff_t x = 0;                                                                                          \
        for (; x + 4 <= width; x += 4) {                                                                          \
            narrow column[4];                                                                                     \
            VECTOR_##sum row[4];                                                                                  \
            sum *result = dst + 1 + x;                                                                            \
            VECTOR_##sum total = LOAD_##sum(result - pitch);                                                      \
            FN(columns_##source)(src + x, step, column);                                                          \
            for (int k = 0; k < 4; k++) {                                                                         \
                const VECTOR_##sum value = WIDEN_##source##_##sum(column[k]);                                     \
                row[k] = running = ADD_##sum(running, squared ? SQUARE_##sum(value) : value);                     \
            }                                                                                                     \
            FN(transpose_##sum)(row);                                                                             \
            for (int k = 0; k < 4; k++, result += pitch) {                                                        \
                total = ADD_##sum(total, row[k]);                                                                 \
                STORE_##sum(result, total);                                                                       \
                prefetch_write(result, 4 * (ptrdiff_t)sizeof(sum));                                               \
            }                                                                                                     \
        }                                                                                                         \
        STORE_##sum(last, running);                                                                               \
        for (int k = 0; k < 4; k++) sums[k][0] = last[k];                                                         \
        return x;                                                                                                 \
    }
GRAY(u8, u64, __m128i)
GRAY(u16, u64, __m128i)
GRAY(f32, f64, __m128)
#undef GRAY

#endif

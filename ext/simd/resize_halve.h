/* Means of 2 x 2 pixels, which are the linear and the area form of halving alike.

   Integers are exact: (sum + 2) >> 2 rounds halves up, which is OpenCV's linear rule for uint8, and with `even` they
   round to even. float32 adds along y, then along x. */
#ifndef LEVEL
#define SIMD_SOURCE "simd/resize_halve.h"
#include "simd/levels.h"
/* One output row of n pixels from two rows of 2 n. */
DISPATCH(void, halve_u8, (const u8 *upper, const u8 *lower, u8 *out, ptrdiff_t n, int channels, int even), (upper, lower, out, n, channels, even))
DISPATCH(void, halve_u16, (const u16 *upper, const u16 *lower, u16 *out, ptrdiff_t n, int channels, int even), (upper, lower, out, n, channels, even))
DISPATCH(void, halve_f32, (const f32 *upper, const f32 *lower, f32 *out, ptrdiff_t n, int channels, int even), (upper, lower, out, n, channels, even))
#else

INLINE u32 FN(quarter)(u32 sum, int even) { return (sum + (even ? 1 + ((sum >> 2) & 1) : 2)) >> 2; }

#if LEVEL >= LEVEL_AVX2
/* 16-bit sums of pixel pairs of 32 bytes in two rows, `order` bringing the samples of a pair together. */
INLINE __m256i FN(sums_u8)(const u8 *upper, const u8 *lower, ptrdiff_t second, __m256i order) {
    const __m256i ones = _mm256_set1_epi8(1);
    __m256i u = _mm256_loadu2_m128i((const __m128i *)(upper + second), (const __m128i *)upper);
    __m256i l = _mm256_loadu2_m128i((const __m128i *)(lower + second), (const __m128i *)lower);
    return _mm256_add_epi16(_mm256_maddubs_epi16(_mm256_shuffle_epi8(u, order), ones),
                            _mm256_maddubs_epi16(_mm256_shuffle_epi8(l, order), ones));
}
INLINE __m256i FN(quarters_u16)(__m256i sum, int even) {
    const __m256i one = _mm256_set1_epi16(1);
    __m256i add = even ? _mm256_add_epi16(one, _mm256_and_si256(_mm256_srli_epi16(sum, 2), one)) : _mm256_set1_epi16(2);
    return _mm256_srli_epi16(_mm256_add_epi16(sum, add), 2);
}
INLINE __m128i FN(pixel_u16)(const u16 *p) { return _mm_cvtepu16_epi32(_mm_loadl_epi64((const __m128i *)p)); }
INLINE __m128i FN(quarters_u32)(__m128i sum) {
    const __m128i one = _mm_set1_epi32(1);
    return _mm_srli_epi32(_mm_add_epi32(sum, _mm_add_epi32(one, _mm_and_si128(_mm_srli_epi32(sum, 2), one))), 2);
}
#endif

INLINE void FN(halve_u8_by)(const u8 *upper, const u8 *lower, u8 *out, ptrdiff_t n, int channels, int even) {
    ptrdiff_t i = 0, wide = 2 * channels;
#if LEVEL >= LEVEL_AVX2
    /* A lane holds 8 outputs, or 6 of three channels; stores of 16 bytes cover 12 of those and are written over. */
    const ptrdiff_t lane = channels == 3 ? 6 : 8, end = n * channels;
    const __m128i half_order = channels == 3   ? _mm_setr_epi8(0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11, -1, -1, -1, -1)
                               : channels == 4 ? _mm_setr_epi8(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15)
                                               : _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m256i order = _mm256_broadcastsi128_si256(half_order);
    if (channels == 3) {
        const __m128i close = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, -1, -1, -1, -1);
        for (; i + 2 * lane + 4 <= end; i += 2 * lane) {
            prefetch_read(upper + 2 * i, 32), prefetch_read(lower + 2 * i, 32);
            __m256i v = FN(quarters_u16)(FN(sums_u8)(upper + 2 * i, lower + 2 * i, 2 * lane, order), even);
            v = _mm256_permute4x64_epi64(_mm256_packus_epi16(v, v), 0xd8);
            _mm_storeu_si128((__m128i *)(out + i), _mm_shuffle_epi8(_mm256_castsi256_si128(v), close));
        }
    } else {
#if LEVEL >= LEVEL_AVX512
        if (channels == 1) {
            const __m512i units = _mm512_set1_epi8(1), one = _mm512_set1_epi16(1), lanes = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
            for (; i + 64 <= end; i += 64) {
                __m512i v[2];
                for (int k = 0; k < 2; k++) {
                    __m512i u = _mm512_loadu_si512(upper + 2 * i + 64 * k), l = _mm512_loadu_si512(lower + 2 * i + 64 * k);
                    __m512i sum = _mm512_add_epi16(_mm512_maddubs_epi16(u, units), _mm512_maddubs_epi16(l, units));
                    __m512i add = even ? _mm512_add_epi16(one, _mm512_and_si512(_mm512_srli_epi16(sum, 2), one)) : _mm512_set1_epi16(2);
                    v[k] = _mm512_srli_epi16(_mm512_add_epi16(sum, add), 2);
                }
                _mm512_storeu_si512(out + i, _mm512_permutexvar_epi64(lanes, _mm512_packus_epi16(v[0], v[1])));
            }
        }
#endif
        for (; i + 32 <= end; i += 32) {
            __m256i a = FN(quarters_u16)(FN(sums_u8)(upper + 2 * i, lower + 2 * i, 16, order), even);
            __m256i b = FN(quarters_u16)(FN(sums_u8)(upper + 2 * i + 32, lower + 2 * i + 32, 16, order), even);
            _mm256_storeu_si256((__m256i *)(out + i), _mm256_permute4x64_epi64(_mm256_packus_epi16(a, b), 0xd8));
        }
    }
#endif
    for (i /= channels; i < n; i++)
        for (ptrdiff_t c = 0; c < channels; c++) {
            const u8 *u = upper + i * wide + c, *l = lower + i * wide + c;
            out[i * channels + c] = (u8)FN(quarter)((u32)(u[0] + u[channels] + l[0] + l[channels]), even);
        }
}

INLINE void FN(halve_u16_by)(const u16 *restrict upper, const u16 *restrict lower, u16 *restrict out, ptrdiff_t n, int channels, int even) {
    ptrdiff_t i = 0, wide = 2 * channels;
    (void)even;
#if LEVEL >= LEVEL_AVX2
    if (channels == 1) {
        const __m256i low = _mm256_set1_epi32(0xffff), one = _mm256_set1_epi32(1);
        for (; i + 16 <= n; i += 16) {
            __m256i v[2];
            for (int k = 0; k < 2; k++) {
                __m256i u = _mm256_loadu_si256((const __m256i *)(upper + 2 * i) + k), l = _mm256_loadu_si256((const __m256i *)(lower + 2 * i) + k);
                __m256i sum = _mm256_add_epi32(_mm256_add_epi32(_mm256_and_si256(u, low), _mm256_srli_epi32(u, 16)),
                                               _mm256_add_epi32(_mm256_and_si256(l, low), _mm256_srli_epi32(l, 16)));
                __m256i add = _mm256_add_epi32(one, _mm256_and_si256(_mm256_srli_epi32(sum, 2), one));
                v[k] = _mm256_srli_epi32(_mm256_add_epi32(sum, add), 2);
            }
            _mm256_storeu_si256((__m256i *)(out + i), _mm256_permute4x64_epi64(_mm256_packus_epi32(v[0], v[1]), 0xd8));
        }
    } else
        /* Four samples from each pixel, the fourth of three being the next pixel's. */
        for (; i + 1 < n; i++) {
            const u16 *u = upper + i * wide, *l = lower + i * wide;
            __m128i sum = _mm_add_epi32(_mm_add_epi32(FN(pixel_u16)(u), FN(pixel_u16)(u + channels)),
                                        _mm_add_epi32(FN(pixel_u16)(l), FN(pixel_u16)(l + channels)));
            sum = FN(quarters_u32)(sum);
            _mm_storel_epi64((__m128i *)(out + i * channels), _mm_packus_epi32(sum, sum));
        }
#endif
    for (; i < n; i++)
        for (ptrdiff_t c = 0; c < channels; c++) {
            const u16 *u = upper + i * wide + c, *l = lower + i * wide + c;
            out[i * channels + c] = (u16)FN(quarter)((u32)u[0] + u[channels] + l[0] + l[channels], 1);
        }
}

INLINE void FN(halve_f32_by)(const f32 *restrict upper, const f32 *restrict lower, f32 *restrict out, ptrdiff_t n, int channels, int even) {
    ptrdiff_t i = 0, wide = 2 * channels;
    (void)even;
#if LEVEL >= LEVEL_AVX2
#if LEVEL >= LEVEL_AVX512
    if (channels == 1) {
        const __m512i left = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
        const __m512i right = _mm512_or_si512(left, _mm512_set1_epi32(1));
        for (; i + 16 <= n; i += 16) {
            const f32 *u = upper + 2 * i, *l = lower + 2 * i;
            prefetch_read(u, 128), prefetch_read(l, 128);
            __m512 a = _mm512_add_ps(_mm512_loadu_ps(u), _mm512_loadu_ps(l)), b = _mm512_add_ps(_mm512_loadu_ps(u + 16), _mm512_loadu_ps(l + 16));
            __m512 sum = _mm512_add_ps(_mm512_permutex2var_ps(a, left, b), _mm512_permutex2var_ps(a, right, b));
            _mm512_storeu_ps(out + i, _mm512_mul_ps(sum, _mm512_set1_ps(0.25f)));
        }
    }
#endif
    if (channels == 1)
        for (; i + 8 <= n; i += 8) {
            const f32 *u = upper + 2 * i, *l = lower + 2 * i;
            prefetch_read(u, 64), prefetch_read(l, 64);
            __m256 a = _mm256_add_ps(_mm256_loadu_ps(u), _mm256_loadu_ps(l)), b = _mm256_add_ps(_mm256_loadu_ps(u + 8), _mm256_loadu_ps(l + 8));
            __m256 sum = _mm256_add_ps(_mm256_shuffle_ps(a, b, 0x88), _mm256_shuffle_ps(a, b, 0xdd));
            __m256d means = _mm256_castps_pd(_mm256_mul_ps(sum, _mm256_set1_ps(0.25f)));
            _mm256_storeu_pd((f64 *)(out + i), _mm256_permute4x64_pd(means, 0xd8));
        }
    else
        for (; i + 1 < n; i++) {
            const f32 *u = upper + i * wide, *l = lower + i * wide;
            __m128 sum = _mm_add_ps(_mm_add_ps(_mm_loadu_ps(u), _mm_loadu_ps(l)),
                                    _mm_add_ps(_mm_loadu_ps(u + channels), _mm_loadu_ps(l + channels)));
            _mm_storeu_ps(out + i * channels, _mm_mul_ps(sum, _mm_set1_ps(0.25f)));
        }
#endif
    for (; i < n; i++)
        for (ptrdiff_t c = 0; c < channels; c++) {
            const f32 *u = upper + i * wide + c, *l = lower + i * wide + c;
            out[i * channels + c] = ((u[0] + l[0]) + (u[channels] + l[channels])) * 0.25f;
        }
}

#define HALVE(kind)                                                                                                          \
    static void FN(halve_##kind)(const kind *upper, const kind *lower, kind *out, ptrdiff_t n, int channels, int even) {       \
        if (channels == 1) even ? FN(halve_##kind##_by)(upper, lower, out, n, 1, 1) : FN(halve_##kind##_by)(upper, lower, out, n, 1, 0); \
        else if (channels == 3) even ? FN(halve_##kind##_by)(upper, lower, out, n, 3, 1) : FN(halve_##kind##_by)(upper, lower, out, n, 3, 0); \
        else even ? FN(halve_##kind##_by)(upper, lower, out, n, 4, 1) : FN(halve_##kind##_by)(upper, lower, out, n, 4, 0);    \
    }
HALVE(u8)
HALVE(u16)
HALVE(f32)
#undef HALVE
#endif

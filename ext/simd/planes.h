/* Interleaved samples to one plane per channel, and the samples that a mask selects: what statistics do to a strip
   of an image that fits the first-level cache. */
#ifndef LEVEL
#ifndef IMGPROC_PLANES_H
#define IMGPROC_PLANES_H

#define SIMD_SOURCE "simd/planes.h"
#include "simd/levels.h"

/* The first `wanted` (at least 3) of `channels` (3 or 4) interleaved channels of n pixels; channel c goes to planes + c * pitch. */
DISPATCH(void, planes_u8, (const u8 *src, u8 *planes, ptrdiff_t pitch, ptrdiff_t n, int channels, int wanted),
         (src, planes, pitch, n, channels, wanted))
DISPATCH(void, planes_u16, (const u16 *src, u16 *planes, ptrdiff_t pitch, ptrdiff_t n, int channels, int wanted),
         (src, planes, pitch, n, channels, wanted))
DISPATCH(void, planes_f32, (const f32 *src, f32 *planes, ptrdiff_t pitch, ptrdiff_t n, int channels, int wanted),
         (src, planes, pitch, n, channels, wanted))

/* The samples whose select byte is not 0, moved together; gives their number. dst holds n and may be src. */
DISPATCH(ptrdiff_t, compact_u8, (const u8 *src, const u8 *select, ptrdiff_t n, u8 *dst), (src, select, n, dst))
DISPATCH(ptrdiff_t, compact_u16, (const u16 *src, const u8 *select, ptrdiff_t n, u16 *dst), (src, select, n, dst))
#endif

#else

/* All channels in one pass; their number is a constant, so that the loops can vectorise. */
#define PLANES_LOOP(type, first)                                                           \
    type *restrict a = planes, *restrict b = planes + pitch, *restrict c = planes + 2 * pitch; \
    if (channels == 3) {                                                                   \
        for (ptrdiff_t i = (first); i < n; i++) {                                          \
            a[i] = src[3 * i];                                                             \
            b[i] = src[3 * i + 1];                                                         \
            c[i] = src[3 * i + 2];                                                         \
        }                                                                                  \
    } else {                                                                               \
        for (ptrdiff_t i = (first); i < n; i++) {                                          \
            a[i] = src[4 * i];                                                             \
            b[i] = src[4 * i + 1];                                                         \
            c[i] = src[4 * i + 2];                                                         \
        }                                                                                  \
        if (wanted == 4)                                                                   \
            for (ptrdiff_t i = (first); i < n; i++) planes[3 * pitch + i] = src[4 * i + 3]; \
    }

#if LEVEL >= LEVEL_AVX2
/* 16 pixels of three channels: each plane takes its bytes from three vectors. */
INLINE ptrdiff_t FN(planes_u8_3)(const u8 *src, u8 *planes, ptrdiff_t pitch, ptrdiff_t n) {
    __m128i place[3][3];
    ptrdiff_t i = 0;
    for (int c = 0; c < 3; c++)
        for (int part = 0; part < 3; part++) {
            u8 bytes[16];
            for (int k = 0; k < 16; k++) {
                const int from = 3 * k + c - 16 * part;
                bytes[k] = from >= 0 && from < 16 ? (u8)from : 128;
            }
            place[c][part] = _mm_loadu_si128((const __m128i *)bytes);
        }
    for (; i + 16 <= n; i += 16) {
        const __m128i *in = (const __m128i *)(src + 3 * i);
        prefetch_read(in, 48);
        const __m128i a = _mm_loadu_si128(in), b = _mm_loadu_si128(in + 1), c = _mm_loadu_si128(in + 2);
        for (int k = 0; k < 3; k++) {
            const __m128i plane = _mm_or_si128(
                _mm_or_si128(_mm_shuffle_epi8(a, place[k][0]), _mm_shuffle_epi8(b, place[k][1])), _mm_shuffle_epi8(c, place[k][2]));
            _mm_storeu_si128((__m128i *)(planes + k * pitch + i), plane);
        }
    }
    return i;
}

/* 16 pixels of four channels: bytes of a kind to the same quarter, then a transposition of quarters. */
INLINE ptrdiff_t FN(planes_u8_4)(const u8 *src, u8 *planes, ptrdiff_t pitch, ptrdiff_t n, int wanted) {
    const __m128i quarter = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    ptrdiff_t i = 0;
    for (; i + 16 <= n; i += 16) {
        const __m128i *in = (const __m128i *)(src + 4 * i);
        prefetch_read(in, 64);
        const __m128i a = _mm_shuffle_epi8(_mm_loadu_si128(in), quarter);
        const __m128i b = _mm_shuffle_epi8(_mm_loadu_si128(in + 1), quarter);
        const __m128i c = _mm_shuffle_epi8(_mm_loadu_si128(in + 2), quarter);
        const __m128i d = _mm_shuffle_epi8(_mm_loadu_si128(in + 3), quarter);
        const __m128i ab = _mm_unpacklo_epi32(a, b), cd = _mm_unpacklo_epi32(c, d);
        const __m128i ab_high = _mm_unpackhi_epi32(a, b), cd_high = _mm_unpackhi_epi32(c, d);
        _mm_storeu_si128((__m128i *)(planes + i), _mm_unpacklo_epi64(ab, cd));
        _mm_storeu_si128((__m128i *)(planes + pitch + i), _mm_unpackhi_epi64(ab, cd));
        _mm_storeu_si128((__m128i *)(planes + 2 * pitch + i), _mm_unpacklo_epi64(ab_high, cd_high));
        if (wanted == 4) _mm_storeu_si128((__m128i *)(planes + 3 * pitch + i), _mm_unpackhi_epi64(ab_high, cd_high));
    }
    return i;
}
#endif

static UNUSED void FN(planes_u8)(const u8 *src, u8 *planes, ptrdiff_t pitch, ptrdiff_t n, int channels, int wanted) {
    ptrdiff_t first = 0;
#if LEVEL >= LEVEL_AVX2
    first = channels == 3 ? FN(planes_u8_3)(src, planes, pitch, n) : FN(planes_u8_4)(src, planes, pitch, n, wanted);
#endif
    PLANES_LOOP(u8, first)
}

#define PLANES(type)                                                                                                \
    static UNUSED void FN(planes_##type)(const type *src, type *planes, ptrdiff_t pitch, ptrdiff_t n, int channels, \
                                         int wanted) {                                                              \
        PLANES_LOOP(type, 0)                                                                                        \
    }
PLANES(u16)
PLANES(f32)
#undef PLANES
#undef PLANES_LOOP

/* Masks are regions: most blocks of 64 are wholly in or out. The others move every sample and step past the selected
   ones, without a branch to mispredict. */
#define COMPACT(type)                                                                                                  \
    static UNUSED ptrdiff_t FN(compact_##type)(const type *src, const u8 *select, ptrdiff_t n, type *dst) {           \
        ptrdiff_t kept = 0;                                                                                            \
        for (ptrdiff_t i = 0; i < n; i += 64) {                                                                        \
            const ptrdiff_t block = n - i < 64 ? n - i : 64;                                                           \
            if (block == 64) {                                                                                         \
                u8 selected = 0;                                                                                       \
                for (int k = 0; k < 64; k++) selected = (u8)(selected + (select[i + k] != 0));                         \
                if (selected == 0) continue;                                                                           \
                if (selected == 64) {                                                                                  \
                    memmove(dst + kept, src + i, 64 * sizeof(type));                                                   \
                    kept += 64;                                                                                        \
                    continue;                                                                                          \
                }                                                                                                      \
            }                                                                                                          \
            for (ptrdiff_t k = i; k < i + block; k++) {                                                                \
                dst[kept] = src[k];                                                                                    \
                kept += select[k] != 0;                                                                                \
            }                                                                                                          \
        }                                                                                                              \
        return kept;                                                                                                   \
    }
COMPACT(u8)
COMPACT(u16)
#undef COMPACT

#endif

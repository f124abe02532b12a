/* Integral images of gray uint8. Sums within a piece of a row are products with triangles of ones: element l adds up the
   bytes 0 to l. Of `count` rows each function gives the first pixel that is left. */
#ifndef LEVEL
#ifndef IMGPROC_INTEGRAL_BYTES_H
#define IMGPROC_INTEGRAL_BYTES_H
#define SIMD_SOURCE "simd/integral_bytes.h"
#include "simd/levels.h"
#endif

#elif LEVEL == LEVEL_AVX512
enum { FN(PIECE) = 16 };
typedef struct {
    __m512i weights[4];
} FN(Triangle);

INLINE FN(Triangle) FN(triangle)(void) {
    const __m512i element = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i elements = _mm512_mullo_epi32(element, _mm512_set1_epi32(0x01010101));
    FN(Triangle) t;
    for (int k = 0; k < 4; k++) {
        const __m512i byte = _mm512_set1_epi32(0x03020100 + k * 0x04040404);
        t.weights[k] = _mm512_maskz_set1_epi8(_mm512_cmple_epi8_mask(byte, elements), 1);
    }
    return t;
}

INLINE __m512i FN(piece)(const u8 *src, const FN(Triangle) *t) {
    i32 word[4];
    memcpy(word, src, 16);
    const __m512i first = _mm512_dpbusd_epi32(_mm512_setzero_si512(), _mm512_set1_epi32(word[0]), t->weights[0]);
    const __m512i second = _mm512_dpbusd_epi32(_mm512_setzero_si512(), _mm512_set1_epi32(word[1]), t->weights[1]);
    return _mm512_add_epi32(_mm512_dpbusd_epi32(first, _mm512_set1_epi32(word[2]), t->weights[2]),
                            _mm512_dpbusd_epi32(second, _mm512_set1_epi32(word[3]), t->weights[3]));
}

INLINE ptrdiff_t FN(gray_u8_u32)(const u8 *src, ptrdiff_t step, u32 *dst, ptrdiff_t width, int count, u32 (*sums)[4]) {
    const ptrdiff_t pitch = width + 1;
    const FN(Triangle) triangle = FN(triangle)();
    __m512i left[4];
    ptrdiff_t x = 0;
    for (int k = 0; k < count; k++) left[k] = _mm512_setzero_si512();
    for (; x + FN(PIECE) <= width; x += FN(PIECE)) {
        u32 *result = dst + 1 + x;
        __m512i total = _mm512_loadu_si512(result - pitch);
        for (int k = 0; k < count; k++, result += pitch) {
            const __m512i piece = FN(piece)(src + k * step + x, &triangle);
            total = _mm512_add_epi32(total, _mm512_add_epi32(left[k], piece));
            left[k] = _mm512_add_epi32(left[k], _mm512_permutexvar_epi32(_mm512_set1_epi32(15), piece));
            _mm512_storeu_si512(result, total);
            prefetch_write(result, 64);
        }
    }
    for (int k = 0; k < count; k++) sums[k][0] = (u32)_mm_cvtsi128_si32(_mm512_castsi512_si128(left[k]));
    return x;
}

INLINE ptrdiff_t FN(upright_u8_u64)(const u8 *src, ptrdiff_t step, u64 *dst, ptrdiff_t width, int count, u64 (*sums)[4]) {
    const ptrdiff_t pitch = width + 1;
    const FN(Triangle) triangle = FN(triangle)();
    __m512i left[4];
    ptrdiff_t x = 0;
    for (int k = 0; k < count; k++) left[k] = _mm512_setzero_si512();
    for (; x + FN(PIECE) <= width; x += FN(PIECE)) {
        u64 *result = dst + 1 + x;
        __m512i low = _mm512_loadu_si512(result - pitch), high = _mm512_loadu_si512(result - pitch + 8);
        for (int k = 0; k < count; k++, result += pitch) {
            const __m512i piece = FN(piece)(src + k * step + x, &triangle);
            const __m512i begin = _mm512_add_epi64(left[k], _mm512_cvtepu32_epi64(_mm512_castsi512_si256(piece)));
            const __m512i end = _mm512_add_epi64(left[k], _mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(piece, 1)));
            low = _mm512_add_epi64(low, begin);
            high = _mm512_add_epi64(high, end);
            left[k] = _mm512_permutexvar_epi64(_mm512_set1_epi64(7), end);
            _mm512_storeu_si512(result, low);
            _mm512_storeu_si512(result + 8, high);
            prefetch_write(result, 128);
        }
    }
    for (int k = 0; k < count; k++) sums[k][0] = (u64)_mm_cvtsi128_si64(_mm512_castsi512_si128(left[k]));
    return x;
}
#elif LEVEL == LEVEL_AVX2
enum { FN(PIECE) = 8 };
typedef struct {
    __m256i early, late;
} FN(Triangle);

INLINE FN(Triangle) FN(triangle)(void) {
    const __m256i byte = _mm256_set1_epi8(1);
    const __m256i elements = _mm256_mullo_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32(0x01010101));
    const FN(Triangle) t = {_mm256_andnot_si256(_mm256_cmpgt_epi8(_mm256_set1_epi32(0x03020100), elements), byte),
                            _mm256_andnot_si256(_mm256_cmpgt_epi8(_mm256_set1_epi32(0x07060504), elements), byte)};
    return t;
}

INLINE __m256i FN(piece)(const u8 *src, const FN(Triangle) *t) {
    i32 word[2];
    memcpy(word, src, 8);
    const __m256i pairs = _mm256_add_epi16(_mm256_maddubs_epi16(_mm256_set1_epi32(word[0]), t->early),
                                           _mm256_maddubs_epi16(_mm256_set1_epi32(word[1]), t->late));
    return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

/* The sum of eight bytes in each of four 64-bit words. */
INLINE __m256i FN(whole)(const u8 *src) {
    i64 both;
    memcpy(&both, src, 8);
    return _mm256_sad_epu8(_mm256_set1_epi64x(both), _mm256_setzero_si256());
}

INLINE ptrdiff_t FN(gray_u8_u32)(const u8 *src, ptrdiff_t step, u32 *dst, ptrdiff_t width, int count, u32 (*sums)[4]) {
    const ptrdiff_t pitch = width + 1;
    const FN(Triangle) triangle = FN(triangle)();
    __m256i left[4];
    ptrdiff_t x = 0;
    for (int k = 0; k < count; k++) left[k] = _mm256_setzero_si256();
    for (; x + FN(PIECE) <= width; x += FN(PIECE)) {
        u32 *result = dst + 1 + x;
        __m256i total = _mm256_loadu_si256((const __m256i *)(result - pitch));
        for (int k = 0; k < count; k++, result += pitch) {
            const u8 *from = src + k * step + x;
            total = _mm256_add_epi32(total, _mm256_add_epi32(left[k], FN(piece)(from, &triangle)));
            left[k] = _mm256_add_epi32(left[k], _mm256_shuffle_epi32(FN(whole)(from), 0xa0));
            _mm256_storeu_si256((__m256i *)result, total);
            prefetch_write(result, 32);
        }
    }
    for (int k = 0; k < count; k++) sums[k][0] = (u32)_mm_cvtsi128_si32(_mm256_castsi256_si128(left[k]));
    return x;
}

INLINE ptrdiff_t FN(upright_u8_u64)(const u8 *src, ptrdiff_t step, u64 *dst, ptrdiff_t width, int count, u64 (*sums)[4]) {
    const ptrdiff_t pitch = width + 1;
    const FN(Triangle) triangle = FN(triangle)();
    __m256i left[4];
    ptrdiff_t x = 0;
    for (int k = 0; k < count; k++) left[k] = _mm256_setzero_si256();
    for (; x + FN(PIECE) <= width; x += FN(PIECE)) {
        u64 *result = dst + 1 + x;
        __m256i low = _mm256_loadu_si256((const __m256i *)(result - pitch));
        __m256i high = _mm256_loadu_si256((const __m256i *)(result - pitch + 4));
        for (int k = 0; k < count; k++, result += pitch) {
            const u8 *from = src + k * step + x;
            const __m256i piece = FN(piece)(from, &triangle);
            const __m256i begin = _mm256_cvtepu32_epi64(_mm256_castsi256_si128(piece));
            const __m256i end = _mm256_cvtepu32_epi64(_mm256_extracti128_si256(piece, 1));
            low = _mm256_add_epi64(low, _mm256_add_epi64(left[k], begin));
            high = _mm256_add_epi64(high, _mm256_add_epi64(left[k], end));
            left[k] = _mm256_add_epi64(left[k], FN(whole)(from));
            _mm256_storeu_si256((__m256i *)result, low);
            _mm256_storeu_si256((__m256i *)(result + 4), high);
            prefetch_write(result, 64);
        }
    }
    for (int k = 0; k < count; k++) sums[k][0] = (u64)_mm_cvtsi128_si64(_mm256_castsi256_si128(left[k]));
    return x;
}
#endif

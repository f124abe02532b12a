/* Sums of windows that slide along rows of column sums, and what is written of them.

   The difference of neighbouring windows is taken over many samples at once and added up inside 16-byte lanes, so each
   lane works on a stretch of the row of its own: nothing crosses lanes, and stores are of 16 bytes in order. */
#ifndef LEVEL
#include "simd/box.h"
#include "simd/lanes.h"

enum { BOX_MEAN_U8, BOX_MEAN_U16, BOX_SUM_U32 };

/* Column sums of 16 bits are kept less this much, so that a signed multiplication takes their difference. */
#define BOX_BIAS 0x8000

#define SIMD_SOURCE "simd/box_sliding.h"
#include "simd/levels.h"
#else

INLINE u32 FN(column)(const void *sums, ptrdiff_t i, int size) {
    return size == 2 ? (u32)((const u16 *)sums)[i] ^ BOX_BIAS : ((const u32 *)sums)[i];
}

/* Sums of the windows at samples at ... at + channels - 1. */
INLINE void FN(first_windows)(const void *sums, ptrdiff_t at, ptrdiff_t taps, int size, int channels, u32 *first) {
    u32 part[12] = {0}; /* a multiple of every number of channels */
    const ptrdiff_t n = taps * channels;
    ptrdiff_t i = 0;
    for (; i + 12 <= n; i += 12)
        for (int j = 0; j < 12; j++) part[j] += FN(column)(sums, at + i + j, size);
    for (int j = 0; i + j < n; j++) part[j] += FN(column)(sums, at + i + j, size);
    for (int c = 0; c < channels; c++) first[c] = 0;
    for (int j = 0; j < 12; j++) first[j % channels] += part[j];
}

INLINE void FN(put_window)(void *dst, ptrdiff_t i, u32 sum, int output, const Division *division) {
    if (output == BOX_SUM_U32) {
        ((u32 *)dst)[i] = sum;
        return;
    }
    const u32 mean = (u32)((u64)(sum + division->half) * division->multiplier >> 32) >> division->shift;
    if (output == BOX_MEAN_U8) ((u8 *)dst)[i] = (u8)mean;
    else ((u16 *)dst)[i] = (u16)mean;
}

INLINE void FN(sliding_scalar)(const void *sums, ptrdiff_t n, ptrdiff_t taps, int size, int channels, int output,
                               const Division *division, void *dst) {
    u32 window[4];
    FN(first_windows)(sums, 0, taps, size, channels, window);
    for (int c = 0; c < channels; c++)
        for (ptrdiff_t i = c; i < n; i += channels) {
            FN(put_window)(dst, i, window[c], output, division);
            if (i + channels < n)
                window[c] += FN(column)(sums, i + taps * channels, size) - FN(column)(sums, i, size);
        }
}

#if LEVEL != LEVEL_BASELINE
#define LANES (LEVEL == LEVEL_AVX512 ? 4 : 2)

/* 16 bytes from each stretch, which begins `start[lane]` bytes after `p`. */
INLINE VECTOR FN(load_lanes)(const char *p, const ptrdiff_t *start) {
    const __m256i low = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const void *)(p + start[0]))),
                                                _mm_loadu_si128((const void *)(p + start[1])), 1);
#if LEVEL == LEVEL_AVX512
    __m512i v = _mm512_castsi256_si512(low);
    v = _mm512_inserti32x4(v, _mm_loadu_si128((const void *)(p + start[2])), 2);
    return _mm512_inserti32x4(v, _mm_loadu_si128((const void *)(p + start[3])), 3);
#else
    return low;
#endif
}

INLINE void FN(store_lanes)(char *p, const ptrdiff_t *start, VECTOR v) {
#if LEVEL == LEVEL_AVX512
    _mm_storeu_si128((void *)(p + start[2]), _mm512_extracti32x4_epi32(v, 2));
    _mm_storeu_si128((void *)(p + start[3]), _mm512_extracti32x4_epi32(v, 3));
    const __m256i low = _mm512_castsi512_si256(v);
#else
    const __m256i low = v;
#endif
    _mm_storeu_si128((void *)(p + start[0]), _mm256_castsi256_si128(low));
    _mm_storeu_si128((void *)(p + start[1]), _mm256_extracti128_si256(low, 1));
}

#if LEVEL == LEVEL_AVX512
#define SHUFFLE32(v, order) _mm512_shuffle_epi32(v, (_MM_PERM_ENUM)(order))
#else
#define SHUFFLE32(v, order) _mm256_shuffle_epi32(v, order)
#endif

/* Four windows per lane from the four before them and their differences to the windows one pixel before. */
INLINE VECTOR FN(slide_four)(VECTOR before, VECTOR difference, int channels) {
    VECTOR v = difference;
    if (channels == 4) return OP(add_epi32)(before, v);
    if (channels == 3) {
        v = OP(add_epi32)(v, OP(bslli_epi128)(v, 12));
        return OP(add_epi32)(v, SHUFFLE32(before, 0x79)); /* the last pixel: words 1, 2, 3, 1 */
    }
    v = OP(add_epi32)(v, OP(bslli_epi128)(v, 4));
    v = OP(add_epi32)(v, OP(bslli_epi128)(v, 8));
    return OP(add_epi32)(v, SHUFFLE32(before, 0xff));
}

/* The next eight windows of every lane, in two vectors. */
INLINE void FN(slide_eight)(const char *leaving, ptrdiff_t reach, const ptrdiff_t *start, int size, int channels,
                            VECTOR *before, VECTOR *windows) {
    if (size == 2) {
        const VECTOR a = FN(load_lanes)(leaving + reach, start), b = FN(load_lanes)(leaving, start);
        const VECTOR sign = OP(set1_epi32)((i32)0xffff0001);
        windows[0] = OP(madd_epi16)(OP(unpacklo_epi16)(a, b), sign);
        windows[1] = OP(madd_epi16)(OP(unpackhi_epi16)(a, b), sign);
    } else
        for (int k = 0; k < 2; k++)
            windows[k] = OP(sub_epi32)(FN(load_lanes)(leaving + reach + 16 * k, start), FN(load_lanes)(leaving + 16 * k, start));
    for (int k = 0; k < 2; k++) *before = windows[k] = FN(slide_four)(*before, windows[k], channels);
}

#if LEVEL == LEVEL_AVX512
#define ROUNDED(v, inverse) _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_cvtepi32_ps(v), _mm512_set1_ps(inverse)))
#define ODD_WORDS(even, odd) _mm512_mask_mov_epi32(even, 0xaaaa, odd)
#else
#define ROUNDED(v, inverse) _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_cvtepi32_ps(v), _mm256_set1_ps(inverse)))
#define ODD_WORDS(even, odd) _mm256_blend_epi32(even, odd, 0xaa)
#endif

INLINE VECTOR FN(divide)(VECTOR sum, const Division *division, int by_float) {
    if (by_float) return ROUNDED(sum, division->inverse);
    const VECTOR multiplier = OP(set1_epi32)((i32)division->multiplier);
    const VECTOR t = OP(add_epi32)(sum, OP(set1_epi32)((i32)division->half));
    const VECTOR even = OP(mul_epu32)(t, multiplier), odd = OP(mul_epu32)(OP(srli_epi64)(t, 32), multiplier);
    return OP(srl_epi32)(ODD_WORDS(OP(srli_epi64)(even, 32), odd), _mm_cvtsi32_si128(division->shift));
}

/* n >= 16. Stretches are multiples of 16 samples and overlap where the row is none: both write the same. */
INLINE void FN(sliding_lanes)(const char *sums, ptrdiff_t n, ptrdiff_t taps, int size, int channels, int output,
                              int by_float, const Division *division, char *dst) {
    const int written = output == BOX_MEAN_U8 ? 1 : output == BOX_MEAN_U16 ? 2 : 4;
    const ptrdiff_t stretch = ((n + LANES - 1) / LANES + 15) & ~(ptrdiff_t)15, reach = taps * channels * size;
    ptrdiff_t from[LANES], to[LANES];
    u32 first[4 * LANES];
    for (int lane = 0; lane < LANES; lane++) {
        const ptrdiff_t at = stretch * (lane + 1) <= n ? stretch * lane : n - stretch;
        from[lane] = at * size;
        to[lane] = at * written;
        first[4 * lane] = 0;
        /* The pixel before: its first column is not there in front of the row, and need only be the same twice. */
        FN(first_windows)(sums, at - channels, taps, size, channels, first + 4 * lane + 4 - channels);
    }
    VECTOR before = BITS(loadu)((const void *)first);
    const char *leaving = sums - channels * size;
    for (ptrdiff_t i = 0; i < stretch; i += 16, leaving += 16 * size, dst += 16 * written) {
        VECTOR windows[4];
        FN(slide_eight)(leaving, reach, from, size, channels, &before, windows);
        FN(slide_eight)(leaving + 8 * size, reach, from, size, channels, &before, windows + 2);
        if (output == BOX_SUM_U32) {
            for (int k = 0; k < 4; k++) FN(store_lanes)(dst + 16 * k, to, windows[k]);
            continue;
        }
        for (int k = 0; k < 4; k++) windows[k] = FN(divide)(windows[k], division, by_float);
        const VECTOR low = OP(packus_epi32)(windows[0], windows[1]), high = OP(packus_epi32)(windows[2], windows[3]);
        if (output == BOX_MEAN_U8)
            FN(store_lanes)(dst, to, OP(packus_epi16)(low, high));
        else {
            FN(store_lanes)(dst, to, low);
            FN(store_lanes)(dst + 16, to, high);
        }
    }
}

/* uint16 means of windows of few pixels: added up directly. Returns how many of the n are left over. */
INLINE ptrdiff_t FN(few_taps)(const u32 *sums, ptrdiff_t n, int taps, ptrdiff_t step, const Division *division, u16 *dst) {
    enum { STEP_U32 = LANES * 4 };
    ptrdiff_t i = 0;
    for (; i + 2 * STEP_U32 <= n; i += 2 * STEP_U32) {
        VECTOR a = BITS(loadu)((const void *)(sums + i)), b = BITS(loadu)((const void *)(sums + i + STEP_U32));
        for (int k = 1; k < taps; k++) {
            a = OP(add_epi32)(a, BITS(loadu)((const void *)(sums + i + k * step)));
            b = OP(add_epi32)(b, BITS(loadu)((const void *)(sums + i + k * step + STEP_U32)));
        }
        const VECTOR packed = OP(packus_epi32)(FN(divide)(a, division, 0), FN(divide)(b, division, 0));
#if LEVEL == LEVEL_AVX512
        BITS(storeu)((void *)(dst + i), _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), packed));
#else
        BITS(storeu)((void *)(dst + i), _mm256_permute4x64_epi64(packed, 0xd8));
#endif
    }
    return n - i;
}
#undef LANES
#undef SHUFFLE32
#undef ROUNDED
#undef ODD_WORDS
#endif

INLINE void FN(sliding_any)(const void *sums, ptrdiff_t n, ptrdiff_t taps, int size, int channels, int output,
                            int by_float, const Division *division, void *dst) {
#if LEVEL != LEVEL_BASELINE
    if (n >= 16) {
        if (channels == 1) FN(sliding_lanes)(sums, n, taps, size, 1, output, by_float, division, dst);
        else if (channels == 3) FN(sliding_lanes)(sums, n, taps, size, 3, output, by_float, division, dst);
        else FN(sliding_lanes)(sums, n, taps, size, 4, output, by_float, division, dst);
        return;
    }
#endif
    (void)by_float;
    FN(sliding_scalar)(sums, n, taps, size, channels, output, division, dst);
}

/* The windows of `taps` pixels that begin at samples 0 ... n - 1 of `sums`, which has a pixel of room in front and
   32 bytes behind. `size` is 2 (less BOX_BIAS) or 4 bytes. */
static void FN(sliding_row)(const void *sums, ptrdiff_t n, ptrdiff_t taps, int size, int channels, int output,
                            const Division *division, void *dst) {
    const int by_float = division->inverse > 0;
#if LEVEL != LEVEL_BASELINE
    if (output == BOX_MEAN_U16 && taps <= 5) {
        const u32 *from = sums;
        const ptrdiff_t left = taps == 3 ? FN(few_taps)(from, n, 3, channels, division, dst)
                                         : FN(few_taps)(from, n, (int)taps, channels, division, dst);
        for (ptrdiff_t i = n - left; i < n; i++) {
            u32 window = 0;
            for (ptrdiff_t k = 0; k < taps; k++) window += from[i + k * channels];
            FN(put_window)(dst, i, window, BOX_MEAN_U16, division);
        }
        return;
    }
#endif
    if (size == 2) {
        if (output == BOX_SUM_U32) FN(sliding_any)(sums, n, taps, 2, channels, BOX_SUM_U32, 0, division, dst);
        else if (by_float) FN(sliding_any)(sums, n, taps, 2, channels, BOX_MEAN_U8, 1, division, dst);
        else FN(sliding_any)(sums, n, taps, 2, channels, BOX_MEAN_U8, 0, division, dst);
    } else if (output == BOX_SUM_U32) FN(sliding_any)(sums, n, taps, 4, channels, BOX_SUM_U32, 0, division, dst);
    else if (output == BOX_MEAN_U16) FN(sliding_any)(sums, n, taps, 4, channels, BOX_MEAN_U16, 0, division, dst);
    else FN(sliding_any)(sums, n, taps, 4, channels, BOX_MEAN_U8, 0, division, dst);
}
#endif

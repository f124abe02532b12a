/* Box means of uint8 where the sum of a window fits 16 bits: column sums, shifted additions, multiply-high. */
#ifndef LEVEL
#include "simd/box_columns.h"
#include "simd/lanes.h"

/* Samples that are computed together; sums may be read this far beyond their end. */
#define BOX_SMALL_STEP 64

#define SIMD_SOURCE "simd/box_small.h"
#include "simd/levels.h"

/* Rows [y0, y1) of the means of a uint8 image; rx <= 7, and plan_division found a multiplier of 16 bits.
   False where memory is short. */
DISPATCH(int, box_small, (const Box *box, const Division *division, ptrdiff_t y0, ptrdiff_t y1), (box, division, y0, y1))

#else

#if LEVEL == LEVEL_BASELINE
#define PARTS 64
typedef u16 FN(part);
#define LOAD_PART(p) (*(p))
#define ADD_PARTS(a, b) ((u16)((a) + (b)))
#else
#define PARTS (LEVEL == LEVEL_AVX512 ? 2 : 4)
typedef VECTOR FN(part);
#define LOAD_PART(p) BITS(loadu)((const void *)(p))
#define ADD_PARTS(a, b) OP(add_epi16)(a, b)
#endif
#define PART (BOX_SMALL_STEP / PARTS)

/* total[i] += sums[i] + sums[i + step] + ...: `count` terms. */
INLINE void FN(add_shifted)(FN(part) *total, const u16 *sums, ptrdiff_t step, int count) {
    for (; count > 0; count--, sums += step)
        for (int j = 0; j < PARTS; j++) total[j] = ADD_PARTS(total[j], LOAD_PART(sums + PART * j));
}

INLINE void FN(put_sums)(u16 *dst, const FN(part) *total) {
#if LEVEL == LEVEL_BASELINE
    memcpy(dst, total, BOX_SMALL_STEP * sizeof(u16));
#else
    for (int j = 0; j < PARTS; j++) BITS(storeu)((void *)(dst + PART * j), total[j]);
#endif
}

INLINE void FN(put_means)(u8 *dst, const FN(part) *total, const Division *division) {
#if LEVEL == LEVEL_BASELINE
    for (int j = 0; j < PARTS; j++)
        dst[j] = (u8)(((u32)total[j] * division->multiplier >> 16) >> division->shift);
#else
    const VECTOR multiplier = OP(set1_epi16)((i16)division->multiplier);
    const __m128i shift = _mm_cvtsi32_si128(division->shift);
    for (int j = 0; j < PARTS; j += 2) {
        const VECTOR a = OP(srl_epi16)(OP(mulhi_epu16)(total[j], multiplier), shift);
        const VECTOR b = OP(srl_epi16)(OP(mulhi_epu16)(total[j + 1], multiplier), shift);
#if LEVEL == LEVEL_AVX512
        const VECTOR packed =
            _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), _mm512_packus_epi16(a, b));
#else
        const VECTOR packed = _mm256_permute4x64_epi64(_mm256_packus_epi16(a, b), 0xd8);
#endif
        BITS(storeu)((void *)(dst + PART * j), packed);
    }
#endif
}

/* Sums of `taps` columns `step` apart. From nine on, sums of three serve as terms: 15 is five of them. */
INLINE void FN(small_row)(const u16 *sums, u16 *threes, ptrdiff_t n, ptrdiff_t step, int taps, u8 *dst,
                          const Division *division) {
    FN(part) total[PARTS];
    const int groups = taps < 9 ? 0 : taps / 3;
    if (groups)
        for (ptrdiff_t i = 0; i < n + 3 * step * groups; i += BOX_SMALL_STEP) {
            for (int j = 0; j < PARTS; j++) total[j] = LOAD_PART(sums + i + PART * j);
            FN(add_shifted)(total, sums + i + step, step, 2);
            FN(put_sums)(threes + i, total);
        }
    for (ptrdiff_t i = 0; i < n; i += BOX_SMALL_STEP) {
        u8 last[BOX_SMALL_STEP];
        u8 *to = i + BOX_SMALL_STEP <= n ? dst + i : last;
#if LEVEL == LEVEL_BASELINE
        for (int j = 0; j < PARTS; j++) total[j] = (u16)division->half;
#else
        for (int j = 0; j < PARTS; j++) total[j] = OP(set1_epi16)((i16)division->half);
#endif
        FN(add_shifted)(total, threes + i, 3 * step, groups);
        FN(add_shifted)(total, sums + i + 3 * step * groups, step, taps - 3 * groups);
        FN(put_means)(to, total, division);
        if (to == last) memcpy(dst + i, last, (size_t)(n - i));
    }
}

static int FN(box_small)(const Box *box, const Division *division, ptrdiff_t y0, ptrdiff_t y1) {
    const ptrdiff_t n = box_samples(box), step = box->channels, reach = box->rx * step;
    /* The sums of three go on beyond the last window, by less than a window and a block. */
    const size_t length = (size_t)(n + 2 * reach + 6 * step + 3 * BOX_SMALL_STEP);
    const int taps = (int)(2 * box->rx + 1);
    u16 *sums = calloc(2 * length + (size_t)(n + 1) / 2, sizeof(u16));
    u16 fill_sum[4];
    if (!sums) return 0;
    u16 *threes = sums + length;
    u8 *fill_row = (u8 *)(threes + length);
    fill_samples(fill_row, n, box->fill, 1);
    for (int c = 0; c < 4; c++) fill_sum[c] = (u16)((f64)(2 * box->ry + 1) * box->fill);
    for (ptrdiff_t y = y0; y < y1; y++) {
        FN(next_sums)(box, sums + reach, y, y0, fill_row, 1, 2);
        extend_row(sums + reach, box->width, box->columns, box->rx, box->rx, fill_sum, sizeof(u16) * (size_t)step);
        u8 *dst = box_output(box, y);
        if (taps == 3)
            FN(small_row)(sums, threes, n, step, 3, dst, division);
        else if (taps == 7)
            FN(small_row)(sums, threes, n, step, 7, dst, division);
        else if (taps == 15)
            FN(small_row)(sums, threes, n, step, 15, dst, division);
        else
            FN(small_row)(sums, threes, n, step, taps, dst, division);
    }
    free(sums);
    return 1;
}
#undef PARTS
#undef PART
#undef LOAD_PART
#undef ADD_PARTS
#endif

/* RoIAlign and RoIPool of one block of channels: a box's bins from a map whose pixels are blocks. */
#ifndef LEVEL
#ifndef IMGPROC_ROI_H
#define IMGPROC_ROI_H
#include "simd/roi_blocks.h"
#include <float.h>

/* A box's bins along one axis: bin b reads the places taps[starts[b]] to taps[starts[b + 1]], which are `places` of the
   map, `n` in all. */
typedef struct {
    const i32 *places, *taps;
    const f32 *weights;
    const i64 *starts;
    ptrdiff_t bins, n;
} AlignAxis;

/* A box's bins along one axis: pixels [low, high) of the map each, empty where low >= high. */
typedef struct {
    const i32 *low, *high;
    ptrdiff_t bins;
} PoolAxis;

#define SIMD_SOURCE "simd/roi.h"
#include "simd/levels.h"

/* Averages of the samples in each bin, bins by rows, a block each; `pixels` has `row` blocks to a row of the map, and
   `mixed` room for as many blocks as there are places across. */
DISPATCH(void, align_box,
         (const AlignAxis *down, const AlignAxis *across, const f32 *pixels, ptrdiff_t row, f32 scale, f32 *mixed, f32 *out),
         (down, across, pixels, row, scale, mixed, out))

/* Greatest value of each bin and, where `arg` is given, its pixel y * width + x; 0 and -1 in an empty bin. The block of
   pixel (y, x) is the one numbered (y - y0) * row + x - x0; `mixed` has room for two blocks to a column. */
DISPATCH(void, pool_box,
         (const PoolAxis *down, const PoolAxis *across, const f32 *pixels, ptrdiff_t row, ptrdiff_t y0, ptrdiff_t x0, i32 width, f32 *mixed,
          f32 *out, i32 *arg),
         (down, across, pixels, row, y0, x0, width, mixed, out, arg))
#endif
#else

#if LEVEL == LEVEL_AVX512
#define BYTES 64
#elif LEVEL == LEVEL_AVX2
#define BYTES 32
#else
#define BYTES 16
#endif
#if defined(__GNUC__)
typedef f32 FN(roi_floats) __attribute__((vector_size(BYTES)));
typedef f32 FN(roi_floats_at) __attribute__((vector_size(BYTES), aligned(4), may_alias));
typedef i32 FN(roi_ints) __attribute__((vector_size(BYTES)));
typedef i32 FN(roi_ints_at) __attribute__((vector_size(BYTES), aligned(4), may_alias));
#else
typedef f32 FN(roi_floats), FN(roi_floats_at);
typedef i32 FN(roi_ints), FN(roi_ints_at);
#endif
#undef BYTES
#define FLOATS FN(roi_floats)
#define INTS FN(roi_ints)
#define LANES ((int)(sizeof(FLOATS) / 4))
#define PARTS (BLOCK / LANES)

INLINE FLOATS FN(roi_load)(const f32 *p) { return *(const FN(roi_floats_at) *)(const void *)p; }
INLINE void FN(roi_store)(f32 *p, FLOATS v) { *(FN(roi_floats_at) *)(void *)p = v; }
INLINE INTS FN(roi_load_ints)(const i32 *p) { return *(const FN(roi_ints_at) *)(const void *)p; }
INLINE void FN(roi_store_ints)(i32 *p, INTS v) { *(FN(roi_ints_at) *)(void *)p = v; }

/* `rows` rows mixed into one of the columns that the box reads, or added to what is there. */
INLINE void FN(mix_rows)(const AlignAxis *across, const f32 *const *rows, const f32 *weights, int count, int first, f32 *mixed) {
    for (ptrdiff_t j = 0; j < across->n; j++) {
        const ptrdiff_t at = (ptrdiff_t)across->places[j] * BLOCK;
        for (int part = 0; part < PARTS; part++) {
            f32 *to = mixed + j * BLOCK + part * LANES;
            FLOATS sum = FN(roi_load)(rows[0] + at + part * LANES) * weights[0];
            for (int i = 1; i < count; i++) sum += FN(roi_load)(rows[i] + at + part * LANES) * weights[i];
            FN(roi_store)(to, first ? sum : FN(roi_load)(to) + sum);
        }
    }
}

static void FN(align_box)(const AlignAxis *down, const AlignAxis *across, const f32 *pixels, ptrdiff_t row, f32 scale, f32 *mixed, f32 *out) {
    for (ptrdiff_t b = 0; b < down->bins; b++, out += across->bins * BLOCK) {
        i64 tap = down->starts[b];
        const i64 end = down->starts[b + 1];
        if (tap == end || across->n == 0) {
            memset(out, 0, (size_t)(across->bins * BLOCK) * sizeof *out);
            continue;
        }
        for (int first = 1; tap < end; first = 0) {
            const int count = end - tap < 4 ? (int)(end - tap) : 4;
            const f32 *rows[4], *weights = down->weights + tap;
            for (int i = 0; i < count; i++) rows[i] = pixels + down->places[down->taps[tap + i]] * row * BLOCK;
            if (count == 4)
                FN(mix_rows)(across, rows, weights, 4, first, mixed);
            else if (count == 3)
                FN(mix_rows)(across, rows, weights, 3, first, mixed);
            else if (count == 2)
                FN(mix_rows)(across, rows, weights, 2, first, mixed);
            else
                FN(mix_rows)(across, rows, weights, 1, first, mixed);
            tap += count;
        }
        for (ptrdiff_t a = 0; a < across->bins; a++) {
            FLOATS sums[PARTS];
            for (int part = 0; part < PARTS; part++) sums[part] = (FLOATS){0};
            for (i64 t = across->starts[a]; t < across->starts[a + 1]; t++)
                for (int part = 0; part < PARTS; part++)
                    sums[part] += FN(roi_load)(mixed + across->taps[t] * BLOCK + part * LANES) * across->weights[t];
            for (int part = 0; part < PARTS; part++) FN(roi_store)(out + a * BLOCK + part * LANES, sums[part] * scale);
        }
    }
}

/* The larger; b where a is NaN. */
INLINE FLOATS FN(larger)(FLOATS a, FLOATS b) {
#if LEVEL == LEVEL_AVX512
    return (FLOATS)_mm512_max_ps((__m512)a, (__m512)b);
#elif LEVEL == LEVEL_AVX2
    return (FLOATS)_mm256_max_ps((__m256)a, (__m256)b);
#elif defined(SIMD_X86)
    return (FLOATS)_mm_max_ps((__m128)a, (__m128)b);
#elif defined(__GNUC__)
    const INTS where = a > b;
    return (FLOATS)((where & (INTS)a) | (~where & (INTS)b));
#else
    return a > b ? a : b;
#endif
}

/* Value and pixel of a where it is larger and, if `ties`, where it is as large and comes first. */
INLINE void FN(keep_larger)(FLOATS a, INTS from, int ties, FLOATS *best, INTS *at) {
#if LEVEL == LEVEL_AVX512
    __mmask16 where = _mm512_cmp_ps_mask((__m512)a, (__m512)*best, _CMP_GT_OQ);
    if (ties)
        where |= _mm512_cmp_ps_mask((__m512)a, (__m512)*best, _CMP_EQ_OQ) & _mm512_cmplt_epi32_mask((__m512i)from, (__m512i)*at);
    *best = (FLOATS)_mm512_mask_mov_ps((__m512)*best, where, (__m512)a);
    *at = (INTS)_mm512_mask_mov_epi32((__m512i)*at, where, (__m512i)from);
#elif defined(__GNUC__)
    INTS where = a > *best;
    if (ties) where |= (a == *best) & (from < *at);
    *best = (FLOATS)((where & (INTS)a) | (~where & (INTS)*best));
    *at = (where & from) | (~where & *at);
#else
    const int where = a > *best || (ties && a == *best && from < *at);
    *best = where ? a : *best, *at = where ? from : *at;
#endif
}

#define LOWEST ((FLOATS){0} - FLT_MAX)

/* The greatest of `rows` of each column and, behind all of them, their pixels if `with_arg`; the first one is `pixel`. */
INLINE void FN(pool_rows)(const f32 *pixels, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t columns, i32 pixel, i32 width, int with_arg, f32 *mixed) {
    i32 *args = (i32 *)(void *)(mixed + columns * BLOCK);
    for (ptrdiff_t x = 0; x < columns; x++) {
        FLOATS best[PARTS];
        INTS at[PARTS];
        for (int part = 0; part < PARTS; part++) best[part] = LOWEST, at[part] = (INTS){0} - 1;
        const f32 *from = pixels + x * BLOCK;
        i32 here = pixel + (i32)x;
        for (ptrdiff_t y = 0; y < rows; y++, from += row * BLOCK, here += width)
            for (int part = 0; part < PARTS; part++) {
                const FLOATS v = FN(roi_load)(from + part * LANES);
                if (with_arg)
                    FN(keep_larger)(v, (INTS){0} + here, 0, &best[part], &at[part]);
                else
                    best[part] = FN(larger)(v, best[part]);
            }
        for (int part = 0; part < PARTS; part++) {
            FN(roi_store)(mixed + x * BLOCK + part * LANES, best[part]);
            if (with_arg) FN(roi_store_ints)(args + x * BLOCK + part * LANES, at[part]);
        }
    }
}

INLINE void FN(pool_columns)(const f32 *mixed, ptrdiff_t columns, ptrdiff_t low, ptrdiff_t high, int with_arg, f32 *out, i32 *arg) {
    const i32 *args = (const i32 *)(const void *)(mixed + columns * BLOCK);
    for (int part = 0; part < PARTS; part++) {
        FLOATS best = LOWEST;
        INTS at = (INTS){0} - 1;
        for (ptrdiff_t x = low; x < high; x++) {
            const FLOATS v = FN(roi_load)(mixed + x * BLOCK + part * LANES);
            if (with_arg)
                FN(keep_larger)(v, FN(roi_load_ints)(args + x * BLOCK + part * LANES), 1, &best, &at);
            else
                best = FN(larger)(v, best);
        }
        FN(roi_store)(out + part * LANES, low < high ? best : (FLOATS){0});
        if (with_arg) FN(roi_store_ints)(arg + part * LANES, at);
    }
}

INLINE void FN(pool_bins)(const PoolAxis *down, const PoolAxis *across, const f32 *pixels, ptrdiff_t row, ptrdiff_t y0, ptrdiff_t x0, i32 width,
                          int with_arg, f32 *mixed, f32 *out, i32 *arg) {
    const ptrdiff_t left = across->low[0], columns = across->high[across->bins - 1] - left;
    for (ptrdiff_t b = 0; b < down->bins; b++) {
        const ptrdiff_t top = down->low[b], rows = down->high[b] - top, done = b * across->bins * BLOCK;
        if (rows <= 0 || columns <= 0) {
            memset(out + done, 0, (size_t)(across->bins * BLOCK) * sizeof *out);
            if (with_arg) memset(arg + done, 0xff, (size_t)(across->bins * BLOCK) * sizeof *arg);
            continue;
        }
        const f32 *from = pixels + ((top - y0) * row + left - x0) * BLOCK;
        FN(pool_rows)(from, row, rows, columns, (i32)(top * width + left), width, with_arg, mixed);
        for (ptrdiff_t a = 0; a < across->bins; a++)
            FN(pool_columns)
            (mixed, columns, across->low[a] - left, across->high[a] - left, with_arg, out + done + a * BLOCK, with_arg ? arg + done + a * BLOCK : NULL);
    }
}

static void FN(pool_box)(const PoolAxis *down, const PoolAxis *across, const f32 *pixels, ptrdiff_t row, ptrdiff_t y0, ptrdiff_t x0, i32 width,
                         f32 *mixed, f32 *out, i32 *arg) {
    if (arg)
        FN(pool_bins)(down, across, pixels, row, y0, x0, width, 1, mixed, out, arg);
    else
        FN(pool_bins)(down, across, pixels, row, y0, x0, width, 0, mixed, out, arg);
}

#undef FLOATS
#undef INTS
#undef LANES
#undef PARTS
#undef LOWEST
#endif

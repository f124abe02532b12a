/* The work of median_histogram.h, with counts of one width: included there for NARROW 1 and 0. */

#if NARROW
#define SWEEP(name) FN(name##_narrow)
#define COUNT u8
#define TOTAL u16
#else
#define SWEEP(name) FN(name##_wide)
#define COUNT u16
#define TOTAL u32
#endif

#include "simd/median_totals.h"

/* Adds a sample to sixteen cumulative bins, or takes it away; it is in the bin that stands `from` before the sixteenth. */
INLINE void SWEEP(median_count)(COUNT *bins, int from, int add) {
    static const COUNT step[2 * MEDIAN_BINS] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                                1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
#if LEVEL > LEVEL_BASELINE && NARROW
    const __m128i old = _mm_load_si128((const void *)bins), one = _mm_loadu_si128((const void *)(step + from));
    _mm_store_si128((void *)bins, add ? _mm_add_epi8(old, one) : _mm_sub_epi8(old, one));
#elif LEVEL > LEVEL_BASELINE
    const __m256i old = _mm256_load_si256((const void *)bins), one = _mm256_loadu_si256((const void *)(step + from));
    _mm256_store_si256((void *)bins, add ? _mm256_add_epi16(old, one) : _mm256_sub_epi16(old, one));
#else
    for (int i = 0; i < MEDIAN_BINS; i++) bins[i] = (COUNT)(add ? bins[i] + step[from + i] : bins[i] - step[from + i]);
#endif
}

/* Samples of some columns by their fine histograms: where those stand, and `from` of median_count. Found for many at once,
   because that takes a vector instruction for each of the steps that a single one would take. */
typedef struct {
    i32 at[MEDIAN_PART];
    u8 from[MEDIAN_PART];
} SWEEP(median_places);

INLINE void SWEEP(median_place)(const u8 *line, ptrdiff_t n, ptrdiff_t plane, SWEEP(median_places) *places) {
    const i32 away = (i32)plane;
    for (ptrdiff_t x = 0; x < n; x++) {
        places->at[x] = (line[x] >> 4) * away + (i32)x * MEDIAN_BINS;
        places->from[x] = (u8)(MEDIAN_BINS - (line[x] & 15));
    }
}

/* Coarse histograms of n columns: `line` enters, and `old` leaves if there is one. */
INLINE void SWEEP(median_coarse)(const u8 *line, const u8 *old, ptrdiff_t n, COUNT *coarse) {
    ptrdiff_t x = 0;
#if LEVEL > LEVEL_BASELINE && NARROW
    /* Bin b of a column counts the samples up to b, so it changes by [b < step of old] - [b < step of line]. */
    const VECTOR bins = FN(every_lane)(_mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    enum { AT_ONCE = sizeof(VECTOR) / MEDIAN_BINS };
    for (; old && x + 16 <= n; x += 16) {
        const __m128i low = _mm_set1_epi8(15);
        const __m128i entering = _mm_and_si128(_mm_srli_epi16(_mm_loadu_si128((const void *)(line + x)), 4), low);
        const __m128i leaving = _mm_and_si128(_mm_srli_epi16(_mm_loadu_si128((const void *)(old + x)), 4), low);
        const VECTOR in = FN(every_lane)(entering), gone = FN(every_lane)(leaving);
        for (int i = 0; i < 16; i += AT_ONCE) {
            void *counts = coarse + (x + i) * MEDIAN_BINS;
            VECTOR column = FN(median_lanes)(i), found = BITS(loadu)(counts);
            const VECTOR a = OP(shuffle_epi8)(in, column), b = OP(shuffle_epi8)(gone, column);
#if LEVEL == LEVEL_AVX512
            found = _mm512_mask_add_epi8(found, _mm512_cmpgt_epi8_mask(b, bins), found, _mm512_set1_epi8(1));
            found = _mm512_mask_add_epi8(found, _mm512_cmpgt_epi8_mask(a, bins), found, _mm512_set1_epi8(-1));
#else
            found = _mm256_sub_epi8(found, _mm256_cmpgt_epi8(b, bins));
            found = _mm256_add_epi8(found, _mm256_cmpgt_epi8(a, bins));
#endif
            BITS(storeu)(counts, found);
        }
    }
#endif
    for (; x < n; x++) {
        if (old) SWEEP(median_count)(coarse + x * MEDIAN_BINS, MEDIAN_BINS - (old[x] >> 4), 0);
        SWEEP(median_count)(coarse + x * MEDIAN_BINS, MEDIAN_BINS - (line[x] >> 4), 1);
    }
}

/* One row of samples enters the columns, and one leaves if there is one. */
INLINE void SWEEP(median_exchange)(const u8 *line, const u8 *old, ptrdiff_t n, COUNT *fine, ptrdiff_t plane, COUNT *coarse) {
    SWEEP(median_places) in, gone;
    for (ptrdiff_t first = 0, count; first < n; first += count) {
        COUNT *bins = fine + first * MEDIAN_BINS;
        count = n - first < MEDIAN_PART ? n - first : MEDIAN_PART;
        SWEEP(median_place)(line + first, count, plane, &in);
        if (old) {
            SWEEP(median_place)(old + first, count, plane, &gone);
            for (ptrdiff_t x = 0; x < count; x++) {
                SWEEP(median_count)(bins + gone.at[x], gone.from[x], 0);
                SWEEP(median_count)(bins + in.at[x], in.from[x], 1);
            }
        } else {
            for (ptrdiff_t x = 0; x < count; x++) SWEEP(median_count)(bins + in.at[x], in.from[x], 1);
        }
    }
    SWEEP(median_coarse)(line, old, n, coarse);
}

INLINE TOTALS SWEEP(median_move)(TOTALS totals, const COUNT *entering, const COUNT *leaving) {
    return SWEEP(median_sum)(totals, SWEEP(median_difference)(SWEEP(median_counts)(entering), SWEEP(median_counts)(leaving)));
}

/* For each pixel of a row the step that holds the median, and how many samples up to the median are in that step. Pixel x
   has the columns x to x + 2 rx. */
INLINE void SWEEP(median_steps)(const COUNT *coarse, ptrdiff_t rx, ptrdiff_t n, TOTAL half, u8 *steps, TOTAL *rests) {
    const COUNT *entering = coarse + 2 * rx * MEDIAN_BINS;
    TOTAL below[2 * MEDIAN_BINS];
    TOTALS window = SWEEP(median_zero)();
    memset(below, 0, sizeof below);
    for (ptrdiff_t c = 0; c < 2 * rx; c++) window = SWEEP(median_sum)(window, SWEEP(median_counts)(coarse + c * MEDIAN_BINS));
    for (ptrdiff_t x = 0; x < n; x++) {
        window = SWEEP(median_sum)(window, SWEEP(median_counts)(entering + x * MEDIAN_BINS));
        SWEEP(median_keep)(below + MEDIAN_BINS, window);
        const int step = SWEEP(median_not_above)(window, half);
        steps[x] = (u8)step;
        rests[x] = (TOTAL)(half - below[MEDIAN_BINS + step - 1]);
        window = SWEEP(median_difference)(window, SWEEP(median_counts)(coarse + x * MEDIAN_BINS));
    }
}

/* The medians along a row, `channels` apart. */
INLINE void SWEEP(median_along)(const COUNT *fine, ptrdiff_t plane, ptrdiff_t rx, ptrdiff_t n, int channels, const u8 *steps,
                                const TOTAL *rests, u8 *out) {
    const ptrdiff_t across = 2 * rx + 1;
    TOTAL kept[MEDIAN_BINS][MEDIAN_BINS];
    ptrdiff_t reached[MEDIAN_BINS]; /* the first pixel that the kept histogram does not know */
    for (int i = 0; i < MEDIAN_BINS; i++) reached[i] = -across;
    for (ptrdiff_t x = 0; x < n;) {
        const int step = steps[x];
        const COUNT *column = fine + step * plane, *entering = column + (across - 1) * MEDIAN_BINS;
        TOTALS values;
        if (2 * (x - reached[step]) < across) {
            values = SWEEP(median_kept)(kept[step]);
            for (ptrdiff_t missed = reached[step]; missed <= x; missed++)
                values = SWEEP(median_move)(values, entering + missed * MEDIAN_BINS, column + (missed - 1) * MEDIAN_BINS);
        } else {
            values = SWEEP(median_zero)();
            for (ptrdiff_t c = x; c < x + across; c++)
                values = SWEEP(median_sum)(values, SWEEP(median_counts)(column + c * MEDIAN_BINS));
        }
        for (;;) {
            out[x * channels] = (u8)(step * MEDIAN_BINS + SWEEP(median_not_above)(values, rests[x]));
            if (++x == n || steps[x] != step) break;
            values = SWEEP(median_move)(values, entering + x * MEDIAN_BINS, column + (x - 1) * MEDIAN_BINS);
        }
        SWEEP(median_keep)(kept[step], values);
        reached[step] = x;
    }
}

/* One channel: src and dst are its first samples, and pixels stand `channels` apart. */
static int SWEEP(median_sweep)(const u8 *src, ptrdiff_t src_stride, u8 *dst, ptrdiff_t dst_stride, ptrdiff_t pixels, int channels,
                               ptrdiff_t ry, ptrdiff_t rx, const i64 *rows, const i64 *columns, u8 fill, ptrdiff_t y0,
                               ptrdiff_t y1) {
    /* Strips overlap by 2 rx columns. */
    const ptrdiff_t wanted = 16 * rx > MEDIAN_COLUMNS ? 16 * rx : MEDIAN_COLUMNS;
    const ptrdiff_t most = pixels < wanted + wanted / 2 ? pixels : wanted, all = most + 2 * rx;
    /* The fine histograms of a step are together, and those of the steps apart in the sets of the cache. */
    const ptrdiff_t page = 4096 / (ptrdiff_t)sizeof(COUNT);
    const ptrdiff_t plane = (all * MEDIAN_BINS + page - 1) / page * page + 320 / (ptrdiff_t)sizeof(COUNT);
    const size_t counts = (size_t)(MEDIAN_BINS * plane + all * MEDIAN_BINS);
    const TOTAL half = (TOTAL)((2 * ry + 1) * (2 * rx + 1) / 2);
    char *work = (char *)malloc(counts * sizeof(COUNT) + (size_t)most * (sizeof(TOTAL) + 1) + 2 * (size_t)all + 64);
    if (!work) return -1;
    COUNT *fine = (COUNT *)(work + (64 - (uintptr_t)work % 64)), *coarse = fine + MEDIAN_BINS * plane;
    TOTAL *rests = (TOTAL *)(coarse + all * MEDIAN_BINS);
    u8 *steps = (u8 *)(rests + most), *line = steps + most, *old = line + all;
    for (ptrdiff_t x = 0, n; x < pixels; x += n) {
        n = pixels - x < most ? pixels - x : most;
        const ptrdiff_t count = n + 2 * rx;
#define FETCH(position, to) \
    median_fetch((const u8 *)row_at(src, src_stride, rows, position, NULL), pixels, channels, columns, rx, fill, x - rx, count, to)
        memset(fine, 0, counts * sizeof(COUNT));
        for (ptrdiff_t y = y0; y <= y0 + 2 * ry; y++) {
            FETCH(y, line);
            SWEEP(median_exchange)(line, NULL, count, fine, plane, coarse);
        }
        for (ptrdiff_t y = y0;; y++) {
            SWEEP(median_steps)(coarse, rx, n, half, steps, rests);
            SWEEP(median_along)(fine, plane, rx, n, channels, steps, rests, dst + y * dst_stride + x * channels);
            if (y + 1 == y1) break;
            FETCH(y, old);
            FETCH(y + 1 + 2 * ry, line);
            SWEEP(median_exchange)(line, old, count, fine, plane, coarse);
        }
#undef FETCH
    }
    free(work);
    return 0;
}

#undef SWEEP
#undef COUNT
#undef TOTAL
#undef TOTALS

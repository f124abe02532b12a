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

#if LEVEL > LEVEL_BASELINE && NARROW
typedef __m256i SWEEP(median_totals);
#define TOTALS SWEEP(median_totals)

INLINE TOTALS SWEEP(median_counts)(const COUNT *counts) {
    return _mm256_cvtepu8_epi16(_mm_load_si128((const void *)counts));
}
INLINE TOTALS SWEEP(median_zero)(void) { return _mm256_setzero_si256(); }
INLINE TOTALS SWEEP(median_sum)(TOTALS a, TOTALS b) { return _mm256_add_epi16(a, b); }
INLINE TOTALS SWEEP(median_difference)(TOTALS a, TOTALS b) { return _mm256_sub_epi16(a, b); }
INLINE int SWEEP(median_not_above)(TOTALS a, TOTAL half) {
    const __m256i least = _mm256_min_epu16(a, _mm256_set1_epi16((i16)half));
    return __builtin_popcount((u32)_mm256_movemask_epi8(_mm256_cmpeq_epi16(least, a))) >> 1;
}
INLINE void SWEEP(median_keep)(TOTAL *totals, TOTALS a) { _mm256_storeu_si256((void *)totals, a); }
INLINE TOTALS SWEEP(median_kept)(const TOTAL *totals) { return _mm256_loadu_si256((const void *)totals); }
#elif LEVEL > LEVEL_BASELINE
typedef struct {
    __m256i low, high;
} SWEEP(median_totals);
#define TOTALS SWEEP(median_totals)

INLINE TOTALS SWEEP(median_counts)(const COUNT *counts) {
    const TOTALS t = {_mm256_cvtepu16_epi32(_mm_load_si128((const void *)counts)),
                      _mm256_cvtepu16_epi32(_mm_load_si128((const void *)(counts + 8)))};
    return t;
}
INLINE TOTALS SWEEP(median_zero)(void) {
    const TOTALS t = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    return t;
}
INLINE TOTALS SWEEP(median_sum)(TOTALS a, TOTALS b) {
    const TOTALS t = {_mm256_add_epi32(a.low, b.low), _mm256_add_epi32(a.high, b.high)};
    return t;
}
INLINE TOTALS SWEEP(median_difference)(TOTALS a, TOTALS b) {
    const TOTALS t = {_mm256_sub_epi32(a.low, b.low), _mm256_sub_epi32(a.high, b.high)};
    return t;
}
INLINE int SWEEP(median_not_above)(TOTALS a, TOTAL half) {
    const __m256i most = _mm256_set1_epi32((i32)half);
    const __m256i low = _mm256_cmpeq_epi32(_mm256_min_epu32(a.low, most), a.low);
    const __m256i high = _mm256_cmpeq_epi32(_mm256_min_epu32(a.high, most), a.high);
    return __builtin_popcount((u32)_mm256_movemask_epi8(_mm256_packs_epi32(low, high))) >> 1;
}
INLINE void SWEEP(median_keep)(TOTAL *totals, TOTALS a) {
    _mm256_storeu_si256((void *)totals, a.low);
    _mm256_storeu_si256((void *)(totals + 8), a.high);
}
INLINE TOTALS SWEEP(median_kept)(const TOTAL *totals) {
    const TOTALS t = {_mm256_loadu_si256((const void *)totals), _mm256_loadu_si256((const void *)(totals + 8))};
    return t;
}
#else
typedef struct {
    TOTAL bins[MEDIAN_BINS];
} SWEEP(median_totals);
#define TOTALS SWEEP(median_totals)

INLINE TOTALS SWEEP(median_counts)(const COUNT *counts) {
    TOTALS t;
    for (int i = 0; i < MEDIAN_BINS; i++) t.bins[i] = counts[i];
    return t;
}
INLINE TOTALS SWEEP(median_zero)(void) {
    TOTALS t;
    memset(&t, 0, sizeof t);
    return t;
}
INLINE TOTALS SWEEP(median_sum)(TOTALS a, TOTALS b) {
    for (int i = 0; i < MEDIAN_BINS; i++) a.bins[i] = (TOTAL)(a.bins[i] + b.bins[i]);
    return a;
}
INLINE TOTALS SWEEP(median_difference)(TOTALS a, TOTALS b) {
    for (int i = 0; i < MEDIAN_BINS; i++) a.bins[i] = (TOTAL)(a.bins[i] - b.bins[i]);
    return a;
}
INLINE int SWEEP(median_not_above)(TOTALS a, TOTAL half) {
    int count = 0;
    for (int i = 0; i < MEDIAN_BINS; i++) count += a.bins[i] <= half;
    return count;
}
INLINE void SWEEP(median_keep)(TOTAL *totals, TOTALS a) { memcpy(totals, &a, sizeof a); }
INLINE TOTALS SWEEP(median_kept)(const TOTAL *totals) {
    TOTALS t;
    memcpy(&t, totals, sizeof t);
    return t;
}
#endif

/* Adds a sample to sixteen cumulative bins, or takes it away, `low` being its bin. */
INLINE void SWEEP(median_count)(COUNT *bins, int bin, int add) {
    static const COUNT step[2 * MEDIAN_BINS] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                                1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    const COUNT *from = step + MEDIAN_BINS - bin;
#if LEVEL > LEVEL_BASELINE && NARROW
    const __m128i old = _mm_load_si128((const void *)bins), one = _mm_loadu_si128((const void *)from);
    _mm_store_si128((void *)bins, add ? _mm_add_epi8(old, one) : _mm_sub_epi8(old, one));
#elif LEVEL > LEVEL_BASELINE
    const __m256i old = _mm256_load_si256((const void *)bins), one = _mm256_loadu_si256((const void *)from);
    _mm256_store_si256((void *)bins, add ? _mm256_add_epi16(old, one) : _mm256_sub_epi16(old, one));
#else
    for (int i = 0; i < MEDIAN_BINS; i++) bins[i] = (COUNT)(add ? bins[i] + from[i] : bins[i] - from[i]);
#endif
}

/* One row of samples enters the columns. */
INLINE void SWEEP(median_enter)(const u8 *line, ptrdiff_t n, COUNT *fine, ptrdiff_t plane, COUNT *coarse) {
    for (ptrdiff_t x = 0; x < n; x++) {
        SWEEP(median_count)(fine + (line[x] >> 4) * plane + x * MEDIAN_BINS, line[x] & 15, 1);
        SWEEP(median_count)(coarse + x * MEDIAN_BINS, line[x] >> 4, 1);
    }
}

/* One row enters and one leaves. */
INLINE void SWEEP(median_exchange)(const u8 *line, const u8 *old, ptrdiff_t n, COUNT *fine, ptrdiff_t plane, COUNT *coarse) {
    for (ptrdiff_t x = 0; x < n; x++) {
        SWEEP(median_count)(fine + (old[x] >> 4) * plane + x * MEDIAN_BINS, old[x] & 15, 0);
        SWEEP(median_count)(fine + (line[x] >> 4) * plane + x * MEDIAN_BINS, line[x] & 15, 1);
        SWEEP(median_count)(coarse + x * MEDIAN_BINS, old[x] >> 4, 0);
        SWEEP(median_count)(coarse + x * MEDIAN_BINS, line[x] >> 4, 1);
    }
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
    const ptrdiff_t wanted = 2 * rx > MEDIAN_COLUMNS ? 2 * rx : MEDIAN_COLUMNS;
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
            SWEEP(median_enter)(line, count, fine, plane, coarse);
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

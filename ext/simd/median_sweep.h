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

/* One row of samples enters the columns or leaves them; four channels have three colours. */
INLINE void SWEEP(median_count_row)(const u8 *line, ptrdiff_t n, int channels, int add, COUNT *fine, COUNT *coarse) {
    for (ptrdiff_t x = 0; x < n; x++, fine += MEDIAN_BINS * MEDIAN_BINS, coarse += MEDIAN_BINS) {
        if (channels == 4 && x % 4 == 3) continue;
        SWEEP(median_count)(fine + (line[x] & 0xf0), line[x] & 15, add);
        SWEEP(median_count)(coarse, line[x] >> 4, add);
    }
}

/* The medians of one channel along a row; pixel x has the columns x to x + 2 rx, which stand `channels` apart. */
INLINE void SWEEP(median_along)(const COUNT *fine, const COUNT *coarse, ptrdiff_t rx, ptrdiff_t n, int channels, TOTAL half, u8 *out) {
    const ptrdiff_t across = 2 * rx + 1;
    const ptrdiff_t fine_step = (ptrdiff_t)channels * MEDIAN_BINS * MEDIAN_BINS, coarse_step = (ptrdiff_t)channels * MEDIAN_BINS;
    TOTAL kept[MEDIAN_BINS][MEDIAN_BINS], below[2 * MEDIAN_BINS];
    ptrdiff_t reached[MEDIAN_BINS]; /* the first pixel that the kept histogram does not know */
    TOTALS window = SWEEP(median_zero)(), values = window;
    int current = -1;
    memset(below, 0, sizeof below);
    for (int i = 0; i < MEDIAN_BINS; i++) reached[i] = -across;
    for (ptrdiff_t c = 0; c < across - 1; c++) window = SWEEP(median_sum)(window, SWEEP(median_counts)(coarse + c * coarse_step));
    for (ptrdiff_t x = 0; x < n; x++) {
        window = SWEEP(median_sum)(window, SWEEP(median_counts)(coarse + (x + across - 1) * coarse_step));
        SWEEP(median_keep)(below + MEDIAN_BINS, window);
        const int high = SWEEP(median_not_above)(window, half);
        const COUNT *column = fine + high * MEDIAN_BINS;
        ptrdiff_t missed = x;
        if (high != current) {
            if (current >= 0) {
                SWEEP(median_keep)(kept[current], values);
                reached[current] = x;
            }
            current = high;
            if (2 * (x - reached[high]) < across) {
                values = SWEEP(median_kept)(kept[high]);
                missed = reached[high];
            } else {
                values = SWEEP(median_zero)();
                for (; missed < x + across; missed++)
                    values = SWEEP(median_sum)(values, SWEEP(median_counts)(column + missed * fine_step));
            }
        }
        for (; missed <= x; missed++)
            values = SWEEP(median_sum)(values, SWEEP(median_difference)(SWEEP(median_counts)(column + (missed + across - 1) * fine_step),
                                                                        SWEEP(median_counts)(column + (missed - 1) * fine_step)));
        const TOTAL rest = (TOTAL)(half - below[MEDIAN_BINS + high - 1]);
        out[x * channels] = (u8)(high * MEDIAN_BINS + SWEEP(median_not_above)(values, rest));
        window = SWEEP(median_difference)(window, SWEEP(median_counts)(coarse + x * coarse_step));
    }
}

static int SWEEP(median_sweep)(const u8 *src, ptrdiff_t src_stride, u8 *dst, ptrdiff_t dst_stride, ptrdiff_t width, int channels,
                               ptrdiff_t ry, ptrdiff_t rx, const i64 *rows, const i64 *columns, u8 fill, ptrdiff_t y0,
                               ptrdiff_t y1) {
    const ptrdiff_t halo = rx * channels, wanted = 2 * halo > MEDIAN_COLUMNS ? 2 * halo : MEDIAN_COLUMNS;
    const ptrdiff_t most = width < wanted + wanted / 2 ? width : wanted / channels * channels;
    const ptrdiff_t all = most + 2 * halo, bins = MEDIAN_BINS * MEDIAN_BINS;
    const TOTAL half = (TOTAL)((2 * ry + 1) * (2 * rx + 1) / 2);
    char *work = (char *)malloc((size_t)all * sizeof(COUNT) * (size_t)(bins + MEDIAN_BINS) + (size_t)all + 64);
    if (!work) return -1;
    COUNT *fine = (COUNT *)(work + (64 - (uintptr_t)work % 64)), *coarse = fine + all * bins;
    u8 *line = (u8 *)(coarse + all * MEDIAN_BINS);
    for (ptrdiff_t x = 0, n; x < width; x += n) {
        n = width - x < most ? width - x : most;
        const ptrdiff_t count = n + 2 * halo;
#define FETCH(position) \
    median_fetch((const u8 *)row_at(src, src_stride, rows, position, NULL), width, channels, columns, halo, fill, x - halo, count, line)
        memset(fine, 0, (size_t)(count * bins) * sizeof(COUNT));
        memset(coarse, 0, (size_t)(count * MEDIAN_BINS) * sizeof(COUNT));
        for (ptrdiff_t y = y0; y < y0 + 2 * ry; y++) {
            FETCH(y);
            SWEEP(median_count_row)(line, count, channels, 1, fine, coarse);
        }
        for (ptrdiff_t y = y0; y < y1; y++) {
            FETCH(y + 2 * ry);
            SWEEP(median_count_row)(line, count, channels, 1, fine, coarse);
            u8 *out = dst + y * dst_stride + x;
            for (int c = 0; c < (channels == 4 ? 3 : channels); c++)
                SWEEP(median_along)(fine + c * bins, coarse + c * MEDIAN_BINS, rx, n / channels, channels, half, out + c);
            if (y + 1 == y1) break;
            FETCH(y);
            SWEEP(median_count_row)(line, count, channels, 0, fine, coarse);
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

/* Sixteen cumulative counts of a window, included by median_sweep.h: TOTALS in registers, of type TOTAL, from the counts of
   columns, of type COUNT. */

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
    const __m256i most = _mm256_set1_epi16((i16)half);
#if LEVEL == LEVEL_AVX512
    return __builtin_popcount(_mm256_cmple_epu16_mask(a, most));
#else
    return __builtin_popcount((u32)_mm256_movemask_epi8(_mm256_cmpeq_epi16(_mm256_min_epu16(a, most), a))) >> 1;
#endif
}
INLINE void SWEEP(median_keep)(TOTAL *totals, TOTALS a) { _mm256_storeu_si256((void *)totals, a); }
INLINE TOTALS SWEEP(median_kept)(const TOTAL *totals) { return _mm256_loadu_si256((const void *)totals); }
#elif LEVEL == LEVEL_AVX512
typedef __m512i SWEEP(median_totals);
#define TOTALS SWEEP(median_totals)

INLINE TOTALS SWEEP(median_counts)(const COUNT *counts) {
    return _mm512_cvtepu16_epi32(_mm256_load_si256((const void *)counts));
}
INLINE TOTALS SWEEP(median_zero)(void) { return _mm512_setzero_si512(); }
INLINE TOTALS SWEEP(median_sum)(TOTALS a, TOTALS b) { return _mm512_add_epi32(a, b); }
INLINE TOTALS SWEEP(median_difference)(TOTALS a, TOTALS b) { return _mm512_sub_epi32(a, b); }
INLINE int SWEEP(median_not_above)(TOTALS a, TOTAL half) {
    return __builtin_popcount(_mm512_cmple_epu32_mask(a, _mm512_set1_epi32((i32)half)));
}
INLINE void SWEEP(median_keep)(TOTAL *totals, TOTALS a) { _mm512_storeu_si512((void *)totals, a); }
INLINE TOTALS SWEEP(median_kept)(const TOTAL *totals) { return _mm512_loadu_si512((const void *)totals); }
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

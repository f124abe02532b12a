/* Contrast-limited equalisation of one tile: counts of its samples, and the table that they make. */
#ifndef LEVEL
#ifndef IMGPROC_CLAHE_TABLES_H
#define IMGPROC_CLAHE_TABLES_H
#include "simd/common.h"

/* Count tables of the 8-bit samples: neighbours are mostly equal, and must not wait for each other. In small tiles
   clearing and summing the tables takes longer than the waiting. */
#define CLAHE_COPIES 4
INLINE int clahe_copies(ptrdiff_t pixels) { return pixels < 512 ? 1 : CLAHE_COPIES; }

/* How the pixels above the limit are shared out: `batch` to every bin, then one to each `step`-th bin until `rest` are gone. */
typedef struct {
    u32 limit, batch, rest, step;
    f64 scale;
} clahe_sharing;

INLINE u32 clahe_limit(f64 clip, u32 pixels, u32 bins) {
    f64 limit = clip * pixels / bins;
    if (clip <= 0 || limit >= pixels) return pixels;
    return limit < 1 ? 1 : (u32)limit;
}

INLINE clahe_sharing clahe_share(u32 limit, u32 clipped, u32 pixels, u32 bins) {
    clahe_sharing share = {limit, clipped / bins, clipped % bins, 1, (f64)(bins - 1) / pixels};
    if (share.rest) share.step = bins / share.rest;
    return share;
}

/* Asks for the n bytes at p: the rows of a tile are too short to be seen as a stream. */
INLINE void clahe_fetch(const void *p, ptrdiff_t n) {
#if defined(__GNUC__)
    for (ptrdiff_t i = 0; i < n; i += 64) __builtin_prefetch((const char *)p + i);
#else
    (void)p, (void)n;
#endif
}

#define SIMD_SOURCE "simd/clahe_tables.h"
#include "simd/levels.h"

/* Adds n samples to 1 or CLAHE_COPIES tables of 256 counts. */
DISPATCH(void, clahe_count_u8, (const u8 *src, ptrdiff_t n, u32 *counts, int copies), (src, n, counts, copies))
/* Adds n samples to 65536 counts. */
DISPATCH(void, clahe_count_u16, (const u16 *src, ptrdiff_t n, u32 *counts), (src, n, counts))
/* The table of a tile of `pixels` < 2^31 samples; the count tables are summed into the first. */
DISPATCH(void, clahe_table_u8, (u32 *counts, int copies, u32 pixels, f64 clip, u8 *table), (counts, copies, pixels, clip, table))
/* The same for entries first..last, which hold all samples; a tile without any gets the identity. */
DISPATCH(void, clahe_table_u16, (const u32 *counts, u32 pixels, f64 clip, u32 first, u32 last, u16 *table), (counts, pixels, clip, first, last, table))
/* 16-bit codes rint(65535 clip(v, 0, 1)); NaN gets code 0. */
DISPATCH(void, clahe_codes, (const f32 *src, u16 *codes, ptrdiff_t n), (src, codes, n))
/* The codes of all samples but NaN; returns how many. */
DISPATCH(ptrdiff_t, clahe_numbers, (const f32 *src, u16 *codes, ptrdiff_t n), (src, codes, n))
/* Lowers *low and raises *high to the extremes of n samples. */
DISPATCH(void, clahe_extremes, (const u16 *src, ptrdiff_t n, u16 *low, u16 *high), (src, n, low, high))
#endif

#else

static void FN(clahe_count_u8)(const u8 *src, ptrdiff_t n, u32 *counts, int copies) {
    ptrdiff_t i = 0;
    if (copies == 1) {
        for (; i < n; i++) counts[src[i]]++;
        return;
    }
    for (; i + CLAHE_COPIES <= n; i += CLAHE_COPIES)
        for (int k = 0; k < CLAHE_COPIES; k++) counts[256 * k + src[i + k]]++;
    for (; i < n; i++) counts[src[i]]++;
}

static void FN(clahe_count_u16)(const u16 *src, ptrdiff_t n, u32 *counts) {
    for (ptrdiff_t i = 0; i < n; i++) counts[src[i]]++;
}

/* rint(sum * scale), halves to even. The product is within 2^-36 of the exact quotient, and no quotient that is not
   a half lies nearer than 2^-32 to one: rounding to multiples of 2^-32 first restores the halves. */
INLINE i32 FN(clahe_level)(u32 sum, f64 scale) {
    const f64 fine = 1.5 * (1 << 20), whole = 6755399441055744.0; /* 1.5 * 2^20, 1.5 * 2^52: their last bits are 2^-32 and 1 */
    f64 level = (f64)(i32)sum * scale;
    level = (level + fine) - fine;
    return (i32)((level + whole) - whole);
}

/* sums[i] = sum + min(counts[0], limit) + ... + min(counts[i], limit); returns the last. */
INLINE u32 FN(clahe_sums)(const u32 *counts, int n, u32 limit, u32 sum, u32 *sums) {
    int i = 0;
#if LEVEL >= LEVEL_AVX2
    const __m256i most = _mm256_set1_epi32((i32)limit), lane_end = _mm256_setr_epi32(3, 3, 3, 3, 3, 3, 3, 3), end = _mm256_set1_epi32(7);
    __m256i before = _mm256_set1_epi32((i32)sum);
    for (; i + 8 <= n; i += 8) {
        __m256i v = _mm256_min_epu32(_mm256_loadu_si256((const void *)(counts + i)), most);
        v = _mm256_add_epi32(v, _mm256_slli_si256(v, 4));
        v = _mm256_add_epi32(v, _mm256_slli_si256(v, 8));
        v = _mm256_add_epi32(v, _mm256_blend_epi32(_mm256_setzero_si256(), _mm256_permutevar8x32_epi32(v, lane_end), 0xf0));
        _mm256_storeu_si256((void *)(sums + i), _mm256_add_epi32(v, before));
        before = _mm256_add_epi32(before, _mm256_permutevar8x32_epi32(v, end));
    }
    sum = (u32)_mm256_cvtsi256_si32(before);
#endif
    for (; i < n; i++) sums[i] = sum += counts[i] < limit ? counts[i] : limit;
    return sum;
}

static void FN(clahe_table_u8)(u32 *counts, int copies, u32 pixels, f64 clip, u8 *table) {
    u32 limit = clahe_limit(clip, pixels, 256), clipped = 0;
    for (int k = 1; k < copies; k++)
        for (int v = 0; v < 256; v++) counts[v] += counts[256 * k + v];
    for (int v = 0; v < 256; v++) clipped += counts[v] > limit ? counts[v] - limit : 0;
    const clahe_sharing share = clahe_share(limit, clipped, pixels, 256);
    for (int v = 0; v < 256; v++) counts[v] = (counts[v] < limit ? counts[v] : limit) + share.batch;
    for (u32 k = 0; k < share.rest; k++) counts[k * share.step]++;
    FN(clahe_sums)(counts, 256, UINT32_MAX, 0, counts);
    for (int v = 0; v < 256; v++) table[v] = (u8)FN(clahe_level)(counts[v], share.scale);
}

static void FN(clahe_table_u16)(const u32 *counts, u32 pixels, f64 clip, u32 first, u32 last, u16 *table) {
    if (pixels == 0) {
        for (ptrdiff_t v = first; v <= (ptrdiff_t)last; v++) table[v] = (u16)v;
        return;
    }
    u32 limit = clahe_limit(clip, pixels, 65536), clipped = 0, sum = 0, sums[1024];
    for (ptrdiff_t v = first; v <= (ptrdiff_t)last; v++) clipped += counts[v] > limit ? counts[v] - limit : 0;
    const clahe_sharing share = clahe_share(limit, clipped, pixels, 65536);
    const f32 inverse = 1.0f / (f32)share.step;
    const i32 rest = (i32)share.rest;
    for (ptrdiff_t start = first; start <= (ptrdiff_t)last; start += 1024) {
        const int n = (ptrdiff_t)last - start < 1024 ? (int)((ptrdiff_t)last - start) + 1 : 1024, v = (int)start;
        sum = FN(clahe_sums)(counts + start, n, limit, sum, sums);
        u16 *out = table + start;
        for (int i = 0; i < n; i++) {
            /* Of the rest, bins 0, step, 2 step ... to this one have got theirs; the half keeps the quotient off the integers. */
            i32 got = (i32)(((f32)(v + i) + 0.5f) * inverse) + 1;
            got = got < rest ? got : rest;
            out[i] = (u16)FN(clahe_level)(sums[i] + share.batch * (u32)(v + i + 1) + (u32)got, share.scale);
        }
    }
}

static void FN(clahe_codes)(const f32 *src, u16 *codes, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++) codes[i] = (u16)float_code(src[i]);
}

static ptrdiff_t FN(clahe_numbers)(const f32 *src, u16 *codes, ptrdiff_t n) {
    ptrdiff_t kept = 0;
    int missing = 0;
    FN(clahe_codes)(src, codes, n);
    for (ptrdiff_t i = 0; i < n; i++) missing |= src[i] != src[i];
    if (!missing) return n;
    for (ptrdiff_t i = 0; i < n; i++) {
        codes[kept] = codes[i];
        kept += src[i] == src[i];
    }
    return kept;
}

static void FN(clahe_extremes)(const u16 *src, ptrdiff_t n, u16 *low, u16 *high) {
    u16 least = *low, most = *high;
    for (ptrdiff_t i = 0; i < n; i++) {
        least = src[i] < least ? src[i] : least;
        most = src[i] > most ? src[i] : most;
    }
    *low = least;
    *high = most;
}

#endif

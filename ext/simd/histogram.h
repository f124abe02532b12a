/* Counts of uint8 and uint16 values, for this module and for kernels that count what they have just computed.

   start, then any number of updates, then finish, which adds what was counted to `counts` and leaves the state
   ready for more. Between two finishes at most HISTOGRAM_SAMPLES may be counted: the counters are 32 bits wide. */
#ifndef LEVEL
#ifndef IMGPROC_HISTOGRAM_H
#define IMGPROC_HISTOGRAM_H
#include "simd/common.h"

#define HISTOGRAM_SAMPLES ((ptrdiff_t)1 << 31)
/* Images below this many samples do not repay clearing and summing the pairs. */
#define HISTOGRAM_PAIRS_PAY ((ptrdiff_t)1 << 18)

/* Counts of 16-bit values: high[v] + low[v]. Where values are scattered, only the bytes are hot, most of which fit the
   first cache; 256 of them are carried to the words. */
typedef struct {
    u32 high[65536];
    u8 low[65536];
} histogram_counters;

/* `pairs`: cleared counters of the caller's, or NULL for few samples. 8 kB without them. */
typedef struct {
    u32 tables[8][256];
    histogram_counters *pairs;
} histogram_u8_state;

/* `counters`: cleared counters of the caller's. */
typedef struct {
    histogram_counters *counters;
} histogram_u16_state;

static UNUSED void histogram_u8_start(histogram_u8_state *state, histogram_counters *pairs) {
    memset(state->tables, 0, sizeof state->tables);
    state->pairs = pairs;
}

static UNUSED void histogram_u16_start(histogram_u16_state *state, histogram_counters *counters) { state->counters = counters; }

INLINE void histogram_increment(histogram_counters *counters, u16 v) {
    if (++counters->low[v] == 0) counters->high[v] += 256;
}

#define SIMD_SOURCE "simd/histogram.h"
#include "simd/levels.h"

DISPATCH(void, histogram_u8_update, (histogram_u8_state *state, const u8 *src, ptrdiff_t n), (state, src, n))
DISPATCH(void, histogram_u8_finish, (histogram_u8_state *state, u64 *counts), (state, counts))
DISPATCH(void, histogram_u16_update, (histogram_u16_state *state, const u16 *src, ptrdiff_t n), (state, src, n))
DISPATCH(void, histogram_u16_finish, (histogram_u16_state *state, u64 *counts), (state, counts))
#endif

#else

/* Eight tables, so that equal neighbours do not wait for each other's counter. */
INLINE void FN(histogram_u8_bytes)(u32 (*tables)[256], const u8 *src, ptrdiff_t n) {
    ptrdiff_t i = 0;
    for (; i + 8 <= n; i += 8) {
        u64 word;
        memcpy(&word, src + i, 8);
        tables[0][(u8)word]++;
        tables[1][(u8)(word >> 8)]++;
        tables[2][(u8)(word >> 16)]++;
        tables[3][(u8)(word >> 24)]++;
        tables[4][(u8)(word >> 32)]++;
        tables[5][(u8)(word >> 40)]++;
        tables[6][(u8)(word >> 48)]++;
        tables[7][word >> 56]++;
    }
    for (; i < n; i++) tables[0][src[i]]++;
}

/* Whether 64 bytes repeat `word`. */
INLINE int FN(histogram_run)(const void *src, u64 word) {
#if LEVEL >= LEVEL_AVX2
    const __m256i same = _mm256_set1_epi64x((i64)word);
    const __m256i a = _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)src), same);
    const __m256i b = _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)src + 1), same);
    const __m256i different = _mm256_or_si256(a, b);
    return _mm256_testz_si256(different, different);
#else
    u64 next[8], different = 0;
    memcpy(next, src, 64);
    for (int k = 0; k < 8; k++) different |= next[k] ^ word;
    return different == 0;
#endif
}

INLINE void FN(histogram_pair)(histogram_counters *pairs, u64 pair, int noisy) {
    if (noisy) histogram_increment(pairs, (u16)pair);
    else pairs->high[(u16)pair]++;
}

/* Two neighbours per increment: they are alike in photographs, so that little of the 256 kB of words is hot and the bytes,
   with their carries, are for noise. Runs, which would wait for one counter, are one addition. */
INLINE void FN(histogram_u8_pairs)(histogram_counters *pairs, u32 *single, const u8 *src, ptrdiff_t n, int noisy) {
    ptrdiff_t i = 0;
    while (i + 16 <= n) {
        u64 word[2];
        memcpy(word, src + i, 16);
        if (((word[0] ^ word[1]) | (word[0] ^ (word[0] << 8 | word[0] >> 56))) == 0) {
            const u64 same = word[0];
            const ptrdiff_t start = i;
            for (i += 16; i + 64 <= n && FN(histogram_run)(src + i, same); i += 64) {}
            single[(u8)same] += (u32)(i - start);
            continue;
        }
        for (int k = 0; k < 2; k++) {
            FN(histogram_pair)(pairs, word[k], noisy);
            FN(histogram_pair)(pairs, word[k] >> 16, noisy);
            FN(histogram_pair)(pairs, word[k] >> 32, noisy);
            FN(histogram_pair)(pairs, word[k] >> 48, noisy);
        }
        i += 16;
    }
    for (; i < n; i++) single[src[i]]++;
}

/* Neighbours differ by more than 16 on average over a sample: pairs are scattered over the whole table. */
INLINE int FN(histogram_u8_noisy)(const u8 *src, ptrdiff_t n) {
    i32 difference = 0, sampled = 0;
    for (ptrdiff_t i = 0; i + 8 <= n; i += 256, sampled += 4)
        for (int k = 0; k < 8; k += 2) difference += abs(src[i + k] - src[i + k + 1]);
    return difference > 16 * sampled;
}

static UNUSED void FN(histogram_u8_update)(histogram_u8_state *state, const u8 *src, ptrdiff_t n) {
    for (ptrdiff_t strip; n > 0; src += strip, n -= strip) {
        strip = n < 16384 ? n : 16384;
        if (!state->pairs) FN(histogram_u8_bytes)(state->tables, src, strip);
        else if (FN(histogram_u8_noisy)(src, strip)) FN(histogram_u8_pairs)(state->pairs, state->tables[0], src, strip, 1);
        else FN(histogram_u8_pairs)(state->pairs, state->tables[0], src, strip, 0);
    }
}

static UNUSED void FN(histogram_u8_finish)(histogram_u8_state *state, u64 *counts) {
    for (int v = 0; v < 256; v++)
        for (int k = 0; k < 8; k++) counts[v] += state->tables[k][v];
    memset(state->tables, 0, sizeof state->tables);
    if (!state->pairs) return;
    /* tables[0] gathers the first of each pair; neither it nor a row's sum can pass 2^32. */
    for (int second = 0; second < 256; second++) {
        u32 *row = state->pairs->high + 256 * second;
        const u8 *low = state->pairs->low + 256 * second;
        u32 sum = 0;
        for (int first = 0; first < 256; first++) sum += row[first] += low[first];
        if (sum == 0) continue;
        counts[second] += sum;
        for (int first = 0; first < 256; first++) state->tables[0][first] += row[first];
        memset(row, 0, 256 * sizeof(u32));
    }
    for (int v = 0; v < 256; v++) counts[v] += state->tables[0][v];
    memset(state->tables[0], 0, sizeof state->tables[0]);
    memset(state->pairs->low, 0, sizeof state->pairs->low);
}

/* More tables than one would leave the caches; runs of four are one addition. */
static UNUSED void FN(histogram_u16_update)(histogram_u16_state *state, const u16 *src, ptrdiff_t n) {
    histogram_counters *counters = state->counters;
    ptrdiff_t i = 0;
    while (i + 4 <= n) {
        u64 word;
        memcpy(&word, src + i, 8);
        if (word == (word << 16 | word >> 48)) {
            const ptrdiff_t start = i;
            for (i += 4; i + 32 <= n && FN(histogram_run)(src + i, word); i += 32) {}
            counters->high[(u16)word] += (u32)(i - start);
            continue;
        }
        histogram_increment(counters, (u16)word);
        histogram_increment(counters, (u16)(word >> 16));
        histogram_increment(counters, (u16)(word >> 32));
        histogram_increment(counters, (u16)(word >> 48));
        i += 4;
    }
    for (; i < n; i++) histogram_increment(counters, src[i]);
}

static UNUSED void FN(histogram_u16_finish)(histogram_u16_state *state, u64 *counts) {
    for (ptrdiff_t block = 0; block < 65536; block += 256) {
        u32 *high = state->counters->high + block;
        const u8 *low = state->counters->low + block;
        u32 any = 0;
        for (int v = 0; v < 256; v++) any |= high[v] | low[v];
        if (any == 0) continue;
        for (int v = 0; v < 256; v++) counts[block + v] += high[v] + low[v];
        memset(high, 0, 256 * sizeof(u32));
    }
    memset(state->counters->low, 0, sizeof state->counters->low);
}

#endif

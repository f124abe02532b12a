/* The horizontal pass of the integer Gaussian, from 16-bit samples to the result. */
#ifndef LEVEL
#ifndef IMGPROC_GAUSSIAN_ACROSS_H
#define IMGPROC_GAUSSIAN_ACROSS_H
#include "simd/gaussian_pairs.h"
#define SIMD_SOURCE "simd/gaussian_across.h"
#include "simd/levels.h"
#endif

#else

/* words[x] = samples[x] | samples[x + apart] << 16 */
static void FN(pair_neighbors)(const u16 *restrict samples, ptrdiff_t apart, u32 *restrict words, ptrdiff_t n) {
    ptrdiff_t x = 0;
#if LEVEL > LEVEL_BASELINE
    for (; x + 16 <= n; x += 16) {
        const __m256i a = _mm256_permute4x64_epi64(_mm256_loadu_si256((const void *)(samples + x)), 0xd8);
        const __m256i b = _mm256_permute4x64_epi64(_mm256_loadu_si256((const void *)(samples + x + apart)), 0xd8);
        _mm256_storeu_si256((void *)(words + x), _mm256_unpacklo_epi16(a, b));
        _mm256_storeu_si256((void *)(words + x + 8), _mm256_unpackhi_epi16(a, b));
    }
#endif
    for (; x < n; x++) words[x] = samples[x] | (u32)samples[x + apart] << 16;
}

/* Gray: one load serves the samples at even places, with weights from the even ones on, and those at odd places. Of so many
   loads for each weight, because those of 64 bytes that straddle two cache lines are what a wide kernel waits for. */
#define GRAY_LOADS (LEVEL == LEVEL_AVX512 ? 4 : 2)
static void FN(horizontal_gray)(const i16 *src, const GaussianPairs *taps, ptrdiff_t radius, u32 start, int bits, u8 *dst,
                                ptrdiff_t n) {
    enum { STEP = 2 * GRAY_LOADS * sizeof(FN(words)) / 4 };
    const u32 *weights = taps->horizontal;
    for (ptrdiff_t x = 0; x < n; x += STEP) {
        FN(words) even[GRAY_LOADS], odd[GRAY_LOADS];
        for (int b = 0; b < GRAY_LOADS; b++) even[b] = odd[b] = FN(all_words)(start);
        if (taps->horizontal_extra) {
            const FN(words) weight = FN(all_words)(taps->horizontal_extra), other = FN(all_words)(taps->horizontal_extra << 16);
            for (int b = 0; b < GRAY_LOADS; b++) {
                const FN(words) centre = FN(load_words)(src + x + radius + 2 * b * WORDS_PER_VECTOR);
                even[b] = FN(add_products)(even[b], centre, weight);
                odd[b] = FN(add_products)(odd[b], centre, other);
            }
        }
        for (ptrdiff_t j = 0; j <= radius; j++) {
            const FN(words) weight = FN(all_words)(weights[2 * j]), other = FN(all_words)(weights[2 * j - 1]);
            for (int b = 0; b < GRAY_LOADS; b++) {
                const FN(words) samples = FN(load_words)(src + x + 2 * (j + b * WORDS_PER_VECTOR));
                even[b] = FN(add_products)(even[b], samples, weight);
                odd[b] = FN(add_products)(odd[b], samples, other);
            }
        }
        u8 last[STEP];
        u8 *to = x + STEP <= n ? dst + x : last;
        for (int b = 0; b < GRAY_LOADS; b += 2) FN(store_alternating)(to + 2 * b * WORDS_PER_VECTOR, even + b, odd + b, bits);
        if (to == last) memcpy(dst + x, last, (size_t)(n - x));
    }
}
#undef GRAY_LOADS

/* Four vectors of sums in order, from neighbours `channels` apart that were paired before. */
INLINE void FN(sum_pairs)(const u32 *pairs, const GaussianPairs *taps, ptrdiff_t radius, ptrdiff_t channels, u32 start,
                          FN(words) *sum) {
    const u32 *weights = taps->horizontal;
    for (int b = 0; b < 4; b++) sum[b] = FN(all_words)(start);
    if (taps->horizontal_extra) {
        const FN(words) weight = FN(all_words)(taps->horizontal_extra);
        const u32 *p = pairs + radius * channels;
        for (int b = 0; b < 4; b++) sum[b] = FN(add_products)(sum[b], FN(load_words)(p + b * WORDS_PER_VECTOR), weight);
    }
    for (ptrdiff_t j = 0; j <= radius; j++) {
        const FN(words) weight = FN(all_words)(weights[2 * j]);
        const u32 *p = pairs + 2 * j * channels;
        for (int b = 0; b < 4; b++) sum[b] = FN(add_products)(sum[b], FN(load_words)(p + b * WORDS_PER_VECTOR), weight);
    }
}

static void FN(horizontal_color)(const u32 *pairs, const GaussianPairs *taps, ptrdiff_t radius, ptrdiff_t channels, u32 start,
                                 int bits, u8 *dst, ptrdiff_t n) {
    for (ptrdiff_t x = 0; x < n; x += 4 * WORDS_PER_VECTOR) {
        FN(words) sum[4];
        FN(sum_pairs)(pairs + x, taps, radius, channels, start, sum);
        if (x + 4 * WORDS_PER_VECTOR <= n) {
            FN(store_samples)(dst + x, sum, bits);
        } else {
            u8 last[4 * sizeof(FN(words)) / 4];
            FN(store_samples)(last, sum, bits);
            memcpy(dst + x, last, (size_t)(n - x));
        }
    }
}

/* blurred = sums 2^-(bits + 16); the one rounding is by the addition of 1.5 2^23, half to even. */
INLINE void FN(sharpen_samples)(const u8 *src, const u32 *sums, int bits, f32 amount, u8 *dst, ptrdiff_t n) {
    const f32 scale = amount * (1.0f / 65536);
    for (ptrdiff_t i = 0; i < n; i++) {
        const i32 difference = (i32)((u32)src[i] << 16) - (i32)(sums[i] >> bits);
        f32 v = (f32)src[i] + scale * (f32)difference;
        u32 word;
        v = v > 0 ? v : 0.0f;
        v = (v < 255 ? v : 255.0f) + 12582912.0f;
        memcpy(&word, &v, 4);
        dst[i] = (u8)word;
    }
}

static void FN(horizontal_sharpen)(const u32 *pairs, const GaussianPairs *taps, const GaussianJob *job, u32 start, int bits,
                                   const u8 *src, u8 *dst, ptrdiff_t n) {
    enum { STEP = 4 * sizeof(FN(words)) / 4 };
    for (ptrdiff_t x = 0; x < n; x += STEP) {
        FN(words) sum[4];
        u32 sums[STEP];
        FN(sum_pairs)(pairs + x, taps, job->rx, job->channels, start, sum);
        memcpy(sums, sum, sizeof sums);
        if (x + STEP <= n) FN(sharpen_samples)(src + x, sums, bits, job->amount, dst + x, STEP);
        else FN(sharpen_samples)(src + x, sums, bits, job->amount, dst + x, n - x);
    }
}

static void FN(horizontal_row)(const i16 *extended, u32 *pairs, const GaussianJob *job, const GaussianPairs *taps, ptrdiff_t y) {
    const ptrdiff_t n = job->width * job->channels, channels = job->channels;
    const u8 *src = (const u8 *)job->src + y * job->src_stride;
    u8 *dst = (u8 *)job->dst + y * job->dst_stride;
    const u32 offset = (u32)128 << (taps->fraction + taps->horizontal_bits);
    int bits = taps->fraction + taps->horizontal_bits - (job->sharpen ? 16 : 0);
    const u32 start = offset + (1u << (bits - 1));
    if (channels == 1 && !job->sharpen) {
        FN(horizontal_gray)(extended, taps, job->rx, start, bits, dst, n);
        return;
    }
    const ptrdiff_t paired = n + 2 * job->rx * channels + GAUSSIAN_SLACK / 2;
    FN(pair_neighbors)((const u16 *)extended, channels, pairs, paired);
    if (job->sharpen) FN(horizontal_sharpen)(pairs, taps, job, start, bits, src, dst, n);
    else FN(horizontal_color)(pairs, taps, job->rx, channels, start, bits, dst, n);
}

#endif

/* Gaussian blur and unsharp mask of 8-bit samples, in integers.

   Weights are 16-bit integers that sum to 2^bits. Two samples that meet two neighbouring weights stand in one 32-bit
   word, and one instruction multiplies both and adds: rows are paired before the vertical pass, neighbours in a row are
   paired as they are. The intermediate is (value - 128) 2^fraction in 16 bits. All sums are modulo 2^32, and the final
   ones, value 2^(fraction + bits) below 2^32, come out right because the 128 is put back modulo 2^32 too.

   The centre of a narrow kernel may weigh more than 16 signed bits hold; the rest of it is one step more. */
#ifndef LEVEL
#ifndef IMGPROC_GAUSSIAN_U8_H
#define IMGPROC_GAUSSIAN_U8_H
#include "simd/gaussian.h"
#include "simd/gaussian_words.h"

/* Pairs of weights (w[i], w[i + 1]) for i from -GAUSSIAN_MARGIN to 2 radius + GAUSSIAN_MARGIN, zero outside the kernel;
   the pointers are to i = 0. The extra weights are added to the centre. */
#define GAUSSIAN_MARGIN 16
typedef struct {
    const u32 *vertical, *horizontal;
    u32 vertical_extra, horizontal_extra;
    int vertical_bits, horizontal_bits, fraction;
} GaussianPairs;

#define SIMD_SOURCE "simd/gaussian_u8.h"
#include "simd/levels.h"

/* 0, or -1 where there is no memory; then nothing was written. */
DISPATCH(int, gaussian_u8, (const GaussianJob *job, const GaussianPairs *pairs), (job, pairs))
#endif

#else

/* words[x] = a[x] | b[x] << 16 */
static void FN(pair_rows)(const u8 *restrict a, const u8 *restrict b, u32 *restrict words, ptrdiff_t n) {
    ptrdiff_t x = 0;
#if LEVEL > LEVEL_BASELINE
    for (; x + 16 <= n; x += 16) {
        const __m128i low = _mm_loadu_si128((const void *)(a + x)), high = _mm_loadu_si128((const void *)(b + x));
        _mm256_storeu_si256((void *)(words + x), _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(low, high)));
        _mm256_storeu_si256((void *)(words + x + 8), _mm256_cvtepu8_epi16(_mm_unpackhi_epi8(low, high)));
    }
#endif
    for (; x < n; x++) words[x] = a[x] | (u32)b[x] << 16;
}

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

/* `count` rows of two vectors: row q is the sum of pair rows m times weights[2 m - q]. */
INLINE void FN(vertical_group)(const u32 *pairs, ptrdiff_t pitch, ptrdiff_t radius, const GaussianPairs *taps, u32 start,
                               int bits, i16 *dst, ptrdiff_t dst_pitch, const int count) {
    const u32 *weights = taps->vertical;
    FN(words) sum[8][2];
    for (int q = 0; q < count; q++) sum[q][0] = sum[q][1] = FN(all_words)(start);
    if (taps->vertical_extra) {
        for (int q = 0; q < count; q++) {
            const u32 *centre = pairs + (q + radius) / 2 * pitch;
            const FN(words) weight = FN(all_words)(taps->vertical_extra << (q + radius) % 2 * 16);
            sum[q][0] = FN(add_products)(sum[q][0], FN(load_words)(centre), weight);
            sum[q][1] = FN(add_products)(sum[q][1], FN(load_words)(centre + WORDS_PER_VECTOR), weight);
        }
    }
    for (ptrdiff_t m = 0; m < radius + (count + 1) / 2; m++) {
        const FN(words) a = FN(load_words)(pairs + m * pitch), b = FN(load_words)(pairs + m * pitch + WORDS_PER_VECTOR);
#if defined(__GNUC__)
#pragma GCC unroll 8
#endif
        for (int q = 0; q < count; q++) {
            const FN(words) weight = FN(all_words)(weights[2 * m - q]);
            sum[q][0] = FN(add_products)(sum[q][0], a, weight);
            sum[q][1] = FN(add_products)(sum[q][1], b, weight);
        }
    }
    for (int q = 0; q < count; q++) FN(store_intermediate)(dst + q * dst_pitch, sum[q][0], sum[q][1], bits);
}

#define VERTICAL_ROWS (LEVEL == LEVEL_AVX512 ? 8 : 4)

/* A strip of `columns` samples of a block's intermediate rows. */
static void FN(vertical_strip)(const u32 *pairs, ptrdiff_t pitch, const GaussianJob *job, const GaussianPairs *taps, i16 *dst,
                               ptrdiff_t dst_pitch, ptrdiff_t columns) {
    const ptrdiff_t block = gaussian_block(job->ry);
    const int bits = taps->vertical_bits - taps->fraction;
    /* Without a horizontal pass the bits cut off here must not round twice. */
    const u32 half = bits > 0 && (job->rx > 0 || job->sharpen) ? 1u << (bits - 1) : 0u;
    const u32 start = half - ((u32)128 << taps->vertical_bits);
    for (ptrdiff_t x = 0; x < columns; x += 2 * WORDS_PER_VECTOR) {
        if (job->ry <= 4) {
            for (ptrdiff_t q = 0; q < block; q += 2)
                FN(vertical_group)(pairs + q / 2 * pitch + x, pitch, job->ry, taps, start, bits,
                                   dst + q * dst_pitch + x, dst_pitch, 2);
        } else {
            for (ptrdiff_t q = 0; q < block; q += VERTICAL_ROWS)
                FN(vertical_group)(pairs + q / 2 * pitch + x, pitch, job->ry, taps, start, bits,
                                   dst + q * dst_pitch + x, dst_pitch, VERTICAL_ROWS);
        }
    }
}

/* Gray: one load serves the samples at even places, with weights from the even ones on, and those at odd places. */
static void FN(horizontal_gray)(const i16 *src, const GaussianPairs *taps, ptrdiff_t radius, u32 start, int bits, u8 *dst,
                                ptrdiff_t n) {
    const u32 *weights = taps->horizontal;
    for (ptrdiff_t x = 0; x < n; x += 4 * WORDS_PER_VECTOR) {
        FN(words) even[2], odd[2];
        even[0] = even[1] = odd[0] = odd[1] = FN(all_words)(start);
        if (taps->horizontal_extra) {
            const FN(words) weight = FN(all_words)(taps->horizontal_extra), other = FN(all_words)(taps->horizontal_extra << 16);
            for (int b = 0; b < 2; b++) {
                const FN(words) centre = FN(load_words)(src + x + radius + 2 * b * WORDS_PER_VECTOR);
                even[b] = FN(add_products)(even[b], centre, weight);
                odd[b] = FN(add_products)(odd[b], centre, other);
            }
        }
        for (ptrdiff_t j = 0; j <= radius; j++) {
            const FN(words) a = FN(load_words)(src + x + 2 * j), b = FN(load_words)(src + x + 2 * (j + WORDS_PER_VECTOR));
            const FN(words) weight = FN(all_words)(weights[2 * j]), other = FN(all_words)(weights[2 * j - 1]);
            even[0] = FN(add_products)(even[0], a, weight);
            even[1] = FN(add_products)(even[1], b, weight);
            odd[0] = FN(add_products)(odd[0], a, other);
            odd[1] = FN(add_products)(odd[1], b, other);
        }
        if (x + 4 * WORDS_PER_VECTOR <= n) {
            FN(store_alternating)(dst + x, even, odd, bits);
        } else {
            u8 last[4 * sizeof(FN(words)) / 4];
            FN(store_alternating)(last, even, odd, bits);
            memcpy(dst + x, last, (size_t)(n - x));
        }
    }
}

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

static int FN(gaussian_u8)(const GaussianJob *job, const GaussianPairs *taps) {
    const ptrdiff_t n = job->width * job->channels, ry = job->ry, lead = job->rx * job->channels;
    const ptrdiff_t row_pitch = gaussian_pitch(job), pair_pitch = GAUSSIAN_STRIP + 16;
    const ptrdiff_t block_rows = gaussian_block(ry), pair_rows = block_rows / 2 + ry + 1;
    const ptrdiff_t last = job->y1 - 1 + 2 * ry;
    const size_t pair_bytes = (size_t)(pair_rows * pair_pitch) * 4, row_bytes = (size_t)(block_rows * row_pitch) * 2;
    const size_t strip_bytes = 2 * GAUSSIAN_STRIP;
    const ptrdiff_t pixel_bytes = job->channels * 2;
    void *block;
    char *memory = gaussian_memory(pair_bytes + row_bytes + (size_t)row_pitch * 4 + strip_bytes, &block);
    if (!memory) return -1;
    u32 *pairs = (u32 *)memory, *neighbors = (u32 *)(memory + pair_bytes + row_bytes);
    i16 *intermediate = (i16 *)(memory + pair_bytes);
    u8 *fill_row = (u8 *)(neighbors + row_pitch);
    memset(fill_row, (int)job->fill, GAUSSIAN_STRIP);
    i16 fill_pixel[4];
    for (int c = 0; c < 4; c++) fill_pixel[c] = (i16)(((int)job->fill - 128) * (1 << taps->fraction));

    for (ptrdiff_t y = job->y0; y < job->y1; y += block_rows) {
        const ptrdiff_t rows = gaussian_min(block_rows, job->y1 - y);
        for (ptrdiff_t x = 0; x < n; x += GAUSSIAN_STRIP) {
            const ptrdiff_t columns = gaussian_min(GAUSSIAN_STRIP, n - x);
            for (ptrdiff_t m = 0; 2 * m < rows + 2 * ry; m++) {
                const u8 *row[2];
                for (int i = 0; i < 2; i++) {
                    const ptrdiff_t position = gaussian_min(y + 2 * m + i, last);
                    row[i] = job->rows[position] < 0 ? fill_row : (const u8 *)job->src + job->rows[position] * job->src_stride + x;
                }
                if (m >= ry) {
                    prefetch_read(row[0], columns);
                    prefetch_read(row[1], columns);
                }
                FN(pair_rows)(row[0], row[1], pairs + m * pair_pitch, columns);
            }
            FN(vertical_strip)(pairs, pair_pitch, job, taps, intermediate + lead + x, row_pitch, columns);
        }
        for (ptrdiff_t q = 0; q < rows; q++) {
            i16 *row = intermediate + q * row_pitch;
            extend_row(row + lead, job->width, job->columns, job->rx, job->rx, fill_pixel, (size_t)pixel_bytes);
            FN(horizontal_row)(row, neighbors, job, taps, y + q);
        }
    }
    free(block);
    return 0;
}

#undef VERTICAL_ROWS
#endif

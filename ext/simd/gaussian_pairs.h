/* The vertical pass of the integer Gaussian: of rows in pairs, to 16-bit samples or to float32. */
#ifndef LEVEL
#ifndef IMGPROC_GAUSSIAN_PAIRS_H
#define IMGPROC_GAUSSIAN_PAIRS_H
#include "simd/gaussian.h"
#include "simd/gaussian_words.h"

/* Pairs of weights (w[i], w[i + 1]) for i from -GAUSSIAN_MARGIN to 2 radius + GAUSSIAN_MARGIN, zero outside the kernel;
   the pointers are to i = 0. The extra weights are added to the centre. */
#define GAUSSIAN_MARGIN 16
typedef struct {
    const u32 *vertical, *horizontal;
    u32 vertical_extra, horizontal_extra;
    int vertical_bits, horizontal_bits, fraction;
    const u32 *vertical_rest; /* where weights have 24 bits: what is added to 256 times `vertical` */
} GaussianPairs;

#define GAUSSIAN_PAIR_PITCH (GAUSSIAN_STRIP + 16)

#define SIMD_SOURCE "simd/gaussian_pairs.h"
#include "simd/levels.h"
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

/* A strip of the source rows [y, y + count), numbered as `rows` of the job are; beyond `last` that one again. */
static void FN(pair_strip)(const GaussianJob *job, ptrdiff_t y, ptrdiff_t count, ptrdiff_t x, ptrdiff_t columns,
                           const u8 *fill_row, u32 *pairs) {
    const ptrdiff_t last = job->y1 - 1 + 2 * job->ry;
    for (ptrdiff_t m = 0; 2 * m < count; m++) {
        const u8 *row[2];
        for (int i = 0; i < 2; i++) {
            const i64 from = job->rows[gaussian_min(y + 2 * m + i, last)];
            row[i] = from < 0 ? fill_row : (const u8 *)job->src + from * job->src_stride + x;
        }
        if (m >= job->ry) {
            prefetch_read(row[0], columns);
            prefetch_read(row[1], columns);
        }
        FN(pair_rows)(row[0], row[1], pairs + m * GAUSSIAN_PAIR_PITCH, columns);
    }
}

/* Adds to `count` rows of two vectors: row q gains the sum of pair rows m times weights[2 m - q]. */
INLINE void FN(add_rows)(const u32 *pairs, ptrdiff_t radius, const u32 *weights, u32 extra, FN(words) (*sum)[2], const int count) {
    const ptrdiff_t pitch = GAUSSIAN_PAIR_PITCH;
    if (extra) {
        for (int q = 0; q < count; q++) {
            const u32 *centre = pairs + (q + radius) / 2 * pitch;
            const FN(words) weight = FN(all_words)(extra << (q + radius) % 2 * 16);
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
}

/* `count` rows of two vectors as (value - 128) 2^fraction. */
INLINE void FN(vertical_group)(const u32 *pairs, const GaussianJob *job, const GaussianPairs *taps, i16 *dst, ptrdiff_t pitch,
                               const int count) {
    const int bits = taps->vertical_bits - taps->fraction;
    /* Without a horizontal pass the bits cut off here must not round twice. */
    const u32 half = bits > 0 && (job->rx > 0 || job->sharpen) ? 1u << (bits - 1) : 0u;
    FN(words) sum[8][2];
    for (int q = 0; q < count; q++) sum[q][0] = sum[q][1] = FN(all_words)(half - ((u32)128 << taps->vertical_bits));
    FN(add_rows)(pairs, job->ry, taps->vertical, taps->vertical_extra, sum, count);
    for (int q = 0; q < count; q++) FN(store_intermediate)(dst + q * pitch, sum[q][0], sum[q][1], bits);
}

/* The same as float32 value - 128, by weights of 24 bits. */
INLINE void FN(vertical_group_fine)(const u32 *pairs, const GaussianJob *job, const GaussianPairs *taps, f32 *dst,
                                    ptrdiff_t pitch, const int count) {
    FN(words) sum[8][2];
    for (int q = 0; q < count; q++) sum[q][0] = sum[q][1] = FN(all_words)(0u - ((u32)128 << 16));
    FN(add_rows)(pairs, job->ry, taps->vertical, taps->vertical_extra, sum, count);
    for (int q = 0; q < count; q++)
        for (int i = 0; i < 2; i++) sum[q][i] = FN(shift_left_8)(sum[q][i]);
    FN(add_rows)(pairs, job->ry, taps->vertical_rest, 0, sum, count);
    for (int q = 0; q < count; q++)
        for (int i = 0; i < 2; i++) FN(store_floats)(dst + q * pitch + i * WORDS_PER_VECTOR, sum[q][i], 1.0f / (1 << 24));
}

#define VERTICAL_ROWS (LEVEL == LEVEL_AVX512 ? 8 : 4)

/* A strip of `columns` samples of a block's intermediate rows; those of more rows than the job has may be written too. */
#define VERTICAL_STRIP(name, group, sample)                                                                              \
    static void FN(name)(const u32 *pairs, const GaussianJob *job, const GaussianPairs *taps, sample *dst, ptrdiff_t pitch, \
                         ptrdiff_t columns) {                                                                            \
        const ptrdiff_t block = gaussian_block(job->ry);                                                                 \
        for (ptrdiff_t x = 0; x < columns; x += 2 * WORDS_PER_VECTOR) {                                                  \
            if (job->ry <= 4) {                                                                                          \
                for (ptrdiff_t q = 0; q < block; q += 2)                                                                 \
                    FN(group)(pairs + q / 2 * GAUSSIAN_PAIR_PITCH + x, job, taps, dst + q * pitch + x, pitch, 2);        \
            } else {                                                                                                     \
                for (ptrdiff_t q = 0; q < block; q += VERTICAL_ROWS)                                                     \
                    FN(group)(pairs + q / 2 * GAUSSIAN_PAIR_PITCH + x, job, taps, dst + q * pitch + x, pitch, VERTICAL_ROWS); \
            }                                                                                                            \
        }                                                                                                                \
    }
VERTICAL_STRIP(vertical_strip, vertical_group, i16)
VERTICAL_STRIP(vertical_strip_fine, vertical_group_fine, f32)
#undef VERTICAL_STRIP
#undef VERTICAL_ROWS
#endif

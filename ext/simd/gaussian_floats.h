/* Sums of neighbours in float32 vectors, and the horizontal pass of the Gaussian kernels that use them.

   The kernel is folded: w[0] a[0] + sum w[k] (a[-k] + a[k]), the pairs from the outermost inwards in groups of 16, each of
   which is added to the total, so that few roundings are as large as the result. The order is the same for every sample, level
   and vector width, and left and right count alike. */
#ifndef LEVEL
#ifndef IMGPROC_GAUSSIAN_FLOATS_H
#define IMGPROC_GAUSSIAN_FLOATS_H
#include "simd/gaussian.h"

#define GAUSSIAN_GROUP 16
#define GAUSSIAN_FEW 4
#define GAUSSIAN_ROWS 4

#define FLOATS_LANES ((ptrdiff_t)(sizeof(FN(floats)) / 4))
#define FLOATS_CHUNK (4 * FLOATS_LANES)

#define SIMD_SOURCE "simd/gaussian_floats.h"
#include "simd/levels.h"
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
typedef f32 FN(floats) __attribute__((vector_size(BYTES)));
typedef f32 FN(floats_at) __attribute__((vector_size(BYTES), aligned(4), may_alias));
#else
typedef f32 FN(floats), FN(floats_at);
#endif
#undef BYTES

INLINE FN(floats) FN(load_floats)(const f32 *p) {
    return *(const FN(floats_at) *)(const void *)p;
}

/* Four vectors of w (a[-k] + a[k]). */
INLINE void FN(pair_products)(const f32 *before, const f32 *after, f32 weight, FN(floats) *products) {
    for (int b = 0; b < 4; b++)
        products[b] = (FN(load_floats)(before + b * FLOATS_LANES) + FN(load_floats)(after + b * FLOATS_LANES)) * weight;
}

/* FLOATS_CHUNK sums of samples `step` apart around `centre`. */
INLINE void FN(weighted_sums)(const f32 *centre, ptrdiff_t step, const f32 *weights, ptrdiff_t radius, f32 *sums) {
    FN(floats) total[4], part[4], products[4];
    for (int b = 0; b < 4; b++) total[b] = FN(load_floats)(centre + b * FLOATS_LANES) * weights[0];
    for (ptrdiff_t k = radius; k > 0;) {
        const ptrdiff_t end = k > GAUSSIAN_GROUP ? k - GAUSSIAN_GROUP : 0;
        FN(pair_products)(centre - k * step, centre + k * step, weights[k], part);
        for (k--; k > end; k--) {
            FN(pair_products)(centre - k * step, centre + k * step, weights[k], products);
            for (int b = 0; b < 4; b++) part[b] += products[b];
        }
        for (int b = 0; b < 4; b++) total[b] += part[b];
    }
    for (int b = 0; b < 4; b++) *(FN(floats_at) *)(void *)(sums + b * FLOATS_LANES) = total[b];
}

/* The same for weights that sum to 1, as centre + sum w[k] ((a[-k] - centre) + (a[k] - centre)): of a few neighbours more
   precise, because only the last addition rounds as coarsely as the result. */
INLINE void FN(weighted_differences)(const f32 *centre, ptrdiff_t step, const f32 *weights, ptrdiff_t radius, f32 *sums) {
    FN(floats) total[4], middle[4];
    for (int b = 0; b < 4; b++) total[b] = middle[b] = FN(load_floats)(centre + b * FLOATS_LANES);
    for (ptrdiff_t k = radius; k > 0; k--) {
        const f32 *before = centre - k * step, *after = centre + k * step;
        for (int b = 0; b < 4; b++) {
            const FN(floats) one = FN(load_floats)(before + b * FLOATS_LANES) - middle[b];
            const FN(floats) product = (one + (FN(load_floats)(after + b * FLOATS_LANES) - middle[b])) * weights[k];
            total[b] = k == radius ? product : total[b] + product;
        }
    }
    if (radius > 0)
        for (int b = 0; b < 4; b++) total[b] += middle[b];
    for (int b = 0; b < 4; b++) *(FN(floats_at) *)(void *)(sums + b * FLOATS_LANES) = total[b];
}

INLINE void FN(blur_any)(const f32 *centre, ptrdiff_t step, const f32 *weights, ptrdiff_t radius, f32 *sums, const int size) {
    if (size == 2 && radius <= GAUSSIAN_FEW) FN(weighted_differences)(centre, step, weights, radius, sums);
    else FN(weighted_sums)(centre, step, weights, radius, sums);
}

/* A constant radius lets the compiler unroll: worth a third of the time of small ones. */
INLINE void FN(blur_chunk)(const f32 *centre, ptrdiff_t step, const f32 *weights, ptrdiff_t radius, f32 *sums, const int size) {
    switch (radius) {
    case 2: FN(blur_any)(centre, step, weights, 2, sums, size); break;
    case 3: FN(blur_any)(centre, step, weights, 3, sums, size); break;
    case 4: FN(blur_any)(centre, step, weights, 4, sums, size); break;
    default: FN(blur_any)(centre, step, weights, radius, sums, size);
    }
}

/* Of GAUSSIAN_ROWS rows of one vector the samples k above and k below, and their products; then for k - 1. */
INLINE void FN(next_products)(const f32 *centre, ptrdiff_t step, f32 weight, ptrdiff_t k, FN(floats) *above, FN(floats) *below,
                              const FN(floats) *middle, FN(floats) *products, const int differences) {
    for (int q = 0; q < GAUSSIAN_ROWS; q++)
        products[q] = (differences ? (above[q] - middle[q]) + (below[q] - middle[q]) : above[q] + below[q]) * weight;
    for (int q = 0; q < GAUSSIAN_ROWS - 1; q++) above[q] = above[q + 1];
    for (int q = GAUSSIAN_ROWS - 1; q > 0; q--) below[q] = below[q - 1];
    above[GAUSSIAN_ROWS - 1] = FN(load_floats)(centre + (GAUSSIAN_ROWS - k) * step);
    below[0] = FN(load_floats)(centre + (k - 1) * step);
}

/* What blur_any makes of GAUSSIAN_ROWS rows `step` apart, of one vector: each sample is loaded once for all of them. */
INLINE void FN(blur_rows_any)(const f32 *centre, ptrdiff_t step, const f32 *weights, ptrdiff_t radius, f32 *sums, ptrdiff_t pitch,
                              const int differences) {
    FN(floats) above[GAUSSIAN_ROWS], below[GAUSSIAN_ROWS], total[GAUSSIAN_ROWS], middle[GAUSSIAN_ROWS];
    FN(floats) part[GAUSSIAN_ROWS], products[GAUSSIAN_ROWS];
    for (int q = 0; q < GAUSSIAN_ROWS; q++) {
        middle[q] = FN(load_floats)(centre + q * step);
        total[q] = differences ? middle[q] : middle[q] * weights[0];
        above[q] = FN(load_floats)(centre + (q - radius) * step);
        below[q] = FN(load_floats)(centre + (q + radius) * step);
    }
    for (ptrdiff_t k = radius; k > 0;) {
        const ptrdiff_t end = !differences && k > GAUSSIAN_GROUP ? k - GAUSSIAN_GROUP : 0;
        FN(next_products)(centre, step, weights[k], k, above, below, middle, part, differences);
        for (k--; k > end; k--) {
            FN(next_products)(centre, step, weights[k], k, above, below, middle, products, differences);
            for (int q = 0; q < GAUSSIAN_ROWS; q++) part[q] += products[q];
        }
        for (int q = 0; q < GAUSSIAN_ROWS; q++) total[q] += part[q];
    }
    for (int q = 0; q < GAUSSIAN_ROWS; q++) *(FN(floats_at) *)(void *)(sums + q * pitch) = total[q];
}

INLINE void FN(blur_vectors)(const f32 *centre, ptrdiff_t step, const f32 *weights, ptrdiff_t radius, f32 *sums, ptrdiff_t pitch,
                             const int differences) {
    for (int b = 0; b < 4; b++)
        FN(blur_rows_any)(centre + b * FLOATS_LANES, step, weights, radius, sums + b * FLOATS_LANES, pitch, differences);
}

/* FLOATS_CHUNK sums of each of `rows` rows. */
static void FN(blur_rows)(const f32 *centre, ptrdiff_t step, const f32 *weights, ptrdiff_t radius, f32 *sums, ptrdiff_t pitch,
                          ptrdiff_t rows, const int size) {
    ptrdiff_t q = 0;
    for (; q + GAUSSIAN_ROWS <= rows; q += GAUSSIAN_ROWS, centre += GAUSSIAN_ROWS * step, sums += GAUSSIAN_ROWS * pitch) {
        switch (radius) {
        case 2: FN(blur_vectors)(centre, step, weights, 2, sums, pitch, size == 2); break;
        case 3: FN(blur_vectors)(centre, step, weights, 3, sums, pitch, size == 2); break;
        case 4: FN(blur_vectors)(centre, step, weights, 4, sums, pitch, size == 2); break;
        default: FN(blur_vectors)(centre, step, weights, radius, sums, pitch, size == 2 && radius <= GAUSSIAN_FEW);
        }
    }
    for (; q < rows; q++, centre += step, sums += pitch) FN(blur_chunk)(centre, step, weights, radius, sums, size);
}

/* The final step for n samples of `size` bytes; nothing overlaps. Integers come less half their range. */
INLINE void FN(finish)(const f32 *restrict blurred, const void *restrict src, void *restrict dst, ptrdiff_t n,
                       const GaussianJob *job, const int size) {
    const int sharpen = job->sharpen;
    const f32 amount = job->amount, middle = size == 1 ? 128.0f : 32768.0f;
    if (size == 4) {
        const f32 *image = src;
        f32 *out = dst;
        for (ptrdiff_t i = 0; i < n; i++) out[i] = sharpen ? image[i] + amount * (image[i] - blurred[i]) : blurred[i];
        return;
    }
    for (ptrdiff_t i = 0; i < n; i++) {
        f32 v = blurred[i];
        u32 word;
        if (sharpen) {
            const f32 centred = (f32)(size == 1 ? ((const u8 *)src)[i] : ((const u16 *)src)[i]) - middle;
            v = centred + amount * (centred - v);
        }
        v = v > -middle ? v : -middle;
        v = (v < middle - 1 ? v : middle - 1) + 12582912.0f; /* the integer, rounded half to even, in the low bits */
        memcpy(&word, &v, 4);
        word += (u32)middle;
        if (size == 1) ((u8 *)dst)[i] = (u8)word;
        else ((u16 *)dst)[i] = (u16)word;
    }
}

static void FN(horizontal_floats)(const f32 *row, const f32 *weights, const GaussianJob *job, ptrdiff_t y, const int size) {
    const ptrdiff_t n = job->width * job->channels;
    const char *src = (const char *)job->src + y * job->src_stride;
    char *dst = (char *)job->dst + y * job->dst_stride;
    ptrdiff_t x = 0;
    f32 sums[4 * sizeof(FN(floats)) / 4];
    for (; x + FLOATS_CHUNK <= n; x += FLOATS_CHUNK) {
        if (size == 4 && !job->sharpen) {
            prefetch_write(dst + x * 4, 4 * FLOATS_CHUNK);
            FN(blur_chunk)(row + x, job->channels, weights, job->rx, (f32 *)(void *)(dst + x * 4), size);
        } else {
            FN(blur_chunk)(row + x, job->channels, weights, job->rx, sums, size);
            FN(finish)(sums, src + x * size, dst + x * size, FLOATS_CHUNK, job, size);
        }
    }
    if (x < n) {
        FN(blur_chunk)(row + x, job->channels, weights, job->rx, sums, size);
        FN(finish)(sums, src + x * size, dst + x * size, n - x, job, size);
    }
}

#endif

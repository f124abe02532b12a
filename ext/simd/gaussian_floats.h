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

/* Four vectors from p on. With AVX2 a second copy of the samples may stand `twin` samples further, half a cache line shifted:
   each vector is then taken from the copy where it lies in one line, because those that straddle two take twice as long. */
INLINE void FN(load_four)(const f32 *p, ptrdiff_t twin, FN(floats) *v) {
    const f32 *even = p, *odd = p + FLOATS_LANES;
    if (LEVEL == LEVEL_AVX2 && twin) {
        const ptrdiff_t shift = (uintptr_t)p & 32 ? twin : 0;
        even += shift;
        odd += twin - shift;
    }
    v[0] = FN(load_floats)(even);
    v[1] = FN(load_floats)(odd);
    v[2] = FN(load_floats)(even + 2 * FLOATS_LANES);
    v[3] = FN(load_floats)(odd + 2 * FLOATS_LANES);
}

/* Four vectors of w (a[-k] + a[k]). */
INLINE void FN(pair_products)(const f32 *before, const f32 *after, ptrdiff_t twin, f32 weight, FN(floats) *products) {
    FN(floats) a[4], b[4];
    FN(load_four)(before, twin, a);
    FN(load_four)(after, twin, b);
    for (int i = 0; i < 4; i++) products[i] = (a[i] + b[i]) * weight;
}

/* FLOATS_CHUNK sums of samples `step` apart around `centre`. */
INLINE void FN(weighted_sums)(const f32 *centre, ptrdiff_t step, ptrdiff_t twin, const f32 *weights, ptrdiff_t radius, f32 *sums) {
    FN(floats) total[4], part[4], products[4];
    FN(load_four)(centre, twin, total);
    for (int b = 0; b < 4; b++) total[b] = total[b] * weights[0];
    for (ptrdiff_t k = radius; k > 0;) {
        const ptrdiff_t end = k > GAUSSIAN_GROUP ? k - GAUSSIAN_GROUP : 0;
        FN(pair_products)(centre - k * step, centre + k * step, twin, weights[k], part);
        for (k--; k > end; k--) {
            FN(pair_products)(centre - k * step, centre + k * step, twin, weights[k], products);
            for (int b = 0; b < 4; b++) part[b] += products[b];
        }
        for (int b = 0; b < 4; b++) total[b] += part[b];
    }
    for (int b = 0; b < 4; b++) *(FN(floats_at) *)(void *)(sums + b * FLOATS_LANES) = total[b];
}

/* The same for weights that sum to 1, as centre + sum w[k] ((a[-k] - centre) + (a[k] - centre)): of a few neighbours more
   precise, because only the last addition rounds as coarsely as the result. */
INLINE void FN(weighted_differences)(const f32 *centre, ptrdiff_t step, ptrdiff_t twin, const f32 *weights, ptrdiff_t radius,
                                     f32 *sums) {
    FN(floats) total[4], middle[4], before[4], after[4];
    FN(load_four)(centre, twin, middle);
    for (int b = 0; b < 4; b++) total[b] = middle[b];
    for (ptrdiff_t k = radius; k > 0; k--) {
        FN(load_four)(centre - k * step, twin, before);
        FN(load_four)(centre + k * step, twin, after);
        for (int b = 0; b < 4; b++) {
            const FN(floats) product = ((before[b] - middle[b]) + (after[b] - middle[b])) * weights[k];
            total[b] = k == radius ? product : total[b] + product;
        }
    }
    if (radius > 0)
        for (int b = 0; b < 4; b++) total[b] += middle[b];
    for (int b = 0; b < 4; b++) *(FN(floats_at) *)(void *)(sums + b * FLOATS_LANES) = total[b];
}

INLINE void FN(blur_any)(const f32 *centre, ptrdiff_t step, ptrdiff_t twin, const f32 *weights, ptrdiff_t radius, f32 *sums,
                         const int size) {
    if (size == 2 && radius <= GAUSSIAN_FEW) FN(weighted_differences)(centre, step, twin, weights, radius, sums);
    else FN(weighted_sums)(centre, step, twin, weights, radius, sums);
}

/* A constant radius lets the compiler unroll: worth a third of the time of small ones. */
INLINE void FN(blur_chunk)(const f32 *centre, ptrdiff_t step, ptrdiff_t twin, const f32 *weights, ptrdiff_t radius, f32 *sums,
                           const int size) {
    switch (radius) {
    case 2: FN(blur_any)(centre, step, twin, weights, 2, sums, size); break;
    case 3: FN(blur_any)(centre, step, twin, weights, 3, sums, size); break;
    case 4: FN(blur_any)(centre, step, twin, weights, 4, sums, size); break;
    default: FN(blur_any)(centre, step, twin, weights, radius, sums, size);
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
    for (; q < rows; q++, centre += step, sums += pitch) FN(blur_chunk)(centre, step, 0, weights, radius, sums, size);
}

/* Samples of a source row as float32; those of 16 bits are centred, for one bit more of precision. */
static void FN(load_strip)(const void *src, f32 *dst, ptrdiff_t n, const int size) {
    if (size == 4) { /* not by memcpy, which compilers turn into a slow string instruction here */
        const f32 *samples = src;
        ptrdiff_t i = 0;
        for (; i + FLOATS_LANES <= n; i += FLOATS_LANES) *(FN(floats_at) *)(void *)(dst + i) = FN(load_floats)(samples + i);
        for (; i < n; i++) dst[i] = samples[i];
        return;
    }
    const u16 *samples = src;
    for (ptrdiff_t i = 0; i < n; i++) dst[i] = (f32)samples[i] - 32768.0f;
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

/* `spare` has room for an extended row and a line more. */
static void FN(horizontal_floats)(const f32 *row, f32 *spare, const f32 *weights, const GaussianJob *job, ptrdiff_t y,
                                  const int size) {
    const ptrdiff_t n = job->width * job->channels;
    const char *src = (const char *)job->src + y * job->src_stride;
    char *dst = (char *)job->dst + y * job->dst_stride;
    ptrdiff_t x = 0, twin = 0;
    if (LEVEL == LEVEL_AVX2 && job->rx > GAUSSIAN_FEW) { /* else the copy takes as long as it saves */
        const ptrdiff_t lead = job->rx * job->channels;
        f32 *copy = spare + (((uintptr_t)(row - lead) - (uintptr_t)spare + 32) & 63) / 4;
        twin = copy - (row - lead);
        FN(load_strip)(row - lead, copy, n + 2 * lead + FLOATS_CHUNK, 4);
    }
    f32 sums[4 * sizeof(FN(floats)) / 4];
    for (; x + FLOATS_CHUNK <= n; x += FLOATS_CHUNK) {
        if (size == 4 && !job->sharpen) {
            prefetch_write(dst + x * 4, 4 * FLOATS_CHUNK);
            FN(blur_chunk)(row + x, job->channels, twin, weights, job->rx, (f32 *)(void *)(dst + x * 4), size);
        } else {
            FN(blur_chunk)(row + x, job->channels, twin, weights, job->rx, sums, size);
            FN(finish)(sums, src + x * size, dst + x * size, FLOATS_CHUNK, job, size);
        }
    }
    if (x < n) {
        FN(blur_chunk)(row + x, job->channels, twin, weights, job->rx, sums, size);
        FN(finish)(sums, src + x * size, dst + x * size, n - x, job, size);
    }
}

#endif
